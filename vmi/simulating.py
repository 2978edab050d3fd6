"""``vmi simulate``: gather a company once, live it under every policy, scenario and seed, write what came of it.

The user's database is only read. What is not finished lies beside OUT, in OUT.unfinished, and is gone on with by the
same request of the same code; OUT itself appears whole or not at all. No file that we have not written is deleted.
"""

import dataclasses
import hashlib
import math
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import forecasts
from vmi import __version__
from vmi.config import Config
from vmi.errors import UsageProblem
from vmi.ingest.orders_to_come import read_orders
from vmi.lives import MARKER, Run, live_all
from vmi.publish.csv_out import gzip_bytes
from vmi.publish.staging import exchange
from vmi.reports.simulation.render import render_simulation
from vmi.reports.simulation.view import SimulationView
from vmi.simulate.company import ORDERS_TO_COME, Company
from vmi.simulate.compare import LINE_FILL, SAME_DAY, STOCK, TOTAL
from vmi.simulate.live import Span
from vmi.simulate.opening import Window, check_stock, check_window, opening_notes
from vmi.simulate.orders import drawing, drawn_orders
from vmi.simulate.outcome import Outcome
from vmi.simulate.policies import POLICIES, make_policy
from vmi.simulate.sampling import sample_parts
from vmi.simulate.scenario import Scenario, scenarios
from vmi.simulate.summary import as_json_bytes, content, nights, nights_csv
from vmi.store import replay
from vmi.store.digest import frame_digest, inputs_digest
from vmi.store.engine import read_only

if TYPE_CHECKING:
    from sqlalchemy import Engine

RESULT = "simulation.json"
FILES = (RESULT, "nights.csv", "movements.csv.gz", "report.html")
"""What OUT holds; a folder with the first and nothing but these is ours to replace."""
DIGEST_CHARACTERS = 16
CODE = (Path(__file__).parent, Path(forecasts.__file__).parent)
"""Folders of the code that lives a run."""


@dataclass(frozen=True)
class Request:
    """What is to be simulated.

    Attributes
    ----------
    demand
        ``history``, ``drawn`` or the path of an orders file in the contract's format.
    seed, seeds
        The first seed and how many; ``None`` is 1 for history, and refused for drawn demand.
    sets, closed, stops
        What-ifs as given: KEY=VALUE, warehouse ids, SUPPLIER=FROM:DAYS.
    parts_sample
        Parts to keep; ``None`` keeps all.
    """

    first: pd.Timestamp
    last: pd.Timestamp
    policies: tuple[str, ...]
    demand: str = "history"
    seed: int | None = None
    seeds: int = 1
    warm_up: int = 0
    parts_sample: int | None = None
    sets: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """Return the days to live."""
        return Span(self.first, self.last, self.warm_up)

    @property
    def every_seed(self) -> list[int]:
        """Return the seeds to live."""
        first = 1 if self.seed is None else self.seed
        return list(range(first, first + self.seeds))


def as_request(
    *, first: datetime, last: datetime, policies: tuple[str, ...], compare: bool = False, **asked: Any
) -> Request:
    """Return a request from what was asked on the command line; ``compare`` without policies asks for all of them."""
    chosen = policies or (tuple(POLICIES) if compare else ("vmi",))
    return Request(pd.Timestamp(first), pd.Timestamp(last), tuple(dict.fromkeys(chosen)), **asked)


TOLD = (TOTAL, LINE_FILL, SAME_DAY, STOCK)
"""Figures of a run that a person is told first."""


@dataclass(frozen=True)
class SimulationResult:
    """What a simulation found, in a few figures."""

    folder: str
    content: dict[str, Any]
    runs: tuple[tuple[str, dict[str, float]], ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return the result for a program: what simulation.json holds."""
        return self.content

    def as_text(self) -> str:
        """Return the result for a person."""
        verdict = self.content["verdict"]
        head = f"{'policy':<44}{'cost a night':>14}{'on time':>11}{'same day':>10}{'stock CNY':>14}"
        rows = [f"{name:<44}" + _cells(figures) for name, figures in self.runs]
        return "\n".join([str(verdict["headline"]), "", head, *rows, "", f"written to {self.folder}"])


def _cells(figures: dict[str, float]) -> str:
    cost, fill, same_day, stock = (figures[f.name] for f in TOLD)
    share = ["not known" if math.isnan(value) else f"{value:.1%}" for value in (fill, same_day)]
    return f"{cost:>14,.0f}{share[0]:>11}{share[1]:>10}{stock:>14,.0f}"


def simulate_company(
    engine: "Engine",
    request: Request,
    out: Path,
    config: Config,
    *,
    processes: int = 1,
    talks: bool = False,
    progress: Callable[[str], None] = lambda message: None,
) -> SimulationResult:
    """Live every policy under every scenario and seed, and write OUT: simulation.json, nights.csv, movements, report.

    Raises
    ------
    UsageProblem
        The request cannot be lived, or OUT is not ours to write; the message says why and what to do.
    """
    out = out.resolve()
    _refuse_foreign(out)
    unfinished = out.with_name(out.name + ".unfinished")
    _refuse_foreign_unfinished(unfinished)
    for label in request.policies:
        make_policy(label, ORDERS_TO_COME.empty())
    whatifs = scenarios(request.sets, request.closed, request.stops)
    progress("gather")
    companies = _companies(engine, request, config)
    kept = unfinished / _digest(companies, request, config)[:DIGEST_CHARACTERS]
    runs = _runs(companies, request, config, (whatifs, kept, talks))
    progress(f"live {len(runs)} runs of {request.span.days} nights")
    outcomes = live_all(runs, processes)
    about = _about(request, runs, companies)
    progress("write")
    level = config.simulation.confidence_level
    found = content(outcomes, about, level)
    page = render_simulation(SimulationView(found, nights(outcomes)))
    files = {
        RESULT: as_json_bytes(found),
        "nights.csv": nights_csv(outcomes),
        "report.html": page.encode(),
        "movements.csv.gz": _movements(outcomes),
    }
    _write(out, kept, files)
    return SimulationResult(str(out), found, tuple(_figures(o) for o in outcomes))


def _companies(engine: "Engine", request: Request, config: Config) -> dict[int, Company]:
    """Return the company by seed: seeds differ in their orders if these are drawn."""
    zone, span = config.planning.timezone, request.span
    with read_only(engine) as connection:
        known = replay.span(connection)
        first_lived = span.eve + pd.Timedelta(days=1)
        demand = request.demand if request.demand in ("history", "drawn") else "file"
        window = Window(first_lived, span.last, demand, request.seed)
        check_window(window, known, config.forecast.horizon_days)
        opening = replay.opening_at(connection, span.eve, zone, config.history)
        clock = replay.clock(connection, zone) if demand == "drawn" else None
        orders = replay.orders_between(connection, first_lived, span.last, zone) if demand == "history" else None
    check_stock(opening)
    found = {}
    if demand == "drawn":
        assert clock is not None
        drawn_from = drawing(opening, config, clock)
    for seed in request.every_seed:
        if demand == "drawn":
            orders = drawn_orders(drawn_from, first_lived, span.last, seed)
        elif demand == "file":
            orders = read_orders(Path(request.demand), opening, first_lived, span.last, config.ingest)
        assert orders is not None
        notes = opening_notes(opening, orders, known[1])
        company = Company(opening, orders, opening.closures.iloc[:0], notes)
        if request.parts_sample is not None:
            company = sample_parts(company, request.parts_sample, request.every_seed[0])
        found[seed] = company
    return found


def _runs(
    companies: dict[int, Company], request: Request, config: Config, more: tuple[Sequence[Scenario], Path, bool]
) -> list[Run]:
    whatifs, kept, talks = more
    runs: list[Run] = []
    for scenario in whatifs:
        for seed, company in companies.items():
            changed, settings = scenario.apply(company, config)
            for policy in request.policies:
                name = f"{len(runs):03d}.pickle"
                runs.append(Run(policy, scenario.label, seed, changed, settings, request.span, kept / name, talks))
    return runs


def _about(request: Request, runs: Sequence[Run], companies: dict[int, Company]) -> dict[str, Any]:
    """Return what was asked for and assumed, for the reader of the results."""
    notes: dict[str, None] = {}
    for company in (*companies.values(), *(run.company for run in runs)):
        notes |= dict.fromkeys(company.notes)
    arguments = {name: _plain(value) for name, value in dataclasses.asdict(request).items()}
    return {
        "demand": request.demand,
        "warm_up": request.warm_up,
        "policies": {label: POLICIES[label.partition(":")[0]].description for label in request.policies},
        "notes": list(notes),
        "arguments": arguments,
        "engine_version": __version__,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return list(value) if isinstance(value, tuple) else value


def _figures(outcome: Outcome) -> tuple[str, dict[str, float]]:
    scenario = f" {outcome.scenario}" if outcome.scenario else ""
    figures = {figure.name: figure.of(outcome.nights) for figure in TOLD}
    return f"{outcome.policy}{scenario}, seed {outcome.seed}", figures


def _digest(companies: dict[int, Company], request: Request, config: Config) -> str:
    """Return a hash of all that decides the runs, so that only the same request goes on where one was interrupted.

    The code is part of it: half a run of one program and half of another would be the run of none.
    """
    digest = hashlib.sha256(repr((__version__, request, config)).encode() + code_digest(CODE))
    for seed, company in companies.items():
        digest.update(f"{seed} {inputs_digest(company.opening)}".encode() + frame_digest(company.orders))
    return digest.hexdigest()


def code_digest(folders: Sequence[Path]) -> bytes:
    """Return a hash of the names and bytes of every Python file in the folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


# --- the folder


def _refuse_foreign(out: Path) -> None:
    """Refuse to replace what is not a simulation of ours, or holds a file that somebody else has put there."""
    if not out.exists():
        return
    found = sorted(out.iterdir()) if out.is_dir() else []
    if not out.is_dir() or (found and not (out / RESULT).is_file()):
        raise UsageProblem(f"{out} is not the folder of a simulation and is left alone; give another --out")
    foreign = [path.name for path in found if path.name not in FILES or not path.is_file()]
    if foreign:
        raise UsageProblem(
            f"{out} holds {foreign[0]}, which no simulation writes, and is left alone; move that away or give another"
            " --out"
        )


def _refuse_foreign_unfinished(unfinished: Path) -> None:
    """Refuse to work in a folder that holds anything but unfinished runs of ours."""
    if not unfinished.exists():
        return
    named = re.compile(f"[0-9a-f]{{{DIGEST_CHARACTERS}}}")
    for path in sorted(unfinished.iterdir()) if unfinished.is_dir() else [unfinished]:
        if not named.fullmatch(path.name) or not (path / MARKER).is_file():
            raise UsageProblem(
                f"{unfinished} is where unfinished runs are kept, but {path.name} is none: move it away or give another"
                " --out"
            )


def _write(out: Path, kept: Path, files: dict[str, bytes]) -> None:
    """Write the results beside ``out`` and put them in its place in one step; what was kept of the runs is done with.

    Runs kept by other requests stay.
    """
    _refuse_foreign(out)  # a run takes hours: somebody may have put a file there
    staged, replaced = kept / "result", kept / "replaced"
    for left in (staged, replaced):
        shutil.rmtree(left, ignore_errors=True)
    staged.mkdir(parents=True)
    for name, body in files.items():
        (staged / name).write_bytes(body)
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.exists():
        staged.rename(out)
    elif not exchange(staged, out):
        out.rename(replaced)
        staged.rename(out)
    shutil.rmtree(kept)
    if not any(kept.parent.iterdir()):
        kept.parent.rmdir()


def _movements(outcomes: list[Outcome]) -> bytes:
    """Return ``movements.csv.gz``: units by run, night, part and warehouse, so that anyone can add them up."""
    frames = [o.movements.assign(policy=o.policy, scenario=o.scenario, seed=o.seed) for o in outcomes]
    table = pd.concat(frames, ignore_index=True)
    table = table.assign(night=pd.to_datetime(table["night"]).dt.strftime("%Y-%m-%d"))
    first = ["policy", "scenario", "seed"]
    text = table[[*first, *table.columns.drop(first)]].to_csv(index=False, lineterminator="\r\n")
    return gzip_bytes(("\ufeff" + text).encode())
