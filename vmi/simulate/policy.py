"""What a policy is asked each night, and what it answers.

A policy decides replenishment, returns and transfers, and may decide the night's deliveries. Everything else (receipts,
waves during the day, transport, costs) happens to every policy alike.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import pandas as pd

from vmi.config import Config
from vmi.frames import LOT_RETURNS, TRANSFERS, Frame, Situation
from vmi.planning import Night

ORDERED = Frame("ordered", ("supplier_id", "part_id", "warehouse_id", "qty", "ship_on", "due_on"))
"""Units that a supplier is told to ship to a warehouse: tomorrow at the earliest; ``due_on`` as expected."""

OUTLOOK = Frame("outlook_told", ("part_id", "warehouse_id", "mean", "p10", "p50", "p90"))
"""A forecast of the next 28 days, to be judged when they have passed."""


@dataclass(frozen=True)
class View:
    """What a policy sees at the close of a day.

    Attributes
    ----------
    situation
        As a planner of the real night sees it; nothing of it is later than its ``as_of``.
    config
        The configuration in force.
    dispatch
        The night's deliveries out of stock, decided by the dispatch room as for ``vmi dispatch``; ``None`` for a policy
        that dispatches itself (``dispatches = True``).
    """

    situation: Situation
    config: Config
    dispatch: Night | None


@dataclass(frozen=True)
class Decisions:
    """What a policy decides at the close of a day; frames left out are empty.

    Attributes
    ----------
    ordered
        ORDERED, one row per line.
    returns
        LOT_RETURNS, at least part_id, warehouse_id, lot_id, qty, pick_up_on.
    transfers
        TRANSFERS, at least part_id, lot_id, from_warehouse, to_warehouse, qty, received_on, ship_on, eta_on.
    deliveries
        DELIVERIES of a policy that dispatches itself, else ``None``: ``View.dispatch`` holds.
    outlook
        OUTLOOK on nights on which the policy has forecast, else ``None``.
    """

    ordered: pd.DataFrame = field(default_factory=partial(ORDERED.empty))
    returns: pd.DataFrame = field(default_factory=partial(LOT_RETURNS.empty))
    transfers: pd.DataFrame = field(default_factory=partial(TRANSFERS.empty))
    deliveries: pd.DataFrame | None = None
    outlook: pd.DataFrame | None = None


class Policy(Protocol):
    """A way to run the company. An instance lives one run; what it remembers between nights it keeps itself (pickled
    when a run is checkpointed)."""

    name: str
    dispatches: bool

    def decide(self, view: View) -> Decisions:
        """Return what is decided at the close of ``view.situation.as_of``; nothing happens before the next day."""
        ...
