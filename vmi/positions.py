"""Where every unit of a final part stands tonight: what lies, travels, is owed and leaves, per warehouse."""

import pandas as pd

from vmi.frames import POSITIONS, Situation
from vmi.supersession import Supersession

KEYS = ["part_id", "warehouse_id"]
UNITS = [*KEYS, "qty"]


def inventory_positions(
    situation: Situation,
    supersession: Supersession,
    served: pd.DataFrame,
    waiting: pd.DataFrame,
    leaving: pd.DataFrame,
    arriving: pd.DataFrame,
) -> pd.DataFrame:
    """Return frame ``POSITIONS``, final parts only, sorted.

    Stock of an older part counts for the final one only where it fits; see ``vmi.supersession``.

    Parameters
    ----------
    served
        part_id (picked), warehouse_id, qty: tonight's deliveries out of stock.
    waiting
        part_id (ordered), warehouse_id, qty: open units without stock, at the warehouse that will serve them.
    leaving
        part_id, warehouse_id, qty: returns and transfers out of tonight.
    arriving
        part_id, warehouse_id, qty: transfers in of tonight.
    """
    lots = situation.stock[situation.stock["status"] == "available"]
    on_its_way = pd.concat([situation.inbound[UNITS], situation.open_plan_lines[UNITS], arriving])
    fitting = {"on_hand": lots, "inbound": on_its_way, "outgoing": leaving, "committed": served}
    units = {name: _units(_fitting(frame, supersession), supersession) for name, frame in fitting.items()}
    owed = pd.concat([_fitting(served, supersession), waiting])[UNITS]
    units["backordered"] = _units(owed, supersession)
    table = pd.DataFrame(units).fillna(0).astype("int64").rename_axis(KEYS)
    return table[(table != 0).any(axis=1)].sort_index().reset_index()[list(POSITIONS.columns)]


def _fitting(frame: pd.DataFrame, supersession: Supersession) -> pd.DataFrame:
    """Return the rows whose part may serve orders for the final part of its chain."""
    return frame[supersession.serves_final(frame["part_id"])]


def _units(frame: pd.DataFrame, supersession: Supersession) -> pd.Series:
    rows = frame[UNITS].assign(part_id=supersession.to_final(frame["part_id"]))
    return rows.groupby(KEYS)["qty"].sum()


def holdings(situation: Situation, served: pd.DataFrame, leaving: pd.DataFrame, arriving: pd.DataFrame) -> pd.DataFrame:
    """Return part_id, warehouse_id, qty of all that takes room: lots of every status and inbound, less what leaves."""
    gone = pd.concat([served[UNITS], leaving[UNITS]])
    there = [
        situation.stock[UNITS],
        situation.inbound[UNITS],
        situation.open_plan_lines[UNITS],
        arriving[UNITS],
    ]
    return pd.concat([*there, gone.assign(qty=-gone["qty"])], ignore_index=True)


def lots_left(stock: pd.DataFrame, served: pd.DataFrame) -> pd.DataFrame:
    """Return the available lots with what tonight's deliveries leave of them, empty ones left out."""
    key = ["warehouse_id", "part_id", "lot_id"]
    lots = stock.loc[stock["status"] == "available", [*key, "received_on", "qty"]]
    taken = served.groupby(key)["qty"].sum().rename("taken")
    left = lots["qty"] - lots.join(taken, on=key)["taken"].fillna(0)
    return lots.assign(qty=left.astype("int64")).loc[left > 0].reset_index(drop=True)
