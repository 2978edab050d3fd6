"""What the commands share: where database and configuration are, common options, printing and progress.

Results go to stdout, messages and progress to stderr.
"""

import json as jsonlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from vmi.config import Config

DEFAULT_DB = "vmi.db"
DEFAULT_CONFIG = Path("configs/default.toml")
DAY = click.DateTime(["%Y-%m-%d"])


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


def where(command: Callable[..., Any]) -> Callable[..., Any]:
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


json_flag = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
out_folder = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Where to publish.",
)


def print_result(content: Any, text: str, as_json: bool) -> None:
    """Print a result on stdout: for a person, or as one JSON document for a program."""
    click.echo(jsonlib.dumps(content, ensure_ascii=False, indent=2, default=str) if as_json else text)


def show_progress() -> Callable[[str], None]:
    """Report steps on a terminal, and nowhere else."""
    if not sys.stderr.isatty():
        return lambda message: None
    return lambda message: click.echo(f"· {message}", err=True)
