"""Forecast fans: the parts that weigh most, each where most of it is expected, with history and holidays."""

from dataclasses import replace
from typing import Any

import pandas as pd

from vmi.forecast_methods import CLASSES, EVERYTHING, in_words
from vmi.reports import words
from vmi.reports.charts.fan import Fan, fan_chart
from vmi.reports.view import METHOD_SCORES, ReportView

SHOWN = 8
HISTORY_WEEKS = 39


def outlook(view: ReportView) -> dict[str, Any]:
    """Return title and the fans. Weekly quantiles of warehouses must not be added, so a fan is one warehouse's."""
    pairs = _weightiest(view)
    total = float((view.weekly_forecast["mean"] * _cost(view, view.weekly_forecast)).sum())
    forecast, history = (rows.loc[_chosen(rows, pairs)] for rows in (view.weekly_forecast, view.weekly_history))
    near = replace(view, weekly_forecast=forecast, weekly_history=history)
    fans = [_fan(near, pair) for pair in pairs.to_dict("records")]
    share = float(pairs["value"].sum()) / total if total > 0 else 0.0
    title = "No demand is expected"
    if fans:
        title = f"The {len(fans)} weightiest forecasts are {words.percent(share)} of the value expected in 13 weeks"
    return {"title": title, "fans": fans, "methods": _methods(METHOD_SCORES.check(view.method_scores))}


def _methods(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row per class of demand; what was not judged has dashes."""
    ordered = scores.sort_values("demand_class", key=lambda names: names.map(CLASSES.index))
    return [
        {
            "demand_class": row["demand_class"],
            "pairs": words.whole(row["pairs"]),
            "method": in_words(row["method"]),
            "as_all": row["judged_as"] == EVERYTHING,
            "loss": words.loss(row["pinball"]),
            "simplest": words.loss(row["pinball_simplest"]),
            "coverage": words.percent(row["coverage_used"]),
            "aside": _coverage_aside(row),
            "factor": words.factor(row["variance_factor"]),
            "judged_on": words.day(row["judged_on"]),
        }
        for row in ordered.to_dict("records")
    ]


def _coverage_aside(row: dict[Any, Any]) -> str:
    if pd.isna(row["coverage"]):
        return ""
    if not row["calibrated"]:
        return "in whole units"
    return "" if row["variance_factor"] == 1 else f"{words.percent(row['coverage'])} before"


def _cost(view: ReportView, rows: pd.DataFrame) -> pd.Series:
    return view.part_facts(rows["part_id"], "unit_cost").astype(float)


def _weightiest(view: ReportView) -> pd.DataFrame:
    """Return the pairs of the parts with most value expected; of each part its largest warehouse."""
    rows = view.weekly_forecast
    worth = rows.assign(value=rows["mean"].astype(float) * _cost(view, rows))
    pairs = worth.groupby(["part_id", "warehouse_id"], as_index=False).agg(
        value=("value", "sum"), mean=("mean", "sum"), method=("method", "first")
    )
    pairs = pairs.assign(value=pairs["value"].round(2))
    ordered = pairs.loc[pairs["value"].gt(0)].sort_values(
        ["value", "part_id", "warehouse_id"], ascending=[False, True, True]
    )
    return ordered.drop_duplicates("part_id").head(SHOWN)


def _chosen(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    return rows["part_id"].isin(pairs["part_id"]) & rows["warehouse_id"].isin(pairs["warehouse_id"])


def _fan(view: ReportView, pair: dict[Any, Any]) -> dict[str, Any]:
    part, site = pair["part_id"], pair["warehouse_id"]
    forecast = view.weekly_forecast
    forecast = forecast.loc[forecast["part_id"].eq(part) & forecast["warehouse_id"].eq(site)]
    history = view.weekly_history
    history = history.loc[history["part_id"].eq(part) & history["warehouse_id"].eq(site)]
    history = history.loc[history["week"].ge(view.as_of - pd.Timedelta(weeks=HISTORY_WEEKS))]
    names = view.parts.set_index("part_id")["name"].fillna("")
    label = f"{part} at {site}: {pair['mean']:.0f} units expected in 13 weeks"
    fan = Fan(
        history=history[["week", "qty", "censored"]],
        forecast=forecast[["week", "mean", "p10", "p90"]].astype({"mean": float, "p10": float, "p90": float}),
        holidays=view.holidays[["name", "from", "to"]],
        as_of=view.as_of,
        label=label,
    )
    return {
        "part_id": part,
        "name": str(names.get(part, "")),
        "warehouse_id": site,
        "expected": f"{words.short(pair['mean'])} units, {words.short_cny(pair['value'])} in 13 weeks",
        "method": in_words(pair["method"]),
        "chart": fan_chart(fan),
    }
