"""Solve the tabulated model: prices on the rows, plans made to fit them, and programs where that is not near enough.

The prices' bound is the proof (:mod:`vmi.placement.master`). At thousands of parts the answers to the prices, made to
fit and settled, are near enough as a rule (:mod:`vmi.placement.finding`); where they are not, nearer prices are found,
and then programs of what comes near the parts' best.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from vmi.placement.finding import SHUT, Case, Found, choose, fit, settle
from vmi.placement.instance import Instance
from vmi.placement.master import MASTER_GAP, Search, answer, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Choice, Restriction
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import FITS, what_fits
from vmi.placement.trading import Near

EXACT_PARTS, NEAR_ENOUGH, ROUGH_GAP = 60, 2e-4, 1e-3
"""Where more parts than this order tonight, the relative gap that is not worth closing; and the one that is small
enough for the wish that only decides trips."""
NEARER = (8.0, 64.0)
"""How much nearer than the gap that contents the prices are: at first, and where plans by those are too far."""
OFFERS = 1_500
"""Plans among which room is traded at a time."""


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
    used, whole = instance.usage(instance.everyone, first.qty), float(first.cost.sum())
    if (used.sum(axis=0) <= instance.free + FITS).all():
        return Solution(first.pattern, first.qty, first.cost, whole, none, "optimal", 0)
    # A plan that uses nothing and is best without prices is best under any: such parts are settled.
    active = np.flatnonzero((used > 0).any(axis=1)).astype(np.int64)
    content, scale = contents(parameters, len(active), thorough), max(1.0, abs(whole))
    case = Case(instance, restriction, active, parameters, scale, content * scale)
    got = _price_and_fit(case, first, start)
    found, began = got.found, perf_counter()
    if found.gap > case.enough:
        found = choose(got.case, got.near, found, thorough)
    plans = first.pattern.copy(), first.qty.copy(), first.cost.copy()
    for all_parts, own in zip(plans, found.plans, strict=True):
        all_parts[active] = own
    bound = whole - float(first.cost[active].sum()) + min(found.bound, found.plans.cost)
    status, seconds = "optimal" if found.shut else "feasible", got.seconds | {"program": perf_counter() - began}
    return Solution(*plans, bound, got.prices.round(6), status, got.passes, seconds)


def contents(parameters: PlacementParameters, ordering: int, thorough: bool = True) -> float:
    """Return the relative gap that is small enough where so many parts order tonight."""
    wanted = parameters.relative_gap or (SHUT if ordering <= EXACT_PARTS else NEAR_ENOUGH)
    return max(wanted, SHUT if thorough else ROUGH_GAP)


class _Priced(NamedTuple):
    """Plans that fit and the bound of the prices; the case and the answers that they are of; the prices to tell, passes
    and seconds by phase.
    """

    found: Found
    case: Case
    near: Near
    prices: Array
    passes: int
    seconds: dict[str, float]


def _price_and_fit(case: Case, first: Choice, start: Array | None) -> _Priced:
    """Return plans by prices; where they are not near enough, by nearer prices of what fits at all.

    The first prices are told: those of what fits leave rows without one into which nothing fits.
    """
    priced = _attempt(case, Search(first, start, case.parameters.master_passes), NEARER[0])
    left, tolerance = case.parameters.master_passes - priced.passes, _tolerance(case, NEARER[0])
    if priced.found.gap <= case.enough:
        return priced
    if left <= 0 or tolerance <= MASTER_GAP:
        return priced._replace(found=settle(case, priced.near, priced.found, by_row=True))
    fits = case._replace(restriction=what_fits(case.instance, case.restriction))
    again = _attempt(fits, Search(first, priced.prices, left), NEARER[1])
    found = Found(min(priced.found.plans, again.found.plans, key=lambda p: p.cost), again.found.bound)
    found = settle(fits, again.near, found, by_row=True)
    seconds = {name: spent + again.seconds[name] for name, spent in priced.seconds.items()}
    return again._replace(found=found, prices=priced.prices, passes=priced.passes + again.passes, seconds=seconds)


def _tolerance(case: Case, nearer: float) -> float:
    """Return how near, as a share, the prices' bound must come to the master's value."""
    return max(MASTER_GAP, min(case.enough / case.scale, ROUGH_GAP) / nearer)


def _attempt(case: Case, search: Search, nearer: float) -> _Priced:
    """Return plans that fit by prices so much nearer than the gap that contents."""
    began = perf_counter()
    search = search._replace(near=_tolerance(case, nearer))
    priced = price_rows(case.instance, case.active, case.restriction, search)
    said, priced_at = answer(case.instance, case.active, case.restriction, priced.prices), perf_counter()
    near = Near(priced.prices, said, case.scale, OFFERS, np.arange(len(case.active)))
    found = settle(case, near, Found(fit(case, near), priced.bound), by_row=False)
    seconds = {"prices": priced_at - began, "settling": perf_counter() - priced_at}
    return _Priced(found, case, near, priced.prices, priced.passes, seconds)
