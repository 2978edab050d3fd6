"""What a night is reviewed against: the recent past as plain frames, nothing of it later than the night's own close.

Nothing here comes from a run of the night's own day or later: the same night planned again finds the same past.
"""

from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from vmi.frames import Frame

DAYS = (
    *("day", "as_of", "received_on", "pick_up_on", "ship_on", "due_on", "published_as_of"),
    *("shipped_on", "confirmed_ship_on", "imported_on"),
)
MOMENTS = ("ordered_at", "shipped_at", "delivered_at", "first_promise", "respond_by", "answered_at")
NUMBERS = (
    *("line", "line_no", "qty", "units", "value", "volume", "aged_value", "unit_cost", "received_qty", "confirmed_qty"),
    *("wanted_qty", "granted_qty", "mean", "p10", "p50", "p90", "rows", "imported", "rejected", "age_days"),
)

ORDER_LINES = Frame(
    "past_order_lines",
    (
        *("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service", "status"),
        *("warehouse_id", "shipped_at", "delivered_at", "first_promise"),
    ),
)
"""Order lines of the recent past, as they stood at the close."""

STOCK_DAYS = Frame("past_stock_days", ("as_of", "warehouse_id", "units", "value", "volume", "aged_value"))
"""What earlier published plans saw: units on hand, their value and that of the aged ones [CNY], volume taken [m3]."""

ON_HAND = Frame("past_on_hand", ("day", "part_id", "warehouse_id", "qty"))
RECEIPTS = Frame("past_receipts", ("warehouse_id", "part_id", "received_on", "qty"))
"""Lots that came from a supplier, with the units they were first seen with."""

RETURNS = Frame("past_returns", ("line_id", "supplier_id", "part_id", "warehouse_id", "qty", "unit_cost", "pick_up_on"))
"""Published returns whose day of pick-up has come."""

PUBLISHED_LINES = Frame(
    "published_lines",
    (
        *("line_id", "supplier_id", "part_id", "warehouse_id", "qty", "ship_on", "due_on"),
        *("respond_by", "published_as_of"),
    ),
)
"""Firm lines as earlier plans stated them last, one row each."""

ARRIVALS = Frame("arrivals", ("line_id", "shipped_on", "received_on", "received_qty"))
"""Firm lines that became shipments: ``received_on`` NaT until every shipment of the line has arrived."""

ANSWERS = Frame("answers", ("line_id", "answer", "confirmed_qty", "confirmed_ship_on", "answered_at", "comment"))
WANTED = Frame("past_wanted", ("as_of", "supplier_id", "wanted_qty", "granted_qty"))
FORECASTS = Frame("past_forecasts", ("part_id", "warehouse_id", "mean", "p10", "p50", "p90"))
IMPORTS = Frame("past_imports", ("file", "rows", "imported", "rejected", "imported_on", "age_days"))
"""The last import of each file; ``imported_on`` never after as_of, so that no clock shows in a plan."""

REJECTS = Frame("past_rejects", ("file", "line", "column", "value", "rule", "mend"))
"""Rows that the last import of each file left out, as far as the store keeps them; ``file`` as in IMPORTS."""


@dataclass(frozen=True)
class PastParameters:
    """How far back a review looks [days]."""

    order_days: int
    on_hand_days: int
    forecast_days: int = 28
    forecast_grace_days: int = 7


def nothing(contract: Frame, timezone: str = "UTC") -> pd.DataFrame:
    """Return a frame of that contract without rows, with the types it has with rows."""
    moments = dict.fromkeys(MOMENTS, f"datetime64[ns, {timezone}]")
    types = {**dict.fromkeys(DAYS, "datetime64[ns]"), **moments, **dict.fromkeys(NUMBERS, "float64")}
    return contract.empty().astype({c: types.get(c, "object") for c in contract.columns})


@dataclass(frozen=True)
class Past:
    """The recent past of the close of ``as_of``; a frame left out is empty.

    Attributes
    ----------
    order_lines, stock_days, on_hand, receipts, returns, firm_lines, arrivals, answers, wanted, imports, rejects
        Frames of this module; ``on_hand`` ends the day before ``as_of``, the last that an order is held against.
    first_as_of, last_as_of
        Days of the first and the last plan published before this one; ``None`` on the first night.
    forecasts, forecast_as_of
        FORECASTS published four weeks ago (or within a week before that) and their day; ``None`` without.
    """

    as_of: pd.Timestamp
    order_lines: pd.DataFrame = field(default_factory=partial(nothing, ORDER_LINES))
    stock_days: pd.DataFrame = field(default_factory=partial(nothing, STOCK_DAYS))
    on_hand: pd.DataFrame = field(default_factory=partial(nothing, ON_HAND))
    receipts: pd.DataFrame = field(default_factory=partial(nothing, RECEIPTS))
    returns: pd.DataFrame = field(default_factory=partial(nothing, RETURNS))
    firm_lines: pd.DataFrame = field(default_factory=partial(nothing, PUBLISHED_LINES))
    arrivals: pd.DataFrame = field(default_factory=partial(nothing, ARRIVALS))
    answers: pd.DataFrame = field(default_factory=partial(nothing, ANSWERS))
    wanted: pd.DataFrame = field(default_factory=partial(nothing, WANTED))
    imports: pd.DataFrame = field(default_factory=partial(nothing, IMPORTS))
    rejects: pd.DataFrame = field(default_factory=partial(nothing, REJECTS))
    first_as_of: pd.Timestamp | None = None
    last_as_of: pd.Timestamp | None = None
    forecasts: pd.DataFrame | None = None
    forecast_as_of: pd.Timestamp | None = None
