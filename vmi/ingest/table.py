"""Rows of a file as text columns: its header understood, its judged lines parsed, nothing read into the cells yet."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from vmi.contract import InputFile
from vmi.ingest.reader import FileRefused, Source, utf8_blocks
from vmi.ingest.scanner import BadLine, Scan, Shape, scan

_OTHER_DELIMITERS = {";": "';'", "\t": "TAB", "|": "'|'"}


@dataclass(frozen=True)
class Header:
    """A file's header: position by contract column, the names that are not of the contract, the shape of a row."""

    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    shape: Shape


@dataclass(frozen=True)
class Rows:
    """Some rows of a file: text by contract column (only those the file has), physical lines, and rows gone bad."""

    cells: Mapping[str, pa.Array]
    lines: npt.NDArray[np.int64]
    bad: tuple[BadLine, ...]
    bad_lines: npt.NDArray[np.int64]


def open_table(source: Source, spec: InputFile) -> tuple[Header, Iterator[Rows]]:
    """Read the header of a file now and its rows as they are asked for.

    Raises
    ------
    FileRefused
        If the header is missing, has another delimiter than a comma, a column twice, or lacks an obligatory column.
    """
    blocks = utf8_blocks(source)
    first, _, rest = next(blocks, b"").partition(b"\n")
    header = read_header(first, source.path.name, spec)
    return header, _rows(chain([rest], blocks), header)


def read_header(line: bytes, file: str, spec: InputFile) -> Header:
    """Understand a header line; see `open_table` for what is refused."""
    text = line.removesuffix(b"\r").decode()
    if not text.strip():
        raise FileRefused(f"{file}: has no header; its first line must name the columns")
    if "\0" in text or "\r" in text:
        raise FileRefused(f"{file}: the header line holds NUL bytes or bare carriage returns; save it as CSV UTF-8")
    known = {c.name for c in spec.columns}
    names = _split(text, ",", file)
    _refuse_other_delimiter(text, names, known, file)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileRefused(f"{file}: the header names {', '.join(twice)} twice; keep one column of each name")
    missing = [c.name for c in spec.columns if c.required and c.default is None and c.name not in names]
    if missing:
        raise FileRefused(f"{file}: obligatory column missing: {', '.join(missing)}; the header has {', '.join(names)}")
    positions = {name: i for i, name in enumerate(names) if name in known}
    prose = frozenset(i for i, name in enumerate(names) if name not in known or spec.column(name).kind == "text")
    shape = Shape(len(names), prose, names[0] in known and spec.column(names[0]).kind == "id")
    return Header(positions, tuple(name for name in names if name not in known), shape)


def _split(text: str, delimiter: str, file: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise FileRefused(f"{file}: the header line cannot be split into names ({error})") from error


def _refuse_other_delimiter(text: str, names: list[str], known: set[str], file: str) -> None:
    for delimiter, shown in _OTHER_DELIMITERS.items():
        others = [name.strip(' "') for name in text.split(delimiter)]
        if len(others) > 1 and len(known.intersection(others)) > len(known.intersection(names)):
            raise FileRefused(f"{file}: the delimiter is {shown}; save it with commas")


def _rows(blocks: Iterator[bytes], header: Header) -> Iterator[Rows]:
    waiting, line = b"", 2
    for block in blocks:
        if not block:
            continue
        judged = scan(waiting + block, header.shape, final=False)
        yield _parse(judged, line, header)
        line += judged.line_count
        waiting = judged.lines.block[judged.used :]
    if waiting:
        yield _parse(scan(waiting, header.shape, final=True), line, header)


def _parse(judged: Scan, line: int, header: Header) -> Rows:
    """Split the rows of a judged block into cells; ``line`` is the physical number of its first line."""
    plain = _plain_cells(judged, header)
    quoted, quoted_at, bad = _quoted_cells(judged, header)
    at = np.flatnonzero(judged.plain)
    if quoted_at:
        at = np.concatenate([at, quoted_at])
        order = np.argsort(at, kind="stable")
        at = at[order]
        plain = {name: pa.concat_arrays([plain[name], quoted[name]]).take(order) for name in plain}
    bad = sorted([*judged.bad, *bad], key=lambda b: b.index)
    if len(at) + len(bad) != judged.row_count:
        raise ValueError(f"{judged.row_count} rows counted, {len(at)} parsed and {len(bad)} bad")
    bad_lines = np.array([b.index for b in bad], dtype=np.int64) + line
    return Rows(plain, at.astype(np.int64) + line, tuple(bad), bad_lines)


def _plain_cells(judged: Scan, header: Header) -> dict[str, pa.Array]:
    """Parse the lines without quotes; every one has the right number of commas."""
    count = int(judged.plain.sum())
    if not count:
        return {name: pa.array([], pa.string()) for name in header.positions}
    text = judged.lines.bytes_of(judged.plain)
    names = [str(i) for i in range(header.shape.width)]
    table = pacsv.read_csv(
        pa.BufferReader(text),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        parse_options=pacsv.ParseOptions(quote_char=False),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=[str(i) for i in header.positions.values()]
        ),
    )
    if table.num_rows != count:
        raise ValueError(f"{count} lines counted, {table.num_rows} parsed")
    return {name: table.column(str(i)).combine_chunks() for name, i in header.positions.items()}


def _quoted_cells(judged: Scan, header: Header) -> tuple[dict[str, pa.Array], list[int], list[BadLine]]:
    """Parse the records with quotes, whose grammar is sound but whose number of fields is not yet known."""
    at: list[int] = []
    rows: list[list[str]] = []
    bad: list[BadLine] = []
    fields = csv.reader((text.replace(b"\r\n", b"\n").decode() for _, text in judged.records), strict=True)
    for (index, text), cells in zip(judged.records, fields, strict=True):
        if len(cells) == header.shape.width:
            at.append(index)
            rows.append(cells)
        else:
            bad.append(BadLine(index, "wrong_field_count", text))
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for name, i in header.positions.items()}
    return columns, at, bad
