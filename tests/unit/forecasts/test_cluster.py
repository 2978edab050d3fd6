"""The seam to many machines: two real Dask workers, one of them killed."""

import importlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from distributed import Client, KilledWorker, LocalCluster

from forecasts import cluster
from forecasts.cluster import ClusterProblem
from forecasts.engine import Engine, engine_for
from forecasts.parameters import Parameters
from forecasts.profiles import aggregates
from forecasts.profiles.calendar import Calendar
from tests.dask_cluster import await_workers, running_cluster
from tests.unit.forecasts.cluster_work import (
    die_on_three,
    double_in_place,
    fail_on_three,
    fit,
    fit_and_sign,
    hang_on_three,
    sleep_or_fail,
    tell_and_sleep,
)

pytestmark = pytest.mark.xdist_group("dask")
PATIENCE = 120.0


def kill_scheduler(address):
    with Client(address, set_as_default=False) as client:
        pid = client.run_on_scheduler(os.getpid)
    os.kill(pid, signal.SIGKILL)


def lost(number, reason):
    return f"{number}: {reason}"


@pytest.fixture
def address(dask_cluster):
    """The scheduler's address, with both workers there."""
    await_workers(dask_cluster)
    return dask_cluster


def profile_tasks(count):
    days = pd.date_range(end="2026-11-08", periods=400)
    features = Calendar.china().features(days)
    regressors, draws = features.loc[:, features.any()], np.random.default_rng(5)
    return [
        aggregates.Task(f"g{n}", days, draws.poisson(50.0, len(days)).astype(float), regressors, 1, 60.0)
        for n in range(count)
    ]


def test_fits_are_the_same_to_the_last_bit_here_in_processes_and_on_a_cluster(address):
    tasks = profile_tasks(3)
    here = Engine().map(fit, tasks, lost)
    assert all(failure == "" for failure, *_ in here)
    assert Engine(2, timeout_seconds=PATIENCE).map(fit, tasks, lost) == here
    assert Engine(2, address, PATIENCE).map(fit, tasks, lost) == here


def test_a_worker_that_is_killed_in_the_middle_costs_nothing(address, tmp_path):
    tasks, signed = profile_tasks(8), tmp_path / "pids"
    items, found = [(str(tmp_path), task) for task in tasks], []
    work = threading.Thread(target=lambda: found.extend(Engine(2, address, PATIENCE).map(fit_and_sign, items, lost)))
    work.start()
    deadline = time.monotonic() + PATIENCE
    while not signed.exists() or len(signed.read_text().split()) < 4:
        assert work.is_alive() and time.monotonic() < deadline
        time.sleep(0.005)
    victim = int(signed.read_text().split()[-1])
    os.kill(victim, signal.SIGKILL)
    work.join()
    assert found == Engine().map(fit, tasks, lost)
    assert len(signed.read_text().split()) == len(tasks) + 1  # the one it was at was begun twice


def test_an_item_that_kills_its_workers_is_named_and_costs_none_but_itself(address, caplog):
    expected = [1, 4, "3: its process died 2 times", 16, 25]
    assert Engine(1, address, PATIENCE).map(die_on_three, [1, 2, 3, 4, 5], lost) == expected
    assert "item 3 of 5: its process died 2 times" in caplog.text


def test_an_item_that_never_ends_is_given_up_and_its_worker_freed(address):
    engine = Engine(1, address, 2.0)
    assert engine.map(hang_on_three, [1, 2, 3, 4], lost) == [1, 4, "3: no answer within 2 seconds", 16]
    await_workers(address)
    assert Engine(1, address, PATIENCE).map(hang_on_three, [1, 2], lost) == [1, 4]


def test_arrays_can_be_written_to_on_either_side(address):
    found = Engine(1, address, PATIENCE).map(double_in_place, [np.ones(3), np.zeros(3)], lost)
    found[0] += 1
    assert [array.tolist() for array in found] == [[3.0] * 3, [0.0] * 3]


def test_a_function_that_raises_shows_its_error(address):
    with pytest.raises(ZeroDivisionError, match="three"):
        Engine(1, address, PATIENCE).map(fail_on_three, [1, 2, 3], lost)


def test_what_is_left_of_a_failed_run_is_ended(address):
    with pytest.raises(ZeroDivisionError, match="three"):
        Engine(1, address, PATIENCE).map(sleep_or_fail, [600, 3], lost)
    assert Engine(1, address, 60.0).map(sleep_or_fail, [0, 0, 0], lost) == [0, 0, 0]


def test_a_worker_that_is_busy_for_another_gets_no_item_until_it_is_done(address):
    with Client(address, set_as_default=False) as another:
        theirs = another.submit(time.sleep, 4.0, workers=[min(another.nthreads())])
        while not any(another.run(lambda dask_worker: len(dask_worker.active_threads)).values()):
            time.sleep(0.02)
        assert Engine(1, address, 2.0).map(die_on_three, [1, 2, 4, 5], lost) == [1, 4, 16, 25]
        theirs.result()


def test_workers_with_other_libraries_are_refused_by_name(address, monkeypatch):
    monkeypatch.setattr(cluster, "_version", lambda library: "0.1")
    with pytest.raises(ClusterProblem, match=r"tcp://\S+: numpy 2\.\S+, here 0\.1, .*Install the planner's version"):
        Engine(1, address).map(die_on_three, [1, 2], lost)


def test_workers_with_other_code_are_refused_and_the_package_told(address, monkeypatch):
    monkeypatch.setattr(cluster, "_code", lambda package: "abc")
    with pytest.raises(ClusterProblem, match=r"code of forecasts \w{12}, here abc"):
        Engine(1, address).map(die_on_three, [1, 2], lost)


def test_workers_that_do_not_know_the_function_are_refused_with_the_reason(address, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def double(number):\n    return 2 * number\n")
    monkeypatch.syspath_prepend(tmp_path)
    double = importlib.import_module("only_here").double
    with pytest.raises(ClusterProblem, match="ModuleNotFoundError: No module named 'only_here'"):
        Engine(1, address).map(double, [1, 2], lost)


def test_workers_of_an_older_version_are_refused_with_the_reason(address, tmp_path, monkeypatch):
    (tmp_path / "newer_cluster.py").write_text(
        "from forecasts import cluster\n"
        "old = cluster.introduce\n"
        "def introduce(packages, parcel, dask_worker):\n"
        "    return old(packages, parcel, dask_worker)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(cluster, "introduce", importlib.import_module("newer_cluster").introduce)
    with pytest.raises(ClusterProblem, match="No module named 'newer_cluster'"):
        Engine(1, address).map(die_on_three, [1, 2], lost)


def test_the_code_of_a_package_is_that_of_its_first_asking(tmp_path, monkeypatch):
    package = tmp_path / "upgraded_package"
    package.mkdir()
    (package / "__init__.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    before = cluster._code("upgraded_package")
    (package / "__init__.py").write_text("x = 2")
    assert cluster._code("upgraded_package") == before
    cluster._code.cache_clear()
    assert cluster._code("upgraded_package") != before


def test_a_cluster_without_workers_is_an_error_that_says_how_to_start_one(monkeypatch):
    monkeypatch.setattr(cluster, "WORKERLESS_SECONDS", 0.5)
    with (
        LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as empty,
        pytest.raises(
            ClusterProblem,
            match=r"no idle worker for the planner for 0\.5 seconds; start some with: dask worker tcp://",
        ),
    ):
        Engine(1, empty.scheduler_address).map(die_on_three, [1, 2], lost)


def test_a_scheduler_that_is_not_there_is_an_error_that_names_it(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.3)
    with pytest.raises(ClusterProblem, match=r"scheduler at tcp://127\.0\.0\.1:1 cannot be reached"):
        Engine(1, "tcp://127.0.0.1:1").map(die_on_three, [1, 2], lost)


@pytest.mark.parametrize("wrong", ["carrier-pigeon://host:1", "tls://127.0.0.1:1"])
def test_a_protocol_that_cannot_be_spoken_is_an_error_that_says_so(monkeypatch, wrong):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.3)
    with pytest.raises(ClusterProblem, match="cannot be reached"):
        Engine(1, wrong).map(die_on_three, [1, 2], lost)


def test_a_scheduler_that_goes_away_in_the_middle_is_an_error_that_names_it(tmp_path):
    begun = tmp_path / "begun"

    def kill_once_begun(address):
        while not begun.exists():
            time.sleep(0.05)
        kill_scheduler(address)

    with running_cluster() as doomed:
        await_workers(doomed)
        threading.Thread(target=kill_once_begun, args=(doomed,), daemon=True).start()
        with pytest.raises(ClusterProblem, match=f"the Dask scheduler at {doomed} was lost during the work"):
            Engine(1, doomed, PATIENCE).map(tell_and_sleep, [str(begun)] * 2, lost)


def test_without_dask_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterProblem, match=r"pip install 'vmi\[cluster\]'"):
        Engine(1, "tcp://127.0.0.1:1").map(die_on_three, [1, 2], lost)


def test_what_dask_gives_up_unseen_is_tried_once_more_and_then_lost():
    class Task:
        status = "error"

        def exception(self):
            return KilledWorker("task", None, 3)

    class Client:
        def cancel(self, futures, force):
            pass

    shift = cluster._Shift(Client(), die_on_three, [1, 2], PATIENCE)
    shift.waiting.clear()
    for waiting, lost_ones in (([0], {}), ([0], {0: "its process died 2 times"})):
        shift.at_work["tcp://w"] = cluster._Task(0, Task(), PATIENCE)
        shift._attend("tcp://w")
        assert (list(shift.waiting), shift.lost) == (waiting, lost_ones)


@pytest.mark.parametrize(("fits", "engine"), [(79, Engine()), (80, Engine(2, "tcp://a:1", 9.0))])
def test_little_work_is_done_in_this_process_and_much_where_it_is_configured(fits, engine):
    assert engine_for(fits, Parameters(cluster="tcp://a:1"), 9.0) == engine


def test_nothing_of_dask_is_loaded_where_no_cluster_is_asked_for():
    code = "import sys, forecasts.engine; forecasts.engine.Engine().map(abs, [1, 2], max); print('dask' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "False\n"
