"""The plan itself, lived: the rooms of ``vmi plan`` decide every night, with forecasts learned once a week."""

from dataclasses import replace
from typing import Any

import pandas as pd

from vmi.frames import DELIVERIES, LOT_RETURNS, TRANSFERS
from vmi.placement.parameters import PlacementParameters
from vmi.planning import Carried, Night, decide
from vmi.simulate.policy import ORDERED, OUTLOOK, Decisions, View

OUTLOOK_DAYS = 28
PENALTIES = ("penalty_a", "penalty_b", "penalty_c", "penalty_same_day")


class Planned:
    """What :func:`vmi.planning.decide` decides.

    Between nights on which the forecast is learned anew (``simulation.refit_days``) the last one is read on; prices
    begin where those of the night before ended. What a forecast learned of seasons, methods and calibration, it tells
    the next one, as a published plan does.

    Parameters
    ----------
    name
        The label.
    weight
        What lateness counts for when the night is planned, as a multiple of what it is charged at: more of it buys
        service with stock.
    """

    dispatches = True

    def __init__(self, name: str, weight: float = 1.0) -> None:
        self.name, self.weight = name, weight
        self._carried = Carried()
        self._learned: dict[str, Any] = {}
        self._learned_on = pd.Timestamp.min

    def decide(self, view: View) -> Decisions:
        """Return the night's plan."""
        simulation, as_of = view.config.simulation, view.situation.as_of
        learns = as_of >= self._learned_on + pd.Timedelta(days=simulation.refit_days)
        carried = replace(self._carried, outlook=None) if learns else self._carried
        placement = _weighed(view.config.placement, self.weight, simulation.placement_gap)
        night = decide(
            replace(view.situation, **self._learned), replace(view.config, placement=placement), carried=carried
        )
        self._carried = night.to_carry()
        if learns:
            self._learned, self._learned_on = night.outlook.learned(), as_of
        self._learned |= night.placed()
        return _decisions(night, learns)


def _weighed(placement: PlacementParameters, weight: float, gap: float) -> PlacementParameters:
    penalties = {name: weight * getattr(placement, name) for name in PENALTIES}
    return replace(placement, relative_gap=gap, **penalties)


def _decisions(night: Night, learned: bool) -> Decisions:
    firm = night.replenishment[night.replenishment["commitment"] == "firm"]
    return Decisions(
        ordered=firm[list(ORDERED.columns)].reset_index(drop=True),
        returns=night.returns[list(LOT_RETURNS.columns)],
        transfers=night.transfers[list(TRANSFERS.columns)],
        deliveries=night.deliveries[list(DELIVERIES.columns)],
        outlook=night.outlook.next_days(OUTLOOK_DAYS)[list(OUTLOOK.columns)] if learned else None,
    )
