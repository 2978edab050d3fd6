"""Demand as what was probably wanted in a usual period, for methods that need a number where a part was sold out."""

import numpy as np
from scipy.special import gammainc

from forecasts.history import Array, Codes, Flags, History

LEAST_EXPOSURE = 0.1
"""Of a usual period's; one with less says nothing of the level."""
EM_ROUNDS = 3


def usual_demand(history: History, rows: Codes) -> Array:
    """Return these rows' demand at exposure 1, (rows, T), NaN where unknown or hardly exposed; bounds are raised."""
    exposure, of = history.exposures(0)
    spent, observed = exposure[of[rows]], np.isfinite(history.demand[rows])
    filled = raised(np.where(observed, history.demand[rows], 0.0), observed, history.bound[rows] & observed)
    return np.where(observed & (spent > LEAST_EXPOSURE), filled / np.maximum(spent, LEAST_EXPOSURE), np.nan)


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
