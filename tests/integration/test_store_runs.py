from datetime import UTC, date, datetime

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, select

from vmi.store import runs
from vmi.store.frames_io import table_of
from vmi.tables.plans import PlanTarget

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)


def targets(*parts: str) -> pd.DataFrame:
    return pd.DataFrame({"part_id": parts, "warehouse_id": "FW01", "stocked": "Y", "target_qty": 3})


def begin(engine: Engine, as_of: date | datetime = FRIDAY, plan_id: str = "p", kind: str = "plan") -> runs.Run:
    with engine.begin() as connection:
        return runs.begin_run(connection, kind, as_of, plan_id, NOW, "out/x")


def publish(engine: Engine, run: runs.Run) -> None:
    with engine.begin() as connection:
        runs.mark_staged(connection, run, "out/x", "abc")
    with engine.begin() as connection:
        runs.mark_published(connection, run, NOW)


def state(engine: Engine, run: runs.Run) -> str:
    with engine.connect() as connection:
        return runs.find_run(connection, run.run_id).state


def test_a_run_goes_from_running_over_staged_to_published(engine: Engine) -> None:
    run = begin(engine)
    assert (run.state, run.fence, run.as_of, run.started_at) == ("running", 1, FRIDAY, NOW)
    publish(engine, run)
    with engine.connect() as connection:
        found = runs.last_published(connection)
    assert found == runs.Run(run.run_id, 1, "plan", "p", FRIDAY, NOW, None, "published", "out/x", "abc", NOW)


def test_planning_a_day_again_supersedes_its_plan_and_no_other(engine: Engine) -> None:
    other_day, first = begin(engine, date(2026, 11, 19)), begin(engine)
    publish(engine, first)
    wave = begin(engine, NOW, kind="dispatch")
    publish(engine, wave)
    again = begin(engine)
    publish(engine, again)
    states = [state(engine, r) for r in (other_day, first, wave, again)]
    assert states == ["running", "superseded", "published", "published"]


def test_two_waves_of_a_day_stand_beside_each_other(engine: Engine) -> None:
    noon, later = (begin(engine, NOW.replace(hour=h), kind="dispatch") for h in (3, 5))
    with pytest.raises(runs.FenceLost):
        publish(engine, noon)
    publish(engine, later)
    last = begin(engine, NOW.replace(hour=7), kind="dispatch")
    publish(engine, last)
    assert [state(engine, r) for r in (later, last)] == ["published", "published"]
    with engine.connect() as connection:
        assert runs.last_published(connection, "dispatch") == runs.find_run(connection, last.run_id)


def test_a_run_whose_fence_was_taken_cannot_publish(engine: Engine) -> None:
    slow = begin(engine)
    begin(engine)
    with pytest.raises(runs.FenceLost, match="a later run has begun"):
        publish(engine, slow)
    assert state(engine, slow) == "staged"


def test_publishing_twice_changes_nothing(engine: Engine) -> None:
    run = begin(engine)
    publish(engine, run)
    with engine.begin() as connection:
        runs.mark_published(connection, run)
    with engine.connect() as connection:
        assert runs.find_run(connection, run.run_id).published_at == NOW


def test_a_step_and_its_rows_are_there_or_neither(engine: Engine) -> None:
    run = begin(engine)
    with pytest.raises(RuntimeError), engine.begin() as connection:
        runs.write_step(connection, run, "place", {"plan_targets": targets("P1")})
        raise RuntimeError("lost connection")
    with engine.connect() as connection:
        assert runs.steps(connection, run) == {}
        assert runs.read_plan(connection, run, "plan_targets").empty


def test_a_run_that_lost_rows_is_not_published(engine: Engine) -> None:
    run = begin(engine)
    table = table_of(PlanTarget)
    with engine.begin() as connection:
        runs.write_step(connection, run, "place", {"plan_targets": targets("P1", "P2")})
        connection.execute(delete(table).where(table.c.part_id == "P2"))
    with pytest.raises(runs.RowsLost, match="wrote 2 rows into plan_targets, but it holds 1"):
        publish(engine, run)
    assert state(engine, run) == "staged"


def test_an_abandoned_run_leaves_its_reason_and_no_rows(engine: Engine) -> None:
    run = begin(engine)
    with engine.begin() as connection:
        runs.write_step(connection, run, "place", {"plan_targets": targets("P1")}, {"gap": 0.01, "day": FRIDAY})
        assert runs.steps(connection, run) == {
            "place": (1, {"gap": 0.01, "day": "2026-11-20", "tables": {"plan_targets": 1}})
        }
    with engine.begin() as connection:
        assert runs.unfinished_runs(connection) == [runs.find_run(connection, run.run_id)]
        runs.mark_abandoned(connection, run, "disk full")
    with engine.connect() as connection:
        assert runs.unfinished_runs(connection) == []
        assert connection.execute(select(table_of(PlanTarget))).all() == []
        assert runs.find_run(connection, run.run_id).reason == "disk full"


def test_a_published_run_cannot_be_abandoned(engine: Engine) -> None:
    run = begin(engine)
    publish(engine, run)
    with engine.begin() as connection, pytest.raises(ValueError, match="is published; only running or staged"):
        runs.mark_abandoned(connection, run)


def test_a_plan_is_read_back_by_its_id_sorted_and_narrowed(engine: Engine) -> None:
    run = begin(engine, plan_id="plan-1")
    with engine.begin() as connection:
        runs.write_step(connection, run, "place", {"plan_targets": targets("P2", "P1")})
    with engine.connect() as connection:
        assert runs.run_of_plan(connection, "plan-1") is None
    publish(engine, run)
    with engine.connect() as connection:
        found = runs.run_of_plan(connection, "plan-1")
        assert found is not None
        assert runs.read_plan(connection, found, "plan_targets")["part_id"].tolist() == ["P1", "P2"]
        assert runs.read_plan(connection, found, "plan_targets", part_id="P2")["target_qty"].tolist() == [3]
