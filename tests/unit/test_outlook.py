from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecasts.choice import SCORES
from forecasts.daily import forecast_daily
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.calendar import Calendar
from forecasts.result import NOTHING_KEPT, Kept
from forecasts.windows import CALIBRATION
from vmi.frames import COVER, FORECAST_CALIBRATION, PROFILES, USAGE, WEEKLY_FORECAST
from vmi.outlook import Outlook, causes, kept_from, weather_factors

AS_OF = pd.Timestamp("2026-11-20")
COVERED = pd.DataFrame({"city": ["Harbin", "Changchun", "Sanya"], "warehouse_id": ["N", "N", "S"]})
WEIGHTS = pd.Series({"Harbin": 0.75, "Changchun": 0.25, "Sanya": 1.0})


@dataclass
class Seen:
    """What weather_factors reads of a situation."""

    weather: pd.DataFrame
    as_of: pd.Timestamp = AS_OF

    @property
    def usage(self):
        return pd.DataFrame({"day": pd.to_datetime(["2026-11-01", "2026-11-19"])}).reindex(columns=USAGE.columns)


def warning(city, first, last, factor):
    return {"city": city, "from": pd.Timestamp(first), "to": pd.Timestamp(last), "demand_factor": factor}


def factors(*warnings):
    columns = ["city", "from", "to", "demand_factor"]
    cover = COVERED.reindex(columns=COVER.columns)
    return weather_factors(Seen(pd.DataFrame(list(warnings), columns=columns)), cover, WEIGHTS)


def by_day(found):
    return {(row.region, f"{row.day:%m-%d}"): row.factor for row in found.itertuples()}


def test_a_warning_weighs_by_its_citys_share_on_past_and_future_days():
    found = by_day(factors(warning("Harbin", "2026-11-19", "2026-11-22", 0.6)))
    assert found == {("N", f"11-{day}"): pytest.approx(0.7) for day in (19, 20, 21, 22)}


def test_warnings_of_a_region_add_up_and_never_fall_below_nothing():
    snow = warning("Harbin", "2026-11-21", "2026-11-21", 0.6)
    found = by_day(factors(snow, warning("Changchun", "2026-11-21", "2026-11-22", 2.0)))
    assert found == {("N", "11-21"): pytest.approx(0.95), ("N", "11-22"): pytest.approx(1.25)}
    assert by_day(factors(*[warning("Sanya", "2026-11-21", f"2026-11-2{d}", 0.0) for d in (1, 2)]))["S", "11-21"] == 0.0


def test_warnings_begin_with_the_history_and_end_with_any_horizon():
    found = factors(warning("Sanya", "1999-01-01", "2999-01-01", 1.1))
    assert found["day"].min() == pd.Timestamp("2026-11-01")
    assert found["day"].max() < AS_OF + pd.Timedelta(days=1000)
    assert factors(warning("Sanya", "2026-11-22", "2026-11-21", 1.1)).empty


def test_without_warnings_or_where_nobody_covers_there_are_no_factors():
    assert factors().empty
    assert factors(warning("Lhasa", "2026-11-19", "2026-11-22", 0.6)).empty


def test_weeks_that_reach_past_the_verified_calendar_are_provisional():
    days = pd.date_range(end=AS_OF, periods=400)
    series = pd.DataFrame({"family": "F", "region": "N", "first_day": days[0]}, index=["P|N"])
    demand = pd.DataFrame({"unique_id": "P|N", "day": days, "qty": 2.0, "lines": 1})
    panel = Panel(series, demand, pd.DataFrame(columns=["unique_id", "first_day", "last_day"]), AS_OF)
    made = forecast_daily(panel, Parameters(prophet_max_groups=0), Calendar.china())
    pairs = pd.DataFrame({"part_id": ["P"], "warehouse_id": "N", "method": "any"})
    found = Outlook(pairs, made).weekly().set_index("week")["provisional"]
    assert found[:"2026-12-21"].eq("N").all()
    assert found["2026-12-28":].eq("Y").all()
    assert (found.eq("Y").sum(), len(found)) == (8, 13)


def test_a_frame_of_profiles_without_rows_is_what_forecasts_takes():
    days = pd.date_range(end=AS_OF, periods=10)
    series = pd.DataFrame({"family": "F", "region": "N", "first_day": days[0]}, index=["P|N"])
    nothing = pd.DataFrame(columns=["unique_id", "day", "qty", "lines"])
    panel = Panel(series, nothing, pd.DataFrame(columns=["unique_id", "first_day", "last_day"]), AS_OF)
    kept = Kept(PROFILES.empty(), NOTHING_KEPT.scores, NOTHING_KEPT.calibration)
    made = forecast_daily(panel, Parameters(), Calendar.china(), kept=kept)
    assert made.kept.profiles.empty
    assert tuple(made.kept.profiles.columns) == PROFILES.columns
    assert np.isfinite(made.window(0, 9).mean).all()


def test_the_weekly_frame_has_the_columns_of_its_contract():
    assert WEEKLY_FORECAST.columns[-1] == "provisional"


def test_what_a_night_learned_comes_back_as_it_was_and_an_empty_store_is_nothing():
    rows = [("all", "thresholds", 2, 900, 0.1, 0.9, True), ("all", "gamma_poisson", 2, 900, 0.2, 0.9, False)]
    scores = pd.DataFrame(rows, columns=list(SCORES))
    calibration = pd.DataFrame([("all", 0.9, 900, 0.84, 1.5, 0.9)], columns=list(CALIBRATION))
    kept = Kept(PROFILES.empty(), scores, calibration, AS_OF)
    stored = Outlook(pd.DataFrame(), SimpleNamespace(kept=kept)).learned()
    assert stored["forecast_scores"]["chosen"].tolist() == ["Y", "N"]
    assert stored["forecast_calibration"]["judged_on"].tolist() == [AS_OF]
    found = kept_from(SimpleNamespace(**stored))
    assert found.judged_on == AS_OF
    pd.testing.assert_frame_equal(found.scores, scores)
    pd.testing.assert_frame_equal(found.calibration, calibration)
    nothing = {name: frame.iloc[:0] for name, frame in stored.items()}
    assert kept_from(SimpleNamespace(**nothing)).judged_on is None


def test_a_class_without_calibration_is_kept_as_such():
    scores = pd.DataFrame([("all", "thresholds", 2, 90, 0.1, 0.9, "Y", AS_OF)], columns=[*SCORES, "judged_on"])
    empty = FORECAST_CALIBRATION.empty()
    found = kept_from(SimpleNamespace(profiles=PROFILES.empty(), forecast_scores=scores, forecast_calibration=empty))
    assert found.calibration["variance_factor"].dtype == float
    assert found.scores["chosen"].tolist() == [True]


def on_road(months, fitments=(("P", "X", 2),)):
    """A company with a part P and its vehicles, as ``causes`` reads it; ``months``: model, city, month, vehicles."""
    return SimpleNamespace(
        as_of=AS_OF,
        vehicles=pd.DataFrame(months, columns=["model", "city", "month", "vehicles"]),
        fitments=pd.DataFrame(fitments, columns=["part_id", "model", "qty_per_vehicle"]),
        parts=pd.DataFrame({"part_id": ["P", "Q"], "introduced_on": pd.to_datetime(["2023-11-20", None])}),
    )


def pair(part, region, first_day="2025-05-01"):
    return {"part_id": part, "warehouse_id": region, "family": "F", "first_day": pd.Timestamp(first_day)}


def causes_of(situation, *pairs, demand=()):
    sold = pd.DataFrame(demand, columns=["part_id", "warehouse_id", "day", "qty"]).astype({"day": "datetime64[ns]"})
    return causes(pd.DataFrame(list(pairs)), situation, COVERED, sold).set_index("part")


def test_pieces_on_the_road_are_those_of_the_newest_month_and_of_the_mean_of_the_year():
    reported = [("X", "Harbin", f"2026-{month:02d}", 100 * month) for month in range(1, 11)]
    found = causes_of(on_road([*reported, ("X", "Changchun", "2026-06", 10)]), pair("P", "N"), pair("Q", "N")).loc["P"]
    assert found["fitted"] == 2 * (1000 + 10)
    assert found["fitted_before"] == pytest.approx(2 * (550 + 10 * 5 / 10))


def test_a_part_is_measured_by_the_months_it_was_there_for():
    reported = [("X", "Harbin", "2026-01", 100), ("X", "Harbin", "2026-08", 200), ("X", "Harbin", "2026-10", 400)]
    found = causes_of(on_road(reported), pair("P", "N", "2026-08-02"))
    assert found["fitted_before"].tolist() == [600.0]
    assert (found["days"].tolist(), found["seasoned"].tolist()) == ([110], [False])


def test_the_units_are_those_of_the_last_year():
    sold = [("P", "N", "2025-11-20", 5), ("P", "N", "2025-11-21", 3), ("P", "N", "2026-11-20", 4), ("P", "S", AS_OF, 9)]
    found = causes_of(on_road([("X", "Harbin", "2026-10", 1)]), pair("P", "N"), demand=sold)
    assert found["units"].tolist() == [7.0]


def test_a_part_is_as_old_as_its_introduction_or_its_first_day_within_the_history():
    there = on_road([("X", "Harbin", "2026-10", 1)])
    found = causes_of(there, pair("P", "N"), pair("Q", "N"), pair("R", "N", "2026-05-24"))["part_age_years"]
    assert found["P"] == pytest.approx(3.0, abs=0.01)
    assert np.isnan(found["Q"])
    assert found["R"] == pytest.approx(180 / 365.25)


def test_a_part_that_took_over_from_an_older_one_is_not_as_young_as_its_introduction():
    there = on_road([("X", "Harbin", "2026-10", 1)])
    there.parts.loc[0, "introduced_on"] = pd.Timestamp("2026-10-01")
    assert causes_of(there, pair("P", "N"), pair("Q", "N"))["part_age_years"].isna().all()


def test_without_vehicles_or_fitments_nothing_is_known_to_be_fitted():
    for empty in (on_road([]), on_road([("X", "Harbin", "2026-10", 1)], fitments=[])):
        assert causes_of(empty, pair("P", "N"))[["fitted", "fitted_before"]].isna().all(axis=None)
