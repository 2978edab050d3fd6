from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.parameters import Parameters
from tests.unit.simulate.small_company import EVE, ZONE, opening, order_lines, parts, table, usage
from vmi.config import Config
from vmi.simulate.company import ORDERS_TO_COME
from vmi.simulate.orders import Drawing, drawing, drawn_orders, multiplied, path_units
from vmi.simulate.ragged import Ragged

CONFIG = Config(forecast=Parameters(prophet_min_lines=1_000_000, workers=1))
CLOCK = pd.DataFrame({"service": ["same_day", "standard", "standard"], "minute": [600, 540, 1020], "lines": [1, 3, 1]})
DAY = pd.Timedelta(days=1)
FIRST, LAST = EVE + DAY, EVE + 60 * DAY


@cache
def drawn_from() -> Drawing:
    return drawing(opening(), CONFIG, CLOCK)


@cache
def drawn(seed: int = 3) -> pd.DataFrame:
    return drawn_orders(drawn_from(), FIRST, LAST, seed)


def ordered_units(orders: pd.DataFrame, source: Drawing, days: int) -> np.ndarray:
    """Return units ordered up to each day, shape (rows of the drawing, days)."""
    region = orders["centre_id"].map({"C1": "W1", "C2": "W2"})
    pairs = pd.MultiIndex.from_frame(source.outlook.pairs[["part_id", "warehouse_id"]])
    row = pairs.get_indexer(pd.MultiIndex.from_arrays([orders["part_id"], region]))
    assert (row >= 0).all()
    day = (orders["ordered_at"].dt.tz_localize(None).dt.normalize() - FIRST).dt.days
    units = np.zeros((len(pairs), days), dtype=np.int64)
    np.add.at(units, (row, day.to_numpy()), orders["qty"].to_numpy())
    return units.cumsum(axis=1)


def test_drawn_orders_are_order_lines_of_known_parts_and_centres_numbered_by_day() -> None:
    orders = drawn()
    assert list(orders.columns) == list(ORDERS_TO_COME.columns)
    assert not orders.duplicated(["order_id", "line_no"]).any()
    assert orders["order_id"].str.fullmatch(r"D\d{8}-\d{5}").all()
    assert (orders["order_id"].str[1:9] == orders["ordered_at"].dt.strftime("%Y%m%d")).all()
    assert str(orders["ordered_at"].dtype) == f"datetime64[ns, {ZONE}]"
    assert orders["ordered_at"].is_monotonic_increasing
    assert set(orders["part_id"]) <= set(opening().parts["part_id"])
    assert (orders["qty"] >= 1).all()


@pytest.mark.parametrize("seed", range(4))
def test_units_ordered_by_any_day_are_the_path_s_but_for_the_line_in_progress(seed: int) -> None:
    source = drawn_from()
    days = source.outlook.forecast.horizon_days
    everything = drawn_orders(source, FIRST, EVE + days * DAY, seed)
    path = path_units(source, seed).cumsum(axis=1)
    assert path[:, -1].sum() > 100
    largest = int(everything["qty"].max())
    assert np.abs(ordered_units(everything, source, days) - path).max() < largest


def test_units_ordered_are_the_path_s_in_the_mean() -> None:
    source, days = drawn_from(), 28
    seeds = range(150)
    ordered = [drawn_orders(source, FIRST, EVE + days * DAY, seed)["qty"].sum() for seed in seeds]
    path = [path_units(source, seed)[:, :days].sum() for seed in seeds]
    scatter = np.std(np.subtract(ordered, path)) / np.sqrt(len(seeds))
    assert abs(np.mean(ordered) - np.mean(path)) < 4 * scatter


def test_lines_have_sizes_their_part_was_ordered_in() -> None:
    assert set(drawn()["qty"]) == {2, 4}


def test_a_part_of_few_lines_is_ordered_in_its_family_s_sizes_too() -> None:
    few = usage()
    few = few[(few["part_id"] != "P1") | (few["day"] == few.loc[few["part_id"] == "P1", "day"].max())]
    few = few.assign(qty=np.where(few["part_id"] == "P1", 7, few["qty"]))
    source = drawing(opening(usage=few), CONFIG, CLOCK)
    sizes = pd.concat([drawn_orders(source, FIRST, LAST, seed) for seed in range(20)])
    assert set(sizes.loc[sizes["part_id"] == "P1", "qty"]) == {2, 4, 7}
    assert (sizes.loc[sizes["part_id"] == "P1", "qty"] == 7).mean() < 0.5


def test_orders_come_when_they_used_to_and_same_day_from_where_a_lane_goes() -> None:
    orders = pd.concat([drawn(seed) for seed in range(8)])
    minute = orders["ordered_at"].dt.hour * 60 + orders["ordered_at"].dt.minute
    same_day = orders["service"] == "same_day"
    assert set(minute[same_day]) == {600}
    assert set(minute[~same_day]) == {540, 1020}
    assert (minute[~same_day] == 540).mean() == pytest.approx(0.75, abs=0.08)
    assert set(orders.loc[same_day, "centre_id"]) == {"C1"}
    assert orders.loc[orders["centre_id"] == "C1", "service"].eq("same_day").mean() == pytest.approx(1 / 7, abs=0.05)


def test_the_same_seed_draws_the_same_orders_however_long_the_window() -> None:
    again = drawn_orders(drawing(opening(), CONFIG, CLOCK), FIRST, LAST, 3)
    pd.testing.assert_frame_equal(again, drawn())
    short = drawn_orders(drawn_from(), FIRST, EVE + 10 * DAY, 3)
    pd.testing.assert_frame_equal(short, drawn().iloc[: len(short)])
    assert not drawn_orders(drawn_from(), FIRST, LAST, 4).equals(drawn())


def test_the_order_of_rows_does_not_matter() -> None:
    frames = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in opening().frames().items()}
    source = drawing(opening(**frames), CONFIG, CLOCK.iloc[::-1])
    pd.testing.assert_frame_equal(drawn_orders(source, FIRST, LAST, 3), drawn())


def test_what_was_not_known_on_the_eve_draws_nothing_and_an_old_part_s_demand_is_its_successor_s() -> None:
    coming = parts(P1={"successor_id": "P2"}, P3={"successor_id": "P4"}, P4={"introduced_on": EVE + 5 * DAY})
    company = opening(parts=coming)
    bare = {name: getattr(company, name).query("part_id != 'P4'") for name in ("usage", "stock")}
    source = drawing(replace(company, **bare), CONFIG, CLOCK)
    found = set(drawn_orders(source, FIRST, LAST, 1)["part_id"])
    assert found == {"P2", "P3", "P5", "P6"}


def test_a_region_without_centres_orders_nothing() -> None:
    company = opening(centres=table("centres", [{"centre_id": "C1", "city": "Hefei"}]))
    source = drawing(replace(company, usage=company.usage.query("centre_id == 'C1'")), CONFIG, CLOCK)
    elsewhere = source.outlook.pairs["warehouse_id"].eq("W2").to_numpy()
    forecast = source.outlook.forecast
    assert forecast.paths(1, forecast.horizon_days, 1)[0][elsewhere].sum() > 0
    units = path_units(source, 1)
    assert units[elsewhere].sum() == 0 and units[~elsewhere].sum() > 0
    assert set(drawn_orders(source, FIRST, LAST, 1)["centre_id"]) == {"C1"}


def test_where_no_line_s_size_is_known_lines_are_of_one_unit() -> None:
    source = drawing(opening(usage=usage().assign(lines=2)), CONFIG, CLOCK)
    assert set(drawn_orders(source, FIRST, LAST, 1)["qty"]) == {1}


def test_days_beyond_the_horizon_are_no_days_to_draw() -> None:
    for first, last in ((EVE, LAST), (FIRST, EVE + 201 * DAY)):
        with pytest.raises(ValueError, match="horizon"):
            drawn_orders(drawn_from(), first, last, 1)


ORDERS = order_lines(*((f"O{i:04d}", "2026-09-21T10:00", "C1", "P1", 1 + i % 3) for i in range(1000)))


@pytest.mark.parametrize(("factor", "least", "most"), [(0.0, 0, 0), (0.3, 0, 1), (1.0, 1, 1), (2.4, 2, 3)])
def test_multiplied_lines_stand_as_often_as_the_factor_says(factor: float, least: int, most: int) -> None:
    found = multiplied(ORDERS, factor)
    assert len(found) == pytest.approx(1000 * factor, abs=60)
    copies = found["order_id"].str[:5].value_counts().reindex(ORDERS["order_id"], fill_value=0)
    assert (copies.min(), copies.max()) == (least, most)
    assert not found.duplicated(["order_id", "line_no"]).any()
    assert list(found.columns) == list(ORDERS.columns)


def test_a_line_fares_alike_whatever_stands_beside_it_and_a_larger_factor_keeps_a_smaller_one_s() -> None:
    half = multiplied(ORDERS.iloc[::2], 0.5)
    assert set(half["order_id"]) == set(multiplied(ORDERS, 0.5)["order_id"]) & set(ORDERS["order_id"].iloc[::2])
    assert set(multiplied(ORDERS, 0.3)["order_id"]) < set(multiplied(ORDERS, 0.5)["order_id"])
    pd.testing.assert_frame_equal(multiplied(ORDERS, 1.0), ORDERS)
    with pytest.raises(ValueError, match="-1"):
        multiplied(ORDERS, -1)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=30),
    uniform=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30),
)
def test_a_table_of_distributions_draws_only_values_of_the_group_that_weigh_something(
    rows: list[tuple[int, int, int]], uniform: list[float]
) -> None:
    groups, values, weights = (np.array(column) for column in zip(*rows, strict=True))
    made = Ragged.of(groups, values, 5, weights.astype(np.float64))
    known = [g for g in range(5) if weights[groups == g].sum() > 0]
    assert made.counts[known].all() and made.counts.sum() == len(made.values)
    for group in known:
        found = made.draw(np.full(len(uniform), group), np.array(uniform))
        assert set(found) <= set(values[(groups == group) & (weights > 0)])
        largest = values[(groups == group) & (weights > 0)].max()
        assert made.draw(np.array([group]), np.array([np.nextafter(1, 0)]))[0] == largest


def test_draws_follow_the_weights_and_an_empty_group_has_nothing_to_draw() -> None:
    made = Ragged.of([0, 0, 2], [5, 7, 1], 3, np.array([1.0, 3.0, 2.0]))
    found = made.draw(np.zeros(1000, dtype=np.int64), (np.arange(1000) + 0.5) / 1000)
    assert (found == 7).mean() == pytest.approx(0.75)
    with pytest.raises(ValueError, match="without values"):
        made.draw(np.array([1]), np.array([0.5]))
