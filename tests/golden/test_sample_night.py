"""The sample company's night as a planner gets it, Prophet and all, against ``sample_night.json``.

Two machines need not give the same bytes: the last bits of a fit differ between processors, and an optimum with ties
may then be another one of the same cost. So what follows from the inputs alone (which files there are, their columns,
the lines that open orders get, the figures of the past) is compared exactly, and what forecasts and optimisations
decide within a tolerance far below any change that matters and far above a tie. Bytes are compared on one machine only,
between two runs. After a change that is meant to move the plan: ``pytest tests/golden --update-golden``, and read the
diff.
"""

import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vmi.cli import DONE, run
from vmi.contract import OUTPUTS
from vmi.publish.audit import audit_folder
from vmi.publish.manifest import folder_faults

pytestmark = pytest.mark.xdist_group("golden")
HERE = Path(__file__).parent
GOLDEN = HERE / "sample_night.json"
SAMPLES = HERE.parents[1] / "data" / "samples"
CONFIG = HERE.parents[1] / "configs" / "default.toml"
AS_OF = "2026-11-20"

TOLERANCE = 0.02
"""Relative difference that another processor may make. Measured with OpenBLAS's kernels of other processors
(``OPENBLAS_CORETYPE=Prescott``, ``Haswell``): sums moved by 0.0001 at most, the cost of the placement by 0.003."""

SUMMED = {
    "replenishment": ("qty",),
    "returns": ("qty",),
    "transfers": ("qty",),
    "targets": ("target_qty",),
    "forecast": ("mean", "p50", "p90"),
}
"""Files that are decided or forecast, and the columns whose sums stand for them."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "vmi.db"
    assert [vmi(path, "init"), vmi(path, "import", SAMPLES)] == [DONE, DONE]
    return path


@pytest.fixture(scope="module")
def plan(database: Path) -> Path:
    """The published folder of the sample night."""
    assert vmi(database, "plan", "--as-of", AS_OF, "--out", database.parent / "out") == DONE
    return database.parent / "out" / AS_OF


@pytest.fixture(scope="module")
def golden(request: pytest.FixtureRequest, plan: Path) -> dict[str, Any]:
    """What the night was when it was last accepted; with ``--update-golden``, what it is."""
    if request.config.getoption("--update-golden"):
        text = json.dumps(summary(plan), ensure_ascii=False, indent=1, sort_keys=True)
        GOLDEN.write_text(text + "\n", encoding="utf-8")
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


def vmi(database: Path, *arguments: object) -> int:
    return run(["--db", str(database), "--config", str(CONFIG), *map(str, arguments)])


def table(path: Path) -> pd.DataFrame:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")


def tables(plan: Path, name: str) -> pd.DataFrame:
    """Return an output whole, the files of all suppliers or centres together."""
    pattern = next(file.path for file in OUTPUTS if file.name == name)
    paths = sorted(plan.glob(f"{pattern.split('/')[0]}/*.csv" if "{" in pattern else pattern))
    return pd.concat([table(path) for path in paths], ignore_index=True)


def summary(plan: Path) -> dict[str, Any]:
    """Return what is compared of a plan: exact facts, and sums of what was decided."""
    lines = tables(plan, "eta").sort_values(["order_id", "line_no"])
    open_lines = lines["order_id"] + "/" + lines["line_no"] + " " + lines["qty"]
    sums = {n: {c: round(float(tables(plan, n)[c].astype(float).sum()), 3) for c in cols} for n, cols in SUMMED.items()}
    manifest = json.loads((plan / "manifest.json").read_text(encoding="utf-8"))
    return {
        "files": sorted({p.name if p.parent == plan else f"{p.parent.name}/" for p in plan.rglob("*") if p.is_file()}),
        "columns": {file.name: list(tables(plan, file.name).columns) for file in OUTPUTS},
        "reports": sorted(p.name for p in (plan / "eta").iterdir()),
        "open_lines": open_lines.tolist(),
        "kpis": json.loads((plan / "kpis.json").read_text(encoding="utf-8")),
        "inputs": {i["name"]: i["rows"] for i in manifest["inputs"]},
        "calendar_verified_through": manifest["calendar_verified_through"],
        "sums": sums,
        "objectives": {o["name"]: o["objective"] for o in manifest["optimisations"]},
    }


EXACT = ("files", "columns", "reports", "open_lines", "kpis", "inputs", "calendar_verified_through")


@pytest.mark.parametrize("fact", EXACT)
def test_what_follows_from_the_inputs_is_as_it_was(plan: Path, golden: dict[str, Any], fact: str) -> None:
    assert summary(plan)[fact] == golden[fact]


@pytest.mark.parametrize("name", sorted(SUMMED))
def test_what_is_decided_and_forecast_adds_up_to_what_it_did(plan: Path, golden: dict[str, Any], name: str) -> None:
    assert summary(plan)["sums"][name] == pytest.approx(golden["sums"][name], rel=TOLERANCE)


def test_the_optimisations_cost_what_they_did(plan: Path, golden: dict[str, Any]) -> None:
    assert summary(plan)["objectives"] == pytest.approx(golden["objectives"], rel=TOLERANCE)


def test_the_sample_night_stands_the_outside_check(plan: Path) -> None:
    assert folder_faults(plan) == []
    assert audit_folder(SAMPLES, plan, "Asia/Shanghai") == []


@pytest.mark.slow
def test_the_sample_night_planned_again_gives_the_same_bytes(database: Path, plan: Path) -> None:
    assert vmi(database, "plan", "--as-of", AS_OF, "--out", database.parent / "again") == DONE
    assert digests(database.parent / "again" / AS_OF) == digests(plan)


def digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
