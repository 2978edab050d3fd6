"""Demand classes by how often and how evenly a series sells (Syntetos, Boylan and Croston 2005)."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.history import History

ADI_CUT_OFF = 1.32
CV2_CUT_OFF = 0.49
NAMES = ("smooth", "erratic", "intermittent", "lumpy")


def classify(history: History, new_periods: int) -> pd.DataFrame:
    """Classify every series of a history.

    Returns
    -------
    pandas.DataFrame
        Index ``unique_id``; ``demand_class`` (``smooth``, ``erratic``, ``intermittent``, ``lumpy``; ``new`` if observed
        for fewer than ``new_periods``, ``none`` without any demand), ``adi`` [periods from one with demand to the next]
        and ``cv2`` [squared coefficient of variation of the demand of those], both NaN without demand.
    """
    observed = np.isfinite(history.demand)
    units = np.where(observed, history.demand, 0.0)
    active, total, squares = (units > 0).sum(axis=1), units.sum(axis=1), (units**2).sum(axis=1)
    some, unknown = active > 0, np.full(len(history), np.nan)
    adi = np.divide(observed.sum(axis=1), active, out=unknown.copy(), where=some)
    cv2 = np.divide(squares * active, total**2, out=unknown.copy(), where=some) - 1
    named = np.where(observed.sum(axis=1) < new_periods, "new", np.where(some, _names(adi, cv2), "none"))
    columns = {"demand_class": named.astype(object), "adi": adi.round(6), "cv2": np.maximum(cv2, 0.0).round(6)}
    return pd.DataFrame(columns, index=pd.Index(history.ids, name="unique_id"))


def _names(adi: npt.NDArray[np.float64], cv2: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Return the quadrant of each series; NaN lands anywhere and is overwritten by the caller."""
    return np.array(NAMES)[2 * (adi >= ADI_CUT_OFF) + (cv2 >= CV2_CUT_OFF)]
