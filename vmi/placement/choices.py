"""List what a better solution could be made of: patterns and quantities whose value comes near their part's best."""

from typing import NamedTuple

import numpy as np
from numba import njit

from vmi.placement.pricing import Rules, change_cost, options_of, pool_minima, reduced_cost
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
    could be had is missed. Ends when parts with a choice have more than ``most`` options; the second answer is False
    then.
    """
    menu, table = rules.menu, rules.table
    (known, units), ceiling = wanted
    pattern, change = np.empty((1024, 2), dtype=np.int64), np.empty(1024)
    member, option = np.empty((4096, 2), dtype=np.int64), np.empty((4096, 3), dtype=np.int64)
    n, k, o_n, free = 0, 0, 0, 0
    for c in range(len(parts)):
        i = parts[c]
        cls, first_row = menu.part_class[i], table.row_from[i]
        worth, taken = pool_minima(i, rules, charges)
        seen, plans = np.empty((0, charges.shape[1]), dtype=np.int64), 0
        keep = np.zeros(table.option_from[table.row_from[i + 1]] - table.option_from[first_row], dtype=np.bool_)
        base, began, listed = table.option_from[first_row], n, 0
        for m in range(menu.pattern_from[cls], menu.pattern_from[cls + 1]):
            if rules.restriction.pattern[i] >= 0 and rules.restriction.pattern[i] != m - menu.pattern_from[cls]:
                continue
            members = menu.members[menu.member_from[m] : menu.member_from[m + 1]]
            own = change_cost(i, m, rules)
            total = own
            for j in members:
                total += worth[j]
            listed_anyhow = known[c] == m - menu.pattern_from[cls]
            if total > ceiling[c] and not listed_anyhow:
                continue
            plan = _best_units(i, members, taken, rules, charges.shape[1])
            if not listed_anyhow and _is_seen(plan, seen[:plans]):
                others = (ceiling[c] - total + worth, taken, charges)
                if not _has_others(i, members, others, rules):
                    continue
            if plans == len(seen):
                seen = np.concatenate((seen, np.empty((8 + len(seen), seen.shape[1]), dtype=np.int64)))
            seen[plans], plans = plan, plans + 1
            if n == len(pattern):
                pattern, change = np.concatenate((pattern, pattern)), np.concatenate((change, change))
            pattern[n, 0], pattern[n, 1], change[n] = c, m, own
            for j in members:
                if k == len(member):
                    member = np.concatenate((member, member))
                member[k, 0], member[k, 1], k = n, first_row + j, k + 1
                hub, start, stop = options_of(i, j, rules)
                for o in range(start, stop):
                    near = total - worth[j] + reduced_cost(i, hub, o, rules, charges) <= ceiling[c]
                    near = near or (listed_anyhow and table.qty[o] == units[c, hub])
                    if near and not keep[o - base]:
                        keep[o - base], listed = True, listed + 1
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
def _best_units(i: int, members: Whole, taken: Whole, rules: Rules, hubs: int) -> Whole:
    """Return the units by hub of a pattern's best plan."""
    first, units = rules.menu.pool_from[rules.menu.part_class[i]], np.zeros(hubs, dtype=np.int64)
    for j in members:
        units[rules.menu.pool_hub[first + j]] += rules.table.qty[taken[j]]
    return units


@njit(cache=True)
def _is_seen(plan: Whole, seen: Whole) -> bool:
    """Return whether a plan's units are those of one of the plans seen."""
    found = False
    for other in seen:
        found = found or (other == plan).all()
    return found


@njit(cache=True)
def _has_others(i: int, members: Whole, near: tuple[Array, Whole, Array], rules: Rules) -> bool:
    """Return whether a pool has an option beside its best that comes near; ``near``: what an option may be worth at
    most by pool, the best options, and the charges.
    """
    most, taken, charges = near
    for j in members:
        hub, start, stop = options_of(i, j, rules)
        for o in range(start, stop):
            if o != taken[j] and reduced_cost(i, hub, o, rules, charges) <= most[j]:
                return True
    return False
