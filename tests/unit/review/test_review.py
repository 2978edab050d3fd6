"""What a night is reviewed to, from nothing known to a whole past."""

import dataclasses

import pandas as pd
import pytest

from tests.unit.review.nights import (
    AS_OF,
    ZONE,
    at,
    day,
    delivery,
    demand_history,
    frame,
    night,
    placement,
    situation,
)
from vmi.frames import OPEN_PLAN_LINES
from vmi.kpi.history import ORDER_LINES
from vmi.past import Past
from vmi.planning import Night
from vmi.reports.render import render
from vmi.returns.parameters import ReturnParameters
from vmi.review import exceptions, firm, kpi, report, scorecards, space, stock
from vmi.review.review import review


def past_line(order_id: str, ordered: str, delivered: str | None, **changed: object) -> dict[str, object]:
    line: dict[str, object] = {
        **{"order_id": order_id, "line_no": 1, "ordered_at": at(ordered), "centre_id": "C1", "part_id": "P1", "qty": 1},
        **{"service": "standard", "status": "delivered" if delivered else "open", "warehouse_id": "W1"},
        **{"shipped_at": at(delivered), "delivered_at": at(delivered), "first_promise": at(None)},
    }
    return line | changed


def published(line_id: str, due_on: str, **changed: object) -> dict[str, object]:
    line = {"line_id": line_id, "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W1", "qty": 10}
    days = {"ship_on": day("2026-11-19"), "due_on": day(due_on), "published_as_of": day("2026-11-18")}
    return {**line, **days, "respond_by": at("2026-11-19T12:00"), **changed}


def answer(line_id: str, kind: str, given: str | None, **changed: object) -> dict[str, object]:
    empty = {"confirmed_qty": float("nan"), "confirmed_ship_on": pd.NaT, "comment": ""}
    return {"line_id": line_id, "answer": kind, "answered_at": at(given), **empty, **changed}


def past(**given: object) -> Past:
    """Return a past with three order lines and a plan of yesterday and the day before."""
    lines = [
        past_line("O1", "2026-11-16T10:00", "2026-11-17T10:00"),
        past_line("O2", "2026-11-16T10:00", "2026-11-19T10:00"),
        past_line("O3", "2026-11-17T09:00", "2026-11-17T20:00", service="same_day"),
    ]
    rows = [published("R-0", "2026-11-22"), published("R-9", "2026-11-23"), published("R-8", "2026-11-19")]
    known: dict[str, object] = {
        "order_lines": pd.DataFrame(lines, columns=list(ORDER_LINES.columns)[:12]),
        "firm_lines": pd.DataFrame(rows),
        "answers": pd.DataFrame([answer("R-9", "quantity", "2026-11-20T09:00", confirmed_qty=4.0)]),
        "first_as_of": day("2026-11-18"),
        "last_as_of": day("2026-11-19"),
    }
    return Past(AS_OF, **(known | given))  # type: ignore[arg-type]


def texts(found: object) -> str:
    return pd.DataFrame(found).to_csv(index=False)


def test_a_first_night_is_reviewed_with_unknown_figures_none_and_a_report() -> None:
    found = review(night(), Past(AS_OF), "P1", "0.1.0")
    known = {name for name, figure in found.measures.items() if figure.value is not None}
    assert known == {"inventory_cny", "premium_cny"}
    assert found.measures["inventory_cny"].value == 5 * 10 + 7 * 20
    assert found.kpis_json["return_rate"]["value"] is None
    assert found.view.plan_id == "P1"
    assert "<html" in render(found.view)


def test_the_order_of_rows_and_a_second_review_change_nothing() -> None:
    def shuffled(one: object) -> object:
        frames = {f.name: getattr(one, f.name) for f in dataclasses.fields(one) if f.init}  # type: ignore[arg-type]
        turned = {n: f.iloc[::-1] for n, f in frames.items() if isinstance(f, pd.DataFrame)}
        return dataclasses.replace(one, **turned)  # type: ignore[type-var]

    deliveries = [delivery("O7"), delivery("O8", part_id="P2", ordered_part_id="P2")]
    first = review(night(None, *deliveries), past(), "P1", "0.1.0")
    again = review(night(shuffled(situation()), *deliveries[::-1]), shuffled(past()), "P1", "0.1.0")  # type: ignore[arg-type]
    assert again.kpis_json == first.kpis_json
    for name in ("worklist", "scorecards"):
        assert texts(getattr(again, name)) == texts(getattr(first, name))
    assert texts(again.view.weekly_history) == texts(first.view.weekly_history)
    assert render(again.view) == render(first.view)


def test_a_past_of_another_day_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-19"):
        review(night(), Past(day("2026-11-19")), "P1", "0.1.0")


def test_promises_of_the_past_are_the_ones_dispatch_gives() -> None:
    found = kpi.with_promise(night(), past().order_lines)["promise_by"].tolist()
    assert found == [at("2026-11-18T10:00"), at("2026-11-18T10:00"), at("2026-11-17T23:59:59")]


def test_figures_are_measured_on_the_past() -> None:
    found = review(night(), past(), "P1", "0.1.0").measures
    assert (found["line_fill_48h"].numerator, found["line_fill_48h"].denominator) == (1.0, 2.0)
    assert found["same_day_rate"].value == 1.0


def test_a_line_that_left_the_pipeline_is_no_churn_but_a_new_one_and_a_smaller_answer_are() -> None:
    found = review(night(), past(), "P1", "0.1.0").measures["churn"]
    # R-0 stands, R-9 was answered with 4 of 10 today, R-1 is tonight's with 10, R-8 was due before the last plan.
    assert (found.numerator, found.denominator) == (6.0 + 10.0, 20.0)


def test_an_answer_known_to_the_last_plan_is_no_churn() -> None:
    answered = pd.DataFrame([answer("R-9", "quantity", "2026-11-19T09:00", confirmed_qty=4.0)])
    known = past(answers=answered)
    last, now = firm.last_firm_lines(known, ZONE), firm.firm_lines(night(), known)
    assert last is not None
    assert last.set_index("line_id")["qty"].to_dict() == {"R-0": 10.0, "R-9": 4.0}
    assert now.set_index("line_id")["qty"].to_dict() == {"R-0": 10.0, "R-1": 10.0, "R-9": 4.0}


def test_flows_begin_with_the_first_plan_because_returns_before_it_are_unknown() -> None:
    lots = pd.DataFrame(
        {"warehouse_id": "W1", "part_id": "P1", "received_on": pd.to_datetime(["2026-11-18", "2026-11-19"])}
    )
    back = {"line_id": "B-1", "supplier_id": "S1", "part_id": "P2", "warehouse_id": "W1", "qty": 1, "unit_cost": 5.0}
    known = past(receipts=lots.assign(qty=10), returns=pd.DataFrame([back | {"pick_up_on": day("2026-11-20")}]))
    found = review(night(), known, "P1", "0.1.0").measures["return_rate"]
    assert (found.numerator, found.denominator) == (5.0, 100.0)


def test_forecasts_are_held_against_the_four_weeks_after_they_were_made() -> None:
    made = pd.DataFrame({"part_id": ["P1"], "warehouse_id": "W1", "mean": 4.0, "p10": 1.0, "p50": 4.0, "p90": 8.0})
    known = past(forecasts=made, forecast_as_of=day("2026-10-23"))
    actual = kpi.actuals(night(), known)
    assert actual is not None
    assert actual.to_dict("records") == [{"part_id": "P1", "warehouse_id": "W1", "qty": 4}]
    assert review(night(), known, "P1", "0.1.0").measures["forecast_accuracy"].value == 1.0


def test_a_late_line_costs_once_and_by_the_hour_shared_by_its_pieces() -> None:
    late = {"source": "inbound", "eta": at("2026-11-22T20:00"), "qty": 3}
    on_time = {
        "source": "warehouse",
        "eta": at("2026-11-22T09:00"),
        "on_time": "Y",
        "warehouse_id": "W1",
        "lot_id": "L1",
    }
    found = exceptions.late_lines(night(None, delivery("O1", **late), delivery("O1", **on_time), delivery("O2")))
    costs = dict(zip(found["order_id"], found["penalty_cny"], strict=True))
    assert costs == {"O1": 0.75 * (150 + 8 * 10), "O2": 150 + 8 * 336.0}


def test_a_line_ordered_for_today_costs_more_when_late_whatever_it_travels_by() -> None:
    orders = pd.DataFrame([{"order_id": "O2", "line_no": 1, "service": "same_day", "centre_id": "C1", "part_id": "P1"}])
    found = exceptions.late_lines(night(situation(open_orders=orders), delivery("O2", service="standard")))
    assert found["penalty_cny"].tolist() == [150 + 8 * 336.0 + 400]


def test_lots_that_leave_tonight_do_not_age() -> None:
    taken = delivery("O1", source="warehouse", warehouse_id="W1", lot_id="L1", qty=2, on_time="Y")
    plan = night(None, taken)
    plan.returns = frame(
        "warehouse_id part_id lot_id qty", {"warehouse_id": "W1", "part_id": "P2", "lot_id": "L2", "qty": 7}
    )
    found = stock.staying_lots(plan)
    assert found[["lot_id", "qty", "days_left"]].values.tolist() == [["L1", 3.0, 40.0]]


def test_stock_is_valued_by_warehouse_with_the_part_of_it_that_is_old() -> None:
    found = stock.stock_tonight(situation(), 60).to_dict("records")
    row = {"as_of": AS_OF, "warehouse_id": "W1", "units": 12, "value": 190.0, "volume": 0.024, "aged_value": 140.0}
    assert found == [row]


def test_the_aged_share_of_a_month_is_that_of_all_its_days() -> None:
    before = {"as_of": [day("2026-11-19")], "warehouse_id": "W1", "units": 5, "value": 900.0, "aged_value": 90.0}
    known = past(stock_days=pd.DataFrame(before).assign(volume=0.5))
    cards = review(night(), known, "P1", "0.1.0").scorecards
    november = cards.loc[cards["month"].eq("2026-11") & cards["id"].eq("W1")].set_index("metric")["actual"]
    assert november["aged_share"] == round((140 + 90) / (190 + 900), 4)
    assert november["utilisation"] == round((0.5 + 0.024) / 2, 4)
    assert scorecards.site_days(night(), known)["capacity_m3"].tolist() == [1.0, 1.0]


def test_what_a_supplier_could_not_supply_counts_as_wanted() -> None:
    plan = night()
    cut = {"part_id": "P1", "warehouse_id": "W1", "supplier_id": "S1", "need_qty": 14, "qty": 10}
    plan.placement = placement(cut | {"binding": "availability"}, cut | {"binding": "pack"})  # type: ignore[assignment]
    assert firm.wanted(plan, Past(AS_OF)).values.tolist() == [[AS_OF, "S1", 14.0, 10.0]]


def test_only_lines_still_open_and_without_an_answer_are_unanswered() -> None:
    open_lines = pd.DataFrame({"line_id": ["R-0", "R-9"]})
    assert firm.unanswered(past(), situation(open_plan_lines=open_lines))["line_id"].tolist() == ["R-0"]


def test_an_answer_is_shown_in_the_night_after_it_came_and_not_again() -> None:
    assert firm.differing(past(), ZONE)["line_id"].tolist() == ["R-9"]
    assert firm.differing(past(last_as_of=AS_OF), ZONE).empty


def test_a_rejected_line_is_confirmed_with_nothing() -> None:
    rejected = pd.DataFrame([answer("R-0", "reject", "2026-11-19T10:00")])
    found = firm.outcomes(past(answers=rejected)).set_index("line_id")["confirmed_qty"]
    assert found["R-0"] == 0.0
    assert found.drop("R-0").isna().all()


def test_a_city_that_no_lane_reaches_in_time_is_uncovered_at_the_cost_of_its_recent_lines() -> None:
    found = exceptions.uncovered(night())
    assert found.values.tolist() == [["Lhasa", 1, 150.0]]


def test_a_shortage_names_the_next_day_with_more() -> None:
    plan = night(
        situation(
            availability=pd.DataFrame(
                {
                    "part_id": "P1",
                    "available_qty": [3, 0, 9],
                    "available_on": pd.to_datetime([None, "2026-11-25", "2026-12-01"]),
                }
            )
        )
    )
    short = {"part_id": "P1", "short_qty": 4, "available_qty": 3, "available_on": pd.NaT, "value_per_unit": 9.0}
    plan.placement.hints.shortages = pd.DataFrame([short])  # type: ignore[misc]
    assert exceptions.shortages(plan)["available_on"].tolist() == [day("2026-12-01")]


def test_a_no_return_override_binds_where_it_holds_a_lot_past_its_window() -> None:
    held = {
        "warehouse_id": "W1",
        "kind": "no_return",
        "value": float("nan"),
        "until": pd.NaT,
        "by": "Li",
        "reason": "VIP",
    }
    old = situation().stock.assign(received_on=[day("2026-11-01"), day("2026-08-01")])
    seen = situation(stock=old, overrides=pd.DataFrame([{"part_id": p, **held} for p in ("P1", "P2")]))
    plan = night(seen)
    found = exceptions.overrides(plan, stock.staying_lots(plan))
    assert found[["part_id", "binds"]].values.tolist() == [["P1", "N"], ["P2", "Y"]]


def test_old_snapshots_are_stale_and_old_masters_are_not() -> None:
    files = {
        "file": ["parts", "stock"],
        "rows": 9,
        "imported": 8,
        "rejected": 1,
        "imported_on": day("2026-11-10"),
        "age_days": 10,
    }
    known = past(imports=pd.DataFrame(files))
    assert exceptions.stale(known, 3)["file"].tolist() == ["stock"]
    assert report.imports(known, 3)["stale"].tolist() == ["N", "Y"]


def test_rejects_are_counted_by_file_and_rule_and_those_the_store_has_not_as_such() -> None:
    bad = {"file": "orders", "line": [2, 3, 9], "column": "qty", "value": "x", "rule": ["a", "a", "b"], "mend": "m"}
    files = pd.DataFrame({"file": ["orders", "parts"], "rows": 9, "imported": [4, 9], "rejected": [5, 0]})
    known = past(imports=files.assign(imported_on=AS_OF, age_days=0), rejects=pd.DataFrame(bad))
    assert report.rejects(known).values.tolist() == [
        ["orders", "a", 2],
        ["orders", "b", 1],
        ["orders", "not kept here; see that import's rejects.csv", 2],
    ]
    listed = review(night(), known, "P1", "0.1.0").worklist
    causes = listed.loc[listed["kind"].eq("rejects"), "cause"].tolist()
    assert causes == [
        "1 row left out, the first at line 9 (column qty): b.",
        "2 rows left out, the first at line 2 (column qty): a.",
    ]


def full_night() -> Night:
    """Return a night whose warehouse takes room in every way, of parts of 2 litres."""
    held = {"warehouse_id": "W1", "received_on": day("2026-10-01")}
    lots = pd.DataFrame(
        [
            held | {"part_id": "P1", "lot_id": "L1", "qty": 100, "status": "available"},
            held | {"part_id": "P1", "lot_id": "L2", "qty": 50, "status": "quarantine"},
            held | {"part_id": "P2", "lot_id": "L3", "qty": 40, "status": "available"},
        ]
    )
    seen = situation(
        stock=lots,
        inbound=pd.DataFrame([{"part_id": "P1", "warehouse_id": "W1", "qty": 30, "received_on": pd.NaT}]).reindex(
            columns=list(situation().inbound.columns)
        ),
        open_plan_lines=pd.DataFrame([{"part_id": "P1", "warehouse_id": "W1", "qty": 20}]).reindex(
            columns=list(OPEN_PLAN_LINES.columns)
        ),
    )
    plan = night(seen, delivery("O1", source="warehouse", warehouse_id="W1", lot_id="L1", qty=10, on_time="Y"))
    lot = {"part_id": "P2", "lot_id": "L3", "qty": 5}
    plan.returns = frame("warehouse_id part_id lot_id qty", lot | {"warehouse_id": "W1"})
    moved = [lot | {"from_warehouse": "W1", "to_warehouse": "W9"}, lot | {"from_warehouse": "W9", "to_warehouse": "W1"}]
    plan.transfers = frame("from_warehouse to_warehouse part_id lot_id qty", *moved)
    return plan


def test_room_is_taken_by_all_that_lies_comes_and_is_ordered_less_what_leaves() -> None:
    found = space.space_use(full_night()).set_index("space")
    # Lying: 190 lots, less 10 delivered, 5 returned, 5 moved out. Coming: 30, 20, tonight's 10, 5 moved in.
    assert found.loc["volume"].tolist() == ["W1", 0.34, 0.13, 1.0]
    assert found.loc["hazmat", ["lying_m3", "coming_m3", "capacity_m3"]].tolist() == [0.0, 0.0, 0.0]


def test_a_full_warehouse_is_told_with_all_its_use_and_the_volume_that_was_cut() -> None:
    plan = full_night()
    cut = {"part_id": "P1", "warehouse_id": "W1", "supplier_id": "S1", "need_qty": 60, "qty": 10}
    plan.placement = placement(cut | {"binding": "volume W1"}, cut | {"binding": "availability"})  # type: ignore[assignment]
    tonight = {"warehouse_id": "W1", "space": "volume", "used_m3": 0.02, "capacity_m3": 0.02, "price_per_m3": 400.0}
    plan.placement.hints.full_warehouses = pd.DataFrame([tonight])  # type: ignore[misc]
    found = space.full_warehouses(plan, space.space_use(plan))
    assert found.values.tolist() == [["W1", "volume", 0.47, 1.0, 400.0, 0.1]]


def test_a_unit_that_goes_back_costs_the_suppliers_share_and_its_handling() -> None:
    assert stock.return_cost(pd.Series([100.0]), ReturnParameters()).tolist() == [0.05 * 100 + 6]
    assert stock.staying_lots(night())["return_cost"].tolist() == [6.5, 7.0]


def test_a_censored_week_is_shown_even_where_nothing_was_sold() -> None:
    plan = night()
    span = {"part_id": "P1", "warehouse_id": "W1", "first_day": day("2026-11-01"), "last_day": day("2026-11-10")}
    plan.history = demand_history(span)
    found = report.weekly_history(plan)
    assert found[["week", "qty", "censored"]].values.tolist() == [
        [day("2026-10-19"), 9.0, "N"],
        [day("2026-10-26"), 0.0, "Y"],
        [day("2026-11-02"), 0.0, "Y"],
        [day("2026-11-09"), 4.0, "Y"],
    ]


def test_holidays_are_spans_and_carriers_closures_stand_among_them() -> None:
    rest = {"scope": ["carrier", "supplier"], "id": ["", "S1"], "from": day("2026-12-05"), "to": day("2026-12-06")}
    found = report.holidays(night(situation(closures=pd.DataFrame(rest).assign(reason=""))))
    closed = found.loc[found["name"].eq("Carriers")].to_dict("records")
    assert closed == [{"name": "Carriers", "from": day("2026-12-05"), "to": day("2026-12-06")}]
    assert len(found.loc[found["from"].eq(day("2026-12-05"))]) == 1
    autumn = found.loc[found["from"].between(day("2026-09-30"), day("2026-10-02"))]
    assert len(autumn) == 1
    assert (autumn["to"] - autumn["from"]).iloc[0] >= pd.Timedelta(days=5)


def test_methods_proofs_and_prices_stand_in_the_view() -> None:
    view = review(night(), Past(AS_OF), "P1", "0.1.0").view
    assert view.methods.values.tolist() == [["ets", 1, "N", ""], ["pooled", 1, "Y", "too short"]]
    assert view.optimisations[["name", "gap", "unit"]].values.tolist() == [["placement", 0.2, "CNY"]]
    assert view.space_prices.values.tolist() == [["W1", "volume", 2.0]]


def test_the_methods_of_the_classes_that_occur_stand_in_the_view_with_their_judgement() -> None:
    scores = review(night(), Past(AS_OF), "P1", "0.1.0").view.method_scores
    judged, new = scores.to_dict("records")
    assert (judged["demand_class"], judged["method"], judged["pairs"]) == ("fast", "ets", 1)
    assert (judged["pinball"], judged["pinball_simplest"], judged["judged_on"]) == (1.25, 1.5, AS_OF)
    assert (judged["coverage"], judged["variance_factor"], judged["coverage_used"]) == (0.84, 1.5, 0.9)
    assert (new["demand_class"], new["method"]) == ("new", "gamma_poisson")
    assert pd.isna(new["pinball"])
    assert pd.isna(new["judged_on"])


def test_the_worklist_tells_of_fallbacks_risky_orders_and_uncovered_cities() -> None:
    found = review(night(), past(), "P1", "0.1.0").worklist
    assert {"forecast_fallback", "return_risk", "missing_lane", "confirmation"} <= set(found["kind"])
    risky = found.loc[found["kind"].eq("return_risk"), "money_at_risk"]
    # Of 10 units 5.5 times the chance of the last, at a twentieth of their cost and handling each.
    assert risky.tolist() == pytest.approx([5.5 * 0.7 * (0.05 * 10 + 6)], abs=0.01)
