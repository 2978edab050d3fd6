"""The long table of ``python -m forecasts``: one row per series and period, as a panel and back as quantiles or paths.

Days are days. Weeks and months are laid on an axis of one "day" a period: the count model only needs periods to
follow one another, and no calendar of days applies to them, so Prophet and ETS stay out.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.result import Forecast

Frequency = Literal["D", "W-MON", "MS"]
DAYS_PER_PERIOD: dict[str, float] = {"D": 1.0, "W-MON": 7.0, "MS": 30.4375}
AXIS_START = pd.Timestamp("2000-01-01")
MOSTLY_ZERO = 0.5
"""Share of periods without demand from which a period's demand is one order of that size, not that many orders."""


@dataclass(frozen=True)
class History:
    """A long table as a panel of periods, what was mended on the way, and the number of periods."""

    panel: Panel
    floored: int
    periods: int


def read_history(table: pd.DataFrame, freq: Frequency) -> History:
    """Return the panel of a long table.

    Parameters
    ----------
    table
        Columns ``unique_id`` (str), ``ds`` (a date), ``y`` (empty: unknown); optionally ``in_stock`` (0: sold out, y
        is a lower bound), ``family`` and ``region``. Rows of one series and period are netted; a negative net is
        floored at 0 and counted.

    Raises
    ------
    ValueError
        A column is missing, or a date or number cannot be read; series and date are named.
    """
    missing = [c for c in ("unique_id", "ds", "y") if c not in table]
    if missing:
        raise ValueError(f"history: columns missing: {', '.join(missing)}")
    rows = _netted(table, freq)
    periods = int(rows["step"].max()) + 1 if len(rows) else 0
    start = AXIS_START if freq != "D" else pd.Timestamp(rows["ds"].min())
    floored = int((rows["y"] < 0).sum())
    rows["y"] = rows["y"].clip(lower=0)
    rows["day"] = start + pd.to_timedelta(rows["step"], unit="D")
    series = rows.groupby("unique_id", sort=True).agg(
        family=("family", "first"), region=("region", "first"), first_day=("day", "min")
    )
    sold = rows[rows["y"] > 0]
    as_orders = len(sold) < (1 - MOSTLY_ZERO) * int(rows["y"].notna().sum())
    lines = 1.0 if as_orders else np.ceil(sold["y"])
    demand = sold[["unique_id", "day"]].assign(qty=sold["y"], lines=lines)
    bound = rows[rows["y"].isna() | (rows["in_stock"] == 0)]
    gaps = _gaps(rows, periods, start)
    spans = pd.concat([bound[["unique_id", "day"]], gaps], ignore_index=True)
    censored = pd.DataFrame({"unique_id": spans["unique_id"], "first_day": spans["day"], "last_day": spans["day"]})
    return History(Panel(series, demand, censored, start + pd.Timedelta(days=max(periods - 1, 0))), floored, periods)


def _netted(table: pd.DataFrame, freq: Frequency) -> pd.DataFrame:
    """Return one row per series and period, in order, with its step from the table's first period."""
    rows = pd.DataFrame({"unique_id": table["unique_id"].astype(str)})
    rows["ds"] = pd.to_datetime(table["ds"], errors="coerce").dt.normalize()
    rows["y"] = pd.to_numeric(table["y"], errors="coerce").astype(float)
    wrong = rows["ds"].isna() | (rows["y"].isna() & table["y"].notna()) | np.isinf(rows["y"])
    if wrong.any():
        row = table.loc[wrong].iloc[0]
        raise ValueError(f"history: series {row['unique_id']} at {row['ds']}: y {row['y']} is no number or ds no date")
    rows["in_stock"] = pd.to_numeric(table["in_stock"]).fillna(1) if "in_stock" in table else 1
    for column in ("family", "region"):
        rows[column] = table[column].fillna("").astype(str) if column in table else ""
    period = {"D": "D", "W-MON": "W-SUN", "MS": "M"}[freq]
    ordinal = rows["ds"].dt.to_period(period).astype("int64")
    rows["step"] = ordinal - ordinal.min()
    grouped = rows.sort_values(["unique_id", "step", "ds"]).groupby(["unique_id", "step"], sort=True)
    netted = grouped.agg({"ds": "first", "family": "first", "region": "first", "in_stock": "min"})
    return netted.assign(y=grouped["y"].sum(min_count=1)).reset_index()


def _gaps(rows: pd.DataFrame, periods: int, start: pd.Timestamp) -> pd.DataFrame:
    """Return the periods that a series has no row for, after its first: unknown, not zero."""
    ids, names = pd.factorize(rows["unique_id"], sort=True)
    seen = np.zeros((len(names), periods), dtype=bool)
    seen[ids, rows["step"]] = True
    began = np.maximum.accumulate(seen, axis=1)
    series, step = np.nonzero(began & ~seen)
    return pd.DataFrame({"unique_id": names[series], "day": start + pd.to_timedelta(step, unit="D")})


def period_parameters(parameters: Parameters, freq: Frequency, horizon: int) -> Parameters:
    """Return parameters for periods of ``freq``: what is in weeks there is in periods here; days keep everything."""
    if freq == "D":
        return replace(parameters, horizon_days=horizon)
    return replace(
        parameters,
        horizon_days=horizon,
        half_life_weeks=parameters.half_life_weeks / DAYS_PER_PERIOD[freq],
        new_part_days=max(1, round(parameters.new_part_days / DAYS_PER_PERIOD[freq])),
        prophet_max_groups=0,
        ets_max_series=0,
    )


def quantile_table(forecast: Forecast, levels: list[float]) -> pd.DataFrame:
    """Return columns ``unique_id``, ``step`` (1 …), and one per level (``q0.1`` …); a row per series and step."""
    steps = np.arange(1, forecast.horizon_days + 1)
    ids = forecast.series.index
    windows = [forecast.window(int(step) - 1, int(step)) for step in steps]
    found = {f"q{level:g}": np.stack([w.quantile(level) for w in windows], axis=1).ravel() for level in levels}
    return pd.DataFrame({"unique_id": np.repeat(ids, len(steps)), "step": np.tile(steps, len(ids)), **found})


def path_table(forecast: Forecast, paths: int, seed: int) -> pd.DataFrame:
    """Return columns ``unique_id``, ``path`` (1 …), ``step`` (1 …), ``y`` (whole); sums over steps are right."""
    steps = forecast.horizon_days
    drawn = forecast.paths(paths, steps, seed).transpose(1, 0, 2)
    ids = forecast.series.index
    return pd.DataFrame(
        {
            "unique_id": np.repeat(ids, paths * steps),
            "path": np.tile(np.repeat(np.arange(1, paths + 1), steps), len(ids)),
            "step": np.tile(np.arange(1, steps + 1), len(ids) * paths),
            "y": drawn.ravel(),
        }
    )
