"""A real Dask scheduler with two workers for tests, each a process of its own."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

START_SECONDS = 120
ROOT = Path(__file__).parents[1]
WORKERS = 2


@contextmanager
def running_cluster() -> Iterator[str]:
    """Start a scheduler and two workers, yield its address, and end them all."""
    home = Path(tempfile.mkdtemp(prefix="vmi-dask-"))
    where = home / "scheduler.json"
    file, local = ("--scheduler-file", str(where)), ("--host", "127.0.0.1", "--no-dashboard")
    worker = ("--nworkers", str(WORKERS), "--nthreads", "1", "--memory-limit", "0", "--death-timeout", "30")
    started: list[subprocess.Popen] = []
    try:
        started.append(_start(home, "dask_scheduler", *file, *local, "--port", "0", "--dashboard-address", ":0"))
        address = _await(lambda: json.loads(where.read_text())["address"], started[0], home)
        started.append(_start(home, "dask_worker", address, *local, *worker, "--local-directory", str(home)))
        yield address
    finally:
        for process in started:  # a killed nanny's worker sees that it is gone and ends
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def await_workers(address: str) -> None:
    """Wait until all workers are there, those too that another test has killed."""
    with Client(address, timeout=START_SECONDS, set_as_default=False) as client:
        client.wait_for_workers(WORKERS, timeout=START_SECONDS)


def _start(home: Path, program: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    with (home / program).open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment, preexec_fn=_lead_and_die)


def _lead_and_die() -> None:
    """Lead a group of processes, to be ended as one; end when pytest does, however it does (PR_SET_PDEATHSIG)."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _await(look: Callable[[], str], process: subprocess.Popen, home: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return look()
        except (OSError, ValueError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dask did not start: {(home / 'dask_scheduler').read_text()}") from error
            time.sleep(0.05)
