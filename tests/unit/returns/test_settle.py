import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vmi.frames import LOT_RETURNS, TRANSFERS
from vmi.returns.evaluate import evaluate
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import LotDecisions, ReturnsProblem
from vmi.returns.settle import choose_transfers, settle_lots
from vmi.supersession import resolve
from vmi.workdays import WorkDays

sys.path.insert(0, str(Path(__file__).parent))
from lots_cases import AS_OF, Told, closure, decide, lane, lanes, lot, overrides, part, problem, units

PARAMETERS = ReturnParameters()
SELLS_ELSEWHERE = {("P1", "FW02"): 0.4}


def settled(
    given: ReturnsProblem, parameters: ReturnParameters = PARAMETERS, worth: Told | None = None
) -> LotDecisions:
    """Return the decisions after the independent check has found nothing wrong with them."""
    decided = decide(given, parameters, worth)
    assert evaluate(given, decided, parameters, (worth or Told()).room).violations == []
    return decided


def test_a_lot_as_old_as_the_window_goes_back_and_a_day_younger_it_stays():
    back = settled(problem([lot("FW01", "P1", "OLD", 90, 3), lot("FW01", "P1", "YOUNG", 89, 2)])).returns
    assert back[["lot_id", "age_days", "qty", "trigger"]].values.tolist() == [["OLD", 90, 3, "age"]]
    assert back["pick_up_on"].tolist() == [AS_OF + pd.Timedelta(days=1)]


def test_an_old_lot_is_tested_for_relocation_and_says_what_the_move_would_lose():
    back = settled(problem([lot("FW01", "P1", "L1", 120, 1)], SELLS_ELSEWHERE)).returns.iloc[0]
    # 20 CNY a shipment and 2 kg at 1 CNY; nothing can be sold in time any more.
    assert (back["relocation_tested"], back["best_relocation_warehouse"]) == ("Y", "FW02")
    assert back["best_relocation_gain"] == -22.0
    assert back["reason"] == "120 days old, window 90; moving it to FW02 would lose ¥22"


def test_without_a_lane_or_after_a_move_relocation_is_not_tested():
    lonely = settled(problem([lot("FW02", "P1", "L1", 95, 1)])).returns.iloc[0]
    assert (lonely["relocation_tested"], lonely["best_relocation_warehouse"]) == ("N", "")
    assert np.isnan(lonely["best_relocation_gain"]) and "no lane" in lonely["reason"]
    moved = pd.DataFrame({"part_id": ["P1"], "lot_id": ["L1"]})
    again = settled(problem([lot("FW01", "P1", "L1", 95, 1)], moved_lots=moved)).returns.iloc[0]
    assert again["relocation_tested"] == "N" and "moved once before" in again["reason"]


def test_no_return_holds_a_lot_until_its_last_day():
    old = [lot("FW01", "P1", "L1", 200, 1)]
    held = problem(old, overrides=overrides(("P1", "FW01", "no_return", "2026-11-21")))
    assert settled(held).returns.empty
    over = problem(old, overrides=overrides(("P1", "FW01", "no_return", "2026-11-20")))
    assert len(settled(over).returns) == 1
    elsewhere = problem(old, overrides=overrides(("P1", "FW02", "no_return", "2026-12-31")))
    assert len(settled(elsewhere).returns) == 1


def test_a_lot_near_its_window_moves_to_where_it_sells():
    moved = settled(problem([lot("FW01", "P1", "L1", 75, 2)], SELLS_ELSEWHERE)).transfers.iloc[0]
    assert (moved["from_warehouse"], moved["to_warehouse"], moved["qty"]) == ("FW01", "FW02", 2)
    assert moved["received_on"] == AS_OF - pd.Timedelta(days=75)
    assert (moved["ship_on"], moved["eta_on"]) == (pd.Timestamp("2026-11-21"), pd.Timestamp("2026-11-23"))
    assert moved["cost"] == 20.0 + 2 * 2.0
    # Poisson demand of 0.4 a day over the 12 days after arrival, mean 4.8: P(D >= 1) = 0.991770, P(D >= 2) = 0.952267.
    # A sale saves 5 % of 1,000, 1.2 CNY x 2 kg, 6 CNY, and 18 % a year on 1,000 CNY for 6 days.
    saved = 50 + 2.4 + 6 + 0.18 / 365 * 1000 * 6
    assert moved["benefit"] == pytest.approx((0.991770 + 0.952267) * saved, abs=1e-3)
    assert moved["reason"] == "chance to sell here before 2026-12-05 is 0 %, in FW02 97 %"


def test_a_lot_that_sells_where_it_lies_stays():
    decided = settled(problem([lot("FW01", "P1", "L1", 75, 2)], {("P1", "FW01"): 0.5, ("P1", "FW02"): 0.4}))
    assert decided.transfers.empty and decided.returns.empty


def test_older_units_sell_first_so_those_behind_them_are_the_ones_to_move():
    given = problem(
        [lot("FW01", "P1", "A", 66, 2), lot("FW01", "P1", "B", 65, 2)], {("P1", "FW01"): 0.12, ("P1", "FW02"): 0.2}
    )
    assert settled(given).transfers["lot_id"].tolist() == ["B"]


def test_a_lot_far_from_its_window_is_left_alone():
    assert settled(problem([lot("FW01", "P1", "L1", 59, 2)], SELLS_ELSEWHERE)).transfers.empty
    assert len(settled(problem([lot("FW01", "P1", "L1", 60, 2)], SELLS_ELSEWHERE)).transfers) == 1


def test_a_lot_with_too_few_days_left_on_arrival_does_not_move():
    assert len(settled(problem([lot("FW01", "P1", "L1", 80, 2)], {("P1", "FW02"): 2.0})).transfers) == 1
    assert settled(problem([lot("FW01", "P1", "L1", 81, 2)], {("P1", "FW02"): 2.0})).transfers.empty


def test_stock_there_goes_first_and_waiting_orders_raise_the_chance():
    mine = lot("FW01", "P1", "L1", 75, 2)
    crowded = [mine, lot("FW02", "P1", "THERE", 10, 20)]
    assert settled(problem(crowded, SELLS_ELSEWHERE)).transfers.empty
    moved = settled(problem([mine], waiting=units([("P1", "FW03", 1)]))).transfers
    assert moved[["to_warehouse", "qty"]].values.tolist() == [["FW03", 1]]
    assert moved["reason"].iloc[0].endswith("in FW03 100 %")


def test_stock_there_that_goes_back_tonight_is_in_nobodys_way():
    lots = [lot("FW01", "P1", "L1", 75, 2), lot("FW02", "P1", "THERE", 90, 20)]
    assert settled(problem(lots, SELLS_ELSEWHERE)).transfers["qty"].tolist() == [2]


def test_a_part_moves_between_two_warehouses_a_night():
    given = problem([lot("FW01", "P1", "L1", 75, 4)], {("P1", "FW02"): 0.15, ("P1", "FW03"): 0.14})
    moved = settled(given).transfers
    assert moved[["to_warehouse", "qty"]].values.tolist() == [["FW02", 4]]


def test_a_move_that_saves_the_plan_shortage_is_worth_its_freight_and_says_so():
    given = problem([lot("FW01", "P1", "L1", 75, 2)])
    assert settled(given).transfers.empty
    moved = settled(given, worth=Told({("P1", "FW01", "FW03"): 40.0})).transfers
    assert moved[["to_warehouse", "qty", "cost", "benefit"]].values.tolist() == [["FW03", 2, 24.0, 80.0]]
    assert moved["reason"].iloc[0].endswith("it saves ¥80 of shortage, orders and room")


def test_what_moves_pays_for_room_that_is_dear():
    given = problem([lot("FW01", "P1", "L1", 75, 2)], SELLS_ELSEWHERE)
    # 10 l a unit; the first unit of the two would earn 59 CNY, less 2 CNY of freight.
    assert len(settled(given).transfers) == 1
    assert settled(given, worth=Told(price={"FW02": 7_000.0})).transfers.empty
    both = {"FW01": 7_000.0, "FW02": 7_000.0}
    assert len(settled(given, worth=Told(price=both)).transfers) == 1
    assert settled(given, worth=Told(price=both, crammed=("FW01",))).transfers.empty


def test_a_unit_does_not_stand_behind_others_that_do_not_come_to_cost_less():
    given = problem(
        [lot("FW01", "P1", "A", 75, 1), lot("FW03", "P1", "B", 75, 4)],
        {("P1", "FW02"): 0.9},
        lanes=lanes(lane("FW01", "FW02"), lane("FW03", "FW02")),
    )
    dear = Told({("P1", "FW01", "FW02"): -500.0, ("P1", "FW03", "FW02"): -500.0})
    found = choose_transfers(settle_lots(given, PARAMETERS), dear, dear.frees, PARAMETERS)
    assert found.lines.empty and found.bound > 0.0


def test_a_unit_that_soon_goes_back_unsold_is_no_cover():
    given, saves = problem([lot("FW01", "P1", "L1", 75, 2)], {("P1", "FW03"): 0.04}), {("P1", "FW01", "FW03"): 40.0}
    # 12 days after its arrival it goes back; it sells with a chance of 38 % before.
    assert len(settled(given, worth=Told(saves, protect=12.0)).transfers) == 1
    assert settled(given, worth=Told(saves, protect=13.0)).transfers.empty
    likely = replace(given, window=lambda start, stop: (np.array([0.06 * (stop - start)]),) * 2)
    assert settled(likely, worth=Told(saves, protect=13.0)).transfers["qty"].tolist() == [1]


def test_a_warehouse_whose_stock_a_planner_has_set_gives_and_takes_none():
    lots = [lot("FW01", "P1", "L1", 75, 2)]
    for warehouse in ("FW01", "FW02"):
        told = overrides(("P1", warehouse, "min", ""))
        assert settled(problem(lots, SELLS_ELSEWHERE, overrides=told)).transfers.empty


def test_parts_that_travel_together_share_the_shipment():
    demand = {("P1", "FW02"): 0.4, ("P2", "FW02"): 0.4}
    costly = lanes(lane("FW01", "FW02", 70.0))
    one = problem([lot("FW01", "P1", "L1", 75, 1)], demand, [part("P1"), part("P2")], lanes=costly)
    assert settled(one).transfers.empty
    lots = [lot("FW01", "P1", "L1", 75, 1), lot("FW01", "P2", "L2", 75, 1)]
    two = settled(problem(lots, demand, [part("P1"), part("P2")], lanes=costly)).transfers
    assert two["part_id"].tolist() == ["P1", "P2"]
    assert two["cost"].tolist() == [37.0, 37.0]


def test_a_gain_below_the_least_gain_moves_nothing():
    given = problem([lot("FW01", "P1", "L1", 75, 1)], SELLS_ELSEWHERE)
    assert len(settled(given, ReturnParameters(min_transfer_gain=38.0)).transfers) == 1
    assert settled(given, ReturnParameters(min_transfer_gain=40.0)).transfers.empty


def test_the_free_volume_of_the_target_limits_what_moves_there():
    room = pd.DataFrame({"free_m3": [0.0, 0.025, -5.0], "free_hazmat_m3": 0.0}, index=["FW01", "FW02", "FW03"])
    given = problem([lot("FW01", "P1", "L1", 75, 4)], {("P1", "FW02"): 2.0, ("P1", "FW03"): 2.0})
    assert settled(given, worth=Told(room=room)).transfers[["to_warehouse", "qty"]].values.tolist() == [["FW02", 2]]


def test_a_hazardous_part_needs_room_for_hazardous_goods():
    demand, lots = {("P1", "FW02"): 2.0}, [lot("FW01", "P1", "L1", 75, 4)]
    room = pd.DataFrame({"free_m3": 10.0, "free_hazmat_m3": [0.0, 0.03, 0.0]}, index=["FW01", "FW02", "FW03"])
    assert settled(problem(lots, demand, [part("P1", hazmat="Y")])).transfers.empty
    assert settled(problem(lots, demand, [part("P1", hazmat="Y")]), worth=Told(room=room)).transfers[
        "qty"
    ].tolist() == [3]


def test_a_warehouse_told_not_to_stock_the_part_receives_none():
    told = overrides(("P1", "FW02", "do_not_stock", ""))
    assert settled(problem([lot("FW01", "P1", "L1", 75, 2)], SELLS_ELSEWHERE, overrides=told)).transfers.empty


def test_lots_leave_when_warehouse_and_carrier_both_work_and_arrive_when_the_target_does():
    shut = [
        closure("warehouse", "FW01", "2026-11-21", "2026-11-21"),
        closure("carrier", "", "2026-11-22", "2026-11-22"),
        closure("warehouse", "FW01", "2026-11-23", "2026-11-23"),
        closure("warehouse", "FW02", "2026-11-26", "2026-11-27"),
    ]
    calendar = WorkDays(pd.DataFrame(shut, columns=["scope", "id", "from", "to"]))
    lots = [lot("FW01", "P1", "L1", 70, 2), lot("FW01", "P1", "L0", 90, 1)]
    decided = settled(problem(lots, SELLS_ELSEWHERE, workdays=calendar))
    assert decided.returns["pick_up_on"].tolist() == [pd.Timestamp("2026-11-24")]
    assert decided.transfers["ship_on"].tolist() == [pd.Timestamp("2026-11-24")]
    assert decided.transfers["eta_on"].tolist() == [pd.Timestamp("2026-11-28")]


OLD_AND_NEW = [part("OLD", successor_id="NEW"), part("NEW")]
UNFIT = pd.DataFrame({"part_id": ["OLD", "NEW"], "model": ["M1", "M2"]})


def superseded(**changes: object) -> ReturnsProblem:
    given = {"supersession": resolve(pd.DataFrame(OLD_AND_NEW), UNFIT)} | changes
    return problem([lot("FW01", "OLD", "L1", 5, 2)], {("NEW", "FW02"): 1.0}, OLD_AND_NEW, **given)


def test_a_superseded_part_that_nobody_can_use_goes_back():
    back = settled(superseded()).returns.iloc[0]
    assert (back["trigger"], back["age_days"], back["relocation_tested"]) == ("superseded", 5, "Y")
    assert back["reason"].startswith("superseded by NEW, which it cannot stand in for; no order for it in 180 days")


def test_a_superseded_part_stays_while_it_is_ordered_used_held_or_fits():
    used = pd.DataFrame({"part_id": ["OLD"], "day": [AS_OF - pd.Timedelta(days=179)], "qty": [1]})
    long_ago = used.assign(day=AS_OF - pd.Timedelta(days=180))
    assert settled(superseded(open_parts=pd.Index(["OLD"]))).returns.empty
    assert settled(superseded(recent_usage=used)).returns.empty
    assert len(settled(superseded(recent_usage=long_ago)).returns) == 1
    assert settled(superseded(overrides=overrides(("OLD", "FW01", "no_return", "")))).returns.empty
    assert settled(superseded(supersession=resolve(pd.DataFrame(OLD_AND_NEW)))).returns.empty


def test_an_older_part_that_fits_moves_to_where_its_successor_sells():
    lots = [lot("FW01", "OLD", "L1", 75, 2)]
    moved = settled(problem(lots, {("NEW", "FW02"): 0.4}, OLD_AND_NEW)).transfers
    assert moved[["part_id", "to_warehouse", "qty"]].values.tolist() == [["OLD", "FW02", 2]]


def test_nothing_in_gives_empty_frames_of_the_right_columns_and_types():
    decided = settled(problem([]))
    assert list(decided.returns.columns) == list(LOT_RETURNS.columns) and decided.returns.empty
    assert list(decided.transfers.columns) == list(TRANSFERS.columns) and decided.transfers.empty
    assert decided.returns["qty"].dtype == "int64" and decided.transfers["eta_on"].dtype == "datetime64[ns]"
    assert decided.cost == 0.0


def test_unknown_weight_and_volume_are_taken_as_the_median_part():
    parts = [part("P1", weight_kg=np.nan, volume_l=np.nan), part("P2", weight_kg=4.0), part("P3", weight_kg=6.0)]
    moved = settled(problem([lot("FW01", "P1", "L1", 75, 1)], SELLS_ELSEWHERE, parts)).transfers
    assert moved["cost"].tolist() == [25.0]


def test_a_lot_whose_receipt_is_unknown_is_never_due():
    unknown = ("FW01", "P1", "L1", pd.NaT, 3)
    decided = settled(problem([unknown], SELLS_ELSEWHERE))
    assert decided.returns.empty and decided.transfers.empty


def test_a_program_too_large_for_integers_is_priced_first_and_its_bound_still_holds():
    demand = {("P1", "FW02"): 0.4, ("P1", "FW03"): 0.1}
    given = problem([lot("FW01", "P1", "L1", 75, 3), lot("FW01", "P1", "L2", 70, 3)], demand)
    by_prices = ReturnParameters(exact_columns=1)
    whole, priced = (choose_transfers(settle_lots(given, p), Told(), Told().frees, p) for p in (PARAMETERS, by_prices))
    assert priced.bound <= whole.cost <= priced.cost < 0
