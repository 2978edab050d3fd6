"""What a night and the waves of a day stand on alike: worked out once, kept as long as what it follows from stays."""

from dataclasses import dataclass

import pandas as pd

from vmi.config import Config
from vmi.frames import Situation
from vmi.parts import with_usual_sizes
from vmi.schedule.travel import lane_table
from vmi.supersession import Supersession, resolve
from vmi.workdays import WorkDays


@dataclass(frozen=True)
class Ground:
    """Parts and their chains, the calendar, the lanes with their delays.

    It follows from the parts, fitments, closures, lanes and lane times of a situation; as long as these stay the same,
    a caller may keep it from one wave to the next.

    Attributes
    ----------
    parts
        The situation's parts with unknown sizes filled in.
    lanes
        As of ``schedule.travel.lane_table``.
    """

    parts: pd.DataFrame
    supersession: Supersession
    workdays: WorkDays
    lanes: pd.DataFrame

    @classmethod
    def of(cls, situation: Situation, config: Config) -> "Ground":
        """Work it out.

        Raises
        ------
        SupersessionLoop
            Parts supersede each other in a circle.
        """
        return cls(
            parts=with_usual_sizes(situation.parts),
            supersession=resolve(situation.parts, situation.fitments),
            workdays=WorkDays(situation.closures),
            lanes=lane_table(situation.lanes, situation.lane_times, config.dispatch),
        )
