import numpy as np
import pandas as pd
import pytest

from tests.unit.schedule.company import PARAMETERS, closures, lanes
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.travel import arrivals, first_waves, lane_table

WAVES = ("09:00", "13:00", "17:00")


def wave(ready: str, cut_off: str = "18:00", days=None) -> str:
    minute = np.array([int(cut_off[:2]) * 60 + int(cut_off[3:])])
    found = first_waves(
        np.array([ready], "datetime64[ns]"), np.array(["HZ"], object), minute, days or closures(), WAVES
    )
    return str(found[0].astype("datetime64[m]"))


def arrival(ship: str, hours: float, weather: pd.DataFrame | None = None, days=None) -> pd.Series:
    none = pd.DataFrame({"city": [], "from": [], "to": [], "transit_delay_hours": []})
    moments, city = np.array([ship], "datetime64[ns]"), np.array(["Hangzhou"], object)
    return arrivals(moments, np.array([hours]), city, days or closures(), none if weather is None else weather).iloc[0]


def warning(first: str, last: str, hours: float, city: str = "Hangzhou") -> pd.DataFrame:
    span = {"city": [city], "from": [pd.Timestamp(first)], "to": [pd.Timestamp(last)], "transit_delay_hours": [hours]}
    return pd.DataFrame(span)


@pytest.mark.parametrize(
    ("ready", "cut_off", "ships"),
    [
        ("2026-11-09T09:00", "18:00", "2026-11-09T09:00"),
        ("2026-11-09T09:01", "18:00", "2026-11-09T13:00"),
        ("2026-11-09T13:01", "13:00", "2026-11-10T09:00"),
        ("2026-11-09T17:01", "18:00", "2026-11-10T09:00"),
        ("2026-11-09T07:00", "08:00", "2026-11-09T08:00"),
    ],
)
def test_goods_leave_on_the_first_wave_that_meets_the_cut_off(ready, cut_off, ships):
    assert wave(ready, cut_off) == ships


def test_nothing_leaves_while_the_warehouse_or_the_carrier_is_closed():
    days = closures(("warehouse", "HZ", "2026-11-09", "2026-11-10"), ("carrier", "", "2026-11-11", "2026-11-11"))
    assert wave("2026-11-09T15:00", days=days) == "2026-11-12T09:00"


def test_a_closed_day_of_the_carrier_adds_a_day_of_travel():
    days = closures(("carrier", "", "2026-11-10", "2026-11-11"))
    found = arrival("2026-11-09T17:00", 10, days=days)
    assert found["eta"] == pd.Timestamp("2026-11-12T03:00")
    assert found["closed_days"] == 2


def test_a_warning_on_any_day_of_travel_delays_and_the_longest_one_counts_once():
    both = pd.concat([warning("2026-11-09", "2026-11-09", 4.0), warning("2026-11-10", "2026-11-12", 12.0)])
    assert arrival("2026-11-09T17:00", 10, both)["eta"] == pd.Timestamp("2026-11-10T15:00")


def test_a_warning_elsewhere_or_after_arrival_does_not_delay():
    other = pd.concat([warning("2026-11-09", "2026-11-09", 4.0, "Wuhan"), warning("2026-11-11", "2026-11-12", 12.0)])
    assert arrival("2026-11-09T17:00", 10, other)["weather_hours"] == 0


def test_an_arrival_is_rounded_up_to_the_minute_never_faster_than_quoted():
    assert arrival("2026-11-09T09:00", 10.001)["eta"] == pd.Timestamp("2026-11-09T19:01")


def late_hours(*hours: float) -> pd.DataFrame:
    return pd.DataFrame({"warehouse_id": "HZ", "city": "Hangzhou", "service": "standard", "late_hours": hours})


def test_a_lane_without_history_is_as_late_as_its_service_and_early_ones_count_as_punctual():
    table = lane_table(lanes(), late_hours(*[2.0] * 20), PARAMETERS).set_index(["warehouse_id", "city", "service"])
    assert table.loc[("GZ", "Guangzhou", "standard"), "late_p50"] == pytest.approx(2.0)
    early = lane_table(lanes(), late_hours(*[-5.0] * 20), PARAMETERS)
    assert (early["late_p50"] == 0).all()


def test_a_lane_moves_from_the_pool_to_its_own_delays_as_deliveries_add_up():
    other = late_hours(*[0.0] * 60).assign(city="Shanghai")
    few = lane_table(lanes(), pd.concat([other, late_hours(*[8.0] * 20)]), PARAMETERS)
    own = few.set_index(["warehouse_id", "city", "service"]).loc[("HZ", "Hangzhou", "standard"), "late_p50"]
    assert own == pytest.approx(4.0)


def test_the_slow_tenth_is_never_faster_than_the_median():
    table = lane_table(lanes(), late_hours(0, 1, 2, 3, 9), PARAMETERS)
    assert (table["late_p90"] >= table["late_p50"]).all()
    assert (table["late_p90"] > table["late_p50"]).any()


@pytest.mark.parametrize("waves", [(), ("13:00", "09:00"), ("25:00",)])
def test_waves_that_are_no_times_in_order_are_refused(waves):
    with pytest.raises(ValueError):
        ScheduleParameters(waves=waves)
