"""The forecast of a night: calendar profiles by Prophet, and for every series the method that its class has earned.

Joined by proportions: a profile gives the exposure of every day, a method what a series sells in the next weeks at that
exposure. Whatever fails for one series or group falls back to the next simpler method, and its row says so.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasts.choice import BETWEEN, EVERYTHING, chosen_methods
from forecasts.classes import classify
from forecasts.distributions.moments import WIDTHS, Moments
from forecasts.history import Array, History
from forecasts.methods import FAST, SIMPLEST
from forecasts.panel import Panel
from forecasts.parameters import Parameters
from forecasts.profiles.calendar import Calendar
from forecasts.profiles.exposure import Exposure, build_exposure
from forecasts.result import NOTHING_KEPT, Forecast, Kept, Model
from forecasts.weekly import until, weekly_history, window_sums
from forecasts.weekly_methods import FAST_METHODS, FEWEST_WEEKS, is_fast, spoken_exposure, weekly_parts
from forecasts.windows import WindowTrial, mixed_by_class, score_windows, split_variance, spread_factors

NEW = "new"
"""Class of what is observed for a few weeks only: the method that knows what its vehicles need of it."""
SERIES = ("method", "fallback", "demand_class", "judged_class", "adi", "cv2", "mean_per_day")
TRIED_SERIES = 5_000
TRIALS = 2
"""Past origins, a quarter apart, at which the methods are scored."""


def forecast_daily(
    panel: Panel,
    parameters: Parameters,
    calendar: Calendar,
    exposure_factors: pd.DataFrame | None = None,
    kept: Kept = NOTHING_KEPT,
) -> Forecast:
    """Forecast every series of a daily panel.

    Parameters
    ----------
    exposure_factors
        Columns ``region``, ``day``, ``factor``: multiplies the demand expected in a region on a day, e.g. the
        ``demand_factor`` of a weather warning in force; on past days it is what the warnings of then were said to do.
    kept
        What an earlier night learned: profiles that still hold are not fitted again, and methods are judged anew only
        after ``judge_days``, when a class changes its method only for a clearly better one.

    Returns
    -------
    Forecast
        Rows in the panel's order. The same panel gives the same numbers, whatever the number of processes.
    """
    exposure = build_exposure(panel, parameters, calendar, exposure_factors, kept.profiles)
    weekly = weekly_history(panel, exposure.history, exposure.future, exposure.row)
    labels, classes = _labels(weekly, parameters)
    judged = _judge(panel, weekly, exposure, labels, parameters, kept)
    parts, failures = weekly_parts(panel, weekly, exposure.history, exposure.future, labels == FAST, parameters)
    chosen = _methods(judged.scores, labels)
    moments, used = mixed_by_class(parts, labels, chosen)
    factor = judged.calibration.set_index("demand_class")["variance_factor"].reindex(labels).fillna(1.0).to_numpy()
    model = _as_model(Moments(moments.mean, moments.var * factor[:, None]), exposure)
    fallback = _fallbacks(chosen.reindex(labels).to_numpy(), used, failures)
    described = classes.assign(method=used, fallback=fallback, judged_class=labels, mean_per_day=_per_day(model))
    return Forecast(
        series=described[list(SERIES)],
        groups=exposure.groups,
        origin=panel.origin,
        horizon_days=parameters.horizon_days,
        calendar_verified_through=calendar.verified_through,
        model=model,
        kept=replace(judged, profiles=exposure.profiles),
    )


def _fallbacks(
    chosen: npt.NDArray[np.object_], used: npt.NDArray[np.object_], failures: Mapping[str, Mapping[int, str]]
) -> npt.NDArray[np.object_]:
    """Return why a series is not forecast by the method chosen for its class, ``""`` where it is."""
    fallback = np.full(len(used), "", dtype=object)
    fell = used != chosen
    fallback[fell] = [
        f"{method} says nothing of it: {simpler}" for method, simpler in zip(chosen[fell], used[fell], strict=True)
    ]
    for name, reasons in failures.items():
        for row, reason in reasons.items():
            if fell[row] and name in chosen[row].split(BETWEEN):
                fallback[row] = f"{reason}: {used[row]}"
    return fallback


def _per_day(model: Model) -> Array:
    """Return the mean of each series over the horizon [units/day]."""
    return (model.level * model.curves[model.curve_of, -1] / (model.curves.shape[1] - 1)).round(6)


def _labels(weekly: History, parameters: Parameters) -> tuple[npt.NDArray[np.object_], pd.DataFrame]:
    """Return the class by which each series' method is chosen (``fast`` among them), and the table of classes."""
    classes = classify(weekly, max(1, parameters.new_part_days // 7))
    return np.where(is_fast(weekly, parameters), FAST, classes["demand_class"]).astype(object), classes


def _judge(
    panel: Panel,
    weekly: History,
    exposure: Exposure,
    labels: npt.NDArray[np.object_],
    parameters: Parameters,
    kept: Kept,
) -> Kept:
    """Return the scores to choose by: kept ones while they are young, else those of new trials."""
    age = 0 if kept.judged_on is None else (panel.origin - kept.judged_on).days
    if 0 < age < parameters.judge_days:
        return kept
    trials = _trials(panel, weekly, exposure, parameters)
    if not trials:
        return replace(NOTHING_KEPT, judged_on=panel.origin)
    scores = score_windows(trials, chosen_methods(kept.scores))
    calibration = spread_factors(trials, _methods(scores, labels))
    return Kept(pd.DataFrame(), scores, calibration, panel.origin)


def _methods(scores: pd.DataFrame, labels: npt.NDArray[np.object_]) -> pd.Series:
    """Return the method of every class that occurs: its own, else everything's, else the simplest."""
    chosen = chosen_methods(scores)
    names, common = sorted(set(labels.astype(str))), chosen.get(EVERYTHING, SIMPLEST)
    # Where fast series alone were tried, what is best for them says nothing of the others.
    slow = SIMPLEST if set(common.split(BETWEEN)) & set(FAST_METHODS) else common
    found = {name: chosen.get(name, common if name == FAST else slow) for name in names}
    return pd.Series(found | dict.fromkeys(set(names) & {NEW}, SIMPLEST), dtype=object)


def _trials(panel: Panel, weekly: History, exposure: Exposure, parameters: Parameters) -> list[WindowTrial]:
    """Let every method forecast the last quarter, and the quarter before it, for a seeded sample of the series."""
    rows = weekly.sampled_rows(TRIED_SERIES, parameters.seed)
    followed = np.unique(exposure.row[rows])  # the profiles, numbered as in the sample
    sample, found = weekly.take(rows), []
    for number in range(1, TRIALS + 1):
        weeks, days = number * max(WIDTHS), 7 * number * max(WIDTHS)
        if weekly.periods - weeks < FEWEST_WEEKS:
            break
        past = sample.until(weekly.periods - weeks)
        then = until(panel, days, rows)
        before, since = exposure.history[followed, days:], exposure.history[followed, :days][:, ::-1]
        coming = np.concatenate([since, exposure.future[followed]], axis=1)
        labels, _ = _labels(past, parameters)
        parts, _ = weekly_parts(then, past, before, coming, labels == FAST, parameters)
        found.append(WindowTrial(rows, labels, *_outcome(sample, past.periods), parts))
    return found


def _outcome(history: History, origin: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return what was demanded in the windows after an origin, and where it is known exactly."""
    actual, decided = [], []
    for width in WIDTHS:
        sums = window_sums(history, width)
        actual.append(sums.demand[:, origin])
        decided.append(sums.known()[:, origin])
    units, known = np.stack(actual, axis=1), np.stack(decided, axis=1)
    return np.where(known, units, 0.0), known


def _as_model(moments: Moments, exposure: Exposure) -> Model:
    """Return one model of all series: levels and variances by the moments, curves by the profiles."""
    dispersion, level_cv2 = split_variance(moments)
    curves = np.concatenate([np.zeros((len(exposure.future), 1)), np.cumsum(exposure.future, axis=1)], axis=1)
    level = moments.mean[:, -1] / spoken_exposure(exposure.future)[exposure.row, -1]
    return Model(level.round(12), dispersion.round(9), level_cv2.round(9), curves.round(9), exposure.row)
