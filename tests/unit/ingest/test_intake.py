"""What a folder comes out as: frames, warnings, the day of the data."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.ingest.folders import COMPANY, ORDER_HEADER, ORDERS, ZONE, packed, read, read_changed, write_company
from vmi.contract import INPUT
from vmi.ingest.parameters import ImportParameters
from vmi.store.known import KnownKeys

DTYPES = {
    "id": {"object"},
    "text": {"object"},
    "choice": {"object"},
    "flag": {"object"},
    "clock": {"object"},
    "month": {"object"},
    "money": {"float64"},
    "rate": {"float64"},
    "number": {"float64"},
    "date": {"datetime64[ns]"},
    "timestamp": {f"datetime64[ns, {ZONE}]"},
}

OPTIONAL = {
    "closures": "scope,from,to\nall,2026-12-01,2026-12-01\n",
    "availability": "part_id,available_qty\nNA,5\n",
    "inbound": "shipment_id,line_no,part_id,warehouse_id,qty,eta_on\nA,1,NA,W1,1,2026-12-01\n",
    "weather": "city,from,to,severity\nShanghai,2026-12-01,2026-12-02,red\n",
    "vehicles": "model,city,month,vehicles\nX5,Shanghai,2026-10,100\n",
    "fitments": "part_id,model\nNA,X5\n",
    "overrides": "part_id,warehouse_id,kind,value,reason\nNA,W1,min,1,why\n",
    "confirmations": "line_id,answer\nR-1,accept\n",
}


@pytest.mark.parametrize("rows", ["all", "none"])
def test_frames_have_the_contracts_columns_and_types_whatever_the_file_holds(tmp_path: Path, rows: str) -> None:
    files = {**COMPANY, **OPTIONAL}
    if rows == "none":
        files = {name: text.splitlines()[0] + "\n" for name, text in files.items()}
    intake = read(write_company(tmp_path, **files), known=KnownKeys(has_rows=dict.fromkeys(files, True)))
    assert intake.refusals == [] and intake.rejects.empty
    assert list(intake.tables) == list(INPUT)
    for name, file in intake.tables.items():
        assert list(file.frame.columns) == [c.name for c in INPUT[name].columns]
        assert list(file.frame.index) == list(range(file.rows_read))
        for column in INPUT[name].columns:
            always_known = column.required or column.default is not None
            expected = DTYPES.get(column.kind, {"int64"} if always_known else {"float64"})
            assert str(file.frame[column.name].dtype) in expected, (name, column.name)


def test_defaults_fill_columns_that_a_file_does_not_have(tmp_path: Path) -> None:
    supplier = read_changed(tmp_path).tables["suppliers"].frame.iloc[0]
    assert (supplier["platform_fee_rate"], supplier["return_window_days"]) == (0.12, 90)
    assert supplier["respond_within_hours"] == 24


def test_columns_may_come_in_any_order_and_their_names_are_trimmed(tmp_path: Path) -> None:
    text = ' city ,"centre_id"\nShanghai,C1\nChengdu,C2\n'
    assert read_changed(tmp_path, centres=text).tables["centres"].frame["centre_id"].tolist() == ["C1", "C2"]


def test_a_column_that_is_not_in_the_contract_is_left_aside_by_name(tmp_path: Path) -> None:
    text = 'centre_id,city,Colour,\nC1,Shanghai,red,\nC2,Chengdu,"blue\nor so",x\n'
    intake = read_changed(tmp_path, centres=text)
    assert intake.warnings == ["centres.csv: columns left aside, not in the contract: Colour, (no name)"]
    assert intake.tables["centres"].imported == 2


def test_a_file_that_is_not_in_the_contract_is_named(tmp_path: Path) -> None:
    write_company(tmp_path)
    (tmp_path / "order.csv").write_text("x\n")
    (tmp_path / "notes.txt").write_text("x\n")
    assert read(tmp_path).warnings == ["notes.txt: not read", "order.csv: not read; did you mean orders.csv?"]


def test_a_folder_named_like_a_file_is_refused(tmp_path: Path) -> None:
    write_company(tmp_path, stock=None)
    (tmp_path / "stock.csv").mkdir()
    assert read(tmp_path).refusals == ["stock.csv: is not a file"]


def test_a_packed_file_gives_the_same_rows(tmp_path: Path) -> None:
    plain = read_changed(tmp_path).tables["orders"]
    (tmp_path / "orders.csv").unlink()
    zipped = read_changed(tmp_path, orders=packed(ORDERS)).tables["orders"]
    pd.testing.assert_frame_equal(plain.frame, zipped.frame)
    assert (plain.path, zipped.path) == ("orders.csv", "orders.csv.gz")
    assert plain.sha256 != zipped.sha256


def test_a_centre_that_no_standard_lane_reaches_is_warned_of(tmp_path: Path) -> None:
    write_company(tmp_path, lanes=COMPANY["lanes"].replace("Chengdu,standard", "Chengdu,same_day"))
    assert ["no standard lane leads to Chengdu" in w for w in read(tmp_path).warnings] == [True]
    assert read(tmp_path, known=KnownKeys(lane_cities=frozenset({"Chengdu"}))).warnings == []


def test_a_row_with_two_bad_cells_is_one_reject_that_names_both(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, orders=ORDERS + "O3,x,yesterday,C1,NA,0,open,,,\n")
    assert intake.rejects["column"].tolist() == ["line_no"]
    assert intake.rejects["mend"][0].endswith("; also wrong in this row: ordered_at, qty")


def test_many_rejected_rows_are_warned_of_but_do_not_refuse(tmp_path: Path) -> None:
    rows = "".join(f"O{i},1,2026-11-19T09:00:00+08:00,C1,NA,{i % 2},open,,,\n" for i in range(40))
    folder = write_company(tmp_path, orders=ORDER_HEADER + rows)
    intake = read(folder, share=0.05)
    assert intake.refusals == []
    assert intake.warnings == ["orders.csv: 20 of 40 rows were rejected; see rejects.csv"]


def test_an_optional_file_with_one_bad_row_does_not_refuse(tmp_path: Path) -> None:
    intake = read_changed(tmp_path, closures="scope,id,from,to\nall,,2026-12-02,2026-12-01\n")
    assert intake.refusals == [] and len(intake.rejects) == 1


def orders_over(first: date, days: int) -> str:
    when = [(first + timedelta(days=i)).isoformat() for i in range(days)]
    rows = [f"O{d}-{k},1,{d}T09:00:00+08:00,C1,NA,1,open,,,\n" for d in when for k in range(3)]
    return ORDER_HEADER + "".join(rows)


def test_a_clock_that_is_behind_the_data_is_warned_of_and_costs_no_row(tmp_path: Path) -> None:
    late_clock = date(2026, 9, 1)
    text = orders_over(date(2025, 1, 1), 650) + "TYPO,1,2062-10-01T09:00:00+08:00,C1,NA,1,open,,,\n"
    intake = read(write_company(tmp_path, orders=text), share=0.05, today=late_clock)
    assert intake.rejects["line"].tolist() == [1952]
    assert intake.rejects["rule"].tolist() == ["in_the_future"]
    assert len(intake.warnings) == 1 and "set the clock" in intake.warnings[0]


def test_one_wrong_day_repeated_is_no_late_clock(tmp_path: Path) -> None:
    rows = "".join(f"X{i},1,2027-11-19T09:00:00+08:00,C1,NA,1,open,,,\n" for i in range(30))
    intake = read_changed(tmp_path, orders=ORDERS + rows)
    assert len(intake.rejects) == 30


@pytest.mark.parametrize(
    "wrong",
    [{"max_reject_share": 1.1}, {"future_tolerance_days": -1}, {"delivery_horizon_days": -1}, {"largest_file_mb": 0}],
)
def test_parameters_check_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ImportParameters(**wrong)  # type: ignore[arg-type]
