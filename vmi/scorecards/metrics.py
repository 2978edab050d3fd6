"""Count each metric by month and supplier or warehouse: frames with ``month id metric actual``."""

import pandas as pd

from vmi.scorecards.history import FIRM_LINE_OUTCOMES, FLOWS, MARKED_LINES, SITE_DAYS, WANTED, ScorecardHistory
from vmi.scorecards.parameters import ScorecardParameters


def supplier_metrics(history: ScorecardHistory, parameters: ScorecardParameters) -> pd.DataFrame:
    """Return the suppliers' metrics, one row per month, supplier and metric that is known."""
    lines = _with_moments(FIRM_LINE_OUTCOMES.check(history.firm_lines))
    return _together(
        _answer_rate(lines, history),
        _otif(lines, history),
        _lead_time_adherence(lines, parameters.lead_time_tolerance_days),
        _availability(WANTED.check(history.wanted)),
        _return_share(FLOWS.check(history.flows)),
    )


def warehouse_metrics(history: ScorecardHistory) -> pd.DataFrame:
    """Return the warehouses' metrics. Lines count where they shipped from, unshipped ones where they are covered."""
    lines = MARKED_LINES.check(history.lines)
    site = lines["warehouse_id"].where(lines["warehouse_id"].ne(""), lines["covering_warehouse"])
    days = SITE_DAYS.check(history.site_days).astype({"as_of": "datetime64[ns]"})
    by_month = days.assign(month=_month(days["as_of"])).groupby(["month", "warehouse_id"])
    sums = by_month[["value", "aged_value", "volume_m3", "capacity_m3"]].sum(min_count=1).astype(float)
    return _together(
        _mean_mark(lines, "fill_48h", "fill_48h_day", site, "line_fill_48h"),
        _mean_mark(lines, "same_day", "ordered_on", site, "same_day_rate"),
        _mean_mark(lines, "stocked", "ordered_on", lines["covering_warehouse"], "stocking_accuracy"),
        _named(sums["volume_m3"] / sums["capacity_m3"].where(sums["capacity_m3"].gt(0)), "utilisation"),
        _named(sums["aged_value"] / sums["value"].where(sums["value"].gt(0)), "aged_share"),
    )


def _together(*metrics: pd.DataFrame) -> pd.DataFrame:
    known = [metric for metric in metrics if not metric.empty]
    if not known:
        return pd.DataFrame(columns=["month", "id", "metric", "actual"])
    return pd.concat(known, ignore_index=True)


def _month(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).dt.strftime("%Y-%m")


def _named(actual: pd.Series, metric: str) -> pd.DataFrame:
    """Turn a series over (month, id) into rows; what is unknown falls out."""
    rows = actual.astype(float).dropna().rename_axis(["month", "id"]).rename("actual").reset_index()
    return rows.loc[rows["id"].ne("")].assign(metric=metric)


def _mean_by(kept: pd.Series, day: pd.Series, owner: pd.Series, metric: str) -> pd.DataFrame:
    known = kept.notna() & day.notna()
    keys = [_month(day[known]).rename("month"), owner[known].rename("id")]
    return _named(kept[known].astype(float).groupby(keys).mean(), metric)


def _mean_mark(lines: pd.DataFrame, mark: str, day: str, owner: pd.Series, metric: str) -> pd.DataFrame:
    return _mean_by(lines[mark], lines[day], owner, metric)


def _with_moments(lines: pd.DataFrame) -> pd.DataFrame:
    moments = {name: pd.to_datetime(lines[name], utc=True) for name in ("respond_by", "answered_at")}
    days = ("ship_on", "due_on", "confirmed_ship_on", "shipped_on", "received_on")
    return lines.assign(**moments, **{name: pd.to_datetime(lines[name]) for name in days})


def _answer_rate(lines: pd.DataFrame, history: ScorecardHistory) -> pd.DataFrame:
    """Count firm lines answered by ``respond_by`` among those whose time is over."""
    due = lines["respond_by"].le(history.close)
    answered = lines["answered_at"].le(lines["respond_by"]).astype(float).where(due)
    local = lines["respond_by"].dt.tz_convert(history.timezone).dt.tz_localize(None)
    return _mean_by(answered, local, lines["supplier_id"], "answer_rate")


def _otif(lines: pd.DataFrame, history: ScorecardHistory) -> pd.DataFrame:
    """Count firm lines received by the (confirmed) due day with at least the (confirmed) quantity."""
    delay = (lines["confirmed_ship_on"] - lines["ship_on"]).dt.days.clip(lower=0).fillna(0)
    due_on = lines["due_on"] + pd.to_timedelta(delay, unit="D")
    expected = lines["confirmed_qty"].astype(float).fillna(lines["qty"].astype(float))
    on_time = lines["received_on"].le(due_on) & lines["received_qty"].astype(float).ge(expected)
    # A line that the supplier rejected was not promised: it counts against availability, not here.
    kept = on_time.astype(float).where(due_on.le(history.as_of) & expected.gt(0))
    return _mean_by(kept, due_on, lines["supplier_id"], "otif")


def _lead_time_adherence(lines: pd.DataFrame, tolerance_days: int) -> pd.DataFrame:
    """Count received lines whose days on the road are within the quoted ones and the tolerance."""
    shipped = lines["shipped_on"].fillna(lines["ship_on"])
    quoted = lines["due_on"] - lines["ship_on"] + pd.Timedelta(days=tolerance_days)
    kept = (lines["received_on"] - shipped).le(quoted).astype(float).where(lines["received_on"].notna())
    return _mean_by(kept, lines["received_on"], lines["supplier_id"], "lead_time_adherence")


def _availability(wanted: pd.DataFrame) -> pd.DataFrame:
    sums = wanted.assign(month=_month(wanted["as_of"])).groupby(["month", "supplier_id"])
    units = sums[["wanted_qty", "granted_qty"]].sum().astype(float)
    return _named(units["granted_qty"] / units["wanted_qty"].where(units["wanted_qty"].gt(0)), "availability")


def _return_share(flows: pd.DataFrame) -> pd.DataFrame:
    keys = [_month(flows["day"]).rename("month"), flows["supplier_id"], flows["kind"]]
    value = flows["value"].astype(float).groupby(keys).sum().unstack("kind")
    value = value.reindex(columns=["received", "returned"]).astype(float)
    received = value["received"].where(value["received"].gt(0))
    return _named(value["returned"].fillna(0.0) / received, "return_share")
