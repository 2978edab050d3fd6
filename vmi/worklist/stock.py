"""Matters of stock: full warehouses, orders likely to come back, lots near their window, overrides."""

import numpy as np
import pandas as pd

from vmi.worklist.exceptions import AGEING_LOTS, FULL_WAREHOUSES, OVERRIDES_IN_FORCE, RISKY_ORDERS, Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.sentences import after, count, dates, money, nothing, rows

WITHIN_REACH = 0.10
"""Share of its capacity that a planner can free or rent tonight; the price of the first m3 holds no farther."""

UNKNOWN_CUT = 0.01
"""Share of its capacity by which a full space is taken to have cut the orders where that is not known."""


def full_warehouses(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per warehouse and kind of space that bound tonight, with what a further m3 is worth.

    Money: that price for the volume by which orders were cut, up to WITHIN_REACH of the capacity; where the cut is
    not known, for UNKNOWN_CUT of it.
    """
    full = FULL_WAREHOUSES.check(found.full_warehouses)
    full = full.sort_values(["warehouse_id", "space"], ignore_index=True)
    if full.empty:
        return nothing()
    space = full["space"].map({"hazmat": "hazmat space of "}).fillna("")
    used = full["used_m3"].map("{:,.1f}".format) + " of " + full["capacity_m3"].map("{:,.1f} m³".format)
    worth = "a further m³ is worth " + money(full["price_per_m3"]) + " tonight"
    cut, capacity = full["cut_m3"].astype(float), full["capacity_m3"].astype(float)
    known = cut.map("; orders were cut by {:,.2f} m³".format).where(cut.notna(), "")
    return rows(
        "warehouse_full",
        {
            "subject": space + full["warehouse_id"],
            "warehouse_id": full["warehouse_id"],
            "money_at_risk": full["price_per_m3"].astype(float)
            * np.minimum(cut.fillna(UNKNOWN_CUT * capacity), WITHIN_REACH * capacity),
            "cause": space + full["warehouse_id"] + " is full (" + used + "): " + worth + known + ".",
            "action": "Return or move slow lots from there, or rent space below that price.",
        },
    )


def risky_orders(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per part whose firm lines will likely come back.

    Money: what sending back costs of the units to expect. The chance is that of a line's last unit; those before it
    sell first, and theirs is taken to fall evenly to nothing: (qty + 1) / 2 units times the chance.
    """
    orders = RISKY_ORDERS.check(found.risky_orders)
    orders = orders.loc[orders["return_risk"].ge(parameters.return_risk) & orders["qty"].gt(0)]
    if orders.empty:
        return nothing()
    value = orders["qty"] * orders["unit_cost"]
    back = orders["return_risk"].astype(float) * (orders["qty"] + 1) / 2
    orders = orders.assign(value=value, at_risk=back * orders["return_cost"])
    parts = orders.groupby(["part_id", "supplier_id"], sort=True, as_index=False).agg(
        units=("qty", "sum"),
        warehouses=("warehouse_id", "nunique"),
        warehouse_id=("warehouse_id", "min"),
        value=("value", "sum"),
        at_risk=("at_risk", "sum"),
        risk=("return_risk", "max"),
    )
    where = count(parts["warehouses"], "warehouse").mask(parts["warehouses"].eq(1), parts["warehouse_id"])
    are = pd.Series(" are", parts.index).mask(parts["units"].eq(1), " is")
    ordered = count(parts["units"], "unit") + " (" + money(parts["value"]) + ")" + are + " ordered for " + where
    chance = parts["risk"].map("{:.0%}".format)
    return rows(
        "return_risk",
        {
            "subject": found.name(parts["part_id"]),
            "part_id": parts["part_id"],
            "warehouse_id": parts["warehouse_id"].where(parts["warehouses"].eq(1), ""),
            "supplier_id": parts["supplier_id"],
            "money_at_risk": parts["at_risk"],
            "cause": ordered + "; the last unsold at the end of the return window: " + chance + ".",
            "action": "Ask for a smaller pack or minimum order; set a max override if the demand is over.",
        },
    )


def ageing_lots(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per warehouse with lots that reach their return window soon.

    The sentence tells the value of the goods, which is not lost; money: what sending them all back costs.
    """
    soon, later, far = parameters.returnable_days
    lots = AGEING_LOTS.check(found.ageing_lots)
    lots = lots.loc[lots["days_left"].le(far) & lots["qty"].gt(0)]
    if lots.empty:
        return nothing()
    value = lots["qty"] * lots["unit_cost"]
    valued = lots.assign(
        far=value,
        later=value.where(lots["days_left"].le(later), 0.0),
        soon=value.where(lots["days_left"].le(soon), 0.0),
        at_risk=lots["qty"] * lots["return_cost"],
    ).sort_values(["far", "part_id", "lot_id"], ascending=[False, True, True])
    sites = valued.groupby("warehouse_id", sort=True, as_index=False).agg(
        lots=("lot_id", "size"),
        far=("far", "sum"),
        later=("later", "sum"),
        soon=("soon", "sum"),
        at_risk=("at_risk", "sum"),
        dearest=("part_id", "first"),
        dearest_value=("far", "first"),
    )
    steps = [money(sites[name]) + f" within {days} days" for name, days in (("soon", soon), ("later", later))]
    largest = "; the largest is " + found.name(sites["dearest"]) + " with " + money(sites["dearest_value"]) + "."
    total = money(sites["far"]) + f" within {far} days (" + count(sites["lots"], "lot") + ")"
    return rows(
        "returnable_soon",
        {
            "subject": sites["warehouse_id"],
            "warehouse_id": sites["warehouse_id"],
            "money_at_risk": sites["at_risk"],
            "cause": "Becomes returnable: " + steps[0] + ", " + steps[1] + ", " + total + largest,
            "action": "Offer these lots to the centres, or keep them with a no_return override that gives its reason.",
        },
    )


def overrides(found: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return one row per override that changes the plan, or that ends soon or has ended."""
    known = OVERRIDES_IN_FORCE.check(found.overrides)
    until = pd.to_datetime(known["until"])
    ends = until.le(found.as_of + pd.Timedelta(days=parameters.expiry_days))
    chosen = known.loc[known["binds"].eq("Y") | ends].sort_values(["part_id", "warehouse_id", "kind"])
    if chosen.empty:
        return nothing()
    until, ends = until.loc[chosen.index], ends.loc[chosen.index]
    over = until.le(found.as_of)
    value = chosen["value"].map(lambda v: "" if pd.isna(v) else f" {v:,.0f}")
    who = after(" by ", chosen["by"]) + after(": ", chosen["reason"])
    effect = pd.Series(" is in force", chosen.index).mask(chosen["binds"].eq("Y"), " changes the plan")
    effect = effect.mask(ends, effect + " and ends on " + dates(until)).mask(over, " ended on " + dates(until))
    keep = pd.Series("Check that its reason still holds.", chosen.index)
    return rows(
        "override",
        {
            "subject": found.name(chosen["part_id"]) + " at " + chosen["warehouse_id"],
            "part_id": chosen["part_id"],
            "warehouse_id": chosen["warehouse_id"],
            "supplier_id": found.supplier(chosen["part_id"]),
            "money_at_risk": chosen["cost_cny"].astype(float),
            "cause": "Override " + chosen["kind"] + value + who.str.rstrip(". ") + effect + ".",
            "action": keep.mask(ends, "Prolong it with a reason, or let it lapse."),
        },
    )
