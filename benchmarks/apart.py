"""Run a piece of work in a process of its own, so that its peak memory is its own and its time can be ended."""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
KIB_PER_MIB = 1024


def apart(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> tuple[T, float]:
    """Return what the work returns in a fresh process, and that process's peak memory [MiB]."""
    return apart_within(None, work, *arguments, **named)


def apart_within(seconds: float | None, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> tuple[T, float]:
    """Return what :func:`apart` does; after so many seconds end the process, and raise ``TimeoutError``."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_with_peak, work, arguments, named).result(seconds)
        except TimeoutError:
            for child in active_children():
                child.kill()
            raise


def _with_peak(work: Callable[..., T], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[T, float]:
    found = work(*arguments, **named)
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
