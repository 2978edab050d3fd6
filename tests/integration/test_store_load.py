from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from tests.company import company, imported, order, rejects
from vmi.store import load
from vmi.store.frames_io import read_table, table_of
from vmi.store.gather import known_keys
from vmi.store.known import KnownKeys
from vmi.store.ledger import input_files, last_import, open_order_lines, rejected_rows
from vmi.tables.inputs import Order, Part, Stock
from vmi.tables.ledger import InboundSeen, Receipt

SHANGHAI = "Asia/Shanghai"
NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def rows(engine: Engine, model: type) -> pd.DataFrame:
    with engine.connect() as connection:
        return read_table(connection, model, SHANGHAI)


def test_before_the_first_import_nothing_is_known(engine: Engine) -> None:
    with engine.connect() as connection:
        found = known_keys(connection)
        assert last_import(connection) is None
    assert found.ids == {}
    assert not any(found.has_rows.values())


def test_an_import_makes_its_keys_known_to_the_next(engine: Engine) -> None:
    imported(engine, company(successors={"P1": "P2"}))
    with engine.connect() as connection:
        found: KnownKeys = known_keys(connection)
    assert sorted(found.ids["parts.part_id"]) == ["P1", "P2"]
    assert found.has_rows["orders"]
    assert not found.has_rows["weather"]
    assert found.successors == {"P1": "P2"}
    assert found.lane_cities == frozenset({"Hangzhou"})


def test_an_import_is_there_as_a_whole_or_not_at_all(engine: Engine) -> None:
    broken = company()
    broken["parts"]["supplier_id"] = "nobody"
    with pytest.raises(IntegrityError):
        imported(engine, broken)
    assert rows(engine, Part).empty
    with engine.connect() as connection:
        assert last_import(connection) is None


def test_masters_are_replaced_by_key_and_others_stay(engine: Engine) -> None:
    imported(engine, company())
    imported(engine, {"parts": company()["parts"].iloc[:1].assign(unit_cost=99.5)})
    assert rows(engine, Part).set_index("part_id")["unit_cost"].to_dict() == {"P1": 99.5, "P2": 20.0}


def test_snapshots_replace_the_last_one_whole(engine: Engine) -> None:
    imported(engine, company())
    imported(engine, {"stock": company()["stock"].iloc[:1]})
    assert len(rows(engine, Stock)) == 1


def test_a_folder_without_stock_leaves_the_last_snapshot(engine: Engine) -> None:
    imported(engine, company())
    imported(engine, {"orders": order("O9")})
    assert len(rows(engine, Stock)) == 2


def test_an_empty_snapshot_empties_the_table(engine: Engine) -> None:
    imported(engine, company())
    imported(engine, {"stock": company()["stock"].iloc[:0]})
    assert rows(engine, Stock).empty


def test_a_first_promise_is_neither_erased_nor_moved_by_an_import(engine: Engine) -> None:
    first, later = "2026-11-22T10:00+08:00", "2026-11-30T10:00+08:00"
    imported(engine, company() | {"orders": order("O1", first_promise=first)})
    imported(engine, {"orders": order("O1", status="shipped")})
    imported(engine, {"orders": order("O1", status="delivered", first_promise=later)})
    found = rows(engine, Order).iloc[0]
    assert (found["status"], found["first_promise"]) == ("delivered", pd.Timestamp(first).tz_convert(SHANGHAI))


def test_an_order_keeps_its_calendar_day_in_the_planning_zone(engine: Engine) -> None:
    imported(engine, company() | {"orders": order("O1", ordered_at="2026-11-19T16:30:00Z")})
    assert rows(engine, Order)["ordered_on"].tolist() == [pd.Timestamp("2026-11-20")]


def test_receipts_keep_what_a_lot_was_when_it_was_first_seen(engine: Engine) -> None:
    imported(engine, company())
    stock = company()["stock"]
    imported(engine, {"stock": pd.concat([stock.assign(qty=1), stock.iloc[:1].assign(lot_id="L9", qty=4)])})
    found = rows(engine, Receipt).set_index("lot_id")
    assert found["qty"].to_dict() == {"L1": 5, "L2": 7, "L9": 4}
    assert found["import_id"].to_dict() == {"L1": 1, "L2": 1, "L9": 2}


def test_shipments_that_answer_a_line_stay_known_when_they_have_left_inbound(engine: Engine) -> None:
    def inbound(qty: int, line_id: str = "R-1") -> pd.DataFrame:
        return pd.DataFrame(
            {"shipment_id": ["A1", "A2"], "line_no": 1, "kind": "supply", "part_id": "P1", "from_id": "S1"}
            | {"warehouse_id": "W1", "qty": qty, "eta_on": pd.Timestamp("2026-11-25"), "line_id": [line_id, ""]}
        )

    imported(engine, company() | {"inbound": inbound(6)})
    imported(engine, {"inbound": inbound(4)})
    imported(engine, {"inbound": inbound(6).iloc[:0]})
    found = rows(engine, InboundSeen)
    assert found[["line_id", "shipment_id", "qty", "first_import_id", "last_import_id"]].values.tolist() == [
        ["R-1", "A1", 6, 1, 2]
    ]


def test_rejected_rows_of_the_last_import_of_each_file_stay_known_under_its_contract_name(engine: Engine) -> None:
    first = rejects(("parts.csv", 3, "not_whole"), ("stock.csv", 9, "not_whole"))
    imported(engine, company(), left_out=first)
    imported(engine, {"stock": company()["stock"]}, left_out=rejects(("stock.csv.gz", 4, "unknown_part")))
    with engine.connect() as connection:
        found = rejected_rows(connection)
    assert found.drop(columns=["column", "value", "mend"]).values.tolist() == [
        ["parts", 3, "not_whole"],
        ["stock", 4, "unknown_part"],
    ]
    assert found.loc[0, ["column", "value", "mend"]].tolist() == ["qty", "3.5", "write a whole number"]


def test_of_very_many_rejected_rows_the_first_of_each_file_are_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "REJECTS_KEPT", 2)
    lines = [("parts.csv", n, "x") for n in (2, 3, 4)] + [("stock.csv", 7, "x")]
    imported(engine, company(), left_out=rejects(*lines))
    with engine.connect() as connection:
        assert rejected_rows(connection)["line"].tolist() == [2, 3, 7]


def test_the_ledger_says_what_came_in_and_which_file_is_in_force(engine: Engine) -> None:
    imported(engine, company(), at=NOW)
    imported(engine, {"orders": order("O9", status="open")}, at=NOW.replace(hour=23), rejected=2)
    with engine.connect() as connection:
        last, files = last_import(connection), input_files(connection)
        assert open_order_lines(connection) == 2
    assert last is not None
    assert (last.import_id, last.imported_at, last.rows_read, last.imported, last.rejected) == (
        *(2, NOW.replace(hour=23), 3, 1, 2),
    )
    in_force = files.set_index("name")["import_id"]
    assert (in_force["orders"], in_force["parts"]) == (2, 1)


def test_an_import_does_not_change_the_frames_it_was_given(engine: Engine) -> None:
    given = company()
    columns = list(given["orders"].columns)
    imported(engine, given)
    assert list(given["orders"].columns) == columns


def test_counts_in_the_database_are_the_intake_s(engine: Engine) -> None:
    imported(engine, company())
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(table_of(Order))) == len(company()["orders"])
