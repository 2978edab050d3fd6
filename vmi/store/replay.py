"""Read what a simulation begins with and what then came: a past evening as its planner saw it, and the orders since."""

from dataclasses import replace
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, func, literal, or_, select

from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.store import gather
from vmi.store.columns import raw
from vmi.store.frames_io import read_frame
from vmi.store.parameters import GatherParameters

ORDERS = gather.ORDERS
LINE = ("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service")
"""Columns of an order line to come, as ``vmi.simulate.company.ORDERS_TO_COME`` names them."""
CLOCK = ("service", "minute", "lines")
"""Columns of :func:`clock`."""
SNAPSHOT_DAYS = {
    "stock": ("received_on",),
    "inbound": ("shipped_on", "eta_on", "received_on"),
    "availability": ("available_on",),
}
"""Files that are one snapshot of the last day of history, and their days."""
MINUTE = 60_000_000
"""Microseconds."""


def span(connection: Connection) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day of the order history.

    Raises
    ------
    UsageProblem
        There is none.
    """
    first, last = connection.execute(select(func.min(ORDERS.c.ordered_on), func.max(ORDERS.c.ordered_on))).one()
    if first is None:
        raise UsageProblem("the database holds no orders to simulate from: import a folder first")
    return pd.Timestamp(first), pd.Timestamp(last)


def opening_at(
    connection: Connection, eve: pd.Timestamp, timezone: str, parameters: GatherParameters | None = None
) -> Situation:
    """Return the situation at the close of ``eve``, a day of the order history, as its planner would have seen it.

    On the last day of the history everything is as it stands. For an earlier ``eve`` usage, lane times and open orders
    are those of that close; what a snapshot holds of the last day (stock, inbound, availability) is taken as if it lay
    there on ``eve``, its days moved back with it, and published lines that were on their way then are left out, for
    the moved snapshot may hold them. Weather, closures, parts, vehicles and overrides are whole, later days too: what
    of them was known, ``vmi.simulate.knowledge`` says.

    Raises
    ------
    ValueError
        ``eve`` is not within the order history.
    """
    first, last = span(connection)
    if not first <= eve <= last:
        raise ValueError(f"opening at {eve.date()}: no day of the order history")
    found = gather.situation(connection, eve, timezone, parameters)
    if eve == last:
        return found
    moved: dict[str, Any] = {name: _moved_back(getattr(found, name), name, last - eve) for name in SNAPSHOT_DAYS}
    return replace(
        found,
        **moved,
        open_orders=open_orders_at(connection, eve, timezone),
        open_plan_lines=found.open_plan_lines.iloc[:0],
    )


def open_orders_at(connection: Connection, eve: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return OPEN_ORDERS: lines ordered by the close of ``eve`` that had not been shipped at that close.

    A line that was done without a moment of shipping went with its delivery; one without either had left. A promise
    counts if it was known: lines ordered on ``eve`` had none yet, those before had been promised in the file by the
    night of their own day, or by a run that had seen an earlier close.
    """
    close = (eve + pd.Timedelta(days=1)).tz_localize(timezone).to_pydatetime()
    left = func.coalesce(ORDERS.c.shipped_at, ORDERS.c.delivered_at)
    waiting = or_(ORDERS.c.status == "open", left >= close)
    which = and_(ORDERS.c.ordered_on <= eve.date(), ORDERS.c.status != "cancelled", waiting)
    lines = gather.waiting_lines(connection, which, timezone).assign(status="open")
    ordered_on = lines["ordered_at"].dt.tz_localize(None).dt.normalize()
    known = lines["promised_on"].fillna(ordered_on).lt(eve)
    return lines.assign(**{c: lines[c].where(known) for c in ("first_promise", "promised_on")})


def orders_between(connection: Connection, first: pd.Timestamp, last: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return the lines ordered on the days ``first`` to ``last`` and not cancelled, as ORDERS_TO_COME."""
    within = ORDERS.c.ordered_on.between(first.date(), last.date())
    lines = select(*(ORDERS.c[n] for n in LINE)).where(within, ORDERS.c.status != "cancelled")
    return read_frame(connection, lines, timezone).sort_values(["ordered_at", "order_id", "line_no"], ignore_index=True)


def clock(connection: Connection, timezone: str) -> pd.DataFrame:
    """Return when of a day lines are ordered: service, minute of the local day, lines; counted in SQL, sorted."""
    micros = raw(ORDERS.c.ordered_at, connection.dialect.name)
    local = cast(micros, BigInteger) // MINUTE + _offset_minutes(*span(connection), timezone)
    minute = (local % (24 * 60)).label("minute")
    # Grouped outside: PostgreSQL takes two equal expressions with parameters for two different ones.
    lines = select(ORDERS.c.service, minute).where(ORDERS.c.status != "cancelled").subquery()
    counted = select(lines.c.service, lines.c.minute, func.count().label("lines")).group_by(*lines.c)
    found = read_frame(connection, counted).astype({"minute": "int64", "lines": "int64"})
    return found.sort_values(["service", "minute"], ignore_index=True)[list(CLOCK)]


def _offset_minutes(first: pd.Timestamp, last: pd.Timestamp, timezone: str) -> ColumnElement[int]:
    """Return how far local time is ahead of UTC on an order's day [minutes]; zones change it with the season."""
    days = pd.date_range(first, last)
    noon = (days + pd.Timedelta(hours=12)).tz_localize(timezone).tz_localize(None)
    utc = (days + pd.Timedelta(hours=12)).tz_localize(timezone).tz_convert("UTC").tz_localize(None)
    offsets = pd.Series(((noon - utc).total_seconds() // 60).astype("int64"), index=days)
    starts = offsets[offsets.ne(offsets.shift())]
    until = zip(starts.index[1:], starts.iloc[:-1], strict=True)
    whens = [(ORDERS.c.ordered_on < day.date(), literal(int(minutes), BigInteger)) for day, minutes in until]
    latest = literal(int(starts.iloc[-1]), BigInteger)
    return case(*whens, else_=latest) if whens else latest


def _moved_back(frame: pd.DataFrame, name: str, by: pd.Timedelta) -> pd.DataFrame:
    return frame.assign(**{column: frame[column] - by for column in SNAPSHOT_DAYS[name]})
