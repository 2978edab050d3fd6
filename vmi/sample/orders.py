"""Orders and how they went: lines gathered into orders, served from a warehouse, shipped, late or still open."""

from dataclasses import dataclass, replace

import numpy as np

from vmi.sample.catalogue import Catalogue
from vmi.sample.geography import Network
from vmi.sample.parameters import SampleParameters
from vmi.sample.seasons import next_open_day
from vmi.sample.usage import Usage

MINUTES = 1440
SAME_DAY_SHARE = 0.07
MOST_SAME_DAY = 0.25
"""Chance that an order is same-day where a lane for it exists: never more, however few cities have one."""
TONIGHT_SAME_DAY = 3
RIGHT_WAREHOUSE_SHARE = 0.93
STOCK_OUT_SHARE = 0.012
CANCELLED_SHARE = 0.012
LATE_SHARE = 0.02
HAND_OVER, CUT_OFF = 12 * 60, 13 * 60
"""Minute of the day until which a standard line still leaves that evening; that of the same-day lanes' cut-off."""
PROMISE_MINUTES = 48 * 60
PROMISED_DAYS = 180
"""Promises are on file for that many days; before, the company did not keep them."""
OPEN_DAYS = 3
MISSING_SHARE = 0.06
"""Of the parts asked for in the last ``OPEN_DAYS``, those that lie nowhere."""
STATUSES = ("open", "shipped", "delivered", "cancelled")
OPEN, SHIPPED, DELIVERED, CANCELLED = range(4)


@dataclass(frozen=True)
class Orders:
    """Order lines in file order; moments are minutes since midnight of the first day, -1 where unknown.

    ``order`` numbers the orders from 0, ``warehouse`` is -1 where nothing has shipped, ``missing`` lists the parts
    that are to lie nowhere at ``as_of``.
    """

    order: np.ndarray
    line_no: np.ndarray
    ordered: np.ndarray
    centre: np.ndarray
    part: np.ndarray
    qty: np.ndarray
    same_day: np.ndarray
    status: np.ndarray
    warehouse: np.ndarray
    shipped: np.ndarray
    delivered: np.ndarray
    promised: np.ndarray
    missing: np.ndarray

    def __len__(self) -> int:
        """Return the number of order lines."""
        return len(self.order)


def _order_moments(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return minutes of the day of ``count`` orders: a morning and an afternoon peak, 07:30 to 20:00."""
    morning = rng.random(count) < 0.55
    minute = np.where(morning, rng.normal(610, 70, count), rng.normal(925, 95, count))
    return np.clip(np.round(minute), 450, 1200).astype(np.int32)


def _gather(usage: Usage, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort lines by centre within a day and cut them into orders; return line order, order number, moment of orders."""
    by = np.lexsort((usage.qty, usage.part, rng.random(len(usage.part)), usage.centre, usage.day))
    day, centre, part = usage.day[by], usage.centre[by], usage.part[by]
    starts = np.ones(len(by), dtype=bool)
    starts[1:] = (np.diff(day) != 0) | (np.diff(centre) != 0) | (np.diff(part) == 0) | (rng.random(len(by) - 1) < 0.3)
    order = np.cumsum(starts) - 1
    return by, order, day[starts] * MINUTES + _order_moments(int(starts.sum()), rng)


def _choose_same_day(network: Network, centre: np.ndarray, moment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose the same-day orders: only where a lane exists, fewer after the cut-off, a few for certain tonight."""
    reach = ~np.isnan(network.same_day).all(axis=0)[network.city_of_centre][centre]
    late = moment % MINUTES >= CUT_OFF
    weight = np.where(late, 0.35, 1.0) * reach
    scale = SAME_DAY_SHARE / max(float(weight.mean()), SAME_DAY_SHARE / MOST_SAME_DAY)
    chosen = rng.random(len(centre)) < weight * scale
    tonight = moment >= moment.max() // MINUTES * MINUTES
    chosen[np.flatnonzero(reach & late & tonight)[:TONIGHT_SAME_DAY]] = True
    return chosen


def place_orders(parameters: SampleParameters, network: Network, usage: Usage) -> Orders:
    """Return the lines as orders in the sequence in which they came in, nothing served yet."""
    rng = np.random.default_rng([parameters.seed, 200])
    by, order, moment = _gather(usage, rng)
    sequence = np.argsort(moment, kind="stable")
    number = np.empty(len(sequence), dtype=np.int32)
    number[sequence] = np.arange(len(sequence), dtype=np.int32)
    same_day = _choose_same_day(network, usage.centre[by][np.unique(order, return_index=True)[1]], moment, rng)
    line_no = np.arange(len(by)) - np.searchsorted(order, order) + 1
    final = np.lexsort((line_no, number[order]))
    by, order, line_no = by[final], order[final], line_no[final]
    unknown = np.full(len(by), -1, dtype=np.int32)
    return Orders(
        order=number[order],
        line_no=line_no.astype(np.int32),
        ordered=moment[order].astype(np.int32),
        centre=usage.centre[by],
        part=usage.part[by],
        qty=usage.qty[by],
        same_day=same_day[order],
        status=np.zeros(len(by), dtype=np.int8),
        warehouse=unknown,
        shipped=unknown,
        delivered=unknown,
        promised=unknown,
        missing=np.empty(0, dtype=np.int64),
    )


def hazmat_warehouses(warehouses: int) -> np.ndarray:
    """Return which warehouses may hold traction batteries: the first few, two to four."""
    return np.arange(warehouses) < min(4, max(2, warehouses // 2))


def choose_sources(network: Network, hazmat: np.ndarray, city: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Return the ``rank``-th nearest warehouse of each line's city; hazmat lines only from those that may hold them."""
    free = network.nearest()
    licensed = network.nearest(hazmat_warehouses(len(network.warehouses)))
    from_all = free[city, np.minimum(rank, free.shape[1] - 1)]
    from_licensed = licensed[city, np.minimum(rank, licensed.shape[1] - 1)]
    return np.where(hazmat, from_licensed, from_all).astype(np.int32)


def _ship(orders: Orders, open_day: np.ndarray, wait_days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return when each line left: at once for same-day before its cut-off, else this evening or a morning."""
    day, minute = np.divmod(orders.ordered, MINUTES)
    limit = np.where(orders.same_day, CUT_OFF, HAND_OVER)
    at_once = np.where(orders.same_day, np.minimum(minute + rng.integers(15, 60, len(day)), CUT_OFF), 0)
    evening = np.where(orders.same_day, at_once, rng.integers(17 * 60, 18 * 60, len(day)))
    today = (minute < limit) & (wait_days == 0)
    ship_day = day + np.where(today, 0, np.maximum(wait_days, 1))
    left = open_day[np.minimum(ship_day, len(open_day) - 1)]
    morning = rng.integers(9 * 60, 11 * 60, len(day))
    return left * MINUTES + np.where(today & (left == day), evening, morning)


def serve_orders(parameters: SampleParameters, network: Network, catalogue: Catalogue, orders: Orders) -> Orders:
    """Return the orders as history has them: shipped and delivered, some late, the newest still open."""
    rng = np.random.default_rng([parameters.seed, 300])
    n = len(orders)
    end = parameters.days * MINUTES
    city = network.city_of_centre[orders.centre]
    hazmat = (catalogue.parts["hazmat"] == "Y").to_numpy()[orders.part]
    rank = (rng.random(n) >= RIGHT_WAREHOUSE_SHARE).astype(np.int32)
    warehouse = choose_sources(network, hazmat, city, rank)
    waits = np.where(rng.random(n) < STOCK_OUT_SHARE, 1 + np.minimum(rng.geometric(0.35, n), 7), 0)
    missing = _choose_missing(orders, end, rng)
    waits[np.isin(orders.part, missing) & (orders.ordered >= end - OPEN_DAYS * MINUTES)] = 30
    shipped = _ship(orders, next_open_day(parameters), waits, rng)
    quoted = np.where(orders.same_day, network.same_day[warehouse, city], np.nan)
    hours = np.where(np.isnan(quoted), network.transit[warehouse, city], quoted)
    noise = rng.normal(10, 25, n) + np.where(rng.random(n) < LATE_SHARE, rng.gamma(2, 320, n), 0)
    noise *= np.where(orders.same_day, 0.4, 1.0)
    delivered = np.maximum(shipped + np.round(hours * 60 + noise), shipped + 30).astype(np.int64)
    status = np.where(delivered < end, DELIVERED, np.where(shipped < end, SHIPPED, OPEN))
    status = np.where(rng.random(n) < CANCELLED_SHARE, CANCELLED, status)
    gone = (status == SHIPPED) | (status == DELIVERED)
    served = replace(
        orders,
        status=status.astype(np.int8),
        warehouse=np.where(gone, warehouse, -1).astype(np.int32),
        shipped=np.where(gone, shipped, -1).astype(np.int32),
        delivered=np.where(status == DELIVERED, delivered, -1).astype(np.int32),
        missing=missing,
    )
    return replace(served, promised=_promise(served, waits, end, rng))


def _choose_missing(orders: Orders, end: int, rng: np.random.Generator) -> np.ndarray:
    """Choose the parts that lie nowhere tonight: a few of those asked for in the last days, seldom the fastest."""
    asked, lines = np.unique(orders.part[orders.ordered >= end - OPEN_DAYS * MINUTES], return_counts=True)
    if len(asked) == 0:
        return asked
    chance = 1 / lines**2
    return np.sort(
        rng.choice(
            asked, min(len(asked), max(3, round(MISSING_SHARE * len(asked)))), replace=False, p=chance / chance.sum()
        )
    )


def _promise(orders: Orders, waits: np.ndarray, end: int, rng: np.random.Generator) -> np.ndarray:
    """Return first promises: the contract's moment, later where there was nothing; none for tonight's lines."""
    day, minute = np.divmod(orders.ordered, MINUTES)
    in_time = orders.ordered + PROMISE_MINUTES
    same_day = (day + (minute >= CUT_OFF)) * MINUTES + MINUTES - 1
    quoted_late = (day + np.minimum(waits, 12) + 3) * MINUTES + 18 * 60
    promised = np.where(orders.same_day, same_day, in_time)
    promised = np.where((waits > 0) & (rng.random(len(day)) < 0.7), np.maximum(quoted_late, promised), promised)
    known = (orders.ordered >= end - PROMISED_DAYS * MINUTES) & (orders.ordered < end - MINUTES)
    return np.where(known & (orders.status != CANCELLED), promised, -1).astype(np.int32)
