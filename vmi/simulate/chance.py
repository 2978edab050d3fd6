"""Randomness by identity: the same truck is as late in every run of a seed, whatever else happened before it.

Common random numbers (Law 2015, section 11.2): a draw is a function of seed, kind and key alone, so policies that are
compared meet the same luck, and neither order nor number of draws matters.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import gamma

Array = npt.NDArray[np.float64]
_RANGE = float(2**64)


class Chance:
    """Uniform numbers in (0, 1), each fixed by seed, kind and key."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: dict[tuple[str, str], float] = {}

    def uniform(self, kind: str, keys: Iterable[str]) -> Array:
        """Return a number in (0, 1) for each key."""
        return np.array([self._one(kind, key) for key in keys], dtype=np.float64)

    def _one(self, kind: str, key: str) -> float:
        found = self._known.get((kind, key))
        if found is None:
            digest = hashlib.blake2b(f"{self.seed}|{kind}|{key}".encode(), digest_size=8).digest()
            found = self._known[kind, key] = (int.from_bytes(digest, "big") + 0.5) / _RANGE
        return found


def lead_days(mean: Array, sd: Array, uniform: Array) -> npt.NDArray[np.int64]:
    """Return lead times in whole days: gamma of that mean and sd [days], at least 1 where any time is quoted.

    The gamma is the usual law of a lead time (Silver, Pyke and Thomas 2017, section 6.10): never negative, skewed.
    """
    spread = (sd > 0) & (mean > 0)
    safe_sd, safe_mean = np.where(spread, sd, 1.0), np.where(spread, mean, 1.0)
    drawn = gamma.ppf(uniform, (safe_mean / safe_sd) ** 2, scale=safe_sd**2 / safe_mean)
    days = np.rint(np.where(spread, drawn, np.ceil(mean)))
    return np.maximum(days, np.where(mean > 0, 1.0, 0.0)).astype(np.int64)


class LaneLuck:
    """How late deliveries are on each lane: the lane's own past, or its service's where it has little.

    Parameters
    ----------
    lane_times
        Frame ``LANE_TIMES`` of the past.
    fewest
        Deliveries from which a lane is judged by its own.
    """

    def __init__(self, lane_times: pd.DataFrame, fewest: int = 20) -> None:
        known = lane_times[np.isfinite(lane_times["late_hours"].to_numpy(dtype=np.float64))]
        self._own = {
            lane: np.sort(times["late_hours"].to_numpy(dtype=np.float64))
            for lane, times in known.groupby(["warehouse_id", "city", "service"])
            if len(times) >= fewest
        }
        self._service = {
            str(service): np.sort(times["late_hours"].to_numpy(dtype=np.float64))
            for service, times in known.groupby("service")
        }

    def late_hours(self, lanes: Iterable[tuple[str, str, str]], uniform: Array) -> Array:
        """Return hours beyond the quoted transit, by (warehouse, city, service); 0 where no delivery is known."""
        found = np.zeros(len(uniform))
        for at, (lane, u) in enumerate(zip(lanes, uniform, strict=True)):
            times = self._own.get(lane, self._service.get(lane[2]))
            if times is not None:
                found[at] = _quantile(times, float(u))
        return found


def _quantile(ordered: Array, level: float) -> float:
    """Return what ``np.quantile`` returns, to the last bit, of numbers that are sorted already: a tenth of its time."""
    place = level * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    share, step = place - below, high - low
    return high - step * (1 - share) if share >= 0.5 else low + step * share
