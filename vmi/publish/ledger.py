"""What publishing needs of the database, so that this room knows no SQL.

The database is the truth about what is published; the folders follow it. An adapter over ``vmi.store.runs`` opens one
transaction per call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

RunKind = Literal["plan", "dispatch"]

POINTERS: dict[RunKind, str] = {"plan": "latest", "dispatch": "latest-dispatch"}


@dataclass(frozen=True)
class RunRecord:
    """A run as the ledger holds it: where its plan goes, how far it came, and its manifest once staged.

    ``folder`` is absolute: a later command, run from elsewhere, must find it. ``state`` is ``running``, ``staged``,
    ``published``, ``superseded`` or ``abandoned``.
    """

    run_id: int
    kind: RunKind
    folder: Path
    state: str = "running"
    manifest_sha256: str = ""

    @property
    def out(self) -> Path:
        """The folder that holds the plans: ``OUT``."""
        return self.folder.parent

    @property
    def pointer(self) -> Path:
        """The link that names the newest plan of this kind in ``OUT``."""
        return self.out / POINTERS[self.kind]


class FenceLost(RuntimeError):
    """A later run has taken over: what this one staged must not be published."""


class RowsLost(RuntimeError):
    """The rows that the run wrote are not all there: its plan must not be published."""


class Ledger(Protocol):
    """The run ledger; every method is one transaction, durable when it returns."""

    def unfinished(self) -> Sequence[RunRecord]:
        """Return runs in state ``running`` or ``staged``, oldest first."""

    def current(self, kind: RunKind, out: Path) -> RunRecord | None:
        """Return the published run that ``out``'s pointer should name: greatest as_of, then run; None before any."""

    def mark_staged(self, run: RunRecord, manifest_sha256: str) -> None:
        """Record that the run's files lie complete and durable in staging."""

    def mark_published(self, run: RunRecord) -> None:
        """Publish, if the fence is still the run's and its rows are whole; an older run of that as_of is superseded.

        Raises
        ------
        FenceLost
            When a later run has taken the fence.
        RowsLost
            When the database does not hold what the run wrote.
        """

    def mark_abandoned(self, run: RunRecord, reason: str) -> None:
        """Record that the run will never be published; its rows stay invisible."""
