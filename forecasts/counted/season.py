"""The season of slow series, learned together: multipliers per period of the year, pool within pool.

Seen over expected demand per period of the year is too noisy for one slow series. So a chain of ever finer pools each
multiplies the profile of the pools before it by ((seen + κ) / (expected + κ))^ρ: κ [units] shrinks what rests on
little demand (empirical Bayes for Poisson ratios: Clayton and Kaldor 1987), ρ < 1 what many series share by chance of
one year. Expected is the series' own level, a two-sided exponential average of its deseasonalised demand, times the
profile so far.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forecasts.history import Array, Codes, History

HALF_LIFE = 0.25
"""Of the level around each period, in years."""
ROUNDS = 2
REPEATS = 0.5
"""Correlation of all demand around its level with that of a year before, from which a season is believed."""
CHANCE = 2.5
"""Standard deviations, 1 / √pairs each, by which such a correlation must at least stand out from chance."""
FEWEST_REPEATS = 8
"""Periods that must have another a year before."""
VOLUMES = (0.4, 0.7, 0.9)
"""Shares of the series, by their mean demand, between which the volume classes lie: fast and slow differ in season."""


@dataclass(frozen=True)
class Link:
    """A pool of the chain: the series' pools, periods to either side that share, and the shrinkage κ and ρ."""

    pool: Codes
    blur: int
    prior_units: float
    power: float


def with_season(history: History, horizon: int) -> History:
    """Return the history with its exposure multiplied by a season, on to ``horizon``; unchanged where none repeats."""
    pairs = max(history.periods - history.season, 1)
    if repeats(history) < max(REPEATS, CHANCE / np.sqrt(pairs)):
        return history
    exposure, of = history.exposures(horizon)
    profile = season_profile(history, exposure[of][:, : history.periods])
    season = profile[:, np.arange(exposure.shape[1]) % history.season]
    return replace(history, exposure=exposure[of] * season, exposure_of=np.arange(len(history)))


def repeats(history: History) -> float:
    """Return how one year's demand around its level goes with the next one's: a correlation, 0 if too short to tell."""
    pairs = history.periods - history.season
    if history.season < 2 or pairs < FEWEST_REPEATS:
        return 0.0
    known = history.known()
    mean = np.where(known, history.demand, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    weights = _two_sided(history.periods, history.season / 2)
    time = np.arange(history.periods) - (history.periods - 1) / 2
    logs = np.log(np.maximum(mean, 1e-9))
    logs = logs - time * (time @ logs) / (time @ time)  # growth alone would repeat too
    around = logs - logs @ weights / weights.sum(axis=0)
    first, second = around[:pairs], around[history.season :]
    spread = first.std() * second.std()
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread > 0 else 0.0


def season_profile(history: History, exposure: Array) -> Array:
    """Return multipliers (n, season), mean 1 per series; the history's first period is the first of the profile."""
    known = history.known()
    units, spent = np.where(known, history.demand, 0.0), known * exposure
    period = np.arange(history.periods) % history.season
    fold = np.eye(history.season)[period]
    seen, overall = units @ fold, units.sum() / max(spent.sum(), 1e-9)
    profile = np.ones((len(history), history.season))
    chain = _chain(history, units.sum(axis=1) / np.maximum(spent.sum(axis=1), 1e-9))
    weights = _two_sided(history.periods, HALF_LIFE * history.season)
    for _ in range(ROUNDS):
        level = (units @ weights + overall) / ((spent * profile[:, period]) @ weights + 1.0)
        expected, profile = (spent * level) @ fold, np.ones_like(profile)
        for link in chain:
            profile *= _ratio(link, seen, expected * profile)[link.pool]
        profile /= profile.mean(axis=1, keepdims=True)
    return profile.round(6)


def _chain(history: History, mean: Array) -> list[Link]:
    """Return everything, the volume classes, and the categories, coarse to fine."""
    everything = np.zeros(len(history), dtype=np.int64)
    volume = np.searchsorted(np.quantile(mean, VOLUMES), mean).astype(np.int64) if len(mean) else everything
    links = [Link(everything, 1, 60.0, 0.9), Link(everything, 0, 60.0, 0.7)]
    links += [Link(volume, 1, 100.0, 0.5), Link(volume, 0, 100.0, 0.5)]
    return links + [Link(codes, 1, 100.0, 0.25) for codes in history.pools()]


def _two_sided(periods: int, half_life: float) -> Array:
    lag = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    return np.asarray(0.5 ** (lag / half_life))


def _ratio(link: Link, seen: Array, expected: Array) -> Array:
    """Return each pool's shrunk ratio of seen to expected demand per period of the year, shape (pools, season)."""
    sums = []
    for units in (seen, expected):
        total = np.zeros((int(link.pool.max(initial=-1)) + 1, units.shape[1]))
        np.add.at(total, link.pool, units)
        sums.append(_blurred(total, link.blur))
    return np.asarray(((sums[0] + link.prior_units) / (sums[1] + link.prior_units)) ** link.power)


def _blurred(total: Array, blur: int) -> npt.NDArray[np.float64]:
    """Return sums over the neighbouring periods, the year closed to a ring, with triangular weights."""
    kernel = np.bartlett(2 * blur + 3)[1:-1]
    around = range(-blur, blur + 1)
    return np.asarray(
        sum(weight * np.roll(total, -shift, axis=1) for weight, shift in zip(kernel, around, strict=True))
    )
