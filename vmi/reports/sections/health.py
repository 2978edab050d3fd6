"""Data health: what came in, what was left out, how forecasts were made, how far the calendar can be trusted."""

from typing import Any

import pandas as pd

from vmi.forecast_methods import in_words
from vmi.reports import words
from vmi.reports.view import IMPORTS, METHODS, REJECTS, ReportView


def health(view: ReportView) -> dict[str, Any]:
    """Return title, imports, rejects, forecast methods and the sentence on the calendar."""
    imports = IMPORTS.check(view.imports)
    rejects = REJECTS.check(view.rejects).sort_values(["lines", "file", "rule"], ascending=[False, True, True])
    return {
        "title": _title(imports),
        "imports": [
            {
                "file": row["file"],
                "rows": words.whole(row["rows"]),
                "imported": words.whole(row["imported"]),
                "rejected": words.whole(row["rejected"]),
                "imported_on": words.day(row["imported_on"]),
                "age": words.counted(row["age_days"], "day") if pd.notna(row["age_days"]) else words.NOT_KNOWN,
                "stale": row["stale"] == "Y",
            }
            for row in imports.to_dict("records")
        ],
        "rejects": [{**row, "lines": words.whole(row["lines"])} for row in rejects.head(10).to_dict("records")],
        "methods": _methods(METHODS.check(view.methods)),
        "calendar": _calendar(view),
        "calendar_short": _calendar_is_short(view),
    }


def _title(imports: pd.DataFrame) -> str:
    stale = sorted(imports.loc[imports["stale"].eq("Y"), "file"])
    freshness = f"{', '.join(stale)} {'is' if len(stale) == 1 else 'are'} stale" if stale else "All inputs are fresh"
    rows, rejected = imports["rows"].sum(), imports["rejected"].sum()
    if not rows:
        return freshness
    return f"{freshness}; {words.whole(rejected)} of {words.counted(rows, 'row')} left out of the last import"


def _methods(methods: pd.DataFrame) -> list[dict[str, Any]]:
    total = methods["pairs"].sum()
    ordered = methods.sort_values(["fallback", "pairs", "method", "reason"], ascending=[True, False, True, True])
    return [
        {
            "method": in_words(row["method"]),
            "pairs": words.whole(row["pairs"]),
            "share": words.percent(row["pairs"] / total, 1),
            "fallback": row["fallback"] == "Y",
            "reason": row["reason"],
        }
        for row in ordered.to_dict("records")
    ]


def _horizon_end(view: ReportView) -> pd.Timestamp:
    weeks = view.weekly_forecast["week"]
    return view.as_of if weeks.empty else weeks.max() + pd.Timedelta(days=6)


def _calendar_is_short(view: ReportView) -> bool:
    return view.calendar_verified_through is None or view.calendar_verified_through < _horizon_end(view)


def _calendar(view: ReportView) -> str:
    end = words.day(_horizon_end(view))
    verified = view.calendar_verified_through
    if verified is None:
        return "The calendar has not been verified: every day of this plan is provisional."
    if _calendar_is_short(view):
        return (
            f"The calendar is verified through {words.day(verified)}, the forecast reaches {end}: "
            "what falls after that day is provisional."
        )
    return f"The calendar is verified through {words.day(verified)}, past the end of the forecast ({end})."
