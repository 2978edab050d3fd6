"""Place and allocate: solve tonight's model, send the trucks that are worth it, and say why.

First the model is solved as if every truck went. Trucks whose parts can wait are then held back; the parts that were
to travel on them keep their cover pattern and order nothing there, and the model is solved again for the others. The
objective, bound and gap are those of that second model, whose trucks are data.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vmi.frames import REPLENISHMENT
from vmi.placement.catalogue import build_menu
from vmi.placement.economics import economics
from vmi.placement.instance import Instance
from vmi.placement.limits import Rows, coupling_rows, order_limits
from vmi.placement.model import ground_of, openness_of, tabulate
from vmi.placement.outputs import Plan, derive, full_warehouses, override_effects, prices_table, shortages
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pools import Pools, assignment, chosen_pools, moments_until
from vmi.placement.problem import Array, PlacementProblem
from vmi.placement.solving import Solution, solve
from vmi.placement.supplies import firm_lines, forecast_lines, target_table
from vmi.placement.trips import Orders, Trips, decide_trips


@dataclass(frozen=True)
class Optimisation:
    """What the optimiser reached: cost [CNY], a bound no plan of the model beats, and the prices of full rows.

    ``prices``: columns name, subject, unit, price, used, free; one row per coupling row with a price. ``seconds`` by
    phase: of the wish that decides trips, and of the plan's prices, program and settling; never published.
    """

    objective: float
    bound: float
    status: str
    passes: int
    prices: pd.DataFrame
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def gap(self) -> float:
        """(objective - bound) / objective, at least 0."""
        return max(self.objective - self.bound, 0.0) / max(abs(self.objective), 1e-9)


@dataclass(frozen=True)
class Hints:
    """What a planner should look at: frames as the worklist reads them."""

    full_warehouses: pd.DataFrame
    shortages: pd.DataFrame
    overrides: pd.DataFrame


@dataclass(frozen=True)
class Placement:
    """Tonight's plan.

    ``replenishment``: frame ``REPLENISHMENT``, firm and forecast lines. ``targets``: frame ``TARGETS``.
    ``derivations``: one row per part and warehouse (see ``outputs.DERIVATION_COLUMNS``). ``cover``: part_id, region,
    warehouse_id, orders. ``trips``: index (supplier_id, warehouse_id).
    """

    replenishment: pd.DataFrame
    targets: pd.DataFrame
    derivations: pd.DataFrame
    cover: pd.DataFrame
    trips: pd.DataFrame
    optimisation: Optimisation
    hints: Hints


def place(problem: PlacementProblem, parameters: PlacementParameters, start: pd.DataFrame | None = None) -> Placement:
    """Return tonight's replenishment, the stocking targets and the proof of how good they are.

    Never fails for want of space, supply or trucks: what cannot be had is priced and named in ``hints``.

    Parameters
    ----------
    start
        ``Optimisation.prices`` of a night before, from which the search for tonight's begins; rows that tonight's
        problem does not have are ignored. The proof is tonight's in any case.
    """
    money, limits = economics(problem, parameters), order_limits(problem, parameters)
    ground = ground_of(problem)
    weight = problem.demand.mean[:, :, -1].sum(axis=0)
    menu = build_menu(problem.arcs, weight, openness_of(problem, limits), parameters)
    table = tabulate(menu, ground, money, limits, (parameters.line_cost, parameters.change_cost))
    instance = Instance(menu, table, limits, coupling_rows(problem, parameters))
    begin = _prices_before(problem, start, instance.rows)
    every_truck = solve(instance, instance.free_choice(), parameters, thorough=False, start=begin)
    wished = chosen_pools(menu, ground, money, every_truck)
    orders = _orders(problem, wished, limits.low, money.penalty_line / money.line_qty)
    trips = decide_trips(problem, orders, parameters.truck_patience)
    solution = _with_trucks(instance, (every_truck, begin), trips, parameters)
    pools = chosen_pools(menu, ground, money, solution)
    plan = Plan(problem, parameters, money, limits, instance.rows, pools, wished, trips, solution)
    return _report(plan, sum(every_truck.seconds.values()))


def _orders(problem: PlacementProblem, pools: Pools, low: np.ndarray, penalty: np.ndarray) -> Orders:
    """Return what would go if every truck did; a truck must go where a customer waits or a planner has decided."""
    rows = np.flatnonzero(pools.qty > 0)
    part, hub = pools.part[rows], pools.hub[rows]
    until = [problem.truck(day)[part, hub] for day in ("due_day", "tomorrow_due_day")]
    moments = [moments_until(problem, pools, rows, day) for day in until]
    return Orders(
        part=part,
        hub=hub,
        qty=pools.qty[rows],
        position=pools.position[rows],
        must=(pools.position[rows] < 0) | (low[part, hub] > 0),
        mean=np.column_stack([m[0] for m in moments]),
        var=np.column_stack([m[1] for m in moments]),
        penalty=penalty[part],
    )


def _prices_before(problem: PlacementProblem, table: pd.DataFrame | None, rows: Rows) -> Array | None:
    """Return the price of each coupling row by an earlier night's table, 0 where it has none; None without a table."""
    if table is None or not len(table):
        return None
    tonight = pd.MultiIndex.from_frame(rows.names(problem)[["name", "subject"]])
    known = table.set_index(["name", "subject"])["price"].astype(np.float64)
    prices = known.reindex(tonight).fillna(0.0).clip(lower=0.0).to_numpy()
    return np.where(np.isfinite(rows.free), prices, 0.0)


def _with_trucks(
    instance: Instance, wish: tuple[Solution, Array | None], trips: Trips, parameters: PlacementParameters
) -> Solution:
    """Solve again without the trucks that wait; a part that was to travel on one keeps its cover pattern.

    ``wish``: the plan as if every truck went, and the prices that its search began with.
    """
    every_truck, begin = wish
    waits = ((every_truck.qty > 0) & trips.closed).any(axis=1)
    if not waits.any() and (every_truck.status == "optimal" or every_truck.within(parameters.relative_gap)):
        return every_truck
    kept = np.where(waits, every_truck.pattern, -1)
    closed = trips.closed if waits.any() else np.zeros_like(trips.closed)
    restriction = instance.free_choice()._replace(closed=closed, pattern=kept)
    return solve(instance, restriction, parameters, start=begin)


def _report(plan: Plan, wish_seconds: float) -> Placement:
    derivations = derive(plan)
    prices = prices_table(plan)
    lines = [f for f in (firm_lines(plan, derivations), forecast_lines(plan)) if len(f)]
    return Placement(
        replenishment=pd.concat(lines, ignore_index=True) if lines else REPLENISHMENT.empty(),
        targets=target_table(plan, derivations),
        derivations=derivations,
        cover=assignment(plan.problem, plan.pools),
        trips=plan.trips.table,
        optimisation=Optimisation(
            round(plan.solution.objective, 6),
            round(plan.solution.bound, 6),
            plan.solution.status,
            plan.solution.passes,
            prices,
            {"wish": wish_seconds, **plan.solution.seconds},
        ),
        hints=Hints(full_warehouses(prices), shortages(plan), override_effects(plan, derivations)),
    )
