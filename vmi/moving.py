"""Let transfers and orders be one decision: transfers are chosen by what they are worth to the placement."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vmi.placement.place import Moved
from vmi.placement.problem import PlacementProblem
from vmi.placement.worth import Worth
from vmi.returns.parameters import ReturnParameters
from vmi.returns.settle import Settled, Transfers, choose_transfers


@dataclass(frozen=True)
class Mover:
    """Choose tonight's transfers by their worth to the placement.

    ``problem``: tonight's placement before any transfers; ``room_after``: free room by warehouse after the given ones.
    """

    settled: Settled
    problem: PlacementProblem
    parameters: ReturnParameters
    room_after: Callable[[pd.DataFrame], pd.DataFrame]

    def __call__(self, worth: Worth) -> Moved | None:
        """Return what the chosen transfers change and cost; ``None`` if nothing could move at all."""
        if not self.settled.options["movable"].any():
            return None
        found = choose_transfers(self.settled, worth, self.parameters)
        return Moved(self._after(found) if len(found.lines) else None, found.lines, found.cost, found.bound)

    def _after(self, found: Transfers) -> PlacementProblem:
        parts, warehouses = self.problem.parts.index, self.problem.warehouses.index
        units, shifts = np.zeros_like(self.problem.positions.on_hand), found.shifts
        part, qty = parts.get_indexer(pd.Index(shifts["part_id"])), shifts["qty"].to_numpy(dtype=np.int64)
        # Stock that serves no final part is no part of the placement: only its room counts.
        known = part >= 0
        for end, sign in (("warehouse_id", -1), ("to_warehouse", 1)):
            at = warehouses.get_indexer(pd.Index(shifts[end]))
            np.add.at(units, (part[known], at[known]), sign * qty[known])
        room = self.room_after(found.lines)[list(self.problem.warehouses.columns)]
        return replace(self.problem, positions=self.problem.positions.after(units), warehouses=room.reindex(warehouses))
