"""Lines of a CSV file: which physical lines are a row, which are not, and why.

Ready-made CSV readers lose rows without a word where a stray quote opens a field that never ends. So every physical
line is judged here before anything is parsed: a line without quotes by its count of commas, all at once; a line with
quotes by the grammar of RFC 4180. A quoted field may span lines only where free text may stand, and only while no
swallowed line looks like a row itself; otherwise the line that opened it is bad, and reading resumes on the next one.
"""

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

LONGEST_RECORD_BYTES = 64 << 10
LONGEST_RECORD_LINES = 200

_FIELD = rb'(?>[^",\r\n]*+(?!")|"[^"]*+(?:""[^"]*+)*+")'
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+")
_FIELD_AND_COMMA = re.compile(_FIELD + rb",")
_OPEN_FIELD = re.compile(rb'"[^"]*+(?:""[^"]*+)*+')
_IDENTIFIER = re.compile(rb'"?[A-Za-z0-9_][A-Za-z0-9_.-]*"?')

PLAIN, BLANK, QUOTED, TAKEN, BAD = range(5)


@dataclass(frozen=True)
class Shape:
    """What a row of the file must look like.

    ``width`` fields; ``multiline`` the positions of those that may hold line breaks; ``starts_with_identifier`` says
    whether the first field is an identifier, which tells a row from a line of prose.
    """

    width: int
    multiline: frozenset[int]
    starts_with_identifier: bool


@dataclass(frozen=True)
class BadLine:
    """A row that cannot be split into fields: its index in the block, the rule it breaks and its text."""

    index: int
    rule: str
    text: bytes


@dataclass
class Scan:
    """A judged block: ``plain`` rows are lines as they stand, ``records`` rows with quotes, by index of their line.

    ``line_count`` lines of the block are judged, its first ``used`` bytes; the rest waits for the next block.
    """

    lines: "Lines"
    plain: npt.NDArray[np.bool_]
    line_count: int
    used: int
    records: list[tuple[int, bytes]] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        """Rows in the judged part of the block."""
        return int(self.plain.sum()) + len(self.records) + len(self.bad)


class Lines:
    """The physical lines of a block that ends in a newline."""

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.buffer = np.frombuffer(block, dtype=np.uint8)
        self.stops = np.flatnonzero(self.buffer == ord("\n")) + 1
        self.starts = np.concatenate([[0], self.stops[:-1]])
        carriage = (self.stops - self.starts > 1) & (self.buffer[self.stops - 2] == ord("\r"))
        self.ends = self.stops - 1 - carriage

    def __len__(self) -> int:
        return len(self.stops)

    def count(self, byte: str) -> npt.NDArray[np.int64]:
        """Return how often ``byte`` stands in each line."""
        positions = np.flatnonzero(self.buffer == ord(byte))
        if not len(positions):
            return np.zeros(len(self), dtype=np.int64)
        return np.diff(np.searchsorted(positions, np.concatenate([[0], self.stops])))

    def text(self, first: int, last: int | None = None) -> bytes:
        """Return line ``first``, or the lines ``first`` to ``last``, without the final line end."""
        return self.block[self.starts[first] : self.ends[first if last is None else last]]

    def bytes_of(self, chosen: npt.NDArray[np.bool_]) -> bytes:
        """Return the chosen lines, line ends included."""
        if chosen.all():
            return self.block
        return self.buffer[np.repeat(chosen, self.stops - self.starts)].tobytes()


def scan(block: bytes, shape: Shape, *, final: bool) -> Scan:
    """Judge every line of ``block``; unless ``final``, a field open at its end is left for the next block."""
    lines = Lines(block)
    commas = lines.count(",")
    verdict = np.where(commas == shape.width - 1, PLAIN, BAD).astype(np.int8)
    rules = np.full(len(lines), "wrong_field_count", dtype=object)
    for mask, rule in (
        (lines.count("\r") > (lines.stops - 1 - lines.ends), "stray_carriage_return"),
        (lines.count("\0") > 0, "nul_byte"),
        (lines.ends - lines.starts > LONGEST_RECORD_BYTES, "too_long"),
    ):
        verdict[mask], rules[mask] = BAD, rule
    verdict[lines.count(" ") + lines.count("\t") == lines.ends - lines.starts] = BLANK
    verdict[lines.count('"') > 0] = QUOTED

    walk = _Walk(lines, commas, verdict, shape, final)
    end = walk.run()
    plain = verdict == PLAIN
    plain[end:] = False
    result = Scan(lines, plain, end, int(lines.stops[end - 1]) if end else 0, walk.records)
    result.bad = walk.bad + [
        BadLine(int(i), rules[i], lines.text(i)) for i in np.flatnonzero(verdict[:end] == BAD).tolist()
    ]
    return result


class _Walk:
    """The walk over the lines with quotes, in order: where each record ends, or what is wrong with it."""

    def __init__(
        self, lines: Lines, commas: npt.NDArray[np.int64], verdict: npt.NDArray[np.int8], shape: Shape, final: bool
    ) -> None:
        self.lines, self.commas, self.verdict, self.shape, self.final = lines, commas, verdict, shape, final
        self.records: list[tuple[int, bytes]] = []
        self.bad: list[BadLine] = []

    def run(self) -> int:
        """Sort every record out; return the number of lines judged (fewer than all if the last one is still open)."""
        resume = 0
        for start in np.flatnonzero(self.verdict == QUOTED).tolist():
            if start < resume:
                continue
            last = self._last_line(start)
            if last is None:
                return int(start)
            resume = max(last, start) + 1
            self._settle(start, last)
        return len(self.lines)

    def _settle(self, start: int, last: int) -> None:
        """Note the record of lines ``start`` to ``last``, or the bad line ``start`` if ``last`` is before it."""
        text = self.lines.text(start, max(last, start))
        if last < start:
            self.bad.append(BadLine(start, "stray_quote", text))
        elif b"\0" in text:
            self.bad.append(BadLine(start, "nul_byte", text))
        elif len(text) > LONGEST_RECORD_BYTES:
            self.bad.append(BadLine(start, "too_long", text))
        else:
            self.records.append((start, text))
        self.verdict[start + 1 : last + 1] = TAKEN

    def _last_line(self, start: int) -> int | None:
        """Return the last line of the record starting here, -1 if it is none, ``None`` if the block ends too early."""
        text = self.lines.text(start)
        if _RECORD.fullmatch(text):
            return start
        if not self._may_go_on(text):
            return -1
        for last in range(start + 1, start + LONGEST_RECORD_LINES):
            if last >= len(self.lines):
                return -1 if self.final else None
            if self._looks_like_row(last) or self.lines.ends[last] - self.lines.starts[start] > LONGEST_RECORD_BYTES:
                return -1
            if self.verdict[last] == QUOTED:
                text = self.lines.text(start, last)
                if _RECORD.fullmatch(text):
                    return last
                if not self._may_go_on(text):
                    return -1
        return -1

    def _may_go_on(self, text: bytes) -> bool:
        """Say whether ``text`` ends inside a quoted field that may hold line breaks."""
        position = column = 0
        while found := _FIELD_AND_COMMA.match(text, position):
            position, column = found.end(), column + 1
        return column in self.shape.multiline and _OPEN_FIELD.fullmatch(text, position) is not None

    def _looks_like_row(self, index: int) -> bool:
        """Say whether a line inside a quoted field would be a row of its own: then the quote was a stray one."""
        if self.commas[index] < max(self.shape.width - 1, 1):
            return False
        first = self.lines.text(index).partition(b",")[0]
        return not self.shape.starts_with_identifier or _IDENTIFIER.fullmatch(first) is not None
