"""Rows of few parts, kept instead of priced: a bound that is never lower, and never above what plans cost."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import cases
from benchmarks.companies import company
from vmi.placement import keeping
from vmi.placement.finding import SHUT, Case, Found, begin
from vmi.placement.instance import Instance
from vmi.placement.keeping import keep_rows
from vmi.placement.master import Search, answer, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.settling import what_fits
from vmi.placement.trading import Near


def hazardous(seed: int) -> cases.Case:
    """Return a case in which every sixth part is hazardous, and little room is for those."""
    problem = company(90, 3, seed)
    parts = problem.parts.assign(hazmat=np.arange(90) % 6 == 0)
    scarce = cases.scarce(replace(problem, parts=parts), PlacementParameters(relative_gap=SHUT), 0.7)
    room = scarce.problem.warehouses
    room = room.assign(free_hazmat_m3=0.7 * (room["free_hazmat_m3"] - cases.LEAST_HAZMAT_M3))
    return cases.prepare(replace(scarce.problem, warehouses=room), scarce.parameters)


def priced(instance: Instance, parameters: PlacementParameters) -> tuple[Case, Near, Found]:
    """Return where a solve stands once rows have prices and plans were made to fit."""
    none = np.zeros(len(instance.free))
    first = answer(instance, instance.everyone, instance.free_choice(), none)
    active = np.flatnonzero((instance.usage(instance.everyone, first.qty) > 0).any(axis=1)).astype(np.int64)
    fits = what_fits(instance, instance.free_choice())
    case = Case(instance, fits, active, parameters, float(first.cost.sum()), 0.0)
    found = price_rows(instance, active, fits, Search(None, 60))
    said = answer(instance, active, fits, found.prices)
    near = Near(found.prices, said, 500, np.arange(len(active)), np.zeros(len(active)))
    return case, near, begin(case, near, found.bound)


def reduced(case: Case, near: Near, qty: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return how much dearer than its part's best each plan is, rows priced."""
    charges = case.instance.charges(near.prices)[case.active]
    return cost + (charges[:, :, 0] * qty + charges[:, :, 1] * (qty > 0)).sum(axis=1) - near.said.value


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the parts stay outside the program, which is tried whatever is at stake."""
    monkeypatch.setattr(keeping, "FEW", 16)
    monkeypatch.setattr(keeping, "WORTH_IT", 0.0)


SEEDS = (1, 2, 3, 4, 5, 6, 25)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_rises_but_not_above_the_least_cost_and_the_spare_loses_no_better_plan(seed: int) -> None:
    drawn = hazardous(seed)
    instance = drawn.pooled()
    best = drawn.solve(instance)
    assert best.status == "optimal"
    case, near, found = priced(instance, drawn.parameters)
    kept, raised = keep_rows(case, near, found)
    settled = float(best.cost.sum() - best.cost[case.active].sum())
    assert found.bound <= raised.bound <= best.objective - settled + SHUT * best.objective
    dearer = reduced(case, near, best.qty[case.active], best.cost[case.active])
    assert (dearer <= best.objective - settled - raised.bound + kept.spare + 1e-6).all()


def test_a_row_of_few_large_things_proves_more_when_kept() -> None:
    shares = []
    for seed in SEEDS:
        drawn = hazardous(seed)
        case, near, found = priced(drawn.pooled(), drawn.parameters)
        raised = keep_rows(case, near, found)[1]
        shares.append((raised.bound - found.bound) / found.gap)
    assert np.mean(shares) > 0.1, shares


@pytest.mark.parametrize(("name", "value"), [("FEW", 0), ("FEW", 90), ("WORTH_IT", 2.0)])
def test_nothing_changes_without_rows_of_few_parts_with_few_parts_in_all_or_where_too_little_is_theirs(
    name: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, name, value)
    drawn = hazardous(1)
    case, near, found = priced(drawn.pooled(), drawn.parameters)
    kept, raised = keep_rows(case, near, found)
    assert kept is near and raised is found


def test_wishes_cost_what_they_say_and_fit_the_rows_kept() -> None:
    changed = 0
    for seed in SEEDS:
        drawn = hazardous(seed)
        case, near, found = priced(drawn.pooled(), drawn.parameters)
        wishes, rows = keep_rows(case, near, found)[0].said, keeping._kept_rows(case, near).rows
        changed += int((wishes.qty != near.said.qty).any(axis=1).sum())
        used = case.instance.usage(case.active, wishes.qty).sum(axis=0)
        assert (reduced(case, near, wishes.qty, wishes.cost) >= -1e-6).all()
        assert (used[rows] <= case.instance.free[rows] + 1e-9).all()
    assert changed
