from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.schedule.company import PARAMETERS, lanes, orders, problem, stock, with_picks
from vmi.schedule.assignment import assign
from vmi.schedule.menu import build_menu
from vmi.schedule.picks import solve_with_picks
from vmi.schedule.solving import solve_menu

AT = "2026-11-09T08:00"
TO_GUANGZHOU = lanes(("HZ", "Guangzhou", "standard", 30.0, "18:00", 90.0, 2.0))
EXACT = replace(PARAMETERS, relative_gap=0.0)


def roomy(**changed):
    """Three lines could leave HZ, which picks two; the third is better served from GZ."""
    lines = [(f"O{i}", AT, centre, "P1", 1, "standard") for i, centre in enumerate(["H1", "H1", "G1"])]
    lots = stock(("HZ", "P1", "L1", "2026-09-10", 9), ("GZ", "P1", "L2", "2026-09-10", 1))
    return with_picks(problem(orders(*lines), lots, lanes=TO_GUANGZHOU, **changed), HZ=2)


def days(made):
    picks = assign(made, PARAMETERS).picks
    return picks[picks["warehouse_id"] == "HZ"]["ship_at"].dt.strftime("%a").tolist()


def test_a_line_that_could_wait_in_time_leaves_at_once_while_there_is_room():
    assert days(roomy()) == ["Mon", "Mon"]


def test_a_line_waits_for_the_end_of_a_storm_even_while_there_is_room():
    storm = pd.DataFrame({"city": ["Hangzhou"], "transit_delay_hours": [60.0]})
    storm = storm.assign(**{"from": pd.Timestamp("2026-11-09"), "to": pd.Timestamp("2026-11-09")})
    assert days(roomy(weather=storm)) == ["Tue", "Tue"]


@pytest.mark.parametrize("seed", range(8))
def test_leaving_the_limits_out_at_first_never_costs_more_than_keeping_them_from_the_start(seed):
    luck = np.random.default_rng(seed)
    rows = [
        (f"O{i}", AT, luck.choice(["H1", "H2", "G1"]), luck.choice(["P1", "A1"]), int(luck.integers(1, 4)), "standard")
        for i in range(8)
    ]
    lots = [(w, p, f"{w}{p}", "2026-09-10", int(luck.integers(2, 12))) for w in ("HZ", "GZ") for p in ("P1", "A1")]
    made = with_picks(problem(orders(*rows), stock(*lots), lanes=TO_GUANGZHOU), HZ=1 + seed % 4, GZ=1 + seed % 3)
    menu = build_menu(made, EXACT)
    (_, found), (_, at_once) = solve_with_picks(menu, EXACT), solve_menu(menu, EXACT)
    assert found.objective == pytest.approx(at_once.objective, abs=1e-5)
