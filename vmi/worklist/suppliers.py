"""Matters with suppliers: no answer, another answer than ordered, goods that should have arrived."""

import pandas as pd

from vmi.worklist.exceptions import DIFFERING, LATE_INBOUND, UNANSWERED, Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.sentences import after, count, dates, money, nothing, rows

LATE_WEEK_SHARE = 0.05
"""What a week's delay costs, as a share of the goods: safety stock is eaten up and the search takes hours."""


def unanswered(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per supplier with firm lines past the hour by which it should have answered."""
    lines = UNANSWERED.check(found.unanswered)
    respond_by = pd.to_datetime(lines["respond_by"], utc=True)
    lines = lines.loc[respond_by.lt(found.close)]
    if lines.empty:
        return nothing()
    lines = lines.assign(value=lines["qty"] * found.unit_cost(lines["part_id"]))
    silent = lines.groupby("supplier_id", sort=True, as_index=False).agg(
        lines=("line_id", "size"), value=("value", "sum"), first=("ship_on", "min")
    )
    waiting = count(silent["lines"], "firm line") + " worth " + money(silent["value"])
    return rows(
        "no_answer",
        {
            "subject": silent["supplier_id"],
            "supplier_id": silent["supplier_id"],
            "money_at_risk": silent["value"],
            "cause": waiting + " past the time to answer; the first was to ship on " + dates(silent["first"]) + ".",
            "action": "Call "
            + silent["supplier_id"]
            + " and import its answers in confirmations.csv; the lines stay in the pipeline.",
        },
    )


def late_inbound(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per shipment that should have arrived.

    Goods on a late truck are not lost: money is LATE_WEEK_SHARE of their value per week begun, at most all of it.
    """
    lines = LATE_INBOUND.check(found.inbound)
    lines = lines.loc[pd.to_datetime(lines["eta_on"]).le(found.as_of)]
    if lines.empty:
        return nothing()
    lines = lines.assign(value=lines["qty"] * found.unit_cost(lines["part_id"]))
    late = lines.groupby(["shipment_id", "from_id", "warehouse_id"], sort=True, as_index=False).agg(
        lines=("part_id", "size"), units=("qty", "sum"), value=("value", "sum"), eta_on=("eta_on", "min")
    )
    content = count(late["lines"], "line") + ", " + count(late["units"], "unit") + ", " + money(late["value"])
    weeks = (found.as_of - pd.to_datetime(late["eta_on"])).dt.days // 7 + 1
    origin = after(" from ", late["from_id"])
    return rows(
        "late_inbound",
        {
            "subject": "shipment " + late["shipment_id"],
            "warehouse_id": late["warehouse_id"],
            "supplier_id": late["from_id"].where(late["from_id"].isin(found.parts["supplier_id"]), ""),
            "money_at_risk": late["value"] * (LATE_WEEK_SHARE * weeks).clip(upper=1.0),
            "cause": "Due at "
            + late["warehouse_id"]
            + " on "
            + dates(late["eta_on"])
            + origin
            + " and not received ("
            + content
            + ").",
            "action": "Trace it with the carrier; book it in, or give inbound.csv a new eta_on.",
        },
    )


def differing(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per answer that gives less, or later, than ordered; money: the units that are touched."""
    chosen = _changed(DIFFERING.check(found.confirmations))
    if chosen.empty:
        return nothing()
    ordered, confirmed, later = chosen["qty"], chosen["confirmed"], chosen["later"]
    touched = (ordered - confirmed).abs().mask(later, ordered)
    amount = (count(confirmed, "unit") + " of " + count(ordered, "unit")).mask(confirmed.eq(ordered), "all units")
    when = (" on " + dates(chosen["moved"]) + " instead of " + dates(chosen["ship_on"])).where(later, "")
    said = ("confirms " + amount + when).mask(chosen["answer"].eq("reject"), "rejects " + count(ordered, "unit"))
    return rows(
        "confirmation",
        {
            "subject": found.name(chosen["part_id"]) + " at " + chosen["warehouse_id"],
            "part_id": chosen["part_id"],
            "warehouse_id": chosen["warehouse_id"],
            "supplier_id": chosen["supplier_id"],
            "money_at_risk": touched * found.unit_cost(chosen["part_id"]),
            "cause": chosen["supplier_id"] + " " + said + after(": ", chosen["comment"]).str.rstrip(". ") + ".",
            "action": "Agree the rest with the supplier; the next plan orders again what is still missing.",
        },
    )


def _changed(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers that give another quantity or a later day, with ``confirmed``, ``moved`` and ``later``."""
    ordered, ship_on = answers["qty"].astype(float), pd.to_datetime(answers["ship_on"])
    rejected = answers["answer"].eq("reject")
    moved = pd.to_datetime(answers["confirmed_ship_on"]).fillna(ship_on)
    read = answers.assign(
        qty=ordered,
        confirmed=answers["confirmed_qty"].astype(float).fillna(ordered).mask(rejected, 0.0),
        moved=moved,
        later=moved.gt(ship_on) & ~rejected,
    )
    return read.loc[read["confirmed"].ne(ordered) | read["later"]].sort_values("line_id")
