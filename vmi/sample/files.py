"""Files whose bytes depend on nothing but their content: UTF-8, line feeds, a gzip header without time or name."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from vmi.contract import INPUT, SERVICES
from vmi.sample.orders import MINUTES, STATUSES, Orders
from vmi.sample.parameters import SampleParameters

CHUNK_LINES = 200_000
OFFSET = "+08:00"


def write_frame(folder: Path, name: str, frame: pd.DataFrame) -> int:
    """Write ``folder/name.csv`` in the contract's column order; return its rows."""
    frame[[c.name for c in INPUT[name].columns]].to_csv(
        folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n"
    )
    return len(frame)


def _moments(parameters: SampleParameters) -> Callable[[np.ndarray], pa.Array]:
    """Return a function from minutes since the history's first midnight to ISO 8601 text, null where below 0.

    Two small tables are looked up and joined: formatting each moment would take longer than everything else.
    """
    first = parameters.as_of - timedelta(days=parameters.days - 1)
    days = pa.array([(first + timedelta(days=i)).isoformat() for i in range(parameters.days + 60)])
    times = pa.array([f"T{m // 60:02d}:{m % 60:02d}:00{OFFSET}" for m in range(MINUTES)])

    def text(minutes: np.ndarray) -> pa.Array:
        unknown = minutes < 0
        day, minute = np.divmod(np.where(unknown, 0, minutes), MINUTES)
        joined = pc.binary_join_element_wise(days.take(pa.array(day)), times.take(pa.array(minute)), "")
        return pc.if_else(pa.array(unknown), pa.scalar(None, joined.type), joined)

    return text


def _take(labels: pa.Array, numbers: np.ndarray) -> pa.Array:
    """Return the labels by number, null where the number is -1."""
    return labels.take(pa.array(numbers, mask=numbers < 0))


def write_orders(
    folder: Path, parameters: SampleParameters, orders: Orders, labels: dict[str, pd.Series], level: int = 6
) -> int:
    """Write ``folder/orders.csv.gz`` a chunk of lines at a time; ``labels`` are the ids of centre, part, warehouse."""
    text = _moments(parameters)
    ids = {name: pa.array(series.to_numpy(dtype=object), pa.string()) for name, series in labels.items()}
    services, statuses = pa.array(list(SERVICES)), pa.array(list(STATUSES))
    names = [c.name for c in INPUT["orders"].columns]
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    path = folder / "orders.csv.gz"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as out:
        out.write((",".join(names) + "\n").encode())
        for start in range(0, len(orders), CHUNK_LINES):
            rows = slice(start, start + CHUNK_LINES)
            number = pc.utf8_lpad(pa.array(orders.order[rows] + 1).cast(pa.string()), 8, "0")
            columns = {
                "order_id": pc.binary_join_element_wise("SO", number, ""),
                "line_no": pa.array(orders.line_no[rows]),
                "ordered_at": text(orders.ordered[rows]),
                "centre_id": _take(ids["centre"], orders.centre[rows]),
                "part_id": _take(ids["part"], orders.part[rows]),
                "qty": pa.array(orders.qty[rows]),
                "service": _take(services, orders.same_day[rows].astype(np.int8)),
                "status": _take(statuses, orders.status[rows]),
                "warehouse_id": _take(ids["warehouse"], orders.warehouse[rows]),
                "shipped_at": text(orders.shipped[rows]),
                "delivered_at": text(orders.delivered[rows]),
                "first_promise": text(orders.promised[rows]),
            }
            csv.write_csv(pa.table({name: columns[name] for name in names}), out, options)
    return len(orders)
