"""Choose one of the listed plans for every part so that all rows hold: the last integer program.

Sets
    i parts; c in C(i) listed plans of part i, c0(i) the one that orders nothing but what is forced; k coupling rows
Data
    u_c cost [CNY], a_ck use of row k, b_k what is free
Variables
    x_c = 1 if part i takes plan c instead of c0(i)
Model
    (1) min  sum_i u_c0(i) + sum_c (u_c - u_c0) x_c
    (2) sum_{c in C(i)} x_c <= 1                            for every part
    (3) sum_c (a_ck - a_c0,k) x_c <= b_k - sum_i a_c0,k     for every row

x = 0 is allowed, for what is forced fits by construction. Solved by HiGHS within a gap or a number of nodes, never a
time, so that the answer does not depend on the machine.
"""

from typing import NamedTuple

import numpy as np

from vmi import integer
from vmi.placement.columns import Listing
from vmi.placement.instance import Instance
from vmi.placement.problem import Array, Whole

SHRINKS = (0.0, 1e-6, 1e-5, 1e-4)
"""Shares of the rows' room that are given up, one after the other, where the solver's rounding breaks a row."""


WORK_LIMIT = 100_000
"""Nodes times plans of a program: a node's work grows with the plans in it."""


class Selection(NamedTuple):
    """What was chosen for each of the parts, in their order; and a bound on the cost of any choice from the list."""

    pattern: Whole
    qty: Whole
    by_part: Array
    bound: float

    @property
    def cost(self) -> float:
        """Cost of the plans [CNY]."""
        return float(self.by_part.sum())


def select(instance: Instance, listed: Listing, gap: float, nodes: int) -> Selection:
    """Return the cheapest choice of one plan per part, within the relative ``gap`` or as ``nodes`` let it.

    ``listed`` holds of every part a plan that orders nothing but what is forced. The parts come back sorted. The bound
    of a program with less room is no bound on this one: then it is -inf.

    Raises
    ------
    ValueError
        The plans of least use do not fit together.
    """
    usage = instance.usage(listed.part, listed.qty)
    anchor = lightest(listed.part, usage)
    for shrink in SHRINKS:
        chosen, bound = _choose(listed, usage, anchor, instance.free * (1.0 - shrink), (gap, nodes))
        if (usage[chosen].sum(axis=0) <= instance.free + 1e-9).all():
            break
    else:
        chosen, bound = anchor, -np.inf
        if (usage[chosen].sum(axis=0) > instance.free + 1e-6).any():
            raise ValueError("placement: no plan fits the rows, though ordering nothing is always allowed")
    picked = listed.pattern[chosen], listed.qty[chosen], listed.cost[chosen]
    return Selection(*picked, bound if shrink == 0.0 else -np.inf)


def fits(instance: Instance, listed: Listing) -> bool:
    """Return whether the plans of least use fit together, each part having one."""
    usage = instance.usage(listed.part, listed.qty)
    return bool((usage[lightest(listed.part, usage)].sum(axis=0) <= instance.free + 1e-9).all())


def lightest(part: Whole, usage: Array) -> Whole:
    """Return the place of each part's plan that uses least, parts ascending: all of them fit together."""
    order = np.lexsort((np.arange(len(part)), usage.sum(axis=1), part))
    first = np.r_[True, np.diff(part[order]) != 0] if len(part) else np.zeros(0, dtype=bool)
    return np.asarray(order[first], dtype=np.int64)


def _choose(
    listed: Listing, usage: Array, anchor: Whole, free: Array, effort: tuple[float, int]
) -> tuple[Whole, float]:
    """Return the place of each part's chosen plan, and the solver's bound on their cost."""
    own = np.searchsorted(listed.part[anchor], listed.part)
    others = np.flatnonzero(np.arange(len(listed.part)) != anchor[own])
    base = anchor[own[others]]
    more, left = usage[others] - usage[base], free - usage[anchor].sum(axis=0)
    tight = np.flatnonzero(np.maximum(more, 0.0).sum(axis=0) > left)
    several = np.unique(own[others])
    place, row = np.nonzero(more[:, tight])
    program = integer.Program(
        cost=listed.cost[others] - listed.cost[base],
        upper=(more <= np.maximum(left, 0.0) + 1e-9).all(axis=1).astype(np.float64),
        integer=np.ones(len(others), dtype=bool),
        rows=np.concatenate([np.searchsorted(several, own[others]), len(several) + row]),
        columns=np.concatenate([np.arange(len(others)), place]),
        values=np.concatenate([np.ones(len(others)), more[place, tight[row]]]),
        row_upper=np.concatenate([np.ones(len(several)), np.maximum(left[tight], 0.0)]),
        constant=float(listed.cost[anchor].sum()),
    )
    gap, nodes = effort
    found = integer.solve(program, gap, min(nodes, max(WORK_LIMIT // max(len(others), 1), 1)))
    chosen = anchor.copy()
    taken = np.flatnonzero(found.x > 0.5)
    chosen[own[others[taken]]] = others[taken]
    return chosen, found.bound
