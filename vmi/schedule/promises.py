"""What a line is promised, and the promise that is written down once."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.schedule.parameters import ScheduleParameters, minutes
from vmi.schedule.problem import DispatchProblem, Moments

DAY = np.timedelta64(1, "D")
LAST_SECOND = np.timedelta64(24 * 3600 - 1, "s")


def promise_by(
    problem: DispatchProblem, orders: pd.DataFrame, city: pd.Series, parameters: ScheduleParameters
) -> Moments:
    """Return the moment by which each line is due, naive local.

    Standard: ``ordered_at`` + 48 h. Same-day: the last second of the calendar day of ``ordered_at``, or, ordered after
    the cut-off, of the next day on which the carrier works. The cut-off of a city is the latest of its same-day lanes.
    """
    ordered = problem.local(orders["ordered_at"])
    today = ordered.astype("datetime64[D]").astype("datetime64[ns]")
    minute = (ordered - today) / np.timedelta64(1, "m")
    tomorrow = problem.workdays.next_open("carrier", "", today + DAY)
    late = minute > _cut_offs(problem.lanes, city, parameters)
    same_day = np.where(late, tomorrow, today) + LAST_SECOND
    standard = ordered + np.timedelta64(int(problem.promise_hours * 3600), "s")
    asked = (orders["service"] == "same_day").to_numpy()
    return np.where(asked, same_day, standard).astype("datetime64[ns]")


def _cut_offs(lanes: pd.DataFrame, city: pd.Series, parameters: ScheduleParameters) -> npt.NDArray[np.float64]:
    today = lanes[lanes["service"] == "same_day"]
    known = {cut_off: float(minutes(str(cut_off))) for cut_off in today["cut_off"].unique()}
    latest = today["cut_off"].map(known).astype(float).groupby(today["city"]).max()
    found = city.map(latest).fillna(float(minutes(parameters.same_day_cut_off)))
    return np.asarray(found, dtype=np.float64)


def promise_now(rows: pd.DataFrame) -> pd.Series:
    """Return what could be promised to each row's line today, the same for all rows of a line.

    Parameters
    ----------
    rows
        Columns line, source, eta, eta_p90, promise_by (naive local).

    Returns
    -------
    ``promise_by`` if every piece arrives by then; else the latest P90 rounded up to the hour; NaT while any unit of
    the line has no source.
    """
    lines = rows.groupby("line", sort=False)
    eta, slow = lines["eta"].transform("max"), lines["eta_p90"].transform("max")
    promised = rows["promise_by"].where(eta <= rows["promise_by"], slow.dt.ceil("h"))
    open_end = (rows["source"] == "none").groupby(rows["line"]).transform("any")
    return promised.mask(open_end)
