"""What every method says of the periods ahead: pooled count models of the slow series, smoothing of the fast ones."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forecasts.censoring import usual_demand
from forecasts.counted.boosted import Lessons, boosted_mean
from forecasts.counted.gamma_poisson import forecast_gamma_poisson
from forecasts.counted.thresholds import COARSE, FINE, Sampling, forecast_thresholds
from forecasts.distributions.exceedance import Exceedance
from forecasts.history import Array, Codes, Flags, History
from forecasts.parameters import Parameters
from forecasts.smoothed.paths import SmoothPaths
from forecasts.smoothed.structural import MIN_PERIODS, fit_smooth

SIMPLEST, STRUCTURAL = "gamma_poisson", "structural"
"""The method that needs nothing and answers always; the one for smooth, fast series."""
FAST = "fast"
"""Class of the series that are smoothed, whatever their demand class."""
HALF_LIVES = {SIMPLEST: 39.0, "gamma_poisson_short": 13.0}
"""Weeks after which a period counts half, per method."""
SCALES = {"thresholds": COARSE, "thresholds_fine": FINE}
"""How each of the threshold methods measures demand."""
BOOSTED, SHAPE = "boosted", "thresholds_fine"
"""The method that asks trees for the mean, and the one whose distribution is brought to it; where a season repeats."""
FEWEST_PERIODS = 6
"""Periods of history below which thresholds are not learned."""
FAST_MEAN = 5.0
"""Units per period from which a series may be fast."""
FAST_ZEROS = 0.05
"""Share of its periods without demand up to which it is."""


class Answer(Protocol):
    """Distributions of whole-number demand of n series over H steps."""

    def __len__(self) -> int:
        """Return the number of series."""

    def take(self, rows: npt.ArrayLike) -> "Answer":
        """Return the distributions of these rows."""

    def quantile(self, levels: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return quantiles (n, H, L) at levels (L,), or (n, L) each series at its own."""

    def sf(self, k: Array) -> Array:
        """Return P(Y > k) for k (n, H)."""

    def mean(self) -> Array:
        """Return the mean [units], shape (n, H)."""

    def draw(self, correlation: npt.ArrayLike, normal: Array) -> npt.NDArray[np.int64]:
        """Return one path (n, H) from standard normal draws (n, 1 + H), the first common to the steps."""


@dataclass(frozen=True)
class Smoothed:
    """The structural models' answer: Gaussian fourth roots with their own covariance between steps."""

    paths: SmoothPaths

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.paths.root_mean)

    def take(self, rows: npt.ArrayLike) -> "Smoothed":
        """Return the distributions of these rows."""
        return Smoothed(self.paths.take(rows))

    def quantile(self, levels: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return quantiles (n, H, L) at levels (L,), or (n, L) each series at its own."""
        wanted = np.asarray(levels, dtype=np.float64)
        if wanted.ndim == 1:
            return self.paths.quantiles(wanted)
        found = np.empty((*self.paths.root_mean.shape, wanted.shape[1]), dtype=np.int64)
        for own in np.unique(wanted, axis=0):
            rows = np.flatnonzero((wanted == own).all(axis=1))
            found[rows] = self.paths.take(rows).quantiles(own)
        return found

    def sf(self, k: Array) -> Array:
        """Return P(Y > k) for k (n, H)."""
        return 1 - self.paths.cdf(k)

    def mean(self) -> Array:
        """Return the mean [units], shape (n, H)."""
        return self.paths.mean()

    def draw(self, correlation: npt.ArrayLike, normal: Array) -> npt.NDArray[np.int64]:
        """Return one path (n, H); the steps hang together as the models say, whatever ``correlation``."""
        return self.paths.draw(normal[:, 1:])


@dataclass(frozen=True)
class Segment:
    """Some series (row numbers) and what each method says of them."""

    rows: Codes
    parts: Mapping[str, Answer]


def is_fast(history: History) -> Flags:
    """Return which series are smooth and fast enough to be smoothed."""
    known = np.isfinite(history.demand)
    periods = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, history.demand, 0.0).sum(axis=1) / periods
    zeros = (known & (history.demand == 0)).sum(axis=1) / periods
    return np.asarray((periods >= MIN_PERIODS) & (mean >= FAST_MEAN) & (zeros <= FAST_ZEROS))


def forecast_segments(
    history: History,
    seasonal: History,
    horizon: int,
    parameters: Parameters,
    seed: int,
    wanted: Collection[str] | None = None,
) -> tuple[list[Segment], dict[int, str]]:
    """Return what every method says, the slow series first, then the fast; and by row why smoothing failed.

    Of the count models only those ``wanted`` speak, all if None.

    ``seasonal`` is the history with the pooled season in its exposure, which count models need and smoothing does
    not: it finds its own. Whatever smoothing fails on counts as slow.
    """
    counted = _counted(history, seasonal, np.arange(1, horizon + 1), parameters, seed, wanted)
    rows = np.flatnonzero(is_fast(history))
    if not len(rows):
        return [Segment(np.arange(len(history)), counted)], {}
    paths = _smoothed(history, rows, horizon)
    fast, fitted = rows[paths.fitted], np.flatnonzero(paths.fitted)
    failures = {int(row): str(why) for row, why in zip(rows, paths.failure, strict=True) if why}
    slow = np.setdiff1d(np.arange(len(history)), fast)
    segments = [Segment(slow, {name: part.take(slow) for name, part in counted.items()})]
    smoothed: dict[str, Answer] = {STRUCTURAL: Smoothed(paths.take(fitted))}
    smoothed |= {name: part.take(fast) for name, part in counted.items()}
    return [segment for segment in (*segments, Segment(fast, smoothed)) if len(segment.rows)], failures


def _smoothed(history: History, rows: Codes, horizon: int) -> SmoothPaths:
    """Return the structural models' answer for these rows; an exposure given is divided out and multiplied in again."""
    exposure, of = history.exposures(horizon)
    paths = fit_smooth(usual_demand(history, rows), history.season, horizon)
    root = exposure[of[rows], history.periods :] ** 0.25
    return replace(
        paths, root_mean=paths.root_mean * root, root_cov=paths.root_cov * root[:, :, None] * root[:, None, :]
    )


def _counted(
    history: History,
    seasonal: History,
    steps: Codes,
    parameters: Parameters,
    seed: int,
    wanted: Collection[str] | None,
) -> dict[str, Exceedance]:
    """Return what the pooled count models say of every series, on the same nodes."""
    nodes = FINE.nodes(history.demand)
    asked = {*HALF_LIVES, *SCALES, BOOSTED} if wanted is None else set(wanted)
    parts = {
        name: forecast_gamma_poisson(seasonal, steps, nodes, weeks * history.year / 52, parameters)
        for name, weeks in HALF_LIVES.items()
        if name in asked
    }
    for name, scale in SCALES.items() if history.periods >= FEWEST_PERIODS else ():
        if name in asked or (name == SHAPE and BOOSTED in asked):
            parts[name] = forecast_thresholds(seasonal, steps, scale, Sampling(seed=seed)).on(nodes)
    if BOOSTED in asked and SHAPE in parts:
        mean = None if seasonal is history else boosted_mean(history, seasonal, steps, Lessons(seed=seed))
        if mean is not None:
            parts[BOOSTED] = parts[SHAPE].with_mean(mean)
        elif wanted is not None:  # chosen while a season repeated that no longer does
            parts[BOOSTED] = parts[SHAPE]
    return parts
