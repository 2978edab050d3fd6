"""Draw placement problems: parts x warehouses as a company of spare parts has them, seeded; or take a real night's.

Figures as in the industry's data: a part sells 0.01 units a day in the median and four orders of magnitude more at the
top (lognormal, sigma 1.7), so that most are slow and intermittent and few fast; dear parts sell less; 26 % come in
packs, a tenth of all has a minimum order of two packs; 3 % are hazardous; of one in twenty the supplier has less than
he might be asked for. Warehouses lie at random in 1,800 x 1,600 km, and one may cover another's region if its lane
keeps the promise for 80 % of its demand.
"""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from vmi.config import Config
from vmi.importing import import_folder
from vmi.nightly import gather_inputs
from vmi.placement.problem import TRUCK_COLUMNS, Arcs, Array, Demand, PlacementProblem, Positions, Whole
from vmi.placement.values import SHELF_POINTS
from vmi.planning import STEPS, open_night
from vmi.sample.company import write_company
from vmi.sample.parameters import SampleParameters
from vmi.store.engine import open_engine
from vmi.store.migrate import migrate

AS_OF = pd.Timestamp("2026-11-20")
LAND_KM = (1800.0, 1600.0)
DETOUR = 1.25
"""Kilometres by road to one as the crow flies."""
PARTS_PER_SUPPLIER = 170
RETURN_WINDOW_DAYS, REVIEW_DAYS = 90.0, 7.0
LEVEL_SPREAD = 0.15
"""Squared coefficient of variation of the level of a pair's demand, which is drawn once for all days."""
AMPLE_M3 = 1e9

Rng = np.random.Generator


def company(parts: int, warehouses: int = 10, seed: int = 1) -> PlacementProblem:
    """Return the placement problem of a night; no row binds (see :func:`benchmarks.cases.scarce`)."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"W{w:02}" for w in range(warehouses)], name="warehouse_id")
    arcs = _arcs(warehouses, rng)
    # Units a day of each part, all regions together; then by region: shares of the company's, part by part a bit off.
    rate = np.exp(rng.normal(-4.6, 1.7, parts)).clip(2e-4, 60.0)
    shares = rng.dirichlet(np.full(warehouses, 3.0))
    daily = rate[:, None] * rng.dirichlet(shares * 12.0, parts)
    table = _parts(rate, rng)
    trucks = _trucks(sorted(set(table["supplier_id"])), ids, rng)
    stock = rng.poisson(daily * rng.uniform(0.0, 25.0, daily.shape)) - (rng.random(daily.shape) < 0.005)
    none = np.zeros(daily.shape, dtype=np.int64)
    return PlacementProblem(
        as_of=AS_OF,
        parts=table,
        warehouses=pd.DataFrame({"free_m3": AMPLE_M3, "free_hazmat_m3": AMPLE_M3}, index=ids),
        trucks=trucks,
        arcs=arcs,
        positions=Positions(stock.astype(np.int64), none, none, none, none),
        demand=_demand(daily, trucks, rng),
        overrides=pd.DataFrame(columns=["part_id", "warehouse_id", "kind", "value"]).astype({"value": float}),
        hubs_before=np.zeros(daily.shape, dtype=bool),
    )


def day_later(problem: PlacementProblem, seed: int) -> PlacementProblem:
    """Return the problem after one more day of demand, drawn by its means and served out of stock."""
    days = problem.demand.days
    first = int(np.flatnonzero(days > 0)[0])
    mean = problem.demand.mean[:, :, first] / float(days[first])
    sold = np.random.default_rng(seed).poisson(mean).astype(np.int64)
    return replace(problem, positions=replace(problem.positions, on_hand=problem.positions.on_hand - sold))


def sample_problem(parameters: SampleParameters) -> PlacementProblem:
    """Return the placement problem of the night ``as_of`` of a company as ``vmi sample`` writes it."""
    config = Config()
    with tempfile.TemporaryDirectory() as name:
        engine = open_engine(str(Path(name) / "vmi.db"))
        migrate(engine)
        write_company(Path(name) / "in", parameters)
        import_folder(engine, Path(name) / "in", config, now=datetime.now(UTC))
        night = open_night(gather_inputs(engine, pd.Timestamp(parameters.as_of), config).situation, config)
        engine.dispose()
    for step in STEPS.values():
        step(night)
        if hasattr(night, "problem"):
            return night.problem
    raise ValueError("no step of the night has made a placement problem")


def _arcs(warehouses: int, rng: Rng) -> Arcs:
    """Return who may cover whom: freight and lateness grow with the distance, the day is lost beyond 250 km."""
    place = rng.uniform(0.0, 1.0, (warehouses, 2)) * np.array(LAND_KM)
    km = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) * DETOUR
    own = np.eye(warehouses, dtype=bool)
    kept = np.where(own, 1.0, 1.0 / (1.0 + np.exp((km - 1100.0) / 120.0)))
    today = np.where(own, 0.97, np.where(km < 250.0, 0.5, 0.02))
    return Arcs(
        allowed=(kept >= 0.8) | own,
        per_line=np.where(own, 0.0, 8.0 + km * 0.008),
        per_kg=np.where(own, 0.0, km * 0.0009),
        late=np.where(own, 0.0, 1.0 - kept),
        same_day_lost=np.where(own, 0.0, np.maximum(np.diag(today)[None] - today, 0.0)),
        same_day_own=np.diag(today).copy(),
    )


def _parts(rate: Array, rng: Rng) -> pd.DataFrame:
    n = len(rate)
    volume = np.exp(rng.normal(-5.2, 1.3, n)).clip(2e-5, 0.8).round(6)
    pack = np.where(rng.random(n) < 0.26, rng.choice([2, 4, 5, 10, 20], n), 1)
    suppliers = max(n // PARTS_PER_SUPPLIER, 4)
    return pd.DataFrame(
        {
            "supplier_id": np.array([f"S{s:03}" for s in rng.integers(0, suppliers, n)], dtype=object),
            "family": "F",
            "unit_cost": np.exp(rng.normal(5.3, 1.3, n) - 0.15 * np.log(rate / 0.01)).clip(2.0, 60_000.0).round(2),
            "volume_m3": volume,
            "weight_kg": (volume * 300.0).round(4),
            "pack_qty": pack,
            "min_order_qty": pack * np.where(rng.random(n) < 0.1, 2, 1),
            "hazmat": rng.random(n) < 0.03,
            "criticality": rng.choice(list("ABC"), n, p=[0.2, 0.5, 0.3]),
            "mean_line_qty": np.maximum(1.0, np.exp(rng.normal(0.1, 0.3, n))).round(3),
            "same_day_share": rng.uniform(0.0, 0.15, n).round(4),
            "available_qty": np.where(rng.random(n) < 0.05, rng.integers(0, 40, n), np.inf),
        },
        index=pd.Index([f"P{i:05}" for i in range(n)], name="part_id"),
    )


def _trucks(suppliers: list[str], warehouses: pd.Index, rng: Rng) -> pd.DataFrame:
    """Return a truck from every supplier to every warehouse; whether it pays is not this benchmark's question."""
    index = pd.MultiIndex.from_product([suppliers, warehouses], names=["supplier_id", "warehouse_id"])
    lead = rng.integers(4, 13, len(index)).astype(np.float64)
    due = lead + 1.0
    table = pd.DataFrame(
        {
            "lead_time_days": lead,
            "lead_time_sd_days": rng.uniform(0.5, 3.0, len(index)).round(2),
            "cost_per_shipment": 0.0,
            "cost_per_kg": rng.uniform(0.3, 1.5, len(index)).round(2),
            "review_days": REVIEW_DAYS,
            "ship_on": AS_OF + pd.Timedelta(days=1),
            "due_on": AS_OF + pd.to_timedelta(due, unit="D"),
            "due_day": due,
            "tomorrow_due_day": due + 1.0,
            "next_due_day": due + REVIEW_DAYS,
            "return_day": due + RETURN_WINDOW_DAYS,
        },
        index=index,
    )
    return table[TRUCK_COLUMNS.split()]


def _demand(daily: Array, trucks: pd.DataFrame, rng: Rng) -> Demand:
    """Return moments: var = noise mean + ``LEVEL_SPREAD`` mean^2, the noise (units a line) 1 to 2.5 by part."""
    days = _days(trucks)
    mean = (daily[:, :, None] * days).round(6)
    noise = rng.uniform(1.0, 2.5, len(daily))
    var = (mean * noise[:, None, None] + LEVEL_SPREAD * mean**2).round(6)
    return Demand(days, mean, var, np.full(daily.shape, "intermittent", dtype=object))


def _days(trucks: pd.DataFrame) -> Whole:
    """Return every day that a plan asks for: of trucks, of the time on the shelf, and of 15 weeks."""
    due, back = trucks["due_day"].to_numpy(), trucks["return_day"].to_numpy()
    shelf = np.rint(due[:, None] + SHELF_POINTS * (back - due)[:, None]).ravel()
    weeks = 2.0 + 7.0 * np.arange(15)
    asked = [[0.0, 1.0], weeks, shelf, trucks["tomorrow_due_day"], trucks["next_due_day"]]
    return np.unique(np.concatenate([np.asarray(a, dtype=np.float64) for a in asked])).astype(np.int64)
