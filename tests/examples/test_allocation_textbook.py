"""Textbook numbers for the allocation: stock under a budget, shared stock, and how often a truck goes.

The night is stripped to the textbook's model: no carrying cost, no freight, Poisson demand, one penalty and one return
cost a unit; the return window ends where the protection interval does, so that both look at the same demand.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.placement import cases
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import Placement, place
from vmi.placement.problem import PlacementProblem
from vmi.placement.trips import review_days

DAYS = 10
BARE = PlacementParameters(
    carrying_rate=0.0,
    storage_cost=0.0,
    return_cost_rate=0.0,
    return_cost_per_kg=0.0,
    return_handling=0.0,
    penalty_same_day=0.0,
    delay_cap_days=1.0,
    backorder_days=1.0,
    options_limit=10_000,
)
"""A unit short costs its criticality's penalty once; nothing else costs anything."""


def textbook(means: list[list[float]], changes: list[dict], **given: object) -> PlacementProblem:
    """Return a night of parts with Poisson demand of such means until the next order arrives."""
    names = [f"W{w}" for w in range(len(means[0]))]
    lorries = cases.trucks(
        ["S1"],
        names,
        lead_time_days=1.0,
        lead_time_sd_days=0.0,
        cost_per_kg=0.0,
        due_day=1.0,
        tomorrow_due_day=2.0,
        next_due_day=float(DAYS),
        return_day=float(DAYS),
    )
    rate = np.array(means) / DAYS
    needs = {"trucks": lorries, "demand": cases.demand(rate, lorries, overdispersion=0.0)}
    return cases.problem(rate.tolist(), changes, **(needs | given))


def stock(found: Placement) -> dict[str, int]:
    firm = found.replenishment[found.replenishment["commitment"] == "firm"]
    return firm.groupby("part_id")["qty"].sum().to_dict()


@pytest.mark.parametrize("units", [1, 2, 3, 4, 5, 6, 7, 8, 99])
def test_two_newsvendors_under_one_budget_take_units_in_the_order_of_their_marginal_value(units: int) -> None:
    """The constrained newsvendor (Hadley and Whitin 1963, Analysis of Inventory Systems, ch. 6; Silver, Pyke and
    Thomas 2017, Inventory and Production Management in Supply Chains, ch. 10), worked by hand: with equal costs v a
    unit, the k-th is worth p P(D >= k) - r P(D < k), and the budget's multiplier is the last unit's worth over v.

    Poisson demand of mean 3 and 2, shortage p = 10, left over r = 2, so that a unit is worth 12 P(D >= k) - 2:

        k          1      2      3      4      5      6
        mean 3   9.403  7.610  4.922  2.233  0.217  -0.993
        mean 2   8.376  5.128  1.880  -0.285

    Unlimited stock is 5 and 3, the critical fractile 10 / 12.
    """
    ranked = [("P0", 9.403), ("P1", 8.376), ("P0", 7.610), ("P1", 5.128), ("P0", 4.922), ("P0", 2.233), ("P1", 1.880)]
    ranked += [("P0", 0.217)]
    taken = [part for part, _ in ranked[:units]]
    parameters = replace(BARE, penalty_b=10.0, return_handling=2.0, budget=50.0 * units)
    found = place(textbook([[3.0], [2.0]], [{"unit_cost": 50.0}] * 2), parameters)
    assert stock(found) == {part: taken.count(part) for part in set(taken)}
    saved = sum(value for _, value in ranked[:units])
    assert found.optimisation.objective == pytest.approx(10 * (3 + 2) - saved, abs=0.005)
    if units < len(ranked):
        multiplier = found.optimisation.prices.set_index("name")["price"]["budget"]
        assert ranked[units][1] / 50.0 - 1e-4 <= multiplier <= ranked[units - 1][1] / 50.0 + 1e-4
    else:
        assert found.optimisation.prices.empty


@pytest.mark.parametrize(
    ("budget", "expected", "backorders"),
    [
        (6, (0, 6), 1.0 + 0.1954),
        (11, (1, 6), 0.3679 + 0.1954),
        (12, (1, 7), 0.3679 + 0.0848),
        (17, (2, 7), 0.1036 + 0.0848),
        (18, (2, 8), 0.1036 + 0.0336),
    ],
)
def test_expected_backorders_of_two_items_follow_marginal_analysis_down_the_curve_of_cost(
    budget: int, expected: tuple[int, int], backorders: float
) -> None:
    """Marginal analysis of expected backorders at one site (Sherbrooke 1968, METRIC, Operations Research 16, 122-141;
    2004, Optimal Inventory Modeling of Systems, ch. 2), Poisson pipelines, worked by hand.

    EBO(s) = EBO(s - 1) - P(D >= s): of a pipeline of 1 that is 1, .3679, .1036, .0233; of a pipeline of 4 it is 4,
    3.0183, 2.1099, 1.3480, .7815, .4103, .1954, .0848, .0336. With costs of 5 and 1, the fall a CNY is .1264, .0528,
    .0161 for the first item and .9817, .9084, .7619, .5665, .3712, .2149, .1107, .0511 for the second: six of the
    second, one of the first, the seventh, the first's second, the eighth.
    """
    problem = textbook([[1.0], [4.0]], [{"unit_cost": 5.0}, {"unit_cost": 1.0}])
    parameters = replace(BARE, penalty_b=1.0, budget=float(budget))
    found = place(problem, parameters)
    assert stock(found) == {f"P{i}": units for i, units in enumerate(expected) if units}
    assert found.optimisation.objective == pytest.approx(backorders, abs=1e-4)
    assert found.optimisation.bound == pytest.approx(backorders, abs=1e-4)
    assert evaluate(problem, found, parameters).cost == pytest.approx(backorders, abs=1e-4)


def test_the_budgets_price_is_what_the_next_unit_of_the_curve_saves_a_coin() -> None:
    """The same two items: with 11 to spend the multiplier lies between the last fall a CNY, .1264, and the next, .1107
    (Sherbrooke 2004, ch. 2: the curve of backorders against cost is convex).
    """
    problem = textbook([[1.0], [4.0]], [{"unit_cost": 5.0}, {"unit_cost": 1.0}])
    prices = place(problem, replace(BARE, penalty_b=1.0, budget=11.0)).optimisation.prices
    assert prices[["name", "subject", "unit"]].to_numpy().tolist() == [["budget", "all", "CNY/CNY"]]
    assert 0.1106 <= prices["price"].iloc[0] <= 0.1265
    assert prices["used"].iloc[0] == 11.0


def test_two_sites_that_share_need_the_safety_stock_and_the_cost_of_one_over_the_root_of_two() -> None:
    """Risk pooling (Eppen 1979, Management Science 25, 498-501): independent sites with normal demand cost n K sigma
    on their own and sqrt(n) K sigma together, and so it is with their safety stock.

    Poisson demand of mean 400 a site is near enough normal: z = 1.645 for shortage 19 and left over 1, so a site alone
    keeps 400 + 33 and the two together 800 + 47 or 46.
    """
    parameters = replace(BARE, penalty_b=19.0, return_handling=1.0)
    zero = np.zeros((2, 2))
    free = cases.Arcs(np.ones((2, 2), dtype=bool), zero, zero, zero, zero, np.ones(2))
    together = textbook([[400.0, 400.0]], [{}], arcs=free)
    apart = replace(together, arcs=replace(free, allowed=np.eye(2, dtype=bool)))
    shared, own = place(together, parameters), place(apart, parameters)
    assert shared.cover["warehouse_id"].nunique() == 1
    assert own.cover["warehouse_id"].nunique() == 2
    assert stock(own)["P0"] == 2 * 433
    assert (stock(shared)["P0"] - 800) / (stock(own)["P0"] - 800) == pytest.approx(2**-0.5, abs=0.015)
    assert shared.optimisation.objective / own.optimisation.objective == pytest.approx(2**-0.5, abs=0.01)


def test_a_family_travels_every_root_of_two_k_over_its_carrying_cost() -> None:
    """Joint replenishment with one common cost K of a shipment: T = sqrt(2 K / sum h_i d_i), the economic order
    interval of the family (Jackson, Maxwell and Muckstadt 1985, IIE Transactions 17, 25-32; Silver, Pyke and Thomas
    2017, ch. 10).

    h is 0.365 of 1,000 and of 4,000 CNY a year: 1 and 4 CNY a day. Of 4 and 1 units a day, 8 CNY a day in all: 100 CNY
    go every 5 days, 400 every 10; shipping costs then 100 / 5 = 20 a day and carrying 5 / 2 x 8 = 20: they balance.
    """
    table = cases.parts({"unit_cost": 1000.0}, {"unit_cost": 4000.0})
    supply = pd.DataFrame(
        {"supplier_id": "S1", "warehouse_id": ["W0", "W1", "W2"], "cost_per_shipment": [100.0, 400.0, 0.0]}
    )
    warehouses = pd.Index(["W0", "W1", "W2"], name="warehouse_id")
    rate = np.array([[4.0] * 3, [1.0] * 3])
    parameters = PlacementParameters(carrying_rate=0.365, storage_cost=0.0)
    found = review_days(table, supply, warehouses, rate, parameters)
    assert found.to_dict() == {("S1", "W0"): 5.0, ("S1", "W1"): 10.0, ("S1", "W2"): 1.0}


@pytest.mark.parametrize(("night_cost", "goes"), [(19.0, False), (21.0, True)])
def test_the_truck_goes_tonight_once_waiting_costs_a_nights_share_of_it(night_cost: float, goes: bool) -> None:
    """One-step look-ahead on the same balance: at the best cycle a night without a truck saves K / T, here 20 CNY.

    Nothing lies there and 100 units a day are asked for: tonight's truck comes on day 6, tomorrow's on day 7, when 600
    and 700 would be short: 650 unit-days on average.
    """
    lorries = cases.trucks(
        ["S1"], ["W0"], cost_per_shipment=100.0, review_days=5.0, lead_time_sd_days=0.0, cost_per_kg=0.0
    )
    problem = cases.problem([[100.0]], trucks=lorries)
    parameters = replace(BARE, penalty_b=night_cost / 650.0)
    found = place(problem, parameters)
    assert bool(found.trips["goes"].iloc[0]) is goes
    assert bool(stock(found)) is goes
