"""The order lines of a run: what has been asked for, what is still owed, what was promised and what arrived."""

import numpy as np
import pandas as pd

from vmi.frames import OPEN_ORDERS, USAGE, Situation

LINE = ["order_id", "line_no"]
GIVEN = [*LINE, "ordered_at", "centre_id", "part_id", "qty", "service", "first_promise"]
DAY = pd.Timedelta(days=1)
SECOND = pd.Timedelta(seconds=1)


class Book:
    """Every line that is open when the run begins or is ordered in it, those of days to come among them.

    Attributes
    ----------
    lines
        One row per line, sorted by ordered_at, order_id, line_no: the order's columns; ``day`` it was ordered on and
        ``due_day`` on which ``promise_by`` falls (a promise at midnight belongs to the day before); city, criticality;
        ``carried``: open before the first day; ``left`` units not shipped; ``warehouse_id`` of the first piece;
        ``last_ship`` and ``last_come``, when the last piece so far left and arrives.
    """

    def __init__(self, opening: Situation, lines: pd.DataFrame, promise_by: pd.Series) -> None:
        """Take the ``lines`` of :func:`both` and what each is due by, aware, in their order."""
        zone = lines["ordered_at"].dtype
        never = pd.Series(pd.NaT, index=lines.index, dtype=zone)
        due = promise_by.astype(zone)
        parts, centres = opening.parts.set_index("part_id"), opening.centres.set_index("centre_id")
        self.lines = lines.assign(
            day=lines["ordered_at"].dt.tz_localize(None).dt.normalize(),
            promise_by=due,
            due_day=(due.dt.tz_localize(None) - SECOND).dt.normalize(),
            city=lines["centre_id"].map(centres["city"]).fillna("").astype(object),
            criticality=lines["part_id"].map(parts["criticality"]).fillna("B").astype(object),
            left=lines["qty"],
            warehouse_id=np.array([""] * len(lines), dtype=object),
            last_ship=never,
            last_come=never,
        )
        self._row = pd.MultiIndex.from_frame(self.lines[LINE])

    def standing(self) -> pd.DataFrame:
        """Return the lines with ``shipped_at`` and ``delivered_at``: a line leaves and arrives with its last piece."""
        whole = self.lines["left"].eq(0)
        moments = {"shipped_at": self.lines["last_ship"], "delivered_at": self.lines["last_come"]}
        return self.lines.assign(**{name: moment.where(whole) for name, moment in moments.items()})

    def open_at(self, moment: pd.Timestamp) -> pd.DataFrame:
        """Return OPEN_ORDERS of lines ordered before ``moment`` and not shipped whole; ``qty`` is what is owed."""
        asked = self.lines[self.lines["left"].gt(0) & self.lines["ordered_at"].lt(moment)]
        found = asked.assign(qty=asked["left"], status="open", promised_on=np.datetime64("NaT", "ns"))
        return found.sort_values(LINE, ignore_index=True)[[*OPEN_ORDERS.columns, "promised_on"]]

    def usage(self, day: pd.Timestamp) -> pd.DataFrame:
        """Return USAGE of the lines ordered on ``day``."""
        summed = self.ordered_on(day).groupby(["part_id", "centre_id", "service"], as_index=False)
        found = summed.agg(qty=("qty", "sum"), lines=("qty", "size")).assign(day=day)
        return found.astype({"day": "datetime64[ns]"})[list(USAGE.columns)]

    def ordered_on(self, day: pd.Timestamp) -> pd.DataFrame:
        """Return the lines ordered on ``day``, those carried over left out."""
        return self.lines[self.lines["day"].eq(day) & ~self.lines["carried"]]

    def promise(self, deliveries: pd.DataFrame) -> None:
        """Write down the first promise of each line that has none; later ones do not move it. Frame DELIVERIES."""
        told = deliveries.loc[deliveries["first_promise"].notna(), [*LINE, "first_promise"]].drop_duplicates(LINE)
        row = self._row.get_indexer(pd.MultiIndex.from_frame(told[LINE]))
        new = self.lines["first_promise"].isna().to_numpy()[row]
        self._set("first_promise", row[new], told["first_promise"][new])

    def ship(self, pieces: pd.DataFrame) -> None:
        """Take off what leaves: order_id, line_no, warehouse_id, qty, ship_at, come_at; moments aware."""
        summed = pieces.sort_values([*LINE, "ship_at", "warehouse_id"]).groupby(LINE, as_index=False)
        gone = summed.agg(
            qty=("qty", "sum"), warehouse_id=("warehouse_id", "first"), ship=("ship_at", "max"), come=("come_at", "max")
        )
        row = self._row.get_indexer(pd.MultiIndex.from_frame(gone[LINE]))
        known = self.lines.iloc[row]
        left = known["left"].to_numpy() - gone["qty"].to_numpy()
        if (row < 0).any() or (left < 0).any():
            wrong = gone[(row < 0) | (left < 0)].iloc[0]
            raise ValueError(f"order {wrong['order_id']}/{wrong['line_no']}: more units leave than are owed")
        first = known["warehouse_id"].eq("").to_numpy()
        self._set("left", row, pd.Series(left))
        self._set("warehouse_id", row[first], gone["warehouse_id"][first])
        for column, moment in (("last_ship", gone["ship"]), ("last_come", gone["come"])):
            earlier = known[column].reset_index(drop=True)
            self._set(column, row, earlier.where(earlier.gt(moment), moment))

    def _set(self, column: str, rows: np.ndarray, values: pd.Series) -> None:
        changed = self.lines[column].array.copy()
        changed[rows] = values.astype(self.lines[column].dtype).array
        self.lines[column] = changed


def both(opening: Situation, orders: pd.DataFrame) -> pd.DataFrame:
    """Return the lines open at the beginning and those to come (frame ORDERS_TO_COME), sorted, columns of a book."""
    zone = f"datetime64[ns, {opening.timezone}]"
    carried = opening.open_orders[GIVEN].assign(carried=True)
    unpromised = pd.Series(pd.NaT, index=orders.index, dtype=zone)
    coming = orders.assign(first_promise=unpromised, carried=False)
    types = {"ordered_at": zone, "first_promise": zone, "qty": "int64", "line_no": "int64"}
    pieces = [frame[[*GIVEN, "carried"]].astype(types) for frame in (carried, coming)]
    lines = pd.concat([piece for piece in pieces if len(piece)] or pieces[:1], ignore_index=True)
    return lines.sort_values(["ordered_at", *LINE], ignore_index=True)
