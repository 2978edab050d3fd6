"""Share what a supplier can ship and a warehouse can hold among what is wanted: whole packs, most urgent first."""

import numpy as np
import numpy.typing as npt

from vmi.placement.limits import Limits, Rows, coupling_rows
from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import PlacementProblem, Whole

ROUNDING = 1e-9


def whole_packs(units: Whole, limits: Limits) -> Whole:
    """Return units rounded up to whole packs and the minimum order, never above ``high``; 0 where nothing may go.

    ``units`` has shape (parts, warehouses); nothing is wanted where it is not positive.
    """
    step, first = limits.step[:, None], limits.first[:, None]
    wanted = np.where(units > 0, np.maximum(-(-units // step) * step, first), 0)
    allowed = np.minimum(wanted, limits.high // step * step)
    return np.asarray(np.where(allowed >= first, allowed, 0), dtype=np.int64)


def allot(
    wanted: Whole,
    urgency: npt.NDArray[np.float64],
    problem: PlacementProblem,
    limits: Limits,
    parameters: PlacementParameters,
) -> Whole:
    """Return what of ``wanted`` availability, volume, hazmat volume, budget and lines allow.

    Parameters
    ----------
    wanted
        Units in whole packs, shape (parts, warehouses).
    urgency
        The lowest takes first; equals in order of part and warehouse.
    """
    shared = coupling_rows(problem, parameters)
    if _all_fits(wanted, shared, limits):
        return wanted
    given = np.zeros_like(wanted)
    supply, left = limits.available.tolist(), shared.free.tolist()
    part, place = np.nonzero(wanted)
    most_urgent_first = np.lexsort((place, part, urgency[part, place]))
    part, place = part[most_urgent_first], place[most_urgent_first]
    touched = (array.tolist() for array in shared.touched(part, place))
    for i, w, rows, unit, line in zip(part.tolist(), place.tolist(), *touched, strict=True):
        needs = [need for need in zip(rows, unit, line, strict=True) if need[1] or need[2]]
        room = min([(left[row] + ROUNDING) / each for row, each, _ in needs if each], default=np.inf)
        step = int(limits.step[i])
        units = int(min(int(wanted[i, w]), supply[i], max(room, 0.0))) // step * step
        if units < limits.first[i] or any(left[row] < of_line for row, _, of_line in needs):
            continue
        given[i, w] = units
        supply[i] -= units
        for row, each, of_line in needs:
            left[row] -= each * units + of_line
    return given


def _all_fits(wanted: Whole, shared: Rows, limits: Limits) -> bool:
    """Return whether all that is wanted fits together, as on most nights."""
    taken = shared.used(np.arange(len(wanted)), wanted).sum(axis=0)
    return bool((wanted.sum(axis=1) <= limits.available).all() and (taken <= shared.free + ROUNDING).all())
