"""Periods that follow one another: days, weeks from Monday, months."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Frequency = Literal["D", "W-MON", "MS"]
SEASONS: dict[str, int] = {"D": 7, "W-MON": 52, "MS": 12}
"""Periods after which a season comes back: days have their week here, their year is the nightly forecast's matter."""
YEARS: dict[str, float] = {"D": 365.25, "W-MON": 52.0, "MS": 12.0}
"""Periods in a year."""
NAMES: dict[str, str] = {"D": "days", "W-MON": "weeks", "MS": "months"}

_MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""


def period_of(days: npt.NDArray[np.datetime64], freq: Frequency) -> npt.NDArray[np.int64]:
    """Return the number of the period of each day, counted from that of 1970-01-01."""
    if freq == "MS":
        return days.astype("datetime64[M]").astype(np.int64)
    ordinal = days.astype("datetime64[D]").astype(np.int64)
    return (ordinal + _MONDAY) // 7 if freq == "W-MON" else ordinal


def first_days(period: npt.ArrayLike, freq: Frequency) -> npt.NDArray[np.datetime64]:
    """Return the day on which each period begins."""
    number = np.asarray(period, dtype=np.int64)
    if freq == "MS":
        return number.astype("datetime64[M]").astype("datetime64[D]")
    return (7 * number - _MONDAY if freq == "W-MON" else number).astype("datetime64[D]")


@dataclass(frozen=True)
class Axis:
    """The ``periods`` of a history, the first being number ``first``, and the ``horizon`` after them."""

    first: int
    periods: int
    horizon: int
    freq: Frequency

    def begin(self, step: int) -> pd.Timestamp:
        """Return the day on which the history's period ``step`` (from 0) begins."""
        return pd.Timestamp(first_days([self.first + step], self.freq)[0])
