"""Charts say what the data says: lengths, places and labels, checked on shapes."""

import re

import pandas as pd
import pytest

from vmi.reports import palette, words
from vmi.reports.charts.bars import Column, capacity_bar, stacked_columns, target_bar
from vmi.reports.charts.fan import Fan, fan_chart
from vmi.reports.charts.map import coverage_map
from vmi.reports.charts.svg import number, text, ticks


def widths(chart: str, colour: str) -> list[float]:
    return [float(w) for w in re.findall(rf'width="([\d.]+)" height="[\d.]+" fill="{colour}"', chart)]


@pytest.mark.parametrize(
    ("top", "marks"),
    [(0.0, [0, 1]), (7.0, [0, 2, 4, 6, 8]), (100.0, [0, 50, 100]), (315_000.0, [0, 1e5, 2e5, 3e5, 4e5])],
)
def test_ticks_are_round_and_reach_the_top(top: float, marks: list[float]) -> None:
    assert ticks(top) == pytest.approx(marks)


def test_only_what_lies_beyond_capacity_is_red() -> None:
    assert widths(capacity_bar(50, 20, 100, "x"), palette.BAD) == [0.0]
    inside, beyond = widths(capacity_bar(100, 50, 100, "x"), palette.ACCENT), None
    beyond = widths(capacity_bar(100, 50, 100, "x"), palette.BAD)
    assert inside[0] == pytest.approx(2 * beyond[0], abs=0.2)


def test_a_share_is_drawn_against_the_whole() -> None:
    assert widths(target_bar(0.5, 0.9, palette.GOOD, "x"), palette.GOOD) == [80.0]


def test_stacked_parts_are_as_high_as_their_sizes() -> None:
    chart = stacked_columns([Column("1", (("a", 1.0), ("b", 3.0)))], {"a": "#aaa", "b": "#bbb"}, "x")
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill="#[ab]{3}"', chart)]
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.2)


def fan(history: list[tuple[str, float, str]], holidays: list[tuple[str, str, str]]) -> str:
    weeks = pd.date_range("2026-11-23", periods=13, freq="7D")
    past = pd.DataFrame(history, columns=["week", "qty", "censored"])
    closed = pd.DataFrame(holidays, columns=["name", "from", "to"])
    return fan_chart(
        Fan(
            history=past.assign(week=pd.to_datetime(past["week"])),
            forecast=pd.DataFrame({"week": weeks, "mean": 2.0, "p10": 0.0, "p90": 5.0}),
            holidays=closed.assign(**{"from": pd.to_datetime(closed["from"]), "to": pd.to_datetime(closed["to"])}),
            as_of=pd.Timestamp("2026-11-20"),
            label="x",
        )
    )


def test_a_censored_week_is_marked_and_a_holiday_outside_the_chart_is_not_drawn() -> None:
    chart = fan([("2026-11-09", 3.0, "N"), ("2026-11-16", 0.0, "Y")], [("May", "2026-05-01", "2026-05-05")])
    assert chart.count('stroke-dasharray="2 2"') == 1
    assert chart.count(palette.HOLIDAY) == 0


def test_neighbouring_holidays_are_both_written() -> None:
    chart = fan([], [("New Year 元旦", "2027-01-01", "2027-01-03"), ("Festival 春节", "2027-01-09", "2027-01-14")])
    assert "New Year 元旦" in chart
    assert "Festival 春节" in chart


def test_a_forecast_without_history_still_draws() -> None:
    assert "<path" in fan([], [])


def test_the_map_draws_north_up_and_marks_a_city_out_of_reach_open() -> None:
    cities = pd.DataFrame(
        [("North", 45.0, 120.0, 1, "W1"), ("South", 25.0, 120.0, 1, "")],
        columns=["city", "latitude", "longitude", "centres", "warehouse_id"],
    )
    sites = pd.DataFrame([("W1", "North", 44.0, 119.0)], columns=["warehouse_id", "city", "latitude", "longitude"])
    chart = coverage_map(cities, sites, {"W1": "#123456"}, "x")
    circles = {
        name: (float(y), fill)
        for y, fill, name in re.findall(
            r'<circle cx="[\d.]+" cy="([\d.]+)" r="[\d.]+" fill="(#\w+)"[^>]*><title>(\w+)', chart
        )
    }
    assert circles["North"][0] < circles["South"][0]
    assert (circles["North"][1], circles["South"][1]) == ("#123456", "#fff")


def test_a_company_without_coordinates_has_no_map() -> None:
    nowhere = pd.DataFrame(
        [("A", None, None, 1, "W1")], columns=["city", "latitude", "longitude", "centres", "warehouse_id"]
    )
    sites = pd.DataFrame([("W1", "A", None, None)], columns=["warehouse_id", "city", "latitude", "longitude"])
    assert coverage_map(nowhere, sites, {}, "x") == ""


def test_words_in_a_chart_are_escaped_and_coordinates_are_short() -> None:
    assert "&lt;b&gt;" in text(0, 0, "<b>")
    assert (number(3.0), number(3.14159)) == ("3", "3.1")


@pytest.mark.parametrize(
    ("value", "unit", "words_"),
    [(0.9634, "share", "96.3 %"), (21.96, "days", "22.0 days"), (1_234_567.0, "CNY", "¥1.23 m"), (None, "CNY", "–")],
)
def test_figures_read_in_their_unit(value: float | None, unit: str, words_: str) -> None:
    assert words.figure(value, unit).replace(words.NBSP, " ") == words_


def test_a_dozen_warehouses_have_a_colour_each() -> None:
    assert len(set(palette.site_colours([f"FW{n:02}" for n in range(12)]).values())) == 12
