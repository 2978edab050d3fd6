"""Laws of the allocation, on small nights drawn at random: what must hold whatever the company looks like."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.placement import cases
from vmi.placement.catalogue import assignment_cost
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Optimisation, Placement, place
from vmi.placement.problem import OVERRIDE_KINDS, PlacementProblem

PARAMETERS = PlacementParameters()
# A night is not shrunk: that would take minutes, and one of four parts can be read as it is.
LAW = settings(max_examples=15, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
PROVEN = 1e-6
"""Relative gap within which nights as small as these are always proven."""


@st.composite
def problems(draw: st.DrawFn, widest: int = 3, fewest: int = 1) -> PlacementProblem:
    n, w = draw(st.integers(1, 4)), draw(st.integers(fewest, widest))
    rate = [[draw(st.sampled_from([0.0, 0.002, 0.03, 0.4, 3.0])) for _ in range(w)] for _ in range(n)]
    changes = [
        {
            "supplier_id": draw(st.sampled_from(["S1", "S2"])),
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
    before = [[draw(st.booleans()) for _ in range(w)] for _ in range(n)]
    made = cases.problem(rate, changes)
    space = pd.DataFrame(free, columns=["free_m3", "free_hazmat_m3"], index=made.warehouses.index)
    return replace(
        made,
        positions=cases.positions((n, w), on_hand=stock),
        warehouses=space,
        hubs_before=np.array(before, dtype=bool),
    )


LIMITS = st.builds(
    PlacementParameters,
    budget=st.sampled_from([0.0, 250.0, 4000.0]),
    inbound_lines=st.sampled_from([0, 1, 2]),
    supplier_lines=st.sampled_from([0, 1, 3]),
    line_cost=st.sampled_from([0.0, 5.0]),
    change_cost=st.sampled_from([0.0, 9.0]),
)


def firm(found: Placement) -> pd.DataFrame:
    return found.replenishment[found.replenishment["commitment"] == "firm"]


def proven(found: Placement) -> Optimisation:
    """Return the proof, once it is one: without it most laws would say nothing."""
    assert found.optimisation.gap <= PROVEN
    return found.optimisation


def no_more(less: float, more: float) -> bool:
    return less <= more + PROVEN * max(1.0, abs(more)) + 1e-4


@LAW
@given(problems(), LIMITS, st.sampled_from([0.0, 200.0]))
def test_every_plan_keeps_the_rules_and_costs_what_it_says(
    problem: PlacementProblem, parameters: PlacementParameters, fixed: float
) -> None:
    problem = replace(problem, trucks=problem.trucks.assign(cost_per_shipment=fixed))
    found = place(problem, parameters)
    checked = evaluate(problem, found, parameters)
    assert checked.violations == []
    assert abs(checked.cost - found.optimisation.objective) <= 1e-6 * max(1.0, abs(checked.cost)) + 1e-4
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6


@st.composite
def decided_problems(draw: st.DrawFn) -> PlacementProblem:
    """Draw nights with planners' decisions, often several on one part and place, and without some trucks and arcs."""
    problem = draw(problems())
    pairs = st.sampled_from(list(itertools.product(problem.parts.index, problem.warehouse_ids)))
    kinds, values = st.sampled_from(OVERRIDE_KINDS), st.sampled_from([0, 1, 5, 14, 60])
    rows = draw(st.lists(st.tuples(pairs, kinds, values), max_size=8, unique_by=lambda row: row[:2]))
    lorries = problem.trucks.copy()
    for truck in draw(st.lists(st.sampled_from(list(lorries.index)), max_size=2)):
        for column in lorries:
            lorries.loc[truck, column] = pd.NaT if column.endswith("_on") else np.nan
    n = len(problem.warehouses)
    allowed = np.array([[draw(st.booleans()) or h == r for r in range(n)] for h in range(n)])
    return replace(
        problem,
        trucks=lorries.assign(cost_per_shipment=draw(st.sampled_from([0.0, 200.0, 5000.0]))),
        arcs=replace(problem.arcs, allowed=allowed),
        overrides=cases.overrides(*((*pair, kind, value) for pair, kind, value in rows)),
    )


@settings(LAW, max_examples=60)
@given(decided_problems(), LIMITS, st.sampled_from([PARAMETERS.options_limit, 2]))
def test_a_plan_keeps_what_planners_decide_where_it_fits(
    problem: PlacementProblem, parameters: PlacementParameters, options_limit: int
) -> None:
    parameters = replace(parameters, options_limit=options_limit)
    found = place(problem, parameters)
    checked = evaluate(problem, found, parameters)
    assert checked.violations == []
    assert abs(checked.cost - found.optimisation.objective) <= 1e-6 * max(1.0, abs(checked.cost)) + 1e-4


Night = tuple[PlacementProblem, PlacementParameters]


def roomier(problem: PlacementProblem, parameters: PlacementParameters) -> Night:
    return replace(problem, warehouses=problem.warehouses + 0.13), parameters


def better_supplied(problem: PlacementProblem, parameters: PlacementParameters) -> Night:
    return replace(problem, parts=problem.parts.assign(available_qty=problem.parts["available_qty"] + 5)), parameters


def raised(name: str, more: float) -> Callable[[PlacementProblem, PlacementParameters], Night]:
    """Return how a night is changed that has more of a limit; without one it stays so."""

    def change(problem: PlacementProblem, parameters: PlacementParameters) -> Night:
        limit = getattr(parameters, name) or more
        return problem, replace(parameters, **{name: limit + more if getattr(parameters, name) else 0})

    return change


LOOSER = {
    "space": roomier,
    "supply": better_supplied,
    "budget": raised("budget", 300.0),
    "inbound_lines": raised("inbound_lines", 1),
    "supplier_lines": raised("supplier_lines", 1),
}


@pytest.mark.parametrize("what", LOOSER)
@LAW
@given(problem=problems(), parameters=LIMITS)
def test_more_of_what_is_short_never_costs_more(
    what: str, problem: PlacementProblem, parameters: PlacementParameters
) -> None:
    """Without overrides: what a planner forces is ordered as soon as there is room for it, at any cost."""
    tight, wide = place(problem, parameters).optimisation, place(*LOOSER[what](problem, parameters))
    assert no_more(wide.optimisation.bound, tight.objective)
    assert no_more(proven(wide).objective, tight.objective)


@LAW
@given(problems(), LIMITS)
def test_no_limit_is_the_loosest_limit(problem: PlacementProblem, parameters: PlacementParameters) -> None:
    none = replace(parameters, budget=0.0, inbound_lines=0, supplier_lines=0)
    assert no_more(place(problem, none).optimisation.objective, proven(place(problem, parameters)).objective)


def scaled(parameters: PlacementParameters, factor: float) -> PlacementParameters:
    names = ("penalty_a", "penalty_b", "penalty_c", "penalty_same_day")
    return replace(parameters, **{name: factor * getattr(parameters, name) for name in names})


def waiting(problem: PlacementProblem, found: Placement, parameters: PlacementParameters) -> float:
    """Return the expected shortage of a plan, every unit weighed with its own penalty; what else it costs drops out."""
    with_penalty, without = (evaluate(problem, found, scaled(parameters, factor)).cost for factor in (1.0, 0.0))
    return with_penalty - without


@LAW
@given(problems(), LIMITS, st.sampled_from([(0.3, 1.0), (1.0, 1.5), (1.0, 20.0)]))
def test_a_higher_penalty_never_lets_more_wait(
    problem: PlacementProblem, parameters: PlacementParameters, factors: tuple[float, float]
) -> None:
    """Of f W + R and g W + R, g > f, the least plans' W differ by no more than their gaps over g - f: add the two
    inequalities that each is the least of its own. W weighs shortage, lateness and lost days by their penalties.
    """
    low, high = (place(problem, scaled(parameters, factor)) for factor in factors)
    open_gaps = sum(o.objective - o.bound for o in (proven(low), proven(high)))
    few, many = waiting(problem, high, parameters), waiting(problem, low, parameters)
    assert few <= many + open_gaps / (factors[1] - factors[0]) + 1e-3


@LAW
@given(problems(widest=1))
def test_a_higher_penalty_never_lowers_the_fill_of_a_part_that_competes_with_none(problem: PlacementProblem) -> None:
    wide = replace(problem, warehouses=problem.warehouses + 1e6)
    fill = [
        place(wide, scaled(PARAMETERS, factor)).derivations.set_index("part_id")["fill_rate"]
        for factor in (0.1, 1.0, 10.0)
    ]
    for low, high in pairwise(fill):
        assert (high >= low.reindex(high.index).fillna(0.0) - 1e-6).all()


def reordered(problem: PlacementProblem, parts: list[int], warehouses: list[int]) -> PlacementProblem:
    """Return the same night with other numbers for its parts and warehouses."""
    both = np.ix_(parts, warehouses)
    between = {f: getattr(problem.arcs, f) for f in problem.arcs.__dataclass_fields__}
    square = np.ix_(warehouses, warehouses)
    units = {f: getattr(problem.positions, f)[both] for f in problem.positions.__dataclass_fields__}
    moments = {f: getattr(problem.demand, f)[both] for f in ("mean", "var", "demand_class")}
    return replace(
        problem,
        parts=problem.parts.iloc[parts].set_index(problem.parts.index),
        warehouses=problem.warehouses.iloc[warehouses].set_index(problem.warehouses.index),
        arcs=replace(problem.arcs, **{f: a[square if a.ndim == 2 else warehouses] for f, a in between.items()}),
        positions=replace(problem.positions, **units),
        demand=replace(problem.demand, **moments),
        hubs_before=problem.hubs_before[both],
    )


def uneven(problem: PlacementProblem) -> PlacementProblem:
    """Return the night without two warehouses equally near: ties are broken by id, and then the patterns differ."""
    n = len(problem.warehouses)
    row, column = np.indices((n, n))
    near = (10.0 + 2.7 * row + 1.3 * column) * (1.0 - np.eye(n))
    return replace(problem, arcs=replace(problem.arcs, per_line=near))


def without_ties(problem: PlacementProblem) -> PlacementProblem:
    """Return the night with parts and regions that all differ a little, so that one plan alone is the best."""
    part, region = np.indices(problem.demand.mean.shape[:2])
    more = 1.0 + 0.017 * np.sqrt(2.0 + part) + 0.011 * np.sqrt(3.0 + region)
    moments = {f: getattr(problem.demand, f) * more[:, :, None] for f in ("mean", "var")}
    moments["mean"] += 0.0007 * more[:, :, None] * problem.demand.days
    moments["var"] += 0.0011 * more[:, :, None] * problem.demand.days
    cost = problem.parts["unit_cost"] * more[:, 0]
    return replace(
        uneven(problem),
        parts=problem.parts.assign(unit_cost=cost.round(6)),
        demand=replace(problem.demand, **{f: m.round(6) for f, m in moments.items()}),
    )


def carried_back(found: Placement, problem: PlacementProblem, parts: list[int], warehouses: list[int]) -> Placement:
    """Return the plan of a reordered night in the names of the night itself."""
    ids, names = problem.parts.index, problem.warehouses.index
    part, place_ = dict(zip(ids, ids[parts], strict=True)), dict(zip(names, names[warehouses], strict=True))
    known = {"part_id": part, "warehouse_id": place_, "region": place_}

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{column: table[column].map(known[column]) for column in known if column in table})

    trips = renamed(found.trips.reset_index()).set_index(found.trips.index.names)
    return replace(found, replenishment=renamed(found.replenishment), cover=renamed(found.cover), trips=trips)


def orders_of(found: Placement) -> dict[tuple[str, str], int]:
    return firm(found).set_index(["part_id", "warehouse_id"])["qty"].to_dict()


@LAW
@given(problems(), LIMITS, st.data())
def test_numbering_parts_and_warehouses_otherwise_changes_no_cost(
    problem: PlacementProblem, parameters: PlacementParameters, data: st.DataObject
) -> None:
    problem = uneven(problem)
    axes = [data.draw(st.permutations(range(len(axis)))) for axis in (problem.parts, problem.warehouses)]
    here, there = place(problem, parameters), place(reordered(problem, *axes), parameters)
    assert proven(there).objective == pytest.approx(proven(here).objective, rel=2 * PROVEN, abs=1e-4)
    checked = evaluate(problem, carried_back(there, problem, *axes), parameters)
    assert checked.violations == []
    assert checked.cost == pytest.approx(there.optimisation.objective, rel=PROVEN, abs=1e-4)


@LAW
@given(problems(), LIMITS, st.data())
def test_numbering_parts_and_warehouses_otherwise_changes_no_order_where_there_are_no_ties(
    problem: PlacementProblem, parameters: PlacementParameters, data: st.DataObject
) -> None:
    problem = without_ties(problem)
    axes = [data.draw(st.permutations(range(len(axis)))) for axis in (problem.parts, problem.warehouses)]
    here, there = place(problem, parameters), place(reordered(problem, *axes), parameters)
    assert orders_of(carried_back(there, problem, *axes)) == orders_of(here)


def drawn_plan(problem: PlacementProblem, found: Placement, parameters: PlacementParameters, seed: int) -> Placement:
    """Return a feasible plan by lot: some hubs a part, every region at the nearest, and packs as long as they fit."""
    rng, ids = np.random.default_rng(seed), problem.warehouse_ids
    distance, n = assignment_cost(problem.arcs), len(ids)
    cover, lines = [], []
    room, hazmat = problem.warehouses["free_m3"].to_dict(), problem.warehouses["free_hazmat_m3"].to_dict()
    money = parameters.budget or np.inf
    inbound = dict.fromkeys(ids, parameters.inbound_lines or np.inf)
    picked = dict.fromkeys(problem.parts["supplier_id"], parameters.supplier_lines or np.inf)
    for i in rng.permutation(len(problem.parts)):
        part, row = problem.parts.index[i], problem.parts.iloc[i]
        hubs = rng.permutation(n)[: rng.integers(1, n + 1)]
        for r in range(n):
            hub = r if r in hubs else min(hubs, key=lambda h, r=r: (distance[h, r], h))
            cover.append((part, ids[r], ids[hub], "Y"))
        left, pack, supplier = row["available_qty"], row["pack_qty"], row["supplier_id"]
        first = -(-max(row["min_order_qty"], 1) // pack) * pack
        for w in ids[hubs]:
            qty = first + pack * int(rng.integers(0, 5))
            volume, worth = qty * row["volume_m3"], qty * row["unit_cost"]
            fits = qty <= left and volume <= room[w] and worth <= money and min(inbound[w], picked[supplier]) >= 1
            if not fits or (row["hazmat"] and volume > hazmat[w]):
                continue
            lines.append((part, w, supplier, qty, "firm"))
            left, money, room[w] = left - qty, money - worth, room[w] - volume
            hazmat[w] -= volume if row["hazmat"] else 0.0
            inbound[w] -= 1
            picked[supplier] -= 1
    return replace(
        found,
        cover=pd.DataFrame(cover, columns=["part_id", "region", "warehouse_id", "orders"]),
        replenishment=pd.DataFrame(lines, columns=["part_id", "warehouse_id", "supplier_id", "qty", "commitment"]),
    )


@LAW
@given(problems(), LIMITS, st.integers(0, 10_000))
def test_no_feasible_plan_costs_less_than_the_bound(
    problem: PlacementProblem, parameters: PlacementParameters, seed: int
) -> None:
    found = place(problem, parameters)
    for k in range(4):
        by_lot = evaluate(problem, drawn_plan(problem, found, parameters, seed + k), parameters)
        assert by_lot.violations == []
        assert no_more(found.optimisation.bound, by_lot.cost)


@LAW
@given(problems(), LIMITS)
def test_no_further_pack_fits_and_pays(problem: PlacementProblem, parameters: PlacementParameters) -> None:
    """What a whole plan leaves of a row that has a price: less than any further pack that would pay needs."""
    found = place(problem, parameters)
    proven(found)
    lines, hubs = firm(found), found.cover.query("orders == 'Y'").drop_duplicates(["part_id", "warehouse_id"])
    for part, warehouse in zip(hubs["part_id"], hubs["warehouse_id"], strict=True):
        row = problem.parts.loc[part]
        own = (lines["part_id"] == part) & (lines["warehouse_id"] == warehouse)
        first = -(-max(row["min_order_qty"], 1) // row["pack_qty"]) * row["pack_qty"]
        more = lines.assign(qty=lines["qty"] + row["pack_qty"] * own)
        if not own.any():
            new = {"part_id": part, "warehouse_id": warehouse, "supplier_id": row["supplier_id"], "qty": first}
            new |= {"commitment": "firm", "pack_qty": row["pack_qty"], "unit_cost": row["unit_cost"]}
            more = pd.DataFrame([*lines.to_dict("records"), new])
        checked = evaluate(problem, replace(found, replenishment=more), parameters)
        assert checked.violations or no_more(found.optimisation.objective, checked.cost), (part, warehouse)


@LAW
@given(problems(fewest=2), LIMITS, st.booleans())
def test_a_row_that_no_plan_could_fill_has_no_price_whatever_it_had_the_night_before(
    problem: PlacementProblem, parameters: PlacementParameters, warm: bool
) -> None:
    space = problem.warehouses.copy()
    space.iloc[-1] = 1e6
    parameters = replace(parameters, budget=1e9 if parameters.budget == 250.0 else parameters.budget)
    stale = pd.DataFrame({"name": ["volume", "budget"], "subject": [space.index[-1], "all"], "price": [900.0, 0.4]})
    found = place(replace(problem, warehouses=space), parameters, stale if warm else None)
    prices = found.optimisation.prices
    assert (prices["price"] > 0).all()
    assert (prices["used"] <= prices["free"] + 1e-6).all()
    assert not ((prices["subject"] == space.index[-1]) & prices["name"].isin(["volume", "hazmat"])).any()
    assert not (prices["free"] >= 1e6).any()


@LAW
@given(problems())
def test_where_the_parts_best_plans_fit_together_no_row_has_a_price_and_no_gap_is_left(
    problem: PlacementProblem,
) -> None:
    found = place(replace(problem, warehouses=problem.warehouses + 1e6), PARAMETERS).optimisation
    assert found.prices.empty
    assert found.objective == found.bound


@LAW
@given(problems(), LIMITS)
def test_units_are_conserved(problem: PlacementProblem, parameters: PlacementParameters) -> None:
    found = place(problem, parameters)
    lines, table, position = firm(found), found.derivations, problem.positions.position
    own = problem.parts.reindex(lines["part_id"])
    assert (lines["qty"].to_numpy() % own["pack_qty"].to_numpy() == 0).all()
    assert (lines["qty"].to_numpy() >= np.maximum(own["min_order_qty"].to_numpy(), 1)).all()
    total = lines.groupby("part_id")["qty"].sum()
    assert (total <= problem.parts["available_qty"].reindex(total.index)).all()
    told = table[table["qty"] > 0].set_index(["part_id", "warehouse_id"])["qty"].sort_index()
    assert told.to_dict() == lines.set_index(["part_id", "warehouse_id"])["qty"].to_dict()
    assert len(found.cover) == position.size
    assert not found.cover.duplicated(["part_id", "region"]).any()
    at = pd.Series(position.ravel(), index=pd.MultiIndex.from_product([problem.parts.index, problem.warehouses.index]))
    pooled = found.cover.assign(units=at.reindex(pd.MultiIndex.from_frame(found.cover[["part_id", "region"]])).array)
    by_hub = pooled.query("orders == 'Y'").groupby(["part_id", "warehouse_id"])["units"].sum()
    hubs = table[table["hub"] == table["warehouse_id"]].set_index(["part_id", "warehouse_id"])
    assert (hubs["position"] + hubs["pooled"] == by_hub.reindex(hubs.index)).all()
    assert set(told.index) <= set(by_hub.index)
