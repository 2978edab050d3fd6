"""What an optimisation can show for itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Optimisation:
    """What was proven: ``objective`` of the solution found and ``bound`` below which none lies [CNY]."""

    name: str
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """Return (objective − bound) / |objective|, 0 where both vanish."""
        distance = max(self.objective - self.bound, 0.0)
        return round(distance / max(abs(self.objective), 1e-9), 9) if distance > 1e-6 else 0.0
