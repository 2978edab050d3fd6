"""Published CSVs: byte for byte what the contract says."""

import csv
import gzip
import io

import pandas as pd
import pytest

from vmi.contract import OutputFile
from vmi.publish.csv_out import csv_bytes, csv_lines, gzip_bytes, require_file_names


def written(free_text: tuple[str, ...] = (), **columns: list[object]) -> list[str]:
    return csv_lines(pd.DataFrame(columns), OutputFile("test", "test.csv", tuple(columns), free_text))


def test_a_file_has_a_mark_a_header_and_line_ends_of_windows() -> None:
    file = OutputFile("test", "test.csv", ("part_id", "qty"))
    assert csv_bytes(["P1,3"], file) == b"\xef\xbb\xbfpart_id,qty\r\nP1,3\r\n"
    assert csv_bytes([], file) == b"\xef\xbb\xbfpart_id,qty\r\n"


def test_columns_come_in_the_contracts_order_and_others_stay_out() -> None:
    frame = pd.DataFrame({"qty": [3], "extra": ["x"], "part_id": ["00123"]})
    assert csv_lines(frame, OutputFile("test", "test.csv", ("part_id", "qty"))) == ["00123,3"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="test: columns missing: qty"):
        csv_lines(pd.DataFrame({"part_id": ["P1"]}), OutputFile("test", "test.csv", ("part_id", "qty")))


@pytest.mark.parametrize("text", ['say "hi"', "a,b", "two\nlines", "刹车片", " padded ", "semi;colon"])
def test_text_is_read_back_as_it_was(text: str) -> None:
    assert next(csv.reader(io.StringIO(written(part_name=[text], qty=[1])[0], newline=""))) == [text, "1"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_formula_in_free_text_is_disarmed(text: str) -> None:
    cells = next(csv.reader(io.StringIO(written(("reason",), reason=[text])[0], newline="")))
    assert cells == [f"'{text}"]


def test_negative_numbers_are_no_formulas() -> None:
    assert written(benefit=[-3.5]) == ["-3.50"]


NUMBERS = [
    ("qty", 3.0, "3"),
    ("qty", float("nan"), ""),
    ("cost", 2.005, "2.00"),
    ("cost", -0.001, "0.00"),
    ("cost", 1e9, "1000000000.00"),
    ("unit_cost", 12.5, "12.50"),
    ("unit_cost", 0.0035, "0.0035"),
    ("unit_cost", 0.125, "0.125"),
    ("return_risk", 1 / 3, "0.3333"),
    ("mean", 1e-7, "0"),
    ("mean", -1e-9, "0"),
    ("mean", 0.1 + 0.2, "0.3"),
    ("mean", 100.0, "100"),
    ("mean", 1.5e-6, "0.000002"),
    ("mean", 123456789.125, "123456789.125"),
    ("mean", None, ""),
]


@pytest.mark.parametrize(("column", "value", "cell"), NUMBERS)
def test_numbers_are_plain_and_as_short_as_they_are_exact(column: str, value: float, cell: str) -> None:
    assert written(part_id=["P"], **{column: [value]}) == [f"P,{cell}"]


def test_an_infinite_or_broken_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="mean holds an infinite number"):
        written(mean=[float("inf")])
    with pytest.raises(ValueError, match="qty holds a number that is not whole"):
        written(qty=[1.5])


def test_days_have_no_time_and_moments_have_an_offset() -> None:
    moments = pd.Series(pd.to_datetime(["2026-11-20 17:40:00.9", None])).dt.tz_localize("Asia/Shanghai")
    frame = pd.DataFrame({"ship_on": [pd.Timestamp("2026-11-21"), pd.NaT], "eta": moments})
    file = OutputFile("test", "test.csv", ("ship_on", "eta"))
    assert csv_lines(frame, file) == ["2026-11-21,2026-11-20T17:40:00+08:00", ","]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="eta holds moments without a time zone"):
        written(eta=[pd.Timestamp("2026-11-20 17:40")])


def test_the_same_content_is_compressed_to_the_same_bytes_without_a_time() -> None:
    packed = gzip_bytes(b"content")
    assert packed == gzip_bytes(b"content")
    assert gzip.decompress(packed) == b"content"
    assert packed[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "-x", "a\0b", "x" * 65, "a b"])
def test_an_id_that_could_leave_the_folder_is_no_file_name(name: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        require_file_names(["S1", name])
