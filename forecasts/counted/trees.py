"""Poisson regression by boosted trees: what a level and a season make together, without saying how.

Gradient boosting (Friedman 2001) with second-order steps on binned features (Chen and Guestrin 2016). A tree asks all
rows the same question at a depth (symmetric trees: Prokhorenkova et al. 2018): a row's leaf is a number of ``DEPTH``
bits, hardly anything can be learned by heart, and a million rows are answered in a second.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bins = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]

BINS = 32
DEPTH = 4
TREES = 80
RATE = 0.075
"""Share of a leaf's step that is taken."""
SHARE = 0.5
"""Of the rows, and of the features, that a tree sees."""
PENALTY = 20.0
"""Units expected that every leaf starts from, without a step to take."""
FEWEST = 40.0
"""Units expected below which a side of a question is too small to ask it."""
LONGEST_STEP = 0.7
"""Of a leaf, in logarithms: double or half."""


@dataclass(frozen=True)
class Forest:
    """Trees of one depth, as arrays of shape (trees, depth); ``leaf`` has (trees, 2 ** depth), in logarithms.

    A row goes right at a depth if its feature's bin is above ``above``; ``edges`` are each feature's.
    """

    edges: tuple[Array, ...]
    feature: Codes
    above: Bins
    leaf: Array

    def predict(self, features: Array) -> Array:
        """Return the log of the mean over its offset of rows of features, shape (rows,)."""
        bins, total = _binned(features, self.edges), np.zeros(len(features))
        for feature, above, leaf in zip(self.feature, self.above, self.leaf, strict=True):
            total += leaf[_leaves(bins, feature, above)]
        return total


def fit_forest(features: Array, actual: Array, offset: Array, weight: Array, seed: int) -> Forest:
    """Fit E[actual] = exp(offset + trees).

    Parameters
    ----------
    features
        Shape (rows, columns), finite.
    actual, offset, weight
        Shape (rows,): counts, the log mean that is believed before, and what a row counts for.
    seed
        Of the rows and features that each tree sees.
    """
    random = np.random.default_rng(seed)
    edges = tuple(np.unique(np.quantile(column, np.arange(1, BINS) / BINS).round(9)) for column in features.T)
    bins, log_mean = _binned(features, edges), offset.copy()
    feature, above = np.zeros((TREES, DEPTH), dtype=np.int64), np.zeros((TREES, DEPTH), dtype=np.uint8)
    leaf = np.zeros((TREES, 2**DEPTH))
    for tree in range(TREES):
        rows = np.flatnonzero(random.random(len(actual)) < SHARE)
        asked = np.sort(random.choice(len(edges), max(round(SHARE * len(edges)), 1), replace=False))
        mean = np.exp(log_mean[rows])
        slope, curve = weight[rows] * (actual[rows] - mean), weight[rows] * mean
        feature[tree], above[tree], leaf[tree] = _grown(bins[:, rows], asked, slope, curve)
        log_mean += leaf[tree][_leaves(bins, feature[tree], above[tree])]
    return Forest(edges, feature, above, leaf)


def _grown(bins: Bins, asked: Codes, slope: Array, curve: Array) -> tuple[list[int], list[int], Array]:
    """Return a tree's questions (features and bins) and its leaves, from the loss's slope and curvature per row."""
    place = np.zeros(bins.shape[1], dtype=np.int64)
    feature: list[int] = []
    above: list[int] = []
    for depth in range(DEPTH):
        gains = np.stack([_gains(place * BINS + bins[column], 2**depth, slope, curve) for column in asked])
        # Rounded: a tie must not be broken by the order in which a processor adds.
        best, split = (int(x) for x in np.unravel_index(gains.round(6).argmax(), gains.shape))
        if gains[best, split] <= 0:
            split = BINS  # nothing is worth asking: nobody is above
        feature.append(int(asked[best]))
        above.append(split)
        place = place * 2 + (bins[asked[best]] > split)
    steps = np.bincount(place, slope, 2**DEPTH) / (np.bincount(place, curve, 2**DEPTH) + PENALTY)
    return feature, above, (RATE * np.clip(steps, -LONGEST_STEP, LONGEST_STEP)).round(9)


def _gains(cell: Codes, nodes: int, slope: Array, curve: Array) -> Array:
    """Return what asking every node "above this bin?" gains, shape (BINS,); nothing in nodes it leaves a side small."""
    left, weight = (np.bincount(cell, x, nodes * BINS).reshape(nodes, BINS).cumsum(axis=1) for x in (slope, curve))
    all_slope, all_weight = left[:, -1:], weight[:, -1:]
    right, other = all_slope - left, all_weight - weight
    gain = left**2 / (weight + PENALTY) + right**2 / (other + PENALTY) - all_slope**2 / (all_weight + PENALTY)
    return np.asarray(np.where((weight >= FEWEST) & (other >= FEWEST), gain, 0.0).sum(axis=0))


def _binned(features: Array, edges: tuple[Array, ...]) -> Bins:
    """Return every feature's bin, shape (columns, rows)."""
    return np.stack([np.searchsorted(edge, column) for edge, column in zip(edges, features.T, strict=True)]).astype(
        np.uint8
    )


def _leaves(bins: Bins, feature: Codes, above: Bins) -> Bins:
    """Return the leaf of every row: its answers as bits, the first question's the highest."""
    place = np.zeros(bins.shape[1], dtype=np.uint8)
    for column, split in zip(feature, above, strict=True):
        place = place * np.uint8(2) + (bins[column] > split)
    return place
