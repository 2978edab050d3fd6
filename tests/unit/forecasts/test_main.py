import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasts
from forecasts.__main__ import main
from forecasts.table.mending import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "forecasts.md").read_text(encoding="utf-8")

ROWS = [(name, f"2025-{m:02d}-01", (m * k) % 4) for k, name in enumerate(["00", "a", "b"]) for m in range(1, 13)]


@dataclass
class Level:
    """A forecast of the last demand, as far as the command looks at one."""

    history: object
    horizon: int

    @property
    def series(self):
        methods = ["pooled"] + ["thresholds"] * (len(self.history) - 1)
        reasons = ["timed out after 60 s"] + [""] * (len(self.history) - 1)
        return pd.DataFrame({"method": methods, "fallback": reasons}, index=self.history.ids)

    scores = pd.DataFrame(
        {"demand_class": ["lumpy"], "method": ["pooled"], "pinball": [0.25], "coverage_p90": [np.nan]}
    )
    calibration = pd.DataFrame({"demand_class": ["lumpy"], "level": [0.9], "coverage": [0.91], "level_used": [0.9]})

    def quantiles(self, levels):
        last = np.repeat(np.nan_to_num(self.history.demand[:, -1]), self.horizon)
        names = self.history.ids.repeat(self.horizon)
        steps = np.tile(np.arange(1, self.horizon + 1), len(self.history))
        return pd.DataFrame({"unique_id": names, "step": steps, **{f"q{level:g}": last + level for level in levels}})

    def paths(self, n, seed, rows):
        return np.random.default_rng(seed).poisson(3, (n, len(rows), self.horizon))


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Put a simple forecast in place of the engine; return what it was asked."""
    found = {}

    def forecast(history, horizon, parameters, levels, seed):
        found.update(history=history, horizon=horizon, levels=levels, seed=seed)
        return Level(history, horizon)

    monkeypatch.setattr(forecasts, "forecast", forecast, raising=False)
    return found


@pytest.fixture
def run(tmp_path):
    """Return a call of the command: on these rows, or on the file given, with further arguments."""

    def call(*arguments, rows=ROWS, history=None, out="out.csv"):
        path = history or tmp_path / "history.csv"
        if history is None:
            pd.DataFrame(rows, columns=["unique_id", "ds", "y"]).to_csv(path, index=False)
        try:
            return main([str(path), "--horizon", "2", "--freq", "MS", "--out", str(tmp_path / out), *arguments])
        except SystemExit as ended:
            return ended.code

    return call


def test_quantiles_are_written_for_every_series_and_step(run, tmp_path, asked):
    assert run("--seed", "7") == 0
    found = pd.read_csv(tmp_path / "out.csv", dtype={"unique_id": str})
    assert found.columns.tolist() == ["unique_id", "step", *(f"q0.{k}" for k in range(1, 10))]
    assert found["unique_id"].tolist() == ["00", "00", "a", "a", "b", "b"]
    assert found["step"].tolist() == [1, 2] * 3
    assert (asked["horizon"], asked["seed"]) == (2, 7)


def test_levels_may_be_named_in_any_order(run, tmp_path, asked):
    assert run("--quantiles", "0.975, 0.5,0.5") == 0
    assert asked["levels"] == [0.5, 0.975]
    assert pd.read_csv(tmp_path / "out.csv").columns.tolist() == ["unique_id", "step", "q0.5", "q0.975"]


def test_paths_are_whole_and_a_seed_repeats_their_bytes(run, tmp_path):
    for name, seed in (("one.csv", "9"), ("two.csv", "9"), ("three.csv", "10")):
        assert run("--paths", "5", "--seed", seed, out=name) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.csv").read_bytes() != (tmp_path / "three.csv").read_bytes()
    found = pd.read_csv(tmp_path / "one.csv")
    assert found.columns.tolist() == ["unique_id", "path", "step", "y"]
    assert len(found) == 3 * 5 * 2
    assert pd.api.types.is_integer_dtype(found["y"])


def test_a_result_is_packed_if_its_name_says_so(run, tmp_path):
    assert run(out="out.csv.gz") == 0
    assert (tmp_path / "out.csv.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_the_report_as_json_says_what_was_read_mended_and_chosen(run, tmp_path, capsys):
    assert run("--json", rows=[*ROWS, ("a", "2025-03-01", -9)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {
        "series": 3,
        "periods": 12,
        "first_period": "2025-01-01",
        "freq": "MS",
        "horizon": 2,
        "categories": [],
        "mended": {
            "netted": {"count": 1, "examples": ["a at 2025-03-01"]},
            "floored": {"count": 1, "examples": ["a at 2025-03-01"]},
            "zero_series": {"count": 1, "examples": ["00"]},
        },
        "methods": {"pooled": 1, "thresholds": 2},
        "fallbacks": {"00": "timed out after 60 s"},
        "scores": [{"demand_class": "lumpy", "method": "pooled", "pinball": 0.25, "coverage_p90": None}],
        "calibration": [{"demand_class": "lumpy", "level": 0.9, "coverage": 0.91, "level_used": 0.9}],
        "out": str(tmp_path / "out.csv"),
    }


def test_the_report_for_people_says_the_same_in_short(run, tmp_path, capsys):
    assert run(rows=[*ROWS, ("a", "2025-03-01", -9)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 series, 12 months from 2025-01-01, 2 months ahead"
    assert "mended: periods with more returned than sold, read as 0: 1 (a at 2025-03-01)" in lines
    assert "methods: pooled 1, thresholds 2" in lines
    assert "fallback: 00: timed out after 60 s" in lines
    assert lines[-1] == f"written: {tmp_path / 'out.csv'}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--horizon", "0"], "argument --horizon: must be at least 1, not 0"),
        (["--horizon", "1.5"], "argument --horizon: must be a whole number, not '1.5'"),
        (["--paths", "-1"], "argument --paths: must be at least 0, not -1"),
        (["--seed", "-1"], "argument --seed: must be at least 0, not -1"),
        (["--quantiles", "0.5,1"], "argument --quantiles: quantile levels must lie between 0 and 1, not 0.5, 1.0"),
        (["--quantiles", "0.5;0.9"], "argument --quantiles: must be numbers separated by commas, not '0.5;0.9'"),
        (["--quantiles", ""], "argument --quantiles: must be numbers separated by commas, not ''"),
        (["--freq", "M"], "argument --freq: invalid choice: 'M'"),
        (["--levels", "0.5"], "unrecognized arguments: --levels 0.5"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_status_2(run, capsys, arguments, sentence):
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"forecasts: {sentence}")
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "{path}: is empty"),
        ("part,y\n1,2\n", "history: columns missing: unique_id, ds; its columns are part, y"),
        ("unique_id,ds,y\n", "history: has no rows"),
        (
            "unique_id,ds,y\na,2025-01-01,1\n\nb,2025-01-01,x\n",
            "history: line 4, series b at 2025-01-01: y 'x' is not a",
        ),
        (
            "unique_id,ds,y\na,2025-01-01,1\nb,2205-01-01,1\n",
            "history: line 3, series b: ds '2205-01-01' is not a date",
        ),
        (
            "unique_id,ds,y\na,2025-01-01,1\na,2025-02-01,1\nb,2052-01-01,1\n",
            "history: line 4, series b at 2052-01-01: not",
        ),
    ],
)
def test_a_history_of_no_use_is_one_sentence_and_status_2(run, tmp_path, capsys, content, sentence):
    path = tmp_path / "given.csv"
    path.write_text(content, encoding="utf-8")
    assert run(history=path) == 2
    said = capsys.readouterr().err
    assert said.startswith("forecasts: " + sentence.format(path=path))
    assert said.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_forecast(run, tmp_path, capsys, asked):
    assert run(out="none/out.csv") == 2
    assert "there is no folder" in capsys.readouterr().err
    assert run(out="history.csv") == 2
    assert "is the history itself" in capsys.readouterr().err
    assert asked == {}


def test_help_is_printed_without_loading_the_engine():
    code = "import sys; from forecasts.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print('prophet' in sys.modules, 'statsmodels' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False False\n")
    assert "--quantiles" in done.stdout


def hard_cases():
    """Return a history with everything that can be odd about a series and still be forecast."""
    months = pd.date_range("2023-01-01", periods=30, freq="MS").strftime("%Y-%m-%d")
    sold = {
        "returned": [(-1) ** k * (k % 4) for k in range(30)],
        "shy": [k % 5 == 0 for k in range(30)],
        "spiky": [1e9 if k == 20 else k % 2 for k in range(30)],
        "steady": [20 + k % 3 for k in range(30)],
        "zero": [0] * 30,
    }
    rows = [(name, ds, float(y)) for name, values in sold.items() for ds, y in zip(months, values, strict=True)]
    rows += [
        ("ended", months[3], 2.0),
        ("ended", months[4], 1.0),
        ("once", months[-1], 3.0),
        ("unknown", months[7], None),
    ]
    return rows


@pytest.mark.parametrize("arguments", [(), ("--paths", "20")])
def test_the_engine_answers_for_every_odd_series_and_the_order_of_rows_changes_no_byte(
    run, tmp_path, monkeypatch, arguments
):
    from forecasts.forecaster import forecast

    monkeypatch.setattr(forecasts, "forecast", forecast)
    assert run(*arguments, rows=hard_cases(), out="one.csv") == 0
    assert run(*arguments, rows=hard_cases()[::-1], out="two.csv") == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    found = pd.read_csv(tmp_path / "one.csv").set_index("unique_id")
    assert sorted(set(found.index)) == ["ended", "once", "returned", "shy", "spiky", "steady", "unknown", "zero"]
    numbers = found.drop(columns=["step", "path"], errors="ignore")
    assert (numbers >= 0).all(axis=None)
    assert (np.diff(numbers, axis=1) >= 0).all()
    assert numbers.loc["steady"].to_numpy().max() < 1000


def test_every_option_is_documented_and_no_other(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert set(re.findall(r"^\| `(--[a-z]+)", PAGE, re.M)) == known


def test_every_kind_of_mending_is_documented_in_order():
    table = PAGE[PAGE.index("## What is mended") : PAGE.index("## What is refused")]
    assert re.findall(r"^\| `([a-z_]+)` \|", table, re.M) == list(KINDS)


def test_every_key_of_the_report_is_documented_in_order(run, capsys):
    assert run("--json") == 0
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE[PAGE.index("## Report") : PAGE.index("## From Python")], re.M)
    assert [key for row in rows for key in re.findall(r"`([a-z_]+)`", row)] == list(json.loads(capsys.readouterr().out))


def test_the_python_example_of_the_document_names_what_there_is():
    for name in re.findall(r"^from forecasts import (.*)$", PAGE, re.M)[0].split(", "):
        assert name in forecasts.__all__
