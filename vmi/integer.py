"""The seam to OR-Tools: a sparse linear program in arrays, solved by HiGHS through MathOpt.

The model goes in as a ``ModelProto`` filled from arrays: 50,000 columns in 0.1 s, where adding variables one by one
takes seconds. Limits are nodes and gap, never seconds, and the solver runs on one thread: the same program gives the
same answer on every machine.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import numpy.typing as npt
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Program:
    """Minimise ``cost``·x + ``constant`` subject to ``row_lower`` <= A x <= ``row_upper``, 0 <= x <= ``upper``.

    A is given by its non-zeros (``rows``, ``columns``, ``values``), a (row, column) pair at most once. Without
    ``row_lower`` rows have no lower limit. ``start``: a solution to begin with; one that breaks a row is passed over.
    """

    cost: Numbers
    upper: Numbers
    integer: npt.NDArray[np.bool_]
    rows: Whole
    columns: Whole
    values: Numbers
    row_upper: Numbers
    constant: float = 0.0
    row_lower: Numbers | None = None
    start: Numbers | None = None

    def only(self, keep: npt.NDArray[np.bool_]) -> "Program":
        """Return the program with the other columns fixed at 0."""
        place = np.cumsum(keep) - 1
        held = keep[self.columns]
        triplets = (self.rows[held], place[self.columns[held]], self.values[held])
        limits = (self.row_upper, self.constant, self.row_lower)
        start = None if self.start is None else self.start[keep]
        return Program(self.cost[keep], self.upper[keep], self.integer[keep], *triplets, *limits, start)


@dataclass(frozen=True)
class Solution:
    """``x`` with its ``objective``, a proven ``bound``, and ``reduced_costs`` where the program was continuous."""

    x: Numbers
    objective: float
    bound: float
    reduced_costs: Numbers | None = None


class NoSolution(ValueError):
    """The solver ended without a solution of a program that has one by construction."""


def solve(program: Program, relative_gap: float, node_limit: int, relaxed: bool = False) -> Solution:
    """Solve ``program``, as a linear program if ``relaxed``; x = 0 must be feasible, or else be recognised.

    Raises
    ------
    NoSolution
        The solver failed outright. Reaching a limit before a solution is found is not a failure: x = 0 stands.
    """
    if not len(program.cost):
        return Solution(np.zeros(0), program.constant, program.constant, np.zeros(0))
    model = model_of(program, relaxed)
    options = highs_pb2.HighsOptionsProto(
        string_options={"parallel": "off"}, bool_options={"output_flag": False, "log_to_console": False}
    )
    settings = mathopt.SolveParameters(highs=options, random_seed=0)
    if not relaxed:
        settings.relative_gap_tolerance, settings.node_limit = relative_gap, node_limit
    variables = sorted(model.variables(), key=lambda v: v.id)
    hints = [] if program.start is None else [mathopt.SolutionHint(dict(zip(variables, program.start, strict=True)))]
    known = mathopt.ModelSolveParameters(solution_hints=hints)
    with open(os.devnull, "w") as nowhere, printed_to(nowhere):  # noqa: PTH123 - HiGHS prints a line now and then
        result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=settings, model_params=known)
    if not result.has_primal_feasible_solution():
        return _nothing(program, result)
    x = np.array(result.variable_values(variables))
    if relaxed:
        value, reduced = float(result.objective_value()), np.array(result.reduced_costs(variables))
        return Solution(x, value, value, reduced)
    x = np.where(program.integer, np.round(x), x)
    objective = float(program.cost @ x) + program.constant
    return Solution(x, objective, min(float(result.best_objective_bound()), objective))


@contextmanager
def printed_to(sink: TextIO) -> Iterator[None]:
    """Send what compiled code prints to a file: HiGHS has lines for stdout whatever it is told."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(sink.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _nothing(program: Program, result: mathopt.SolveResult) -> Solution:
    reason = result.termination.reason
    if reason not in (mathopt.TerminationReason.NO_SOLUTION_FOUND, mathopt.TerminationReason.FEASIBLE):
        raise NoSolution(f"solver ended with {reason.value}: {result.termination.detail}")
    return Solution(np.zeros(len(program.cost)), program.constant, float(result.best_objective_bound()))


def model_of(program: Program, relaxed: bool) -> mathopt.Model:
    """Return a program as MathOpt's model, continuous if ``relaxed``."""
    proto = model_pb2.ModelProto()
    count, rows = len(program.cost), len(program.row_upper)
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend(program.upper.tolist())
    proto.variables.integers.extend((program.integer & (not relaxed)).tolist())
    costly = np.flatnonzero(program.cost)
    proto.objective.offset = program.constant
    proto.objective.linear_coefficients.ids.extend(costly.tolist())
    proto.objective.linear_coefficients.values.extend(program.cost[costly].tolist())
    proto.linear_constraints.ids.extend(range(rows))
    lower = np.full(rows, -np.inf) if program.row_lower is None else program.row_lower
    proto.linear_constraints.lower_bounds.extend(lower.tolist())
    proto.linear_constraints.upper_bounds.extend(program.row_upper.tolist())
    order = np.lexsort((program.columns, program.rows))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(program.rows[order].tolist())
    matrix.column_ids.extend(program.columns[order].tolist())
    matrix.coefficients.extend(program.values[order].tolist())
    return mathopt.Model.from_model_proto(proto)
