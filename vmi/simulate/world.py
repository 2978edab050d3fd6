"""The lived company: what happens in a day, whoever decided it.

Order of a day: trucks leave suppliers, returns and transfers leave, what arrives is laid on the shelf; what the night
decided leaves at the first wave; at every later wave the orders up to then are dispatched; the day closes. Nothing here
knows a policy, and what a planner may see of it is :meth:`World.seen` alone.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vmi.config import Config
from vmi.frames import MOVED_LOTS, Situation
from vmi.parts import with_usual_sizes
from vmi.schedule.parameters import minutes
from vmi.schedule.problem import DispatchProblem
from vmi.schedule.promises import promise_by
from vmi.schedule.travel import arrivals
from vmi.simulate.book import LINE, Book, both
from vmi.simulate.chance import Chance, LaneLuck
from vmi.simulate.company import Company
from vmi.simulate.knowledge import Knowledge
from vmi.simulate.ledger import Ledger, Rates
from vmi.simulate.outcome import MOVEMENTS
from vmi.simulate.policy import Decisions
from vmi.simulate.reach import OutOfReach
from vmi.simulate.shelves import LOT, STOCK, laid_down, set_aside, taken_off, units
from vmi.simulate.supply import DAYS, INBOUND, TRANSIT, Suppliers, made_per_day, opening_transit
from vmi.supersession import resolve
from vmi.workdays import WorkDays

DAY = pd.Timedelta(days=1)
PAIR = ["part_id", "warehouse_id"]
LEAVING = ["warehouse_id", "part_id", "lot_id", "qty", "leave_on"]
FLOWS = ("received", "transferred_in", "delivered", "returned", "transferred_out")


class World:
    """Stock (sorted by ``LOT``), goods on the road, orders and money of a run, as they are on ``today``."""

    def __init__(self, company: Company, config: Config, seed: int) -> None:
        opening = replace(company.opening, parts=with_usual_sizes(company.opening.parts))
        self.opening, self.config, self.chance = opening, config, Chance(seed)
        self.today: pd.Timestamp = opening.as_of
        closures = pd.concat([f for f in (opening.closures, company.surprises) if len(f)] or [opening.closures])
        self.workdays = WorkDays(closures)
        self.knowledge = Knowledge(opening, company.surprises, config.simulation, company.orders)
        self.rates = Rates.of(
            opening.parts, opening.suppliers, opening.lanes, opening.supply, opening.warehouses, config
        )
        self.luck = LaneLuck(opening.lane_times)
        self.ledger = Ledger()
        self.book = self._open_book(company)
        self.usage = opening.usage
        self.stock = opening.stock[STOCK].sort_values(LOT, ignore_index=True)
        tomorrow = opening.as_of + DAY
        self.transit = opening_transit(opening.inbound, opening.supply, tomorrow, self.chance, self.workdays)
        expected = WorkDays(opening.closures)
        made = made_per_day(opening.usage, resolve(opening.parts, opening.fitments), opening.as_of)
        self.suppliers = Suppliers(
            opening.supply,
            opening.open_plan_lines,
            opening.availability,
            self.workdays,
            expected,
            self.chance,
            made * config.simulation.availability_renewal,
        )
        gone = self.stock.loc[self.stock["status"].eq("returning")]
        self.leaving = gone.assign(leave_on=tomorrow)[LEAVING].reset_index(drop=True)
        self.moving = pd.DataFrame()
        self.moved_lots = opening.moved_lots
        self.overrides = carried_out(opening.overrides, opening.open_plan_lines)
        self.out_of_reach = OutOfReach(opening.stockouts, self.stock, opening.as_of)
        self.left_today = pd.Series(dtype="int64")
        self.moved: list[pd.DataFrame] = []

    def _open_book(self, company: Company) -> Book:
        opening = self.opening
        lines = both(opening, company.orders)
        moment = (opening.as_of + DAY).tz_localize(opening.timezone)
        supersession = resolve(opening.parts, opening.fitments)
        problem = DispatchProblem.from_situation(opening, supersession, self.workdays, moment)
        problem = replace(problem, promise_hours=float(self.config.planning.promise_hours))
        city = lines["centre_id"].map(opening.centres.set_index("centre_id")["city"]).fillna("").astype(object)
        due = problem.aware(promise_by(problem, lines, city, self.config.dispatch))
        return Book(opening, lines, pd.Series(due, index=lines.index))

    # --- what a planner sees

    def seen(self, moment: pd.Timestamp, as_of: pd.Timestamp) -> Situation:
        """Return what a planner sees at ``moment``; ``as_of`` is the last day that has closed."""
        visible = self.transit.drop(columns=["lot_id", "arrives_on"])
        return replace(
            self.opening,
            as_of=as_of,
            warehouses=self._warehouses(as_of),
            stock=self.stock,
            inbound=visible.sort_values(["shipment_id", "line_no"], ignore_index=True)[INBOUND],
            open_plan_lines=self.suppliers.pipeline.sort_values("line_id", ignore_index=True),
            open_orders=self.book.open_at(moment),
            usage=self.usage,
            stockouts=self.out_of_reach.spans(as_of),
            moved_lots=self.moved_lots,
            **self._known(as_of),
        )

    def _warehouses(self, as_of: pd.Timestamp) -> pd.DataFrame:
        """Return the warehouses; during a day, with the lines that may still leave on it."""
        table = self.opening.warehouses
        if as_of >= self.today or self.left_today.empty:
            return table
        left = table["warehouse_id"].map(self.left_today).fillna(0.0)
        return table.assign(outbound_lines_per_day=(table["outbound_lines_per_day"] - left).clip(lower=0.0))

    def _known(self, as_of: pd.Timestamp) -> dict[str, Any]:
        """Return the frames of which a planner sees a part, by name; of availability what suppliers have left,
        of ``order`` overrides what has not been ordered."""
        known = self.knowledge.at(as_of)
        left = self.suppliers.available
        listed = left["part_id"].isin(known["availability"]["part_id"])
        keys = ["part_id", "warehouse_id", "kind"]
        wanted = pd.MultiIndex.from_frame(self.overrides[keys])
        in_force = wanted.isin(pd.MultiIndex.from_frame(known["overrides"][keys]))
        return {
            **known,
            "availability": left[listed].reset_index(drop=True),
            "overrides": self.overrides[in_force].reset_index(drop=True),
        }

    def close_of(self, day: pd.Timestamp) -> pd.Timestamp:
        """Return the moment at which ``day`` ends."""
        return self._moment(day + DAY)

    def waves(self, day: pd.Timestamp) -> list[pd.Timestamp]:
        """Return the moments of the day's waves, the first of them served by the night before."""
        return [self._moment(day + pd.Timedelta(minutes=minutes(wave))) for wave in self.config.dispatch.waves]

    def _moment(self, local: pd.Timestamp) -> pd.Timestamp:
        """Return a moment of the planning zone; one that the clock skips moves on, of two the later is meant."""
        return local.tz_localize(self.opening.timezone, ambiguous=False, nonexistent="shift_forward")

    # --- a day

    def morning(self) -> None:
        """Begin the next day: trucks and lots leave, goods arrive."""
        self.today += DAY
        self.moved, self.left_today = [], self.left_today.iloc[:0]
        self._trucks_leave()
        self._lots_leave()
        self._goods_arrive()

    def deliver(self, deliveries: pd.DataFrame, until: pd.Timestamp) -> None:
        """Let what ships before ``until`` leave, frame DELIVERIES; what ships later is decided again."""
        self.book.promise(deliveries)
        picks = deliveries[deliveries["source"].eq("warehouse") & deliveries["ship_at"].lt(until)]
        if picks.empty:
            return
        picks = picks.reset_index(drop=True)
        picks = picks.assign(city=picks["centre_id"].map(self.opening.centres.set_index("centre_id")["city"]))
        left = picks.drop_duplicates(["warehouse_id", *LINE]).groupby("warehouse_id").size()
        self.left_today = self.left_today.add(left, fill_value=0)
        self.stock = taken_off(self.stock, picks)
        self.book.ship(picks.assign(come_at=self._arrivals(picks)))
        self._flow("delivered", picks)
        standard, premium = self.rates.delivery_freight(picks)
        self._charge("delivery_freight", standard)
        self._charge("same_day_premium", premium)
        self._charge("platform_fee", self.rates.platform_fee(picks))

    def close(self) -> None:
        """End the day: what it cost to keep and to be late, and what will be known of it."""
        self.usage = pd.concat([self.usage, self.book.usage(self.today)], ignore_index=True)
        self.out_of_reach.note(self.today, self.stock)
        standing = self.book.standing()
        self._charge("carrying", self.rates.carrying(self.stock))
        late = self.rates.lateness(standing, self.close_of(self.today - DAY), self.close_of(self.today))
        self._charge("lateness", late)
        self._charge("missed_same_day", self.rates.missed_same_day(standing, self.today))

    def carry_out(self, decided: Decisions) -> None:
        """Take tonight's decisions: orders to suppliers, lots that will go back or move."""
        self.suppliers.told(decided.ordered, self.today)
        self.overrides = carried_out(self.overrides, decided.ordered)
        back = decided.returns.rename(columns={"pick_up_on": "leave_on"})
        move = decided.transfers.rename(columns={"from_warehouse": "warehouse_id", "ship_on": "leave_on"})
        for frame in (back, move):
            if len(frame):
                self.stock = set_aside(self.stock, frame)
        if len(back):
            self.leaving = pd.concat([self.leaving, back[LEAVING]], ignore_index=True)
        if len(move):
            self.moving = pd.concat([self.moving, move], ignore_index=True)
            self.transit = pd.concat([self.transit, self._announced(move)], ignore_index=True)

    # --- what happens

    def _trucks_leave(self) -> None:
        self.suppliers.make(self.today)
        shipped = self.suppliers.ship(self.today)
        if len(shipped):
            self.transit = pd.concat([self.transit, shipped], ignore_index=True)
            self._charge(
                "inbound_freight", self.rates.inbound_freight(shipped.rename(columns={"from_id": "supplier_id"}))
            )

    def _lots_leave(self) -> None:
        due = self.leaving["leave_on"].le(self.today)
        gone, self.leaving = self.leaving[due], self.leaving[~due].reset_index(drop=True)
        if len(gone):
            self.stock = taken_off(self.stock, gone, "returning")
            self._flow("returned", gone)
            self._charge("returns", self.rates.returns(gone))
        if len(self.moving):
            due = self.moving["leave_on"].le(self.today)
            gone, self.moving = self.moving[due], self.moving[~due].reset_index(drop=True)
            if len(gone):
                self.stock = taken_off(self.stock, gone, "returning")
                self._flow("transferred_out", gone)
                trips = gone.rename(columns={"warehouse_id": "from_warehouse", "leave_on": "ship_on"})
                self._charge("transfers", self.rates.transfers(trips))

    def _goods_arrive(self) -> None:
        here = self.transit["arrives_on"].le(self.today)
        come, self.transit = self.transit[here], self.transit[~here].reset_index(drop=True)
        if come.empty:
            return
        moved = come["kind"].eq("transfer")
        own = "L" + f"{self.today:%Y%m%d}-" + come["warehouse_id"]
        lots = come.assign(
            lot_id=come["lot_id"].where(moved, own.str.slice(0, 64)),
            received_on=come["received_on"].where(moved & come["received_on"].notna(), self.today),
            status="available",
        )
        self.stock = laid_down(self.stock, lots)
        self._flow("received", lots[~moved])
        self._flow("transferred_in", lots[moved])
        arrived = lots.loc[moved, list(MOVED_LOTS.columns)]
        if len(arrived):
            self.moved_lots = pd.concat([self.moved_lots, arrived], ignore_index=True).drop_duplicates(
                ignore_index=True
            )

    def _announced(self, move: pd.DataFrame) -> pd.DataFrame:
        """Return tonight's transfers as TRANSIT: they arrive as announced, a day on which the warehouse works."""
        lots = move.reset_index(drop=True)
        arrives = self.workdays.next_open("warehouse", lots["to_warehouse"].to_numpy(dtype=object), lots["eta_on"])
        frame = pd.DataFrame(
            {
                "shipment_id": "T-" + lots["warehouse_id"] + "-" + lots["to_warehouse"] + f"-{self.today:%Y%m%d}",
                "line_no": np.arange(1, len(lots) + 1),
                "kind": "transfer",
                "part_id": lots["part_id"],
                "from_id": lots["warehouse_id"],
                "warehouse_id": lots["to_warehouse"],
                "qty": lots["qty"],
                "shipped_on": lots["leave_on"],
                "eta_on": lots["eta_on"],
                "line_id": "",
                "received_on": lots["received_on"],
                "lot_id": lots["lot_id"],
                "arrives_on": arrives,
            }
        )
        return frame[TRANSIT].astype(dict.fromkeys(DAYS, "datetime64[ns]"))

    def _arrivals(self, picks: pd.DataFrame) -> pd.Series:
        """Return when each pick arrives: quoted transit, the day's luck on that lane, closures, weather."""
        lane = list(zip(picks["warehouse_id"], picks["city"], picks["service"], strict=True))
        lanes = self.opening.lanes.set_index(["warehouse_id", "city", "service"])["transit_hours"].astype(float)
        quoted = lanes.reindex(pd.MultiIndex.from_tuples(lane)).to_numpy()
        luck = self.chance.uniform("transit", picks["centre_id"] + f"|{self.today:%Y%m%d}")
        # A lane that is often early still takes a quarter of what it quotes.
        hours = np.maximum(quoted + self.luck.late_hours(lane, luck), 0.25 * quoted)
        ship = picks["ship_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
        known = self.opening.weather
        eta = arrivals(ship, hours, picks["city"].to_numpy(dtype=object), self.workdays, known)["eta"]
        zone = self.opening.timezone
        winter = np.zeros(len(eta), dtype=bool)
        aware = pd.DatetimeIndex(eta).tz_localize(zone, ambiguous=winter, nonexistent="shift_forward")
        return pd.Series(aware, index=picks.index)

    # --- bookkeeping

    def _charge(self, kind: str, amount: int) -> None:
        self.ledger.charge(self.today, kind, amount)

    def _flow(self, name: str, lots: pd.DataFrame) -> None:
        if len(lots):
            self.moved.append(lots[[*PAIR, "qty"]].assign(flow=name))

    def movements(self, before: pd.Series) -> pd.DataFrame:
        """Return MOVEMENTS of the day, given the units of the last close by (part, warehouse).

        Raises
        ------
        ValueError
            Units were made or lost: opening and what came differ from what went and what lies there.
        """
        after = units(self.stock)
        moved = pd.concat([nothing_moved(), *self.moved], ignore_index=True)
        flows = {name: group.groupby(PAIR)["qty"].sum() for name, group in moved.groupby("flow")}
        columns = {"opening": before, "closing": after, **{name: flows.get(name) for name in FLOWS}}
        found = {name: sums for name, sums in columns.items() if sums is not None}
        table = pd.DataFrame(found).reindex(columns=list(columns)).fillna(0).astype("int64").rename_axis(PAIR)
        came = table["opening"] + table["received"] + table["transferred_in"]
        went = table["delivered"] + table["returned"] + table["transferred_out"] + table["closing"]
        if (came != went).any():
            wrong = table[came != went].iloc[0].to_dict()
            raise ValueError(
                f"simulate: units do not add up on {self.today:%Y-%m-%d} at {came.index[came != went][0]}: {wrong}"
            )
        touched = table[table[list(FLOWS)].any(axis=1)].reset_index().assign(night=self.today)
        return touched[list(MOVEMENTS.columns)]


def carried_out(overrides: pd.DataFrame, ordered: pd.DataFrame) -> pd.DataFrame:
    """Return the overrides with the units of ``order`` ones that have been ordered taken off; one done with is gone."""
    if overrides.empty or ordered.empty:
        return overrides
    pairs = pd.MultiIndex.from_frame(overrides[PAIR])
    units_ordered = ordered.groupby(PAIR)["qty"].sum().reindex(pairs).fillna(0).to_numpy()
    asks = overrides["kind"].eq("order").to_numpy()
    left = overrides["value"].to_numpy(dtype=np.float64) - np.where(asks, units_ordered, 0.0)
    return overrides.assign(value=left)[~(asks & (left <= 0))].reset_index(drop=True)


def nothing_moved() -> pd.DataFrame:
    """Return the flows of a day on which nothing moved."""
    types = {"part_id": "object", "warehouse_id": "object", "qty": "int64", "flow": "object"}
    return pd.DataFrame(columns=list(types)).astype(types)
