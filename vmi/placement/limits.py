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
    (parts,): quantities are 0 or ``first``, ``first`` + ``step``, ...; ``available`` (parts,). ``before`` (parts,):
    the hubs of the plan before as bits, -1 where there was none; ``asked`` (parts,): regions with demand, as bits.
    """

    open: Mask
    low: Whole
    high: Whole
    step: Whole
    first: Whole
    available: Whole
    before: Whole
    asked: Whole


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
    return Limits(
        is_open, np.where(fits, low, 0), np.where(fits, high, 0), step, first, available, *_stability(problem)
    )


def _stability(problem: PlacementProblem) -> tuple[Whole, Whole]:
    """Return the hubs of the plan before and the regions with demand, as bits by part."""
    bit = 1 << np.arange(len(problem.warehouses), dtype=np.int64)
    asked = (problem.demand.mean[:, :, -1] > 0).astype(np.int64) @ bit
    before = problem.hubs_before.astype(np.int64) @ bit
    return np.where(problem.hubs_before.any(axis=1), before, -1), asked


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
    rows = coupling_rows(problem, parameters)
    left, supply = rows.free.copy(), available.copy()
    part, hub = np.nonzero(low)
    touched, unit, line = rows.touched(part, hub)
    needs = unit * low[part, hub][:, None] + line
    for i, w, at, need in zip(part, hub, touched, needs, strict=True):
        fits[i, w] = low[i, w] <= supply[i] and bool((need <= left[at] + 1e-9).all())
        if fits[i, w]:
            left[at] -= need
            supply[i] -= low[i, w]
    return fits


class Rows(NamedTuple):
    """The coupling rows (5): what orders use, and what is free.

    Volume of every hub, then hazmat volume of every hub [m3], the budget [CNY], lines into every hub, and, where they
    are limited, lines of every supplier. ``use`` (parts, 3): volume, hazmat volume, cost of a unit; ``supplier``
    (parts,): place of the part's supplier among those that are limited; ``free`` (rows,), inf where there is no limit.
    """

    use: Array
    supplier: Whole
    free: Array
    hubs: int

    @property
    def lines(self) -> int:
        """First row of the lines into the hubs."""
        return 2 * self.hubs + 1

    @property
    def suppliers(self) -> int:
        """First row of the suppliers' lines."""
        return 3 * self.hubs + 1

    def touched(self, part: Whole, hub: Whole) -> tuple[Whole, Array, Array]:
        """Return the rows that orders of parts for hubs use, and what a unit and a line use of each.

        Three arrays of shape (orders, 4), or (orders, 5) where suppliers' lines are limited.
        """
        count, limited = len(part), len(self.free) > self.suppliers
        row = [hub, self.hubs + hub, np.full(count, 2 * self.hubs), self.lines + hub]
        row += [self.suppliers + self.supplier[part]] if limited else []
        lines, none = np.ones((count, len(row) - 3)), np.zeros((count, 3))
        unit = np.concatenate([self.use[part], np.zeros_like(lines)], axis=1)
        return np.column_stack(row), unit, np.concatenate([none, lines], axis=1)

    def used(self, parts: Whole, qty: Whole) -> Array:
        """Return what plans use of each row, shape (plans, rows); ``qty`` has shape (plans, hubs)."""
        use, lines = self.use[parts], (qty > 0).astype(np.float64)
        spent = (qty.sum(axis=1) * use[:, 2])[:, None]
        found = np.concatenate([qty * use[:, :1], qty * use[:, 1:2], spent, lines], axis=1)
        limited = len(self.free) - self.suppliers
        if not limited:
            return found
        own = (self.supplier[parts][:, None] == np.arange(limited)) * lines.sum(axis=1)[:, None]
        return np.concatenate([found, own], axis=1)

    def charges(self, prices: Array) -> Array:
        """Return what the rows' prices add by part and hub: to a unit, and to a line; shape (parts, hubs, 2)."""
        n = self.hubs
        unit = np.outer(self.use[:, 0], prices[:n]) + np.outer(self.use[:, 1], prices[n : 2 * n])
        line = np.broadcast_to(prices[self.lines : self.suppliers], unit.shape)
        if len(prices) > self.suppliers:
            line = line + prices[self.suppliers + self.supplier][:, None]
        return np.ascontiguousarray(np.stack([unit + self.use[:, 2:] * prices[2 * n], line], axis=2))

    def names(self, problem: PlacementProblem) -> pd.DataFrame:
        """Return name, subject and unit of the price of every row."""
        ids = list(problem.warehouse_ids)
        limited = sorted(problem.parts["supplier_id"].unique())[: len(self.free) - self.suppliers]
        names = [("volume", ids, "CNY/m3"), ("hazmat", ids, "CNY/m3"), ("budget", ["all"], "CNY/CNY")]
        names += [("inbound lines", ids, "CNY/line"), ("supplier lines", limited, "CNY/line")]
        rows = [(name, subject, unit) for name, subjects, unit in names for subject in subjects]
        return pd.DataFrame(rows, columns=["name", "subject", "unit"])


def coupling_rows(problem: PlacementProblem, parameters: PlacementParameters) -> Rows:
    """Return constraint (5) of tonight; a hazardous part takes both volumes."""
    volume = problem.parts["volume_m3"].to_numpy(dtype=np.float64)
    hazmat = np.where(problem.parts["hazmat"].to_numpy(dtype=bool), volume, 0.0)
    cost = problem.parts["unit_cost"].to_numpy(dtype=np.float64)
    suppliers, place = np.unique(problem.parts["supplier_id"].to_numpy(dtype=str), return_inverse=True)
    limited = len(suppliers) if parameters.supplier_lines > 0 else 0
    free = [
        problem.warehouses["free_m3"].to_numpy(dtype=np.float64),
        problem.warehouses["free_hazmat_m3"].to_numpy(dtype=np.float64),
        np.array([parameters.budget if parameters.budget > 0 else np.inf]),
        np.full(len(problem.warehouses), parameters.inbound_lines if parameters.inbound_lines > 0 else np.inf),
        np.full(limited, float(parameters.supplier_lines)),
    ]
    use = np.column_stack([volume, hazmat, cost])
    return Rows(use, place.astype(np.int64), np.concatenate(free), len(problem.warehouses))
