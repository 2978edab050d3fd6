from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine

from tests.company import IMPORTED_AT, company, imported
from vmi.config import Config
from vmi.status import read_status
from vmi.store import runs
from vmi.store.engine import open_engine
from vmi.store.migrate import RevisionState

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def engine(new_database: Callable[[str, bool], str]) -> Engine:
    """A database with a schema and nothing in it."""
    return open_engine(new_database("sqlite", True))


def plan(engine: Engine, published: bool = True) -> None:
    line = {"line_id": "R-1", "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": 5, "pack_qty": 1}
    line |= {"commitment": "firm", "priority": 1, "unit_cost": 10.0}
    days = {"ship_on": pd.Timestamp("2026-11-21"), "due_on": pd.Timestamp("2026-12-01")}
    with engine.begin() as connection:
        run = runs.begin_run(connection, "plan", FRIDAY, "P-1", IMPORTED_AT, "out/2026-11-20")
        if published:
            runs.write_step(connection, run, "place", {"plan_replenishment": pd.DataFrame([{**line, **days}])})
            runs.mark_staged(connection, run, "out/2026-11-20", "abc")
            runs.mark_published(connection, run, IMPORTED_AT)


def test_an_empty_database_has_a_status_that_says_what_to_do(engine: Engine) -> None:
    found = read_status(engine, Config(), now=IMPORTED_AT)
    assert (found.last_import, found.last_plan, found.open_order_lines, found.stale) == (None, None, 0, ())
    assert "none yet: run vmi import FOLDER" in found.as_text()


def test_a_company_after_its_first_night(engine: Engine) -> None:
    imported(engine, company(), rejected=1)
    plan(engine)
    plan(engine, published=False)
    found = read_status(engine, Config(), now=IMPORTED_AT).as_dict()
    assert found["last_import"]["imported_at"] == "2026-11-21T06:00:00+08:00"
    assert {"name": "stock", "rows_read": 3, "imported": 2, "rejected": 1} in found["last_import"]["files"]
    assert (found["last_plan"]["plan_id"], found["last_plan"]["folder"]) == ("P-1", "out/2026-11-20")
    assert (found["open_order_lines"], found["open_pipeline_lines"]) == (1, 1)
    assert [run["state"] for run in found["unfinished"]] == ["running"]
    assert found["calendar_verified_through"] >= "2026-12-31"


def test_inputs_are_stale_once_they_are_older_than_the_days_allowed(engine: Engine) -> None:
    imported(engine, company())
    for days, stale in ((3, []), (4, ["stock"])):
        found = read_status(engine, Config(), now=IMPORTED_AT + timedelta(days=days))
        assert [file["name"] for file in found.stale] == stale
    assert "stock was imported 4 days ago" in found.as_text()


def test_a_password_is_never_shown(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = open_engine("postgresql://planner:secret@host/vmi").url
    monkeypatch.setattr(engine, "url", secret.set(database=engine.url.database))
    monkeypatch.setattr("vmi.status.revision_state", lambda _: RevisionState("1", "1"))
    found = read_status(engine, Config(), now=datetime(2026, 11, 20, tzinfo=UTC))
    assert "secret" not in found.as_text()
    assert found.database.startswith("postgresql://planner:***@host/")
