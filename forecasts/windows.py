"""The nightly choice: which method tells best what a class sells over a lead time and over a quarter.

A method says mean and variance of the demand of the next 4 and of the next 13 weeks; between them lie protection
intervals and return windows. Two moments at two widths give the level, the noise and the uncertainty of the level that
:class:`forecasts.result.Model` carries to any window of days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.censoring import LEAST_EXPOSURE
from forecasts.choice import BETWEEN, DECILES, FEWEST_CELLS, TOLERANCE, pick, pinball
from forecasts.counted.thresholds import Sampling, forecast_thresholds
from forecasts.distributions.moments import WIDTHS, Moments
from forecasts.history import Array
from forecasts.weekly import History, window_sums

MOST_SPREAD = 5.0
"""Squared CV of a level at most: more is a handful of series far in the tail."""
OPEN = 0.5
"""Of the usual exposure: a window with less shows nothing of the level."""
FACTORS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0])
"""What a class's variance may be multiplied by to hold its P90."""
USUAL = "gamma_poisson+thresholds"
"""What is used unless another is clearly better: two views of unlike make."""
LEVEL = 0.9
CALIBRATION = ("demand_class", "level", "cells", "coverage", "variance_factor", "coverage_used")
NO_CALIBRATION = pd.DataFrame(columns=list(CALIBRATION)).astype(dict.fromkeys(CALIBRATION[1:], float))


@dataclass(frozen=True)
class WindowTrial:
    """What each method said at one past origin, and what came: ``actual`` (n, widths) [units], ``decided`` likewise."""

    series: npt.NDArray[np.int64]
    demand_class: npt.NDArray[np.object_]
    actual: Array
    decided: npt.NDArray[np.bool_]
    parts: Mapping[str, Moments]

    def take(self, rows: npt.ArrayLike) -> "WindowTrial":
        """Return the trial of these rows."""
        chosen = np.asarray(rows)
        parts = {name: part.take(chosen) for name, part in self.parts.items()}
        return WindowTrial(
            self.series[chosen], self.demand_class[chosen], self.actual[chosen], self.decided[chosen], parts
        )


def threshold_moments(history: History, spent: Array, seed: int) -> Moments:
    """Return the moments of windows learned as windows: their own regressions, not sums of weeks.

    The regressions speak of no exposure that past windows have not shown; from there on demand goes with ``spent``
    (n, widths) [exposure-weeks]. Hazards carried on to an exposure never seen hardly fall with it: before a closure
    they would expect nearly all that is usual, and many times too much per unit of exposure.
    """
    found = []
    for place, width in enumerate(WIDTHS):
        shown, spoken = _at_exposure_shown(window_sums(history, width), width)
        answer = forecast_thresholds(shown, np.array([width]), sampling=Sampling(seed=seed))
        mean, var = (moment[:, 0] for moment in answer.moments())
        found.append((mean, var, spent[:, place] / (width * spoken)))
    mean, var, ratio = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    noise = split_variance(Moments(mean, var))[0][:, None] * mean
    # Noise grows with the mean, what is not known of the level with its square.
    return Moments(ratio * mean, np.maximum(ratio * noise + ratio**2 * (var - noise), 0.0))


def _at_exposure_shown(windows: History, width: int) -> tuple[History, Array]:
    """Return windows with the exposure to come kept to what past ones have shown, and that of the next, shape (n,).

    A past window with less than ``OPEN`` of the usual exposure is not without demand, but unknown.
    """
    exposure, of = windows.exposures(width)
    past = exposure[:, : windows.periods]
    usual = np.maximum(past[:, -round(windows.year) :].mean(axis=1, keepdims=True), LEAST_EXPOSURE)
    shut = past < OPEN * usual
    past = np.where(shut, usual, past)
    ahead = np.clip(exposure[:, windows.periods :], past.min(axis=1, keepdims=True), past.max(axis=1, keepdims=True))
    shown = replace(
        windows,
        demand=np.where(shut[of], np.nan, windows.demand),
        bound=windows.bound & ~shut[of],
        exposure=np.concatenate([past, ahead], axis=1),
        exposure_of=of,
    )
    return shown, ahead[of, -1]


def mixed(parts: Mapping[str, Moments], method: str) -> Moments:
    """Return a method's moments, or those of the even mixture of the methods joined in its name.

    NaN where one of them says nothing, hence everywhere if it was not asked.
    """
    silent = np.full_like(next(iter(parts.values())).mean, np.nan)
    chosen = [parts.get(name, Moments(silent, silent)) for name in method.split(BETWEEN)]
    mean = np.mean([part.mean for part in chosen], axis=0)
    var = np.mean([part.var + (part.mean - mean) ** 2 for part in chosen], axis=0)
    return Moments(mean, var)


def mixed_by_class(
    parts: Mapping[str, Moments], demand_class: npt.NDArray[np.object_], methods: pd.Series
) -> tuple[Moments, npt.NDArray[np.object_]]:
    """Return every series' moments by the method of its class, and that method's name.

    Where it says nothing it is the first method. ``methods`` has the class as index.
    """
    first = next(iter(parts))
    mean, var = parts[first].mean.copy(), parts[first].var.copy()
    used = np.full(len(mean), first, dtype=object)
    for name in np.unique(demand_class.astype(str)):
        part = mixed(parts, str(methods[name]))
        mine = (demand_class == name) & part.spoken
        mean[mine], var[mine], used[mine] = part.mean[mine], part.var[mine], str(methods[name])
    return Moments(mean, var), used


def score_windows(trials: Sequence[WindowTrial], previous: Mapping[str, str]) -> pd.DataFrame:
    """Return scores per class and method (columns ``choice.SCORES``), the chosen marked.

    The loss of a window is divided by its weeks, so that both widths count alike.
    """
    frames = []
    for number, trial in enumerate(trials):
        for method in [*trial.parts, *(BETWEEN.join(pair) for pair in combinations(trial.parts, 2))]:
            moments = mixed(trial.parts, method)
            rows = np.flatnonzero(moments.spoken)
            frames.append(_cells(moments.take(rows), trial.take(rows)).assign(method=method, origin=number))
    return pick(pd.concat(frames, ignore_index=True), previous, USUAL)


def _cells(moments: Moments, trial: WindowTrial) -> pd.DataFrame:
    """Return class, loss and whether the P90 held, a row per decided cell."""
    counts = moments.counts()
    quantiles = np.stack([counts.quantile(level) for level in DECILES], axis=-1)
    loss = pinball(trial.actual, quantiles, DECILES).mean(axis=-1) / np.array(WIDTHS)
    row = np.nonzero(trial.decided)[0]
    columns = {"loss": loss[trial.decided], "held": (trial.actual <= quantiles[..., -1])[trial.decided]}
    return pd.DataFrame({"demand_class": trial.demand_class[row], "series": trial.series[row], **columns})


def spread_factors(trials: Sequence[WindowTrial], methods: pd.Series) -> pd.DataFrame:
    """Return, per class, what its variance is multiplied by for its P90 to hold (columns ``CALIBRATION``).

    Coverage is that of the randomised quantile, which a right distribution of counts holds exactly (Czado, Gneiting
    and Held 2009): the whole-number quantile covers more, the more so the fewer units sell.
    """
    rows = []
    for name in sorted(methods.index):
        told = []
        for trial in trials:
            said = mixed(trial.parts, str(methods[name]))
            mine = (trial.demand_class == name) & said.spoken
            told.append((said.take(mine), trial.actual[mine], trial.decided[mine]))
        cells = int(sum(decided.sum() for _, _, decided in told))
        if cells < FEWEST_CELLS:
            continue
        covers = np.array([_coverage(told, factor) for factor in FACTORS])
        as_is = int(np.flatnonzero(FACTORS == 1.0)[0])
        own = float(covers[as_is])
        best = int(np.argmin(np.abs(covers - LEVEL))) if abs(own - LEVEL) > TOLERANCE else as_is
        rows.append((name, LEVEL, cells, round(own, 4), float(FACTORS[best]), round(float(covers[best]), 4)))
    return pd.DataFrame(rows, columns=list(CALIBRATION)) if rows else NO_CALIBRATION.copy()


def _coverage(told: Sequence[tuple[Moments, Array, npt.NDArray[np.bool_]]], factor: float) -> float:
    """Return the share of cells below the randomised quantile at ``LEVEL`` with all variances multiplied."""
    held, cells = 0.0, 0
    for moments, actual, decided in told:
        counts = Moments(moments.mean, moments.var * factor).counts()
        above = counts.cdf(actual)
        below = above - counts.pmf(actual)
        share = np.clip((LEVEL - below) / np.maximum(above - below, 1e-12), 0.0, 1.0)
        held, cells = held + float(share[decided].sum()), cells + int(decided.sum())
    return held / max(cells, 1)


def split_variance(moments: Moments) -> tuple[Array, Array]:
    """Return noise variance / mean (at least 1) and squared CV of the level that give both windows' variances.

    From var = φ mean + c mean² at two widths; where the variance grows no faster than the mean c is 0.
    """
    short, long = (np.maximum(moments.mean[:, k], 1e-9) for k in (0, 1))
    ratio_short, ratio_long = moments.var[:, 0] / short, moments.var[:, 1] / long
    apart = long > 1.2 * short
    level = np.where(apart, (ratio_long - ratio_short) / np.where(apart, long - short, 1.0), 0.0)
    level = np.clip(level, 0.0, MOST_SPREAD)
    return np.maximum(ratio_long - level * long, 1.0), level
