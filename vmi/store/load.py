"""Load an intake: every file into its table, and the ledgers beside them, in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import pandas as pd
from sqlalchemy import Connection, case, delete, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import SQLModel

from vmi.contract import INPUTS
from vmi.store.frames_io import table_of, write_frame
from vmi.tables.inputs import INPUT_TABLES, Inbound, Stock
from vmi.tables.ledger import Import, ImportFile, ImportReject, InboundSeen, Receipt

KEEPS = {"orders": ("first_promise",)}
"""Columns that an import never erases or moves once they are known."""

REJECTS_KEPT = 10_000
"""Rejected rows of a file that an import keeps: past so many nobody mends rows; ``rejects.csv`` has them all."""


class LoadedFile(Protocol):
    """A file as ingest hands it over; ``frame`` holds the contract's columns of its sound rows."""

    @property
    def frame(self) -> pd.DataFrame: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def imported(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def path(self) -> str: ...


class LoadedFolder(Protocol):
    """An intake: its files by the contract's name; a row per rejected row (file, line, column, value, rule, mend)."""

    @property
    def tables(self) -> Mapping[str, LoadedFile]: ...
    @property
    def rejects(self) -> pd.DataFrame: ...


def apply_intake(connection: Connection, intake: LoadedFolder, imported_at: datetime) -> int:
    """Write an intake in the caller's transaction and return the number of the import.

    Masters and orders are upserts by key, snapshots replace what was there. Lots of the stock that were not seen before
    go into ``receipts``, shipment lines that answer a plan line into ``inbound_seen``: the pipeline is closed by them.
    """
    import_id = _enter(connection, intake, imported_at)
    _keep_rejects(connection, intake.rejects, import_id)
    for file in INPUTS:
        if file.name in intake.tables:
            _load(connection, file.name, intake.tables[file.name].frame, snapshot=file.replaces == "snapshot")
    if "stock" in intake.tables:
        _note_receipts(connection, import_id)
    if "inbound" in intake.tables:
        _note_inbound(connection, import_id)
    return import_id


def _enter(connection: Connection, intake: LoadedFolder, imported_at: datetime) -> int:
    """Write the import's ledger: totals, and each file's counts and hash."""
    counts = ("rows_read", "imported", "rejected")
    totals = {name: sum(getattr(file, name) for file in intake.tables.values()) for name in counts}
    imports = table_of(Import)
    entry = insert(imports).values(imported_at=imported_at, **totals).returning(imports.c.import_id)
    import_id = int(connection.execute(entry).scalar_one())
    described = ("rows_read", "imported", "rejected", "sha256", "encoding")
    rows = [
        {"name": name, "file_name": file.path, **{field: getattr(file, field) for field in described}}
        for name, file in intake.tables.items()
    ]
    if rows:
        write_frame(connection, ImportFile, pd.DataFrame(rows), {"import_id": import_id})
    return import_id


def _keep_rejects(connection: Connection, rejects: pd.DataFrame, import_id: int) -> None:
    """Enter the first rejected rows of each file, under the contract's name of the file."""
    # "orders.csv.gz" of the folder is "orders" of the contract, as in import_files
    named = rejects.assign(file=rejects["file"].astype(str).str.split(".").str[0])
    kept = named.groupby("file", sort=False).head(REJECTS_KEPT).rename(columns={"column": "column_name"})
    if len(kept):
        write_frame(connection, ImportReject, kept, {"import_id": import_id})


def _load(connection: Connection, name: str, frame: pd.DataFrame, *, snapshot: bool) -> None:
    table = table_of(INPUT_TABLES[name])
    if snapshot:
        connection.execute(delete(table))
    if name == "orders":
        # assign, not insert: the frame is the caller's
        frame = frame.assign(ordered_on=frame["ordered_at"].dt.tz_localize(None).dt.normalize())
    write_frame(connection, table, frame, update=not snapshot, keep_known=KEEPS.get(name, ()))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"analyze {connection.dialect.identifier_preparer.quote(name)}")


def _insert(connection: Connection, model: type[SQLModel]) -> Any:
    return (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table_of(model))


def _note_receipts(connection: Connection, import_id: int) -> None:
    """Enter the lots of the stock that were never seen at their warehouse before."""
    stock = table_of(Stock)
    names = ("warehouse_id", "part_id", "lot_id", "received_on", "qty")
    # SQLite reads "select ... on conflict" as a join condition unless there is a where
    lots = select(*(stock.c[n] for n in names), literal(import_id)).where(stock.c.qty >= 0)
    new = _insert(connection, Receipt).from_select([*names, "import_id"], lots)
    connection.execute(new.on_conflict_do_nothing())


def _note_inbound(connection: Connection, import_id: int) -> None:
    """Enter the shipment lines that answer a plan line, or bring them up to date."""
    inbound, seen = table_of(Inbound), table_of(InboundSeen)
    names = ("line_id", "shipment_id", "line_no", "part_id", "warehouse_id", "qty")
    answers = select(*(inbound.c[n] for n in names), literal(import_id), literal(import_id)).where(
        inbound.c.line_id.is_not(None), inbound.c.kind == "supply"
    )
    insertion = _insert(connection, InboundSeen).from_select([*names, "first_import_id", "last_import_id"], answers)
    new = insertion.excluded
    larger = case((new.qty > seen.c.qty, new.qty), else_=seen.c.qty)
    update = {"qty": larger, "last_import_id": new.last_import_id}
    connection.execute(insertion.on_conflict_do_update(index_elements=list(names[:3]), set_=update))
