"""Demand classes by how often and how evenly a series sells (Syntetos, Boylan and Croston 2005)."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.panel import Panel

ADI_CUT_OFF = 1.32
CV2_CUT_OFF = 0.49
NAMES = ("smooth", "erratic", "intermittent", "lumpy")


def classify(panel: Panel, history_days: int, new_part_days: int) -> pd.DataFrame:
    """Classify every series on the weeks back from the origin.

    Returns
    -------
    pandas.DataFrame
        Index as ``panel.series``; ``demand_class`` (``smooth``, ``erratic``, ``intermittent``, ``lumpy``; ``new`` when
        observed for fewer than ``new_part_days`` days, ``none`` without any demand), ``adi`` [weeks between weeks with
        demand], ``cv2`` [squared coefficient of variation of the demand of those weeks], both NaN without demand, and
        ``observed_days``.
    """
    n_series = len(panel.series)
    observed = np.clip(panel.days_before_origin(panel.series["first_day"]) + 1, 0, history_days)
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    inside = (age >= 0) & (age < observed[code])
    code, age, qty = code[inside], age[inside], panel.demand["qty"].to_numpy(np.float64)[inside]
    weeks = history_days // 7 + 1
    cells, place = np.unique(code * weeks + age // 7, return_inverse=True)
    weekly = np.bincount(place, qty, minlength=len(cells))
    of = cells // weeks
    active = np.bincount(of, minlength=n_series).astype(np.float64)
    total, squares = np.bincount(of, weekly, minlength=n_series), np.bincount(of, weekly**2, minlength=n_series)
    some = active > 0
    unknown = np.full(n_series, np.nan)
    adi = np.divide(np.maximum(observed / 7, active), active, out=unknown.copy(), where=some)
    cv2 = np.divide(squares * active, total**2, out=unknown.copy(), where=some) - 1
    named = _names(adi, cv2)
    named = np.where(some, named, "none")
    named = np.where(observed < new_part_days, "new", named)
    columns = {
        "demand_class": named,
        "adi": adi.round(6),
        "cv2": np.maximum(cv2, 0.0).round(6),
        "observed_days": observed,
    }
    return pd.DataFrame(columns, index=panel.series.index)


def _names(adi: npt.NDArray[np.float64], cv2: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Return the quadrant of each series; NaN lands anywhere and is overwritten by the caller."""
    return np.array(NAMES)[2 * (adi >= ADI_CUT_OFF) + (cv2 >= CV2_CUT_OFF)]
