"""The benchmark's command on a tiny folder, with ours answered by a stand-in."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast, rivals
from benchmarks.ours import Run
from benchmarks.report import FEWEST_CELLS, OURS, Score, class_table, cost_table, score_table, summary_table
from benchmarks.yardsticks import Panel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    months = pd.date_range("2020-01-01", periods=39, freq="MS").strftime("%Y-%m-%d")
    rows = [f"{part},{month},{k % 3}" for part in ("P1", "P2") for k, month in enumerate(months)]
    (tmp_path / "carparts").mkdir()
    text = "\n".join(["unique_id,ds,y", *rows])
    (tmp_path / "carparts" / "train.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "has_statsforecast", lambda: False)


@pytest.fixture(autouse=True)
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "our_claims", lambda panel, origin: np.full(panel.actuals(origin).shape, 0.95))


def perfect(panel: Panel, origin: int) -> Run:
    return Run(np.repeat(panel.actuals(origin)[..., None], 9, axis=-1), 2.0, 100.0)


def test_without_statsforecast_it_says_so_and_scores_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(forecast, "our_quantiles", perfect)
    assert forecast.main([str(folder), "--only", "car", "--json", str(folder / "out.json")]) == 0
    shown = capsys.readouterr()
    assert "pip install -e .[bench]" in shown.err
    assert "all zeros" in shown.out and "≤ 0.870" in shown.out
    # Everything was covered where 0.95 was claimed.
    assert "ours, as claimed" in shown.out and "0.050" in shown.out
    scores = json.loads((folder / "out.json").read_text(encoding="utf-8"))["scores"]
    assert [(s["origin"], s["wql"]) for s in scores if s["method"] == OURS] == [(27, 0.0), (24, 0.0), (21, 0.0)]


def test_a_quick_run_takes_the_latest_origin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(forecast, "our_quantiles", lambda panel, origin: asked.append(origin) or perfect(panel, origin))
    forecast.main([str(folder), "--only", "car", "--quick"])
    assert asked == [27]


def test_a_failure_of_ours_is_told_and_ends_with_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(panel: Panel, origin: int) -> Run:
        raise RuntimeError("python -m forecasts ended with 2: no such month")

    monkeypatch.setattr(forecast, "our_quantiles", broken)
    assert forecast.main([str(folder), "--only", "car"]) == 1
    assert "car: python -m forecasts ended with 2: no such month" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--only", "boats"], ["nowhere"]])
def test_an_unknown_section_or_folder_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        forecast.main(argv)
    assert ended.value.code == 2
    assert argv[-1] in capsys.readouterr().err


def test_deciles_of_paths_are_values_of_the_paths() -> None:
    paths = np.arange(10.0)[None, :, None] * np.array([1.0, 10.0])
    found = forecast.deciles_of_paths(paths)
    assert found.shape == (1, 2, 9)
    assert found[0, 1].tolist() == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0]


def score(method: str, origin: int, wql: float, section: str = "car") -> Score:
    return Score(section, "car parts", method, origin, wql, 0.9, 1.0)


def test_origins_stand_side_by_side_and_the_reach_compares_with_the_best_rival() -> None:
    scores = [score(OURS, 27, 0.8), score(OURS, 24, 0.9), score("TSB 0.1", 27, 1.0), score("TSB 0.1", 24, 1.0)]
    scores += [score("ADIDA", 27, 1.2), score("CrostonSBA", 27, 0.1)]
    table = score_table(scores)
    assert list(table.index) == [OURS, "TSB 0.1", "ADIDA", "CrostonSBA"]
    assert table.loc[OURS, ["WQL@27", "WQL@24", "WQL"]].tolist() == pytest.approx([0.8, 0.9, 0.85])
    reach = summary_table(scores).set_index("yardstick, earlier origins")["measured"]
    assert reach["car parts, WQL"] == "0.8500"
    assert reach["car parts, WQL under the best of TSB, ADIDA, IMAPA"] == "15.0 %"


def test_panels_without_a_game_have_no_cost() -> None:
    assert cost_table([score(OURS, 27, 0.8)]).empty


def test_the_game_is_told_as_a_share_of_the_benchmark_over_all_windows() -> None:
    def played(method: str, start: int, cost: float, benchmark: float) -> Score:
        return Score("vn2", "VN2", method, start, 0.5, 0.9, 1.0, cost=cost, benchmark_cost=benchmark)

    scores = [played(OURS, 149, 90.0, 100.0), played(OURS, 105, 180.0, 300.0)]
    table = cost_table(scores)
    assert list(table.index) == ["benchmark policy", OURS]
    assert table.loc[OURS].tolist() == pytest.approx([90.0, 180.0, 135.0, 0.675])
    assert table.loc["benchmark policy", "cost"] == pytest.approx(200.0)
    assert "0.675" in summary_table(scores)["measured"].tolist()


def judged(origin: int, cells: int, covered: int, claimed: float, name: str = "lumpy") -> Score:
    by_class, claims = {name: (cells, covered)}, {name: claimed}
    return Score("auto", "auto", OURS, origin, 0.6, covered / cells, 1.0, by_class=by_class, claimed_by_class=claims)


def test_coverage_stands_beside_what_was_claimed_origins_weighed_by_their_cells() -> None:
    table = class_table([judged(24, 3000, 2700, 0.92), judged(18, 1000, 900, 0.96), score("TSB 0.1", 18, 1.0)])
    assert list(table.index) == ["ours", "ours, as claimed", "ours, off by"]
    assert table["lumpy (4,000)"].tolist() == pytest.approx([0.9, 0.93, -0.03])


def test_calibration_is_judged_by_the_class_farthest_from_its_claim_where_there_are_cells_enough() -> None:
    def measured(*scores: Score) -> list[str]:
        table = summary_table(list(scores)).set_index("yardstick, earlier origins")["measured"]
        return [str(value) for name, value in table.items() if "less claim" in str(name)]

    near, far = judged(18, 2000, 1860, 0.92), judged(18, 2000, 1800, 0.92, "smooth")
    few, none = judged(18, FEWEST_CELLS - 1, 10, 0.92, "erratic"), judged(18, 2000, 10, 0.92, "none")
    assert measured(near) == ["+0.010 (lumpy)"]
    assert measured(near, far, few, none) == ["-0.020 (smooth)"]
    assert measured(few) == measured(score(OURS, 18, 0.6, "auto")) == []
