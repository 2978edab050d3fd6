"""Fail a whole ``vmi plan`` at each of its visible steps: the last plan stands whole, the next night needs no repair.

What a night decides is decided once and remembered for as long as it is given the very same frames, so that hundreds of
nights can fail in a minute; everything that reads, records, writes and publishes is the real thing.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from sqlalchemy import event

from tests.faults.test_publish_steps import KILLED, Fault, bytes_of, visible
from tests.postgres import Server
from vmi import nightly
from vmi.cli import DONE, INTERRUPTED, UNEXPECTED, run
from vmi.planning import STEPS
from vmi.publish import verify
from vmi.publish.manifest import folder_faults
from vmi.publish.steps import OnStep, listening
from vmi.store import engine as engines
from vmi.store import runs

SQLITE, POSTGRESQL = (
    pytest.param(backend, marks=pytest.mark.xdist_group(f"night-faults-{backend}"))
    for backend in ("sqlite", "postgresql")
)
on_postgresql = pytest.mark.parametrize("planner", [POSTGRESQL], indirect=True)  # where connections can be lost
YESTERDAY, TONIGHT = "2026-11-19", "2026-11-20"


@dataclass
class Planner:
    """A company with yesterday's night published, put back to that state before each trial."""

    home: Path
    server: Server | None
    steps: list[str] = field(default_factory=list)
    expected: dict[str, bytes] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.home / "out"

    @property
    def url(self) -> str:
        return self.server.url("night") if self.server else str(self.home / "vmi.db")

    def vmi(self, *arguments: object) -> int:
        return run(["--db", self.url, "--config", str(self.home / "quick.toml"), *map(str, arguments)])

    def plan(self, day: str, on_step: OnStep = lambda name: None) -> int:
        with listening(on_step):
            return self.vmi("plan", "--as-of", day, "--out", self.out)

    def plan_in_a_child(self, on_step: OnStep) -> int:
        """Plan tonight in a process of its own, which may die; return its exit code."""
        child = os.fork()
        if child == 0:
            code = 255
            try:
                code = self.plan(TONIGHT, on_step)
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def keep(self) -> None:
        """Remember this state as the one to return to."""
        shutil.copytree(self.out, self.home / "kept", symlinks=True)
        if self.server:
            self._administer("create database kept template night")
        else:
            shutil.copyfile(self.home / "vmi.db", self.home / "kept.db")

    def reset(self) -> None:
        """Return to the state that was kept."""
        shutil.rmtree(self.out)
        shutil.copytree(self.home / "kept", self.out, symlinks=True)
        if self.server:
            self._administer("drop database night with (force)", "create database night template kept")
        else:
            shutil.copyfile(self.home / "kept.db", self.home / "vmi.db")

    def cut_connections(self) -> None:
        """Have the server end every session on the planner's database, the one that holds the lock too."""
        self._administer("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'night'")

    def _administer(self, *statements: str) -> None:
        assert self.server is not None
        with closing(psycopg.connect(self.server.url("postgres"), autocommit=True)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def published(self) -> tuple[str, str, int]:
        """Return folder name and manifest hash of the last published run, and how many runs are not settled."""
        opened = engines.open_engine(self.url)
        with opened.connect() as connection:
            last = runs.last_published(connection)
            assert last is not None
            return Path(last.folder).name, last.manifest_sha256, len(runs.unfinished_runs(connection))


@pytest.fixture(
    scope="module",
    params=[SQLITE, POSTGRESQL],
)
def planner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    """A planner whose undisturbed night is known, its steps counted."""
    from vmi.sample.company import write_company
    from vmi.sample.parameters import SampleParameters

    home = tmp_path_factory.mktemp("night")
    write_company(home / "company", SampleParameters(parts=24, warehouses=2, centres=3, days=120, seed=1))
    (home / "quick.toml").write_text("[forecast]\nprophet_min_lines = 1000000\n", encoding="utf-8")
    server: Server | None = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    planner = Planner(home, server)
    if server:
        planner._administer("create database night template template0")
    with pytest.MonkeyPatch.context() as patch:
        _skip_flushes(patch)
        _keep_engines(patch)
        assert [planner.vmi("init"), planner.vmi("import", home / "company"), planner.plan(YESTERDAY)] == [DONE] * 3
        planner.keep()
        _remember_decisions(patch)
        assert planner.plan(TONIGHT, planner.steps.append) == DONE
        planner.expected = bytes_of(planner.out / TONIGHT)
        patch.setattr(verify, "violations", lambda *arguments: [])
        yield planner
    if server:
        planner._administer("drop database night with (force)", "drop database kept")


def _keep_engines(patch: pytest.MonkeyPatch) -> None:
    """Keep one engine a database, its statements compiled; it holds no connection, so children may share it."""
    patch.setattr(engines, "open_engine", cache(engines.open_engine))


def _skip_flushes(patch: pytest.MonkeyPatch) -> None:
    """Skip what only a dying machine could tell: here processes die, hundreds of times."""
    configure = engines._configure

    def configure_without_flushes(connection: Any, record: object) -> None:
        configure(connection, record)
        connection.execute("PRAGMA synchronous=OFF").close()

    patch.setattr(engines, "_configure", configure_without_flushes)
    patch.setattr(os, "fsync", lambda handle: None)


def _remember_decisions(patch: pytest.MonkeyPatch) -> None:
    """Decide, review and render once per situation and past; another frame, be it by a row, is decided anew."""
    decided = _remembered(nightly.decide)
    reviewed = _remembered(lambda past, night, *identity: real_review(night, past, *identity))
    real_review, real_render, rendered = nightly.review, nightly.render, dict[int, str]()
    patch.setattr(nightly, "inputs_digest", _remembered(nightly.inputs_digest))

    def decide(situation: Any, config: Any, listener: Callable[[str, Any], None]) -> Any:
        night = decided(situation, config)
        for step in STEPS:
            listener(step, night)
        return night

    def render(view: Any) -> str:
        if id(view) not in rendered:
            rendered[id(view)] = real_render(view)
        return rendered[id(view)]

    patch.setattr(nightly, "decide", decide)
    patch.setattr(nightly, "review", lambda night, past, *identity: reviewed(past, night, *identity))
    patch.setattr(nightly, "render", render)


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function`` with its results kept by the content of its first argument, a dataclass of frames."""
    kept: list[tuple[Any, Any]] = []

    def call(frames: Any, *others: Any) -> Any:
        for known, result in kept:
            if _same(known, frames):
                return result
        kept.append((frames, function(frames, *others)))
        return kept[-1][1]

    return call


def _same(one: Any, other: Any) -> bool:
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    return all(a.equals(b) if isinstance(a, pd.DataFrame | pd.Series) else a == b for a, b in pairs)


@contextmanager
def trial(planner: Planner, where: str) -> Iterator[None]:
    """Hold what must be true after whatever goes wrong inside the block, and again after the next night."""
    planner.reset()
    before = bytes_of(planner.out / YESTERDAY)
    yield
    assert bytes_of(planner.out / YESTERDAY) == before, where
    folder, manifest, _ = planner.published()
    assert hashlib.sha256((planner.out / folder / "manifest.json").read_bytes()).hexdigest() == manifest, where
    for name in visible(planner.out):  # the pointer among them
        assert folder_faults(planner.out / name) == [], where
        assert name == YESTERDAY or bytes_of(planner.out / name) in (before, planner.expected), where
    assert planner.plan(TONIGHT) == DONE, where
    assert bytes_of(planner.out / TONIGHT) == planner.expected, where
    assert bytes_of(planner.out / YESTERDAY) == before, where
    assert sorted(p.name for p in planner.out.iterdir()) == [YESTERDAY, TONIGHT, "latest"], where
    assert (planner.out / "latest").readlink() == Path(TONIGHT), where
    assert planner.published()[::2] == (TONIGHT, 0), where


EXIT = {"disk full": UNEXPECTED, "disk stays full": UNEXPECTED, "interrupted": INTERRUPTED, "killed": KILLED}


def telling_steps(steps: list[str]) -> list[int]:
    """Return the numbers of the steps, of files of one kind (``write eta/...``) those of the first."""
    first = {name.split("/")[0] + ("/" if "/" in name else ""): at for at, name in reversed(list(enumerate(steps, 1)))}
    return [at for at, name in enumerate(steps, 1) if "/" not in name or at in first.values()]


@pytest.mark.parametrize(
    ("kind", "start", "every"),
    [
        ("disk full", 0, 2),
        ("disk stays full", 1, 2),
        ("interrupted", 0, 8),
        ("killed", 0, 2),
        pytest.param("killed", 1, 2, marks=pytest.mark.slow),
    ],
)
def test_a_night_that_fails_at_any_step_leaves_the_last_plan_whole_and_needs_no_repair(
    planner: Planner, kind: str, start: int, every: int
) -> None:
    if planner.server:
        every *= 2  # a new database for each trial takes time, and the files are the same
    for at in telling_steps(planner.steps)[start::every]:
        where = f"{kind} at step {at}, {planner.steps[at - 1]}"
        fault = Fault(at, kind)
        with trial(planner, where):
            code = planner.plan_in_a_child(fault) if kind == "killed" else planner.plan(TONIGHT, fault)
            assert code == EXIT[kind], where


def test_the_steps_of_a_night_are_counted(planner: Planner) -> None:
    rooms = [f"transaction {name}" for name in ("stock record", "begin", *STEPS, "review")]
    assert planner.steps[: len(rooms)] == rooms
    assert {"rename to 2026-11-20", "transaction published", "flip latest"} < set(planner.steps)
    assert any(name.startswith("write replenishment/") for name in planner.steps)
    assert any(name.startswith("write returns/") for name in planner.steps)


@contextmanager
def cutting(planner: Planner, commit: int) -> Iterator[None]:
    """Cut every connection just before that commit of the planner's."""
    engine, seen = engines.open_engine(planner.url), 0

    def cut(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == commit:
            planner.cut_connections()

    event.listen(engine, "commit", cut)
    try:
        yield
    finally:
        event.remove(engine, "commit", cut)


@on_postgresql
def test_a_night_whose_connection_is_lost_in_any_transaction_fails_and_the_next_needs_no_repair(
    planner: Planner,
) -> None:
    commit, code = 0, UNEXPECTED
    while code != DONE:
        commit += 1
        where = f"connections lost at commit {commit}"
        with trial(planner, where):
            with cutting(planner, commit):
                code = planner.plan(TONIGHT)
            assert code in (DONE, UNEXPECTED), where
    assert commit > len([name for name in planner.steps if name.startswith("transaction")])


@on_postgresql
@pytest.mark.parametrize(
    "at", ["transaction eta", "write manifest.json", "transaction staged", "transaction published"]
)
def test_a_planner_that_loses_its_lock_is_overtaken_and_changes_nothing(planner: Planner, at: str) -> None:
    overtaken: list[int] = []

    def overtake(step: str) -> None:
        if step == at and not overtaken:
            planner.cut_connections()
            overtaken.append(planner.plan_in_a_child(lambda name: None))

    with trial(planner, f"overtaken at {at}"):
        code = planner.plan(TONIGHT, overtake)
        assert (overtaken, code) == ([DONE], UNEXPECTED)
        assert planner.published()[::2] == (TONIGHT, 0)
