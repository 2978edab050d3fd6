"""A small company and a plan for it that keeps every rule; tests break one thing at a time."""

import pandas as pd
import pytest

from vmi import frames
from vmi.frames import Situation

ZONE = "Asia/Shanghai"


def _at(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), format="ISO8601").tz_localize(ZONE))


def _day(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts)))


@pytest.fixture
def situation() -> Situation:
    """Two warehouses, three parts (P0 superseded by P1), three lots of which L2 is past its window."""
    return Situation(
        as_of=pd.Timestamp("2026-11-20"),
        timezone=ZONE,
        suppliers=pd.DataFrame({"supplier_id": ["S1", "S2"], "return_window_days": [90, 60]}),
        parts=pd.DataFrame(
            {
                "part_id": ["P0", "P1", "P2"],
                "supplier_id": ["S1", "S1", "S2"],
                "pack_qty": [1, 4, 1],
                "min_order_qty": [1, 8, 1],
                "volume_l": [100.0, 100.0, 500.0],
                "hazmat": ["N", "N", "Y"],
                "successor_id": ["P1", "", ""],
            }
        ),
        warehouses=pd.DataFrame(
            {"warehouse_id": ["W1", "W2"], "capacity_m3": [3.0, 2.0], "hazmat_capacity_m3": [1.0, 0.0]}
        ),
        centres=pd.DataFrame({"centre_id": ["C1", "C2"], "city": ["上海", "杭州"]}),
        lanes=pd.DataFrame(
            {
                "warehouse_id": ["W1", "W1", "W2"],
                "city": ["上海", "上海", "杭州"],
                "service": ["standard", "same_day", "standard"],
                "transit_hours": [10.0, 3.0, 12.0],
                "cut_off": ["17:00", "14:00", "17:00"],
            }
        ),
        supply=pd.DataFrame({"supplier_id": ["S1"], "warehouse_id": ["W1"], "lead_time_days": [5]}),
        stock=pd.DataFrame(
            {
                "warehouse_id": ["W1", "W2", "W1"],
                "part_id": ["P1", "P1", "P2"],
                "lot_id": ["L1", "L2", "L3"],
                "received_on": _day("2026-11-01", "2026-08-01", "2026-11-10"),
                "qty": [5, 6, 9],
                "status": ["available", "available", "quarantine"],
            }
        ),
        usage=frames.USAGE.empty(),
        open_orders=pd.DataFrame(
            {
                "order_id": ["O1", "O2"],
                "line_no": [1, 1],
                "ordered_at": _at("2026-11-20 10:00", "2026-11-20 15:00"),
                "centre_id": ["C1", "C1"],
                "part_id": ["P0", "P1"],
                "qty": [3, 1],
                "service": ["standard", "same_day"],
                "status": ["open", "open"],
                "first_promise": _at("2026-11-22 08:00", None),
            }
        ),
        lane_times=frames.LANE_TIMES.empty(),
        closures=pd.DataFrame(columns=["scope", "id", "from", "to"]),
        availability=pd.DataFrame(
            {"part_id": ["P1", "P1"], "available_qty": [8, 4], "available_on": _day(None, "2026-11-25")}
        ),
        inbound=pd.DataFrame({"warehouse_id": ["W1"], "part_id": ["P1"], "qty": [2]}),
        weather=pd.DataFrame(columns=["city"]),
        vehicles=pd.DataFrame(columns=["model"]),
        fitments=pd.DataFrame(columns=["part_id", "model"]),
        overrides=pd.DataFrame(columns=["part_id", "warehouse_id", "kind", "value", "until"]),
        open_plan_lines=frames.OPEN_PLAN_LINES.empty(),
    )


@pytest.fixture
def outputs() -> dict[str, pd.DataFrame]:
    """A plan for that company: order 8 P1, send lot L2 back in part, move the rest, answer both lines."""
    deliveries = pd.DataFrame(
        {
            "line_id": ["D-1", "D-2", "D-3"],
            "order_id": ["O1", "O1", "O2"],
            "line_no": [1, 1, 1],
            "centre_id": ["C1", "C1", "C1"],
            "part_id": ["P1", "P1", "P1"],
            "ordered_part_id": ["P0", "P0", "P1"],
            "qty": [2, 1, 1],
            "source": ["warehouse", "none", "warehouse"],
            "warehouse_id": ["W1", "", "W1"],
            "lot_id": ["L1", "", "L1"],
            "service": ["standard", "standard", "same_day"],
            "shipment_id": ["SH1", "", "SH2"],
            "ship_at": _at("2026-11-21 09:00", None, "2026-11-21 09:00"),
            "eta": _at("2026-11-21 19:00", None, "2026-11-21 12:00"),
            "promise_by": _at("2026-11-22 10:00", "2026-11-22 10:00", "2026-11-21 23:59:59"),
            "first_promise": _at("2026-11-22 08:00", "2026-11-22 08:00", "2026-11-21 23:59:59"),
            "on_time": ["Y", "N", "Y"],
            "cost": [20.0, 0.0, 30.0],
            "surcharge": [0.0, 0.0, 10.0],
            "reason": ["on hand", "nothing yet", "on hand"],
        }
    )
    eta = pd.DataFrame(
        {
            "order_id": ["O1", "O2"],
            "line_no": [1, 1],
            "centre_id": ["C1", "C1"],
            "part_id": ["P0", "P1"],
            "part_name": ["刹车片", "=HYPERLINK(1)"],
            "supplied_part_id": ["P1", "P1"],
            "qty": [3, 1],
            "service": ["standard", "same_day"],
            "status": ["partly", "shipping"],
            "source": ["warehouse", "warehouse"],
            "warehouse_id": ["W1", "W1"],
            "ordered_at": _at("2026-11-20 10:00", "2026-11-20 15:00"),
            "first_promise": _at("2026-11-22 08:00", "2026-11-21 23:59:59"),
            "eta_p50": _at("2026-11-21 19:00", "2026-11-21 12:00"),
            "eta_p90": _at("2026-11-21 22:00", "2026-11-21 13:00"),
            "on_time": ["N", "Y"],
            "provisional": ["N", "N"],
            "reason": ["one still to come", ""],
        }
    )
    replenishment = pd.DataFrame(
        {
            "line_id": ["R-1", "R-2"],
            "supplier_id": ["S1", "S2"],
            "part_id": ["P1", "P2"],
            "part_name": ["刹车片", "电池, 12 V"],
            "warehouse_id": ["W1", "W1"],
            "qty": [8, 3],
            "pack_qty": [4, 1],
            "commitment": ["firm", "forecast"],
            "priority": [1, 2],
            "ship_on": _day("2026-11-21", "2026-11-28"),
            "due_on": _day("2026-11-26", "2026-12-03"),
            "respond_by": _at("2026-11-22 00:00", "2026-11-22 00:00"),
            "on_hand": [5, 0],
            "inbound": [2, 0],
            "backordered": [4, 0],
            "target_qty": [11, 3],
            "demand_p50": [6.0, 2.0],
            "demand_p90": [9.5, 4.0],
            "cover_days": [20.0, float("nan")],
            "return_risk": [0.12345, 0.0],
            "unit_cost": [12.5, 300.0],
            "reason": ["target 11", "-"],
        }
    )
    returns = pd.DataFrame(
        {
            "line_id": ["B-1"],
            "supplier_id": ["S1"],
            "part_id": ["P1"],
            "warehouse_id": ["W2"],
            "lot_id": ["L2"],
            "received_on": _day("2026-08-01"),
            "age_days": [111],
            "qty": [4],
            "unit_cost": [12.5],
            "trigger": ["age"],
            "relocation_tested": ["Y"],
            "best_relocation_warehouse": ["W1"],
            "best_relocation_gain": [-3.5],
            "pick_up_on": _day("2026-11-23"),
            "reason": ["111 days old"],
        }
    )
    transfers = pd.DataFrame(
        {
            "line_id": ["T-1"],
            "part_id": ["P1"],
            "lot_id": ["L2"],
            "from_warehouse": ["W2"],
            "to_warehouse": ["W1"],
            "qty": [2],
            "received_on": _day("2026-08-01"),
            "ship_on": _day("2026-11-21"),
            "eta_on": _day("2026-11-22"),
            "cost": [8.0],
            "benefit": [20.0],
            "reason": ["sells there"],
        }
    )
    targets = pd.DataFrame(
        {
            "part_id": ["P1", "P2"],
            "warehouse_id": ["W1", "W1"],
            "stocked": ["Y", "Y"],
            "target_qty": [11, 3],
            "demand_class": ["lumpy", "slow"],
            "fill_rate": [0.95, 0.5],
            "reason": ["", ""],
        }
    )
    forecast = pd.DataFrame(
        {
            "part_id": ["P1"],
            "warehouse_id": ["W1"],
            "week": _day("2026-11-23"),
            "mean": [1.25],
            "p10": [0.0],
            "p50": [1.0],
            "p90": [3.0],
            "method": ["gamma_poisson"],
            "provisional": ["N"],
        }
    )
    return {
        "deliveries": deliveries,
        "eta": eta,
        "replenishment": replenishment,
        "returns": returns,
        "transfers": transfers,
        "targets": targets,
        "forecast": forecast,
        "worklist": frames.WORKLIST.empty(),
        "scorecards": frames.SCORECARDS.empty(),
    }
