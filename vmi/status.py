"""Say where things stand: the database, the last import, what was published last, what is open and what is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection

from forecasts.profiles.calendar import VERIFIED_THROUGH
from vmi.config import Config
from vmi.store.engine import read_only
from vmi.store.frames_io import read_table
from vmi.store.gather import pipeline
from vmi.store.ledger import input_files, last_import, open_order_lines
from vmi.store.migrate import revision_state
from vmi.store.runs import Run, last_published, unfinished_runs
from vmi.tables import INPUT_TABLES

if TYPE_CHECKING:
    from sqlalchemy import Engine

Entry = dict[str, Any]
AGEING = ("stock", "inbound")
"""Files that say what lies where tonight; a plan on old ones orders for a shelf that looks different by now."""


@dataclass(frozen=True)
class Status:
    """Where things stand.

    ``schema``: revision of the database and the newest. ``last_import``: number, moment, row counts and files.
    ``last_plan``, ``last_dispatch``: what was published last. ``unfinished``: runs at work or left by a dead process.
    ``stale``: files older than ``planning.stale_days``.
    """

    database: str
    schema: Entry
    last_import: Entry | None
    last_plan: Entry | None
    last_dispatch: Entry | None
    unfinished: tuple[Entry, ...]
    open_order_lines: int
    open_pipeline_lines: int
    stale: tuple[Entry, ...]
    calendar_verified_through: str

    def as_dict(self) -> Entry:
        """Return the status for a program."""
        return {**vars(self), "unfinished": list(self.unfinished), "stale": list(self.stale)}

    def as_text(self) -> str:
        """Return the status for a person, one matter a line."""
        current = (
            "current" if self.schema["current"] else f"not current, newest is {self.schema['newest']}: run vmi init"
        )
        rows = [
            ("database", self.database),
            ("schema", f"{self.schema['revision']}, {current}"),
            ("last import", _import_text(self.last_import)),
            ("last plan", _run_text(self.last_plan)),
            ("last dispatch", _run_text(self.last_dispatch)),
            *(
                ("unfinished", f"{r['kind']} {r['plan_id']}, {r['state']} since {r['started_at']}")
                for r in self.unfinished
            ),
            ("open order lines", f"{self.open_order_lines:,}"),
            ("open pipeline lines", f"{self.open_pipeline_lines:,}"),
            *(("stale", _stale_text(f)) for f in self.stale),
            ("calendar", f"verified through {self.calendar_verified_through}"),
        ]
        return "\n".join(f"{name:<21}{text}" for name, text in rows)


def read_status(engine: "Engine", config: Config, *, now: datetime) -> Status:
    """Read the status at the aware moment ``now``; changes nothing and waits for nobody."""
    revision = revision_state(engine)
    zone = ZoneInfo(config.planning.timezone)
    with read_only(engine) as connection:
        files = input_files(connection, config.planning.timezone)
        plan, wave = (last_published(connection, kind) for kind in ("plan", "dispatch"))
        return Status(
            database=engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(hide_password=True),
            schema={"revision": revision.database, "newest": revision.head, "current": revision.current},
            last_import=_last_import(connection, files, zone),
            last_plan=None if plan is None else _run(plan, zone),
            last_dispatch=None if wave is None else _run(wave, zone),
            unfinished=tuple(_run(run, zone) for run in unfinished_runs(connection)),
            open_order_lines=open_order_lines(connection),
            open_pipeline_lines=0 if plan is None else _pipeline_lines(connection, plan, config.planning.timezone),
            stale=_stale(files, now.astimezone(zone), config.planning.stale_days),
            calendar_verified_through=f"{VERIFIED_THROUGH:%Y-%m-%d}",
        )


def _last_import(connection: Connection, files: pd.DataFrame, zone: ZoneInfo) -> Entry | None:
    last = last_import(connection)
    if last is None:
        return None
    counts = ["name", "rows_read", "imported", "rejected"]
    return {
        "import_id": last.import_id,
        "imported_at": _moment(last.imported_at, zone),
        "rows_read": last.rows_read,
        "imported": last.imported,
        "rejected": last.rejected,
        "files": files.loc[files["import_id"] == last.import_id, counts].to_dict("records"),
    }


def _run(run: Run, zone: ZoneInfo) -> Entry:
    return {
        "plan_id": run.plan_id,
        "kind": run.kind,
        "as_of": run.as_of.isoformat(),
        "at": _moment(run.at, zone),
        "state": run.state,
        "folder": run.folder,
        "started_at": _moment(run.started_at, zone),
        "published_at": _moment(run.published_at, zone),
    }


def _pipeline_lines(connection: Connection, plan: Run, timezone: str) -> int:
    """Return how many published firm lines are still to come, those of the last plan included."""
    day_after = pd.Timestamp(plan.as_of + timedelta(days=1))
    inbound = read_table(connection, INPUT_TABLES["inbound"], timezone)
    return len(pipeline(connection, day_after, inbound, timezone))


def _stale(files: pd.DataFrame, now: datetime, stale_days: int) -> tuple[Entry, ...]:
    """Return the files whose last import is more than ``stale_days`` calendar days ago."""
    ageing = files[files["name"].isin(AGEING)]
    ages = [(now.date() - moment.date()).days for moment in ageing["imported_at"]]
    return tuple(
        {"name": name, "imported_at": moment.isoformat(timespec="seconds"), "age_days": age}
        for name, moment, age in zip(ageing["name"], ageing["imported_at"], ages, strict=True)
        if age > stale_days
    )


def _moment(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def _import_text(last: Entry | None) -> str:
    if last is None:
        return "none yet: run vmi import FOLDER"
    rejected = f", {last['rejected']:,} rejected" if last["rejected"] else ""
    return (
        f"{last['imported_at']}, number {last['import_id']}: {len(last['files'])} files,"
        f" {last['imported']:,} of {last['rows_read']:,} rows{rejected}"
    )


def _run_text(run: Entry | None) -> str:
    return "none yet" if run is None else f"{run['plan_id']}, {run['at'] or run['as_of']}, in {run['folder']}"


def _stale_text(file: Entry) -> str:
    return f"{file['name']} was imported {file['age_days']} days ago ({file['imported_at']}): import tonight's"
