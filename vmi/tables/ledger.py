"""Tables that say what happened: imports, receipts, what was seen on its way, runs and their steps."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index
from sqlmodel import Field, SQLModel

from vmi.tables.types import key_id, moment, required_id


class Import(SQLModel, table=True):
    """One accepted import."""

    __tablename__: ClassVar[Any] = "imports"
    import_id: int | None = Field(default=None, primary_key=True)
    imported_at: datetime = moment()
    rows_read: int
    imported: int
    rejected: int


class ImportFile(SQLModel, table=True):
    """A file of an import: what it was and what became of its rows."""

    __tablename__: ClassVar[Any] = "import_files"
    import_id: int = Field(primary_key=True, foreign_key="imports.import_id")
    name: str = Field(primary_key=True, max_length=32)
    file_name: str
    encoding: str
    sha256: str = Field(max_length=64)
    rows_read: int
    imported: int
    rejected: int


class ImportReject(SQLModel, table=True):
    """A row that an import left out, and how to mend it; a file with very many keeps its first ones here."""

    __tablename__: ClassVar[Any] = "import_rejects"
    import_id: int = Field(primary_key=True, foreign_key="imports.import_id")
    file: str = Field(primary_key=True, max_length=32)
    line: int = Field(primary_key=True)
    column_name: str
    value: str
    rule: str
    mend: str


class Receipt(SQLModel, table=True):
    """A lot when it was first seen at a warehouse; the pipeline is closed against these."""

    __tablename__: ClassVar[Any] = "receipts"
    warehouse_id: str = key_id()
    part_id: str = key_id()
    lot_id: str = key_id()
    received_on: date
    qty: int
    import_id: int


class InboundSeen(SQLModel, table=True):
    """A shipment line that answered a plan line, as it was last seen in ``inbound``."""

    __tablename__: ClassVar[Any] = "inbound_seen"
    line_id: str = key_id()
    shipment_id: str = key_id()
    line_no: int = Field(primary_key=True)
    part_id: str = required_id()
    warehouse_id: str = required_id()
    qty: int
    first_import_id: int
    last_import_id: int


class StockSpan(SQLModel, table=True):
    """Days at whose close a warehouse held the same available quantity of a part; a recorded day without one is 0."""

    __tablename__: ClassVar[Any] = "stock_spans"
    warehouse_id: str = key_id()
    part_id: str = key_id()
    first_day: date = Field(primary_key=True)
    last_day: date = Field(index=True)
    qty: int


class StockRecordDay(SQLModel, table=True):
    """A day at whose close the stock was recorded in ``stock_spans``."""

    __tablename__: ClassVar[Any] = "stock_record_days"
    day: date = Field(primary_key=True)


class RunRow(SQLModel, table=True):
    """A run of the planner. Rows of plan tables carry its id and count only once it is published.

    ``fence`` grows from run to run: only the newest may publish. ``at`` is the moment a dispatch ships from.
    """

    __tablename__: ClassVar[Any] = "runs"
    __table_args__ = (Index("ix_runs_kind_as_of", "kind", "as_of"),)
    run_id: int | None = Field(default=None, primary_key=True)
    fence: int = Field(unique=True)
    kind: str = Field(max_length=16)
    plan_id: str = Field(max_length=64, index=True)
    as_of: date
    at: datetime | None = moment(None)
    state: str = Field(max_length=16)
    folder: str = ""
    manifest_sha256: str = ""
    started_at: datetime = moment()
    published_at: datetime | None = moment(None)
    reason: str = ""


class RunStep(SQLModel, table=True):
    """A step of a run, written in the transaction that wrote its result."""

    __tablename__: ClassVar[Any] = "run_steps"
    run_id: int = Field(primary_key=True, sa_column_args=[ForeignKey("runs.run_id")])
    step: str = Field(primary_key=True, max_length=64)
    rows: int
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
