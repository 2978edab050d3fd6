"""Judge what a simulation is asked before it begins: days that the data has, stock to begin with, a seed to draw by."""

from dataclasses import dataclass

import pandas as pd

from vmi.errors import UsageProblem
from vmi.frames import Situation

HISTORY_DAYS = 56
"""Days of orders before the first lived one without which no demand can be learned: eight of every weekday."""
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The days to live, and where their demand comes from.

    Attributes
    ----------
    first, last
        The first lived day (warm-up included) and the last.
    demand
        ``history``, ``drawn`` or the name of a file.
    seed
        What demand is drawn by; ``None`` if not given.
    """

    first: pd.Timestamp
    last: pd.Timestamp
    demand: str = "history"
    seed: int | None = None

    @property
    def eve(self) -> pd.Timestamp:
        """Return the day whose close the simulation begins with."""
        return self.first - DAY


def check_window(window: Window, known: tuple[pd.Timestamp, pd.Timestamp], horizon_days: int) -> None:
    """Refuse a window that cannot be lived.

    Parameters
    ----------
    known
        First and last day of the order history.
    horizon_days
        ``forecast.horizon_days``: demand is drawn no further.

    Raises
    ------
    UsageProblem
        The days are in the wrong order or outside the data, too little history lies before them, or demand is to be
        drawn without a seed or further than the forecast looks.
    """
    asked, data = f"{window.first.date()} to {window.last.date()}", f"{known[0].date()} to {known[1].date()}"
    if window.last < window.first:
        raise UsageProblem(f"--from {window.first.date()} lies after --to {window.last.date()}: give the earlier first")
    if window.eve > known[1] or (window.demand == "history" and window.last > known[1]):
        mend = "; --demand drawn goes further" if window.eve <= known[1] else ""
        raise UsageProblem(f"{asked} is outside the data: the order history holds {data}{mend}")
    if (window.first - known[0]).days < HISTORY_DAYS:
        earliest = (known[0] + HISTORY_DAYS * DAY).date()
        raise UsageProblem(
            f"{asked}: demand cannot be learned from less than {HISTORY_DAYS} days; the order history holds {data}, so"
            f" the first lived day (warm-up included) can be {earliest}"
        )
    if window.demand == "drawn":
        _check_drawn(window, horizon_days)


def _check_drawn(window: Window, horizon_days: int) -> None:
    if window.seed is None:
        raise UsageProblem("--demand drawn needs --seed: the same seed draws the same orders")
    if window.seed < 0:
        raise UsageProblem(f"--seed {window.seed}: must not be negative")
    days = (window.last - window.eve).days
    if days > horizon_days:
        raise UsageProblem(
            f"{days} days of drawn demand are more than the forecast's {horizon_days}: end by"
            f" {(window.eve + horizon_days * DAY).date()} or raise forecast.horizon_days"
        )


def check_stock(opening: Situation) -> None:
    """Refuse to begin with empty shelves: every policy would be judged by how fast it fills them.

    Raises
    ------
    UsageProblem
        No available unit lies anywhere.
    """
    if not opening.stock.loc[opening.stock["status"].eq("available"), "qty"].sum():
        raise UsageProblem(
            f"no stock lies in any warehouse at the close of {opening.as_of.date()}: import stock.csv, a simulation"
            " begins with what is there"
        )


def opening_notes(opening: Situation, orders: pd.DataFrame, last: pd.Timestamp) -> tuple[str, ...]:
    """Return what was assumed, a sentence each: stock and overrides moved in time, orders that nobody can serve.

    Parameters
    ----------
    orders
        ORDERS_TO_COME.
    last
        Last day of the order history, whose stock the files hold.
    """
    return (*_moved(opening, last), *_unserved(opening, orders))


def _moved(opening: Situation, last: pd.Timestamp) -> list[str]:
    eve = opening.as_of
    if eve >= last:
        return []
    until = opening.overrides["until"]
    in_force = int((until.isna() | until.gt(eve)).sum())
    decided = f"{in_force:,} overrides do not say when they were decided and are in force from {eve.date()} on"
    return [
        f"stock, inbound and availability are known for {last.date()} only and were taken as if they lay so on"
        f" {eve.date()}, {(last - eve).days} days earlier; lines published and on their way then are left out",
        *([decided] if in_force else []),
    ]


def _unserved(opening: Situation, orders: pd.DataFrame) -> list[str]:
    """Count the lines to cities that no lane reaches, and those for parts whose supplier reaches no warehouse."""
    city = orders["centre_id"].map(opening.centres.set_index("centre_id")["city"])
    supplier = orders["part_id"].map(opening.parts.set_index("part_id")["supplier_id"])
    no_lane = ~city.isin(opening.lanes["city"])
    no_supply = ~supplier.isin(opening.supply["supplier_id"])
    found = []
    if no_lane.any():
        found.append(f"{no_lane.sum():,} order lines go to {city[no_lane].nunique():,} cities that no lane reaches")
    if no_supply.any():
        parts = orders.loc[no_supply, "part_id"].nunique()
        found.append(f"{no_supply.sum():,} order lines are for {parts:,} parts whose supplier reaches no warehouse")
    return found
