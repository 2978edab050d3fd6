from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.simulate.small_company import EVE, opening, order_lines, parts, table
from vmi.simulate.knowledge import Knowledge, known_at_start
from vmi.simulate.parameters import SimulationParameters

NONE = table("closures", [])
DAY = pd.Timedelta(days=1)


def day(number: int) -> pd.Timestamp:
    return EVE + number * DAY


def knowledge(orders: pd.DataFrame | None = None, surprises: pd.DataFrame = NONE, **frames: Any) -> Knowledge:
    return Knowledge(opening(**frames), surprises, SimulationParameters(), orders)


def spans(name: str, *rows: tuple[int, int], **more: str) -> pd.DataFrame:
    return table(name, [{"from": day(a), "to": day(b)} | more for a, b in rows])


COMING = parts(P1={"successor_id": "P2"}, P2={"introduced_on": day(5)})
BARE = {
    "parts": COMING,
    "usage": opening().usage.query("part_id != 'P2'"),
    "stock": opening().stock.query("part_id != 'P2'"),
}


def test_a_part_still_to_come_is_not_there_and_nobody_is_superseded_by_it() -> None:
    fitments = table("fitments", [{"part_id": p, "model": "M"} for p in ("P1", "P2")])
    availability = table("availability", [{"part_id": p, "available_qty": 1} for p in ("P1", "P2")])
    orders = [{"part_id": "P2", "warehouse_id": "W1", "kind": "min", "value": 1, "reason": "launch"}]
    known = knowledge(fitments=fitments, availability=availability, overrides=table("overrides", orders), **BARE)
    before, after = known.at(day(4)), known.at(day(5))
    for name in ("parts", "fitments", "availability", "overrides"):
        assert "P2" not in set(before[name]["part_id"]), name
        assert "P2" in set(after[name]["part_id"]), name
    assert before["parts"].set_index("part_id").loc["P1", "successor_id"] == ""
    assert after["parts"].set_index("part_id").loc["P1", "successor_id"] == "P2"


def test_a_part_that_lies_somewhere_or_was_ordered_is_known_before_its_introduction() -> None:
    assert "P2" in set(knowledge(**(BARE | {"stock": opening().stock})).at(EVE)["parts"]["part_id"])
    assert "P2" in set(knowledge(**(BARE | {"usage": opening().usage})).at(EVE)["parts"]["part_id"])
    ordered = knowledge(order_lines(("O1", "2026-09-23T23:59", "C1", "P2", 1)), **BARE)
    assert "P2" not in set(ordered.at(day(2))["parts"]["part_id"])
    assert "P2" in set(ordered.at(day(3))["parts"]["part_id"])
    assert "P2" not in set(ordered.at(day(2))["parts"]["part_id"])


def test_warnings_are_known_two_days_before_they_begin() -> None:
    known = knowledge(weather=spans("weather", (3, 9), (-5, -1), city="Hefei", severity="red"))
    assert len(known.at(day(0))["weather"]) == 1
    assert len(known.at(day(1))["weather"]) == 2


def test_announced_closures_are_always_known_and_a_stop_from_its_first_day_on() -> None:
    announced = spans("closures", (30, 40), scope="supplier", id="S1")
    known = knowledge(None, spans("closures", (4, 9), scope="supplier", id="S2"), closures=announced)
    assert known.at(day(3))["closures"]["id"].tolist() == ["S1"]
    assert known.at(day(4))["closures"]["id"].tolist() == ["S1", "S2"]
    alone = knowledge(None, spans("closures", (4, 9), scope="supplier", id="S2"))
    assert alone.at(day(4))["closures"]["id"].tolist() == ["S2"]


def test_vehicles_of_a_month_are_known_from_its_last_day_on() -> None:
    months = ("2026-08", "2026-09", "2026-10")
    known = knowledge(vehicles=table("vehicles", [{"model": "M", "city": "Hefei", "month": m} for m in months]))
    for night, seen in (("2026-09-20", 1), ("2026-09-29", 1), ("2026-09-30", 2), ("2026-10-01", 2), ("2026-10-31", 3)):
        assert known.at(pd.Timestamp(night))["vehicles"]["month"].tolist() == list(months[:seen]), night


def test_overrides_end() -> None:
    until = table("overrides", [{"part_id": "P1", "warehouse_id": "W1", "until": u} for u in (day(4), None)])
    known = knowledge(overrides=until)
    assert len(known.at(day(3))["overrides"]) == 2
    assert len(known.at(day(4))["overrides"]) == 1


def test_the_opening_as_its_planner_saw_it_holds_nothing_later() -> None:
    seen = known_at_start(opening(weather=spans("weather", (3, 9), city="Hefei"), **BARE), SimulationParameters())
    assert seen.weather.empty
    assert "P2" not in set(seen.parts["part_id"])


@settings(max_examples=40, deadline=None)
@given(
    at=st.integers(0, 40),
    weather=st.lists(st.tuples(st.integers(-10, 50), st.integers(0, 9)), max_size=4),
    stops=st.lists(st.tuples(st.integers(-10, 50), st.integers(0, 9)), max_size=4),
    introduced=st.lists(st.one_of(st.none(), st.integers(-10, 50)), min_size=6, max_size=6),
    notice=st.integers(0, 5),
)
def test_nothing_later_than_the_night_and_its_notice_is_ever_seen(
    at: int,
    weather: list[tuple[int, int]],
    stops: list[tuple[int, int]],
    introduced: list[int | None],
    notice: int,
) -> None:
    dated = {f"P{i + 1}": {"introduced_on": None if d is None else day(d)} for i, d in enumerate(introduced)}
    bare = {"parts": parts(**dated), "usage": opening().usage.iloc[:0], "stock": opening().stock.iloc[:0]}
    warned = spans("weather", *((a, a + b) for a, b in weather), city="Hefei")
    stopped = spans("closures", *((a, a + b) for a, b in stops), scope="supplier", id="S1")
    parameters = SimulationParameters(weather_notice_days=notice, stop_notice_days=notice)
    known = Knowledge(opening(weather=warned, **bare), stopped, parameters)
    known.at(day(50))  # what was seen once is not seen the night before
    seen = known.at(day(at))
    assert not (seen["parts"]["introduced_on"] > day(at)).any()
    assert len(seen["parts"]) == sum(d is None or d <= at for d in introduced)
    for name, spread in (("weather", weather), ("closures", stops)):
        assert not (seen[name]["from"] > day(at + notice)).any()
        assert len(seen[name]) == sum(a <= at + notice for a, _ in spread)
