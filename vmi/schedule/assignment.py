"""Assign open lines to stock on hand: menu, model, what is left, lots."""

import dataclasses

import numpy as np
import pandas as pd

from vmi.proof import Optimisation
from vmi.schedule.grouping import any_in, in_order
from vmi.schedule.menu import Menu, build_menu
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.picks import solve_with_picks, what_is_left
from vmi.schedule.problem import Assignment, DispatchProblem

LANE_FIGURES = [
    *("city", "service", "transit_hours", "cut_off_minute", "late_p50", "late_p90", "fixed_cost", "cost_per_kg"),
    *("ship_at", "eta", "eta_p90", "weather_hours", "closed_days", "pushed"),
]
PICKS = ["line", "warehouse_id", "part_id", "lot_id", "qty", *LANE_FIGURES]


def assign(problem: DispatchProblem, parameters: ScheduleParameters) -> Assignment:
    """Serve open lines from stock on hand at least cost.

    The model serves a line whole from one warehouse, and splits only lines that no warehouse has enough for. Lines
    that lost a scarce unit and could still have a part of their quantity get what is left in a second round of the
    same model, in which every line may be split: a part is better than nothing. Objective and bound reported are those
    of both rounds, the second given the first.

    Returns
    -------
    :class:`vmi.schedule.problem.Assignment`; empty orders give empty frames, objective 0 and gap 0.
    """
    menu = build_menu(problem, parameters)
    taken, proven = solve_with_picks(_in_one_piece(menu), parameters)
    rest = what_is_left(_in_pieces(menu), taken)
    extra, more = solve_with_picks(rest, parameters)
    waived = float(menu.lines["unserved_cost"].loc[rest.options["line"].unique()].sum())
    proven = Optimisation(
        "dispatch",
        round(proven.objective + more.objective - waived, 6),
        round(proven.bound + more.bound - waived, 6),
    )
    chosen = _describe(menu, pd.concat([taken, extra], ignore_index=True))
    picks = _lot_by_lot(problem.stock, menu.lines, chosen)
    served = np.bincount(picks["line"], picks["qty"], minlength=len(menu.lines))
    lines = menu.lines.assign(left=(menu.lines["qty"] - served).astype(np.int64))
    return Assignment(lines, picks, proven)


def _in_one_piece(menu: Menu) -> Menu:
    """Return the menu in which a line that some warehouse can serve whole is served whole or not at all."""
    options = menu.options
    possible = any_in(options["line"].to_numpy(), options["whole"])
    options = options[options["whole"] | ~possible]
    return dataclasses.replace(menu, options=options, takes=menu.takes[menu.takes["option"].isin(options.index)])


def _in_pieces(menu: Menu) -> Menu:
    """Return the menu with every line allowed to be split."""
    return dataclasses.replace(menu, options=menu.options.assign(whole=False))


def _describe(menu: Menu, taken: pd.DataFrame) -> pd.DataFrame:
    """Return the units taken with their line, option and stock described."""
    options = menu.options[["line", *LANE_FIGURES]].take(taken["option"].to_numpy()).reset_index(drop=True)
    stocks = menu.stocks[["warehouse_id", "part_id"]].take(taken["stock"].to_numpy()).reset_index(drop=True)
    return pd.concat([taken, options, stocks], axis=1)


def _lot_by_lot(stock: pd.DataFrame, lines: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return what was chosen as rows of lots, oldest first for what ships first.

    Within a warehouse and part, the units asked for in order of shipping and the units of the lots in order of receipt
    are laid side by side; each overlap is a row.
    """
    # Stocks are numbered by warehouse and part, lines by order and line of it.
    order = chosen.assign(ordered=lines["ordered_local"].to_numpy()[chosen["line"]])
    order = in_order(order, "stock", "ship_at", "ordered", "line")
    asked = order.groupby("stock")["qty"].cumsum()
    sides = order.assign(to=asked, since=asked - order["qty"], row=order.index)
    found = _overlaps(sides, _ruled_lots(stock, order))
    if found["qty"].sum() != chosen["qty"].sum():
        raise ValueError("dispatch: more was given out than the lots hold")
    return in_order(found, "line", "ship_at", "stock", "row", "lot_since")[PICKS]


def _ruled_lots(stock: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    """Return the lots of the stocks asked for, with the units of their stock before and up to each, oldest first."""
    pair = ["warehouse_id", "part_id"]
    asked = order.loc[~order["stock"].duplicated(), [*pair, "stock"]]
    lots = stock[stock["part_id"].isin(asked["part_id"]) & (stock["status"] == "available") & (stock["qty"] > 0)]
    lots = in_order(lots.merge(asked, on=pair), "stock", "received_on", "lot_id")
    held = lots.groupby("stock")["qty"].cumsum()
    return lots[["stock", "lot_id"]].assign(lot_to=held, lot_since=held - lots["qty"])


def _overlaps(sides: pd.DataFrame, lots: pd.DataFrame) -> pd.DataFrame:
    """Return the overlaps of the two rulings of each stock, with their length as ``qty``."""
    table = sides.drop(columns="qty").merge(lots, on="stock")
    stop, start = np.minimum(table["to"], table["lot_to"]), np.maximum(table["since"], table["lot_since"])
    table["qty"] = (stop - start).astype(np.int64)
    return table[table["qty"] > 0]
