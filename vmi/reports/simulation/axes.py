"""Axes that do not begin at zero, days below a chart, and names that do not run into each other."""

import math
from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup, escape

from vmi.reports.charts import svg


def round_marks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) from at most ``low`` to at least ``high``."""
    span = high - low if high > low else max(abs(high), 1.0) * 0.1
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]


def share_marks(values: Sequence[float]) -> list[float]:
    """Return marks of an axis of shares that holds all values, never beyond 0 or 1."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = max(0.1 * (high - low), 0.005)
    marks = round_marks(max(low - room, 0.0), min(high + room, 1.0))
    return [m for m in marks if -1e-9 <= m <= 1 + 1e-9]


def day_marks(days: Sequence[pd.Timestamp], most: int = 9) -> list[int]:
    """Return the places of the days that are written below a chart: the first, and on at equal steps."""
    step = max(math.ceil(len(days) / most), 1)
    return list(range(0, len(days), step))


def spread(wanted: Sequence[float], room: float, top: float, bottom: float) -> list[float]:
    """Return heights in the order given, each near the wanted one and ``room`` apart, between top and bottom.

    Where they do not all fit they stand closer, at equal steps.
    """
    room = min(room, (bottom - top) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda n: (wanted[n], n))
    placed = [0.0] * len(wanted)
    last = top - room
    for n in order:
        last = placed[n] = max(wanted[n], last + room)
    last = bottom + room
    for n in reversed(order):
        last = placed[n] = min(placed[n], last - room)
    return placed


def picture(size: tuple[int, int], shapes: Sequence[str], title: str, description: str) -> Markup:
    """Return the SVG with title and description for those who cannot see it."""
    told = [svg.element("title", str(escape(title))), svg.element("desc", str(escape(description)))]
    return svg.picture(*size, [*told, *shapes], title)
