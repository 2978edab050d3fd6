"""Where the money goes: cost a night by kind, a bar and a column of the table for each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vmi.reports import palette, words
from vmi.reports.charts import svg
from vmi.reports.simulation.axes import picture
from vmi.reports.simulation.view import KIND_COLOURS, KIND_LABELS, Run, SimulationView

WIDTH, LEFT, RIGHT, TOP, STEP = 1104, 200, 74, 4, 28


@dataclass(frozen=True)
class Spent:
    """What a run costs a night [CNY], by kind and in all; the platform fee apart. Means over its seeds."""

    run: Run
    kinds: Mapping[str, float]
    total: float
    fee: float


def costs(view: SimulationView) -> dict[str, Any]:
    """Return title, legend, chart and the table of kinds by run."""
    kinds = list(view.content["cost_kinds"])
    spent = [_spent(view, run, kinds) for run in view.runs]
    return {
        "title": _title(spent[0]),
        "legend": [{"label": label(kind), "colour": colour(kind)} for kind in kinds],
        "chart": _chart(spent, kinds),
        "names": [{"policy": s.run.policy, "scenario": s.run.scenario, "colour": s.run.colour} for s in spent],
        "rows": [
            {"label": label(kind), "colour": colour(kind), "cells": [_cell(s, kind) for s in spent]} for kind in kinds
        ],
        "totals": [words.cny(s.total) for s in spent],
        "fees": [words.cny(s.fee) for s in spent],
    }


def label(kind: str) -> str:
    """Return a kind of cost in words."""
    return KIND_LABELS.get(kind, kind.replace("_", " ").capitalize())


def colour(kind: str) -> str:
    """Return the colour of a kind of cost."""
    return KIND_COLOURS.get(kind, palette.MUTED)


def _spent(view: SimulationView, run: Run, kinds: Sequence[str]) -> Spent:
    rows, nights = view.of_seeds(run), int(view.content["nights"])
    by_kind = {kind: sum(float(row["cost_cny"][kind]) for row in rows) / len(rows) / nights for kind in kinds}
    total, fee = (sum(float(row[of]) for row in rows) / len(rows) / nights for of in ("total_cny", "platform_fee_cny"))
    return Spent(run, by_kind, total, fee)


def _title(spent: Spent) -> str:
    if not spent.total > 0:
        return f"{spent.run.name} costs nothing"
    kind = max(spent.kinds, key=lambda k: (round(spent.kinds[k], 2), k))
    share = words.percent(spent.kinds[kind] / spent.total)
    return f"{spent.run.name} costs {words.cny(spent.total)} a night, {share} of it {label(kind).lower()}"


def _cell(spent: Spent, kind: str) -> dict[str, str]:
    share = spent.kinds[kind] / spent.total if spent.total > 0 else None
    return {"value": words.cny(spent.kinds[kind]), "share": words.percent(share)}


def _chart(spent: Sequence[Spent], kinds: Sequence[str]) -> Markup:
    top = max((s.total for s in spent), default=0.0)
    per_cny = (WIDTH - LEFT - RIGHT) / top if top > 0 else 0.0
    shapes: list[str] = []
    for n, s in enumerate(spent):
        x, y = float(LEFT), TOP + n * STEP
        shapes.append(svg.text(LEFT - 10, y + 15, s.run.short, text_anchor="end", class_="value"))
        for kind in kinds:
            broad = max(s.kinds[kind], 0.0) * per_cny
            hint = svg.element("title", str(Markup.escape(f"{label(kind)}: {words.cny(s.kinds[kind])} a night")))
            place = {"x": x, "y": float(y), "width": broad, "height": 20.0}
            shapes.append(svg.element("rect", hint, **place, fill=colour(kind)))
            x += broad
        shapes.append(svg.text(x + 7, y + 15, words.short_cny(s.total), class_="value"))
    told = "; ".join(
        f"{s.run.name}: " + ", ".join(f"{label(kind).lower()} {words.cny(s.kinds[kind])}" for kind in kinds)
        for s in spent
    )
    return picture((WIDTH, 2 * TOP + STEP * len(spent)), shapes, "Cost a night by kind", told)
