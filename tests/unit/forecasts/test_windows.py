import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from forecasts import choice, windows
from forecasts.counted.thresholds import forecast_thresholds
from forecasts.distributions.moments import WIDTHS, Moments
from forecasts.history import History
from forecasts.weekly import window_sums
from forecasts.windows import (
    CALIBRATION,
    WindowTrial,
    mixed,
    mixed_by_class,
    score_windows,
    split_variance,
    spread_factors,
    threshold_moments,
)

WEEKS = np.array(WIDTHS, dtype=float)
NAN = np.nan


def moments(per_week, ratio=1.0, level=0.0):
    """Moments of series with that mean a week, noise variance / mean, and squared CV of the level."""
    mean = np.outer(np.atleast_1d(np.asarray(per_week, dtype=float)), WEEKS)
    return Moments(mean, ratio * mean + level * mean**2)


def drawn(said, seed=1):
    """Draw what a negative binomial of these moments would bring."""
    rng = np.random.default_rng(seed)
    size = said.mean**2 / (said.var - said.mean)
    return nbinom.rvs(size, said.mean / said.var, random_state=rng).astype(float)


def trial(parts, actual, classes="lumpy", decided=None):
    names = np.full(len(actual), classes, dtype=object)
    return WindowTrial(
        np.arange(len(names)), names, actual, np.ones(actual.shape, dtype=bool) if decided is None else decided, parts
    )


def chosen(scores):
    rows = scores[scores["chosen"]]
    return dict(zip(rows["demand_class"], rows["method"], strict=True))


@pytest.mark.parametrize(("ratio", "level"), [(1.0, 0.0), (1.7, 0.3), (5.0, 0.01), (1.0, 2.0)])
def test_noise_and_level_give_both_windows_variances_back(ratio, level):
    said = moments([0.02, 1.0, 60.0], ratio, level)
    dispersion, level_cv2 = split_variance(said)
    again = dispersion[:, None] * said.mean + level_cv2[:, None] * said.mean**2
    np.testing.assert_allclose(again, said.var, rtol=1e-9)
    np.testing.assert_allclose(dispersion, ratio)


def test_a_variance_that_grows_slower_than_the_mean_leaves_no_level_and_never_less_than_poisson():
    said = Moments(np.array([[4.0, 13.0], [4.0, 13.0], [0.0, 0.0]]), np.array([[8.0, 20.0], [2.0, 6.0], [0.0, 0.0]]))
    dispersion, level_cv2 = split_variance(said)
    assert level_cv2.tolist() == [0, 0, 0]
    np.testing.assert_allclose(dispersion, [20 / 13, 1, 1])


def test_windows_as_long_as_each_other_do_not_divide_by_nothing():
    dispersion, level_cv2 = split_variance(Moments(np.array([[5.0, 5.0]]), np.array([[6.0, 9.0]])))
    assert (dispersion[0], level_cv2[0]) == (pytest.approx(1.8), 0)


def test_a_mixture_has_the_mean_of_its_parts_and_the_spread_between_them():
    parts = {"a": moments([1.0]), "b": moments([3.0])}
    both = mixed(parts, "a+b")
    np.testing.assert_allclose(both.mean, [2 * WEEKS])
    np.testing.assert_allclose(both.var, [2 * WEEKS + WEEKS**2])


def test_a_mixture_says_nothing_where_a_part_says_nothing_or_was_not_asked():
    half = Moments(np.array([[1.0, 2.0], [NAN, NAN]]), np.array([[1.0, 2.0], [NAN, NAN]]))
    assert mixed({"a": moments([1.0, 1.0]), "b": half}, "a+b").spoken.tolist() == [True, False]
    assert mixed({"a": moments([1.0, 1.0])}, "a+c").spoken.tolist() == [False, False]


def test_every_series_follows_its_class_and_the_first_method_where_that_one_is_silent():
    fast = Moments(np.array([[NAN, NAN], [9.0, 9.0], [8.0, 8.0]]), np.ones((3, 2)))
    parts = {"simple": moments([1.0, 1.0, 1.0]), "fast": fast}
    classes = np.array(["x", "x", "y"], dtype=object)
    found, used = mixed_by_class(parts, classes, pd.Series({"x": "fast", "y": "simple"}))
    assert found.mean[:, 1].tolist() == [13, 9, 13]
    assert used.tolist() == ["simple", "fast", "simple"]


def test_the_method_that_tells_best_is_chosen_and_the_loss_is_per_week():
    right, low = moments(np.full(300, 2.0), 2.0), moments(np.full(300, 0.5), 2.0)
    scores = score_windows([trial({"low": low, "right": right}, drawn(right))], {})
    assert chosen(scores) == {"all": "right", "lumpy": "right"}
    assert set(scores["method"]) == {"low", "right", "low+right"}
    own = scores[(scores["method"] == "right") & (scores["demand_class"] == "lumpy")].iloc[0]
    assert (own["origins"], own["cells"]) == (1, 600)
    assert 0.88 <= own["coverage_p90"] <= 0.95
    # In 4 weeks a mean of 8 and a deviation of 4: some 0.3 deviations a decile, or 0.3 units a week.
    assert 0.15 < own["pinball"] < 0.6


def test_a_mixture_is_chosen_where_the_truth_lies_between():
    low, high = moments(np.full(400, 1.0)), moments(np.full(400, 3.0))
    truth = moments(np.full(400, 2.0), 1.5)
    assert chosen(score_windows([trial({"low": low, "high": high}, drawn(truth))], {}))["lumpy"] == "low+high"


def test_cells_that_are_unknown_or_of_which_a_method_is_silent_do_not_count():
    right = moments(np.full(300, 2.0), 2.0)
    silent = Moments(np.where(np.arange(300)[:, None] < 100, NAN, right.mean), right.var)
    actual = drawn(right)
    decided = np.ones(actual.shape, dtype=bool)
    decided[:, 1] = False
    scores = score_windows([trial({"a": right, "b": silent}, actual, decided=decided)], {})
    cells = scores[scores["demand_class"] == "all"].set_index("method")["cells"]
    assert cells.to_dict() == {"a": 300, "b": 200, "a+b": 200}


def test_a_class_too_small_to_judge_follows_everything_and_keeps_no_method_of_its_own():
    few = choice.FEWEST_CELLS // 2 - 1
    right, low = moments(np.full(few, 2.0), 2.0), moments(np.full(few, 0.5), 2.0)
    scores = score_windows([trial({"low": low, "right": right}, drawn(right))], {})
    assert chosen(scores) == {"all": "right"}


def test_coverage_of_the_randomised_quantile_is_exact_however_few_units_sell():
    for per_week in (0.02, 0.3, 10.0):
        right = moments(np.full(40_000, per_week), 2.0, 0.1)
        actual = drawn(right)
        covered = windows._coverage([(right, actual, np.ones(actual.shape, dtype=bool))], 1.0)
        assert covered == pytest.approx(0.9, abs=0.005)


def test_a_class_whose_p90_holds_is_left_as_it_is():
    right = moments(np.full(2_000, 1.0), 2.0)
    found = spread_factors([trial({"a": right}, drawn(right))], pd.Series({"lumpy": "a"}))
    assert tuple(found.columns) == CALIBRATION
    row = found.iloc[0]
    assert (row["demand_class"], row["cells"], row["variance_factor"]) == ("lumpy", 4_000, 1.0)
    assert row["coverage"] == row["coverage_used"] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("ratio", "factor"), [(4.0, 2.0), (1.3, 0.6)])
def test_a_class_that_is_off_is_widened_or_narrowed_until_its_p90_holds(ratio, factor):
    said, truth = moments(np.full(4_000, 3.0), 2.0), moments(np.full(4_000, 3.0), ratio)
    row = spread_factors([trial({"a": said}, drawn(truth))], pd.Series({"lumpy": "a"})).iloc[0]
    assert row["variance_factor"] == pytest.approx(factor, abs=0.26)
    assert abs(row["coverage"] - 0.9) > 0.02
    assert row["coverage_used"] == pytest.approx(0.9, abs=0.02)


def test_a_class_too_small_or_never_asked_is_not_calibrated():
    right = moments(np.full(50, 1.0), 2.0)
    methods = pd.Series({"lumpy": "a", "smooth": "thresholds"})
    found = spread_factors([trial({"a": right}, drawn(right))], methods)
    assert found.empty
    assert found["variance_factor"].dtype == float


def weeks(exposure=None, series=80, periods=80) -> History:
    demand = np.random.default_rng(7).poisson(2.0, size=(series, periods)).astype(float)
    ids = pd.Index([f"s{k:02d}" for k in range(series)])
    of = None if exposure is None else np.zeros(series, dtype=np.int64)
    categories = pd.DataFrame(index=ids)
    return History(ids, demand, np.zeros(demand.shape, dtype=bool), categories, 52, exposure, of)


def spent(times=1.0, series=80):
    return times * np.tile(WEEKS, (series, 1))


def test_where_exposure_is_as_ever_windows_are_learned_as_they_are():
    found = threshold_moments(weeks(), spent(), seed=1)
    plain = [forecast_thresholds(window_sums(weeks(), width), [width]).moments() for width in WIDTHS]
    for place, (mean, var) in enumerate(plain):
        np.testing.assert_allclose(found.mean[:, place], mean[:, 0])
        np.testing.assert_allclose(found.var[:, place], np.maximum(var, 0)[:, 0], rtol=1e-9)


@pytest.mark.parametrize("times", [0.1, 3.0])
def test_exposure_never_seen_moves_the_mean_alike_and_the_noise_with_it(times):
    ahead = np.full((1, 13), times)
    usual = threshold_moments(weeks(), spent(), seed=1)
    found = threshold_moments(weeks(np.concatenate([np.ones((1, 80)), ahead], axis=1)), spent(times), seed=1)
    np.testing.assert_allclose(found.mean, times * usual.mean, rtol=1e-9)
    for before, after in zip(split_variance(usual), split_variance(found), strict=True):
        np.testing.assert_allclose(after, before, atol=0.02, rtol=0.02)


def test_exposure_as_seen_before_is_learned_not_taken_in_proportion():
    # Every other quarter twice the exposure, and demand that does not care.
    swing = 1.0 + (np.arange(11, 104) // 13 % 2)[None, :]
    found = threshold_moments(weeks(swing), spent(2.0), seed=1)
    assert swing[0, 79:].tolist() == [1.0] + [2.0] * 13
    assert found.mean[:, 0].mean() < 1.3 * 8


def test_a_window_hardly_open_is_unknown_not_without_demand():
    exposure = np.ones((1, 93))
    exposure[:, 60:80] = 0.0
    shut = weeks(exposure)
    shut.demand[:, 60:] = 0.0
    found, usual = threshold_moments(shut, spent(), seed=1), threshold_moments(weeks(), spent(), seed=1)
    np.testing.assert_allclose(found.mean.mean(axis=0), usual.mean.mean(axis=0), rtol=0.15)
