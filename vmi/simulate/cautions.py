"""What must be known before the figures of a simulation are believed, a sentence each: nothing where all is well."""

from collections.abc import Mapping, Sequence

from vmi.simulate.compare import FEWEST_WEEKS, WEEK, RunKey, same_orders
from vmi.simulate.outcome import Outcome

ONE_SEED = (
    "One seed tells the randomness of its days only, not of another demand: intervals of several seeds tell more."
)
REPLAYED = (
    "Every seed has the same orders, so that the intervals hold the luck of trucks and lanes alone: what is proven is"
    " proven for these orders only. Orders drawn anew in each seed (--demand drawn) tell more."
)
NO_WARM_UP = (
    "There was no warm-up: the standard lines that fall due in the first 48 hours are those left open on the eve, and"
    " all policies begin with the same stock, which none of them chose."
)
SHORT_WINDOW = (
    "A short window rewards running stock down and punishes building it up; a longer one or a warm-up tells more."
)

STOCK_MOVED = 0.10
"""Stock that ends by so much above or below where it began has not settled: a tenth of it is of the order of what the
policies differ in cost."""


def cautions(runs: Mapping[RunKey, Sequence[Outcome]]) -> tuple[str, ...]:
    """Return the cautions on runs of :func:`vmi.simulate.compare.by_run`."""
    lived = [outcome for seeds in runs.values() for outcome in seeds]
    weeks = len(lived[0].nights) // WEEK
    alone = len(runs) > 1 and weeks >= FEWEST_WEEKS and len({o.seed for o in lived}) == 1
    replayed = any(same_orders(seeds) for seeds in runs.values())
    cold = any(o.facts.get("warm_up_nights") == 0 for o in lived)
    said = [(alone, ONE_SEED), (replayed, REPLAYED), (cold, NO_WARM_UP)]
    return (*(sentence for holds, sentence in said if holds), *_stock_moved(runs))


def _stock_moved(runs: Mapping[RunKey, Sequence[Outcome]]) -> list[str]:
    """Name the runs whose stock ends more than STOCK_MOVED away from where it began, means over their seeds."""
    told = []
    for (policy, scenario), seeds in runs.items():
        change = _change(seeds)
        if change is not None and round(abs(change), 6) > STOCK_MOVED:
            name = f"{policy} under {scenario}" if scenario else policy
            told.append(f"{name} {'+' if change > 0 else '−'}{100 * abs(change):.0f}\u00a0%")
    return [f"Stock ends far from where it began ({', '.join(told)}). {SHORT_WINDOW}"] if told else []


def _change(seeds: Sequence[Outcome]) -> float | None:
    pairs = [(o.facts.get("opening_stock_cny"), o.facts.get("closing_stock_cny")) for o in seeds]
    known = [(float(first), float(last)) for first, last in pairs if first is not None and last is not None]
    began = sum(first for first, _ in known)
    return sum(last for _, last in known) / began - 1 if began > 0 else None
