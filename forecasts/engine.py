"""The forecast of a night: calendar profiles by Prophet, smooth movers by ETS, the rest by the pooled count model.

Joined by proportions: a group's profile gives the exposure of every day, a series' rate its share of it. Whatever
fails for one series or group falls back to the next simpler method, and its row says so.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.calendar import Calendar
from forecasts.classes import classify
from forecasts.exposure import Exposure, build_exposure
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.pooled import Rates, gather_evidence, learn_rates, pool_codes
from forecasts.result import Forecast, Model
from forecasts.smooth import Path, fit_smooth

Array = npt.NDArray[np.float64]


def forecast(
    panel: Panel, parameters: Parameters, calendar: Calendar, exposure_factors: pd.DataFrame | None = None
) -> Forecast:
    """Forecast every series of the panel.

    Parameters
    ----------
    exposure_factors
        Columns ``region``, ``day``, ``factor``: multiplies the demand expected in a region on a day, e.g. the
        ``demand_factor`` of a weather warning in force.

    Returns
    -------
    Forecast
        Rows in the panel's order. The same panel gives the same numbers, whatever the number of processes.
    """
    exposure = build_exposure(panel, parameters, calendar, exposure_factors)
    evidence = gather_evidence(panel, exposure.history, exposure.row, parameters.half_life_weeks)
    expected = panel.series["expected_per_day"].to_numpy(np.float64)
    rates = learn_rates(evidence, pool_codes(panel.series), expected, parameters)
    smooth = fit_smooth(panel, exposure.history, exposure.row, parameters)
    model = _join(rates, smooth, exposure)
    series = _describe(panel, smooth, model, exposure, parameters)
    return Forecast(
        series=series,
        groups=exposure.groups,
        origin=panel.origin,
        horizon_days=parameters.horizon_days,
        calendar_verified_through=calendar.verified_through,
        model=model,
    )


def _join(rates: Rates, smooth: dict[int, Path], exposure: Exposure) -> Model:
    """Return one model of all series: the count model's curves are the profiles', each ETS series has its own."""
    fitted = {row: path for row, path in smooth.items() if not path.failure}
    level, dispersion = rates.rate * rates.size, rates.size_squared / rates.size
    level_cv2, curve_of = rates.rate_cv2.copy(), exposure.row.copy()
    own = np.empty((len(fitted), exposure.future.shape[1]))
    for number, (row, path) in enumerate(sorted(fitted.items())):
        own[number] = np.repeat(path.weekly_mean / 7, 7)[: own.shape[1]] * exposure.future[exposure.row[row]]
        level[row], dispersion[row], level_cv2[row] = 1.0, path.dispersion, path.level_cv2
        curve_of[row] = len(exposure.future) + number
    daily = np.concatenate([exposure.future, own])
    curves = np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)
    return Model(level.round(12), np.maximum(dispersion, 1.0).round(9), level_cv2.round(9), curves.round(9), curve_of)


def _describe(
    panel: Panel, smooth: dict[int, Path], model: Model, exposure: Exposure, parameters: Parameters
) -> pd.DataFrame:
    """Return what each series is and how it was forecast."""
    classes = classify(panel, exposure.history.shape[1], parameters.new_part_days)
    method = np.where(classes["observed_days"] < parameters.new_part_days, "new_part", "gamma_poisson").astype(object)
    fallback = np.full(len(panel.series), "", dtype=object)
    for row, path in smooth.items():
        if path.failure:
            fallback[row] = f"{path.failure}: gamma_poisson"
        else:
            method[row] = "ets"
    per_day = model.level * model.curves[model.curve_of, -1] / exposure.future.shape[1]
    columns = {"method": method, "fallback": fallback, **classes[["demand_class", "adi", "cv2"]].to_dict("series")}
    return pd.DataFrame(columns, index=panel.series.index).assign(mean_per_day=per_day.round(6))
