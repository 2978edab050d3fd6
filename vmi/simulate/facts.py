"""Plain figures of a run for tables and for the verdict on zero inventory; ``None`` where a figure cannot be known."""

from typing import Any

import numpy as np
import pandas as pd

from vmi.simulate.world import World

HOURS_PER_DAY = 24.0
SLOW_LINES_A_MONTH = 1.0
DAYS_PER_MONTH = 30.4


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
        "opening_stock_cny": _rounded(_value(world, world.opening.stock)),
        "closing_stock_cny": _rounded(float(nights["stock_cny"].iloc[-1])) if len(nights) else None,
        "stock_days": kpis["inventory_days"]["value"],
        "forecast_accuracy": kpis["forecast_accuracy"]["value"],
        "forecast_p90_share": kpis["p90_share"]["value"],
        "urgent_line_cny": _urgent_line(nights),
        **_customers(world, lines),
        **_suppliers(world),
        "demand_slow_share": _slow_share(world),
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 2)


def _ratio(numerator: float, denominator: float) -> float | None:
    return round(numerator / denominator, 4) if denominator > 0 else None


def _value(world: World, stock: pd.DataFrame) -> float:
    lots = stock[stock["status"].eq("available")]
    return float((world.rates.of_parts(lots["part_id"], "unit_cost") * lots["qty"].to_numpy()).sum())


def _urgent_line(nights: pd.DataFrame) -> float | None:
    """Return what same-day service costs above standard by same-day line [CNY]: premium, and missing it."""
    extra = float((nights["same_day_premium_cny"] + nights["missed_same_day_cny"]).sum())
    return _ratio(extra, float(nights["same_day_ordered"].sum()))


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


def _suppliers(world: World) -> dict[str, Any]:
    """Return lead times of what was ordered, and how much of it suppliers had."""
    lead = world.opening.supply["lead_time_days"].astype(float).dropna()
    times = world.suppliers.lead_times
    pipeline, granted = world.suppliers.pipeline, world.suppliers.granted_units
    withheld = int(pipeline.loc[pipeline["ship_on"].le(world.today), "qty"].sum())
    return {
        "supplier_quoted_days": _rounded(lead.mean()) if len(lead) else None,
        "supplier_lead_mean_days": _rounded(float(np.mean(times))) if times else None,
        "supplier_lead_p90_days": _rounded(float(np.quantile(times, 0.9))) if times else None,
        "supplier_available_share": _ratio(granted, granted + withheld),
        "supplier_answer_rate": None,
    }


def _slow_share(world: World) -> float | None:
    """Return the share of parts ever asked for that see less than a line a month."""
    usage = world.usage
    if usage.empty:
        return None
    months = max((usage["day"].max() - usage["day"].min()).days / DAYS_PER_MONTH, 1.0)
    rate = usage.groupby("part_id")["lines"].sum() / months
    return round(float((rate < SLOW_LINES_A_MONTH).mean()), 4)
