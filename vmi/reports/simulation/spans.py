"""One sentence on a figure of several runs: from the lowest to the highest, and whose they are."""

from collections.abc import Callable, Sequence


def span(figures: Sequence[tuple[float | None, str]], write: Callable[[float], str], counted: str) -> str:
    """Return "From 91 % (a) to 97 % (b) of lines on time"; one figure where they are written alike.

    Parameters
    ----------
    figures
        The figure of each run, ``None`` where not known, and the run's name.
    write
        Turns a figure into words.
    counted
        What the figure counts, such as "of lines on time".
    """
    known = sorted((figure, name) for figure, name in figures if figure is not None)
    if not known:
        return f"Share {counted}: not known" if counted.startswith("of ") else f"{counted}: not known"
    (low, lowest), (high, highest) = known[0], known[-1]
    if write(low) == write(high):
        return f"{write(low)} {counted}"
    return f"From {write(low)} ({lowest}) to {write(high)} ({highest}) {counted}"
