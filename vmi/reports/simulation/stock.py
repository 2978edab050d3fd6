"""Stock by age: the value on hand by night in bands of age, a small chart for each run, all to one scale."""

import math
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from vmi.reports import palette, words
from vmi.reports.charts import svg
from vmi.reports.simulation.axes import picture
from vmi.reports.simulation.spans import span
from vmi.reports.simulation.view import AGES, Run, SimulationView

WIDTH, HEIGHT = 352, 180
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 22
MOST_POINTS = 90
OLD = ("61_90", "over_90")


def stock(view: SimulationView) -> dict[str, Any]:
    """Return title and the charts, one a run."""
    bands = {run.name: value_by_age(run.nights) for run in view.runs}
    top = max((float(values.sum(axis=1).max()) for values in bands.values()), default=0.0)
    charts = [{"name": run.name, "told": _told(run), "chart": _chart(run, bands[run.name], top)} for run in view.runs]
    legend = [{"label": label, "colour": colour} for label, colour in AGES.values()]
    return {"title": _title(bands), "charts": charts, "legend": legend}


def value_by_age(nights: pd.DataFrame) -> pd.DataFrame:
    """Return the value on hand by night and age band [CNY], mean over seeds; many nights are averaged in blocks."""
    named = nights.set_index("night")[[f"stock_{age}_cny" for age in AGES]].astype(float)
    by_night = named.set_axis(list(AGES), axis=1).groupby(level="night").mean()
    block = math.ceil(len(by_night) / MOST_POINTS)
    if block == 1:
        return by_night
    group = np.arange(len(by_night)) // block
    first = by_night.index[::block]
    return by_night.groupby(group).mean().set_axis(first, axis=0)


def _told(run: Run) -> str:
    days = run.mean("stock_days")
    mean = f"{words.short_cny(run.mean('stock_cny'))} on the mean"
    return mean if days is None else f"{mean}, {words.figure(days, 'days')} of stock"


def _title(bands: dict[str, pd.DataFrame]) -> str:
    old = [(_old_share(values), name) for name, values in bands.items() if values.to_numpy().sum() > 0]
    if not old:
        return "No stock was held"
    return span(old, lambda share: words.percent(share, 1), "of the stock value older than 60 days")


def _old_share(values: pd.DataFrame) -> float:
    return round(float(values[list(OLD)].to_numpy().sum() / values.to_numpy().sum()), 6)


def _chart(run: Run, values: pd.DataFrame, top: float) -> Markup:
    marks = svg.ticks(top, 3)
    per_cny = (HEIGHT - TOP - BOTTOM) / marks[-1]
    floor = HEIGHT - BOTTOM
    shapes: list[str] = []
    for mark in marks:
        y = floor - mark * per_cny
        shapes.append(svg.line((LEFT, y), (WIDTH - RIGHT, y), stroke=palette.RULE))
        shapes.append(svg.text(LEFT - 6, y + 4, words.short(mark), text_anchor="end", class_="tick"))
    heights = values.to_numpy().cumsum(axis=1)
    below = np.zeros(len(values))
    xs = _places(len(values))
    for n, (_, colour) in enumerate(AGES.values()):
        shapes.append(_band(xs, floor - heights[:, n] * per_cny, floor - below * per_cny, colour))
        below = heights[:, n]
    shapes += _days(values.index)
    last = values.iloc[-1]
    ages = ", ".join(f"{label}: {words.short_cny(float(last[age]))}" for age, (label, _) in AGES.items())
    return picture((WIDTH, HEIGHT), shapes, f"{run.name}: stock by age, night by night", f"At the end {ages}")


def _places(points: int) -> list[float]:
    """Return where each point stands; a single night is as broad as the chart."""
    broad = WIDTH - LEFT - RIGHT
    return [LEFT + broad * n / max(points - 1, 1) for n in range(max(points, 2))]


def _band(xs: list[float], upper: np.ndarray, lower: np.ndarray, colour: str) -> str:
    if len(upper) == 1:
        upper, lower = np.repeat(upper, 2), np.repeat(lower, 2)
    outline = [*zip(xs, upper, strict=True), *reversed(list(zip(xs, lower, strict=True)))]
    return svg.path([(x, float(y)) for x, y in outline], closed=True, fill=colour)


def _days(days: pd.Index) -> list[str]:
    written = [svg.text(LEFT, HEIGHT - 6, f"{days[0]:%m-%d}", class_="tick")]
    if len(days) > 1:
        written.append(svg.text(WIDTH - RIGHT, HEIGHT - 6, f"{days[-1]:%m-%d}", text_anchor="end", class_="tick"))
    return written
