"""The night: gather, decide, apply. The rooms decide (``planning``); this module only reads, records and publishes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmi import __version__
from vmi.config import Config
from vmi.contract import CONTRACT_VERSION
from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.past import Past
from vmi.planning import Night, decide
from vmi.publish import identity
from vmi.publish.ledger import RunRecord
from vmi.publish.manifest import InputRecord, PlanStamp, json_bytes, manifest_bytes
from vmi.publish.outputs import write_outputs
from vmi.publish.protocol import publish_run, recover
from vmi.publish.steps import step
from vmi.publish.store_ledger import StoreLedger, run_record
from vmi.publish.verify import verify
from vmi.recording import Recorder, record_review
from vmi.reports.render import render
from vmi.review.reach import past_reach
from vmi.review.review import Review, review
from vmi.store import gather, runs
from vmi.store.digest import inputs_digest
from vmi.store.engine import read_only
from vmi.store.history import past
from vmi.store.ledger import input_files
from vmi.store.lock import planner_lock
from vmi.store.stock_history import record_stock

if TYPE_CHECKING:
    from sqlalchemy import Engine

Progress = Callable[[str], None]


@dataclass(frozen=True)
class NightResult:
    """What a run published, in a few figures."""

    plan_id: str
    folder: str
    published: bool
    figures: dict[str, float | int]
    optimisations: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the result for a program."""
        return {
            "plan_id": self.plan_id,
            "folder": self.folder,
            "published": self.published,
            **self.figures,
            "optimisations": list(self.optimisations),
        }

    def as_text(self) -> str:
        """Return the result for a person."""
        head = f"plan {self.plan_id} " + (
            f"published in {self.folder}" if self.published else "not published (dry run)"
        )
        figures = [f"  {name.replace('_', ' '):<22}{value:>14,}" for name, value in self.figures.items()]
        proofs = [
            f"  {o['name']:<22}objective {o['objective']:,.2f}  bound {o['bound']:,.2f}  gap {o['gap']:.4%}"
            for o in self.optimisations
        ]
        return "\n".join([head, *figures, *proofs])


def plan_night(
    engine: "Engine",
    as_of: date,
    out: Path,
    config: Config,
    *,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = lambda message: None,
) -> NightResult:
    """Plan the night after ``as_of`` and publish it under ``out``; a dry run stores and publishes nothing.

    Raises
    ------
    UsageProblem
        Nothing has been imported.
    PlanLocked
        Another run holds the planner's lock.
    VerificationFailed
        The plan breaks a rule of the contract; nothing is published.
    """
    day = pd.Timestamp(as_of)
    with planner_lock(engine):
        if dry_run:
            seen = gather_inputs(engine, day, config)
            night = decide(seen.situation, config, lambda name, _: progress(name))
            return _result(night, seen.plan_id, "", published=False)
        ledger = StoreLedger(engine, now)
        folder = out.absolute() / f"{as_of:%Y-%m-%d}"
        for sentence in recover(ledger, out.absolute()):
            progress(sentence)
        _record_stock(engine, day)
        seen = gather_inputs(engine, day, config)
        run = begin_run(engine, "plan", as_of, seen.plan_id, now, folder)
        record = run_record(run)
        with abandoned_on_failure(ledger, record):
            recorder = Recorder(engine, run, progress)
            night = decide(seen.situation, config, recorder)
            judged = review(night, seen.past, seen.plan_id, __version__)
            record_review(recorder, night, judged)
        progress("publish")
        publish_run(ledger, record, lambda staging: _write(staging, night, judged, seen, config))
        return _result(night, seen.plan_id, str(folder), published=True)


def begin_run(
    engine: "Engine", kind: str, as_of: date | datetime, plan_id: str, now: datetime, folder: Path
) -> runs.Run:
    """Enter a run in the ledger; its rows stay invisible until it is published."""
    step("transaction begin")
    with engine.begin() as connection:
        return runs.begin_run(connection, kind, as_of, plan_id, now, str(folder))


@contextmanager
def abandoned_on_failure(ledger: StoreLedger, run: RunRecord) -> Iterator[None]:
    """Record a run that fails in the block as abandoned; the failure itself is what the caller meets."""
    try:
        yield
    except BaseException as failure:
        try:
            step("transaction abandoned")
            ledger.mark_abandoned(run, f"failed: {str(failure) or type(failure).__name__}")
        except Exception as again:
            # The disk or database that failed may fail again; recover settles the run before the next one.
            failure.add_note(f"The run could not be abandoned at once ({again}); the next command does it.")
        raise


@dataclass(frozen=True)
class Seen:
    """What a run has gathered: the situation, the past its figures are measured on, and what identifies it."""

    situation: Situation
    past: Past
    inputs: tuple[InputRecord, ...]
    plan_id: str


def gather_inputs(engine: "Engine", day: pd.Timestamp, config: Config, at: pd.Timestamp | None = None) -> Seen:
    """Read all that a run may see, from one state of the database; ``at`` is the moment of a dispatch."""
    zone = config.planning.timezone
    with read_only(engine) as connection:
        situation = gather.situation(connection, day, zone, config.history, at)
        behind = past(connection, day, zone, past_reach(config))
        files = input_files(connection, zone)
    if situation.parts.empty or situation.lanes.empty:
        raise UsageProblem("nothing has been imported yet; run: vmi import FOLDER")
    records = files[["name", "rows_read", "sha256"]].to_dict("records")
    inputs = tuple(InputRecord(f["name"], int(f["rows_read"]), f["sha256"]) for f in records)
    digests = (__version__, config.sha256(), inputs_digest(situation))
    plan_id = identity.plan_id(day, *digests, "plan") if at is None else identity.plan_id(at, *digests, "dispatch")
    return Seen(situation, behind, inputs, plan_id)


def _record_stock(engine: "Engine", day: pd.Timestamp) -> None:
    """Remember what lies where at the close of ``day``, before the plan reads when parts were out of reach."""
    step("transaction stock record")
    with engine.begin() as connection:
        record_stock(connection, day, gather.stock_at_close(connection))


def _write(staging: Path, night: Night, judged: Review, seen: Seen, config: Config) -> bytes:
    """Write and verify every file in ``staging``; return the manifest."""
    outputs = {
        "replenishment": night.replenishment,
        "returns": night.returns,
        "transfers": night.transfers,
        "deliveries": night.deliveries,
        "eta": night.eta,
        "targets": night.targets,
        "forecast": judged.view.weekly_forecast,
        "worklist": judged.worklist,
        "scorecards": judged.scorecards,
    }
    extra = {"kpis.json": json_bytes(judged.kpis_json), "report.html": render(judged.view).encode()}
    files = write_outputs(staging, outputs, seen.plan_id, extra)
    verify(staging, files, night.situation, outputs)
    return manifest_bytes(_stamp(night, seen, config), seen.inputs, files, night.optimisations)


def _stamp(night: Night, seen: Seen, config: Config) -> PlanStamp:
    verified = night.outlook.forecast.calendar_verified_through
    as_of = f"{night.situation.as_of:%Y-%m-%d}"
    return PlanStamp(seen.plan_id, as_of, __version__, CONTRACT_VERSION, config.sha256(), f"{verified:%Y-%m-%d}")


def _result(night: Night, plan_id: str, folder: str, *, published: bool) -> NightResult:
    firm = night.replenishment[night.replenishment["commitment"] == "firm"]
    figures: dict[str, float | int] = {
        "open_lines": len(night.situation.open_orders),
        "on_time_lines": int(night.eta["on_time"].eq("Y").sum()),
        "firm_lines": len(firm),
        "firm_units": int(firm["qty"].sum()),
        "firm_cny": round(float((firm["qty"] * firm["unit_cost"]).sum()), 2),
        "returns": len(night.returns),
        "transfers": len(night.transfers),
    }
    return NightResult(plan_id, folder, published, figures, tuple(night.optimisations))
