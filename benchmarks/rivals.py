"""What forecasts are measured against: statsforecast's methods (the ``bench`` extra), Prophet a part, two trivial ones.

Each rival takes a history (n, T) with NaN = unknown, a horizon and a season, and returns deciles (n, horizon, 9).
"""

import importlib.util
import logging
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.scores import DECILES, Array

Rival = Callable[[Array, int, int], Array]
ABSENT = "statsforecast is not installed: its methods are left out. To add them: pip install -e .[bench]"
LEVELS = [20, 40, 60, 80]
PROPHET_DRAWS = 300
COUNT_RIVALS = ("TSB 0.1", "TSB 0.2", "ADIDA", "IMAPA", "CrostonSBA")
LEAST_MEAN = 1e-9


def has_statsforecast() -> bool:
    """Return whether statsforecast can be imported."""
    return importlib.util.find_spec("statsforecast") is not None


def all_zeros(history: Array, horizon: int, season: int) -> Array:
    """Return zero for every decile: the forecast that wins on MASE."""
    return np.zeros((len(history), horizon, len(DECILES)))


def seasonal_naive(history: Array, horizon: int, season: int) -> Array:
    """Return last season's value with normal deciles of its past errors, growing by the season ahead.

    Hyndman and Athanasopoulos 2021, 5.5. A history shorter than two seasons repeats its last value.
    """
    known = np.nan_to_num(history)
    lag = season if history.shape[1] >= 2 * season else 1
    point = known[:, -lag:][:, np.arange(horizon) % lag]
    errors = history[:, lag:] - history[:, :-lag]
    spread = np.sqrt(np.nansum(errors**2, axis=1) / np.maximum(np.isfinite(errors).sum(axis=1), 1))
    growth = np.sqrt(1 + np.arange(horizon) // lag)
    return point[..., None] + spread[:, None, None] * growth[:, None] * stats.norm.ppf(DECILES)


def count_means(name: str) -> Rival:
    """Return a rival that answers means, shape (n, horizon) [units]: statsforecast's method of that name."""
    return lambda history, horizon, season: _statsforecast(name, history, horizon, season)[..., 0]


def poisson_deciles(means: Array) -> Array:
    """Return the deciles of Poisson distributions with these means, one more axis."""
    return stats.poisson.ppf(DECILES, np.maximum(means, LEAST_MEAN)[..., None])


def counts(name: str) -> Rival:
    """Return statsforecast's method of that name with Poisson deciles."""
    means = count_means(name)
    return lambda history, horizon, season: poisson_deciles(means(history, horizon, season))


def auto_ets(history: Array, horizon: int, season: int) -> Array:
    """Return statsforecast's AutoETS with the deciles of its own levels."""
    usable = season if season <= 24 and history.shape[1] >= 2 * season else 1
    found = _statsforecast("AutoETS", history, horizon, usable)
    return np.maximum(found, 0.0)


def _statsforecast(name: str, history: Array, horizon: int, season: int) -> Array:
    """Run one method on the known values of each series; mean, or deciles of AutoETS, on the last axis."""
    from statsforecast import StatsForecast
    from statsforecast.models import ADIDA, IMAPA, TSB, AutoETS, CrostonSBA, Naive

    models = {
        "TSB 0.1": lambda: TSB(0.1, 0.1, alias="m"),
        "TSB 0.2": lambda: TSB(0.2, 0.2, alias="m"),
        "ADIDA": lambda: ADIDA(alias="m"),
        "IMAPA": lambda: IMAPA(alias="m"),
        "CrostonSBA": lambda: CrostonSBA(alias="m"),
        "AutoETS": lambda: AutoETS(season_length=season, alias="m"),
    }
    known = np.isfinite(history)
    known[~known.any(axis=1), -1] = True  # nothing known: a single zero
    series, _ = np.nonzero(known)
    step = (np.cumsum(known, axis=1) - 1)[known]
    frame = pd.DataFrame({"unique_id": series, "ds": step, "y": np.nan_to_num(history)[known]})
    engine = StatsForecast([models[name]()], freq=1, n_jobs=1, fallback_model=Naive(alias="m"))
    if name != "AutoETS":
        columns = ["m"]
        found = engine.forecast(df=frame, h=horizon)
    else:
        columns = [*(f"m-lo-{v}" for v in LEVELS[::-1]), "m", *(f"m-hi-{v}" for v in LEVELS)]
        found = engine.forecast(df=frame, h=horizon, level=LEVELS)
    ordered = found.sort_values(["unique_id", "ds"], kind="stable")
    return ordered[columns].to_numpy(float).reshape(len(history), horizon, len(columns))


def prophet(history: Array, horizon: int, season: int) -> Array:
    """Return one Prophet a series at its defaults, deciles of its sample paths, floored at zero; months only."""
    for name in ("prophet", "prophet.plot", "cmdstanpy"):
        logging.getLogger(name).disabled = True
    from prophet import Prophet

    dates = pd.date_range("2000-01-01", periods=history.shape[1] + horizon, freq="MS")
    ahead = pd.DataFrame({"ds": dates[history.shape[1] :]})
    found = np.empty((len(history), horizon, len(DECILES)))
    for row, values in enumerate(history):
        np.random.seed(row)  # noqa: NPY002 - Prophet draws from numpy's global state
        model = Prophet(uncertainty_samples=PROPHET_DRAWS)
        model.fit(pd.DataFrame({"ds": dates[: len(values)], "y": values}))
        draws = model.predictive_samples(ahead)["yhat"]
        found[row] = np.quantile(draws, DECILES, axis=1).T
    return np.maximum(found, 0.0)


def trivial_rivals() -> dict[str, Rival]:
    """Return the rivals that need nothing installed."""
    return {"all zeros": all_zeros, "seasonal naive": seasonal_naive}


def statsforecast_rivals(with_ets: bool = True) -> dict[str, Rival]:
    """Return statsforecast's methods, compiled by a first small call; none where it is not installed."""
    if not has_statsforecast():
        return {}
    named = {name: counts(name) for name in COUNT_RIVALS}
    if with_ets:
        named["AutoETS"] = auto_ets
    tiny = np.tile(np.array([0.0, 2.0, 1.0, 3.0]), (2, 6))
    for rival in named.values():
        rival(tiny, 2, 12)
    return named
