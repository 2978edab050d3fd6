"""Solve a night's placement step by step: as if every truck went, then without the trucks that wait."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from vmi.placement.catalogue import Menu, build_menu
from vmi.placement.economics import Economics, economics
from vmi.placement.instance import Instance
from vmi.placement.limits import Limits, Rows, coupling_rows, order_limits
from vmi.placement.master import answer
from vmi.placement.model import Ground, ground_of, openness_of, tabulate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pools import Pools, chosen_pools, moments_until
from vmi.placement.pricing import Restriction
from vmi.placement.problem import Array, PlacementProblem, Whole
from vmi.placement.solving import Solution, solve
from vmi.placement.trips import Orders, Trips, decide_trips


@dataclass(frozen=True)
class Draft:
    """A solved problem with all that went into it, before it is told.

    ``wished``: the pools as if every truck went; ``restriction``: what trucks that wait forbid; ``seconds`` by phase.
    """

    problem: PlacementProblem
    parameters: PlacementParameters
    money: Economics
    limits: Limits
    ground: Ground
    instance: Instance
    wished: Pools
    trips: Trips
    restriction: Restriction
    solution: Solution
    seconds: dict[str, float]

    @property
    def menu(self) -> Menu:
        """The catalogues of cover patterns."""
        return self.instance.menu

    @property
    def rows(self) -> Rows:
        """The coupling rows."""
        return self.instance.rows

    @cached_property
    def pools(self) -> Pools:
        """The pools that the solution has chosen."""
        return chosen_pools(self.menu, self.ground, self.money, self.solution)

    @property
    def shape(self) -> tuple[int, int]:
        """Parts and warehouses."""
        return len(self.problem.parts), len(self.problem.warehouses)

    def hub_rows(self, pools: Pools) -> Whole:
        """Return the row of the ordering pool that each warehouse is hub of, -1 if it is none."""
        found = np.full(self.shape, -1, dtype=np.int64)
        orders = np.flatnonzero(pools.orders)
        found[pools.part[orders], pools.hub[orders]] = orders
        return found

    def values(self, prices: Array) -> Array:
        """Return what each part's best plan is worth under prices of the rows [CNY]."""
        return answer(self.instance, self.instance.everyone, self.restriction, prices).value

    def after(self, problem: PlacementProblem) -> "Draft":
        """Return the draft of the same night after transfers: only positions and room are anew.

        What a planner forces stays as it was: nothing of those parts moves, and transfers leave it its room.
        """
        ground = ground_of(problem)
        instance = _instance(problem, self.parameters, self.menu, (ground, self.money, self.limits))
        solution = solve(instance, self.restriction, self.parameters, start=self.solution.prices)
        seconds = _added(self.seconds, solution.seconds)
        return replace(self, problem=problem, ground=ground, instance=instance, solution=solution, seconds=seconds)


def draft(problem: PlacementProblem, parameters: PlacementParameters, start: pd.DataFrame | None) -> Draft:
    """Return tonight's placement if nothing is transferred; ``start``: prices of a night before."""
    money, limits, ground = economics(problem, parameters), order_limits(problem, parameters), ground_of(problem)
    weight = problem.demand.mean[:, :, -1].sum(axis=0)
    menu = build_menu(problem.arcs, weight, openness_of(problem, limits), parameters)
    instance = _instance(problem, parameters, menu, (ground, money, limits))
    begin = _prices_before(problem, start, instance.rows)
    every_truck = solve(instance, instance.free_choice(), parameters, thorough=False, start=begin)
    wished = chosen_pools(menu, ground, money, every_truck)
    orders = _orders(problem, wished, limits.low, money.penalty_line / money.line_qty)
    trips = decide_trips(problem, orders, parameters.truck_patience)
    restriction, solution = _with_trucks(instance, (every_truck, begin), trips, parameters)
    seconds = {"wish": sum(every_truck.seconds.values()), **solution.seconds}
    return Draft(problem, parameters, money, limits, ground, instance, wished, trips, restriction, solution, seconds)


def _instance(
    problem: PlacementProblem, parameters: PlacementParameters, menu: Menu, data: tuple[Ground, Economics, Limits]
) -> Instance:
    table = tabulate(menu, *data, (parameters.line_cost, parameters.change_cost))
    return Instance(menu, table, data[2], coupling_rows(problem, parameters))


def _added(before: dict[str, float], more: dict[str, float]) -> dict[str, float]:
    return {name: before.get(name, 0.0) + more.get(name, 0.0) for name in {**before, **more}}


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
) -> tuple[Restriction, Solution]:
    """Solve again without the trucks that wait; a part that was to travel on one keeps its cover pattern.

    ``wish``: the plan as if every truck went, and the prices that its search began with.
    """
    every_truck, begin = wish
    waits = ((every_truck.qty > 0) & trips.closed).any(axis=1)
    if not waits.any() and (every_truck.status == "optimal" or every_truck.within(parameters.relative_gap)):
        return instance.free_choice(), every_truck
    kept = np.where(waits, every_truck.pattern, -1)
    closed = trips.closed if waits.any() else np.zeros_like(trips.closed)
    restriction = instance.free_choice()._replace(closed=closed, pattern=kept)
    return restriction, solve(instance, restriction, parameters, start=begin)
