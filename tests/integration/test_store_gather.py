from datetime import UTC, date, datetime

import pandas as pd
import pytest
from sqlalchemy import Engine

from forecasts import choice, windows
from forecasts.profiles import kept as profiles
from tests.company import SHANGHAI, company, imported, order
from vmi.contract import INPUT
from vmi.frames import (
    FORECAST_CALIBRATION,
    FORECAST_SCORES,
    LANE_TIMES,
    OPEN_ORDERS,
    OPEN_PLAN_LINES,
    PROFILES,
    USAGE,
    Situation,
)
from vmi.store import gather, runs
from vmi.store.digest import inputs_digest
from vmi.store.engine import open_engine, read_only

AS_OF = pd.Timestamp("2026-11-20")
NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
LATE = "2026-11-20T23:59:59+08:00"
NEXT = "2026-11-21T00:00:00+08:00"


def seen(engine: Engine, as_of: pd.Timestamp = AS_OF, at: pd.Timestamp | None = None) -> Situation:
    with read_only(engine) as connection:
        return gather.situation(connection, as_of, SHANGHAI, at=at)


def orders(*lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return company() | {"orders": pd.concat(lines, ignore_index=True)}


def run(engine: Engine, frames: dict[str, pd.DataFrame], as_of: date | datetime, kind: str = "plan") -> None:
    """Publish a run that wrote these plan tables."""
    with engine.begin() as connection:
        begun = runs.begin_run(connection, kind, as_of, "plan", NOW)
        runs.write_step(connection, begun, "everything", frames)
        runs.mark_staged(connection, begun, "out", "sha")
    with engine.begin() as connection:
        runs.mark_published(connection, begun)


def firm(qty: int = 10, line_id: str = "R-1", commitment: str = "firm") -> pd.DataFrame:
    line = {"line_id": line_id, "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": qty, "pack_qty": 1}
    days = {"ship_on": pd.Timestamp("2026-11-20"), "due_on": pd.Timestamp("2026-11-30")}
    return pd.DataFrame([line | days | {"commitment": commitment, "priority": 1, "unit_cost": 10.0}])


def promise(order_id: str, text: str) -> pd.DataFrame:
    return pd.DataFrame({"order_id": [order_id], "line_no": 1, "first_promise": pd.to_datetime([text])})


def test_usage_sums_lines_up_to_as_of_and_leaves_cancelled_ones_out(engine: Engine) -> None:
    lines = [
        order("O1", qty=2, ordered_at=LATE, status="delivered"),
        order("O2", qty=3, ordered_at="2026-11-20T00:00+08:00"),
        order("O3", qty=5, status="cancelled"),
        order("O4", qty=7, ordered_at=NEXT),
        order("O5", qty=1, service="same_day"),
    ]
    imported(engine, orders(*lines))
    found = seen(engine).usage
    assert list(found.columns) == list(USAGE.columns)
    assert found[["service", "qty", "lines"]].values.tolist() == [["same_day", 1, 1], ["standard", 5, 2]]
    assert found["day"].unique().tolist() == [AS_OF]
    assert found.dtypes.astype(str).to_dict() == {
        **dict.fromkeys(["part_id", "centre_id", "service"], "object"),
        **{"day": "datetime64[ns]", "qty": "int64", "lines": "int64"},
    }


def test_open_orders_end_with_the_day_or_with_the_moment_of_a_dispatch(engine: Engine) -> None:
    imported(engine, orders(order("O1", ordered_at=LATE), order("O2", ordered_at=NEXT), order("O3", status="shipped")))
    assert seen(engine).open_orders["order_id"].tolist() == ["O1"]
    found = seen(engine, at=pd.Timestamp(NEXT)).open_orders
    assert found["order_id"].tolist() == ["O1", "O2"]
    OPEN_ORDERS.check(found)


def test_lane_times_are_hours_beyond_the_quoted_transit(engine: Engine) -> None:
    done = {"status": "delivered", "warehouse_id": "W1", "shipped_at": "2026-11-19T08:00+08:00"}
    lines = [
        order("O1", ordered_at="2026-11-18T08:00Z", delivered_at="2026-11-19T20:30+08:00", **done),
        order("O2", ordered_at="2026-11-18T08:00Z", delivered_at=NEXT, **done),
        order("O3", ordered_at="2026-01-18T08:00Z", delivered_at="2026-01-19T20:30+08:00", **done),
        order("O4", ordered_at="2026-11-18T08:00Z", delivered_at="2026-11-19T10:00Z", status="delivered"),
    ]
    imported(engine, orders(*lines))
    found = seen(engine).lane_times
    assert list(found.columns) == list(LANE_TIMES.columns)
    assert found.values.tolist() == [["W1", "Hangzhou", "standard", 2.5]]


def test_files_come_with_the_contract_s_columns_and_defaults(engine: Engine) -> None:
    imported(engine, company())
    found = seen(engine)
    for name, frame in found.frames().items():
        if name in INPUT:
            assert list(frame.columns) == [c.name for c in INPUT[name].columns], name
    assert found.suppliers.iloc[0].to_dict() == {
        **{"supplier_id": "S1", "name": "供应商一", "platform_fee_rate": 0.12},
        **{"return_window_days": 90, "respond_within_hours": 24.0},
    }
    assert found.parts[["pack_qty", "min_order_qty", "hazmat", "criticality"]].values.tolist() == [[1, 1, "N", "B"]] * 2


def test_overrides_end_and_long_past_closures_are_forgotten(engine: Engine) -> None:
    until = pd.to_datetime(["2026-11-20", "2026-11-21", None])
    kinds = ["min", "max", "do_not_stock"]
    overrides = {"part_id": "P1", "warehouse_id": "W1", "kind": kinds, "value": 1, "until": until, "reason": "recall"}
    closures = {"scope": "all", "id": "", "from": pd.Timestamp("2025-01-01")}
    ends = pd.to_datetime(["2025-10-15", "2025-10-16", "2027-02-12"])
    imported(
        engine,
        company() | {"overrides": pd.DataFrame(overrides), "closures": pd.DataFrame({**closures, "to": ends})},
    )
    found = seen(engine)
    assert sorted(found.overrides["kind"]) == ["do_not_stock", "max"]
    assert found.closures["to"].tolist() == list(ends[1:])


def test_what_a_published_plan_ordered_is_in_the_pipeline_of_the_next_night(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_replenishment": pd.concat([firm(), firm(5, "R-2", "forecast")])}, date(2026, 11, 19))
    found = seen(engine).open_plan_lines
    assert list(found.columns) == list(OPEN_PLAN_LINES.columns)
    assert found[["line_id", "qty"]].values.tolist() == [["R-1", 10]]
    assert found["published_as_of"].tolist() == [pd.Timestamp("2026-11-19")]
    assert seen(engine, pd.Timestamp("2026-11-19")).open_plan_lines.empty


def test_what_an_unpublished_run_wrote_is_in_no_pipeline_and_promises_nothing(engine: Engine) -> None:
    imported(engine, company())
    with engine.begin() as connection:
        begun = runs.begin_run(connection, "plan", date(2026, 11, 19), "plan", NOW)
        written = {"plan_replenishment": firm(), "promises": promise("O1", "2026-11-22T10:00+08:00")}
        runs.write_step(connection, begun, "everything", written)
    found = seen(engine)
    assert found.open_plan_lines.empty
    assert found.open_orders["first_promise"].isna().all()


def test_a_superseded_plan_orders_nothing_any_more_but_its_promises_stand(engine: Engine) -> None:
    imported(engine, company())
    first, second = "2026-11-22T10:00+08:00", "2026-11-23T10:00+08:00"
    run(engine, {"plan_replenishment": firm(), "promises": promise("O1", first)}, date(2026, 11, 19))
    run(engine, {"plan_replenishment": firm(4), "promises": promise("O1", second)}, date(2026, 11, 19))
    found = seen(engine)
    assert found.open_plan_lines["qty"].tolist() == [4]
    assert found.open_orders["first_promise"].tolist() == [pd.Timestamp(first)]


def test_a_promise_of_the_order_file_goes_before_ours(engine: Engine) -> None:
    imported(engine, orders(order("O1", first_promise="2026-11-21T12:00+08:00")))
    run(engine, {"promises": promise("O1", "2026-11-22T10:00+08:00")}, date(2026, 11, 19))
    found = seen(engine).open_orders
    assert found["first_promise"].tolist() == [pd.Timestamp("2026-11-21T12:00+08:00")]
    assert found["promised_on"].isna().all()


def test_a_lot_that_arrived_closes_the_line_that_ordered_it(engine: Engine) -> None:
    imported(engine, company())
    run(engine, {"plan_replenishment": firm()}, date(2026, 11, 12))
    lot = company()["stock"].iloc[:1].assign(lot_id="L9", qty=6, received_on=pd.Timestamp("2026-11-18"))
    imported(engine, {"stock": pd.concat([company()["stock"], lot])})
    assert seen(engine).open_plan_lines["qty"].tolist() == [4]


def test_the_digest_is_the_same_on_both_databases_and_in_any_order_of_rows(new_database) -> None:
    lines = [order(f"O{i}", qty=i, part_id=f"P{1 + i % 2}", first_promise=LATE if i % 3 else None) for i in range(1, 9)]
    digests = set()
    for backend in ("sqlite", "postgresql"):
        engine = open_engine(new_database(backend, True))
        files = orders(*lines)
        imported(engine, {n: f.sample(frac=1, random_state=len(digests)) for n, f in files.items()})
        digests.add(inputs_digest(seen(engine)))
    assert len(digests) == 1


def test_the_digest_changes_with_any_content_that_a_plan_sees(engine: Engine) -> None:
    imported(engine, company())
    before = inputs_digest(seen(engine))
    imported(engine, {"parts": company()["parts"].assign(unit_cost=[10.0, 20.0001])})
    assert inputs_digest(seen(engine)) != before


def test_planning_a_night_again_has_the_same_digest_and_the_next_night_another(engine: Engine) -> None:
    imported(engine, company())
    before, next_before = inputs_digest(seen(engine)), inputs_digest(seen(engine, pd.Timestamp("2026-11-21")))
    run(engine, {"promises": promise("O1", "2026-11-22T10:00+08:00")}, AS_OF.date())
    run(engine, {"promises": promise("O1", "2026-11-22T10:00+08:00")}, NOW, kind="dispatch")
    again = seen(engine)
    assert again.open_orders["first_promise"].notna().all()
    assert inputs_digest(again) == before
    assert inputs_digest(seen(engine, pd.Timestamp("2026-11-21"))) != next_before


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_moments_come_in_the_planning_zone(engine: Engine, zone: str) -> None:
    imported(engine, company())
    with read_only(engine) as connection:
        found = gather.situation(connection, AS_OF, zone)
    assert str(found.open_orders["ordered_at"].dt.tz) == zone


def profile(fitted_on: str) -> pd.DataFrame:
    days = {"fitted_on": pd.Timestamp(fitted_on), "first_day": pd.Timestamp("2024-01-01")}
    fit = {"fingerprint": "f", "trend": 0.000125, "coefficients": '{"level": 0.987654}', "months": '{"2026-10": 4}'}
    return pd.DataFrame([{"kind": "family", "family": "", "region": "", **days, **fit}])


def test_profiles_are_those_of_the_last_plan_before_the_night(engine: Engine) -> None:
    imported(engine, company())
    assert seen(engine).profiles.empty
    older, newer = (profile(f"2026-11-{day}") for day in (18, 19))
    run(engine, {"plan_profiles": older}, date(2026, 11, 18))
    run(engine, {"plan_profiles": newer}, date(2026, 11, 19))
    run(engine, {"plan_profiles": profile("2026-11-20")}, date(2026, 11, 20))
    pd.testing.assert_frame_equal(seen(engine).profiles, newer)
    pd.testing.assert_frame_equal(seen(engine, AS_OF - pd.Timedelta(days=1)).profiles, older)


def judged(on: str) -> dict[str, pd.DataFrame]:
    method = {"demand_class": "all", "method": "thresholds", "origins": 2, "cells": 4000, "pinball": 0.123457}
    score = {**method, "coverage_p90": 0.9123, "chosen": "Y", "judged_on": pd.Timestamp(on)}
    spread = {"demand_class": "all", "level": 0.9, "cells": 4000, "coverage": 0.84, "variance_factor": 1.5}
    spread = {**spread, "coverage_used": 0.9, "judged_on": pd.Timestamp(on)}
    return {"plan_forecast_scores": pd.DataFrame([score]), "plan_forecast_calibration": pd.DataFrame([spread])}


def test_the_judgement_of_methods_is_that_of_the_last_plan_before_the_night(engine: Engine) -> None:
    imported(engine, company())
    assert seen(engine).forecast_scores.empty
    assert seen(engine).forecast_calibration.empty
    for day in (18, 19, 20):
        run(engine, judged(f"2026-11-{day}"), date(2026, 11, day))
    for night, before in ((AS_OF, "2026-11-19"), (AS_OF - pd.Timedelta(days=1), "2026-11-18")):
        found = seen(engine, night)
        pd.testing.assert_frame_equal(found.forecast_scores, judged(before)["plan_forecast_scores"])
        pd.testing.assert_frame_equal(found.forecast_calibration, judged(before)["plan_forecast_calibration"])


def test_what_is_kept_has_the_columns_that_forecasts_gives_and_takes() -> None:
    assert PROFILES.columns == profiles.PROFILES
    assert FORECAST_SCORES.columns == (*choice.SCORES, "judged_on")
    assert FORECAST_CALIBRATION.columns == (*windows.CALIBRATION, "judged_on")
