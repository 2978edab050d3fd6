"""The dense history that every method learns from: a row a series, a column a period, and what is known of a cell."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Demand of ``n`` series over ``T`` periods (days, weeks or months that follow one another).

    Attributes
    ----------
    ids
        Names of the series (str, unique, sorted), length n.
    demand
        Units per period, shape (n, T), not negative; NaN where nothing is known (before the first observation too).
    bound
        Shape (n, T); True where ``demand`` is only a lower bound, because the part was sold out.
    categories
        Index ``ids``; columns of text by which series are pooled, coarse to fine (``family``, ``region``, …); may have
        none.
    season
        Periods after which a season comes back (12 months, 52 weeks, 7 days); 1 if there is none to look for.
    periods_per_year
        For half-lives told in weeks; as many as in a season if not given.
    exposure, exposure_of
        Multipliers of the demand expected, shape (profiles, at least T + horizon), and the profile of each series:
        weeks of a season, working days, vehicles in operation. All ones if not given.

    Raises
    ------
    ValueError
        Shapes differ, ids are not sorted and unique, demand or exposure is negative or infinite, or a series has no
        profile.
    """

    ids: pd.Index
    demand: Array
    bound: Flags
    categories: pd.DataFrame
    season: int = 1
    exposure: Array | None = field(default=None, repr=False)
    exposure_of: Codes | None = field(default=None, repr=False)
    periods_per_year: float | None = None

    @property
    def year(self) -> float:
        """Periods in a year."""
        return float(self.season if self.periods_per_year is None else self.periods_per_year)

    def __post_init__(self) -> None:
        """Check shapes and values."""
        if self.demand.shape != self.bound.shape or len(self.demand) != len(self.ids):
            raise ValueError(
                f"history: {len(self.ids)} ids, demand {self.demand.shape} and bound {self.bound.shape} do not fit"
            )
        if not (self.ids.is_unique and self.ids.is_monotonic_increasing):
            raise ValueError("history: ids must be sorted and unique")
        if not self.categories.index.equals(self.ids):
            raise ValueError("history: categories must have the ids as their index")
        if (self.demand < 0).any() or np.isinf(self.demand).any():
            raise ValueError("history: demand must be finite and not negative")
        if (self.exposure is None) != (self.exposure_of is None):
            raise ValueError("history: exposure and exposure_of belong together")
        if self.exposure is not None and self.exposure_of is not None:
            self._check_exposure(self.exposure, self.exposure_of)

    def _check_exposure(self, exposure: Array, exposure_of: Codes) -> None:
        if len(exposure_of) != len(self.ids) or ((exposure_of < 0) | (exposure_of >= len(exposure))).any():
            raise ValueError(f"history: exposure_of must name one of {len(exposure)} profiles for each of the series")
        if not (np.isfinite(exposure).all() and (exposure >= 0).all()):
            raise ValueError("history: exposure must be finite and not negative")

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.ids)

    @property
    def periods(self) -> int:
        """Number of periods T."""
        return self.demand.shape[1]

    def known(self) -> Flags:
        """Return where demand is known exactly: observed and not only a lower bound, shape (n, T)."""
        return np.isfinite(self.demand) & ~self.bound

    def until(self, origin: int) -> "History":
        """Return the history as it was known after its first ``origin`` periods; exposure stays, it is known ahead."""
        return replace(self, demand=self.demand[:, :origin], bound=self.bound[:, :origin])

    def take(self, rows: npt.ArrayLike) -> "History":
        """Return the history of these rows (sorted row numbers)."""
        chosen = np.asarray(rows, dtype=np.int64)
        exposure, exposure_of = self.exposure, None
        if self.exposure is not None and self.exposure_of is not None:
            kept, exposure_of = np.unique(self.exposure_of[chosen], return_inverse=True)
            exposure = self.exposure[kept]
        return replace(
            self,
            ids=self.ids[chosen],
            demand=self.demand[chosen],
            bound=self.bound[chosen],
            categories=self.categories.iloc[chosen],
            exposure=exposure,
            exposure_of=exposure_of,
        )

    def sampled_rows(self, most: int, seed: int) -> Codes:
        """Return the sorted rows of a seeded sample of at most so many series, all if they are few."""
        rows = np.arange(len(self))
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))

    def pools(self) -> list[Codes]:
        """Return each series' pool per category, coarse to fine."""
        columns = (column for _, column in self.categories.items())
        return [pd.factorize(column, sort=True)[0].astype(np.int64) for column in columns]

    def exposures(self, ahead: int) -> tuple[Array, Codes]:
        """Return exposure (profiles, T + ahead) and each series' profile; a profile of ones if none was given.

        Raises
        ------
        ValueError
            Exposure is given for fewer than T + ahead periods.
        """
        length = self.periods + ahead
        if self.exposure is None or self.exposure_of is None:
            return np.ones((1, length)), np.zeros(len(self), dtype=np.int64)
        if self.exposure.shape[1] < length:
            raise ValueError(f"history: exposure of {self.exposure.shape[1]} periods, {length} needed")
        return self.exposure[:, :length], self.exposure_of
