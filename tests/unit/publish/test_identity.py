"""Line ids stay from plan to plan; plan ids are made of all that made the plan."""

import pandas as pd
import pytest

from vmi.publish.identity import line_ids, plan_id


def lines(**changes: object) -> pd.DataFrame:
    row = {
        "supplier_id": "S1",
        "part_id": "P1",
        "warehouse_id": "W1",
        "commitment": "firm",
        "due_on": pd.Timestamp("2026-11-26"),
        "qty": 8,
    }
    return pd.DataFrame([{**row, **changes}])


def test_a_line_id_is_a_letter_and_sixteen_digits_that_never_change() -> None:
    assert line_ids("replenishment", lines()).tolist() == ["R-f71e4eabcea3bcec"]


def test_a_quantity_is_no_part_of_the_key() -> None:
    assert line_ids("replenishment", lines(qty=99)).equals(line_ids("replenishment", lines()))


@pytest.mark.parametrize(
    "change",
    [
        {"supplier_id": "S2"},
        {"part_id": "P2"},
        {"warehouse_id": "W2"},
        {"commitment": "forecast"},
        {"due_on": pd.Timestamp("2026-11-27")},
    ],
)
def test_each_part_of_the_key_changes_the_id(change: dict[str, object]) -> None:
    assert line_ids("replenishment", lines(**change)).tolist() != line_ids("replenishment", lines()).tolist()


def test_a_line_of_a_key_that_is_still_open_gets_the_next_number() -> None:
    (first,) = line_ids("replenishment", lines())
    (second,) = line_ids("replenishment", lines(), taken=[first, "R-0000000000000000", "not ours"])
    (third,) = line_ids("replenishment", lines(), taken=[second])
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_lines_of_one_key_are_numbered_by_their_other_columns_in_any_row_order() -> None:
    two = pd.concat([lines(qty=8), lines(qty=4)], ignore_index=True)
    ids = line_ids("replenishment", two)
    assert ids.is_unique
    assert line_ids("replenishment", two.iloc[::-1]).sort_index().equals(ids)


def test_no_lines_have_no_ids() -> None:
    assert line_ids("replenishment", lines().iloc[:0]).tolist() == []


def test_ids_of_the_four_kinds_differ_in_their_letter() -> None:
    lot = {"lot_id": ["L1"], "received_on": [pd.Timestamp("2026-08-01")], "supplier_id": ["S1"], "part_id": ["P1"]}
    returned = pd.DataFrame({**lot, "warehouse_id": ["W1"]})
    moved = pd.DataFrame({**lot, "from_warehouse": ["W1"], "to_warehouse": ["W2"]})
    order = {"order_id": ["O1"], "line_no": [1], "source": ["none"], "warehouse_id": [""]}
    delivered = pd.DataFrame({**lot, **order})
    ids = [*line_ids("returns", returned), *line_ids("transfers", moved), *line_ids("deliveries", delivered)]
    assert [i[:2] for i in ids] == ["B-", "T-", "D-"]


def test_a_plan_id_names_the_day_and_changes_with_whatever_made_the_plan() -> None:
    day = pd.Timestamp("2026-11-20")
    made = plan_id(day, "0.1", "config", "inputs")
    others = {
        plan_id(day, "0.2", "config", "inputs"),
        plan_id(day, "0.1", "other", "inputs"),
        plan_id(day, "0.1", "config", "other"),
        plan_id(day, "0.1", "config", "inputs", "dispatch"),
    }
    assert made.startswith("P20261120-")
    assert len(made) == 20
    assert made == plan_id(day, "0.1", "config", "inputs")
    assert len(others | {made}) == 5
    assert plan_id(pd.Timestamp("2026-11-20 17:40", tz="Asia/Shanghai"), "", "", "", "dispatch").startswith(
        "D20261120T1740-"
    )
