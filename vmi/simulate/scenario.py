"""What if: the same company under other terms, another world, with a warehouse less or a supplier that stops."""

import itertools
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from vmi.config import Config, ConfigError, sections, suggest, typed_value, with_values
from vmi.contract import INPUT
from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.simulate.company import Company
from vmi.simulate.orders import multiplied

CONTRACT = ("return_window_days", "platform_fee_rate")
"""Terms that ``contract.`` sets for all suppliers; columns of suppliers."""
WORLD = ("demand_factor", "transit_factor", "lead_time_factor")
"""What ``world.`` multiplies: order lines, lanes' transit hours, suppliers' lead times and their scatter."""
OF_WAREHOUSE = (
    *("warehouses", "lanes", "supply", "stock", "inbound", "open_plan_lines", "overrides"),
    *("lane_times", "moved_lots"),
)
"""Frames of which a closed warehouse's rows are gone."""
WITHOUT_EFFECT = ("history", "import", "worklist", "scorecards", "planning.timezone", "simulation.confidence_level")
"""Sections and keys that decide what is read before a scenario applies, or told after it: the same for every one."""
STOP = re.compile(r"(?P<supplier>[^=\s]+)=(?P<day>\d{4}-\d{2}-\d{2}):(?P<days>\d+)")


@dataclass(frozen=True)
class Stop:
    """A supplier that ships nothing for ``days`` days from ``first`` on, and does not say so before."""

    supplier_id: str
    first: pd.Timestamp
    days: int

    @property
    def label(self) -> str:
        """Return the stop as it is asked for."""
        return f"{self.supplier_id}={self.first.date()}:{self.days}"


@dataclass(frozen=True)
class Scenario:
    """What is different from the company and the configuration as they are.

    Attributes
    ----------
    values
        ``section.key`` and value, sorted by key; every key once.
    closed
        Warehouses that are gone, sorted.
    stops
        Suppliers' stops, by supplier and day.
    """

    values: tuple[tuple[str, Any], ...] = ()
    closed: tuple[str, ...] = ()
    stops: tuple[Stop, ...] = ()

    @property
    def label(self) -> str:
        """Return a name that says all that is different and nothing else; empty for the company as it is."""
        values = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in self.values]
        return " ".join([*values, *(f"close={w}" for w in self.closed), *(f"stop={s.label}" for s in self.stops)])

    def apply(self, company: Company, config: Config) -> tuple[Company, Config]:
        """Return company and configuration under this scenario.

        Raises
        ------
        UsageProblem
            A value that cannot be meant, a warehouse or supplier that is not known, or no warehouse left.
        """
        changed = {key: value for key, value in self.values if _section(key) not in ("contract", "world")}
        try:
            config = with_values(config, changed)
        except ConfigError as error:
            raise UsageProblem(f"--set {error}") from error
        for key, value in self.values:
            section, _, name = key.partition(".")
            if section == "contract":
                suppliers = company.opening.suppliers.assign(**{name: value})
                company = replace(company, opening=replace(company.opening, suppliers=suppliers))
            elif section == "world":
                company = _world(company, name, value)
        company = _without(company, self.closed) if self.closed else company
        return (_stopped(company, self.stops) if self.stops else company), config


def scenarios(sets: Sequence[str], closed: Sequence[str], stops: Sequence[str]) -> list[Scenario]:
    """Return the scenarios asked for; the company as it is where nothing is.

    A key given several times stands for as many variants, different keys apply together: the variants multiply. What
    is closed or stopped, is in every one.

    Parameters
    ----------
    sets
        ``KEY=VALUE``: a key of the configuration (``section.key``), ``contract.*`` or ``world.*``; the value as TOML.
    closed
        Warehouses.
    stops
        ``SUPPLIER=DAY:DAYS``, such as ``S03=2026-10-01:14``.

    Raises
    ------
    UsageProblem
        An unknown key, one without effect, a value of the wrong type, or a stop that cannot be read.
    """
    variants: dict[str, dict[str, Any]] = {}
    for text in sets:
        key, value = parse_set(text)
        variants.setdefault(key, {})[json.dumps(value)] = value
    keys = sorted(variants)
    gone = tuple(sorted(set(closed)))
    stopping = tuple(sorted({parse_stop(text) for text in stops}, key=lambda s: (s.supplier_id, s.first, s.days)))
    chosen = itertools.product(*(variants[key].values() for key in keys))
    return [Scenario(tuple(zip(keys, values, strict=True)), gone, stopping) for values in chosen]


def parse_set(text: str) -> tuple[str, Any]:
    """Return key and value of ``KEY=VALUE``, the value in the key's own type; :class:`UsageProblem` if it has none."""
    key, equals, given = (piece.strip() for piece in text.partition("="))
    if not equals or not key or not given:
        raise UsageProblem(f"--set {text}: write KEY=VALUE, such as placement.carrying_rate=0.2")
    try:
        (value,) = tomllib.loads(f"value = {given}").values()
    except ValueError as error:  # not TOML, or more than one value
        raise UsageProblem(f'--set {text}: {given} is not a TOML value: 60, 0.2, true, "text", [1, 2]') from error
    section, _, name = key.partition(".")
    if section == "contract":
        return key, _term(key, name, value)
    if section == "world":
        return key, _factor(key, name, value)
    if section in WITHOUT_EFFECT or key in WITHOUT_EFFECT:
        raise UsageProblem(f"--set {key} has no effect on a simulation; change it in the configuration")
    if section not in sections():
        raise UsageProblem(
            f"--set {key}: section {section!r} is unknown{suggest(section, [*sections(), 'contract', 'world'])}"
        )
    try:
        return key, typed_value(key, value)
    except ConfigError as error:
        raise UsageProblem(f"--set {error}") from error


def parse_stop(text: str) -> Stop:
    """Return the stop that ``SUPPLIER=DAY:DAYS`` asks for; :class:`UsageProblem` if it cannot be read."""
    found = STOP.fullmatch(text.strip())
    try:
        if found is None or int(found["days"]) < 1:
            raise ValueError
        return Stop(found["supplier"], pd.Timestamp(found["day"]), int(found["days"]))
    except ValueError as error:
        raise UsageProblem(f"--stop {text}: write SUPPLIER=DAY:DAYS, such as S03=2026-10-01:14") from error


def _section(key: str) -> str:
    return key.partition(".")[0]


def _term(key: str, name: str, value: Any) -> int | float:
    if name not in CONTRACT:
        raise UsageProblem(f"--set {key} is unknown{suggest(name, CONTRACT)}")
    column = INPUT["suppliers"].column(name)
    whole = column.kind == "quantity"
    low, high = column.minimum, column.maximum
    sound = type(value) is int or (type(value) is float and not whole)
    if not sound or (low is not None and value < low) or (high is not None and not value <= high):
        kind = "a whole number" if whole else "a number"
        raise UsageProblem(f"--set {key}={value!r}: expected {kind} from {low} to {high}")
    return int(value) if whole else float(value)


def _factor(key: str, name: str, value: Any) -> float:
    if name not in WORLD:
        raise UsageProblem(f"--set {key} is unknown{suggest(name, WORLD)}")
    if type(value) not in (int, float) or not 0 < value <= 100:
        raise UsageProblem(f"--set {key}={value!r}: expected a number over 0, at most 100; 1 changes nothing")
    return float(value)


def _world(company: Company, name: str, factor: float) -> Company:
    if name == "demand_factor":
        return replace(company, orders=multiplied(company.orders, factor))
    opening = company.opening
    if name == "transit_factor":
        lanes = opening.lanes.assign(transit_hours=(opening.lanes["transit_hours"] * factor).round(6))
        return replace(company, opening=replace(opening, lanes=lanes))
    times = {c: (opening.supply[c] * factor).round(6) for c in ("lead_time_days", "lead_time_sd_days")}
    return replace(company, opening=replace(opening, supply=opening.supply.assign(**times)))


def _without(company: Company, closed: tuple[str, ...]) -> Company:
    """Return the company without these warehouses; what lay there leaves before the first day."""
    opening = company.opening
    known = list(opening.warehouses["warehouse_id"])
    for warehouse in closed:
        if warehouse not in known:
            raise UsageProblem(f"--close {warehouse}: no such warehouse{suggest(warehouse, known)}")
    if set(closed) == set(known):
        raise UsageProblem(f"--close {' '.join(closed)}: no warehouse would be left; leave one open")
    frames: dict[str, Any] = {}
    for name in OF_WAREHOUSE:
        frame: pd.DataFrame = getattr(opening, name)
        frames[name] = frame[~frame["warehouse_id"].isin(closed).to_numpy()].reset_index(drop=True)
    notes = tuple(_closing_note(opening, warehouse, frames["lanes"]) for warehouse in closed)
    return replace(company, opening=replace(opening, **frames), notes=(*company.notes, *notes))


def _closing_note(opening: Situation, warehouse: str, lanes: pd.DataFrame) -> str:
    cost = opening.parts.set_index("part_id")["unit_cost"]
    lots = opening.stock[opening.stock["warehouse_id"].eq(warehouse)]
    coming = opening.inbound.loc[opening.inbound["warehouse_id"].eq(warehouse), "qty"].sum()
    worth = float((lots["part_id"].map(cost) * lots["qty"]).sum())
    standard = lanes[lanes["service"].eq("standard")]
    cut_off = len(set(opening.centres["city"]) - set(standard["city"]))
    return (
        f"warehouse {warehouse} is closed throughout: {lots['qty'].sum():,} units worth {worth:,.0f} CNY leave before"
        f" the first day, {coming:,} on their way there do not come; {cut_off:,} cities have no standard lane then"
    )


def _stopped(company: Company, stops: tuple[Stop, ...]) -> Company:
    known = list(company.opening.suppliers["supplier_id"])
    for stop in stops:
        if stop.supplier_id not in known:
            raise UsageProblem(f"--stop {stop.label}: no such supplier{suggest(stop.supplier_id, known)}")
    closures = pd.DataFrame(
        {
            "scope": "supplier",
            "id": [stop.supplier_id for stop in stops],
            "from": [stop.first for stop in stops],
            "to": [stop.first + pd.Timedelta(days=stop.days - 1) for stop in stops],
            "reason": "stopped (what-if)",
        }
    ).astype({"from": "datetime64[ns]", "to": "datetime64[ns]"})
    before = [company.surprises] if len(company.surprises) else []
    return replace(company, surprises=pd.concat([*before, closures], ignore_index=True))
