"""What the settling of lots is given and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.proof import Optimisation
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
    free
        Index warehouse_id; columns free_m3, free_hazmat_m3.
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
    free: pd.DataFrame
    horizon_days: int


@dataclass(frozen=True)
class LotDecisions:
    """Tonight's frames ``LOT_RETURNS`` and ``TRANSFERS``, and what was proven about the transfers."""

    returns: pd.DataFrame
    transfers: pd.DataFrame
    optimisation: Optimisation
