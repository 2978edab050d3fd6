"""Remember when a part that had lain somewhere lay nowhere, as the store does from recorded nights."""

import pandas as pd

from vmi.frames import STOCKOUTS

DAY = pd.Timedelta(days=1)


class OutOfReach:
    """Spans of days on which a part lay in no warehouse.

    Parameters
    ----------
    known
        STOCKOUTS recorded before the simulation.
    stock
        Lots that lie there when it begins: what has never lain anywhere is not out of reach.
    as_of
        The close at which it begins; a span that reaches it goes on.
    """

    def __init__(self, known: pd.DataFrame, stock: pd.DataFrame, as_of: pd.Timestamp) -> None:
        spans = [tuple(row) for row in known[list(STOCKOUTS.columns)].itertuples(index=False)]
        self._ended = [span for span in spans if span[2] < as_of]
        self._since: dict[str, pd.Timestamp] = {part: first for part, first, last in spans if last >= as_of}
        self._met = _lying(stock) | {part for part, _, _ in spans}

    def note(self, day: pd.Timestamp, stock: pd.DataFrame) -> None:
        """Note what lies where at the close of ``day``."""
        lying = _lying(stock)
        for part in sorted(self._since.keys() & lying):
            self._ended.append((part, self._since.pop(part), day - DAY))
        for part in self._met - lying - self._since.keys():
            self._since[part] = day
        self._met |= lying

    def spans(self, as_of: pd.Timestamp) -> pd.DataFrame:
        """Return STOCKOUTS up to ``as_of``, those still running among them."""
        running = [(part, first, as_of) for part, first in sorted(self._since.items()) if first <= as_of]
        found = pd.DataFrame([*self._ended, *running], columns=list(STOCKOUTS.columns))
        return found.astype({"part_id": object, "first_day": "datetime64[ns]", "last_day": "datetime64[ns]"})


def _lying(stock: pd.DataFrame) -> set[str]:
    available = stock["status"].eq("available") & stock["qty"].gt(0)
    return set(stock.loc[available, "part_id"])
