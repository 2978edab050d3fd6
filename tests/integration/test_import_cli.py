"""``vmi import`` on SQLite and PostgreSQL: every row is accounted for, and what is refused or tried changes nothing."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, table

from tests.integration.conftest import Vmi
from tests.unit.ingest.folders import COMPANY, ORDERS, STOCK, SUPPLIERS, write_company
from vmi.cli import DONE, REFUSED, USAGE
from vmi.store.engine import open_engine

# The last row names a centre that nobody knows: few enough broken references for an import to go on.
MANY_ORDERS = ORDERS + "".join(f"X{n},1,2026-11-1{n % 9}T09:00:00+08:00,C1,P3,1,open,,,\n" for n in range(40))
BAD_ROWS = {
    "orders": MANY_ORDERS + "X90,1,2026-11-12T09:00:00+08:00,C9,P3,1,open,,,\n",
    "suppliers": SUPPLIERS + "a b,Blank\n",
    "stock": STOCK + "W1,NA,L9,2026-10-01,3.5\nW1,NA,L8,2026-10-01,-1\n",
}
REJECTS = [
    ("suppliers.csv", "4", "supplier_id", "a b", "not_an_identifier"),
    ("orders.csv", "44", "centre_id", "C9", "unknown_reference"),
    ("stock.csv", "4", "qty", "3.5", "not_whole"),
    ("stock.csv", "5", "qty", "-1", "negative"),
]


def rows(url: str) -> dict[str, int]:
    """Return how many rows every table of a database holds."""
    engine = open_engine(url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {n: connection.scalar(select(func.count()).select_from(table(n))) or 0 for n in names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_company(tmp_path / "in")


@pytest.fixture
def bad_folder(tmp_path: Path) -> Path:
    """A folder with four bad rows in three files."""
    (tmp_path / "bad").mkdir()
    return write_company(tmp_path / "bad", **BAD_ROWS)


def rejects_in(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        found = list(csv.DictReader(opened))
    assert all(row["mend"] for row in found)
    return [(row["file"], row["line"], row["column"], row["value"], row["rule"]) for row in found]


def test_bad_rows_are_set_aside_and_the_counts_add_up(
    vmi: Vmi, database_url: str, bad_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vmi("import", bad_folder, "--json") == DONE
    report = json.loads(capsys.readouterr().out)
    assert rejects_in(tmp_path / "bad-rejects" / "rejects.csv") == REJECTS
    assert report["rejects_file"] == str(tmp_path / "bad-rejects" / "rejects.csv")
    for name, counts in report["files"].items():
        lines = BAD_ROWS.get(name, COMPANY[name]).count("\n") - 1
        rejected = sum(reject[0] == f"{name}.csv" for reject in REJECTS)
        assert counts == {"rows": lines, "imported": lines - rejected, "rejected": rejected}, name
        assert rows(database_url)[name] == lines - rejected, name
    assert report["totals"] == {k: sum(c[k] for c in report["files"].values()) for k in report["totals"]}


def test_the_counts_are_printed_for_a_person(vmi: Vmi, bad_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vmi("import", bad_folder) == DONE
    printed = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line}
    assert printed["file"] == ["rows", "in", "imported", "rejected"]
    assert printed["orders"] == ["43", "42", "1"]
    assert printed["stock"] == ["4", "2", "2"]
    assert [int(n) for n in printed["total"]] == [61, 57, 4]


def test_the_report_for_a_program_has_these_keys(vmi: Vmi, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vmi("import", folder, "--json") == DONE
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["files", "totals", "refused", "warnings", "dry_run", "rejects_file"]
    assert set(report["files"]) == set(COMPANY)
    assert (report["refused"], report["dry_run"], report["rejects_file"]) == ([], False, "")
    assert not folder.with_name("in-rejects").exists()


def test_rejects_go_where_they_are_asked_for(vmi: Vmi, folder: Path, bad_folder: Path, tmp_path: Path) -> None:
    assert vmi("import", bad_folder, "--rejects", tmp_path / "deep" / "aside") == DONE
    assert rejects_in(tmp_path / "deep" / "aside" / "rejects.csv") == REJECTS
    assert not (tmp_path / "bad-rejects").exists()
    assert vmi("import", folder, "--rejects", tmp_path / "none") == DONE
    assert rejects_in(tmp_path / "none" / "rejects.csv") == []


def test_a_dry_run_reads_everything_and_changes_nothing(
    vmi: Vmi, database_url: str, bad_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(database_url)
    assert vmi("import", bad_folder, "--dry-run") == DONE
    assert "dry run, nothing changed" in capsys.readouterr().out
    assert rows(database_url) == before
    assert rejects_in(tmp_path / "bad-rejects" / "rejects.csv") == REJECTS


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"parts": "part_id,name\nP1,Pad\n"}, "supplier_id"),
        ({"lanes": None}, "lanes"),
        ({"orders": ORDERS.replace(",C1,", ",C9,")}, "import.max_reject_share"),
        ({"stock": STOCK.replace(",", ";")}, ";"),
    ],
)
def test_a_refused_import_changes_nothing(
    vmi: Vmi,
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str | None],
    sentence: str,
) -> None:
    (tmp_path / "refused").mkdir()
    before = rows(database_url)
    assert vmi("import", write_company(tmp_path / "refused", **changed), "--json") == REFUSED
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert any(sentence in refusal for refusal in report["refused"])
    assert sentence in shown.err
    assert report["totals"]["imported"] == 0
    assert rows(database_url) == before


def test_a_refused_import_leaves_an_earlier_one_as_it_was(vmi: Vmi, database_url: str, folder: Path) -> None:
    assert vmi("import", folder) == DONE
    before = rows(database_url)
    (folder / "stock.csv").write_text("warehouse_id,part_id,lot_id,received_on\nW1,NA,L1,2026-10-01\n")
    assert vmi("import", folder) == REFUSED
    assert rows(database_url) == before


def test_importing_again_adds_only_to_the_import_ledger(vmi: Vmi, database_url: str, folder: Path) -> None:
    assert vmi("import", folder) == DONE
    first = rows(database_url)
    assert vmi("import", folder) == DONE
    again = rows(database_url)
    assert {n for n in first if first[n] != again[n]} == {"imports", "import_files"}
    assert again["imports"] == 2


def test_a_later_folder_may_hold_orders_alone(vmi: Vmi, database_url: str, folder: Path, tmp_path: Path) -> None:
    assert vmi("import", folder) == DONE
    before = rows(database_url)
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "orders.csv").write_text(ORDERS.replace("O2", "O3"), encoding="utf-8")
    assert vmi("import", tmp_path / "later") == DONE
    after = rows(database_url)
    assert after["orders"] == before["orders"] + 1
    assert [after[n] for n in ("parts", "stock")] == [before[n] for n in ("parts", "stock")]


def test_a_folder_that_is_not_there_is_refused(vmi: Vmi, database_url: str, tmp_path: Path) -> None:
    before = rows(database_url)
    assert vmi("import", tmp_path / "nowhere") in (USAGE, REFUSED)
    assert rows(database_url) == before
