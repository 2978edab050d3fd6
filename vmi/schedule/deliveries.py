"""Write the deliveries: every open line, how it is served, when it arrives, what it costs and why it waits."""

import numpy as np
import pandas as pd

from vmi.frames import DELIVERIES
from vmi.schedule.freight import share_freight, shipment_ids
from vmi.schedule.grouping import in_order
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.problem import Assignment, DispatchProblem
from vmi.schedule.promises import promise_now
from vmi.schedule.reasons import delivery_reasons, shortage_sentences
from vmi.schedule.supply import peg

SUPPLY = ["part_id", "warehouse_id", "qty", "eta_on", "kind"]
OF_LINE = ["order_id", "line_no", "centre_id", "city", "weight_kg", "promise_by", "first_promise"]


def complete(
    problem: DispatchProblem,
    assignment: Assignment,
    supply: pd.DataFrame,
    parameters: ScheduleParameters,
    shortage_reasons: pd.Series | None = None,
) -> pd.DataFrame:
    """Return frame ``DELIVERIES``: stock on hand as assigned, then supply on its way, then nothing and why.

    Parameters
    ----------
    supply
        Columns ``SUPPLY``: units of a part that reach a warehouse on a day, net of what is spoken for; see
        :func:`vmi.schedule.supply.peg`.
    shortage_reasons
        Index part_id: why nothing of it is on order.

    Returns
    -------
    One row per line × piece (lot, or supply), sorted by (order_id, line_no, eta); quantities add up to the line's.
    Moments are aware, ``cost`` and ``surcharge`` whole fen that add up to each shipment's freight.
    """
    pegs = peg(problem, assignment, supply, parameters).assign(lot_id="")
    picks = assignment.picks.assign(source="warehouse", kind="stock", overdue=False)
    picks["received"] = np.datetime64("NaT", "ns")
    rows = pd.concat([f for f in (picks, pegs) if len(f)] or [picks], ignore_index=True)
    rows = rows.drop(columns="city").join(assignment.lines[[*OF_LINE, "part_id"]], on="line", rsuffix="_ordered")
    rows = rows.rename(columns={"part_id_ordered": "ordered_part_id"})
    rows["reason"] = delivery_reasons(problem, rows)
    rows = _with_unserved(problem, assignment, rows, shortage_reasons)
    rows[["cost", "surcharge"]] = share_freight(rows, problem.lanes, parameters.same_day_premium_rate)
    rows["shipment_id"] = shipment_ids(rows)
    rows["provisional"] = np.where(_provisional(problem, rows), "Y", "N")
    rows["on_time"] = np.where(rows["eta"] <= rows["promise_by"], "Y", "N")
    return _published(problem, rows)


def _with_unserved(
    problem: DispatchProblem, assignment: Assignment, rows: pd.DataFrame, shortage_reasons: pd.Series | None
) -> pd.DataFrame:
    """Add a row of source ``none`` for the units of a line that nothing serves."""
    lines = assignment.lines
    missing = lines["qty"] - np.bincount(rows["line"], rows["qty"], minlength=len(lines))
    missing = missing[missing > 0].astype(np.int64)
    waiting = lines.loc[missing.index, [*OF_LINE, "part_id", "service"]].assign(qty=missing, line=missing.index)
    waiting["ordered_part_id"] = waiting["part_id"]
    waiting["reason"] = shortage_sentences(problem, waiting, shortage_reasons)
    waiting = waiting.assign(source="none", kind="", warehouse_id="", lot_id="", overdue=False, weather_hours=0.0)
    none = pd.Series(pd.NaT, index=waiting.index, dtype="datetime64[ns]")
    waiting = waiting.assign(ship_at=none, eta=none, eta_p90=none, fixed_cost=0.0, cost_per_kg=0.0)
    pieces = [frame for frame in (rows, waiting) if len(frame)]
    joined = pd.concat(pieces or [rows], ignore_index=True)
    # Lines are numbered by order_id and line_no.
    return in_order(joined, "line", "eta", "warehouse_id", "part_id", "lot_id")


def _provisional(problem: DispatchProblem, rows: pd.DataFrame) -> pd.Series:
    """Return which arrivals rest on something not yet known.

    A warning in force, overdue inbound, an order its supplier has not shipped, or a day beyond the known calendar.
    """
    doubtful = (rows["weather_hours"] > 0) | rows["overdue"].astype(bool) | rows["kind"].isin(["pipeline", "firm"])
    if problem.verified_through is not None:
        doubtful |= rows["eta"].dt.normalize() > problem.verified_through
    return doubtful


def _published(problem: DispatchProblem, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the contract's columns with aware moments; a first promise that exists is kept as it stands."""
    promise = pd.Series(problem.aware(promise_now(rows)), index=rows.index)
    kept = pd.to_datetime(rows["first_promise"], utc=True).dt.tz_convert(problem.from_moment.tz)
    rows = rows.assign(first_promise=kept.where(kept.notna(), promise))
    for column in ("ship_at", "eta", "eta_p90", "promise_by"):
        rows[column] = problem.aware(rows[column])
    rows["line_no"], rows["qty"] = rows["line_no"].astype(np.int64), rows["qty"].astype(np.int64)
    return DELIVERIES.check(rows)[list(DELIVERIES.columns)]
