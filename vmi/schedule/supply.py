"""Peg what stock on hand does not serve to what is on its way, first come first served."""

import numpy as np
import pandas as pd

from vmi.schedule.assignment import LANE_FIGURES
from vmi.schedule.grouping import in_order
from vmi.schedule.menu import allowed_services
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.problem import Assignment, DispatchProblem
from vmi.schedule.travel import Moments, first_waves, slow_arrivals, time_lanes

KINDS = {"inbound": "inbound", "pipeline": "inbound", "firm": "supplier"}
"""Kind of supply and the source a delivery from it shows."""
PEGS = ["line", "source", "kind", "warehouse_id", "part_id", "qty", "overdue", "received", *LANE_FIGURES]


def peg(
    problem: DispatchProblem, assignment: Assignment, supply: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Give supply on its way to the lines still waiting: critical ones first, then the oldest, each its earliest ETA.

    Parameters
    ----------
    supply
        Columns part_id, warehouse_id, qty, eta_on (day of receipt), kind (``inbound``; ``pipeline``: published lines
        not yet shipped; ``firm``: tonight's); optional eta_p90_on. What arrives on a day ships from the next day on;
        what is overdue is expected on the first day that may ship and marked.

    Returns
    -------
    Columns ``PEGS``, naive local moments, sorted by line.
    """
    chances = _chances(problem, assignment, supply, parameters)
    found = _first_come(chances, assignment.lines)
    found = _respect_picks(problem, assignment, found, parameters)
    return in_order(found, "line", "eta", "warehouse_id", "part_id", "kind")[PEGS]


def _chances(
    problem: DispatchProblem, assignment: Assignment, supply: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Return waiting line × supply that fits × lane, with times, in the order in which they are considered."""
    waiting = assignment.lines[assignment.lines["left"] > 0]
    asked = waiting[["city", "part_id", "service", "promise_by", "criticality", "ordered_local"]]
    asked = asked.rename(columns={"part_id": "ordered_part_id", "service": "asked"})
    asked = asked.assign(line=waiting.index)
    chains = problem.substitutes_for(asked["ordered_part_id"])[["ordered_part_id", "part_id"]]
    ready = _ready(problem, supply[supply["part_id"].isin(chains["part_id"])], parameters)
    lanes = problem.lanes_with_delays(parameters)
    lanes = lanes[lanes["city"].isin(asked["city"])]
    table = (
        asked.merge(chains, on="ordered_part_id").merge(ready, on="part_id").merge(lanes, on=["warehouse_id", "city"])
    )
    table = table.rename(columns={"cost_per_shipment": "fixed_cost"}).assign(pushed=False)
    timed = time_lanes(
        table, table["ready"].to_numpy(dtype="datetime64[ns]"), problem.workdays, problem.weather, parameters.waves
    )
    timed["eta_p90"] = _slow_arrival(problem, timed, parameters)
    timed = timed[allowed_services(timed)]
    # Lines are numbered by order_id and line_no.
    order = ("criticality", "ordered_local", "line", "eta", "kind_rank", "fixed_cost", "supply", "service")
    return in_order(timed, *order)


def _ready(problem: DispatchProblem, supply: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the supply sorted, with the moment from which it can ship, as expected and at P90."""
    table = in_order(supply, "part_id", "warehouse_id", "eta_on", "kind", "qty")
    table["kind_rank"] = table["kind"].map({kind: rank for rank, kind in enumerate(KINDS)})
    table["source"] = table["kind"].map(KINDS)
    table["supply"] = table.index
    due = pd.to_datetime(table["eta_on"])
    start = pd.Timestamp(problem.start)
    table["overdue"] = due < start.normalize()
    expected = due.where(~table["overdue"], start.normalize())
    slip = pd.Timedelta(days=parameters.inbound_slip_days)
    slow = pd.to_datetime(table["eta_p90_on"]) if "eta_p90_on" in table else due + slip
    day = pd.Timedelta(days=1)
    table["received"] = expected
    table["ready"] = expected + day
    table["ready_p90"] = pd.concat([slow.fillna(due + slip), expected + slip.floor("D")], axis=1).max(axis=1) + day
    return table.drop(columns=[c for c in ("eta_p90_on", "eta_on") if c in table])


def _slow_arrival(problem: DispatchProblem, timed: pd.DataFrame, parameters: ScheduleParameters) -> Moments:
    """Return the P90 of the arrival where the receipt itself is at its P90."""
    cut_off = timed["cut_off_minute"].to_numpy(dtype=np.int64)
    ready = timed["ready_p90"].to_numpy(dtype="datetime64[ns]")
    warehouse = timed["warehouse_id"].to_numpy(dtype=object)
    ship = first_waves(ready, warehouse, cut_off, problem.workdays, parameters.waves)
    late = slow_arrivals(timed.assign(ship_at=ship), problem.workdays, problem.weather)
    return np.maximum(late, timed["eta_p90"].to_numpy())


def _first_come(chances: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Return the chances taken, in order, until the line or the supply is used up."""
    wanted = lines["left"].to_numpy(dtype=np.int64).copy()
    left = dict(zip(chances["supply"], chances["qty"].astype(np.int64), strict=True))
    given = np.zeros(len(chances), dtype=np.int64)
    pairs = zip(chances["line"].to_numpy(dtype=np.int64), chances["supply"].to_numpy(dtype=np.int64), strict=True)
    for row, (line, supply) in enumerate(pairs):
        given[row] = min(wanted[line], left[supply])
        wanted[line] -= given[row]
        left[supply] -= given[row]
    return chances.assign(qty=given)[given > 0]


def _respect_picks(
    problem: DispatchProblem, assignment: Assignment, pegs: pd.DataFrame, parameters: ScheduleParameters
) -> pd.DataFrame:
    """Move what exceeds a day's picks to the warehouse's next open day, day after day, least urgent first."""
    limit = problem.warehouses.set_index("warehouse_id")["outbound_lines_per_day"].astype(float).dropna()
    limit = limit[limit > 0]
    table = pegs.reset_index(drop=True)
    table["place"] = table.index
    done = assignment.picks.assign(day=assignment.picks["ship_at"].dt.normalize())
    used = done.groupby(["warehouse_id", "day"])["line"].nunique()
    while True:
        table["day"] = table["ship_at"].dt.normalize()
        table = table.sort_values(["warehouse_id", "day", "pushed", "place"], ascending=[True, True, False, True])
        room = table["warehouse_id"].map(limit).fillna(np.inf).to_numpy(dtype=np.float64)
        taken = used.reindex(pd.MultiIndex.from_frame(table[["warehouse_id", "day"]])).fillna(0).to_numpy()
        over = (table.groupby(["warehouse_id", "day"]).cumcount() + 1).to_numpy() > room - taken
        if not over.any():
            return table
        moved = table[over]
        ready = (moved["day"] + pd.Timedelta(days=1)).to_numpy(dtype="datetime64[ns]")
        late = time_lanes(moved, ready, problem.workdays, problem.weather, parameters.waves)
        late["eta_p90"] = np.maximum(late["eta_p90"], moved["eta_p90"].to_numpy())
        table = pd.concat([table[~over], late.assign(pushed=True)], ignore_index=True)
