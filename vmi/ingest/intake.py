"""Read a folder: every file of the contract, judged row by row, or refused as a whole.

The order of judgement is: the file (encoding, header), the line (fields, quotes), the cell (type, range), the row
(cells against each other, days in the future), references, keys that come twice, chains of supersession. A row is
rejected once, by the first rule it breaks. Whatever refuses a file refuses the import; the other files are still read,
so that one run shows everything there is to mend.
"""

import difflib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from vmi.contract import INPUTS, InputFile
from vmi.ingest.days import day_of_data, future_findings
from vmi.ingest.draft import Draft, DraftBuilder
from vmi.ingest.parameters import ImportParameters
from vmi.ingest.reader import FileRefused, inspect
from vmi.ingest.references import (
    broken_references,
    referenced_columns,
    successor_loops,
    unknown_successors,
)
from vmi.ingest.rejects import no_rejects
from vmi.ingest.rules import Finding, duplicate_keys, row_findings
from vmi.ingest.table import open_table
from vmi.store.known import KnownKeys

ENDINGS = (".csv", ".csv.gz")

# An optional file with fewer rows than this may lose all of them without refusing the import: a slip, not a wrong file.
_WHOLE_FILE_ROWS = 20


@dataclass(frozen=True)
class FileIntake:
    """A file as it goes in: its sound rows, and how many there were."""

    frame: pd.DataFrame
    rows_read: int
    imported: int
    rejected: int
    sha256: str
    encoding: str
    path: str


@dataclass(frozen=True)
class Intake:
    """A folder as it goes in; with any of ``refusals`` nothing of it does.

    ``tables`` holds the files found, by contract name; ``rejects`` has one row per rejected row (columns file, line,
    column, value, rule, mend), files in contract order, lines ascending.
    """

    tables: dict[str, FileIntake]
    rejects: pd.DataFrame
    refusals: list[str]
    warnings: list[str]


def read_folder(folder: Path, today: date, timezone: str, parameters: ImportParameters, known: KnownKeys) -> Intake:
    """Read and check every input file in ``folder``.

    Parameters
    ----------
    folder
        Where the files lie, as ``<name>.csv`` or ``<name>.csv.gz``.
    today
        The calendar day in ``timezone``; facts later than it are rejected.
    timezone
        The planning zone: days are its days, timestamps without an offset are its local time.
    known
        What the store holds already, so that masters need not be sent again.
    """
    return _Reading(folder, timezone, parameters, known).run(today)


class _Reading:
    """One reading of a folder, collecting drafts, refusals and warnings on the way."""

    def __init__(self, folder: Path, timezone: str, parameters: ImportParameters, known: KnownKeys) -> None:
        self.folder, self.timezone, self.parameters, self.known = folder, timezone, parameters, known
        self.drafts: dict[str, Draft] = {}
        self.refusals: list[str] = []
        self.warnings: list[str] = []

    def run(self, today: date) -> Intake:
        """Read, judge, and sum up."""
        try:
            present = sorted(path.name for path in self.folder.iterdir())
        except OSError as error:
            return Intake({}, no_rejects(), [f"{self.folder}: the folder cannot be read ({error.strerror})"], [])
        for spec in INPUTS:
            self._find(spec)
        self._warn_of_strangers(present)
        self._judge_rows(today)
        if not self.refusals:
            self._judge_references()
        rejects = {name: draft.rejects() for name, draft in self.drafts.items()}
        for draft in self.drafts.values():
            draft.drop_bad()
        self._judge_files()
        tables = {name: _file_intake(draft, len(rejects[name])) for name, draft in self.drafts.items()}
        found = [frame for frame in rejects.values() if len(frame)]
        return Intake(
            tables, pd.concat(found, ignore_index=True) if found else no_rejects(), self.refusals, self.warnings
        )

    def _find(self, spec: InputFile) -> None:
        """Read the file of that name, or say why not."""
        paths = [path for ending in ENDINGS if (path := self.folder / f"{spec.name}{ending}").exists()]
        if len(paths) > 1:
            self.refusals.append(f"{' and '.join(p.name for p in paths)} are both there: delete the one not meant")
        elif paths:
            self._read(spec, paths[0])
        elif spec.required and not self.known.has_rows.get(spec.name, False):
            self.refusals.append(f"{spec.name}.csv is missing and obligatory: nothing of it is stored yet")

    def _read(self, spec: InputFile, path: Path) -> None:
        try:
            if not path.is_file():
                raise FileRefused(f"{path.name}: is not a file")
            source = inspect(path, self.parameters.largest_file_mb << 20)
            header, blocks = open_table(source, spec)
            builder = DraftBuilder(spec, source, self.timezone)
            for rows in blocks:
                builder.add(rows, header.shape.width)
            self.drafts[spec.name] = builder.build()
        except FileRefused as refused:
            self.refusals.append(str(refused))
            return
        if header.unknown:
            names = ", ".join(name or "(no name)" for name in header.unknown)
            self.warnings.append(f"{path.name}: columns left aside, not in the contract: {names}")
        if source.encoding == "gb18030":
            self.warnings.append(f"{path.name}: is not UTF-8 and was read as GB18030")

    def _warn_of_strangers(self, present: list[str]) -> None:
        """Warn of files that are none of the contract's."""
        ours = {f"{spec.name}{ending}" for spec in INPUTS for ending in ENDINGS}
        for name in present:
            if name not in ours and not name.startswith("README"):
                close = difflib.get_close_matches(name.lower(), sorted(ours), n=1)
                self.warnings.append(f"{name}: not read{f'; did you mean {close[0]}?' if close else ''}")

    def _judge_rows(self, today: date) -> None:
        """Reject rows that contradict themselves or lie in the future."""
        latest, warnings = day_of_data(self.drafts.values(), today, self.parameters)
        self.warnings.extend(warnings)
        for name, draft in self.drafts.items():
            for finding in row_findings(name, draft.frame):
                draft.reject(finding)
            for finding in future_findings(draft, latest, self.parameters):
                draft.reject(finding)

    def _judge_references(self) -> None:
        """Reject rows with broken references, masters first, and refuse files that have too many."""
        ids = {column: pd.Index(self.known.ids.get(column, []), dtype=object) for column in referenced_columns()}
        for name, draft in self.drafts.items():
            broken = sum(draft.reject(finding) for finding in broken_references(draft.spec, draft.frame, ids))
            draft.drop_bad()
            draft.reject(duplicate_keys(draft.spec, draft.frame, draft.lines))
            draft.drop_bad()
            if name == "parts":
                broken += self._judge_successors(draft, ids["parts.part_id"])
            for column in (c for c in ids if c.startswith(f"{name}.")):
                ids[column] = ids[column].union(pd.Index(draft.frame[column.partition(".")[2]], dtype=object))
            self._refuse_broken(draft, broken)
        self._warn_of_uncovered_cities()

    def _judge_successors(self, parts: Draft, stored: pd.Index) -> int:
        """Reject looping and unknown successors until neither is left; return how many were unknown."""
        unknown = 0
        while True:
            loops = successor_loops(parts.frame, self.known.successors)
            looping = parts.frame["part_id"].map(loops)
            details = tuple(looping.dropna())
            mend = "supersession runs in a loop, {detail}: empty successor_id of the part that is current"
            count = parts.reject(Finding(looping.notna().to_numpy(), "successor_id", "successor_loop", mend, details))
            parts.drop_bad()
            lost = parts.reject(unknown_successors(parts.frame, stored))
            parts.drop_bad()
            unknown += lost
            if not count + lost:
                return unknown

    def _refuse_broken(self, draft: Draft, broken: int) -> None:
        if broken > self.parameters.max_reject_share * draft.rows_read:
            self.refusals.append(
                f"{draft.file}: {broken:,} of {draft.rows_read:,} rows refer to something unknown, more than "
                f"{self.parameters.max_reject_share:.0%} (import.max_reject_share): complete the master files"
            )

    def _judge_files(self) -> None:
        """Refuse files of which nothing is left, and warn of those that lost much."""
        for draft in self.drafts.values():
            lost = draft.rows_read - len(draft.frame)
            whole = draft.spec.required or draft.spec.replaces == "snapshot" or draft.rows_read >= _WHOLE_FILE_ROWS
            if draft.rows_read and not len(draft.frame) and whole:
                self.refusals.append(f"{draft.file}: all {draft.rows_read:,} rows were rejected; see rejects.csv")
            elif lost > self.parameters.max_reject_share * draft.rows_read:
                self.warnings.append(
                    f"{draft.file}: {lost:,} of {draft.rows_read:,} rows were rejected; see rejects.csv"
                )
            if not draft.rows_read:
                self._judge_empty(draft)

    def _judge_empty(self, draft: Draft) -> None:
        """A header without rows is an empty list; a network without parts or lanes cannot be planned."""
        spec = draft.spec
        stored = self.known.has_rows.get(spec.name, False)
        if spec.required and spec.replaces == "upsert" and spec.name != "orders" and not stored:
            self.refusals.append(f"{draft.file}: has a header but no rows, and nothing of it is stored yet")
        elif spec.required:
            self.warnings.append(f"{draft.file}: has a header but no rows")

    def _warn_of_uncovered_cities(self) -> None:
        """Warn of centres in cities that no standard lane reaches: their orders cannot be promised."""
        if "centres" not in self.drafts or ("lanes" not in self.drafts and not self.known.lane_cities):
            return
        reached = set(self.known.lane_cities)
        if "lanes" in self.drafts:
            lanes = self.drafts["lanes"].frame
            reached |= set(lanes.loc[lanes["service"] == "standard", "city"])
        cities = sorted(set(self.drafts["centres"].frame["city"]) - reached)
        if cities:
            shown = ", ".join(cities[:10]) + (f" and {len(cities) - 10} more" if len(cities) > 10 else "")
            self.warnings.append(f"no standard lane leads to {shown}: orders of the centres there cannot be delivered")


def _file_intake(draft: Draft, rejected: int) -> FileIntake:
    source = draft.source
    return FileIntake(
        draft.frame, draft.rows_read, len(draft.frame), rejected, source.sha256, source.encoding, draft.file
    )
