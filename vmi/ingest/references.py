"""Identifiers that rows refer to: known from the store or accepted in this import; and chains of supersession."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from vmi.contract import INPUTS, InputFile
from vmi.ingest.rules import Finding

UNKNOWN_REFERENCE = "unknown_reference"

# Columns whose meaning another column of the row decides: the deciding column, and the reference by its value.
_DECIDED_REFERENCES: Mapping[tuple[str, str], tuple[str, Mapping[str, str]]] = {
    ("closures", "id"): ("scope", {"supplier": "suppliers.supplier_id", "warehouse": "warehouses.warehouse_id"}),
    ("inbound", "from_id"): ("kind", {"supply": "suppliers.supplier_id", "transfer": "warehouses.warehouse_id"}),
}


def referenced_columns() -> tuple[str, ...]:
    """Return every ``file.column`` that an input file refers to, sorted."""
    declared = {c.references for file in INPUTS for c in file.columns if c.references}
    decided = {target for _, by_value in _DECIDED_REFERENCES.values() for target in by_value.values()}
    return tuple(sorted(declared | decided))


def broken_references(spec: InputFile, frame: pd.DataFrame, ids: Mapping[str, pd.Index]) -> Iterator[Finding]:
    """Yield the rows that refer to an identifier not in ``ids``; references of a file to itself are left to others."""
    for column in spec.columns:
        if column.references and not column.references.startswith(f"{spec.name}."):
            yield _unknown(frame, column.name, column.references, ids, np.ones(len(frame), dtype=bool))
    for (file, name), (deciding, by_value) in _DECIDED_REFERENCES.items():
        if file == spec.name:
            for value, target in by_value.items():
                yield _unknown(frame, name, target, ids, (frame[deciding] == value).to_numpy())


def unknown_successors(parts: pd.DataFrame, stored: pd.Index) -> Finding:
    """Return the parts whose successor is neither stored nor accepted, with those that lose theirs thereby.

    Rejecting a part takes it away as a successor of others, so each chain is walked back from its broken end.
    """
    part, successor = parts["part_id"].to_numpy(), parts["successor_id"]
    there = successor.isin(part) | successor.isin(stored)
    out = ((successor != "") & ~there).to_numpy()
    preceding = successor[successor != ""].groupby(successor).indices if out.any() else {}
    rows_of = np.flatnonzero(successor != "")
    ends = [p for p in part[out] if p not in stored]
    while ends:
        lost = rows_of[preceding.get(ends.pop(), [])]
        ends.extend(p for p in part[lost[~out[lost]]] if p not in stored)
        out[lost] = True
    return _finding(out, "successor_id", "parts.part_id")


def successor_loops(parts: pd.DataFrame, stored: Mapping[str, str]) -> dict[str, str]:
    """Return each part that a loop of supersession leads through, and the loop written out ("A → B → A").

    ``stored`` are the successors the store holds; a row of ``parts`` replaces its own.
    """
    has = parts["successor_id"] != ""
    follows = {p: s for p, s in stored.items() if s} | dict.fromkeys(parts["part_id"], "")
    follows |= dict(zip(parts.loc[has, "part_id"], parts.loc[has, "successor_id"], strict=True))
    looping: dict[str, str] = {}
    settled: set[str] = set()
    for start in sorted(p for p, s in follows.items() if s):
        path: dict[str, None] = {}
        part = start
        while part and part not in settled and part not in path:
            path[part] = None
            part = follows.get(part, "")
        if part in path:
            looping |= _written_out(list(path), part)
        settled |= path.keys()
    return looping


def _written_out(path: list[str], entry: str) -> dict[str, str]:
    """Name the loop that ``path`` enters at ``entry``, starting from its smallest identifier."""
    loop = path[path.index(entry) :]
    first = loop.index(min(loop))
    loop = loop[first:] + loop[:first]
    return dict.fromkeys(loop, " → ".join([*loop, loop[0]]))


def _unknown(frame: pd.DataFrame, column: str, target: str, ids: Mapping[str, pd.Index], where: np.ndarray) -> Finding:
    values = frame[column]
    known = ids.get(target, pd.Index([], dtype=object))
    return _finding(where & ((values != "") & ~values.isin(known)).to_numpy(), column, target)


def _finding(mask: np.ndarray, column: str, target: str) -> Finding:
    file = target.partition(".")[0]
    mend = f"{{value}} is not among the accepted or stored {file}: add it or mend it there, or correct {column}"
    return Finding(mask, column, UNKNOWN_REFERENCE, mend)
