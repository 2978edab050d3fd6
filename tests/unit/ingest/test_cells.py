"""How a cell is read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from vmi.contract import INPUTS, Column
from vmi.ingest.cells import SLUGS, mend_for, read_cells

ZONE = "Asia/Shanghai"


def read(column: Column, *texts: str, zone: str = ZONE) -> tuple[list[object], list[str]]:
    cells = read_cells(column, pa.array(texts, pa.string()), zone)
    return pd.Series(cells.values).tolist(), [SLUGS[fault] for fault in cells.faults]


MOMENT = Column("at", "timestamp")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T17:40:00+08:00",
        "2026-11-20 17:40:00+0800",
        "2026-11-20T17:40+08:00",
        "2026-11-20T09:40:00Z",
        "2026-11-20T09:40:00.000000Z",
        "2026-11-19T23:40:00-10:00",
        "2026-11-20T17:40:00",
        " 2026-11-20 17:40 ",
    ],
)
def test_a_timestamp_is_the_same_moment_however_it_is_written(text: str) -> None:
    values, faults = read(MOMENT, text)
    assert faults == [""]
    assert values == [pd.Timestamp("2026-11-20T17:40:00", tz=ZONE)]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20", "2026-11", "20261120T174000", "2026-11-20T10", "20/11/2026 10:00", "46347.5", "now"),
        *("2026-02-30T10:00:00Z", "2026-11-20T24:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T10:61:00Z"),
        "2026-11-20T10:00:00+99:00",
    ],
)
def test_what_is_no_moment_is_a_fault_among_sound_ones(text: str) -> None:
    values, faults = read(MOMENT, "2026-11-20T17:40:00+08:00", text, "2026-11-20T17:40:00")
    assert faults == ["", "not_a_timestamp", ""]
    assert values[0] == values[2] == pd.Timestamp("2026-11-20T17:40:00", tz=ZONE)


def test_a_local_time_that_summer_time_skips_or_repeats_is_still_a_moment() -> None:
    values, faults = read(MOMENT, "2026-03-29T02:30:00", "2026-10-25T02:30:00", zone="Europe/Berlin")
    assert faults == ["", ""]
    assert [str(v) for v in values] == ["2026-03-29 03:00:00+02:00", "2026-10-25 02:30:00+02:00"]


def test_dates_out_of_time_say_on_which_side() -> None:
    values, faults = read(
        Column("on", "date"), "1999-12-31", "2000-01-01", "2199-12-31", "2200-01-01", "0001-01-01", ""
    )
    assert faults == ["before_2000", "", "", "too_far", "before_2000", ""]
    assert values[1:3] == [pd.Timestamp("2000-01-01"), pd.Timestamp("2199-12-31")]
    assert values[5] is pd.NaT


@pytest.mark.parametrize("text", ["2026-2-9", "2026-02-29", "2026-11-20T00:00:00", "20.11.2026", "2026/11/20"])
def test_what_is_no_day_is_a_fault(text: str) -> None:
    assert read(Column("on", "date"), text)[1] == ["not_a_date"]


def test_months_and_clock_times_are_kept_as_text() -> None:
    assert read(Column("m", "month"), "2026-01", "2026-13", "1999-12", "2026-1") == (
        ["2026-01", "2026-13", "1999-12", "2026-1"],
        ["", "not_a_month", "before_2000", "not_a_month"],
    )
    assert read(Column("t", "clock"), "00:00", "23:59", "24:00", "9:00")[1] == ["", "", *["not_a_clock_time"] * 2]


def test_an_empty_cell_takes_the_default_and_is_unknown_without_one() -> None:
    assert read(Column("q", "quantity", default=3), "", " ", "0")[0] == [3, 3, 0]
    assert np.isnan(read(Column("q", "quantity"), "")[0]).all()
    assert read(Column("c", "choice", choices=("a", "b"), default="b"), "", "a") == (["b", "a"], ["", ""])
    assert read(Column("n", "text"), "", "  ") == (["", ""], ["", ""])
    assert read(Column("i", "id"), "") == ([""], [""])


def test_a_quantity_is_whole_by_type_only_where_it_is_always_known() -> None:
    def dtype(column: Column) -> np.dtype:
        return read_cells(column, pa.array(["1"]), ZONE).values.dtype

    assert dtype(Column("q", "quantity", required=True)) == np.int64
    assert dtype(Column("q", "quantity", default=1)) == np.int64
    assert dtype(Column("q", "quantity")) == np.float64


def test_money_is_kept_to_a_hundredth_of_a_cent_and_minus_zero_is_zero() -> None:
    values, _ = read(Column("m", "money", minimum=0), "1.23456", ".5", "5.", "-0", "1e-2")
    assert values == [1.2346, 0.5, 5.0, 0.0, 0.01]
    assert not np.signbit(values[3])


def test_spaces_around_an_identifier_are_a_fault_and_elsewhere_dropped() -> None:
    assert read(Column("i", "id"), " a", "a ", "a")[1] == ["not_an_identifier", "not_an_identifier", ""]
    assert read(Column("n", "text"), " Shanghai ") == (["Shanghai"], [""])
    assert read(Column("q", "quantity"), " 3 ") == ([3.0], [""])


@pytest.mark.parametrize("text", ["a", "A-1_b.c", "9", "_x", "NA", "null", "0" * 64])
def test_identifiers_that_look_like_something_else_are_text(text: str) -> None:
    assert read(Column("i", "id"), text) == ([text], [""])


@pytest.mark.parametrize("text", [".a", "-a", "a/b", "..", "a\nb", "a\n", "件", "a" * 65])
def test_identifiers_that_would_be_a_path_or_a_formula_are_a_fault(text: str) -> None:
    assert read(Column("i", "id"), text)[1] == ["not_an_identifier"]


def test_every_fault_of_every_column_has_a_sentence_that_names_the_column() -> None:
    for file in INPUTS:
        for column in file.columns:
            for slug in SLUGS[1:]:
                sentence = mend_for(column, slug)
                assert column.name in sentence and "{" not in sentence
