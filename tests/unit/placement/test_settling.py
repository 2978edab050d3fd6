from dataclasses import replace

import numpy as np

from tests.unit.placement import cases
from vmi.placement.parameters import PlacementParameters
from vmi.placement.place import place


def test_a_plan_that_may_stop_early_still_leaves_no_part_without_what_there_is_room_for() -> None:
    """The gap would be wide enough to order nothing at all."""
    problem = cases.problem([[0.3 + 0.1 * i, 0.5] for i in range(8)])
    wished = place(problem, PlacementParameters()).replenishment
    volume = problem.parts["volume_m3"].reindex(wished["part_id"]).to_numpy() * wished["qty"].to_numpy()
    asked = volume[wished["commitment"].eq("firm").to_numpy()].sum()
    assert asked > 0
    problem = replace(problem, warehouses=problem.warehouses.assign(free_m3=0.25 * asked))
    careless = place(problem, PlacementParameters(relative_gap=0.9)).optimisation
    careful = place(problem, PlacementParameters()).optimisation
    assert careless.objective <= careful.objective * 1.05
    assert np.isfinite(careless.bound)
