import pandas as pd
import pytest

from forecasts.profiles.calendar import Calendar

CHINA = Calendar.china()


def days(*texts):
    return pd.DatetimeIndex(list(texts))


def test_spring_festival_of_2026_has_its_two_weeks_before_its_stop_and_its_rebound():
    found = CHINA.features(days("2026-02-02", "2026-02-03", "2026-02-15", "2026-02-16", "2026-02-23", "2026-02-24"))
    assert found["spring_before"].tolist() == [0, 1, 1, 0, 0, 0]
    assert found["spring_stop"].tolist() == [0, 0, 0, 1, 1, 0]
    assert found["spring_rebound"].tolist() == [0, 0, 0, 0, 0, 1]


def test_lunar_new_year_is_known_to_2028():
    festivals = CHINA.holidays.query("kind == 'festival' and name == 'spring_festival'")["day"]
    expected = ["2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26"]
    assert festivals.dt.strftime("%Y-%m-%d").tolist()[-6:] == expected


def test_a_make_up_sunday_is_worked_and_the_national_week_is_not():
    found = CHINA.is_working(days("2026-09-20", "2026-10-01", "2026-10-08", "2026-10-10", "2026-10-11"))
    assert found.tolist() == [True, False, True, True, False]


def test_the_announced_days_of_2025_are_those_of_the_state_council():
    of_2025 = CHINA.holidays[CHINA.holidays["day"].dt.year == 2025]
    worked = of_2025.loc[of_2025["kind"] == "workday", "day"].dt.strftime("%m-%d").tolist()
    assert worked == ["01-26", "02-08", "04-27", "09-28", "10-11"]
    spring = of_2025.query("kind == 'off' and name == 'spring_festival'")["day"].dt.strftime("%m-%d").tolist()
    assert (spring[0], spring[-1], len(spring)) == ("01-28", "02-04", 8)


def test_nothing_after_2026_is_verified_and_no_make_up_day_is_invented():
    assert CHINA.is_provisional(days("2026-12-31", "2027-01-01")).tolist() == [False, True]
    later = CHINA.holidays[CHINA.holidays["day"] > CHINA.verified_through]
    assert "workday" not in set(later["kind"])


def test_no_day_is_both_off_and_worked():
    kinds = CHINA.holidays.groupby("kind")["day"].agg(set)
    assert not kinds["off"] & kinds["workday"]
    assert (CHINA.holidays.query("kind == 'workday'")["day"].dt.dayofweek >= 5).all()


def test_a_year_that_the_file_lacks_is_named():
    with pytest.raises(ValueError, match="2031"):
        Calendar.china([2026, 2031])
