"""Enumerating plans under lived cost: exact where demand is simple enough, which plans are weighed, and who wins."""

from dataclasses import replace
from itertools import product
from math import exp, factorial

import numpy as np
import pytest

from benchmarks.cases import Case, prepare
from benchmarks.companies import company
from benchmarks.first_come import Policy, live, stage
from benchmarks.pooling import (
    Candidates,
    Race,
    Scale,
    catalogues,
    companies,
    measure,
    neighbours,
    share,
    solve_each_pattern,
)
from vmi.placement.limits import Limits
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Demand, PlacementProblem

PARAMETERS = PlacementParameters(change_cost=0.0)
SCALE = Scale(parts=8, warehouses=(3,), linked=1, drawn=1, rounds=((100, 10), (1_900, 1)), judging=2_000)
MEAN = 0.3
"""Units that each of two sites sells, all on the first day."""


def poisson(problem: PlacementProblem, mean: np.ndarray) -> PlacementProblem:
    """Return the problem with Poisson demand and trucks that are never late."""
    demand = Demand(problem.demand.days, mean, mean.copy(), problem.demand.demand_class)
    return replace(problem, demand=demand, trucks=problem.trucks.assign(lead_time_sd_days=0.0))


def two_sites() -> Case:
    """Return a dear part that two sites sell on the first day, before any order arrives; nothing is in stock yet."""
    problem = company(1, 2)
    assert problem.arcs.allowed.all() and (problem.positions.position == 0).all()
    mean = MEAN * np.broadcast_to(np.minimum(problem.demand.days, 1.0), problem.demand.mean.shape)
    dear = replace(problem, parts=problem.parts.assign(unit_cost=400.0))
    return prepare(poisson(dear, np.ascontiguousarray(mean)), PARAMETERS)


def race(case: Case, helps: bool, part: int = 0, scale: Scale = SCALE) -> Race:
    listed = catalogues(case.menu, len(case.problem.warehouses))
    return Race(case, stage(case), part, listed[case.menu.part_class[part]], scale, 1, helps)


def outcome(asked: tuple[int, ...], stock: list[int], hub: np.ndarray, case: Case, helps: bool) -> float:
    """Return what units asked for one after another cost two sites, written down once more."""
    price, cover, cost = case.money.price[0], stage(case).cover[0], 0.0
    for region in asked:
        own = [w for w in (0, 1) if stock[w] and hub[w] == hub[region]]
        other = [w for w in (0, 1) if stock[w] and helps and hub[w] != hub[region]]
        short = price[hub[region], 0] + cover[hub[region], region]
        other = [w for w in other if cover[w, region] < short]
        if own or other:
            site = min(own or other, key=lambda w: cover[w, region])
            stock[site] -= 1
            cost += cover[site, region]
        else:
            cost += short
    return cost + sum(left * (p[2] * p[4] + p[3]) for left, p in zip(stock, price, strict=True))


def exact(qty: tuple[int, int], hub: np.ndarray, case: Case, helps: bool) -> float:
    """Return the expected cost of a plan of :func:`two_sites`: all sequences of up to eight units asked for."""
    found = float(case.money.freight[0] @ np.array(qty))
    for n in range(9):
        each = exp(-2 * MEAN) * MEAN**n / factorial(n)
        found += each * sum(outcome(asked, list(qty), hub, case, helps) for asked in product((0, 1), repeat=n))
    return found


def test_long_simulation_agrees_with_exact_enumeration_with_and_without_help() -> None:
    case = two_sites()
    plans = [(m, qty) for m in range(3) for qty in product(range(3), repeat=2)]
    rows = Candidates(np.array([m for m, _ in plans]), np.array([qty for _, qty in plans]))
    for helps in (False, True):
        lived = race(case, helps).lived(rows, 20_000, 0)
        hubs = race(case, helps).catalogue.hub
        known = [exact(qty, hubs[m], case, helps) for m, qty in plans]
        assert (np.abs(lived.mean(axis=1) - known) < 4.0 * lived.std(axis=1) / 20_000**0.5 + 1e-3).all()


def test_one_unit_is_enough_for_two_sites_that_help_each_other() -> None:
    case, apart = two_sites(), np.array([0, 1])
    plans = list(product(range(3), repeat=2))
    alone, helping = (min(plans, key=lambda q: exact(q, apart, case, helps)) for helps in (False, True))
    assert alone == (1, 1) and sum(helping) == 1
    rows = Candidates(np.full(len(plans), 2), np.array(plans))
    assert race(case, True).catalogue.hub[2].tolist() == [0, 1]
    assert plans[race(case, False).winner(rows)] == alone and plans[race(case, True).winner(rows)] == helping


def test_enumeration_finds_the_plan_that_is_exactly_the_best() -> None:
    case = two_sites()
    ours, fixed = solve_each_pattern(case)
    centres = Candidates(np.array([s.pattern[0] for s in fixed]), np.array([s.qty[0] for s in fixed]))
    plan = Candidates(ours.pattern[[0]], ours.qty[[0]])
    hubs, orders = race(case, True).catalogue
    known = {
        (m, qty): exact(qty, hubs[m], case, True)
        for m in range(3)
        for qty in product(range(3), repeat=2)
        if all(orders[m] | (np.array(qty) == 0))
    }
    best, _, edge = race(case, True).best(plan, centres)
    least = min(known.values())
    assert known[int(best.pattern[0]), (int(best.qty[0, 0]), int(best.qty[0, 1]))] < 1.01 * least
    assert not edge


def test_a_single_site_costs_what_the_model_says_and_no_plan_is_better() -> None:
    problem = company(30, 1)
    found = measure(prepare(poisson(problem, problem.demand.mean), PARAMETERS), SCALE, 1)
    lived = found.helping.sum(axis=0)
    # The model's time on the shelf is a trapezoid over five points.
    assert abs(found.model.sum() - lived.mean()) < 4.0 * lived.std() / SCALE.judging**0.5 + 0.01 * lived.mean()
    assert (found.alone == found.helping).all()
    gain = (lived - found.best.sum(axis=0)) / lived.mean()
    assert gain.mean() < 4.0 * gain.std() / SCALE.judging**0.5 + 0.005


def test_the_winner_is_never_dearer_than_the_models_plan_where_it_was_chosen() -> None:
    case = prepare(company(8, 3, 24), PARAMETERS)
    ours, fixed = solve_each_pattern(case)
    for part in range(8):
        run = race(case, True, part)
        plan = Candidates(ours.pattern[[part]], ours.qty[[part]])
        centres = Candidates(np.array([s.pattern[part] for s in fixed]), np.array([s.qty[part] for s in fixed]))
        best, _, _ = run.best(plan, centres)
        chosen_on = list(enumerate(SCALE.rounds))
        both = [sum(run.lived(p, n, seed).sum() for seed, (n, _) in chosen_on) for p in (best, plan)]
        assert both[0] <= both[1] + 1e-6


def test_parts_one_by_one_live_as_all_of_them_together() -> None:
    case = prepare(company(12, 3, 24), PARAMETERS)
    ours = case.solve(case.pooled())
    plans = [Candidates(ours.pattern[[i]], ours.qty[[i]]) for i in range(12)]
    for helps in (False, True):
        together = live(case, [Policy(ours, helps=helps)], scenarios=30, seed=1).total[0]
        one_by_one = sum(race(case, helps, i).lived(plan, 30, 0)[0] for i, plan in enumerate(plans))
        assert together == pytest.approx(one_by_one)


def test_the_search_goes_on_where_the_best_lies_at_the_edge() -> None:
    problem = company(1, 1)
    mean = np.ascontiguousarray(np.broadcast_to(problem.demand.days / 2.0, problem.demand.mean.shape))
    case = prepare(poisson(problem, mean), PARAMETERS)
    ours = case.solve(case.pooled())
    assert ours.qty[0, 0] > 5
    nothing = Candidates(np.zeros(1, dtype=np.int64), np.zeros((1, 1), dtype=np.int64))
    wide = replace(SCALE, reach=4)
    best, _, edge = race(case, True, scale=wide).best(nothing, nothing)
    assert not edge and abs(int(best.qty[0, 0]) - int(ours.qty[0, 0])) <= 1


def packs(available: int = 100, high: int = 100) -> Limits:
    """Return the limits of a part in packs of 2, at least 4, that two warehouses may order."""
    none, shape = np.zeros((1, 2), dtype=np.int64), (1, 2)
    step, first, most = np.array([2]), np.array([4]), np.array([available])
    return Limits(np.ones(shape, dtype=bool), none, none + high, step, first, most, np.array([-1]), np.array([3]))


@pytest.mark.parametrize(
    ("centre", "limits", "quantities", "edges"),
    [
        (6, packs(), [0, 4, 6, 8, 10], [10]),
        (0, packs(), [0, 4, 6], [6]),
        (6, packs(high=8), [0, 4, 6, 8], []),
        (10, packs(available=10), [6, 8, 10], [6]),
    ],
)
def test_quantities_around_the_models_are_whole_packs_within_the_limits(
    centre: int, limits: Limits, quantities: list[int], edges: list[int]
) -> None:
    qty, edge = neighbours(0, np.array([centre, 0]), np.array([True, False]), limits, SCALE)
    assert qty[:, 0].tolist() == quantities and (qty[:, 1] == 0).all()
    assert qty[edge, 0].tolist() == edges


def test_the_reach_shrinks_until_a_pattern_has_few_enough_plans() -> None:
    orders, centre = np.ones(2, dtype=bool), np.array([20, 20])
    assert len(neighbours(0, centre, orders, packs(), SCALE)[0]) == 25
    assert len(neighbours(0, centre, orders, packs(), replace(SCALE, most=24))[0]) == 9


def test_linked_companies_have_every_lane_and_drawn_ones_come_as_they_are() -> None:
    (_, _, linked), (_, _, empty), (_, _, drawn) = companies(SCALE)
    assert linked.arcs.allowed.all() and empty.arcs.allowed.all() and not drawn.arcs.allowed.all()
    assert linked.positions.position.any() and not empty.positions.position.any()
    assert (linked.demand.mean == empty.demand.mean).all()


def test_a_share_is_of_means_and_its_interval_of_the_ratio() -> None:
    assert share(np.array([1.0, 3.0]), np.array([50.0, 150.0])) == "+2.00 % ± 0.00"
