"""The command line: the one room that knows Click, the clock, the environment and exit codes.

Commands stand in modules by who uses them: ``night`` runs the company, ``ask`` answers questions about it, ``trial``
tries things out; ``options`` is what they share. Results go to stdout, messages and progress to stderr. Heavy imports
live inside command bodies, so that ``vmi --help`` answers at once.
"""

import os
import sys
import traceback
from pathlib import Path

import click

from vmi import __version__
from vmi.cli.ask import explain, status
from vmi.cli.night import Refused, dispatch, import_, init, plan
from vmi.cli.options import DEFAULT_CONFIG, DEFAULT_DB, Settings
from vmi.cli.trial import sample, simulate

DONE, UNEXPECTED, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130


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


for command in (dispatch, explain, import_, init, plan, sample, simulate, status):
    cli.add_command(command)


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
