"""Demand ahead of smooth series as Gaussian fourth roots: moments, quantiles and whole-number paths."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]

SHIFT = 0.4
"""Added before the root is taken: half a unit or so, so that 0 and 1 are not far apart."""
MATCHED = 13
"""Periods whose sum has the variance that `SmoothPaths.summary` matches: about a lead time plus review."""


@dataclass(frozen=True)
class SmoothPaths:
    """Demand ahead as Gaussian fourth roots: ``x = max(z, 0)⁴ − SHIFT``, rounded, z ~ N(root_mean, root_cov).

    ``root_mean`` (m, H), ``root_cov`` (m, H, H), ``failure`` (m,) the reason a series has no forecast or "". A series
    that failed is certain of no demand.
    """

    root_mean: Array
    root_cov: Array
    failure: Texts

    @property
    def fitted(self) -> Flags:
        """Return which series have a forecast, (m,)."""
        return np.asarray(self.failure == "")

    def mean(self) -> Array:
        """Return expected demand [units], (m, H): E z⁴ = μ⁴ + 6μ²σ² + 3σ⁴."""
        var = self._root_var()
        mean = self.root_mean**4 + 6 * self.root_mean**2 * var + 3 * var**2 - SHIFT
        return np.asarray(np.where(self.fitted[:, None], np.maximum(mean, 0.0), 0.0).round(6))

    def covariance(self) -> Array:
        """Return the covariance between periods [units²], (m, H, H); no variance is below its mean, the Poisson's.

        By Hermite expansion, Cov(f(x), f(y)) = Σ_k c^k / k! E f⁽ᵏ⁾(x) E f⁽ᵏ⁾(y), which ends with k = 4.
        """
        mean, var = self.root_mean, self._root_var()
        derivatives = (4 * mean**3 + 12 * mean * var, 12 * (mean**2 + var), 24 * mean, np.full(mean.shape, 24.0))
        total = np.zeros(self.root_cov.shape)
        for k, slope in enumerate(derivatives, start=1):
            total += self.root_cov**k / special.factorial(k) * slope[:, :, None] * slope[:, None, :]
        place = np.arange(mean.shape[1])
        total[:, place, place] = np.maximum(total[:, place, place], self.mean())
        return np.asarray(np.where(self.fitted[:, None, None], total, 0.0).round(6))

    def quantiles(self, levels: npt.ArrayLike) -> Whole:
        """Return whole-number quantiles per period, (m, H, len(levels))."""
        normal = special.ndtri(np.asarray(levels, dtype=np.float64))
        root = self.root_mean[:, :, None] + np.sqrt(self._root_var())[:, :, None] * normal
        return np.asarray(np.where(self.fitted[:, None, None], _units(root), 0))

    def cdf(self, k: npt.ArrayLike) -> Array:
        """Return P(D <= k) per period; ``k`` broadcasts against (m, H)."""
        limit = np.floor(np.asarray(k, dtype=np.float64))
        sigma = np.sqrt(np.maximum(self._root_var(), 1e-12))
        below = special.ndtr((np.maximum(limit + 0.5 + SHIFT, 0.0) ** 0.25 - self.root_mean) / sigma)
        return np.asarray(np.where(limit < 0, 0.0, np.where(self.fitted[:, None], below, 1.0)))

    def draw(self, normal: Array) -> Whole:
        """Return one path per row of standard normal draws (m, H); sums over any window have the right spread."""
        root = self.root_mean + np.einsum("mhk,mk->mh", _cholesky(self.root_cov), normal)
        return np.asarray(np.where(self.fitted[:, None], _units(root), 0))

    def take(self, rows: npt.ArrayLike) -> "SmoothPaths":
        """Return the distributions of these rows."""
        chosen = np.asarray(rows, dtype=np.int64)
        return SmoothPaths(self.root_mean[chosen], self.root_cov[chosen], self.failure[chosen])

    def sample(self, rng: np.random.Generator, n: int) -> Whole:
        """Return ``n`` paths of whole numbers, (n, m, H); sums over any window have the right spread."""
        normal = rng.standard_normal((n, *self.root_mean.shape))
        root = self.root_mean + np.einsum("mhk,nmk->nmh", _cholesky(self.root_cov), normal)
        return np.asarray(np.where(self.fitted[:, None], _units(root), 0))

    def summary(self) -> tuple[Array, Array]:
        """Return ``dispersion`` and ``level_cv2``, each (m,): Var = dispersion mean + level_cv2 mean².

        They match the variance of the first period and of the sum of the first 13 (of all, if fewer are ahead). The
        dispersion is at least 1: where the level wanders more than such a model can say, the sum alone is matched.
        """
        mean, covariance = self.mean()[:, :MATCHED], self.covariance()[:, :MATCHED, :MATCHED]
        first, total = np.maximum(mean[:, 0], 1e-9), np.maximum(mean.sum(axis=1), 1e-9)
        var_first, var_total = covariance[:, 0, 0], covariance.sum(axis=(1, 2))
        gap = total**2 - first * total
        level = np.maximum(var_total - var_first * total / first, 0.0) / np.where(gap > 0, gap, np.inf)
        dispersion = np.maximum((var_total - level * total**2) / total, 1.0)
        level = np.maximum(var_total - dispersion * total, 0.0) / total**2
        return dispersion.round(6), level.round(6)

    def _root_var(self) -> Array:
        return np.asarray(np.einsum("mhh->mh", self.root_cov))


def _cholesky(cov: Array) -> Array:
    """Return lower roots of the covariances, a hair of variance added for those without any."""
    return np.asarray(np.linalg.cholesky(cov + 1e-9 * np.eye(cov.shape[1])), dtype=np.float64)


def _units(root: Array) -> Whole:
    """Return whole units from fourth roots."""
    return np.rint(np.maximum(np.maximum(root, 0.0) ** 4 - SHIFT, 0.0)).astype(np.int64)
