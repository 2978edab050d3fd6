import numpy as np
import pandas as pd

from vmi.workdays import WorkDays


def closures(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["scope", "id", "from", "to"])
    return table.assign(**{c: pd.to_datetime(table[c]) for c in ("from", "to")})


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "ns")


FESTIVAL = closures(
    ("supplier", "S1", "2027-01-25", "2027-02-14"),
    ("all", "", "2027-02-05", "2027-02-07"),
    ("carrier", "", "2027-02-06", "2027-02-09"),
)


def test_without_closures_every_day_is_open() -> None:
    assert WorkDays(closures()).next_open("supplier", "S1", day("2027-02-06")) == day("2027-02-06")


def test_a_supplier_that_is_closed_ships_on_the_day_after_its_closure() -> None:
    shut = WorkDays(FESTIVAL)
    assert shut.ship_day("S1", day("2027-01-24")) == day("2027-01-24")
    assert shut.ship_day("S1", day("2027-01-25")) == day("2027-02-15")


def test_a_closure_of_all_shuts_everybody_and_joins_with_their_own() -> None:
    shut = WorkDays(FESTIVAL)
    assert shut.next_open("warehouse", "W1", day("2027-02-05")) == day("2027-02-08")
    assert shut.next_open("carrier", "", day("2027-02-05")) == day("2027-02-10")
    assert shut.is_open("warehouse", ["W1", "W2"], day("2027-02-06")).tolist() == [False, False]
    assert shut.is_open("supplier", ["S1", "S2"], day("2027-02-01")).tolist() == [False, True]


def test_adjoining_closures_are_one() -> None:
    shut = WorkDays(
        closures(("supplier", "S1", "2027-01-03", "2027-01-04"), ("supplier", "S1", "2027-01-01", "2027-01-02"))
    )
    assert shut.ship_day("S1", day("2027-01-01")) == day("2027-01-05")


def test_goods_arrive_after_the_lead_time_when_the_warehouse_is_open() -> None:
    shut = WorkDays(
        closures(("supplier", "S1", "2027-01-02", "2027-01-03"), ("warehouse", "W1", "2027-01-06", "2027-01-07"))
    )
    found = shut.arrival_day(["S1", "S1", "S2"], ["W1", "W2", "W1"], day("2027-01-02"), [1.5, 2, 3])
    assert found.tolist() == [day("2027-01-08").tolist(), day("2027-01-06").tolist(), day("2027-01-05").tolist()]


def test_a_day_that_is_unknown_stays_unknown() -> None:
    assert np.isnat(WorkDays(FESTIVAL).next_open("supplier", "S1", np.datetime64("NaT")))
