"""Assign open lines to stock on hand: menu, model, what is left, lots."""

import dataclasses

import numpy as np
import pandas as pd

from vmi.proof import Optimisation
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
    served = picks.groupby("line")["qty"].sum().reindex(menu.lines.index).fillna(0)
    lines = menu.lines.assign(left=(menu.lines["qty"] - served).astype(np.int64))
    return Assignment(lines, picks, proven)


def _in_one_piece(menu: Menu) -> Menu:
    """Return the menu in which a line that some warehouse can serve whole is served whole or not at all."""
    options = menu.options
    possible = options["whole"].groupby(options["line"]).transform("any")
    options = options[options["whole"] | ~possible]
    return dataclasses.replace(menu, options=options, takes=menu.takes[menu.takes["option"].isin(options.index)])


def _in_pieces(menu: Menu) -> Menu:
    """Return the menu with every line allowed to be split."""
    return dataclasses.replace(menu, options=menu.options.assign(whole=False))


def _describe(menu: Menu, taken: pd.DataFrame) -> pd.DataFrame:
    """Return the units taken with their line, option and stock described."""
    table = taken.merge(menu.options[["line", *LANE_FIGURES]], left_on="option", right_index=True)
    return table.merge(menu.stocks[["stock", "warehouse_id", "part_id"]], on="stock")


def _lot_by_lot(stock: pd.DataFrame, lines: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return what was chosen as rows of lots, oldest first for what ships first.

    Within a warehouse and part, the units asked for in order of shipping and the units of the lots in order of receipt
    are laid side by side; each overlap is a row.
    """
    pair = ["warehouse_id", "part_id"]
    order = chosen.join(lines[["ordered_local", "order_id", "line_no"]], on="line")
    order = order.sort_values([*pair, "ship_at", "ordered_local", "order_id", "line_no"], ignore_index=True)
    lots = stock[(stock["status"] == "available") & (stock["qty"] > 0)]
    lots = lots.sort_values([*pair, "received_on", "lot_id"], ignore_index=True)
    asked = pd.DataFrame({"stop": order.groupby(pair)["qty"].cumsum(), "qty": order["qty"]})
    held = pd.DataFrame({"stop": lots.groupby(pair)["qty"].cumsum(), "qty": lots["qty"]})
    sides = order.assign(to=asked["stop"], since=asked["stop"] - asked["qty"], row=order.index)
    offers = lots[[*pair, "lot_id"]].assign(lot_to=held["stop"], lot_since=held["stop"] - held["qty"])
    found = _overlaps(sides, offers, pair)
    if found["qty"].sum() != chosen["qty"].sum():
        raise ValueError("dispatch: more was given out than the lots hold")
    return found.sort_values(["line", "ship_at", "warehouse_id", "part_id", "row", "lot_since"], ignore_index=True)[
        PICKS
    ]


def _overlaps(sides: pd.DataFrame, offers: pd.DataFrame, pair: list[str]) -> pd.DataFrame:
    """Return the overlaps of the two rulings of each pair, with their length as ``qty``."""
    asked_only = offers.merge(sides[pair].drop_duplicates(), on=pair)
    table = sides.drop(columns="qty").merge(asked_only, on=pair)
    stop, start = table[["to", "lot_to"]].min(axis=1), table[["since", "lot_since"]].max(axis=1)
    table["qty"] = (stop - start).astype(np.int64)
    return table[table["qty"] > 0]
