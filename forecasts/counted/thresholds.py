"""Slow and lumpy demand: the hazard that demand goes on beyond a threshold, by pooled logistic regressions.

Thresholds g_0 = 0 < g_1 < … are counted in units u_i of the series (1 for small counts, a power of two for parts that
sell by the hundred; see ``Scale``). For origin t and step h,

    logit P(Y > g_j | Y > g_{j−1}) = β_j · x_j(i, t) + γ_j log h + (1 + δ_j) log(e_{t+h} / ē_t)

one regression per threshold over all series, origins and steps of the history (distribution regression: Foresi and
Peracchi 1995; continuation ratio, i.e. a hazard in discrete "time" k: Tutz 1991). x_j holds, per half-life, how often
the series itself went on beyond g_j, its rate, both shrunk to its pools, how long ago and how much it last sold. A
sold-out period counts where it is known: as having gone on beyond every threshold below its sales, and not at all
above (Kaplan and Meier 1958). P(Y > g_j) is the product of the hazards, so no quantiles cross.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import expit, logit

from forecasts.censoring import raised
from forecasts.counted.logistic import Logistic, fit_logistic
from forecasts.distributions.exceedance import Exceedance
from forecasts.history import Array, Codes, Flags, History

HALF_LIVES = (2.0, 4.0, 8.0, 16.0, 48.0, 1e6)
"""Weeks, or periods if those are longer; the spread lets the regression weigh recent against old as the data ask."""
LEARNED_STEPS = 13
"""Steps ahead from which the effect of the step is learned, evenly thinned."""
EXPOSURE_HALF_LIFE = 8.0
LEAST_EXPOSURE = 0.1
"""A step's exposure over the recent one at least: with less nothing can be said of the level."""
FARTHEST_EXPOSURE = 2.5
"""Log of a step's exposure over the recent one at most: beyond twelvefold nothing was learned."""
POOL_PERIODS = 30.0
"""Periods of its parent's behaviour that a pool starts from."""
FEWEST_PERIODS = 3
FEWEST = 40
"""Rows of either outcome below which a hazard is not learned but taken as the pool's plain ratio."""
BLOCK = 20_000
"""Series whose cells are compared with a threshold at a time: bounds memory."""


@dataclass(frozen=True)
class Scale:
    """How demand is measured: thresholds in units of the series, ``size_in_units`` of which make its mean size.

    ``prior_periods`` of its pool's behaviour are what a series starts from.
    """

    grid: Array
    size_in_units: float
    prior_periods: float

    def units(self, demand: Array) -> Array:
        """Return u per series: 1, or the power of two nearest to that share of its mean demand when it sells."""
        sold = np.where(np.isfinite(demand), demand, 0.0)
        size = sold.sum(axis=1) / np.maximum((sold > 0).sum(axis=1), 1)
        unit = np.maximum(size / self.size_in_units, 1.0)
        return np.where(unit < 1.5, 1.0, 2.0 ** np.round(np.log2(unit)))

    def nodes(self, demand: Array) -> Array:
        """Return the thresholds of every series in its own units of demand, whole, shape (n, K)."""
        return np.round(self.grid[None, :] * self.units(demand)[:, None])


COARSE = Scale(np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 26, 34, 45, 60]), 4.0, 1.5)
"""Series of unlike sizes learn from each other: best where histories are short."""
FINE = Scale(
    np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 29, 35, 43, 55, 75, 110, 160, 240]), 12.0, 3.0
)
"""Counts are counts: a threshold of five is five for nearly all; best where much is known of each."""


@dataclass(frozen=True)
class Sampling:
    """How much of the history the regressions see: origins from ``first_origin`` on, evenly thinned, and rows drawn."""

    first_origin: int = 8
    origins: int = 24
    series: int = 6_000
    rows: int = 100_000
    seed: int = 1


def forecast_thresholds(
    history: History, steps: npt.ArrayLike, scale: Scale = COARSE, sampling: Sampling | None = None
) -> Exceedance:
    """Return the distribution of every series' demand ``steps`` periods (1 = the next) after the history's end.

    A history of fewer than three periods teaches no hazard: P(Y > 0) is then 0 for all.
    """
    ahead, chosen = np.asarray(steps, dtype=np.int64), sampling or Sampling()
    if history.periods < FEWEST_PERIODS or not len(history):
        return Exceedance(scale.nodes(history.demand), np.zeros((len(history), len(ahead), len(scale.grid))))
    units = scale.units(history.demand)
    # The effect of a step beyond half of the history is carried on from nearer ones.
    learned = ahead[np.unique(np.linspace(0, len(ahead) - 1, min(LEARNED_STEPS, len(ahead))).astype(np.int64))]
    learned = np.unique(np.minimum(learned, history.periods // 2))
    lessons = _Lessons.of(history, units, scale, learned, chosen)
    evidence = _Evidence(history, units, scale, np.array([history.periods]))
    base = evidence.base()
    log_step, log_exposure = np.log(ahead), evidence.log_exposure(np.zeros(1, dtype=np.int64), ahead)[:, 0]
    # Half the memory of the largest array of all; seven digits are more than the regressions know.
    above = np.zeros((len(history), len(ahead), len(scale.grid)), dtype=np.float32)
    survival = np.ones(above.shape[:2])
    for j in range(len(scale.grid)):
        hazard = lessons.learn(j)
        features = np.column_stack([column[:, 0] for column in (*evidence.gone_on(j), *base)])
        survival = survival * hazard.predict(features, log_step, log_exposure)
        above[:, :, j] = survival.round(6)
    return Exceedance(scale.nodes(history.demand), above)


@dataclass(frozen=True)
class _Hazard:
    """A learned hazard: logistic in the features, then log step and log exposure; or one ``ratio`` for all."""

    logistic: Logistic | None
    ratio: float = 0.0

    def predict(self, features: Array, log_step: Array, log_exposure: Array) -> Array:
        """Return P(Y > g_j | Y > g_{j−1}), shape (series, steps)."""
        if self.logistic is None:
            return np.full((len(features), len(log_step)), self.ratio)
        *slopes, of_step, of_exposure = self.logistic.slopes
        by_series = self.logistic.intercept + features @ np.array(slopes)
        return expit(by_series[:, None] + of_step * log_step + (1 + of_exposure) * log_exposure)


class _Evidence:
    """What the history says of each series at each of some origins: every feature has shape (series, origins)."""

    def __init__(self, history: History, units: Array, scale: Scale, origins: Codes) -> None:
        self.scale = scale
        self.observed = np.isfinite(history.demand)
        self.bound = history.bound & self.observed
        self.scaled = np.where(self.observed, history.demand, 0.0) / units[:, None]
        self.history, self.origins = history, origins
        self.pools = [(codes, _members(codes)) for codes in history.pools()]
        age = origins[None, :] - 1 - np.arange(history.periods)[:, None]
        lives = np.array(HALF_LIVES) * max(history.year / 52, 1.0)
        fading = [np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / life), 0.0) for life in lives]
        self._weights = np.concatenate(fading, axis=1)
        self._reached = (-1, self._sums(self.observed))

    def gone_on(self, j: int) -> list[Array]:
        """Return, per half-life, the log odds of having gone on beyond g_j once beyond g_{j−1}; call with rising j."""
        before, reached = self._reached
        if before != j - 1:
            raise ValueError("thresholds must be asked for in rising order")
        gone = self._sums(self.scaled > self.scale.grid[j])
        if self.bound.any():
            unknown = (
                self.bound
                & (self.scaled <= self.scale.grid[j])
                & (self.scaled > (self.scale.grid[j - 1] if j else -1.0))
            )
            reached = reached - self._sums(unknown)
        self._reached = (j, gone)
        shares = [self._shrunk(events, chances) for events, chances in zip(gone, reached, strict=True)]
        return [logit(np.clip(share, 1e-5, 1 - 1e-5)) for share in shares]

    def base(self) -> list[Array]:
        """Return log rates per half-life, log periods since the last demand, log last demand and log mean size."""
        exposure, of = self.history.exposures(0)
        units, spent = (
            self._sums(raised(self.scaled, self.observed, self.bound)),
            self._sums(self.observed * exposure[of]),
        )
        rates = [np.log(self._shrunk(*both) + 1e-4) for both in zip(units, spent, strict=True)]
        sold = (self.scaled > 0) & self.observed
        count, total = self._sums(sold)[-1], self._sums(self.scaled)[-1]
        return [*rates, *self._recency(sold), np.log((total + 1.5) / (count + 1.0))]

    def log_exposure(self, place: Codes, steps: Codes) -> Array:
        """Return log of a step's exposure over the recent mean's, shape (series, origins at ``place``, steps)."""
        exposure, of = self.history.exposures(int(steps.max()))
        periods = np.arange(exposure.shape[1])
        age = self.origins[place, None] - 1 - periods
        weights = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / EXPOSURE_HALF_LIFE), 0.0)
        recent = exposure @ (weights / weights.sum(axis=1, keepdims=True)).T
        ahead = np.minimum(self.origins[place, None] - 1 + steps, exposure.shape[1] - 1)
        ratio = np.maximum(exposure[:, ahead], 1e-6) / np.maximum(recent, 1e-6)[:, :, None]
        return np.clip(np.log(ratio), np.log(LEAST_EXPOSURE), FARTHEST_EXPOSURE)[of]

    def _recency(self, sold: Flags) -> list[Array]:
        """Return log(1 + periods observed since the last demand) and log(1 + the last demand) at every origin."""
        # Who has never been observed has not just sold: it begins at the usual gap.
        usual = 1 / max(sold.sum() / max(self.observed.sum(), 1), 1 / max(self.history.periods, 1))
        since, last = np.full(len(sold), usual), np.zeros(len(sold))
        wanted = {int(origin) for origin in self.origins}
        found: dict[int, tuple[Array, Array]] = {0: (since, last)}
        for period in range(max(wanted)):
            since = np.where(self.observed[:, period], np.where(sold[:, period], 0.0, since + 1), since)
            last = np.where(sold[:, period], self.scaled[:, period], last)
            if period + 1 in wanted:
                found[period + 1] = (since, last)
        chosen = [found[int(origin)] for origin in self.origins]
        return [np.log1p(np.stack([pair[k] for pair in chosen], axis=1)) for k in (0, 1)]

    def _sums(self, cells: npt.NDArray[np.generic]) -> Array:
        """Return weighted sums over the periods before each origin, shape (half-lives, series, origins)."""
        starts = range(0, len(cells), BLOCK)
        sums = [np.zeros((0, self._weights.shape[1]))]
        sums += [cells[start : start + BLOCK].astype(np.float64) @ self._weights for start in starts]
        return np.concatenate(sums).reshape(len(cells), len(HALF_LIVES), -1).transpose(1, 0, 2)

    def _shrunk(self, events: Array, chances: Array) -> Array:
        """Return events per chance, shrunk to the series' pools, coarse to fine, as if by some periods of theirs."""
        overall = events.sum(axis=0) / np.maximum(chances.sum(axis=0), 1e-9)
        ratio = np.broadcast_to(overall, events.shape)
        for codes, members in self.pools:
            parent = members @ ratio / np.maximum(members.sum(axis=1), 1.0)[:, None]
            ratio = ((members @ events + POOL_PERIODS * parent) / (members @ chances + POOL_PERIODS))[codes]
        return (events + self.scale.prior_periods * ratio) / (chances + self.scale.prior_periods)


def _members(codes: Codes) -> csr_array:
    """Return the 0/1 matrix (pools, series) of who belongs to which pool."""
    shape = (int(codes.max(initial=-1)) + 1, len(codes))
    return csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=shape)


class _Lessons:
    """Rows to learn from: what happened ``step`` periods after each origin, to a sample of the series."""

    def __init__(
        self, history: History, units: Array, scale: Scale, origins: Codes, steps: Codes, sampling: Sampling
    ) -> None:
        self.scale = scale
        self.rows, self.rng = sampling.rows, np.random.default_rng(sampling.seed)
        self.steps = steps
        self.evidence = _Evidence(history, units, scale, origins)
        self.base = self.evidence.base()
        places = np.arange(len(origins))
        self.log_exposure = self.evidence.log_exposure(places, steps)
        place, step = (a.ravel() for a in np.meshgrid(places, np.arange(len(steps)), indexing="ij"))
        target = origins[place] - 1 + steps[step]
        inside = target < history.periods
        place, step, target = place[inside], step[inside], target[inside]
        cells = np.isfinite(history.demand[:, target])
        self.series, pair = np.nonzero(cells)
        self.place, self.step = place[pair], step[pair]
        self.outcome = self.evidence.scaled[self.series, target[pair]]
        self.bound = self.evidence.bound[self.series, target[pair]]
        self.at_risk = np.arange(len(self.series))

    @classmethod
    def of(cls, history: History, units: Array, scale: Scale, steps: Codes, sampling: Sampling) -> "_Lessons":
        """Return the lessons of a seeded sample of series, at origins evenly thinned."""
        rows = history.sampled_rows(sampling.series, sampling.seed)
        first = min(sampling.first_origin, history.periods // 2)
        last = history.periods - int(steps.min())
        origins = np.unique(np.linspace(first, last, min(sampling.origins, max(last - first + 1, 1))).astype(np.int64))
        return cls(history.take(rows), units[rows], scale, origins[(origins > 0) & (origins <= last)], steps, sampling)

    def learn(self, j: int) -> _Hazard:
        """Return the hazard at g_j and keep for the next what is still at risk; call with rising j."""
        reached = len(self.at_risk)
        decided = self.at_risk[~(self.bound[self.at_risk] & (self.outcome[self.at_risk] <= self.scale.grid[j]))]
        gone = self.outcome[decided] > self.scale.grid[j]
        features = self.evidence.gone_on(j)
        self.at_risk = decided[gone]
        if min(gone.sum(), (~gone).sum()) < FEWEST:
            # Laplace; one half where all that came so far was sold out there: nobody knows how it would have gone on.
            return _Hazard(None, float((gone.sum() + 1.0) / (len(gone) + 2.0)) if reached else 0.0)
        if len(decided) > self.rows:
            drawn = np.sort(self.rng.choice(len(decided), self.rows, replace=False))
            decided, gone = decided[drawn], gone[drawn]
        where = self.series[decided], self.place[decided]
        columns = [column[where] for column in (*features, *self.base)]
        step = self.step[decided]
        columns += [np.log(self.steps)[step], self.log_exposure[(*where, step)]]
        return _Hazard(fit_logistic(np.column_stack(columns), gone, offset=columns[-1]))
