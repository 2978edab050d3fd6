"""Turn order lines into demand: by final part, at the warehouse of first cover, with what is not known marked so.

Unknown is not zero: a day before a part or a region existed belongs to no pair's history, and a span of days on which
a part lay nowhere within reach is censored, not empty.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.frames import CENSORED, DEMAND, PAIRS, STOCKOUTS, Situation
from vmi.supersession import Supersession

QUIET_DAYS = 365
"""A part that nobody asked for in so many days of observation, and that lies nowhere, has no demand to expect."""
SAME_DAY_PRIOR_UNITS = 10.0
"""Units of the company's own same-day share that a part's share starts from."""


@dataclass(frozen=True)
class DemandHistory:
    """Frames ``DEMAND``, ``CENSORED`` and ``PAIRS``; ``uncovered`` counts what no warehouse covers.

    ``uncovered`` has columns city, part_id (final), qty, lines: demand of cities without a standard lane, in no pair.
    """

    demand: pd.DataFrame
    censored: pd.DataFrame
    pairs: pd.DataFrame
    uncovered: pd.DataFrame


def demand_history(situation: Situation, cover: pd.DataFrame, supersession: Supersession) -> DemandHistory:
    """Return the demand that the forecast learns from.

    Usage rolls up to the final part of its chain and moves from the centre to the warehouse that covers its city first.

    Parameters
    ----------
    situation
        Uses usage, centres, parts, stock, inbound, open_orders, stockouts, as_of.
    cover
        Frame ``COVER``.
    supersession
        As resolved from ``situation.parts``.
    """
    lines = _mapped_usage(situation, cover, supersession)
    covered = lines["warehouse_id"].notna()
    demand = _daily(lines[covered])
    regions = np.sort(cover["warehouse_id"].unique().astype(object))
    pairs = _pairs(situation, demand, regions, supersession)
    uncovered = lines[~covered].groupby(["city", "part_id"], as_index=False, dropna=False)[["qty", "lines"]].sum()
    return DemandHistory(demand, _censored(situation, pairs, supersession), pairs, uncovered)


def _mapped_usage(situation: Situation, cover: pd.DataFrame, supersession: Supersession) -> pd.DataFrame:
    usage = situation.usage
    city = usage["centre_id"].map(situation.centres.set_index("centre_id")["city"])
    return pd.DataFrame(
        {
            "part_id": supersession.to_final(usage["part_id"]),
            "city": city,
            "warehouse_id": city.map(cover.set_index("city")["warehouse_id"]),
            "day": usage["day"],
            "qty": usage["qty"],
            "lines": usage["lines"],
            "same_day_qty": usage["qty"].where(usage["service"] == "same_day", 0),
        }
    )


def _daily(lines: pd.DataFrame) -> pd.DataFrame:
    """Return frame ``DEMAND``, sorted by part, warehouse and day."""
    keys = ["part_id", "warehouse_id", "day"]
    daily = lines.groupby(keys, as_index=False)[["qty", "lines", "same_day_qty"]].sum()
    daily = daily[daily["qty"] > 0].astype({"qty": "int64", "lines": "int64", "same_day_qty": "int64"})
    return daily.sort_values(keys, ignore_index=True)[list(DEMAND.columns)]


def _pairs(situation: Situation, demand: pd.DataFrame, regions: np.ndarray, supersession: Supersession) -> pd.DataFrame:
    """Return frame ``PAIRS``: every part with a reason to expect demand, in every region."""
    parts = _final_parts(situation, demand, supersession)
    began = demand.groupby("warehouse_id")["day"].min().reindex(regions)
    began = began.fillna(demand["day"].min() if len(demand) else situation.as_of)
    product = pd.MultiIndex.from_product([parts.index, pd.Index(regions)], names=["part_id", "warehouse_id"])
    pairs = product.to_frame(index=False)
    pairs = pairs.join(parts, on="part_id")
    observed = pairs["warehouse_id"].map(began)
    pairs["first_day"] = pairs["introduced"].where(pairs["introduced"] > observed, observed)
    pairs["last_day"] = situation.as_of
    return pairs[list(PAIRS.columns)]


def _final_parts(situation: Situation, demand: pd.DataFrame, supersession: Supersession) -> pd.DataFrame:
    """Return the final parts to forecast, index part_id sorted: family, introduced, line size, same-day share."""
    final = supersession.to_final(situation.parts["part_id"])
    introduced = _first_introduced(situation, demand, final)
    parts = situation.parts[(final == situation.parts["part_id"]).to_numpy()].set_index("part_id").sort_index()
    found = pd.DataFrame({"family": parts["family"].fillna(""), "introduced": introduced.reindex(parts.index)})
    total = demand.groupby("part_id")[["qty", "lines", "same_day_qty"]].sum().reindex(parts.index).fillna(0)
    overall = float(total["same_day_qty"].sum() / max(total["qty"].sum(), 1))
    shrunk = total["same_day_qty"] + SAME_DAY_PRIOR_UNITS * overall
    found["mean_line_qty"] = (total["qty"] / total["lines"].where(total["lines"] > 0)).fillna(1.0).round(6)
    found["same_day_share"] = (shrunk / (total["qty"] + SAME_DAY_PRIOR_UNITS)).round(6)
    return found[_expected(situation, demand, supersession, found)]


def _first_introduced(situation: Situation, demand: pd.DataFrame, final: pd.Series) -> pd.Series:
    """Return by final part when its chain was introduced; NaT where one of the chain has always been there.

    A part that sold before its own introduction was there before it: the earlier day holds.
    """
    table = pd.DataFrame({"final": final.to_numpy(), "day": situation.parts["introduced_on"].to_numpy()})
    table["day"] = pd.to_datetime(table["day"]).fillna(pd.Timestamp.min)
    earliest = table.groupby("final")["day"].min()
    sold = demand.groupby("part_id")["day"].min().reindex(earliest.index)
    earliest = earliest.where(~(sold < earliest), sold)
    return earliest.where(earliest > pd.Timestamp.min)


def _expected(
    situation: Situation, demand: pd.DataFrame, supersession: Supersession, found: pd.DataFrame
) -> np.ndarray:
    """Return which final parts have history, lie or travel somewhere, are asked for, or are too new to have been."""
    here = [situation.stock["part_id"], situation.inbound["part_id"], situation.open_orders["part_id"]]
    known = (
        supersession.to_final(pd.concat(here, ignore_index=True)) if any(map(len, here)) else pd.Series(dtype=object)
    )
    long_ago = situation.as_of - pd.Timedelta(days=QUIET_DAYS)
    short_history = not len(demand) or demand["day"].min() > long_ago
    new = (found["introduced"] > long_ago).to_numpy()
    has_reason = found.index.isin(demand["part_id"]) | found.index.isin(known) | new
    return np.asarray(has_reason | short_history)


def _censored(situation: Situation, pairs: pd.DataFrame, supersession: Supersession) -> pd.DataFrame:
    """Return frame ``CENSORED`` for the final parts, within each pair's history.

    That an old part was out of reach says nothing once its successor is there: its span ends the day before.
    """
    spans = situation.stockouts[list(STOCKOUTS.columns)].copy()
    if not len(spans):
        return CENSORED.empty()
    parts = situation.parts.set_index("part_id")
    successor = spans["part_id"].map(parts["successor_id"]).fillna("")
    replaced = pd.to_datetime(successor.map(parts["introduced_on"])) - pd.Timedelta(days=1)
    superseded = ~supersession.is_final(spans["part_id"])
    spans["last_day"] = spans["last_day"].where(~(replaced < spans["last_day"]), replaced)
    spans = spans[~(superseded & replaced.isna().to_numpy())]
    spans = spans.assign(part_id=supersession.to_final(spans["part_id"]))
    began = pairs[["part_id", "warehouse_id", "first_day"]].rename(columns={"first_day": "began"})
    spans = spans.merge(began, on="part_id")
    spans["first_day"] = spans[["first_day", "began"]].max(axis=1)
    spans["last_day"] = spans["last_day"].where(spans["last_day"] < situation.as_of, situation.as_of)
    spans = spans[spans["first_day"] <= spans["last_day"]]
    return spans.sort_values(list(CENSORED.columns), ignore_index=True)[list(CENSORED.columns)]
