"""Let every part take what the others have left: the last step of a plan whose optimality is not proven."""

import numpy as np

from vmi.placement.instance import Instance
from vmi.placement.pricing import ANY_UNITS, Restriction, best_plans
from vmi.placement.problem import Array, Whole

LEAST_GAIN = 1e-6
"""CNY that a change of plan must earn."""
SETTLING_ROUNDS = 5
"""Rounds in which parts may take what others left; the second hardly ever finds more."""


Plans = tuple[Whole, Whole, Array]
"""Pattern, units by hub and cost of the active parts."""


def settled_plans(instance: Instance, restriction: Restriction, active: Whole, found: Plans, prices: Array) -> Plans:
    """Give every part its best plan in the room that the others leave, one after the other, until none gains.

    A program that stops within a gap may leave the whole of it to one part, night after night; so does one that knows
    too few plans of a part. Once parts take what is left as it stands; once they first give back what is worth less to
    them than its price. The cheaper of the two is returned, never dearer than ``found``; the bound holds as it was.
    """
    unpriced = np.zeros_like(prices)
    as_it_stands = _take_turns(instance, restriction, active, found, unpriced)
    given_back = _take_turns(instance, restriction, active, found, prices)
    traded = _take_turns(instance, restriction, active, given_back, unpriced)
    return min(as_it_stands, traded, key=lambda plans: float(plans[2].sum()))


def _take_turns(instance: Instance, restriction: Restriction, active: Whole, found: Plans, prices: Array) -> Plans:
    """Return the plans after every part has taken its best one, rows priced, in the room that is left to it."""
    pattern, qty, cost = found[0].copy(), found[1].copy(), found[2].copy()
    most = np.full_like(instance.limits.high, ANY_UNITS)
    rules, charges = instance.rules(restriction._replace(most=most)), instance.charges(prices)
    left = instance.free - instance.usage(active, qty).sum(axis=0)
    for _ in range(SETTLING_ROUNDS):
        gained = False
        for at in range(len(active)):
            part, one = int(active[at]), active[at : at + 1]
            own = instance.usage(one, qty[at : at + 1])[0]
            most[part] = instance.units_within(part, left + own)
            best = best_plans(one, rules, charges)
            other = instance.usage(one, best.qty)[0]
            fits = (other <= left + own + 1e-9).all()
            if fits and best.value[0] < cost[at] + _charge(charges[part], qty[at]) - LEAST_GAIN:
                pattern[at], qty[at], cost[at], gained = best.pattern[0], best.qty[0], best.cost[0], True
                left = left + own - other
        if not gained:
            break
    return pattern, qty, cost


def _charge(charges: Array, qty: Whole) -> float:
    """Return what the rows' prices add to a part's plan."""
    return float((charges[:, 0] * qty + charges[:, 1] * (qty > 0)).sum())
