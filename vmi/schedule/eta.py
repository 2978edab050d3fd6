"""Report arrivals as a service centre reads them: one row per open order line."""

import numpy as np
import pandas as pd

from vmi.contract import OUTPUT

ETA_COLUMNS = ["centre_id", *OUTPUT["eta"].columns]
STATUS = {"warehouse": "scheduled", "inbound": "backordered", "supplier": "backordered", "none": "open"}
"""What a centre is told: leaving from stock, waiting for supply, or not planned yet."""
WORST = ["warehouse", "inbound", "supplier", "none"]


def eta_reports(deliveries: pd.DataFrame, open_orders: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Return one row per open order line: centre_id and the contract's columns, sorted.

    A line in several pieces is there when its last piece is: that piece gives source, warehouse and supplied part, and
    without a source for any piece there is no ETA. ``part_id`` is what was ordered.
    """
    key = ["order_id", "line_no"]
    rank = deliveries["source"].map({source: place for place, source in enumerate(WORST)})
    rows = deliveries.assign(open_end=deliveries["source"] == "none", source_rank=rank)
    rows = rows.sort_values([*key, "open_end", "eta", "source_rank", "warehouse_id", "part_id", "lot_id"])
    last = rows.drop_duplicates(key, keep="last").drop(columns=["qty", "service"])
    flags = rows[key].assign(
        slow=rows["eta_p90"], late=rows["on_time"].ne("Y"), provisional_any=rows["provisional"].eq("Y"), pieces=1
    )
    by_line = flags.groupby(key, sort=True)
    pieces = by_line[["slow", "late", "provisional_any"]].max().join(by_line["pieces"].sum())
    pieces = pieces.assign(
        on_time_all=np.where(pieces["late"], "N", "Y"),
        provisional_any=np.where(pieces["provisional_any"], "Y", "N"),
    )
    last = (
        last.join(pieces, on=key)
        .drop(columns=["centre_id", "first_promise"], errors="ignore")
        .join(rows.drop_duplicates(key).set_index(key)["first_promise"], on=key)
    )
    lines = open_orders[[*key, "ordered_at", "centre_id", "part_id", "qty", "service"]]
    table = lines.merge(last.rename(columns={"part_id": "supplied_part_id"}), on=key, validate="1:1")
    return _columns(table, parts)


def _columns(table: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    name = table["part_id"].map(parts.set_index("part_id")["name"]).fillna("")
    split = np.where(table["pieces"] > 1, "Comes in " + table["pieces"].astype(str) + " pieces. ", "")
    table = table.assign(
        part_name=name,
        status=table["source"].map(STATUS),
        supplied_part_id=table["supplied_part_id"].where(table["source"] != "none", ""),
        eta_p50=table["eta"],
        eta_p90=table["slow"].where(table["eta"].notna()),
        on_time=table["on_time_all"],
        provisional=table["provisional_any"],
        reason=(pd.Series(split, index=table.index) + table["reason"]).str.strip(),
    )
    return table.sort_values(["centre_id", "order_id", "line_no"], ignore_index=True)[ETA_COLUMNS]
