from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.history import History

IDS = pd.Index(["a", "b", "c"])
DEMAND = np.array([[1.0, 0, 2, 3], [np.nan, np.nan, 4, 0], [5, 6, np.nan, 7]])
BOUND = np.array([[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]], dtype=bool)
FAMILIES = pd.DataFrame({"family": ["F", "G", "F"]}, index=IDS)
HISTORY = History(IDS, DEMAND, BOUND, FAMILIES, season=12)
PROFILES = {"exposure": np.array([[1.0, 2, 1, 2, 1, 2], [1, 1, 1, 1, 3, 3]]), "exposure_of": np.array([0, 1, 0])}


def test_a_cell_is_known_when_observed_and_not_only_a_lower_bound():
    assert HISTORY.known().tolist() == [
        [True, True, False, True],
        [False, False, True, True],
        [False, True, False, True],
    ]


def test_series_and_periods_are_counted():
    assert (len(HISTORY), HISTORY.periods) == (3, 4)


def test_until_an_origin_nothing_later_is_known():
    past = HISTORY.until(2)
    np.testing.assert_array_equal(past.demand, DEMAND[:, :2])
    np.testing.assert_array_equal(past.bound, BOUND[:, :2])
    assert (past.periods, past.season) == (2, 12)


def test_until_an_origin_exposure_ahead_stays_known():
    past = replace(HISTORY, **PROFILES).until(2)
    np.testing.assert_array_equal(past.exposures(4)[0], PROFILES["exposure"])


def test_taking_rows_takes_everything_of_them():
    part = replace(HISTORY, **PROFILES).take([1, 2])
    assert part.ids.tolist() == ["b", "c"] and part.categories["family"].tolist() == ["G", "F"]
    np.testing.assert_array_equal(part.demand, DEMAND[[1, 2]])
    np.testing.assert_array_equal(part.bound, BOUND[[1, 2]])
    assert part.exposures(1)[1].tolist() == [1, 0]


def test_rows_taken_out_of_order_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        HISTORY.take([2, 0])


def test_exposure_is_one_if_none_is_given():
    exposure, of = HISTORY.exposures(3)
    np.testing.assert_array_equal(exposure, np.ones((1, 7)))
    assert of.tolist() == [0, 0, 0]


def test_exposure_is_cut_to_the_periods_asked():
    exposure, of = replace(HISTORY, **PROFILES).exposures(1)
    np.testing.assert_array_equal(exposure, PROFILES["exposure"][:, :5])
    assert of.tolist() == [0, 1, 0]


def test_exposure_too_short_for_the_horizon_is_refused():
    with pytest.raises(ValueError, match="exposure of 6 periods, 7 needed"):
        replace(HISTORY, **PROFILES).exposures(3)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"demand": DEMAND[:, :3]}, "do not fit"),
        ({"demand": DEMAND[:2], "bound": BOUND[:2]}, "do not fit"),
        ({"ids": pd.Index(["a", "c", "b"])}, "sorted and unique"),
        ({"ids": pd.Index(["a", "b", "b"])}, "sorted and unique"),
        ({"categories": FAMILIES.iloc[::-1]}, "categories"),
        ({"categories": FAMILIES.reset_index(drop=True)}, "categories"),
        ({"demand": np.where(DEMAND == 3, -1.0, DEMAND)}, "not negative"),
        ({"demand": np.where(DEMAND == 3, np.inf, DEMAND)}, "finite"),
    ],
)
def test_what_cannot_be_a_history_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        replace(HISTORY, **change)


def test_unknown_demand_is_no_error():
    assert not replace(HISTORY, demand=np.full((3, 4), np.nan)).known().any()


def test_a_history_without_categories_or_series_is_one():
    assert replace(HISTORY, categories=pd.DataFrame(index=IDS)).categories.shape == (3, 0)
    assert len(HISTORY.take([])) == 0
