"""Lay out the pools that a solution has chosen: one row per part and pool, with its demand, position and cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit

from vmi.placement.catalogue import Menu, regions_of
from vmi.placement.economics import Economics
from vmi.placement.model import Ground, pool_moments, pool_position
from vmi.placement.problem import Array, Mask, PlacementProblem, Whole
from vmi.placement.solving import Solution
from vmi.placement.values import WINDOWS, costs, levels


@dataclass(frozen=True)
class Pools:
    """One row per part and pool of the chosen patterns.

    ``part``, ``hub``; ``regions`` (rows, warehouses); ``orders``: False where the region is left to what lies there;
    ``position``, ``qty`` [units]; ``mean``, ``var`` (rows, WINDOWS); ``cover`` [CNY]: freight out above first cover;
    ``level``: order-up-to level that the costs alone ask for; ``worth`` [CNY]: what ``qty`` saves against none.
    """

    part: Whole
    hub: Whole
    regions: Mask
    orders: Mask
    position: Whole
    qty: Whole
    mean: Array
    var: Array
    cover: Array
    level: Whole
    worth: Array

    @property
    def after(self) -> Whole:
        """Position once tonight's order is counted."""
        return self.position + self.qty

    @property
    def region_count(self) -> Whole:
        """Number of regions of each pool."""
        return np.asarray(self.regions.sum(axis=1), dtype=np.int64)


def chosen_pools(menu: Menu, ground: Ground, money: Economics, solution: Solution) -> Pools:
    """Return the pools of a solution, sorted by part and hub."""
    pattern = menu.pattern_from[menu.part_class] + solution.pattern
    sizes = menu.member_from[pattern + 1] - menu.member_from[pattern]
    part = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(part)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pool = menu.pool_from[menu.part_class[part]] + menu.members[menu.member_from[pattern[part]] + within]
    hub, mask, orders = menu.pool_hub[pool], menu.pool_mask[pool], menu.pool_orders[pool]
    position, mean, var, cover = _measure(part, hub, mask, ground, money)
    qty = np.where(orders, solution.qty[part, hub], 0)
    price, freight = np.ascontiguousarray(money.price[part, hub]), money.freight[part, hub]
    level = np.where(orders, levels(mean, var, price, freight, np.zeros(len(part), dtype=np.int64)), 0)
    saved = costs(mean, var, price, position) - costs(mean, var, price, position + qty) - freight * qty
    regions = regions_of(mask, ground.position.shape[1])
    worth = np.where(qty > 0, saved, 0.0).round(6)
    return Pools(part, hub, regions, orders, position, qty, mean, var, cover, level, worth)


def moments_until(problem: PlacementProblem, pools: Pools, rows: Whole, day: Array) -> tuple[Array, Array]:
    """Return mean and variance of the demand of pools ``rows`` in the days 1 .. ``day`` (one a row)."""
    place = problem.demand.at(np.minimum(day, problem.demand.days[-1]).astype(np.int64))
    part, inside = pools.part[rows], pools.regions[rows]
    mean = (problem.demand.mean[part, :, place] * inside).sum(axis=1)
    var = (problem.demand.var[part, :, place] * inside).sum(axis=1)
    return mean, var


def by_hub(pools: Pools, values: Array, shape: tuple[int, int], missing: float) -> Array:
    """Return a value of the pools by part and hub; ``missing`` where a warehouse is no hub of the part."""
    found = np.full(shape, missing)
    found[pools.part, pools.hub] = values
    return found


def by_region(pools: Pools, shape: tuple[int, int]) -> Whole:
    """Return the row of the pool that each part's region belongs to, shape (parts, regions)."""
    row, region = np.nonzero(pools.regions)
    found = np.full(shape, -1, dtype=np.int64)
    found[pools.part[row], region] = row
    return found


def assignment(problem: PlacementProblem, pools: Pools) -> pd.DataFrame:
    """Return which hub covers each region of each part: part_id, region, warehouse_id, orders (``Y``/``N``)."""
    row, region = np.nonzero(pools.regions)
    table = pd.DataFrame(
        {
            "part_id": problem.parts.index.to_numpy(dtype=object)[pools.part[row]],
            "region": problem.warehouse_ids[region],
            "warehouse_id": problem.warehouse_ids[pools.hub[row]],
            "orders": np.where(pools.orders[row], "Y", "N"),
        }
    )
    return table.sort_values(["part_id", "region"], ignore_index=True)


@njit(cache=True)
def _measure(
    part: Whole, hub: Whole, mask: Whole, ground: Ground, money: Economics
) -> tuple[Whole, Array, Array, Array]:
    n = len(part)
    position, cover = np.empty(n, dtype=np.int64), np.empty(n)
    mean, var = np.empty((n, WINDOWS)), np.empty((n, WINDOWS))
    for row in range(n):
        cover[row] = pool_moments(part[row], hub[row], mask[row], ground, money, mean[row], var[row])
        position[row] = pool_position(part[row], mask[row], ground)
    return position, mean, var, cover
