"""Cells of a long table: names, dates and numbers, decided once per distinct value, refused by row with the mend."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

EARLIEST, LATEST = "1900-01-01", "2199-12-31"
UNKNOWN = ("", "na", "nan", "null")
LARGEST = 1e12
"""Above a million million units a period, a number is a slip of the keys (and counts lose whole units soon after)."""

_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DATE = rf"^(\d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?|\d{{4}}/\d{{1,2}}/\d{{1,2}}|\d{{8}}){_TIME}$"
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"


class TableRefused(ValueError):
    """A table, or what is asked of it, cannot be used; the one sentence says what, where and how to mend it."""


def read_ids(table: pd.DataFrame) -> tuple[pd.Index, Codes, bool]:
    """Return the names of the series, sorted; each row's series; and whether the names came as numbers."""
    column = table["unique_id"]
    if pd.api.types.is_float_dtype(column):
        raise TableRefused("history: unique_id was read as numbers with fractions; read it as text (dtype=str)")
    codes, distinct = encoded(column)
    texts = np.array([str(value) for value in distinct], dtype=object)
    empty = np.append(np.array([not text.strip() for text in texts], dtype=bool), True)
    _refuse(table, empty[codes], "unique_id", "is empty; every row needs the name of its series")
    used = np.zeros(len(texts), dtype=bool)
    used[codes] = True
    ids, position = np.unique(texts[used].astype(str), return_inverse=True)
    of_text = np.zeros(len(texts), dtype=np.int64)
    of_text[used] = position
    return pd.Index(ids.astype(object), name="unique_id"), of_text[codes], pd.api.types.is_integer_dtype(column)


def read_days(table: pd.DataFrame) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.datetime64]]:
    """Return a code per row and the distinct days, as written: a time of day and its offset are left out."""
    column = table["ds"]
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column):
        column = column.astype("category")
    codes, distinct = encoded(column)
    days = _days(_texts(distinct))
    outside = np.append(~((days >= np.datetime64(EARLIEST)) & (days <= np.datetime64(LATEST))), True)
    _refuse(table, outside[codes], "ds", f"is not a date as YYYY-MM-DD from {EARLIEST} to {LATEST}; correct it")
    return codes, days


def read_demand(table: pd.DataFrame) -> Array:
    """Return ``y`` of each row, NaN where it is unknown."""
    mend = "is not a number; write one with a decimal point, or leave it empty if it is unknown"
    y = _read_numbers(table, "y", np.isfinite, mend)
    _refuse(table, np.abs(y) > LARGEST, "y", f"is larger than {LARGEST:g} units in one row; correct it")
    return y


def read_sold_out(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return where ``in_stock`` is 0; an empty cell is in stock."""
    found = _read_numbers(table, "in_stock", lambda v: (v == 0) | (v == 1), "is neither 0 nor 1; write 0 for sold out")
    return found == 0


def read_exposure(table: pd.DataFrame) -> Array:
    """Return ``exposure`` of each row, NaN where it is not given."""
    mend = "is not a positive number; write one above 0, or leave it empty to carry the season's on"
    return _read_numbers(table, "exposure", lambda v: (v > 0) & (v <= LARGEST), mend)


def encoded(column: pd.Series) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.object_]]:
    """Return a code per row (-1: missing) and the distinct values, of which some may not be in use."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return pd.factorize(column.to_numpy(dtype=object))
    return column.cat.codes.to_numpy(), column.cat.categories.to_numpy(dtype=object)


def _read_numbers(table: pd.DataFrame, name: str, sound: Callable[[Array], npt.NDArray[np.bool_]], mend: str) -> Array:
    """Return a column of numbers, NaN where empty; anything that is not ``sound`` is refused."""
    column = table[name]
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse(table, ~np.isnan(values) & ~sound(values), name, mend)
        return values
    codes, distinct = encoded(column)
    texts = _texts(distinct).str.replace("^True$", "1", regex=True).str.replace("^False$", "0", regex=True)
    unknown = texts.str.lower().isin(UNKNOWN).to_numpy(dtype=bool)
    shaped = texts.str.match(_NUMBER).to_numpy(dtype=bool)
    values = texts.where(shaped, "nan").to_numpy(dtype=str).astype(np.float64)
    wrong = np.append(~unknown & ~sound(values), False)
    _refuse(table, wrong[codes], name, mend)
    return np.append(values, np.nan)[codes]


def _days(texts: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return the days that texts name, NaT where they name none."""
    dates = texts.str.extract(_DATE, expand=False).str.replace("/", "-")
    compact = ~dates.str.contains("-", na=True)
    dates = dates.where(~compact, dates.str[:4] + "-" + dates.str[4:6] + "-" + dates.str[6:])
    dates = dates.where(dates.str.count("-") != 1, dates + "-01")
    parts = dates.str.split("-", expand=True).reindex(columns=range(3))
    padded = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return pd.to_datetime(padded, format="%Y-%m-%d", errors="coerce").to_numpy("datetime64[D]")


def _texts(distinct: npt.NDArray[np.object_]) -> pd.Series:
    return pd.Series([str(value).strip() for value in distinct], dtype=object).astype(str)


def _refuse(table: pd.DataFrame, wrong: npt.NDArray[np.bool_], column: str, mend: str) -> None:
    """Refuse a table for its first wrong row, and say how many more there are."""
    count = int(wrong.sum())
    if not count:
        return
    at = int(wrong.argmax())
    value = "" if column == "unique_id" else f" {str(table[column].iloc[at])!r}"
    more = f" (and {count - 1:,} more)" if count > 1 else ""
    raise TableRefused(f"history: {place(table, at, column)}: {column}{value} {mend}{more}")


def place(table: pd.DataFrame, at: int, column: str = "") -> str:
    """Return what a row is called: its line, series and date, unless these are the ``column`` that is wrong."""
    words = [f"{table.index.name or 'row'} {table.index[at]}"]
    if column != "unique_id":
        words.append(f"series {table['unique_id'].iloc[at]}")
        if column != "ds":
            words.append(f"at {str(table['ds'].iloc[at]).removesuffix(' 00:00:00')}")
    return ", ".join(words[:2]) + "".join(f" {word}" for word in words[2:])
