"""Two warehouses, two cities, one supplier, a part that sells a unit a day at W1; tests change what they are about."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd

from vmi.config import Config
from vmi.frames import OPEN_ORDERS, OPEN_PLAN_LINES, Frame, Situation
from vmi.planning import decide_wave, open_night
from vmi.schedule.problem import first_wave
from vmi.simulate.company import ORDERS_TO_COME
from vmi.simulate.policies import make_policy
from vmi.simulate.policy import Decisions, Policy, View

ZONE = "Asia/Shanghai"
MOMENT = f"datetime64[ns, {ZONE}]"
AS_OF = pd.Timestamp("2026-11-20")
CONFIG = Config()
NO_ORDERS = ORDERS_TO_COME.empty()
INBOUND = "shipment_id line_no kind part_id from_id warehouse_id qty shipped_on eta_on line_id received_on"


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def days_ago(*numbers: int) -> list[pd.Timestamp]:
    return [AS_OF - pd.Timedelta(days=n) for n in numbers]


def _empty(columns: str | Frame) -> pd.DataFrame:
    names = columns.split() if isinstance(columns, str) else list(columns.columns)
    whole = {"qty": "int64", "available_qty": "int64", "value": "float64", "line_no": "int64", "left": "int64"}
    times = {n: "datetime64[ns]" for n in names if n.endswith("_on") or n in ("from", "to", "until", "published_as_of")}
    return pd.DataFrame({n: pd.Series(dtype=(whole | times).get(n, "object")) for n in names})


def part(part_id: str, **changed: object) -> dict[str, object]:
    row: dict[str, object] = {"part_id": part_id, "supplier_id": "S1", "family": "brakes", "unit_cost": 100.0}
    row |= {"unit_price": 150.0, "volume_l": 10.0, "weight_kg": 1.0, "pack_qty": 1, "min_order_qty": 1, "hazmat": "N"}
    row |= {"criticality": "B", "introduced_on": pd.NaT, "successor_id": "", "name": part_id}
    return row | changed


def parts(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).astype({"introduced_on": "datetime64[ns]"})


def sold(part_id: str, centre_id: str, days: list[pd.Timestamp], qty: int = 1) -> pd.DataFrame:
    rows = {"part_id": part_id, "centre_id": centre_id, "day": days, "service": "standard", "qty": qty, "lines": 1}
    return pd.DataFrame(rows)


def a_unit_a_day(part_id: str = "P1", centre_id: str = "C1") -> pd.DataFrame:
    """Five units every fifth day of a year: mean 1, variance (73 · 25 - 365) / 364 = 4.011 a day."""
    return sold(part_id, centre_id, days_ago(*(4 + 5 * n for n in range(73))), qty=5)


def lots(*rows: tuple[str, str, int], received_on: str = "2026-11-01") -> pd.DataFrame:
    """Rows of (warehouse_id, part_id, qty)."""
    table = pd.DataFrame(list(rows), columns=["warehouse_id", "part_id", "qty"]).astype({"qty": "int64"})
    named = table.assign(lot_id=[f"L{n}" for n in range(len(table))], received_on=day(received_on), status="available")
    return named.astype({"warehouse_id": object, "part_id": object, "lot_id": object})


def waiting(part_id: str, centre_id: str, qty: int, order_id: str = "O1") -> pd.DataFrame:
    line = {"order_id": order_id, "line_no": 1, "centre_id": centre_id, "part_id": part_id, "qty": qty}
    line |= {"ordered_at": pd.Timestamp("2026-11-20T10:00", tz=ZONE), "service": "standard", "status": "open"}
    promised = pd.Series([pd.NaT], dtype=MOMENT)
    return pd.DataFrame([line]).assign(first_promise=promised)[list(OPEN_ORDERS.columns)]


def to_come(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    """Rows of (day, centre_id, part_id, qty): orders of ten in the morning."""
    table = pd.DataFrame(list(rows), columns=["day", "centre_id", "part_id", "qty"])
    at = pd.to_datetime(table["day"] + "T10:00").dt.tz_localize(ZONE)
    ids = [f"X{n}" for n in range(len(table))]
    return table.assign(order_id=ids, line_no=1, ordered_at=at, service="standard")[list(ORDERS_TO_COME.columns)]


def override(part_id: str, warehouse_id: str, kind: str, value: float = float("nan")) -> pd.DataFrame:
    row = {"part_id": part_id, "warehouse_id": warehouse_id, "kind": kind, "value": value, "until": pd.NaT}
    return pd.DataFrame([row | {"by": "planner", "reason": "test"}]).astype({"until": "datetime64[ns]"})


def closed(scope: str, owner: str, first: str, last: str) -> pd.DataFrame:
    return pd.DataFrame([{"scope": scope, "id": owner, "from": day(first), "to": day(last), "reason": "holiday"}])


def on_order(part_id: str, warehouse_id: str, qty: int) -> pd.DataFrame:
    line = {"line_id": "R-1", "supplier_id": "S1", "part_id": part_id, "warehouse_id": warehouse_id, "qty": qty}
    line |= {"ship_on": day("2026-11-23"), "due_on": day("2026-11-27"), "published_as_of": day("2026-11-19")}
    return pd.DataFrame([line])[list(OPEN_PLAN_LINES.columns)]


def available(part_id: str, qty: int, on: str | None = None) -> pd.DataFrame:
    rows = pd.DataFrame({"part_id": [part_id], "available_qty": [qty], "available_on": [on]})
    return rows.assign(available_on=pd.to_datetime(rows["available_on"]))


def supply(*rows: tuple[str, str], lead: float = 4.0, sd: float = 0.0, fixed: float = 0.0) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["supplier_id", "warehouse_id"])
    return table.assign(lead_time_days=lead, lead_time_sd_days=sd, cost_per_shipment=fixed, cost_per_kg=0.5)


def warehouses(volume_m3: float = 1000.0, hazmat_m3: float = 10.0) -> pd.DataFrame:
    cities = {"warehouse_id": ["W1", "W2"], "name": "w", "city": ["Hangzhou", "Wuhan"]}
    room = {"capacity_m3": volume_m3, "hazmat_capacity_m3": hazmat_m3, "outbound_lines_per_day": float("nan")}
    return pd.DataFrame(cities | {"latitude": 30.0, "longitude": 115.0} | room)


def _lane(warehouse_id: str, city: str) -> dict[str, object]:
    lane = {"warehouse_id": warehouse_id, "city": city, "service": "standard", "transit_hours": 10.0}
    return lane | {"cut_off": "18:00", "cost_per_shipment": 12.0, "cost_per_kg": 1.0}


def situation(as_of: pd.Timestamp = AS_OF, **given: pd.DataFrame) -> Situation:
    """C1 in Hangzhou is covered by W1 alone, C2 in Wuhan by W2 alone; S1 delivers to both in 4 days, free of charge."""
    centres = {"centre_id": ["C1", "C2"], "name": "c", "city": ["Hangzhou", "Wuhan"], "kind": "direct"}
    frames = {
        "suppliers": pd.DataFrame(
            [{"supplier_id": "S1", "name": "s", "return_window_days": 90, "respond_within_hours": 24.0}]
        ).assign(platform_fee_rate=0.12),
        "parts": parts(part("P1"), part("P2")),
        "warehouses": warehouses(),
        "centres": pd.DataFrame(centres | {"latitude": 30.0, "longitude": 115.0}),
        "lanes": pd.DataFrame([_lane("W1", "Hangzhou"), _lane("W2", "Wuhan")]),
        "supply": supply(("S1", "W1"), ("S1", "W2")),
        "stock": lots(),
        "usage": a_unit_a_day(),
        "open_orders": _empty(OPEN_ORDERS).astype({"ordered_at": MOMENT, "first_promise": MOMENT}),
        "lane_times": _empty("warehouse_id city service late_hours").astype({"late_hours": float}),
        "closures": _empty("scope id from to reason"),
        "availability": _empty("part_id available_qty available_on"),
        "inbound": _empty(INBOUND),
        "weather": _empty("city from to severity transit_delay_hours demand_factor"),
        "vehicles": _empty("model city month vehicles"),
        "fitments": _empty("part_id model qty_per_vehicle"),
        "overrides": _empty("part_id warehouse_id kind value until by reason"),
        "open_plan_lines": _empty(OPEN_PLAN_LINES),
    }
    return Situation(as_of=as_of, timezone=ZONE, **(frames | given))


def dispatched(seen: Situation, config: Config = CONFIG) -> View:
    """Return what a policy sees after the dispatch room has decided; it is not asked where nobody has ordered."""
    if len(seen.open_orders):
        start = first_wave(seen.as_of, seen.timezone, config.dispatch)
        return View(seen, config, decide_wave(seen, config, start))
    night = open_night(seen, config)
    picks = _empty("part_id warehouse_id lot_id qty")
    night.assignment = SimpleNamespace(picks=picks, lines=_empty("part_id city left"))  # type: ignore[assignment]
    return View(seen, config, night)


def at_night(policy: Policy, seen: Situation) -> Decisions:
    """Return what a policy decides after the dispatch room has."""
    return policy.decide(dispatched(seen))


def decided(label: str, orders: pd.DataFrame = NO_ORDERS, **given: Any) -> Decisions:
    """Return what a new policy decides in a situation that differs so."""
    return at_night(make_policy(label, orders), situation(**given))


def ordered(label: str, orders: pd.DataFrame = NO_ORDERS, **given: Any) -> dict[tuple[str, str], int]:
    """Return units ordered by (part, warehouse)."""
    lines = decided(label, orders, **given).ordered
    return {(p, w): int(q) for p, w, q in zip(lines["part_id"], lines["warehouse_id"], lines["qty"], strict=True)}


def shuffled(seen: Situation, seed: int) -> Situation:
    return replace(seen, **{n: f.sample(frac=1.0, random_state=seed) for n, f in seen.frames().items()})
