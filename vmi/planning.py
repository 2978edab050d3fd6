"""Decide a night: from all that a plan may see to all that it decides, without files, tables or clock.

The one order of the rooms; the real night and the simulated one go through it. What each room decided is kept, so that
a step can be recorded with its result and ``explain`` has the numbers. Open orders are served first out of stock, then
lots that end their window leave, then units move and what is missing is ordered, in one model, and last what could not
be served is told when it comes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import pandas as pd

from forecasts.profiles.calendar import VERIFIED_THROUGH
from vmi import network
from vmi.config import Config
from vmi.demand import DemandHistory, demand_history
from vmi.frames import HUBS, PRICES, TRANSFERS, Situation
from vmi.ground import Ground
from vmi.moving import Mover
from vmi.outlook import Outlook, look_ahead
from vmi.placement.build import Expected, Network, build_problem, free_room, occupied
from vmi.placement.evaluate import evaluate as evaluate_placement
from vmi.placement.place import Placement, place
from vmi.placement.problem import PlacementProblem
from vmi.positions import UNITS, holdings, inventory_positions, lots_left
from vmi.returns.evaluate import evaluate as evaluate_returns
from vmi.returns.problem import LotDecisions, ReturnsProblem
from vmi.returns.settle import Settled, settle_lots
from vmi.schedule.assignment import assign
from vmi.schedule.deliveries import complete
from vmi.schedule.eta import eta_reports
from vmi.schedule.evaluation import evaluate as evaluate_dispatch
from vmi.schedule.problem import Assignment, DispatchProblem, first_wave
from vmi.supersession import Supersession
from vmi.workdays import WorkDays

Listener = Callable[[str, "Night"], None]
STOCK_VALUE_DAYS = 14
"""Days within which a unit taken from a shelf would have been missed there: about a lead time."""


COST_TOLERANCE = 1e-6
"""Relative difference between a cost and its independent pricing that rounding explains."""


class PlanRefused(RuntimeError):
    """A room's own check found its plan broken; it must not be published."""


@dataclass(frozen=True)
class Carried:
    """What a night may take over from one before.

    Attributes
    ----------
    outlook
        A forecast to read on; ``None``: tonight's is learned.
    """

    outlook: Outlook | None = None


NOTHING_CARRIED = Carried()


@dataclass
class Night:
    """What a night knows so far; a field is filled by the step that decides it.

    ``history`` is not known where the forecast was carried over: nothing was learned of it.
    """

    situation: Situation
    config: Config
    ground: Ground
    carried: Carried = NOTHING_CARRIED
    history: DemandHistory = field(init=False)
    outlook: Outlook = field(init=False)
    dispatch: DispatchProblem = field(init=False)
    assignment: Assignment = field(init=False)
    lots: ReturnsProblem = field(init=False)
    settled: Settled = field(init=False)
    returns: pd.DataFrame = field(init=False)
    problem: PlacementProblem = field(init=False)
    placement: Placement = field(init=False)
    transfers: pd.DataFrame = field(init=False)
    replenishment: pd.DataFrame = field(init=False)
    targets: pd.DataFrame = field(init=False)
    deliveries: pd.DataFrame = field(init=False)
    optimisations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def supersession(self) -> Supersession:
        """Chains of parts."""
        return self.ground.supersession

    @property
    def workdays(self) -> WorkDays:
        """Open and closed days."""
        return self.ground.workdays

    @cached_property
    def cover(self) -> pd.DataFrame:
        """Frame ``COVER``."""
        planning = self.config.planning
        return network.first_cover(self.situation.lanes, planning.promise_hours, planning.handling_hours)

    @cached_property
    def weights(self) -> pd.Series:
        """Each city's share of the demand of its region."""
        return network.city_weights(self.cover, self.situation.centres, self.situation.usage)

    @cached_property
    def arcs(self) -> pd.DataFrame:
        """Warehouse to region, as of ``network.arcs``."""
        planning = self.config.planning
        hours = (planning.promise_hours, planning.handling_hours)
        usage = self.situation.usage
        urgent = network.city_weights(self.cover, self.situation.centres, usage[usage["service"].eq("same_day")])
        return network.arcs(self.situation.lanes, self.cover, self.weights, *hours, urgent)

    @cached_property
    def eta(self) -> pd.DataFrame:
        """Return what each centre is told of its open lines, as of ``schedule.eta``; written when it is asked for."""
        return eta_reports(self.deliveries, self.situation.open_orders, self.situation.parts)

    def to_carry(self) -> Carried:
        """Return what the next night may take over."""
        return Carried(self.outlook)

    def placed(self) -> dict[str, pd.DataFrame]:
        """Return what the next night's situation tells of this placement: PRICES and HUBS, by name."""
        derived = self.placement.derivations
        hubs = derived.loc[derived["hub"].eq(derived["warehouse_id"]), list(HUBS.columns)]
        prices = self.placement.optimisation.prices[list(PRICES.columns)]
        return {HUBS.name: hubs.reset_index(drop=True), PRICES.name: prices}

    def keep_proof(self, name: str, proof: Any) -> None:
        """Keep what an optimisation reached: objective, bound [CNY], gap [fraction]."""
        figures = {"objective": proof.objective, "bound": proof.bound, "gap": round(proof.gap, 9)}
        self.optimisations.append({"name": name, **figures})

    @property
    def verified_through(self) -> pd.Timestamp:
        """Last day for which holidays and make-up workdays are known."""
        return VERIFIED_THROUGH

    @property
    def served(self) -> pd.DataFrame:
        """Tonight's deliveries out of stock: part_id (picked), warehouse_id, lot_id, qty."""
        return self.assignment.picks[["part_id", "warehouse_id", "lot_id", "qty"]]

    @property
    def waiting(self) -> pd.DataFrame:
        """Open units without stock: part_id (ordered), warehouse_id of first cover, qty."""
        lines = self.assignment.lines
        first = lines["city"].map(self.cover.set_index("city")["warehouse_id"])
        owed = lines.assign(warehouse_id=first, qty=lines["left"])
        return owed.loc[(owed["qty"] > 0) & first.notna(), UNITS].reset_index(drop=True)

    @property
    def arriving(self) -> pd.DataFrame:
        """Tonight's transfers in: part_id, warehouse_id, qty."""
        return self.transfers.rename(columns={"to_warehouse": "warehouse_id"})[UNITS]


def open_night(
    situation: Situation, config: Config, ground: Ground | None = None, carried: Carried = NOTHING_CARRIED
) -> Night:
    """Return a night of which only the ground is known yet; it is worked out if not given.

    Raises
    ------
    SupersessionLoop
        Parts supersede each other in a circle.
    """
    ground = Ground.of(situation, config) if ground is None else ground
    return Night(replace(situation, parts=ground.parts), config, ground, carried)


def decide(
    situation: Situation,
    config: Config,
    listener: Listener = lambda step, night: None,
    carried: Carried = NOTHING_CARRIED,
) -> Night:
    """Decide a whole night; ``listener`` hears of each step when it is done.

    With an outlook carried over nothing is learned of demand: the forecast of that night is read on.

    Raises
    ------
    SupersessionLoop
        Parts supersede each other in a circle.
    PlanRefused
        A room's own check found its plan broken.
    ValueError
        The outlook carried over is of a later night, or ends before this one.
    """
    night = open_night(situation, config, carried=carried)
    for name, step in STEPS.items():
        step(night)
        listener(name, night)
    return night


def _learn_demand(night: Night) -> None:
    if night.carried.outlook is None:
        night.history = demand_history(night.situation, night.cover, night.supersession)


def _forecast(night: Night) -> None:
    situation, known = night.situation, night.carried.outlook
    if known is None:
        night.outlook = look_ahead(night.history, situation, night.cover, night.weights, night.config.forecast)
    else:
        night.outlook = known.later(situation.as_of)


def _serve_from_stock(night: Night) -> None:
    situation = night.situation
    start = first_wave(situation.as_of, situation.timezone, night.config.dispatch)
    _assign(night, start, _stock_value(night))


def _assign(night: Night, start: pd.Timestamp, stock_value: pd.Series | None) -> None:
    night.dispatch = replace(
        DispatchProblem.from_situation(night.situation, night.supersession, night.workdays, start, stock_value),
        promise_hours=night.config.planning.promise_hours,
        verified_through=night.verified_through,
        expected_lanes=night.ground.lanes,
    )
    night.assignment = assign(night.dispatch, night.config.dispatch)
    priced = evaluate_dispatch(night.dispatch, night.assignment, night.config.dispatch)
    proof = night.assignment.optimisation
    _require_sound("dispatch", [*priced.violations, *_cost_faults(priced.cost, proof.objective)])
    night.keep_proof("dispatch", proof)


def _settle_lots(night: Night) -> None:
    situation = night.situation
    night.lots = ReturnsProblem(
        as_of=situation.as_of,
        lots=lots_left(situation.stock, night.served),
        parts=situation.parts,
        suppliers=situation.suppliers,
        warehouses=situation.warehouses,
        lanes=situation.lanes,
        overrides=situation.overrides,
        supersession=night.supersession,
        workdays=night.workdays,
        pairs=night.outlook.pairs[["part_id", "warehouse_id"]],
        window=night.outlook.window,
        waiting=night.waiting,
        recent_usage=situation.usage[["part_id", "day", "qty"]],
        open_parts=pd.Index(situation.open_orders["part_id"].unique()),
        moved_lots=situation.moved_lots,
        horizon_days=night.outlook.forecast.horizon_days,
    )
    night.settled = settle_lots(night.lots, night.config.returns)
    night.returns = night.settled.returns


def _place(night: Night) -> None:
    situation, outlook, config = night.situation, night.outlook, night.config
    flows = (night.returns[UNITS], situation.inbound[UNITS].iloc[:0])
    problem = build_problem(
        situation,
        Network(night.arcs, night.supersession, night.workdays),
        Expected(outlook.pairs, outlook.window, outlook.forecast.horizon_days),
        inventory_positions(situation, night.supersession, night.served, night.waiting, *flows),
        _taken(night, *flows),
        config.placement,
    )
    mover = Mover(night.settled, problem, config.returns, partial(_room_after, night))
    night.placement = place(problem, config.placement, situation.prices, mover)
    night.problem, proof = night.placement.problem, night.placement.optimisation
    moved = night.placement.moved
    night.transfers, cost = (TRANSFERS.empty(), 0.0) if moved is None else (moved.lines, moved.cost)
    decided = LotDecisions(night.returns, night.transfers, cost)
    moves = evaluate_returns(night.lots, decided, config.returns, problem.warehouses)
    priced = evaluate_placement(night.problem, night.placement, config.placement, problem.warehouses)
    _require_sound("returns", moves.violations)
    _require_sound("placement", [*priced.violations, *_cost_faults(priced.cost, proof.objective - cost)])
    night.replenishment, night.targets = night.placement.replenishment, night.placement.targets
    night.keep_proof("placement", proof)


def _taken(night: Night, leaving: pd.DataFrame, arriving: pd.DataFrame) -> pd.DataFrame:
    """Return volume_m3, hazmat_m3 taken by warehouse once tonight's deliveries and these flows are through."""
    taking_room = holdings(night.situation, night.served, leaving, arriving)
    return occupied(night.situation.parts, taking_room, pd.Index(night.situation.warehouses["warehouse_id"]))


def _room_after(night: Night, leaving: pd.DataFrame, arriving: pd.DataFrame) -> pd.DataFrame:
    """Return free_m3, free_hazmat_m3 by warehouse once tonight's returns and these units are through."""
    used = _taken(night, pd.concat([night.returns[UNITS], leaving]), arriving)
    return free_room(night.situation.warehouses.set_index("warehouse_id").sort_index(), used)


def _tell_arrivals(night: Night) -> None:
    situation = night.situation
    tonight = night.replenishment.loc[night.replenishment["commitment"] == "firm"]
    moving = night.transfers.rename(columns={"to_warehouse": "warehouse_id", "eta_on": "due_on"})
    supply = [
        situation.inbound.rename(columns={"eta_on": "due_on"}).assign(kind="inbound"),
        moving.assign(kind="inbound"),
        situation.open_plan_lines.assign(kind="pipeline"),
        tonight.assign(kind="firm"),
    ]
    columns = [*UNITS, "due_on", "kind"]
    coming = pd.concat([frame[columns] for frame in supply if len(frame)] or [supply[0][columns]], ignore_index=True)
    _complete(night, coming.rename(columns={"due_on": "eta_on"}), _why_not_ordered(night))


def _complete(night: Night, supply: pd.DataFrame, shortage_reasons: pd.Series | None) -> None:
    night.deliveries = complete(night.dispatch, night.assignment, supply, night.config.dispatch, shortage_reasons)


STEPS: dict[str, Callable[[Night], None]] = {
    "demand": _learn_demand,
    "forecast": _forecast,
    "dispatch": _serve_from_stock,
    "returns": _settle_lots,
    "placement": _place,
    "eta": _tell_arrivals,
}
"""The rooms in the order of a night."""


def decide_wave(
    situation: Situation,
    config: Config,
    start: pd.Timestamp,
    listener: Listener = lambda step, night: None,
    ground: Ground | None = None,
) -> Night:
    """Decide a wave of the day: open orders alone, nothing ships before ``start``; stock has no value but to serve.

    ``ground`` is that of an earlier wave of the same parts, fitments, closures, lanes, lane times and configuration
    (``Night.ground``); it is worked out if not given.
    """
    night = open_night(situation, config, ground)
    _assign(night, start, None)
    listener("dispatch", night)
    supply = [
        situation.inbound[[*UNITS, "eta_on"]].assign(kind="inbound"),
        situation.open_plan_lines.rename(columns={"due_on": "eta_on"})[[*UNITS, "eta_on"]].assign(kind="pipeline"),
    ]
    _complete(night, pd.concat([f for f in supply if len(f)] or supply[:1], ignore_index=True), None)
    listener("wave", night)
    return night


def _stock_value(night: Night) -> pd.Series:
    """Return what the last unit on each shelf is worth to keep there: the chance that it is needed soon [CNY/unit].

    Index (part_id, warehouse_id), final parts; chance that demand of the coming days reaches the units on hand.
    """
    lots = night.situation.stock[night.situation.stock["status"] == "available"]
    final = lots.assign(part_id=night.supersession.to_final(lots["part_id"]))
    keys = ["part_id", "warehouse_id"]
    pairs = night.outlook.pairs[keys]
    on_hand = pairs.join(final.groupby(keys)["qty"].sum(), on=keys)["qty"].fillna(0).to_numpy()
    chance = night.outlook.forecast.window(0, STOCK_VALUE_DAYS).at_least(on_hand)
    value = (chance * night.config.dispatch.shelf_value).round(6)
    return pd.Series(value, index=pd.MultiIndex.from_frame(pairs), name="value")


def _why_not_ordered(night: Night) -> pd.Series:
    """Return, by final part of which nothing was ordered, the reason its derivations give."""
    derived = night.placement.derivations
    hubs = derived[derived["hub"].eq(derived["warehouse_id"]) & derived["need_qty"].gt(0) & derived["qty"].eq(0)]
    return hubs.sort_values(["part_id", "need_qty", "warehouse_id"]).groupby("part_id")["reason"].last()


def _require_sound(room: str, faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        raise PlanRefused(f"{room}: the plan was priced again and does not hold: " + "; ".join(found[:10]))


def _cost_faults(priced: float, reported: float) -> list[str]:
    """Return a sentence if the independent price differs from the optimiser's by more than rounding."""
    if abs(priced - reported) <= COST_TOLERANCE * max(1.0, abs(reported)):
        return []
    return [f"it costs {priced:,.6f} CNY by its raw data, the optimiser said {reported:,.6f}"]
