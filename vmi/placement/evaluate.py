"""Price a plan from the raw problem and check every rule: slow, plain, and sharing no code with the model.

Only ``cover``, the firm lines of ``replenishment`` and which ``trips`` go are read from the plan. A plan whose cost
differs from what the optimiser reported, or that breaks a rule, must not be published.
"""

from bisect import bisect_left
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement
from vmi.placement.problem import OVERRIDE_KINDS, Array, PlacementProblem

Pair = tuple[str, str]
SLACK = 1e-6


@dataclass(frozen=True)
class Evaluation:
    """Expected cost of the plan [CNY], and one sentence per broken rule."""

    cost: float
    violations: list[str]


def evaluate(
    problem: PlacementProblem,
    placement: Placement,
    parameters: PlacementParameters,
    room: pd.DataFrame | None = None,
) -> Evaluation:
    """Return what a plan costs and which rules it breaks.

    ``room``: free_m3, free_hazmat_m3 by warehouse before tonight's transfers, where what a planner forces must fit; the
    problem's, if nothing moves.
    """
    book, lines = _Book(problem), placement.replenishment
    firm = lines[lines["commitment"] == "firm"]
    found = _violations(book, placement, firm, parameters, problem.warehouses if room is None else room)
    return Evaluation(_plan_cost(book, placement.cover, firm, parameters), found)


def _plan_cost(book: "_Book", cover: pd.DataFrame, firm: pd.DataFrame, parameters: PlacementParameters) -> float:
    ordered = firm.groupby(["part_id", "warehouse_id"])["qty"].sum().to_dict()
    regions: dict[tuple[str, str, str], list[str]] = {}
    for part, hub, orders, region in zip(*(cover[c] for c in _COVER), strict=True):
        regions.setdefault((part, hub, orders), []).append(region)
    pools = [
        _pool(book, parameters, (part, hub), inside, int(ordered.get((part, hub), 0)) if orders == "Y" else 0)
        for (part, hub, orders), inside in sorted(regions.items())
    ]
    table = pd.DataFrame(pools)
    stock = float(_stock_cost(table).sum() + table["fixed"].sum()) if len(table) else 0.0
    return stock + parameters.line_cost * len(ordered) + parameters.change_cost * _changed_hubs(book.problem, cover)


def _changed_hubs(problem: PlacementProblem, cover: pd.DataFrame) -> int:
    """Return how many warehouses with demand are, or are no longer, hubs of parts that had some in the plan before."""
    hubs = cover[cover["orders"] == "Y"].groupby("part_id")["warehouse_id"].agg(set)
    names, changed = problem.warehouses.index.to_numpy(dtype=object), 0
    for i, part in enumerate(problem.parts.index):
        were = set(names[problem.hubs_before[i]])
        asked = set(names[problem.demand.mean[i, :, -1] > 0])
        changed += len((were ^ hubs.get(part, set())) & asked) if were else 0
    return changed


_COVER = ("part_id", "warehouse_id", "orders", "region")


class _Book:
    """The problem as plain dictionaries: quick to look up one figure at a time."""

    def __init__(self, problem: PlacementProblem) -> None:
        self.problem, self.position, self.moved = problem, problem.positions.position, problem.positions.net_moved
        self.part_at = {p: i for i, p in enumerate(problem.parts.index)}
        self.place = {w: k for k, w in enumerate(problem.warehouses.index)}
        rows: list[dict[Any, Any]] = problem.parts.to_dict("records")
        self.parts = dict(zip(self.part_at, rows, strict=True))
        self.days = [int(day) for day in problem.demand.days]
        self.trucks = {name: problem.trucks[name].astype(float).to_dict() for name in _DEFAULTS}
        self.largest = {name: problem.trucks[name].astype(float).groupby(level=0).max().to_dict() for name in _DEFAULTS}

    def truck(self, supplier: str, hub: str, name: str) -> float:
        """Return a truck's figure; where none goes the supplier's largest, else the largest of all, else a default."""
        every = self.largest[name]
        choices = [self.trucks[name].get((supplier, hub), np.nan), every.get(supplier, np.nan)]
        known = [float(v) for v in choices if np.isfinite(v)]
        known += sorted((float(v) for v in every.values() if np.isfinite(v)), reverse=True) if not known else []
        return known[0] if known else _DEFAULTS[name]

    def delivers(self, pair: Pair) -> bool:
        """Return whether a truck of the part's supplier goes to the warehouse at all."""
        lead_time = self.trucks["lead_time_days"].get((self.parts[pair[0]]["supplier_id"], pair[1]), np.nan)
        return bool(np.isfinite(lead_time))

    def moment(self, moments: Array, i: int, inside: list[int], day: float) -> Array:
        """Return a moment of the days 1 .. ``day`` by region; the next day's that the problem holds, else its last."""
        return np.asarray(moments[i, inside, min(bisect_left(self.days, int(day)), len(self.days) - 1)])


def _pool(
    book: _Book, parameters: PlacementParameters, key: tuple[str, str], regions: list[str], qty: int
) -> dict[str, float]:
    """Return the figures of one pool: moments of its windows, position, and what a unit costs."""
    part, i, hub = book.parts[key[0]], book.part_at[key[0]], key[1]
    inside, demand = [book.place[r] for r in regions], book.problem.demand
    truck = {name: book.truck(part["supplier_id"], hub, name) for name in _DEFAULTS}
    line = {"A": parameters.penalty_a, "C": parameters.penalty_c}.get(part["criticality"], parameters.penalty_b)
    window = truck["return_day"] - truck["due_day"]
    found = _unit_costs(part, line / part["mean_line_qty"], truck["lead_time_days"], parameters)
    urgent = part["same_day_share"] * parameters.penalty_same_day
    found["short"] = round(
        found["short"] + urgent * book.problem.arcs.same_day_own[book.place[hub]] / part["mean_line_qty"], 6
    )
    here = int(book.position[i, inside].sum())
    found |= {"y": here + qty, "here": here, "moved": int(book.moved[i, inside].sum()), "window": window}
    days = [truck["next_due_day"], *(round(truck["due_day"] + s * window) for s in (0, 0.125, 0.25, 0.5, 1))]
    for g, day in enumerate(days):
        found[f"m{g}"] = float(book.moment(demand.mean, i, inside, day).sum())
        found[f"v{g}"] = float(book.moment(demand.var, i, inside, day).sum())
    found["v0"] += (found["m0"] / max(truck["next_due_day"], 1.0) * truck["lead_time_sd_days"]) ** 2
    arcs, h = book.problem.arcs, book.place[hub]
    late = arcs.late[h, inside] + part["same_day_share"] * arcs.same_day_lost[h, inside]
    unit = part["weight_kg"] * arcs.per_kg[h, inside]
    unit = (
        unit + (arcs.per_line[h, inside] + line * late + urgent * arcs.same_day_lost[h, inside]) / part["mean_line_qty"]
    )
    served = float((unit * book.moment(demand.mean, i, inside, days[0])).sum())
    found["fixed"] = served + round(truck["cost_per_kg"] * part["weight_kg"], 6) * qty
    return found


def _unit_costs(
    part: dict[str, Any], per_unit_day: float, lead_time_days: float, parameters: PlacementParameters
) -> dict[str, float]:
    """Return what a unit costs when it is short, waits, lies on the shelf, goes back [CNY]."""
    capital = parameters.carrying_rate * part["unit_cost"] / 365
    freight_back = parameters.return_cost_per_kg * part["weight_kg"]
    return {
        "short": round(per_unit_day * min(lead_time_days, parameters.delay_cap_days), 6),
        "wait": round(per_unit_day * parameters.backorder_days, 6),
        "keep": round(capital + parameters.storage_cost * part["volume_m3"], 6),
        "back": round(parameters.return_cost_rate * part["unit_cost"] + freight_back + parameters.return_handling, 6),
    }


_DEFAULTS = {
    "lead_time_days": 14.0,
    "due_day": 14.0,
    "return_day": 14.0,
    "next_due_day": 14.0,
    "lead_time_sd_days": 0.0,
    "cost_per_kg": 0.0,
}


def _stock_cost(pools: pd.DataFrame) -> pd.Series:
    """Return C(y) of each pool, by expectations over scipy's distributions; moved units' holding is the transfers'."""
    y = pools["y"].clip(lower=0)
    stocked = pools["short"] * (_left(pools, 0, y) - y + pools["m0"]) + _holding(pools, y)
    waiting = pools["short"] * pools["m0"] - pools["wait"] * pools["y"]
    found = stocked.where(pools["y"] >= 0, waiting)
    if (pools["moved"] != 0).any():
        found -= _holding(pools, pools["here"]) - _holding(pools, pools["here"] - pools["moved"])
    return found


def _holding(pools: pd.DataFrame, y: pd.Series) -> pd.Series:
    """Return what the shelf and the returns of positions cost; nothing where customers wait."""
    at = y.clip(lower=0)
    share = dict(zip(range(1, 6), (0.0625, 0.125, 0.1875, 0.375, 0.25), strict=True))
    shelf = sum(share[g] * _left(pools, g, at) for g in share) * pools["window"]
    return (pools["keep"] * shelf + pools["back"] * _left(pools, 5, at)).where(y >= 0, 0.0)


def _left(pools: pd.DataFrame, g: int, y: pd.Series) -> pd.Series:
    """Return E[(y - D)+] = y F(y) - E[D; D <= y], where E[D; D <= y] = mean P(D' <= y - 1) with one more success."""
    mean, var = pools[f"m{g}"], pools[f"v{g}"]
    poisson = var <= mean * (1 + 1e-9)
    safe_mean = mean.where(mean > 0, 1.0)
    size = (safe_mean**2 / (var - mean).where(~poisson, 1.0)).to_numpy()
    p = (mean / var.where(var > 0, 1.0)).where(~poisson, 0.5).to_numpy()
    binomial = y * stats.nbinom.cdf(y, size, p) - mean * stats.nbinom.cdf(y - 1, size + 1, p)
    limit = y * stats.poisson.cdf(y, safe_mean) - mean * stats.poisson.cdf(y - 1, safe_mean)
    return binomial.where(~poisson, limit).where(mean > 0, y)


def _violations(
    book: _Book, placement: Placement, firm: pd.DataFrame, parameters: PlacementParameters, room: pd.DataFrame
) -> list[str]:
    # Packs, volumes and costs are the problem's: what a line says of its part proves nothing.
    problem, firm = book.problem, firm[["part_id", "warehouse_id", "supplier_id", "qty"]]
    known = firm["part_id"].isin(problem.parts.index)
    found = [f"{p}: ordered, but superseded or unknown" for p in firm.loc[~known, "part_id"]]
    lines = firm[known].join(problem.parts, on="part_id", rsuffix="_of_part")
    total = lines.groupby(["part_id", "warehouse_id"])["qty"].sum()
    ordered = {(str(p), str(w)): int(qty) for (p, w), qty in zip(total.index, total, strict=True)}
    chosen = placement.cover[placement.cover["orders"] == "Y"]
    hubs = set(zip(chosen["part_id"], chosen["warehouse_id"], strict=True))
    found += _line_rules(lines) + _shared_rules(problem, lines, parameters) + _cover_rules(problem, placement.cover)
    found += _truck_rules(book, ordered.keys(), hubs, placement.trips)
    return found + _override_rules(book, ordered, hubs, parameters, _surely_left(book, parameters, room))


def _line_rules(lines: pd.DataFrame) -> list[str]:
    at = lines["part_id"] + " at " + lines["warehouse_id"]
    rules = {
        "not a positive whole number": lines["qty"] <= 0,
        "not whole packs": lines["qty"] % lines["pack_qty"] != 0,
        "less than the minimum order": lines["qty"] < lines["min_order_qty"],
        "not from its own supplier": lines["supplier_id"] != lines["supplier_id_of_part"],
        "ordered twice": lines.duplicated(["part_id", "warehouse_id"]),
    }
    return [f"{name}: {rule}" for rule, broken in rules.items() for name in at[broken]]


def _shared_rules(problem: PlacementProblem, lines: pd.DataFrame, parameters: PlacementParameters) -> list[str]:
    total = lines.groupby("part_id")["qty"].sum()
    more = total > problem.parts["available_qty"].reindex(total.index)
    found = [f"{part}: more than its supplier has" for part in total.index[more]]
    volume = (lines["qty"] * lines["volume_m3"]).groupby(lines["warehouse_id"]).sum()
    hazmat = (lines["qty"] * lines["volume_m3"] * lines["hazmat"]).groupby(lines["warehouse_id"]).sum()
    for name, used, free in (("volume", volume, "free_m3"), ("hazmat volume", hazmat, "free_hazmat_m3")):
        over = used > problem.warehouses[free].reindex(used.index) + SLACK
        found += [f"{w}: {name} exceeded" for w in used.index[over]]
    most = [("warehouse_id", parameters.inbound_lines), ("supplier_id", parameters.supplier_lines)]
    for owner, limit in most:
        count = lines.groupby(owner).size()
        found += [f"{name}: more than {limit} lines" for name in count.index[count > limit] if limit > 0]
    if parameters.budget > 0 and float((lines["qty"] * lines["unit_cost"]).sum()) > parameters.budget + SLACK:
        found.append("budget exceeded")
    return found


def _cover_rules(problem: PlacementProblem, cover: pd.DataFrame) -> list[str]:
    """Check that every region of every part is covered once: along an allowed arc, or by what lies there."""
    parts, ids = problem.parts.index, problem.warehouses.index
    part = parts.get_indexer(pd.Index(cover["part_id"]))
    hub, region = (ids.get_indexer(pd.Index(cover[column])) for column in ("warehouse_id", "region"))
    times = np.zeros((len(parts), len(ids)), dtype=np.int64)
    np.add.at(times, (part, region), 1)
    found = [f"{parts[i]}: region {ids[r]} is covered {times[i, r]} times" for i, r in np.argwhere(times != 1)]
    may = np.where(cover["orders"] == "Y", problem.arcs.allowed[hub, region], hub == region)
    wrong = [(parts[part[k]], ids[region[k]], ids[hub[k]]) for k in np.flatnonzero(~may)]
    return found + [f"{p}: region {r} may not be covered from {w}" for p, r, w in wrong]


def _truck_rules(book: _Book, ordered: Set[Pair], hubs: Set[Pair], trips: pd.DataFrame) -> list[str]:
    """Check that orders go to hubs of their part, on a truck that goes tonight, and that no hub is without a truck."""
    waiting = set(trips.index[~trips["goes"].astype(bool)])
    found = [f"{p} at {w}: ordered, but no hub of the part" for p, w in sorted(ordered - hubs)]
    for part, hub in sorted(ordered | hubs):
        supplier = book.parts[part]["supplier_id"]
        if not book.delivers((part, hub)):
            found.append(f"{part} at {hub}: ordered or a hub, but no truck of {supplier} goes there")
        elif (part, hub) in ordered and (supplier, hub) in waiting:
            found.append(f"{part} at {hub}: ordered, but the truck of {supplier} waits")
    return found


def _override_rules(
    book: _Book, ordered: dict[Pair, int], hubs: Set[Pair], parameters: PlacementParameters, left: dict[Pair, float]
) -> list[str]:
    """Check what planners decided; what they force is missing only where, in order of part and warehouse, it may not
    have fitted. ``left``: what is surely free before that.
    """
    told = _told(book)
    shut, bound = told["do_not_stock"].keys(), told["order"].keys() | told["min"].keys() | told["max"].keys()
    broken = [(pair, "do_not_stock") for pair in sorted(shut & (hubs | ordered.keys()))]
    for pair in sorted(p for p in bound - shut if book.delivers(p)):
        qty, (least, forced, most) = ordered.get(pair, 0), _asked(book, told, pair, parameters)
        needs = _needs(book.parts[pair[0]], pair, forced)
        fits = all(need <= left.get(row, np.inf) for row, need in needs.items())
        if qty > most:
            broken.append((pair, "order" if pair in told["order"] else "max"))
        elif qty < least and (qty > 0 or fits):
            broken.append((pair, "order" if pair in told["order"] else "min"))
        if least and qty:
            left |= {row: left[row] - need for row, need in needs.items() if row in left}
    return [f"{p} at {w}: {ordered.get((p, w), 0)} ordered, against a planner's {kind}" for (p, w), kind in broken]


def _told(book: _Book) -> dict[str, dict[Pair, float]]:
    """Return the overrides of known parts and warehouses, by kind."""
    found: dict[str, dict[Pair, float]] = {kind: {} for kind in OVERRIDE_KINDS}
    for row in book.problem.overrides.fillna({"value": 0.0}).to_dict("records"):
        if row["part_id"] in book.parts and row["warehouse_id"] in book.place:
            found[row["kind"]][row["part_id"], row["warehouse_id"]] = float(row["value"])
    return found


def _asked(
    book: _Book, told: dict[str, dict[Pair, float]], pair: Pair, parameters: PlacementParameters
) -> tuple[int, int, float]:
    """Return the units that overrides force, in whole packs and in the steps that orders may have, and the most."""
    part, here = book.parts[pair[0]], int(book.position[book.part_at[pair[0]], book.place[pair[1]]])
    wanted = int(told["order"].get(pair, told["min"].get(pair, here) - here))
    if wanted <= 0:
        return 0, 0, 0 if pair in told["order"] else max(told["max"].get(pair, np.inf) - here, 0)
    least = -(-max(wanted, part["min_order_qty"]) // part["pack_qty"]) * part["pack_qty"]
    forced = least + _rounding(book, pair[0], parameters)
    return least, forced, forced if pair in told["order"] else max(told["max"].get(pair, np.inf) - here, forced)


def _rounding(book: _Book, part: str, parameters: PlacementParameters) -> int:
    """Return by how many units beyond whole packs an order may be rounded up: steps have several of a part of which
    many sell. How many: the most that may sell until the next review's order is there, by ``options_limit``.
    """
    row, demand = book.parts[part], book.problem.demand
    day = np.nanmax([book.trucks["next_due_day"].get((row["supplier_id"], hub), np.nan) for hub in book.place])
    every = list(book.place.values())
    mean, var = (book.moment(moments, book.part_at[part], every, day).sum() for moments in (demand.mean, demand.var))
    packs = float(mean + 4.0 * var**0.5) / row["pack_qty"]
    return (max(int(packs / parameters.options_limit + SLACK), 1) - 1) * int(row["pack_qty"])


def _surely_left(book: _Book, parameters: PlacementParameters, room: pd.DataFrame) -> dict[Pair, float]:
    """Return what is free of what orders share where that is limited, less what rounding could take of it."""
    left: dict[Pair, float] = {("units", part): float(row["available_qty"]) for part, row in book.parts.items()}
    for space in ("free_m3", "free_hazmat_m3"):
        left |= {(space, hub): free - SLACK for hub, free in zip(book.place, room[space], strict=True)}
    if parameters.budget > 0:
        left["budget", ""] = parameters.budget - SLACK
    if parameters.inbound_lines > 0:
        left |= {("inbound lines", hub): parameters.inbound_lines for hub in book.place}
    if parameters.supplier_lines > 0:
        left |= {("supplier lines", row["supplier_id"]): parameters.supplier_lines for row in book.parts.values()}
    return left


def _needs(part: dict[str, Any], pair: Pair, qty: int) -> dict[Pair, float]:
    """Return what an order takes of what orders share."""
    hub, spaces = pair[1], ("free_m3", "free_hazmat_m3") if part["hazmat"] else ("free_m3",)
    needs: dict[Pair, float] = {(space, hub): qty * part["volume_m3"] for space in spaces}
    needs |= {("units", pair[0]): qty, ("budget", ""): qty * part["unit_cost"]}
    return needs | {("inbound lines", hub): 1, ("supplier lines", part["supplier_id"]): 1}
