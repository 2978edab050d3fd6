"""Build worklist rows: columns of sentences, and the words for counts, money and days in them."""

import pandas as pd

from vmi.frames import WORKLIST

COLUMNS = tuple(column for column in WORKLIST.columns if column not in ("rank", "severity"))


def money(amounts: pd.Series) -> pd.Series:
    """Return ¥1,234 for each amount; "an unknown amount" for NaN."""
    return amounts.map(lambda amount: "an unknown amount" if pd.isna(amount) else f"¥{amount:,.0f}")


def count(numbers: pd.Series, one: str, many: str | None = None) -> pd.Series:
    """Return "1 line", "12 lines"."""
    plural = many or f"{one}s"
    return numbers.map(lambda n: f"{int(n):,} {one if int(n) == 1 else plural}")


def dates(days: pd.Series) -> pd.Series:
    """Return ISO dates; "no date" for NaT."""
    return pd.to_datetime(days).dt.strftime("%Y-%m-%d").fillna("no date")


def after(prefix: str, texts: pd.Series) -> pd.Series:
    """Return prefix + text where there is a text, else nothing."""
    return (prefix + texts.fillna("").astype(str)).where(texts.fillna("").astype(str).ne(""), "")


def rows(kind: str, columns: dict[str, pd.Series | str]) -> pd.DataFrame:
    """Return worklist rows of one kind; identifiers that are not given stay empty."""
    index = next(column.index for column in columns.values() if isinstance(column, pd.Series))
    given = pd.DataFrame({"kind": kind, **columns}, index=index)
    for column in COLUMNS:
        if column not in given:
            given[column] = float("nan") if column == "money_at_risk" else ""
    return given.loc[:, list(COLUMNS)].reset_index(drop=True)


def nothing() -> pd.DataFrame:
    """Return no rows."""
    return pd.DataFrame(columns=list(COLUMNS))
