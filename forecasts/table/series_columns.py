"""What a long table says of its series besides demand: the categories by which they are pooled, and their exposure."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.history import Array, Codes
from forecasts.table.cells import encoded
from forecasts.table.mending import EXAMPLES, Ledger


def read_categories(columns: pd.DataFrame, series: Codes, period: Codes, ledger: Ledger) -> pd.DataFrame:
    """Return the categories of each series, coarse to fine: columns by number of distinct values.

    Parameters
    ----------
    columns
        Texts, a row per row of the table; the last one of a series that is not empty counts.
    series, period
        Series and period (from 0) of each row.

    Returns
    -------
    DataFrame
        Index the series' names; columns of text, ``""`` where none is given. A column with one value for all series, or
        another for each, pools nothing and is left out.
    """
    found: list[tuple[int, str, npt.NDArray[np.object_]]] = []
    dropped: list[str] = []
    changed = np.zeros(len(ledger.ids), dtype=bool)
    for name in columns:
        values, changes = _last_values(columns[name], series, period, len(ledger.ids))
        distinct = len(set(values))
        if 1 < distinct < len(values):
            found.append((distinct, str(name), values))
            changed |= changes
        else:
            dropped.append(str(name))
    found.sort(key=lambda column: column[0])
    ledger.note("dropped_columns", len(dropped), dropped[:EXAMPLES])
    ledger.note_series("changed_categories", changed)
    return pd.DataFrame({name: values for _, name, values in found}, index=ledger.ids)


def _last_values(
    column: pd.Series, series: Codes, period: Codes, n: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """Return each series' value in its latest period (the greatest text of several), and if it ever had another."""
    codes, distinct = encoded(column)
    texts = np.array([str(value) for value in distinct], dtype=str)
    names, rank = np.unique(np.append(texts, ""), return_inverse=True)
    of_row = rank[codes]
    filled = of_row > 0
    if not filled.all():
        series, period, of_row = series[filled], period[filled], of_row[filled]
    latest = np.zeros(n, dtype=np.int64)
    np.maximum.at(latest, series, period * len(names) + of_row)
    last = latest % len(names)
    changed = np.zeros(n, dtype=bool)
    changed[series[of_row != last[series]]] = True
    return names.astype(object)[last], changed


def read_profiles(given: Array, ledger: Ledger, season: int) -> tuple[Array, Codes]:
    """Return the distinct profiles of exposure, each with mean 1 over the history, and the profile of each series.

    Parameters
    ----------
    given
        Exposure by series and period, history and horizon, shape (n, T + horizon); NaN where it is not given. What is
        missing is that of a year before, else the last, else the first; 1 throughout if a series has none.
    """
    missing = np.isnan(given)
    ledger.note("exposure_carried", int(missing[~missing.all(axis=1)].sum()))
    full = _carried(given, season)
    full = (full / full[:, : ledger.axis.periods].mean(axis=1, keepdims=True)).round(9)
    codes, _ = pd.factorize(np.array([row.tobytes() for row in full], dtype=object))
    _, first = np.unique(codes, return_index=True)
    return full[first], codes.astype(np.int64)


def _carried(given: Array, season: int) -> Array:
    """Return exposure without gaps."""
    full = given.copy()
    for step in range(1, full.shape[1]):
        before = full[:, step - season] if 1 < season <= step else full[:, step - 1]
        before = np.where(np.isnan(before), full[:, step - 1], before)
        full[:, step] = np.where(np.isnan(full[:, step]), before, full[:, step])
    for step in range(full.shape[1] - 2, -1, -1):
        full[:, step] = np.where(np.isnan(full[:, step]), full[:, step + 1], full[:, step])
    return np.where(np.isnan(full), 1.0, full)
