"""Gather every room's parameters from one TOML file.

A section of the file is a room; its keys are the fields of that room's ``Parameters``, which check themselves. What the
file leaves out has the declared default. The file is read whole or refused with a sentence: nothing is guessed.

``python -m vmi.config`` prints the page docs/configuration.md, ``python -m vmi.config toml`` the file
configs/default.toml; both are made from the declarations, so neither can fall behind them.
"""

import dataclasses
import difflib
import hashlib
import json
import math
import sys
import textwrap
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import forecasts.parameters
from vmi.ingest.parameters import ImportParameters
from vmi.kpi.parameters import KpiParameters
from vmi.parameters import parameter, reason_for, unit_of
from vmi.placement.parameters import PlacementParameters
from vmi.returns.parameters import ReturnParameters
from vmi.schedule.parameters import ScheduleParameters
from vmi.scorecards.parameters import ScorecardParameters
from vmi.simulate.parameters import SimulationParameters
from vmi.store.parameters import GatherParameters
from vmi.worklist.parameters import WorklistParameters


class ConfigError(Exception):
    """A configuration that cannot be used; the message says what, where and what to do."""


@dataclass(frozen=True)
class PlanningParameters:
    """What every room shares: the calendar, the promise, and when inputs are old."""

    timezone: str = parameter("Asia/Shanghai", "IANA name", "the zone of the planner's calendar days")
    promise_hours: int = parameter(48, "hours", "what a standard delivery promises, from the order")
    handling_hours: int = parameter(
        12, "hours", "mean time from an order to its hand-over to the carrier; a lane keeps the promise if both fit"
    )
    stale_days: int = parameter(3, "days", "stock or inbound imported longer before as_of than this is reported stale")

    def __post_init__(self) -> None:
        """Check the zone and the signs."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"timezone: {self.timezone!r} is not an IANA time zone, such as Asia/Shanghai") from error
        for name in ("promise_hours", "handling_hours", "stale_days"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must not be negative")


@dataclass(frozen=True)
class Config:
    """The whole configuration; a field is a section of the file."""

    planning: PlanningParameters = field(default_factory=PlanningParameters)
    ingest: ImportParameters = field(default_factory=ImportParameters)
    history: GatherParameters = field(default_factory=GatherParameters)
    forecast: forecasts.parameters.Parameters = field(default_factory=forecasts.parameters.Parameters)
    placement: PlacementParameters = field(default_factory=PlacementParameters)
    returns: ReturnParameters = field(default_factory=ReturnParameters)
    dispatch: ScheduleParameters = field(default_factory=ScheduleParameters)
    kpi: KpiParameters = field(default_factory=KpiParameters)
    worklist: WorklistParameters = field(default_factory=WorklistParameters)
    scorecards: ScorecardParameters = field(default_factory=ScorecardParameters)
    simulation: SimulationParameters = field(default_factory=SimulationParameters)

    def sha256(self) -> str:
        """Return the hash of every value in force that can change a plan, defaults included, whatever their source."""
        values = dataclasses.asdict(self)
        del values["simulation"]  # what a simulation does changes no plan
        for name in WITHOUT_EFFECT:
            del values["forecast"][name]
        text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


WITHOUT_EFFECT = ("workers", "parallel_from", "cluster", "fit_timeout_seconds")
"""Keys of ``[forecast]`` that say how results are computed and change none of them."""

SECTION_OF_FIELD = {"ingest": "import"}
"""Sections whose name in the file is a reserved word in Python."""


def sections() -> dict[str, dataclasses.Field]:
    """Return the section name in the file and the field of ``Config`` it fills."""
    return {SECTION_OF_FIELD.get(f.name, f.name): f for f in dataclasses.fields(Config)}


def load_config(path: Path | None) -> Config:
    """Read ``path``, or take every default if it is ``None``.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, or holds an unknown section, an unknown key or a bad value.
    """
    if path is None:
        return Config()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML in UTF-8: {error}") from error
    return _from_content(content, str(path))


def typed_value(key: str, value: Any) -> Any:
    """Return the value of ``section.key`` in the type of its parameter.

    Raises
    ------
    ConfigError
        The section or the key is unknown, or the value is of another type.
    """
    section, _, name = key.partition(".")
    known = sections()
    if section not in known:
        raise ConfigError(f"{key}: section {section!r} is unknown{suggest(section, known)}")
    declared = {f.name: f for f in dataclasses.fields(type(getattr(Config(), known[section].name)))}
    if name not in declared:
        raise ConfigError(f"{key} is unknown{suggest(name, declared)}")
    return _typed(value, declared[name], key)


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """Return the configuration with these values by ``section.key``, as :func:`typed_value` gives them.

    Raises
    ------
    ConfigError
        A section refuses its values.
    """
    changed: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        changed.setdefault(section, {})[name] = value
    rooms = {}
    for section, fields in changed.items():
        room = sections()[section].name
        try:
            rooms[room] = dataclasses.replace(getattr(config, room), **fields)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"[{section}] {error}") from error
    return dataclasses.replace(config, **rooms)


def _from_content(content: dict[str, Any], source: str) -> Config:
    known = sections()
    for name in content:
        if name not in known:
            raise ConfigError(f"{source}: section [{name}] is unknown{suggest(name, known)}")
    filled = {
        declared.name: _section(type(getattr(Config(), declared.name)), content[name], f"{source}: [{name}]")
        for name, declared in known.items()
        if name in content
    }
    return Config(**filled)


def _section(room: type, values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{where} must be a section with keys, not a single value")
    declared = {f.name: f for f in dataclasses.fields(room)}
    for key in values:
        if key not in declared:
            raise ConfigError(f"{where} {key} is unknown{suggest(key, declared)}")
    typed = {key: _typed(value, declared[key], f"{where} {key}") for key, value in values.items()}
    try:
        return room(**typed)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where} {error}") from error


def _typed(value: Any, declared: dataclasses.Field[Any], where: str) -> Any:
    """Return ``value`` in the type of the field; whole numbers are taken where fractions are meant."""
    if not isinstance(declared.default, tuple):
        return _single(value, type(declared.default), where)
    kinds = typing.get_args(declared.type)
    if not isinstance(value, list):
        raise ConfigError(f"{where}: {value!r} is not a list, such as {_toml(declared.default)}")
    if Ellipsis not in kinds and len(value) != len(kinds):
        raise ConfigError(f"{where}: {len(value)} values, expected {len(kinds)}, such as {_toml(declared.default)}")
    return tuple(_single(one, kinds[0], where) for one in value)


def _single(value: Any, kind: type, where: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ConfigError(
            f"{where}: {value!r} is {_KINDS.get(type(value), 'a date or table')}, expected {_KINDS[kind]}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: {value} is not a number that can be calculated with")
    return value


_KINDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
}


def suggest(name: str, known: Any) -> str:
    """Return the end of a sentence on an unknown name: the one that was probably meant, or those that are known."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"


PAGE_HEAD = """# Configuration

`vmi` reads one TOML file: `--config FILE`, else the environment variable `VMI_CONFIG`, else `configs/default.toml` if
there is one. What the file leaves out has the default below. An unknown section or key, or a value that cannot be
meant, is refused (exit 2) with a sentence that names it. Every value in force is hashed into the plan's id.

This page is made by `python -m vmi.config` from the declarations in the code; edit those.
"""


def describe() -> str:
    """Return the documentation page: every key of every section with default, unit and the reason for the default."""
    pieces = [PAGE_HEAD]
    for name, room in _rooms():
        rows = [
            f"| `{declared.name}` | {_toml(declared.default)} | {unit_of(declared)} | {_sentence(declared)} |"
            for declared in dataclasses.fields(room)
        ]
        pieces.append("\n".join([f"## [{name}]", "", _summary(room), "", *_TABLE_HEAD, *rows, ""]))
    return "\n".join(pieces)


def default_toml() -> str:
    """Return a configuration file that holds every key with its default, unit and reason."""
    pieces = [
        "# Every key with its default, made by `python -m vmi.config toml`. Change values, or keep only what differs.\n"
    ]
    for name, room in _rooms():
        lines = [f"# {_summary(room)}", f"[{name}]"]
        for declared in dataclasses.fields(room):
            comment = f"{unit_of(declared)}: {_sentence(declared)}"
            lines += textwrap.wrap(comment, 118, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{declared.name} = {_toml(declared.default)}")
        pieces.append("\n".join(lines) + "\n")
    return "\n".join(pieces)


_TABLE_HEAD = ("| key | default | unit | why |", "|---|---|---|---|")


def _rooms() -> list[tuple[str, type]]:
    """Return each section's name and the class of its parameters."""
    return [(name, type(getattr(Config(), declared.name))) for name, declared in sections().items()]


def _summary(room: type) -> str:
    """Return the first clause of what a room's parameters are for."""
    if room is forecasts.parameters.Parameters:
        return "How demand distributions are made."
    first = (room.__doc__ or "").split("\n")[0].split(";")[0].split(", section")[0]
    return first.rstrip(".") + "."


def _sentence(declared: dataclasses.Field[Any]) -> str:
    return " ".join(reason_for(declared).split()).replace("|", "\\|")


def _toml(value: Any) -> str:
    """Return a default as TOML writes it; JSON is the same for text, numbers, true and false, and lists."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(default_toml() if sys.argv[1:] == ["toml"] else describe())
