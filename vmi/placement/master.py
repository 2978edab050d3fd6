"""Put prices on the coupling rows: Dantzig-Wolfe, with a bound at every step.

A restricted master over the parts' plans (GLOP, whose duals are prices; Dantzig and Wolfe 1960) proposes prices, the
parts answer with their best plans (:mod:`vmi.placement.pricing`), and

    sum_i min value_i(price) - price . free

is at every step a valid bound on the model (Lagrange).
"""

from typing import NamedTuple

import numpy as np
from ortools.linear_solver import pywraplp

from vmi.placement.columns import Columns
from vmi.placement.instance import Instance
from vmi.placement.pricing import Choice, Restriction, best_plans
from vmi.placement.problem import Array, Whole

NEW_PRICE = 0.6
"""Weight of the master's new prices against the best so far: without smoothing they jump from end to end."""
MASTER_GAP = 1e-7
"""Relative distance between the master's value and the bound at which prices are as good as final."""


class Priced(NamedTuple):
    """Where the search for prices ended: best prices, the bound [CNY], the master's value, passes."""

    prices: Array
    bound: float
    value: float
    passes: int


class Search(NamedTuple):
    """Where the search begins: the best plan of every part without prices, and last night's prices if there are."""

    unpriced: Choice
    start: Array | None
    passes: int


def answer(instance: Instance, parts: Whole, restriction: Restriction, prices: Array) -> Choice:
    """Return the best plan of each of the parts under prices of the rows."""
    return best_plans(parts, instance.rules(restriction), instance.charges(prices))


def forced_only(instance: Instance, parts: Whole, restriction: Restriction) -> Choice:
    """Return the plan of each of the parts that orders nothing but what it must: all of them fit together."""
    closed = restriction._replace(closed=np.ones_like(restriction.closed))
    return answer(instance, parts, closed, np.zeros(len(instance.free)))


def price_rows(instance: Instance, active: Whole, restriction: Restriction, search: Search) -> Priced:
    """Return prices of the rows whose bound on the cost of the active parts no other prices much improve."""
    columns, first = Columns(), search.unpriced
    columns.keep(active, forced_only(instance, active, restriction))
    columns.keep(active, Choice(first.pattern[active], first.qty[active], first.value[active], first.cost[active]))
    master = _Master(instance, active)
    best, bound, value, passes = np.zeros(len(instance.free)), -np.inf, np.inf, 0
    if search.start is not None:
        said = answer(instance, active, restriction, search.start)
        columns.keep(active, said)
        best, bound = search.start, _reached(instance, said, search.start)
    while passes < search.passes:
        passes += 1
        value, dual = master.solve(columns)
        if value - bound <= MASTER_GAP * max(1.0, abs(value)):
            break
        grew = False
        for weight in (NEW_PRICE, 1.0):
            prices = weight * dual + (1.0 - weight) * best
            said = answer(instance, active, restriction, prices)
            reached = _reached(instance, said, prices)
            if reached > bound:
                bound, best = reached, prices
            grew = columns.keep(active, said) or grew
            if grew:
                break
        if not grew:
            break
    return Priced(best, bound, value, passes)


def _reached(instance: Instance, said: Choice, prices: Array) -> float:
    """Return the bound that the parts' answer to prices gives."""
    limited = np.isfinite(instance.free)
    return float(said.value.sum() - prices[limited] @ instance.free[limited])


class _Master:
    """The restricted master as a growing GLOP model: one row per coupling row that is limited, one per part."""

    def __init__(self, instance: Instance, active: Whole) -> None:
        self.instance, self.taken = instance, 0
        self.limited = np.flatnonzero(np.isfinite(instance.free))
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        infinity = self.solver.infinity()
        self.rows = [self.solver.Constraint(-infinity, float(instance.free[k])) for k in self.limited]
        self.one = {int(i): self.solver.Constraint(1.0, 1.0) for i in active}
        self.variables: list[pywraplp.Variable] = []
        self.solver.Objective().SetMinimization()

    def solve(self, columns: Columns) -> tuple[float, Array]:
        """Add what is new, solve, and return the value and the rows' prices (>= 0)."""
        self._extend(columns)
        objective = self.solver.Objective()
        for variable, cost in zip(self.variables, columns.cost, strict=True):
            objective.SetCoefficient(variable, cost)
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            raise ValueError("placement: the price master has no optimum, though ordering nothing is always allowed")
        prices = np.zeros(len(self.instance.free))
        prices[self.limited] = [max(-row.dual_value(), 0.0) for row in self.rows]
        return objective.Value(), prices.round(9)

    def _extend(self, columns: Columns) -> None:
        if self.taken == len(columns):
            return
        part, qty = columns.part[self.taken :], columns.qty[self.taken :]
        usage = self.instance.usage(np.array(part, dtype=np.int64), np.array(qty, dtype=np.int64))[:, self.limited]
        for i, used in zip(part, usage, strict=True):
            variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
            self.one[i].SetCoefficient(variable, 1.0)
            for k in np.flatnonzero(used):
                self.rows[k].SetCoefficient(variable, float(used[k]))
            self.variables.append(variable)
        self.taken = len(columns)
