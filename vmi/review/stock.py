"""Value what lies and what moves: stock at the close, goods received and returned, lots that stay after tonight."""

import pandas as pd

from vmi.frames import Frame, Situation
from vmi.kpi.history import FLOWS
from vmi.past import Past
from vmi.placement.build import occupied
from vmi.planning import Night
from vmi.returns.parameters import ReturnParameters

STOCK_TONIGHT = Frame("stock_tonight", ("as_of", "warehouse_id", "units", "value", "volume", "aged_value"))
LOT = ["warehouse_id", "part_id", "lot_id"]


def unit_costs(parts: pd.DataFrame, part_ids: pd.Series) -> pd.Series:
    """Return the unit cost of each part id [CNY], 0 for a part not known."""
    return part_ids.map(parts.set_index("part_id")["unit_cost"]).astype(float).fillna(0.0)


def return_cost(unit_cost: pd.Series, parameters: ReturnParameters) -> pd.Series:
    """Return what it costs to send a unit back: the supplier's share of its cost, and handling [CNY/unit]."""
    return (parameters.return_rate * unit_cost.astype(float) + parameters.return_handling).round(6)


def stock_tonight(situation: Situation, aged_days: int) -> pd.DataFrame:
    """Return what lies in each warehouse at the close; a row per warehouse, sorted. The store keeps it as stock days.

    Returns
    -------
    STOCK_TONIGHT: units available, their value at unit cost and the value of those older than ``aged_days`` [CNY], and
    the volume of lots of every status [m3], parts of unknown volume at the median of the others.
    """
    stock = situation.stock
    lots = stock.loc[stock["status"].eq("available") & stock["qty"].gt(0)]
    value = (lots["qty"] * unit_costs(situation.parts, lots["part_id"])).astype(float)
    aged = value.where((situation.as_of - pd.to_datetime(lots["received_on"])).dt.days.gt(aged_days), 0.0)
    ids = pd.Index(sorted(situation.warehouses["warehouse_id"]), name="warehouse_id")
    sums = pd.DataFrame({"units": lots["qty"], "value": value, "aged_value": aged}).groupby(lots["warehouse_id"]).sum()
    sums = sums.reindex(ids).fillna(0.0)
    volume = occupied(situation.parts, stock[["part_id", "warehouse_id", "qty"]], ids)["volume_m3"]
    found = sums.assign(as_of=situation.as_of, units=sums["units"].astype("int64"), volume=volume.round(6))
    found = found.assign(value=found["value"].round(4), aged_value=found["aged_value"].round(4))
    return found.reset_index()[list(STOCK_TONIGHT.columns)]


def flows(parts: pd.DataFrame, past: Past) -> pd.DataFrame | None:
    """Return FLOWS since the first published plan, ``None`` before it: until then nobody has recorded returns."""
    if past.first_as_of is None:
        return None
    suppliers = parts.set_index("part_id")["supplier_id"]
    lots, returns = past.receipts, past.returns
    received = pd.DataFrame(
        {
            "day": lots["received_on"],
            "kind": "received",
            "supplier_id": lots["part_id"].map(suppliers).fillna("").astype(object),
            "warehouse_id": lots["warehouse_id"],
            "value": (lots["qty"] * unit_costs(parts, lots["part_id"])).astype(float),
        }
    )
    returned = pd.DataFrame(
        {
            "day": returns["pick_up_on"],
            "kind": "returned",
            "supplier_id": returns["supplier_id"],
            "warehouse_id": returns["warehouse_id"],
            "value": (returns["qty"] * returns["unit_cost"]).astype(float),
        }
    )
    both = pd.concat([received, returned], ignore_index=True)
    both = both.loc[both["day"].gt(past.first_as_of)]
    return both.sort_values(list(FLOWS.columns), ignore_index=True)


def staying_lots(night: Night) -> pd.DataFrame:
    """Return the available lots less what tonight returns, moves and delivers out of them.

    Columns warehouse_id, part_id, lot_id, qty, unit_cost, days_left: days until the end of the supplier's return
    window, negative after it; return_cost [CNY/unit]. Sorted by lot.
    """
    situation = night.situation
    stock = situation.stock
    lots = stock.loc[stock["status"].eq("available") & stock["qty"].gt(0)]
    left = lots.join(leaving_lots(night).rename("gone"), on=LOT)
    left = left.assign(qty=left["qty"] - left["gone"].astype(float).fillna(0.0))
    parts, suppliers = situation.parts.set_index("part_id"), situation.suppliers.set_index("supplier_id")
    window = left["part_id"].map(parts["supplier_id"]).map(suppliers["return_window_days"]).astype(float)
    age = (situation.as_of - pd.to_datetime(left["received_on"])).dt.days
    cost = unit_costs(situation.parts, left["part_id"])
    left = left.assign(unit_cost=cost, days_left=window - age, return_cost=return_cost(cost, night.config.returns))
    columns = [*LOT, "qty", "unit_cost", "days_left", "return_cost"]
    return left.loc[left["qty"].gt(0), columns].sort_values(LOT, ignore_index=True)


def leaving_lots(night: Night) -> pd.Series:
    """Return the units that leave each lot tonight, by LOT."""
    picks = night.deliveries.loc[night.deliveries["source"].eq("warehouse"), [*LOT, "qty"]]
    moved = night.transfers.rename(columns={"from_warehouse": "warehouse_id"})[[*LOT, "qty"]]
    leaving = [f for f in (night.returns[[*LOT, "qty"]], moved, picks) if len(f)]
    every = pd.concat(leaving) if leaving else night.returns[[*LOT, "qty"]]
    return every.astype({"qty": float}).groupby(LOT)["qty"].sum()
