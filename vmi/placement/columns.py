"""Keep the plans of parts that have been met: the columns of the price master."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from vmi.placement.pricing import Choice
from vmi.placement.problem import Array, Whole


class Listing(NamedTuple):
    """Plans as arrays, a row each: part, pattern (number within its class), units by hub, cost [CNY]."""

    part: Whole
    pattern: Whole
    qty: Whole
    cost: Array


@dataclass
class Columns:
    """Plans of the active parts as parallel lists, no two of a part with the same quantities."""

    part: list[int] = field(default_factory=list)
    pattern: list[int] = field(default_factory=list)
    qty: list[Whole] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    known: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of plans."""
        return len(self.part)

    def add(self, part: int, pattern: int, qty: Whole, cost: float) -> bool:
        """Keep a plan, or take it instead of a dearer one with the same quantities; return whether it is a new one."""
        key = (part, qty.tobytes())
        at = self.known.get(key)
        if at is None:
            self.known[key] = len(self.part)
            self.part.append(part)
            self.pattern.append(pattern)
            self.qty.append(qty)
            self.cost.append(cost)
            return True
        if cost < self.cost[at] - 1e-9:
            self.pattern[at], self.cost[at] = pattern, cost
            return True
        return False

    def keep(self, parts: Whole, answer: Choice) -> bool:
        """Add each part's answer; return whether one of them was new."""
        grew = False
        for part, pattern, qty, cost in zip(parts, answer.pattern, answer.qty, answer.cost, strict=True):
            grew = self.add(int(part), int(pattern), qty, float(cost)) or grew
        return grew

    def listing(self, start: int = 0) -> Listing:
        """Return the plans from the ``start``-th on."""
        rows = slice(start, None)
        whole = (np.array(self.part[rows], dtype=np.int64), np.array(self.pattern[rows], dtype=np.int64))
        return Listing(*whole, np.array(self.qty[rows], dtype=np.int64), np.array(self.cost[rows]))
