"""Value stock exactly: expected shortage, shelf time and returns of a pool for every position, compiled.

Demand over a window is negative binomial by mean and variance, a member of Panjer's class (a, b, 0): with
b = 1 - mean / var and a = mean^2 / var,

    P(D = k + 1) = P(D = k) (a + b k) / (k + 1)                    (Klugman, Panjer, Willmot 2012, sec. 6.5)

and b = 0 is the Poisson. One walk k = 0, 1, 2, ... gives the expected shortage of every position at once:
S(y + 1) = S(y) - P(D > y), S(0) = mean; and E[(y - D)+] = y - mean + S(y).
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

WINDOWS = 6
"""Windows of a pool: the protection interval, then five moments from arrival to the end of the return window."""
SHELF_POINTS = np.array([0.0, 0.125, 0.25, 0.5, 1.0])
"""Where the time on the shelf is sampled, as shares of the return window from arrival on."""
SHELF_WEIGHTS = np.array([0.0625, 0.125, 0.1875, 0.375, 0.25])
"""Weights of the trapezoid rule over those points."""

_LOWEST_LOG = -690.0
_NO_TAIL = 1e-14


@njit(cache=True)
def panjer(mean: float, var: float) -> tuple[float, float]:
    """Return (a, b) of the recursion; a variance below the mean is read as the Poisson's."""
    if mean <= 0.0:
        return 0.0, 0.0
    if var <= mean * (1.0 + 1e-9):
        return mean, 0.0
    return mean * mean / var, 1.0 - mean / var


@njit(cache=True)
def log_pmf(k: float, a: float, b: float) -> float:
    """Return log P(D = k) for a > 0."""
    if b == 0.0:
        return k * math.log(a) - a - math.lgamma(k + 1.0)
    size = a / b
    choose = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1.0)
    return choose + size * math.log1p(-b) + k * math.log(b)


@njit(cache=True)
def first_term(mean: float, var: float, a: float, b: float) -> tuple[int, float]:
    """Return the smallest k worth starting from and P(D = k): 0 unless that would underflow."""
    if a <= 0.0:
        return 0, 1.0
    none = -a if b == 0.0 else a / b * math.log1p(-b)
    if none > _LOWEST_LOG:
        return 0, math.exp(none)
    k = max(0.0, math.floor(mean - 15.0 * math.sqrt(max(var, mean))))
    while log_pmf(k, a, b) < _LOWEST_LOG:
        k = math.ceil((k + mean) / 2.0)
    return int(k), math.exp(log_pmf(k, a, b))


@njit(cache=True)
def begin(mean: Array, var: Array, walk: Array) -> None:
    """Start a walk at position 0 over several windows.

    Rows of ``walk``, one column a window: a, b, first k, P(first k), P(D = y), P(D <= y), S(y), mean.
    """
    for g in range(len(mean)):
        a, b = panjer(mean[g], var[g])
        k, p = first_term(mean[g], var[g], a, b)
        here = p if k == 0 else 0.0
        walk[0, g], walk[1, g], walk[2, g], walk[3, g] = a, b, k, p
        walk[4, g], walk[5, g], walk[6, g], walk[7, g] = here, here, mean[g], mean[g]


@njit(cache=True)
def advance(walk: Array, start: int, stop: int) -> None:
    """Move a walk from position ``start`` to ``stop``; where no demand is left beyond, it jumps."""
    for g in range(walk.shape[1]):
        a, b, first = walk[0, g], walk[1, g], int(walk[2, g])
        p, cdf, short = walk[4, g], walk[5, g], walk[6, g]
        for y in range(start, stop):
            tail = 1.0 - cdf
            if tail < _NO_TAIL:
                short = 0.0
                break
            short = max(short - tail, 0.0)
            if y + 1 > first:
                p = p * (a + b * y) / (y + 1)
            elif y + 1 == first:
                p = walk[3, g]
            cdf = min(cdf + p, 1.0)
        walk[4, g], walk[5, g], walk[6, g] = p, cdf, short


@njit(cache=True)
def position_cost(walk: Array, y: int, price: Array) -> float:
    """Return the expected cost of position ``y`` [CNY], the walk standing at max(y, 0).

    ``price``: penalty of a unit short, of a unit that waits now, of a unit-day on the shelf, of a return, and the
    return window [days].
    """
    if y < 0:
        return price[0] * walk[7, 0] - price[1] * y
    return price[0] * walk[6, 0] + holding_cost(walk, y, price)


@njit(cache=True)
def holding_cost(walk: Array, y: int, price: Array) -> float:
    """Return what the shelf and the returns of position ``y`` >= 0 cost [CNY], the walk standing there."""
    cost = 0.0
    for g in range(1, WINDOWS):
        left = y - walk[7, g] + walk[6, g]
        cost += price[2] * price[4] * SHELF_WEIGHTS[g - 1] * left
        if g == WINDOWS - 1:
            cost += price[3] * left
    return cost


@njit(cache=True)
def moved_holding(mean: Array, var: Array, y: int, moved: int, price: Array) -> float:
    """Return what ``moved`` units that came (negative: went) add to the holding cost of position ``y`` [CNY]."""
    walk, found, at = np.empty((8, len(mean))), np.zeros(2), 0
    begin(mean, var, walk)
    for k, level in enumerate((min(y, y - moved), max(y, y - moved))):
        if level > 0:
            advance(walk, at, level)
            at = level
            found[k] = holding_cost(walk, level, price)
    return found[1] - found[0] if moved > 0 else found[0] - found[1]


@njit(cache=True)
def best_level(mean: Array, var: Array, price: Array, freight: float, start: int) -> int:
    """Return the position from which, unit by unit, ordering no longer pays: the order-up-to level, >= ``start``.

    ``freight`` [CNY/unit] is what bringing a unit in costs. Costs are convex in the position, so the first unit that
    does not pay ends the search (marginal analysis; van Houtum and Kranenburg 2015, ch. 2).
    """
    walk = np.empty((8, len(mean)))
    begin(mean, var, walk)
    y = start
    advance(walk, 0, max(y, 0))
    cost = position_cost(walk, y, price)
    while True:
        advance(walk, max(y, 0), max(y + 1, 0))
        following = position_cost(walk, y + 1, price) + freight
        if following >= cost - 1e-9:
            return y
        y, cost = y + 1, following - freight


@njit(cache=True)
def levels(mean: Array, var: Array, price: Array, freight: Array, start: Whole) -> Whole:
    """Return :func:`best_level` row by row; shapes (n, WINDOWS), (n, WINDOWS), (n, 5), (n,), (n,)."""
    found = np.empty(len(mean), dtype=np.int64)
    for i in range(len(mean)):
        found[i] = best_level(mean[i], var[i], price[i], freight[i], start[i])
    return found


@njit(cache=True)
def costs(mean: Array, var: Array, price: Array, position: Whole) -> Array:
    """Return :func:`position_cost` row by row."""
    found = np.empty(len(mean))
    walk = np.empty((8, mean.shape[1]))
    for i in range(len(mean)):
        begin(mean[i], var[i], walk)
        advance(walk, 0, max(position[i], 0))
        found[i] = position_cost(walk, position[i], price[i])
    return found


@njit(cache=True)
def shortfall(mean: Array, var: Array, position: Whole) -> Array:
    """Return E[(D - y)+] row by row; a negative position adds what waits."""
    found = np.empty(len(mean))
    walk = np.empty((8, 1))
    for i in range(len(mean)):
        begin(mean[i : i + 1], var[i : i + 1], walk)
        advance(walk, 0, max(position[i], 0))
        found[i] = walk[6, 0] - min(position[i], 0)
    return found


@njit(cache=True)
def below(mean: Array, var: Array, position: Whole) -> Array:
    """Return P(D < y) row by row: the chance that the last of y units is left over."""
    found = np.zeros(len(mean))
    walk = np.empty((8, 1))
    for i in range(len(mean)):
        if position[i] > 0:
            begin(mean[i : i + 1], var[i : i + 1], walk)
            advance(walk, 0, position[i] - 1)
            found[i] = walk[5, 0]
    return found


@njit(cache=True)
def quantiles(mean: Array, var: Array, share: float) -> Whole:
    """Return the smallest k with P(D <= k) >= share, row by row."""
    found = np.zeros(len(mean), dtype=np.int64)
    walk = np.empty((8, 1))
    for i in range(len(mean)):
        begin(mean[i : i + 1], var[i : i + 1], walk)
        k = 0
        while walk[5, 0] < share - 1e-12:
            advance(walk, k, k + 1)
            k += 1
        found[i] = k
    return found
