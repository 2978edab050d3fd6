"""A table for every input file: the columns of the contract, under the same names, with the same keys.

Facts that come in millions (orders, stock, inbound) carry no foreign keys: ingest has checked their references, and
checking them again row by row would double the time of a load.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from vmi.tables.types import (
    KeyDate,
    key_id,
    key_reference,
    moment,
    money,
    optional_id,
    optional_reference,
    reference,
    required_id,
)


class Supplier(SQLModel, table=True):
    """A supplier, who owns the parts until they are used."""

    __tablename__: ClassVar[Any] = "suppliers"
    supplier_id: str = key_id()
    name: str | None = None
    platform_fee_rate: float = 0.12
    return_window_days: int = 90
    respond_within_hours: float = 24


class Part(SQLModel, table=True):
    """A part as its supplier sells it; ``successor_id`` supersedes it."""

    __tablename__: ClassVar[Any] = "parts"
    part_id: str = key_id()
    name: str | None = None
    supplier_id: str = reference("suppliers.supplier_id")
    family: str | None = None
    unit_cost: Decimal = money()
    unit_price: Decimal | None = money(None)
    volume_l: float | None = None
    weight_kg: float | None = None
    pack_qty: int = 1
    min_order_qty: int = 1
    hazmat: str = Field(default="N", max_length=1)
    criticality: str = Field(default="B", max_length=1)
    introduced_on: date | None = None
    successor_id: str | None = optional_reference("parts.part_id")


class Warehouse(SQLModel, table=True):
    """A forward warehouse."""

    __tablename__: ClassVar[Any] = "warehouses"
    warehouse_id: str = key_id()
    name: str | None = None
    city: str
    latitude: float | None = None
    longitude: float | None = None
    capacity_m3: float
    hazmat_capacity_m3: float = 0
    outbound_lines_per_day: int | None = None


class Centre(SQLModel, table=True):
    """A service centre."""

    __tablename__: ClassVar[Any] = "centres"
    centre_id: str = key_id()
    name: str | None = None
    city: str
    kind: str = Field(default="direct", max_length=16)
    latitude: float | None = None
    longitude: float | None = None


class Lane(SQLModel, table=True):
    """What a carrier quotes from a warehouse to a city."""

    __tablename__: ClassVar[Any] = "lanes"
    warehouse_id: str = key_reference("warehouses.warehouse_id")
    city: str = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=16)
    transit_hours: float
    cut_off: str = Field(default="17:00", max_length=5)
    cost_per_shipment: Decimal = money(Decimal(0))
    cost_per_kg: Decimal = money(Decimal(0))


class Supply(SQLModel, table=True):
    """How a supplier reaches a warehouse."""

    __tablename__: ClassVar[Any] = "supply"
    supplier_id: str = key_reference("suppliers.supplier_id")
    warehouse_id: str = key_reference("warehouses.warehouse_id")
    lead_time_days: float
    lead_time_sd_days: float = 0
    cost_per_shipment: Decimal = money(Decimal(0))
    cost_per_kg: Decimal = money(Decimal(0))


class Closure(SQLModel, table=True):
    """Days on which somebody does not work, first and last included."""

    __tablename__: ClassVar[Any] = "closures"
    scope: str = Field(primary_key=True, max_length=16)
    id: str = Field(default="", primary_key=True, max_length=64)
    from_: date = Field(primary_key=True, sa_column_kwargs={"name": "from"})
    to: date = Field(primary_key=True)
    reason: str | None = None


class Availability(SQLModel, table=True):
    """What a supplier can ship; ``available_on`` unknown means now."""

    __tablename__: ClassVar[Any] = "availability"
    part_id: str = key_reference("parts.part_id")
    available_qty: int
    available_on: date | None = Field(default=None, primary_key=True, sa_type=KeyDate, nullable=False)


class Order(SQLModel, table=True):
    """An order line, of the past or open.

    ``ordered_on`` is the calendar day of ``ordered_at`` in the planning zone, kept so that usage is grouped in SQL.
    """

    __tablename__: ClassVar[Any] = "orders"
    # Clustered by its key on SQLite: one tree instead of a table and an index, a third less to write in a bulk load.
    __table_args__ = (
        Index(
            "ix_orders_open",
            "ordered_on",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        {"sqlite_with_rowid": False},
    )
    order_id: str = key_id()
    line_no: int = Field(primary_key=True)
    ordered_at: datetime = moment()
    centre_id: str = required_id()
    part_id: str = required_id()
    qty: int
    service: str = Field(default="standard", max_length=16)
    status: str = Field(max_length=16)
    warehouse_id: str | None = optional_id()
    shipped_at: datetime | None = moment(None)
    delivered_at: datetime | None = moment(None)
    first_promise: datetime | None = moment(None)
    ordered_on: date


class Stock(SQLModel, table=True):
    """A lot on hand."""

    __tablename__: ClassVar[Any] = "stock"
    warehouse_id: str = key_id()
    part_id: str = key_id()
    lot_id: str = key_id()
    received_on: date
    qty: int
    status: str = Field(default="available", max_length=16)


class Inbound(SQLModel, table=True):
    """A shipment line on its way to a warehouse."""

    __tablename__: ClassVar[Any] = "inbound"
    shipment_id: str = key_id()
    line_no: int = Field(primary_key=True)
    kind: str = Field(default="supply", max_length=16)
    part_id: str = required_id()
    from_id: str | None = optional_id()
    warehouse_id: str = required_id()
    qty: int
    shipped_on: date | None = None
    eta_on: date
    line_id: str | None = optional_id()
    received_on: date | None = None


class Weather(SQLModel, table=True):
    """A weather warning for a city."""

    __tablename__: ClassVar[Any] = "weather"
    city: str = Field(primary_key=True)
    from_: date = Field(primary_key=True, sa_column_kwargs={"name": "from"})
    to: date = Field(primary_key=True)
    severity: str = Field(max_length=16)
    transit_delay_hours: float = 0
    demand_factor: float = 1.0


class Vehicle(SQLModel, table=True):
    """Vehicles in operation at a month's end."""

    __tablename__: ClassVar[Any] = "vehicles"
    model: str = Field(primary_key=True)
    city: str = Field(primary_key=True)
    month: str = Field(primary_key=True, max_length=7)
    vehicles: int


class Fitment(SQLModel, table=True):
    """A part that fits a vehicle model."""

    __tablename__: ClassVar[Any] = "fitments"
    part_id: str = key_reference("parts.part_id")
    model: str = Field(primary_key=True)
    qty_per_vehicle: int = 1


class Override(SQLModel, table=True):
    """What a planner decided, with a reason and, if it ends, its last day."""

    __tablename__: ClassVar[Any] = "overrides"
    part_id: str = key_reference("parts.part_id")
    warehouse_id: str = key_reference("warehouses.warehouse_id")
    kind: str = Field(primary_key=True, max_length=16)
    value: int | None = None
    until: date | None = None
    by: str | None = None
    reason: str


class Confirmation(SQLModel, table=True):
    """A supplier's answer to a published line."""

    __tablename__: ClassVar[Any] = "confirmations"
    line_id: str = key_id()
    answer: str = Field(max_length=16)
    confirmed_qty: int | None = None
    confirmed_ship_on: date | None = None
    answered_at: datetime | None = moment(None)
    comment: str | None = None


INPUT_TABLES: dict[str, type[SQLModel]] = {
    str(model.__tablename__): model
    for model in (
        Supplier,
        Part,
        Warehouse,
        Centre,
        Lane,
        Supply,
        Closure,
        Availability,
        Order,
        Stock,
        Inbound,
        Weather,
        Vehicle,
        Fitment,
        Override,
        Confirmation,
    )
}
"""The table of each input file, by the file's name."""

DERIVED_COLUMNS: dict[str, tuple[str, ...]] = {"orders": ("ordered_on",)}
"""Columns a table has beyond its file's, computed when the file is loaded."""
