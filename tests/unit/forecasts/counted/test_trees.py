import numpy as np
import pytest

from forecasts.counted.trees import BINS, fit_forest


def rows(size=20_000, seed=3):
    """Three features; demand doubles only where the first is above 0.5 and the second above 0.3, the third is idle."""
    random = np.random.default_rng(seed)
    features = random.random((size, 3))
    both = (features[:, 0] > 0.5) & (features[:, 1] > 0.3)
    return features, random.poisson(np.where(both, 4.0, 2.0)).astype(float), both


def test_what_two_features_make_together_is_found():
    features, actual, _ = rows()
    forest = fit_forest(features, actual, np.full(len(actual), np.log(2.0)), np.ones(len(actual)), seed=1)
    fresh, _, together = rows(seed=4)
    ratio = np.exp(forest.predict(fresh))
    assert ratio[together].mean() == pytest.approx(2.0, rel=0.05)
    assert ratio[~together].mean() == pytest.approx(1.0, rel=0.05)


def test_an_offset_that_is_right_leaves_nothing_to_learn():
    features, actual, both = rows()
    forest = fit_forest(features, actual, np.log(np.where(both, 4.0, 2.0)), np.ones(len(actual)), seed=1)
    assert np.abs(forest.predict(features)).mean() < 0.02


def test_rows_without_weight_teach_nothing():
    features, actual, _ = rows()
    spoiled = np.concatenate([actual, np.full(5_000, 90.0)])
    more = np.concatenate([features, features[:5_000]])
    weight = np.concatenate([np.ones(len(actual)), np.zeros(5_000)])
    forest = fit_forest(more, spoiled, np.full(len(more), np.log(2.0)), weight, seed=1)
    assert np.exp(forest.predict(features)).mean() == pytest.approx(actual.mean() / 2, rel=0.05)


def test_few_rows_teach_nothing():
    features, actual, _ = rows(30)
    forest = fit_forest(features, actual, np.full(30, np.log(2.0)), np.ones(30), seed=1)
    ratio = np.exp(forest.predict(rows(seed=4)[0]))
    assert np.ptp(ratio) == pytest.approx(0, abs=1e-12)


def test_features_beyond_those_seen_are_answered_like_the_outermost():
    features, actual, _ = rows()
    forest = fit_forest(features, actual, np.zeros(len(actual)), np.ones(len(actual)), seed=1)
    inside, outside = np.full((1, 3), 0.9999), np.full((1, 3), 1e9)
    assert forest.predict(inside) == forest.predict(outside)


def test_a_constant_feature_is_asked_in_vain():
    features, actual, _ = rows()
    features[:, 2] = 7.0
    forest = fit_forest(features, actual, np.zeros(len(actual)), np.ones(len(actual)), seed=1)
    assert np.isfinite(forest.predict(features)).all()
    assert all(len(edges) < BINS for edges in forest.edges)


def test_same_seed_same_forest():
    features, actual, _ = rows(3_000)
    first, second = (fit_forest(features, actual, np.zeros(3_000), np.ones(3_000), seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.leaf, second.leaf)
    np.testing.assert_array_equal(first.feature, second.feature)
