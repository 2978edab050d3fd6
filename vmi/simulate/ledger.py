"""What a lived day costs, by kind, from raw rates: the same for every policy, sharing no code with any optimiser.

Money is whole fen from the moment a cost arises, so that kinds add up to their total exactly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.config import Config
from vmi.simulate.outcome import COST_KINDS

Array = npt.NDArray[np.float64]
SHIPMENT = ["warehouse_id", "centre_id", "city", "ship_at", "service"]
TRIP = ["from_warehouse", "to_warehouse", "ship_on"]
DAYS_PER_YEAR = 365.0
DAY = pd.Timedelta(days=1)


def fen(cny: Array | pd.Series) -> int:
    """Return the sum of amounts that are each rounded to a fen."""
    return int(np.rint(np.asarray(cny, dtype=np.float64) * 100).sum())


@dataclass(frozen=True)
class Rates:
    """What things cost in this company: prices by part, freight by lane and by supplier, and the configuration's rates.

    ``parts`` index part_id; columns unit_cost, price, volume_m3, weight_kg, criticality, fee_rate, supplier_id.
    """

    parts: pd.DataFrame
    lanes: pd.DataFrame
    supply: pd.DataFrame
    city_of_warehouse: pd.Series
    config: Config

    @staticmethod
    def of(
        parts: pd.DataFrame,
        suppliers: pd.DataFrame,
        lanes: pd.DataFrame,
        supply: pd.DataFrame,
        warehouses: pd.DataFrame,
        config: Config,
    ) -> "Rates":
        """Gather the rates from the contract's frames; sizes of parts must be known."""
        table = parts.set_index("part_id")
        fees = table["supplier_id"].map(suppliers.set_index("supplier_id")["platform_fee_rate"]).astype(float)
        known = pd.DataFrame(
            {
                "unit_cost": table["unit_cost"].astype(float).fillna(0.0),
                "price": table["unit_price"].astype(float).fillna(table["unit_cost"].astype(float)).fillna(0.0),
                "volume_m3": table["volume_l"].astype(float) / 1000.0,
                "weight_kg": table["weight_kg"].astype(float),
                "criticality": table["criticality"].fillna("B"),
                "fee_rate": fees.fillna(0.0),
                "supplier_id": table["supplier_id"],
            }
        )
        lane = lanes.set_index(["warehouse_id", "city", "service"])[["cost_per_shipment", "cost_per_kg"]].astype(float)
        truck = supply.set_index(["supplier_id", "warehouse_id"])[["cost_per_shipment", "cost_per_kg"]].astype(float)
        cities = warehouses.set_index("warehouse_id")["city"]
        return Rates(known, lane, truck, cities, config)

    def of_parts(self, part_ids: pd.Series, name: str) -> Array:
        """Return a rate of each part."""
        return self.parts[name].reindex(part_ids).to_numpy(dtype=np.float64)

    def carrying(self, stock: pd.DataFrame) -> int:
        """Return what a day on the shelf costs, lots of every status [fen]: capital and room."""
        placement = self.config.placement
        capital = placement.carrying_rate / DAYS_PER_YEAR * self.of_parts(stock["part_id"], "unit_cost")
        room = placement.storage_cost * self.of_parts(stock["part_id"], "volume_m3")
        per_lot = (capital + room) * stock["qty"].to_numpy(dtype=np.float64)
        return int(np.rint(per_lot.sum() * 100))

    def inbound_freight(self, shipped: pd.DataFrame) -> int:
        """Return the freight of a day's departures from suppliers [fen]: a truck per supplier and warehouse, and kg."""
        kg = shipped["qty"].to_numpy(dtype=np.float64) * self.of_parts(shipped["part_id"], "weight_kg")
        trucks = shipped.assign(kg=kg).groupby(["supplier_id", "warehouse_id"])["kg"].sum()
        rate = self.supply.reindex(trucks.index).fillna(0.0)
        return fen(rate["cost_per_shipment"] + rate["cost_per_kg"] * trucks)

    def delivery_freight(self, picks: pd.DataFrame) -> tuple[int, int]:
        """Return freight at standard and what same-day adds [fen]; one shipment per warehouse, centre, moment, service.

        The premium is what the shipment costs above the warehouse's standard lane to the city; where there is none,
        ``dispatch.same_day_premium_rate`` over an unknown standard.
        """
        kg = picks["qty"].to_numpy(dtype=np.float64) * self.of_parts(picks["part_id"], "weight_kg")
        sent = picks.assign(kg=kg).groupby(SHIPMENT)["kg"].sum().reset_index()
        cost = self._lane_cost(sent, sent["service"])
        usual = self._lane_cost(sent, pd.Series("standard", index=sent.index))
        rate = self.config.dispatch.same_day_premium_rate
        usual = np.where(np.isnan(usual), cost / (1 + rate), usual)
        premium = np.where(sent["service"].eq("same_day"), np.maximum(cost - usual, 0.0), 0.0)
        whole, more = np.rint(cost * 100), np.rint(premium * 100)
        return int((whole - more).sum()), int(more.sum())

    def _lane_cost(self, sent: pd.DataFrame, service: pd.Series) -> Array:
        lane = pd.MultiIndex.from_arrays([sent["warehouse_id"], sent["city"], service])
        rate = self.lanes.reindex(lane)
        return np.asarray(rate["cost_per_shipment"].to_numpy() + rate["cost_per_kg"].to_numpy() * sent["kg"].to_numpy())

    def transfers(self, moved: pd.DataFrame) -> int:
        """Return the freight of a day's transfers [fen]: the standard lane to the other warehouse's city, per trip."""
        kg = moved["qty"].to_numpy(dtype=np.float64) * self.of_parts(moved["part_id"], "weight_kg")
        trips = moved.assign(kg=kg).groupby(TRIP)["kg"].sum().reset_index()
        city = trips["to_warehouse"].map(self.city_of_warehouse)
        sent = trips.rename(columns={"from_warehouse": "warehouse_id"}).assign(city=city)
        return fen(np.nan_to_num(self._lane_cost(sent, pd.Series("standard", index=sent.index))))

    def returns(self, gone: pd.DataFrame) -> int:
        """Return what going back unsold costs [fen]: loss of value, freight and handling per unit."""
        placement = self.config.placement
        loss = placement.return_cost_rate * self.of_parts(gone["part_id"], "unit_cost")
        freight = placement.return_cost_per_kg * self.of_parts(gone["part_id"], "weight_kg")
        return fen((loss + freight + placement.return_handling) * gone["qty"].to_numpy(dtype=np.float64))

    def lateness(self, lines: pd.DataFrame, before: pd.Timestamp, close: pd.Timestamp) -> int:
        """Return the penalty of the days that began late between the last close, ``before``, and this one [fen].

        A line is late from ``promise_by`` until delivered; each day begun costs the penalty of its criticality, at
        most ``placement.delay_cap_days``.
        """
        late = lines[lines["promise_by"].lt(close)]
        late = late[~(late["delivered_at"] <= late["promise_by"])]
        until = late["delivered_at"].where(late["delivered_at"].lt(close), close)
        days = self._days_late(late, until) - self._days_late(late, until.where(until.le(before), before))
        penalty = late["criticality"].map(self.config.placement.penalty_per_day).to_numpy(dtype=np.float64)
        return fen(days * penalty)

    def _days_late(self, late: pd.DataFrame, until: pd.Series) -> Array:
        begun = np.ceil((until - late["promise_by"]).dt.total_seconds().to_numpy() / DAY.total_seconds())
        return np.clip(begun, 0.0, self.config.placement.delay_cap_days)

    def missed_same_day(self, lines: pd.DataFrame, day: pd.Timestamp) -> int:
        """Return the cost of same-day lines due on ``day`` and not delivered by then [fen]."""
        due = lines[lines["due_day"].eq(day) & lines["service"].eq("same_day")]
        missed = int((~(due["delivered_at"] <= due["promise_by"])).sum())
        return round(missed * self.config.dispatch.late_cost_same_day * 100)

    def platform_fee(self, delivered: pd.DataFrame) -> int:
        """Return the fee on goods delivered, by their supplier's rate [fen]."""
        value = self.of_parts(delivered["part_id"], "price") * self.of_parts(delivered["part_id"], "fee_rate")
        return fen(value * delivered["qty"].to_numpy(dtype=np.float64))


class Ledger:
    """Costs of a run by night and kind, in whole fen."""

    def __init__(self) -> None:
        self.entries: dict[pd.Timestamp, dict[str, int]] = {}

    def charge(self, night: pd.Timestamp, kind: str, amount: int) -> None:
        """Add ``amount`` [fen] to a night's kind."""
        if kind not in COST_KINDS and kind != "platform_fee":
            raise ValueError(f"ledger: {kind!r} is no kind of cost")
        page = self.entries.setdefault(night, {})
        page[kind] = page.get(kind, 0) + amount

    def columns(self, night: pd.Timestamp) -> dict[str, float]:
        """Return a night's costs as columns of NIGHTS [CNY]; ``total_cny`` is the sum of the kinds."""
        page = self.entries.get(night, {})
        kinds = {f"{kind}_cny": page.get(kind, 0) / 100 for kind in COST_KINDS}
        total = sum(page.get(kind, 0) for kind in COST_KINDS) / 100
        return {**kinds, "total_cny": total, "platform_fee_cny": page.get("platform_fee", 0) / 100}
