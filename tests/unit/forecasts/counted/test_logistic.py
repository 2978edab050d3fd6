import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from forecasts.counted.logistic import RIDGE, Logistic, fit_logistic


def sample(rows: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Three features on very different scales and what happened: true slopes 0.5, −20 and 0.003."""
    rng = np.random.default_rng(seed)
    features = rng.normal([10, 0, -500], [1, 0.05, 200], size=(rows, 3))
    event = rng.uniform(size=rows) < expit(-6 + 0.5 * features[:, 0] - 20 * features[:, 1] - 0.003 * features[:, 2])
    return features, event


def test_with_many_rows_it_is_the_maximum_likelihood_of_a_binomial_model():
    features, event = sample(60_000)
    expected = sm.GLM(event.astype(float), sm.add_constant(features), family=sm.families.Binomial()).fit().params
    found = fit_logistic(features, event)
    np.testing.assert_allclose(found.slopes, expected[1:], rtol=2e-3)
    np.testing.assert_allclose(found.intercept, expected[0], rtol=2e-3)


def test_the_gradient_of_the_penalised_likelihood_is_zero_at_the_fit():
    features, event = sample(200)
    found, spread = fit_logistic(features, event), features.std(axis=0)
    missed = event - found.predict(features)
    assert missed.sum() == pytest.approx(0, abs=1e-6)
    standardised = (features - features.mean(axis=0)) / spread
    np.testing.assert_allclose(standardised.T @ missed, RIDGE * found.slopes * spread, atol=1e-4)


def test_the_mean_prediction_is_the_share_of_events():
    features, event = sample(500)
    assert fit_logistic(features, event).predict(features).mean() == pytest.approx(event.mean(), abs=1e-8)


def test_separable_data_stay_calm():
    features = np.linspace(-1, 1, 200)[:, None]
    found = fit_logistic(features, features[:, 0] > 0)
    assert np.isfinite(found.slopes).all() and 0 < found.slopes[0] < 60
    assert found.predict(np.array([[-1.0], [1.0]])) == pytest.approx([0, 1], abs=0.02)


def test_a_constant_column_gets_slope_zero_and_changes_nothing():
    features, event = sample(300)
    constant = np.column_stack([features[:, :1], np.full(300, 7.0), features[:, 1:]])
    without, found = fit_logistic(features, event), fit_logistic(constant, event)
    assert found.slopes[1] == 0
    np.testing.assert_allclose(np.delete(found.slopes, 1), without.slopes, rtol=1e-9)


def test_with_nothing_but_constant_columns_it_is_the_share_of_events():
    found = fit_logistic(np.ones((50, 2)), np.arange(50) < 10)
    np.testing.assert_allclose(found.predict(np.ones((3, 2))), 0.2)


def test_units_of_a_feature_do_not_matter():
    features, event = sample(300)
    scaled = features * np.array([1000.0, 1.0, 1e-3])
    here, there = fit_logistic(features, event), fit_logistic(scaled, event)
    np.testing.assert_allclose(here.predict(features), there.predict(scaled), atol=1e-9)


def test_two_identical_columns_share_the_slope():
    features, event = sample(300)
    twice = fit_logistic(features[:, [0, 0]], event)
    assert twice.slopes[0] == pytest.approx(twice.slopes[1])


def test_a_prediction_is_the_logistic_function_of_the_line():
    assert Logistic(1.0, np.array([2.0])).predict(np.array([[-0.5], [0.5]])) == pytest.approx(
        [0.5, 1 / (1 + np.exp(-2))]
    )


@pytest.mark.parametrize("outcome", [True, False])
def test_both_outcomes_must_occur(outcome):
    with pytest.raises(ValueError, match="both outcomes"):
        fit_logistic(np.arange(4.0)[:, None], np.full(4, outcome))


def test_nearly_certain_events_are_fitted_with_their_mean():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(5000, 6)) * [1, 3, 0.1, 5, 2, 1] + 4
    event = rng.random(5000) < expit(3 + 0.8 * (features[:, 0] - 4) + 0.6 * (features[:, 1] - 4))
    fitted = fit_logistic(features, event)
    assert fitted.predict(features).mean() == pytest.approx(event.mean(), abs=1e-4)


def test_an_offset_is_added_and_not_learned():
    rng = np.random.default_rng(3)
    offset = rng.normal(size=4000)
    event = rng.random(4000) < expit(-1 + offset)
    fitted = fit_logistic(offset[:, None], event, offset)
    assert fitted.slopes[0] == pytest.approx(0, abs=0.1)
    assert fitted.intercept == pytest.approx(-1, abs=0.1)
