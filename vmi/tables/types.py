"""Column types that mean the same on SQLite and PostgreSQL, and the names of constraints.

Money is an exact integer of 1/10,000 CNY, a moment is aware, a calendar day is a date. The bulk paths of
``store.frames_io`` write and read the same representations without passing through these classes cell by cell.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Dialect, ForeignKey
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

MONEY_SCALE = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN_KEY_DATE = date(1900, 1, 1)
ID_LENGTH = 64

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}


class Money(TypeDecorator[Decimal]):
    """CNY as a whole number of 1/10,000 CNY, so that sums are exact on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        """Return the stored integer; halves round to even."""
        if value is None:
            return None
        return int((Decimal(str(value)) * MONEY_SCALE).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return CNY."""
        return None if value is None else Decimal(int(value)) / MONEY_SCALE


class Moment(TypeDecorator[datetime]):
    """An aware moment: ``timestamptz`` on PostgreSQL, microseconds since 1970 UTC on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the dialect's own type."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what is stored; a moment without offset is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"moment {value.isoformat()} carries no offset")
        return value if dialect.name == "postgresql" else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else EPOCH + timedelta(microseconds=value)


class KeyDate(TypeDecorator[date]):
    """A day that is part of a key and may be unknown: keys cannot be NULL, so unknown is stored as 1900-01-01."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> date:
        """Return the stored day."""
        return UNKNOWN_KEY_DATE if value is None else value

    def process_result_value(self, value: date | None, dialect: Dialect) -> date | None:
        """Return the day, ``None`` if unknown."""
        return None if value == UNKNOWN_KEY_DATE else value


def key_id() -> Any:
    """Return an identifier that is part of the primary key."""
    return Field(primary_key=True, max_length=ID_LENGTH)


def key_reference(column: str) -> Any:
    """Return an identifier of the primary key that refers to ``table.column``, checked at commit."""
    return Field(primary_key=True, max_length=ID_LENGTH, sa_column_args=[_foreign_key(column)])


def reference(column: str) -> Any:
    """Return an obligatory identifier that refers to ``table.column``, checked at commit."""
    return Field(max_length=ID_LENGTH, sa_column_args=[_foreign_key(column)])


def optional_reference(column: str) -> Any:
    """Return an identifier that may be unknown and otherwise refers to ``table.column``, checked at commit."""
    return Field(default=None, max_length=ID_LENGTH, sa_column_args=[_foreign_key(column)])


def optional_id() -> Any:
    """Return an identifier that may be unknown and refers to nothing that is checked."""
    return Field(default=None, max_length=ID_LENGTH)


def required_id() -> Any:
    """Return an obligatory identifier that the database does not check."""
    return Field(max_length=ID_LENGTH)


def money(default: Any = ...) -> Any:
    """Return an amount of CNY."""
    return Field(default=default, sa_type=Money)


def moment(default: Any = ...) -> Any:
    """Return an aware moment."""
    return Field(default=default, sa_type=Moment)


def _foreign_key(column: str) -> ForeignKey:
    # Deferred: an import upserts parts and their successors in any order and is judged as a whole.
    return ForeignKey(column, deferrable=True, initially="DEFERRED")
