"""Orders to come that are not in any file: drawn from the forecast's own sample paths, or a known demand multiplied.

A path says how many units of a part a region asks for on a day. Here they become order lines: taken together in sizes
that the part is ordered in, given to centres of the region, to a service and to a minute of the day.

A path's day may hold a unit of a part that is ordered in fours, for the forecast knows windows, not lines. Were each
day cut into lines by itself, there would be three times as many lines as there are (a manufacturer's parts, ordered in
13 units a line), each with its freight. So lines keep their sizes, and a line's units come from neighbouring days; over
28 days the mean of what is ordered is the path's, its variance 2 to 16 % higher (the sample company, by speed).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.config import Config
from vmi.contract import SERVICES
from vmi.demand import demand_history
from vmi.frames import Situation
from vmi.outlook import Outlook, look_ahead
from vmi.planning import Night, open_night
from vmi.simulate.chance import Chance
from vmi.simulate.company import ORDERS_TO_COME
from vmi.simulate.knowledge import known_at_start
from vmi.simulate.ragged import Ragged

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

CENTRE_PRIOR_LINES = 10.0
"""Lines of centres like it (with a same-day lane or without) that a centre's same-day habit starts from."""
RECENT_DAYS = 365
"""Days of orders that tell which centres of a region order how much."""
MINUTE = pd.Timedelta(minutes=1)
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Drawing:
    """What demand is drawn from; made once, shared by every seed.

    Attributes
    ----------
    outlook
        The forecast from the close of the eve; a row is a part in a region (that of the warehouse of first cover).
    sizes
        Units of a line, in three kinds of groups: a group per row's part, one per family, one of all.
    own_share
        By row, the chance that a line has a size of its part rather than of its family.
    size_groups
        By row, the group of its part and that of its family, shape (rows, 2).
    centres
        Centres by region, the regions in the order of ``regions``; values are rows of ``centre_ids``.
    centre_ids, same_day_lift
        Every centre, and how much more often than the company's mean it asks for same-day.
    regions
        By row, the region's group in ``centres``; -1 where the region has no centre, and orders nothing.
    minutes
        Minutes of the day, a group per service as in ``contract.SERVICES``.
    timezone
        The planning zone.
    """

    outlook: Outlook
    sizes: Ragged
    own_share: Array
    size_groups: Whole
    centres: Ragged
    centre_ids: npt.NDArray[np.object_]
    same_day_lift: Array
    regions: Whole
    minutes: Ragged
    timezone: str


def drawing(opening: Situation, config: Config, clock: pd.DataFrame) -> Drawing:
    """Forecast from the close of the opening's day and learn how demand turns into order lines.

    Parts and vehicles are those known then; the weather is the true one, for it moves what is ordered.

    Parameters
    ----------
    clock
        Columns service, minute (of the local day), lines: when of a day orders come.
    """
    known = known_at_start(opening, config.simulation)
    night = open_night(replace(known, weather=opening.weather), config)
    history = demand_history(night.situation, night.cover, night.supersession)
    outlook = look_ahead(history, night.situation, night.cover, night.weights, config.forecast)
    sizes, own_share, size_groups = _line_sizes(night, outlook.pairs, config.forecast.size_prior_lines)
    centre_ids = np.sort(opening.centres["centre_id"].to_numpy(dtype=object))
    centres, regions = _centres(night, centre_ids, outlook.pairs["warehouse_id"])
    return Drawing(
        outlook=outlook,
        sizes=sizes,
        own_share=own_share,
        size_groups=size_groups,
        centres=centres,
        centre_ids=centre_ids,
        same_day_lift=_same_day_lift(night.situation, centre_ids),
        regions=regions,
        minutes=_minutes(clock),
        timezone=opening.timezone,
    )


def drawn_orders(drawn_from: Drawing, first: pd.Timestamp, last: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Return the order lines of one sample path from ``first`` to ``last``, as ORDERS_TO_COME.

    Same seed, same orders, however long the window. A region without centres orders nothing.

    Raises
    ------
    ValueError
        The days do not lie within the forecast's horizon.
    """
    forecast = drawn_from.outlook.forecast
    if not forecast.origin < first <= last <= forecast.origin + forecast.horizon_days * DAY:
        raise ValueError(f"drawn orders: {first.date()} to {last.date()} are not days of the forecast's horizon")
    rng = np.random.default_rng([seed, 1])
    row, day, qty = _lines_of(drawn_from, path_units(drawn_from, seed), rng)
    pairs = drawn_from.outlook.pairs
    centre = drawn_from.centres.draw(drawn_from.regions[row], rng.random(len(row)))
    chance = pairs["same_day_share"].to_numpy(dtype=np.float64)[row] * drawn_from.same_day_lift[centre]
    same_day = (rng.random(len(row)) < chance).astype(np.int64)
    minute = drawn_from.minutes.draw(same_day, rng.random(len(row)))
    lines = pd.DataFrame(
        {
            "moment": forecast.origin + (day + 1) * DAY + minute * MINUTE,
            "centre_id": drawn_from.centre_ids[centre],
            "part_id": pairs["part_id"].to_numpy(dtype=object)[row],
            "qty": qty,
            "service": np.array(SERVICES, dtype=object)[same_day],
        }
    )
    lived = lines["moment"].between(first, last + DAY, inclusive="left").to_numpy()
    return _numbered(lines[lived], drawn_from.timezone)


def path_units(drawn_from: Drawing, seed: int) -> npt.NDArray[np.int32]:
    """Return the seed's sample path: units of shape (rows of ``outlook.pairs``, days of the horizon)."""
    forecast = drawn_from.outlook.forecast
    path = forecast.paths(1, forecast.horizon_days, seed)[0]
    path[drawn_from.regions < 0] = 0
    return path


def multiplied(orders: pd.DataFrame, factor: float, seed: int = 0) -> pd.DataFrame:
    """Return ORDERS_TO_COME with ``factor`` times as many lines: each line copied, or left out, whole.

    A line stands ``floor(factor)`` times, and once more with the probability of the rest, drawn by the line's own
    identity: the same line fares alike in every policy, and a larger factor keeps what a smaller one had.

    Raises
    ------
    ValueError
        ``factor`` is negative.
    """
    if factor < 0:
        raise ValueError(f"demand cannot be multiplied by {factor}")
    keys = orders["order_id"].astype(str) + "/" + orders["line_no"].astype(str)
    whole = int(np.floor(factor))
    copies = whole + (Chance(seed).uniform("demand", keys) < factor - whole)
    rows = np.repeat(np.arange(len(orders)), copies)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    found = orders.iloc[rows]
    suffix = np.where(nth > 0, "-x" + pd.Series(nth + 1).astype(str).to_numpy(dtype=object), "")
    found = found.assign(order_id=found["order_id"].to_numpy(dtype=object) + suffix)
    return found.sort_values(["ordered_at", "order_id", "line_no"], ignore_index=True)


def _lines_of(drawn_from: Drawing, path: npt.NDArray[np.int32], rng: np.random.Generator) -> tuple[Whole, Whole, Whole]:
    """Group the units of a path into order lines; return row, day (0 the first) and units of each, by row and time.

    Each row's units stand one after the other as the path brings them, and are taken together in sizes the part is
    ordered in; a line is ordered on the day of one of its units, each as likely. So the units ordered by any day are
    the path's but for the line in progress, and in the mean exactly. The last line's unit may lie past the horizon.
    """
    total = path.sum(axis=1, dtype=np.int64)
    row, first_unit, qty = _cut_into_lines(drawn_from, total, rng)
    unit = first_unit + np.floor(rng.random(len(qty)) * qty).astype(np.int64)
    told = unit < total[row]
    row, unit, qty = row[told], unit[told], qty[told]
    rows, days = np.nonzero(path)
    before = np.cumsum(total) - total
    cell = np.searchsorted(np.cumsum(path[rows, days], dtype=np.int64), before[row] + unit, side="right")
    return row, days[cell], qty


def _cut_into_lines(drawn_from: Drawing, units: Whole, rng: np.random.Generator) -> tuple[Whole, Whole, Whole]:
    """Draw lines until they cover each row's units; return row, first unit (0 the row's first) and size, by row."""
    covered, row = np.zeros_like(units), np.flatnonzero(units)
    found: list[tuple[Whole, Whole, Whole]] = [(row[:0], covered[:0], covered[:0])]
    while len(row):
        of_family = (rng.random(len(row)) >= drawn_from.own_share[row]).astype(np.int64)
        size = drawn_from.sizes.draw(drawn_from.size_groups[row, of_family], rng.random(len(row)))
        found.append((row, covered[row], size))
        covered[row] += size
        row = row[covered[row] < units[row]]
    whole, first_unit, qty = (np.concatenate(pieces) for pieces in zip(*found, strict=True))
    order = np.argsort(whole, kind="stable")
    return whole[order], first_unit[order], qty[order]


def _numbered(lines: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Give lines their moment and number, day by day in the order of the clock."""
    lines = lines.sort_values(["moment", "part_id", "centre_id", "service", "qty"], ignore_index=True)
    day = lines["moment"].dt.normalize()
    number = (lines.groupby(day).cumcount() + 1).astype(str).str.zfill(5)
    # Where the clock jumps, a minute that is not there moves on; one that is there twice is the later.
    winter = np.zeros(len(lines), dtype=bool)
    moment = lines.pop("moment").dt.tz_localize(timezone, ambiguous=winter, nonexistent="shift_forward")
    ids = "D" + day.dt.strftime("%Y%m%d") + "-" + number
    lines = lines.assign(order_id=ids.astype(object), line_no=np.int64(1), ordered_at=moment)
    return lines.sort_values(["ordered_at", "order_id"], ignore_index=True)[list(ORDERS_TO_COME.columns)]


def _line_sizes(night: Night, pairs: pd.DataFrame, prior_lines: float) -> tuple[Ragged, Array, Whole]:
    """Return line sizes (a group per part, per family, and one of all), and each pair's own share and groups.

    A usage row of one line tells that line's size. A part's sizes are mixed with its family's, which count for
    ``prior_lines`` lines (as for the forecast: ``forecast.size_prior_lines``).
    """
    single = night.situation.usage[night.situation.usage["lines"].eq(1)]
    part = night.supersession.to_final(single["part_id"])
    known = pd.DataFrame({"part": part.to_numpy(), "size": single["qty"].to_numpy(dtype=np.int64)})
    parts = pd.Index(pairs["part_id"].unique()).sort_values()
    family_of = pairs.drop_duplicates("part_id").set_index("part_id")["family"].reindex(parts)
    families, family = np.unique(family_of.to_numpy(dtype=str), return_inverse=True)
    code = parts.get_indexer(pd.Index(known["part"]))
    known = known.assign(code=code)[code >= 0]
    of_family = family[known["code"].to_numpy()] + len(parts)
    everything = len(parts) + len(families)
    grouped = [known["code"].to_numpy(), of_family, np.full(len(known), everything)]
    groups, told = np.concatenate(grouped), np.tile(known["size"].to_numpy(), 3)
    if not len(known):  # where no line's size is known at all, lines are of one unit
        groups, told = np.array([everything]), np.array([1])
    sizes = Ragged.of(groups, told, everything + 1)
    lines = np.bincount(known["code"].to_numpy(), minlength=len(parts)).astype(np.float64)
    own = lines / np.maximum(lines + prior_lines, 1e-9)
    pool = np.where(sizes.counts[family + len(parts)] > 0, family + len(parts), everything)
    row = parts.get_indexer(pd.Index(pairs["part_id"]))
    return sizes, own[row], np.column_stack([row, pool[row]]).astype(np.int64)


def _centres(night: Night, centre_ids: npt.NDArray[np.object_], region_of_row: pd.Series) -> tuple[Ragged, Whole]:
    """Return the centres of each region by their share of its lines, and each row's region (-1: no centre there).

    One line is added per centre, as ``network.city_weights`` does, so that a new one orders a little.
    """
    situation = night.situation
    recent = situation.usage[situation.usage["day"] > situation.as_of - pd.Timedelta(days=RECENT_DAYS)]
    lines = recent.groupby("centre_id")["lines"].sum().reindex(centre_ids).fillna(0.0).to_numpy(dtype=np.float64) + 1.0
    city = situation.centres.set_index("centre_id")["city"].reindex(centre_ids)
    region = city.map(night.cover.set_index("city")["warehouse_id"])
    here = region.notna().to_numpy()
    names, group = np.unique(region[here].to_numpy(dtype=str), return_inverse=True)
    table = Ragged.of(group, np.flatnonzero(here), len(names), lines[here])
    return table, pd.Index(names).get_indexer(pd.Index(region_of_row)).astype(np.int64)


def _same_day_lift(situation: Situation, centre_ids: npt.NDArray[np.object_]) -> Array:
    """Return each centre's share of same-day lines over the company's, shrunk to that of centres like it.

    Alike are centres whose city a same-day lane reaches, and those whose city none does: these seldom ask for it.
    """
    usage = situation.usage
    lines = usage.groupby("centre_id")["lines"].sum().reindex(centre_ids).fillna(0.0)
    fast = usage[usage["service"].eq("same_day")]
    same_day = fast.groupby("centre_id")["lines"].sum().reindex(centre_ids).fillna(0.0)
    overall = same_day.sum() / max(lines.sum(), 1.0)
    if not overall:
        return np.zeros(len(centre_ids))
    city = situation.centres.set_index("centre_id")["city"].reindex(centre_ids)
    reached = city.isin(situation.lanes.loc[situation.lanes["service"].eq("same_day"), "city"]).to_numpy()
    alike = same_day.groupby(reached).transform("sum") / lines.groupby(reached).transform("sum").clip(lower=1.0)
    share = (same_day + CENTRE_PRIOR_LINES * alike) / (lines + CENTRE_PRIOR_LINES)
    return (share / overall).to_numpy(dtype=np.float64)


def _minutes(clock: pd.DataFrame) -> Ragged:
    """Return the minutes of the day by service; a service nobody has asked for yet comes as the others do."""
    pieces = [clock[clock["service"].eq(service)] for service in SERVICES]
    told = [piece if len(piece) else clock for piece in pieces]
    group = np.repeat(np.arange(len(SERVICES)), [len(piece) for piece in told])
    whole = pd.concat(told, ignore_index=True)
    weight = whole["lines"].to_numpy(dtype=np.float64)
    return Ragged.of(group, whole["minute"].to_numpy(dtype=np.int64), len(SERVICES), weight)
