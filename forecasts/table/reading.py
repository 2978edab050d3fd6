"""The long table of ``python -m forecasts``, one row per series and period: as a dense history, and results as tables.

The history ends at the last period in which any series has a ``y``. Whatever is put right on the way is counted and
shown by example; whatever cannot be is refused by its row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.history import Array, Codes, Flags, History
from forecasts.table.cells import TableRefused, place, read_days, read_demand, read_exposure, read_ids, read_sold_out
from forecasts.table.mending import EXAMPLES, Ledger, Mended
from forecasts.table.periods import NAMES, SEASONS, YEARS, Axis, Frequency, first_days, period_of
from forecasts.table.series_columns import read_categories, read_profiles

REQUIRED = ("unique_id", "ds", "y")
KNOWN = (*REQUIRED, "in_stock", "exposure")
CELLS_LIMIT = 200_000_000
"""Series x periods of a dense history: 1.6 GB for the demand alone."""
LONGEST_SILENCE_DAYS = 5 * 366
"""No table is silent for five years and then goes on: one of the dates is a slip (2062 for 2026)."""
THIN_SHARE = 0.05
"""A last stretch known of fewer series than this share of the most ever known is ahead of the rest."""
SPIKE_FACTOR = 100.0
"""Times the median of the periods with demand, of the series and of the whole table."""
BLOCK_CELLS = 5_000_000
"""Rows of a table of paths made at a time: 200 MB."""


@dataclass(frozen=True)
class Reading:
    """A long table as a history, and what was mended on the way.

    Attributes
    ----------
    history
        n series (sorted by name) x T periods that follow one another.
    mended
        By kind (``mending.KINDS``), only what occurred.
    first_period
        The day on which the first period begins (weeks begin on Mondays).
    freq
        ``D``, ``W-MON`` or ``MS``.
    """

    history: History
    mended: dict[str, Mended]
    first_period: pd.Timestamp
    freq: Frequency


class Distributions(Protocol):
    """What the command needs of a forecast."""

    @property
    def horizon(self) -> int:
        """Steps ahead."""

    @property
    def series(self) -> pd.DataFrame:
        """Index the names; columns ``method`` and ``fallback`` (reason, ``""`` if none)."""

    @property
    def scores(self) -> pd.DataFrame:
        """What each candidate scored."""

    @property
    def calibration(self) -> pd.DataFrame:
        """How often demand was within each level."""

    def quantiles(self, levels: Sequence[float]) -> pd.DataFrame:
        """Return columns ``unique_id``, ``step`` (from 1) and one per level."""

    def paths(self, n: int, seed: int, rows: npt.NDArray[np.int64] | None = None) -> npt.NDArray[Any]:
        """Return whole numbers of shape (n, rows, steps)."""


@dataclass(frozen=True)
class _Rows:
    """The rows of the table: number of the series, of the period (from 1970), of the date among ``dates``; y or NaN."""

    ids: pd.Index
    series: Codes
    period: Codes
    y: Array
    date: npt.NDArray[np.integer]
    dates: npt.NDArray[np.datetime64]
    numeric_ids: bool


def read_history(table: pd.DataFrame, freq: Frequency, horizon: int) -> Reading:
    """Return the dense history of a long table.

    Parameters
    ----------
    table
        Columns ``unique_id`` (text), ``ds`` (a day of the period), ``y`` [units]; optionally ``in_stock`` (0: sold out,
        y is a lower bound) and ``exposure`` (> 0, relative); any other column is a category. If the index has a name,
        messages call the rows by it.
    freq
        ``D`` days, ``W-MON`` weeks from Monday, ``MS`` months.
    horizon
        Periods that will be forecast, at least 1: exposure is read so far ahead.

    Raises
    ------
    TableRefused
        The table cannot be used; the message names row, series, date and column, and the mend.
    """
    _check_request(table, freq, horizon)
    rows = _read_rows(table, freq)
    axis = _span(table, rows, freq, horizon)
    ledger = Ledger(rows.ids, axis)
    step = rows.period - axis.first
    _note_rows(rows, ledger)
    demand = _net_demand(rows, step, ledger)
    bound = _lower_bounds(table, rows, step, demand)
    exposure, exposure_of, used = _exposures(table, rows, step, ledger)
    unused = np.isnan(rows.y) & ((step < 0) | (step >= axis.periods)) & ~used
    ledger.note("unused_rows", int(unused.sum()))
    others = table[[name for name in table.columns if name not in KNOWN]]
    categories = read_categories(others, rows.series, rows.period - rows.period.min(), ledger)
    _note_demand(demand, ledger)
    history = History(rows.ids, demand, bound, categories, SEASONS[freq], exposure, exposure_of, YEARS[freq])
    return Reading(history, ledger.mended, axis.begin(0), freq)


def _check_request(table: pd.DataFrame, freq: str, horizon: int) -> None:
    """Refuse what can be seen to be wrong without reading a cell."""
    if freq not in SEASONS:
        raise TableRefused(f"freq {freq!r} is none of {', '.join(SEASONS)}")
    if horizon < 1:
        raise TableRefused(f"horizon must be at least 1 period, not {horizon}")
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns)) or "none"
        raise TableRefused(f"history: columns missing: {', '.join(missing)}; its columns are {found}")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise TableRefused(f"history: column {twice} stands twice; rename or remove one")
    if table.empty:
        raise TableRefused("history: has no rows; give at least one period of one series")


def _read_rows(table: pd.DataFrame, freq: Frequency) -> _Rows:
    ids, series, numeric = read_ids(table)
    date, dates = read_days(table)
    return _Rows(ids, series, period_of(dates, freq)[date], read_demand(table), date, dates, numeric)


def _span(table: pd.DataFrame, rows: _Rows, freq: Frequency, horizon: int) -> Axis:
    """Return the axis from the first to the last period with any y; refuse one that is absurdly long."""
    known = np.isfinite(rows.y)
    if not known.any():
        raise TableRefused("history: y is empty in every row; at least one period of one series must be known")
    period = rows.period if known.all() else rows.period[known]
    low = int(period.min())
    count = np.bincount(period - low)
    _refuse_silence(table, rows, low, count, freq)
    n, periods = len(rows.ids), len(count)
    if n * (periods + horizon) > CELLS_LIMIT:
        raise TableRefused(
            f"history: {n:,} series x ({periods:,} + {horizon:,}) {NAMES[freq]} are more than {CELLS_LIMIT:,} cells; "
            "shorten history or horizon, use longer periods or split the series over several files"
        )
    return Axis(low, periods, horizon, freq)


def _refuse_silence(table: pd.DataFrame, rows: _Rows, low: int, count: Codes, freq: Frequency) -> None:
    """Refuse a table with years in which nothing is known, for a row on the side that has fewer rows."""
    used = np.flatnonzero(count)
    days = first_days(low + used, freq).astype(np.int64)
    gaps = np.flatnonzero(np.diff(days) > LONGEST_SILENCE_DAYS)
    if not len(gaps):
        return
    before, total = np.cumsum(count[used])[gaps], count.sum()
    fewest = int(np.minimum(before, total - before).argmin())
    at, early = int(gaps[fewest]), bool(2 * before[fewest] <= total)
    period = low + used
    wrong = np.isfinite(rows.y) & ((rows.period <= period[at]) if early else (rows.period >= period[at + 1]))
    first, second = first_days(period[at : at + 2], freq)
    raise TableRefused(
        f"history: {place(table, int(wrong.argmax()))}: nothing is known of any series between {first} and {second}; "
        "correct the date, or leave out the rows on one side"
    )


def _note_rows(rows: _Rows, ledger: Ledger) -> None:
    if rows.numeric_ids:
        ledger.note("numeric_ids", len(rows.ids), map(str, rows.ids[:EXAMPLES]))
    freq = ledger.axis.freq
    irregular = rows.dates != first_days(period_of(rows.dates, freq), freq)
    moved = np.flatnonzero(irregular[rows.date]) if irregular.any() else np.arange(0)
    if len(moved):
        few = moved[rows.series[moved] <= np.sort(rows.series[moved])[:EXAMPLES][-1]]
        first = sorted(set(zip(rows.series[few].tolist(), rows.dates[rows.date[few]].tolist(), strict=True)))[:EXAMPLES]
        ledger.note("moved_dates", len(moved), (f"{rows.ids[series]} at {day}" for series, day in first))


def _net_demand(rows: _Rows, step: Codes, ledger: Ledger) -> Array:
    """Return demand by series and period, shape (n, T): rows of a period netted, floored at 0; NaN without y."""
    shape = (len(rows.ids), ledger.axis.periods)
    known = np.isfinite(rows.y)
    whole = bool(known.all())
    cell = rows.series * np.int64(shape[1]) + step
    total, rows_of = _sums(cell if whole else cell[known], rows.y if whole else rows.y[known], shape)
    ledger.note_cells("netted", rows_of > 1)
    demand: Array = np.where(rows_of > 0, total.round(6), np.nan)
    returned = demand < 0
    ledger.note_cells("floored", returned)
    demand[returned] = 0.0
    return demand + 0.0


def _sums(cell: Codes, value: Array, shape: tuple[int, int]) -> tuple[Array, Codes]:
    """Return sum and number of values by cell, in this shape; the order of rows changes not a bit of them."""
    size = shape[0] * shape[1]
    number = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=value, minlength=size).astype(np.float64, copy=False)
    if number.max() > 1:
        several = number[cell] > 1
        cells, values = cell[several], value[several]
        order = np.lexsort((values, cells))
        cells, first = np.unique(cells[order], return_index=True)
        total[cells] = np.add.reduceat(values[order], first)
    return total.reshape(shape), number.reshape(shape)


def _lower_bounds(table: pd.DataFrame, rows: _Rows, step: Codes, demand: Array) -> Flags:
    """Return where demand is known but was cut by a sold-out shelf, shape (n, T)."""
    bound = np.zeros(demand.shape, dtype=bool)
    if "in_stock" in table.columns:
        inside = read_sold_out(table) & (step >= 0) & (step < demand.shape[1])
        bound[rows.series[inside], step[inside]] = True
    return bound & np.isfinite(demand)


def _exposures(
    table: pd.DataFrame, rows: _Rows, step: Codes, ledger: Ledger
) -> tuple[Array | None, Codes | None, Flags]:
    """Return profiles of exposure, the profile of each series, and the rows whose exposure is used."""
    if "exposure" not in table.columns:
        return None, None, np.zeros(len(table), dtype=bool)
    given = read_exposure(table)
    shape = (len(rows.ids), ledger.axis.periods + ledger.axis.horizon)
    used = np.isfinite(given) & (step >= 0) & (step < shape[1])
    total, number = _sums((rows.series * np.int64(shape[1]) + step)[used], given[used], shape)
    mean = np.divide(total, number, out=np.full(shape, np.nan), where=number > 0)
    return *read_profiles(mean, ledger, SEASONS[ledger.axis.freq]), used


def _note_demand(demand: Array, ledger: Ledger) -> None:
    """Note what a reader of the forecast should know of the demand it was made from."""
    known = np.isfinite(demand)
    ledger.note_cells("gaps", np.logical_or.accumulate(known, axis=1) & ~known)
    observed = known.sum(axis=0)
    end = int(np.flatnonzero(observed >= THIN_SHARE * observed.max())[-1]) + 1
    ahead = known.copy()
    ahead[:, :end] = False
    ledger.note_cells("ahead_of_the_rest", ahead)
    ledger.note_cells("spikes", _spikes(demand))
    any_known, any_sold = np.any(known, axis=1), np.any(demand > 0, axis=1)
    ledger.note_series("unknown_series", ~any_known)
    ledger.note_series("zero_series", any_known & ~any_sold)


def _spikes(demand: Array) -> Flags:
    """Return the cells far beyond what is usual, shape (n, T)."""
    found = np.zeros(demand.shape, dtype=bool)
    sold = demand > 0
    if not sold.any():
        return found
    usual = float(np.median(demand[sold]))
    rows = np.flatnonzero((demand > SPIKE_FACTOR * usual).any(axis=1))
    if len(rows):
        ordered = np.sort(np.where(sold[rows], demand[rows], np.nan), axis=1)
        middle = np.take_along_axis(ordered, (sold[rows].sum(axis=1, keepdims=True) - 1) // 2, axis=1)
        alone = sold[rows].sum(axis=1, keepdims=True) == 1
        found[rows] = demand[rows] > SPIKE_FACTOR * np.where(alone, usual, np.maximum(middle, usual))
    return found


def checked_levels(levels: Sequence[float]) -> list[float]:
    """Return quantile levels in order, each once.

    Raises
    ------
    TableRefused
        There is none, or one does not lie between 0 and 1.
    """
    if not levels or not all(0 < level < 1 for level in levels):
        raise TableRefused(f"quantile levels must lie between 0 and 1, not {', '.join(map(str, levels)) or 'none'}")
    return sorted(set(levels))


def quantile_table(forecast: Distributions, levels: Sequence[float]) -> pd.DataFrame:
    """Return columns ``unique_id``, ``step`` (1 …), and one per level (``q0.1`` …), a row per series and step."""
    return forecast.quantiles(checked_levels(levels))


def path_tables(forecast: Distributions, n: int, seed: int) -> Iterator[pd.DataFrame]:
    """Yield columns ``unique_id``, ``path`` (1 …), ``step`` (1 …), ``y`` [units, whole], for some series at a time.

    Sums over the steps of a path are right; paths of different series are independent. A series' draws must not depend
    on which others are drawn with it.
    """
    names, steps = forecast.series.index, forecast.horizon
    block = max(1, BLOCK_CELLS // (n * steps))
    for start in range(0, len(names), block):
        rows = np.arange(start, min(start + block, len(names)))
        drawn = forecast.paths(n, seed, rows).transpose(1, 0, 2)
        of = np.repeat(np.arange(len(rows)), n * steps)
        yield pd.DataFrame(
            {
                "unique_id": names[rows].take(of),
                "path": np.tile(np.repeat(np.arange(1, n + 1), steps), len(rows)),
                "step": np.tile(np.arange(1, steps + 1), len(rows) * n),
                "y": drawn.ravel(),
            }
        )
