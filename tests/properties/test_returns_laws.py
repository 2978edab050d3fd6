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
from vmi.returns.settle import settle_lots

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "returns"))
from lots_cases import CITIES, lane, lanes, lot, part, problem, units

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


@st.composite
def companies(draw: st.DrawFn) -> ReturnsProblem:
    rows = [lot(w, p, f"L{i}", age, qty) for i, (w, p, age, qty) in enumerate(draw(lot_rows))]
    room = draw(rooms)
    free = pd.DataFrame({"free_m3": room[:3], "free_hazmat_m3": room[3:]}, index=pd.Index(SITES))
    spread = draw(st.sampled_from([1.0, 1.5, 4.0]))
    waiting = units(draw(owing))
    return problem(rows, draw(rates), CATALOGUE, spread, lanes=EVERYWHERE, free=free, waiting=waiting)


@given(companies())
@settings(max_examples=15, deadline=None)
def test_the_independent_check_finds_the_same_cost_and_nothing_wrong(company: ReturnsProblem) -> None:
    decided = settle_lots(company, PARAMETERS)
    checked = evaluate(company, decided, PARAMETERS)
    assert checked.violations == []
    assert abs(checked.objective - decided.optimisation.objective) < 0.01
    assert decided.optimisation.bound <= decided.optimisation.objective <= 0.0


@given(companies(), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_row_order_never_matters(company: ReturnsProblem, chance) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[chance.sample(range(len(frame)), len(frame))]

    names = ("lots", "parts", "warehouses", "lanes", "waiting", "free")
    other = replace(company, **{name: shuffled(getattr(company, name)) for name in names})
    first, second = settle_lots(company, PARAMETERS), settle_lots(other, PARAMETERS)
    pd.testing.assert_frame_equal(first.returns, second.returns)
    pd.testing.assert_frame_equal(first.transfers, second.transfers)
    assert first.optimisation == second.optimisation


@given(companies())
@settings(max_examples=15, deadline=None)
def test_more_room_never_costs_more(company: ReturnsProblem) -> None:
    roomy = replace(company, free=company.free + 1.0)
    small, large = (settle_lots(c, PARAMETERS).optimisation for c in (company, roomy))
    # More room is worth more to the model; what is chosen is priced oldest first, so bounds are what compares.
    assert large.bound <= small.objective + 0.01


@given(st.floats(0.01, 50), st.floats(0.2, 8), st.integers(0, 80))
def test_a_later_place_never_sells_more_likely(mean: float, spread: float, place: int) -> None:
    chance = at_least(np.array([place, place + 1]), mean, mean * spread)
    assert 0.0 <= chance[1] <= chance[0] <= 1.0
