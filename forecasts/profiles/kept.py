"""Profiles kept between nights: the plain frame they travel in, and which of them still hold tonight.

A profile is fitted again when its turn has come (each label has a night of its own in every ``profile_refit_days``, so
that not all fall on one night) and at once when it would be another fit: other settings, calendar or library, another
set of regressors, or a history that is not the one it was fitted to. What cannot be read is fitted again too.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.profiles.aggregates import LEVEL, SETTINGS, WARNING, Profile
from forecasts.profiles.calendar import Calendar

Array = npt.NDArray[np.float64]
Label = tuple[str, str | None, str | None]
"""A kind of total (``group``, ``family``, ``region``, ``all``), its family and its region; None where it spans them."""

EVERYTHING: Label = ("all", None, None)
NAMED = {"group": (True, True), "family": (True, False), "region": (False, True), "all": (False, False)}
"""Whether a kind of label names a family and a region."""
PROFILES = ("kind", "family", "region", "fitted_on", "first_day", "fingerprint", "trend", "coefficients", "months")
"""Columns of the frame of profiles: label (``""`` where it spans families or regions), the last and the first day of
the history it was fitted to, what it was fitted with, the trend per day as a share of the level, and as JSON objects
the coefficients by name and the order lines of the history by month."""
HISTORY_TOLERANCE = 0.05
"""Share of order lines that may have come late or been cancelled since: more is another history."""


@dataclass(frozen=True)
class History:
    """What a label's profile is fitted to: its first and last day and order lines by month (``2026-11``)."""

    first_day: pd.Timestamp
    last_day: pd.Timestamp
    months: dict[str, int]


@dataclass(frozen=True)
class Fitted:
    """A profile, the history it was fitted to (``last_day``: the night of the fit) and what it was fitted with."""

    profile: Profile
    history: History
    fingerprint: str


def fitting(calendar: Calendar, seed: int) -> str:
    """Return all that shapes every fit beside its data, as text."""
    holidays = calendar.holidays.sort_values(["day", "kind", "name"])[["day", "kind", "name"]].to_csv(index=False)
    days = hashlib.sha256(holidays.encode()).hexdigest()
    return f"{SETTINGS} {seed} prophet {version('prophet')} {calendar.verified_through:%Y-%m-%d} {days}"


def fingerprint(shape: str, regressors: Iterable[str], yearly: bool) -> str:
    """Return the hash of what a profile is fitted with: ``fitting``'s text, its regressors, a yearly season or none."""
    return hashlib.sha256(f"{shape} {yearly} {' '.join(regressors)}".encode()).hexdigest()


def history_of(days: pd.DatetimeIndex, lines: Array) -> History:
    """Return the history of daily order lines."""
    months = pd.Series(lines).groupby(days.strftime("%Y-%m")).sum().round().astype(np.int64)
    return History(days[0], days[-1], {str(month): int(count) for month, count in months.items()})


def is_due(label: Label, fitted_on: pd.Timestamp, tonight: pd.Timestamp, refit_days: int) -> bool:
    """Return whether one of the label's own nights has come since ``fitted_on``."""
    slot = int(hashlib.sha256(str(label).encode()).hexdigest()[:8], 16) % refit_days
    then, now = ((day - pd.Timestamp("1970-01-01")).days - slot for day in (fitted_on, tonight))
    return now // refit_days > then // refit_days


def is_same_history(kept: History, days: pd.DatetimeIndex, lines: Array) -> bool:
    """Return whether tonight's history, oldest day first, goes on from ``kept``: not shortened, extended or rewritten.

    The oldest days may have left it, one for each night since; order lines may differ within ``HISTORY_TOLERANCE``.
    """
    nights = days[-1] - kept.last_day
    if not kept.first_day <= days[0] <= kept.first_day + nights or kept.last_day < days[0]:
        return False
    seen = days <= kept.last_day
    now = history_of(days[seen], lines[seen]).months
    # The oldest month may have lost days.
    whole = [m for m in sorted({*now, *kept.months}) if m > f"{days[0]:%Y-%m}" or days[0] == kept.first_day]
    differing = sum(abs(now.get(m, 0) - kept.months.get(m, 0)) for m in whole)
    return differing <= HISTORY_TOLERANCE * sum(kept.months.get(m, 0) for m in whole)


def as_frame(fitted: Mapping[Label, Fitted]) -> pd.DataFrame:
    """Return profiles as a frame of ``PROFILES``, sorted by label; what it holds is plain and may be stored."""
    rows = [
        {
            "kind": label[0],
            "family": label[1] or "",
            "region": label[2] or "",
            "fitted_on": one.history.last_day,
            "first_day": one.history.first_day,
            "fingerprint": one.fingerprint,
            "trend": one.profile.trend,
            "coefficients": json.dumps(one.profile.coefficients),
            "months": json.dumps(one.history.months),
        }
        for label, one in sorted(fitted.items(), key=lambda item: str(item[0]))
    ]
    frame = pd.DataFrame(rows, columns=list(PROFILES))
    return frame.astype({"fitted_on": "datetime64[ns]", "first_day": "datetime64[ns]", "trend": "float64"})


def from_frame(kept: pd.DataFrame | None, tonight: pd.Timestamp, terms: set[str]) -> dict[Label, Fitted]:
    """Return the profiles of a frame that were fitted before ``tonight`` and can be read.

    ``terms`` are the names that coefficients may have.
    """
    if kept is None or not set(PROFILES) <= set(kept.columns):
        return {}
    known = terms | {WARNING}
    read = [_read(row, known) for row in kept[list(PROFILES)].to_dict("records")]
    return {label: one for label, one in filter(None, read) if one.history.last_day < tonight}


def _read(row: dict[Any, Any], known: set[str]) -> tuple[Label, Fitted] | None:
    """Return a row's label and profile, None if it makes no sense."""
    try:
        names = NAMED[row["kind"]]
        label: Label = (row["kind"], row["family"] if names[0] else None, row["region"] if names[1] else None)
        coefficients = {str(name): float(value) for name, value in json.loads(row["coefficients"]).items()}
        months = {str(month): int(count) for month, count in json.loads(row["months"]).items()}
        profile = Profile(str(label), coefficients, float(row["trend"]))
        history = History(pd.Timestamp(row["first_day"]), pd.Timestamp(row["fitted_on"]), months)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    sound = LEVEL in coefficients and set(coefficients) <= known and history.first_day <= history.last_day
    finite = all(map(math.isfinite, [*coefficients.values(), profile.trend]))
    return (label, Fitted(profile, history, str(row["fingerprint"]))) if sound and finite else None
