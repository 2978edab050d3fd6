"""Rules 1, 2, 3 and 6 of a published plan: when things happen, what is ordered, what fits, what goes back."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from vmi.frames import Situation
from vmi.publish.findings import days, label, moments, numbers, say

_FIRST_EVENT = {"replenishment": "ship_on", "returns": "pick_up_on", "transfers": "ship_on", "deliveries": "ship_at"}
# Volumes are sums of floats over thousands of parts; a millilitre is no excess.
_VOLUME_TOLERANCE_M3 = 1e-6
_DEFAULT_WINDOW_DAYS = 90
LOT = ["warehouse_id", "part_id", "lot_id"]


def timing_faults(decided: Mapping[str, pd.DataFrame], start: pd.Timestamp) -> Iterator[str]:
    """Check (1): nothing happens before ``start``, and nothing arrives before it leaves."""
    for name, column in _FIRST_EVENT.items():
        frame = decided[name]
        if column == "ship_at":
            early = moments(frame[column]) < start
        else:
            early = days(frame[column]) < start.tz_localize(None).normalize()
        yield from say(name, f"{column} before {start:%Y-%m-%d %H:%M}", _named(name, frame[early]))
    for name, leaves, arrives in (("replenishment", "ship_on", "due_on"), ("transfers", "ship_on", "eta_on")):
        frame = decided[name]
        backwards = days(frame[arrives]) < days(frame[leaves])
        yield from say(name, f"{arrives} before {leaves}", _named(name, frame[backwards]))


def _named(name: str, rows: pd.DataFrame) -> list[str]:
    if name == "deliveries":
        return label(rows, "order_id", "line_no")
    return label(rows, "part_id", "from_warehouse" if name == "transfers" else "warehouse_id")


def order_faults(replenishment: pd.DataFrame, parts: pd.DataFrame) -> Iterator[str]:
    """Check (2): firm lines are whole packs and minimum orders, from the part's supplier, of no superseded part."""
    master = parts[["part_id", "supplier_id", "pack_qty", "min_order_qty", "successor_id"]]
    lines = replenishment[["part_id", "warehouse_id", "supplier_id", "qty", "commitment"]]
    lines = lines.merge(master, on="part_id", how="left", suffixes=("", "_of_part"), indicator=True)
    qty, firm = numbers(lines["qty"]), lines["commitment"] == "firm"
    pack, least = numbers(lines["pack_qty"]).fillna(1), numbers(lines["min_order_qty"]).fillna(1)
    known = lines["_merge"] == "both"
    rules = {
        "an unknown part": ~known,
        "not the part's own supplier": known & (lines["supplier_id"] != lines["supplier_id_of_part"]),
        "a firm line that is not whole packs": firm & (qty % pack != 0),
        "a firm line below the minimum order": firm & (qty < least),
        "a firm line of a superseded part": firm & (lines["successor_id"].fillna("") != ""),
        "neither firm nor forecast": ~lines["commitment"].isin(["firm", "forecast"]),
    }
    for rule, broken in rules.items():
        yield from say("replenishment", rule, label(lines[broken], "part_id", "warehouse_id"))


def availability_faults(replenishment: pd.DataFrame, availability: pd.DataFrame) -> Iterator[str]:
    """Check (2): by no day is more shipped than the supplier has by that day; unlisted parts are unlimited."""
    firm = replenishment[replenishment["commitment"] == "firm"]
    firm = firm[firm["part_id"].isin(availability["part_id"])]
    never = pd.Timestamp("1900-01-01")
    shipped = pd.DataFrame({"part_id": firm["part_id"], "day": days(firm["ship_on"]), "units": -numbers(firm["qty"])})
    ready = pd.DataFrame(
        {
            "part_id": availability["part_id"],
            "day": days(availability["available_on"]).fillna(never),
            "units": numbers(availability["available_qty"]),
        }
    )
    flow = pd.concat([ready, shipped]).groupby(["part_id", "day"])["units"].sum().sort_index()
    left = flow.groupby(level="part_id").cumsum()
    short = left[left < 0].index.get_level_values("part_id")
    yield from say("replenishment", "more than the supplier has available", short)


def capacity_faults(decided: Mapping[str, pd.DataFrame], situation: Situation) -> Iterator[str]:
    """Check (3): what lies in a warehouse and comes to it fits, or nothing is added."""
    volume_m3 = (numbers(situation.parts["volume_l"]).fillna(0.0) / 1000).to_numpy()
    hazmat = (situation.parts["hazmat"] == "Y").to_numpy()
    part = situation.parts["part_id"].to_numpy()
    for what, column, each in (
        ("volume", "capacity_m3", volume_m3),
        ("hazmat volume", "hazmat_capacity_m3", np.where(hazmat, volume_m3, 0.0)),
    ):
        there, added, leaves = _volumes(decided, situation, pd.Series(each, index=part))
        capacity = numbers(situation.warehouses.set_index("warehouse_id")[column])
        excess = there.add(added, fill_value=0).sub(leaves, fill_value=0).reindex(capacity.index).fillna(0) - capacity
        over = (excess > _VOLUME_TOLERANCE_M3) & (added.reindex(capacity.index).fillna(0) > _VOLUME_TOLERANCE_M3)
        yield from say("replenishment, transfers", f"{what} added beyond {column}", capacity.index[over])


def _volumes(
    decided: Mapping[str, pd.DataFrame], situation: Situation, each_m3: pd.Series
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return m3 by warehouse: there or on its way already, added tonight, leaving tonight.

    Lines of earlier plans still to come count as on their way: they will need the room as much as a shipment does.
    """
    stock, orders, deliveries = situation.stock, decided["replenishment"], decided["deliveries"]
    there = [
        stock[stock["status"] == "available"],
        situation.inbound,
        situation.open_plan_lines,
    ]
    added = [
        orders[orders["commitment"] == "firm"],
        decided["transfers"].rename(columns={"to_warehouse": "warehouse_id"}),
    ]
    leaves = [
        decided["transfers"].rename(columns={"from_warehouse": "warehouse_id"}),
        decided["returns"],
        deliveries[deliveries["source"] == "warehouse"],
    ]
    there_m3, added_m3, leaves_m3 = (_volume(units, each_m3) for units in (there, added, leaves))
    return there_m3, added_m3, leaves_m3


def _volume(units: list[pd.DataFrame], each_m3: pd.Series) -> pd.Series:
    rows = pd.concat([u[["warehouse_id", "part_id", "qty"]].astype({"qty": "float64"}) for u in units])
    return (rows["qty"] * rows["part_id"].map(each_m3).fillna(0.0)).groupby(rows["warehouse_id"].astype(object)).sum()


def window_faults(decided: Mapping[str, pd.DataFrame], situation: Situation) -> Iterator[str]:
    """Check (6): lots as old as the return window leave, unless held; no younger lot is returned for its age."""
    lots = _aged_lots(situation)
    taken = taken_by_lot(decided)
    lots = lots.merge(taken.rename("taken").reset_index(), on=LOT, how="left")
    stays = lots["is_due"] & ~lots["may_be_held"] & (lots["taken"].fillna(0) < lots["qty"])
    yield from say("returns", "a lot past its return window stays", label(lots[stays], *LOT))
    back = decided["returns"][[*LOT, "supplier_id", "trigger"]].merge(
        lots[[*LOT, "is_due", "is_held", "is_superseded", "supplier_of_part"]], on=LOT, how="left"
    )
    # A lot that is not in stock at all is rule 4's concern.
    back = back[back["is_due"].notna()]
    flags = {column: back[column].astype(bool) for column in ("is_due", "is_held", "is_superseded")}
    rules = {
        "a lot returned for its age before its window": (back["trigger"] == "age") & ~flags["is_due"],
        "a lot returned as superseded that is not": (back["trigger"] == "superseded") & ~flags["is_superseded"],
        "a lot returned that an override holds": flags["is_held"],
        "not the part's own supplier": back["supplier_id"] != back["supplier_of_part"],
    }
    for rule, broken in rules.items():
        yield from say("returns", rule, label(back[broken], *LOT))


def _aged_lots(situation: Situation) -> pd.DataFrame:
    """Return available lots with what their age and the overrides say of them tonight."""
    stock = situation.stock
    lots = stock[(stock["status"] == "available") & (numbers(stock["qty"]) > 0)][[*LOT, "received_on", "qty"]]
    parts = situation.parts.set_index("part_id")
    supplier = lots["part_id"].map(parts["supplier_id"])
    window = supplier.map(numbers(situation.suppliers.set_index("supplier_id")["return_window_days"]))
    age_days = (situation.as_of.normalize() - days(lots["received_on"])).dt.days
    return lots.assign(
        supplier_of_part=supplier,
        is_superseded=lots["part_id"].map(parts["successor_id"]).fillna("") != "",
        is_due=age_days >= window.fillna(_DEFAULT_WINDOW_DAYS),
        # An override that ends with as_of may be read either way: it may hold a lot, and need not.
        may_be_held=_held(lots, situation.overrides, situation.as_of.normalize()),
        is_held=_held(lots, situation.overrides, situation.as_of.normalize() + pd.Timedelta(days=1)),
    )


def _held(lots: pd.DataFrame, overrides: pd.DataFrame, day: pd.Timestamp) -> np.ndarray:
    until = days(overrides["until"])
    holding = overrides[(overrides["kind"] == "no_return") & (until.isna() | (until >= day))]
    pairs = pd.MultiIndex.from_frame(holding[["part_id", "warehouse_id"]].astype(object))
    return np.asarray(pd.MultiIndex.from_frame(lots[["part_id", "warehouse_id"]].astype(object)).isin(pairs))


def taken_by_lot(decided: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return units that deliveries, transfers and returns take together; index (warehouse_id, part_id, lot_id)."""
    deliveries = decided["deliveries"]
    taken = [
        deliveries[deliveries["source"] == "warehouse"],
        decided["transfers"].rename(columns={"from_warehouse": "warehouse_id"}),
        decided["returns"],
    ]
    rows = pd.concat([t[[*LOT, "qty"]].astype({"qty": "float64"}) for t in taken])
    keys = [rows[column].astype(object).fillna("") for column in LOT]
    return rows["qty"].groupby(keys).sum()
