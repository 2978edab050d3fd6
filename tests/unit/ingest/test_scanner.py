"""Which physical lines are a row."""

import pytest

from vmi.ingest.scanner import LONGEST_RECORD_LINES, Scan, Shape, scan

# id, text, text
SHAPE = Shape(3, frozenset({1, 2}), True)


def judged(block: bytes, *, final: bool = True) -> tuple[list[int], list[int], list[tuple[int, str]]]:
    found: Scan = scan(block, SHAPE, final=final)
    plain = [i for i, is_plain in enumerate(found.plain) if is_plain]
    return plain, [i for i, _ in found.records], sorted((b.index, b.rule) for b in found.bad)


@pytest.mark.parametrize(
    "row", [b'a,"b",c', b'"a","b","c"', b'a,"",""', b'a,"b,c",d', b'a,"say ""no""",c', b'a,"""",c', b'a,b,"c"\r']
)
def test_sound_quotes_make_a_record(row: bytes) -> None:
    assert judged(row + b"\n") == ([], [0], [])


@pytest.mark.parametrize("row", [b'a,b"c,d', b'a,"b"c,d', b'a, "b",c', b'a,"b""",c"', b'a,"""b"c,d', b'"a,b,c'])
def test_a_quote_out_of_place_makes_its_line_bad_and_the_next_is_read(row: bytes) -> None:
    assert judged(row + b"\nx,y,z\n") == ([1], [], [(0, "stray_quote")])


def test_text_may_run_over_lines_that_do_not_look_like_rows() -> None:
    assert judged(b'a,"one\ntwo, three\n\nfour",c\nx,y,z\n') == ([4], [0], [])
    assert judged(b'a,b,"a sentence, with, many, commas\nand so, it goes, on"\nx,y,z\n') == ([2], [0], [])


def test_text_in_the_last_column_may_run_over_lines() -> None:
    assert judged(b'a,b,"one\ntwo"\nx,y,"z\n"\n') == ([], [0, 2], [])


def test_an_identifier_may_not_run_over_lines() -> None:
    assert judged(b'"a\nb",c,d\nx,y,z\n') == ([2], [], [(0, "stray_quote"), (1, "stray_quote")])


def test_a_swallowed_line_that_looks_like_a_row_shows_the_quote_was_stray() -> None:
    assert judged(b'a,"b,c\nd,e,f\ng,h",i\n') == ([1], [], [(0, "stray_quote"), (2, "stray_quote")])


def test_a_quote_that_stays_open_too_long_is_given_up() -> None:
    block = b'a,"b\n' + b"prose\n" * LONGEST_RECORD_LINES + b'end",c\n'
    plain, records, bad = judged(block)
    assert (plain, records) == ([], [])
    assert len(bad) == LONGEST_RECORD_LINES + 2


def test_a_record_open_at_the_end_of_a_block_waits_for_the_next() -> None:
    found = scan(b'x,y,z\na,"b\nc\n', SHAPE, final=False)
    assert (found.line_count, found.used, found.row_count) == (1, 6, 1)
    assert scan(b'x,y,z\na,"b\nc\n', SHAPE, final=True).row_count == 3
