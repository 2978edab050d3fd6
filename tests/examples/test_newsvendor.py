"""Textbook numbers for the value of stock."""

import numpy as np
import pytest

from vmi.placement.values import levels, shortfall


def test_the_newsvendor_orders_the_critical_fractile() -> None:
    """With only an underage and an overage cost the level is the newsvendor's: the smallest S with
    P(D <= S) >= p / (p + h) (Snyder and Shen 2019, Fundamentals of Supply Chain Theory, sec. 4.3, discrete demand).

    There h = 1, p = 4 and Poisson demand of mean 6 give the fractile 0.8 and S = 8 (P(D <= 7) = 0.744, P(D <= 8) =
    0.847).
    """
    same = np.full((1, 6), 6.0)
    underage_and_overage = np.array([[4.0, 4.0, 0.0, 1.0, 1.0]])
    found = levels(same, same, underage_and_overage, np.array([0.0]), np.array([0]))
    assert found.tolist() == [8]


def test_the_loss_function_of_a_poisson_of_mean_six() -> None:
    """E[(D - 8)+] for Poisson demand of mean 6: n(x) = -(x - L)(1 - F(x)) + L f(x) (Snyder and Shen 2019, app. C)."""
    f8, tail = 0.10325773, 0.15276251
    expected = -(8 - 6) * tail + 6 * f8
    assert shortfall(np.array([6.0]), np.array([6.0]), np.array([8])) == pytest.approx([expected], abs=1e-6)


def test_pooling_two_sites_needs_less_than_twice_one() -> None:
    """Risk pooling (Eppen 1979): safety stock of two pooled sites is sqrt(2) times one's, not twice."""
    price = np.array([[19.0, 19.0, 0.0, 1.0, 1.0]])
    alone = levels(np.full((1, 6), 100.0), np.full((1, 6), 100.0), price, np.zeros(1), np.zeros(1, dtype=np.int64))[0]
    pooled = levels(np.full((1, 6), 200.0), np.full((1, 6), 200.0), price, np.zeros(1), np.zeros(1, dtype=np.int64))[0]
    assert (pooled - 200) / (alone - 100) == pytest.approx(2**0.5, abs=0.06)
