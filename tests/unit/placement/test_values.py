import numpy as np
import pytest
from scipy import stats

from vmi.placement.values import SHELF_WEIGHTS, below, costs, levels, quantiles, shortfall

MEAN = np.array([0.0, 0.03, 2.0, 7.5, 40.0, 1000.0, 3000.0, 50_000.0])
VAR = np.array([0.0, 0.05, 2.0, 30.0, 90.0, 1000.0, 600_000.0, 75_000.0])


def scipy_counts(mean: float, var: float) -> object:
    if var <= mean:
        return stats.poisson(mean)
    return stats.nbinom(mean**2 / (var - mean), mean / var)


@pytest.mark.parametrize("ratio", [0.0, 0.6, 1.0, 1.7])
def test_shortfall_is_the_sum_of_the_tail(ratio: float) -> None:
    level = np.floor(MEAN * ratio).astype(np.int64)
    found = shortfall(MEAN, VAR, level)
    for mean, var, y, short in zip(MEAN, VAR, level, found, strict=True):
        beyond = np.arange(y, int(mean + 60 * var**0.5) + 60)
        assert short == pytest.approx(scipy_counts(mean, var).sf(beyond).sum(), rel=1e-6, abs=1e-7)


def test_what_waits_already_adds_to_the_shortfall() -> None:
    assert shortfall(np.array([2.0]), np.array([2.0]), np.array([-3])) == pytest.approx([5.0])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_quantiles_are_the_smallest_counts_that_reach_the_share(share: float) -> None:
    expected = [0, *(int(scipy_counts(m, v).ppf(share)) for m, v in zip(MEAN[1:], VAR[1:], strict=True))]
    assert quantiles(MEAN, VAR, share).tolist() == expected


def test_the_chance_that_the_last_unit_is_left_over() -> None:
    level = np.array([0, 1, 2, 9, 40, 990, 3100, 50_100])
    expected = [0.0, *(scipy_counts(m, v).cdf(y - 1) for m, v, y in zip(MEAN[1:], VAR[1:], level[1:], strict=True))]
    assert below(MEAN, VAR, level) == pytest.approx(expected, rel=1e-6)


def test_the_shelf_rule_weighs_the_whole_window_once() -> None:
    assert SHELF_WEIGHTS.sum() == 1.0


def test_costs_are_convex_in_the_position() -> None:
    mean, var = np.tile([2.0, 1.0, 1.5, 3.0, 5.0, 9.0], (60, 1)), np.tile([4.0, 2.0, 3.0, 6.0, 10.0, 18.0], (60, 1))
    price = np.tile([300.0, 600.0, 0.1, 12.0, 90.0], (60, 1))
    found = costs(mean, var, price, np.arange(-10, 50))
    assert (np.diff(found, 2) > -1e-9).all()


def test_the_level_is_the_cheapest_position() -> None:
    mean, var = np.array([[2.0, 1.0, 1.5, 3.0, 5.0, 9.0]]), np.array([[4.0, 2.0, 3.0, 6.0, 10.0, 18.0]])
    price, freight = np.array([[300.0, 600.0, 0.1, 12.0, 90.0]]), np.array([1.5])
    every = np.arange(0, 60)
    total = costs(*(np.repeat(a, 60, axis=0) for a in (mean, var, price)), every) + 1.5 * every
    assert levels(mean, var, price, freight, np.array([0])).tolist() == [int(np.argmin(total))]
