"""Differences: paired over seeds, over weeks where there is one seed, and silent where nothing can be known."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.made_outcomes import company_of_policies, made, with_nights
from vmi.simulate.compare import (
    DIFFERENCES,
    LINE_FILL,
    SAME_DAY,
    SAME_ORDERS,
    TOTAL,
    by_run,
    difference,
    differences,
    over_seeds,
    same_orders,
)
from vmi.simulate.outcome import COST_KINDS, Outcome


def costing(policy: str, seed: int, a_night: list[float]) -> Outcome:
    return with_nights(made(policy, seed=seed, nights=len(a_night)), total_cny=a_night)


def total(found: pd.DataFrame) -> pd.Series:
    return found.loc[found["figure"].eq("total_cny")].iloc[0]


def test_two_seeds_are_paired_and_students_factor_of_one_degree_is_taken() -> None:
    ours = [costing("b", 1, [110.0]), costing("b", 2, [216.0])]
    base = [costing("a", 1, [100.0]), costing("a", 2, [200.0])]
    row = total(differences([*base, *ours], 0.95))
    # Differences 10 and 16: mean 13, standard error 3; t(0.975, 1) = 12.7062.
    assert (row["difference"], row["basis"], row["pairs"]) == (13.0, "seeds", 2)
    assert row["low"] == pytest.approx(13 - 3 * 12.7062, abs=0.01)
    assert row["high"] == pytest.approx(13 + 3 * 12.7062, abs=0.01)


def test_what_a_seed_does_to_both_falls_out_of_the_difference() -> None:
    base = [costing("a", seed, [1000.0 * seed]) for seed in (1, 2, 3)]
    ours = [costing("b", seed, [1000.0 * seed + 5]) for seed in (1, 2, 3)]
    row = total(differences([*base, *ours], 0.95))
    assert (row["low"], row["difference"], row["high"]) == (5.0, 5.0, 5.0)


def replayed(outcomes: list[Outcome], **orders: float) -> list[Outcome]:
    return [with_nights(o, **{"lines_ordered": 50, "units_ordered": 70, **orders}) for o in outcomes]


def test_seeds_that_replay_the_same_orders_are_said_to_speak_of_these_alone() -> None:
    base = [costing("a", seed, [100.0, 100.0]) for seed in (1, 2)]
    ours = [costing("b", seed, [110.0 + seed, 110.0]) for seed in (1, 2)]
    row = total(differences(replayed([*base, *ours]), 0.95))
    assert (row["basis"], row["note"]) == ("seeds", SAME_ORDERS)
    assert total(differences([*base, *ours], 0.95))["note"] == ""
    assert difference(replayed(ours), replayed(base), TOTAL, 0.95)[2].same_orders


def test_orders_are_the_same_only_if_lines_and_units_are_on_every_night_of_several_seeds() -> None:
    one, other = costing("a", 1, [1.0, 1.0]), costing("a", 2, [1.0, 1.0])
    assert same_orders(replayed([one, other]))
    assert not same_orders(replayed([one]))
    assert not same_orders([*replayed([one]), *replayed([other], units_ordered=71)])
    assert not same_orders([*replayed([one]), with_nights(*replayed([other]), lines_ordered=[50, 51])])


def test_only_seeds_that_both_lived_are_compared() -> None:
    base = [costing("a", 1, [100.0]), costing("a", 2, [100.0]), costing("a", 3, [900.0])]
    ours = [costing("b", 1, [101.0]), costing("b", 2, [103.0])]
    value, base_value, interval = difference(ours, base, TOTAL, 0.95)
    assert (value, base_value, interval.mean, interval.pairs) == (102.0, 100.0, 2.0, 2)
    apart = difference([costing("b", 7, [1.0])], base, TOTAL, 0.95)[2]
    assert (apart.known, apart.note) == (False, "the runs share no seed")


def test_one_seed_is_judged_by_batch_means_over_whole_weeks() -> None:
    weekly = [10.0, 20.0, 30.0, 40.0]
    base = costing("a", 1, [0.0] * 30)
    ours = costing("b", 1, [x for x in weekly for _ in range(7)] + [25.0, 25.0])
    row = total(differences([base, ours], 0.9))
    half = 2.3534 * np.std(weekly, ddof=1) / 2
    assert (row["difference"], row["basis"], row["pairs"]) == (25.0, "weeks", 4)
    assert (row["low"], row["high"]) == (pytest.approx(25 - half, abs=0.01), pytest.approx(25 + half, abs=0.01))
    assert "days only" in row["note"]


def test_fewer_than_four_whole_weeks_of_one_seed_say_nothing() -> None:
    row = total(differences([costing("a", 1, [1.0] * 27), costing("b", 1, [2.0] * 27)], 0.95))
    assert row["difference"] == 1.0
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert row["note"] == "one seed and fewer than 4 whole weeks"


def test_a_share_is_a_ratio_of_sums_and_a_week_without_lines_does_no_harm() -> None:
    due = np.repeat([10, 0, 30, 10, 10], 7)
    one = with_nights(made("b", nights=35), lines_due=due, lines_on_time=np.repeat([10, 0, 15, 10, 10], 7))
    base = with_nights(made("a", nights=35), lines_due=due, lines_on_time=due)
    value, base_value, interval = difference([one], [base], LINE_FILL, 0.95)
    assert (value, base_value) == (0.75, 1.0)
    assert interval.mean == -0.25
    # (y - R x) / mean(x) of the weeks: 2.5, 0, -7.5, 2.5, 2.5 over 12; t(0.975, 4) = 2.7764.
    deviations = np.array([2.5, 0, -7.5, 2.5, 2.5]) / 12
    assert interval.high - interval.mean == pytest.approx(2.7764 * deviations.std(ddof=1) / np.sqrt(5), rel=1e-4)


def test_a_figure_of_nothing_is_not_known() -> None:
    none = [with_nights(made(p, nights=28), same_day_ordered=0, same_day_on_time=0) for p in ("a", "b")]
    interval = difference(none[:1], none[1:], SAME_DAY, 0.95)[2]
    assert np.isnan(interval.mean)
    assert interval.note == "nothing was counted"


def test_policies_are_compared_with_the_first_and_scenarios_with_the_plain_one() -> None:
    runs = [made(p, s, nights=7) for s in ("slow", "") for p in ("vmi", "textbook")]
    found = differences(runs, 0.95).drop_duplicates(["policy", "scenario", "base_policy", "base_scenario"])
    assert found[["compared", "policy", "scenario", "base_policy", "base_scenario"]].to_numpy().tolist() == [
        ["policies", "textbook", "", "vmi", ""],
        ["policies", "textbook", "slow", "vmi", "slow"],
        ["scenarios", "vmi", "slow", "vmi", ""],
        ["scenarios", "textbook", "slow", "textbook", ""],
    ]


def test_every_kind_of_cost_service_and_stock_are_compared() -> None:
    found = differences([made("a", nights=7), made("b", nights=7)], 0.95)
    kinds = [f"{kind}_cny" for kind in COST_KINDS]
    assert found["figure"].tolist() == ["total_cny", *kinds, "line_fill", "same_day_rate", "stock_cny"]
    assert tuple(found.columns) == DIFFERENCES.columns


def test_a_single_run_has_no_differences() -> None:
    assert differences([made()], 0.95).empty


def test_the_kinds_add_up_to_the_difference_of_the_total() -> None:
    found = differences(company_of_policies(2, 14), 0.95)
    for _, rows in found.groupby(["policy", "scenario"]):
        by_figure = rows.set_index("figure")["difference"]
        kinds = by_figure[[f"{kind}_cny" for kind in COST_KINDS]].sum()
        assert kinds == pytest.approx(by_figure["total_cny"], abs=0.05)


def test_the_order_of_nights_and_of_seeds_does_not_matter() -> None:
    runs = company_of_policies(3, 35)
    turned = [with_nights(o) for o in runs]
    for outcome in turned:
        object.__setattr__(outcome, "nights", outcome.nights.iloc[::-1])
    by_seed = sorted(turned, key=lambda o: -o.seed)
    pd.testing.assert_frame_equal(differences(runs, 0.95), differences(by_seed, 0.95))
    one = [o for o in runs if o.seed == 1]
    pd.testing.assert_frame_equal(differences(one, 0.95), differences([o for o in turned if o.seed == 1], 0.95))


def test_runs_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="'vmi', scenario '': a seed is there twice"):
        by_run([made(), made()])
    with pytest.raises(ValueError, match="different nights"):
        by_run([made("a", nights=3), made("b", nights=4)])
    with pytest.raises(ValueError, match="no run"):
        by_run([])


def test_a_single_value_has_a_mean_and_no_interval() -> None:
    interval = over_seeds([3.0, float("nan")], 0.95)
    assert (interval.mean, interval.known, interval.proven) == (3.0, False, False)
