"""What lies in the warehouses and is on its way: about what a planner with three weeks of stock would hold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.sample.catalogue import Catalogue
from vmi.sample.geography import Network
from vmi.sample.orders import choose_sources, hazmat_warehouses
from vmi.sample.parameters import SampleParameters
from vmi.sample.usage import mean_quantities

REVIEW_DAYS = 3.0
SAFETY_FACTOR = 1.1
SLOW_UNITS = 0.8
"""Below that many units expected over the protection interval a pair is slow: one unit (or pack) or none."""
SLOW_COVER_DAYS = 38.0
HAZMAT_COVER = 2.0
"""A car without its battery stands still for weeks: traction batteries are held in spite of what they cost."""
LEFTOVER_SHARE = 0.3
NEAR_FULL, ROOMY = 0.88, (0.48, 0.62)


@dataclass(frozen=True)
class Holdings:
    """Frames of stock.csv and inbound.csv, and the warehouses with the room they need."""

    stock: pd.DataFrame
    inbound: pd.DataFrame
    warehouses: pd.DataFrame


@dataclass(frozen=True)
class Pairs:
    """Pairs of part and warehouse that are held: units a day, units there, units missing from the target."""

    part: np.ndarray
    warehouse: np.ndarray
    per_day: np.ndarray
    on_hand: np.ndarray
    gap: np.ndarray


def demand_per_day(network: Network, catalogue: Catalogue, recent: np.ndarray) -> np.ndarray:
    """Return expected units a day, part x warehouse, at the nearest warehouse that may hold the part."""
    count = len(network.warehouses)
    centres = network.city_of_centre
    zero = np.zeros(len(centres), dtype=int)
    share = np.zeros((2, len(network.centre_weights), count))
    for hazmat in (0, 1):
        source = choose_sources(network, np.full(len(centres), bool(hazmat)), centres, zero)
        for climate, weights in enumerate(network.centre_weights):
            share[hazmat, climate] = np.bincount(source, weights, minlength=count)
    is_hazmat = (catalogue.parts["hazmat"] == "Y").to_numpy().astype(int)
    units = recent * mean_quantities()[catalogue.quantity]
    return units[:, None] * share[is_hazmat, catalogue.climate]


def _hold(catalogue: Catalogue, per_day: np.ndarray, missing: np.ndarray, rng: np.random.Generator) -> Pairs:
    """Choose on-hand units of each pair: an order-up-to level less what is on order; slow parts pooled or not held."""
    parts = catalogue.parts
    supplier = pd.Index(catalogue.suppliers["supplier_id"]).get_indexer(parts["supplier_id"])
    lead = catalogue.supply["lead_time_days"].to_numpy().reshape(-1, per_day.shape[1])[supplier]
    expected = per_day * (lead + REVIEW_DAYS)
    up_to = np.ceil(expected + SAFETY_FACTOR * np.sqrt(1.5 * expected))
    on_order = rng.poisson(per_day * lead * 0.75)
    fast = expected >= SLOW_UNITS
    # The dearer a slow part, the fewer places it lies in.
    dear = np.clip((300 / parts["unit_cost"].to_numpy()) ** 0.35, 0.25, 1.6)
    dear = np.where(parts["hazmat"] == "Y", HAZMAT_COVER, dear)[:, None]
    slow = rng.random(per_day.shape) < np.minimum(per_day * SLOW_COVER_DAYS * dear, 0.9)
    leftover = (parts["successor_id"] != "").to_numpy()[:, None] & (rng.random(per_day.shape) < LEFTOVER_SHARE)
    leftover &= per_day > 0
    target = np.where(fast, up_to, np.where(slow | leftover, 1, 0))
    pack = parts["pack_qty"].to_numpy()[:, None]
    extra = np.floor(rng.random(per_day.shape) * pack).astype(int) * (target > 0)
    on_hand = np.where(fast, np.maximum(up_to - on_order, rng.random(per_day.shape) < 0.8), target) + extra
    gap = np.where(fast & (leftover == 0), np.maximum(up_to - on_hand, 0), 0)
    on_hand[missing] = 0
    part, warehouse = np.nonzero((on_hand > 0) | (gap > 0))
    return Pairs(part, warehouse, per_day[part, warehouse], on_hand[part, warehouse], gap[part, warehouse])


def _split_lots(pairs: Pairs, rng: np.random.Generator) -> pd.DataFrame:
    """Split each pair's units into one to three receipts; columns pair, nth (0 newest), qty."""
    units = pairs.on_hand.astype(int)
    second = np.where(
        (units >= 3) & (rng.random(len(units)) < 0.6), np.floor(units * rng.uniform(0.15, 0.5, len(units))), 0
    )
    third = np.where((second >= 2) & (rng.random(len(units)) < 0.4), np.floor(second * 0.5), 0)
    split = np.stack([units - second, second - third, third]).astype(int)
    nth, pair = np.nonzero(split)
    lots = pd.DataFrame({"pair": pair, "nth": nth, "qty": split[nth, pair]})
    return lots.sort_values(["pair", "nth"], ignore_index=True)


def _age_lots(
    lots: pd.DataFrame, pairs: Pairs, window: np.ndarray, born: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return ages in days: as long as the units take to sell at the most, inside the return window but for a few."""
    pair = lots["pair"].to_numpy()
    sells_in = pairs.on_hand[pair] / np.maximum(pairs.per_day[pair], 1e-6)
    limit = window[pair]
    oldest = np.minimum(sells_in, limit - 1)
    age = oldest * rng.beta(1.1, 1.7, len(lots)) + lots["nth"].to_numpy() * rng.uniform(2, 14, len(lots))
    age = np.minimum(np.floor(age), limit - 1).astype(int)
    slow = np.flatnonzero(sells_in > limit)
    # Whoever forgot the return window: a few lots at it or over it, a few more in its last two weeks.
    forgotten = rng.permutation(slow)[: max(12, round(0.02 * len(slow)))]
    over = forgotten[: max(5, len(forgotten) // 4)]
    age[forgotten] = limit[forgotten] - rng.integers(1, 15, len(forgotten))
    age[over] = limit[over] + rng.integers(0, 6, len(over))
    return np.clip(age, 0, np.maximum(born[pair] - 1, 0))


def _make_stock(
    parameters: SampleParameters, network: Network, catalogue: Catalogue, pairs: Pairs, rng: np.random.Generator
) -> pd.DataFrame:
    windows = catalogue.suppliers.set_index("supplier_id")["return_window_days"]
    window = windows.loc[catalogue.parts["supplier_id"].iloc[pairs.part]].to_numpy()
    born = (parameters.days - 1 - catalogue.born)[pairs.part]
    lots = _split_lots(pairs, rng)
    age = _age_lots(lots, pairs, window, born, rng)
    pair = lots["pair"].to_numpy()
    chance = rng.random(len(lots))
    status = np.where(chance < 0.012, "quarantine", "available").astype(object)
    status[np.flatnonzero(age >= window[pair] - 2)[::3]] = "returning"
    received = pd.Timestamp(parameters.as_of) - pd.to_timedelta(age, unit="D")
    return pd.DataFrame(
        {
            "warehouse_id": network.warehouses["warehouse_id"].to_numpy()[pairs.warehouse[pair]],
            "part_id": catalogue.parts["part_id"].to_numpy()[pairs.part[pair]],
            "lot_id": [f"L{i:07d}" for i in range(1, len(lots) + 1)],
            "received_on": received.strftime("%Y-%m-%d"),
            "qty": lots["qty"].to_numpy(),
            "status": status,
        }
    )


def _make_supplies(
    parameters: SampleParameters, network: Network, catalogue: Catalogue, pairs: Pairs, rng: np.random.Generator
) -> pd.DataFrame:
    """Put most of what is missing on trucks: one shipment for each supplier and warehouse that has any."""
    parts = catalogue.parts.iloc[pairs.part]
    warehouse_id = network.warehouses["warehouse_id"].to_numpy()[pairs.warehouse]
    lines = pd.DataFrame({"from_id": parts["supplier_id"].to_numpy(), "warehouse_id": warehouse_id})
    lines["part_id"] = parts["part_id"].to_numpy()
    pack, least = parts["pack_qty"].to_numpy(), parts["min_order_qty"].to_numpy()
    lines["qty"] = np.maximum(np.ceil(pairs.gap / pack) * pack, least).astype(int)
    lines = lines[(pairs.gap > 0) & (rng.random(len(lines)) < 0.7)].sort_values(["from_id", "warehouse_id", "part_id"])
    shipments = catalogue.supply.rename(columns={"supplier_id": "from_id"})[
        ["from_id", "warehouse_id", "lead_time_days"]
    ]
    lead = shipments["lead_time_days"].to_numpy()
    ago = np.floor(rng.random(len(lead)) * lead).astype(int)
    late = rng.random(len(lead)) < 0.04
    as_of = pd.Timestamp(parameters.as_of)
    shipped = as_of - pd.to_timedelta(np.where(late, lead + rng.integers(0, 3, len(lead)), ago), unit="D")
    shipments["shipped_on"] = shipped.strftime("%Y-%m-%d")
    shipments["eta_on"] = (shipped + pd.to_timedelta(lead, unit="D")).strftime("%Y-%m-%d")
    return lines.merge(shipments, on=["from_id", "warehouse_id"], how="left").assign(kind="supply", received_on="")


def _make_transfer(
    parameters: SampleParameters, stock: pd.DataFrame, hazmat: set[str], rng: np.random.Generator
) -> pd.DataFrame:
    """Send a few units of older lots from the second warehouse to the first: on the road since yesterday."""
    candidates = stock[
        (stock["warehouse_id"] == "FW02") & ~stock["part_id"].isin(hazmat) & (stock["status"] == "available")
    ]
    chosen = candidates.iloc[np.sort(rng.permutation(len(candidates))[:3])]
    as_of = pd.Timestamp(parameters.as_of)
    return pd.DataFrame(
        {
            "from_id": "FW02",
            "warehouse_id": "FW01",
            "part_id": chosen["part_id"],
            "qty": np.maximum(chosen["qty"] // 2, 1),
            "shipped_on": (as_of - pd.Timedelta(days=1)).strftime("%Y-%m-%d"),
            "eta_on": (as_of + pd.Timedelta(days=1)).strftime("%Y-%m-%d"),
            "kind": "transfer",
            "received_on": chosen["received_on"],
        }
    )


def _number_shipments(lines: pd.DataFrame) -> pd.DataFrame:
    """Give every shipment its id and every line its number within it."""
    shipment = lines.groupby(["kind", "from_id", "warehouse_id"], sort=True).ngroup() + 1
    inbound = lines.assign(shipment_id=[f"IN{i:06d}" for i in shipment], line_id="")
    inbound = inbound.sort_values(["shipment_id", "part_id"], ignore_index=True)
    inbound["line_no"] = inbound.groupby("shipment_id").cumcount() + 1
    order = "shipment_id line_no kind part_id from_id warehouse_id qty shipped_on eta_on line_id received_on"
    return inbound[order.split()]


def _volume_m3(
    lines: pd.DataFrame, parts: pd.DataFrame, warehouses: pd.Series, only_hazmat: bool = False
) -> np.ndarray:
    by_part = parts.set_index("part_id")
    volume = lines["qty"].to_numpy() * by_part["volume_l"].loc[lines["part_id"]].to_numpy() / 1000
    if only_hazmat:
        volume = volume * (by_part["hazmat"].loc[lines["part_id"]] == "Y").to_numpy()
    return np.bincount(pd.Index(warehouses).get_indexer(lines["warehouse_id"]), volume, minlength=len(warehouses))


def _size_warehouses(
    network: Network, parts: pd.DataFrame, holdings: pd.DataFrame, lines_per_day: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Give each warehouse the room that what it holds and awaits fills to 48 to 62 %, one nearly to the brim."""
    warehouses = network.warehouses.copy()
    filled = rng.uniform(*ROOMY, len(warehouses))
    filled[min(1, len(warehouses) - 1)] = NEAR_FULL
    needed = _volume_m3(holdings, parts, warehouses["warehouse_id"])
    hazmat = _volume_m3(holdings, parts, warehouses["warehouse_id"], only_hazmat=True)
    licensed = hazmat_warehouses(len(warehouses))
    warehouses["capacity_m3"] = np.maximum(np.ceil(10 * needed / filled) / 10, 1.0)
    warehouses["hazmat_capacity_m3"] = np.where(licensed, np.ceil(10 * (hazmat / 0.7 + 0.5)) / 10, 0.0)
    warehouses["outbound_lines_per_day"] = np.maximum(np.ceil(lines_per_day * 2.5 / 10) * 10, 60).astype(int)
    return warehouses


def make_holdings(
    parameters: SampleParameters, network: Network, catalogue: Catalogue, recent: np.ndarray, missing: np.ndarray
) -> Holdings:
    """Return stock, inbound and the warehouses sized for them; parts in ``missing`` lie nowhere."""
    rng = np.random.default_rng([parameters.seed, 400])
    per_day = demand_per_day(network, catalogue, recent)
    pairs = _hold(catalogue, per_day, missing, rng)
    stock = _make_stock(parameters, network, catalogue, pairs, rng)
    hazmat = set(catalogue.parts.loc[catalogue.parts["hazmat"] == "Y", "part_id"])
    pieces = [
        _make_supplies(parameters, network, catalogue, pairs, rng),
        _make_transfer(parameters, stock, hazmat, rng),
    ]
    inbound = _number_shipments(pd.concat([p for p in pieces if len(p)], ignore_index=True))
    both = pd.concat([stock[["warehouse_id", "part_id", "qty"]], inbound[["warehouse_id", "part_id", "qty"]]])
    lines = (per_day / mean_quantities()[catalogue.quantity][:, None]).sum(axis=0)
    return Holdings(stock, inbound, _size_warehouses(network, catalogue.parts, both, lines, rng))
