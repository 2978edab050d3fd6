import numpy as np
import pandas as pd
import pytest

from vmi.frames import POSITIONS, Situation
from vmi.network import arcs, city_weights, first_cover
from vmi.placement.build import Expected, Network, build_problem, occupied
from vmi.placement.evaluate import evaluate
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place
from vmi.placement.problem import PlacementProblem
from vmi.supersession import resolve
from vmi.workdays import WorkDays

AS_OF = pd.Timestamp("2027-01-20")
PARAMETERS = PlacementParameters()


def table(columns: str, *rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split())


PARTS = table(
    "part_id successor_id supplier_id family unit_cost volume_l weight_kg pack_qty min_order_qty hazmat criticality",
    ("OLD", "NEW", "S1", "F1", 90.0, 10.0, 2.0, 1, 1, "N", "B"),
    ("NEW", "", "S1", "F1", 95.0, np.nan, np.nan, 2, 1, "N", "A"),
    ("X", "", "S1", "F1", 20.0, 30.0, 1.0, 1, 1, "Y", "C"),
)
LANES = table(
    "warehouse_id city service transit_hours cut_off cost_per_shipment cost_per_kg",
    ("W1", "Hefei", "standard", 9.0, "17:00", 12.0, 1.0),
    ("W1", "Wuhan", "standard", 30.0, "17:00", 20.0, 2.0),
    ("W2", "Wuhan", "standard", 9.0, "17:00", 12.0, 1.0),
    ("W2", "Hefei", "standard", 60.0, "17:00", 20.0, 2.0),
)
WAREHOUSES = table(
    "warehouse_id city capacity_m3 hazmat_capacity_m3", ("W2", "Wuhan", 5.0, 0.0), ("W1", "Hefei", 9.0, 1.0)
)
SUPPLY = table(
    "supplier_id warehouse_id lead_time_days lead_time_sd_days cost_per_shipment cost_per_kg",
    ("S1", "W1", 3.0, 1.0, 0.0, 0.5),
    ("S1", "W2", 4.0, 1.0, 90.0, 0.5),
)
NO_CLOSURES = table("scope id from to")
FESTIVAL = table("scope id from to", ("supplier", "S1", pd.Timestamp("2027-01-22"), pd.Timestamp("2027-02-15")))
POSITION = table(" ".join(POSITIONS.columns), ("NEW", "W1", 3, 1, 0, 0, 0))
PAIRS = table(
    "part_id warehouse_id mean_line_qty same_day_share demand_class",
    ("NEW", "W1", 2.0, 0.1, "smooth"),
    ("NEW", "W2", 2.0, 0.1, "lumpy"),
    ("X", "W1", 1.0, 0.0, "new"),
)


def situation(**frames: pd.DataFrame) -> Situation:
    nothing = pd.DataFrame()
    given = {
        "suppliers": table("supplier_id return_window_days", ("S1", 90)),
        "parts": PARTS,
        "warehouses": WAREHOUSES,
        "centres": table("centre_id city", ("C1", "Hefei"), ("C2", "Wuhan")),
        "lanes": LANES,
        "supply": SUPPLY,
        "usage": table("centre_id lines"),
        "closures": NO_CLOSURES,
        "availability": table("part_id available_qty available_on"),
        "overrides": table("part_id warehouse_id kind value"),
        "open_plan_lines": table("part_id warehouse_id qty"),
        "hubs": table("part_id warehouse_id"),
    } | frames
    names = [n for n in Situation.__dataclass_fields__ if n not in ("as_of", "timezone")]
    return Situation(as_of=AS_OF, timezone="Asia/Shanghai", **{n: given.get(n, nothing) for n in names})


def built(rate: float = 0.3, **frames: pd.DataFrame) -> PlacementProblem:
    found = situation(**frames)
    cover = first_cover(found.lanes)
    reach = arcs(found.lanes, cover, city_weights(cover, found.centres, found.usage))
    network = Network(reach, resolve(found.parts), WorkDays(found.closures))

    def window(start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full(3, rate * (stop - start)), np.full(3, 1.5 * rate * (stop - start))

    used = pd.DataFrame({"volume_m3": [4.0, 0.25], "hazmat_m3": [2.0, 0.0]}, index=["W1", "W2"])
    return build_problem(found, network, Expected(PAIRS, window, 200), POSITION, used, PARAMETERS)


def test_only_final_parts_are_placed_and_what_is_unknown_is_taken_at_the_median() -> None:
    found = built()
    assert found.parts.index.tolist() == ["NEW", "X"]
    assert found.parts.loc["NEW", ["volume_m3", "weight_kg"]].tolist() == pytest.approx([0.02, 1.5])


def test_space_is_what_is_left_and_never_negative() -> None:
    found = built().warehouses
    assert found.index.tolist() == ["W1", "W2"]
    assert found["free_m3"].tolist() == pytest.approx([5.0, 4.75])
    assert found["free_hazmat_m3"].tolist() == [0.0, 0.0]


def test_holdings_take_their_volume_and_what_leaves_gives_it_back() -> None:
    rows = table("part_id warehouse_id qty", ("X", "W1", 10), ("OLD", "W1", 5), ("X", "W1", -4))
    found = occupied(PARTS, rows, pd.Index(["W1", "W2"]))
    assert found.loc["W1"].tolist() == pytest.approx([0.23, 0.18])
    assert found.loc["W2"].tolist() == [0.0, 0.0]


def test_a_region_may_be_covered_where_the_lane_keeps_the_promise() -> None:
    found = built().arcs
    assert found.allowed.tolist() == [[True, True], [False, True]]
    assert found.per_line[0, 1] == 8.0 + PARAMETERS.split_cost
    assert found.per_line[0, 0] == 0.0


def test_trucks_have_their_days_and_a_review_cycle_only_where_they_cost() -> None:
    trucks = built().trucks
    assert trucks.loc[("S1", "W1"), ["review_days", "due_day", "next_due_day", "return_day"]].tolist() == [1, 4, 5, 94]
    assert trucks.loc[("S1", "W2"), "review_days"] > 1


def test_a_closure_moves_tomorrows_truck_behind_it_and_tonights_order_grows() -> None:
    shut, free = built(closures=FESTIVAL), built()
    assert shut.trucks.loc[("S1", "W1"), "due_day"] == 4
    assert shut.trucks.loc[("S1", "W1"), "tomorrow_due_day"] == 30
    before, after = place(free, PARAMETERS), place(shut, PARAMETERS)
    firm = [f.replenishment.query("commitment == 'firm' and part_id == 'NEW'")["qty"].sum() for f in (before, after)]
    assert firm[1] > firm[0] + 5
    assert evaluate(shut, after, PARAMETERS).violations == []


def test_a_supplier_has_what_is_listed_for_tomorrow_less_what_is_on_order() -> None:
    listed = table("part_id available_qty available_on", ("NEW", 30, pd.NaT), ("NEW", 50, AS_OF + pd.Timedelta(days=9)))
    found = built(availability=listed, open_plan_lines=table("part_id warehouse_id qty", ("NEW", "W1", 8)))
    assert found.parts["available_qty"].tolist() == [22.0, np.inf]


def test_an_order_that_was_published_is_not_ordered_again() -> None:
    wanted = table("part_id warehouse_id kind value", ("NEW", "W1", "order", 20.0), ("NEW", "W2", "min", 4.0))
    found = built(overrides=wanted, open_plan_lines=table("part_id warehouse_id qty", ("NEW", "W1", 20)))
    assert found.overrides["value"].tolist() == [0.0, 4.0]


def test_windows_beyond_the_forecasts_horizon_are_cut() -> None:
    found = built(suppliers=table("supplier_id return_window_days", ("S1", 400)))
    assert found.demand.days.max() == 200
    assert place(found, PARAMETERS).optimisation.objective >= 0
