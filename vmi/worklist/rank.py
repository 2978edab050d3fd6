"""Put every matter of the night into one list: most money first, small ones together, no longer than can be read."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from vmi.frames import WORKLIST
from vmi.worklist import data, service, stock, suppliers
from vmi.worklist.exceptions import Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.sentences import nothing

Matter = Callable[[Exceptions, WorklistParameters], pd.DataFrame]

MATTERS: tuple[Matter, ...] = (
    *(service.late_lines, service.shortages, service.uncovered),
    *(stock.full_warehouses, stock.risky_orders, stock.ageing_lots, stock.overrides),
    *(suppliers.unanswered, suppliers.late_inbound, suppliers.differing),
    *(data.rejects, data.stale, data.fallbacks, data.calendar),
)

SEVERE_WITHOUT_MONEY = {"stale_input": "high", "calendar": "medium", "missing_lane": "medium", "rejects": "medium"}
"""Matters that nobody can put a price on, and how bad they are all the same."""

KIND_WORDS = {
    "late_order": "parts with late order lines",
    "shortage": "parts short at their supplier",
    "missing_lane": "cities out of reach",
    "warehouse_full": "full spaces",
    "return_risk": "parts whose orders may come back",
    "returnable_soon": "warehouses with lots near their window",
    "override": "overrides",
    "no_answer": "silent suppliers",
    "late_inbound": "late shipments",
    "confirmation": "answers that differ from the order",
    "forecast_fallback": "reasons for a fallback",
}


SMALL = "small"
"""Marks the line that stands for many small matters: together they may be dear, none of them is urgent."""


def rank(exceptions: Exceptions, parameters: WorklistParameters) -> pd.DataFrame:
    """Return WORKLIST, most money first; what nobody can price comes last and is never cut.

    Where there is more than ``max_rows``, the cheapest matters are cut and a last line says how many and how much.
    """
    found = [matter(exceptions, parameters) for matter in MATTERS]
    kept = [_merge_small(rows, parameters.small_cny) for rows in found if not rows.empty]
    if not kept:
        return WORKLIST.empty()
    listed = pd.concat([rows.astype({"money_at_risk": float}) for rows in kept], ignore_index=True)
    listed["money_at_risk"] = listed["money_at_risk"].round(2)
    listed["severity"] = _severity(listed, parameters)
    weight = listed["severity"].map({"high": 0, "medium": 1, "low": 2})
    keys = ["money_at_risk", "weight", "kind", "subject", "cause"]
    listed = listed.assign(weight=weight).sort_values(
        keys, ascending=[False, True, True, True, True], na_position="last", ignore_index=True
    )
    listed = _cut(listed.drop(columns="weight"), parameters.max_rows)
    return listed.assign(rank=np.arange(1, len(listed) + 1)).loc[:, list(WORKLIST.columns)]


def _merge_small(rows: pd.DataFrame, small_cny: float) -> pd.DataFrame:
    """Put matters of one kind below ``small_cny`` together, if there are more than two of them."""
    small = rows["money_at_risk"].lt(small_cny)
    kind = str(rows["kind"].iloc[0])
    if small.sum() <= 2 or kind not in KIND_WORDS:
        return rows
    few = rows.loc[small].sort_values(["money_at_risk", "subject"], ascending=[False, True])
    examples = ", ".join(few["subject"].head(3))
    total = float(few["money_at_risk"].sum())
    together = {
        "kind": kind,
        "subject": f"{len(few):,} smaller: {KIND_WORDS[kind]}",
        "money_at_risk": total,
        "cause": f"Each below ¥{small_cny:,.0f}, together ¥{total:,.0f}; such as {examples}.",
        "action": "Leave them to the next plan unless one of them is known to matter.",
        SMALL: True,
    }
    merged = pd.DataFrame([together]).reindex(columns=[*nothing().columns, SMALL])
    merged = merged.fillna({"part_id": "", "warehouse_id": "", "supplier_id": ""})
    return pd.concat([rows.loc[~small], merged], ignore_index=True)


def _severity(listed: pd.DataFrame, parameters: WorklistParameters) -> pd.Series:
    money = listed["money_at_risk"]
    priced = np.select([money.ge(parameters.high_cny), money.ge(parameters.medium_cny)], ["high", "medium"], "low")
    unpriced = listed["kind"].map(SEVERE_WITHOUT_MONEY).fillna("low")
    found = pd.Series(priced, listed.index).where(money.notna(), unpriced)
    return found.mask(listed[SMALL].eq(True), "low") if SMALL in listed else found


def _cut(listed: pd.DataFrame, max_rows: int) -> pd.DataFrame:
    over = len(listed) - max_rows
    if over <= 0:
        return listed
    priced = listed["money_at_risk"].notna()
    # Unpriced matters are few and each stands for many rows: they stay; the list loses its cheapest lines.
    drop = min(over, int(priced.sum()))
    gone = listed.loc[priced].tail(drop)
    last = {
        "kind": "cut",
        "severity": "low",
        "subject": f"{drop:,} further matters",
        "cause": f"The list ends at {max_rows:,} lines; those left out put ¥{gone['money_at_risk'].sum():,.0f} at risk"
        f", each at most ¥{gone['money_at_risk'].max():,.0f}.",
        "action": "Work off the list first; raise worklist.max_rows to see more.",
    }
    tail = pd.DataFrame([last]).reindex(columns=listed.columns)
    tail = tail.fillna({"part_id": "", "warehouse_id": "", "supplier_id": ""}).astype({"money_at_risk": float})
    return pd.concat([listed.drop(gone.index), tail], ignore_index=True)
