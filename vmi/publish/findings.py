"""Say what breaks a rule: one sentence a rule, with the first few offenders by name."""

from collections.abc import Iterable, Iterator

import pandas as pd

_SHOWN = 3


def say(where: str, rule: str, offenders: Iterable[object]) -> Iterator[str]:
    """Yield ``<where>: <rule>: <first offenders>``; nothing if nobody offends."""
    named = sorted({str(o) for o in offenders})
    if named:
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        yield f"{where}: {rule}: {', '.join(named[:_SHOWN])}{more}"


def label(rows: pd.DataFrame, *columns: str) -> list[str]:
    """Return ``a/b/c`` for each row, to name it in a sentence."""
    return ["/".join(map(str, row)) for row in rows[list(columns)].itertuples(index=False)]


def days(values: pd.Series) -> pd.Series:
    """Return calendar days as naive midnights; a frame without rows may hold them untyped."""
    return pd.to_datetime(values).dt.normalize()


def moments(values: pd.Series) -> pd.Series:
    """Return moments in UTC, whole seconds, as they are published."""
    return pd.to_datetime(values, utc=True).dt.floor("s")


def numbers(values: pd.Series) -> pd.Series:
    """Return numbers as floats; a frame without rows may hold them untyped."""
    return pd.to_numeric(values).astype("float64")
