"""Live a plan through demand that it has not seen, first come first served, and say what it costs and why.

Sets
    i parts, w warehouses, r regions, s scenarios; hub h(i, r) of each region by the plan's cover pattern
    shelves: where units are kept apart. Shared: one a warehouse, and those whose regions have one hub are a pool.
    Reserved: one a region, at its hub, and a pool of its own.
Scenarios
    of :mod:`benchmarks.scenarios`; each hub's protection interval ends at a normal moment around L (lead time's spread)
First come first served
    A unit asked for takes the cheapest unit of its pool. Where that has none left, and within the protection interval,
    the cheapest other warehouse whose lane is allowed sends one if that costs less than being short,
    e_wr < pi_h + e_hr; to a customer who waits already, if e_wr < pi0. Otherwise the unit is short. Beyond the interval
    the next order is there for what is short.
Costs, as in (1) of :mod:`vmi.placement.model`
    pi a unit short, pi0 a unit that keeps waiting, e covering within the interval, c a unit-day on the shelf from
    arrival to the end of the return window, rho a unit that goes back, f freight in.

All plans live through the same scenarios: the draws of a part do not depend on the plan.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.cases import Case
from benchmarks.dedicated import reservations
from benchmarks.scenarios import dispersion, draw
from vmi.placement.model import Ground
from vmi.placement.pools import by_region, chosen_pools
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.solving import Solution
from vmi.placement.values import costs

KINDS = ("short", "waiting", "cover", "carrying", "returns", "freight in")
COUNTS = ("asked", "short", "sent from another pool")


@dataclass(frozen=True)
class Policy:
    """A plan and how it is used: units ``reserved`` for the regions or shared, and whether pools help each other."""

    solution: Solution
    reserved: bool = False
    helps: bool = True


class Plans(NamedTuple):
    """Plans of a part side by side, by shelf: units with tonight's order, where they lie, pool; and if pools help.

    The shelves are numbered as the regions: region r's pool is ``pool[.., r]``, named by the shelf at its hub.
    """

    stock: Whole
    site: Whole
    pool: Whole
    helps: Mask


class Shelves(NamedTuple):
    """A part's shelves in a plan: units (negative: customers who wait), where they lie, pool."""

    stock: Whole
    site: Whole
    pool: Whole


class Stage(NamedTuple):
    """What the plans have in common, by part and warehouse: days of arrival, protection and return, money, demand.

    ``arrive``, ``protect``, ``spread``, ``back`` [days]; ``price`` as ``values.position_cost``'s; ``cover`` (parts,
    hubs, regions) [CNY/unit], inf where the lane is not allowed; ``noise``, ``level`` (parts, regions): phi and c.
    """

    days: Array
    arrive: Array
    protect: Array
    spread: Array
    back: Array
    price: Array
    cover: Array
    noise: Array
    level: Array


@dataclass(frozen=True)
class Lived:
    """``cost`` (plans, scenarios, ``KINDS``) [CNY] and ``units`` (plans, ``COUNTS``), mean over the scenarios."""

    cost: Array
    units: Array

    @property
    def total(self) -> Array:
        """Cost by plan and scenario [CNY]."""
        return np.asarray(self.cost.sum(axis=2))


def live(case: Case, policies: list[Policy], scenarios: int, seed: int) -> Lived:
    """Return what plans cost in scenarios that they all share."""
    shelves = [_shelves(case, policy) for policy in policies]
    by_part = zip(*(np.stack([s[k] for s in shelves], axis=1) for k in range(3)), strict=True)
    helps, common = np.array([p.helps for p in policies], dtype=bool), stage(case)
    cost, units = book = _empty_book(len(policies), scenarios)
    for i, (stock, site, pool) in enumerate(by_part):
        plans = Plans(stock, site, pool, helps)
        _live_part(i, np.random.default_rng([seed, i]), plans, common, case.ground, book)
    freight = np.array([(case.money.freight * p.solution.qty).sum() for p in policies])
    every = np.broadcast_to(freight[:, None, None], (len(policies), scenarios, 1))
    return Lived(np.concatenate([cost, every], axis=2), units / scenarios)


def live_part(part: int, plans: Plans, common: tuple[Stage, Ground], scenarios: int, seed: int) -> Array:
    """Return what plans of one part cost, (plans, scenarios, ``KINDS`` but freight in) [CNY].

    They live through the scenarios that :func:`live` draws for the part with the same seed.
    """
    cost, units = _empty_book(len(plans.stock), scenarios)
    _live_part(part, np.random.default_rng([seed, part]), plans, *common, (cost, units))
    return cost


def _empty_book(plans: int, scenarios: int) -> tuple[Array, Array]:
    """Return cost (plans, scenarios, kinds but freight) and units (plans, counts), nothing in them yet."""
    return np.zeros((plans, scenarios, len(KINDS) - 1)), np.zeros((plans, len(COUNTS)))


def _shelves(case: Case, policy: Policy) -> tuple[Whole, Whole, Whole]:
    """Return units, site and pool by part and shelf."""
    shape = case.limits.open.shape
    pools = chosen_pools(case.menu, case.ground, case.money, policy.solution)
    hub, own = pools.hub[by_region(pools, shape)], np.broadcast_to(np.arange(shape[1]), shape)
    if policy.reserved:
        return reservations(pools, case.ground, case.money), hub, own
    return case.ground.position + policy.solution.qty, own, hub


def stage(case: Case) -> Stage:
    """Return what scenarios of a case need beside its demand."""
    days, money, arcs = case.problem.demand.days, case.money, case.problem.arcs
    noise, level = dispersion(case.ground.mean, case.ground.var, days)
    late = arcs.late + money.same_day[:, None, None] * arcs.same_day_lost
    line = arcs.per_line + money.penalty_line[:, None, None] * late
    line = line + money.same_day_miss[:, None, None] * arcs.same_day_lost
    unit = money.weight[:, None, None] * arcs.per_kg + line / money.line_qty[:, None, None]
    return Stage(
        days=days.astype(np.float64),
        arrive=days[money.place[:, :, 1]].astype(np.float64),
        protect=days[money.place[:, :, 0]].astype(np.float64),
        spread=np.sqrt(money.lead_var),
        back=days[money.place[:, :, -1]].astype(np.float64),
        price=money.price,
        cover=np.where(arcs.allowed, unit, np.inf),
        noise=noise,
        level=level,
    )


def expected(case: Case, solution: Solution) -> Array:
    """Return the model's own objective of a plan by ``KINDS`` [CNY], pools taken as if they never helped each other."""
    pools = chosen_pools(case.menu, case.ground, case.money, solution)
    price = case.money.price[pools.part, pools.hub]
    found = []
    for kept in ((0,), (1,), (2,), (3,)):
        only = np.zeros_like(price)
        only[:, kept], only[:, 4] = price[:, kept], price[:, 4]
        found.append(costs(pools.mean, pools.var, only, pools.after).sum())
    short, waiting, carrying, returns = found
    freight = (case.money.freight * solution.qty).sum()
    return np.array([short, waiting, pools.cover.sum(), carrying, returns, freight])


@njit(cache=True)
def _live_part(
    i: int, rng: np.random.Generator, plans: Plans, stage: Stage, ground: Ground, book: tuple[Array, Array]
) -> None:
    cost, units = book
    ends = np.empty(plans.stock.shape[1])
    for s in range(cost.shape[1]):
        for w in range(len(ends)):
            ends[w] = stage.protect[i, w] + stage.spread[i, w] * rng.standard_normal()
        moment, region = draw(rng, ground.mean[i], stage.days, stage.noise[i], stage.level[i])
        for p in range(len(cost)):
            shelves = Shelves(plans.stock[p].copy(), plans.site[p], plans.pool[p])
            serve(i, (moment, region, ends), shelves, stage, plans.helps[p], (cost[p, s], units[p]))


@njit(cache=True)
def serve(
    i: int,
    asked: tuple[Array, Whole, Array],
    shelves: Shelves,
    stage: Stage,
    helps: bool,
    book: tuple[Array, Array],
) -> None:
    """Serve a part's demand first come first served; add what it costs to ``book``: cost by kind, units by count.

    ``asked``: moments, regions, and when each hub's protection interval ends. What lies on the shelves is used up.
    """
    moment, region, ends = asked
    cost, units = book
    price, cover = stage.price[i], stage.cover[i]
    _serve_waiting(i, shelves, stage, helps, cost)
    for k in range(len(moment)):
        r, t = region[k], moment[k]
        h = shelves.site[shelves.pool[r]]
        inside = t <= ends[h]
        chosen = cheapest(i, r, t, shelves, stage, True)
        if inside:
            units[0] += 1.0
        if inside and chosen < 0:
            chosen = cheapest(i, r, t, shelves, stage, False) if helps else -1
            if chosen >= 0 and cover[shelves.site[chosen], r] >= price[h, 0] + cover[h, r]:
                chosen = -1
            units[2 if chosen >= 0 else 1] += 1.0
            if chosen < 0:
                cost[0] += price[h, 0]
                cost[2] += cover[h, r]
        if chosen >= 0:
            w = shelves.site[chosen]
            shelves.stock[chosen] -= 1
            cost[3] += price[w, 2] * min(max(t - stage.arrive[i, w], 0.0), stage.back[i, w] - stage.arrive[i, w])
            if inside:
                cost[2] += cover[w, r]
    for k in range(len(shelves.stock)):
        w, left = shelves.site[k], max(shelves.stock[k], 0)
        cost[3] += price[w, 2] * price[w, 4] * left
        cost[4] += price[w, 3] * left


@njit(cache=True)
def _serve_waiting(i: int, shelves: Shelves, stage: Stage, helps: bool, cost: Array) -> None:
    """Serve who waits already out of the pool, else out of another where that is cheaper; the rest keeps waiting."""
    stock = shelves.stock
    for r in range(len(stock)):
        wait = stage.price[i, shelves.site[shelves.pool[r]], 1]
        while stock[r] < 0:
            stock[r] += 1
            own = cheapest(i, r, 0.0, shelves, stage, True)
            other = cheapest(i, r, 0.0, shelves, stage, False) if helps and own < 0 else -1
            if own >= 0:
                stock[own] -= 1
            elif other >= 0 and stage.cover[i, shelves.site[other], r] < wait:
                stock[other] -= 1
                cost[2] += stage.cover[i, shelves.site[other], r]
            else:
                cost[1] += wait


@njit(cache=True)
def cheapest(i: int, r: int, t: float, shelves: Shelves, stage: Stage, own: bool) -> int:
    """Return the shelf with stock that covers region r at least cost, in its own pool or in any other; -1: none."""
    best, found = np.inf, -1
    for k in range(len(shelves.stock)):
        w = shelves.site[k]
        open_now = shelves.stock[k] > 0 and t <= stage.back[i, w]
        if open_now and (shelves.pool[k] == shelves.pool[r]) == own and stage.cover[i, w, r] < best:
            best, found = stage.cover[i, w, r], k
    return found
