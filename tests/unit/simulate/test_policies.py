import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.policies_company import (
    NO_ORDERS,
    a_unit_a_day,
    days_ago,
    lots,
    on_order,
    ordered,
    part,
    parts,
    sold,
    supply,
    to_come,
    waiting,
)
from vmi.errors import UsageProblem
from vmi.simulate import policies
from vmi.simulate.policies import POLICIES, PolicyKind, make_policy
from vmi.simulate.policies.stocking import Board, Levels, StockPolicy


@pytest.mark.parametrize(("on_hand", "expected"), [(0, 14), (12, 2), (13, 0)])
def test_textbook_orders_at_s_up_to_capital_s(on_hand: int, expected: int) -> None:
    # L + R = 4 + 1: s = 5 + 1.64 sqrt(5 · 4.010989) = 12.34, S = 12.34 + 1 = 13.34.
    assert ordered("textbook", stock=lots(("W1", "P1", on_hand))).get(("P1", "W1"), 0) == expected


def test_textbook_guards_against_late_trucks_by_the_spread_of_the_lead_time() -> None:
    # s = 5 + 1.64 sqrt(5 · 4.010989 + 1 · 4) = 13.04, S = 14.04.
    assert ordered("textbook", supply=supply(("S1", "W1"), sd=2.0)) == {("P1", "W1"): 15}


def test_a_lead_time_of_part_of_a_day_counts_whole() -> None:
    assert ordered("textbook", supply=supply(("S1", "W1"), lead=3.2)) == {("P1", "W1"): 14}


def test_the_safety_factor_may_be_negative_and_an_order_that_waits_is_still_ordered_for() -> None:
    assert ordered("textbook:0") == {("P1", "W1"): 6}  # s = 5, S = 6
    assert ordered("textbook:-9") == {}  # s = -35
    assert ordered("textbook:-9", open_orders=waiting("P1", "C1", 2)) == {("P1", "W1"): 2}


def test_a_part_without_demand_is_only_ordered_for_who_waits() -> None:
    assert ("P2", "W1") not in ordered("textbook")
    assert ordered("textbook", open_orders=waiting("P2", "C1", 3))[("P2", "W1")] == 3


def test_days_before_a_part_was_introduced_are_no_days_without_demand() -> None:
    half = parts(part("P1"), part("P2", introduced_on=days_ago(49)[0]))
    usage = pd.concat([a_unit_a_day(), sold("P2", "C1", days_ago(*range(0, 50, 5)), qty=5)])
    # 50 units in 50 days: what P1 sells in a year, so the same levels but for the variance's (n - 1).
    assert ordered("textbook:0", parts=half, usage=usage)[("P2", "W1")] == 6


def test_forward_stock_holds_days_above_the_lead_time_and_one_of_what_sold_in_a_year() -> None:
    usage = pd.concat([a_unit_a_day(), sold("P2", "C1", days_ago(300)), sold("P2", "C2", days_ago(400, 500))])
    assert ordered("forward_stock", usage=usage) == {("P1", "W1"): 18, ("P2", "W1"): 1}
    assert ordered("forward_stock:3", usage=usage)[("P1", "W1")] == 7


def test_heavy_stock_holds_38_days_and_one_of_all_that_ever_sold_in_the_region() -> None:
    usage = pd.concat([a_unit_a_day(), sold("P2", "C2", days_ago(400, 500))])
    assert ordered("heavy_stock", usage=usage) == {("P1", "W1"): 42, ("P2", "W2"): 1}


def test_zero_inventory_orders_exactly_what_waits_for_slow_parts() -> None:
    assert ordered("zero_inventory", usage=sold("P1", "C1", days_ago(10, 60, 90))) == {}
    owed = ordered("zero_inventory", usage=sold("P1", "C1", days_ago(10, 60, 90)), open_orders=waiting("P1", "C1", 3))
    assert owed == {("P1", "W1"): 3}


def test_zero_inventory_does_not_order_twice_what_is_on_order() -> None:
    slow = {"usage": sold("P1", "C1", days_ago(10)), "open_orders": waiting("P1", "C1", 3)}
    assert ordered("zero_inventory", open_plan_lines=on_order("P1", "W1", 3), **slow) == {}


def test_zero_inventory_keeps_stock_of_parts_with_a_line_a_week() -> None:
    # 18 lines in the last 91 days; S = 5 + 1.28 sqrt(5 · 4.010989) = 10.73.
    assert ordered("zero_inventory", stock=lots(("W1", "P1", 4))) == {("P1", "W1"): 7}


def test_the_clairvoyant_stocks_what_comes_until_the_order_after_the_next_review() -> None:
    # Ordered on the 20th, shipped on the 21st; the next review's order arrives on the 26th, and nothing is late.
    coming = to_come(
        ("2026-11-20", "C1", "P2", 100), ("2026-11-21", "C1", "P2", 1), ("2026-11-26", "C1", "P2", 2),
        ("2026-11-27", "C1", "P2", 40), ("2026-11-22", "C2", "P1", 4),
    )  # fmt: skip
    assert ordered("clairvoyant", coming) == {("P2", "W1"): 3, ("P1", "W2"): 4}


def test_the_clairvoyant_allows_for_late_trucks_and_counts_what_lies_there() -> None:
    coming = to_come(("2026-11-22", "C1", "P2", 5), ("2026-11-28", "C1", "P2", 1), ("2026-11-29", "C1", "P2", 7))
    lane = supply(("S1", "W1"), sd=1.0)
    assert ordered("clairvoyant", coming, supply=lane, stock=lots(("W1", "P2", 2))) == {("P2", "W1"): 4}


@pytest.mark.parametrize("label", [name for name in POLICIES if name != "vmi"])
def test_every_policy_is_named_by_its_label_and_leaves_dispatching_to_the_room(label: str) -> None:
    made = make_policy(label, NO_ORDERS)
    assert (made.name, made.dispatches) == (label, False)


@pytest.mark.parametrize(
    "label", ["textbok", "", "textbook:", "textbook:a", "textbook:nan", "heavy_stock:-1", "clairvoyant:2"]
)
def test_a_label_that_cannot_be_meant_is_refused_with_what_is_known(label: str) -> None:
    with pytest.raises(UsageProblem, match=f"(?s)policy '{label}'.*known are vmi, zero_inventory.*clairvoyant"):
        make_policy(label, NO_ORDERS)


class OneOfEach(StockPolicy):
    """The example of the room's docstring."""

    def levels(self, board: Board) -> Levels:
        return Levels.base_stock(np.where(board.usual.sold_year, 1, 0))


def test_a_user_adds_a_policy_by_saying_its_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(policies.POLICIES, "one_of_each", PolicyKind("One of each.", f"{__name__}:OneOfEach"))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[OneOfEach.__module__])
    assert ordered("one_of_each") == {("P1", "W1"): 1}


def test_the_list_of_policies_imports_nothing_heavy() -> None:
    code = "import sys, vmi.simulate.policies; sys.exit(bool({'pandas', 'numpy', 'ortools'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
