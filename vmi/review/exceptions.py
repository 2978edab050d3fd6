"""Find everything of a night that could need a person."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.past import Past
from vmi.planning import Night
from vmi.review.firm import differing, unanswered
from vmi.review.space import full_warehouses
from vmi.review.stock import return_cost, staying_lots, unit_costs
from vmi.worklist.exceptions import (
    AGEING_LOTS,
    FALLBACKS,
    LATE_INBOUND,
    LATE_LINES,
    OVERRIDES_IN_FORCE,
    PART_NAMES,
    REJECTS,
    RISKY_ORDERS,
    SHORTAGES,
    STALE,
    UNCOVERED,
    Exceptions,
)

RECENT_DAYS = 28
STALE_FILES = ("stock", "inbound")
"""Files that a plan must see fresh: snapshots of what moves every day."""


def exceptions(night: Night, past: Past, weekly_forecast: pd.DataFrame, use: pd.DataFrame) -> Exceptions:
    """Return the night's exceptions; ``weekly_forecast`` says how far the plan reaches, ``use`` is SPACE_USE."""
    situation = night.situation
    weeks = weekly_forecast["week"]
    lots = staying_lots(night)
    return Exceptions(
        as_of=situation.as_of,
        timezone=situation.timezone,
        parts=situation.parts[list(PART_NAMES.columns)],
        late_lines=late_lines(night),
        shortages=shortages(night),
        full_warehouses=full_warehouses(night, use),
        risky_orders=risky_orders(night),
        ageing_lots=lots[list(AGEING_LOTS.columns)],
        overrides=overrides(night, lots),
        unanswered=unanswered(past, situation),
        inbound=_on_its_way(situation.inbound),
        confirmations=differing(past, situation.timezone),
        fallbacks=fallbacks(night),
        uncovered=uncovered(night),
        rejects=past.rejects[list(REJECTS.columns)],
        stale=stale(past, night.config.planning.stale_days),
        calendar_verified_through=night.outlook.forecast.calendar_verified_through,
        horizon_end=situation.as_of if weeks.empty else weeks.max() + pd.Timedelta(days=6),
    )


def late_lines(night: Night) -> pd.DataFrame:
    """Return LATE_LINES of tonight's deliveries: what is not on time, with the cost of its expected lateness.

    The cost is the one dispatch weighs: once for a late line, once more for a same-day one, and by the hour from the
    promise to the ETA (``unserved_hours`` without one), all by criticality; pieces of a line share it by units.
    """
    deliveries, parameters = night.deliveries, night.config.dispatch
    of_line = deliveries.groupby(["order_id", "line_no"])["qty"].transform("sum").astype(float)
    share = (deliveries["qty"].astype(float) / of_line.where(of_line.gt(0))).fillna(0.0)
    part = night.situation.parts.set_index("part_id")
    ordered = deliveries["ordered_part_id"].fillna("").astype(str)
    ordered = ordered.where(ordered.ne(""), deliveries["part_id"])
    criticality = ordered.map(part["criticality"]).fillna("B")
    eta, due = (pd.to_datetime(deliveries[name], utc=True) for name in ("eta", "promise_by"))
    hours = ((eta - due).dt.total_seconds() / 3600).fillna(parameters.unserved_hours)
    hours = hours.clip(lower=0.0, upper=parameters.unserved_hours)
    cost = criticality.map(parameters.late_cost()) + criticality.map(parameters.late_hour_cost()) * hours
    cost += parameters.late_cost_same_day * _asked_same_day(night)
    found = deliveries.assign(penalty_cny=(cost * share).round(4).astype(float), eta=eta, promise_by=due)
    late = found.loc[found["on_time"].ne("Y")].sort_values(["order_id", "line_no", "line_id"])
    return late.reset_index(drop=True)[list(LATE_LINES.columns)]


def _asked_same_day(night: Night) -> npt.NDArray[np.float64]:
    """Return 1 where the line was ordered for the same day: a delivery may travel by another service than asked."""
    keys = ["order_id", "line_no"]
    orders = night.situation.open_orders
    urgent = pd.MultiIndex.from_frame(orders.loc[orders["service"].eq("same_day"), keys])
    return pd.MultiIndex.from_frame(night.deliveries[keys]).isin(urgent).astype(np.float64)


def shortages(night: Night) -> pd.DataFrame:
    """Return SHORTAGES with the next day on which the supplier has more, NaT if it names none."""
    available = night.situation.availability
    day = pd.to_datetime(available["available_on"])
    coming = day.where(day.gt(night.situation.as_of) & available["available_qty"].gt(0))
    following = coming.groupby(available["part_id"]).min()
    short = night.placement.hints.shortages
    return short.assign(available_on=pd.to_datetime(short["part_id"].map(following)))[list(SHORTAGES.columns)]


def risky_orders(night: Night) -> pd.DataFrame:
    """Return RISKY_ORDERS: tonight's firm lines."""
    firm = night.replenishment.loc[night.replenishment["commitment"].eq("firm")]
    firm = firm.assign(return_cost=return_cost(firm["unit_cost"], night.config.returns))
    ordered = firm.sort_values(["supplier_id", "part_id", "warehouse_id", "line_id"], ignore_index=True)
    return ordered[list(RISKY_ORDERS.columns)]


def overrides(night: Night, lots: pd.DataFrame) -> pd.DataFrame:
    """Return OVERRIDES_IN_FORCE; ``no_return`` binds where a lot stays that would else have gone back."""
    pair = ["part_id", "warehouse_id"]
    placed = night.placement.hints.overrides
    known = night.situation.overrides
    held = known.loc[known["kind"].eq("no_return")]
    over = pd.MultiIndex.from_frame(lots.loc[lots["days_left"].le(0), pair])
    held = held.assign(binds=np.where(pd.MultiIndex.from_frame(held[pair]).isin(over), "Y", "N"))
    both = pd.concat([f for f in (placed, held) if len(f)] or [held], ignore_index=True)
    both = both.reindex(columns=list(OVERRIDES_IN_FORCE.columns)).astype({"value": float, "cost_cny": float})
    return both.sort_values([*pair, "kind"], ignore_index=True)


def _on_its_way(inbound: pd.DataFrame) -> pd.DataFrame:
    waits = inbound.loc[inbound["received_on"].isna()]
    return waits.sort_values(["shipment_id", "line_no"], ignore_index=True)[list(LATE_INBOUND.columns)]


def fallbacks(night: Night) -> pd.DataFrame:
    """Return FALLBACKS with ``value_cny``, the unit cost of four weeks of the forecast."""
    pairs = night.outlook.pairs
    fallen = pairs.loc[pairs["fallback"].ne("")]
    cost = unit_costs(night.situation.parts, fallen["part_id"])
    value = (fallen["mean_per_day"].astype(float) * RECENT_DAYS * cost).round(4)
    named = fallen[["part_id", "warehouse_id", "method"]].assign(reason=fallen["fallback"], value_cny=value)
    return named.sort_values(["part_id", "warehouse_id"], ignore_index=True)[[*FALLBACKS.columns, "value_cny"]]


def uncovered(night: Night) -> pd.DataFrame:
    """Return UNCOVERED: cities with centres whose lane of first cover, if any, does not keep the promise.

    The cost is that of a late line, as dispatch weighs it by criticality, for each line of the last four weeks.
    """
    situation, planning = night.situation, night.config.planning
    kept = night.cover["transit_hours"] + planning.handling_hours <= planning.promise_hours
    centres = situation.centres.loc[~situation.centres["city"].isin(night.cover.loc[kept, "city"])]
    usage = situation.usage.loc[situation.usage["day"].gt(situation.as_of - pd.Timedelta(days=RECENT_DAYS))]
    criticality = usage["part_id"].map(situation.parts.set_index("part_id")["criticality"]).fillna("B")
    late = usage["lines"].astype(float) * criticality.map(night.config.dispatch.late_cost())
    value = late.groupby(usage["centre_id"]).sum()
    worth = centres.assign(value=centres["centre_id"].map(value).astype(float).fillna(0.0).round(4))
    cities = worth.groupby("city", as_index=False).agg(centres=("centre_id", "size"), late_cny=("value", "sum"))
    return cities.sort_values("city", ignore_index=True)[list(UNCOVERED.columns)]


def stale(past: Past, limit_days: int) -> pd.DataFrame:
    """Return STALE: snapshots imported longer before the close than they may be."""
    files = past.imports
    old = files.loc[files["file"].isin(STALE_FILES) & files["age_days"].gt(limit_days)]
    return old.assign(limit_days=limit_days).sort_values("file", ignore_index=True)[list(STALE.columns)]
