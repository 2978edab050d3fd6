from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts import choice
from forecasts.choice import SCORES
from forecasts.daily import forecast_daily
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles import exposure
from forecasts.profiles.aggregates import Profile
from forecasts.profiles.calendar import Calendar
from forecasts.result import Kept
from forecasts.smoothed import ets
from forecasts.windows import CALIBRATION

CHINA = Calendar.china()
ORIGIN = pd.Timestamp("2026-11-08")
NO_SPANS = pd.DataFrame(columns=["unique_id", "first_day", "last_day"])
COUNTS_ONLY = Parameters(prophet_max_groups=0, ets_max_series=0)


def panel(per_day, days=400, seed=1, family="F", region="R", spans=NO_SPANS):
    """Series by name with Poisson demand of that mean a day."""
    rng = np.random.default_rng(seed)
    calendar = pd.date_range(end=ORIGIN, periods=days, freq="D")
    parts = []
    for name, mean in per_day.items():
        qty = rng.poisson(mean, days)
        parts.append(pd.DataFrame({"unique_id": name, "day": calendar, "qty": qty, "lines": np.minimum(qty, 3)}))
    demand = pd.concat(parts)
    series = pd.DataFrame({"family": family, "region": region, "first_day": calendar[0]}, index=list(per_day))
    return Panel(series, demand[demand["qty"] > 0].astype({"qty": float}), spans, ORIGIN)


def judged(methods, factors=None, nights_ago=1):
    """What a night some nights ago learned: the method of each class, and what its variance is multiplied by."""
    rows = [(name, method, 2, 999, 0.5, 0.9, True) for name, method in methods.items()]
    scores = pd.DataFrame(rows, columns=list(SCORES))
    wide = [(name, 0.9, 999, 0.8, factor, 0.9) for name, factor in (factors or {}).items()]
    calibration = pd.DataFrame(wide, columns=list(CALIBRATION)).astype({"variance_factor": float})
    return Kept(pd.DataFrame(), scores, calibration, ORIGIN - pd.Timedelta(days=nights_ago))


def test_a_steady_seller_is_forecast_at_its_rate_and_the_p90_is_above():
    found = forecast_daily(panel({"a": 2.0, "b": 0.1, "c": 0.02}), COUNTS_ONLY, CHINA)
    month = found.window(0, 30)
    assert abs(month.mean[0] - 60) < 8
    assert abs(month.mean[1] - 3) < 1.5
    assert (month.quantile(0.9) >= month.quantile(0.5)).all()
    assert found.series["fallback"].eq("").all()
    assert found.series.loc["a", "demand_class"] == "smooth"
    assert found.series.loc["c", "demand_class"] == "intermittent"


def test_a_smooth_fast_mover_is_forecast_by_ets_and_says_so():
    settings = replace(COUNTS_ONLY, ets_max_series=10)
    kept = judged({"fast": "ets", "all": "gamma_poisson"})
    found = forecast_daily(panel({"fast": 5.0, "slow": 0.05}), settings, CHINA, kept=kept)
    assert found.series["method"].to_dict() == {"fast": "ets", "slow": "gamma_poisson"}
    assert found.series["judged_class"].to_dict() == {"fast": "fast", "slow": "intermittent"}
    assert abs(found.window(0, 28).mean[0] - 140) < 15
    assert 2.0 < found.window(0, 28).var[0] ** 0.5 < 60


def test_a_fast_mover_sold_out_for_a_month_keeps_its_level_under_ets():
    given = panel({"fast": 5.0})
    spans = pd.DataFrame(
        {"unique_id": ["fast"], "first_day": [ORIGIN - pd.Timedelta(days=29)], "last_day": [ORIGIN]}
    ).astype({"first_day": "datetime64[ns]", "last_day": "datetime64[ns]"})
    served = given.demand[given.demand["day"] < spans["first_day"].iloc[0]]
    settings = replace(COUNTS_ONLY, ets_max_series=10, ets_max_zero_share=0.2)
    kept = judged({"fast": "ets"})
    censored = forecast_daily(Panel(given.series, served, spans, ORIGIN), settings, CHINA, kept=kept)
    assert censored.series["method"].tolist() == ["ets"]
    assert abs(censored.window(0, 28).mean[0] - 140) < 20
    unmarked = forecast_daily(Panel(given.series, served, NO_SPANS, ORIGIN), settings, CHINA, kept=kept)
    assert unmarked.window(0, 28).mean[0] < 100


@pytest.mark.parametrize("method", ["ets", "gamma_poisson+ets"])
def test_an_ets_that_fails_falls_back_and_the_row_says_so(monkeypatch, method):
    monkeypatch.setattr(ets, "fit_windows", lambda task: ets._failed("ETS failed: ValueError"))
    kept = judged({"fast": method})
    found = forecast_daily(panel({"fast": 5.0}), replace(COUNTS_ONLY, ets_max_series=10), CHINA, kept=kept)
    assert found.series.loc["fast", ["method", "fallback"]].tolist() == [
        "gamma_poisson",
        "ETS failed: ValueError: gamma_poisson",
    ]
    assert abs(found.window(0, 28).mean[0] - 140) < 15


def test_a_series_observed_for_a_month_is_a_new_part_and_learns_from_its_family():
    given = panel({"a": 1.0, "b": 1.2, "c": 0.8, "new": 1.0})
    series = given.series.copy()
    series.loc["new", "first_day"] = ORIGIN - pd.Timedelta(days=2)
    demand = given.demand[given.demand["unique_id"] != "new"]
    found = forecast_daily(Panel(series, demand, NO_SPANS, ORIGIN), COUNTS_ONLY, CHINA)
    assert found.series.loc["new", ["method", "demand_class"]].tolist() == ["gamma_poisson", "new"]
    assert found.window(0, 10).mean[-1] > 2


def test_what_is_expected_of_a_new_part_is_believed():
    given = panel({"a": 1.0, "b": 1.2, "new": 0.0})
    series = given.series.assign(expected_per_day=[np.nan, np.nan, 4.0])
    series.loc["new", "first_day"] = ORIGIN
    found = forecast_daily(Panel(series, given.demand, NO_SPANS, ORIGIN), COUNTS_ONLY, CHINA)
    assert 30 < found.window(0, 10).mean[-1] <= 40


def test_windows_add_up_and_are_refused_beyond_the_horizon():
    found = forecast_daily(panel({"a": 1.0, "b": 0.1}), COUNTS_ONLY, CHINA)
    parts = found.window(0, 10).mean + found.window(10, np.array([31, 31])).mean
    np.testing.assert_allclose(found.window(0, 31).mean, parts, atol=3e-6)
    assert (found.window(5, 5).mean == 0).all()
    for start, stop in ((-1, 3), (4, 3), (0, 201), (0, np.array([1, 999]))):
        with pytest.raises(ValueError, match="window"):
            found.window(start, stop)
    with pytest.raises(ValueError, match="whole"):
        found.window(0, 1.5)


def test_weeks_are_calendar_weeks_from_the_next_monday_and_equal_their_windows():
    found = forecast_daily(panel({"a": 1.0, "b": 0.1}), COUNTS_ONLY, CHINA)
    mondays, weekly = found.weekly(13)
    assert mondays[0] == pd.Timestamp("2026-11-09")
    assert (mondays[-1] - mondays[0]).days == 84
    np.testing.assert_allclose(weekly.mean[:, 2], found.window(14, 21).mean)
    np.testing.assert_allclose(weekly.var[:, 2], found.window(14, 21).var)
    midweek = replace(found, origin=pd.Timestamp("2026-11-10"))
    mondays, weekly = midweek.weekly(1)
    assert mondays == [pd.Timestamp("2026-11-16")]
    np.testing.assert_allclose(weekly.mean[:, 0], midweek.window(5, 12).mean)


def test_more_weeks_than_the_horizon_holds_are_refused():
    with pytest.raises(ValueError, match="weeks"):
        forecast_daily(panel({"a": 1.0}), COUNTS_ONLY, CHINA).weekly(40)


def test_paths_are_whole_and_their_sums_follow_the_window():
    found = forecast_daily(panel({"a": 3.0, "b": 0.3}), COUNTS_ONLY, CHINA)
    drawn = found.paths(6000, 28, seed=4)
    assert drawn.shape == (6000, 2, 28)
    assert drawn.dtype == np.int32
    sums, window = drawn.sum(axis=2), found.window(0, 28)
    np.testing.assert_allclose(sums.mean(axis=0), window.mean, rtol=0.06)
    np.testing.assert_allclose(sums.var(axis=0), window.var, rtol=0.15)
    np.testing.assert_array_equal(drawn, found.paths(6000, 28, seed=4))
    assert found.paths(3, 0, seed=1, rows=[1]).shape == (3, 1, 0)


def test_a_weather_factor_lifts_its_region_on_its_days_only():
    factors = pd.DataFrame({"region": ["R"], "day": [pd.Timestamp("2026-11-10")], "factor": [3.0]})
    plain = forecast_daily(panel({"a": 1.0}), COUNTS_ONLY, CHINA)
    warned = forecast_daily(panel({"a": 1.0}), COUNTS_ONLY, CHINA, factors)
    ratio = [warned.window(d, d + 1).mean[0] / plain.window(d, d + 1).mean[0] for d in range(3)]
    np.testing.assert_allclose(ratio, [1, 3, 1], rtol=0.02)  # a level is learned from weeks, the warned among them
    elsewhere = forecast_daily(panel({"a": 1.0}, region="S"), COUNTS_ONLY, CHINA, factors)
    np.testing.assert_allclose(elsewhere.window(0, 9).mean, plain.window(0, 9).mean)


def test_a_small_group_follows_its_family_and_the_largest_its_own_fit(monkeypatch):
    monkeypatch.setattr(exposure, "fit_profile", lambda task: Profile(task.label, {"level": 1.0}, 0.0))
    big, small = panel({"a": 3.0}, region="R"), panel({"b": 0.1}, region="S")
    both = Panel(pd.concat([big.series, small.series]), pd.concat([big.demand, small.demand]), NO_SPANS, ORIGIN)
    found = forecast_daily(both, Parameters(prophet_min_lines=500, ets_max_series=0), CHINA).groups.set_index("region")
    assert found.loc["R", ["method", "follows", "fallback"]].tolist() == ["prophet", "group", ""]
    assert found.loc["S", "follows"] == "family"
    assert found.loc["S", "fallback"].endswith("order lines, 500 needed: its family's profile")


def test_a_profile_that_fails_leaves_the_group_flat_with_a_reason(monkeypatch):
    monkeypatch.setattr(exposure, "fit_profile", lambda task: Profile(task.label, {}, 0.0, "Prophet failed: X"))
    found = forecast_daily(panel({"a": 3.0}), Parameters(prophet_min_lines=10, ets_max_series=0), CHINA)
    assert found.groups.loc[0, ["method", "fallback"]].tolist() == ["flat", "Prophet failed: X: flat"]
    assert found.window(0, 10).mean[0] > 20


def test_groups_beyond_the_cap_follow_all_demand(monkeypatch):
    monkeypatch.setattr(exposure, "fit_profile", lambda task: Profile(task.label, {"level": 1.0}, 0.0))
    parts = [panel({f"s{k}": 1.0 + k}, region=f"R{k}") for k in range(4)]
    whole = Panel(pd.concat([p.series for p in parts]), pd.concat([p.demand for p in parts]), NO_SPANS, ORIGIN)
    settings = Parameters(prophet_min_lines=10, prophet_max_groups=2, ets_max_series=0)
    assert forecast_daily(whole, settings, CHINA).groups["follows"].tolist() == ["all", "all", "all", "group"]


def test_an_empty_panel_and_a_panel_without_demand_are_forecast():
    empty = panel({"a": 0.0})
    found = forecast_daily(empty, Parameters(), CHINA)
    assert found.window(0, 90).mean[0] < 0.1
    assert found.series["demand_class"].tolist() == ["none"]
    nobody = Panel(empty.series.iloc[:0], empty.demand.iloc[:0], NO_SPANS, ORIGIN)
    nothing = forecast_daily(nobody, Parameters(), CHINA)
    assert len(nothing.window(0, 90)) == 0
    assert nothing.weekly(13)[1].mean.shape == (0, 13)


def test_the_calendar_tells_how_far_it_is_verified():
    assert forecast_daily(panel({"a": 1.0}), COUNTS_ONLY, CHINA).calendar_verified_through == pd.Timestamp("2026-12-31")


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing():
    given = panel({"a": 6.0, "b": 3.0, "c": 0.1})
    settings = Parameters(prophet_min_lines=10, parallel_from=1)
    one, two = (forecast_daily(given, replace(settings, workers=n), CHINA) for n in (1, 2))
    pd.testing.assert_frame_equal(one.series, two.series)
    np.testing.assert_array_equal(one.model.curves, two.model.curves)


def test_a_failed_ets_leaves_a_class_forecast_by_structural_models_alone(monkeypatch):
    monkeypatch.setattr(ets, "fit_windows", lambda task: ets._failed("ETS failed: ValueError"))
    settings, kept = replace(COUNTS_ONLY, ets_max_series=10), judged({"fast": "structural"})
    found = forecast_daily(panel({"fast": 5.0}), settings, CHINA, kept=kept)
    assert found.series.loc["fast", ["method", "fallback"]].tolist() == ["structural", ""]


def test_a_method_that_was_not_asked_tonight_is_replaced_and_the_row_says_so():
    young = panel({"a": 1.0}, days=140)
    found = forecast_daily(young, COUNTS_ONLY, CHINA, kept=judged({"all": "thresholds"}))
    expected = ["gamma_poisson", "thresholds says nothing of it: gamma_poisson"]
    assert found.series.loc["a", ["method", "fallback"]].tolist() == expected


def test_what_is_best_for_fast_movers_alone_says_nothing_of_the_others():
    found = forecast_daily(panel({"slow": 0.05}), COUNTS_ONLY, CHINA, kept=judged({"all": "ets"}))
    assert found.series.loc["slow", ["method", "fallback"]].tolist() == ["gamma_poisson", ""]


@pytest.mark.parametrize(("nights_ago", "judged_on"), [(1, 1), (6, 6), (7, 0), (30, 0)])
def test_scores_are_kept_for_a_week_and_then_judged_anew(nights_ago, judged_on):
    kept = judged({"all": "thresholds"}, nights_ago=nights_ago)
    found = forecast_daily(panel({"a": 1.0, "b": 0.2}), COUNTS_ONLY, CHINA, kept=kept).kept
    assert found.judged_on == ORIGIN - pd.Timedelta(days=judged_on)
    assert found.scores.equals(kept.scores) == (judged_on > 0)


@pytest.mark.parametrize("nights_ago", [0, -3])
def test_scores_of_the_same_or_a_later_night_are_not_used(nights_ago):
    kept = judged({"all": "gamma_poisson_short"}, nights_ago=nights_ago)
    given = panel({"a": 1.0, "b": 0.2})
    found = forecast_daily(given, COUNTS_ONLY, CHINA, kept=kept).kept
    assert found.judged_on == ORIGIN
    assert set(found.scores["method"]) > {"gamma_poisson", "gamma_poisson_short", "thresholds"}


def test_a_kept_factor_widens_its_class_and_leaves_its_mean():
    given = panel({"a": 1.0, "b": 1.2, "c": 0.9})
    plain = forecast_daily(given, COUNTS_ONLY, CHINA, kept=judged({"all": "gamma_poisson"}))
    wide = forecast_daily(given, COUNTS_ONLY, CHINA, kept=judged({"all": "gamma_poisson"}, {"smooth": 2.0}))
    assert wide.series["demand_class"].tolist() == ["smooth"] * 3
    for days in (28, 91):
        np.testing.assert_allclose(wide.window(0, days).mean, plain.window(0, days).mean)
        np.testing.assert_allclose(wide.window(0, days).var, 2 * plain.window(0, days).var, rtol=0.01)


def test_a_class_keeps_its_method_unless_another_is_clearly_better(monkeypatch):
    given = panel({f"s{k:02}": 0.1 + 0.02 * k for k in range(20)})
    first = forecast_daily(given, COUNTS_ONLY, CHINA).kept
    loss = first.scores[first.scores["demand_class"] == "all"].set_index("method")["pinball"]
    best, worst = loss.idxmin(), loss.idxmax()
    assert loss[worst] > loss[best] * 1.001
    before = judged({"all": worst}, nights_ago=7)
    for margin, expected in ((0.0, best), (10.0, worst)):
        monkeypatch.setattr(choice, "MARGIN", margin)
        scores = forecast_daily(given, COUNTS_ONLY, CHINA, kept=before).kept.scores
        chosen = scores[scores["chosen"] & scores["demand_class"].eq("all")]["method"]
        assert chosen.tolist() == [expected]


@pytest.mark.parametrize("days", [3, 30, 180, 270, 280, 370])
def test_a_young_history_is_forecast(days):
    found = forecast_daily(panel({"a": 1.0, "b": 0.1}, days=days), COUNTS_ONLY, CHINA)
    assert np.isfinite(found.window(0, 91).var).all()
    assert found.window(0, 10).mean[0] > 1
    assert found.kept.judged_on == ORIGIN
    assert found.kept.scores.empty == (days < 364)


def test_a_company_that_sold_nothing_is_forecast_at_next_to_nothing():
    found = forecast_daily(panel({f"s{k}": 0.0 for k in range(5)}), COUNTS_ONLY, CHINA)
    assert (found.window(0, 91).mean < 0.5).all()
    assert (found.window(0, 91).quantile(0.9) <= 1).all()


def test_one_series_for_years_is_forecast_and_judged():
    found = forecast_daily(panel({"a": 0.3}, days=1100), COUNTS_ONLY, CHINA)
    assert abs(found.window(0, 91).mean[0] - 27) < 12
    assert set(found.kept.scores["demand_class"]) == {"all", found.series.loc["a", "demand_class"]}


def test_the_next_night_uses_what_this_one_learned_and_gives_the_same_twice():
    given = panel({"a": 2.0, "b": 0.1, "c": 0.4})
    kept = forecast_daily(given, COUNTS_ONLY, CHINA).kept
    tomorrow = Panel(given.series, given.demand, NO_SPANS, ORIGIN + pd.Timedelta(days=1))
    one, two = (forecast_daily(tomorrow, COUNTS_ONLY, CHINA, kept=kept) for _ in range(2))
    pd.testing.assert_frame_equal(one.series, two.series)
    np.testing.assert_array_equal(one.window(0, 91).var, two.window(0, 91).var)
    assert one.kept.judged_on == ORIGIN


@pytest.mark.parametrize("per_day", [0.1, 0.4, 3.0])
def test_a_closed_quarter_leaves_the_demand_after_it_as_it_was(per_day):
    given = panel({f"s{i:02d}": per_day for i in range(40)})
    shut = pd.date_range(given.origin + pd.Timedelta(days=1), periods=100)
    factors = pd.DataFrame({"region": "R", "day": shut, "factor": 0.0})
    kept = judged({"all": "thresholds"})
    plain, closed = (forecast_daily(given, COUNTS_ONLY, CHINA, f, kept) for f in (None, factors))
    assert closed.window(0, 91).mean.sum() == pytest.approx(0, abs=1e-6)
    after, before = (found.window(101, 200) for found in (closed, plain))
    assert 0.9 < after.mean.sum() / before.mean.sum() < 1.1
    assert 0.8 < after.var.sum() / before.var.sum() < 1.25


@pytest.mark.parametrize("days_ago", [0, 30])
def test_a_quarter_that_was_closed_leaves_the_demand_after_it_as_it_was(days_ago):
    given = panel({f"s{i:02d}": 0.4 for i in range(40)})
    shut = pd.date_range(end=given.origin - pd.Timedelta(days=days_ago), periods=100)
    factors = pd.DataFrame({"region": "R", "day": shut, "factor": 0.0})
    sold = given.demand[~given.demand["day"].isin(shut)]
    kept = judged({"all": "thresholds"})
    plain = forecast_daily(given, COUNTS_ONLY, CHINA, None, kept)
    closed = forecast_daily(replace(given, demand=sold), COUNTS_ONLY, CHINA, factors, kept)
    assert 0.75 < closed.window(0, 91).mean.sum() / plain.window(0, 91).mean.sum() < 1.33
