"""Scores of decile forecasts and the classes they are split by."""

import numpy as np
import pytest

from benchmarks.scores import claims_by_class, coverage, coverage_by_class, demand_classes, weighted_quantile_loss


def test_forecasting_zero_always_scores_one() -> None:
    actual = np.array([[0.0, 3.0], [1.0, 7.0]])
    assert weighted_quantile_loss(actual, np.zeros((2, 2, 9))) == pytest.approx(1.0)


def test_a_point_forecast_one_too_high_pays_one_minus_the_level_twice() -> None:
    # mean over the levels of 2 (1 - level) is 1; one unit too high on two units sold
    assert weighted_quantile_loss(np.array([[2.0]]), np.full((1, 1, 9), 3.0)) == pytest.approx(0.5)


def test_cells_are_pooled_before_the_ratio() -> None:
    actual = np.array([[1.0, 9.0]])
    quantiles = np.stack([np.full(9, 0.0), np.full(9, 9.0)])[None]
    assert weighted_quantile_loss(actual, quantiles) == pytest.approx(0.1)


def test_unknown_cells_are_left_out_of_loss_and_coverage() -> None:
    actual = np.array([[2.0, np.nan]])
    quantiles = np.stack([np.full(9, 2.0), np.full(9, 500.0)])[None]
    assert weighted_quantile_loss(actual, quantiles) == 0.0
    assert coverage(actual, quantiles[..., 8]) == 1.0


def test_a_demand_equal_to_the_quantile_is_covered() -> None:
    assert coverage(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0, 2.0])) == 0.5
    assert np.isnan(coverage(np.array([np.nan]), np.array([1.0])))


def test_classes_follow_interval_and_spread_of_sizes() -> None:
    history = np.array(
        [
            [4.0, 5.0, 4.0, 5.0],
            [1.0, 1.0, 1.0, 30.0],
            [0.0, 2.0, 0.0, 2.0],
            [0.0, 1.0, 0.0, 30.0],
            [0.0, 0.0, 0.0, np.nan],
            [np.nan, np.nan, 3.0, 3.0],
        ]
    )
    assert list(demand_classes(history)) == ["smooth", "erratic", "intermittent", "lumpy", "none", "smooth"]


def test_coverage_by_class_counts_known_cells_only() -> None:
    classes = np.array(["smooth", "lumpy", "none"])
    actual = np.array([[1.0, 5.0], [np.nan, 2.0], [np.nan, np.nan]])
    assert coverage_by_class(classes, actual, np.full((3, 2), 2.0)) == {"smooth": (2, 1), "lumpy": (1, 1)}


def test_claims_are_of_known_cells_only() -> None:
    classes = np.array(["smooth", "lumpy", "none"])
    actual = np.array([[1.0, 5.0], [np.nan, 2.0], [np.nan, np.nan]])
    claimed = np.array([[0.9, 1.0], [0.5, 0.92], [0.5, 0.5]])
    assert claims_by_class(classes, actual, claimed) == pytest.approx({"smooth": 0.95, "lumpy": 0.92})
