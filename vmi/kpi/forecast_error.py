"""Judge the forecast that was published four weeks ago by the demand that came."""

import numpy as np
import pandas as pd

from vmi.kpi.history import ACTUALS, PAST_FORECASTS

LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}

Rated = tuple[float, float, float] | str
"""Value, numerator and denominator of a figure, or the sentence why it cannot be known."""


def forecast_figures(forecasts: pd.DataFrame | None, actuals: pd.DataFrame | None) -> tuple[Rated, Rated, Rated]:
    """Return accuracy, scaled pinball loss and share of actuals ≤ p90, each as ``Rated``.

    Parameters
    ----------
    forecasts
        PAST_FORECASTS, one row per part x warehouse for the four weeks [units].
    actuals
        ACTUALS of the same weeks. Demand that nobody forecast counts as a forecast of 0; a forecast without demand as
        an actual of 0.
    """
    if forecasts is None or actuals is None or forecasts.empty:
        why = "no forecast published four weeks ago is stored"
        return why, why, why
    keys = ["part_id", "warehouse_id"]
    rows = PAST_FORECASTS.check(forecasts).merge(ACTUALS.check(actuals), on=keys, how="outer").sort_values(keys)
    levels = {name: level for name, level in LEVELS.items() if name in rows}
    actual = rows["qty"].fillna(0).to_numpy(float)
    total = float(actual.sum())
    below = float((actual <= rows["p90"].fillna(0).to_numpy(float)).sum())
    covered: Rated = (below / len(rows), below, float(len(rows)))
    if total <= 0:
        why = "there was no demand in these four weeks"
        return why, why, covered
    error = float(np.abs(actual - rows["mean"].fillna(0).to_numpy(float)).sum())
    loss = 2 * sum(_pinball(actual, rows[name].fillna(0).to_numpy(float), q) for name, q in levels.items())
    scaled = loss / len(levels)
    return (1 - error / total, error, total), (scaled / total, scaled, total), covered


def _pinball(actual: np.ndarray, quantile: np.ndarray, level: float) -> float:
    """Return Σ max(q (y − f), (q − 1)(y − f)) (Koenker and Bassett 1978)."""
    miss = actual - quantile
    return float(np.maximum(level * miss, (level - 1) * miss).sum())
