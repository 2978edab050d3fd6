"""List where each lot could go: lane, days, freight, and what the k-th unit that arrives there would earn."""

import numpy as np
import pandas as pd

from vmi.returns.chances import at_least, moments, pair_rows
from vmi.returns.lots import overridden, owed, sells_here
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array, Flags, ReturnsProblem, Whole

EMPTY = 1e-9
PLANNED = ("min", "max", "order")
"""Overrides that fix what a warehouse has or gets of a part."""
_LANE = ["warehouse_id", "to_warehouse", "transit_hours", "cost_per_shipment", "cost_per_kg"]


def list_routes(problem: ReturnsProblem) -> pd.DataFrame:
    """Return the warehouse pairs that a standard lane joins, sorted: freight, ship_on, eta_on, transit_days.

    Columns warehouse_id, to_warehouse, cost_per_shipment, cost_per_kg, ship_on, eta_on, transit_days: days from
    ``as_of`` to the arrival.
    """
    targets = problem.warehouses[["warehouse_id", "city"]].rename(columns={"warehouse_id": "to_warehouse"})
    standard = problem.lanes[problem.lanes["service"] == "standard"]
    routes = standard.merge(targets, on="city")
    routes = routes[routes["warehouse_id"] != routes["to_warehouse"]][_LANE]
    routes = routes.sort_values(_LANE).drop_duplicates(["warehouse_id", "to_warehouse"], ignore_index=True)
    routes["ship_on"] = leaving_days(problem, routes["warehouse_id"])
    transit = pd.to_timedelta(np.ceil(routes["transit_hours"].astype(np.float64) / 24.0), unit="D")
    arrival = (routes["ship_on"] + transit).to_numpy(dtype="datetime64[ns]")
    routes["eta_on"] = problem.workdays.next_open("warehouse", routes["to_warehouse"].to_numpy(dtype=object), arrival)
    routes["transit_days"] = (routes["eta_on"] - problem.as_of.normalize()).dt.days.astype("int64")
    return routes


def leaving_days(problem: ReturnsProblem, warehouses: pd.Series) -> pd.Series:
    """Return the first day after ``as_of`` on which both the warehouse and the carrier work."""
    owners = warehouses.to_numpy(dtype=object)
    tomorrow = (problem.as_of.normalize() + pd.Timedelta(days=1)).to_datetime64()
    day = np.full(len(owners), tomorrow, dtype="datetime64[ns]")
    while len(day):
        opened = problem.workdays.next_open("carrier", "", problem.workdays.next_open("warehouse", owners, day))
        if (opened == day).all():
            break
        day = opened
    return pd.Series(day, index=warehouses.index, dtype="datetime64[ns]")


def list_options(
    problem: ReturnsProblem, parameters: ReturnParameters, lots: pd.DataFrame, routes: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per lot to be tested × route, sorted by (lot, to_warehouse).

    Lots are tested when their window ends within ``look_ahead_days`` or when they leave tonight. Columns: lot (row of
    ``lots``), the route's and the lot's, ``mean``, ``var`` of the demand there from arrival to the end of the window,
    ``before`` (units there that sell first, less open units that take first), ``earning`` [CNY per unit sold there],
    ``stay_*`` the same here, ``freight`` [CNY/unit], ``first_gain`` [CNY] of moving one unit on a shipment of its own,
    and ``movable``: whether it may go there at all.
    """
    soon = lots["days_left"] <= parameters.look_ahead_days
    tested = lots[(soon | (lots["trigger"] != "")) & ~lots["moved"]]
    stay = sells_here(problem, tested).add_prefix("stay_")
    options = tested.join(stay).rename_axis("lot").reset_index().merge(routes, on="warehouse_id")
    options = options.sort_values(["lot", "to_warehouse"], ignore_index=True)
    left = options["days_left"].fillna(0).to_numpy(dtype=np.int64)
    days = options["transit_days"].to_numpy(dtype=np.int64)
    rows = pair_rows(problem, options["serves"], options["to_warehouse"])
    options["mean"], options["var"] = moments(problem, rows, days, np.maximum(left, days))
    options["in_time"] = left > days
    there = _units_there(lots, options)
    options["before"] = there - owed(problem, options["part_id"], options["to_warehouse"])
    options["stay_before"] = options["last"] - options["owed"]
    options["earning"] = _earning(options, np.maximum(left - days, 0))
    options["stay_earning"] = _earning(options, np.maximum(left, 0))
    options["freight"] = (options["kg"] * options["cost_per_kg"]).round(6)
    options["first_gain"] = _first_gain(options)
    options["movable"] = _movable(problem, parameters, options, left - days)
    return options


def chance_there(options: pd.DataFrame, place: Array) -> Array:
    """Return, row by row, the chance that the ``place``-th unit that arrives tonight sells before its window ends."""
    sold = at_least(options["before"].to_numpy() + place, options["mean"], options["var"])
    return np.where(options["in_time"], sold, 0.0)


def chance_here(options: pd.DataFrame, back: Array) -> Array:
    """Return the chance that a lot's ``back``-th unit from the end of its queue sells here before its window ends."""
    sold = at_least(options["stay_before"].to_numpy() - back + 1.0, options["stay_mean"], options["stay_var"])
    return np.where(options["days_left"] > 0, sold, 0.0)


def _units_there(lots: pd.DataFrame, options: pd.DataFrame) -> Array:
    """Return what stays at the target and serves the same demand: all of it is taken to sell first."""
    staying = lots[lots["trigger"] == ""].groupby(["warehouse_id", "serves"])["qty"].sum()
    keys = pd.MultiIndex.from_arrays([options["to_warehouse"].to_numpy(dtype=object), options["serves"].to_numpy()])
    return staying.reindex(keys).fillna(0).to_numpy(dtype=np.float64)


def _earning(options: pd.DataFrame, days: Whole) -> pd.Series:
    """Return what a sold unit is worth: no return to pay, and no new unit to carry for half of the days left."""
    return (options["return_cost"] + options["carrying_day"] * days / 2.0).round(6)


def _first_gain(options: pd.DataFrame) -> pd.Series:
    one = np.ones(len(options))
    there = chance_there(options, one) * options["earning"]
    here = chance_here(options, one) * options["stay_earning"]
    return (there - here - options["freight"] - options["cost_per_shipment"]).round(6)


def _movable(problem: ReturnsProblem, parameters: ReturnParameters, options: pd.DataFrame, left: Whole) -> Flags:
    """Return whether the lot may go there; where a planner has set a part's stock or order, nothing moves."""
    decided = overridden(problem, PLANNED, options["final"], options["warehouse_id"])
    decided |= overridden(problem, (*PLANNED, "do_not_stock"), options["final"], options["to_warehouse"])
    allowed = (options["trigger"] == "") & ~options["held"] & (left >= parameters.min_days_left)
    return np.asarray(allowed & ~decided, dtype=bool)
