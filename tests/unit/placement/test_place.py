import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vmi.frames import REPLENISHMENT, TARGETS
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement, place
from vmi.placement.problem import PlacementProblem

sys.path.insert(0, str(Path(__file__).parent))
import cases

PARAMETERS = PlacementParameters()
HASTY = replace(PARAMETERS, nodes_limit=50, columns_limit=500)


def firm(found: Placement) -> pd.DataFrame:
    return found.replenishment[found.replenishment["commitment"] == "firm"]


def ordered(found: Placement) -> dict[tuple[str, str], int]:
    return firm(found).set_index(["part_id", "warehouse_id"])["qty"].to_dict()


def hubs(found: Placement, part: str) -> set[str]:
    return set(found.cover.loc[found.cover["part_id"] == part, "warehouse_id"])


def row(found: Placement, part: str, warehouse: str) -> pd.Series:
    table = found.derivations
    return table[(table["part_id"] == part) & (table["warehouse_id"] == warehouse)].iloc[0]


def test_a_slow_part_lies_in_one_place_and_a_fast_one_everywhere() -> None:
    found = place(cases.problem([[0.01] * 4, [5.0] * 4], [{"unit_cost": 900.0, "criticality": "A"}, {}]), PARAMETERS)
    assert len(hubs(found, "P0")) == 1
    assert hubs(found, "P1") == {"W0", "W1", "W2", "W3"}
    assert set(found.targets.loc[found.targets["part_id"] == "P0", "stocked"]) == {"Y", "N"}


def test_the_frames_are_those_of_the_contract_and_the_figures_add_up() -> None:
    problem = cases.problem([[0.1, 0.3], [2.0, 0.01]], [{"pack_qty": 4}, {"min_order_qty": 5}])
    found = place(problem, PARAMETERS)
    REPLENISHMENT.check(found.replenishment)
    TARGETS.check(found.targets)
    table = found.derivations
    hub = table["hub"] == table["warehouse_id"]
    need = (table["target_qty"] - table["position"] - table["pooled"]).clip(lower=0).where(hub, 0)
    assert (table["need_qty"] == need).all()
    assert (table["position"] == table["on_hand"] + table["inbound"] - table["backordered"] - table["outgoing"]).all()
    assert (table.loc[table["binding"] == "none", "qty"] == table.loc[table["binding"] == "none", "need_qty"]).all()


def test_priorities_count_from_one_with_most_money_first() -> None:
    found = place(cases.problem([[0.5, 0.5], [0.5, 0.5]], [{"criticality": "C"}, {"criticality": "A"}]), PARAMETERS)
    lines = firm(found)
    assert lines["priority"].tolist() == list(range(1, len(lines) + 1))
    assert lines["part_id"].iloc[0] == "P1"


def test_stock_anywhere_in_the_pool_counts() -> None:
    problem = cases.problem([[0.01, 0.01]], [{"unit_cost": 500.0, "criticality": "A"}])
    hub = next(iter(hubs(place(problem, PARAMETERS), "P0")))
    elsewhere = [[0, 9]] if hub == "W0" else [[9, 0]]
    stocked = replace(problem, positions=cases.positions((1, 2), on_hand=np.array(elsewhere)))
    assert ordered(place(stocked, PARAMETERS)) == {}


def test_a_supplier_that_closes_makes_tonights_order_larger() -> None:
    open_trucks = cases.trucks(["S1"], ["W0"])
    festival = cases.trucks(["S1"], ["W0"], tomorrow_due_day=28.0, next_due_day=34.0)
    before = ordered(place(cases.problem([[1.0]], trucks=open_trucks), PARAMETERS))
    closing = ordered(place(cases.problem([[1.0]], trucks=festival), PARAMETERS))
    assert closing[("P0", "W0")] > before[("P0", "W0")] + 15


def test_a_truck_waits_until_waiting_costs_more_than_its_share() -> None:
    dear = cases.trucks(["S1"], ["W0"], cost_per_shipment=500.0)
    stock = cases.positions((1, 1), on_hand=np.array([[12]]))
    waits = place(cases.problem([[1.0]], trucks=dear, positions=stock), PARAMETERS)
    assert ordered(waits) == {}
    assert row(waits, "P0", "W0")["binding"] == "truck"
    assert "waits for the truck" in row(waits, "P0", "W0")["reason"]
    goes = place(cases.problem([[1.0]], trucks=dear), PARAMETERS)
    assert ordered(goes)[("P0", "W0")] > 0


def test_a_truck_goes_before_its_supplier_closes() -> None:
    festival = cases.trucks(["S1"], ["W0"], cost_per_shipment=500.0, tomorrow_due_day=28.0, next_due_day=34.0)
    stock = cases.positions((1, 1), on_hand=np.array([[12]]))
    assert ordered(place(cases.problem([[1.0]], trucks=festival, positions=stock), PARAMETERS))[("P0", "W0")] > 0


def test_a_waiting_customer_sends_the_truck() -> None:
    dear = cases.trucks(["S1"], ["W0"], cost_per_shipment=1e6)
    waiting = cases.positions((1, 1), backordered=np.array([[1]]))
    assert ordered(place(cases.problem([[0.001]], trucks=dear, positions=waiting), PARAMETERS)) == {("P0", "W0"): 1}


def test_parts_travel_together() -> None:
    dear = cases.trucks(["S1"], ["W0"], cost_per_shipment=300.0)
    stock = np.array([[9]] * 10)
    alone = cases.problem([[1.0]], trucks=dear, positions=cases.positions((1, 1), on_hand=stock[:1]))
    family = cases.problem([[1.0]] * 10, trucks=dear, positions=cases.positions((10, 1), on_hand=stock))
    assert ordered(place(alone, PARAMETERS)) == {}
    assert len(ordered(place(family, PARAMETERS))) == 10


def test_planners_decisions_are_honoured() -> None:
    problem = cases.problem(
        [[1.0, 0.5]] * 4,
        overrides=cases.overrides(
            ("P0", "W0", "do_not_stock", 0), ("P1", "W0", "min", 90), ("P2", "W0", "max", 3), ("P3", "W1", "order", 50)
        ),
    )
    found = place(problem, PARAMETERS)
    qty = ordered(found)
    assert ("P0", "W0") not in qty
    assert qty[("P1", "W0")] >= 90
    assert qty.get(("P2", "W0"), 0) <= 3
    assert qty[("P3", "W1")] == 50
    binds = found.hints.overrides.set_index("part_id")["binds"].to_dict()
    assert binds["P1"] == "Y"
    assert binds["P3"] == "Y"
    assert evaluate(problem, found, PARAMETERS).violations == []


def test_what_is_forced_yields_to_space_and_supply() -> None:
    full = pd.DataFrame({"free_m3": [0.0], "free_hazmat_m3": [0.0]}, index=pd.Index(["W0"], name="warehouse_id"))
    forced = cases.overrides(("P0", "W0", "order", 50))
    assert ordered(place(cases.problem([[1.0]], warehouses=full, overrides=forced), PARAMETERS)) == {}
    short = cases.problem([[1.0]], [{"available_qty": 20.0}], overrides=forced)
    assert ordered(place(short, PARAMETERS)) == {}


def test_a_full_warehouse_takes_nothing_and_has_a_price() -> None:
    names = pd.Index(["W0", "W1"], name="warehouse_id")
    tight = pd.DataFrame({"free_m3": [0.0, 0.1], "free_hazmat_m3": 0.0}, index=names)
    problem = cases.problem([[1.0, 1.0]] * 3, [{"unit_cost": 50.0}, {}, {"hazmat": True}], warehouses=tight)
    found = place(problem, PARAMETERS)
    lines = firm(found)
    assert set(lines["warehouse_id"]) <= {"W1"}
    assert lines["qty"].sum() * 0.01 <= 0.1 + 1e-9
    assert "P2" not in set(lines["part_id"])
    assert found.hints.full_warehouses["price_per_m3"].max() > 0
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6


def test_the_budget_is_kept() -> None:
    problem = cases.problem([[1.0, 1.0]] * 3)
    found = place(problem, replace(PARAMETERS, budget=1500.0))
    assert 1000 < (firm(found)["qty"] * firm(found)["unit_cost"]).sum() <= 1500
    assert evaluate(problem, found, replace(PARAMETERS, budget=1500.0)).violations == []


def test_a_supplier_that_has_too_little_shares_it_out_and_is_named() -> None:
    found = place(cases.problem([[2.0, 1.0]], [{"available_qty": 20.0}]), PARAMETERS)
    qty = ordered(found)
    assert sum(qty.values()) == 20
    assert found.hints.shortages["part_id"].tolist() == ["P0"]


def test_a_pack_that_would_mostly_come_back_is_ordered_only_if_the_penalty_says_so_and_then_the_reason_does() -> None:
    cheap = cases.problem([[0.01]], [{"pack_qty": 50, "criticality": "C"}])
    assert ordered(place(cheap, PARAMETERS)) == {}
    urgent = cases.problem([[0.05]], [{"pack_qty": 50, "criticality": "A", "unit_cost": 5.0}])
    line = firm(place(urgent, PARAMETERS)).iloc[0]
    assert line["qty"] == 50
    assert line["return_risk"] > 0.5
    assert "likely to come back" in line["reason"]


def test_no_suppliers_truck_anywhere_is_priced_and_never_a_crash() -> None:
    none = cases.trucks(["S1"], ["W0", "W1"])
    for column in none:
        none[column] = pd.NaT if column.endswith("_on") else np.nan
    problem = cases.problem([[1.0, 1.0]])
    found = place(replace(problem, trucks=none), PARAMETERS)
    assert ordered(found) == {}
    assert found.optimisation.objective > 0


def test_what_is_likely_to_follow_comes_in_whole_packs_on_mondays() -> None:
    found = place(cases.problem([[2.0]], [{"pack_qty": 10, "min_order_qty": 20}]), PARAMETERS)
    lines = found.replenishment[found.replenishment["commitment"] == "forecast"]
    assert len(lines) > 3
    assert (lines["qty"] % 10 == 0).all()
    assert (lines["qty"] >= 20).all()
    assert (pd.to_datetime(lines["due_on"]).dt.dayofweek == 0).all()
    assert (lines["due_on"] > cases.AS_OF + pd.Timedelta(days=6)).all()


def test_the_evaluator_names_every_broken_rule() -> None:
    problem = cases.problem([[1.0, 1.0]], [{"pack_qty": 4, "min_order_qty": 8, "available_qty": 9.0}])
    found = place(problem, PARAMETERS)
    line = firm(found).iloc[:1]
    lines = pd.concat([line.assign(qty=6), line.assign(part_id="OLD", qty=4), line.assign(qty=6, supplier_id="S9")])
    broken = evaluate(problem, replace(found, replenishment=lines), PARAMETERS).violations
    for rule in ("whole packs", "minimum order", "own supplier", "ordered twice", "its supplier has", "superseded"):
        assert any(rule in sentence for sentence in broken), rule


def test_the_same_problem_gives_the_same_plan() -> None:
    names = pd.Index(["W0", "W1"], name="warehouse_id")
    tight = pd.DataFrame({"free_m3": [0.3, 0.1], "free_hazmat_m3": 0.0}, index=names)
    problem = cases.problem([[1.0, 1.0]] * 3, warehouses=tight)
    first, second = place(problem, PARAMETERS), place(problem, PARAMETERS)
    pd.testing.assert_frame_equal(first.replenishment, second.replenishment)
    pd.testing.assert_frame_equal(first.derivations, second.derivations)


def crowded(parts: int = 12) -> PlacementProblem:
    """Many unlike parts for little room and little money."""
    rng = np.random.default_rng(7)
    changes = [
        {"unit_cost": round(float(rng.uniform(20, 400)), 2), "volume_m3": float(rng.choice([0.003, 0.01, 0.04]))}
        for _ in range(parts)
    ]
    names = pd.Index(["W0", "W1", "W2"], name="warehouse_id")
    room = pd.DataFrame({"free_m3": [0.6, 0.9, 0.4], "free_hazmat_m3": 0.0}, index=names)
    return cases.problem(rng.uniform(0.02, 1.0, (parts, 3)).round(3).tolist(), changes, warehouses=room)


def test_last_nights_prices_save_passes_and_lead_to_a_plan_as_good() -> None:
    problem, parameters = crowded(), replace(HASTY, budget=9000.0)
    cold = place(problem, parameters)
    strangers = pd.DataFrame(
        {"name": ["volume", "hazmat", "rent"], "subject": ["W9", "W0", "W1"], "price": [9.0, -1.0, 5.0]}
    )
    start = pd.concat([cold.optimisation.prices, strangers], ignore_index=True)
    warm, again = place(problem, parameters, start), place(problem, parameters, start.iloc[::-1])
    assert len(cold.optimisation.prices) >= 2
    assert warm.optimisation.passes < cold.optimisation.passes
    assert evaluate(problem, warm, parameters).violations == []
    slack = max(cold.optimisation.gap, warm.optimisation.gap) * cold.optimisation.objective + 1e-6
    assert abs(warm.optimisation.objective - cold.optimisation.objective) <= slack
    assert warm.optimisation.bound <= cold.optimisation.objective + 1e-6
    pd.testing.assert_frame_equal(warm.replenishment, again.replenishment)


def test_prices_from_elsewhere_change_the_way_and_not_the_proof() -> None:
    problem = crowded(8)
    wrong = pd.DataFrame({"name": "volume", "subject": ["W0", "W1"], "price": [4000.0, 70.0]})
    found, usual = place(problem, HASTY, wrong), place(problem, HASTY)
    assert evaluate(problem, found, HASTY).violations == []
    assert found.optimisation.bound <= usual.optimisation.objective + 1e-6
    assert usual.optimisation.bound <= found.optimisation.objective + 1e-6
    assert found.optimisation.gap < 5e-3


def test_a_night_without_prices_is_begun_like_any_other() -> None:
    problem = crowded(8)
    empty = place(problem, HASTY).optimisation.prices.iloc[:0]
    pd.testing.assert_frame_equal(place(problem, HASTY, empty).replenishment, place(problem, HASTY).replenishment)


@pytest.mark.parametrize("relative_gap", [1e-2, 0.5])
def test_a_gap_that_contents_is_kept_and_the_bound_stays_true(relative_gap: float) -> None:
    problem = crowded()
    exact, content = place(problem, HASTY), replace(HASTY, relative_gap=relative_gap)
    found = place(problem, content)
    assert evaluate(problem, found, content).violations == []
    assert found.optimisation.gap <= relative_gap
    closed = exact.trips.equals(found.trips)
    assert not closed or found.optimisation.bound <= exact.optimisation.objective + 1e-6


@pytest.mark.parametrize(
    "name", ["penalty_a", "budget", "columns_limit", "backorder_days", "every_hub_set_up_to", "relative_gap"]
)
def test_parameters_that_cannot_be_meant_are_refused(name: str) -> None:
    value = 11 if name == "every_hub_set_up_to" else -1
    with pytest.raises(ValueError, match=name):
        replace(PARAMETERS, **{name: value})
