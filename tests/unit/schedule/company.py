"""A company small enough to reckon by hand: two warehouses, two cities, standard and same-day lanes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.problem import DispatchProblem
from vmi.supersession import resolve
from vmi.workdays import WorkDays

ZONE = "Asia/Shanghai"
PARAMETERS = ScheduleParameters()


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE)


def orders(*lines: tuple, first_promise: str | None = None) -> pd.DataFrame:
    """Rows of (order_id, ordered_at, centre_id, part_id, qty, service)."""
    names = ["order_id", "ordered_at", "centre_id", "part_id", "qty", "service"]
    table = pd.DataFrame(list(lines), columns=names).assign(line_no=1, status="open")
    table["ordered_at"] = pd.to_datetime(table["ordered_at"]).dt.tz_localize(ZONE)
    promise = pd.Series([pd.NaT if first_promise is None else pd.Timestamp(first_promise)] * len(table))
    return table.assign(first_promise=pd.to_datetime(promise).dt.tz_localize(ZONE), qty=table["qty"].astype(np.int64))


def stock(*lots: tuple) -> pd.DataFrame:
    """Rows of (warehouse_id, part_id, lot_id, received_on, qty)."""
    table = pd.DataFrame(list(lots), columns=["warehouse_id", "part_id", "lot_id", "received_on", "qty"])
    return table.assign(
        received_on=pd.to_datetime(table["received_on"]), qty=table["qty"].astype(np.int64), status="available"
    )


def lanes(*extra: tuple) -> pd.DataFrame:
    rows = [
        ("HZ", "Hangzhou", "standard", 10.0, "18:00", 12.0, 1.0),
        ("HZ", "Shanghai", "standard", 14.0, "18:00", 15.0, 1.0),
        ("HZ", "Hangzhou", "same_day", 3.0, "13:00", 150.0, 2.0),
        ("GZ", "Hangzhou", "standard", 40.0, "18:00", 30.0, 2.0),
        ("GZ", "Guangzhou", "standard", 8.0, "18:00", 12.0, 1.0),
    ]
    names = ["warehouse_id", "city", "service", "transit_hours", "cut_off", "cost_per_shipment", "cost_per_kg"]
    return pd.DataFrame([*rows, *extra], columns=names)


def parts(*rows: tuple) -> pd.DataFrame:
    """Rows of (part_id, criticality, weight_kg, successor_id)."""
    table = pd.DataFrame(list(rows), columns=["part_id", "criticality", "weight_kg", "successor_id"])
    return table.assign(name="brake pad " + table["part_id"])


def closures(*rows: tuple) -> WorkDays:
    """Rows of (scope, id, from, to)."""
    table = pd.DataFrame(list(rows), columns=["scope", "id", "from", "to"])
    return WorkDays(table.assign(**{c: pd.to_datetime(table[c]) for c in ("from", "to")}))


def problem(open_orders: pd.DataFrame, lots: pd.DataFrame, **changed: Any) -> DispatchProblem:
    """Monday 9 November 2026, 09:00; two centres in Hangzhou, one each in Shanghai, Guangzhou and Lhasa (no lane)."""
    catalogue = parts(("P1", "B", 1.0, ""), ("P2", "B", 1.0, ""), ("A1", "A", 1.0, ""), ("C1", "C", 1.0, ""))
    sites = pd.DataFrame(
        {"warehouse_id": ["HZ", "GZ"], "city": ["Hangzhou", "Guangzhou"], "outbound_lines_per_day": np.nan}
    )
    centres = pd.DataFrame(
        {
            "centre_id": ["H1", "H2", "S1", "G1", "L1"],
            "city": ["Hangzhou", "Hangzhou", "Shanghai", "Guangzhou", "Lhasa"],
        }
    )
    weather = pd.DataFrame({"city": [], "from": [], "to": [], "transit_delay_hours": []})
    late = pd.DataFrame({"warehouse_id": [], "city": [], "service": [], "late_hours": []}).astype({"late_hours": float})
    made = DispatchProblem(
        open_orders, lots, catalogue, sites, centres, lanes(), resolve(catalogue), closures(), weather, late,
        moment("2026-11-09T09:00"),
    )  # fmt: skip
    if "parts" in changed and "supersession" not in changed:
        changed["supersession"] = resolve(changed["parts"], changed.pop("fitments", None))
    return replace(made, **changed)


def with_picks(made: DispatchProblem, **limits: int) -> DispatchProblem:
    """Let a warehouse pick only so many lines a day."""
    limit = made.warehouses["warehouse_id"].map(limits).astype(float)
    return replace(made, warehouses=made.warehouses.assign(outbound_lines_per_day=limit))


def supply(*rows: tuple) -> pd.DataFrame:
    """Rows of (part_id, warehouse_id, qty, eta_on, kind)."""
    table = pd.DataFrame(list(rows), columns=["part_id", "warehouse_id", "qty", "eta_on", "kind"])
    return table.assign(eta_on=pd.to_datetime(table["eta_on"]))
