"""Place and allocate: solve tonight's model, send the trucks and the transfers that are worth it, and say why.

First the model is solved as if every truck went. Trucks whose parts can wait are then held back; the parts that were
to travel on them keep their cover pattern and order nothing there, and the model is solved again for the others: with
units where they lie, and, where moving some is worth it, again with those moved (:mod:`vmi.placement.worth`). The
trucks are data of the objective, bound and gap that are reported; orders and transfers are decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vmi.frames import REPLENISHMENT
from vmi.placement.draft import Draft, draft
from vmi.placement.outputs import derive, full_warehouses, override_effects, prices_table, shortages
from vmi.placement.parameters import PlacementParameters
from vmi.placement.pools import assignment
from vmi.placement.problem import PlacementProblem
from vmi.placement.solving import contents
from vmi.placement.supplies import firm_lines, forecast_lines, target_table
from vmi.placement.worth import Worth

LEAST_GAIN = 1e-4
"""CNY by which transfers must make the plan cheaper."""
EXCHANGES, LAST_SHARE = 5, 0.25
"""Times that prices go to the transfers and their moves to the placement, at most; and the share of the prices without
transfers at which moves are weighed last, for the bound: what room is worth falls as units leave it."""


@dataclass(frozen=True)
class Optimisation:
    """What the optimiser reached: cost [CNY], a bound no plan of the model beats, and the prices of full rows.

    ``prices``: columns name, subject, unit, price, used, free; one row per coupling row with a price. ``seconds`` by
    phase: of the wish that decides trips, and of the plan's prices, program and settling; never published.
    """

    objective: float
    bound: float
    status: str
    passes: int
    prices: pd.DataFrame
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def gap(self) -> float:
        """(objective - bound) / objective, at least 0."""
        return max(self.objective - self.bound, 0.0) / max(abs(self.objective), 1e-9)


@dataclass(frozen=True)
class Hints:
    """What a planner should look at: frames as the worklist reads them."""

    full_warehouses: pd.DataFrame
    shortages: pd.DataFrame
    overrides: pd.DataFrame


@dataclass(frozen=True)
class Moved:
    """What the transfers' own program answers to the worth of moves.

    ``problem``: tonight's after the transfers that it chose, ``None`` if none is worth its freight; ``lines``: frame
    ``TRANSFERS``; ``cost`` [CNY] of those; ``bound`` [CNY]: no transfers cost less, their worth to the plan taken off.
    """

    problem: PlacementProblem | None
    lines: pd.DataFrame
    cost: float
    bound: float


Mover = Callable[[Worth], Moved | None]


@dataclass(frozen=True)
class Placement:
    """Tonight's plan.

    ``problem``: what the plan solves, after the transfers that are carried out (``moved``). ``replenishment``: frame
    ``REPLENISHMENT``, firm and forecast lines. ``targets``: frame ``TARGETS``. ``derivations``: one row per part and
    warehouse (see ``outputs.DERIVATION_COLUMNS``). ``cover``: part_id, region, warehouse_id, orders. ``trips``: index
    (supplier_id, warehouse_id).
    """

    problem: PlacementProblem
    moved: Moved | None
    replenishment: pd.DataFrame
    targets: pd.DataFrame
    derivations: pd.DataFrame
    cover: pd.DataFrame
    trips: pd.DataFrame
    optimisation: Optimisation
    hints: Hints


def place(
    problem: PlacementProblem,
    parameters: PlacementParameters,
    start: pd.DataFrame | None = None,
    mover: Mover = lambda worth: None,
) -> Placement:
    """Return tonight's replenishment, the stocking targets and the proof of how good they are.

    Never fails for want of space, supply or trucks: what cannot be had is priced and named in ``hints``.

    Parameters
    ----------
    start
        ``Optimisation.prices`` of a night before, from which the search for tonight's begins; rows that tonight's
        problem does not have are ignored. The proof is tonight's in any case.
    mover
        Chooses transfers by what they are worth; ``None`` from it: there is nothing that could move. They are carried
        out if the plan with them is cheaper (``Placement.moved``).
    """
    still = draft(problem, parameters, start)
    best, moved, objective = still, None, still.solution.objective
    prices, moving = still.solution.prices, -np.inf
    enough = contents(parameters, int((still.solution.qty > 0).any(axis=1).sum())) * max(1.0, abs(objective))
    last = False
    for left in reversed(range(EXCHANGES)):
        worth = Worth(still, prices)
        found = mover(worth)
        if found is None:
            return _report(still, still.solution.bound, None)
        moving = max(moving, worth.bound + found.bound)
        if found.problem is not None:
            then = still.after(found.problem)
            if then.solution.objective + found.cost < objective - LEAST_GAIN:
                best, moved, objective = then, found, then.solution.objective + found.cost
        if objective - moving <= enough or not prices.any() or last:
            break
        last = left == 1 or found.problem is None
        prices = LAST_SHARE * still.solution.prices if last else (prices + then.solution.prices) / 2.0
    return _report(best, min(moving, still.solution.bound), moved)


def _report(plan: Draft, bound: float, moved: Moved | None) -> Placement:
    """Tell a draft; objective and bound [CNY] are those of the transfers, too."""
    objective = plan.solution.objective + (0.0 if moved is None else moved.cost)
    derivations = derive(plan)
    prices = prices_table(plan)
    lines = [f for f in (firm_lines(plan, derivations), forecast_lines(plan)) if len(f)]
    return Placement(
        problem=plan.problem,
        moved=moved,
        replenishment=pd.concat(lines, ignore_index=True) if lines else REPLENISHMENT.empty(),
        targets=target_table(plan, derivations),
        derivations=derivations,
        cover=assignment(plan.problem, plan.pools),
        trips=plan.trips.table,
        optimisation=Optimisation(
            round(objective, 6),
            round(min(bound, objective), 6),
            plan.solution.status,
            plan.solution.passes,
            prices,
            plan.seconds,
        ),
        hints=Hints(full_warehouses(prices), shortages(plan), override_effects(plan, derivations)),
    )
