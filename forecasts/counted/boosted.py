"""The mean of seasonal demand by boosted trees on level, news, drift of the pools and season.

A pooled season is right for nobody: how far it is to be believed depends on how strong it is, on the time of the year
and on where the series stands. log E[Y] is that of the series' rate times its season, plus trees on both (``trees``),
learned at origins of the history. The season of a lesson is the one that was known at its origin: one that has seen
what it is to explain would be believed too much.

The rate is nested: the slowest is shrunk to the pools, each faster one to the slower one before it, and of the news
that it brings a share is believed beforehand; trees mend the rest.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.counted.season import FEWEST_REPEATS, with_season
from forecasts.counted.trees import Forest, fit_forest
from forecasts.history import Array, Codes, History

HALF_LIVES = (48.0, 16.0, 8.0, 4.0, 2.0)
"""Weeks, or periods if those are longer."""
BELIEVED = (1.0, 0.6, 0.4, 0.2, 0.0)
"""Share of each rate's log news that counts before anything is learned."""
PRIOR_PERIODS, POOL_PERIODS = 3.0, 4.0
"""Periods of the slower rate that a faster one starts from, and of its parent's that a pool does."""
DRIFT = 3
"""Place of the half-life over which a pool's drift is seen."""
DRIFT_UNITS = 30.0
"""Units of no drift that a pool's starts from."""
RECENT = 4
"""Periods whose mean season is where the series stands."""
FADING = 80.0
"""Weeks after which a lesson counts half."""
FAST_UNITS = 10.0
"""Units expected of a cell from which it hardly counts for more: large ones spread wider than Poisson's."""
LEAST = 1e-6
FEWEST_ROWS = 4_000
"""Cells below which trees learn chance."""
LONGEST = 13
"""Steps at most that lessons are of, evenly thinned."""
BLOCK = 20_000
"""Series that are answered at a time: bounds memory."""


@dataclass(frozen=True)
class Lessons:
    """How much of the history the trees see: evenly thinned origins, a sample of the series, rows drawn."""

    origins: int = 24
    series: int = 1_000
    rows: int = 80_000
    seed: int = 1


def boosted_mean(history: History, seasonal: History, steps: Codes, lessons: Lessons | None = None) -> Array | None:
    """Return the mean demand [units] ``steps`` periods (1 = the next) ahead, shape (n, steps).

    ``seasonal`` is the history with its season in the exposure. None if too little is known to learn from: the season
    must have shown at several origins.
    """
    forest = _learned(history, steps, lessons or Lessons())
    if forest is None:
        return None
    features, log_mean = _described(seasonal, steps)
    for start in range(0, len(history), BLOCK):
        rows = slice(start, start + BLOCK)
        part = features[rows]
        log_mean[rows] += forest.predict(part.reshape(-1, part.shape[2])).reshape(part.shape[:2])
    return np.exp(log_mean).round(6)


def _learned(history: History, steps: Codes, lessons: Lessons) -> Forest | None:
    sample = history.take(history.sampled_rows(lessons.series, lessons.seed))
    first, last = history.season + FEWEST_REPEATS, history.periods - int(steps.min())
    origins = np.unique(np.linspace(first, max(first, last), lessons.origins).astype(np.int64))
    chosen = steps[np.unique(np.linspace(0, len(steps) - 1, min(LONGEST, len(steps))).astype(np.int64))]
    # Drawn per origin, so that never more is held than is learned from.
    random, most = np.random.default_rng(lessons.seed), lessons.rows // lessons.origins
    taught = [
        lesson
        for origin in origins[origins <= last]
        if (lesson := _lesson(sample, int(origin), chosen, most, random)) is not None
    ]
    if sum(len(lesson[1]) for lesson in taught) < FEWEST_ROWS:
        return None
    features, actual, offset, weight = (np.concatenate(part) for part in zip(*taught, strict=True))
    return fit_forest(features, actual, offset, weight, lessons.seed)


def _lesson(
    sample: History, origin: int, steps: Codes, most: int, random: np.random.Generator
) -> tuple[Array, Array, Array, Array] | None:
    """Return features, demand, log mean believed and weight of cells after an origin; None if no season was seen."""
    past, ahead = sample.until(origin), steps[origin + steps <= sample.periods]
    seasonal = with_season(past, int(ahead.max()))
    if seasonal is past:
        return None
    features, offset = _described(seasonal, ahead)
    target = origin - 1 + ahead
    seen = np.asarray(past.known().any(axis=1))
    series, step = np.nonzero(sample.known()[:, target] & seen[:, None])
    drawn = np.sort(random.permutation(len(series))[:most])
    where = series[drawn], step[drawn]
    age = (sample.periods - origin) / (FADING * sample.year / 52)
    weight = 0.5**age / (1 + np.exp(offset[where]) / FAST_UNITS)
    return features[where], sample.demand[where[0], target[where[1]]], offset[where], weight


def _described(seasonal: History, steps: Codes) -> tuple[Array, Array]:
    """Return features (n, steps, columns) and log of rate times exposure (n, steps), as known at the history's end."""
    now = seasonal.periods
    exposure, of = seasonal.exposures(int(steps.max()))
    ahead = np.log(np.maximum(exposure[:, now - 1 + steps], LEAST))[of]
    recent = np.log(np.maximum(exposure[:, max(now - RECENT, 0) : now].mean(axis=1), LEAST))[of]
    level, by_series = _levels(seasonal)
    phase = np.broadcast_to((now - 1 + steps) % seasonal.season, ahead.shape)
    by_step = [ahead, ahead - recent[:, None], np.broadcast_to(steps, ahead.shape), phase]
    columns = [np.broadcast_to(column[:, None], ahead.shape) for column in (recent, *by_series)]
    return np.stack([*by_step, *columns], axis=2, dtype=np.float32), level[:, None] + ahead


def _levels(seasonal: History) -> tuple[Array, list[Array]]:
    """Return the log rate believed beforehand, and the slowest log rate, the news of the faster, the pools' drifts."""
    units, spent = _evidence(seasonal)
    pools = seasonal.pools()
    rate = _of_pools(pools, units[:, 0], spent[:, 0])
    before, logs = rate, []
    for number in range(len(HALF_LIVES)):
        rate = (units[:, number] + PRIOR_PERIODS * before) / (spent[:, number] + PRIOR_PERIODS)
        logs.append(np.log(rate + LEAST) - (np.log(before + LEAST) if number else 0.0))
        before = rate
    expected = spent[:, DRIFT] * np.exp(logs[0])
    pools = [np.zeros(len(seasonal), dtype=np.int64), *pools]
    drifts = [np.log(_ratio(codes, units[:, DRIFT], expected, DRIFT_UNITS, np.ones(len(seasonal)))) for codes in pools]
    return np.asarray(sum(share * log for share, log in zip(BELIEVED, logs, strict=True))), [*logs, *drifts]


def _evidence(seasonal: History) -> tuple[Array, Array]:
    """Return units and exposure of the known periods, fading at each half-life, each of shape (n, half-lives)."""
    exposure, of = seasonal.exposures(0)
    known, age = seasonal.known(), np.arange(seasonal.periods)[::-1]
    lives = np.array(HALF_LIVES) * max(seasonal.year / 52, 1.0)
    weights = 0.5 ** (age[:, None] / lives)
    return np.where(known, seasonal.demand, 0.0) @ weights, (known * exposure[of]) @ weights


def _of_pools(pools: list[Codes], units: Array, spent: Array) -> Array:
    """Return the rate of each series' pools, coarse to fine, each shrunk to the one before, shape (n,)."""
    rate = np.full(len(units), units.sum() / max(spent.sum(), LEAST))
    for codes in pools:
        rate = _ratio(codes, units, spent, POOL_PERIODS, rate)
    return rate


def _ratio(codes: Codes, above: Array, below: Array, prior: float, parent: Array) -> Array:
    """Return, per series, its pool's sum of ``above`` over ``below``, from a prior of its members' mean ``parent``."""
    sums = [np.bincount(codes, x) for x in (above, below, parent, np.ones(len(codes)))]
    return np.asarray(((sums[0] + prior * sums[2] / sums[3]) / (sums[1] + prior))[codes])
