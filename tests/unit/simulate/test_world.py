import pandas as pd

from vmi.simulate.world import carried_out


def overrides(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["part_id", "kind", "value"])
    return frame.assign(warehouse_id="W1")


def test_an_order_override_is_ordered_once() -> None:
    ordered = pd.DataFrame({"part_id": ["P1", "P2", "P3"], "warehouse_id": "W1", "qty": [4, 4, 4]})
    left = carried_out(overrides(("P1", "order", 4), ("P2", "order", 6), ("P3", "min", 4), ("P4", "order", 1)), ordered)
    assert left[["part_id", "value"]].to_numpy().tolist() == [["P2", 2.0], ["P3", 4.0], ["P4", 1.0]]
