"""How demand and carriers move through the year: weekday, season, Spring Festival, National Day, a growing fleet."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from vmi.sample.parameters import SampleParameters

LUNAR_NEW_YEARS = (
    *(date(2018, 2, 16), date(2019, 2, 5), date(2020, 1, 25), date(2021, 2, 12), date(2022, 2, 1), date(2023, 1, 22)),
    *(date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13)),
    *(date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11)),
)
# Saturdays and Sundays worked to bridge a holiday: a centre that is open repairs cars.
MAKE_UP_WORKDAYS = (
    *("2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12"),
    *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28"),
    *("2026-05-09", "2026-09-20", "2026-10-10"),
)

CLIMATES = ("neutral", "hot", "cold")
WEEKDAY_FACTORS = np.array([1.15, 1.10, 1.05, 1.00, 1.05, 0.92, 0.73])
FLEET_GROWTH_PER_YEAR = 0.22
# Days from lunar new year, first and last, and what demand does there: checks before the journey home, the silence,
# the rebound.
FESTIVAL_SPANS = ((-14, -4, 1.18), (-3, -1, 0.55), (0, 6, 0.22), (7, 16, 1.28))
NATIONAL_DAY_FACTOR = 0.70


def history_days(parameters: SampleParameters) -> pd.DatetimeIndex:
    """Return the days of the history, the last one ``as_of``."""
    return pd.date_range(end=pd.Timestamp(parameters.as_of), periods=parameters.days, freq="D")


def _festival_factors(days: pd.DatetimeIndex) -> np.ndarray:
    factors = np.ones(len(days))
    for new_year in LUNAR_NEW_YEARS:
        offset = (days - pd.Timestamp(new_year)).days.to_numpy()
        for first, last, factor in FESTIVAL_SPANS:
            factors[(offset >= first) & (offset <= last)] *= factor
    factors[(days.month == 10) & (days.day <= 7)] *= NATIONAL_DAY_FACTOR
    return factors


def _weekday_factors(days: pd.DatetimeIndex) -> np.ndarray:
    factors = WEEKDAY_FACTORS[days.weekday.to_numpy()].copy()
    factors[days.isin(pd.DatetimeIndex(MAKE_UP_WORKDAYS))] = WEEKDAY_FACTORS[3]
    return factors


def _season(days: pd.DatetimeIndex, climate: str) -> np.ndarray:
    """Air conditioning peaks in late July, heating and batteries in mid January."""
    peak, height = {"neutral": (15, 0.05), "hot": (205, 0.75), "cold": (15, 0.60)}[climate]
    angle = 2 * np.pi * (days.dayofyear.to_numpy() - peak) / 365.25
    return np.exp(height * np.cos(angle))


def day_factors(days: pd.DatetimeIndex) -> np.ndarray:
    """Return demand factors, climate x day, whose mean over the days is 1 in every climate."""
    age = np.arange(len(days)) / 365.25
    common = _festival_factors(days) * _weekday_factors(days) * np.exp(FLEET_GROWTH_PER_YEAR * age)
    factors = np.stack([common * _season(days, climate) for climate in CLIMATES])
    return factors / factors.mean(axis=1, keepdims=True)


def carrier_stops(parameters: SampleParameters) -> list[tuple[date, date, str]]:
    """Return the carriers' closures (first day, last day, reason) from the history's start to half a year ahead."""
    first = parameters.as_of - timedelta(days=parameters.days - 1)
    last = parameters.as_of + timedelta(days=183)
    stops = [(d - timedelta(days=1), d + timedelta(days=2), "春节承运商停运") for d in LUNAR_NEW_YEARS]
    stops += [(date(y, 10, 1), date(y, 10, 2), "国庆节承运商停运") for y in range(first.year, last.year + 1)]
    return sorted(stop for stop in stops if stop[0] >= first and stop[1] <= last)


def next_open_day(parameters: SampleParameters) -> np.ndarray:
    """Return, for each day of the history and 60 more, the first day from it on that carriers pick up (day numbers)."""
    first = parameters.as_of - timedelta(days=parameters.days - 1)
    found = np.arange(parameters.days + 60)
    for start, end, _ in reversed(carrier_stops(parameters)):
        closed = slice((start - first).days, (end - first).days + 1)
        found[closed] = (end - first).days + 1
    return found
