from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Date, Float, Integer
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlmodel import AutoString, SQLModel

from vmi.contract import INPUT, INPUTS, OUTPUT
from vmi.tables import DERIVED_COLUMNS, INPUT_TABLES, PLAN_TABLES
from vmi.tables.types import KeyDate, Moment, Money

TYPES = {
    "id": (AutoString,),
    "text": (AutoString,),
    "choice": (AutoString,),
    "flag": (AutoString,),
    "clock": (AutoString,),
    "month": (AutoString,),
    "quantity": (Integer,),
    "money": (Money,),
    "rate": (Float,),
    "number": (Float,),
    "date": (Date, KeyDate),
    "timestamp": (Moment,),
}


def table(name: str):
    return SQLModel.metadata.tables[name]


def test_every_input_file_has_a_table_and_every_table_a_file() -> None:
    assert list(INPUT_TABLES) == [f.name for f in INPUTS]


@pytest.mark.parametrize("name", INPUT)
def test_a_table_has_the_columns_and_keys_of_its_file(name: str) -> None:
    file, columns = INPUT[name], [c.name for c in table(name).columns]
    assert columns == [c.name for c in file.columns] + list(DERIVED_COLUMNS.get(name, ()))
    assert tuple(c.name for c in table(name).primary_key.columns) == file.keys


@pytest.mark.parametrize("name", INPUT)
def test_a_column_has_the_type_default_and_obligation_of_the_contract(name: str) -> None:
    for column in INPUT[name].columns:
        stored = table(name).columns[column.name]
        assert isinstance(stored.type, TYPES[column.kind]), column.name
        must_be_known = column.required or column.key or column.default is not None
        assert stored.nullable == (not must_be_known), column.name
        default = stored.default.arg if stored.default is not None else None
        if column.default is not None:
            assert float(default) == column.default if column.kind not in ("choice", "flag", "clock") else True
            assert str(default) == str(column.default) if column.kind in ("choice", "flag", "clock") else True


@pytest.mark.parametrize(
    ("name", "plan_table"),
    [
        ("replenishment", "plan_replenishment"),
        ("returns", "plan_returns"),
        ("transfers", "plan_transfers"),
        ("deliveries", "plan_deliveries"),
        ("targets", "plan_targets"),
        ("worklist", "plan_worklist"),
        ("scorecards", "plan_scorecards"),
    ],
)
def test_a_plan_table_holds_what_is_published(name: str, plan_table: str) -> None:
    assert set(OUTPUT[name].columns) - {"plan_id"} <= {c.name for c in table(plan_table).columns}


def test_the_key_of_every_plan_table_begins_with_the_run() -> None:
    assert {next(iter(table(name).primary_key.columns)).name for name in PLAN_TABLES} == {"run_id"}


def test_money_and_moments_are_exact_and_aware_on_both_databases() -> None:
    on_postgresql = str(CreateTable(table("orders")).compile(dialect=postgresql.dialect()))
    on_sqlite = str(CreateTable(table("orders")).compile(dialect=sqlite.dialect()))
    assert "ordered_at TIMESTAMP WITH TIME ZONE NOT NULL" in on_postgresql
    assert "ordered_at BIGINT NOT NULL" in on_sqlite
    assert "ordered_on DATE NOT NULL" in on_postgresql
    assert "unit_cost BIGINT NOT NULL" in str(CreateTable(table("parts")).compile(dialect=postgresql.dialect()))


def test_money_is_stored_in_ten_thousandths() -> None:
    kept = Money().process_bind_param(Decimal("14.61"), sqlite.dialect())
    assert kept == 146_100
    assert Money().process_result_value(kept, sqlite.dialect()) == Decimal("14.61")


def test_a_moment_comes_back_as_the_same_instant_and_a_naive_one_is_refused() -> None:
    noon = datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=8)))
    kept = Moment().process_bind_param(noon, sqlite.dialect())
    assert Moment().process_result_value(kept, sqlite.dialect()) == noon.astimezone(UTC)
    with pytest.raises(ValueError, match="carries no offset"):
        Moment().process_bind_param(noon.replace(tzinfo=None), sqlite.dialect())
