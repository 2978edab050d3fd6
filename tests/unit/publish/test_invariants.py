"""Each rule of a published plan is broken once, and found."""

from dataclasses import replace

import pandas as pd
import pytest

from vmi.frames import Situation
from vmi.publish.invariants import violations

Outputs = dict[str, pd.DataFrame]


def changed(frame: pd.DataFrame, row: int, **values: object) -> pd.DataFrame:
    copy = frame.copy()
    for column, value in values.items():
        copy[column] = [value if position == row else old for position, old in enumerate(copy[column])]
    return copy


def test_a_plan_that_keeps_every_rule_has_no_violations(situation: Situation, outputs: Outputs) -> None:
    assert violations(situation, outputs) == []


def test_a_dispatch_of_deliveries_and_etas_alone_is_checked_alone(situation: Situation, outputs: Outputs) -> None:
    alone = {name: outputs[name] for name in ("deliveries", "eta")}
    assert violations(situation, alone, pd.Timestamp("2026-11-21 08:00")) == []
    late = violations(situation, alone, pd.Timestamp("2026-11-21 09:30"))
    assert late == ["deliveries: ship_at before 2026-11-21 09:30: O1/1, O2/1"]


def test_a_night_with_nothing_to_do_keeps_every_rule(situation: Situation, outputs: Outputs) -> None:
    nothing = {name: pd.DataFrame(columns=frame.columns) for name, frame in outputs.items()}
    idle = replace(situation, open_orders=situation.open_orders.iloc[:0], stock=situation.stock.iloc[:1])
    assert violations(idle, nothing) == []


BROKEN = [
    ("replenishment", 0, {"ship_on": pd.Timestamp("2026-11-20")}, "replenishment: ship_on before 2026-11-21"),
    ("replenishment", 0, {"due_on": pd.Timestamp("2026-11-20")}, "replenishment: due_on before ship_on"),
    ("returns", 0, {"pick_up_on": pd.Timestamp("2026-11-20")}, "returns: pick_up_on before"),
    ("replenishment", 0, {"qty": 10}, "replenishment: a firm line that is not whole packs: P1/W1"),
    ("replenishment", 0, {"qty": 4}, "replenishment: a firm line below the minimum order: P1/W1"),
    ("replenishment", 0, {"qty": 12}, "replenishment: more than the supplier has available: P1"),
    ("replenishment", 0, {"supplier_id": "S2"}, "replenishment: not the part's own supplier: P1/W1"),
    ("replenishment", 0, {"part_id": "P0"}, "replenishment: a firm line of a superseded part: P0/W1"),
    ("replenishment", 0, {"part_id": "P9"}, "replenishment: an unknown part: P9/W1"),
    ("replenishment", 1, {"commitment": "firm"}, "replenishment, transfers: hazmat volume added beyond"),
    ("replenishment", 0, {"demand_p50": 10.0}, "replenishment: demand_p50 above demand_p90"),
    ("replenishment", 0, {"cover_days": float("inf")}, "replenishment: cover_days is not finite"),
    ("replenishment", 0, {"backordered": -1}, "replenishment: backordered is negative"),
    ("replenishment", 0, {"return_risk": 1.2}, "replenishment: return_risk is no share"),
    ("replenishment", 0, {"line_id": "R-2"}, "replenishment: a line_id used twice: R-2"),
    ("forecast", 0, {"p50": 4.0}, "forecast: p50 above p90"),
    ("transfers", 0, {"qty": 3}, "stock: a lot given out beyond what is on hand: W2/P1/L2"),
    ("deliveries", 0, {"lot_id": "L9"}, "stock: a lot given out beyond what is on hand: W1/P1/L9"),
    ("deliveries", 0, {"part_id": "P2", "lot_id": "L3"}, "stock: a lot given out beyond what is on hand: W1/P2/L3"),
    ("deliveries", 0, {"part_id": "P2", "lot_id": "L3"}, "deliveries: another part than ordered: O1/1"),
    ("deliveries", 0, {"qty": 1}, "deliveries: quantities do not add up to the line's: O1/1"),
    ("deliveries", 2, {"order_id": "O7"}, "deliveries: an open line without an answer: O2/1"),
    ("deliveries", 2, {"order_id": "O7"}, "deliveries: a line that is not open: O7/1"),
    ("deliveries", 0, {"centre_id": "C2"}, "deliveries: to another centre than the line's: O1/1"),
    ("deliveries", 0, {"warehouse_id": "W2", "lot_id": "L2"}, "deliveries: no such lane: O1/1/W2/standard"),
    ("deliveries", 1, {"on_time": "Y"}, "deliveries: on_time is not eta <= promise_by: O1/1"),
    ("returns", 0, {"qty": 3}, "returns: a lot past its return window stays: W2/P1/L2"),
    ("returns", 0, {"trigger": "superseded"}, "returns: a lot returned as superseded that is not: W2/P1/L2"),
    ("eta", 1, {"order_id": "O1"}, "eta: a line reported twice: O1/1"),
    ("eta", 0, {"centre_id": "C2"}, "eta: a line in another centre's report: O1/1"),
]


@pytest.mark.parametrize(("name", "row", "values", "expected"), BROKEN, ids=[b[3] for b in BROKEN])
def test_a_broken_rule_is_named(
    situation: Situation, outputs: Outputs, name: str, row: int, values: dict[str, object], expected: str
) -> None:
    outputs[name] = changed(outputs[name], row, **values)
    found = violations(situation, outputs)
    assert any(sentence.startswith(expected) for sentence in found), found


MOMENTS = [
    (0, {"eta": "2026-11-21 18:00"}, "deliveries: faster than the lane's quote: O1/1"),
    (0, {"promise_by": "2026-11-23 10:00"}, "deliveries: promise_by is not the service's: O1/1"),
    (2, {"promise_by": "2026-11-20 23:59:59"}, "deliveries: promise_by is not the service's: O2/1"),
    (0, {"first_promise": "2026-11-22 09:00"}, "deliveries: first_promise was moved: O1/1"),
    (0, {"ship_at": "2026-11-20 23:00"}, "deliveries: ship_at before 2026-11-21"),
]


@pytest.mark.parametrize(("row", "moments", "expected"), MOMENTS)
def test_a_promise_that_is_not_so_is_named(
    situation: Situation, outputs: Outputs, row: int, moments: dict[str, str], expected: str
) -> None:
    aware = {column: pd.Timestamp(text, tz="Asia/Shanghai") for column, text in moments.items()}
    outputs["deliveries"] = changed(outputs["deliveries"], row, **aware)
    found = violations(situation, outputs)
    assert any(sentence.startswith(expected) for sentence in found), found


def test_a_same_day_order_before_the_cut_off_is_promised_that_day(situation: Situation, outputs: Outputs) -> None:
    ordered_at = pd.Timestamp("2026-11-20 13:00", tz="Asia/Shanghai")
    early = replace(situation, open_orders=changed(situation.open_orders, 1, ordered_at=ordered_at))
    assert violations(early, outputs) == ["deliveries: promise_by is not the service's: O2/1"]
    midnight = pd.Timestamp("2026-11-21", tz="Asia/Shanghai")
    outputs["deliveries"] = changed(outputs["deliveries"], 2, promise_by=midnight, on_time="N")
    assert violations(early, outputs) == []


def test_a_no_return_override_holds_an_old_lot(situation: Situation, outputs: Outputs) -> None:
    outputs["returns"] = outputs["returns"].iloc[:0]
    assert violations(situation, outputs) == ["returns: a lot past its return window stays: W2/P1/L2"]
    held = pd.DataFrame({"part_id": ["P1"], "warehouse_id": ["W2"], "kind": ["no_return"], "until": [pd.NaT]})
    assert violations(replace(situation, overrides=held), outputs) == []


def test_a_lot_that_an_override_holds_is_not_returned(situation: Situation, outputs: Outputs) -> None:
    held = pd.DataFrame({"part_id": ["P1"], "warehouse_id": ["W2"], "kind": ["no_return"], "until": [pd.NaT]})
    found = violations(replace(situation, overrides=held), outputs)
    assert found == ["returns: a lot returned that an override holds: W2/P1/L2"]


def test_an_expired_override_holds_nothing(situation: Situation, outputs: Outputs) -> None:
    until = pd.Timestamp("2026-11-19")
    expired = pd.DataFrame({"part_id": ["P1"], "warehouse_id": ["W2"], "kind": ["no_return"], "until": [until]})
    assert violations(replace(situation, overrides=expired), outputs) == []


def test_a_young_lot_is_not_returned_for_its_age(situation: Situation, outputs: Outputs) -> None:
    young = situation.stock.assign(received_on=pd.Timestamp("2026-08-23"))
    found = violations(replace(situation, stock=young), outputs)
    assert found == ["returns: a lot returned for its age before its window: W2/P1/L2"]


def test_a_full_warehouse_gets_nothing_more(situation: Situation, outputs: Outputs) -> None:
    small = situation.warehouses.assign(capacity_m3=[1.0, 2.0])
    found = violations(replace(situation, warehouses=small), outputs)
    assert found == ["replenishment, transfers: volume added beyond capacity_m3: W1"]


def test_a_warehouse_that_was_full_already_is_no_fault_of_a_plan_that_adds_nothing(
    situation: Situation, outputs: Outputs
) -> None:
    outputs["replenishment"] = outputs["replenishment"].iloc[:0]
    outputs["transfers"] = outputs["transfers"].iloc[:0]
    outputs["returns"] = changed(outputs["returns"], 0, qty=6)
    small = situation.warehouses.assign(capacity_m3=[0.1, 0.1])
    assert violations(replace(situation, warehouses=small), outputs) == []


def test_lines_of_earlier_plans_take_room_too(situation: Situation, outputs: Outputs) -> None:
    coming = pd.DataFrame({"warehouse_id": ["W1"], "part_id": ["P1"], "qty": [20]})
    found = violations(replace(situation, open_plan_lines=coming), outputs)
    assert found == ["replenishment, transfers: volume added beyond capacity_m3: W1"]


def test_what_becomes_available_later_is_not_shipped_before(situation: Situation, outputs: Outputs) -> None:
    roomy = replace(situation, warehouses=situation.warehouses.assign(capacity_m3=9.0))
    outputs["replenishment"] = changed(outputs["replenishment"], 0, qty=12)
    assert violations(roomy, outputs) == ["replenishment: more than the supplier has available: P1"]
    outputs["replenishment"] = changed(outputs["replenishment"], 0, ship_on=pd.Timestamp("2026-11-25"))
    assert violations(roomy, outputs) == []
