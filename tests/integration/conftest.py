"""A small company on disk, a configuration without Prophet fits, and the command line as a function."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vmi.cli import run

AS_OF = "2026-11-20"
Vmi = Callable[..., int]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded company of 40 parts and 3 warehouses; read it, never write into it."""
    from vmi.sample.company import write_company
    from vmi.sample.parameters import SampleParameters

    folder = tmp_path_factory.mktemp("company")
    write_company(folder, SampleParameters(parts=40, warehouses=3, centres=12, days=220, seed=5))
    return folder


@pytest.fixture(scope="session")
def quick_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration under which no aggregate is large enough for Prophet: a night takes seconds."""
    path = tmp_path_factory.mktemp("config") / "quick.toml"
    path.write_text("[forecast]\nprophet_min_lines = 1000000\n", encoding="utf-8")
    return path


@pytest.fixture
def vmi(database_url: str, quick_config: Path) -> Vmi:
    """``vmi`` on this test's database: takes arguments, returns the exit code."""
    return lambda *arguments: run(["--db", database_url, "--config", str(quick_config), *map(str, arguments)])


@pytest.fixture
def imported(vmi: Vmi, company: Path) -> Vmi:
    """``vmi`` on a database that holds the small company."""
    assert vmi("import", company) == 0
    return vmi
