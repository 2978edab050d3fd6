"""Lots on shelves: what arrives is laid down, what leaves is taken off, and nobody takes more than lies there."""

import numpy as np
import pandas as pd

LOT = ["warehouse_id", "part_id", "lot_id"]
STOCK = [*LOT, "received_on", "qty", "status"]


class NotThere(ValueError):
    """More was asked for than lies there; the message names part, warehouse and lot."""


def laid_down(stock: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """Return the stock with what arrived, columns ``STOCK``; units of a lot that lies there already join it."""
    if arrived.empty:
        return stock
    both = pd.concat([stock, arrived[STOCK]], ignore_index=True)
    joined = both.groupby([*LOT, "status"], as_index=False, sort=True).agg({"received_on": "min", "qty": "sum"})
    return joined[STOCK]


def taken_off(stock: pd.DataFrame, taken: pd.DataFrame, status: str = "available") -> pd.DataFrame:
    """Return the stock without the units taken, columns of ``LOT`` and qty; empty lots are gone.

    Raises
    ------
    NotThere
        A lot of that status holds less than is taken from it.
    """
    if taken.empty:
        return stock
    asked = taken.groupby(LOT)["qty"].sum()
    rows = np.flatnonzero(stock["lot_id"].isin(taken["lot_id"]) & stock["status"].eq(status))
    lots = stock.iloc[rows].set_index(LOT)["qty"]
    held = lots.reindex(asked.index).fillna(0)
    short = asked[asked > held]
    if len(short):
        (warehouse, part, lot), units = short.index[0], int(short.iloc[0])
        there = int(held[short.index[0]])
        raise NotThere(f"{units} units of part {part} are asked for at {warehouse}, lot {lot}; {there} lie there")
    qty = stock["qty"].to_numpy(dtype="int64").copy()
    qty[rows] -= asked.reindex(lots.index).fillna(0).to_numpy(dtype="int64")
    return stock.assign(qty=qty)[qty > 0].reset_index(drop=True)


def set_aside(stock: pd.DataFrame, leaving: pd.DataFrame) -> pd.DataFrame:
    """Return the stock with the units that will leave marked ``returning``: they lie there and serve nobody."""
    if leaving.empty:
        return stock
    moved = leaving.groupby(LOT)["qty"].sum().reset_index()
    received = stock[stock["status"].eq("available")].set_index(LOT)["received_on"]
    marked = moved.assign(status="returning")
    marked["received_on"] = received.reindex(pd.MultiIndex.from_frame(moved[LOT])).to_numpy()
    return laid_down(taken_off(stock, moved), marked)


def units(stock: pd.DataFrame) -> pd.Series:
    """Return units by (part_id, warehouse_id), lots of every status."""
    return stock.groupby(["part_id", "warehouse_id"])["qty"].sum()
