"""Price what the model chose as it will happen: places filled oldest first, the trip's freight shared by its lines."""

import numpy as np
import pandas as pd

from vmi.integer import Program, solve
from vmi.proof import Optimisation
from vmi.returns.model import formulate
from vmi.returns.options import EMPTY, chance_here, chance_there
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array

TRIP = ["warehouse_id", "to_warehouse"]


def choose_lines(
    options: pd.DataFrame, free: pd.DataFrame, parameters: ReturnParameters
) -> tuple[pd.DataFrame, Optimisation]:
    """Return the transfer lines worth their freight, priced, and what was proven about them.

    Returns the option's columns and units, benefit, freight_share [CNY], chance and stay_chance (means over the
    units moved), in the order of ``options``.
    """
    movable = options[options["movable"]].reset_index(drop=True)
    if movable.empty:
        return _price(movable.assign(units=0), parameters), Optimisation("transfers", 0.0, 0.0)
    formulation = formulate(movable, free, parameters)
    x, bound = _solve(formulation.program, parameters)
    taken = formulation.places[x[: len(formulation.places)] > 0.5]
    units = taken.groupby("option").size().reindex(movable.index).fillna(0).astype("int64")
    lines = _worthwhile(movable.assign(units=units)[units > 0], parameters)
    hurdles = parameters.min_transfer_gain * len(lines)
    objective = round(float(hurdles + (lines["freight_share"] - lines["benefit"]).sum()), 6)
    return lines, Optimisation("transfers", objective, round(min(bound, objective), 6))


def _solve(program: Program, parameters: ReturnParameters) -> tuple[Array, float]:
    """Return x and a proven lower bound of the cost.

    A program too large to be solved whole is priced by its linear relaxation, which gives the bound, and searched among
    the columns whose reduced cost is low.
    """
    if len(program.cost) <= parameters.exact_columns:
        whole = solve(program, parameters.relative_gap, parameters.node_limit)
        return whole.x, whole.bound
    relaxed = solve(program, parameters.relative_gap, parameters.node_limit, relaxed=True)
    assert relaxed.reduced_costs is not None
    keep = np.round(relaxed.reduced_costs, 6) <= parameters.price_within
    x = np.zeros(len(program.cost))
    x[keep] = solve(program.only(keep), parameters.relative_gap, parameters.node_limit).x
    return x, relaxed.bound


def _worthwhile(lines: pd.DataFrame, parameters: ReturnParameters) -> pd.DataFrame:
    """Return the lines priced, less those that, priced exactly, do not earn the least gain with their freight."""
    while True:
        priced = _price(lines, parameters)
        spare = priced["gross"] - parameters.min_transfer_gain
        trip = spare.groupby([priced[c] for c in TRIP]).transform("sum") > priced["cost_per_shipment"] + EMPTY
        good = (spare > EMPTY) & trip
        if good.all():
            return priced
        # A bad line is dropped before its trip is judged: the others may carry the freight.
        lines = lines[(spare > EMPTY).to_numpy() if not (spare > EMPTY).all() else trip.to_numpy()]


def _price(lines: pd.DataFrame, parameters: ReturnParameters) -> pd.DataFrame:
    """Return ``lines`` with benefit, freight_share, gross, chance and stay_chance."""
    sold = _moved_units(lines)
    by_line = sold.groupby("line").agg(
        benefit=("benefit", "sum"), chance=("there", "mean"), stay_chance=("here", "mean")
    )
    priced = lines.reset_index(drop=True).join(by_line.reindex(range(len(lines))))
    priced["gross"] = (priced["benefit"] - priced["units"] * priced["freight"]).round(6)
    # Shared in proportion to what each line earns above the least gain, the trip leaves every line above it.
    spare = priced["gross"] - parameters.min_transfer_gain
    total = spare.groupby([priced[c] for c in TRIP]).transform("sum")
    share = (spare / total.where(total > EMPTY)).fillna(0.0)
    priced["freight_share"] = (priced["units"] * priced["freight"] + priced["cost_per_shipment"] * share).round(6)
    priced.index = lines.index
    return priced


def _moved_units(lines: pd.DataFrame) -> pd.DataFrame:
    """Return one row per moved unit: line, there and here (chances to sell), benefit [CNY].

    At the target, older receipts come first; of a lot that is split over targets, the lower warehouse takes the last
    units of the queue.
    """
    line = np.repeat(np.arange(len(lines)), lines["units"].to_numpy(dtype=np.int64))
    units = lines.iloc[line].reset_index(drop=True).assign(line=line)
    arrival = units.sort_values(["serves", "to_warehouse", "received_on", "lot_id", "part_id", "warehouse_id"])
    place = arrival.groupby(["serves", "to_warehouse"], sort=False).cumcount().reindex(units.index) + 1.0
    back = units.groupby("lot", sort=False).cumcount() + 1.0
    units["there"] = chance_there(units, np.asarray(place, dtype=np.float64))
    units["here"] = chance_here(units, np.asarray(back, dtype=np.float64))
    units["benefit"] = (units["there"] * units["earning"] - units["here"] * units["stay_earning"]).round(6)
    return units
