"""Covariances of level, trend and season: the structural model of smooth series, one Gaussian process per setting.

A series of T periods is z = level + trend + swing + season + noise, all Gaussian and, in units of the noise variance:

* level: unknown start and a random walk, q min(s, t)
* trend: slopes that fade with φ (damped trend), b φ^|s − t|, summed twice
* swing: disturbances that are forgotten, a ρ^|s − t|
* season: k(s − t mod season), months free or neighbours alike, fading over the years, e^(−|s − t| / (season τ))

(Harvey 1989, ch. 2; Rasmussen and Williams 2006, ch. 2 and 5.4.3.) The first two are damped Holt smoothing with a
source of error for each. Instead of maximising a likelihood per series, every series is weighed against one fixed set
of `Settings`. The covariance of a setting is common to all series, so that its factor is found once and a panel costs
one matrix product per setting. History runs from the newest period to the oldest: series that began later are leading
blocks of the same factor.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

UNKNOWN_LEVEL = 1000.0
"""Variance of the level before the first period in units of the noise's: nothing is known of it."""
DAMPING = (0.8, 0.9, 0.96, 0.99)
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)


@dataclass(frozen=True)
class Settings:
    """Ratios of the components to the noise variance and their memories, each an array (g,)."""

    level: Array
    slope: Array
    damping: Array
    season: Array
    likeness: Array
    years: Array
    swing: Array
    memory: Array

    def __len__(self) -> int:
        """Return the number of settings."""
        return len(self.level)

    def take(self, index: npt.ArrayLike) -> "Settings":
        """Return some of the settings."""
        places = np.asarray(index, dtype=np.int64)
        return Settings(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def spread_settings(count: int) -> Settings:
    """Return ``count`` settings evenly over what is thinkable (Halton 1960), zero included for each component."""
    u = np.stack([_radical_inverse(np.arange(1, count + 1), prime) for prime in PRIMES])
    return Settings(
        level=_log_uniform(u[0], -3.5, 0.5, 0.15),
        slope=_log_uniform(u[1], -3.0, -0.5, 0.3) ** 2,
        damping=np.array(DAMPING)[(u[2] * len(DAMPING)).astype(np.int64)],
        season=_log_uniform(u[3], -1.5, 1.0, 0.25),
        likeness=np.select([u[4] < 0.5, u[4] < 0.75], [0.0, 0.6], 1.0),
        years=np.select([u[5] < 0.6, u[5] < 0.8], [np.inf, 8.0], 3.0),
        swing=_log_uniform(u[6], -1.0, 0.7, 0.4),
        memory=0.3 + 0.65 * u[7],
    )


def _radical_inverse(number: Whole, base: int) -> Array:
    left, result, share = number.copy(), np.zeros(len(number)), 1.0
    while left.any():
        share /= base
        result += share * (left % base)
        left //= base
    return result


def _log_uniform(u: Array, low: float, high: float, zero: float) -> Array:
    """Return 10^low to 10^high, and 0 with probability ``zero``."""
    return np.where(u < zero, 0.0, 10 ** (low + (high - low) * (u - zero) / (1 - zero)))


def season_covariance(settings: Settings, g: int, lags: Whole, season: int) -> Array:
    """Return the covariance of the season at these lags; its values over a year sum to zero when it does not fade."""
    if season <= 1 or settings.season[g] == 0:
        return np.zeros(lags.shape)
    place = np.arange(season)
    likeness = settings.likeness[g]
    within = (place == 0) * 1.0 if likeness == 0 else np.exp(-2 * (np.sin(np.pi * place / season) / likeness) ** 2)
    within = within - within.mean()
    fading = np.exp(-np.abs(lags) / (season * settings.years[g]))
    return np.asarray(settings.season[g] * within[lags % season] / within[0] * fading)


def covariance(settings: Settings, g: int, periods: int, season: int) -> Array:
    """Return the covariance (periods, periods) without the noise, oldest period first."""
    t = np.arange(periods)
    lags = np.abs(t[:, None] - t)
    slopes = settings.slope[g] * settings.damping[g] ** lags
    slopes[0], slopes[:, 0] = 0.0, 0.0
    level = UNKNOWN_LEVEL + settings.level[g] * np.minimum(t[:, None], t)
    swing = settings.swing[g] * settings.memory[g] ** lags
    seasonal = season_covariance(settings, g, lags, season)
    return np.asarray(level + slopes.cumsum(axis=0).cumsum(axis=1) + swing + seasonal)


@dataclass(frozen=True)
class Factors:
    """What is needed of each setting g, history newest first.

    ``inverse`` (g, T, T) of the Cholesky factor of history's covariance, ``log_det`` (g, T) of its leading blocks (half
    the covariance's), ``ahead`` (g, T, H): ``inverse`` times the covariance of history with the H periods ahead,
    ``prior`` (g, H, H): the covariance of the periods ahead.
    """

    inverse: Array
    log_det: Array
    ahead: Array
    prior: Array

    def take(self, index: Whole) -> "Factors":
        """Return the factors of some of the settings."""
        return Factors(self.inverse[index], self.log_det[index], self.ahead[index], self.prior[index])


def factorise(settings: Settings, periods: int, horizon: int, season: int) -> Factors:
    """Return the factors of all settings for ``periods`` of history and ``horizon`` ahead."""
    inverse = np.empty((len(settings), periods, periods))
    log_det = np.empty((len(settings), periods))
    ahead = np.empty((len(settings), periods, horizon))
    prior = np.empty((len(settings), horizon, horizon))
    newest_first = np.arange(periods)[::-1]
    for g in range(len(settings)):
        full = covariance(settings, g, periods + horizon, season)
        root = np.linalg.cholesky(full[np.ix_(newest_first, newest_first)] + np.eye(periods))
        inverse[g] = solve_triangular(root, np.eye(periods), lower=True, check_finite=False)
        log_det[g] = np.log(np.diag(root)).cumsum()
        ahead[g] = inverse[g] @ full[newest_first, periods:]
        prior[g] = full[periods:, periods:] + np.eye(horizon)
    return Factors(inverse, log_det, ahead, prior)


def common_season(mean: Array, settings: Settings, factors: Factors, season: int) -> Array:
    """Return the season (season,) of the panel's mean series (T,), newest first, from the first period ahead on.

    The posterior mean over all settings: where the series has no season it is near zero.
    """
    periods = len(mean)
    scaled = mean - mean.mean()
    white = factors.inverse @ scaled
    log_weight = -factors.log_det[:, -1] - periods / 2 * np.log((white**2).sum(axis=1) + 1e-12)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    lags = np.arange(1, season + 1)[:, None] + np.arange(periods)
    found = np.zeros(season)
    for g in np.flatnonzero(weight > 1e-6):
        against = season_covariance(settings, int(g), lags, season)
        found += weight[g] * (against @ (factors.inverse[g].T @ white[g]))
    return found
