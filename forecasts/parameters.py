"""What the forecaster may be told: every knob with unit, default and the reason for that default."""

import re
from dataclasses import dataclass, field
from typing import Any

SHORTEST_HORIZON_DAYS = 91


def _parameter(default: float | int | str, unit: str, why: str) -> Any:
    return field(default=default, metadata={"unit": unit, "why": why})


@dataclass(frozen=True)
class Parameters:
    """Parameters of :func:`forecasts.daily.forecast_daily`; ``ValueError`` if one cannot be meant."""

    horizon_days: int = _parameter(
        200, "days", "longest return window (90) plus the longest lead and review, with room"
    )
    half_life_weeks: float = _parameter(
        39.0, "weeks", "half weight after nine months: car parts like 26, a manufacturer's parts 52"
    )
    prior_strength: float = _parameter(1.0, "factor", "on the strength of the prior that a pool's moments give")
    drift_cv2: float = _parameter(
        0.1, "squared CV", "rates move within the horizon: P90 of 13 weeks held 85 % without it, 86 to 92 with"
    )
    pool_series: float = _parameter(
        20.0, "series", "series a parent pool counts for when a pool's spread of rates is learned"
    )
    size_prior_lines: float = _parameter(3.0, "lines", "order lines the family's sizes count for in a part's own sizes")
    new_part_days: int = _parameter(
        56, "days", "observed for less, a series is new: no demand class and no own pattern yet"
    )
    ets_min_weekly_mean: float = _parameter(
        10.0, "units/week", "below this counts are not nearly normal and ETS has no say"
    )
    ets_max_zero_share: float = _parameter(
        0.05, "fraction", "ETS reads zeros as level; more of them belong to the count model"
    )
    ets_min_weeks: int = _parameter(52, "weeks", "a damped trend of less than a year is a season misread")
    ets_max_series: int = _parameter(400, "series", "about 5 to 20 ms each: the most voluminous smooth series")
    judge_days: int = _parameter(
        7, "days", "methods are judged anew so often; between, and unless clearly beaten, a class keeps its method"
    )
    prophet_min_days: int = _parameter(
        365, "days", "weekday and holiday effects need a year; yearly season is added from two"
    )
    prophet_min_lines: int = _parameter(
        2000, "order lines", "below this a group's own season is mostly noise: its parent's is used"
    )
    prophet_max_groups: int = _parameter(120, "fits", "about 0.1 s each; smaller groups use their family's or region's")
    prophet_max_days: int = _parameter(1461, "days", "four years: older seasons say little and cost time")
    profile_refit_days: int = _parameter(
        7, "days", "seasons change slowly: a fit is kept for a week, each on a night of its own; 1 fits every night"
    )
    warning_min_days: int = _parameter(
        10, "days", "with as many warned days in a group's history the effect is learned, with fewer it is as stated"
    )
    trend_half_life_days: float = _parameter(30.0, "days", "a trend fades: half of its slope is believed a month ahead")
    trend_limit: float = _parameter(
        1.5, "ratio", "a group is never expected to grow or shrink by more than this by trend"
    )
    workers: int = _parameter(2, "processes", "the fits are independent; results do not depend on the number")
    parallel_from: int = _parameter(
        80, "fits", "starting a process costs three seconds of imports; fewer fits run in this one"
    )
    cluster: str = _parameter(
        "",
        "address",
        "of a running Dask scheduler, tcp://host:8786: fits and simulated lives go to its workers; empty, to processes"
        " of this machine; results are the same",
    )
    fit_timeout_seconds: float = _parameter(
        60.0, "seconds", "a fit takes one at most; later it is stuck: given up, and its series fall back"
    )
    seed: int = _parameter(
        20260101, "seed", "given to Prophet's optimiser; its start is fixed, so it changes nothing visible"
    )

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        for name in (
            "horizon_days",
            "half_life_weeks",
            "prior_strength",
            "pool_series",
            "size_prior_lines",
            "workers",
            "profile_refit_days",
            "judge_days",
            "fit_timeout_seconds",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"forecasts.{name} must be greater than 0, not {getattr(self, name)}")
        if self.cluster and not re.fullmatch(r"[a-z]+://[^\s@]+", self.cluster):
            raise ValueError(f"forecasts.cluster must be an address such as tcp://host:8786, not {self.cluster!r}")
        if self.horizon_days < SHORTEST_HORIZON_DAYS:
            raise ValueError(
                f"forecasts.horizon_days must be at least {SHORTEST_HORIZON_DAYS}, the quarter that methods are"
                f" judged by, not {self.horizon_days}"
            )
        if not 0 <= self.ets_max_zero_share <= 1:
            raise ValueError(f"forecasts.ets_max_zero_share must lie in 0..1, not {self.ets_max_zero_share}")
        if self.trend_limit < 1:
            raise ValueError(f"forecasts.trend_limit must be at least 1, not {self.trend_limit}")
