"""simulation.json and nights.csv: plain, rounded, the same bytes every time."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.made_outcomes import company_of_policies, made, with_nights
from vmi.simulate.outcome import COST_KINDS, NIGHTS
from vmi.simulate.summary import MODEL_FIGURES, as_json_bytes, content, nights_csv, simulation_json

ABOUT = {"demand": "history", "notes": ["parts sampled"], "arguments": {"seeds": np.int64(2), "gap": float("inf")}}


def test_the_json_holds_runs_models_comparison_and_verdict() -> None:
    told = json.loads(simulation_json(company_of_policies(2, 14), ABOUT, 0.9))
    assert (told["first_night"], told["last_night"], told["nights"]) == ("2026-09-07", "2026-09-20", 14)
    assert len(told["runs"]) == 14
    assert [m["policy"] for m in told["models"]][:2] == ["vmi", "textbook:1.5"]
    assert [m["policy"] for m in told["models"] if m["bound"]] == ["clairvoyant"]
    assert told["confidence_level"] == 0.9
    assert len(told["comparison"]) == 6 * (4 + len(COST_KINDS))
    assert told["verdict"]["policy"] == "vmi"
    assert told["about"] == {
        "demand": "history",
        "notes": ["parts sampled"],
        "arguments": {"seeds": 2, "gap": None},
    }


def test_who_has_the_content_already_gets_the_same_bytes() -> None:
    runs = company_of_policies(2, 14)
    assert as_json_bytes(content(runs, ABOUT, 0.9)) == simulation_json(runs, ABOUT, 0.9)


def test_replayed_orders_are_told() -> None:
    runs = [made(seed=seed, nights=2) for seed in (1, 2)]
    assert content(runs, {})["same_orders"] is False
    assert content([with_nights(o, lines_ordered=9) for o in runs], {})["same_orders"] is True


def test_the_kinds_of_a_run_add_up_to_its_total() -> None:
    for run in content([made(seed=3)], {})["runs"]:
        assert sum(run["cost_cny"].values()) == pytest.approx(run["total_cny"], abs=0.005)
        assert list(run["cost_cny"]) == list(COST_KINDS)


def test_what_is_not_known_is_null_and_never_nan() -> None:
    outcome = with_nights(made(nights=2), same_day_ordered=0, same_day_on_time=0)
    body = simulation_json([replace(outcome, facts={"urgent_line_cny": None, "parts": pd.NaT})], {})
    figures = json.loads(body)["models"][0]["figures"]
    assert b"NaN" not in body
    assert figures["same_day_rate"] == {"mean": None, "low": None, "high": None, "seeds": 0}
    assert figures["urgent_line_cny"]["mean"] is None
    assert figures["stocking_accuracy"]["mean"] is None


def test_the_table_of_stock_models_gives_means_over_seeds_with_intervals() -> None:
    runs = [with_nights(made(seed=seed, nights=2), stock_cny=value) for seed, value in ((1, 100.0), (2, 106.0))]
    figures = content(runs, {}, 0.95)["models"][0]["figures"]
    assert figures["stock_cny"]["mean"] == 103.0
    assert figures["stock_cny"]["high"] == pytest.approx(103 + 3 * 12.7062, abs=0.01)
    assert figures["stock_days"]["mean"] == 17.3
    assert list(figures) == [figure.name for figure in MODEL_FIGURES]


def test_one_seed_has_means_without_intervals() -> None:
    figures = content([made()], {})["models"][0]["figures"]
    assert figures["stock_cny"]["low"] is None
    assert figures["stock_cny"]["seeds"] == 1


def test_the_csv_has_the_contracts_form() -> None:
    body = nights_csv([made("b", nights=2), made("a", nights=2)])
    assert body.startswith(b"\xef\xbb\xbfpolicy,scenario,seed,night,")
    assert body.count(b"\r\n") == 5
    assert body.count(b"\n") == 5
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert tuple(rows[0]) == NIGHTS.columns
    assert [(r["policy"], r["night"]) for r in rows] == [
        *(("b", "2026-09-07"), ("b", "2026-09-08")),
        *(("a", "2026-09-07"), ("a", "2026-09-08")),
    ]


def test_money_has_two_decimals_counts_none_and_the_unknown_is_empty() -> None:
    lived = with_nights(made(nights=1), total_cny=-0.001, units_on_hand=12.0, stock_m3=1.23456789, returns_cny=np.nan)
    row = next(csv.DictReader(io.StringIO(nights_csv([lived]).decode("utf-8-sig"))))
    assert (row["total_cny"], row["units_on_hand"], row["stock_m3"]) == ("0.00", "12", "1.234568")
    assert row["returns_cny"] == ""


def test_a_scenario_that_a_spreadsheet_would_run_is_guarded() -> None:
    body = nights_csv([made(scenario="=1+1", nights=1)])
    assert b"\r\nvmi,'=1+1,1," in body


def test_the_same_runs_give_the_same_bytes_whatever_the_order_of_seeds_and_nights() -> None:
    runs = company_of_policies(3, 14)
    turned = [replace(o, nights=o.nights.iloc[::-1]) for o in sorted(runs, key=lambda o: -o.seed)]
    assert simulation_json(runs, ABOUT) == simulation_json(turned, ABOUT)
    assert nights_csv(runs) == nights_csv(turned)
