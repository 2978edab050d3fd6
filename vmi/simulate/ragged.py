"""Discrete distributions of different lengths in one table, drawn from all at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Values with probabilities, group by group.

    Attributes
    ----------
    values
        Whole numbers >= 0, ascending within each group, groups one after the other.
    upto
        The probability of this value and those before it in its group, 1 at its last.
    group
        The group of each value.
    counts
        Values of each group.
    """

    values: Whole
    upto: Array
    group: Whole
    counts: Whole

    @classmethod
    def of(cls, group: npt.ArrayLike, value: npt.ArrayLike, groups: int, weight: Array | None = None) -> "Ragged":
        """Count how often each value stands in each group, or add up its weights; zero weights are left out."""
        groups_of, values = np.asarray(group, dtype=np.int64), np.asarray(value, dtype=np.int64)
        weights = np.ones(len(values)) if weight is None else weight
        keys, which = np.unique(np.column_stack([groups_of, values]), axis=0, return_inverse=True)
        total = np.bincount(which.ravel(), weights=weights, minlength=len(keys))
        keys, total = keys[total > 0], total[total > 0]
        counts = np.bincount(keys[:, 0], minlength=groups)
        running = np.cumsum(total)
        ends = np.cumsum(counts)
        before = np.repeat(np.concatenate([[0.0], running])[ends - counts], counts)
        whole = np.repeat(np.bincount(keys[:, 0], weights=total, minlength=groups), counts)
        upto = (running - before) / whole
        upto[ends[counts > 0] - 1] = 1.0
        return cls(keys[:, 1], upto, keys[:, 0], counts)

    def draw(self, group: Whole, uniform: Array) -> Whole:
        """Return a value of each group asked for, by the inverse of its distribution at a number in [0, 1).

        Raises
        ------
        ValueError
            A group without values is asked for.
        """
        if (self.counts[group] == 0).any():
            raise ValueError("drawn from a group without values")
        # Groups lie side by side on one line, each from its own number to the next: one search serves all.
        at = np.searchsorted(self.group + self.upto, group + uniform, side="right")
        last = np.cumsum(self.counts)[group] - 1
        return self.values[np.clip(at, last + 1 - self.counts[group], last)]
