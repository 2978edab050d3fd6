"""Solve the dispatch model group by group: lines that share nothing scarce are decided apart.

Options that cannot be best are dropped first, and the proof is short: an option dearer on its own than another one of
the line that is always to be had (its stock suffices for all who could ask, its day is not limited, its shipment paid
for in full) is never better. What is left falls into connected groups. Small groups are exact integer programs. A
very large group is priced by its linear relaxation, which gives the bound, and searched among the options whose
reduced cost is low. After the dropping, 10,000 coupled lines are solved exactly in 5 to 11 s.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vmi.integer import Solution, solve
from vmi.proof import Optimisation
from vmi.schedule.grouping import Flags, Numbers, Whole, distinct, least_in
from vmi.schedule.menu import Menu
from vmi.schedule.model import Formulation, formulate, read, scarce_stocks
from vmi.schedule.parameters import ScheduleParameters

BATCH_LINES = 60
"""Small groups are solved together up to this many lines: a call costs more than their solution."""
NOTHING_TAKEN = pd.DataFrame({"option": [], "stock": [], "qty": []}, dtype=np.int64)


def solve_menu(menu: Menu, parameters: ScheduleParameters) -> tuple[pd.DataFrame, Optimisation]:
    """Return the units taken (columns option, stock, qty) and what was proven about them."""
    menu = prune(menu)
    pieces, objective, bound = [], 0.0, 0.0
    for part in _batches(menu):
        formulation = formulate(part)
        solution = _solve(formulation, part.options["line"].nunique(), parameters)
        pieces.append(read(formulation, solution))
        objective, bound = objective + solution.objective, bound + solution.bound
    taken = pd.concat([NOTHING_TAKEN, *pieces], ignore_index=True).sort_values(["option", "stock"], ignore_index=True)
    return taken, Optimisation("dispatch", round(objective, 6), round(bound, 6))


def lines_on_full_days(menu: Menu) -> int:
    """Return how many lines could leave on a day on which not all can be picked."""
    return len(np.unique(menu.options["line"].to_numpy()[_on_full_day(menu)]))


def _solve(formulation: Formulation, lines: int, parameters: ScheduleParameters) -> Solution:
    program = formulation.program
    if lines <= parameters.exact_lines:
        return solve(program, parameters.relative_gap, parameters.node_limit)
    priced = solve(program, parameters.relative_gap, parameters.node_limit, relaxed=True)
    assert priced.reduced_costs is not None
    keep = priced.reduced_costs <= parameters.price_within
    found = solve(program.only(keep), parameters.relative_gap, parameters.node_limit)
    x = np.zeros(len(program.cost))
    x[keep] = found.x
    return Solution(x, found.objective, min(priced.bound, found.objective))


def prune(menu: Menu) -> Menu:
    """Return the menu without the options that another option of the same line always beats."""
    options, takes = menu.options, menu.takes
    if not len(options):
        return menu
    line = options["line"].to_numpy()
    qty = menu.lines["qty"].to_numpy(dtype=np.float64)[line]
    # Takes are sorted by option: the least and the greatest lie between where one option and the next begin.
    begin = np.searchsorted(takes["option"].to_numpy(), options.index)
    unit_cost = takes["unit_cost"].to_numpy()
    least = qty * (options["unit_cost"].to_numpy() + np.minimum.reduceat(unit_cost, begin))
    most = qty * (options["unit_cost"].to_numpy() + np.maximum.reduceat(unit_cost, begin))
    sure = options["whole"].to_numpy(dtype=bool) & ~_contested(menu)
    most = np.where(sure, most + options["fixed_cost"].to_numpy(), np.inf)
    best = least_in(line, most)
    return _with_options(menu, (least < best) | _first_best(line, most, best))


def _with_options(menu: Menu, keep: Flags) -> Menu:
    """Return the menu with the options to keep alone."""
    kept = menu.options[keep]
    takes = menu.takes[menu.takes["option"].isin(kept.index)]
    return Menu(menu.lines, kept, takes, menu.stocks, menu.pick_limits)


def _first_best(line: Whole, most: Numbers, best: Numbers) -> Flags:
    """Return the first option of each line that reaches the line's best sure cost."""
    reaches = np.flatnonzero((most == best) & np.isfinite(best))
    _, first = np.unique(line[reaches], return_index=True)
    found = np.zeros(len(line), dtype=bool)
    found[reaches[first]] = True
    return found


def _contested(menu: Menu) -> Flags:
    """Return which options may be refused: their stock is scarce, or their picking day is full."""
    scarce = menu.takes["option"][menu.takes["stock"].isin(scarce_stocks(menu))]
    return np.isin(menu.options.index, scarce) | _on_full_day(menu)


def _on_full_day(menu: Menu) -> Flags:
    """Return which options would leave on a day on which not all lines that could leave can be picked."""
    day, limits = menu.options["day"].to_numpy(), menu.pick_limits.to_numpy(dtype=np.float64)
    asked = distinct(day, menu.options["line"].to_numpy(), len(limits))
    # The last element is that of day −1: not limited.
    return np.append(asked > limits, False)[day]


def _batches(menu: Menu) -> list[Menu]:
    """Return the menu cut into groups that share nothing, small groups joined to batches."""
    if not len(menu.options):
        return []
    group = _groups(menu)
    size = group.value_counts().reindex(group.unique())
    batch = (size.cumsum() - size) // BATCH_LINES
    large = size > BATCH_LINES
    batch = batch.where(~large, -large.astype(np.int64).cumsum())
    of_line = group.map(batch)
    if of_line.nunique() == 1:
        return [menu]
    of_option = menu.options["line"].map(of_line).to_numpy()
    return [_with_options(menu, of_option == number) for number in np.unique(of_option)]


def _groups(menu: Menu) -> pd.Series:
    """Return the number of the connected group of each line that has options, in order of lines."""
    options = menu.options
    full = options[_on_full_day(menu)]
    scarce = menu.takes[menu.takes["stock"].isin(scarce_stocks(menu))]
    # What lines may share, told apart by number: shipments, then stocks, then full days.
    stocks = int(options["shipment"].max()) + 1
    held = stocks + len(menu.stocks)
    shared = [options["shipment"].to_numpy(), stocks + scarce["stock"].to_numpy(), held + full["day"].to_numpy()]
    line, lines = pd.factorize(np.concatenate([options["line"], scarce["line"], full["line"]]), sort=True)
    key, found = pd.factorize(np.concatenate(shared), sort=True)
    size = len(lines) + len(found)
    graph = coo_array((np.ones(len(key)), (line, len(lines) + key)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return pd.Series(pd.factorize(label[: len(lines)])[0], index=lines)
