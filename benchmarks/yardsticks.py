"""The panels that forecasts are measured on: the yardsticks' files, sums of them, and generated ones of fixed seeds."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from benchmarks.scores import Array, Flags

SEASONS = {"MS": 12, "W-MON": 52}
SMOOTH_SERIES = 150
CAR_ORIGINS = (27, 24, 21)
AUTO_ORIGINS = (18,)


@dataclass(frozen=True)
class Panel:
    """Demand of n series over T periods, and the origins to forecast from.

    Attributes
    ----------
    name
        As in the tables printed.
    ids
        Names of the series (str), sorted.
    dates
        First days of the periods, length T.
    demand
        Units, shape (n, T); NaN = unknown.
    freq
        ``MS`` or ``W-MON``.
    horizon
        Steps to forecast.
    origins
        Numbers of periods known at each origin; origin + horizon is at most T.
    in_stock
        Shape (n, T), False = sold out, demand is a lower bound; None if that is not known.
    categories
        Index ``ids``; one column per category that series can be pooled by.
    """

    name: str
    ids: pd.Index
    dates: pd.DatetimeIndex
    demand: Array
    freq: str
    horizon: int
    origins: tuple[int, ...]
    in_stock: Flags | None = None
    categories: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def season(self) -> int:
        """Periods in a year."""
        return SEASONS[self.freq]

    def actuals(self, origin: int) -> Array:
        """Return units of the steps after an origin, shape (n, horizon); NaN where unknown or only a lower bound."""
        ahead = slice(origin, origin + self.horizon)
        known = self.demand[:, ahead]
        return known if self.in_stock is None else np.where(self.in_stock[:, ahead], known, np.nan)


def write_history(panel: Panel, origin: int, path: Path, with_stock: bool = True) -> None:
    """Write the first ``origin`` periods as the long table that ``python -m forecasts`` reads."""
    n = len(panel.ids)
    rows = pa.array(np.repeat(np.arange(n), origin))
    columns = {
        "unique_id": pa.array(panel.ids, pa.string()).take(rows),
        "ds": pa.array(np.tile(panel.dates[:origin].to_numpy("datetime64[D]"), n)),
        "y": pa.array(panel.demand[:, :origin].ravel(), from_pandas=True),
    }
    if panel.in_stock is not None and with_stock:
        columns["in_stock"] = pa.array(panel.in_stock[:, :origin].ravel().astype(np.int8))
    for name in panel.categories.columns:
        columns[name] = pa.array(panel.categories[name].astype(str), pa.string()).take(rows)
    pyarrow.csv.write_csv(pa.table(columns), path, pyarrow.csv.WriteOptions(quoting_style="none"))


def read_long(path: Path) -> pd.DataFrame:
    """Read a yardstick's long table with its ids as text and its dates as dates."""
    return pd.read_csv(path, dtype={"unique_id": str}, parse_dates=["ds"])


def _wide(table: pd.DataFrame, value: str) -> pd.DataFrame:
    return table.pivot(index="unique_id", columns="ds", values=value).sort_index().sort_index(axis=1)


def _monthly(name: str, path: Path, horizon: int, origins: tuple[int, ...]) -> Panel:
    wide = _wide(read_long(path), "y")
    return Panel(name, wide.index, pd.DatetimeIndex(wide.columns), wide.to_numpy(float), "MS", horizon, origins)


def car_parts(folder: Path) -> Panel:
    """Return the car parts: 39 months, 12 steps, at least 20 months of history left at each origin."""
    return _monthly("car parts", folder / "carparts" / "train.csv.gz", 12, CAR_ORIGINS)


def auto(folder: Path) -> Panel:
    """Return the automotive series: 24 months, 6 steps."""
    return _monthly("auto", folder / "auto" / "train.csv.gz", 6, AUTO_ORIGINS)


def vn2(folder: Path, horizon: int) -> Panel:
    """Return the shop x product weeks with their stock flags and categories; no origins, a policy sets them."""
    table = read_long(folder / "vn2" / "history.csv.gz")
    wide = _wide(table, "y")
    stocked = _wide(table, "in_stock").reindex_like(wide).fillna(1).to_numpy() > 0
    categories = table.drop_duplicates("unique_id").set_index("unique_id").reindex(wide.index)
    categories = categories.drop(columns=["ds", "y", "in_stock"]).astype(str)
    dates = pd.DatetimeIndex(wide.columns)
    return Panel("VN2", wide.index, dates, wide.to_numpy(float), "W-MON", horizon, (), stocked, categories)


def smooth_panels(folder: Path) -> list[Panel]:
    """Return monthly panels without many zeros: sums over seeded groups of the yardsticks, and generated ones."""
    parts, cars, shops = car_parts(folder), auto(folder), vn2(folder, 6)
    months, by_month = months_of_weeks(shops.dates, shops.demand)
    return [
        _sums("car parts, sums of 20 to 400", parts.dates, group_sums(parts.demand, 20, 400, 2), 12, (27, 24)),
        _sums("auto, sums of 5 to 50", cars.dates, group_sums(cars.demand, 5, 50, 1), 6, (18, 15)),
        _sums("VN2 months, sums of 5 to 50", months, group_sums(by_month, 5, 50, 4), 6, (29, 26)),
        _generated("hospital-like", 11, Smooth()),
        _generated("hospital-like, calm", 12, Smooth(0.03, 0.02, 0.015, 0.05, 0.002, 40.0)),
        _generated("hospital-like, restless", 13, Smooth(0.05, 0.12, 0.05, 0.1, 0.006, 120.0)),
    ]


def _sums(name: str, dates: pd.DatetimeIndex, demand: Array, horizon: int, origins: tuple[int, ...]) -> Panel:
    ids = pd.Index([f"G{k:04d}" for k in range(len(demand))])
    return Panel(name, ids, dates, demand, "MS", horizon, origins)


def group_sums(demand: Array, smallest: int, largest: int, seed: int) -> Array:
    """Return sums over random groups of series (sizes log-uniform), unknown counted as 0; (SMOOTH_SERIES, T)."""
    random = np.random.default_rng(seed)
    known = np.nan_to_num(demand)
    sizes = np.exp(random.uniform(np.log(smallest), np.log(largest), SMOOTH_SERIES)).astype(int)
    return np.stack([known[random.choice(len(known), size, replace=False)].sum(axis=0) for size in sizes])


def months_of_weeks(weeks: pd.DatetimeIndex, demand: Array) -> tuple[pd.DatetimeIndex, Array]:
    """Return the full calendar months and their demand, each week's units spread evenly over its days."""
    days = pd.date_range(weeks[0], weeks[-1] + pd.Timedelta(days=6))
    month = days.to_period("M")
    counts = month.value_counts().sort_index()
    every = pd.PeriodIndex(counts.index)
    full = every[counts.to_numpy() == every.days_in_month]
    share = np.zeros((len(weeks), len(full)))
    place = full.get_indexer(month)
    inside = place >= 0
    np.add.at(share, (np.arange(len(days))[inside] // 7, place[inside]), 1 / 7)
    return full.to_timestamp(), np.nan_to_num(demand) @ share


@dataclass(frozen=True)
class Smooth:
    """Shape of a generated monthly panel; spreads are in logarithms.

    Attributes
    ----------
    common_season, own_season
        Size of the year's pattern that all share and of each series' own.
    drift, noise, slope
        Random walk of the level a month, over-dispersion of a month's count, spread of the yearly trend's monthly step.
    median
        Median level [units/month].
    """

    common_season: float = 0.06
    own_season: float = 0.05
    drift: float = 0.03
    noise: float = 0.08
    slope: float = 0.004
    median: float = 60.0


def smooth_counts(series: int, periods: int, seed: int, shape: Smooth) -> Array:
    """Return counts of slowly moving levels with trend and season, shape (series, periods), the same for a seed."""
    random = np.random.default_rng(seed)
    month = np.arange(periods)
    level = np.log(shape.median) + 1.1 * random.standard_normal((series, 1))
    steps = random.normal(0, shape.slope / 6, (series, periods))
    steps[:, 0] = random.normal(0, shape.slope, series)
    fading = np.exp(np.log(0.95) * (month[:, None] - month[None, :])) * (month[:, None] >= month[None, :])
    trend = np.cumsum(steps @ fading.T, axis=1)
    wave = np.sin(2 * np.pi * month / 12 + 0.5) + 0.5 * np.cos(4 * np.pi * month / 12)
    common = shape.common_season * wave * (1 + 0.5 * random.standard_normal((series, 1)))
    own = shape.own_season * random.standard_normal((series, 12))
    own = (own - own.mean(axis=1, keepdims=True))[:, month % 12]
    drift = shape.drift * np.exp(0.5 * random.standard_normal((series, 1)))
    walk = np.cumsum(drift * random.standard_normal((series, periods)), axis=1)
    spread = (shape.noise * np.exp(0.5 * random.standard_normal((series, 1)))) ** 2
    rate = np.exp(level + trend + common + own + walk)
    return random.poisson(rate * random.gamma(1 / spread, spread, (series, periods))).astype(float)


def _generated(name: str, seed: int, shape: Smooth) -> Panel:
    dates = pd.date_range("2000-01-01", periods=84, freq="MS")
    return _sums(name, dates, smooth_counts(SMOOTH_SERIES, 84, seed, shape), 12, (72, 60))


def scale_panel(parts: int, warehouses: int, weeks: int, horizon: int, seed: int = 7) -> Panel:
    """Return slow-moving part x warehouse weeks: rates over four decades, over-dispersed, with a shallow season."""
    random = np.random.default_rng(seed)
    n, periods = parts * warehouses, weeks + horizon
    rate = np.repeat(np.exp(random.normal(-2.5, 1.5, parts)), warehouses) * random.gamma(0.7, 1 / 0.7, n)
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(periods) / 52)
    demand = np.empty((n, periods))
    for first in range(0, n, 10_000):
        rows = slice(first, first + 10_000)
        mean = rate[rows, None] * season
        demand[rows] = random.poisson(mean * random.gamma(2.0, 0.5, mean.shape))
    ids = pd.Index([f"P{p:05d}-W{w:02d}" for p in range(parts) for w in range(warehouses)])
    family = np.repeat(random.integers(0, 40, parts), warehouses)
    categories = pd.DataFrame(
        {
            "family": [f"F{k:02d}" for k in family],
            "region": [f"R{w:02d}" for w in np.tile(np.arange(warehouses), parts)],
        },
        index=ids,
    )
    dates = pd.date_range("2023-11-27", periods=periods, freq="W-MON")
    return Panel("scale", ids, dates, demand, "W-MON", horizon, (weeks,), None, categories)


def sample_rows(panel: Panel, origin: int, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Return sorted rows of a seeded sample among the series with something known before and after the origin."""
    after = np.isfinite(panel.actuals(origin)).any(axis=1)
    usable = np.flatnonzero(after & (np.isfinite(panel.demand[:, :origin]).sum(axis=1) >= 2))
    chosen = np.random.default_rng(seed).choice(usable, min(size, len(usable)), replace=False)
    return np.sort(chosen)
