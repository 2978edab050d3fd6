"""The few SVG shapes that the charts need, with coordinates rounded so that bytes do not depend on the processor."""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

Point = tuple[float, float]


def number(value: float) -> str:
    """Return a coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _attributes(given: dict[str, object]) -> str:
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in given.items() if value is not None)
    return "".join(
        f' {name}="{escape(number(value) if isinstance(value, float) else str(value))}"' for name, value in pairs
    )


def element(tag: str, content: str = "", /, **attributes: object) -> str:
    """Return an element; ``content`` is SVG already, attribute names take ``_`` for ``-``."""
    return f"<{tag}{_attributes(attributes)}>{content}</{tag}>" if content else f"<{tag}{_attributes(attributes)}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Return a text at (x, y); ``words`` is escaped."""
    return element("text", str(escape(words)), x=float(x), y=float(y), **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """Return a rectangle; never of negative size."""
    broad, tall = float(max(width, 0)), float(max(height, 0))
    return element("rect", x=float(x), y=float(y), width=broad, height=tall, **attributes)


def line(start: Point, end: Point, **attributes: object) -> str:
    """Return a line from start to end."""
    return element("line", x1=float(start[0]), y1=float(start[1]), x2=float(end[0]), y2=float(end[1]), **attributes)


def path(points: Sequence[Point], closed: bool = False, **attributes: object) -> str:
    """Return a polyline through the points, closed on request."""
    steps = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=f"M{steps}{'Z' if closed else ''}", **attributes)


def picture(width: int, height: int, content: Sequence[str], label: str) -> Markup:
    """Return the SVG: scales with its column, has a label for those who cannot see it."""
    head = (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">'
    )
    # Every part above escapes its own words, so the whole is safe to put into the page.
    return Markup(head + "".join(content) + "</svg>")


def ticks(top: float, wanted: int = 4) -> list[float]:
    """Return round numbers from 0 to at least ``top``, about ``wanted`` steps (1, 2 or 5 times a power of ten)."""
    if not top > 0:
        return [0.0, 1.0]
    raw = top / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    steps = math.ceil(top / step - 1e-9)
    return [step * n for n in range(steps + 1)]


def breadth(words: str, per_letter: float) -> float:
    """Return about how broad a text is; Chinese characters take twice the place of a letter."""
    return per_letter * sum(2 if ord(letter) > 0x2E80 else 1 for letter in words)
