"""Plans made to fit: on drawn problems of some hundred parts, where no program is needed."""

from typing import Any

import numpy as np
import pytest
from ortools.linear_solver import pywraplp

from benchmarks.cases import Case, prepare
from benchmarks.companies import day_later
from benchmarks.solves import Setting
from vmi import integer
from vmi.placement import master, solving
from vmi.placement.finding import Case as Setup
from vmi.placement.finding import Found
from vmi.placement.instance import Instance
from vmi.placement.master import Priced
from vmi.placement.settling import Plans, limit_units
from vmi.placement.solving import NEAR_ENOUGH, Solution
from vmi.placement.trading import Near


@pytest.fixture(scope="module")
def case() -> Case:
    return Setting(1_500, warehouses=6).case()


@pytest.fixture(scope="module")
def instance(case: Case) -> Instance:
    return case.pooled()


@pytest.fixture(scope="module")
def found(case: Case, instance: Instance) -> Solution:
    return case.solve(instance)


def fits(instance: Instance, found: Solution) -> bool:
    used = instance.usage(instance.everyone, found.qty).sum(axis=0)
    supplied = (found.qty.sum(axis=1) <= instance.limits.available).all()
    return bool((used <= instance.free + 1e-6).all() and supplied)


def true_cost(instance: Instance, found: Solution) -> float:
    """Return what the patterns and quantities cost by the table, whatever the solver says."""
    menu, table, total = instance.menu, instance.table, 0.0
    for i, cls in enumerate(menu.part_class):
        m = menu.pattern_from[cls] + found.pattern[i]
        for j in menu.members[menu.member_from[m] : menu.member_from[m + 1]]:
            pool, row = menu.pool_from[cls] + j, table.row_from[i] + j
            options = slice(table.option_from[row], table.option_from[row + 1])
            asked = found.qty[i, menu.pool_hub[pool]] if menu.pool_orders[pool] else 0
            total += table.cost[options][table.qty[options] == asked][0]
    return total


def test_a_plan_without_a_program_fits_and_costs_what_it_says(
    case: Case, instance: Instance, found: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solving, "choose", lambda case, near, found, thorough: found)
    plan = case.solve(instance)
    assert fits(instance, plan)
    assert plan.objective == pytest.approx(true_cost(instance, plan), abs=1e-3)
    assert plan.bound <= found.objective + 1e-6
    assert plan.objective - plan.bound <= 5e-3 * plan.objective


def test_the_gap_that_contents_is_reached_and_a_smaller_one_brings_a_plan_no_dearer(
    instance: Instance, found: Solution
) -> None:
    assert found.within(NEAR_ENOUGH) and fits(instance, found)
    tight = Setting(1_500, warehouses=6, relative_gap=2e-5).case().solve(instance)
    assert tight.objective <= found.objective + 1e-6 and fits(instance, tight)
    assert tight.bound <= found.objective + 1e-6 and found.bound <= tight.objective + 1e-6
    assert tight.objective - tight.bound < found.objective - found.bound


def test_every_program_begins_with_a_plan_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, solve = list[float](), integer.solve

    def watched(program: integer.Program, relative_gap: float, node_limit: int) -> integer.Solution:
        assert program.start is not None and program.row_lower is not None
        values = program.values * program.start[program.columns]
        held = np.bincount(program.rows, weights=values, minlength=len(program.row_upper))
        assert (held <= program.row_upper + 1e-6).all() and (held >= program.row_lower - 1e-6).all()
        begun.append(float(program.cost @ program.start))
        better = solve(program, relative_gap, node_limit)
        assert better.objective <= begun[-1] + program.constant + 1e-6
        return better

    monkeypatch.setattr(integer, "solve", watched)
    few = Setting(300, warehouses=6, seed=2, relative_gap=1e-6).case()
    few.solve(few.pooled())
    assert len(begun) >= 2


def test_rows_are_kept_against_the_bound_of_the_prices_whatever_a_program_has_proven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    against, began = list[float](), list[float]()
    price, keep = solving.price_rows, solving.keep_rows

    def priced(*given: Any) -> Priced:
        found: Priced = price(*given)
        began.append(found.bound)
        return found

    def kept(case: Setup, near: Near, found: Found) -> tuple[Near, Found]:
        against.append(found.bound)
        return keep(case, near, found)

    monkeypatch.setattr(solving, "price_rows", priced)
    monkeypatch.setattr(solving, "keep_rows", kept)
    few = Setting(1_200, warehouses=5, seed=3, share=0.6, relative_gap=3e-5, every_hub_set_up_to=0).case()
    against.clear()
    few.solve(few.pooled())
    assert against == [began[-1]]


def test_yesterdays_prices_save_passes_and_their_bound_is_no_higher_than_any_plan(case: Case, found: Solution) -> None:
    later = prepare(day_later(case.problem, 1), case.parameters)
    today = later.pooled()
    cold, warm = later.solve(today), later.solve(today, found.prices)
    absurd = later.solve(today, 1e3 * found.prices + 1.0)
    for plan in (cold, warm, absurd):
        assert fits(today, plan) and plan.within(NEAR_ENOUGH)
        assert plan.bound <= min(cold.objective, warm.objective, absurd.objective) + 1e-6


def test_the_same_problem_gives_the_same_bytes(case: Case, instance: Instance, found: Solution) -> None:
    again = case.solve(instance)
    assert again.qty.tobytes() == found.qty.tobytes() and again.cost.tobytes() == found.cost.tobytes()
    assert again.bound == found.bound and again.prices.tobytes() == found.prices.tobytes()


def test_no_part_gains_by_what_is_left_over(case: Case, instance: Instance, found: Solution) -> None:
    """Every part alone in the room that the others leave: its plan is as cheap as its best."""
    left = instance.free - instance.usage(instance.everyone, found.qty).sum(axis=0)
    none = np.zeros(len(left))
    for part in np.flatnonzero(found.cost > np.quantile(found.cost, 0.98)):
        one = np.array([part])
        room = left + instance.usage(one, found.qty[one])[0]
        anything = instance.free_choice()
        limit_units(int(part), instance.rows, room, anything.most)
        best = solving.answer(instance, one, anything, none)
        fitting = (instance.usage(one, best.qty)[0] <= room + 1e-9).all()
        assert not fitting or best.cost[0] >= found.cost[part] - 1e-5


def test_a_gap_counts_as_none_only_beside_the_cost() -> None:
    plans = Plans(np.zeros(1, np.int64), np.zeros((1, 2), np.int64), np.array([1e6]))
    assert Found(plans, 1e6 - 0.9).shut and not Found(plans, 1e6 - 1.1).shut


class Wavering:
    """A solver that ends without an optimum the first times of every program, as GLOP may by rounding."""

    def __init__(self, inner: object, failures: int) -> None:
        self.inner, self.failures, self.tried = inner, failures, 0

    def Solve(self, way: object) -> int:
        self.tried += 1
        if self.tried <= self.failures:
            return int(pywraplp.Solver.ABNORMAL)
        self.tried = 0
        return int(self.inner.Solve(way))  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@pytest.mark.parametrize("failures", [1, 2, 10**9])
def test_a_night_outlives_a_price_master_that_finds_no_optimum(
    failures: int, case: Case, instance: Instance, found: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = pywraplp.Solver.CreateSolver
    monkeypatch.setattr(master.pywraplp.Solver, "CreateSolver", lambda name: Wavering(create(name), failures))
    plan = case.solve(instance, start=found.prices)
    assert fits(instance, plan) and plan.bound <= found.objective + 1e-6
    assert plan.within(NEAR_ENOUGH) and found.bound <= plan.objective + 1e-6


def test_a_night_without_any_prices_has_a_plan_and_a_bound(
    case: Case, instance: Instance, found: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = pywraplp.Solver.CreateSolver
    monkeypatch.setattr(master.pywraplp.Solver, "CreateSolver", lambda name: Wavering(create(name), 10**9))
    plan = case.solve(instance)
    assert fits(instance, plan) and np.isfinite(plan.bound) and plan.bound <= found.objective + 1e-6
