"""What a part's hubs of the plan before are worth: ``change_cost`` for every warehouse that becomes one or is none."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.placement import cases
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement, place
from vmi.placement.problem import PlacementProblem

PARAMETERS = PlacementParameters()
SLOW = {"unit_cost": 900.0, "criticality": "A"}


def hubs(found: Placement, part: str = "P0") -> set[str]:
    cover = found.cover
    return set(cover.loc[(cover["part_id"] == part) & (cover["orders"] == "Y"), "warehouse_id"])


def lived(problem: PlacementProblem, *before: list[int]) -> PlacementProblem:
    return replace(problem, hubs_before=np.array(before, dtype=bool))


def cost(problem: PlacementProblem, change_cost: float) -> float:
    return place(problem, replace(PARAMETERS, change_cost=change_cost)).optimisation.objective


def busier_at_w1() -> PlacementProblem:
    """A slow part whose one best hub is W1; the plan before had it in W0."""
    return lived(cases.problem([[0.002, 0.02]], [SLOW]), [1, 0])


def test_a_part_keeps_its_hubs_where_a_change_costs_more_than_it_brings_and_moves_where_it_costs_nothing() -> None:
    problem = busier_at_w1()
    assert hubs(place(problem, PARAMETERS)) == {"W1"}
    assert hubs(place(problem, replace(PARAMETERS, change_cost=1e5))) == {"W0"}


def test_a_part_moves_exactly_when_the_move_saves_more_than_it_costs() -> None:
    problem = busier_at_w1()
    moved, kept = cost(problem, 0.0), cost(problem, 1e5)
    worth = (kept - moved) / 2.0
    assert worth > 0.1
    assert hubs(place(problem, replace(PARAMETERS, change_cost=worth * 0.99))) == {"W1"}
    assert hubs(place(problem, replace(PARAMETERS, change_cost=worth * 1.01))) == {"W0"}


def test_a_move_from_one_hub_to_another_is_two_changes_in_the_objective_and_in_the_evaluation() -> None:
    problem, parameters = busier_at_w1(), replace(PARAMETERS, change_cost=0.01)
    found = place(problem, parameters)
    assert hubs(found) == {"W1"}
    assert found.optimisation.objective == pytest.approx(cost(problem, 0.0) + 0.02, abs=1e-6)
    assert evaluate(problem, found, parameters).cost == pytest.approx(found.optimisation.objective, abs=1e-5)


@pytest.mark.parametrize("change_cost", [0.0, 0.5, 3.0, 50.0, 1e5])
def test_the_evaluation_and_the_objective_agree_whatever_a_change_costs(change_cost: float) -> None:
    rate = [[0.002, 0.02, 0.1], [0.3, 0.3, 0.3], [0.01, 0.0, 0.01]]
    problem = lived(cases.problem(rate, [SLOW, {}, SLOW]), [1, 0, 0], [1, 1, 0], [0, 1, 0])
    parameters = replace(PARAMETERS, change_cost=change_cost)
    found = place(problem, parameters)
    assert evaluate(problem, found, parameters).cost == pytest.approx(found.optimisation.objective, abs=1e-4)
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6


def test_a_part_without_a_plan_before_pays_nothing_to_settle() -> None:
    new = cases.problem([[0.002, 0.02]], [SLOW])
    assert cost(new, 1e5) == pytest.approx(cost(new, 0.0), abs=1e-6)
    assert hubs(place(new, replace(PARAMETERS, change_cost=1e5))) == {"W1"}


def test_a_part_that_stays_where_it_was_pays_nothing() -> None:
    stays = lived(cases.problem([[0.002, 0.02]], [SLOW]), [0, 1])
    assert cost(stays, 1e5) == pytest.approx(cost(stays, 0.0), abs=1e-6)


def test_a_hub_without_demand_is_given_up_for_nothing() -> None:
    nothing_asked = lived(cases.problem([[0.0, 0.02]], [SLOW]), [1, 1])
    assert cost(nothing_asked, 1e5) == pytest.approx(cost(nothing_asked, 0.0), abs=1e-6)


def test_a_hub_that_a_planner_closes_is_left_and_paid_for() -> None:
    shut = replace(busier_at_w1(), overrides=cases.overrides(("P0", "W0", "do_not_stock", 0)))
    parameters = replace(PARAMETERS, change_cost=1e5)
    found = place(shut, parameters)
    assert hubs(found) == {"W1"}
    assert found.optimisation.objective == pytest.approx(cost(shut, 0.0) + 2e5, abs=1e-4)
    assert evaluate(shut, found, parameters).cost == pytest.approx(found.optimisation.objective, abs=1e-4)


def test_fewer_parts_change_the_more_a_change_costs() -> None:
    rng = np.random.default_rng(5)
    rate = np.exp(rng.normal(-3.0, 1.0, (12, 3))).round(4)
    before = rng.random((12, 3)) < 0.5
    problem = replace(cases.problem(rate.tolist()), hubs_before=before)
    changed = []
    for change_cost in (0.0, 0.5, 2.0, 10.0, 1e4):
        found = place(problem, replace(PARAMETERS, change_cost=change_cost))
        now = np.array([[f"W{w}" in hubs(found, part) for w in range(3)] for part in problem.parts.index])
        changed.append(int((now != before)[before.any(axis=1)].sum()))
    assert changed == sorted(changed, reverse=True)
    assert changed[0] > changed[2] > changed[-1] == 0


def test_hubs_are_kept_in_a_full_network_too() -> None:
    rng = np.random.default_rng(6)
    rate = np.exp(rng.normal(-2.5, 0.8, (8, 3))).round(4)
    problem = replace(cases.problem(rate.tolist()), hubs_before=np.tile([False, True, False], (8, 1)))
    problem = replace(problem, warehouses=problem.warehouses.assign(free_m3=[0.05, 0.08, 0.05]))
    parameters = replace(PARAMETERS, change_cost=1e4)
    found = place(problem, parameters)
    assert all(hubs(found, part) == {"W1"} for part in problem.parts.index)
    assert not found.optimisation.prices.empty
    assert evaluate(problem, found, parameters).violations == []
