"""Say what moving units between warehouses is worth to the plan, under the prices of its rows.

Transfers and orders are one model. With L(lambda) the Lagrangian bound without transfers, p_i(s) the value of part i's
best plan under the prices once s units have moved, and T the cost of the transfers themselves,

    cost of any plan with transfers x  >=  L(lambda) + min_x [ T(x) + lambda v x + sum_i p_i(s_i(x)) - p_i(0) ]

(weak duality, part by part), v what moved units take and free of the rows. The minimum on the right is the program of
:mod:`vmi.returns.model`, to which this module gives p_i(0) - p_i(n units from w to t) for every n, as its least concave
majorant: what a program that takes unit after unit can read, and never less than the truth.

What moved units cost on the shelf, or when they go back, the transfers know lot by lot: p_i leaves it out.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numba import njit

from vmi.placement.dominance import every_pattern
from vmi.placement.draft import Draft
from vmi.placement.economics import Economics
from vmi.placement.limits import Limits
from vmi.placement.master import bound_at
from vmi.placement.model import Ground, tabulate
from vmi.placement.pricing import Restriction, Rules, best_plans
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.shifted import Terms, values_after

CHUNK = 2_000
"""Rows of moved units that are tabulated at a time, where the short way does not tell."""


@dataclass(frozen=True)
class Worth:
    """What moves save in a draft under prices of its rows, by ids."""

    draft: Draft
    prices: Array

    @cached_property
    def _value(self) -> Array:
        return self.draft.values(self.prices)

    @cached_property
    def charges(self) -> Array:
        """What the prices add to a unit and to a line of each part at each hub, shape (parts, hubs, 2) [CNY]."""
        return self.draft.instance.charges(self.prices)

    @cached_property
    def terms(self) -> Terms:
        """All that decides what a part is worth after a move."""
        draft = self.draft
        rules = draft.instance.rules(draft.restriction)._replace(listed=every_pattern(draft.menu))
        return Terms(rules, draft.ground, draft.money, draft.parameters.line_cost, self.charges)

    @property
    def bound(self) -> float:
        """The Lagrangian bound on plans without transfers [CNY]: valid whatever the prices are."""
        return bound_at(self.draft.instance, self._value, self.prices)

    def protection_days(self, parts: pd.Series, warehouses: pd.Series) -> Array:
        """Return the protection interval of each part at a warehouse; 0 for an unknown part."""
        at, found = self._rows(parts), np.zeros(len(parts))
        known, (hub,) = at >= 0, self._hubs(warehouses)
        found[known] = self.draft.money.protect_days[at[known], hub[known]]
        return found

    def most(self, parts: pd.Series) -> Array:
        """Return more than what any move of each part can save [CNY]: what the part costs; 0 for an unknown one."""
        at, found = self._rows(parts), np.zeros(len(parts))
        found[at >= 0] = self._value[at[at >= 0]]
        return found

    def units(self, moves: pd.DataFrame, count: Whole, needed: Array) -> Array:
        """Return what the first, second, ... unit that moves saves, shape (moves, largest count) [CNY].

        ``moves``: columns part_id, warehouse_id, to_warehouse; ``count`` units are asked for, beyond them 0 is told. 0
        also for parts that the plan does not know, and, by a screen, where all save no more than ``needed`` [CNY].
        Never rising: the least concave majorant of the true savings.
        """
        part, (origin, target) = self._rows(moves["part_id"]), self._hubs(moves["warehouse_id"], moves["to_warehouse"])
        every = np.where(part >= 0, count, 0)
        every = np.where(self._worth_telling(part, (origin, target), every, needed), every, 0)
        row = np.repeat(np.arange(len(moves)), every)
        unit = np.arange(len(row)) - np.searchsorted(row, row) + 1
        found = np.zeros((len(moves), int(count.max(initial=0))))
        found[row, unit - 1] = self._saved(part[row], _net(self.draft.shape[1], origin[row], target[row], unit))
        _majorise(found, every)
        return found.round(6)

    def _worth_telling(self, part: Whole, ends: tuple[Whole, Whole], count: Whole, needed: Array) -> Mask:
        """Return where a move might save more than is needed: all its units, or as many that no warehouse misses.

        A screen, no proof (packs can make a few units save more than many): it decides which moves are in the model.
        """
        found = (needed < 0.0) & (count > 0)
        at = np.flatnonzero((count > 0) & ~found)
        moved = _net(self.draft.shape[1], ends[0][at], ends[1][at], count[at])
        both = np.stack([moved.clip(min=0), moved], axis=1).reshape(-1, moved.shape[1])
        found[at] = self._saved(np.repeat(part[at], 2), both).reshape(-1, 2).max(axis=1) > needed[at]
        return found

    def _saved(self, part: Whole, moved: Whole) -> Array:
        """Return what each part's plan costs less once units have moved, row by row [CNY]."""
        after, told = values_after(part, moved, self.terms)
        rest = np.flatnonzero(~told)
        for rows in np.split(rest, range(CHUNK, len(rest), CHUNK)):
            after[rows] = tabulated_after(self.draft, part[rows], moved[rows], self.charges)
        return np.asarray(self._value[part] - after)

    def _rows(self, parts: pd.Series) -> Whole:
        """Return the number of each part, -1 for an unknown one."""
        return np.asarray(self.draft.problem.parts.index.get_indexer(pd.Index(parts)), dtype=np.int64)

    def _hubs(self, *warehouses: pd.Series) -> list[Whole]:
        """Return the numbers of some lists of warehouses."""
        ids = self.draft.problem.warehouses.index
        return [np.asarray(ids.get_indexer(pd.Index(each)), dtype=np.int64) for each in warehouses]

    @property
    def space(self) -> pd.DataFrame:
        """Prices of room: index warehouse_id, columns m3, hazmat_m3 [CNY/m3]."""
        return self._by_warehouse(self.prices, ("m3", "hazmat_m3"))

    @property
    def room(self) -> pd.DataFrame:
        """Room that what a planner forces leaves: index warehouse_id, columns free_m3, free_hazmat_m3.

        Rounded down to a cubic centimetre, as room is, so that what is forced fits after any transfers.
        """
        instance = self.draft.instance
        forced = instance.usage(instance.everyone, self.draft.limits.low).sum(axis=0)
        left = np.floor(np.maximum(instance.free - forced, 0.0) * 1e6) / 1e6
        return self._by_warehouse(left, ("free_m3", "free_hazmat_m3"))

    def _by_warehouse(self, rows: Array, names: tuple[str, str]) -> pd.DataFrame:
        ids, n = self.draft.problem.warehouses.index, len(self.draft.problem.warehouses)
        return pd.DataFrame({name: rows[k * n : (k + 1) * n] for k, name in enumerate(names)}, index=ids)


def _net(hubs: int, origin: Whole, target: Whole, units: Whole) -> Whole:
    moved = np.zeros((len(units), hubs), dtype=np.int64)
    every = np.arange(len(units))
    moved[every, origin] -= units
    moved[every, target] += units
    return moved


def tabulated_after(draft: Draft, part: Whole, moved: Whole, charges: Array) -> Array:
    """Return what :func:`vmi.placement.shifted.values_after` does, out of tables of their own for all rows [CNY]."""
    ground, parameters = draft.ground, draft.parameters
    shared = (ground.per_line, ground.per_kg, ground.late, ground.same_day_lost)
    position = ground.position[part] + moved
    shifted = Ground(ground.mean[part], ground.var[part], position, moved, *shared)
    money, limits = Economics._make(a[part] for a in draft.money), Limits._make(a[part] for a in draft.limits)
    menu = draft.menu._replace(part_class=draft.menu.part_class[part])
    table = tabulate(menu, shifted, money, limits, (parameters.line_cost, parameters.change_cost))
    restriction = Restriction._make(a[part] for a in draft.restriction)
    rules = Rules(menu, every_pattern(menu), table, limits, restriction)
    return best_plans(np.arange(len(part)), rules, charges[part]).value


@njit(cache=True)
def _majorise(total: Array, count: Whole) -> None:
    """Turn savings of 1, 2, ... units, row by row, into what each unit adds to their least concave majorant."""
    for r in range(len(total)):
        corner, height, top = np.zeros(count[r] + 1, dtype=np.int64), np.zeros(count[r] + 1), 0
        for n in range(1, count[r] + 1):
            value = total[r, n - 1]
            while top > 0 and (value - height[top]) * (corner[top] - corner[top - 1]) >= (
                height[top] - height[top - 1]
            ) * (n - corner[top]):
                top -= 1
            top += 1
            corner[top], height[top] = n, value
        for k in range(1, top + 1):
            slope = (height[k] - height[k - 1]) / (corner[k] - corner[k - 1])
            total[r, corner[k - 1] : corner[k]] = slope
