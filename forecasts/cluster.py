"""Workers of a running Dask scheduler for many items: other machines, the same results.

Dask carries items and answers and knows which workers there are. Which worker has which item is decided here, one item
to a worker at a time: then a worker that dies or sticks tells which item it was, and no other is suspected. (Dask by
itself suspects all that the dead worker had been given, and lets an item kill four.)
"""

import hashlib
import importlib.util
import logging
import pickle
import platform
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic, TypeVar

from forecasts.processes import TRIES, died, no_answer

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_SECONDS = 10.0
WORKERLESS_SECONDS = 120.0
"""Time a cluster may be without any worker: one that died is started again by its nanny within seconds."""
LOOK_SECONDS = 0.25
"""So often it is seen which workers are there and whose time is over."""
FETCH_SECONDS = 60.0
RESTART_SECONDS = 30.0
LIBRARIES = ("numpy", "pandas", "scipy", "prophet", "cmdstanpy", "statsmodels", "numba", "ortools")
"""What calculates: another version may give other bytes."""
log = logging.getLogger(__name__)


class ClusterProblem(Exception):
    """A cluster that cannot be used; the message says why and what to do."""


def work_on_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], address: str, timeout_seconds: float
) -> tuple[dict[int, Result], dict[int, str]]:
    """Return ``function`` of each item by its place, and the items that were lost with a reason in words.

    A worker that takes longer than ``timeout_seconds`` over one item is restarted by its nanny and the others go on.

    Raises
    ------
    ClusterProblem
        Dask is not installed, the scheduler at ``address`` cannot be reached or is lost, it has no workers, or they
        run other code.
    """
    with ExitStack() as stack:
        shift = _Shift(_connect(address, stack), function, items, timeout_seconds)
        try:
            shift.work()
        except (OSError, CancelledError) as error:
            raise ClusterProblem(
                f"the Dask scheduler at {address} was lost during the work ({error}); start it and run again"
            ) from error
        except BaseException:  # an interruption, a function that raises
            shift.dismiss()
            raise
    return shift.done, shift.lost


def _connect(address: str, stack: ExitStack) -> Any:
    """Return a client of the scheduler, to be closed with the stack."""
    try:
        import dask.config
        import distributed
    except ModuleNotFoundError as missing:
        raise ClusterProblem(
            f"forecast.cluster is {address}, but Dask is not installed here: pip install 'vmi[cluster]', or leave"
            " forecast.cluster empty"
        ) from missing
    # A company's books are large on purpose.
    stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "100 GB"}))
    try:
        return stack.enter_context(distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
    except (OSError, ValueError, TypeError) as error:  # nobody there; no such protocol; TLS without certificates
        raise ClusterProblem(
            f"the Dask scheduler at {address} cannot be reached ({error}); start it with: dask scheduler, or leave"
            " forecast.cluster empty"
        ) from error


@dataclass(frozen=True)
class _Task:
    """An item at a worker, and until when."""

    place: int
    future: Any
    deadline: float


@dataclass
class _Shift(Generic[Item, Result]):
    """Who is at what, what is still to be handed out, and what has come of the rest, by place."""

    client: Any
    function: Callable[[Item], Result]
    items: Sequence[Item]
    timeout_seconds: float
    waiting: deque[int] = field(default_factory=deque)
    done: dict[int, Result] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)
    at_work: dict[str, _Task] = field(default_factory=dict)
    trusted: set[str] = field(default_factory=set)
    strangers: dict[str, str] = field(default_factory=dict)
    news: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Put every item in the queue."""
        self.waiting.extend(range(len(self.items)))

    def work(self) -> None:
        """Hand out the items and take in their results, until none is left."""
        self._look()
        if self.strangers:
            told = "; ".join(f"{address}: {difference}" for address, difference in sorted(self.strangers.items()))
            raise ClusterProblem(
                f"Dask workers that might give other results than this machine: {told}. Install the planner's version"
                " there, with its requirements.lock, and start them again"
            )
        next_look, patient_until = 0.0, time.monotonic() + WORKERLESS_SECONDS
        while len(self.done) + len(self.lost) < len(self.items):
            if time.monotonic() >= next_look:
                for address in self._look():
                    log.warning("Dask worker %s gets no work: %s", address, self.strangers[address])
                next_look = time.monotonic() + LOOK_SECONDS
            for address in sorted(self.at_work.keys() - self.trusted):
                self._bury(address)
            for address in sorted(self.trusted - self.at_work.keys())[: len(self.waiting)]:
                self._hand(address, self.waiting.popleft())
            if self.trusted:
                patient_until = time.monotonic() + WORKERLESS_SECONDS
            elif time.monotonic() > patient_until:
                raise ClusterProblem(self._workerless())
            self.news.wait(LOOK_SECONDS)
            self.news.clear()
            for address in sorted(self.at_work):
                self._attend(address)

    def dismiss(self) -> None:
        """End what workers are still at, so that they are free for the next."""
        for address in sorted(self.at_work):
            self._release(address)
            self._restart(address)

    def _look(self) -> list[str]:
        """See which workers are there and ask new ones what code they run; return those that run other.

        One that is busy, with another's work or what an interrupted run has left, is asked again the next time.
        """
        present = set(self.client.nthreads())
        self.trusted &= present
        self.strangers = {address: why for address, why in self.strangers.items() if address in present}
        new = sorted(present - self.trusted - self.strangers.keys())
        if not new:
            return []
        parcel = pickle.dumps(self.function, protocol=pickle.HIGHEST_PROTOCOL)
        packages = tuple(sorted({self.function.__module__.partition(".")[0], __name__.partition(".")[0]}))
        here = identity(packages)
        for address, there in self.client.run(introduce, packages, parcel, workers=new, on_error="return").items():
            if there == here:
                self.trusted.add(address)
            elif there is not None and not isinstance(there, OSError):  # busy; gone again
                self.strangers[address] = _difference(here, there)
        return [address for address in new if address in self.strangers]

    def _workerless(self) -> str:
        address = self.client.scheduler.address
        others = f" ({'; '.join(sorted(set(self.strangers.values())))})" if self.strangers else ""
        return (
            f"the Dask scheduler at {address} has had no idle worker for the planner{others} for"
            f" {WORKERLESS_SECONDS:g} seconds; start some with: dask worker {address} --nthreads 1"
        )

    def _hand(self, address: str, place: int) -> None:
        parcel = pickle.dumps((self.function, self.items[place]), protocol=pickle.HIGHEST_PROTOCOL)
        future = self.client.submit(answer, parcel, pure=False, workers=[address], allow_other_workers=False)
        future.add_done_callback(lambda _: self.news.set())
        self.at_work[address] = _Task(place, future, time.monotonic() + self.timeout_seconds)

    def _attend(self, address: str) -> None:
        """Take what a worker has answered; settle it if its time is over."""
        from distributed import KilledWorker

        task = self.at_work[address]
        if task.future.status == "finished":
            self._take(address, task)
        elif task.future.status == "error":
            error = task.future.exception()
            if not isinstance(error, KilledWorker):
                raise error
            self._bury(address)  # it came back under its old address, unnoticed, and Dask has given up
        elif task.future.status in ("cancelled", "lost"):
            raise CancelledError(task.future.status)
        elif time.monotonic() >= task.deadline:
            self.lost[task.place] = no_answer(self.timeout_seconds)
            self._release(address)
            self._restart(address)

    def _take(self, address: str, task: _Task) -> None:
        try:
            parcel = task.future.result(timeout=FETCH_SECONDS)
        except TimeoutError:  # the worker has died with its answer, as the next look will show
            return
        self.done[task.place] = pickle.loads(parcel)
        self._release(address)

    def _restart(self, address: str) -> None:
        """Have a stuck worker killed and started anew by its nanny; one without a nanny is left alone."""
        self.trusted.discard(address)
        try:
            self.client.restart_workers([address], timeout=RESTART_SECONDS, raise_for_error=False)
        except (ValueError, TimeoutError, KeyError) as error:  # no nanny; not back yet; gone by itself
            log.warning("Dask worker %s was not restarted: %s", address, error)

    def _bury(self, address: str) -> None:
        """Note that a worker is dead; its item is tried once more by another, after all the others."""
        place = self.at_work[address].place
        self._release(address)
        deaths = self.deaths[place] = self.deaths.get(place, 0) + 1
        if deaths < TRIES:
            self.waiting.append(place)
        else:
            self.lost[place] = died(deaths)

    def _release(self, address: str) -> None:
        self.client.cancel([self.at_work.pop(address).future], force=True)


def answer(parcel: bytes) -> bytes:
    """Return the pickled result of a pickled function and item; runs on a worker.

    Pickled here, as for a process: Dask's own way leaves arrays that cannot be written to.
    """
    function, item = pickle.loads(parcel)
    return pickle.dumps(function(item), protocol=pickle.HIGHEST_PROTOCOL)


def introduce(packages: tuple[str, ...], parcel: bytes, dask_worker: Any) -> dict[str, str] | None:
    """Return what decides the bytes of a pickled function's results on a worker, ``None`` if the worker is busy.

    Runs there before its first item, whose time-out is not meant for imports. Dask fills in ``dask_worker``.
    """
    if dask_worker.active_threads:
        return None
    found = identity(packages)
    pickle.loads(parcel)
    return found


def identity(packages: tuple[str, ...]) -> dict[str, str]:
    """Return what decides the bytes of results: the code of these packages, libraries that calculate, Python."""
    python = ".".join(platform.python_version_tuple()[:2])
    found = {"python": python, "machine": platform.machine()} | {name: _version(name) for name in LIBRARIES}
    return found | {f"code of {package}": _code(package) for package in packages}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


@lru_cache
def _code(package: str) -> str:
    """Return a hash of the names and bytes of every Python file of a package, as they were when first asked for.

    Later files are not what runs: a worker that was not restarted after an upgrade still tells its old code.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        return "no package"
    folder, digest = Path(spec.origin).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _difference(here: dict[str, str], there: Any) -> str:
    if isinstance(there, Exception):  # such as no vmi, or one that knows nothing of clusters
        return f"{type(there).__name__}: {there}"
    differs = [name for name in here if there.get(name) != here[name]]
    return ", ".join(f"{name} {there.get(name, 'none')}, here {here[name]}" for name in differs)
