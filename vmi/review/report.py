"""Bring the night, its figures and its worklist into the view that the report is made from."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from forecasts.profiles.calendar import Calendar
from vmi.forecast_methods import CLASSES, SIMPLEST, judgement
from vmi.kpi.measure import Measure
from vmi.past import Past
from vmi.planning import Night
from vmi.reports.view import (
    HOLIDAYS,
    IMPORTS,
    METHOD_SCORES,
    METHODS,
    OPTIMISATIONS,
    REJECTS,
    SPACE_PRICES,
    WEEKLY_HISTORY,
    ReportView,
)
from vmi.review.exceptions import stale

HISTORY_WEEKS = 40
AHEAD_DAYS = 120
WEEK = pd.Timedelta(days=7)
PAIR = ["part_id", "warehouse_id"]


@dataclass(frozen=True)
class Reviewed:
    """What the review has found so far: measures, WORKLIST, marked order lines, WEEKLY_FORECAST and SPACE_USE."""

    measures: dict[str, Measure]
    worklist: pd.DataFrame
    lines: pd.DataFrame
    weekly_forecast: pd.DataFrame
    space_use: pd.DataFrame


def report_view(night: Night, past: Past, reviewed: Reviewed, plan_id: str, engine_version: str) -> ReportView:
    """Return the view of a reviewed night."""
    situation, planning = night.situation, night.config.planning
    masters = ("parts", "suppliers", "warehouses", "centres", "lanes", "stock", "inbound")
    decided = ("replenishment", "returns", "transfers", "deliveries", "targets")
    return ReportView(
        plan_id=plan_id,
        as_of=situation.as_of,
        timezone=situation.timezone,
        engine_version=engine_version,
        **{f.name: getattr(reviewed, f.name) for f in fields(reviewed)},
        **{name: getattr(situation, name) for name in masters},
        **{name: getattr(night, name) for name in decided},
        cover=night.cover,
        weekly_history=weekly_history(night),
        holidays=holidays(night),
        imports=imports(past, planning.stale_days),
        rejects=rejects(past),
        methods=methods(night),
        method_scores=method_scores(night),
        optimisations=optimisations(night),
        space_prices=space_prices(night),
        calendar_verified_through=night.outlook.forecast.calendar_verified_through,
        kpi_days=night.config.kpi.kpi_days,
        promise_hours=planning.promise_hours,
        handling_hours=planning.handling_hours,
    )


def weekly_history(night: Night) -> pd.DataFrame:
    """Return WEEKLY_HISTORY of the last forty whole or begun weeks."""
    as_of, history = night.situation.as_of, night.history
    first = as_of - pd.Timedelta(days=as_of.dayofweek) - HISTORY_WEEKS * WEEK
    recent = history.demand.loc[history.demand["day"].ge(first)]
    sold = recent.assign(week=_monday(recent["day"])).groupby([*PAIR, "week"])["qty"].sum().rename("qty")
    out = _censored_weeks(history.censored, first, as_of).assign(censored="Y").set_index([*PAIR, "week"])
    both = pd.concat([sold, out["censored"]], axis=1)
    both["qty"] = both["qty"].astype(float).fillna(0.0)
    both["censored"] = both["censored"].astype(object).fillna("N")
    named = both.rename_axis([*PAIR, "week"]).reset_index()
    return named.sort_values([*PAIR, "week"], ignore_index=True)[list(WEEKLY_HISTORY.columns)]


def _monday(days: pd.Series) -> pd.Series:
    days = pd.to_datetime(days)
    return days - pd.to_timedelta(days.dt.dayofweek, unit="D")


def _censored_weeks(spans: pd.DataFrame, first: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return part_id, warehouse_id, week of the weeks that a span of days touches, each once."""
    begin, end = pd.to_datetime(spans["first_day"]), pd.to_datetime(spans["last_day"])
    start = _monday(begin.where(begin.ge(first), first))
    stop = _monday(end.where(end.le(as_of), as_of))
    count = ((stop - start).dt.days // 7 + 1).clip(lower=0)
    rows = spans.index.repeat(count)
    nth = np.arange(len(rows)) - np.repeat(count.cumsum().to_numpy() - count.to_numpy(), count)
    week = start.loc[rows] + pd.to_timedelta(7 * nth, unit="D")
    return spans.loc[rows, PAIR].assign(week=week.to_numpy()).drop_duplicates(ignore_index=True)


def holidays(night: Night) -> pd.DataFrame:
    """Return HOLIDAYS around the night: official days off, and closures of everybody or of the carriers."""
    as_of = night.situation.as_of
    begin, end = as_of - HISTORY_WEEKS * WEEK, as_of + pd.Timedelta(days=AHEAD_DAYS)
    known = Calendar.china().holidays
    off = known.loc[known["kind"].eq("off") & known["day"].between(begin, end), ["day", "name"]]
    off = off.sort_values(["name", "day"])
    begins = off["name"].ne(off["name"].shift()) | off["day"].diff().ne(pd.Timedelta(days=1))
    spans = off.groupby(begins.cumsum()).agg(name=("name", "first"), first=("day", "min"), last=("day", "max"))
    spans["name"] = spans["name"].astype(str).str.replace("_", " ").str.capitalize()
    closures = night.situation.closures
    shut = closures.loc[
        closures["scope"].isin(["all", "carrier"]) & closures["to"].ge(begin) & closures["from"].le(end)
    ]
    reason = shut["reason"].fillna("").astype(str)
    shut = shut.assign(name=reason.where(reason.ne(""), shut["scope"].map({"all": "Closed", "carrier": "Carriers"})))
    official = spans.rename(columns={"first": "from", "last": "to"})
    both = pd.concat([f[list(HOLIDAYS.columns)] for f in (official, shut) if len(f)] or [HOLIDAYS.empty()])
    return both.drop_duplicates().sort_values(["from", "to", "name"], ignore_index=True)


def imports(past: Past, stale_days: int) -> pd.DataFrame:
    """Return IMPORTS with the files marked that are older than they may be."""
    old = stale(past, stale_days)["file"]
    marked = past.imports.assign(stale=past.imports["file"].isin(old).map({True: "Y", False: "N"}).astype(object))
    return marked.sort_values("file", ignore_index=True)[list(IMPORTS.columns)]


def rejects(past: Past) -> pd.DataFrame:
    """Return REJECTS; rows that the store did not keep are counted as such, so that each file's add up."""
    kept = past.rejects.groupby(["file", "rule"], as_index=False).agg(lines=("line", "size"))
    files = past.imports
    stored = files["file"].map(past.rejects["file"].value_counts()).fillna(0)
    beyond = files.assign(lines=files["rejected"] - stored, rule="not kept here; see that import's rejects.csv")
    both = [f[list(REJECTS.columns)] for f in (kept, beyond.loc[beyond["lines"].gt(0)]) if len(f)]
    counted = pd.concat(both or [REJECTS.empty()], ignore_index=True)
    return counted.sort_values(["file", "rule"], ignore_index=True)


def methods(night: Night) -> pd.DataFrame:
    """Return METHODS: pairs by method and reason for a fallback."""
    pairs = night.outlook.pairs
    counted = pairs.groupby(["method", "fallback"], as_index=False).agg(pairs=("part_id", "size"))
    counted = counted.rename(columns={"fallback": "reason"})
    fell_back = counted["reason"].ne("").map({True: "Y", False: "N"}).astype(object)
    ordered = counted.assign(fallback=fell_back).sort_values(["method", "reason"], ignore_index=True)
    return ordered[list(METHODS.columns)]


def method_scores(night: Night) -> pd.DataFrame:
    """Return METHOD_SCORES of the classes that occur, in the order of ``forecast_methods.CLASSES``."""
    learned = night.outlook.learned()
    pairs = night.outlook.pairs["judged_class"].value_counts()
    rows = []
    for name in [c for c in CLASSES if c in pairs.index and c != "none"]:
        # What is new is not judged: it has no history to be judged on.
        judged = None if name == "new" else judgement(learned["forecast_scores"], learned["forecast_calibration"], name)
        found: dict[str, Any] = {"demand_class": name, "pairs": pairs[name], "method": SIMPLEST}
        if judged is not None:
            simplest = judged["simplest"] or {"loss": judged["loss"] if judged["method"] == SIMPLEST else np.nan}
            found |= {**judged, "pinball": judged["loss"], "pinball_simplest": simplest["loss"]}
        rows.append(found)
    return pd.DataFrame(rows).reindex(columns=list(METHOD_SCORES.columns))


def optimisations(night: Night) -> pd.DataFrame:
    """Return OPTIMISATIONS in the order in which the night made them."""
    found = pd.DataFrame(night.optimisations, columns=list(OPTIMISATIONS.columns))
    return found.assign(unit=found["unit"].fillna("CNY"), status=found["status"].fillna(""))


def space_prices(night: Night) -> pd.DataFrame:
    """Return SPACE_PRICES of the spaces that bound tonight."""
    prices = night.placement.optimisation.prices
    spaces = prices.loc[prices["name"].isin(["volume", "hazmat"])]
    named = spaces.rename(columns={"subject": "warehouse_id", "name": "space", "price": "price_per_m3"})
    return named.sort_values(["warehouse_id", "space"], ignore_index=True)[list(SPACE_PRICES.columns)]
