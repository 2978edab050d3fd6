"""Review a finished night: measure, list what needs a person, grade, and lay out the report."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from vmi.kpi.lines import mark_lines
from vmi.kpi.measure import Measure, as_json, measure
from vmi.past import Past
from vmi.planning import Night
from vmi.reports.view import ReportView
from vmi.review.exceptions import exceptions
from vmi.review.kpi import kpi_history
from vmi.review.report import Reviewed, report_view
from vmi.review.scorecards import scorecard_history
from vmi.review.space import space_use
from vmi.scorecards.score import score
from vmi.worklist.rank import rank


@dataclass(frozen=True)
class Review:
    """What a night is published with beside its decisions.

    ``measures`` name to ``Measure``; ``worklist`` WORKLIST; ``scorecards`` SCORECARDS; ``view`` the report's, whose
    ``weekly_forecast`` is the published one; ``kpis_json`` the content of ``kpis.json``.
    """

    measures: dict[str, Measure]
    worklist: pd.DataFrame
    scorecards: pd.DataFrame
    view: ReportView
    kpis_json: dict[str, Any]


def review(night: Night, past: Past, plan_id: str, engine_version: str) -> Review:
    """Return the review of a night that has decided everything.

    Parameters
    ----------
    night
        All its fields filled; ``replenishment`` with ``line_id``.
    past
        The recent past of the same close, ``Past(as_of)`` if nothing is known.
    plan_id, engine_version
        Identity of the plan, for the report.

    Raises
    ------
    ValueError
        If the past is another day's.
    """
    if past.as_of != night.situation.as_of:
        raise ValueError(f"review: the night is {night.situation.as_of:%Y-%m-%d}, the past {past.as_of:%Y-%m-%d}")
    config = night.config
    history = kpi_history(night, past)
    lines = mark_lines(history)
    measures = measure(history, config.kpi, lines)
    weekly_forecast = night.outlook.weekly()
    use = space_use(night)
    worklist = rank(exceptions(night, past, weekly_forecast, use), config.worklist)
    cards = score(scorecard_history(night, past, history, lines), config.scorecards)
    view = report_view(night, past, Reviewed(measures, worklist, lines, weekly_forecast, use), plan_id, engine_version)
    return Review(measures, worklist, cards, view, as_json(measures))
