"""Read the recent past of a night, for its review: nothing from runs of its own day or later, no clock, no run number.

The same night planned again, its first run now published, finds the same past and so publishes the same bytes.
"""

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, cast, func, or_, select

from vmi.past import (
    ANSWERS,
    ARRIVALS,
    FORECASTS,
    IMPORTS,
    ORDER_LINES,
    PUBLISHED_LINES,
    RECEIPTS,
    RETURNS,
    STOCK_DAYS,
    WANTED,
    Past,
    PastParameters,
)
from vmi.store.frames_io import read_frame, table_of
from vmi.store.ledger import input_files, rejected_rows
from vmi.store.runs import COUNTING, RUNS
from vmi.store.stock_history import on_hand_history
from vmi.tables.inputs import INPUT_TABLES
from vmi.tables.ledger import InboundSeen, Receipt
from vmi.tables.plans import PlanDerivation, PlanForecast, PlanReplenishment, PlanReturn, Promise, StockDay

ORDERS = table_of(INPUT_TABLES["orders"])
INBOUND = table_of(INPUT_TABLES["inbound"])
CONFIRMATIONS = table_of(INPUT_TABLES["confirmations"])
SEEN = table_of(InboundSeen)
LOTS = table_of(Receipt)
FIRM = table_of(PlanReplenishment)
DERIVED = table_of(PlanDerivation)
SHIPMENT_LINE = ["line_id", "shipment_id", "line_no"]
ONE_DAY = pd.Timedelta(days=1)


def past(connection: Connection, as_of: pd.Timestamp, timezone: str, parameters: PastParameters) -> Past:
    """Return the recent past of the close of ``as_of``, a day of ``timezone``; every frame sorted by its key."""
    start = as_of - pd.Timedelta(days=parameters.order_days)
    first, last = _published_days(connection, as_of)
    firm_lines = _firm_lines(connection, start, as_of, timezone)
    lots = _lots(connection, start, as_of)
    forecast_as_of, forecasts = _forecasts(connection, as_of, parameters)
    return Past(
        as_of=as_of,
        order_lines=_order_lines(connection, start, as_of, timezone),
        stock_days=_stock_days(connection, start, as_of),
        on_hand=on_hand_history(connection, as_of - pd.Timedelta(days=parameters.on_hand_days), as_of - ONE_DAY),
        receipts=_from_suppliers(lots),
        returns=_returns(connection, start, as_of),
        firm_lines=firm_lines,
        arrivals=_arrivals(connection, firm_lines, lots, as_of),
        answers=_answers(connection, firm_lines, as_of, timezone),
        wanted=_wanted(connection, start, as_of),
        imports=_imports(connection, as_of, timezone),
        rejects=rejected_rows(connection),
        first_as_of=first,
        last_as_of=last,
        forecasts=forecasts,
        forecast_as_of=forecast_as_of,
    )


def _earlier(as_of: pd.Timestamp, start: pd.Timestamp | None = None) -> list[ColumnElement[bool]]:
    """Return the conditions of a plan that counts: published, of a day before this one, from ``start`` on."""
    counts = [RUNS.c.state == "published", RUNS.c.kind == "plan", RUNS.c.as_of < as_of.date()]
    return counts if start is None else [*counts, RUNS.c.as_of >= start.date()]


def _published_days(connection: Connection, as_of: pd.Timestamp) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    days = select(func.min(RUNS.c.as_of), func.max(RUNS.c.as_of)).where(*_earlier(as_of))
    first, last = connection.execute(days).one()
    return (None, None) if first is None else (pd.Timestamp(first), pd.Timestamp(last))


def _order_lines(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return ORDER_LINES: what happened after the close has not happened yet."""
    close = (as_of + ONE_DAY).tz_localize(timezone)
    within = ORDERS.c.ordered_on.between(start.date(), as_of.date())
    lines = read_frame(connection, select(*(ORDERS.c[n] for n in ORDER_LINES.columns)).where(within), timezone)
    promises = _promises(connection, start, as_of, timezone)
    lines = lines.merge(promises, how="left", on=["order_id", "line_no"])
    lines["first_promise"] = lines["first_promise"].fillna(lines["promised"])
    delivered_later, shipped_later = lines["delivered_at"].ge(close), lines["shipped_at"].ge(close)
    status = lines["status"].mask(delivered_later, "shipped").mask(shipped_later, "open")
    lines["status"] = status.where(lines["status"].ne("cancelled"), "cancelled")
    lines["delivered_at"] = lines["delivered_at"].mask(delivered_later | shipped_later)
    lines["shipped_at"] = lines["shipped_at"].mask(shipped_later)
    lines["warehouse_id"] = lines["warehouse_id"].mask(shipped_later, "")
    return lines.sort_values(["order_id", "line_no"], ignore_index=True)[list(ORDER_LINES.columns)]


def _promises(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return order_id, line_no, promised: the first promise of each line that a run before this night made."""
    promises = table_of(Promise)
    # A dispatch of a day had seen the close of the day before.
    plans = and_(RUNS.c.kind == "plan", RUNS.c.as_of < as_of.date())
    dispatches = and_(RUNS.c.kind == "dispatch", RUNS.c.as_of <= as_of.date())
    key = and_(ORDERS.c.order_id == promises.c.order_id, ORDERS.c.line_no == promises.c.line_no)
    made = (
        select(promises.c.order_id, promises.c.line_no, promises.c.first_promise.label("promised"), promises.c.run_id)
        .join(RUNS, RUNS.c.run_id == promises.c.run_id)
        .join(ORDERS, key)
        .where(RUNS.c.state.in_(COUNTING), or_(plans, dispatches), ORDERS.c.ordered_on >= start.date())
    )
    found = read_frame(connection, made, timezone).sort_values("run_id", kind="stable")
    return found.drop_duplicates(["order_id", "line_no"]).drop(columns="run_id")


def _stock_days(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    days = table_of(StockDay)
    seen = select(*(days.c[n] for n in STOCK_DAYS.columns)).join(RUNS, RUNS.c.run_id == days.c.run_id)
    found = read_frame(connection, seen.where(*_earlier(as_of, start)))
    return found.sort_values(["as_of", "warehouse_id"], ignore_index=True)


def _lots(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the lots received in the window; so what the first import found lying from before it is left out."""
    found = read_frame(connection, select(LOTS).where(LOTS.c.received_on.between(start.date(), as_of.date())))
    return found.sort_values(["warehouse_id", "part_id", "lot_id"], ignore_index=True)


def _from_suppliers(lots: pd.DataFrame) -> pd.DataFrame:
    """Return RECEIPTS: a lot seen elsewhere in an earlier import came by transfer."""
    first = lots.groupby(["part_id", "lot_id"])["import_id"].transform("min")
    return lots.loc[lots["import_id"].eq(first), list(RECEIPTS.columns)].reset_index(drop=True)


def _returns(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return RETURNS, a line that several plans published once, on its earliest day."""
    returns = table_of(PlanReturn)
    published = select(*(returns.c[n] for n in RETURNS.columns)).join(RUNS, RUNS.c.run_id == returns.c.run_id)
    picked_up = returns.c.pick_up_on.between(start.date(), as_of.date())
    found = read_frame(connection, published.where(*_earlier(as_of), picked_up))
    found = found.sort_values(["line_id", "pick_up_on", "qty", "unit_cost"])
    return found.drop_duplicates("line_id", ignore_index=True)


def _firm_lines(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp, timezone: str) -> pd.DataFrame:
    names = [n for n in PUBLISHED_LINES.columns if n != "published_as_of"]
    stated: Select[tuple[object, ...]] = (
        select(*(FIRM.c[n] for n in names), RUNS.c.as_of.label("published_as_of"))
        .join(RUNS, RUNS.c.run_id == FIRM.c.run_id)
        .where(FIRM.c.commitment == "firm", *_earlier(as_of, start))
    )
    found = read_frame(connection, stated, timezone).sort_values(["line_id", "published_as_of"])
    return found.drop_duplicates("line_id", keep="last", ignore_index=True)


def _arrivals(
    connection: Connection, firm_lines: pd.DataFrame, lots: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return ARRIVALS of those lines, sorted by line.

    A shipment that has left ``inbound`` arrived with the first lot of its part at its warehouse that a later import
    showed; until there is one, it is still on its way.
    """
    names = [*SHIPMENT_LINE, "qty", "shipped_on", "received_on"]
    now = read_frame(connection, select(*(INBOUND.c[n] for n in names)).where(INBOUND.c.line_id.is_not(None)))
    seen = read_frame(connection, select(SEEN))
    seen = seen.loc[seen["line_id"].isin(firm_lines["line_id"])]
    gone = seen.merge(now[SHIPMENT_LINE], how="left", on=SHIPMENT_LINE, indicator="where")
    gone = gone.loc[gone["where"].eq("left_only")].drop(columns="where")
    later = gone.merge(lots[["warehouse_id", "part_id", "received_on", "import_id"]], on=["warehouse_id", "part_id"])
    later = later.loc[later["import_id"].gt(later["last_import_id"])]
    later = later.sort_values([*SHIPMENT_LINE, "import_id", "received_on"]).drop_duplicates(SHIPMENT_LINE)
    gone = gone.merge(later[[*SHIPMENT_LINE, "received_on"]], how="left", on=SHIPMENT_LINE)
    gone = gone.assign(shipped_on=pd.Series(pd.NaT, gone.index, dtype="datetime64[ns]"))
    now = now.loc[now["line_id"].isin(firm_lines["line_id"])]
    shipments = pd.concat([f[names] for f in (now, gone) if len(f)] or [now[names]], ignore_index=True)
    return _by_line(shipments, as_of)


def _by_line(shipments: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    has_come = shipments["received_on"].le(as_of)
    known = shipments.assign(
        shipped_on=shipments["shipped_on"].where(shipments["shipped_on"].le(as_of)),
        received_on=shipments["received_on"].where(has_come),
        received_qty=shipments["qty"].astype(float).where(has_come),
        waits=~has_come,
    )
    by_line = known.groupby("line_id", sort=True)
    lines = by_line.agg(shipped_on=("shipped_on", "min"), received_on=("received_on", "max"), waits=("waits", "any"))
    lines["received_qty"] = by_line["received_qty"].sum(min_count=1)
    lines["received_on"] = lines["received_on"].mask(lines["waits"].astype(bool))
    return lines.reset_index()[list(ARRIVALS.columns)]


def _answers(connection: Connection, firm_lines: pd.DataFrame, as_of: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return ANSWERS to those lines, given before the close or at a time unknown."""
    found = read_frame(connection, select(*(CONFIRMATIONS.c[n] for n in ANSWERS.columns)), timezone)
    close = (as_of + ONE_DAY).tz_localize(timezone)
    given = found["line_id"].isin(firm_lines["line_id"]) & ~found["answered_at"].ge(close)
    return found.loc[given].sort_values("line_id", ignore_index=True)


def _wanted(connection: Connection, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return WANTED: units granted are those ordered, wanted those and what availability cut off."""
    keys = ["as_of", "supplier_id"]
    granted = select(RUNS.c.as_of, FIRM.c.supplier_id, _units(FIRM.c.qty).label("granted_qty"))
    granted = granted.join(RUNS, RUNS.c.run_id == FIRM.c.run_id).where(FIRM.c.commitment == "firm")
    short = select(RUNS.c.as_of, DERIVED.c.supplier_id, _units(DERIVED.c.need_qty - DERIVED.c.qty).label("short_qty"))
    short = short.join(RUNS, RUNS.c.run_id == DERIVED.c.run_id)
    short = short.where(DERIVED.c.binding == "availability", DERIVED.c.need_qty > DERIVED.c.qty)
    one, two = (
        read_frame(connection, q.where(*_earlier(as_of, start)).group_by(RUNS.c.as_of, c))
        for q, c in ((granted, FIRM.c.supplier_id), (short, DERIVED.c.supplier_id))
    )
    both = one.merge(two, how="outer", on=keys)
    units = both[["granted_qty", "short_qty"]].astype(float).fillna(0.0)
    both = both.assign(granted_qty=units["granted_qty"], wanted_qty=units["granted_qty"] + units["short_qty"])
    return both.sort_values(keys, ignore_index=True)[list(WANTED.columns)]


def _units(units: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(units), BigInteger)


def _forecasts(
    connection: Connection, as_of: pd.Timestamp, parameters: PastParameters
) -> tuple[pd.Timestamp | None, pd.DataFrame | None]:
    """Return the forecast published ``forecast_days`` ago, or the newest within the grace before that, and its day."""
    newest = as_of - pd.Timedelta(days=parameters.forecast_days)
    oldest = newest - pd.Timedelta(days=parameters.forecast_grace_days)
    runs = select(RUNS.c.run_id, RUNS.c.as_of).where(*_earlier(newest + ONE_DAY, oldest))
    run = connection.execute(runs.order_by(RUNS.c.as_of.desc(), RUNS.c.run_id.desc()).limit(1)).first()
    if run is None:
        return None, None
    table = table_of(PlanForecast)
    rows = select(*(table.c[n] for n in FORECASTS.columns)).where(table.c.run_id == run.run_id)
    found = read_frame(connection, rows).sort_values(["part_id", "warehouse_id"], ignore_index=True)
    return pd.Timestamp(run.as_of), found


def _imports(connection: Connection, as_of: pd.Timestamp, timezone: str) -> pd.DataFrame:
    """Return IMPORTS. A later import counts as one of as_of: the day a plan was made must not show in it."""
    files = input_files(connection, timezone)
    day = pd.to_datetime(files["imported_at"]).dt.tz_localize(None).dt.normalize()
    day = day.where(day.lt(as_of), as_of)
    age = (as_of - day).dt.days
    named = files.rename(columns={"name": "file", "rows_read": "rows"}).assign(imported_on=day, age_days=age)
    return named[list(IMPORTS.columns)]
