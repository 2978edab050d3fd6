"""Draw demand of a part whose mean and variance are the model's in every window, unit by unit in the order of time.

A region's level is Gamma of mean 1 and variance c; its order lines arrive as a Poisson process along the mean's
profile, each of a logarithmic number of units. Given the level, demand of every window is negative binomial with a
variance of phi times its mean (Klugman, Panjer, Willmot 2012, sec. 7.2); so var = phi mean + c mean^2 over all levels.
"""

import numpy as np
from numba import njit

from vmi.placement.problem import Array, Whole

SAME = 1e-9
LEAST_MEAN = 1e-3
"""Units below which the difference of two moments, rounded to 6 digits, says nothing."""


def dispersion(mean: Array, var: Array, days: Whole) -> tuple[Array, Array]:
    """Return phi and c of var = phi mean + c mean^2 by part and region, from two windows; exact for the longest.

    A variance below the mean is read as the Poisson's, as the model does.
    """
    half = int(np.searchsorted(days, days[-1] / 2.0))
    short, long = np.maximum(mean[:, :, half], 1e-12), np.maximum(mean[:, :, -1], 1e-12)
    ratio = np.where(mean[:, :, -1] > 0, var[:, :, -1] / long, 1.0)
    slope = (ratio - var[:, :, half] / short) / np.maximum(long - short, 1e-12)
    level = np.where(short > LEAST_MEAN, np.clip(slope, 0.0, np.maximum(ratio - 1.0, 0.0) / long), 0.0)
    return np.maximum(ratio - level * long, 1.0), level


@njit(cache=True)
def draw(rng: np.random.Generator, mean: Array, days: Array, noise: Array, level: Array) -> tuple[Array, Whole]:
    """Return the units of a part that are asked for: moment [days], ascending, and region.

    ``mean`` (regions, days): cumulative by day; ``noise``, ``level`` (regions,): phi and c.
    """
    moment, region, n = np.empty(64), np.empty(64, dtype=np.int64), 0
    for r in range(len(mean)):
        total, phi = mean[r, -1], noise[r]
        if total <= 0.0:
            continue
        if level[r] > 0.0:
            total *= rng.gamma(1.0 / level[r], level[r])
        lines = rng.poisson(total if phi <= 1.0 + SAME else total * np.log(phi) / (phi - 1.0))
        for _ in range(lines):
            at = day_of(rng.random() * mean[r, -1], mean[r], days)
            size = 1 if phi <= 1.0 + SAME else rng.logseries(1.0 - 1.0 / phi)
            for _ in range(size):
                if n == len(moment):
                    moment, region = np.concatenate((moment, moment)), np.concatenate((region, region))
                moment[n], region[n] = at, r
                n += 1
    order = np.argsort(moment[:n], kind="mergesort")
    return moment[:n][order], region[:n][order]


@njit(cache=True)
def day_of(units: float, profile: Array, days: Array) -> float:
    """Return the day by which so many units are expected, ``profile`` being expected by ``days``, piecewise linear."""
    k = min(int(np.searchsorted(profile, units)), len(days) - 1)
    if k == 0:
        return days[0]
    step = profile[k] - profile[k - 1]
    part = (units - profile[k - 1]) / step if step > 0.0 else 1.0
    return days[k - 1] + part * (days[k] - days[k - 1])
