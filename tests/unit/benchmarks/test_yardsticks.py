"""Panels to measure on: what a cut history shows, and generated panels that are the same for a seed."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.yardsticks import (
    Panel,
    Smooth,
    car_parts,
    group_sums,
    months_of_weeks,
    sample_rows,
    scale_panel,
    smooth_counts,
    vn2,
    write_history,
)

DEMAND = np.array([[1.0, np.nan, 3.0, 4.0], [0.0, 2.0, 0.0, 5.0]])


def panel() -> Panel:
    dates = pd.date_range("2024-01-01", periods=4, freq="MS")
    return Panel("two", pd.Index(["001", "b"]), dates, DEMAND, "MS", 2, (2,))


def test_a_history_is_cut_at_its_origin_and_leaves_unknown_cells_empty(tmp_path: Path) -> None:
    write_history(panel(), 2, tmp_path / "h.csv")
    written = (tmp_path / "h.csv").read_text(encoding="utf-8").splitlines()
    assert [line.replace('"', "") for line in written] == [
        "unique_id,ds,y",
        "001,2024-01-01,1",
        "001,2024-02-01,",
        "b,2024-01-01,0",
        "b,2024-02-01,2",
    ]


def test_stock_flags_and_categories_are_written_and_the_flags_can_be_dropped(tmp_path: Path) -> None:
    stocked = replace(
        panel(),
        in_stock=np.array([[True, True, False, True]] * 2),
        categories=pd.DataFrame({"family": ["F1", "F2"]}, index=["001", "b"]),
    )
    write_history(stocked, 3, tmp_path / "with.csv")
    write_history(stocked, 3, tmp_path / "without.csv", with_stock=False)
    found = pd.read_csv(tmp_path / "with.csv")
    assert list(found["in_stock"]) == [1, 1, 0, 1, 1, 0]
    assert list(found["family"]) == ["F1"] * 3 + ["F2"] * 3
    assert list(pd.read_csv(tmp_path / "without.csv")) == ["unique_id", "ds", "y", "family"]


def test_the_actuals_of_sold_out_periods_are_unknown() -> None:
    stocked = replace(panel(), in_stock=np.array([[True, True, True, False]] * 2))
    assert np.array_equal(panel().actuals(2), DEMAND[:, 2:])
    assert np.array_equal(stocked.actuals(2), [[3.0, np.nan], [0.0, np.nan]], equal_nan=True)


def test_tables_are_read_wide_with_ids_as_text(tmp_path: Path) -> None:
    (tmp_path / "carparts").mkdir()
    rows = "unique_id,ds,y\n007,2024-02-01,\n007,2024-01-01,1\n10,2024-01-01,2\n"
    (tmp_path / "carparts" / "train.csv.gz").write_bytes(_gzip(rows))
    found = car_parts(tmp_path)
    assert list(found.ids) == ["007", "10"]
    assert np.array_equal(found.demand, [[1.0, np.nan], [2.0, np.nan]], equal_nan=True)


def test_shop_weeks_carry_their_stock_flags_and_categories(tmp_path: Path) -> None:
    (tmp_path / "vn2").mkdir()
    rows = "unique_id,ds,y,in_stock,Store\ns1-p2,2024-01-08,0,0,1\ns1-p2,2024-01-01,3,1,1\n"
    (tmp_path / "vn2" / "history.csv.gz").write_bytes(_gzip(rows))
    found = vn2(tmp_path, 3)
    assert found.in_stock is not None and found.in_stock.tolist() == [[True, False]]
    assert found.categories.loc["s1-p2"].to_dict() == {"Store": "1"}


def test_full_months_of_weeks_keep_the_units_of_their_days() -> None:
    weeks = pd.date_range("2024-01-29", periods=10, freq="W-MON")
    months, demand = months_of_weeks(weeks, np.full((1, 10), 7.0))
    assert list(months) == [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01")]
    assert np.allclose(demand, [[29.0, 31.0]])


def test_group_sums_are_the_same_for_a_seed_and_count_unknown_as_nothing() -> None:
    demand = np.where(np.arange(40)[:, None] % 7 == 0, np.nan, np.ones((40, 3)))
    first = group_sums(demand, 2, 5, 1)
    assert np.array_equal(first, group_sums(demand, 2, 5, 1))
    assert not np.array_equal(first, group_sums(demand, 2, 5, 2))
    assert first.max() <= 5


def test_generated_months_are_whole_and_the_same_for_a_seed() -> None:
    found = smooth_counts(5, 24, 3, Smooth())
    assert np.array_equal(found, smooth_counts(5, 24, 3, Smooth()))
    assert found.shape == (5, 24) and (found == found.round()).all() and found.mean() > 10


def test_the_scale_panel_has_a_series_per_part_and_warehouse_in_order() -> None:
    found = scale_panel(3, 2, 10, 4)
    assert found.demand.shape == (6, 14)
    assert found.ids.is_monotonic_increasing and found.ids.is_unique
    assert list(found.categories["region"]) == ["R00", "R01"] * 3
    assert found.actuals(10).shape == (6, 4)


def test_a_sample_leaves_out_series_unknown_before_or_after_the_origin() -> None:
    base = panel()
    demand = np.vstack([DEMAND, [[1.0, 1.0, np.nan, np.nan], [3.0, 1.0, 2.0, np.nan]]])
    four = replace(base, ids=pd.Index(["a", "b", "c", "d"]), demand=demand)
    assert list(sample_rows(four, 2, 10, 1)) == [1, 3]
    assert list(sample_rows(four, 2, 1, 1)) == list(sample_rows(four, 2, 1, 1))


def _gzip(text: str) -> bytes:
    return gzip.compress(text.encode())
