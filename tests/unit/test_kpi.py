"""Each figure against a case counted by hand."""

import pandas as pd
import pytest

from vmi.contract import KPIS
from vmi.kpi.forecast_error import forecast_figures
from vmi.kpi.history import ORDER_LINES, KpiHistory
from vmi.kpi.lines import mark_lines
from vmi.kpi.measure import as_json, measure
from vmi.kpi.parameters import KpiParameters

ZONE = "Asia/Shanghai"
AS_OF = pd.Timestamp("2026-11-20")
COVER = pd.DataFrame(
    [("Shanghai", "FW1", "standard", 8.0, 10.0, 1.0), ("Wuhan", "FW2", "standard", 9.0, 10.0, 1.0)],
    columns=["city", "warehouse_id", "service", "transit_hours", "cost_per_shipment", "cost_per_kg"],
)
CENTRES = pd.DataFrame({"centre_id": ["C1", "C2"], "city": ["Shanghai", "Wuhan"]})
PARTS = pd.DataFrame(
    {"part_id": ["P1", "P1OLD", "P2"], "unit_cost": [100.0, 90.0, 40.0], "final_part": ["P1", "P1", "P2"]}
)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE) if text else pd.NaT


def line(order_id: str, ordered: str, delivered: str = "", **given: object) -> dict[str, object]:
    service = given.get("service", "standard")
    status = given.pop("status", "delivered" if delivered else "open")
    promise = at(ordered) + pd.Timedelta(hours=48) if service == "standard" else at(ordered[:10] + "T23:59:59")
    row = {
        **{"order_id": order_id, "line_no": 1, "ordered_at": at(ordered), "centre_id": "C1", "part_id": "P1"},
        **{"qty": 1, "service": "standard", "status": status, "warehouse_id": "FW1" if delivered else ""},
        **{"shipped_at": at(delivered), "delivered_at": at(delivered), "first_promise": pd.NaT, "promise_by": promise},
    }
    return {**row, **given}


def history(rows: list[dict[str, object]], **given: object) -> KpiHistory:
    lines = pd.DataFrame(rows, columns=list(ORDER_LINES.columns))
    return KpiHistory(AS_OF, ZONE, lines, CENTRES, COVER, PARTS, **given)  # type: ignore[arg-type]


def test_a_standard_line_counts_once_its_48_hours_are_over_and_only_if_it_arrived_within_them() -> None:
    rows = [
        line("in-time", "2026-11-16T10:00", "2026-11-18T10:00"),
        line("a-minute-late", "2026-11-16T10:00", "2026-11-18T10:01"),
        line("never-came", "2026-11-17T10:00"),
        line("not-yet-due", "2026-11-20T10:00"),
        line("cancelled", "2026-11-16T10:00", status="cancelled"),
        line("urgent", "2026-11-16T10:00", "2026-11-19T10:00", service="same_day"),
    ]
    found = measure(history(rows), KpiParameters())["line_fill_48h"]
    assert (found.numerator, found.denominator, found.value) == (1.0, 3.0, round(1 / 3, 6))
    assert found.verdict == "missed"


def test_a_line_delivered_at_an_unknown_time_is_neither_kept_nor_missed() -> None:
    rows = [line("a", "2026-11-16T10:00", status="delivered"), line("b", "2026-11-16T10:00", "2026-11-16T20:00")]
    found = measure(history(rows), KpiParameters())["line_fill_48h"]
    assert (found.numerator, found.denominator) == (1.0, 1.0)


def test_lines_that_fell_due_before_the_window_are_not_counted() -> None:
    rows = [line("old", "2026-10-20T10:00"), line("new", "2026-10-22T10:00", "2026-10-22T12:00")]
    found = measure(history(rows), KpiParameters(kpi_days=28))["line_fill_48h"]
    assert found.denominator == 1.0
    assert found.value == 1.0
    assert found.window == "28 days to 2026-11-20"


def test_same_day_counts_only_lines_ordered_before_the_cut_off() -> None:
    after = line("after", "2026-11-18T18:00", "2026-11-19T09:00", service="same_day")
    after["promise_by"] = at("2026-11-19T23:59:59")
    rows = [
        line("same", "2026-11-18T09:00", "2026-11-18T21:00", service="same_day"),
        line("next", "2026-11-18T09:00", "2026-11-19T08:00", service="same_day"),
        after,
    ]
    found = measure(history(rows), KpiParameters())
    assert (found["same_day_rate"].numerator, found["same_day_rate"].denominator) == (1.0, 2.0)
    assert found["unit_fill"].value == round(2 / 3, 6)
    assert found["same_day_share"].value == 1.0


def test_unit_fill_weighs_lines_by_units() -> None:
    rows = [line("a", "2026-11-16T10:00", "2026-11-17T10:00", qty=9), line("b", "2026-11-16T10:00")]
    assert measure(history(rows), KpiParameters())["unit_fill"].value == 0.9


def test_otif_holds_a_line_to_its_first_promise_and_leaves_out_lines_without_one() -> None:
    rows = [
        line("kept", "2026-11-10T10:00", "2026-11-14T10:00", first_promise=at("2026-11-14T12:00")),
        line("broken", "2026-11-10T10:00", "2026-11-14T13:00", first_promise=at("2026-11-14T12:00")),
        line("unpromised", "2026-11-10T10:00", "2026-11-11T10:00"),
    ]
    found = measure(history(rows), KpiParameters())["otif"]
    assert (found.numerator, found.denominator) == (1.0, 2.0)


def test_stocking_accuracy_looks_at_the_covering_warehouse_on_the_evening_before_the_order() -> None:
    on_hand = pd.DataFrame(
        [(pd.Timestamp("2026-11-17"), "P1OLD", "FW1", 1), (pd.Timestamp("2026-11-17"), "P1", "FW2", 5)],
        columns=["day", "part_id", "warehouse_id", "qty"],
    )
    rows = [
        line("an-old-unit-lies-there", "2026-11-18T10:00", "2026-11-18T20:00"),
        line("not-in-FW1", "2026-11-18T10:00", "2026-11-18T20:00", part_id="P2"),
        line("in-FW2", "2026-11-18T10:00", "2026-11-18T20:00", centre_id="C2", warehouse_id="FW2", qty=9),
        line("no-record-of-that-day", "2026-11-17T10:00", "2026-11-18T20:00"),
    ]
    found = measure(history(rows, on_hand=on_hand), KpiParameters())
    assert (found["stocking_accuracy"].numerator, found["stocking_accuracy"].denominator) == (2.0, 3.0)
    assert (found["first_pass_fill"].numerator, found["first_pass_fill"].denominator) == (1.0, 3.0)


def test_inventory_is_a_mean_over_recorded_days_and_days_divide_it_by_cost_of_goods() -> None:
    stock_days = pd.DataFrame(
        [(pd.Timestamp("2026-11-19"), "FW1", 100.0, 1), (pd.Timestamp("2026-11-19"), "FW2", 300.0, 3)],
        columns=["as_of", "warehouse_id", "value", "units"],
    )
    rows = [line("a", "2026-10-01T10:00", "2026-10-02T10:00"), line("b", "2026-11-01T10:00", "2026-11-02T10:00", qty=7)]
    found = measure(history(rows, stock_days=stock_days, stock_value_today=600.0), KpiParameters())
    assert found["inventory_cny"].value == 500.0
    assert found["inventory_cny"].note == "2 of 28 days recorded"
    assert found["inventory_days"].value == 500 / (700 / 28)
    assert found["inventory_days"].verdict == "met"


def test_orders_that_begin_inside_the_window_are_divided_by_the_days_there_were() -> None:
    rows = [line("b", "2026-11-17T10:00", "2026-11-18T10:00", qty=4)]
    assert measure(history(rows, stock_value_today=500.0), KpiParameters())["inventory_days"].value == 5.0


def test_return_rate_is_value_returned_over_value_received_in_the_window() -> None:
    flows = pd.DataFrame(
        [
            (pd.Timestamp("2026-11-10"), "received", "S1", "FW1", 1000.0),
            (pd.Timestamp("2026-11-12"), "returned", "S1", "FW1", 50.0),
            (pd.Timestamp("2026-09-01"), "returned", "S1", "FW1", 900.0),
        ],
        columns=["day", "kind", "supplier_id", "warehouse_id", "value"],
    )
    assert measure(history([], flows=flows), KpiParameters())["return_rate"].value == 0.05


def test_premium_is_what_tonights_same_day_deliveries_cost_more() -> None:
    deliveries = pd.DataFrame(
        [("same_day", "warehouse", 30.0), ("same_day", "none", 99.0), ("standard", "warehouse", 0.0)],
        columns=["service", "source", "surcharge"],
    )
    assert measure(history([], deliveries=deliveries), KpiParameters())["premium_cny"].value == 30.0


def test_forecast_accuracy_counts_unforecast_demand_as_error_and_pinball_follows_its_definition() -> None:
    forecasts = pd.DataFrame(
        [("P1", "FW1", 4.0, 3.0, 8.0), ("P2", "FW1", 1.0, 0.0, 2.0)],
        columns=["part_id", "warehouse_id", "mean", "p50", "p90"],
    )
    actuals = pd.DataFrame([("P1", "FW1", 6), ("P3", "FW1", 2)], columns=["part_id", "warehouse_id", "qty"])
    accuracy, pinball, covered = forecast_figures(forecasts, actuals)
    assert accuracy == (1 - 5 / 8, 5.0, 8.0)
    median, ninetieth = 0.5 * 3 + 0.0 + 0.5 * 2, 0.1 * 2 + 0.1 * 2 + 0.9 * 2
    assert pinball[0] == pytest.approx((median + ninetieth) / 8)
    assert covered == (2 / 3, 2.0, 3.0)


def test_churn_compares_lines_inside_the_last_plans_firm_window_only() -> None:
    def firm(*rows: tuple[str, int, str]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["line_id", "qty", "due_on"])
        return frame.assign(due_on=pd.to_datetime(frame["due_on"]))

    last = firm(("R-1", 10, "2026-11-22"), ("R-2", 10, "2026-11-24"), ("R-3", 50, "2026-12-20"))
    now = firm(("R-1", 10, "2026-11-22"), ("R-2", 7, "2026-11-24"), ("R-4", 2, "2026-11-23"), ("R-5", 9, "2026-12-01"))
    found = measure(
        history([], last_as_of=pd.Timestamp("2026-11-19"), last_firm_lines=last, firm_lines=now), KpiParameters()
    )["churn"]
    assert (found.numerator, found.denominator, found.value) == (5.0, 20.0, 0.25)


def test_what_cannot_be_known_is_none_with_a_reason_and_never_zero() -> None:
    found = measure(history([]), KpiParameters())
    assert tuple(found)[: len(KPIS)] == KPIS
    for figure in found.values():
        assert figure.value is None, figure.name
        assert figure.verdict == "not known"
        assert figure.note, figure.name
    assert as_json(found)["churn"]["value"] is None


def test_the_figures_do_not_depend_on_the_order_of_rows() -> None:
    rows = [
        line("a", "2026-11-16T10:00", "2026-11-18T10:00", qty=3),
        line("b", "2026-11-16T11:00", "2026-11-19T10:00"),
        line("c", "2026-11-17T10:00", "2026-11-17T20:00", service="same_day"),
    ]
    assert measure(history(rows), KpiParameters()) == measure(history(rows[::-1]), KpiParameters())


def test_marks_are_nan_where_a_promise_does_not_concern_a_line() -> None:
    marked = mark_lines(history([line("a", "2026-11-16T10:00", "2026-11-17T10:00")]))
    assert marked.loc[0, ["fill_48h", "by_promise"]].tolist() == [1.0, 1.0]
    assert marked.loc[0, ["same_day", "otif", "stocked"]].isna().all()


@pytest.mark.parametrize(("name", "value"), [("kpi_days", 0), ("target_line_fill_48h", 96.0)])
def test_parameters_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        KpiParameters(**{name: value})  # type: ignore[arg-type]
