"""Bring the past and the night into the form that figures are measured on."""

import dataclasses

import pandas as pd

from vmi.kpi.history import ACTUALS, KpiHistory
from vmi.past import Past
from vmi.planning import Night
from vmi.review.firm import firm_lines, last_firm_lines
from vmi.review.stock import flows, stock_tonight
from vmi.schedule.problem import DispatchProblem, first_wave
from vmi.schedule.promises import promise_by

FORECAST_DAYS = 28


def kpi_history(night: Night, past: Past) -> KpiHistory:
    """Return what the night's figures are measured on."""
    situation = night.situation
    parts = situation.parts[["part_id", "unit_cost"]]
    lying = stock_tonight(situation, night.config.scorecards.aged_days)
    return KpiHistory(
        as_of=situation.as_of,
        timezone=situation.timezone,
        order_lines=with_promise(night, past.order_lines),
        centres=situation.centres[["centre_id", "city"]],
        cover=night.cover,
        parts=parts.assign(final_part=night.supersession.to_final(parts["part_id"])),
        stock_days=past.stock_days,
        stock_value_today=round(float(lying["value"].sum()), 4),
        on_hand=past.on_hand,
        flows=flows(situation.parts, past),
        past_forecasts=past.forecasts,
        actuals=actuals(night, past),
        last_as_of=past.last_as_of,
        last_firm_lines=last_firm_lines(past, situation.timezone),
        firm_lines=firm_lines(night, past),
        deliveries=night.deliveries,
    )


def with_promise(night: Night, lines: pd.DataFrame) -> pd.DataFrame:
    """Return order lines with ``promise_by`` as dispatch would have told it, aware."""
    situation, parameters = night.situation, night.config.dispatch
    start = first_wave(situation.as_of, situation.timezone, parameters)
    problem = DispatchProblem.from_situation(situation, night.supersession, night.workdays, start)
    problem = dataclasses.replace(problem, promise_hours=float(night.config.planning.promise_hours))
    city = lines["centre_id"].map(situation.centres.set_index("centre_id")["city"])
    due = problem.aware(promise_by(problem, lines, city, parameters))
    return lines.assign(promise_by=pd.Series(due, index=lines.index))


def actuals(night: Night, past: Past) -> pd.DataFrame | None:
    """Return ACTUALS of the four weeks that the past forecast was made for; ``None`` without one.

    They end at as_of, up to a week earlier where no plan was published on the very day four weeks ago.
    """
    if past.forecast_as_of is None:
        return None
    demand = night.history.demand
    end = past.forecast_as_of + pd.Timedelta(days=FORECAST_DAYS)
    within = demand.loc[demand["day"].gt(past.forecast_as_of) & demand["day"].le(end)]
    return within.groupby(["part_id", "warehouse_id"])["qty"].sum().reset_index()[list(ACTUALS.columns)]
