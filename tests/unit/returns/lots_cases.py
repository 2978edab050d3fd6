"""Problems of returns by hand: three warehouses, one part, every figure in sight."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vmi.returns.problem import ReturnsProblem
from vmi.supersession import resolve
from vmi.workdays import WorkDays

AS_OF = pd.Timestamp("2026-11-20")
CITIES = {"FW01": "Wuhan", "FW02": "Chengdu", "FW03": "Xian"}


def part(part_id: str, **changes: object) -> dict[str, object]:
    return {
        "part_id": part_id,
        "supplier_id": "S1",
        "unit_cost": 1000.0,
        "volume_l": 10.0,
        "weight_kg": 2.0,
        "hazmat": "N",
        "successor_id": "",
    } | changes


def lot(warehouse: str, part_id: str, lot_id: str, age_days: int, qty: int) -> tuple[object, ...]:
    return (warehouse, part_id, lot_id, AS_OF - pd.Timedelta(days=age_days), qty)


def lane(origin: str, target: str, per_shipment: float = 20.0) -> tuple[object, ...]:
    return (origin, CITIES[target], "standard", 30.0, per_shipment, 1.0)


def closure(scope: str, owner: str, first: str, last: str) -> tuple[object, ...]:
    return (scope, owner, pd.Timestamp(first), pd.Timestamp(last))


def problem(
    lots: list[tuple[object, ...]],
    per_day: Mapping[tuple[str, str], float] | None = None,
    parts: list[dict[str, object]] | None = None,
    spread: float = 1.0,
    **changes: object,
) -> ReturnsProblem:
    """Return a problem; ``per_day`` is the demand by (part, warehouse), ``spread`` its variance over its mean."""
    frame = pd.DataFrame(parts or [part("P1")])
    known = sorted(per_day or {})
    rate = np.array([(per_day or {})[key] for key in known], dtype=np.float64)
    given: dict[str, object] = {
        "as_of": AS_OF,
        "lots": pd.DataFrame(lots, columns=["warehouse_id", "part_id", "lot_id", "received_on", "qty"]).astype(
            {"received_on": "datetime64[ns]"}
        ),
        "parts": frame,
        "suppliers": pd.DataFrame({"supplier_id": ["S1"], "return_window_days": [90]}),
        "warehouses": pd.DataFrame({"warehouse_id": list(CITIES), "city": list(CITIES.values())}),
        "lanes": lanes(lane("FW01", "FW02"), lane("FW01", "FW03")),
        "overrides": overrides(),
        "supersession": resolve(frame),
        "workdays": WorkDays(pd.DataFrame([], columns=["scope", "id", "from", "to"])),
        "pairs": pd.DataFrame(known, columns=["part_id", "warehouse_id"]),
        "window": lambda start, stop: (rate * (stop - start), rate * (stop - start) * spread),
        "waiting": units([]),
        "recent_usage": pd.DataFrame({"part_id": [], "day": pd.to_datetime([]), "qty": []}),
        "open_parts": pd.Index([], dtype=object),
        "moved_lots": pd.DataFrame({"part_id": [], "lot_id": []}),
        "free": pd.DataFrame({"free_m3": 10.0, "free_hazmat_m3": 0.0}, index=pd.Index(list(CITIES))),
        "horizon_days": 150,
    }
    return ReturnsProblem(**(given | changes))  # type: ignore[arg-type]


def lanes(*rows: tuple[object, ...]) -> pd.DataFrame:
    columns = ["warehouse_id", "city", "service", "transit_hours", "cost_per_shipment", "cost_per_kg"]
    return pd.DataFrame(list(rows), columns=columns)


def overrides(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Return overrides from (part, warehouse, kind, until)."""
    frame = pd.DataFrame(list(rows), columns=["part_id", "warehouse_id", "kind", "until"])
    return frame.assign(until=pd.to_datetime(frame["until"]))


def units(rows: list[tuple[str, str, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["part_id", "warehouse_id", "qty"])
