"""What scorecards are counted on: marked order lines, firm lines with answer and receipt, flows and stock days."""

from dataclasses import dataclass, field

import pandas as pd

from vmi.frames import Frame

MARKED_LINES = Frame(
    "marked_lines",
    ("warehouse_id", "covering_warehouse", "ordered_on", "fill_48h", "fill_48h_day", "same_day", "stocked"),
)
"""What ``vmi.kpi.lines.mark_lines`` returns: 1 kept, 0 missed, NaN not concerned or unknown."""

FIRM_LINE_OUTCOMES = Frame(
    "firm_line_outcomes",
    (
        *("line_id", "supplier_id", "qty", "ship_on", "due_on", "respond_by", "answered_at"),
        *("confirmed_qty", "confirmed_ship_on", "shipped_on", "received_on", "received_qty"),
    ),
)
"""Firm lines as published, one row each, with the supplier's answer and what was received (NaT, NaN unknown)."""

WANTED = Frame("wanted", ("as_of", "supplier_id", "wanted_qty", "granted_qty"))
"""Units that a plan would have ordered without the supplier's availability, and units it had."""

FLOWS = Frame("flows", ("day", "kind", "supplier_id", "warehouse_id", "value"))
"""Goods ``received`` and ``returned`` [CNY at unit cost]."""

SITE_DAYS = Frame("site_days", ("as_of", "warehouse_id", "value", "aged_value", "volume_m3", "capacity_m3"))
"""A warehouse at the close of a day: stock value, of which older than ``aged_days`` [CNY], volume and capacity [m3]."""


@dataclass(frozen=True)
class ScorecardHistory:
    """The months up to ``as_of``; an empty frame leaves its metrics unknown."""

    as_of: pd.Timestamp
    timezone: str
    lines: pd.DataFrame = field(default_factory=MARKED_LINES.empty)
    firm_lines: pd.DataFrame = field(default_factory=FIRM_LINE_OUTCOMES.empty)
    wanted: pd.DataFrame = field(default_factory=WANTED.empty)
    flows: pd.DataFrame = field(default_factory=FLOWS.empty)
    site_days: pd.DataFrame = field(default_factory=SITE_DAYS.empty)

    @property
    def close(self) -> pd.Timestamp:
        """The moment at which ``as_of`` ends, in the planning zone."""
        return (self.as_of + pd.Timedelta(days=1)).tz_localize(self.timezone)
