"""Price tonight's transfers and check every rule from the raw problem: plain, and sharing no code with the model.

Only the decisions are read: which lots go back, which units of which lots go where. Rules are checked from what the
files say; only the least gain of a line is read off its own benefit, which holds what it saves the placement. A
decision whose cost differs from what was reported, or that breaks a rule, must not be published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from vmi.returns.parameters import ReturnParameters
from vmi.returns.problem import Array, LotDecisions, ReturnsProblem

CENTS = 0.01
SLACK = 1e-6
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Evaluation:
    """Cost of the transfers [CNY, gains negative], and one sentence per broken rule."""

    objective: float
    violations: list[str]


def evaluate(
    problem: ReturnsProblem, decisions: LotDecisions, parameters: ReturnParameters, room: pd.DataFrame
) -> Evaluation:
    """Return what the transfers cost, the least gain of each line included, and which rules the decisions break.

    ``room``: index warehouse_id, columns free_m3, free_hazmat_m3: what transfers may fill.
    """
    books = _Books(problem, decisions, parameters)
    transfers = decisions.transfers
    benefit = sum(_benefits(books).values())
    freight = sum(float(books.lane(a, b)["cost_per_shipment"]) for a, b in _trips(transfers))
    freight += sum(books.kg(t["part_id"]) * float(_lane_of(books, t)["cost_per_kg"]) * t["qty"] for t in books.moves)
    cost = freight + parameters.min_transfer_gain * len(transfers) - benefit
    found = [
        *_return_faults(books),
        *_transfer_faults(books),
        *_pair_faults(books),
        *_quantity_faults(books),
        *_room_faults(books, room),
    ]
    reported = decisions.cost
    if abs(cost - reported) > CENTS + SLACK * abs(cost):
        found.append(f"transfers: cost {cost:.2f}, reported {reported:.2f}")
    return Evaluation(round(cost, 6), found)


@dataclass(frozen=True)
class _Books:
    """The raw problem, looked up by key."""

    problem: ReturnsProblem
    decisions: LotDecisions
    parameters: ReturnParameters

    @cached_property
    def lots(self) -> dict[Key, dict[str, Any]]:
        rows = self.problem.lots[self.problem.lots["qty"] > 0].to_dict("records")
        return {_key(row): dict(row) for row in rows}  # type: ignore[arg-type]

    @cached_property
    def moves(self) -> list[dict[str, Any]]:
        rows = self.decisions.transfers.rename(columns={"from_warehouse": "warehouse_id"})
        return rows.to_dict("records")  # type: ignore[return-value]

    @cached_property
    def returned(self) -> dict[Key, dict[str, Any]]:
        return {_key(row): row for row in self.decisions.returns.to_dict("records")}  # type: ignore[arg-type,misc]

    @cached_property
    def parts(self) -> dict[str, dict[str, Any]]:
        return self.problem.parts.set_index("part_id").to_dict("index")  # type: ignore[return-value]

    @cached_property
    def windows(self) -> dict[str, float]:
        return self.problem.suppliers.set_index("supplier_id")["return_window_days"].to_dict()  # type: ignore[return-value]

    @cached_property
    def cities(self) -> dict[str, str]:
        return self.problem.warehouses.set_index("warehouse_id")["city"].to_dict()  # type: ignore[return-value]

    @cached_property
    def lanes(self) -> dict[tuple[str, str], dict[str, Any]]:
        standard = self.problem.lanes[self.problem.lanes["service"] == "standard"]
        return standard.set_index(["warehouse_id", "city"]).to_dict("index")  # type: ignore[return-value]

    @cached_property
    def allowed(self) -> set[tuple[str, str]]:
        table = self.problem.supersession.substitutes
        return set(zip(table["part_id"], table["ordered_part_id"], strict=True))

    @cached_property
    def pair_rows(self) -> dict[tuple[str, str], int]:
        pairs = self.problem.pairs
        return {key: row for row, key in enumerate(zip(pairs["part_id"], pairs["warehouse_id"], strict=True))}

    @cached_property
    def medians(self) -> dict[str, float]:
        known = {c: self.problem.parts[c].dropna() for c in ("weight_kg", "volume_l")}
        return {c: float(v.median()) if len(v) else 0.0 for c, v in known.items()}

    @cached_property
    def waiting(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for row in self.problem.waiting.to_dict("records"):
            found.setdefault(row["warehouse_id"], []).append((row["part_id"], int(row["qty"])))
        return found

    @cached_property
    def used_parts(self) -> set[str]:
        usage = self.problem.recent_usage
        since = self.problem.as_of.normalize() - pd.Timedelta(days=self.parameters.superseded_quiet_days)
        return set(usage.loc[(pd.to_datetime(usage["day"]) > since) & (usage["qty"] > 0), "part_id"])

    @cached_property
    def wanted_parts(self) -> set[str]:
        asked = set(self.problem.open_parts)
        return asked | {part for part, ordered in self.allowed if ordered in asked}

    @cached_property
    def seen_windows(self) -> dict[tuple[int, int], tuple[Array, Array]]:
        return {}

    def lane(self, origin: str, target: str) -> dict[str, Any]:
        """Return the standard lane, one without cost where there is none: that is found as a fault."""
        nothing = {"cost_per_shipment": 0.0, "cost_per_kg": 0.0, "transit_hours": np.nan}
        return self.lanes.get((origin, self.cities[target]), nothing)

    def figure(self, part: str, name: str) -> float:
        value = float(self.parts[part][name])
        return self.medians[name] if np.isnan(value) else value

    def kg(self, part: str) -> float:
        return self.figure(part, "weight_kg")

    def left(self, lot: dict[str, Any]) -> float:
        """Return the days until the lot's return window ends; infinite where its receipt is unknown."""
        if pd.isna(lot["received_on"]):
            return float("inf")
        window = self.windows.get(self.parts[lot["part_id"]]["supplier_id"], 90)
        return float(window) - (self.problem.as_of.normalize() - lot["received_on"]).days

    def in_force(self, kind: str, part: str, warehouse: str) -> bool:
        rows = self.problem.overrides
        rows = rows[(rows["kind"] == kind) & (rows["part_id"] == part) & (rows["warehouse_id"] == warehouse)]
        until = pd.to_datetime(rows["until"])
        return bool((until.isna() | (until > self.problem.as_of.normalize())).any())

    def demanded(self, part: str) -> str:
        """Return whose orders the part serves: the final part's, or only its own."""
        final = str(self.problem.supersession.final.get(part, part))
        return final if final == part or (part, final) in self.allowed else part

    def owed(self, part: str, warehouse: str) -> int:
        return sum(qty for ordered, qty in self.waiting.get(warehouse, []) if (part, ordered) in self.allowed)

    def chance(self, part: str, warehouse: str, days: tuple[float, float], unit: int) -> float:
        """Return P(D >= unit) over ``days`` (start, stop)."""
        if days[0] >= days[1]:
            return 0.0
        if unit <= 0:
            return 1.0
        row = self.pair_rows.get((self.demanded(part), warehouse), -1)
        start, stop = int(days[0]), min(int(days[1]), self.problem.horizon_days)
        if row < 0 or start >= stop:
            return 0.0
        if (start, stop) not in self.seen_windows:
            self.seen_windows[start, stop] = self.problem.window(start, stop)
        mean, var = (round(float(a[row]), 6) for a in self.seen_windows[start, stop])
        if mean <= 0:
            return 0.0
        if var <= mean * (1 + 1e-9):
            return float(stats.poisson.sf(unit - 1, mean))
        return float(stats.nbinom.sf(unit - 1, mean * mean / (var - mean), mean / var))


def _key(row: dict[str, Any]) -> Key:
    return str(row["warehouse_id"]), str(row["part_id"]), str(row["lot_id"])


def _trips(transfers: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted(set(zip(transfers["from_warehouse"], transfers["to_warehouse"], strict=True)))


def _lane_of(books: _Books, move: dict[str, Any]) -> dict[str, Any]:
    return books.lane(move["warehouse_id"], move["to_warehouse"])


def _days(books: _Books, move: dict[str, Any]) -> int:
    return int((move["eta_on"] - books.problem.as_of.normalize()).days)


def _benefits(books: _Books) -> dict[tuple[Key, str], float]:
    """Return what each transfer line earns: its units in the queue there less the same units in the queue here."""
    queues: dict[tuple[str, str], list[dict[str, Any]]] = {}
    stay: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for key, lot in books.lots.items():
        if key not in books.returned:
            stay.setdefault((key[0], books.demanded(key[1])), []).append(lot)
    for move in sorted(books.moves, key=lambda m: (m["received_on"], m["lot_id"], m["part_id"], m["warehouse_id"])):
        queues.setdefault((move["to_warehouse"], books.demanded(move["part_id"])), []).append(move)
    found: dict[tuple[Key, str], float] = {}
    for (target, demanded), moves in sorted(queues.items()):
        place = sum(int(lot["qty"]) for lot in stay.get((target, demanded), []))
        for move in moves:
            found[_key(move), target] = _earned_there(books, move, place)
            place += int(move["qty"])
    for key in sorted({_key(move) for move in books.moves} & set(books.lots)):
        back = 0
        queue = stay.get((key[0], books.demanded(key[1])), [])
        last = _place_of_last(queue, books.lots[key])
        for move in sorted((m for m in books.moves if _key(m) == key), key=lambda m: m["to_warehouse"]):
            units = range(last - back, last - back - int(move["qty"]), -1)
            found[key, move["to_warehouse"]] -= _earned_here(books, move, units)
            back += int(move["qty"])
    return found


def _place_of_last(queue: list[dict[str, Any]], lot: dict[str, Any]) -> int:
    """Return the place of the lot's last unit: oldest receipt first, unknown receipts last, then lot and part."""

    def order(row: dict[str, Any]) -> tuple[bool, pd.Timestamp, str, str]:
        unknown = bool(pd.isna(row["received_on"]))
        return unknown, pd.Timestamp(0) if unknown else row["received_on"], row["lot_id"], row["part_id"]

    return sum(int(row["qty"]) for row in queue if order(row) <= order(lot))


def _earned(books: _Books, part: str, days: float) -> float:
    known = books.parts[part]["unit_cost"]
    cost = 0.0 if pd.isna(known) else float(known)
    p = books.parameters
    back = p.return_rate * cost + p.return_freight_per_kg * books.kg(part) + p.return_handling
    return back + p.carrying_rate / 365.0 * cost * days / 2.0


def _earned_there(books: _Books, move: dict[str, Any], place: int) -> float:
    part, target, arrival, left = move["part_id"], move["to_warehouse"], _days(books, move), books.left(move)
    first = place - books.owed(part, target) + 1
    chances = [books.chance(part, target, (arrival, left), first + k) for k in range(int(move["qty"]))]
    return sum(chances) * _earned(books, part, max(left - arrival, 0.0))


def _earned_here(books: _Books, move: dict[str, Any], units: range) -> float:
    part, here, left = move["part_id"], move["warehouse_id"], books.left(move)
    owed = books.owed(part, here)
    chances = [books.chance(part, here, (0, left), unit - owed) for unit in units]
    return sum(chances) * _earned(books, part, max(left, 0.0))


def _return_faults(books: _Books) -> Iterator[str]:
    """Check who goes back: all that are due, none that an override holds, superseded ones only if useless."""
    gone = {_key(m) for m in books.moves}
    for key, lot in books.lots.items():
        due = key not in books.returned and key not in gone and books.left(lot) <= 0
        if due and not books.in_force("no_return", key[1], key[0]):
            yield f"lot {key}: at the end of its window and not returned"
    for key, row in books.returned.items():
        if key not in books.lots:
            continue
        if books.in_force("no_return", key[1], key[0]):
            yield f"lot {key}: returned although an override holds it"
        if row["trigger"] == "age" and books.left(books.lots[key]) > 0:
            yield f"lot {key}: returned for its age before its window ends"
        if row["trigger"] == "superseded" and not _useless(books, key[1]):
            yield f"lot {key}: returned as superseded although it may still be used"
        if not _works(books, key[0], row["pick_up_on"]):
            yield f"lot {key}: picked up on {row['pick_up_on']:%Y-%m-%d}, when warehouse or carrier do not work"


def _useless(books: _Books, part: str) -> bool:
    final = str(books.problem.supersession.final.get(part, part))
    idle = part not in books.used_parts and part not in books.wanted_parts
    return final != part and (part, final) not in books.allowed and idle


def _works(books: _Books, warehouse: str, day: pd.Timestamp) -> bool:
    calendar = books.problem.workdays
    open_here = all(calendar.is_open(*who, day.to_datetime64()) for who in (("warehouse", warehouse), ("carrier", "")))
    return day > books.problem.as_of.normalize() and open_here


def _transfer_faults(books: _Books) -> Iterator[str]:
    """Check each transfer: a lane, days left, once only, open days, and a gain worth the trouble."""
    moved = books.problem.moved_lots
    before = set(zip(moved["part_id"], moved["lot_id"], strict=True))
    for move in books.moves:
        name = f"transfer {_key(move)} to {move['to_warehouse']}"
        hours = float(_lane_of(books, move)["transit_hours"])
        if np.isnan(hours) or move["to_warehouse"] == move["warehouse_id"]:
            yield f"{name}: no standard lane"
            continue
        if move["eta_on"] < move["ship_on"] + pd.Timedelta(days=int(np.ceil(hours / 24.0))):
            yield f"{name}: faster than its lane"
        if not _works(books, move["warehouse_id"], move["ship_on"]):
            yield f"{name}: leaves when warehouse or carrier do not work"
        if not books.problem.workdays.is_open("warehouse", move["to_warehouse"], move["eta_on"].to_datetime64()):
            yield f"{name}: arrives when the warehouse does not work"
        if (move["part_id"], move["lot_id"]) in before:
            yield f"{name}: moved before"
        if books.left(move) - _days(books, move) < books.parameters.min_days_left:
            yield f"{name}: too few days left after arrival"
        if move["benefit"] - move["cost"] <= books.parameters.min_transfer_gain - CENTS:
            yield f"{name}: gains no more than {books.parameters.min_transfer_gain:.2f}"


def _pair_faults(books: _Books) -> Iterator[str]:
    """Check that what serves one part moves between one pair of warehouses."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for move in books.moves:
        pairs.setdefault(books.demanded(move["part_id"]), set()).add((move["warehouse_id"], move["to_warehouse"]))
    for part, ways in sorted(pairs.items()):
        if len(ways) > 1:
            yield f"part {part}: moves between {len(ways)} pairs of warehouses"


def _quantity_faults(books: _Books) -> Iterator[str]:
    """Check that no lot gives more than it has, and that what is returned for good is all of it."""
    taken: dict[Key, int] = {}
    for row in [*books.moves, *books.returned.values()]:
        taken[_key(row)] = taken.get(_key(row), 0) + int(row["qty"])
        if int(row["qty"]) <= 0:
            yield f"lot {_key(row)}: {row['qty']} units decided"
    for key, units in taken.items():
        there = int(books.lots[key]["qty"]) if key in books.lots else 0
        if units > there or (key in books.returned and units != there):
            yield f"lot {key}: {units} of {there} units leave"


def _room_faults(books: _Books, room: pd.DataFrame) -> Iterator[str]:
    """Check that what arrives fits the free volume and hazmat volume."""
    used: dict[tuple[str, str], float] = {}
    for move in books.moves:
        volume = round(books.figure(move["part_id"], "volume_l") / 1000.0, 9) * int(move["qty"])
        hazardous = books.parts[move["part_id"]]["hazmat"] == "Y"
        for column in ("free_m3", "free_hazmat_m3") if hazardous else ("free_m3",):
            used[column, move["to_warehouse"]] = used.get((column, move["to_warehouse"]), 0.0) + volume
    for (column, target), volume in sorted(used.items()):
        free = float(room[column].get(target, 0.0))
        if volume > max(free, 0.0) + SLACK and volume > SLACK:
            yield f"warehouse {target}: transfers of {volume:.3f} m3 into {column} {free:.3f}"
