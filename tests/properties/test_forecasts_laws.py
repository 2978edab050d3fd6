"""Laws that every distribution and every forecast keeps."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.daily import forecast_daily
from forecasts.distributions.counts import Counts
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.calendar import Calendar

ORIGIN = pd.Timestamp("2026-11-08")
CHINA = Calendar.china()
COUNTS_ONLY = Parameters(prophet_max_groups=0, ets_max_series=0)

means = st.one_of(st.just(0.0), st.floats(1e-6, 5000))
ratios = st.one_of(st.just(1.0), st.floats(0.2, 200))


@st.composite
def counts(draw):
    mean = np.array(draw(st.lists(means, min_size=1, max_size=6)))
    return Counts(mean, mean * np.array([draw(ratios) for _ in mean]))


@given(counts(), st.floats(0.001, 0.999))
def test_a_quantile_is_the_smallest_count_that_reaches_its_level(distribution, tau):
    k = distribution.quantile(tau)
    assert (distribution.cdf(k) >= tau - 1e-9).all()
    assert (distribution.cdf(k - 1) < tau + 1e-9).all()


@given(counts(), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_quantiles_do_not_cross(distribution, a, b):
    low, high = sorted((a, b))
    assert (distribution.quantile(low) <= distribution.quantile(high)).all()


@given(counts(), st.integers(-2, 10_000))
def test_probabilities_complement_each_other(distribution, k):
    np.testing.assert_allclose(distribution.cdf(k) + distribution.sf(k), 1, atol=1e-9)
    np.testing.assert_allclose(distribution.at_least(k), distribution.sf(k - 1), atol=1e-12)


@given(counts(), st.floats(0, 3000))
def test_shortfall_falls_with_stock_and_never_below_what_the_mean_leaves(distribution, y):
    here, more = distribution.shortfall(y), distribution.shortfall(y + 1)
    assert (more <= here + 1e-6).all()
    assert (here - more <= 1 + 1e-6).all()
    assert (here >= np.maximum(distribution.mean - y, 0) - 1e-6).all()


@st.composite
def panels(draw):
    names = [f"s{k}" for k in range(draw(st.integers(1, 6)))]
    cells = st.tuples(st.sampled_from(names), st.integers(0, 200), st.integers(1, 9), st.integers(1, 3))
    rows = draw(st.lists(cells, max_size=40))
    demand = pd.DataFrame(
        [(name, ORIGIN - pd.Timedelta(days=age), float(qty), n) for name, age, qty, n in rows],
        columns=["unique_id", "day", "qty", "lines"],
    ).astype({"day": "datetime64[ns]", "qty": float})
    first = [ORIGIN - pd.Timedelta(days=draw(st.integers(-3, 200))) for _ in names]
    series = pd.DataFrame(
        {"family": [draw(st.sampled_from("AB")) for _ in names], "region": "R", "first_day": first}, index=names
    )
    spans = pd.DataFrame(
        [
            (name, ORIGIN - pd.Timedelta(days=age + length), ORIGIN - pd.Timedelta(days=age))
            for name, age, length in draw(
                st.lists(st.tuples(st.sampled_from(names), st.integers(0, 150), st.integers(0, 60)), max_size=5)
            )
        ],
        columns=["unique_id", "first_day", "last_day"],
    )
    return series, demand, spans


@settings(max_examples=40, deadline=None)
@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(frames, random):
    series, demand, spans = frames
    shuffled = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in frames]
    a, b = (forecast_daily(Panel(*given, ORIGIN), COUNTS_ONLY, CHINA) for given in ((series, demand, spans), shuffled))
    pd.testing.assert_frame_equal(a.series, b.series)
    np.testing.assert_array_equal(a.window(0, 90).var, b.window(0, 90).var)


@settings(max_examples=40, deadline=None)
@given(panels(), st.integers(0, 100), st.integers(0, 100))
def test_windows_are_finite_grow_and_add_up(frames, first, second):
    found = forecast_daily(Panel(*frames, ORIGIN), COUNTS_ONLY, CHINA)
    near, far, whole = found.window(0, first), found.window(first, first + second), found.window(0, first + second)
    np.testing.assert_allclose(near.mean + far.mean, whole.mean, atol=3e-6)
    assert (whole.var >= whole.mean).all()
    assert (whole.var + 1e-4 >= near.var + far.var - 1e-6 * whole.var).all()
    assert (whole.quantile(0.9) >= near.quantile(0.9)).all()


@settings(max_examples=25, deadline=None)
@given(panels())
def test_weeks_are_the_windows_of_their_days(frames):
    found = forecast_daily(Panel(*frames, ORIGIN), COUNTS_ONLY, CHINA)
    _, weekly = found.weekly(4)
    np.testing.assert_allclose(weekly.mean.sum(axis=1), found.window(0, 28).mean, atol=1e-5)
