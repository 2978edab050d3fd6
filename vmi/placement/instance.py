"""The tabulated model as the price master and its parts read it."""

from dataclasses import dataclass

import numpy as np

from vmi.placement.catalogue import Menu
from vmi.placement.limits import Limits
from vmi.placement.model import Table
from vmi.placement.pricing import ANY_UNITS, Restriction, Rules
from vmi.placement.problem import Array, Whole


@dataclass(frozen=True)
class Instance:
    """The tabulated model: what the parts may do and what they share.

    ``use`` (parts, 3): volume, hazmat volume, cost per unit; ``free`` (2 hubs + 1,): what is left of each row.
    """

    menu: Menu
    table: Table
    limits: Limits
    use: Array
    free: Array

    @property
    def hubs(self) -> int:
        """Number of warehouses."""
        return self.limits.open.shape[1]

    def rules(self, restriction: Restriction) -> Rules:
        """Return what decides the parts' plans under a restriction."""
        return Rules(self.menu, self.table, self.limits, restriction)

    def unit_prices(self, prices: Array) -> Array:
        """Return what the rows' prices add to a unit of each part at each hub, shape (parts, hubs)."""
        n = self.hubs
        volume = np.outer(self.use[:, 0], prices[:n]) + np.outer(self.use[:, 1], prices[n : 2 * n])
        return np.ascontiguousarray(volume + self.use[:, 2:] * prices[2 * n])

    def units_within(self, part: int, room: Array) -> Whole:
        """Return the most units of a part that each hub's own rows have room for, shape (hubs,)."""
        n, use = self.hubs, self.use[part]
        rows = [room[:n] / use[0] if use[0] > 0 else None, room[n : 2 * n] / use[1] if use[1] > 0 else None]
        most = np.full(n, float(ANY_UNITS))
        for row in rows:
            most = most if row is None else np.minimum(most, row + 1e-9)
        return np.floor(np.clip(most, 0.0, ANY_UNITS)).astype(np.int64)

    def usage(self, parts: Whole, qty: Whole) -> Array:
        """Return what each plan uses of each row, shape (plans, rows)."""
        use = self.use[parts]
        return np.concatenate([qty * use[:, :1], qty * use[:, 1:2], (qty.sum(axis=1) * use[:, 2])[:, None]], axis=1)
