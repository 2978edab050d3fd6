"""What every published plan keeps, checked without a line of the planner's code.

The eight rules of the data contract, section 3, from the frames alone: what came in and what goes out. Used before
every publication, by the tests, and by ``audit`` on folders. Rules 1, 2, 3 and 6 stand in ``supply_invariants``, 4, 5
and 7 in ``service_invariants``; rule 8 is a matter of files, and ``verify`` checks it there.
"""

from collections.abc import Mapping

import pandas as pd

from vmi import frames
from vmi.frames import Situation
from vmi.publish.service_invariants import delivery_faults, eta_faults, number_faults, stock_faults
from vmi.publish.supply_invariants import (
    availability_faults,
    capacity_faults,
    order_faults,
    timing_faults,
    window_faults,
)

_DECIDED: dict[str, frames.Frame] = {
    "replenishment": frames.REPLENISHMENT,
    "returns": frames.LOT_RETURNS,
    "transfers": frames.TRANSFERS,
    "deliveries": frames.DELIVERIES,
}


def violations(
    situation: Situation, outputs: Mapping[str, pd.DataFrame], not_before: pd.Timestamp | None = None
) -> list[str]:
    """Return every rule that a plan breaks, one sentence each; empty for a plan that may be published.

    Parameters
    ----------
    situation : Situation
        What the plan saw.
    outputs : mapping of str to DataFrame
        The frames to be published, by the contract's names; what a dispatch does not decide may be missing. ``eta``
        has a ``centre_id`` besides its columns.
    not_before : Timestamp, optional
        The first moment anything may happen: for a dispatch its own; else midnight after ``as_of``.

    Returns
    -------
    list of str
        ``<output>: <rule>: <first offenders>``.
    """
    decided = {name: outputs.get(name, contract.empty()) for name, contract in _DECIDED.items()}
    found = [
        *timing_faults(decided, _start(situation, not_before)),
        *order_faults(decided["replenishment"], situation.parts),
        *availability_faults(decided["replenishment"], situation.availability),
        *capacity_faults(decided, situation),
        *stock_faults(decided, situation.stock),
        *delivery_faults(situation, decided["deliveries"]),
        *number_faults(outputs),
    ]
    if "eta" in outputs:
        found += eta_faults(situation.open_orders, outputs["eta"])
    # A dispatch decides on open orders alone: lots wait for the night.
    if "returns" in outputs:
        found += window_faults(decided, situation)
    return found


def _start(situation: Situation, not_before: pd.Timestamp | None) -> pd.Timestamp:
    start = not_before if not_before is not None else situation.as_of.normalize() + pd.Timedelta(days=1)
    return start.tz_localize(situation.timezone) if start.tzinfo is None else start.tz_convert(situation.timezone)
