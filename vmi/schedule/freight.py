"""What a shipment costs, shared among the lines that travel in it."""

import hashlib

import numpy as np
import pandas as pd

from vmi.schedule.grouping import Numbers, Whole, numbered
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
    sent = rows[rows["warehouse_id"] != ""]
    if not len(sent):
        return out
    number = numbered(*(sent[column] for column in SHIPMENT))
    kg = (sent["weight_kg"] * sent["qty"]).to_numpy(dtype=np.float64)
    weighed = np.bincount(number, kg) > 0
    share = np.where(weighed[number], kg, sent["qty"].to_numpy(dtype=np.float64))
    total = pd.DataFrame({"kg": kg, "share": share}).groupby(number).sum()
    shipments = sent.iloc[np.unique(number, return_index=True)[1]]
    cost = shipments["fixed_cost"].to_numpy() + shipments["cost_per_kg"].to_numpy() * total["kg"].to_numpy()
    surcharge = _premium(shipments.assign(kg=total["kg"].to_numpy(), cost=cost), lanes, premium_rate)
    pieces = sent[["line", "part_id", "lot_id"]].assign(number=number, share=share)
    order = pieces.iloc[np.lexsort([pieces[key] for key in ("lot_id", "part_id", "line", "number")])]
    number = order["number"].to_numpy()
    reached = order.groupby("number")["share"].cumsum() / total["share"].to_numpy()[number]
    out.loc[order.index, "cost"] = _split(reached, number, cost)
    out.loc[order.index, "surcharge"] = _split(reached, number, surcharge)
    return out


def _premium(shipments: pd.DataFrame, lanes: pd.DataFrame, premium_rate: float) -> Numbers:
    """Return the part of each shipment's cost that same-day adds."""
    found = np.zeros(len(shipments))
    today = (shipments["service"] == "same_day").to_numpy(dtype=bool)
    standard = lanes[lanes["service"] == "standard"].rename(columns={"cost_per_kg": "usual_per_kg"})
    standard = standard[["warehouse_id", "city", "cost_per_shipment", "usual_per_kg"]]
    sent = shipments.loc[today, ["warehouse_id", "city", "kg", "cost"]]
    sent = sent.merge(standard, on=["warehouse_id", "city"], how="left")
    fixed, rate = sent["cost_per_shipment"].to_numpy(dtype=float), sent["usual_per_kg"].to_numpy(dtype=float)
    cost = sent["cost"].to_numpy(dtype=float)
    unknown = cost * premium_rate / (1 + premium_rate)
    more = np.maximum(cost - fixed - rate * sent["kg"].to_numpy(dtype=float), 0.0)
    found[today] = np.where(np.isnan(fixed), unknown, more)
    return found


def _split(reached: pd.Series, number: Whole, total: Numbers) -> pd.Series:
    """Return each row's part of its shipment's total in whole fen, exactly adding up: differences of rounded sums.

    ``reached`` is the share of the shipment up to each row, rows of a shipment following each other.
    """
    fen = (reached * np.round(total, 2)[number] * 100).round()
    before = np.where(np.diff(number, prepend=-1) > 0, 0.0, fen.shift(1))
    return ((fen - before) / 100).round(2)
