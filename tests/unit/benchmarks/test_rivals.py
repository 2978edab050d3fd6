"""What forecasts are measured against, as far as it needs nothing installed."""

import numpy as np
import pytest
from scipy import stats

from benchmarks import rivals
from benchmarks.scores import DECILES


def test_the_seasonal_naive_repeats_a_steady_year() -> None:
    year = np.arange(12.0)
    found = rivals.seasonal_naive(np.tile(year, (1, 3)), 14, 12)
    assert np.allclose(found[0], np.append(year, year[:2])[:, None])


def test_the_seasonal_naive_widens_with_past_errors_and_each_season_ahead() -> None:
    history = np.array([[0.0, 0.0, 2.0, 2.0]])
    found = rivals.seasonal_naive(history, 3, 2)[0]
    assert np.allclose(found[0], 2 + 2 * stats.norm.ppf(DECILES))
    assert np.allclose(found[2], 2 + 2 * np.sqrt(2) * stats.norm.ppf(DECILES))


def test_a_short_history_repeats_its_last_value_and_unknown_counts_as_nothing() -> None:
    found = rivals.seasonal_naive(np.array([[5.0, 5.0, 5.0], [1.0, np.nan, np.nan]]), 2, 12)
    assert np.allclose(found[0], 5.0) and np.allclose(found[1], 0.0)


def test_poisson_deciles_are_whole_and_take_a_mean_of_nothing() -> None:
    found = rivals.poisson_deciles(np.array([[0.0, 2.0]]))
    assert found.shape == (1, 2, 9) and not found[0, 0].any()
    assert found[0, 1].tolist() == [0, 1, 1, 1, 2, 2, 3, 3, 4]


def test_without_statsforecast_there_are_no_methods_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "has_statsforecast", lambda: False)
    assert rivals.statsforecast_rivals() == {}
    assert "pip install -e .[bench]" in rivals.ABSENT
