"""Rejected rows: what was wrong, where, and how to mend it."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

COLUMNS = ("file", "line", "column", "value", "rule", "mend")
LONGEST_VALUE = 200

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def reject_rows(
    file: str, lines: npt.NDArray[np.int64], column: str, values: Sequence[object], rule: str, mend: str
) -> pd.DataFrame:
    """Return one reject per entry of ``lines``; ``{value}`` in ``mend`` is replaced by the row's value."""
    shown = [_shown(value) for value in values]
    return pd.DataFrame(
        {
            "file": file,
            "line": np.asarray(lines, dtype=np.int64),
            "column": column,
            "value": pd.Series(shown, dtype=object),
            "rule": rule,
            "mend": pd.Series([mend.replace("{value}", value) for value in shown], dtype=object),
        }
    )


def gather_rejects(pieces: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return all rejects of one file in line order; an empty frame of the same columns if there are none."""
    found = [piece for piece in pieces if len(piece)]
    if not found:
        return no_rejects()
    return pd.concat(found, ignore_index=True).sort_values("line", kind="stable", ignore_index=True)


def no_rejects() -> pd.DataFrame:
    """Return a frame of rejects without rows."""
    return pd.DataFrame({c: pd.Series(dtype=np.int64 if c == "line" else object) for c in COLUMNS})


def write_rejects(path: Path, rejects: pd.DataFrame) -> None:
    """Write ``rejects.csv`` for a spreadsheet: UTF-8 with BOM, CRLF, no cell that a spreadsheet would run."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for row in rejects.loc[:, list(COLUMNS)].itertuples(index=False):
            writer.writerow([cell if isinstance(cell, int) else _guarded(str(cell)) for cell in row])


def _shown(value: object) -> str:
    """Return a value as rejects.csv shows it; a NUL, which no reader of CSV survives, as its symbol."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value.tzinfo is None else value.isoformat()
    text = value if isinstance(value, str) else "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    return text[:LONGEST_VALUE].replace("\0", "\u2400")


def _guarded(text: str) -> str:
    """Return ``text`` so that a spreadsheet takes it for text and not for a formula; numbers are never touched."""
    if text.startswith(_FORMULA_START) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text
