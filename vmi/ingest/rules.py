"""Rules that look at a whole row: what its cells must be to one another, and keys that come twice.

Each rule answers with a finding: which rows it is about, the column to look at, its name and how to mend the row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.contract import InputFile

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """Rows of a frame that break a rule.

    In ``mend``, ``{value}`` stands for the row's value in ``column`` and ``{detail}`` for the row's entry in
    ``details`` (one per row found, in frame order).
    """

    mask: Mask
    column: str
    rule: str
    mend: str
    details: tuple[str, ...] = ()


def row_findings(name: str, frame: pd.DataFrame) -> Iterator[Finding]:
    """Yield what rows of the file ``name`` break by themselves."""
    if name in _ROW_RULES:
        yield from _ROW_RULES[name](frame)


def duplicate_keys(spec: InputFile, frame: pd.DataFrame, lines: npt.NDArray[np.int64]) -> Finding:
    """Return the rows whose key an earlier row has; the first row of a key stays, equal or not."""
    keys = list(spec.keys)
    later = frame.duplicated(subset=keys).to_numpy()
    if not later.any():
        return Finding(later, keys[0], "duplicate_key", "")
    shared = frame.duplicated(subset=keys, keep=False).to_numpy()
    groups = frame.loc[shared, keys].groupby(keys, dropna=False, sort=False).ngroup()
    first = pd.Series(lines[shared], index=groups.index).groupby(groups).transform("first")
    details = tuple(str(line) for line in first[later[shared]])
    mend = f"line {{detail}} has the same {', '.join(keys)} and was kept: delete one of the two, or correct the key"
    return Finding(later, keys[0], "duplicate_key", mend, details)


def _orders(frame: pd.DataFrame) -> Iterator[Finding]:
    ordered, shipped, delivered = frame["ordered_at"], frame["shipped_at"], frame["delivered_at"]
    yield _before(shipped, ordered, "shipped_at", "ordered_at")
    yield _before(delivered, shipped, "delivered_at", "shipped_at")
    yield _before(delivered, ordered, "delivered_at", "ordered_at")


def _span(frame: pd.DataFrame) -> Iterator[Finding]:
    yield _before(frame["to"], frame["from"], "to", "from")


def _closures(frame: pd.DataFrame) -> Iterator[Finding]:
    yield from _span(frame)
    somebody = frame["scope"].isin(["supplier", "warehouse"])
    unnamed = (somebody & (frame["id"] == "")).to_numpy()
    yield Finding(unnamed, "id", "missing", "say which supplier or warehouse is closed, or take the scope all")
    named = (~somebody & (frame["id"] != "")).to_numpy()
    yield Finding(named, "id", "not_empty", "leave id empty for the scopes carrier and all")


def _overrides(frame: pd.DataFrame) -> Iterator[Finding]:
    lacking = frame["kind"].isin(["min", "max", "order"]) & frame["value"].isna()
    yield Finding(lacking.to_numpy(), "value", "missing", "give the quantity: min, max and order need a value")


def _confirmations(frame: pd.DataFrame) -> Iterator[Finding]:
    quantity = (frame["answer"] == "quantity") & frame["confirmed_qty"].isna()
    yield Finding(quantity.to_numpy(), "confirmed_qty", "missing", "the answer quantity needs confirmed_qty")
    date = (frame["answer"] == "date") & frame["confirmed_ship_on"].isna()
    yield Finding(date.to_numpy(), "confirmed_ship_on", "missing", "the answer date needs confirmed_ship_on")


def _before(late: pd.Series, early: pd.Series, column: str, reference: str) -> Finding:
    """Find rows where ``late`` lies before ``early``; unknown ones are no contradiction."""
    mend = f"{column} lies before {reference}: correct one of the two"
    return Finding((late < early).to_numpy(), column, f"before_{reference}", mend)


_ROW_RULES: Mapping[str, Callable[[pd.DataFrame], Iterator[Finding]]] = {
    "orders": _orders,
    "closures": _closures,
    "weather": _span,
    "overrides": _overrides,
    "confirmations": _confirmations,
}
