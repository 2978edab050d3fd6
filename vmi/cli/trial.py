"""Try things out: ``vmi sample`` writes a synthetic company, ``vmi simulate`` lives one night by night."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from vmi.cli.options import DAY, Settings, json_flag, print_result, show_progress, where


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--parts", default=300, show_default=True, type=click.IntRange(1, 1_000_000), help="Number of parts.")
@click.option(
    "--warehouses", default=6, show_default=True, type=click.IntRange(1, 10), help="Number of forward warehouses."
)
@click.option(
    "--centres", default=80, show_default=True, type=click.IntRange(1, 5000), help="Number of service centres."
)
@click.option("--days", default=760, show_default=True, type=click.IntRange(30, 3650), help="Days of history.")
@click.option("--lines", type=click.IntRange(1), help="about how many order lines [default: 58 a part and year].")
@click.option("--as-of", type=DAY, default="2026-11-20", show_default=True, help="The last day of history.")
@click.option("--seed", default=7, show_default=True, help="Same seed, same bytes.")
@json_flag
def sample(
    folder: Path,
    parts: int,
    warehouses: int,
    centres: int,
    days: int,
    lines: int | None,
    as_of: datetime,
    seed: int,
    as_json: bool,
) -> None:
    """Write a realistic, synthetic company into FOLDER in the contract's format.

    \b
    Examples:
      vmi sample /tmp/company
      vmi sample /tmp/large --parts 24000 --warehouses 10 --centres 1300 --days 1095 --lines 3000000
    """
    from vmi.sample.company import write_company
    from vmi.sample.parameters import SampleParameters

    try:
        parameters = SampleParameters(
            parts=parts, warehouses=warehouses, centres=centres, days=days, lines=lines, as_of=as_of.date(), seed=seed
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    rows = write_company(folder, parameters, show_progress())
    print_result(rows, "\n".join(f"{name:<14} {count:>10,}" for name, count in rows.items()), as_json)


@click.command()
@click.option("--from", "first", type=DAY, required=True, help="The first day to live.")
@click.option("--to", "last", type=DAY, required=True, help="The last day to live.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="LABEL",
    help="vmi[:weight], zero_inventory, forward_stock[:days], textbook[:z], heavy_stock[:days], clairvoyant [vmi].",
)
@click.option("--compare", is_flag=True, help="Compare the policies given, or vmi with all others.")
@click.option(
    "--demand", default="history", show_default=True, help="history, drawn (from the forecast), or an orders file."
)
@click.option("--seed", type=click.IntRange(0), help="What luck, and drawn demand, are drawn by.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="How many seeds to live.")
@click.option(
    "--warm-up", type=click.IntRange(0), default=0, show_default=True, help="Days lived before --from, not counted."
)
@click.option("--parts-sample", type=click.IntRange(1), metavar="N", help="Live only so many parts.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="What if; the same key twice lives both.")
@click.option("--close", "closed", multiple=True, metavar="WAREHOUSE", help="What if this warehouse were gone.")
@click.option("--stop", "stops", multiple=True, metavar="SUPPLIER=DATE:DAYS", help="What if this supplier stopped.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="Runs lived at a time.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the results.")
@json_flag
@where
@click.pass_obj
def simulate(settings: Settings, out: Path, compare: bool, processes: int, as_json: bool, **asked: Any) -> None:
    """Live the company night by night under one or more policies; the database is only read.

    \b
    Examples:
      vmi simulate --from 2026-09-01 --to 2026-10-31 --out sim
      vmi simulate --from 2026-11-21 --to 2027-01-20 --demand drawn --seed 1 --seeds 5 --compare --processes 2 --out sim
      vmi simulate --from 2026-09-01 --to 2026-10-31 --policy textbook:1 --policy textbook:2 --out sweep
      vmi simulate --from 2026-09-01 --to 2026-10-31 --set contract.return_window_days=60 --close FW03 --out whatif
    """
    try:
        from vmi.simulating import as_request, simulate_company

        result = simulate_company(
            settings.engine(),
            as_request(compare=compare, **asked),
            out,
            settings.config(),
            processes=processes,
            talks=sys.stderr.isatty(),
            progress=show_progress(),
        )
    except KeyboardInterrupt:
        raise click.Abort("interrupted; give the same command again to go on") from None
    print_result(result.as_dict(), result.as_text(), as_json)
