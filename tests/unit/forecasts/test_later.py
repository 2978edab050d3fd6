import numpy as np
import pandas as pd
import pytest

from forecasts.daily import forecast_daily
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.calendar import Calendar
from forecasts.result import Forecast

ORIGIN = pd.Timestamp("2026-11-08")
HORIZON = 200


@pytest.fixture(scope="module")
def made() -> Forecast:
    rng = np.random.default_rng(5)
    days = pd.date_range(end=ORIGIN, periods=400)
    qty = {name: rng.poisson(mean, len(days)).astype(float) for name, mean in {"a": 3.0, "b": 0.3, "c": 0.02}.items()}
    demand = pd.concat([pd.DataFrame({"unique_id": n, "day": days, "qty": q, "lines": 1}) for n, q in qty.items()])
    series = pd.DataFrame({"family": "F", "region": "R", "first_day": days[0]}, index=list(qty))
    spans = pd.DataFrame(columns=["unique_id", "first_day", "last_day"])
    parameters = Parameters(prophet_max_groups=0, ets_max_series=0, horizon_days=HORIZON)
    return forecast_daily(Panel(series, demand[demand["qty"] > 0], spans, ORIGIN), parameters, Calendar.china())


@pytest.mark.parametrize("days", [0, 1, 6, HORIZON - 30])
def test_a_forecast_read_later_says_of_every_window_what_it_said_before_to_the_last_bit(
    made: Forecast, days: int
) -> None:
    later = made.later(days)
    assert (later.origin, later.horizon_days) == (ORIGIN + pd.Timedelta(days=days), HORIZON - days)
    for start, stop in [(0, 1), (0, 30), (7, 7), (3, 28), (np.array([0, 5, 2]), np.array([1, 5, 30]))]:
        now, before = later.window(start, stop), made.window(np.add(start, days), np.add(stop, days))
        assert (now.mean == before.mean).all()
        assert (now.var == before.var).all()


def test_reading_on_twice_is_reading_on_once_and_whole_weeks_stay_the_same(made: Forecast) -> None:
    twice, once = made.later(3).later(4), made.later(7)
    assert (twice.window(0, 90).mean == once.window(0, 90).mean).all()
    mondays, weeks = made.weekly(6)
    assert once.weekly(5)[0] == mondays[1:]
    assert (once.weekly(5)[1].mean == weeks.mean[:, 1:]).all()


def test_the_mean_per_day_is_that_of_the_horizon_left(made: Forecast) -> None:
    later = made.later(50)
    expected = later.window(0, HORIZON - 50).mean / (HORIZON - 50)
    np.testing.assert_allclose(later.series["mean_per_day"], expected, atol=1e-6)


def test_paths_go_on_from_the_later_day(made: Forecast) -> None:
    later = made.later(10)
    paths = later.paths(2000, 28, seed=3)
    np.testing.assert_allclose(paths.sum(axis=2).mean(axis=0)[:2], later.window(0, 28).mean[:2], rtol=0.05)


@pytest.mark.parametrize("days", [-1, HORIZON])
def test_there_is_nothing_to_read_before_the_origin_or_beyond_the_horizon(made: Forecast, days: int) -> None:
    with pytest.raises(ValueError, match="forecast later"):
        made.later(days)
