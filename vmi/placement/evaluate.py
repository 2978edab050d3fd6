"""Price a plan from the raw problem and check every rule: slow, plain, and sharing no code with the model.

Only ``cover`` and the firm lines of ``replenishment`` are read from the plan. A plan whose cost differs from what the
optimiser reported, or that breaks a rule, must not be published.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement
from vmi.placement.problem import Array, PlacementProblem

SLACK = 1e-6


@dataclass(frozen=True)
class Evaluation:
    """Expected cost of the plan [CNY], and one sentence per broken rule."""

    cost: float
    violations: list[str]


def evaluate(problem: PlacementProblem, placement: Placement, parameters: PlacementParameters) -> Evaluation:
    """Return what a plan costs and which rules it breaks."""
    lines = placement.replenishment
    firm = lines[lines["commitment"] == "firm"]
    return Evaluation(_plan_cost(problem, placement.cover, firm, parameters), _violations(problem, firm, parameters))


def _plan_cost(
    problem: PlacementProblem, cover: pd.DataFrame, firm: pd.DataFrame, parameters: PlacementParameters
) -> float:
    book = _Book(problem)
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
    return stock + parameters.line_cost * len(ordered) + parameters.change_cost * _changed_hubs(problem, cover)


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
        self.day_at = {int(day): k for k, day in enumerate(problem.demand.days)}
        self.last_day = int(problem.demand.days[-1])
        self.trucks = {name: problem.trucks[name].astype(float).to_dict() for name in _DEFAULTS}
        self.largest = {name: problem.trucks[name].astype(float).groupby(level=0).max().to_dict() for name in _DEFAULTS}

    def truck(self, supplier: str, hub: str, name: str) -> float:
        """Return a truck's figure; where none goes the supplier's largest, else the largest of all, else a default."""
        every = self.largest[name]
        choices = [self.trucks[name].get((supplier, hub), np.nan), every.get(supplier, np.nan)]
        known = [float(v) for v in choices if np.isfinite(v)]
        known += sorted((float(v) for v in every.values() if np.isfinite(v)), reverse=True) if not known else []
        return known[0] if known else _DEFAULTS[name]

    def moment(self, moments: Array, i: int, inside: list[int], day: float) -> Array:
        """Return a moment of the days 1 .. ``day`` by region."""
        return np.asarray(moments[i, inside, self.day_at[int(min(day, self.last_day))]])


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


def _violations(problem: PlacementProblem, firm: pd.DataFrame, parameters: PlacementParameters) -> list[str]:
    # Packs, volumes and costs are the problem's: what a line says of its part proves nothing.
    firm = firm[["part_id", "warehouse_id", "supplier_id", "qty"]]
    known = firm["part_id"].isin(problem.parts.index)
    found = [f"{p}: ordered, but superseded or unknown" for p in firm.loc[~known, "part_id"]]
    lines = firm[known].join(problem.parts, on="part_id", rsuffix="_of_part")
    return found + _line_rules(lines) + _shared_rules(problem, lines, parameters) + _override_rules(problem, lines)


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


def _override_rules(problem: PlacementProblem, lines: pd.DataFrame) -> list[str]:
    qty = lines.set_index(["part_id", "warehouse_id"])["qty"]
    found = []
    for _, row in problem.overrides.iterrows():
        key = (row["part_id"], row["warehouse_id"])
        if key not in qty.index:
            continue
        i, w = problem.parts.index.get_loc(key[0]), problem.warehouses.index.get_loc(key[1])
        after = problem.positions.position[i, w] + qty[key]
        forced = ((problem.overrides["part_id"] == key[0]) & problem.overrides["kind"].isin(["min", "order"])).any()
        if row["kind"] == "do_not_stock" or (row["kind"] == "max" and after > row["value"] and not forced):
            found.append(f"{key[0]} at {key[1]}: against a planner's {row['kind']}")
    return found
