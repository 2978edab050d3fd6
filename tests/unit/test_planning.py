"""What a night hands to the next, and what a wave may take over from another."""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from vmi import planning
from vmi.config import Config
from vmi.frames import Situation
from vmi.planning import Carried, Night, decide, decide_wave

sys.path.insert(0, str(Path(__file__).parent / "simulate"))
from policies_company import AS_OF, lots, situation, waiting, warehouses

CONFIG = replace(Config(), forecast=replace(Config().forecast, prophet_max_groups=0))
FRAMES = ("deliveries", "eta", "replenishment", "targets", "returns", "transfers")
DAY = pd.Timedelta(days=1)


def company(nights: int = 0) -> Situation:
    """W1 is short of room for what it sells, and a customer waits for more than lies there."""
    return situation(
        AS_OF + nights * DAY,
        stock=lots(("W1", "P1", 2), ("W2", "P2", 1)),
        open_orders=waiting("P1", "C1", 3),
        warehouses=warehouses(volume_m3=0.06),
    )


@pytest.fixture(scope="module")
def night() -> Night:
    return decide(company(), CONFIG)


def test_a_night_that_carries_its_own_forecast_decides_the_same(night: Night) -> None:
    again = decide(company(), CONFIG, carried=Carried(outlook=night.outlook))
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(night, name))


def test_the_next_night_learns_nothing_and_reads_the_forecast_on(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("nothing is to be learned")

    monkeypatch.setattr(planning, "demand_history", refuse)
    monkeypatch.setattr(planning, "look_ahead", refuse)
    heard: list[str] = []
    after = decide(company(1), CONFIG, lambda step, _: heard.append(step), night.to_carry())
    assert heard == list(planning.STEPS)
    assert after.outlook.forecast.origin == AS_OF + DAY
    assert (after.outlook.window(0, 20)[0] == night.outlook.window(1, 21)[0]).all()
    assert after.replenishment["qty"].sum() > 0


def test_a_forecast_of_a_later_night_is_refused(night: Night) -> None:
    with pytest.raises(ValueError, match="forecast later"):
        decide(company(-1), CONFIG, carried=night.to_carry())


def test_the_next_night_is_told_the_prices_of_full_rows_and_the_hubs(night: Night) -> None:
    assert night.to_carry().outlook is night.outlook
    told = night.placed()
    assert told["prices"]["price"].tolist() == night.placement.optimisation.prices["price"].tolist()
    assert len(told["prices"]) and (told["prices"]["price"] > 0).all()
    derived = night.placement.derivations.set_index(["part_id", "warehouse_id"])["hub"]
    hubs = pd.MultiIndex.from_frame(told["hubs"])
    assert len(hubs) and (derived[hubs].to_numpy() == hubs.get_level_values("warehouse_id")).all()


def test_a_wave_on_the_ground_of_another_decides_the_same() -> None:
    start = pd.Timestamp("2026-11-21T13:00", tz="Asia/Shanghai")
    first = decide_wave(company(), CONFIG, start)
    second = decide_wave(company(), CONFIG, start, ground=first.ground)
    for name in ("deliveries", "eta"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert second.supersession is first.supersession


def test_the_lanes_are_looked_at_once_a_wave(monkeypatch: pytest.MonkeyPatch) -> None:
    start = pd.Timestamp("2026-11-21T13:00", tz="Asia/Shanghai")
    ground = decide_wave(company(), CONFIG, start).ground
    counted: list[int] = []
    monkeypatch.setattr("vmi.schedule.problem.lane_table", lambda *given: counted.append(1))
    decide_wave(company(), CONFIG, start, ground=ground)
    assert counted == []
