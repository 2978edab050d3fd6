import pandas as pd
import pytest

from vmi.simulate.shelves import NotThere, laid_down, set_aside, taken_off, units

DAY = pd.Timestamp("2026-11-01")


def stock(*rows: tuple[str, str, str, int, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["warehouse_id", "part_id", "lot_id", "qty", "status"])
    return frame.assign(received_on=DAY)


def test_units_taken_off_a_lot_leave_the_rest_and_an_empty_lot_is_gone() -> None:
    lots = stock(("W1", "P1", "L1", 5, "available"), ("W1", "P1", "L2", 2, "available"))
    asked = stock(("W1", "P1", "L1", 3, "available"), ("W1", "P1", "L2", 2, "available"))
    left = taken_off(lots, asked)
    assert left[["lot_id", "qty"]].to_numpy().tolist() == [["L1", 2]]


def test_more_than_lies_there_is_refused_with_part_warehouse_and_lot() -> None:
    lots = stock(("W1", "P1", "L1", 5, "available"))
    with pytest.raises(NotThere, match="6 units of part P1 are asked for at W1, lot L1; 5 lie there"):
        taken_off(lots, stock(("W1", "P1", "L1", 6, "available")))


def test_quarantine_serves_nobody() -> None:
    lots = stock(("W1", "P1", "L1", 5, "quarantine"))
    with pytest.raises(NotThere, match="0 lie there"):
        taken_off(lots, stock(("W1", "P1", "L1", 1, "available")))


def test_a_lot_set_aside_still_lies_there_and_keeps_its_age() -> None:
    lots = stock(("W1", "P1", "L1", 5, "available"))
    aside = set_aside(lots, stock(("W1", "P1", "L1", 2, "")))
    by_status = aside.set_index("status")["qty"].to_dict()
    assert by_status == {"available": 3, "returning": 2}
    assert (aside["received_on"] == DAY).all()
    assert units(aside).to_dict() == {("P1", "W1"): 5}


def test_units_of_a_lot_that_comes_back_join_it_at_its_first_receipt() -> None:
    lots = stock(("W1", "P1", "L1", 5, "available"))
    more = stock(("W1", "P1", "L1", 1, "available")).assign(received_on=DAY - pd.Timedelta(days=9))
    joined = laid_down(lots, more)
    assert joined["qty"].tolist() == [6]
    assert joined["received_on"].tolist() == [DAY - pd.Timedelta(days=9)]
