"""Run the company: ``vmi init``, ``vmi import``, ``vmi plan`` every night and ``vmi dispatch`` during the day."""

from datetime import UTC, datetime
from pathlib import Path

import click

from vmi.cli.options import DAY, Settings, json_flag, out_folder, print_result, show_progress, where


class Refused(Exception):
    """Input that was refused; nothing changed."""


@click.command()
@where
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


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for rejects.csv [default: FOLDER's name + -rejects].",
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, change nothing.")
@json_flag
@where
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
    print_result(report.as_dict(), report.as_text(), as_json)
    if report.refusals:
        raise Refused("; ".join(report.refusals))


@click.command()
@click.option("--as-of", type=DAY, required=True, help="The day at whose close the plan is made.")
@out_folder
@click.option("--dry-run", is_flag=True, help="Plan and report, publish and store nothing.")
@json_flag
@where
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
        progress=show_progress(),
    )
    print_result(result.as_dict(), result.as_text(), as_json)


@click.command()
@click.option(
    "--at", required=True, help="The moment to dispatch from, ISO 8601; without an offset in the planning zone."
)
@out_folder
@json_flag
@where
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

    result = dispatch_wave(settings.engine(), moment, out, config, now=datetime.now(UTC), progress=show_progress())
    print_result(result.as_dict(), result.as_text(), as_json)


def _moment(text: str, timezone: str) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at: {text!r} is not a timestamp such as 2026-11-21T11:30") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
