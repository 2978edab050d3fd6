"""The forecaster under measurement, run as anyone would run it: ``python -m forecasts`` in a process of its own.

Only what it claims of its quantiles is asked of its Python face, unmeasured: no file tells it.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow.csv

from benchmarks.scores import DECILES, Array
from benchmarks.yardsticks import Panel, write_history
from forecasts import forecast, read_history
from forecasts.table.csvfile import read_table
from forecasts.table.periods import Frequency

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """What a run answered (quantiles or paths), its wall seconds and its peak memory [MiB]."""

    answer: Array
    seconds: float
    peak_mib: float


def our_quantiles(panel: Panel, origin: int) -> Run:
    """Forecast the panel from an origin; ``answer`` holds deciles, shape (series, horizon, 9)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_history(panel, origin, folder / "history.csv")
        seconds, peak = _run(folder, panel.freq, panel.horizon)
        table = pd.read_csv(folder / "out.csv", dtype={"unique_id": str})
    levels = [f"q{level:g}" for level in DECILES]
    return Run(in_order(table, ["step"], levels, panel.ids, (panel.horizon,)), seconds, peak)


def our_claims(panel: Panel, origin: int) -> Array:
    """Return the probability, as forecast from an origin, that demand is not above the P90; shape (series, horizon)."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "history.csv"
        write_history(panel, origin, path)
        reading = read_history(read_table(path), cast(Frequency, panel.freq), panel.horizon)
    table = forecast(reading.history, panel.horizon).claims([0.9])
    return in_order(table, ["step"], ["q0.9"], panel.ids, (panel.horizon,))[..., 0]


def our_paths(panel: Panel, origin: int, paths: int, with_stock: bool = True) -> Run:
    """Forecast the panel from an origin; ``answer`` holds sample paths [units], shape (series, paths, horizon)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_history(panel, origin, folder / "history.csv", with_stock)
        seconds, peak = _run(folder, panel.freq, panel.horizon, "--paths", str(paths))
        convert = pyarrow.csv.ConvertOptions(column_types={"unique_id": "string"})
        table = pyarrow.csv.read_csv(folder / "out.csv", convert_options=convert).to_pandas()
    found = in_order(table, ["path", "step"], ["y"], panel.ids, (paths, panel.horizon))
    return Run(found[..., 0], seconds, peak)


def _run(folder: Path, freq: str, horizon: int, *options: str) -> tuple[float, float]:
    """Forecast history.csv of ``folder`` into its out.csv; return seconds and peak memory [MiB].

    Raises
    ------
    RuntimeError
        The command failed; its last words are in the message.
    """
    report, history, out = (folder / name for name in ("measured.json", "history.csv", "out.csv"))
    command = [sys.executable, "-m", "forecasts", str(history), "--horizon", str(horizon), "--freq", freq]
    launcher = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "measure.py"), str(report)]
    done = subprocess.run(
        [*launcher, *command, "--out", str(out), *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"python -m forecasts ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    measured = json.loads(report.read_text(encoding="utf-8"))
    return measured["seconds"], measured["peak_mib"]


def in_order(table: pd.DataFrame, keys: list[str], values: list[str], ids: pd.Index, shape: tuple[int, ...]) -> Array:
    """Return values as (series, *shape, values), series as in ``ids``, keys counted from 1.

    Raises
    ------
    RuntimeError
        A cell is missing, stands twice, or is not finite.
    """
    place = ids.get_indexer(pd.Index(table["unique_id"]))
    cells = [place, *(table[key].to_numpy(np.int64) - 1 for key in keys)]
    sizes = (len(ids), *shape)
    inside = np.all([(cell >= 0) & (cell < size) for cell, size in zip(cells, sizes, strict=True)], axis=0)
    if len(table) != np.prod(sizes) or not inside.all():
        raise RuntimeError(f"the answer has {len(table)} rows, {np.prod(sizes)} expected, or unknown series or steps")
    found = np.full((*sizes, len(values)), np.nan)
    found[tuple(cells)] = table[values].to_numpy(float)
    if not np.isfinite(found).all():
        raise RuntimeError("the answer has cells that are missing, twice, or not finite")
    return found
