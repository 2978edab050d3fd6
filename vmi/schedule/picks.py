"""Keep to the lines a warehouse can pick in a day.

Where few lines are touched, constraint (7) of :mod:`vmi.schedule.model` does it exactly. Offering hundreds of lines
several interchangeable days is what an integer program is worst at (4,000 lines: no proof in 100 s), so there the days
are filled round by round: solve without the limits, keep on each full day the lines that would lose most by waiting
for the next, and solve again for the others without the days that are full. The first round leaves constraints out,
so its bound is a bound of the whole.
"""

import numpy as np
import pandas as pd

from vmi.proof import Optimisation
from vmi.schedule.menu import Menu
from vmi.schedule.parameters import ScheduleParameters
from vmi.schedule.solving import NOTHING_TAKEN, lines_on_full_days, solve_menu

DAY_KEY = ["warehouse_id", "pick_day"]


def solve_with_picks(menu: Menu, parameters: ScheduleParameters) -> tuple[pd.DataFrame, Optimisation]:
    """Return the units taken and what was proven, with no more lines on a day than can be picked."""
    if lines_on_full_days(menu) <= parameters.exact_picks:
        return solve_menu(menu, parameters)
    kept, bound, rest = NOTHING_TAKEN, None, menu
    while len(rest.options):
        taken, proven = solve_menu(_without_limits(rest), parameters)
        bound = proven.bound if bound is None else bound
        held = _within_limits(rest, taken)
        kept = pd.concat([kept, held], ignore_index=True)
        if len(held) == len(taken):
            break
        rest = what_is_left(rest, held)
    kept = kept.sort_values(["option", "stock"], ignore_index=True)
    objective = price(menu, kept)
    return kept, Optimisation("dispatch", objective, min(objective, bound if bound is not None else objective))


def what_is_left(menu: Menu, taken: pd.DataFrame) -> Menu:
    """Return the menu of the lines not served, over the stock, picks and shipments that ``taken`` left.

    An option of a whole line goes when its stock no longer suffices.
    """
    used = menu.options.loc[taken["option"].unique()]
    stocks = menu.stocks.copy()
    stocks["on_hand"] -= taken.groupby("stock")["qty"].sum().reindex(stocks.index).fillna(0).astype(np.int64)
    picked = used.groupby(DAY_KEY)["line"].nunique().reindex(menu.pick_limits.index).fillna(0.0)
    limits = (menu.pick_limits - picked).clip(lower=0.0)
    options = menu.options[~menu.options["line"].isin(used["line"])].copy()
    options["fixed_cost"] = options["fixed_cost"].where(~options["shipment"].isin(used["shipment"]), 0.0)
    full = limits.index[limits.to_numpy() <= 0]
    options = options[~pd.MultiIndex.from_frame(options[DAY_KEY]).isin(full)]
    takes = menu.takes[menu.takes["option"].isin(options.index)]
    takes = takes.assign(on_hand=stocks["on_hand"].reindex(takes["stock"]).to_numpy())
    takes = takes[takes["on_hand"] > 0]
    enough = takes.groupby("option")["on_hand"].sum().reindex(options.index).fillna(0).to_numpy()
    short = options["whole"].to_numpy(dtype=bool) & (enough < menu.lines["qty"].reindex(options["line"]).to_numpy())
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
    """Return the menu without picking limits, each lane offered on its first day only."""
    options = menu.options.sort_values("ship_at", kind="stable").drop_duplicates(["line", "warehouse_id", "service"])
    options = options.sort_index()
    takes = menu.takes[menu.takes["option"].isin(options.index)]
    return Menu(menu.lines, options, takes, menu.stocks, menu.pick_limits.iloc[:0])


def _within_limits(menu: Menu, taken: pd.DataFrame) -> pd.DataFrame:
    """Return what is taken by lines that stay on their day: on full days those that lose most by waiting.

    A line in pieces keeps all its pieces or none. The line that loses most always stays, so every round gets further.
    """
    used = menu.options.loc[taken["option"].unique()]
    loss = _loss_by_waiting(menu, used).groupby(used["line"]).sum()
    days = menu.pick_limits.index.get_indexer(pd.MultiIndex.from_frame(used[DAY_KEY]))
    of_line: dict[int, set[int]] = {}
    for line, day in zip(used["line"], days, strict=True):
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
