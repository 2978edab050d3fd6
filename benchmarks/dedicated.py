"""Tabulate the same model with dedicated cover: a unit is reserved for one region, as in the usual linear program.

Beside (1) of :mod:`vmi.placement.model` only the value of a pool differs. With x_r units reserved for region r,

    C_j(Y) = min  sum over r in R(j) of C_r(x_r)   subject to  sum over r of x_r = Y,  x_r whole, >= 0      for Y >= 0
    C_j(Y) = sum over r in R(j) of C_r(0) + pi0 (-Y)                                                        for Y < 0

the infimal convolution of the regions' costs. C_r is C with the region's own demand, convex in x_r: the best split
takes unit after unit where the next one is worth most, so C_j is convex as well and the table of a pool ends where
that of the pooled model does, at the cheapest quantity. Stock that lies in the pool may be reserved for any region.
"""

import numpy as np
from numba import njit

from benchmarks.cases import Case
from vmi.placement.catalogue import Menu
from vmi.placement.economics import Economics
from vmi.placement.limits import Limits
from vmi.placement.model import Ground, Table, pool_moments, pool_position, pool_rows
from vmi.placement.pools import Pools
from vmi.placement.problem import Array, Whole
from vmi.placement.values import SHELF_WEIGHTS, WINDOWS, advance, begin


def tabulate_dedicated(case: Case) -> Table:
    """Return the table of the model with dedicated cover: every pool of every part, every quantity worth weighing."""
    menu, parameters = case.menu, case.parameters
    row_from = pool_rows(menu)
    option_from, qty, cost = _tabulate(row_from, menu, case.ground, case.money, case.limits)
    line = parameters.line_cost * (qty > 0)
    return Table(row_from, option_from, qty, (cost + line).round(6), parameters.change_cost)


def reservations(pools: Pools, ground: Ground, money: Economics) -> Whole:
    """Return the units reserved for each region by the best split of every pool, shape (parts, regions).

    Customers who wait for more than a pool has stand as negative units at its hub.
    """
    bits = 1 << np.arange(pools.regions.shape[1], dtype=np.int64)
    return _reservations(pools.part, pools.hub, pools.regions @ bits, pools.after, ground, money)


@njit(cache=True)
def _reservations(part: Whole, hub: Whole, mask: Whole, units: Whole, ground: Ground, money: Economics) -> Whole:
    found = np.zeros(ground.position.shape, dtype=np.int64)
    walks = np.empty((ground.mean.shape[1], 8, WINDOWS))
    reserved, worth = np.empty(len(walks), dtype=np.int64), np.empty(len(walks))
    for row in range(len(part)):
        i, h = part[row], hub[row]
        begin_regions(i, h, mask[row], ground, money, walks)
        reserve_none(mask[row], walks, money.price[i, h], reserved, worth)
        reserve(walks, money.price[i, h], max(units[row], 0), reserved, worth)
        found[i] += reserved
        found[i, h] += min(units[row], 0)
    return found


@njit(cache=True)
def _tabulate(
    row_from: Whole, menu: Menu, ground: Ground, money: Economics, limits: Limits
) -> tuple[Whole, Whole, Array]:
    option_from = np.zeros(row_from[-1] + 1, dtype=np.int64)
    qty, cost, n = np.empty(1024, dtype=np.int64), np.empty(1024), 0
    walks = np.empty((ground.mean.shape[1], 8, WINDOWS))
    reserved, worth = np.empty(len(walks), dtype=np.int64), np.empty(len(walks))
    for i in range(len(menu.part_class)):
        first_pool = menu.pool_from[menu.part_class[i]]
        for row in range(row_from[i], row_from[i + 1]):
            pool = first_pool + row - row_from[i]
            hub, mask = menu.pool_hub[pool], menu.pool_mask[pool]
            price = money.price[i, hub]
            fixed = begin_regions(i, hub, mask, ground, money, walks)
            y = pool_position(i, mask, ground)
            low, high = (limits.low[i, hub], limits.high[i, hub]) if menu.pool_orders[pool] else (0, 0)
            q, at, value, last = low, 0, reserve_none(mask, walks, price, reserved, worth), np.inf
            while True:
                target = max(y + q, 0)
                value += reserve(walks, price, target - at, reserved, worth)
                at = target
                total = value + price[1] * max(-y - q, 0) + money.freight[i, hub] * q + fixed
                if total >= last - 1e-9:
                    break
                if n == len(qty):
                    qty, cost = np.concatenate((qty, np.empty_like(qty))), np.concatenate((cost, np.empty_like(cost)))
                qty[n], cost[n] = q, total
                n, last = n + 1, total
                q = max(q + limits.step[i], limits.first[i])
                if q > high:
                    break
            option_from[row + 1] = n
    return option_from, qty[:n].copy(), cost[:n].copy()


@njit(cache=True)
def begin_regions(i: int, hub: int, mask: int, ground: Ground, money: Economics, walks: Array) -> float:
    """Start a walk for every region of a pool; return what covering them from the hub costs [CNY]."""
    mean, var, cover = np.empty(WINDOWS), np.empty(WINDOWS), 0.0
    for r in range(len(walks)):
        if mask >> r & 1:
            cover += pool_moments(i, hub, 1 << r, ground, money, mean, var)
            begin(mean, var, walks[r])
    return cover


@njit(cache=True)
def reserve_none(mask: int, walks: Array, price: Array, reserved: Whole, worth: Array) -> float:
    """Return what the regions cost with nothing reserved [CNY]; set ``worth`` to what their first unit changes."""
    cost = 0.0
    for r in range(len(walks)):
        reserved[r], worth[r] = 0, np.inf
        if mask >> r & 1:
            cost += price[0] * walks[r, 7, 0]
            worth[r] = next_unit(walks[r], price)
    return cost


@njit(cache=True)
def reserve(walks: Array, price: Array, units: int, reserved: Whole, worth: Array) -> float:
    """Reserve so many more units, each where it is worth most; return what they change [CNY]."""
    cost = 0.0
    for _ in range(units):
        r = int(np.argmin(worth))
        cost += worth[r]
        advance(walks[r], reserved[r], reserved[r] + 1)
        reserved[r] += 1
        worth[r] = next_unit(walks[r], price)
    return cost


@njit(cache=True)
def next_unit(walk: Array, price: Array) -> float:
    """Return C(y + 1) - C(y) of the region whose walk stands at y: its row 5 holds P(D <= y) by window."""
    change = price[3] * walk[5, WINDOWS - 1] - price[0] * (1.0 - walk[5, 0])
    for g in range(1, WINDOWS):
        change += price[2] * price[4] * SHELF_WEIGHTS[g - 1] * walk[5, g]
    return change
