"""Laws of the long table: nothing is lost, and neither the order of rows nor the way to say a thing matters."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.table.csvfile import read_table
from forecasts.table.reading import read_history

DAYS = pd.date_range("2024-01-01", periods=90).strftime("%Y-%m-%d").tolist()
COLUMNS = ["unique_id", "ds", "y", "in_stock", "exposure", "family"]
amounts = st.one_of(st.none(), st.integers(-5, 20), st.floats(-3, 1e6).map(lambda y: round(y, 3)))
rows = st.tuples(
    st.sampled_from(["00123", "123", "NA", "a,b", "备件"]),
    st.sampled_from(DAYS),
    amounts,
    st.sampled_from([0, 1, 1, 1]),
    st.one_of(st.none(), st.floats(0.01, 100)),
    st.sampled_from(["x", "y", ""]),
)
tables = st.lists(rows, min_size=1, max_size=40).filter(lambda found: any(row[2] is not None for row in found))
freqs = st.sampled_from(["D", "W-MON", "MS"])


def reading(found, freq, horizon=3):
    return read_history(pd.DataFrame(found, columns=COLUMNS), freq, horizon)


def assert_same(one, two):
    np.testing.assert_array_equal(one.history.demand, two.history.demand)
    np.testing.assert_array_equal(one.history.bound, two.history.bound)
    np.testing.assert_array_equal(one.history.exposure, two.history.exposure)
    np.testing.assert_array_equal(one.history.exposure_of, two.history.exposure_of)
    pd.testing.assert_frame_equal(one.history.categories, two.history.categories)
    assert one.mended == two.mended
    assert one.first_period == two.first_period


@settings(deadline=None)
@given(tables, freqs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_not_a_bit(found, freq, random):
    shuffled = random.sample(found, len(found))
    assert_same(reading(found, freq), reading(shuffled, freq))


@settings(deadline=None)
@given(tables, freqs)
def test_units_are_conserved_where_nothing_is_returned(found, freq):
    sales = [(*row[:2], None if row[2] is None else abs(row[2]), *row[3:]) for row in found]
    total = sum(row[2] for row in sales if row[2] is not None)
    np.testing.assert_allclose(np.nansum(reading(sales, freq).history.demand), total, rtol=1e-12, atol=1e-4)


@settings(deadline=None)
@given(tables, freqs, st.integers(1, 40))
def test_a_history_keeps_its_shapes_and_signs(found, freq, horizon):
    read = reading(found, freq, horizon)
    history = read.history
    assert history.ids.tolist() == sorted({row[0] for row in found})
    assert np.isfinite(history.demand[:, [0, -1]]).any(axis=0).all()
    assert not (history.demand < 0).any()
    assert np.isfinite(history.demand[history.bound]).all()
    profile, of = history.exposures(horizon)
    assert profile.shape[1] == history.periods + horizon
    assert (profile > 0).all()
    np.testing.assert_allclose(profile[:, : history.periods].mean(axis=1), 1, atol=1e-8)
    assert len(of) == len(history)


@settings(deadline=None)
@given(found=tables, freq=freqs)
def test_a_file_says_the_same_as_its_frame(tmp_path_factory, found, freq):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    pd.DataFrame(found, columns=COLUMNS).to_csv(path, index=False)
    assert_same(read_history(read_table(path), freq, 3), reading(found, freq))
