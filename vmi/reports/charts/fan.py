"""A forecast fan: weekly demand as columns, then the mean with its band from p10 to p90; holidays behind."""

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from vmi.reports import palette
from vmi.reports.charts import svg

WIDTH, HEIGHT = 540, 200
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 28, 22


@dataclass(frozen=True)
class Fan:
    """A chart's data: history (week, qty, censored), forecast (week, mean, p10, p90), holidays (name, from, to)."""

    history: pd.DataFrame
    forecast: pd.DataFrame
    holidays: pd.DataFrame
    as_of: pd.Timestamp
    label: str


def fan_chart(fan: Fan) -> Markup:
    """Draw the fan."""
    weeks = pd.concat([fan.history["week"], fan.forecast["week"]])
    first, last = weeks.min(), weeks.max() + pd.Timedelta(days=7)
    highest = max(_largest(fan.history["qty"]), _largest(fan.forecast["p90"]), _largest(fan.forecast["mean"]), 1.0)
    marks = svg.ticks(highest, 3)
    scale = _Scale(first, (WIDTH - LEFT - RIGHT) / max((last - first).days, 1), (HEIGHT - TOP - BOTTOM) / marks[-1])
    shapes = [*_holidays(fan, scale, last), *_axes(marks, scale, last), *_history(fan.history, scale)]
    shapes += _future(fan, scale)
    return svg.picture(WIDTH, HEIGHT, shapes, fan.label)


@dataclass(frozen=True)
class _Scale:
    first: pd.Timestamp
    per_day: float
    per_unit: float

    def x(self, day: pd.Timestamp) -> float:
        return LEFT + (day - self.first).days * self.per_day

    def y(self, units: float) -> float:
        return HEIGHT - BOTTOM - units * self.per_unit


def _largest(values: pd.Series) -> float:
    return float(values.max()) if len(values) and values.notna().any() else 0.0


def _holidays(fan: Fan, scale: _Scale, last: pd.Timestamp) -> list[str]:
    shapes: list[str] = []
    written_to = [0.0, 0.0]
    shown = fan.holidays.loc[fan.holidays["to"].ge(scale.first) & fan.holidays["from"].lt(last)]
    for closure in shown.sort_values(["from", "name"]).itertuples(index=False):
        begins, ends = max(closure[1], scale.first), min(closure[2] + pd.Timedelta(days=1), last)
        name = str(closure[0])
        left, width = scale.x(begins), max(scale.x(ends) - scale.x(begins), 2.5)
        shapes.append(svg.rect(left, TOP, width, HEIGHT - TOP - BOTTOM, fill=palette.HOLIDAY))
        broad = svg.breadth(name, 5.6)
        start = min(max(left + width / 2 - broad / 2, LEFT), WIDTH - RIGHT - broad)
        # Two rows of names: neighbours that would run into each other stand one above the other.
        row = next((n for n, end in enumerate(written_to) if start > end), None)
        if row is not None:
            shapes.append(svg.text(start, TOP - 5 - 12 * row, name, class_="holiday"))
            written_to[row] = start + broad + 6
    return shapes


def _axes(marks: list[float], scale: _Scale, last: pd.Timestamp) -> list[str]:
    shapes: list[str] = []
    for mark in marks:
        y = scale.y(mark)
        shapes.append(svg.line((LEFT, y), (WIDTH - RIGHT, y), stroke=palette.RULE))
        shapes.append(svg.text(LEFT - 6, y + 4, f"{mark:g}", text_anchor="end", class_="tick"))
    months = pd.date_range(scale.first, last, freq="MS")
    for month in months[:: 2 if len(months) > 7 else 1]:
        x = scale.x(month)
        shapes.append(svg.line((x, HEIGHT - BOTTOM), (x, HEIGHT - BOTTOM + 4), stroke=palette.MUTED))
        name = f"{month:%b %Y}" if month.month == 1 or month == months[0] else f"{month:%b}"
        anchor = "end" if x > WIDTH - 45 else "start"
        shapes.append(svg.text(x, HEIGHT - 5, name, text_anchor=anchor, class_="tick"))
    return shapes


def _history(history: pd.DataFrame, scale: _Scale) -> list[str]:
    broad = max(7 * scale.per_day - 1.6, 1.0)
    shapes: list[str] = []
    for row in history.sort_values("week").itertuples(index=False):
        week, qty, censored = row[0], float(row[1]), row[2] == "Y"
        x, y = scale.x(week) + 0.8, scale.y(qty)
        if qty > 0:
            shapes.append(svg.rect(x, y, broad, scale.y(0) - y, fill=palette.HISTORY))
        if censored:
            # Out of reach: the demand was at least this, so the column is open at the top.
            middle = x + broad / 2
            shapes.append(svg.line((middle, y - 2), (middle, y - 10), stroke=palette.BAD, stroke_dasharray="2 2"))
    return shapes


def _future(fan: Fan, scale: _Scale) -> list[str]:
    weeks = fan.forecast.sort_values("week")
    middles = [scale.x(week) + 3.5 * scale.per_day for week in weeks["week"]]
    upper = [(x, scale.y(float(v))) for x, v in zip(middles, weeks["p90"], strict=True)]
    lower = [(x, scale.y(float(v))) for x, v in zip(middles, weeks["p10"], strict=True)]
    mean = [(x, scale.y(float(v))) for x, v in zip(middles, weeks["mean"], strict=True)]
    now = scale.x(fan.as_of + pd.Timedelta(days=1))
    return [
        svg.path([*upper, *reversed(lower)], closed=True, fill=palette.BAND),
        svg.path(mean, fill="none", stroke=palette.ACCENT, stroke_width=2, stroke_linejoin="round"),
        svg.line((now, TOP), (now, HEIGHT - BOTTOM), stroke=palette.INK, stroke_dasharray="3 3"),
    ]
