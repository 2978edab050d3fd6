"""Value parts once units have moved between warehouses, under prices of the rows; compiled.

A move changes the position of the pools that have one of its ends in them and not the other: all others are worth what
the table says. Where a position changes, what a pool costs at every position is walked once a part and serves all the
part's moves, however many units they take.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.economics import Economics
from vmi.placement.model import Ground, pool_moments, pool_position, units_over
from vmi.placement.pricing import Rules, pattern_worth, patterns_of, pool_minima
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.values import WINDOWS, advance, begin, holding_cost


class Terms(NamedTuple):
    """All that decides what a part is worth after a move: rules, demand, money, cost of a line [CNY], and the rows'
    charges for a unit and a line, shape (parts, hubs, 2).
    """

    rules: Rules
    ground: Ground
    money: Economics
    line_cost: float
    charges: Array


class _Curves(NamedTuple):
    """What a part's pools cost by position, as far as it has been walked; a row a pool.

    ``reach``: how many units are moved at most; ``walk`` (pools, 8, WINDOWS), see ``values.begin``; ``known``: how many
    positions from ``lowest`` on are known, -1 where the walk has not begun; ``cover`` [CNY]; ``cost``, ``holding``
    (pools, positions) [CNY].
    """

    reach: int
    walk: Array
    known: Whole
    lowest: Whole
    cover: Array
    cost: Array
    holding: Array


@njit(cache=True)
def values_after(part: Whole, moved: Whole, terms: Terms) -> tuple[Array, Mask]:
    """Return what the best plan of ``part[r]`` is worth once ``moved[r]`` units have come to each warehouse [CNY].

    Second, where that is told: not where the supplier's units would have to be shared out among pools, nor where a
    position lies beyond what was walked. What moved units cost on the shelf is left out. Rows of a part that stand
    side by side are reckoned together.
    """
    value, told = np.empty(len(part)), np.ones(len(part), dtype=np.bool_)
    start = 0
    while start < len(part):
        stop = start + 1
        while stop < len(part) and part[stop] == part[start]:
            stop += 1
        _values_of_part(part[start], moved[start:stop], terms, value[start:stop], told[start:stop])
        start = stop
    return value, told


@njit(cache=True)
def _values_of_part(i: int, moved: Whole, terms: Terms, value: Array, told: Mask) -> None:
    rules, menu = terms.rules, terms.rules.menu
    first_pool = menu.pool_from[menu.part_class[i]]
    pools, reach = menu.pool_from[menu.part_class[i] + 1] - first_pool, np.abs(moved).sum(axis=1).max()
    before, taken = pool_minima(i, rules, terms.charges)
    curves = _curves(i, pools, reach, terms)
    known = np.zeros((pools, 2 * reach + 1), dtype=np.bool_)
    worth, units = np.empty((pools, 2 * reach + 1)), np.zeros((pools, 2 * reach + 1), dtype=np.int64)
    for j in range(pools):
        known[j, reach], worth[j, reach], units[j, reach] = True, before[j], rules.table.qty[taken[j]]
    patterns, _ = patterns_of(i, rules)
    still = np.array([pattern_worth(i, m, before, rules) for m in patterns])
    order = np.argsort(still)
    now, ordered, gain = np.empty(pools), np.empty(pools, dtype=np.int64), np.zeros(moved.shape[1])
    for r in range(len(moved)):
        gain[:] = 0.0
        for j in range(pools):
            mask = menu.pool_mask[first_pool + j]
            shift = units_over(moved[r], mask)
            at = shift + reach
            if not known[j, at]:
                worth[j, at], units[j, at] = _best_after(i, j, shift, terms, curves)
                known[j, at] = True
            now[j], ordered[j] = worth[j, at], units[j, at]
            told[r] = told[r] and units[j, at] >= 0
            if shift != 0 and now[j] < before[j]:
                for h in range(len(gain)):
                    if mask >> h & 1 and moved[r, h] != 0:
                        gain[h] = max(gain[h], before[j] - now[j])
        # The pools of a pattern have no warehouse in common: no pattern gains more than that.
        best, value[r], most = order[0], np.inf, gain.sum()
        for k in order:
            if still[k] - most >= value[r]:
                break
            total = still[k]
            for j in menu.members[menu.member_from[patterns[k]] : menu.member_from[patterns[k] + 1]]:
                total += now[j] - before[j]
            if total < value[r]:
                best, value[r] = k, total
        # What nobody has to share out is exact: sharing never makes a plan cheaper.
        needed = 0
        for j in menu.members[menu.member_from[patterns[best]] : menu.member_from[patterns[best] + 1]]:
            needed += ordered[j]
        told[r] = told[r] and needed <= rules.limits.available[i]


@njit(cache=True)
def _curves(i: int, pools: int, reach: int, terms: Terms) -> _Curves:
    """Return curves nothing of which is known yet, long enough for what may be ordered after a move."""
    table, limits = terms.rules.table, terms.rules.limits
    options = table.qty[table.option_from[table.row_from[i]] : table.option_from[table.row_from[i + 1]]]
    size = 3 * reach + options.max() + 2 * max(limits.step[i], limits.first[i]) + 2
    none = np.full(pools, -1, dtype=np.int64)
    curves = np.empty((pools, size)), np.empty((pools, size))
    return _Curves(reach, np.empty((pools, 8, WINDOWS)), none, np.empty_like(none), np.empty(pools), *curves)


@njit(cache=True)
def _best_after(i: int, j: int, shift: int, terms: Terms, curves: _Curves) -> tuple[float, int]:
    """Return the least cost of a pool whose position has shifted, rows priced, and the units ordered for it; -1 units
    where the curve is too short to tell. As ``model.tabulate`` and ``pricing.pool_minima`` reckon.
    """
    menu, limits, restriction = terms.rules.menu, terms.rules.limits, terms.rules.restriction
    pool = menu.pool_from[menu.part_class[i]] + j
    hub, freight = menu.pool_hub[pool], terms.money.freight[i, menu.pool_hub[pool]]
    y = pool_position(i, menu.pool_mask[pool], terms.ground)
    if curves.known[j] < 0:
        _begin(i, j, y, terms, curves)
    low, high = (limits.low[i, hub], limits.high[i, hub]) if menu.pool_orders[pool] else (0, 0)
    if restriction.closed[i, hub]:
        high = low
    here = _holding(i, j, y + shift, hub, terms, curves) - _holding(i, j, y, hub, terms, curves)
    q, last, best, units = low, np.inf, np.inf, -1
    while q == low or q <= min(high, restriction.most[i, hub]):
        total = _cost(i, j, y + shift + q, hub, terms, curves) + freight * q
        if np.isnan(total):
            return np.inf, -1
        if total >= last - 1e-9:
            break
        last = total
        line = terms.line_cost + terms.charges[i, hub, 1] if q > 0 else 0.0
        reduced = total + terms.charges[i, hub, 0] * q + line
        if reduced < best:
            best, units = reduced, q
        q = max(q + limits.step[i], limits.first[i])
    return best + curves.cover[j] - here, units


@njit(cache=True)
def _begin(i: int, j: int, y: int, terms: Terms, curves: _Curves) -> None:
    menu, mean, var = terms.rules.menu, np.empty(WINDOWS), np.empty(WINDOWS)
    pool = menu.pool_from[menu.part_class[i]] + j
    hub, mask = menu.pool_hub[pool], menu.pool_mask[pool]
    curves.cover[j] = pool_moments(i, hub, mask, terms.ground, terms.money, mean, var)
    begin(mean, var, curves.walk[j])
    curves.lowest[j] = max(y - curves.reach, 0)
    advance(curves.walk[j], 0, curves.lowest[j])
    curves.known[j] = 0


@njit(cache=True)
def _walked(i: int, j: int, y: int, hub: int, terms: Terms, curves: _Curves) -> bool:
    """Walk on to a position, and return whether the curve is long enough for it."""
    at = y - curves.lowest[j]
    if at < 0 or at >= curves.cost.shape[1]:
        return False
    price = terms.money.price[i, hub]
    for k in range(curves.known[j], at + 1):
        here = curves.lowest[j] + k
        if k > 0:
            advance(curves.walk[j], here - 1, here)
        curves.holding[j, k] = holding_cost(curves.walk[j], here, price)
        curves.cost[j, k] = price[0] * curves.walk[j, 6, 0] + curves.holding[j, k]
    curves.known[j] = max(curves.known[j], at + 1)
    return True


@njit(cache=True)
def _cost(i: int, j: int, y: int, hub: int, terms: Terms, curves: _Curves) -> float:
    """Return what a position costs [CNY], NaN beyond the curve."""
    if y < 0:
        price = terms.money.price[i, hub]
        return price[0] * curves.walk[j, 7, 0] - price[1] * y
    if not _walked(i, j, y, hub, terms, curves):
        return np.nan
    return curves.cost[j, y - curves.lowest[j]]


@njit(cache=True)
def _holding(i: int, j: int, y: int, hub: int, terms: Terms, curves: _Curves) -> float:
    """Return what the shelf and the returns of a position cost [CNY], NaN beyond the curve; nothing where all wait."""
    if y <= 0:
        return 0.0
    if not _walked(i, j, y, hub, terms, curves):
        return np.nan
    return curves.holding[j, y - curves.lowest[j]]
