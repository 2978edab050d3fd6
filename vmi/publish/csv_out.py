"""CSV bytes a spreadsheet opens and a checker can hash: the contract's writing rules, vectorised.

Each column is turned into cells by formatting its distinct values once; lines are then joined in C. A million lines of
a forecast take seconds, and the same frame gives the same bytes whatever its index, categories or locale.
"""

import gzip
import io
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd

from vmi.contract import OutputFile

Format = Literal["text", "whole", "money", "price", "share", "number", "day", "moment"]

_BOM = b"\xef\xbb\xbf"
_LINE_END = "\r\n"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = re.compile('[",\r\n]')


def _named(kind: Format, names: str) -> dict[str, Format]:
    return dict.fromkeys(names.split(), kind)


# Columns not named here are text. A name means the same in every published file.
FORMATS: dict[str, Format] = {
    **_named("whole", "line_no qty pack_qty priority on_hand inbound backordered target_qty age_days rank"),
    **_named("money", "best_relocation_gain cost benefit surcharge money_at_risk"),
    **_named("price", "unit_cost"),
    **_named("share", "return_risk fill_rate"),
    **_named("number", "demand_p50 demand_p90 cover_days mean p10 p50 p90 target actual index weight"),
    **_named("day", "ship_on due_on received_on pick_up_on eta_on week"),
    **_named("moment", "respond_by ship_at eta promise_by first_promise ordered_at eta_p50 eta_p90"),
}


def csv_lines(frame: pd.DataFrame, file: OutputFile) -> list[str]:
    """Return the rows of ``frame`` as CSV lines, without header and line ends.

    Parameters
    ----------
    frame : DataFrame
        Must have the contract's columns; others are left out. Row order is kept.
    file : OutputFile
        The contract of the file: column order and the columns of free text.

    Raises
    ------
    ValueError
        Naming columns that are missing, or one with a value that is infinite, not whole where it must be, or a moment
        without a zone.
    """
    missing = [c for c in file.columns if c not in frame.columns]
    if missing:
        raise ValueError(f"{file.name}: columns missing: {', '.join(missing)}")
    columns = [_cells(frame[c], c, c in file.free_text) for c in file.columns]
    return list(map(",".join, zip(*columns, strict=True)))


def csv_bytes(lines: Iterable[str], file: OutputFile) -> bytes:
    """Return lines as a whole file: UTF-8 with BOM, the header first, CRLF after every line."""
    return _BOM + (_LINE_END.join([",".join(file.columns), *lines]) + _LINE_END).encode()


def gzip_bytes(content: bytes) -> bytes:
    """Return ``content`` compressed, without the time and the name that gzip would put in."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=buffer, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()


def guard_formula(text: str) -> str:
    """Return free text no spreadsheet runs: a leading ``=``, ``+``, ``-``, ``@``, TAB or CR gets a ``'``."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(values: pd.Series, name: str, free_text: bool) -> list[str]:
    """Return the cells of a column; unknown is empty."""
    kind = FORMATS.get(name, "text")
    if kind == "text":
        write: Callable[[Any], str] = _write_free_text if free_text else _write_text
        return _each_distinct(values.astype(object), write)
    if kind == "day":
        return _each_distinct(_moments(values, name), lambda moment: moment.strftime("%Y-%m-%d"))
    if kind == "moment":
        return _each_distinct(_moments(values, name), lambda moment: moment.isoformat(timespec="seconds"))
    numbers = pd.to_numeric(values).astype("float64")
    if np.isinf(numbers).any():
        raise ValueError(f"column {name} holds an infinite number")
    if kind == "whole" and (numbers.dropna() % 1 != 0).any():
        raise ValueError(f"column {name} holds a number that is not whole")
    return _each_distinct(numbers, _WRITERS[kind])


def _moments(values: pd.Series, name: str) -> pd.Series:
    moments = values if pd.api.types.is_datetime64_any_dtype(values) else pd.to_datetime(values)
    has_zone = isinstance(moments.dtype, pd.DatetimeTZDtype)
    if FORMATS[name] == "moment" and not has_zone and moments.notna().any():
        raise ValueError(f"column {name} holds moments without a time zone")
    return moments


def _each_distinct(values: pd.Series, write: Callable[[Any], str]) -> list[str]:
    """Return ``write`` of each value, called once a distinct value; empty for the unknown."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    # The sentinel of the unknown is -1: the last cell.
    cells = np.array([*(write(value) for value in distinct), ""], dtype=object)
    taken: list[str] = cells[codes].tolist()
    return taken


def _write_text(value: Any) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _write_free_text(value: Any) -> str:
    return _write_text(guard_formula(str(value)))


def _fixed(value: float, decimals: int) -> str:
    # Adding 0.0 turns the -0.0 that rounding leaves into 0.0.
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def _write_number(value: float) -> str:
    return _fixed(value, 6).rstrip("0").rstrip(".")


def _write_price(value: float) -> str:
    """Write two decimals, and up to four where a price has them: a washer may cost 0.0035 CNY."""
    whole, _, decimals = _fixed(value, 4).partition(".")
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def _rounded_to(decimals: int) -> Callable[[float], str]:
    return lambda value: _fixed(value, decimals)


_WRITERS: dict[str, Callable[[float], str]] = {
    "whole": lambda value: str(int(value)),
    "money": _rounded_to(2),
    "price": _write_price,
    "share": _rounded_to(4),
    "number": _write_number,
}


def require_file_names(ids: Iterable[str]) -> None:
    """Raise ``ValueError`` for ids that cannot name a file; ingest refuses them too, this is the second lock."""
    for name in ids:
        if not re.fullmatch(r"\w[\w.-]{0,63}", name):
            raise ValueError(f"not an identifier that may name a file: {name!r}")
