"""How a column of a table looks in a frame, and what is stored of it.

==========  ==========================================  =========================  ==========================
type        in a frame                                  stored on PostgreSQL       stored on SQLite
==========  ==========================================  =========================  ==========================
text        ``object`` of str, unknown ``""``           varchar, unknown NULL      text, unknown NULL
Integer     ``int64``; nullable ``float64`` with NaN    integer                    integer
Float       ``float64``, unknown NaN                    double precision           real
Money       ``float64`` CNY, unknown NaN                bigint of 1/10,000 CNY     integer of 1/10,000 CNY
Date        ``datetime64[ns]`` at midnight              date                       text ``YYYY-MM-DD``
Moment      ``datetime64[ns, zone]``                    timestamptz                integer microseconds, UTC
==========  ==========================================  =========================  ==========================
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Column, ColumnElement, Date, Float, Integer, String, cast, func, type_coerce
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString

from vmi.tables.types import MONEY_SCALE, UNKNOWN_KEY_DATE, KeyDate, Moment, Money

_KINDS: dict[str, tuple[type, ...]] = {
    "money": (Money,),
    "moment": (Moment,),
    "day": (Date, KeyDate),
    "whole": (Integer,),
    "number": (Float,),
    "text": (String, AutoString),
}
UNKNOWN_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Cells:
    """Stored values of a column's chunk: int64, float64, str objects, days (``M8[D]``) or moments (int64 microseconds).

    Where ``missing`` is true the value has no meaning and NULL is stored.
    """

    values: np.ndarray
    missing: np.ndarray
    is_moment: bool = False

    def for_sqlite(self) -> list[Any]:
        """Return Python values for the driver."""
        values = np.datetime_as_string(self.values, unit="D") if self.values.dtype.kind == "M" else self.values
        if not self.missing.any():
            return list(values.tolist())
        cells = values.astype(object)
        cells[self.missing] = None
        return list(cells)

    def for_arrow(self) -> pa.Array:
        """Return an Arrow array, from which ``COPY`` text is written."""
        typed = pa.array(self.values, mask=self.missing, type=pa.string() if self.values.dtype == object else None)
        return typed.cast(pa.timestamp("us", "UTC")) if self.is_moment else typed


def encode(column: Column[Any], cells: pd.Series) -> Cells:
    """Return what is stored of a frame's column.

    Unknown cells take the column's default if it has one.

    Raises
    ------
    ValueError
        If the column cannot hold a cell: unknown where it must be known, a fraction where whole, infinite, a moment
        without zone. The message names table and column.
    """
    try:
        found = _ENCODERS[_kind(column)](cells)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{column.table.name}.{column.name}: {error}") from error
    if column.nullable or not found.missing.any():
        return found
    return _filled(column, found)


def _filled(column: Column[Any], found: Cells) -> Cells:
    """Replace unknown cells of a column that must be known by its default; unknown text is the empty string."""
    default = column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None
    if default is None and _kind(column) == "text":
        default = ""
    if default is None and isinstance(column.type, KeyDate):
        default = UNKNOWN_KEY_DATE
    if default is None:
        count = int(found.missing.sum())
        raise ValueError(f"{column.table.name}.{column.name}: unknown in {count} rows, and it has no default")
    values = found.values.copy()
    values[found.missing] = float(default) * MONEY_SCALE if isinstance(column.type, Money) else default
    return Cells(values, np.zeros(len(values), dtype=bool), found.is_moment)


def _kind(column: Any) -> str:
    for kind, types in _KINDS.items():
        if isinstance(column.type, types):
            return kind
    raise TypeError(f"{column}: type {column.type!r} does not go through frames")


def _encode_text(cells: pd.Series) -> Cells:
    values = np.asarray(cells, dtype=object)
    return Cells(values, np.asarray(pd.isna(values) | (values == ""), dtype=bool))


def _numbers(cells: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(cells).to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(numbers).any():
        raise ValueError("holds an infinite number")
    return numbers


def _encode_number(cells: pd.Series) -> Cells:
    numbers = _numbers(cells)
    return Cells(numbers, np.isnan(numbers))


def _encode_whole(cells: pd.Series) -> Cells:
    if cells.dtype.kind == "i" and isinstance(cells.dtype, np.dtype):
        return Cells(cells.to_numpy(np.int64), np.zeros(len(cells), dtype=bool))
    numbers = _numbers(cells)
    missing = np.isnan(numbers)
    whole = np.where(missing, 0, numbers).astype(np.int64)
    if (whole != numbers)[~missing].any():
        raise ValueError("holds a fraction, whole numbers only")
    return Cells(whole, missing)


def _encode_money(cells: pd.Series) -> Cells:
    numbers = _numbers(cells)
    missing = np.isnan(numbers)
    return Cells(np.rint(np.where(missing, 0, numbers) * MONEY_SCALE).astype(np.int64), missing)


def _encode_day(cells: pd.Series) -> Cells:
    days = pd.to_datetime(cells)
    if days.dtype.kind != "M" or isinstance(days.dtype, pd.DatetimeTZDtype):
        raise ValueError(f"holds {days.dtype}, calendar days without zone only")
    values = days.to_numpy().astype("M8[D]")
    missing = np.isnat(values)
    return Cells(np.where(missing, np.datetime64(0, "D"), values), missing)


def _encode_moment(cells: pd.Series) -> Cells:
    missing = cells.isna().to_numpy(dtype=bool)
    if cells.dtype.kind == "M" and not isinstance(cells.dtype, pd.DatetimeTZDtype) and not missing.all():
        raise ValueError("holds moments without a zone")
    moments = pd.DatetimeIndex(pd.to_datetime(cells, utc=True)).as_unit("us")
    return Cells(np.where(missing, 0, moments.view(np.int64)), missing, is_moment=True)


_ENCODERS: dict[str, Callable[[pd.Series], Cells]] = {
    "text": _encode_text,
    "number": _encode_number,
    "whole": _encode_whole,
    "money": _encode_money,
    "day": _encode_day,
    "moment": _encode_moment,
}


def raw(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """Return the expression that selects a column's stored value, past the types that convert cell by cell."""
    kind = _kind(column)
    if kind == "moment":
        if dialect == "postgresql":
            return cast(func.extract("epoch", column) * 1_000_000, BigInteger)
        return type_coerce(column, BigInteger)
    if kind == "day" and dialect == "sqlite":
        return type_coerce(column, String)
    plain: dict[str, TypeEngine[Any]] = {"money": BigInteger(), "day": Date()}
    return type_coerce(column, plain.get(kind, column.type))


@dataclass
class Decoder:
    """Collects a column's raw values chunk by chunk and makes a frame's column of them."""

    column: ColumnElement[Any]
    timezone: str
    _chunks: list[np.ndarray] = field(default_factory=list)
    _seen: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look up what the values are."""
        self._of = _kind(self.column)

    def add(self, values: Sequence[Any]) -> None:
        """Take the next chunk of raw values."""
        self._chunks.append(self._array(values))

    def result(self) -> Any:
        """Return the column as pandas takes it."""
        values = np.concatenate(self._chunks or [self._array(())])
        if self._of == "money":
            return values / MONEY_SCALE
        if self._of == "moment":
            moments = pd.DatetimeIndex(values.view("M8[us]")).as_unit("ns")
            return moments.tz_localize("UTC").tz_convert(self.timezone)
        return values.astype("M8[ns]") if self._of == "day" else values

    def _array(self, values: Sequence[Any]) -> np.ndarray:
        if self._of == "text":
            # Equal texts share one object: ids repeat, and a million rows of them would otherwise fill the memory.
            share = self._seen.setdefault
            self._seen.setdefault(None, "")
            cells = np.empty(len(values), dtype=object)
            cells[:] = [share(v, v) for v in values]
            return cells
        if self._of == "day":
            return np.array([self._day(v) for v in values], dtype="M8[D]")
        if self._of == "moment":
            return np.array([UNKNOWN_TIME if v is None else v for v in values], dtype=np.int64)
        whole = self._of == "whole" and not getattr(self.column, "nullable", False)
        return np.array(values, dtype=np.int64 if whole else np.float64)

    def _day(self, value: str | date | None) -> np.datetime64:
        if value not in self._seen:
            known = None if value is None or str(value) == str(UNKNOWN_KEY_DATE) else str(value)
            self._seen[value] = np.datetime64(known or "NaT", "D")
        found: np.datetime64 = self._seen[value]
        return found
