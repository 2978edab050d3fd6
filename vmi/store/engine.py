"""Make engines: the one place that knows how SQLite and PostgreSQL are opened.

SQLite begins every transaction itself (``BEGIN IMMEDIATE``), because the driver's own habit of committing before DDL
would make migrations piecemeal; readers that ask for ``read_only`` begin a plain one and take no write lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from vmi.errors import UsageProblem

BUSY_SECONDS = 60
READ_ONLY = "vmi_read_only"


def open_engine(url: str) -> Engine:
    """Return an engine for a database URL or the path of a SQLite file; nothing is opened yet.

    Parameters
    ----------
    url
        ``postgresql://...``, ``postgres://...``, ``sqlite:///path`` or a bare path such as ``vmi.db``.

    Raises
    ------
    UsageProblem
        If the URL is neither, or names a SQLite file in a folder that does not exist.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return create_engine(parsed, poolclass=NullPool, connect_args={"application_name": "vmi", "connect_timeout": 10})


def database_url(url: str) -> URL:
    """Return the URL in SQLAlchemy's form, with the drivers that ``vmi`` uses."""
    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageProblem(f"database {url.split('://')[0]}://...: not a URL that can be read") from error
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return parsed
    raise UsageProblem(f"database {parsed.drivername}: only sqlite and postgresql are supported")


def check_reachable(engine: Engine) -> None:
    """Connect once and leave.

    Raises
    ------
    UsageProblem
        If the server does not answer or lets nobody in, or the file is no database; names it without its password.
    """
    try:
        engine.connect().close()
    except DatabaseError as error:
        where = engine.url.render_as_string(hide_password=True)
        reason = " ".join(str(error.orig).split())
        raise UsageProblem(f"database {where} cannot be used: {reason}") from error


@contextmanager
def read_only(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees one state of the database throughout and takes no write lock."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            yield connection.execution_options(**{READ_ONLY: True})


def sqlite_path(engine: Engine) -> Path:
    """Return the database file of a SQLite engine."""
    return Path(str(engine.url.database))


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or url.query.get("mode") == "memory":
        raise UsageProblem("a SQLite database in memory would be gone after each step; name a file, such as vmi.db")
    if not Path(url.database).absolute().parent.is_dir():
        raise UsageProblem(f"database {url.database}: the folder {Path(url.database).parent} does not exist")
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None
    # WAL can lose a database that two connections share before SQLite 3.51.3; Python 3.11 ships older ones.
    for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
