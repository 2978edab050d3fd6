"""Settle every lot tonight: it stays, moves to where it sells, or goes back to its supplier."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from vmi.frames import LOT_RETURNS, TRANSFERS
from vmi.returns.lines import choose_lines
from vmi.returns.lots import look_at_lots
from vmi.returns.options import leaving_days, list_options, list_routes
from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import LotDecisions, ReturnsProblem

_RETURN_KEY = ["supplier_id", "part_id", "warehouse_id", "lot_id"]
_TRANSFER_KEY = ["part_id", "lot_id", "from_warehouse", "to_warehouse"]


def settle_lots(problem: ReturnsProblem, parameters: ReturnParameters) -> LotDecisions:
    """Decide which lots go back tonight and which units move first.

    A lot as old as its supplier's return window leaves; so does one of a superseded part that serves nobody, unless a
    ``no_return`` override holds it. Lots that come near their window move where the gain pays the freight; see
    :mod:`vmi.returns.model`.

    Returns
    -------
    Frames ``LOT_RETURNS`` and ``TRANSFERS``, sorted. Of a transfer, ``cost`` is its freight with its share of the
    trip and ``benefit`` what its better chance to sell is worth, both CNY; the gain is their difference.
    """
    lots = look_at_lots(problem, parameters)
    options = list_options(problem, parameters, lots, list_routes(problem))
    lines, proof = choose_lines(options, problem.free, parameters)
    return LotDecisions(_returns(problem, parameters, lots, options), _transfers(lines), proof)


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
    ends = found["received_on"] + pd.to_timedelta(found["window_days"], unit="D")
    sentences = zip(ends, found["stay_chance"], found["to_warehouse"], found["chance"], strict=True)
    found["reason"] = [
        f"chance to sell here before {end:%Y-%m-%d} is {100 * here:.0f} %, in {target} {100 * there:.0f} %"
        for end, here, target, there in sentences
    ]
    return _typed(found.sort_values(_TRANSFER_KEY), list(TRANSFERS.columns))


def _typed(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the columns asked for with the types of ``vmi.frames``, also where there are no rows."""
    types = {
        **dict.fromkeys(("qty", "age_days"), "int64"),
        **dict.fromkeys(("unit_cost", "best_relocation_gain", "cost", "benefit"), "float64"),
        **dict.fromkeys(("received_on", "ship_on", "eta_on", "pick_up_on"), "datetime64[ns]"),
    }
    found = frame[columns].reset_index(drop=True).astype({c: types.get(c, "object") for c in columns})
    return found.round(6)
