"""What the independent check of a plan notices: every rule broken once in a plan that keeps them all."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.placement import cases
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Moved, Placement, place
from vmi.placement.problem import PlacementProblem

PARAMETERS = PlacementParameters()
SUPPLIERS, NAMES = ["S1", "S2", "S3"], ["W0", "W1", "W2"]
PARTS = [
    {},
    {"unit_cost": 900.0, "criticality": "A"},
    {"pack_qty": 4},
    {"pack_qty": 4, "min_order_qty": 20},
    {},
    {},
    {"supplier_id": "S2"},
    {"supplier_id": "S3", "available_qty": 40.0},
]
"""A fast part, a slow dear one, one of each override, one that no truck brings to W2, one whose truck waits."""
DECIDED = cases.overrides(
    ("P2", "W1", "order", 50),
    ("P3", "W0", "min", 90),
    ("P4", "W0", "max", 12),
    ("P5", "W0", "do_not_stock", 0),
    ("P7", "W0", "order", 0),
    ("P9", "W0", "order", 7),
)


def company() -> PlacementProblem:
    """Return a night on which every rule could be broken; W2 is not to be covered from W0."""
    rate = [[1.0, 0.5, 0.7]] * 8
    rate[1] = [0.002, 0.004, 0.001]
    lorries = cases.trucks(SUPPLIERS, NAMES)
    lorries.loc[("S3", slice(None)), "cost_per_shipment"] = 1e6
    for column in lorries:
        lorries.loc[("S2", "W2"), column] = pd.NaT if column.endswith("_on") else np.nan
    between = cases.arcs(3)
    between.allowed[0, 2] = False
    here = np.array([[2, 1, 3]] * 7 + [[9, 9, 9]])
    made = cases.problem(rate, PARTS, trucks=lorries, arcs=between, positions=cases.positions((8, 3), on_hand=here))
    return replace(made, overrides=DECIDED)


@pytest.fixture(scope="module")
def problem() -> PlacementProblem:
    return company()


@pytest.fixture(scope="module")
def found(problem: PlacementProblem) -> Placement:
    return place(problem, PARAMETERS)


def units(found: Placement, part: str, warehouse: str) -> int:
    lines = found.replenishment.query("commitment == 'firm' and part_id == @part and warehouse_id == @warehouse")
    return int(lines["qty"].sum())


def ordering(part: str, warehouse: str, qty: int) -> Callable[[Placement], Placement]:
    """Return how a plan is changed that then orders so much of a part for a warehouse, from its own supplier."""

    def change(found: Placement) -> Placement:
        lines = found.replenishment
        own = lines["commitment"].eq("firm") & lines["part_id"].eq(part) & lines["warehouse_id"].eq(warehouse)
        supplier = PARTS[int(part[1:])].get("supplier_id", "S1")
        new = {"part_id": part, "warehouse_id": warehouse, "supplier_id": supplier, "qty": qty, "commitment": "firm"}
        return replace(found, replenishment=pd.concat([lines[~own], pd.DataFrame([new] if qty else [])]))

    return change


def covering(part: str, region: str, *rows: tuple[str, str]) -> Callable[[Placement], Placement]:
    """Return how a plan is changed in which these (warehouse, orders) cover a part's region."""

    def change(found: Placement) -> Placement:
        cover = found.cover
        own = cover["part_id"].eq(part) & cover["region"].eq(region)
        new = [{"part_id": part, "region": region, "warehouse_id": w, "orders": orders} for w, orders in rows]
        return replace(found, cover=pd.concat([cover[~own], pd.DataFrame(new)]))

    return change


def test_a_plan_that_keeps_every_rule_has_no_violation_and_costs_what_it_says(
    problem: PlacementProblem, found: Placement
) -> None:
    checked = evaluate(problem, found, PARAMETERS)
    assert checked.violations == []
    assert checked.cost == pytest.approx(found.optimisation.objective, abs=1e-4)
    assert [units(found, *pair) for pair in [("P2", "W1"), ("P3", "W0"), ("P7", "W0")]] == [52, 88, 0]
    assert not found.trips["goes"].xs("S3").any()


BROKEN: list[tuple[Callable[[Placement], Placement], str]] = [
    (covering("P0", "W1"), "P0: region W1 is covered 0 times"),
    (covering("P0", "W1", ("W1", "Y"), ("W0", "Y")), "P0: region W1 is covered 2 times"),
    (covering("P0", "W2", ("W0", "Y")), "P0: region W2 may not be covered from W0"),
    (covering("P0", "W1", ("W0", "N")), "P0: region W1 may not be covered from W0"),
    (ordering("P5", "W0", 5), "P5 at W0: ordered, but no hub of the part"),
    (ordering("P6", "W2", 5), "P6 at W2: ordered or a hub, but no truck of S2 goes there"),
    (covering("P6", "W2", ("W2", "Y")), "P6 at W2: ordered or a hub, but no truck of S2 goes there"),
    (ordering("P7", "W1", 20), "P7 at W1: ordered, but the truck of S3 waits"),
    (ordering("P2", "W1", 48), "P2 at W1: 48 ordered, against a planner's order"),
    (ordering("P2", "W1", 56), "P2 at W1: 56 ordered, against a planner's order"),
    (ordering("P2", "W1", 0), "P2 at W1: 0 ordered, against a planner's order"),
    (ordering("P7", "W0", 1), "P7 at W0: 1 ordered, against a planner's order"),
    (ordering("P3", "W0", 84), "P3 at W0: 84 ordered, against a planner's min"),
    (ordering("P3", "W0", 0), "P3 at W0: 0 ordered, against a planner's min"),
    (ordering("P4", "W0", 11), "P4 at W0: 11 ordered, against a planner's max"),
    (ordering("P5", "W0", 1), "P5 at W0: 1 ordered, against a planner's do_not_stock"),
    (covering("P5", "W0", ("W0", "Y")), "P5 at W0: 0 ordered, against a planner's do_not_stock"),
]


@pytest.mark.parametrize(("change", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_a_rule_that_is_broken_is_named_with_part_and_place(
    problem: PlacementProblem, found: Placement, change: Callable[[Placement], Placement], sentence: str
) -> None:
    assert sentence in evaluate(problem, change(found), PARAMETERS).violations


def lacking(**change: float) -> PlacementProblem:
    """Return a night with too little of one thing for the second of two orders of 50 that planners force."""
    forced = cases.overrides(("P0", "W0", "order", 50), ("P1", "W0", "order", 50), ("P1", "W1", "order", 50))
    problem = cases.problem([[0.1, 0.1]] * 2, [{}, {"hazmat": True}], overrides=forced)
    parts = problem.parts.assign(**{name: value for name, value in change.items() if name in problem.parts})
    room = problem.warehouses.assign(**{name: value for name, value in change.items() if name in problem.warehouses})
    return replace(problem, parts=parts, warehouses=room)


@pytest.mark.parametrize(
    ("problem", "limits", "missing"),
    [
        (lacking(free_m3=0.99), {}, {("P1", "W0")}),
        (lacking(free_hazmat_m3=0.49), {}, {("P1", "W0"), ("P1", "W1")}),
        (lacking(available_qty=99.0), {}, {("P1", "W1")}),
        (lacking(), {"budget": 14_999.0}, {("P1", "W1")}),
        (lacking(), {"inbound_lines": 1}, {("P1", "W0")}),
        (lacking(), {"supplier_lines": 2}, {("P1", "W1")}),
    ],
    ids=["volume", "hazmat", "supply", "budget", "inbound lines", "supplier lines"],
)
def test_what_planners_force_may_be_missing_where_it_does_not_fit_and_nowhere_else(
    problem: PlacementProblem, limits: dict[str, float], missing: set[tuple[str, str]]
) -> None:
    parameters = replace(PARAMETERS, **limits)
    found = place(problem, parameters)
    forced = {("P0", "W0"), ("P1", "W0"), ("P1", "W1")}
    assert {pair for pair in forced if units(found, *pair) == 0} == missing
    assert evaluate(problem, found, parameters).violations == []
    for part, warehouse in forced - missing:
        told = evaluate(problem, ordering(part, warehouse, 0)(found), parameters).violations
        assert f"{part} at {warehouse}: 0 ordered, against a planner's order" in told


def test_an_order_of_a_part_that_is_ordered_in_steps_of_several_packs_is_rounded_up_to_one_and_no_further() -> None:
    parameters = replace(PARAMETERS, options_limit=5)
    problem = replace(
        cases.problem([[1.0, 0.5]], [{"pack_qty": 2}]), overrides=cases.overrides(("P0", "W0", "order", 9))
    )
    found = place(problem, parameters)
    assert units(found, "P0", "W0") == 16
    assert evaluate(problem, found, parameters).violations == []
    assert evaluate(problem, ordering("P0", "W0", 18)(found), parameters).violations


def test_room_that_tonights_transfers_free_need_not_hold_what_planners_force() -> None:
    problem = replace(cases.problem([[0.1, 0.1]] * 2), overrides=cases.overrides(("P0", "W0", "order", 5)))
    full = replace(problem, warehouses=problem.warehouses.assign(free_m3=[0.0, 1.0]))
    shift = np.array([[0, 0], [-9, 9]])
    emptied = replace(problem, positions=full.positions.after(shift))
    found = place(full, PARAMETERS, mover=lambda worth: Moved(emptied, pd.DataFrame(), -1e6, -1e6))
    assert found.problem is emptied and units(found, "P0", "W0") == 0
    assert evaluate(emptied, found, PARAMETERS, full.warehouses).violations == []
    assert evaluate(emptied, found, PARAMETERS).violations == ["P0 at W0: 0 ordered, against a planner's order"]


def test_a_part_that_no_truck_brings_is_priced_on_days_that_no_truck_has() -> None:
    """It is reckoned with the latest arrival and the latest return of all trucks, here of two suppliers."""
    lorries = cases.trucks(SUPPLIERS, ["W0"])
    lorries.loc[("S1", "W0"), ["due_day", "tomorrow_due_day", "next_due_day", "return_day"]] = 20.0, 21.0, 27.0, 80.0
    for column in lorries:
        lorries.loc[("S3", "W0"), column] = pd.NaT if column.endswith("_on") else np.nan
    problem = cases.problem([[0.5]] * 3, [{"supplier_id": supplier} for supplier in SUPPLIERS], trucks=lorries)
    found = place(problem, PARAMETERS)
    checked = evaluate(problem, found, PARAMETERS)
    assert checked.violations == []
    assert checked.cost == pytest.approx(found.optimisation.objective, abs=1e-4)
