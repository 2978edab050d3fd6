"""Decide when a supplier's truck goes: its review cycle, its calendar, and whether tonight's is worth its fixed cost.

Parts of one supplier share the truck to a warehouse and its fixed cost K. A family of parts with carrying cost c(p)
[CNY/unit/day] and demand d(p) [units/day] is best shipped every R = sqrt(2 K / sum c(p) d(p)) days (the joint
replenishment problem; Jackson, Maxwell and Muckstadt 1985; can-order systems, Silver 1974). Tonight's truck goes when
one more night of waiting costs more than the K / R that a night without a truck saves: one-step look-ahead.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.frames import Situation
from vmi.placement.economics import carrying_cost
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import TRUCK_COLUMNS, Array, Mask, PlacementProblem, Whole
from vmi.placement.values import shortfall
from vmi.workdays import WorkDays

DAY = np.timedelta64(1, "D")


def review_days(
    parts: pd.DataFrame, supply: pd.DataFrame, warehouses: pd.Index, rate: Array, parameters: PlacementParameters
) -> pd.Series:
    """Return the review cycle R [days] of each row of ``supply``, index (supplier_id, warehouse_id).

    ``rate`` [units/day] has shape (parts, warehouses): demand that the warehouse covers first.
    """
    money = carrying_cost(parts, parameters)[:, None] * rate
    family = pd.DataFrame(money, index=parts["supplier_id"].to_numpy(), columns=warehouses).groupby(level=0).sum()
    fixed = supply.set_index(["supplier_id", "warehouse_id"])["cost_per_shipment"].astype(np.float64).sort_index()
    row, column = (
        axis.get_indexer(fixed.index.get_level_values(k)) for k, axis in enumerate((family.index, warehouses))
    )
    worth = np.where((row >= 0) & (column >= 0), family.to_numpy()[row, column], 0.0) if len(family) else 0.0 * fixed
    longest = float(parameters.max_review_days)
    cycle = np.sqrt(2.0 * fixed.to_numpy() / np.where(worth > 0, worth, np.inf))
    cycle = np.where(worth > 0, cycle, longest)
    cycle = np.where(fixed > 0, np.clip(np.round(cycle), 1.0, longest), 1.0)
    return pd.Series(cycle, index=fixed.index, name="review_days")


def truck_calendar(situation: Situation, workdays: WorkDays, warehouses: pd.Index, review: pd.Series) -> pd.DataFrame:
    """Return the trucks of tonight, every supplier x warehouse, columns ``TRUCK_COLUMNS``; NaN where none goes."""
    supply = situation.supply.set_index(["supplier_id", "warehouse_id"]).sort_index()
    found = supply[["lead_time_days", "lead_time_sd_days", "cost_per_shipment", "cost_per_kg"]].astype(np.float64)
    found["review_days"] = review
    supplier, warehouse = (found.index.get_level_values(k).to_numpy(dtype=object) for k in (0, 1))
    tonight = np.full(len(found), (situation.as_of + pd.Timedelta(days=1)).to_datetime64())
    lead = found["lead_time_days"].to_numpy()
    due = workdays.arrival_day(supplier, warehouse, tonight, lead)
    tomorrow = workdays.arrival_day(supplier, warehouse, tonight + DAY, lead)
    reviewed = tonight + found["review_days"].to_numpy().astype("timedelta64[D]")
    following = workdays.arrival_day(supplier, warehouse, reviewed, lead)
    window = situation.suppliers.set_index("supplier_id")["return_window_days"].astype(np.float64)
    found["ship_on"] = workdays.ship_day(supplier, tonight)
    found["due_on"] = due
    for name, day in (("due_day", due), ("tomorrow_due_day", tomorrow), ("next_due_day", following)):
        found[name] = ((day - situation.as_of.to_datetime64()) / DAY).astype(np.float64)
    found["return_day"] = found["due_day"] + window.reindex(supplier).to_numpy()
    suppliers = np.sort(situation.suppliers["supplier_id"].to_numpy(dtype=object))
    every = pd.MultiIndex.from_product([pd.Index(suppliers), warehouses], names=["supplier_id", "warehouse_id"])
    return found.reindex(every)[TRUCK_COLUMNS.split()]


@dataclass(frozen=True)
class Orders:
    """What would go tonight if every truck did; one row per part and hub with something to order.

    ``position`` of the pool the hub serves; ``must``: a customer waits, or a planner has decided; ``mean``, ``var``
    (rows, 2): demand of the pool until tonight's order arrives and until tomorrow's would; ``penalty`` [CNY a unit
    that waits a day].
    """

    part: Whole
    hub: Whole
    qty: Whole
    position: Whole
    must: Mask
    mean: Array
    var: Array
    penalty: Array


@dataclass(frozen=True)
class Trips:
    """Which trucks go.

    ``closed`` (parts, warehouses): the part's truck to that warehouse does not go tonight. ``table``: index
    (supplier_id, warehouse_id) with something to ship; waiting_cost [CNY a night], threshold (K / R), must, goes.
    """

    closed: Mask
    table: pd.DataFrame


def decide_trips(problem: PlacementProblem, orders: Orders, patience: float) -> Trips:
    """Return which of tonight's trucks go: waiting costs ``patience`` times what a night without them saves."""
    rows = pd.DataFrame(
        {
            "supplier_id": problem.parts["supplier_id"].to_numpy(dtype=object)[orders.part],
            "warehouse_id": problem.warehouse_ids[orders.hub],
            "waiting_cost": _one_night(problem, orders),
            "must": orders.must,
            "lines": 1,
        }
    )
    table = rows.groupby(["supplier_id", "warehouse_id"]).agg(
        waiting_cost=("waiting_cost", "sum"), must=("must", "any"), lines=("lines", "sum")
    )
    truck = problem.trucks.reindex(table.index)
    table["fixed_cost"] = truck["cost_per_shipment"]
    table["threshold"] = (truck["cost_per_shipment"] / truck["review_days"]).round(6)
    table["waiting_cost"] = table["waiting_cost"].round(6)
    table["goes"] = table["must"] | (table["waiting_cost"] >= patience * table["threshold"])
    goes = table["goes"].reindex(problem.trucks.index, fill_value=False).unstack()
    by_part = goes.reindex(columns=problem.warehouse_ids).reindex(problem.parts["supplier_id"])
    return Trips(~by_part.to_numpy(dtype=bool), table)


def _one_night(problem: PlacementProblem, orders: Orders) -> Array:
    """Return the penalty expected of one more night without each order [CNY].

    Units that tonight's truck would bring and customers wait for between its arrival and that of tomorrow's: by the
    trapezoid of the shortages at both, which a closure may move weeks apart.
    """
    part, hub = orders.part, orders.hub
    days = problem.truck("tomorrow_due_day")[part, hub] - problem.truck("due_day")[part, hub]
    short = np.zeros(len(part))
    for window in (0, 1):
        mean, var = orders.mean[:, window].copy(), orders.var[:, window].copy()
        without = shortfall(mean, var, orders.position)
        short += 0.5 * (without - shortfall(mean, var, orders.position + orders.qty))
    return np.asarray(short * days * orders.penalty)
