"""Choose the transfers: units of lots into places of the queues at other warehouses, trips paid once.

Sets
    i in I      lots that may move;  w(i) the warehouse a lot lies in;  g(i) the demand it serves
    t in T(i)   warehouses a lot may go to
    k in K(g,t) places of tonight's arrivals behind the stock of g at t: 1, 2, ..., at most ``max_units``
    j in J(i)   units of a lot, the last of its queue first
Data
    e_itk       what a unit of i earns in place k at t: P(sold there before its window ends) times what a sale saves
    h_ij        the same of its j-th unit where it lies, increasing in j
    c_it, F_wt  freight of a unit [CNY], of a trip [CNY];  G least gain of a line [CNY]
    s_wtk       what the plan saves by the k-th unit from w to t: shortage, orders, room (``problem.Worth``) [CNY]
    v_i, b_tr   volume of a unit, free volume of t (r: all, hazmat) [m3]
Variables
    x_itk       1 if a unit of i takes place k at t
    m_ij        1 if the j-th unit of i leaves
    f_it        1 if i moves to t at all (a line);  z_wt  1 if anything travels from w to t (a trip)
    u_gwt       1 if anything of g travels from w to t
Model
    min   sum_itk (c_it - e_itk - s_w(i)tk) x_itk + sum_ij h_ij m_ij + sum_it G f_it + sum_wt F_wt z_wt   (1)
    sum_tk x_itk <= sum_j m_ij                       every unit that travels has left                     (2)
    sum_i:g(i)=g x_itk <= 1                          a place is taken once                                (3)
    x_itk <= f_it                                    a line is opened                                     (4)
    f_it <= z_w(i)t                                  a trip is paid                                       (5)
    sum_ik v_i x_itk <= b_tr                         volume and hazmat volume                             (6)
    f_it <= u_g(i)w(i)t,  sum_wt u_gwt <= 1          a part moves between two warehouses a night          (7)
    sum_wt z_wt >= 1                                 something moves: what costs more than 0 is not done  (8)

(7) keeps s right, which is known for one pair of warehouses at a time. Without s the program is that of the lots alone;
with it, its bound and the placement's Lagrangian bound add up to one of both together (:mod:`vmi.placement.worth`).

Two approximations keep (1) linear, and both understate the gain: units that leave are priced as if the lots behind
them did not move up, and all stock at the target is taken to sell first, none of it before the arrival. What is chosen
is priced again with the places filled oldest first (``lines``), which the places of (1) can only undercut:
the bound of (1) holds for it.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from vmi.integer import Program
from vmi.returns.options import EMPTY, chance_here, chance_there
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array, Whole

PAIR = ["serves", "warehouse_id", "to_warehouse"]
LIKELY = 0.5
"""Chance to sell from which a unit is cover although its window ends within the protection interval."""


@dataclass
class Rows:
    """The non-zeros of the constraints gathered so far, and their upper limits."""

    rows: list[Whole] = field(default_factory=list)
    columns: list[Whole] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    upper: list[Array] = field(default_factory=list)
    count: int = 0

    def add(self, row: Whole, column: Whole, value: Array | float) -> None:
        """Add non-zeros of the constraints that are opened next by :meth:`close`."""
        self.rows.append(row + self.count)
        self.columns.append(column)
        self.values.append(np.broadcast_to(np.asarray(value, dtype=np.float64), len(row)))

    def close(self, upper: Array) -> None:
        """Close the constraints just filled with their upper limits."""
        self.upper.append(upper)
        self.count += len(upper)


@dataclass(frozen=True)
class Formulation:
    """The program and what its first columns mean: ``places`` has option and place, one row per x."""

    program: Program
    places: pd.DataFrame


def formulate(options: pd.DataFrame, saved: Array, free: pd.DataFrame, parameters: ReturnParameters) -> Formulation:
    """Return the program (1) to (8) over the movable options (index 0..n-1); ``saved``: s by option and place."""
    places = _places(options, saved, parameters)
    units = _units(options, places)
    lines = places["option"].drop_duplicates().to_numpy()
    trip_of, trips = _trips(options, lines)
    pair_of, queue_of = _pairs(options, lines)
    start = np.cumsum([0, len(places), len(units), len(lines), len(trips), len(queue_of)])
    x, m, f, z, u = (np.arange(a, b) for a, b in pairwise(start.tolist()))
    at = places["option"].to_numpy()
    rows = Rows()
    _units_leave(rows, options["lot"].to_numpy()[at], units["lot"].to_numpy(), x, m)
    _places_once(rows, places, x)
    _open(rows, x, f[np.searchsorted(lines, at)])
    _open(rows, f, z[trip_of])
    _fit(rows, options.iloc[at], free, x)
    _open(rows, f, u[pair_of])
    _one_pair(rows, queue_of, u)
    rows.add(np.zeros(len(z), dtype=np.int64), z, -1.0)
    rows.close(-np.ones(1))
    hurdles = pd.Series(parameters.min_transfer_gain, index=range(len(f)))
    costs = [places["cost"], units["cost"], hurdles, trips["cost_per_shipment"], np.zeros(len(u))]
    cost = np.concatenate([np.asarray(c, dtype=np.float64) for c in costs])
    integer = np.repeat([True, False, True, True, True], np.diff(start))
    triplets = (np.concatenate(rows.rows), np.concatenate(rows.columns), np.concatenate(rows.values))
    program = Program(cost.round(6), np.ones(len(cost)), integer, *triplets, np.concatenate(rows.upper))
    return Formulation(program, places)


def _places(options: pd.DataFrame, saved: Array, parameters: ReturnParameters) -> pd.DataFrame:
    """Return the (option, place) that may earn something, sorted: columns option, place, queue, cost."""
    queue, pair = (options.groupby(ends, sort=True) for ends in (["serves", "to_warehouse"], PAIR))
    # One pair of warehouses a night: no unit of a pair has a place behind the pair's last.
    arriving = pair["qty"].transform("sum").clip(upper=parameters.max_units).to_numpy(dtype=np.int64)
    option = np.repeat(np.arange(len(options)), arriving)
    place = np.arange(len(option)) - np.repeat(np.cumsum(arriving) - arriving, arriving) + 1.0
    asked = options.iloc[option]
    chance = chance_there(asked, place)
    earned = chance * asked["earning"].to_numpy()
    stays = (chance_here(options, np.ones(len(options))) * options["stay_earning"]).to_numpy()[option]
    cost = (asked["freight"] + asked["space"]).to_numpy() - earned - saved[option, place.astype(np.int64) - 1]
    found = pd.DataFrame({"option": option, "place": place, "queue": queue.ngroup().to_numpy()[option], "cost": cost})
    counts = asked["lasts"].to_numpy(dtype=bool) | (chance >= LIKELY)
    return found[counts & (cost + stays < -EMPTY)].reset_index(drop=True)


def _units(options: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return the units of each lot that may leave: columns lot, cost (what is lost here)."""
    lots = options.drop_duplicates("lot")
    takers = places.groupby(options["lot"].to_numpy()[places["option"]]).size()
    count = np.minimum(lots["qty"].to_numpy(dtype=np.int64), takers.reindex(lots["lot"]).fillna(0).to_numpy(np.int64))
    row = np.repeat(np.arange(len(lots)), count)
    back = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + 1.0
    asked = lots.iloc[row]
    cost = chance_here(asked, back) * asked["stay_earning"].to_numpy()
    return pd.DataFrame({"lot": asked["lot"].to_numpy(), "cost": cost})


def _trips(options: pd.DataFrame, lines: Whole) -> tuple[Whole, pd.DataFrame]:
    """Return the trip of each line, and one row per trip with its cost_per_shipment."""
    travel = options.iloc[lines]
    number = np.asarray(travel.groupby(["warehouse_id", "to_warehouse"], sort=True).ngroup(), dtype=np.int64)
    trips = travel.assign(number=number).drop_duplicates("number").sort_values("number")
    return number, trips[["cost_per_shipment"]]


def _pairs(options: pd.DataFrame, lines: Whole) -> tuple[Whole, Whole]:
    """Return the pair (queue, from, to) of each line, and the queue of each pair."""
    travel = options.iloc[lines]
    number = travel.groupby(PAIR, sort=True).ngroup().to_numpy(dtype=np.int64)
    queue = travel.groupby("serves", sort=True).ngroup().to_numpy(dtype=np.int64)
    first = np.unique(number, return_index=True)[1]
    return np.asarray(number, dtype=np.int64), np.asarray(queue[first], dtype=np.int64)


def _one_pair(rows: Rows, queue_of: Whole, u: Whole) -> None:
    """Add the second part of (7)."""
    rows.add(queue_of, u, 1.0)
    rows.close(np.ones(int(queue_of.max(initial=-1)) + 1))


def _units_leave(rows: Rows, lot_of_x: Whole, lot_of_m: Whole, x: Whole, m: Whole) -> None:
    """Add (2): units of a lot that travel have left."""
    lots = np.unique(lot_of_x)
    rows.add(np.searchsorted(lots, lot_of_x), x, 1.0)
    rows.add(np.searchsorted(lots, lot_of_m), m, -1.0)
    rows.close(np.zeros(len(lots)))


def _places_once(rows: Rows, places: pd.DataFrame, x: Whole) -> None:
    """Add (3): a place is taken once; with one candidate its own bound says so."""
    place = places.groupby(["queue", "place"], sort=True).ngroup().to_numpy(dtype=np.int64)
    shared = np.bincount(place, minlength=1)[place] > 1
    numbers, number = np.unique(place[shared], return_inverse=True)
    rows.add(number.astype(np.int64), x[shared], 1.0)
    rows.close(np.ones(len(numbers)))


def _open(rows: Rows, what: Whole, by: Whole) -> None:
    """Add (4) or (5): what is used is opened by its line or its trip."""
    each = np.arange(len(what))
    rows.add(each, what, 1.0)
    rows.add(each, by, -1.0)
    rows.close(np.zeros(len(what)))


def _fit(rows: Rows, asked: pd.DataFrame, free: pd.DataFrame, x: Whole) -> None:
    """Add (6): arrivals fit the free volume and hazmat volume of their warehouse."""
    targets = np.unique(asked["to_warehouse"].to_numpy(dtype=object).astype(str))
    at = np.searchsorted(targets, asked["to_warehouse"].to_numpy(dtype=object).astype(str))
    for column, takes in (("free_m3", np.ones(len(asked), dtype=bool)), ("free_hazmat_m3", asked["hazmat"].to_numpy())):
        takes = takes.astype(bool)
        rows.add(at[takes], x[takes], asked["m3"].to_numpy()[takes])
        room = free[column].reindex(targets).fillna(0.0).clip(lower=0.0)
        rows.close(room.to_numpy(dtype=np.float64).round(9))
