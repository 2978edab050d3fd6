import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from vmi import cli

HEAVY = ("pandas", "numpy", "sqlmodel", "sqlalchemy", "ortools", "prophet", "statsmodels", "numba", "holidays")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and no settings from the environment."""
    for name in ("VMI_DB", "VMI_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


def broken_config(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[planing]\nstale_days = 5\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["import", "--help"], ["plan", "-h"]])
def test_help_and_version_are_answered_without_heavy_imports(arguments: list[str]) -> None:
    program = (
        "import sys; from vmi.cli import run; code = run(sys.argv[1:]);"
        f"print('loaded:', [m for m in {HEAVY!r} if m in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: []\n")


def test_every_command_has_an_example() -> None:
    assert [name for name, command in cli.cli.commands.items() if "Example" not in (command.help or "")] == []


def test_a_command_without_a_schema_says_what_to_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("status") == cli.USAGE
    assert "run: vmi init" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-command"],
        ["plan"],
        ["plan", "--as-of", "20.11.2026"],
        ["dispatch", "--at", "noon"],
        ["--db", "mysql://host/vmi", "init"],
        ["--db", "no/such/folder/vmi.db", "init"],
        ["sample", "folder", "--parts", "0"],
    ],
)
def test_usage_errors_exit_2_and_leave_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(*arguments) == cli.USAGE
    assert capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_flag_beats_the_environment_and_that_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("init") == cli.DONE
    assert (tmp_path / "vmi.db").exists()
    monkeypatch.setenv("VMI_DB", "of-environment.db")
    assert run("init") == cli.DONE
    assert (tmp_path / "of-environment.db").exists()
    assert run("--db", "before.db", "init") == cli.DONE
    assert run("init", "--db", "after.db") == cli.DONE
    made = {path.name for path in tmp_path.glob("*.db")}
    assert made == {"vmi.db", "of-environment.db", "before.db", "after.db"}


def test_a_wrong_configuration_exits_2_with_a_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init") == cli.DONE
    sound = tmp_path / "sound.toml"
    sound.write_text("[planning]\nstale_days = 5\n", encoding="utf-8")
    broken_config(tmp_path / "configs" / "default.toml")
    assert run("status") == cli.USAGE
    assert "[planing] is unknown; did you mean planning?" in capsys.readouterr().err
    monkeypatch.setenv("VMI_CONFIG", str(sound))
    assert run("status") == cli.DONE
    assert run("status", "--config", str(broken_config(tmp_path / "broken.toml"))) == cli.USAGE
    assert run("--config", "none.toml", "status") == cli.USAGE
    assert "none.toml: cannot be read" in capsys.readouterr().err


def test_a_refused_import_exits_3_and_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == cli.DONE
    (tmp_path / "tonight").mkdir()
    assert run("import", "tonight") == cli.REFUSED
    assert "suppliers" in capsys.readouterr().err


def test_a_held_lock_exits_4_and_says_who_holds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vmi.store.engine import open_engine
    from vmi.store.lock import planner_lock

    assert run("init") == cli.DONE
    (tmp_path / "tonight").mkdir()
    with planner_lock(open_engine("vmi.db")):
        assert run("import", "tonight") == cli.LOCKED
    assert "lock is held by process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), cli.INTERRUPTED, "interrupted; the last published plan stands"),
        (click.Abort(), cli.INTERRUPTED, "interrupted"),
        (RuntimeError("disk on fire"), cli.UNEXPECTED, "unexpected: disk on fire"),
    ],
)
def test_an_interruption_exits_130_and_anything_unforeseen_1(
    raised: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise raised

    assert run("init") == cli.DONE
    monkeypatch.setattr("vmi.status.read_status", fail)
    assert run("status") == code
    assert said in capsys.readouterr().err


def test_explaining_before_the_first_plan_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == cli.DONE
    assert run("explain", "P1") == cli.USAGE
    assert "no plan has been published yet" in capsys.readouterr().err


def test_results_are_one_json_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == cli.DONE
    capsys.readouterr()
    assert run("status", "--json") == cli.DONE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["schema"]["current"] is True
    assert printed.err == ""
