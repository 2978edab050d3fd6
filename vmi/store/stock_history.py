"""Remember what lay where at the close of each planned day, as spans of days with the same quantity.

Slow parts lie still for weeks, so spans take a small part of the room that a row a day would. They tell demand that
could not be seen (the part was out) from demand that was not there, and how well parts were stocked.
"""

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, select, update

from vmi.frames import STOCKOUTS
from vmi.store.frames_io import read_frame, table_of, write_frame
from vmi.tables.ledger import StockRecordDay, StockSpan

SPANS = table_of(StockSpan)
DAYS = table_of(StockRecordDay)
PAIR = ["warehouse_id", "part_id"]


def record_stock(connection: Connection, as_of: pd.Timestamp, stock: pd.DataFrame) -> bool:
    """Record the available units of a stock snapshot for the close of ``as_of``.

    Recording a day again replaces it. A day before the last recorded one is left as it is: the snapshot at hand is not
    that day's. Returns whether it was recorded.
    """
    today = as_of.date()
    last = connection.scalar(select(func.max(DAYS.c.day)))
    if last is not None and last > today:
        return False
    if last == today:
        _forget(connection, as_of)
    previous = connection.scalar(select(func.max(DAYS.c.day)))
    held = _held(stock)
    running = read_frame(connection, select(SPANS).where(SPANS.c.last_day == previous)) if previous else None
    if running is not None:
        continued = held.merge(running, on=[*PAIR, "qty"])
        write_frame(connection, SPANS, continued, {"last_day": as_of}, update=True)
        new = held.merge(continued[PAIR], on=PAIR, how="left", indicator="known")
        held = new.loc[new["known"].eq("left_only"), [*PAIR, "qty"]]
    write_frame(connection, SPANS, held, {"first_day": as_of, "last_day": as_of})
    connection.execute(insert(DAYS).values(day=today))
    return True


def on_hand_history(connection: Connection, first_day: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the available units of each recorded day in a window: ``day part_id warehouse_id qty``, where any lay."""
    days = _days(connection, first_day, as_of)
    within = (SPANS.c.last_day >= first_day.date()) & (SPANS.c.first_day <= as_of.date())
    spans = read_frame(connection, select(SPANS).where(within))
    start = days.searchsorted(spans["first_day"].to_numpy(), side="left")
    count = days.searchsorted(spans["last_day"].to_numpy(), side="right") - start
    rows = spans.loc[spans.index.repeat(count)]
    offset = rows.groupby(level=0).cumcount().to_numpy()
    day = days[start.repeat(count) + offset]
    found = pd.DataFrame({"day": day, **{c: rows[c].to_numpy() for c in ("part_id", "warehouse_id", "qty")}})
    return found.sort_values(["day", "warehouse_id", "part_id"], ignore_index=True)


def stockouts(connection: Connection, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return part_id, first_day, last_day: days up to ``as_of`` on which a part that had lain somewhere lay nowhere.

    A part out at one warehouse is still served from another, so only a part out everywhere hides demand. Only what was
    recorded counts: before a part's first stock, and on days without a record, nothing is known.
    """
    days = _days(connection, pd.Timestamp.min, as_of)
    spans = read_frame(connection, select(SPANS).where(SPANS.c.first_day <= as_of.date()))
    spans = spans.sort_values(["part_id", "first_day", "last_day", "warehouse_id"], ignore_index=True)
    if spans.empty:
        return STOCKOUTS.empty().astype({"first_day": "datetime64[ns]", "last_day": "datetime64[ns]"})
    reach = spans.groupby("part_id")["last_day"].cummax()
    back_on = spans.groupby("part_id")["first_day"].shift(-1).fillna(as_of + pd.Timedelta(days=1))
    gone_from = days.searchsorted(reach.to_numpy(), side="right")
    gone_to = days.searchsorted(back_on.to_numpy(), side="left") - 1
    out = gone_to >= gone_from
    found = spans.loc[out, ["part_id"]].assign(first_day=days[gone_from[out]], last_day=days[gone_to[out]])
    return found.reset_index(drop=True)


def _held(stock: pd.DataFrame) -> pd.DataFrame:
    available = stock.loc[stock["status"].eq("available")]
    held = available.groupby(PAIR, as_index=False)["qty"].sum()
    return held.loc[held["qty"].gt(0)]


def _forget(connection: Connection, as_of: pd.Timestamp) -> None:
    """Undo the last recorded day."""
    today = as_of.date()
    connection.execute(delete(DAYS).where(DAYS.c.day == today))
    previous = connection.scalar(select(func.max(DAYS.c.day)))
    connection.execute(delete(SPANS).where(SPANS.c.first_day == today))
    if previous is not None:
        connection.execute(update(SPANS).where(SPANS.c.last_day == today).values(last_day=previous))


def _days(connection: Connection, first_day: pd.Timestamp, as_of: pd.Timestamp) -> pd.DatetimeIndex:
    days = pd.DatetimeIndex(read_frame(connection, select(DAYS))["day"]).sort_values()
    return days[(days >= first_day) & (days <= as_of)]
