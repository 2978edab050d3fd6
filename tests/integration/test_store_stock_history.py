import pandas as pd
from sqlalchemy import Engine

from vmi.frames import STOCKOUTS
from vmi.store.frames_io import read_table
from vmi.store.stock_history import on_hand_history, record_stock, stockouts
from vmi.tables.ledger import StockSpan

DAY = {n: pd.Timestamp(f"2026-11-{n:02}") for n in range(1, 31)}


def lots(warehouse_id: str = "W1", **held: int) -> pd.DataFrame:
    """Return stock of parts at a warehouse by quantity."""
    lot = {"warehouse_id": warehouse_id, "status": "available"}
    rows = [{**lot, "part_id": part, "lot_id": part, "qty": qty} for part, qty in held.items()]
    return pd.DataFrame(rows, columns=["warehouse_id", "status", "part_id", "lot_id", "qty"])


def record(engine: Engine, nights: dict[int, pd.DataFrame]) -> None:
    for day, stock in nights.items():
        with engine.begin() as connection:
            record_stock(connection, DAY[day], stock)


def history(engine: Engine, first: int = 1, last: int = 30) -> dict[tuple[int, str], int]:
    with engine.connect() as connection:
        found = on_hand_history(connection, DAY[first], DAY[last])
    return {(day.day, part): qty for day, part, qty in zip(found["day"], found["part_id"], found["qty"], strict=True)}


def out(engine: Engine, as_of: int) -> list[tuple[str, int, int]]:
    with engine.connect() as connection:
        found = STOCKOUTS.check(stockouts(connection, DAY[as_of]))
    return [(p, a.day, b.day) for p, a, b in zip(found["part_id"], found["first_day"], found["last_day"], strict=True)]


def test_quantities_come_back_as_they_were_night_by_night(engine: Engine) -> None:
    record(engine, {1: lots(A=3, B=2), 2: lots(A=3), 4: lots(A=1, B=2)})
    assert history(engine) == {(1, "A"): 3, (1, "B"): 2, (2, "A"): 3, (4, "A"): 1, (4, "B"): 2}
    assert history(engine, 2, 3) == {(2, "A"): 3}


def test_a_part_that_lies_still_takes_one_row(engine: Engine) -> None:
    record(engine, {day: lots(A=3) for day in range(1, 11)})
    with engine.connect() as connection:
        spans = read_table(connection, StockSpan)
    assert spans[["first_day", "last_day", "qty"]].values.tolist() == [[DAY[1], DAY[10], 3]]


def test_a_part_is_out_between_its_stocks_and_since_the_last(engine: Engine) -> None:
    record(engine, {1: lots(A=3, B=1), 2: lots(B=1), 3: lots(B=2), 4: lots(A=1), 5: lots(A=1)})
    assert out(engine, 5) == [("A", 2, 3), ("B", 4, 5)]
    assert out(engine, 3) == [("A", 2, 3)]
    assert out(engine, 1) == []


def test_a_part_that_lies_elsewhere_is_within_reach(engine: Engine) -> None:
    both = pd.concat([lots(A=3), lots("W2", A=1)])
    record(engine, {1: both, 2: lots("W2", A=1), 3: lots(), 4: lots(A=2)})
    assert out(engine, 4) == [("A", 3, 3)]


def test_days_that_were_not_recorded_are_not_called_empty(engine: Engine) -> None:
    record(engine, {1: lots(A=3), 5: lots(B=1), 9: lots(A=1, B=1)})
    assert out(engine, 9) == [("A", 5, 5)]


def test_recording_a_night_again_replaces_it(engine: Engine) -> None:
    record(engine, {1: lots(A=3, B=2), 2: lots(A=3)})
    record(engine, {2: lots(A=4, B=2)})
    assert history(engine, 2) == {(2, "A"): 4, (2, "B"): 2}
    record(engine, {2: lots(A=3)})
    assert history(engine) == {(1, "A"): 3, (1, "B"): 2, (2, "A"): 3}
    assert out(engine, 2) == [("B", 2, 2)]


def test_a_night_before_the_last_recorded_one_is_left_as_it_was(engine: Engine) -> None:
    record(engine, {2: lots(A=3)})
    with engine.begin() as connection:
        assert not record_stock(connection, DAY[1], lots(A=9))
    assert history(engine) == {(2, "A"): 3}


def test_only_available_units_count_and_lots_of_a_part_add_up(engine: Engine) -> None:
    held = pd.concat([lots(A=3), lots(A=2), lots(A=9).assign(status="quarantine"), lots(B=0)])
    record(engine, {1: held})
    assert history(engine) == {(1, "A"): 5}


def test_an_empty_company_has_no_history(engine: Engine) -> None:
    assert history(engine) == {}
    assert out(engine, 5) == []
    record(engine, {1: lots()})
    assert out(engine, 5) == []
