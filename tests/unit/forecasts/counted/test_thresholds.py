from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.counted.thresholds import COARSE, FINE, Sampling, Scale, forecast_thresholds
from forecasts.distributions.exceedance import Exceedance
from forecasts.history import History


def history(demand, bound=None, names=None, **columns) -> History:
    """A history of these rows; further columns are categories."""
    given = np.asarray(demand, dtype=float)
    ids = pd.Index(names if names is not None else [f"s{row:04d}" for row in range(len(given))])
    sold_out = np.zeros(given.shape, dtype=bool) if bound is None else np.asarray(bound, dtype=bool)
    return History(ids, given, sold_out, pd.DataFrame(columns, index=ids))


def slow(series=120, periods=40, seed=1) -> np.ndarray:
    """Demand of slow series: most periods none, rates that differ between series."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 0.6, size=(series, 1))
    return rng.poisson(rate * np.ones((1, periods))) * rng.integers(1, 4, size=(series, periods)).astype(float)


def mean(of: Exceedance) -> np.ndarray:
    return of.moments()[0]


@pytest.fixture(scope="module", params=[COARSE, FINE], ids=["coarse", "fine"])
def scale(request) -> Scale:
    return request.param


@pytest.fixture(scope="module")
def usual(scale) -> Exceedance:
    return forecast_thresholds(history(slow()), [1, 2, 6], scale)


def test_the_chance_to_exceed_falls_with_the_threshold_and_lies_between_0_and_1(usual, scale):
    assert usual.above.shape == (120, 3, len(scale.grid))
    assert (np.diff(usual.above, axis=2) <= 0).all()
    assert usual.above.min() >= 0 and usual.above.max() <= 1


def test_series_that_sold_more_are_expected_to_sell_more(usual):
    sold = slow().mean(axis=1)
    assert np.corrcoef(mean(usual)[:, 0], sold)[0, 1] > 0.9


def test_together_the_series_sell_as_much_as_before(usual):
    assert mean(usual).mean() == pytest.approx(slow().mean(), rel=0.12)


def test_held_out_periods_exceed_a_threshold_as_often_as_said(scale):
    demand = slow(series=400, periods=46, seed=2)
    said = forecast_thresholds(history(demand[:, :40]), np.arange(1, 7), scale)
    for k in range(4):
        happened = (demand[:, 40:] > k).mean()
        assert said.sf(np.full((400, 6), float(k))).mean() == pytest.approx(happened, abs=0.03)


def test_few_periods_give_the_plain_ratio_of_what_went_on(scale):
    # Ten periods: origins 5 to 9 look at the last five. With Laplace's one of each: P(Y > 0) = (4 + 1) / (5 + 2),
    # P(Y > 1 | Y > 0) = (2 + 1) / (4 + 2), P(Y > 2 | Y > 1) = (1 + 1) / (2 + 2), P(Y > 3 | Y > 2) = (0 + 1) / (1 + 2).
    found = forecast_thresholds(history([[9, 9, 9, 9, 9, 0, 1, 1, 2, 3]], names=["s"]), [1], scale)
    unit = found.nodes[0, 1]
    assert unit == 1
    np.testing.assert_allclose(found.above[0, 0, :4], np.cumprod([5 / 7, 3 / 6, 2 / 4, 1 / 3]), atol=1e-6)


def test_a_sold_out_period_counts_below_what_it_sold_and_not_above(scale):
    # As above, but the second 1 was sold out: it went on beyond 0, and tells nothing of going on beyond 1.
    sold_out = np.zeros((1, 10), dtype=bool)
    sold_out[0, 7] = True
    found = forecast_thresholds(history([[9, 9, 9, 9, 9, 0, 1, 1, 2, 3]], sold_out), [1], scale)
    np.testing.assert_allclose(found.above[0, 0, :4], np.cumprod([5 / 7, 3 / 5, 2 / 4, 1 / 3]), atol=1e-6)


def test_sold_out_with_nothing_sold_tells_nothing():
    demand, gap = slow(), slow()
    sold_out = np.zeros(demand.shape, dtype=bool)
    sold_out[::3, 20:24] = True
    demand[sold_out], gap[sold_out] = 0.0, np.nan
    closed, unknown = (forecast_thresholds(history(*part), [1, 4]) for part in ((demand, sold_out), (gap,)))
    np.testing.assert_allclose(mean(closed), mean(unknown), rtol=0.15)


def test_sold_out_periods_read_as_bounds_raise_the_forecast(scale):
    rng = np.random.default_rng(5)
    demand, stock = rng.poisson(4, size=(100, 40)).astype(float), rng.integers(1, 10, size=(100, 40))
    sold = np.minimum(demand, stock)
    as_demand = mean(forecast_thresholds(history(sold), [1], scale)).mean()
    as_bound = mean(forecast_thresholds(history(sold, demand >= stock), [1], scale)).mean()
    assert as_demand < 3.4
    assert as_bound == pytest.approx(4, abs=0.25)


def test_a_series_often_sold_out_is_forecast_nearer_to_its_demand_than_to_its_sales():
    rng = np.random.default_rng(5)
    demand = rng.poisson(rng.gamma(3, 1.0, size=(300, 1)) * np.ones((1, 40))).astype(float)
    stock = np.where(np.arange(300)[:, None] < 150, np.inf, rng.integers(0, 6, size=(300, 40)))
    said = mean(forecast_thresholds(history(np.minimum(demand, stock), demand >= stock), [1]))[:, 0]
    never, often = (said[rows].sum() / demand[rows].mean(axis=1).sum() for rows in (slice(150), slice(150, 300)))
    # In three periods of five it was sold out: sales are 0.53 of demand.
    assert often / never > 0.72


def test_nodes_are_thresholds_in_the_series_own_units(scale):
    demand = slow()
    demand[:10] *= 500
    found = forecast_thresholds(history(demand), [1], scale)
    np.testing.assert_array_equal(found.nodes, scale.nodes(demand))
    np.testing.assert_array_equal(found.nodes[:, 1], scale.units(demand))
    assert (np.diff(found.nodes, axis=1) >= 1).all() and (found.nodes == found.nodes.round()).all()


def test_units_are_one_for_small_counts_and_a_power_of_two_for_large():
    found = COARSE.units(np.array([[0, 0, 0], [1, 0, 2], [0, 4, 4], [30, 34, 0], [np.nan, 1000, np.nan]], dtype=float))
    assert found.tolist() == [1, 1, 1, 8, 256]


def test_series_that_sell_by_the_64_are_forecast_64_times_as_high(scale):
    # All of the panel in boxes of 64 of them: the same hazards, in larger units.
    demand = 40 * slow()
    demand = demand[demand.sum(axis=1) > 0]
    one, boxes = (forecast_thresholds(history(part), [1, 3], scale) for part in (demand, 64 * demand))
    np.testing.assert_array_equal(boxes.nodes, 64 * one.nodes)
    np.testing.assert_allclose(boxes.above, one.above, atol=1e-6)


def test_a_series_that_sells_a_hundred_times_as_much_gets_a_hundred_times_the_quantiles(scale):
    small = np.random.default_rng(8).poisson(6, size=(400, 40)).astype(float)
    said = forecast_thresholds(history(np.concatenate([small, 100 * small])), [1], scale)
    small_found, large_found = np.split(said.quantile([0.5, 0.9])[:, 0], 2)
    np.testing.assert_allclose(large_found.sum(axis=0) / small_found.sum(axis=0), 100, rtol=0.15)


@pytest.mark.parametrize("few", [Sampling(series=40, seed=3), Sampling(rows=500, seed=3)], ids=["series", "rows"])
def test_the_same_seed_draws_the_same_sample_and_another_another(few):
    same, again, other = (
        forecast_thresholds(history(slow()), [1, 2], sampling=replace(few, seed=seed)).above for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(same, again)
    assert (other != same).any()


def test_every_series_is_forecast_though_few_are_learned_from():
    whole, sampled = (
        mean(forecast_thresholds(history(slow(400)), [1], sampling=Sampling(series=series))) for series in (400, 200)
    )
    assert sampled.shape == (400, 1)
    np.testing.assert_allclose(sampled.mean(), whole.mean(), rtol=0.15)


def test_the_order_of_the_series_does_not_matter():
    demand, order = slow(), np.random.default_rng(2).permutation(120)
    family = np.where(np.arange(120) % 3 == 0, "F", "G")
    there = forecast_thresholds(history(demand, family=family), [1, 2]).above
    shuffled = forecast_thresholds(history(demand[order], family=family[order]), [1, 2]).above
    np.testing.assert_allclose(shuffled, there[order], atol=1e-6)


def test_more_exposure_ahead_raises_the_forecast_and_less_lowers_it(scale):
    rng = np.random.default_rng(3)
    exposure = np.tile([0.5, 1.0, 1.5], 20)
    demand = rng.poisson(exposure[:48] * rng.gamma(2.0, 0.7, size=(150, 1))).astype(float)
    given = replace(history(demand), exposure=exposure[None, :], exposure_of=np.zeros(150, dtype=np.int64))
    low, usual, high = mean(forecast_thresholds(given, [1, 2, 3], scale)).mean(axis=0)
    assert low / usual == pytest.approx(0.5, abs=0.2)
    assert high / usual == pytest.approx(1.5, abs=0.25)


def test_each_series_follows_its_own_exposure():
    exposure = np.ones((2, 44))
    exposure[0, 20:26], exposure[1, 40:] = 2.0, 2.0
    rng = np.random.default_rng(3)
    of = np.arange(160) % 2
    demand = rng.poisson(exposure[of, :40] * 1.2).astype(float)
    found = mean(forecast_thresholds(replace(history(demand), exposure=exposure, exposure_of=of), [1, 2]))
    assert found[of == 1].mean() > 1.3 * found[of == 0].mean()


def test_a_new_series_is_forecast_towards_its_family(scale):
    rng = np.random.default_rng(6)
    demand = rng.poisson(np.repeat([0.2, 3.0], 60)[:, None] * np.ones((1, 40))).astype(float)
    demand[0], demand[60] = np.nan, np.nan
    family = np.repeat(["slow", "fast"], 60)
    pooled = mean(forecast_thresholds(history(demand, family=family), [1], scale))[:, 0]
    alone = mean(forecast_thresholds(history(demand), [1], scale))[:, 0]
    assert pooled[60] > 2 * pooled[0]
    assert alone[60] == pytest.approx(alone[0])


def test_finer_categories_matter_more_than_coarse():
    rng = np.random.default_rng(6)
    rate = np.repeat([0.2, 0.2, 3.0, 3.0], 30)
    demand = rng.poisson(rate[:, None] * np.ones((1, 40))).astype(float)
    demand[0], demand[60] = np.nan, np.nan
    region = np.repeat(["N", "S", "E", "W"], 30)
    found = mean(forecast_thresholds(history(demand, family=["all"] * 120, region=region), [1]))[:, 0]
    assert found[60] > 2 * found[0]


def test_recent_demand_counts_more_where_rates_move():
    rng = np.random.default_rng(4)
    rate = np.exp(np.cumsum(rng.normal(0, 0.35, size=(300, 40)), axis=1)).clip(0.02, 12)
    demand = rng.poisson(rate).astype(float)
    found = mean(forecast_thresholds(history(demand), [1]))[:, 0]
    recent, old = demand[:, -6:].mean(axis=1), demand[:, :20].mean(axis=1)
    assert np.corrcoef(found, recent)[0, 1] > 0.85 > np.corrcoef(found, old)[0, 1]


def test_series_without_demand_are_forecast_none_and_disturb_nothing():
    found = forecast_thresholds(history(np.zeros((80, 30))), [1, 2])
    assert found.quantile([0.5, 0.9]).max() == 0
    assert mean(found).max() < 0.01


def test_when_nothing_is_known_nothing_is_expected():
    found = forecast_thresholds(history(np.full((5, 30), np.nan)), [1, 2])
    assert found.above.max() == 0


def test_gaps_are_not_zeros():
    demand = np.full((100, 40), np.nan)
    demand[:, ::2] = np.random.default_rng(3).poisson(2, size=(100, 20))
    found = mean(forecast_thresholds(history(demand), [1]))
    assert found.mean() == pytest.approx(2, abs=0.2)


def test_a_horizon_longer_than_the_history_is_answered():
    found = forecast_thresholds(history(slow(periods=12)), np.arange(1, 31))
    assert found.above.shape == (120, 30, len(COARSE.grid))
    assert np.isfinite(found.above).all()
    assert mean(found)[:, -1].mean() == pytest.approx(slow(periods=12).mean(), rel=0.5)


def test_a_spike_in_one_series_hardly_moves_the_others():
    spiked = slow()
    spiked[3, 30] = 1e6
    found, before = (np.delete(mean(forecast_thresholds(history(part), [1])), 3) for part in (spiked, slow()))
    np.testing.assert_allclose(found, before, rtol=0.2)
