"""Sold-out periods as what was probably wanted in them, for methods that need a number."""

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EM_ROUNDS = 3


def raised(units: Array, observed: Flags, bound: Flags) -> Array:
    """Return demand with bounds raised to what is expected beyond them: E[D | D >= y] of a Poisson.

    Leaving sold-out periods out would keep the poor ones: what sells out is what was wanted (EM: Dempster, Laird and
    Rubin 1977; λ P(D >= y − 1) / P(D >= y)).
    """
    filled = np.where(observed & ~bound, units, 0.0)
    if not bound.any():
        return filled
    series, period = np.nonzero(bound)
    least, seen = np.ceil(units[series, period]), observed & ~bound
    for _ in range(EM_ROUNDS):
        rate = np.maximum(filled.sum(axis=1) / np.maximum(seen.sum(axis=1), 1), 1e-6)[series]
        reach = np.where(least > 0, gammainc(np.maximum(least, 1.0), rate), 1.0)
        nearly = np.where(least > 1, gammainc(np.maximum(least - 1, 1.0), rate), 1.0)
        expected = rate * nearly / np.maximum(reach, 1e-12)
        filled[series, period] = np.clip(expected, units[series, period], units[series, period] + rate + 1.0)
        seen = observed
    return filled
