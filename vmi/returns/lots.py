"""Look at every lot: how long it may stay, whose orders it may serve, what stands before it, whether it must leave."""

import numpy as np
import pandas as pd

from vmi.returns.chances import moments, pair_rows
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import DAYS_PER_YEAR, LOT, Array, Flags, ReturnsProblem

WINDOW_DAYS = 90
"""Return window of a supplier that names none, the contract's default."""
_ORDER = ["warehouse_id", "serves", "received_on", "lot_id", "part_id"]


def look_at_lots(problem: ReturnsProblem, parameters: ReturnParameters) -> pd.DataFrame:
    """Return one row per lot, in the order in which units of a queue sell.

    A queue is what serves the same demand at a warehouse: column ``serves``, the final part, or the part itself where
    it may not serve the final part's orders. Further columns: the part's figures, age_days, window_days, days_left
    (NaN where the receipt is unknown), trigger (``age``, ``superseded`` or empty: stays), moved, held, ``last``
    (place in the queue of the lot's last unit, counting what stays before it), owed (open units waiting here that the
    lot may serve), return_cost and carrying_day [CNY/unit, CNY/unit/day].
    """
    lots = problem.lots[problem.lots["qty"] > 0][[*LOT, "received_on", "qty"]].reset_index(drop=True)
    lots = lots.astype({"received_on": "datetime64[ns]", "qty": "int64"})
    lots = _with_part_figures(lots, problem, parameters)
    final = problem.supersession.to_final(lots["part_id"])
    serving = problem.supersession.serves_final(lots["part_id"])
    lots["serves"] = np.where(serving, final, lots["part_id"])
    lots["final"] = final
    lots["age_days"] = (problem.as_of.normalize() - lots["received_on"]).dt.days
    lots["days_left"] = lots["window_days"] - lots["age_days"]
    lots["held"] = overridden(problem, ("no_return",), lots["part_id"], lots["warehouse_id"])
    lots["moved"] = _moved(problem, lots)
    lots["trigger"] = _triggers(problem, lots, ~serving, parameters)
    lots["owed"] = owed(problem, lots["part_id"], lots["warehouse_id"])
    lots = lots.sort_values(_ORDER, ignore_index=True)
    staying = lots["qty"].where(lots["trigger"] == "", 0)
    lots["last"] = staying.groupby([lots["warehouse_id"], lots["serves"]]).cumsum()
    return lots


def sells_here(problem: ReturnsProblem, lots: pd.DataFrame) -> pd.DataFrame:
    """Return mean and var of the demand of each lot's queue until the lot's window ends."""
    rows = pair_rows(problem, lots["serves"], lots["warehouse_id"])
    stop = lots["days_left"].fillna(0).clip(lower=0).to_numpy(dtype=np.int64)
    mean, var = moments(problem, rows, np.zeros(len(lots), dtype=np.int64), stop)
    return pd.DataFrame({"mean": mean, "var": var}, index=lots.index)


def overridden(problem: ReturnsProblem, kinds: tuple[str, ...], parts: pd.Series, warehouses: pd.Series) -> Flags:
    """Return whether an override of one of the kinds is in force tomorrow."""
    until = pd.to_datetime(problem.overrides["until"])
    in_force = until.isna() | (until >= problem.as_of.normalize() + pd.Timedelta(days=1))
    chosen = problem.overrides[problem.overrides["kind"].isin(kinds) & in_force]
    known = pd.MultiIndex.from_frame(chosen[["part_id", "warehouse_id"]].astype(object))
    asked = pd.MultiIndex.from_arrays([parts.to_numpy(dtype=object), warehouses.to_numpy(dtype=object)])
    return np.asarray(asked.isin(known), dtype=bool)


def owed(problem: ReturnsProblem, parts: pd.Series, warehouses: pd.Series) -> Array:
    """Return the open units that wait at each warehouse for a part that stock of ``parts`` may serve."""
    waiting = problem.waiting.rename(columns={"part_id": "ordered_part_id"})
    served = waiting.merge(problem.supersession.substitutes, on="ordered_part_id")
    units = served.groupby(["part_id", "warehouse_id"])["qty"].sum().astype(np.float64)
    asked = pd.MultiIndex.from_arrays([parts.to_numpy(dtype=object), warehouses.to_numpy(dtype=object)])
    return np.asarray(units.reindex(asked).fillna(0.0), dtype=np.float64)


def _with_part_figures(lots: pd.DataFrame, problem: ReturnsProblem, parameters: ReturnParameters) -> pd.DataFrame:
    parts = problem.parts.set_index("part_id")
    figures = pd.DataFrame(
        {
            "supplier_id": parts["supplier_id"],
            "unit_cost": parts["unit_cost"],
            "kg": _or_median(parts["weight_kg"]),
            "m3": (_or_median(parts["volume_l"]) / 1000.0).round(9),
            "hazmat": parts["hazmat"].eq("Y"),
        }
    )
    found = lots.join(figures.reindex(lots["part_id"].unique()), on="part_id")
    windows = problem.suppliers.set_index("supplier_id")["return_window_days"]
    found["window_days"] = found["supplier_id"].map(windows).fillna(WINDOW_DAYS)
    cost = found["unit_cost"].astype(np.float64).fillna(0.0)
    lost = parameters.return_rate * cost + parameters.return_freight_per_kg * found["kg"]
    found["return_cost"] = (lost + parameters.return_handling).round(6)
    found["carrying_day"] = (parameters.carrying_rate / DAYS_PER_YEAR * cost).round(6)
    return found


def _or_median(figures: pd.Series) -> pd.Series:
    known = figures.astype(np.float64)
    median = known.median()
    return known.fillna(0.0 if np.isnan(median) else median)


def _moved(problem: ReturnsProblem, lots: pd.DataFrame) -> Flags:
    known = pd.MultiIndex.from_frame(problem.moved_lots[["part_id", "lot_id"]].astype(object))
    return np.asarray(pd.MultiIndex.from_frame(lots[["part_id", "lot_id"]].astype(object)).isin(known), dtype=bool)


def _triggers(
    problem: ReturnsProblem, lots: pd.DataFrame, useless: Flags, parameters: ReturnParameters
) -> "pd.Series[str]":
    """Return why each lot leaves tonight, empty where it stays."""
    quiet_from = problem.as_of.normalize() - pd.Timedelta(days=parameters.superseded_quiet_days)
    usage = problem.recent_usage
    used = usage.loc[(pd.to_datetime(usage["day"]) > quiet_from) & (usage["qty"] > 0), "part_id"]
    # An open line for an even older part also keeps the lot: it may serve that line.
    substitutes = problem.supersession.substitutes
    wanted = substitutes.loc[substitutes["ordered_part_id"].isin(problem.open_parts), "part_id"]
    idle = ~lots["part_id"].isin(used) & ~lots["part_id"].isin(wanted) & ~lots["part_id"].isin(problem.open_parts)
    due = lots["days_left"] <= 0
    reason = np.select([lots["held"], due, useless & idle], ["", "age", "superseded"], default="")
    return pd.Series(reason, index=lots.index, dtype=object)
