"""Choose a plan for every part so that all rows hold: the last integer program.

Sets
    i parts with a choice; m in M(i) patterns, j in J(m) their pools; o in O(i, j) quantities of a pool; k coupling rows
Data
    s_m cost of changed hubs, u_o cost of a quantity [CNY], q_o units; a_ok use of row k, b_k what the others leave
Variables
    z_m = 1 if part i takes pattern m, x_o = 1 if its pool orders that quantity
Model
    (1) min  sum_m s_m z_m + sum_o u_o x_o
    (2) sum_{m in M(i)} z_m = 1                         for every part
    (3) sum_{o in O(i,j)} x_o = sum_{m: j in J(m)} z_m  for every pool
    (4) sum_o q_o x_o <= available_i                    for every part that is limited
    (5) sum_o a_ok x_o <= b_k                           for every coupling row

Patterns and quantities, not whole plans, are its columns: ten pools with three quantities each are 30 columns and
59,049 plans. Solved by HiGHS within a gap or a number of nodes, never a time, so that the answer does not depend on the
machine.
"""

from typing import NamedTuple

import numpy as np

from vmi import integer
from vmi.placement.choices import Choices
from vmi.placement.instance import Instance
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.settling import FITS, Plans

SHRINKS = (0.0, 1e-6, 1e-5, 1e-4)
"""Shares of the rows' room that are given up, one after the other, where the solver's rounding breaks a row."""
FULL_COLUMNS = 60
"""Columns up to which a program may take all the nodes; a node's work grows with them, so larger ones get fewer."""


class Selection(NamedTuple):
    """What was chosen for each of the parts, in their order; and a bound on the cost of any choice from the list."""

    plans: Plans
    bound: float


class _Piece(NamedTuple):
    """Some constraints: the non-zeros of (row, column, value), and the rows' limits."""

    row: Whole
    column: Whole
    value: Array
    lower: Array
    upper: Array


def select(
    instance: Instance, parts: Whole, choices: Choices, known: tuple[Whole, Whole], effort: tuple[float, int]
) -> Selection | None:
    """Return the cheapest choice for ``parts``, within a relative gap or as so many nodes let it (``effort``).

    ``known``: pattern and units by hub of plans that are among the choices, to begin with.

    Each of the parts has a pattern and for each of its pools a quantity among ``choices``. None if no choice was found
    that fits. The bound of a program with less room than there is is no bound on this one: then it is -inf.
    """
    several = _has_choice(len(parts), choices)
    chosen, bound = choices.only(~several), 0.0
    fixed = _decode(instance, parts, chosen)
    if several.any():
        for shrink in SHRINKS:
            room = instance.free * (1.0 - shrink) - instance.usage(parts, fixed.qty).sum(axis=0)
            taken, bound = _solve(instance, parts, choices.only(several), known, (room, fixed.cost), effort)
            if taken is None:
                return None
            found = _decode(instance, parts, taken)
            together = Plans(
                np.where(several, found.pattern, fixed.pattern), found.qty + fixed.qty, found.by_part + fixed.by_part
            )
            if _holds(instance, parts, together):
                return Selection(together, bound if shrink == 0.0 else -np.inf)
        return None
    return Selection(fixed, fixed.cost) if _holds(instance, parts, fixed) else None


def _holds(instance: Instance, parts: Whole, found: Plans) -> bool:
    used = instance.usage(parts, found.qty).sum(axis=0)
    return bool(
        (used <= instance.free + FITS).all() and (found.qty.sum(axis=1) <= instance.limits.available[parts]).all()
    )


def _has_choice(parts: int, choices: Choices) -> Mask:
    """Return which parts have more than one pattern, or more than one quantity for a pool."""
    patterns = np.bincount(choices.pattern[:, 0], minlength=parts)
    members = np.bincount(choices.pattern[choices.member[:, 0], 0], minlength=parts)
    options = np.bincount(choices.option[:, 0], minlength=parts)
    return np.asarray((patterns > 1) | (options > members))


def _decode(instance: Instance, parts: Whole, chosen: Choices) -> Plans:
    """Return patterns, units and costs by part of choices with one plan a part; nothing for the other parts."""
    menu, table, n = instance.menu, instance.table, len(parts)
    pattern, qty = np.zeros(n, dtype=np.int64), np.zeros((n, instance.rows.hubs), dtype=np.int64)
    place, option = chosen.option[:, 0], chosen.option[:, 2]
    owner, number = chosen.pattern.T
    pattern[owner] = number - menu.pattern_from[menu.part_class[parts[owner]]]
    np.add.at(qty, (place, _hub(instance, parts, chosen)), table.qty[option])
    cost = np.bincount(place, weights=table.cost[option], minlength=n).astype(np.float64)
    cost += np.bincount(owner, weights=chosen.change, minlength=n)
    return Plans(pattern, qty, cost)


def _hub(instance: Instance, parts: Whole, choices: Choices) -> Whole:
    """Return the hub of each option's pool."""
    part = parts[choices.option[:, 0]]
    pool = choices.option[:, 1] - instance.table.row_from[part]
    first = instance.menu.pool_from[instance.menu.part_class[part]]
    return np.asarray(instance.menu.pool_hub[first + pool], dtype=np.int64)


def _solve(
    instance: Instance,
    parts: Whole,
    choices: Choices,
    known: tuple[Whole, Whole],
    rest: tuple[Array, float],
    effort: tuple[float, int],
) -> tuple[Choices | None, float]:
    """Return the patterns and options that the program takes, and its bound; None if it found none that fit.

    ``rest``: the room that all other parts leave, and what they cost [CNY]; the gap is one of the whole.
    """
    patterns, options = len(choices.pattern), len(choices.option)
    pieces = [
        _one_pattern(choices),
        _one_quantity(choices),
        _supply(instance, parts, choices),
        _coupling(instance, parts, choices, rest[0]),
    ]
    start = np.cumsum([0, *(len(p.upper) for p in pieces)])
    program = integer.Program(
        cost=np.concatenate([choices.change, instance.table.cost[choices.option[:, 2]]]),
        upper=np.ones(patterns + options),
        integer=np.ones(patterns + options, dtype=bool),
        rows=np.concatenate([p.row + at for p, at in zip(pieces, start[:-1], strict=True)]),
        columns=np.concatenate([p.column for p in pieces]),
        values=np.concatenate([p.value for p in pieces]),
        row_upper=np.concatenate([p.upper for p in pieces]),
        row_lower=np.concatenate([p.lower for p in pieces]),
        constant=rest[1],
        start=_start(instance, parts, choices, known),
    )
    gap, nodes = effort
    try:
        found = integer.solve(program, gap, min(nodes, max(nodes * FULL_COLUMNS // (patterns + options), 1)))
    except integer.NoSolution:
        return None, -np.inf
    taken = found.x > 0.5
    if taken[:patterns].sum() != len(pieces[0].upper):
        return None, found.bound
    mine, own = taken[:patterns], taken[patterns:]
    chosen = Choices(choices.pattern[mine], choices.member[:0], choices.option[own], choices.change[mine])
    return chosen, found.bound


def _start(instance: Instance, parts: Whole, choices: Choices, known: tuple[Whole, Whole]) -> Array:
    """Return 1 for the patterns and the options of plans that are known, 0 for all others."""
    (pattern, units), menu, place = known, instance.menu, choices.option[:, 0]
    owner, number = choices.pattern.T
    taken = number - menu.pattern_from[menu.part_class[parts[owner]]] == pattern[owner]
    pools = choices.member[taken[choices.member[:, 0]], 1]
    wanted = units[place, _hub(instance, parts, choices)]
    ordered = np.isin(choices.option[:, 1], pools) & (instance.table.qty[choices.option[:, 2]] == wanted)
    return np.concatenate([taken, ordered]).astype(np.float64)


def _one_pattern(choices: Choices) -> _Piece:
    """Return (2)."""
    part = np.unique(choices.pattern[:, 0], return_inverse=True)[1].ravel()
    count = int(part.max(initial=-1)) + 1
    return _Piece(part, np.arange(len(part)), np.ones(len(part)), np.ones(count), np.ones(count))


def _one_quantity(choices: Choices) -> _Piece:
    """Return (3)."""
    pools = np.unique(np.concatenate([choices.option[:, 1], choices.member[:, 1]]))
    of_option, of_member = np.searchsorted(pools, choices.option[:, 1]), np.searchsorted(pools, choices.member[:, 1])
    column = np.concatenate([len(choices.pattern) + np.arange(len(of_option)), choices.member[:, 0]])
    value = np.concatenate([np.ones(len(of_option)), -np.ones(len(of_member))])
    none = np.zeros(len(pools))
    return _Piece(np.concatenate([of_option, of_member]), column, value, none, none)


def _supply(instance: Instance, parts: Whole, choices: Choices) -> _Piece:
    """Return (4), for the parts of which more could be chosen than there is."""
    place, qty = choices.option[:, 0], instance.table.qty[choices.option[:, 2]].astype(np.float64)
    available = instance.limits.available[parts].astype(np.float64)
    limited = np.flatnonzero(np.bincount(place, weights=qty, minlength=len(parts)) > available)
    used = np.flatnonzero(np.isin(place, limited) & (qty > 0))
    row = np.searchsorted(limited, place[used])
    free = np.full(len(limited), -np.inf)
    return _Piece(row, len(choices.pattern) + used, qty[used], free, available[limited])


def _coupling(instance: Instance, parts: Whole, choices: Choices, room: Array) -> _Piece:
    """Return (5), for the rows that the choices could overfill."""
    qty = instance.table.qty[choices.option[:, 2]][:, None]
    touched, unit, line = instance.rows.touched(parts[choices.option[:, 0]], _hub(instance, parts, choices))
    row, value = touched.T.ravel(), (unit * qty + line * (qty > 0)).T.ravel()
    column = len(choices.pattern) + np.tile(np.arange(len(qty)), touched.shape[1])
    tight = np.flatnonzero(np.bincount(row, weights=value, minlength=len(room)) > room)
    used = np.flatnonzero(np.isin(row, tight) & (value > 0))
    return _Piece(
        np.searchsorted(tight, row[used]), column[used], value[used], np.full(len(tight), -np.inf), room[tight]
    )
