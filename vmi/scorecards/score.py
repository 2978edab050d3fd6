"""Grade suppliers and warehouses by month: each metric against its target, weighed into one index.

index = actual / target (target / actual where less is better), at most ``index_cap``; the overall index is the mean of
the known metrics' indices by weight. What is unknown stays empty and weighs nothing.
"""

import numpy as np
import pandas as pd

from vmi.frames import SCORECARDS
from vmi.scorecards.history import ScorecardHistory
from vmi.scorecards.metrics import supplier_metrics, warehouse_metrics
from vmi.scorecards.parameters import LESS_IS_BETTER, WEIGHTS, ScorecardParameters

OVERALL = "overall"


def score(history: ScorecardHistory, parameters: ScorecardParameters) -> pd.DataFrame:
    """Return SCORECARDS for the last months: a row per metric, and one ``overall`` that closes each id's month.

    An id has all its scope's rows in each month in which any of its metrics is known, none in the others; unknown
    ``actual``, ``index`` and ``grade`` are empty, and so is the target of ``overall``. ``trigger`` says what follows.
    """
    months = [str(m) for m in pd.period_range(end=history.as_of, periods=parameters.months, freq="M")]
    scopes = {"supplier": supplier_metrics(history, parameters), "warehouse": warehouse_metrics(history)}
    cards = [_cards(scope, actuals, months, parameters) for scope, actuals in scopes.items() if not actuals.empty]
    if not cards:
        return SCORECARDS.empty()
    return pd.concat(cards, ignore_index=True).loc[:, list(SCORECARDS.columns)]


def _cards(scope: str, actuals: pd.DataFrame, months: list[str], parameters: ScorecardParameters) -> pd.DataFrame:
    """Return the rows of one scope, by month, id and metric in the order of the weights."""
    weights = WEIGHTS[scope]
    inside = actuals.loc[actuals["month"].isin(months)]
    every = pd.MultiIndex.from_product(
        [months, sorted(inside["id"].unique()), list(weights)], names=["month", "id", "metric"]
    )
    actual = inside.set_index(["month", "id", "metric"])["actual"].reindex(every)
    rows = actual.round(4).rename("actual").reset_index()
    rows = rows.assign(
        scope=scope,
        target=rows["metric"].map(parameters.target).astype(float),
        weight=rows["metric"].map(dict(weights)).astype(float),
    )
    rows["index"] = _index(rows, parameters.index_cap)
    both = pd.concat([rows, _overall(rows)], ignore_index=True)
    both["grade"] = _grade(both["index"], parameters)
    both["trigger"] = _trigger(both, parameters.review_below)
    # Only now: a month without a figure must stand between two others when the trigger looks at the month before.
    both = both.loc[both["actual"].notna().groupby([both["month"], both["id"]]).transform("any")]
    place = both["metric"].map({metric: n for n, metric in enumerate([*weights, OVERALL])})
    return both.assign(place=place).sort_values(["month", "id", "place"], ignore_index=True)


def _index(rows: pd.DataFrame, cap: float) -> pd.Series:
    less = rows["metric"].isin(LESS_IS_BETTER)
    # Nothing returned, nothing aged: better than any target, so the cap.
    inverse = (rows["target"] / rows["actual"].where(rows["actual"].gt(0))).where(rows["actual"].ne(0), np.inf)
    ratio = (rows["actual"] / rows["target"]).where(~less, inverse)
    return ratio.where(rows["actual"].notna()).clip(upper=cap).round(4)


def _overall(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows["weight"].where(rows["index"].notna())
    sums = (
        rows.assign(known=known, weighed=rows["index"] * known)
        .groupby(["month", "scope", "id"])[["known", "weighed"]]
        .sum(min_count=1)
        .reset_index()
    )
    index = (sums["weighed"] / sums["known"]).round(4)
    return sums[["month", "scope", "id"]].assign(metric=OVERALL, target=np.nan, actual=index, index=index, weight=1.0)


def _grade(index: pd.Series, parameters: ScorecardParameters) -> pd.Series:
    steps = [index.ge(parameters.grade_a), index.ge(parameters.grade_b), index.ge(parameters.grade_c), index.notna()]
    return pd.Series(np.select(steps, list("ABCD"), ""), index.index)


def _trigger(rows: pd.DataFrame, review_below: float) -> pd.Series:
    """Say what follows: a watch for the first month below the line, a review for the second running."""
    ordered = rows.sort_values(["id", "metric", "month"])
    below = ordered["index"].lt(review_below)
    before = below.groupby([ordered["id"], ordered["metric"]]).shift(1, fill_value=False)
    steps = [below & before, below]
    words = [f"below {review_below:g} twice: review", f"below {review_below:g}: watch"]
    return pd.Series(np.select(steps, words, ""), ordered.index).reindex(rows.index)
