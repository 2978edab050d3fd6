from datetime import UTC, date, datetime

import pandas as pd
import pytest
from sqlalchemy import Engine

from tests.company import SHANGHAI, company, imported, order
from vmi.contract import INPUT
from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.simulate.company import ORDERS_TO_COME
from vmi.store import gather, replay, runs
from vmi.store.engine import read_only

LAST = pd.Timestamp("2026-11-20")
EVE = pd.Timestamp("2026-11-10")
CLOSE = "2026-11-11T00:00+08:00"
DONE = {"status": "delivered", "warehouse_id": "W1"}


def opened(engine: Engine, eve: pd.Timestamp = EVE) -> Situation:
    with read_only(engine) as connection:
        return replay.opening_at(connection, eve, SHANGHAI)


def load(engine: Engine, *lines: pd.DataFrame, **files: pd.DataFrame) -> None:
    """Import the small company with these order lines, and one of LAST, the last day of history."""
    imported(engine, company() | {"orders": pd.concat([*lines, order("LAST", status="cancelled")])} | files)


def shipment(**changed: object) -> pd.DataFrame:
    row = {"shipment_id": "I1", "line_no": 1, "part_id": "P1", "warehouse_id": "W1", "qty": 4, "line_id": "R-1"}
    days = {"shipped_on": "2026-11-18", "eta_on": "2026-11-25", "received_on": None}
    frame = pd.DataFrame([row | days | changed])
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})


def publish(engine: Engine, as_of: date, frames: dict[str, pd.DataFrame]) -> None:
    with engine.begin() as connection:
        begun = runs.begin_run(connection, "plan", as_of, f"plan {as_of}", datetime(2026, 11, 20, tzinfo=UTC))
        runs.write_step(connection, begun, "everything", frames)
        runs.mark_staged(connection, begun, "out", "sha")
    with engine.begin() as connection:
        runs.mark_published(connection, begun)


def firm() -> pd.DataFrame:
    line = {"line_id": "R-9", "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": 10, "pack_qty": 1}
    days = {"ship_on": EVE, "due_on": pd.Timestamp("2026-11-30")}
    return pd.DataFrame([line | days | {"commitment": "firm", "priority": 1, "unit_cost": 10.0}])


def test_the_history_spans_from_its_first_order_to_its_last(engine: Engine) -> None:
    with read_only(engine) as connection, pytest.raises(UsageProblem, match="no orders"):
        replay.span(connection)
    load(engine, order("O1", ordered_at="2026-10-31T23:00Z", status="shipped"))
    with read_only(engine) as connection:
        assert replay.span(connection) == (pd.Timestamp("2026-11-01"), LAST)


def test_lines_are_open_as_they_were_at_that_close(engine: Engine) -> None:
    early = {"ordered_at": "2026-11-09T10:00+08:00"}
    load(
        engine,
        order("SHIPPED-BEFORE", **early, **DONE, shipped_at="2026-11-10T23:59+08:00"),
        order("SHIPPED-AFTER", **early, **DONE, shipped_at=CLOSE, delivered_at="2026-11-12T00:00+08:00"),
        order("STILL-OPEN", **early),
        order("CANCELLED", **early, status="cancelled"),
        order("ORDERED-LATER", ordered_at=CLOSE),
        order("DELIVERED-AFTER", **early, **DONE, delivered_at="2026-11-12T00:00+08:00"),
        order("DONE-SOMEHOW", **early, **DONE),
        order("LATE-ON-EVE", ordered_at="2026-11-10T23:59+08:00", **DONE, shipped_at="2026-11-13T09:00+08:00"),
    )
    found = opened(engine).open_orders
    assert found["order_id"].tolist() == ["DELIVERED-AFTER", "LATE-ON-EVE", "SHIPPED-AFTER", "STILL-OPEN"]
    assert set(found["status"]) == {"open"}
    assert opened(engine).usage["day"].max() == EVE


def test_a_promise_made_after_that_close_was_not_known(engine: Engine) -> None:
    promised = {"first_promise": "2026-11-14T10:00+08:00"}
    load(
        engine,
        order("BEFORE", ordered_at="2026-11-09T10:00+08:00", **promised),
        order("ON-EVE", ordered_at="2026-11-10T10:00+08:00", **promised),
        order("BY-RUN", ordered_at="2026-11-08T10:00+08:00"),
        order("BY-LATER-RUN", ordered_at="2026-11-08T10:00+08:00"),
    )
    for name, night in (("BY-RUN", 9), ("BY-LATER-RUN", 10)):
        moment = pd.to_datetime(["2026-11-15T10:00+08:00"])
        promise = pd.DataFrame({"order_id": [name], "line_no": 1, "first_promise": moment})
        publish(engine, date(2026, 11, night), {"promises": promise})
    found = opened(engine).open_orders.set_index("order_id")
    assert found["first_promise"].notna().to_dict() == {
        **{"BEFORE": True, "BY-LATER-RUN": False, "BY-RUN": True, "ON-EVE": False},
    }
    assert found["first_promise"].dtype == f"datetime64[ns, {SHANGHAI}]"


def test_the_last_day_is_as_it_stands(engine: Engine) -> None:
    load(engine, order("O1", first_promise="2026-11-22T10:00+08:00"), inbound=shipment())
    publish(engine, date(2026, 11, 19), {"plan_replenishment": firm()})
    found = opened(engine, LAST)
    with read_only(engine) as connection:
        real = gather.situation(connection, LAST, SHANGHAI)
    for name, frame in real.frames().items():
        pd.testing.assert_frame_equal(getattr(found, name), frame)
    assert len(found.open_plan_lines) == 1 and len(found.inbound) == 1


def test_an_earlier_day_takes_the_snapshot_as_if_it_lay_there_then(engine: Engine) -> None:
    listed = pd.DataFrame({"part_id": ["P1"], "available_qty": 3, "available_on": pd.to_datetime(["2026-11-21"])})
    load(engine, order("O1", ordered_at="2026-11-01T10:00+08:00"), inbound=shipment(), availability=listed)
    publish(engine, date(2026, 11, 9), {"plan_replenishment": firm()})
    found = opened(engine)
    assert set(found.stock["received_on"]) == {pd.Timestamp("2026-09-21")}
    assert found.stock["qty"].tolist() == [5, 7]
    assert found.inbound[["shipped_on", "eta_on"]].astype(str).values.tolist() == [["2026-11-08", "2026-11-15"]]
    assert found.inbound["received_on"].isna().all()
    assert found.availability["available_on"].tolist() == [pd.Timestamp("2026-11-11")]
    assert found.open_plan_lines.empty
    assert found.as_of == EVE
    for name in ("stock", "inbound", "availability"):
        assert list(getattr(found, name).columns) == [c.name for c in INPUT[name].columns]


def test_warnings_of_later_days_are_there_for_what_is_lived(engine: Engine) -> None:
    days = {"from": pd.to_datetime(["2026-11-15"]), "to": pd.to_datetime(["2026-11-16"])}
    weather = pd.DataFrame({"city": ["Hangzhou"], **days, "severity": "red"})
    load(engine, order("O1", ordered_at="2026-11-01T10:00+08:00"), weather=weather)
    assert len(opened(engine).weather) == 1


def test_a_day_outside_the_history_has_no_opening(engine: Engine) -> None:
    load(engine, order("O1", ordered_at="2026-11-01T10:00+08:00"))
    for day in ("2026-10-31", "2026-11-21"):
        with pytest.raises(ValueError, match="no day of the order history"):
            opened(engine, pd.Timestamp(day))


def test_orders_to_come_are_those_of_the_days_asked_for_in_the_order_they_came(engine: Engine) -> None:
    load(
        engine,
        order("O2", ordered_at="2026-11-12T23:59+08:00", **DONE),
        order("O1", ordered_at="2026-11-12T23:59+08:00", service="same_day", qty=3),
        order("O0", ordered_at=CLOSE, status="cancelled"),
        order("O3", ordered_at=CLOSE),
        order("O4", ordered_at="2026-11-13T00:00+08:00"),
        order("O5", ordered_at="2026-11-10T23:59+08:00"),
    )
    with read_only(engine) as connection:
        found = replay.orders_between(connection, EVE + pd.Timedelta(days=1), EVE + pd.Timedelta(days=2), SHANGHAI)
    assert list(found.columns) == list(ORDERS_TO_COME.columns)
    assert found[["order_id", "qty", "service"]].values.tolist() == [
        *[["O3", 1, "standard"], ["O1", 3, "same_day"], ["O2", 1, "standard"]]
    ]
    assert found["ordered_at"].dtype == f"datetime64[ns, {SHANGHAI}]"


def test_the_clock_counts_lines_by_service_and_minute_of_the_local_day(engine: Engine) -> None:
    load(
        engine,
        order("O1", ordered_at="2026-11-12T00:00:59+08:00"),
        order("O2", ordered_at="2026-11-13T00:00+08:00", **DONE),
        order("O3", ordered_at="2026-11-13T23:59+08:00", service="same_day"),
    )
    with read_only(engine) as connection:
        found = replay.clock(connection, SHANGHAI)
    assert found.values.tolist() == [["same_day", 1439, 1], ["standard", 0, 2]]
    assert found.dtypes.astype(str).tolist() == ["object", "int64", "int64"]


def test_the_clock_follows_summer_time(engine: Engine) -> None:
    load(
        engine,
        order("O1", ordered_at="2026-07-01T09:00+02:00"),
        order("O2", ordered_at="2026-11-01T09:00+01:00"),
        order("O3", ordered_at="2025-07-01T09:00+02:00"),
    )
    with read_only(engine) as connection:
        assert replay.clock(connection, "Europe/Berlin").values.tolist() == [["standard", 540, 3]]
