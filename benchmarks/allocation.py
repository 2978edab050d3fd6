"""Measure the allocation: gap, seconds and memory, plans lived through unseen demand, rivals in OR-Tools, scaling.

    python -m benchmarks.allocation                       all sections, about half an hour
    python -m benchmarks.allocation dedicated scaling     some of them
    python -m benchmarks.allocation --quick               all on small problems, for a look
    python -m benchmarks.allocation --sample pooled       the problem of a night of `vmi sample` instead of a drawn one

dedicated    8,500 and 24,000 parts x 10 warehouses, whole packs, a unit reserved for one region
pooled       8,500 parts: pooled against dedicated cover at the same room and budget, lived first come first served
monolith     8,500 parts, dedicated: the same model as one integer program in HiGHS and in SCIP, and what is left of it
             once ours has found the parts that compete; ours asked for a night's gap and for smaller ones
relaxation   its linear relaxation in HiGHS's dual simplex against our prices
replan       8,500 parts a day later, from no prices and from yesterday's, six companies; all kinds of rows (lines
             into warehouses and out of suppliers too), then those of the other sections
scaling      seconds by number of parts, and the exponent of their growth

Room, hazmat room and budget are 70 % of what the plan would take without them. Every problem is solved in a process of
its own, on one thread; numba has compiled before the clock starts. docs/benchmarks.md keeps the figures.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.apart import apart, apart_within
from benchmarks.first_come import KINDS
from benchmarks.monolith import Run
from benchmarks.solves import (
    Judged,
    Setting,
    Solved,
    judge,
    keep_sample,
    relax,
    replan,
    solve_dedicated,
    solve_monolith,
)


@dataclass(frozen=True)
class Scale:
    """How large the problems are, how many companies re-plan, how long others may take [seconds], and which gaps are
    asked of ours against them (0: a night's).
    """

    sizes: tuple[int, ...]
    parts: int
    scenarios: int
    companies: int
    seconds: float
    lp_seconds: float
    gaps: tuple[float, ...]


FULL = Scale(
    sizes=(2_000, 4_000, 8_500, 24_000),
    parts=8_500,
    scenarios=400,
    companies=6,
    seconds=250.0,
    lp_seconds=600.0,
    gaps=(0.0, 2e-5, 1e-5, 8e-6, 6e-6, 1e-6),
)
QUICK = Scale(
    sizes=(100, 200, 400), parts=200, scenarios=40, companies=2, seconds=5.0, lp_seconds=20.0, gaps=(0.0, 1e-5)
)
PATIENT: dict[str, Any] = {"columns_limit": 60_000}
"""How large our last program may be where a smaller gap is asked for than a night's."""

GRACE_SECONDS = 50.0
"""How much longer than its time a rival may take that does not look at its clock: then its process is ended."""
NORMAL_95 = 1.96
RIVALS = ("HiGHS", "SCIP")
Row = tuple[str, str, str, str]
"""Figure, to reach, beyond, measured."""
Section = Callable[[Setting, Scale], list[Row]]


def dedicated(setting: Setting, scale: Scale) -> list[Row]:
    """Print plans with dedicated cover, the two largest sizes; return the figures."""
    measured = [apart(solve_dedicated, replace(setting, parts=n)) for n in sizes(setting, scale)[-2:]]
    print(solved_table(measured))
    targets = [("≤ 0.1 %, ≤ 30 s", "≤ 0.05 %, ≤ 15 s"), ("≤ 0.1 %, ≤ 90 s, ≤ 1,907 MiB", "≤ 0.1 %, ≤ 60 s")]
    return [
        (f"dedicated, {plan.parts:,} parts", *target, _proof(plan, peak))
        for (plan, peak), target in zip(measured, targets[-len(measured) :], strict=True)
    ]


def pooled(setting: Setting, scale: Scale) -> list[Row]:
    """Print pooled against dedicated cover, and the model's cost beside that lived; return the figures."""
    (plan, judged), peak = apart(judge, setting, scale.scenarios)
    print(solved_table([(plan, peak)]), judged_table(judged), kinds_table(judged), sep="\n\n")
    error = judged[0].objective / judged[0].lived.mean() - 1.0
    return [
        ("pooled, cost under dedicated, units reserved", "≥ 15 %", "≥ 20 %", under(judged[0], judged[1])),
        ("pooled, cost under dedicated, then shared", "", "", under(judged[0], judged[2])),
        ("pooled, cost under that of greedy sets of hubs", "", "", under(judged[0], judged[-1])),
        ("pooled, gap, seconds", "≤ 0.6 %, ≤ 120 s", "≤ 0.3 %, ≤ 60 s", _proof(plan, peak)),
        ("pooled, model's cost over that lived", "", "", f"{100 * error:+.1f} %"),
    ]


def monolith(setting: Setting, scale: Scale) -> list[Row]:
    """Print what one integer program reaches in HiGHS and in SCIP, and ours; return the figures."""
    setting = replace(setting, every_hub_set_up_to=0)
    asked = [replace(setting, relative_gap=gap, **(PATIENT if gap else {})) for gap in scale.gaps]
    ours = [apart(solve_dedicated, one) for one in asked]
    runs = {(name, whole): _rival(setting, whole, name, scale.seconds) for whole in (True, False) for name in RIVALS}
    print(rivals_table(ours, {f"{name}{'' if whole else ', reduced'}": run for (name, whole), run in runs.items()}))
    plans, target = [plan for plan, _ in ours], "≥ 10 times faster to any gap both reach"
    return [
        (f"against {name}, {scale.seconds:g} s", target, "", versus(plans, found))
        if whole
        else ("... only the parts that compete, as ours finds them", "", "", versus(plans, found))
        for (name, whole), (found, _) in runs.items()
    ]


def _rival(setting: Setting, whole: bool, solver: str, seconds: float) -> tuple[Run, float]:
    """Return what a solver reaches in its time, and its peak memory [MiB]; NaN if its process had to be ended."""
    most = seconds + GRACE_SECONDS
    try:
        return apart_within(most, solve_monolith, setting, whole, solver, seconds)
    except TimeoutError:
        return Run(math.inf, -math.inf, 0.0, most, ()), math.nan


def relaxation(setting: Setting, scale: Scale) -> list[Row]:
    """Print the linear relaxation's value and seconds beside our prices'; return the figures."""
    setting = replace(setting, every_hub_set_up_to=0)
    (found, bound, seconds), _ = apart(relax, setting, scale.lp_seconds)
    off, spent = abs(bound / found.objective - 1.0), found.build_seconds + found.seconds
    print(
        f"HiGHS dual simplex: {found.objective:,.2f} CNY in {spent:.1f} s; our prices: {bound:,.2f} in {seconds:.2f} s"
    )
    faster = f"{spent / seconds:.0f} times, {100 * off:.4f} % apart"
    return [("against HiGHS simplex on the relaxation", "≥ 5 times, within 0.03 %", "≥ 10 times", faster)]


def replanning(setting: Setting, scale: Scale) -> list[Row]:
    """Print seconds a day later with and without yesterday's prices, of several companies; return the figures."""
    full = replace(setting, lines_share=setting.share)
    return [
        (
            "re-plan from yesterday's prices, all kinds of rows, share of the time",
            "≤ 50 %",
            "≤ 25 %",
            _share(full, scale),
        ),
        ("... room and budget only", "", "", _share(setting, scale)),
    ]


def _share(setting: Setting, scale: Scale) -> str:
    """Print seconds by company, and return yesterday's prices' share of those without."""
    seeds = (setting.seed,) if setting.problem else tuple(range(1, scale.companies + 1))
    every = [apart(replan, replace(setting, seed=seed))[0] for seed in seeds]
    table = pd.DataFrame({seed: pd.DataFrame(found).stack() for seed, found in zip(seeds, every, strict=True)}).T
    print(table.to_string(float_format="{:.2f} s".format))
    cold, warm = (table.xs(name, axis=1, level=1) for name in ("no prices", "yesterday's prices"))
    share = warm.sum() / cold.sum()
    each = (warm["all"] / cold["all"]).sort_values()
    return f"prices {share['prices']:.0%}, all {share['all']:.0%}; by company {each.iloc[0]:.0%} to {each.iloc[-1]:.0%}"


def scaling(setting: Setting, scale: Scale) -> list[Row]:
    """Print seconds by number of parts; return the exponent."""
    measured = [apart(solve_dedicated, replace(setting, parts=n)) for n in sizes(setting, scale)]
    print(solved_table(measured))
    parts = [plan.parts for plan, _ in measured]
    whole, prices = ([pick(plan) for plan, _ in measured] for pick in (_all_seconds, _prices_seconds))
    told = f"{exponent(parts, whole):.2f}, search for prices alone {exponent(parts, prices):.2f}"
    return [("growth with the number of parts, exponent", "≤ 1.15", "", told)]


def _all_seconds(plan: Solved) -> float:
    return plan.total_seconds


def _prices_seconds(plan: Solved) -> float:
    return plan.seconds["prices alone"]


SECTIONS: dict[str, Section] = {
    "dedicated": dedicated,
    "pooled": pooled,
    "monolith": monolith,
    "relaxation": relaxation,
    "replan": replanning,
    "scaling": scaling,
}


def sizes(setting: Setting, scale: Scale) -> tuple[int, ...]:
    """Return the numbers of parts to solve; a night's problem has its own."""
    return (setting.parts,) if setting.problem else scale.sizes


def exponent(parts: list[int], seconds: list[float]) -> float:
    """Return b of seconds = a parts^b, by least squares on logarithms; NaN for a single size."""
    return float(np.polyfit(np.log(parts), np.log(seconds), 1)[0]) if len(parts) > 1 else float("nan")


def versus(ours: Iterable[Solved], rival: Run) -> str:
    """Return how many times faster ours was to the gaps that both reach, and how much cheaper its cheapest plan is."""
    plans, times = list(ours), dict[float, float]()
    for plan in plans:
        both = max(plan.gap, rival.gap)
        if both > sys.float_info.max:
            return f"no solution in {rival.seconds:.0f} s"
        times[both] = max(times.get(both, 0.0), rival.seconds_to(both) / plan.total_seconds)
    told = [f"{time:.1f} times to {100 * both:.4f} %" for both, time in sorted(times.items(), reverse=True)]
    less = 100 * (1.0 - min(plan.objective for plan in plans) / rival.objective)
    return f"{', '.join(told)}; plan {less:.5f} % cheaper"


def solved_table(measured: Iterable[tuple[Solved, float]]) -> str:
    """Return plans with their proof, seconds by phase and peak memory, one a row."""
    rows = [
        {
            "parts": f"{plan.parts:,}",
            "that order": f"{plan.ordering:,}",
            "objective": f"{plan.objective:,.2f}",
            "gap": f"{100 * plan.gap:.4f} %",
            "rows priced": plan.rows_priced,
            **{f"{name} [s]": f"{seconds:.2f}" for name, seconds in plan.seconds.items()},
            "peak MiB": f"{peak:,.0f}",
        }
        for plan, peak in measured
    ]
    return pd.DataFrame(rows).to_string(index=False)


def judged_table(judged: list[Judged]) -> str:
    """Return what plans cost in their model and lived, fill rate, stock bought, and how much pooled is under."""
    rows = [
        {
            "plan": plan.name,
            "model": f"{plan.objective:,.0f}",
            "lived": f"{plan.lived.mean():,.0f}",
            "fill": f"{100 * plan.fill:.1f} %",
            "bought": f"{plan.bought_cny:,.0f}",
            "pooled is under": under(judged[0], plan),
        }
        for plan in judged
    ]
    return pd.DataFrame(rows).to_string(index=False)


def under(plan: Judged, base: Judged) -> str:
    """Return how much cheaper a plan lived than a base, with its 95 % interval over the scenarios."""
    less, scale = base.lived - plan.lived, 100.0 / base.lived.mean()
    half = NORMAL_95 * less.std(ddof=1) / len(less) ** 0.5
    return f"{scale * less.mean():.1f} % ± {scale * half:.1f}"


def kinds_table(judged: list[Judged]) -> str:
    """Return cost by kind [CNY], lived and by the pooled model; the model's help between pools is a kind of its own."""
    rows: dict[str, list[float]] = {}
    for plan in judged:
        rows[f"{plan.name}: lived"] = [*plan.kinds, 0.0]
        if len(plan.model_kinds):
            rows[f"{plan.name}: model"] = [*plan.model_kinds, plan.objective - plan.model_kinds.sum()]
    table = pd.DataFrame(rows, index=[*KINDS, "pools help"]).T
    return table.to_string(float_format="{:,.0f}".format)


def rivals_table(ours: list[tuple[Solved, float]], runs: dict[str, tuple[Run, float]]) -> str:
    """Return objective, bound, gap, seconds to the first solution and in all, memory; ours first."""
    rows = [("ours", p.objective, p.bound, p.gap, p.total_seconds, p.total_seconds, peak) for p, peak in ours]
    rows += [
        (name, r.objective, r.bound, r.gap, r.build_seconds + r.first_seconds, r.build_seconds + r.seconds, peak)
        for name, (r, peak) in runs.items()
    ]
    names = ["", "objective", "bound", "gap [%]", "first [s]", "all [s]", "peak MiB"]
    table = pd.DataFrame(rows, columns=names)
    table["gap [%]"] *= 100
    digits: dict[str | int, Callable[[float], str]] = dict.fromkeys(names[1:3], "{:,.2f}".format)
    digits |= {"gap [%]": "{:.5f}".format, "peak MiB": "{:,.0f}".format}
    return table.to_string(index=False, formatters=digits, float_format="{:.1f}".format)


def _proof(plan: Solved, peak: float) -> str:
    return f"{100 * plan.gap:.4f} %, {plan.total_seconds:.1f} s, {peak:,.0f} MiB"


def main(argv: list[str]) -> None:
    """Measure the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)}; default all")
    parser.add_argument("--quick", action="store_true", help="small problems")
    parser.add_argument("--sample", action="store_true", help="the problem of a night of vmi sample")
    parser.add_argument("--seconds", type=float, help="that HiGHS and SCIP get for the integer program")
    asked = parser.parse_args(argv)
    if unknown := [name for name in asked.sections if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    scale = QUICK if asked.quick else FULL
    scale = scale if asked.seconds is None else replace(scale, seconds=asked.seconds)
    setting, rows = Setting(scale.parts), list[Row]()
    with tempfile.TemporaryDirectory() as folder:
        if asked.sample:
            setting = replace(setting, problem=str(Path(folder) / "problem.pickle"))
            apart(keep_sample, scale.parts, setting.warehouses, setting.problem)
        for name in asked.sections or SECTIONS:
            print(f"\n{name}", flush=True)
            rows += SECTIONS[name](setting, scale)
    print("\n" + pd.DataFrame(rows, columns=["figure", "reach", "beyond", "measured"]).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
