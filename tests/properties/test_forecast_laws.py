"""Laws of distributions by exceedance probabilities, of their mixtures and of what is forecast with them."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecasts.counted.gamma_poisson import forecast_gamma_poisson
from forecasts.counted.season import season_profile, with_season
from forecasts.counted.thresholds import COARSE, FINE, forecast_thresholds
from forecasts.distributions.exceedance import Exceedance, mixture
from forecasts.history import History
from forecasts.parameters import Parameters

LEVELS = st.floats(0.001, 0.999)


@st.composite
def distributions(draw, count=1, steps=2, first=None):
    """``count`` distributions on the same nodes of three series."""
    gaps = draw(st.lists(st.integers(1, 40), min_size=2, max_size=7))
    start = draw(st.integers(0, 5)) if first is None else first
    nodes = np.tile(np.cumsum([start, *gaps]).astype(float), (3, 1))
    made = []
    for _ in range(count):
        shape = (3, steps, nodes.shape[1])
        falls = draw(arrays.arrays(np.float64, shape, elements=st.one_of(st.just(1.0), st.floats(0.0, 1.0))))
        made.append(Exceedance(nodes, np.cumprod(falls, axis=2).round(9)))
    return made


@settings(max_examples=50, deadline=None)
@given(distributions(), LEVELS, LEVELS)
def test_quantiles_rise_with_the_level(made, a, b):
    (of,) = made
    low, high = sorted((a, b))
    found = of.quantile([low, high])
    assert (found[..., 0] <= found[..., 1]).all() and found.min() >= 0


@settings(max_examples=50, deadline=None)
@given(distributions(), LEVELS)
def test_a_quantile_is_the_smallest_count_seldom_exceeded(made, level):
    (of,) = made
    found = of.quantile([level])[..., 0].astype(float)
    assert (of.sf(found) <= 1 - level + 1e-7).all()
    assert (of.sf(found - 1) > 1 - level - 1e-7).all()


@settings(max_examples=50, deadline=None)
@given(distributions(), st.integers(-1, 400))
def test_exceedance_falls_from_one_and_stays_a_probability(made, k):
    (of,) = made
    here, next_one = (of.sf(np.full(of.above.shape[:2], float(at))) for at in (k, k + 1))
    assert (next_one <= here + 1e-12).all() and (next_one >= 0).all() and (here <= 1).all()


@settings(max_examples=50, deadline=None)
@given(distributions(), st.floats(0.05, 40), st.floats(0.05, 40))
def test_a_higher_mean_asked_for_makes_every_demand_more_likely(made, a, b):
    (of,) = made
    low, high = (of.with_mean(np.full(of.above.shape[:2], mean)) for mean in sorted((a, b)))
    assert (low.above <= high.above + 2e-3).all()
    assert (np.diff(low.above, axis=2) <= 0).all() and low.above.min() >= 0 and low.above.max() <= 1


@settings(max_examples=50, deadline=None)
@given(distributions(count=2), st.floats(0, 1), LEVELS)
def test_a_mixture_lies_between_its_parts(made, weight, level):
    one, other = made
    mixed = mixture([one, other], [np.full(3, weight), np.full(3, 1 - weight)])
    (low, high), at = np.sort([one.quantile([level]), other.quantile([level])], axis=0), mixed.quantile([level])
    # Beyond the last node the tails fall at rates of their own, and a mixture's by its own last two nodes.
    inside = np.maximum(high, at)[..., 0] <= one.nodes[:, [-1]]
    assert ((low <= at) & (at <= high))[..., 0][inside].all()
    assert (mixed.above <= np.maximum(one.above, other.above) + 1e-12).all()
    assert (mixed.above >= np.minimum(one.above, other.above) - 1e-12).all()


@settings(max_examples=50, deadline=None)
@given(distributions(first=0), st.integers(2, 60))
def test_a_series_in_larger_units_has_quantiles_as_much_larger(made, times):
    (of,) = made
    scaled = Exceedance(of.nodes * times, of.above)
    small, large = of.quantile([0.1, 0.5, 0.9]), scaled.quantile([0.1, 0.5, 0.9])
    # Between nodes counts are finer now: what was rounded up to a whole number is rounded up less.
    within = np.broadcast_to(of.above[:, :, [-1]] < 0.1 - 1e-9, small.shape)
    assert (large <= times * small)[within].all()
    assert (large >= times * (small - 1))[within].all()


@settings(max_examples=30, deadline=None)
@given(distributions(steps=1))
def test_moments_are_those_of_many_draws(made):
    (of,) = made
    mean, var = of.moments()
    uniform = (np.arange(4000) + 0.5) / 4000
    drawn = of.take(np.repeat(np.arange(3), 4000)).inverse(np.tile(uniform, 3)[:, None]).reshape(3, 4000)
    # Evenly spread draws err by one draw's share of the whole range at most, and hardly know what is rarer.
    far = of.quantile([0.999999])[:, 0, 0] + 1
    assert (np.abs(drawn.mean(axis=1) - mean[:, 0]) <= far / 1000).all()
    assert (np.abs((drawn.astype(float) ** 2).mean(axis=1) - (var + mean**2)[:, 0]) <= far**2 / 500).all()


@settings(max_examples=50, deadline=None)
@given(distributions())
def test_reading_at_the_same_nodes_changes_nothing(made):
    (of,) = made
    np.testing.assert_allclose(of.on(of.nodes).above, of.above, atol=1e-12)


CELLS = st.one_of(st.just(0.0), st.just(np.nan), st.integers(0, 30).map(float), st.sampled_from([1e4, 1e9]))


@st.composite
def histories(draw):
    """Up to eight series of up to thirty periods with gaps, spikes, sold-out periods, families and an exposure."""
    shape = draw(st.integers(1, 8)), draw(st.integers(2, 30))
    demand = draw(arrays.arrays(np.float64, shape, elements=CELLS))
    bound = draw(arrays.arrays(np.bool_, shape))
    ids = pd.Index([f"s{row}" for row in range(shape[0])])
    families = pd.DataFrame({"family": [draw(st.sampled_from("AB")) for _ in ids]}, index=ids)
    exposure = draw(
        st.none() | arrays.arrays(np.float64, (2, shape[1] + 3), elements=st.just(0.0) | st.floats(0.01, 3))
    )
    of = None if exposure is None else np.arange(shape[0]) % 2
    return History(ids, demand, bound, families, draw(st.sampled_from([1, 4, 12])), exposure, of)


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from([COARSE, FINE]))
def test_whatever_the_history_thresholds_give_probabilities_that_fall(history, scale):
    found = forecast_thresholds(history, [1, 2, 3], scale)
    assert np.isfinite(found.above).all()
    assert ((found.above >= 0) & (found.above <= 1)).all() and (np.diff(found.above, axis=2) <= 0).all()
    assert (np.diff(found.quantile([0.1, 0.5, 0.9, 0.99]), axis=2) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(histories(), st.floats(0.5, 50))
def test_whatever_the_history_the_gamma_poisson_gives_probabilities_that_fall(history, half_life):
    nodes = COARSE.nodes(history.demand)
    above = forecast_gamma_poisson(history, np.array([1, 2, 3]), nodes, half_life, Parameters()).above
    assert np.isfinite(above).all()
    assert ((above >= 0) & (above <= 1)).all() and (np.diff(above, axis=2) <= 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(histories())
def test_whatever_the_history_a_season_has_mean_one_and_is_positive(history):
    profile = season_profile(history, history.exposures(0)[0][history.exposures(0)[1]])
    assert (profile >= 0).all()
    np.testing.assert_allclose(profile.mean(axis=1), 1, atol=1e-5)
    exposure, of = with_season(history, 3).exposures(3)
    assert np.isfinite(exposure).all() and (exposure >= 0).all() and of.max() < len(exposure)


@settings(max_examples=12, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_series_does_not_matter(history, random):
    order = np.array(random.sample(range(len(history)), len(history)))
    of = None if history.exposure_of is None else history.exposure_of[order]
    families = pd.DataFrame({"family": history.categories["family"].to_numpy()[order]}, index=history.ids)
    shuffled = History(
        history.ids, history.demand[order], history.bound[order], families, history.season, history.exposure, of
    )
    here, there = (forecast_thresholds(part, [1, 2]).above for part in (history, shuffled))
    np.testing.assert_allclose(there, here[order], atol=1e-6)
