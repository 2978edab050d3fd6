import numpy as np
import pandas as pd

from vmi.frames import OPEN_PLAN_LINES
from vmi.simulate.chance import Chance
from vmi.simulate.supply import Suppliers, made_per_day, opening_transit
from vmi.supersession import resolve
from vmi.workdays import WorkDays

FIRST = pd.Timestamp("2026-11-02")
DAY = pd.Timedelta(days=1)
NO_CLOSURES = pd.DataFrame(columns=["scope", "id", "from", "to"])


def suppliers(available: dict[str, int], closures: pd.DataFrame = NO_CLOSURES, made: float = 0.0) -> Suppliers:
    supply = {"supplier_id": "S1", "warehouse_id": ["W1", "W2"], "lead_time_days": 4.0, "lead_time_sd_days": 0.0}
    listed = pd.DataFrame({"part_id": list(available), "available_qty": list(available.values())})
    listed = listed.assign(available_on=pd.NaT).astype({"available_on": "datetime64[ns]", "part_id": object})
    rate = pd.Series(made, index=listed["part_id"])
    known = WorkDays(NO_CLOSURES)
    pipeline = OPEN_PLAN_LINES.empty()
    return Suppliers(pd.DataFrame(supply), pipeline, listed, WorkDays(closures), known, Chance(1), rate)


def ordered(*rows: tuple[str, str, int], ship_on: pd.Timestamp = FIRST) -> pd.DataFrame:
    lines = pd.DataFrame(list(rows), columns=["part_id", "warehouse_id", "qty"])
    return lines.assign(supplier_id="S1", ship_on=ship_on, due_on=ship_on + 4 * DAY)


def test_what_is_ordered_leaves_on_its_day_and_arrives_after_the_lead_time() -> None:
    them = suppliers({})
    them.told(ordered(("P1", "W1", 3)), FIRST - DAY)
    assert them.ship(FIRST - DAY).empty
    sent = them.ship(FIRST)
    assert sent[["part_id", "qty", "shipped_on", "eta_on", "arrives_on"]].to_numpy().tolist() == [
        ["P1", 3, FIRST, FIRST + 4 * DAY, FIRST + 4 * DAY]
    ]
    assert them.pipeline.empty and them.ship(FIRST + DAY).empty


def test_a_supplier_ships_what_it_has_and_owes_the_rest() -> None:
    them = suppliers({"P1": 5})
    them.told(ordered(("P1", "W1", 4), ("P1", "W2", 4)), FIRST - DAY)
    sent = them.ship(FIRST)
    assert sent["qty"].sum() == 5
    assert them.pipeline["qty"].tolist() == [3]
    assert them.available["available_qty"].tolist() == [0]


def test_what_is_made_anew_is_shipped_when_it_is_a_whole_unit() -> None:
    them = suppliers({"P1": 0}, made=0.1)
    them.told(ordered(("P1", "W1", 2)), FIRST - DAY)
    shipped = []
    for day in pd.date_range(FIRST, periods=20):
        them.make(day)
        shipped.append(int(them.ship(day)["qty"].sum()))
    assert np.flatnonzero(shipped).tolist() == [9, 19]


def test_a_part_listed_for_several_days_is_shipped_as_far_as_the_days_have_come_and_made_once() -> None:
    them = suppliers({"P1": 3}, made=1.0)
    later = them.available.assign(available_qty=20, available_on=FIRST + 30 * DAY)
    them = suppliers({"P1": 3}, made=1.0)
    them.available = pd.concat([later, them.available], ignore_index=True)
    them.__post_init__()
    them.told(ordered(("P1", "W1", 9)), FIRST - DAY)
    shipped = []
    for day in pd.date_range(FIRST, periods=3):
        them.make(day)
        shipped.append(int(them.ship(day)["qty"].sum()))
    assert shipped == [4, 1, 1]
    assert them.available["available_qty"].tolist() == [0, 20]


def test_an_unannounced_stop_holds_the_goods_back_and_no_planner_knew() -> None:
    stop = pd.DataFrame({"scope": "supplier", "id": "S1", "from": [FIRST], "to": [FIRST + 2 * DAY]})
    them = suppliers({}, closures=stop)
    them.told(ordered(("P1", "W1", 3)), FIRST - DAY)
    assert [len(them.ship(FIRST + k * DAY)) for k in range(4)] == [0, 0, 0, 1]


def test_a_truck_is_as_late_whoever_is_on_it() -> None:
    late = []
    for part in ("P1", "P2"):
        them = suppliers({})
        them.supply["lead_time_sd_days"] = 3.0
        them.told(ordered((part, "W1", 1)), FIRST - DAY)
        late.append(them.ship(FIRST)["arrives_on"].iloc[0])
    assert late[0] == late[1]


def test_what_is_overdue_when_the_simulation_begins_arrives_from_its_first_day_on() -> None:
    inbound = {"shipment_id": "X1", "line_no": 1, "kind": "supply", "part_id": "P1", "from_id": "S1", "line_id": ""}
    inbound |= {"warehouse_id": "W1", "qty": 2, "shipped_on": FIRST - 30 * DAY, "received_on": pd.NaT}
    frame = pd.DataFrame([{**inbound, "eta_on": FIRST - 20 * DAY}])
    found = opening_transit(frame, suppliers({}).supply, FIRST, Chance(1), WorkDays(NO_CLOSURES))
    assert found["arrives_on"].tolist() == [FIRST]
    assert found["eta_on"].tolist() == [FIRST - 20 * DAY]


def test_a_successor_is_made_as_fast_as_its_chain_was_asked_for() -> None:
    parts = pd.DataFrame({"part_id": ["OLD", "NEW"], "successor_id": ["NEW", ""]})
    usage = pd.DataFrame({"part_id": ["OLD", "NEW"], "day": [FIRST - 9 * DAY, FIRST], "qty": [3, 2]})
    assert made_per_day(usage, resolve(parts), FIRST).to_dict() == {"NEW": 0.5}
