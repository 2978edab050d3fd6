"""Mark each order line with what became of its promises; figures and scorecards count the marks.

A mark is 1 (kept), 0 (missed) or NaN: not yet due, not concerned, or not known. So a mean over marks is the figure
and their count its denominator, and nothing unknown is ever read as missed.
"""

import numpy as np
import pandas as pd

from vmi.kpi.history import ON_HAND, ORDER_LINES, KpiHistory

MARKS = ("fill_48h", "same_day", "by_promise", "otif", "first_pass", "stocked")
STANDARD_PROMISE = pd.Timedelta(hours=48)


def mark_lines(history: KpiHistory) -> pd.DataFrame:
    """Return the order lines, cancelled ones left out, with a column per mark and the day it fell due.

    Returns
    -------
    Columns of ORDER_LINES, ``covering_warehouse`` (first cover of the centre's city), ``unit_cost``, ``ordered_on``,
    the marks ``fill_48h same_day by_promise otif first_pass stocked`` and ``fill_48h_day by_promise_day otif_day``, the
    days on which these promises fell due. Sorted by order and line.
    """
    lines = ORDER_LINES.check(history.order_lines)
    lines = lines.loc[lines["status"].ne("cancelled")].sort_values(["order_id", "line_no"], ignore_index=True)
    lines = _with_moments(lines, history.timezone)
    lines = lines.loc[lines["ordered_at"].lt(history.close)].reset_index(drop=True)
    city = lines["centre_id"].map(history.centres.set_index("centre_id")["city"])
    parts = history.parts.set_index("part_id")
    lines["covering_warehouse"] = city.map(_first_warehouse(history.cover)).fillna("")
    lines["unit_cost"] = lines["part_id"].map(parts["unit_cost"])
    lines["ordered_on"] = lines["ordered_at"].dt.tz_localize(None).dt.normalize()
    return _mark_stock(_mark_promises(lines, history.close), history)


def _first_warehouse(cover: pd.DataFrame) -> pd.Series:
    standard = cover.loc[cover["service"].eq("standard")].sort_values(["city", "warehouse_id"])
    return standard.drop_duplicates("city").set_index("city")["warehouse_id"]


def _with_moments(lines: pd.DataFrame, timezone: str) -> pd.DataFrame:
    moments = ("ordered_at", "shipped_at", "delivered_at", "first_promise", "promise_by")
    return lines.assign(**{name: pd.to_datetime(lines[name], utc=True).dt.tz_convert(timezone) for name in moments})


def _mark_promises(lines: pd.DataFrame, close: pd.Timestamp) -> pd.DataFrame:
    delivered = lines["delivered_at"].where(lines["delivered_at"].lt(close))
    known = delivered.notna() | lines["status"].ne("delivered") | lines["delivered_at"].notna()
    deadlines = {
        "fill_48h": (lines["ordered_at"] + STANDARD_PROMISE).where(lines["service"].eq("standard")),
        "by_promise": lines["promise_by"],
        "otif": lines["first_promise"],
    }
    marked = lines.copy()
    for name, deadline in deadlines.items():
        due = deadline.le(close) & known
        marked[name] = delivered.le(deadline).astype(float).where(due)
        marked[f"{name}_day"] = _day_of(deadline)
    in_time = lines["service"].eq("same_day") & _day_of(lines["promise_by"]).eq(lines["ordered_on"])
    marked["same_day"] = _day_of(delivered).eq(lines["ordered_on"]).astype(float).where(in_time & known)
    return marked


def _day_of(moments: pd.Series) -> pd.Series:
    """Return the calendar day a deadline belongs to; midnight ends the day before it."""
    return (moments.dt.tz_localize(None) - pd.Timedelta(seconds=1)).dt.normalize()


def _mark_stock(lines: pd.DataFrame, history: KpiHistory) -> pd.DataFrame:
    """Mark what lay on hand at the close of the day before the order; NaN where no stock was recorded that day."""
    if history.on_hand is None or history.on_hand.empty:
        return lines.assign(first_pass=np.nan, stocked=np.nan)
    on_hand = ON_HAND.check(history.on_hand)
    final = _final_parts(history.parts)
    units = on_hand.assign(part_id=on_hand["part_id"].map(final).fillna(on_hand["part_id"]))
    held = units.groupby(["day", "part_id", "warehouse_id"])["qty"].sum()
    part = lines["part_id"].map(final).fillna(lines["part_id"])
    before = lines["ordered_on"] - pd.Timedelta(days=1)
    recorded = before.isin(on_hand["day"].unique())

    def held_at(warehouse: pd.Series) -> pd.Series:
        wanted = pd.MultiIndex.from_arrays([before, part, warehouse])
        return pd.Series(held.reindex(wanted, fill_value=0).to_numpy(float), index=lines.index)

    covering_known = recorded & lines["covering_warehouse"].ne("")
    shipped = lines["status"].isin(["shipped", "delivered"])
    decided = recorded & (shipped & lines["warehouse_id"].ne("") | ~shipped & lines["by_promise"].notna())
    complete = shipped & held_at(lines["warehouse_id"]).ge(lines["qty"])
    return lines.assign(
        first_pass=complete.astype(float).where(decided),
        stocked=held_at(lines["covering_warehouse"]).gt(0).astype(float).where(covering_known),
    )


def _final_parts(parts: pd.DataFrame) -> dict[str, str]:
    if "final_part" not in parts:
        return {}
    superseded = parts.loc[parts["final_part"].ne(parts["part_id"]) & parts["final_part"].ne("")]
    return dict(zip(superseded["part_id"], superseded["final_part"], strict=True))
