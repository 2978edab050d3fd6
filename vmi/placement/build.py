"""Make a placement problem from the company's files and the forecast."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.frames import Situation
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import (
    OVERRIDE_KINDS,
    PART_COLUMNS,
    Arcs,
    Array,
    Demand,
    Mask,
    PlacementProblem,
    Positions,
    Whole,
)
from vmi.placement.trips import review_days, truck_calendar
from vmi.placement.values import SHELF_POINTS
from vmi.supersession import Supersession
from vmi.workdays import WorkDays

Window = Callable[[int, int], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]

RATE_DAYS = 28
"""Days over which the rate is measured that a truck's review cycle follows."""


@dataclass(frozen=True)
class Network:
    """Who may cover whom and when: the frame of :func:`vmi.network.arcs`, supersession and working days."""

    arcs: pd.DataFrame
    supersession: Supersession
    workdays: WorkDays


@dataclass(frozen=True)
class Expected:
    """The forecast as placement reads it.

    ``pairs`` has part_id (final), warehouse_id, mean_line_qty, same_day_share, demand_class; ``window(0, n)`` returns
    mean and variance, in the order of ``pairs``, of the demand of the days as_of + 1 .. as_of + n, for n up to
    ``horizon_days``; beyond, the demand at the horizon stands.
    """

    pairs: pd.DataFrame
    window: Window
    horizon_days: int


def occupied(parts: pd.DataFrame, holdings: pd.DataFrame, warehouses: pd.Index) -> pd.DataFrame:
    """Return the volume that holdings take; columns volume_m3, hazmat_m3 by warehouse.

    ``holdings`` has part_id, warehouse_id, qty: what lies there and is on its way positive, what leaves negative.
    A part of unknown volume is taken at the median of the known ones.
    """
    known = parts.set_index("part_id")
    volume = holdings["part_id"].map(_volume_m3(known)).fillna(0.0) * holdings["qty"]
    hazmat = volume.where(holdings["part_id"].map(known["hazmat"]).eq("Y"), 0.0)
    total = pd.DataFrame({"volume_m3": volume, "hazmat_m3": hazmat}).groupby(holdings["warehouse_id"].to_numpy()).sum()
    return total.reindex(warehouses).fillna(0.0)


def build_problem(
    situation: Situation,
    network: Network,
    expected: Expected,
    positions: pd.DataFrame,
    used: pd.DataFrame,
    parameters: PlacementParameters,
) -> PlacementProblem:
    """Return tonight's problem.

    Parameters
    ----------
    positions
        Frame ``POSITIONS``, net of tonight's deliveries, returns and transfers.
    used
        Index warehouse_id; columns volume_m3, hazmat_m3 that tonight's firm lines find taken (see :func:`occupied`).
    """
    parts = _parts(situation, network.supersession, expected, positions)
    ids = pd.Index(np.sort(situation.warehouses["warehouse_id"].to_numpy(dtype=object)), name="warehouse_id")
    place = _Places(parts.index, ids, expected)
    rate = place.spread(expected.window(0, RATE_DAYS)[0]) / RATE_DAYS
    review = review_days(parts, situation.supply, ids, rate, parameters)
    trucks = truck_calendar(situation, network.workdays, ids, review)
    return PlacementProblem(
        as_of=situation.as_of,
        parts=parts,
        warehouses=free_room(situation.warehouses.set_index("warehouse_id").reindex(ids), used),
        trucks=trucks,
        arcs=_arcs(network.arcs, ids, parameters),
        positions=_positions(positions, place),
        demand=_demand(expected, place, _days(situation.as_of, trucks, expected.horizon_days, parameters)),
        overrides=_overrides(situation),
        hubs_before=_hubs_before(situation.hubs, place),
    )


class _Places:
    """Where each pair of the forecast stands in arrays of shape (parts, regions)."""

    def __init__(self, parts: pd.Index, warehouses: pd.Index, expected: Expected) -> None:
        self.parts, self.warehouses = parts, warehouses
        self.shape = (len(parts), len(warehouses))
        self.row = parts.get_indexer(pd.Index(expected.pairs["part_id"]))
        self.column = warehouses.get_indexer(pd.Index(expected.pairs["warehouse_id"]))
        self.known = (self.row >= 0) & (self.column >= 0)

    def spread(self, values: Array) -> Array:
        """Return the pairs' values by part and region, 0 where there is no pair."""
        found = np.zeros(self.shape)
        found[self.row[self.known], self.column[self.known]] = np.asarray(values)[self.known]
        return found


def _parts(
    situation: Situation, supersession: Supersession, expected: Expected, positions: pd.DataFrame
) -> pd.DataFrame:
    """Return the final parts with demand, stock or an override; unknown volume and weight at the median."""
    known = situation.parts.set_index("part_id").sort_index()
    asked = [expected.pairs["part_id"], positions["part_id"], situation.overrides["part_id"]]
    wanted = known.index.isin(pd.concat(asked, ignore_index=True)) & supersession.is_final(known.index.to_series())
    found = known[wanted].copy()
    found["volume_m3"] = _volume_m3(known).reindex(found.index)
    weight = known["weight_kg"].median()
    found["weight_kg"] = found["weight_kg"].fillna(0.0 if np.isnan(weight) else weight)
    found["hazmat"] = found["hazmat"].eq("Y")
    lines = expected.pairs.drop_duplicates("part_id").set_index("part_id").reindex(found.index)
    found["mean_line_qty"] = lines["mean_line_qty"].fillna(1.0).clip(lower=1.0)
    found["same_day_share"] = lines["same_day_share"].fillna(0.0)
    found["available_qty"] = _available(situation).reindex(found.index).fillna(np.inf)
    return found[PART_COLUMNS.split()]


def _volume_m3(parts: pd.DataFrame) -> pd.Series:
    median = parts["volume_l"].median()
    return (parts["volume_l"].fillna(0.0 if np.isnan(median) else median) / 1000.0).round(9)


def _available(situation: Situation) -> pd.Series:
    """Return what suppliers can ship tomorrow, by part listed, less what is on order and has not left yet."""
    listed = situation.availability
    now = listed["available_on"].isna() | (listed["available_on"] <= situation.as_of + pd.Timedelta(days=1))
    total = listed["available_qty"].where(now, 0).groupby(listed["part_id"]).sum().astype(np.float64)
    ordered = situation.open_plan_lines.groupby("part_id")["qty"].sum().reindex(total.index).fillna(0.0)
    return (total - ordered.astype(np.float64)).clip(lower=0.0)


def free_room(warehouses: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Return free_m3, free_hazmat_m3 by warehouse, rounded down to a cubic centimetre and never negative.

    ``warehouses``: index warehouse_id, input frame; ``used`` as of :func:`occupied`.
    """
    taken = used.reindex(warehouses.index).fillna(0.0)
    free = pd.DataFrame(
        {
            "free_m3": warehouses["capacity_m3"] - taken["volume_m3"],
            "free_hazmat_m3": warehouses["hazmat_capacity_m3"].fillna(0.0) - taken["hazmat_m3"],
        }
    )
    # A free volume that a float writes as 0.2999999999 is 0.3.
    whole = np.floor(free.to_numpy(dtype=np.float64) * 1e6 + 1e-3) / 1e6
    return pd.DataFrame(np.maximum(whole, 0.0), index=free.index, columns=free.columns)


def _arcs(arcs: pd.DataFrame, ids: pd.Index, parameters: PlacementParameters) -> Arcs:
    n = len(ids)
    row, column = ids.get_indexer(pd.Index(arcs["warehouse_id"])), ids.get_indexer(pd.Index(arcs["region"]))

    def square(name: str) -> Array:
        found = np.zeros((n, n))
        found[row, column] = arcs[name].to_numpy(dtype=np.float64)
        return found

    own = np.eye(n, dtype=bool)
    kept, reach, today = square("kept_share"), square("reach_share"), square("same_day_share")
    far = ~own
    return Arcs(
        allowed=((kept >= parameters.cover_kept_share) & (reach >= 1.0 - 1e-6)) | own,
        per_line=np.where(far, np.maximum(square("extra_per_shipment"), 0.0) + parameters.split_cost, 0.0),
        per_kg=np.where(far, np.maximum(square("extra_per_kg"), 0.0), 0.0),
        late=np.where(far, np.maximum(np.diag(kept)[None, :] - kept, 0.0), 0.0),
        same_day_lost=np.where(far, np.maximum(np.diag(today)[None, :] - today, 0.0), 0.0),
        same_day_own=np.diag(today).copy(),
    )


def _positions(positions: pd.DataFrame, place: _Places) -> Positions:
    row = place.parts.get_indexer(pd.Index(positions["part_id"]))
    column = place.warehouses.get_indexer(pd.Index(positions["warehouse_id"]))
    known = (row >= 0) & (column >= 0)

    def units(name: str) -> Whole:
        found = np.zeros(place.shape, dtype=np.int64)
        np.add.at(found, (row[known], column[known]), positions[name].to_numpy(dtype=np.int64)[known])
        return found

    return Positions(units("on_hand"), units("inbound"), units("backordered"), units("outgoing"), units("committed"))


def _days(as_of: pd.Timestamp, trucks: pd.DataFrame, horizon_days: int, parameters: PlacementParameters) -> Whole:
    """Return every day whose cumulative demand the plan asks for, cut at the forecast's horizon."""
    due, back = trucks["due_day"].to_numpy(dtype=np.float64), trucks["return_day"].to_numpy(dtype=np.float64)
    shelf = np.rint(due[:, None] + SHELF_POINTS * (back - due)[:, None]).ravel()
    single = [due, back, trucks["tomorrow_due_day"].to_numpy(np.float64), trucks["next_due_day"].to_numpy(np.float64)]
    sundays = 6.0 - as_of.dayofweek + 7.0 * np.arange(parameters.forecast_weeks + 1)
    asked = np.concatenate([[0.0], sundays, shelf, *single])
    return np.unique(np.minimum(asked[np.isfinite(asked)], horizon_days)).astype(np.int64)


def _demand(expected: Expected, place: _Places, days: Whole) -> Demand:
    mean, var = np.zeros((*place.shape, len(days))), np.zeros((*place.shape, len(days)))
    for k, day in enumerate(days):
        moments = expected.window(0, int(day))
        mean[:, :, k], var[:, :, k] = place.spread(moments[0]), place.spread(moments[1])
    demand_class = np.full(place.shape, "", dtype=object)
    known = place.known
    demand_class[place.row[known], place.column[known]] = expected.pairs["demand_class"].to_numpy(dtype=object)[known]
    return Demand(days, mean.round(6), var.round(6), demand_class)


def _hubs_before(hubs: pd.DataFrame, place: _Places) -> Mask:
    row = place.parts.get_indexer(pd.Index(hubs["part_id"]))
    column = place.warehouses.get_indexer(pd.Index(hubs["warehouse_id"]))
    known, found = (row >= 0) & (column >= 0), np.zeros(place.shape, dtype=bool)
    found[row[known], column[known]] = True
    return found


def _overrides(situation: Situation) -> pd.DataFrame:
    """Return the overrides in force; an ``order`` already published and not yet on its way is not ordered again."""
    overrides = situation.overrides
    chosen = overrides[overrides["kind"].isin(OVERRIDE_KINDS)].copy()
    keys = ["part_id", "warehouse_id"]
    published = situation.open_plan_lines.groupby(keys)["qty"].sum()
    on_order = published.reindex(pd.MultiIndex.from_frame(chosen[keys])).fillna(0.0).to_numpy(dtype=np.float64)
    left = (chosen["value"].astype(np.float64) - on_order).clip(lower=0.0)
    chosen["value"] = chosen["value"].astype(np.float64).where(chosen["kind"] != "order", left)
    return chosen.sort_values([*keys, "kind"], ignore_index=True)
