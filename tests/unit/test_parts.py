import numpy as np
import pandas as pd

from vmi.parts import with_usual_sizes

PARTS = pd.DataFrame(
    {
        "part_id": ["A", "B", "C", "D", "E"],
        "family": ["brake", "brake", "brake", "body", "body"],
        "volume_l": [1.0, 3.0, np.nan, 9.0, 9.0],
        "weight_kg": [2.0, 2.0, 2.0, np.nan, np.nan],
    }
)


def test_an_unknown_size_is_the_familys_median_then_that_of_all_parts() -> None:
    found = with_usual_sizes(PARTS)
    assert found["volume_l"].tolist() == [1.0, 3.0, 2.0, 9.0, 9.0]
    assert found["weight_kg"].tolist() == [2.0] * 5


def test_where_nothing_is_known_sizes_are_nothing() -> None:
    found = with_usual_sizes(PARTS.assign(volume_l=np.nan, weight_kg=np.nan))
    assert found[["volume_l", "weight_kg"]].eq(0.0).all(axis=None)


def test_known_sizes_and_the_frame_given_are_left_alone() -> None:
    before = PARTS.copy()
    assert with_usual_sizes(PARTS)["volume_l"].dropna().iloc[0] == 1.0
    pd.testing.assert_frame_equal(PARTS, before)
