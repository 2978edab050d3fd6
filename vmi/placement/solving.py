"""Solve the tabulated model: prices on the rows, a choice from plans hardly dearer than the best, then from more.

A plan of a part can only be in a better solution if its value under the prices lies within the gap of its part's best:
with all of those listed, the last program's optimum is the model's. Where they are too many, or the gap is shut enough
before, the bound is that of the prices.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from vmi.placement.choices import Choices, near_choices
from vmi.placement.instance import Instance
from vmi.placement.master import Priced, Search, answer, forced_only, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Restriction, Rules
from vmi.placement.problem import Array, Whole
from vmi.placement.selection import Selection, select
from vmi.placement.settling import settled_plans

SHUT, EXACT_PARTS, NEAR_ENOUGH = 1e-6, 60, 2e-4
"""Relative gap that counts as none; where more parts than this order tonight, the one not worth closing."""
ROUGH_GAP, ROUGH_COLUMNS = 1e-3, 300
"""Relative gap that is small enough for the wish that only decides trips, and the columns of its only program."""
FEW_COLUMNS = 1_500
"""Columns of the first program: solved in a blink, and often near enough."""
WIDEST_SLACK, NARROWER, LEAST_SLACK = 1e-3, 2.0, 1e-12
"""How much dearer than its part's best a plan may be to be listed at first, as a share of the cost, and by what that is
narrowed until the list is short enough. Then the gap: what is dearer by more cannot be in a better solution."""


@dataclass(frozen=True)
class Solution:
    """A plan with its proof: patterns and units by part and hub, cost by part, bound, prices, and how it was got.

    ``seconds`` by phase: prices, program, settling. They are told, never published: they differ from run to run.
    """

    pattern: Whole
    qty: Whole
    cost: Array
    bound: float
    prices: Array
    status: str
    passes: int
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

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


class _Near(NamedTuple):
    """What it takes to list what comes near each part's best under the prices: worked out once, listed often."""

    parts: Whole
    rules: Rules
    charges: Array
    best: Array

    @classmethod
    def of(cls, case: _Case, priced: Priced) -> "_Near":
        best = answer(case.instance, case.active, case.restriction, priced.prices).value
        return cls(case.active, case.instance.rules(case.restriction), case.instance.charges(priced.prices), best)

    def within(self, slack: float, most: int) -> tuple[Choices, bool]:
        """Return what a plan within ``slack`` of its part's best could use, and whether it is at most ``most``."""
        return near_choices(self.parts, self.rules, self.charges, self.best + slack + SHUT, most)


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
    none, began = np.zeros(len(instance.free)), perf_counter()
    first = answer(instance, instance.everyone, restriction, none)
    used = instance.usage(instance.everyone, first.qty)
    if (used.sum(axis=0) <= instance.free + 1e-9).all():
        return Solution(first.pattern, first.qty, first.cost, float(first.cost.sum()), none, "optimal", 0)
    # A plan that uses nothing and is best without prices is best under any: such parts are settled.
    active = np.flatnonzero((used > 0).any(axis=1)).astype(np.int64)
    settled = float(first.cost.sum() - first.cost[active].sum())
    case = _Case(instance, restriction, active, parameters)
    priced = price_rows(instance, active, restriction, Search(first, start, parameters.master_passes))
    priced_at = perf_counter()
    found, bound = _choose(case, priced, settled + priced.bound, thorough)
    chosen_at = perf_counter()
    closed = found.cost - bound <= SHUT * max(1.0, abs(found.cost))
    if not closed:
        plans = settled_plans(instance, restriction, active, (found.pattern, found.qty, found.by_part), priced.prices)
        found = Selection(*plans, found.bound)
    pattern, qty, cost = first.pattern.copy(), first.qty.copy(), first.cost.copy()
    pattern[active], qty[active], cost[active] = found.pattern, found.qty, found.by_part
    status, bound = "optimal" if closed else "feasible", settled + min(bound, found.cost)
    phases = {"prices": priced_at - began, "program": chosen_at - priced_at, "settling": perf_counter() - chosen_at}
    return Solution(pattern, qty, cost, bound, priced.prices.round(6), status, priced.passes, phases)


def _choose(case: _Case, priced: Priced, whole: float, thorough: bool) -> tuple[Selection, float]:
    """Return a choice of one plan per part, and a bound; ``whole`` [CNY] is about what all parts cost.

    A few columns hardly dearer than a part's best are enough at first, and for a rough answer; where the gap is not
    small enough all within the gap are listed, as far as they are no more than ``columns_limit``.
    """
    parameters, bound, scale = case.parameters, priced.bound, max(1.0, abs(whole))
    shut = SHUT if len(case.active) <= EXACT_PARTS else NEAR_ENOUGH
    enough = max(shut if thorough else ROUGH_GAP, parameters.relative_gap) * scale
    effort = enough / (4.0 * max(1.0, abs(bound))), parameters.nodes_limit
    near = _Near.of(case, priced)
    found, gap = None, np.inf
    for columns in (FEW_COLUMNS, parameters.columns_limit) if thorough else (ROUGH_COLUMNS,):
        most = len(case.active) + min(columns, parameters.columns_limit)
        slack = gap if found else WIDEST_SLACK * scale
        choices, listed = near.within(slack, most)
        while not listed and slack > LEAST_SLACK * scale:
            slack /= NARROWER
            choices, listed = near.within(slack, most)
        better = select(case.instance, case.active, choices, effort) if listed else None
        if better is not None:
            found = min(found or better, better, key=lambda s: s.cost)
            bound = max(bound, min(better.bound, found.cost)) if slack >= gap else bound
            gap = found.cost - bound
        if gap <= enough:
            break
    return found or _least(case, priced), bound


def _least(case: _Case, priced: Priced) -> Selection:
    """Return the plans in which every part has taken its turn at the room, from nothing but what is forced."""
    nothing = forced_only(case.instance, case.active, case.restriction)
    plans = (nothing.pattern, nothing.qty, nothing.cost)
    return Selection(*settled_plans(case.instance, case.restriction, case.active, plans, priced.prices), -np.inf)
