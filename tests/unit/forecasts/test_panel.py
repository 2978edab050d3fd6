import pandas as pd
import pytest

from forecasts.panel import Panel

DAY = pd.Timestamp("2026-01-01")


def panel(series=None, demand=None, censored=None):
    series = series if series is not None else [("a", "F", "R", DAY)]
    frame = pd.DataFrame(series, columns=["unique_id", "family", "region", "first_day"]).set_index("unique_id")
    demand = pd.DataFrame(demand or [("a", DAY, 1.0, 1)], columns=["unique_id", "day", "qty", "lines"])
    spans = pd.DataFrame(censored or [], columns=["unique_id", "first_day", "last_day"])
    return Panel(frame, demand, spans, DAY + pd.Timedelta(days=30))


def test_series_are_sorted_and_what_is_expected_defaults_to_unknown():
    found = panel([("b", "F", "R", DAY), ("a", "F", "R", DAY)])
    assert list(found.series.index) == ["a", "b"]
    assert found.series["expected_per_day"].isna().all()


def test_two_rows_of_a_day_become_one():
    found = panel(demand=[("a", DAY, 1.0, 1), ("a", DAY, 4.0, 2)])
    assert found.demand[["qty", "lines"]].values.tolist() == [[5.0, 3]]


def test_spans_that_overlap_or_touch_are_merged():
    at = [DAY + pd.Timedelta(days=d) for d in range(12)]
    found = panel(censored=[("a", at[4], at[5]), ("a", at[0], at[2]), ("a", at[1], at[3]), ("a", at[8], at[9])])
    spans = found.censored[["first_day", "last_day"]].values.tolist()
    assert spans == [[at[0].value, at[5].value], [at[8].value, at[9].value]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"demand": [("z", DAY, 1.0, 1)]}, "z is not in series"),
        ({"demand": [("a", DAY, 0.0, 1)]}, "a on .* must be positive"),
        ({"demand": [("a", DAY, float("nan"), 1)]}, "must be positive"),
        ({"series": [("a", "F", "R", DAY), ("a", "F", "R", DAY)]}, "a stands twice"),
        ({"series": [("a", "F", "R", pd.NaT)]}, "a has no first_day"),
        ({"censored": [("a", DAY + pd.Timedelta(days=1), DAY)]}, "ends before it begins"),
    ],
)
def test_a_broken_panel_is_refused_with_the_name_of_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        panel(**wrong)


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="lines"):
        Panel(
            pd.DataFrame({"family": [""], "region": [""], "first_day": [DAY]}, index=["a"]),
            pd.DataFrame({"unique_id": [], "day": [], "qty": []}),
            pd.DataFrame({"unique_id": [], "first_day": [], "last_day": []}),
            DAY,
        )
