"""Return what has lain as long as its supplier takes it back, by the rules of the returns room and no others."""

import numpy as np
import pandas as pd

from vmi.planning import Night
from vmi.positions import lots_left
from vmi.returns.lots import WINDOW_DAYS, look_at_lots
from vmi.returns.options import leaving_days
from vmi.returns.problem import ReturnsProblem

COLUMNS = ["supplier_id", "part_id", "warehouse_id", "lot_id", "received_on", "age_days", "qty", "unit_cost", "trigger"]


def lots_past_window(night: Night) -> pd.DataFrame:
    """Return the lots that leave for their age after tonight's deliveries, sorted.

    ``no_return`` overrides hold. Nothing is moved first, and a superseded lot waits for its window like another.

    Returns
    -------
    The columns of frame ``LOT_RETURNS`` up to trigger, and pick_up_on.
    """
    situation = night.situation
    shortest = situation.suppliers["return_window_days"].fillna(WINDOW_DAYS).min()
    old = (situation.as_of - situation.stock["received_on"]).dt.days >= shortest
    problem = _problem(night, lots_left(situation.stock[old], night.served))
    seen = look_at_lots(problem, night.config.returns)
    due = seen[seen["trigger"] == "age"].sort_values(["supplier_id", "part_id", "warehouse_id", "lot_id"])
    found = due[COLUMNS].assign(pick_up_on=leaving_days(problem, due["warehouse_id"]))
    return found.astype({"qty": "int64", "age_days": "int64"}).reset_index(drop=True)


def _problem(night: Night, lots: pd.DataFrame) -> ReturnsProblem:
    """Return the returns problem of lots that may leave and never move: no demand is weighed against their going."""
    situation = night.situation
    return ReturnsProblem(
        as_of=situation.as_of,
        lots=lots,
        parts=situation.parts,
        suppliers=situation.suppliers,
        warehouses=situation.warehouses,
        lanes=situation.lanes,
        overrides=situation.overrides,
        supersession=night.supersession,
        workdays=night.workdays,
        pairs=pd.DataFrame(columns=["part_id", "warehouse_id"]),
        window=lambda start, stop: (np.zeros(0), np.zeros(0)),
        waiting=night.waiting,
        recent_usage=situation.usage.iloc[:0],
        open_parts=pd.Index([], dtype=object),
        moved_lots=situation.moved_lots,
        horizon_days=0,
    )
