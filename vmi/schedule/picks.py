"""Keep to the lines a warehouse can pick in a day.

The limits hardly ever bind, and where they are left out the groups of coupled lines are small. So the model is solved
without constraint (7) of :mod:`vmi.schedule.model` first: a plan that keeps the limits all the same is the best plan.
Where few lines are touched, a plan that does not is solved again with (7). Offering hundreds of lines several
interchangeable days is what an integer program is worst at (4,000 lines: no proof in 100 s), so there the days are
filled round by round: keep on each full day the lines that would lose most by waiting for the next, and solve again
for the others without the days that are full. The first solution leaves constraints out, so its bound is a bound of
the whole.
"""

import numpy as np
import pandas as pd

from vmi.proof import Optimisation
from vmi.schedule.grouping import Whole, distinct
from vmi.schedule.menu import Menu
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.solving import NOTHING_TAKEN, lines_on_full_days, solve_menu


def solve_with_picks(menu: Menu, parameters: ScheduleParameters) -> tuple[pd.DataFrame, Optimisation]:
    """Return the units taken and what was proven, with no more lines on a day than can be picked."""
    lines = lines_on_full_days(menu)
    if not lines:
        return solve_menu(menu, parameters)
    taken, proven = solve_menu(_without_limits(menu), parameters)
    if (_picked(menu, taken) <= menu.pick_limits).all():
        return taken, proven
    if lines <= parameters.exact_picks:
        return solve_menu(menu, parameters)
    kept = _round_by_round(menu, taken, parameters)
    objective = price(menu, kept)
    return kept, Optimisation("dispatch", objective, min(objective, proven.bound))


def _round_by_round(menu: Menu, taken: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the units taken when full days are filled one round after the other, ``taken`` without limits first."""
    kept, rest = NOTHING_TAKEN, menu
    while True:
        held = _within_limits(rest, taken)
        kept = pd.concat([kept, held], ignore_index=True)
        rest = what_is_left(rest, held)
        if len(held) == len(taken) or not len(rest.options):
            return kept.sort_values(["option", "stock"], ignore_index=True)
        taken, _ = solve_menu(_without_limits(rest), parameters)


def _picked(menu: Menu, taken: pd.DataFrame) -> Whole:
    """Return how many lines leave on each limited day."""
    used = menu.options.loc[taken["option"].unique()]
    return distinct(used["day"].to_numpy(), used["line"].to_numpy(), len(menu.pick_limits))


def what_is_left(menu: Menu, taken: pd.DataFrame) -> Menu:
    """Return the menu of the lines not served, over the stock, picks and shipments that ``taken`` left.

    An option of a whole line goes when its stock no longer suffices.
    """
    used = menu.options.loc[taken["option"].unique()]
    stocks = menu.stocks.copy()
    stocks["on_hand"] -= np.bincount(taken["stock"], taken["qty"], minlength=len(stocks)).astype(np.int64)
    limits = (menu.pick_limits - _picked(menu, taken)).clip(lower=0.0)
    full = np.flatnonzero(limits.to_numpy() <= 0)
    options = menu.options[~menu.options["line"].isin(used["line"]) & ~menu.options["day"].isin(full)]
    paid = options["shipment"].isin(used["shipment"])
    options = options.assign(fixed_cost=options["fixed_cost"].where(~paid, 0.0))
    takes = menu.takes[menu.takes["option"].isin(options.index)]
    takes = takes.assign(on_hand=stocks["on_hand"].to_numpy()[takes["stock"]])
    takes = takes[takes["on_hand"] > 0]
    most = int(options.index.max()) + 1 if len(options) else 0
    enough = np.bincount(takes["option"], takes["on_hand"], minlength=most)[options.index]
    short = options["whole"].to_numpy(dtype=bool) & (enough < menu.lines["qty"].to_numpy()[options["line"]])
    options = options[(enough > 0) & ~short]
    return Menu(menu.lines, options, takes[takes["option"].isin(options.index)], stocks, limits)


def price(menu: Menu, taken: pd.DataFrame) -> float:
    """Return the objective of :mod:`vmi.schedule.model` for the units taken [CNY]."""
    options = menu.options
    table = taken.merge(menu.takes[["option", "stock", "unit_cost"]], on=["option", "stock"])
    used = options.loc[taken["option"].unique()]
    goods = (table["qty"] * (table["unit_cost"] + options["unit_cost"].reindex(table["option"]).to_numpy())).sum()
    served = table.groupby(options["line"].reindex(table["option"]).to_numpy())["qty"].sum()
    lines = menu.lines.loc[np.sort(options["line"].unique())]
    missing = 1 - served.reindex(lines.index).fillna(0) / lines["qty"]
    shipments = used.drop_duplicates("shipment")["fixed_cost"].sum()
    return round(float(goods + shipments + (missing * lines["unserved_cost"]).sum()), 6)


def _without_limits(menu: Menu) -> Menu:
    """Return the menu without picking limits, each lane offered on the first of its days alone.

    A shipment of a later day stays where a line could travel in it for less: the storm is over by then, or it leaves
    anyway.
    """
    options = menu.options.sort_values("ship_at", kind="stable")
    days = options.groupby(["line", "warehouse_id", "service"], sort=False)
    first = days[["unit_cost", "fixed_cost"]].transform("first")
    cheaper = (options[["unit_cost", "fixed_cost"]] < first).any(axis=1)
    wanted = options["shipment"].isin(options["shipment"][cheaper]) | days.cumcount().eq(0)
    options = options[wanted].sort_index().assign(day=-1)
    takes = menu.takes[menu.takes["option"].isin(options.index)]
    return Menu(menu.lines, options, takes, menu.stocks, menu.pick_limits.iloc[:0])


def _within_limits(menu: Menu, taken: pd.DataFrame) -> pd.DataFrame:
    """Return what is taken by lines that stay on their day: on full days those that lose most by waiting.

    A line in pieces keeps all its pieces or none. The line that loses most always stays, so every round gets further.
    """
    used = menu.options.loc[taken["option"].unique()]
    loss = _loss_by_waiting(menu, used).groupby(used["line"]).sum()
    of_line: dict[int, set[int]] = {}
    for line, day in zip(used["line"], used["day"], strict=True):
        of_line.setdefault(int(line), set()).update([int(day)] if day >= 0 else [])
    room = menu.pick_limits.to_numpy(dtype=np.float64).copy()
    stays = []
    for line in loss.sort_index().sort_values(ascending=False, kind="stable").index:
        needed = sorted(of_line[int(line)])
        if (room[needed] >= 1).all():
            room[needed] -= 1
            stays.append(line)
    return taken[np.isin(menu.options["line"].reindex(taken["option"]).to_numpy(), stays)]


def _loss_by_waiting(menu: Menu, used: pd.DataFrame) -> pd.Series:
    """Return what each option would cost more on the next day offered, or unserved if none is [CNY]."""
    key = ["line", "warehouse_id", "service"]
    days = menu.options.sort_values([*key, "ship_at"])
    following = days.groupby(key)["unit_cost"].shift(-1).reindex(used.index)
    lines = menu.lines.loc[used["line"]]
    qty, unserved = lines["qty"].to_numpy(), lines["unserved_cost"].to_numpy()
    loss = np.where(following.notna(), qty * (following - used["unit_cost"]).to_numpy(), unserved)
    return pd.Series(loss.round(6), index=used.index)
