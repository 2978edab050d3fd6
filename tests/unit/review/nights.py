"""A night of two parts, one warehouse and two cities, decided by hand; tests change what they are about."""

from types import SimpleNamespace

import pandas as pd

from vmi.config import Config
from vmi.demand import DemandHistory
from vmi.frames import (
    CENSORED,
    DELIVERIES,
    FORECAST_CALIBRATION,
    FORECAST_SCORES,
    LOT_RETURNS,
    OPEN_ORDERS,
    OPEN_PLAN_LINES,
    REPLENISHMENT,
    TARGETS,
    TRANSFERS,
    Situation,
)
from vmi.planning import Night, open_night

ZONE = "Asia/Shanghai"
AS_OF = pd.Timestamp("2026-11-20")
PAIR = ["part_id", "warehouse_id"]
FIRM = {
    **{"line_id": "R-1", "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": 10, "pack_qty": 1},
    **{
        "commitment": "firm",
        "priority": 1,
        "ship_on": pd.Timestamp("2026-11-21"),
        "due_on": pd.Timestamp("2026-11-26"),
    },
    **{"on_hand": 5, "inbound": 0, "backordered": 0, "target_qty": 15, "demand_p50": 4.0, "demand_p90": 8.0},
    **{"cover_days": 20.0, "return_risk": 0.7, "unit_cost": 10.0, "reason": "short"},
}


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def at(text: str | None) -> pd.Timestamp:
    return pd.NaT if text is None else pd.Timestamp(text, tz=ZONE)


def frame(columns: object, *rows: dict[str, object]) -> pd.DataFrame:
    names = list(columns.columns) if hasattr(columns, "columns") else str(columns).split()
    return pd.DataFrame(list(rows), columns=[*names, *(k for r in rows[:1] for k in r if k not in names)])


def delivery(order_id: str, **changed: object) -> dict[str, object]:
    line: dict[str, object] = {
        **{
            "line_id": f"D-{order_id}",
            "order_id": order_id,
            "line_no": 1,
            "centre_id": "C1",
            "part_id": "P1",
            "qty": 1,
        },
        **{"source": "none", "warehouse_id": "", "service": "standard", "shipment_id": "", "ship_at": at(None)},
        **{"eta": at(None), "eta_p90": at(None), "promise_by": at("2026-11-22T10:00"), "first_promise": at(None)},
        **{"on_time": "N", "cost": 0.0, "surcharge": 0.0, "reason": "no stock", "ordered_part_id": "P1"},
        **{"lot_id": "", "provisional": "N"},
    }
    return line | changed


def situation(**given: pd.DataFrame) -> Situation:
    lot = {"warehouse_id": "W1", "received_on": day("2026-10-01"), "status": "available"}
    supplier = {"supplier_id": "S1", "name": "供应商", "return_window_days": 90, "respond_within_hours": 24.0}
    part = {
        "supplier_id": "S1",
        "family": "brakes",
        "volume_l": 2.0,
        "weight_kg": 1.0,
        "hazmat": "N",
        "criticality": "A",
    }
    frames = {
        "suppliers": pd.DataFrame([supplier]),
        "parts": pd.DataFrame(
            [
                {"part_id": "P1", "name": "Brake pad 刹车片", "unit_cost": 10.0, "successor_id": "", **part},
                {"part_id": "P2", "name": "Filter", "unit_cost": 20.0, "successor_id": "", **part},
            ]
        ),
        "warehouses": pd.DataFrame(
            [{"warehouse_id": "W1", "name": "W", "city": "Hangzhou", "capacity_m3": 1.0, "hazmat_capacity_m3": 0.0}]
        ).assign(latitude=30.3, longitude=120.2, outbound_lines_per_day=float("nan")),
        "centres": pd.DataFrame(
            {"centre_id": ["C1", "C2"], "city": ["Hangzhou", "Lhasa"], "name": "c", "kind": "direct"}
        ).assign(latitude=30.0, longitude=120.0),
        "lanes": pd.DataFrame(
            [
                {
                    "warehouse_id": "W1",
                    "city": "Hangzhou",
                    "service": "standard",
                    "transit_hours": 10.0,
                    "cut_off": "17:00",
                }
            ]
        ).assign(cost_per_shipment=12.0, cost_per_kg=0.9),
        "supply": pd.DataFrame([{"supplier_id": "S1", "warehouse_id": "W1", "lead_time_days": 5.0}]),
        "stock": pd.DataFrame(
            [
                {**lot, "part_id": "P1", "lot_id": "L1", "qty": 5},
                {**lot, "part_id": "P2", "lot_id": "L2", "qty": 7, "received_on": day("2026-08-30")},
            ]
        ),
        "usage": pd.DataFrame(
            [
                {
                    "part_id": "P1",
                    "centre_id": "C1",
                    "day": day("2026-11-10"),
                    "service": "standard",
                    "qty": 3,
                    "lines": 1,
                },
                {
                    "part_id": "P2",
                    "centre_id": "C2",
                    "day": day("2026-11-10"),
                    "service": "standard",
                    "qty": 2,
                    "lines": 1,
                },
            ]
        ),
        "open_orders": frame(OPEN_ORDERS),
        "lane_times": frame("warehouse_id city service late_hours"),
        "closures": frame("scope id from to reason"),
        "availability": frame("part_id available_qty available_on"),
        "inbound": frame(
            "shipment_id line_no kind part_id from_id warehouse_id qty shipped_on eta_on line_id received_on"
        ),
        "weather": frame("city from to severity transit_delay_hours demand_factor"),
        "vehicles": frame("model city month vehicles"),
        "fitments": frame("part_id model qty_per_vehicle"),
        "overrides": frame("part_id warehouse_id kind value until by reason"),
        "open_plan_lines": frame(OPEN_PLAN_LINES),
    }
    return Situation(as_of=AS_OF, timezone=ZONE, **(frames | given))


def demand_history(*censored: dict[str, object]) -> DemandHistory:
    demand = pd.DataFrame(
        {"part_id": "P1", "warehouse_id": "W1", "day": pd.to_datetime(["2026-10-20", "2026-11-10", "2026-11-12"])}
    ).assign(qty=[9, 3, 1], lines=1, same_day_qty=0)
    return DemandHistory(demand, frame(CENSORED, *censored), frame("part_id"), frame("city part_id qty lines"))


def outlook() -> SimpleNamespace:
    pairs = pd.DataFrame({"part_id": ["P1", "P2"], "warehouse_id": "W1", "method": ["ets", "pooled"]})
    pairs = pairs.assign(fallback=["", "too short"], mean_per_day=[0.5, 0.1], demand_class="smooth")
    pairs["judged_class"] = ["fast", "new"]
    week = pd.DataFrame({"part_id": ["P1"], "warehouse_id": "W1", "week": day("2026-11-23"), "mean": 3.0, "p10": 1.0})
    week = week.assign(p50=3.0, p90=6.0, method="ets")
    made = SimpleNamespace(calendar_verified_through=day("2026-12-31"))
    rows = [("fast", "ets", 2, 600, 1.25, 0.91, "Y"), ("fast", "gamma_poisson", 2, 600, 1.5, 0.85, "N")]
    scores = pd.DataFrame([(*row, AS_OF) for row in rows], columns=list(FORECAST_SCORES.columns))
    calibration = pd.DataFrame([("fast", 0.9, 600, 0.84, 1.5, 0.9, AS_OF)], columns=list(FORECAST_CALIBRATION.columns))
    learned = {"forecast_scores": scores, "forecast_calibration": calibration}
    return SimpleNamespace(pairs=pairs, forecast=made, weekly=lambda: week, learned=lambda: learned)


def placement(*derived: dict[str, object]) -> SimpleNamespace:
    hints = SimpleNamespace(
        full_warehouses=frame("warehouse_id space used_m3 capacity_m3 price_per_m3"),
        shortages=frame("part_id short_qty available_qty available_on value_per_unit"),
        overrides=frame("part_id warehouse_id kind value until by reason binds"),
    )
    prices = frame("name subject unit price used free", {"name": "volume", "subject": "W1", "price": 2.0})
    derivations = frame("part_id warehouse_id supplier_id need_qty qty binding", *derived)
    return SimpleNamespace(hints=hints, derivations=derivations, optimisation=SimpleNamespace(prices=prices))


def night(seen: Situation | None = None, *deliveries: dict[str, object]) -> Night:
    found = open_night(seen or situation(), Config())
    found.history = demand_history()
    found.outlook = outlook()  # type: ignore[assignment]
    found.placement = placement()  # type: ignore[assignment]
    found.replenishment = frame(REPLENISHMENT, FIRM)
    found.returns = frame(LOT_RETURNS).assign(line_id="")
    found.transfers = frame(TRANSFERS).assign(line_id="")
    found.deliveries = frame(DELIVERIES, *deliveries).assign(line_id=[d["line_id"] for d in deliveries])
    found.targets = frame(TARGETS)
    found.optimisations = [
        {"name": "placement", "objective": 5.0, "bound": 4.0, "gap": 0.2, "status": "optimal"},
    ]
    return found
