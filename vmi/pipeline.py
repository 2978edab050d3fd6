"""Tell which published firm lines are still on their way: what has been ordered and must not be ordered again.

A line leaves the pipeline when its supplier rejects it, when it has become a shipment in ``inbound`` (counted there) or
when its goods have arrived. Being late is no reason: a late line is still coming.
"""

import numpy as np
import pandas as pd

from vmi.frames import OPEN_PLAN_LINES, Frame

FIRM_LINES = OPEN_PLAN_LINES
"""Firm lines as published, one row per publication; ``published_as_of`` the day of the plan."""

INBOUND_SEEN = Frame("inbound_seen", ("line_id", "shipment_id", "line_no", "qty"))
"""Every shipment line that ever answered a plan line, with the most units it was seen with."""

RECEIPTS = Frame("receipts", ("warehouse_id", "part_id", "lot_id", "received_on", "qty", "import_id"))
"""Lots as first seen at a warehouse, and the import that showed them."""

DAYS = {"ship_on": "datetime64[ns]", "due_on": "datetime64[ns]", "published_as_of": "datetime64[ns]"}
PAIR = ["warehouse_id", "part_id"]
SHIPMENT_LINE = ["line_id", "shipment_id", "line_no"]


def open_plan_lines(
    firm_lines: pd.DataFrame,
    confirmations: pd.DataFrame,
    inbound: pd.DataFrame,
    inbound_seen: pd.DataFrame,
    receipts: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Return the firm lines published before ``as_of`` with the units that are neither shipped, received nor cancelled.

    Rules, in this order:

    1. The latest publication of a line states it anew.
    2. The supplier's answer holds: ``reject`` closes the line, ``quantity`` and ``date`` replace what was asked for; a
       new shipping day moves the due day with it.
    3. Units seen in ``inbound`` are counted there, the rest stays open; once a shipment of the line has left
       ``inbound`` again it was received, and the line is closed.
    4. Lots that arrived after the line was published, and that no line of rule 3 explains, serve the open lines of that
       part and warehouse, the one due first before the others. A lot known from another warehouse is a transfer.

    Parameters
    ----------
    firm_lines, inbound_seen, receipts
        FIRM_LINES, INBOUND_SEEN, RECEIPTS.
    confirmations, inbound
        The contract's columns, as the files stand now.
    as_of
        The day whose close is looked at; its own and later plans do not count.

    Returns
    -------
    OPEN_PLAN_LINES with ``qty`` still open, more than zero; sorted by line.
    """
    lines = _stated(FIRM_LINES.check(firm_lines), as_of)
    lines = _answered(lines, confirmations)
    lines = _shipped(lines, inbound, INBOUND_SEEN.check(inbound_seen))
    lines = _received(lines, RECEIPTS.check(receipts))
    is_open = ~lines["closed"] & lines["qty"].gt(0)
    return lines.loc[is_open, list(OPEN_PLAN_LINES.columns)].sort_values("line_id", ignore_index=True)


def _stated(firm_lines: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Keep the latest publication of each line, of plans before ``as_of``."""
    typed = firm_lines[list(FIRM_LINES.columns)].astype({"qty": "int64", **DAYS})
    before = typed.loc[typed["published_as_of"].lt(as_of)]
    latest = before.sort_values(["line_id", "published_as_of"], kind="stable").drop_duplicates("line_id", keep="last")
    return latest.reset_index(drop=True)


def _answered(lines: pd.DataFrame, confirmations: pd.DataFrame) -> pd.DataFrame:
    """Apply the supplier's answers."""
    answers = confirmations.set_index("line_id")[["answer", "confirmed_qty", "confirmed_ship_on"]]
    asked = lines.join(answers, on="line_id")
    asked = asked.loc[asked["answer"].ne("reject")].reset_index(drop=True)
    requantified = asked["answer"].eq("quantity") & asked["confirmed_qty"].notna()
    asked["qty"] = np.where(requantified, asked["confirmed_qty"].astype(float), asked["qty"]).astype(np.int64)
    ship_on = pd.to_datetime(asked["confirmed_ship_on"])
    moved = asked["answer"].isin(["date", "quantity"]) & ship_on.notna()
    transit = asked["due_on"] - asked["ship_on"]
    asked["due_on"] = asked["due_on"].where(~moved, ship_on + transit)
    asked["ship_on"] = asked["ship_on"].where(~moved, ship_on)
    return asked[list(lines.columns)]


def _shipped(lines: pd.DataFrame, inbound: pd.DataFrame, inbound_seen: pd.DataFrame) -> pd.DataFrame:
    """Take off what became shipments; ``closed`` lines keep as ``qty`` what arrived through them."""
    now = _units_by_shipment(inbound.loc[inbound["line_id"].ne("")])
    seen = _units_by_shipment(inbound_seen)
    largest = pd.concat([seen, now]).groupby(level=SHIPMENT_LINE).max()
    shipped = largest.groupby(level="line_id").sum().reindex(lines["line_id"], fill_value=0).to_numpy()
    gone = seen.loc[~seen.index.isin(now.index)]
    arrived = gone.groupby(level="line_id").sum().reindex(lines["line_id"], fill_value=0).to_numpy()
    rest = np.maximum(lines["qty"].to_numpy() - shipped, 0)
    return lines.assign(closed=arrived > 0, qty=np.where(arrived > 0, arrived, rest))


def _units_by_shipment(shipments: pd.DataFrame) -> pd.Series:
    return shipments.astype({"qty": "int64"}).groupby(SHIPMENT_LINE)["qty"].max()


def _received(lines: pd.DataFrame, receipts: pd.DataFrame) -> pd.DataFrame:
    """Let lots that arrived serve lines: closed ones first, then by due day.

    What is outstanding of a part at a warehouse is a queue: a line adds to it when it is published, a lot takes from it
    when it arrives, and never below nothing, for a lot that finds no line came from elsewhere. Its length at the end is
    S(T) − min(0, min S(t)), S the running sum of both (Lindley 1952); those units belong to the lines that are last.
    """
    arrived = _supplied(receipts)
    # A lot of the day a line was published had arrived before it: lots come first within a day.
    events = pd.concat(
        [
            arrived[PAIR].assign(day=arrived["received_on"], order=0, change=-arrived["qty"]),
            lines[PAIR].assign(day=lines["published_as_of"], order=1, change=lines["qty"]),
        ],
        ignore_index=True,
    ).sort_values([*PAIR, "day", "order"], kind="stable", ignore_index=True)
    events["total"] = events.groupby(PAIR)["change"].cumsum()
    ends = events.groupby(PAIR)["total"].agg(["last", "min"])
    outstanding = (ends["last"] - ends["min"].clip(upper=0)).rename("outstanding")
    ordered = lines.sort_values([*PAIR, "closed", "due_on", "line_id"], ascending=[True, True, False, True, True])
    ordered = ordered.join(outstanding, on=PAIR)
    by_pair = ordered.groupby(PAIR)["qty"]
    behind = by_pair.transform("sum") - by_pair.cumsum()
    rest = np.clip(ordered["outstanding"] - behind, 0, ordered["qty"]).astype("int64")
    return ordered.assign(qty=rest)


def _supplied(receipts: pd.DataFrame) -> pd.DataFrame:
    """Return the lots that came from a supplier: seen nowhere else in an earlier import."""
    first = receipts.groupby(["part_id", "lot_id"])["import_id"].transform("min")
    supplied = receipts.loc[receipts["import_id"].eq(first)]
    return supplied.astype({"qty": "int64", "received_on": "datetime64[ns]"})
