"""The placement problem as plain data: parts, warehouses, trucks, arcs, positions, demand moments and overrides.

Nothing here optimises. :mod:`vmi.placement.build` makes one from the company's files; a test makes one by hand.
Axes: part i (sorted part_id), warehouse w and region r (both the same sorted warehouse_id), supplier s, day.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PART_COLUMNS = (
    "supplier_id family unit_cost volume_m3 weight_kg pack_qty min_order_qty hazmat criticality mean_line_qty"
    " same_day_share available_qty"
)
TRUCK_COLUMNS = (
    "lead_time_days lead_time_sd_days cost_per_shipment cost_per_kg review_days ship_on due_on due_day tomorrow_due_day"
    " next_due_day return_day"
)
OVERRIDE_KINDS = ("min", "max", "order", "do_not_stock")


@dataclass(frozen=True)
class Positions:
    """Units per part and warehouse, int64 of shape (parts, warehouses); the meanings are frame ``POSITIONS``'.

    ``moved``: units that tonight's transfers bring in (or, negative, take out): part of inbound and outgoing. ``None``:
    nothing moves.
    """

    on_hand: Whole
    inbound: Whole
    backordered: Whole
    outgoing: Whole
    committed: Whole
    moved: Whole | None = None

    @property
    def position(self) -> Whole:
        """on_hand + inbound - backordered - outgoing."""
        return self.on_hand + self.inbound - self.backordered - self.outgoing

    @property
    def net_moved(self) -> Whole:
        """``moved``, zeros where nothing moves."""
        return np.zeros_like(self.on_hand) if self.moved is None else self.moved

    @property
    def stocked(self) -> Mask:
        """Whether something lies there or comes, tonight's transfers aside."""
        return np.asarray(self.on_hand + self.inbound - np.maximum(self.net_moved, 0) > 0)

    def after(self, moved: Whole) -> "Positions":
        """Return the positions once units have moved: net units by part and warehouse."""
        arriving, leaving = np.maximum(moved, 0), np.maximum(-moved, 0)
        return replace(self, inbound=self.inbound + arriving, outgoing=self.outgoing + leaving, moved=moved)


@dataclass(frozen=True)
class Arcs:
    """Warehouse (row) covers region (column), arrays of shape (warehouses, warehouses).

    ``allowed``; ``per_line`` and ``per_kg`` [CNY] freight above first cover; ``late`` and ``same_day_lost``: share of
    the region's lines that miss the promise, or of its same-day lines that miss the day, which its own warehouse would
    keep. ``same_day_own`` (warehouses,): share of a region's same-day lines that its own warehouse reaches on the day.
    """

    allowed: Mask
    per_line: Array
    per_kg: Array
    late: Array
    same_day_lost: Array
    same_day_own: Array


@dataclass(frozen=True)
class Demand:
    """Moments of demand in the days 1 .. ``days[k]`` after as_of, arrays of shape (parts, regions, len(days)).

    ``demand_class`` has shape (parts, regions), ``""`` where no demand is forecast.
    """

    days: Whole
    mean: Array
    var: Array
    demand_class: npt.NDArray[Any]

    def at(self, day: npt.ArrayLike) -> Whole:
        """Return the place of each day on the last axis; every day a plan asks for is among ``days``."""
        place = np.searchsorted(self.days, day)
        clipped = np.minimum(place, len(self.days) - 1)
        if (self.days[clipped] != day).any():
            raise ValueError("demand moments: a day is asked for that the problem does not hold")
        return np.asarray(clipped, dtype=np.int64)


@dataclass(frozen=True)
class PlacementProblem:
    """All that tonight's placement depends on.

    Parameters
    ----------
    parts
        Index part_id, sorted; columns ``PART_COLUMNS``. Final parts only; ``available_qty`` is inf where not limited.
    warehouses
        Index warehouse_id, sorted; columns free_m3, free_hazmat_m3: what tonight's firm lines may fill.
    trucks
        Index (supplier_id, warehouse_id), every combination; columns ``TRUCK_COLUMNS``, NaN where the supplier does
        not deliver. Days count from as_of: an order shipped tonight arrives on ``due_day``, tomorrow's on
        ``tomorrow_due_day``, the next review's on ``next_due_day``; tonight's units go back on ``return_day``.
    overrides
        Columns part_id, warehouse_id, kind, value; in force, kinds ``OVERRIDE_KINDS``.
    hubs_before
        Which warehouses were hubs of each part in the plan before, shape (parts, warehouses); none where there was no
        plan, or the part is new.
    """

    as_of: pd.Timestamp
    parts: pd.DataFrame
    warehouses: pd.DataFrame
    trucks: pd.DataFrame
    arcs: Arcs
    positions: Positions
    demand: Demand
    overrides: pd.DataFrame
    hubs_before: Mask

    def __post_init__(self) -> None:
        """Check that axes agree and numbers are numbers."""
        shape = (len(self.parts), len(self.warehouses))
        if any(s != shape for s in (self.positions.on_hand.shape, self.demand.mean.shape[:2], self.hubs_before.shape)):
            raise ValueError("placement: positions, demand, hubs and parts x warehouses differ in shape")
        if not (self.parts.index.is_monotonic_increasing and self.warehouses.index.is_monotonic_increasing):
            raise ValueError("placement: parts and warehouses must be sorted by id")
        numbers = [
            "unit_cost",
            "volume_m3",
            "weight_kg",
            "pack_qty",
            "min_order_qty",
            "mean_line_qty",
            "same_day_share",
        ]
        if not np.isfinite(self.parts[numbers].to_numpy(dtype=np.float64)).all():
            raise ValueError(f"placement: {', '.join(numbers)} must be known for every part")
        if not (np.isfinite(self.demand.mean).all() and np.isfinite(self.demand.var).all()):
            raise ValueError("placement: demand moments must be finite")

    @property
    def warehouse_ids(self) -> npt.NDArray[np.object_]:
        """Warehouse ids in the order of the axes."""
        return self.warehouses.index.to_numpy(dtype=object)

    def truck(self, column: str) -> Array:
        """Return a column of ``trucks`` by part and warehouse, shape (parts, warehouses)."""
        table = self.trucks[column].astype(np.float64).unstack()
        return table.reindex(columns=self.warehouse_ids).reindex(self.parts["supplier_id"]).to_numpy(dtype=np.float64)

    def truck_day(self, column: str) -> npt.NDArray[np.datetime64]:
        """Return a day column of ``trucks`` by part and warehouse."""
        table = self.trucks[column].unstack()
        return table.reindex(columns=self.warehouse_ids).reindex(self.parts["supplier_id"]).to_numpy("datetime64[ns]")

    def override(self, kind: str) -> Array:
        """Return the value of an override by part and warehouse, NaN where there is none (0 for a bare flag)."""
        found = np.full((len(self.parts), len(self.warehouses)), np.nan)
        chosen = self.overrides[self.overrides["kind"] == kind]
        row = self.parts.index.get_indexer(pd.Index(chosen["part_id"]))
        column = self.warehouses.index.get_indexer(pd.Index(chosen["warehouse_id"]))
        known = (row >= 0) & (column >= 0)
        found[row[known], column[known]] = chosen["value"].fillna(0).to_numpy(dtype=np.float64)[known]
        return found
