import numpy as np

from forecasts.smoothed.paths import SHIFT, SmoothPaths

GROWING = 0.02 * (np.eye(14) + 0.4 * np.minimum.outer(np.arange(1, 15), np.arange(1, 15)))


def paths(roots=(3.0, 2.2), cov=GROWING, failure=("", "")) -> SmoothPaths:
    mean = np.array(roots)[:, None] * np.ones(len(cov))
    return SmoothPaths(mean, np.repeat(cov[None], len(roots), axis=0), np.array(failure, dtype="U64"))


def test_moments_are_those_of_the_paths():
    given = paths()
    drawn = given.sample(np.random.default_rng(1), 40_000)
    assert drawn.dtype == np.int64 and (drawn >= 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), given.mean(), rtol=0.02)
    for row in range(2):
        np.testing.assert_allclose(np.cov(drawn[:, row].T), given.covariance()[row], rtol=0.12)


def test_sums_over_any_window_have_the_right_spread():
    given = paths()
    sums = given.sample(np.random.default_rng(2), 40_000)[:, :, 3:9].sum(axis=2)
    np.testing.assert_allclose(sums.var(axis=0), given.covariance()[:, 3:9, 3:9].sum(axis=(1, 2)), rtol=0.05)


def test_quantiles_are_the_smallest_counts_that_hold_the_level():
    given, levels = paths(), np.array([0.05, 0.5, 0.9, 0.99])
    found = given.quantiles(levels)
    assert found.shape == (2, 14, 4) and (np.diff(found, axis=2) >= 0).all()
    for place, level in enumerate(levels):
        assert (given.cdf(found[:, :, place]) >= level).all()
        assert (given.cdf(found[:, :, place] - 1) < level).all()


def test_the_summary_matches_one_period_and_the_sum_of_thirteen():
    given = paths(cov=0.05 * np.eye(14) + 0.01)
    dispersion, level = given.summary()
    mean, covariance = given.mean(), given.covariance()
    total = mean[:, :13].sum(axis=1)
    sums = covariance[:, :13, :13].sum(axis=(1, 2))
    np.testing.assert_allclose(dispersion * total + level * total**2, sums, rtol=1e-4)
    np.testing.assert_allclose(dispersion * mean[:, 0] + level * mean[:, 0] ** 2, covariance[:, 0, 0], rtol=1e-4)
    assert (level > 0).all() and (dispersion >= 1).all()


def test_a_level_that_wanders_more_than_a_summary_can_say_keeps_the_sum_and_a_poissons_noise():
    given = paths()
    dispersion, level = given.summary()
    total, sums = given.mean()[:, :13].sum(axis=1), given.covariance()[:, :13, :13].sum(axis=(1, 2))
    np.testing.assert_allclose(dispersion, 1)
    np.testing.assert_allclose(total + level * total**2, sums, rtol=1e-4)


def test_independent_periods_leave_no_doubt_of_the_level():
    dispersion, level = paths(cov=0.05 * np.eye(13)).summary()
    np.testing.assert_allclose(level, 0, atol=1e-6)
    assert (dispersion > 1).all()


def test_one_period_ahead_is_all_dispersion():
    given = paths(cov=np.array([[0.05]]))
    dispersion, level = given.summary()
    np.testing.assert_allclose(dispersion, given.covariance()[:, 0, 0] / given.mean()[:, 0], rtol=1e-5)
    np.testing.assert_allclose(level, 0)


def test_no_variance_is_below_the_mean():
    given = paths(cov=1e-6 * np.eye(3))
    np.testing.assert_allclose(np.einsum("mhh->mh", given.covariance()), given.mean())
    np.testing.assert_allclose(given.summary()[0], 1.0)


def test_a_series_that_failed_is_certain_of_no_demand():
    given = paths(roots=(3.0, SHIFT**0.25), failure=("", "smooth: a reason"))
    assert given.fitted.tolist() == [True, False]
    assert given.mean()[1].max() == 0 and given.covariance()[1].max() == 0
    assert given.quantiles([0.99])[1].max() == 0 and given.sample(np.random.default_rng(1), 9)[:, 1].max() == 0
    assert (given.cdf(0)[1] == 1).all() and (given.cdf(-1) == 0).all()
    dispersion, level = given.summary()
    assert dispersion[1] == 1 and level[1] == 0


def test_the_same_seed_draws_the_same_paths():
    np.testing.assert_array_equal(*(paths().sample(np.random.default_rng(7), 50) for _ in range(2)))
