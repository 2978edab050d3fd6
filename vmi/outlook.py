"""Hand the demand history to the forecaster, and read its distributions back by part and warehouse.

The only room that speaks to ``forecasts``; a series is a part at its warehouse of first cover.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.counted.causes import expected_rates
from forecasts.daily import forecast_daily
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.calendar import Calendar
from forecasts.result import NOTHING_KEPT, Forecast, Kept
from vmi.demand import DemandHistory
from vmi.frames import FORECAST_CALIBRATION, FORECAST_SCORES, PROFILES, WEEKLY_FORECAST, Situation

WEEKS = 13
SEPARATOR = "|"
EXPECTING = 0.0005
"""Units a week below which a pair is not worth a line in the published forecast."""

log = logging.getLogger(__name__)

HORIZON_LIMIT_DAYS = 730
"""No forecast looks further ahead; warnings may, by mistake."""

YEAR_DAYS = 365
SEASONED_DAYS = 180
"""Days observed from which a part tells what others like it need."""

Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Outlook:
    """A forecast whose rows are ``pairs``.

    ``pairs`` has part_id, warehouse_id, family, mean_line_qty, same_day_share, demand_class, judged_class, method,
    fallback, adi, cv2, mean_per_day, in the order of the forecast's series.
    """

    pairs: pd.DataFrame
    forecast: Forecast

    def window(self, start: npt.ArrayLike, stop: npt.ArrayLike) -> Moments:
        """Return mean and variance [units] of the demand of days as_of + 1 + start to as_of + stop, by pair."""
        counts = self.forecast.window(start, stop)
        return counts.mean, counts.var

    def later(self, as_of: pd.Timestamp) -> "Outlook":
        """Return what was expected, read on at a later night.

        Raises
        ------
        ValueError
            ``as_of`` lies before the forecast's origin or beyond its horizon.
        """
        forecast = self.forecast.later((as_of - self.forecast.origin).days)
        return Outlook(self.pairs.assign(mean_per_day=forecast.series["mean_per_day"].to_numpy()), forecast)

    def weekly(self, weeks: int = WEEKS) -> pd.DataFrame:
        """Return frame ``WEEKLY_FORECAST`` of the pairs that expect any demand."""
        mondays, counts = self.forecast.weekly(weeks)
        rows = np.flatnonzero(counts.mean.sum(axis=1) >= EXPECTING * weeks)
        shape = (len(rows), weeks)
        chosen = counts.take(rows)
        verified = self.forecast.calendar_verified_through
        provisional = np.where(pd.DatetimeIndex(mondays) + pd.Timedelta(days=6) > verified, "Y", "N")
        columns = {
            "part_id": np.repeat(self.pairs["part_id"].to_numpy()[rows], weeks),
            "warehouse_id": np.repeat(self.pairs["warehouse_id"].to_numpy()[rows], weeks),
            "week": np.tile(np.array(mondays, dtype="datetime64[ns]"), len(rows)),
            "mean": chosen.mean.reshape(shape).ravel(),
            **{f"p{round(100 * tau)}": chosen.quantile(tau).ravel() for tau in (0.1, 0.5, 0.9)},
            "method": np.repeat(self.pairs["method"].to_numpy()[rows], weeks),
            "provisional": np.tile(provisional, len(rows)),
        }
        return pd.DataFrame(columns)[list(WEEKLY_FORECAST.columns)]

    def next_days(self, days: int) -> pd.DataFrame:
        """Return part_id, warehouse_id, mean, p10, p50, p90, method, fallback, judged_class of the next ``days``."""
        counts = self.forecast.window(0, days)
        quantiles = {f"p{round(100 * tau)}": counts.quantile(tau) for tau in (0.1, 0.5, 0.9)}
        frame = self.pairs[["part_id", "warehouse_id"]].assign(mean=counts.mean, **quantiles)
        named = frame.join(self.pairs[["method", "fallback", "judged_class"]])
        return named[counts.mean > 0].reset_index(drop=True)

    def learned(self) -> dict[str, pd.DataFrame]:
        """Return what the next nights may use, by name: PROFILES, FORECAST_SCORES, FORECAST_CALIBRATION."""
        kept = self.forecast.kept
        flag = kept.scores["chosen"].astype(bool).map({True: "Y", False: "N"})
        scores = kept.scores.assign(chosen=flag.astype(object), judged_on=kept.judged_on)
        calibration = kept.calibration.assign(judged_on=kept.judged_on)
        frames = {PROFILES: kept.profiles, FORECAST_SCORES: scores, FORECAST_CALIBRATION: calibration}
        return {contract.name: frame[list(contract.columns)] for contract, frame in frames.items()}


def kept_from(situation: Situation) -> Kept:
    """Return what the last plan's forecast learned, as ``forecasts`` takes it."""
    scores = situation.forecast_scores
    if scores.empty:
        return replace(NOTHING_KEPT, profiles=situation.profiles)
    return Kept(
        profiles=situation.profiles,
        scores=scores.assign(chosen=scores["chosen"].eq("Y")).drop(columns="judged_on"),
        calibration=situation.forecast_calibration.drop(columns="judged_on").astype({"variance_factor": np.float64}),
        judged_on=pd.Timestamp(scores["judged_on"].max()),
    )


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
    panel = _panel(history, pairs, _expected_per_day(causes(pairs, situation, cover, history.demand)), situation.as_of)
    weather = weather_factors(situation, cover, weights)
    made = forecast_daily(panel, parameters, Calendar.china(), weather, kept_from(situation))
    pairs.index = pd.Index(_ids(pairs), name="unique_id")
    described = pairs.reindex(made.series.index).join(made.series).reset_index(drop=True)
    return Outlook(described, made)


def weather_factors(situation: Situation, cover: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """Return region, day, factor: what warnings do to the demand of a region, its cities weighted by demand.

    Days from the first usage on: past warnings tell dips from season, those in force or announced what to expect.
    """
    warnings = situation.weather.merge(cover[["city", "warehouse_id"]], on="city")
    effect = warnings["city"].map(weights).fillna(0.0).astype(np.float64) * (
        warnings["demand_factor"].astype(np.float64) - 1.0
    )
    as_of = np.datetime64(situation.as_of, "D")
    used = situation.usage["day"].to_numpy("datetime64[D]")
    since = used.min() if len(used) else as_of
    begin = np.maximum(warnings["from"].to_numpy("datetime64[D]"), since)
    end = np.minimum(warnings["to"].to_numpy("datetime64[D]"), as_of + HORIZON_LIMIT_DAYS)
    length = np.maximum((end - begin).astype(np.int64) + 1, 0)
    rows = np.repeat(np.arange(len(warnings)), length)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    days = pd.DataFrame(
        {
            "region": warnings["warehouse_id"].to_numpy()[rows],
            "day": (begin[rows] + nth.astype("timedelta64[D]")).astype("datetime64[ns]"),
            "effect": effect.to_numpy()[rows],
        }
    )
    summed = days.groupby(["region", "day"], as_index=False)["effect"].sum()
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


def _expected_per_day(causes_of_demand: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return units a day that the vehicles in a region would need of a part, NaN where fitments say nothing."""
    if causes_of_demand["fitted"].isna().all():
        return np.full(len(causes_of_demand), np.nan)
    expected = expected_rates(causes_of_demand)
    if expected.fallback:
        log.info("demand expected of vehicles: %s", expected.fallback)
    return expected.per_day


def causes(pairs: pd.DataFrame, situation: Situation, cover: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return what the demand of each pair may come from and its last year, as ``expected_rates`` takes it.

    In the order of ``pairs``; ``fitted`` is NaN where vehicles and fitments say nothing of the part in the region. To
    be learned from, a pair must have been there for ``SEASONED_DAYS``.
    """
    keys = ["part_id", "warehouse_id"]
    year = demand[demand["day"] > situation.as_of - pd.Timedelta(days=YEAR_DAYS)].groupby(keys)["qty"].sum()
    days = (situation.as_of - pairs["first_day"]).dt.days.clip(lower=1, upper=YEAR_DAYS)
    on_road = _pieces_on_road(situation, cover)
    months = pd.DatetimeIndex(on_road.columns)
    by_month = on_road.reindex(pd.MultiIndex.from_frame(pairs[keys])).to_numpy(np.float64)
    since = pd.DatetimeIndex(situation.as_of - pd.to_timedelta(days, unit="D"))
    return pd.DataFrame(
        {
            "part": pairs["part_id"],
            "family": pairs["family"],
            "fitted": by_month[:, -1],
            "fitted_before": _mean_since(by_month, months, since),
            "part_age_years": _age_years(pairs, situation),
            "units": pairs[keys].join(year, on=keys)["qty"].astype(np.float64).fillna(0.0),
            "days": days,
            "seasoned": days >= SEASONED_DAYS,
        }
    )


def _pieces_on_road(situation: Situation, cover: pd.DataFrame) -> pd.DataFrame:
    """Return pieces of each part on the road: index (part_id, warehouse_id), a column per month end, in order.

    A month without a report is as the last one before, none before the first.
    """
    vehicles, fitments = situation.vehicles, situation.fitments
    if vehicles.empty or fitments.empty:
        nowhere = pd.MultiIndex.from_arrays([[], []], names=["part_id", "warehouse_id"])
        return pd.DataFrame(np.nan, index=nowhere, columns=[situation.as_of])
    counts = vehicles.groupby(["model", "city", "month"])["vehicles"].max().unstack("month").sort_index(axis=1)
    counts.columns = pd.PeriodIndex(counts.columns.astype(str), freq="M").to_timestamp(how="end").normalize()
    months = list(counts.columns)
    known = counts.ffill(axis=1).fillna(0.0).reset_index().merge(cover[["city", "warehouse_id"]], on="city")
    regional = known.groupby(["model", "warehouse_id"], as_index=False)[months].sum()
    pieces = fitments.merge(regional, on="model")
    pieces[months] = pieces[months].mul(pieces["qty_per_vehicle"].fillna(1), axis=0)
    return pieces.groupby(["part_id", "warehouse_id"])[months].sum()


def _mean_since(
    by_month: npt.NDArray[np.float64], months: pd.DatetimeIndex, since: pd.DatetimeIndex
) -> npt.NDArray[np.float64]:
    """Return each row's mean over the months that end after its day in ``since``; the newest if none does."""
    counted = months.to_numpy()[None, :] > since.to_numpy()[:, None]
    counted[:, -1] = True
    return np.asarray((by_month * counted).sum(axis=1) / counted.sum(axis=1), dtype=np.float64)


def _age_years(pairs: pd.DataFrame, situation: Situation) -> pd.Series:
    """Return the age of each pair's part, NaN where it is older than the history and no one knows by how much.

    Its day of introduction if the history does not begin before it, as that of a part that supersedes others does;
    else the first day, if that lies within the history.
    """
    introduced = pd.to_datetime(pairs["part_id"].map(situation.parts.set_index("part_id")["introduced_on"]))
    began = pairs.groupby("warehouse_id")["first_day"].transform("min")
    later = pairs["first_day"].where(pairs["first_day"] > began)
    born = introduced.where(introduced <= pairs["first_day"], later)
    return (situation.as_of - born).dt.days / 365.25
