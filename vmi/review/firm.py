"""Follow firm lines: what the last plan had in force, what is in force now, what suppliers answered and delivered."""

import numpy as np
import pandas as pd

from vmi.frames import Situation
from vmi.kpi.history import FIRM_LINES
from vmi.past import Past
from vmi.planning import Night
from vmi.scorecards.history import FIRM_LINE_OUTCOMES, WANTED
from vmi.worklist.exceptions import DIFFERING, UNANSWERED


def close_of(day: pd.Timestamp, timezone: str) -> pd.Timestamp:
    """Return the moment at which a day of the zone ends."""
    return (day + pd.Timedelta(days=1)).tz_localize(timezone)


def last_firm_lines(past: Past, timezone: str) -> pd.DataFrame | None:
    """Return FIRM_LINES in force under the last plan, as answered by then; ``None`` without one."""
    if past.last_as_of is None:
        return None
    known = past.answers["answered_at"]
    by_then = past.answers.loc[known.isna() | known.lt(close_of(past.last_as_of, timezone))]
    lines = past.firm_lines.loc[past.firm_lines["due_on"].gt(past.last_as_of)]
    return _in_force(lines, by_then)


def firm_lines(night: Night, past: Past) -> pd.DataFrame:
    """Return FIRM_LINES in force under tonight's plan.

    A line that was shipped or has arrived since the last plan was kept, not changed: it stays with its quantity.
    """
    earlier = past.firm_lines
    if past.last_as_of is not None:
        earlier = earlier.loc[earlier["due_on"].gt(past.last_as_of)]
    tonight = night.replenishment.loc[night.replenishment["commitment"].eq("firm"), list(FIRM_LINES.columns)]
    before = _in_force(earlier.loc[~earlier["line_id"].isin(tonight["line_id"])], past.answers)
    both = pd.concat([f for f in (before, tonight) if len(f)] or [before], ignore_index=True)
    return both.astype({"qty": float}).sort_values("line_id", ignore_index=True)


def _in_force(lines: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return FIRM_LINES with the quantity and day that the supplier's answer leaves them."""
    asked = lines.merge(answers[["line_id", "answer", "confirmed_qty", "confirmed_ship_on"]], how="left", on="line_id")
    qty = asked["qty"].astype(float)
    other = asked["answer"].eq("quantity") & asked["confirmed_qty"].notna()
    qty = qty.where(~other, asked["confirmed_qty"].astype(float)).mask(asked["answer"].eq("reject"), 0.0)
    moved = asked["answer"].isin(["date", "quantity"]) & asked["confirmed_ship_on"].notna()
    later = (asked["confirmed_ship_on"] - asked["ship_on"]).where(moved, pd.Timedelta(0))
    return asked.assign(qty=qty, due_on=asked["due_on"] + later)[list(FIRM_LINES.columns)]


def unanswered(past: Past, situation: Situation) -> pd.DataFrame:
    """Return UNANSWERED: lines still in the pipeline that no answer names."""
    open_lines = past.firm_lines["line_id"].isin(situation.open_plan_lines["line_id"])
    silent = ~past.firm_lines["line_id"].isin(past.answers["line_id"])
    found = past.firm_lines.loc[open_lines & silent, list(UNANSWERED.columns)]
    return found.sort_values("line_id", ignore_index=True)


def differing(past: Past, timezone: str) -> pd.DataFrame:
    """Return DIFFERING: answers that came since the last plan; one without a time, until its line is due."""
    answered = past.firm_lines.merge(past.answers, on="line_id")
    when = answered["answered_at"]
    fresh = when.isna() & answered["due_on"].gt(past.as_of)
    if past.last_as_of is not None:
        fresh |= when.ge(close_of(past.last_as_of, timezone))
    found = answered.loc[fresh & answered["answer"].ne("accept"), list(DIFFERING.columns)]
    return found.sort_values("line_id", ignore_index=True)


def outcomes(past: Past) -> pd.DataFrame:
    """Return FIRM_LINE_OUTCOMES of the published firm lines; a rejected line is confirmed with nothing."""
    answers = past.answers.assign(confirmed_qty=past.answers["confirmed_qty"].astype(float))
    answers["confirmed_qty"] = answers["confirmed_qty"].mask(answers["answer"].eq("reject"), 0.0)
    answers = answers[["line_id", "answered_at", "confirmed_qty", "confirmed_ship_on"]]
    joined = past.firm_lines.merge(answers, how="left", on="line_id").merge(past.arrivals, how="left", on="line_id")
    return joined.sort_values("line_id", ignore_index=True)[list(FIRM_LINE_OUTCOMES.columns)]


def wanted(night: Night, past: Past) -> pd.DataFrame:
    """Return WANTED of earlier nights and of tonight: what was ordered, and what availability cut off."""
    firm = night.replenishment.loc[night.replenishment["commitment"].eq("firm")]
    derived = night.placement.derivations
    cut = derived.loc[derived["binding"].eq("availability") & derived["need_qty"].gt(derived["qty"])]
    granted = firm.groupby("supplier_id")["qty"].sum().astype(float)
    short = (cut["need_qty"] - cut["qty"]).groupby(cut["supplier_id"]).sum().astype(float)
    suppliers = granted.index.union(short.index)
    units = granted.reindex(suppliers).fillna(0.0).to_numpy()
    tonight = pd.DataFrame(
        {
            "as_of": past.as_of,
            "supplier_id": np.asarray(suppliers, dtype=object),
            "wanted_qty": units + short.reindex(suppliers).fillna(0.0).to_numpy(),
            "granted_qty": units,
        }
    )
    known = [frame for frame in (past.wanted, tonight) if len(frame)]
    return pd.concat(known, ignore_index=True)[list(WANTED.columns)] if known else past.wanted
