"""Parameters of placement: what waiting, keeping and taking back cost, and how hard the optimiser works."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class PlacementParameters:
    """Costs and limits of the placement model; ``ValueError`` names the first value that cannot be meant."""

    penalty_a: float = parameter(150.0, "CNY/line/day", "an order line that waits keeps a vehicle off the road")
    penalty_b: float = parameter(45.0, "CNY/line/day", "a line that waits leaves a vehicle degraded")
    penalty_c: float = parameter(12.0, "CNY/line/day", "a line that waits costs comfort")
    penalty_same_day: float = parameter(
        400.0, "CNY/line", "a same-day line that misses its day, beside the days it waits; as dispatch reckons it"
    )
    delay_cap_days: float = parameter(6.0, "days", "after so long a line has been solved in another way")
    backorder_days: float = parameter(14.0, "days", "a line that already waits is weighed with a delay of so long")
    carrying_rate: float = parameter(0.18, "per year", "capital, insurance and ageing of a unit on the shelf")
    storage_cost: float = parameter(1.5, "CNY/m3/day", "rent and handling of the volume a unit takes")
    return_cost_rate: float = parameter(0.10, "share of unit cost", "what a unit loses when it goes back unsold")
    return_cost_per_kg: float = parameter(1.2, "CNY/kg", "freight back to the supplier")
    return_handling: float = parameter(4.0, "CNY/unit", "picking, checking and booking a unit that goes back")
    return_warning: float = parameter(0.5, "probability", "a last unit likelier than this to come back is explained")
    split_cost: float = parameter(8.0, "CNY/line", "a line sent from another warehouse travels alone, not shared")
    cover_kept_share: float = parameter(
        0.8, "share", "a warehouse may be hub for a region if its lanes keep the promise for so much of its demand"
    )
    every_hub_set_up_to: int = parameter(
        10, "warehouses", "up to here every set of hubs is weighed (1,023 of them); beyond, the greedy ones"
    )
    max_review_days: int = parameter(14, "days", "a supplier's truck to a warehouse goes at least this often if needed")
    truck_patience: float = parameter(
        1.0, "times", "a truck waits until waiting costs so many times a night's share of it; 0: it goes every night"
    )
    line_cost: float = parameter(0.0, "CNY/line", "picking and booking in a line, beside its share of the truck")
    change_cost: float = parameter(
        2.0, "CNY/warehouse", "a warehouse that becomes a hub of a part, or is one no longer, against the plan before"
    )
    inbound_lines: int = parameter(0, "lines", "most that a warehouse takes in of tonight's firm lines; 0 is no limit")
    supplier_lines: int = parameter(0, "lines", "most that a supplier picks of tonight's firm lines; 0 is no limit")
    budget: float = parameter(0.0, "CNY", "most that tonight's firm lines may be worth at unit cost; 0 is no limit")
    options_limit: int = parameter(
        200, "options", "quantities weighed per part and pool; more are taken in larger steps"
    )
    columns_limit: int = parameter(
        2_500, "columns", "quantities in the last integer program, beside one for each part that orders"
    )
    master_passes: int = parameter(60, "passes", "of the price master; it usually ends within 20")
    nodes_limit: int = parameter(
        5_000, "nodes", "of the last integer program, fewer for a large one: a limit that no machine's speed changes"
    )
    relative_gap: float = parameter(
        0.0,
        "fraction",
        "a cost proven so near the least contents placement; 0: 2e-4, or the least itself up to 60 parts that order",
    )
    forecast_weeks: int = parameter(13, "weeks", "how far ahead suppliers are told what is likely to follow")

    def __post_init__(self) -> None:
        """Check signs, order and ranges."""
        for name in self.__dataclass_fields__:
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must not be negative")
        for name in ("return_warning", "cover_kept_share", "relative_gap"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name}: must lie between 0 and 1")
        for name in ("max_review_days", "options_limit", "columns_limit", "master_passes", "nodes_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1")
        if self.backorder_days < self.delay_cap_days:
            raise ValueError("backorder_days: must not be less than delay_cap_days, or waiting would be worth less")
        if self.every_hub_set_up_to > 10:
            raise ValueError("every_hub_set_up_to: at most 10, that is 1,023 sets of hubs a part")

    def penalty_per_day(self, criticality: str) -> float:
        """Return the penalty of a waiting order line of that criticality [CNY/day]; B if it is unknown."""
        return {"A": self.penalty_a, "C": self.penalty_c}.get(criticality, self.penalty_b)
