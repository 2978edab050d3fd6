"""Names that stay: line ids that survive from plan to plan, and a plan id made of all that made the plan.

A line's id is a letter and 16 hexadecimal digits of the SHA-256 of its key, so it needs no counter and no memory: the
same supplier, part, warehouse, kind and due date give the same id tonight and tomorrow, on any machine.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Literal

import pandas as pd

LineKind = Literal["replenishment", "returns", "transfers", "deliveries"]

PREFIX: dict[LineKind, str] = {"replenishment": "R", "returns": "B", "transfers": "T", "deliveries": "D"}
KEYS: dict[LineKind, tuple[str, ...]] = {
    "replenishment": ("supplier_id", "part_id", "warehouse_id", "commitment", "due_on"),
    # A lot's window is its supplier's, so lot and received_on also fix the day the return falls due.
    "returns": ("supplier_id", "part_id", "warehouse_id", "lot_id", "received_on"),
    "transfers": ("part_id", "lot_id", "from_warehouse", "to_warehouse", "received_on"),
    "deliveries": ("order_id", "line_no", "source", "warehouse_id", "part_id", "lot_id"),
}
_HEX_DIGITS = 16
_NUMBERED = re.compile(r"^(?P<base>[A-Z]-[0-9a-f]{16})(?:-(?P<number>[0-9]+))?$")


def line_ids(kind: LineKind, lines: pd.DataFrame, taken: Iterable[str] = ()) -> pd.Series:
    """Return a stable id for each line.

    Parameters
    ----------
    kind : {'replenishment', 'returns', 'transfers', 'deliveries'}
        Which key of ``KEYS`` identifies a line.
    lines : DataFrame
        Any index; the key columns and any others, which order lines of one key among themselves.
    taken : iterable of str
        Ids of earlier lines that are still open: a new line of the same key gets the next number, ``R-...-2``.

    Returns
    -------
    Series
        Index as ``lines``; ids without duplicates, the same whatever the order of the rows.
    """
    keys = _key_text(lines[list(KEYS[kind])])
    base = keys.map({key: f"{PREFIX[kind]}-{_digest(key)}" for key in keys.unique()})
    number = _ordinals(lines, base) + base.map(_last_numbers(taken)).fillna(0).astype("int64")
    suffix = ("-" + number.astype(str)).where(number > 1, "")
    return (base + suffix).astype(object).rename("line_id")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_HEX_DIGITS]


def _key_text(keys: pd.DataFrame) -> pd.Series:
    """Return the key columns joined by ``|``, which no identifier contains."""
    text = pd.Series("", index=keys.index, dtype=object)
    for position, column in enumerate(keys.columns):
        text = text + ("|" if position else "") + _as_text(keys[column], is_day=column.endswith("_on"))
    return text


def _as_text(values: pd.Series, is_day: bool) -> pd.Series:
    if is_day:
        return pd.to_datetime(values).dt.strftime("%Y-%m-%d").fillna("").astype(object)
    return values.fillna("").astype(str).astype(object)


def _ordinals(lines: pd.DataFrame, base: pd.Series) -> pd.Series:
    """Return 1, 2, ... for lines of one id, in the order of all their other columns."""
    if not base.duplicated().any():
        return pd.Series(1, index=lines.index, dtype="int64")
    ordered = lines.reset_index(drop=True).astype(str).assign(_base=base.to_numpy())
    ordered = ordered.sort_values(["_base", *lines.columns], kind="stable")
    ordinals = ordered.groupby("_base", sort=False).cumcount().sort_index() + 1
    return pd.Series(ordinals.to_numpy(), index=lines.index)


def _last_numbers(taken: Iterable[str]) -> dict[str, int]:
    """Return the highest number in use of each id; an id without a number counts as 1."""
    last: dict[str, int] = {}
    for line_id in taken:
        match = _NUMBERED.match(line_id)
        if match:
            number = int(match["number"] or 1)
            last[match["base"]] = max(number, last.get(match["base"], 0))
    return last


def plan_id(
    as_of: pd.Timestamp,
    version: str,
    config_sha256: str,
    inputs_digest: str,
    kind: Literal["plan", "dispatch"] = "plan",
) -> str:
    """Return the id of a plan, such as ``P20261120-3fa9c1d2e4``: equal for equal inputs, configuration and version."""
    moment = f"P{as_of:%Y%m%d}" if kind == "plan" else f"D{as_of:%Y%m%dT%H%M}"
    made_of = "|".join((kind, as_of.isoformat(), version, config_sha256, inputs_digest))
    return f"{moment}-{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"
