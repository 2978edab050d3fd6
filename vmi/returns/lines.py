"""Choose what moves by what it is worth, and price it as it will happen: places filled oldest first, trips shared."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.integer import NoSolution, Program, solve
from vmi.returns.model import PAIR, formulate
from vmi.returns.options import EMPTY, chance_here, chance_there
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array, Whole, Worth

TRIP = ["warehouse_id", "to_warehouse"]


@dataclass(frozen=True)
class Chosen:
    """The transfer lines, what they themselves cost [CNY], and what no transfers' cost less their worth undercuts.

    ``bound`` is of all transfers that move anything, inf if none can. ``lines``: the option's columns and units,
    benefit, saved, freight_share [CNY], chance and stay_chance (means over the units moved), in the order of the
    options.
    """

    lines: pd.DataFrame
    cost: float
    bound: float


def choose_lines(options: pd.DataFrame, worth: Worth, frees: pd.DataFrame, parameters: ReturnParameters) -> Chosen:
    """Return the transfer lines worth their freight; ``frees`` as in :func:`vmi.returns.settle.choose_transfers`."""
    movable = options[options["movable"]].reset_index(drop=True)
    # A line of an option left out earns no more than the least gain: its trip is what such a move costs at least.
    least = float(movable["cost_per_shipment"].min()) if len(movable) else np.inf
    offered, saved = _promising(_with_space(movable, worth.space, frees), worth, parameters)
    units, bound = _best_units(offered, saved, worth, parameters)
    lines = _worthwhile(offered.assign(units=units)[units > 0], saved, parameters)
    hurdles = parameters.min_transfer_gain * len(lines)
    cost = round(float(hurdles + (lines["freight_share"] - lines["benefit"]).sum()), 6)
    reached = cost - float(lines["saved"].sum()) if len(lines) else np.inf
    return Chosen(lines, cost, round(min(bound, least, reached), 6))


def _best_units(options: pd.DataFrame, saved: Array, worth: Worth, parameters: ReturnParameters) -> tuple[Whole, float]:
    """Return the units of each option that move, none if it costs more than it is worth; and the program's bound."""
    none = np.zeros(len(options), dtype=np.int64)
    if options.empty:
        return none, np.inf
    formulation = formulate(options, saved, worth.room, parameters)
    if formulation.places.empty:
        return none, np.inf
    try:
        x, bound = _solve(formulation.program, parameters)
    except NoSolution:
        # The solver gave up: nothing costs less than all that is negative.
        return none, float(formulation.program.cost.clip(max=0.0).sum())
    taken = formulation.places["option"].to_numpy()[x[: len(formulation.places)] > 0.5]
    pays = formulation.program.cost @ x < -EMPTY
    return np.bincount(taken, minlength=len(options)) if pays else none, bound


def _promising(options: pd.DataFrame, worth: Worth, parameters: ReturnParameters) -> tuple[pd.DataFrame, Array]:
    """Return the options that could gain enough, and what their first, second, ... unit saves the plan.

    Column added: ``lasts``, whether a unit may stay there as long as stock must last, and so is cover even if it does
    not sell.
    """
    stays = (options["days_left"] - options["transit_days"]).to_numpy(dtype=np.float64)
    lasts = stays >= worth.protection_days(options["serves"], options["to_warehouse"])
    options = options.assign(lasts=lasts)
    lots = options["qty"] * (options["first_gain"] + options["cost_per_shipment"] - options["space"]).clip(lower=0.0)
    enough = lots + worth.most(options["serves"]) > parameters.min_transfer_gain
    options, lots = options[enough].reset_index(drop=True), lots[enough].reset_index(drop=True)
    saved = _saved(options.assign(needed=parameters.min_transfer_gain - lots), worth, parameters)
    gains = (saved.clip(min=0.0).sum(axis=1) + lots).to_numpy() > parameters.min_transfer_gain
    return options[gains].reset_index(drop=True), saved[gains]


def _with_space(options: pd.DataFrame, price: pd.DataFrame, frees: pd.DataFrame) -> pd.DataFrame:
    """Return the options with ``space``: what the room of a unit costs there above what it frees here [CNY]."""
    ends = zip((price, price * frees.reindex(price.index).fillna(True)), reversed(TRIP), strict=True)
    each = [prices.reindex(options[end]).fillna(0.0).reset_index(drop=True) for prices, end in ends]
    there, here = (p["m3"] + p["hazmat_m3"] * options["hazmat"].astype(bool) for p in each)
    return options.assign(space=(options["m3"] * (there - here)).round(6))


def _saved(options: pd.DataFrame, worth: Worth, parameters: ReturnParameters) -> Array:
    """Return what the k-th unit of its queue that arrives saves the plan, by option and place [CNY]."""
    pairs = options.groupby(PAIR, sort=True)
    moves = pairs.agg(count=("qty", "sum"), needed=("needed", "min")).reset_index()
    count = moves.pop("count").clip(upper=parameters.max_units).to_numpy(dtype=np.int64)
    needed = moves.pop("needed").to_numpy(dtype=np.float64)
    return worth.units(moves.rename(columns={"serves": "part_id"}), count, needed)[pairs.ngroup().to_numpy()]


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


def _worthwhile(lines: pd.DataFrame, saved: Array, parameters: ReturnParameters) -> pd.DataFrame:
    """Return the lines priced, less those that, priced exactly, do not earn the least gain with their freight."""
    while True:
        priced = _price(lines, saved, parameters)
        spare = priced["gross"] - parameters.min_transfer_gain
        trip = spare.groupby([priced[c] for c in TRIP]).transform("sum") > priced["cost_per_shipment"] + EMPTY
        good = (spare > EMPTY) & trip
        if good.all():
            return priced
        # A bad line is dropped before its trip is judged: the others may carry the freight.
        lines = lines[(spare > EMPTY).to_numpy() if not (spare > EMPTY).all() else trip.to_numpy()]


def _price(lines: pd.DataFrame, saved: Array, parameters: ReturnParameters) -> pd.DataFrame:
    """Return ``lines`` with benefit, saved, freight_share, gross, chance and stay_chance."""
    sold = _moved_units(lines, saved)
    by_line = sold.groupby("line").agg(
        benefit=("benefit", "sum"), saved=("saved", "sum"), chance=("there", "mean"), stay_chance=("here", "mean")
    )
    priced = lines.reset_index(drop=True).join(by_line.reindex(range(len(lines))))
    priced["gross"] = (priced["benefit"] + priced["saved"] - priced["units"] * priced["freight"]).round(6)
    # Shared in proportion to what each line earns above the least gain, the trip leaves every line above it.
    spare = priced["gross"] - parameters.min_transfer_gain
    total = spare.groupby([priced[c] for c in TRIP]).transform("sum")
    share = (spare / total.where(total > EMPTY)).fillna(0.0)
    priced["freight_share"] = (priced["units"] * priced["freight"] + priced["cost_per_shipment"] * share).round(6)
    priced.index = lines.index
    return priced


def _moved_units(lines: pd.DataFrame, saved: Array) -> pd.DataFrame:
    """Return one row per moved unit: line, there and here (chances to sell), benefit, saved [CNY].

    At the target, older receipts come first; of a lot that is split over targets, the lower warehouse takes the last
    units of the queue.
    """
    line = np.repeat(np.arange(len(lines)), lines["units"].to_numpy(dtype=np.int64))
    option = lines.index.to_numpy()[line]
    units = lines.iloc[line].reset_index(drop=True).assign(line=line)
    arrival = units.sort_values(["serves", "to_warehouse", "received_on", "lot_id", "part_id", "warehouse_id"])
    place = arrival.groupby(["serves", "to_warehouse"], sort=False).cumcount().reindex(units.index) + 1.0
    back = units.groupby("lot", sort=False).cumcount() + 1.0
    units["there"] = chance_there(units, np.asarray(place, dtype=np.float64))
    units["here"] = chance_here(units, np.asarray(back, dtype=np.float64))
    units["benefit"] = (units["there"] * units["earning"] - units["here"] * units["stay_earning"]).round(6)
    units["saved"] = saved[option, place.to_numpy(dtype=np.int64) - 1] - units["space"] if len(units) else 0.0
    return units
