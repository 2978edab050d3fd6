"""The run ledger: who plans, how far it came, and what counts.

    running -> staged -> published -> superseded
         \\________\\-> abandoned

Rows of plan tables carry their run's id from the start and count once it is published. Every run takes a fence number;
only the newest may publish, so a planner that lost its lock and woke up late cannot put an old plan over a new one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from vmi.store.frames_io import read_frame, table_of, write_frame
from vmi.tables.ledger import RunRow, RunStep
from vmi.tables.plans import PLAN_TABLES

RUNS = table_of(RunRow)
STEPS = table_of(RunStep)
COUNTING = ("published", "superseded")
"""States of runs that suppliers and centres have read: what they promised stands."""


class FenceLost(RuntimeError):
    """A later run has begun: this one must not publish."""


class RowsLost(RuntimeError):
    """The rows a run's steps wrote are not all there: the run must not be published."""


@dataclass(frozen=True)
class Run:
    """A run as the ledger holds it; ``at`` is the moment a dispatch ships from, ``None`` for a plan."""

    run_id: int
    fence: int
    kind: str
    plan_id: str
    as_of: date
    started_at: datetime
    at: datetime | None = None
    state: str = "running"
    folder: str = ""
    manifest_sha256: str = ""
    published_at: datetime | None = None
    reason: str = ""


def begin_run(
    connection: Connection, kind: str, as_of: date | datetime, plan_id: str, started_at: datetime, folder: str = ""
) -> Run:
    """Enter a run and take the next fence number.

    Parameters
    ----------
    connection
        A transaction; commit it before the run's first step.
    kind
        ``plan`` or ``dispatch``.
    as_of
        The day a plan sees the close of; for a dispatch the aware moment it ships from.
    plan_id, started_at, folder
        What it will be known by, when it began, and where its files are to lie.
    """
    _one_at_a_time(connection)
    fence = int(connection.scalar(select(func.coalesce(func.max(RUNS.c.fence), 0))) or 0) + 1
    at = as_of if isinstance(as_of, datetime) else None
    values = {
        "fence": fence,
        "kind": kind,
        "plan_id": plan_id,
        "as_of": as_of.date() if isinstance(as_of, datetime) else as_of,
        "at": at,
        "state": "running",
        "started_at": started_at,
        "folder": folder,
    }
    run_id = connection.execute(insert(RUNS).values(values).returning(RUNS.c.run_id)).scalar_one()
    return find_run(connection, run_id)


def find_run(connection: Connection, run_id: int) -> Run:
    """Return a run by its number; ``KeyError`` if there is none."""
    found = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).first()
    if found is None:
        raise KeyError(f"run {run_id}")
    return _run(found)


def record_step(
    connection: Connection, run: Run, step: str, rows: int, detail: Mapping[str, Any] | None = None
) -> None:
    """Record a step of a run; in the transaction that writes the step's result, so that both are there or neither."""
    plain = json.loads(json.dumps(dict(detail or {}), default=str))
    connection.execute(insert(STEPS).values(run_id=run.run_id, step=step, rows=rows, detail=plain))


def write_step(
    connection: Connection,
    run: Run,
    step: str,
    frames: Mapping[str, pd.DataFrame],
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Write a step's result into plan tables and record the step, in the caller's transaction.

    ``frames`` are by table name (``plan_targets``, ``promises``, ...). Their row counts are kept with the step and
    checked before the run is published. Returns the number of rows.
    """
    counts = {
        name: write_frame(connection, PLAN_TABLES[name], frame, {"run_id": run.run_id})
        for name, frame in frames.items()
    }
    rows = sum(counts.values())
    record_step(connection, run, step, rows, {**(detail or {}), "tables": counts})
    return rows


def steps(connection: Connection, run: Run) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return the recorded steps of a run: rows and detail by name."""
    found = connection.execute(select(STEPS.c.step, STEPS.c.rows, STEPS.c.detail).where(STEPS.c.run_id == run.run_id))
    return {step: (rows, detail) for step, rows, detail in found}


def mark_staged(connection: Connection, run: Run, folder: str, manifest_sha256: str) -> None:
    """Record that the run's files lie complete in staging, to be moved to ``folder``."""
    _change(connection, run, ("running",), state="staged", folder=folder, manifest_sha256=manifest_sha256)


def mark_published(connection: Connection, run: Run, published_at: datetime | None = None) -> None:
    """Publish a staged run; the published run of the same kind and day (or moment) before it is superseded.

    From the commit on, the run's lines are pipeline and its promises stand. Publishing twice changes nothing.

    Raises
    ------
    FenceLost
        If a later run has begun.
    RowsLost
        If a plan table holds another number of rows than the run's steps wrote.
    """
    _one_at_a_time(connection)
    now = find_run(connection, run.run_id)
    if now.state == "published":
        return
    newest = connection.scalar(select(func.max(RUNS.c.fence)))
    if newest != run.fence:
        raise FenceLost(f"run {run.run_id} holds fence {run.fence}, but {newest} has been taken: a later run has begun")
    _check_rows(connection, run)
    same = (RUNS.c.kind == now.kind) & (RUNS.c.as_of == now.as_of) & RUNS.c.at.is_not_distinct_from(now.at)
    connection.execute(update(RUNS).where(same, RUNS.c.state == "published").values(state="superseded"))
    _change(connection, run, ("staged",), state="published", published_at=published_at)


def mark_abandoned(connection: Connection, run: Run, reason: str = "") -> None:
    """Record that an unfinished run will never be published, and delete what it wrote."""
    _change(connection, run, ("running", "staged"), state="abandoned", reason=reason)
    for model in PLAN_TABLES.values():
        table = table_of(model)
        connection.execute(delete(table).where(table.c.run_id == run.run_id))


def unfinished_runs(connection: Connection) -> list[Run]:
    """Return the runs that a dead process left running or staged, oldest first."""
    unfinished = select(RUNS).where(RUNS.c.state.in_(("running", "staged"))).order_by(RUNS.c.run_id)
    return [_run(row) for row in connection.execute(unfinished)]


def last_published(connection: Connection, kind: str = "plan", before: date | None = None) -> Run | None:
    """Return the published run of the latest day (and moment), of a day before ``before`` if that is given."""
    published = select(RUNS).where(RUNS.c.state == "published", RUNS.c.kind == kind)
    if before is not None:
        published = published.where(RUNS.c.as_of < before)
    latest = published.order_by(RUNS.c.as_of.desc(), RUNS.c.at.desc(), RUNS.c.run_id.desc()).limit(1)
    found = connection.execute(latest).first()
    return None if found is None else _run(found)


def run_of_plan(connection: Connection, plan_id: str) -> Run | None:
    """Return the newest run that published a plan id; the same inputs planned again have the same id."""
    named = select(RUNS).where(RUNS.c.plan_id == plan_id, RUNS.c.state.in_(COUNTING))
    found = connection.execute(named.order_by(RUNS.c.run_id.desc()).limit(1)).first()
    return None if found is None else _run(found)


def read_plan(connection: Connection, run: Run, table: str, timezone: str = "UTC", **where: str) -> pd.DataFrame:
    """Return what a run wrote into a plan table, such as ``plan_targets``; sorted by its key, without the run's id.

    ``where`` keeps rows whose columns have these values, such as ``part_id="P1"``.
    """
    source = table_of(PLAN_TABLES[table])
    rows: Select[Any] = select(*(c for c in source.columns if c.name != "run_id")).where(source.c.run_id == run.run_id)
    for column, value in where.items():
        rows = rows.where(source.c[column] == value)
    keys = [c.name for c in source.primary_key.columns if c.name != "run_id"]
    return read_frame(connection, rows, timezone).sort_values(keys, ignore_index=True)


def _check_rows(connection: Connection, run: Run) -> None:
    """Compare each plan table with what the run's steps said they wrote."""
    wrote: dict[str, int] = {}
    for _, detail in steps(connection, run).values():
        for name, count in detail.get("tables", {}).items():
            wrote[name] = wrote.get(name, 0) + count
    for name, expected in wrote.items():
        table = table_of(PLAN_TABLES[name])
        found = connection.scalar(select(func.count()).select_from(table).where(table.c.run_id == run.run_id))
        if found != expected:
            raise RowsLost(f"run {run.run_id} wrote {expected} rows into {name}, but it holds {found}")


def _change(connection: Connection, run: Run, states: tuple[str, ...], **values: Any) -> None:
    """Change a run that is in one of ``states``; in any other, something else has decided about it."""
    matching = update(RUNS).where(RUNS.c.run_id == run.run_id, RUNS.c.state.in_(states))
    if connection.execute(matching.values(**values)).rowcount != 1:
        state = find_run(connection, run.run_id).state
        raise ValueError(f"run {run.run_id} is {state}; only {' or '.join(states)} can become {values['state']}")


def _one_at_a_time(connection: Connection) -> None:
    """Let nobody else begin or publish until this transaction ends; SQLite's begin has seen to that already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("lock table runs in share row exclusive mode")


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
