"""Rows whose cells contradict each other, and references of every kind."""

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.ingest.folders import COMPANY, ORDERS, PARTS, only_reject, read, read_changed, write_company
from vmi.ingest.references import referenced_columns, successor_loops
from vmi.store.known import KnownKeys


@pytest.mark.parametrize(
    ("shipped", "delivered", "rule"),
    [
        ("2026-11-18T08:00:00+08:00", "", "before_ordered_at"),
        ("2026-11-18T18:00:00+08:00", "2026-11-18T17:00:00+08:00", "before_shipped_at"),
        ("", "2026-11-17T17:00:00+08:00", "before_ordered_at"),
        ("2026-11-18T18:00:00+08:00", "2027-01-20T00:00:00+08:00", "in_the_future"),
    ],
)
def test_an_order_cannot_be_shipped_or_delivered_before_its_time(
    tmp_path: Path, shipped: str, delivered: str, rule: str
) -> None:
    order = f"O3,1,2026-11-18T09:00:00+08:00,C1,NA,1,shipped,W1,{shipped},{delivered}\n"
    assert only_reject(read_changed(tmp_path, orders=ORDERS + order))["rule"] == rule


def test_a_delivery_the_day_after_tomorrow_is_booked_ahead_and_fine(tmp_path: Path) -> None:
    order = "O3,1,2026-11-20T09:00:00+08:00,C1,NA,1,shipped,W1,2026-11-21T09:00:00+08:00,2026-11-22T09:00:00+08:00\n"
    assert read_changed(tmp_path, orders=ORDERS + order).rejects.empty


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("supplier,S1,2026-12-02,2026-12-01", "to", "before_from"),
        ("supplier,,2026-12-01,2026-12-02", "id", "missing"),
        ("warehouse,S1,2026-12-01,2026-12-02", "id", "unknown_reference"),
        ("supplier,W1,2026-12-01,2026-12-02", "id", "unknown_reference"),
        ("all,S1,2026-12-01,2026-12-02", "id", "not_empty"),
        ("holiday,,2026-12-01,2026-12-02", "scope", "not_a_choice"),
    ],
)
def test_a_closure_says_who_and_a_span_that_exists(tmp_path: Path, row: str, column: str, rule: str) -> None:
    sound = "scope,id,from,to\nall,,2026-12-01,2026-12-01\nsupplier,S1,2027-02-01,2027-02-20\n"
    sound += "warehouse,W1,2027-02-05,2027-02-09\n"
    reject = only_reject(read_changed(tmp_path, closures=sound + row + "\n"))
    assert (reject["line"], reject["column"], reject["rule"]) == (5, column, rule)


def test_the_same_closure_of_all_twice_is_a_duplicate_though_its_id_is_empty(tmp_path: Path) -> None:
    text = "scope,id,from,to\nall,,2026-12-01,2026-12-01\nall,,2026-12-01,2026-12-01\n"
    assert only_reject(read_changed(tmp_path, closures=text))["rule"] == "duplicate_key"


def test_a_weather_warning_has_a_span_that_exists(tmp_path: Path) -> None:
    text = "city,from,to,severity\nShanghai,2026-12-02,2026-12-01,red\nShanghai,2026-12-01,2026-12-02,red\n"
    assert only_reject(read_changed(tmp_path, weather=text))["rule"] == "before_from"


@pytest.mark.parametrize("kind", ["min", "max", "order"])
def test_an_override_of_a_quantity_needs_one(tmp_path: Path, kind: str) -> None:
    text = f"part_id,warehouse_id,kind,value,reason\nNA,W1,{kind},,why\nNA,W2,{kind},0,why\nNA,W1,no_return,,why\n"
    reject = only_reject(read_changed(tmp_path, overrides=text))
    assert (reject["line"], reject["column"], reject["rule"], reject["value"]) == (2, "value", "missing", "")


def test_an_override_without_a_reason_is_rejected(tmp_path: Path) -> None:
    text = "part_id,warehouse_id,kind,value,reason\nNA,W1,min,1,\nNA,W2,min,1,why\n"
    assert only_reject(read_changed(tmp_path, overrides=text))["column"] == "reason"


def test_an_answer_of_quantity_or_date_needs_it(tmp_path: Path) -> None:
    text = "line_id,answer,confirmed_qty,confirmed_ship_on\nR-1,quantity,,\nR-2,date,,\nR-3,quantity,0,\nR-4,accept,,\n"
    intake = read_changed(tmp_path, confirmations=text)
    assert intake.rejects["column"].tolist() == ["confirmed_qty", "confirmed_ship_on"]


def test_inbound_comes_from_a_supplier_or_for_a_transfer_from_a_warehouse(tmp_path: Path) -> None:
    header = "shipment_id,line_no,kind,part_id,from_id,warehouse_id,qty,eta_on\n"
    sound = "A,1,supply,NA,S1,W1,1,2026-12-01\nA,2,transfer,NA,W2,W1,1,2026-12-01\nA,3,,NA,,W1,1,2026-12-01\n"
    broken = "B,1,supply,NA,W2,W1,1,2026-12-01\nB,2,transfer,NA,S1,W1,1,2026-12-01\n"
    intake = read_changed(tmp_path, inbound=header + sound + broken)
    assert intake.rejects["line"].tolist() == [5, 6]
    assert set(intake.rejects["column"]) == {"from_id"}


def test_a_rejected_master_row_breaks_what_refers_to_it(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, parts=PARTS.replace("80", "-80"))
    assert list(zip(intake.rejects["file"], intake.rejects["rule"], strict=True)) == [
        ("parts.csv", "negative"),
        ("orders.csv", "unknown_reference"),
        ("stock.csv", "unknown_reference"),
    ]


def test_stored_masters_need_not_be_sent_again(tmp_path: Path) -> None:
    ids = {"parts.part_id": ["NA", "00123"], "centres.centre_id": ["C1", "C2"], "warehouses.warehouse_id": ["W1"]}
    known = KnownKeys({name: pd.Index(values) for name, values in ids.items()}, dict.fromkeys(COMPANY, True))
    folder = write_company(tmp_path, **{**dict.fromkeys(COMPANY, None), "orders": ORDERS})
    intake = read(folder, known=known)
    assert intake.refusals == [] and intake.rejects.empty
    assert list(intake.tables) == ["orders"]


def test_the_store_is_asked_for_exactly_the_identifiers_that_files_refer_to() -> None:
    assert referenced_columns() == (
        "centres.centre_id",
        "parts.part_id",
        "suppliers.supplier_id",
        "warehouses.warehouse_id",
    )


def test_an_unknown_successor_rejects_the_part_and_those_it_succeeds(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, parts=PARTS + "P4,x,S1,1,P5\nP5,x,S1,1,GHOST\nP6,x,S1,1,P3\n")
    assert intake.rejects["value"].tolist() == ["P5", "GHOST"]
    assert set(intake.rejects["rule"]) == {"unknown_reference"}


def test_a_stored_part_is_still_there_when_its_new_row_is_rejected(tmp_path: Path) -> None:
    known = KnownKeys({"parts.part_id": pd.Index(["P5"])})
    intake = read(write_company(tmp_path, parts=PARTS + "P4,x,S1,1,P5\nP5,x,S1,1,GHOST\n"), known=known)
    assert intake.rejects["value"].tolist() == ["GHOST"]


def test_a_long_chain_with_a_broken_end_is_rejected_whole(tmp_path: Path) -> None:
    chain = "".join(f"Q{i},x,S1,1,Q{i + 1}\n" for i in range(5000))
    intake = read_changed(tmp_path, parts=PARTS + chain)
    assert len(intake.rejects) == 5000
    assert intake.tables["parts"].frame["part_id"].tolist() == ["NA", "00123", "P3"]


def test_a_loop_of_supersession_is_rejected_by_name(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, parts=PARTS + "B,x,S1,1,C\nC,x,S1,1,A\nA,x,S1,1,B\nD,x,S1,1,D\nE,x,S1,1,A\n")
    assert intake.rejects["rule"].tolist() == ["successor_loop"] * 4 + ["unknown_reference"]
    assert "A → B → C → A" in intake.rejects["mend"][0]
    assert "D → D" in intake.rejects["mend"][3]


def test_a_row_that_closes_a_loop_with_what_is_stored_is_rejected(tmp_path: Path) -> None:
    known = KnownKeys({"parts.part_id": pd.Index(["OLD"])}, {}, {"OLD": "P3"})
    reject = only_reject(read(write_company(tmp_path, parts=PARTS.replace("25,NA", "25,OLD")), known=known))
    assert reject["value"] == "OLD" and "OLD → P3 → OLD" in str(reject["mend"])


def test_a_row_that_opens_a_stored_loop_goes_in() -> None:
    parts = pd.DataFrame({"part_id": ["A"], "successor_id": [""]})
    assert successor_loops(parts, {"A": "B", "B": "A"}) == {}


def test_chains_of_supersession_are_no_loops() -> None:
    parts = pd.DataFrame({"part_id": list("ABCD"), "successor_id": ["B", "C", "", "C"]})
    assert successor_loops(parts, {}) == {}
