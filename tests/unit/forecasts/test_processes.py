import os
import time

from forecasts.processes import map_in_processes

PARENT = "FORECASTS_TEST_PARENT"


def square(number):
    return number * number


def die_unless_parent(number):
    """Kill a worker; answer only in the process that the test names."""
    if os.environ[PARENT] != str(os.getpid()):
        os._exit(9)
    return number * number


def sleep_unless_parent(number):
    if os.environ[PARENT] != str(os.getpid()):
        time.sleep(60)
    return number * number


def test_two_processes_give_what_one_gives_in_order():
    items = list(range(40))
    assert map_in_processes(square, items, 2, 60.0) == map_in_processes(square, items, 1, 60.0)


def test_what_killed_workers_lose_is_done_again(monkeypatch):
    monkeypatch.setenv(PARENT, str(os.getpid()))
    assert map_in_processes(die_unless_parent, [1, 2, 3, 4], 2, 60.0) == [1, 4, 9, 16]


def test_what_does_not_come_back_in_time_is_done_again(monkeypatch):
    monkeypatch.setenv(PARENT, str(os.getpid()))
    started = time.monotonic()
    assert map_in_processes(sleep_unless_parent, [1, 2], 2, 0.5) == [1, 4]
    assert time.monotonic() - started < 30
