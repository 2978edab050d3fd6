"""CSV files: read as text, every line of them, and written whole or not at all.

Rows are counted against lines, because CSV readers lose some silently.

A quote that opens a field and does not close on its line makes readers swallow lines up to the next quote, without an
error. So no field may hold a line break, and rows read must equal the lines that are not blank.
"""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from forecasts.table.cells import TableRefused

BLOCK_BYTES = 1 << 24
TEXT = pa.dictionary(pa.int32(), pa.string())
OPEN_QUOTE = re.compile(rb'(?:^|,)"(?:[^"]|"")*$')
STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
"""No files of their own: to rename something onto one would replace whatever it stands for."""
GZIP_MAGIC = b"\x1f\x8b"
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_table(path: Path) -> pd.DataFrame:
    """Return a CSV file, plain or gzip, as categorical columns of text; the index ``line`` is the line in the file.

    Empty cells are ``""``; nothing else is taken for a missing value and no text for a number (``NA`` and ``00123``
    are names).

    Raises
    ------
    TableRefused
        No such file, empty, not UTF-8, a broken gzip, or a line that has not as many fields as the header.
    """
    if not path.is_file():
        raise TableRefused(f"{path}: no such file; name the CSV of the history")
    try:
        header, alone = _header(path)
        if alone:
            return pd.DataFrame(columns=header, index=pd.RangeIndex(0, name="line"))
        with _opened(path) as file:
            counted = _Lines(file)
            table = _parsed(path, counted, header)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TableRefused(f"{path}: the gzip is broken or cut off ({error}); copy or compress it again") from error
    except OSError as error:
        raise TableRefused(f"{path}: cannot be read: {error.strerror or error}") from error
    frame = table.to_pandas()
    frame.index = _line_numbers(path, counted, len(frame))
    return frame


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked if its first bytes say gzip, whatever its name says."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    with cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb") as file:
        yield file


class _Lines(io.RawIOBase):
    """A file that counts the lines that pass through it, whether they end in LF, CR LF or CR."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._last = b""
        self.ends = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        returns = block.count(b"\r")
        self.ends += block.count(b"\n") + (returns - block.count(b"\r\n") if returns else 0)
        if self._last == b"\r" and block[:1] == b"\n":
            self.ends -= 1
        self._last = block[-1:] or self._last
        return block

    @property
    def lines(self) -> int:
        """Lines read so far, the last one counted also if it does not end."""
        return self.ends + (self._last not in (b"", b"\n", b"\r"))


def _header(path: Path) -> tuple[list[str], bool]:
    """Return the column names, without spaces around them, each once; and whether the file ends with them."""
    with _opened(path) as file:
        first = file.readline(BLOCK_BYTES)
    if first[:2] in WIDE_MARKS:
        raise TableRefused(f"{path}: is UTF-16, not UTF-8; save it as CSV UTF-8")
    try:
        line = first.replace(b"\r", b"\n").split(b"\n")[0].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableRefused(f"{path}: line 1 is not UTF-8; save it as CSV UTF-8") from error
    if "\0" in line:
        raise TableRefused(f"{path}: is not a text; save it as CSV UTF-8")
    names = [name.strip() for name in next(csv.reader([line]), [])]
    if names in ([], [""]):
        raise TableRefused(f"{path}: is empty or begins with a blank line; its first line must name the columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableRefused(f"{path}: column {twice[0]!r} stands twice in the first line; rename or remove one")
    return names, b"\n" not in first and b"\r" not in first


def _parsed(path: Path, file: _Lines, names: list[str]) -> pa.Table:
    """Return the table of text; a line with too many or too few fields is refused by its number."""
    wrong: list[pyarrow.csv.InvalidRow] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    try:
        table = pyarrow.csv.read_csv(
            pa.PythonFile(file, mode="r"),
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, block_size=BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=note),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, TEXT), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        _refuse_open_quote(path)
        if wrong:
            raise TableRefused(_uneven(path, wrong[0], names)) from error
        _refuse_other_encoding(path)
        raise TableRefused(f"{path}: {' '.join(str(error).split())}") from error
    return table


def _uneven(path: Path, row: pyarrow.csv.InvalidRow, names: list[str]) -> str:
    text = row.text if isinstance(row.text, bytes) else row.text.encode()
    found = (number for number, line in _numbered(path) if line == text)
    return (
        f"{path}: line {next(found, '?')} has {row.actual_columns} fields, the header {len(names)}; "
        "quote texts that hold a comma, and write numbers without thousands separators"
    )


def _line_numbers(path: Path, counted: _Lines, rows: int) -> pd.Index:
    """Return the line of each row: they follow one another unless there are blank lines."""
    if rows == counted.lines - 1:
        return pd.RangeIndex(2, rows + 2, name="line")
    filled = np.array([number for number, line in _numbered(path) if line and number > 1], dtype=np.int64)
    if len(filled) != rows:
        _refuse_open_quote(path)
        raise TableRefused(f"{path}: has {len(filled):,} lines but {rows:,} rows could be read; check its quotes")
    return pd.Index(filled, name="line")


def _refuse_open_quote(path: Path) -> None:
    for number, line in _numbered(path):
        if line.count(b'"') % 2 and OPEN_QUOTE.search(line):
            raise TableRefused(f"{path}: line {number} has a quote that does not close on it; remove or double it")


def _refuse_other_encoding(path: Path) -> None:
    for number, line in _numbered(path):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TableRefused(f"{path}: line {number} is not UTF-8; save the file as CSV UTF-8") from error


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines without their ends, from 1; only looked at when something is wrong."""
    with _opened(path) as file:
        number = 0
        for chunk in file:
            for line in chunk.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
                number += 1
                yield number, line


def check_writable(path: Path) -> None:
    """Refuse a place to which :func:`write_tables` could not write, before hours are spent on what should go there."""
    folder = path.parent
    if not folder.is_dir():
        raise TableRefused(f"{path}: there is no folder {folder}; make it first")
    if (path.exists() and not path.is_file()) or str(path).startswith(STREAMS):
        raise TableRefused(f"{path}: is not a file; name a file to write")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TableRefused(f"{path}: the folder {folder} cannot be written to; choose another or change its rights")


def write_tables(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tables of the same columns below one another; compressed if the name ends in ``.gz``.

    They go to a file beside ``path`` that takes its name when it is complete, so that nobody ever sees half of it.

    Raises
    ------
    TableRefused
        The file cannot be written.
    """
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            if target.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                    _write_rows(cast(IO[bytes], packed), tables)
            else:
                _write_rows(file, tables)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise TableRefused(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_rows(file: IO[bytes], tables: Iterable[pd.DataFrame]) -> None:
    """Write rows as CSV; texts are quoted only in a table that has some which need it."""
    for number, frame in enumerate(tables):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        options = {"include_header": number == 0, "quoting_header": "none", "batch_size": 1 << 16}
        plain = not frame["unique_id"].drop_duplicates().str.contains(r'[",\r\n]').any()
        pyarrow.csv.write_csv(
            table, file, pyarrow.csv.WriteOptions(quoting_style="none" if plain else "needed", **options)
        )
