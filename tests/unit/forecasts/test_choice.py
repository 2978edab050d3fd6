import numpy as np
import pandas as pd
import pytest

from forecasts.choice import (
    CALIBRATED_FROM,
    DECILES,
    EVERYTHING,
    FEWEST_CELLS,
    FINEST,
    MARGIN,
    SCORES,
    TOLERANCE,
    Choice,
    Trial,
    choose,
    chosen_answers,
    mix,
    pick,
    pinball,
)
from forecasts.distributions.counts import Counts
from forecasts.distributions.exceedance import Exceedance

NODES = np.arange(60.0)


def poisson(mean, steps=6, widened=1.0) -> Exceedance:
    """Counts of these means, one a series, alike at every step; their variance is the mean's ``widened`` times."""
    level = np.repeat(np.asarray(mean, dtype=float)[:, None], steps, axis=1)
    above = Counts(level[..., None], widened * level[..., None]).sf(NODES)
    return Exceedance(np.tile(NODES, (len(level), 1)), above)


def trial(actual, classes, origin=20, decided=None, **parts: Exceedance) -> Trial:
    known = np.ones(actual.shape, dtype=bool) if decided is None else decided
    return Trial(
        origin,
        np.arange(len(actual)),
        np.asarray(classes, dtype=object),
        actual.astype(float),
        known,
        np.zeros(actual.shape, dtype=bool),
        parts,
    )


def sold(mean=4.0, series=100, steps=6, seed=1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, size=(series, steps))


def cells(loss: dict[tuple[str, str], float], count=FEWEST_CELLS, origins=2) -> pd.DataFrame:
    rows = [
        (demand_class, method, place % origins, place, value, place % 10 > 0)
        for (demand_class, method), value in loss.items()
        for place in range(count)
    ]
    return pd.DataFrame(rows, columns=["demand_class", "method", "origin", "series", "loss", "held"])


def chosen(scores: pd.DataFrame) -> dict[str, str]:
    return scores[scores["chosen"]].set_index("demand_class")["method"].to_dict()


def test_each_class_gets_the_method_of_its_lowest_loss():
    found = pick(cells({("lumpy", "a"): 1.0, ("lumpy", "b"): 2.0, ("smooth", "a"): 3.0, ("smooth", "b"): 1.0}), {})
    assert chosen(found) == {"lumpy": "a", "smooth": "b", EVERYTHING: "b"}


def test_a_lower_loss_that_is_chance_beats_nobody():
    noise = np.random.default_rng(4).normal(size=FEWEST_CELLS)
    given = cells({("lumpy", "a"): 10.0, ("lumpy", "b"): 10.0})
    given.loc[given["method"] == "b", "loss"] += 8 * noise - 8 * noise.mean() - 0.3
    assert chosen(pick(given, {"lumpy": "a", EVERYTHING: "a"}))["lumpy"] == "a"
    given.loc[given["method"] == "b", "loss"] -= 1.5
    assert chosen(pick(given, {"lumpy": "a", EVERYTHING: "a"}))["lumpy"] == "b"


def test_scores_say_how_many_cells_and_origins_and_how_often_the_p90_held():
    found = pick(cells({("lumpy", "a"): 1.5}, count=500), {})
    assert list(found.columns) == list(SCORES)
    own = found.set_index("demand_class").loc["lumpy"]
    assert own[["origins", "cells", "pinball", "coverage_p90"]].tolist() == [2, 500, 1.5, 0.9]


def test_the_method_before_is_kept_unless_clearly_beaten():
    just_within, beyond = 1 + 0.9 * MARGIN, 1 + 1.1 * MARGIN
    assert chosen(pick(cells({("lumpy", "a"): 1.0, ("lumpy", "b"): just_within}), {"lumpy": "b"}))["lumpy"] == "b"
    assert chosen(pick(cells({("lumpy", "a"): 1.0, ("lumpy", "b"): beyond}), {"lumpy": "b"}))["lumpy"] == "a"


def test_a_method_before_that_is_no_more_is_given_up():
    assert chosen(pick(cells({("lumpy", "a"): 1.0}), {"lumpy": "gone"}))["lumpy"] == "a"


def test_equal_losses_are_decided_by_name_whatever_the_order():
    given = cells({("lumpy", "b"): 1.0, ("lumpy", "a"): 1.0})
    assert chosen(pick(given, {})) == chosen(pick(given.iloc[::-1], {})) == {"lumpy": "a", EVERYTHING: "a"}


def test_a_class_too_small_to_judge_follows_all_series_together():
    large = cells({("smooth", "a"): 1.0, ("smooth", "b"): 2.0}, count=5 * FEWEST_CELLS)
    small = cells({("lumpy", "a"): 9.0, ("lumpy", "b"): 1.0}, count=FEWEST_CELLS - 1)
    scores = pick(pd.concat([large, small]), {})
    choice = Choice(scores, pd.DataFrame(columns=["demand_class", "level", "level_used"]), {})
    # The large class has five times the cells: together 1 · 5/6 + 9 / 6 = 2.33 against 2 · 5/6 + 1 / 6 = 1.83.
    assert "lumpy" not in chosen(scores)
    assert choice.method_of("lumpy", "otherwise") == "b" == choice.method_of("never seen", "otherwise")
    assert choice.method_of("smooth", "otherwise") == "a"


def test_without_trials_the_simplest_method_is_used_as_it_is():
    choice = choose([], [0.5, 0.9], {}, seed=1)
    assert choice.method_of("smooth", "simplest") == "simplest"
    assert choice.level_used("smooth", 0.9) == 0.9
    assert list(choice.scores.columns) == list(SCORES) and choice.correlation == {}


def test_the_method_that_forecasts_best_is_chosen():
    given = trial(sold(), ["smooth"] * 100, right=poisson([4] * 100), wrong=poisson([9] * 100))
    choice = choose([given], DECILES, {}, seed=1)
    assert choice.method_of("smooth", "") == "right"
    loss = choice.scores[choice.scores["demand_class"] == "smooth"].set_index("method")["pinball"]
    expected = pinball(given.actual, given.parts["wrong"].quantile(DECILES), DECILES).mean()
    assert loss["wrong"] == pytest.approx(expected, abs=1e-6)


def test_classes_are_chosen_apart():
    actual = np.concatenate([sold(2, 80), sold(8, 80)])
    low, high = poisson([2] * 160), poisson([8] * 160)
    choice = choose([trial(actual, ["lumpy"] * 80 + ["smooth"] * 80, low=low, high=high)], DECILES, {}, seed=1)
    assert (choice.method_of("lumpy", ""), choice.method_of("smooth", "")) == ("low", "high")


def test_a_mixture_wins_where_each_method_is_right_half_the_time():
    level = np.where(np.random.default_rng(2).uniform(size=(200, 6)) < 0.5, 1.0, 12.0)
    given = trial(sold(level, 200), ["erratic"] * 200, low=poisson([1] * 200), high=poisson([12] * 200))
    assert choose([given], DECILES, {}, seed=1).method_of("erratic", "") == "low+high"


def test_cells_that_are_not_known_exactly_do_not_count():
    actual, decided = sold(series=160), np.ones((160, 6), dtype=bool)
    actual[::2], decided[::2] = 50, False
    given = trial(actual, ["smooth"] * 160, decided=decided, right=poisson([4] * 160), wrong=poisson([50] * 160))
    choice = choose([given], DECILES, {}, seed=1)
    assert choice.method_of("smooth", "") == "right"
    assert choice.scores["cells"].max() == 480


def test_a_mixture_is_the_mean_of_the_probabilities():
    parts = {"a": poisson([1, 2]), "b": poisson([5, 9])}
    np.testing.assert_allclose(mix(parts, "a+b").above, (parts["a"].above + parts["b"].above) / 2)
    assert mix(parts, "b") is parts["b"]


def test_every_series_is_answered_by_the_method_of_its_class():
    parts = {"a": poisson([1] * 4), "b": poisson([5] * 4)}
    scores = pd.DataFrame(
        [("x", "a", True), ("y", "b", True), (EVERYTHING, "a+b", True)], columns=["demand_class", "method", "chosen"]
    )
    found = chosen_answers(parts, np.array(["y", "x", "z", "x"], dtype=object), Choice(scores, pd.DataFrame(), {}))
    one, five = (part.above[0] for part in parts.values())
    expected = {(1, 3): [one, one], (0,): [five], (2,): [(one + five) / 2]}
    assert sorted(tuple(rows.tolist()) for rows, _ in found) == sorted(expected)
    for rows, answer in found:
        np.testing.assert_allclose(answer.above, expected[tuple(rows.tolist())])


def test_a_method_chosen_that_does_not_know_a_series_gives_way_to_the_simplest():
    scores = pd.DataFrame([(EVERYTHING, "gone", True)], columns=["demand_class", "method", "chosen"])
    parts = {"a": poisson([1]), "b": poisson([5])}
    ((_, found),) = chosen_answers(parts, np.array(["x"], dtype=object), Choice(scores, pd.DataFrame(), {}))
    np.testing.assert_array_equal(found.above, parts["a"].above)


def test_the_pinball_loss_is_asymmetric_by_the_level():
    np.testing.assert_allclose(
        pinball(np.array([10.0, 10.0]), np.array([[7.0, 12], [10, 10]]), np.array([0.1, 0.9])), [[0.3, 0.2], [0, 0]]
    )


def calibrated(actual: np.ndarray, said: Exceedance, levels=(0.9, 0.95)) -> pd.DataFrame:
    found = choose([trial(actual, ["smooth"] * len(actual), only=said)], levels, {}, seed=1)
    return found.calibration.set_index("level")


def test_coverage_is_the_share_of_cells_not_above_the_quantile():
    actual, said = sold(14, 400), poisson([10] * 400)
    found = calibrated(actual, said)
    for level in (0.9, 0.95):
        assert found.loc[level, "coverage"] == pytest.approx(
            (actual <= said.quantile([level])[..., 0]).mean(), abs=1e-4
        )
    assert (found["cells"] == 2400).all()


def test_coverage_at_the_level_used_is_the_share_of_cells_there():
    actual, said = sold(14, 400), poisson([10] * 400)
    found = calibrated(actual, said).loc[0.9]
    held = (actual <= said.quantile([found["level_used"]])[..., 0]).mean()
    assert found["coverage_used"] == pytest.approx(held, abs=1e-4)


def test_what_is_claimed_is_the_mean_probability_of_not_being_above_the_quantile():
    # A Poisson of mean 1 covers 0.920 at its P90 of 2, and 0.981 at its P95 of 3; one of mean 4, 0.949 and 0.979.
    found = calibrated(sold(1, 400), poisson([1] * 200 + [4] * 200))
    assert found["claimed"].tolist() == pytest.approx([(0.9197 + 0.9489) / 2, (0.9810 + 0.9786) / 2], abs=1e-4)


def test_what_a_right_forecast_claims_is_observed_though_whole_numbers_cover_more_than_the_level():
    found = calibrated(sold(4, 800), poisson([4] * 800)).loc[0.9]
    assert found["coverage"] > 0.9 + TOLERANCE
    assert found["claimed"] == pytest.approx(found["coverage"], abs=0.01)


def test_a_claim_is_corrected_by_what_was_observed_over_it():
    # Said to be Poisson, it is spread twice as wide: the quantile is exceeded far more often than claimed.
    rng = np.random.default_rng(3)
    found = calibrated(rng.poisson(rng.gamma(15, 2.0, size=(800, 6))), poisson([30] * 800)).loc[0.9]
    beyond, said = 1 - found["coverage_used"], 1 - found["claimed_used"]
    assert beyond > 1.5 * said
    assert found["beyond_factor"] == pytest.approx((4800 * beyond + 1) / (4800 * said + 1), rel=0.01)
    choice = Choice(pd.DataFrame(), found.to_frame().T.assign(level=0.9), {})
    factors = [choice.beyond_factor(*asked) for asked in (("smooth", 0.9), ("smooth", 0.95), ("lumpy", 0.9))]
    assert factors == [found["beyond_factor"], 1.0, 1.0]


def test_cells_that_are_not_known_exactly_calibrate_nothing():
    actual, decided = sold(30, 400), np.ones((400, 6), dtype=bool)
    clear = calibrated(actual[1::2], poisson([30] * 200))
    actual[::2], decided[::2] = 90, False
    given = trial(actual, ["smooth"] * 400, decided=decided, only=poisson([30] * 400))
    found = choose([given], (0.9, 0.95), {}, seed=1).calibration.set_index("level")
    pd.testing.assert_frame_equal(found, clear)


def test_a_level_that_covers_as_it_should_is_not_moved():
    # Of a negative binomial of mean 30 a whole number more or less is nothing: coverage is within the tolerance.
    found = calibrated(sold(30, 800), poisson([30] * 800))
    assert (np.abs(found["coverage"] - found.index) <= TOLERANCE).all()
    assert found["level_used"].tolist() == [0.9, 0.95]


def test_forecasts_too_narrow_are_asked_at_a_higher_level():
    rng = np.random.default_rng(3)
    actual = rng.poisson(rng.gamma(15, 2.0, size=(800, 6)))
    found = calibrated(actual, poisson([30] * 800))
    assert found.loc[0.9, "coverage"] < 0.88
    assert found.loc[0.9, "level_used"] > 0.9
    assert found.loc[0.9, "coverage_used"] == pytest.approx(0.9, abs=TOLERANCE)


def test_forecasts_too_wide_are_asked_at_a_lower_level():
    found = calibrated(sold(30, 800), poisson([30] * 800, widened=6.0))
    assert found.loc[0.9, "coverage"] > 0.95
    assert found.loc[0.9, "level_used"] < 0.9
    assert found.loc[0.9, "coverage_used"] == pytest.approx(0.9, abs=TOLERANCE)


def test_what_no_level_covers_is_asked_as_it_is_or_nearer():
    found = calibrated(sold(50, 200), poisson([5] * 200))
    assert (found["level_used"] >= found.index).all()
    assert (found["coverage_used"] >= found["coverage"]).all()


def test_only_upper_levels_of_classes_with_enough_cells_are_calibrated():
    said = poisson([4] * 100)
    assert calibrated(sold(series=100), said, (0.1, 0.5, 0.9)).index.tolist() == [CALIBRATED_FROM]
    few = FEWEST_CELLS // 6
    assert calibrated(sold(series=few), said.take(np.arange(few))).empty


def test_the_level_used_is_the_class_own():
    calibration = pd.DataFrame({"demand_class": ["lumpy"], "level": [0.9], "level_used": [0.94]})
    choice = Choice(pd.DataFrame(), calibration, {})
    assert [choice.level_used(*asked) for asked in (("lumpy", 0.9), ("lumpy", 0.95), ("smooth", 0.9))] == [
        0.94,
        0.95,
        0.9,
    ]


def test_levels_used_are_among_the_finest():
    found = calibrated(sold(14, 400), poisson([10] * 400))
    assert np.isin(found["level_used"], [*FINEST, *found.index]).all()


def shocked(shock: float, series=100, steps=8, seed=5) -> np.ndarray:
    """Demand of mean 10 whose steps share a factor of this squared CV per series, and have one of their own besides."""
    rng = np.random.default_rng(seed)
    common = rng.gamma(1 / shock, shock, size=(series, 1)) if shock else np.ones((series, 1))
    own = rng.gamma(1 / 0.3, 0.3, size=(series, steps)) if not shock else 1.0
    return rng.poisson(10 * common * own * np.ones((series, steps)))


@pytest.mark.parametrize(("shock", "lowest", "highest"), [(0.0, 0.0, 0.05), (0.3, 0.4, 0.6)])
def test_steps_hang_together_as_their_sums_show(shock, lowest, highest):
    wide = poisson([10] * 100, steps=8, widened=4.0)
    choice = choose([trial(shocked(shock), ["smooth"] * 100, only=wide)], DECILES, {}, seed=1)
    assert lowest <= choice.correlation["smooth"] <= highest


def test_with_one_step_nothing_hangs_together():
    given = trial(sold(series=500, steps=1), ["smooth"] * 500, only=poisson([4] * 500, steps=1))
    assert choose([given], DECILES, {}, seed=1).correlation == {}


def test_the_same_seed_makes_the_same_choice():
    given = trial(shocked(0.1), ["smooth"] * 100, only=poisson([10] * 100, steps=8, widened=4.0))
    first, again = (choose([given], [0.5, 0.9], {}, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first.scores, again.scores)
    pd.testing.assert_frame_equal(first.calibration, again.calibration)
    assert first.correlation == again.correlation


def test_where_the_boosted_speak_another_must_clearly_beat_them():
    said = poisson(np.full(100, 4.0))
    close = {"boosted": poisson(np.full(100, 4.1)), "gamma_poisson_short": said, "thresholds_fine": said}
    far = close | {"boosted": poisson(np.full(100, 9.0))}
    for parts, expected in ((close, {"boosted"}), (far, {"gamma_poisson_short", "thresholds_fine"})):
        found = choose([trial(sold(), ["smooth"] * 100, **parts)], [], {}, seed=1)
        assert set(chosen(found.scores)["all"].split("+")) <= expected
