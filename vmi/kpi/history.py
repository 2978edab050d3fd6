"""What the figures are measured on: the recent past, as frames."""

from dataclasses import dataclass

import pandas as pd

from vmi.frames import Frame

ORDER_LINES = Frame(
    "order_lines",
    (
        *("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service", "status"),
        *("warehouse_id", "shipped_at", "delivered_at", "first_promise", "promise_by"),
    ),
)
"""Order lines of the recent past, all states; ``promise_by`` is the contract's promise (section 3, rule 5)."""

ON_HAND = Frame("on_hand", ("day", "part_id", "warehouse_id", "qty"))
"""Available units at the close of ``day``. A day with any row is whole: a pair without a row had nothing."""

STOCK_DAYS = Frame("stock_days", ("as_of", "warehouse_id", "value", "units"))
"""Value at unit cost [CNY] and units on hand at the close of each day that a plan has seen."""

FLOWS = Frame("flows", ("day", "kind", "supplier_id", "warehouse_id", "value"))
"""Goods ``received`` from and ``returned`` to a supplier at a warehouse [CNY at unit cost]."""

PAST_FORECASTS = Frame("past_forecasts", ("part_id", "warehouse_id", "mean", "p90"))
"""Forecast of the four weeks that end at as_of, as published before they began; ``p10`` and ``p50`` are optional."""

ACTUALS = Frame("actuals", ("part_id", "warehouse_id", "qty"))
"""Demand of those four weeks; a pair without a row had none."""

FIRM_LINES = Frame("firm_lines", ("line_id", "qty", "due_on"))
"""Firm lines in force under a plan: newly published ones and those still in the pipeline."""


@dataclass(frozen=True)
class KpiHistory:
    """All that the figures of a night are measured on; ``None`` says that nothing is known, an empty frame that
    nothing happened.

    Attributes
    ----------
    order_lines
        ORDER_LINES of at least the window and the promise before it.
    centres, cover
        ``centre_id city`` and COVER: they say which warehouse covers a centre first.
    parts
        ``part_id unit_cost``; ``final_part`` where supersession is resolved.
    stock_days, stock_value_today
        STOCK_DAYS of earlier nights; today's on-hand value at unit cost [CNY].
    on_hand
        ON_HAND of the days before the orders.
    flows
        FLOWS of the window.
    past_forecasts, actuals
        PAST_FORECASTS and ACTUALS of the same four weeks.
    last_as_of, last_firm_lines, firm_lines
        FIRM_LINES under the previous plan, its day, and FIRM_LINES under this one.
    deliveries
        DELIVERIES of tonight.
    """

    as_of: pd.Timestamp
    timezone: str
    order_lines: pd.DataFrame
    centres: pd.DataFrame
    cover: pd.DataFrame
    parts: pd.DataFrame
    stock_days: pd.DataFrame | None = None
    stock_value_today: float | None = None
    on_hand: pd.DataFrame | None = None
    flows: pd.DataFrame | None = None
    past_forecasts: pd.DataFrame | None = None
    actuals: pd.DataFrame | None = None
    last_as_of: pd.Timestamp | None = None
    last_firm_lines: pd.DataFrame | None = None
    firm_lines: pd.DataFrame | None = None
    deliveries: pd.DataFrame | None = None

    @property
    def close(self) -> pd.Timestamp:
        """The moment at which ``as_of`` ends, in the planning zone."""
        return (self.as_of + pd.Timedelta(days=1)).tz_localize(self.timezone)
