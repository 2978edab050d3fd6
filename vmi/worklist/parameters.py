"""Parameters of the worklist: how long it may be, and from where on a matter is worth a line of its own."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class WorklistParameters:
    """Length of the list and thresholds of its kinds."""

    max_rows: int = parameter(200, "lines", "more than a planner works off in a day goes unread; the rest is counted")
    small_cny: float = parameter(200.0, "CNY", "matters of one kind below this are put together into one line")
    medium_cny: float = parameter(1_000.0, "CNY", "from here a line is of medium severity")
    high_cny: float = parameter(10_000.0, "CNY", "from here a line is of high severity")
    return_risk: float = parameter(0.5, "probability", "an order more likely than not to come back deserves a look")
    expiry_days: int = parameter(7, "days", "an override that ends within so many days is announced")
    returnable_days: tuple[int, int, int] = parameter(
        (7, 14, 30), "days", "looking ahead at lots that reach the end of their return window"
    )

    def __post_init__(self) -> None:
        """Check the order of thresholds."""
        if self.max_rows < 1:
            raise ValueError("max_rows: must be at least 1")
        if not 0 <= self.small_cny <= self.medium_cny <= self.high_cny:
            raise ValueError("small_cny: must not exceed medium_cny, nor that high_cny")
        if not 0 <= self.return_risk <= 1:
            raise ValueError("return_risk: must be a probability")
        if list(self.returnable_days) != sorted(self.returnable_days) or self.returnable_days[0] < 1:
            raise ValueError("returnable_days: must rise from at least 1")
