"""Measure forecasts on earlier origins of the yardsticks, beside statsforecast's methods and Prophet, in one run.

    python -m benchmarks.forecast                           everything, from ../shared/yardsticks
    python -m benchmarks.forecast FOLDER --only car,vn2 --quick --json OUT.json

Ours is ``python -m forecasts`` in a process of its own: its seconds hold the start of Python and both files, its peak
memory is the process's. Rivals run here: seconds of the method alone. docs/benchmarks.md keeps protocol and figures.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from benchmarks import ordering, rivals, yardsticks
from benchmarks.ours import ROOT, our_claims, our_paths, our_quantiles
from benchmarks.report import BLIND, OURS, Score, class_table, cost_table, score_table, summary_table, text_of
from benchmarks.scores import (
    DECILES,
    P90,
    Array,
    claims_by_class,
    coverage,
    coverage_by_class,
    demand_classes,
    weighted_quantile_loss,
)
from benchmarks.yardsticks import Panel

YARDSTICKS = ROOT.parent / "shared" / "yardsticks"
VN2_WINDOWS = (149, 105, 137, 121)
"""First weeks of the windows of eight: the last, the season of the withheld weeks a year earlier, two between."""
PATHS = 400
SAMPLE_SEED = 1
POISSON_SEED = 1


@dataclass(frozen=True)
class Job:
    """Where the yardsticks are, and whether a rough figure in a few minutes is enough."""

    folder: Path
    quick: bool

    def origins(self, panel: Panel) -> tuple[int, ...]:
        """Return the panel's origins, the first (latest) alone where quick."""
        return panel.origins[:1] if self.quick else panel.origins


def car(job: Job) -> Iterator[Score]:
    """Score the car parts; a quick run leaves out AutoETS, most of the time of a whole one."""
    yield from _compare("car", yardsticks.car_parts(job.folder), job, not job.quick)


def auto(job: Job) -> Iterator[Score]:
    """Score the automotive series."""
    yield from _compare("auto", yardsticks.auto(job.folder), job, not job.quick)


def smooth(job: Job) -> Iterator[Score]:
    """Score months without many zeros against AutoETS."""
    for panel in yardsticks.smooth_panels(job.folder):
        yield from _compare("smooth", panel, job, True)


def _compare(section: str, panel: Panel, job: Job, with_ets: bool) -> Iterator[Score]:
    named = rivals.trivial_rivals() | rivals.statsforecast_rivals(with_ets)
    for origin in job.origins(panel):
        run = our_quantiles(panel, origin)
        score = _scored(section, panel, OURS, origin, run.answer, run.seconds, run.peak_mib)
        yield replace(score, claimed_by_class=_claimed(panel, origin))
        for name, rival in named.items():
            yield _rival(section, panel, name, rival, origin)


def _claimed(panel: Panel, origin: int) -> dict[str, float]:
    """Return what ours says by class that its P90 covers."""
    classes = demand_classes(panel.demand[:, :origin])
    return claims_by_class(classes, panel.actuals(origin), our_claims(panel, origin))


def _rival(section: str, panel: Panel, name: str, rival: rivals.Rival, origin: int) -> Score:
    start = time.perf_counter()
    quantiles = rival(panel.demand[:, :origin], panel.horizon, panel.season)
    return _scored(section, panel, name, origin, quantiles, time.perf_counter() - start)


def _scored(
    section: str, panel: Panel, method: str, origin: int, quantiles: Array, seconds: float, peak_mib: float = np.nan
) -> Score:
    actual, upper = panel.actuals(origin), quantiles[..., P90]
    by_class = coverage_by_class(demand_classes(panel.demand[:, :origin]), actual, upper)
    wql, covered = weighted_quantile_loss(actual, quantiles), coverage(actual, upper)
    return Score(section, panel.name, method, origin, wql, covered, seconds, peak_mib, by_class)


def prophet(job: Job) -> Iterator[Score]:
    """Score one Prophet a part on a seeded sample of the car parts, and the others on the same series."""
    panel = yardsticks.car_parts(job.folder)
    origin = panel.origins[0]
    rows = yardsticks.sample_rows(panel, origin, 10 if job.quick else 40, SAMPLE_SEED)
    sample = replace(panel, name=f"car parts, {len(rows)} of them", ids=panel.ids[rows], demand=panel.demand[rows])
    run = our_quantiles(panel, origin)
    yield _scored("prophet", sample, "ours, of all series", origin, run.answer[rows], run.seconds, run.peak_mib)
    named = {"Prophet a part": rivals.prophet} | rivals.trivial_rivals() | rivals.statsforecast_rivals()
    for name, rival in named.items():
        yield _rival("prophet", sample, name, rival, origin)


def scale(job: Job) -> Iterator[Score]:
    """Score 85,000 generated part x warehouse series of 156 weeks, 13 weeks ahead."""
    panel = yardsticks.scale_panel(850 if job.quick else 8_500, 10, 156, 13)
    origin = panel.origins[0]
    panel = replace(panel, name=f"scale, {len(panel.ids):,} series x {origin} weeks, {panel.horizon} steps")
    run = our_quantiles(panel, origin)
    yield _scored("scale", panel, OURS, origin, run.answer, run.seconds, run.peak_mib)
    named = rivals.trivial_rivals() | {k: v for k, v in rivals.statsforecast_rivals(False).items() if k == "TSB 0.1"}
    for name, rival in named.items():
        yield _rival("scale", panel, name, rival, origin)


def vn2(job: Job) -> Iterator[Score]:
    """Replay the inventory game on earlier windows: sample paths of ours with and without ``in_stock``, and of rivals.

    WQL and coverage are of the three weeks after each order's origin, sold-out weeks left out; the policy looks six
    weeks ahead, yet not beyond the end of the game. A rival's paths are independent Poisson draws around its mean.
    """
    panel = yardsticks.vn2(job.folder, ordering.STEPS)
    random = np.random.default_rng(POISSON_SEED)

    def poisson(means: Array) -> Array:
        return random.poisson(np.maximum(means, 0)[:, None], (len(means), PATHS, ordering.STEPS)).astype(float)

    def ours(with_stock: bool) -> "Callable[[int], tuple[Array, float]]":
        def draw(week: int) -> tuple[Array, float]:
            run = our_paths(panel, week, PATHS, with_stock)
            return run.answer, run.peak_mib

        return draw

    def of_rival(name: str) -> "Callable[[int], tuple[Array, float]]":
        means = rivals.count_means(name)
        return lambda week: (poisson(means(panel.demand[:, :week], ordering.STEPS, panel.season)), np.nan)

    named = {OURS: ours(True), BLIND: ours(False)}
    named |= {name: of_rival(name) for name in rivals.COUNT_RIVALS if rivals.has_statsforecast()}
    for start in VN2_WINDOWS[:1] if job.quick else VN2_WINDOWS:
        for name, draw in named.items():
            yield _played(panel, name, draw, start)


def _played(panel: Panel, name: str, draw: "Callable[[int], tuple[Array, float]]", start: int) -> Score:
    """Play one window by a method's paths, remade before each order from the weeks known then."""
    assert panel.in_stock is not None
    begun = time.perf_counter()
    weeks = range(start, start + ordering.ORDERS)
    drawn = {week: draw(week) for week in weeks}
    seconds = (time.perf_counter() - begun) / len(drawn)
    game = (panel.demand, panel.in_stock, start)

    def order(week: int, state: ordering.State) -> Array:
        return ordering.order_from_paths(state, drawn[week][0][:, :, : start + ordering.WEEKS - week])

    cost = ordering.window_cost(*game, order)
    benchmark = ordering.window_cost(*game, ordering.benchmark_policy(panel.demand, panel.in_stock))
    served = np.concatenate([paths[:, :, : ordering.SERVED] for paths, _ in drawn.values()])
    quantiles = deciles_of_paths(served)
    actual = np.concatenate([panel.actuals(week)[:, : ordering.SERVED] for week in weeks])
    classes = np.concatenate([demand_classes(panel.demand[:, :week]) for week in weeks])
    upper = quantiles[..., P90]
    by_class = coverage_by_class(classes, actual, upper)
    # Paths are draws of the distribution: their share up to the quantile is what it claims to cover.
    claimed = claims_by_class(classes, actual, (served <= upper[:, None]).mean(axis=1))
    wql, covered = weighted_quantile_loss(actual, quantiles), coverage(actual, upper)
    peak = max(peak for _, peak in drawn.values())
    sums = (float(cost.sum()), float(benchmark.sum()))
    return Score("vn2", panel.name, name, start, wql, covered, seconds, peak, by_class, *sums, claimed)


def deciles_of_paths(paths: Array) -> Array:
    """Return the deciles of sample paths (series, paths, steps) as (series, steps, 9); whole where the paths are."""
    return np.moveaxis(np.quantile(paths, DECILES, axis=1, method="inverted_cdf"), 0, -1)


SECTIONS: dict[str, Callable[[Job], Iterator[Score]]] = {
    "car": car,
    "auto": auto,
    "vn2": vn2,
    "smooth": smooth,
    "prophet": prophet,
    "scale": scale,
}


def _measured(section: str, job: Job) -> tuple[list[Score], str]:
    """Run a section; return what it scored until its end, or until ours failed, and why it failed."""
    found: list[Score] = []
    try:
        for score in SECTIONS[section](job):
            found.append(score)
            print(f"  {score.panel} @{score.origin}: {score.method} {score.wql:.4f}", file=sys.stderr, flush=True)
    except RuntimeError as error:
        return found, str(error)
    return found, ""


def _print_section(scores: list[Score]) -> None:
    for panel in dict.fromkeys(score.panel for score in scores):
        of_panel = [score for score in scores if score.panel == panel]
        print(f"\n## {panel}\n\n{text_of(score_table(of_panel))}")
        costs = cost_table(of_panel)
        if len(costs):
            print(f"\nCost of the inventory game by window\n{text_of(costs)}")
        print(f"\nP90 coverage by class\n{text_of(class_table(of_panel))}", flush=True)


def _environment() -> dict[str, object]:
    names = ("numpy", "pandas", "prophet", *(["statsforecast"] if rivals.has_statsforecast() else []))
    versions = {name: metadata.version(name) for name in names}
    return {"python": platform.python_version(), "cores": os.cpu_count(), "packages": versions}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecast",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="?", default=YARDSTICKS, help="folder of the yardsticks")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"of {','.join(SECTIONS)}, separated by commas")
    parser.add_argument("--quick", action="store_true", help="latest origin, small samples, AutoETS on smooth only")
    parser.add_argument("--json", type=Path, help="write every score here too")
    given = parser.parse_args(argv)
    given.sections = given.only.split(",")
    unknown = [name for name in given.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"--only: no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if set(given.sections) != {"scale"} and not (given.folder / "carparts").is_dir():
        parser.error(f"no yardsticks in {given.folder}: give their folder")
    return given


def main(argv: list[str] | None = None) -> int:
    """Measure the sections asked for; return 1 if ours failed in one of them."""
    given = _arguments(argv)
    job, scores, failures = Job(given.folder, given.quick), list[Score](), dict[str, str]()
    if not rivals.has_statsforecast():
        print(rivals.ABSENT, file=sys.stderr)
    for section in given.sections:
        found, failure = _measured(section, job)
        scores += found
        _print_section(found)
        if failure:
            failures[section] = failure
            print(f"\n{section}: {failure}", flush=True)
    reached = summary_table(scores)
    if len(reached):
        print(f"\n## Figures to reach\n\n{reached.to_string(index=False)}")
    if given.json:
        content = {**_environment(), "quick": given.quick, "failures": failures, "scores": [asdict(s) for s in scores]}
        given.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
