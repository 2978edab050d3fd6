"""Rules 4, 5 and 7 of a published plan: stock is given once, every open line is answered, numbers are numbers."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from vmi.frames import Situation
from vmi.publish.findings import days, label, moments, numbers, say
from vmi.publish.supply_invariants import LOT, taken_by_lot

LINE = ["order_id", "line_no"]
_STANDARD_PROMISE = pd.Timedelta(hours=48)
_SECOND = pd.Timedelta(seconds=1)
_QUANTILES = {
    "replenishment": [("demand_p50", "demand_p90")],
    "forecast": [("p10", "p50"), ("p50", "p90")],
}
_COUNTS = {
    *("pack_qty", "on_hand", "inbound", "backordered", "target_qty", "cover_days", "age_days"),
    *("demand_p50", "demand_p90", "mean", "p10", "p50", "p90"),
}
_SHARES = {"return_risk", "fill_rate"}
_SENT = {"replenishment", "returns", "transfers", "deliveries", "eta"}


def stock_faults(decided: Mapping[str, pd.DataFrame], stock: pd.DataFrame) -> Iterator[str]:
    """Check (4): deliveries, transfers and returns take no more than lies there, lot by lot and pair by pair."""
    available = stock[stock["status"] == "available"]
    on_hand = numbers(available["qty"]).groupby([available[column].astype(object) for column in LOT]).sum()
    taken = taken_by_lot(decided)
    excess = taken.sub(on_hand, fill_value=0)
    by_lot = excess[excess > 0].index.to_frame(index=False)
    yield from say("stock", "a lot given out beyond what is on hand", label(by_lot, *LOT))


def delivery_faults(situation: Situation, deliveries: pd.DataFrame) -> Iterator[str]:
    """Check (5): each open line is answered in full, by lanes that exist, and told the truth about its promise."""
    yield from _conservation_faults("deliveries", situation.open_orders, deliveries)
    answered = _with_order(deliveries, situation.open_orders)
    yield from _part_faults(answered, situation.parts)
    yield from _lane_faults(answered, situation)
    yield from _promise_faults(answered, situation)


def eta_faults(open_orders: pd.DataFrame, eta: pd.DataFrame) -> Iterator[str]:
    """Check (5): each open line stands in exactly one report, once, and that its own centre's."""
    twice = eta[eta.duplicated(LINE)]
    yield from say("eta", "a line reported twice", label(twice, *LINE))
    yield from _conservation_faults("eta", open_orders, eta)
    reported = _with_order(eta, open_orders)
    elsewhere = reported["centre_id"] != reported["centre_id_of_order"]
    yield from say("eta", "a line in another centre's report", label(reported[elsewhere], *LINE))
    crossed = moments(eta["eta_p50"]) > moments(eta["eta_p90"])
    yield from say("eta", "eta_p50 after eta_p90", label(eta[crossed], *LINE))


def _conservation_faults(name: str, open_orders: pd.DataFrame, answers: pd.DataFrame) -> Iterator[str]:
    asked = numbers(open_orders["qty"]).groupby(_line_keys(open_orders)).sum()
    given = numbers(answers["qty"]).groupby(_line_keys(answers)).sum()
    for rule, lines in (
        ("an open line without an answer", asked.index.difference(given.index)),
        ("a line that is not open", given.index.difference(asked.index)),
    ):
        yield from say(name, rule, label(lines.to_frame(index=False), *LINE))
    both = asked.index.intersection(given.index)
    differs = both[(asked[both] != given[both]).to_numpy()]
    yield from say(name, "quantities do not add up to the line's", label(differs.to_frame(index=False), *LINE))


def _line_keys(rows: pd.DataFrame) -> list[pd.Series]:
    return [rows["order_id"].astype(object), numbers(rows["line_no"]).astype("int64")]


def _with_order(answers: pd.DataFrame, open_orders: pd.DataFrame) -> pd.DataFrame:
    """Return answers to open lines with the line's own columns as ``<column>_of_order``."""
    own = open_orders[[*LINE, "ordered_at", "centre_id", "part_id", "service", "first_promise"]]
    own = own.rename(columns={c: f"{c}_of_order" for c in own.columns if c not in LINE})
    return answers.astype({"line_no": "int64"}).merge(own.astype({"line_no": "int64"}), on=LINE)


def _part_faults(answered: pd.DataFrame, parts: pd.DataFrame) -> Iterator[str]:
    """Check that what is supplied is what was ordered, or of its supersession chain, to its own centre."""
    final = _final_parts(parts)
    supplied, ordered = answered["part_id"].map(final), answered["part_id_of_order"].map(final)
    other = (supplied != ordered) & (answered["part_id"] != answered["part_id_of_order"])
    yield from say("deliveries", "another part than ordered", label(answered[other], *LINE))
    elsewhere = answered["centre_id"] != answered["centre_id_of_order"]
    yield from say("deliveries", "to another centre than the line's", label(answered[elsewhere], *LINE))


def _final_parts(parts: pd.DataFrame) -> pd.Series:
    """Return the last part of each chain; index part_id. A chain doubles its reach each round, so few rounds do."""
    successor = parts.set_index("part_id")["successor_id"].fillna("")
    final = pd.Series(np.where(successor == "", successor.index, successor), index=successor.index, dtype=object)
    for _ in range(max(1, len(final)).bit_length()):
        final = final.map(final).fillna(final)
    return final


def _lane_faults(answered: pd.DataFrame, situation: Situation) -> Iterator[str]:
    """Check that what leaves a warehouse uses a quoted lane and is promised no faster than it."""
    city = situation.centres.set_index("centre_id")["city"]
    moved = answered[answered["source"] == "warehouse"]
    moved = moved.assign(city=moved["centre_id_of_order"].map(city))
    lanes = situation.lanes[["warehouse_id", "city", "service", "transit_hours"]]
    moved = moved.merge(lanes, on=["warehouse_id", "city", "service"], how="left")
    transit = pd.to_timedelta(numbers(moved["transit_hours"]), unit="h").dt.floor("s")
    yield from say("deliveries", "no such lane", label(moved[transit.isna()], *LINE, "warehouse_id", "service"))
    ship_at, eta = moments(moved["ship_at"]), moments(moved["eta"])
    yield from say(
        "deliveries", "from a warehouse, without ship_at or eta", label(moved[ship_at.isna() | eta.isna()], *LINE)
    )
    yield from say("deliveries", "faster than the lane's quote", label(moved[eta - ship_at < transit - _SECOND], *LINE))


def _promise_faults(answered: pd.DataFrame, situation: Situation) -> Iterator[str]:
    """Check promise_by against the service ordered, on_time against promise_by, and that first_promise stands."""
    eta, promise_by, ordered_at = (moments(answered[c]) for c in ("eta", "promise_by", "ordered_at_of_order"))
    kept = (eta <= promise_by).map({True: "Y", False: "N"})
    yield from say(
        "deliveries", "on_time is not eta <= promise_by", label(answered[answered["on_time"] != kept], *LINE)
    )
    standard = answered["service_of_order"] == "standard"
    wrong = standard & ((promise_by - ordered_at - _STANDARD_PROMISE).abs() > _SECOND)
    wrong |= ~standard & ~_is_same_day_promise(answered, situation)
    wrong |= promise_by.isna()
    yield from say("deliveries", "promise_by is not the service's", label(answered[wrong], *LINE))
    first = moments(answered["first_promise_of_order"])
    moved = first.notna() & ~((moments(answered["first_promise"]) - first).abs() <= _SECOND)
    yield from say("deliveries", "first_promise was moved", label(answered[moved], *LINE))


def _is_same_day_promise(answered: pd.DataFrame, situation: Situation) -> pd.Series:
    """Return whether promise_by ends the day of the order, or a later one where the order came after the cut-off.

    Which warehouse's cut-off counts is the planner's choice, so an order between the earliest and the latest of its
    city may have either; which later day is the next working day is the calendar's, and is not judged here.
    """
    zone = situation.timezone
    ordered_at = moments(answered["ordered_at_of_order"]).dt.tz_convert(zone)
    promise_by = moments(answered["promise_by"]).dt.tz_convert(zone)
    # The end of a day is its last second or the midnight after it.
    end = promise_by - _SECOND
    late_days = (days(end.dt.tz_localize(None)) - days(ordered_at.dt.tz_localize(None))).dt.days
    is_end = (promise_by.dt.tz_localize(None).dt.strftime("%H:%M:%S")).isin(["23:59:59", "23:59:00", "00:00:00"])
    city = answered["centre_id_of_order"].map(situation.centres.set_index("centre_id")["city"])
    lanes = situation.lanes[situation.lanes["service"] == "same_day"]
    cut_off = lanes["cut_off"].fillna("17:00").groupby(lanes["city"])
    clock = ordered_at.dt.strftime("%H:%M:%S")
    earliest, latest = city.map(cut_off.min()).fillna("00:00"), city.map(cut_off.max()).fillna("24:00")
    in_time, too_late = clock <= earliest + ":00", clock > latest + ":59"
    return is_end & ((late_days == 0) & ~too_late | (late_days > 0) & ~in_time)


def number_faults(outputs: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Check (7): numbers are finite, counts not negative, quantiles in order; and line ids are used once."""
    for name in sorted(outputs):
        frame = outputs[name]
        for column in frame.columns[[pd.api.types.is_numeric_dtype(t) for t in frame.dtypes]]:
            yield from _column_faults(name, column, numbers(frame[column]))
        for low, high in _QUANTILES.get(name, []):
            if (numbers(frame[low]).round(6) > numbers(frame[high]).round(6)).any():
                yield f"{name}: {low} above {high}"
        if "line_id" in frame.columns:
            yield from say(name, "a line_id used twice", frame.loc[frame["line_id"].duplicated(), "line_id"])


def _column_faults(name: str, column: str, values: pd.Series) -> Iterator[str]:
    known = values.dropna()
    if np.isinf(known).any():
        yield f"{name}: {column} is not finite"
    if column in _COUNTS and (known < 0).any():
        yield f"{name}: {column} is negative"
    if column in _SHARES and not known.between(0, 1).all():
        yield f"{name}: {column} is no share"
    if column == "qty" and name in _SENT and not (values > 0).all():
        yield f"{name}: qty is not positive"
