"""What the worklist is made from: one frame per way in which a night can need a person."""

from dataclasses import dataclass, field

import pandas as pd

from vmi.frames import Frame

PART_NAMES = Frame("part_names", ("part_id", "name", "supplier_id", "unit_cost"))

LATE_LINES = Frame(
    "late_lines", ("order_id", "centre_id", "part_id", "qty", "source", "eta", "promise_by", "penalty_cny", "reason")
)
"""Open order lines that miss their promise; ``penalty_cny`` [CNY] what that costs; ``eta`` NaT where unserved."""

SHORTAGES = Frame("shortages", ("part_id", "short_qty", "available_qty", "available_on", "value_per_unit"))
"""Parts of which more would be ordered than their supplier has: units missing, and what the next is worth [CNY]."""

FULL_WAREHOUSES = Frame(
    "full_warehouses", ("warehouse_id", "space", "used_m3", "capacity_m3", "price_per_m3", "cut_m3")
)
"""Warehouses whose space bound tonight: all that takes it after tonight, and its capacity; ``space`` is ``volume`` or
``hazmat``; what a further m3 is worth tonight [CNY]; the volume by which orders were cut, NaN unknown."""

RISKY_ORDERS = Frame(
    "risky_orders", ("supplier_id", "part_id", "warehouse_id", "qty", "unit_cost", "return_risk", "return_cost")
)
"""Firm lines of tonight with the chance that their last unit is unsold at the end of the return window, and what a
unit costs that goes back [CNY]."""

AGEING_LOTS = Frame(
    "ageing_lots", ("warehouse_id", "part_id", "lot_id", "qty", "unit_cost", "days_left", "return_cost")
)
"""Available lots that stay after tonight's returns; days until the end of their supplier's return window, and what a
unit costs that goes back [CNY]."""

OVERRIDES_IN_FORCE = Frame(
    "overrides_in_force", ("part_id", "warehouse_id", "kind", "value", "until", "by", "reason", "binds", "cost_cny")
)
"""Overrides; ``binds`` is ``Y`` where the plan would be another without, ``cost_cny`` what that costs (NaN unknown)."""

UNANSWERED = Frame("unanswered", ("line_id", "supplier_id", "part_id", "qty", "ship_on", "respond_by"))
"""Published firm lines without an answer; ``respond_by`` a moment."""

LATE_INBOUND = Frame("late_inbound", ("shipment_id", "part_id", "from_id", "warehouse_id", "qty", "eta_on"))
"""Inbound lines; those whose ``eta_on`` is at or before as_of have not arrived when they should."""

DIFFERING = Frame(
    "differing",
    (
        *("line_id", "supplier_id", "part_id", "warehouse_id", "qty", "ship_on"),
        *("answer", "confirmed_qty", "confirmed_ship_on", "comment"),
    ),
)
"""Answers of suppliers beside what was ordered; those that accept as ordered are passed over."""

FALLBACKS = Frame("fallbacks", ("part_id", "warehouse_id", "method", "reason"))
"""Forecasts that fell back to a simpler method, and why; ``value_cny`` of the forecast is optional."""

UNCOVERED = Frame("uncovered", ("city", "centres", "late_cny"))
"""Cities with centres that no lane reaches within the promise; what it costs that the lines of the last four weeks were
late [CNY], NaN unknown."""

REJECTS = Frame("rejects", ("file", "line", "column", "value", "rule", "mend"))
STALE = Frame("stale", ("file", "imported_on", "age_days", "limit_days"))
"""Inputs older than they may be."""


@dataclass(frozen=True)
class Exceptions:
    """Everything of a night that could need a person; a frame left out has nothing to say.

    ``calendar_verified_through`` is the last day the calendar is checked for, ``horizon_end`` the last day planned.
    """

    as_of: pd.Timestamp
    timezone: str
    parts: pd.DataFrame
    late_lines: pd.DataFrame = field(default_factory=LATE_LINES.empty)
    shortages: pd.DataFrame = field(default_factory=SHORTAGES.empty)
    full_warehouses: pd.DataFrame = field(default_factory=FULL_WAREHOUSES.empty)
    risky_orders: pd.DataFrame = field(default_factory=RISKY_ORDERS.empty)
    ageing_lots: pd.DataFrame = field(default_factory=AGEING_LOTS.empty)
    overrides: pd.DataFrame = field(default_factory=OVERRIDES_IN_FORCE.empty)
    unanswered: pd.DataFrame = field(default_factory=UNANSWERED.empty)
    inbound: pd.DataFrame = field(default_factory=LATE_INBOUND.empty)
    confirmations: pd.DataFrame = field(default_factory=DIFFERING.empty)
    fallbacks: pd.DataFrame = field(default_factory=FALLBACKS.empty)
    uncovered: pd.DataFrame = field(default_factory=UNCOVERED.empty)
    rejects: pd.DataFrame = field(default_factory=REJECTS.empty)
    stale: pd.DataFrame = field(default_factory=STALE.empty)
    calendar_verified_through: pd.Timestamp | None = None
    horizon_end: pd.Timestamp | None = None

    @property
    def close(self) -> pd.Timestamp:
        """The moment at which ``as_of`` ends, in the planning zone."""
        return (self.as_of + pd.Timedelta(days=1)).tz_localize(self.timezone)

    def name(self, part_ids: pd.Series) -> pd.Series:
        """Return "part_id name" of each part; the id alone where it has no name."""
        names = part_ids.map(self.parts.set_index("part_id")["name"]).fillna("").astype(str)
        return (part_ids.astype(str) + " " + names).str.strip()

    def unit_cost(self, part_ids: pd.Series) -> pd.Series:
        """Return the unit cost of each part [CNY]."""
        return part_ids.map(self.parts.set_index("part_id")["unit_cost"]).astype(float)

    def supplier(self, part_ids: pd.Series) -> pd.Series:
        """Return the supplier of each part, empty if unknown."""
        return part_ids.map(self.parts.set_index("part_id")["supplier_id"]).fillna("").astype(str)
