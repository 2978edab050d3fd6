"""The inventory game: when an order arrives, what a week costs, and the two policies."""

import numpy as np
import pytest

from benchmarks.ordering import (
    State,
    benchmark_policy,
    close_week,
    opening_state,
    order_from_paths,
    replay,
    seasonal_average,
    window_cost,
)

NOTHING = np.zeros(1)


def state(on_hand: float, due_next: float = 0.0, due_after: float = 0.0) -> State:
    return State(np.array([on_hand]), np.array([due_next]), np.array([due_after]))


def test_a_week_sells_what_is_there_and_charges_what_is_left_or_lost() -> None:
    after, cost = close_week(state(2.0, 3.0), np.array([4.0]), NOTHING)
    assert after.on_hand == 1.0 and cost == pytest.approx(0.2)
    after, cost = close_week(state(2.0, 3.0), np.array([7.0]), NOTHING)
    assert after.on_hand == 0.0 and cost == pytest.approx(2.0)


def test_an_order_serves_the_third_week_after_it() -> None:
    demand = np.ones((1, 3))
    _, cost = replay(demand, 0, state(0.0), lambda week, _: np.array([1.0]), weeks=3, orders=3)
    assert cost.tolist() == [[1.0, 1.0, 0.0]]


def test_only_the_first_weeks_order() -> None:
    asked: list[int] = []

    def policy(week: int, _: State) -> np.ndarray:
        asked.append(week)
        return NOTHING

    replay(np.zeros((1, 9)), 1, state(0.0), policy, weeks=8, orders=6)
    assert asked == [1, 2, 3, 4, 5, 6]


def test_paths_order_the_critical_quantile_of_the_week_the_order_is_for() -> None:
    last = np.arange(1.0, 101.0)  # the first of 100 equally likely demands that reaches 1 / 1.2
    paths = np.stack([np.zeros(100), np.zeros(100), last], axis=1)[None]
    assert order_from_paths(state(0.0), paths) == 84.0
    assert order_from_paths(state(3.0, 1.0, 2.0), paths) == 78.0


def test_demand_lost_before_the_order_arrives_leaves_nothing_to_make_up() -> None:
    paths = np.array([[[9.0, 9.0, 2.0]]])
    assert order_from_paths(state(5.0), paths) == 2.0


def test_paths_keep_the_link_between_weeks() -> None:
    """High demand all along needs more than the quantiles of each week suggest: stock left goes with low demand."""
    linked = np.array([[[4.0, 4.0, 4.0], [0.0, 0.0, 0.0]]])
    assert order_from_paths(state(4.0), linked) == 4.0


def rarely_wanted(later: float) -> np.ndarray:
    """Ten units are wanted in the week ordered for on two paths of five, and ``later`` in each of three weeks after."""
    return np.array([[[0.0, 0.0, wanted, later, later, later] for wanted in (10.0, 10.0, 0.0, 0.0, 0.0)]])


def test_what_would_be_left_for_weeks_is_not_ordered() -> None:
    """A lost unit costs 1 on two paths of five, one left over 0.2 a week on three: 0.12 for one week, 0.48 for four."""
    assert order_from_paths(state(0.0), rarely_wanted(0.0)[:, :, :3]) == 10.0
    assert order_from_paths(state(0.0), rarely_wanted(0.0)) == 0.0


def test_what_makes_the_next_order_smaller_is_ordered() -> None:
    assert order_from_paths(state(0.0), rarely_wanted(10.0)) == 10.0


def test_the_benchmark_takes_sold_out_weeks_out_of_its_average() -> None:
    demand = np.full((2, 60), 3.0)
    known = np.ones((2, 60), dtype=bool)
    demand[0, 55:], known[0, 55:] = 0.0, False
    assert np.allclose(seasonal_average(demand, known), 3.0)


def test_the_benchmark_follows_the_season_of_all_series() -> None:
    week = np.arange(104)
    demand = np.tile(np.where(week % 52 < 2, 20.0, 2.0), (3, 1))
    ahead = seasonal_average(demand, np.ones_like(demand, dtype=bool))
    assert np.allclose(ahead[0], [20.0, 20.0, 2.0, 2.0])


def test_the_benchmark_orders_up_to_four_weeks() -> None:
    demand = np.full((1, 60), 3.0)
    order = benchmark_policy(demand, np.ones((1, 60), dtype=bool))
    assert order(60, state(2.0, 3.0, 3.0)) == 4.0
    assert order(60, state(40.0)) == 0.0


def test_steady_demand_settles_to_the_stock_of_the_policy() -> None:
    demand, known = np.full((1, 80), 3.0), np.ones((1, 80), dtype=bool)
    opened = opening_state(demand, known, 70)
    assert (opened.on_hand[0], opened.due_next[0], opened.due_after[0]) == (3.0, 3.0, 3.0)
    assert window_cost(demand, known, 70, benchmark_policy(demand, known)) == pytest.approx(6 * 0.2 * 3)


def test_the_first_two_weeks_of_a_window_do_not_count() -> None:
    demand, known = np.full((1, 80), 3.0), np.ones((1, 80), dtype=bool)
    demand[0, 70:72] = 1000.0
    exact = {70: 3.0, 71: 3.0, 72: 3.0, 73: 3.0, 74: 3.0, 75: 3.0}
    assert window_cost(demand, known, 70, lambda week, _: np.array([exact[week]])) == pytest.approx(0.0)
