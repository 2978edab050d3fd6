"""What returns and transfers may be told: every knob with unit, default and the reason for that default."""

from dataclasses import dataclass, fields

from vmi.parameters import parameter


@dataclass(frozen=True)
class ReturnParameters:
    """Parameters of returns and transfers, section ``[returns]``."""

    look_ahead_days: int = parameter(30, "days", "relocation is tested this long before the window ends")
    min_days_left: int = parameter(7, "days", "a lot that arrives with less is back on a truck within a week")
    min_transfer_gain: float = parameter(10.0, "CNY", "below this, handling and its mistakes eat the gain")
    return_handling: float = parameter(6.0, "CNY/unit", "pick, check and paperwork of a returned unit")
    return_rate: float = parameter(0.05, "fraction", "of the unit's cost: what suppliers ask for taking it back")
    return_freight_per_kg: float = parameter(1.2, "CNY/kg", "freight back to the supplier, as placement reckons it")
    carrying_rate: float = parameter(0.18, "fraction/year", "capital, space and loss of a year on the shelf")
    superseded_quiet_days: int = parameter(
        180, "days", "an old part that nobody can use and nobody ordered for half a year goes back"
    )
    relative_gap: float = parameter(2e-3, "fraction", "below what the demand distributions know")
    node_limit: int = parameter(5, "nodes", "a limit that gives the same plan on every machine, unlike seconds")
    exact_columns: int = parameter(
        2000, "columns", "up to here the whole program is solved as integers in a second or two"
    )
    price_within: float = parameter(
        1.0, "CNY", "above the exact size, choices that the linear relaxation prices dearer than this are left out"
    )
    max_units: int = parameter(60, "units", "of a lot weighed one by one per target; more would not sell there")

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        for declared in fields(self):
            if not getattr(self, declared.name) >= 0:
                raise ValueError(f"{declared.name}: must not be negative, not {getattr(self, declared.name)}")
        for name in ("node_limit", "max_units"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, not {getattr(self, name)}")
