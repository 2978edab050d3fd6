import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, select

from vmi.store.frames_io import read_frame, read_table, write_frame
from vmi.tables.inputs import Availability, Closure, Order, Part, Supplier, Warehouse

SHANGHAI = "Asia/Shanghai"


def moments(*texts: str | None) -> pd.DatetimeIndex:
    return pd.to_datetime(list(texts), utc=True).tz_convert(SHANGHAI)


def orders(**changed: object) -> pd.DataFrame:
    rows = {
        "order_id": ["007", 'SO,"2"'],
        "line_no": [1, 2],
        "ordered_at": moments("2026-11-20T00:30:00.000001+08:00", "2026-11-20T17:40:00.123456+08:00"),
        "centre_id": ["SC1", "SC2"],
        "part_id": ["NA", "00123"],
        "qty": [1, 2],
        "service": ["standard", "same_day"],
        "status": ["open", "delivered"],
        "warehouse_id": ["", "FW01"],
        "shipped_at": moments(None, "2026-11-20T18:00:00+08:00"),
        "delivered_at": moments(None, None),
        "first_promise": moments(None, "2026-11-22T17:40:00+08:00"),
        "ordered_on": pd.to_datetime(["2026-11-20", "2026-11-20"]),
    }
    return pd.DataFrame({**rows, **changed})


def test_a_frame_that_is_written_and_read_back_is_the_same(engine: Engine) -> None:
    with engine.begin() as connection:
        assert write_frame(connection, Order, orders()) == 2
    with engine.connect() as connection:
        found = read_table(connection, Order, SHANGHAI)
    pd.testing.assert_frame_equal(found.sort_values("order_id", ignore_index=True), orders())


def test_a_chunk_boundary_loses_no_row(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmi.store.frames_io.ROWS_PER_CHUNK", 7)
    many = pd.DataFrame({"supplier_id": [f"S{i:03}" for i in range(50)], "return_window_days": range(1, 51)})
    with engine.begin() as connection:
        write_frame(connection, Supplier, many)
        found = read_table(connection, Supplier).sort_values("supplier_id", ignore_index=True)
    pd.testing.assert_frame_equal(found[["supplier_id", "return_window_days"]], many)
    assert found["platform_fee_rate"].eq(0.12).all()


def test_money_is_exact_to_a_ten_thousandth(engine: Engine) -> None:
    costs = [0.0001, 0.1 + 0.2, 14.61, 999_999_999.9999]
    parts = pd.DataFrame({"part_id": list("abcd"), "supplier_id": "S", "unit_cost": costs, "unit_price": np.nan})
    with engine.begin() as connection:
        write_frame(connection, Supplier, pd.DataFrame({"supplier_id": ["S"]}))
        write_frame(connection, Part, parts)
        found = read_table(connection, Part).sort_values("part_id")
    assert found["unit_cost"].tolist() == [0.0001, 0.3, 14.61, 999_999_999.9999]
    assert found["unit_price"].isna().all()


def test_an_update_replaces_a_row_but_keeps_what_is_told_to_stay(engine: Engine) -> None:
    promise = moments("2026-11-21T00:00:00+08:00", "2026-11-21T00:00:00+08:00")
    with engine.begin() as connection:
        write_frame(connection, Order, orders())
        changed = orders(status=["cancelled", "cancelled"], first_promise=promise)
        write_frame(connection, Order, changed, update=True, keep_known=["first_promise"])
        found = read_table(connection, Order, SHANGHAI).sort_values("order_id")
    assert found["status"].tolist() == ["cancelled", "cancelled"]
    assert found["first_promise"].tolist() == [promise[0], orders()["first_promise"].iloc[1]]


def test_unknown_days_and_ids_in_keys_come_back_unknown(engine: Engine) -> None:
    with engine.begin() as connection:
        write_frame(connection, Supplier, pd.DataFrame({"supplier_id": ["S"]}))
        write_frame(connection, Part, pd.DataFrame({"part_id": ["P"], "supplier_id": ["S"], "unit_cost": [1.0]}))
        rows = pd.DataFrame({"part_id": ["P"], "available_qty": [3], "available_on": [pd.NaT]})
        write_frame(connection, Availability, rows)
        days = {"from": pd.to_datetime(["2027-02-05"]), "to": pd.to_datetime(["2027-02-12"])}
        write_frame(connection, Closure, pd.DataFrame({"scope": ["all"], "id": [""], **days, "reason": ["春节"]}))
        assert read_table(connection, Availability)["available_on"].isna().all()
        closure = read_table(connection, Closure).iloc[0]
    assert closure.to_dict() == {
        "scope": "all",
        "id": "",
        "from": pd.Timestamp("2027-02-05"),
        "to": pd.Timestamp("2027-02-12"),
        "reason": "春节",
    }


def test_a_nullable_whole_number_is_a_float_with_nan_whatever_the_rows(engine: Engine) -> None:
    rows = {"warehouse_id": ["A", "B"], "city": "武汉", "capacity_m3": 10.0}
    with engine.begin() as connection:
        write_frame(connection, Warehouse, pd.DataFrame({**rows, "outbound_lines_per_day": [100, 200]}))
        found = read_table(connection, Warehouse)
    assert found["outbound_lines_per_day"].dtype == float
    assert found["latitude"].isna().all()


def test_an_empty_table_is_a_frame_with_its_columns_and_types(engine: Engine) -> None:
    with engine.connect() as connection:
        found = read_table(connection, Order, SHANGHAI)
    pd.testing.assert_frame_equal(found, orders().iloc[:0])


def test_a_selection_takes_part_of_a_table(engine: Engine) -> None:
    with engine.begin() as connection:
        write_frame(connection, Order, orders())
        found = read_frame(connection, select(Order.part_id, Order.qty).where(Order.status == "open"))
    assert found.to_dict("list") == {"part_id": ["NA"], "qty": [1]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"qty": [1.5, 2]}, "orders.qty: holds a fraction"),
        ({"qty": [np.nan, 2]}, "orders.qty: unknown in 1 rows"),
        ({"ordered_at": pd.to_datetime(["2026-11-20", "2026-11-20"])}, "ordered_at: holds moments without a zone"),
        ({"qty": [np.inf, 1]}, "orders.qty: holds an infinite number"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_by_name(engine: Engine, changed: dict, message: str) -> None:
    with engine.connect() as connection, pytest.raises(ValueError, match=message):
        write_frame(connection, Order, orders(**changed))


def test_texts_with_quotes_newlines_and_backslashes_come_back_unchanged(engine: Engine) -> None:
    names = ['a "b", c', "line\none", "\\N", "NULL", " 空 ", "=1+1", "\ttab", "it's"]
    rows = pd.DataFrame({"supplier_id": [f"S{i}" for i in range(len(names))], "name": names})
    with engine.begin() as connection:
        write_frame(connection, Supplier, rows)
        found = read_table(connection, Supplier).sort_values("supplier_id")
    assert found["name"].tolist() == names
