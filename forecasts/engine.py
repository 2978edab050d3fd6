"""The one seam through which many independent items are worked at: here, in processes, or on many machines.

An item travels as data and its result comes back as data; results stand in the order of the items. So the bytes are
the same whichever way is taken, and however many workers die on it.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from forecasts.cluster import work_on_cluster
from forecasts.parameters import Parameters
from forecasts.processes import work_in_processes

Item = TypeVar("Item")
Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """Where items are worked at; as it stands, one after the other in this process.

    Attributes
    ----------
    workers
        Processes of this machine, if more than one.
    cluster
        Address of a running Dask scheduler, whose workers are taken instead.
    timeout_seconds
        For one item; its worker is killed then and the others go on. Items worked at in this process have no limit.
    """

    workers: int = 1
    cluster: str = ""
    timeout_seconds: float = math.inf

    def map(
        self, function: Callable[[Item], Result], items: Sequence[Item], lost: Callable[[Item, str], Result]
    ) -> list[Result]:
        """Return ``function`` of each item, in their order.

        Parameters
        ----------
        function
            Of a module, not raising: failures are its results.
        lost
            Result of an item over which its worker ran out of time or two died, from the item and a reason in words.

        Raises
        ------
        ClusterProblem
            The cluster cannot be used; the message says why and what to do.
        """
        if len(items) < 2 or (self.workers <= 1 and not self.cluster):
            return [function(item) for item in items]
        if self.cluster:
            done, reasons = work_on_cluster(function, items, self.cluster, self.timeout_seconds)
        else:
            done, reasons = work_in_processes(function, items, self.workers, self.timeout_seconds)
        for place, reason in sorted(reasons.items()):
            log.warning("item %d of %d: %s", place + 1, len(items), reason)
            done[place] = lost(items[place], reason)
        # What no process ever took is done here.
        return [done[place] if place in done else function(items[place]) for place in range(len(items))]


def engine_for(fits: float, parameters: Parameters, timeout_seconds: float) -> Engine:
    """Return the engine for work that takes the time of so many Prophet fits: for little of it, this process."""
    if fits < parameters.parallel_from:
        return Engine()
    return Engine(parameters.workers, parameters.cluster, timeout_seconds)
