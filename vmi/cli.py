"""The command line: the one room that knows Click, the clock, the environment and exit codes.

Results go to stdout, messages and progress to stderr. Heavy imports live inside command bodies, so that ``vmi --help``
answers at once.
"""

import json as jsonlib
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vmi import __version__

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from vmi.config import Config

DONE, UNEXPECTED, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130
DEFAULT_DB = "vmi.db"
DEFAULT_CONFIG = Path("configs/default.toml")


class Settings:
    """Where the database and the configuration are: flag before environment before default."""

    def __init__(self) -> None:
        self.db: str | None = None
        self.config_path: Path | None = None

    def config(self) -> "Config":
        """Load the configuration file in force; a missing default file means every default."""
        from vmi.config import load_config

        if self.config_path is not None:
            return load_config(self.config_path)
        return load_config(DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)

    def engine(self, *, migrated: bool = True) -> "Engine":
        """Open the database; a schema that is missing or old is a usage error that says what to run."""
        from vmi.store.engine import open_engine
        from vmi.store.migrate import revision_state

        engine = open_engine(self.db or DEFAULT_DB)
        if migrated and not revision_state(engine).current:
            raise click.UsageError(f"database {self.db or DEFAULT_DB} has no current schema; run: vmi init")
        return engine


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take --db and --config after the command's name as well as before it."""
    db = click.option("--db", metavar="URL", expose_value=False, callback=_set_db, help="Database URL or SQLite file.")
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        expose_value=False,
        callback=_set_config,
        help="Configuration file (TOML).",
    )
    return db(config(command))


def _set_db(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value:
        context.ensure_object(Settings).db = value


def _set_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value:
        context.ensure_object(Settings).config_path = value


_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Where to publish.",
)


_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="vmi")
@click.option(
    "--db",
    metavar="URL",
    envvar="VMI_DB",
    show_envvar=True,
    help=f"Database URL or SQLite file [default: {DEFAULT_DB}].",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VMI_CONFIG",
    show_envvar=True,
    help=f"Configuration file [default: {DEFAULT_CONFIG}].",
)
@click.pass_context
def cli(context: click.Context, db: str | None, config: Path | None) -> None:
    """Plan spare parts that suppliers own: what lies where, what goes back, what is delivered when.

    \b
    A night:
      vmi init
      vmi import data/samples
      vmi plan --as-of 2026-11-20 --out out
      vmi explain P00001 --warehouse FW01
    """
    settings = context.ensure_object(Settings)
    settings.db, settings.config_path = db, config


@cli.command()
@_where
@click.pass_obj
def init(settings: Settings) -> None:
    """Create the schema, or bring it up to date; safe to repeat.

    \b
    Examples:
      vmi init
      vmi --db postgresql://planner@db/vmi init
    """
    from vmi.store.migrate import migrate

    migrate(settings.engine(migrated=False))
    click.echo("schema is current")


@cli.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for rejects.csv [default: FOLDER's name + -rejects].",
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, change nothing.")
@_as_json
@_where
@click.pass_obj
def import_(settings: Settings, folder: Path, rejects: Path | None, dry_run: bool, as_json: bool) -> None:
    """Read a FOLDER of files in the contract's format, in one transaction.

    A bad row is quarantined in rejects.csv with its line and how to mend it; a bad file refuses the whole import
    (exit 3) and nothing changes.

    \b
    Examples:
      vmi import data/samples
      vmi import /data/tonight --rejects /data/tonight-rejects --dry-run
    """
    from vmi.importing import import_folder

    config = settings.config()
    report = import_folder(settings.engine(), folder, config, now=datetime.now(UTC), rejects=rejects, dry_run=dry_run)
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)
    _print(report.as_dict(), report.as_text(), as_json)
    if report.refusals:
        raise Refused("; ".join(report.refusals))


@cli.command()
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day at whose close the plan is made."
)
@_out
@click.option("--dry-run", is_flag=True, help="Plan and report, publish and store nothing.")
@_as_json
@_where
@click.pass_obj
def plan(settings: Settings, as_of: datetime, out: Path, dry_run: bool, as_json: bool) -> None:
    """Plan the whole night and publish OUT/<DATE>/.

    \b
    Examples:
      vmi plan --as-of 2026-11-20 --out out
      vmi plan --as-of 2026-11-20 --dry-run --json
    """
    from vmi.nightly import plan_night

    result = plan_night(
        settings.engine(),
        as_of.date(),
        out,
        settings.config(),
        now=datetime.now(UTC),
        dry_run=dry_run,
        progress=_progress(),
    )
    _print(result.as_dict(), result.as_text(), as_json)


@cli.command()
@click.option(
    "--at", required=True, help="The moment to dispatch from, ISO 8601; without an offset in the planning zone."
)
@_out
@_as_json
@_where
@click.pass_obj
def dispatch(settings: Settings, at: str, out: Path, as_json: bool) -> None:
    """Dispatch what is open now, during the day, and publish OUT/<YYYY-MM-DDTHHMM>/.

    \b
    Example:
      vmi dispatch --at 2026-11-21T11:30 --out out
    """
    config = settings.config()
    moment = _moment(at, config.planning.timezone)
    from vmi.intraday import dispatch_wave

    result = dispatch_wave(settings.engine(), moment, out, config, now=datetime.now(UTC), progress=_progress())
    _print(result.as_dict(), result.as_text(), as_json)


@cli.command()
@click.argument("part")
@click.option("--warehouse", help="Only this warehouse.")
@click.option("--plan", "plan_id", help="A plan's id [default: the last one published].")
@_as_json
@_where
@click.pass_obj
def explain(settings: Settings, part: str, warehouse: str | None, plan_id: str | None, as_json: bool) -> None:
    """Say why PART has the quantities it has in a published plan.

    \b
    Examples:
      vmi explain P00001
      vmi explain P00001 --warehouse FW01 --json
    """
    from vmi.explain import explain_part

    timezone = settings.config().planning.timezone
    found = explain_part(settings.engine(), part, warehouse, plan_id, timezone)
    _print(found.as_dict(), found.as_text(), as_json)


@cli.command()
@_as_json
@_where
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show the database, the last import, the last plan, open orders and what is stale.

    \b
    Example:
      vmi status --json
    """
    from vmi.status import read_status

    found = read_status(settings.engine(), settings.config(), now=datetime.now(UTC))
    _print(found.as_dict(), found.as_text(), as_json)


@cli.command()
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
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-11-20",
    show_default=True,
    help="The last day of history.",
)
@click.option("--seed", default=7, show_default=True, help="Same seed, same bytes.")
@_as_json
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
    rows = write_company(folder, parameters, _progress())
    _print(rows, "\n".join(f"{name:<14} {count:>10,}" for name, count in rows.items()), as_json)


@cli.command()
@click.option("--from", "first", type=_DAY, required=True, help="The first day to live.")
@click.option("--to", "last", type=_DAY, required=True, help="The last day to live.")
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
@_as_json
@_where
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
            progress=_progress(),
        )
    except KeyboardInterrupt:
        raise click.Abort("interrupted; give the same command again to go on") from None
    _print(result.as_dict(), result.as_text(), as_json)


class Refused(Exception):
    """Input that was refused; nothing changed."""


def _print(content: Any, text: str, as_json: bool) -> None:
    click.echo(jsonlib.dumps(content, ensure_ascii=False, indent=2, default=str) if as_json else text)


def _progress() -> Callable[[str], None]:
    """Report steps on a terminal, and nowhere else."""
    if not sys.stderr.isatty():
        return lambda message: None
    return lambda message: click.echo(f"· {message}", err=True)


def _moment(text: str, timezone: str) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at: {text!r} is not a timestamp such as 2026-11-21T11:30") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def run(arguments: list[str] | None) -> int:
    """Run a command line and return its exit code."""
    try:
        cli.main(args=arguments, prog_name="vmi", standalone_mode=False)
    except click.exceptions.Abort as abort:
        return _fail(str(abort) or "interrupted; the last published plan stands", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, SystemExit) as error:
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else int(error.code or 0)
    except Exception as error:
        return _fail(str(error), _exit_code(error), error)
    return DONE


def _exit_code(error: Exception) -> int:
    """Return the exit code of an error by its kind; rooms do not know of exit codes."""
    from forecasts.cluster import ClusterProblem
    from vmi.config import ConfigError
    from vmi.errors import InputRefused, PlanLocked, UsageProblem

    codes = {
        (ConfigError, UsageProblem, ClusterProblem): USAGE,
        (InputRefused, Refused): REFUSED,
        (PlanLocked,): LOCKED,
    }
    return next((code for kinds, code in codes.items() if isinstance(error, kinds)), UNEXPECTED)


def _fail(message: str, code: int, error: Exception | None = None) -> int:
    if error is not None and code == UNEXPECTED:
        traceback.print_exception(error)
        message = f"unexpected: {message}; the last published plan stands"
    click.echo(f"vmi: {message}", err=True)
    return code


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Matrices here are small: on a busy machine more threads wait for each other ten times as long as they help.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(run(None))
