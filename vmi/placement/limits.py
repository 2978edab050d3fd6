"""Say how much of each part may and must be ordered for each warehouse tonight: constraint (4) of the model."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, Mask, PlacementProblem, Whole

UNLIMITED = 2**40


class Limits(NamedTuple):
    """Bounds on tonight's quantities.

    ``open`` (parts, warehouses): may be hub. ``low``, ``high`` (parts, warehouses) [units]; ``step``, ``first``
    (parts,): quantities are 0 or ``first``, ``first`` + ``step``, ...; ``available`` (parts,).
    """

    open: Mask
    low: Whole
    high: Whole
    step: Whole
    first: Whole
    available: Whole


def order_limits(problem: PlacementProblem, parameters: PlacementParameters) -> Limits:
    """Return the bounds that units, trucks and overrides set.

    ``do_not_stock`` closes a warehouse and goes before other overrides; ``order`` fixes the quantity, ``min`` and
    ``max`` bound the warehouse's own position. What a planner forces is cut where supply or space does not allow it.
    """
    parts = problem.parts
    pack = parts["pack_qty"].to_numpy(dtype=np.int64)
    step = pack * _coarseness(problem, pack, parameters)
    first = _whole(np.maximum(parts["min_order_qty"].to_numpy(dtype=np.int64), 1), step)
    delivers = np.isfinite(problem.truck("lead_time_days"))
    is_open = delivers & np.isnan(problem.override("do_not_stock"))
    available = np.minimum(parts["available_qty"].to_numpy(dtype=np.float64), UNLIMITED).astype(np.int64)
    position = problem.positions.position
    highest = np.where(np.isnan(problem.override("max")), UNLIMITED, problem.override("max") - position)
    high = np.minimum(np.maximum(highest, 0).astype(np.int64), available[:, None])
    wanted = np.nan_to_num(problem.override("min") - position, nan=0.0)
    exact = problem.override("order")
    wanted = np.where(np.isnan(exact), wanted, exact)
    low = np.where(wanted > 0, np.maximum(_whole(wanted.astype(np.int64), step[:, None]), first[:, None]), 0)
    high = np.where(np.isnan(exact), np.maximum(high, low), low)
    low, high = np.where(is_open, low, 0), np.where(is_open, high, 0)
    fits = _forced_that_fits(problem, low, available, parameters)
    return Limits(is_open, np.where(fits, low, 0), np.where(fits, high, 0), step, first, available)


def _whole(units: Whole, step: Whole) -> Whole:
    """Return units rounded up to whole steps."""
    return np.asarray(-(-units // step) * step, dtype=np.int64)


def _coarseness(problem: PlacementProblem, pack: Whole, parameters: PlacementParameters) -> Whole:
    """Return how many packs a step has, so that no pool weighs many more than ``options_limit`` quantities."""
    longest = np.nanmax(problem.truck("next_due_day"), axis=1, initial=1.0)
    row, place = (
        np.arange(len(pack)),
        np.minimum(np.searchsorted(problem.demand.days, longest), len(problem.demand.days) - 1),
    )
    mean, var = (moment[row, :, place].sum(axis=1) for moment in (problem.demand.mean, problem.demand.var))
    most = (mean + 4.0 * np.sqrt(var)) / pack
    return np.maximum(np.floor(most / parameters.options_limit), 1.0).astype(np.int64)


def _forced_that_fits(problem: PlacementProblem, low: Whole, available: Whole, parameters: PlacementParameters) -> Mask:
    """Return where what is forced fits supply, space and budget, taken in order of part and warehouse."""
    fits = np.ones(low.shape, dtype=bool)
    use, free = coupling_rows(problem, parameters)
    left, supply = free.copy(), available.copy()
    for i, w in zip(*np.nonzero(low), strict=True):
        need = use[i] * low[i, w]
        rows = row_numbers(len(problem.warehouses), int(w))
        fits[i, w] = low[i, w] <= supply[i] and bool((need <= left[rows] + 1e-9).all())
        if fits[i, w]:
            left[rows] -= need
            supply[i] -= low[i, w]
    return fits


def coupling_rows(problem: PlacementProblem, parameters: PlacementParameters) -> tuple[Array, Array]:
    """Return constraint (5): use per unit, shape (parts, 3), and what is free, shape (2 warehouses + 1,).

    The three are volume and hazmat volume [m3] at the hub, and budget [CNY]; a hazardous part takes both volumes.
    """
    volume = problem.parts["volume_m3"].to_numpy(dtype=np.float64)
    hazmat = np.where(problem.parts["hazmat"].to_numpy(dtype=bool), volume, 0.0)
    cost = problem.parts["unit_cost"].to_numpy(dtype=np.float64)
    budget = parameters.budget if parameters.budget > 0 else np.inf
    free = [problem.warehouses["free_m3"], problem.warehouses["free_hazmat_m3"], pd.Series([budget])]
    return np.column_stack([volume, hazmat, cost]), np.concatenate([f.to_numpy(dtype=np.float64) for f in free])


def row_numbers(warehouses: int, hub: int) -> list[int]:
    """Return the coupling rows that an order for ``hub`` uses: its volume, its hazmat volume, the budget."""
    return [hub, warehouses + hub, 2 * warehouses]
