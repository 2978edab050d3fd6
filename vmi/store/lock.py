"""One planner at a time: a lock in the database that a dead process cannot keep.

PostgreSQL: an advisory lock of a session of its own. SQLite: a write transaction held open on a sibling database,
``<database>.lock``, so that readers and the planner's own transactions never wait for it. Either goes with its
connection, whatever kills the process.
"""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from vmi.errors import PlanLocked
from vmi.store.engine import sqlite_path

ADVISORY_KEY = 0x766D69  # "vmi"


class LockHeld(PlanLocked):
    """Another process plans or imports on this database."""


@contextmanager
def planner_lock(engine: Engine) -> Iterator[None]:
    """Hold the planner's lock of a database.

    Raises
    ------
    LockHeld
        At once, if another process (or this one) holds it; the message says which and since when.
    """
    held = _postgresql_lock(engine) if engine.dialect.name == "postgresql" else _sqlite_lock(sqlite_path(engine))
    with held:
        yield


@contextmanager
def _postgresql_lock(engine: Engine) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("select set_config('application_name', :name, false)"), {"name": _holder()})
        if not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": ADVISORY_KEY}):
            found = connection.execute(
                text(
                    "select a.application_name,"
                    " to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS UTC')"
                    " from pg_locks l join pg_stat_activity a using (pid)"
                    " where l.locktype = 'advisory' and l.objid = :key and l.classid = 0 and l.granted"
                    " and l.database = (select oid from pg_database where datname = current_database())"
                ),
                {"key": ADVISORY_KEY},
            ).first()
            raise _held(*(found or ("a process that has just ended", "a moment ago")))
        try:
            yield
        finally:
            # Closing alone releases it only when the server gets to it: whoever comes next at once would be refused.
            with suppress(DBAPIError):  # the session is lost, and the lock with it
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_KEY})


@contextmanager
def _sqlite_lock(database: Path) -> Iterator[None]:
    lock = database.with_name(database.name + ".lock")
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            _hold(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise _held(*_sqlite_holder(connection)) from error
        try:
            yield
        finally:
            connection.execute("delete from holder")
            connection.execute("commit")


def _hold(connection: sqlite3.Connection) -> None:
    """Commit our name, then hold a write transaction in which the name is still ours.

    A name can only be read by others once it is committed, and between that commit and the next transaction another
    process may come in: then its name is found, and the attempt is repeated.
    """
    while True:
        connection.execute("begin immediate")
        connection.execute("create table if not exists holder (one integer primary key, name text, since text)")
        found = connection.execute("select name from holder").fetchone()
        if found == (_holder(),):
            return
        connection.execute(
            "insert or replace into holder values (1, ?, strftime('%Y-%m-%d %H:%M:%S UTC', 'now'))", (_holder(),)
        )
        connection.execute("commit")


def _sqlite_holder(connection: sqlite3.Connection) -> tuple[str, str]:
    try:
        found = connection.execute("select name, since from holder").fetchone()
    except sqlite3.OperationalError:
        found = None
    return found or ("a process that has just started", "a moment ago")


def _holder() -> str:
    # PostgreSQL keeps 63 bytes of a name.
    return f"process {os.getpid()} on {socket.gethostname()}"[:63]


def _held(who: str, since: str) -> LockHeld:
    return LockHeld(f"the planner's lock is held by {who} since {since}; wait for it to end, then run again")
