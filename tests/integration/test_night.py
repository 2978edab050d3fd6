"""A night through the command line, on SQLite and PostgreSQL: what is published, and what running again changes."""

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.integration.conftest import AS_OF, Vmi
from vmi.contract import KPIS, OUTPUTS
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
