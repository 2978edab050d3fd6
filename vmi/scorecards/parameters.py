"""Parameters of the scorecards: targets, weights, grades, and what triggers a review."""

from dataclasses import dataclass

from vmi.parameters import parameter


@dataclass(frozen=True)
class ScorecardParameters:
    """Targets and weights per metric; weights of unknown metrics fall to the known ones."""

    months: int = parameter(3, "months", "this month and two before it: enough to see something twice")
    index_cap: float = parameter(1.2, "index", "excellence in one metric must not hide failure in another")
    grade_a: float = parameter(1.0, "index", "A: every target met on average")
    grade_b: float = parameter(0.9, "index", "B: within a tenth of the targets")
    grade_c: float = parameter(0.75, "index", "C: within a quarter; D below")
    review_below: float = parameter(0.9, "index", "a metric below this in two months running calls for a review")
    aged_days: int = parameter(60, "days", "stock older than two thirds of a 90-day window is on its way back")
    lead_time_tolerance_days: int = parameter(1, "days", "a day late on the road is noise, more is not")
    target_answer_rate: float = parameter(0.95, "share", "firm lines answered in time let the night plan on them")
    target_otif: float = parameter(0.95, "share", "firm lines received as confirmed")
    target_availability: float = parameter(0.98, "share", "units the supplier had of those the plan wanted")
    target_return_share: float = parameter(0.05, "share", "value that goes back; less is better")
    target_lead_time_adherence: float = parameter(0.95, "share", "the lead time quoted is the one planned with")
    target_line_fill_48h: float = parameter(0.96, "share", "the company's target for standard lines")
    target_same_day_rate: float = parameter(0.95, "share", "the company's target for urgent lines")
    target_stocking_accuracy: float = parameter(0.93, "share", "the company's target for parts in the right place")
    target_utilisation: float = parameter(0.85, "share", "fuller than this and put-away slows; less is better")
    target_aged_share: float = parameter(0.10, "share", "stock value older than aged_days; less is better")

    def __post_init__(self) -> None:
        """Check months, the order of grades, and that targets can be divided by."""
        if self.months < 1:
            raise ValueError("months: must be at least 1")
        if not self.grade_a >= self.grade_b >= self.grade_c > 0:
            raise ValueError("grade_a: grades must fall from A to C and stay above 0")
        for metric in METRICS:
            if not 0 < self.target(metric) <= 1:
                raise ValueError(f"target_{metric}: must be a share above 0, at most 1")

    def target(self, metric: str) -> float:
        """Return the target of ``metric``."""
        return float(getattr(self, f"target_{metric}"))


WEIGHTS: dict[str, dict[str, float]] = {
    "supplier": {
        "answer_rate": 0.15,
        "otif": 0.35,
        "availability": 0.2,
        "return_share": 0.1,
        "lead_time_adherence": 0.2,
    },
    "warehouse": {
        "line_fill_48h": 0.35,
        "same_day_rate": 0.2,
        "stocking_accuracy": 0.25,
        "utilisation": 0.1,
        "aged_share": 0.1,
    },
}
"""Weight of each metric by scope; service first, then what makes it possible. They add up to 1."""

METRICS = tuple(metric for weights in WEIGHTS.values() for metric in weights)
LESS_IS_BETTER = ("return_share", "utilisation", "aged_share")
