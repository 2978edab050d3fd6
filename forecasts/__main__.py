"""Forecast a long table of demand: quantiles per series and step, or sample paths with ``--paths``."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

# Matrices here are small: on a busy machine more threads wait for each other ten times as long as they help.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pyarrow

from forecasts.parameters import Parameters
from forecasts.table.cells import TableRefused
from forecasts.table.csvfile import check_writable, read_table, write_tables
from forecasts.table.mending import KINDS
from forecasts.table.periods import NAMES
from forecasts.table.reading import Distributions, Reading, checked_levels, path_tables, quantile_table, read_history

DECILES = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"
SHOWN = 5


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"forecasts: {message}; see python -m forecasts --help\n")


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0, or 2 with one sentence on stderr where the table or an argument cannot be used."""
    given = _arguments(argv)
    from forecasts import forecast  # the engine takes seconds to load; --help and wrong arguments do not

    try:
        _check_out(given.out, given.history)
        reading = read_history(read_table(given.history), given.freq, given.horizon)
        pyarrow.default_memory_pool().release_unused()  # half a gigabyte of a large file's text
        found = forecast(reading.history, given.horizon, Parameters(), given.quantiles, seed=given.seed)
        report = _report(reading, found, given)
        write_tables(given.out, _tables(found, given))
    except TableRefused as error:
        print(f"forecasts: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, ensure_ascii=False) if given.json else _readable(report))
    return 0


def _tables(found: Distributions, given: argparse.Namespace) -> Iterable[pd.DataFrame]:
    if given.paths:
        return path_tables(found, given.paths, given.seed)
    return [quantile_table(found, given.quantiles)]


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="python -m forecasts", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "history",
        type=Path,
        metavar="HISTORY.csv[.gz]",
        help="columns unique_id, ds, y; optionally in_stock, exposure; any other is a category",
    )
    parser.add_argument("--horizon", type=_at_least(1), required=True, metavar="H", help="periods ahead")
    parser.add_argument("--freq", choices=list(NAMES), required=True, help="days, weeks from Monday, months")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="CSV to write, .gz if it ends so")
    parser.add_argument("--quantiles", type=_levels, default=DECILES, help=f"levels, default {DECILES}")
    parser.add_argument(
        "--paths", type=_at_least(0), default=0, metavar="N", help="write N sample paths instead of quantiles"
    )
    parser.add_argument("--seed", type=_at_least(0), default=1, metavar="S", help="default 1; same seed, same bytes")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    return parser.parse_args(argv)


def _at_least(least: int) -> Any:
    def whole(text: str) -> int:
        if not text.strip().lstrip("+-").isdecimal():
            raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}")
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {text}")
        return int(text)

    return whole


def _levels(text: str) -> list[float]:
    try:
        return checked_levels([float(level) for level in text.split(",")])
    except ValueError as error:
        named = str(error) if isinstance(error, TableRefused) else f"must be numbers separated by commas, not {text!r}"
        raise argparse.ArgumentTypeError(named) from error


def _check_out(out: Path, history: Path) -> None:
    check_writable(out)
    if out.resolve() == history.resolve():
        raise TableRefused(f"{out}: is the history itself; write to another file")


def _report(reading: Reading, found: Distributions, given: argparse.Namespace) -> dict[str, Any]:
    """Return what was read, mended and chosen, ready for JSON."""
    series = found.series
    fallback = series["fallback"][series["fallback"] != ""]
    return {
        "series": len(series),
        "periods": reading.history.periods,
        "first_period": str(reading.first_period.date()),
        "freq": reading.freq,
        "horizon": given.horizon,
        "categories": list(reading.history.categories.columns),
        "mended": {kind: {"count": m.count, "examples": list(m.examples)} for kind, m in reading.mended.items()},
        "methods": {str(name): int(n) for name, n in series["method"].value_counts().sort_index().items()},
        "fallbacks": {str(name): str(reason) for name, reason in fallback.items()},
        "scores": _records(found.scores),
        "calibration": _records(found.calibration),
        "out": str(given.out),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON knows them: what is unknown is null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=6, force_ascii=False))
    return rows


def _readable(report: dict[str, Any]) -> str:
    long, ahead = (_counted(report[name], NAMES[report["freq"]]) for name in ("periods", "horizon"))
    lines = [f"{report['series']:,} series, {long} from {report['first_period']}, {ahead} ahead"]
    lines += [f"mended: {_mended(kind, **found)}" for kind, found in report["mended"].items()]
    lines.append("methods: " + ", ".join(f"{name} {count:,}" for name, count in report["methods"].items()))
    fallbacks = report["fallbacks"]
    lines += [f"fallback: {name}: {reason}" for name, reason in list(fallbacks.items())[:SHOWN]]
    if len(fallbacks) > SHOWN:
        lines.append(f"fallback: {len(fallbacks) - SHOWN:,} more, named by --json")
    for title in ("scores", "calibration"):
        if report[title]:
            lines.append(f"{title}:\n{pd.DataFrame(report[title]).to_string(index=False, na_rep='-')}")
    return "\n".join([*lines, f"written: {report['out']}"])


def _mended(kind: str, count: int, examples: list[str]) -> str:
    named = ", ".join(examples) + ", …" * (count > len(examples))
    return f"{KINDS[kind]}: {count:,}" + (f" ({named})" if examples else "")


def _counted(number: int, names: str) -> str:
    return f"{number:,} {names if number > 1 else names[:-1]}"


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the report has seen enough; the file is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
