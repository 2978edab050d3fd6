import numpy as np
import pytest
from scipy import stats

from forecasts.distributions.counts import Counts


def test_a_negative_binomial_agrees_with_scipy_in_every_function():
    mean, var = np.array([0.3, 4.0, 250.0]), np.array([0.5, 30.0, 9000.0])
    counts = Counts(mean, var)
    reference = stats.nbinom(mean**2 / (var - mean), mean / var)
    for k in (0, 1, 7, 300):
        np.testing.assert_allclose(counts.cdf(k), reference.cdf(k), rtol=1e-9)
        np.testing.assert_allclose(counts.sf(k), reference.sf(k), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(counts.pmf(k), reference.pmf(k), rtol=1e-7, atol=1e-15)
    for tau in (0.1, 0.5, 0.9, 0.999):
        np.testing.assert_array_equal(counts.quantile(tau), reference.ppf(tau))


def test_a_variance_at_or_under_the_mean_is_poisson():
    counts = Counts(np.array([2.5, 2.5, 120.0]), np.array([2.5, 1.0, 120.0]))
    np.testing.assert_allclose(counts.cdf(3), stats.poisson(counts.mean).cdf(3))
    np.testing.assert_array_equal(counts.quantile(0.95), stats.poisson(counts.mean).ppf(0.95))
    np.testing.assert_allclose(counts.pmf(4), stats.poisson(counts.mean).pmf(4))


def test_the_poisson_limit_is_approached_without_a_jump():
    mean = np.full(3, 5.0)
    near = Counts(mean, mean * (1 + np.array([1e-5, 1e-7, 1e-8])))
    np.testing.assert_allclose(near.cdf(4), stats.poisson(5).cdf(4), rtol=1e-4)
    np.testing.assert_allclose(near.pmf(4), stats.poisson(5).pmf(4), rtol=1e-4)


def test_a_mean_of_zero_is_the_certainty_of_no_demand():
    nothing = Counts(np.zeros(1), np.zeros(1))
    assert nothing.cdf(0) == 1
    assert nothing.cdf(-1) == 0
    assert nothing.at_least(1) == 0
    assert nothing.at_least(0) == 1
    assert nothing.quantile(0.999) == 0
    assert nothing.shortfall(0) == 0
    assert nothing.sample(np.random.default_rng(1), 3).sum() == 0


def test_shortfall_is_the_sum_over_the_tail_also_between_whole_numbers():
    counts = Counts(np.array([3.0]), np.array([9.0]))
    k = np.arange(500)
    for y in (-2.0, 0.0, 0.5, 1.0, 4.0, 7.25, 30.0):
        expected = (np.maximum(k - y, 0) * counts.pmf(k)).sum()
        np.testing.assert_allclose(counts.shortfall(y), expected, rtol=1e-9, atol=1e-12)


def test_two_axes_broadcast_series_by_level():
    counts = Counts(np.array([[1.0], [50.0]]), np.array([[2.0], [400.0]]))
    assert counts.quantile([0.1, 0.5, 0.9]).shape == (2, 3)
    assert counts.cdf(np.arange(4)).shape == (2, 4)


def test_a_heavy_tail_far_above_the_mean_still_finds_its_quantile():
    counts = Counts(np.array([0.5, 30.0]), np.array([400.0, 90_000.0]))
    top = counts.quantile(0.9999)
    assert (counts.cdf(top) >= 0.9999).all()
    assert (counts.cdf(top - 1) < 0.9999).all()


def test_samples_have_the_moments():
    counts = Counts(np.array([4.0, 6.0]), np.array([12.0, 6.0]))
    drawn = counts.sample(np.random.default_rng(7), 40_000)
    np.testing.assert_allclose(drawn.mean(axis=0), counts.mean, rtol=0.03)
    np.testing.assert_allclose(drawn.var(axis=0), counts.var, rtol=0.06)


def test_sum_and_take_keep_moments():
    a, b = Counts(np.array([1.0, 2.0]), np.array([2.0, 2.0])), Counts(np.array([3.0, 0.0]), np.array([5.0, 0.0]))
    np.testing.assert_array_equal((a + b).mean, [4.0, 2.0])
    np.testing.assert_array_equal((a + b).var, [7.0, 2.0])
    np.testing.assert_array_equal(a.take([1]).mean, [2.0])


@pytest.mark.parametrize(("mean", "var"), [([-1.0], [1.0]), ([np.nan], [1.0]), ([1.0], [np.inf]), ([1.0], [1.0, 2.0])])
def test_moments_that_cannot_be_are_refused(mean, var):
    with pytest.raises(ValueError, match="counts"):
        Counts(np.array(mean), np.array(var))


def test_a_quantile_of_one_is_refused():
    with pytest.raises(ValueError, match="tau"):
        Counts(np.ones(1), np.ones(1)).quantile(1.0)
