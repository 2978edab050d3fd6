"""Measure a night: seconds a step and peak memory by company size, and the bulk load against pandas' to_sql.

    python -m benchmarks.night                          300 x 6 and 2,000 x 10
    python -m benchmarks.night --parts 8500 --warehouses 10 --centres 1300 --lines 1500000

Each size runs in a process of its own, so that peak memory is its own. docs/benchmarks.md keeps the figures.
"""

import argparse
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from vmi.config import Config
from vmi.importing import import_folder
from vmi.nightly import plan_night
from vmi.sample.company import write_company
from vmi.sample.parameters import SampleParameters
from vmi.store.engine import open_engine
from vmi.store.frames_io import read_table, write_frame
from vmi.store.migrate import migrate
from vmi.tables.inputs import INPUT_TABLES

Ticks = list[tuple[str, float]]
SIZES = (
    SampleParameters(),
    SampleParameters(parts=2000, warehouses=10, centres=400, days=760, lines=250_000),
)
COMPARED_ROWS = 100_000


def measure_night(parameters: SampleParameters, results: "multiprocessing.Queue[tuple[Ticks, float, float]]") -> None:
    """Write, import and plan a company; send seconds by step, peak memory [MiB] and the load's ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder, ticks = Path(name), list[tuple[str, float]]()
        engine = open_engine(str(folder / "vmi.db"))
        migrate(engine)
        _timed(ticks, "sample", lambda: write_company(folder / "in", parameters))
        now = datetime.now(UTC)
        _timed(ticks, "import", lambda: import_folder(engine, folder / "in", Config(), now=now))
        begun = [("gather", time.perf_counter())]

        def note(step: str) -> None:
            moment = time.perf_counter()
            ticks.append((step if step != "publish" else "review", moment - begun[-1][1]))
            begun.append((step, moment))

        plan_night(engine, parameters.as_of, folder / "out", Config(), now=now, progress=note)
        ticks.append(("publish", time.perf_counter() - begun[-1][1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        results.put((ticks, peak, _load_ratio(folder / "vmi.db")))


def _timed(ticks: Ticks, name: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    ticks.append((name, time.perf_counter() - start))


def _load_ratio(database: Path) -> float:
    """Return the seconds of pandas' to_sql over those of the store's bulk write, for the same order lines."""
    source = open_engine(str(database))
    with source.connect() as connection:
        orders = read_table(connection, INPUT_TABLES["orders"]).head(COMPARED_ROWS)
    target = open_engine(str(database.with_name("target.db")))
    migrate(target)
    start = time.perf_counter()
    with target.begin() as connection:
        write_frame(connection, INPUT_TABLES["orders"], orders)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    with sqlite3.connect(database.with_name("pandas.db")) as plain:
        orders.to_sql("orders", plain, index=False)
    return (time.perf_counter() - start) / ours


def _report(parameters: SampleParameters, ticks: Ticks, peak: float, ratio: float) -> None:
    print(f"\n{parameters.parts:,} parts x {parameters.warehouses} warehouses, {parameters.centres:,} centres")
    print(pd.DataFrame(ticks, columns=["step", "seconds"]).round(1).to_string(index=False))
    print(f"peak memory {peak:,.0f} MiB; to_sql takes {ratio:.2f} times the store's bulk load of order lines")


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("parts", "warehouses", "centres", "lines"):
        parser.add_argument(f"--{name}", type=int)
    given = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    context = multiprocessing.get_context("spawn")
    for parameters in (SampleParameters(**given, days=1095),) if given else SIZES:
        results: multiprocessing.Queue[tuple[Ticks, float, float]] = context.Queue()
        worker = context.Process(target=measure_night, args=(parameters, results))
        worker.start()
        ticks, peak, ratio = results.get()
        worker.join()
        _report(parameters, ticks, peak, ratio)


if __name__ == "__main__":
    main()
