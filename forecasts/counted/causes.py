"""What a part may be expected to need from its causes alone: vehicles in operation that carry it, its age, its family.

Data, per part i over its regions: units y_i of the last year, exposure v_i = Σ pieces on the road x days observed.

Model: y_i ~ negative binomial with mean v_i · exp(x_i β) · g_f(i) and variance mean + α mean² (Cameron and Trivedi
2013, section 3.3; Lawless 1987). x_i holds what bends the need per piece: the part's age (linear in log(1 + years),
with kinks at ``AGE_KNOTS``), whether its age is unknown, and log of the pieces on the road at all (parts of many
vehicles need not wear as those of few). α is the spread of parts that are alike in x and family.

β is fitted by statsmodels' GLM and shrunk to 0, the plain ratio, by positive-part James-Stein on its Wald statistic
with a sandwich covariance (Efron and Morris 1973). Family effects g are ratios of observed to expected units, each
shrunk to the mean of all by its precision and the variance between families (DerSimonian and Laird 1986). The two
steps alternate. At last all are scaled so that the parts learned from are expected to need what they did need.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

CAUSES = ("part", "family", "fitted", "fitted_before", "part_age_years", "units", "days", "seasoned")
FEWEST_PARTS = 40
FEWEST_UNITS = 100
"""Parts and units to learn from, below which the causes are not told from chance."""
AGE_KNOTS = (1.0, 5.0)
"""Years at which the effect of age may bend: after the launch, and when vehicles come of age."""
KINK_SHARE = 0.1
"""Share of the learned ages there must be on either side of a kink."""
AGES_BELIEVED = (0.02, 0.98)
"""Quantiles of the learned ages; an age beyond them counts as the nearest, since a bent line runs away."""
ROUNDS = 3
STEEPEST = 12.0
"""Causes that are found to change rates by more than e to that, over the parts learned from, are separation."""
ALPHA_LIMITS = (1e-3, 1e2)


@dataclass(frozen=True)
class Expected:
    """``per_day`` [units/day] per row, NaN where nothing is known; ``fallback`` says why causes were not fitted."""

    per_day: Array
    fallback: str


class CausesNotFitted(ValueError):
    """The regression has no answer that can be believed; the message says why."""


@dataclass(frozen=True)
class _Ages:
    """What the effect of age may look like: flat before ``low`` and after ``high`` years, bent at ``kinks``."""

    low: float
    high: float
    kinks: tuple[float, ...]


@dataclass(frozen=True)
class _Part:
    """Parts to learn from: units, exposure [piece-days], causes (part x term, centred) and family codes."""

    units: Array
    exposure: Array
    terms: Array
    family: Codes


def expected_rates(causes: pd.DataFrame) -> Expected:
    """Return the units a day that every row may be expected to need.

    Parameters
    ----------
    causes
        One row per series (part x region): ``part``, ``family``; ``fitted`` [pieces on the road now], NaN unknown;
        ``fitted_before`` [pieces, mean over the days observed]; ``part_age_years`` (now), NaN unknown; ``units``
        [demand of the last year] in ``days`` observed; ``seasoned``: whether it may be learned from.

    Notes
    -----
    Where the regression cannot be fitted the rate per piece is the family's ratio of units to exposure.
    """
    missing = [column for column in CAUSES if column not in causes]
    if missing:
        raise ValueError(f"causes: columns missing: {', '.join(missing)}")
    try:
        per_piece, fallback = _regressed(causes), ""
    except CausesNotFitted as reason:
        per_piece, fallback = _ratio(causes), f"{reason}: ratio of units to vehicles by family"
    return Expected((per_piece * causes["fitted"].to_numpy(np.float64)).round(9), fallback)


def _learnable(causes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to learn from, with their exposure [piece-days]."""
    exposure = causes["fitted_before"].astype(np.float64) * causes["days"]
    usable = causes["seasoned"].astype(bool) & (exposure > 0) & causes["units"].notna() & np.isfinite(exposure)
    return causes.assign(exposure=exposure)[usable]


def _ratio(causes: pd.DataFrame) -> Array:
    """Return units per piece-day of each row's family, NaN where none of it may be learned from."""
    by_family = _learnable(causes).sort_values(["family", "part", "exposure", "units"]).groupby("family")
    rate = by_family["units"].sum() / by_family["exposure"].sum()
    return rate.reindex(causes["family"]).to_numpy(np.float64)


def _regressed(causes: pd.DataFrame) -> Array:
    """Return units per piece-day of each row by its causes and family; raise ``CausesNotFitted``."""
    reach = np.log(
        causes["fitted"].where(causes["fitted"] > 0).groupby(causes["part"]).transform("sum").clip(lower=1.0)
    )
    table = _by_part(_learnable(causes).assign(reach=reach))
    if len(table) < FEWEST_PARTS or table["units"].sum() < FEWEST_UNITS:
        raise CausesNotFitted(f"{len(table)} parts with {table['units'].sum():.0f} units are too few")
    ages = _ages(table["age"].dropna().to_numpy(np.float64))
    known = _terms(table["age"], table["reach"], ages)
    centre, family = known.mean(axis=0), np.unique(table["family"].to_numpy(str))
    varied = np.ptp(known, axis=0) > 1e-9
    part = _Part(
        units=table["units"].to_numpy(np.float64),
        exposure=table["exposure"].to_numpy(np.float64),
        terms=(known - centre)[:, varied],
        family=np.searchsorted(family, table["family"].to_numpy(str)).astype(np.int64),
    )
    slope, level, by_family = _alternate(part)
    within = reach.clip(table["reach"].min(), table["reach"].max())
    effect = (_terms(causes["part_age_years"], within, ages) - centre)[:, varied] @ slope
    of_family = pd.Series(by_family, index=family).reindex(causes["family"].astype(str)).fillna(level)
    return np.asarray(np.exp(effect) * of_family.to_numpy(np.float64), dtype=np.float64)


def _by_part(rows: pd.DataFrame) -> pd.DataFrame:
    """Return units, exposure, reach and age (in the middle of what was observed) by part, in a total order."""
    middle = (rows["part_age_years"] - rows["days"] / 730.0).clip(lower=0.0)
    ordered = rows.assign(age=middle).sort_values(["part", "family", "exposure", "units"])
    return ordered.groupby(["part", "family"], as_index=False).agg(
        units=("units", "sum"), exposure=("exposure", "sum"), reach=("reach", "max"), age=("age", "max")
    )


def _ages(learned: Array) -> _Ages:
    """Return what can be told of age from these ages [years]."""
    if not len(learned):
        return _Ages(0.0, 0.0, ())
    low, high = np.quantile(learned, AGES_BELIEVED)
    younger = {knot: float(np.mean(learned < knot)) for knot in AGE_KNOTS}
    return _Ages(low, high, tuple(k for k, share in younger.items() if KINK_SHARE <= share <= 1 - KINK_SHARE))


def _terms(age: pd.Series, reach: pd.Series, ages: _Ages) -> Array:
    """Return the causes, row x term: age in log(1 + years), its kinks, age unknown, log of pieces on the road."""
    unknown = age.isna().to_numpy()
    since = np.log1p(age.clip(ages.low, ages.high).fillna(ages.low).to_numpy(np.float64))
    kinks = [np.maximum(since - np.log1p(knot), 0.0) for knot in ages.kinks]
    bends = [np.where(unknown, 0.0, term) for term in (since, *kinks)]
    return np.column_stack([*bends, unknown.astype(np.float64), reach.to_numpy(np.float64)])


def _alternate(part: _Part) -> tuple[Array, float, Array]:
    """Return β, the level of all and the level of each family [units/piece-day], by turns of regression and ratios."""
    level = part.units.sum() / part.exposure.sum()
    by_family, slope, alpha = np.full(part.family.max() + 1, level), np.zeros(part.terms.shape[1]), 1.0
    for _ in range(ROUNDS):
        slope = _regress(part, by_family, alpha)
        bent = part.exposure * np.exp(part.terms @ slope)
        alpha = _dispersion(part.units, bent * by_family[part.family])
        level, by_family = _family_levels(part, bent, alpha)
    balance = part.units.sum() / (bent @ by_family[part.family])
    return slope, balance * level, balance * by_family


def _regress(part: _Part, by_family: Array, alpha: float) -> Array:
    """Return β of the negative binomial GLM given the families' levels, shrunk; raise ``CausesNotFitted``."""
    # Three seconds to import: only a plan that has vehicles pays for it.
    from statsmodels.genmod.families import NegativeBinomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    if not part.terms.shape[1]:
        return np.zeros(0)
    design = np.column_stack([np.ones(len(part.units)), part.terms])
    offset = np.log(part.exposure * by_family[part.family])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = GLM(part.units, design, family=NegativeBinomial(alpha=alpha), offset=offset)
            fit = model.fit(maxiter=50, cov_type="HC1")
        except (np.linalg.LinAlgError, ValueError, PerfectSeparationError) as error:
            raise CausesNotFitted(f"negative binomial regression failed ({error})") from error
        slope, covariance = fit.params[1:], fit.cov_params()[1:, 1:]
    if not fit.converged or not np.isfinite(covariance).all():
        raise CausesNotFitted("negative binomial regression did not converge")
    if np.ptp(part.terms @ slope) > STEEPEST:
        raise CausesNotFitted("the causes separate parts with demand from those without")
    wald = float(slope @ np.linalg.pinv(covariance, hermitian=True) @ slope)
    return np.asarray(slope * max(0.0, 1.0 - max(len(slope) - 2, 1) / max(wald, 1e-12)), dtype=np.float64)


def _dispersion(units: Array, mean: Array) -> float:
    """Return α of the negative binomial by maximum likelihood given the means."""

    def loss(log_alpha: float) -> float:
        shape = np.exp(-log_alpha)
        terms = gammaln(units + shape) - gammaln(shape) + units * np.log(mean / (mean + shape))
        return -float(np.sum(terms + shape * np.log(shape / (mean + shape))))

    found = minimize_scalar(loss, bounds=tuple(np.log(ALPHA_LIMITS)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def _family_levels(part: _Part, bent: Array, alpha: float) -> tuple[float, Array]:
    """Return the level of all and of each family [units/piece-day], the latter shrunk to the former.

    A part's ratio y / m of units to ``bent`` exposure has variance level² (1 / mean + α), a family's the inverse of
    the sum of their precisions; what the families' ratios vary beyond that is between families.
    """
    level = part.units.sum() / bent.sum()
    precision = 1.0 / (1.0 / (level * bent) + alpha)
    weight = np.bincount(part.family, precision)
    ratio = np.bincount(part.family, precision * part.units / (level * bent)) / weight
    mean = float(weight @ ratio / weight.sum())
    excess = weight @ (ratio - mean) ** 2 - mean**2 * (len(weight) - 1)
    between = max(excess / max(weight.sum() - weight @ weight / weight.sum(), 1e-12), 0.0)
    believed = between / (between + mean**2 / weight)
    return level * mean, level * (mean + believed * (ratio - mean))
