"""Write a run into the store, step by step: each step's record and its result in one transaction."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmi.kpi.measure import Measure
from vmi.planning import Night
from vmi.publish.identity import line_ids
from vmi.publish.steps import step
from vmi.review.review import Review
from vmi.review.stock import stock_tonight
from vmi.store.runs import Run, write_step

if TYPE_CHECKING:
    from sqlalchemy import Engine

FORECAST_DAYS = 28
"""Days ahead whose forecast is kept, to be judged against what came (KPI forecast_accuracy)."""


class Recorder:
    """Listen to a night and record each step as it is done."""

    def __init__(self, engine: "Engine", run: Run, progress: Callable[[str], None]) -> None:
        self.engine, self.run, self.progress = engine, run, progress

    def __call__(self, name: str, night: Night) -> None:
        """Record the step ``name`` of ``night``."""
        self.progress(name)
        frames, detail = _RESULTS[name](night)
        self.write(name, frames, detail)

    def write(self, name: str, frames: Mapping[str, pd.DataFrame], detail: Mapping[str, Any] | None = None) -> None:
        """Write a step's result and its record in one transaction."""
        step(f"transaction {name}")
        with self.engine.begin() as connection:
            write_step(connection, self.run, name, frames, detail)


def number_orders(night: Night) -> None:
    """Give tonight's orders their stable ids, the part's name and, if firm, the moment the supplier answers by."""
    lines = night.replenishment
    lines["line_id"] = line_ids("replenishment", lines, night.situation.open_plan_lines["line_id"])
    lines["part_name"] = lines["part_id"].map(night.situation.parts.set_index("part_id")["name"]).fillna("")
    hours = lines["supplier_id"].map(night.situation.suppliers.set_index("supplier_id")["respond_within_hours"])
    close = (night.situation.as_of + pd.Timedelta(days=1)).tz_localize(night.situation.timezone)
    answer = close + pd.to_timedelta(hours.astype(float), unit="h").dt.round("s")
    lines["respond_by"] = answer.where(lines["commitment"].eq("firm"))


def record_review(recorder: Recorder, night: Night, judged: Review) -> None:
    """Record what the night looks like from outside: figures, worklist, scorecards, stock of the day."""
    frames = {
        "plan_worklist": judged.worklist,
        "plan_scorecards": judged.scorecards,
        "plan_kpis": _kpi_rows(judged.measures),
        "stock_days": stock_tonight(night.situation, night.config.scorecards.aged_days),
    }
    recorder.write("review", frames)


def _demand(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    history = night.history
    counted = {"demand": len(history.demand), "pairs": len(history.pairs), "censored": len(history.censored)}
    return {}, {**counted, "uncovered": len(history.uncovered)}


def _forecast(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    methods = night.outlook.pairs["method"].value_counts().sort_index().to_dict()
    profiles = night.outlook.forecast.kept.profiles
    fitted = int(profiles["fitted_on"].eq(night.situation.as_of).sum())
    judged_on = night.outlook.forecast.kept.judged_on
    detail = {"methods": methods, "profiles_fitted": fitted, "profiles_kept": len(profiles) - fitted}
    detail["judged_on"] = None if judged_on is None else f"{judged_on:%Y-%m-%d}"
    learned = {f"plan_{name}": frame for name, frame in night.outlook.learned().items()}
    return {"plan_forecasts": night.outlook.next_days(FORECAST_DAYS), **learned}, detail


def _lots(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    night.returns["line_id"] = line_ids("returns", night.returns)
    return {"plan_returns": night.returns}, {}


def _dispatch(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    return {}, {"lines": len(night.assignment.lines), "picks": len(night.assignment.picks)}


def _placement(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    placement = night.placement
    night.transfers["line_id"] = line_ids("transfers", night.transfers)
    frames = {
        "plan_transfers": night.transfers,
        "plan_targets": placement.targets,
        "plan_derivations": placement.derivations.replace({"available_qty": {np.inf: np.nan}}),
        "plan_prices": placement.optimisation.prices,
    }
    return frames, {"passes": placement.optimisation.passes, "status": placement.optimisation.status}


def _eta(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    number_orders(night)
    frames, detail = _wave(night)
    return {"plan_replenishment": night.replenishment, **frames}, detail


def promises(deliveries: pd.DataFrame) -> pd.DataFrame:
    """Return order_id, line_no, first_promise of every line with a promise; the first published one stands."""
    keys = ["order_id", "line_no"]
    promised = deliveries.loc[deliveries["first_promise"].notna(), [*keys, "first_promise"]]
    return promised.drop_duplicates(keys).reset_index(drop=True)


def _wave(night: Night) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    night.deliveries["line_id"] = line_ids("deliveries", night.deliveries)
    frames = {
        "plan_deliveries": night.deliveries,
        "promises": promises(night.deliveries),
        "plan_optimisations": pd.DataFrame(night.optimisations),
    }
    return frames, {}


_RESULTS: dict[str, Callable[[Night], tuple[dict[str, pd.DataFrame], dict[str, Any]]]] = {
    "demand": _demand,
    "forecast": _forecast,
    "dispatch": _dispatch,
    "returns": _lots,
    "placement": _placement,
    "eta": _eta,
    "wave": _wave,
}


def _kpi_rows(measures: Mapping[str, Measure]) -> pd.DataFrame:
    columns = ("name", "value", "definition", "target", "unit", "window", "numerator", "denominator", "note")
    return pd.DataFrame([{c: getattr(m, c) for c in columns} for m in measures.values()], columns=list(columns))
