"""Outcomes made up for tests: the same days for every policy, each a bit dearer or later than another."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vmi.simulate.outcome import COST_KINDS, LIVED_LINES, MOVEMENTS, NIGHTS, Outcome

SHARES = dict(zip(COST_KINDS, (0.14, 0.4, 0.2, 0.06, 0.04, 0.03, 0.08, 0.05), strict=True))
AGES = {"stock_0_30_cny": 0.6, "stock_31_60_cny": 0.25, "stock_61_90_cny": 0.12, "stock_over_90_cny": 0.03}

FACTS: dict[str, Any] = {
    "warm_up_nights": 30,
    "opening_stock_cny": 300_000.0,
    "closing_stock_cny": 310_000.0,
    "tolerant_share": 0.62,
    "tolerant_note": "A promise of 48 h holds a lead time of at most one day.",
    "supplier_lead_mean_days": 4.2,
    "supplier_lead_p90_days": 6.5,
    "supplier_available_share": 0.97,
    "supplier_answer_rate": None,
    "forecast_accuracy": 0.55,
    "forecast_p90_share": 0.93,
    "demand_slow_share": 0.71,
    "urgent_line_cny": 61.375,
    "capital_cny_mean": 310_000.0,
    "cost_per_line_cny": 23.4,
}


def made(
    policy: str = "vmi",
    scenario: str = "",
    seed: int = 1,
    nights: int = 28,
    dearer: float = 1.0,
    late: float = 0.04,
    stock: float = 300_000.0,
) -> Outcome:
    """Return a run: its days are the seed's, its cost ``dearer`` times as much, a share ``late`` of its lines late."""
    days = np.random.default_rng([seed, 7])
    own = np.random.default_rng([seed, sum(map(ord, policy + scenario))])
    due = days.integers(90, 130, nights)
    urgent = days.integers(6, 14, nights)
    cost = np.round(days.uniform(9_000, 12_000, nights) * dearer * own.uniform(0.99, 1.01, nights), 2)
    held = np.round(stock * own.uniform(0.95, 1.05, nights), 2)
    frame = pd.DataFrame(0.0, index=range(nights), columns=list(NIGHTS.columns))
    frame = frame.assign(policy=policy, scenario=scenario, seed=seed, night=pd.date_range("2026-09-07", periods=nights))
    kinds = {f"{kind}_cny": np.round(cost * share, 2) for kind, share in SHARES.items()}
    frame = frame.assign(
        **kinds,
        total_cny=np.round(sum(kinds.values()), 2),
        lines_ordered=due,
        lines_due=due,
        lines_on_time=due - own.binomial(due, late),
        same_day_ordered=urgent,
        same_day_on_time=urgent - own.binomial(urgent, min(2 * late, 1.0)),
        stock_cny=held,
        parts_held=200 + own.integers(0, 20, nights),
        stock_m3=held / 90_000,
        platform_fee_cny=cost,
        **{name: np.round(held * share, 2) for name, share in AGES.items()},
    )
    frames = {"nights": frame, "lines": LIVED_LINES.empty(), "movements": MOVEMENTS.empty()}
    return Outcome(policy, scenario, seed, **frames, kpis=kpis(0.9, 0.95), facts=dict(FACTS))


def kpis(fill: float | None, target: float | None) -> dict[str, dict[str, Any]]:
    """Return three of the contract's figures; the second is never known."""
    about = {"numerator": None, "denominator": None, "target": target, "unit": "share", "note": ""}
    definition = "standard order lines delivered complete within 48 h of ordered_at / standard lines due"
    return {
        "line_fill_48h": {**about, "value": fill, "definition": definition},
        "otif": {**about, "value": None, "definition": "lines on time", "note": "nothing was promised"},
        "inventory_days": {**about, "value": 17.3, "target": 22.0, "unit": "days", "definition": "days of stock"},
    }


def with_nights(outcome: Outcome, **columns: Any) -> Outcome:
    """Return the run with columns of its nights replaced."""
    return replace(outcome, nights=outcome.nights.assign(**columns))


def company_of_policies(seeds: int = 3, nights: int = 60) -> list[Outcome]:
    """Return six policies, one of them a bound, and a scenario of the first."""
    looks: dict[str, dict[str, Any]] = {
        "vmi": {"late": 0.03},
        "textbook:1.5": {"dearer": 1.25, "late": 0.035, "stock": 420_000.0},
        "forward_stock:14": {"dearer": 1.32, "late": 0.07, "stock": 350_000.0},
        "zero_inventory": {"dearer": 1.1, "late": 0.3, "stock": 60_000.0},
        "heavy_stock:38": {"dearer": 1.7, "late": 0.025, "stock": 900_000.0},
        "clairvoyant": {"dearer": 0.7, "late": 0.01, "stock": 180_000.0},
    }
    plain = [made(p, "", seed, nights, **look) for p, look in looks.items() for seed in range(1, seeds + 1)]
    scenario = "contract.return_window_days=60"
    longer = [made("vmi", scenario, seed, nights, 1.04, 0.031) for seed in range(1, seeds + 1)]
    return plain + longer
