import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from tests.company import company, imported, moments
from vmi.errors import UsageProblem
from vmi.explain import LINES, Explanation, explain_part
from vmi.placement.outputs import DERIVATION_COLUMNS
from vmi.store import runs
from vmi.store.engine import open_engine
from vmi.tables.plans import PlanDerivation

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
DAY = pd.Timestamp(FRIDAY)


def derivation(warehouse_id: str = "W1", **changed: object) -> dict[str, object]:
    """Return a hub of two regions: 9 wanted, 3 + 1 there, packs of 10."""
    row = {
        **{"part_id": "P2", "warehouse_id": warehouse_id, "supplier_id": "S1", "hub": "W1", "pool_regions": 2},
        **{"on_hand": 4, "inbound": 2, "backordered": 3, "outgoing": 0, "committed": 2, "position": 3, "pooled": 1},
        **{"protection_days": 12.0, "demand_mean": 4.6, "demand_var": 6.0, "demand_p50": 5.0, "demand_p90": 9.0},
        **{"return_window_mean": 30.0, "order_up_to": 9, "target_qty": 9, "need_qty": 5, "pack_qty": 10},
        **{"min_order_qty": 5, "available_qty": None, "qty": 10, "override_kind": "", "override_value": None},
        **{"value_last_unit": 3.25, "value_next_unit": -1.5, "penalty_cny": 80.0, "carrying_cny": 0.01},
        **{"return_cny": 2.6, "freight_cny": 1.1, "return_risk": 0.12, "binding": "pack", "binding_price": 0.0},
        **{"money_at_stake": 210.0, "demand_class": "lumpy", "fill_rate": 0.971, "reason": "a reason"},
    }
    return {**row, **changed}


def elsewhere(warehouse_id: str = "W2", **changed: object) -> dict[str, object]:
    zero = dict.fromkeys(("inbound", "backordered", "committed", "pooled", "order_up_to", "target_qty"), 0)
    none = {"need_qty": 0, "qty": 0, "binding": "none", "on_hand": 1, "position": 1, "reason": "covered from W1"}
    return derivation(warehouse_id, **{**zero, **none, **changed})


def firm(qty: int, commitment: str = "firm", due: str = "2026-12-01") -> dict[str, object]:
    days = {"ship_on": pd.Timestamp("2026-11-21"), "due_on": pd.Timestamp(due)}
    ids = {"line_id": f"R-{commitment}-{due}", "supplier_id": "S1", "part_id": "P2", "warehouse_id": "W1"}
    return {**ids, **days, "qty": qty, "pack_qty": 10, "commitment": commitment, "priority": 1, "unit_cost": 20.0}


@pytest.fixture
def engine(new_database: Callable[[str, bool], str]) -> Engine:
    """A company of P1, which P2 supersedes, and P2."""
    opened = open_engine(new_database("sqlite", True))
    files = company(successors={"P1": "P2"})
    files["parts"]["name"] = ["制动片 old", "制动片"]
    second = files["warehouses"].assign(warehouse_id="W2", city="Chengdu")
    files["warehouses"] = pd.concat([files["warehouses"], second], ignore_index=True)
    imported(opened, files)
    return opened


def publish(engine: Engine, plan_id: str = "P-1", kind: str = "plan", **frames: list[dict[str, object]]) -> None:
    """Publish plan tables, named without ``plan_``."""
    tables = {f"plan_{name}": pd.DataFrame(rows) for name, rows in frames.items()}
    with engine.begin() as connection:
        run = runs.begin_run(connection, kind, FRIDAY if kind == "plan" else NOW, plan_id, NOW, "out/x")
        runs.write_step(connection, run, "all", tables)
        runs.mark_staged(connection, run, "out/x", "abc")
        runs.mark_published(connection, run, NOW)


def profile(kind: str, family: str = "", region: str = "", fitted_on: str = "2026-11-18") -> dict[str, object]:
    """Return a calendar profile as a run keeps it."""
    days = {"fitted_on": pd.Timestamp(fitted_on), "first_day": pd.Timestamp("2024-01-01")}
    fit = {"fingerprint": "f", "trend": 0.0, "coefficients": "{}", "months": "{}"}
    return {"kind": kind, "family": family, "region": region, **days, **fit}


def added_up(text: str) -> tuple[int, dict[str, int]]:
    """Add the figures of a text as a reader would; return the last sum and the lines by label."""
    total, found = 0, {}
    for sign, label, figure in re.findall(r"^  ([+=-] )?(\S.*?) {2,}(-?\d+)(?: {3}.*)?$", text, re.M):
        found[label.strip()] = int(figure)
        if sign.strip() == "=":
            total = max(total, 0) if label.strip() == "need" else total
            assert total == int(figure), label
        else:
            total = int(figure) if not sign else total + int(figure) * (1 if sign.strip() == "+" else -1)
    return total, found


def test_the_figures_of_the_text_add_up_to_the_published_quantity(engine: Engine) -> None:
    publish(engine, derivations=[derivation()], replenishment=[firm(10)])
    text = explain_part(engine, "P2").as_text()
    total, figures = added_up(text)
    assert total == 10
    assert figures == {
        "on hand": 4,
        "inbound": 2,
        "backordered": 3,
        "leaving": 0,
        "position": 3,
        "target": 9,
        "elsewhere in the pool": 1,
        "need": 5,
        "whole packs": 5,
        "ordered": 10,
    }
    assert text.startswith("P2 制动片 at W1 Hangzhou · plan P-1 · as of 2026-11-20\n")
    assert "ship 2026-11-21, due 2026-12-01, line R-firm-2026-12-01" in text
    assert "2 of them served tonight" in text
    assert "demand over 12 days: mean 4.6, P50 5, P90 9" in text
    assert "12% that the last unit is unsold" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"binding": "truck", "qty": 0}, "- waits for the truck"),
        ({"binding": "availability", "qty": 2, "available_qty": 2}, "2 available"),
        ({"binding": "volume W1", "qty": 0, "binding_price": 31.0}, "- space in W1"),
        ({"binding": "override order", "qty": 7, "override_kind": "order", "override_value": 7}, "+ a planner's order"),
        ({"binding": "none", "need_qty": 0, "qty": 0, "pooled": 8}, "more than enough"),
        (
            {"binding": "moq", "position": -4, "on_hand": 0, "backordered": 6, "need_qty": 12, "qty": 20},
            "+ minimum order",
        ),
    ],
)
def test_whatever_bound_is_named_and_the_sum_still_comes_out(engine: Engine, changed: dict, said: str) -> None:
    publish(engine, derivations=[derivation(**changed)], prices=[price()])
    text = explain_part(engine, "P2").as_text()
    assert said in text
    assert added_up(text)[0] == changed["qty"]


def price() -> dict[str, object]:
    return {"name": "volume", "subject": "W1", "unit": "CNY/m3", "price": 31.0, "used": 9.0, "available": 9.0}


def test_the_price_of_a_full_warehouse_is_told_with_its_unit(engine: Engine) -> None:
    publish(engine, derivations=[derivation(binding="volume W1", qty=0, binding_price=31.0)], prices=[price()])
    found = explain_part(engine, "P2")
    assert "one more is worth 31 CNY/m3" in found.as_text()
    assert found.as_dict()["warehouses"][0]["price"]["price"] == 31


def test_a_superseded_part_is_explained_by_its_final_part_and_keeps_its_own_lots(engine: Engine) -> None:
    lot = {"lot_id": "L1", "received_on": DAY, "age_days": 85, "unit_cost": 10.0, "trigger": "age"}
    back = {**lot, "line_id": "B-1", "supplier_id": "S1", "part_id": "P1", "warehouse_id": "W2", "qty": 3}
    back |= {"relocation_tested": "Y", "reason": "nobody needs it"}
    publish(engine, derivations=[derivation()], returns=[back])
    found = explain_part(engine, "P1")
    assert (found.part_id, found.predecessors) == ("P2", ("P1",))
    text = found.as_text()
    assert text.startswith("P1 is superseded: demand and stock are planned as P2")
    assert "3 of lot L1 (P1): nobody needs it" in text


def test_warehouses_that_order_come_first_and_the_others_in_a_table(engine: Engine) -> None:
    publish(engine, derivations=[derivation("W2", hub="W2"), elsewhere("W1", hub="W2")])
    found = explain_part(engine, "P2")
    assert [row["warehouse_id"] for row in found.warehouses] == ["W2", "W1"]
    assert re.search(r"^  W1 +1 +0 +0 +0 +1  covered from W1$", found.as_text(), re.M)


def test_one_warehouse_can_be_asked_for(engine: Engine) -> None:
    publish(engine, derivations=[derivation(), elsewhere()])
    text = explain_part(engine, "P2", "W2").as_text()
    assert "at W2 Chengdu" in text
    assert "at W1" not in text
    assert "= position" in text
    assert "= ordered" not in text


def test_a_program_gets_the_stored_columns_with_null_for_unknown(engine: Engine) -> None:
    publish(engine, derivations=[derivation()], replenishment=[firm(10), firm(4, "forecast", "2026-12-07")])
    content = explain_part(engine, "P2").as_dict()
    row = content["warehouses"][0]
    assert set(DERIVATION_COLUMNS.split()) <= set(row)
    assert row["available_qty"] is None
    assert [line["due_on"] for line in row["replenishment"]] == ["2026-12-01", "2026-12-07"]
    assert row["target_qty"] - row["position"] - row["pooled"] == row["need_qty"]
    assert sum(line["qty"] for line in row["replenishment"] if line["commitment"] == "firm") == row["qty"]


def test_open_lines_are_told_where_they_are_served_or_that_nothing_serves_them(engine: Engine) -> None:
    line = {"line_no": 1, "centre_id": "C1", "part_id": "P2", "ordered_part_id": "P2", "qty": 1, "service": "standard"}
    served = {**line, "line_id": "D-1", "order_id": "O1", "source": "warehouse", "warehouse_id": "W1"}
    served["eta"] = moments("2026-11-22T10:30+08:00")[0]
    waits = {**line, "line_id": "D-2", "order_id": "O2", "source": "none", "warehouse_id": ""}
    publish(engine, derivations=[derivation()], deliveries=[served, waits])
    text = explain_part(engine, "P2", timezone="Asia/Shanghai").as_text()
    assert "1 P2 for C1, O1/1, arrives 2026-11-22T10:30" in text
    assert "served by no warehouse:\n  none          1 P2 for C1, O2/1, no arrival known" in text


def test_a_part_without_anything_to_tell_says_so(engine: Engine) -> None:
    publish(engine, derivations=[])
    assert "nothing to tell" in explain_part(engine, "P2").as_text()


def test_an_older_plan_can_be_asked_for_by_its_id(engine: Engine) -> None:
    publish(engine, "P-1", derivations=[derivation()])
    publish(engine, "P-2", derivations=[derivation(qty=0, need_qty=5, binding="truck")])
    assert quantity(explain_part(engine, "P2", plan_id="P-1")) == 10
    assert quantity(explain_part(engine, "P2")) == 0


def quantity(found: Explanation) -> int:
    return int(found.warehouses[0]["qty"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"part": "P22"}, r"part P22 is not known; did you mean P2"),
        ({"part": "P2", "warehouse": "WW1"}, r"warehouse WW1 is not known; did you mean W1"),
        ({"part": "P2", "plan_id": "P-11"}, r"plan P-11 was never published; did you mean P-1"),
        ({"part": "P2", "plan_id": "D-1"}, r"D-1 is a dispatch"),
    ],
)
def test_what_is_not_there_is_named_with_what_is_like_it(engine: Engine, asked: dict, message: str) -> None:
    publish(engine, derivations=[derivation()])
    publish(engine, "D-1", kind="dispatch")
    with pytest.raises(UsageProblem, match=message):
        explain_part(engine, **asked)


def test_before_the_first_plan_the_command_to_run_is_named(engine: Engine) -> None:
    with pytest.raises(UsageProblem, match="no plan has been published yet; run: vmi plan"):
        explain_part(engine, "P2")


def test_every_figure_that_placement_derives_is_stored() -> None:
    assert [name for name in PlanDerivation.model_fields if name != "run_id"] == DERIVATION_COLUMNS.split()


def test_what_placement_really_derives_adds_up_for_every_part_and_warehouse(engine: Engine) -> None:
    from tests.unit.placement import cases
    from vmi.placement.parameters import PlacementParameters
    from vmi.placement.place import place

    rng = np.random.default_rng(5)
    changes = [{"pack_qty": int(p), "min_order_qty": int(2 * p), "unit_cost": 40.0} for p in rng.integers(1, 6, 10)]
    there = {name: rng.integers(0, 4, (10, 3)) for name in ("on_hand", "inbound", "backordered", "outgoing")}
    asked = cases.overrides(("P0", "W1", "order", 4.0), ("P1", "W2", "max", 1.0), ("P2", "W0", "do_not_stock", np.nan))
    problem = cases.problem(
        rng.uniform(0.01, 0.8, (10, 3)).tolist(), changes, positions=cases.positions((10, 3), **there), overrides=asked
    )
    made = place(problem, PlacementParameters())
    rows = made.derivations.replace({"available_qty": {np.inf: np.nan}})
    publish(engine, derivations=rows.to_dict("records"))
    ordered = rows[rows["qty"] > 0]
    assert len(ordered) > 5
    with engine.connect() as connection:
        run = runs.last_published(connection)
        assert run is not None
        stored = runs.read_plan(connection, run, "plan_derivations")
    unknown = dict.fromkeys(("price", "calendar", "forecast"))
    for row in stored.to_dict("records"):
        plain = {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
        lines = {key: [] for key in LINES}
        told = Explanation("P-1", FRIDAY, "P", "P", "", (), ({**plain, **lines, "city": "", **unknown},))
        is_hub = row["hub"] == row["warehouse_id"]
        assert added_up(told.as_text())[0] == (row["qty"] if is_hub else row["position"])


def test_the_season_that_demand_follows_is_the_narrowest_one_and_says_when_it_was_fitted(engine: Engine) -> None:
    there = [profile("all"), profile("family", "brakes", fitted_on="2026-11-15"), profile("group", "other", "W1")]
    publish(engine, derivations=[derivation()], profiles=there)
    found = explain_part(engine, "P2", "W1")
    expected = {"kind": "family", "family": "brakes", "region": "", "fitted_on": "2026-11-15"}
    assert found.as_dict()["warehouses"][0]["calendar"] == expected
    assert "season of brakes everywhere, fitted 2026-11-15" in found.as_text()


def test_a_flat_season_is_not_told(engine: Engine) -> None:
    publish(engine, derivations=[derivation()])
    found = explain_part(engine, "P2", "W1")
    assert found.as_dict()["warehouses"][0]["calendar"] is None
    assert "season" not in found.as_text()


def forecast(warehouse_id: str = "W1", **changed: object) -> dict[str, object]:
    """Return the demand of the next 28 days as a run keeps it."""
    row = {"part_id": "P2", "warehouse_id": warehouse_id, "mean": 10.7, "p10": 6.0, "p50": 10.0, "p90": 16.0}
    return {**row, "method": "thresholds+ets", "fallback": "", "judged_class": "fast", **changed}


def score(method: str, pinball: float, chosen: str = "N", demand_class: str = "fast", **changed: object) -> dict:
    row = {"demand_class": demand_class, "method": method, "origins": 2, "cells": 900, "pinball": pinball}
    return {**row, "coverage_p90": 0.95, "chosen": chosen, "judged_on": pd.Timestamp("2026-11-17"), **changed}


SCORES = [
    score("thresholds+ets", 1.25, "Y"),
    score("ets", 1.375),
    score("gamma_poisson", 1.5),
    score("structural", 0.5, cells=20),
    score("thresholds", 0.0625, "Y", "all"),
]


def calibration(coverage: float, factor: float, after: float, demand_class: str = "fast") -> dict[str, object]:
    row = {"demand_class": demand_class, "level": 0.9, "cells": 900, "coverage": coverage}
    return {**row, "variance_factor": factor, "coverage_used": after, "judged_on": pd.Timestamp("2026-11-17")}


def told(engine: Engine, expected: dict, scores: list[dict] = SCORES, wide: dict | None = None) -> str:
    frames = {"forecast_scores": scores, "forecast_calibration": [wide] if wide else []}
    publish(engine, derivations=[derivation()], forecasts=[expected], **frames)
    return explain_part(engine, "P2", "W1").as_text()


def test_the_method_is_told_with_its_loss_against_the_next_and_the_simplest(engine: Engine) -> None:
    text = told(engine, forecast(), wide=calibration(0.84, 1.5, 0.9))
    assert "  forecast      thresholds + ETS, chosen for fast movers and judged on 2026-11-17\n" in text
    # What was tried on a few windows only is no rival.
    assert "  loss 1.25 units a week; next ETS 1.375; simplest Gamma-Poisson 1.5\n" in text
    assert "  calibrated: variance x 1.5, P90 held 84 % before, 90 % after\n" in text


def test_a_class_whose_p90_held_is_told_without_a_factor(engine: Engine) -> None:
    text = told(engine, forecast(), wide=calibration(0.891, 1.0, 0.891))
    assert "  P90 held 89 %\n" in text
    assert "variance" not in text


def test_a_class_too_small_to_judge_is_told_by_all_parts_together(engine: Engine) -> None:
    text = told(engine, forecast(method="thresholds", judged_class="lumpy"))
    assert "thresholds, chosen for all parts together and judged on 2026-11-17" in text
    assert "  loss 0.0625 units a week\n" in text
    assert "  P90 held 95 %, in whole units; too few parts to calibrate\n" in text


def test_a_method_that_stands_in_says_for_what(engine: Engine) -> None:
    text = told(engine, forecast(method="gamma_poisson", fallback="ETS failed: ValueError: gamma_poisson"))
    assert "  forecast      Gamma-Poisson, standing in: ETS failed: ValueError: gamma_poisson\n" in text


@pytest.mark.parametrize(
    ("judged_class", "scores", "said"),
    [
        ("new", SCORES, "Gamma-Poisson, not judged for new parts"),
        ("lumpy", [], "Gamma-Poisson, not judged for lumpy parts"),
        (None, [], "Gamma-Poisson, not judged for these parts"),
    ],
)
def test_what_was_not_judged_says_so(engine: Engine, judged_class: str, scores: list[dict], said: str) -> None:
    assert f"  forecast      {said}\n" in told(
        engine, forecast(method="gamma_poisson", judged_class=judged_class), scores
    )


def test_a_program_gets_the_judgement_of_the_method(engine: Engine) -> None:
    told(engine, forecast(), wide=calibration(0.84, 1.5, 0.9))
    row = explain_part(engine, "P2", "W1").as_dict()["warehouses"][0]["forecast"]
    assert (row["method"], row["method_name"], row["p90"]) == ("thresholds+ets", "thresholds + ETS", 16)
    assert row["judged"] == {
        "judged_as": "fast",
        "method": "thresholds+ets",
        "judged_on": "2026-11-17",
        "loss": 1.25,
        "runner_up": {"method": "ets", "loss": 1.375},
        "simplest": {"method": "gamma_poisson", "loss": 1.5},
        "calibrated": True,
        "variance_factor": 1.5,
        "coverage": 0.84,
        "coverage_used": 0.9,
    }
