"""Solve every part exactly under prices of the coupling rows, and list what is nearly as good; compiled.

With prices the parts fall apart: a pool takes its cheapest quantity, a pattern the sum of its pools, a part its
cheapest pattern. Where a supplier's availability (3) ties a pattern's pools together they are shared out by dynamic
programming over steps; exact as well.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.catalogue import Menu
from vmi.placement.limits import Limits
from vmi.placement.model import Table
from vmi.placement.problem import Array, Mask, Whole


class Restriction(NamedTuple):
    """What is fixed beforehand: ``closed`` (parts, hubs) orders no more than it must; ``pattern`` (parts,) or -1."""

    closed: Mask
    pattern: Whole


class Choice(NamedTuple):
    """Each part's best plan: pattern (number within its class), units by hub, value under prices, and true cost."""

    pattern: Whole
    qty: Whole
    value: Array
    cost: Array


@njit(cache=True)
def best_plans(
    chosen: Whole, menu: Menu, table: Table, limits: Limits, restriction: Restriction, price: Array
) -> Choice:
    """Return the best plan of each part of ``chosen``; ``price`` [CNY/unit] by part and hub, shape (parts, hubs)."""
    n, hubs = len(chosen), price.shape[1]
    pattern, qty = np.zeros(n, dtype=np.int64), np.zeros((n, hubs), dtype=np.int64)
    value, cost = np.full(n, np.inf), np.zeros(n)
    for c in range(n):
        i = chosen[c]
        cls = menu.part_class[i]
        pools = menu.pool_from[cls + 1] - menu.pool_from[cls]
        worth, taken = _pool_minima(i, pools, menu, table, restriction, price)
        for m in range(menu.pattern_from[cls], menu.pattern_from[cls + 1]):
            number = m - menu.pattern_from[cls]
            if restriction.pattern[i] >= 0 and restriction.pattern[i] != number:
                continue
            members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
            total, units = 0.0, 0
            for j in members:
                total += worth[j]
                units += table.qty[taken[j]]
            if total >= value[c] - 1e-9:
                continue
            options = np.empty(len(members), dtype=np.int64)
            for at in range(len(members)):
                options[at] = taken[members[at]]
            if units > limits.available[i]:
                total = _share_out(i, members, menu, table, limits, restriction, price, options)
                if total >= value[c] - 1e-9:
                    continue
            value[c], pattern[c], cost[c] = total, number, 0.0
            qty[c] = 0
            for at in range(len(members)):
                hub = menu.pool_hub[menu.pool_from[cls] + members[at]]
                qty[c, hub] += table.qty[options[at]]
                cost[c] += table.cost[options[at]]
    return Choice(pattern, qty, value, cost)


@njit(cache=True)
def _pool_minima(
    i: int, pools: int, menu: Menu, table: Table, restriction: Restriction, price: Array
) -> tuple[Array, Whole]:
    worth, taken = np.empty(pools), np.empty(pools, dtype=np.int64)
    first_pool = menu.pool_from[menu.part_class[i]]
    for j in range(pools):
        row = table.row_from[i] + j
        hub = menu.pool_hub[first_pool + j]
        start, stop = table.option_from[row], table.option_from[row + 1]
        if restriction.closed[i, hub]:
            stop = start + 1
        worth[j] = np.inf
        for o in range(start, stop):
            reduced = table.cost[o] + price[i, hub] * table.qty[o]
            if reduced < worth[j]:
                worth[j], taken[j] = reduced, o
    return worth, taken


@njit(cache=True)
def _share_out(
    i: int,
    members: Whole,
    menu: Menu,
    table: Table,
    limits: Limits,
    restriction: Restriction,
    price: Array,
    options: Whole,
) -> float:
    """Share what is available among a pattern's pools at least cost; fill ``options``, return the value."""
    step, pools = limits.step[i], len(members)
    room = limits.available[i] // step
    best = np.full((pools + 1, room + 1), np.inf)
    pick = np.full((pools, room + 1), -1, dtype=np.int64)
    best[0] = 0.0
    for at in range(pools):
        row = table.row_from[i] + members[at]
        hub = menu.pool_hub[menu.pool_from[menu.part_class[i]] + members[at]]
        start, stop = table.option_from[row], table.option_from[row + 1]
        if restriction.closed[i, hub]:
            stop = start + 1
        for o in range(start, stop):
            need = -(-table.qty[o] // step)
            reduced = table.cost[o] + price[i, hub] * table.qty[o]
            for left in range(need, room + 1):
                total = best[at, left - need] + reduced
                if total < best[at + 1, left]:
                    best[at + 1, left], pick[at, left] = total, o
    left = room
    for back in range(pools):
        at = pools - 1 - back
        options[at] = pick[at, left]
        if options[at] < 0:
            return np.inf
        left -= -(-table.qty[options[at]] // step)
    return best[pools, room]


@njit(cache=True)
def near_plans(
    i: int, menu: Menu, table: Table, limits: Limits, restriction: Restriction, price: Array, ceiling: float, most: int
) -> tuple[Whole, Whole, Array]:
    """Return every plan of part ``i`` whose value is at most ``ceiling``: patterns, units by hub, costs.

    Depth first over the pools of each pattern, cut where even the cheapest rest is too dear. At most ``most`` + 1
    plans come back; more than ``most`` means that there are others.
    """
    hubs, cls = price.shape[1], menu.part_class[i]
    pools = menu.pool_from[cls + 1] - menu.pool_from[cls]
    worth, _ = _pool_minima(i, pools, menu, table, restriction, price)
    pattern, qty = np.empty(most + 1, dtype=np.int64), np.zeros((most + 1, hubs), dtype=np.int64)
    cost, n = np.empty(most + 1), 0
    for m in range(menu.pattern_from[cls], menu.pattern_from[cls + 1]):
        number = m - menu.pattern_from[cls]
        if restriction.pattern[i] >= 0 and restriction.pattern[i] != number:
            continue
        members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
        size = len(members)
        rest = np.zeros(size + 1)
        for at in range(size - 1, -1, -1):
            rest[at] = rest[at + 1] + worth[members[at]]
        if rest[0] > ceiling:
            continue
        at, value = 0, np.zeros(size + 1)
        cursor, units = np.full(size, -1, dtype=np.int64), np.zeros(size + 1, dtype=np.int64)
        while at >= 0:
            row = table.row_from[i] + members[at]
            hub = menu.pool_hub[menu.pool_from[cls] + members[at]]
            start, stop = table.option_from[row], table.option_from[row + 1]
            if restriction.closed[i, hub]:
                stop = start + 1
            cursor[at] = start if cursor[at] < 0 else cursor[at] + 1
            if cursor[at] >= stop:
                cursor[at] = -1
                at -= 1
                continue
            o = cursor[at]
            value[at + 1] = value[at] + table.cost[o] + price[i, hub] * table.qty[o]
            units[at + 1] = units[at] + table.qty[o]
            if value[at + 1] + rest[at + 1] > ceiling or units[at + 1] > limits.available[i]:
                continue
            if at + 1 < size:
                at += 1
                continue
            pattern[n], cost[n] = number, 0.0
            qty[n] = 0
            for back in range(size):
                chosen = cursor[back]
                qty[n, menu.pool_hub[menu.pool_from[cls] + members[back]]] += table.qty[chosen]
                cost[n] += table.cost[chosen]
            n += 1
            if n > most:
                return pattern[:n], qty[:n], cost[:n]
    return pattern[:n], qty[:n], cost[:n]
