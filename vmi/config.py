"""Gather every room's parameters from one TOML file.

A section of the file is a room; its keys are the fields of that room's ``Parameters``, which check themselves. What the
file leaves out has the declared default. The file is read whole or refused with a sentence: nothing is guessed.
"""

import dataclasses
import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import forecasts.parameters
from vmi.ingest.parameters import ImportParameters
from vmi.kpi.parameters import KpiParameters
from vmi.parameters import parameter
from vmi.placement.parameters import PlacementParameters
from vmi.returns.parameters import ReturnParameters
from vmi.schedule.parameters import ScheduleParameters
from vmi.scorecards.parameters import ScorecardParameters
from vmi.worklist.parameters import WorklistParameters


class ConfigError(Exception):
    """A configuration that cannot be used; the message says what, where and what to do."""


@dataclass(frozen=True)
class PlanningParameters:
    """What every room shares."""

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
    forecast: forecasts.parameters.Parameters = field(default_factory=forecasts.parameters.Parameters)
    placement: PlacementParameters = field(default_factory=PlacementParameters)
    returns: ReturnParameters = field(default_factory=ReturnParameters)
    dispatch: ScheduleParameters = field(default_factory=ScheduleParameters)
    kpi: KpiParameters = field(default_factory=KpiParameters)
    worklist: WorklistParameters = field(default_factory=WorklistParameters)
    scorecards: ScorecardParameters = field(default_factory=ScorecardParameters)

    def sha256(self) -> str:
        """Return the hash of every value in force, defaults included, whatever file they came from."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


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
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML in UTF-8: {error}") from error
    return _from_content(content, str(path))


def _from_content(content: dict[str, Any], source: str) -> Config:
    known = sections()
    for name in content:
        if name not in known:
            raise ConfigError(f"{source}: section [{name}] is unknown{_suggest(name, known)}")
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
            raise ConfigError(f"{where} {key} is unknown{_suggest(key, declared)}")
    defaults = room()
    typed = {key: _typed(value, getattr(defaults, key), f"{where} {key}") for key, value in values.items()}
    try:
        return room(**typed)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where} {error}") from error


def _typed(value: Any, default: Any, where: str) -> Any:
    """Return ``value`` in the type of ``default``; whole numbers are taken where fractions are meant."""
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is not None and type(value) is not type(default):
        raise ConfigError(f"{where}: {value!r} is a {type(value).__name__}, expected a {type(default).__name__}")
    return value


def _suggest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"
