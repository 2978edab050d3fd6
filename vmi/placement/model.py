"""State the placement model, and tabulate what every part may do.

Sets
    i parts (final ones), w warehouses, r regions (the cities that warehouse r covers first), M(i) cover patterns of
    part i; a pattern m partitions the regions into pools j in J(m), each with one hub h(j) and regions R(j).
Data
    y_j      position of pool j: on_hand + inbound - backordered - outgoing, over the warehouses of R(j) [units]
    D_j(t)   demand of pool j in the days 1 .. t: sum over R(j); negative binomial by mean and variance; regions are
             independent; a spread of the lead time adds rate^2 sd^2 to the variance of the protection interval
    L_j      protection interval: until an order of the next review arrives (closures included) [days]
    A_j, B_j arrival of tonight's order, end of the return window of its units [days]
    pi, pi0  penalty of a unit short in L_j, of a unit that waits already [CNY]: line penalty a day x days of delay /
             units per order line; pi also holds what same-day lines lose with their day
    c, rho   carrying cost of a unit-day, cost of a unit that goes back [CNY]
    f_h      freight in, per unit [CNY]; e_hr freight out above first cover, lateness and lost same-day reach, per
             unit of region r covered from h [CNY]
    l, s     cost of an order line, and of a warehouse with demand that becomes or ceases to be a hub [CNY]; H0_i hubs
             of the plan before
    k        coupling rows: volume and hazmat volume of every hub, the budget, lines into every hub, lines out of every
             supplier; a_ik use per unit, e_ik use per line (1 or 0), b_k what is free
Variables
    z_im     1 if part i takes pattern m
    q_ij     units of part i ordered tonight for the hub of pool j: 0 or whole packs, at least the minimum order
Model
    (1) min  sum_i sum_m z_im (s |H(m) xor H0_i|
                 + sum_j in J(m) C_ij(y_j + q_ij) + f_h(j) q_ij + l [q_ij > 0] + sum_r in R(j) e_h(j)r E[D_r(L_j)])
        C(Y) = pi E[(D(L) - Y)+] + c int_A^B E[(Y - D(t))+] dt + rho E[(Y - D(B))+]        for Y >= 0
        C(Y) = pi E[D(L)] + pi0 (-Y)                                                       for Y < 0
    (2) sum_m z_im = 1                                                     each part takes one pattern
    (3) sum_j q_ij <= available_i                                          what the supplier can ship
    (4) low_ih <= q_ij <= high_ih,  q_ij in {0} u {packs >= minimum}       overrides, trucks, units
    (5) sum_ij a_ik q_ij + e_ik [q_ij > 0] <= b_k                          volume, hazmat volume, budget, lines

C is convex in Y; its k-th unit costs -pi P(D(L) >= k) + c E[time on the shelf] + rho P(D(B) < k), the value of cover
(Sherbrooke 1968; van Houtum and Kranenburg 2015). The integral is a trapezoid over ``values.SHELF_POINTS``. Since use
and prices of (5) are never negative, no quantity beyond the cheapest one without them is ever better: the table of a
pool ends there, and is exact, packs and minimum orders included. Beyond ``options_limit`` quantities a part is
ordered in multiples of several packs; the model is then that one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.catalogue import Menu, Openness
from vmi.placement.economics import Economics
from vmi.placement.limits import Limits
from vmi.placement.problem import Array, PlacementProblem, Whole
from vmi.placement.values import WINDOWS, advance, begin, moved_holding, position_cost


class Ground(NamedTuple):
    """Demand moments, positions and cover costs as compiled code reads them."""

    mean: Array
    var: Array
    position: Whole
    moved: Whole
    per_line: Array
    per_kg: Array
    late: Array
    same_day_lost: Array


class Table(NamedTuple):
    """What every part's pools may order and what that costs.

    Part i's pools are the rows ``row_from[i]`` .. ``row_from[i + 1]``, in its class's order; row p may order
    ``qty[option_from[p] : option_from[p + 1]]`` at ``cost`` [CNY], quantities ascending. ``change_cost`` [CNY]: of a
    warehouse that becomes, or is no longer, a hub of the part.
    """

    row_from: Whole
    option_from: Whole
    qty: Whole
    cost: Array
    change_cost: float


def ground_of(problem: PlacementProblem) -> Ground:
    """Return the problem's arrays in the shape that compiled code reads."""
    arcs = problem.arcs
    return Ground(
        np.ascontiguousarray(problem.demand.mean),
        np.ascontiguousarray(problem.demand.var),
        np.ascontiguousarray(problem.positions.position),
        np.ascontiguousarray(problem.positions.net_moved),
        np.ascontiguousarray(arcs.per_line),
        np.ascontiguousarray(arcs.per_kg),
        np.ascontiguousarray(arcs.late),
        np.ascontiguousarray(arcs.same_day_lost),
    )


def tabulate(
    menu: Menu, ground: Ground, money: Economics, limits: Limits, fixed: tuple[float, float] = (0.0, 0.0)
) -> Table:
    """Return the table of (1) with (4): every pool of every part, every quantity worth weighing.

    ``fixed``: what a line costs, and a warehouse that becomes or ceases to be a hub of a part [CNY].
    """
    row_from = pool_rows(menu)
    option_from, qty, cost = _tabulate(row_from, menu, ground, money, limits)
    line_cost, change_cost = fixed
    return Table(row_from, option_from, qty, (cost + line_cost * (qty > 0)).round(6), change_cost)


def pool_rows(menu: Menu) -> Whole:
    """Return the first row of every part's pools in a table, and behind the last one's the number of rows."""
    pools = np.diff(menu.pool_from)[menu.part_class]
    return np.concatenate([[0], np.cumsum(pools)]).astype(np.int64)


@njit(cache=True)
def pool_moments(i: int, hub: int, mask: int, ground: Ground, money: Economics, mean: Array, var: Array) -> float:
    """Fill ``mean`` and ``var`` by window for a pool; return what covering its regions from the hub costs [CNY]."""
    mean[:] = 0.0
    var[:] = 0.0
    cover = 0.0
    for r in range(ground.mean.shape[1]):
        if mask >> r & 1:
            for g in range(WINDOWS):
                mean[g] += ground.mean[i, r, money.place[i, hub, g]]
                var[g] += ground.var[i, r, money.place[i, hub, g]]
            late = ground.late[hub, r] + money.same_day[i] * ground.same_day_lost[hub, r]
            line = ground.per_line[hub, r] + money.penalty_line[i] * late
            line += money.same_day_miss[i] * ground.same_day_lost[hub, r]
            unit = money.weight[i] * ground.per_kg[hub, r] + line / money.line_qty[i]
            cover += unit * ground.mean[i, r, money.place[i, hub, 0]]
    rate = mean[0] / max(money.protect_days[i, hub], 1.0)
    var[0] += rate * rate * money.lead_var[i, hub]
    return cover


@njit(cache=True)
def pool_position(i: int, mask: int, ground: Ground) -> int:
    """Return the position of a pool: over all its warehouses."""
    return units_over(ground.position[i], mask)


@njit(cache=True)
def units_over(units: Whole, mask: int) -> int:
    """Return the units of all regions of a pool."""
    total = 0
    for r in range(len(units)):
        if mask >> r & 1:
            total += units[r]
    return total


@njit(cache=True)
def _tabulate(
    row_from: Whole, menu: Menu, ground: Ground, money: Economics, limits: Limits
) -> tuple[Whole, Whole, Array]:
    option_from = np.zeros(row_from[-1] + 1, dtype=np.int64)
    qty, cost = np.empty(1024, dtype=np.int64), np.empty(1024)
    mean, var, walk, n = np.empty(WINDOWS), np.empty(WINDOWS), np.empty((8, WINDOWS)), 0
    for i in range(len(menu.part_class)):
        first_pool = menu.pool_from[menu.part_class[i]]
        for row in range(row_from[i], row_from[i + 1]):
            pool = first_pool + row - row_from[i]
            hub, mask = menu.pool_hub[pool], menu.pool_mask[pool]
            cover = pool_moments(i, hub, mask, ground, money, mean, var)
            begin(mean, var, walk)
            y, moved = pool_position(i, mask, ground), units_over(ground.moved[i], mask)
            if moved != 0:
                cover -= moved_holding(mean, var, y, moved, money.price[i, hub])
            low, high = (limits.low[i, hub], limits.high[i, hub]) if menu.pool_orders[pool] else (0, 0)
            q, at, last = low, 0, np.inf
            while True:
                target = max(y + q, 0)
                advance(walk, at, target)
                at = target
                total = position_cost(walk, y + q, money.price[i, hub]) + money.freight[i, hub] * q + cover
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


def openness_of(problem: PlacementProblem, limits: Limits) -> Openness:
    """Return which warehouses may, must and already do keep each part."""
    return Openness(limits.open, limits.low > 0, problem.positions.stocked)
