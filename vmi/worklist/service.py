"""Matters of service: order lines that miss their promise, cities out of reach, suppliers without enough."""

import pandas as pd

from vmi.worklist.exceptions import LATE_LINES, SHORTAGES, UNCOVERED, Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.sentences import count, dates, money, nothing, rows

ACTIONS = {
    "none": "Ask the supplier for a date, or offer the centre another part.",
    "supplier": "Press the supplier to ship early, or agree a later date with the centres.",
    "inbound": "Expedite the shipment on its way, or agree a later date with the centres.",
    "warehouse": "Agree a later date with the centres, or pay for a faster lane.",
}


def late_lines(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per part and source: its lines that miss their promise, at the sum of their penalties."""
    lines = LATE_LINES.check(found.late_lines)
    if lines.empty:
        return nothing()
    lines = lines.sort_values(["penalty_cny", "order_id"], ascending=[False, True])
    parts = lines.groupby(["part_id", "source"], sort=True, as_index=False).agg(
        lines=("order_id", "size"),
        centres=("centre_id", "nunique"),
        units=("qty", "sum"),
        penalty=("penalty_cny", "sum"),
        reason=("reason", "first"),
        eta=("eta", "max"),
    )
    unserved = parts["source"].eq("none")
    eta = pd.to_datetime(parts["eta"], utc=True).dt.tz_convert(found.timezone).dt.tz_localize(None)
    one = parts["lines"].eq(1)
    late = ("come late, the last on " + dates(eta)).mask(one, "comes late, on " + dates(eta))
    unknown = pd.Series("have no source yet", parts.index).mask(one, "has no source yet")
    state = late.mask(unserved | eta.isna(), unknown)
    what = count(parts["lines"], "order line") + " of " + count(parts["centres"], "centre")
    reason = parts["reason"].fillna("").astype(str).str.rstrip(". ")
    cause = what + " (" + count(parts["units"], "unit") + ") " + state + (": " + reason).where(reason.ne(""), "") + "."
    return rows(
        "late_order",
        {
            "subject": found.name(parts["part_id"]),
            "part_id": parts["part_id"],
            "supplier_id": found.supplier(parts["part_id"]),
            "money_at_risk": parts["penalty"],
            "cause": cause,
            "action": parts["source"].map(ACTIONS).fillna(ACTIONS["none"]),
        },
    )


def shortages(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per part that its supplier cannot supply enough of."""
    short = SHORTAGES.check(found.shortages).sort_values("part_id", ignore_index=True)
    if short.empty:
        return nothing()
    supplier = found.supplier(short["part_id"])
    more = ("; more on " + dates(short["available_on"])).where(short["available_on"].notna(), "; no further date")
    cause = (
        count(short["short_qty"], "unit")
        + " more would be ordered, "
        + supplier
        + " has "
        + count(short["available_qty"], "unit")
        + more
        + "."
    )
    worth = "A further unit is worth " + money(short["value_per_unit"])
    return rows(
        "shortage",
        {
            "subject": found.name(short["part_id"]),
            "part_id": short["part_id"],
            "supplier_id": supplier,
            "money_at_risk": short["short_qty"].astype(float) * short["value_per_unit"].astype(float),
            "cause": cause,
            "action": worth + ": ask " + supplier + " for an allocation, or release a substitute.",
        },
    )


def uncovered(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per city that no lane reaches within the promise."""
    cities = UNCOVERED.check(found.uncovered).sort_values("city", ignore_index=True)
    if cities.empty:
        return nothing()
    return rows(
        "missing_lane",
        {
            "subject": cities["city"],
            "money_at_risk": cities["late_cny"],
            "cause": "No lane reaches "
            + count(cities["centres"], "centre")
            + " in "
            + cities["city"]
            + " within the promise.",
            "action": "Ask the carriers for a quote to " + cities["city"] + " and import it in lanes.csv.",
        },
    )
