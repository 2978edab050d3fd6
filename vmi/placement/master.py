"""Put prices on the coupling rows: Dantzig-Wolfe over groups of parts, with a bound at every step.

A restricted master over the groups' plans (GLOP, whose duals are prices; Dantzig and Wolfe 1960) proposes prices, the
parts answer with their best plans (:mod:`vmi.placement.pricing`), and

    sum_i min value_i(price) - price . free

is at every step a valid bound on the model (Lagrange). A column is what a whole group answered: with a group for every
part the master takes fewer passes, but at thousands of parts each of its programs longer than twenty passes of groups.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit
from ortools.linear_solver import pywraplp

from vmi.placement.columns import Columns
from vmi.placement.instance import Instance
from vmi.placement.limits import Rows
from vmi.placement.pricing import Choice, Restriction, best_plans
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import use_rows

NEW_PRICE = 0.6
"""Weight of the master's new prices against the best so far: without smoothing they jump from end to end."""
MASTER_GAP = 1e-7
"""Relative distance between the master's value and the bound at which prices are as good as final."""
GROUPS = 100
"""Groups that parts are dealt out to: no more columns than that in a pass."""
STEP, SMALL_STEPS = 1.5, 4
"""Factor by which a price may move in each of the first passes from prices that were given."""
AROUND_START = (1.0, 0.8, 1.25)
"""Shares of given prices at which parts are asked first: rows mostly become scarcer, or less so, together."""
LEAST_ROOM = 1e-6
"""Room up to which a row is not written relative to it."""


class Priced(NamedTuple):
    """Where the search for prices ended: best prices, the bound [CNY], the master's value, passes."""

    prices: Array
    bound: float
    value: float
    passes: int


class Search(NamedTuple):
    """Where the search begins and ends: last night's prices if there are, most passes, how near master and bound must
    come.
    """

    start: Array | None
    passes: int
    near: float = MASTER_GAP


def answer(instance: Instance, parts: Whole, restriction: Restriction, prices: Array) -> Choice:
    """Return the best plan of each of the parts under prices of the rows."""
    return best_plans(parts, instance.rules(restriction), instance.charges(prices))


def forced_only(instance: Instance, parts: Whole, restriction: Restriction) -> Choice:
    """Return the plan of each of the parts that orders nothing but what it must: all of them fit together."""
    closed = restriction._replace(closed=np.ones_like(restriction.closed))
    return answer(instance, parts, closed, np.zeros(len(instance.free)))


def price_rows(instance: Instance, active: Whole, restriction: Restriction, search: Search) -> Priced:
    """Return prices of the rows whose bound on the cost of the active parts no other prices much improve."""
    none, (parts, starts) = np.zeros(len(instance.free)), _groups(instance, active)
    master = _Master(instance, parts, starts)
    master.learn(forced_only(instance, parts, restriction))
    best, bound, value, passes = none, -np.inf, np.inf, 0
    for first in [none] if search.start is None else [share * search.start for share in AROUND_START]:
        prices = first.round(9)
        said = answer(instance, parts, restriction, prices)
        master.learn(said)
        if (reached := bound_at(instance, said.value, prices)) > bound:
            best, bound = prices, reached
    while passes < search.passes:
        passes += 1
        solved = master.solve()
        if solved is None:
            break
        value, dual = solved
        if value - bound <= search.near * max(1.0, abs(value)):
            break
        if search.start is not None and passes <= SMALL_STEPS:
            dual = np.clip(dual, best / STEP, np.maximum(best * STEP, dual / STEP))
        grew = False
        for weight in (NEW_PRICE, 1.0):
            prices = (weight * dual + (1.0 - weight) * best).round(9)
            said = answer(instance, parts, restriction, prices)
            reached = bound_at(instance, said.value, prices)
            if reached > bound:
                bound, best = reached, prices
            grew = master.learn(said) or grew
            if grew:
                break
        if not grew and (search.start is None or passes > SMALL_STEPS):
            break
    return Priced(best, bound, value, passes)


def _groups(instance: Instance, active: Whole) -> tuple[Whole, Whole]:
    """Return the parts group by group and the first place of each group: the parts of a supplier side by side, and
    among them the hazardous ones, so that a column uses few rows and a supplier's price moves few groups.
    """
    rows, groups = instance.rows, min(GROUPS, len(active))
    order = np.lexsort((rows.use[active, 1] > 0.0, rows.supplier[active]))
    return active[order], np.arange(groups) * len(active) // groups


def bound_at(instance: Instance, value: Array, prices: Array) -> float:
    """Return the bound that prices give [CNY], with what each part's best plan is worth under them (Lagrange)."""
    limited = np.isfinite(instance.free)
    return float(value.sum() - prices[limited] @ instance.free[limited])


class _Master:
    """The restricted master as a growing GLOP model: one row per coupling row that is limited, one per group."""

    def __init__(self, instance: Instance, parts: Whole, starts: Whole) -> None:
        self.instance, self.parts, self.columns = instance, parts, Columns(starts)
        self.limited = np.flatnonzero(np.isfinite(instance.free))
        free = instance.free[self.limited]
        self.scale = np.where(free > LEAST_ROOM, free, 1.0)
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        infinity = self.solver.infinity()
        self.rows = [self.solver.Constraint(-infinity, float(room)) for room in free / self.scale]
        self.one = [self.solver.Constraint(1.0, 1.0) for _ in starts]
        self.solver.Objective().SetMinimization()

    def learn(self, said: Choice) -> bool:
        """Add the groups' answers as columns; return whether one of them is new."""
        new = self.columns.unknown(said)
        if not new:
            return False
        usage = _usage(self.parts, self.columns.starts, said.qty, self.instance.rows)
        used, cost = usage[:, self.limited] / self.scale, self.columns.cost(said)
        objective, infinity = self.solver.Objective(), self.solver.infinity()
        for group in new:
            variable = self.solver.NumVar(0.0, infinity, "")
            objective.SetCoefficient(variable, float(cost[group]))
            self.one[group].SetCoefficient(variable, 1.0)
            for row, share in zip(self.rows, used[group].tolist(), strict=True):
                if share:
                    row.SetCoefficient(variable, share)
        return True

    def solve(self) -> tuple[float, Array] | None:
        """Return the master's value and the rows' prices (>= 0); None where rounding keeps every simplex from them."""
        if all(self.solver.Solve(way) != pywraplp.Solver.OPTIMAL for way in _ways()):
            return None
        prices = np.zeros(len(self.instance.free))
        prices[self.limited] = [max(-row.dual_value(), 0.0) for row in self.rows] / self.scale
        return float(self.solver.Objective().Value()), prices.round(9)


@njit(cache=True)
def _usage(parts: Whole, starts: Whole, qty: Whole, rows: Rows) -> Array:
    """Return what the plans of each group of parts use of each row, shape (groups, rows)."""
    used, group = np.zeros((len(starts), len(rows.free))), -1
    for at in range(len(parts)):
        if group + 1 < len(starts) and starts[group + 1] == at:
            group += 1
        use_rows(parts[at], qty[at], rows, -1.0, used[group])
    return used


def _ways() -> Iterator[pywraplp.MPSolverParameters]:
    """Yield GLOP's ways: on from the last basis, which presolving and scaling would lose; where that ends without an
    optimum, as it may by rounding, with them; and from scratch by the dual simplex, and by the primal one.
    """
    way = pywraplp.MPSolverParameters()
    way.SetIntegerParam(way.PRESOLVE, way.PRESOLVE_OFF)
    way.SetIntegerParam(way.SCALING, way.SCALING_OFF)
    yield way
    way = pywraplp.MPSolverParameters()
    yield way
    way.SetIntegerParam(way.INCREMENTALITY, way.INCREMENTALITY_OFF)
    way.SetIntegerParam(way.LP_ALGORITHM, way.DUAL)
    yield way
    way.SetIntegerParam(way.LP_ALGORITHM, way.PRIMAL)
    way.SetIntegerParam(way.SCALING, way.SCALING_OFF)
    yield way
