"""What the report is made from."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from vmi.frames import Frame
from vmi.kpi.measure import Measure

WEEKLY_HISTORY = Frame("weekly_history", ("part_id", "warehouse_id", "week", "qty", "censored"))
"""Demand per pair and week (its Monday); a week without a row had none. ``censored`` is ``Y`` where the part was out
of reach in that week, so that its demand was at least ``qty``."""

HOLIDAYS = Frame("holidays", ("name", "from", "to"))
"""Public holidays and other closures for all, days inclusive."""

IMPORTS = Frame("imports", ("file", "rows", "imported", "rejected", "imported_on", "age_days", "stale"))
"""The last import of each file; ``stale`` is ``Y`` where it is older than it may be."""

METHODS = Frame("methods", ("method", "pairs", "fallback", "reason"))
"""How many pairs each forecast method made; ``fallback`` is ``Y`` where it stands in for a better one, and why."""

METHOD_SCORES = Frame(
    "method_scores",
    (
        *("demand_class", "pairs", "method", "judged_as", "judged_on", "pinball", "pinball_simplest"),
        *("calibrated", "coverage", "variance_factor", "coverage_used"),
    ),
)
"""By which method each class of demand is forecast, and how it was judged: losses in units a week, coverage of the P90
before and after its variance was multiplied (of whole units where not ``calibrated``); NaN, NaT where not judged."""

OPTIMISATIONS = Frame("optimisations", ("name", "objective", "bound", "gap", "unit", "status"))
"""What was optimised tonight. ``gap`` is a share, NaN where there is no bound; ``unit`` is ``CNY`` or a word."""

SPACE_PRICES = Frame("space_prices", ("warehouse_id", "space", "price_per_m3"))
"""What a further m3 is worth tonight [CNY]; ``space`` is ``volume`` or ``hazmat``."""

SPACE_USE = Frame("space_use", ("warehouse_id", "space", "lying_m3", "coming_m3", "capacity_m3"))
"""What takes each warehouse's room after tonight: lots that stay, and all that is on its way or ordered, against the
capacity [m3]; ``space`` as in SPACE_PRICES. A hazmat part takes both spaces."""

REJECTS = Frame("rejects", ("file", "rule", "lines"))
"""Rows that the last import left out, counted by file and rule."""


DAYS = ("week", "received_on", "ship_on", "from", "to", "fill_48h_day", "ordered_on", "imported_on", "judged_on")
NUMBERS = (
    *("qty", "unit_cost", "volume_l", "capacity_m3", "hazmat_capacity_m3", "latitude", "longitude", "transit_hours"),
    *("mean", "p10", "p50", "p90", "cost", "surcharge", "benefit", "target_qty", "money_at_risk", "price_per_m3"),
    *("lying_m3", "coming_m3"),
    *("rows", "imported", "rejected", "lines", "pairs", "age_days", "objective", "bound", "gap"),
    *("fill_48h", "same_day", "stocked", "return_window_days"),
    *("pinball", "pinball_simplest", "coverage", "variance_factor", "coverage_used"),
)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    untyped = frame.columns[frame.dtypes.eq("object")]
    days = {name: pd.to_datetime(frame[name]) for name in untyped if name in DAYS}
    # ``stocked`` is a flag in targets and a mark in order lines: only columns that hold no text are numbers.
    numbers = {name: pd.to_numeric(frame[name]) for name in untyped if name in NUMBERS and not _holds_text(frame[name])}
    return frame.assign(**days, **numbers) if days or numbers else frame


def _holds_text(column: pd.Series) -> bool:
    return bool(column.map(lambda value: isinstance(value, str)).any())


@dataclass(frozen=True)
class ReportView:
    """The plan, and what it was made from, as plain frames.

    Attributes
    ----------
    plan_id, as_of, timezone, engine_version
        Identity of the plan. No clock: the same plan has the same bytes.
    measures
        Name to ``Measure`` as ``vmi.kpi.measure.measure`` returns them.
    worklist
        WORKLIST, all rows; the page shows the first ones.
    parts, suppliers, warehouses, centres, lanes, stock, inbound
        The contract's input files.
    cover
        COVER, standard lanes of first cover.
    lines
        Order lines as ``vmi.kpi.lines.mark_lines`` marks them.
    replenishment, returns, transfers, deliveries, targets, weekly_forecast
        What the plan decides: REPLENISHMENT, LOT_RETURNS, TRANSFERS, DELIVERIES, TARGETS, WEEKLY_FORECAST.
    weekly_history, holidays, imports, rejects, methods, method_scores, optimisations, space_prices, space_use
        Frames of this module.
    calendar_verified_through
        Last day the calendar is checked for; ``None`` if it never was.
    kpi_days, promise_hours, handling_hours
        Window of the figures [days]; what standard delivery promises and the mean time before hand-over [hours].
    """

    plan_id: str
    as_of: pd.Timestamp
    timezone: str
    engine_version: str
    measures: dict[str, Measure]
    worklist: pd.DataFrame
    parts: pd.DataFrame
    suppliers: pd.DataFrame
    warehouses: pd.DataFrame
    centres: pd.DataFrame
    lanes: pd.DataFrame
    cover: pd.DataFrame
    stock: pd.DataFrame
    inbound: pd.DataFrame
    lines: pd.DataFrame
    replenishment: pd.DataFrame
    returns: pd.DataFrame
    transfers: pd.DataFrame
    deliveries: pd.DataFrame
    targets: pd.DataFrame
    weekly_forecast: pd.DataFrame
    weekly_history: pd.DataFrame = field(default_factory=WEEKLY_HISTORY.empty)
    holidays: pd.DataFrame = field(default_factory=HOLIDAYS.empty)
    imports: pd.DataFrame = field(default_factory=IMPORTS.empty)
    rejects: pd.DataFrame = field(default_factory=REJECTS.empty)
    methods: pd.DataFrame = field(default_factory=METHODS.empty)
    method_scores: pd.DataFrame = field(default_factory=METHOD_SCORES.empty)
    optimisations: pd.DataFrame = field(default_factory=OPTIMISATIONS.empty)
    space_prices: pd.DataFrame = field(default_factory=SPACE_PRICES.empty)
    space_use: pd.DataFrame = field(default_factory=SPACE_USE.empty)
    calendar_verified_through: pd.Timestamp | None = None
    kpi_days: int = 28
    promise_hours: int = 48
    handling_hours: int = 12

    def typed(self) -> "ReportView":
        """Return the view with days as days and numbers as numbers, also in frames without rows, which have no type."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        typed: dict[str, Any] = {n: _typed(frame) for n, frame in given.items() if isinstance(frame, pd.DataFrame)}
        return replace(self, **typed)

    def part_facts(self, part_ids: pd.Series, fact: str) -> pd.Series:
        """Return a column of ``parts`` for each part id."""
        return part_ids.map(self.parts.set_index("part_id")[fact])

    def firm_orders(self) -> pd.DataFrame:
        """Return tonight's firm lines with their ``value`` [CNY] at unit cost."""
        firm = self.replenishment.loc[self.replenishment["commitment"].eq("firm")]
        return firm.assign(value=firm["qty"].astype(float) * firm["unit_cost"].astype(float))

    def available_stock(self) -> pd.DataFrame:
        """Return available lots with ``unit_cost``, ``volume_m3``, ``hazmat``, ``value`` and ``age_days``."""
        lots = self.stock.loc[self.stock["status"].eq("available") & self.stock["qty"].gt(0)]
        facts = lots[["part_id"]].merge(
            self.parts[["part_id", "unit_cost", "volume_l", "hazmat", "supplier_id"]], on="part_id", how="left"
        )
        lots = lots.reset_index(drop=True).assign(**{c: facts[c] for c in facts.columns.drop("part_id")})
        return lots.assign(
            value=lots["qty"] * lots["unit_cost"],
            volume_m3=lots["qty"] * lots["volume_l"].fillna(0) / 1000,
            age_days=(self.as_of - lots["received_on"]).dt.days,
        )
