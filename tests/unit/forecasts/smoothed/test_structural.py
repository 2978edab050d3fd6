import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings, strategies

from forecasts.smoothed import structural
from forecasts.smoothed.covariances import factorise, spread_settings
from forecasts.smoothed.structural import fit_smooth

SEASON = 1 + 0.3 * np.sin(2 * np.pi * np.arange(120) / 12)


def poisson(mean, seed=1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean).astype(float)


def test_a_stable_series_is_forecast_at_its_level_with_its_noise():
    paths = fit_smooth(poisson(np.full((1, 120), 50.0)), 1, 13)
    dispersion, level = paths.summary()
    assert paths.failure.tolist() == [""]
    assert np.abs(paths.mean() - 50).max() < 4
    assert dispersion[0] < 1.6 and level[0] < 0.02


def test_a_moving_level_is_followed_and_leaves_uncertainty():
    walk = np.exp(np.cumsum(np.random.default_rng(6).normal(0, 0.12, (20, 150)), axis=1))
    y = poisson(80 * walk)
    paths = fit_smooth(y, 1, 13)
    expected = 80 * walk[:, -1]
    assert np.median(np.abs(paths.mean()[:, 0] / expected - 1)) < 0.15
    assert (paths.summary()[1] > 0.01).all()


def test_a_season_of_the_panel_is_found_with_a_year_and_a_half():
    y = poisson(np.linspace(30, 90, 40)[:, None] * SEASON[:18])
    ahead = fit_smooth(y, 12, 12).mean()
    relative = ahead.sum(axis=0) / ahead.sum(axis=0).mean()
    np.testing.assert_allclose(relative, SEASON[18:30] / SEASON[18:30].mean(), atol=0.12)


def test_a_single_series_finds_its_own_season():
    ahead = fit_smooth(poisson(200 * SEASON[None, :72]), 12, 12).mean()[0]
    np.testing.assert_allclose(ahead / 200, SEASON[72:84], atol=0.08)


def test_a_growing_series_grows_on_but_not_for_ever():
    y = poisson(np.linspace(40, 120, 72) * np.ones((10, 1)))
    ahead = fit_smooth(y, 1, 60).mean()
    assert (ahead[:, 5] > y[:, -12:].mean(axis=1)).mean() > 0.8
    assert (ahead <= 4.5 * y[:, -13:].mean(axis=1, keepdims=True)).all()


def test_the_ninety_percent_quantile_holds_ninety_percent():
    rng = np.random.default_rng(9)
    level = np.exp(rng.normal(4, 0.7, (150, 1)) + rng.normal(0, 0.02, (150, 84)).cumsum(axis=1))
    y = rng.poisson(level * rng.gamma(50, 1 / 50, level.shape)).astype(float)
    paths = fit_smooth(y[:, :72], 12, 12)
    assert 0.87 < (y[:, 72:] <= paths.quantiles([0.9])[:, :, 0]).mean() < 0.94
    sums = paths.sample(np.random.default_rng(1), 500).sum(axis=2)
    assert 0.83 < (y[:, 72:].sum(axis=1) <= np.quantile(sums, 0.9, axis=0)).mean() < 0.97


def test_a_series_that_began_later_is_forecast_as_if_the_panel_had():
    y = poisson(60 * SEASON[None, :60] * np.ones((6, 1)))
    late = y.copy()
    late[:, :24] = np.nan
    found, expected = (fit_smooth(part, 12, 6, settings=60).mean() for part in (late, y[:, 24:]))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_gaps_hardly_change_the_forecast():
    y = poisson(80 * SEASON[None, :72] * np.ones((12, 1)))
    gaps = y.copy()
    gaps[3, [10, 11, 40]], gaps[5, -2:] = np.nan, np.nan
    full, mended = fit_smooth(y, 12, 6).mean(), fit_smooth(gaps, 12, 6).mean()
    np.testing.assert_allclose(mended, full, rtol=0.08)


def test_a_gap_is_put_where_the_rest_expects_it():
    settings = spread_settings(40)
    factors = factorise(settings, 20, 2, 1)
    roots = np.random.default_rng(1).normal(3, 0.2, (1, 20))
    roots[0, [0, 4, 5]] = np.nan
    prepared = structural._prepare(roots, np.zeros(1), 2)
    prior = np.full(40, -np.log(40))
    g = structural._weigh(prepared, factors, prior)[0].argmax()
    precision = factors.inverse[g].T @ factors.inverse[g]
    covariance = np.linalg.inv(precision)
    gap, known = [0, 4, 5], np.setdiff1d(np.arange(20), [0, 4, 5])
    expected = covariance[np.ix_(gap, known)] @ np.linalg.solve(covariance[np.ix_(known, known)], prepared.z[0, known])
    np.testing.assert_allclose(structural._expect_gaps(prepared, factors, prior)[0, gap], expected, atol=1e-6)


def test_a_spike_hardly_moves_the_forecast():
    y = poisson(np.full((20, 60), 70.0))
    spiked = y.copy()
    spiked[4, 50] = 2000.0
    np.testing.assert_allclose(fit_smooth(spiked, 1, 6).mean()[4], fit_smooth(y, 1, 6).mean()[4], rtol=0.08)


def test_a_series_that_cannot_be_fitted_says_why_and_harms_no_other():
    good = poisson(np.full((4, 40), 50.0))
    bad = np.repeat(good[:1], 6, axis=0)
    bad[0], bad[1, 3], bad[2, 5], bad[3, :33], bad[4, 1:36:3], bad[5, -13:] = np.nan, -1.0, np.inf, np.nan, np.nan, 0.0
    bad[4, 2:30:3] = np.nan
    mixed = fit_smooth(np.concatenate([good, bad]), 1, 5)
    assert mixed.failure[:4].tolist() == [""] * 4
    assert mixed.failure[4:].tolist() == [
        "smooth: fewer than 8 periods are known",
        "smooth: a period is negative or infinite",
        "smooth: a period is negative or infinite",
        "smooth: fewer than 8 periods are known",
        "smooth: more than half of its periods are unknown",
        "smooth: no demand is known in the last 13 periods",
    ]
    np.testing.assert_allclose(mixed.mean()[:4], fit_smooth(good, 1, 5).mean(), rtol=1e-6)
    assert mixed.mean()[4:].max() == 0


def test_nothing_to_fit_is_no_error():
    assert fit_smooth(np.zeros((0, 30)), 12, 3).mean().shape == (0, 3)
    assert fit_smooth(np.full((2, 0), np.nan), 12, 3).failure.tolist() == ["smooth: fewer than 8 periods are known"] * 2
    assert fit_smooth(np.full((2, 30), np.nan), 12, 3).mean().max() == 0


def test_a_constant_series_keeps_the_spread_of_a_poisson():
    paths = fit_smooth(np.full((1, 40), 50.0), 12, 4)
    np.testing.assert_allclose(paths.mean(), 50, rtol=0.02)
    np.testing.assert_allclose(paths.summary()[0], 1, atol=0.1)


def test_the_order_of_the_rows_does_not_matter():
    y = poisson(np.linspace(20, 300, 30)[:, None] * SEASON[:48])
    order = np.random.default_rng(3).permutation(30)
    np.testing.assert_array_equal(fit_smooth(y[order], 12, 6).mean(), fit_smooth(y, 12, 6).mean()[order])


def test_chunks_and_a_sample_of_the_panel_give_nearly_the_same(monkeypatch):
    y = poisson(np.linspace(20, 300, 40)[:, None] * SEASON[:48])
    whole = fit_smooth(y, 12, 6).mean()
    monkeypatch.setattr(structural, "CHUNK", 7)
    np.testing.assert_allclose(fit_smooth(y, 12, 6).mean(), whole, rtol=1e-6)
    monkeypatch.setattr(structural, "LEARN_FROM", 20)
    np.testing.assert_allclose(fit_smooth(y, 12, 6).mean(), whole, rtol=0.05)


@pytest.mark.parametrize(("season", "horizon", "settings"), [(0, 3, 10), (12, 0, 10), (12, 3, 0)])
def test_impossible_arguments_are_refused(season, horizon, settings):
    with pytest.raises(ValueError, match="smooth"):
        fit_smooth(np.ones((2, 30)), season, horizon, settings)
    with pytest.raises(ValueError, match="two axes"):
        fit_smooth(np.ones(30), 12, 3)


VALUES = strategies.one_of(strategies.sampled_from([np.nan, 0.0, 1.0, 50.0, 1e9, -1.0]), strategies.floats(0, 300))
SHAPES = strategies.tuples(strategies.integers(1, 9), strategies.integers(8, 30))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(y=arrays.arrays(np.float64, SHAPES, elements=VALUES))
def test_whatever_the_panel_moments_are_finite_and_counts_not_negative(y):
    paths = fit_smooth(y, 12, 4, settings=12)
    dispersion, level = paths.summary()
    assert np.isfinite(paths.mean()).all() and (paths.mean() >= 0).all()
    assert (dispersion >= 1).all() and (level >= 0).all() and np.isfinite(paths.covariance()).all()
    drawn = paths.sample(np.random.default_rng(1), 20)
    assert (drawn >= 0).all() and drawn[:, ~paths.fitted].max(initial=0) == 0
    assert (np.diff(paths.quantiles([0.1, 0.5, 0.9]), axis=2) >= 0).all()
