"""The company as its files describe it: what a simulation begins with, before any policy has decided anything."""

from dataclasses import dataclass, field

import pandas as pd

from vmi.frames import Frame, Situation

ORDERS_TO_COME = Frame(
    "orders_to_come", ("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service")
)
"""Order lines of the lived days, sorted by ordered_at, order_id, line_no; ``ordered_at`` aware, planning zone. No two
share (order_id, line_no); every centre and part is known to the company."""


@dataclass(frozen=True)
class Company:
    """A company at the close of the day before the first lived one.

    Attributes
    ----------
    opening
        What a planner sees at that close: stock, inbound, open orders, usage up to then. Its weather, closures, parts,
        vehicles and availability hold everything the files know, later days too: the truth of the lived days. What
        of it a planner may see on a night, :class:`vmi.simulate.knowledge.Knowledge` says.
    orders
        ORDERS_TO_COME of the lived days.
    surprises
        Closures (columns as in the contract) that happen and are not announced: a supplier's stop.
    notes
        Sentences on what was assumed: stock moved in time, a warehouse closed, parts sampled.
    """

    opening: Situation
    orders: pd.DataFrame
    surprises: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
