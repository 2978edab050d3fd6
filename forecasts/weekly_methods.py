"""What every method of the night says of the next weeks.

The pooled count models speak of every series, smoothing of the fast ones alone: ETS by statsmodels, and structural
models weighed by their likelihood.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from forecasts.censoring import LEAST_EXPOSURE, usual_demand
from forecasts.counted.pooled import gather_evidence, learn_rates, pool_codes
from forecasts.distributions.moments import WIDTHS, Moments
from forecasts.history import Array, History
from forecasts.methods import SIMPLEST
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.smoothed.ets import ets_moments
from forecasts.smoothed.structural import fit_smooth
from forecasts.windows import threshold_moments

HALF_LIVES = {SIMPLEST: 1.0, "gamma_poisson_short": 1 / 3}
"""Factors on the configured half-life; the first method is the one to fall back to."""
FAST_METHODS = ("ets", "structural")
Failures = dict[int, str]
"""Why a method has nothing to say, by row of the series."""
FEWEST_WEEKS = 3 * max(WIDTHS)
"""Weeks of history below which thresholds are not learned, nor methods tried: a quarter to look back on, one that
follows, and one of origins between them."""


def is_fast(weekly: History, parameters: Parameters) -> npt.NDArray[np.bool_]:
    """Return which series are smooth, fast movers, from the year before the origin."""
    year = weekly.demand[:, -min(52, weekly.periods) :]
    known = np.isfinite(year)
    weeks = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, year, 0.0).sum(axis=1) / weeks
    zeros = (known & (year == 0)).sum(axis=1) / weeks
    enough = np.isfinite(weekly.demand).sum(axis=1) >= parameters.ets_min_weeks
    fast = enough & (mean >= parameters.ets_min_weekly_mean) & (zeros <= parameters.ets_max_zero_share)
    ranked = np.flatnonzero(fast)[np.argsort(-mean[fast], kind="stable")][: parameters.ets_max_series]
    return np.isin(np.arange(len(weekly)), ranked)


def weekly_parts(
    panel: Panel, weekly: History, past: Array, future: Array, fast: npt.NDArray[np.bool_], parameters: Parameters
) -> tuple[Mapping[str, Moments], Mapping[str, Failures]]:
    """Return what every method says, NaN where it does not speak of a series, and the reasons of failed fits.

    ``past`` and ``future`` are daily multipliers per profile, youngest and next day first; ``fast`` marks the series
    that are smoothed too.
    """
    row = weekly.exposure_of if weekly.exposure_of is not None else np.zeros(len(weekly), dtype=np.int64)
    spent = spoken_exposure(future)[row]
    parts = _counted(panel, past, row, spent, parameters)
    if weekly.periods >= FEWEST_WEEKS:
        parts["thresholds"] = threshold_moments(weekly, spent / 7, parameters.seed)
    rows = np.flatnonzero(fast)
    if not len(rows):
        return parts, {}
    failures = {}
    parts["ets"], failures["ets"] = ets_moments(weekly, rows, spent / 7, parameters)
    parts["structural"], failures["structural"] = _structural(weekly, rows, spent / 7)
    return parts, failures


def spoken_exposure(future: Array) -> Array:
    """Return the exposure-days of the windows of which methods speak, shape (profiles, widths).

    At least a tenth of usual: of a closed quarter nothing can be learned of the level that comes after it.
    """
    spent = [np.maximum(future[:, : 7 * width].sum(axis=1), LEAST_EXPOSURE * 7 * width) for width in WIDTHS]
    return np.stack(spent, axis=1)


def _counted(
    panel: Panel, past: Array, row: npt.NDArray[np.int64], spent: Array, parameters: Parameters
) -> dict[str, Moments]:
    """Return the moments of the Gamma-Poisson model at each half-life; ``spent`` [exposure-days] per window."""
    expected, pools = panel.series["expected_per_day"].to_numpy(np.float64), pool_codes(panel.series)
    parts = {}
    for name, factor in HALF_LIVES.items():
        evidence = gather_evidence(panel, past, row, parameters.half_life_weeks * factor)
        rates = learn_rates(evidence, pools, expected, parameters)
        mean = (rates.rate * rates.size)[:, None] * spent
        noise = (rates.size_squared / rates.size)[:, None] * mean
        parts[name] = Moments(mean, noise + rates.rate_cv2[:, None] * mean**2)
    return parts


def _structural(weekly: History, rows: npt.NDArray[np.int64], spent: Array) -> tuple[Moments, Failures]:
    """Return the moments of the structural models of these rows; ``spent`` is the windows' exposure in weeks."""
    paths = fit_smooth(usual_demand(weekly, rows), season=1, horizon=max(WIDTHS))
    mean, covariance = paths.mean(), paths.covariance()
    found = Moments(np.full((len(weekly), len(WIDTHS)), np.nan), np.full((len(weekly), len(WIDTHS)), np.nan))
    for place, width in enumerate(WIDTHS):
        scale = spent[rows, place] / width
        found.mean[rows, place] = np.where(paths.fitted, mean[:, :width].sum(axis=1) * scale, np.nan)
        total = covariance[:, :width, :width].sum(axis=(1, 2))
        found.var[rows, place] = np.where(paths.fitted, total * scale**2, np.nan)
    return found, {int(row): str(why) for row, why in zip(rows, paths.failure, strict=True) if why}
