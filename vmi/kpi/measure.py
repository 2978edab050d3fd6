"""Measure the contract's figures (section 4) on what really happened.

Every figure carries its definition, numerator and denominator, so that it can be checked by hand; a figure that cannot
be known is ``None`` with the reason, never 0.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from vmi.contract import KPIS
from vmi.kpi.forecast_error import Rated, forecast_figures
from vmi.kpi.history import FIRM_LINES, FLOWS, STOCK_DAYS, KpiHistory
from vmi.kpi.lines import mark_lines
from vmi.kpi.parameters import KpiParameters

DEFINITIONS: dict[str, tuple[str, str, Literal["higher", "lower", ""]]] = {
    "line_fill_48h": (
        "standard order lines delivered complete within 48 h of ordered_at / standard lines due",
        "share",
        "higher",
    ),
    "same_day_rate": (
        "same-day lines delivered on the calendar day they were ordered, of those ordered before the cut-off",
        "share",
        "higher",
    ),
    "first_pass_fill": (
        "lines shipped complete from stock on hand when they were ordered / lines",
        "share",
        "higher",
    ),
    "unit_fill": ("units delivered by promise / units ordered", "share", "higher"),
    "otif": ("lines on time and in full against first_promise / lines due", "share", "higher"),
    "inventory_cny": ("mean of daily on-hand value at unit_cost", "CNY", ""),
    "inventory_days": (
        "mean of daily on-hand value at unit_cost / daily cost of goods delivered",
        "days",
        "lower",
    ),
    "return_rate": ("value returned / value received", "share", "lower"),
    "same_day_share": ("lines served same-day / lines served", "share", ""),
    "premium_cny": ("what same-day added over standard, in tonight's deliveries", "CNY", ""),
    "forecast_accuracy": (
        "1 − Σ|actual − mean| / Σ actual, at part × warehouse × 4 weeks, lag 0",
        "share",
        "higher",
    ),
    "stocking_accuracy": (
        "lines whose part was on hand in the warehouse that covers the centre first when ordered / lines",
        "share",
        "higher",
    ),
    "churn": (
        "Σ|qty − qty in the last plan| / Σ qty in the last plan, for lines due inside the firm window",
        "share",
        "lower",
    ),
    "pinball_loss": (
        "2 Σ pinball loss of the published quantiles / (their number × Σ actual), at part × warehouse × 4 weeks, lag 0",
        *("loss", "lower"),
    ),
    "p90_share": ("share of actuals ≤ p90, at part × warehouse × 4 weeks, lag 0; 0.9 is right", "share", ""),
}
"""Definition, unit and the better direction of each figure: the contract's, then the two beside forecast accuracy."""


@dataclass(frozen=True)
class Measure:
    """A figure with all that is needed to check it.

    ``value`` is ``None`` where it cannot be known and ``note`` then says why; else ``note`` says what it rests on.
    """

    name: str
    value: float | None
    definition: str
    numerator: float | None
    denominator: float | None
    target: float | None
    unit: str
    window: str
    better: Literal["higher", "lower", ""]
    note: str = ""

    @property
    def verdict(self) -> str:
        """``met`` or ``missed`` against the target; ``not known`` without a value; empty without a target."""
        if self.value is None:
            return "not known"
        if self.target is None:
            return ""
        met = self.value <= self.target if self.better == "lower" else self.value >= self.target
        return "met" if met else "missed"


@dataclass(frozen=True)
class Figure:
    """A ratio before it has its definition: what was counted over what, and the reason if it cannot be known."""

    numerator: float | None
    denominator: float | None = None
    note: str = ""
    value: float | None = None

    @staticmethod
    def unknown(note: str) -> "Figure":
        """Return a figure that cannot be known, and why."""
        return Figure(None, None, note)

    @staticmethod
    def ratio(numerator: float, denominator: float, why_empty: str, note: str = "") -> "Figure":
        """Return numerator / denominator; unknown for ``why_empty`` if there is nothing to divide by."""
        if not denominator > 0:
            return Figure.unknown(why_empty)
        return Figure(numerator, denominator, note, numerator / denominator)


def measure(history: KpiHistory, parameters: KpiParameters, marked: pd.DataFrame | None = None) -> dict[str, Measure]:
    """Measure every figure of the contract over the trailing window.

    Parameters
    ----------
    history
        The recent past; see ``KpiHistory``.
    parameters
        The window and the targets.
    marked
        What ``mark_lines`` returns for ``history``, if the caller has it already.

    Returns
    -------
    Name to Measure, in the contract's order, then ``pinball_loss`` and ``p90_share``; values rounded to 6 decimals.
    """
    lines = mark_lines(history) if marked is None else marked
    start = history.as_of - pd.Timedelta(days=parameters.kpi_days - 1)
    accuracy, pinball, below_p90 = forecast_figures(history.past_forecasts, history.actuals)
    figures = {
        **_line_figures(lines, start),
        **_stock_figures(history, lines, start),
        "premium_cny": _premium(history.deliveries),
        "forecast_accuracy": _rated(accuracy, "1 − numerator / denominator"),
        "churn": _churn(history, parameters.firm_window_days),
        "pinball_loss": _rated(pinball),
        "p90_share": _rated(below_p90),
    }
    windows = {
        "premium_cny": "tonight",
        "churn": f"lines due within {parameters.firm_window_days} days of the last plan",
        **dict.fromkeys(("forecast_accuracy", "pinball_loss", "p90_share"), "the four weeks to as_of"),
    }
    default = f"{parameters.kpi_days} days to {history.as_of:%Y-%m-%d}"
    names = (*KPIS, "pinball_loss", "p90_share")
    return {n: _named(n, figures[n], parameters.target(n), windows.get(n, default)) for n in names}


def as_json(measures: dict[str, Measure]) -> dict[str, dict[str, Any]]:
    """Return what ``kpis.json`` holds: name to value, definition, target, window and the rest, plain values."""
    return {name: {k: v for k, v in dataclasses.asdict(m).items() if k != "name"} for name, m in measures.items()}


def _named(name: str, figure: Figure, target: float | None, window: str) -> Measure:
    definition, unit, better = DEFINITIONS[name]
    value, numerator, denominator = (
        None if number is None else round(float(number), 6)
        for number in (figure.value, figure.numerator, figure.denominator)
    )
    return Measure(name, value, definition, numerator, denominator, target, unit, window, better, figure.note)


def _rated(found: Rated, note: str = "") -> Figure:
    """Turn a forecast figure (value, numerator, denominator), or the reason there is none, into a Figure."""
    if isinstance(found, str):
        return Figure.unknown(found)
    value, numerator, denominator = found
    return Figure(numerator, denominator, note, value)


def _line_figures(lines: pd.DataFrame, start: pd.Timestamp) -> dict[str, Figure]:
    def marked(mark: str, day: str, why_empty: str) -> Figure:
        inside = lines.loc[lines[day].ge(start), mark].dropna()
        return Figure.ratio(float(inside.sum()), float(len(inside)), why_empty)

    no_stock = "no stock was recorded on the days before these orders"
    promised = lines.loc[lines["by_promise_day"].ge(start) & lines["by_promise"].notna()]
    served = lines.loc[_day(lines["delivered_at"]).ge(start)]
    kept = (promised["qty"] * promised["by_promise"]).sum()
    urgent = served["service"].eq("same_day").sum()
    return {
        "line_fill_48h": marked("fill_48h", "fill_48h_day", "no standard line fell due"),
        "same_day_rate": marked("same_day", "ordered_on", "no same-day line was ordered before the cut-off"),
        "first_pass_fill": marked("first_pass", "ordered_on", no_stock),
        "unit_fill": Figure.ratio(float(kept), float(promised["qty"].sum()), "no line fell due"),
        "otif": marked("otif", "otif_day", "no line with a first promise fell due"),
        "stocking_accuracy": marked("stocked", "ordered_on", no_stock),
        "same_day_share": Figure.ratio(float(urgent), float(len(served)), "no line was delivered"),
    }


def _day(moments: pd.Series) -> pd.Series:
    return moments.dt.tz_localize(None).dt.normalize()


def _stock_figures(history: KpiHistory, lines: pd.DataFrame, start: pd.Timestamp) -> dict[str, Figure]:
    return {
        "inventory_cny": (inventory := _inventory(history, start)),
        "inventory_days": _inventory_days(history, lines, start, inventory),
        "return_rate": _return_rate(history, start),
    }


def _inventory(history: KpiHistory, start: pd.Timestamp) -> Figure:
    days: dict[Any, float] = {}
    if history.stock_days is not None and len(history.stock_days):
        known = STOCK_DAYS.check(history.stock_days)
        known = known.loc[known["as_of"].between(start, history.as_of)]
        days = dict(known.groupby("as_of")["value"].sum())
    if history.stock_value_today is not None:
        days[history.as_of] = history.stock_value_today
    window = (history.as_of - start).days + 1
    return Figure.ratio(
        float(sum(days.values())),
        float(len(days)),
        "no stock has been recorded",
        f"{len(days)} of {window} days recorded",
    )


def _inventory_days(history: KpiHistory, lines: pd.DataFrame, start: pd.Timestamp, inventory: Figure) -> Figure:
    if inventory.value is None or lines.empty:
        return Figure.unknown(inventory.note or "no order line is known")
    delivered = lines.loc[_day(lines["delivered_at"]).between(start, history.as_of)]
    cost = float((delivered["qty"] * delivered["unit_cost"]).sum())
    # A company whose orders begin inside the window has sold on fewer days than the window has.
    days = (history.as_of - max(start, lines["ordered_on"].min())).days + 1
    return Figure.ratio(inventory.value, cost / days, "no goods were delivered", inventory.note)


def _return_rate(history: KpiHistory, start: pd.Timestamp) -> Figure:
    if history.flows is None:
        return Figure.unknown("receipts and returns have not been recorded yet")
    flows = FLOWS.check(history.flows)
    value = flows.loc[flows["day"].between(start, history.as_of)].groupby("kind")["value"].sum()
    returned, received = float(value.get("returned", 0.0)), float(value.get("received", 0.0))
    return Figure.ratio(returned, received, "nothing was received")


def _premium(deliveries: pd.DataFrame | None) -> Figure:
    if deliveries is None:
        return Figure.unknown("tonight's deliveries are not known")
    urgent = deliveries.loc[deliveries["service"].eq("same_day") & deliveries["source"].ne("none")]
    premium = float(urgent["surcharge"].fillna(0).sum())
    return Figure(premium, None, f"{len(urgent)} same-day lines", premium)


def _churn(history: KpiHistory, firm_window_days: int) -> Figure:
    if history.last_as_of is None or history.last_firm_lines is None or history.firm_lines is None:
        return Figure.unknown("there is no earlier plan to compare with")
    window_end = history.last_as_of + pd.Timedelta(days=firm_window_days)

    def inside(lines: pd.DataFrame) -> pd.Series:
        due = FIRM_LINES.check(lines).loc[lines["due_on"].le(window_end)]
        return due.groupby("line_id")["qty"].sum().astype(float)

    last = inside(history.last_firm_lines)
    now = inside(history.firm_lines)
    every = last.index.union(now.index)
    changed = (now.reindex(every, fill_value=0) - last.reindex(every, fill_value=0)).abs().sum()
    return Figure.ratio(float(changed), float(last.sum()), "the last plan had no line inside the firm window")
