"""Service over time: the share on time, week by week, a line for each run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from vmi.reports import palette, words
from vmi.reports.charts import svg
from vmi.reports.simulation.axes import day_marks, picture, share_marks, spread
from vmi.reports.simulation.spans import span
from vmi.reports.simulation.view import Run, SimulationView

WIDTH, HEIGHT = 1104, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 232, 12, 26
CHARTS = (
    ("Lines on time", "lines_on_time", "lines_due"),
    ("Urgent lines the same day", "same_day_on_time", "same_day_ordered"),
)


@dataclass(frozen=True)
class Weekly:
    """A run's share in each week; NaN where nothing was due."""

    run: Run
    shares: np.ndarray


def service(view: SimulationView) -> dict[str, Any]:
    """Return title, a chart for all lines and one for urgent ones, and the note on the weeks."""
    days = _days(view)
    charts = []
    for title, kept, due in CHARTS:
        lines = [Weekly(run, weekly_shares(run.nights, kept, due)) for run in view.runs]
        known = any(np.isfinite(line.shares).any() for line in lines)
        chart = _chart(lines, days, title) if known else ""
        charts.append({"title": title, "chart": chart})
    over = len(view.nights["night"].drop_duplicates()) % 7
    fills = [(run.mean("line_fill"), run.name) for run in view.runs]
    title = span(fills, lambda share: words.percent(share, 1), "of lines on time")
    return {"title": title, "charts": charts, "partial": words.counted(over, "night") if over else ""}


def weekly_shares(nights: pd.DataFrame, kept: str, due: str) -> np.ndarray:
    """Return Σ kept / Σ due of each week from the first night on, all seeds together; the last week may be short."""
    week = (nights["night"] - nights["night"].min()).dt.days // 7
    sums = nights.groupby(week)[[kept, due]].sum().astype(float)
    shares: np.ndarray = (sums[kept] / sums[due].where(sums[due].gt(0))).to_numpy()
    return shares


def _days(view: SimulationView) -> list[pd.Timestamp]:
    nights = pd.to_datetime(view.nights["night"])
    return list(pd.date_range(nights.min(), nights.max(), freq="7D"))


def _chart(lines: Sequence[Weekly], days: Sequence[pd.Timestamp], title: str) -> Markup:
    marks = share_marks([float(v) for line in lines for v in line.shares if math.isfinite(v)])
    scale = _Scale(marks[0], marks[-1], len(days))
    shapes = [shape for mark in marks for shape in _level(mark, scale)]
    for n in day_marks(days):
        shapes.append(svg.text(scale.x(n), HEIGHT - 6, f"{days[n]:%m-%d}", text_anchor="middle", class_="tick"))
    drawn = [line for line in lines if np.isfinite(line.shares).any()]
    shapes += [shape for line in drawn for shape in _line(line, scale)]
    shapes += _names(drawn, scale)
    shown = "; ".join(f"{line.run.name}: {', '.join(words.percent(v) for v in line.shares)}" for line in drawn)
    return picture((WIDTH, HEIGHT), shapes, f"{title}, by week", shown)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    weeks: int

    def x(self, week: int) -> float:
        # Counted back from the last week, so that a single one stands beside its name.
        return WIDTH - RIGHT - 12 - (self.weeks - 1 - week) * (WIDTH - LEFT - RIGHT - 24) / max(self.weeks - 1, 1)

    def y(self, share: float) -> float:
        return HEIGHT - BOTTOM - (share - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _level(mark: float, scale: _Scale) -> list[str]:
    y, digits = scale.y(mark), 0 if round(100 * mark, 6) % 1 == 0 else 1
    words_of = words.percent(mark, digits)
    return [
        svg.line((LEFT, y), (WIDTH - RIGHT, y), stroke=palette.RULE),
        svg.text(LEFT - 7, y + 4, words_of, text_anchor="end", class_="tick"),
    ]


def _line(line: Weekly, scale: _Scale) -> list[str]:
    """Draw the weeks as dots, neighbours joined; a week without lines breaks the line."""
    shapes: list[str] = []
    known = [n for n, share in enumerate(line.shares) if math.isfinite(share)]
    for _, weeks in groupby(enumerate(known), key=lambda pair: pair[1] - pair[0]):
        points = [(scale.x(n), scale.y(line.shares[n])) for _, n in weeks]
        shapes.append(svg.path(points, fill="none", stroke=line.run.colour, stroke_width=2, stroke_linejoin="round"))
        shapes += [svg.element("circle", cx=x, cy=y, r=2.5, fill=line.run.colour) for x, y in points]
    return shapes


def _names(lines: Sequence[Weekly], scale: _Scale) -> list[str]:
    """Write each run's name beside its last week, with a stroke from one to the other."""
    last = [max(n for n, share in enumerate(line.shares) if math.isfinite(share)) for line in lines]
    wanted = [scale.y(float(line.shares[n])) for line, n in zip(lines, last, strict=True)]
    shapes: list[str] = []
    for line, n, y, at in zip(lines, last, wanted, spread(wanted, 14, TOP + 4, HEIGHT - BOTTOM), strict=True):
        start, end = (scale.x(n) + 4, y), (WIDTH - RIGHT + 6, at)
        shapes.append(svg.line(start, end, stroke=line.run.colour, stroke_width=1, stroke_dasharray="1 2"))
        shapes.append(svg.rect(end[0] + 3, at - 4, 8, 8, fill=line.run.colour, rx=1.5))
        shapes.append(svg.text(end[0] + 16, at + 4, line.run.short, class_="site"))
    return shapes
