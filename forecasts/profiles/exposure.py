"""Exposure: which calendar profile each family x region follows, and its multiplier on every day of past and future.

A group follows its own Prophet fit if it has enough days and order lines, else its family's, else its region's, else
that of everything, else none (flat). Fits are kept between nights: see ``profiles``.

Warnings (weather) belong to every day on which they are in force, past and future. What they are said to do to demand
is taken out of the totals before a profile is fitted, so that no season is read into it; where there were enough such
days the fit corrects it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.engine import engine_for
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.aggregates import (
    LIMITS,
    WARNING,
    YEARLY_FROM_DAYS,
    Profile,
    Task,
    day_terms,
    fade_trend,
    fit_profile,
    season,
)
from forecasts.profiles.calendar import FEATURES, Calendar
from forecasts.profiles.kept import (
    EVERYTHING,
    Fitted,
    Label,
    as_frame,
    fingerprint,
    fitting,
    from_frame,
    history_of,
    is_due,
    is_same_history,
)
from forecasts.profiles.totals import Totals, chain, daily_totals, groups_of

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Profiles = Mapping[Label, Fitted]

HALF_LIVES_KEPT = 10
"""History beyond ten half-lives weighs less than a thousandth and is left out."""
LEAST_FACTOR = 0.2
"""A day on which warnings left less of the demand than this says nothing of the season: unknown to the fit."""
LEAST_EFFECT = 0.005
"""Share of a label's demand below which warnings were none to it."""
IMPORT_SECONDS = 60.0
"""A process's first fit imports Prophet: three seconds, more on a loaded machine, and none of them the fit's."""
IN_WORDS = {"family": "its family's profile", "region": "its region's profile", "all": "the profile of all demand"}


@dataclass(frozen=True)
class Exposure:
    """Multipliers per distinct profile; ``history`` has the youngest day first, ``future`` the next day first.

    ``row`` gives each series its profile; ``groups`` tells, per family x region, what it follows and why; ``profiles``
    (columns ``profiles.PROFILES``) are those that are followed, to be kept for the next nights.
    """

    history: Array
    future: Array
    row: Codes
    groups: pd.DataFrame
    profiles: pd.DataFrame


@dataclass(frozen=True)
class _Days:
    """The days that multipliers are laid over: ``past`` of them up to the origin, then the horizon.

    ``terms`` are those of ``aggregates.day_terms``; ``effects``, by region, what warnings do to its demand (-0.3: less
    by 30 %), of the regions that have any.
    """

    past: int
    terms: pd.DataFrame
    effects: dict[str, Array]

    def effect(self, region: str) -> Array:
        """Return what warnings do to the demand of ``region`` on each day."""
        return self.effects.get(region, np.zeros(len(self.terms)))


def build_exposure(
    panel: Panel,
    parameters: Parameters,
    calendar: Calendar,
    exposure_factors: pd.DataFrame | None = None,
    kept: pd.DataFrame | None = None,
) -> Exposure:
    """Take the kept profiles that still hold, fit the others, and lay them over the days of history and horizon.

    Parameters
    ----------
    exposure_factors
        Columns ``region``, ``day``, ``factor``: what multiplies a region's demand on a day beside season and trend,
        such as the ``demand_factor`` of a weather warning; past days teach, future ones are expected.
    kept
        The ``profiles`` of earlier exposures; only fits of nights before the panel's origin count. Whatever is missing
        or cannot be read is fitted.
    """
    groups, group_of = groups_of(panel.series)
    known, learned = _history_days(panel, parameters)
    days = _lay_days(panel.origin, max(known, learned), parameters.horizon_days, calendar, exposure_factors)
    last = slice(days.past - learned, days.past)
    warned = np.array([days.effect(region)[last] for region in groups["region"]]).reshape(len(groups), learned)
    totals = daily_totals(panel, groups, group_of, pd.DatetimeIndex(days.terms.index[last]), warned)
    chains = [chain(family, region) for family, region in groups.itertuples(index=False)]
    usable = from_frame(kept, panel.origin, set(days.terms.columns))
    profiles = _bring_profiles(chains, _Tonight(totals, usable, days, fitting(calendar, parameters.seed)), parameters)
    sound = {label: one for label, one in profiles.items() if not one.profile.failure}
    followed = [next((label for label in links if label in sound), None) for links in chains]
    keys, row_of_group = _distinct(groups, followed, set(days.effects))
    rows = [_multipliers(sound[label].profile if label else None, days, region, parameters) for label, region in keys]
    multipliers = np.array(rows).reshape(len(keys), len(days.terms))
    return Exposure(
        history=multipliers[:, days.past - known : days.past][:, ::-1],
        future=multipliers[:, days.past :],
        row=row_of_group[group_of],
        groups=_describe(groups, followed, totals, profiles, parameters),
        profiles=as_frame({label: sound[label] for label in followed if label}),
    )


def _history_days(panel: Panel, parameters: Parameters) -> tuple[int, int]:
    """Return how many days of history multipliers are laid over, and how many profiles are learned from."""
    oldest = max(0, int(panel.days_before_origin(panel.series["first_day"]).max(initial=-1)) + 1)
    weighty = math.ceil(HALF_LIVES_KEPT * 7 * parameters.half_life_weeks)
    return max(1, min(oldest, weighty)), min(oldest, parameters.prophet_max_days)


def _lay_days(origin: pd.Timestamp, past: int, horizon: int, calendar: Calendar, factors: pd.DataFrame | None) -> _Days:
    """Return the days with what the factors do to the regions they name; several of a day multiply."""
    span = pd.date_range(origin - pd.Timedelta(days=past - 1), periods=past + horizon, freq="D")
    terms = day_terms(span, calendar.features(span))
    if factors is None or factors.empty:
        return _Days(past, terms, {})
    place = (factors["day"].to_numpy("datetime64[D]") - np.datetime64(span[0], "D")).astype(np.int64)
    inside = (place >= 0) & (place < len(span))
    effects = {}
    for region, rows in factors.assign(place=place, region=factors["region"].astype(str))[inside].groupby("region"):
        factor = np.ones(len(span))
        np.multiply.at(factor, rows["place"].to_numpy(), rows["factor"].to_numpy(np.float64))
        effects[str(region)] = factor - 1
    return _Days(past, terms, effects)


def _is_enough(totals: Totals, parameters: Parameters) -> bool:
    return len(totals.days) >= parameters.prophet_min_days and totals.lines.sum() >= parameters.prophet_min_lines


def _choose_fits(chains: list[list[Label]], totals: dict[Label, Totals], parameters: Parameters) -> list[Label]:
    """Return the labels to fit: the first of each chain with enough history, most order lines first up to the cap.

    Everything's profile is among them whenever a group has to leave its chain.
    """
    first = {next((label for label in links if _is_enough(totals[label], parameters)), None) for links in chains}
    wanted = sorted((label for label in first if label), key=lambda label: (-totals[label].lines.sum(), str(label)))
    chosen = wanted[: parameters.prophet_max_groups]
    if len(chosen) < len(wanted) and EVERYTHING not in chosen and chosen:
        chosen = [EVERYTHING, *chosen[:-1]]
    return chosen


@dataclass(frozen=True)
class _Tonight:
    """What profiles are brought from: tonight's totals, the fits of earlier nights, the days, and how fits are done."""

    totals: dict[Label, Totals]
    kept: dict[Label, Fitted]
    days: _Days
    shape: str


def _bring_profiles(chains: list[list[Label]], tonight: _Tonight, parameters: Parameters) -> dict[Label, Fitted]:
    """Return the profiles that groups may follow; if one failed, everything's too."""
    profiles = _keep_or_fit(_choose_fits(chains, tonight.totals, parameters), tonight, parameters)
    failed = any(one.profile.failure for one in profiles.values())
    if failed and EVERYTHING not in profiles and _is_enough(tonight.totals[EVERYTHING], parameters):
        profiles |= _keep_or_fit([EVERYTHING], tonight, parameters)
    return profiles


def _keep_or_fit(labels: list[Label], tonight: _Tonight, parameters: Parameters) -> dict[Label, Fitted]:
    """Return a profile for each label: the kept one if it still holds, else a new fit (or why there is none)."""
    tasks = {label: _task(tonight.totals[label], tonight.days.terms, parameters) for label in labels}
    prints = {label: _fingerprint(task, tonight.shape) for label, task in tasks.items()}
    holding = {
        label: tonight.kept[label]
        for label in labels
        if label in tonight.kept
        and _holds(tonight.kept[label], tonight.totals[label], prints[label], parameters.profile_refit_days)
    }
    due = [label for label in labels if label not in holding]
    engine = engine_for(len(due), parameters, parameters.fit_timeout_seconds + IMPORT_SECONDS)
    fits = engine.map(fit_profile, [tasks[label] for label in due], _lost)
    fresh = {
        label: Fitted(profile, history_of(tonight.totals[label].days, tonight.totals[label].lines), prints[label])
        for label, profile in zip(due, fits, strict=True)
    }
    return {label: holding[label] if label in holding else fresh[label] for label in labels}


def _holds(kept: Fitted, totals: Totals, print_now: str, refit_days: int) -> bool:
    """Return whether a kept profile is the one to follow tonight."""
    return (
        kept.fingerprint == print_now
        and not is_due(totals.label, kept.history.last_day, totals.days[-1], refit_days)
        and is_same_history(kept.history, totals.days, totals.lines)
    )


def _task(totals: Totals, terms: pd.DataFrame, parameters: Parameters) -> Task:
    """Return the fit of a label: its totals without what warnings are said to have done, and the regressors it has."""
    holidays = terms.loc[totals.days, list(FEATURES)]
    regressors = holidays.loc[:, holidays.any()]
    if (np.abs(totals.warned) >= LEAST_EFFECT).sum() >= parameters.warning_min_days:
        regressors = regressors.assign(**{WARNING: totals.warned})
    left = 1 + totals.warned
    unwarned = np.where(left >= LEAST_FACTOR, totals.per_day / np.maximum(left, LEAST_FACTOR), np.nan)
    label, limit = str(totals.label), parameters.fit_timeout_seconds
    return Task(label, totals.days, unwarned.round(6), regressors, parameters.seed, limit)


def _fingerprint(task: Task, shape: str) -> str:
    return fingerprint(shape, task.regressors.columns, yearly=len(task.days) > YEARLY_FROM_DAYS)


def _lost(task: Task, reason: str) -> Profile:
    return Profile(task.label, {}, 0.0, f"Prophet failed: {reason}")


def _describe(
    groups: pd.DataFrame,
    followed: list[Label | None],
    totals: dict[Label, Totals],
    profiles: Profiles,
    parameters: Parameters,
) -> pd.DataFrame:
    """Return one row per group: what it follows, since when, why not its own fit, and the history it has."""
    own = [totals["group", family, region] for family, region in groups.itertuples(index=False)]
    reasons = [
        ""
        if label == total.label
        else f"{_why(total, profiles, parameters)}: {IN_WORDS[label[0]] if label else 'flat'}"
        for label, total in zip(followed, own, strict=True)
    ]
    fitted_on = [profiles[label].history.last_day if label else pd.NaT for label in followed]
    return groups.assign(
        method=["prophet" if label else "flat" for label in followed],
        follows=[label[0] if label else "" for label in followed],
        fallback=reasons,
        days=[len(total.days) for total in own],
        lines=[int(total.lines.sum()) for total in own],
        fitted_on=pd.DatetimeIndex(fitted_on).as_unit("ns"),
    )


def _why(total: Totals, profiles: Profiles, parameters: Parameters) -> str:
    """Return why a group does not follow its own fit."""
    if len(total.days) < parameters.prophet_min_days:
        return f"{len(total.days)} days of history, {parameters.prophet_min_days} needed"
    lines = int(total.lines.sum())
    if lines < parameters.prophet_min_lines:
        return f"{lines} order lines, {parameters.prophet_min_lines} needed"
    if total.label in profiles:
        return profiles[total.label].profile.failure
    return f"not among the {parameters.prophet_max_groups} groups with most order lines"


def _distinct(
    groups: pd.DataFrame, followed: list[Label | None], warned: set[str]
) -> tuple[list[tuple[Label | None, str]], Codes]:
    """Return the distinct (profile, region with warnings) and each group's place among them."""
    own = [
        (label, region if region in warned else "") for label, region in zip(followed, groups["region"], strict=True)
    ]
    keys = sorted(set(own), key=str)
    place = {key: number for number, key in enumerate(keys)}
    return keys, np.array([place[key] for key in own], dtype=np.int64)


def _multipliers(profile: Profile | None, days: _Days, region: str, parameters: Parameters) -> Array:
    """Return a profile's multipliers over all days, warnings of the region included.

    The history carries the season alone: levels are the count model's, which forgets. The horizon also carries the
    trend, as if from the origin on.
    """
    effect = days.effect(region)
    row = np.ones(len(days.terms))
    if profile is not None:
        row = season(profile, days.terms, effect)
        growth = fade_trend(profile, len(row) - days.past, parameters.trend_half_life_days, parameters.trend_limit)
        row[days.past :] *= growth
    return np.asarray(np.clip(row, *LIMITS).round(6) * (1 + effect))
