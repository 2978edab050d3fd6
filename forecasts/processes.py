"""Run a function over many items in processes, so that neither their number nor the death of one changes the result."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNKS_PER_WORKER = 8
log = logging.getLogger(__name__)


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, timeout_seconds: float
) -> list[Result]:
    """Return ``function`` of each item, in their order.

    With one worker everything runs here. With more, chunks go to spawned processes; whatever a killed, stuck or late
    worker did not bring back is done again in this process. ``function`` must not raise: failures are its results.
    """
    if workers <= 1 or len(items) < 2:
        return [function(item) for item in items]
    size = max(1, -(-len(items) // (workers * CHUNKS_PER_WORKER)))
    chunks = [items[start : start + size] for start in range(0, len(items), size)]
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        done = _gather(pool, function, chunks, timeout_seconds)
    finally:
        _stop(pool)
    missing = [place for place in range(len(chunks)) if place not in done]
    if missing:
        log.warning("%d of %d chunks of fits did not come back: done again in this process", len(missing), len(chunks))
    for place in missing:
        done[place] = _run(function, chunks[place])
    return [result for place in range(len(chunks)) for result in done[place]]


def _run(function: Callable[[Item], Result], chunk: Sequence[Item]) -> list[Result]:
    return [function(item) for item in chunk]


def _gather(
    pool: ProcessPoolExecutor, function: Callable[[Item], Result], chunks: list[Sequence[Item]], timeout_seconds: float
) -> dict[int, list[Result]]:
    """Return the chunks that came back in time, by place."""
    futures: dict[Future[list[Result]], int] = {}
    try:
        for place, chunk in enumerate(chunks):
            futures[pool.submit(_run, function, chunk)] = place
    except BrokenExecutor:
        log.warning("a worker died while the work was handed out")
    finished, _ = wait(futures, timeout=timeout_seconds)
    return {futures[f]: f.result() for f in finished if f.exception() is None}


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the pool and its processes, stuck ones too: no orphan outlives the forecast."""
    alive = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in alive:
        process.join(timeout=1.0)
        if process.is_alive():
            process.kill()
            process.join()
