import numpy as np
import pandas as pd

from forecasts.counted.pooled import gather_evidence, learn_rates, pool_codes
from forecasts.panel import Panel
from forecasts.parameters import Parameters

START = pd.Timestamp("2025-01-01")
FLAT = np.ones((1, 100))


def day(number):
    return START + pd.Timedelta(days=number)


def panel(series, demand, censored=()):
    """Series as (id, family, first day), demand as (id, day, qty, lines); the origin is day 99."""
    frame = pd.DataFrame(
        [(family, "", day(first)) for _, family, first in series],
        columns=["family", "region", "first_day"],
        index=[name for name, _, _ in series],
    )
    demand = pd.DataFrame([(i, day(d), q, n) for i, d, q, n in demand], columns=["unique_id", "day", "qty", "lines"])
    spans = pd.DataFrame([(i, day(a), day(b)) for i, a, b in censored], columns=["unique_id", "first_day", "last_day"])
    return Panel(frame, demand, spans, day(99))


def evidence(given, half_life_weeks=1e6, multipliers=FLAT):
    return gather_evidence(given, multipliers, np.zeros(len(given.series), dtype=np.int64), half_life_weeks)


def rates(given, expected=None, **parameters):
    unknown = np.full(len(given.series), np.nan)
    found = evidence(given)
    return learn_rates(
        found, pool_codes(given.series), unknown if expected is None else expected, Parameters(**parameters)
    )


def test_days_before_the_first_are_unknown_not_zero():
    found = evidence(panel([("a", "F", 0), ("b", "F", 80)], [("a", 90, 2.0, 1)]))
    np.testing.assert_allclose(found.exposure, [100, 20], rtol=1e-3)


def test_demand_before_the_first_day_or_after_the_origin_is_left_out():
    found = evidence(panel([("a", "F", 50)], [("a", 10, 5.0, 1), ("a", 60, 2.0, 1), ("a", 120, 9.0, 1)]))
    np.testing.assert_allclose(found.units, [2.0], rtol=1e-3)


def test_evidence_halves_with_the_half_life():
    found = evidence(panel([("a", "F", 0)], [("a", 99, 1.0, 1), ("a", 92, 1.0, 1)]), half_life_weeks=1.0)
    np.testing.assert_allclose(found.lines, [1.5])


def test_a_censored_span_without_demand_is_no_evidence_of_none():
    given = [("a", 5, 1.0, 1), ("a", 25, 1.0, 1)]
    found = evidence(panel([("a", "F", 0)], given, [("a", 50, 99)]))
    np.testing.assert_allclose(found.exposure, [50], rtol=1e-3)
    np.testing.assert_allclose(found.lines, [2], rtol=1e-3)


def test_a_censored_span_that_served_more_than_expected_counts():
    given = [("a", 5, 1.0, 1), ("a", 50, 9.0, 9)]
    found = evidence(panel([("a", "F", 0)], given, [("a", 50, 59)]))
    np.testing.assert_allclose(found.exposure, [100], rtol=1e-3)
    np.testing.assert_allclose(found.lines, [10], rtol=1e-3)


def test_a_censored_span_that_served_little_is_left_out_with_its_demand():
    given = [("a", d, 2.0, 2) for d in range(0, 40)] + [("a", 50, 1.0, 1)]
    found = evidence(panel([("a", "F", 0)], given, [("a", 40, 99)]))
    np.testing.assert_allclose(found.exposure, [40], rtol=1e-3)
    np.testing.assert_allclose(found.lines, [80], rtol=1e-3)


def test_spans_reach_only_their_own_series():
    given = [("a", 5, 1.0, 1), ("b", 45, 1.0, 1)]
    found = evidence(panel([("a", "F", 0), ("b", "F", 40)], given, [("a", 50, 99), ("b", 0, 10)]))
    np.testing.assert_allclose(found.exposure, [50, 60], rtol=1e-3)


def test_a_series_without_demand_gets_a_share_of_its_family_and_stays_under_its_mean():
    series = [(f"a{i}", "A", 0) for i in range(30)] + [(f"b{i}", "B", 0) for i in range(30)]
    demand = [(f"a{i}", 3 * i + j, 1.0, 1) for i in range(20) for j in range(8)] + [("b0", 50, 1.0, 1)]
    found = pd.Series(rates(panel(series, demand)).rate, index=sorted(name for name, _, _ in series))
    family_mean = 20 * 8 / (30 * 100)
    assert 0 < found["a29"] < family_mean
    assert found["b29"] < found["a29"]


def test_a_new_series_starts_near_its_familys_mean():
    series = [(f"a{i}", "A", 0) for i in range(30)] + [("new", "A", 98)]
    demand = [(f"a{i}", 3 * j + 1, 1.0, 1) for i in range(30) for j in range(10)]
    found = rates(panel(series, demand)).rate[-1]
    assert 0.07 < found < 0.11


def test_a_rate_known_from_elsewhere_replaces_the_pools_for_a_new_series():
    series = [(f"a{i}", "A", 0) for i in range(30)] + [("new", "A", 98)]
    demand = [(f"a{i}", 3 * j + 1, 2.0, 1) for i in range(30) for j in range(10)]
    expected = np.full(31, np.nan)
    expected[-1] = 3.0
    found = rates(panel(series, demand), expected)
    assert 2.0 < found.rate[-1] * found.size[-1] <= 3.0


def test_sizes_are_the_moments_of_lines_and_shrink_to_the_familys():
    series = [("a", "A", 0), ("b", "A", 0)]
    demand = [("a", d, 4.0, 1) for d in range(50)] + [("b", 3, 8.0, 1)]
    found = rates(panel(series, demand), size_prior_lines=1.0)
    np.testing.assert_allclose(found.size[0], 4.0, rtol=0.01)
    assert 4.0 < found.size[1] < 8.0
    assert (found.size_squared >= found.size**2).all()


def test_a_day_of_three_lines_is_no_line_of_three_units():
    given = panel([("a", "A", 0)], [("a", d, 3.0, 3) for d in range(10)])
    found = rates(given)
    np.testing.assert_allclose([found.size[0], found.size_squared[0]], [1.0, 1.0])


def test_no_demand_anywhere_is_a_rate_of_zero():
    assert rates(panel([("a", "A", 0)], [])).rate.tolist() == [0.0]
