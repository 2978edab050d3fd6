from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecasts.counted.gamma_poisson import dense_evidence, dense_pools, forecast_gamma_poisson
from forecasts.history import History
from forecasts.parameters import Parameters

NEVER = 1e9
"""A half-life so long that nothing is forgotten."""
NEXT = np.array([1])


def history(demand, bound=None, **columns) -> History:
    given = np.asarray(demand, dtype=float)
    ids = pd.Index([f"s{row:04d}" for row in range(len(given))])
    sold_out = np.zeros(given.shape, dtype=bool) if bound is None else np.asarray(bound, dtype=bool)
    return History(ids, given, sold_out, pd.DataFrame(columns, index=ids))


def above(given: History, k=(0, 1, 2, 5, 10), half_life=NEVER, steps=NEXT, parameters=None) -> np.ndarray:
    nodes = np.tile(np.array(k, dtype=float), (len(given), 1))
    return forecast_gamma_poisson(given, steps, nodes, half_life, parameters or Parameters()).above


def mean(given: History, half_life=NEVER, steps=NEXT) -> np.ndarray:
    nodes = np.tile(np.arange(400.0), (len(given), 1))
    return forecast_gamma_poisson(given, steps, nodes, half_life, Parameters()).moments()[0]


def test_the_posterior_is_the_closed_form():
    # Three series of ten periods sold 0, 2 and 7 in ones: mean rate m = 9 / 30 = 0.3 a period. Moments: Σ(n − 3)² = 26,
    # less the Poisson's own 9, over Σ(m · 10)² = 27 gives the rates' squared CV 17 / 27: Gamma(a, b) with a = 27 / 17,
    # b = a / 0.3. A series that sold n: rate (a + n) / (b + 10), squared CV 1 / (a + n), and 0.1 that the rate drifts.
    demand = np.zeros((3, 10))
    demand[1, :2], demand[2, :7] = 1, 1
    a = 27 / 17
    sold = np.array([0, 2, 7])
    rate = (a + sold) / (a / 0.3 + 10)
    var = rate + (1 / (a + sold) + 0.1) * rate**2
    for row in range(3):
        of = stats.nbinom(rate[row] ** 2 / (var[row] - rate[row]), rate[row] / var[row])
        np.testing.assert_allclose(above(history(demand))[row, 0], of.sf([0, 1, 2, 5, 10]), rtol=1e-6)


@pytest.mark.parametrize(("sizes", "second_moment"), [((3.0, 3.0), 9.0), ((1.0, 5.0), 13.0)])
def test_orders_come_in_sizes(sizes, second_moment):
    # One series, every fourth period three units in the mean: compound Poisson of a quarter order a period.
    demand = np.tile([0, 0, 0, sizes[0], 0, 0, 0, sizes[1]], (1, 10))
    nodes = np.tile(np.arange(300.0), (1, 1))
    found = forecast_gamma_poisson(history(demand), NEXT, nodes, NEVER, Parameters(drift_cv2=0.0))
    (level,), (var,) = (part[:, 0] for part in found.moments())
    assert level == pytest.approx(0.75, rel=1e-3)
    # Spread of the rates is at least 0.02: a = 50, and 20 orders seen.
    assert var == pytest.approx(second_moment / 4 + 0.75**2 / (50 + 20), rel=1e-2)


def test_units_ordered_one_by_one_are_poisson_where_most_periods_have_demand():
    demand = np.tile([3.0, 5, 4, 4], (1, 20))
    found = above(history(demand), k=range(12), parameters=Parameters(drift_cv2=0.0))[0, 0]
    np.testing.assert_allclose(found, stats.poisson(4).sf(range(12)), atol=0.01)


def test_a_period_counts_half_after_the_half_life():
    demand = np.zeros((1, 11))
    demand[0, [0, 10]] = 1.0
    evidence = dense_evidence(history(demand), 10.0)
    assert evidence.lines == pytest.approx([1.5])
    assert evidence.exposure == pytest.approx([sum(0.5 ** (age / 10) for age in range(11))])
    assert evidence.exposure_twice == pytest.approx([sum(0.25 ** (age / 10) for age in range(11))])


def test_a_short_half_life_follows_the_newest_level():
    demand = np.concatenate([np.full((4, 30), 1.0), np.full((4, 10), 9.0)], axis=1)
    assert mean(history(demand), half_life=2.0).mean() > 8 > 4 > mean(history(demand), half_life=NEVER).mean()


def test_a_half_life_of_nothing_is_one_period():
    demand = np.tile([0, 0, 0, 8.0], (2, 3))
    nothing, one, two = (above(history(demand), half_life=half_life) for half_life in (0.0, 1.0, 2.0))
    np.testing.assert_array_equal(nothing, one)
    assert (one != two).any()


def test_unknown_periods_are_neither_demand_nor_exposure():
    gap = np.array([[1.0, 0, np.nan, np.nan, 1, 0]])
    evidence = dense_evidence(history(gap), NEVER)
    assert (evidence.lines[0], evidence.exposure[0]) == pytest.approx((2, 4))


def test_a_sold_out_period_counts_only_if_it_sold_more_than_the_mean():
    demand = np.array([[1.0, 0, 1, 0, 0, 5], [1, 0, 1, 0, 0, 0]])
    bound = np.zeros((2, 6), dtype=bool)
    bound[:, 5] = True
    evidence = dense_evidence(history(demand, bound), NEVER)
    np.testing.assert_allclose(evidence.units, [7, 2])
    np.testing.assert_allclose(evidence.exposure, [6, 5])


def test_sold_out_periods_do_not_lower_the_forecast():
    demand, bound = np.tile([2.0, 3, 1, 2], (5, 10)), np.zeros((5, 40), dtype=bool)
    demand[:, 20:24], bound[:, 20:24] = 0.0, True
    without = np.delete(demand, np.arange(20, 24), axis=1)
    np.testing.assert_allclose(mean(history(demand, bound)), mean(history(without)), rtol=1e-6)


def test_a_new_series_is_forecast_as_its_pool():
    demand = np.concatenate([np.full((40, 30), 4.0), np.zeros((40, 30))])
    demand[:40, ::2] = 2.0
    demand[0], demand[79] = np.nan, np.nan
    found = mean(history(demand, family=np.repeat(["F", "G"], 40)))[:, 0]
    assert found[0] == pytest.approx(3, rel=0.2)
    assert found[79] < 0.75
    assert mean(history(demand))[[0, 79], 0] == pytest.approx([1.5, 1.5], rel=0.1)


def test_more_of_its_own_history_moves_a_series_further_from_its_pool():
    demand = np.zeros((61, 40))
    demand[:60, ::4] = 1.0
    demand[60] = 1.0
    short = demand.copy()
    short[60, :-3] = np.nan
    assert 0.25 < mean(history(short))[60, 0] < mean(history(demand))[60, 0] <= 1.0


def test_exposure_ahead_multiplies_the_mean():
    demand = np.full((3, 20), 2.0)
    exposure = np.ones((1, 24))
    exposure[0, 20:] = [1, 2, 0.5, 0]
    given = replace(history(demand), exposure=exposure, exposure_of=np.zeros(3, dtype=np.int64))
    found = mean(given, steps=np.arange(1, 5))[0]
    np.testing.assert_allclose(found / found[0], [1, 2, 0.5, 0], atol=1e-6)


def test_exposure_behind_is_taken_out():
    demand = np.array([[2.0, 4, 2, 4, 2, 4, 2, 4]])
    given = replace(history(demand), exposure=np.tile([[1.0, 2.0]], 6), exposure_of=np.zeros(1, dtype=np.int64))
    np.testing.assert_allclose(mean(given, steps=np.array([1, 2]))[0], [2, 4], rtol=0.01)


def test_without_demand_or_knowledge_nothing_is_expected():
    for value in (0.0, np.nan):
        assert above(history(np.full((3, 12), value))).max() == 0
    assert above(history(np.zeros((2, 0)))).max() == 0


def test_pools_are_the_categories_coarse_to_fine_or_one_for_all():
    given = history(np.zeros((3, 2)), family=["F", "G", "F"], region=["N", "N", "S"])
    assert [codes.tolist() for codes in dense_pools(given)] == [[0, 1, 0], [0, 0, 1]]
    assert [codes.tolist() for codes in dense_pools(history(np.zeros((3, 2))))] == [[0, 0, 0]]
