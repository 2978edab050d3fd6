"""What dispatch is given and what it answers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.frames import Situation
from vmi.proof import Optimisation
from vmi.schedule.parameters import ScheduleParameters, minutes
from vmi.schedule.travel import lane_table
from vmi.supersession import Supersession
from vmi.workdays import WorkDays

Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class DispatchProblem:
    """Open lines, the stock that may serve them, and the lanes between.

    Parameters
    ----------
    open_orders
        Frame ``OPEN_ORDERS``.
    stock
        Lots as in the contract; only ``available`` ones are given out.
    from_moment
        Aware; nothing ships before it. Its zone is the planning zone.
    stock_value
        Index (part_id, warehouse_id), marginal value of the last unit there [CNY/unit]; missing pairs are worth 0.
    promise_hours
        What a standard line is promised, from ``ordered_at``.
    verified_through
        Last day for which the calendar is known; an ETA beyond it is provisional.
    expected_lanes
        What :func:`vmi.schedule.travel.lane_table` makes of ``lanes`` and ``lane_times``, if the caller has it.
    """

    open_orders: pd.DataFrame
    stock: pd.DataFrame
    parts: pd.DataFrame
    warehouses: pd.DataFrame
    centres: pd.DataFrame
    lanes: pd.DataFrame
    supersession: Supersession
    workdays: WorkDays
    weather: pd.DataFrame
    lane_times: pd.DataFrame
    from_moment: pd.Timestamp
    stock_value: pd.Series | None = None
    promise_hours: float = 48.0
    verified_through: pd.Timestamp | None = None
    expected_lanes: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse a moment without a zone: it would be read as another moment."""
        if self.from_moment.tzinfo is None:
            raise ValueError("dispatch: from_moment has no time zone")

    @classmethod
    def from_situation(
        cls,
        situation: Situation,
        supersession: Supersession,
        workdays: WorkDays,
        from_moment: pd.Timestamp,
        stock_value: pd.Series | None = None,
    ) -> "DispatchProblem":
        """Take the frames dispatch needs out of a situation."""
        s = situation
        frames = (s.open_orders, s.stock, s.parts, s.warehouses, s.centres, s.lanes)
        return cls(*frames, supersession, workdays, s.weather, s.lane_times, from_moment, stock_value)

    @property
    def start(self) -> np.datetime64:
        """Return ``from_moment`` as a naive moment of the planning zone."""
        return self.from_moment.tz_localize(None).to_datetime64().astype("datetime64[ns]")

    def lanes_with_delays(self, parameters: ScheduleParameters) -> pd.DataFrame:
        """Return the lanes with the delays to expect on each, as of ``lane_table``."""
        if self.expected_lanes is not None:
            return self.expected_lanes
        return lane_table(self.lanes, self.lane_times, parameters)

    def substitutes_for(self, part_ids: pd.Series) -> pd.DataFrame:
        """Return what may be picked for each part: ordered_part_id, part_id, rank; a part not known is its own."""
        chains = self.supersession.substitutes
        asked = pd.Index(part_ids.unique())
        unknown = asked.difference(pd.Index(chains["ordered_part_id"]), sort=False)
        known = chains[chains["ordered_part_id"].isin(asked)]
        if not len(unknown):
            return known.reset_index(drop=True)
        own = pd.DataFrame({"ordered_part_id": unknown, "part_id": unknown, "rank": 0})
        return pd.concat([known, own], ignore_index=True)

    def local(self, moments: pd.Series) -> Moments:
        """Return aware moments as naive ones of the planning zone."""
        aware = pd.to_datetime(moments, utc=True).dt.tz_convert(self.from_moment.tz)
        return aware.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")

    def aware(self, moments: npt.ArrayLike) -> pd.DatetimeIndex:
        """Return naive moments of the planning zone as aware ones; a moment the clock skips moves on."""
        naive = pd.DatetimeIndex(np.asarray(moments, dtype="datetime64[ns]"))
        winter = np.zeros(len(naive), dtype=bool)
        return naive.tz_localize(self.from_moment.tz, ambiguous=winter, nonexistent="shift_forward")


@dataclass(frozen=True)
class Assignment:
    """Open lines served from stock on hand.

    Parameters
    ----------
    lines
        One row per open line, sorted by (order_id, line_no): the order's columns, city, criticality, weight_kg,
        promise_by (naive local), unserved_cost [CNY], reached (stock that fits and a lane exist) and ``left``, units
        not served from stock.
    picks
        One row per line × lot: line (row of ``lines``), warehouse_id, part_id, lot_id, qty, service, lane figures,
        ship_at, eta, eta_p90 (naive local), weather_hours, closed_days, pushed (later than its first wave).
    optimisation
        Objective and bound of the model of :mod:`vmi.schedule.model`.
    """

    lines: pd.DataFrame
    picks: pd.DataFrame
    optimisation: Optimisation


def first_wave(as_of: pd.Timestamp, timezone: str, parameters: ScheduleParameters) -> pd.Timestamp:
    """Return the first moment at which what is decided at the close of ``as_of`` may ship."""
    opening = pd.Timedelta(minutes=minutes(parameters.waves[0]))
    return (as_of.normalize() + pd.Timedelta(days=1) + opening).tz_localize(timezone, nonexistent="shift_forward")
