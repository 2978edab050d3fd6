"""Settle every lot tonight: it stays, goes back to its supplier, or moves to where it is worth more."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vmi.frames import LOT_RETURNS, TRANSFERS
from vmi.returns.lines import choose_lines
from vmi.returns.lots import look_at_lots
from vmi.returns.model import PAIR
from vmi.returns.options import leaving_days, list_options, list_routes
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import ReturnsProblem, Worth

TOLD = 0.5
"""CNY below which nobody is told what a move saves elsewhere."""
_RETURN_KEY = ["supplier_id", "part_id", "warehouse_id", "lot_id"]
_TRANSFER_KEY = ["part_id", "lot_id", "from_warehouse", "to_warehouse"]


@dataclass(frozen=True)
class Settled:
    """Tonight's frame ``LOT_RETURNS``, and where lots that stay could go (see ``options.list_options``)."""

    returns: pd.DataFrame
    options: pd.DataFrame


@dataclass(frozen=True)
class Transfers:
    """Tonight's frame ``TRANSFERS``, what they cost, and what no transfers' cost less their worth undercuts [CNY].

    ``bound`` is of all transfers that move anything, inf if none can. ``shifts``: part_id (whose orders the units
    serve), warehouse_id, to_warehouse, qty.
    """

    lines: pd.DataFrame
    shifts: pd.DataFrame
    cost: float
    bound: float


def settle_lots(problem: ReturnsProblem, parameters: ReturnParameters) -> Settled:
    """Decide which lots go back tonight, and list where the others could go.

    A lot as old as its supplier's return window leaves; so does one of a superseded part that serves nobody, unless a
    ``no_return`` override holds it.
    """
    lots = look_at_lots(problem, parameters)
    options = list_options(problem, parameters, lots, list_routes(problem))
    return Settled(_returns(problem, parameters, lots, options), options)


def choose_transfers(settled: Settled, worth: Worth, frees: pd.DataFrame, parameters: ReturnParameters) -> Transfers:
    """Choose which units of lots near the end of their window move, and where; see :mod:`vmi.returns.model`.

    Of a transfer, ``cost`` is its freight with its share of the trip and ``benefit`` what its better chance to sell and
    the shortage, orders and room that it saves are worth, both CNY; the gain is their difference. ``frees``: index
    warehouse_id, columns m3, hazmat_m3: whether there is more room once units have left; not in a warehouse that holds
    far more than it should.
    """
    chosen = choose_lines(settled.options, worth, frees, parameters)
    shifts = chosen.lines[[*PAIR, "units"]].rename(columns={"serves": "part_id", "units": "qty"})
    return Transfers(_transfers(chosen.lines), shifts, chosen.cost, chosen.bound)


def _returns(
    problem: ReturnsProblem, parameters: ReturnParameters, lots: pd.DataFrame, options: pd.DataFrame
) -> pd.DataFrame:
    best = options.sort_values(["lot", "first_gain", "to_warehouse"], ascending=[True, False, True])
    best = best.drop_duplicates("lot").set_index("lot")[["to_warehouse", "first_gain"]]
    found = lots[lots["trigger"] != ""].join(best)
    found["relocation_tested"] = np.where(found["first_gain"].notna(), "Y", "N")
    found["best_relocation_warehouse"] = found["to_warehouse"].fillna("").astype(object)
    found["best_relocation_gain"] = found["first_gain"].astype(np.float64)
    found["pick_up_on"] = leaving_days(problem, found["warehouse_id"])
    found["reason"] = [_return_reason(row, parameters) for row in found.to_dict("records")]
    return _typed(found.sort_values(_RETURN_KEY), list(LOT_RETURNS.columns))


def _return_reason(row: Mapping[Hashable, Any], parameters: ReturnParameters) -> str:
    if row["trigger"] == "age":
        why = f"{row['age_days']:.0f} days old, window {row['window_days']:.0f}"
    else:
        quiet = parameters.superseded_quiet_days
        why = f"superseded by {row['final']}, which it cannot stand in for; no order for it in {quiet} days"
    if row["moved"]:
        return f"{why}; moved once before, so it does not move again"
    if row["relocation_tested"] == "N":
        return f"{why}; no lane leads to another warehouse"
    gain = row["best_relocation_gain"]
    result = f"lose ¥{-gain:.0f}" if gain < 0 else f"gain ¥{gain:.0f}"
    return f"{why}; moving it to {row['best_relocation_warehouse']} would {result}"


def _transfers(lines: pd.DataFrame) -> pd.DataFrame:
    found = lines.rename(columns={"warehouse_id": "from_warehouse"}).drop(columns="qty")
    found = found.rename(columns={"units": "qty", "freight_share": "cost"})
    found["reason"] = [_transfer_reason(row) for row in found.to_dict("records")]
    found["benefit"] = found["benefit"] + found["saved"]
    return _typed(found.sort_values(_TRANSFER_KEY), list(TRANSFERS.columns))


def _transfer_reason(row: Mapping[Hashable, Any]) -> str:
    end = row["received_on"] + pd.Timedelta(days=row["window_days"])
    here, there = (f"{100 * row[chance]:.0f} %" for chance in ("stay_chance", "chance"))
    sells = f"chance to sell here before {end:%Y-%m-%d} is {here}, in {row['to_warehouse']} {there}"
    if abs(row["saved"]) < TOLD:
        return sells
    verb = "saves" if row["saved"] > 0 else "costs"
    return f"{sells}; it {verb} ¥{abs(row['saved']):.0f} of shortage, orders and room"


def _typed(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the columns asked for with the types of ``vmi.frames``, also where there are no rows."""
    types = {
        **dict.fromkeys(("qty", "age_days"), "int64"),
        **dict.fromkeys(("unit_cost", "best_relocation_gain", "cost", "benefit"), "float64"),
        **dict.fromkeys(("received_on", "ship_on", "eta_on", "pick_up_on"), "datetime64[ns]"),
    }
    found = frame[columns].reset_index(drop=True).astype({c: types.get(c, "object") for c in columns})
    return found.round(6)
