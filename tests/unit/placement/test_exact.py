"""Two hundred random small nights against the same model as one integer program, solved to a gap of nothing.

Sets, data and constraints are those of ``vmi.placement.model``; nothing of it is used. Patterns are listed here, costs
are the evaluator's (scipy's distributions), the program is SCIP's.

Variables
    z_im 1 if part i takes the set of hubs m; v_ijq 1 if pool j of part i orders q units
Model
    (1) min  sum cost_ijq v_ijq + change_cost changes_im z_im
    (2) sum_m z_im = 1                                      for every part
    (3) sum_q v_ijq = sum_{m with j} z_im                   for every pool
    (4) sum q v_ijq <= available_i                          for every limited part
    (5) sum use_ijq,k v_ijq <= b_k                          volume, hazmat volume, budget, lines
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ortools.linear_solver import pywraplp

from tests.unit.placement import cases
from vmi.placement.catalogue import assignment_cost
from vmi.placement.evaluate import _Book, _pool, _stock_cost, evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place
from vmi.placement.problem import Arcs, PlacementProblem

Pool = tuple[int, tuple[int, ...], bool]
"""Hub, regions, and whether it may order."""


def random_night(seed: int) -> tuple[PlacementProblem, PlacementParameters]:
    """Return up to 40 parts in up to 4 warehouses, most rows tight; in whole litres and CNY, so none hangs on 1e-9."""
    rng = np.random.default_rng(seed)
    n, w = int(rng.integers(2, 41)), int(rng.integers(2, 5))
    rate = np.exp(rng.normal(-3.5, 1.3, (n, w))).clip(1e-4, 0.4).round(4) * (rng.random((n, w)) < 0.85)
    changes = [
        {
            "supplier_id": str(rng.choice(["S1", "S2"])),
            "unit_cost": float(np.ceil(np.exp(rng.normal(4, 1)))),
            "volume_m3": float(rng.choice([0.004, 0.01, 0.05, 0.1])),
            "weight_kg": float(rng.choice([0.2, 2.0, 20.0])),
            "pack_qty": int(rng.choice([1, 1, 2, 4])),
            "min_order_qty": int(rng.choice([1, 1, 3])),
            "hazmat": bool(rng.random() < 0.2),
            "criticality": str(rng.choice(list("ABC"))),
            "available_qty": float(rng.choice([np.inf, np.inf, np.inf, 3, 8, 0])),
        }
        for _ in range(n)
    ]
    made = cases.problem(rate.tolist(), changes)
    units = rng.poisson(rate * 10) - (rng.random((n, w)) < 0.1)
    table, asked = made.parts, rate * 14.0
    volume = asked * table["volume_m3"].to_numpy()[:, None]
    roomy = rng.random((2, w)) < 0.25
    share = np.where(roomy, 20.0, rng.uniform(0.2, 1.2, (2, w)))
    free = {
        "free_m3": (volume.sum(axis=0) * share[0]).round(3),
        "free_hazmat_m3": (volume[table["hazmat"]].sum(axis=0) * share[1]).round(3),
    }
    closed = [(table.index[i], f"W{rng.integers(w)}", "do_not_stock", 0) for i in range(n) if rng.random() < 0.1]
    most = [(table.index[i], f"W{rng.integers(w)}", "max", 5) for i in range(n) if rng.random() < 0.05]
    parameters = PlacementParameters(
        budget=float(rng.choice([0.0, np.ceil((asked.sum(axis=1) @ table["unit_cost"]) * rng.uniform(0.3, 0.9))])),
        inbound_lines=int(rng.choice([0, max(n // 3, 1)])),
        supplier_lines=int(rng.choice([0, max(n // 2, 1)])),
        line_cost=float(rng.choice([0.0, 4.0])),
        change_cost=float(rng.choice([0.0, 0.0, 6.0])),
        # A hasty optimiser is left with a gap, and has to own up to it.
        **({"nodes_limit": 1, "columns_limit": 20} if rng.random() < 0.3 else {}),
    )
    return (
        replace(
            made,
            arcs=random_arcs(rng, w),
            positions=cases.positions((n, w), on_hand=units),
            warehouses=pd.DataFrame(free, index=made.warehouses.index),
            overrides=cases.overrides(*closed, *most),
            hubs_before=(rng.random((n, w)) < 0.4) & (rng.random((n, 1)) < 0.7),
        ),
        parameters,
    )


def random_arcs(rng: np.random.Generator, n: int) -> Arcs:
    far = 1.0 - np.eye(n)
    allowed = (rng.random((n, n)) < 0.8) | np.eye(n, dtype=bool)
    line, kg, late = rng.uniform(5, 40, (n, n)), rng.uniform(0, 1, (n, n)), rng.uniform(0, 0.2, (n, n))
    today = rng.uniform(0, 0.6, (n, n))
    return Arcs(allowed, *(np.round(a * far, 3) for a in (line, kg, late, today)), rng.uniform(0.5, 1, n).round(3))


class ExactPart:
    """One part's patterns, their pools, and what changing its hubs counts."""

    def __init__(self, problem: PlacementProblem, i: int) -> None:
        self.problem, self.number = problem, i
        self.row, self.name = problem.parts.iloc[i], problem.parts.index[i]
        given = problem.overrides[problem.overrides["part_id"] == self.name].set_index(["warehouse_id", "kind"])[
            "value"
        ]
        self.override, ids = given.to_dict(), problem.warehouse_ids
        self.open = [h for h in range(len(ids)) if (ids[h], "do_not_stock") not in self.override]
        self.patterns = list(self._patterns(assignment_cost(problem.arcs)))
        self.pools = sorted({pool for _, pools in self.patterns for pool in pools})

    def _patterns(self, distance: np.ndarray) -> Iterator[tuple[tuple[int, ...], list[Pool]]]:
        """Yield hubs and pools: a region is its own hub's, else the nearest's that may cover it, else on its own."""
        everywhere = range(len(distance))
        if not self.open:
            yield (), [(r, (r,), False) for r in everywhere]
        for hubs in (set_ for size in range(len(self.open)) for set_ in combinations(self.open, size + 1)):
            inside: dict[int, list[int]] = {h: [] for h in hubs}
            alone: list[Pool] = []
            for r in everywhere:
                near = [h for h in hubs if self.problem.arcs.allowed[h, r]]
                if near:
                    inside[r if r in hubs else min(near, key=lambda h, r=r: (distance[h, r], h))].append(r)
                else:
                    alone.append((r, (r,), False))
            yield hubs, [(h, tuple(regions), True) for h, regions in inside.items()] + alone

    def quantities(self, pool: Pool, figures: dict[str, float]) -> np.ndarray:
        """Return what a pool may order, up to where no more demand can come."""
        hub, _, orders = pool
        warehouse, pack = self.problem.warehouse_ids[hub], int(self.row["pack_qty"])
        least = max(int(self.row["min_order_qty"]), 1)
        most = figures["m0"] + 7.0 * figures["v0"] ** 0.5 - figures["y"] + least + 2 * pack
        at = self.problem.positions.position[self.number, hub]
        most = min(most, self.row["available_qty"], self.override.get((warehouse, "max"), np.inf) - at)
        return np.array([0, *range(-(-least // pack) * pack, int(most) + 1, pack)] if orders else [0])

    def changes(self, hubs: tuple[int, ...]) -> int:
        """Return how many warehouses with demand become hubs or are no longer."""
        before = self.problem.hubs_before[self.number]
        asked = self.problem.demand.mean[self.number, :, -1] > 0
        now = np.isin(np.arange(len(before)), hubs)
        return int(((before != now) & asked).sum()) if before.any() else 0


def priced_options(parts: list[ExactPart], parameters: PlacementParameters) -> pd.DataFrame:
    """Return a row per part, pool and quantity worth weighing, with its cost by the evaluator's own formulas."""
    book, figures, quantities, keys = _Book(parts[0].problem), [], [], []
    for part in parts:
        ids = part.problem.warehouse_ids
        for at, pool in enumerate(part.pools):
            where = (part.name, ids[pool[0]]), [ids[r] for r in pool[1]]
            none, one = (_pool(book, parameters, *where, q) for q in (0, 1))
            figures.append(none | {"freight": one["fixed"] - none["fixed"]})
            quantities.append(part.quantities(pool, none))
            keys.append((part.number, at))
    many = [len(q) for q in quantities]
    table = pd.DataFrame(figures).assign(part=[k[0] for k in keys], pool=[k[1] for k in keys])
    table = table.loc[np.repeat(table.index, many)].assign(qty=np.concatenate(quantities)).reset_index(drop=True)
    table["y"] += table["qty"]
    table["cost"] = _stock_cost(table) + table["fixed"] + table["freight"] * table["qty"]
    table["cost"] += parameters.line_cost * (table["qty"] > 0)
    own = [table["part"], table["pool"]]
    cheaper = table.groupby(own)["cost"].cummin().groupby(own).shift().fillna(np.inf)
    # More units for more money are in no optimum: every row is a limit from above.
    return table.loc[table["cost"] < cheaper, ["part", "pool", "qty", "cost"]]


class ExactProgram:
    """The whole night as one integer program."""

    def __init__(self, problem: PlacementProblem, parameters: PlacementParameters) -> None:
        self.solver = pywraplp.Solver.CreateSolver("SCIP")
        self.problem, self.parameters = problem, parameters
        self.rows: dict[tuple[str, str], pywraplp.Constraint] = {}
        self.objective = self.solver.Objective()
        parts = [ExactPart(problem, i) for i in range(len(problem.parts))]
        for number, options in priced_options(parts, parameters).groupby("part"):
            self._add(parts[number], options[["pool", "qty", "cost"]])

    def solve(self) -> float:
        """Return the least cost there is."""
        exactly = pywraplp.MPSolverParameters()
        exactly.SetDoubleParam(pywraplp.MPSolverParameters.RELATIVE_MIP_GAP, 0.0)
        assert self.solver.Solve(exactly) == pywraplp.Solver.OPTIMAL
        return self.objective.Value()

    def _add(self, part: ExactPart, options: pd.DataFrame) -> None:
        solver, upto = self.solver, self.solver.infinity()
        once = solver.Constraint(1.0, 1.0)
        supply = solver.Constraint(-upto, min(float(part.row["available_qty"]), upto))
        balance = [solver.Constraint(0.0, 0.0) for _ in part.pools]
        for hubs, pools in part.patterns:
            z = solver.BoolVar("")
            once.SetCoefficient(z, 1.0)
            self.objective.SetCoefficient(z, self.parameters.change_cost * part.changes(hubs))
            for pool in pools:
                balance[part.pools.index(pool)].SetCoefficient(z, -1.0)
        for pool, qty, cost in options.itertuples(index=False):
            v = solver.BoolVar("")
            balance[pool].SetCoefficient(v, 1.0)
            self.objective.SetCoefficient(v, cost)
            supply.SetCoefficient(v, float(qty))
            for row, use in self._uses(part.row.to_dict(), part.pools[pool][0], qty) if qty else ():
                row.SetCoefficient(v, use)

    def _uses(self, part: dict[str, Any], hub: int, qty: int) -> Iterator[tuple[pywraplp.Constraint, float]]:
        """Yield the limited rows that an order uses, in litres, CNY and lines."""
        warehouse, given = self.problem.warehouse_ids[hub], self.parameters
        free = self.problem.warehouses.loc[warehouse]
        litres = round(part["volume_m3"] * 1000) * qty
        yield self._row("volume", warehouse, round(free["free_m3"] * 1000)), litres
        if part["hazmat"]:
            yield self._row("hazmat", warehouse, round(free["free_hazmat_m3"] * 1000)), litres
        if given.budget > 0:
            yield self._row("budget", "all", given.budget), part["unit_cost"] * qty
        if given.inbound_lines > 0:
            yield self._row("inbound", warehouse, given.inbound_lines), 1.0
        if given.supplier_lines > 0:
            yield self._row("supplier", part["supplier_id"], given.supplier_lines), 1.0

    def _row(self, name: str, subject: str, most: float) -> pywraplp.Constraint:
        if (name, subject) not in self.rows:
            self.rows[name, subject] = self.solver.Constraint(-self.solver.infinity(), float(most))
        return self.rows[name, subject]


def check(seed: int) -> None:
    problem, parameters = random_night(seed)
    found = place(problem, parameters)
    best = ExactProgram(problem, parameters).solve()
    reached, scale = found.optimisation, max(1.0, abs(best))
    assert reached.objective >= best - 1e-6 * scale, f"{seed}: a plan cheaper than the cheapest"
    assert reached.bound <= best + 1e-6 * scale, f"{seed}: a bound above the optimum"
    assert reached.objective - best <= max(reached.objective - reached.bound, 1e-6 * scale), f"{seed}: gap too small"
    if parameters.nodes_limit > 1:
        assert reached.objective <= best + 1e-6 * scale, f"{seed}: not the exact program's cost"
    checked = evaluate(problem, found, parameters)
    assert checked.violations == [], seed
    assert checked.cost == pytest.approx(reached.objective, rel=1e-6, abs=1e-4), seed


@pytest.mark.parametrize("block", range(4))
def test_the_plan_is_the_exact_programs_and_a_hasty_ones_gap_says_how_far_it_is(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4, 20))
def test_two_hundred_plans_are_the_exact_programs_and_hasty_ones_gaps_say_how_far_they_are(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        check(seed)
