import pandas as pd
import pytest

from vmi.network import arcs, city_weights, first_cover


def lanes(*rows: tuple[str, str, str, float, str, float, float]) -> pd.DataFrame:
    names = ["warehouse_id", "city", "service", "transit_hours", "cut_off", "cost_per_shipment", "cost_per_kg"]
    return pd.DataFrame(rows, columns=names)


LANES = lanes(
    ("W1", "Hefei", "standard", 10, "17:00", 12, 1.0),
    ("W2", "Hefei", "standard", 20, "17:00", 30, 2.0),
    ("W1", "Wuhan", "standard", 40, "17:00", 5, 1.0),
    ("W2", "Wuhan", "standard", 12, "17:00", 20, 1.0),
    ("W2", "Yichang", "standard", 14, "17:00", 20, 1.0),
    ("W1", "Hefei", "same_day", 4, "13:00", 90, 2.0),
    ("W2", "Wuhan", "same_day", 12, "13:00", 90, 2.0),
)
COVER = first_cover(LANES)
CENTRES = pd.DataFrame({"centre_id": ["C1", "C2", "C3"], "city": ["Hefei", "Wuhan", "Yichang"]})
USAGE = pd.DataFrame({"centre_id": ["C1", "C2", "C2"], "lines": [4, 5, 3]})


def test_a_lane_that_keeps_the_promise_is_taken_before_a_cheaper_one() -> None:
    assert COVER.set_index("city")["warehouse_id"].to_dict() == {"Hefei": "W1", "Wuhan": "W2", "Yichang": "W2"}
    assert first_cover(LANES, promise_hours=72).set_index("city").loc["Wuhan", "warehouse_id"] == "W1"


def test_a_city_is_covered_late_rather_than_not_at_all() -> None:
    assert first_cover(lanes(("W1", "Lhasa", "standard", 90, "17:00", 50, 9)))["warehouse_id"].tolist() == ["W1"]


def test_a_city_with_only_a_same_day_lane_is_not_covered() -> None:
    assert first_cover(lanes(("W1", "Lhasa", "same_day", 9, "17:00", 50, 9))).empty


def test_row_order_of_lanes_does_not_matter() -> None:
    pd.testing.assert_frame_equal(COVER, first_cover(LANES.iloc[::-1]))


def test_cities_weigh_by_their_lines_and_their_centres() -> None:
    found = city_weights(COVER, CENTRES, USAGE)
    assert found.to_dict() == pytest.approx({"Hefei": 1.0, "Wuhan": 0.9, "Yichang": 0.1})


def test_a_region_without_centres_has_equal_weights() -> None:
    found = city_weights(COVER, CENTRES.iloc[:1], USAGE)
    assert found[["Wuhan", "Yichang"]].tolist() == [0.5, 0.5]


def test_an_arc_says_which_share_keeps_the_promise_and_what_it_costs_more() -> None:
    found = arcs(LANES, COVER, city_weights(COVER, CENTRES, USAGE)).set_index(["warehouse_id", "region"])
    assert len(found) == 4
    own = found.loc[("W2", "W2")]
    assert own[["kept_share", "reach_share", "extra_per_shipment", "extra_per_kg"]].tolist() == [1, 1, 0, 0]
    far = found.loc[("W1", "W2")]
    assert far[["kept_share", "reach_share", "extra_per_shipment"]].tolist() == pytest.approx([0, 0.9, -15])
    assert found.loc[("W2", "W1"), ["extra_per_shipment", "extra_per_kg"]].tolist() == [18, 1]


def test_same_day_reach_counts_lanes_that_arrive_before_midnight() -> None:
    found = arcs(LANES, COVER, city_weights(COVER, CENTRES, USAGE)).set_index(["warehouse_id", "region"])
    assert found["same_day_share"].to_dict() == {("W1", "W1"): 1, ("W1", "W2"): 0, ("W2", "W1"): 0, ("W2", "W2"): 0}
