"""The inventory planning game of the VN2 yardstick, replayed on earlier weeks of its history.

Each week: what is due arrives, demand takes what is there, the rest of the demand is lost; then an order is placed at
the end of the week and arrives at the start of the third week after. Cost: a unit left over 0.2 a week, a unit lost
1.0. Of eight weeks, the last six count: no order of ours can reach the first two.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.scores import Array, Flags

HOLDING_COST = 0.2
LOST_COST = 1.0
CRITICAL_RATIO = LOST_COST / (LOST_COST + HOLDING_COST)
WEEKS = 8
ORDERS = 6
LEAD = 2
"""Weeks until an order can serve demand."""
SERVED = LEAD + 1
"""Weeks that a forecast must reach: the last is the one that an order is for."""
STEPS = 6
"""Weeks that paths reach: three more, in which what is left over of an order has to be kept."""
WARM_UP = 8
SEASON = 52
AVERAGED = 13
COVERED = 4


@dataclass(frozen=True)
class State:
    """Units per series at the end of a week: on hand, arriving at the start of the next and of the week after."""

    on_hand: Array
    due_next: Array
    due_after: Array


Policy = Callable[[int, State], Array]
"""Number of weeks known, state at their end -> units ordered per series."""


def close_week(state: State, demand: Array, ordered: Array) -> tuple[State, Array]:
    """Return the state at the end of the week, its order placed, and the week's cost per series."""
    available = state.on_hand + state.due_next
    sold = np.minimum(available, demand)
    left = available - sold
    return State(left, state.due_after, ordered), HOLDING_COST * left + LOST_COST * (demand - sold)


def order_from_paths(state: State, paths: Array) -> Array:
    """Return the order whose last unit is still worth ordering, by paths of stock with lost sales.

    A unit not sold in the week that it is for is kept on, at a cost, until it sells or an order after it is the
    smaller for it. Paths that reach no further than that week leave the critical quantile of what the week lacks.

    Parameters
    ----------
    paths
        Demand [units] of the next weeks, shape (series, paths, at least SERVED), drawn jointly over weeks; none after
        the end of the game, whose stock costs nothing.
    """
    left = np.maximum((state.on_hand + state.due_next)[:, None] - paths[:, :, 0], 0)
    left = np.maximum(left + state.due_after[:, None] - paths[:, :, 1], 0)
    # Costs rise with every unit, and beyond the critical quantile they have risen above nothing.
    low, high = np.zeros(len(paths)), np.maximum(_critical(paths[:, :, LEAD] - left), 0)
    while (low < high).any():
        middle = np.ceil((low + high) / 2)
        worth = _cost_of_last(left + middle[:, None], paths) < 0
        low, high = np.where(worth, middle, low), np.where(worth, high, middle - 1)
        high = np.maximum(low, high)
    return low


def _cost_of_last(stock: Array, paths: Array) -> Array:
    """Return the expected cost of the last unit of a stock (series, paths) at the start of the week ordered for.

    Later weeks are ordered up to their own critical quantile: only above it does a unit left over remain one.
    """
    sold = paths[:, :, LEAD] >= stock
    cost, kept = np.where(sold, -LOST_COST, HOLDING_COST), ~sold
    for week in range(SERVED, paths.shape[2]):
        stock = stock - paths[:, :, week - 1]
        kept &= stock > _critical(paths[:, :, week])[:, None]
        sold = paths[:, :, week] >= stock
        cost += kept * np.where(sold, -LOST_COST, HOLDING_COST)
        kept &= ~sold
    return np.asarray(cost.mean(axis=1))


def _critical(units: Array) -> Array:
    """Return each series' smallest whole number that units (series, paths) do not exceed at the critical ratio."""
    return np.ceil(np.quantile(units, CRITICAL_RATIO, axis=1, method="inverted_cdf"))


def seasonal_average(demand: Array, known: Flags) -> Array:
    """Return the benchmark's forecast of the next four weeks, shape (series, 4).

    The 13-week moving average of the weeks known to be in stock, rid of the week-of-year factors of all series
    together, times the factors of the weeks ahead.
    """
    seen = np.where(known, demand, 0.0)
    periods = demand.shape[1]
    week = np.arange(periods) % SEASON
    mean = seen.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    factor = np.bincount(week, mean, SEASON) / np.maximum(np.bincount(week, minlength=SEASON), 1)
    factor = np.where(factor > 0, factor / factor[factor > 0].mean(), 1.0)
    late = slice(max(periods - AVERAGED, 0), periods)
    level = (seen / factor[week])[:, late].sum(axis=1) / np.maximum(known[:, late].sum(axis=1), 1)
    return level[:, None] * factor[(periods + np.arange(COVERED)) % SEASON]


def benchmark_policy(demand: Array, known: Flags) -> Policy:
    """Return the official benchmark: order up to four weeks of the seasonal moving average."""

    def order(week: int, state: State) -> Array:
        target = seasonal_average(demand[:, :week], known[:, :week]).sum(axis=1)
        return np.maximum(np.round(target) - state.on_hand - state.due_next - state.due_after, 0)

    return order


def replay(demand: Array, start: int, state: State, policy: Policy, weeks: int, orders: int) -> tuple[State, Array]:
    """Play weeks from ``start``, ordering before the first ``orders`` of them; return state, cost (series, weeks)."""
    costs = np.zeros((len(demand), weeks))
    for week in range(weeks):
        ordered = policy(start + week, state) if week < orders else np.zeros(len(demand))
        state, costs[:, week] = close_week(state, demand[:, start + week], ordered)
    return state, costs


def opening_state(demand: Array, known: Flags, start: int) -> State:
    """Return the state that the benchmark policy leaves after playing the weeks before ``start``."""
    first = start - WARM_UP
    ahead = np.round(seasonal_average(demand[:, :first], known[:, :first]))
    state = State(2 * ahead[:, 0], ahead[:, 1], ahead[:, 2])
    return replay(demand, first, state, benchmark_policy(demand, known), WARM_UP, WARM_UP)[0]


def window_cost(demand: Array, known: Flags, start: int, policy: Policy) -> Array:
    """Return the cost per series of the weeks that count in the window from ``start``, shape (series,)."""
    state = opening_state(demand, known, start)
    costs = replay(demand, start, state, policy, WEEKS, ORDERS)[1]
    return costs[:, WEEKS - ORDERS :].sum(axis=1)
