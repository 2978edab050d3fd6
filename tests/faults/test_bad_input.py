"""Bad input, item by item: every row is imported or rejected with its line, and bad files refuse the whole import."""

import gzip
from pathlib import Path

import pytest

from tests.unit.ingest.folders import (
    COMPANY,
    ORDER_HEADER,
    ORDERS,
    PARTS,
    STOCK,
    SUPPLIERS,
    TODAY,
    ZONE,
    only_reject,
    packed,
    read,
    read_changed,
    write_company,
)
from vmi.ingest.intake import read_folder
from vmi.ingest.parameters import ImportParameters
from vmi.store.known import KnownKeys

PART_HEADER = "part_id,name,supplier_id,unit_cost,pack_qty,volume_l,hazmat,introduced_on\n"


def part(**cells: str) -> str:
    row = {"part_id": "P9", "name": "x", "supplier_id": "S1", "unit_cost": "1", "pack_qty": "", "volume_l": ""}
    row |= {"hazmat": "", "introduced_on": ""} | cells
    return ",".join(row.values()) + "\n"


def refusal(folder: Path, **changed: str | bytes | None) -> str:
    intake = read_changed(folder, **changed)
    assert len(intake.refusals) == 1, intake.refusals
    return intake.refusals[0]


def test_a_sound_folder_goes_in_whole(tmp_path: Path) -> None:
    intake = read_changed(tmp_path)
    assert intake.refusals == [] and intake.warnings == [] and intake.rejects.empty
    assert {name: file.imported for name, file in intake.tables.items()} == {
        name: text.count("\n") - 1 for name, text in COMPANY.items()
    }


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("unit_cost", "cheap", "not_a_number"),
        ("unit_cost", "1 200", "not_a_number"),
        ("unit_cost", '"1,200"', "not_a_number"),
        ("unit_cost", "¥5", "not_a_number"),
        ("unit_cost", "-1", "negative"),
        ("unit_cost", "NaN", "not_finite"),
        ("unit_cost", "inf", "not_finite"),
        ("unit_cost", "-Infinity", "not_finite"),
        ("unit_cost", "1e400", "too_large"),
        ("unit_cost", "9999999999999", "too_large"),
        ("unit_cost", "", "missing"),
        ("pack_qty", "3.5", "not_whole"),
        ("pack_qty", "0", "too_small"),
        ("pack_qty", "99999999999999999999", "too_large"),
        ("volume_l", "-0.1", "negative"),
        ("hazmat", "yes", "not_a_choice"),
        ("introduced_on", "1999-12-31", "before_2000"),
        ("introduced_on", "2026-02-29", "not_a_date"),
        ("introduced_on", "20/11/2026", "not_a_date"),
        ("introduced_on", "9999-12-31", "too_far"),
        ("part_id", "a b", "not_an_identifier"),
        ("part_id", "../../x", "not_an_identifier"),
        ("part_id", "-x", "not_an_identifier"),
        ("part_id", "p" * 65, "not_an_identifier"),
        ("part_id", "", "missing"),
    ],
)
def test_a_bad_cell_rejects_its_row_alone(tmp_path: Path, column: str, value: str, rule: str) -> None:
    text = PART_HEADER + part(part_id="NA") + part(**{column: value}) + part(part_id="00123")
    reject = only_reject(read_changed(tmp_path, parts=text))
    assert (reject["file"], reject["line"], reject["column"], reject["rule"]) == ("parts.csv", 3, column, rule)
    assert reject["value"] == value.strip('"')[:200]
    assert reject["mend"]


def test_a_supplier_that_is_a_path_never_gets_in(tmp_path: Path) -> None:
    reject = only_reject(read_changed(tmp_path, suppliers=SUPPLIERS + "../../x,Evil\n"))
    assert (reject["column"], reject["value"], reject["rule"]) == ("supplier_id", "../../x", "not_an_identifier")


def test_whole_numbers_may_be_written_with_zeros_behind_the_point(tmp_path: Path) -> None:
    text = PART_HEADER + part(part_id="NA", pack_qty="3.0") + part(part_id="00123", pack_qty="1e1")
    frame = read_changed(tmp_path, parts=text).tables["parts"].frame
    assert frame["pack_qty"].tolist() == [3, 10]


def test_a_part_called_na_and_leading_zeros_stay_text(tmp_path: Path) -> None:
    intake = read_changed(tmp_path)
    assert intake.tables["parts"].frame["part_id"].tolist() == ["NA", "00123", "P3"]
    assert intake.tables["orders"].frame["part_id"].tolist() == ["NA", "00123"]


def test_the_first_of_two_equal_keys_stays_and_the_later_names_its_line(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, parts=PARTS + "00123,Disc again,S1,90,\nNA,Pad,S1,12.5,\n")
    assert intake.tables["parts"].frame["name"].tolist() == ["Pad", "Disc", "Lamp"]
    assert intake.rejects["line"].tolist() == [5, 6]
    assert intake.rejects["rule"].tolist() == ["duplicate_key", "duplicate_key"]
    assert ["line 3 " in intake.rejects["mend"][0], "line 2 " in intake.rejects["mend"][1]] == [True, True]


def test_a_key_whose_first_row_is_bad_goes_in_by_its_second(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, parts=PARTS + "P4,bad,S1,-1,\nP4,good,S1,1,\n")
    assert only_reject(intake)["line"] == 5
    assert "good" in intake.tables["parts"].frame["name"].tolist()


def test_an_order_of_an_unknown_part_is_rejected_and_says_so(tmp_path: Path) -> None:
    order = "O3,1,2026-11-19T09:00:00+08:00,C1,GHOST,1,open,,,\n"
    reject = only_reject(read_changed(tmp_path, orders=ORDERS + order))
    assert (reject["line"], reject["column"], reject["value"]) == (4, "part_id", "GHOST")
    assert reject["rule"] == "unknown_reference" and "GHOST" in str(reject["mend"])


def test_too_many_broken_references_refuse_the_import(tmp_path: Path) -> None:
    rows = [f"O{i},1,2026-11-19T09:00:00+08:00,C1,{'GHOST' if i < 6 else 'NA'},1,open,,,\n" for i in range(100)]
    folder = write_company(tmp_path, orders=ORDER_HEADER + "".join(rows))
    intake = read(folder, share=0.05)
    assert len(intake.refusals) == 1 and "6 of 100 rows" in intake.refusals[0]
    assert read(folder, share=0.06).refusals == []


def test_orders_of_the_future_are_rejected(tmp_path: Path) -> None:
    tomorrow = "O3,1,2026-11-21T09:00:00+08:00,C1,NA,1,open,,,\n"
    next_year = "O4,1,2027-11-19T09:00:00+08:00,C1,NA,1,open,,,\n"
    reject = only_reject(read_changed(tmp_path, orders=ORDERS + tomorrow + next_year))
    assert (reject["line"], reject["column"], reject["rule"]) == (5, "ordered_at", "in_the_future")


def test_a_lot_received_in_the_future_is_rejected(tmp_path: Path) -> None:
    reject = only_reject(read_changed(tmp_path, stock=STOCK + "W1,NA,L3,2026-12-24,1\n"))
    assert (reject["column"], reject["value"]) == ("received_on", "2026-12-24")


def test_a_moment_before_2000_is_rejected(tmp_path: Path) -> None:
    order = "O3,1,1970-01-01T00:00:00Z,C1,NA,1,open,,,\n"
    assert only_reject(read_changed(tmp_path, orders=ORDERS + order))["rule"] == "before_2000"


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, suppliers=b"\xef\xbb\xbf" + SUPPLIERS.encode())
    assert intake.refusals == []
    assert intake.tables["suppliers"].encoding == "utf-8-sig"


def test_gb18030_is_read_where_utf8_fails(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, suppliers=SUPPLIERS.encode("gb18030"))
    assert intake.tables["suppliers"].frame["name"].tolist() == ["Acme", "博世"]
    assert intake.tables["suppliers"].encoding == "gb18030"
    assert intake.warnings == ["suppliers.csv: is not UTF-8 and was read as GB18030"]


def test_bytes_in_no_encoding_refuse_the_import(tmp_path: Path) -> None:
    assert "neither UTF-8 nor GB18030" in refusal(tmp_path, suppliers=SUPPLIERS.encode() + b"S3,\xff\xff\n")


def test_a_utf8_mark_before_bytes_that_are_not_utf8_is_no_gb18030(tmp_path: Path) -> None:
    bad = b"\xef\xbb\xbf" + SUPPLIERS.encode("gb18030")
    assert "neither UTF-8 nor GB18030" in refusal(tmp_path, suppliers=bad)


def test_line_ends_may_be_crlf_or_mixed_and_the_last_one_missing(tmp_path: Path) -> None:
    text = SUPPLIERS.replace("\n", "\r\n") + "S3,Third\nS4,Fourth"
    frame = read_changed(tmp_path, suppliers=text).tables["suppliers"].frame
    assert frame["name"].tolist() == ["Acme", "博世", "Third", "Fourth"]


def test_bare_carriage_returns_as_line_ends_refuse_the_import(tmp_path: Path) -> None:
    assert "carriage return" in refusal(tmp_path, suppliers=SUPPLIERS.replace("\n", "\r"))


def test_a_quoted_newline_is_text_and_later_line_numbers_are_still_physical(tmp_path: Path) -> None:
    text = 'supplier_id,name\nS1,"Acme\r\nLtd ""of"" Shanghai, China"\nS2,B\n../../x,C\n'
    intake = read_changed(tmp_path, suppliers=text)
    assert intake.tables["suppliers"].frame["name"][0] == 'Acme\nLtd "of" Shanghai, China'
    assert only_reject(intake)["line"] == 5


def test_a_stray_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [f"O{i},1,2026-11-19T09:00:00+08:00,C1,NA,1,open,,,\n" for i in range(50)]
    rows[7] = rows[7].replace("C1", '"C1')
    rows[30] = rows[30].replace("C1", 'C"1')
    intake = read_changed(tmp_path, orders=ORDER_HEADER + "".join(rows))
    assert intake.tables["orders"].imported == 48
    assert intake.rejects["line"].tolist() == [9, 32]
    assert set(intake.rejects["rule"]) == {"stray_quote"}


def test_two_stray_quotes_in_a_text_column_swallow_nothing_between_them(tmp_path: Path) -> None:
    text = PARTS + 'P4,"Pad,S1,1,\nP5,ok,S1,1,\nP6,Pad",S1,1,\nP7,ok,S1,1,\n'
    intake = read_changed(tmp_path, parts=text)
    assert intake.rejects["line"].tolist() == [5, 7]
    assert intake.tables["parts"].frame["part_id"].tolist() == ["NA", "00123", "P3", "P5", "P7"]


def test_a_quote_that_never_closes_costs_its_own_row_only(tmp_path: Path) -> None:
    text = 'supplier_id,name\nS1,"Acme\nS2,B\nS3,C\n'
    intake = read_changed(tmp_path, suppliers=text, parts=PARTS.replace("S1", "S2"), supply=None)
    assert intake.rejects["line"].tolist() == [2]
    assert intake.tables["suppliers"].frame["supplier_id"].tolist() == ["S2", "S3"]


@pytest.mark.parametrize("row", ["S3\n", "S3,a,b\n", ";;;\n", '"S3","a","b"\n'])
def test_a_row_with_the_wrong_number_of_fields_is_rejected(tmp_path: Path, row: str) -> None:
    reject = only_reject(read_changed(tmp_path, suppliers=SUPPLIERS + row + "S4,D\n"))
    assert (reject["line"], reject["rule"], reject["value"]) == (4, "wrong_field_count", row.strip())
    assert "2 fields" in str(reject["mend"])


@pytest.mark.parametrize("row", ["S3,a\0b\n", 'S3,"a\0b"\n', "S3\0,a\n"])
def test_a_nul_byte_rejects_its_row(tmp_path: Path, row: str) -> None:
    reject = only_reject(read_changed(tmp_path, suppliers=SUPPLIERS + row + "S4,D\n"))
    assert (reject["line"], reject["rule"]) == (4, "nul_byte")
    assert "\0" not in str(reject["value"])


def test_a_carriage_return_inside_a_row_rejects_it(tmp_path: Path) -> None:
    assert only_reject(read_changed(tmp_path, suppliers=SUPPLIERS + "S3,a\rb\n"))["rule"] == "stray_carriage_return"


def test_an_endless_row_is_rejected(tmp_path: Path) -> None:
    reject = only_reject(read_changed(tmp_path, suppliers=SUPPLIERS + f"S3,{'x' * 70_000}\nS4,D\n"))
    assert (reject["line"], reject["rule"], len(str(reject["value"]))) == (4, "too_long", 200)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, suppliers=SUPPLIERS + "\n  \r\n\n../x,D\n\n")
    assert intake.tables["suppliers"].rows_read == 3
    assert only_reject(intake)["line"] == 7


def test_a_truncated_gzip_refuses_the_import(tmp_path: Path) -> None:
    assert refusal(tmp_path, orders=packed(ORDERS)[:-12]) == "orders.csv.gz: the gzip file is truncated; copy it again"


def test_a_damaged_gzip_refuses_the_import(tmp_path: Path) -> None:
    data = bytearray(packed(ORDERS))
    data[-6] ^= 0xFF
    assert "damaged" in refusal(tmp_path, orders=bytes(data))


def test_a_gzip_that_unpacks_to_too_much_refuses_the_import(tmp_path: Path) -> None:
    bomb = gzip.compress(ORDERS.encode() + b"\n" * (2 << 20))
    folder = write_company(tmp_path, orders=bomb)
    intake = read_folder(folder, TODAY, ZONE, ImportParameters(largest_file_mb=1), KnownKeys())
    assert len(intake.refusals) == 1 and "larger than 1 MB" in intake.refusals[0]


def test_a_name_that_lies_about_gzip_refuses_the_import(tmp_path: Path) -> None:
    write_company(tmp_path)
    (tmp_path / "stock.csv").write_bytes(packed(STOCK))
    assert "name it .csv.gz" in read(tmp_path).refusals[0]
    (tmp_path / "stock.csv").rename(tmp_path / "stock.csv.gz")
    (tmp_path / "stock.csv.gz").write_text(STOCK)
    assert "not a gzip file" in read(tmp_path).refusals[0]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", packed("")])
def test_an_empty_file_refuses_the_import(tmp_path: Path, content: bytes) -> None:
    assert "no header" in refusal(tmp_path, stock=content)


def test_a_header_only_is_an_empty_list_for_stock_and_optional_files(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, stock=STOCK.splitlines()[0] + "\n", closures="scope,id,from,to")
    assert intake.refusals == []
    assert [len(intake.tables[name].frame) for name in ("stock", "closures")] == [0, 0]
    assert intake.warnings == ["stock.csv: has a header but no rows"]


def test_a_header_only_of_masters_refuses_the_first_import(tmp_path: Path) -> None:
    assert "lanes.csv: has a header but no rows" in refusal(tmp_path, lanes=COMPANY["lanes"].splitlines()[0])


def test_formulas_in_free_text_come_in_as_they_are(tmp_path: Path) -> None:
    text = 'supplier_id,name\nS1,"=HYPERLINK(""http://x"")"\nS2,@SUM(A1)\nS3,-1+1\nS4,\tx\n'
    names = read_changed(tmp_path, suppliers=text).tables["suppliers"].frame["name"].tolist()
    assert names == ['=HYPERLINK("http://x")', "@SUM(A1)", "-1+1", "\tx"]


def test_two_files_of_one_name_refuse_the_import(tmp_path: Path) -> None:
    write_company(tmp_path)
    (tmp_path / "orders.csv.gz").write_bytes(packed(ORDERS))
    assert read(tmp_path).refusals == ["orders.csv and orders.csv.gz are both there: delete the one not meant"]


@pytest.mark.parametrize(("delimiter", "name"), [(";", "';'"), ("\t", "TAB"), ("|", "'|'")])
def test_another_delimiter_is_refused_by_name(tmp_path: Path, delimiter: str, name: str) -> None:
    assert f"the delimiter is {name}" in refusal(tmp_path, orders=ORDERS.replace(",", delimiter))


def test_a_missing_obligatory_file_refuses_the_first_import(tmp_path: Path) -> None:
    assert refusal(tmp_path, stock=None) == "stock.csv is missing and obligatory: nothing of it is stored yet"


def test_a_missing_obligatory_column_refuses_the_import(tmp_path: Path) -> None:
    message = refusal(tmp_path, stock=STOCK.replace("received_on", "received"))
    assert "obligatory column missing: received_on" in message


def test_a_column_named_twice_refuses_the_import(tmp_path: Path) -> None:
    assert "names city twice" in refusal(tmp_path, centres="centre_id,city, city \nC1,Shanghai,Wuhan\n")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "nowhere: the folder cannot be read" in read(tmp_path / "nowhere").refusals[0]


def test_a_file_of_which_every_row_is_bad_refuses_the_import(tmp_path: Path) -> None:
    assert "all 2 rows were rejected" in refusal(tmp_path, stock=STOCK.replace(",L", ",."))


def test_every_refusal_is_told_in_one_run(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, stock=None, lanes="", centres=COMPANY["centres"].replace(",", ";"))
    assert [message.split(":")[0].split(" ")[0] for message in intake.refusals] == [
        "centres.csv",
        "lanes.csv",
        "stock.csv",
    ]
    assert intake.rejects.empty
