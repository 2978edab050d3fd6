import numpy as np
import pandas as pd

from forecasts.censoring import usual_demand
from forecasts.distributions.moments import WIDTHS
from forecasts.history import History
from forecasts.parameters import Parameters
from forecasts.smoothed import ets
from forecasts.smoothed.ets import Task, ets_moments, fit_windows, window_factor

SPENT = np.array([4.0, 13.0])


def history(weekly, bound=None, exposure=None):
    demand = np.atleast_2d(np.asarray(weekly, dtype=float))
    ids = pd.Index([f"s{k}" for k in range(len(demand))])
    given = {"exposure": np.atleast_2d(exposure), "exposure_of": np.zeros(len(ids), dtype=np.int64)}
    return History(
        ids,
        demand,
        np.zeros(demand.shape, dtype=bool) if bound is None else np.atleast_2d(bound),
        pd.DataFrame(index=ids),
        **(given if exposure is not None else {}),
    )


def test_a_stable_series_is_forecast_at_its_level_with_its_noise():
    found = fit_windows(Task(np.random.default_rng(5).poisson(50, 120).astype(float)))
    assert found.failure == ""
    np.testing.assert_allclose(found.mean, 50 * SPENT, rtol=0.1)
    assert (found.var / found.mean < 3).all()


def test_a_moving_level_leaves_more_uncertainty_the_longer_the_window():
    rng = np.random.default_rng(6)
    found = fit_windows(Task(rng.poisson(80 * np.exp(np.cumsum(rng.normal(0, 0.12, 150)))).astype(float)))
    short, long = found.var / found.mean
    assert long > 2 * short > 4


def test_a_trend_is_believed_no_further_than_four_times_the_last_quarter():
    found = fit_windows(Task(np.exp(np.arange(60) * 0.4)))
    recent = np.exp(np.arange(47, 60) * 0.4).mean()
    assert found.mean[1] <= 13 * 4 * recent + 1e-6


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
    assert fit_windows(Task(np.full(60, np.nan))).failure.startswith("ETS")
    assert fit_windows(Task(np.zeros(60))).failure == "ETS gave numbers that are not finite"


def test_weeks_are_taken_at_exposure_one_and_unknown_where_they_say_nothing_of_the_level():
    bound = [[False, False, True, False, False]]
    given = history([[np.nan, 8, 3, 5, 1]], bound, [1.0, 2.0, 1.0, 0.5, 0.05, 1.0])
    found = usual_demand(given, np.array([0]))[0]
    np.testing.assert_array_equal(found[[0, 1, 3, 4]], [np.nan, 4, 10, np.nan])
    assert 3 < found[2] < 10  # sold out at three: raised to what is expected beyond


def test_sold_out_weeks_do_not_lower_the_level():
    weekly = np.random.default_rng(7).poisson(40, 100).astype(float)
    out = np.arange(100) >= 92
    known = history(np.where(out, 0, weekly), out)
    found, failures = ets_moments(known, np.array([0]), SPENT[None], Parameters(workers=1))
    assert failures == {}
    np.testing.assert_allclose(found.mean[0], 40 * SPENT, rtol=0.1)
    ignored, _ = ets_moments(history(np.where(out, 0, weekly)), np.array([0]), SPENT[None], Parameters(workers=1))
    assert ignored.mean[0, 1] < 0.6 * found.mean[0, 1]


def test_moments_are_scaled_by_the_exposure_of_the_windows_and_only_chosen_rows_speak():
    rng = np.random.default_rng(3)
    given = history(rng.poisson(30, (3, 80)))
    spent = np.array([SPENT, SPENT, [4.0, 19.5]])
    found, _ = ets_moments(given, np.array([1, 2]), spent, Parameters(workers=1))
    assert found.spoken.tolist() == [False, True, True]
    plain, _ = ets_moments(given, np.array([2]), np.tile(SPENT, (3, 1)), Parameters(workers=1))
    np.testing.assert_allclose(found.mean[2] / plain.mean[2], [1.0, 1.5])
    np.testing.assert_allclose(found.var[2] / plain.var[2], [1.0, 1.5**2])


def test_a_failed_fit_is_told_by_row_and_says_nothing(monkeypatch):
    monkeypatch.setattr(ets, "fit_windows", lambda task: ets._failed("ETS failed: X"))
    given = history(np.full((2, 60), 20.0))
    found, failures = ets_moments(given, np.array([1]), np.tile(SPENT, (2, 1)), Parameters(workers=1))
    assert failures == {1: "ETS failed: X"}
    assert not found.spoken.any()
    assert found.mean.shape == (2, len(WIDTHS))
