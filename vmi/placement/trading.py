"""Let parts trade room: one takes a plan that does not fit, others make way, where together that costs less.

Turns (:mod:`vmi.placement.settling`) end where no part alone gains. Here a part with a better plan takes it all the
same, and parts give up what is worth least for the room that it frees, up to ``CHAIN`` of them. Only so many plans
take part: those that are, rows priced, least dearer than their part's plan at hand. They are a pattern's best plan,
perhaps with another quantity in one pool.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.instance import Instance
from vmi.placement.pricing import Choice, Restriction, Rules, change_cost, options_of, pool_minima, reduced_cost
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import FITS, LEAST_GAIN, Plans, charge

CHAIN = 6
"""Parts that make way for one, at most."""
TRADING_ROUNDS = 8
"""Rounds over all plans that could be taken."""
LEAST_PRICE = 1e-9
"""What room counts in a row that has no price."""


class Near(NamedTuple):
    """Which plans take part: prices of the rows, what parts wish under them, how many plans there may be at most, the
    places of the parts that take part, ascending, and by how much more than the gap a better plan of each part may be
    dearer [CNY].
    """

    prices: Array
    said: Choice
    most: int
    among: Whole
    spare: Array


class Offers(NamedTuple):
    """Plans that parts may take: a is one of part ``owner[a]`` (place, ascending). ``use``: of rows that matter."""

    owner: Whole
    pattern: Whole
    qty: Whole
    cost: Array
    use: Array


class _Listed(NamedTuple):
    """Offers as they are listed, and how much dearer than the plan at hand they are, rows priced [CNY]."""

    owner: Whole
    pattern: Whole
    qty: Whole
    cost: Array
    dearer: Array


class Market(NamedTuple):
    """Offers, and where the parts stand: the offer that each has taken or -1, its cost, what it uses, and what is left
    of the rows that matter, with their prices.
    """

    offers: Offers
    now: Whole
    cost: Array
    used: Array
    left: Array
    prices: Array


def traded(instance: Instance, restriction: Restriction, active: Whole, plans: Plans, near: Near) -> Plans:
    """Return plans that fit and are no dearer, out of plans that fit."""
    market = _open_market(instance, restriction, active, plans, near)
    _trade(market)
    return _taken(market, plans)


def made_way(instance: Instance, restriction: Restriction, active: Whole, plans: Plans, near: Near) -> Plans:
    """Return plans that overfill rows no more, or less: what gives up least for the room that it frees goes first."""
    market = _open_market(instance, restriction, active, plans, near)
    _make_way(market)
    return _taken(market, plans)


def _open_market(instance: Instance, restriction: Restriction, active: Whole, plans: Plans, near: Near) -> Market:
    rules, charges = instance.rules(restriction), instance.charges(near.prices)
    owner, pattern, qty, cost = _offers((active, near.among), plans, rules, charges, near.most)
    used, use = instance.usage(active, plans.qty), instance.usage(active[owner], qty)
    left, own = instance.free - used.sum(axis=0), np.unique(owner)
    most = np.zeros((len(own), len(left)))
    np.maximum.at(most, np.searchsorted(own, owner), use - used[owner])
    rows = np.flatnonzero(most.sum(axis=0) > left)
    offers = Offers(owner, pattern, qty, cost, np.ascontiguousarray(use[:, rows]))
    now = np.full(len(active), -1, dtype=np.int64)
    return Market(offers, now, plans.by_part.copy(), np.ascontiguousarray(used[:, rows]), left[rows], near.prices[rows])


def _taken(market: Market, plans: Plans) -> Plans:
    """Return the plans after what was traded."""
    found, changed = plans.copy(), np.flatnonzero(market.now >= 0)
    for mine, theirs in zip(found, market.offers[1:4], strict=True):
        mine[changed] = theirs[market.now[changed]]
    return found


@njit(cache=True)
def _offers(
    whom: tuple[Whole, Whole], plans: Plans, rules: Rules, charges: Array, most: int
) -> tuple[Whole, Whole, Whole, Array]:
    """Return owner, pattern, units and cost of the plans that are, rows priced, least dearer than those at hand.

    ``whom``: numbers of all parts, and the places of those that are asked.
    """
    menu, table, largest = rules.menu, rules.table, 0
    for at in whom[1]:
        i = whom[0][at]
        largest = max(largest, table.option_from[table.row_from[i + 1]] - table.option_from[table.row_from[i]] + 1)
    size, hubs, n, limit = 2 * most + largest, plans.qty.shape[1], 0, np.inf
    listed = _Listed(
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty((size, hubs), dtype=np.int64),
        np.empty(size),
        np.empty(size),
    )
    for at in whom[1]:
        i = whom[0][at]
        first = menu.pattern_from[menu.part_class[i]]
        worth, taken = pool_minima(i, rules, charges)
        at_hand = plans.by_part[at] + charge(charges[i], plans.qty[at])
        for m in range(first, menu.pattern_from[menu.part_class[i] + 1]):
            if rules.restriction.pattern[i] >= 0 and rules.restriction.pattern[i] != m - first:
                continue
            if n > 2 * most:
                n, limit = _least_dear(listed, n, most)
            began = n
            n = _variants(i, m, (worth, taken), rules, (charges, at_hand, limit), (listed, n))
            listed.owner[began:n], listed.pattern[began:n] = at, m - first
            # The plan at hand is no offer.
            for b in range(began, n):
                if abs(listed.cost[b] - plans.by_part[at]) < LEAST_GAIN and (listed.qty[b] == plans.qty[at]).all():
                    listed.dearer[b] = np.inf
    n, _ = _least_dear(listed, n, most)
    return listed.owner[:n], listed.pattern[:n], listed.qty[:n], listed.cost[:n]


@njit(cache=True)
def _least_dear(listed: _Listed, n: int, most: int) -> tuple[int, float]:
    """Keep the least dear of the first n plans, in their order; return how many, and how dear a further one may be."""
    limit = np.inf
    if n > most:
        limit = np.partition(listed.dearer[:n], most - 1)[most - 1]
    chosen = listed.dearer[:n] < limit
    if limit < np.inf:
        chosen[np.flatnonzero(listed.dearer[:n] == limit)[: most - chosen.sum()]] = True
    at = np.flatnonzero(chosen)
    kept = len(at)
    listed.owner[:kept], listed.pattern[:kept], listed.qty[:kept] = listed.owner[at], listed.pattern[at], listed.qty[at]
    listed.cost[:kept], listed.dearer[:kept] = listed.cost[at], listed.dearer[at]
    return kept, limit


@njit(cache=True)
def _variants(
    i: int,
    m: int,
    best: tuple[Array, Whole],
    rules: Rules,
    under: tuple[Array, float, float],
    already: tuple[_Listed, int],
) -> int:
    """List a pattern's best plan and those with another quantity in one pool; return how many are listed.

    ``best``: of each pool what its cheapest option is worth, and which it is. ``under``: charges, what the plan at hand
    is worth, and how much dearer a plan may be. ``already``: the list, and how many are in it.
    """
    menu, table, (worth, taken), (charges, at_hand, limit), (listed, n) = rules.menu, rules.table, best, under, already
    members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
    first_pool = menu.pool_from[menu.part_class[i]]
    true = change_cost(i, m, rules)
    value = true
    for j in members:
        value += worth[j]
    if value - at_hand > limit:
        return n
    plan = np.zeros(listed.qty.shape[1], dtype=np.int64)
    for j in members:
        true += table.cost[taken[j]]
        plan[menu.pool_hub[first_pool + j]] += table.qty[taken[j]]
    for k in range(-1, len(members)):
        j = members[max(k, 0)]
        hub, start, stop = options_of(i, j, rules)
        start, stop = (taken[j], taken[j] + 1) if k < 0 else (start, stop)
        for o in range(start, stop):
            dearer = value + reduced_cost(i, hub, o, rules, charges) - worth[j] - at_hand
            extra = table.qty[o] - table.qty[taken[j]]
            if (k >= 0 and o == taken[j]) or dearer > limit:
                continue
            if plan.sum() + extra > rules.limits.available[i]:
                continue
            listed.qty[n], listed.cost[n] = plan, true + table.cost[o] - table.cost[taken[j]]
            listed.qty[n, hub] += extra
            listed.dearer[n], n = dearer, n + 1
    return n


@njit(cache=True)
def _trade(market: Market) -> None:
    """Make trades that pay until there are none."""
    offers, cost, chain = market.offers, market.cost, np.empty(CHAIN + 1, dtype=np.int64)
    for _ in range(TRADING_ROUNDS):
        traded = False
        for a in range(len(offers.owner)):
            at = offers.owner[a]
            if offers.cost[a] - cost[at] >= -LEAST_GAIN:
                continue
            room = market.left + market.used[at] - offers.use[a]
            chain[0] = a
            length, total = 1, offers.cost[a] - cost[at]
            while length <= CHAIN and _overfull(room):
                b = _cheapest_way(market, chain[:length], room, -total - LEAST_GAIN)
                if b < 0:
                    break
                chain[length], by = b, offers.owner[b]
                total += offers.cost[b] - cost[by]
                room += market.used[by] - offers.use[b]
                length += 1
            if total < -LEAST_GAIN and not _overfull(room):
                _take(market, chain[:length], room)
                traded = True
        if not traded:
            break


@njit(cache=True)
def _make_way(market: Market) -> None:
    """Take what gives up least for the room that it frees, until nothing is overfull or no offer helps."""
    one = np.empty(1, dtype=np.int64)
    room = market.left.copy()
    while _overfull(room):
        one[0] = _cheapest_way(market, one[:0], room, np.inf)
        if one[0] < 0:
            break
        by = market.offers.owner[one[0]]
        room += market.used[by] - market.offers.use[one[0]]
        _take(market, one, room)


@njit(cache=True)
def _take(market: Market, chain: Whole, room: Array) -> None:
    """Let parts take offers; ``room`` is what is left then."""
    for b in chain:
        by = market.offers.owner[b]
        market.now[by], market.cost[by], market.used[by] = b, market.offers.cost[b], market.offers.use[b]
    market.left[:] = room


@njit(cache=True)
def _overfull(room: Array) -> bool:
    return len(room) > 0 and bool(room.min() < -FITS)


@njit(cache=True)
def _cheapest_way(market: Market, chain: Whole, room: Array, most: float) -> int:
    """Return the offer that gives up least [CNY] for the room it frees in overfull rows, less than ``most``; or -1."""
    offers, found, least = market.offers, -1, np.inf
    for b in range(len(offers.owner)):
        by = offers.owner[b]
        loss = offers.cost[b] - market.cost[by]
        if loss >= most:
            continue
        freed = 0.0
        for k in range(len(room)):
            change = market.used[by, k] - offers.use[b, k]
            if room[k] < -FITS:
                freed += min(change, -room[k]) * max(market.prices[k], LEAST_PRICE)
            elif room[k] + change < -FITS:
                freed = -1.0
                break
        if freed <= 0.0 or loss >= least * freed:
            continue
        taken = False
        for c in chain:
            taken = taken or offers.owner[c] == by
        if not taken:
            found, least = b, loss / freed
    return found
