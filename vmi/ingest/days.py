"""Facts cannot lie in the future: which columns are facts, and which day the data has reached."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd

from vmi.ingest.draft import Draft
from vmi.ingest.parameters import ImportParameters
from vmi.ingest.rules import Finding

FACTS = frozenset(
    {
        ("orders", "ordered_at"),
        ("stock", "received_on"),
        ("inbound", "shipped_on"),
        ("inbound", "received_on"),
        ("confirmations", "answered_at"),
    }
)
BOOKED_AHEAD = frozenset({("orders", "shipped_at"), ("orders", "delivered_at")})

# Typing errors scatter; a clock that is behind shifts everything. These tell one from the other.
_SHIFTED_ROWS = 20
_SHIFTED_DAYS = 5
_BULK = 0.99
_MARGIN_OF_SPAN = 0.05


def day_of_data(drafts: Iterable[Draft], today: date, parameters: ImportParameters) -> tuple[date, list[str]]:
    """Return the day up to which facts are believed, and a warning if it is not ``today``.

    It is ``today`` unless the machine's clock is evidently behind the data: more than ``max_reject_share`` of a
    file's facts lie after it, on at least five days. Then it is the day that 99 % of the file's facts do not exceed,
    plus 5 % of the time they span, so that the newest rows of a history are not taken for errors while a mistyped
    year still is.
    """
    latest, warnings = today, []
    for draft in drafts:
        for file, column in sorted(FACTS):
            if file == draft.spec.name:
                reached = _reached(draft.frame[column], today, parameters)
                if reached > today:
                    warnings.append(
                        f"{draft.file}: {column} runs past the clock of this machine ({today}); "
                        f"days up to {reached} are believed: set the clock"
                    )
                latest = max(latest, reached)
    return latest, warnings


def future_findings(draft: Draft, today: date, parameters: ImportParameters) -> Iterator[Finding]:
    """Yield the rows with a fact after ``today``, or a delivery booked further ahead than carriers plan."""
    for columns, days in ((FACTS, parameters.future_tolerance_days), (BOOKED_AHEAD, parameters.delivery_horizon_days)):
        limit = today + timedelta(days=days)
        for file, column in sorted(columns):
            if file == draft.spec.name:
                mend = f"{column} lies in the future (after {limit}): correct it, or send the row when it has happened"
                yield Finding(
                    (_days(draft.frame[column]) > pd.Timestamp(limit)).to_numpy(), column, "in_the_future", mend
                )


def _days(moments: pd.Series) -> pd.Series:
    """Return the calendar day of each value, without zone."""
    return moments.dt.tz_localize(None).dt.normalize()


def _reached(moments: pd.Series, today: date, parameters: ImportParameters) -> date:
    days = _days(moments.dropna())
    late = days[days > pd.Timestamp(today)]
    if len(late) < _SHIFTED_ROWS or len(late) <= parameters.max_reject_share * len(days):
        return today
    if late.nunique() < _SHIFTED_DAYS:
        return today
    first, bulk = np.quantile(days.to_numpy().astype("datetime64[D]").astype(np.int64), [1 - _BULK, _BULK])
    reached = int(bulk + _MARGIN_OF_SPAN * (bulk - first))
    return date.fromordinal(date(1970, 1, 1).toordinal() + reached)
