"""The Chinese calendar that forecasts see: festivals, official days off, make-up workdays, and how far it is verified.

The days stand in ``china_calendar.csv``, explicit and complete from 2015 to 2028: up to ``VERIFIED_THROUGH`` as the
State Council announced them, beyond it what the law and the lunar calendar fix (no make-up workdays: nobody knows
them yet). Libraries that invent the next year silently are the reason for this file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

VERIFIED_THROUGH = pd.Timestamp("2026-12-31")

SPRING_WINDOWS = {"spring_before": (-14, -2), "spring_stop": (-1, 6), "spring_rebound": (7, 20)}
"""Days relative to the lunar New Year, both ends in: stocking up, the standstill from its eve, the catching up."""
NATIONAL_WEEK = (0, 6)
FEATURES = (*SPRING_WINDOWS, "national_week", "other_holiday", "makeup_workday")


@dataclass(frozen=True)
class Calendar:
    """Holidays by day.

    ``holidays`` has the columns ``day`` (midnight), ``kind`` (``festival`` the festival itself, ``off`` an official
    day off, ``workday`` a weekend day worked instead) and ``name``. ``verified_through`` is the last day for which
    days off and make-up workdays are known; every figure for a later day is provisional.
    """

    holidays: pd.DataFrame
    verified_through: pd.Timestamp

    @classmethod
    def china(cls, years: Iterable[int] | None = None) -> "Calendar":
        """Return the calendar of China, of those years or all; ``ValueError`` naming a year that the file lacks."""
        with resources.files("forecasts.profiles").joinpath("china_calendar.csv").open(encoding="utf-8") as file:
            holidays = pd.read_csv(file, parse_dates=["day"])
        if years is not None:
            wanted = set(years)
            absent = sorted(wanted - set(holidays["day"].dt.year))
            if absent:
                raise ValueError(f"china_calendar.csv has no year {absent[0]}: add its days before planning with it")
            holidays = holidays[holidays["day"].dt.year.isin(wanted)].reset_index(drop=True)
        return cls(holidays, VERIFIED_THROUGH)

    def features(self, days: pd.DatetimeIndex) -> pd.DataFrame:
        """Return 0/1 regressors of each day: index ``days``, columns ``FEATURES``."""
        of = self.holidays.groupby(["kind", "name"])["day"]
        dates = {key: pd.DatetimeIndex(group) for key, group in of}
        none = pd.DatetimeIndex([])
        spring = dates.get(("festival", "spring_festival"), none)
        found = {name: _in_window(days, spring, window) for name, window in SPRING_WINDOWS.items()}
        found["national_week"] = _in_window(days, dates.get(("festival", "national_day"), none), NATIONAL_WEEK)
        large = found["spring_stop"] | found["national_week"]
        found["other_holiday"] = days.isin(self._days("off")) & ~large
        found["makeup_workday"] = days.isin(self._days("workday"))
        return pd.DataFrame(found, index=days)[list(FEATURES)].astype(np.float64)

    def is_working(self, days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
        """Return whether each day is worked: weekdays and make-up workdays that are no official day off."""
        weekday = np.asarray(days.dayofweek < 5)
        return (weekday & ~days.isin(self._days("off"))) | days.isin(self._days("workday"))

    def is_provisional(self, days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
        """Return whether each day lies past the verified end."""
        return np.asarray(days > self.verified_through)

    def _days(self, kind: str) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.holidays.loc[self.holidays["kind"] == kind, "day"])


def _in_window(days: pd.DatetimeIndex, festivals: pd.DatetimeIndex, window: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return whether each day lies within ``window`` days of one of the festivals."""
    offsets = pd.to_timedelta(np.arange(window[0], window[1] + 1), unit="D").to_numpy()
    near = (festivals.to_numpy()[:, None] + offsets).ravel()
    return days.isin(near)
