"""Import a folder: read and check it, then load it in one transaction, under the planner's lock."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from vmi.config import Config
from vmi.ingest.intake import Intake, read_folder
from vmi.ingest.rejects import write_rejects
from vmi.store.gather import known_keys
from vmi.store.load import apply_intake
from vmi.store.lock import planner_lock

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class ImportReport:
    """What an import read, imported and rejected, file by file."""

    files: dict[str, dict[str, int]]
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False
    rejects_file: str = ""
    totals: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for a program."""
        return {
            "files": self.files,
            "totals": self.totals,
            "refused": list(self.refusals),
            "warnings": list(self.warnings),
            "dry_run": self.dry_run,
            "rejects_file": self.rejects_file,
        }

    def as_text(self) -> str:
        """Return a table for a person, one file a line."""
        lines = [f"{'file':<16}{'rows in':>12}{'imported':>12}{'rejected':>12}"]
        for name, counts in {**self.files, "total": self.totals}.items():
            lines.append(f"{name:<16}" + "".join(f"{counts[k]:>12,}" for k in ("rows", "imported", "rejected")))
        if self.rejects_file:
            lines.append(f"rejected rows and how to mend them: {self.rejects_file}")
        if self.refusals:
            lines.append("refused, nothing changed")
        elif self.dry_run:
            lines.append("dry run, nothing changed")
        return "\n".join(lines)


def import_folder(
    engine: "Engine", folder: Path, config: Config, *, now: datetime, rejects: Path | None = None, dry_run: bool = False
) -> ImportReport:
    """Read ``folder`` and load what is sound; a refusal changes nothing.

    ``rejects`` names the folder for ``rejects.csv``; by default a folder beside the input, written only if there is
    something to mend.
    """
    today = now.astimezone(ZoneInfo(config.planning.timezone)).date()
    with planner_lock(engine):
        with engine.connect() as connection:
            known = known_keys(connection)
        intake = read_folder(folder, today, config.planning.timezone, config.ingest, known)
        if not intake.refusals and not dry_run:
            with engine.begin() as connection:
                apply_intake(connection, intake, now)
    return _report(intake, _write_rejects(intake, folder, rejects), dry_run)


def _write_rejects(intake: Intake, folder: Path, rejects: Path | None) -> str:
    if rejects is None and intake.rejects.empty:
        return ""
    target = rejects or folder.resolve().parent / f"{folder.resolve().name}-rejects"
    target.mkdir(parents=True, exist_ok=True)
    write_rejects(target / "rejects.csv", intake.rejects)
    return str(target / "rejects.csv")


def _report(intake: Intake, rejects_file: str, dry_run: bool) -> ImportReport:
    refused = bool(intake.refusals)
    files = {
        name: {"rows": file.rows_read, "imported": 0 if refused else file.imported, "rejected": file.rejected}
        for name, file in intake.tables.items()
    }
    totals = {key: sum(counts[key] for counts in files.values()) for key in ("rows", "imported", "rejected")}
    return ImportReport(files, tuple(intake.refusals), tuple(intake.warnings), dry_run, rejects_file, totals)
