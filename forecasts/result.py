"""What comes out of a forecast: distributions of demand over any window, and paths that add up to them.

One model for every method: given a level G with mean 1 and variance ``level_cv2``, the demand of a day is negative
binomial with mean G μ(d) and variance ``dispersion`` times that, independent of other days. The level is drawn once
for the whole horizon, hence over a window W: mean = Σ μ(d), var = dispersion · mean + level_cv2 · mean².
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.choice import NO_SCORES
from forecasts.distributions.counts import Counts
from forecasts.windows import NO_CALIBRATION

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """The forecast's numbers: ``level`` [units per unit of curve], and curves [cumulative] shared by rows.

    Only differences of a curve count: it begins at 0 on the night it is made, anywhere when read later.
    """

    level: Array
    dispersion: Array
    level_cv2: Array
    curves: Array
    curve_of: Whole


@dataclass(frozen=True)
class Kept:
    """What a night learned and the next may use: its calendar profiles, and how the methods were judged.

    Attributes
    ----------
    profiles
        Columns ``profiles.PROFILES``.
    scores
        Columns ``choice.SCORES``: loss and coverage of every method per demand class, and which is chosen.
    calibration
        Columns ``windows.CALIBRATION``: what a class's variance is multiplied by, and why.
    judged_on
        The night of the scores; None if there are none.
    """

    profiles: pd.DataFrame
    scores: pd.DataFrame
    calibration: pd.DataFrame
    judged_on: pd.Timestamp | None = None


NOTHING_KEPT = Kept(pd.DataFrame(), NO_SCORES, NO_CALIBRATION)


@dataclass(frozen=True)
class Forecast:
    """Demand distributions of every series of a panel, from the day after ``origin`` on.

    Attributes
    ----------
    series
        Index ``unique_id`` in the panel's (sorted) order; columns ``method``, ``fallback`` (reason, ``""`` if none),
        ``demand_class``, ``judged_class`` (by whose scores the method was chosen: the demand class, or ``fast``),
        ``adi``, ``cv2``, ``mean_per_day`` [units/day over the horizon].
    groups
        A row per family x region: ``family``, ``region``, ``method`` (``prophet``/``flat``), ``follows`` (whose fit:
        ``group``, ``family``, ``region``, ``all``, ``""``), ``fallback``, ``days``, ``lines``, ``fitted_on`` (the night
        of that fit; NaT if flat).
    calendar_verified_through
        Last day for which the calendar is announced; windows that reach beyond it are provisional.
    kept
        What this night learned, to be given to the next.
    """

    series: pd.DataFrame
    groups: pd.DataFrame
    origin: pd.Timestamp
    horizon_days: int
    calendar_verified_through: pd.Timestamp
    model: Model = field(repr=False)
    kept: Kept = field(default=NOTHING_KEPT, repr=False)

    @property
    def profiles(self) -> pd.DataFrame:
        """The calendar profiles that are followed."""
        return self.kept.profiles

    def window(self, start: npt.ArrayLike, stop: npt.ArrayLike) -> Counts:
        """Return demand of the days origin + 1 + start … origin + stop, shape (series,).

        Parameters
        ----------
        start, stop
            Days after the origin, whole, one for all series or one for each; 0 <= start <= stop <= horizon_days.

        Raises
        ------
        ValueError
            A bound is not whole, out of order or beyond the horizon.
        """
        n_series = len(self.series)
        first, last = (np.broadcast_to(self._whole(bound), n_series) for bound in (start, stop))
        if not ((first >= 0) & (first <= last) & (last <= self.horizon_days)).all():
            raise ValueError(f"forecast window: 0 <= start <= stop <= {self.horizon_days} days does not hold")
        row = self.model.curve_of
        return self._counts(self.model.level * (self.model.curves[row, last] - self.model.curves[row, first]))

    def later(self, days: int) -> "Forecast":
        """Return the same distributions as seen ``days`` after the origin: ``later(k).window(a, b)`` is
        ``window(a + k, b + k)`` to the last bit.

        The horizon is shorter by as much, and nothing is learned of what happened since.

        Raises
        ------
        ValueError
            ``days`` is negative, or no day of the horizon would be left.
        """
        if not 0 <= days < self.horizon_days:
            raise ValueError(f"forecast later: {days} days do not leave any of the horizon of {self.horizon_days}")
        if days == 0:
            return self
        model = replace(self.model, curves=self.model.curves[:, days:])
        left = self.horizon_days - days
        total = model.level * (model.curves[:, left] - model.curves[:, 0])[model.curve_of]
        return replace(
            self,
            series=self.series.assign(mean_per_day=(total / left).round(6)),
            origin=self.origin + pd.Timedelta(days=days),
            horizon_days=left,
            model=model,
        )

    def weekly(self, weeks: int) -> tuple[list[pd.Timestamp], Counts]:
        """Return demand of ``weeks`` whole calendar weeks, the first beginning on the first Monday after the origin.

        Days between the origin and that Monday (none when the origin is a Sunday) belong to the running week and are
        in no column. Returns the Mondays and counts of shape (series, weeks).
        """
        lead = 6 - self.origin.dayofweek
        edges = lead + 7 * np.arange(weeks + 1)
        if weeks < 1 or edges[-1] > self.horizon_days:
            raise ValueError(f"forecast weekly: {weeks} weeks do not fit into {self.horizon_days} days")
        mondays = [self.origin + pd.Timedelta(days=int(edge) + 1) for edge in edges[:-1]]
        curves = np.diff(self.model.curves[:, edges], axis=1)
        return mondays, self._counts(self.model.level[:, None] * curves[self.model.curve_of])

    def paths(self, n: int, days: int, seed: int, rows: npt.ArrayLike | None = None) -> npt.NDArray[np.int32]:
        """Return ``n`` sample paths of daily demand, whole numbers of shape (n, rows, days).

        A path draws its level once, so sums over any of its windows follow ``window`` in mean and variance. ``rows``
        are row numbers of ``series`` (all if None). Same seed and rows, same paths.
        """
        if not 0 <= days <= self.horizon_days:
            raise ValueError(f"forecast paths: {days} days are not within the horizon of {self.horizon_days}")
        chosen = np.arange(len(self.series)) if rows is None else np.asarray(rows, dtype=np.int64)
        rng = np.random.default_rng(seed)
        model = self.model
        daily = model.level[chosen, None] * np.diff(model.curves[model.curve_of[chosen], : days + 1], axis=1)
        spread = model.level_cv2[chosen]
        safe = np.where(spread > 0, spread, 1.0)
        level = np.where(spread > 0, rng.gamma(1 / safe, safe, size=(n, len(chosen))), 1.0)
        excess = np.broadcast_to((model.dispersion[chosen] - 1)[:, None], daily.shape)
        drawn = np.empty((n, len(chosen), days), dtype=np.int32)
        for path in range(n):
            expected = daily * level[path][:, None]
            noisy = excess > 1e-9
            expected[noisy] = rng.gamma(expected[noisy] / excess[noisy]) * excess[noisy]
            drawn[path] = rng.poisson(expected)
        return drawn

    def _counts(self, mean: Array) -> Counts:
        """Return counts of those means, one row per series, with the model's variance; rounded to 6 decimals."""
        shape = (len(self.series),) + (1,) * (mean.ndim - 1)
        var = self.model.dispersion.reshape(shape) * mean + self.model.level_cv2.reshape(shape) * mean**2
        mean = mean.round(6)
        return Counts(mean, np.where(mean > 0, np.maximum(var.round(6), mean), 0.0))

    @staticmethod
    def _whole(bound: npt.ArrayLike) -> Whole:
        given = np.asarray(bound)
        whole = given.astype(np.int64)
        if (given != whole).any():
            raise ValueError("forecast window: days must be whole numbers")
        return whole
