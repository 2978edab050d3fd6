from dataclasses import replace

import pandas as pd
import pytest

from tests.unit.schedule.company import PARAMETERS, closures, lanes, orders, parts, problem, stock, with_picks
from vmi.schedule.assignment import assign
from vmi.schedule.evaluation import evaluate
from vmi.schedule.problem import first_wave

MONDAY = "2026-11-09T08:00"
OLD = "2026-09-01"


def line(
    order_id: str, centre: str, part: str = "P1", qty: int = 1, at: str = MONDAY, service: str = "standard"
) -> tuple:
    return (order_id, at, centre, part, qty, service)


def served(made, parameters=PARAMETERS) -> pd.DataFrame:
    found = assign(made, parameters)
    priced = evaluate(made, found, parameters)
    assert priced.violations == ()
    assert priced.cost == pytest.approx(found.optimisation.objective, rel=1e-6, abs=1e-4)
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6
    return found.picks.join(found.lines[["order_id"]], on="line")


def test_a_line_is_served_from_the_cheaper_warehouse_that_keeps_the_promise():
    found = served(problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1), ("GZ", "P1", "L2", OLD, 1))))
    assert found[["warehouse_id", "qty"]].to_numpy().tolist() == [["HZ", 1]]


def test_lines_of_a_centre_travel_together_rather_than_each_from_its_nearest_warehouse():
    fleet = lanes(("GZ", "Shanghai", "standard", 14.0, "18:00", 14.0, 1.0))
    lots = stock(("HZ", "P1", "L1", OLD, 1), ("GZ", "P1", "L2", OLD, 1), ("HZ", "P2", "L3", OLD, 1))
    found = served(problem(orders(line("O1", "S1"), line("O2", "S1", "P2")), lots, lanes=fleet))
    assert set(found["warehouse_id"]) == {"HZ"}


def test_the_oldest_lots_go_first_and_a_line_may_take_several():
    lots = stock(("HZ", "P1", "L1", "2026-10-01", 2), ("HZ", "P1", "L2", "2026-08-01", 2), ("HZ", "P1", "L3", OLD, 2))
    found = served(problem(orders(line("O1", "H1", qty=3)), lots))
    assert found[["lot_id", "qty"]].to_numpy().tolist() == [["L2", 2], ["L3", 1]]


def test_only_available_stock_is_given_out():
    lots = stock(("HZ", "P1", "L1", OLD, 5)).assign(status="quarantine")
    assert served(problem(orders(line("O1", "H1")), lots)).empty


def test_the_last_unit_goes_to_the_vehicle_off_the_road():
    kinds = parts(("P1", "C", 1.0, "P9"), ("P9", "A", 1.0, ""))
    made = problem(
        orders(line("O1", "H1", "P1"), line("O2", "H1", "P9")), stock(("HZ", "P9", "L1", OLD, 1)), parts=kinds
    )
    assert served(made)["order_id"].tolist() == ["O2"]


@pytest.mark.parametrize("older", ["2026-11-08T08:00", "2026-11-05T08:00", "2026-03-01T08:00"])
def test_of_two_equal_lines_the_older_gets_the_last_unit_even_if_it_is_late_already(older):
    made = problem(orders(line("O1", "H1"), line("O2", "H2", at=older)), stock(("HZ", "P1", "L1", OLD, 1)))
    assert served(made)["order_id"].tolist() == ["O2"]


def test_a_line_that_waited_longer_than_is_counted_is_still_served():
    made = problem(orders(line("O1", "H1", at="2024-01-01T08:00")), stock(("HZ", "P1", "L1", OLD, 1)))
    assert len(served(made)) == 1


def test_old_stock_of_a_chain_is_used_up_first_where_it_fits():
    kinds = parts(("P0", "B", 1.0, "P1"), ("P1", "B", 1.0, ""))
    lots = stock(("HZ", "P0", "L0", "2026-10-01", 1), ("HZ", "P1", "L1", OLD, 5))
    found = served(problem(orders(line("O1", "H1", qty=2)), lots, parts=kinds))
    assert found[["part_id", "qty"]].to_numpy().tolist() == [["P0", 1], ["P1", 1]]


def test_old_stock_that_does_not_fit_stays():
    kinds = parts(("P0", "B", 1.0, "P1"), ("P1", "B", 1.0, ""))
    fit = pd.DataFrame({"part_id": ["P0", "P1", "P1"], "model": ["M1", "M1", "M2"]})
    made = problem(orders(line("O1", "H1")), stock(("HZ", "P0", "L0", OLD, 1)), parts=kinds, fitments=fit)
    assert served(made).empty


def test_a_newer_part_serves_an_order_for_the_old_one():
    kinds = parts(("P0", "B", 1.0, "P1"), ("P1", "B", 1.0, ""))
    found = served(problem(orders(line("O1", "H1", "P0")), stock(("HZ", "P1", "L1", OLD, 1)), parts=kinds))
    assert found["part_id"].tolist() == ["P1"]


def test_a_line_no_warehouse_has_enough_for_is_split_and_the_rest_waits():
    lots = stock(("HZ", "P1", "L1", OLD, 2), ("GZ", "P1", "L2", OLD, 1))
    found = assign(problem(orders(line("O1", "H1", qty=5)), lots), PARAMETERS)
    assert found.picks.groupby("warehouse_id")["qty"].sum().to_dict() == {"GZ": 1, "HZ": 2}
    assert found.lines["left"].tolist() == [2]


def test_a_line_one_warehouse_can_serve_is_not_split():
    lots = stock(("HZ", "P1", "L1", OLD, 2), ("GZ", "P1", "L2", OLD, 3))
    assert served(problem(orders(line("O1", "H1", qty=3)), lots))["warehouse_id"].tolist() == ["GZ"]


def test_a_line_that_lost_its_units_gets_what_is_left_of_them():
    lots = stock(("HZ", "P1", "L1", OLD, 3))
    found = served(problem(orders(line("O1", "H1", qty=2), line("O2", "H2", qty=2, at="2026-11-08T08:00")), lots))
    assert found.set_index("order_id")["qty"].to_dict() == {"O2": 2, "O1": 1}


def test_a_same_day_line_takes_the_same_day_lane_only_where_standard_misses_the_day():
    lots = stock(("HZ", "P1", "L1", OLD, 1))
    today = problem(orders(line("O1", "H1", service="same_day", at="2026-11-09T07:00")), lots)
    assert served(today)["service"].tolist() == ["standard"]
    noon = replace(today, from_moment=pd.Timestamp("2026-11-09T12:00", tz="Asia/Shanghai"), lanes=_slower(today.lanes))
    assert served(noon)["service"].tolist() == ["same_day"]


def _slower(table: pd.DataFrame) -> pd.DataFrame:
    hours = table["transit_hours"].where(table["service"] == "same_day", table["transit_hours"] + 4)
    return table.assign(transit_hours=hours)


@pytest.mark.parametrize(("part", "service"), [("A1", "same_day"), ("C1", "standard")])
def test_a_standard_line_is_upgraded_only_where_being_late_costs_more_than_the_premium(part, service):
    made = problem(orders(line("O1", "H1", part, at="2026-11-07T15:00")), stock(("HZ", part, "L1", OLD, 1)))
    assert served(replace(made, lanes=_slower(made.lanes)))["service"].tolist() == [service]


def test_a_standard_line_that_standard_serves_in_time_is_never_upgraded():
    cheap = lanes().assign(cost_per_shipment=lambda t: t["cost_per_shipment"].where(t["service"] == "standard", 0.0))
    made = problem(orders(line("O1", "H1", "A1")), stock(("HZ", "A1", "L1", OLD, 1)), lanes=cheap)
    assert served(made)["service"].tolist() == ["standard"]


def test_what_the_stock_is_worth_where_it_lies_steers_the_choice():
    made = problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1), ("GZ", "P1", "L2", OLD, 1)))
    made = replace(made, promise_hours=120.0)
    worth = pd.Series([100.0], index=pd.MultiIndex.from_tuples([("P1", "HZ")]))
    assert served(made)["warehouse_id"].tolist() == ["HZ"]
    assert served(replace(made, stock_value=worth))["warehouse_id"].tolist() == ["GZ"]


def test_no_stock_value_keeps_a_line_from_being_served():
    worth = pd.Series([1e6], index=pd.MultiIndex.from_tuples([("P1", "HZ")]))
    assert len(served(problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1)), stock_value=worth))) == 1


def busy(limit: int, at: str = MONDAY):
    lines = [line(f"O{i}", "H1" if i % 2 else "H2", "A1" if i == 3 else "P1", at=at) for i in range(5)]
    return with_picks(problem(orders(*lines), stock(("HZ", "P1", "L1", OLD, 9), ("HZ", "A1", "L2", OLD, 9))), HZ=limit)


@pytest.mark.parametrize("exact_picks", [1, 300])
def test_lines_beyond_a_days_picks_leave_on_the_next_days_wave(exact_picks):
    found = served(busy(2), replace(PARAMETERS, exact_picks=exact_picks))
    days = found.groupby(found["ship_at"].dt.normalize())["order_id"].nunique()
    assert days.tolist() == [2, 2, 1]
    assert found["pushed"].sum() == 3


@pytest.mark.parametrize("exact_picks", [1, 300])
def test_the_urgent_line_keeps_its_place_on_a_full_day(exact_picks):
    due_tomorrow = busy(1, at="2026-11-08T08:00")
    found = served(due_tomorrow, replace(PARAMETERS, exact_picks=exact_picks))
    assert found.sort_values("ship_at")["order_id"].iloc[0] == "O3"


def test_a_warehouse_that_picks_nothing_ships_nothing():
    assert served(busy(0)).empty


def test_a_large_group_is_priced_by_its_relaxation_and_stays_sound():
    lines = [line(f"O{i}", f"H{1 + i % 2}", "P1", 1 + i % 3) for i in range(8)]
    lots = stock(("HZ", "P1", "L1", OLD, 7), ("GZ", "P1", "L2", OLD, 4))
    assert len(served(problem(orders(*lines), lots), replace(PARAMETERS, exact_lines=1)))


def test_a_city_without_lane_is_not_served():
    found = assign(problem(orders(line("O1", "L1")), stock(("HZ", "P1", "L1", OLD, 1))), PARAMETERS)
    assert found.picks.empty
    assert found.lines["left"].tolist() == [1]


def test_nothing_to_serve_is_proven_at_once():
    found = assign(problem(orders(), stock(("HZ", "P1", "L1", OLD, 1))), PARAMETERS)
    assert (len(found.lines), len(found.picks)) == (0, 0)
    assert (found.optimisation.objective, found.optimisation.gap) == (0.0, 0.0)


def test_no_stock_at_all_serves_nothing():
    assert assign(problem(orders(line("O1", "H1")), stock()), PARAMETERS).picks.empty


def test_nothing_ships_before_the_first_wave_of_the_next_day_or_while_closed():
    start = first_wave(pd.Timestamp("2026-11-08"), "Asia/Shanghai", PARAMETERS)
    assert start == pd.Timestamp("2026-11-09T09:00", tz="Asia/Shanghai")
    days = closures(("warehouse", "HZ", "2026-11-09", "2026-11-09"))
    found = served(
        problem(orders(line("O1", "S1")), stock(("HZ", "P1", "L1", OLD, 1)), workdays=days, from_moment=start)
    )
    assert found["ship_at"].tolist() == [pd.Timestamp("2026-11-10T09:00")]


def test_a_start_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        problem(orders(), stock(), from_moment=pd.Timestamp("2026-11-09"))


def test_the_independent_pricing_finds_a_lot_given_out_twice_and_a_lane_that_is_not_there():
    made = problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1)))
    found = assign(made, PARAMETERS)
    greedy = replace(found, picks=pd.concat([found.picks, found.picks], ignore_index=True))
    assert any("more given out" in text for text in evaluate(made, greedy, PARAMETERS).violations)
    early = replace(found, picks=found.picks.assign(eta=found.picks["ship_at"]))
    assert "a delivery is faster than its lane quotes" in evaluate(made, early, PARAMETERS).violations
