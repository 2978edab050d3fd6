from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from tests.unit.simulate.policies_company import AS_OF, CONFIG, NO_ORDERS, day, situation
from vmi.config import Config
from vmi.frames import DELIVERIES, HUBS, LOT_RETURNS, PROFILES, REPLENISHMENT, TRANSFERS, Situation
from vmi.planning import Carried
from vmi.simulate.policies import make_policy, planned
from vmi.simulate.policy import ORDERED, OUTLOOK, Decisions, View

LINE = {"supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": 4}
LINE |= {"ship_on": day("2026-11-21"), "due_on": day("2026-11-25")}
PRICE = pd.DataFrame([{"name": "volume", "subject": "W1"}])
PROFILE = pd.DataFrame([dict.fromkeys(PROFILES.columns, "month")])
FORECAST = pd.DataFrame([{"part_id": "P1", "warehouse_id": "W1", "mean": 28.0, "p10": 20.0, "p50": 28.0, "p90": 36.0}])


class Rooms:
    """Stands in for :func:`vmi.planning.decide`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[SimpleNamespace] = []

    def decide(self, seen: Situation, config: Config, carried: Carried) -> Any:
        self.asked.append(SimpleNamespace(situation=seen, config=config, carried=carried))
        firm, likely = LINE | {"commitment": "firm"}, LINE | {"commitment": "forecast", "qty": 9}
        told = FORECAST.assign(method="ets", fallback="", judged_class="fast")
        outlook = SimpleNamespace(learned=lambda: {"profiles": PROFILE}, next_days=lambda days: told)
        return SimpleNamespace(
            replenishment=pd.DataFrame([likely, firm], columns=list(REPLENISHMENT.columns)),
            returns=LOT_RETURNS.empty().assign(extra=1),
            transfers=TRANSFERS.empty(),
            deliveries=DELIVERIES.empty(),
            outlook=outlook,
            to_carry=lambda: Carried(outlook),
            placed=lambda: {"prices": PRICE.assign(price=float(seen.as_of.day)), "hubs": HUBS.empty()},
        )


def nights(monkeypatch: pytest.MonkeyPatch, count: int, config: Config = CONFIG) -> tuple[list[Decisions], Rooms]:
    """Return what the plan decides on nights in a row, and what the rooms were asked."""
    rooms = Rooms()
    monkeypatch.setattr(planned, "decide", rooms.decide)
    policy, seen = make_policy("vmi", NO_ORDERS), situation()
    after = [replace(seen, as_of=AS_OF + pd.Timedelta(days=n)) for n in range(count)]
    return [policy.decide(View(night, config, None)) for night in after], rooms


def test_the_plans_firm_lines_are_ordered_and_its_deliveries_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,), _ = nights(monkeypatch, 1)
    assert found.ordered.to_dict("records") == [LINE]
    assert list(found.ordered.columns) == list(ORDERED.columns)
    assert found.deliveries is not None and list(found.deliveries.columns) == list(DELIVERIES.columns)
    assert list(found.returns.columns) == list(LOT_RETURNS.columns)


def test_the_forecast_is_learned_and_told_on_every_refit_night_and_read_on_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = replace(CONFIG, simulation=replace(CONFIG.simulation, refit_days=3))
    found, rooms = nights(monkeypatch, 7, config)
    learns = [asked.carried.outlook is None for asked in rooms.asked]
    assert learns == [True, False, False, True, False, False, True]
    assert [night.outlook is not None for night in found] == learns
    assert found[0].outlook is not None and list(found[0].outlook.columns) == list(OUTLOOK.columns)


def test_prices_are_carried_every_night_and_what_was_learned_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _, rooms = nights(monkeypatch, 3)
    assert [asked.situation.prices["price"].tolist() for asked in rooms.asked] == [[], [20.0], [21.0]]
    assert [len(asked.situation.profiles) for asked in rooms.asked] == [0, 1, 1]


def test_placement_may_stop_at_the_simulations_gap_and_nothing_else_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    _, rooms = nights(monkeypatch, 1)
    used = rooms.asked[0].config
    assert used.placement.relative_gap == CONFIG.simulation.placement_gap
    assert replace(used, placement=CONFIG.placement) == CONFIG


def test_the_plan_dispatches_itself_and_is_named_by_its_label() -> None:
    made = make_policy("vmi", NO_ORDERS)
    assert (made.name, made.dispatches) == ("vmi", True)
