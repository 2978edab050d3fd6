"""Daily totals of families and regions: what calendar profiles are fitted to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.panel import Panel
from forecasts.profiles.kept import EVERYTHING, Label

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """A label's days, oldest first, from the first observed one.

    Attributes
    ----------
    lines
        Order lines a day.
    per_day
        The same per observed series, scaled to today's number of series: a growing catalogue is no growing demand.
    warned
        What warnings did to the label's demand (-0.3: less by 30 %), its regions weighted by their order lines.
    """

    label: Label
    days: pd.DatetimeIndex
    lines: Array
    per_day: Array
    warned: Array


def groups_of(series: pd.DataFrame) -> tuple[pd.DataFrame, Codes]:
    """Return the family x region groups in order, and each series' group."""
    text = series[["family", "region"]].astype(str)
    groups = text.drop_duplicates().sort_values(["family", "region"], ignore_index=True)
    return groups, text.groupby(["family", "region"], sort=True).ngroup().to_numpy().astype(np.int64)


def chain(family: str, region: str) -> list[Label]:
    """Return the labels whose profile a group may follow, its own first."""
    return [("group", family, region), ("family", family, None), ("region", None, region), EVERYTHING]


def daily_totals(
    panel: Panel, groups: pd.DataFrame, group_of: Codes, days: pd.DatetimeIndex, warned: Array
) -> dict[Label, Totals]:
    """Return the totals of every group and of everything above it.

    Parameters
    ----------
    days
        The last days of the history, up to the origin.
    warned
        What warnings did to the demand of each group's region, shape (groups, days).
    """
    lines, observed = _by_group(panel, group_of, (len(groups), len(days)))
    rows: dict[Label, list[int]] = {EVERYTHING: []}
    for number, (family, region) in enumerate(groups.itertuples(index=False)):
        for label in chain(family, region):
            rows.setdefault(label, []).append(number)
    return {label: _totals(label, days, lines[of], observed[of], warned[of]) for label, of in rows.items()}


def _by_group(panel: Panel, group_of: Codes, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return order lines and observed series per group and day."""
    n_groups, n_days = shape
    age_first = panel.days_before_origin(panel.series["first_day"])
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    inside = (age >= 0) & (age < n_days) & (age <= age_first[code])
    cell = group_of[code[inside]] * n_days + (n_days - 1 - age[inside])
    weight = panel.demand["lines"].to_numpy(np.float64)[inside]
    lines = np.bincount(cell, weight, minlength=n_groups * n_days).astype(np.float64).reshape(shape)
    entered = np.clip(n_days - 1 - age_first, 0, n_days)
    observed = np.zeros((n_groups, n_days + 1))
    np.add.at(observed, (group_of, entered), 1)
    return lines, observed.cumsum(axis=1)[:, :n_days]


def _totals(label: Label, days: pd.DatetimeIndex, lines: Array, observed: Array, warned: Array) -> Totals:
    """Return the totals of groups, a row of the arrays each."""
    share = lines.sum(axis=1) / max(lines.sum(), 1.0)
    all_lines, all_observed = lines.sum(axis=0), observed.sum(axis=0)
    start = int(np.argmax(all_observed > 0)) if (all_observed > 0).any() else len(days)
    all_lines, all_observed = all_lines[start:], all_observed[start:]
    per_day = all_lines / all_observed * all_observed[-1:]
    return Totals(label, days[start:], all_lines, per_day, (share @ warned).round(9)[start:])
