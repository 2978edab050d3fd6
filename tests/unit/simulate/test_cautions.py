"""Cautions: said where they hold, and only there."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.simulate.made_outcomes import made, with_nights
from vmi.simulate.cautions import NO_WARM_UP, ONE_SEED, REPLAYED, cautions
from vmi.simulate.compare import by_run
from vmi.simulate.outcome import Outcome


def knowing(outcome: Outcome, **facts: Any) -> Outcome:
    return replace(outcome, facts={**outcome.facts, **facts})


def said(*outcomes: Outcome) -> tuple[str, ...]:
    return cautions(by_run(outcomes))


def test_nothing_is_said_where_all_is_well() -> None:
    assert said(*(made(policy, seed=seed) for policy in ("a", "b") for seed in (1, 2))) == ()
    assert said(replace(made(), facts={})) == ()


def test_intervals_of_one_seed_are_cautioned_and_one_run_has_none() -> None:
    assert said(made("a"), made("b")) == (ONE_SEED,)
    assert said(made("a")) == ()
    assert said(made("a", nights=27), made("b", nights=27)) == ()


def test_replayed_orders_are_cautioned_though_but_one_policy_ran() -> None:
    assert said(*(with_nights(made(seed=seed), lines_ordered=5) for seed in (1, 2))) == (REPLAYED,)


def test_a_cold_start_is_cautioned_and_one_after_a_warm_up_is_not() -> None:
    assert said(knowing(made(), warm_up_nights=0)) == (NO_WARM_UP,)
    assert said(knowing(made(), warm_up_nights=1)) == ()


@pytest.mark.parametrize(
    ("closing", "told"), [(110.0, ""), (111.0, "vmi +11\u00a0%"), (90.0, ""), (88.0, "vmi −12\u00a0%")]
)
def test_stock_that_ends_a_tenth_from_where_it_began_is_cautioned(closing: float, told: str) -> None:
    found = said(knowing(made(), opening_stock_cny=100.0, closing_stock_cny=closing))
    assert len(found) == bool(told)
    assert told in "".join(found)


def test_stock_is_judged_on_the_mean_of_the_seeds_and_scenarios_are_named() -> None:
    one = knowing(made(scenario="slow", seed=1), opening_stock_cny=100.0, closing_stock_cny=150.0)
    other = knowing(made(scenario="slow", seed=2), opening_stock_cny=100.0, closing_stock_cny=90.0)
    assert "(vmi under slow +20\u00a0%). A short window rewards" in said(one, other)[0]
    unknown = knowing(made(), opening_stock_cny=None)
    assert said(unknown) == ()
