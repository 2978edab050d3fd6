"""During the day: open orders alone, dispatched from a moment on, with the stock as it was last imported."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from vmi import __version__
from vmi.config import Config
from vmi.contract import CONTRACT_VERSION
from vmi.nightly import NightResult, Seen, abandoned_on_failure, begin_run, gather_inputs
from vmi.planning import Night, decide_wave
from vmi.publish.manifest import PlanStamp, manifest_bytes
from vmi.publish.outputs import write_outputs
from vmi.publish.protocol import publish_run, recover
from vmi.publish.store_ledger import StoreLedger, run_record
from vmi.publish.verify import verify
from vmi.recording import Recorder
from vmi.store.lock import planner_lock

if TYPE_CHECKING:
    from sqlalchemy import Engine


def dispatch_wave(
    engine: "Engine",
    at: datetime,
    out: Path,
    config: Config,
    *,
    now: datetime,
    progress: Callable[[str], None] = lambda message: None,
) -> NightResult:
    """Dispatch the lines open at ``at`` and publish ``OUT/<YYYY-MM-DDTHHMM>/``: deliveries, ETA reports, manifest.

    Stock is what the last import says lies there; nothing is ordered, moved or returned.

    Raises
    ------
    UsageProblem
        Nothing has been imported.
    PlanLocked
        Another run holds the planner's lock.
    """
    moment = pd.Timestamp(at).tz_convert(config.planning.timezone).floor("min")
    yesterday = moment.tz_localize(None).normalize() - pd.Timedelta(days=1)
    with planner_lock(engine):
        ledger = StoreLedger(engine, now)
        for sentence in recover(ledger, out.absolute()):
            progress(sentence)
        seen = gather_inputs(engine, yesterday, config, moment)
        folder = out.absolute() / f"{moment:%Y-%m-%dT%H%M}"
        run = begin_run(engine, "dispatch", moment.to_pydatetime(), seen.plan_id, now, folder)
        record = run_record(run)
        with abandoned_on_failure(ledger, record):
            wave = decide_wave(seen.situation, config, moment, Recorder(engine, run, progress))
        progress("publish")
        publish_run(ledger, record, lambda staging: _write(staging, wave, seen, config, moment))
    return _result(wave, seen.plan_id, str(folder))


def _write(staging: Path, wave: Night, seen: Seen, config: Config, moment: pd.Timestamp) -> bytes:
    outputs = {"deliveries": wave.deliveries, "eta": wave.eta}
    files = write_outputs(staging, outputs, seen.plan_id)
    verify(staging, files, wave.situation, outputs, moment)
    stamp = PlanStamp(
        seen.plan_id,
        moment.isoformat(),
        __version__,
        CONTRACT_VERSION,
        config.sha256(),
        f"{wave.verified_through:%Y-%m-%d}",
    )
    return manifest_bytes(stamp, seen.inputs, files, wave.optimisations)


def _result(wave: Night, plan_id: str, folder: str) -> NightResult:
    served = wave.deliveries["source"].eq("warehouse")
    figures: dict[str, float | int] = {
        "open_lines": len(wave.situation.open_orders),
        "on_time_lines": int(wave.eta["on_time"].eq("Y").sum()),
        "deliveries": int(served.sum()),
        "shipments": int(wave.deliveries.loc[served, "shipment_id"].nunique()),
    }
    return NightResult(plan_id, folder, True, figures, tuple(wave.optimisations))
