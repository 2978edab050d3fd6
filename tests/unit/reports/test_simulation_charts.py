"""Charts of a simulation say what the runs say: marks, bands, names that keep apart, the frontier."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.made_outcomes import made
from vmi.reports.simulation.axes import day_marks, round_marks, share_marks, spread
from vmi.reports.simulation.frontier import Dot, unbeaten
from vmi.reports.simulation.service import weekly_shares
from vmi.reports.simulation.spans import span
from vmi.reports.simulation.stock import MOST_POINTS, value_by_age
from vmi.reports.simulation.view import LONGEST_NAME, Run

NOTHING: Mapping[str, Any] = {"bound": False, "figures": {}}


def run(policy: str, scenario: str = "") -> Run:
    return Run(policy, scenario, "#000", NOTHING, pd.DataFrame())


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(9_300.0, 10_900.0, [9_000, 9_500, 10_000, 10_500, 11_000]), (5.0, 5.0, [5.0, 5.2]), (0, 0, [0, 0.05])],
)
def test_marks_are_round_and_hold_the_values(low: float, high: float, marks: list[float]) -> None:
    found = round_marks(low, high)
    assert found[: len(marks)] == pytest.approx(marks)
    assert found[0] <= low
    assert found[-1] >= high


@pytest.mark.parametrize("values", [[1.0], [0.0], [0.999, 1.0], [0.2, 0.97], []])
def test_marks_of_shares_never_leave_the_whole(values: list[float]) -> None:
    marks = share_marks(values)
    assert len(marks) >= 2
    assert marks[0] >= 0
    assert marks[-1] <= 1 + 1e-9
    assert all(marks[0] - 1e-9 <= value <= marks[-1] + 1e-9 for value in values)


def test_names_keep_apart_keep_their_order_and_stay_inside() -> None:
    assert spread([50, 51, 10], 14, 0, 100) == [50, 64, 10]
    assert spread([99, 98], 14, 0, 100) == [100, 86]
    crowded = spread([50.0] * 30, 14, 0, 100)
    assert min(crowded) >= -1e-9
    assert max(crowded) <= 100 + 1e-9
    assert np.diff(sorted(crowded)) == pytest.approx(np.full(29, 100 / 29))


def test_few_days_are_all_written_and_many_at_equal_steps() -> None:
    days = list(pd.date_range("2026-09-07", periods=20, freq="7D"))
    assert day_marks(days[:3]) == [0, 1, 2]
    assert day_marks(days) == [0, 3, 6, 9, 12, 15, 18]


def test_the_weekly_share_is_a_ratio_of_sums_over_all_seeds() -> None:
    nights = pd.DataFrame(
        {
            "night": [*pd.date_range("2026-09-07", periods=8), pd.Timestamp("2026-09-07")],
            "kept": [1, 0, 0, 0, 0, 0, 0, 0, 30],
            "due": [10, 0, 0, 0, 0, 0, 0, 0, 30],
        }
    )
    shares = weekly_shares(nights, "kept", "due")
    assert shares[0] == 31 / 40
    assert np.isnan(shares[1])


def test_stock_by_age_is_the_mean_of_the_seeds_and_few_enough_points_to_draw() -> None:
    frames = [made(seed=seed, nights=3).nights for seed in (1, 2)]
    values = value_by_age(pd.concat(frames))
    both = [frame["stock_31_60_cny"].to_numpy(float) for frame in frames]
    assert values["31_60"].tolist() == pytest.approx(np.mean(both, axis=0).tolist())
    long = value_by_age(made(nights=400).nights)
    assert len(long) <= MOST_POINTS
    assert long.index[0] == pd.Timestamp("2026-09-07")


def test_the_frontier_holds_what_no_other_beats() -> None:
    places = {"cheap": (0.8, 10.0), "good": (0.95, 20.0), "worse": (0.9, 25.0), "equal": (0.95, 20.0)}
    dots = [Dot(run(name), *place) for name, place in places.items()]
    assert [dot.run.policy for dot in unbeaten(dots)] == ["cheap", "equal", "good"]


def test_a_span_names_the_ends_and_says_once_what_is_alike() -> None:
    def write(share: float) -> str:
        return f"{share:.0%}"

    assert span([(0.9, "a"), (0.8, "b"), (None, "c")], write, "of lines") == "From 80% (b) to 90% (a) of lines"
    assert span([(0.901, "a"), (0.9, "b")], write, "of lines") == "90% of lines"
    assert span([(None, "a")], write, "of lines") == "Share of lines: not known"


def test_names_in_charts_are_short_and_still_tell_scenarios_apart() -> None:
    assert run("vmi", "contract.return_window_days=60").short == "vmi, return_window_days=60"
    long = [run("zero_inventory", f"contract.return_window_days={days}").short for days in (60, 120)]
    assert len(set(long)) == 2
    assert all(len(name) <= LONGEST_NAME for name in long)
    assert run("textbook:1.5").short == "textbook:1.5"
