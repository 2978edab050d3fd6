"""The Gamma-Poisson model on a dense history: orders per period with forgetting, shrunk to their pools, sizes apart.

The closed form of :mod:`forecasts.counted.pooled`, with periods for days. Where most periods are without demand a
period's demand is one order of that size; elsewhere units are ordered one by one.
"""

import numpy as np

from forecasts.counted.pooled import Evidence, learn_rates
from forecasts.distributions.counts import Counts
from forecasts.distributions.exceedance import Exceedance
from forecasts.history import Array, Codes, History
from forecasts.parameters import Parameters

MOSTLY_ZERO = 0.5
"""Share of periods without demand from which a period's demand is one order."""
LEAST_EXPOSURE = 1e-6
"""Exposure that counts as none."""
SHORTEST = 1.0
"""Half-life in periods below which the newest period alone would be the level."""


def forecast_gamma_poisson(
    history: History, steps: Codes, nodes: Array, half_life: float, parameters: Parameters
) -> Exceedance:
    """Return every series' demand ``steps`` periods ahead, P(Y > node) at ``nodes`` (n, K); half-life in periods."""
    evidence = dense_evidence(history, max(half_life, SHORTEST))
    rates = learn_rates(evidence, dense_pools(history), np.full(len(history), np.nan), parameters)
    exposure, of = history.exposures(int(steps.max(initial=1)))
    ahead = exposure[:, history.periods - 1 + steps]
    if (ahead == ahead[:, :1]).all():  # every step is like the first
        ahead = ahead[:, :1]
    mean = (rates.rate * rates.size)[:, None] * ahead[of]
    var = (rates.size_squared / rates.size)[:, None] * mean + rates.rate_cv2[:, None] * mean**2
    counts = Counts(mean[..., None], np.maximum(var, mean)[..., None])
    above = counts.sf(nodes[:, None, :])
    return Exceedance(nodes, np.broadcast_to(above, (len(nodes), len(steps), nodes.shape[1])))


def dense_evidence(history: History, half_life: float) -> Evidence:
    """Sum the discounted evidence of every series; a sold-out period counts only if it sold more than its mean."""
    weight = 0.5 ** (np.arange(history.periods)[::-1] / half_life)
    exposure, of = history.exposures(0)
    known = history.known()
    units = np.where(known, history.demand, 0.0)
    usual = (units @ weight) / np.maximum(known @ weight, 1e-9)
    counted = known | (history.bound & (history.demand > usual[:, None]))
    units = np.where(counted, history.demand, 0.0)
    lumpy = (units > 0).sum() < (1 - MOSTLY_ZERO) * counted.sum()
    lines = (units > 0).astype(np.float64) if lumpy else np.ceil(units)
    spent = np.where(counted & (exposure[of] > LEAST_EXPOSURE), exposure[of], 0.0)
    return Evidence(
        lines=lines @ weight,
        units=units @ weight,
        units_squared=units**2 @ weight,
        units_by_lines=(units * lines) @ weight,
        lines_squared=lines**2 @ weight,
        exposure=spent @ weight,
        exposure_twice=spent @ weight**2,
    )


def dense_pools(history: History) -> list[Codes]:
    """Return pool codes coarse to fine, one per category; all in one pool where there is none."""
    return history.pools() or [np.zeros(len(history), dtype=np.int64)]
