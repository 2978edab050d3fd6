from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts.counted import boosted
from forecasts.counted.boosted import Lessons, boosted_mean
from forecasts.counted.season import with_season
from forecasts.history import History

STEPS = np.arange(1, 7)
YEAR = 1 + 0.7 * np.sin(2 * np.pi * np.arange(12) / 12)


def history(demand, bound=None) -> History:
    ids = pd.Index([f"s{row:04d}" for row in range(len(demand))])
    sold_out = np.zeros(demand.shape, dtype=bool) if bound is None else bound
    return History(ids, demand.astype(float), sold_out, pd.DataFrame(index=ids), season=12)


def rates(series=300, years=5, seed=1) -> np.ndarray:
    """Large series have a season, small ones have none: a pooled profile is wrong for both."""
    level = np.random.default_rng(seed).choice([1.0, 8.0], size=(series, 1))
    return level * np.where(level > 4, np.tile(YEAR, years), 1.0)


def asked(given: History, **lessons) -> np.ndarray:
    found = boosted_mean(given, with_season(given, 6), STEPS, Lessons(**lessons))
    assert found is not None
    return found


def test_a_season_is_believed_where_it_holds():
    rate = rates()
    known = 48
    demand = np.random.default_rng(2).poisson(rate[:, :known])
    given, ahead = history(demand), rate[:, known : known + 6]
    pooled = with_season(given, 6).exposures(6)[0][:, known:] * demand.mean(axis=1, keepdims=True)
    small = rate[:, 0] < 4
    missed = np.abs(asked(given) - ahead).mean(axis=1)
    assert missed[small].mean() < 0.8 * np.abs(pooled - ahead)[small].mean()
    assert missed[~small].mean() < 0.2 * 8


def test_the_mean_keeps_to_the_level_that_was_sold():
    rate = rates()
    found = asked(history(np.random.default_rng(2).poisson(rate[:, :54])))
    assert found.mean() == pytest.approx(rate[:, 54:60].mean(), rel=0.1)


def test_a_level_that_fell_is_followed():
    rate = rates()[:, :54]
    rate[:20, 42:] *= 0.1
    found = asked(history(np.random.default_rng(2).poisson(rate)))
    assert found[:20].mean() < 0.45 * found[20:].mean()


def test_sold_out_periods_teach_no_low_demand():
    demand = np.random.default_rng(2).poisson(rates()[:, :54]).astype(float)
    bound = np.random.default_rng(3).random(demand.shape) < 0.3
    told, open_eyed = asked(history(np.where(bound, 0, demand), bound)), asked(history(demand))
    assert told.mean() == pytest.approx(open_eyed.mean(), rel=0.1)


def test_what_comes_later_does_not_reach_the_lessons_of_an_origin():
    """A season is learned anew at every origin: what it is to explain is not in it."""
    demand = np.random.default_rng(2).poisson(rates()[:, :54]).astype(float)
    changed = demand.copy()
    changed[:, 40:] = changed[:, 40:][:, ::-1] * 3
    lessons = []
    for given in (history(demand), history(changed)):
        found = boosted._lesson(given, 40, STEPS, 10_000, np.random.default_rng(1))
        assert found is not None
        lessons.append(found)
    np.testing.assert_array_equal(lessons[0][0], lessons[1][0])
    assert not np.array_equal(lessons[0][1], lessons[1][1])


def test_too_little_to_learn_from_is_no_answer():
    rate = rates()
    few = history(np.random.default_rng(2).poisson(rate[:5, :54]))
    short = history(np.random.default_rng(2).poisson(rate[:, :14]))
    for given in (few, short):
        assert boosted_mean(given, given, STEPS) is None


def test_the_answer_does_not_depend_on_how_many_are_answered_at_a_time(monkeypatch):
    given = history(np.random.default_rng(2).poisson(rates(60)[:, :54]))
    whole = asked(given)
    monkeypatch.setattr(boosted, "BLOCK", 7)
    np.testing.assert_array_equal(asked(given), whole)


def test_exposure_given_scales_the_mean():
    given = history(np.random.default_rng(2).poisson(rates()[:, :54]))
    exposure = np.ones((1, 60))
    exposure[0, 56] = 0.5
    halved = replace(given, exposure=exposure, exposure_of=np.zeros(len(given), dtype=np.int64))
    ratio = asked(halved)[:, 2].mean() / asked(given)[:, 2].mean()
    assert 0.3 < ratio < 0.7
