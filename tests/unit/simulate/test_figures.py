"""The figures of a run agree with each other, and begin with what lay there on the eve."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.unit.simulate import small_company
from tests.unit.simulate.small_company import EVE, order_lines, table
from vmi.config import Config
from vmi.frames import OPEN_ORDERS, OPEN_PLAN_LINES
from vmi.simulate.company import Company
from vmi.simulate.figures import Journal
from vmi.simulate.live import Life, Span, live
from vmi.simulate.outcome import Outcome
from vmi.simulate.policies import make_policy
from vmi.simulate.world import DAY, World

FIRST, LAST = EVE + DAY, EVE + 4 * DAY


def urgent_company() -> Company:
    """Return a company whose centre C1 asks the same day: in time, after the cut-off, and for what is on its way."""
    asked = [
        *(("A1", "2026-09-21T08:00", "C1", "P1", 1), ("A2", "2026-09-21T20:00", "C1", "P2", 1)),
        *(("B1", "2026-09-22T08:00", "C1", "P3", 1), ("B2", "2026-09-22T20:00", "C1", "P4", 1)),
        *(("B3", "2026-09-22T08:30", "C1", "P5", 8), ("C1", "2026-09-23T20:00", "C1", "P6", 1)),
    ]
    lines = order_lines(*asked).assign(service="same_day")
    nothing = {"open_plan_lines": OPEN_PLAN_LINES.empty().astype({"qty": "int64"})}
    nothing["open_orders"] = OPEN_ORDERS.empty().astype({"qty": "int64"})
    coming = {"shipment_id": "A", "line_no": 1, "kind": "supply", "part_id": "P5", "from_id": "S3", "qty": 9}
    inbound = table("inbound", [coming | {"warehouse_id": "W1", "eta_on": EVE + 4 * DAY}], qty="int64")
    return Company(small_company.opening(inbound=inbound, **nothing), lines)


def lived(warm_up: int = 0, policy: str = "forward_stock") -> Outcome:
    company = urgent_company()
    span = Span(FIRST + warm_up * DAY, LAST, warm_up)
    return live(Life(company, Config(), make_policy(policy, company.orders), span, seed=1))


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return lived()


def test_the_nights_and_the_contracts_figure_count_the_same_urgent_lines(outcome: Outcome) -> None:
    rate, nights = outcome.kpis["same_day_rate"], outcome.nights
    late = outcome.lines.set_index("order_id").loc["B3"]
    assert late["status"] == "delivered"
    assert late["delivered_at"] > late["promise_by"]
    assert (rate["numerator"], rate["denominator"]) == (2, 3)
    assert nights["same_day_ordered"].sum() == rate["denominator"]
    assert nights["same_day_on_time"].sum() == rate["numerator"]


def test_urgent_lines_after_the_cut_off_fall_due_the_next_day_and_are_no_same_day_lines(outcome: Outcome) -> None:
    by_night = outcome.nights.set_index("night")
    assert by_night["same_day_ordered"].tolist() == [1, 2, 0, 0]
    assert by_night["lines_due"].tolist() == [1, 3, 1, 1]


def test_what_lay_there_on_the_eve_serves_the_first_days_orders_and_is_counted(outcome: Outcome) -> None:
    assert outcome.kpis["stocking_accuracy"]["denominator"] == len(outcome.lines) == 6
    assert outcome.kpis["first_pass_fill"]["denominator"] == 6


def test_the_opening_stock_is_that_of_the_eve_of_the_days_that_count(outcome: Outcome) -> None:
    assert (outcome.facts["opening_stock_cny"], outcome.facts["warm_up_nights"]) == (12 * 3 * 100.0, 0)
    after = lived(warm_up=2)
    second_close = outcome.nights["stock_cny"].iloc[1]
    assert (after.facts["opening_stock_cny"], after.facts["warm_up_nights"]) == (second_close, 2)
    assert after.kpis["stocking_accuracy"]["denominator"] == 1


def test_what_is_said_of_suppliers_does_not_hang_on_the_policy(outcome: Outcome) -> None:
    other = lived(policy="zero_inventory")
    of_suppliers = [name for name in outcome.facts if name.startswith("supplier_")]
    assert {n: other.facts[n] for n in of_suppliers} == {n: outcome.facts[n] for n in of_suppliers}
    assert outcome.facts["supplier_lead_p90_days"] == 8.0
    assert outcome.facts["supplier_available_share"] == 1.0


def test_a_journal_begins_with_what_is_available_and_keeps_one_day_of_the_warm_up() -> None:
    company = urgent_company()
    stock = company.opening.stock.assign(status=["returning", *["available"] * 11])
    world = World(replace(company, opening=replace(company.opening, stock=stock)), Config(), 1)
    journal = Journal()
    journal.begin(world)
    assert journal.on_hand[0]["qty"].sum() == 33
    assert journal.on_hand[0]["day"].unique().tolist() == [EVE]
    assert journal.opening_cny == 3300.0
    world.today += DAY
    world.stock = world.stock.iloc[:3]
    journal.note(world, pd.DataFrame(), counts=False)
    assert [held["day"].iloc[0] for held in journal.on_hand] == [FIRST]
    assert (journal.opening_cny, journal.warm_up_nights) == (600.0, 1)
