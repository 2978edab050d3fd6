import gzip
from pathlib import Path

import pandas as pd
import pytest

from forecasts.table.cells import TableRefused
from forecasts.table.csvfile import check_writable, read_table, write_tables

ROWS = "unique_id,ds,y\na,2025-01-01,1\nb,2025-01-01,2\n"


def written(folder, content, name="history.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(path):
    return read_table(path).astype(str).to_numpy().tolist()


def refusal(path):
    with pytest.raises(TableRefused) as error:
        read_table(path)
    return str(error.value).removeprefix(f"{path}: ")


PLAIN = [["a", "2025-01-01", "1"], ["b", "2025-01-01", "2"]]


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.rstrip("\n"),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\r"),
        "\ufeff" + ROWS,
        ROWS.replace("unique_id,ds", "unique_id , ds"),
        ROWS.replace("a,", '"a",'),
        gzip.compress(ROWS.encode()),
        gzip.compress(ROWS[:20].encode()) + gzip.compress(ROWS[20:].encode()),
    ],
    ids=["lf", "no end", "crlf", "cr", "bom", "spaces", "quoted", "gzip", "gzip in two"],
)
def test_a_file_is_read_whatever_its_line_ends_marks_and_packing(tmp_path, content):
    table = read_table(written(tmp_path, content))
    assert table.columns.tolist() == ["unique_id", "ds", "y"]
    assert table.astype(str).to_numpy().tolist() == PLAIN
    assert table.index.tolist() == [2, 3]
    assert table.index.name == "line"


def test_nothing_is_taken_for_missing_or_for_a_number(tmp_path):
    assert cells(written(tmp_path, "unique_id,ds,y\n00123,NA,\nNA,null,1e5\n")) == [
        ["00123", "NA", ""],
        ["NA", "null", "1e5"],
    ]


def test_quoted_commas_and_doubled_quotes_belong_to_the_text(tmp_path):
    assert cells(written(tmp_path, 'unique_id,ds,y\n"a,b","x""y",1\n'))[0] == ["a,b", 'x"y', "1"]


def test_blank_lines_are_skipped_and_rows_keep_the_line_of_the_file(tmp_path):
    table = read_table(written(tmp_path, "unique_id,ds,y\n\na,2025-01-01,1\r\n\r\n\nb,2025-01-01,2\n\n"))
    assert table.index.tolist() == [3, 6]


@pytest.mark.parametrize("content", ["unique_id,ds,y", "unique_id,ds,y\n", "unique_id,ds,y\r\n\r\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path, content):
    assert read_table(written(tmp_path, content)).shape == (0, 3)


@pytest.mark.parametrize("row", ['"a,2025-01-01,1', 'a,"2025-01-01,1', 'a,2025-01-01,"1', '"'])
@pytest.mark.parametrize("rows", [[30], [30, 90], [30, 31], [30, 90, 150]])
def test_a_stray_quote_swallows_no_line_and_is_named(tmp_path, row, rows):
    lines = [row if k in rows else f"s{k},2025-01-01,1" for k in range(200)]
    path = written(tmp_path, "\n".join(["unique_id,ds,y", *lines]))
    assert refusal(path) == "line 32 has a quote that does not close on it; remove or double it"


def test_a_quote_within_a_text_is_part_of_it(tmp_path):
    assert cells(written(tmp_path, 'unique_id,ds,y\n5" bolt,2025-01-01,1\n\nb,2025-01-01,1"\n')) == [
        ['5" bolt', "2025-01-01", "1"],
        ["b", "2025-01-01", '1"'],
    ]


def test_a_text_over_two_lines_is_refused_by_its_first(tmp_path):
    path = written(tmp_path, 'unique_id,ds,y\n"a\nb",2025-01-01,1\n')
    assert refusal(path) == "line 2 has a quote that does not close on it; remove or double it"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty or begins with a blank line; its first line must name the columns"),
        ("\n\n", "is empty or begins with a blank line"),
        ("unique_id,ds,ds\na,b,c\n", "column 'ds' stands twice in the first line"),
        ("unique_id,ds,y\na,2025-01-01,1\na,2025-01-01,1,000\n", "line 3 has 4 fields, the header 3; quote texts"),
        ("unique_id,ds,y\na,2025-01-01\n", "line 2 has 2 fields, the header 3"),
        (ROWS.encode("utf-16"), "is UTF-16, not UTF-8; save it as CSV UTF-8"),
        (ROWS.replace("b,", "备件,").encode("gbk"), "line 3 is not UTF-8; save the file as CSV UTF-8"),
        ("备件,ds,y\n".encode("gbk"), "line 1 is not UTF-8; save it as CSV UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is not a text; save it as CSV UTF-8"),
        (gzip.compress(ROWS.encode() * 100)[:-20], "the gzip is broken or cut off"),
        (b"\x1f\x8b" + b"nonsense" * 10, "the gzip is broken or cut off"),
        (gzip.compress(ROWS.encode())[:-8] + b"\0" * 8, "the gzip is broken or cut off"),
    ],
    ids=[
        "empty",
        "blank",
        "twice",
        "long",
        "short",
        "utf16",
        "gbk",
        "gbk header",
        "workbook",
        "cut",
        "no gzip",
        "checksum",
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, content, sentence):
    found = refusal(written(tmp_path, content))
    assert found.startswith(sentence)
    assert "\n" not in found


def test_no_file_and_a_folder_are_refused(tmp_path):
    assert refusal(tmp_path / "none.csv") == "no such file; name the CSV of the history"
    assert refusal(tmp_path) == "no such file; name the CSV of the history"


# writing

TABLE = pd.DataFrame({"unique_id": ["00123", "b"], "step": [1, 2], "q0.5": [0.0, 2.5]})


def test_tables_stand_below_one_another_under_one_header(tmp_path):
    write_tables(tmp_path / "out.csv", [TABLE, TABLE])
    assert (tmp_path / "out.csv").read_text() == "unique_id,step,q0.5\n00123,1,0\nb,2,2.5\n00123,1,0\nb,2,2.5\n"


def test_names_that_need_quotes_come_back_as_they_were(tmp_path):
    names = ["a,b", 'c"d', "备件"]
    write_tables(tmp_path / "out.csv", [pd.DataFrame({"unique_id": names, "step": 1, "q0.5": 2})])
    assert pd.read_csv(tmp_path / "out.csv")["unique_id"].tolist() == names


def test_a_packed_result_has_the_same_bytes_whenever_it_is_written(tmp_path, monkeypatch):
    write_tables(tmp_path / "one.csv.gz", [TABLE])
    monkeypatch.setattr("time.time", lambda: 0.0)
    write_tables(tmp_path / "two.csv.gz", [TABLE])
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert len(pd.read_csv(tmp_path / "one.csv.gz")) == 2


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")

    def tables():
        yield TABLE
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_tables(out, tables())
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_tables(tmp_path / "link.csv", [TABLE])
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").is_file()


def test_a_place_that_cannot_be_written_to_is_refused_beforehand(tmp_path, monkeypatch):
    with pytest.raises(TableRefused, match="there is no folder"):
        check_writable(tmp_path / "none" / "out.csv")
    for path in (tmp_path, Path("/dev/null"), Path("/dev/stdout")):
        with pytest.raises(TableRefused, match="is not a file"):
            check_writable(path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(TableRefused, match="cannot be written to; choose another"):
        check_writable(tmp_path / "out.csv")


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(_file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TableRefused, match=r"out.csv: cannot be written: No space left on device"):
        write_tables(tmp_path / "out.csv", [TABLE])
    assert list(tmp_path.iterdir()) == []
