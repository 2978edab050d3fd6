"""Prophet on aggregates: one fit gives a calendar profile (season, weekday, holidays, warnings) and a trend.

A profile is a handful of named coefficients, so any day can be computed from it: of the history, of the horizon, and of
a later night's horizon too.
"""

import logging
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

LIMITS = (0.05, 6.0)
"""Range of a day's multiplier: outside, a regressor has met days that its history hardly had."""
YEARLY_FROM_DAYS = 730
YEARLY, WEEKLY = (365.25, 10), (7.0, 3)
"""Period [days] and order of the Fourier series, Prophet's own."""
CHANGEPOINTS = 10
TREND_DAYS = 29
"""The slope of the trend is read off its last four weeks."""
HOLIDAY_PRIOR_SCALE = 2.0
WARNING = "warning"
"""Regressor: by what share of demand the warnings in force were said to change it. Its coefficient corrects that."""
WARNING_PRIOR_SCALE = 1.0
LEVEL = "level"
"""Coefficient of every day: brings the season's mean over the history to 1."""
ALGORITHMS = ("LBFGS", "LBFGS", "Newton")
"""Attempts in order: again, for a killed optimiser answers then; Newton where the line search truly fails."""
SETTINGS = (
    LIMITS,
    YEARLY_FROM_DAYS,
    YEARLY,
    WEEKLY,
    CHANGEPOINTS,
    TREND_DAYS,
    HOLIDAY_PRIOR_SCALE,
    WARNING_PRIOR_SCALE,
)
"""What shapes a fit beside its data: a profile fitted with other settings is another profile."""


@dataclass(frozen=True)
class Task:
    """One fit: daily totals, oldest first (NaN where unknown), and the regressors of those days, a column each."""

    label: str
    days: pd.DatetimeIndex
    totals: Array
    regressors: pd.DataFrame
    seed: int
    timeout_seconds: float


@dataclass(frozen=True)
class Profile:
    """Coefficients of a day's season, by name; trend per day as a share of its level; ``failure``: why there are none.

    A season is ``LEVEL`` + the sum of coefficients times ``day_terms``, its mean 1 over the days it was fitted to.
    """

    label: str
    coefficients: dict[str, float]
    trend: float
    failure: str = ""


def day_terms(days: pd.DatetimeIndex, holidays: pd.DataFrame) -> pd.DataFrame:
    """Return what a season is made of, a row per day: Fourier terms as Prophet counts them, and the given columns."""
    since_1970 = (days - pd.Timestamp("1970-01-01")).days.to_numpy(np.float64)
    terms = {LEVEL: np.ones(len(days))}
    for name, (period, order) in {"yearly": YEARLY, "weekly": WEEKLY}.items():
        for number in range(order):
            angle = (number + 1) / period * (2 * np.pi * since_1970)
            terms[f"{name}_{2 * number + 1}"] = np.sin(angle)
            terms[f"{name}_{2 * number + 2}"] = np.cos(angle)
    return pd.concat([pd.DataFrame(terms, index=days), holidays], axis=1)


def season(profile: Profile, terms: pd.DataFrame, warned: Array) -> Array:
    """Return a profile's multiplier of each day of ``terms``, without trend; ``warned`` is the days' ``WARNING``."""
    names = [name for name in profile.coefficients if name != WARNING]
    plain = terms[names].to_numpy() @ np.array([profile.coefficients[name] for name in names])
    return np.asarray(np.clip(plain + profile.coefficients.get(WARNING, 0.0) * warned, *LIMITS))


def fade_trend(profile: Profile, days: int, half_life_days: float, limit: float) -> Array:
    """Return the trend's multiplier of the next ``days``: its slope halves every half-life, its effect is limited."""
    fading = np.cumsum(0.5 ** (np.arange(1, days + 1) / half_life_days))
    return np.clip(1 + profile.trend * fading, 1 / limit, limit)


def fit_profile(task: Task) -> Profile:
    """Fit Prophet to daily totals and return the profile, rounded to 6 decimals; a bad fit is a result, not raised."""
    failure = ""
    for algorithm in ALGORITHMS:
        try:
            effects, trend = _fit(task, algorithm)
        except TimeoutError:
            return Profile(task.label, {}, 0.0, f"Prophet found no answer within {task.timeout_seconds:g} seconds")
        except (RuntimeError, ValueError, OSError, np.linalg.LinAlgError) as error:
            failure = f"Prophet failed: {type(error).__name__}"
            continue
        if np.isfinite([*effects.values(), trend]).all():
            return _as_profile(task, effects, trend)
        failure = "Prophet gave numbers that are not finite"
    return Profile(task.label, {}, 0.0, failure)


def _as_profile(task: Task, effects: dict[str, float], trend: float) -> Profile:
    """Return the profile of Prophet's multiplicative effects, scaled so that its season has mean 1 without warnings."""
    raw = Profile(task.label, {LEVEL: 1.0, **effects}, trend)
    mean = season(raw, day_terms(task.days, task.regressors), np.zeros(len(task.days))).mean()
    return Profile(task.label, {name: round(c / mean, 6) for name, c in raw.coefficients.items()}, round(trend, 9))


def _import_prophet() -> ModuleType:
    """Import Prophet (three seconds, hence here) and silence it and its optimiser: a failed fit is a value here."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # "Importing plotly failed": it is not wanted
    import prophet
    from cmdstanpy.utils import get_logger

    get_logger().setLevel(logging.CRITICAL)  # after its first call, which sets a level of its own
    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    return prophet


def _fit(task: Task, algorithm: str) -> tuple[dict[str, float], float]:
    """Return Prophet's multiplicative effects by the names of ``day_terms``, and its trend per day at the end."""
    model = _import_prophet().Prophet(
        growth="linear",
        n_changepoints=CHANGEPOINTS,
        yearly_seasonality=YEARLY[1] if len(task.days) > YEARLY_FROM_DAYS else False,
        weekly_seasonality=WEEKLY[1],
        daily_seasonality=False,
        seasonality_mode="multiplicative",
        uncertainty_samples=0,
    )
    for name in task.regressors.columns:
        scale = WARNING_PRIOR_SCALE if name == WARNING else HOLIDAY_PRIOR_SCALE
        model.add_regressor(name, prior_scale=scale, standardize=False, mode="multiplicative")
    # Killed or failed, the optimiser would silently hand over to another algorithm: rather fail and fit again.
    model.stan_backend.set_options(newton_fallback=False)
    frame = task.regressors.reset_index(drop=True).assign(ds=task.days, y=task.totals)
    model.fit(frame, seed=task.seed, algorithm=algorithm, timeout=task.timeout_seconds)
    columns = model.make_all_seasonality_features(model.history.iloc[:1])[0].columns
    effects = dict(zip(columns.str.replace("_delim_", "_"), model.params["beta"][0].tolist(), strict=True))
    trend, days = np.asarray(model.predict_trend(model.history)), model.history["ds"]
    back = min(TREND_DAYS, len(trend)) - 1
    slope = (trend[-1] - trend[-1 - back]) / (days.iloc[-1] - days.iloc[-1 - back]).days
    return effects, float(slope / max(trend[-1], 1e-9))
