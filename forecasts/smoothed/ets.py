"""ETS with a damped trend and additive errors on smooth weekly movers (statsmodels), as moments of the next weeks.

Weeks are divided by their exposure, so that season and holidays are out of the series and come back with the future's
exposure. Variance of a total over H weeks (Hyndman, Koehler, Ord and Snyder 2008, section 6.6):
σ² Σ_{j=1..H} (1 + Σ_{i=1..H−j} c_i)², c_i = α + β (φ + … + φ^i).
"""

from dataclasses import dataclass

import numpy as np

from forecasts.censoring import usual_demand
from forecasts.distributions.moments import WIDTHS, Moments
from forecasts.engine import engine_for
from forecasts.history import Array, Codes, History
from forecasts.parameters import Parameters

LEVEL_LIMITS = (0.25, 4.0)
"""Range of the path relative to the last quarter's mean: a trend beyond it is believed no further."""
RECENT_WEEKS = 13
FITS_PER_PROPHET = 5
"""ETS fits that take the time of one Prophet fit: processes pay off later."""


@dataclass(frozen=True)
class Task:
    """One series of weekly demand at exposure 1, oldest first."""

    weekly: Array


@dataclass(frozen=True)
class Windows:
    """Mean and variance of the totals over ``WIDTHS`` weeks at exposure 1; ``failure`` says why there are none."""

    mean: Array
    var: Array
    failure: str = ""


def ets_moments(weekly: History, rows: Codes, spent: Array, parameters: Parameters) -> tuple[Moments, dict[int, str]]:
    """Return the moments of these rows, NaN for all others and where a fit failed, and the failures by row.

    ``spent`` (n, widths) is the exposure of the windows in weeks.
    """
    mean, var = np.full((len(weekly), len(WIDTHS)), np.nan), np.full((len(weekly), len(WIDTHS)), np.nan)
    tasks = [Task(series) for series in _filled(usual_demand(weekly, rows))]
    engine = engine_for(len(tasks) / FITS_PER_PROPHET, parameters, parameters.fit_timeout_seconds)
    found = engine.map(fit_windows, tasks, lambda _, why: _failed(why))
    failures = {}
    for row, windows in zip(rows.tolist(), found, strict=True):
        if windows.failure:
            failures[row] = windows.failure
            continue
        scale = spent[row] / np.array(WIDTHS)
        mean[row], var[row] = windows.mean * scale, windows.var * scale**2
    return Moments(mean, var), failures


def _filled(weeks: Array) -> list[Array]:
    """Return each row from its first known week, gaps filled by its mean: ETS knows no missing values."""
    known = np.isfinite(weeks)
    mean = np.where(known, weeks, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    whole = np.where(known, weeks, mean[:, None]).round(6)
    return [series[start:] for series, start in zip(whole, np.argmax(known, axis=1), strict=True)]


def fit_windows(task: Task) -> Windows:
    """Fit ETS(A, Ad, N) and return its windows; a failure is a result with a reason, never an exception of the fit."""
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
            path = np.asarray(fitted.forecast(max(WIDTHS)), dtype=np.float64)
    except (ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
        return _failed(f"ETS failed: {type(error).__name__}")
    variance = float(fitted.mse)
    recent = float(task.weekly[-RECENT_WEEKS:].mean())
    if not (np.isfinite(path).all() and np.isfinite(variance) and recent > 0):
        return _failed("ETS gave numbers that are not finite")
    path = np.clip(path, LEVEL_LIMITS[0] * recent, LEVEL_LIMITS[1] * recent)
    alpha, beta, phi = (
        float(fitted.params[fitted.model.param_names.index(name)])
        for name in ("smoothing_level", "smoothing_trend", "damping_trend")
    )
    mean = np.array([path[:width].sum() for width in WIDTHS])
    var = np.array([variance * window_factor(alpha, beta, phi, width) for width in WIDTHS])
    return Windows(mean.round(6), np.maximum(var, mean).round(6))


def window_factor(alpha: float, beta: float, phi: float, weeks: int) -> float:
    """Return Var(total over ``weeks`` weeks) / σ² of ETS(A, Ad, N)."""
    steps = np.arange(1, weeks)
    c = alpha + beta * np.cumsum(phi**steps)
    return float(((1 + np.concatenate([[0.0], np.cumsum(c)])) ** 2).sum())


def _failed(reason: str) -> Windows:
    return Windows(np.zeros(0), np.zeros(0), reason)
