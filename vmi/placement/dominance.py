"""List the cover patterns of each part that could be best under some prices: the others are never looked at again.

A pool *decides* if it has quantities to choose from, or must order. Let S(m) be the deciding pools of pattern m and
U(m) its least cost without prices. A pattern m is never better than m' if S(m') is a subset of S(m) and
U(m') <= U(m): whatever m orders in the pools of S(m'), m' may order too; in its other pools m pays at least their
least cost without prices, since prices are never negative, and that is all that m' saves against U(m). So m' costs no
more and uses no more of any row. The proof holds for plans, not only for prices: leaving m out changes no optimum.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.catalogue import Menu
from vmi.placement.limits import Limits
from vmi.placement.model import Table
from vmi.placement.problem import Array, Whole

COMPARED = 16
"""Cheaper patterns that a pattern is compared with: nearly all that are dominated are so by one of the cheapest."""
WORD = 63
"""Pools in a word of a set of pools."""


class Listed(NamedTuple):
    """The patterns of each part that are weighed: part i's are ``pattern[start[i] : stop[i]]``, as the menu counts.

    ``least`` [CNY], ascending part by part: no plan of the pattern costs less, whatever the prices.
    """

    start: Whole
    stop: Whole
    pattern: Whole
    least: Array


def every_pattern(menu: Menu) -> Listed:
    """Return all patterns of each part's class."""
    numbers = np.arange(menu.pattern_from[-1], dtype=np.int64)
    unknown = np.full(len(numbers), -np.inf)
    return Listed(menu.pattern_from[menu.part_class], menu.pattern_from[menu.part_class + 1], numbers, unknown)


def undominated(menu: Menu, table: Table, limits: Limits) -> Listed:
    """Return the patterns of each part without those that another one is never dearer than."""
    start, pattern, least = _undominated(menu, table, limits)
    return Listed(start[:-1], start[1:], pattern, least)


@njit(cache=True)
def change_cost(i: int, pattern: int, menu: Menu, table: Table, limits: Limits) -> float:
    """Return what it costs that a pattern's hubs are not those of the plan before, where there is demand at all."""
    if limits.before[i] < 0:
        return 0.0
    other, changed = (menu.pattern_hubs[pattern] ^ limits.before[i]) & limits.asked[i], 0
    while other:
        other &= other - 1
        changed += 1
    return table.change_cost * changed


@njit(cache=True)
def _undominated(menu: Menu, table: Table, limits: Limits) -> tuple[Whole, Whole, Array]:
    parts = len(menu.part_class)
    start, pattern = np.zeros(parts + 1, dtype=np.int64), np.empty(4096, dtype=np.int64)
    cost = np.empty(4096)
    for i in range(parts):
        least, deciding = _least_costs(i, menu, table, limits)
        kept = _kept(least, deciding)
        start[i + 1] = start[i] + len(kept)
        while start[i + 1] > len(pattern):
            pattern, cost = np.concatenate((pattern, pattern)), np.concatenate((cost, cost))
        cost[start[i] : start[i + 1]] = least[kept]
        pattern[start[i] : start[i + 1]] = menu.pattern_from[menu.part_class[i]] + kept
    return start, pattern[: start[-1]].copy(), cost[: start[-1]].copy()


@njit(cache=True)
def _least_costs(i: int, menu: Menu, table: Table, limits: Limits) -> tuple[Array, Whole]:
    """Return U of each pattern of a part, and S as bits, shape (patterns, words)."""
    cls = menu.part_class[i]
    first, end = menu.pattern_from[cls], menu.pattern_from[cls + 1]
    pools = menu.pool_from[cls + 1] - menu.pool_from[cls]
    cheapest, decides = np.empty(pools), np.zeros(pools, dtype=np.bool_)
    for j in range(pools):
        a, b = table.option_from[table.row_from[i] + j], table.option_from[table.row_from[i] + j + 1]
        cheapest[j], decides[j] = table.cost[a:b].min(), b - a > 1 or table.qty[a] > 0
    least, deciding = np.empty(end - first), np.zeros((end - first, 1 + pools // WORD), dtype=np.int64)
    for m in range(first, end):
        least[m - first] = change_cost(i, m, menu, table, limits)
        for j in menu.members[menu.member_from[m] : menu.member_from[m + 1]]:
            least[m - first] += cheapest[j]
            if decides[j]:
                deciding[m - first, j // WORD] |= 1 << j % WORD
    return least, deciding


@njit(cache=True)
def _kept(least: Array, deciding: Whole) -> Whole:
    """Return the places of the patterns that none of the cheapest dominates, the cheapest first."""
    kept, rest, left = np.empty(len(least), dtype=np.int64), np.arange(len(least)), len(least)
    cheapest, n = np.argmin(least), 0
    while left > 0 and n < COMPARED:
        kept[n], n = cheapest, n + 1
        best, asked, left = cheapest, left, 0
        for m in rest[:asked]:
            if _decides_beside(deciding[best], deciding[m]):
                if left == 0 or least[m] < least[cheapest]:
                    cheapest = m
                rest[left], left = m, left + 1
    end = n + left
    kept[n:end] = rest[:left][np.argsort(least[rest[:left]])]
    return kept[:end]


@njit(cache=True)
def _decides_beside(one: Whole, other: Whole) -> bool:
    """Return whether a set of pools has one that the other has not."""
    beside = False
    for word in range(len(one)):
        beside = beside or one[word] & ~other[word] != 0
    return beside
