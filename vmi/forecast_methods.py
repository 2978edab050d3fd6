"""Say in words which method forecasts a class of demand, and how it was judged."""

from typing import Any

import pandas as pd

SIMPLEST = "gamma_poisson"
EVERYTHING = "all"
"""Class whose judgement stands for a class with too few series to be judged on its own."""
BETWEEN = "+"
NAMES = {
    "gamma_poisson": "Gamma-Poisson",
    "gamma_poisson_short": "Gamma-Poisson, short memory",
    "thresholds": "thresholds",
    "ets": "ETS",
    "structural": "structural models",
}
CLASSES = ("fast", "smooth", "erratic", "intermittent", "lumpy", "new", "none")
COMPARABLE = 0.9
"""Share of the chosen method's cells that another must have been tried on for their losses to be compared."""


def in_words(method: str) -> str:
    """Return a method's name for a reader; ``a+b`` is an even mixture."""
    return " + ".join(NAMES.get(name, name) for name in method.split(BETWEEN))


def judgement(scores: pd.DataFrame, calibration: pd.DataFrame, judged_class: str) -> dict[str, Any] | None:
    """Return how the method of a class was judged, ``None`` if it never was.

    Parameters
    ----------
    scores, calibration
        Frames ``FORECAST_SCORES`` and ``FORECAST_CALIBRATION``.

    Returns
    -------
    dict
        ``judged_as`` (the class, or ``all``), ``method``, ``judged_on``, ``loss`` [units a week], ``runner_up`` and
        ``simplest`` (each ``method`` and ``loss``; ``None`` if it is the chosen one or was not comparable),
        ``variance_factor``, ``coverage`` of the P90 without it and ``coverage_used`` with it [share]; ``calibrated``
        says whether that was measured. Where it was not, coverage is that of the P90 in whole units, which is higher.
    """
    chosen = scores[scores["chosen"].eq("Y")].set_index("demand_class")
    judged_as = next((name for name in (judged_class, EVERYTHING) if name in chosen.index), None)
    if judged_as is None:
        return None
    best: dict[Any, Any] = chosen.loc[judged_as].to_dict()
    others = scores[scores["demand_class"].eq(judged_as) & scores["method"].ne(best["method"])]
    others = others[others["cells"] >= COMPARABLE * best["cells"]].sort_values(["pinball", "method"])
    # A class that follows all parts is still widened by its own coverage.
    own = calibration[calibration["demand_class"].eq(judged_class)]
    held = own.iloc[0] if len(own) else None
    return {
        "judged_as": judged_as,
        "method": str(best["method"]),
        "judged_on": pd.Timestamp(best["judged_on"]),
        "loss": float(best["pinball"]),
        "runner_up": _first(others),
        "simplest": _first(others[others["method"].eq(SIMPLEST)]),
        "calibrated": held is not None,
        "variance_factor": 1.0 if held is None else float(held["variance_factor"]),
        "coverage": float(best["coverage_p90"] if held is None else held["coverage"]),
        "coverage_used": float(best["coverage_p90"] if held is None else held["coverage_used"]),
    }


def _first(scores: pd.DataFrame) -> dict[str, Any] | None:
    if scores.empty:
        return None
    return {"method": str(scores["method"].iloc[0]), "loss": float(scores["pinball"].iloc[0])}
