"""Hand the demand history to the forecaster, and read its distributions back by part and warehouse.

The only room that speaks to ``forecasts``; a series is a part at its warehouse of first cover.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.calendar import Calendar
from forecasts.engine import forecast
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.result import Forecast
from vmi.demand import DemandHistory
from vmi.frames import WEEKLY_FORECAST, Situation

WEEKS = 13
SEPARATOR = "|"
EXPECTING = 0.0005
"""Units a week below which a pair is not worth a line in the published forecast."""

Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Outlook:
    """A forecast whose rows are ``pairs``.

    ``pairs`` has part_id, warehouse_id, family, mean_line_qty, same_day_share, demand_class, method, fallback,
    adi, cv2, mean_per_day, in the order of the forecast's series.
    """

    pairs: pd.DataFrame
    forecast: Forecast

    def window(self, start: npt.ArrayLike, stop: npt.ArrayLike) -> Moments:
        """Return mean and variance [units] of the demand of days as_of + 1 + start to as_of + stop, by pair."""
        counts = self.forecast.window(start, stop)
        return counts.mean, counts.var

    def weekly(self, weeks: int = WEEKS) -> pd.DataFrame:
        """Return frame ``WEEKLY_FORECAST`` of the pairs that expect any demand."""
        mondays, counts = self.forecast.weekly(weeks)
        rows = np.flatnonzero(counts.mean.sum(axis=1) >= EXPECTING * weeks)
        shape = (len(rows), weeks)
        chosen = counts.take(rows)
        columns = {
            "part_id": np.repeat(self.pairs["part_id"].to_numpy()[rows], weeks),
            "warehouse_id": np.repeat(self.pairs["warehouse_id"].to_numpy()[rows], weeks),
            "week": np.tile(np.array(mondays, dtype="datetime64[ns]"), len(rows)),
            "mean": chosen.mean.reshape(shape).ravel(),
            **{f"p{round(100 * tau)}": chosen.quantile(tau).ravel() for tau in (0.1, 0.5, 0.9)},
            "method": np.repeat(self.pairs["method"].to_numpy()[rows], weeks),
        }
        return pd.DataFrame(columns)[list(WEEKLY_FORECAST.columns)]

    def next_days(self, days: int) -> pd.DataFrame:
        """Return part_id, warehouse_id, mean, p10, p50, p90, method of the demand of the next ``days``."""
        counts = self.forecast.window(0, days)
        quantiles = {f"p{round(100 * tau)}": counts.quantile(tau) for tau in (0.1, 0.5, 0.9)}
        frame = self.pairs[["part_id", "warehouse_id"]].assign(mean=counts.mean, **quantiles)
        return frame.assign(method=self.pairs["method"])[counts.mean > 0].reset_index(drop=True)


def look_ahead(
    history: DemandHistory, situation: Situation, cover: pd.DataFrame, weights: pd.Series, parameters: Parameters
) -> Outlook:
    """Forecast every pair of ``history``.

    Parameters
    ----------
    cover, weights
        Frame ``COVER`` and each city's share of its region, as from ``network``: they spread weather over regions
        and vehicles over pairs.
    """
    pairs = history.pairs.sort_values(["part_id", "warehouse_id"], ignore_index=True)
    panel = _panel(history, pairs, _expected_per_day(pairs, situation, cover, history.demand), situation.as_of)
    made = forecast(panel, parameters, Calendar.china(), weather_factors(situation, cover, weights))
    pairs.index = pd.Index(_ids(pairs), name="unique_id")
    described = pairs.reindex(made.series.index).join(made.series).reset_index(drop=True)
    return Outlook(described, made)


def weather_factors(situation: Situation, cover: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """Return region, day, factor: what warnings in force do to the demand of a region, cities weighted by demand."""
    warnings = situation.weather.merge(cover[["city", "warehouse_id"]], on="city")
    rows: list[tuple[str, pd.Timestamp, float]] = []
    for warning in warnings.to_dict("records"):
        effect = float(weights.get(warning["city"], 0.0)) * (float(warning["demand_factor"]) - 1.0)
        days = pd.date_range(max(warning["from"], situation.as_of + pd.Timedelta(days=1)), warning["to"])
        rows += [(warning["warehouse_id"], day, effect) for day in days]
    effects = pd.DataFrame(rows, columns=["region", "day", "effect"])
    summed = effects.groupby(["region", "day"], as_index=False)["effect"].sum()
    factor = (1.0 + summed["effect"].astype(np.float64)).clip(lower=0.0).round(6)
    return summed.assign(factor=factor)[["region", "day", "factor"]]


def pair_lookup(pairs: pd.DataFrame) -> Callable[[pd.Series, pd.Series], npt.NDArray[np.int64]]:
    """Return a function that finds the row of each (part, warehouse) in ``pairs``, -1 where there is none."""
    index = pd.MultiIndex.from_frame(pairs[["part_id", "warehouse_id"]])
    return lambda parts, warehouses: index.get_indexer(pd.MultiIndex.from_arrays([parts, warehouses]))


def _ids(frame: pd.DataFrame) -> pd.Series:
    return frame["part_id"].astype(str) + SEPARATOR + frame["warehouse_id"].astype(str)


def _panel(
    history: DemandHistory, pairs: pd.DataFrame, expected: npt.NDArray[np.float64], as_of: pd.Timestamp
) -> Panel:
    series = pd.DataFrame(
        {
            "family": pairs["family"].to_numpy(),
            "region": pairs["warehouse_id"].to_numpy(),
            "first_day": pairs["first_day"].to_numpy(),
            "expected_per_day": expected,
        },
        index=pd.Index(_ids(pairs), name="unique_id"),
    )
    demand = history.demand.assign(unique_id=_ids(history.demand))[["unique_id", "day", "qty", "lines"]]
    censored = history.censored.assign(unique_id=_ids(history.censored))[["unique_id", "first_day", "last_day"]]
    known = set(series.index)
    return Panel(series, demand[demand["unique_id"].isin(known)], censored[censored["unique_id"].isin(known)], as_of)


def _expected_per_day(
    pairs: pd.DataFrame, situation: Situation, cover: pd.DataFrame, demand: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Return units a day that the vehicles in a region would need of a part, NaN where fitments say nothing.

    The rate per fitted vehicle is the family's own over the last year (ratio estimator): parts of a family wear alike.
    """
    fitted = _fitted_vehicles(situation, cover)
    if fitted.empty:
        return np.full(len(pairs), np.nan)
    keys = ["part_id", "warehouse_id"]
    year = demand[demand["day"] > situation.as_of - pd.Timedelta(days=365)].groupby(keys)["qty"].sum()
    table = pairs[[*keys, "family", "first_day"]].join(fitted, on=keys).join(year, on=keys)
    days = (situation.as_of - table["first_day"]).dt.days.clip(lower=1, upper=365)
    seasoned = table["fitted"].notna() & (days >= 180)
    exposure = (table["fitted"] * days).where(seasoned).groupby(table["family"]).sum()
    sold = table["qty"].fillna(0.0).where(seasoned).groupby(table["family"]).sum()
    rate = (sold / exposure.where(exposure > 0)).reindex(table["family"]).to_numpy()
    return np.asarray((rate * table["fitted"].to_numpy()).round(9), dtype=np.float64)


def _fitted_vehicles(situation: Situation, cover: pd.DataFrame) -> pd.Series:
    """Return pieces of each part on the road in each region: newest month, index (part_id, warehouse_id)."""
    vehicles, fitments = situation.vehicles, situation.fitments
    if vehicles.empty or fitments.empty:
        return pd.Series(dtype=np.float64, name="fitted")
    newest = vehicles.sort_values("month").drop_duplicates(["model", "city"], keep="last")
    on_road = newest.merge(cover[["city", "warehouse_id"]], on="city")
    regional = on_road.groupby(["model", "warehouse_id"], as_index=False)["vehicles"].sum()
    pieces = fitments.merge(regional, on="model")
    pieces["fitted"] = pieces["vehicles"] * pieces["qty_per_vehicle"].fillna(1)
    return pieces.groupby(["part_id", "warehouse_id"])["fitted"].sum()
