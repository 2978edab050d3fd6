"""Take a sample of a company's parts that behaves like the whole: same mix, room and trucks in proportion."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.parts import with_usual_sizes
from vmi.simulate.chance import Chance
from vmi.simulate.company import Company
from vmi.supersession import resolve

RECENT_DAYS = 365
"""Days of usage that say what share of a company a sample is."""
FAST_LINES_SHARE = 0.8
"""Chains that make so much of all order lines are fast, the rest slow."""


def sample_parts(company: Company, n: int, seed: int) -> Company:
    """Return the company with about ``n`` of its parts, by supplier and speed as in the whole.

    Parts that supersede each other are taken or left together, hence about: as many chains as hold ``n`` parts in the
    mean. They are drawn systematically (Cochran 1977, chapter 8) from a list sorted by supplier, fast before slow, and
    chance. What parts share shrinks with them: room by their share of the volume that lies in each warehouse, picks by
    their share of order lines, a supplier's shipment cost by their share of the value it delivers.

    Raises
    ------
    UsageProblem
        ``n`` is less than one.
    """
    if n < 1:
        raise UsageProblem(f"--parts-sample {n}: at least one part is needed")
    opening = company.opening
    if n >= len(opening.parts):
        return company
    chosen = _chosen(opening, n, seed)
    frames: dict[str, Any] = {
        name: frame[frame["part_id"].isin(chosen).to_numpy()].reset_index(drop=True)
        for name, frame in opening.frames().items()
        if "part_id" in frame.columns
    }
    shares = _Shares(opening, chosen)
    sampled = replace(opening, **frames, warehouses=shares.warehouses(), supply=shares.supply())
    orders = company.orders[company.orders["part_id"].isin(chosen).to_numpy()].reset_index(drop=True)
    note = (
        f"{len(frames['parts']):,} of {len(opening.parts):,} parts are lived, {shares.lines:.1%} of the order lines:"
        " capacities and the cost of an inbound shipment are scaled to them; a delivery costs what it costs, though"
        " fewer lines share it"
    )
    return replace(company, opening=sampled, orders=orders, notes=(*company.notes, note))


def _chosen(opening: Situation, n: int, seed: int) -> pd.Index:
    """Return the parts of the sample."""
    final = resolve(opening.parts, None).final
    supplier = opening.parts.set_index("part_id")["supplier_id"]
    recent = _recent(opening)
    lines = recent.groupby(recent["part_id"].map(final))["lines"].sum()
    chains = pd.DataFrame({"supplier": supplier.reindex(final.unique())})
    chains = chains.sort_index().assign(lines=lines.reindex(chains.index).fillna(0))
    busiest = chains.sort_values("lines", ascending=False, kind="stable")["lines"]
    slow = busiest.cumsum().shift(fill_value=0) >= FAST_LINES_SHARE * busiest.sum()
    chance = Chance(seed)
    chains = chains.assign(slow=slow, draw=chance.uniform("sample", chains.index))
    ordered = chains.sort_values(["supplier", "slow", "draw"], kind="stable").index
    count = max(1, round(n * len(ordered) / len(final)))
    start = chance.uniform("sample", [""])[0]
    taken = np.floor((start + np.arange(count)) * len(ordered) / count).astype(np.int64)
    return pd.Index(final.index[final.isin(ordered[taken])])


def _recent(opening: Situation) -> pd.DataFrame:
    usage = opening.usage
    return usage[usage["day"] > opening.as_of - pd.Timedelta(days=RECENT_DAYS)]


class _Shares:
    """What share of a company the chosen parts are."""

    def __init__(self, opening: Situation, chosen: pd.Index) -> None:
        self.opening, self.chosen = opening, chosen
        parts = with_usual_sizes(opening.parts).set_index("part_id")
        usage = _recent(opening)
        self.parts, self.usage = parts, usage
        self.lines = self._share(usage["part_id"], usage["lines"])
        litres = usage["qty"] * usage["part_id"].map(parts["volume_l"])
        hazmat = litres.where(usage["part_id"].map(parts["hazmat"]).eq("Y"), 0.0)
        self.volume, self.hazmat_volume = (self._share(usage["part_id"], amount) for amount in (litres, hazmat))

    def _share(self, part_ids: pd.Series, amount: pd.Series) -> float:
        total = float(amount.sum())
        return float(amount[part_ids.isin(self.chosen)].sum()) / total if total else len(self.chosen) / len(self.parts)

    def warehouses(self) -> pd.DataFrame:
        """Return the warehouses with the room and the picks a day that are the sample's.

        By what lies there, but at least by the volume that is ordered: where little of a sample happens to lie, it
        must still find the room it needs.
        """
        stock, table = self.opening.stock, self.opening.warehouses
        litres = stock["qty"] * stock["part_id"].map(self.parts["volume_l"])
        hazmat = litres.where(stock["part_id"].map(self.parts["hazmat"]).eq("Y"), 0.0)
        room = {}
        for column, lies, ordered in (
            ("capacity_m3", litres, self.volume),
            ("hazmat_capacity_m3", hazmat, self.hazmat_volume),
        ):
            total = lies.groupby(stock["warehouse_id"]).sum()
            kept = lies.where(stock["part_id"].isin(self.chosen), 0.0).groupby(stock["warehouse_id"]).sum()
            share = table["warehouse_id"].map(kept[total > 0] / total[total > 0]).fillna(0.0).to_numpy(np.float64)
            room[column] = (table[column] * np.maximum(share, ordered)).round(6)
        picks = np.ceil((table["outbound_lines_per_day"] * self.lines).round(6))
        return table.assign(**room, outbound_lines_per_day=picks)

    def supply(self) -> pd.DataFrame:
        """Return the supply with each supplier's shipment cost at the sample's share of the value it delivers."""
        table, usage = self.opening.supply, self.usage
        supplier = usage["part_id"].map(self.parts["supplier_id"])
        value = usage["qty"] * usage["part_id"].map(self.parts["unit_cost"])
        total = value.groupby(supplier).sum()
        kept = value.where(usage["part_id"].isin(self.chosen), 0.0).groupby(supplier).sum()
        share = table["supplier_id"].map(kept[total > 0] / total[total > 0]).fillna(self.lines)
        return table.assign(cost_per_shipment=(table["cost_per_shipment"] * share.to_numpy(dtype=np.float64)).round(4))
