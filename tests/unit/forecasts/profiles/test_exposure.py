"""Which profiles are kept, which are fitted again, and what warnings do; the fits are stand-ins unless told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles import exposure
from forecasts.profiles import kept as profiles
from forecasts.profiles.aggregates import LEVEL, WARNING, Profile
from forecasts.profiles.calendar import Calendar
from forecasts.profiles.exposure import build_exposure

CHINA = Calendar.china()
ORIGIN = pd.Timestamp("2026-11-08")
NO_SPANS = pd.DataFrame(columns=["unique_id", "first_day", "last_day"])
SETTINGS = Parameters(prophet_min_lines=100, horizon_days=91)
REGIONS = ["R1", "R2", "R3", "R4"]
OTHER_VERIFIED_END = replace(CHINA, verified_through=pd.Timestamp("2027-12-31"))
DAY = pd.Timedelta(days=1)


def panel(origin=ORIGIN, first="2025-01-01", regions=REGIONS, times=1):
    """A part in each region that sells ``times`` every day."""
    days = pd.date_range(first, origin)
    series = pd.DataFrame({"family": "F", "region": regions, "first_day": days[0]}, index=[f"p {r}" for r in regions])
    sold = [pd.DataFrame({"unique_id": name, "day": days, "qty": 1.0, "lines": times}) for name in series.index]
    return Panel(series, pd.concat(sold, ignore_index=True), NO_SPANS, origin)


def stand_in(task):
    """A season of its own per label and day of the fit."""
    tilt = round(len(task.label) / 1000 + task.days[-1].day / 100, 6)
    warning = {WARNING: 0.5} if WARNING in task.regressors else {}
    return Profile(task.label, {LEVEL: 1.0, "weekly_1": tilt, **warning}, 0.001)


@pytest.fixture
def fitted(monkeypatch):
    """The tasks that were fitted since the list was cleared."""
    tasks = []
    monkeypatch.setattr(exposure, "fit_profile", lambda task: tasks.append(task) or stand_in(task))
    return tasks


def nights(fitted, kept, days, settings=SETTINGS):
    """Plan the given days after the origin, each with the profiles of the one before; labels fitted each night."""
    seen = []
    for day in days:
        fitted.clear()
        kept = build_exposure(panel(ORIGIN + day * DAY), settings, CHINA, None, kept).profiles
        seen.append([task.label for task in fitted])
    return seen


def test_the_first_night_fits_all_and_the_next_week_each_once_on_a_night_of_its_own(fitted):
    first = build_exposure(panel(), SETTINGS, CHINA)
    assert len(fitted) == len(REGIONS)
    week = nights(fitted, first.profiles, range(1, 8))
    assert sorted(label for night in week for label in night) == sorted(task for task in first_labels(first))
    assert max(len(night) for night in week) < len(REGIONS)


def first_labels(found):
    rows = found.profiles[["kind", "family", "region"]].itertuples(index=False, name=None)
    return [str(row) for row in rows]


def test_after_a_month_without_a_plan_all_are_fitted_again(fitted):
    first = build_exposure(panel(), SETTINGS, CHINA)
    assert len(nights(fitted, first.profiles, [30])[0]) == len(REGIONS)


def test_refitting_every_day_keeps_nothing(fitted):
    every = replace(SETTINGS, profile_refit_days=1)
    first = build_exposure(panel(), every, CHINA)
    assert [len(night) for night in nights(fitted, first.profiles, [1, 2], every)] == [len(REGIONS)] * 2


def test_a_kept_profile_lays_the_same_days_as_on_the_night_of_its_fit(fitted):
    never = replace(SETTINGS, profile_refit_days=10_000)
    first = build_exposure(panel(), never, CHINA)
    later = build_exposure(panel(ORIGIN + 5 * DAY), never, CHINA, None, first.profiles)
    assert later.groups["fitted_on"].eq(ORIGIN).all()
    np.testing.assert_array_equal(later.history[:, 5 : 5 + 100], first.history[:, :100])
    assert later.future.shape == first.future.shape


def test_a_kept_trend_begins_at_the_origin_of_the_night(fitted):
    never = replace(SETTINGS, profile_refit_days=10_000)
    first = build_exposure(panel(), never, CHINA)
    later = build_exposure(panel(ORIGIN + 7 * DAY), never, CHINA, None, first.profiles)
    np.testing.assert_allclose(later.future, first.future, atol=2e-6)


CHANGES = {
    "another seed": (panel, replace(SETTINGS, seed=5), CHINA),
    "the calendar verified further": (panel, SETTINGS, OTHER_VERIFIED_END),
    "a calendar with another holiday": (
        panel,
        SETTINGS,
        replace(CHINA, holidays=CHINA.holidays.assign(kind=CHINA.holidays["kind"].replace("workday", "off"))),
    ),
    "a shorter history": (lambda origin: panel(origin, "2025-03-01"), SETTINGS, CHINA),
    "a longer history": (lambda origin: panel(origin, "2024-12-01"), SETTINGS, CHINA),
    "a rewritten history": (lambda origin: panel(origin, times=2), SETTINGS, CHINA),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_makes_another_fit_is_fitted_at_once(fitted, change):
    make, settings, calendar = CHANGES[change]
    kept = build_exposure(panel(), replace(SETTINGS, profile_refit_days=10_000), CHINA).profiles
    fitted.clear()
    settings = replace(settings, profile_refit_days=10_000)
    build_exposure(make(ORIGIN + DAY), settings, calendar, None, kept)
    assert len(fitted) == len(REGIONS)


def test_another_version_of_prophet_fits_again(fitted, monkeypatch):
    never = replace(SETTINGS, profile_refit_days=10_000)
    kept = build_exposure(panel(), never, CHINA).profiles
    fitted.clear()
    monkeypatch.setattr(profiles, "version", lambda name: "99")
    build_exposure(panel(ORIGIN + DAY), never, CHINA, None, kept)
    assert len(fitted) == len(REGIONS)


def test_a_new_label_is_fitted_alone(fitted):
    never = replace(SETTINGS, profile_refit_days=10_000)
    kept = build_exposure(panel(), never, CHINA).profiles
    fitted.clear()
    found = build_exposure(panel(ORIGIN + DAY, regions=[*REGIONS, "R5"]), never, CHINA, None, kept)
    assert [task.label for task in fitted] == ["('group', 'F', 'R5')"]
    assert len(found.profiles) == 5


def test_orders_that_came_late_do_not_make_another_history(fitted):
    never = replace(SETTINGS, profile_refit_days=10_000)
    kept = build_exposure(panel(), never, CHINA).profiles
    fitted.clear()
    late = panel(ORIGIN + DAY)
    some = late.demand["day"].between("2026-10-01", "2026-10-10")
    demand = late.demand.assign(lines=late.demand["lines"].where(~some, 2.0))
    build_exposure(Panel(late.series, demand, NO_SPANS, late.origin), never, CHINA, None, kept)
    assert fitted == []


def test_a_profile_fitted_later_than_the_night_is_not_used(fitted):
    later = build_exposure(panel(ORIGIN + 3 * DAY), SETTINGS, CHINA).profiles
    fresh = build_exposure(panel(), SETTINGS, CHINA)
    again = build_exposure(panel(), SETTINGS, CHINA, None, later)
    pd.testing.assert_frame_equal(again.profiles, fresh.profiles)
    same_night = build_exposure(panel(), SETTINGS, CHINA, None, fresh.profiles)
    pd.testing.assert_frame_equal(same_night.profiles, fresh.profiles)
    np.testing.assert_array_equal(same_night.future, fresh.future)


DAMAGE = {
    "coefficients": ["", "{", "[]", '{"level": "x"}', '{"level": NaN}', '{"level": 1, "unheard_of": 2}', "{}", None],
    "months": ["", "7", '{"2026-11": Infinity}', None],
    "trend": [np.nan, np.inf],
    "fitted_on": [pd.NaT],
    "first_day": [pd.NaT],
    "kind": ["cluster", ""],
    "fingerprint": ["", None],
}


@pytest.mark.parametrize(("column", "value"), [(c, v) for c, values in DAMAGE.items() for v in values])
def test_a_damaged_profile_is_fitted_again_and_the_others_are_kept(fitted, column, value):
    never = replace(SETTINGS, profile_refit_days=10_000)
    kept = build_exposure(panel(), never, CHINA).profiles
    kept[column] = kept[column].astype(object)
    kept.loc[0, column] = value
    fitted.clear()
    build_exposure(panel(ORIGIN + DAY), never, CHINA, None, kept)
    assert [task.label for task in fitted] == ["('group', 'F', 'R1')"]


@pytest.mark.parametrize("lost", [pd.DataFrame(), pd.DataFrame({"kind": ["group"]}), None])
def test_a_lost_cache_means_fitting(fitted, lost):
    build_exposure(panel(), SETTINGS, CHINA, None, lost)
    assert len(fitted) == len(REGIONS)


def test_a_failed_fit_is_not_kept_and_its_group_follows_all_demand_with_a_reason(monkeypatch):
    def fail_in_r1(task):
        return Profile(task.label, {}, 0.0, "Prophet failed: X") if "R1" in task.label else stand_in(task)

    monkeypatch.setattr(exposure, "fit_profile", fail_in_r1)
    found = build_exposure(panel(), SETTINGS, CHINA)
    assert "R1" not in set(found.profiles["region"])
    row = found.groups.set_index("region").loc["R1"]
    assert row[["follows", "fallback"]].tolist() == ["all", "Prophet failed: X: the profile of all demand"]


def warnings(first, days, factor, region="R1"):
    return pd.DataFrame({"region": region, "day": pd.date_range(first, periods=days), "factor": factor})


def test_past_warnings_are_taken_out_of_the_totals_and_laid_on_the_history(fitted):
    factors = warnings("2026-11-02", 3, 0.5)
    found = build_exposure(panel(), SETTINGS, CHINA, factors)
    by_label = {task.label: task for task in fitted}
    warned, plain = (by_label[f"('group', 'F', '{region}')"] for region in ("R1", "R2"))
    np.testing.assert_allclose(warned.totals[-8:], [1, 2, 2, 2, 1, 1, 1, 1])
    np.testing.assert_allclose(plain.totals[-8:], 1.0)
    rows = found.history[found.row]
    usual = build_exposure(panel(), SETTINGS, CHINA)
    np.testing.assert_allclose(rows[0, 4:7], 0.5 * usual.history[usual.row][0, 4:7])
    np.testing.assert_allclose(rows[1], usual.history[usual.row][1])


def test_few_warned_days_are_as_stated_and_enough_of_them_teach(fitted):
    build_exposure(panel(), SETTINGS, CHINA, warnings("2026-10-01", 9, 0.8))
    assert not any(WARNING in task.regressors for task in fitted)
    fitted.clear()
    factors = pd.concat([warnings("2026-10-01", 10, 0.8), warnings("2026-11-10", 1, 0.8)])
    found = build_exposure(panel(), SETTINGS, CHINA, factors)
    teaching = [task for task in fitted if WARNING in task.regressors]
    assert [task.label for task in teaching] == ["('group', 'F', 'R1')"]
    assert teaching[0].regressors[WARNING].sum() == pytest.approx(-2.0)
    usual = build_exposure(panel(), SETTINGS, CHINA)
    # The stand-in's coefficient: half of the stated share again, of the season before the stated factor.
    plain = usual.future[usual.row][0, 1] / (1 + 0.001 * (1 + 0.5 ** (1 / 30)) * 0.5 ** (1 / 30))
    season = (plain - 0.5 * 0.2) * 0.8
    assert found.future[found.row][0, 1] == pytest.approx(season, rel=5e-3)


def test_a_day_that_a_warning_all_but_emptied_is_unknown_to_the_fit(fitted):
    build_exposure(panel(), SETTINGS, CHINA, warnings("2026-11-03", 1, 0.0))
    totals = next(task.totals for task in fitted if "R1" in task.label)
    assert np.flatnonzero(np.isnan(totals)).tolist() == [len(totals) - 6]


def test_a_family_feels_a_regions_warning_by_the_regions_share(fitted):
    settings = replace(SETTINGS, prophet_min_lines=2000)
    build_exposure(panel(), settings, CHINA, warnings("2026-11-03", 1, 0.6))
    (task,) = fitted
    assert task.label == "('family', 'F', None)"
    assert task.totals[-6] == pytest.approx(4 / 0.9, abs=1e-6)
