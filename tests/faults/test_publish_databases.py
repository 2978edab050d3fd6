"""The same faults on the real run ledger, on SQLite and PostgreSQL: kills, a lost connection, lost rows."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from vmi.publish import staging
from vmi.publish.ledger import FenceLost, RowsLost, RunRecord
from vmi.publish.manifest import PlanStamp, file_record, folder_faults, manifest_bytes
from vmi.publish.protocol import publish_run, recover
from vmi.publish.steps import listening
from vmi.publish.store_ledger import StoreLedger, run_record
from vmi.store import runs

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
TONIGHT = date(2026, 11, 20)
KILLED = 9
TARGETS = pd.DataFrame(
    {
        "part_id": ["P1", "P2"],
        "warehouse_id": ["W1", "W1"],
        "stocked": ["Y", "N"],
        "target_qty": [3, 0],
        "demand_class": ["slow", "none"],
        "fill_rate": [0.9, 0.0],
        "reason": ["", ""],
    }
)


def begin(engine: Engine, folder: Path) -> RunRecord:
    with engine.begin() as connection:
        run = runs.begin_run(connection, "plan", TONIGHT, "P20261120-0000000000", NOW, str(folder))
    with engine.begin() as connection:
        runs.write_step(connection, run, "place", {"plan_targets": TARGETS})
    return run_record(run)


def writer(content: str) -> Callable[[Path], bytes]:
    def write(folder: Path) -> bytes:
        staging.write_file(folder, "targets.csv", content.encode())
        return manifest_bytes(
            PlanStamp(content, "2026-11-20", "0", "1", ""), [], [file_record("targets.csv", content.encode())]
        )

    return write


def publish(engine: Engine, folder: Path, content: str) -> RunRecord:
    ledger = StoreLedger(engine, NOW)
    recover(ledger, folder.parent)
    run = begin(engine, folder)
    publish_run(ledger, run, writer(content))
    return run


def state_of(engine: Engine, run_id: int) -> str:
    with engine.connect() as connection:
        return runs.find_run(connection, run_id).state


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run ``action`` in a process that dies at that step; False if there is no such step."""
    taken = 0

    def count(_name: str) -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            os._exit(KILLED)

    child = os.fork()
    if child == 0:
        code = 1
        try:
            with listening(count):
                action()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == KILLED


def test_a_night_killed_at_any_step_leaves_a_whole_plan_and_needs_no_repair(engine: Engine, tmp_path: Path) -> None:
    step, killed = 0, True
    while killed:
        step += 1
        folder = tmp_path / str(step) / "2026-11-20"
        publish(engine, folder, "first")
        killed = killed_at(step, lambda folder=folder: publish(engine, folder, "second"))
        assert folder_faults(folder) == []
        recover(StoreLedger(engine, NOW), folder.parent)
        with engine.connect() as connection:
            assert runs.unfinished_runs(connection) == []
            published = runs.last_published(connection)
        assert published is not None
        assert published.manifest_sha256 == publication_of(folder)
        last = publish(engine, folder, "third")
        assert state_of(engine, last.run_id) == "published"
        assert (folder / "targets.csv").read_text() == "third"
        assert sorted(p.name for p in folder.parent.iterdir()) == ["2026-11-20", "latest"]
    assert step > 12, "the steps of a publication are no longer counted"


def publication_of(folder: Path) -> str:
    return file_record("manifest.json", (folder / "manifest.json").read_bytes()).sha256


@pytest.mark.parametrize("transaction", ["staged", "published"])
def test_a_connection_lost_at_a_transaction_leaves_a_run_that_the_next_command_settles(
    engine: Engine, tmp_path: Path, transaction: str
) -> None:
    folder = tmp_path / "2026-11-20"
    publish(engine, folder, "first")
    run = begin(engine, folder)

    def lose(name: str) -> None:
        if name in (f"transaction {transaction}", "transaction abandoned"):
            raise OperationalError("update runs", {}, Exception("server closed the connection unexpectedly"))

    with pytest.raises(OperationalError), listening(lose):
        publish_run(StoreLedger(engine, NOW), run, writer("second"))
    assert folder_faults(folder) == []
    recover(StoreLedger(engine, NOW), tmp_path)
    expected = {"staged": ("abandoned", "first"), "published": ("published", "second")}[transaction]
    assert (state_of(engine, run.run_id), (folder / "targets.csv").read_text()) == expected


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_plan_whose_rows_are_lost_is_taken_back(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(staging, "exchange", lambda one, other: False)
    folder = tmp_path / "2026-11-20"
    if earlier:
        publish(engine, folder, "first")
    for when in ("in the run", "in recovery"):
        run = begin(engine, folder)

        def lose(name: str, run: RunRecord = run, when: str = when) -> None:
            if name != "transaction published":
                return
            with engine.begin() as connection:
                connection.execute(
                    text("delete from plan_targets where run_id = :run and part_id = 'P1'"), {"run": run.run_id}
                )
            if when == "in recovery":
                raise KeyboardInterrupt

        with pytest.raises(RowsLost if when == "in the run" else KeyboardInterrupt), listening(lose):
            publish_run(StoreLedger(engine, NOW), run, writer("second"))
        said = recover(StoreLedger(engine, NOW), tmp_path)
        assert len(said) == (when == "in recovery")
        assert state_of(engine, run.run_id) == "abandoned"
        assert folder.exists() == earlier
        if earlier:
            assert (folder / "targets.csv").read_text() == "first"
        assert not list(tmp_path.glob(".[stpr]*-*"))


def test_an_overtaken_run_is_told_so(engine: Engine, tmp_path: Path) -> None:
    slow = begin(engine, tmp_path / "2026-11-20")
    begin(engine, tmp_path / "2026-11-21")
    with pytest.raises(FenceLost, match="a later run has begun"):
        StoreLedger(engine, NOW).mark_published(slow)


def test_each_out_folder_has_a_pointer_to_its_own_newest_plan(engine: Engine, tmp_path: Path) -> None:
    publish(engine, tmp_path / "a" / "2026-11-20", "first")
    ledger = StoreLedger(engine, NOW)
    assert ledger.current("plan", tmp_path / "b") is None
    found = ledger.current("plan", tmp_path / "a")
    assert found is not None
    assert found.folder == tmp_path / "a" / "2026-11-20"


def test_a_run_that_died_before_it_had_a_folder_is_undone(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        run = runs.begin_run(connection, "plan", TONIGHT, "P1", NOW)
    assert recover(StoreLedger(engine, NOW), tmp_path) == [
        f"Run {run.run_id} had died before it had a folder; it was undone."
    ]
    assert state_of(engine, run.run_id) == "abandoned"
