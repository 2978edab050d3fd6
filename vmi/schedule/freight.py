"""What a shipment costs, shared among the lines that travel in it."""

import hashlib

import numpy as np
import pandas as pd

from vmi.schedule.menu import SHIPMENT


def shipment_ids(rows: pd.DataFrame) -> pd.Series:
    """Return a stable id per row: the hash of warehouse, centre, ship time and service; empty without a warehouse."""
    served = rows["warehouse_id"] != ""
    moment = rows["ship_at"].dt.strftime("%Y-%m-%dT%H:%M").fillna("")
    key = rows["warehouse_id"] + "|" + rows["centre_id"] + "|" + moment + "|" + rows["service"]
    names = {k: "SH-" + hashlib.sha256(k.encode()).hexdigest()[:16] for k in key[served].unique()}
    return key.map(names).where(served, "").fillna("").astype(object)


def share_freight(rows: pd.DataFrame, lanes: pd.DataFrame, premium_rate: float) -> pd.DataFrame:
    """Return columns cost and surcharge [CNY, whole fen], index as ``rows``, summing to each shipment's.

    A shipment costs ``cost_per_shipment`` once and ``cost_per_kg`` by weight. Each row pays by weight, by pieces where
    nothing in the shipment has a weight. The surcharge is the part of the cost that same-day adds over the warehouse's
    standard lane to the city, or ``premium_rate`` over standard where it has none; it is contained in the cost.

    Parameters
    ----------
    rows
        Columns of ``SHIPMENT``, city, qty, weight_kg (of a unit), fixed_cost, cost_per_kg; rows without a warehouse
        cost nothing.
    """
    out = pd.DataFrame({"cost": 0.0, "surcharge": 0.0}, index=rows.index)
    sent = rows[rows["warehouse_id"] != ""].copy()
    if not len(sent):
        return out
    sent["kg"] = sent["weight_kg"] * sent["qty"]
    sent["number"] = sent.groupby(SHIPMENT, sort=True).ngroup()
    weighed = sent.groupby("number")["kg"].transform("sum") > 0
    sent["share"] = sent["kg"].where(weighed, sent["qty"].astype(float))
    shipments = sent.drop_duplicates("number").set_index("number").sort_index()
    total = sent.groupby("number")[["kg", "share"]].sum()
    total["fixed"], total["rate"] = shipments["fixed_cost"], shipments["cost_per_kg"]
    total["cost"] = total["fixed"] + total["rate"] * total["kg"]
    total["surcharge"] = _premium(shipments, total, lanes, premium_rate)
    for column in ("cost", "surcharge"):
        out.loc[sent.index, column] = _split(sent, total[column].round(2), total["share"])
    return out


def _premium(shipments: pd.DataFrame, total: pd.DataFrame, lanes: pd.DataFrame, premium_rate: float) -> pd.Series:
    """Return the part of each shipment's cost that same-day adds."""
    standard = lanes[lanes["service"] == "standard"].set_index(["warehouse_id", "city"])
    usual = standard[["cost_per_shipment", "cost_per_kg"]].reindex(
        pd.MultiIndex.from_frame(shipments[["warehouse_id", "city"]])
    )
    fixed, rate = usual["cost_per_shipment"].to_numpy(dtype=float), usual["cost_per_kg"].to_numpy(dtype=float)
    cost = total["cost"].to_numpy(dtype=float)
    unknown = cost * premium_rate / (1 + premium_rate)
    more = np.where(np.isnan(fixed), unknown, np.maximum(cost - fixed - rate * total["kg"].to_numpy(), 0.0))
    return pd.Series(np.where(shipments["service"] == "same_day", more, 0.0), index=total.index)


def _split(sent: pd.DataFrame, total: pd.Series, share: pd.Series) -> pd.Series:
    """Return each row's part of its shipment's total in whole fen, exactly adding up: differences of rounded sums."""
    order = sent.sort_values(["number", "line", "part_id", "lot_id"], kind="stable")
    reached = order.groupby("number")["share"].cumsum() / order["number"].map(share)
    fen = (reached * order["number"].map(total) * 100).round()
    before = fen.groupby(order["number"]).shift(1).fillna(0.0)
    return ((fen - before) / 100).round(2)
