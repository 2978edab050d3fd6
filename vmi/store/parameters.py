"""How far back a plan looks."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class GatherParameters:
    """What is read of the past beside the whole history of usage."""

    lane_history_days: int = parameter(
        180, "days", "deliveries that lane times are learned from; half a year holds enough lines of today's carriers"
    )
    closure_history_days: int = parameter(
        400, "days", "past closures that explain low demand; a year and the Spring Festival before it"
    )

    def __post_init__(self) -> None:
        """Check the signs."""
        for name in ("lane_history_days", "closure_history_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1")
