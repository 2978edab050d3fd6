"""Read a file of orders to come, for a simulation: judged like any orders file, but refused at its first bad rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from vmi.contract import INPUT, Column, InputFile
from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.ingest.draft import Draft, DraftBuilder
from vmi.ingest.parameters import ImportParameters
from vmi.ingest.reader import FileRefused, inspect
from vmi.ingest.references import broken_references
from vmi.ingest.rules import Finding, duplicate_keys
from vmi.ingest.table import open_table

LINE = ("order_id", "line_no", "ordered_at", "centre_id", "part_id", "qty", "service")
SHOWN = 10
"""Bad rows that a refusal names."""
STATUS = Column("status", "choice", choices=("open", "shipped", "delivered", "cancelled"), default="open")
ORDERS = InputFile("orders", (*(INPUT["orders"].column(name) for name in LINE), STATUS), required=True)
"""The contract's orders with ``status`` optional; what became of an order is not asked for."""


def read_orders(
    path: Path, opening: Situation, first: pd.Timestamp, last: pd.Timestamp, parameters: ImportParameters
) -> pd.DataFrame:
    """Return the lines that a file orders on the days ``first`` to ``last``, as ORDERS_TO_COME.

    Cancelled lines and other days are left out.

    Parameters
    ----------
    path
        A CSV file (or ``.csv.gz``) in the contract's columns of orders.
    opening
        Says which parts and centres there are, which lines are open already, and the planning zone.

    Raises
    ------
    UsageProblem
        The file cannot be read, a row is bad (named with line, column and how to mend it), or none is left.
    """
    try:
        draft = _draft(path, opening.timezone, parameters)
    except FileRefused as refused:
        raise UsageProblem(f"--demand {refused}") from refused
    ids = {
        "parts.part_id": pd.Index(opening.parts["part_id"]),
        "centres.centre_id": pd.Index(opening.centres["centre_id"]),
    }
    for finding in (
        *broken_references(ORDERS, draft.frame, ids),
        duplicate_keys(ORDERS, draft.frame, draft.lines),
        _open_already(draft.frame, opening.open_orders),
    ):
        draft.reject(finding)
    _refuse_bad(draft)
    day = draft.frame["ordered_at"].dt.tz_localize(None).dt.normalize()
    lines = draft.frame[day.between(first, last) & draft.frame["status"].ne("cancelled")]
    if lines.empty:
        raise UsageProblem(f"--demand {path.name}: orders nothing from {first.date()} to {last.date()}")
    return lines[list(LINE)].sort_values(["ordered_at", "order_id", "line_no"], ignore_index=True)


def _draft(path: Path, timezone: str, parameters: ImportParameters) -> Draft:
    source = inspect(path, parameters.largest_file_mb << 20)
    header, blocks = open_table(source, ORDERS)
    builder = DraftBuilder(ORDERS, source, timezone)
    for rows in blocks:
        builder.add(rows, header.shape.width)
    return builder.build()


def _open_already(lines: pd.DataFrame, open_orders: pd.DataFrame) -> Finding:
    keys = ["order_id", "line_no"]
    known = pd.MultiIndex.from_frame(open_orders[keys])
    there = np.asarray(pd.MultiIndex.from_frame(lines[keys]).isin(known))
    mend = "{value} with this line_no is open when the simulation begins: give the order to come another id"
    return Finding(there, "order_id", "open_already", mend)


def _refuse_bad(draft: Draft) -> None:
    rejects = draft.rejects()
    if rejects.empty:
        return
    shown = rejects.head(SHOWN)[["line", "column", "value", "mend"]].itertuples(index=False, name=None)
    named = [f"line {line}, {column or 'the row'} {value!r}: {mend}" for line, column, value, mend in shown]
    more = f"\nand {len(rejects) - SHOWN:,} more" if len(rejects) > SHOWN else ""
    raise UsageProblem(f"--demand {draft.file}: {len(rejects):,} bad rows\n" + "\n".join(named) + more)
