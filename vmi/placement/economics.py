"""Turn parameters and files into what a unit costs and earns: the coefficients of the placement model."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, PlacementProblem, Whole
from vmi.placement.values import SHELF_POINTS, WINDOWS

DAYS_PER_YEAR = 365.0
NO_TRUCK_DAYS = 14.0
"""Delay that is reckoned with where no supplier delivers at all: nothing can be ordered, waiting is still priced."""


class Economics(NamedTuple):
    """Coefficients by part i and warehouse w, as compiled code reads them.

    ``place`` (parts, warehouses, WINDOWS): where each window ends on the demand's day axis; ``lead_var`` [days^2]:
    spread of the lead time; ``protect_days``; ``price`` (parts, warehouses, 5): see ``values.position_cost``;
    ``freight`` [CNY/unit]: bringing a unit in; ``penalty_line`` [CNY/line/day]; ``line_qty`` [units/line];
    ``same_day``: share of units ordered for the same day; ``same_day_miss`` [CNY/line]: what missing the day costs a
    line of the part on average; ``weight`` [kg].
    """

    place: Whole
    lead_var: Array
    protect_days: Array
    price: Array
    freight: Array
    penalty_line: Array
    line_qty: Array
    same_day: Array
    same_day_miss: Array
    weight: Array


def carrying_cost(parts: pd.DataFrame, parameters: PlacementParameters) -> Array:
    """Return what a unit on the shelf costs [CNY/day]: capital and room."""
    capital = parameters.carrying_rate / DAYS_PER_YEAR * parts["unit_cost"].to_numpy(dtype=np.float64)
    return np.asarray(capital + parameters.storage_cost * parts["volume_m3"].to_numpy(dtype=np.float64))


def return_cost(parts: pd.DataFrame, parameters: PlacementParameters) -> Array:
    """Return what a unit that goes back unsold costs [CNY]: loss of value, freight and handling."""
    loss = parameters.return_cost_rate * parts["unit_cost"].to_numpy(dtype=np.float64)
    freight = parameters.return_cost_per_kg * parts["weight_kg"].to_numpy(dtype=np.float64)
    return np.asarray(loss + freight + parameters.return_handling)


def economics(problem: PlacementProblem, parameters: PlacementParameters) -> Economics:
    """Return the coefficients of tonight's model.

    The penalty of a waiting order line is shared by its units: a line of 280 screws leaves one vehicle standing. A unit
    short also costs the same-day lines their day, as far as the warehouse reaches them on it.
    """
    parts = problem.parts
    line = np.array([parameters.penalty_per_day(str(c)) for c in parts["criticality"]], dtype=np.float64)
    line_qty = parts["mean_line_qty"].to_numpy(dtype=np.float64)
    lead = _filled(problem.truck("lead_time_days"), NO_TRUCK_DAYS)
    due, back = _filled(problem.truck("due_day"), NO_TRUCK_DAYS), _filled(problem.truck("return_day"), NO_TRUCK_DAYS)
    following = _filled(problem.truck("next_due_day"), NO_TRUCK_DAYS)
    kg = parts["weight_kg"].to_numpy(dtype=np.float64)
    same_day = parts["same_day_share"].to_numpy(dtype=np.float64)
    miss = same_day * parameters.penalty_same_day
    missed = (miss / line_qty)[:, None] * problem.arcs.same_day_own[None, :]
    per_kg = _filled(problem.truck("cost_per_kg"), 0.0)
    price = np.stack(
        [
            (line / line_qty)[:, None] * np.minimum(lead, parameters.delay_cap_days) + missed,
            np.broadcast_to((line / line_qty * parameters.backorder_days)[:, None], lead.shape),
            np.broadcast_to(carrying_cost(parts, parameters)[:, None], lead.shape),
            np.broadcast_to(return_cost(parts, parameters)[:, None], lead.shape),
            back - due,
        ],
        axis=2,
    )
    return Economics(
        place=_windows(problem, due, back, following),
        lead_var=_filled(problem.truck("lead_time_sd_days"), 0.0) ** 2,
        protect_days=following,
        price=price.round(6),
        freight=(per_kg * kg[:, None]).round(6),
        penalty_line=line,
        line_qty=line_qty,
        same_day=same_day,
        same_day_miss=miss,
        weight=kg,
    )


def _windows(problem: PlacementProblem, due: Array, back: Array, following: Array) -> Whole:
    last = float(problem.demand.days[-1])
    found = np.empty((*due.shape, WINDOWS), dtype=np.int64)
    days = [following, *(np.rint(due + share * (back - due)) for share in SHELF_POINTS)]
    for g, day in enumerate(days):
        found[:, :, g] = np.searchsorted(problem.demand.days, np.minimum(day, last))
    return np.minimum(found, len(problem.demand.days) - 1)


def _filled(values: Array, default: float) -> Array:
    """Return values by part and warehouse; where no truck goes, the largest of the part's supplier, else of all."""
    known = np.where(np.isfinite(values), values, -np.inf)
    largest = known.max(axis=1, initial=-np.inf, keepdims=True)
    overall = float(known.max(initial=-np.inf))
    fallback = np.where(np.isfinite(largest), largest, overall if np.isfinite(overall) else default)
    return np.asarray(np.where(np.isfinite(values), values, fallback), dtype=np.float64)
