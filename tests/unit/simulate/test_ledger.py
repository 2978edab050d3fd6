"""What things cost, reckoned by hand."""

import pandas as pd
import pytest

from vmi.config import Config
from vmi.simulate.ledger import Ledger, Rates

ZONE = "Asia/Shanghai"


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE)


@pytest.fixture
def rates() -> Rates:
    parts = pd.DataFrame(
        {
            "part_id": ["P1", "P2"],
            "supplier_id": "S1",
            "unit_cost": [365.0, 10.0],
            "unit_price": [500.0, None],
            "volume_l": [100.0, 0.0],
            "weight_kg": [2.0, 0.0],
            "criticality": ["A", "C"],
        }
    )
    suppliers = pd.DataFrame({"supplier_id": ["S1"], "platform_fee_rate": [0.12]})
    lane = {"city": "X", "cost_per_kg": 1.0}
    lanes = pd.DataFrame(
        [
            {**lane, "warehouse_id": "W1", "service": "standard", "cost_per_shipment": 12.0},
            {**lane, "warehouse_id": "W1", "service": "same_day", "cost_per_shipment": 150.0},
            {**lane, "warehouse_id": "W2", "service": "same_day", "cost_per_shipment": 118.0},
        ]
    )
    supply = pd.DataFrame(
        {
            "supplier_id": ["S1", "S1"],
            "warehouse_id": ["W1", "W2"],
            "cost_per_shipment": [90.0, 70.0],
            "cost_per_kg": 0.5,
        }
    )
    warehouses = pd.DataFrame({"warehouse_id": ["W1", "W2"], "city": ["Y", "X"]})
    return Rates.of(parts, suppliers, lanes, supply, warehouses, Config())


def picks(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["warehouse_id", "centre_id", "service", "part_id", "qty"])
    return frame.assign(city="X", ship_at=moment("2026-11-02 09:00"))


def test_a_day_on_the_shelf_costs_capital_and_room(rates: Rates) -> None:
    stock = pd.DataFrame({"part_id": ["P1"], "qty": [10]})
    # 18 % of 365 a year is 0.18 a day; 0.1 m3 at 1.5 is 0.15: 0.33 a unit and day.
    assert rates.carrying(stock) == 330


def test_a_truck_is_paid_once_however_many_lines_it_carries(rates: Rates) -> None:
    line = {"supplier_id": "S1", "part_id": "P1", "qty": 3}
    shipped = pd.DataFrame(
        [{**line, "warehouse_id": "W1"}, {**line, "warehouse_id": "W1"}, {**line, "warehouse_id": "W2"}]
    )
    assert rates.inbound_freight(shipped) == round((90 + 70 + 0.5 * 18) * 100)


def test_lines_that_travel_together_share_a_shipment(rates: Rates) -> None:
    together = picks(("W1", "C1", "standard", "P1", 1), ("W1", "C1", "standard", "P2", 4))
    apart = picks(("W1", "C1", "standard", "P1", 1), ("W1", "C2", "standard", "P2", 4))
    assert rates.delivery_freight(together) == (1400, 0)
    assert rates.delivery_freight(apart) == (2600, 0)


def test_the_premium_is_what_same_day_costs_above_standard(rates: Rates) -> None:
    assert rates.delivery_freight(picks(("W1", "C1", "same_day", "P1", 1))) == (1400, 13800)


def test_without_a_standard_lane_the_premium_is_a_fifth_of_standard(rates: Rates) -> None:
    assert rates.delivery_freight(picks(("W2", "C1", "same_day", "P1", 1))) == (10000, 2000)


def test_a_unit_that_goes_back_loses_value_and_pays_freight_and_handling(rates: Rates) -> None:
    gone = pd.DataFrame({"part_id": ["P1"], "qty": [2]})
    assert rates.returns(gone) == round(2 * (36.5 + 2.4 + 4.0) * 100)


def lines(*rows: tuple[str, str | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["promise_by", "delivered_at", "criticality"])
    moments = {name: pd.DatetimeIndex(frame[name]).tz_localize(ZONE) for name in ("promise_by", "delivered_at")}
    return frame.assign(**moments)


def lateness_by(rates: Rates, late: pd.DataFrame, day: int) -> int:
    """Return the lateness charged at the close before a day of November."""
    return rates.lateness(late, moment(f"2026-11-{day - 1:02d}"), moment(f"2026-11-{day:02d}"))


def test_every_day_begun_late_is_charged_once(rates: Rates) -> None:
    late = lines(("2026-11-01 12:00", None, "A"))
    charged = [lateness_by(rates, late, day) for day in range(2, 12)]
    # Late by half a day at the first close, then by a day more each; after six days it has been solved otherwise.
    assert charged == [15000, 15000, 15000, 15000, 15000, 15000, 0, 0, 0, 0]


def test_a_line_that_arrives_late_is_charged_up_to_its_arrival(rates: Rates) -> None:
    late = lines(("2026-11-01 12:00", "2026-11-02 13:00", "C"), ("2026-11-01 12:00", "2026-11-01 12:00", "C"))
    charged = [lateness_by(rates, late, day) for day in (2, 3, 4)]
    assert charged == [1200, 1200, 0]


def test_the_fee_is_on_the_price_or_the_cost_where_no_price_is_known(rates: Rates) -> None:
    assert rates.platform_fee(pd.DataFrame({"part_id": ["P1", "P2"], "qty": [1, 2]})) == 6000 + 240


def test_kinds_add_up_to_the_total_to_the_fen() -> None:
    ledger, night = Ledger(), pd.Timestamp("2026-11-01")
    for amount in (10, 20, 5):
        ledger.charge(night, "carrying", amount)
    ledger.charge(night, "lateness", 33)
    ledger.charge(night, "platform_fee", 999)
    page = ledger.columns(night)
    assert page["carrying_cny"] == 0.35
    assert page["total_cny"] == 0.68
    assert page["platform_fee_cny"] == 9.99


def test_what_is_no_kind_of_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of cost"):
        Ledger().charge(pd.Timestamp("2026-11-01"), "bribes", 1)
