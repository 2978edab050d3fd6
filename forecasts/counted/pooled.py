"""The pooled count model: a Gamma rate of order lines per series, forgetting, shrunk to its pool, in closed form.

Data, per series i and day d with age a(d) [days before the origin] and calendar multiplier m(d):

* lines n and units q, each counted with weight δ^a(d), δ = 2^(−1 / half-life): old evidence fades (power steady
  model: Smith 1979; West and Harrison 1997, section 6.3);
* exposure e_i = Σ δ^a(d) m(d) over the days the series was observed and not censored.

Model: lines of a day ~ Poisson(λ_i m(d)), λ_i ~ Gamma(a, b) over the series of a pool, hence
λ_i | history ~ Gamma(a + n_i, b + e_i). a and b come from the pool's moments (empirical Bayes), each pool shrunk to
its parent: family x region to family to all. Units per line have mean s and second moment s2, shrunk to the family.
For a window with exposure E: mean = E[λ] E s and var = E[λ] E s2 + (s E)² Var λ, where Var λ / E[λ]² = 1 / (a + n)
plus what rates move within a horizon (``drift_cv2``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.panel import Panel
from forecasts.parameters import Parameters

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SPREAD_LIMITS = (0.02, 20.0)
"""Squared coefficient of variation of the rates within a pool: outside, moments of few series are noise."""


@dataclass(frozen=True)
class Evidence:
    """Discounted evidence, one entry per series: lines, units, moments of size, and the exposure they arose in."""

    lines: Array
    units: Array
    units_squared: Array
    units_by_lines: Array
    lines_squared: Array
    exposure: Array
    exposure_twice: Array
    """Exposure with the weights squared: the variance of ``lines`` at rate 1."""


@dataclass(frozen=True)
class Rates:
    """Posterior per series: ``rate`` [lines per exposure-day], its squared CV, and the moments of a line's size."""

    rate: Array
    rate_cv2: Array
    size: Array
    size_squared: Array


def gather_evidence(panel: Panel, multipliers: Array, group: Codes, half_life_weeks: float) -> Evidence:
    """Sum the discounted evidence of every series.

    ``multipliers`` has one row per group and one column per day of history, the youngest (the origin) first;
    ``group`` gives each series its row. Demand older than the columns is left out. Censored days count neither as
    exposure nor as demand, unless what was served there already exceeds what the rest lets expect.
    """
    known_days = multipliers.shape[1]
    decay = 0.5 ** (np.arange(known_days) / (7 * half_life_weeks))
    observed = np.clip(panel.days_before_origin(panel.series["first_day"]) + 1, 0, known_days)
    once, twice = _cumulative(multipliers * decay), _cumulative(multipliers * decay**2)
    exposure = np.stack([once[group, observed], twice[group, observed]])
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    inside = (age >= 0) & (age < observed[code])
    code, age = code[inside], age[inside]
    amounts = panel.demand.loc[inside, ["qty", "lines"]].to_numpy(np.float64)
    span_of, span_code, span_exposure = _censored(panel, code, age, observed, (once, twice), group)
    dropped = _spans_to_drop(amounts[:, 1] * decay[age], code, exposure[0], span_of, span_code, span_exposure[0])
    counted = ~dropped[span_of] if len(dropped) else np.ones(len(code), dtype=bool)
    counted |= span_of < 0
    for part, spent in zip(exposure, span_exposure, strict=True):
        part -= np.bincount(span_code[dropped], spent[dropped], minlength=len(part))
    sums = _sums(amounts[counted], code[counted], decay[age[counted]], len(observed))
    return Evidence(*sums, *np.maximum(exposure, 0.0))


def _cumulative(weights: Array) -> Array:
    """Return running sums along the days with a leading zero, so that [k] is the sum of the k youngest days."""
    return np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)


def _sums(amounts: Array, code: Codes, weight: Array, n_series: int) -> list[Array]:
    qty, lines = amounts[:, 0], amounts[:, 1]
    terms = (lines, qty, qty * qty, qty * lines, lines * lines)
    return [np.bincount(code, weight * term, minlength=n_series).astype(np.float64) for term in terms]


def _censored(
    panel: Panel, code: Codes, age: Codes, observed: Codes, cumulative: tuple[Array, Array], group: Codes
) -> tuple[Codes, Codes, list[Array]]:
    """Return the span each demand row falls in (-1: none), each span's series, and each span's exposures."""
    spans = panel.censored
    span_code = panel.codes(spans["unique_id"])
    limit = observed[span_code]
    oldest = np.clip(panel.days_before_origin(spans["first_day"]) + 1, 0, limit)
    youngest = np.clip(panel.days_before_origin(spans["last_day"]), 0, limit)
    rows = group[span_code]
    exposures = [c[rows, oldest] - c[rows, youngest] for c in cumulative]
    if not len(spans):
        return np.full(len(code), -1), span_code, exposures
    # Spans are disjoint and sorted by series and day: one key orders them and the demand rows together.
    stride = np.int64(2**31)
    ends = span_code * stride - youngest
    place = np.searchsorted(ends, code * stride - age)
    candidate = np.minimum(place, len(ends) - 1)
    hit = (span_code[candidate] == code) & (age < oldest[candidate]) & (age >= youngest[candidate])
    return np.where(hit, candidate, -1), span_code, exposures


def _spans_to_drop(
    weighted_lines: Array, code: Codes, exposure: Array, span_of: Codes, span_code: Codes, span_exposure: Array
) -> npt.NDArray[np.bool_]:
    """Return which censored spans tell nothing: those that served no more than expected at the uncensored rate."""
    if not len(span_code):
        return np.zeros(0, dtype=bool)
    within = span_of >= 0
    served = np.bincount(span_of[within], weighted_lines[within], minlength=len(span_code))
    free_lines = np.bincount(code[~within], weighted_lines[~within], minlength=len(exposure))
    free = exposure - np.bincount(span_code, span_exposure, minlength=len(exposure))
    rate = np.divide(free_lines, free, out=np.zeros_like(free), where=free > 1e-9)
    return served <= rate[span_code] * span_exposure


def learn_rates(evidence: Evidence, pools: list[Codes], expected_units: Array, parameters: Parameters) -> Rates:
    """Learn each series' rate and sizes from its evidence and its pools.

    Parameters
    ----------
    pools
        Pool codes per series, coarse to fine; the first below "all" is also the pool of sizes.
    expected_units
        Units per exposure-day known from elsewhere, NaN where nothing is: the prior's mean in place of the pool's.
    """
    size, size_squared = learn_sizes(evidence, pools[0], parameters.size_prior_lines)
    mean, spread = _pool_moments(evidence, pools, parameters.pool_series)
    known = np.isfinite(expected_units) & (expected_units > 0)
    mean = np.where(known, expected_units / size, mean)
    prior_shape = parameters.prior_strength / spread
    prior_exposure = np.divide(prior_shape, mean, out=np.full_like(mean, np.inf), where=mean > 0)
    shape = prior_shape + evidence.lines
    rate = np.where(mean > 0, shape / (prior_exposure + evidence.exposure), 0.0)
    return Rates(rate, 1 / shape + parameters.drift_cv2, size, size_squared)


def _pool_moments(evidence: Evidence, pools: list[Codes], parent_series: float) -> tuple[Array, Array]:
    """Return mean and squared coefficient of variation of the rates in each series' finest pool, shrunk upwards."""
    n_series = len(evidence.lines)
    mean, spread = np.zeros(n_series), np.ones(n_series)
    weight = 0.0
    for pool in [np.zeros(n_series, dtype=np.int64), *pools]:
        size = np.bincount(pool)
        lines, exposure = np.bincount(pool, evidence.lines), np.bincount(pool, evidence.exposure)
        first = np.unique(pool, return_index=True)[1]
        believed = weight * exposure / size
        above = believed + exposure
        pool_mean = np.divide(believed * mean[first] + lines, above, out=mean[first].copy(), where=above > 0)
        own = _spread(evidence, pool, pool_mean)
        believed_series = np.where(np.isfinite(own), size, 0)
        total = weight + believed_series
        blended = weight * spread[first] + np.where(np.isfinite(own), size * own, 0.0)
        pool_spread = np.divide(blended, total, out=spread[first].copy(), where=total > 0)
        mean, spread, weight = pool_mean[pool], pool_spread[pool], parent_series
    return mean, spread


def _spread(evidence: Evidence, pool: Codes, pool_mean: Array) -> Array:
    """Return Var(λ) / mean² per pool by moments: Σ[(n − m e)² − m e₂] / Σ e²  / m²; NaN where nothing can be said."""
    mean = pool_mean[pool]
    noise = mean * evidence.exposure_twice
    excess = np.bincount(pool, (evidence.lines - mean * evidence.exposure) ** 2 - noise)
    base = np.bincount(pool, evidence.exposure**2) * pool_mean**2
    found = np.divide(excess, base, out=np.full(len(base), np.nan), where=base > 0)
    return np.clip(found, *SPREAD_LIMITS)


def learn_sizes(evidence: Evidence, pool: Codes, prior_lines: float) -> tuple[Array, Array]:
    """Return mean and second moment of units per line, shrunk to the pool's as if by ``prior_lines`` lines of it."""
    levels = (np.zeros(len(pool), dtype=np.int64), pool, np.arange(len(pool)))
    size, variation = np.ones(len(pool)), np.zeros(len(pool))
    for level, weight in zip(levels, (0.0, prior_lines, prior_lines), strict=True):
        lines, units = np.bincount(level, evidence.lines), np.bincount(level, evidence.units)
        first = np.unique(level, return_index=True)[1]
        total = weight + lines
        mean = np.divide(weight * size[first] + units, total, out=size[first].copy(), where=total > 0)
        cross = np.bincount(level, evidence.units_by_lines)
        squares = np.bincount(level, evidence.units_squared) + mean**2 * np.bincount(level, evidence.lines_squared)
        own = np.maximum(squares - 2 * mean * cross, 0.0) / mean**2
        spread = np.divide(weight * variation[first] + own, total, out=variation[first].copy(), where=total > 0)
        size, variation = mean[level], spread[level]
    return size, size**2 * (1 + variation)


def pool_codes(series: pd.DataFrame) -> list[Codes]:
    """Return pool codes per series, coarse to fine: family, then family x region."""
    return [
        series.groupby(columns, sort=True).ngroup().to_numpy().astype(np.int64)
        for columns in (["family"], ["family", "region"])
    ]
