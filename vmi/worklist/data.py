"""Matters of data: rejected rows, old inputs, forecasts that fell back, a calendar that ends."""

import pandas as pd

from vmi.worklist.exceptions import FALLBACKS, REJECTS, STALE, Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.sentences import count, dates, nothing, rows


def rejects(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per file and rule that kept rows out of the last import."""
    bad = REJECTS.check(found.rejects)
    if bad.empty:
        return nothing()
    bad = bad.sort_values(["file", "rule", "line", "column"])
    kinds = bad.groupby(["file", "rule"], sort=True, as_index=False).agg(
        lines=("line", "nunique"), first=("line", "first"), column=("column", "first"), mend=("mend", "first")
    )
    return rows(
        "rejects",
        {
            "subject": kinds["file"],
            "cause": count(kinds["lines"], "row")
            + " left out, the first at line "
            + kinds["first"].astype(str)
            + " (column "
            + kinds["column"].astype(str)
            + "): "
            + kinds["rule"].astype(str).str.rstrip(". ")
            + ".",
            "action": kinds["mend"].astype(str).where(kinds["mend"].astype(str).ne(""), "See rejects.csv."),
        },
    )


def stale(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per input that is older than it may be."""
    old = STALE.check(found.stale).sort_values("file", ignore_index=True)
    if old.empty:
        return nothing()
    return rows(
        "stale_input",
        {
            "subject": old["file"],
            "cause": "Last imported on "
            + dates(old["imported_on"])
            + ", "
            + count(old["age_days"], "day")
            + " before this plan; the limit is "
            + count(old["limit_days"], "day")
            + ".",
            "action": "Import a new " + old["file"] + " and plan again; quantities rest on the old one.",
        },
    )


def fallbacks(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per reason for which forecasts fell back to a simpler method."""
    fallen = FALLBACKS.check(found.fallbacks)
    if fallen.empty:
        return nothing()
    worth = fallen["value_cny"].astype(float) if "value_cny" in fallen else pd.Series(float("nan"), fallen.index)
    reasons = (
        fallen.assign(worth=worth)
        .groupby(["reason", "method"], sort=True)
        .agg(pairs=("part_id", "size"), parts=("part_id", "nunique"), worth=("worth", lambda v: v.sum(min_count=1)))
        .reset_index()
    )
    return rows(
        "forecast_fallback",
        {
            "subject": reasons["method"],
            "money_at_risk": reasons["worth"],
            "cause": count(reasons["pairs"], "forecast")
            + " of "
            + count(reasons["parts"], "part")
            + " fell back to "
            + reasons["method"]
            + ": "
            + reasons["reason"].astype(str).str.rstrip(". ")
            + ".",
            "action": "Nothing to do if these parts are slow; else look at their history in the import.",
        },
    )


def calendar(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return a row if the plan reaches past the last day that the calendar is verified for."""
    verified, end = found.calendar_verified_through, found.horizon_end
    if verified is None or end is None or end <= verified:
        return nothing()
    cause = f"The plan reaches {end:%Y-%m-%d}; after {verified:%Y-%m-%d} its days are provisional."
    return rows(
        "calendar",
        {
            "subject": pd.Series(["calendar"]),
            "cause": cause,
            "action": "Add the published holidays and make-up workdays, and move verified_through.",
        },
    )
