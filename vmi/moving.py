"""Let transfers and orders be one decision: transfers are chosen by what they are worth to the placement."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from vmi.placement.place import Moved
from vmi.placement.problem import PlacementProblem
from vmi.placement.worth import Worth
from vmi.positions import UNITS
from vmi.returns.parameters import ReturnParameters
from vmi.returns.settle import Settled, Transfers, choose_transfers

ENDS = ("from_warehouse", "to_warehouse")
ROOM = {"free_m3": "m3", "free_hazmat_m3": "hazmat_m3"}


@dataclass(frozen=True)
class Mover:
    """Choose tonight's transfers by their worth to the placement.

    ``problem``: tonight's placement before any transfers; ``room_after(leaving, arriving)``: free_m3, free_hazmat_m3 by
    warehouse once these units (part_id, warehouse_id, qty) have left and come.
    """

    settled: Settled
    problem: PlacementProblem
    parameters: ReturnParameters
    room_after: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]

    def __call__(self, worth: Worth) -> Moved | None:
        """Return what the chosen transfers change and cost; ``None`` if nothing could move at all."""
        if not self.settled.options["movable"].any():
            return None
        found = choose_transfers(self.settled, worth, self.frees, self.parameters)
        return Moved(self._after(found) if len(found.lines) else None, found.lines, found.cost, found.bound)

    @cached_property
    def frees(self) -> pd.DataFrame:
        """Whether a warehouse has more room once all that could move has left: not if it holds far too much."""
        options = self.settled.options
        lots = options[options["movable"]].drop_duplicates("lot")[UNITS]
        room = self.room_after(lots, lots.iloc[:0]).reindex(self.problem.warehouses.index)
        more = room[list(ROOM)] > self.problem.warehouses[list(ROOM)]
        return more.rename(columns=ROOM)

    def _after(self, found: Transfers) -> PlacementProblem:
        parts, warehouses = self.problem.parts.index, self.problem.warehouses.index
        units, shifts = np.zeros_like(self.problem.positions.on_hand), found.shifts
        part, qty = parts.get_indexer(pd.Index(shifts["part_id"])), shifts["qty"].to_numpy(dtype=np.int64)
        # Stock that serves no final part is no part of the placement: only its room counts.
        known = part >= 0
        for end, sign in (("warehouse_id", -1), ("to_warehouse", 1)):
            at = warehouses.get_indexer(pd.Index(shifts[end]))
            np.add.at(units, (part[known], at[known]), sign * qty[known])
        left, came = (found.lines.rename(columns={end: "warehouse_id"})[UNITS] for end in ENDS)
        room = self.room_after(left, came)[list(self.problem.warehouses.columns)]
        return replace(self.problem, positions=self.problem.positions.after(units), warehouses=room.reindex(warehouses))
