import pandas as pd
import pytest

from tests.unit.simulate.small_company import EVE, opening, order_lines, table
from vmi.errors import UsageProblem
from vmi.simulate.opening import Window, check_stock, check_window, opening_notes

KNOWN = (pd.Timestamp("2026-01-01"), pd.Timestamp("2026-11-20"))


def check(first: str, last: str, demand: str = "history", seed: int | None = None) -> None:
    check_window(Window(pd.Timestamp(first), pd.Timestamp(last), demand, seed), KNOWN, 200)


def test_a_window_within_the_data_is_lived() -> None:
    check("2026-02-26", "2026-11-20")
    check("2026-11-21", "2027-06-08", "drawn", 0)
    check("2026-11-21", "2030-01-01", "mine.csv")


@pytest.mark.parametrize(
    ("first", "last", "demand", "says"),
    [
        ("2026-11-02", "2026-11-01", "history", "--from 2026-11-02 lies after --to 2026-11-01"),
        ("2026-11-01", "2026-11-21", "history", "the order history holds 2026-01-01 to 2026-11-20; --demand drawn"),
        ("2026-11-22", "2026-11-30", "history", "outside the data"),
        ("2026-11-22", "2026-11-30", "drawn", "outside the data"),
        ("2026-11-22", "2026-11-30", "mine.csv", "outside the data"),
        ("2026-02-25", "2026-03-30", "history", r"less than 56 days; .* can be 2026-02-26"),
        ("2025-02-25", "2026-03-30", "history", "less than 56 days"),
        ("2026-11-01", "2026-11-10", "drawn", "needs --seed"),
    ],
)
def test_a_window_that_cannot_be_lived_is_refused_with_the_days_there_are(
    first: str, last: str, demand: str, says: str
) -> None:
    with pytest.raises(UsageProblem, match=says):
        check(first, last, demand)


def test_demand_is_drawn_no_further_than_the_forecast_looks_and_by_no_negative_seed() -> None:
    with pytest.raises(UsageProblem, match=r"201 days .* end by 2027-06-08"):
        check("2026-11-21", "2027-06-09", "drawn", 1)
    with pytest.raises(UsageProblem, match="--seed -1"):
        check("2026-11-21", "2026-11-22", "drawn", -1)


def test_empty_shelves_are_no_beginning_and_quarantined_stock_is_none() -> None:
    check_stock(opening())
    with pytest.raises(UsageProblem, match=r"no stock lies .* 2026-09-20"):
        check_stock(opening(stock=opening().stock.assign(status="quarantine")))


def test_stock_moved_in_time_and_lines_nobody_can_serve_are_told() -> None:
    orders = order_lines(
        ("O1", "2026-09-21T10:00", "C1", "P1", 1),
        ("O2", "2026-09-21T10:00", "C2", "P5", 1),
        ("O3", "2026-09-22T10:00", "C2", "P6", 1),
    )
    usual = opening()
    lacking = opening(
        lanes=usual.lanes[usual.lanes["city"] != "Wuhan"], supply=usual.supply[usual.supply["supplier_id"] != "S3"]
    )
    moved, lanes, supply = opening_notes(lacking, orders, EVE + pd.Timedelta(days=61))
    assert "known for 2026-11-20 only" in moved and "2026-09-20, 61 days earlier" in moved
    assert lanes == "2 order lines go to 1 cities that no lane reaches"
    assert supply == "2 order lines are for 2 parts whose supplier reaches no warehouse"
    assert opening_notes(usual, orders, EVE) == ()


def test_overrides_in_force_before_they_were_decided_are_told() -> None:
    day = pd.Timedelta(days=1)
    until = [None, EVE + day, EVE]
    decided = opening(
        overrides=table("overrides", [{"part_id": "P1", "warehouse_id": "W1", "until": u} for u in until])
    )
    none = order_lines()
    _, told = opening_notes(decided, none, EVE + day)
    assert told == "2 overrides do not say when they were decided and are in force from 2026-09-20 on"
    assert opening_notes(decided, none, EVE) == ()
