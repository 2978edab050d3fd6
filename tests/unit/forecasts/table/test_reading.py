import numpy as np
import pandas as pd
import pytest

from forecasts.table.cells import TableRefused
from forecasts.table.reading import checked_levels, path_tables, quantile_table, read_history


def months(rows, columns=("unique_id", "ds", "y")):
    return pd.DataFrame(rows, columns=list(columns))


def demand(rows, freq="MS", horizon=1):
    return read_history(months(rows), freq, horizon).history.demand


def refusal(table, freq="MS", horizon=1):
    with pytest.raises(TableRefused) as error:
        read_history(table, freq, horizon)
    return str(error.value)


# what a history holds


def test_months_follow_one_another_and_those_without_a_row_are_unknown():
    reading = read_history(
        months([("b", "2025-02-01", 0), ("a", "2025-01-01", 1.0), ("a", "2025-02-01", None), ("a", "2025-04-01", 2.0)]),
        "MS",
        1,
    )
    np.testing.assert_array_equal(reading.history.demand, [[1, np.nan, np.nan, 2], [np.nan, 0, np.nan, np.nan]])
    assert reading.history.ids.tolist() == ["a", "b"]
    assert (reading.first_period, reading.freq, reading.history.season) == (pd.Timestamp("2025-01-01"), "MS", 12)
    assert reading.mended["gaps"].count == 4
    assert reading.mended["gaps"].examples == ("a at 2025-02-01", "a at 2025-03-01", "b at 2025-03-01")


@pytest.mark.parametrize(
    ("freq", "season", "begin"), [("D", 7, "2025-01-09"), ("W-MON", 52, "2025-01-06"), ("MS", 12, "2025-01-01")]
)
def test_a_period_begins_on_its_day_monday_or_first(freq, season, begin):
    reading = read_history(months([("a", "2025-01-09", 3)]), freq, 1)
    assert reading.first_period == pd.Timestamp(begin)
    assert reading.history.season == season
    assert ("moved_dates" in reading.mended) == (freq != "D")


def test_irregular_dates_fall_into_their_period_and_are_reported_as_written():
    reading = read_history(months([("a", "2025-01-12", 1), ("a", "2025-01-13", 2), ("a", "2025-01-22", 4)]), "W-MON", 1)
    np.testing.assert_array_equal(reading.history.demand, [[1, 2, 4]])
    assert reading.mended["moved_dates"].count == 2
    assert reading.mended["moved_dates"].examples == ("a at 2025-01-12", "a at 2025-01-22")


def test_returns_are_netted_within_the_period_floored_and_counted():
    rows = [("a", "2025-01-06", 5.0), ("a", "2025-01-08", -2.0), ("a", "2025-01-13", -4.0), ("a", "2025-01-20", 1.0)]
    reading = read_history(months(rows), "W-MON", 1)
    np.testing.assert_array_equal(reading.history.demand, [[3, 0, 1]])
    assert reading.mended["floored"].examples == ("a at 2025-01-13",)
    assert reading.mended["netted"].examples == ("a at 2025-01-06",)


def test_duplicate_dates_are_added_up_and_an_unknown_one_among_them_adds_nothing():
    assert demand([("a", "2025-01-01", 2), ("a", "2025-01-01", 3), ("a", "2025-01-01", None)]).tolist() == [[5.0]]


def test_a_sold_out_period_is_a_lower_bound_and_one_without_y_stays_unknown():
    rows = [
        ("a", "2025-01-01", 3, 1),
        ("a", "2025-02-01", 0, 0),
        ("a", "2025-03-01", None, 0),
        ("a", "2025-04-01", 1, 1),
    ]
    history = read_history(months(rows, ("unique_id", "ds", "y", "in_stock")), "MS", 1).history
    assert history.bound.tolist() == [[False, True, False, False]]


def test_a_period_that_was_sold_out_on_any_of_its_days_is_a_lower_bound():
    rows = [("a", "2025-01-01", 3, "1"), ("a", "2025-01-20", 0, "0"), ("a", "2025-02-01", 1, "")]
    history = read_history(months(rows, ("unique_id", "ds", "y", "in_stock")), "MS", 1).history
    assert history.bound.tolist() == [[True, False]]


def test_the_history_ends_with_the_last_known_y_and_empty_rows_beyond_are_left_out():
    rows = [("a", "2024-12-01", None), ("a", "2025-01-01", 1), ("a", "2025-02-01", None)]
    reading = read_history(months(rows), "MS", 3)
    assert reading.history.demand.tolist() == [[1.0]]
    assert reading.mended["unused_rows"].count == 2


def test_one_series_ahead_of_all_others_is_reported():
    rows = [(f"s{k:02d}", f"2025-0{m}-01", 1) for k in range(30) for m in (1, 2, 3)] + [("s07", "2025-05-01", 4)]
    reading = read_history(months(rows), "MS", 1)
    assert reading.history.periods == 5
    assert reading.mended["ahead_of_the_rest"].examples == ("s07 at 2025-05-01",)


def test_series_of_zeros_and_series_of_nothing_are_kept_and_named():
    reading = read_history(months([("a", "2025-01-01", 0), ("b", "2025-01-01", None), ("c", "2025-01-01", 2)]), "MS", 1)
    np.testing.assert_array_equal(reading.history.demand, [[0], [np.nan], [2]])
    assert reading.mended["zero_series"].examples == ("a",)
    assert reading.mended["unknown_series"].examples == ("b",)


def test_a_huge_spike_stays_and_is_named():
    rows = [("a", f"2025-{m:02d}-01", 1e9 if m == 7 else m % 3) for m in range(1, 13)]
    reading = read_history(months(rows), "MS", 1)
    assert reading.history.demand.max() == 1e9
    assert reading.mended["spikes"].examples == ("a at 2025-07-01",)


def test_a_series_that_always_sells_much_has_no_spike():
    rows = [(name, f"2025-{m:02d}-01", much) for name, much in (("a", 1), ("b", 5000)) for m in range(1, 13)]
    assert "spikes" not in read_history(months(rows * 1 + [("c", "2025-01-01", 1)]), "MS", 1).mended


def test_a_horizon_longer_than_the_history_is_no_matter():
    assert demand([("a", "2025-01-01", 1)], horizon=500).shape == (1, 1)


def test_names_stay_as_they_are():
    rows = [("00123", "2025-01-01", 1), ("NA", "2025-01-01", 2), ("123", "2025-01-01", 3), ("备件", "2025-01-01", 4)]
    reading = read_history(months(rows), "MS", 1)
    assert reading.history.ids.tolist() == ["00123", "123", "NA", "备件"]
    assert reading.history.demand.ravel().tolist() == [1, 3, 2, 4]


def test_names_given_as_numbers_are_used_and_reported():
    reading = read_history(months([(10, "2025-01-01", 1), (9, "2025-01-01", 2)]), "MS", 1)
    assert reading.history.ids.tolist() == ["10", "9"]
    assert reading.mended["numeric_ids"].count == 2


@pytest.mark.parametrize(
    "ds",
    [
        ["2025-01-31", "2025-02-28"],
        ["2025-01", "2025-02"],
        ["2025/1/5", "2025/2/6"],
        ["20250101", "20250201"],
        ["2025-01-01 00:00:00", "2025-02-01T23:30:00+08:00"],
        pd.to_datetime(["2025-01-01", "2025-02-01"]),
        pd.to_datetime(["2025-01-01", "2025-02-01"]).tz_localize("Asia/Shanghai"),
        pd.PeriodIndex(["2025-01", "2025-02"], freq="M"),
        pd.to_datetime(["2025-01-01", "2025-02-01"]).date,
        [20250101, 20250201],
    ],
    ids=lambda ds: str(ds[1]),
)
def test_a_date_is_understood_however_it_is_written(ds):
    reading = read_history(pd.DataFrame({"unique_id": "a", "ds": ds, "y": [1, 2]}), "MS", 1)
    assert reading.history.demand.tolist() == [[1, 2]]
    assert reading.first_period == pd.Timestamp("2025-01-01")


@pytest.mark.parametrize(
    "y",
    [
        ["1", " 2 ", ""],
        ["1.0", "2e0", "NaN"],
        [1, 2.0, None],
        pd.array([1, 2, None], dtype="Int64"),
        pd.Categorical(["1", "2", ""]),
    ],
)
def test_a_number_is_understood_however_it_is_written(y):
    table = pd.DataFrame({"unique_id": "a", "ds": ["2025-01-01", "2025-02-01", "2025-03-01"], "y": y})
    assert read_history(table, "MS", 1).history.demand.tolist() == [[1, 2]]


def test_categories_not_in_use_are_no_series():
    table = months([("a", "2025-01-01", 1), ("b", "2025-01-01", 1)]).astype({"unique_id": "category"})
    assert read_history(table.iloc[:1], "MS", 1).history.ids.tolist() == ["a"]


# categories


def test_categories_go_from_coarse_to_fine_and_those_that_pool_nothing_are_dropped():
    table = pd.DataFrame({"unique_id": list("abcdef"), "ds": "2025-01-01", "y": 1}).assign(
        shop=list("xxyyzz"), kind=list("ppppqq"), one="same", each=list("123456")
    )
    reading = read_history(table, "MS", 1)
    assert reading.history.categories.columns.tolist() == ["kind", "shop"]
    assert reading.history.categories.loc["d"].tolist() == ["p", "y"]
    assert reading.mended["dropped_columns"].examples == ("one", "each")


def test_a_category_that_changes_is_the_last_one_given_and_reported():
    rows = [("a", "2025-02-01", 1, "new"), ("a", "2025-01-01", 1, "old"), ("a", "2025-03-01", 1, "")]
    rows += [("b", "2025-01-01", 1, "new"), ("c", "2025-01-01", 1, None)]
    reading = read_history(months(rows, ("unique_id", "ds", "y", "family")), "MS", 1)
    assert reading.history.categories["family"].tolist() == ["new", "new", ""]
    assert reading.mended["changed_categories"].examples == ("a",)


# exposure


def exposed(rows, horizon):
    return read_history(months(rows, ("unique_id", "ds", "y", "exposure")), "MS", horizon)


def test_exposure_has_mean_one_over_the_history_and_reaches_ahead():
    rows = [("a", "2025-01-01", 1, 10), ("a", "2025-02-01", 2, 30), ("a", "2025-03-01", None, 60)]
    history = exposed(rows, 2).history
    assert history.exposure.tolist() == [[0.5, 1.5, 3.0, 3.0]]
    assert history.periods == 2


def test_exposure_ahead_is_carried_on_from_a_year_before():
    rows = [("a", f"2025-{m:02d}-01", 1, m) for m in range(1, 13)]
    reading = exposed(rows, 3)
    np.testing.assert_allclose(reading.history.exposure[0, 12:], np.array([1, 2, 3]) / 6.5, atol=1e-9)
    assert reading.mended["exposure_carried"].count == 3


def test_equal_profiles_are_kept_once_and_a_series_without_any_is_level():
    rows = [(name, f"2025-0{m}-01", 1, m * k) for name, k in (("a", 1), ("c", 7)) for m in (1, 3)]
    rows += [("b", "2025-01-01", 1, None)]
    history = exposed(rows, 1).history
    assert history.exposure_of.tolist() == [0, 1, 0]
    assert history.exposure.tolist() == [[0.6, 0.6, 1.8, 1.8], [1, 1, 1, 1]]


def test_no_row_with_a_future_exposure_counts_as_unused():
    rows = [("a", "2025-01-01", 1, 1), ("a", "2025-02-01", None, 2), ("a", "2025-04-01", None, 2)]
    assert exposed(rows, 2).mended["unused_rows"].count == 1


# what is refused, and how


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("a", "nonsense", "1"), "row 1, series a: ds 'nonsense' is not a date as YYYY-MM-DD"),
        (("a", "2025-13-01", "1"), "row 1, series a: ds '2025-13-01' is not a date"),
        (("a", "2025-02-30", "1"), "row 1, series a: ds '2025-02-30' is not a date"),
        (("a", "01/02/2025", "1"), "row 1, series a: ds '01/02/2025' is not a date"),
        (("a", "", "1"), "row 1, series a: ds '' is not a date"),
        (("a", None, "1"), "row 1, series a: ds"),
        (
            ("a", "2999-01-01", "1"),
            "row 1, series a: ds '2999-01-01' is not a date as YYYY-MM-DD from 1900-01-01 to 2199",
        ),
        (("a", "1899-12-31", "1"), "row 1, series a: ds '1899-12-31' is not a date"),
        (("a", "2025-01-01", "many"), "row 1, series a at 2025-01-01: y 'many' is not a number; write one"),
        (("a", "2025-01-01", "1,000"), "row 1, series a at 2025-01-01: y '1,000' is not a number"),
        (("a", "2025-01-01", "inf"), "row 1, series a at 2025-01-01: y 'inf' is not a number"),
        (("a", "2025-01-01", "1e999"), "row 1, series a at 2025-01-01: y '1e999' is not a number"),
        (("a", "2025-01-01", "1e13"), "row 1, series a at 2025-01-01: y '1e13' is larger than 1e+12 units"),
        ((" ", "2025-01-01", "1"), "row 1: unique_id is empty; every row needs the name of its series"),
        ((None, "2025-01-01", "1"), "row 1: unique_id is empty"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_its_mend(row, sentence):
    assert sentence in refusal(months([("z", "2025-01-01", "1"), row]))


def test_further_bad_rows_are_counted():
    assert refusal(months([("a", "2025-01-01", "x")] * 3)).endswith("(and 2 more)")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("in_stock", "2", "series a at 2025-01-01: in_stock '2' is neither 0 nor 1"),
        ("in_stock", 0.5, "series a at 2025-01-01: in_stock '0.5' is neither 0 nor 1"),
        ("in_stock", "yes", "in_stock 'yes' is neither 0 nor 1; write 0 for sold out"),
        ("exposure", "0", "series a at 2025-01-01: exposure '0' is not a positive number"),
        ("exposure", -1.0, "exposure '-1.0' is not a positive number"),
        ("exposure", "much", "exposure 'much' is not a positive number"),
    ],
)
def test_stock_and_exposure_are_checked(column, value, sentence):
    assert sentence in refusal(months([("a", "2025-01-01", 1)]).assign(**{column: value}))


@pytest.mark.parametrize("values", [[True, False], ["True", "False"], [1.0, 0.0], ["1", "0"]])
def test_in_stock_may_be_a_truth_value(values):
    table = months([("a", "2025-01-01", 1), ("a", "2025-02-01", 1)]).assign(in_stock=values)
    assert read_history(table, "MS", 1).history.bound.tolist() == [[False, True]]


@pytest.mark.parametrize("slip", ["2062-01-01", "2199-12-01", "1900-02-01"])
@pytest.mark.parametrize("freq", ["D", "W-MON", "MS"])
def test_one_absurd_date_is_named_and_makes_no_endless_panel(slip, freq):
    rows = [(name, f"2025-{m:02d}-01", 1) for name in "abc" for m in range(1, 13)] + [("b", slip, 1)]
    sentence = refusal(months(rows), freq)
    assert f"row 36, series b at {slip}: nothing is known of any series between" in sentence


def test_of_several_absurd_dates_the_loneliest_is_named():
    rows = [("a", "2000-01-01", 1)] * 3 + [("b", "2010-01-01", 1)] * 5 + [("c", "2062-01-01", 1)]
    assert "row 8, series c at 2062-01-01: nothing is known of any series between 2010-01-01" in refusal(months(rows))


def test_an_absurd_date_without_y_is_only_left_out():
    reading = read_history(months([("a", "2025-01-01", 1), ("a", "2100-01-01", None)]), "MS", 1)
    assert reading.history.periods == 1


def test_missing_columns_are_named():
    table = pd.DataFrame({"part": ["a"], "y": [1]})
    assert refusal(table) == "history: columns missing: unique_id, ds; its columns are part, y"


@pytest.mark.parametrize(
    ("table", "freq", "horizon", "sentence"),
    [
        (months([]), "MS", 1, "history: has no rows"),
        (months([("a", "2025-01-01", None)]), "MS", 1, "history: y is empty in every row"),
        (months([("a", "2025-01-01", 1)]), "MS", 0, "horizon must be at least 1 period, not 0"),
        (months([("a", "2025-01-01", 1)]), "Q", 1, "freq 'Q' is none of D, W-MON, MS"),
        (months([(1.5, "2025-01-01", 1)]), "MS", 1, "history: unique_id was read as numbers with fractions"),
        (months([("a", "2025-01-01", 1, 1)], ("unique_id", "ds", "y", "y")), "MS", 1, "history: column y stands twice"),
    ],
)
def test_a_table_or_request_of_no_use_is_one_sentence(table, freq, horizon, sentence):
    assert refusal(table, freq, horizon).startswith(sentence)


def test_more_cells_than_fit_are_refused_before_they_are_made():
    ids = [f"s{k}" for k in range(30_000)]
    rows = pd.DataFrame({"unique_id": [*ids, *ids], "ds": ["2010-01-01"] * 30_000 + ["2014-12-01"] * 30_000, "y": 1})
    assert refusal(rows, "D", horizon=5000).startswith("history: 30,000 series x (1,796 + 5,000) days are more than")


# results


class Counting:
    """A forecast whose draws tell which series and path they are of."""

    def __init__(self, n, steps):
        self.series = pd.DataFrame(index=pd.Index([f"s{k}" for k in range(n)], name="unique_id"))
        self.horizon = steps
        self.blocks = []

    def quantiles(self, levels):
        return pd.DataFrame({f"q{level:g}": [level] for level in levels})

    def paths(self, n, seed, rows):
        self.blocks.append((seed, rows.tolist()))
        return np.arange(n)[:, None, None] + 100 * np.asarray(rows)[None, :, None] + np.zeros(self.horizon, dtype=int)


def test_levels_are_sorted_and_each_is_given_once():
    assert quantile_table(Counting(1, 1), [0.9, 0.1, 0.9]).columns.tolist() == ["q0.1", "q0.9"]


@pytest.mark.parametrize("levels", [[], [0.0], [1.0, 0.5], [-0.1], [float("nan")], [50]])
def test_levels_outside_of_0_to_1_are_refused(levels):
    with pytest.raises(TableRefused, match="quantile levels must lie between 0 and 1"):
        checked_levels(levels)


def test_paths_are_made_in_blocks_of_series_that_change_nothing(monkeypatch):
    whole = pd.concat(path_tables(Counting(5, 2), 3, seed=1), ignore_index=True)
    monkeypatch.setattr("forecasts.table.reading.BLOCK_CELLS", 12)
    forecast = Counting(5, 2)
    blocks = list(path_tables(forecast, 3, seed=1))
    assert [len(block) for block in blocks] == [12, 12, 6]
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)
    assert whole.columns.tolist() == ["unique_id", "path", "step", "y"]
    assert whole.iloc[7].tolist() == ["s1", 1, 2, 100]
    assert forecast.blocks == [(1, [0, 1]), (1, [2, 3]), (1, [4])]
