"""Cost against service: a dot for each run, and the line through those that no other beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from vmi.reports import palette, words
from vmi.reports.charts import svg
from vmi.reports.simulation.axes import picture, round_marks, share_marks
from vmi.reports.simulation.view import Run, SimulationView

WIDTH, HEIGHT = 1104, 380
LEFT, RIGHT, TOP, BOTTOM = 66, 30, 26, 46


@dataclass(frozen=True)
class Dot:
    """A run's place: share of lines on time and cost a night [CNY], means over its seeds."""

    run: Run
    line_fill: float
    cost: float


def frontier(view: SimulationView) -> dict[str, Any]:
    """Return title and chart; no chart where fewer than two runs have both figures."""
    dots = [
        Dot(run, fill, cost)
        for run in view.runs
        if (fill := run.mean("line_fill")) is not None and (cost := run.mean("total_cny")) is not None
    ]
    if len(dots) < 2:
        return {"title": "", "chart": ""}
    best = unbeaten([dot for dot in dots if not dot.run.bound])
    names = " or ".join(dot.run.name for dot in best)
    aside = "bounds aside, " if any(dot.run.bound for dot in dots) else ""
    title = f"On the means, {aside}no run is both cheaper and more often on time than {names}"
    return {"title": title if best else "Only the bound was run", "chart": _chart(dots, best)}


def unbeaten(dots: Sequence[Dot]) -> list[Dot]:
    """Return the dots that no other beats: as good in both and better in one; by lines on time."""

    def beats(other: Dot, dot: Dot) -> bool:
        as_good = other.line_fill >= dot.line_fill and other.cost <= dot.cost
        return as_good and (other.line_fill, other.cost) != (dot.line_fill, dot.cost)

    kept = [dot for dot in dots if not any(beats(other, dot) for other in dots)]
    return sorted(kept, key=lambda dot: (dot.line_fill, dot.cost, dot.run.name))


@dataclass(frozen=True)
class _Plane:
    fills: list[float]
    costs: list[float]

    def at(self, fill: float, cost: float) -> svg.Point:
        """Return the place of a pair; outside the axes, their end."""
        across = (fill - self.fills[0]) / (self.fills[-1] - self.fills[0])
        up = (cost - self.costs[0]) / (self.costs[-1] - self.costs[0])
        across, up = (min(max(share, 0.0), 1.0) for share in (across, up))
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def _chart(dots: Sequence[Dot], best: Sequence[Dot]) -> Markup:
    costs = [dot.cost for dot in dots]
    room = 0.08 * (max(costs) - min(costs)) or 0.05 * max(*costs, 1.0)
    cost_marks = round_marks(max(min(costs) - room, 0.0), max(costs) + room)
    plane = _Plane(share_marks([dot.line_fill for dot in dots]), cost_marks)
    shapes = _axes(plane)
    joined = [plane.at(dot.line_fill, dot.cost) for dot in best]
    if len(joined) > 1:
        shapes.append(svg.path(joined, fill="none", stroke=palette.HISTORY, stroke_width=1.5, stroke_dasharray="5 4"))
    shapes += [shape for dot in dots for shape in _whiskers(dot, plane)]
    shapes += [_dot(dot, plane) for dot in dots]
    shapes += _names(dots, plane)
    told = "; ".join(f"{d.run.name}: {words.percent(d.line_fill, 1)}, {words.cny(d.cost)}" for d in dots)
    return picture((WIDTH, HEIGHT), shapes, "Cost a night against lines on time", told)


def _axes(plane: _Plane) -> list[str]:
    floor, shapes = HEIGHT - BOTTOM, []
    for mark in plane.costs:
        y = plane.at(plane.fills[0], mark)[1]
        shapes.append(svg.line((LEFT, y), (WIDTH - RIGHT, y), stroke=palette.RULE))
        shapes.append(svg.text(LEFT - 7, y + 4, words.short_cny(mark), text_anchor="end", class_="tick"))
    for mark in plane.fills:
        x = plane.at(mark, plane.costs[0])[0]
        shapes.append(svg.line((x, floor), (x, floor + 4), stroke=palette.MUTED))
        written = words.percent(mark, 0 if round(100 * mark, 6) % 1 == 0 else 1)
        shapes.append(svg.text(x, floor + 17, written, text_anchor="middle", class_="tick"))
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    shapes.append(svg.text(middle, HEIGHT - 6, "lines on time →  better", text_anchor="middle", class_="axis"))
    shapes.append(svg.text(0, 12, "cost a night; lower is better", class_="axis"))
    return shapes


def _whiskers(dot: Dot, plane: _Plane) -> list[str]:
    """Draw the intervals over the seeds, where there are any."""
    fill, cost = dot.run.model["figures"]["line_fill"], dot.run.model["figures"]["total_cny"]
    look = {"stroke": dot.run.colour, "stroke_width": 1.2, "stroke_opacity": 0.55}
    shapes = []
    if fill["low"] is not None:
        shapes.append(svg.line(plane.at(fill["low"], dot.cost), plane.at(fill["high"], dot.cost), **look))
    if cost["low"] is not None:
        shapes.append(svg.line(plane.at(dot.line_fill, cost["low"]), plane.at(dot.line_fill, cost["high"]), **look))
    return shapes


def _dot(dot: Dot, plane: _Plane) -> str:
    x, y = plane.at(dot.line_fill, dot.cost)
    hint = f"{dot.run.name}: {words.percent(dot.line_fill, 1)} on time, {words.cny(dot.cost)} a night"
    title = svg.element("title", str(escape(hint)))
    look = {"fill": "#fff", "stroke": dot.run.colour} if dot.run.bound else {"fill": dot.run.colour, "stroke": "#fff"}
    return svg.element("circle", title, cx=x, cy=y, r=6.0, **look, stroke_width=1.5)


def _names(dots: Sequence[Dot], plane: _Plane) -> list[str]:
    """Write each name beside its dot, on the side where least lies in the way."""
    points = [plane.at(dot.line_fill, dot.cost) for dot in dots]
    taken: list[tuple[float, float, float, float]] = []
    shapes: list[str] = []
    for dot, (x, y) in sorted(zip(dots, points, strict=True), key=lambda pair: (pair[1], pair[0].run.name)):
        broad = svg.breadth(dot.run.short, 7.1)
        sides = [(x + 10, y + 4), (x - 10 - broad, y + 4), (x - broad / 2, y - 11), (x - broad / 2, y + 20)]
        sides += [(x + 10, y + 18), (x + 10, y - 10), (x - 10 - broad, y + 18), (x - 10 - broad, y - 10)]
        boxes = [(left, base - 10, left + broad, base + 3) for left, base in sides]
        crowds = [_crowd(box, taken, points) for box in boxes]
        chosen = crowds.index(min(crowds))
        taken.append(boxes[chosen])
        left, base = sides[chosen]
        shapes.append(svg.text(left, base, dot.run.short, class_="site"))
    return shapes


def _crowd(
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, float, float, float]],
    points: Sequence[svg.Point],
) -> int:
    left, top, right, bottom = box
    over = sum(left < r and right > a and top < b and bottom > t for a, t, r, b in taken)
    dots = sum(left - 6 < x < right + 6 and top - 6 < y < bottom + 6 for x, y in points)
    outside = left < LEFT or right > WIDTH - 4 or bottom > HEIGHT - BOTTOM or top < 0
    return 4 * over + 2 * dots + 9 * outside
