"""Share what a supplier can ship and a warehouse can hold among what is wanted: whole packs, most urgent first."""

import numpy as np
import numpy.typing as npt

from vmi.placement.limits import Limits, coupling_rows, row_numbers
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
    """Return what of ``wanted`` availability, volume, hazmat volume and budget allow.

    Parameters
    ----------
    wanted
        Units in whole packs, shape (parts, warehouses).
    urgency
        The lowest takes first; equals in order of part and warehouse.
    """
    use, free = coupling_rows(problem, parameters)
    if _all_fits(wanted, use, free, limits):
        return wanted
    given = np.zeros_like(wanted)
    supply, left, each = limits.available.tolist(), free.tolist(), use.tolist()
    part, place = np.nonzero(wanted)
    most_urgent_first = np.lexsort((place, part, urgency[part, place]))
    for i, w in zip(part[most_urgent_first].tolist(), place[most_urgent_first].tolist(), strict=True):
        rows = row_numbers(len(problem.warehouses), w)
        needs = [(row, unit) for row, unit in zip(rows, each[i], strict=True) if unit]
        room = min([(left[row] + ROUNDING) / unit for row, unit in needs], default=np.inf)
        step = int(limits.step[i])
        units = int(min(int(wanted[i, w]), supply[i], max(room, 0.0))) // step * step
        if units < limits.first[i]:
            continue
        given[i, w] = units
        supply[i] -= units
        for row, unit in needs:
            left[row] -= unit * units
    return given


def _all_fits(wanted: Whole, use: npt.NDArray[np.float64], free: npt.NDArray[np.float64], limits: Limits) -> bool:
    """Return whether all that is wanted fits together, as on most nights."""
    volume, hazmat, cost = (wanted * use[:, [k]] for k in range(3))
    taken = np.concatenate([volume.sum(axis=0), hazmat.sum(axis=0), [cost.sum()]])
    return bool((wanted.sum(axis=1) <= limits.available).all() and (taken <= free + ROUNDING).all())
