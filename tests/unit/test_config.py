import dataclasses
from pathlib import Path

import pytest

from vmi.config import Config, ConfigError, default_toml, describe, load_config, sections
from vmi.parameters import reason_for, unit_of

ROOT = Path(__file__).parents[2]


def file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding=encoding)
    return path


def test_without_a_file_every_key_has_its_default() -> None:
    assert load_config(None) == Config()
    assert Config().planning.timezone == "Asia/Shanghai"


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    found = load_config(file(tmp_path, '[planning]\nstale_days = 5\n[dispatch]\nwaves = ["08:00", "12:30"]\n'))
    assert found.planning.stale_days == 5
    assert found.dispatch.waves == ("08:00", "12:30")
    assert dataclasses.replace(found, planning=Config().planning, dispatch=Config().dispatch) == Config()


def test_a_whole_number_is_taken_where_a_fraction_is_meant(tmp_path: Path) -> None:
    found = load_config(file(tmp_path, "[placement]\nbudget = 50000\n"))
    assert type(found.placement.budget) is float


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert load_config(file(tmp_path, "[import]\nmax_reject_share = 0.1\n", "utf-8-sig")).ingest.max_reject_share == 0.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[planing]\n", r"section \[planing\] is unknown; did you mean planning\?"),
        ("[planning]\nstale_dais = 3\n", r"\[planning\] stale_dais is unknown; did you mean stale_days\?"),
        ("[planning]\nxyz = 3\n", r"\[planning\] xyz is unknown; known are .*timezone"),
        ("planning = 3\n", r"\[planning\] must be a section"),
        ("[planning]\nstale_days = true\n", r"stale_days: True is true or false, expected a whole number"),
        ("[planning]\nstale_days = 3.5\n", r"stale_days: 3.5 is a number, expected a whole number"),
        ("[planning]\nstale_days = -1\n", r"stale_days: must not be negative"),
        ('[planning]\ntimezone = "Mars/Olympus"\n', r"'Mars/Olympus' is not an IANA time zone"),
        ("[planning]\ntimezone = 2026-11-20\n", r"is a date or table, expected a text"),
        ("[placement]\nbudget = nan\n", r"budget: nan is not a number that can be calculated with"),
        ("[placement]\nbudget = inf\n", r"budget: inf is not a number"),
        ('[dispatch]\nwaves = "09:00"\n', r"waves: '09:00' is not a list, such as \[\"09:00\""),
        ("[dispatch]\nwaves = [9, 13]\n", r"waves: 9 is a whole number, expected a text"),
        ("[worklist]\nreturnable_days = [7, 14]\n", r"returnable_days: 2 values, expected 3"),
        ("[planning\n", r"is not TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_and_place(tmp_path: Path, text: str, message: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load_config(tmp_path / "none.toml")


def test_the_hash_knows_values_and_not_where_they_came_from(tmp_path: Path) -> None:
    assert load_config(file(tmp_path, "[planning]\nstale_days = 3\n")).sha256() == Config().sha256()
    assert load_config(file(tmp_path, "[planning]\nstale_days = 4\n")).sha256() != Config().sha256()


def test_the_default_file_holds_every_key_at_its_default() -> None:
    import tomllib

    text = (ROOT / "configs/default.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    declared = {
        name: [f.name for f in dataclasses.fields(type(getattr(Config(), at.name)))] for name, at in sections().items()
    }
    assert {name: list(keys) for name, keys in content.items()} == declared
    assert load_config(ROOT / "configs/default.toml") == Config()
    assert text == default_toml(), "run: python -m vmi.config toml > configs/default.toml"


def test_the_configuration_page_is_what_the_declarations_say() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == describe(), "run: python -m vmi.config > docs/configuration.md"


def test_every_key_has_a_unit_and_a_reason() -> None:
    rooms = [type(getattr(Config(), f.name)) for f in dataclasses.fields(Config)]
    declared = [f for room in rooms for f in dataclasses.fields(room)]
    assert len(declared) > 100
    assert [f.name for f in declared if not (unit_of(f) and reason_for(f))] == []
