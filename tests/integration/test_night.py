"""A night through the command line, on SQLite and PostgreSQL: what is published, and what running again changes."""

import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasts import engine as engines
from tests.conftest import NewDatabase
from tests.integration.conftest import AS_OF, Vmi
from vmi import planning
from vmi.cli import DONE, UNEXPECTED, run
from vmi.contract import KPIS, OUTPUTS
from vmi.placement.place import Placement
from vmi.publish.audit import audit_folder
from vmi.publish.manifest import folder_faults

ZONE = "Asia/Shanghai"


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def firm_units(plan: Path) -> int:
    lines = pd.concat([table(p) for p in sorted((plan / "replenishment").glob("*.csv"))] or [pd.DataFrame()])
    return 0 if lines.empty else int(lines.loc[lines["commitment"] == "firm", "qty"].astype(int).sum())


def test_a_night_is_published_whole_and_stands_the_outside_check(imported: Vmi, company: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert imported("plan", "--as-of", AS_OF, "--out", out) == 0
    plan = out / AS_OF
    assert folder_faults(plan) == []
    assert audit_folder(company, plan, ZONE) == []
    assert firm_units(plan) > 0
    for file in OUTPUTS:
        if "{" not in file.path and file.name != "forecast":
            assert tuple(table(plan / file.path).columns) == file.columns
    assert set(KPIS) <= set(json.loads((plan / "kpis.json").read_text()))
    manifest = json.loads((plan / "manifest.json").read_text())
    assert {o["name"] for o in manifest["optimisations"]} == {"dispatch", "placement"}
    assert all(o["bound"] <= o["objective"] + 1e-6 for o in manifest["optimisations"])
    report = (plan / "report.html").read_text(encoding="utf-8")
    assert re.search(r"""(src|href)\s*=\s*["']?(https?:)?//|url\(\s*["']?(https?:)?//|@import""", report) is None


def test_the_same_night_planned_again_gives_the_same_bytes(imported: Vmi, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert imported("plan", "--as-of", AS_OF, "--out", first) == 0
    assert imported("plan", "--as-of", AS_OF, "--out", second) == 0
    assert tree(first / AS_OF) == tree(second / AS_OF)
    assert imported("plan", "--as-of", AS_OF, "--out", first) == 0
    assert tree(first / AS_OF) == tree(second / AS_OF)


def test_three_nights_with_nothing_answered_order_once(imported: Vmi, tmp_path: Path) -> None:
    nights = ("2026-11-20", "2026-11-21", "2026-11-22")
    for night in nights:
        assert imported("plan", "--as-of", night, "--out", tmp_path) == 0
    first, *others = (firm_units(tmp_path / night) for night in nights)
    assert sum(others) <= 0.05 * first


def test_a_promise_is_made_once_and_never_moves(imported: Vmi, tmp_path: Path) -> None:
    for night in ("2026-11-20", "2026-11-22"):
        assert imported("plan", "--as-of", night, "--out", tmp_path) == 0
    key = ["order_id", "line_no"]
    first, later = (table(tmp_path / n / "deliveries.csv") for n in ("2026-11-20", "2026-11-22"))
    both = first.drop_duplicates(key).merge(later.drop_duplicates(key), on=key)
    promised = both[both["first_promise_x"] != ""]
    assert len(promised) > 0
    assert (promised["first_promise_x"] == promised["first_promise_y"]).all()


def test_a_dispatch_publishes_deliveries_and_reports_alone(imported: Vmi, company: Path, tmp_path: Path) -> None:
    assert imported("dispatch", "--at", "2026-11-21T11:30", "--out", tmp_path) == 0
    folder = tmp_path / "2026-11-21T1130"
    assert {p.name for p in folder.iterdir()} == {"deliveries.csv", "eta", "manifest.json"}
    assert folder_faults(folder) == []
    shipped = table(folder / "deliveries.csv")
    shipped = shipped[shipped["ship_at"] != ""]
    assert len(shipped) > 0
    assert (shipped["ship_at"] >= "2026-11-21T11:30").all()


def test_a_dry_run_stores_and_publishes_nothing(imported: Vmi, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert imported("plan", "--as-of", AS_OF, "--out", out, "--dry-run") == 0
    assert not out.exists()
    assert imported("explain", "P000001") == 2


def test_importing_the_same_folder_twice_changes_nothing(imported: Vmi, company: Path, tmp_path: Path) -> None:
    assert imported("plan", "--as-of", AS_OF, "--out", tmp_path / "a") == 0
    assert imported("import", company) == 0
    assert imported("plan", "--as-of", AS_OF, "--out", tmp_path / "b") == 0
    assert tree(tmp_path / "a" / AS_OF) == tree(tmp_path / "b" / AS_OF)


def test_explain_adds_up_to_every_firm_line(imported: Vmi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported("plan", "--as-of", AS_OF, "--out", tmp_path) == 0
    lines = pd.concat([table(p) for p in sorted((tmp_path / AS_OF / "replenishment").glob("*.csv"))])
    line = lines[lines["commitment"] == "firm"].iloc[0]
    capsys.readouterr()
    assert imported("explain", line["part_id"], "--warehouse", line["warehouse_id"], "--json") == 0
    assert json.loads(capsys.readouterr().out)["warehouses"][0]["qty"] == int(line["qty"])


def test_a_plan_needs_an_import(vmi: Vmi, tmp_path: Path) -> None:
    assert vmi("plan", "--as-of", AS_OF, "--out", tmp_path / "out") == 2
    assert not (tmp_path / "out" / AS_OF).exists()


def uncovered(found: Placement) -> Placement:
    return replace(found, cover=found.cover.iloc[1:])


def understated(found: Placement) -> Placement:
    return replace(found, optimisation=replace(found.optimisation, objective=found.optimisation.objective - 1.0))


def failing(check: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: replace(check(*given), violations=["a rule is broken"])


FAULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("place", lambda place: lambda *given: uncovered(place(*given)), "placement: .* is covered 0 times"),
    ("place", lambda place: lambda *given: understated(place(*given)), "placement: .* the optimiser said"),
    ("evaluate_placement", failing, "placement: .* a rule is broken"),
    ("evaluate_returns", failing, "returns: .* a rule is broken"),
    ("evaluate_dispatch", failing, "dispatch: .* a rule is broken"),
]


def test_a_plan_that_does_not_hold_when_priced_again_is_refused_and_the_last_one_stands(
    imported: Vmi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert imported("plan", "--as-of", AS_OF, "--out", out) == DONE
    published = tree(out)
    for (room, broken, sentence), night in zip(FAULTS, itertools.cycle([AS_OF, "2026-11-21"]), strict=False):
        with monkeypatch.context() as patch:
            patch.setattr(planning, room, broken(getattr(planning, room)))
            capsys.readouterr()
            assert imported("plan", "--as-of", night, "--out", out) == UNEXPECTED, (room, sentence)
        told = capsys.readouterr().err.splitlines()[-1]
        assert re.fullmatch(f"vmi: unexpected: {sentence}.*; the last published plan stands", told), told
        assert tree(out) == published
        assert (out / "latest").readlink() == Path(AS_OF)
    assert imported("plan", "--as-of", "2026-11-21", "--out", out) == DONE


def test_a_night_is_the_same_bytes_however_many_processes_work_at_it(
    new_database: NewDatabase, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, work = list[int](), engines.work_in_processes

    def counted(function: Any, items: Any, workers: int, seconds: float) -> Any:
        asked.append(workers)
        return work(function, items, workers, seconds)

    monkeypatch.setattr(engines, "work_in_processes", counted)
    for workers in (1, 2):
        config, database = tmp_path / f"{workers}.toml", new_database("sqlite", True)
        fits = "prophet_min_days = 100\nprophet_min_lines = 60\nparallel_from = 0"
        config.write_text(f"[forecast]\nworkers = {workers}\n{fits}\n", encoding="utf-8")
        vmi = ["--db", database, "--config", str(config)]
        assert run([*vmi, "import", str(company)]) == DONE
        assert run([*vmi, "plan", "--as-of", AS_OF, "--out", str(tmp_path / str(workers))]) == DONE
    assert asked and set(asked) == {2}
    assert tree(tmp_path / "1") == tree(tmp_path / "2")
