"""Transfers and orders as one model: what moves are worth, and a bound that no plan with transfers beats."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vmi.placement.draft import Draft, draft
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Moved, place
from vmi.placement.problem import PlacementProblem
from vmi.placement.worth import Worth

sys.path.insert(0, str(Path(__file__).parent))
import cases

PARAMETERS = PlacementParameters(truck_patience=0.0)
SITES = range(3)
PAIRS = list(itertools.permutations(SITES, 2))
UNIT, TRIP, MOST = 3.0, 8.0, 2
"""Freight of a unit and of a trip [CNY], units that may move."""

Shift = tuple[int, int, int] | None
"""From, to, units of one part; None: it stays."""
SHIFTS: list[Shift] = [None, *((a, b, n) for a, b in PAIRS for n in range(1, MOST + 1))]


def company(seed: int) -> PlacementProblem:
    """Return two parts at three warehouses: stock in the wrong place, packs, little room."""
    rng = np.random.default_rng(seed)
    rate = rng.uniform(0.005, 0.15, (2, 3))
    made = cases.problem(rate.tolist(), [{"pack_qty": int(p), "criticality": "A"} for p in rng.integers(1, 5, 2)])
    room = made.warehouses.assign(free_m3=rng.uniform(0.0, 0.06, 3).round(3))
    stock = cases.positions((2, 3), on_hand=rng.integers(0, 8, (2, 3)), backordered=rng.integers(0, 2, (2, 3)))
    return replace(made, positions=stock, warehouses=room)


def after(problem: PlacementProblem, shifts: tuple[Shift, ...]) -> PlacementProblem | None:
    """Return the problem once units have moved; None if they do not fit."""
    units = np.zeros((2, 3), dtype=np.int64)
    for i, shift in enumerate(shifts):
        if shift is not None:
            units[i, shift[0]] -= shift[2]
            units[i, shift[1]] += shift[2]
    volume = problem.parts["volume_m3"].to_numpy()
    room = problem.warehouses["free_m3"].to_numpy() - (units * volume[:, None]).sum(axis=0)
    if (room < -1e-9).any() or ((units < -problem.positions.on_hand).any() and len(problem.overrides) == 0):
        return None
    left = problem.warehouses.assign(free_m3=np.maximum(room, 0.0))
    return replace(problem, positions=problem.positions.after(units), warehouses=left)


def freight(shifts: tuple[Shift, ...]) -> float:
    moves = [shift for shift in shifts if shift is not None]
    return UNIT * sum(n for _, _, n in moves) + TRIP * len({(a, b) for a, b, _ in moves})


class Chooser:
    """A transfer program by enumeration, which reads of the placement what its worth tells."""

    def __init__(self, problem: PlacementProblem) -> None:
        self.problem = problem

    def __call__(self, worth: Worth) -> Moved:
        net = {shifts: freight(shifts) - self._saved(worth, shifts) for shifts in self._possible()}
        best = min(net, key=lambda shifts: net[shifts])
        chosen = after(self.problem, best) if net[best] < 0 else None
        return Moved(chosen, pd.DataFrame(), freight(best), net[best])

    def _possible(self) -> list[tuple[Shift, ...]]:
        every = itertools.product(SHIFTS, repeat=2)
        return [s for s in every if any(s) and after(self.problem, s) is not None]

    def _saved(self, worth: Worth, shifts: tuple[Shift, ...]) -> float:
        found, room = 0.0, worth.space["m3"].to_numpy()
        for i, shift in enumerate(shifts):
            if shift is not None:
                a, b, n = shift
                found += told(worth, i, a, b)[:n].sum() - n * 0.01 * (room[b] - room[a])
        return found


def told(worth: Worth, i: int, a: int, b: int) -> np.ndarray:
    """Return what each unit of a part from warehouse a to b saves."""
    move = pd.DataFrame({"part_id": [f"P{i}"], "warehouse_id": [f"W{a}"], "to_warehouse": [f"W{b}"]})
    return worth.units(move, np.array([MOST]), np.array([-np.inf]))[0]


def truly_saved(still: Draft, i: int, a: int, b: int, n: int) -> float:
    units = np.zeros((2, 3), dtype=np.int64)
    units[i, a], units[i, b] = -n, n
    moved = still.after(replace(still.problem, positions=still.problem.positions.after(units)))
    prices = still.solution.prices
    return float(still.values(prices)[i] - moved.values(prices)[i])


@pytest.mark.parametrize("seed", range(4))
def test_the_units_that_move_save_the_least_concave_majorant_of_the_truth(seed: int) -> None:
    still = draft(company(seed), PARAMETERS, None)
    for i, (a, b) in itertools.product(range(2), PAIRS):
        one, two = (truly_saved(still, i, a, b, n) for n in (1, 2))
        first = max(one, two / 2)
        assert told(Worth(still, still.solution.prices), i, a, b) == pytest.approx([first, two - first], abs=2e-6)


@pytest.mark.parametrize("seed", range(8))
def test_no_plan_with_transfers_beats_the_bound_and_the_plan_is_as_near_as_it_says(seed: int) -> None:
    problem = company(seed)
    still = draft(problem, PARAMETERS, None)
    found = place(problem, PARAMETERS, mover=Chooser(problem))
    every = {s: after(problem, s) for s in itertools.product(SHIFTS, repeat=2)}
    cost = {s: freight(s) + still.after(p).solution.objective for s, p in every.items() if p is not None}
    for share in (0.0, 0.5, 1.0, 2.0):
        worth = Worth(still, share * still.solution.prices)
        assert worth.bound + Chooser(problem)(worth).bound <= min(c for s, c in cost.items() if any(s)) + 1e-4
    best, proof = min(cost.values()), found.optimisation
    assert proof.bound <= best + 1e-4
    assert best - 1e-4 <= proof.objective <= still.solution.objective + 1e-6


def test_what_a_planner_forces_is_forced_alike_before_and_after_transfers() -> None:
    """Room that a move frees must not let in an order that the bound knows nothing of."""
    problem = replace(company(3), overrides=cases.overrides(("P0", "W0", "order", 6)))
    problem = replace(problem, warehouses=problem.warehouses.assign(free_m3=[0.0, 1.0, 1.0]))
    still = draft(problem, PARAMETERS, None)
    assert not still.limits.low.any()
    emptied = after(problem, (None, (0, 1, 7)))
    assert emptied is not None and emptied.warehouses["free_m3"].iloc[0] > 0.06
    assert still.after(emptied).limits is still.limits


def test_moves_that_pay_are_made_and_the_independent_price_agrees() -> None:
    moved = 0
    for seed in range(12):
        problem = company(seed)
        found = place(problem, PARAMETERS, mover=Chooser(problem))
        own = found.moved.cost if found.moved else 0.0
        priced = evaluate(found.problem, found, PARAMETERS)
        assert priced.violations == []
        assert priced.cost + own == pytest.approx(found.optimisation.objective, abs=1e-4)
        moved += found.moved is not None
    assert moved >= 4


def test_a_screened_move_is_told_as_worth_nothing() -> None:
    still = draft(company(0), PARAMETERS, None)
    worth = Worth(still, still.solution.prices)
    move = pd.DataFrame({"part_id": ["P0", "P9"], "warehouse_id": ["W0", "W0"], "to_warehouse": ["W1", "W1"]})
    assert worth.units(move, np.array([2, 2]), np.array([1e9, -1.0])).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert worth.most(move["part_id"])[1] == 0.0 < worth.most(move["part_id"])[0]
