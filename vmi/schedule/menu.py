"""List what each open line may choose from: a warehouse with stock that fits, a service, a wave.

The menu is four frames. ``lines``: open lines with promise and cost of staying unserved. ``options``: line × warehouse
× service × ship day, with arrival, the shipment it would join and its cost per unit. ``takes``: option × stock, the
parts an option may be served with. ``stocks``: part × warehouse, units on hand.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

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
        unit_cost [CNY/unit]: freight by weight and lateness, whole (this warehouse has enough), pick_day.
    takes
        option, stock, rank (0: oldest part of the chain), unit_cost [CNY/unit]: value of the stock and rank.
    stocks
        warehouse_id, part_id, on_hand [units].
    pick_limits
        Index (warehouse_id, pick_day), lines that may still leave on that day; days not listed are not limited.
    """

    lines: pd.DataFrame
    options: pd.DataFrame
    takes: pd.DataFrame
    stocks: pd.DataFrame
    pick_limits: pd.Series


def build_menu(problem: DispatchProblem, parameters: ScheduleParameters) -> Menu:
    """Return every feasible choice of every open line."""
    lines = describe_lines(problem, parameters)
    stocks = _on_hand(problem.stock)
    reach = _reach(problem, lines, stocks)
    options = _options(problem, lines, reach, parameters)
    options = _pushed_by_picks(problem, options, parameters)
    options["unit_cost"] = _unit_costs(options, lines, parameters)
    options["shipment"] = options.groupby(SHIPMENT, sort=True).ngroup()
    takes = _takes(problem, options, reach, parameters)
    lines["reached"] = lines.index.isin(options["line"])
    lines["unserved_cost"] = _unserved_costs(lines, options, takes, parameters)
    return Menu(lines, options, takes, stocks, _pick_limits(problem.warehouses, options))


def describe_lines(problem: DispatchProblem, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the open lines sorted by (order_id, line_no), with city, criticality, weight and promise."""
    lines = problem.open_orders.sort_values(["order_id", "line_no"], ignore_index=True).copy()
    parts = problem.parts.set_index("part_id")
    lines["city"] = lines["centre_id"].map(problem.centres.set_index("centre_id")["city"]).fillna("").astype(object)
    lines["criticality"] = lines["part_id"].map(parts["criticality"]).fillna("B")
    lines["weight_kg"] = lines["part_id"].map(parts["weight_kg"]).fillna(0.0).astype(float)
    lines["ordered_local"] = problem.local(lines["ordered_at"])
    lines["promise_by"] = promise_by(problem, lines, lines["city"], parameters)
    waited = pd.Timestamp(problem.start) - lines["ordered_local"]
    lines["waited_hours"] = waited.dt.total_seconds().clip(lower=0) / 3600
    return lines


def _on_hand(stock: pd.DataFrame) -> pd.DataFrame:
    usable = stock[(stock["status"] == "available") & (stock["qty"] > 0)]
    summed = usable.groupby(["warehouse_id", "part_id"], sort=True)["qty"].sum().rename("on_hand").reset_index()
    return summed.assign(stock=np.arange(len(summed)))


def _reach(problem: DispatchProblem, lines: pd.DataFrame, stocks: pd.DataFrame) -> pd.DataFrame:
    """Return line × stock that fits, columns line, stock, warehouse_id, part_id, on_hand, rank, whole."""
    asked = lines[["part_id", "qty"]].rename(columns={"part_id": "ordered_part_id"}).assign(line=lines.index)
    own = pd.DataFrame({"ordered_part_id": asked["ordered_part_id"].unique()})
    chains = problem.supersession.substitutes
    own = own[~own["ordered_part_id"].isin(chains["ordered_part_id"])]
    chains = pd.concat([chains, own.assign(part_id=own["ordered_part_id"], rank=0)], ignore_index=True)
    reach = asked.merge(chains, on="ordered_part_id").merge(stocks, on="part_id")
    reach = reach.sort_values(["line", "warehouse_id", "rank", "part_id"], ignore_index=True)
    reach["rank"] = reach["rank"] - reach.groupby("line")["rank"].transform("min")
    reach["whole"] = reach.groupby(["line", "warehouse_id"])["on_hand"].transform("sum") >= reach["qty"]
    return reach.drop(columns=["ordered_part_id", "qty"])


def _options(
    problem: DispatchProblem, lines: pd.DataFrame, reach: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    lanes = problem.lanes_with_delays(parameters)
    pairs = reach[["line", "warehouse_id", "whole"]].drop_duplicates(["line", "warehouse_id"])
    asked = lines[["city", "centre_id", "service", "promise_by"]].rename(columns={"service": "asked"})
    options = pairs.join(asked, on="line").merge(lanes, on=["warehouse_id", "city"])
    ready = np.full(len(options), problem.start)
    options = time_lanes(options, ready, problem.workdays, problem.weather, parameters.waves)
    options["pushed"] = False
    options = options[allowed_services(options)]
    return options.sort_values(["line", "warehouse_id", "service"], ignore_index=True).rename(
        columns={"cost_per_shipment": "fixed_cost"}
    )


def allowed_services(options: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which options the line may use.

    Standard always; same-day where the line asks for it, where the warehouse has no standard lane to the city, or
    where it keeps the promise of a standard line that no standard option keeps.
    """
    standard = options["service"] == "standard"
    on_time = options["eta"] <= options["promise_by"]
    kept = (standard & on_time).groupby(options["line"]).transform("any")
    has_standard = standard.groupby([options["line"], options["warehouse_id"]]).transform("any")
    rescues = on_time & ~kept
    return (standard | (options["asked"] == "same_day") | ~has_standard | rescues).to_numpy(dtype=bool)


def _pick_limits(warehouses: pd.DataFrame, options: pd.DataFrame) -> pd.Series:
    limit = warehouses.set_index("warehouse_id")["outbound_lines_per_day"].astype(float).dropna()
    days = options[["warehouse_id", "pick_day"]].drop_duplicates().sort_values(["warehouse_id", "pick_day"])
    days = days[days["warehouse_id"].isin(limit.index)]
    return pd.Series(days["warehouse_id"].map(limit).to_numpy(dtype=float), index=pd.MultiIndex.from_frame(days))


def _pushed_by_picks(problem: DispatchProblem, options: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Offer later open days too where more lines could leave a warehouse on a day than it can pick."""
    options = options.assign(pick_day=options["ship_at"].dt.normalize())
    limits = _pick_limits(problem.warehouses, options)
    asked = options.groupby(["warehouse_id", "pick_day"])["line"].nunique().reindex(limits.index)
    ratio = (asked / limits.where(limits > 0)).fillna(0.0).clip(upper=parameters.pick_horizon_days)
    days = pd.Series(np.ceil(ratio.to_numpy(dtype=np.float64)), index=limits.index)
    need = pd.MultiIndex.from_frame(options[["warehouse_id", "pick_day"]]).map(days.to_dict()).to_numpy(dtype=float)
    pieces, later = [options[~(need == 0)]], options
    for extra in range(1, parameters.pick_horizon_days):
        rows = need > extra
        later, need = later[rows], need[rows]
        if not len(later):
            break
        later = _next_day(problem, later, parameters)
        pieces.append(later)
    found = pd.concat(pieces, ignore_index=True)
    return found.sort_values(["line", "warehouse_id", "service", "ship_at"], ignore_index=True)


def _next_day(problem: DispatchProblem, options: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the options as they would ship on the next open day."""
    warehouse = options["warehouse_id"].to_numpy(dtype=object)
    tomorrow = (options["pick_day"] + pd.Timedelta(days=1)).to_numpy(dtype="datetime64[ns]")
    ready = open_days(warehouse, tomorrow, problem.workdays)
    moved = time_lanes(options, ready, problem.workdays, problem.weather, parameters.waves)
    return moved.assign(pick_day=moved["ship_at"].dt.normalize(), pushed=True)


def _unit_costs(options: pd.DataFrame, lines: pd.DataFrame, parameters: ScheduleParameters) -> npt.NDArray[np.float64]:
    """Return freight by weight and lateness of an option per unit of its line [CNY/unit].

    Waiting beyond ``unserved_hours`` is forgotten, and no option is later than not serving at all.
    """
    line = lines.loc[options["line"]].reset_index(drop=True)
    forgotten = (line["waited_hours"] - parameters.unserved_hours).clip(lower=0).to_numpy()
    hours = (options["eta"] - options["promise_by"]).dt.total_seconds().to_numpy() / 3600 - forgotten
    hours = np.clip(hours, 0.0, parameters.unserved_hours + line["waited_hours"].to_numpy() - forgotten)
    once = line["criticality"].map(parameters.late_cost())
    once += parameters.late_cost_same_day * (line["service"] == "same_day")
    late = np.where(hours > 0, once, 0.0) + line["criticality"].map(parameters.late_hour_cost()) * hours
    freight = options["cost_per_kg"].to_numpy() * line["weight_kg"]
    return (freight + late / line["qty"]).round(6).to_numpy(dtype=np.float64)


def _takes(
    problem: DispatchProblem, options: pd.DataFrame, reach: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Return option × stock with what a unit of that stock is worth where it lies."""
    chosen = options[["line", "warehouse_id"]].assign(option=options.index)
    takes = chosen.merge(reach.drop(columns="whole"), on=["line", "warehouse_id"])
    takes = takes.sort_values(["option", "rank", "part_id"], ignore_index=True)
    worth = np.zeros(len(takes))
    if problem.stock_value is not None:
        value = problem.stock_value.to_dict()
        final = problem.supersession.to_final(takes["part_id"])
        keys = zip(takes["part_id"], final, takes["warehouse_id"], strict=True)
        worth = np.array([value.get((p, w), value.get((f, w), 0.0)) for p, f, w in keys], dtype=np.float64)
    takes["value"] = np.round(worth, 6)
    takes["unit_cost"] = np.round(worth + parameters.old_part_first * takes["rank"].to_numpy(), 6)
    return takes[["option", "line", "stock", "part_id", "rank", "on_hand", "value", "unit_cost"]]


def _unserved_costs(
    lines: pd.DataFrame, options: pd.DataFrame, takes: pd.DataFrame, parameters: ScheduleParameters
) -> npt.NDArray[np.float64]:
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
    dearest = takes.groupby("option")["unit_cost"].max().reindex(options.index).fillna(0.0).to_numpy()
    line = lines.loc[options["line"]]
    outlay = (dearest + (options["cost_per_kg"].to_numpy() * line["weight_kg"].to_numpy())) * line["qty"].to_numpy()
    most = float((outlay + options["fixed_cost"].to_numpy()).max()) if len(options) else 0.0
    least = min(parameters.late_hour_cost().values()) * parameters.unserved_hours
    return np.round(base * (1.0 + most / least), 6)
