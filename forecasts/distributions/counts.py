"""Distributions over counts, many at once: negative binomials by mean and variance.

With r = mean² / (var − mean) and p = mean / var, P(D = k) = Γ(k + r) / (k! Γ(r)) p^r (1 − p)^k (Johnson, Kemp and
Kotz 2005, ch. 5). As var falls to mean this is the Poisson; mean 0 is the certainty of no demand. A variance below
the mean is read as the Poisson's: counts are not known better than that here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

POISSON_WITHIN = 1e-9
"""Relative excess of variance over mean up to which the Poisson is used: r beyond 1e9 only loses digits."""
RECURSE_UP_TO = 40.0
"""Largest mean whose quantiles are counted up from zero; greater ones are bisected."""

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Distributions of whole, non-negative demand.

    ``mean`` [units] and ``var`` [units²] share any shape; arguments called ``k`` or ``y`` broadcast against it.

    Raises
    ------
    ValueError
        Shapes differ, or a moment is negative or not finite.
    """

    mean: Array
    var: Array

    def __post_init__(self) -> None:
        """Check the moments."""
        mean, var = np.asarray(self.mean, dtype=np.float64), np.asarray(self.var, dtype=np.float64)
        if mean.shape != var.shape:
            raise ValueError(f"counts: mean has shape {mean.shape}, var {var.shape}")
        if not (np.isfinite(mean).all() and np.isfinite(var).all() and (mean >= 0).all() and (var >= 0).all()):
            raise ValueError("counts: mean and var must be finite and not negative")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "var", var)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.mean)

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sum of independent counts, by its moments (exact only where p agrees)."""
        return Counts(self.mean + other.mean, self.var + other.var)

    def take(self, index: npt.ArrayLike) -> "Counts":
        """Return the distributions at these places of the first axis."""
        places = np.asarray(index, dtype=np.int64)
        return Counts(self.mean[places], self.var[places])

    def sf(self, k: npt.ArrayLike) -> Array:
        """Return P(D > k)."""
        floor, mean, shape, odds = self._broadcast(k)
        return np.where(floor < 0, 1.0, _sf(np.maximum(floor, 0), mean, shape, odds))

    def cdf(self, k: npt.ArrayLike) -> Array:
        """Return P(D <= k)."""
        floor, mean, shape, odds = self._broadcast(k)
        return np.where(floor < 0, 0.0, _cdf(np.maximum(floor, 0), mean, shape, odds))

    def at_least(self, k: npt.ArrayLike) -> Array:
        """Return P(D >= k)."""
        return self.sf(np.ceil(np.asarray(k, dtype=np.float64)) - 1)

    def pmf(self, k: npt.ArrayLike) -> Array:
        """Return P(D = k); 0 where k is not a whole number from 0."""
        given = np.asarray(k, dtype=np.float64)
        floor, mean, shape, odds = self._broadcast(given)
        whole = (given == np.floor(given)) & (given >= 0)
        return np.where(whole, _pmf(np.maximum(floor, 0), mean, shape, odds), 0.0)

    def quantile(self, tau: npt.ArrayLike) -> Whole:
        """Return the smallest whole k with P(D <= k) >= tau, 0 <= tau < 1.

        Small means are counted up from 0 with the recursion of the probabilities, all series at once; large ones are
        bisected on the distribution function.
        """
        level = np.asarray(tau, dtype=np.float64)
        if not ((level >= 0) & (level < 1)).all():
            raise ValueError("counts: a quantile needs 0 <= tau < 1")
        level, mean, shape, odds = np.broadcast_arrays(level, self.mean, *self._shape_and_odds())
        flat = [np.ravel(a) for a in (level, mean, shape, odds)]
        found = np.zeros(flat[0].shape, dtype=np.int64)
        small = flat[1] <= RECURSE_UP_TO
        found[small] = _count_up(*(a[small] for a in flat))
        found[~small] = _bisect(*(a[~small] for a in flat))
        return found.reshape(level.shape)

    def sample(self, rng: np.random.Generator, n: int) -> Whole:
        """Return ``n`` draws, shape (n, *mean.shape)."""
        shape, odds = self._shape_and_odds()
        poisson = ~np.isfinite(shape)
        rate = rng.gamma(np.where(poisson, 1.0, shape), np.where(poisson, 1.0, odds), size=(n, *self.mean.shape))
        return rng.poisson(np.where(poisson, self.mean, rate)).astype(np.int64)

    def shortfall(self, y: npt.ArrayLike) -> Array:
        """Return E[(D − y)+], units expected beyond ``y``.

        From k P_r(k) = mean P_{r+1}(k − 1): E[(D − y)+] = mean P_{r+1}(D >= y) − y P_r(D > y) (Zipkin 2000, app. C).
        """
        level = np.asarray(y, dtype=np.float64)
        floor, mean, shape, odds = self._broadcast(level)
        beyond = np.where(floor < 1, 1.0, _sf(np.maximum(floor - 1, 0), mean, shape + 1, odds))
        above = np.where(floor < 0, 1.0, _sf(np.maximum(floor, 0), mean, shape, odds))
        return np.clip(mean * beyond - level * above, np.maximum(mean - level, 0), mean + np.maximum(-level, 0))

    def _shape_and_odds(self) -> tuple[Array, Array]:
        """Return r (infinite for the Poisson and for mean 0) and (1 − p) / p = var / mean − 1."""
        poisson = self.var <= self.mean * (1 + POISSON_WITHIN)
        safe = np.where(poisson, 1.0, self.mean)
        excess = np.where(poisson, 1.0, self.var - self.mean)
        with np.errstate(divide="ignore", over="ignore"):
            odds = np.where(poisson | (safe == 0), 0.0, excess / np.where(safe == 0, 1.0, safe))
            shape = np.where(poisson | (safe == 0), np.inf, safe * (safe / excess))
        return shape, odds

    def _broadcast(self, k: npt.ArrayLike) -> tuple[Array, Array, Array, Array]:
        floor = np.floor(np.asarray(k, dtype=np.float64))
        floor, mean, shape, odds = np.broadcast_arrays(floor, self.mean, *self._shape_and_odds())
        return floor, mean, shape, odds


def _sf(k: Array, mean: Array, shape: Array, odds: Array) -> Array:
    """Return P(D > k) for k >= 0: a regularised incomplete beta, or gamma in the Poisson limit."""
    finite = np.isfinite(shape)
    safe = np.where(finite, shape, 1.0)
    return np.where(finite, special.betainc(k + 1, safe, odds / (1 + odds)), special.gammainc(k + 1, mean))


def _cdf(k: Array, mean: Array, shape: Array, odds: Array) -> Array:
    finite = np.isfinite(shape)
    safe = np.where(finite, shape, 1.0)
    return np.where(finite, special.betainc(safe, k + 1, 1 / (1 + odds)), special.gammaincc(k + 1, mean))


def _pmf(k: Array, mean: Array, shape: Array, odds: Array) -> Array:
    finite = np.isfinite(shape)
    safe = np.where(finite, shape, 1.0)
    choose = special.gammaln(k + safe) - special.gammaln(safe) - special.gammaln(k + 1)
    binomial = choose - safe * np.log1p(odds) + special.xlogy(k, odds / (1 + odds))
    return np.exp(np.where(finite, binomial, special.xlogy(k, mean) - mean - special.gammaln(k + 1)))


def _count_up(tau: Array, mean: Array, shape: Array, odds: Array) -> Whole:
    """Return quantiles by P(k + 1) = P(k) (k + r)(1 − p) / (k + 1), dropping series as they arrive."""
    found = np.zeros(tau.shape, dtype=np.int64)
    left = np.arange(len(tau))
    poisson = ~np.isfinite(shape)
    ratio = np.where(poisson, 0.0, odds / (1 + odds))
    pmf = np.where(poisson, np.exp(-mean), np.exp(-np.where(poisson, 1.0, shape) * np.log1p(odds)))
    first = np.where(poisson, mean, np.where(poisson, 1.0, shape) * ratio)
    total = pmf.copy()
    k = 0
    while left.size:
        going = total < tau[left]
        if not going.all():
            left, pmf, total, first, ratio = (a[going] for a in (left, pmf, total, first, ratio))
        if k >= 4 * RECURSE_UP_TO and left.size:  # a long tail: bisecting is quicker than counting on
            found[left] = _bisect(*(a[left] for a in (tau, mean, shape, odds)))
            break
        pmf = pmf * (first + k * ratio) / (k + 1)
        total = total + pmf
        k += 1
        found[left] = k
    return found


def _bisect(tau: Array, mean: Array, shape: Array, odds: Array) -> Whole:
    """Return quantiles by doubling an upper end and halving, all series at once."""
    if not len(tau):
        return np.zeros(0, dtype=np.int64)
    low = np.full(tau.shape, -1.0)
    high = np.ceil(mean + 4 * np.sqrt(mean * (1 + odds)) + 1)
    short = _cdf(high, mean, shape, odds) < tau
    while short.any():
        low[short], high[short] = high[short], 2 * high[short] + 1
        short[short] = _cdf(high[short], mean[short], shape[short], odds[short]) < tau[short]
    open_ = np.flatnonzero(high - low > 1)
    while open_.size:
        middle = np.floor((low[open_] + high[open_]) / 2)
        enough = _cdf(middle, mean[open_], shape[open_], odds[open_]) >= tau[open_]
        high[open_[enough]], low[open_[~enough]] = middle[enough], middle[~enough]
        open_ = open_[high[open_] - low[open_] > 1]
    return high.astype(np.int64)
