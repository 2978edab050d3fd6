"""The verdict strip: figures with a target as tiles, the others beside, and one sentence on top."""

from typing import Any

from vmi.kpi.measure import Measure
from vmi.reports import palette, words
from vmi.reports.charts.bars import target_bar
from vmi.reports.view import ReportView

LABELS = {
    "stocking_accuracy": "Part in the covering warehouse",
    "line_fill_48h": "Standard lines within 48 h",
    "same_day_rate": "Urgent lines the same day",
    "inventory_days": "Stock cover",
    "forecast_accuracy": "Four-week forecast accuracy",
    "first_pass_fill": "Lines complete from stock at once",
    "unit_fill": "Units by promise",
    "otif": "On time and in full",
    "inventory_cny": "Stock value, mean",
    "return_rate": "Value returned of received",
    "same_day_share": "Lines served same-day",
    "premium_cny": "Same-day premium tonight",
    "churn": "Plan changed in the firm window",
    "pinball_loss": "Pinball loss, scaled",
    "p90_share": "Actuals within P90",
}
MARKS = {"met": ("✓", palette.GOOD), "missed": ("✗", palette.BAD), "not known": ("–", palette.MUTED)}


def verdict(view: ReportView) -> dict[str, Any]:
    """Return title, tiles (figures with a target) and others."""
    ordered = [view.measures[name] for name in LABELS if name in view.measures]
    judged = [m for m in ordered if m.target is not None]
    return {
        "title": _title(judged),
        "tiles": [_tile(m) for m in judged],
        "others": [_other(m) for m in ordered if m.target is None],
    }


def _title(judged: list[Measure]) -> str:
    found = [m.verdict for m in judged]
    missed = [LABELS[m.name].lower() for m in judged if m.verdict == "missed"]
    sentence = f"{found.count('met')} of {words.counted(len(found), 'target')} met"
    if missed:
        sentence += f"; missed: {', '.join(missed)}"
    if unknown := found.count("not known"):
        sentence += f"; {unknown} not known yet"
    return sentence


def _tile(measure: Measure) -> dict[str, Any]:
    mark, colour = MARKS[measure.verdict]
    sign = "≤" if measure.better == "lower" else "≥"
    tile = {
        "label": LABELS[measure.name],
        "name": measure.name,
        "value": words.figure(measure.value, measure.unit),
        "target": f"{sign} {words.goal(measure.target, measure.unit)}",
        "mark": mark,
        "verdict": measure.verdict,
        "colour": colour,
        "basis": _basis(measure),
        "bar": "",
    }
    if measure.value is None or measure.target is None:
        return {**tile, "value": "not known"}
    spoken = f"{tile['label']}: {tile['value']}, target {tile['target']}"
    return {**tile, "bar": target_bar(measure.value, measure.target, colour, spoken)}


def _other(measure: Measure) -> dict[str, Any]:
    known = measure.value is not None
    return {
        "label": LABELS[measure.name],
        "name": measure.name,
        "value": words.figure(measure.value, measure.unit) if known else "not known",
        "known": known,
        "basis": _basis(measure),
    }


def _basis(measure: Measure) -> str:
    """Say what a figure rests on: what was counted over what, or why it is not known."""
    if measure.value is None or measure.denominator is None or measure.unit != "share":
        return measure.note
    amount = words.whole if measure.denominator < 100_000 else words.short
    of = f"{amount(measure.numerator)} of {amount(measure.denominator)}"
    return f"error {of} units" if measure.name == "forecast_accuracy" else of
