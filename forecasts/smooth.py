"""ETS with a damped trend and additive errors on smooth weekly movers, as mean path, noise and level uncertainty.

Weeks end at the origin and are divided by their exposure, so that season and holidays are out of the series and come
back with the future's exposure. Variance of a total over H weeks (Hyndman, Koehler, Ord and Snyder 2008, section 6.6):
σ² Σ_{j=1..H} (1 + Σ_{i=1..H−j} c_i)², c_i = α + β (φ + … + φ^i).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.processes import map_in_processes

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MATCHED_WEEKS = 13
"""Window whose variance the noise and the level uncertainty reproduce together: about a lead time plus review."""
LEVEL_LIMITS = (0.25, 4.0)
"""Range of the path relative to the last quarter's mean: a trend beyond it is believed no further."""
FITS_PER_PROPHET = 5
"""ETS fits that take the time of one Prophet fit: processes pay off later."""


@dataclass(frozen=True)
class Task:
    """One series of weekly demand at exposure 7 days a week, oldest first."""

    weekly: Array
    horizon_weeks: int


@dataclass(frozen=True)
class Path:
    """Mean per week ahead, noise variance / mean, squared CV of the level; ``failure`` says why there is none."""

    weekly_mean: Array
    dispersion: float
    level_cv2: float
    failure: str = ""


def fit_smooth(panel: Panel, multipliers: Array, row: Codes, parameters: Parameters) -> dict[int, Path]:
    """Fit the smooth movers and return a path by row number of the series; failures are among them, with reason.

    ``multipliers`` has one row per profile, the origin's day first; ``row`` gives each series its profile.
    """
    chosen, weekly, observed = _smooth_movers(panel, multipliers, row, parameters)
    weeks_ahead = -(-parameters.horizon_days // 7)
    tasks = [Task(weekly[i, : observed[i]][::-1].round(6), weeks_ahead) for i in range(len(chosen))]
    workers = parameters.workers if len(tasks) >= FITS_PER_PROPHET * parameters.parallel_from else 1
    paths = map_in_processes(fit_path, tasks, workers, parameters.fit_timeout_seconds)
    return dict(zip(chosen.tolist(), paths, strict=True))


def _smooth_movers(panel: Panel, multipliers: Array, row: Codes, parameters: Parameters) -> tuple[Codes, Array, Codes]:
    """Return the series to fit, their exposure-adjusted weeks (youngest first) and how many weeks each was observed."""
    n_weeks = multipliers.shape[1] // 7
    observed = np.clip((panel.days_before_origin(panel.series["first_day"]) + 1) // 7, 0, n_weeks)
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    qty = panel.demand["qty"].to_numpy(np.float64)
    inside = (age >= 0) & (age // 7 < observed[code])
    code, week, qty = code[inside], age[inside] // 7, qty[inside]
    mean = np.bincount(code, qty, minlength=len(observed)) / np.maximum(observed, 1)
    eligible = np.flatnonzero((observed >= parameters.ets_min_weeks) & (mean >= parameters.ets_min_weekly_mean))
    place = np.full(len(observed), -1)
    place[eligible] = np.arange(len(eligible))
    mine = place[code] >= 0
    weekly = np.bincount(place[code[mine]] * n_weeks + week[mine], qty[mine], minlength=len(eligible) * n_weeks)
    weekly = weekly.reshape(len(eligible), n_weeks)
    within = np.arange(n_weeks) < observed[eligible, None]
    zeros = ((weekly == 0) & within).sum(axis=1) / np.maximum(observed[eligible], 1)
    keep = np.flatnonzero(zeros <= parameters.ets_max_zero_share)
    ranked = keep[np.argsort(-mean[eligible[keep]], kind="stable")][: parameters.ets_max_series]
    keep = np.sort(ranked)
    exposure = multipliers[:, : 7 * n_weeks].reshape(len(multipliers), n_weeks, 7).mean(axis=2)
    chosen = eligible[keep]
    adjusted = weekly[keep] / exposure[row[chosen]]
    return chosen, _lift_censored(panel, chosen, adjusted), observed[chosen]


def _lift_censored(panel: Panel, chosen: Codes, weekly: Array) -> Array:
    """Raise censored weeks to the mean of the others: ETS knows no missing values, and a lower bound is no value."""
    code = panel.codes(panel.censored["unique_id"])
    place = np.full(len(panel.series), -1)
    place[chosen] = np.arange(len(chosen))
    mine = place[code] >= 0
    if not mine.any():
        return weekly
    oldest = panel.days_before_origin(panel.censored["first_day"])[mine] // 7
    youngest = panel.days_before_origin(panel.censored["last_day"])[mine] // 7
    n_weeks = weekly.shape[1]
    edges = np.zeros((len(chosen), n_weeks + 1))
    np.add.at(edges, (place[code[mine]], np.clip(youngest, 0, n_weeks)), 1)
    np.add.at(edges, (place[code[mine]], np.clip(oldest + 1, 0, n_weeks)), -1)
    censored = edges.cumsum(axis=1)[:, :n_weeks] > 0
    known = np.where(censored, np.nan, weekly)
    with np.errstate(invalid="ignore"):
        mean = np.nansum(known, axis=1) / np.maximum((~censored).sum(axis=1), 1)
    return np.where(censored, np.maximum(weekly, mean[:, None]), weekly)


def fit_path(task: Task) -> Path:
    """Fit ETS(A, Ad, N) and return its path; a failure is a path with a reason, never an exception of the fit."""
    import warnings

    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    # Heuristic first states: three parameters instead of five, a third of the time, the same level at the end.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            fitted = ETSModel(
                task.weekly, error="add", trend="add", damped_trend=True, initialization_method="heuristic"
            ).fit(disp=False)
            mean = np.asarray(fitted.forecast(task.horizon_weeks), dtype=np.float64)
    except (ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
        return _failed(f"ETS failed: {type(error).__name__}")
    variance = float(fitted.mse)
    recent = float(task.weekly[-MATCHED_WEEKS:].mean())
    if not (np.isfinite(mean).all() and np.isfinite(variance) and recent > 0):
        return _failed("ETS gave numbers that are not finite")
    mean = np.clip(mean, LEVEL_LIMITS[0] * recent, LEVEL_LIMITS[1] * recent)
    alpha, beta, phi = (
        float(fitted.params[fitted.model.param_names.index(name)])
        for name in ("smoothing_level", "smoothing_trend", "damping_trend")
    )
    return _as_path(mean, variance, window_factor(alpha, beta, phi, MATCHED_WEEKS))


def window_factor(alpha: float, beta: float, phi: float, weeks: int) -> float:
    """Return Var(total over ``weeks`` weeks) / σ² of ETS(A, Ad, N)."""
    steps = np.arange(1, weeks)
    c = alpha + beta * np.cumsum(phi**steps)
    return float(((1 + np.concatenate([[0.0], np.cumsum(c)])) ** 2).sum())


def _as_path(mean: Array, variance: float, factor: float) -> Path:
    """Split the variance into noise proportional to the mean and a level uncertainty common to all weeks."""
    weeks = min(MATCHED_WEEKS, len(mean))
    dispersion = max(1.0, variance / float(mean[:weeks].mean()))
    total = float(mean[:weeks].sum())
    level = max(0.0, variance * factor - dispersion * total) / total**2
    return Path(mean.round(6), round(dispersion, 6), round(level, 6))


def _failed(reason: str) -> Path:
    return Path(np.zeros(0), 1.0, 0.0, reason)
