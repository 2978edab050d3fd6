import numpy as np
import pytest

from forecasts.distributions.exceedance import LONGEST_TAIL, Exceedance, mixture

NODES = np.array([[0.0, 1, 2, 5, 9], [0, 4, 8, 20, 40]])
ABOVE = np.array(
    [
        [[0.9, 0.7, 0.5, 0.2, 0.05], [0.3, 0.3, 0.1, 0.02, 0.01]],
        [[1.0, 0.8, 0.8, 0.3, 0.1], [0.05, 0.01, 0.0, 0.0, 0.0]],
    ]
)
SOME = Exceedance(NODES, ABOVE)
FAR = 3000


def enumerated(of: Exceedance) -> np.ndarray:
    """P(Y > k) for k = 0, 1, …, FAR: straight lines between nodes, a constant ratio of neighbours beyond."""
    found = np.zeros((*of.above.shape[:2], FAR + 1))
    for row, step in np.ndindex(*of.above.shape[:2]):
        nodes, above = of.nodes[row], of.above[row, step]
        found[row, step] = np.interp(np.arange(FAR + 1), [-1, *nodes], [1.0, *above])
        last = int(nodes[-1])
        tail = of.sf(np.full(of.above.shape[:2], last + 1.0))[row, step] / above[-1] if above[-1] else 0.0
        found[row, step, last:] = above[-1] * tail ** np.arange(FAR + 1 - last)
    return found


def test_the_survival_function_is_linear_between_nodes_and_geometric_beyond():
    expected = enumerated(SOME)
    for k in [0, 1, 2, 3, 4, 5, 7, 9, 10, 12, 20, 33, 40, 41, 60, 100]:
        np.testing.assert_allclose(SOME.sf(np.full((2, 2), float(k))), expected[..., k], atol=1e-12)


def test_every_demand_is_above_minus_one():
    np.testing.assert_array_equal(SOME.sf(np.full((2, 2), -1.0)), 1.0)


def test_below_the_first_node_every_count_is_equally_likely():
    coarse = Exceedance(np.array([[3.0, 6.0]]), np.array([[[0.6, 0.2]]]))
    found = [float(coarse.sf(np.array([[float(k)]]))[0, 0]) for k in range(-1, 4)]
    np.testing.assert_allclose(found, [1.0, 0.9, 0.8, 0.7, 0.6])


def test_the_tail_falls_at_the_rate_between_the_last_two_nodes():
    falling = Exceedance(np.array([[0.0, 10.0, 12.0]]), np.array([[[0.9, 0.4, 0.1]]]))
    assert falling.sf(np.array([[14.0]]))[0, 0] == pytest.approx(0.1 / 4)


def test_a_tail_is_believed_no_longer_than_half_the_last_node():
    hardly_falling = Exceedance(np.array([[0.0, 10.0, 12.0]]), np.array([[[0.9, 0.1001, 0.1]]]))
    expected = 0.1 * np.exp(-8 / (LONGEST_TAIL * 12))
    assert hardly_falling.sf(np.array([[20.0]]))[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("level", [0.001, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999])
def test_a_quantile_is_the_smallest_count_that_is_exceeded_seldom_enough(level):
    expected = (enumerated(SOME) > 1 - level + 1e-9).sum(axis=2)
    np.testing.assert_array_equal(SOME.quantile([level])[..., 0], expected)


def test_quantiles_may_be_asked_at_levels_of_each_series_its_own():
    levels = np.array([[0.1, 0.9], [0.5, 0.99]])
    found = SOME.quantile(levels)
    for row in range(2):
        np.testing.assert_array_equal(found[row], SOME.quantile(levels[row])[row])
    assert found.shape == (2, 2, 2)


def test_the_inverse_takes_a_probability_per_cell():
    tail = np.array([[0.5, 0.02], [0.3, 0.001]])
    expected = (enumerated(SOME) > tail[..., None] + 1e-9).sum(axis=2)
    np.testing.assert_array_equal(SOME.inverse(tail), expected)


def test_a_level_met_exactly_at_a_node_is_that_node():
    # P(Y > 2) = 0.5 and P(Y > 1) = 0.7: the median is 2, the least bit above it 3.
    assert SOME.quantile([0.5])[0, 0, 0] == 2
    assert SOME.quantile([0.501])[0, 0, 0] == 3


def test_over_a_flat_stretch_the_next_count_that_occurs_is_found():
    # P(Y > k) = 0.8 from 4 to 8: at level 0.2 the smallest is 4, just above it the first count beyond 8.
    assert SOME.quantile([0.2])[1, 0, 0] == 4
    assert SOME.quantile([0.2001])[1, 0, 0] == 9


def test_moments_are_the_sums_over_every_count():
    k, survival = np.arange(FAR + 1), enumerated(SOME)
    pmf = -np.diff(np.concatenate([np.ones((2, 2, 1)), survival], axis=2), axis=2)
    mean = pmf @ k
    mean_found, var_found = SOME.moments()
    np.testing.assert_allclose(mean_found, mean, rtol=1e-9)
    np.testing.assert_allclose(var_found, pmf @ k**2 - mean**2, rtol=1e-8)


def test_no_demand_at_all_has_no_mean_and_no_quantile_above_zero():
    nothing = Exceedance(NODES, np.zeros((2, 2, 5)))
    assert [part.max() for part in nothing.moments()] == [0.0, 0.0]
    assert nothing.quantile([0.5, 0.999]).max() == 0


def test_taking_rows_keeps_their_distributions():
    np.testing.assert_array_equal(SOME.take([1]).quantile([0.3, 0.9]), SOME.quantile([0.3, 0.9])[[1]])
    assert len(SOME.take([1, 0, 1])) == 3


def test_reading_at_more_nodes_changes_nothing_between_them():
    fine = SOME.on(np.array([[0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 2, 4, 6, 8, 14, 20, 30, 39, 40]]))
    for k in range(10):
        at = np.array([[k] * 2, [4 * k] * 2], dtype=float)
        np.testing.assert_allclose(fine.sf(at), SOME.sf(at), atol=1e-12)


def test_reading_beyond_the_last_node_continues_the_tail():
    beyond = np.array([[0.0, 12], [0, 50]])
    np.testing.assert_allclose(SOME.on(beyond).above[..., 1], SOME.sf(np.array([[12.0] * 2, [50.0] * 2])))


def test_a_mixture_weighs_probabilities_not_quantiles():
    other = Exceedance(NODES, ABOVE[:, ::-1])
    mixed = mixture([SOME, other], [np.array([0.25, 1.0]), np.array([0.75, 0.0])])
    np.testing.assert_allclose(mixed.above[0], 0.25 * ABOVE[0] + 0.75 * ABOVE[0, ::-1])
    np.testing.assert_array_equal(mixed.above[1], ABOVE[1])


def test_a_mean_is_mixed_and_means_apart_widen_a_mixture():
    low, high = (
        Exceedance(np.array([[0.0, 10, 20, 30]]), np.array([[above]]))
        for above in ([0.5, 0.01, 0.001, 0.0001], [1.0, 1.0, 0.5, 0.01])
    )
    half = [np.array([0.5])] * 2
    (low_mean, low_var), (high_mean, high_var) = low.moments(), high.moments()
    mean, var = mixture([low, high], half).moments()
    between = ((high_mean - low_mean) / 2) ** 2
    np.testing.assert_allclose(mean, (low_mean + high_mean) / 2, rtol=0.01)
    np.testing.assert_allclose(var, (low_var + high_var) / 2 + between, rtol=0.01)


def test_draws_by_uniform_probabilities_have_the_distribution():
    uniform = np.random.default_rng(3).uniform(size=(8_000, 2, 2))
    drawn = np.stack([SOME.inverse(part) for part in uniform])
    for k in [0, 1, 3, 9, 20]:
        np.testing.assert_allclose((drawn > k).mean(axis=0), SOME.sf(np.full((2, 2), float(k))), atol=0.02)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_drawn_steps_have_the_distribution_said_whatever_their_correlation(correlation):
    normal = np.random.default_rng(1).standard_normal((5000, 2, 3))
    paths = np.stack([SOME.draw(correlation, draw) for draw in normal])
    for k in (0, 1, 3, 8):
        np.testing.assert_allclose((paths > k).mean(axis=0), SOME.sf(np.full((2, 2), float(k))), atol=0.025)


def test_steps_hang_together_by_the_correlation_of_each_series():
    even = Exceedance(np.array([[0.0, 500, 1000]] * 2), np.array([[[1.0, 0.5, 0.0]] * 2] * 2))
    normal = np.random.default_rng(1).standard_normal((3000, 2, 3))
    paths = np.stack([even.draw(np.array([0.0, 0.6]), draw) for draw in normal])
    alone, together = (np.corrcoef(paths[:, row].T)[0, 1] for row in (0, 1))
    # Uniform steps of a Gaussian copula: rank correlation 6 / π · arcsin(ρ / 2) (Pearson 1907).
    assert alone == pytest.approx(0, abs=0.06)
    assert together == pytest.approx(6 / np.pi * np.arcsin(0.3), abs=0.05)


def test_extreme_draws_are_finite():
    for value in (-40.0, 40.0):
        assert 0 <= SOME.draw(0.3, np.full((2, 3), value)).max() < 10_000


def test_the_mean_is_the_first_moment():
    np.testing.assert_allclose(SOME.mean(), SOME.moments()[0], rtol=1e-12)


def test_hazards_are_moved_until_the_mean_is_the_one_asked_for():
    aim = np.array([[1.0, 4.0], [9.0, 0.3]])
    np.testing.assert_allclose(SOME.with_mean(aim).mean(), aim, rtol=0.01)


def test_its_own_mean_leaves_a_distribution_as_it_is():
    np.testing.assert_allclose(SOME.with_mean(SOME.mean()).above, SOME.above, atol=2e-6)


def test_all_log_odds_of_going_on_move_alike():
    found = SOME.take([0]).with_mean(np.array([[5.0, 2.0]])).above[0, 0]
    before = ABOVE[0, 0] / np.append(1.0, ABOVE[0, 0][:-1])
    after = found / np.append(1.0, found[:-1])
    moved = np.log(after / (1 - after)) - np.log(before / (1 - before))
    np.testing.assert_allclose(moved, moved[0], atol=1e-3)


def test_a_mean_out_of_reach_is_approached():
    found = SOME.with_mean(np.full((2, 2), 1e6)).mean()
    assert np.isfinite(found).all() and (found > SOME.mean()).all()
    assert (SOME.with_mean(np.zeros((2, 2))).mean() < SOME.mean()).all()
