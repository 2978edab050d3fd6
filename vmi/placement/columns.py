"""Keep the answers that groups of parts have given: the columns of the price master."""

from dataclasses import dataclass, field

import numpy as np

from vmi.placement.pricing import Choice
from vmi.placement.problem import Array, Whole

CHEAPER = 1e-9
"""CNY by which an answer with the same units must be cheaper to be another one."""


@dataclass
class Columns:
    """Which answers of groups of parts are known already; ``starts``: the place of each group's first part."""

    starts: Whole
    known: dict[tuple[int, bytes], float] = field(default_factory=dict)

    def unknown(self, answer: Choice) -> list[int]:
        """Return the groups that have not given their part of this answer before, or only at a higher cost."""
        ends = [*self.starts[1:].tolist(), len(answer.pattern)]
        found = []
        for group, (start, end, cost) in enumerate(zip(self.starts, ends, self.cost(answer), strict=True)):
            key = group, answer.qty[start:end].tobytes()
            if cost < self.known.get(key, np.inf) - CHEAPER:
                self.known[key] = float(cost)
                found.append(group)
        return found

    def cost(self, answer: Choice) -> Array:
        """Return what each group's answer costs [CNY]."""
        return np.asarray(np.add.reduceat(answer.cost, self.starts))
