"""Check a staged folder before it is published: what is on the disk is what was decided, whole, and each to his own.

The last line of defence: it reads the files back, and asks the independent checker of ``invariants`` about the frames
they were made from. A plan that fails is never published.
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from vmi.contract import OUTPUT
from vmi.frames import Situation
from vmi.publish.invariants import violations
from vmi.publish.manifest import FileRecord
from vmi.publish.outputs import SPLIT_BY

_SHOWN = 20


class VerificationFailed(Exception):
    """A staged plan breaks a rule; the message names file and rule for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        more = f"\n... and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        super().__init__("The plan was not published:\n" + "\n".join(faults[:_SHOWN]) + more)


def verify(
    folder: Path,
    files: Sequence[FileRecord],
    situation: Situation,
    outputs: Mapping[str, pd.DataFrame],
    not_before: pd.Timestamp | None = None,
) -> None:
    """Check staged files and the plan they hold.

    Parameters
    ----------
    folder : Path
        The staging folder, still without its manifest.
    files : sequence of FileRecord
        What ``write_outputs`` returned.
    situation, outputs, not_before
        As ``invariants.violations`` takes them.

    Raises
    ------
    VerificationFailed
        When a file differs from its record, rows were lost, a file holds another's line, or a rule is broken.
    """
    faults = [
        *file_faults(folder, files),
        *row_count_faults(files, outputs),
        *violations(situation, outputs, not_before),
    ]
    if faults:
        raise VerificationFailed(faults)


def file_faults(folder: Path, files: Sequence[FileRecord]) -> Iterator[str]:
    """Yield what is wrong with files on the disk: content, line counts, columns, or somebody else's line."""
    for record in files:
        path = folder / record.path
        if not path.is_file() or path.is_symlink():
            yield f"{record.path}: is missing"
            continue
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != record.sha256:
            yield f"{record.path}: differs from what was written"
        elif record.rows is not None:
            yield from table_faults(record.path, content, record.rows)


def table_faults(path: str, content: bytes, rows: int) -> Iterator[str]:
    """Yield what is wrong with a published table: its columns, its number of lines, another's line in it."""
    name = output_name(path)
    text = gzip.decompress(content) if path.endswith(".gz") else content
    if not text.startswith(b"\xef\xbb\xbf"):
        yield f"{path}: has no byte order mark"
    reader = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)
    header = next(reader, [])
    if tuple(header) != OUTPUT[name].columns:
        yield f"{path}: columns differ from the contract's"
        return
    splitter = SPLIT_BY.get(name, "")
    # A centre's report has no column for the centre: there the frames are checked, in ``invariants``.
    position = header.index(splitter) if splitter in header else None
    owner, counted, widths, owners = PurePosixPath(path).stem, 0, set(), set()
    for cells in reader:
        counted += 1
        widths.add(len(cells))
        if position is not None and position < len(cells):
            owners.add(cells[position])
    if counted != rows or widths - {len(header)}:
        yield f"{path}: {counted} lines where {rows} were written, or cells lost"
    yield from (f"{path}: holds a line of {other}" for other in sorted(owners - {owner}) if position is not None)


def output_name(path: str) -> str:
    """Return the contract's name of a published table: ``eta`` for ``eta/C1.csv``."""
    return path.split("/")[0] if "/" in path else path.split(".")[0]


def row_count_faults(files: Sequence[FileRecord], outputs: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield where the lines of an output's files do not add up to the lines decided."""
    written: dict[str, int] = {}
    for record in files:
        if record.rows is not None:
            name = output_name(record.path)
            written[name] = written.get(name, 0) + record.rows
    for name in sorted(outputs):
        if written.get(name, 0) != len(outputs[name]):
            yield f"{name}: {len(outputs[name])} lines were decided, {written.get(name, 0)} written"
