"""Read the ledger of imports: what came in last, for ``status`` and for a plan's manifest."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Subquery, func, select

from vmi.store.frames_io import read_frame, table_of
from vmi.tables.inputs import Order
from vmi.tables.ledger import Import, ImportFile, ImportReject

IMPORTS = table_of(Import)
FILES = table_of(ImportFile)
REJECTS = table_of(ImportReject)


@dataclass(frozen=True)
class LastImport:
    """The newest import: its number, when it was, and the rows of all its files."""

    import_id: int
    imported_at: datetime
    rows_read: int
    imported: int
    rejected: int


def last_import(connection: Connection) -> LastImport | None:
    """Return the newest import, ``None`` before the first."""
    found = connection.execute(select(IMPORTS).order_by(IMPORTS.c.import_id.desc()).limit(1)).first()
    return None if found is None else LastImport(**found._mapping)


def input_files(connection: Connection, timezone: str = "UTC") -> pd.DataFrame:
    """Return each input file as it was imported last, sorted by name.

    Columns ``name file_name encoding sha256 rows_read imported rejected import_id imported_at``.
    """
    newest = _newest_import()
    columns = ("name", "file_name", "encoding", "sha256", "rows_read", "imported", "rejected", "import_id")
    files = (
        select(*(FILES.c[n] for n in columns), IMPORTS.c.imported_at)
        .join(newest, (newest.c.name == FILES.c.name) & (newest.c.import_id == FILES.c.import_id))
        .join(IMPORTS, IMPORTS.c.import_id == FILES.c.import_id)
    )
    return read_frame(connection, files, timezone).sort_values("name", ignore_index=True)


def rejected_rows(connection: Connection) -> pd.DataFrame:
    """Return the rows that the last import of each file left out, as far as they are kept, sorted by file and line.

    Columns ``file line column value rule mend``.
    """
    newest = _newest_import()
    names = ("file", "line", "column_name", "value", "rule", "mend")
    of_newest = (newest.c.name == REJECTS.c.file) & (newest.c.import_id == REJECTS.c.import_id)
    found = read_frame(connection, select(*(REJECTS.c[n] for n in names)).join(newest, of_newest))
    return found.rename(columns={"column_name": "column"}).sort_values(["file", "line"], ignore_index=True)


def _newest_import() -> Subquery:
    """Return name, import_id: the last import of each file."""
    return select(FILES.c.name, func.max(FILES.c.import_id).label("import_id")).group_by(FILES.c.name).subquery()


def open_order_lines(connection: Connection) -> int:
    """Return the number of order lines that wait to be served."""
    orders = table_of(Order)
    return int(connection.scalar(select(func.count()).select_from(orders).where(orders.c.status == "open")) or 0)
