"""Facts of the company: drawn from its files and the window's orders, whatever a policy did."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from tests.unit.simulate import small_company
from tests.unit.simulate.small_company import EVE, table
from vmi.config import Config
from vmi.simulate.company import Company
from vmi.simulate.facts import asked_of_suppliers, available_share, lead_time
from vmi.simulate.world import DAY, World


def world_of(company: Company) -> World:
    return World(company, Config(), 1)


def ordered(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """Return lines from (part_id, city, qty)."""
    return pd.DataFrame(list(rows), columns=["part_id", "city", "qty"])


def asked(*rows: tuple[str, float, float, int]) -> pd.DataFrame:
    """Return what is asked for from (part_id, lead_time_days, lead_time_sd_days, qty), all over one lane each."""
    frame = pd.DataFrame(list(rows), columns=["part_id", "lead_time_days", "lead_time_sd_days", "qty"])
    return frame.assign(supplier_id="S" + frame.index.astype(str), warehouse_id="W1")


def listed(*rows: dict[str, Any]) -> World:
    """Return the world of a company with these rows of availability.csv, whose suppliers make nothing more."""
    availability = table("availability", [{"supplier_id": "S1"} | row for row in rows], available_qty="Int64")
    world = world_of(small_company.company(availability=availability))
    world.suppliers = replace(world.suppliers, made_per_day=pd.Series(dtype=float))
    return world


def test_units_are_asked_of_the_lane_to_the_warehouse_of_first_cover() -> None:
    supply: list[dict[str, Any]] = [
        {"supplier_id": "S1", "warehouse_id": "W1", "lead_time_days": 7.0, "lead_time_sd_days": 2.0},
        {"supplier_id": "S1", "warehouse_id": "W2", "lead_time_days": 3.0},
        {"supplier_id": "S2", "warehouse_id": "W1"},
    ]
    world = world_of(small_company.company(supply=table("supply", supply)))
    lines = ordered(("P1", "Hefei", 2), ("P1", "Hefei", 3), ("P2", "Wuhan", 4), ("P3", "Hefei", 9), ("P6", "Hefei", 9))
    found = asked_of_suppliers(world, lines)
    assert found[["part_id", "warehouse_id", "qty", "lead_time_days", "lead_time_sd_days"]].to_numpy().tolist() == [
        ["P1", "W1", 5, 7.0, 2.0],
        ["P2", "W2", 4, 3.0, 0.0],
    ]


def test_lead_times_of_lanes_are_weighed_by_the_units_they_would_bring() -> None:
    assert lead_time(asked(("P1", 3.0, 0.0, 89), ("P2", 10.0, 0.0, 11))) == (3.77, 10.0)
    assert lead_time(asked(("P1", 3.0, 0.0, 90), ("P2", 10.0, 0.0, 10))) == (3.7, 3.0)
    assert lead_time(asked()) == (None, None)


def test_a_lane_that_varies_is_read_by_the_gamma_that_trucks_are_drawn_by() -> None:
    mean, p90 = lead_time(asked(("P1", 10.0, 5.0, 3)))
    assert mean == pytest.approx(10.0, abs=0.1)
    # The gamma of mean 10 and deviation 5 has shape 4; its 90 % point is 2.5 x 6.6808 = 16.7.
    assert p90 == 17.0


@pytest.mark.parametrize(("units", "share"), [(40, 1.0), (39, 0.2)])
def test_a_part_listed_with_less_than_its_lead_time_asks_for_is_short(units: int, share: float) -> None:
    world = listed({"part_id": "P1", "available_qty": units})
    # 80 units in 10 days, 5 days of lead time: 40 are needed. P2 is not listed, so not limited.
    assert available_share(world, asked(("P1", 5.0, 0.0, 80), ("P2", 5.0, 0.0, 20)), 10) == share


def test_what_is_listed_for_after_the_lead_time_comes_too_late() -> None:
    rows = asked(("P1", 5.0, 0.0, 10))
    later = [{"part_id": "P1", "available_qty": 50, "available_on": EVE + days * DAY} for days in (5, 6)]
    assert available_share(listed(later[0]), rows, 10) == 1.0
    assert available_share(listed(later[1]), rows, 10) == 0.0
    assert available_share(listed({"part_id": "P1"}), rows, 10) == 0.0


def test_what_is_made_during_the_lead_time_counts() -> None:
    world = listed({"part_id": "P1", "available_qty": 0})
    world.suppliers.made_per_day = pd.Series({"P1": 1.0})
    assert available_share(world, asked(("P1", 5.0, 0.0, 10)), 10) == 1.0
    assert available_share(world, asked(("P1", 5.0, 0.0, 11)), 10) == 0.0


def test_without_orders_nothing_is_known_and_without_a_list_nothing_is_short() -> None:
    assert available_share(listed(), asked(), 10) is None
    assert available_share(listed(), asked(("P1", 5.0, 0.0, 10)), 10) == 1.0
