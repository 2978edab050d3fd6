"""What goes into a forecast: the sparse daily demand of many series, checked and put into order once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SERIES_COLUMNS = ("family", "region", "first_day")
DEMAND_COLUMNS = ("unique_id", "day", "qty", "lines")
CENSORED_COLUMNS = ("unique_id", "first_day", "last_day")


@dataclass(frozen=True)
class Panel:
    """Sparse daily demand of many series.

    Attributes
    ----------
    series
        Index ``unique_id`` (str, unique; sorted on construction). Columns ``family``, ``region`` (str, ``""`` if
        none), ``first_day`` (observed from; midnight), optionally ``expected_per_day`` [units/day], what is known of
        the rate from elsewhere (fitment x vehicles); NaN where nothing is.
    demand
        Columns ``unique_id``, ``day`` (midnight), ``qty`` [units] > 0, ``lines`` [order lines that day] > 0. Only
        days with demand; what lies before ``first_day`` or after ``origin`` is left out of the forecast.
    censored
        Columns ``unique_id``, ``first_day``, ``last_day`` (inclusive): spans in which qty is only a lower bound.
    origin
        The last observed day.

    Raises
    ------
    ValueError
        A column is missing, an id unknown or there twice, a quantity not positive and finite, a span reversed.
    """

    series: pd.DataFrame
    demand: pd.DataFrame
    censored: pd.DataFrame
    origin: pd.Timestamp

    def __post_init__(self) -> None:
        """Check the frames and sort them by total orders, so that the order of rows never matters."""
        _require(self.series, SERIES_COLUMNS, "series")
        _require(self.demand, DEMAND_COLUMNS, "demand")
        _require(self.censored, CENSORED_COLUMNS, "censored")
        if self.series.index.has_duplicates:
            twice = self.series.index[self.series.index.duplicated()][0]
            raise ValueError(f"panel series: {twice} stands twice")
        if self.series["first_day"].isna().any():
            raise ValueError(f"panel series: {self.series.index[self.series['first_day'].isna()][0]} has no first_day")
        series = self.series.sort_index(kind="stable")
        series.index.name = "unique_id"
        if "expected_per_day" not in series:
            series = series.assign(expected_per_day=np.nan)
        object.__setattr__(self, "series", series)
        object.__setattr__(self, "demand", _checked_demand(self.demand, series.index))
        object.__setattr__(self, "censored", _checked_censored(self.censored, series.index))
        object.__setattr__(self, "origin", pd.Timestamp(self.origin).normalize())

    def codes(self, unique_id: pd.Series) -> np.ndarray:
        """Return the row numbers in ``series`` of the given ids."""
        return self.series.index.get_indexer(pd.Index(unique_id))

    def days_before_origin(self, day: pd.Series) -> np.ndarray:
        """Return how many days each of ``day`` lies before the origin (0 on the origin; negative after it)."""
        return (np.datetime64(self.origin, "D") - day.to_numpy("datetime64[D]")).astype(np.int64)


def _require(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise ValueError(f"panel {name}: columns missing: {', '.join(missing)}")


def _known(frame: pd.DataFrame, ids: pd.Index, name: str) -> None:
    unknown = ~frame["unique_id"].isin(ids)
    if unknown.any():
        raise ValueError(f"panel {name}: {frame.loc[unknown, 'unique_id'].iloc[0]} is not in series")


def _checked_demand(demand: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    """Return demand with one row per series and day, sorted."""
    _known(demand, ids, "demand")
    amounts = demand[["qty", "lines"]].to_numpy(np.float64)
    bad = ~(np.isfinite(amounts) & (amounts > 0)).all(axis=1) | demand["day"].isna().to_numpy()
    if bad.any():
        row = demand.loc[bad].iloc[0]
        raise ValueError(
            f"panel demand: {row['unique_id']} on {row['day']}: qty {row['qty']}, lines {row['lines']} must be positive"
        )
    return demand.groupby(["unique_id", "day"], sort=True, as_index=False)[["qty", "lines"]].sum()


def _checked_censored(censored: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    """Return disjoint spans per series, sorted; spans that touch or overlap are merged."""
    _known(censored, ids, "censored")
    spans = censored[list(CENSORED_COLUMNS)].sort_values(list(CENSORED_COLUMNS), ignore_index=True)
    spans["first_day"] = spans["first_day"].astype("datetime64[ns]")
    spans["last_day"] = spans["last_day"].astype("datetime64[ns]")
    if spans[["first_day", "last_day"]].isna().any(axis=None) or (spans["first_day"] > spans["last_day"]).any():
        raise ValueError("panel censored: a span has no first_day or last_day, or ends before it begins")
    if spans.empty:
        return spans
    reach = spans.groupby("unique_id", sort=False)["last_day"].cummax()
    before = reach.groupby(spans["unique_id"], sort=False).shift()
    starts = before.isna() | (spans["first_day"] > before + pd.Timedelta(days=1))
    merged = spans.groupby(starts.cumsum()).agg({"unique_id": "first", "first_day": "min", "last_day": "max"})
    return merged.reset_index(drop=True)
