"""Stock for the orders that will really come: a bound on service for its stock, not a policy."""

import numpy as np
import pandas as pd

from vmi.simulate.policies.stocking import Board, Levels, StockPolicy

LATE_DEVIATIONS = 2.0
"""It knows the orders, not the lorries: so many standard deviations of the lead time are allowed for."""


class Clairvoyant(StockPolicy):
    """Knows the orders to come, the calendar and nothing else that others do not.

    At each review it orders what will be asked for at the warehouse of first cover until the order after the next
    review arrives: hardly any stock held there would serve better, and none of it waits for a customer who never
    comes. A bound on service for its stock, not a policy; what it costs is no proven bound, because it stays with
    first cover, whole packs and the trucks' cycles.

    Parameters
    ----------
    name
        The label.
    orders_to_come
        ORDERS_TO_COME of the lived days. After the last of them it expects nothing and lets the stock run down.
    """

    def __init__(self, name: str, orders_to_come: pd.DataFrame) -> None:
        super().__init__(name)
        self._orders = orders_to_come[["ordered_at", "centre_id", "part_id", "qty"]]

    def levels(self, board: Board) -> Levels:
        """Return the units asked for until the order after the next review has surely come."""
        night, problem = board.night, board.problem
        coming = self._orders[self._orders["ordered_at"] >= _tomorrow(board)]
        city = coming["centre_id"].map(night.situation.centres.set_index("centre_id")["city"])
        warehouse = city.map(night.cover.set_index("city")["warehouse_id"])
        part = problem.parts.index.get_indexer(pd.Index(night.supersession.to_final(coming["part_id"])))
        place = problem.warehouses.index.get_indexer(pd.Index(warehouse))
        day = (coming["ordered_at"].dt.tz_localize(None) - problem.as_of).dt.days.to_numpy()
        until = problem.truck("next_due_day") + np.ceil(LATE_DEVIATIONS * board.lead_sd_days)
        counts = (part >= 0) & (place >= 0) & (day <= until[part, place])
        units = np.zeros(board.position.shape, dtype=np.int64)
        np.add.at(units, (part[counts], place[counts]), coming["qty"].to_numpy(dtype=np.int64)[counts])
        return Levels.base_stock(units)


def _tomorrow(board: Board) -> pd.Timestamp:
    """Return the first moment of the day after ``as_of``, in the planning zone."""
    situation = board.night.situation
    return (situation.as_of + pd.Timedelta(days=1)).tz_localize(situation.timezone)
