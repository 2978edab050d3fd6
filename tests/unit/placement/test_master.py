"""Prices of the rows: where the search for them ends, they are those of the rows that are full."""

import numpy as np
import pytest

from benchmarks import cases
from benchmarks.companies import company
from vmi.placement.instance import Instance
from vmi.placement.master import MASTER_GAP, Priced, Search, answer, price_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pricing import Restriction
from vmi.placement.problem import Array, Whole
from vmi.placement.settling import what_fits


class Market:
    """A case whose rows have prices: of some of its parts, what they use under any."""

    def __init__(self, seed: int) -> None:
        drawn = cases.scarce(company(60, 3, seed), PlacementParameters(), 0.7, 0.8)
        self.instance: Instance = drawn.pooled()
        self.restriction: Restriction = what_fits(self.instance, self.instance.free_choice())
        self.parts: Whole = self.instance.everyone
        self.priced: Priced = price_rows(self.instance, self.parts, self.restriction, Search(None, 200))

    @property
    def gap(self) -> float:
        return max(self.priced.value - self.priced.bound, 1e-9 * abs(self.priced.value))

    def used(self, prices: Array) -> Array:
        said = answer(self.instance, self.parts, self.restriction, prices)
        return np.asarray(self.instance.usage(self.parts, said.qty).sum(axis=0))

    def moved(self, row: int, by: float) -> Array:
        prices = self.priced.prices.copy()
        prices[row] += by
        return prices


@pytest.fixture(scope="module", params=range(4))
def market(request: pytest.FixtureRequest) -> Market:
    return Market(request.param)


def test_the_search_ends_with_master_and_bound_together(market: Market) -> None:
    priced = market.priced
    assert priced.bound <= priced.value + 1e-9 * abs(priced.value)
    assert priced.value - priced.bound <= MASTER_GAP * priced.value
    assert (priced.prices > 0).sum() >= 3


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_a_row_that_would_have_room_left_at_a_lower_price_has_none(market: Market, share: float) -> None:
    """Complementary slackness: the bound L is concave in the prices p, its slope at p - d what is used there beyond
    what is free. As no L is above the master's value v, used(p - d) >= free - (v - L(p)) / d.
    """
    for row in np.flatnonzero(market.priced.prices > 0):
        by = share * market.priced.prices[row]
        used = market.used(market.moved(row, -by))[row]
        assert used >= market.instance.free[row] - market.gap / by - 1e-9, row


@pytest.mark.parametrize("by", [0.01, 1.0, 100.0])
def test_a_row_is_not_overfull_at_a_higher_price(market: Market, by: float) -> None:
    """The same on the other side, rows without a price included: used(p + d) <= free + (v - L(p)) / d."""
    for row in np.flatnonzero(np.isfinite(market.instance.free)):
        used = market.used(market.moved(row, by))[row]
        assert used <= market.instance.free[row] + market.gap / by + 1e-9, row
