"""The measurements as tables: one a panel, coverage by class, and the figures to reach beside those measured."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import pandas as pd

from benchmarks.scores import CLASSES

OURS = "ours"
CLAIMED, OFF = ", as claimed", ", off by"
FEWEST_CELLS = 1_000
"""Known cells below which a class's coverage is mostly chance."""
BLIND = "ours, in_stock dropped"
PUBLISHED_COUNTS = ("TSB 0.1", "TSB 0.2", "ADIDA", "IMAPA")


@dataclass(frozen=True)
class Score:
    """One method's forecast of one panel from one origin.

    Attributes
    ----------
    seconds, peak_mib
        Ours: of the whole process, start and files included. Rivals: seconds of the method alone, no memory.
    by_class
        Known cells and cells at most the 0.9 quantile, by demand class of the history.
    claimed_by_class
        What the method said that its whole-number 0.9 quantile covers, mean over those cells; empty if it did not.
    cost, benchmark_cost
        Of the inventory game's window, where the panel has one.
    """

    section: str
    panel: str
    method: str
    origin: int
    wql: float
    coverage_p90: float
    seconds: float
    peak_mib: float = float("nan")
    by_class: dict[str, tuple[int, int]] = field(default_factory=dict)
    cost: float = float("nan")
    benchmark_cost: float = float("nan")
    claimed_by_class: dict[str, float] = field(default_factory=dict)


def score_table(scores: list[Score]) -> pd.DataFrame:
    """Return one row a method: WQL of each origin and their mean, coverage of the P90, seconds, peak MiB."""
    frame = pd.DataFrame([asdict(score) for score in scores])
    order = list(dict.fromkeys(frame["method"]))
    wide = frame.pivot(index="method", columns="origin", values="wql").sort_index(axis=1, ascending=False)
    means = frame.groupby("method")[["wql", "coverage_p90", "seconds"]].mean()
    table = wide.add_prefix("WQL@").assign(WQL=means["wql"], P90=means["coverage_p90"])
    table["seconds"], table["peak MiB"] = means["seconds"], frame.groupby("method")["peak_mib"].max()
    return table.loc[order].rename_axis(index=None, columns=None)


def cost_table(scores: list[Score]) -> pd.DataFrame:
    """Return the game's cost, one row a method and the benchmark policy first: each window, their mean, and its share.

    Empty where no score has a cost.
    """
    played = [score for score in scores if math.isfinite(score.cost)]
    rows = [("benchmark policy", s.origin, s.benchmark_cost) for s in played]
    rows += [(s.method, s.origin, s.cost) for s in played]
    frame = pd.DataFrame(rows, columns=["method", "origin", "cost"]).drop_duplicates(["method", "origin"])
    wide = frame.pivot(index="method", columns="origin", values="cost").sort_index(axis=1, ascending=False)
    table = wide.loc[list(dict.fromkeys(frame["method"]))].add_prefix("cost@")
    mean = table.mean(axis=1)
    table = table.assign(cost=mean, share=mean / mean.iloc[0] if len(mean) else mean)
    return table.rename_axis(index=None, columns=None)


def class_table(scores: list[Score]) -> pd.DataFrame:
    """Return coverage of the P90 by demand class, origins pooled; the cells of a class stand in its name.

    A method that claims a coverage has two more rows: what it claimed, and coverage less that. A whole-number quantile
    covers more than its level, so this is what calibration is judged by.
    """
    sums = _pooled(scores)
    sums["claimed"] = sums["claims"] / sums["cells"]
    sums["share"] = sums["covered"] / sums["cells"]
    cells, rows = sums["cells"].groupby("class").max(), {}
    for method in dict.fromkeys(sums.index.get_level_values("method")):
        of = sums.loc[method]
        rows[method] = of["share"]
        if of["claimed"].notna().any():
            rows[method + CLAIMED], rows[method + OFF] = of["claimed"], of["share"] - of["claimed"]
    table = pd.DataFrame(rows).T[[name for name in CLASSES if name in cells]]
    return table.rename(columns=lambda name: f"{name} ({cells[name]:,})").rename_axis(index=None, columns=None)


def _pooled(scores: list[Score]) -> pd.DataFrame:
    """Return ``cells``, ``covered`` and ``claims`` (sum; NaN if any origin claims nothing) by method and class."""
    rows = [
        (s.method, name, cells, covered, cells * s.claimed_by_class.get(name, math.nan))
        for s in scores
        for name, (cells, covered) in s.by_class.items()
    ]
    frame = pd.DataFrame(rows, columns=["method", "class", "cells", "covered", "claims"])
    grouped = frame.groupby(["method", "class"], sort=False)
    return grouped[["cells", "covered"]].sum().assign(claims=grouped["claims"].sum(min_count=1))


def text_of(table: pd.DataFrame) -> str:
    """Return a table as text with the digits that each column deserves."""
    formatters: dict[str | int, Callable[[float], str]] = {name: _digits(name) for name in map(str, table)}
    return table.to_string(formatters=formatters, na_rep="–")


def _digits(column: str) -> Callable[[float], str]:
    if column.startswith("WQL"):
        return "{:.4f}".format
    if column.startswith(("cost", "peak")):
        return "{:.0f}".format
    return "{:.1f}".format if column == "seconds" else "{:.3f}".format


def summary_table(scores: list[Score]) -> pd.DataFrame:
    """Return the figures to reach beside what earlier origins gave; rows of sections not run are left out."""
    rows: list[tuple[str, str, str, str]] = []
    car, auto = _of(scores, "car"), _of(scores, "auto")
    if OURS in car:
        rows.append(("car parts, WQL", "≤ 0.870", "≤ 0.850", f"{car[OURS].wql:.4f}"))
        rows.append(("… P90 coverage", "0.88 to 0.92", "", f"{car[OURS].coverage_p90:.3f}"))
    for name, found in (("car parts", car), ("auto", auto)):
        rows += _under(f"{name}, WQL under the best of TSB, ADIDA, IMAPA", "≥ 8 %", "≥ 12 %", found, PUBLISHED_COUNTS)
    for section, name in (("car", "car parts"), ("auto", "auto"), ("vn2", "VN2")):
        rows += _claims(name, [score for score in scores if score.section == section])
    rows += _game(_of(scores, "vn2"))
    for panel in dict.fromkeys(s.panel for s in scores if s.section == "smooth"):
        found = _of([s for s in scores if s.panel == panel], "smooth")
        rows += _under(f"{panel}, WQL under AutoETS", "≥ 0 %", "≥ 3 %", found, ("AutoETS",))
    if OURS in car:
        rows.append(("car parts, seconds", "≤ 30", "≤ 15", f"{car[OURS].seconds:.1f}"))
    scale = _of(scores, "scale")
    if OURS in scale:
        rows.append(("scale, seconds", "≤ 60", "≤ 30", f"{scale[OURS].seconds:.0f}"))
        rows.append(("scale, peak memory [MiB]", "≤ 1,907 (2 GB)", "≤ 954", f"{scale[OURS].peak_mib:,.0f}"))
    return pd.DataFrame(rows, columns=["yardstick, earlier origins", "reach", "beyond", "measured"])


def _claims(name: str, scores: list[Score]) -> list[tuple[str, str, str, str]]:
    """Return the class with demand and enough cells whose coverage is farthest from what ours claimed."""
    if not any(score.method == OURS and score.claimed_by_class for score in scores):
        return []
    sums = _pooled([score for score in scores if score.method == OURS]).loc[OURS].drop("none", errors="ignore")
    large = sums[(sums["cells"] >= FEWEST_CELLS) & sums["claims"].notna()]
    off = (large["covered"] - large["claims"]) / large["cells"]
    if off.empty:
        return []
    label, worst = f"{name}, P90 coverage less claim, farthest class", off.abs().idxmax()
    return [(label, "± 0.020", "", f"{off[worst]:+.3f} ({worst})")]


def _of(scores: list[Score], section: str) -> "dict[str, pd.Series[float]]":
    """Return means over the origins (the cost: sum) by method; ``peak_mib`` the largest."""
    frame = pd.DataFrame([asdict(score) for score in scores if score.section == section])
    if frame.empty:
        return {}
    how = {
        "wql": "mean",
        "coverage_p90": "mean",
        "seconds": "mean",
        "peak_mib": "max",
        "cost": "sum",
        "benchmark_cost": "sum",
    }
    return {str(method): row for method, row in frame.groupby("method").agg(how).iterrows()}


def _under(
    label: str, reach: str, beyond: str, found: "dict[str, pd.Series[float]]", rivals: tuple[str, ...]
) -> list[tuple[str, str, str, str]]:
    best = min((found[name].wql for name in rivals if name in found), default=None)
    if best is None or OURS not in found:
        return []
    return [(label, reach, beyond, f"{100 * (1 - found[OURS].wql / best):.1f} %")]


def _game(found: "dict[str, pd.Series[float]]") -> list[tuple[str, str, str, str]]:
    if OURS not in found:
        return []
    ratio = {name: found[name].cost / found[name].benchmark_cost for name in (OURS, BLIND) if name in found}
    rows = [("VN2, cost of the benchmark policy's", "≤ 0.877", "≤ 0.854", f"{ratio[OURS]:.3f}")]
    if BLIND in ratio:
        rows.append(("… in_stock dropped", f"> {ratio[OURS]:.3f}", "", f"{ratio[BLIND]:.3f}"))
    return rows
