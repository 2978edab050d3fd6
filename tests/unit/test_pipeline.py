import pandas as pd
import pytest

from vmi.pipeline import open_plan_lines

AS_OF = pd.Timestamp("2026-11-20")
DAY = {n: pd.Timestamp("2026-11-01") + pd.Timedelta(days=n - 1) for n in range(1, 31)}
FIRM = ["line_id", "supplier_id", "part_id", "warehouse_id", "qty", "ship_on", "due_on", "published_as_of"]


def line(line_id: str, qty: int = 10, published: int = 1, due: int = 12, part: str = "P", warehouse: str = "W") -> list:
    return [line_id, "S", part, warehouse, qty, DAY[due - 5], DAY[due], DAY[published]]


def answer(line_id: str, answer: str, qty: float = float("nan"), ship_on: int | None = None) -> dict:
    return {
        "line_id": line_id,
        "answer": answer,
        "confirmed_qty": qty,
        "confirmed_ship_on": DAY[ship_on] if ship_on else pd.NaT,
    }


def shipment(line_id: str, qty: int, number: int = 1) -> dict:
    return {"line_id": line_id, "shipment_id": f"ASN{number}", "line_no": 1, "qty": qty}


def lot(lot_id: str, qty: int, received: int, warehouse: str = "W", part: str = "P", seen: int = 1) -> dict:
    place = {"warehouse_id": warehouse, "part_id": part, "lot_id": lot_id}
    return {**place, "received_on": DAY[received], "qty": qty, "import_id": seen}


def still_open(
    lines: list[list], answers: tuple = (), inbound: tuple = (), seen: tuple = (), lots: tuple = (), as_of=AS_OF
) -> pd.DataFrame:
    shipments = ["line_id", "shipment_id", "line_no", "qty"]
    return open_plan_lines(
        pd.DataFrame(lines, columns=FIRM),
        pd.DataFrame(list(answers), columns=["line_id", "answer", "confirmed_qty", "confirmed_ship_on"]),
        pd.DataFrame(list(inbound), columns=shipments),
        pd.DataFrame([*seen, *inbound], columns=shipments),
        pd.DataFrame(list(lots), columns=["warehouse_id", "part_id", "lot_id", "received_on", "qty", "import_id"]),
        as_of,
    )


def quantities(*arguments, **named) -> dict[str, int]:
    return still_open(*arguments, **named).set_index("line_id")["qty"].to_dict()


def test_a_line_that_nobody_answered_stays_open_even_when_late() -> None:
    assert quantities([line("L", due=12)]) == {"L": 10}


def test_lines_of_the_same_or_a_later_plan_do_not_count() -> None:
    assert quantities([line("today", published=20), line("later", published=21), line("before", published=19)]) == {
        "before": 10
    }


def test_the_latest_publication_of_a_line_states_it_anew() -> None:
    assert quantities([line("L", 15, published=3), line("L", 10, published=2)]) == {"L": 15}


def test_a_rejected_line_is_closed() -> None:
    assert quantities([line("L"), line("M")], [answer("L", "reject")]) == {"M": 10}


def test_an_accepted_line_stays_open_until_it_is_on_its_way() -> None:
    assert quantities([line("L")], [answer("L", "accept")]) == {"L": 10}


def test_a_confirmed_quantity_replaces_the_line_s_and_none_closes_it() -> None:
    assert quantities([line("L"), line("M")], [answer("L", "quantity", 4), answer("M", "quantity", 0)]) == {"L": 4}


def test_a_confirmed_day_moves_shipping_and_due_day_together() -> None:
    found = still_open([line("L", due=12)], [answer("L", "date", ship_on=10)])
    assert (found["ship_on"][0], found["due_on"][0]) == (DAY[10], DAY[15])


def test_units_on_their_way_are_counted_in_inbound_and_the_rest_stays_open() -> None:
    assert quantities([line("L"), line("M")], inbound=[shipment("L", 10), shipment("M", 4)]) == {"M": 6}


def test_a_shipment_larger_than_the_line_closes_it() -> None:
    assert quantities([line("L")], inbound=[shipment("L", 12)]) == {}


def test_two_shipments_of_a_line_add_up() -> None:
    assert quantities([line("L")], inbound=[shipment("L", 4, 1), shipment("L", 5, 2)]) == {"L": 1}


def test_a_line_whose_shipment_has_left_inbound_was_received() -> None:
    assert quantities([line("L")], seen=[shipment("L", 10)]) == {}
    assert quantities([line("L")], seen=[shipment("L", 4, 1)], inbound=[shipment("L", 4, 2)]) == {}


def test_a_lot_that_arrived_unannounced_serves_the_line_due_first() -> None:
    lines = [line("later", due=15), line("first", due=12)]
    assert quantities(lines, lots=[lot("A", 13, received=9)]) == {"later": 7}


def test_a_lot_that_was_there_before_the_line_does_not_serve_it() -> None:
    assert quantities([line("L", published=9)], lots=[lot("A", 10, received=9), lot("B", 10, received=5)]) == {"L": 10}


def test_units_beyond_what_was_outstanding_do_not_serve_lines_published_later() -> None:
    lines = [line("early", published=1), line("late", published=10, due=18)]
    assert quantities(lines, lots=[lot("A", 25, received=8)]) == {"late": 10}


def test_a_lot_explained_by_a_received_shipment_serves_no_other_line() -> None:
    lines = [line("shipped", due=14), line("waiting", due=12)]
    lots = [lot("A", 9, received=9)]
    assert quantities(lines, seen=[shipment("shipped", 10)], lots=lots) == {"waiting": 10}


def test_a_lot_serves_only_its_own_part_and_warehouse() -> None:
    lines = [line("L"), line("M", part="Q"), line("N", warehouse="V")]
    assert quantities(lines, lots=[lot("A", 10, received=9)]) == {"M": 10, "N": 10}


def test_a_lot_known_from_another_warehouse_is_a_transfer_and_serves_no_line() -> None:
    lots = [lot("A", 10, received=9, warehouse="V", seen=1), lot("A", 10, received=9, warehouse="W", seen=2)]
    assert quantities([line("L")], lots=lots) == {"L": 10}


@pytest.mark.parametrize("arguments", [{}, {"lots": [lot("A", 1, received=9)]}, {"seen": [shipment("gone", 1)]}])
def test_without_lines_nothing_is_open(arguments: dict) -> None:
    found = still_open([], **arguments)
    assert found.empty
    assert list(found.columns) == FIRM
