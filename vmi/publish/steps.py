"""Count every externally visible step of a publication.

A step is something another process could see: a file created, bytes made durable, a transaction, a rename. Each is
announced just before it happens, so that a test can fail or kill the process at step 1, 2, ... N and meet every state
that a crash can leave behind. Nobody listens in production.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OnStep = Callable[[str], None]

_on_step: ContextVar[OnStep | None] = ContextVar("on_step", default=None)


def step(name: str) -> None:
    """Announce the externally visible step ``name``, which is about to happen."""
    listener = _on_step.get()
    if listener is not None:
        listener(name)


@contextmanager
def listening(on_step: OnStep) -> Iterator[None]:
    """Call ``on_step`` with the name of each step taken inside the block; what it raises stops the step."""
    token = _on_step.set(on_step)
    try:
        yield
    finally:
        _on_step.reset(token)
