from dataclasses import replace

import pandas as pd
import pytest

from tests.unit.schedule.company import PARAMETERS, moment, orders, parts, problem, stock, supply, with_picks
from vmi.schedule.assignment import assign
from vmi.schedule.deliveries import complete
from vmi.schedule.eta import ETA_COLUMNS, eta_reports

OLD = "2026-09-01"
NONE = supply()


def line(order_id: str, centre: str, part: str = "P1", qty: int = 1, at: str = "2026-11-09T08:00", service="standard"):
    return (order_id, at, centre, part, qty, service)


def delivered(made, coming: pd.DataFrame = NONE, why: pd.Series | None = None) -> pd.DataFrame:
    return complete(made, assign(made, PARAMETERS), coming, PARAMETERS, why)


def test_a_line_in_time_has_no_reason_and_is_promised_its_due_moment():
    row = delivered(problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1)))).iloc[0]
    assert (row["source"], row["on_time"], row["reason"], row["provisional"]) == ("warehouse", "Y", "", "N")
    assert row["eta"] == moment("2026-11-09T19:00")
    assert row["first_promise"] == row["promise_by"] == moment("2026-11-11T08:00")


def test_a_first_promise_that_exists_is_never_moved():
    lines = orders(line("O1", "H1", at="2026-11-01T08:00"), first_promise="2026-11-03T08:00")
    row = delivered(problem(lines, stock(("HZ", "P1", "L1", OLD, 1)))).iloc[0]
    assert row["first_promise"] == moment("2026-11-03T08:00")
    assert row["on_time"] == "N"
    assert "had passed before anything could ship" in row["reason"]


def test_the_shipments_freight_is_shared_by_weight_and_adds_up_to_the_fen():
    kinds = parts(("P1", "B", 1.0, ""), ("P2", "B", 2.0, ""), ("A1", "A", 0.0, ""))
    lots = stock(("HZ", "P1", "L1", OLD, 1), ("HZ", "P2", "L2", OLD, 1), ("HZ", "A1", "L3", OLD, 1))
    lines = orders(line("O1", "H1"), line("O2", "H1", "P2"), line("O3", "H1", "A1"))
    found = delivered(problem(lines, lots, parts=kinds))
    assert found["shipment_id"].nunique() == 1
    assert found["cost"].tolist() == [5.0, 10.0, 0.0]


def test_where_nothing_has_a_weight_the_pieces_share_the_freight():
    kinds = parts(("P1", "B", 0.0, ""))
    lines = orders(line("O1", "H1"), line("O2", "H1"), line("O3", "H1"))
    made = problem(lines, stock(("HZ", "P1", "L1", OLD, 3)), parts=kinds)
    lanes = made.lanes.assign(cost_per_shipment=10.0)
    assert delivered(replace(made, lanes=lanes))["cost"].tolist() == [3.33, 3.34, 3.33]


def test_the_surcharge_is_what_same_day_adds_over_standard():
    made = problem(orders(line("O1", "H1", service="same_day")), stock(("HZ", "P1", "L1", OLD, 1)))
    slow = made.lanes["transit_hours"].where(made.lanes["service"] == "same_day", 20.0)
    row = delivered(replace(made, lanes=made.lanes.assign(transit_hours=slow))).iloc[0]
    assert (row["service"], row["cost"], row["surcharge"]) == ("same_day", 152.0, 139.0)


def test_what_stock_does_not_serve_is_pegged_to_the_earliest_supply_critical_lines_first():
    kinds = parts(("P1", "C", 1.0, "P9"), ("P9", "A", 1.0, ""))
    coming = supply(("P9", "HZ", 1, "2026-11-20", "pipeline"), ("P9", "HZ", 1, "2026-11-11", "inbound"))
    made = problem(orders(line("O1", "H1", "P1"), line("O2", "H1", "P9")), stock(), parts=kinds)
    found = delivered(made, coming).set_index("order_id")
    assert found.loc["O2", "ship_at"] == moment("2026-11-12T09:00")
    assert found.loc["O1", "ship_at"] == moment("2026-11-21T09:00")
    assert (found["source"] == "inbound").all()
    assert found["provisional"].tolist() == ["Y", "N"]


def test_tonights_order_is_shown_as_the_suppliers():
    found = delivered(problem(orders(line("O1", "H1")), stock()), supply(("P1", "HZ", 5, "2026-11-14", "firm"))).iloc[0]
    assert (found["source"], found["warehouse_id"], found["on_time"]) == ("supplier", "HZ", "N")
    assert "tonight's order reaches HZ on 2026-11-14" in found["reason"]
    assert found["first_promise"] == found["eta_p90"].ceil("h") > found["promise_by"]


def test_overdue_supply_is_expected_tomorrow_and_said_to_be_a_guess():
    found = delivered(
        problem(orders(line("O1", "H1")), stock()), supply(("P1", "HZ", 1, "2026-10-01", "inbound"))
    ).iloc[0]
    assert found["ship_at"] == moment("2026-11-10T09:00")
    assert found["provisional"] == "Y"
    assert "overdue" in found["reason"]


def test_supply_is_given_out_once_and_a_line_may_take_from_stock_and_supply():
    made = problem(orders(line("O1", "H1", qty=4), line("O2", "H2", qty=2)), stock(("HZ", "P1", "L1", OLD, 1)))
    found = delivered(made, supply(("P1", "HZ", 3, "2026-11-11", "inbound")))
    assert found.groupby("order_id")["qty"].sum().to_dict() == {"O1": 4, "O2": 2}
    assert found[found["source"] == "inbound"]["qty"].sum() == 3
    assert found[found["source"] == "none"]["qty"].sum() == 2


def test_supply_respects_the_picks_of_its_day():
    lines = orders(line("O1", "H1"), line("O2", "H1"), line("O3", "H1"))
    made = with_picks(problem(lines, stock()), HZ=1)
    found = delivered(made, supply(("P1", "HZ", 3, "2026-11-11", "inbound")))
    assert found["ship_at"].dt.day.tolist() == [12, 13, 14]


def test_a_line_nothing_serves_says_why_and_has_no_promise():
    why = pd.Series(["One pack would not sell."], index=["P2"])
    lines = orders(line("O1", "L1"), line("O2", "H1", "P2"), line("O3", "G1", "A1"), line("O4", "H1", "C1"))
    found = delivered(problem(lines, stock(("HZ", "P1", "L1", OLD, 1), ("HZ", "A1", "L2", OLD, 1))), why=why)
    assert (found["source"] == "none").all()
    assert found["first_promise"].isna().all() and found["eta"].isna().all() and (found["on_time"] == "N").all()
    assert [text.split(" from")[0][:40] for text in found["reason"]] == [
        "No lane leads to Lhasa",
        "One pack would not sell.",
        "Stock lies at HZ, which has no lane to G",
        "No stock that fits is left, nothing is o",
    ]


def test_weather_and_days_beyond_the_known_calendar_make_an_arrival_provisional():
    weather = pd.DataFrame(
        {"city": ["Hangzhou"], "from": [pd.Timestamp("2026-11-09")], "to": [pd.Timestamp("2026-11-10")]}
    )
    made = problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1)))
    stormy = replace(made, weather=weather.assign(transit_delay_hours=48.0))
    row = delivered(stormy).iloc[0]
    assert (row["provisional"], row["on_time"]) == ("Y", "N")
    assert row["reason"] == "Late: a weather warning in Hangzhou adds 48 hours."
    beyond = delivered(replace(made, verified_through=pd.Timestamp("2026-11-08")))
    assert beyond["provisional"].tolist() == ["Y"]


def test_a_shipments_name_depends_only_on_where_when_and_how_it_goes():
    made = problem(orders(line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 1)))
    more = problem(orders(line("O0", "H1"), line("O1", "H1")), stock(("HZ", "P1", "L1", OLD, 2)))
    assert delivered(made)["shipment_id"].iloc[0] == delivered(more)["shipment_id"].iloc[1]


def test_no_orders_make_no_deliveries_and_no_reports():
    made = problem(orders(), stock())
    found = delivered(made)
    assert len(found) == 0
    assert list(eta_reports(found, made.open_orders, made.parts).columns) == ETA_COLUMNS


def test_every_line_is_in_one_report_and_a_line_in_pieces_is_there_with_its_last_piece():
    made = problem(orders(line("O1", "H1", qty=3), line("O2", "S1", "P2")), stock(("HZ", "P1", "L1", OLD, 1)))
    found = delivered(made, supply(("P1", "HZ", 2, "2026-11-11", "inbound")))
    report = eta_reports(found, made.open_orders, made.parts)
    assert report["order_id"].tolist() == ["O1", "O2"]
    first = report.iloc[0]
    assert (first["qty"], first["source"], first["status"], first["on_time"]) == (3, "inbound", "backordered", "N")
    assert first["eta_p50"] == found.loc[found["source"] == "inbound", "eta"].iloc[0]
    assert first["reason"].startswith("Comes in 2 pieces.")
    assert (report.iloc[1]["status"], report.iloc[1]["supplied_part_id"]) == ("open", "")


def test_a_report_names_the_part_that_was_ordered_and_the_one_supplied():
    kinds = parts(("P0", "B", 1.0, "P1"), ("P1", "B", 1.0, ""))
    made = problem(orders(line("O1", "H1", "P1")), stock(("HZ", "P0", "L0", OLD, 1)), parts=kinds)
    row = eta_reports(delivered(made), made.open_orders, made.parts).iloc[0]
    assert (row["part_id"], row["supplied_part_id"], row["part_name"]) == ("P1", "P0", "brake pad P1")
    assert row["reason"] == "P0 is supplied for P1."


@pytest.mark.parametrize("shuffle", [1, 2])
def test_the_order_of_the_rows_changes_nothing(shuffle):
    lines = orders(*(line(f"O{i}", "H1" if i % 2 else "S1", "P1", 1 + i % 2) for i in range(6)))
    lots = stock(("HZ", "P1", "L1", OLD, 3), ("GZ", "P1", "L2", OLD, 3), ("HZ", "P1", "L3", OLD, 1))
    coming = supply(("P1", "HZ", 1, "2026-11-11", "inbound"), ("P1", "HZ", 1, "2026-11-12", "firm"))
    made = problem(lines, lots)
    mixed = problem(
        lines.sample(frac=1, random_state=shuffle),
        lots.sample(frac=1, random_state=shuffle),
        lanes=made.lanes.sample(frac=1, random_state=shuffle),
        parts=made.parts.sample(frac=1, random_state=shuffle),
    )
    pd.testing.assert_frame_equal(delivered(made, coming), delivered(mixed, coming.iloc[::-1]))
