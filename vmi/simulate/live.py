"""Live a company night by night under one policy, and draw the figures from what happened."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from vmi.config import Config
from vmi.errors import UsageProblem
from vmi.frames import Situation
from vmi.ground import Ground
from vmi.planning import Night, decide_wave
from vmi.schedule.problem import first_wave
from vmi.simulate.company import Company
from vmi.simulate.figures import Journal, outcome_of
from vmi.simulate.outcome import Outcome
from vmi.simulate.policy import Policy, View
from vmi.simulate.shelves import NotThere, units
from vmi.simulate.world import DAY, World


@dataclass(frozen=True)
class Span:
    """Days to live: ``first`` to ``last`` count, ``warm_up`` days before them are lived and not counted."""

    first: pd.Timestamp
    last: pd.Timestamp
    warm_up: int = 0

    @property
    def eve(self) -> pd.Timestamp:
        """The last day before any is lived."""
        return self.first - (self.warm_up + 1) * DAY

    @property
    def days(self) -> int:
        """Days lived, warm-up among them."""
        return int((self.last - self.eve) / DAY)


class Grounds:
    """What planning resolves of parts, lanes and closures, resolved again only when one of them is seen differently."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._of: tuple[pd.DataFrame, ...] = ()
        self._ground: Ground | None = None

    def of(self, seen: Situation) -> Ground:
        """Return the ground of a situation."""
        rests_on = (seen.parts, seen.fitments, seen.closures, seen.lanes, seen.lane_times)
        same = len(self._of) == len(rests_on) and all(a is b for a, b in zip(self._of, rests_on, strict=True))
        if self._ground is None or not same:
            self._of, self._ground = rests_on, Ground.of(seen, self.config)
        return self._ground


class Life:
    """A run in progress: the world, the policy, and what has been noted; it can be pickled after any night.

    Parameters
    ----------
    company
        As it stands at the close of ``span.eve``.
    label, scenario
        Names of policy and scenario in the results.
    """

    def __init__(
        self, company: Company, config: Config, policy: Policy, span: Span, seed: int, scenario: str = ""
    ) -> None:
        if company.opening.as_of != span.eve:
            raise ValueError(
                f"simulate: the company stands at {company.opening.as_of:%Y-%m-%d}, not at {span.eve:%Y-%m-%d}"
            )
        self.config, self.policy, self.span, self.seed, self.scenario = config, policy, span, seed, scenario
        self.world = World(company, config, seed)
        self.journal = Journal()
        self.journal.begin(self.world)
        self.planned = pd.DataFrame()
        self._grounds = Grounds(config)
        self._night()

    @property
    def lived(self) -> int:
        """Days lived so far."""
        return int((self.world.today - self.span.eve) / DAY)

    @property
    def over(self) -> bool:
        """Whether every day has been lived."""
        return self.world.today >= self.span.last

    def live_a_day(self) -> None:
        """Live the next day to its close and decide the night after it.

        Raises
        ------
        UsageProblem
            The policy asked for more than lies there, or cannot decide; the message names policy and day.
        """
        world = self.world
        before = units(world.stock)
        world.morning()
        waves = world.waves(world.today)
        ends = [*waves[1:], world.close_of(world.today)]
        self._deliver(self.planned, ends[0])
        for moment, end in zip(waves[1:], ends[1:], strict=True):
            seen = world.seen(moment, world.today - DAY)
            if len(seen.open_orders):
                self._deliver(self._wave(seen, moment).deliveries, end)
        world.close()
        self.journal.note(world, world.movements(before), counts=world.today >= self.span.first)
        if not self.over:
            self._night()

    def outcome(self) -> Outcome:
        """Return what the days that count have left behind."""
        label = (self.policy.name, self.scenario, self.seed)
        return outcome_of(self.world, self.journal, self.config, (self.span.first, self.span.last), label)

    def _night(self) -> None:
        world = self.world
        seen = world.seen(world.close_of(world.today), world.today)
        start = first_wave(seen.as_of, seen.timezone, self.config.dispatch)
        dispatch = None if self.policy.dispatches else self._wave(seen, start)
        decided = self.policy.decide(View(seen, self.config, dispatch))
        deliveries = decided.deliveries if dispatch is None else dispatch.deliveries
        if deliveries is None:
            raise UsageProblem(f"policy {self.policy.name} says that it dispatches, and gives no deliveries")
        self.planned = deliveries
        try:
            world.carry_out(decided)
        except NotThere as error:
            raise self._refused(error) from error
        self.journal.tell(world.today, decided)

    def _wave(self, seen: Situation, start: pd.Timestamp) -> Night:
        return decide_wave(seen, self.config, start, ground=self._grounds.of(seen))

    def _deliver(self, deliveries: pd.DataFrame, until: pd.Timestamp) -> None:
        try:
            self.world.deliver(deliveries, until)
        except NotThere as error:
            raise self._refused(error) from error

    def _refused(self, error: NotThere) -> UsageProblem:
        return UsageProblem(f"policy {self.policy.name}, {self.world.today:%Y-%m-%d}: {error}")


def live(life: Life, after_night: Callable[[Life], None] = lambda life: None) -> Outcome:
    """Live every day that is left; ``after_night`` hears of each."""
    while not life.over:
        life.live_a_day()
        after_night(life)
    return life.outcome()
