"""When a line leaves and when it arrives: waves, cut-offs, closures, a lane's own delays and the weather.

Moments here are naive ``datetime64[ns]`` of the planning zone.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.schedule.grouping import any_in, numbered
from vmi.schedule.parameters import ScheduleParameters, minutes
from vmi.workdays import WorkDays

Moments = npt.NDArray[np.datetime64]
Numbers = npt.NDArray[np.float64]

DAY = np.timedelta64(1, "D")
LANE = ["warehouse_id", "city", "service"]
LONGEST_TRAVEL_DAYS = 400
"""Days of the carrier's calendar looked at; a lane that takes longer is no lane."""


def lane_table(lanes: pd.DataFrame, lane_times: pd.DataFrame, parameters: ScheduleParameters) -> pd.DataFrame:
    """Return the lanes, sorted, with ``cut_off_minute`` and the delays to expect on each.

    ``has_standard`` says whether a standard lane joins the same warehouse and city.

    ``late_p50`` and ``late_p90`` are hours beyond the quoted transit: the lane's own quantiles shrunk to its service's
    and these to all lanes', q = (n q_own + k q_pool) / (n + k) with n deliveries and the prior k. Never below 0 (no
    lane is faster than quoted), and P90 never below P50.
    """
    table = lanes.sort_values(LANE, ignore_index=True).copy()
    table["cut_off_minute"] = [minutes(str(c)) for c in table["cut_off"]]
    seen = lane_times.assign(late_hours=lane_times["late_hours"].astype(np.float64))
    seen = seen[np.isfinite(seen["late_hours"].to_numpy())]
    for name, level in (("late_p50", 0.5), ("late_p90", 0.9)):
        overall = float(seen["late_hours"].quantile(level)) if len(seen) else 0.0
        pool = pd.Series(overall, index=table.index)
        for keys in (["service"], LANE):
            pool = _shrink(table, seen, keys, level, pool, parameters.prior_deliveries)
        table[name] = pool.clip(lower=0.0).round(6)
    table["late_p90"] = table[["late_p50", "late_p90"]].max(axis=1)
    table["has_standard"] = any_in(numbered(table["warehouse_id"], table["city"]), table["service"].eq("standard"))
    return table


def _shrink(
    table: pd.DataFrame, seen: pd.DataFrame, keys: list[str], level: float, pool: pd.Series, prior: float
) -> pd.Series:
    """Return the quantile of each row's group, drawn towards ``pool`` by ``prior`` deliveries."""
    grouped = seen.groupby(keys, sort=True)["late_hours"]
    own = pd.DataFrame({"q": grouped.quantile(level).astype(float), "n": grouped.size().astype(float)}).reset_index()
    found = table[keys].merge(own, on=keys, how="left")
    count = found["n"].fillna(0.0)
    weight = (count / (count + prior).where(count + prior > 0, 1.0)).to_numpy()
    return pd.Series(weight * found["q"].fillna(0.0).to_numpy() + (1 - weight) * pool.to_numpy(), index=table.index)


def open_days(warehouse: npt.NDArray[np.object_], day: Moments, workdays: WorkDays) -> Moments:
    """Return the first day from ``day`` on on which both the warehouse and the carrier work."""
    found = np.asarray(day, dtype="datetime64[ns]")
    while True:
        later = workdays.next_open("carrier", "", workdays.next_open("warehouse", warehouse, found))
        if (later == found).all():
            return found
        found = later


def first_waves(
    ready: Moments,
    warehouse: npt.NDArray[np.object_],
    cut_off_minute: npt.NDArray[np.int64],
    workdays: WorkDays,
    waves: Sequence[str],
) -> Moments:
    """Return the first wave from ``ready`` on that meets the lane's cut-off on an open day.

    A lane whose cut-off lies before the first wave of the day is handed over at the cut-off itself.
    """
    today = ready.astype("datetime64[D]").astype("datetime64[ns]")
    shipping = open_days(warehouse, today, workdays)
    after = np.where(shipping > today, 0.0, (ready - today) / np.timedelta64(1, "m"))
    usable = {int(c): _usable_waves(int(c), waves) for c in np.unique(cut_off_minute)}
    minute = _next_minute(after, cut_off_minute, usable)
    missed = np.isnan(minute)
    shipping[missed] = open_days(warehouse[missed], shipping[missed] + DAY, workdays)
    minute[missed] = _next_minute(np.zeros(missed.sum()), cut_off_minute[missed], usable)
    return shipping + (minute * 60e9).astype("timedelta64[ns]")


def _usable_waves(cut_off: int, waves: Sequence[str]) -> Numbers:
    found = [float(minutes(w)) for w in waves if minutes(w) <= cut_off]
    return np.array(found or [float(cut_off)])


def _next_minute(after: Numbers, cut_off: npt.NDArray[np.int64], usable: dict[int, Numbers]) -> Numbers:
    """Return the first usable wave from minute ``after`` on, NaN where the day has none left."""
    minute = np.full(len(after), np.nan)
    for cut, waves in usable.items():
        rows = cut_off == cut
        minute[rows] = np.append(waves, np.nan)[np.searchsorted(waves, after[rows])]
    return minute


def arrivals(
    ship: Moments, hours: Numbers, city: npt.NDArray[np.object_], workdays: WorkDays, weather: pd.DataFrame
) -> pd.DataFrame:
    """Return when what ships at ``ship`` and travels ``hours`` arrives.

    Days on which the carrier is closed do not count as travel (24 h each). The longest delay of a warning in force in
    the city on any day of the travel is added.

    Returns
    -------
    Columns eta, weather_hours, closed_days.
    """
    eta, closed = _through_closures(ship, hours, workdays)
    delay = _weather_delay(ship, eta, city, weather)
    if delay.any():
        eta, closed = _through_closures(ship, hours + delay, workdays)
    return pd.DataFrame({"eta": eta, "weather_hours": delay, "closed_days": closed})


def _through_closures(ship: Moments, hours: Numbers, workdays: WorkDays) -> tuple[Moments, npt.NDArray[np.int64]]:
    """Return arrival and closed days passed, adding a day for every closed day until no more are met."""
    closed = np.zeros(len(ship), dtype=np.int64)
    travel = np.ceil(np.round(hours * 60, 6)).astype("timedelta64[m]")
    if not len(ship):
        return ship, closed
    ship_day = ship.astype("datetime64[D]")
    first = ship_day.min()
    calendar = first + np.arange(int((ship_day.max() - first) / DAY) + LONGEST_TRAVEL_DAYS)
    shut = np.cumsum(~workdays.is_open("carrier", "", calendar.astype("datetime64[ns]")))
    start = shut[((ship_day - first) / DAY).astype(np.int64)]
    while True:
        eta = ship + travel + closed * DAY
        at = np.minimum(((eta.astype("datetime64[D]") - first) / DAY).astype(np.int64), len(calendar) - 1)
        passed = (shut[at] - start).astype(np.int64)
        if (passed == closed).all():
            return eta, closed
        closed = passed


def _weather_delay(ship: Moments, eta: Moments, city: npt.NDArray[np.object_], weather: pd.DataFrame) -> Numbers:
    delay = np.zeros(len(ship))
    if not len(weather):
        return delay
    ship_day, eta_day = ship.astype("datetime64[D]"), eta.astype("datetime64[D]")
    warned = weather[weather["transit_delay_hours"].fillna(0.0).astype(float) > 0]
    codes, cities = pd.factorize(pd.Series(city, dtype=object))
    at = pd.Index(cities).get_indexer(pd.Index(warned["city"]))
    spans = zip(at, warned["from"], warned["to"], warned["transit_delay_hours"], strict=True)
    for code, first, last, hours in spans:
        met = (codes == code) & (ship_day <= np.datetime64(last, "D")) & (eta_day >= np.datetime64(first, "D"))
        delay = np.where(met, np.maximum(delay, float(hours)), delay)
    return delay


def time_lanes(
    options: pd.DataFrame, ready: Moments, workdays: WorkDays, weather: pd.DataFrame, waves: Sequence[str]
) -> pd.DataFrame:
    """Add ship_at, eta, eta_p90, weather_hours and closed_days to rows that carry a lane of :func:`lane_table`."""
    warehouse = options["warehouse_id"].to_numpy(dtype=object)
    cut_off = options["cut_off_minute"].to_numpy(dtype=np.int64)
    return arrive(options.assign(ship_at=first_waves(ready, warehouse, cut_off, workdays, waves)), workdays, weather)


def arrive(table: pd.DataFrame, workdays: WorkDays, weather: pd.DataFrame) -> pd.DataFrame:
    """Fill in eta, eta_p90, weather_hours and closed_days of rows whose ``ship_at`` is known."""
    ship = table["ship_at"].to_numpy(dtype="datetime64[ns]")
    hours = (table["transit_hours"] + table["late_p50"]).to_numpy(dtype=np.float64)
    usual = arrivals(ship, hours, table["city"].to_numpy(dtype=object), workdays, weather)
    return table.assign(
        eta=usual["eta"].to_numpy(),
        eta_p90=slow_arrivals(table, workdays, weather),
        weather_hours=usual["weather_hours"].to_numpy(),
        closed_days=usual["closed_days"].to_numpy(),
    )


def slow_arrivals(table: pd.DataFrame, workdays: WorkDays, weather: pd.DataFrame) -> Moments:
    """Return the arrival at the P90 of the lane's delays of rows whose ``ship_at`` is known."""
    ship = table["ship_at"].to_numpy(dtype="datetime64[ns]")
    hours = (table["transit_hours"] + table["late_p90"]).to_numpy(dtype=np.float64)
    slow = arrivals(ship, hours, table["city"].to_numpy(dtype=object), workdays, weather)
    return slow["eta"].to_numpy(dtype="datetime64[ns]")
