"""Parameters of the figures: the window they look back over and the targets they are held to."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class KpiParameters:
    """The window of every figure, and today's figures to beat; a figure without a target is shown without a verdict."""

    kpi_days: int = parameter(28, "days", "four whole weeks up to as_of: long enough to count, short enough to act on")
    firm_window_days: int = parameter(
        7, "days", "lines due within so many days of the last plan are being packed; changing them is churn"
    )
    target_line_fill_48h: float = parameter(0.96, "share", "the fill that the company reaches today, to be beaten")
    target_same_day_rate: float = parameter(0.95, "share", "the urgent lines that arrive the same day today")
    target_inventory_days: float = parameter(22.0, "days", "the stock cover held today; less is better")
    target_forecast_accuracy: float = parameter(0.88, "share", "the four-week forecast accuracy reached today")
    target_stocking_accuracy: float = parameter(0.93, "share", "how often the covering warehouse has the part today")

    def __post_init__(self) -> None:
        """Check windows and that shares are shares."""
        for name in ("kpi_days", "firm_window_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least one day")
        for name in ("line_fill_48h", "same_day_rate", "forecast_accuracy", "stocking_accuracy"):
            if not 0 <= getattr(self, f"target_{name}") <= 1:
                raise ValueError(f"target_{name}: must be a share between 0 and 1")
        if self.target_inventory_days <= 0:
            raise ValueError("target_inventory_days: must be positive")

    def target(self, name: str) -> float | None:
        """Return the target of the figure ``name``, ``None`` if it has none."""
        found: float | None = getattr(self, f"target_{name}", None)
        return found
