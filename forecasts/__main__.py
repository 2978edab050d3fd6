"""Forecast a long table of demand: quantiles per series and step, or sample paths with ``--paths``."""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from forecasts.calendar import Calendar
from forecasts.engine import forecast
from forecasts.parameters import Parameters
from forecasts.table import path_table, period_parameters, quantile_table, read_history

DECILES = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m forecasts", description=__doc__)
    parser.add_argument(
        "history", type=Path, help="CSV or CSV.gz: unique_id, ds, y, optionally in_stock, family, region"
    )
    parser.add_argument("--horizon", type=int, required=True, help="periods ahead")
    parser.add_argument("--freq", choices=["D", "W-MON", "MS"], required=True)
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--quantiles", default=DECILES, help="levels, separated by commas")
    parser.add_argument("--paths", type=int, default=0, help="write this many sample paths instead of quantiles")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="methods and fallbacks as JSON on stdout")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0, or 2 with one sentence on stderr where the table or an argument cannot be used."""
    given = _arguments(argv)
    try:
        table = pd.read_csv(given.history, dtype={"unique_id": str, "family": str, "region": str})
        history = read_history(table, given.freq)
        parameters = period_parameters(Parameters(), given.freq, given.horizon)
        found = forecast(history.panel, parameters, Calendar.china())
        levels = [float(level) for level in given.quantiles.split(",")]
        result = path_table(found, given.paths, given.seed) if given.paths else quantile_table(found, levels)
        result.to_csv(given.out, index=False)
    except (ValueError, OSError) as error:
        print(f"forecasts: {error}", file=sys.stderr)
        return 2
    report = {
        "series": len(found.series),
        "periods": history.periods,
        "floored": history.floored,
        "methods": found.series["method"].value_counts().sort_index().to_dict(),
        "fallbacks": found.series["fallback"][found.series["fallback"] != ""].to_dict(),
    }
    text = json.dumps(report, ensure_ascii=False) if given.json else "\n".join(f"{k}: {v}" for k, v in report.items())
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
