"""Solve every part exactly under prices of the coupling rows; compiled.

With prices the parts fall apart: a pool takes its cheapest quantity, a pattern the sum of its pools, a part its
cheapest pattern. Where a supplier's availability (3) ties a pattern's pools together they are shared out by dynamic
programming over steps; exact as well.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.catalogue import Menu
from vmi.placement.dominance import Listed, change_cost
from vmi.placement.limits import Limits
from vmi.placement.model import Table
from vmi.placement.problem import Array, Mask, Whole


class Restriction(NamedTuple):
    """What is fixed beforehand.

    ``closed`` (parts, hubs) orders no more than it must; ``pattern`` (parts,) or -1; ``most`` (parts, hubs) units that
    there is room for, of which no more than it must is ordered where that is less.
    """

    closed: Mask
    pattern: Whole
    most: Whole


class Rules(NamedTuple):
    """All that decides what a part may do: its catalogue and what of it is weighed, its table, its bounds and what is
    fixed beforehand.
    """

    menu: Menu
    listed: Listed
    table: Table
    limits: Limits
    restriction: Restriction


class Choice(NamedTuple):
    """Each part's best plan: pattern (number within its class), units by hub, value under prices, and true cost."""

    pattern: Whole
    qty: Whole
    value: Array
    cost: Array


ANY_UNITS = 1_000_000_000
"""Units of which there is always room for more."""


@njit(cache=True)
def best_plans(chosen: Whole, rules: Rules, price: Array) -> Choice:
    """Return the best plan of each part of ``chosen``; ``price``: of a unit and of a line, shape (parts, hubs, 2)."""
    menu, table = rules.menu, rules.table
    n, hubs = len(chosen), price.shape[1]
    pattern, qty = np.zeros(n, dtype=np.int64), np.zeros((n, hubs), dtype=np.int64)
    value, cost = np.full(n, np.inf), np.zeros(n)
    largest = 0
    for i in chosen:
        largest = max(largest, menu.pool_from[menu.part_class[i] + 1] - menu.pool_from[menu.part_class[i]])
    worth, taken = np.empty(largest), np.empty(largest, dtype=np.int64)
    for c in range(n):
        i = chosen[c]
        _write_minima(i, rules, price, (worth, taken))
        patterns, least = patterns_of(i, rules)
        for k in range(len(patterns)):
            m = patterns[k]
            if least[k] >= value[c] - 1e-9:
                break
            change = change_cost(i, m, menu, table, rules.limits)
            total = change
            for at in range(menu.member_from[m], menu.member_from[m + 1]):
                total += worth[menu.members[at]]
            # Sharing out never makes a pattern cheaper: one that is too dear already stays out.
            if total >= value[c] - 1e-9:
                continue
            members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
            options = taken[members]
            if table.qty[options].sum() > rules.limits.available[i]:
                total = change + _share_out(i, members, rules, price, options)
            if total < value[c] - 1e-9:
                value[c], pattern[c] = total, m - menu.pattern_from[menu.part_class[i]]
                cost[c] = change + _add_up(i, members, options, rules, qty[c])
    return Choice(pattern, qty, value, cost)


@njit(cache=True)
def patterns_of(i: int, rules: Rules) -> tuple[Whole, Array]:
    """Return the patterns that a part may take, as the menu counts, and what each costs at least [CNY], ascending."""
    fixed = rules.restriction.pattern[i]
    if fixed >= 0:
        return np.array([rules.menu.pattern_from[rules.menu.part_class[i]] + fixed]), np.array([-np.inf])
    start, stop = rules.listed.start[i], rules.listed.stop[i]
    return rules.listed.pattern[start:stop], rules.listed.least[start:stop]


@njit(cache=True)
def pattern_worth(i: int, m: int, worth: Array, rules: Rules) -> float:
    """Return what a pattern's best plan is worth, with what each pool's is."""
    total = change_cost(i, m, rules.menu, rules.table, rules.limits)
    for j in rules.menu.members[rules.menu.member_from[m] : rules.menu.member_from[m + 1]]:
        total += worth[j]
    return total


@njit(cache=True)
def _add_up(i: int, members: Whole, options: Whole, rules: Rules, qty: Whole) -> float:
    """Write a plan's units by hub into ``qty`` and return its cost."""
    first_pool, cost = rules.menu.pool_from[rules.menu.part_class[i]], 0.0
    qty[:] = 0
    for at in range(len(members)):
        qty[rules.menu.pool_hub[first_pool + members[at]]] += rules.table.qty[options[at]]
        cost += rules.table.cost[options[at]]
    return cost


@njit(cache=True)
def options_of(i: int, pool: int, rules: Rules) -> tuple[int, int, int]:
    """Return a pool's hub and its options in the table, from .. to; a hub that is closed has only its first."""
    hub = rules.menu.pool_hub[rules.menu.pool_from[rules.menu.part_class[i]] + pool]
    row = rules.table.row_from[i] + pool
    start, stop = rules.table.option_from[row], rules.table.option_from[row + 1]
    while stop > start + 1 and rules.table.qty[stop - 1] > rules.restriction.most[i, hub]:
        stop -= 1
    return hub, start, start + 1 if rules.restriction.closed[i, hub] else stop


@njit(cache=True)
def reduced_cost(i: int, hub: int, option: int, rules: Rules, price: Array) -> float:
    """Return the cost of an option with the prices of what it uses."""
    qty = rules.table.qty[option]
    return rules.table.cost[option] + price[i, hub, 0] * qty + (price[i, hub, 1] if qty > 0 else 0.0)


@njit(cache=True)
def pool_minima(i: int, rules: Rules, price: Array) -> tuple[Array, Whole]:
    """Return what each pool's cheapest option is worth with the prices of what it uses, and which it is."""
    cls = rules.menu.part_class[i]
    pools = rules.menu.pool_from[cls + 1] - rules.menu.pool_from[cls]
    worth, taken = np.empty(pools), np.empty(pools, dtype=np.int64)
    _write_minima(i, rules, price, (worth, taken))
    return worth, taken


@njit(cache=True)
def _write_minima(i: int, rules: Rules, price: Array, best: tuple[Array, Whole]) -> None:
    """Write what each pool's cheapest option is worth, and which it is: into room that serves all parts in turn."""
    cls, (worth, taken) = rules.menu.part_class[i], best
    for j in range(rules.menu.pool_from[cls + 1] - rules.menu.pool_from[cls]):
        hub, start, stop = options_of(i, j, rules)
        worth[j] = np.inf
        for o in range(start, stop):
            reduced = reduced_cost(i, hub, o, rules, price)
            if reduced < worth[j]:
                worth[j], taken[j] = reduced, o


@njit(cache=True)
def _share_out(i: int, members: Whole, rules: Rules, price: Array, options: Whole) -> float:
    """Share what is available among a pattern's pools at least cost; fill ``options``, return the value."""
    table, step, pools = rules.table, rules.limits.step[i], len(members)
    room = rules.limits.available[i] // step
    best, pick = np.full((pools + 1, room + 1), np.inf), np.full((pools, room + 1), -1, dtype=np.int64)
    best[0] = 0.0
    for at in range(pools):
        hub, start, stop = options_of(i, members[at], rules)
        for o in range(start, stop):
            need = -(-table.qty[o] // step)
            reduced = reduced_cost(i, hub, o, rules, price)
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
