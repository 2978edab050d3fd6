"""Textbook numbers for count rates, losses of quantiles and demand classes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecasts.choice import pinball
from forecasts.classes import classify
from forecasts.counted.pooled import Evidence, learn_rates
from forecasts.distributions.counts import Counts
from forecasts.distributions.exceedance import Exceedance
from forecasts.history import History
from forecasts.parameters import Parameters


@pytest.mark.parametrize(("deaths", "exposure", "shape", "rate", "mean"), [(3, 2, 6, 7, 0.86), (30, 20, 33, 25, 1.32)])
def test_the_asthma_mortality_of_gelman(deaths: int, exposure: int, shape: int, rate: int, mean: float) -> None:
    """Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, section 2.6.

    Prior Gamma(3, 5); 3 deaths in 2 (100,000 person-years): posterior Gamma(6, 7), mean 0.86; ten years of the same,
    30 in 20: Gamma(33, 25), mean 1.32. One series alone has the least spread of rates, 0.02, so its prior has shape
    strength / 0.02.
    """
    once = np.ones(1)
    evidence = Evidence(
        deaths * once, deaths * once, deaths * once, deaths * once, deaths * once, exposure * once, exposure * once
    )
    told = Parameters(prior_strength=3 * 0.02, drift_cv2=0.0)
    found = learn_rates(evidence, [np.zeros(1, dtype=np.int64)], np.array([3 / 5]), told)
    assert found.rate == pytest.approx([shape / rate])
    assert found.rate == pytest.approx([mean], abs=0.005)
    assert found.rate_cv2 == pytest.approx([stats.gamma(shape, scale=1 / rate).var() / (shape / rate) ** 2])


def test_a_poisson_with_a_gamma_rate_is_negative_binomial() -> None:
    """Gelman et al. (2013), section 2.6: the prior predictive of Gamma(α, β) is Neg-bin(α, β), mean α / β and
    variance α / β² (β + 1); for the asthma prior Gamma(3, 5), P(0) = (5 / 6)³ = 0.579.
    """
    found = Counts(np.array([3 / 5]), np.array([3 / 25 * 6]))
    assert found.pmf(0) == pytest.approx([(5 / 6) ** 3])
    assert found.pmf(1) == pytest.approx([3 * (5 / 6) ** 3 / 6])


def test_the_quantile_score_of_googles_price() -> None:
    """Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.9: the 10 % quantile was
    forecast as 744.54, the price was 758.88: Q = 2 · 0.1 · (758.88 − 744.54) = 2.87, twice the pinball loss.
    """
    assert 2 * pinball(np.array([758.88]), np.array([[744.54]]), np.array([0.1])) == pytest.approx(2.87, abs=0.005)


def test_the_quantile_makes_the_expected_pinball_loss_least() -> None:
    """Koenker and Bassett (1978), Regression quantiles, section 3: Σ ρ_θ(y − b) is least at the θ-th quantile."""
    distribution, k = stats.poisson(6), np.arange(60)
    of = Exceedance(np.arange(40.0)[None, :], distribution.sf(np.arange(40))[None, None, :])
    for level in (0.1, 0.5, 0.8, 0.95):
        losses = pinball(k.astype(float), np.broadcast_to(np.arange(30.0), (60, 30)), np.full(30, level))
        expected = (distribution.pmf(k)[:, None] * losses).sum(axis=0)
        assert of.quantile([level])[0, 0, 0] == np.argmin(expected)


def test_the_newsvendors_eighth_unit() -> None:
    """Snyder and Shen (2019), section 4.3: Poisson demand of mean 6 and fractile 0.8 give S = 8."""
    of = Exceedance(np.arange(40.0)[None, :], stats.poisson(6).sf(np.arange(40))[None, None, :])
    assert of.quantile([0.8])[0, 0, 0] == 8


def test_the_classes_of_syntetos_boylan_and_croston() -> None:
    """Syntetos, Boylan and Croston (2005), On the categorization of demand patterns: cut-offs p = 1.32, CV² = 0.49."""
    demand = np.zeros((4, 60))
    demand[0], demand[1, ::2] = 5.0, 5.0
    demand[2], demand[3, ::2] = np.tile([1.0, 1, 10], 20), np.tile([1.0, 1, 10], 10)
    ids = pd.Index(["erratic", "intermittent", "lumpy", "smooth"])
    history = History(ids, demand[[2, 1, 3, 0]], np.zeros(demand.shape, dtype=bool), pd.DataFrame(index=ids))
    found = classify(history, 12)
    assert found["demand_class"].tolist() == ids.tolist()
    # Mean 4, variance 18: CV² = 18 / 16.
    assert found["cv2"].tolist() == [1.125, 0.0, 1.125, 0.0]
    assert found["adi"].tolist() == [1.0, 2.0, 2.0, 1.0]
