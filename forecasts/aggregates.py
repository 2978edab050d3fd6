"""Prophet on aggregates: one fit gives a calendar profile (season, weekday, holidays) and a faded trend."""

import logging
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.calendar import FEATURES

Array = npt.NDArray[np.float64]

LIMITS = (0.05, 6.0)
"""Range of a day's multiplier: outside, a regressor has met days that its history hardly had."""
YEARLY_FROM_DAYS = 730
CHANGEPOINTS = 10
HOLIDAY_PRIOR_SCALE = 2.0
ALGORITHMS = ("LBFGS", "LBFGS", "Newton")
"""Attempts in order: again, for a killed optimiser answers then; Newton where the line search truly fails."""


@dataclass(frozen=True)
class Task:
    """One fit: daily totals, oldest first (NaN where nothing was observed), and the features of history and horizon."""

    label: str
    days: pd.DatetimeIndex
    totals: Array
    features: Array
    horizon_days: int
    trend_half_life_days: float
    trend_limit: float
    seed: int


@dataclass(frozen=True)
class Profile:
    """Multipliers of the history's days, mean 1, then of the horizon's; ``failure`` says why there are none."""

    label: str
    multipliers: Array
    failure: str = ""


def fit_profile(task: Task) -> Profile:
    """Fit Prophet to daily totals and return the profile, rounded to 6 decimals; a bad fit is a result, not raised."""
    failure = ""
    for algorithm in ALGORITHMS:
        try:
            season, trend = _fit(task, algorithm)
        except (RuntimeError, ValueError, OSError, np.linalg.LinAlgError) as error:
            failure = f"Prophet failed: {type(error).__name__}"
            continue
        multipliers = combine(season, trend, task)
        if np.isfinite(multipliers).all():
            return Profile(task.label, multipliers)
        failure = "Prophet gave numbers that are not finite"
    return Profile(task.label, np.zeros(0), failure)


def combine(season: Array, trend: Array, task: Task) -> Array:
    """Return season x trend as multipliers.

    The history carries the season alone: levels are the count model's, which forgets. The horizon also carries the
    trend relative to the origin, its slope halving every ``trend_half_life_days`` and its total effect limited.
    """
    known = len(task.days)
    season = np.clip(season, *LIMITS)
    season = season / season[:known].mean()
    slope = (trend[known - 1] - trend[max(known - 29, 0)]) / (min(known, 29) - 1) if known > 1 else 0.0
    level = max(trend[known - 1], 1e-9)
    fading = np.cumsum(0.5 ** (np.arange(1, task.horizon_days + 1) / task.trend_half_life_days))
    growth = np.clip(1 + slope / level * fading, 1 / task.trend_limit, task.trend_limit)
    return np.clip(np.concatenate([season[:known], season[known:] * growth]), *LIMITS).round(6)


def _import_prophet() -> ModuleType:
    """Import Prophet (three seconds, hence here) and silence it and its optimiser: a failed fit is a value here."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # "Importing plotly failed": it is not wanted
    import prophet
    from cmdstanpy.utils import get_logger

    get_logger().setLevel(logging.CRITICAL)  # after its first call, which sets a level of its own
    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    return prophet


def _fit(task: Task, algorithm: str) -> tuple[Array, Array]:
    """Return Prophet's multiplicative season and its trend over history and horizon."""
    prophet = _import_prophet()
    known = len(task.days)
    features = pd.DataFrame(task.features, columns=list(FEATURES))
    used = [name for name in FEATURES if features[name].iloc[:known].any()]
    model = prophet.Prophet(
        growth="linear",
        n_changepoints=CHANGEPOINTS,
        yearly_seasonality=known > YEARLY_FROM_DAYS,
        weekly_seasonality=True,
        daily_seasonality=False,
        seasonality_mode="multiplicative",
        uncertainty_samples=0,
    )
    for name in used:
        model.add_regressor(name, prior_scale=HOLIDAY_PRIOR_SCALE, standardize=False, mode="multiplicative")
    # Killed or failed, the optimiser would silently hand over to another algorithm: rather fail and fit again.
    model.stan_backend.set_options(newton_fallback=False)
    days = pd.date_range(task.days[0], periods=known + task.horizon_days, freq="D")
    frame = pd.concat([pd.DataFrame({"ds": days}), features[used]], axis=1)
    model.fit(frame.iloc[:known].assign(y=task.totals), seed=task.seed, algorithm=algorithm)
    predicted = model.predict(frame)
    return 1 + predicted["multiplicative_terms"].to_numpy(np.float64), predicted["trend"].to_numpy(np.float64)
