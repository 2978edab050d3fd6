import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place
from vmi.placement.problem import PlacementProblem

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "placement"))
import cases

PARAMETERS = PlacementParameters()
LAW = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def problems(draw: st.DrawFn) -> PlacementProblem:
    n, w = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rate = [[draw(st.sampled_from([0.0, 0.002, 0.03, 0.4, 3.0])) for _ in range(w)] for _ in range(n)]
    changes = [
        {
            "unit_cost": draw(st.sampled_from([5.0, 90.0, 2000.0])),
            "pack_qty": draw(st.sampled_from([1, 3, 20])),
            "min_order_qty": draw(st.sampled_from([0, 1, 10])),
            "criticality": draw(st.sampled_from("ABC")),
            "hazmat": draw(st.booleans()),
            "available_qty": draw(st.sampled_from([np.inf, 0.0, 7.0, 40.0])),
        }
        for _ in range(n)
    ]
    stock = np.array([[draw(st.integers(-2, 12)) for _ in range(w)] for _ in range(n)])
    free = [[draw(st.sampled_from([0.0, 0.15, 0.6, 50.0])) for _ in range(2)] for _ in range(w)]
    made = cases.problem(rate, changes)
    space = pd.DataFrame(free, columns=["free_m3", "free_hazmat_m3"], index=made.warehouses.index)
    return replace(made, positions=cases.positions((n, w), on_hand=stock), warehouses=space)


@LAW
@given(problems())
def test_every_plan_keeps_the_rules_and_costs_what_it_says(problem: PlacementProblem) -> None:
    found = place(problem, PARAMETERS)
    checked = evaluate(problem, found, PARAMETERS)
    assert checked.violations == []
    assert abs(checked.cost - found.optimisation.objective) <= 1e-6 * max(1.0, abs(checked.cost)) + 1e-4
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6


@LAW
@given(problems(), st.sampled_from([0.1, 1.0]))
def test_more_space_never_costs_more(problem: PlacementProblem, more: float) -> None:
    tight, wide = place(problem, PARAMETERS), place(replace(problem, warehouses=problem.warehouses + more), PARAMETERS)
    assert wide.optimisation.bound <= tight.optimisation.objective * (1 + 1e-6) + 1e-4
    assert wide.optimisation.objective <= tight.optimisation.objective * (1 + 1e-6) + 1e-4


@LAW
@given(problems())
def test_more_supply_never_costs_more(problem: PlacementProblem) -> None:
    plenty = replace(problem, parts=problem.parts.assign(available_qty=problem.parts["available_qty"] + 10))
    least, most = place(plenty, PARAMETERS).optimisation, place(problem, PARAMETERS).optimisation
    assert least.objective <= most.objective * (1 + 1e-6) + 1e-4


@LAW
@given(problems())
def test_the_order_of_warehouses_changes_no_cost(problem: PlacementProblem) -> None:
    n = len(problem.warehouses)
    # No two warehouses are equally near: ties are broken by id, and then the patterns differ.
    row, column = np.indices((n, n))
    near = (10.0 + 2.7 * row + 1.3 * column) * (1.0 - np.eye(n))
    problem = replace(problem, arcs=replace(problem.arcs, per_line=near))
    turned = np.arange(n)[::-1]
    square = np.ix_(turned, turned)
    between = {f: getattr(problem.arcs, f) for f in problem.arcs.__dataclass_fields__}
    arcs = replace(problem.arcs, **{f: a[square if a.ndim == 2 else turned] for f, a in between.items()})
    units = {f: getattr(problem.positions, f)[:, turned] for f in problem.positions.__dataclass_fields__}
    other = replace(
        problem,
        arcs=arcs,
        positions=cases.positions(problem.positions.on_hand.shape, **units),
        demand=replace(problem.demand, mean=problem.demand.mean[:, turned], var=problem.demand.var[:, turned]),
        warehouses=problem.warehouses.iloc[turned].set_index(problem.warehouses.index),
    )
    here, there = place(problem, PARAMETERS).optimisation, place(other, PARAMETERS).optimisation
    assert abs(here.objective - there.objective) <= 1e-6 * max(1.0, abs(here.objective)) + 1e-4
