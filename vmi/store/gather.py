"""Gather all that a plan may see at the close of a day, as frames; nothing later than that day is let through.

Usage is summed in SQL: a history of millions of lines never lies in memory line by line.
"""

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, cast, func, select

from vmi.contract import INPUT, INPUTS
from vmi.frames import (
    FORECAST_CALIBRATION,
    FORECAST_SCORES,
    HUBS,
    LANE_TIMES,
    MOVED_LOTS,
    OPEN_ORDERS,
    PRICES,
    PROFILES,
    USAGE,
    Situation,
)
from vmi.pipeline import open_plan_lines
from vmi.store.frames_io import read_frame, read_table, table_of
from vmi.store.known import KnownKeys
from vmi.store.parameters import GatherParameters
from vmi.store.runs import COUNTING, RUNS, last_published, read_plan
from vmi.store.stock_history import stockouts
from vmi.tables.inputs import INPUT_TABLES
from vmi.tables.ledger import InboundSeen, Receipt
from vmi.tables.plans import PlanDerivation, PlanReplenishment, PlanTransfer, Promise

ORDERS = table_of(INPUT_TABLES["orders"])
LEARNED = (PROFILES, FORECAST_SCORES, FORECAST_CALIBRATION, PRICES)
"""What a night learned and the next one begins with."""
WHOLE_FILES = (
    *("suppliers", "parts", "warehouses", "centres", "lanes", "supply"),
    *("stock", "availability", "inbound", "weather", "vehicles", "fitments"),
)
"""Files that a plan sees as they stand."""


def known_keys(connection: Connection) -> KnownKeys:
    """Return what rows of an import may refer to without bringing it along."""
    has_rows = {name: connection.scalar(select(table_of(t)).limit(1)) is not None for name, t in INPUT_TABLES.items()}
    parts, lanes = table_of(INPUT_TABLES["parts"]), table_of(INPUT_TABLES["lanes"])
    superseded = select(parts.c.part_id, parts.c.successor_id).where(parts.c.successor_id.is_not(None))
    cities = select(lanes.c.city).where(lanes.c.service == "standard").distinct()
    return KnownKeys(
        ids={name: _ids(connection, name) for name in _referenced()} if any(has_rows.values()) else {},
        has_rows=has_rows,
        successors={row.part_id: row.successor_id for row in connection.execute(superseded)},
        lane_cities=frozenset(connection.scalars(cities)),
    )


def situation(
    connection: Connection,
    as_of: pd.Timestamp,
    timezone: str,
    parameters: GatherParameters | None = None,
    at: pd.Timestamp | None = None,
) -> Situation:
    """Return what a plan may see at the close of ``as_of``, a day of ``timezone``; a dispatch also orders up to ``at``.

    Every frame is sorted by its key and has the contract's columns in the contract's order. Read it on one
    ``engine.read_only`` connection, so that all frames are of one state of the database.
    """
    parameters = parameters or GatherParameters()
    files = {name: _file(connection, name, timezone) for name in WHOLE_FILES}
    return Situation(
        as_of=as_of,
        timezone=timezone,
        **files,
        usage=usage(connection, as_of),
        open_orders=open_orders(connection, as_of, timezone, at),
        lane_times=lane_times(connection, as_of, timezone, parameters.lane_history_days),
        closures=_since(_file(connection, "closures", timezone), "to", as_of, -parameters.closure_history_days),
        overrides=_since(_file(connection, "overrides", timezone), "until", as_of, 1),
        open_plan_lines=pipeline(connection, as_of, files["inbound"], timezone),
        stockouts=stockouts(connection, as_of),
        moved_lots=moved_lots(connection, as_of),
        **learned(connection, as_of),
    )


def usage(connection: Connection, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return USAGE: order lines up to ``as_of`` that were not cancelled, summed; sorted by all but the sums."""
    groups = (ORDERS.c.part_id, ORDERS.c.centre_id, ORDERS.c.ordered_on.label("day"), ORDERS.c.service)
    summed = (
        select(*groups, cast(func.sum(ORDERS.c.qty), BigInteger).label("qty"), func.count().label("lines"))
        .where(ORDERS.c.ordered_on <= as_of.date(), ORDERS.c.status != "cancelled")
        .group_by(*groups)
    )
    found = read_frame(connection, summed)
    return found.sort_values(["part_id", "centre_id", "day", "service"], ignore_index=True)[list(USAGE.columns)]


def open_orders(
    connection: Connection, as_of: pd.Timestamp, timezone: str, at: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return OPEN_ORDERS: lines still to be served, ordered up to the close of ``as_of`` or, if given, up to ``at``.

    ``first_promise`` is the file's, else that of the first published run; then ``promised_on`` is the day whose close
    that run had seen, so that the same night planned again can be told from a night that inherits promises.
    """
    seen = ORDERS.c.ordered_on <= as_of.date() if at is None else ORDERS.c.ordered_at <= at.to_pydatetime()
    return waiting_lines(connection, and_(ORDERS.c.status == "open", seen), timezone)


def waiting_lines(connection: Connection, which: ColumnElement[bool], timezone: str) -> pd.DataFrame:
    """Return OPEN_ORDERS of the order lines of which ``which`` holds, with their first promise and ``promised_on``."""
    orders = read_frame(connection, select(*(ORDERS.c[n] for n in OPEN_ORDERS.columns)).where(which), timezone)
    joined = orders.merge(_promises(connection, which, timezone), how="left", on=["order_id", "line_no"])
    ours = joined["first_promise"].isna()
    joined["first_promise"] = joined["first_promise"].fillna(joined.pop("promised"))
    joined["promised_on"] = joined["promised_on"].where(ours)
    return joined.sort_values(["order_id", "line_no"], ignore_index=True)


def lane_times(connection: Connection, as_of: pd.Timestamp, timezone: str, days: int) -> pd.DataFrame:
    """Return LANE_TIMES of lines delivered in the last ``days`` days, up to the close of ``as_of``."""
    centres, lanes = table_of(INPUT_TABLES["centres"]), table_of(INPUT_TABLES["lanes"])
    close = (as_of + pd.Timedelta(days=1)).tz_localize(timezone)
    lane = and_(
        lanes.c.warehouse_id == ORDERS.c.warehouse_id,
        lanes.c.city == centres.c.city,
        lanes.c.service == ORDERS.c.service,
    )
    columns = (ORDERS.c.warehouse_id, centres.c.city, ORDERS.c.service, ORDERS.c.shipped_at, ORDERS.c.delivered_at)
    delivered: Select[tuple[object, ...]] = (
        select(*columns, lanes.c.transit_hours)
        .join(centres, centres.c.centre_id == ORDERS.c.centre_id)
        .join(lanes, lane)
        .where(
            ORDERS.c.status == "delivered",
            ORDERS.c.shipped_at.is_not(None),
            ORDERS.c.delivered_at >= (close - pd.Timedelta(days=days)).to_pydatetime(),
            ORDERS.c.delivered_at < close.to_pydatetime(),
        )
    )
    found = read_frame(connection, delivered, timezone)
    took = (found["delivered_at"] - found["shipped_at"]).dt.total_seconds() / 3600
    times = found.assign(late_hours=(took - found["transit_hours"]).round(6))[list(LANE_TIMES.columns)]
    return times.sort_values(list(times.columns), ignore_index=True)


def pipeline(connection: Connection, as_of: pd.Timestamp, inbound: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Return OPEN_PLAN_LINES; see ``vmi.pipeline`` for the rules."""
    lines = table_of(PlanReplenishment)
    names = ("line_id", "supplier_id", "part_id", "warehouse_id", "qty", "ship_on", "due_on")
    firm = (
        select(*(lines.c[n] for n in names), RUNS.c.as_of.label("published_as_of"))
        .join(RUNS, RUNS.c.run_id == lines.c.run_id)
        .where(RUNS.c.state == "published", RUNS.c.kind == "plan", RUNS.c.as_of < as_of.date())
        .where(lines.c.commitment == "firm")
    )
    published = read_frame(connection, firm)
    confirmations = read_table(connection, INPUT_TABLES["confirmations"], timezone)
    seen = read_table(connection, InboundSeen)
    return open_plan_lines(published, confirmations, inbound, seen, _receipts(connection, published), as_of)


def moved_lots(connection: Connection, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return MOVED_LOTS: lots in stock where a transfer published before ``as_of`` was to bring them."""
    transfers, stock = table_of(PlanTransfer), table_of(INPUT_TABLES["stock"])
    arrived = and_(
        stock.c.warehouse_id == transfers.c.to_warehouse,
        stock.c.part_id == transfers.c.part_id,
        stock.c.lot_id == transfers.c.lot_id,
    )
    moved = (
        select(*(stock.c[n] for n in MOVED_LOTS.columns))
        .join(transfers, arrived)
        .join(RUNS, RUNS.c.run_id == transfers.c.run_id)
        .where(RUNS.c.state.in_(COUNTING), RUNS.c.as_of < as_of.date())
        .distinct()
    )
    return read_frame(connection, moved).sort_values(list(MOVED_LOTS.columns), ignore_index=True)


def learned(connection: Connection, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return PROFILES, FORECAST_SCORES, FORECAST_CALIBRATION, PRICES and HUBS of the last plan before ``as_of``.

    By name; the night planned again finds those it found first.
    """
    last = last_published(connection, before=as_of.date())
    if last is None:
        return {frame.name: frame.empty() for frame in (*LEARNED, HUBS)}
    found = {f.name: read_plan(connection, last, f"plan_{f.name}")[list(f.columns)] for f in LEARNED}
    derived = table_of(PlanDerivation)
    hubs = select(derived.c.part_id, derived.c.warehouse_id).where(
        derived.c.run_id == last.run_id, derived.c.hub == derived.c.warehouse_id
    )
    return found | {HUBS.name: read_frame(connection, hubs).sort_values(list(HUBS.columns), ignore_index=True)}


def stock_at_close(connection: Connection) -> pd.DataFrame:
    """Return the stock as last imported."""
    return _file(connection, "stock", "UTC")


def _receipts(connection: Connection, published: pd.DataFrame) -> pd.DataFrame:
    """Return the lots that came after the first published line; no earlier one can serve any."""
    receipts = table_of(Receipt)
    if published.empty:
        return read_frame(connection, select(receipts).limit(0))
    first_day = published["published_as_of"].min().date()
    return read_frame(connection, select(receipts).where(receipts.c.received_on > first_day))


def _promises(connection: Connection, which: ColumnElement[bool], timezone: str) -> pd.DataFrame:
    """Return the first promise of each of these order lines, and the day whose close the run that made it had seen."""
    promises = table_of(Promise)
    counting = (
        select(
            promises.c.order_id,
            promises.c.line_no,
            promises.c.first_promise.label("promised"),
            RUNS.c.as_of.label("promised_on"),
            promises.c.run_id,
            RUNS.c.kind,
        )
        .join(RUNS, RUNS.c.run_id == promises.c.run_id)
        .join(ORDERS, and_(ORDERS.c.order_id == promises.c.order_id, ORDERS.c.line_no == promises.c.line_no))
        .where(RUNS.c.state.in_(COUNTING), which)
    )
    found = read_frame(connection, counting, timezone).sort_values("run_id", kind="stable")
    # A dispatch of a day had seen the close of the day before.
    night = found["promised_on"] - pd.to_timedelta(found["kind"].eq("dispatch").astype(int), unit="D")
    return found.assign(promised_on=night).drop_duplicates(["order_id", "line_no"]).drop(columns=["run_id", "kind"])


def _file(connection: Connection, name: str, timezone: str) -> pd.DataFrame:
    """Return an input table with the contract's columns, sorted by its key."""
    columns = [c.name for c in INPUT[name].columns]
    found = read_table(connection, INPUT_TABLES[name], timezone)[columns]
    return found.sort_values(list(INPUT[name].keys), ignore_index=True)


def _since(frame: pd.DataFrame, column: str, as_of: pd.Timestamp, days: int) -> pd.DataFrame:
    """Keep rows whose day is unknown or at least ``days`` after ``as_of``."""
    last = frame[column]
    return frame.loc[last.isna() | last.ge(as_of + pd.Timedelta(days=days))].reset_index(drop=True)


def _referenced() -> set[str]:
    """Return every ``file.column`` that a file of the contract refers to."""
    return {c.references for file in INPUTS for c in file.columns if c.references}


def _ids(connection: Connection, name: str) -> pd.Index:
    file, column = name.split(".")
    return pd.Index(connection.scalars(select(table_of(INPUT_TABLES[file]).c[column])).all(), dtype=object)
