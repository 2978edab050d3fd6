"""Say in words whether zero inventory could work here, and which policy costs least at the best service.

Zero inventory asks three things: customers can wait, suppliers can deliver, demand can be predicted. Each is answered
``yes``, ``partly``, ``no`` or ``not known``, with the figures behind it. No sentence claims more than its interval.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vmi.simulate.cautions import cautions
from vmi.simulate.compare import LINE_FILL, SAME_DAY, TOTAL, Figure, Interval, RunKey, by_run, difference, over_seeds
from vmi.simulate.outcome import Outcome

Answer = Literal["yes", "partly", "no", "not known"]
WORST_FIRST: tuple[Answer, ...] = ("no", "partly", "yes")

WAIT_YES, WAIT_PARTLY = 0.95, 0.50
"""Share of lines whose promise tolerates supply to order. 95 %: as many as are promised today, so supply to order alone
would keep the service. Under half, waiting is the exception, and stock must be the rule."""

LEAD_YES_DAYS, LEAD_PARTLY_DAYS = 2.0, 7.0
"""Lead time that nine of ten ordered units keep. Two days: the standard promise of 48 h. A week: forward stock need
cover no more than a week's demand and its chance; beyond, the stock is large whatever the policy."""

AVAILABLE_YES, AVAILABLE_PARTLY = 0.95, 0.80
"""Share of ordered units whose part is not short at its supplier. Nothing else covers for a supplier once there is no
stock, so he must reach the service promised; at 80 % every fifth unit waits for the next batch."""

ANSWER_YES, ANSWER_PARTLY = 0.95, 0.80
"""Share of firm lines that suppliers answer in time; as for availability: a line without an answer may be short."""

HELD_LOWEST, HELD_HIGHEST, HELD_PARTLY = 0.87, 0.97, 0.80
"""Share of actuals within the P90. 0.9 is right; counts are whole, so a right P90 of a slow part holds more, and 0.97
is no fault yet. Under 0.80 the chance of running out is twice what was meant."""

ACCURACY_YES, ACCURACY_PARTLY = 0.75, 0.40
"""Accuracy at part, warehouse and four weeks. An error of a quarter of demand is covered by a week's stock; one of more
than 60 % says that the mean hardly tells anything, and only the distribution does."""

SERVICE_MARGIN = 0.01
"""A policy may miss the best line fill and the best same-day rate by so much and still be called as good: a point is
what the seeds of a short simulation move them by."""

BOUND = "clairvoyant"
"""Knows the orders to come: what nobody can do better than, not a policy to choose."""

NOT_ANSWERED = (
    "Suppliers' answers are not simulated; the scorecards of the real nights measure them. Judged without them."
)
AVAILABLE_MEANS = (
    "A part is short where availability.csv lists it and what is listed and made over its lead time is less than the "
    "window's orders over as many days."
)

NBSP = "\u00a0"


@dataclass(frozen=True)
class Evidence:
    """A figure behind an answer: its words, the answer it alone would give, and what it is held to."""

    name: str
    value: float | None
    shown: str
    answer: Answer
    held_to: str


@dataclass(frozen=True)
class Precondition:
    """A precondition of zero inventory, answered; ``note`` says what else bears on it."""

    question: str
    answer: Answer
    evidence: tuple[Evidence, ...]
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Preconditions in the order they are asked; the policy named, empty if none; the sentences that say so, and what
    must be known before they are believed."""

    preconditions: tuple[Precondition, ...]
    policy: str
    headline: str
    sentences: tuple[str, ...]
    cautions: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self)


def verdict(outcomes: Sequence[Outcome], level: float) -> Verdict:
    """Return the verdict on runs of the same nights.

    The preconditions and the choice speak of the plain scenario (the first one, if none is plain). A fact is the mean
    over the seeds of the first policy that knows it: facts of the company are the same for all, a policy that does
    not forecast knows no accuracy.
    """
    runs = by_run(outcomes)
    plain = next(iter(runs))[1]
    policies = {policy: lived for (policy, scenario), lived in runs.items() if scenario == plain}
    known = _Facts(list(policies.values()))
    # What the bound "forecasts" is no forecast.
    forecast = _Facts([lived for policy, lived in policies.items() if not is_bound(policy)])
    asked = (_customers(known), _suppliers(known), _demand(forecast))
    choice, headline, sentences = _choice(policies, level)
    return Verdict(asked, choice, headline, (*sentences, *_scenarios(runs, plain, level)), cautions(runs))


class _Facts:
    """Facts by name, each from the first policy that knows it."""

    def __init__(self, runs: list[list[Outcome]]) -> None:
        self.runs = runs

    def number(self, name: str) -> float | None:
        for lived in self.runs:
            values = [o.facts[name] for o in lived if o.facts.get(name) is not None and math.isfinite(o.facts[name])]
            if values:
                return float(sum(values) / len(values))
        return None

    def text(self, name: str) -> str:
        return next((str(o.facts[name]) for lived in self.runs for o in lived if o.facts.get(name)), "")


def is_bound(policy: str) -> bool:
    """Return whether a policy knows what no planner can know, so that it bounds the others and is not to be chosen."""
    return policy.partition(":")[0] == BOUND


def _at_least(value: float, yes: float, partly: float) -> Answer:
    return "yes" if value >= yes else "partly" if value >= partly else "no"


def _share(name: str, value: float | None, yes: float, partly: float) -> Evidence:
    held_to = f"yes from {_percent(yes)}, partly from {_percent(partly)}"
    if value is None:
        return Evidence(name, None, "not known", "not known", held_to)
    return Evidence(name, round(value, 6), _percent(value, 1), _at_least(value, yes, partly), held_to)


def _overall(evidence: Sequence[Evidence]) -> Answer:
    """Return the worst answer. One ``no`` decides, whatever else is missing; otherwise all must be known."""
    answers = [e.answer for e in evidence]
    if "no" not in answers and "not known" in answers:
        return "not known"
    return next(answer for answer in WORST_FIRST if answer in answers)


def _customers(facts: _Facts) -> Precondition:
    tolerant = _share(
        "lines whose promise tolerates supply to order", facts.number("tolerant_share"), WAIT_YES, WAIT_PARTLY
    )
    return Precondition("Can customers wait?", tolerant.answer, (tolerant,), facts.text("tolerant_note"))


def _suppliers(facts: _Facts) -> Precondition:
    lead = _lead_time(facts.number("supplier_lead_p90_days"), facts.number("supplier_lead_mean_days"))
    available = _share(
        *("ordered units whose part is not short at its supplier", facts.number("supplier_available_share")),
        *(AVAILABLE_YES, AVAILABLE_PARTLY),
    )
    answered = _share("lines answered in time", facts.number("supplier_answer_rate"), ANSWER_YES, ANSWER_PARTLY)
    # A simulation knows no answers: the answer rests on the other two then, and says so.
    silent = answered.value is None
    note = f"{AVAILABLE_MEANS} {NOT_ANSWERED}" if silent else AVAILABLE_MEANS
    judged = (lead, available) if silent else (lead, available, answered)
    return Precondition("Can suppliers deliver?", _overall(judged), (lead, available, answered), note)


def _lead_time(p90: float | None, mean: float | None) -> Evidence:
    name = "lead time that nine of ten ordered units keep"
    held_to = f"yes up to {LEAD_YES_DAYS:g} days, partly up to {LEAD_PARTLY_DAYS:g}"
    if p90 is None:
        return Evidence(name, None, "not known", "not known", held_to)
    answer = _at_least(-p90, -LEAD_YES_DAYS, -LEAD_PARTLY_DAYS)
    shown = f"{p90:.1f} days" + (f" (mean {mean:.1f})" if mean is not None else "")
    return Evidence(name, round(p90, 6), shown, answer, held_to)


def _demand(facts: _Facts) -> Precondition:
    held = _held(facts.number("forecast_p90_share"))
    accuracy = _share("forecast accuracy", facts.number("forecast_accuracy"), ACCURACY_YES, ACCURACY_PARTLY)
    slow = facts.number("demand_slow_share")
    note = "" if slow is None else f"{_percent(slow)} of the parts have fewer than one line a month."
    return Precondition("Can demand be predicted?", _overall((held, accuracy)), (held, accuracy), note)


def _held(share: float | None) -> Evidence:
    name = "actual demand within the P90"
    held_to = f"yes from {_percent(HELD_LOWEST)} to {_percent(HELD_HIGHEST)}, partly from {_percent(HELD_PARTLY)}"
    if share is None:
        return Evidence(name, None, "not known", "not known", held_to)
    inside = HELD_LOWEST <= share <= HELD_HIGHEST
    answer: Answer = "yes" if inside else "partly" if share >= HELD_PARTLY else "no"
    return Evidence(name, round(share, 6), _percent(share, 1), answer, held_to)


@dataclass(frozen=True)
class _Standing:
    """A policy's means over its seeds; NaN where nothing was counted."""

    cost: float
    line_fill: float
    same_day: float

    def service(self) -> str:
        told = [f"{_percent(self.line_fill, 1)} of lines on time"] if not math.isnan(self.line_fill) else []
        told += [f"{_percent(self.same_day, 1)} of urgent lines the same day"] if not math.isnan(self.same_day) else []
        return ", ".join(told) or "service not known"


def _standing(lived: Sequence[Outcome], level: float) -> _Standing:
    return _Standing(*(over_seeds([f.of(o.nights) for o in lived], level).mean for f in (TOTAL, LINE_FILL, SAME_DAY)))


@dataclass(frozen=True)
class _Miss:
    """A figure of service that a policy misses by more than the margin, and the policy that is best in it."""

    figure: Figure
    leader: str


def _misses(standings: Mapping[str, _Standing]) -> dict[str, list[_Miss]]:
    """Return what each policy misses, on the means; what nobody knows is not asked for."""
    found: dict[str, list[_Miss]] = {policy: [] for policy in standings}
    reads: tuple[tuple[Figure, Callable[[_Standing], float]], ...] = (
        (LINE_FILL, lambda s: s.line_fill),
        (SAME_DAY, lambda s: s.same_day),
    )
    for figure, read in reads:
        known = {p: read(s) for p, s in standings.items() if not math.isnan(read(s))}
        leader = max(known, key=lambda p: known[p], default="")
        for policy, standing in standings.items():
            # Rounded, so that a miss of exactly one point does not hang on the last bit.
            if known and not round(read(standing) - known[leader] + SERVICE_MARGIN, 6) >= 0:
                found[policy].append(_Miss(figure, leader))
    return found


def _is_proven(misses: Sequence[_Miss], policy: str, policies: Mapping[str, Sequence[Outcome]], level: float) -> bool:
    """Return whether the interval of any miss lies below zero."""
    pairs = (difference(policies[policy], policies[m.leader], m.figure, level)[2] for m in misses)
    return any(pair.known and pair.high < 0 for pair in pairs)


def _choice(policies: Mapping[str, Sequence[Outcome]], level: float) -> tuple[str, str, tuple[str, ...]]:
    """Return the policy named, the headline and the sentences."""
    standings = {p: _standing(lived, level) for p, lived in policies.items()}
    real = {p: s for p, s in standings.items() if not is_bound(p)}
    if len(real) < 2:
        return _alone(real, policies, level)
    misses = _misses(real)
    kept = [p for p in real if not misses[p]]
    if not kept:
        return "", "No policy is named: none comes near the best in both line fill and same-day rate", _best_of(real)
    best = min(kept, key=lambda p: (round(real[p].cost, 2), list(real).index(p)))
    others = [p for p in policies if p != best]
    savings = {p: difference(policies[p], policies[best], TOTAL, level)[2] for p in others}
    worse = {p: _is_proven(misses[p], p, policies, level) for p in real if misses[p]}
    rivals = [p for p in real if p != best and not worse.get(p, False)]
    rule = (
        f"{best} costs {_cny(real[best].cost)} a night, {real[best].service()}: the least among the policies that "
        f"miss the best line fill and the best same-day rate by no more than {100 * SERVICE_MARGIN:g} point, on the "
        f"means ({', '.join(kept)})."
    )
    notes = {p: _service_note(p, real[p], proven) for p, proven in worse.items()}
    against = [_against(p, savings[p], level, notes.get(p, "")) for p in others]
    return best, _headline(best, savings, kept, rivals), (rule, *against)


def _service_note(policy: str, standing: _Standing, proven: bool) -> str:
    doubt = "" if proven else ", which is not proven"
    return f" ({policy} keeps less service on the mean{doubt}: {standing.service()})"


def _alone(
    real: Mapping[str, _Standing], policies: Mapping[str, Sequence[Outcome]], level: float
) -> tuple[str, str, tuple[str, ...]]:
    if not real:
        return "", "No policy is named: only the bound was run", ()
    name, standing = next(iter(real.items()))
    headline = f"{name} costs {_cny(standing.cost)} a night: {standing.service()}"
    bounds = [p for p in policies if p not in real]
    against = [_against(p, difference(policies[p], policies[name], TOTAL, level)[2], level, "") for p in bounds]
    return "", headline, ("No other policy was run to compare it with.", *against)


def _best_of(standings: Mapping[str, _Standing]) -> tuple[str, ...]:
    fill = max(standings, key=lambda p: -1 if math.isnan(standings[p].line_fill) else standings[p].line_fill)
    urgent = max(standings, key=lambda p: -1 if math.isnan(standings[p].same_day) else standings[p].same_day)
    margin = f"{100 * SERVICE_MARGIN:g} point"
    return (
        f"{fill} has the best line fill ({standings[fill].service()}), {urgent} the best same-day rate "
        f"({standings[urgent].service()}); no policy is within {margin} of both, on the means.",
    )


def _headline(best: str, savings: Mapping[str, Interval], kept: Sequence[str], rivals: Sequence[str]) -> str:
    """Return the headline; ``rivals`` are all whose service is not proven to be less: none of them may be cheaper."""
    unproven = [p for p in rivals if not (savings[p].known and savings[p].low > 0)]
    alone = len(kept) == 1
    if not unproven:
        only = ", proven for these orders only" if any(s.same_orders for s in savings.values()) else ""
        return f"{best} {'alone keeps' if alone else 'costs least at'} the best service{only}"
    said = f"{best} {'alone keeps' if alone else 'costs least at'} the best service on the mean"
    return f"{said}; not proven against {', '.join(unproven)}"


def _against(policy: str, saving: Interval, level: float, also: str) -> str:
    """Say what the named policy saves against another; ``also`` is what must be known of the other's service."""
    if is_bound(policy):
        also = " (it knows the orders to come: a bound, not a policy)"
    if math.isnan(saving.mean):
        return f"Against {policy} nothing is known: {saving.note}{also}."
    amount = f"{_cny(abs(saving.mean))} a night {'less' if saving.mean >= 0 else 'more'}"
    if not saving.known:
        return f"Against {policy} it costs {amount} on the mean; how sure that is, is not known: {saving.note}{also}."
    interval = f"{_percent(level)} interval of the saving {_cny(saving.low)} to {_cny(saving.high)}{_basis(saving)}"
    if not saving.proven:
        return f"Against {policy} no difference is proven: {amount} on the mean, {interval}{also}."
    only = " for these orders" if saving.same_orders else ""
    return f"Against {policy} it costs {amount}{only}: {interval}{also}."


def _basis(interval: Interval) -> str:
    seeds = "seeds of the same orders" if interval.same_orders else "seeds"
    return f", over {interval.pairs} {seeds if interval.basis == 'seeds' else 'weeks of one seed'}"


def _scenarios(runs: Mapping[RunKey, Sequence[Outcome]], plain: str, level: float) -> tuple[str, ...]:
    """Say what each scenario changes in a policy's cost."""
    pairs = [(p, s) for p, s in runs if s != plain and (p, plain) in runs]
    return tuple(_under(*key, difference(runs[key], runs[key[0], plain], TOTAL, level)[2], level) for key in pairs)


def _under(policy: str, scenario: str, more: Interval, level: float) -> str:
    start = f"Under {scenario} {policy}"
    if math.isnan(more.mean):
        return f"{start}: nothing is known, {more.note}."
    amount = f"{_cny(abs(more.mean))} a night {'more' if more.mean >= 0 else 'less'}"
    if not more.known:
        return f"{start} costs {amount} on the mean; how sure that is, is not known: {more.note}."
    interval = f"{_percent(level)} interval of the change {_cny(more.low)} to {_cny(more.high)}{_basis(more)}"
    if not more.proven:
        return f"{start}: no difference is proven, {amount} on the mean, {interval}."
    only = " for these orders" if more.same_orders else ""
    return f"{start} costs {amount}{only}: {interval}."


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}{NBSP}%"


def _cny(amount: float) -> str:
    digits = 2 if abs(amount) < 100 else 0
    rounded = round(amount, digits)
    return f"{'−' if rounded < 0 else ''}¥{abs(rounded):,.{digits}f}"
