"""Laws of returns and transfers, on small random companies."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from vmi.returns.chances import at_least
from vmi.returns.evaluate import evaluate
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import ReturnsProblem
from vmi.returns.settle import Transfers, choose_transfers, settle_lots

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "returns"))
from lots_cases import CITIES, Told, decide, lane, lanes, lot, part, problem, units

PARAMETERS = ReturnParameters()
SITES, PARTS = sorted(CITIES), ["P1", "P2", "P3"]
CATALOGUE = [part("P1", successor_id="P2"), part("P2"), part("P3", unit_cost=90.0, weight_kg=8.0, hazmat="Y")]
EVERYWHERE = lanes(*(lane(a, b, 10.0 + 5 * i) for i, a in enumerate(SITES) for b in SITES if a != b))

lot_rows = st.lists(
    st.tuples(st.sampled_from(SITES), st.sampled_from(PARTS), st.integers(50, 95), st.integers(1, 5)), max_size=8
)
rates = st.dictionaries(st.tuples(st.sampled_from(["P2", "P3"]), st.sampled_from(SITES)), st.floats(0, 0.5))
owing = st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(SITES), st.integers(1, 3)), max_size=2)
rooms = st.lists(st.floats(0, 0.08), min_size=6, max_size=6)


Company = tuple[ReturnsProblem, Told]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    rows = [lot(w, p, f"L{i}", age, qty) for i, (w, p, age, qty) in enumerate(draw(lot_rows))]
    room = draw(rooms)
    free = pd.DataFrame({"free_m3": room[:3], "free_hazmat_m3": room[3:]}, index=pd.Index(SITES))
    spread = draw(st.sampled_from([1.0, 1.5, 4.0]))
    saves = {(p, a, b): draw(st.sampled_from([0.0, 0.0, 30.0])) for p in PARTS for a in SITES for b in SITES if a != b}
    given_ = problem(rows, draw(rates), CATALOGUE, spread, lanes=EVERYWHERE, waiting=units(draw(owing)))
    return given_, Told(saves, free)


def chosen(company: Company) -> Transfers:
    given_, told = company
    return choose_transfers(settle_lots(given_, PARAMETERS), told, told.frees, PARAMETERS)


@given(companies())
@settings(max_examples=15, deadline=None)
def test_the_independent_check_finds_the_same_cost_and_nothing_wrong(company: Company) -> None:
    found, decided = chosen(company), decide(company[0], PARAMETERS, company[1])
    checked = evaluate(company[0], decided, PARAMETERS, company[1].room)
    assert checked.violations == []
    assert abs(checked.objective - found.cost) < 0.01
    gained = float((found.lines["benefit"] - found.lines["cost"] - PARAMETERS.min_transfer_gain).sum())
    assert found.bound <= 0.01 - gained if len(found.lines) else found.bound >= -0.01


@given(companies(), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_row_order_never_matters(company: Company, chance) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[chance.sample(range(len(frame)), len(frame))]

    names = ("lots", "parts", "warehouses", "lanes", "waiting")
    other = replace(company[0], **{name: shuffled(getattr(company[0], name)) for name in names})
    first, second = chosen(company), chosen((other, company[1]))
    pd.testing.assert_frame_equal(decide(company[0], PARAMETERS).returns, decide(other, PARAMETERS).returns)
    pd.testing.assert_frame_equal(first.lines, second.lines)
    assert (first.cost, first.bound) == (second.cost, second.bound)


@given(companies())
@settings(max_examples=15, deadline=None)
def test_more_room_never_costs_more(company: Company) -> None:
    roomy = replace(company[1], room=company[1].room + 1.0)
    small, large = chosen(company), chosen((company[0], roomy))
    # More room is worth more to the model; what is chosen is priced oldest first, so bounds are what compares.
    assert large.bound <= small.bound + 0.01 + 2e-3 * abs(small.bound)


@given(st.floats(0.01, 50), st.floats(0.2, 8), st.integers(0, 80))
def test_a_later_place_never_sells_more_likely(mean: float, spread: float, place: int) -> None:
    chance = at_least(np.array([place, place + 1]), mean, mean * spread)
    assert 0.0 <= chance[1] <= chance[0] <= 1.0
