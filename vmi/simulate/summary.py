"""What a simulation tells: ``simulation.json``, ``nights.csv`` and the table of the stock models.

The report is drawn from the same content, so that no figure on the page is missing in the file.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vmi.simulate.compare import LINE_FILL, SAME_DAY, STOCK, TOTAL, Figure, by_run, differences, over_seeds, same_orders
from vmi.simulate.outcome import COST_KINDS, NIGHTS, Outcome
from vmi.simulate.verdict import is_bound, verdict

TEXTS = ("policy", "scenario", "night")
DECIMALS = {name: 2 for name in NIGHTS.columns if name.endswith("_cny")} | {"stock_m3": 6}
"""Decimals of the numbers of NIGHTS; the others are whole."""

_BOM = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class ModelFigure:
    """A column of the table of stock models: how it is called, counted and drawn from a run."""

    name: str
    label: str
    unit: str
    better: str
    definition: str
    draw: Callable[[Outcome], float | None]

    def told(self) -> dict[str, str]:
        """Return what a reader must know of it."""
        return {"label": self.label, "unit": self.unit, "better": self.better, "definition": self.definition}


def _night(figure: Figure) -> Callable[[Outcome], float | None]:
    return lambda outcome: figure.of(outcome.nights)


def _kpi(name: str) -> Callable[[Outcome], float | None]:
    return lambda outcome: outcome.kpis.get(name, {}).get("value")


def _fact(name: str) -> Callable[[Outcome], float | None]:
    return lambda outcome: outcome.facts.get(name)


MODEL_FIGURES = (
    ModelFigure(
        *("parts_held", "Parts held", "count", "", "mean of the parts of which a unit lay in any warehouse at a close"),
        _night(Figure("parts_held", "count", "parts_held")),
    ),
    ModelFigure(
        *("stock_cny", "Stock held (suppliers')", "CNY", "lower"),
        "mean of the value on hand at unit cost at each close; suppliers own it, the car maker owns none",
        _night(STOCK),
    ),
    ModelFigure(
        *("stock_days", "Days of stock", "days", "lower"),
        "mean of the value on hand at unit cost / cost of goods delivered a day",
        _kpi("inventory_days"),
    ),
    ModelFigure(
        *("stocking_accuracy", "Stocking accuracy", "share", "higher"),
        "lines whose part was on hand in the warehouse that covers the centre first when ordered / lines",
        _kpi("stocking_accuracy"),
    ),
    ModelFigure(
        *("line_fill", "Lines on time", "share", "higher"),
        "lines delivered complete by their promise / lines whose promise fell due, standard and same-day",
        _night(LINE_FILL),
    ),
    ModelFigure(
        *("same_day_rate", "Urgent lines same day", "share", "higher"),
        "same-day lines delivered on the day they were ordered, of those ordered before the cut-off",
        _night(SAME_DAY),
    ),
    ModelFigure(
        *("urgent_line_cny", "Cost of an urgent line", "CNY", "lower"),
        "same-day premium and penalties for missed days / same-day lines",
        _fact("urgent_line_cny"),
    ),
    ModelFigure(
        *("capital_cny", "Capital tied up", "CNY", "lower", "mean of the value that goods bind at unit cost, by night"),
        _fact("capital_cny_mean"),
    ),
    ModelFigure(
        *("total_cny", "Cost a night", "CNY", "lower"),
        "all kinds of cost of the ledger / nights; the platform fee is apart",
        _night(TOTAL),
    ),
    ModelFigure(
        *("line_cny", "Cost a line", "CNY", "lower", "all kinds of cost of the ledger / order lines"),
        _fact("cost_per_line_cny"),
    ),
)


def simulation_json(outcomes: Sequence[Outcome], about: Mapping[str, Any], level: float = 0.95) -> bytes:
    """Return ``simulation.json`` of runs; who has its :func:`content` already asks :func:`as_json_bytes`."""
    return as_json_bytes(content(outcomes, about, level))


def as_json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return ``simulation.json``: UTF-8 without BOM, two blanks of indent, keys in the order of the content."""
    return (json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def content(outcomes: Sequence[Outcome], about: Mapping[str, Any], level: float = 0.95) -> dict[str, Any]:
    """Return what was simulated and what came of it, as plain values.

    Parameters
    ----------
    outcomes
        Runs of the same nights, at least one; the first policy is the base of the comparison.
    about
        What was asked for and assumed, as it shall be told: ``demand``, ``warm_up``, ``policies`` (label to
        sentence), ``notes``, ``arguments``, ``engine_version``; other keys pass through.
    level
        Confidence of the intervals.

    Returns
    -------
    about, nights, cost_kinds, confidence_level; ``same_orders``, whether several seeds replay the same; a row of
    ``runs`` for each policy, scenario and seed; ``models``, the table of the stock models, means over seeds;
    ``comparison`` (DIFFERENCES by row); ``verdict``. Money rounded to 2, other numbers to 6 decimals; what is not
    known is ``None``.
    """
    runs = by_run(outcomes)
    days = pd.to_datetime(next(iter(runs.values()))[0].nights["night"])
    whole = {
        "about": dict(about),
        "first_night": f"{days.min():%Y-%m-%d}",
        "last_night": f"{days.max():%Y-%m-%d}",
        "nights": len(days),
        "confidence_level": level,
        "same_orders": any(same_orders(lived) for lived in runs.values()),
        "cost_kinds": list(COST_KINDS),
        "runs": [_run(outcome) for lived in runs.values() for outcome in lived],
        "model_figures": {figure.name: figure.told() for figure in MODEL_FIGURES},
        "models": [_model(lived, level) for lived in runs.values()],
        "comparison": differences(outcomes, level).to_dict("records"),
        "verdict": verdict(outcomes, level).as_dict(),
    }
    plain: dict[str, Any] = _plain(whole)
    return plain


def _run(outcome: Outcome) -> dict[str, Any]:
    nights = outcome.nights
    costs = {kind: float(nights[f"{kind}_cny"].sum()) for kind in COST_KINDS}
    total = float(nights["total_cny"].sum())
    return {
        "policy": outcome.policy,
        "scenario": outcome.scenario,
        "seed": outcome.seed,
        "total_cny": round(total, 2),
        "cost_cny": {kind: round(cost, 2) for kind, cost in costs.items()},
        "total_cny_a_night": round(total / len(nights), 2),
        "cost_cny_a_night": {kind: round(cost / len(nights), 2) for kind, cost in costs.items()},
        "platform_fee_cny": round(float(nights["platform_fee_cny"].sum()), 2),
        "goods_delivered_cny": round(float(nights["goods_delivered_cny"].sum()), 2),
        "kpis": outcome.kpis,
        "facts": outcome.facts,
    }


def _model(lived: Sequence[Outcome], level: float) -> dict[str, Any]:
    figures = {}
    for figure in MODEL_FIGURES:
        drawn = (figure.draw(outcome) for outcome in lived)
        interval = over_seeds([math.nan if value is None else float(value) for value in drawn], level)
        digits = 2 if figure.unit == "CNY" else 6
        mean, low, high = (round(x, digits) + 0.0 for x in (interval.mean, interval.low, interval.high))
        figures[figure.name] = {"mean": mean, "low": low, "high": high, "seeds": interval.pairs}
    first = lived[0]
    seeds = [outcome.seed for outcome in lived]
    names = {"policy": first.policy, "scenario": first.scenario, "bound": is_bound(first.policy)}
    return {**names, "seeds": seeds, "figures": figures}


def _plain(value: Any) -> Any:
    """Return ``value`` of types JSON knows, numbers rounded; NaN, NaT and infinity are unknown."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return round(value, 6) + 0.0 if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return None if value is pd.NaT else str(value)


def nights(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return NIGHTS of all runs, ordered as :func:`vmi.simulate.compare.by_run`, then by night."""
    lived = [outcome for run in by_run(outcomes).values() for outcome in run]
    return pd.concat([NIGHTS.check(outcome.nights)[list(NIGHTS.columns)] for outcome in lived], ignore_index=True)


def nights_csv(outcomes: Sequence[Outcome]) -> bytes:
    """Return ``nights.csv`` by the contract's rules: UTF-8 with BOM, CRLF, money with two decimals, no formulas."""
    frame = nights(outcomes)
    cells = frame.assign(
        policy=frame["policy"].map(_guarded),
        scenario=frame["scenario"].map(_guarded),
        night=pd.to_datetime(frame["night"]).dt.strftime("%Y-%m-%d"),
        **{name: frame[name].map(_fixed(DECIMALS.get(name, 0))) for name in frame.columns.difference(list(TEXTS))},
    )
    return _BOM + cells.to_csv(index=False, lineterminator="\r\n").encode()


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _fixed(decimals: int) -> Callable[[float], str]:
    return lambda value: "" if pd.isna(value) else f"{round(float(value), decimals) + 0.0:.{decimals}f}"
