"""Logistic regression with a ridge on standardised features, by Newton's method: small, dense, always the same."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Array = npt.NDArray[np.float64]

RIDGE = 3.0
"""Penalty on the squared slopes of standardised features, in observations: nothing with many rows, calm with few."""
MAX_STEPS = 50
LONGEST_STEP = 2.0
"""The largest change of a coefficient in a step: separable data would run away."""
CONVERGED = 1e-5


@dataclass(frozen=True)
class Logistic:
    """P(event) = expit(intercept + features · slopes), in the features' own units."""

    intercept: float
    slopes: Array

    def predict(self, features: Array) -> Array:
        """Return P(event) of rows of features, shape (rows,)."""
        return np.asarray(expit(self.intercept + features @ self.slopes))


def fit_logistic(features: Array, event: npt.NDArray[np.bool_], offset: Array | None = None) -> Logistic:
    """Fit by penalised maximum likelihood (Hastie, Tibshirani and Friedman 2009, section 4.4; ridge on the slopes).

    Parameters
    ----------
    features
        Shape (rows, columns), finite. A constant column gets slope 0.
    event
        Shape (rows,); both outcomes must occur.
    offset
        What is added to the log odds of each row with slope 1, unlearned; it is no part of the answer.
    """
    if event.all() or not event.any():
        raise ValueError("logistic: both outcomes must occur")
    centre, spread = features.mean(axis=0), features.std(axis=0)
    varied = spread > 1e-9
    design = np.column_stack([np.ones(len(features)), (features[:, varied] - centre[varied]) / spread[varied]])
    slopes = np.zeros(len(centre))
    coefficients = _newton(design, event.astype(np.float64), np.zeros(len(event)) if offset is None else offset)
    slopes[varied] = coefficients[1:] / spread[varied]
    return Logistic(float(coefficients[0] - slopes @ centre), slopes)


def _newton(design: Array, event: Array, offset: Array) -> Array:
    """Return the coefficients of the penalised optimum, by Newton's method with steps halved until they help."""
    penalty = np.full(design.shape[1], RIDGE)
    penalty[0] = 0.0

    def loss(at: Array) -> float:
        score = design @ at + offset
        return float((np.logaddexp(0.0, score) - event * score).sum() + (penalty * at * at).sum() / 2)

    coefficients = np.zeros(design.shape[1])
    coefficients[0] = logit(event.mean()) - offset.mean()
    reached = loss(coefficients)
    for _ in range(MAX_STEPS):
        expected = expit(design @ coefficients + offset)
        gradient = design.T @ (event - expected) - penalty * coefficients
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + np.diag(penalty)
        curvature[0, 0] += 1e-9
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        coming = loss(coefficients + step)
        while coming > reached and np.abs(step).max() > CONVERGED:
            step /= 2
            coming = loss(coefficients + step)
        if np.abs(step).max() <= CONVERGED:
            break
        coefficients, reached = coefficients + step, coming
    return coefficients
