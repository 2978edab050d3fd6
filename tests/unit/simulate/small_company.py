"""A company for tests: two warehouses, three suppliers, six parts, ten weeks of orders; tests change their frames."""

from typing import Any

import numpy as np
import pandas as pd

from vmi.contract import INPUT
from vmi.frames import LANE_TIMES, OPEN_ORDERS, OPEN_PLAN_LINES, Situation
from vmi.simulate.company import ORDERS_TO_COME, Company

EVE = pd.Timestamp("2026-09-20")
ZONE = "Asia/Shanghai"
CITIES = {"W1": "Hefei", "W2": "Wuhan"}


def table(name: str, rows: list[dict[str, Any]], **types: str) -> pd.DataFrame:
    """Return rows as the contract's file ``name``; what a row leaves out has the column's default, or is unknown."""
    columns = INPUT[name].columns
    defaults = {c.name: "" if c.kind in ("id", "text") else c.default for c in columns}
    frame = pd.DataFrame([defaults | row for row in rows], columns=[c.name for c in columns])
    days = {c.name: "datetime64[ns]" for c in columns if c.kind == "date"}
    return frame.astype(days | types)


def order_lines(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    """Return ORDERS_TO_COME from (order_id, ordered_at, centre_id, part_id, qty)."""
    frame = pd.DataFrame(rows, columns=["order_id", "ordered_at", "centre_id", "part_id", "qty"])
    moment = pd.to_datetime(frame["ordered_at"]).dt.tz_localize(ZONE)
    lines = frame.assign(ordered_at=moment, line_no=1, service="standard").astype({"line_no": "int64"})
    return lines[list(ORDERS_TO_COME.columns)]


def parts(**changed: dict[str, Any]) -> pd.DataFrame:
    """Return parts P1 to P6 of suppliers S1 to S3; ``changed`` by part_id."""
    known = {f"P{i}": {"supplier_id": f"S{(i + 1) // 2}"} for i in range(1, 7)}
    usual = {"family": "brakes", "unit_cost": 100.0, "unit_price": 150.0, "volume_l": 10.0, "weight_kg": 1.0}
    rows = [usual | {"part_id": p} | row | changed.get(p, {}) for p, row in known.items()]
    return table("parts", rows, pack_qty="int64", min_order_qty="int64", unit_cost="float64")


def usage(days: int = 70) -> pd.DataFrame:
    """Return a line a day at centre C1 of a part in turn, and one at C2 every third day; same-day at C1 on Mondays."""
    when = pd.date_range(EVE - pd.Timedelta(days=days - 1), EVE)
    turn = np.array([f"P{1 + i % 6}" for i in range(days)], dtype=object)
    monday = np.where(when.dayofweek == 0, "same_day", "standard").astype(object)
    one = pd.DataFrame({"part_id": turn, "centre_id": "C1", "day": when, "service": monday, "qty": 2, "lines": 1})
    two = one[::3].assign(centre_id="C2", service="standard", qty=4)
    return pd.concat([one, two]).sort_values(["part_id", "centre_id", "day"], ignore_index=True)


def opening(**frames: pd.DataFrame) -> Situation:
    """Return the situation at the close of EVE; ``frames`` replace its own."""
    lanes = [
        {"warehouse_id": w, "city": c, "service": "standard", "transit_hours": 8.0 if CITIES[w] == c else 30.0}
        for w in CITIES
        for c in CITIES.values()
    ]
    lanes.append({"warehouse_id": "W1", "city": "Hefei", "service": "same_day", "transit_hours": 3.0})
    money = {"cost_per_shipment": 40.0, "cost_per_kg": 1.0}
    supplies = [
        {"supplier_id": s, "warehouse_id": w, "lead_time_days": 7.0} for s in ("S1", "S2", "S3") for w in CITIES
    ]
    room = {"capacity_m3": 10.0, "hazmat_capacity_m3": 1.0, "outbound_lines_per_day": 20.0}
    lots = [
        {"warehouse_id": w, "part_id": f"P{i}", "lot_id": f"L{i}{w}", "received_on": EVE, "qty": 3}
        for w in CITIES
        for i in range(1, 7)
    ]
    nothing = {name: table(name, []) for name in ("closures", "availability", "weather", "vehicles", "fitments")}
    usual: dict[str, pd.DataFrame] = {
        "suppliers": table("suppliers", [{"supplier_id": s} for s in ("S1", "S2", "S3")]),
        "parts": parts(),
        "warehouses": table("warehouses", [{"warehouse_id": w, "city": c} | room for w, c in CITIES.items()]),
        "centres": table("centres", [{"centre_id": "C1", "city": "Hefei"}, {"centre_id": "C2", "city": "Wuhan"}]),
        "lanes": table("lanes", [lane | money for lane in lanes]),
        "supply": table("supply", [s | money | {"lead_time_sd_days": 1.0} for s in supplies]),
        "stock": table("stock", lots, qty="int64"),
        "inbound": table("inbound", [], qty="int64"),
        "overrides": table("overrides", []),
        "usage": usage(),
        "open_orders": OPEN_ORDERS.empty(),
        "lane_times": LANE_TIMES.empty(),
        "open_plan_lines": OPEN_PLAN_LINES.empty(),
    }
    return Situation(as_of=EVE, timezone=ZONE, **(usual | nothing | frames))


def company(**frames: pd.DataFrame) -> Company:
    """Return the company with an order for every part on each of the ten days after EVE."""
    days = pd.date_range(EVE + pd.Timedelta(days=1), periods=10)
    rows = [(f"O{d:%m%d}{i}", f"{d:%Y-%m-%d}T10:0{i}", "C1", f"P{i}", i) for d in days for i in range(1, 7)]
    return Company(opening(**frames), order_lines(*rows))
