import numpy as np
import pandas as pd

from forecasts.history import History
from forecasts.panel import Panel
from forecasts.weekly import until, weekly_history, window_sums

ORIGIN = pd.Timestamp("2026-11-08")
NAN = np.nan
SPAN = ["unique_id", "first_day", "last_day"]


def day(age):
    return ORIGIN - pd.Timedelta(days=age)


def panel(sales, first=None, spans=()):
    """Sales as (series, days before the origin, units); spans as (series, oldest, youngest)."""
    names = sorted({*(name for name, *_ in sales), *(first or {})})
    series = pd.DataFrame({"family": "F", "region": "R", "first_day": day(10_000)}, index=pd.Index(names))
    for name, age in (first or {}).items():
        series.loc[name, "first_day"] = day(age)
    demand = pd.DataFrame([(n, day(a), float(q), 1) for n, a, q in sales], columns=["unique_id", "day", "qty", "lines"])
    censored = pd.DataFrame([(n, day(old), day(young)) for n, old, young in spans], columns=SPAN)
    return Panel(series, demand, censored, ORIGIN)


def weeks(given, past_days=28, future_days=14):
    past, future = np.ones((1, past_days)), np.ones((1, future_days))
    return weekly_history(given, past, future, np.zeros(len(given.series), dtype=np.int64))


def test_weeks_end_on_the_origin_the_oldest_first():
    found = weeks(panel([("a", 0, 1), ("a", 6, 2), ("a", 7, 4), ("a", 27, 8), ("a", 28, 16), ("b", 14, 3)]))
    np.testing.assert_array_equal(found.demand, [[8, 0, 4, 3], [0, 3, 0, 0]])
    assert found.ids.tolist() == ["a", "b"]


def test_a_week_not_wholly_observed_is_unknown_and_its_demand_left_out():
    found = weeks(panel([("new", 13, 5), ("new", 14, 7), ("newer", 1, 1)], first={"new": 14, "newer": 3}))
    np.testing.assert_array_equal(found.demand, [[NAN, NAN, 5, 0], [NAN, NAN, NAN, NAN]])


def test_demand_after_the_origin_is_not_seen():
    assert weeks(panel([("a", -1, 9), ("a", 0, 1)])).demand.sum() == 1


def test_days_that_fill_no_week_are_left_out():
    assert weeks(panel([("a", 28, 9), ("a", 0, 1)]), past_days=34).demand.tolist() == [[0, 0, 0, 1]]


def test_a_week_with_any_sold_out_day_is_only_a_bound():
    spans = [("a", 14, 13), ("b", 6, 6), ("c", 200, 27), ("d", 0, 0), ("e", 400, 300)]
    found = weeks(panel([], first={name: 27 if name == "c" else 5_000 for name in "abcde"}, spans=spans))
    expected = [[0, 1, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    np.testing.assert_array_equal(found.bound, np.array(expected, dtype=bool))


def test_exposure_is_the_mean_of_the_weeks_days_and_goes_on_into_the_future():
    past = np.arange(14.0)[None]  # youngest first: 0 on the origin, 13 a fortnight before
    future = np.full((1, 14), 3.0)
    found = weekly_history(panel([("a", 0, 1)]), past, future, np.zeros(1, dtype=np.int64))
    np.testing.assert_allclose(found.exposure, [[10, 3, 3, 3]])


def history(demand, bound=None, exposure=None):
    cells = np.array(demand, dtype=float)
    flags = np.zeros(cells.shape, dtype=bool) if bound is None else np.array(bound, dtype=bool)
    ids = pd.Index([f"s{k}" for k in range(len(cells))])
    of = None if exposure is None else np.zeros(len(cells), dtype=np.int64)
    return History(ids, cells, flags, pd.DataFrame(index=ids), 52, exposure, of)


def test_window_sums_are_unknown_with_any_unknown_week_and_bounds_with_any_bound():
    given = history([[NAN, 1, 2, 4, 8]], [[0, 0, 1, 0, 0]], np.array([[1.0, 1, 1, 1, 3, 5, 7]]))
    found = window_sums(given, 2)
    np.testing.assert_array_equal(found.demand, [[NAN, 3, 6, 12]])
    assert found.bound.tolist() == [[False, True, True, False]]
    # Two weeks ahead of the last window lie the next two weeks: 5 and 7.
    np.testing.assert_allclose(found.exposures(2)[0], [[1, 1, 1, 2, 4, 6]])


def test_the_window_after_an_origin_is_that_column_of_the_sums():
    weekly = np.arange(1.0, 21.0)
    sums = window_sums(history([weekly]), 4).demand
    origin = 9
    assert sums[0, origin] == weekly[origin : origin + 4].sum()


def test_the_past_of_a_panel_knows_nothing_of_what_came():
    given = panel(
        [("a", 0, 1), ("a", 7, 2), ("b", 8, 4)], first={"c": 3}, spans=[("a", 10, 5), ("a", 3, 1), ("b", 40, 30)]
    )
    given = Panel(given.series.assign(expected_per_day=9.0), given.demand, given.censored, ORIGIN)
    then = until(given, 7, [0, 1])
    assert then.origin == day(7)
    assert then.series.index.tolist() == ["a", "b"]
    assert then.series["expected_per_day"].isna().all()
    assert then.demand["qty"].tolist() == [2, 4]
    assert then.censored.values.tolist() == [["a", day(10), day(7)], ["b", day(40), day(30)]]
