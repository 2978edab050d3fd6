"""Small problems against every pattern and every quantity, priced by scipy and by nothing of the model."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.placement import cases
from vmi.placement.catalogue import assignment_cost, hub_sets, pattern
from vmi.placement.evaluate import _Book, _pool, _stock_cost, evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place
from vmi.placement.problem import PlacementProblem

PARAMETERS = PlacementParameters()


def random_problem(seed: int) -> PlacementProblem:
    rng = np.random.default_rng(seed)
    n, w = int(rng.integers(1, 4)), int(rng.integers(2, 4))
    rate = np.exp(rng.normal(-3.5, 1.5, (n, w))).clip(1e-4, 0.5).round(4)
    changes = [
        {
            "unit_cost": float(np.exp(rng.normal(4, 1)).round(2)),
            "volume_m3": float(rng.choice([0.01, 0.05, 0.1])),
            "pack_qty": int(rng.choice([1, 1, 2, 4])),
            "min_order_qty": int(rng.choice([1, 1, 3])),
            "criticality": str(rng.choice(list("ABC"))),
            "hazmat": bool(rng.random() < 0.2),
            "available_qty": float(rng.choice([np.inf, np.inf, 3, 0])),
        }
        for _ in range(n)
    ]
    made = cases.problem(rate.tolist(), changes)
    stock = rng.poisson(rate * 8) - (rng.random((n, w)) < 0.15)
    free = pd.DataFrame(
        {"free_m3": rng.choice([0.0, 0.1, 0.25, 5.0], w), "free_hazmat_m3": rng.choice([0.0, 0.1, 5.0], w)},
        index=made.warehouses.index,
    )
    return replace(made, positions=cases.positions((n, w), on_hand=stock), warehouses=free)


def part_plans(problem: PlacementProblem, i: int) -> list[tuple[float, np.ndarray]]:
    """Return (cost, units by hub) of every pattern and quantity of part i, priced by the evaluator's own formulas."""
    part = problem.parts.iloc[i]
    n, name = len(problem.warehouses), str(problem.parts.index[i])
    first = -(-max(part["min_order_qty"], 1) // part["pack_qty"]) * part["pack_qty"]
    quantities = [0, *range(first, 33, part["pack_qty"])]
    distance = assignment_cost(problem.arcs)
    patterns = [pattern(distance, h) for h in hub_sets(distance, np.ones(n), tuple(range(n)), PARAMETERS)]
    cost = pool_costs(problem, name, sorted({pool for found in patterns for pool in found}), quantities)
    best: dict[bytes, tuple[float, np.ndarray]] = {}
    for pools in patterns:
        for qty in itertools.product(*([quantities] * len(pools))):
            units = np.zeros(n, dtype=int)
            units[[pool[0] for pool in pools]] = qty
            total = sum(cost[pool, q] for pool, q in zip(pools, qty, strict=True))
            if sum(qty) <= part["available_qty"] and total < best.get(units.tobytes(), (np.inf,))[0]:
                best[units.tobytes()] = (total, units)
    return list(best.values())


def pool_costs(
    problem: PlacementProblem, name: str, pools: list[tuple[int, int, bool]], quantities: list[int]
) -> dict[tuple[tuple[int, int, bool], int], float]:
    ids = problem.warehouse_ids
    keys, book = list(itertools.product(pools, quantities)), _Book(problem)
    rows = [
        _pool(book, PARAMETERS, (name, ids[pool[0]]), [ids[r] for r in range(len(ids)) if pool[1] >> r & 1], qty)
        for pool, qty in keys
    ]
    table = pd.DataFrame(rows)
    return dict(zip(keys, _stock_cost(table) + table["fixed"], strict=True))


def cheapest(problem: PlacementProblem) -> float:
    """Return the least cost over all parts together, by enumeration with what is left of the space as state."""
    volume = problem.parts["volume_m3"].to_numpy()
    hazmat = np.where(problem.parts["hazmat"], volume, 0.0)
    free = problem.warehouses.to_numpy()
    best = np.inf
    plans = [sorted(part_plans(problem, i), key=lambda p: p[0]) for i in range(len(problem.parts))]
    lowest = [min(p[0] for p in plan) for plan in plans] + [0.0]

    def descend(i: int, cost: float, used: np.ndarray) -> None:
        nonlocal best
        if cost + sum(lowest[i:]) >= best:
            return
        if i == len(plans):
            best = cost
            return
        for own, units in plans[i]:
            then = used + units[:, None] * np.array([volume[i], hazmat[i]])
            if cost + own + sum(lowest[i + 1 :]) >= best:
                break
            if (then <= free + 1e-9).all():
                descend(i + 1, cost + own, then)

    descend(0, 0.0, np.zeros_like(free))
    return best


def check(seeds: range) -> None:
    for seed in seeds:
        problem = random_problem(seed)
        found = place(problem, PARAMETERS)
        best = cheapest(problem)
        scale = max(1.0, abs(best))
        assert found.optimisation.bound <= best + 1e-5 * scale, seed
        assert found.optimisation.objective <= best + 1e-5 * scale + found.optimisation.gap * scale, seed
        assert abs(found.optimisation.objective - best) <= 1e-5 * scale, seed
        checked = evaluate(problem, found, PARAMETERS)
        assert checked.violations == [], seed
        assert checked.cost == pytest.approx(found.optimisation.objective, rel=1e-6, abs=1e-4), seed


@pytest.mark.parametrize("block", range(4))
def test_no_pattern_and_no_quantity_is_better_than_the_plan_or_the_gap_says_so(block: int) -> None:
    check(range(10 * block, 10 * block + 10))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4, 10))
def test_no_pattern_and_no_quantity_is_better_than_the_plan_on_sixty_more_nights(block: int) -> None:
    check(range(10 * block, 10 * block + 10))
