"""The tabulated model as the price master and its parts read it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vmi.placement.catalogue import Menu
from vmi.placement.dominance import Listed, undominated
from vmi.placement.limits import Limits, Rows
from vmi.placement.model import Table
from vmi.placement.pricing import ANY_UNITS, Restriction, Rules
from vmi.placement.problem import Array, Whole


@dataclass(frozen=True)
class Instance:
    """The tabulated model: what the parts may do, and the rows that they share."""

    menu: Menu
    table: Table
    limits: Limits
    rows: Rows

    @property
    def free(self) -> Array:
        """What is left of each row."""
        return self.rows.free

    @property
    def everyone(self) -> Whole:
        """Numbers of all parts."""
        return np.arange(len(self.menu.part_class), dtype=np.int64)

    @cached_property
    def listed(self) -> Listed:
        """The patterns that are weighed."""
        return undominated(self.menu, self.table, self.limits)

    def free_choice(self) -> Restriction:
        """Return the restriction that forbids nothing."""
        shape = self.limits.open.shape
        return Restriction(
            np.zeros(shape, dtype=bool), np.full(shape[0], -1, dtype=np.int64), np.full(shape, ANY_UNITS)
        )

    def rules(self, restriction: Restriction) -> Rules:
        """Return what decides the parts' plans under a restriction."""
        return Rules(self.menu, self.listed, self.table, self.limits, restriction)

    def charges(self, prices: Array) -> Array:
        """Return what the rows' prices add to a unit and to a line of each part at each hub, (parts, hubs, 2)."""
        return self.rows.charges(prices)

    def usage(self, parts: Whole, qty: Whole) -> Array:
        """Return what each plan uses of each row, shape (plans, rows)."""
        return self.rows.used(parts, qty)
