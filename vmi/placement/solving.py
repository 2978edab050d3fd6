"""Solve the tabulated model: prices on the rows, plans made to fit them, and programs where that is not near enough.

The prices' bound is the proof (:mod:`vmi.placement.master`). At thousands of parts the answers to the prices, made to
fit and settled, are near enough as a rule (:mod:`vmi.placement.finding`); where they are not, a program of what is near
the parts' best; then rows that few parts use are kept instead of priced (:mod:`vmi.placement.keeping`), and larger
programs.
"""

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from vmi.placement.finding import FEW_COLUMNS, MORE_COLUMNS, ROUGH_COLUMNS, SHUT, Case, Found, begin, best_of, choose
from vmi.placement.instance import Instance
from vmi.placement.keeping import keep_rows
from vmi.placement.master import MASTER_GAP, Search, answer, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Choice, Restriction
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import FITS, LEAST_GAIN, what_fits
from vmi.placement.trading import Near

EXACT_PARTS, NEAR_ENOUGH, ROUGH_GAP = 60, 2e-4, 1e-3
"""Where more parts than this order tonight, the relative gap that is not worth closing; and the one that is small
enough for the wish that only decides trips."""
NEAR = 64.0
"""How much nearer than the gap that contents the prices are."""
HIGHER = 1.01
"""Share of the prices at which parts are asked for plans to begin with: most rows have room left then, which is easier
given out than taken back."""
TOLD_PASSES = 20
"""Most passes in which rows too small for what is wanted get their prices."""
OFFERS = 1_500
"""Plans among which room is traded at a time."""


@dataclass(frozen=True)
class Solution:
    """A plan with its proof: patterns and units by part and hub, cost by part, bound, prices, and how it was got.

    ``seconds`` by phase: prices, plans that fit, programs. They are told, never published: they differ from run to run.
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
    # Nothing that fits is lost; prices alone would let a part take most of a unit that no row has room for.
    case = Case(instance, what_fits(instance, restriction), active, parameters, scale, content * scale)
    began, nearness = perf_counter(), max(MASTER_GAP, min(content, ROUGH_GAP) / NEAR)
    priced = price_rows(instance, active, case.restriction, Search(start, parameters.master_passes, nearness))
    said = answer(instance, active, case.restriction, priced.prices)
    told, seconds = _told(case, restriction, priced.prices, said), {"prices": perf_counter() - began}
    near = Near(priced.prices, said, OFFERS, np.arange(len(active)), np.zeros(len(active)))
    found = _find(case, near, priced.bound, thorough, seconds)
    plans = first.pattern.copy(), first.qty.copy(), first.cost.copy()
    for all_parts, own in zip(plans, found.plans, strict=True):
        all_parts[active] = own
    bound = whole - float(first.cost[active].sum()) + min(found.bound, found.plans.cost)
    status = "optimal" if found.shut else "feasible"
    return Solution(*plans, bound, told.round(6), status, priced.passes, seconds)


def _find(case: Case, near: Near, floor: float, thorough: bool, seconds: dict[str, float]) -> Found:
    """Return plans and a bound, each step only where those before are not near enough; tell ``seconds`` by phase.

    ``floor``: the bound of the prices.
    """
    began, most = perf_counter(), case.parameters.columns_limit if thorough else ROUGH_COLUMNS
    few = min(FEW_COLUMNS, most)
    higher = answer(case.instance, case.active, case.restriction, HIGHER * near.prices)
    found = begin(case, near._replace(said=higher), floor)
    fitted = perf_counter()
    if found.gap > case.enough:
        found = choose(case, near, floor, found, few, few)
    if found.gap > case.enough:
        # What keeping rows raises is the prices' bound, not the program's: the higher of the two holds, not their sum.
        wishes, raised = keep_rows(case, near, found._replace(bound=floor))
        if wishes is not near:
            near, floor, found = wishes, raised.bound, best_of(found, begin(case, wishes, raised.bound))
            found = choose(case, near, floor, found, few, most)
        elif few < most:
            found = choose(case, near, floor, found, min(MORE_COLUMNS * few, most), most)
    seconds |= {"plans": fitted - began, "programs": perf_counter() - fitted}
    return found


def contents(parameters: PlacementParameters, ordering: int, thorough: bool = True) -> float:
    """Return the relative gap that is small enough where so many parts order tonight."""
    wanted = parameters.relative_gap or (SHUT if ordering <= EXACT_PARTS else NEAR_ENOUGH)
    return max(wanted, SHUT if thorough else ROUGH_GAP)


def _told(case: Case, restriction: Restriction, prices: Array, said: Choice) -> Array:
    """Return what a further unit of each row is worth, also of one too small for a unit of what is wanted there.

    Prices are of what fits: they leave a row without one into which nothing fits. What a part would save that took all
    the same what does not fit is worth so much for each unit of the row that is smallest for it; once that row has its
    price, the part may ask for another. ``said``: what parts answer to the prices as far as it fits.
    """
    instance, told = case.instance, prices.copy()
    for _ in range(TOLD_PASSES):
        wanted = answer(instance, case.active, restriction, told)
        more = np.maximum(instance.usage(case.active, wanted.qty) - instance.usage(case.active, said.qty), 0.0)
        tightest = np.argmax(more / np.maximum(instance.free, FITS), axis=1)
        use, saved = more[np.arange(len(more)), tightest], said.value - wanted.value
        asking = np.flatnonzero((use > 0) & (saved > LEAST_GAIN))
        if not len(asking):
            break
        row = tightest[asking]
        np.maximum.at(told, row, told[row] + saved[asking] / use[asking])
        said = answer(instance, case.active, case.restriction, told)
    return told
