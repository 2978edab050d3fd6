import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vmi.store.engine import open_engine
from vmi.store.lock import LockHeld, planner_lock

HOLDER = """
import sys, time
from vmi.store.engine import open_engine
from vmi.store.lock import planner_lock
with planner_lock(open_engine(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(url: str) -> subprocess.Popen:
    """Start a process that holds the lock of a database, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def taken_within(url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with planner_lock(open_engine(url)):
                return True
        except LockHeld:
            time.sleep(0.05)
    return False


def test_a_second_planner_is_told_who_holds_the_lock_and_since_when(database_url: str) -> None:
    process = holder(database_url)
    try:
        who = rf"process {process.pid} on .* since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
        with pytest.raises(LockHeld, match=who), planner_lock(open_engine(database_url)):
            pytest.fail("two planners at once")
    finally:
        process.kill()
        process.wait()


def test_a_killed_planner_leaves_no_lock(database_url: str) -> None:
    process = holder(database_url)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert taken_within(database_url, 10)


def test_a_lock_is_given_back_and_can_be_taken_again(database_url: str) -> None:
    engine = open_engine(database_url)
    for _ in range(2):
        with pytest.raises(RuntimeError), planner_lock(engine):
            raise RuntimeError("the night failed")


def test_one_process_cannot_plan_twice_at_once(database_url: str) -> None:
    engine = open_engine(database_url)
    with planner_lock(engine), pytest.raises(LockHeld, match=f"process {os.getpid()}"), planner_lock(engine):
        pytest.fail("two planners at once")


def test_the_planner_writes_and_others_read_while_the_lock_is_held(engine) -> None:
    from sqlalchemy import text

    from vmi.store.engine import read_only

    with planner_lock(engine):
        with engine.begin() as connection:
            connection.execute(text("insert into stock_record_days values ('2026-11-20')"))
        with read_only(engine) as connection:
            assert connection.scalar(text("select count(*) from stock_record_days")) == 1


def test_two_databases_have_two_locks(new_database) -> None:
    for backend in ("sqlite", "postgresql"):
        first, second = (open_engine(new_database(backend, True)) for _ in range(2))
        with planner_lock(first), planner_lock(second):
            pass
