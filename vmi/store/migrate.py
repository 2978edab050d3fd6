"""Create or migrate the schema with Alembic; the revisions live in this package."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from vmi.store.engine import check_reachable, read_only, sqlite_path
from vmi.store.lock import planner_lock

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class RevisionState:
    """The revision a database is at, ``None`` before the first, and the newest there is."""

    database: str | None
    head: str

    @property
    def current(self) -> bool:
        """Whether the schema is the one this version of ``vmi`` works with."""
        return self.database == self.head


def migrate(engine: Engine) -> RevisionState:
    """Bring the schema to the newest revision, in one transaction; safe to repeat.

    Raises
    ------
    LockHeld
        While a planner is at work.
    UsageProblem
        If the database cannot be reached.
    """
    check_reachable(engine)
    with planner_lock(engine):
        with engine.begin() as connection:
            command.upgrade(config(connection), "head")
        return revision_state(engine)


def revision_state(engine: Engine) -> RevisionState:
    """Return where the schema stands; a SQLite file that does not exist is not created.

    Raises
    ------
    UsageProblem
        If the database cannot be reached.
    """
    head = str(ScriptDirectory.from_config(config()).get_current_head())
    if engine.dialect.name == "sqlite" and not sqlite_path(engine).exists():
        return RevisionState(None, head)
    check_reachable(engine)
    with read_only(engine) as connection:
        return RevisionState(MigrationContext.configure(connection).get_current_revision(), head)


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, to work on ``connection``."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    found.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    found.attributes["connection"] = connection
    return found
