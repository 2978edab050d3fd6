from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.forecaster import Forecast, backtest, forecast
from forecasts.history import History

DECILES = [round(0.1 * k, 1) for k in range(1, 10)]
NAMES = [f"q{level:g}" for level in DECILES]


def history(demand, season=12, **columns) -> History:
    given = np.asarray(demand, dtype=float)
    ids = pd.Index([f"s{row:04d}" for row in range(len(given))])
    return History(ids, given, np.zeros(given.shape, dtype=bool), pd.DataFrame(columns, index=ids), season=season)


def slow(series=120, periods=36, seed=1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(1.0, 0.8, size=(series, 1)) * np.ones((1, periods))).astype(float)


@pytest.fixture(scope="module")
def made() -> Forecast:
    return forecast(history(slow()), 6, seed=3)


@pytest.fixture(scope="module")
def scored() -> pd.DataFrame:
    return backtest(history(slow()), 4, origins=2)


def test_there_is_a_row_per_series_and_step_and_a_whole_number_per_level(made):
    found = made.quantiles([0.1, 0.5, 0.95])
    assert list(found.columns) == ["unique_id", "step", "q0.1", "q0.5", "q0.95"]
    assert found["unique_id"].tolist() == [f"s{row:04d}" for row in range(120) for _ in range(6)]
    assert found["step"].tolist() == [1, 2, 3, 4, 5, 6] * 120
    assert (found.dtypes[["q0.1", "q0.5", "q0.95"]] == np.int64).all()


def test_quantiles_rise_with_the_level_and_are_not_negative(made):
    found = made.quantiles([0.01, *DECILES, 0.95, 0.99, 0.999]).to_numpy()[:, 2:].astype(int)
    assert (np.diff(found, axis=1) >= 0).all() and found.min() >= 0
    assert (found[:, -1] > found[:, 0]).any()


def test_levels_may_be_asked_in_any_order(made):
    pd.testing.assert_frame_equal(made.quantiles([0.9, 0.1])[["q0.1", "q0.9"]], made.quantiles([0.1, 0.9]).iloc[:, 2:])


def test_series_say_what_they_are_and_how_they_were_forecast(made):
    assert made.series.index.name == "unique_id" and len(made.series) == 120
    columns = ["method", "fallback", "demand_class", "adi", "cv2", "mean_per_period"]
    assert list(made.series.columns) == columns
    assert (made.series["fallback"] == "").all()
    assert np.corrcoef(made.series["mean_per_period"], slow().mean(axis=1))[0, 1] > 0.9
    assert made.series["mean_per_period"].mean() == pytest.approx(slow().mean(), rel=0.12)


def test_the_method_of_a_series_is_the_one_chosen_for_its_class(made):
    chosen = made.scores[made.scores["chosen"]].set_index("demand_class")["method"]
    slow_ones = made.series[made.series["method"] != "structural"]
    assert len(slow_ones) > 100
    assert (slow_ones["method"] == slow_ones["demand_class"].map(chosen).fillna(chosen["all"])).all()


def test_the_same_seed_gives_the_same_numbers(made):
    again = forecast(history(slow()), 6, seed=3)
    pd.testing.assert_frame_equal(made.quantiles(DECILES), again.quantiles(DECILES))
    pd.testing.assert_frame_equal(made.series, again.series)
    pd.testing.assert_frame_equal(made.scores, again.scores)
    pd.testing.assert_frame_equal(made.calibration, again.calibration)
    np.testing.assert_array_equal(made.paths(5, seed=2), again.paths(5, seed=2))


def test_another_seed_draws_other_paths_of_the_same_distribution(made):
    first, other = made.paths(100, seed=1), made.paths(100, seed=2)
    assert (first != other).any()
    assert first.mean() == pytest.approx(other.mean(), rel=0.05)


def test_paths_are_whole_numbers_of_paths_series_and_steps(made):
    found = made.paths(7, seed=1)
    assert found.shape == (7, 120, 6)
    assert np.issubdtype(found.dtype, np.integer) and found.min() >= 0


def test_paths_of_a_series_do_not_depend_on_which_others_are_asked(made):
    whole = made.paths(9, seed=4)
    np.testing.assert_array_equal(made.paths(9, seed=4, rows=[5, 70]), whole[:, [5, 70]])
    np.testing.assert_array_equal(made.paths(9, seed=4, rows=[70]), whole[:, [70]])


def test_more_paths_begin_with_the_fewer(made):
    np.testing.assert_array_equal(made.paths(12, seed=4)[:5], made.paths(5, seed=4))


def test_steps_of_the_paths_are_distributed_as_the_quantiles_say(made):
    # The deciles below 0.9 are not moved by calibration. Share of draws below a quantile ≤ level ≤ share up to it.
    paths, asked = made.paths(400, seed=1), made.quantiles(DECILES[:-1])
    for name, level in zip(NAMES[:-1], DECILES[:-1], strict=True):
        quantile = asked[name].to_numpy().reshape(120, 6)
        assert (paths < quantile).mean() <= level + 0.01
        assert (paths <= quantile).mean() >= level - 0.01
        assert ((paths <= quantile).mean(axis=0) >= level - 0.12).all()


def test_paths_of_series_are_independent_of_one_another(made):
    paths = made.paths(400, seed=1)[:, :, 0].astype(float)
    varied = paths.std(axis=0) > 0.3
    apart = np.corrcoef(paths[:, varied].T)
    assert np.abs(apart[np.triu_indices(len(apart), 1)]).mean() < 0.06


def test_paths_hang_together_by_the_correlation_of_their_class(made):
    classes = [*made.series["demand_class"].unique(), "fast"]
    loose, tight = (
        replace(made, choice=replace(made.choice, correlation=dict.fromkeys(classes, rho))).paths(150, seed=1)
        for rho in (0.0, 0.6)
    )
    assert tight.sum(axis=2).var(axis=0).mean() > 2 * loose.sum(axis=2).var(axis=0).mean()
    assert tight.mean() == pytest.approx(loose.mean(), rel=0.1)


@pytest.mark.parametrize("horizon", [0, -3])
def test_a_horizon_of_less_than_one_period_is_refused(horizon):
    with pytest.raises(ValueError, match="horizon"):
        forecast(history(slow()), horizon)


def test_one_series_is_forecast():
    found = forecast(history([[2.0, 3, 2, 4, 3, 2, 3, 3, 2, 4, 3, 2] * 3]), 4).quantiles([0.1, 0.5, 0.9])
    assert len(found) == 4
    assert found["q0.5"].between(2, 4).all() and found["q0.9"].between(3, 9).all()


def test_a_horizon_longer_than_the_history_is_answered():
    made = forecast(history(slow(periods=10)), 30)
    found = made.quantiles([0.5, 0.9])
    assert found["step"].max() == 30 and len(found) == 120 * 30
    assert made.paths(2, seed=1).shape == (2, 120, 30)
    assert made.series["mean_per_period"].mean() == pytest.approx(slow(periods=10).mean(), rel=0.4)


@pytest.mark.parametrize("periods", [0, 1, 2, 5])
def test_a_history_too_short_to_try_anything_falls_back_and_says_so(periods):
    made = forecast(history(slow()[:, :periods]), 3)
    assert made.series["fallback"].str.startswith(f"{periods} periods").all()
    assert made.scores.empty and made.calibration.empty
    assert len(made.quantiles([0.5])) == 360


def test_series_that_never_sold_are_forecast_none():
    demand = slow()
    demand[:20] = 0
    made = forecast(history(demand), 3)
    assert (made.series["demand_class"][:20] == "none").all()
    assert made.series["mean_per_period"][:20].max() < 0.2
    assert made.quantiles([0.9])["q0.9"][:60].max() == 0


def test_a_history_of_which_nothing_is_known_is_forecast_none():
    made = forecast(history(np.full((3, 30), np.nan)), 2)
    assert made.quantiles([0.5, 0.9])[["q0.5", "q0.9"]].to_numpy().max() == 0


def test_a_history_whose_newest_periods_are_unknown_is_forecast_from_the_older():
    demand = slow()
    demand[:, -20:] = np.nan
    made = forecast(history(demand), 6)
    assert made.series["mean_per_period"].mean() == pytest.approx(np.nanmean(demand), rel=0.3)


def fast(series=40, periods=48, seed=4) -> np.ndarray:
    level = np.exp(np.random.default_rng(seed).normal(3.5, 0.6, size=(series, 1)))
    return np.random.default_rng(seed).poisson(level * np.ones((1, periods))).astype(float)


def test_smooth_fast_series_are_forecast_at_their_level_with_their_noise():
    demand = np.concatenate([fast(), slow(40, 48)])
    made = forecast(history(demand), 6, seed=1)
    level = demand[:40].mean(axis=1)
    np.testing.assert_allclose(made.series["mean_per_period"][:40], level, rtol=0.2)
    q90 = made.quantiles([0.9])["q0.9"].to_numpy().reshape(80, 6)[:40]
    assert np.median((q90 - level[:, None]) / np.sqrt(level[:, None])) == pytest.approx(1.28, abs=0.5)


def test_paths_of_fast_and_slow_series_keep_their_rows():
    demand = np.empty((40, 48))
    demand[::2], demand[1::2] = fast(20), slow(20, 48)
    made = forecast(history(demand), 4)
    paths = made.paths(60, seed=1)
    np.testing.assert_allclose(paths.mean(axis=(0, 2))[::2], made.series["mean_per_period"][::2], rtol=0.15)
    np.testing.assert_array_equal(made.paths(60, seed=1, rows=[3, 4, 30]), paths[:, [3, 4, 30]])


def test_one_slip_of_the_pen_hardly_moves_the_forecast():
    spiked = slow()
    row = int(np.flatnonzero(slow().sum(axis=1) > 20)[0])
    spiked[row, 20] = 1e7
    before, after = (forecast(history(demand), 3).series["mean_per_period"] for demand in (slow(), spiked))
    assert after.mean() < 1.5 * before.mean()
    assert after.drop(after.index[row]).mean() == pytest.approx(before.drop(before.index[row]).mean(), rel=0.1)


def test_a_series_is_said_to_be_forecast_by_a_method_that_knows_it():
    demand = np.concatenate([fast(), np.full((1, 48), np.nan)])
    made = forecast(history(demand), 4)
    assert made.series["method"].iloc[-1] != "structural"


def test_a_series_without_any_history_is_forecast_like_its_family():
    demand = np.random.default_rng(5).poisson(np.repeat([0.3, 4.0], 60)[:, None] * np.ones((1, 36))).astype(float)
    demand[[0, 60]] = np.nan
    made = forecast(history(demand, family=np.repeat(["slow", "fast"], 60)), 3)
    mean = made.series["mean_per_period"]
    assert (made.series["demand_class"].iloc[[0, 60]] == "new").all()
    assert mean.iloc[60] > 3 * mean.iloc[0]


def test_a_season_is_forecast():
    year = np.tile(1 + 0.7 * np.sin(2 * np.pi * np.arange(12) / 12), 3)
    demand = np.random.default_rng(2).poisson(2 * year, size=(200, 36)).astype(float)
    mean = forecast(history(demand), 12).paths(30, seed=1).mean(axis=(0, 1))
    assert np.corrcoef(mean, year[:12])[0, 1] > 0.95
    assert mean[3] > 2.5 * mean[9]


def half_seasonal(periods=60) -> np.ndarray:
    """Rates of 300 series of two sizes, of which only the larger has a season."""
    year = 1 + 0.8 * np.sin(2 * np.pi * np.arange(periods) / 12)
    level = np.random.default_rng(4).choice([0.8, 4.0], size=(300, 1))
    return level * np.where(level > 2, year, 1.0)


def test_where_a_season_repeats_trees_are_tried_and_alone():
    tried = forecast(history(np.random.default_rng(5).poisson(half_seasonal())), 6).scores["method"]
    assert (tried == "boosted").any() and not tried.str.contains(r"boosted\+|\+boosted").any()
    assert not (forecast(history(slow()), 6).scores["method"] == "boosted").any()


def test_trees_that_were_chosen_forecast():
    given = history(np.random.default_rng(5).poisson(half_seasonal()))
    classes = forecast(given, 6).series["demand_class"].unique()
    found = forecast(given, 6, previous={"all": "boosted"} | dict.fromkeys(classes, "boosted"))
    assert (found.series["method"] == "boosted").mean() > 0.5
    coming = half_seasonal(66)[:, 60:]
    assert found.series["mean_per_period"].mean() == pytest.approx(coming.mean(), rel=0.1)


def test_the_method_before_is_kept_where_it_is_nearly_as_good(made):
    second = made.scores.sort_values("pinball").groupby("demand_class").nth(1)
    best = made.scores.groupby("demand_class")["pinball"].min()
    second = second[second["pinball"] < 1.005 * second["demand_class"].map(best)].set_index("demand_class")["method"]
    judged = second[second.index.isin(made.scores.loc[made.scores["chosen"], "demand_class"])]
    assert len(judged)
    again = forecast(history(slow()), 6, previous=judged.to_dict(), seed=3)
    kept = again.scores[again.scores["chosen"]].set_index("demand_class")["method"]
    assert kept[judged.index].to_dict() == judged.to_dict()


def test_upper_levels_are_asked_as_calibrated(made):
    classes = [*made.series["demand_class"].unique(), "fast"]
    moved, still = (
        pd.DataFrame({"demand_class": classes, "level": 0.9, "level_used": to, "beyond_factor": 1.0})
        for to in (0.97, 0.9)
    )
    unmoved = replace(made, choice=replace(made.choice, calibration=still)).quantiles([0.5, 0.97])
    found = replace(made, choice=replace(made.choice, calibration=moved)).quantiles([0.5, 0.9])
    np.testing.assert_array_equal(found["q0.9"], np.maximum(unmoved["q0.5"], unmoved["q0.97"]))
    np.testing.assert_array_equal(found["q0.5"], made.quantiles([0.5])["q0.5"])


def test_quantiles_do_not_cross_though_one_level_is_moved_beyond_the_next(made):
    classes = [*made.series["demand_class"].unique(), "fast"]
    moved = pd.DataFrame({"demand_class": classes, "level": 0.9, "level_used": 0.99})
    found = replace(made, choice=replace(made.choice, calibration=moved)).quantiles([0.9, 0.95])
    assert (found["q0.95"] >= found["q0.9"]).all()


def test_a_forecast_claims_what_its_own_distributions_say_of_its_whole_quantiles(made):
    still = replace(made, choice=replace(made.choice, calibration=made.calibration.iloc[:0]))
    quantiles, claims = (table(still, [0.5, 0.9]) for table in (Forecast.quantiles, Forecast.claims))
    pd.testing.assert_frame_equal(claims[["unique_id", "step"]], quantiles[["unique_id", "step"]])
    assert (claims["q0.5"] >= 0.5 - 1e-6).all() and (claims["q0.9"] >= 0.9 - 1e-6).all()
    drawn = made.paths(400, seed=3).transpose(1, 2, 0).reshape(len(quantiles), 400)
    for level in ("q0.5", "q0.9"):
        assert (drawn <= quantiles[[level]].to_numpy()).mean() == pytest.approx(claims[level].mean(), abs=0.01)


def test_a_claim_follows_what_the_trials_of_its_class_observed(made):
    classes = [*made.series["demand_class"].unique(), "fast"]
    factors = [
        pd.DataFrame({"demand_class": classes, "level": 0.9, "level_used": 0.9, "beyond_factor": f}) for f in (1, 2)
    ]
    plain, doubled = (replace(made, choice=replace(made.choice, calibration=f)).claims([0.8, 0.9]) for f in factors)
    np.testing.assert_allclose(1 - doubled["q0.9"], 2 * (1 - plain["q0.9"]), atol=1e-5)
    pd.testing.assert_series_equal(doubled["q0.8"], plain["q0.8"])


def test_claims_at_no_level_are_refused(made):
    with pytest.raises(ValueError, match="between 0 and 1"):
        made.claims([0.9, 1.0])


def test_a_backtest_scores_every_class_at_every_origin(scored):
    columns = ["origin", "demand_class", "cells", "pinball", "wql", "coverage_p90", "claimed_p90"]
    assert list(scored.columns) == columns
    # Horizon 4, origins half of it apart.
    assert scored["origin"].drop_duplicates().tolist() == [32, 30]
    for _, at in scored.groupby("origin"):
        assert at["demand_class"].iloc[-1] == "all" and at["demand_class"].is_unique
        assert at["cells"].iloc[-1] == 120 * 4 == at["cells"].iloc[:-1].sum()
        weighted = (at["pinball"] * at["cells"]).iloc[:-1].sum() / 480
        assert at["pinball"].iloc[-1] == pytest.approx(weighted, abs=1e-5)


def test_a_backtest_scores_what_forecast_would_have_said_there(scored):
    origin = 32
    there = forecast(history(slow()).until(origin), 4, seed=1)
    said = there.quantiles(DECILES)[NAMES].to_numpy().reshape(120, 4, 9)
    actual = slow()[:, origin:, None]
    levels = np.array(DECILES)
    loss = np.maximum(levels * (actual - said), (levels - 1) * (actual - said)).mean()
    found = scored[(scored["origin"] == origin) & (scored["demand_class"] == "all")].iloc[0]
    assert found["pinball"] == pytest.approx(loss, abs=1e-5)
    assert found["wql"] == pytest.approx(2 * loss / actual.mean(), abs=1e-5)
    assert found["coverage_p90"] == pytest.approx((actual <= said[:, :, [8]]).mean(), abs=1e-3)
    assert found["claimed_p90"] == pytest.approx(there.claims([0.9])["q0.9"].mean(), abs=1e-3)


def test_a_backtest_beats_the_empirical_deciles_of_the_newest_year(scored):
    actual, levels = slow()[:, 32:, None], np.array(DECILES)
    said = np.quantile(slow()[:, 20:32], levels, axis=1).T[:, None, :]
    naive = np.maximum(levels * (actual - said), (levels - 1) * (actual - said)).mean()
    assert scored.iloc[:-1].query("origin == 32 and demand_class == 'all'")["pinball"].iloc[0] < 1.02 * naive


def test_a_backtest_never_looks_ahead():
    # Horizon 2: the origins are 32 and 33, of which the first is scored on periods 32 and 33.
    changed = slow(40)[:, :35]
    changed[:, 34:] = 40.0
    before, after = (backtest(history(demand), 2, origins=2) for demand in (slow(40)[:, :35], changed))
    assert before["origin"].unique().tolist() == [33, 32]
    pd.testing.assert_frame_equal(before[before["origin"] == 32], after[after["origin"] == 32])
    assert before.iloc[-1]["pinball"] == after.iloc[-1]["pinball"]
    assert (before["pinball"] != after["pinball"]).any()


def test_cells_that_are_unknown_or_bounds_are_not_scored():
    demand, given = slow(), history(slow())
    bound = given.bound.copy()
    demand[:10, 33], bound[10:30, 33] = np.nan, True
    found = backtest(replace(given, demand=demand, bound=bound), 4, origins=1)
    assert found.iloc[-1]["cells"] == 480 - 30


def test_a_history_too_short_for_any_origin_has_no_backtest():
    found = backtest(history(slow(periods=5)), 4)
    assert found.empty and list(found.columns)[:2] == ["origin", "demand_class"]


def test_a_calibrated_level_does_not_depend_on_the_others_asked(made):
    alone = made.quantiles([0.9])["q0.9"]
    among = made.quantiles([0.5, 0.7, 0.8, 0.85, 0.9])["q0.9"]
    np.testing.assert_array_equal(alone, among)


def test_exposure_to_come_counts_though_it_never_varied():
    demand = np.random.default_rng(5).poisson(0.5, size=(300, 36)).astype(float)
    ahead = np.concatenate([np.ones((1, 36)), np.full((1, 6), 2.0)], axis=1)
    flat = history(demand)
    doubled = replace(flat, exposure=ahead, exposure_of=np.zeros(300, dtype=np.int64))
    ratio = forecast(doubled, 6).series["mean_per_period"].sum() / forecast(flat, 6).series["mean_per_period"].sum()
    assert 1.5 < ratio < 2.2
