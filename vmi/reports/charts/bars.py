"""Bars: space against capacity, a figure against its target, and stacked columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vmi.reports import palette, words
from vmi.reports.charts import svg


@dataclass(frozen=True)
class Column:
    """A stacked column: its label, the parts from below as (name, size), and what is written above it."""

    label: str
    parts: tuple[tuple[str, float], ...]
    above: str = ""

    @property
    def total(self) -> float:
        """Height of the column."""
        return sum(size for _, size in self.parts)


def capacity_bar(lying: float, coming: float, capacity: float, label: str) -> Markup:
    """Draw what lies in a space and what is coming against its capacity; beyond the capacity in the bad colour."""
    width, height, top = 260, 16, max(1.05 * capacity, lying + coming, 1e-9)
    scale = (width - 2) / top
    beyond = max(lying + coming - capacity, 0.0)
    shapes = [
        svg.rect(0, 3, width - 2, 10, fill="#eef1f4", rx=2),
        svg.rect(0, 3, (lying + coming) * scale, 10, fill="#86add0", rx=2),
        svg.rect(0, 3, lying * scale, 10, fill=palette.ACCENT, rx=2),
        svg.rect(capacity * scale, 3, beyond * scale, 10, fill=palette.BAD),
        svg.line((capacity * scale, 0), (capacity * scale, 16), stroke=palette.INK, stroke_width=1.5),
    ]
    return svg.picture(width, height, shapes, label)


def target_bar(value: float, target: float, colour: str, label: str) -> Markup:
    """Draw a figure as a thin bar with a tick at its target, both against the larger of the two or 1."""
    width, height = 160, 10
    top = 1.0 if max(value, target) <= 1 else 1.15 * max(value, target)
    shapes = [
        svg.rect(0, 3, width, 4, fill="#e9edf1", rx=2),
        svg.rect(0, 3, max(value, 0) / top * width, 4, fill=colour, rx=2),
        svg.line((target / top * width, 0), (target / top * width, 10), stroke=palette.INK, stroke_width=1.5),
    ]
    return svg.picture(width, height, shapes, label)


def stacked_columns(
    columns: Sequence[Column], colours: dict[str, str], label: str, axis: str = "", size: tuple[int, int] = (540, 230)
) -> Markup:
    """Draw stacked columns with a labelled axis; ``axis`` says what the x labels count."""
    width, height = size
    left, right, top, bottom = 46, 8, 18, 40 if axis else 24
    marks = svg.ticks(max((c.total for c in columns), default=0.0))
    plot = height - top - bottom
    step = (width - left - right) / max(len(columns), 1)
    shapes: list[str] = []
    for mark in marks:
        y = height - bottom - plot * mark / marks[-1]
        shapes.append(svg.line((left, y), (width - right, y), stroke=palette.RULE))
        shapes.append(svg.text(left - 7, y + 4, words.short(mark), text_anchor="end", class_="tick"))
    for n, column in enumerate(columns):
        shapes += _column(column, colours, (left + n * step, step), (height - bottom, plot / marks[-1]))
    if axis:
        middle = left + (width - left - right) / 2
        shapes.append(svg.text(middle, height - 4, axis, text_anchor="middle", class_="axis"))
    return svg.picture(width, height, shapes, label)


def _column(
    column: Column, colours: dict[str, str], place: tuple[float, float], scale: tuple[float, float]
) -> list[str]:
    (x, step), (floor, unit) = place, scale
    broad = min(0.66 * step, 56)
    middle, y = x + step / 2, floor
    shapes: list[str] = []
    for name, size in column.parts:
        if size > 0:
            y -= size * unit
            shapes.append(svg.rect(middle - broad / 2, y, broad, size * unit, fill=colours.get(name, palette.MUTED)))
    shapes.append(svg.text(middle, floor + 16, column.label, text_anchor="middle", class_="tick"))
    if column.above:
        shapes.append(svg.text(middle, y - 5, column.above, text_anchor="middle", class_="value"))
    return shapes
