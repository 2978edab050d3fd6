"""Placement problems by hand: small, every figure in sight."""

import numpy as np
import pandas as pd

from vmi.placement.problem import PART_COLUMNS, TRUCK_COLUMNS, Arcs, Demand, PlacementProblem, Positions
from vmi.placement.values import SHELF_POINTS

AS_OF = pd.Timestamp("2026-11-20")
PART = {
    "supplier_id": "S1",
    "family": "F1",
    "unit_cost": 100.0,
    "volume_m3": 0.01,
    "weight_kg": 2.0,
    "pack_qty": 1,
    "min_order_qty": 1,
    "hazmat": False,
    "criticality": "B",
    "mean_line_qty": 1.0,
    "same_day_share": 0.1,
    "available_qty": np.inf,
}
TRUCK = {
    "lead_time_days": 5.0,
    "lead_time_sd_days": 1.0,
    "cost_per_shipment": 0.0,
    "cost_per_kg": 0.5,
    "review_days": 7.0,
    "due_day": 6.0,
    "tomorrow_due_day": 7.0,
    "next_due_day": 13.0,
    "return_day": 96.0,
}


def parts(*changes: dict) -> pd.DataFrame:
    rows = [PART | change for change in changes]
    digits = len(str(len(rows) - 1))
    index = pd.Index([f"P{i:0{digits}}" for i in range(len(rows))], name="part_id")
    return pd.DataFrame(rows, index=index)[PART_COLUMNS.split()]


def trucks(suppliers: list[str], warehouses: list[str], **change: float) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([suppliers, warehouses], names=["supplier_id", "warehouse_id"])
    table = pd.DataFrame([TRUCK | change] * len(index), index=index)
    table["ship_on"] = AS_OF + pd.Timedelta(days=1)
    table["due_on"] = AS_OF + pd.to_timedelta(table["due_day"], unit="D")
    return table[TRUCK_COLUMNS.split()]


def arcs(n: int, per_line: float = 15.0) -> Arcs:
    far = 1.0 - np.eye(n)
    return Arcs(np.ones((n, n), dtype=bool), per_line * far, 0.5 * far, 0.1 * far, 0.5 * far, np.full(n, 0.8))


def demand(rate: np.ndarray, table: pd.DataFrame, overdispersion: float = 0.5) -> Demand:
    """Demand of so many units a day, by part and region; variance (1 + overdispersion) times the mean."""
    window = table["return_day"] - table["due_day"]
    shelf = [np.rint(table["due_day"] + s * window) for s in SHELF_POINTS]
    asked = [0.0, *(2.0 + 7 * k for k in range(15)), *(table[c] for c in TRUCK_COLUMNS.split() if c.endswith("_day"))]
    values = np.concatenate([np.atleast_1d(a) for a in [*asked, *shelf]])
    days = np.unique(values[np.isfinite(values)]).astype(np.int64)
    mean = (np.asarray(rate)[:, :, None] * days).round(6)
    return Demand(
        days, mean, (mean * (1 + overdispersion)).round(6), np.full(np.shape(rate), "intermittent", dtype=object)
    )


def positions(shape: tuple[int, int], **units: np.ndarray) -> Positions:
    zero = {name: np.zeros(shape, dtype=np.int64) for name in Positions.__dataclass_fields__}
    return Positions(**(zero | {name: np.asarray(u, dtype=np.int64) for name, u in units.items()}))


def overrides(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["part_id", "warehouse_id", "kind", "value"])


def problem(rate: list[list[float]], changes: list[dict] | None = None, **given: object) -> PlacementProblem:
    """Return a problem with a part per row of ``rate`` and a warehouse per column; ``given`` replaces fields."""
    table = parts(*(changes or [{}] * len(rate)))
    n = len(rate[0])
    names = [f"W{w}" for w in range(n)]
    free = pd.DataFrame({"free_m3": 1e6, "free_hazmat_m3": 1e6}, index=pd.Index(names, name="warehouse_id"))
    lorries = given.pop("trucks", None)
    lorries = trucks(sorted(set(table["supplier_id"])), names) if lorries is None else lorries
    fields = {
        "as_of": AS_OF,
        "parts": table,
        "warehouses": free,
        "trucks": lorries,
        "arcs": arcs(n),
        "positions": positions((len(rate), n)),
        "demand": demand(np.array(rate), lorries),
        "overrides": overrides(),
        "hubs_before": np.zeros((len(rate), n), dtype=bool),
    }
    return PlacementProblem(**(fields | given))
