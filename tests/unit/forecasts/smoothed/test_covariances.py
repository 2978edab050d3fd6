import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from forecasts.smoothed.covariances import (
    Settings,
    common_season,
    covariance,
    factorise,
    season_covariance,
    spread_settings,
)


def one_setting(**given: float) -> Settings:
    nothing = dict.fromkeys(Settings.__dataclass_fields__, 0.0) | {"damping": 0.9, "years": np.inf, "memory": 0.5}
    return Settings(**{name: np.array([value]) for name, value in (nothing | given).items()})


def test_level_and_swing_are_forecast_as_by_the_kalman_filter_of_statsmodels():
    level, swing, memory, periods, horizon = 0.2, 0.7, 0.6, 40, 5
    y = np.cumsum(np.random.default_rng(3).normal(0, 0.5, periods)) + np.random.default_rng(4).normal(size=periods)
    model = UnobservedComponents(y, "local level", autoregressive=1)
    named = {"irregular": 1.0, "level": level, "ar": swing * (1 - memory**2)}
    values = [named[name.split(".")[1]] if name.startswith("sigma2") else memory for name in model.param_names]
    reference = model.smooth(values).get_forecast(horizon)
    factors = factorise(one_setting(level=level, swing=swing, memory=memory), periods, horizon, 1)
    mean = (factors.inverse[0] @ y[::-1]) @ factors.ahead[0]
    var = np.diag(factors.prior[0] - factors.ahead[0].T @ factors.ahead[0])
    # The start of the level is N(0, 1000) here and without bound there.
    np.testing.assert_allclose(mean, reference.predicted_mean, atol=2e-3)
    np.testing.assert_allclose(var, reference.var_pred_mean, rtol=1e-3)


def test_a_fading_slope_is_the_sum_of_its_simulated_steps():
    rng, phi, slope, periods = np.random.default_rng(5), 0.8, 0.25, 6
    slopes = np.zeros((periods, 200_000))
    b = rng.normal(0, np.sqrt(slope), 200_000)
    for t in range(1, periods):
        slopes[t] = b
        b = phi * b + rng.normal(0, np.sqrt(slope * (1 - phi**2)), b.shape)
    expected = np.cov(slopes.cumsum(axis=0))
    found = covariance(one_setting(slope=slope, damping=phi), 0, periods, 1)
    np.testing.assert_allclose(found - found[0, 0], expected, atol=0.05)


@pytest.mark.parametrize("likeness", [0.0, 0.6, 1.0])
def test_a_season_that_does_not_fade_sums_to_zero_over_a_year(likeness):
    lags = np.abs(np.arange(24)[:, None] - np.arange(24))
    found = season_covariance(one_setting(season=2.0, likeness=likeness), 0, lags, 12)
    np.testing.assert_allclose(found[:12, :12].sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found[:12, 12:], found[:12, :12])


def test_a_later_beginning_is_a_leading_block():
    settings = one_setting(level=0.0, swing=0.5, season=1.0)
    long, short = factorise(settings, 30, 3, 12), factorise(settings, 18, 3, 12)
    np.testing.assert_allclose(long.inverse[0, :18, :18], short.inverse[0], atol=1e-10)
    np.testing.assert_allclose(long.log_det[0, :18], short.log_det[0])
    np.testing.assert_allclose(long.ahead[0, :18], short.ahead[0], atol=1e-8)


def test_the_common_season_is_found_and_begins_with_the_first_period_ahead():
    t = np.arange(48)
    mean = 0.1 * np.sin(2 * np.pi * t / 12) + 0.002 * np.random.default_rng(1).normal(size=48)
    settings = spread_settings(100)
    found = common_season(mean[::-1], settings, factorise(settings, 48, 1, 12), 12)
    np.testing.assert_allclose(found, 0.1 * np.sin(2 * np.pi * np.arange(48, 60) / 12), atol=0.01)


def test_no_season_is_seen_in_noise():
    settings = spread_settings(100)
    mean = np.random.default_rng(2).normal(0, 0.1, 72)
    assert np.abs(common_season(mean, settings, factorise(settings, 72, 1, 12), 12)).max() < 0.06


def test_settings_reach_zero_and_are_the_same_every_time():
    settings = spread_settings(200)
    for name in ("level", "slope", "season", "swing"):
        values = getattr(settings, name)
        assert (values == 0).any() and (values > 0).mean() > 0.5
    np.testing.assert_array_equal(settings.level, spread_settings(200).level)
    np.testing.assert_array_equal(settings.take([3, 5]).slope, settings.slope[[3, 5]])
