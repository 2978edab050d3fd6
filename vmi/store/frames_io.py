"""Frames into tables and out of them, in bulk, on both databases.

Rows are never objects here. Into SQLite they go by the driver's ``executemany``, into PostgreSQL by ``COPY``, a chunk
at a time, inside the caller's transaction; out of either they come as columns. ``store.columns`` says how a column of a
table looks in a frame: a frame that is written and read back is the same.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Column, Connection, Select, Table, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import SQLModel

from vmi.store.columns import Cells, Decoder, encode, raw

ROWS_PER_CHUNK = 50_000

TableLike = Table | type[SQLModel]


def table_of(model: TableLike) -> Table:
    """Return the table of a SQLModel class, or the table itself."""
    return model if isinstance(model, Table) else SQLModel.metadata.tables[str(model.__tablename__)]


def write_frame(
    connection: Connection,
    model: TableLike,
    frame: pd.DataFrame,
    constants: Mapping[str, Any] | None = None,
    *,
    update: bool = False,
    keep_known: Sequence[str] = (),
) -> int:
    """Insert a frame's rows into a table, in the caller's transaction.

    Parameters
    ----------
    connection, model
        Where to.
    frame
        Columns by name; those the table has not are left out, those the frame has not are unknown or take the
        column's default.
    constants
        Columns with one value for all rows, such as ``{"run_id": 7}``.
    update
        Replace the row that already has the key; otherwise a second row of a key is an error.
    keep_known
        With ``update``: columns whose stored value stays unless it is unknown.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    ValueError
        If a column cannot hold what the frame has for it; see ``store.columns.encode``.
    """
    table = table_of(model)
    whole = frame.assign(**constants) if constants else frame
    chunks = _chunks(table, whole)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, chunks, update, keep_known)
    else:
        statement = _upsert(table, sqlite_insert(table), keep_known) if update else sqlite_insert(table)
        names = [c.name for c in table.columns]
        sql = str(statement.compile(dialect=connection.dialect, column_keys=names))
        for cells in chunks:
            connection.exec_driver_sql(sql, list(zip(*(c.for_sqlite() for c in cells), strict=True)))
    return len(frame)


def read_frame(connection: Connection, statement: Select[Any], timezone: str = "UTC") -> pd.DataFrame:
    """Return what a SELECT finds, as a frame of the types in ``store.columns``; moments in ``timezone``.

    The order of rows is the database's own: sort where it matters.
    """
    found = statement.subquery()
    decoders = {c.name: Decoder(c, timezone) for c in found.columns}
    raws = select(*(raw(c, connection.dialect.name).label(c.name) for c in found.columns))
    with connection.execute(raws, execution_options={"stream_results": True}) as result:
        for rows in result.partitions(ROWS_PER_CHUNK):
            for decoder, values in zip(decoders.values(), zip(*rows, strict=True), strict=True):
                decoder.add(values)
    return pd.DataFrame({name: decoder.result() for name, decoder in decoders.items()})


def read_table(connection: Connection, model: TableLike, timezone: str = "UTC") -> pd.DataFrame:
    """Return a whole table."""
    return read_frame(connection, select(table_of(model)), timezone)


def _chunks(table: Table, frame: pd.DataFrame) -> Iterator[list[Cells]]:
    for start in range(0, len(frame), ROWS_PER_CHUNK):
        part = frame.iloc[start : start + ROWS_PER_CHUNK]
        yield [encode(column, _cells(column, part)) for column in table.columns]


def _cells(column: Column[Any], frame: pd.DataFrame) -> pd.Series:
    if column.name in frame.columns:
        return frame[column.name]
    return pd.Series(None, index=frame.index, dtype=object)


def _upsert(table: Table, insert: Any, keep_known: Sequence[str]) -> Any:
    """Return ``insert`` such that a row that is there already takes the new values."""
    new = insert.excluded
    keys = [c.name for c in table.primary_key.columns]
    values = {
        c.name: func.coalesce(c, new[c.name]) if c.name in keep_known else new[c.name]
        for c in table.columns
        if c.name not in keys
    }
    return insert.on_conflict_do_update(index_elements=keys, set_=values) if values else insert.on_conflict_do_nothing()


def _copy(
    connection: Connection, table: Table, chunks: Iterator[list[Cells]], update: bool, keep_known: Sequence[str]
) -> None:
    """Write chunks by ``COPY``; to update, into a temporary table and from there in one statement."""
    quote = connection.dialect.identifier_preparer.quote
    target = quote(f"incoming_{table.name}" if update else table.name)
    if update:
        connection.exec_driver_sql(f"create temporary table {target} (like {quote(table.name)}) on commit drop")
    names = [c.name for c in table.columns]
    columns = ", ".join(quote(name) for name in names)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"copy {target} ({columns}) from stdin (format csv)") as copy:
        for cells in chunks:
            copy.write(_csv(names, cells))
    if update:
        incoming = Table(f"incoming_{table.name}", table.metadata.__class__(), *(Column(n) for n in names))
        insert = postgresql_insert(table).from_select(names, select(incoming))
        connection.execute(_upsert(table, insert, keep_known))
        connection.exec_driver_sql(f"drop table {target}")


def _csv(names: Sequence[str], cells: Sequence[Cells]) -> bytes:
    buffer = io.BytesIO()
    rows = pa.Table.from_arrays([c.for_arrow() for c in cells], names=list(names))
    # Every known value is quoted, so that an empty text is told from NULL.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pyarrow.csv.write_csv(rows, buffer, options)
    return buffer.getvalue()
