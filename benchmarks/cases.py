"""Make a placement problem ready to be solved in several ways, and scarce: rows that bind."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vmi.placement.catalogue import Menu, build_menu
from vmi.placement.economics import Economics, economics
from vmi.placement.instance import Instance
from vmi.placement.limits import Limits, Rows, coupling_rows, order_limits
from vmi.placement.model import Ground, Table, ground_of, openness_of, tabulate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, PlacementProblem, Whole
from vmi.placement.solving import Solution, solve

LEAST_HAZMAT_M3 = 0.01
"""Room for hazardous parts that every warehouse has."""


@dataclass(frozen=True)
class Case:
    """A problem with all that the models of it share: patterns, moments, money, limits, and the coupling rows."""

    problem: PlacementProblem
    parameters: PlacementParameters
    menu: Menu
    ground: Ground
    money: Economics
    limits: Limits
    rows: Rows

    def pooled(self) -> Instance:
        """Return the product's model: the units of a pool are there for all its regions."""
        fixed = (self.parameters.line_cost, self.parameters.change_cost)
        return self.instance(tabulate(self.menu, self.ground, self.money, self.limits, fixed))

    def instance(self, table: Table) -> Instance:
        """Return the model with another table of what its pools' orders cost."""
        return Instance(self.menu, table, self.limits, self.rows)

    def every_site_alone(self) -> Whole:
        """Return each part's pattern of most hubs, by number in its class: every warehouse covers its own region."""
        hubs = np.bitwise_count(self.menu.pattern_hubs)
        classes = zip(self.menu.pattern_from[:-1], self.menu.pattern_from[1:], strict=True)
        most = np.array([int(np.argmax(hubs[start:stop])) for start, stop in classes], dtype=np.int64)
        return np.asarray(most[self.menu.part_class])

    def solve(self, instance: Instance, start: Array | None = None, pattern: Whole | None = None) -> Solution:
        """Return the product's solution of one of the models, from the prices ``start``, perhaps of fixed patterns."""
        anything = instance.free_choice()
        chosen = anything if pattern is None else anything._replace(pattern=pattern)
        return solve(instance, chosen, self.parameters, start=start)


def prepare(problem: PlacementProblem, parameters: PlacementParameters) -> Case:
    """Return the case of a problem, as :func:`vmi.placement.place.place` begins."""
    money, limits = economics(problem, parameters), order_limits(problem, parameters)
    weight = problem.demand.mean[:, :, -1].sum(axis=0)
    menu = build_menu(problem.arcs, weight, openness_of(problem, limits), parameters)
    return Case(problem, parameters, menu, ground_of(problem), money, limits, coupling_rows(problem, parameters))


def scarce(problem: PlacementProblem, parameters: PlacementParameters, share: float, lines_share: float = 0.0) -> Case:
    """Return the case with room and budget for ``share`` of what the pooled plan would take if there were no rows.

    ``lines_share`` of the lines that it would have then, in the mean of warehouses and of suppliers, is what each of
    them can handle; 0 is no limit.
    """
    n = len(problem.warehouses)
    ample = pd.DataFrame({"free_m3": np.inf, "free_hazmat_m3": np.inf}, index=problem.warehouses.index)
    case = prepare(replace(problem, warehouses=ample), replace(parameters, budget=0.0))
    instance = case.pooled()
    qty = case.solve(instance).qty
    used = instance.usage(instance.everyone, qty).sum(axis=0) * share
    hazmat = used[n : 2 * n] + LEAST_HAZMAT_M3
    room = pd.DataFrame({"free_m3": used[:n], "free_hazmat_m3": hazmat}, index=problem.warehouses.index)
    # The rows on volume already hold the plan back: a budget of the same share would hardly bind beside them.
    limits = {"budget": float(used[2 * n]) * share**0.25}
    if lines_share > 0.0:
        lines, suppliers = int((qty > 0).sum()), problem.parts["supplier_id"].nunique()
        limits |= {
            "inbound_lines": int(lines_share * lines / n),
            "supplier_lines": int(lines_share * lines / suppliers),
        }
    return prepare(replace(problem, warehouses=room), replace(parameters, **limits))
