"""Say why a part has the quantities it has: an addition over stored figures that ends at the published number.

Nothing is computed again. What stands in ``plan_derivations`` and in the published lines is laid out so that a planner
can add it up; the core has decided, this module only reads.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from vmi.errors import UsageProblem
from vmi.explanation_text import as_text
from vmi.forecast_methods import in_words, judgement
from vmi.store.engine import read_only
from vmi.store.frames_io import read_frame, table_of
from vmi.store.runs import COUNTING, RUNS, Run, last_published, read_plan, run_of_plan
from vmi.supersession import resolve
from vmi.tables.inputs import Part, Warehouse

if TYPE_CHECKING:
    from sqlalchemy import Engine

Row = dict[str, Any]
LINES = {
    "replenishment": ("plan_replenishment", "warehouse_id"),
    "returns": ("plan_returns", "warehouse_id"),
    "transfers_out": ("plan_transfers", "from_warehouse"),
    "transfers_in": ("plan_transfers", "to_warehouse"),
    "deliveries": ("plan_deliveries", "warehouse_id"),
}
"""Published lines told with a warehouse: their table, and the column that names the warehouse."""


@dataclass(frozen=True)
class Explanation:
    """A part in a published plan.

    ``warehouses``: one entry per warehouse with anything to tell, those that order first; a stored derivation with the
    lines published for it under the keys of ``LINES``, ``price``, the row of ``plan_prices`` that bound it, and
    ``calendar``, whose calendar profile its demand follows and when that was fitted, and ``forecast``, its demand of
    the next 28 days, the method that told it and how that was judged.
    ``waiting``: open order lines that no warehouse serves.
    """

    plan_id: str
    as_of: date
    asked: str
    part_id: str
    part_name: str
    predecessors: tuple[str, ...]
    warehouses: tuple[Row, ...]
    waiting: tuple[Row, ...] = ()

    def as_dict(self) -> Row:
        """Return the explanation for a program; figures under the names of their stored columns."""
        return {
            "plan_id": self.plan_id,
            "as_of": self.as_of.isoformat(),
            "asked": self.asked,
            "part_id": self.part_id,
            "part_name": self.part_name,
            "predecessors": list(self.predecessors),
            "warehouses": list(self.warehouses),
            "waiting": list(self.waiting),
        }

    def as_text(self) -> str:
        """Return the explanation for a person."""
        return as_text(self)


def explain_part(
    engine: "Engine", part: str, warehouse: str | None = None, plan_id: str | None = None, timezone: str = "UTC"
) -> Explanation:
    """Read why ``part`` has its quantities in the last published plan, or in the plan ``plan_id``.

    A superseded part is explained by the final part of its chain, for which demand and targets are kept. Moments are
    told in ``timezone``.

    Raises
    ------
    UsageProblem
        If the part, warehouse or plan is not known, or nothing has been published.
    """
    with read_only(engine) as connection:
        run = _run(connection, plan_id)
        parts, sites = _read(connection, Part), _read(connection, Warehouse)
        _known("part", part, parts["part_id"])
        if warehouse is not None:
            _known("warehouse", warehouse, sites["warehouse_id"])
        chain = _chain(parts, part)
        derivations = read_plan(connection, run, "plan_derivations", part_id=chain[0])
        lines = _lines(connection, run, chain, timezone)
        prices = read_plan(connection, run, "plan_prices")
        forecasts = _forecasts(connection, run, chain[0])
        profiles = read_plan(connection, run, "plan_profiles")
    cities = dict(zip(sites["warehouse_id"], sites["city"], strict=True))
    family = str(parts.loc[parts["part_id"].eq(chain[0]), "family"].iloc[0])
    told = [
        {
            **_warehouse(row, lines, prices, cities),
            "calendar": _calendar(profiles, family, row["warehouse_id"]),
            "forecast": forecasts.get(row["warehouse_id"]),
        }
        for row in _with_bare(derivations, lines, chain[0])
    ]
    if warehouse is not None:
        told = [row for row in told if row["warehouse_id"] == warehouse]
    names = dict(zip(parts["part_id"], parts["name"], strict=True))
    return Explanation(
        plan_id=run.plan_id,
        as_of=run.as_of,
        asked=part,
        part_id=chain[0],
        part_name=str(names.get(chain[0], "")),
        predecessors=tuple(chain[1:]),
        warehouses=tuple(sorted(told, key=_most_telling)),
        waiting=tuple(row for row in lines["deliveries"] if not row["warehouse_id"]) if warehouse is None else (),
    )


def _run(connection: Connection, plan_id: str | None) -> Run:
    if plan_id is None:
        last = last_published(connection)
        if last is None:
            raise UsageProblem("no plan has been published yet; run: vmi plan --as-of DATE")
        return last
    found = run_of_plan(connection, plan_id)
    if found is None:
        published = connection.scalars(select(RUNS.c.plan_id).where(RUNS.c.kind == "plan", RUNS.c.state.in_(COUNTING)))
        raise UsageProblem(f"plan {plan_id} was never published{_close(plan_id, published)}")
    if found.kind != "plan":
        raise UsageProblem(f"{plan_id} is a dispatch; it sets no quantities, ask for the plan of the night before")
    return found


def _read(connection: Connection, model: type[Part] | type[Warehouse]) -> pd.DataFrame:
    table = table_of(model)
    names = ("part_id", "name", "successor_id", "family") if model is Part else ("warehouse_id", "city")
    return read_frame(connection, select(*(table.c[n] for n in names)))


def _known(what: str, asked: str, known: pd.Series) -> None:
    if not known.eq(asked).any():
        raise UsageProblem(f"{what} {asked} is not known{_close(asked, known)}")


def _close(asked: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(asked, list(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _chain(parts: pd.DataFrame, part: str) -> list[str]:
    """Return the final part of a part's chain and then all that it supersedes, sorted."""
    final = resolve(parts).final
    chosen = str(final[part])
    return [chosen, *(str(p) for p in final.index[final == chosen] if p != chosen)]


def _lines(connection: Connection, run: Run, chain: list[str], timezone: str) -> dict[str, list[Row]]:
    """Return the published lines of a chain's parts, by the keys of ``LINES``."""
    found = {}
    for name, (table, _) in LINES.items():
        columns = ("part_id", "ordered_part_id") if name == "deliveries" else ("part_id",)
        frames = [read_plan(connection, run, table, timezone, **{c: member}) for member in chain for c in columns]
        filled = [f for f in frames if not f.empty]
        found[name] = _rows(pd.concat(filled).drop_duplicates("line_id")) if filled else []
    return found


def _with_bare(derivations: pd.DataFrame, lines: Mapping[str, list[Row]], part_id: str) -> list[Row]:
    """Return the derivations, and a row without figures for a warehouse that only has lines, of older parts."""
    rows = _rows(derivations)
    seen = {row["warehouse_id"] for row in rows} | {""}
    named = {row[column] for name, (_, column) in LINES.items() for row in lines[name]}
    bare = {**dict.fromkeys(map(str, derivations.columns)), "part_id": part_id, "hub": "", "binding": "", "qty": 0}
    reason = f"nothing here counts for {part_id}"
    return rows + [{**bare, "warehouse_id": w, "reason": reason} for w in sorted(named - seen)]


def _warehouse(derivation: Row, lines: Mapping[str, list[Row]], prices: pd.DataFrame, cities: Mapping[str, str]) -> Row:
    """Return a derivation with all that is told of its warehouse."""
    here = derivation["warehouse_id"]
    own = {name: [row for row in lines[name] if row[column] == here] for name, (_, column) in LINES.items()}
    return {**derivation, "city": cities.get(here, ""), **own, "price": _price(derivation["binding"], prices)}


def _price(binding: str | None, prices: pd.DataFrame) -> Row | None:
    """Return the price of the row that bound, such as ``volume FW01`` or ``budget``; ``None`` for what has none."""
    label = prices["name"] + np.where(prices["subject"] == "all", "", " " + prices["subject"])
    rows = prices[label.eq(binding or "")]
    return None if rows.empty else _rows(rows)[0]


def _calendar(profiles: pd.DataFrame, family: str, region: str) -> Row | None:
    """Return the profile that a family follows in a region, ``None`` for none: the narrowest one that the run had."""
    labels = (("group", family, region), ("family", family, ""), ("region", "", region), ("all", "", ""))
    keys = ["kind", "family", "region"]
    known = profiles.set_index(keys)["fitted_on"]
    found = next((label for label in labels if label in known.index), None)
    return None if found is None else {**dict(zip(keys, found, strict=True)), "fitted_on": _plain(known[found])}


def _forecasts(connection: Connection, run: Run, part_id: str) -> dict[str, Row]:
    """Return, by warehouse, the demand expected of a part and, as ``judged``, how its method was chosen."""
    scores, calibration = (read_plan(connection, run, f"plan_forecast_{name}") for name in ("scores", "calibration"))
    found = {}
    for row in _rows(read_plan(connection, run, "plan_forecasts", part_id=part_id)):
        judged = judgement(scores, calibration, row["judged_class"] or "")
        plain = None if judged is None else {name: _plain_or_row(value) for name, value in judged.items()}
        found[row["warehouse_id"]] = {**row, "method_name": in_words(row["method"]), "judged": plain}
    return found


def _plain_or_row(value: Any) -> Any:
    return value if isinstance(value, dict) else _plain(value)


def _most_telling(row: Row) -> tuple[bool, bool, str]:
    return row["qty"] == 0, row["hub"] != row["warehouse_id"], row["warehouse_id"]


def _rows(frame: pd.DataFrame) -> list[Row]:
    """Return rows of plain values: what a frame calls NaN or NaT is ``None``."""
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if not isinstance(value, str) and pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.tzinfo else value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
