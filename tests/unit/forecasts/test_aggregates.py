import numpy as np
import pandas as pd

from forecasts import aggregates
from forecasts.aggregates import LIMITS, Task, combine, fit_profile
from forecasts.calendar import Calendar

HORIZON = 150


def task(totals, origin="2026-11-08", horizon=HORIZON):
    days = pd.date_range(end=origin, periods=len(totals), freq="D")
    span = pd.date_range(days[0], periods=len(days) + horizon, freq="D")
    features = Calendar.china().features(span).to_numpy()
    return Task("all", days, np.asarray(totals, dtype=float), features, horizon, 30.0, 1.5, 1)


def seasonal_totals():
    """Three years: half on weekends, next to nothing in the Spring Festival's stop."""
    days = pd.date_range(end="2026-11-08", periods=1096, freq="D")
    stop = Calendar.china().features(days)["spring_stop"].to_numpy()
    mean = 60 * np.where(days.dayofweek >= 5, 0.5, 1.0) * np.where(stop > 0, 0.15, 1.0)
    return np.random.default_rng(3).poisson(mean)


def test_a_profile_knows_weekends_and_the_next_spring_festival_and_is_reproducible():
    given = task(seasonal_totals())
    profile = fit_profile(given)
    assert profile.failure == ""
    future = pd.Series(profile.multipliers[-HORIZON:], index=pd.date_range("2026-11-09", periods=HORIZON))
    assert 0.4 < future["2026-11-14"] / future["2026-11-12"] < 0.6
    assert future["2027-02-09"] < 0.4 * future["2027-01-12"]
    np.testing.assert_allclose(profile.multipliers[:-HORIZON].mean(), 1.0, atol=1e-5)
    np.testing.assert_array_equal(fit_profile(given).multipliers, profile.multipliers)


def test_a_trend_fades_and_is_limited():
    given = task(np.ones(400))
    trend = np.linspace(1.0, 2.0, 400)
    found = combine(np.ones(400 + HORIZON), trend, given)
    assert (found[:400] == 1).all()
    growth = found[400:]
    assert (np.diff(growth) >= 0).all()
    assert 1.0 < growth[-1] <= 1 + (1 / 399) / 2 * 45
    steep = combine(np.ones(400 + HORIZON), np.linspace(0.01, 2, 400) ** 9, given)
    assert steep.max() <= 1.5


def test_multipliers_stay_within_limits():
    found = combine(np.concatenate([np.ones(400), np.full(HORIZON, 99.0)]), np.ones(400), task(np.ones(400)))
    assert found.max() == LIMITS[1]


def test_a_fit_that_fails_every_time_is_a_result_with_a_reason(monkeypatch):
    def fail(task, algorithm):
        raise RuntimeError(algorithm)

    monkeypatch.setattr(aggregates, "_fit", fail)
    assert fit_profile(task(np.ones(400))).failure == "Prophet failed: RuntimeError"


def test_an_optimiser_killed_once_answers_the_second_time_with_the_same_algorithm(monkeypatch):
    tried = []

    def fail_first(task, algorithm):
        tried.append(algorithm)
        if len(tried) == 1:
            raise RuntimeError("killed")
        return np.ones(len(task.days) + task.horizon_days), np.ones(len(task.days) + task.horizon_days)

    monkeypatch.setattr(aggregates, "_fit", fail_first)
    assert fit_profile(task(np.ones(400))).failure == ""
    assert tried == ["LBFGS", "LBFGS"]
