from dataclasses import replace

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.schedule.company import PARAMETERS, lanes, orders, parts, problem, stock, supply, with_picks
from vmi.schedule.assignment import assign
from vmi.schedule.deliveries import complete
from vmi.schedule.eta import eta_reports
from vmi.schedule.evaluation import evaluate
from vmi.schedule.menu import build_menu
from vmi.schedule.solving import solve_menu

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CHAIN = parts(("P0", "C", 1.5, "P1"), ("P1", "B", 0.5, ""), ("A1", "A", 20.0, ""))
FLEET = lanes(
    ("GZ", "Shanghai", "standard", 30.0, "18:00", 9.0, 2.0), ("HZ", "Guangzhou", "standard", 30.0, "18:00", 9.0, 2.0)
)

part = st.sampled_from(["P0", "P1", "A1"])
centre = st.sampled_from(["H1", "H2", "S1", "G1", "L1"])
when = st.sampled_from(["2026-11-09T08:00", "2026-11-08T20:00", "2026-11-06T08:00"])
service = st.sampled_from(["standard", "standard", "same_day"])


@st.composite
def worlds(draw, most_qty: int = 4):
    lines = draw(st.lists(st.tuples(when, centre, part, st.integers(1, most_qty), service), max_size=9))
    lots = draw(st.lists(st.tuples(st.sampled_from(["HZ", "GZ"]), part, st.integers(1, 5)), max_size=6))
    table = orders(*((f"O{i}", *row) for i, row in enumerate(lines)))
    shelves = stock(*((w, p, f"L{i}", f"2026-09-{10 + i}", q) for i, (w, p, q) in enumerate(lots)))
    made = problem(table, shelves, parts=CHAIN, lanes=FLEET)
    limit = draw(st.sampled_from([None, 1, 2]))
    return made if limit is None else with_picks(made, HZ=limit, GZ=limit)


@QUICK
@given(worlds(), st.sampled_from([1, 300]))
def test_stock_is_given_out_once_no_rule_is_broken_and_the_price_is_the_solvers(made, exact_picks):
    parameters = replace(PARAMETERS, exact_picks=exact_picks)
    found = assign(made, parameters)
    priced = evaluate(made, found, parameters)
    assert priced.violations == ()
    assert abs(priced.cost - found.optimisation.objective) <= 1e-6 * max(1.0, priced.cost)
    assert found.optimisation.bound <= found.optimisation.objective + 1e-6


@QUICK
@given(worlds())
def test_every_unit_of_every_line_is_delivered_once_and_reported_once(made):
    coming = supply(("P1", "HZ", 2, "2026-11-11", "inbound"), ("A1", "GZ", 1, "2026-11-12", "firm"))
    found = complete(made, assign(made, PARAMETERS), coming, PARAMETERS)
    ordered = made.open_orders.set_index("order_id")["qty"].sort_index()
    assert found.groupby("order_id")["qty"].sum().sort_index().to_dict() == ordered.to_dict()
    assert ((found["eta"] <= found["promise_by"]) == (found["on_time"] == "Y")).all()
    served = found[found["source"] != "none"]
    assert (served["eta_p90"] >= served["eta"]).all()
    report = eta_reports(found, made.open_orders, made.parts)
    assert sorted(report["order_id"]) == sorted(made.open_orders["order_id"])


@QUICK
@given(worlds())
def test_row_order_never_matters(made):
    mixed = replace(
        made, open_orders=made.open_orders.iloc[::-1], stock=made.stock.iloc[::-1], lanes=made.lanes.iloc[::-1]
    )
    first, second = assign(made, PARAMETERS), assign(mixed, PARAMETERS)
    pd.testing.assert_frame_equal(first.picks, second.picks)
    assert first.optimisation == second.optimisation


@QUICK
@given(worlds(most_qty=1), st.sampled_from(["HZ", "GZ"]), part)
def test_more_stock_never_costs_more(made, warehouse, more):
    """Lines of one unit, each with the same cost of staying unserved in both worlds, and old parts like new ones."""
    parameters = replace(PARAMETERS, old_part_first=0.0, relative_gap=0.0)
    richer = replace(
        made, stock=pd.concat([made.stock, stock((warehouse, more, "MORE", "2026-10-01", 1))], ignore_index=True)
    )
    poor, rich = build_menu(made, parameters), build_menu(richer, parameters)
    unserved = rich.lines["unserved_cost"]
    cost = []
    for menu in (poor, rich):
        _, proven = solve_menu(replace(menu, lines=menu.lines.assign(unserved_cost=unserved)), parameters)
        cost.append(proven.objective + float(unserved[~menu.lines["reached"]].sum()))
    assert cost[1] <= cost[0] + 1e-4
