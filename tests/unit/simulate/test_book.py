from dataclasses import replace

import pandas as pd
import pytest

from tests.unit.simulate.policies_company import situation
from vmi.frames import OPEN_ORDERS
from vmi.simulate.book import Book, both

ZONE = "Asia/Shanghai"


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE)


def line(order_id: str, ordered_at: str, qty: int = 2) -> dict[str, object]:
    line = {"order_id": order_id, "line_no": 1, "ordered_at": moment(ordered_at), "centre_id": "C1", "qty": qty}
    return line | {"part_id": "P1", "service": "standard"}


@pytest.fixture
def book() -> Book:
    opening = situation()
    waiting = pd.DataFrame([line("O1", "2026-11-19 10:00")])
    promised = pd.Series([moment("2026-11-21 10:00")])
    waiting = waiting.assign(status="open", first_promise=promised)[list(OPEN_ORDERS.columns)]
    opening = replace(opening, open_orders=waiting, timezone=ZONE)
    lines = both(opening, pd.DataFrame([line("O3", "2026-11-22 09:00", 1), line("O2", "2026-11-21 08:00", 5)]))
    return Book(opening, lines, lines["ordered_at"] + pd.Timedelta(hours=48))


def piece(order_id: str, qty: int, ship_at: str, come_at: str, warehouse_id: str = "W1") -> pd.DataFrame:
    row = {"order_id": order_id, "line_no": 1, "warehouse_id": warehouse_id, "qty": qty}
    return pd.DataFrame([row | {"ship_at": moment(ship_at), "come_at": moment(come_at)}])


def test_a_line_is_seen_from_the_moment_it_is_ordered(book: Book) -> None:
    assert book.open_at(moment("2026-11-21 08:00"))["order_id"].tolist() == ["O1"]
    assert book.open_at(moment("2026-11-21 08:01"))["order_id"].tolist() == ["O1", "O2"]


def test_a_line_arrives_with_its_last_piece(book: Book) -> None:
    book.ship(piece("O2", 3, "2026-11-21 13:00", "2026-11-22 09:00"))
    half = book.standing().set_index("order_id").loc["O2"]
    assert half["left"] == 2 and pd.isna(half["delivered_at"])
    book.ship(piece("O2", 2, "2026-11-21 17:00", "2026-11-21 20:00", "W2"))
    whole = book.standing().set_index("order_id").loc["O2"]
    assert whole["delivered_at"] == moment("2026-11-22 09:00")
    assert whole["shipped_at"] == moment("2026-11-21 17:00")
    assert whole["warehouse_id"] == "W1"


def test_what_has_left_is_owed_no_more(book: Book) -> None:
    book.ship(piece("O2", 3, "2026-11-21 13:00", "2026-11-22 09:00"))
    seen = book.open_at(moment("2026-11-22 00:00")).set_index("order_id")
    assert seen["qty"].to_dict() == {"O1": 2, "O2": 2}


def test_more_than_is_owed_cannot_leave(book: Book) -> None:
    with pytest.raises(ValueError, match="O1/1: more units leave than are owed"):
        book.ship(piece("O1", 3, "2026-11-21 13:00", "2026-11-22 09:00"))


def test_a_first_promise_is_never_moved(book: Book) -> None:
    told = pd.DataFrame({"order_id": ["O1", "O2"], "line_no": 1, "first_promise": moment("2026-11-30 10:00")})
    book.promise(told)
    book.promise(told.assign(first_promise=moment("2026-12-30 10:00")))
    known = book.lines.set_index("order_id")["first_promise"]
    assert known["O1"] == moment("2026-11-21 10:00")
    assert known["O2"] == moment("2026-11-30 10:00")


def test_usage_is_what_was_ordered_on_the_day_and_not_what_was_open_before(book: Book) -> None:
    assert book.usage(pd.Timestamp("2026-11-19")).empty
    told = book.usage(pd.Timestamp("2026-11-21"))
    assert told[["part_id", "centre_id", "service", "qty", "lines"]].to_numpy().tolist() == [
        ["P1", "C1", "standard", 5, 1]
    ]


def test_a_promise_at_midnight_belongs_to_the_day_before(book: Book) -> None:
    opening = situation()
    lines = both(replace(opening, timezone=ZONE), pd.DataFrame([line("O9", "2026-11-21 00:00")]))
    found = Book(opening, lines, lines["ordered_at"] + pd.Timedelta(hours=48)).lines
    assert found.loc[found["order_id"].eq("O9"), "due_day"].tolist() == [pd.Timestamp("2026-11-22")]
