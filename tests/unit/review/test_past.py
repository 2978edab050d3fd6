"""The past that a night finds in the store: nothing later than its close, nothing of its own runs."""

import dataclasses
from datetime import UTC, date, datetime

import pandas as pd
from sqlalchemy import Engine

from tests.company import SHANGHAI, company, imported, order, rejects
from vmi.config import Config
from vmi.past import REJECTS, Past, PastParameters
from vmi.review.reach import past_reach
from vmi.store import runs
from vmi.store.engine import read_only
from vmi.store.history import past
from vmi.store.stock_history import record_stock

AS_OF = pd.Timestamp("2026-11-20")
NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
REACH = PastParameters(order_days=60, on_hand_days=28)


def seen(engine: Engine, as_of: pd.Timestamp = AS_OF) -> Past:
    with read_only(engine) as connection:
        return past(connection, as_of, SHANGHAI, REACH)


def run(engine: Engine, frames: dict[str, pd.DataFrame], as_of: date | datetime, kind: str = "plan") -> None:
    """Publish a run that wrote these plan tables."""
    with engine.begin() as connection:
        begun = runs.begin_run(connection, kind, as_of, "plan", NOW)
        runs.write_step(connection, begun, "everything", frames)
        runs.mark_staged(connection, begun, "out", "sha")
    with engine.begin() as connection:
        runs.mark_published(connection, begun)


def firm(line_id: str, qty: int = 10) -> pd.DataFrame:
    line = {"line_id": line_id, "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": qty, "pack_qty": 1}
    days = {"ship_on": pd.Timestamp("2026-11-18"), "due_on": pd.Timestamp("2026-11-28")}
    return pd.DataFrame([line | days | {"commitment": "firm", "priority": 1, "unit_cost": 10.0}])


def returned(pick_up_on: str, qty: int = 2) -> pd.DataFrame:
    lot = {"supplier_id": "S1", "part_id": "P2", "warehouse_id": "W1", "lot_id": "L2", "age_days": 90, "qty": qty}
    days = {"received_on": pd.Timestamp("2026-08-20"), "pick_up_on": pd.Timestamp(pick_up_on)}
    more = {"line_id": "B-1", "unit_cost": 20.0, "trigger": "age", "relocation_tested": "Y", "reason": ""}
    return pd.DataFrame([lot | days | more])


def stock_day(as_of: str, value: float) -> pd.DataFrame:
    row = {"as_of": pd.Timestamp(as_of), "warehouse_id": "W1", "units": 3, "value": value, "volume": 0.5}
    return pd.DataFrame([row | {"aged_value": 1.0}])


def promise(order_id: str, text: str) -> pd.DataFrame:
    return pd.DataFrame({"order_id": [order_id], "line_no": 1, "first_promise": pd.to_datetime([text])})


def forecast(mean: float) -> pd.DataFrame:
    return pd.DataFrame([{"part_id": "P1", "warehouse_id": "W1", "mean": mean, "p10": 0.0, "p50": mean, "p90": 9.0}])


def test_an_empty_store_has_the_empty_past_of_a_first_night(engine: Engine) -> None:
    found = seen(engine)
    for field in dataclasses.fields(Past):
        value, blank = getattr(found, field.name), getattr(Past(AS_OF), field.name)
        if isinstance(blank, pd.DataFrame):
            assert value.empty
            assert list(value.columns) == list(blank.columns), field.name
        else:
            assert value == blank


def test_the_same_night_planned_again_finds_the_same_past(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_replenishment": firm("R-1"), "stock_days": stock_day("2026-11-19", 5.0)}, date(2026, 11, 19))
    first = seen(engine)
    tables = {
        "plan_replenishment": firm("R-1", qty=7),
        "plan_returns": returned("2026-11-20"),
        "stock_days": stock_day("2026-11-20", 9.0),
        "promises": promise("O1", "2026-11-22T10:00+08:00"),
        "plan_forecasts": forecast(4.0),
    }
    run(engine, tables, AS_OF.date())
    with engine.begin() as connection:
        record_stock(connection, AS_OF, company()["stock"])
    again = seen(engine)
    for field in dataclasses.fields(Past):
        one, two = getattr(first, field.name), getattr(again, field.name)
        assert one.equals(two) if isinstance(one, pd.DataFrame) else one == two, field.name
    assert first.last_as_of == pd.Timestamp("2026-11-19")


def test_order_lines_stand_as_they_did_at_the_close(engine: Engine) -> None:
    went = {"warehouse_id": "W1", "ordered_at": "2026-11-19T08:00+08:00", "status": "delivered"}
    lines = [
        order("O1", shipped_at="2026-11-19T10:00+08:00", delivered_at="2026-11-20T10:00+08:00", **went),
        order("O2", shipped_at="2026-11-20T10:00+08:00", delivered_at="2026-11-21T10:00+08:00", **went),
        order("O3", shipped_at="2026-11-21T00:00+08:00", delivered_at="2026-11-21T10:00+08:00", **went),
        order("O4", ordered_at="2026-11-21T00:00+08:00"),
        order("O5", ordered_at="2026-09-01T00:00+08:00"),
    ]
    imported(engine, company() | {"orders": pd.concat(lines, ignore_index=True)})
    found = seen(engine).order_lines
    assert found[["order_id", "status", "warehouse_id"]].values.tolist() == [
        ["O1", "delivered", "W1"],
        ["O2", "shipped", "W1"],
        ["O3", "open", ""],
    ]
    assert found["delivered_at"].notna().tolist() == [True, False, False]


def test_a_promise_of_an_earlier_night_stands_and_tonights_does_not(engine: Engine) -> None:
    lines = pd.concat([order(o, ordered_at="2026-11-18T10:00+08:00") for o in ("O1", "O2")], ignore_index=True)
    imported(engine, company() | {"orders": lines})
    run(engine, {"promises": promise("O1", "2026-11-20T10:00+08:00")}, date(2026, 11, 18))
    run(engine, {"promises": promise("O1", "2026-11-25T10:00+08:00")}, date(2026, 11, 19))
    run(engine, {"promises": promise("O2", "2026-11-26T10:00+08:00")}, AS_OF.date())
    found = seen(engine).order_lines["first_promise"]
    assert found.tolist()[0] == pd.Timestamp("2026-11-20T10:00", tz=SHANGHAI)
    assert pd.isna(found.tolist()[1])


def test_lots_of_the_window_were_received_and_those_lying_before_it_or_moved_were_not(engine: Engine) -> None:
    lot = {"warehouse_id": "W1", "part_id": "P1", "qty": 4, "status": "available"}
    days = {"L1": "2026-08-01", "L3": "2026-11-19", "L4": "2026-11-21"}
    lots = pd.DataFrame([lot | {"lot_id": k, "received_on": pd.Timestamp(v)} for k, v in days.items()])
    imported(engine, company() | {"stock": lots})
    imported(engine, {"stock": lots.assign(warehouse_id="W2")})
    assert seen(engine).receipts.values.tolist() == [["W1", "P1", pd.Timestamp("2026-11-19"), 4]]


def test_a_return_of_several_plans_counts_once_on_its_first_day_and_not_before_it(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_returns": returned("2026-11-19")}, date(2026, 11, 17))
    run(engine, {"plan_returns": returned("2026-11-20")}, date(2026, 11, 18))
    assert seen(engine).returns["pick_up_on"].tolist() == [pd.Timestamp("2026-11-19")]
    assert seen(engine, pd.Timestamp("2026-11-18")).returns.empty


def test_the_forecast_is_that_of_four_weeks_ago_or_the_week_before(engine: Engine) -> None:
    imported(engine, company())
    for day, mean in ((15, 1.0), (17, 2.0), (22, 3.0), (24, 4.0)):
        run(engine, {"plan_forecasts": forecast(mean)}, date(2026, 10, day))
    found = seen(engine)
    assert found.forecast_as_of == pd.Timestamp("2026-10-22")
    assert found.forecasts is not None
    assert found.forecasts["mean"].tolist() == [3.0]
    assert seen(engine, pd.Timestamp("2026-12-01")).forecasts is None


def test_a_shipment_has_come_when_it_left_inbound_and_its_lot_lies_there(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_replenishment": firm("R-1")}, date(2026, 11, 17))
    on_road = {"shipment_id": "A1", "line_no": 1, "kind": "supply", "part_id": "P1", "from_id": "S1", "line_id": "R-1"}
    days = {"shipped_on": pd.Timestamp("2026-11-18"), "eta_on": pd.Timestamp("2026-11-20"), "received_on": pd.NaT}
    inbound = pd.DataFrame([on_road | days | {"warehouse_id": "W1", "qty": 10}])
    imported(engine, {"inbound": inbound})
    before = seen(engine).arrivals.iloc[0]
    assert before["shipped_on"] == pd.Timestamp("2026-11-18")
    assert pd.isna(before["received_on"])
    lot = {"warehouse_id": "W1", "part_id": "P1", "lot_id": "L9", "qty": 10, "status": "available"}
    came = pd.DataFrame([lot | {"received_on": pd.Timestamp("2026-11-20")}])
    stock = pd.concat([company()["stock"], came], ignore_index=True)
    imported(engine, {"inbound": inbound.iloc[:0], "stock": stock})
    after = seen(engine).arrivals.iloc[0]
    assert (after["received_on"], after["received_qty"]) == (pd.Timestamp("2026-11-20"), 10)


def test_answers_after_the_close_are_not_known_yet(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_replenishment": pd.concat([firm("R-1"), firm("R-2")])}, date(2026, 11, 17))
    times = pd.to_datetime(["2026-11-20T23:00+08:00", "2026-11-21T00:00+08:00"]).tz_convert(SHANGHAI)
    imported(
        engine, {"confirmations": pd.DataFrame({"line_id": ["R-1", "R-2"], "answer": "accept", "answered_at": times})}
    )
    assert seen(engine).answers["line_id"].tolist() == ["R-1"]


def test_wanted_is_what_was_granted_and_what_availability_cut_off(engine: Engine) -> None:
    imported(engine, company())
    cut = {"part_id": "P1", "warehouse_id": "W1", "supplier_id": "S1", "on_hand": 0, "inbound": 0, "backordered": 0}
    numbers = {"position": 0, "target_qty": 14, "need_qty": 14, "qty": 10, "binding": "availability"}
    frames = {"plan_replenishment": firm("R-1"), "plan_derivations": pd.DataFrame([cut | numbers])}
    run(engine, frames, date(2026, 11, 19))
    assert seen(engine).wanted.values.tolist() == [[pd.Timestamp("2026-11-19"), "S1", 14.0, 10.0]]


def test_no_import_is_shown_as_later_than_the_night(engine: Engine) -> None:
    imported(engine, company(), at=datetime(2026, 11, 18, 17, 0, tzinfo=UTC))
    imported(engine, {"stock": company()["stock"]}, at=datetime(2026, 12, 1, tzinfo=UTC), rejected=2)
    found = seen(engine).imports.set_index("file")
    assert (found.loc["parts", "imported_on"], found.loc["parts", "age_days"]) == (pd.Timestamp("2026-11-19"), 1)
    assert (found.loc["stock", "imported_on"], found.loc["stock", "age_days"]) == (AS_OF, 0)
    assert found.loc["stock", "rejected"] == 2


def test_rejected_rows_are_found_with_line_rule_and_mend(engine: Engine) -> None:
    imported(engine, company(), rejected=1, left_out=rejects(("orders.csv.gz", 12, "not_whole")))
    found = seen(engine).rejects
    assert tuple(found.columns) == REJECTS.columns
    assert found.values.tolist() == [["orders", 12, "qty", "3.5", "not_whole", "write a whole number"]]


def test_the_reach_covers_the_months_of_the_scorecards() -> None:
    assert past_reach(Config()) == PastParameters(order_days=100, on_hand_days=28)
