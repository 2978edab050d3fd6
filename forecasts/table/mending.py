"""What was put right in a history before it was read: counted by kind, with a few examples by name."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.table.periods import Axis

KINDS: dict[str, str] = {
    "numeric_ids": "names of series given as numbers: leading zeros, if there were any, are gone",
    "moved_dates": "rows whose date was moved to the first day of its period",
    "netted": "periods of a series with several rows, added up",
    "floored": "periods with more returned than sold, read as 0",
    "gaps": "periods after a series' first known one without y, read as unknown",
    "unused_rows": "rows without y before the first or after the last period with any y, left out",
    "ahead_of_the_rest": "periods known after the one in which most series end; the history ends with the last",
    "spikes": "periods with over 100 times what is usual for the series, kept",
    "unknown_series": "series without any known y, forecast like the others of their kind",
    "zero_series": "series that never sold",
    "exposure_carried": "exposures not given, carried on from a year before or the last",
    "changed_categories": "series whose category changes over time; the last one counts",
    "dropped_columns": "category columns with one value for all series or another for each, left out",
}
EXAMPLES = 3


@dataclass(frozen=True)
class Mended:
    """How often something was mended, and the first few places in order of series and period."""

    count: int
    examples: tuple[str, ...]


@dataclass
class Ledger:
    """Notes of what is mended in a history of these series and periods, by kind, in the order of ``KINDS``."""

    ids: pd.Index
    axis: Axis
    _notes: dict[str, Mended] = field(default_factory=dict)

    def note(self, kind: str, count: int, examples: Iterable[str] = ()) -> None:
        """Note that ``count`` things were mended; nothing if there were none."""
        if count:
            self._notes[kind] = Mended(count, tuple(examples))

    def note_series(self, kind: str, chosen: npt.NDArray[np.bool_]) -> None:
        """Note the series that are chosen, shape (n,)."""
        self.note(kind, int(chosen.sum()), (str(self.ids[row]) for row in np.flatnonzero(chosen)[:EXAMPLES]))

    def note_cells(self, kind: str, chosen: npt.NDArray[np.bool_]) -> None:
        """Note the cells that are chosen, shape (n, T)."""
        count = int(chosen.sum())
        if count:
            rows = np.flatnonzero(chosen.any(axis=1))[:EXAMPLES]
            self.note_places(kind, count, *((rows[at], step) for at, step in np.argwhere(chosen[rows])[:EXAMPLES]))

    def note_places(self, kind: str, count: int, *places: tuple[int, int]) -> None:
        """Note ``count`` cells, some of which are at ``places`` (series, period)."""
        named = (f"{self.ids[series]} at {self.axis.begin(int(step)).date()}" for series, step in places)
        self.note(kind, count, named)

    @property
    def mended(self) -> dict[str, Mended]:
        """What was mended, by kind."""
        return {kind: self._notes[kind] for kind in KINDS if kind in self._notes}
