"""The same tabulated model as one integer program, and its linear relaxation, for solvers through OR-Tools.

Variables
    z_im 1 if part i takes pattern m; l_ijo 1 if pool j of part i orders its option o
Model
    (1) min  sum of u_ijo l_ijo
    (2) sum_m z_im = 1                              for every part
    (3) sum_o l_ijo = sum of z_im over m using j    for every pool of every part
    (4) sum of q_ijo l_ijo <= available_i           where the supplier has less than all pools may order
    (5) sum of a_ik q_ijo l_ijo / b_k <= 1          for every coupling row

The whole model has all parts. Where only those are asked for that compete (their best plan without rows uses one), what
all others cost is the constant: a reduction that is ours, given to the rival. A change of hubs must cost nothing
(``placement.change_cost`` is 0), or a pattern would have a cost of its own.
"""

import datetime
import math
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2

from vmi.integer import Program, model_of, printed_to
from vmi.placement.instance import Instance
from vmi.placement.master import answer
from vmi.placement.problem import Array, Whole

SOLVERS = {"HiGHS": mathopt.SolverType.HIGHS, "SCIP": mathopt.SolverType.GSCIP}
RIVAL_GAP = 1e-6
"""Relative gap at which a rival may stop before its time is up."""
LEAST_ROOM = 1e-6
"""Right-hand side below which a row is not written relative to it."""


class Moment(NamedTuple):
    """A line of a solver's log: seconds since it began, best objective and bound [CNY], as the log rounds them."""

    seconds: float
    objective: float
    bound: float


@dataclass(frozen=True)
class Run:
    """What a solver reached: objective and bound [CNY], seconds to build and to solve, and how it got there."""

    objective: float
    bound: float
    build_seconds: float
    seconds: float
    trail: tuple[Moment, ...]

    @property
    def gap(self) -> float:
        """(objective - bound) / objective; inf without a solution."""
        return gap(self.objective, self.bound)

    @property
    def first_seconds(self) -> float:
        """Seconds to the first solution; inf without one."""
        return min((m.seconds for m in self.trail if math.isfinite(m.objective)), default=math.inf)

    def seconds_to(self, within: float) -> float:
        """Return the seconds after which the gap was at most ``within``, building included; inf if it never was."""
        reached = [m.seconds for m in self.trail if gap(m.objective, m.bound) <= within]
        reached += [self.seconds] if self.gap <= within else []
        return self.build_seconds + min(reached, default=math.inf)


def gap(objective: float, bound: float) -> float:
    """Return (objective - bound) / |objective|, at least 0; inf where one of the two is not known."""
    if not (math.isfinite(objective) and math.isfinite(bound)):
        return math.inf
    return max(objective - bound, 0.0) / max(abs(objective), 1e-9)


def competing(instance: Instance) -> tuple[Whole, float]:
    """Return the parts whose best plan without rows uses them, and what all others cost."""
    first = answer(instance, instance.everyone, instance.free_choice(), np.zeros(len(instance.free)))
    uses = (instance.usage(instance.everyone, first.qty) > 0).any(axis=1)
    return np.flatnonzero(uses).astype(np.int64), float(first.cost[~uses].sum())


def monolith(instance: Instance, parts: Whole, constant: float) -> Program:
    """Return the model of ``parts`` as one program; columns: patterns part by part, then options pool by pool."""
    menu, table = instance.menu, instance.table
    cls = menu.part_class[parts]
    patterns, pattern_part = _ranges(menu.pattern_from[cls], menu.pattern_from[cls + 1])
    pools, pool_part = _ranges(table.row_from[parts], table.row_from[parts + 1])
    options, option_pool = _ranges(table.option_from[pools], table.option_from[pools + 1])
    members, member_pattern = _ranges(menu.member_from[patterns], menu.member_from[patterns + 1])
    first_pool = np.searchsorted(pool_part, np.arange(len(parts)))
    hub = menu.pool_hub[menu.pool_from[cls[pool_part]] + np.arange(len(pools)) - first_pool[pool_part]]
    at, option_part = len(patterns) + np.arange(len(options)), pool_part[option_pool]
    qty = table.qty[options].astype(np.float64)
    blocks = [
        (pattern_part, np.arange(len(patterns)), np.ones(len(patterns))),
        (len(parts) + option_pool, at, np.ones(len(options))),
        (
            len(parts) + first_pool[pattern_part[member_pattern]] + menu.members[members],
            member_pattern,
            -np.ones(len(members)),
        ),
    ]
    lower = [np.ones(len(parts)), np.zeros(len(pools))]
    upper = [np.ones(len(parts)), np.zeros(len(pools))]
    shared = [
        _supply(instance, parts, option_part, qty),
        _coupling(instance, parts, option_part, hub[option_pool], qty),
    ]
    for rows, options_in, values, right in shared:
        blocks.append((sum(map(len, lower)) + rows, at[options_in], values))
        lower.append(np.full(len(right), -np.inf))
        upper.append(right)
    rows, columns, values = (np.concatenate([block[k] for block in blocks]) for k in range(3))
    cost = np.concatenate([np.zeros(len(patterns)), table.cost[options]])
    most, whole = np.ones(len(cost)), np.ones(len(cost), dtype=bool)
    return Program(cost, most, whole, rows, columns, values, np.concatenate(upper), constant, np.concatenate(lower))


def _ranges(start: Whole, stop: Whole) -> tuple[Whole, Whole]:
    """Return start[0] .. stop[0] - 1, start[1] .. and so on in one array, and which range each belongs to."""
    size = stop - start
    owner = np.repeat(np.arange(len(size)), size)
    return np.arange(len(owner)) - (np.cumsum(size) - size - start)[owner], owner


def _supply(instance: Instance, parts: Whole, part: Whole, qty: Array) -> tuple[Whole, Whole, Array, Array]:
    """Return the rows (4), as row, option, value, and right-hand sides."""
    most = np.bincount(part, weights=qty, minlength=len(parts))
    available = instance.limits.available[parts].astype(np.float64)
    limited = np.flatnonzero(most > available)
    row = np.searchsorted(limited, part)
    used = np.flatnonzero(np.isin(part, limited) & (qty > 0))
    return row[used], used, qty[used], available[limited]


def _coupling(
    instance: Instance, parts: Whole, part: Whole, hub: Whole, qty: Array
) -> tuple[Whole, Whole, Array, Array]:
    """Return the rows (5) relative to their right-hand sides, as row, option, value, and right-hand sides."""
    limited = np.flatnonzero(np.isfinite(instance.free))
    place = np.full(len(instance.free), -1)
    place[limited] = np.arange(len(limited))
    scale = np.maximum(instance.free[limited], LEAST_ROOM)
    touched, unit, line = instance.rows.touched(parts[part], hub)
    row, use = place[touched], unit * qty[:, None] + line * (qty > 0)[:, None]
    option, of_row = np.nonzero((use > 0) & (row >= 0))
    found = row[option, of_row]
    return found, option, use[option, of_row] / scale[found], instance.free[limited] / scale


def run(program: Program, solver: str, seconds: float, relaxed: bool = False) -> Run:
    """Solve on one thread within so many seconds; ``relaxed``: the linear relaxation by dual simplex."""
    start = time.perf_counter()
    model = model_of(program, relaxed)
    built = time.perf_counter() - start
    settings = _settings(solver, seconds, relaxed)
    start = time.perf_counter()
    result, log = _logged(lambda: mathopt.solve(model, SOLVERS[solver], params=settings))
    spent = time.perf_counter() - start
    found = result.has_primal_feasible_solution()
    objective = float(result.objective_value()) if found else math.inf
    bound = objective if relaxed else float(result.best_objective_bound())
    return Run(objective, bound, built, spent, trail(log))


def _settings(solver: str, seconds: float, relaxed: bool) -> mathopt.SolveParameters:
    limit = datetime.timedelta(seconds=seconds)
    settings = mathopt.SolveParameters(time_limit=limit, enable_output=not relaxed, random_seed=0)
    if solver == "HiGHS":
        settings.highs = highs_pb2.HighsOptionsProto(string_options={"parallel": "off"})
    else:
        settings.threads = 1
    if relaxed:
        settings.lp_algorithm = mathopt.LPAlgorithm.DUAL_SIMPLEX
    else:
        settings.relative_gap_tolerance = RIVAL_GAP
    return settings


def trail(log: str) -> tuple[Moment, ...]:
    """Return what a log of HiGHS or SCIP says of objective and bound over time."""
    moments = []
    for line in log.splitlines():
        highs, cells = _HIGHS.search(line), line.split("|")
        if highs:
            moments.append(Moment(_number(highs[3]), _number(highs[2]), _number(highs[1])))
        elif len(cells) > 15 and (clock := _SCIP.match(cells[0])):
            moments.append(Moment(_number(clock[1]), _number(cells[-3]), _number(cells[-4])))
    return tuple(moments)


_HIGHS = re.compile(r"\d+\.\d+%\s+(\S+)\s+(\S+)\s+\S+\s+\d+\s.*?(\d+\.\d+)s\s*$")
_SCIP = re.compile(r"^\s*\S?\s*(\d+(?:\.\d+)?)s\s*$")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def _logged(work: Callable[[], mathopt.SolveResult]) -> tuple[mathopt.SolveResult, str]:
    """Return what the work returns, and all that compiled code printed meanwhile."""
    with tempfile.TemporaryFile("w+") as sink:
        with printed_to(sink):
            result = work()
        sink.seek(0)
        return result, sink.read()
