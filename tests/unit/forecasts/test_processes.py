import os
import subprocess
import sys
import time
from pathlib import Path

from forecasts.engine import Engine
from tests.unit.forecasts.cluster_work import die_on_three, hang_on_three


def square(number):
    return number * number


def lost(number, reason):
    return f"{number}: {reason}"


def die_once_on_three(marker_and_number):
    """Kill the process that is given a three first."""
    marker, number = marker_and_number
    if number == 3 and not Path(marker).exists():
        Path(marker).touch()
        os._exit(9)
    return number * number


def start_a_child_and_hang(marker):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(marker).write_text(str(child.pid))
    child.wait()


def test_two_processes_give_what_one_gives_in_order():
    items = list(range(40))
    assert Engine(2, timeout_seconds=60.0).map(square, items, lost) == Engine().map(square, items, lost)


def test_an_item_that_kills_its_process_costs_none_but_itself():
    expected = [1, 4, "3: its process died 2 times", 16, 25]
    assert Engine(2, timeout_seconds=60.0).map(die_on_three, [1, 2, 3, 4, 5], lost) == expected


def test_an_item_whose_process_was_killed_once_is_done_by_another(tmp_path):
    items = [(str(tmp_path / "marker"), n) for n in (1, 2, 3, 4)]
    assert Engine(2, timeout_seconds=60.0).map(die_once_on_three, items, lost) == [1, 4, 9, 16]


def test_an_item_that_never_ends_is_given_up_and_the_others_go_on():
    started = time.monotonic()
    found = Engine(2, timeout_seconds=0.5).map(hang_on_three, [1, 2, 3, 4, 5], lost)
    assert found == [1, 4, "3: no answer within 0.5 seconds", 16, 25]
    assert time.monotonic() - started < 60


def test_what_a_stuck_process_has_started_ends_with_it(tmp_path):
    marker = tmp_path / "pid"
    Engine(2, timeout_seconds=2.0).map(start_a_child_and_hang, [str(marker)] * 2, lambda item, reason: None)
    pid = int(marker.read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_script_whose_processes_cannot_start_does_the_work_itself(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from operator import neg\n"
        "from forecasts.engine import Engine\n"
        "print(Engine(2, timeout_seconds=60.0).map(neg, [1, 2, 3], max))\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert ran.stdout.endswith("[-1, -2, -3]\n")
