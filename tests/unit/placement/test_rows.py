"""The rows that parts share, lines above all; and what can be had of nothing: no room, no truck, no fitting pack."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.placement import cases
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement, place
from vmi.placement.problem import PlacementProblem

PARAMETERS = PlacementParameters()
TWO_SUPPLIERS = [{"supplier_id": "S1"}, {"supplier_id": "S2"}, {"supplier_id": "S1"}, {"supplier_id": "S1"}]


def firm(found: Placement) -> pd.DataFrame:
    return found.replenishment[found.replenishment["commitment"] == "firm"]


def per(found: Placement, column: str) -> dict[str, int]:
    return firm(found).groupby(column).size().to_dict()


def row(found: Placement, part: str, warehouse: str) -> pd.Series:
    table = found.derivations
    return table[(table["part_id"] == part) & (table["warehouse_id"] == warehouse)].iloc[0]


def price(found: Placement, name: str, subject: str) -> float:
    prices = found.optimisation.prices.set_index(["name", "subject"])["price"]
    return float(prices.get((name, subject), 0.0))


def agreed(problem: PlacementProblem, parameters: PlacementParameters = PARAMETERS) -> Placement:
    """Return the plan, once the evaluator has found its cost and no rule broken."""
    found = place(problem, parameters)
    checked = evaluate(problem, found, parameters)
    assert checked.violations == []
    assert checked.cost == pytest.approx(found.optimisation.objective, rel=1e-6, abs=1e-4)
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6
    return found


def busy(changes: list[dict] | None = None, parts: int = 4) -> PlacementProblem:
    """Fast parts that want a line in each of two warehouses."""
    return cases.problem([[1.0 + 0.3 * i, 0.8] for i in range(parts)], changes)


def test_lines_into_a_warehouse_are_kept_and_their_price_is_reported() -> None:
    problem, parameters = busy(), replace(PARAMETERS, inbound_lines=2)
    assert per(agreed(problem), "warehouse_id") == {"W0": 4, "W1": 4}
    found = agreed(problem, parameters)
    assert max(per(found, "warehouse_id").values()) == 2
    prices = found.optimisation.prices
    assert set(prices["name"]) == {"inbound lines"}
    assert set(prices["unit"]) == {"CNY/line"}
    assert (prices["free"] == 2.0).all()
    assert prices.set_index("subject")["used"].to_dict() == per(found, "warehouse_id")


def test_lines_of_a_supplier_are_kept_and_their_price_is_reported() -> None:
    problem, parameters = busy(TWO_SUPPLIERS), replace(PARAMETERS, supplier_lines=2)
    found = agreed(problem, parameters)
    assert per(found, "supplier_id") == {"S1": 2, "S2": 2}
    assert price(found, "supplier lines", "S1") > 0
    assert price(found, "supplier lines", "S2") == 0.0
    assert found.optimisation.prices["subject"].tolist() == ["S1"]


def test_both_kinds_of_lines_hold_together() -> None:
    found = agreed(busy(TWO_SUPPLIERS), replace(PARAMETERS, inbound_lines=2, supplier_lines=1))
    assert max(per(found, "warehouse_id").values()) <= 2
    assert per(found, "supplier_id") == {"S1": 1, "S2": 1}


def test_the_few_lines_go_to_the_parts_that_need_them_most() -> None:
    changes = [{"criticality": "C"}, {"criticality": "A"}, {"criticality": "C"}]
    found = agreed(cases.problem([[1.0]] * 3, changes), replace(PARAMETERS, inbound_lines=1))
    assert firm(found)["part_id"].tolist() == ["P1"]


def test_the_price_of_a_line_is_what_the_next_best_part_would_save_by_one() -> None:
    """With a line for each part alike the master has no choice: its price lies between the last gain and the next."""
    changes = [{"criticality": c} for c in "ABC"]
    problem = cases.problem([[1.0]] * 3, changes)
    least = [place(problem, replace(PARAMETERS, inbound_lines=k)).optimisation.objective for k in (1, 2, 3)]
    found = agreed(problem, replace(PARAMETERS, inbound_lines=2))
    assert least[1] - least[2] - 1e-3 <= price(found, "inbound lines", "W0") <= least[0] - least[1] + 1e-3


def test_rows_that_are_not_limited_have_no_price_and_no_row_in_the_table() -> None:
    assert agreed(busy(TWO_SUPPLIERS)).optimisation.prices.empty


def test_a_limit_that_nobody_reaches_changes_nothing() -> None:
    problem = busy(TWO_SUPPLIERS)
    wide = agreed(problem, replace(PARAMETERS, inbound_lines=4, supplier_lines=6))
    assert wide.optimisation.prices.empty
    assert wide.optimisation.gap == 0.0
    pd.testing.assert_frame_equal(wide.replenishment, place(problem, PARAMETERS).replenishment)


def test_a_line_is_worth_its_cost_and_both_sides_count_it() -> None:
    problem = busy()
    free, dear = agreed(problem), agreed(problem, replace(PARAMETERS, line_cost=7.0))
    assert len(firm(free)) == 8
    assert dear.optimisation.objective == pytest.approx(free.optimisation.objective + 7.0 * 8, abs=1e-4)
    assert firm(agreed(problem, replace(PARAMETERS, line_cost=1e6))).empty


def test_last_nights_prices_of_lines_find_their_rows_again() -> None:
    problem = busy([{"supplier_id": s} for s in ("S1", "S1", "S2", "S2", "S2", "S1")], 6)
    parameters = replace(PARAMETERS, inbound_lines=3, supplier_lines=3)
    cold = agreed(problem, parameters)
    warm = place(problem, parameters, cold.optimisation.prices)
    assert warm.optimisation.objective == pytest.approx(cold.optimisation.objective, rel=1e-6)
    assert warm.optimisation.passes <= cold.optimisation.passes


def test_orders_that_planners_force_beyond_the_lines_yield_in_the_order_of_part_and_warehouse() -> None:
    forced = cases.overrides(*[(f"P{i}", "W0", "order", 5) for i in (3, 0, 2)])
    problem = replace(busy(), overrides=forced)
    found = agreed(problem, replace(PARAMETERS, inbound_lines=2))
    at_w0 = firm(found).query("warehouse_id == 'W0'").set_index("part_id")["qty"].to_dict()
    assert at_w0 == {"P0": 5, "P2": 5}
    binds = found.hints.overrides.set_index("part_id")["binds"].to_dict()
    assert binds["P0"] == "Y"
    assert binds["P2"] == "Y"


def test_orders_that_planners_force_beyond_the_suppliers_lines_yield_as_well() -> None:
    forced = cases.overrides(*[("P0", w, "min", 60) for w in ("W1", "W0")])
    found = agreed(replace(busy(parts=1), overrides=forced), replace(PARAMETERS, supplier_lines=1))
    assert firm(found)["warehouse_id"].tolist() == ["W0"]
    assert firm(found)["qty"].iloc[0] >= 60


def narrow(changes: list[dict], free_m3: float) -> PlacementProblem:
    problem = cases.problem([[1.0]] * len(changes), changes)
    return replace(problem, warehouses=problem.warehouses.assign(free_m3=free_m3))


def test_a_pack_larger_than_the_warehouse_is_not_ordered_and_the_room_is_named() -> None:
    found = agreed(narrow([{"pack_qty": 50, "volume_m3": 0.1}], 4.9))
    assert firm(found).empty
    assert row(found, "P0", "W0")["binding"] == "volume W0"
    assert found.hints.full_warehouses["warehouse_id"].tolist() == ["W0"]
    assert found.optimisation.objective > 0
    assert firm(agreed(narrow([{"pack_qty": 50, "volume_m3": 0.1}], 5.0)))["qty"].tolist() == [50]


def test_a_pack_that_cannot_fit_leaves_the_room_to_the_others() -> None:
    found = agreed(narrow([{"pack_qty": 50, "volume_m3": 0.1}, {"volume_m3": 0.1}], 4.9))
    assert set(firm(found)["part_id"]) == {"P1"}


@pytest.mark.parametrize("limits", [{}, {"inbound_lines": 1, "supplier_lines": 1, "budget": 10.0}])
def test_without_any_room_nothing_is_ordered_and_every_warehouse_is_named(limits: dict) -> None:
    problem = busy([{"hazmat": bool(i % 2)} for i in range(4)])
    problem = replace(problem, warehouses=problem.warehouses * 0.0)
    found = agreed(problem, replace(PARAMETERS, **limits))
    assert firm(found).empty
    assert set(found.hints.full_warehouses["warehouse_id"]) == {"W0", "W1"}
    assert (found.hints.full_warehouses["price_per_m3"] > 0).all()
    assert found.optimisation.objective > agreed(busy()).optimisation.objective


def test_a_budget_below_the_cheapest_unit_buys_nothing_and_has_a_price() -> None:
    found = agreed(busy(), replace(PARAMETERS, budget=99.0))
    assert firm(found).empty
    assert price(found, "budget", "all") > 0
    assert row(found, "P0", "W0")["binding"] == "budget"


def test_a_part_that_no_warehouse_may_hold_is_priced_and_says_so() -> None:
    shut = cases.overrides(("P0", "W0", "do_not_stock", 0), ("P0", "W1", "do_not_stock", 0))
    found = agreed(replace(cases.problem([[1.0, 1.0]] * 2), overrides=shut))
    assert set(firm(found)["part_id"]) == {"P1"}
    assert (found.cover.loc[found.cover["part_id"] == "P0", "orders"] == "N").all()
    for warehouse in ("W0", "W1"):
        assert row(found, "P0", warehouse)["reason"] == "not stocked: a planner's decision"
        assert row(found, "P0", warehouse)["fill_rate"] == 0.0
    alone = agreed(replace(cases.problem([[1.0, 1.0]]), overrides=shut))
    assert alone.optimisation.objective > agreed(cases.problem([[1.0, 1.0]])).optimisation.objective


def without_trucks(problem: PlacementProblem, supplier: str) -> PlacementProblem:
    lorries = problem.trucks.copy()
    own = lorries.index.get_level_values("supplier_id") == supplier
    for column in lorries:
        lorries.loc[own, column] = pd.NaT if column.endswith("_on") else np.nan
    return replace(problem, trucks=lorries)


def test_a_supplier_without_lanes_or_trucks_leaves_its_parts_to_what_lies_there_and_says_so() -> None:
    found = agreed(without_trucks(busy(TWO_SUPPLIERS), "S2"))
    assert "P1" not in set(firm(found)["part_id"])
    assert set(firm(found)["part_id"]) == {"P0", "P2", "P3"}
    assert "no warehouse that may order covers it" in row(found, "P1", "W0")["reason"]
    assert row(found, "P1", "W0")["hub"] == ""


def test_what_planners_force_of_a_part_without_trucks_is_not_ordered() -> None:
    forced = cases.overrides(("P1", "W0", "order", 5), ("P1", "W1", "min", 5))
    found = agreed(replace(without_trucks(busy(TWO_SUPPLIERS), "S2"), overrides=forced))
    assert "P1" not in set(firm(found)["part_id"])


def test_a_region_that_no_hub_may_cover_is_left_to_itself() -> None:
    problem = cases.problem([[1.0, 1.0]])
    island = replace(problem.arcs, allowed=np.eye(2, dtype=bool))
    shut = cases.overrides(("P0", "W1", "do_not_stock", 0))
    found = agreed(replace(problem, arcs=island, overrides=shut))
    assert firm(found)["warehouse_id"].tolist() == ["W0"]
    assert found.cover.set_index("region")["orders"].to_dict() == {"W0": "Y", "W1": "N"}


def test_a_part_without_supply_is_named_with_what_it_is_short() -> None:
    found = agreed(cases.problem([[1.0, 1.0]] * 2, [{"available_qty": 0.0}, {}]))
    assert set(firm(found)["part_id"]) == {"P1"}
    shortage = found.hints.shortages.set_index("part_id").loc["P0"]
    assert shortage["short_qty"] > 20
    assert shortage["value_per_unit"] > 0


def test_lines_that_are_all_taken_are_named_as_what_bound() -> None:
    found = agreed(cases.problem([[1.0]] * 2, [{"criticality": "A"}, {}]), replace(PARAMETERS, inbound_lines=1))
    assert row(found, "P1", "W0")["qty"] == 0
    assert "lines" in row(found, "P1", "W0")["binding"]
    assert row(found, "P1", "W0")["binding_price"] > 0


def test_a_planners_order_that_had_to_yield_says_what_to() -> None:
    problem = replace(busy(), overrides=cases.overrides(("P0", "W0", "order", 5), ("P3", "W0", "order", 5)))
    found = place(problem, replace(PARAMETERS, inbound_lines=1))
    assert row(found, "P0", "W0")["qty"] == 5
    assert row(found, "P3", "W0")["qty"] == 0
    assert "order" in row(found, "P3", "W0")["reason"]


@pytest.mark.parametrize("change", [{"qty": 6, "pack_qty": 1}, {"unit_cost": 0.0}])
def test_the_evaluator_takes_packs_and_costs_from_the_problem_and_not_from_the_plan(change: dict) -> None:
    problem = cases.problem([[1.0]], [{"pack_qty": 4}])
    found = place(problem, PARAMETERS)
    told = replace(found, replenishment=firm(found).assign(**change))
    assert evaluate(problem, told, replace(PARAMETERS, budget=50.0 if "unit_cost" in change else 0.0)).violations
