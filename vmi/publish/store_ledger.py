"""The run ledger on the store: one transaction a call, the only module of this room that knows SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from vmi.publish.ledger import FenceLost, RowsLost, RunKind, RunRecord
from vmi.store import runs
from vmi.store.engine import read_only


@dataclass(frozen=True)
class StoreLedger:
    """The run ledger of a database; ``published_at`` is what the command's clock says, for the record."""

    engine: Engine
    published_at: datetime

    def unfinished(self) -> Sequence[RunRecord]:
        """Return runs that are running or staged, oldest first."""
        with read_only(self.engine) as connection:
            return [run_record(run) for run in runs.unfinished_runs(connection)]

    def current(self, kind: RunKind, out: Path) -> RunRecord | None:
        """Return the published run of the latest day or moment whose folder lies in ``out``."""
        table = runs.RUNS
        latest = table.c.as_of.desc(), table.c.at.desc(), table.c.run_id.desc()
        published = select(table.c.run_id, table.c.folder).where(table.c.state == "published", table.c.kind == kind)
        with read_only(self.engine) as connection:
            for run_id, folder in connection.execute(published.order_by(*latest)):
                if Path(folder).parent == out:
                    return run_record(runs.find_run(connection, run_id))
        return None

    def mark_staged(self, run: RunRecord, manifest_sha256: str) -> None:
        """Record that the run's files lie complete in staging."""
        with self.engine.begin() as connection:
            found = runs.find_run(connection, run.run_id)
            runs.mark_staged(connection, found, str(run.folder), manifest_sha256)

    def mark_published(self, run: RunRecord) -> None:
        """Publish a staged run; the one of that day or moment before it is superseded."""
        try:
            with self.engine.begin() as connection:
                runs.mark_published(connection, runs.find_run(connection, run.run_id), self.published_at)
        except runs.FenceLost as lost:
            raise FenceLost(str(lost)) from lost
        except runs.RowsLost as lost:
            raise RowsLost(str(lost)) from lost

    def mark_abandoned(self, run: RunRecord, reason: str) -> None:
        """Record that the run will never be published, unless that is settled already."""
        with self.engine.begin() as connection:
            found = runs.find_run(connection, run.run_id)
            if found.state in ("running", "staged"):
                runs.mark_abandoned(connection, found, reason)


def run_record(run: runs.Run) -> RunRecord:
    """Return a run of the store as this room knows it."""
    kind: RunKind = "dispatch" if run.kind == "dispatch" else "plan"
    return RunRecord(run.run_id, kind, Path(run.folder), run.state, run.manifest_sha256)
