"""Say who covers whom: the warehouse of first cover of each city, and what covering a region from elsewhere costs.

A *region* is the set of cities that one warehouse covers first, named by that warehouse. Demand is forecast by region;
covering a region from another warehouse is the optimiser's choice and costs what :func:`arcs` says.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.frames import COVER

ARCS = [
    "warehouse_id",
    "region",
    "kept_share",
    "reach_share",
    "same_day_share",
    "transit_hours",
    "extra_per_shipment",
    "extra_per_kg",
]
"""Columns of :func:`arcs`."""
SHIPMENT_KG = 5.0
"""Weight at which lanes are compared by cost: a usual parcel of spare parts."""


def first_cover(
    lanes: pd.DataFrame, promise_hours: float = 48, handling_hours: float = 12, shipment_kg: float = SHIPMENT_KG
) -> pd.DataFrame:
    """Choose the warehouse that covers each city first.

    Lanes that keep the promise come first, then the cheaper, the faster, the lower id. Only standard lanes count; a
    city without one is not covered and has no row.

    Returns
    -------
    Frame ``COVER``, one row per city, sorted by city.
    """
    standard = lanes[lanes["service"] == "standard"].copy()
    standard["late"] = standard["transit_hours"] + handling_hours > promise_hours
    standard["cost"] = (standard["cost_per_shipment"] + shipment_kg * standard["cost_per_kg"]).round(6)
    order = ["city", "late", "cost", "transit_hours", "warehouse_id"]
    best = standard.sort_values(order).drop_duplicates("city", ignore_index=True)
    return best[list(COVER.columns)]


def city_weights(cover: pd.DataFrame, centres: pd.DataFrame, usage: pd.DataFrame) -> pd.Series:
    """Return the share of its region's order lines that each covered city stands for.

    One line is added per centre, so that a city nobody has ordered from yet still counts a little; a city without
    centres has no weight unless its region has none at all. Index city; sums to 1 over each region.
    """
    lines = usage.groupby("centre_id")["lines"].sum()
    by_centre = centres["centre_id"].map(lines).fillna(0.0).to_numpy(dtype=np.float64) + 1.0
    by_city = pd.Series(by_centre, index=centres["city"].to_numpy()).groupby(level=0).sum()
    known = cover.set_index("city")["warehouse_id"]
    weight = by_city.reindex(known.index).fillna(0.0)
    total = weight.groupby(known.to_numpy()).transform("sum")
    cities = weight.groupby(known.to_numpy()).transform("size")
    return (weight.where(total > 0, 1.0) / total.where(total > 0, cities)).rename("weight")


def arcs(
    lanes: pd.DataFrame,
    cover: pd.DataFrame,
    weights: pd.Series,
    promise_hours: float = 48,
    handling_hours: float = 12,
    urgent: pd.Series | None = None,
) -> pd.DataFrame:
    """Weigh every warehouse against every region it could cover.

    Parameters
    ----------
    cover
        Frame ``COVER``; its warehouses are the regions.
    weights
        Index city: the city's share of its region, as from :func:`city_weights`.
    urgent
        Likewise of its region's same-day lines; ``weights`` if not given.

    Returns
    -------
    One row per warehouse x region that a standard lane joins, columns ``ARCS``, sorted. ``kept_share``: share of the
    region's demand whose lane keeps the promise after ``handling_hours``; ``reach_share``: share that has a lane at
    all; ``same_day_share``: share of ``urgent`` that a same-day lane reaches before midnight when handed over at its
    cut-off; ``extra_per_shipment``, ``extra_per_kg`` [CNY]: freight above the lane of first cover, over the reached
    share.
    """
    table = _city_lanes(lanes, cover, weights)
    table["kept"] = table["weight"] * (table["transit_hours"] + handling_hours <= promise_hours)
    table["more"] = table["weight"] * (table["cost_per_shipment"] - table["own_per_shipment"])
    table["more_kg"] = table["weight"] * (table["cost_per_kg"] - table["own_per_kg"])
    table["hours"] = table["weight"] * table["transit_hours"]
    table["today"] = table["city"].map(weights if urgent is None else urgent).fillna(0.0) * table["same_day"]
    total = table.groupby(["warehouse_id", "region"])[["kept", "weight", "today", "hours", "more", "more_kg"]].sum()
    reached = total["weight"].where(total["weight"] > 0, 1.0)
    total[["hours", "more", "more_kg"]] = total[["hours", "more", "more_kg"]].div(reached, axis=0)
    total.columns = pd.Index(ARCS[2:])
    return total.round(6).reset_index().sort_values(["warehouse_id", "region"], ignore_index=True)[ARCS]


def _city_lanes(lanes: pd.DataFrame, cover: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """Return the standard lanes to covered cities, each beside its city's own lane, weight and same-day reach."""
    own = cover.rename(
        columns={"warehouse_id": "region", "cost_per_shipment": "own_per_shipment", "cost_per_kg": "own_per_kg"}
    )[["city", "region", "own_per_shipment", "own_per_kg"]]
    standard = lanes[lanes["service"] == "standard"]
    table = standard[["warehouse_id", "city", "transit_hours", "cost_per_shipment", "cost_per_kg"]].merge(
        own, on="city"
    )
    table["weight"] = table["city"].map(weights).fillna(0.0)
    today = lanes[(lanes["service"] == "same_day") & _before_midnight(lanes)]
    reached = pd.MultiIndex.from_frame(today[["warehouse_id", "city"]])
    table["same_day"] = pd.MultiIndex.from_frame(table[["warehouse_id", "city"]]).isin(reached)
    return table


def _before_midnight(lanes: pd.DataFrame) -> npt.NDArray[np.bool_]:
    clock = lanes["cut_off"].astype(str).str.split(":", n=1, expand=True).reindex(columns=[0, 1])
    hours = pd.to_numeric(clock[0], errors="coerce") + pd.to_numeric(clock[1], errors="coerce") / 60
    return (hours.fillna(24.0) + lanes["transit_hours"] <= 24.0).to_numpy()
