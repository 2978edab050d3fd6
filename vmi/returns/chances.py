"""Say how likely a unit sells: tails of the demand of a pair over a window, looked up and computed in bulk."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from vmi.returns.problem import Array, ReturnsProblem, Whole

DIGITS = 9
"""Chances are rounded, so that the last bits of a processor do not decide what moves."""


def at_least(units: npt.ArrayLike, mean: npt.ArrayLike, var: npt.ArrayLike) -> Array:
    """Return P(D >= units), shapes broadcast; 1 where ``units`` <= 0.

    D is negative binomial by mean and variance, Poisson where the variance does not exceed the mean:
    P(D >= n) = I_b(n, r) with b = 1 - mean / var, r = mean (1 - b) / b (Abramowitz and Stegun 1964, 26.5.26), and
    P(n, mean), the lower incomplete gamma ratio, for the Poisson (26.4.21).
    """
    n, m, v = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (units, mean, var)))
    found = np.array(n <= 0, dtype=np.float64)
    asked = (n > 0) & (m > 0)
    poisson = asked & (v <= m * (1 + 1e-9))
    found[poisson] = special.gammainc(n[poisson], m[poisson])
    spread = asked & ~poisson
    b = 1.0 - m[spread] / v[spread]
    found[spread] = special.betainc(n[spread], m[spread] * (1.0 - b) / b, b)
    return np.round(found, DIGITS)


def pair_rows(problem: ReturnsProblem, parts: pd.Series, warehouses: pd.Series) -> Whole:
    """Return the row of each (part, warehouse) in ``pairs``, -1 where no demand is expected."""
    known = pd.MultiIndex.from_frame(problem.pairs[["part_id", "warehouse_id"]].astype(object))
    asked = pd.MultiIndex.from_arrays([parts.to_numpy(dtype=object), warehouses.to_numpy(dtype=object)])
    return known.get_indexer(asked).astype(np.int64)


def moments(problem: ReturnsProblem, rows: Whole, start: Whole, stop: Whole) -> tuple[Array, Array]:
    """Return mean and variance of each row's demand over its own window; 0 where the row is -1 or the window empty."""
    last = np.minimum(stop, problem.horizon_days)
    mean, var = np.zeros(len(rows)), np.zeros(len(rows))
    asked = (rows >= 0) & (start < last)
    spans = pd.DataFrame({"start": start, "stop": last})[asked]
    for _, group in spans.groupby(["start", "stop"], sort=True):
        at = group.index.to_numpy()
        means, variances = problem.window(int(group["start"].iloc[0]), int(group["stop"].iloc[0]))
        mean[at], var[at] = np.asarray(means)[rows[at]], np.asarray(variances)[rows[at]]
    return mean.round(6), var.round(6)
