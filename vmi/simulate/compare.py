"""Compare runs that lived the same days: mean differences, each with a confidence interval.

Every policy of a simulation meets the same orders, lead times and transit of a seed (common random numbers), so runs
are compared seed by seed: what the seed did to both of them falls out of the difference.

Two seeds or more: the differences of the seeds are independent and alike; Student's t (Law 2015, section 10.2.1, the
paired-t interval). One seed: batch means over whole weeks (Law 2015, section 9.5.3); a share is a ratio of sums, its
weeks are linearised (Cochran 1977, chapter 6). That speaks of the randomness of days, not of another demand, and takes
weeks for independent; fewer than four whole weeks say nothing. Each interval holds by itself, not all of them together.

Seeds that replay the same orders (history, a file) differ in the luck of trucks and lanes alone: their interval holds
for these orders, and says nothing of others. :func:`same_orders` sees it in the nights themselves.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from vmi.frames import Frame
from vmi.simulate.outcome import COST_KINDS, Outcome

FEWEST_WEEKS = 4
"""Of three differences or fewer a deviation is a guess: Student's factor at 95 % is 4.3 and more."""

WEEK = 7

SAME_ORDERS = "every seed has the same orders: the luck of trucks and lanes alone, proven for these orders only"

DIFFERENCES = Frame(
    "differences",
    (
        *("compared", "policy", "scenario", "base_policy", "base_scenario", "figure", "unit"),
        *("value", "base_value", "difference", "low", "high", "pairs", "basis", "note"),
    ),
)
"""A figure of a run less that of its base. ``compared`` is ``policies`` (same scenario) or ``scenarios`` (same policy);
``unit`` CNY (a night, or held) or share; ``low``, ``high`` NaN where not known, ``note`` then says why; ``basis`` is
``seeds``, ``weeks`` or empty, ``pairs`` their number."""

RunKey = tuple[str, str]
"""Policy and scenario: runs that differ by nothing but the seed."""


@dataclass(frozen=True)
class Figure:
    """A figure drawn from the nights: Σ ``counted`` / Σ ``per``; without ``per``, by night."""

    name: str
    unit: str
    counted: str
    per: str = ""

    def sums(self, nights: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return numerator and denominator of each night."""
        counted = nights[self.counted].to_numpy(dtype=float)
        return counted, nights[self.per].to_numpy(dtype=float) if self.per else np.ones(len(nights))

    def of(self, nights: pd.DataFrame) -> float:
        """Return the figure of a run; NaN where there is nothing to divide by."""
        counted, per = self.sums(nights)
        return float(counted.sum() / per.sum()) if per.sum() > 0 else float("nan")


TOTAL = Figure("total_cny", "CNY", "total_cny")
LINE_FILL = Figure("line_fill", "share", "lines_on_time", "lines_due")
SAME_DAY = Figure("same_day_rate", "share", "same_day_on_time", "same_day_ordered")
STOCK = Figure("stock_cny", "CNY", "stock_cny")
FIGURES = (TOTAL, *(Figure(f"{kind}_cny", "CNY", f"{kind}_cny") for kind in COST_KINDS), LINE_FILL, SAME_DAY, STOCK)


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that holds the true one with the level asked for; NaN where not known, and why.

    ``same_orders``: its seeds replay the same orders, so that it speaks of these alone.
    """

    mean: float
    low: float = float("nan")
    high: float = float("nan")
    pairs: int = 0
    basis: str = ""
    note: str = ""
    same_orders: bool = False

    @property
    def known(self) -> bool:
        """Whether there is an interval at all."""
        return not np.isnan(self.low)

    @property
    def proven(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.known and (self.low > 0 or self.high < 0)


def by_run(outcomes: Sequence[Outcome]) -> dict[RunKey, list[Outcome]]:
    """Return the outcomes of each policy and scenario, by seed; the plain scenario first, else as they first appear.

    Nights come sorted, so that no sum hangs on the order of rows.

    Raises
    ------
    ValueError
        There is no run, one is there twice, or not all lived the same nights.
    """
    if not outcomes:
        raise ValueError("there is no run to compare")
    policies = list(dict.fromkeys(o.policy for o in outcomes))
    scenarios = sorted(dict.fromkeys(o.scenario for o in outcomes), key=bool)
    runs: dict[RunKey, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda o: (scenarios.index(o.scenario), policies.index(o.policy), o.seed)):
        nights = outcome.nights.sort_values("night", ignore_index=True)
        runs.setdefault((outcome.policy, outcome.scenario), []).append(dataclasses.replace(outcome, nights=nights))
    for (policy, scenario), lived in runs.items():
        if len({o.seed for o in lived}) < len(lived):
            raise ValueError(f"policy {policy!r}, scenario {scenario!r}: a seed is there twice")
    if len({tuple(o.nights["night"]) for lived in runs.values() for o in lived}) > 1:
        raise ValueError("runs of different nights cannot be compared")
    return runs


def same_orders(lived: Sequence[Outcome]) -> bool:
    """Return whether several seeds ordered alike, lines and units, on every night: their orders were replayed."""
    asked = {(o.seed, *(tuple(o.nights[name]) for name in ("lines_ordered", "units_ordered"))) for o in lived}
    return len({seed for seed, *_ in asked}) > 1 and len({tuple(orders) for _, *orders in asked}) == 1


def differences(outcomes: Sequence[Outcome], level: float) -> pd.DataFrame:
    """Compare each policy with the first one, and each scenario with the plain one, figure by figure.

    Parameters
    ----------
    outcomes
        Runs of the same nights; the first policy is the base. Without a plain scenario the first one is the base.
    level
        Confidence of each interval, such as 0.95.

    Returns
    -------
    DIFFERENCES: policies first, then scenarios, as the runs appear; money rounded to 2, shares to 6 decimals.
    """
    runs = by_run(outcomes)
    rows = [
        _row(compared, key, base, figure, difference(runs[key], runs[base], figure, level))
        for compared, key, base in _pairs(list(runs))
        for figure in FIGURES
    ]
    return pd.DataFrame(rows, columns=list(DIFFERENCES.columns))


def _pairs(keys: list[RunKey]) -> list[tuple[str, RunKey, RunKey]]:
    plain = keys[0][1]
    first = {scenario: policy for policy, scenario in reversed(keys)}
    against_first = [("policies", (p, s), (first[s], s)) for p, s in keys if p != first[s]]
    against_plain = [("scenarios", (p, s), (p, plain)) for p, s in keys if s != plain and (p, plain) in keys]
    return against_first + against_plain


def _row(compared: str, key: RunKey, base: RunKey, figure: Figure, pair: tuple[float, float, Interval]) -> list[object]:
    value, base_value, interval = pair
    digits = 2 if figure.unit == "CNY" else 6
    # Adding 0.0 turns the -0.0 that rounding leaves into 0.0.
    numbers = [round(x, digits) + 0.0 for x in (value, base_value, interval.mean, interval.low, interval.high)]
    told = [interval.pairs, interval.basis, interval.note]
    return [compared, *key, *base, figure.name, figure.unit, *numbers, *told]


def difference(
    one: Sequence[Outcome], base: Sequence[Outcome], figure: Figure, level: float
) -> tuple[float, float, Interval]:
    """Compare a figure of two runs, each one of :func:`by_run`.

    Returns
    -------
    The figure of both, means over the seeds they share, and the first less the second with its interval.
    """
    ours, theirs = ({o.seed: o.nights for o in lived} for lived in (one, base))
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        nothing = Interval(float("nan"), note="the runs share no seed")
        return float("nan"), float("nan"), nothing
    values, base_values = (np.array([figure.of(nights[seed]) for seed in seeds]) for nights in (ours, theirs))
    counted = ~(np.isnan(values) | np.isnan(base_values))
    if not counted.any():
        return float("nan"), float("nan"), Interval(float("nan"), note="nothing was counted")
    value, base_value = float(values[counted].mean()), float(base_values[counted].mean())
    if len(seeds) == 1:
        return value, base_value, _over_weeks(ours[seeds[0]], theirs[seeds[0]], figure, level)
    interval = over_seeds((values - base_values)[counted], level)
    if interval.known and same_orders([o for o in one if o.seed in seeds]):
        interval = dataclasses.replace(interval, note=SAME_ORDERS, same_orders=True)
    return value, base_value, interval


def over_seeds(values: Sequence[float] | np.ndarray, level: float) -> Interval:
    """Return mean and Student's interval of independent values, one a seed; no interval of a single one."""
    sample = np.asarray(values, dtype=float)
    sample = sample[~np.isnan(sample)]
    if not len(sample):
        return Interval(float("nan"), note="nothing was counted")
    mean = float(sample.mean())
    if len(sample) == 1:
        return Interval(mean, pairs=1, note="one seed has no interval")
    half = _half_width(sample, level)
    return Interval(mean, mean - half, mean + half, len(sample), "seeds")


def _over_weeks(one: pd.DataFrame, base: pd.DataFrame, figure: Figure, level: float) -> Interval:
    """Return the difference over all nights, as wide as the whole weeks from the first night say."""
    mean = figure.of(one) - figure.of(base)
    weeks = len(one) // WEEK
    if weeks < FEWEST_WEEKS:
        return Interval(mean, pairs=weeks, note=f"one seed and fewer than {FEWEST_WEEKS} whole weeks")
    ours, theirs = (_weekly_deviations(nights, figure, weeks) for nights in (one, base))
    if ours is None or theirs is None:
        return Interval(mean, pairs=weeks, note="nothing was counted in whole weeks")
    half = _half_width(ours - theirs, level)
    note = f"one seed: the randomness of days only, from {weeks} whole weeks"
    return Interval(mean, mean - half, mean + half, weeks, "weeks", note)


def _weekly_deviations(nights: pd.DataFrame, figure: Figure, weeks: int) -> np.ndarray | None:
    """Return (y − R x) / mean(x) of each week, where R = Σy / Σx; for a figure by night the week's mean less R."""
    counted, per = figure.sums(nights)
    weekly, weekly_per = (v[: weeks * WEEK].reshape(weeks, WEEK).sum(axis=1) for v in (counted, per))
    if not weekly_per.sum() > 0:
        return None
    ratio = weekly.sum() / weekly_per.sum()
    deviations: np.ndarray = (weekly - ratio * weekly_per) / weekly_per.mean()
    return deviations


def _half_width(sample: np.ndarray, level: float) -> float:
    factor = float(stats.t.ppf((1 + level) / 2, len(sample) - 1))
    return factor * float(sample.std(ddof=1)) / float(np.sqrt(len(sample)))
