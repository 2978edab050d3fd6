"""List the cover patterns that a part may choose from: which warehouses are hubs, and which hub covers each region.

Few main warehouses get most of the gain of pooling (Kranenburg and van Houtum 2009), but which ones differs from part
to part: up to ten warehouses every set of hubs is weighed, 1,023 of them. In a larger network the catalogue has every
single hub, "everywhere", and for each number of hubs the set that adding (from none) or dropping (from all) one hub at
a time leaves cheapest: the greedy p-median, both ways; at ten warehouses that costs 4 to 6 % more (docs/benchmarks.md).
Parts that share open, required and stocked warehouses share a catalogue (a *class*).
"""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Arcs, Array, Mask, Whole

TYPICAL_KG = 5.0
LATE_COST = 100.0
SAME_DAY_COST = 20.0
"""CNY by which a kilogram, lateness and lost same-day reach count when a set of hubs is assigned its regions: one
assignment for all parts, because nearness hardly differs between them."""

Hubs = tuple[int, ...]
Pool = tuple[int, int, bool]
"""Hub, regions as bits, and whether it may order (False: a region left to what lies there)."""


class Menu(NamedTuple):
    """The catalogues of all classes as flat arrays, as compiled code reads them.

    Class c has pools ``pool_from[c]`` .. ``pool_from[c + 1]`` and patterns ``pattern_from[c]`` ..; pattern m uses the
    pools ``members[member_from[m] : member_from[m + 1]]``, numbered within its class; ``pattern_hubs[m]`` are the
    warehouses that may order in it, as bits.
    """

    part_class: Whole
    pool_from: Whole
    pool_hub: Whole
    pool_mask: Whole
    pool_orders: Mask
    pattern_from: Whole
    pattern_hubs: Whole
    member_from: Whole
    members: Whole


@dataclass(frozen=True)
class Openness:
    """Per part and warehouse, bool of shape (parts, warehouses): may be hub, must be hub, has stock."""

    open: Mask
    required: Mask
    stocked: Mask


def build_menu(arcs: Arcs, weight: Array, openness: Openness, parameters: PlacementParameters) -> Menu:
    """Return the catalogue of every part.

    ``weight`` [units/day] by region, all parts together: how much covering a region well matters.
    """
    distance = np.where(arcs.allowed, assignment_cost(arcs), np.inf)
    codes = np.column_stack([_bits(openness.open), _bits(openness.required), _bits(_stock_pattern(openness))])
    if openness.open.shape[1] <= parameters.every_hub_set_up_to:
        codes[:, 2] = 0
    classes, part_class = np.unique(codes, axis=0, return_inverse=True)
    n = len(distance)
    sets = [_class_sets(distance, weight, [_hubs(int(c), n) for c in row], parameters) for row in classes]
    known = {hubs: pattern(distance, hubs) for of_class in sets for hubs in of_class}
    listed = [[known[hubs] for hubs in of_class] for of_class in sets]
    return _flatten(part_class.ravel().astype(np.int64), listed)


def assignment_cost(arcs: Arcs) -> Array:
    """Return what covering a region from a hub costs per line, roughly and for a typical part."""
    return np.asarray(
        arcs.per_line + TYPICAL_KG * arcs.per_kg + LATE_COST * arcs.late + SAME_DAY_COST * arcs.same_day_lost
    )


def hub_sets(distance: Array, weight: Array, open_hubs: Hubs, parameters: PlacementParameters) -> list[Hubs]:
    """Return the sets of hubs worth weighing, few hubs first."""
    if len(distance) <= parameters.every_hub_set_up_to:
        sizes = range(1, len(open_hubs) + 1)
        return [hubs for size in sizes for hubs in combinations(open_hubs, size)]
    found = {(h,) for h in open_hubs} | {open_hubs}
    chosen: Hubs = ()
    while len(chosen) < len(open_hubs):
        chosen = min(
            (_with(chosen, h) for h in open_hubs if h not in chosen), key=lambda s: _median(distance, weight, s)
        )
        found.add(chosen)
    while len(chosen) > 1:
        chosen = min((_without(chosen, h) for h in chosen), key=lambda s: _median(distance, weight, s))
        found.add(chosen)
    return sorted((s for s in found if s), key=lambda s: (len(s), s))


def pattern(distance: Array, hubs: Hubs) -> tuple[Pool, ...]:
    """Return the pools of a set of hubs: every region at its nearest allowed hub, or alone if there is none."""
    if not hubs:
        return tuple((region, 1 << region, False) for region in range(len(distance)))
    regions: dict[int, int] = dict.fromkeys(hubs, 0)
    alone: list[Pool] = []
    for region in range(len(distance)):
        nearest = min(hubs, key=lambda h: (h != region, distance[h, region], h))
        if np.isfinite(distance[nearest, region]):
            regions[nearest] |= 1 << region
        else:
            alone.append((region, 1 << region, False))
    return tuple(sorted([(h, mask, True) for h, mask in regions.items()] + alone))


def _class_sets(distance: Array, weight: Array, hubs: list[Hubs], parameters: PlacementParameters) -> list[Hubs]:
    """Return a class's sets of hubs: of its open ones with the required ones in, and its stocked warehouses'."""
    open_hubs, required, stocked = hubs
    if not open_hubs:
        return [()]
    sets = [tuple(sorted({*s, *required})) for s in hub_sets(distance, weight, open_hubs, parameters)]
    if stocked:
        sets.append(tuple(sorted({*stocked, *required})))
    return list(dict.fromkeys(sets))


def _stock_pattern(openness: Openness) -> Mask:
    """Return the warehouses that hold stock and may be hubs; none where that set is in the catalogue anyhow."""
    stocked = openness.stocked & openness.open
    several = (stocked.sum(axis=1) > 1) & (stocked != openness.open).any(axis=1)
    return np.asarray(stocked & several[:, None])


def _median(distance: Array, weight: Array, hubs: Hubs) -> tuple[float, Hubs]:
    """Return the cost of covering every region from its nearest hub; an uncovered one costs the most there is."""
    worst = 10.0 * float(distance[np.isfinite(distance)].max(initial=0.0)) + 1000.0
    nearest = np.minimum(distance[list(hubs)].min(axis=0), worst)
    return round(float(nearest @ (weight + 1e-6)), 6), hubs


def _with(hubs: Hubs, hub: int) -> Hubs:
    return tuple(sorted((*hubs, hub)))


def _without(hubs: Hubs, hub: int) -> Hubs:
    return tuple(h for h in hubs if h != hub)


def _bits(mask: Mask) -> Whole:
    return np.asarray(mask.astype(np.int64) @ (1 << np.arange(mask.shape[1], dtype=np.int64)))


def _hubs(bits: int, n: int) -> Hubs:
    return tuple(h for h in range(n) if bits >> h & 1)


def _flatten(part_class: Whole, listed: list[list[tuple[Pool, ...]]]) -> Menu:
    pools: list[Pool] = []
    members: list[int] = []
    hubs = [sum(1 << hub for hub, _, orders in chosen if orders) for patterns in listed for chosen in patterns]
    pool_from, pattern_from, member_from = [0], [0], [0]
    for patterns in listed:
        own: dict[Pool, int] = {}
        for chosen in patterns:
            members.extend(own.setdefault(pool, len(own)) for pool in chosen)
            member_from.append(len(members))
        pools.extend(own)
        pool_from.append(len(pools))
        pattern_from.append(pattern_from[-1] + len(patterns))
    return Menu(
        part_class=part_class,
        pool_from=np.array(pool_from, dtype=np.int64),
        pool_hub=np.array([p[0] for p in pools], dtype=np.int64),
        pool_mask=np.array([p[1] for p in pools], dtype=np.int64),
        pool_orders=np.array([p[2] for p in pools], dtype=bool),
        pattern_from=np.array(pattern_from, dtype=np.int64),
        pattern_hubs=np.array(hubs, dtype=np.int64),
        member_from=np.array(member_from, dtype=np.int64),
        members=np.array(members, dtype=np.int64),
    )


def regions_of(mask: npt.ArrayLike, n: int) -> Mask:
    """Return the regions of pools given as bits, shape (pools, n)."""
    bits = np.asarray(mask, dtype=np.int64)[:, None] >> np.arange(n, dtype=np.int64)
    return np.asarray(bits & 1, dtype=bool)
