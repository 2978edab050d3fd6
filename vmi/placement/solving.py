"""Solve the tabulated model: prices on the rows, a choice from plans hardly dearer than the best, then from more.

A plan of a part can only be in a better solution if its value under the prices lies within the gap of its part's best:
with all of those listed, the last program's optimum is the model's. Where they are too many, or the gap is shut enough
before, the bound is that of the prices.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vmi.placement.columns import Columns, Listing
from vmi.placement.instance import Instance
from vmi.placement.master import Priced, Search, answer, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Restriction, near_plans
from vmi.placement.problem import Array, Whole
from vmi.placement.selection import Selection, fits, select
from vmi.placement.settling import settled_plans

SHUT, EXACT_PARTS, NEAR_ENOUGH = 1e-6, 200, 2e-4
"""Relative gap that counts as none; where more parts than this order tonight, the one not worth closing."""
FIRST_SLACK, WIDER = 1e-6, 3.0
"""How much dearer than their part's best the plans listed may be at first, as a share of the cost, and the factor from
round to round; never more than the gap, for what is dearer by more cannot be in a better solution."""
PLANS_PER_PART = 5_000


@dataclass(frozen=True)
class Solution:
    """A plan with its proof: patterns and units by part and hub, cost by part, bound, prices, and how it was got."""

    pattern: Whole
    qty: Whole
    cost: Array
    bound: float
    prices: Array
    status: str
    passes: int

    @property
    def objective(self) -> float:
        """Cost of the plan [CNY]."""
        return float(self.cost.sum())

    def within(self, relative_gap: float) -> bool:
        """Return whether the bound proves the plan within that share of its cost."""
        return self.objective - self.bound <= relative_gap * max(1.0, abs(self.objective))


class _Case(NamedTuple):
    """The parts that compete for the rows, and all that decides them."""

    instance: Instance
    restriction: Restriction
    active: Whole
    parameters: PlacementParameters


def solve(
    instance: Instance,
    restriction: Restriction,
    parameters: PlacementParameters,
    thorough: bool = True,
    start: Array | None = None,
) -> Solution:
    """Return a plan of least cost, or within the gap that its bound shows; roughly so if not ``thorough``.

    ``start`` are prices of the rows to begin with, such as last night's; they change the way, not the answer's proof.
    """
    none = np.zeros(len(instance.free))
    first = answer(instance, instance.everyone, restriction, none)
    used = instance.usage(instance.everyone, first.qty)
    if (used.sum(axis=0) <= instance.free + 1e-9).all():
        return Solution(first.pattern, first.qty, first.cost, float(first.cost.sum()), none, "optimal", 0)
    # A plan that uses nothing and is best without prices is best under any: such parts are settled.
    active = np.flatnonzero((used > 0).any(axis=1)).astype(np.int64)
    settled = float(first.cost.sum() - first.cost[active].sum())
    case = _Case(instance, restriction, active, parameters)
    priced = price_rows(instance, active, restriction, Search(first, start, parameters.master_passes))
    found, bound = _choose(case, priced, settled + priced.bound, thorough)
    closed = found.cost - bound <= SHUT * max(1.0, abs(found.cost))
    if not closed:
        plans = settled_plans(instance, restriction, active, (found.pattern, found.qty, found.by_part), priced.prices)
        found = Selection(*plans, found.bound)
    pattern, qty, cost = first.pattern.copy(), first.qty.copy(), first.cost.copy()
    pattern[active], qty[active], cost[active] = found.pattern, found.qty, found.by_part
    status, bound = "optimal" if closed else "feasible", settled + min(bound, found.cost)
    return Solution(pattern, qty, cost, bound, priced.prices.round(6), status, priced.passes)


def _choose(case: _Case, priced: Priced, whole: float, thorough: bool) -> tuple[Selection, float]:
    """Return a choice of one plan per part, and a bound; ``whole`` [CNY] is about what all parts cost.

    Rough: from the plans hardly dearer than their part's best. Thorough: from ever more of them until the gap is small
    enough, at last from all within the gap, as far as they are no more than ``columns_limit``.
    """
    parameters, bound = case.parameters, priced.bound
    scale = max(1.0, abs(whole))
    enough = max((SHUT if len(case.active) <= EXACT_PARTS else NEAR_ENOUGH), parameters.relative_gap) * scale
    gap, slack = enough / (4.0 * max(1.0, abs(bound))), FIRST_SLACK * scale
    listed, complete = _near(case, priced, slack)
    found = select(case.instance, listed, gap, parameters.nodes_limit)
    while thorough and found.cost - bound > enough and not (complete and slack >= found.cost - bound):
        slack = min(slack * WIDER, found.cost - bound)
        listed, complete = _near(case, priced, slack)
        if len(listed.part) > len(case.active) + parameters.columns_limit:
            break
        better = select(case.instance, listed, gap, parameters.nodes_limit)
        found = min(found, better, key=lambda s: s.cost)
        if complete and slack >= found.cost - bound:
            bound = max(bound, min(better.bound, found.cost))
    return found, bound


def _near(case: _Case, priced: Priced, slack: float) -> tuple[Listing, bool]:
    """Return the plans whose value is within ``slack`` of their part's best, and whether those are all.

    A part with a choice may also order nothing but what is forced; if that does not make room for the others, any may.
    Ends early when they are more than ``columns_limit``.
    """
    instance, active = case.instance, case.active
    best = answer(instance, active, case.restriction, priced.prices)
    closed = case.restriction._replace(closed=np.ones_like(case.restriction.closed))
    nothing = answer(instance, active, closed, np.zeros_like(priced.prices))
    rules, charges = instance.rules(case.restriction), instance.charges(priced.prices)
    columns, complete = Columns(), True
    for at, (i, value) in enumerate(zip(active.tolist(), best.value, strict=True)):
        patterns, units, costs, all_listed = near_plans(i, rules, charges, float(value) + slack + SHUT, PLANS_PER_PART)
        for pattern, qty, cost in zip(patterns, units, costs, strict=True):
            columns.add(i, int(pattern), qty.copy(), float(cost))
        if len(patterns) > 1 or not len(patterns):
            columns.add(i, int(nothing.pattern[at]), nothing.qty[at], float(nothing.cost[at]))
        complete = complete and all_listed
        if len(columns) > len(active) + case.parameters.columns_limit:
            complete = False
            break
    listed = columns.listing()
    if not complete or not fits(instance, listed):
        columns.keep(active, best)
        columns.keep(active, nothing)
        listed = columns.listing()
    return listed, complete
