"""The worklist, its first rows: what to do tomorrow morning."""

from typing import Any

from vmi.reports import palette, words
from vmi.reports.view import ReportView

SHOWN = 30
KINDS = {
    "late_order": "Late order",
    "shortage": "Shortage",
    "missing_lane": "Missing lane",
    "warehouse_full": "Full warehouse",
    "return_risk": "Likely to come back",
    "returnable_soon": "Returnable soon",
    "override": "Override",
    "no_answer": "No answer",
    "late_inbound": "Late inbound",
    "confirmation": "Other answer",
    "rejects": "Rejected rows",
    "stale_input": "Stale input",
    "forecast_fallback": "Forecast fallback",
    "calendar": "Calendar",
    "cut": "List cut",
}
COLOURS = {"high": palette.BAD, "medium": palette.AMBER, "low": palette.HISTORY}


def agenda(view: ReportView) -> dict[str, Any]:
    """Return title, the first rows, and how many more stand in worklist.csv."""
    listed = view.worklist.sort_values("rank")
    rows = [
        {
            "rank": row["rank"],
            "kind": KINDS.get(row["kind"], str(row["kind"]).replace("_", " ").capitalize()),
            "severity": row["severity"],
            "colour": COLOURS.get(row["severity"], palette.MUTED),
            "subject": row["subject"],
            "money": words.cny(row["money_at_risk"]),
            "cause": row["cause"],
            "action": row["action"],
        }
        for row in listed.head(SHOWN).to_dict("records")
    ]
    return {"title": _title(view), "rows": rows, "more": max(len(listed) - SHOWN, 0)}


def _title(view: ReportView) -> str:
    money = view.worklist["money_at_risk"].astype(float)
    if view.worklist.empty:
        return "Nothing needs a person tonight"
    at_risk = float(money.sum())
    sentence = f"{words.counted(len(money), 'matter')} to look at"
    if at_risk <= 0:
        return sentence
    sentence += f", {words.short_cny(at_risk)} at risk"
    first = min(5, len(money))
    share = float(money.nlargest(first).sum()) / at_risk
    return f"{sentence}; the first {first} are {words.percent(share)} of it" if len(money) > first else sentence
