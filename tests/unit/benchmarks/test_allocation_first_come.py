"""Living through demand: draws have the model's moments, rules of service by hand, and agreement with the model."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases import Case, prepare
from benchmarks.companies import company
from benchmarks.dedicated import tabulate_dedicated
from benchmarks.first_come import KINDS, Policy, Shelves, expected, live, serve, stage
from benchmarks.scenarios import day_of, dispersion, draw
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Demand, PlacementProblem

PARAMETERS = PlacementParameters()
ASKED_AT = (np.array([1.0, 2.0]), np.array([1, 1]), np.array([30.0, 30.0]))
"""Two units for region 1, both within every protection interval."""


def poisson(problem: PlacementProblem) -> PlacementProblem:
    """Return the problem with Poisson demand and trucks that are never late."""
    mean = problem.demand.mean
    demand = Demand(problem.demand.days, mean, mean.copy(), problem.demand.demand_class)
    return replace(problem, demand=demand, trucks=problem.trucks.assign(lead_time_sd_days=0.0))


def linked(case: Case) -> Case:
    """Return the case with both lanes allowed."""
    arcs = replace(case.problem.arcs, allowed=np.ones((2, 2), dtype=bool))
    return replace(case, problem=replace(case.problem, arcs=arcs))


def served(shelves: Shelves, helps: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, Case]:
    case = linked(prepare(company(1, 2), PARAMETERS))
    cost, units = np.zeros(len(KINDS) - 1), np.zeros(3)
    serve(0, ASKED_AT, shelves, stage(case), helps, (cost, units))
    return cost, units, shelves.stock, case


def shelves(stock: list[int], site: list[int], pool: list[int]) -> Shelves:
    return Shelves(np.array(stock), np.array(site), np.array(pool))


def test_draws_have_the_moments_of_every_window() -> None:
    days, rng = np.array([0.0, 20.0, 100.0]), np.random.default_rng(1)
    mean, phi, c = np.array([[0.0, 2.0, 10.0]]), np.array([1.8]), np.array([0.3])
    drawn = [draw(rng, mean, days, phi, c)[0] for _ in range(20_000)]
    for k in (1, 2):
        counts = np.array([(moment <= days[k]).sum() for moment in drawn])
        assert counts.mean() == pytest.approx(mean[0, k], rel=0.03)
        assert counts.var() == pytest.approx(phi[0] * mean[0, k] + c[0] * mean[0, k] ** 2, rel=0.05)


def test_noise_and_level_are_read_off_two_windows() -> None:
    days = np.array([1, 50, 100])
    mean = np.array([[[0.1, 5.0, 10.0]]])
    phi, c = dispersion(mean, 1.5 * mean + 0.2 * mean**2, days)
    assert phi[0, 0] == pytest.approx(1.5) and c[0, 0] == pytest.approx(0.2)
    phi, c = dispersion(mean, mean, days)
    assert phi[0, 0] == 1.0 and c[0, 0] == 0.0


def test_a_day_is_found_on_the_profile() -> None:
    profile, days = np.array([0.0, 1.0, 1.0, 3.0]), np.array([0.0, 10.0, 20.0, 30.0])
    assert [day_of(units, profile, days) for units in (0.0, 0.5, 2.0, 3.0)] == [0.0, 5.0, 25.0, 30.0]


def test_a_pool_serves_first_and_another_pool_helps_only_if_it_may() -> None:
    alone = [0, 1], [0, 1]
    cost, units, stock, case = served(shelves([3, 1], *alone), helps=True)
    assert stock.tolist() == [2, 0] and units.tolist() == [2.0, 0.0, 1.0]
    assert cost[2] == pytest.approx(stage(case).cover[0, 0, 1])
    cost, units, stock, case = served(shelves([3, 1], *alone), helps=False)
    assert stock.tolist() == [3, 0] and units.tolist() == [2.0, 1.0, 0.0]
    assert cost[0] == pytest.approx(case.money.price[0, 1, 0])


def test_a_reserved_unit_is_for_its_own_region_though_it_lies_elsewhere() -> None:
    cost, units, stock, case = served(shelves([3, 2], [0, 0], [0, 1]), helps=False)
    assert stock.tolist() == [3, 0] and units.tolist() == [2.0, 0.0, 0.0]
    assert cost[2] == pytest.approx(2 * stage(case).cover[0, 0, 1])


def test_who_waits_takes_from_the_pool_and_waits_on_if_it_has_none() -> None:
    _, _, stock, _ = served(shelves([5, -1], [0, 1], [0, 0]), helps=False)
    assert stock.tolist() == [2, 0]
    cost, _, _, case = served(shelves([5, -2], [0, 1], [0, 1]), helps=False)
    assert cost[1] == pytest.approx(2 * case.money.price[0, 1, 1])


def test_a_single_site_with_poisson_demand_lives_as_the_model_expects() -> None:
    case = prepare(poisson(company(60, 1)), PARAMETERS)
    solution = case.solve(case.pooled())
    lived = live(case, [Policy(solution)], scenarios=4_000, seed=1).cost[0]
    error = np.abs(lived.mean(axis=0) - expected(case, solution))
    noise = 4.0 * lived.std(axis=0) / 4_000**0.5
    # The model's time on the shelf is a trapezoid over five points.
    noise[KINDS.index("carrying")] += 0.02 * lived[:, KINDS.index("carrying")].mean()
    assert (error <= noise + 1e-6).all()


def test_reserved_units_live_as_the_dedicated_model_expects() -> None:
    case = prepare(poisson(company(40, 3)), PARAMETERS)
    instance = case.instance(tabulate_dedicated(case))
    solution = case.solve(instance)
    total = live(case, [Policy(solution, reserved=True, helps=False)], scenarios=3_000, seed=1).total[0]
    assert total.mean() == pytest.approx(solution.objective, abs=4.0 * total.std() / 3_000**0.5 + 0.01 * total.mean())


def test_plans_live_through_the_same_demand_whoever_else_is_judged() -> None:
    case = prepare(company(20, 3), PARAMETERS)
    solution = case.solve(case.pooled())
    once = live(case, [Policy(solution)], scenarios=20, seed=7).total[0]
    twice = live(case, [Policy(solution, helps=False), Policy(solution)], scenarios=20, seed=7).total[1]
    assert (once == twice).all()
