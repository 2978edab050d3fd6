"""What each row of :mod:`benchmarks.allocation` measures, as functions that run in a process of their own.

numba's compiling is not measured: :func:`warm` solves a tiny case first.
"""

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.cases import Case, prepare, scarce
from benchmarks.companies import company, day_later, sample_problem
from benchmarks.dedicated import tabulate_dedicated
from benchmarks.first_come import Policy, expected, live
from benchmarks.monolith import Run, competing, gap, monolith, run
from vmi.integer import Program
from vmi.placement.instance import Instance
from vmi.placement.master import Priced, Search, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, PlacementProblem
from vmi.placement.solving import Solution
from vmi.sample.parameters import SampleParameters

T = TypeVar("T")
TINY_PARTS = 40
UNSEEN = 20_261_121
"""Seed of the scenarios that plans live through."""


@dataclass(frozen=True)
class Setting:
    """Which problem is solved: its size, how scarce room and budget are, and how near is near enough.

    ``share`` of what the plan would take without rows, ``lines_share`` of its lines (0: no limit); ``relative_gap``,
    ``columns_limit``, ``nodes_limit`` and ``every_hub_set_up_to`` as in ``placement``; ``problem``: a file that holds a
    problem of ``vmi sample`` to take instead of a drawn one.
    """

    parts: int
    warehouses: int = 10
    seed: int = 1
    share: float = 0.7
    lines_share: float = 0.0
    relative_gap: float = 0.0
    columns_limit: int = PlacementParameters.columns_limit
    nodes_limit: int = PlacementParameters.nodes_limit
    every_hub_set_up_to: int = PlacementParameters.every_hub_set_up_to
    problem: str = ""

    def case(self) -> Case:
        """Return the case: a problem with rows that bind."""
        drawn = self._problem()
        names = ("relative_gap", "columns_limit", "nodes_limit", "every_hub_set_up_to")
        parameters = PlacementParameters(**{name: getattr(self, name) for name in names})
        return scarce(drawn, parameters, self.share, self.lines_share)

    def _problem(self) -> PlacementProblem:
        if not self.problem:
            return company(self.parts, self.warehouses, self.seed)
        found = pickle.loads(Path(self.problem).read_bytes())
        assert isinstance(found, PlacementProblem)
        return found


@dataclass(frozen=True)
class Solved:
    """A plan with its proof [CNY], seconds by phase, and how many of the rows have a price."""

    parts: int
    objective: float
    bound: float
    seconds: dict[str, float]
    rows_priced: int
    ordering: int

    @property
    def gap(self) -> float:
        """(objective - bound) / objective."""
        return gap(self.objective, self.bound)

    @property
    def total_seconds(self) -> float:
        """Seconds of tabulating and solving."""
        return self.seconds["tabulate"] + self.seconds["solve"]


@dataclass(frozen=True)
class Judged:
    """A plan as its model sees it and as it lived: [CNY], units, shares.

    ``lived``: cost by scenario. ``kinds``: its mean by kind; ``model_kinds``: the model's own objective by kind, empty
    for a plan of another model than the pooled one.
    """

    name: str
    objective: float
    lived: Array
    kinds: Array
    model_kinds: Array
    fill: float
    bought_cny: float


@dataclass
class Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Return what the work returns; keep the seconds it took."""
        start = time.perf_counter()
        found = work()
        self.seconds[name] = time.perf_counter() - start
        return found


def warm() -> None:
    """Have numba compile, or load, all that is measured."""
    case = Setting(TINY_PARTS).case()
    solution = case.solve(dedicated(case))
    prices_alone(case, dedicated(case), None)
    live(case, [Policy(solution, reserved=True)], scenarios=1, seed=0)


def listed(instance: Instance) -> Instance:
    """Return the model with the patterns that its parts weigh listed: work that is done once, before any price."""
    assert len(instance.listed.pattern) > 0
    return instance


def dedicated(case: Case) -> Instance:
    """Return the model with dedicated cover."""
    return case.instance(tabulate_dedicated(case))


def prices_alone(case: Case, instance: Instance, start: Array | None) -> Priced:
    """Return what the search for prices alone finds."""
    parts, _ = competing(instance)
    return price_rows(instance, parts, instance.free_choice(), Search(start, case.parameters.master_passes))


def solve_dedicated(setting: Setting) -> Solved:
    """Measure the model with dedicated cover."""
    warm()
    clock = Clock()
    case = clock.time("generate", setting.case)
    instance = clock.time("tabulate", lambda: listed(dedicated(case)))
    clock.time("prices alone", lambda: prices_alone(case, instance, None))
    solution = clock.time("solve", lambda: case.solve(instance))
    return _solved(case, solution, clock)


def _solved(case: Case, solution: Solution, clock: Clock) -> Solved:
    priced, ordering = int((solution.prices > 0).sum()), int((solution.qty > 0).any(axis=1).sum())
    return Solved(len(case.problem.parts), solution.objective, solution.bound, clock.seconds, priced, ordering)


def judge(setting: Setting, scenarios: int) -> tuple[Solved, list[Judged]]:
    """Measure the pooled model, and let its plan live beside a dedicated one and one where every site is alone."""
    warm()
    clock = Clock()
    case = clock.time("generate", setting.case)
    pooled = clock.time("tabulate", lambda: listed(case.pooled()))
    clock.time("prices alone", lambda: prices_alone(case, pooled, None))
    ours = clock.time("solve", lambda: case.solve(pooled))
    reserved = clock.time("dedicated", lambda: case.solve(dedicated(case)))
    alone = clock.time("alone", lambda: case.solve(pooled, pattern=case.every_site_alone()))
    few = prepare(case.problem, replace(case.parameters, every_hub_set_up_to=0))
    greedy = clock.time("greedy", lambda: few.solve(few.pooled()))
    judged = clock.time("live", lambda: _judged(case, _rivals(ours, reserved, alone), scenarios, reserved))
    judged += _judged(few, {"pooled, greedy sets of hubs": Policy(greedy)}, scenarios)
    return _solved(case, ours, clock), judged


def _rivals(ours: Solution, reserved: Solution, alone: Solution) -> dict[str, Policy]:
    return {
        "pooled": Policy(ours),
        "dedicated, units reserved": Policy(reserved, reserved=True, helps=False),
        "dedicated, then shared": Policy(reserved),
        "every site alone": Policy(alone, helps=False),
        "every site alone, then helping": Policy(alone),
    }


def _judged(case: Case, rivals: dict[str, Policy], scenarios: int, other_model: Solution | None = None) -> list[Judged]:
    lived = live(case, list(rivals.values()), scenarios, UNSEEN)
    found = []
    for k, (name, policy) in enumerate(rivals.items()):
        solution = policy.solution
        found.append(
            Judged(
                name=name,
                objective=solution.objective,
                lived=lived.total[k],
                kinds=lived.cost[k].mean(axis=0),
                model_kinds=np.zeros(0) if solution is other_model else expected(case, solution),
                fill=1.0 - float(lived.units[k, 1] / lived.units[k, 0]),
                bought_cny=float((solution.qty * case.rows.use[:, 2:]).sum()),
            )
        )
    return found


def solve_monolith(setting: Setting, whole: bool, solver: str, seconds: float) -> Run:
    """Measure the model with dedicated cover as one integer program; of all parts, or of those that compete alone."""
    return run(_program(setting, whole), solver, seconds)


def _program(setting: Setting, whole: bool) -> Program:
    case = setting.case()
    instance = dedicated(case)
    return monolith(instance, *((instance.everyone, 0.0) if whole else competing(instance)))


def relax(setting: Setting, seconds: float) -> tuple[Run, float, float]:
    """Measure the linear relaxation in HiGHS's dual simplex, and our prices: (run, our bound [CNY], our seconds)."""
    warm()
    case = setting.case()
    instance = dedicated(case)
    parts, constant = competing(listed(instance))
    clock = Clock()
    priced = clock.time("prices", lambda: prices_alone(case, instance, None))
    found = run(monolith(instance, parts, constant), "HiGHS", seconds, relaxed=True)
    return found, priced.bound + constant, clock.seconds["prices"]


def replan(setting: Setting) -> dict[str, dict[str, float]]:
    """Measure a day later, from no prices and from yesterday's: seconds of the search for prices, and of all.

    All is tabulating, which is done once for both, and the solve.
    """
    warm()
    case = setting.case()
    yesterday = case.solve(case.pooled()).prices
    later = prepare(day_later(case.problem, setting.seed), case.parameters)
    clock, found = Clock(), {}
    instance = clock.time("tabulate", lambda: listed(later.pooled()))
    for name, start in (("no prices", None), ("yesterday's prices", yesterday)):
        solution = clock.time("solve", partial(later.solve, instance, start))
        both = clock.seconds["tabulate"] + clock.seconds["solve"]
        found[name] = {"prices": solution.seconds.get("prices", 0.0), "all": both}
    return found


def keep_sample(parts: int, warehouses: int, path: str) -> None:
    """Write the problem of a night of ``vmi sample`` to a file."""
    asked = SampleParameters(parts=parts, warehouses=warehouses)
    Path(path).write_bytes(pickle.dumps(sample_problem(asked)))
