"""Let transfers and orders be one decision: transfers are chosen by what they are worth to the placement."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vmi.frames import TRANSFERS
from vmi.placement.place import Moved
from vmi.placement.problem import PlacementProblem
from vmi.placement.worth import Worth
from vmi.returns.parameters import ReturnParameters
from vmi.returns.settle import Settled, Transfers, choose_transfers


@dataclass
class Mover:
    """Choose tonight's transfers once their worth to the placement is known, and remember them.

    ``problem``: tonight's placement before any transfers; ``room_after``: free room by warehouse after the given ones.
    """

    settled: Settled
    problem: PlacementProblem
    parameters: ReturnParameters
    room_after: Callable[[pd.DataFrame], pd.DataFrame]
    found: Transfers | None = None

    def __call__(self, worth: Worth) -> Moved | None:
        """Return what the chosen transfers change and cost; ``None`` if nothing could move at all."""
        if not self.settled.options["movable"].any():
            return None
        self.found = choose_transfers(self.settled, worth, self.parameters)
        after = self._after(self.found) if len(self.found.lines) else None
        return Moved(after, self.found.cost, self.found.bound)

    def chosen(self, moved: bool) -> tuple[pd.DataFrame, float]:
        """Return frame ``TRANSFERS`` and its cost [CNY] if the plan has ``moved`` them, else nothing."""
        if self.found is None or not moved:
            return TRANSFERS.empty() if self.found is None else self.found.lines.iloc[:0], 0.0
        return self.found.lines, self.found.cost

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
