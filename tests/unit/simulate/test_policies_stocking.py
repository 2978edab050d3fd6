import pickle
from copy import copy
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from tests.unit.simulate.policies_company import (
    AS_OF,
    CONFIG,
    NO_ORDERS,
    a_unit_a_day,
    at_night,
    available,
    closed,
    day,
    days_ago,
    decided,
    dispatched,
    lots,
    on_order,
    ordered,
    override,
    part,
    parts,
    shuffled,
    situation,
    sold,
    supply,
    to_come,
    waiting,
    warehouses,
)
from vmi.config import Config
from vmi.frames import Situation
from vmi.simulate.policies import POLICIES, make_policy
from vmi.simulate.policy import ORDERED, Policy, View

LABELS = [name for name in POLICIES if name != "vmi"]
BOTH = pd.concat([a_unit_a_day(), a_unit_a_day(centre_id="C2")])


def orders_each_night(policy: Policy, nights: int, seen: Situation, config: Config = CONFIG) -> list[int]:
    """Return the units ordered on nights in a row on which the world stands still."""
    view, units = dispatched(seen, config), []
    for n in range(nights):
        night = copy(view.dispatch)
        assert night is not None
        night.situation = replace(seen, as_of=seen.as_of + pd.Timedelta(days=n))
        units.append(int(policy.decide(View(night.situation, view.config, night)).ordered["qty"].sum()))
    return units


def test_orders_are_whole_packs_and_at_least_the_minimum_order() -> None:
    packs = parts(part("P1", pack_qty=4, min_order_qty=6), part("P2"))
    # Wanted 14, 3 and 2: whole packs of 4, and at least two of them.
    expected = {0: 16, 11: 8, 12: 8}
    assert {n: ordered("textbook", parts=packs, stock=lots(("W1", "P1", n)))["P1", "W1"] for n in expected} == expected


def test_what_the_supplier_has_goes_first_where_it_lasts_shortest() -> None:
    here = lots(("W1", "P1", 2), ("W2", "P1", 1))
    given = {"usage": BOTH, "stock": here, "parts": parts(part("P1", pack_qty=2))}
    assert ordered("textbook", **given) == {("P1", "W1"): 12, ("P1", "W2"): 14}
    assert ordered("textbook", availability=available("P1", 19), **given) == {("P1", "W1"): 4, ("P1", "W2"): 14}
    assert ordered("textbook", availability=available("P1", 1), **given) == {}


def test_what_is_on_order_and_what_comes_later_is_not_there_to_ship() -> None:
    given = {"usage": BOTH, "open_plan_lines": on_order("P1", "W2", 20)}
    assert ordered("textbook", availability=available("P1", 25), **given) == {("P1", "W1"): 5}
    assert ordered("textbook", availability=available("P1", 25, "2026-11-22"), **given) == {}


def test_the_least_urgent_find_no_room_and_smaller_ones_behind_them_do() -> None:
    # 0.19 m3 are free; P2 has a unit for ten days, P1 none.
    usage = pd.concat([a_unit_a_day(), sold("P2", "C1", days_ago(*range(0, 360, 10)))])
    free = {"warehouses": warehouses(volume_m3=0.2), "usage": usage, "stock": lots(("W1", "P2", 1))}
    assert ordered("textbook:5", **(free | {"warehouses": warehouses()})).keys() == {("P1", "W1"), ("P2", "W1")}
    assert ordered("textbook:5", **free) == {("P1", "W1"): 19}
    large = parts(part("P1", volume_l=90.0), part("P2", volume_l=10.0))
    assert ordered("textbook:5", parts=large, **free) == {("P1", "W1"): 2, ("P2", "W1"): 1}


def test_hazardous_units_take_hazmat_room_too() -> None:
    hazardous = parts(part("P1", hazmat="Y"), part("P2"))
    assert ordered("textbook", parts=hazardous, warehouses=warehouses(hazmat_m3=0.05)) == {("P1", "W1"): 5}
    assert ordered("textbook", parts=hazardous, warehouses=warehouses(hazmat_m3=0.0)) == {}


def test_planners_overrides_hold() -> None:
    assert ordered("textbook", overrides=override("P1", "W1", "do_not_stock")) == {}
    assert ordered("textbook", overrides=override("P1", "W1", "max", 9)) == {("P1", "W1"): 9}
    assert ordered("textbook", overrides=override("P2", "W2", "min", 3)) == {("P1", "W1"): 14, ("P2", "W2"): 3}
    assert ordered("textbook", overrides=override("P1", "W1", "order", 2)) == {("P1", "W1"): 2}


@pytest.mark.parametrize("label", LABELS)
def test_a_part_whose_supplier_does_not_deliver_there_is_skipped(label: str) -> None:
    coming = to_come(("2026-11-22", "C1", "P1", 5), ("2026-11-22", "C2", "P1", 5))
    given = {"usage": BOTH, "open_orders": waiting("P1", "C1", 2), "supply": supply(("S1", "W2"))}
    assert ("P1", "W1") not in ordered(label, coming, **given)
    assert ordered(label, coming, **(given | {"supply": supply()})) == {}


def test_orders_are_for_the_final_part_and_old_stock_counts() -> None:
    chain = parts(part("P1", successor_id="P2"), part("P2", introduced_on=day("2026-11-01")))
    assert ordered("textbook", parts=chain, stock=lots(("W1", "P1", 5))) == {("P2", "W1"): 9}


def test_stock_of_an_old_part_that_does_not_fit_does_not_count() -> None:
    chain = parts(part("P1", successor_id="P2"), part("P2", introduced_on=day("2026-11-01")))
    fitments = pd.DataFrame({"part_id": ["P1", "P2", "P2"], "model": ["M1", "M1", "M2"], "qty_per_vehicle": 1})
    given = {"parts": chain, "stock": lots(("W1", "P1", 5)), "fitments": fitments}
    assert ordered("textbook", **given) == {("P2", "W1"): 14}


def test_tonights_deliveries_leave_the_position() -> None:
    served = {"stock": lots(("W1", "P1", 14)), "open_orders": waiting("P1", "C1", 4)}
    assert ordered("textbook", **served) == {("P1", "W1"): 4}


def test_shipping_and_arrival_keep_to_the_calendar() -> None:
    warehouse = closed("warehouse", "W1", "2026-11-27", "2026-11-27")
    holidays = pd.concat([closed("supplier", "S1", "2026-11-20", "2026-11-22"), warehouse])
    line = decided("textbook", closures=holidays).ordered.iloc[0]
    assert (line["ship_on"], line["due_on"]) == (day("2026-11-23"), day("2026-11-28"))
    line = decided("textbook").ordered.iloc[0]
    assert (line["ship_on"], line["due_on"]) == (day("2026-11-21"), day("2026-11-25"))


def test_a_dear_truck_goes_once_a_cycle() -> None:
    seen = situation(supply=supply(("S1", "W1"), fixed=1e6))
    config = replace(CONFIG, placement=replace(CONFIG.placement, max_review_days=4))
    units = orders_each_night(make_policy("textbook", NO_ORDERS), 9, seen, config)
    nights = [n for n, qty in enumerate(units) if qty]
    assert 2 <= len(nights) <= 3
    assert {b - a for a, b in pairwise(nights)} == {4}


def test_a_dear_truck_goes_at_once_if_a_customer_waits_whom_it_can_help() -> None:
    # s = 18 + 1.64 sqrt(18 · 4.010989) = 31.94, S = 45.94; thirty wait.
    dear = {"supply": supply(("S1", "W1"), fixed=1e6), "open_orders": waiting("P1", "C1", 30)}
    assert min(orders_each_night(make_policy("textbook", NO_ORDERS), 3, situation(**dear))) == 76
    helpless = situation(availability=available("P1", 0), **dear)
    assert orders_each_night(make_policy("textbook", NO_ORDERS), 3, helpless) == [0, 0, 0]


def test_lots_as_old_as_the_window_go_back_on_the_next_day_worked() -> None:
    old = pd.concat([lots(("W1", "P1", 20), received_on="2026-08-22"), lots(("W2", "P2", 3), received_on="2026-08-23")])
    found = decided("textbook", stock=old, closures=closed("carrier", "", "2026-11-21", "2026-11-21"))
    line = found.returns.iloc[0]
    assert len(found.returns) == 1
    assert (line["part_id"], line["warehouse_id"], line["lot_id"], line["qty"]) == ("P1", "W1", "L0", 20)
    assert line["pick_up_on"] == day("2026-11-22")
    assert found.ordered["qty"].tolist() == [14]  # what goes back is no stock


def test_a_lot_serves_tonight_before_it_goes_back_and_no_return_holds_it() -> None:
    old = lots(("W1", "P1", 20), received_on="2026-08-01")
    assert decided("textbook", stock=old, open_orders=waiting("P1", "C1", 4)).returns["qty"].tolist() == [16]
    assert decided("textbook", stock=old, overrides=override("P1", "W1", "no_return")).returns.empty


def test_demand_is_learned_anew_after_the_refit_days() -> None:
    quiet, busy = situation(usage=sold("P1", "C1", days_ago(30))), situation()
    policy = make_policy("forward_stock", NO_ORDERS)
    later = [replace(busy, as_of=AS_OF + pd.Timedelta(days=n)) for n in (6, 7)]
    first, *then = (at_night(policy, seen).ordered["qty"].sum() for seen in [quiet, *later])
    assert [first, *then] == [1, 1, 18]


@pytest.mark.parametrize("label", LABELS)
def test_row_order_does_not_matter_and_lines_are_as_agreed(label: str) -> None:
    usage = pd.concat([BOTH, sold("P2", "C1", days_ago(3, 40)), sold("P2", "C2", days_ago(7))])
    stock = pd.concat([lots(("W1", "P1", 6), ("W2", "P2", 1)), lots(("W2", "P1", 4), received_on="2026-08-01")])
    owed = pd.concat([waiting("P1", "C1", 9), waiting("P2", "C2", 2, "O2")])
    seen = situation(usage=usage, stock=stock, open_orders=owed, availability=available("P1", 12))
    coming = to_come(("2026-11-22", "C1", "P1", 5), ("2026-11-23", "C2", "P2", 5))
    first = at_night(make_policy(label, coming), seen)
    other = at_night(make_policy(label, coming[::-1]), shuffled(seen, 3))
    pd.testing.assert_frame_equal(first.ordered, other.ordered)
    pd.testing.assert_frame_equal(first.returns, other.returns)
    assert list(first.ordered.columns) == list(ORDERED.columns)
    assert len(first.ordered) and first.transfers.empty and first.deliveries is None


def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_not_stopped() -> None:
    seen = situation(supply=supply(("S1", "W1"), fixed=1e6))
    config = replace(CONFIG, placement=replace(CONFIG.placement, max_review_days=3))
    policy = make_policy("textbook", NO_ORDERS)
    orders_each_night(policy, 2, seen, config)
    again = pickle.loads(pickle.dumps(policy))
    later = replace(seen, as_of=AS_OF + pd.Timedelta(days=2))
    units = orders_each_night(again, 4, later, config)
    assert units == orders_each_night(policy, 4, later, config)
    assert any(units) and not all(units)


def test_a_night_that_nobody_dispatched_is_refused() -> None:
    view = View(situation(), CONFIG, None)
    with pytest.raises(ValueError, match=r"textbook.*dispatch must be given"):
        make_policy("textbook", NO_ORDERS).decide(view)
