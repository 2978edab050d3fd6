"""Plain figures of a run for tables and for the verdict on zero inventory; ``None`` where a figure cannot be known."""

from typing import Any

import numpy as np
import pandas as pd

from vmi.network import first_cover
from vmi.simulate.chance import lead_days
from vmi.simulate.world import World
from vmi.supersession import resolve

HOURS_PER_DAY = 24.0
SLOW_LINES_A_MONTH = 1.0
DAYS_PER_MONTH = 30.4
LEAD_QUANTILES = (np.arange(100) + 0.5) / 100
"""Where the law of each lane's lead time is read: the middles of a hundred equal chances."""


def facts_of(
    world: World, nights: pd.DataFrame, lines: pd.DataFrame, kpis: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the facts of a run, by name.

    Parameters
    ----------
    nights, lines
        Frames NIGHTS (without the run's names) and LIVED_LINES of the days that count.
    kpis
        The contract's figures over them.
    """
    total, count = float(nights["total_cny"].sum()), int(nights["lines_ordered"].sum())
    return {
        "nights": len(nights),
        "parts": len(world.opening.parts),
        "lines": count,
        "units": int(nights["units_ordered"].sum()),
        "total_cny": round(total, 2),
        "cost_per_line_cny": _ratio(total, count),
        "parts_held_mean": _rounded(nights["parts_held"].mean()),
        "closing_stock_cny": _rounded(float(nights["stock_cny"].iloc[-1])) if len(nights) else None,
        "stock_days": kpis["inventory_days"]["value"],
        "forecast_accuracy": kpis["forecast_accuracy"]["value"],
        "forecast_p90_share": kpis["p90_share"]["value"],
        "urgent_line_cny": _urgent_line(nights, lines),
        **_customers(world, lines),
        **_suppliers(world, lines[lines["day"].isin(nights["night"])], len(nights)),
        "demand_slow_share": _slow_share(world),
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 2)


def _ratio(numerator: float, denominator: float) -> float | None:
    return round(numerator / denominator, 4) if denominator > 0 else None


def _urgent_line(nights: pd.DataFrame, lines: pd.DataFrame) -> float | None:
    """Return what same-day service costs above standard by same-day line due [CNY]: premium, and missing it."""
    extra = float((nights["same_day_premium_cny"] + nights["missed_same_day_cny"]).sum())
    due = lines["service"].eq("same_day") & lines["due_day"].isin(nights["night"])
    return _ratio(extra, float(due.sum()))


def _customers(world: World, lines: pd.DataFrame) -> dict[str, Any]:
    """Return how many lines could wait for their supplier: the promise leaves time for lead time and lane."""
    opening = world.opening
    if lines.empty:
        return {"tolerant_share": None, "tolerant_note": "no line was ordered"}
    lead = opening.supply.groupby("supplier_id")["lead_time_days"].min().astype(float) * HOURS_PER_DAY
    lane = opening.lanes.groupby("city")["transit_hours"].min().astype(float)
    supplier = lines["part_id"].map(opening.parts.set_index("part_id")["supplier_id"])
    needed = supplier.map(lead) + lines["city"].map(lane)
    allowed = (lines["promise_by"] - lines["ordered_at"]).dt.total_seconds() / 3600
    known = needed.notna()
    if not known.any():
        return {"tolerant_share": None, "tolerant_note": "no supplier lead time is known"}
    share = float((needed[known] <= allowed[known]).mean())
    return {
        "tolerant_share": round(share, 4),
        "tolerant_note": "lines whose promise leaves time for the supplier's quickest lead time and the quickest lane",
    }


def _suppliers(world: World, ordered: pd.DataFrame, days: int) -> dict[str, Any]:
    """Return how quickly suppliers deliver what the window orders, and how much of it they have.

    Drawn from the company's files and the window's orders alone, so that it is the same for every policy.
    """
    quoted = world.opening.supply["lead_time_days"].astype(float).dropna()
    asked = asked_of_suppliers(world, ordered)
    mean, p90 = lead_time(asked)
    return {
        "supplier_quoted_days": _rounded(quoted.mean()) if len(quoted) else None,
        "supplier_lead_mean_days": mean,
        "supplier_lead_p90_days": p90,
        "supplier_available_share": available_share(world, asked, days),
        "supplier_answer_rate": None,
    }


def asked_of_suppliers(world: World, ordered: pd.DataFrame) -> pd.DataFrame:
    """Return the units ordered by final part and the lane that would supply them: to the warehouse of first cover.

    Returns
    -------
    Columns part_id supplier_id warehouse_id qty lead_time_days lead_time_sd_days; lanes that ``supply.csv`` does not
    have, or has without a lead time, are left out.
    """
    opening, planning = world.opening, world.config.planning
    cover = first_cover(opening.lanes, planning.promise_hours, planning.handling_hours)
    final = resolve(opening.parts, opening.fitments).to_final(ordered["part_id"])
    asked = pd.DataFrame(
        {
            "part_id": final,
            "supplier_id": final.map(opening.parts.set_index("part_id")["supplier_id"]),
            "warehouse_id": ordered["city"].map(cover.set_index("city")["warehouse_id"]),
            "qty": ordered["qty"],
        }
    )
    lane = ["supplier_id", "warehouse_id"]
    units = asked.groupby(["part_id", *lane], as_index=False)["qty"].sum()
    times = opening.supply[[*lane, "lead_time_days", "lead_time_sd_days"]]
    found = units.merge(times[times["lead_time_days"].notna()], on=lane)
    days = {"lead_time_days": "float64", "lead_time_sd_days": "float64"}
    return found.astype(days).fillna({"lead_time_sd_days": 0.0}).sort_values(["part_id", *lane], ignore_index=True)


def lead_time(asked: pd.DataFrame) -> tuple[float | None, float | None]:
    """Return mean and 90 % quantile of the lead time of a unit asked for [days], by the law that trucks are drawn by.

    A mixture over lanes, each weighed by its units; closed days at either end are left out.
    """
    lanes = asked.groupby(["supplier_id", "warehouse_id", "lead_time_days", "lead_time_sd_days"])["qty"].sum()
    if not lanes.sum() > 0:
        return None, None
    mean, sd = (lanes.index.get_level_values(n).to_numpy() for n in ("lead_time_days", "lead_time_sd_days"))
    points = len(LEAD_QUANTILES)
    took = lead_days(np.repeat(mean, points), np.repeat(sd, points), np.tile(LEAD_QUANTILES, len(lanes)))
    weight = np.repeat(lanes.to_numpy(dtype=np.int64), points)
    order = np.argsort(took, kind="stable")
    # In whole units, so that the quantile does not hang on the last bit of a sum.
    reached = 10 * np.cumsum(weight[order]) >= 9 * weight.sum()
    return round(float((took * weight).sum() / weight.sum()), 2), float(took[order][reached.argmax()])


def available_share(world: World, asked: pd.DataFrame, days: int) -> float | None:
    """Return the share of units asked for whose part is not short at its supplier.

    A part is short if ``availability.csv`` lists it and what is listed by the end of its lead time, with what is made
    during it (``simulation.availability_renewal``), is less than the window's demand over a lead time.
    """
    if asked.empty:
        return None
    by_part = asked.assign(unit_days=asked["qty"] * asked["lead_time_days"]).groupby("part_id")[["qty", "unit_days"]]
    parts = by_part.sum()
    lead = parts["unit_days"] / parts["qty"]
    listed = world.opening.availability
    last = world.opening.as_of + pd.to_timedelta(listed["part_id"].map(lead).astype("float64"), unit="D")
    in_time = listed["available_on"].isna() | listed["available_on"].le(last)
    units = listed["available_qty"].astype("float64").where(in_time).groupby(listed["part_id"]).sum()
    made = world.suppliers.made_per_day.reindex(parts.index).fillna(0.0) * lead
    has = units.reindex(parts.index).fillna(0.0) + made
    short = parts.index.isin(listed["part_id"]) & (has + 1e-9 < parts["unit_days"] / days)
    return _ratio(float(parts.loc[~short, "qty"].sum()), float(parts["qty"].sum()))


def _slow_share(world: World) -> float | None:
    """Return the share of parts ever asked for that see less than a line a month."""
    usage = world.usage
    if usage.empty:
        return None
    months = max((usage["day"].max() - usage["day"].min()).days / DAYS_PER_MONTH, 1.0)
    rate = usage.groupby("part_id")["lines"].sum() / months
    return round(float((rate < SLOW_LINES_A_MONTH).mean()), 4)
