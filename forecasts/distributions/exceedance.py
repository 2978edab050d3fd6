"""Distributions over counts by their exceedance probabilities at a few nodes per series: easy to mix, sum up and draw.

P(Y > k) is linear in k between two nodes (every count between them is equally likely) and falls geometrically beyond
the last. Quantiles and draws are whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

SMALL = 1e-12
LONGEST_TAIL = 0.5
"""Scale of the tail at most, as a share of the last node: an estimate from two far nodes is not believed further."""
LEAST_MEAN = 1e-4
BLOCK = 5_000
"""Series that are brought to a mean at a time: bounds memory."""
TILTS = 4
"""Secant steps to a mean asked for; it is met within some thousandths."""
LONGEST_TILT = 4.0
"""Log odds by which hazards are moved at most."""


@dataclass(frozen=True)
class Exceedance:
    """Distributions of ``n`` series over ``H`` steps.

    Attributes
    ----------
    nodes
        Whole numbers from 0 up, increasing along the second axis, shape (n, K).
    above
        P(Y > node), shape (n, H, K), not increasing along the last axis.
    """

    nodes: Array
    above: npt.NDArray[np.floating[Any]]

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.nodes)

    def take(self, rows: npt.ArrayLike) -> "Exceedance":
        """Return the distributions of these rows."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Exceedance(self.nodes[chosen], self.above[chosen])

    def quantile(self, levels: npt.ArrayLike) -> Whole:
        """Return the smallest whole y with P(Y > y) <= 1 − level.

        ``levels`` of shape (L,) are asked of every series, of shape (n, L) each of its own; the answer is (n, H, L).
        """
        wanted = np.broadcast_to(np.asarray(levels, dtype=np.float64), (len(self), np.shape(levels)[-1]))
        found = [
            self.inverse(1 - np.repeat(wanted[:, [column]], self.above.shape[1], axis=1))
            for column in range(wanted.shape[1])
        ]
        return np.stack(found, axis=-1)

    def inverse(self, tail: Array) -> Whole:
        """Return the smallest whole y with P(Y > y) <= tail, for ``tail`` in (0, 1) of shape (n, H)."""
        last = self.nodes.shape[1] - 1
        place = (self.above > tail[..., None] + SMALL).sum(axis=-1)
        right, left = np.minimum(place, last), np.maximum(place - 1, 0)
        rows = np.arange(len(self))[:, None]
        start = np.where(place == 0, -1.0, self.nodes[rows, left])
        before = np.where(place == 0, 1.0, np.take_along_axis(self.above, left[..., None], -1)[..., 0])
        after = np.take_along_axis(self.above, right[..., None], -1)[..., 0]
        share = (before - tail) / np.maximum(before - after, SMALL)
        inside = start + np.clip(share, 0.0, 1.0) * (self.nodes[rows, right] - start)
        beyond = self.nodes[:, [last]] + self._tail_scale() * np.log(np.maximum(self.above[..., last] / tail, 1.0))
        return np.ceil(np.where(place > last, beyond, inside) - 1e-9).astype(np.int64)

    def sf(self, k: Array) -> Array:
        """Return P(Y > k) for whole ``k`` >= −1 of shape (n, H)."""
        last = self.nodes.shape[1] - 1
        place = (self.nodes[:, None, :] < k[..., None]).sum(axis=-1)
        right, left = np.minimum(place, last), np.maximum(place - 1, 0)
        rows = np.arange(len(self))[:, None]
        start = np.where(place == 0, -1.0, self.nodes[rows, left])
        before = np.where(place == 0, 1.0, np.take_along_axis(self.above, left[..., None], -1)[..., 0])
        after = np.take_along_axis(self.above, right[..., None], -1)[..., 0]
        share = (k - start) / np.maximum(self.nodes[rows, right] - start, 1.0)
        beyond = self.above[..., last] * np.exp(-np.maximum(k - self.nodes[:, [last]], 0.0) / self._tail_scale())
        return np.where(place > last, beyond, before + np.clip(share, 0.0, 1.0) * (after - before))

    def on(self, nodes: Array) -> "Exceedance":
        """Return the same distributions read at other nodes (n, K'), increasing and whole from 0 up.

        Series with the same nodes before and after share one matrix of interpolation.
        """
        if np.array_equal(nodes, self.nodes):
            return self
        above = np.empty((*self.above.shape[:2], nodes.shape[1]), dtype=self.above.dtype)
        patterns, of = np.unique(np.concatenate([self.nodes, nodes], axis=1), axis=0, return_inverse=True)
        old, width = self.nodes.shape[1], self.above.shape[1]
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(of.ravel() == number)
            part, wanted = self.take(rows), pattern[old:]
            inside = int(np.searchsorted(wanted, pattern[old - 1], side="right"))
            before = np.concatenate([np.ones((len(rows), width, 1)), part.above], axis=2)
            above[rows, :, :inside] = before @ _interpolation(np.append(-1.0, pattern[:old]), wanted[:inside])
            beyond = np.exp(-(wanted[inside:] - pattern[old - 1]) / part._tail_scale()[..., None])
            above[rows, :, inside:] = part.above[..., -1:] * beyond
        return Exceedance(nodes, above)

    def mean(self) -> Array:
        """Return the mean [units], shape (n, H): E Y = Σ P(Y > k)."""
        width = np.diff(self.nodes, axis=1, prepend=-1.0)
        # Σ over the counts of a gap of a line from P to Q is (w − 1)/2 P + (w + 1)/2 Q; the node before it has its own.
        to_left, to_right = (width - 1) / 2, (width + 1) / 2
        weight = to_right + np.append(to_left[:, 1:], np.zeros((len(self), 1)), axis=1)
        ratio = np.exp(-1 / self._tail_scale())
        inner = np.einsum("nhk,nk->nh", self.above, weight) + to_left[:, :1]
        return np.asarray(inner + self.above[..., -1] * ratio / (1 - ratio))

    def with_mean(self, mean: Array) -> "Exceedance":
        """Return these distributions brought to this ``mean`` [units], shape (n, H).

        The log odds of the hazards that demand goes on beyond a node all move by one number per series and step, so a
        slow part is wanted more often and a fast one in larger numbers.
        """
        above = np.empty_like(self.above)
        for start in range(0, len(self), BLOCK):
            rows = slice(start, start + BLOCK)
            above[rows] = Exceedance(self.nodes[rows], self.above[rows])._moved_to(mean[rows]).above
        return Exceedance(self.nodes, above)

    def _moved_to(self, mean: Array) -> "Exceedance":
        floor = np.ones((*self.above.shape[:2], 1))
        before = np.concatenate([floor, self.above[..., :-1]], axis=2)
        odds = logit(np.clip(self.above / np.maximum(before, SMALL), 1e-6, 1 - 1e-6))
        aim = np.log(np.maximum(mean, LEAST_MEAN))
        reached, move, made = np.log(np.maximum(self.mean(), LEAST_MEAN)), np.zeros_like(aim), self
        slope = np.ones_like(aim)
        for _ in range(TILTS):
            step = np.clip((aim - reached) / slope, -LONGEST_TILT - move, LONGEST_TILT - move)
            move = move + step
            above = np.cumprod(expit(odds + move[..., None]), axis=2).round(6)
            made, past = Exceedance(self.nodes, above.astype(self.above.dtype)), reached
            reached = np.log(np.maximum(made.mean(), LEAST_MEAN))
            slope = np.where(
                np.abs(step) > 1e-4, np.clip((reached - past) / np.where(step == 0, 1, step), 0.2, 2.0), slope
            )
        return made

    def draw(self, correlation: npt.ArrayLike, normal: Array) -> Whole:
        """Return one path (n, H) from standard normal draws (n, 1 + H), the first common to the steps.

        A Gaussian copula with equal correlation between steps, one number or one per series (n,).
        """
        rho = np.broadcast_to(np.asarray(correlation, dtype=np.float64), len(self))[:, None]
        together = np.sqrt(rho) * normal[:, :1] + np.sqrt(1 - rho) * normal[:, 1:]
        return self.inverse(np.clip(ndtr(-together), 1e-9, 1 - 1e-9))

    def moments(self) -> tuple[Array, Array]:
        """Return mean and variance, each (n, H), by E Y = Σ P(Y > k) and E Y² = Σ (2k + 1) P(Y > k)."""
        nodes = np.concatenate([np.full((len(self), 1), -1.0), self.nodes], axis=1)[:, None, :]
        above = np.concatenate([np.ones((*self.above.shape[:2], 1)), self.above], axis=2)
        width, start, begin, change = np.diff(nodes, axis=2), nodes[..., :-1], above[..., :-1], np.diff(above, axis=2)
        inner = width * begin + (width + 1) / 2 * change
        squares = (2 * start + 1) * inner + begin * width * (width + 1) + change * (width + 1) * (2 * width + 1) / 3
        ratio, end = np.exp(-1 / self._tail_scale()), self.nodes[:, [-1]]
        outer = self.above[..., -1] * ratio / (1 - ratio)
        outer_squares = (2 * end + 1) * outer + 2 * outer / (1 - ratio)
        mean = inner.sum(axis=2) + outer
        return mean, np.maximum(squares.sum(axis=2) + outer_squares - mean**2, 0.0)

    def _tail_scale(self) -> Array:
        """Return the scale of the exponential tail beyond the last node, from its last two nodes, shape (n, H)."""
        fall = np.log(np.maximum(self.above[..., -2], SMALL) / np.maximum(self.above[..., -1], SMALL))
        gap, last = self.nodes[:, [-1]] - self.nodes[:, [-2]], np.maximum(self.nodes[:, [-1]], 1.0)
        return np.clip(gap / np.maximum(fall, 1e-6), 0.05, np.maximum(LONGEST_TAIL * last, 0.05))


def _interpolation(known: Array, wanted: Array) -> Array:
    """Return the matrix (known, wanted) that reads a piecewise linear function at other places, up to its last."""
    right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    share = (wanted - known[right - 1]) / (known[right] - known[right - 1])
    matrix, column = np.zeros((len(known), len(wanted))), np.arange(len(wanted))
    matrix[right - 1, column] = 1 - share
    matrix[right, column] = share
    return matrix


def mixture(parts: Sequence[Exceedance], weights: Sequence[Array]) -> Exceedance:
    """Return the mixture of distributions on the same nodes; ``weights`` are per series, shape (n,), adding to 1."""
    above = np.zeros(parts[0].above.shape, dtype=np.result_type(*(part.above.dtype for part in parts)))
    for part, weight in zip(parts, weights, strict=True):
        above += weight[:, None, None].astype(above.dtype) * part.above
    return Exceedance(parts[0].nodes, above)
