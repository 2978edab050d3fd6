import numpy as np
import pandas as pd
import pytest

from forecasts.profiles import aggregates
from forecasts.profiles.aggregates import (
    LEVEL,
    LIMITS,
    WARNING,
    Profile,
    Task,
    day_terms,
    fade_trend,
    fit_profile,
    season,
)
from forecasts.profiles.calendar import FEATURES, Calendar

HORIZON = 150
ORIGIN = "2026-11-08"


def task(totals, warned=None):
    days = pd.date_range(end=ORIGIN, periods=len(totals), freq="D")
    features = Calendar.china().features(days)
    regressors = features.loc[:, features.any()]
    if warned is not None:
        regressors = regressors.assign(**{WARNING: warned})
    return Task("all", days, np.asarray(totals, dtype=float), regressors, 1, 60.0)


def terms(first, last):
    days = pd.date_range(first, last)
    return day_terms(days, Calendar.china().features(days))


def plain(profile, first, last):
    """The season of those days without warnings."""
    found = terms(first, last)
    return pd.Series(season(profile, found, np.zeros(len(found))), index=found.index)


def seasonal_mean(days):
    """Half on weekends, next to nothing in the Spring Festival's stop."""
    stop = Calendar.china().features(days)["spring_stop"].to_numpy()
    return 60 * np.where(days.dayofweek >= 5, 0.5, 1.0) * np.where(stop > 0, 0.15, 1.0)


def seasonal_totals():
    days = pd.date_range(end=ORIGIN, periods=1096, freq="D")
    return np.random.default_rng(3).poisson(seasonal_mean(days))


def test_a_profile_knows_weekends_and_the_next_spring_festival_and_is_reproducible():
    given = task(seasonal_totals())
    profile = fit_profile(given)
    assert profile.failure == ""
    future = plain(profile, "2026-11-09", "2027-03-31")
    assert 0.4 < future["2026-11-14"] / future["2026-11-12"] < 0.6
    assert future["2027-02-09"] < 0.4 * future["2027-01-12"]
    np.testing.assert_allclose(plain(profile, given.days[0], given.days[-1]).mean(), 1.0, atol=1e-4)
    assert fit_profile(given) == profile


def test_the_coefficients_give_the_season_that_prophet_itself_predicts(monkeypatch):
    import prophet

    made = []
    fit = prophet.Prophet.fit
    monkeypatch.setattr(prophet.Prophet, "fit", lambda model, *a, **k: made.append(model) or fit(model, *a, **k))
    given = task(seasonal_totals())
    profile = fit_profile(given)
    ahead = terms("2026-11-09", "2027-06-30")
    frame = ahead.reset_index(names="ds")[["ds", *given.regressors.columns]]
    theirs = 1 + made[0].predict(frame)["multiplicative_terms"].to_numpy()
    ours = plain(profile, "2026-11-09", "2027-06-30").to_numpy()
    np.testing.assert_allclose(ours, np.clip(theirs * profile.coefficients[LEVEL], *LIMITS), atol=3e-5)


def test_a_warnings_effect_is_learned_beyond_what_was_stated():
    days = pd.date_range(end=ORIGIN, periods=1096, freq="D")
    rng = np.random.default_rng(4)
    warned = np.where(rng.random(1096) < 0.05, -0.2, 0.0)
    demand = rng.poisson(seasonal_mean(days) * np.where(warned < 0, 0.4, 1.0))
    profile = fit_profile(task(demand / (1 + warned), warned))
    weekday = terms("2026-11-10", "2026-11-10")
    usual, storm = (season(profile, weekday, np.array([w]))[0] for w in (0.0, -0.2))
    assert storm * 0.8 / usual == pytest.approx(0.4, abs=0.08)


def test_a_trend_fades_and_is_limited():
    growth = fade_trend(Profile("all", {LEVEL: 1.0}, 0.001), HORIZON, 30.0, 1.5)
    assert (np.diff(growth) >= 0).all()
    assert 1.0 < growth[-1] <= 1 + 0.001 * 45
    assert fade_trend(Profile("all", {LEVEL: 1.0}, 0.5), HORIZON, 30.0, 1.5).max() == 1.5
    assert fade_trend(Profile("all", {LEVEL: 1.0}, -0.5), HORIZON, 30.0, 1.5).min() == pytest.approx(1 / 1.5)


def test_multipliers_stay_within_limits():
    wild = Profile("all", {LEVEL: 1.0, "weekly_1": 99.0, WARNING: -50.0}, 0.0)
    found = season(wild, terms("2026-11-09", "2026-11-15"), np.array([0, 0, 0, 0, 0, 0, 1.0]))
    assert (found.min(), found.max()) == LIMITS


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
        return {"weekly_1": 0.1}, 0.0

    monkeypatch.setattr(aggregates, "_fit", fail_first)
    assert fit_profile(task(np.ones(400))).failure == ""
    assert tried == ["LBFGS", "LBFGS"]


def test_an_optimiser_that_is_stuck_is_ended_and_not_tried_again(monkeypatch):
    import cmdstanpy

    optimize = cmdstanpy.CmdStanModel.optimize
    tried = []

    def never(model, *arguments, **given):
        tried.append(given["timeout"])
        return optimize(model, *arguments, **(given | {"timeout": 1e-9}))

    monkeypatch.setattr(cmdstanpy.CmdStanModel, "optimize", never)
    assert fit_profile(task(seasonal_totals())).failure == "Prophet found no answer within 60 seconds"
    assert tried == [60.0]


def test_every_regressor_of_the_calendar_has_a_term():
    assert set(FEATURES) <= set(terms("2026-11-09", "2026-11-10").columns)
