"""Find plans near the bound of the prices: answers made to fit, room settled and traded, a program of near choices.

A plan of a part can only be in a better solution if its value under the prices is within the gap of its part's best:
with all of those listed, the program's optimum is the model's. Where they are too many, the bound is the prices'.
"""

from typing import NamedTuple

import numpy as np

from vmi.placement.choices import Choices, near_choices
from vmi.placement.instance import Instance
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Restriction
from vmi.placement.problem import Whole
from vmi.placement.selection import select
from vmi.placement.settling import FITS, Plans, fitted, settled_plans, take_turns
from vmi.placement.trading import Near, made_way, traded

SHUT = 1e-6
"""Relative gap that counts as none."""
ROUGH_COLUMNS, FEW_COLUMNS = 300, 1_500
"""Columns of the only program for a rough answer, and of the first for any other: solved in half a second or one."""
MORE_COLUMNS, SHARE_OF_GAP = 6, 0.35
"""How many times as many columns the next program has; share of the gap to which one is solved that is not the last."""
NARROWER, LEAST_SLACK = 2.0, 1e-12
"""How much dearer than its part's best a plan may be to be listed: by what that is narrowed until the list is short
enough, and where that ends, as a share of the cost."""
TRADES = 2
"""Times that all parts trade: with other offers the second time, as their plans are others."""


class Case(NamedTuple):
    """The parts that compete for the rows, all that decides them, their cost about and the gap that contents [CNY]."""

    instance: Instance
    restriction: Restriction
    active: Whole
    parameters: PlacementParameters
    scale: float
    enough: float

    @property
    def where(self) -> tuple[Instance, Restriction, Whole]:
        """What plans are made of."""
        return self.instance, self.restriction, self.active


class Found(NamedTuple):
    """The best plans so far, and what no plans cost less than [CNY]."""

    plans: Plans
    bound: float

    @property
    def gap(self) -> float:
        """What is not proven [CNY]."""
        return self.plans.cost - self.bound

    @property
    def shut(self) -> bool:
        """Whether the gap counts as none."""
        return self.gap <= SHUT * max(1.0, abs(self.plans.cost))


def begin(case: Case, near: Near, bound: float) -> Found:
    """Return plans that fit and are settled, out of what parts wish."""
    return settle(case, near, Found(fit(case, near), bound))


def best_of(one: Found, other: Found) -> Found:
    """Return the cheaper plans and the higher bound of the two."""
    return Found(min(one.plans, other.plans, key=lambda plans: plans.cost), max(one.bound, other.bound))


def fit(case: Case, near: Near) -> Plans:
    """Return the parts' answers to the prices, made to fit together: what gives up least makes way.

    What offers among all parts leave overfull is left to the parts that use it, whose dearer plans are then listed.
    """
    plans = made_way(*case.where, Plans.of(near.said), near)
    used = case.instance.usage(case.active, plans.qty).sum(axis=0)
    for row in np.flatnonzero(used > case.instance.free + FITS):
        plans = made_way(*case.where, plans, near._replace(among=_users(case, near, plans, int(row))))
    return fitted(*case.where, plans, near.prices)


def settle(case: Case, near: Near, found: Found) -> Found:
    """Return plans in which no part gains by what is left, nor by trading where that is not near enough."""
    none = np.zeros_like(near.prices)
    found = found._replace(plans=settled_plans(*case.where, found.plans, near.prices))
    for _ in range(TRADES):
        if found.gap <= case.enough:
            break
        found = found._replace(plans=take_turns(*case.where, traded(*case.where, found.plans, near), none))
    return found


def _users(case: Case, near: Near, plans: Plans, row: int) -> Whole:
    """Return the places of the parts that use a row, or would if they had their way."""
    ours, theirs = (case.instance.usage(case.active, qty)[:, row] > 0 for qty in (plans.qty, near.said.qty))
    return np.flatnonzero(ours | theirs)


def choose(case: Case, near: Near, floor: float, found: Found, columns: int, most: int) -> Found:
    """Return plans no dearer than those found, by programs of what comes near, and a bound.

    ``floor``: the bound of the prices. So many ``columns`` at first; as long as the gap is not small enough more are
    listed, up to ``most``, or until all within the gap are: their bound is the model's. Before that the program only
    has to find what makes the list shorter.
    """
    listed = 0.0
    while found.gap > case.enough and listed < 1.0:
        # The bound of a program may be better, but only that of the prices says what need not be listed.
        gap = found.plans.cost - floor
        choices, listed = _near_choices(case, near, (found.plans, gap), len(case.active) + columns)
        near_enough = (SHARE_OF_GAP * gap if listed < 1.0 else case.enough / 2.0) / max(1.0, abs(floor))
        effort = near_enough, case.parameters.nodes_limit
        known = found.plans.pattern, found.plans.qty
        better = select(case.instance, case.active, choices, known, effort) if choices else None
        if better is not None:
            plans = min(found.plans, better.plans, key=lambda p: p.cost)
            # Whoever takes what is not listed pays as much more than the best.
            unlisted = np.inf if listed == 1.0 else floor + listed * gap - (1.0 - listed) * near.spare.max()
            found = Found(plans, max(found.bound, min(better.bound, unlisted, plans.cost)))
            found = found if found.shut else settle(case, near, found)
        if columns == most:
            break
        columns = min(MORE_COLUMNS * columns, most)
    return found


def _near_choices(case: Case, near: Near, have: tuple[Plans, float], most: int) -> tuple[Choices | None, float]:
    """Return what plans use that are at hand or hardly dearer than their part's best, and how much of it all that is.

    All of it is what is dearer by the gap, and a part's spare; a share of that if it is too much, None if any is.
    """
    (plans, gap), rules, charges = have, case.instance.rules(case.restriction), case.instance.charges(near.prices)
    share = 1.0
    while True:
        wanted = (plans.pattern, plans.qty), near.said.value + share * (gap + near.spare) + SHUT
        choices, listed = near_choices(case.active, rules, charges, wanted, most)
        if listed or share * gap <= LEAST_SLACK * case.scale:
            return (choices if listed else None), share
        share /= NARROWER
