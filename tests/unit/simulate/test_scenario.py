import pandas as pd
import pytest

from tests.unit.simulate.small_company import CITIES, EVE, company, opening, table
from vmi.config import Config
from vmi.errors import UsageProblem
from vmi.simulate.company import Company
from vmi.simulate.scenario import Scenario, Stop, parse_set, parse_stop, scenarios


def applied(*sets: str, closed: tuple[str, ...] = (), stops: tuple[str, ...] = ()) -> tuple[Company, Config]:
    (only,) = scenarios(sets, closed, stops)
    return only.apply(company(), Config())


def test_without_what_ifs_there_is_the_company_as_it_is() -> None:
    (plain,) = scenarios([], [], [])
    known = company()
    assert plain.label == ""
    assert plain.apply(known, Config()) == (known, Config())


def test_a_key_given_twice_makes_variants_and_keys_multiply() -> None:
    sets = ["world.demand_factor=2", "contract.return_window_days=60", "contract.return_window_days=120"]
    labels = [scenario.label for scenario in scenarios(sets, [], [])]
    assert labels == [
        "contract.return_window_days=60 world.demand_factor=2.0",
        "contract.return_window_days=120 world.demand_factor=2.0",
    ]


def test_a_label_says_all_that_is_different_whatever_the_order_of_the_options() -> None:
    one = scenarios(["placement.carrying_rate=0.2", "world.transit_factor=2"], ["W2", "W1"], ["S2=2026-10-01:3"])
    other = scenarios(["world.transit_factor=2.0", "placement.carrying_rate = 0.20"], ["W1", "W2"], ["S2=2026-10-01:3"])
    assert one == other
    assert one[0].label == (
        "placement.carrying_rate=0.2 world.transit_factor=2.0 close=W1 close=W2 stop=S2=2026-10-01:3"
    )
    assert len(scenarios(["placement.carrying_rate=0.2", "placement.carrying_rate=0.20"], [], [])) == 1


def test_configuration_contract_and_world_are_changed_and_nothing_else() -> None:
    before = company()
    after, config = applied(
        *("placement.carrying_rate=0.3", 'dispatch.waves=["08:00", "12:00"]', "forecast.horizon_days=120"),
        *("contract.return_window_days=60", "contract.platform_fee_rate=0.1"),
        *("world.transit_factor=1.5", "world.lead_time_factor=2"),
    )
    assert config.placement.carrying_rate == 0.3
    assert config.dispatch.waves == ("08:00", "12:00")
    assert config.forecast.horizon_days == 120
    assert after.opening.suppliers["return_window_days"].tolist() == [60] * 3
    assert after.opening.suppliers["platform_fee_rate"].tolist() == [0.1] * 3
    assert (after.opening.lanes["transit_hours"] == before.opening.lanes["transit_hours"] * 1.5).all()
    assert set(after.opening.supply["lead_time_days"]) == {14.0}
    assert set(after.opening.supply["lead_time_sd_days"]) == {2.0}
    for name, frame in before.opening.frames().items():
        if name not in ("suppliers", "lanes", "supply"):
            pd.testing.assert_frame_equal(getattr(after.opening, name), frame)
    pd.testing.assert_frame_equal(after.orders, before.orders)


def test_demand_is_multiplied() -> None:
    after, _ = applied("world.demand_factor=2")
    assert after.orders["qty"].sum() == 2 * company().orders["qty"].sum()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("placement.carying_rate=0.2", "did you mean carrying_rate"),
        ("placment.carrying_rate=0.2", "'placment' is unknown; did you mean placement"),
        ("wrld.demand_factor=2", "did you mean world"),
        ("world.demand=2", "did you mean demand_factor"),
        ("contract.return_window=60", "did you mean return_window_days"),
        ("contract.return_window_days=60.5", "expected a whole number from 1"),
        ("contract.return_window_days=0", "expected a whole number from 1"),
        ("contract.platform_fee_rate=1.2", "expected a number from 0 to 1"),
        ("contract.platform_fee_rate=nan", "expected a number from 0 to 1"),
        ("world.transit_factor=0", "expected a number over 0"),
        ("world.transit_factor=true", "expected a number over 0"),
        ('placement.carrying_rate="high"', "'high' is a text, expected a number"),
        ("placement.carrying_rate=high", "is not a TOML value"),
        ("placement.carrying_rate=1\nx=2", "is not a TOML value"),
        ("placement.carrying_rate", "write KEY=VALUE"),
        ("placement.carrying_rate=", "write KEY=VALUE"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(UsageProblem, match=says):
        parse_set(text)


@pytest.mark.parametrize(
    "key",
    [
        *("history.days", "import.max_reject_share", "worklist.rows", "scorecards.months"),
        *("planning.timezone", "simulation.confidence_level"),
    ],
)
def test_a_key_that_a_simulation_does_not_read_is_refused_by_name(key: str) -> None:
    with pytest.raises(UsageProblem, match=f"^--set {key} has no effect on a simulation; change it in the config"):
        parse_set(f"{key}=1")


def test_the_other_keys_of_their_sections_are_taken() -> None:
    assert parse_set("planning.promise_hours=24") == ("planning.promise_hours", 24)
    assert parse_set("simulation.refit_days=14") == ("simulation.refit_days", 14)


def test_a_value_that_its_room_refuses_is_refused_when_applied() -> None:
    with pytest.raises(UsageProblem, match=r"--set \[forecast\] .*horizon_days must be at least 91"):
        applied("forecast.horizon_days=10")


def test_a_closed_warehouse_is_in_no_frame_and_its_stock_is_worth_a_note() -> None:
    override = table("overrides", [{"part_id": "P1", "warehouse_id": w, "kind": "min"} for w in ("W1", "W2")])
    coming = table("inbound", [{"shipment_id": "I1", "line_no": 1, "part_id": "P1", "warehouse_id": "W2", "qty": 5}])
    known = Company(opening(overrides=override, inbound=coming.astype({"qty": "int64"})), company().orders)
    after, _ = Scenario(closed=("W2",)).apply(known, Config())
    for name, frame in after.opening.frames().items():
        if "warehouse_id" in frame.columns:
            assert "W2" not in set(frame["warehouse_id"]), name
    assert len(after.opening.stock) == 6 and len(after.opening.overrides) == 1
    (note,) = after.notes
    assert "W2 is closed" in note and "18 units worth 1,800 CNY" in note and "5 on their way" in note
    assert "0 cities" in note


def test_cities_that_a_closed_warehouse_alone_reached_are_told() -> None:
    lanes = opening().lanes
    own = lanes[lanes["city"].eq(lanes["warehouse_id"].map(CITIES))]
    after, _ = Scenario(closed=("W2",)).apply(Company(opening(lanes=own), company().orders), Config())
    assert "1 cities have no standard lane" in after.notes[0]


@pytest.mark.parametrize(
    ("closed", "says"),
    [(("W3",), "W3: no such warehouse; known are W1, W2"), (("W1", "W2"), "no warehouse would be left")],
)
def test_an_unknown_warehouse_or_the_last_one_is_not_closed(closed: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageProblem, match=says):
        applied(closed=closed)


def test_a_stop_is_a_surprise_of_so_many_days() -> None:
    after, _ = applied(stops=("S2=2026-10-01:14", "S1=2026-10-05:1"))
    assert after.surprises[["scope", "id"]].values.tolist() == [["supplier", "S1"], ["supplier", "S2"]]
    assert after.surprises["to"].astype(str).tolist() == ["2026-10-05", "2026-10-14"]
    assert after.opening.closures.empty
    with pytest.raises(UsageProblem, match="S9=2026-10-01:14: no such supplier"):
        applied(stops=("S9=2026-10-01:14",))


def test_stops_add_to_surprises_that_are_there() -> None:
    first, config = applied(stops=("S2=2026-10-01:14",))
    both, _ = Scenario(stops=(Stop("S1", EVE, 2),)).apply(first, config)
    assert both.surprises["id"].tolist() == ["S2", "S1"]


@pytest.mark.parametrize(
    "text", ["S1", "S1=2026-10-01", "S1=2026-13-01:4", "S1=2026-10-01:0", "=2026-10-01:4", "S1=1:4"]
)
def test_a_stop_that_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageProblem, match="such as S03=2026-10-01:14"):
        parse_stop(text)
