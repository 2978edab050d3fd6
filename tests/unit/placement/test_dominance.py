"""Patterns that are left out: never missed, whatever the prices, and what is kept is listed by its least cost."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases import prepare
from benchmarks.companies import company
from vmi.placement.dominance import every_pattern
from vmi.placement.instance import Instance
from vmi.placement.master import answer
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Choice, best_plans


@pytest.fixture(scope="module")
def instance() -> Instance:
    """Return parts that had hubs before, so that the hubs of a pattern matter too."""
    problem = company(400, 7, seed=3)
    before = np.random.default_rng(3).random(problem.hubs_before.shape) < 0.3
    parameters = PlacementParameters(every_hub_set_up_to=7, change_cost=2.0)
    return prepare(replace(problem, hubs_before=before), parameters).pooled()


def out_of_all(instance: Instance, prices: np.ndarray) -> Choice:
    """Return what parts answer when every pattern of their class is weighed."""
    rules = instance.rules(instance.free_choice())._replace(listed=every_pattern(instance.menu))
    return best_plans(instance.everyone, rules, instance.charges(prices))


@pytest.mark.parametrize("level", [0.0, 0.1, 1.0, 10.0, 1000.0])
def test_no_prices_make_a_pattern_best_that_is_left_out(instance: Instance, level: float) -> None:
    for seed in range(3):
        prices = level * np.random.default_rng(seed).lognormal(0.0, 2.0, len(instance.free))
        some = answer(instance, instance.everyone, instance.free_choice(), prices)
        every = out_of_all(instance, prices)
        assert some.value == pytest.approx(every.value, rel=1e-12, abs=1e-8)


def test_most_patterns_are_left_out_and_the_rest_is_listed_by_what_it_costs_at_least(instance: Instance) -> None:
    listed, none = instance.listed, np.zeros(len(instance.free))
    patterns = np.diff(instance.menu.pattern_from)[instance.menu.part_class]
    assert (listed.stop - listed.start).sum() < 0.5 * patterns.sum()
    least = answer(instance, instance.everyone, instance.free_choice(), none).value
    for i, (start, stop) in enumerate(zip(listed.start, listed.stop, strict=True)):
        assert listed.least[start] <= least[i] + 1e-8
        assert (np.diff(listed.least[start:stop]) >= 0).all()
        assert len(set(listed.pattern[start:stop].tolist())) == stop - start > 0


def test_a_pattern_that_is_fixed_is_taken_even_if_it_is_left_out(instance: Instance) -> None:
    free, none = instance.free_choice(), np.zeros(len(instance.free))
    last = np.diff(instance.menu.pattern_from)[instance.menu.part_class] - 1
    said = answer(instance, instance.everyone, free._replace(pattern=last), none)
    assert (said.pattern == last).all()
