"""The documentation is complete: whatever a user can name stands in it."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from sqlmodel import SQLModel

import vmi.tables  # noqa: F401  registers every table
from vmi.cli import cli
from vmi.config import Config, sections
from vmi.contract import INPUTS, KPIS, OUTPUTS
from vmi.explain import Explanation
from vmi.status import Status

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading that begins so, up to the next of its level."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}(?!\w).*?(?=^#{{1,{level}}} |\Z)", text, re.M | re.S)
    assert found is not None, f"no section {heading}"
    return found.group()


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in ("help", "version"):
            yield parameter.opts[-1]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_a_command_is_documented_with_its_options_and_an_example(name: str) -> None:
    text = page("docs/commands.md")
    own = section(text, f"## vmi {name}")
    shared = text[: text.index("\n## ")]
    assert [o for o in options(cli.commands[name]) if f"`{o}" not in own and f"`{o} " not in shared] == []
    assert re.search(rf"^vmi (--db \S+ )?{name}\b", own, re.M), "no example"
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Argument):
            assert str(parameter.name).upper() in own.splitlines()[0]


def test_options_and_environment_of_the_whole_are_documented() -> None:
    text = page("docs/commands.md")
    for parameter in cli.params:
        assert parameter.opts[0] in text[: text.index("\n## ")]
        if parameter.envvar:
            assert f"`{parameter.envvar}`" in text


def test_every_command_in_the_documents_exists_and_so_do_its_options() -> None:
    for name in ("docs/commands.md", "docs/operations.md", "README.md"):
        for line in re.findall(r"^ *(?:\S*/)?vmi ([^#\n]+)|`vmi ([a-z].*?)`", page(name), re.M):
            words = next(part for part in line if part).split()
            command = next((cli.commands[w] for w in words if w in cli.commands), None)
            if command is None:
                assert words[0].startswith(("-", "[")), f"{name}: vmi {' '.join(words)}"
                continue
            known = {o for p in (*command.params, *cli.params) for o in p.opts} | {"--help", "-h"}
            assert [w for w in words if w.startswith("--") and w.split("=")[0] not in known] == [], name


@pytest.mark.parametrize(("command", "result"), [("status", Status), ("explain", Explanation)])
def test_what_a_command_prints_as_json_is_documented_key_by_key(command: str, result: type) -> None:
    own = section(page("docs/commands.md"), f"## vmi {command}")
    assert [f.name for f in dataclasses.fields(result) if f'"{f.name}"' not in own] == []


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 130])
def test_an_exit_code_is_documented_for_users_and_operators(code: int) -> None:
    for name in ("docs/commands.md", "docs/operations.md"):
        assert re.search(rf"^\| {code} \| \w", page(name), re.M), name


@pytest.mark.parametrize("file", INPUTS, ids=lambda f: f.name)
def test_an_input_file_is_documented_with_columns_defaults_and_choices(file) -> None:
    own = section(page("docs/data-contract.md"), f"### {file.name}")
    rows = {m[1]: m[0] for m in re.findall(r"^(\| \**([a-z_0-9]+)\**\*? \|.*)$", own, re.M)}
    assert [c.name for c in file.columns] == [n for n in rows if n != "column"]
    for column in file.columns:
        cells = [cell.strip() for cell in rows[column.name].split(" | ")]
        assert cells[1] == column.kind, column.name
        assert cells[0].lstrip("| ").startswith("**") == column.key, column.name
        if column.default is not None:
            assert cells[2] == str(column.default), column.name
    assert ("(M" in own.splitlines()[0]) == file.required


@pytest.mark.parametrize("file", OUTPUTS, ids=lambda f: f.name)
def test_an_output_file_is_documented_with_its_columns_in_order(file) -> None:
    text = section(page("docs/data-contract.md"), "## Files out")
    path = file.path.replace("{", "&lt;").replace("}", "&gt;")
    row = next(line for line in text.splitlines() if line.startswith(f"| {path} |"))
    named = re.sub(r" \([^)]*\)", "", row.split(" | ")[2].rstrip(" |")).split(", ")
    assert named == list(file.columns)


def test_every_figure_is_documented() -> None:
    text = section(page("docs/data-contract.md"), "## Files out")
    assert [name for name in KPIS if not re.search(rf"\b{name}\b", text)] == []


def test_every_table_is_documented_and_no_other() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)` \|", page("docs/tables.md"), re.M))
    assert named == set(SQLModel.metadata.tables)


def test_every_configuration_key_is_documented_in_its_section() -> None:
    text = page("docs/configuration.md")
    for name, declared in sections().items():
        own = section(text, f"## [{name}]")
        keys = re.findall(r"^\| `([a-z_0-9]+)` \|", own, re.M)
        assert keys == list(getattr(Config(), declared.name).__dataclass_fields__)


def test_configuration_keys_named_in_the_documents_exist() -> None:
    known = {
        f"{name}.{key}" for name, at in sections().items() for key in getattr(Config(), at.name).__dataclass_fields__
    }
    for path in sorted((ROOT / "docs").glob("*.md")):
        named = set(re.findall(rf"`((?:{'|'.join(sections())})\.[a-z_]+)`", path.read_text(encoding="utf-8")))
        assert {name for name in named if not name.endswith((".csv", ".html", ".json"))} <= known, path.name


WORDS = (
    *("on_hand", "inbound", "backordered", "inventory_position", "pipeline", "lot", "hub", "region", "lane"),
    *("order_up_to", "fill_rate", "return_risk", "demand_class", "usage", "demand", "exposure", "bound"),
    *("first_promise", "as_of", "final_part", "first_cover", "cover_pattern", "wave", "shipment", "fence"),
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_frames_and_reports_is_in_the_glossary(word: str) -> None:
    terms = {
        term.strip().replace(" ", "_")
        for row in re.findall(r"^\| ([^|]+) \|", page("docs/glossary.md"), re.M)
        for term in re.split(r",|\(", row)
    }
    assert word in terms


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for path in pages:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
