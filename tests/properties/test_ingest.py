"""Laws of reading: nothing is lost, whatever the bytes, wherever blocks are cut, in whatever order the rows come."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingest.folders import COMPANY, PARTS, read, write_company
from vmi.ingest import reader
from vmi.ingest.intake import FileIntake, Intake
from vmi.store.known import KnownKeys

SLOW = settings(deadline=None, max_examples=50)


STORED = KnownKeys({"suppliers.supplier_id": pd.Index(["S1", "S2"])}, dict.fromkeys(COMPANY, True))
NOTHING_ELSE = dict.fromkeys(COMPANY, None)


def intake_of(parts: str | bytes) -> Intake:
    with TemporaryDirectory() as folder:
        return read(write_company(Path(folder), **{**NOTHING_ELSE, "parts": parts}), known=STORED)


def books_balance(file: FileIntake, intake: Intake) -> bool:
    rejected = int((intake.rejects["file"] == file.path).sum())
    return file.imported == len(file.frame) and rejected == file.rejected == file.rows_read - file.imported


noise = st.text(alphabet='ab",\n\r\0;\t NA1.-é世', max_size=60)
text_without_rows = st.text(alphabet='a"\n\r ;\t=世é', max_size=12).map(lambda t: t.replace("\r", "") + "x")


@SLOW
@given(st.lists(st.one_of(noise, st.just("P9,Pad,S1,3,\n"), st.just('P8,"Pad\nB",S1,3,\n')), max_size=12))
def test_imported_and_rejected_are_the_rows_read_whatever_the_text(pieces: list[str]) -> None:
    intake = intake_of(parts=PARTS + "".join(pieces))
    assert books_balance(intake.tables["parts"], intake)
    assert {"NA", "00123", "P3"} <= set(intake.tables["parts"].frame["part_id"])


@SLOW
@given(st.lists(st.text(alphabet="ab,;\t NA1.-", max_size=20), max_size=15))
def test_without_quotes_every_line_that_is_not_blank_is_a_row(lines: list[str]) -> None:
    intake = intake_of(parts=PARTS + "\n".join(lines))
    assert intake.tables["parts"].rows_read == 3 + sum(bool(line.strip(" \t")) for line in lines)


@SLOW
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_rejects_or_a_refusal(content: bytes) -> None:
    intake = intake_of(parts=PARTS.encode() + content)
    assert intake.refusals or books_balance(intake.tables["parts"], intake)


@SLOW
@given(st.lists(text_without_rows, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_text_that_a_csv_writer_wrote_comes_back_as_it_was(names: list[str], line_end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end)
    writer.writerow(["part_id", "name", "supplier_id", "unit_cost"])
    writer.writerows([[f"P{i}", name, "S1", 1] for i, name in enumerate(names)])
    intake = intake_of(out.getvalue())
    assert intake.rejects.empty
    assert intake.tables["parts"].frame["name"].tolist() == [name.strip(" ") for name in names]


@SLOW
@given(st.integers(0, 29), st.integers(0, 200), st.integers(0, 29), st.integers(0, 200))
def test_stray_quotes_cost_no_other_row(row: int, at: int, other: int, other_at: int) -> None:
    rows = [f"P{i},Pad {i},S1,{i}.5,," for i in range(10, 40)]
    for index, position in ((row, at), (other, other_at)):
        position %= len(rows[index]) + 1
        rows[index] = rows[index][:position] + '"' + rows[index][position:]
    header = "part_id,name,supplier_id,unit_cost,successor_id,family\n"
    text = header + "NA,Pad,S1,1,,\n00123,Disc,S1,1,,\n" + "\n".join(rows) + "\n"
    intake = intake_of(parts=text)
    hurt = {f"P{10 + row}", f"P{10 + other}"}
    assert {f"P{i}" for i in range(10, 40)} - hurt <= set(intake.tables["parts"].frame["part_id"])
    assert intake.tables["parts"].rows_read == 32


@SLOW
@given(st.integers(1, 200), st.booleans())
def test_where_the_blocks_are_cut_changes_nothing(piece_bytes: int, gb18030: bool) -> None:
    text = (
        PARTS + 'P4,"Lang\ner ""Text"" 世",S1,1,\n../x,y,S1,1,\nP5,"stray,S1,1,\nP6,世界,S2,2,\n\nP7,"a\n\nb",S2,2,P6'
    )
    content = text.encode("gb18030" if gb18030 else "utf-8")
    whole = intake_of(parts=content)
    with patch.object(reader, "PIECE_BYTES", piece_bytes):
        cut = intake_of(parts=content)
    if cut.refusals:  # a line longer than a block
        assert "MB" in cut.refusals[0]
        return
    pd.testing.assert_frame_equal(whole.rejects, cut.rejects)
    pd.testing.assert_frame_equal(whole.tables["parts"].frame, cut.tables["parts"].frame)
    assert whole.tables["parts"].sha256 == cut.tables["parts"].sha256


@SLOW
@given(st.permutations(range(12)))
def test_the_order_of_rows_changes_only_the_order(order: list[int]) -> None:
    rows = [f"P{i},x,S1,{i - 2},{f'P{i + 1}' if i % 3 else ''}\n" for i in range(12)]
    one = intake_of(parts=PARTS + "".join(rows))
    other = intake_of(parts=PARTS + "".join(rows[i] for i in order))
    assert set(one.tables["parts"].frame["part_id"]) == set(other.tables["parts"].frame["part_id"])
    assert sorted(one.rejects["value"]) == sorted(other.rejects["value"])
