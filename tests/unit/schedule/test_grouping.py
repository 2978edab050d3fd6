import numpy as np
import pandas as pd

from vmi.schedule.grouping import any_in, distinct, in_order, least_in, numbered

LANES = pd.DataFrame(
    {"warehouse_id": ["HZ", "GZ", "HZ", "GZ"], "day": pd.to_datetime(["2026-11-10", "2026-11-09"] * 2), "line": 7}
)


def test_groups_are_numbered_in_the_order_of_their_keys():
    keys = ["warehouse_id", "day"]
    assert numbered(*(LANES[key] for key in keys)).tolist() == LANES.groupby(keys).ngroup().tolist() == [1, 0, 1, 0]
    assert numbered(LANES["day"].iloc[:0]).tolist() == []


def test_a_member_counts_once_in_a_group_and_not_at_all_without_one():
    assert distinct(np.array([0, 0, 2, 2, -1]), np.array([5, 5, 5, 6, 9]), 4).tolist() == [1, 0, 2, 0]


def test_a_flag_is_seen_by_the_whole_group():
    assert any_in(np.array([0, 1, 0, 2]), [False, False, True, False]).tolist() == [True, False, True, False]


def test_the_least_of_a_group_is_that_of_each_of_its_rows():
    assert least_in(np.array([1, 0, 1]), np.array([4.0, 9.0, 3.0])).tolist() == [3.0, 9.0, 3.0]


def test_rows_that_are_equal_keep_their_order_and_what_has_no_moment_comes_last():
    table = pd.DataFrame({"line": [2, 1, 1], "eta": pd.to_datetime(["NaT", "NaT", "2026-11-09"]), "was": [0, 1, 2]})
    assert in_order(table, "line", "eta")["was"].tolist() == [2, 1, 0]
    assert in_order(table.assign(line=1), "line")["was"].tolist() == [0, 1, 2]
