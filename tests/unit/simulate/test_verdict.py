"""The verdict in words: what the figures say, "not known" where they are missing, never more than the interval."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.simulate.made_outcomes import company_of_policies, made, with_nights
from vmi.simulate.cautions import ONE_SEED, REPLAYED
from vmi.simulate.outcome import Outcome
from vmi.simulate.verdict import Precondition, verdict


def asked(**facts: Any) -> dict[str, Precondition]:
    outcome = made(nights=1)
    told = verdict([replace(outcome, facts={**outcome.facts, **facts})], 0.95).preconditions
    return dict(zip(("wait", "deliver", "predict"), told, strict=True))


def run(policy: str, seed: int, cost: float, fill: float = 0.95, urgent: float | None = 0.9) -> Outcome:
    counted = {"same_day_ordered": 0 if urgent is None else 1000, "same_day_on_time": round(1000 * (urgent or 0))}
    return with_nights(
        made(policy, seed=seed, nights=1),
        **{"total_cny": cost, "lines_due": 1000, "lines_on_time": round(1000 * fill), **counted},
    )


def two(costs: list[tuple[float, float]], **service: float) -> list[Outcome]:
    """Return vmi and textbook, a pair of costs a seed."""
    pairs = [(run("vmi", n, a), run("textbook", n, b, **service)) for n, (a, b) in enumerate(costs, start=1)]
    return [outcome for policy in zip(*pairs, strict=True) for outcome in policy]


@pytest.mark.parametrize(
    ("share", "answer"), [(0.95, "yes"), (0.94, "partly"), (0.5, "partly"), (0.49, "no"), (None, "not known")]
)
def test_customers_can_wait_where_promises_tolerate_it(share: float | None, answer: str) -> None:
    assert asked(tolerant_share=share)["wait"].answer == answer


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"supplier_lead_p90_days": 2.0, "supplier_available_share": 0.95}, "yes"),
        ({"supplier_lead_p90_days": 2.1, "supplier_available_share": 0.95}, "partly"),
        ({"supplier_lead_p90_days": 7.1}, "no"),
        ({"supplier_lead_p90_days": 2.0, "supplier_answer_rate": 0.6}, "no"),
        ({"supplier_lead_p90_days": None}, "not known"),
        ({"supplier_lead_p90_days": None, "supplier_available_share": 0.5}, "no"),
    ],
)
def test_suppliers_deliver_as_well_as_their_worst_figure(facts: dict[str, float | None], answer: str) -> None:
    assert asked(**facts)["deliver"].answer == answer


def test_missing_answers_of_suppliers_are_said_and_not_guessed() -> None:
    told = asked(supplier_answer_rate=None)["deliver"]
    assert told.evidence[2].shown == "not known"
    assert "answers are not simulated; the scorecards of the real nights measure them. Judged without" in told.note
    assert "confirmations" not in told.note
    assert "scorecards" not in asked(supplier_answer_rate=0.99)["deliver"].note


def test_what_short_at_its_supplier_means_is_said() -> None:
    assert "less than the window's orders over as many days" in asked()["deliver"].note


@pytest.mark.parametrize(
    ("held", "accuracy", "answer"),
    [
        (0.9, 0.8, "yes"),
        (0.99, 0.8, "partly"),
        (0.86, 0.8, "partly"),
        (0.79, 0.8, "no"),
        (0.9, 0.3, "no"),
        (0.9, None, "not known"),
        (float("nan"), 0.8, "not known"),
    ],
)
def test_demand_is_predicted_where_chances_hold_and_the_error_is_small(
    held: float, accuracy: float | None, answer: str
) -> None:
    assert asked(forecast_p90_share=held, forecast_accuracy=accuracy)["predict"].answer == answer


def test_every_answer_carries_its_figure_and_what_it_is_held_to() -> None:
    told = asked()["wait"].evidence[0]
    assert (told.value, told.shown, told.held_to) == (0.62, "62.0\xa0%", "yes from 95\xa0%, partly from 50\xa0%")


def test_facts_come_from_the_first_policy_that_knows_them_and_forecasts_never_from_the_bound() -> None:
    blind = replace(made("zero_inventory", nights=1), facts={})
    seer = replace(made("clairvoyant", nights=1), facts={"forecast_accuracy": 1.0, "forecast_p90_share": 0.9})
    forecaster = made("vmi", nights=1)
    assert verdict([blind, seer, forecaster], 0.95).preconditions[2].evidence[1].value == 0.55
    assert verdict([blind, seer], 0.95).preconditions[2].answer == "not known"


def test_a_proven_saving_is_named_with_its_interval() -> None:
    told = verdict(two([(100.0, 200.0), (110.0, 212.0), (90.0, 188.0)]), 0.95)
    assert (told.policy, told.headline) == ("vmi", "vmi costs least at the best service")
    assert told.sentences[1] == (
        "Against textbook it costs ¥100 a night less: 95\xa0% interval of the saving ¥95.03 to ¥105, over 3 seeds."
    )


def test_what_replayed_orders_prove_is_proven_for_these_orders_only() -> None:
    replayed = [with_nights(o, lines_ordered=1000) for o in two([(100.0, 200.0), (110.0, 212.0), (90.0, 188.0)])]
    slow = [replace(with_nights(run("vmi", n, 300.0 + n), lines_ordered=1000), scenario="slow") for n in (1, 2, 3)]
    told = verdict([*replayed, *slow], 0.95)
    assert told.headline == "vmi costs least at the best service, proven for these orders only"
    assert told.sentences[1].startswith("Against textbook it costs ¥100 a night less for these orders: ")
    assert told.sentences[1].endswith(", over 3 seeds of the same orders.")
    assert told.sentences[2].startswith("Under slow vmi costs ¥202 a night more for these orders: ")
    assert told.cautions == (REPLAYED,)


def test_an_interval_that_holds_zero_proves_no_difference() -> None:
    told = verdict(two([(100.0, 130.0), (100.0, 80.0), (100.0, 105.0)]), 0.95)
    assert told.headline == "vmi costs least at the best service on the mean; not proven against textbook"
    assert told.sentences[1].startswith("Against textbook no difference is proven: ¥5.00 a night less on the mean")


def test_without_an_interval_the_mean_is_not_called_certain() -> None:
    told = verdict(two([(100.0, 200.0)]), 0.95)
    assert "not proven against textbook" in told.headline
    assert "how sure that is, is not known: one seed and fewer than 4 whole weeks" in told.sentences[1]


def test_a_cheaper_policy_with_less_service_is_not_chosen_and_its_saving_is_not_hidden() -> None:
    told = verdict(two([(100.0, 60.0), (100.0, 62.0)], fill=0.93), 0.95)
    assert told.policy == "vmi"
    assert told.headline == "vmi alone keeps the best service"
    assert "it costs ¥39.00 a night more: 95\xa0% interval of the saving −¥51.71 to −¥26.29" in told.sentences[1]
    assert "(textbook keeps less service on the mean: 93.0\xa0% of lines on time" in told.sentences[1]


def test_less_service_that_is_not_proven_leaves_the_choice_open() -> None:
    vmi = [run("vmi", seed, 100.0, urgent=0.9) for seed in (1, 2)]
    cheap = [run("textbook", seed, 60.0, urgent=rate) for seed, rate in ((1, 0.8), (2, 0.95))]
    told = verdict([*vmi, *cheap], 0.95)
    assert told.headline == "vmi alone keeps the best service on the mean; not proven against textbook"
    assert "textbook keeps less service on the mean, which is not proven" in told.sentences[1]


def test_one_seed_says_what_its_intervals_leave_out() -> None:
    told = verdict([made("a", nights=28), made("b", nights=28, dearer=2.0)], 0.95)
    assert "over 4 weeks of one seed" in told.sentences[1]
    assert told.cautions == (ONE_SEED,)


def test_a_point_of_service_is_the_margin_and_counts_as_kept() -> None:
    assert verdict(two([(100.0, 60.0), (100.0, 62.0)], fill=0.94), 0.95).policy == "textbook"
    assert verdict(two([(100.0, 60.0), (100.0, 62.0)], urgent=0.889), 0.95).policy == "vmi"


def test_no_policy_is_named_where_none_is_near_the_best_in_both() -> None:
    told = verdict([run("a", 1, 1.0, 0.99, 0.5), run("b", 1, 2.0, 0.9, 0.9)], 0.95)
    assert told.policy == ""
    assert "a has the best line fill" in told.sentences[0]
    assert "b the best same-day rate" in told.sentences[0]


def test_a_rate_that_nobody_knows_is_not_asked_for() -> None:
    assert verdict([run("a", 1, 2.0, 0.95, None), run("b", 1, 1.0, 0.945, None)], 0.95).policy == "b"


def test_the_bound_is_never_chosen_and_is_called_a_bound() -> None:
    told = verdict(company_of_policies(3, 14), 0.95)
    assert told.policy == "vmi"
    assert any("Against clairvoyant" in s and "a bound, not a policy" in s for s in told.sentences)
    assert verdict([made("clairvoyant")], 0.95).headline == "No policy is named: only the bound was run"


def test_a_single_policy_says_that_there_is_nothing_to_compare_with() -> None:
    told = verdict([run("vmi", 1, 100.0)], 0.95)
    assert told.policy == ""
    assert told.headline.startswith("vmi costs ¥100 a night: 95.0\xa0% of lines on time")
    assert told.sentences == ("No other policy was run to compare it with.",)


def test_what_a_scenario_changes_is_said_for_each_policy() -> None:
    plain = [run("vmi", seed, 100.0) for seed in (1, 2)]
    slow = [replace(run("vmi", seed, 120.0 + seed), scenario="slow") for seed in (1, 2)]
    told = verdict([*plain, *slow], 0.95)
    assert told.sentences[-1].startswith("Under slow vmi costs ¥21.50 a night more: 95\xa0% interval of the change")
