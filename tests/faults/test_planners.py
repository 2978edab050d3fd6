"""Planners that meet or die: one at a time, and a dead one's lock goes with it. The planners are real processes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.test_publish_steps import bytes_of, visible
from vmi.cli import DONE, LOCKED, run
from vmi.publish.manifest import folder_faults

pytestmark = pytest.mark.xdist_group("planners")
YESTERDAY, TONIGHT = "2026-11-19", "2026-11-20"
PATIENCE_SECONDS = 60
KILLS = 60

VMI = "from vmi.cli import main; main()"

# A planner that says when it holds the lock, at a step inside its night, and waits there until its stdin is closed.
WAITS_AT_A_STEP = """
import sys
from vmi.cli import run
from vmi.publish.steps import listening
def wait(name):
    if name == "transaction placement":
        print("holding", flush=True)
        sys.stdin.read()
with listening(wait):
    sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def company(tmp_path: Path, database_url: str) -> Path:
    """A home with the smallest company imported."""
    from vmi.sample.company import write_company
    from vmi.sample.parameters import SampleParameters

    write_company(tmp_path / "company", SampleParameters(parts=20, warehouses=2, centres=3, days=120, seed=1))
    (tmp_path / "quick.toml").write_text("[forecast]\nprophet_min_lines = 1000000\n", encoding="utf-8")
    assert vmi(tmp_path, database_url, "import", tmp_path / "company") == DONE
    return tmp_path


def command(home: Path, url: str, *arguments: object) -> list[str]:
    return ["--db", url, "--config", str(home / "quick.toml"), *map(str, arguments)]


def plan(home: Path, day: str = TONIGHT) -> tuple[object, ...]:
    return ("plan", "--as-of", day, "--out", home / "out")


def vmi(home: Path, url: str, *arguments: object) -> int:
    return run(command(home, url, *arguments))


@contextmanager
def planner_in_its_night(home: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun to plan tonight, holds the lock, and goes on when its stdin is closed."""
    started = [sys.executable, "-c", WAITS_AT_A_STEP, *command(home, url, *plan(home))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(started, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == "holding\n"
            yield process
        finally:
            process.kill()


def test_a_second_planner_is_told_to_wait_readers_are_not_and_the_first_ones_plan_stands(
    company: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with planner_in_its_night(company, database_url) as first:
        for arguments in (plan(company), plan(company, YESTERDAY), ("import", company / "company")):
            assert vmi(company, database_url, *arguments) == LOCKED
            message = capsys.readouterr().err
            assert f"held by process {first.pid} on " in message
            assert "run again" in message
        assert vmi(company, database_url, "status") == DONE
        assert not (company / "out" / TONIGHT).exists()
        first.communicate(timeout=PATIENCE_SECONDS)
        assert first.returncode == DONE
    assert visible(company / "out") == [TONIGHT, "latest"]
    assert folder_faults(company / "out" / TONIGHT) == []


def test_a_killed_planner_leaves_no_lock_behind(company: Path, database_url: str) -> None:
    with planner_in_its_night(company, database_url) as first:
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE_SECONDS)
        assert vmi(company, database_url, *plan(company)) == DONE
    assert visible(company / "out") == [TONIGHT, "latest"]
    assert folder_faults(company / "out" / "latest") == []


@pytest.mark.slow
def test_planners_killed_at_random_moments_leave_whole_plans(company: Path, database_url: str) -> None:
    assert vmi(company, database_url, *plan(company, YESTERDAY)) == DONE
    before = bytes_of(company / "out" / YESTERDAY)
    again = [sys.executable, "-c", VMI, *command(company, database_url, *plan(company))]
    started = time.monotonic()
    assert subprocess.run(again, capture_output=True, check=False).returncode == DONE
    seconds, expected = time.monotonic() - started, bytes_of(company / "out" / TONIGHT)
    moments = random.Random(20261120)
    for trial in range(KILLS):
        process = subprocess.Popen(again, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(moments.uniform(0, 1.1 * seconds))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert bytes_of(company / "out" / YESTERDAY) == before, trial
        assert bytes_of(company / "out" / TONIGHT) == expected, trial
        assert (company / "out" / "latest").readlink() == Path(TONIGHT), trial
    assert vmi(company, database_url, *plan(company)) == DONE
    assert bytes_of(company / "out" / TONIGHT) == expected
    assert sorted(p.name for p in (company / "out").iterdir()) == [YESTERDAY, TONIGHT, "latest"]
