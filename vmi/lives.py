"""Run several lives at once: in processes or on many machines, each going on where it was left, the same bytes out."""

import pickle
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forecasts.cluster import ClusterProblem
from forecasts.engine import Engine
from vmi.config import Config
from vmi.errors import UsageProblem
from vmi.simulate.company import Company
from vmi.simulate.live import Life, Span, live
from vmi.simulate.outcome import Outcome
from vmi.simulate.policies import make_policy

MARKER = "kept-by-vmi-simulate"
"""File beside the runs kept: a folder that holds it is ours to delete."""
LONGEST_SECONDS = 7 * 24 * 3600.0
"""A run that takes longer than a week is stuck."""


@dataclass(frozen=True)
class Run:
    """One life to be lived.

    Attributes
    ----------
    policy, scenario, seed
        Labels, and what luck is drawn by.
    company, config
        As the scenario leaves them.
    kept
        File in which the run is kept every ``simulation.checkpoint_nights`` nights, and its outcome at the end;
        ``None`` keeps nothing.
    talks
        Whether progress goes to stderr.
    """

    policy: str
    scenario: str
    seed: int
    company: Company
    config: Config
    span: Span
    kept: Path | None = None
    talks: bool = False

    @property
    def label(self) -> str:
        """Return what the run is called in messages."""
        scenario = f", {self.scenario}" if self.scenario else ""
        return f"{self.policy}{scenario}, seed {self.seed}"


@dataclass(frozen=True)
class Refusal:
    """Why a run came to no outcome; ``mendable`` if its user can mend it, else with the traceback if there is one."""

    reason: str
    mendable: bool
    traceback: str = ""

    def error(self, run: Run) -> Exception:
        """Return the error that tells it; the traceback is a note, for it may come from another process."""
        error = (UsageProblem if self.mendable else RuntimeError)(f"{run.label}: {self.reason}")
        if self.traceback:
            error.add_note(self.traceback)
        return error


def live_all(runs: Sequence[Run], processes: int) -> list[Outcome]:
    """Live every run, ``processes`` of them at a time or one on each worker of ``forecast.cluster``; in their order.

    One at a time, the first refusal ends it; else those that were begun are told when all are over.

    Raises
    ------
    UsageProblem
        A run was refused: a policy that asks for more than lies there.
    ClusterProblem
        The cluster cannot be used.
    RuntimeError
        A run failed otherwise; the message names it, a note holds its traceback.
    """
    found: Iterable[Outcome | Refusal] = map(live_one, runs)
    cluster = runs[0].config.forecast.cluster if runs else ""
    for folder in {run.kept.parent for run in runs if run.kept is not None}:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).touch()
    if (processes > 1 or cluster) and len(runs) > 1:
        # A process of ours starts no others; forecasts are the same bytes with one.
        alone = [replace(run, config=_alone(run.config)) for run in runs]
        found = Engine(processes, cluster, LONGEST_SECONDS).map(live_one, alone, _lost)
    outcomes = []
    for run, result in zip(runs, found, strict=True):
        if isinstance(result, Refusal):
            raise result.error(run)
        outcomes.append(result)
    return outcomes


def live_one(run: Run) -> Outcome | Refusal:
    """Live a run from where it was left; what goes wrong is its result."""
    try:
        return _outcome(run)
    except (UsageProblem, ClusterProblem) as problem:
        return Refusal(str(problem), mendable=True)
    except Exception as failure:  # the process must answer, whatever happened
        return Refusal(f"{type(failure).__name__}: {failure}", mendable=False, traceback=traceback.format_exc())


def _outcome(run: Run) -> Outcome:
    life = _kept(run)
    if isinstance(life, Outcome):
        return life
    if life is None:
        policy = make_policy(run.policy, run.company.orders)
        life = Life(run.company, run.config, policy, run.span, run.seed, run.scenario)
    outcome = live(life, _Progress(run, life.lived))
    _keep(run, outcome)
    return outcome


class _Progress:
    """Keep the run and tell how far it is."""

    def __init__(self, run: Run, begun_at: int) -> None:
        self.run, self.begun_at, self.clock = run, begun_at, time.monotonic()

    def __call__(self, life: Life) -> None:
        nights = self.run.config.simulation.checkpoint_nights
        if life.lived % nights == 0 and not life.over:
            _keep(self.run, life)
        if self.run.talks and (life.lived % nights == 0 or life.over):
            each = (time.monotonic() - self.clock) / max(life.lived - self.begun_at, 1)
            left = each * (life.span.days - life.lived)
            night = f"{life.world.today:%Y-%m-%d}"
            sys.stderr.write(
                f"· {self.run.label}: {night}, {life.lived} of {life.span.days} nights, {_time(left)} left\n"
            )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _keep(run: Run, what: Life | Outcome) -> None:
    """Keep a run where runs of this request are kept; a machine that does not see that folder keeps nothing."""
    if run.kept is None or not (run.kept.parent / MARKER).is_file():
        return
    fresh = run.kept.with_suffix(".new")
    fresh.write_bytes(pickle.dumps(what, protocol=pickle.HIGHEST_PROTOCOL))
    fresh.replace(run.kept)


def _kept(run: Run) -> Life | Outcome | None:
    """Return what an interrupted run left; what cannot be read is begun anew."""
    if run.kept is None or not run.kept.is_file():
        return None
    try:
        found = pickle.loads(run.kept.read_bytes())
    except Exception:  # a file cut short, or of a class that has changed: the run is begun anew
        return None
    return found if isinstance(found, (Life, Outcome)) else None


def _alone(config: Config) -> Config:
    return replace(config, forecast=replace(config.forecast, workers=1, cluster=""))


def _lost(run: Run, reason: str) -> Refusal:
    return Refusal(reason, mendable=False)
