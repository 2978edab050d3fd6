"""Bring the past and the night into the form that scorecards are counted on."""

import pandas as pd

from vmi.kpi.history import KpiHistory
from vmi.past import Past
from vmi.planning import Night
from vmi.review.firm import outcomes, wanted
from vmi.review.stock import stock_tonight
from vmi.scorecards.history import FLOWS, SITE_DAYS, ScorecardHistory


def scorecard_history(night: Night, past: Past, history: KpiHistory, lines: pd.DataFrame) -> ScorecardHistory:
    """Return what the night's scorecards are counted on; ``lines`` are the order lines with their marks."""
    return ScorecardHistory(
        as_of=history.as_of,
        timezone=history.timezone,
        lines=lines,
        firm_lines=outcomes(past),
        wanted=wanted(night, past),
        flows=FLOWS.empty() if history.flows is None else history.flows,
        site_days=site_days(night, past),
    )


def site_days(night: Night, past: Past) -> pd.DataFrame:
    """Return SITE_DAYS of earlier nights and tonight, against today's capacities."""
    tonight = stock_tonight(night.situation, night.config.scorecards.aged_days)
    columns = ["as_of", "warehouse_id", "value", "aged_value", "volume"]
    days = pd.concat([f[columns] for f in (past.stock_days, tonight) if len(f)], ignore_index=True)
    capacity = night.situation.warehouses.set_index("warehouse_id")["capacity_m3"]
    days = days.rename(columns={"volume": "volume_m3"}).assign(capacity_m3=days["warehouse_id"].map(capacity))
    return days.sort_values(["as_of", "warehouse_id"], ignore_index=True)[list(SITE_DAYS.columns)]
