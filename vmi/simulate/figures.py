"""Draw nights, the contract's figures and plain facts from what a run has noted."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from vmi.config import Config
from vmi.demand import demand_history
from vmi.kpi.history import ACTUALS, KpiHistory
from vmi.kpi.measure import as_json, measure
from vmi.network import first_cover
from vmi.review.stock import unit_costs
from vmi.simulate.book import SECOND
from vmi.simulate.facts import facts_of
from vmi.simulate.outcome import LIVED_LINES, MOVEMENTS, NIGHTS, Outcome
from vmi.simulate.policy import Decisions
from vmi.simulate.world import DAY, World
from vmi.supersession import resolve

TOLD_DAYS = 28
AGE_LIMITS = (30, 60, 90)
AGE_COLUMNS = ("stock_0_30_cny", "stock_31_60_cny", "stock_61_90_cny", "stock_over_90_cny")
PLAN_ONLY_KPIS = ("premium_cny", "churn")
"""Figures of a single published plan, which a lived window does not have."""


@dataclass
class Journal:
    """What is noted each night: rows of NIGHTS in the making, stock by pair and by warehouse, flows, the value on
    its way [CNY], forecasts told; of the days before the first that counts, the last stock, its value [CNY] and how
    many were lived."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    movements: list[pd.DataFrame] = field(default_factory=list)
    on_hand: list[pd.DataFrame] = field(default_factory=list)
    stock_days: list[pd.DataFrame] = field(default_factory=list)
    told: list[tuple[pd.Timestamp, pd.DataFrame]] = field(default_factory=list)
    on_its_way: list[float] = field(default_factory=list)
    opening_cny: float = float("nan")
    warm_up_nights: int = 0

    def begin(self, world: World) -> None:
        """Note the stock of the eve, before anything is decided: what lies there for the first day's orders."""
        available = world.stock[world.stock["status"].eq("available")]
        self._hold(world, available)
        self.opening_cny = float(_value(world, available).sum())

    def tell(self, night: pd.Timestamp, decided: Decisions) -> None:
        """Note what was decided on a night."""
        if decided.outlook is not None:
            self.told.append((night, decided.outlook))

    def note(self, world: World, movements: pd.DataFrame, counts: bool) -> None:
        """Note the day that has closed; a day of the warm-up leaves only its stock behind."""
        available = world.stock[world.stock["status"].eq("available")]
        value = _value(world, available)
        self._hold(world, available)
        if not counts:
            self.on_hand = self.on_hand[-1:]
            self.opening_cny, self.warm_up_nights = float(value.sum()), self.warm_up_nights + 1
            return
        table = pd.DataFrame({"warehouse_id": available["warehouse_id"], "value": value, "units": available["qty"]})
        self.stock_days.append(table.groupby("warehouse_id", as_index=False).sum().assign(as_of=world.today))
        self.movements.append(movements)
        coming = world.transit["qty"] * unit_costs(world.opening.parts, world.transit["part_id"])
        self.on_its_way.append(float(coming.sum()))
        self.rows.append({**_stock_row(world, available, value), **_flow_row(movements), **_line_row(world)})

    def _hold(self, world: World, available: pd.DataFrame) -> None:
        held = available.groupby(["part_id", "warehouse_id"], as_index=False)["qty"].sum()
        self.on_hand.append(held.assign(day=world.today))


def _value(world: World, lots: pd.DataFrame) -> pd.Series:
    """Return the value of each lot at unit cost [CNY]."""
    return lots["qty"] * unit_costs(world.opening.parts, lots["part_id"])


def _stock_row(world: World, available: pd.DataFrame, value: pd.Series) -> dict[str, Any]:
    age = (world.today - available["received_on"]).dt.days.to_numpy()
    band = np.searchsorted(AGE_LIMITS, age, side="left")
    ages = [round(float(value.to_numpy()[band == k].sum()), 2) for k in range(len(AGE_COLUMNS))]
    room = world.rates.of_parts(world.stock["part_id"], "volume_m3") * world.stock["qty"].to_numpy()
    return {
        "night": world.today,
        "units_on_hand": int(available["qty"].sum()),
        "stock_cny": round(float(value.sum()), 2),
        "stock_m3": round(float(room.sum()), 4),
        "parts_held": int(available["part_id"].nunique()),
        **dict(zip(AGE_COLUMNS, ages, strict=True)),
        **world.ledger.columns(world.today),
    }


def _flow_row(movements: pd.DataFrame) -> dict[str, Any]:
    names = {
        "units_shipped": "delivered",
        "units_received": "received",
        "units_returned": "returned",
        "units_transferred": "transferred_out",
    }
    return {column: int(movements[flow].sum()) for column, flow in names.items()}


def _line_row(world: World) -> dict[str, Any]:
    """Return the day's orders and what is open; due lines are counted at the end, when their delivery is known."""
    ordered = world.book.ordered_on(world.today)
    close = world.close_of(world.today)
    lines = world.book.lines
    still = lines["left"].gt(0) & lines["ordered_at"].lt(close)
    return {
        "lines_ordered": len(ordered),
        "units_ordered": int(ordered["qty"].sum()),
        "lines_open": int(still.sum()),
        "lines_late": int((still & lines["promise_by"].lt(close)).sum()),
    }


def outcome_of(
    world: World,
    journal: Journal,
    config: Config,
    window: tuple[pd.Timestamp, pd.Timestamp],
    label: tuple[str, str, int],
) -> Outcome:
    """Return the outcome of a run over ``window``, its first and last day."""
    policy, scenario, seed = label
    known = _known_lines(world, window[1])
    lines = known[known["day"].ge(window[0]) | known["due_day"].ge(window[0])].reset_index(drop=True)
    movements = pd.concat(journal.movements, ignore_index=True) if journal.movements else MOVEMENTS.empty()
    nights = _nights(journal, lines, movements, world).assign(policy=policy, scenario=scenario, seed=seed)
    kpis = _kpis(world, journal, config, known, movements, window)
    facts = facts_of(world, nights, lines, kpis)
    facts |= {
        "capital_cny_mean": _capital(nights, journal),
        "opening_stock_cny": None if np.isnan(journal.opening_cny) else round(journal.opening_cny, 2),
        "warm_up_nights": journal.warm_up_nights,
    }
    return Outcome(
        policy, scenario, seed, nights[list(NIGHTS.columns)], lines[list(LIVED_LINES.columns)], movements, kpis, facts
    )


def _capital(nights: pd.DataFrame, journal: Journal) -> float | None:
    """Return the mean value that lies on shelves or is on its way to them [CNY]."""
    return round(float(nights["stock_cny"].mean() + np.mean(journal.on_its_way)), 2) if len(nights) else None


def _known_lines(world: World, last: pd.Timestamp) -> pd.DataFrame:
    """Return every line ordered by the close of ``last``, as it stands there."""
    close = world.close_of(last)
    lines = world.book.standing()
    lines = lines[lines["ordered_at"].lt(close)]
    state = [lines["delivered_at"].lt(close), lines["left"].eq(0)]
    return lines.assign(status=np.select(state, ["delivered", "shipped"], default="open").astype(object))


def _nights(journal: Journal, lines: pd.DataFrame, movements: pd.DataFrame, world: World) -> pd.DataFrame:
    """Return NIGHTS but for the run's names: what was noted, the lines that fell due, the goods delivered."""
    nights = pd.DataFrame(journal.rows)
    on_time = lines["delivered_at"].le(lines["promise_by"])
    urgent = lines["service"].eq("same_day") & lines["due_day"].eq(lines["day"])
    # The contract's day of a moment: midnight belongs to the day it ends. What comes after the window is not known.
    came_on = (lines["delivered_at"].dt.tz_localize(None) - SECOND).dt.normalize()
    that_day = lines["status"].eq("delivered") & came_on.eq(lines["day"])
    everything = pd.Series(True, index=lines.index)
    counts = {"lines_due": everything, "lines_on_time": on_time}
    counts |= {"same_day_ordered": urgent, "same_day_on_time": urgent & that_day}
    for name, mask in counts.items():
        nights[name] = nights["night"].map(lines.loc[mask, "due_day"].value_counts()).fillna(0).astype("int64")
    goods = movements["delivered"] * unit_costs(world.opening.parts, movements["part_id"])
    nights["goods_delivered_cny"] = nights["night"].map(goods.groupby(movements["night"]).sum()).fillna(0.0).round(2)
    return nights


def _kpis(
    world: World,
    journal: Journal,
    config: Config,
    lines: pd.DataFrame,
    movements: pd.DataFrame,
    window: tuple[pd.Timestamp, pd.Timestamp],
) -> dict[str, dict[str, Any]]:
    """Return the contract's figures over the window, measured by the room that measures the real nights."""
    opening, planning = world.opening, config.planning
    cover = first_cover(opening.lanes, planning.promise_hours, planning.handling_hours)
    supersession = resolve(opening.parts, opening.fitments)
    parts = opening.parts[["part_id", "unit_cost"]]
    told, actual = _judged_forecasts(world, journal, cover, window)
    history = KpiHistory(
        as_of=window[1],
        timezone=opening.timezone,
        order_lines=lines,
        centres=opening.centres[["centre_id", "city"]],
        cover=cover,
        parts=parts.assign(final_part=supersession.to_final(parts["part_id"])),
        stock_days=pd.concat(journal.stock_days, ignore_index=True),
        on_hand=pd.concat(journal.on_hand, ignore_index=True),
        flows=_flows(world, movements),
        past_forecasts=told,
        actuals=actual,
    )
    days = int((window[1] - window[0]) / DAY) + 1
    figures = as_json(measure(history, replace(config.kpi, kpi_days=days)))
    return {name: figure for name, figure in figures.items() if name not in PLAN_ONLY_KPIS}


def _flows(world: World, movements: pd.DataFrame) -> pd.DataFrame:
    suppliers = world.opening.parts.set_index("part_id")["supplier_id"]
    cost = unit_costs(world.opening.parts, movements["part_id"])
    pieces = [
        pd.DataFrame(
            {
                "day": movements["night"],
                "kind": kind,
                "supplier_id": movements["part_id"].map(suppliers),
                "warehouse_id": movements["warehouse_id"],
                "value": (movements[kind] * cost).astype(float),
            }
        )
        for kind in ("received", "returned")
    ]
    return pd.concat(pieces, ignore_index=True)


def _judged_forecasts(
    world: World, journal: Journal, cover: pd.DataFrame, window: tuple[pd.Timestamp, pd.Timestamp]
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return every forecast of the window whose four weeks have passed, and what came; the night is part of the id."""
    whole = [(n, f) for n, f in journal.told if n + TOLD_DAYS * DAY <= window[1] and n + DAY >= window[0]]
    if not whole:
        return None, None
    opening = world.opening
    situation = world.seen(world.close_of(world.today), world.today)
    demand = demand_history(situation, cover, resolve(opening.parts, opening.fitments)).demand
    told, came = [], []
    for night, forecast in whole:
        stamp = f"@{night:%Y%m%d}"
        told.append(forecast.assign(part_id=forecast["part_id"] + stamp))
        days = demand["day"].gt(night) & demand["day"].le(night + TOLD_DAYS * DAY)
        sums = demand[days].groupby(["part_id", "warehouse_id"], as_index=False)["qty"].sum()
        came.append(sums.assign(part_id=sums["part_id"] + stamp))
    return pd.concat(told, ignore_index=True), pd.concat(came, ignore_index=True)[list(ACTUALS.columns)]
