"""Write what suppliers and planners read: firm lines, what is likely to follow, and the stocking targets."""

import numpy as np
import pandas as pd

from vmi.frames import REPLENISHMENT, TARGETS
from vmi.placement.draft import Draft
from vmi.placement.pools import moments_until
from vmi.placement.problem import Array, Whole
from vmi.placement.values import below, quantiles

DAY = np.timedelta64(1, "D")


def firm_lines(plan: Draft, derivations: pd.DataFrame) -> pd.DataFrame:
    """Return tonight's firm lines, frame ``REPLENISHMENT``, most money at stake first."""
    order = ["money_at_stake", "part_id", "warehouse_id"]
    chosen = derivations[derivations["qty"] > 0].sort_values(order, ascending=[False, True, True], ignore_index=True)
    part = plan.problem.parts.index.get_indexer(pd.Index(chosen["part_id"]))
    hub = plan.problem.warehouses.index.get_indexer(pd.Index(chosen["warehouse_id"]))
    after = (chosen["position"] + chosen["pooled"] + chosen["qty"]).to_numpy()
    daily = (chosen["demand_mean"] / chosen["protection_days"].clip(lower=1.0)).to_numpy()
    return chosen.assign(
        commitment="firm",
        priority=np.arange(1, len(chosen) + 1),
        ship_on=plan.problem.truck_day("ship_on")[part, hub],
        due_on=plan.problem.truck_day("due_on")[part, hub],
        cover_days=_cover_days(after, daily),
        unit_cost=plan.problem.parts["unit_cost"].to_numpy()[part],
    )[list(REPLENISHMENT.columns)]


def _cover_days(units: Array, daily: Array) -> Array:
    """Return how many days of expected demand units last; NaN where none is expected."""
    safe = np.where(daily > 0, daily, 1.0)
    return np.where(daily > 0, np.maximum(units, 0) / safe, np.nan).round(1)


def forecast_lines(plan: Draft) -> pd.DataFrame:
    """Return what is likely to follow in the coming weeks: the pools' expected position netted week by week.

    A line falls due on the Monday of the week in whose course the position is expected to fall below the target by a
    whole pack and the minimum order; weeks that tonight's order could still reach have none.
    """
    pools, limits = plan.pools, plan.limits
    rows = np.flatnonzero(pools.orders & (pools.level > 0))
    step, first = limits.step[pools.part[rows]], limits.first[pools.part[rows]]
    due = plan.problem.truck("due_day")[pools.part[rows], pools.hub[rows]]
    position, until_now = pools.after[rows].astype(np.float64), np.zeros(len(rows))
    pieces = []
    to_monday = 7 - plan.problem.as_of.dayofweek
    for week in range(plan.parameters.forecast_weeks):
        monday = to_monday + 7 * week
        until = moments_until(plan.problem, pools, rows, np.full(len(rows), monday + 6.0))[0]
        position -= until - until_now
        until_now = until
        short = np.maximum(pools.level[rows] - position, 0.0)
        whole = (np.floor(short / step) * step).astype(np.int64)
        qty = np.where((whole >= first) & (monday > due), whole, 0)
        position += qty
        pieces.append(_week(plan, rows, qty, monday))
    found = pd.concat(pieces, ignore_index=True) if pieces else REPLENISHMENT.empty()
    return found.sort_values(["due_on", "part_id", "warehouse_id"], ignore_index=True)


def _week(plan: Draft, rows: Whole, qty: Whole, monday: int) -> pd.DataFrame:
    problem, pools = plan.problem, plan.pools
    chosen = np.flatnonzero(qty > 0)
    row = rows[chosen]
    part, hub = pools.part[row], pools.hub[row]
    due = np.datetime64(problem.as_of, "ns") + monday * DAY
    lead = np.ceil(problem.truck("lead_time_days")[part, hub]).astype("timedelta64[D]")
    mean, var = pools.mean[row], pools.var[row]
    daily = mean[:, 0] / np.maximum(plan.money.protect_days[part, hub], 1.0)
    figures = {
        "supplier_id": problem.parts["supplier_id"].to_numpy(dtype=object)[part],
        "part_id": problem.parts.index.to_numpy(dtype=object)[part],
        "warehouse_id": problem.warehouse_ids[hub],
        "qty": qty[chosen],
        "pack_qty": problem.parts["pack_qty"].to_numpy()[part],
        "commitment": "forecast",
        "priority": 0,
        "ship_on": np.maximum(due - lead, problem.truck_day("ship_on")[part, hub]),
        "due_on": np.full(len(row), due),
        **{name: getattr(problem.positions, name)[part, hub] for name in ("on_hand", "inbound", "backordered")},
        "target_qty": pools.level[row],
        "demand_p50": quantiles(mean[:, 0].copy(), var[:, 0].copy(), 0.5),
        "demand_p90": quantiles(mean[:, 0].copy(), var[:, 0].copy(), 0.9),
        "cover_days": _cover_days(qty[chosen].astype(np.float64), daily),
        "return_risk": below(mean[:, -1].copy(), var[:, -1].copy(), qty[chosen]).round(6),
        "unit_cost": problem.parts["unit_cost"].to_numpy()[part],
        "reason": "likely to follow: expected demand brings the position below its target",
    }
    return pd.DataFrame(figures)[list(REPLENISHMENT.columns)]


def target_table(plan: Draft, derivations: pd.DataFrame) -> pd.DataFrame:
    """Return the stocking decision of every part and warehouse with demand or stock, frame ``TARGETS``."""
    found = derivations.copy()
    found["stocked"] = np.where(found["target_qty"] > 0, "Y", "N")
    found["demand_class"] = found["demand_class"].replace("", "none")
    return found.sort_values(["part_id", "warehouse_id"], ignore_index=True)[list(TARGETS.columns)]
