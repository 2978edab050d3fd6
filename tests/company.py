"""A company of two parts and one warehouse, as ingest would hand it to the store; tests change what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Engine

from vmi.store.load import apply_intake

SHANGHAI = "Asia/Shanghai"
IMPORTED_AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    """A file of an intake."""

    frame: pd.DataFrame
    rows_read: int
    imported: int
    rejected: int
    sha256: str = "0" * 64
    encoding: str = "utf-8"
    path: str = "file.csv"


@dataclass(frozen=True)
class Intake:
    """A folder as ingest hands it over."""

    tables: Mapping[str, File]
    rejects: pd.DataFrame


def rejects(*rows: tuple[str, int, str]) -> pd.DataFrame:
    """Return rejected rows as ingest gives them, from (file, line, rule)."""
    found = pd.DataFrame(list(rows), columns=["file", "line", "rule"])
    return found.assign(column="qty", value="3.5", mend="write a whole number")


def imported(
    engine: Engine,
    frames: Mapping[str, pd.DataFrame],
    at: datetime = IMPORTED_AT,
    rejected: int = 0,
    left_out: pd.DataFrame | None = None,
) -> int:
    """Load frames by file name in one transaction and return the import's number."""
    files = {n: File(f, len(f) + rejected, len(f), rejected, path=f"{n}.csv") for n, f in frames.items()}
    with engine.begin() as connection:
        return apply_intake(connection, Intake(files, rejects() if left_out is None else left_out), at)


def moments(*texts: str | None) -> pd.DatetimeIndex:
    """Return moments in the planning zone."""
    return pd.to_datetime(list(texts), utc=True, format="ISO8601").tz_convert(SHANGHAI)


def order(order_id: str, **changed: object) -> pd.DataFrame:
    """Return one order line; moments are given as text."""
    line: dict[str, object] = {
        "order_id": order_id,
        "line_no": 1,
        "ordered_at": "2026-11-20T10:00+08:00",
        "centre_id": "C1",
        "part_id": "P1",
        "qty": 1,
        "service": "standard",
        "status": "open",
        "warehouse_id": "",
        "shipped_at": None,
        "delivered_at": None,
        "first_promise": None,
    }
    line |= changed
    times = {n: moments(line[n]) for n in ("ordered_at", "shipped_at", "delivered_at", "first_promise")}
    return pd.DataFrame({**{k: [v] for k, v in line.items()}, **times})


def company(successors: Mapping[str, str] | None = None) -> dict[str, pd.DataFrame]:
    """Return the files of a first import."""
    parts = pd.DataFrame({"part_id": ["P1", "P2"], "supplier_id": "S1", "unit_cost": [10.0, 20.0], "family": "brakes"})
    lane = {"warehouse_id": "W1", "city": "Hangzhou", "cut_off": "17:00", "cost_per_shipment": 12.0, "cost_per_kg": 0.9}
    lot = {"warehouse_id": "W1", "received_on": pd.Timestamp("2026-10-01"), "status": "available"}
    return {
        "suppliers": pd.DataFrame({"supplier_id": ["S1"], "name": "供应商一"}),
        "parts": parts.assign(successor_id=parts["part_id"].map(successors or {}).fillna("")),
        "warehouses": pd.DataFrame({"warehouse_id": ["W1"], "city": "Hangzhou", "capacity_m3": 100.0}),
        "centres": pd.DataFrame({"centre_id": ["C1"], "city": "Hangzhou", "kind": "direct"}),
        "lanes": pd.DataFrame(
            [
                {**lane, "service": "standard", "transit_hours": 10.0},
                {**lane, "service": "same_day", "transit_hours": 3.0},
            ]
        ),
        "supply": pd.DataFrame({"supplier_id": ["S1"], "warehouse_id": "W1", "lead_time_days": 10.0}),
        "stock": pd.DataFrame(
            [{**lot, "part_id": "P1", "lot_id": "L1", "qty": 5}, {**lot, "part_id": "P2", "lot_id": "L2", "qty": 7}]
        ),
        "orders": order("O1"),
    }
