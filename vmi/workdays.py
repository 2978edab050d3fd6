"""Count working days from the closures that the company knows: who is shut when, and the next day they are open.

Every day is a working day unless ``closures`` says otherwise. A closure of scope ``all`` shuts everybody.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]
Spans = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

SCOPES = ("supplier", "warehouse", "carrier", "all")


class WorkDays:
    """Open and closed days of suppliers, warehouses and carriers.

    Parameters
    ----------
    closures
        Columns scope, id, from, to (inclusive days), as in the contract.
    """

    def __init__(self, closures: pd.DataFrame) -> None:
        spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
        columns = (closures["scope"], closures["id"].fillna("").astype(str), closures["from"], closures["to"])
        for scope, owner, first, last in zip(*columns, strict=True):
            key = (str(scope), "" if scope in ("all", "carrier") else owner)
            spans.setdefault(key, []).append((_day_number(first), _day_number(last)))
        everybody = spans.get(("all", ""), [])
        self._everybody = _merge(everybody)
        self._spans = {key: _merge(found + everybody) for key, found in spans.items()}

    def is_open(self, scope: str, owner: npt.ArrayLike, day: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether the owner works on that day; arguments broadcast, ``carrier`` and ``all`` ignore the owner."""
        days = _days(day)
        return np.asarray(self.next_open(scope, owner, days) == np.broadcast_to(days, self._shape(owner, days)))

    def next_open(self, scope: str, owner: npt.ArrayLike, day: npt.ArrayLike) -> Days:
        """Return the first open day from ``day`` on, as ``datetime64[ns]``; NaT stays NaT."""
        days = _days(day)
        shape = self._shape(owner, days)
        numbers = np.broadcast_to(days, shape).astype("datetime64[D]").astype(np.int64).ravel()
        owners = np.broadcast_to(np.asarray(owner, dtype=object), shape).ravel()
        found = self._advance(scope, owners, numbers)
        answer = found.astype("datetime64[D]").astype("datetime64[ns]")
        answer[np.isnat(np.broadcast_to(days, shape).ravel())] = np.datetime64("NaT")
        return answer.reshape(shape)

    def ship_day(self, supplier: npt.ArrayLike, day: npt.ArrayLike) -> Days:
        """Return the day on which a supplier ships what may leave from ``day`` on."""
        return self.next_open("supplier", supplier, day)

    def arrival_day(
        self, supplier: npt.ArrayLike, warehouse: npt.ArrayLike, day: npt.ArrayLike, lead_time_days: npt.ArrayLike
    ) -> Days:
        """Return the day of receipt of what may leave from ``day`` on.

        The supplier ships on its next open day, the lead time (rounded up to whole days) runs on, and the warehouse
        receives on its next open day.
        """
        lead = np.ceil(np.asarray(lead_time_days, dtype=np.float64)).astype("timedelta64[D]")
        return self.next_open("warehouse", warehouse, self.ship_day(supplier, day) + lead)

    @staticmethod
    def _shape(owner: npt.ArrayLike, days: Days) -> tuple[int, ...]:
        return np.broadcast_shapes(np.asarray(owner, dtype=object).shape, days.shape)

    def _advance(
        self, scope: str, owners: npt.NDArray[np.object_], numbers: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        if scope not in SCOPES:
            raise ValueError(f"workdays: scope is {scope!r}, expected one of {', '.join(SCOPES)}")
        if scope in ("carrier", "all"):
            return _leave(numbers, self._spans.get((scope, ""), self._everybody))
        found = numbers.copy()
        codes, unique = pd.factorize(owners)
        for code, owner in enumerate(unique):
            rows = codes == code
            found[rows] = _leave(numbers[rows], self._spans.get((scope, str(owner)), self._everybody))
        return found


def _days(day: npt.ArrayLike) -> Days:
    return np.asarray(day, dtype="datetime64[ns]")


def _day_number(day: pd.Timestamp) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return first and last day numbers of the spans, sorted, overlapping and adjoining ones joined."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(s for s in spans if s[0] <= s[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return np.array([s[0] for s in merged], dtype=np.int64), np.array([s[1] for s in merged], dtype=np.int64)


def _leave(numbers: npt.NDArray[np.int64], spans: Spans) -> npt.NDArray[np.int64]:
    """Return the day itself if it lies in no span, else the day after its span."""
    first, last = spans
    if not len(first):
        return numbers
    at = np.searchsorted(first, numbers, side="right") - 1
    inside = (at >= 0) & (numbers <= last[at])
    return np.where(inside, last[at] + 1, numbers)
