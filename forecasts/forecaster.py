"""One forecast of a dense history: every method, the choice among them, whole-number quantiles and paths."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.choice import DECILES, EVERYTHING, Answers, Choice, Trial, choose, chosen_answers, pinball
from forecasts.classes import classify
from forecasts.counted.season import with_season
from forecasts.history import Array, Codes, History
from forecasts.methods import FAST, FEWEST_PERIODS, SIMPLEST, STRUCTURAL, Segment, forecast_segments
from forecasts.parameters import Parameters

ORIGINS = 2
"""Rolling origins inside the history, half a horizon apart."""
TRIED_SERIES = 2_500
STREAM = 64
"""Series that share a stream of random numbers."""
SPIKE = 100.0
"""Times the median demand of periods with any, the series' own and everybody's, beyond which more is not believed."""


@dataclass(frozen=True)
class Forecast:
    """Distributions of demand per series and step (1 = the period after the history's last).

    Attributes
    ----------
    series
        Index ``unique_id`` (the history's order); ``method``, ``fallback`` (reason, ``""`` if none), ``demand_class``,
        ``adi`` [periods], ``cv2``, ``mean_per_period`` [units].
    scores
        A row per demand class (``fast`` and ``all`` among them) and method: ``origins``, ``cells``, ``pinball``
        [units], ``coverage_p90``, ``chosen``.
    calibration
        A row per demand class and calibrated level: ``cells``; ``coverage`` held out at that level, and ``claimed``,
        what the distributions say that their whole-number quantiles cover; ``level_used`` instead, ``coverage_used``
        and ``claimed_used`` there; ``beyond_factor``, by which the class's P(Y > quantile) is corrected.
    """

    series: pd.DataFrame
    scores: pd.DataFrame
    calibration: pd.DataFrame
    horizon: int
    answers: Answers = field(repr=False)
    choice: Choice = field(repr=False)
    labels: npt.NDArray[np.object_] = field(repr=False)

    def quantiles(self, levels: Sequence[float]) -> pd.DataFrame:
        """Return ``unique_id``, ``step``, and a whole number per level (``q0.1`` …), a row per series and step."""
        rising = _rising(levels)
        found = self._whole(rising)
        return self._table({f"q{level:.12g}": found[..., rising.index(level)] for level in levels})

    def claims(self, levels: Sequence[float]) -> pd.DataFrame:
        """Return ``unique_id``, ``step``, and the probability that demand is not above each quantile (``q0.1`` …).

        A whole number covers more than its level: this says how much, corrected where the trials of the class showed
        that its distributions claim too much or too little (``beyond_factor``).
        """
        rising = _rising(levels)
        whole, beyond = self._whole(rising), np.empty((len(self.series), self.horizon, len(rising)))
        for rows, answer in self.answers:
            for place in range(len(rising)):
                beyond[rows, :, place] = answer.sf(whole[rows, :, place].astype(np.float64))
        factors = np.array([self._of_class(self.choice.beyond_factor, level) for level in rising]).T
        found = np.clip(1 - factors[:, None, :] * beyond, 0.0, 1.0).round(6)
        return self._table({f"q{level:.12g}": found[..., rising.index(level)] for level in levels})

    def _whole(self, rising: Sequence[float]) -> npt.NDArray[np.int64]:
        """Return the quantiles at rising levels, shape (series, steps, levels)."""
        asked = np.array([self._of_class(self.choice.level_used, level) for level in rising]).T
        # A level may be moved under the one below it: that one gives way, or it would lift the calibrated one again.
        asked = np.minimum.accumulate(asked[:, ::-1], axis=1)[:, ::-1]
        found = np.empty((len(self.series), self.horizon, len(rising)), dtype=np.int64)
        for rows, answer in self.answers:
            found[rows] = answer.quantile(asked[rows])
        return np.maximum.accumulate(found, axis=-1)

    def _table(self, columns: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
        """Return columns of shape (series, steps) as a row per series and step."""
        steps = np.tile(np.arange(1, self.horizon + 1), len(self.series))
        flat = {name: column.ravel() for name, column in columns.items()}
        return pd.DataFrame({"unique_id": np.repeat(self.series.index, self.horizon), "step": steps, **flat})

    def paths(self, n: int, seed: int, rows: npt.ArrayLike | None = None) -> npt.NDArray[np.int64]:
        """Return ``n`` paths of whole numbers, shape (n, rows, steps); steps hang together as the trials showed.

        ``rows`` are row numbers of ``series`` (all if None); a series' paths do not depend on which others are asked.
        """
        chosen = np.arange(len(self.series)) if rows is None else np.asarray(rows, dtype=np.int64)
        correlation = pd.Series(self.labels).map(self.choice.correlation).fillna(0.0).to_numpy(np.float64)
        drawn = np.zeros((n, len(chosen), self.horizon), dtype=np.int64)
        for of, answer in self.answers:
            mine = np.flatnonzero(np.isin(chosen, of))
            part = answer.take(np.searchsorted(of, chosen[mine]))
            normal = _normals(seed, chosen[mine], n, self.horizon + 1)
            for k in range(n if len(mine) else 0):
                drawn[k, mine] = part.draw(correlation[chosen[mine]], normal[k])
        return drawn

    def _of_class(self, told: Callable[[str, float], float], level: float) -> Array:
        """Return what is told of each series' class at a level, shape (series,)."""
        labels = pd.Series(self.labels)
        return labels.map({name: told(name, level) for name in labels.unique()}).to_numpy(np.float64)


def _rising(levels: Sequence[float]) -> list[float]:
    if not all(0 < level < 1 for level in levels):
        raise ValueError(f"forecast quantiles: levels must lie between 0 and 1, not {list(levels)}")
    return sorted(set(levels))


def _normals(seed: int, rows: Codes, n: int, steps: int) -> Array:
    """Return standard normal draws (n, rows, steps): a series has its own, whatever else is drawn.

    A stream serves a block of neighbouring series, wholly drawn even for one of them.
    """
    drawn = np.empty((n, len(rows), steps))
    for block in np.unique(rows // STREAM):
        mine = np.flatnonzero(rows // STREAM == block)
        normal = np.random.default_rng([seed, int(block)]).standard_normal((n, STREAM, steps))
        drawn[:, mine] = normal[:, rows[mine] % STREAM]
    return drawn


def forecast(
    history: History,
    horizon: int,
    parameters: Parameters | None = None,
    levels: Sequence[float] = tuple(DECILES),
    previous: Mapping[str, str] | None = None,
    seed: int = 1,
) -> Forecast:
    """Forecast every series of a history.

    Parameters
    ----------
    horizon
        Periods ahead.
    levels
        Levels that quantiles will be asked at; those from 0.9 on are calibrated on held-out periods.
    previous
        Method of each demand class until now: given up only for a clearly better one.
    seed
        Same history, parameters and seed: same numbers.

    Raises
    ------
    ValueError
        The horizon is less than one period.
    """
    if horizon < 1:
        raise ValueError(f"forecast: a horizon of {horizon} periods is no horizon")
    told, tamed = parameters or Parameters(), _tamed(history)
    choice = choose(_trials(tamed, horizon, told, seed), levels, previous or {}, seed)
    classes = classify(tamed, _new_periods(tamed, told))
    seasonal = with_season(tamed, horizon)
    segments, failures = forecast_segments(tamed, seasonal, horizon, told, seed, choice.methods(SIMPLEST))
    labels = _labels(classes, segments)
    answers: Answers = []
    for segment in segments:
        chosen = chosen_answers(segment.parts, labels[segment.rows], choice)
        answers += [(segment.rows[rows], answer) for rows, answer in chosen]
    series = _described(tamed, classes, labels, answers, choice, failures)
    return Forecast(series, choice.scores, choice.calibration, horizon, answers, choice, labels)


def _tamed(history: History) -> History:
    """Return the history with its spikes cut: one slip of the pen must not become everybody's chance."""
    sold = np.where(np.isfinite(history.demand) & (history.demand > 0), history.demand, np.nan)
    if not np.isfinite(sold).any():
        return history
    usual = np.nanmedian(sold)
    tall = np.flatnonzero((history.demand > SPIKE * usual).any(axis=1))
    if not len(tall):
        return history
    demand = history.demand.copy()
    rest = sold[tall]  # without the largest: a slip is no witness for itself
    rest[np.arange(len(tall)), np.nanargmax(rest, axis=1)] = np.nan
    own = np.full(len(tall), usual)
    some = np.isfinite(rest).any(axis=1)
    own[some] = np.nanmedian(rest[some], axis=1)
    limit = SPIKE * np.maximum(own, usual)
    demand[tall] = np.minimum(demand[tall], limit[:, None])
    return replace(history, demand=demand)


def _trials(history: History, horizon: int, parameters: Parameters, seed: int) -> list[Trial]:
    """Let every method forecast at rolling origins, for a seeded sample of the series."""
    sample, trials = history.take(history.sampled_rows(TRIED_SERIES, seed)), []
    for origin in _origins(history.periods, horizon, ORIGINS):
        past, ahead = sample.until(origin), slice(origin, min(origin + horizon, history.periods))
        actual, decided, bound = sample.demand[:, ahead], sample.known()[:, ahead], sample.bound[:, ahead]
        width = actual.shape[1]
        segments, _ = forecast_segments(past, with_season(past, width), width, parameters, seed)
        labels = _labels(classify(past, _new_periods(past, parameters)), segments)
        known = np.where(np.isfinite(actual), actual, 0.0)
        for rows, parts in ((segment.rows, segment.parts) for segment in segments):
            trials.append(Trial(origin, rows, labels[rows], known[rows], decided[rows], bound[rows], parts))
    return trials


def _labels(classes: pd.DataFrame, segments: Sequence[Segment]) -> npt.NDArray[np.object_]:
    """Return the class by which each series' method is chosen: its demand class, or ``fast`` if it was smoothed."""
    labels = classes["demand_class"].to_numpy(object).copy()
    for segment in segments:
        if STRUCTURAL in segment.parts:
            labels[segment.rows] = FAST
    return labels


def _new_periods(history: History, parameters: Parameters) -> int:
    """Return how many periods make a series no longer new."""
    return max(2, round(parameters.new_part_days * history.year / 365))


def _origins(periods: int, horizon: int, wanted: int) -> list[int]:
    """Return origins half a horizon apart, the newest with the whole horizon (or a third of the history) after it."""
    span = min(horizon, max(periods // 3, 1))
    found = [periods - span - k * max(span // 2, 1) for k in range(wanted)]
    return [origin for origin in found if origin >= FEWEST_PERIODS]


def _described(
    history: History,
    classes: pd.DataFrame,
    labels: npt.NDArray[np.object_],
    answers: Answers,
    choice: Choice,
    failures: Mapping[int, str],
) -> pd.DataFrame:
    """Return what each series is and how it was forecast."""
    mean, method = np.zeros(len(classes)), np.empty(len(classes), dtype=object)
    for rows, answer in answers:
        mean[rows] = answer.mean().mean(axis=1)
        label = str(labels[rows[0]])
        method[rows] = choice.method_of(label, STRUCTURAL if label == FAST else SIMPLEST)
    untried = choice.scores.empty
    reason = f"{history.periods} periods of history: no method could be tried" if untried else ""
    fallback = np.full(len(classes), reason, dtype=object)
    for row, why in failures.items():
        fallback[row] = f"{why}: {method[row]}"
    described = classes.assign(method=method, fallback=fallback, mean_per_period=mean.round(6))
    return described[["method", "fallback", "demand_class", "adi", "cv2", "mean_per_period"]]


def backtest(
    history: History, horizon: int, origins: int = ORIGINS, parameters: Parameters | None = None, seed: int = 1
) -> pd.DataFrame:
    """Return how :func:`forecast` would have scored at rolling origins, choosing from what was known there.

    Columns ``origin`` (periods known), ``demand_class`` (``all`` last), ``cells`` (known exactly), ``pinball`` [units
    per cell, mean over the deciles], ``wql`` (twice the pinball over the mean demand), ``coverage_p90`` and
    ``claimed_p90``, what the forecast said that its P90 would cover.
    """
    frames = []
    for origin in _origins(history.periods, horizon, origins):
        ahead = slice(origin, min(origin + horizon, history.periods))
        actual, decided = history.demand[:, ahead], history.known()[:, ahead]
        made = forecast(history.until(origin), actual.shape[1], parameters, seed=seed)
        found = made.quantiles(list(DECILES))[[f"q{level:g}" for level in DECILES]].to_numpy(np.float64)
        quantiles = found.reshape(*actual.shape, len(DECILES))
        row = np.nonzero(decided)[0]
        cells = pd.DataFrame(
            {
                "demand_class": made.series["demand_class"].to_numpy()[row],
                "actual": actual[decided],
                "pinball": pinball(actual, quantiles, DECILES).mean(axis=-1)[decided],
                "held": (actual <= quantiles[..., -1])[decided],
                "claimed": made.claims([0.9])["q0.9"].to_numpy().reshape(actual.shape)[decided],
            }
        )
        frames.append(_summed(cells).assign(origin=origin))
    columns = ["origin", "demand_class", "cells", "pinball", "wql", "coverage_p90", "claimed_p90"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _summed(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the scores per class, everything last."""
    both = pd.concat([cells, cells.assign(demand_class=EVERYTHING)], ignore_index=True)
    table = both.groupby("demand_class", as_index=False).agg(
        cells=("actual", "size"),
        pinball=("pinball", "mean"),
        mean=("actual", "mean"),
        coverage_p90=("held", "mean"),
        claimed_p90=("claimed", "mean"),
    )
    wql = 2 * table["pinball"] / table["mean"].where(table["mean"] > 0)
    table = table.assign(wql=wql).round({"pinball": 6, "wql": 6, "coverage_p90": 4, "claimed_p90": 4})
    return table.sort_values("demand_class", key=lambda name: name == EVERYTHING, kind="stable")
