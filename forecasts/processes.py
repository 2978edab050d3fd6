"""Processes of this machine for many items, so that neither their number nor the death of one changes a result.

One item at a time goes to a process: what is lost with a process that dies or sticks is known to the item.
"""

import logging
import math
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 2
"""Processes that may die over an item: the first may have been killed for another's sake, the second died of it. And
processes that may fail to begin, until the work is done without them."""
START_SECONDS = 120.0
"""Time a process has to begin; imports on a loaded machine take a while, but a fit's time-out is not meant for them."""
READY = "ready"
log = logging.getLogger(__name__)


def work_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, timeout_seconds: float
) -> tuple[dict[int, Result], dict[int, str]]:
    """Return ``function`` of each item by its place, and the items that were lost with a reason in words.

    Each item goes to one of ``workers`` spawned processes. After ``timeout_seconds`` over one item its process is
    killed, with all that it has started, and the others go on. An item is in neither where processes cannot be
    started, such as from a script without a main guard.
    """
    crew = _Crew(function, items, min(workers, len(items)), timeout_seconds)
    try:
        crew.work()
    finally:
        crew.dismiss()
    return crew.done, crew.lost


def died(times: int) -> str:
    """Return why an item is lost over which as many processes died."""
    return f"its process died {times} times"


def no_answer(timeout_seconds: float) -> str:
    """Return why an item is lost that took longer than this."""
    return f"no answer within {timeout_seconds:g} seconds"


@dataclass(eq=False)
class _Worker:
    """A process, our end of its pipe, the item it is at (``None``: idle or still starting) and until when."""

    process: BaseProcess
    pipe: Connection
    deadline: float
    place: int | None = None
    started: bool = False


@dataclass
class _Crew(Generic[Item, Result]):
    """The processes, what is still to be handed out, and what has come of the rest, by place."""

    function: Callable[[Item], Result]
    items: Sequence[Item]
    size: int
    timeout_seconds: float
    done: dict[int, Result] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)
    failed_starts: int = 0
    members: list[_Worker] = field(default_factory=list)

    def work(self) -> None:
        """Hand out the items and take in their results, until none is left or processes cannot be started."""
        waiting = deque(range(len(self.items)))
        while len(self.done) + len(self.lost) < len(self.items) and self.failed_starts < TRIES:
            self._engage(waiting)
            left = max(min(member.deadline for member in self.members) - time.monotonic(), 0.0)
            signs: list[Any] = [x for member in self.members for x in (member.pipe, member.process.sentinel)]
            wait(signs, timeout=left)
            for member in list(self.members):
                self._attend(member, waiting)

    def dismiss(self) -> None:
        """End every process, stuck ones too: no orphan outlives the work."""
        for member in list(self.members):
            self._end(member)

    def _engage(self, waiting: deque[int]) -> None:
        """Give idle processes an item, and start processes while there are items for more."""
        for member in self.members:
            if member.started and member.place is None and waiting:
                self._hand(member, waiting.popleft())
        starting = sum(not member.started for member in self.members)
        while len(self.members) < self.size and starting < len(waiting):
            self.members.append(self._start())
            starting += 1

    def _start(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.function), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, time.monotonic() + START_SECONDS)

    def _hand(self, member: _Worker, place: int) -> None:
        member.place, member.deadline = place, time.monotonic() + self.timeout_seconds
        try:
            member.pipe.send(self.items[place])
        except OSError:
            log.debug("a process died before its next item")  # its pipe is at an end, which _attend will see

    def _attend(self, member: _Worker, waiting: deque[int]) -> None:
        """Take what a process has sent; settle it if it has died or its time is over."""
        try:
            if member.pipe.poll():
                self._take(member, member.pipe.recv())
            elif not member.process.is_alive():
                self._bury(member, waiting)
            elif time.monotonic() >= member.deadline:
                self._give_up(member)
        except (EOFError, OSError):
            self._bury(member, waiting)

    def _take(self, member: _Worker, message: Any) -> None:
        if member.place is None:
            member.started = True
        else:
            self.done[member.place] = message
        member.place, member.deadline = None, math.inf

    def _bury(self, member: _Worker, waiting: deque[int]) -> None:
        """Remove a dead process; its item is tried once more by another, after all the others."""
        self._end(member)
        if member.place is None:
            self.failed_starts += 1
            return
        deaths = self.deaths[member.place] = self.deaths.get(member.place, 0) + 1
        if deaths < TRIES:
            waiting.append(member.place)
        else:
            self.lost[member.place] = died(deaths)

    def _give_up(self, member: _Worker) -> None:
        """Kill a process whose time is over."""
        self._end(member)
        if member.place is None:
            self.failed_starts += 1
        else:
            self.lost[member.place] = no_answer(self.timeout_seconds)

    def _end(self, member: _Worker) -> None:
        self.members.remove(member)
        member.pipe.close()
        if member.process.is_alive():
            _kill_with_children(member.process)
        member.process.join()


def _kill_with_children(process: BaseProcess) -> None:
    """Kill a process and the optimiser it may have started, which would run on as an orphan."""
    assert process.pid is not None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # so young that it leads no group yet
        process.kill()


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """Answer each item that comes until the other end is gone; leads a process group, to be killed as one."""
    os.setsid()
    pipe.send(READY)
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(function(item))
