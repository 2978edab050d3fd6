"""Say in a sentence why a line is late, waits, or is not served."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.schedule.problem import DispatchProblem


def delivery_reasons(problem: DispatchProblem, rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return a sentence per row of a delivery with a source; empty where stock on hand keeps the promise."""
    start = pd.Timestamp(problem.start)
    late, substitute = rows["eta"] > rows["promise_by"], rows["part_id"] != rows["ordered_part_id"]
    told = (late | substitute | (rows["source"] != "warehouse")).to_numpy(dtype=bool)
    found = np.full(len(rows), "", dtype=object)
    found[told] = [_reason(row, start) for row in rows[told].to_dict("records")]
    return found


def _reason(row: dict, start: pd.Timestamp) -> str:
    late = _lateness(row, start) if row["eta"] > row["promise_by"] else ""
    return " ".join(text for text in (_origin(row), late) if text)


def _origin(row: dict) -> str:
    if row["source"] == "warehouse":
        substitute = row["part_id"] != row["ordered_part_id"]
        return f"{row['part_id']} is supplied for {row['ordered_part_id']}." if substitute else ""
    day = f"{row['received']:%Y-%m-%d}"
    where = {
        "inbound": f"No stock fits; a shipment reaches {row['warehouse_id']} on {day}.",
        "pipeline": f"No stock fits; a published order reaches {row['warehouse_id']} on {day}.",
        "firm": f"No stock fits; tonight's order reaches {row['warehouse_id']} on {day}.",
    }[row["kind"]]
    return where + (" It is overdue: the day is a guess." if row["overdue"] else "")


def _lateness(row: dict, start: pd.Timestamp) -> str:
    """Return the first cause that explains the delay."""
    lane = f"{row['warehouse_id']} to {row['city']}"
    if row["promise_by"] < start:
        return f"Late: the promise of {row['promise_by']:%Y-%m-%d %H:%M} had passed before anything could ship."
    if row["source"] != "warehouse" and row["ship_at"] > row["promise_by"]:
        return "Late: it arrives at the warehouse after the promise."
    if row["pushed"]:
        return f"Late: all lines that {row['warehouse_id']} can pick on an earlier day are taken."
    if row["weather_hours"] > 0:
        return f"Late: a weather warning in {row['city']} adds {row['weather_hours']:g} hours."
    if row["closed_days"] > 0:
        return f"Late: the carrier is closed on {row['closed_days']:g} days of the journey."
    usual = f", usually {row['late_p50']:.1f} more" if row["late_p50"] > 0 else ""
    return (
        f"Late: {lane} takes {row['transit_hours']:g} hours{usual}, from the wave of {row['ship_at']:%Y-%m-%d %H:%M}."
    )


def shortage_sentences(problem: DispatchProblem, lines: pd.DataFrame, known: pd.Series | None) -> list[str]:
    """Return why each line has no source: no lane, stock out of reach, what ``known`` says, or nothing anywhere.

    Parameters
    ----------
    known
        Index part_id (ordered or final part), a sentence from placement on why nothing is on order.
    """
    reached = set(problem.lanes["city"])
    lanes = set(zip(problem.lanes["warehouse_id"], problem.lanes["city"], strict=True))
    asked = problem.stock["part_id"].isin(lines["part_id"])
    usable = problem.stock[asked & (problem.stock["status"] == "available") & (problem.stock["qty"] > 0)]
    lying = usable.groupby("part_id")["warehouse_id"].unique().map(sorted).to_dict()
    said = {} if known is None else known.to_dict()
    final = problem.supersession.to_final(lines["part_id"])
    found = []
    for part, last, city in zip(lines["part_id"], final, lines["city"], strict=True):
        away = [w for w in lying.get(part, []) if (w, city) not in lanes]
        if city not in reached:
            found.append(f"No lane leads to {city or 'the city of this centre'} from any warehouse.")
        elif part in said or last in said:
            found.append(str(said.get(part, said.get(last))))
        elif away:
            found.append(f"Stock lies at {', '.join(away)}, which has no lane to {city}; nothing else is on its way.")
        else:
            found.append("No stock that fits is left, nothing is on its way, and tonight's orders bring none.")
    return found
