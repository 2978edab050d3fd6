"""What a sample company may be asked to be: its size, its history and its seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from vmi.parameters import parameter

RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "parts": (20, 1_000_000),
        "warehouses": (1, 10),
        "centres": (1, 20_000),
        "days": (30, 3_650),
        "seed": (0, 2**63 - 1),
    }
)
SAMPLE_DAY = date(2026, 11, 20)
FIRST_AS_OF, LAST_AS_OF = date(2021, 1, 1), date(2031, 6, 30)
LINES_PER_PART_YEAR = 58.0
IN_USE = 0.88
"""Mean share of the history in which a part is neither still unknown nor already superseded."""


@dataclass(frozen=True)
class SampleParameters:
    """Size and seed of a sample company; ``ValueError`` names the first value that is out of range."""

    parts: int = parameter(300, "parts", "plans in seconds and still shows every class of demand")
    warehouses: int = parameter(6, "warehouses", "enough for pooling and transfers to matter")
    centres: int = parameter(80, "service centres", "more than a planner knows by heart")
    days: int = parameter(760, "days of history", "two full years and some, so that a yearly season can be fitted")
    lines: int | None = parameter(
        None, "order lines, about", "by default 58 a part and year, most of them of few parts"
    )
    as_of: date = field(
        default=SAMPLE_DAY,
        metadata={"unit": "day", "why": "the last day of history; Spring Festival lies in the quarter ahead"},
    )
    seed: int = parameter(7, "-", "any whole number; the same one gives the same bytes")

    def __post_init__(self) -> None:
        """Refuse sizes that no company has and days that the lunar calendar here does not reach."""
        for name, (smallest, largest) in RANGES.items():
            value = getattr(self, name)
            if not smallest <= value <= largest:
                raise ValueError(f"sample {name} is {value}: give {smallest} to {largest}")
        if self.lines is not None and self.lines < 1:
            raise ValueError(f"sample lines is {self.lines}: give 1 or more, or none for the default")
        if not FIRST_AS_OF <= self.as_of <= LAST_AS_OF:
            raise ValueError(f"sample as_of is {self.as_of}: give a day from {FIRST_AS_OF} to {LAST_AS_OF}")

    @property
    def lines_per_part_year(self) -> float:
        """Return the mean order lines a year of a part in full use."""
        if self.lines is None:
            return LINES_PER_PART_YEAR / IN_USE
        return self.lines / self.parts / (self.days / 365.25) / IN_USE
