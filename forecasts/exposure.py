"""Exposure: which calendar profile each family x region follows, and its multiplier on every day of past and future.

A group follows its own Prophet fit if it has enough days and order lines, else its family's, else its region's, else
that of everything, else none (flat). Totals are per observed series: a growing catalogue is no growing demand.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.aggregates import Profile, Task, fit_profile
from forecasts.calendar import Calendar
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.processes import map_in_processes

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Label = tuple[str, str | None, str | None]
"""A kind of total (``group``, ``family``, ``region``, ``all``), its family and its region; None where it spans them."""

EVERYTHING: Label = ("all", None, None)
HALF_LIVES_KEPT = 10
"""History beyond ten half-lives weighs less than a thousandth and is left out."""
IN_WORDS = {"family": "its family's profile", "region": "its region's profile", "all": "the profile of all demand"}


@dataclass(frozen=True)
class Exposure:
    """Multipliers per distinct profile; ``history`` has the youngest day first, ``future`` the next day first.

    ``row`` gives each series its profile; ``groups`` tells, per family x region, what it follows and why.
    """

    history: Array
    future: Array
    row: Codes
    groups: pd.DataFrame


@dataclass(frozen=True)
class _Totals:
    """Daily lines per observed series of one label, oldest day first, and what they rest on."""

    label: Label
    per_day: Array
    lines: int
    days: int


def build_exposure(
    panel: Panel, parameters: Parameters, calendar: Calendar, exposure_factors: pd.DataFrame | None
) -> Exposure:
    """Fit the profiles that are worth fitting and lay them over the days of history and horizon."""
    groups, group_of = _groups(panel.series)
    totals = _daily_totals(panel, groups, group_of, parameters.prophet_max_days)
    chains = [_chain(family, region) for family, region in groups.itertuples(index=False)]
    profiles = _fit_profiles(_choose_fits(chains, totals, parameters), totals, panel.origin, calendar, parameters)
    if any(profile.failure for profile in profiles.values()):
        spare = [label for label in (EVERYTHING,) if label not in profiles and _is_enough(totals[label], parameters)]
        profiles |= _fit_profiles(spare, totals, panel.origin, calendar, parameters)
    followed = [
        next((label for label in chain if label in profiles and not profiles[label].failure), None) for chain in chains
    ]
    table = _describe(groups, chains, followed, totals, profiles, parameters)
    known = _history_days(panel, parameters)
    keys, row_of_group = _distinct(groups, followed, exposure_factors)
    rows = [_lay_out(profiles[label] if label else None, known, parameters) for label, _ in keys]
    multipliers = np.array(rows).reshape(len(keys), known + parameters.horizon_days)
    _apply_factors(multipliers, [region for _, region in keys], exposure_factors, panel.origin, known)
    return Exposure(multipliers[:, :known][:, ::-1], multipliers[:, known:], row_of_group[group_of], table)


def _groups(series: pd.DataFrame) -> tuple[pd.DataFrame, Codes]:
    """Return the family x region groups in order, and each series' group."""
    text = series[["family", "region"]].astype(str)
    groups = text.drop_duplicates().sort_values(["family", "region"], ignore_index=True)
    return groups, text.groupby(["family", "region"], sort=True).ngroup().to_numpy().astype(np.int64)


def _chain(family: str, region: str) -> list[Label]:
    return [("group", family, region), ("family", family, None), ("region", None, region), EVERYTHING]


def _daily_totals(panel: Panel, groups: pd.DataFrame, group_of: Codes, longest: int) -> dict[Label, _Totals]:
    """Return the totals of every group and of everything above it."""
    age_first = panel.days_before_origin(panel.series["first_day"])
    n_days = int(np.clip(age_first.max(initial=-1) + 1, 0, longest))
    code, age = panel.codes(panel.demand["unique_id"]), panel.days_before_origin(panel.demand["day"])
    inside = (age >= 0) & (age < n_days) & (age <= age_first[code])
    cell = group_of[code[inside]] * n_days + (n_days - 1 - age[inside])
    weight = panel.demand["lines"].to_numpy(np.float64)[inside]
    lines = np.bincount(cell, weight, minlength=len(groups) * n_days).reshape(len(groups), n_days)
    entered = np.clip(n_days - 1 - age_first, 0, n_days)
    observed = np.zeros((len(groups), n_days + 1))
    np.add.at(observed, (group_of, entered), 1)
    observed = observed.cumsum(axis=1)[:, :n_days]
    rows: dict[Label, list[int]] = {}
    for number, (family, region) in enumerate(groups.itertuples(index=False)):
        for label in _chain(family, region):
            rows.setdefault(label, []).append(number)
    return {label: _totals(label, lines[of].sum(axis=0), observed[of].sum(axis=0)) for label, of in rows.items()}


def _totals(label: Label, lines: Array, observed: Array) -> _Totals:
    """Return totals per observed series, scaled to today's number of series, from the first observed day."""
    start = int(np.argmax(observed > 0)) if (observed > 0).any() else len(observed)
    lines, observed = lines[start:], observed[start:]
    return _Totals(label, lines / observed * observed[-1:], int(lines.sum()), len(lines))


def _is_enough(totals: _Totals, parameters: Parameters) -> bool:
    return totals.days >= parameters.prophet_min_days and totals.lines >= parameters.prophet_min_lines


def _choose_fits(chains: list[list[Label]], totals: dict[Label, _Totals], parameters: Parameters) -> list[Label]:
    """Return the labels to fit: the first of each chain with enough history, most order lines first up to the cap.

    Everything's profile is among them whenever a group has to leave its chain.
    """
    first = {next((label for label in chain if _is_enough(totals[label], parameters)), None) for chain in chains}
    wanted = sorted((label for label in first if label), key=lambda label: (-totals[label].lines, str(label)))
    chosen = wanted[: parameters.prophet_max_groups]
    if len(chosen) < len(wanted) and EVERYTHING not in chosen and chosen:
        chosen = [EVERYTHING, *chosen[:-1]]
    return chosen


def _fit_profiles(
    labels: list[Label], totals: dict[Label, _Totals], origin: pd.Timestamp, calendar: Calendar, parameters: Parameters
) -> dict[Label, Profile]:
    tasks = [_task(totals[label], origin, calendar, parameters) for label in labels]
    workers = parameters.workers if len(tasks) >= parameters.parallel_from else 1
    fitted = map_in_processes(fit_profile, tasks, workers, parameters.fit_timeout_seconds)
    return dict(zip(labels, fitted, strict=True))


def _task(totals: _Totals, origin: pd.Timestamp, calendar: Calendar, parameters: Parameters) -> Task:
    days = pd.date_range(end=origin, periods=totals.days, freq="D")
    span = pd.date_range(days[0], periods=totals.days + parameters.horizon_days, freq="D")
    return Task(
        label=str(totals.label),
        days=days,
        totals=totals.per_day.round(6),
        features=calendar.features(span).to_numpy(),
        horizon_days=parameters.horizon_days,
        trend_half_life_days=parameters.trend_half_life_days,
        trend_limit=parameters.trend_limit,
        seed=parameters.seed,
    )


def _describe(
    groups: pd.DataFrame,
    chains: list[list[Label]],
    followed: list[Label | None],
    totals: dict[Label, _Totals],
    profiles: dict[Label, Profile],
    parameters: Parameters,
) -> pd.DataFrame:
    """Return one row per group: what it follows, why not its own fit, and the history it has."""
    own = [totals[chain[0]] for chain in chains]
    reasons = [
        ""
        if label == total.label
        else f"{_why(total, profiles, parameters)}: {IN_WORDS[label[0]] if label else 'flat'}"
        for label, total in zip(followed, own, strict=True)
    ]
    return groups.assign(
        method=["prophet" if label else "flat" for label in followed],
        follows=[label[0] if label else "" for label in followed],
        fallback=reasons,
        days=[total.days for total in own],
        lines=[total.lines for total in own],
    )


def _why(total: _Totals, profiles: dict[Label, Profile], parameters: Parameters) -> str:
    """Return why a group does not follow its own fit."""
    if total.days < parameters.prophet_min_days:
        return f"{total.days} days of history, {parameters.prophet_min_days} needed"
    if total.lines < parameters.prophet_min_lines:
        return f"{total.lines} order lines, {parameters.prophet_min_lines} needed"
    if total.label in profiles:
        return profiles[total.label].failure
    return f"not among the {parameters.prophet_max_groups} groups with most order lines"


def _history_days(panel: Panel, parameters: Parameters) -> int:
    oldest = int(panel.days_before_origin(panel.series["first_day"]).max(initial=0)) + 1
    return max(1, min(oldest, math.ceil(HALF_LIVES_KEPT * 7 * parameters.half_life_weeks)))


def _distinct(
    groups: pd.DataFrame, followed: list[Label | None], factors: pd.DataFrame | None
) -> tuple[list[tuple[Label | None, str]], Codes]:
    """Return the distinct (profile, region with factors) and each group's place among them."""
    affected = set() if factors is None else set(factors["region"].astype(str))
    own = [
        (label, region if region in affected else "") for label, region in zip(followed, groups["region"], strict=True)
    ]
    keys = sorted(set(own), key=str)
    place = {key: number for number, key in enumerate(keys)}
    return keys, np.array([place[key] for key in own], dtype=np.int64)


def _lay_out(profile: Profile | None, known: int, parameters: Parameters) -> Array:
    """Return a row of ``known`` days of history and the horizon; days before the profile began count 1."""
    row = np.ones(known + parameters.horizon_days)
    if profile is not None:
        fitted = profile.multipliers[-len(row) :]
        row[len(row) - len(fitted) :] = fitted
    return row


def _apply_factors(
    multipliers: Array, regions: list[str], factors: pd.DataFrame | None, origin: pd.Timestamp, known: int
) -> None:
    """Multiply the days of a region by the factors given for them (frame region, day, factor), in place."""
    if factors is None or factors.empty:
        return
    column = (factors["day"].to_numpy("datetime64[D]") - np.datetime64(origin, "D")).astype(np.int64) + known - 1
    inside = (column >= 0) & (column < multipliers.shape[1])
    for number, region in enumerate(regions):
        mine = inside & (factors["region"].astype(str) == region).to_numpy()
        np.multiply.at(multipliers[number], column[mine], factors["factor"].to_numpy(np.float64)[mine])
