import numpy as np

from forecasts.smooth import MATCHED_WEEKS, Task, fit_path, window_factor


def test_a_stable_series_is_forecast_at_its_level_with_its_noise():
    weekly = np.random.default_rng(5).poisson(50, 120).astype(float)
    path = fit_path(Task(weekly, 20))
    assert path.failure == ""
    assert abs(path.weekly_mean[:MATCHED_WEEKS].mean() - 50) < 6
    assert 0.6 < path.dispersion < 1.8
    assert path.level_cv2 < 0.05


def test_a_moving_level_is_followed_and_leaves_uncertainty():
    rng = np.random.default_rng(6)
    weekly = rng.poisson(80 * np.exp(np.cumsum(rng.normal(0, 0.12, 150)))).astype(float)
    path = fit_path(Task(weekly, 20))
    assert abs(path.weekly_mean[0] / weekly[-4:].mean() - 1) < 0.5
    assert path.level_cv2 > 0.01


def test_the_window_variance_is_hyndmans():
    # Simple exponential smoothing (beta 0): Var = s2 sum_j (1 + (H - j) alpha)^2, Hyndman et al. 2008, table 6.2.
    assert np.isclose(window_factor(0.3, 0.0, 0.9, 4), sum((1 + 0.3 * k) ** 2 for k in range(4)))
    # One week ahead nothing but the error itself is unknown.
    assert window_factor(0.5, 0.2, 0.9, 1) == 1.0


def test_the_window_variance_agrees_with_simulation():
    alpha, beta, phi, weeks = 0.4, 0.1, 0.85, 6
    errors = np.random.default_rng(8).normal(size=(weeks, 200_000))
    level, trend, total = 0.0, 0.0, 0.0
    for error in errors:
        total = total + level + phi * trend + error
        level, trend = level + phi * trend + alpha * error, phi * trend + beta * error
    assert np.isclose(np.var(total), window_factor(alpha, beta, phi, weeks), rtol=0.02)


def test_a_series_that_cannot_be_fitted_says_why():
    assert fit_path(Task(np.full(60, np.nan), 5)).failure.startswith("ETS")
    assert fit_path(Task(np.zeros(60), 5)).failure == "ETS gave numbers that are not finite"
