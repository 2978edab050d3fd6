"""What the settling of lots is given and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.supersession import Supersession
from vmi.workdays import WorkDays

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Window = Callable[[int, int], tuple[Array, Array]]

LOT = ["warehouse_id", "part_id", "lot_id"]
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True)
class ReturnsProblem:
    """Lots on the shelves, what they may still sell, and the lanes between the warehouses.

    Parameters
    ----------
    as_of
        The day that has closed; nothing leaves before the next.
    lots
        Available lots left after tonight's deliveries: warehouse_id, part_id, lot_id, received_on, qty.
    parts, suppliers, warehouses, lanes, overrides
        Input frames of the contract.
    pairs
        part_id (final), warehouse_id, in the row order of ``window``.
    window
        ``window(start, stop)``: mean and variance of the demand of days as_of + 1 + start to as_of + stop, by pair
        [units]; 0 <= start <= stop <= ``horizon_days``.
    waiting
        part_id (ordered), warehouse_id, qty: open units that found no stock.
    recent_usage
        part_id (as ordered), day, qty.
    open_parts
        Parts with an open order line.
    moved_lots
        part_id, lot_id of lots transferred before: a lot moves once within its window.
    """

    as_of: pd.Timestamp
    lots: pd.DataFrame
    parts: pd.DataFrame
    suppliers: pd.DataFrame
    warehouses: pd.DataFrame
    lanes: pd.DataFrame
    overrides: pd.DataFrame
    supersession: Supersession
    workdays: WorkDays
    pairs: pd.DataFrame
    window: Window
    waiting: pd.DataFrame
    recent_usage: pd.DataFrame
    open_parts: pd.Index
    moved_lots: pd.DataFrame
    horizon_days: int


class Worth(Protocol):
    """What moves are worth to the plan beyond the lots themselves: shortage and orders that they save, room they take.

    :class:`vmi.placement.worth.Worth` is one.
    """

    @property
    def space(self) -> pd.DataFrame:
        """Prices of room: index warehouse_id, columns m3, hazmat_m3 [CNY/m3]."""

    @property
    def room(self) -> pd.DataFrame:
        """Room for what moves: index warehouse_id, columns free_m3, free_hazmat_m3."""

    def protection_days(self, parts: pd.Series, warehouses: pd.Series) -> Array:
        """Return the days for which stock of each (final) part at a warehouse must last; 0 where nobody asks."""

    def most(self, parts: pd.Series) -> Array:
        """Return more than any move of each (final) part saves [CNY]."""

    def units(self, moves: pd.DataFrame, count: Whole, needed: Array) -> Array:
        """Return what the first, second, ... unit that moves saves, shape (moves, largest count), never rising [CNY].

        ``moves``: part_id (final), warehouse_id, to_warehouse; ``count`` units are asked for. 0 may be told where all
        of them save no more than ``needed`` [CNY].
        """


@dataclass(frozen=True)
class LotDecisions:
    """Tonight's frames ``LOT_RETURNS`` and ``TRANSFERS``, and what the transfers themselves cost [CNY]."""

    returns: pd.DataFrame
    transfers: pd.DataFrame
    cost: float
