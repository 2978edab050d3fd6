"""Keep the plans of parts that have been met: the columns of the price master."""

from dataclasses import dataclass, field

from vmi.placement.pricing import Choice
from vmi.placement.problem import Whole


@dataclass
class Columns:
    """Plans of the active parts as parallel lists, no two of a part with the same units by hub; cost in CNY."""

    part: list[int] = field(default_factory=list)
    qty: list[Whole] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    known: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of plans."""
        return len(self.part)

    def add(self, part: int, qty: Whole, cost: float) -> bool:
        """Keep a plan, or take it instead of a dearer one with the same quantities; return whether it is a new one."""
        key = (part, qty.tobytes())
        at = self.known.get(key)
        if at is None:
            self.known[key] = len(self.part)
            self.part.append(part)
            self.qty.append(qty)
            self.cost.append(cost)
            return True
        if cost < self.cost[at] - 1e-9:
            self.cost[at] = cost
            return True
        return False

    def keep(self, parts: Whole, answer: Choice) -> bool:
        """Add each part's answer; return whether one of them was new."""
        grew = False
        for part, qty, cost in zip(parts, answer.qty, answer.cost, strict=True):
            grew = self.add(int(part), qty, float(cost)) or grew
        return grew
