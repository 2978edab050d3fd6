"""Scorecards counted by hand: one supplier, one warehouse, two months."""

import pandas as pd
import pytest

from vmi.frames import SCORECARDS
from vmi.scorecards.history import FIRM_LINE_OUTCOMES, FLOWS, MARKED_LINES, SITE_DAYS, WANTED, ScorecardHistory
from vmi.scorecards.parameters import METRICS, WEIGHTS, ScorecardParameters
from vmi.scorecards.score import score

ZONE = "Asia/Shanghai"
AS_OF = pd.Timestamp("2026-11-20")


def firm(line_id: str, received: str, **given: object) -> dict[str, object]:
    row = {
        **{"line_id": line_id, "supplier_id": "S1", "qty": 10, "ship_on": "2026-11-03", "due_on": "2026-11-06"},
        **{"respond_by": "2026-11-03T18:00+08:00", "answered_at": "2026-11-03T09:00+08:00", "confirmed_qty": None},
        **{"confirmed_ship_on": None, "shipped_on": "2026-11-03", "received_on": received or None},
        **{"received_qty": 10.0 if received else None},
    }
    return {**row, **given}


def cards(parameters: ScorecardParameters | None = None, **given: pd.DataFrame) -> pd.DataFrame:
    return score(ScorecardHistory(AS_OF, ZONE, **given), parameters or ScorecardParameters())


def firm_lines(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(FIRM_LINE_OUTCOMES.columns))


def actual(found: pd.DataFrame, metric: str, month: str = "2026-11", field: str = "actual") -> object:
    return found.set_index(["month", "metric"])[field].to_dict()[(month, metric)]


def test_without_history_there_are_no_cards_but_the_columns() -> None:
    found = cards()
    assert found.empty
    assert tuple(found.columns) == SCORECARDS.columns


def test_a_firm_line_is_kept_if_it_comes_as_confirmed_by_the_confirmed_day() -> None:
    found = cards(
        firm_lines=firm_lines(
            firm("as-ordered", "2026-11-06"),
            firm("a-day-late", "2026-11-07"),
            firm("later-as-confirmed", "2026-11-08", confirmed_ship_on="2026-11-05"),
            firm("short", "2026-11-06", received_qty=9.0),
            firm("short-as-confirmed", "2026-11-06", received_qty=9.0, confirmed_qty=9.0),
            firm("never", ""),
            firm("rejected", "", confirmed_qty=0.0),
            firm("not-due", "", due_on="2026-11-25", ship_on="2026-11-22"),
        )
    )
    assert actual(found, "otif") == 0.5
    assert actual(found, "lead_time_adherence") == 0.8


def test_answers_count_by_the_time_they_were_due_and_silence_counts_against() -> None:
    found = cards(
        firm_lines=firm_lines(
            firm("in-time", ""),
            firm("late", "", answered_at="2026-11-03T18:01+08:00"),
            firm("silent", "", answered_at=None),
            firm("still-open", "", answered_at=None, respond_by="2026-11-22T18:00+08:00"),
        )
    )
    assert actual(found, "answer_rate") == round(1 / 3, 4)


def test_less_is_better_for_returns_and_nothing_returned_reaches_the_cap() -> None:
    flows = pd.DataFrame(
        [
            ("2026-10-05", "received", "S1", "FW1", 100.0),
            ("2026-11-05", "received", "S1", "FW1", 100.0),
            ("2026-11-09", "returned", "S1", "FW1", 10.0),
        ],
        columns=list(FLOWS.columns),
    )
    found = cards(flows=flows.assign(day=pd.to_datetime(flows["day"])))
    assert actual(found, "return_share") == 0.1
    assert actual(found, "return_share", field="index") == 0.5
    assert actual(found, "return_share", "2026-10", "index") == 1.2


def test_availability_is_units_granted_over_units_wanted() -> None:
    wanted = pd.DataFrame(
        [(AS_OF, "S1", 30, 20), (AS_OF - pd.Timedelta(days=1), "S1", 10, 10)], columns=list(WANTED.columns)
    )
    assert actual(cards(wanted=wanted), "availability") == 0.75


def site_lines(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["warehouse_id", "covering_warehouse", "fill_48h", "same_day", "stocked"])
    day = pd.Timestamp("2026-11-10")
    return frame.assign(ordered_on=day, fill_48h_day=day).loc[:, list(MARKED_LINES.columns)]


def test_a_line_counts_for_the_warehouse_that_shipped_it_and_its_stock_for_the_one_that_covers() -> None:
    nan = float("nan")
    found = cards(
        lines=site_lines(("FW1", "FW2", 1.0, nan, 0.0), ("", "FW2", 0.0, nan, 1.0), ("FW2", "FW2", 1.0, nan, 1.0))
    )
    by_site = found.set_index(["id", "month", "metric"])["actual"]
    assert by_site[("FW1", "2026-11", "line_fill_48h")] == 1.0
    assert by_site[("FW2", "2026-11", "line_fill_48h")] == 0.5
    assert by_site[("FW2", "2026-11", "stocking_accuracy")] == round(2 / 3, 4)
    assert pd.isna(by_site[("FW1", "2026-11", "stocking_accuracy")])


def test_utilisation_and_aged_share_are_means_over_the_days_seen() -> None:
    days = pd.DataFrame(
        [(AS_OF, "FW1", 100.0, 30.0, 80.0, 100.0), (AS_OF - pd.Timedelta(days=1), "FW1", 100.0, 10.0, 90.0, 100.0)],
        columns=list(SITE_DAYS.columns),
    )
    found = cards(site_days=days)
    assert actual(found, "utilisation") == 0.85
    assert actual(found, "aged_share") == 0.2


def test_the_overall_index_weighs_known_metrics_only_and_is_graded() -> None:
    found = cards(site_days=pd.DataFrame([(AS_OF, "FW1", 100.0, 20.0, 85.0, 100.0)], columns=list(SITE_DAYS.columns)))
    assert actual(found, "overall") == 0.75
    assert actual(found, "overall", field="grade") == "C"
    assert actual(found, "line_fill_48h", field="grade") == ""
    assert pd.isna(actual(found, "line_fill_48h"))
    assert found.loc[found["month"].eq("2026-11"), "metric"].tolist()[-1] == "overall"


def test_a_month_without_any_figure_of_an_id_has_no_rows_and_overall_no_target() -> None:
    wanted = pd.DataFrame(
        [("2026-09-10", "S1", 10, 5), ("2026-11-10", "S1", 10, 5), ("2026-11-10", "S2", 10, 5)],
        columns=list(WANTED.columns),
    )
    found = cards(wanted=wanted.assign(as_of=pd.to_datetime(wanted["as_of"])))
    kept = found[["month", "id"]].drop_duplicates().values.tolist()
    assert kept == [["2026-09", "S1"], ["2026-11", "S1"], ["2026-11", "S2"]]
    assert actual(found.loc[found["id"].eq("S1")], "availability", field="trigger") == "below 0.9: watch"
    assert found.loc[found["metric"].eq("overall"), "target"].isna().all()


def test_a_metric_below_the_line_is_watched_once_and_reviewed_the_second_month_running() -> None:
    wanted = pd.DataFrame(
        [("2026-09-10", "S1", 10, 10), ("2026-10-10", "S1", 10, 5), ("2026-11-10", "S1", 10, 5)],
        columns=list(WANTED.columns),
    )
    found = cards(wanted=wanted.assign(as_of=pd.to_datetime(wanted["as_of"])))
    assert [actual(found, "availability", m, "trigger") for m in ("2026-09", "2026-10", "2026-11")] == [
        "",
        "below 0.9: watch",
        "below 0.9 twice: review",
    ]


def test_the_weights_of_a_scope_add_up_to_one_and_every_metric_has_a_target() -> None:
    assert [sum(weights.values()) for weights in WEIGHTS.values()] == pytest.approx([1.0, 1.0])
    assert all(ScorecardParameters().target(metric) > 0 for metric in METRICS)


def test_a_target_that_cannot_be_divided_by_is_refused() -> None:
    with pytest.raises(ValueError, match="target_otif"):
        ScorecardParameters(target_otif=0.0)


def test_cards_do_not_depend_on_the_order_of_rows() -> None:
    lines = firm_lines(firm("a", "2026-11-06"), firm("b", "2026-11-09"), firm("c", "", supplier_id="S0"))
    pd.testing.assert_frame_equal(cards(firm_lines=lines), cards(firm_lines=lines.iloc[::-1]))
