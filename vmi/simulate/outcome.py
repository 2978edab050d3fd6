"""What a lived run leaves behind: nights, lines, stock, money; the figures are drawn from these frames alone."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from vmi.frames import Frame

COST_KINDS = (
    *("carrying", "inbound_freight", "delivery_freight", "same_day_premium", "transfers", "returns"),
    *("lateness", "missed_same_day"),
)
"""Kinds of cost of the ledger, in the order they are shown. ``platform_fee`` is shown apart and is in no total."""

AGES = ("0-30", "31-60", "61-90", "over 90")
"""Age bands of stock by value [days since received_on]."""

NIGHTS = Frame(
    "nights",
    (
        *("policy", "scenario", "seed", "night"),
        *("lines_ordered", "lines_due", "lines_on_time", "same_day_ordered", "same_day_on_time"),
        *("lines_open", "lines_late", "units_ordered", "units_shipped", "units_received", "units_returned"),
        *("units_transferred", "units_on_hand", "stock_cny", "stock_m3", "parts_held"),
        *("stock_0_30_cny", "stock_31_60_cny", "stock_61_90_cny", "stock_over_90_cny"),
        *(f"{kind}_cny" for kind in COST_KINDS),
        *("total_cny", "platform_fee_cny", "goods_delivered_cny"),
    ),
)
"""One row per lived night (the day and its close). Money in CNY with two decimals; ``total_cny`` is the sum of the
kinds to the fen. ``night`` is the day. ``lines_due``/``lines_on_time``: lines of both services whose promise_by fell on
the day, and those of them delivered complete by it. ``same_day_ordered``/``same_day_on_time``: same-day lines ordered
on the day before the cut-off, so that their promise falls on it, and those of them delivered on it (the contract's
``same_day_rate``); a same-day line ordered later is due the next day and counts in ``lines_due`` alone.
``lines_open`` ordered and not shipped whole at the close, ``lines_late`` of them past their promise. ``stock_cny`` and
``units_on_hand`` available units at unit cost; ``stock_m3`` lots of every status."""

MOVEMENTS = Frame(
    "movements",
    (
        *("night", "part_id", "warehouse_id", "opening", "received", "transferred_in"),
        *("delivered", "returned", "transferred_out", "closing"),
    ),
)
"""Units of each part and warehouse that moved on a night: opening + received + transferred_in = delivered + returned +
transferred_out + closing. Pairs without movement on a night have no row."""

LIVED_LINES = Frame(
    "lived_lines",
    (
        *("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service", "status"),
        *("warehouse_id", "shipped_at", "delivered_at", "first_promise", "promise_by", "criticality"),
    ),
)
"""Every order line of the window as it stands at the end; ``delivered_at`` may lie after it."""


@dataclass(frozen=True)
class Outcome:
    """A policy's run under a scenario and a seed, over the nights that count (warm-up nights left out).

    Attributes
    ----------
    policy, scenario, seed
        What was run: the policy's label (``textbook:1.5``), the scenario's (``contract.return_window_days=60``, or "").
    nights
        NIGHTS.
    lines
        LIVED_LINES.
    movements
        MOVEMENTS.
    kpis
        Name to value, definition, target, unit, numerator, denominator, note: the contract's figures over the window.
    facts
        Plain figures for tables and the verdict, name to value (``None`` where not known).
    """

    policy: str
    scenario: str
    seed: int
    nights: pd.DataFrame
    lines: pd.DataFrame
    movements: pd.DataFrame
    kpis: dict[str, dict[str, Any]]
    facts: dict[str, Any]
