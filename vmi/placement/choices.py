"""List what a better solution could be made of: patterns and quantities whose value comes near their part's best."""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.dominance import change_cost
from vmi.placement.pricing import Rules, options_of, pattern_worth, patterns_of, pool_minima, reduced_cost
from vmi.placement.problem import Array, Mask, Whole


class Choices(NamedTuple):
    """What parts may choose from; every array has a row per pattern, per member of a pattern, or per option.

    ``pattern`` (patterns, 2): place of the part in the list asked for, number of the pattern in the menu. ``member``
    (members, 2): row of the pattern, row of the pool in the table. ``option`` (options, 3): place of the part, row of
    the pool in the table, number of the option in it. ``change`` [CNY] by pattern. Parts ascending.
    """

    pattern: Whole
    member: Whole
    option: Whole
    change: Array

    def only(self, parts: Mask) -> "Choices":
        """Return the choices of some of the parts, by place; rows of patterns are counted anew."""
        kept = parts[self.pattern[:, 0]]
        place = np.cumsum(kept) - 1
        member = self.member[kept[self.member[:, 0]]]
        member = np.column_stack([place[member[:, 0]], member[:, 1]])
        return Choices(self.pattern[kept], member, self.option[parts[self.option[:, 0]]], self.change[kept])


@njit(cache=True)
def near_choices(
    parts: Whole, rules: Rules, charges: Array, wanted: tuple[tuple[Whole, Whole], Array], most: int
) -> tuple[Choices, bool]:
    """Return the patterns of which a plan is worth at most a ceiling, and the options such plans use.

    ``wanted``: pattern and units by hub of plans that are listed in any case, and the ceiling by part. A part that has
    more than one plan left may also order no more than it must. What a supplier has is not looked at: nothing that
    could be had is missed. Ends when parts with a choice have more than ``most`` options near; the second answer is
    False then.
    """
    menu, table = rules.menu, rules.table
    (known, units), ceiling = wanted
    pattern, change = np.empty((1024, 2), dtype=np.int64), np.empty(1024)
    member, option = np.empty((4096, 2), dtype=np.int64), np.empty((4096, 3), dtype=np.int64)
    n, k, o_n, free = 0, 0, 0, 0
    for c in range(len(parts)):
        i = parts[c]
        first, first_row = menu.pattern_from[menu.part_class[i]], table.row_from[i]
        best = pool_minima(i, rules, charges)
        base, began, listed = table.option_from[first_row], n, 0
        keep = np.zeros(table.option_from[table.row_from[i + 1]] - base, dtype=np.bool_)
        for m in _near_patterns(i, first + known[c], ceiling[c], best, rules, charges):
            if n == len(pattern):
                pattern, change = np.concatenate((pattern, pattern)), np.concatenate((change, change))
            pattern[n, 0], pattern[n, 1] = c, m
            change[n] = change_cost(i, m, menu, table, rules.limits)
            for j in menu.members[menu.member_from[m] : menu.member_from[m + 1]]:
                if k == len(member):
                    member = np.concatenate((member, member))
                member[k, 0], member[k, 1], k = n, first_row + j, k + 1
            in_any_case = units[c] if m == first + known[c] else units[c, :0]
            listed += _keep_near(i, m, in_any_case, (best[0], ceiling[c]), rules, charges, keep)
            n += 1
        if n > began + 1 or listed > menu.member_from[pattern[began, 1] + 1] - menu.member_from[pattern[began, 1]]:
            for a in range(began, n):
                for j in menu.members[menu.member_from[pattern[a, 1]] : menu.member_from[pattern[a, 1] + 1]]:
                    keep[options_of(i, j, rules)[1] - base] = True
            free += listed
        for row in range(first_row, table.row_from[i + 1]):
            for o in range(table.option_from[row], table.option_from[row + 1]):
                if keep[o - base]:
                    if o_n == len(option):
                        option = np.concatenate((option, option))
                    option[o_n, 0], option[o_n, 1], option[o_n, 2], o_n = c, row, o, o_n + 1
        if free > most:
            return Choices(pattern[:n], member[:k], option[:o_n], change[:n]), False
    return Choices(pattern[:n], member[:k], option[:o_n], change[:n]), True


@njit(cache=True)
def _near_patterns(
    i: int, known: int, ceiling: float, best: tuple[Array, Whole], rules: Rules, charges: Array
) -> Whole:
    """Return the patterns of which a plan is worth at most the ceiling, and the known one.

    Left out are those of which another, no dearer, has every plan: the same units at best, and the pools of which
    another quantity comes near. They differ in hubs of regions that are sent nothing.
    """
    (worth, taken), (patterns, least) = best, patterns_of(i, rules)
    listed = patterns[: np.searchsorted(least, ceiling, side="right")]
    if not (listed == known).any():
        listed = np.append(listed, known)
    value = np.array([pattern_worth(i, m, worth, rules) for m in listed])
    plans = np.empty((len(listed), charges.shape[1]), dtype=np.int64)
    found, n = np.empty(len(listed), dtype=np.int64), 0
    for k in np.argsort(value, kind="mergesort"):
        m, total = listed[k], value[k]
        if total > ceiling and m != known:
            continue
        members = rules.menu.members[rules.menu.member_from[m] : rules.menu.member_from[m + 1]]
        plans[n], found[n] = _best_units(i, members, taken, rules, charges.shape[1]), m
        near, new = (worth + (ceiling - total), taken, charges), True
        for other in np.flatnonzero(_same_units(plans[n], plans[:n])):
            new = new and not _adds_nothing(i, members, found[other], near, rules)
        n += new or m == known
    return np.sort(found[:n])


@njit(cache=True)
def _keep_near(
    i: int, m: int, in_any_case: Whole, near: tuple[Array, float], rules: Rules, charges: Array, keep: Mask
) -> int:
    """Mark the options of a part that plans of a pattern use which are worth at most a ceiling; return how many more.

    ``in_any_case``: units by hub of a plan to be marked too, or none. ``near``: what pools are worth, the ceiling.
    """
    table, (worth, ceiling), marked = rules.table, near, 0
    base, room = table.option_from[table.row_from[i]], ceiling - pattern_worth(i, m, worth, rules)
    for j in rules.menu.members[rules.menu.member_from[m] : rules.menu.member_from[m + 1]]:
        hub, start, stop = options_of(i, j, rules)
        for o in range(start, stop):
            wanted = reduced_cost(i, hub, o, rules, charges) <= worth[j] + room
            wanted = wanted or (len(in_any_case) > 0 and table.qty[o] == in_any_case[hub])
            if wanted and not keep[o - base]:
                keep[o - base], marked = True, marked + 1
    return marked


@njit(cache=True)
def _best_units(i: int, members: Whole, taken: Whole, rules: Rules, hubs: int) -> Whole:
    """Return the units by hub of a pattern's best plan."""
    first, units = rules.menu.pool_from[rules.menu.part_class[i]], np.zeros(hubs, dtype=np.int64)
    for j in members:
        units[rules.menu.pool_hub[first + j]] += rules.table.qty[taken[j]]
    return units


@njit(cache=True)
def _same_units(plan: Whole, plans: Whole) -> Mask:
    """Return which of some plans have the same units."""
    same = np.ones(len(plans), dtype=np.bool_)
    for h in range(len(plan)):
        same &= plans[:, h] == plan[h]
    return same


@njit(cache=True)
def _adds_nothing(i: int, members: Whole, other: int, near: tuple[Array, Whole, Array], rules: Rules) -> bool:
    """Return whether every pool that has an option near beside its best is one of another pattern's too.

    ``near``: what an option may be worth at most by pool, the best options, and the charges.
    """
    menu, (most, taken, charges) = rules.menu, near
    others = menu.members[menu.member_from[other] : menu.member_from[other + 1]]
    for j in members:
        if (others == j).any():
            continue
        hub, start, stop = options_of(i, j, rules)
        for o in range(start, stop):
            if o != taken[j] and reduced_cost(i, hub, o, rules, charges) <= most[j]:
                return False
    return True
