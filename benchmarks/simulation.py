"""Measure ``vmi simulate``: seconds and peak memory of lived nights, and the plan against a textbook's best setting.

    python -m benchmarks.simulation speed      1,000 parts x 10 warehouses, 60 nights: vmi, and textbook
    python -m benchmarks.simulation sweep      the sample company, 60 drawn nights, 5 seeds: vmi against textbook:z
    python -m benchmarks.simulation trucks     the sample company: trucks that wait against one every night

Every run is the command itself in a process of its own. ``sweep`` lives every safety factor of ``FACTORS`` and takes as
rival the one of least mean cost. docs/benchmarks.md keeps the figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

VMI = Path(sys.executable).with_name("vmi")
FACTORS = (0.0, 0.5, 1.0, 1.64)
SPAN = ("--from", "2026-09-22", "--to", "2026-11-20")
DRAWN = ("--from", "2026-12-01", "--to", "2027-01-29", "--warm-up", "10", "--demand", "drawn")
PATIENCE = (1, 0.25, 0.1, 0)
COMPANY = ("--parts", "1000", "--warehouses", "10", "--centres", "300")


def vmi(database: Path, *arguments: str) -> None:
    """Run a command of ``vmi`` on a database."""
    subprocess.run([str(VMI), "--db", str(database), *arguments], check=True)


def imported(folder: Path, *company: str) -> Path:
    """Return a database that holds a sample company."""
    database = folder / "vmi.db"
    vmi(database, "sample", str(folder / "in"), *company)
    vmi(database, "init")
    vmi(database, "import", str(folder / "in"))
    return database


def speed(folder: Path) -> None:
    """Print seconds and peak memory of 60 nights of each policy, and their ratio."""
    database, seconds = imported(folder, *COMPANY), {}
    for policy in ("vmi", "textbook"):
        report, out = folder / f"{policy}.json", folder / policy
        command = [str(VMI), "--db", str(database), "simulate", *SPAN, "--policy", policy]
        measured = [sys.executable, "-m", "benchmarks.measure", str(report), *command, "--out", str(out)]
        subprocess.run(measured, check=True)
        found = json.loads(report.read_text())
        seconds[policy] = found["seconds"]
        print(f"{policy}: 60 nights, 2 waves a day, {found['seconds']:.0f} s, {found['peak_mib']:,.0f} MiB")
    print(f"vmi takes {seconds['vmi'] / seconds['textbook']:.1f} times as long as textbook")


def sweep(folder: Path, seeds: int, processes: int) -> None:
    """Print cost and service of vmi and of every safety factor, and the difference to the best with its interval."""
    database, out = imported(folder), folder / "out"
    labels = ["vmi", *(f"textbook:{factor:g}" for factor in FACTORS)]
    policies = [word for label in labels for word in ("--policy", label)]
    more = ("--seed", "1", "--seeds", str(seeds), "--processes", str(processes), "--out", str(out))
    vmi(database, "simulate", *DRAWN, *policies, *more)
    told = json.loads((out / "simulation.json").read_text())
    print(comparison(told))


def trucks(folder: Path, processes: int) -> None:
    """Print inbound and carrying cost of trucks that wait, and of one every night for whatever is short."""
    database, out = imported(folder), folder / "out"
    variants = [word for patience in PATIENCE for word in ("--set", f"placement.truck_patience={patience}")]
    more = ("--warm-up", "30", *variants, "--processes", str(processes), "--out", str(out))
    vmi(database, "simulate", *SPAN, "--policy", "vmi", *more)
    print(replenishment(json.loads((out / "simulation.json").read_text())))


def replenishment(told: dict) -> str:
    """Return the table and the sentences of :func:`trucks` from ``simulation.json``; in the last run none waits."""
    lines, found = [f"{'trucks':<36}{'inbound':>9}{'carrying':>10}{'total':>9}{'line fill':>11}"], []
    for run in told["runs"]:
        costs, fill = run["cost_cny_a_night"], run["kpis"]["line_fill_48h"]["value"]
        inbound, carrying = costs["inbound_freight"], costs["carrying"]
        found.append((inbound + carrying, fill))
        figures = f"{inbound:>9,.0f}{carrying:>10,.0f}{run['total_cny_a_night']:>9,.0f}{fill:>11.2%}"
        lines.append(f"{run['scenario']:<36}{figures}")
    (every, least), waiting = found[-1], found[:-1]
    lines.append(f"waiting for each other saves {1 - waiting[0][0] / every:.1%} of inbound and carrying cost")
    same = [cost for cost, fill in waiting if fill >= least]
    lines.append(f"... at no less fill {1 - min(same) / every:.1%}" if same else "... none at no less fill")
    return "\n".join(lines)


def comparison(told: dict) -> str:
    """Return the table and the sentence of a sweep from ``simulation.json``."""
    rows = {model["policy"]: model["figures"] for model in told["models"]}
    lines = [f"{'policy':<16}{'cost a night':>14}{'line fill':>11}{'same day':>10}{'stock':>12}"]
    for policy, figures in rows.items():
        cost, fill, day, stock = (figures[k]["mean"] for k in ("total_cny", "line_fill", "same_day_rate", "stock_cny"))
        lines.append(f"{policy:<16}{cost:>14,.0f}{fill:>11.2%}{day:>10.2%}{stock:>12,.0f}")
    best = min((p for p in rows if p != "vmi"), key=lambda p: rows[p]["total_cny"]["mean"])
    for row in told["comparison"]:
        if {row["policy"], row["base_policy"]} == {"vmi", best}:
            interval = f"{row['difference']:,.4g} [{row['low']:,.4g}, {row['high']:,.4g}]"
            lines.append(f"{row['policy']} less {row['base_policy']}, {row['figure']}: {interval}")
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "sweep", "trucks"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if asked.what == "speed":
            speed(Path(name))
        elif asked.what == "trucks":
            trucks(Path(name), asked.processes)
        else:
            sweep(Path(name), asked.seeds, asked.processes)


if __name__ == "__main__":
    main()
