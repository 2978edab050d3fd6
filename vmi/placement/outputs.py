"""Derive every quantity from stored figures, so that a planner can add it up; and name what stood in the way."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.placement.draft import Draft
from vmi.placement.pools import Pools, by_region
from vmi.placement.problem import Array, Mask, PlacementProblem, Whole
from vmi.placement.reasons import Sentence, reasons
from vmi.placement.values import below, costs, quantiles, shortfall

DERIVATION_COLUMNS = (
    "part_id warehouse_id supplier_id hub pool_regions on_hand inbound backordered outgoing committed position pooled"
    " protection_days demand_mean demand_var demand_p50 demand_p90 return_window_mean order_up_to target_qty need_qty"
    " pack_qty min_order_qty available_qty qty override_kind override_value value_last_unit value_next_unit"
    " penalty_cny carrying_cny return_cny freight_cny return_risk binding binding_price money_at_stake demand_class"
    " fill_rate reason"
)
"""``need_qty`` = max(0, ``target_qty`` - ``position`` - ``pooled``) at a hub, 0 elsewhere; ``pooled``: position of the
pool's other warehouses. ``penalty_cny`` per unit short, ``carrying_cny`` per unit and day, ``return_cny`` per unit."""

_NONE = -1


@dataclass(frozen=True)
class _Steps:
    """How a pool's need became its quantity, by pool row: need, best whole packs, target, and what bound."""

    target: Whole
    need: Whole
    packed: Whole
    binding: npt.NDArray[np.object_]
    price: Array


def derive(plan: Draft) -> pd.DataFrame:
    """Return one row per part and warehouse with demand, stock, an order or an override."""
    problem, pools, money = plan.problem, plan.pools, plan.money
    hub_row, region_row = plan.hub_rows(pools), by_region(pools, plan.shape)
    steps = _steps(plan)
    i, w = np.nonzero(_worth_telling(plan, hub_row))
    own, of = hub_row[i, w], region_row[i, w]
    is_hub = own >= 0
    hub = pools.hub[of]
    mean, var = _interval(plan, i, w, of, is_hub)
    position = problem.positions.position[i, w]
    override = _override_of(problem, plan.shape)
    figures = {
        "part_id": problem.parts.index.to_numpy(dtype=object)[i],
        "warehouse_id": problem.warehouse_ids[w],
        "supplier_id": problem.parts["supplier_id"].to_numpy(dtype=object)[i],
        "hub": np.where(pools.orders[of], problem.warehouse_ids[hub], ""),
        "pool_regions": pools.region_count[of],
        **{name: getattr(problem.positions, name)[i, w] for name in POSITION_NAMES},
        "position": position,
        "pooled": np.where(is_hub, pools.position[own] - position, 0),
        "protection_days": money.protect_days[i, hub],
        "demand_mean": mean.round(6),
        "demand_var": var.round(6),
        "demand_p50": quantiles(mean, var, 0.5),
        "demand_p90": quantiles(mean, var, 0.9),
        "return_window_mean": pools.mean[of, -1].round(6),
        "order_up_to": np.where(is_hub, pools.level[own], 0),
        "target_qty": np.where(is_hub, steps.target[own], 0),
        "need_qty": np.where(is_hub, steps.need[own], 0),
        **{name: problem.parts[name].to_numpy()[i] for name in ("pack_qty", "min_order_qty", "available_qty")},
        "qty": np.where(is_hub, pools.qty[own], 0),
        "override_kind": override[0][i, w],
        "override_value": override[1][i, w],
        **_unit_figures(plan, i, w, own, is_hub),
        "binding": _binding(plan, steps, (i, w), own),
        "binding_price": np.where(is_hub, steps.price[own], 0.0),
        "money_at_stake": np.where(is_hub, pools.worth[own], 0.0),
        "demand_class": problem.demand.demand_class[i, w],
        "fill_rate": _fill_rate(pools)[of],
    }
    table = pd.DataFrame(figures)
    table["reason"] = reasons(_sentences(plan, table, steps, own, of), plan.parameters)
    return table[DERIVATION_COLUMNS.split()]


def _binding(plan: Draft, steps: _Steps, at: tuple[Whole, Whole], own: Whole) -> npt.NDArray[np.object_]:
    """Return what bound each quantity; a planner's order that found no room is named where nothing else is ordered."""
    yielded = np.nan_to_num(plan.problem.override("order"), nan=0.0)[at] > 0
    elsewhere = np.where(yielded, "override order", "none")
    return np.where(own >= 0, steps.binding[own], elsewhere).astype(object)


POSITION_NAMES = ("on_hand", "inbound", "backordered", "outgoing", "committed")


def _worth_telling(plan: Draft, hub_row: Whole) -> Mask:
    problem, pools = plan.problem, plan.pools
    told = (problem.demand.mean[:, :, -1] > 0) | (problem.positions.position != 0)
    for name in POSITION_NAMES:
        told |= getattr(problem.positions, name) != 0
    for kind in ("min", "max", "order", "do_not_stock"):
        told |= ~np.isnan(problem.override(kind))
    kept = (hub_row >= 0) & ((pools.level[hub_row] > 0) | (pools.qty[hub_row] > 0))
    return np.asarray(told | kept)


def _interval(plan: Draft, i: Whole, w: Whole, of: Whole, is_hub: Mask) -> tuple[Array, Array]:
    """Return demand over the protection interval: the pool's at its hub, elsewhere the region's own."""
    place = plan.money.place[i, plan.pools.hub[of], 0]
    mean = np.where(is_hub, plan.pools.mean[of, 0], plan.problem.demand.mean[i, w, place])
    var = np.where(is_hub, plan.pools.var[of, 0], plan.problem.demand.var[i, w, place])
    return mean, var


def _unit_figures(plan: Draft, i: Whole, w: Whole, own: Whole, is_hub: Mask) -> dict[str, Array]:
    """Return what the last unit and the next one are worth, what a unit costs, and the risk that the last returns."""
    pools, money = plan.pools, plan.money
    price = np.ascontiguousarray(money.price[pools.part, pools.hub])
    here = costs(pools.mean, pools.var, price, pools.after)
    freight = money.freight[pools.part, pools.hub]
    last = costs(pools.mean, pools.var, price, pools.after - 1) - here - freight
    following = here - costs(pools.mean, pools.var, price, pools.after + 1) - freight
    risk = below(pools.mean[:, -1].copy(), pools.var[:, -1].copy(), pools.after)
    return {
        "value_last_unit": np.where(is_hub, last[own], 0.0).round(6),
        "value_next_unit": np.where(is_hub, following[own], 0.0).round(6),
        "penalty_cny": money.price[i, w, 0],
        "carrying_cny": money.price[i, w, 2],
        "return_cny": money.price[i, w, 3],
        "freight_cny": money.freight[i, w],
        "return_risk": np.where(is_hub, risk[own], 0.0).round(6),
    }


def _fill_rate(pools: Pools) -> Array:
    """Return the share of a pool's demand over the protection interval that stock serves; 1 without demand."""
    mean = pools.mean[:, 0]
    short = np.minimum(shortfall(mean.copy(), pools.var[:, 0].copy(), np.maximum(pools.after, 0)), mean)
    return np.where(mean > 0, 1.0 - short / np.where(mean > 0, mean, 1.0), 1.0).clip(0.0, 1.0).round(6)


def _steps(plan: Draft) -> _Steps:
    """Follow each pool from its need to its quantity, and name the first thing that changed it."""
    pools, limits = plan.pools, plan.limits
    part, hub = pools.part, pools.hub
    forced, exact = limits.low[part, hub] > 0, ~np.isnan(plan.problem.override("order")[part, hub])
    target = np.where(exact | forced, np.maximum(pools.level, 0), pools.level)
    target = np.where(forced & ~exact, np.maximum(target, pools.position + limits.low[part, hub]), target)
    target = np.where(exact & pools.orders, pools.after, target)
    need = np.where(pools.orders, np.maximum(target - pools.position, 0), 0)
    packed = _best_packs(plan, need)
    wished = plan.hub_rows(plan.wished)[part, hub]
    waits = plan.trips.closed[part, hub] & (wished >= 0) & (plan.wished.qty[wished] > 0)
    total = np.bincount(part, weights=packed, minlength=plan.shape[0])[part]
    row, row_price = _dearest_row(plan)
    less = pools.qty < packed
    capped = plan.problem.override("max")[part, hub] - plan.problem.positions.position[part, hub]
    cases = [
        (exact, "override order"),
        (forced & (pools.qty == limits.low[part, hub]), "override min"),
        (waits & less, "truck"),
        (less & (np.nan_to_num(capped, nan=np.inf) < packed), "override max"),
        (less & (total > limits.available[part]), "availability"),
        (less & (row_price > 0), row),
        (less, "pool"),
        ((pools.qty != need) & (limits.first[part] > np.maximum(need, limits.step[part])), "moq"),
        (pools.qty != need, "pack"),
    ]
    binding = np.select([c[0] for c in cases], [np.asarray(c[1], dtype=object) for c in cases], "none").astype(object)
    return _Steps(target, need, packed, binding, np.where(binding == row, row_price, 0.0))


def _best_packs(plan: Draft, need: Whole) -> Whole:
    """Return the best quantity in whole packs without any other limit: convexity leaves the two around the need."""
    pools, limits = plan.pools, plan.limits
    step, first = limits.step[pools.part], limits.first[pools.part]
    upper = np.where(need > 0, np.maximum(-(-need // step) * step, first), 0)
    lower = np.where(need // step * step >= first, need // step * step, 0)
    price = np.ascontiguousarray(plan.money.price[pools.part, pools.hub])
    freight = plan.money.freight[pools.part, pools.hub]
    dear = costs(pools.mean, pools.var, price, pools.position + upper) + freight * upper
    cheap = costs(pools.mean, pools.var, price, pools.position + lower) + freight * lower
    return np.where(dear < cheap - 1e-9, upper, lower)


def _dearest_row(plan: Draft) -> tuple[npt.NDArray[np.object_], Array]:
    """Return, by pool, the name and price of the coupling row that costs a unit, or its line, most."""
    touched, unit, line = plan.rows.touched(plan.pools.part, plan.pools.hub)
    use, prices = unit + line, plan.solution.prices[touched]
    dearest = np.argmax(prices * use, axis=1)
    of_pool = np.arange(len(dearest))
    row, price = touched[of_pool, dearest], np.where(use > 0, prices, 0.0)[of_pool, dearest]
    names = plan.rows.names(plan.problem)
    label = names["name"] + np.where(names["name"] == "budget", "", " " + names["subject"])
    return label.to_numpy(dtype=object)[row], price


def _override_of(problem: PlacementProblem, shape: tuple[int, int]) -> tuple[npt.NDArray[np.object_], Array]:
    """Return kind and value of the override that rules each part and warehouse; empty and NaN without one."""
    kind, value = np.full(shape, "", dtype=object), np.full(shape, np.nan)
    for name in ("max", "min", "order", "do_not_stock"):
        found = problem.override(name)
        given = ~np.isnan(found)
        kind[given], value[given] = name, found[given]
    return kind, value


def _sentences(plan: Draft, table: pd.DataFrame, steps: _Steps, own: Whole, of: Whole) -> Sentence:
    pools = plan.pools
    mean, var = pools.mean, pools.var
    left = pools.after - mean[:, -1] + shortfall(mean[:, -1].copy(), var[:, -1].copy(), np.maximum(pools.after, 0))
    short = shortfall(mean[:, 0].copy(), var[:, 0].copy(), pools.position)
    spared = short - shortfall(mean[:, 0].copy(), var[:, 0].copy(), pools.after)
    return Sentence(
        table=table,
        is_hub=own >= 0,
        pool_position=pools.position[of],
        pool_after=pools.after[of],
        daily_mean=pools.mean[of, 0] / np.maximum(plan.money.protect_days[pools.part, pools.hub][of], 1.0),
        left_over=np.minimum(left, pools.qty)[of],
        lines_spared=(spared / plan.money.line_qty[pools.part])[of],
        packed=np.where(own >= 0, steps.packed[own], 0),
    )


def prices_table(plan: Draft) -> pd.DataFrame:
    """Return what a further unit of each coupling row is worth tonight; rows with a price above 0."""
    rows = plan.rows
    used = rows.used(np.arange(plan.shape[0]), plan.solution.qty).sum(axis=0)
    figures = {"price": plan.solution.prices.round(6), "used": used.round(6), "free": rows.free}
    table = rows.names(plan.problem).assign(**figures)
    return table[table["price"] > 0].reset_index(drop=True)


def full_warehouses(prices: pd.DataFrame) -> pd.DataFrame:
    """Return the warehouses whose space has a price: warehouse_id, space, used_m3, capacity_m3 (of tonight), price."""
    rows = prices[prices["name"].isin(["volume", "hazmat"])]
    return pd.DataFrame(
        {
            "warehouse_id": rows["subject"],
            "space": rows["name"],
            "used_m3": rows["used"],
            "capacity_m3": rows["free"],
            "price_per_m3": rows["price"],
        }
    ).reset_index(drop=True)


def shortages(plan: Draft) -> pd.DataFrame:
    """Return the parts of which more would be ordered than their supplier has."""
    pools, available = plan.pools, plan.limits.available
    packed = _best_packs(plan, np.where(pools.orders, np.maximum(pools.level - pools.position, 0), 0))
    wanted = np.bincount(pools.part, weights=packed, minlength=plan.shape[0])
    value = np.zeros(plan.shape[0])
    price = np.ascontiguousarray(plan.money.price[pools.part, pools.hub])
    following = costs(pools.mean, pools.var, price, pools.after) - costs(pools.mean, pools.var, price, pools.after + 1)
    np.maximum.at(value, pools.part, np.where(pools.orders, following, 0.0))
    short = np.flatnonzero(wanted > available)
    return pd.DataFrame(
        {
            "part_id": plan.problem.parts.index.to_numpy(dtype=object)[short],
            "short_qty": (wanted - available)[short].astype(np.int64),
            "available_qty": available[short],
            "available_on": pd.NaT,
            "value_per_unit": value[short].round(6),
        }
    )


def override_effects(plan: Draft, derivations: pd.DataFrame) -> pd.DataFrame:
    """Return the overrides in force: part_id, warehouse_id, kind, value, binds (``Y`` where the plan would differ)."""
    rows = plan.problem.overrides.merge(
        derivations[["part_id", "warehouse_id", "binding", "hub"]], on=["part_id", "warehouse_id"], how="left"
    )
    bound = (rows["binding"].fillna("") == "override " + rows["kind"]) | (rows["kind"] == "do_not_stock")
    return rows.assign(binds=np.where(bound, "Y", "N")).drop(columns=["binding", "hub"])
