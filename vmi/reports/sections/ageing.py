"""Stock ageing: how old the value is, and what becomes returnable in the next 7, 14 and 30 days."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from vmi.reports import words
from vmi.reports.charts.bars import Column, stacked_columns
from vmi.reports.view import ReportView

EDGES = (0, 15, 30, 45, 60, 75, 90)
SHADES = ("#a9c6e2", "#86add0", "#5f91bf", "#3f74a8", "#c98a1b", "#b9692b", "#b03a2e")
HORIZONS = (7, 14, 30)


def ageing(view: ReportView) -> dict[str, Any]:
    """Return title, the chart of value by age, and the table of what becomes returnable."""
    lots = _lots(view)
    rows = [_horizon(lots, days) for days in HORIZONS]
    return {"title": _title(lots), "chart": _chart(lots), "rows": rows, "parts": _dearest(view, lots)}


def _lots(view: ReportView) -> pd.DataFrame:
    """Return available lots less tonight's returns, with the days until their supplier's window ends."""
    lots = view.available_stock()
    keys = ["warehouse_id", "part_id", "lot_id"]
    gone = view.returns.groupby(keys)["qty"].sum().rename("gone").reset_index()
    lots = lots.merge(gone, on=keys, how="left") if len(gone) else lots.assign(gone=0.0)
    left = lots["qty"] - lots["gone"].astype(float).fillna(0)
    window = lots["supplier_id"].map(view.suppliers.set_index("supplier_id")["return_window_days"]).astype(float)
    lots = lots.assign(qty=left, value=left * lots["unit_cost"], days_left=window - lots["age_days"])
    return lots.loc[lots["qty"].gt(0)]


def _chart(lots: pd.DataFrame) -> Any:
    bucket = np.digitize(lots["age_days"], EDGES[1:])
    value = pd.Series(lots["value"].to_numpy(float)).groupby(bucket).sum()
    labels = [f"{low}–{high - 1}" for low, high in pairwise(EDGES)] + [f"{EDGES[-1]}+"]
    columns = [
        Column(label, ((label, float(value.get(n, 0.0))),), words.short_cny(float(value.get(n, 0.0))))
        for n, label in enumerate(labels)
    ]
    return stacked_columns(columns, dict(zip(labels, SHADES, strict=True)), "Stock value by age", "age in days")


def _horizon(lots: pd.DataFrame, days: int) -> dict[str, str]:
    soon = lots.loc[lots["days_left"].le(days)]
    return {
        "within": f"{days} days",
        "lots": words.whole(len(soon)),
        "units": words.whole(soon["qty"].sum()),
        "value": words.cny(soon["value"].sum()),
        "share": words.percent(soon["value"].sum() / lots["value"].sum() if lots["value"].sum() > 0 else None, 1),
    }


def _dearest(view: ReportView, lots: pd.DataFrame) -> list[dict[str, str]]:
    soon = lots.loc[lots["days_left"].le(HORIZONS[-1])]
    parts = soon.groupby("part_id").agg(value=("value", "sum"), units=("qty", "sum"), first=("days_left", "min"))
    parts = parts.reset_index().sort_values(["value", "part_id"], ascending=[False, True]).head(5)
    names = view.part_facts(parts["part_id"], "name").fillna("")
    return [
        {
            "part": f"{row['part_id']} {name}".strip(),
            "units": words.whole(row["units"]),
            "value": words.cny(row["value"]),
            "first": words.counted(max(row["first"], 0), "day"),
        }
        for row, name in zip(parts.to_dict("records"), names, strict=True)
    ]


def _title(lots: pd.DataFrame) -> str:
    if lots.empty:
        return "No stock is on hand"
    month, week = (float(lots.loc[lots["days_left"].le(days), "value"].sum()) for days in (30, 7))
    if month <= 0:
        return "Nothing becomes returnable within 30 days"
    share = words.percent(month / float(lots["value"].sum()))
    return (
        f"{words.short_cny(month)} becomes returnable within 30 days, {share} of the stock; "
        f"{words.short_cny(week)} of it within 7"
    )
