"""Fail and kill a publication at every visible step: the last plan stays whole, the next run needs no repair."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmi.publish import staging
from vmi.publish.ledger import FenceLost, RunKind, RunRecord
from vmi.publish.manifest import PlanStamp, file_record, folder_faults, manifest_bytes
from vmi.publish.protocol import publish_run, recover
from vmi.publish.steps import listening

KILLED = 9
YESTERDAY, TONIGHT = "2026-11-19", "2026-11-20"


@dataclass(frozen=True)
class SqliteLedger:
    """The run ledger in the smallest durable database there is."""

    path: Path

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("pragma synchronous=off")  # a process dies here, not the machine
            connection.execute(
                "create table if not exists runs (run_id integer primary key, kind, folder, state, manifest_sha256)"
            )
            yield connection

    def begin(self, folder: Path, kind: RunKind = "plan") -> RunRecord:
        with self.transaction() as connection:
            row = ("running", kind, str(folder), "")
            added = connection.execute(
                "insert into runs (state, kind, folder, manifest_sha256) values (?, ?, ?, ?)", row
            )
            assert added.lastrowid is not None
            return RunRecord(added.lastrowid, kind, folder)

    def find(self, where: str, *values: object) -> list[RunRecord]:
        with self.transaction() as connection:
            rows = connection.execute(
                f"select run_id, kind, folder, state, manifest_sha256 from runs where {where}", values
            ).fetchall()
        return [RunRecord(run_id, kind, Path(folder), state, sha) for run_id, kind, folder, state, sha in rows]

    def unfinished(self) -> Sequence[RunRecord]:
        return self.find("state in ('running', 'staged') order by run_id")

    def current(self, kind: RunKind, out: Path) -> RunRecord | None:
        found = self.find("state = 'published' and kind = ? order by folder desc, run_id desc", kind)
        return next((run for run in found if run.out == out), None)

    def mark_staged(self, run: RunRecord, manifest_sha256: str) -> None:
        self._set(run, "staged", manifest_sha256)

    def mark_published(self, run: RunRecord) -> None:
        with self.transaction() as connection:
            (newest,) = connection.execute("select max(run_id) from runs").fetchone()
            if newest != run.run_id:
                raise FenceLost(f"run {newest} has taken over")
            connection.execute(
                "update runs set state = 'superseded' where folder = ? and state = 'published'", (str(run.folder),)
            )
            connection.execute("update runs set state = 'published' where run_id = ?", (run.run_id,))

    def mark_abandoned(self, run: RunRecord, reason: str) -> None:
        assert reason
        self._set(run, "abandoned", run.manifest_sha256)

    def _set(self, run: RunRecord, state: str, manifest_sha256: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "update runs set state = ?, manifest_sha256 = ? where run_id = ?", (state, manifest_sha256, run.run_id)
            )


def writer(content: str) -> Callable[[Path], bytes]:
    def write(folder: Path) -> bytes:
        files = {"targets.csv": content.encode(), "eta/C1.csv": b"one", "eta/C2.csv": b"two"}
        for name, data in files.items():
            staging.write_file(folder, name, data)
        stamp = PlanStamp(f"P-{content}", TONIGHT, "0", "1", "")
        return manifest_bytes(stamp, [], [file_record(name, data) for name, data in files.items()])

    return write


def publish(ledger: SqliteLedger, out: Path, name: str, content: str) -> None:
    """Do what a night does: recover, begin, publish."""
    recover(ledger, out)
    publish_run(ledger, ledger.begin(out / name), writer(content))


@dataclass
class Fault:
    """Raises, or kills the process, at the step of that number; a disk may stay full from then on."""

    at: int
    kind: str
    taken: int = 0

    def __call__(self, name: str) -> None:
        self.taken += 1
        if self.taken == self.at or (self.taken > self.at and self.kind == "disk stays full"):
            if self.kind == "killed":
                os._exit(KILLED)
            raise KeyboardInterrupt if self.kind == "interrupted" else OSError(errno.ENOSPC, "No space left on device")


def attempt(action: Callable[[], None], fault: Fault) -> bool:
    """Run ``action`` under ``fault``, in a process of its own if that is to be killed; True if it got through."""
    if fault.kind != "killed":
        try:
            with listening(fault):
                action()
        except (OSError, KeyboardInterrupt):
            return False
        return True
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with listening(fault):
                action()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == 0


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def visible(out: Path) -> list[str]:
    return sorted(p.name for p in out.iterdir() if not p.name.startswith("."))


def assert_settled(ledger: SqliteLedger, out: Path) -> None:
    """What holds once ``recover`` has been through: ledger, folders and pointer agree, and nothing is left over."""
    assert ledger.unfinished() == []
    published = ledger.find("state = 'published' order by folder")
    folders = [run.folder.name for run in published]
    assert sorted(p.name for p in out.iterdir()) == sorted({*folders, *(["latest"] if folders else [])})
    for run in published:
        assert folder_faults(run.folder) == []
        assert hashlib.sha256((run.folder / "manifest.json").read_bytes()).hexdigest() == run.manifest_sha256
    if folders:
        assert (out / "latest").readlink() == Path(folders[-1])


SCENARIOS: dict[str, list[tuple[str, str]]] = {
    "the first plan of all": [],
    "a plan after another day's": [(YESTERDAY, "old")],
    "a plan again, with other content": [(YESTERDAY, "old"), (TONIGHT, "first")],
    "a plan again, with the same content": [(YESTERDAY, "old"), (TONIGHT, "new")],
}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce the steps but skip the flushes: a process dies here, not the machine, and there are thousands."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(params=["exchange", "two renames"])
def can_exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "two renames":
        monkeypatch.setattr(staging, "exchange", lambda one, other: False)
    return bool(request.param == "exchange")


def prepared(folder: Path, scenario: str) -> tuple[SqliteLedger, Path]:
    folder.mkdir()
    ledger, out = SqliteLedger(folder / "ledger.db"), folder / "out"
    out.mkdir()
    for name, content in SCENARIOS[scenario]:
        publish(ledger, out, name, content)
    return ledger, out


@pytest.mark.parametrize("kind", ["disk full", "disk stays full", "interrupted", "killed"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_plan_that_fails_at_any_step_leaves_the_last_one_whole(
    tmp_path: Path, scenario: str, kind: str, can_exchange: bool
) -> None:
    at, through = 0, False
    while not through:
        at += 1
        ledger, out = prepared(tmp_path / str(at), scenario)
        before = bytes_of(out / YESTERDAY)
        through = attempt(lambda ledger=ledger, out=out: publish(ledger, out, TONIGHT, "new"), Fault(at, kind))
        for name in visible(out):
            # A pointer may dangle between two renames, where folders cannot be exchanged, until the next command.
            assert (not can_exchange and not (out / name).exists()) or folder_faults(out / name) == []
        assert bytes_of(out / YESTERDAY) == before
        recover(ledger, out)
        assert_settled(ledger, out)
        publish(ledger, out, TONIGHT, "next")
        assert_settled(ledger, out)
        assert (out / TONIGHT / "targets.csv").read_bytes() == b"next"
        assert bytes_of(out / YESTERDAY) == before
    assert at > 17, "the steps of a publication are no longer counted"


def test_a_recovery_that_dies_at_any_step_is_finished_by_the_next(tmp_path: Path, can_exchange: bool) -> None:
    scenario, at, through = "a plan again, with other content", 0, False
    while not through:
        at += 1
        again, recovered = 0, False
        while not recovered:
            again += 1
            ledger, out = prepared(tmp_path / f"{at}-{again}", scenario)
            through = attempt(lambda ledger=ledger, out=out: publish(ledger, out, TONIGHT, "new"), Fault(at, "killed"))
            recovered = attempt(lambda ledger=ledger, out=out: recover(ledger, out) and None, Fault(again, "killed"))
            recover(ledger, out)
            assert_settled(ledger, out)
            assert (out / TONIGHT / "targets.csv").read_bytes() in (b"first", b"new")


def test_a_run_dead_before_its_rename_is_undone_and_one_dead_after_it_is_finished(tmp_path: Path) -> None:
    names: list[str] = []
    ledger, out = prepared(tmp_path / "counted", "a plan after another day's")
    with listening(names.append):
        publish(ledger, out, TONIGHT, "new")
    rename = names.index(f"rename to {TONIGHT}") + 1
    for at, state in ((rename, "abandoned"), (rename + 1, "published")):
        ledger, out = prepared(tmp_path / str(at), "a plan after another day's")
        attempt(lambda ledger=ledger, out=out: publish(ledger, out, TONIGHT, "new"), Fault(at, "killed"))
        (said,) = recover(ledger, out)
        assert (out / TONIGHT).exists() == (state == "published")
        assert ledger.find("run_id = 2")[0].state == state
        assert said.startswith("Run 2 had died")
        assert recover(ledger, out) == []


def test_a_full_disk_is_cleaned_up_at_once_and_said(tmp_path: Path) -> None:
    ledger, out = prepared(tmp_path / "night", "a plan after another day's")
    with pytest.raises(OSError, match="No space left") as failed, listening(Fault(6, "disk full")):
        publish(ledger, out, TONIGHT, "new")
    assert not hasattr(failed.value, "__notes__")
    assert sorted(p.name for p in out.iterdir()) == [YESTERDAY, "latest"]
    assert ledger.find("run_id = 2")[0].state == "abandoned"
    with pytest.raises(OSError) as failed, listening(Fault(6, "disk stays full")):
        publish(ledger, out, TONIGHT, "new")
    assert "could not be undone at once" in failed.value.__notes__[0]


def test_a_run_whose_turn_was_taken_moves_nothing(tmp_path: Path) -> None:
    ledger, out = prepared(tmp_path / "night", "a plan after another day's")
    slow = ledger.begin(out / TONIGHT)

    def write_while_another_publishes(folder: Path) -> bytes:
        content = writer("slow")(folder)
        publish(ledger, out, TONIGHT, "fast")
        return content

    with pytest.raises(FileNotFoundError):
        publish_run(ledger, slow, write_while_another_publishes)
    assert (out / TONIGHT / "targets.csv").read_bytes() == b"fast"
    assert_settled(ledger, out)


def test_a_dispatch_has_a_pointer_of_its_own(tmp_path: Path) -> None:
    ledger, out = prepared(tmp_path / "day", "a plan after another day's")
    publish_run(ledger, ledger.begin(out / "2026-11-20T1740", "dispatch"), writer("dispatch"))
    assert (out / "latest").readlink() == Path(YESTERDAY)
    assert (out / "latest-dispatch").readlink() == Path("2026-11-20T1740")


def test_the_pointer_stays_at_the_newest_day_when_an_older_one_is_planned_again(tmp_path: Path) -> None:
    ledger, out = prepared(tmp_path / "night", "a plan again, with other content")
    publish(ledger, out, YESTERDAY, "late")
    assert (out / "latest").readlink() == Path(TONIGHT)
