"""Weigh what takes room in each warehouse against its capacity: rule 3 of the contract, as the plan leaves it."""

import pandas as pd

from vmi.placement.build import occupied
from vmi.planning import Night
from vmi.positions import UNITS
from vmi.reports.view import SPACE_USE
from vmi.review.stock import leaving_lots
from vmi.worklist.exceptions import FULL_WAREHOUSES

VOLUME_OF = {"volume": "volume_m3", "hazmat": "hazmat_m3"}
"""Column of :func:`vmi.placement.build.occupied` by space."""

CAPACITY_OF = {"volume": "capacity_m3", "hazmat": "hazmat_capacity_m3"}
"""Column of ``warehouses`` by space."""


def space_use(night: Night) -> pd.DataFrame:
    """Return SPACE_USE after tonight, a row per warehouse and space, sorted.

    Lying: lots of every status less tonight's returns, transfers out and deliveries. Coming: inbound, lines of earlier
    plans still open, tonight's firm lines and transfers in. Parts of unknown volume are taken at the median.
    """
    situation = night.situation
    gone = leaving_lots(night).reset_index()
    firm = night.replenishment.loc[night.replenishment["commitment"].eq("firm")]
    lying = [situation.stock[UNITS], gone.assign(qty=-gone["qty"])[UNITS]]
    coming = [situation.inbound[UNITS], situation.open_plan_lines[UNITS], firm[UNITS], night.arriving]
    lies, comes = _volumes(night, lying), _volumes(night, coming)
    site = situation.warehouses.set_index("warehouse_id").sort_index()
    spaces = [
        pd.DataFrame(
            {
                "space": space,
                "lying_m3": lies[column].round(6),
                "coming_m3": comes[column].round(6),
                "capacity_m3": site[CAPACITY_OF[space]].astype(float).fillna(0.0),
            },
            index=site.index,
        )
        for space, column in VOLUME_OF.items()
    ]
    both = pd.concat(spaces).reset_index().sort_values(["warehouse_id", "space"], ignore_index=True)
    return both[list(SPACE_USE.columns)]


def _volumes(night: Night, holdings: list[pd.DataFrame]) -> pd.DataFrame:
    known = [frame for frame in holdings if len(frame)] or holdings[:1]
    warehouses = pd.Index(night.situation.warehouses["warehouse_id"], name="warehouse_id").sort_values()
    return occupied(night.situation.parts, pd.concat(known, ignore_index=True).astype({"qty": float}), warehouses)


def full_warehouses(night: Night, use: pd.DataFrame) -> pd.DataFrame:
    """Return FULL_WAREHOUSES: the spaces that bound tonight, with the whole of their use and capacity.

    ``use`` is SPACE_USE. ``cut_m3`` is what placement would have ordered more, had this space been free.
    """
    keys = ["warehouse_id", "space"]
    prices = night.placement.hints.full_warehouses[[*keys, "price_per_m3"]]
    full = prices.merge(use.assign(used_m3=(use["lying_m3"] + use["coming_m3"]).round(6)), on=keys, how="left")
    full = full.merge(_cut(night), on=keys, how="left")
    return full.sort_values(keys, ignore_index=True)[list(FULL_WAREHOUSES.columns)]


def _cut(night: Night) -> pd.DataFrame:
    """Return warehouse_id, space, cut_m3 of the needs that a space cut short."""
    derived = night.placement.derivations
    need = derived.assign(qty=derived["need_qty"].astype(float) - derived["qty"].astype(float))
    need = need.loc[need["qty"].gt(0)]
    found = []
    for space, column in VOLUME_OF.items():
        # placement names what bound an order as "volume FW02"
        bound = need["binding"].eq(space + " " + need["warehouse_id"].astype(str))
        cut = _volumes(night, [need.loc[bound, UNITS]])[column].rename("cut_m3").round(6)
        found.append(cut.loc[cut.gt(0)].reset_index().assign(space=space))
    return pd.concat(found, ignore_index=True)
