"""Say what a planner may see on a night of what a simulation knows: the truth of the lived days, cut at that night.

Stock, orders and deliveries are lived, so they hold nothing later than the night anyway. What stands in the files for
later days (parts still to come, vehicles of a month that has not ended, warnings and stops not announced yet) is cut
here alone.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.frames import Situation
from vmi.simulate.parameters import SimulationParameters

OF_PARTS = ("parts", "fitments", "availability", "overrides")
"""Frames of which the rows of parts not known yet are left out."""
ALWAYS = np.datetime64("1900-01-01", "ns")


class Knowledge:
    """What a planner knows of the truth, night by night.

    Parameters
    ----------
    opening
        The truth at the start: its frames hold later days too.
    surprises
        Closures that happen without having been announced; known ``stop_notice_days`` before they begin.
    parameters
        How long before warnings and stops are known.
    orders
        ORDERS_TO_COME: a part ordered before its own introduction is known from that order on.
    """

    def __init__(
        self,
        opening: Situation,
        surprises: pd.DataFrame,
        parameters: SimulationParameters,
        orders: pd.DataFrame | None = None,
    ) -> None:
        self.opening, self.surprises, self.parameters = opening, surprises, parameters
        known_from = pd.Series(_known_from(opening, orders), index=opening.parts["part_id"].to_numpy(dtype=object))
        # Looked up once: a part that joins those known is then a matter of comparing days.
        self._known_from = {name: _of_each(getattr(opening, name)["part_id"], known_from) for name in OF_PARTS}
        self._successor_from = _of_each(opening.parts["successor_id"], known_from)
        self._joining = np.sort(known_from[known_from > ALWAYS].to_numpy())
        self._parts: tuple[int, dict[str, pd.DataFrame]] = (-1, {})
        self._months = opening.vehicles["month"].to_numpy(dtype=str)
        self._vehicles: tuple[str, pd.DataFrame] = ("", opening.vehicles)

    def at(self, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
        """Return what a planner sees at the close of ``day`` of the frames that are not lived, by name in a Situation.

        parts, fitments, availability (of the parts known), overrides (in force tomorrow), vehicles (of months that
        have ended), weather and closures (announced, or begun).
        """
        by_part = self._of_known_parts(day)
        until = by_part["overrides"]["until"]
        tomorrow = day + pd.Timedelta(days=1)
        in_force = by_part["overrides"][(until.isna() | until.ge(tomorrow)).to_numpy()]
        return by_part | {
            "overrides": in_force.reset_index(drop=True),
            # They are counted at a month's end: the running month's count is still to come.
            "vehicles": self._vehicles_up_to(str(tomorrow.to_period("M") - 1)),
            "weather": _begun(self.opening.weather, day, self.parameters.weather_notice_days),
            "closures": self._closures(day),
        }

    def _of_known_parts(self, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
        """Return parts, fitments, availability and overrides of the parts known; made anew only when one joins them."""
        joined = int(np.searchsorted(self._joining, day.to_datetime64(), side="right"))
        if self._parts[0] != joined:
            self._parts = (joined, {name: self._cut(name, day.to_datetime64()) for name in OF_PARTS})
        return self._parts[1]

    def _cut(self, name: str, day: np.datetime64) -> pd.DataFrame:
        """Return the rows of parts known; a part superseded by one that is not, is superseded by none."""
        frame: pd.DataFrame = getattr(self.opening, name)
        known = self._known_from[name] <= day
        if known.all():
            return frame
        seen = frame[known].reset_index(drop=True)
        if name != "parts":
            return seen
        successor = seen["successor_id"].to_numpy(dtype=object)
        return seen.assign(successor_id=np.where(self._successor_from[known] <= day, successor, ""))

    def _vehicles_up_to(self, month: str) -> pd.DataFrame:
        if self._vehicles[0] != month:
            self._vehicles = (month, self.opening.vehicles[self._months <= month].reset_index(drop=True))
        return self._vehicles[1]

    def _closures(self, day: pd.Timestamp) -> pd.DataFrame:
        if self.surprises.empty:
            return self.opening.closures
        known = _begun(self.surprises, day, self.parameters.stop_notice_days)
        if known.empty or self.opening.closures.empty:
            return self.opening.closures if known.empty else known
        return pd.concat([self.opening.closures, known[self.opening.closures.columns]], ignore_index=True)


def known_at_start(opening: Situation, parameters: SimulationParameters) -> Situation:
    """Return the opening as its planner saw it, with nothing of the lived days."""
    seen: dict[str, Any] = {**Knowledge(opening, opening.closures.iloc[:0], parameters).at(opening.as_of)}
    return replace(opening, **seen)


def _begun(spans: pd.DataFrame, day: pd.Timestamp, notice_days: int) -> pd.DataFrame:
    """Return the spans that have begun by the close of ``day``, or begin within the notice."""
    if spans.empty:
        return spans
    told = spans["from"].le(day + pd.Timedelta(days=notice_days)).to_numpy(dtype=bool)
    return spans[told].reset_index(drop=True)


def _of_each(part_ids: pd.Series, known_from: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return since when each part is known; one that is not among the parts is no secret."""
    return part_ids.map(known_from).fillna(ALWAYS).to_numpy("datetime64[ns]")


def _known_from(opening: Situation, orders: pd.DataFrame | None) -> npt.NDArray[np.datetime64]:
    """Return the day from whose close on each row of ``opening.parts`` is known.

    A part is known when it is introduced, or when it is ordered, lies or travels somewhere before that.
    """
    parts = opening.parts
    introduced = pd.to_datetime(parts["introduced_on"]).to_numpy("datetime64[ns]")
    known = np.where(np.isnat(introduced), ALWAYS, introduced)
    here = (opening.usage, opening.open_orders, opening.stock, opening.inbound, opening.open_plan_lines)
    met = pd.Index(np.concatenate([frame["part_id"].unique() for frame in here]))
    known = np.where((known <= opening.as_of.to_datetime64()) | parts["part_id"].isin(met), ALWAYS, known)
    if orders is None or orders.empty:
        return known
    day = orders["ordered_at"].dt.tz_localize(None).dt.normalize()
    first = parts["part_id"].map(day.groupby(orders["part_id"]).min()).to_numpy("datetime64[ns]")
    return np.where(first < known, first, known)
