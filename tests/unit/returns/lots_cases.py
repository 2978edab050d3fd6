"""Problems of returns by hand: three warehouses, one part, every figure in sight."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import LotDecisions, ReturnsProblem
from vmi.returns.settle import choose_transfers, settle_lots
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


ROOM = pd.DataFrame({"free_m3": 10.0, "free_hazmat_m3": 0.0}, index=pd.Index(list(CITIES)))


@dataclass(frozen=True)
class Told:
    """A worth by hand: ``each`` [CNY] is what every unit of a part saves from one warehouse to another."""

    each: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    room: pd.DataFrame = field(default_factory=ROOM.copy)
    price: Mapping[str, float] = field(default_factory=dict)
    protect: float = 0.0
    crammed: tuple[str, ...] = ()

    @property
    def frees(self) -> pd.DataFrame:
        return self.space.astype(bool) & ~self.room.index.isin(self.crammed)[:, None]

    @property
    def space(self) -> pd.DataFrame:
        prices = [self.price.get(warehouse, 0.0) for warehouse in self.room.index]
        return pd.DataFrame({"m3": prices, "hazmat_m3": 0.0}, index=self.room.index)

    def protection_days(self, parts: pd.Series, warehouses: pd.Series) -> np.ndarray:
        return np.full(len(parts), self.protect)

    def most(self, parts: pd.Series) -> np.ndarray:
        return np.full(len(parts), 1e6 if self.each else 0.0)

    def units(self, moves: pd.DataFrame, count: np.ndarray, needed: np.ndarray) -> np.ndarray:
        keys = zip(moves["part_id"], moves["warehouse_id"], moves["to_warehouse"], strict=True)
        each = np.array([self.each.get(key, 0.0) for key in keys])
        return each[:, None] * (np.arange(int(count.max(initial=0))) < np.asarray(count)[:, None])


def decide(given: ReturnsProblem, parameters: ReturnParameters, worth: Told | None = None) -> LotDecisions:
    """Return what goes back and what moves, by the lots alone unless a worth is told."""
    settled = settle_lots(given, parameters)
    told = worth or Told()
    found = choose_transfers(settled, told, told.frees, parameters)
    return LotDecisions(settled.returns, found.lines, found.cost)


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
