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
STEPS = 3
"""Weeks a forecast must reach: two until an order arrives, and the one it is for."""
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
    """Return the order that covers its own week at the critical ratio on paths of stock with lost sales.

    Parameters
    ----------
    paths
        Demand [units] of the next weeks, shape (series, paths, at least STEPS), drawn jointly over weeks.
    """
    left = np.maximum((state.on_hand + state.due_next)[:, None] - paths[:, :, 0], 0)
    left = np.maximum(left + state.due_after[:, None] - paths[:, :, 1], 0)
    needed = paths[:, :, 2] - left
    return np.maximum(np.ceil(np.quantile(needed, CRITICAL_RATIO, axis=1, method="inverted_cdf")), 0)


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
