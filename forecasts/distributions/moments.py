"""Demand of the next weeks by mean and variance over two windows: what a method of the night says of a series."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasts.distributions.counts import Counts

Array = npt.NDArray[np.float64]

WIDTHS = (4, 13)
"""Weeks: about a protection interval, and the 90 days after which a part goes back."""


@dataclass(frozen=True)
class Moments:
    """Mean [units] and variance of the demand of the next weeks, shape (series, widths), columns as ``WIDTHS``."""

    mean: Array
    var: Array

    def take(self, rows: npt.ArrayLike) -> "Moments":
        """Return the moments of these rows."""
        chosen = np.asarray(rows)
        return Moments(self.mean[chosen], self.var[chosen])

    @property
    def spoken(self) -> npt.NDArray[np.bool_]:
        """Return of which series anything is said."""
        return np.asarray(np.isfinite(self.mean).all(axis=1))

    def counts(self) -> Counts:
        """Return the distributions, shape (series, widths)."""
        return Counts(self.mean.round(6), np.maximum(self.var, self.mean).round(6))
