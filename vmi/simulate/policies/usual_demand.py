"""What a part usually sells at the warehouse of first cover: mean and spread a day, as a simple policy sees it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.demand import DemandHistory, demand_history
from vmi.placement.build import Expected
from vmi.planning import Night

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

YEAR_DAYS = 365
QUARTER_DAYS = 91
LEAST_DAYS = 28
"""A part is never judged by fewer days: one line on its second day is not a line every other day."""
KEYS = ["part_id", "warehouse_id"]


@dataclass(frozen=True)
class UsualDemand:
    """Demand of every final part in every region; arrays of shape (parts, warehouses).

    Attributes
    ----------
    parts, warehouses
        The axes, sorted.
    mean, sd
        Units a day over the last year (or since the part was introduced), days without demand included.
    weekly_lines
        Order lines a week over the last quarter.
    sold_year, sold_ever
        Whether anything was asked for in the last year, in all that is known.
    """

    parts: pd.Index
    warehouses: pd.Index
    mean: Array
    sd: Array
    weekly_lines: Array
    sold_year: Mask
    sold_ever: Mask

    def on(self, parts: pd.Index) -> "UsualDemand":
        """Return the same for other parts; one not known has sold nothing."""
        row = self.parts.get_indexer(parts)
        known = (row >= 0)[:, None]
        figures = (self.mean, self.sd, self.weekly_lines)
        mean, sd, lines = (np.where(known, figure[row], 0.0) for figure in figures)
        year, ever = (flags[row] & known for flags in (self.sold_year, self.sold_ever))
        return UsualDemand(parts, self.warehouses, mean, sd, lines, year, ever)

    def expected(self) -> Expected:
        """Return the same as placement reads a forecast: every day like the others, of which it keeps one."""
        pairs = pd.MultiIndex.from_product([self.parts, self.warehouses], names=KEYS).to_frame(index=False)
        pairs = pairs.assign(mean_line_qty=1.0, same_day_share=0.0, demand_class="")
        mean, var = self.mean.ravel(), self.sd.ravel() ** 2
        return Expected(pairs, lambda start, stop: (mean * (stop - start), var * (stop - start)), horizon_days=1)


def usual_demand(night: Night) -> UsualDemand:
    """Return the usual demand as the night's situation knows it: supersession rolled up, at first cover."""
    situation = night.situation
    history = demand_history(situation, night.cover, night.supersession)
    ids = situation.parts["part_id"]
    parts = pd.Index(np.sort(ids[night.supersession.is_final(ids)].to_numpy(dtype=object)), name="part_id")
    warehouses = pd.Index(np.sort(situation.warehouses["warehouse_id"].to_numpy(dtype=object)), name="warehouse_id")
    demand, as_of = history.demand, situation.as_of
    year = demand[demand["day"] > as_of - pd.Timedelta(days=YEAR_DAYS)]
    quarter = year[year["day"] > as_of - pd.Timedelta(days=QUARTER_DAYS)]
    summed, squared = (_table(year, year["qty"].astype(np.float64) ** k, parts, warehouses) for k in (1, 2))
    days = _days_observed(history, as_of, parts, warehouses)
    mean = summed / days
    variance = np.maximum(squared - days * mean**2, 0.0) / (days - 1.0)
    lines = _table(quarter, quarter["lines"].astype(np.float64), parts, warehouses)
    ever = _table(demand, demand["qty"].astype(np.float64), parts, warehouses) > 0
    weekly = 7.0 * lines / np.minimum(days, QUARTER_DAYS)
    return UsualDemand(parts, warehouses, mean.round(6), np.sqrt(variance).round(6), weekly.round(6), summed > 0, ever)


def _days_observed(history: DemandHistory, as_of: pd.Timestamp, parts: pd.Index, warehouses: pd.Index) -> Array:
    """Return the days since each pair's history began, at most a year."""
    known = (as_of - history.pairs["first_day"]).dt.days.astype(np.float64) + 1.0
    days = _table(history.pairs, known, parts, warehouses)
    return np.asarray(np.clip(np.where(days > 0, days, YEAR_DAYS), LEAST_DAYS, YEAR_DAYS))


def _table(rows: pd.DataFrame, values: pd.Series, parts: pd.Index, warehouses: pd.Index) -> Array:
    """Return the sums of whole values by part and warehouse."""
    found = np.zeros((len(parts), len(warehouses)))
    i, w = parts.get_indexer(pd.Index(rows["part_id"])), warehouses.get_indexer(pd.Index(rows["warehouse_id"]))
    known = (i >= 0) & (w >= 0)
    np.add.at(found, (i[known], w[known]), values.to_numpy()[known])
    return found
