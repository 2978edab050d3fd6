"""A file on its way in: rows read so far, which of them are bad and why."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vmi.contract import InputFile
from vmi.ingest.cells import SLUGS, Cells, mend_for, read_cells
from vmi.ingest.reader import Source
from vmi.ingest.rejects import gather_rejects, reject_rows
from vmi.ingest.rules import Finding, Mask
from vmi.ingest.scanner import LONGEST_RECORD_BYTES
from vmi.ingest.table import Rows

_LINE_MENDS = {
    "wrong_field_count": "give the row {width} fields like the header; quote a text that holds a comma",
    "stray_quote": 'close the quoted text in its own cell, write a quote inside it as "", or take the quote away',
    "stray_carriage_return": "take the carriage return out of the row, or quote the text that holds it",
    "nul_byte": "take the NUL byte out of the row: the file was damaged or is not text",
    "too_long": f"a row has at most {LONGEST_RECORD_BYTES:,} bytes: look for a missing line end",
}
_LONGEST_SHOWN = 1000


@dataclass
class Draft:
    """The rows of one file while they are being judged.

    ``lines`` are the physical line numbers of the rows of ``frame``; ``bad`` marks those already rejected.
    """

    spec: InputFile
    source: Source
    frame: pd.DataFrame
    lines: npt.NDArray[np.int64]
    rows_read: int
    rejected: list[pd.DataFrame]
    bad: Mask = field(init=False)

    def __post_init__(self) -> None:
        """Start with every row of the frame sound."""
        self.bad = np.zeros(len(self.frame), dtype=bool)

    @property
    def file(self) -> str:
        """The name of the file as it lies in the folder."""
        return self.source.path.name

    def reject(self, finding: Finding) -> int:
        """Reject the rows found that are not bad already; return how many."""
        fresh = finding.mask & ~self.bad
        count = int(fresh.sum())
        if not count:
            return 0
        values = self.frame.loc[fresh, finding.column].tolist()
        piece = reject_rows(self.file, self.lines[fresh], finding.column, values, finding.rule, finding.mend)
        if finding.details:
            details = np.array(finding.details, dtype=object)[fresh[finding.mask]]
            pairs = zip(piece["mend"], details, strict=True)
            piece["mend"] = [mend.replace("{detail}", detail) for mend, detail in pairs]
        self.rejected.append(piece)
        self.bad |= fresh
        return count

    def drop_bad(self) -> None:
        """Take the rejected rows out of the frame."""
        if self.bad.any():
            self.frame = self.frame.loc[~self.bad].reset_index(drop=True)
            self.lines = self.lines[~self.bad]
            self.bad = np.zeros(len(self.frame), dtype=bool)

    def rejects(self) -> pd.DataFrame:
        """Return the rejects so far, one a row, in line order; the counts must add up to the rows read.

        Raises
        ------
        ValueError
            If rows imported and rejected are not the rows read: a defect of this room, never of the file.
        """
        rejects = gather_rejects(self.rejected)
        imported = len(self.frame) - int(self.bad.sum())
        if imported + len(rejects) != self.rows_read:
            raise ValueError(f"{self.file}: {self.rows_read} rows read, {imported} imported, {len(rejects)} rejected")
        return rejects


class DraftBuilder:
    """Takes the rows of a file block by block, keeps the sound ones typed and the others as rejects."""

    def __init__(self, spec: InputFile, source: Source, timezone: str) -> None:
        self.spec, self.source, self.timezone = spec, source, timezone
        self.values: dict[str, list[pd.Series]] = {c.name: [] for c in spec.columns}
        self.lines: list[npt.NDArray[np.int64]] = []
        self.rejected: list[pd.DataFrame] = []
        self.rows_read = 0

    def add(self, rows: Rows, width: int) -> None:
        """Type the cells of some rows; a row with any bad cell becomes one reject."""
        self.rows_read += len(rows.lines) + len(rows.bad)
        self._reject_lines(rows, width)
        texts = {c.name: rows.cells.get(c.name, _empty_cells(len(rows.lines))) for c in self.spec.columns}
        read = {c.name: read_cells(c, texts[c.name], self.timezone) for c in self.spec.columns}
        faulty = np.zeros(len(rows.lines), dtype=bool)
        for name, cells in read.items():
            faulty |= cells.faults > 0
            self.values[name].append(pd.Series(cells.values, copy=False))
        if faulty.any():
            self._reject_cells(rows.lines, texts, read, faulty)
            for values in self.values.values():
                values[-1] = values[-1][~faulty]
        self.lines.append(rows.lines[~faulty])

    def build(self) -> Draft:
        """Return the draft of the whole file; column by column, so that no two copies of it stand in memory."""
        if not self.lines:
            nothing = np.array([], dtype=np.int64)
            self.add(Rows({}, nothing, (), nothing), 0)
        columns = {name: pd.concat(self.values.pop(name), ignore_index=True) for name in list(self.values)}
        frame = pd.DataFrame(columns, copy=False)
        return Draft(self.spec, self.source, frame, np.concatenate(self.lines), self.rows_read, self.rejected)

    def _reject_lines(self, rows: Rows, width: int) -> None:
        for rule, mend in _LINE_MENDS.items():
            chosen = [i for i, bad in enumerate(rows.bad) if bad.rule == rule]
            if not chosen:
                continue
            shown = [rows.bad[i].text[:_LONGEST_SHOWN].decode(errors="ignore") for i in chosen]
            mended = mend.replace("{width}", str(width))
            self.rejected.append(reject_rows(self.source.path.name, rows.bad_lines[chosen], "", shown, rule, mended))

    def _reject_cells(
        self, lines: npt.NDArray[np.int64], texts: dict[str, pa.Array], read: dict[str, Cells], faulty: Mask
    ) -> None:
        """Reject each faulty row once, for its first bad cell in contract order, naming the other bad cells."""
        at = np.flatnonzero(faulty)
        table = np.column_stack([cells.faults[at] for cells in read.values()])
        first = (table > 0).argmax(axis=1)
        for position, column in enumerate(self.spec.columns):
            for code in np.unique(table[first == position, position]).tolist():
                chosen = (first == position) & (table[:, position] == code)
                values = texts[column.name].take(pa.array(at[chosen])).to_pylist()
                mend = mend_for(column, SLUGS[code])
                piece = reject_rows(self.source.path.name, lines[at[chosen]], column.name, values, SLUGS[code], mend)
                piece["mend"] += self._also(table[chosen, position + 1 :], position + 1)
                self.rejected.append(piece)

    def _also(self, faults: npt.NDArray[np.uint8], offset: int) -> pd.Series:
        """Say for each row which further columns are bad."""
        names = [c.name for c in self.spec.columns[offset:]]
        bad = [", ".join(names[i] for i in np.flatnonzero(row)) for row in faults]
        return pd.Series([f"; also wrong in this row: {also}" if also else "" for also in bad], dtype=object)


def _empty_cells(count: int) -> pa.Array:
    return cast(pa.Array, pa.repeat(pa.scalar("", pa.string()), count))
