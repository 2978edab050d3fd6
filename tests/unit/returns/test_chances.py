import numpy as np
import pytest
from scipy import stats

from vmi.returns.chances import at_least


def test_poisson_and_negative_binomial_tails_are_those_of_the_textbook():
    # Poisson of mean 2: 1 - e^-2 (1 + 2); negative binomial of mean 2, variance 4 (r = 2, p = 1/2): 1 - 1/4 - 1/4.
    assert at_least(2, 2.0, 2.0) == pytest.approx(1 - 3 * np.exp(-2), abs=1e-9)
    assert at_least(2, 2.0, 4.0) == pytest.approx(0.5, abs=1e-9)


def test_the_tails_agree_with_scipy_over_many_units():
    units = np.arange(1, 60)
    found = at_least(units, 12.5, 40.0)
    assert found == pytest.approx(stats.nbinom.sf(units - 1, 12.5**2 / 27.5, 12.5 / 40.0), abs=1e-8)


def test_no_demand_sells_nothing_and_what_is_owed_sells_surely():
    assert at_least([0, -2, 1], 0.0, 0.0).tolist() == [1.0, 1.0, 0.0]


def test_a_variance_below_the_mean_is_read_as_poisson():
    assert at_least(3, 2.0, 0.5) == at_least(3, 2.0, 2.0)
