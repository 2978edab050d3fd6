"""Cells of a column: text in, typed values and faults out, decided once per distinct text.

Values are ``object`` strings ("" unknown) for identifiers, text, choices, flags, clocks and months; ``int64`` for whole
quantities that are obligatory or have a default, else ``float64`` (NaN unknown); ``float64`` for money (rounded to
1/10,000 CNY), rates and numbers; ``datetime64[ns]`` for dates; ``datetime64[ns, zone]`` for timestamps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vmi.contract import EARLIEST_DATE, Column

LONGEST_TEXT = 4000
LATEST_YEAR = "2199"

_IDENTIFIER = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"
_NUMBER = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NOT_FINITE = r"^[+-]?(nan|inf|infinity)$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_HOUR_MINUTE = r"([01]\d|2[0-3]):[0-5]\d"
_OFFSET = r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)"
_MOMENT = rf"^\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]{_HOUR_MINUTE}(:[0-5]\d(\.\d{{1,9}})?)?{_OFFSET}?$"
_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"

MENDS: Mapping[str, str] = {
    "missing": "fill {column} in: it is obligatory",
    "not_an_identifier": "use 1 to 64 of A-Z a-z 0-9 . _ - in {column}, not starting with . or -",
    "not_a_number": "write a plain number with a decimal point in {column}, no unit and no thousands separator",
    "not_finite": "write a number in {column}, or leave it empty if it is unknown",
    "not_whole": "write a whole number of base units in {column}",
    "negative": "{column} cannot be negative",
    "too_small": "{column} must be at least {minimum}",
    "too_large": "{column} must be at most {maximum}",
    "not_a_date": "write a day of the calendar in {column} as YYYY-MM-DD",
    "not_a_timestamp": "write {column} as YYYY-MM-DDTHH:MM:SS+08:00",
    "not_a_clock_time": "write {column} as HH:MM, 00:00 to 23:59",
    "not_a_month": "write {column} as YYYY-MM",
    "before_2000": "{column} lies before 2000: correct it, or leave it empty if it is unknown",
    "too_far": "{column} lies after 2199: correct it, or leave it empty for no end",
    "not_a_choice": "{column} is one of {choices}",
    "too_long": f"shorten {{column}} to {LONGEST_TEXT} characters",
}
SLUGS = ("", *MENDS)
_CODE = {slug: code for code, slug in enumerate(SLUGS)}

Faults = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Parsed = tuple[Any, Faults]


@dataclass(frozen=True)
class Cells:
    """A column read: its values, and for each row a position in `SLUGS`, 0 where the cell is sound."""

    values: Any
    faults: Faults


def read_cells(column: Column, cells: pa.Array, timezone: str) -> Cells:
    """Read the text ``cells`` as what ``column`` is declared to be.

    Spaces around a cell are dropped, save in identifiers, where they are a fault. An empty cell takes the column's
    default; without one it is unknown, or a fault if the column is obligatory.
    """
    encoded = cells.dictionary_encode()
    texts = encoded.dictionary
    if column.kind != "id":
        texts = pc.utf8_trim(texts, " ")
    if column.default is not None:
        texts = pc.if_else(pc.equal(texts, ""), str(column.default), texts)
    values, faults = _PARSERS[column.kind](column, texts, timezone)
    faults[_mask(pc.equal(texts, ""))] = _CODE["missing"] if column.required else 0
    rows = encoded.indices.to_numpy()
    return Cells(values.take(rows), faults[rows])


def mend_for(column: Column, slug: str) -> str:
    """Return the sentence that says how to mend a fault."""
    return MENDS[slug].format(
        column=column.name,
        choices=", ".join(column.choices) or "Y, N",
        minimum=_plain(column.minimum),
        maximum=_plain(column.maximum),
    )


def _identifiers(_column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    return _strings(texts), _faults(len(texts), [(~_matches(texts, _IDENTIFIER), "not_an_identifier")])


def _free_text(_column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    too_long = _mask(pc.greater(pc.utf8_length(texts), LONGEST_TEXT))
    return _strings(texts), _faults(len(texts), [(too_long, "too_long")])


def _choices(column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    choices = pa.array(column.choices or ("Y", "N"), pa.string())
    return _strings(texts), _faults(len(texts), [(~_mask(pc.is_in(texts, choices)), "not_a_choice")])


def _clocks(_column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    return _strings(texts), _faults(len(texts), [(~_matches(texts, f"^{_HOUR_MINUTE}$"), "not_a_clock_time")])


def _months(_column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    return _strings(texts), _faults(len(texts), [(~_matches(texts, _MONTH), "not_a_month"), *_out_of_time(texts)])


def _numbers(column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    shaped = _matches(texts, _NUMBER)
    values = pc.cast(pc.if_else(pa.array(shaped), texts, "nan"), pa.float64()).to_numpy(zero_copy_only=False) + 0.0
    lowest = -np.inf if column.minimum is None else column.minimum
    highest = np.finfo(float).max if column.maximum is None else column.maximum
    found = [
        (_matches(pc.utf8_lower(texts), _NOT_FINITE), "not_finite"),
        (~shaped, "not_a_number"),
        (values > highest, "too_large"),
        (values < lowest, "negative" if lowest == 0 else "too_small"),
    ]
    if column.kind == "quantity":
        found.append((shaped & (values != np.floor(values)), "not_whole"))
    return values, _faults(len(texts), found)


def _quantities(column: Column, texts: pa.Array, timezone: str) -> Parsed:
    values, faults = _numbers(column, texts, timezone)
    if column.required or column.default is not None:
        values = np.where((faults == 0) & np.isfinite(values), values, 0).astype(np.int64)
    return values, faults


def _money(column: Column, texts: pa.Array, timezone: str) -> Parsed:
    values, faults = _numbers(column, texts, timezone)
    return values.round(4), faults


def _dates(_column: Column, texts: pa.Array, _timezone: str) -> Parsed:
    shaped = _matches(texts, _DAY)
    days = pd.to_datetime(pd.Series(_strings(texts)).where(shaped), format="%Y-%m-%d", errors="coerce")
    beyond = _out_of_time(texts)
    known = (shaped & days.isna()) & ~np.logical_or.reduce([mask for mask, _ in beyond])
    return days.array, _faults(len(texts), [(~shaped | known, "not_a_date"), *beyond])


def _timestamps(_column: Column, texts: pa.Array, timezone: str) -> Parsed:
    shaped, beyond = _matches(texts, _MOMENT), _out_of_time(texts)
    in_time = shaped & ~np.logical_or.reduce([mask for mask, _ in beyond])
    has_offset = in_time & _matches(texts, f"{_OFFSET}$")
    local = pd.DatetimeIndex(_instants(texts, in_time & ~has_offset))
    zoned = local.tz_localize(timezone, ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward")
    instants = zoned.tz_convert("UTC").tz_localize(None).to_numpy()
    instants = np.where(has_offset, _instants(texts, has_offset), instants)
    faults = [(~shaped | (in_time & np.isnat(instants)), "not_a_timestamp"), *beyond]
    return pd.DatetimeIndex(instants, tz="UTC").tz_convert(timezone).array, _faults(len(texts), faults)


def _instants(texts: pa.Array, where: Mask) -> npt.NDArray[np.datetime64]:
    """Return the instant in UTC of the chosen texts, read as UTC if they have no offset; NaT elsewhere.

    Arrow reads them twenty times faster than pandas, but gives up the whole array for one 30 February.
    """
    chosen = pc.if_else(pa.array(where), texts, pa.scalar(None, pa.string()))
    has_offset = pc.any(pc.match_substring_regex(chosen, f"{_OFFSET}$")).as_py()
    try:
        read = pc.cast(chosen, pa.timestamp("ns", "UTC" if has_offset else None))
    except pa.ArrowInvalid:
        strings = chosen.to_numpy(zero_copy_only=False)
        moments = pd.to_datetime(strings, format="ISO8601", utc=True, errors="coerce")
        return np.asarray(moments.tz_localize(None).to_numpy(), dtype="datetime64[ns]")
    return np.asarray(read.to_numpy(zero_copy_only=False), dtype="datetime64[ns]")


def _out_of_time(texts: pa.Array) -> list[tuple[Mask, str]]:
    """Find days that no row can be about; ISO 8601 sorts as text."""
    year = pc.utf8_slice_codeunits(texts, 0, 4)
    early, late = pc.less(year, EARLIEST_DATE[:4]), pc.greater(year, LATEST_YEAR)
    return [(_mask(early), "before_2000"), (_mask(late), "too_far")]


def _faults(count: int, found: list[tuple[Mask, str]]) -> Faults:
    """Return the first fault of each text."""
    faults = np.zeros(count, dtype=np.uint8)
    for mask, slug in reversed(found):
        faults[mask] = _CODE[slug]
    return faults


def _matches(texts: pa.Array, pattern: str) -> Mask:
    return _mask(pc.match_substring_regex(texts, pattern))


def _mask(booleans: pa.Array) -> Mask:
    return np.asarray(booleans.to_numpy(zero_copy_only=False), dtype=bool)


def _strings(texts: pa.Array) -> npt.NDArray[np.object_]:
    return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)


def _plain(limit: float | None) -> str:
    return "" if limit is None else f"{limit:,.15g}"


_PARSERS: Mapping[str, Callable[[Column, pa.Array, str], Parsed]] = {
    "id": _identifiers,
    "text": _free_text,
    "choice": _choices,
    "flag": _choices,
    "clock": _clocks,
    "month": _months,
    "quantity": _quantities,
    "money": _money,
    "rate": _numbers,
    "number": _numbers,
    "date": _dates,
    "timestamp": _timestamps,
}
