"""Price a dispatch without the solver, and hold it against every rule it must keep.

Shares no code with :mod:`vmi.schedule.model`: it reads only the problem's frames and what was decided.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.problem import Assignment, DispatchProblem


@dataclass(frozen=True)
class Evaluation:
    """What an assignment costs [CNY] and which rules it breaks (sentences; none if it is sound).

    ``unserved`` counts lines that stock could have reached; where there is none, dispatch has no choice to price.
    """

    freight: float
    lateness: float
    stock_value: float
    unserved: float
    violations: tuple[str, ...]

    @property
    def cost(self) -> float:
        """Return the sum of all costs."""
        return self.freight + self.lateness + self.stock_value + self.unserved


def evaluate(problem: DispatchProblem, assignment: Assignment, parameters: ScheduleParameters) -> Evaluation:
    """Price what was assigned and check it."""
    lines, picks = assignment.lines, assignment.picks
    described = ["order_id", "centre_id", "qty", "criticality", "weight_kg", "promise_by", "waited_hours"]
    table = picks.join(lines[[*described, "service", "part_id"]], on="line", rsuffix="_ordered")
    table = _with_lanes(problem, table)
    served = table.groupby("line")["qty"].sum().reindex(lines.index).fillna(0)
    missing = 1 - served / lines["qty"]
    return Evaluation(
        freight=_freight(table),
        lateness=_lateness(table, parameters),
        stock_value=_stock_value(problem, table, parameters),
        unserved=round(float((missing * lines["unserved_cost"])[lines["reached"]].sum()), 6),
        violations=(*_stock_given_once(problem, table), *_lines_kept(lines, served), *_lanes_kept(problem, table)),
    )


def _with_lanes(problem: DispatchProblem, table: pd.DataFrame) -> pd.DataFrame:
    """Add what the lane from the warehouse to the centre's city quotes: NaN where there is no such lane."""
    lanes = problem.lanes[["warehouse_id", "city", "service", "transit_hours", "cost_per_shipment", "cost_per_kg"]]
    quoted = lanes.rename(columns={"transit_hours": "quoted_hours", "cost_per_kg": "quoted_per_kg"})
    city = table["centre_id"].map(problem.centres.set_index("centre_id")["city"])
    return table.assign(city=city).merge(quoted, on=["warehouse_id", "city", "service"], how="left")


def _freight(table: pd.DataFrame) -> float:
    """Return what the shipments cost: each once, and by weight; NaN if one uses a lane that does not exist."""
    first = ~table.duplicated(["warehouse_id", "centre_id", "ship_at", "service"]).to_numpy()
    once = table["cost_per_shipment"].to_numpy(dtype=np.float64)[first]
    by_weight = (table["quoted_per_kg"] * table["qty"] * table["weight_kg"]).to_numpy(dtype=np.float64)
    return round(float(once.sum() + by_weight.sum()), 6)


def _lateness(table: pd.DataFrame, parameters: ScheduleParameters) -> float:
    """Return the cost of arriving late; waiting beyond ``unserved_hours`` is forgotten and never counts for more."""
    waited = table["waited_hours"].to_numpy(dtype=np.float64)
    forgotten = np.maximum(waited - parameters.unserved_hours, 0.0)
    hours = (table["eta"] - table["promise_by"]).dt.total_seconds().to_numpy() / 3600 - forgotten
    hours = np.minimum(hours, parameters.unserved_hours + waited - forgotten)
    once = table["criticality"].map(parameters.late_cost()).to_numpy(dtype=np.float64)
    once = once + parameters.late_cost_same_day * (table["service_ordered"] == "same_day").to_numpy()
    hourly = table["criticality"].map(parameters.late_hour_cost()).to_numpy(dtype=np.float64)
    share = (table["qty"] / table["qty_ordered"]).to_numpy(dtype=np.float64)
    return round(float(np.where(hours > 0, (once + hours * hourly) * share, 0.0).sum()), 6)


def _stock_value(problem: DispatchProblem, table: pd.DataFrame, parameters: ScheduleParameters) -> float:
    """Return the value of the units taken and what taking a newer part of a chain first costs."""
    chains = problem.supersession.substitutes
    chains = chains[chains["ordered_part_id"].isin(table["part_id_ordered"])]
    rank = dict(zip(zip(chains["ordered_part_id"], chains["part_id"], strict=True), chains["rank"], strict=True))
    stock = problem.stock[problem.stock["part_id"].isin(chains["part_id"])]
    held = stock.loc[(stock["status"] == "available") & (stock["qty"] > 0), "part_id"]
    oldest = chains[chains["part_id"].isin(held)].groupby("ordered_part_id")["rank"].min()
    pairs = zip(table["part_id_ordered"], table["part_id"], strict=True)
    newer = np.array([rank.get(pair, 0) for pair in pairs], dtype=np.float64)
    newer = newer - table["part_id_ordered"].map(oldest).fillna(0).to_numpy(dtype=np.float64)
    worth = np.zeros(len(table))
    if problem.stock_value is not None:
        final = problem.supersession.to_final(table["part_id"])
        own, chain = (
            problem.stock_value.reindex(pd.MultiIndex.from_arrays([part, table["warehouse_id"]])).to_numpy(np.float64)
            for part in (table["part_id"], final)
        )
        worth = np.where(np.isnan(own), np.nan_to_num(chain), own)
    return round(float((table["qty"].to_numpy() * (worth + parameters.old_part_first * newer)).sum()), 6)


def _stock_given_once(problem: DispatchProblem, table: pd.DataFrame) -> list[str]:
    key = ["warehouse_id", "part_id", "lot_id"]
    there = problem.stock["lot_id"].isin(table["lot_id"]) & (problem.stock["status"] == "available")
    stock = problem.stock.loc[there, [*key, "qty"]]
    given = table.groupby(key)["qty"].sum().rename("given").reset_index().merge(stock, on=key, how="left")
    short = given[given["given"] > given["qty"].fillna(0)]
    return [f"lot {r['warehouse_id']}/{r['lot_id']}: more given out than lies there" for r in short.to_dict("records")]


def _lines_kept(lines: pd.DataFrame, served: pd.Series) -> list[str]:
    wrong = lines[(served + lines["left"] != lines["qty"]) | (lines["left"] < 0)]
    return [f"line {o}/{n}: units do not add up" for o, n in zip(wrong["order_id"], wrong["line_no"], strict=True)]


def _lanes_kept(problem: DispatchProblem, table: pd.DataFrame) -> list[str]:
    quoted = table["quoted_hours"]
    hours = (table["eta"] - table["ship_at"]).dt.total_seconds().to_numpy() / 3600
    found = []
    if quoted.isna().any():
        found.append("a delivery uses a lane that does not exist")
    if (hours < quoted.to_numpy() - 1e-6).any():
        found.append("a delivery is faster than its lane quotes")
    if (table["eta_p90"] < table["eta"]).any() or (table["ship_at"] < pd.Timestamp(problem.start)).any():
        found.append("a delivery ships too early or its P90 lies before its P50")
    limit = problem.warehouses.set_index("warehouse_id")["outbound_lines_per_day"].astype(float)
    days = table[["warehouse_id", "line"]].assign(day=table["ship_at"].dt.normalize()).drop_duplicates()
    over = days.groupby(["warehouse_id", "day"]).size().rename("picked").reset_index()
    over = over[over["picked"] > over["warehouse_id"].map(limit).fillna(float("inf"))]
    return found + [f"{r['warehouse_id']}: {r['picked']} lines leave on a day" for r in over.to_dict("records")]
