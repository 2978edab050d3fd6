"""Let parts take turns at the room that others leave: a plan that fits out of one that does not, and no room idle.

Every turn is a part's own problem (:mod:`vmi.placement.pricing`) in the room that all others leave; compiled, so that
a round of turns costs little more than a pass of the price master.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.instance import Instance
from vmi.placement.limits import Rows
from vmi.placement.pricing import ANY_UNITS, Choice, Restriction, Rules, best_plans
from vmi.placement.problem import Array, Whole

LEAST_GAIN = 1e-6
"""CNY that a change of plan must earn."""
SETTLING_ROUNDS = 5
"""Rounds in which parts may take what others left, at most; the second hardly ever finds more."""
FITS = 1e-9
"""How much more than there is a row may hold: rounding, no more."""
RAISES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""By what share overfull rows become dearer, step by step."""


class Plans(NamedTuple):
    """Pattern, units by hub and cost of each of some parts."""

    pattern: Whole
    qty: Whole
    by_part: Array

    @classmethod
    def of(cls, answer: Choice) -> "Plans":
        """Return the plans of an answer to prices."""
        return cls(answer.pattern, answer.qty, answer.cost)

    @property
    def cost(self) -> float:
        """Cost of the plans [CNY]."""
        return float(self.by_part.sum())

    def copy(self) -> "Plans":
        """Return plans of their own memory."""
        return Plans(self.pattern.copy(), self.qty.copy(), self.by_part.copy())


def settled_plans(instance: Instance, restriction: Restriction, active: Whole, found: Plans, prices: Array) -> Plans:
    """Give every part its best plan in the room that the others leave, one after the other, until none gains.

    A program that stops within a gap may leave the whole of it to one part, night after night; so does one that knows
    too few plans of a part. Once parts take what is left as it stands; once they first give back what is worth less to
    them than its price. The cheaper of the two is returned, never dearer than ``found``; the bound holds as it was.
    """
    unpriced = np.zeros_like(prices)
    as_it_stands = take_turns(instance, restriction, active, found, unpriced)
    given_back = take_turns(instance, restriction, active, found, prices)
    traded = take_turns(instance, restriction, active, given_back, unpriced)
    return min(as_it_stands, traded, key=lambda plans: plans.cost)


def take_turns(instance: Instance, restriction: Restriction, active: Whole, found: Plans, prices: Array) -> Plans:
    """Return the plans after every part has taken its best one, rows priced, in the room that is left to it."""
    plans, rules = found.copy(), _rules(instance, restriction)
    left = instance.free - instance.usage(active, plans.qty).sum(axis=0)
    _take_turns(active, plans, rules, instance.rows, instance.charges(prices), left)
    return plans


def what_fits(instance: Instance, restriction: Restriction) -> Restriction:
    """Return the restriction with no more units of a part at a hub than there is room for were it the only part.

    No plan that fits is lost; prices alone would let a part take most of a unit that no row has room for.
    """
    rows, free, n = instance.rows, np.maximum(instance.free, 0.0), instance.rows.hubs
    units = np.full(restriction.most.shape, np.inf)
    for kind, room in enumerate((free[:n], free[n : 2 * n], free[2 * n])):
        using = np.flatnonzero(rows.use[:, kind] > 0.0)
        units[using] = np.minimum(units[using], room / rows.use[using, kind][:, None])
    units = np.where(free[rows.lines : rows.suppliers] >= 1.0, units, 0.0)
    most = np.floor(np.minimum(units + FITS, ANY_UNITS)).astype(np.int64)
    return restriction._replace(most=np.minimum(restriction.most, most))


def fitted(instance: Instance, restriction: Restriction, active: Whole, wished: Plans, prices: Array) -> Plans:
    """Return plans that fit out of some that together may not: parts give way that lose least for what they free.

    What is overfull becomes dearer step by step, and parts, one after the other, take what is best at such prices,
    until nothing is. In the end they take no more than they must, which always fits.
    """
    plans, rules = wished.copy(), _rules(instance, restriction)
    left = instance.free - instance.usage(active, plans.qty).sum(axis=0)
    worth = plans.cost / np.maximum(instance.free, FITS) / len(prices)
    for raised in RAISES:
        over = left < -FITS
        if not over.any():
            return plans
        dearer = np.where(over, prices + raised * np.maximum(prices, worth), prices)
        _give_way(active, plans, rules, instance.rows, instance.charges(dearer), left)
    if (left < -FITS).any():
        closed = rules._replace(restriction=rules.restriction._replace(closed=np.ones_like(restriction.closed)))
        _give_way(active, plans, closed, instance.rows, instance.charges(prices), left)
    return plans


def _rules(instance: Instance, restriction: Restriction) -> Rules:
    """Return the rules with room of their own to write into."""
    return instance.rules(restriction._replace(most=restriction.most.copy()))


@njit(cache=True)
def _take_turns(active: Whole, plans: Plans, rules: Rules, rows: Rows, charges: Array, left: Array) -> None:
    idle = 0
    for turn in range(SETTLING_ROUNDS * len(active)):
        at = turn % len(active)
        i = active[at]
        room = left.copy()
        use_rows(i, plans.qty[at], rows, -1.0, room)
        limit_units(i, rows, room, rules.restriction.most)
        best = best_plans(active[at : at + 1], rules, charges)
        worth = plans.by_part[at] + charge(charges[i], plans.qty[at])
        idle += 1
        if best.value[0] < worth - LEAST_GAIN and _holds(i, best.qty[0], rows, room):
            plans.pattern[at], plans.qty[at], plans.by_part[at] = best.pattern[0], best.qty[0], best.cost[0]
            left[:], idle = room, 0
        elif idle == len(active):
            break


@njit(cache=True)
def _give_way(active: Whole, plans: Plans, rules: Rules, rows: Rows, charges: Array, left: Array) -> None:
    """Let parts take their best plan, rows priced, where that frees what is overfull, until nothing is."""
    over = 0
    for k in range(len(left)):
        over += left[k] < -FITS
    for at in range(len(active)):
        if over == 0:
            return
        i, room = active[at], left.copy()
        use_rows(i, plans.qty[at], rows, -1.0, room)
        if not _frees(left, room):
            continue
        best = best_plans(active[at : at + 1], rules, charges)
        use_rows(i, best.qty[0], rows, 1.0, room)
        if _frees(left, room):
            plans.pattern[at], plans.qty[at], plans.by_part[at] = best.pattern[0], best.qty[0], best.cost[0]
            over = 0
            for k in range(len(left)):
                left[k] = room[k]
                over += left[k] < -FITS


@njit(cache=True)
def _frees(left: Array, room: Array) -> bool:
    """Return whether ``room`` is more than ``left`` in a row that is overfull, and no row becomes fuller that is."""
    better = False
    for k in range(len(left)):
        if room[k] < -FITS and room[k] < left[k]:
            return False
        better = better or (left[k] < -FITS and room[k] > left[k])
    return better


@njit(cache=True)
def use_rows(i: int, qty: Whole, rows: Rows, times: float, room: Array) -> None:
    """Take what a plan of part i uses off the room, so many times; -1 gives it back."""
    n = rows.hubs
    for h in range(n):
        if qty[h] > 0:
            room[h] -= times * rows.use[i, 0] * qty[h]
            room[n + h] -= times * rows.use[i, 1] * qty[h]
            room[2 * n] -= times * rows.use[i, 2] * qty[h]
            room[2 * n + 1 + h] -= times
            if len(room) > 3 * n + 1:
                room[3 * n + 1 + rows.supplier[i]] -= times


@njit(cache=True)
def limit_units(i: int, rows: Rows, room: Array, most: Whole) -> None:
    """Write the most units of part i that each hub's own rows have room for."""
    n = rows.hubs
    for h in range(n):
        units = float(ANY_UNITS) if room[2 * n + 1 + h] >= 1.0 else 0.0
        for kind in range(2):
            if rows.use[i, kind] > 0.0:
                units = min(units, room[kind * n + h] / rows.use[i, kind] + FITS)
        most[i, h] = int(np.floor(max(units, 0.0)))


@njit(cache=True)
def _holds(i: int, qty: Whole, rows: Rows, room: Array) -> bool:
    """Take what a plan uses off the room, and return whether there was enough of it."""
    use_rows(i, qty, rows, 1.0, room)
    return bool(room.min() >= -FITS)


@njit(cache=True)
def charge(charges: Array, qty: Whole) -> float:
    """Return what the rows' prices add to a part's plan; ``charges`` of the part, shape (hubs, 2)."""
    total = 0.0
    for h in range(len(qty)):
        if qty[h] > 0:
            total += charges[h, 0] * qty[h] + charges[h, 1]
    return total
