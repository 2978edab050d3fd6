"""Let parts trade room: one takes a plan that does not fit, others make way, where together that costs less.

Turns (:mod:`vmi.placement.settling`) end where no part alone gains. Here a part with a better plan takes it all the
same, and parts give up what is worth least for the room that it frees, up to ``CHAIN`` of them. Only so many plans
take part: those that are, rows priced, least dearer than their part's plan at hand. They are a pattern's best plan,
perhaps with another quantity in one pool.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.dominance import change_cost
from vmi.placement.instance import Instance
from vmi.placement.pricing import (
    Choice,
    Restriction,
    Rules,
    options_of,
    pattern_worth,
    patterns_of,
    pool_minima,
    reduced_cost,
)
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import FITS, LEAST_GAIN, Plans, charge

CHAIN = 6
"""Parts that make way for one, at most."""
TRADING_ROUNDS = 8
"""Rounds over all plans that could be taken."""
MIXER = 1_000_003
"""By what units are told apart in one number."""
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
    of the rows that matter, with their prices. ``freeing[freeing_from[k] : freeing_from[k + 1]]``: the offers that may
    free something of row k.
    """

    offers: Offers
    now: Whole
    cost: Array
    used: Array
    left: Array
    prices: Array
    freeing: Whole
    freeing_from: Whole


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
    left, (own, place) = instance.free - used.sum(axis=0), np.unique(owner, return_inverse=True)
    # What a part uses at most, at hand or by one of its offers; and what all would use more.
    most = used[own]
    np.maximum.at(most, place, use)
    rows = np.flatnonzero((most - used[own]).sum(axis=0) > left)
    offers = Offers(owner, pattern, qty, cost, np.ascontiguousarray(use[:, rows]))
    row, freeing = np.nonzero((most[place] > use)[:, rows].T)
    freeing_from = np.searchsorted(row, np.arange(len(rows) + 1))
    now, used = np.full(len(active), -1, dtype=np.int64), np.ascontiguousarray(used[:, rows])
    stand = now, plans.by_part.copy(), used, left[rows]
    return Market(offers, *stand, near.prices[rows], freeing, freeing_from)


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
    # The patterns at hand first, for a limit that lets few plans of all the others in.
    for every in (False, True):
        n = 0
        for at in whom[1]:
            i, own = whom[0][at], n
            best = pool_minima(i, rules, charges)
            at_hand = plans.by_part[at] + charge(charges[i], plans.qty[at])
            first = menu.pattern_from[menu.part_class[i]]
            patterns, least = patterns_of(i, rules)
            if not every:
                patterns, least = first + plans.pattern[at : at + 1], least[:1]
            for k in range(len(patterns)):
                if least[k] - at_hand > limit:
                    break
                m = patterns[k]
                dearer = pattern_worth(i, m, best[0], rules) - at_hand
                if dearer > limit:
                    continue
                if n > 2 * most:
                    n, least_dear = _least_dear(listed, _without_copies(listed, own, n), most)
                    limit = min(limit, least_dear)
                    own = np.searchsorted(listed.owner[:n], at)
                began = n
                n = _variants(i, m, best, rules, (charges, dearer, limit), (listed, n))
                listed.owner[began:n], listed.pattern[began:n] = at, m - first
                _strike_out(listed, (began, n), plans.qty[at], plans.by_part[at] - LEAST_GAIN)
            n = _without_copies(listed, own, n)
        n, limit = _least_dear(listed, n, most)
    return listed.owner[:n], listed.pattern[:n], listed.qty[:n], listed.cost[:n]


@njit(cache=True)
def _strike_out(listed: _Listed, where: tuple[int, int], qty: Whole, cost: float) -> None:
    """Make no offers of plans with the units of the one at hand that do not cost less than ``cost``."""
    for b in range(where[0], where[1]):
        if listed.cost[b] >= cost and (listed.qty[b] == qty).all():
            listed.dearer[b] = np.inf


@njit(cache=True)
def _least_dear(listed: _Listed, n: int, most: int) -> tuple[int, float]:
    """Keep the least dear of the first n plans, in their order; return how many, and how dear a further one may be."""
    limit = np.inf
    if n > most:
        limit = np.partition(listed.dearer[:n], most - 1)[most - 1]
    chosen = listed.dearer[:n] < limit
    if limit < np.inf:
        chosen[np.flatnonzero(listed.dearer[:n] == limit)[: most - chosen.sum()]] = True
    return _keep(listed, 0, np.flatnonzero(chosen)), limit


@njit(cache=True)
def _without_copies(listed: _Listed, own: int, n: int) -> int:
    """Keep the cheapest of a part's plans with the same units, from place ``own`` on; return how many are listed."""
    key = np.zeros(n - own, dtype=np.int64)
    for h in range(listed.qty.shape[1]):
        key = key * MIXER + listed.qty[own:n, h]
    order, chosen = own + np.argsort(key, kind="mergesort"), np.ones(n - own, dtype=np.bool_)
    best = 0
    for k in range(1, len(order)):
        one, other = order[best], order[k]
        if listed.owner[one] != listed.owner[other] or (listed.qty[one] != listed.qty[other]).any():
            best = k
            continue
        dearer = best if listed.dearer[other] < listed.dearer[one] else k
        chosen[order[dearer] - own] = False
        best = best + k - dearer
    return _keep(listed, own, own + np.flatnonzero(chosen))


@njit(cache=True)
def _keep(listed: _Listed, start: int, at: Whole) -> int:
    """Move the plans at some places, ascending, to ``start`` and behind it; return where they end."""
    end = start + len(at)
    listed.owner[start:end], listed.pattern[start:end] = listed.owner[at], listed.pattern[at]
    listed.qty[start:end], listed.cost[start:end] = listed.qty[at], listed.cost[at]
    listed.dearer[start:end] = listed.dearer[at]
    return end


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

    ``best``: of each pool what its cheapest option is worth, and which it is. ``under``: charges, how much dearer than
    the plan at hand the pattern's best is, and how much a plan may be. ``already``: the list, and how many are in it.
    """
    menu, table, (worth, taken), (charges, least, limit), (listed, n) = rules.menu, rules.table, best, under, already
    members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
    first_pool = menu.pool_from[menu.part_class[i]]
    true = change_cost(i, m, menu, table, rules.limits)
    plan = np.zeros(listed.qty.shape[1], dtype=np.int64)
    for j in members:
        true += table.cost[taken[j]]
        plan[menu.pool_hub[first_pool + j]] += table.qty[taken[j]]
    for k in range(-1, len(members)):
        j = members[max(k, 0)]
        hub, start, stop = options_of(i, j, rules)
        start, stop = (taken[j], taken[j] + 1) if k < 0 else (start, stop)
        for o in range(start, stop):
            dearer = least + reduced_cost(i, hub, o, rules, charges) - worth[j]
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
    over = np.flatnonzero(room < -FITS)
    for row in over:
        for b in market.freeing[market.freeing_from[row] : market.freeing_from[row + 1]]:
            by = offers.owner[b]
            loss, freed = offers.cost[b] - market.cost[by], 0.0
            if loss >= most:
                continue
            for k in over:
                freed += min(market.used[by, k] - offers.use[b, k], -room[k]) * max(market.prices[k], LEAST_PRICE)
            if freed <= 0.0 or loss >= least * freed or not _spares(market, b, room):
                continue
            if not (offers.owner[chain] == by).any():
                found, least = b, loss / freed
    return found


@njit(cache=True)
def _spares(market: Market, b: int, room: Array) -> bool:
    """Return whether an offer, if taken, makes no other row overfull."""
    by, k = market.offers.owner[b], 0
    while k < len(room) and (room[k] < -FITS or room[k] + market.used[by, k] - market.offers.use[b, k] >= -FITS):
        k += 1
    return k == len(room)
