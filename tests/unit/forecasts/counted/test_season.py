from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.counted.season import repeats, season_profile, with_season
from forecasts.history import History

YEAR = 1 + 0.6 * np.sin(2 * np.pi * np.arange(12) / 12)


def history(demand, bound=None, season=12, **columns) -> History:
    given = np.asarray(demand, dtype=float)
    ids = pd.Index([f"s{row:04d}" for row in range(len(given))])
    sold_out = np.zeros(given.shape, dtype=bool) if bound is None else np.asarray(bound, dtype=bool)
    return History(ids, given, sold_out, pd.DataFrame(columns, index=ids), season=season)


def seasonal(series=200, years=3, seed=1, year=YEAR) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(1.0, 2.0, size=(series, 1)) * np.tile(year, years)).astype(float)


def ones(given: History) -> np.ndarray:
    return np.ones(given.demand.shape)


def test_a_season_that_repeats_is_found():
    assert repeats(history(seasonal())) > 0.9
    ahead = with_season(history(seasonal()), 14).exposures(14)
    np.testing.assert_allclose(ahead[0][:, 36:48].mean(axis=0), YEAR, atol=0.12)


def test_the_season_goes_on_beyond_the_end_at_the_right_place_of_the_year():
    begun_in_april = seasonal()[:, 3:]
    exposure, _ = with_season(history(begun_in_april), 12).exposures(12)
    np.testing.assert_allclose(exposure[:, -12:].mean(axis=0), YEAR, atol=0.12)


def test_a_season_that_does_not_repeat_is_none():
    rng = np.random.default_rng(3)
    rate = np.exp(np.concatenate([0.5 * rng.standard_normal(12) for _ in range(3)]))
    given = history(rng.poisson(2 * rate, size=(200, 36)))
    assert repeats(given) < 0.5
    assert with_season(given, 6) is given


def test_a_panel_that_sells_evenly_has_no_season():
    given = history(np.random.default_rng(3).poisson(3, size=(200, 48)))
    assert with_season(given, 6) is given


def test_growth_alone_is_no_season():
    given = history(np.random.default_rng(3).poisson(np.linspace(1, 6, 48), size=(200, 48)))
    assert with_season(given, 6) is given


@pytest.mark.parametrize(("periods", "season"), [(0, 12), (5, 12), (19, 12), (36, 1)])
def test_a_history_too_short_or_without_a_year_is_left_unchanged(periods, season):
    given = history(seasonal()[:, :periods], season=season)
    assert repeats(given) == 0
    assert with_season(given, 6) is given


def test_a_history_without_demand_or_knowledge_is_left_unchanged():
    for value in (0.0, np.nan):
        given = history(np.full((4, 36), value))
        assert with_season(given, 6) is given


def test_every_profile_has_mean_one():
    given = history(seasonal(), family=np.arange(200) % 5)
    np.testing.assert_allclose(season_profile(given, ones(given)).mean(axis=1), 1, atol=1e-6)


def test_what_rests_on_little_demand_is_shrunk():
    much, little = (season_profile(part, ones(part)) for part in (history(seasonal()), history(seasonal(series=2))))
    assert np.abs(np.log(little)).max() < 0.5 * np.abs(np.log(much)).max()


def test_a_family_against_the_season_is_told_apart_and_a_small_one_less():
    demand = np.concatenate(
        [seasonal(200), seasonal(200, seed=2, year=YEAR[::-1]), seasonal(2, seed=3, year=YEAR[::-1])]
    )
    given = history(demand, family=["A"] * 200 + ["B"] * 200 + ["C"] * 2)
    profile = season_profile(given, ones(given))
    swing = np.log(profile[:, 3] / profile[:, 9])
    assert swing[:200].mean() > swing[200:400].mean() + 0.2
    assert abs(swing[400:].mean() - swing.mean()) < abs(swing[200:400].mean() - swing.mean())


def test_series_of_one_family_and_volume_share_a_profile():
    given = history(np.tile(seasonal(1), (6, 1)), family=["A"] * 6)
    profile = season_profile(given, ones(given))
    np.testing.assert_array_equal(profile, profile[:1].repeat(6, axis=0))


def test_an_exposure_that_explains_the_year_leaves_no_season():
    given = history(seasonal())
    plain, explained = season_profile(given, ones(given)), season_profile(given, np.tile(YEAR, (200, 3)))
    assert np.abs(explained - 1).max() < 0.3 * np.abs(plain - 1).max()


def test_the_season_multiplies_the_exposure_given():
    exposure = np.ones((2, 40))
    exposure[1] = 3.0
    given = replace(history(seasonal()), exposure=exposure, exposure_of=np.arange(200) % 2)
    with_both, of = with_season(given, 4).exposures(4)
    np.testing.assert_allclose(with_both[of].mean(axis=1)[::2], 1, atol=0.15)
    np.testing.assert_allclose(with_both[of].mean(axis=1)[1::2], 3, atol=0.45)


def test_sold_out_and_unknown_periods_do_not_look_like_a_low_season():
    demand = seasonal(year=np.ones(12))
    bound = np.zeros(demand.shape, dtype=bool)
    demand[:, 5::12], bound[::2, 5::12] = 0.0, True
    demand[1::2, 5::12] = np.nan
    given = history(demand, bound)
    profile = season_profile(given, ones(given))
    np.testing.assert_allclose(profile, 1, atol=0.25)


def test_the_season_does_not_depend_on_the_order_of_the_series():
    demand, order = seasonal(), np.random.default_rng(1).permutation(200)
    there, shuffled = (season_profile(part, ones(part)) for part in (history(demand), history(demand[order])))
    np.testing.assert_allclose(shuffled, there[order], atol=2e-6)
