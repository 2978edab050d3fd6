"""Reading the answer of ``python -m forecasts`` back, and measuring a command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import measure
from benchmarks.ours import in_order, our_claims
from benchmarks.yardsticks import Panel
from forecasts import forecast, read_history

IDS = pd.Index(["a", "b"])
ANSWER = pd.DataFrame(
    {
        "unique_id": ["b", "a", "a", "b"],
        "step": [2, 2, 1, 1],
        "q0.1": [4.0, 2.0, 1.0, 3.0],
        "q0.9": [8.0, 6.0, 5.0, 7.0],
    }
)


def test_an_answer_in_any_order_is_laid_out_by_series_and_step() -> None:
    found = in_order(ANSWER, ["step"], ["q0.1", "q0.9"], IDS, (2,))
    assert found.tolist() == [[[1.0, 5.0], [2.0, 6.0]], [[3.0, 7.0], [4.0, 8.0]]]


@pytest.mark.parametrize(
    "broken",
    [
        ANSWER.iloc[:3],
        ANSWER.assign(step=[1, 2, 1, 1]),
        ANSWER.assign(step=[3, 2, 1, 1]),
        ANSWER.assign(unique_id=["c", "a", "a", "b"]),
        ANSWER.assign(**{"q0.9": [np.nan, 6.0, 5.0, 7.0]}),
    ],
    ids=["missing", "twice", "step beyond", "unknown series", "not finite"],
)
def test_an_answer_that_is_not_complete_is_refused(broken: pd.DataFrame) -> None:
    with pytest.raises(RuntimeError):
        in_order(broken, ["step"], ["q0.1", "q0.9"], IDS, (2,))


def test_a_command_is_measured_alone_and_its_code_kept(tmp_path: Path) -> None:
    report = tmp_path / "measured.json"
    command = [sys.executable, "-c", "block = bytearray(60 << 20); raise SystemExit(3)"]
    done = subprocess.run([sys.executable, "-I", "-S", measure.__file__, str(report), *command], check=False)
    measured = json.loads(report.read_text(encoding="utf-8"))
    assert done.returncode == 3
    assert measured["seconds"] > 0 and 60 < measured["peak_mib"] < 160


def test_what_ours_claims_is_what_a_forecast_from_the_origin_says() -> None:
    demand = np.random.default_rng(2).poisson(1.5, size=(60, 24)).astype(float)
    ids = pd.Index([f"s{k:02d}" for k in range(60)])
    dates = pd.date_range("2024-01-01", periods=24, freq="MS")
    claimed = our_claims(Panel("p", ids, dates, demand, "MS", 4, (20,)), 20)
    known = pd.DataFrame({"unique_id": np.repeat(ids, 20), "ds": np.tile(dates[:20], 60), "y": demand[:, :20].ravel()})
    said = forecast(read_history(known, "MS", 4).history, 4).claims([0.9])
    np.testing.assert_array_equal(claimed, said["q0.9"].to_numpy().reshape(60, 4))
    assert 0.85 < claimed.mean() < 1
