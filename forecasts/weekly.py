"""Weeks out of days: the dense weekly history of a sparse daily panel, and sums over windows of weeks."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.history import Array, Codes, History
from forecasts.panel import Panel

WEEKS_IN_YEAR = 52


def weekly_history(panel: Panel, past: Array, future: Array, row: Codes) -> History:
    """Return the panel in whole weeks that end on its origin.

    Parameters
    ----------
    past, future
        Daily multipliers per profile: the origin's day first going back, the next day first going on; as many whole
        weeks as ``past`` has are kept.
    row
        Profile of each series.
    """
    weeks, ahead = past.shape[1] // 7, future.shape[1] // 7
    exposure = np.concatenate([past[:, : 7 * weeks][:, ::-1], future[:, : 7 * ahead]], axis=1)
    observed = np.clip((panel.days_before_origin(panel.series["first_day"]) + 1) // 7, 0, weeks)
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    inside = (age >= 0) & (age // 7 < observed[code])
    cell = code[inside] * weeks + weeks - 1 - age[inside] // 7
    units = panel.demand["qty"].to_numpy(np.float64)[inside]
    demand = np.bincount(cell, units, minlength=len(observed) * weeks).reshape(len(observed), weeks).astype(np.float64)
    demand[np.arange(weeks) < weeks - observed[:, None]] = np.nan
    return History(
        ids=panel.series.index,
        demand=demand,
        bound=_touched(panel, weeks) & np.isfinite(demand),
        categories=panel.series[["family", "region"]].astype(str),
        season=WEEKS_IN_YEAR,
        exposure=exposure.reshape(len(exposure), weeks + ahead, 7).mean(axis=2),
        exposure_of=row,
    )


def _touched(panel: Panel, weeks: int) -> npt.NDArray[np.bool_]:
    """Return the weeks in which any day is censored, shape (series, weeks)."""
    edges = np.zeros((len(panel.series), weeks + 1), dtype=np.int32)
    code = panel.codes(panel.censored["unique_id"])
    first = weeks - 1 - np.clip(panel.days_before_origin(panel.censored["first_day"]) // 7, -1, weeks - 1)
    last = weeks - 1 - np.clip(panel.days_before_origin(panel.censored["last_day"]) // 7, -1, weeks)
    np.add.at(edges, (code, np.clip(first, 0, weeks)), 1)
    np.add.at(edges, (code, np.clip(last + 1, 0, weeks)), -1)
    return edges.cumsum(axis=1)[:, :weeks] > 0


def window_sums(history: History, width: int) -> History:
    """Return the history of sums over ``width`` periods, each column the window that ends there.

    The sum after the last period of the given history is ``width`` steps ahead of the last column. A window with an
    unknown period is unknown, one with a bound is a bound; exposure is the window's mean.
    """
    observed = np.isfinite(history.demand)
    sums = _rolled(np.where(observed, history.demand, 0.0), width)
    sums[_rolled(~observed, width) > 0] = np.nan
    exposure = None if history.exposure is None else _rolled(history.exposure, width) / width
    bound = (_rolled(history.bound, width) > 0) & np.isfinite(sums)
    return replace(history, demand=sums, bound=bound, exposure=exposure)


def _rolled(cells: npt.NDArray[np.generic], width: int) -> Array:
    total = np.concatenate([np.zeros((len(cells), 1)), np.cumsum(cells, axis=1, dtype=np.float64)], axis=1)
    return np.maximum(total[:, width:] - total[:, :-width], 0.0).round(9)


def until(panel: Panel, days: int, rows: npt.ArrayLike) -> Panel:
    """Return the panel as it was ``days`` before its origin, of some series (row numbers)."""
    origin = panel.origin - pd.Timedelta(days=days)
    series = panel.series.iloc[np.asarray(rows, dtype=np.int64)]
    kept = panel.demand["unique_id"].isin(series.index) & (panel.demand["day"] <= origin)
    spans = panel.censored[panel.censored["unique_id"].isin(series.index) & (panel.censored["first_day"] <= origin)]
    spans = spans.assign(last_day=spans["last_day"].where(spans["last_day"] <= origin, origin))
    return Panel(series.drop(columns="expected_per_day"), panel.demand[kept], spans, origin)
