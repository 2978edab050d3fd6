"""Which method forecasts which series: rolling-origin pinball loss per demand class, combinations, calibration.

At a few origins inside the history every method forecasts what is known by now. Per demand class the lowest mean
pinball loss over the nine deciles is chosen, a mixture of two where it wins; a class too small to judge follows all
series together. The same trials calibrate the upper levels and say how steps hang together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.distributions.exceedance import Exceedance, mixture
from forecasts.history import Array
from forecasts.methods import BOOSTED, FAST, STRUCTURAL, Answer

DECILES = np.arange(1, 10) / 10
EVERYTHING = "all"
BETWEEN = "+"
"""Joins the names of the methods that are mixed half and half."""
SCORES = ("demand_class", "method", "origins", "cells", "pinball", "coverage_p90", "chosen")
NO_SCORES = pd.DataFrame(columns=list(SCORES)).astype({"cells": int, "pinball": float, "chosen": bool})
CALIBRATION = (
    *("demand_class", "level", "cells", "coverage", "claimed"),
    *("level_used", "coverage_used", "claimed_used", "beyond_factor"),
)

FEWEST_CELLS = 400
"""Held-out cells below which a class follows everything's choice: their loss is mostly chance."""
MARGIN = 0.01
"""Relative gain in loss from which a method is given up for another."""
CHANCE = 2.0
"""Standard errors that a gain must exceed."""
USUAL = "gamma_poisson_short+thresholds_fine"
"""What is used unless another is clearly better: two views of unlike make. Where a season repeats the boosted are."""
CALIBRATED_FROM = 0.9
"""Levels from here on are calibrated: those that stock is held by."""
TOLERANCE = 0.02
AIM = 0.0195
"""Coverage may be off by the tolerance; beyond it, a level is moved until it is off by no more than the aim."""
FINEST = np.round(np.arange(0.5, 0.9955, 0.005), 3)
CORRELATIONS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6])
DRAWS = 100
SUMMED_SERIES = 300
"""Draws per series, and series per class, from which the correlation of steps is read."""


Answers = list[tuple[npt.NDArray[np.int64], Answer]]
"""Rows of one class, and their distributions."""


@dataclass(frozen=True)
class Trial:
    """What each method said at one origin, and what came.

    ``actual``, ``decided`` and ``bound`` have shape (n, H): units, whether the cell is known exactly, and whether it is
    only a lower bound; ``parts`` hold a distribution per method, ``demand_class`` the class of every row at that
    origin; ``series`` its number, the same at every origin.
    """

    origin: int
    series: npt.NDArray[np.int64]
    demand_class: npt.NDArray[np.object_]
    actual: Array
    decided: npt.NDArray[np.bool_]
    bound: npt.NDArray[np.bool_]
    parts: Mapping[str, Answer]

    def mixed(self, method: str) -> Answer:
        """Return the distribution of a method or of a mixture named ``a+b``."""
        return mix(self.parts, method)


@dataclass(frozen=True)
class Choice:
    """What the trials taught; each frame may be empty where nothing could be tried."""

    scores: pd.DataFrame
    calibration: pd.DataFrame
    correlation: dict[str, float]

    def method_of(self, demand_class: str, otherwise: str) -> str:
        """Return the method chosen for a class, ``otherwise`` if no trial was possible."""
        chosen = chosen_methods(self.scores)
        pooled = otherwise if demand_class == FAST else chosen.get(EVERYTHING, otherwise)
        return chosen.get(demand_class, pooled)

    def methods(self, otherwise: str) -> set[str]:
        """Return every method that some class may be forecast by, ``otherwise`` if no trial was possible."""
        chosen = chosen_methods(self.scores)
        return {name for method in chosen.values() for name in method.split(BETWEEN)} or {otherwise}

    def level_used(self, demand_class: str, level: float) -> float:
        """Return the level at which a class has to be asked for the coverage ``level``."""
        of = self.calibration[np.isclose(self.calibration["level"], level)].set_index("demand_class")["level_used"]
        return float(of.get(demand_class, level))

    def beyond_factor(self, demand_class: str, level: float) -> float:
        """Return what a class's P(Y > quantile) is multiplied by at ``level`` to be what was observed."""
        of = self.calibration[np.isclose(self.calibration["level"], level)].set_index("demand_class")["beyond_factor"]
        return float(of.get(demand_class, 1.0))


def chosen_methods(scores: pd.DataFrame) -> dict[str, str]:
    """Return the method chosen for each class that has one, from scores (columns ``SCORES``)."""
    chosen = scores[scores["chosen"].astype(bool)]
    return dict(zip(chosen["demand_class"].astype(str), chosen["method"].astype(str), strict=True))


def mix(parts: Mapping[str, Answer], method: str) -> Answer:
    """Return a method's distribution, or the even mixture of the methods joined in its name."""
    chosen = [parts[name] for name in method.split(BETWEEN)]
    if len(chosen) == 1:
        return chosen[0]
    counted = [part for part in chosen if isinstance(part, Exceedance)]
    return mixture(counted, [np.full(len(part), 1 / len(counted)) for part in counted])


def choose(trials: Sequence[Trial], levels: Sequence[float], previous: Mapping[str, str], seed: int) -> Choice:
    """Score every method and mixture on the trials and choose per class.

    Parameters
    ----------
    levels
        Levels that will be asked for; those from ``CALIBRATED_FROM`` on are calibrated.
    previous
        Method of each class until now: kept unless another is better by ``MARGIN``.
    """
    scores = _scored(trials, previous)
    picked = Choice(scores, pd.DataFrame(columns=list(CALIBRATION)), {})
    answers = [chosen_answers(trial.parts, trial.demand_class, picked) for trial in trials]
    calibration = _calibrated(trials, answers, [level for level in levels if level >= CALIBRATED_FROM])
    return Choice(scores, calibration, _correlated(trials, answers, seed))


def pinball(actual: Array, quantiles: Array | npt.NDArray[np.int64], levels: Array) -> Array:
    """Return the pinball loss [units] of quantiles (…, L) at levels (L,), given actual (…) (Koenker, Bassett 1978)."""
    over = actual[..., None] - quantiles
    return np.maximum(levels * over, (levels - 1) * over)


def _scored(trials: Sequence[Trial], previous: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per class and method, ``all`` among the classes: loss per cell and coverage of the P90."""
    found: list[pd.DataFrame] = []
    for trial in trials:
        for method in _names(trial):
            quantiles = trial.mixed(method).quantile(DECILES)
            loss = censored_loss(trial.actual, trial.bound, quantiles)
            held = np.where(trial.decided, trial.actual <= quantiles[..., -1], np.nan)
            told = trial.decided | trial.bound
            row = np.nonzero(told)[0]
            frame = pd.DataFrame({"loss": loss[told], "held": held[told]})
            found.append(
                frame.assign(
                    demand_class=trial.demand_class[row], method=method, origin=trial.origin, series=trial.series[row]
                )
            )
    usual = BOOSTED if any(BOOSTED in trial.parts for trial in trials) else USUAL
    return pick(pd.concat(found, ignore_index=True), previous, usual) if found else NO_SCORES.copy()


def pick(cells: pd.DataFrame, previous: Mapping[str, str], usual: str = USUAL) -> pd.DataFrame:
    """Return scores per class and method (columns ``SCORES``) from held-out cells, and mark what is chosen.

    ``cells`` has ``demand_class``, ``method``, ``origin``, ``series`` (a number), ``loss`` and ``held`` (not above the
    P90).
    """
    if cells.empty:
        return NO_SCORES.copy()
    both = pd.concat([cells, cells.assign(demand_class=EVERYTHING)], ignore_index=True)
    table = both.groupby(["demand_class", "method"], as_index=False).agg(
        origins=("origin", "nunique"), cells=("loss", "size"), pinball=("loss", "mean"), coverage_p90=("held", "mean")
    )
    table = table.assign(pinball=table["pinball"].round(6), coverage_p90=table["coverage_p90"].round(4))
    return table.assign(chosen=_chosen(cells, table, previous, usual))[list(SCORES)]


def censored_loss(actual: Array, bound: npt.NDArray[np.bool_], quantiles: npt.NDArray[np.int64]) -> Array:
    """Return the mean pinball loss over the deciles; of a bound what a quantile below it surely lost (Powell 1986).

    Leaving sold-out cells out would judge by the poor ones.
    """
    loss = pinball(actual, quantiles, DECILES)
    surely = DECILES * np.maximum(actual[..., None] - quantiles, 0.0)
    return np.asarray(np.where(bound[..., None], surely, loss).mean(axis=-1))


def _names(trial: Trial) -> list[str]:
    """Return the methods of a trial and, of those that can be mixed, their mixtures by two.

    The boosted stand alone: what they are mixed with knows less of the same.
    """
    counted = [name for name, part in trial.parts.items() if isinstance(part, Exceedance) and name != BOOSTED]
    return [*trial.parts, *(BETWEEN.join(pair) for pair in combinations(counted, 2))]


def _chosen(cells: pd.DataFrame, scores: pd.DataFrame, previous: Mapping[str, str], usual: str) -> list[bool]:
    """Return which rows of the scores are chosen.

    Losses are noisy: who has the lowest at a few origins need not have it next time. So a class keeps its method of
    before, and without one that of all series together, which keeps the usual one, unless another beats it; the fast
    begin with structural models, or with the boosted where those have the lower loss.
    """
    of_all = scores["demand_class"] == EVERYTHING
    # What speaks of the fast series alone cannot be the choice for all.
    spoken = ~of_all | ((scores["cells"] == scores.loc[of_all, "cells"].max()) & (scores["method"] != STRUCTURAL))
    judged = scores[spoken & (of_all | (scores["cells"] >= FEWEST_CELLS))]
    by_series = cells.groupby(["demand_class", "series", "method"])["loss"].sum().unstack("method")
    winner: dict[str, str] = {}
    for name, of in sorted(judged.groupby("demand_class"), key=lambda group: group[0] != EVERYTHING):
        of_method = of.set_index("method")["pinball"]
        fast = str(of_method.reindex([STRUCTURAL, BOOSTED]).fillna(np.inf).idxmin())
        incumbent = previous.get(str(name), fast if name == FAST else winner.get(EVERYTHING, usual))
        losses = by_series.loc[[name]] if name != EVERYTHING else by_series
        winner[str(name)] = _unless_beaten(of_method, losses, incumbent)
    pairs = zip(scores["demand_class"], scores["method"], strict=True)
    return [winner.get(demand_class) == method for demand_class, method in pairs]


def _unless_beaten(loss: pd.Series, by_series: pd.DataFrame, incumbent: str) -> str:
    """Return the incumbent, or the method of the lowest loss that beats it by ``MARGIN`` and not by chance.

    By chance: the mean difference over the series is within ``CHANCE`` of its standard errors (Diebold and Mariano
    1995, clustered by series).
    """
    ranked = loss.sort_index().sort_values(kind="stable")
    if incumbent not in ranked.index:
        return str(ranked.index[0])
    for method, value in ranked.items():
        if ranked[incumbent] <= value * (1 + MARGIN):
            return incumbent
        gain = (by_series[incumbent] - by_series[method]).dropna()
        if gain.mean() > CHANCE * gain.std(ddof=1) / np.sqrt(len(gain)):
            return str(method)
    return incumbent


def chosen_answers(parts: Mapping[str, Answer], demand_class: npt.NDArray[np.object_], choice: Choice) -> Answers:
    """Return, per class, its rows and their distributions by the method chosen for it."""
    found = []
    for name in sorted(set(demand_class.astype(str))):
        rows = np.flatnonzero(demand_class == name)
        method = choice.method_of(name, next(iter(parts)))
        known = method if set(method.split(BETWEEN)) <= set(parts) else next(iter(parts))
        found.append((rows, mix({key: parts[key].take(rows) for key in known.split(BETWEEN)}, known)))
    return found


def _calibrated(trials: Sequence[Trial], answers: Sequence[Answers], levels: Sequence[float]) -> pd.DataFrame:
    """Return, per class and level, coverage and what was claimed of it, at the level and at the one to ask instead.

    Split conformal on the pooled class (Vovk, Gammerman and Shafer 2005; Angelopoulos and Bates 2023) that moves the
    level, not the quantile: answers stay whole numbers. Counts are coarse: a whole number covers more than its level,
    so of the levels that come within the aim the one nearest to the level asked is used.

    How much more a right forecast would cover is what the distributions claim, the mean of F(quantile). Where another
    share was observed, P(Y > quantile) is to be multiplied by ``beyond_factor``: observed over claimed, from one cell
    of either.
    """
    held_out: dict[str, list[tuple[Answer, Array, npt.NDArray[np.bool_]]]] = {}
    for trial, by_class in zip(trials, answers, strict=True):
        for rows, answer in by_class:
            name = str(trial.demand_class[rows[0]])
            held_out.setdefault(name, []).append((answer, trial.actual[rows], trial.decided[rows]))
    found = []
    for name in sorted(held_out) if levels else []:
        # y <= Q(level) exactly if P(Y <= y − 1) < level: one number per cell tells its coverage at every level.
        lower = [(1 - answer.sf(np.ceil(actual) - 1))[decided] for answer, actual, decided in held_out[name]]
        lowest = np.sort(np.concatenate(lower))
        if len(lowest) >= FEWEST_CELLS:
            coverage = np.searchsorted(lowest, FINEST - 1e-9) / len(lowest)
            found += [(name, level, len(lowest), *_judged(held_out[name], level, coverage)) for level in levels]
    return pd.DataFrame(found, columns=list(CALIBRATION))


def _judged(
    held_out: Sequence[tuple[Answer, Array, npt.NDArray[np.bool_]]], level: float, coverage: Array
) -> tuple[float, ...]:
    """Return the columns of ``CALIBRATION`` from ``coverage`` on; ``coverage`` is that of each of ``FINEST``."""
    own, used, covered = _level_for(level, coverage)
    at_level, at_used = (
        np.concatenate([claims(answer, asked)[decided] for answer, _, decided in held_out]) for asked in (level, used)
    )
    cells, claimed = len(at_used), float(at_used.mean())
    factor = (cells * (1 - covered) + 1) / (cells * (1 - claimed) + 1)
    return own, round(float(at_level.mean()), 4), used, covered, round(claimed, 4), round(factor, 4)


def claims(answer: Answer, level: float) -> Array:
    """Return the probability F(q) that demand is not above the whole-number quantile at ``level``, shape (n, H)."""
    return 1 - answer.sf(answer.quantile([level])[..., 0].astype(np.float64))


def _level_for(level: float, coverage: Array) -> tuple[float, float, float]:
    """Return coverage at the level, the level to use, and coverage there."""
    own = float(np.interp(level, FINEST, coverage))
    off = np.abs(coverage - level)
    near = np.flatnonzero(off <= max(AIM, off.min() + 1e-9))
    used = float(FINEST[near[np.argmin(np.abs(FINEST[near] - level))]])
    if abs(own - level) <= TOLERANCE or off.min() >= abs(own - level):
        used = level
    return round(own, 4), used, round(float(np.interp(used, FINEST, coverage)), 4)


def _correlated(trials: Sequence[Trial], answers: Sequence[Answers], seed: int) -> dict[str, float]:
    """Return, per class, the normal correlation between steps whose sums over the horizon score best."""
    found: dict[str, float] = {}
    if not trials or trials[0].actual.shape[1] < 2:
        return found
    newest, rng = max(trial.origin for trial in trials), np.random.default_rng(seed)
    for trial, by_class in zip(trials, answers, strict=True):
        for rows, answer in by_class if trial.origin == newest else []:
            whole = np.flatnonzero(trial.decided[rows].all(axis=1))
            mine = np.sort(rng.permutation(whole)[:SUMMED_SERIES])
            actual = trial.actual[rows[mine]]
            if isinstance(answer, Exceedance) and actual.size >= FEWEST_CELLS:
                losses = _sum_losses(answer.take(mine), actual, rng)
                found[str(trial.demand_class[rows[0]])] = float(CORRELATIONS[int(np.argmin(losses))])
    return found


def _sum_losses(answer: Exceedance, actual: Array, rng: np.random.Generator) -> list[float]:
    """Return the pinball loss of the sums over the horizon at each of ``CORRELATIONS``."""
    normal = rng.standard_normal((DRAWS, len(actual), 1 + actual.shape[1]))
    total, losses = actual.sum(axis=1), []
    for correlation in CORRELATIONS:
        sums = np.stack([answer.draw(correlation, draw).sum(axis=1) for draw in normal], axis=-1)
        losses.append(float(pinball(total, np.quantile(sums, DECILES, axis=-1).T, DECILES).mean()))
    return losses
