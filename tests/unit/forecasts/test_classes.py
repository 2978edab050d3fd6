import numpy as np
import pandas as pd

from forecasts.classes import classify
from forecasts.history import History


def history(**series: list[float]) -> History:
    """Series of periods, oldest first; a shorter one is unknown before its first."""
    periods = max(map(len, series.values()))
    ids = pd.Index(sorted(series))
    demand = np.array([[np.nan] * (periods - len(series[name])) + list(series[name]) for name in ids], dtype=float)
    return History(ids, demand, np.zeros(demand.shape, dtype=bool), pd.DataFrame(index=ids))


def test_the_four_quadrants_of_syntetos_and_boylan_and_the_two_besides():
    given = {
        "smooth": [4, 5, 4, 5] * 5,
        "erratic": [1, 20, 1, 1] * 5,
        "intermittent": [0, 4, 0, 4] * 5,
        "lumpy": [0, 1, 0, 30, 0, 1, 0, 2] * 2 + [0, 1, 0, 1],
        "none": [0] * 20,
        "new": [1, 2],
    }
    found = classify(history(**given), 8)
    assert found["demand_class"].to_dict() == {name: name for name in sorted(given)}
    assert found.index.name == "unique_id"


def test_adi_is_periods_per_period_with_demand_and_cv2_that_of_the_demand():
    found = classify(history(a=[0, 2, 0, 0, 4, 0]), 2).loc["a"]
    # Two of six periods; mean 3, variance 1.
    assert found["adi"] == 3.0
    assert found["cv2"] == round(1 / 9, 6)


def test_periods_before_the_first_known_one_and_gaps_do_not_count():
    found = classify(history(a=[2, np.nan, 0, 2], b=[0] * 8), 2)
    assert found.loc["a", "adi"] == 1.5


def test_a_series_is_new_until_observed_for_long_enough():
    given = history(a=[1, 1, 1], b=[1] * 9)
    assert classify(given, 4).loc["a", "demand_class"] == "new"
    assert classify(given, 3).loc["a", "demand_class"] == "smooth"


def test_a_new_series_without_demand_is_new():
    assert classify(history(a=[0, 0], b=[1] * 9), 4).loc["a", "demand_class"] == "new"


def test_without_demand_adi_and_cv2_are_unknown():
    assert classify(history(a=[0] * 9), 2).loc["a", ["adi", "cv2"]].isna().all()


def test_the_cut_offs_belong_to_the_upper_class():
    # ADI exactly 33 / 25 = 1.32; squared CV exactly 0.49 = 0.7² of 17 and 3 (mean 10, deviation 7).
    found = classify(history(often=[2.0] * 25 + [0] * 8, even=[17.0, 3.0] * 10), 2)
    assert found["demand_class"].to_dict() == {"often": "intermittent", "even": "erratic"}


def test_a_panel_that_knows_nothing_is_all_new():
    assert classify(history(a=[np.nan] * 4), 2)["demand_class"].tolist() == ["new"]
