"""The seam to OR-Tools: a sparse mixed integer program in arrays, solved by HiGHS through MathOpt.

Limits are nodes and gap, never seconds, and the solver runs on one thread: the same program gives the same answer on
every machine. A program too large to be solved whole is priced by its linear relaxation, which gives the bound, and
searched among the columns whose reduced cost is low.
"""

from typing import NamedTuple

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2

from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array, Flags, Whole


class Program(NamedTuple):
    """Minimise ``cost``·x over 0 <= x <= 1 and A x <= ``upper``; A by its non-zeros, each (row, column) once."""

    cost: Array
    integer: Flags
    rows: Whole
    columns: Whole
    values: Array
    upper: Array


class NoSolution(ValueError):
    """The solver ended without a solution of a program that x = 0 solves."""


def solve(program: Program, parameters: ReturnParameters) -> tuple[Array, float]:
    """Return x and a proven lower bound of the cost; x = 0 must be feasible.

    Raises
    ------
    NoSolution
        The solver failed outright. Reaching a limit before a solution is found is not a failure: x = 0 stands.
    """
    if len(program.cost) <= parameters.exact_columns:
        return _solve_integer(program, parameters) if len(program.cost) else (np.zeros(0), 0.0)
    bound, reduced = _price(program)
    keep = reduced <= parameters.price_within
    x = np.zeros(len(program.cost))
    x[keep], _ = _solve_integer(_only(program, keep), parameters)
    return x, bound


def _price(program: Program) -> tuple[float, Array]:
    """Return the optimum of the linear relaxation, a bound, and its reduced costs."""
    model = mathopt.Model.from_model_proto(_proto(program._replace(integer=np.zeros(len(program.cost), dtype=bool))))
    options = highs_pb2.HighsOptionsProto(string_options={"parallel": "off"})
    settings = mathopt.SolveParameters(highs=options, random_seed=0)
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=settings)
    if not result.has_primal_feasible_solution():
        raise NoSolution(f"solver ended with {result.termination.reason.value}: {result.termination.detail}")
    variables = sorted(model.variables(), key=lambda v: v.id)
    return float(result.objective_value()), np.round(np.array(result.reduced_costs(variables)), 6)


def _only(program: Program, keep: Flags) -> Program:
    """Return the program with the other columns fixed at 0."""
    place, held = np.cumsum(keep) - 1, keep[program.columns]
    triplets = (program.rows[held], place[program.columns[held]], program.values[held])
    return Program(program.cost[keep], program.integer[keep], *triplets, program.upper)


def _solve_integer(program: Program, parameters: ReturnParameters) -> tuple[Array, float]:
    model = mathopt.Model.from_model_proto(_proto(program))
    settings = mathopt.SolveParameters(
        highs=highs_pb2.HighsOptionsProto(string_options={"parallel": "off"}),
        random_seed=0,
        relative_gap_tolerance=parameters.relative_gap,
        node_limit=parameters.node_limit,
    )
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=settings)
    bound = float(result.best_objective_bound())
    if result.has_primal_feasible_solution():
        x = np.array(result.variable_values(sorted(model.variables(), key=lambda v: v.id)))
        return np.where(program.integer, np.round(x), x), bound
    reason = result.termination.reason
    if reason not in (mathopt.TerminationReason.NO_SOLUTION_FOUND, mathopt.TerminationReason.FEASIBLE):
        raise NoSolution(f"solver ended with {reason.value}: {result.termination.detail}")
    return np.zeros(len(program.cost)), bound


def _proto(program: Program) -> model_pb2.ModelProto:
    proto = model_pb2.ModelProto()
    count, rows = len(program.cost), len(program.upper)
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend([1.0] * count)
    proto.variables.integers.extend(program.integer.tolist())
    costly = np.flatnonzero(program.cost)
    proto.objective.linear_coefficients.ids.extend(costly.tolist())
    proto.objective.linear_coefficients.values.extend(program.cost[costly].tolist())
    proto.linear_constraints.ids.extend(range(rows))
    proto.linear_constraints.lower_bounds.extend([-np.inf] * rows)
    proto.linear_constraints.upper_bounds.extend(program.upper.tolist())
    order = np.lexsort((program.columns, program.rows))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(program.rows[order].tolist())
    matrix.column_ids.extend(program.columns[order].tolist())
    matrix.coefficients.extend(program.values[order].tolist())
    return proto
