"""The worklist: one row a thing to do, most money first, no floods."""

import pandas as pd
import pytest

from vmi.frames import WORKLIST
from vmi.worklist import exceptions as ex
from vmi.worklist.exceptions import Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.rank import rank

ZONE = "Asia/Shanghai"
AS_OF = pd.Timestamp("2026-11-20")
PARTS = pd.DataFrame(
    [("P1", "Brake pad 刹车片", "S1", 100.0), ("P2", "Traction battery", "S2", 20_000.0), ("P3", "", "S1", 5.0)],
    columns=["part_id", "name", "supplier_id", "unit_cost"],
)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE)


def night(**given: object) -> Exceptions:
    return Exceptions(AS_OF, ZONE, PARTS, **given)  # type: ignore[arg-type]


def late(order_id: str, part_id: str, penalty: float, **given: object) -> dict[str, object]:
    row = {
        **{"order_id": order_id, "centre_id": "C1", "part_id": part_id, "qty": 1, "source": "none", "eta": pd.NaT},
        **{"promise_by": at("2026-11-22T10:00"), "penalty_cny": penalty, "reason": "no stock anywhere."},
    }
    return {**row, **given}


def listed(**given: object) -> pd.DataFrame:
    return rank(night(**given), WorklistParameters())


def test_a_quiet_night_has_an_empty_list_with_the_contracts_columns() -> None:
    found = listed()
    assert found.empty
    assert tuple(found.columns) == WORKLIST.columns


def test_late_lines_of_one_part_are_one_matter_at_the_sum_of_their_penalties() -> None:
    lines = pd.DataFrame([late("O1", "P1", 300.0), late("O2", "P1", 500.0, centre_id="C2", qty=4)])
    found = listed(late_lines=lines)
    assert len(found) == 1
    assert found.loc[0, "money_at_risk"] == 800.0
    assert found.loc[0, "subject"] == "P1 Brake pad 刹车片"
    assert found.loc[0, "cause"] == ("2 order lines of 2 centres (5 units) have no source yet: no stock anywhere.")


def test_a_late_line_that_has_an_eta_says_when() -> None:
    lines = pd.DataFrame([late("O1", "P1", 300.0, source="inbound", eta=at("2026-11-25T23:30"))])
    assert "comes late, on 2026-11-25: no stock" in listed(late_lines=lines).loc[0, "cause"]


def test_most_money_comes_first_and_what_has_no_price_last() -> None:
    full = pd.DataFrame([("FW03", "volume", 3.0, 3.0, 412.0, None)], columns=list(ex.FULL_WAREHOUSES.columns))
    stale = pd.DataFrame([("stock.csv", day("2026-11-14"), 6, 3)], columns=list(ex.STALE.columns))
    lines = pd.DataFrame([late("O1", "P2", 30_000.0)])
    found = listed(full_warehouses=full, stale=stale, late_lines=lines)
    assert found["kind"].tolist() == ["late_order", "warehouse_full", "stale_input"]
    assert found["severity"].tolist() == ["high", "low", "high"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found.loc[1, "cause"] == "FW03 is full (3.0 of 3.0 m³): a further m³ is worth ¥412 tonight."
    assert found.loc[1, "money_at_risk"] == round(412 * 0.01 * 3, 2)


def test_a_full_warehouse_is_worth_what_it_cut_up_to_a_tenth_of_it() -> None:
    full = pd.DataFrame(
        [("FW03", "volume", 3.0, 3.0, 400.0, 0.2), ("FW04", "hazmat", 3.0, 3.0, 400.0, 7.5)],
        columns=list(ex.FULL_WAREHOUSES.columns),
    )
    found = listed(full_warehouses=full).set_index("warehouse_id")
    assert found["money_at_risk"].to_dict() == {"FW03": 80.0, "FW04": 120.0}
    assert found.loc["FW03", "cause"].endswith("a further m³ is worth ¥400 tonight; orders were cut by 0.20 m³.")


def test_many_small_matters_of_a_kind_become_one_line() -> None:
    parts = pd.DataFrame([(f"P{n}", f"part {n}", "S1", 1.0) for n in range(50)], columns=list(PARTS.columns))
    lines = pd.DataFrame([late(f"O{n}", f"P{n}", float(n)) for n in range(49)] + [late("O99", "P49", 9_000.0)])
    found = rank(Exceptions(AS_OF, ZONE, parts, late_lines=lines), WorklistParameters(small_cny=200.0))
    assert len(found) == 2
    assert found.loc[1, "subject"] == "49 smaller: parts with late order lines"
    assert found["money_at_risk"].sum() == 9_000.0 + sum(range(49))
    assert found["severity"].tolist() == ["medium", "low"]


def test_small_matters_that_are_dear_together_are_still_not_urgent() -> None:
    parts = pd.DataFrame([(f"P{n}", f"part {n}", "S1", 1.0) for n in range(100)], columns=list(PARTS.columns))
    lines = pd.DataFrame([late(f"O{n}", f"P{n}", 190.0) for n in range(100)])
    found = rank(Exceptions(AS_OF, ZONE, parts, late_lines=lines), WorklistParameters(small_cny=200.0))
    assert found[["money_at_risk", "severity"]].to_numpy().tolist() == [[19_000.0, "low"]]


def test_a_long_list_loses_its_cheapest_lines_and_says_how_many_and_how_much() -> None:
    parts = pd.DataFrame([(f"P{n:03}", "", "S1", 1.0) for n in range(30)], columns=list(PARTS.columns))
    lines = pd.DataFrame([late(f"O{n}", f"P{n:03}", 1_000.0 + n) for n in range(30)])
    stale = pd.DataFrame([("stock.csv", day("2026-11-14"), 6, 3)], columns=list(ex.STALE.columns))
    found = rank(Exceptions(AS_OF, ZONE, parts, late_lines=lines, stale=stale), WorklistParameters(max_rows=10))
    assert len(found) == 11
    assert found["kind"].tolist() == ["late_order"] * 9 + ["stale_input", "cut"]
    assert found["subject"].iloc[-1] == "21 further matters"
    assert f"¥{sum(range(1_000, 1_021)):,.0f}" in found["cause"].iloc[-1]
    assert found["rank"].tolist() == list(range(1, 12))


def test_a_shortage_is_worth_its_missing_units() -> None:
    short = pd.DataFrame([("P2", 3, 1, day("2026-12-01"), 700.0)], columns=list(ex.SHORTAGES.columns))
    found = listed(shortages=short).iloc[0]
    assert found["money_at_risk"] == 2_100.0
    assert found["cause"] == "3 units more would be ordered, S2 has 1 unit; more on 2026-12-01."
    assert found["supplier_id"] == "S2"


def test_only_orders_above_the_risk_are_listed_by_part() -> None:
    orders = pd.DataFrame(
        [
            ("S1", "P1", "FW1", 10, 100.0, 0.6, 11.0),
            ("S1", "P1", "FW2", 10, 100.0, 0.8, 11.0),
            ("S1", "P3", "FW2", 10, 5.0, 0.2, 6.0),
        ],
        columns=list(ex.RISKY_ORDERS.columns),
    )
    found = listed(risky_orders=orders)
    assert found["part_id"].tolist() == ["P1"]
    assert found.loc[0, "money_at_risk"] == round(11 * 5.5 * (0.6 + 0.8), 2)
    assert "20 units (¥2,000) are ordered for 2 warehouses" in found.loc[0, "cause"]
    assert found.loc[0, "warehouse_id"] == ""


def test_lots_near_their_window_are_summed_by_warehouse_over_three_horizons() -> None:
    lots = pd.DataFrame(
        [
            ("FW1", "P1", "L1", 2, 100.0, 5, 11.0),
            ("FW1", "P1", "L2", 3, 100.0, 20, 11.0),
            ("FW1", "P1", "L3", 9, 100.0, 31, 11.0),
        ],
        columns=list(ex.AGEING_LOTS.columns),
    )
    found = listed(ageing_lots=lots).iloc[0]
    assert found["money_at_risk"] == 55.0
    assert "¥200 within 7 days, ¥200 within 14 days, ¥500 within 30 days (2 lots)" in found["cause"]


@pytest.mark.parametrize(
    ("binds", "until", "words"),
    [
        ("Y", "2027-01-01", "Override max 4 by 王伟: recall changes the plan."),
        ("N", "2026-11-25", "Override max 4 by 王伟: recall is in force and ends on 2026-11-25."),
        ("N", "2026-11-20", "Override max 4 by 王伟: recall ended on 2026-11-20."),
        ("N", "2027-01-01", None),
    ],
)
def test_overrides_are_listed_if_they_bind_or_end_soon(binds: str, until: str, words: str | None) -> None:
    row = ("P1", "FW1", "max", 4.0, day(until), "王伟", "recall.", binds, 90.0)
    found = listed(overrides=pd.DataFrame([row], columns=list(ex.OVERRIDES_IN_FORCE.columns)))
    assert found["cause"].tolist() == ([words] if words else [])


def test_a_silent_supplier_is_one_row_and_lines_that_may_still_be_answered_are_none() -> None:
    lines = pd.DataFrame(
        [
            ("R-1", "S1", "P1", 5, day("2026-11-19"), at("2026-11-19T18:00")),
            ("R-2", "S1", "P1", 5, day("2026-11-18"), at("2026-11-18T18:00")),
            ("R-3", "S2", "P2", 1, day("2026-11-23"), at("2026-11-21T00:00")),
        ],
        columns=list(ex.UNANSWERED.columns),
    )
    found = listed(unanswered=lines)
    assert found["supplier_id"].tolist() == ["S1"]
    assert found.loc[0, "cause"].startswith("2 firm lines worth ¥1,000 past the time to answer; the first was to ship")


def test_a_shipment_that_should_be_there_is_listed_and_one_due_tomorrow_is_not() -> None:
    inbound = pd.DataFrame(
        [("A", "P1", "S1", "FW1", 2, day("2026-11-19")), ("B", "P1", "S1", "FW1", 2, day("2026-11-21"))],
        columns=list(ex.LATE_INBOUND.columns),
    )
    found = listed(inbound=inbound)
    assert found["subject"].tolist() == ["shipment A"]
    assert found.loc[0, "supplier_id"] == "S1"


@pytest.mark.parametrize(
    ("eta_on", "money"),
    [("2026-11-20", 10.0), ("2026-11-14", 10.0), ("2026-11-13", 20.0), ("2026-01-01", 200.0)],
)
def test_a_late_shipment_puts_a_twentieth_of_its_value_at_risk_per_week_begun(eta_on: str, money: float) -> None:
    inbound = pd.DataFrame([("A", "P1", "S1", "FW1", 2, day(eta_on))], columns=list(ex.LATE_INBOUND.columns))
    assert listed(inbound=inbound)["money_at_risk"].tolist() == [money]


def test_only_answers_that_differ_from_the_order_are_listed() -> None:
    head = ("S1", "P1", "FW1", 10, day("2026-11-23"))
    answers = pd.DataFrame(
        [
            ("R-1", *head, "accept", None, pd.NaT, ""),
            ("R-2", *head, "quantity", 4.0, pd.NaT, "press down"),
            ("R-3", *head, "date", None, day("2026-11-30"), ""),
            ("R-4", *head, "reject", None, pd.NaT, ""),
        ],
        columns=list(ex.DIFFERING.columns),
    )
    found = listed(confirmations=answers).set_index("cause")["money_at_risk"].to_dict()
    assert found == {
        "S1 confirms 4 units of 10 units: press down.": 600.0,
        "S1 confirms all units on 2026-11-30 instead of 2026-11-23.": 1_000.0,
        "S1 rejects 10 units.": 1_000.0,
    }


def test_rejects_and_fallbacks_are_counted_not_listed() -> None:
    bad = pd.DataFrame(
        [("orders.csv", n, "qty", "x", "not a whole number", "write 3, not x") for n in range(2, 400)],
        columns=list(ex.REJECTS.columns),
    )
    fallen = pd.DataFrame(
        [("P1", f"FW{n}", "pool mean", "no history") for n in range(9)], columns=list(ex.FALLBACKS.columns)
    )
    found = listed(rejects=bad, fallbacks=fallen)
    assert len(found) == 2
    assert found.loc[found["kind"].eq("rejects"), "cause"].iloc[0].startswith("398 rows left out, the first at line 2")
    assert "9 forecasts of 1 part fell back to pool mean: no history." in found["cause"].tolist()


def test_a_calendar_that_ends_before_the_horizon_is_said() -> None:
    found = listed(calendar_verified_through=day("2026-12-31"), horizon_end=day("2027-02-20"))
    assert found["kind"].tolist() == ["calendar"]
    assert listed(calendar_verified_through=day("2027-12-31"), horizon_end=day("2027-02-20")).empty


def test_a_city_out_of_reach_is_listed_with_or_without_a_known_demand() -> None:
    cities = pd.DataFrame([("Lhasa", 2, None), ("Ürümqi", 1, 5_000.0)], columns=list(ex.UNCOVERED.columns))
    found = listed(uncovered=cities)
    assert found["subject"].tolist() == ["Ürümqi", "Lhasa"]
    assert found["cause"].iloc[1] == "No lane reaches 2 centres in Lhasa within the promise."


def test_the_list_does_not_depend_on_the_order_of_rows() -> None:
    lines = pd.DataFrame([late(f"O{n}", f"P{n % 3 + 1}", 500.0, reason=f"why {n}") for n in range(9)])
    pd.testing.assert_frame_equal(listed(late_lines=lines), listed(late_lines=lines.iloc[::-1]))
