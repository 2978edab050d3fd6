"""The allocation benchmark: seeded problems, the dedicated model, rivals' programs and logs, and all its sections."""

import os
import time
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from benchmarks import allocation
from benchmarks.allocation import SECTIONS, Scale, exponent, versus
from benchmarks.apart import apart, apart_within
from benchmarks.cases import Case, prepare, scarce
from benchmarks.companies import company, day_later
from benchmarks.dedicated import tabulate_dedicated
from benchmarks.monolith import Moment, Run, competing, gap, monolith, run, trail
from benchmarks.solves import Setting, Solved, dedicated, prices_alone
from vmi.placement.evaluate import evaluate
from vmi.placement.model import Table, pool_moments, pool_position
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place
from vmi.placement.values import WINDOWS, costs

EXACT = PlacementParameters()


def small(parts: int, warehouses: int, seed: int = 1, share: float = 0.6) -> Case:
    return scarce(company(parts, warehouses, seed), EXACT, share)


def test_a_seed_gives_the_same_company_and_another_seed_another() -> None:
    first, again, other = company(30, 4, seed=3), company(30, 4, seed=3), company(30, 4, seed=4)
    pd.testing.assert_frame_equal(first.parts, again.parts)
    pd.testing.assert_frame_equal(first.trucks, again.trucks)
    assert (first.demand.mean == again.demand.mean).all() and (first.positions.on_hand == again.positions.on_hand).all()
    assert not np.array_equal(first.demand.mean, other.demand.mean)


def test_a_drawn_problem_is_planned_without_breaking_a_rule() -> None:
    case = small(60, 4)
    plan = place(case.problem, case.parameters)
    told = evaluate(case.problem, plan, case.parameters)
    assert told.violations == [] and told.cost == pytest.approx(plan.optimisation.objective, rel=1e-6)


def test_scarce_rows_bind() -> None:
    case = small(60, 4)
    solution = case.solve(case.pooled())
    used = case.rows.used(np.arange(60), solution.qty).sum(axis=0)
    assert (used <= case.rows.free + 1e-9).all() and (solution.prices > 0).sum() >= 2


def test_all_kinds_of_rows_bind_where_lines_are_scarce_too() -> None:
    case = scarce(company(400, 4), EXACT, 0.7, lines_share=0.7)
    solution, rows = case.solve(case.pooled()), case.rows
    lines = (solution.qty > 0).astype(np.int64)
    into, out_of = lines.sum(axis=0), np.bincount(rows.supplier, lines.sum(axis=1))
    assert (into <= rows.free[rows.lines : rows.suppliers]).all() and (out_of <= rows.free[rows.suppliers :]).all()
    assert (solution.prices[rows.lines : rows.suppliers] > 0).any() and (solution.prices[rows.suppliers :] > 0).any()


def test_a_day_later_only_stock_has_gone_down() -> None:
    before = company(50, 4)
    after = day_later(before, seed=5)
    sold = before.positions.on_hand - after.positions.on_hand
    assert (sold >= 0).all() and sold.sum() > 0 and after.demand is before.demand


def test_dedicated_cost_is_the_best_of_all_splits_of_the_units_over_the_regions() -> None:
    case = prepare(company(6, 3, seed=2), EXACT)
    table, checked = tabulate_dedicated(case), 0
    for i in range(6):
        first = case.menu.pool_from[case.menu.part_class[i]]
        for row in range(table.row_from[i], table.row_from[i + 1]):
            pool = first + row - table.row_from[i]
            for o in range(table.option_from[row], min(table.option_from[row + 1], table.option_from[row] + 4)):
                expected = best_split(case, i, int(case.menu.pool_hub[pool]), int(case.menu.pool_mask[pool]), table, o)
                assert table.cost[o] == pytest.approx(expected, abs=2e-6)
                checked += 1
    assert checked > 30


def best_split(case: Case, i: int, hub: int, mask: int, table: Table, option: int) -> float:
    """Return the cost of an option by trying every split of its units."""
    regions, qty = [r for r in range(case.ground.mean.shape[1]) if mask >> r & 1], int(table.qty[option])
    moments = [(np.empty(WINDOWS), np.empty(WINDOWS)) for _ in regions]
    fixed = sum(
        pool_moments(i, hub, 1 << r, case.ground, case.money, *found) for r, found in zip(regions, moments, strict=True)
    )
    price, units = case.money.price[i, hub], pool_position(i, mask, case.ground) + qty
    most = max(units, 0)
    by_region = [
        costs(
            np.tile(mean, (most + 1, 1)),
            np.tile(var, (most + 1, 1)),
            np.tile(price, (most + 1, 1)),
            np.arange(most + 1),
        )
        for mean, var in moments
    ]
    splits = [s for s in product(range(most + 1), repeat=len(regions)) if sum(s) == most]
    least = min(sum(cost[x] for cost, x in zip(by_region, split, strict=True)) for split in splits)
    return float(least + price[1] * max(-units, 0) + case.money.freight[i, hub] * qty + fixed)


def test_dedicated_cover_is_never_cheaper_than_pooled() -> None:
    case = small(80, 4)
    pooled, reserved = case.solve(case.pooled()), case.solve(dedicated(case))
    assert pooled.bound <= reserved.objective and pooled.objective < reserved.objective


def test_alone_every_region_is_its_own_pool() -> None:
    case = small(30, 4)
    patterns = case.menu.pattern_from[case.menu.part_class] + case.every_site_alone()
    assert (case.menu.member_from[patterns + 1] - case.menu.member_from[patterns] == 4).all()


@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
def test_one_integer_program_has_the_optimum_that_ours_proves(solver: str) -> None:
    case = small(20, 4, seed=2)
    instance = dedicated(case)
    ours = case.solve(instance)
    found = run(monolith(instance, *competing(instance)), solver, seconds=20.0)
    assert ours.status == "optimal" and found.gap <= 1e-6
    assert found.objective == pytest.approx(ours.objective, rel=2e-6)


def test_where_supply_is_ample_the_relaxation_is_worth_what_the_prices_prove() -> None:
    drawn = company(40, 4)
    case = scarce(replace(drawn, parts=drawn.parts.assign(available_qty=np.inf)), EXACT, 0.6)
    instance = dedicated(case)
    found = run(monolith(instance, *competing(instance)), "HiGHS", 20.0, relaxed=True)
    parts, constant = competing(instance)
    proven = prices_alone(case, instance, None).bound + constant
    assert len(parts) > 5 and found.objective == pytest.approx(proven, rel=1e-6)


def test_logs_of_highs_and_scip_are_read() -> None:
    highs = (
        " J       0       0         0   0.00%   -inf            36262.489515       Large        0      0      0"
        "         0     0.3s\n"
        " C       0       0         0   0.00%   21523.70627     22527.200215       4.45%      189     42      0"
        "      1815     0.7s\n"
        "  Primal bound       21549.692197"
    )
    assert trail(highs) == (Moment(0.3, 36262.489515, -np.inf), Moment(0.7, 22527.200215, 21523.70627))
    scip = (
        "p 0.0s|     1 |     0 |     0 |     - |   locks|   0 |  60 |   8 |   8 |   0 |  0 |   0 |   0 | -9.0e+03 |"
        "      --      |    Inf | unknown\n"
        "  7.1s|     1 |     0 |  9329 |     - |   127M |   0 | 664 | 499 | 466 |   0 |  0 |  65 |   0 | 2.1e+04 |"
        " 2.2e+04 |   0.06%| unknown\n"
        " time | node  | left  |LP iter|LP it/n|mem/heur|mdpt |vars |cons |rows |cuts |sepa|confs|strbr|  dualbound   |"
        " primalbound  |  gap   | compl. "
    )
    assert trail(scip) == (Moment(0.0, np.inf, -9.0e3), Moment(7.1, 2.2e4, 2.1e4))


def test_a_rival_is_timed_to_every_gap_that_both_reach() -> None:
    ours = [
        Solved(10, o, b, {"tabulate": 1.0, "solve": s}, 1, 1) for o, b, s in ((125.0, 99.9, 1.0), (100.0, 99.9, 5.0))
    ]
    rival = Run(110.0, 99.0, 1.0, 60.0, (Moment(5.0, 120.0, 99.0), Moment(39.0, 110.0, 99.0)))
    assert gap(110.0, 99.0) == pytest.approx(0.1) and rival.first_seconds == 5.0
    assert versus(ours, rival) == "3.0 times to 20.0800 %, 6.7 times to 10.0000 %; plan 9.09091 % cheaper"
    assert versus(ours, Run(np.inf, 99.0, 1.0, 60.0, ())) == "no solution in 60 s"


def test_seconds_in_proportion_to_parts_grow_with_exponent_one() -> None:
    assert exponent([100, 200, 400], [1.0, 2.0, 4.0]) == pytest.approx(1.0)


def test_work_apart_runs_in_another_process_and_tells_its_memory() -> None:
    pid, peak = apart(os.getpid)
    assert pid != os.getpid() and peak > 10.0


def test_work_apart_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        apart_within(0.5, time.sleep, 600.0)


@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
def test_the_parts_that_do_not_compete_change_nothing(solver: str) -> None:
    case = small(20, 4, seed=2)
    instance = dedicated(case)
    whole = run(monolith(instance, instance.everyone, 0.0), solver, seconds=20.0)
    assert len(competing(instance)[0]) < 20
    assert whole.objective == pytest.approx(case.solve(instance).objective, rel=2e-6)


def test_a_rival_that_does_not_look_at_its_clock_has_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(allocation, "apart_within", ended)
    ours = Solved(10, 100.0, 99.9, {"tabulate": 1.0, "solve": 1.0}, 1, 1)
    assert versus([ours], allocation._rival(Setting(30), True, "HiGHS", 5.0)[0]) == "no solution in 55 s"


def test_every_section_prints_its_table_and_returns_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(allocation, "apart", lambda work, *given: (work(*given), 1.0))
    monkeypatch.setattr(allocation, "apart_within", lambda most, work, *given: (work(*given), 1.0))
    scale = Scale(sizes=(20, 30), parts=30, scenarios=10, companies=1, seconds=2.0, lp_seconds=5.0, gaps=(0.0,))
    setting = Setting(30, warehouses=4, relative_gap=1e-2)
    rows = [row for section in SECTIONS.values() for row in section(setting, scale)]
    assert len(rows) == 15 and all(len(row) == 4 and row[3] for row in rows)
    printed = capsys.readouterr().out
    for name in ("dedicated, units reserved", "pooled, greedy sets of hubs", "HiGHS dual simplex"):
        assert name in printed


def test_an_unknown_section_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        allocation.main(["nothing"])
    assert "no section nothing" in capsys.readouterr().err
