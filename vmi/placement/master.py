"""Put prices on the coupling rows and prove how good the plan is: Dantzig-Wolfe, then one last integer program.

A restricted master over the parts' plans (GLOP, whose duals are prices; Dantzig and Wolfe 1960) proposes prices, the
parts answer with their best plans (:mod:`vmi.placement.pricing`), and

    sum_i min value_i(price) - price . free

is at every step a valid bound on the model (Lagrange). The last program holds every plan whose value lies within the
gap of its part's best: no other can be in a better plan, so its optimum is the model's if it could be listed whole.
"""

from dataclasses import dataclass, field

import numpy as np
from ortools.linear_solver import pywraplp

from vmi.placement.instance import Instance
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Choice, Restriction, best_plans, near_plans
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.settling import settled_plans

NEW_PRICE = 0.6
"""Weight of the master's new prices against the best so far: without smoothing they jump from end to end."""
TOLERANCE = 1e-6
NEAR_ENOUGH, EXACT_PARTS = 1e-5, 1000
"""Relative gap that is not worth closing where more parts than this order tonight: 10 CNY in a million."""
EXACT_GAP, ROUGH_GAP = 1e-7, 1e-4
"""Relative gap at which the last program may stop: of the plan, and of the wish that only decides trips."""
PLANS_PER_PART = 5_000
WORK_LIMIT = 400_000
"""Nodes times plans of an integer program: a node's work grows with the plans in it."""


@dataclass(frozen=True)
class Solution:
    """A plan with its proof: patterns and units by part and hub, cost by part, bound, prices, and how it was got."""

    pattern: Whole
    qty: Whole
    cost: Array
    bound: float
    prices: Array
    status: str
    passes: int

    @property
    def objective(self) -> float:
        """Cost of the plan [CNY]."""
        return float(self.cost.sum())

    def within(self, relative_gap: float) -> bool:
        """Return whether the bound proves the plan within that share of its cost."""
        return self.objective - self.bound <= relative_gap * max(1.0, abs(self.objective))


@dataclass(frozen=True)
class _Until:
    """Where an integer program may stop: at its own relative gap, or at a cost [CNY] that contents us."""

    gap: float
    cost: float = -np.inf

    @classmethod
    def content(cls, bound: float, content: float, relative_gap: float, thorough: bool) -> "_Until":
        """Return where to stop if a cost ``content`` above the ``bound`` is good enough; 0: only the gap counts."""
        gap = max(EXACT_GAP, relative_gap / 10) if thorough else max(ROUGH_GAP, relative_gap)
        return cls(gap, bound + content if content > 0 else -np.inf)

    def settings(self, nodes: int) -> str:
        """Return SCIP's settings. Where a cost contents us another bound proves it: cuts for SCIP's own are idle."""
        given = f"limits/nodes = {nodes}\nlimits/gap = {self.gap}\nnumerics/feastol = 1e-9\n"
        early = f"limits/primal = {self.cost!r}\nseparating/maxroundsroot = 0\n"
        return given + early if np.isfinite(self.cost) else given


@dataclass
class _Plans:
    """Plans of the active parts as parallel lists, no two of a part with the same quantities."""

    part: list[int] = field(default_factory=list)
    pattern: list[int] = field(default_factory=list)
    qty: list[Whole] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    known: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def add(self, part: int, pattern: int, qty: Whole, cost: float) -> bool:
        """Keep a plan, or take it instead of a dearer one with the same quantities; return whether it is a new one."""
        key = (part, qty.tobytes())
        at = self.known.get(key)
        if at is None:
            self.known[key] = len(self.part)
            self.part.append(part)
            self.pattern.append(pattern)
            self.qty.append(qty)
            self.cost.append(cost)
            return True
        if cost < self.cost[at] - 1e-9:
            self.pattern[at], self.cost[at] = pattern, cost
            return True
        return False


def solve(
    instance: Instance,
    restriction: Restriction,
    parameters: PlacementParameters,
    thorough: bool = True,
    start: Array | None = None,
) -> Solution:
    """Return a plan of least cost, or within the gap that its bound shows; roughly so if not ``thorough``.

    ``start`` are prices of the rows to begin with, such as last night's; they change the way, not the answer's proof.
    """
    everyone = np.arange(len(instance.menu.part_class))
    none = np.zeros(len(instance.free))
    first = _answer(instance, everyone, restriction, none)
    used = instance.usage(everyone, first.qty)
    if (used.sum(axis=0) <= instance.free + 1e-9).all():
        return Solution(first.pattern, first.qty, first.cost, float(first.cost.sum()), none, "optimal", 0)
    # A plan that uses nothing and is best without prices is best under any: such parts are settled.
    active = np.flatnonzero((used > 0).any(axis=1)).astype(np.int64)
    settled = float(first.cost.sum() - first.cost[active].sum())
    plans, prices, bound, passes = _price_rows(instance, active, restriction, (first, start), parameters)
    content = parameters.relative_gap * max(1.0, abs(settled + bound))
    until = _Until.content(bound, content, parameters.relative_gap, thorough)
    found = _last_program(instance, plans, active, parameters, until)
    if thorough:
        met = (plans, active, prices)
        found, bound = _improve(instance, restriction, met, found, (bound, content), parameters)
    closed = found.cost - bound <= TOLERANCE * max(1.0, abs(found.cost))
    if not closed:
        plans_found = (found.pattern, found.qty, found.by_part)
        found = _Integer(*settled_plans(instance, restriction, active, plans_found, prices), found.bound)
    pattern, qty, cost = first.pattern.copy(), first.qty.copy(), first.cost.copy()
    pattern[active], qty[active], cost[active] = found.pattern, found.qty, found.by_part
    status, bound = "optimal" if closed else "feasible", settled + min(bound, found.cost)
    return Solution(pattern, qty, cost, bound, prices.round(6), status, passes)


def _improve(
    instance: Instance,
    restriction: Restriction,
    met: tuple["_Plans", Whole, Array],
    found: "_Integer",
    proven: tuple[float, float],
    parameters: PlacementParameters,
) -> tuple["_Integer", float]:
    """List plans within a growing share of the gap of their part's best, and choose anew, until the gap is proven shut.

    With the whole gap listed none is missed: a plan dearer than that by itself costs more than the gap. ``proven`` is
    the bound and the distance from it that contents us [CNY].
    """
    plans, active, prices = met
    bound, content = proven
    shut = TOLERANCE if len(active) <= EXACT_PARTS else NEAR_ENOUGH
    for share in (1 / 64, 1 / 8, 1.0):
        gap = max(found.cost - bound, 0.0)
        if gap <= max(shut * max(1.0, abs(found.cost)), content):
            break
        complete = _list_near(instance, restriction, (plans, active, prices), share * gap, parameters)
        until = _Until.content(bound, content, parameters.relative_gap, thorough=True)
        final = _last_program(instance, plans, active, parameters, until)
        if complete and share == 1.0:
            bound = max(bound, min(final.bound, found.cost))
        found = final if final.cost < found.cost else found
        if len(plans.part) > parameters.columns_limit:
            break
    return found, bound


def _answer(instance: Instance, parts: Whole, restriction: Restriction, prices: Array) -> Choice:
    return best_plans(parts, instance.rules(restriction), instance.unit_prices(prices))


def _price_rows(
    instance: Instance,
    active: Whole,
    restriction: Restriction,
    known: tuple[Choice, Array | None],
    parameters: PlacementParameters,
) -> tuple[_Plans, Array, float, int]:
    """Return the plans met, the best prices and the bound on the active parts' cost (Dantzig-Wolfe, smoothed).

    ``known`` are the plans that are best without prices, and the prices to begin with.
    """
    plans, (first, start) = _Plans(), known
    nothing = restriction._replace(closed=np.ones_like(restriction.closed))
    _keep(plans, active, _answer(instance, active, nothing, np.zeros(len(instance.free))))
    _keep(plans, active, Choice(first.pattern[active], first.qty[active], first.value[active], first.cost[active]))
    limited = np.flatnonzero(np.isfinite(instance.free))
    master = _Master(instance, active, limited)
    best, bound, passes = np.zeros(len(instance.free)), -np.inf, 0
    if start is not None:
        answer = _answer(instance, active, restriction, start)
        _keep(plans, active, answer)
        best, bound = start, _reached(instance, answer, start)
    while passes < parameters.master_passes:
        passes += 1
        upper, dual = master.solve(plans)
        if upper - bound <= TOLERANCE * max(1.0, abs(upper)) * 0.1:
            break
        grew = False
        for weight in (NEW_PRICE, 1.0):
            prices = weight * dual + (1.0 - weight) * best
            answer = _answer(instance, active, restriction, prices)
            reached = _reached(instance, answer, prices)
            if reached > bound:
                bound, best = reached, prices
            grew = _keep(plans, active, answer) or grew
            if grew:
                break
        if not grew:
            break
    return plans, best, bound, passes


def _reached(instance: Instance, answer: Choice, prices: Array) -> float:
    """Return the bound that the parts' answer to prices gives."""
    limited = np.isfinite(instance.free)
    return float(answer.value.sum() - prices[limited] @ instance.free[limited])


def _keep(plans: _Plans, parts: Whole, answer: Choice) -> bool:
    grew = False
    for part, pattern, qty, cost in zip(parts, answer.pattern, answer.qty, answer.cost, strict=True):
        grew = plans.add(int(part), int(pattern), qty, float(cost)) or grew
    return grew


class _Master:
    """The restricted master: (2) and (5) over the plans known so far, kept warm between passes."""

    def __init__(self, instance: Instance, active: Whole, limited: Whole) -> None:
        self.instance, self.limited, self.taken = instance, limited, 0
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        infinity = self.solver.infinity()
        self.rows = [self.solver.Constraint(-infinity, float(instance.free[k])) for k in limited]
        self.one = {int(i): self.solver.Constraint(1.0, 1.0) for i in active}
        self.variables: list[pywraplp.Variable] = []
        self.solver.Objective().SetMinimization()

    def solve(self, plans: _Plans) -> tuple[float, Array]:
        """Add what is new, solve, and return the value and the rows' prices (>= 0)."""
        self._extend(plans)
        objective = self.solver.Objective()
        for variable, cost in zip(self.variables, plans.cost, strict=True):
            objective.SetCoefficient(variable, cost)
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            raise ValueError("placement: the price master has no optimum, though ordering nothing is always allowed")
        prices = np.zeros(len(self.instance.free))
        prices[self.limited] = [max(-row.dual_value(), 0.0) for row in self.rows]
        return objective.Value(), prices.round(9)

    def _extend(self, plans: _Plans) -> None:
        parts = np.array(plans.part[self.taken :], dtype=np.int64)
        if not len(parts):
            return
        usage = self.instance.usage(parts, np.array(plans.qty[self.taken :]))[:, self.limited]
        for part, used in zip(parts, usage, strict=True):
            variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
            self.one[int(part)].SetCoefficient(variable, 1.0)
            for k in np.flatnonzero(used):
                self.rows[k].SetCoefficient(variable, float(used[k]))
            self.variables.append(variable)
        self.taken = len(plans.part)


@dataclass(frozen=True)
class _Integer:
    """What the last program chose for the active parts, in their order; its cost and bound."""

    pattern: Whole
    qty: Whole
    by_part: Array
    bound: float

    @property
    def cost(self) -> float:
        """Cost of the active parts' plans [CNY]."""
        return float(self.by_part.sum())


def _last_program(
    instance: Instance, plans: _Plans, active: Whole, parameters: PlacementParameters, until: _Until
) -> _Integer:
    """Choose one plan per part so that every row holds; exactly, and with a hair's breadth less room if rounding bites.

    The bound of a program with less room is no bound on the model: it counts only where none was taken.
    """
    parts, qty = np.array(plans.part, dtype=np.int64), np.array(plans.qty)
    usage, cost = instance.usage(parts, qty), np.array(plans.cost)
    for shrink in (0.0, 1e-6, 1e-5, 1e-4):
        chosen, bound = _choose(parts, usage, cost, instance.free * (1.0 - shrink), parameters.nodes_limit, until)
        if (usage[chosen].sum(axis=0) <= instance.free + 1e-9).all():
            break
    else:
        raise ValueError("placement: no plan fits the rows, though ordering nothing is always allowed")
    order = np.searchsorted(active, parts[chosen])
    picked = np.empty(len(active), dtype=np.int64)
    picked[order] = chosen
    pattern = np.array(plans.pattern, dtype=np.int64)
    return _Integer(pattern[picked], qty[picked], cost[picked], bound if shrink == 0.0 else -np.inf)


def _choose(parts: Whole, usage: Array, cost: Array, free: Array, nodes: int, until: _Until) -> tuple[Whole, float]:
    """Solve min cost, one plan per part (2), rows (5), with SCIP; return the chosen plans and SCIP's bound.

    Nodes and gap are limited, never time, so that the answer does not depend on the machine.
    """
    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetSolverSpecificParametersAsString(until.settings(min(nodes, max(WORK_LIMIT // len(parts), 1))))
    variables = [solver.BoolVar("") for _ in parts]
    objective = solver.Objective()
    one = {int(i): solver.Constraint(1.0, 1.0) for i in np.unique(parts)}
    for at, i in enumerate(parts.tolist()):
        one[i].SetCoefficient(variables[at], 1.0)
        objective.SetCoefficient(variables[at], float(cost[at]))
    most = np.zeros(usage.shape[1])
    np.maximum.at(most, np.arange(usage.shape[1]), usage.sum(axis=0))
    for k in np.flatnonzero(most > free + 1e-9).tolist():
        row = solver.Constraint(-solver.infinity(), float(free[k]))
        for at in np.flatnonzero(usage[:, k]).tolist():
            row.SetCoefficient(variables[at], float(usage[at, k]))
    solver.SetHint(variables, _lightest(parts, usage).astype(float).tolist())
    status = solver.Solve()
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return np.flatnonzero(_lightest(parts, usage)), -np.inf
    taken = np.array([v.solution_value() > 0.5 for v in variables])
    return np.flatnonzero(taken), float(objective.BestBound())


def _lightest(parts: Whole, usage: Array) -> Mask:
    """Return the plan of each part that uses least: always allowed together."""
    order = np.lexsort((np.arange(len(parts)), usage.sum(axis=1), parts))
    first = np.r_[True, np.diff(parts[order]) != 0]
    chosen = np.zeros(len(parts), dtype=bool)
    chosen[order[first]] = True
    return chosen


def _list_near(
    instance: Instance,
    restriction: Restriction,
    met: tuple[_Plans, Whole, Array],
    slack: float,
    parameters: PlacementParameters,
) -> bool:
    """Add every plan within ``slack`` of its part's best; return False if they were too many to list."""
    plans, active, prices = met
    answer, unit = _answer(instance, active, restriction, prices), instance.unit_prices(prices)
    rules, complete = instance.rules(restriction), True
    for i, value in zip(active.tolist(), answer.value, strict=True):
        ceiling = float(value) + slack + TOLERANCE
        patterns, units, costs, all_listed = near_plans(i, rules, unit, ceiling, PLANS_PER_PART)
        for pattern, qty, cost in zip(patterns, units, costs, strict=True):
            plans.add(i, int(pattern), qty.copy(), float(cost))
        complete = complete and all_listed
        if len(plans.part) > parameters.columns_limit:
            return False
    return complete
