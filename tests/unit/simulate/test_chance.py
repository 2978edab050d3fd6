import numpy as np
import pandas as pd

from vmi.simulate.chance import Chance, LaneLuck, lead_days


def test_a_draw_is_a_matter_of_seed_kind_and_key_alone() -> None:
    once = Chance(7).uniform("lead", ["a", "b"])
    other_order = Chance(7).uniform("lead", ["c", "b", "a"])
    assert once.tolist() == [other_order[2], other_order[1]]
    assert once[0] != Chance(8).uniform("lead", ["a"])[0]
    assert once[0] != Chance(7).uniform("transit", ["a"])[0]


def test_draws_are_uniform() -> None:
    drawn = Chance(1).uniform("lead", [str(k) for k in range(20_000)])
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(np.mean(drawn < 0.1) - 0.1) < 0.01


def test_lead_times_have_the_quoted_mean_and_spread() -> None:
    uniform = Chance(1).uniform("lead", [str(k) for k in range(20_000)])
    drawn = lead_days(np.full(20_000, 10.0), np.full(20_000, 3.0), uniform)
    assert abs(drawn.mean() - 10.0) < 0.1
    assert abs(drawn.std() - 3.0) < 0.1


def test_a_lead_time_without_spread_is_the_quoted_one_in_whole_days() -> None:
    assert lead_days(np.array([2.2, 0.0]), np.zeros(2), np.array([0.9, 0.9])).tolist() == [3, 0]


def test_a_lane_with_a_past_of_its_own_is_judged_by_it_others_by_their_service() -> None:
    own = pd.DataFrame({"warehouse_id": "W1", "city": "A", "service": "standard", "late_hours": [5.0] * 20})
    few = pd.DataFrame({"warehouse_id": "W2", "city": "A", "service": "standard", "late_hours": [1.0] * 3})
    luck = LaneLuck(pd.concat([own, few]))
    lanes = [("W1", "A", "standard"), ("W2", "A", "standard"), ("W2", "A", "same_day")]
    late = luck.late_hours(lanes, np.array([0.5, 0.01, 0.5]))
    assert late.tolist() == [5.0, 1.0, 0.0]


def test_a_lanes_luck_is_the_quantile_of_its_past_to_the_last_bit() -> None:
    drawn = np.random.default_rng(3)
    past = pd.DataFrame(
        {"warehouse_id": "W1", "city": "A", "service": "standard", "late_hours": drawn.normal(0, 3, 37)}
    )
    levels = np.append(drawn.random(200), [0.0, 1.0])
    found = LaneLuck(past).late_hours([("W1", "A", "standard")] * len(levels), levels)
    assert found.tolist() == [float(np.quantile(past["late_hours"], level)) for level in levels]
