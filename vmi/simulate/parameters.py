"""What the simulation may be told: every knob with unit, default and the reason for that default."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class SimulationParameters:
    """Parameters of ``vmi simulate``, section ``[simulation]``."""

    refit_days: int = parameter(7, "days", "forecasts are learned anew so often; between, the last one is read on")
    placement_gap: float = parameter(
        1e-3,
        "fraction",
        "a lived night's placement may stop here: proving the last 0.1 % takes most of a night's time",
    )
    weather_notice_days: int = parameter(2, "days", "a warning is known so long before it begins")
    stop_notice_days: int = parameter(0, "days", "a supplier's stop (--stop) is known so long before it begins")
    availability_renewal: float = parameter(
        1.0,
        "share",
        "of the past year's mean demand that suppliers of listed parts make anew; 0: the list is all there is",
    )
    confidence_level: float = parameter(0.95, "fraction", "confidence of the intervals of a comparison")
    checkpoint_nights: int = parameter(
        5, "nights", "an interrupted run goes on from the last multiple of so many nights"
    )

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        for name in ("refit_days", "checkpoint_nights"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, not {getattr(self, name)}")
        for name in ("placement_gap", "weather_notice_days", "stop_notice_days", "availability_renewal"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must not be negative, not {getattr(self, name)}")
        if not 0.5 <= self.confidence_level < 1:
            raise ValueError(f"confidence_level: must lie between 0.5 and 1, not {self.confidence_level}")
