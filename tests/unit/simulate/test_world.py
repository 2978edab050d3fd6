import pandas as pd

from vmi.frames import STOCKOUTS
from vmi.simulate.reach import OutOfReach
from vmi.simulate.world import carried_out


def overrides(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["part_id", "kind", "value"])
    return frame.assign(warehouse_id="W1")


def test_an_order_override_is_ordered_once() -> None:
    ordered = pd.DataFrame({"part_id": ["P1", "P2", "P3"], "warehouse_id": "W1", "qty": [4, 4, 4]})
    left = carried_out(overrides(("P1", "order", 4), ("P2", "order", 6), ("P3", "min", 4), ("P4", "order", 1)), ordered)
    assert left[["part_id", "value"]].to_numpy().tolist() == [["P2", 2.0], ["P3", 4.0], ["P4", 1.0]]


DAY = pd.Timestamp("2026-11-10")


def lots(*parts: str) -> pd.DataFrame:
    return pd.DataFrame({"part_id": list(parts), "qty": 1, "status": "available"})


def test_a_part_that_is_out_when_the_simulation_begins_is_out_until_it_lies_somewhere() -> None:
    known = pd.DataFrame({"part_id": ["P1"], "first_day": [DAY - pd.Timedelta(days=9)], "last_day": [DAY]})
    reach = OutOfReach(known, lots("P2"), DAY)
    reach.note(DAY + pd.Timedelta(days=1), lots("P2"))
    assert reach.spans(DAY + pd.Timedelta(days=1))["last_day"].tolist() == [DAY + pd.Timedelta(days=1)]
    reach.note(DAY + pd.Timedelta(days=2), lots("P1"))
    spans = reach.spans(DAY + pd.Timedelta(days=2)).sort_values("part_id").to_numpy().tolist()
    assert spans == [
        ["P1", DAY - pd.Timedelta(days=9), DAY + pd.Timedelta(days=1)],
        ["P2", DAY + pd.Timedelta(days=2), DAY + pd.Timedelta(days=2)],
    ]


def test_a_part_that_never_lay_anywhere_is_not_out_of_reach() -> None:
    reach = OutOfReach(STOCKOUTS.empty(), lots("P2"), DAY)
    reach.note(DAY + pd.Timedelta(days=1), lots("P2"))
    assert reach.spans(DAY + pd.Timedelta(days=1)).empty
