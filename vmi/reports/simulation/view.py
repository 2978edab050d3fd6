"""What the page of a simulation is made from: the content of ``simulation.json`` and the nights of ``nights.csv``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from vmi.reports import palette

KIND_LABELS = {
    "carrying": "Carrying stock",
    "inbound_freight": "Inbound freight",
    "delivery_freight": "Delivery freight",
    "same_day_premium": "Same-day premium",
    "transfers": "Transfers",
    "returns": "Returns",
    "lateness": "Lateness",
    "missed_same_day": "Missed same day",
}

KIND_COLOURS = {
    "carrying": palette.ACCENT,
    "inbound_freight": "#5f97c4",
    "delivery_freight": palette.BAND,
    "same_day_premium": "#d6a04a",
    "transfers": "#8d96a3",
    "returns": "#c2c8d0",
    "lateness": "#d98b73",
    "missed_same_day": palette.BAD,
}
"""Blue is the daily running of it, ochre and grey what is done beside, red what service was not kept."""

AGES = {
    "0_30": ("up to 30 days", "#a9c6e2"),
    "31_60": ("31 to 60", "#5f91bf"),
    "61_90": ("61 to 90", "#c98a1b"),
    "over_90": ("over 90", "#b03a2e"),
}
"""Age bands of stock: the part of the column's name, its words and its colour, as in the plan's report."""

LONGEST_NAME = 28
_SECTION = re.compile(r"\b[a-z_]+\.(?=[a-z_]+=)")


@dataclass(frozen=True)
class Run:
    """A policy under a scenario, over its seeds: its names and colour, its row of ``models``, its nights."""

    policy: str
    scenario: str
    colour: str
    model: Mapping[str, Any]
    nights: pd.DataFrame

    @property
    def name(self) -> str:
        """Return the whole name."""
        return f"{self.policy}, {self.scenario}" if self.scenario else self.policy

    @property
    def bound(self) -> bool:
        """Return whether the run is a bound to the others and no policy to choose."""
        return bool(self.model["bound"])

    @property
    def short(self) -> str:
        """Return a name that fits into a chart: scenarios without their section, long ones without their middle."""
        name = _SECTION.sub("", self.name)
        if len(name) <= LONGEST_NAME:
            return name
        end = LONGEST_NAME // 2
        return f"{name[: LONGEST_NAME - end - 1]}…{name[-end:]}"

    def mean(self, figure: str) -> float | None:
        """Return a figure of the table of stock models, its mean over the seeds."""
        found: float | None = self.model["figures"][figure]["mean"]
        return found


@dataclass(frozen=True)
class SimulationView:
    """What a simulation left behind.

    Attributes
    ----------
    content
        What ``simulation.json`` holds, as ``vmi.simulate.summary.content`` returns it.
    nights
        A row per policy, scenario, seed and night, as ``nights.csv`` has them.
    """

    content: Mapping[str, Any]
    nights: pd.DataFrame

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Return the runs in the order of the content; colours repeat after twelve, names do not."""
        nights = self.nights.assign(night=pd.to_datetime(self.nights["night"]))
        lived = dict(list(nights.sort_values(["seed", "night"], ignore_index=True).groupby(["policy", "scenario"])))
        colours = palette.SITES
        return tuple(
            Run(m["policy"], m["scenario"], colours[n % len(colours)], m, lived[m["policy"], m["scenario"]])
            for n, m in enumerate(self.content["models"])
        )

    @property
    def about(self) -> Mapping[str, Any]:
        """Return what was asked for and assumed."""
        found: Mapping[str, Any] = self.content["about"]
        return found

    def of_seeds(self, run: Run) -> list[Mapping[str, Any]]:
        """Return the rows of ``runs`` of the content, one a seed."""
        return [r for r in self.content["runs"] if (r["policy"], r["scenario"]) == (run.policy, run.scenario)]
