import json

import numpy as np
import pandas as pd
import pytest

from forecasts.__main__ import main
from forecasts.table import read_history


def months(rows):
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y"])


def test_months_become_periods_and_the_empty_ones_are_unknown():
    history = read_history(
        months([("a", "2025-01-01", 1.0), ("a", "2025-02-01", None), ("a", "2025-04-01", 2.0), ("b", "2025-02-01", 0)]),
        "MS",
    )
    assert history.periods == 4
    start = pd.Timestamp("2000-01-01")
    found = history.panel.censored
    assert found["unique_id"].tolist() == ["a", "b"]
    assert (found["first_day"] - start).dt.days.tolist() == [1, 2]
    assert (found["last_day"] - start).dt.days.tolist() == [2, 3]


def test_returns_are_netted_within_the_period_floored_and_counted():
    rows = [("a", "2025-01-06", 5.0), ("a", "2025-01-08", -2.0), ("a", "2025-01-13", -4.0), ("a", "2025-01-20", 1.0)]
    history = read_history(months(rows), "W-MON")
    assert history.panel.demand["qty"].tolist() == [3.0, 1.0]
    assert history.floored == 1


def test_a_sold_out_period_is_a_lower_bound():
    rows = pd.DataFrame({"unique_id": "a", "ds": ["2025-01-01", "2025-02-01"], "y": [3.0, 0.0], "in_stock": [1, 0]})
    assert len(read_history(rows, "MS").panel.censored) == 1


@pytest.mark.parametrize(("ds", "y"), [("nonsense", "1"), ("2025-01-01", "many"), ("2025-01-01", "inf")])
def test_a_date_or_number_that_cannot_be_read_names_its_series(ds, y):
    with pytest.raises(ValueError, match="series a at"):
        read_history(months([("a", ds, y)]), "MS")


def write(folder, rows):
    path = folder / "history.csv"
    months(rows).to_csv(path, index=False)
    return path


def test_the_command_writes_quantiles_that_do_not_cross(tmp_path, capsys):
    rows = [(name, f"2025-{m:02d}-01", (m * k) % 3) for k, name in enumerate("0ab") for m in range(1, 13)]
    out = tmp_path / "fc.csv"
    assert main([str(write(tmp_path, rows)), "--horizon", "3", "--freq", "MS", "--out", str(out), "--json"]) == 0
    found = pd.read_csv(out, dtype={"unique_id": str})
    assert found["unique_id"].tolist() == ["0"] * 3 + ["a"] * 3 + ["b"] * 3
    assert (np.diff(found.filter(like="q0."), axis=1) >= 0).all()
    assert json.loads(capsys.readouterr().out)["methods"] == {"gamma_poisson": 3}


def test_the_command_writes_whole_paths_that_a_seed_repeats(tmp_path):
    history = write(tmp_path, [("a", f"2025-{m:02d}-01", m % 4) for m in range(1, 13)])
    outs = [tmp_path / name for name in ("one.csv", "two.csv")]
    for out in outs:
        main([str(history), "--horizon", "2", "--freq", "MS", "--out", str(out), "--paths", "5", "--seed", "9"])
    assert outs[0].read_bytes() == outs[1].read_bytes()
    found = pd.read_csv(outs[0])
    assert found.columns.tolist() == ["unique_id", "path", "step", "y"]
    assert len(found) == 10


def test_a_table_without_its_columns_is_one_sentence_and_status_2(tmp_path, capsys):
    path = tmp_path / "history.csv"
    path.write_text("part,y\n1,2\n", encoding="utf-8")
    assert main([str(path), "--horizon", "3", "--freq", "MS", "--out", str(tmp_path / "x.csv")]) == 2
    assert capsys.readouterr().err == "forecasts: history: columns missing: unique_id, ds\n"
