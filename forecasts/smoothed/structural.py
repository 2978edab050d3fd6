"""Smooth, fast-moving series as counts: structural models weighed per series, their settings learned from the panel.

Periods are taken to the fourth root, between the square root that steadies a Poisson and the logarithm that makes
factors of season and trend. In that scale every series is a mixture over the settings of `covariances`: weights
by marginal likelihood, with a prior over the settings that is learned from all series at once (empirical Bayes; Efron
2010, ch. 1), so that a short or noisy series borrows the panel's habits, its season first. Means and covariances ahead
are closed form; `forecasts.smoothed.paths` takes them back to units.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from forecasts.smoothed.covariances import Factors, common_season, factorise, spread_settings
from forecasts.smoothed.paths import SHIFT, SmoothPaths

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]

SETTINGS = 400
KEPT_SETTINGS = 96
"""Settings that forecast: those the panel believes most."""
LEARN_FROM = 2000
"""Series at most from which the prior over the settings is learned; rows are taken evenly."""
CHUNK = 2048
HISTORY_LIMIT = 208
"""Newest periods used: four years of weeks; the cost grows with the square."""
MIN_PERIODS = 8
RECENT = 13
"""Periods that must hold some demand, and whose mean the forecast is held to."""
COMMON_FROM = 8
"""Fewest series that make a common season: of fewer each finds its own."""
NOISE_WEIGHT = 2.0
"""Weight of the panel's noise against a series' own, in half periods (shape of an inverse gamma)."""
EVEN_WEIGHT = 10.0
"""Series' worth of an even prior over the settings: keeps a small panel from believing itself."""
EM_ROUNDS = 15
OUTLIER = 3.0
"""Robust standard deviations beyond which a period is pulled in."""
LEVEL_LIMITS = (0.25, 4.0)
"""Range of the mean relative to the recent mean: a trend beyond it is believed no further."""
MOST_UNSURE = 0.5
"""Largest standard deviation relative to the mean, both of the fourth root."""


@dataclass(frozen=True)
class Roots:
    """Fourth roots newest first, level and common season taken out: ``z`` (m, T), ``known`` (m, T), ``span`` (m,).

    ``z`` is 0 before the span, the number of periods from the origin back to the oldest known one.

    ``offset`` (m, H) is what to add to a forecast, ``noise`` (m,) the variance of the noise that the panel suggests.
    """

    z: Array
    known: Flags
    span: Whole
    noise: Array
    offset: Array

    def take(self, rows: Whole) -> "Roots":
        """Return some of the series."""
        return Roots(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def inside(self) -> Flags:
        """Return which periods lie within the span, (m, T)."""
        return np.asarray(np.arange(self.z.shape[1]) < self.span[:, None])


def fit_smooth(y: Array, season: int, horizon: int, settings: int = SETTINGS) -> SmoothPaths:
    """Fit the series of a panel together and return their demand ahead.

    Parameters
    ----------
    y
        Demand per period (m, T), oldest first, the origin's last; NaN is unknown, before the first period or inside.
        A forecast is of the same scale: where an exposure was divided out, multiply it in again.
    season
        Periods per year: 12, 13, 52; 1 for none.
    horizon
        Periods ahead, H.
    settings
        Number of settings tried.

    Returns
    -------
    SmoothPaths
        Rows as in ``y``. A series that cannot be fitted has a reason in ``failure`` and harms no other.

    Raises
    ------
    ValueError
        ``y`` has not two axes, or season, horizon or settings is below 1.
    """
    given = np.asarray(y, dtype=np.float64)
    if given.ndim != 2 or min(season, horizon, settings) < 1:
        raise ValueError("smooth: y needs two axes; season, horizon and settings must be at least 1")
    newest = given[:, ::-1][:, :HISTORY_LIMIT]
    failure = _screen(newest)
    rows = np.flatnonzero(failure == "")
    mean = np.full((len(given), horizon), SHIFT**0.25)
    cov = np.zeros((len(given), horizon, horizon))
    if len(rows):
        mean[rows], cov[rows] = _fit(newest[rows], season, horizon, settings)
        lost = rows[~(np.isfinite(mean[rows]).all(axis=1) & np.isfinite(cov[rows]).all(axis=(1, 2)))]
        failure[lost], mean[lost], cov[lost] = "smooth: the fit is not finite", SHIFT**0.25, 0.0
    return SmoothPaths(mean.round(9), cov.round(12), failure)


def _screen(y: Array) -> Texts:
    """Return why a series, newest first, cannot be fitted, or ""."""
    known = ~np.isnan(y)
    span = _span(known)
    recent = np.where(known, y, 0.0)[:, :RECENT].sum(axis=1)
    conditions = [
        np.isinf(y).any(axis=1) | (y < 0).any(axis=1),
        known.sum(axis=1) < MIN_PERIODS,
        2 * known.sum(axis=1) < span,
        recent <= 0,
    ]
    reasons = [
        "smooth: a period is negative or infinite",
        f"smooth: fewer than {MIN_PERIODS} periods are known",
        "smooth: more than half of its periods are unknown",
        f"smooth: no demand is known in the last {RECENT} periods",
    ]
    return np.asarray(np.select(conditions, reasons, ""), dtype="U64")


def _span(known: Flags) -> Whole:
    """Return the number of periods from the origin back to the oldest known one."""
    places = np.arange(1, known.shape[1] + 1)
    return np.asarray(np.where(known, places, 0).max(axis=1, initial=0))


def _fit(newest: Array, season: int, horizon: int, count: int) -> tuple[Array, Array]:
    """Return mean and covariance of the fourth roots ahead."""
    periods = newest.shape[1]
    year = season if periods > season else 1
    settings = spread_settings(count)
    factors = factorise(settings, periods, horizon, year)
    roots = (newest + SHIFT) ** 0.25
    relative = np.zeros(year)
    if year > 1 and len(newest) >= COMMON_FROM:
        relative = common_season(_panel_mean(roots), settings, factors, year)
    prepared = _prepare(roots, relative, horizon)
    rows = np.unique(np.linspace(0, len(newest) - 1, min(LEARN_FROM, len(newest))).astype(np.int64))
    kept, log_prior = _learn(prepared.take(rows), factors)
    factors = factors.take(kept)
    mean, cov = np.empty((len(newest), horizon)), np.empty((len(newest), horizon, horizon))
    for start in range(0, len(newest), CHUNK):
        chunk = np.arange(start, min(start + CHUNK, len(newest)))
        part = _mend(prepared.take(chunk), factors, log_prior)
        mean[chunk], cov[chunk] = _posterior(part, factors, log_prior)
    return _bounded(mean, cov, newest)


def _panel_mean(roots: Array) -> Array:
    """Return the mean (T,) of the series relative to their levels, the steady ones weighing most.

    Only the half that was known longest speaks, so that series that begin bring no steps; what was before is level.
    """
    known = ~np.isnan(roots)
    span = _span(known)
    old = span >= np.median(span)
    filled = _fill_gaps(roots[old], span[old])
    periods = int(span[old].min())
    relative = filled[:, :periods] / filled[:, :periods].mean(axis=1, keepdims=True) - 1
    weight = 1 / (np.diff(relative, axis=1).var(axis=1) + 1e-9)
    mean = np.zeros(roots.shape[1])
    mean[:periods] = weight @ relative / weight.sum()
    return mean


def _fill_gaps(roots: Array, span: Whole) -> Array:
    """Return the roots with gaps on straight lines and zeros before the span."""
    filled = np.where(np.arange(roots.shape[1]) < span[:, None], roots, 0.0)
    for row in np.flatnonzero(np.isnan(filled).any(axis=1)):
        known = np.flatnonzero(~np.isnan(roots[row]))
        filled[row, : span[row]] = np.interp(np.arange(span[row]), known, roots[row, known])
    return filled


def _prepare(roots: Array, relative: Array, horizon: int) -> Roots:
    """Take level and common season, which grows with the level, out of the series."""
    known, year = ~np.isnan(roots), len(relative)
    span = _span(known)
    inside = np.arange(roots.shape[1]) < span[:, None]
    filled = _fill_gaps(roots, span)
    level = (filled.sum(axis=1) / span)[:, None]
    z = filled - level * (1 + relative[(-1 - np.arange(roots.shape[1])) % year])
    rest = (np.where(inside, z, 0.0).sum(axis=1) / span)[:, None]
    z = np.where(inside, z - rest, 0.0)
    steps = np.where(inside[:, 1:], np.diff(z, axis=1), 0.0)
    noise = (steps**2).sum(axis=1) / np.maximum(span - 1, 1) / 3
    offset = level * (1 + relative[np.arange(horizon) % year]) + rest
    return Roots(z, known, span, _pooled_noise(noise, level[:, 0]), offset)


def _pooled_noise(noise: Array, level: Array) -> Array:
    """Return the noise variance that the panel suggests for a series of this level: a line between logarithms."""
    x, y = np.log(level), np.log(np.maximum(noise, 0.01 * np.median(noise) + 1e-9))
    x = x - x.mean()
    slope = float(x @ y / (x @ x)) if len(x) >= COMMON_FROM and x @ x > 1e-9 else 0.0
    return np.asarray(np.exp(np.median(y - slope * x) + slope * x))


def _log_evidence(roots: Roots, factors: Factors, g: int) -> tuple[Array, Array]:
    """Return the log marginal likelihood (m,) of setting ``g`` and the mean noise variance (m,) under it.

    The noise variance has an inverse gamma prior and integrates out (Rasmussen and Williams 2006, section 9.9).
    """
    white = np.where(roots.inside(), roots.z @ factors.inverse[g].T, 0.0)
    known = roots.known.sum(axis=1)
    shape, scale = NOISE_WEIGHT + known / 2, NOISE_WEIGHT * roots.noise + (white**2).sum(axis=1) / 2
    return -factors.log_det[g, roots.span - 1] - shape * np.log(scale), scale / (shape - 1)


def _weigh(roots: Roots, factors: Factors, log_prior: Array) -> tuple[Array, Array]:
    """Return weights (g, m) of the settings and noise variances (g, m)."""
    pairs = [_log_evidence(roots, factors, g) for g in range(len(log_prior))]
    evidence, noise = np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])
    return special.softmax(evidence + log_prior[:, None], axis=0), noise


def _learn(roots: Roots, factors: Factors) -> tuple[Whole, Array]:
    """Return the settings the panel believes most and the logarithm of its prior over them, by EM."""
    count = len(factors.inverse)
    evidence = np.stack([_log_evidence(roots, factors, g)[0] for g in range(count)])
    prior = np.full(count, 1 / count)
    for _ in range(EM_ROUNDS):
        weight = special.softmax(evidence + np.log(prior)[:, None], axis=0)
        prior = (weight.sum(axis=1) + EVEN_WEIGHT / count) / (weight.shape[1] + EVEN_WEIGHT)
    kept = np.sort(np.argsort(-prior, kind="stable")[:KEPT_SETTINGS])
    return kept, np.log(prior[kept])


def _mend(roots: Roots, factors: Factors, log_prior: Array) -> Roots:
    """Put gaps where the settings expect them and pull outliers in to `OUTLIER` deviations.

    A period left out is expected at z − [K⁻¹z]ₜ / [K⁻¹]ₜₜ with variance 1 / [K⁻¹]ₜₜ (Rasmussen and Williams 2006,
    eq. 5.12).
    """
    inside = roots.inside()
    roots = replace(roots, z=_expect_gaps(roots, factors, log_prior))
    weight, _ = _weigh(roots, factors, log_prior)
    expected, deviation = np.zeros(roots.z.shape), np.zeros(roots.z.shape)
    for inverse, share in zip(factors.inverse, weight, strict=True):
        white = np.where(inside, roots.z @ inverse.T, 0.0)
        precision = np.where(inside, (inverse**2).cumsum(axis=0)[roots.span - 1], 1.0)
        expected += share[:, None] * (roots.z - white @ inverse / precision)
        deviation += share[:, None] / np.sqrt(precision)
    surprise = np.where(inside, (roots.z - expected) / deviation, np.nan)
    limit = OUTLIER * 1.4826 * np.nanmedian(np.abs(surprise), axis=1, keepdims=True)
    return replace(roots, z=np.where(inside, expected + np.clip(surprise, -limit, limit) * deviation, 0.0))


def _expect_gaps(roots: Roots, factors: Factors, log_prior: Array) -> Array:
    """Return the series with each gap at its mean given all that is known, under the likeliest setting.

    With P = K⁻¹: z_gap = −P_gap,gap⁻¹ P_gap,known z_known, exact also for a run of unknown periods at the end.
    """
    gaps = roots.inside() & ~roots.known
    rows = np.flatnonzero(gaps.any(axis=1))
    z = roots.z.copy()
    if not len(rows):
        return z
    likeliest = _weigh(roots.take(rows), factors, log_prior)[0].argmax(axis=0)
    for row, g in zip(rows, likeliest, strict=True):
        inverse, gap = factors.inverse[g][: roots.span[row], : roots.span[row]], np.flatnonzero(gaps[row])
        known = np.where(roots.known[row], roots.z[row], 0.0)[: roots.span[row]]
        of_gap = inverse[:, gap]
        z[row, gap] = -np.linalg.solve(of_gap.T @ of_gap, of_gap.T @ (inverse @ known))
    return z


def _posterior(roots: Roots, factors: Factors, log_prior: Array) -> tuple[Array, Array]:
    """Return mean (m, H) and covariance (m, H, H) ahead of the mixture over the settings."""
    weight, noise = _weigh(roots, factors, log_prior)
    inside = roots.inside()
    means = np.stack(
        [
            np.where(inside, roots.z @ inverse.T, 0.0) @ ahead
            for inverse, ahead in zip(factors.inverse, factors.ahead, strict=True)
        ]
    )
    mean = np.einsum("gm,gmh->mh", weight, means)
    apart = np.sqrt(weight)[:, :, None] * (means - mean)
    cov = np.einsum("gmh,gmk->mhk", apart, apart, optimize=True)
    horizon = mean.shape[1]
    for span in np.unique(roots.span):
        rows = np.flatnonzero(roots.span == span)
        ahead = factors.ahead[:, :span]
        left = factors.prior - ahead.transpose(0, 2, 1) @ ahead
        cov[rows] += ((weight * noise)[:, rows].T @ left.reshape(len(left), -1)).reshape(-1, horizon, horizon)
    return mean + roots.offset, cov


def _bounded(mean: Array, cov: Array, newest: Array) -> tuple[Array, Array]:
    """Return the moments within what is believed of level and spread; none is surer than the Poisson's, 1 / 16μ²."""
    known = ~np.isnan(newest[:, :RECENT])
    recent = np.where(known, newest[:, :RECENT], 0.0).sum(axis=1) / known.sum(axis=1)
    low, high = ((factor * recent + SHIFT)[:, None] ** 0.25 for factor in LEVEL_LIMITS)
    bounded = np.clip(mean, low, high)
    sigma = np.sqrt(np.einsum("mhh->mh", cov))
    shrink = np.minimum(1.0, MOST_UNSURE * bounded / np.maximum(sigma, 1e-12))
    cov = cov * shrink[:, :, None] * shrink[:, None, :]
    place = np.arange(mean.shape[1])
    cov[:, place, place] = np.maximum(cov[:, place, place], 1 / (16 * bounded**2))
    return bounded, cov
