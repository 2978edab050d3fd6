"""Measure what it costs that the placement model does not count that pools help each other (overflow).

    python -m benchmarks.pooling            companies of 3 and of 4 warehouses, every set of hubs weighed; some minutes
    python -m benchmarks.pooling --quick    a dozen parts, for a look
    python -m benchmarks.pooling --reach 3  a wider neighbourhood

Model error: the model's cost of its own plan over what that plan costs lived, first come first served, through many
scenarios (:mod:`benchmarks.first_come`). Regret: how much cheaper the best plan is that enumeration finds under lived
cost. Both are also measured where pools do not help each other: what the model's other approximations do, the largest
that stock which lies in a pool is taken to lie at its hub.

Companies of three kinds: those whose warehouses all may help each other, the most that overflow can matter; the same
with nothing in stock, where it is overflow alone; and companies as they are drawn, over so much land that few lanes
keep the promise.

Enumeration, part by part; parts are independent because no coupling row binds
    every cover pattern of the part's catalogue; in each, every combination of quantities up to ``reach`` steps of the
    part's pack around what the model orders in that pattern. ``reach`` shrinks where a pattern would have more than
    ``most`` combinations. Where the cheapest plan has a quantity at the edge, its pattern is enumerated around it
    again. All plans live through the same scenarios, first through few; the cheapest of a round live through more.
The winner and the model's plan are then judged on scenarios that chose neither.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.cases import Case, prepare
from benchmarks.companies import company
from benchmarks.first_come import Plans, Stage, live_part, stage
from vmi.placement.catalogue import Menu, regions_of
from vmi.placement.limits import Limits
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, Mask, PlacementProblem, Whole
from vmi.placement.solving import Solution

LINKED, EMPTY, DRAWN = "every lane allowed", "every lane allowed, nothing in stock", "as drawn"
NORMAL_95 = 1.96
MOVES = 10
"""Enumerations of a part at most: the first, then around a winner at the edge."""
JUDGING, SEEDS_PER_CASE = 500, 1_000
"""Number of the seed that judges, behind those of the rounds; how far apart the seeds of two cases are."""
SPEEDS = (("slow: under 0.5 units", 0.5), ("medium: 0.5 to 5", 5.0), ("fast: 5 and more", np.inf))
"""Units asked for within the protection interval, all regions together, below which a part is that slow."""


@dataclass(frozen=True)
class Scale:
    """Companies of ``parts``, for each number of ``warehouses``: ``linked`` of them with every lane allowed, and others
    as ``drawn``.

    ``rounds``: scenarios to live through, plans that go on to the next round. ``judging``: scenarios that judge;
    ``reach`` [steps] and ``most`` [plans of a pattern]: see the module.
    """

    parts: int
    warehouses: tuple[int, ...]
    linked: int
    drawn: int
    rounds: tuple[tuple[int, int], ...]
    judging: int
    reach: int = 2
    most: int = 700


FULL = Scale(
    parts=100,
    warehouses=(3, 4),
    linked=3,
    drawn=1,
    rounds=((100, 100), (900, 12), (3_000, 1)),
    judging=4_000,
)
QUICK = Scale(parts=12, warehouses=(3,), linked=1, drawn=0, rounds=((50, 20), (200, 1)), judging=400)


class Candidates(NamedTuple):
    """Plans of one part: pattern (number within its class) and units by hub, shapes (plans,) and (plans, hubs)."""

    pattern: Whole
    qty: Whole

    def only(self, rows: Whole) -> "Candidates":
        """Return some of the plans."""
        return Candidates(self.pattern[rows], self.qty[rows])


class Catalogue(NamedTuple):
    """A class's patterns: the hub of every region, and which warehouses may order, both (patterns, warehouses)."""

    hub: Whole
    orders: Mask


@dataclass(frozen=True)
class Measured:
    """Parts, one a row: ``pools`` of the model's plan, each with a hub; ``units`` asked for within the protection
    interval; ``model`` cost [CNY].

    By part and scenario [CNY]: the model's plan and the best plan where pools do not help each other (``alone``,
    ``best_alone``), and where they do (``helping``, ``best``). ``plans`` enumerated; ``edge``: the best lies at the
    edge even so.
    """

    pools: Whole
    units: Array
    model: Array
    alone: Array
    best_alone: Array
    helping: Array
    best: Array
    plans: Whole
    edge: Mask


@dataclass(frozen=True)
class Race:
    """The plans of one part, and what they share: how long they live, from which seed on, and whether pools help."""

    case: Case
    common: Stage
    part: int
    catalogue: Catalogue
    scale: Scale
    seed: int
    helps: bool

    def lived(self, plans: Candidates, scenarios: int, number: int) -> Array:
        """Return what plans cost, freight in included, in scenarios of seed ``number``, (plans, scenarios) [CNY]."""
        stock = self.case.ground.position[self.part] + plans.qty
        site = np.tile(np.arange(stock.shape[1]), (len(stock), 1))
        shelves = Plans(stock, site, self.catalogue.hub[plans.pattern], np.full(len(stock), self.helps))
        ground = self.common, self.case.ground
        cost = live_part(self.part, shelves, ground, scenarios, self.seed + number).sum(axis=2)
        return np.asarray(cost + (plans.qty @ self.case.money.freight[self.part])[:, None])

    def winner(self, plans: Candidates) -> int:
        """Return the plan of least lived cost; the first one stays in the race to the end, and wins a tie."""
        alive, total = np.arange(len(plans.pattern)), np.zeros(len(plans.pattern))
        for number, (scenarios, going_on) in enumerate(self.scale.rounds):
            total[alive] += self.lived(plans.only(alive), scenarios, number).sum(axis=1)
            alive = np.union1d(alive[np.argsort(total[alive], kind="stable")][:going_on], [0])
        return int(alive[np.argmin(total[alive])])

    def best(self, ours: Candidates, centres: Candidates) -> tuple[Candidates, int, bool]:
        """Return the best plan that enumeration finds, how many it weighed, and whether it lies at the edge.

        ``ours``: the model's plan; ``centres``: what the model orders in each pattern, one a row.
        """
        best, weighed = ours, 0
        for _ in range(MOVES):
            plans, at_edge = self._around(best, centres)
            found = self.winner(plans)
            weighed += len(plans.pattern)
            best = plans.only(np.array([found]))
            if not at_edge[found]:
                return best, weighed, False
            centres = best
        return best, weighed, True

    def _around(self, first: Candidates, centres: Candidates) -> tuple[Candidates, Mask]:
        """Return a plan and all those around the centres; and which of them lie at the edge."""
        limits, blocks, edges = self.case.limits, [first], [np.zeros(1, dtype=bool)]
        for pattern, centre in zip(*centres, strict=True):
            qty, edge = neighbours(self.part, centre, self.catalogue.orders[pattern], limits, self.scale)
            blocks.append(Candidates(np.full(len(qty), pattern), qty))
            edges.append(edge)
        return Candidates(*(np.concatenate(column) for column in zip(*blocks, strict=True))), np.concatenate(edges)


def neighbours(part: int, centre: Whole, orders: Mask, limits: Limits, scale: Scale) -> tuple[Whole, Mask]:
    """Return all quantities around those of ``centre`` (plans, hubs), and which of them lie at the edge.

    ``orders`` (hubs,): where the quantity may differ. The limits are those of (4) and (3) of the placement model; the
    quantity none has no edge below it.
    """
    hubs, reach = np.flatnonzero(orders), scale.reach
    while reach > 1 and (2 * reach + 1) ** len(hubs) > scale.most:
        reach -= 1
    step, first = limits.step[part], limits.first[part]
    moves = np.array(list(product(range(-reach, reach + 1), repeat=len(hubs))), dtype=np.int64)
    number = np.where(centre > 0, 1 + (centre - first) // step, 0)[hubs] + moves
    qty = np.tile(centre, (len(moves), 1))
    qty[:, hubs] = np.where(number > 0, first + (number - 1) * step, 0)
    within = (qty >= limits.low[part]) & (qty <= np.maximum(limits.high[part], centre))
    kept = (number >= 0).all(axis=1) & within.all(axis=1) & (qty.sum(axis=1) <= limits.available[part])
    edge = ((np.abs(moves) == reach) & (number > 0)).any(axis=1)
    return qty[kept], edge[kept]


def catalogues(menu: Menu, warehouses: int) -> list[Catalogue]:
    """Return the patterns of every class."""
    found = []
    for c, (first, last) in enumerate(zip(menu.pattern_from[:-1], menu.pattern_from[1:], strict=True)):
        hub = np.empty((last - first, warehouses), dtype=np.int64)
        for m in range(first, last):
            pools = menu.pool_from[c] + menu.members[menu.member_from[m] : menu.member_from[m + 1]]
            row, region = np.nonzero(regions_of(menu.pool_mask[pools], warehouses))
            hub[m - first, region] = menu.pool_hub[pools][row]
        found.append(Catalogue(hub, regions_of(menu.pattern_hubs[first:last], warehouses)))
    return found


def companies(scale: Scale) -> Iterator[tuple[str, str, PlacementProblem]]:
    """Yield kind, name and problem of the companies to measure: the first seeds that give one of the kind."""
    for warehouses in scale.warehouses:
        linked = (seed for seed in count(1) if company(1, warehouses, seed).arcs.allowed.all())
        for seed in islice(linked, scale.linked):
            name, problem = f"{warehouses} warehouses, seed {seed}", company(scale.parts, warehouses, seed)
            yield LINKED, name, problem
            nothing = np.zeros_like(problem.positions.on_hand)
            yield EMPTY, name, replace(problem, positions=replace(problem.positions, on_hand=nothing))
        for seed in range(1, scale.drawn + 1):
            yield DRAWN, f"{warehouses} warehouses, seed {seed}", company(scale.parts, warehouses, seed)


def solve_each_pattern(case: Case) -> tuple[Solution, list[Solution]]:
    """Return the model's plan, and its plans with every part at its first pattern, at its second, and so on."""
    instance, menu = case.pooled(), case.menu
    patterns = np.diff(menu.pattern_from)[menu.part_class]
    fixed = [case.solve(instance, pattern=np.minimum(m, patterns - 1)) for m in range(int(patterns.max()))]
    return case.solve(instance), fixed


def measure(case: Case, scale: Scale, seed: int) -> Measured:
    """Return model error and regret of every part of a case in which no coupling row binds."""
    ours, fixed = solve_each_pattern(case)
    common, listed = stage(case), catalogues(case.menu, len(case.problem.warehouses))
    rows = []
    for i, c in enumerate(case.menu.part_class):
        plan, every = _plans_of(i, [ours]), _plans_of(i, fixed[: len(listed[c].hub)])
        hub = listed[c].hub[plan.pattern[0]]
        units = case.ground.mean[i, np.arange(len(hub)), case.money.place[i, hub, 0]].sum()
        lived, weighed, edges = [], 0, False
        for helps in (False, True):
            race = Race(case, common, i, listed[c], scale, seed, helps)
            best, plans, edge = race.best(plan, every)
            lived += [race.lived(each, scale.judging, JUDGING)[0] for each in (plan, best)]
            weighed, edges = weighed + plans, edges or edge
        rows.append((len(set(hub)), units, ours.cost[i], *lived, weighed, edges))
    return Measured(*(np.array(column) for column in zip(*rows, strict=True)))


def _plans_of(part: int, solutions: list[Solution]) -> Candidates:
    return Candidates(np.array([s.pattern[part] for s in solutions]), np.array([s.qty[part] for s in solutions]))


def together(measured: list[Measured]) -> Measured:
    """Return the parts of all cases."""
    return Measured(*(np.concatenate([getattr(m, name) for m in measured]) for name in Measured.__dataclass_fields__))


def figures(name: str, found: Measured, rows: Mask) -> dict[str, object]:
    """Return a row of the table: a group's errors as a share of what the model's plan costs lived."""
    lived = found.helping[rows].sum(axis=0)
    model, alone = found.model[rows].sum(), found.alone[rows].sum(axis=0)
    best, best_alone = found.best[rows].sum(axis=0), found.best_alone[rows].sum(axis=0)
    return {
        "parts": name,
        "number": int(rows.sum()),
        "model's cost": f"{model:,.0f}",
        "lived": f"{lived.mean():,.0f}",
        "model error": share(model - lived, lived),
        "of it help not counted": share(alone - lived, lived),
        "regret": share(lived - best, lived),
        "regret without help": share(alone - best_alone, alone),
    }


def share(difference: Array, base: Array) -> str:
    """Return a mean difference as a share of the mean base, with the ratio's 95 % interval over the scenarios."""
    ratio = difference.mean() / base.mean()
    half = NORMAL_95 * (difference - ratio * base).std(ddof=1) / len(base) ** 0.5 / base.mean()
    return f"{100 * ratio:+.2f} % ± {100 * half:.2f}"


def table(found: Measured) -> pd.DataFrame:
    """Return the figures by number of pools, by speed, and in all."""
    groups = [(f"{n} pool" + "s" * (n > 1), found.pools == n) for n in sorted({*found.pools.tolist()})]
    above = np.zeros(len(found.pools), dtype=bool)
    for name, below in SPEEDS:
        groups.append((name, ~above & (found.units < below)))
        above |= found.units < below
    groups.append(("all", np.ones(len(found.pools), dtype=bool)))
    return pd.DataFrame([figures(name, found, rows) for name, rows in groups if rows.any()])


def summary(found: Measured) -> str:
    """Return how many plans were enumerated, and for how many parts another than the model's is best."""
    better, parts = (found.best != found.helping).any(axis=1).sum(), len(found.plans)
    plans = f"{found.plans.sum():,} plans enumerated, at most {found.plans.max():,} a part"
    other = f"another than the model's is best for {better} of {parts} parts"
    return f"{plans}; {other}, at the edge even so for {found.edge.sum()}"


def main(argv: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a dozen parts")
    parser.add_argument("--reach", type=int, default=Scale.reach, help="steps around the model's quantities")
    asked = parser.parse_args(argv)
    scale = replace(QUICK if asked.quick else FULL, reach=asked.reach)
    found: dict[str, list[Measured]] = {}
    for number, (kind, name, problem) in enumerate(companies(scale), start=1):
        measured = measure(prepare(problem, PlacementParameters(change_cost=0.0)), scale, SEEDS_PER_CASE * number)
        found.setdefault(kind, []).append(measured)
        print(f"{kind}, {name}: {summary(measured)}", flush=True)
    for kind, cases in found.items():
        print(f"\n{kind}\n{table(together(cases)).to_string(index=False)}\n{summary(together(cases))}")


if __name__ == "__main__":
    main(sys.argv[1:])
