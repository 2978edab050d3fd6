"""What an import tolerates."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class ImportParameters:
    """Limits of an import; each row or file beyond them is rejected or refused with its reason."""

    max_reject_share: float = parameter(
        0.05,
        "fraction of a file's rows",
        "more broken references than this point to a missing or outdated master file, not to typing errors",
    )
    future_tolerance_days: int = parameter(
        1, "days", "clocks and time zones differ; a fact dated later than this cannot have happened yet"
    )
    delivery_horizon_days: int = parameter(
        60, "days", "shipped_at and delivered_at may be booked ahead, as far as a carrier plans"
    )
    largest_file_mb: int = parameter(
        8192, "MB, unpacked", "a small .gz can unpack to more than any disk; ten times our largest order history"
    )

    def __post_init__(self) -> None:
        """Check shares and signs."""
        if not 0 <= self.max_reject_share <= 1:
            raise ValueError(f"max_reject_share: {self.max_reject_share} is not between 0 and 1")
        for name in ("future_tolerance_days", "delivery_horizon_days"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must not be negative")
        if self.largest_file_mb < 1:
            raise ValueError("largest_file_mb: must be at least 1")
