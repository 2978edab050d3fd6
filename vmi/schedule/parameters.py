"""What dispatch may be told: every knob with unit, default and the reason for that default."""

import re
from dataclasses import dataclass

from vmi.parameters import parameter

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def minutes(clock: str) -> int:
    """Return the minutes after midnight of ``HH:MM``; ``ValueError`` if it is no time of day."""
    if not CLOCK.fullmatch(clock):
        raise ValueError(f"{clock!r} is not a time of day such as 09:00")
    return int(clock[:2]) * 60 + int(clock[3:])


@dataclass(frozen=True)
class ScheduleParameters:
    """Parameters of dispatch, section ``[dispatch]``."""

    waves: tuple[str, ...] = parameter(("09:00", "13:00", "17:00"), "HH:MM", "when a warehouse hands over")
    same_day_cut_off: str = parameter("13:00", "HH:MM", "where no same-day lane reaches a city")
    late_cost_a: float = parameter(150.0, "CNY/line", "vehicle off road: a late line costs goodwill at once")
    late_cost_b: float = parameter(60.0, "CNY/line", "vehicle degraded: the customer has to come again")
    late_cost_c: float = parameter(30.0, "CNY/line", "comfort: a late line is a call to the customer")
    late_cost_same_day: float = parameter(400.0, "CNY/line", "missing what was asked for today outweighs its premium")
    late_hour_cost_a: float = parameter(8.0, "CNY/hour", "about a replacement vehicle at 200 CNY a day")
    late_hour_cost_b: float = parameter(3.0, "CNY/hour", "a third of a vehicle off the road")
    late_hour_cost_c: float = parameter(1.0, "CNY/hour", "an eighth of a vehicle off the road")
    unserved_hours: float = parameter(
        336.0, "hours", "a line left unserved counts as late by two weeks: a usual lead time of a supplier"
    )
    same_day_premium_rate: float = parameter(
        0.2, "fraction", "same-day freight over standard where the warehouse has no standard lane to compare with"
    )
    shelf_value: float = parameter(
        20.0, "CNY/unit", "what a unit on the shelf saves when it is next asked for there: freight from further away"
    )
    old_part_first: float = parameter(1.0, "CNY/unit", "keeps the newer part on the shelf while an older one fits")
    pick_horizon_days: int = parameter(5, "days", "how many open days ahead a full picking day may push a line")
    prior_deliveries: float = parameter(20.0, "deliveries", "a lane with more of its own rules its own ETA")
    inbound_slip_days: float = parameter(2.0, "days", "P90 of a receipt after its announced day, if unknown")
    exact_lines: int = parameter(15000, "lines", "larger groups of coupled lines are priced by LP first")
    exact_picks: int = parameter(300, "lines", "full picking days of more lines are filled round by round, see picks")
    price_within: float = parameter(50.0, "CNY", "large groups search options of a lower LP reduced cost")
    relative_gap: float = parameter(1e-4, "fraction", "below the scatter of freight rates; halves the time of a proof")
    node_limit: int = parameter(100, "nodes", "a limit that gives the same plan on every machine, unlike seconds")

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        if not self.waves or list(self.waves) != sorted(self.waves, key=minutes):
            raise ValueError("waves: at least one time of day is needed, in order, such as 09:00, 13:00")
        minutes(self.same_day_cut_off)
        for name in (
            *("unserved_hours", "pick_horizon_days", "exact_lines", "exact_picks", "node_limit"),
            *("late_hour_cost_a", "late_hour_cost_b", "late_hour_cost_c"),
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be greater than 0, not {getattr(self, name)}")
        for name in (
            *("late_cost_a", "late_cost_b", "late_cost_c", "late_cost_same_day"),
            *("same_day_premium_rate", "old_part_first", "prior_deliveries", "inbound_slip_days", "price_within"),
            "relative_gap",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: must not be negative, not {getattr(self, name)}")

    def late_cost(self) -> dict[str, float]:
        """Return the cost of a late line by criticality [CNY]."""
        return {"A": self.late_cost_a, "B": self.late_cost_b, "C": self.late_cost_c}

    def late_hour_cost(self) -> dict[str, float]:
        """Return the cost of an hour beyond the promise by criticality [CNY/hour]."""
        return {"A": self.late_hour_cost_a, "B": self.late_hour_cost_b, "C": self.late_hour_cost_c}
