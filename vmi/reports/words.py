"""Numbers as a reader wants them: few digits, thin spaces, a dash for what is not known."""

import math

import pandas as pd

NOT_KNOWN = "–"
NBSP = "\u00a0"


def _unknown(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))


def whole(value: float | None) -> str:
    """Return 1,234."""
    return NOT_KNOWN if _unknown(value) else f"{value:,.0f}"


def cubic(value: float | None) -> str:
    """Return m3 as 3.3 below a hundred, 1,234 from there on."""
    return NOT_KNOWN if value is None or _unknown(value) else f"{value:,.{1 if abs(value) < 99.95 else 0}f}"


def cny(value: float | None) -> str:
    """Return ¥1,234."""
    return NOT_KNOWN if _unknown(value) else f"¥{value:,.0f}"


def short(value: float | None) -> str:
    """Return 950, 12.3 k, 4.56 m."""
    if value is None or _unknown(value):
        return NOT_KNOWN
    size = abs(value)
    if size >= 999_500:
        return f"{value / 1e6:,.2f}{NBSP}m"
    if size >= 9_950:
        return f"{value / 1e3:,.0f}{NBSP}k"
    if size >= 1_000:
        return f"{value / 1e3:,.1f}{NBSP}k"
    return f"{value:,.0f}"


def short_cny(value: float | None) -> str:
    """Return ¥950, ¥12 k, ¥4.56 m."""
    return NOT_KNOWN if _unknown(value) else f"¥{short(value)}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return 96 % of 0.96."""
    return NOT_KNOWN if value is None or _unknown(value) else f"{100 * value:.{digits}f}{NBSP}%"


def loss(value: float | None) -> str:
    """Return 0.0123, 1.23, 12.3: three digits that count."""
    return NOT_KNOWN if value is None or _unknown(value) else f"{value:#.3g}".rstrip(".")


def factor(value: float | None) -> str:
    """Return × 1.5; a dash for 1, which changes nothing."""
    return NOT_KNOWN if value is None or _unknown(value) or value == 1 else f"×{NBSP}{value:g}"


def day(value: pd.Timestamp | None) -> str:
    """Return 2026-11-20."""
    return NOT_KNOWN if value is None or _unknown(value) else f"{value:%Y-%m-%d}"


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return "1 line", "1,234 lines"."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def figure(value: float | None, unit: str) -> str:
    """Return a figure in its unit, as a tile shows it."""
    if unit == "share":
        return percent(value, 1)
    if unit == "CNY":
        return short_cny(value)
    if value is None or _unknown(value):
        return NOT_KNOWN
    return f"{value:.1f}{NBSP}days" if unit == "days" else f"{value:.2f}"


def goal(value: float | None, unit: str) -> str:
    """Return a target in its unit without idle zeros: 96 %, 22 days."""
    return figure(value, unit).replace(f".0{NBSP}", NBSP)
