"""Write a plan's frames as the contract's files: one a supplier, one a service centre, one for the rest.

Rows are sorted by a total order of their own, so the order in which rooms hand them over never shows.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from vmi.contract import OUTPUT, OutputFile
from vmi.publish.csv_out import csv_bytes, csv_lines, gzip_bytes, require_file_names
from vmi.publish.manifest import FileRecord, file_record
from vmi.publish.staging import write_file

# The column whose value names the file, for the files that are one per somebody.
SPLIT_BY: dict[str, str] = {"replenishment": "supplier_id", "returns": "supplier_id", "eta": "centre_id"}

ROW_ORDER: dict[str, tuple[str, ...]] = {
    "replenishment": ("commitment", "priority", "ship_on", "due_on", "part_id", "warehouse_id", "line_id"),
    "returns": ("pick_up_on", "warehouse_id", "part_id", "lot_id", "line_id"),
    "transfers": ("ship_on", "from_warehouse", "to_warehouse", "part_id", "lot_id", "line_id"),
    "deliveries": ("order_id", "line_no", "line_id"),
    "eta": ("order_id", "line_no"),
    "targets": ("part_id", "warehouse_id"),
    "forecast": ("part_id", "warehouse_id", "week"),
    "worklist": ("rank", "kind", "subject"),
    "scorecards": ("month", "scope", "id", "metric"),
}


def write_outputs(
    folder: Path, frames: Mapping[str, pd.DataFrame], plan_id: str, extra: Mapping[str, bytes] | None = None
) -> tuple[FileRecord, ...]:
    """Write the published files of a plan into its staging folder.

    Parameters
    ----------
    folder : Path
        An empty staging folder.
    frames : mapping of str to DataFrame
        By the contract's names (``contract.OUTPUT``). ``eta`` needs a ``centre_id`` besides its columns; lines with an
        id need ``line_id`` (``identity.line_ids``). Suppliers and centres without lines get no file; every other frame
        given is written, with its header alone if it is empty.
    plan_id : str
        Put into every line that has the column.
    extra : mapping of str to bytes, optional
        Files that are no tables: ``kpis.json``, ``report.html``.

    Returns
    -------
    tuple of FileRecord
        In path order, for the manifest and for ``verify``.

    Raises
    ------
    KeyError
        For a frame that the contract does not know.
    """
    records = []
    for name in sorted(frames):
        for path, content, rows in _files_of(OUTPUT[name], frames[name].assign(plan_id=plan_id)):
            write_file(folder, path, content)
            records.append(file_record(path, content, rows))
    for path, content in sorted((extra or {}).items()):
        write_file(folder, path, content)
        records.append(file_record(path, content))
    return tuple(sorted(records, key=lambda r: r.path))


def _files_of(file: OutputFile, frame: pd.DataFrame) -> Iterator[tuple[str, bytes, int]]:
    """Yield path, bytes and lines of each file that a frame becomes."""
    ordered = frame.sort_values(list(ROW_ORDER[file.name]), kind="stable").reset_index(drop=True)
    lines = csv_lines(ordered, file)
    splitter = SPLIT_BY.get(file.name)
    if splitter is None:
        content = csv_bytes(lines, file)
        yield file.path, gzip_bytes(content) if file.path.endswith(".gz") else content, len(lines)
        return
    owners = ordered[splitter].astype(object).fillna("").astype(str)
    require_file_names(owners.unique())
    for owner, rows in sorted(owners.groupby(owners).indices.items()):
        yield file.path.format(**{splitter: owner}), csv_bytes([lines[row] for row in rows], file), len(rows)
