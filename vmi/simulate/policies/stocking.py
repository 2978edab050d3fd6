"""Keep stock by levels: what every policy of reorder points and order-up-to levels has in common.

A policy says at which inventory position a part is ordered for a warehouse and up to what; the rest is one rule for
all: positions, supersession, overrides, packs, space and availability as the placement room reckons them, a truck per
supplier and warehouse on its economic cycle, and lots that go back at the end of their window. Nothing is moved.
"""

import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.network import ARCS
from vmi.placement.build import Network, build_problem, occupied
from vmi.placement.limits import Limits, order_limits
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, Mask, PlacementProblem, Whole
from vmi.planning import Night
from vmi.positions import KEYS, UNITS, holdings, inventory_positions
from vmi.simulate.policies.past_window import lots_past_window
from vmi.simulate.policies.rationing import allot, whole_packs
from vmi.simulate.policies.usual_demand import UsualDemand, usual_demand
from vmi.simulate.policy import ORDERED, Decisions, View

EVERY_WAREHOUSE_ALONE = pd.DataFrame(columns=ARCS)
"""Levels are those of a warehouse for its own region: none covers another's."""


@dataclass(frozen=True)
class Levels:
    """Whole units of shape (parts, warehouses): at a position of ``reorder_point`` or less, up to ``order_up_to``."""

    reorder_point: Whole
    order_up_to: Whole

    @classmethod
    def base_stock(cls, order_up_to: npt.ArrayLike) -> "Levels":
        """Return levels that order whatever is missing, rounded up to whole units; 0 is an order to order."""
        level = np.ceil(np.asarray(order_up_to, dtype=np.float64).round(6)).astype(np.int64)
        return cls(level - 1, level)


@dataclass(frozen=True)
class Board:
    """What a policy looks at on a night; arrays have shape (parts, warehouses), final parts and warehouses sorted.

    Attributes
    ----------
    night
        The situation, its network, supersession and working days, and what tonight's dispatch serves.
    problem
        Axes, parts, positions, trucks, free space and overrides, as for placement.
    usual
        Usual demand on the problem's axes.
    lead_days, lead_sd_days, review_days
        Lead time in whole days as :meth:`vmi.workdays.WorkDays.arrival_day` reckons it, its standard deviation, and
        the truck's cycle; 0 where the part's supplier does not deliver.
    """

    night: Night
    problem: PlacementProblem
    usual: UsualDemand
    lead_days: Array
    lead_sd_days: Array
    review_days: Array

    @property
    def position(self) -> Whole:
        """Inventory position [units]: on hand + inbound - backordered - leaving."""
        return self.problem.positions.position


class StockPolicy(ABC):
    """A policy that keeps stock by levels. It learns demand anew every ``simulation.refit_days``."""

    dispatches = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._usual: UsualDemand | None = None
        self._learned_on = pd.Timestamp.min
        self._reviewed = pd.Series(dtype=np.float64)

    @abstractmethod
    def levels(self, board: Board) -> Levels:
        """Return reorder points and order-up-to levels of every part and warehouse."""

    def decide(self, view: View) -> Decisions:
        """Return what is ordered and what goes back.

        Raises
        ------
        ValueError
            The night has not been dispatched.
        """
        if view.dispatch is None:
            raise ValueError(f"policy {self.name}: it does not dispatch, so the night's dispatch must be given")
        night, parameters = view.dispatch, view.config.placement
        returns = lots_past_window(night)
        board = _look(night, self._learn(night, view.config.simulation.refit_days), returns, parameters)
        limits = order_limits(board.problem, parameters)
        wanted, must = _wanted(board, self.levels(board), limits)
        wanted = np.where(self._trucks_go(board.problem, must), wanted, 0)
        qty = allot(wanted, _urgency(board, limits), board.problem, limits, parameters)
        return Decisions(ordered=_lines(board.problem, qty), returns=returns)

    def _learn(self, night: Night, refit_days: int) -> UsualDemand:
        as_of = night.situation.as_of
        if self._usual is None or as_of >= self._learned_on + pd.Timedelta(days=refit_days):
            self._usual, self._learned_on = usual_demand(night), as_of
        return self._usual

    def _trucks_go(self, problem: PlacementProblem, must: Mask) -> Mask:
        """Return whose truck goes tonight: a cycle after it last went, and where it must; remember that it went."""
        cycle, today = problem.trucks["review_days"], problem.as_of.toordinal()
        last = self._reviewed.reindex(cycle.index)
        last = last.fillna(today - cycle + _phase(cycle))
        supplier = cycle.index.unique(0).get_indexer(pd.Index(problem.parts["supplier_id"]))
        waits = np.zeros((len(cycle) // len(problem.warehouses), len(problem.warehouses)), dtype=bool)
        part, place = np.nonzero(must)
        waits[supplier[part], place] = True
        goes = (today - last >= cycle) | waits.ravel()
        self._reviewed = last.where(~goes, float(today))
        return np.asarray(goes.to_numpy().reshape(waits.shape)[supplier], dtype=bool)


def _phase(cycle: pd.Series) -> pd.Series:
    """Return on which night of its cycle each truck first goes: spread by name, so that they do not go together."""
    names = np.array([zlib.crc32("|".join(lane).encode()) for lane in cycle.index], dtype=np.float64)
    return names % cycle


def _look(night: Night, usual: UsualDemand, returns: pd.DataFrame, parameters: PlacementParameters) -> Board:
    situation, flows = night.situation, (returns[UNITS], night.served.iloc[:0])
    positions = inventory_positions(situation, night.supersession, night.served, night.waiting, *flows)
    taking_room = holdings(situation, night.served, *flows)
    used = occupied(situation.parts, taking_room, usual.warehouses)
    network = Network(EVERY_WAREHOUSE_ALONE, night.supersession, night.workdays)
    problem = build_problem(situation, network, usual.expected(), positions, used, parameters)
    lead, spread, review = (
        np.nan_to_num(problem.truck(name)) for name in ("lead_time_days", "lead_time_sd_days", "review_days")
    )
    return Board(night, problem, usual.on(problem.parts.index), np.ceil(lead), spread, review)


def _wanted(board: Board, levels: Levels, limits: Limits) -> tuple[Whole, Mask]:
    """Return the units to order if the truck goes, and where it must: a customer waits or a planner has decided."""
    position = board.position
    short = np.where(position <= levels.reorder_point, levels.order_up_to - position, 0)
    wanted = np.maximum(whole_packs(short, limits), limits.low)
    return wanted, (wanted > 0) & ((position < 0) | (limits.low > 0))


def _urgency(board: Board, limits: Limits) -> Array:
    """Return days that the position lasts, the shortest first; what a planner has decided goes before everything."""
    mean, position = board.usual.mean, board.position.astype(np.float64)
    without_demand = np.where(position < 0, -np.inf, np.inf)
    days = np.where(mean > 0, position / np.where(mean > 0, mean, 1.0), without_demand).round(6)
    return np.asarray(np.where(limits.low > 0, -np.inf, days))


def _lines(problem: PlacementProblem, qty: Whole) -> pd.DataFrame:
    """Return frame ORDERED of the units to order, sorted by supplier, part and warehouse."""
    part, place = np.nonzero(qty)
    lines = pd.DataFrame(
        {
            "supplier_id": problem.parts["supplier_id"].to_numpy(dtype=object)[part],
            "part_id": problem.parts.index.to_numpy(dtype=object)[part],
            "warehouse_id": problem.warehouse_ids[place],
            "qty": qty[part, place],
            "ship_on": problem.truck_day("ship_on")[part, place],
            "due_on": problem.truck_day("due_on")[part, place],
        }
    )
    return lines.sort_values(["supplier_id", *KEYS], ignore_index=True)[list(ORDERED.columns)]
