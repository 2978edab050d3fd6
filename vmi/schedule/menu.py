"""List what each open line may choose from: a warehouse with stock that fits, a service, a wave.

The menu is four frames. ``lines``: open lines with promise and cost of staying unserved. ``options``: line × warehouse
× service × ship day, with arrival, the shipment it would join and its cost per unit. ``takes``: option × stock, the
parts an option may be served with. ``stocks``: part × warehouse, units on hand.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.schedule.grouping import Numbers, Whole, any_in, distinct, in_order, least_in, numbered
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.problem import DispatchProblem
from vmi.schedule.promises import promise_by
from vmi.schedule.travel import open_days, time_lanes

SHIPMENT = ["warehouse_id", "centre_id", "ship_at", "service"]


@dataclass(frozen=True)
class Menu:
    """Lines and what they may choose from; indices of the frames are 0, 1, … and refer to each other.

    Parameters
    ----------
    lines
        The order's columns with city, criticality, weight_kg, promise_by, unserved_cost [CNY].
    options
        line, warehouse_id, service, lane figures, times, shipment (number), fixed_cost [CNY per shipment],
        unit_cost [CNY/unit]: freight by weight and lateness, whole (this warehouse has enough), pick_day, day (number
        of the warehouse's picking day, −1 where picks are not limited).
    takes
        option, stock, rank (0: oldest part of the chain), unit_cost [CNY/unit]: value of the stock and rank; sorted by
        option, rank and part.
    stocks
        warehouse_id, part_id, on_hand [units].
    pick_limits
        Index day, lines that may still leave on it.
    """

    lines: pd.DataFrame
    options: pd.DataFrame
    takes: pd.DataFrame
    stocks: pd.DataFrame
    pick_limits: pd.Series


def build_menu(problem: DispatchProblem, parameters: ScheduleParameters) -> Menu:
    """Return every feasible choice of every open line."""
    lines = describe_lines(problem, parameters)
    chains = problem.substitutes_for(lines["part_id"])
    stocks = _on_hand(problem.stock, chains)
    reach = _reach(lines, chains, stocks)
    options = _options(problem, lines, reach, parameters)
    options = _pushed_by_picks(problem, options, parameters)
    options["unit_cost"] = _unit_costs(options, lines, parameters)
    options["shipment"] = numbered(*(options[column] for column in SHIPMENT))
    options["day"], pick_limits = _picking_days(problem.warehouses, options)
    takes = _takes(problem, options, reach, parameters)
    lines["reached"] = lines.index.isin(options["line"])
    lines["unserved_cost"] = _unserved_costs(lines, options, takes, parameters)
    return Menu(lines, options, takes, stocks, pick_limits)


def describe_lines(problem: DispatchProblem, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the open lines sorted by (order_id, line_no), with city, criticality, weight and promise."""
    lines = in_order(problem.open_orders, "order_id", "line_no")
    parts = problem.parts.set_index("part_id")[["criticality", "weight_kg"]]
    lines["city"] = lines["centre_id"].map(problem.centres.set_index("centre_id")["city"]).fillna("").astype(object)
    lines["criticality"] = lines["part_id"].map(parts["criticality"]).fillna("B")
    lines["weight_kg"] = lines["part_id"].map(parts["weight_kg"]).fillna(0.0).astype(float)
    lines["ordered_local"] = problem.local(lines["ordered_at"])
    lines["promise_by"] = promise_by(problem, lines, lines["city"], parameters)
    waited = pd.Timestamp(problem.start) - lines["ordered_local"]
    lines["waited_hours"] = waited.dt.total_seconds().clip(lower=0) / 3600
    return lines


def _on_hand(stock: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Return warehouse_id, part_id, on_hand, stock (number) of the parts that may be picked, sorted."""
    asked = stock[stock["part_id"].isin(chains["part_id"])]
    usable = asked[(asked["status"] == "available") & (asked["qty"] > 0)]
    number = numbered(usable["warehouse_id"], usable["part_id"])
    found, first = np.unique(number, return_index=True)
    stocks = usable[["warehouse_id", "part_id"]].take(first).reset_index(drop=True)
    on_hand = np.bincount(number, usable["qty"], minlength=len(found)).astype(np.int64)
    return stocks.assign(on_hand=on_hand, stock=found)


def _reach(lines: pd.DataFrame, chains: pd.DataFrame, stocks: pd.DataFrame) -> pd.DataFrame:
    """Return line × stock that fits, sorted by line, warehouse, rank and part.

    Columns line, stock, warehouse_id, part_id, on_hand, rank, pair (number of line × warehouse), whole.
    """
    asked = lines[["part_id", "qty"]].rename(columns={"part_id": "ordered_part_id"}).assign(line=lines.index)
    reach = asked.merge(chains, on="ordered_part_id").merge(stocks, on="part_id")
    pair = numbered(reach["line"], reach["warehouse_id"])
    # Within a warehouse stocks are numbered by part.
    order = np.lexsort((reach["stock"], reach["rank"], pair))
    reach, pair = reach.take(order).reset_index(drop=True), pair[order]
    rank = reach["rank"].to_numpy() - least_in(reach["line"].to_numpy(), reach["rank"].to_numpy())
    held = np.bincount(pair, weights=reach["on_hand"])[pair]
    return reach.assign(rank=rank.astype(np.int64), pair=pair, whole=held >= reach["qty"].to_numpy())


def _options(
    problem: DispatchProblem, lines: pd.DataFrame, reach: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Return line × warehouse × service on the first day it can ship, sorted; columns pair, lane figures, times."""
    pairs = reach.loc[~reach["pair"].duplicated(), ["line", "pair", "warehouse_id", "whole"]]
    asked = lines[["city", "centre_id", "service", "promise_by"]].rename(columns={"service": "asked"})
    # The lanes are sorted, and a merge keeps the order of both sides.
    options = pairs.join(asked, on="line").merge(problem.lanes_with_delays(parameters), on=["warehouse_id", "city"])
    ready = np.full(len(options), problem.start)
    options = time_lanes(options, ready, problem.workdays, problem.weather, parameters.waves)
    options = options[allowed_services(options)].rename(columns={"cost_per_shipment": "fixed_cost"})
    return options.assign(pushed=False).reset_index(drop=True)


def allowed_services(options: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which options the line may use.

    Standard always; same-day where the line asks for it, where the warehouse has no standard lane to the city, or
    where it keeps the promise of a standard line that no standard option keeps.
    """
    standard = (options["service"] == "standard").to_numpy(dtype=bool)
    on_time = (options["eta"] <= options["promise_by"]).to_numpy(dtype=bool)
    kept = any_in(options["line"].to_numpy(dtype=np.int64), standard & on_time)
    asked = (options["asked"] == "same_day").to_numpy(dtype=bool)
    return standard | asked | ~options["has_standard"].to_numpy(dtype=bool) | (on_time & ~kept)


def _picking_days(warehouses: pd.DataFrame, options: pd.DataFrame) -> tuple[Whole, pd.Series]:
    """Return each option's limited day (warehouse × pick_day), −1 where picks are not limited, and the days' limits."""
    limits = warehouses.set_index("warehouse_id")["outbound_lines_per_day"].astype(float)
    limit = options["warehouse_id"].map(limits).to_numpy(dtype=np.float64)
    limited = ~np.isnan(limit)
    day = np.full(len(options), -1, dtype=np.int64)
    day[limited] = numbered(options["warehouse_id"][limited], options["pick_day"][limited])
    _, first = np.unique(day[limited], return_index=True)
    return day, pd.Series(limit[limited][first])


def _pushed_by_picks(problem: DispatchProblem, options: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Offer later open days too where more lines could leave a warehouse on a day than it can pick."""
    options = options.assign(pick_day=options["ship_at"].dt.normalize())
    day, limits = _picking_days(problem.warehouses, options)
    asked = distinct(day, options["line"].to_numpy(), len(limits))
    days = np.ceil((asked / limits.where(limits > 0)).fillna(0.0).clip(upper=parameters.pick_horizon_days).to_numpy())
    # The last element is that of day −1: not limited, the first day is enough.
    need = np.append(days, 1.0)[day]
    pieces, later = [options[need > 0]], options
    for extra in range(1, parameters.pick_horizon_days):
        rows = need > extra
        later, need = later[rows], need[rows]
        if not len(later):
            break
        later = _next_day(problem, later, parameters)
        pieces.append(later)
    return pd.concat(pieces).sort_index(kind="stable", ignore_index=True)


def _next_day(problem: DispatchProblem, options: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the options as they would ship on the next open day."""
    warehouse = options["warehouse_id"].to_numpy(dtype=object)
    tomorrow = (options["pick_day"] + pd.Timedelta(days=1)).to_numpy(dtype="datetime64[ns]")
    ready = open_days(warehouse, tomorrow, problem.workdays)
    moved = time_lanes(options, ready, problem.workdays, problem.weather, parameters.waves)
    return moved.assign(pick_day=moved["ship_at"].dt.normalize(), pushed=True)


def _unit_costs(options: pd.DataFrame, lines: pd.DataFrame, parameters: ScheduleParameters) -> Numbers:
    """Return freight by weight and lateness of an option per unit of its line [CNY/unit].

    Waiting beyond ``unserved_hours`` is forgotten, and no option is later than not serving at all.
    """
    line = options["line"].to_numpy(dtype=np.int64)
    waited = lines["waited_hours"].to_numpy()
    forgotten = np.maximum(waited - parameters.unserved_hours, 0.0)
    hours = (options["eta"] - options["promise_by"]).dt.total_seconds().to_numpy() / 3600 - forgotten[line]
    hours = np.clip(hours, 0.0, (parameters.unserved_hours + waited - forgotten)[line])
    once = lines["criticality"].map(parameters.late_cost()).to_numpy(dtype=np.float64)
    once = once + parameters.late_cost_same_day * (lines["service"] == "same_day").to_numpy()
    hourly = lines["criticality"].map(parameters.late_hour_cost()).to_numpy(dtype=np.float64)
    late = np.where(hours > 0, once[line], 0.0) + hourly[line] * hours
    freight = options["cost_per_kg"].to_numpy() * lines["weight_kg"].to_numpy()[line]
    return np.round(freight + late / lines["qty"].to_numpy()[line], 6)


def _takes(
    problem: DispatchProblem, options: pd.DataFrame, reach: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Return option × stock with what a unit of that stock is worth where it lies; sorted by option, rank, part."""
    pair = reach["pair"].to_numpy()
    count, first = np.bincount(pair), np.flatnonzero(np.diff(pair, prepend=-1))
    of_option = options["pair"].to_numpy()
    option = np.repeat(np.arange(len(options)), count[of_option])
    stop = np.cumsum(count[of_option])
    row = np.arange(len(option)) + np.repeat(first[of_option] - stop + count[of_option], count[of_option])
    takes = reach.take(row).reset_index(drop=True)
    worth = np.zeros(len(takes))
    if problem.stock_value is not None:
        value = problem.stock_value.to_dict()
        final = problem.supersession.to_final(takes["part_id"])
        keys = zip(takes["part_id"], final, takes["warehouse_id"], strict=True)
        worth = np.array([value.get((p, w), value.get((f, w), 0.0)) for p, f, w in keys], dtype=np.float64)
    unit_cost = np.round(worth + parameters.old_part_first * takes["rank"].to_numpy(), 6)
    takes = takes.assign(option=option, value=np.round(worth, 6), unit_cost=unit_cost)
    return takes[["option", "line", "stock", "part_id", "rank", "on_hand", "value", "unit_cost"]]


def _unserved_costs(
    lines: pd.DataFrame, options: pd.DataFrame, takes: pd.DataFrame, parameters: ScheduleParameters
) -> Numbers:
    """Return what it costs to leave a line unserved [CNY].

    Its hourly cost times ``unserved_hours`` plus twice the hours it has waited: twice, so that of two lines that want
    the same unit the older goes first even where it is late already. Hours waited count up to ``unserved_hours``.
    Raised for all lines alike until no freight or stock value outweighs serving: shortage has a price, and a line in
    reach of stock is served.
    """
    waited = lines["waited_hours"].clip(upper=parameters.unserved_hours).to_numpy()
    hourly = lines["criticality"].map(parameters.late_hour_cost()).to_numpy(dtype=np.float64)
    base = hourly * (parameters.unserved_hours + 2 * waited)
    base = base + parameters.late_cost_same_day * (lines["service"] == "same_day").to_numpy()
    base = base + lines["criticality"].map(parameters.late_cost()).to_numpy(dtype=np.float64)
    dearest = np.zeros(len(options))
    np.maximum.at(dearest, takes["option"].to_numpy(), takes["unit_cost"].to_numpy())
    line = options["line"].to_numpy(dtype=np.int64)
    freight = options["cost_per_kg"].to_numpy() * lines["weight_kg"].to_numpy()[line]
    outlay = (dearest + freight) * lines["qty"].to_numpy()[line]
    most = float((outlay + options["fixed_cost"].to_numpy()).max()) if len(options) else 0.0
    least = min(parameters.late_hour_cost().values()) * parameters.unserved_hours
    return np.round(base * (1.0 + most / least), 6)
