"""What suppliers do with their orders: ship when they can what they have, and arrive when the road lets them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vmi.frames import OPEN_PLAN_LINES
from vmi.simulate.chance import Chance, lead_days
from vmi.supersession import Supersession
from vmi.workdays import WorkDays

INBOUND = [
    *("shipment_id", "line_no", "kind", "part_id", "from_id", "warehouse_id", "qty", "shipped_on", "eta_on"),
    *("line_id", "received_on"),
]
TRANSIT = [*INBOUND, "lot_id", "arrives_on"]
"""INBOUND as the planner sees it, and what he does not: the lot moved (empty: from a supplier), the true arrival."""
YEAR = pd.Timedelta(days=365)
DAYS = ("shipped_on", "eta_on", "received_on", "arrives_on")


def no_transit() -> pd.DataFrame:
    """Return a frame ``TRANSIT`` without rows."""
    types = {**dict.fromkeys(TRANSIT, "object"), **dict.fromkeys(("line_no", "qty"), "int64")}
    return pd.DataFrame(columns=TRANSIT).astype({**types, **dict.fromkeys(DAYS, "datetime64[ns]")})


@dataclass
class Suppliers:
    """Orders not shipped yet and what is left to ship.

    Attributes
    ----------
    pipeline
        Frame ``OPEN_PLAN_LINES``: told to the supplier and not shipped.
    available
        Frame ``availability`` of the contract: what is listed or made since and not shipped yet; parts not listed are
        not limited.
    made_per_day
        Units that suppliers of listed parts make a day, index part_id.
    workdays, expected
        The truth, and what a planner reckons with: a stop that nobody announced is in the first alone.
    """

    supply: pd.DataFrame
    pipeline: pd.DataFrame
    available: pd.DataFrame
    workdays: WorkDays
    expected: WorkDays
    chance: Chance
    made_per_day: pd.Series

    def told(self, ordered: pd.DataFrame, as_of: pd.Timestamp) -> None:
        """Take tonight's orders, frame ``ORDERED``."""
        if ordered.empty:
            return
        lines = ordered.sort_values(["supplier_id", "warehouse_id", "part_id", "due_on"], ignore_index=True)
        names = [f"{as_of:%Y%m%d}-{at:05d}" for at in range(len(lines))]
        added = lines.assign(line_id=names, published_as_of=as_of)[list(OPEN_PLAN_LINES.columns)]
        pieces = [frame for frame in (self.pipeline, added) if len(frame)]
        self.pipeline = pd.concat(pieces, ignore_index=True)

    def __post_init__(self) -> None:
        """Begin to count what is made beyond the whole units listed; a part listed for several days is made once."""
        rows = self.available.sort_values(["part_id", "available_on"], na_position="first", ignore_index=True)
        units = rows["available_qty"].astype("float64").fillna(0.0).astype("int64")
        self.available = rows.assign(available_qty=units)
        rate = self.made_per_day.reindex(rows["part_id"]).fillna(0.0).to_numpy(dtype=np.float64)
        self._rate = np.where(rows["part_id"].duplicated(), 0.0, rate)
        self._unfinished = np.zeros(len(rows))

    def make(self, day: pd.Timestamp) -> None:
        """Add what was made since yesterday of the parts that are to be had by ``day``; whole units count."""
        listed = self.available
        made = self._unfinished + np.where(listed["available_on"].gt(day), 0.0, self._rate)
        # A rate such as 0.1 must have made a whole unit after ten days.
        whole = np.floor(made + 1e-9)
        self._unfinished = made - whole
        self.available = listed.assign(available_qty=listed["available_qty"] + whole.astype("int64"))

    def ship(self, day: pd.Timestamp) -> pd.DataFrame:
        """Ship what is due to leave by ``day`` from suppliers that work, as far as they have it; return TRANSIT."""
        lines = self.pipeline
        ready = lines["ship_on"].le(day).to_numpy(dtype=bool)
        ready &= self.workdays.is_open("supplier", lines["supplier_id"].to_numpy(dtype=object), day.to_datetime64())
        if not ready.any():
            return no_transit()
        granted = self._granted(lines[ready], day)
        left = lines["qty"].to_numpy(dtype=np.int64).copy()
        left[np.flatnonzero(ready)] -= granted
        shipped = lines[ready].assign(qty=granted)
        self.pipeline = lines.assign(qty=left)[left > 0].reset_index(drop=True)
        return self._on_the_road(shipped[granted > 0], day)

    def _granted(self, lines: pd.DataFrame, day: pd.Timestamp) -> np.ndarray:
        """Return the units of each line that its supplier has, oldest line first, and take them off."""
        listed = self.available
        now = (listed["available_on"].isna() | listed["available_on"].le(day)).to_numpy()
        left, rows_of = listed["available_qty"].to_numpy(dtype=np.int64).copy(), listed.groupby("part_id").indices
        order = lines.reset_index(drop=True).sort_values(["published_as_of", "due_on", "line_id"]).index
        asked, parts = lines["qty"].to_numpy(dtype=np.int64), lines["part_id"].to_numpy(dtype=object)
        granted = asked.copy()
        for at in order:
            if parts[at] in rows_of:
                due = [row for row in rows_of[parts[at]] if now[row]]
                granted[at] = min(asked[at], int(left[due].sum()))
                _take(left, due, int(granted[at]))
        self.available = listed.assign(available_qty=left)
        return granted

    def _on_the_road(self, shipped: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
        if shipped.empty:
            return no_transit()
        shipped = shipped.sort_values(["supplier_id", "warehouse_id", "line_id"], ignore_index=True)
        truck = shipped["supplier_id"] + "|" + shipped["warehouse_id"]
        lane = pd.MultiIndex.from_frame(shipped[["supplier_id", "warehouse_id"]])
        times = self.supply.set_index(["supplier_id", "warehouse_id"])[["lead_time_days", "lead_time_sd_days"]]
        quoted = times.reindex(lane).astype(float).fillna(0.0).to_numpy()
        luck = self.chance.uniform("lead", truck + f"|{day:%Y%m%d}")
        took = lead_days(quoted[:, 0], quoted[:, 1], luck)
        supplier, warehouse = (shipped[c].to_numpy(dtype=object) for c in ("supplier_id", "warehouse_id"))
        tonight = np.full(len(shipped), day.to_datetime64())
        arrives = self.workdays.next_open("warehouse", warehouse, tonight + took.astype("timedelta64[D]"))
        return pd.DataFrame(
            {
                "shipment_id": truck.str.replace("|", "-", regex=False) + f"-{day:%Y%m%d}",
                "line_no": shipped.groupby(truck).cumcount() + 1,
                "kind": "supply",
                "part_id": shipped["part_id"],
                "from_id": shipped["supplier_id"],
                "warehouse_id": shipped["warehouse_id"],
                "qty": shipped["qty"].astype("int64"),
                "shipped_on": day,
                "eta_on": self.expected.arrival_day(supplier, warehouse, tonight, quoted[:, 0]),
                "line_id": shipped["line_id"],
                "received_on": pd.NaT,
                "lot_id": "",
                "arrives_on": arrives,
            }
        )[TRANSIT].astype(dict.fromkeys(DAYS, "datetime64[ns]"))


def _take(left: np.ndarray, rows: list[int], units: int) -> None:
    """Take units off rows, the first that has any first."""
    for row in rows:
        taken = min(units, int(left[row]))
        left[row] -= taken
        units -= taken


def made_per_day(usage: pd.DataFrame, supersession: Supersession, as_of: pd.Timestamp) -> pd.Series:
    """Return the mean daily demand of the year up to ``as_of`` by final part [units]: what keeps a supplier in step."""
    year = usage[usage["day"].gt(as_of - YEAR)]
    days = max(min((as_of - usage["day"].min()).days + 1, YEAR.days), 1) if len(usage) else 1
    return year.groupby(supersession.to_final(year["part_id"]))["qty"].sum() / days


def opening_transit(
    inbound: pd.DataFrame, supply: pd.DataFrame, first_day: pd.Timestamp, chance: Chance, workdays: WorkDays
) -> pd.DataFrame:
    """Return what is on its way when the simulation begins as TRANSIT: as late or early as its road draws.

    It arrives on a day on which its warehouse works, from ``first_day`` on.
    """
    if inbound.empty:
        return no_transit()
    times = supply.set_index(["supplier_id", "warehouse_id"])[["lead_time_days", "lead_time_sd_days"]]
    lane = pd.MultiIndex.from_frame(inbound[["from_id", "warehouse_id"]])
    quoted = times.reindex(lane).astype(float).fillna(0.0).to_numpy()
    keys = inbound["shipment_id"].astype(str) + "|" + inbound["warehouse_id"]
    drawn = lead_days(quoted[:, 0], quoted[:, 1], chance.uniform("opening", keys))
    slip = pd.to_timedelta(drawn - np.ceil(quoted[:, 0]), unit="D")
    arrives = pd.to_datetime(inbound["eta_on"]).fillna(first_day) + slip
    arrives = arrives.where(arrives.ge(first_day), first_day)
    open_on = workdays.next_open("warehouse", inbound["warehouse_id"].to_numpy(dtype=object), arrives)
    lots = np.where(inbound["kind"].eq("transfer"), "T" + inbound["shipment_id"].astype(str), "")
    return inbound.assign(lot_id=lots, arrives_on=open_on)[TRANSIT]
