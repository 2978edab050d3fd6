"""What parts are worth after a move: the short way says what tables of their own say, or that it cannot tell."""

import numpy as np
import pytest

from benchmarks.solves import Setting
from vmi.placement.draft import Draft, draft
from vmi.placement.shifted import values_after
from vmi.placement.worth import Worth, tabulated_after

ROWS = 1_500


@pytest.fixture(scope="module", params=[6, 8])
def still(request: pytest.FixtureRequest) -> Draft:
    case = Setting(400, warehouses=request.param, lines_share=0.7).case()
    return draft(case.problem, case.parameters, None)


@pytest.fixture(scope="module")
def moves(still: Draft) -> tuple[np.ndarray, np.ndarray]:
    """Return parts and units that come to each warehouse: some from one place to another, some from nowhere."""
    rng = np.random.default_rng(5)
    parts, hubs = still.shape
    part = np.sort(rng.integers(0, parts, ROWS))
    origin, units, every = rng.integers(0, hubs, ROWS), rng.integers(1, 9, ROWS), np.arange(ROWS)
    moved = np.zeros((ROWS, hubs), dtype=np.int64)
    moved[every, (origin + rng.integers(1, hubs, ROWS)) % hubs] = units
    moved[every, origin] = -units * (rng.random(ROWS) < 0.7)
    return part, moved


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_values_are_those_of_tables_made_anew(still: Draft, moves: tuple[np.ndarray, np.ndarray], share: float) -> None:
    worth = Worth(still, share * still.solution.prices)
    value, told = values_after(*moves, worth.terms)
    anew = tabulated_after(still, *moves, worth.charges)
    # Tables are rounded to a millionth of a yuan, pool by pool.
    assert np.abs(value - anew)[told].max() < 1e-5
    assert told.mean() > 0.9


def test_moves_that_change_nothing_are_worth_nothing(still: Draft) -> None:
    part = np.arange(still.shape[0])
    value, told = values_after(part, np.zeros(still.shape, dtype=np.int64), Worth(still, still.solution.prices).terms)
    assert value[told] == pytest.approx(still.values(still.solution.prices)[told], abs=1e-6)
    assert told.mean() > 0.9


def test_a_part_whose_supplier_has_too_little_is_left_to_its_table(
    still: Draft, moves: tuple[np.ndarray, np.ndarray]
) -> None:
    worth = Worth(still, 0.0 * still.solution.prices)
    limits = still.limits._replace(available=np.zeros_like(still.limits.available))
    terms = worth.terms._replace(rules=worth.terms.rules._replace(limits=limits))
    _, told = values_after(*moves, terms)
    plenty, _ = values_after(*moves, worth.terms)
    assert not told.all() and (plenty[told] == values_after(*moves, terms)[0][told]).all()
