"""The tables of the page: stock models, differences with their intervals, the contract's figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vmi.reports import words
from vmi.reports.sections.verdict import LABELS
from vmi.reports.simulation.costs import label
from vmi.reports.simulation.spans import span
from vmi.reports.simulation.view import Run, SimulationView

KPI_LABELS = LABELS | {"premium_cny": "Same-day premium"}

MAIN_FIGURES = {
    "total_cny": "Cost a night",
    "line_fill": "Lines on time",
    "same_day_rate": "Urgent lines same day",
    "stock_cny": "Stock held",
}


def models(view: SimulationView) -> dict[str, Any]:
    """Return the table of stock models: a row a run, a column a figure."""
    figures = view.content["model_figures"]
    return {
        "title": _models_title(view.runs),
        "heads": [{"label": told["label"], "definition": told["definition"]} for told in figures.values()],
        "rows": [
            {
                **run_head(run),
                "cells": [_model_cell(run, name, told["unit"]) for name, told in figures.items()],
            }
            for run in view.runs
        ],
        "policies": _sentences(view),
        "same_orders": view.content["same_orders"],
        "has_intervals": any(run.model["figures"]["total_cny"]["low"] is not None for run in view.runs),
    }


def run_head(run: Run) -> dict[str, str]:
    """Return how a table names a run."""
    return {"policy": run.policy, "scenario": run.scenario, "colour": run.colour}


def _sentences(view: SimulationView) -> list[dict[str, str]]:
    told = view.about.get("policies", {})
    sentences = {policy: told.get(policy, "") for policy in dict.fromkeys(run.policy for run in view.runs)}
    return [{"policy": policy, "sentence": sentence} for policy, sentence in sentences.items() if sentence]


def _models_title(runs: Sequence[Run]) -> str:
    return span([(run.mean("stock_cny"), run.name) for run in runs], words.short_cny, "of suppliers' stock held")


def _model_cell(run: Run, figure: str, unit: str) -> dict[str, str]:
    told = run.model["figures"][figure]
    mean, high = told["mean"], told["high"]
    if mean is None:
        return {"value": "not known", "interval": ""}
    write = _writer(mean, unit)
    beside = _points if unit == "share" else write
    return {"value": write(mean), "interval": "" if high is None else f"±{words.NBSP}{beside(high - mean)}"}


def _writer(size: float, unit: str) -> Callable[[float], str]:
    """Return how a figure of that size is written, and what is said beside it."""
    if unit == "count":
        return words.whole
    if unit != "CNY":
        return lambda value: words.figure(value, unit)
    # A price a line has fen that count, a stock does not.
    return (lambda value: f"¥{value:,.2f}") if abs(size) < 1000 else words.cny


def comparison(view: SimulationView) -> dict[str, Any]:
    """Return the tables of differences: policies against the first, scenarios against the plain one."""
    rows = view.content["comparison"]
    kinds = [f"{kind}_cny" for kind in view.content["cost_kinds"]]
    groups = [
        {
            "heading": _heading(compared, rows),
            "main": _difference_rows([r for r in rows if r["compared"] == compared], list(MAIN_FIGURES), False),
            "kinds": _difference_rows([r for r in rows if r["compared"] == compared], kinds, True),
        }
        for compared in ("policies", "scenarios")
        if any(r["compared"] == compared for r in rows)
    ]
    return {
        "title": _comparison_title(rows, view.content["same_orders"]),
        "groups": groups,
        "main_heads": list(MAIN_FIGURES.values()),
        "kind_heads": [label(kind) for kind in view.content["cost_kinds"]],
        "level": words.percent(view.content["confidence_level"]),
        "notes": sorted({r["note"] for r in rows if r["note"]}),
        "seeds": max((r["pairs"] for r in rows if r["basis"] == "seeds"), default=0),
    }


def _heading(compared: str, rows: Sequence[Mapping[str, Any]]) -> str:
    bases = dict.fromkeys(
        r["base_policy"] if compared == "policies" else r["base_scenario"] or "the plain scenario"
        for r in rows
        if r["compared"] == compared
    )
    kind = "Policies" if compared == "policies" else "Scenarios"
    return f"{kind} less {', '.join(bases)}"


def _comparison_title(rows: Sequence[Mapping[str, Any]], same_orders: bool) -> str:
    totals = [r for r in rows if r["figure"] == "total_cny"]
    proven = sum(_proven(r) for r in totals)
    known = sum(r["low"] is not None for r in totals)
    if not known:
        return "No interval is known: differences are means, and how sure they are is not known"
    verb = "is" if proven == 1 else "are"
    only = ", for these orders only" if same_orders and proven else ""
    return f"{proven} of {words.counted(len(totals), 'difference')} in cost a night {verb} proven{only}"


def _proven(row: Mapping[str, Any]) -> bool:
    return row["low"] is not None and (row["low"] > 0 or row["high"] < 0)


def _difference_rows(rows: Sequence[Mapping[str, Any]], figures: Sequence[str], narrow: bool) -> list[dict[str, Any]]:
    by_key: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_key.setdefault((row["policy"], row["scenario"]), {})[row["figure"]] = row
    return [
        {
            "policy": policy,
            "scenario": scenario,
            "cells": [_difference_cell(found[figure], narrow) for figure in figures],
        }
        for (policy, scenario), found in by_key.items()
    ]


def _difference_cell(row: Mapping[str, Any], narrow: bool) -> dict[str, Any]:
    mean, low, high = (row[name] for name in ("difference", "low", "high"))
    if mean is None:
        return {"value": "not known", "interval": "", "proven": False}
    if low is None:
        told = "interval not known" if not narrow else "± not known"
    elif narrow:
        told = f"±{words.NBSP}{_amount(high - mean)}"
    else:
        told = f"{_signed(low, row['unit'])} to {_signed(high, row['unit'])}"
    return {"value": _signed(mean, row["unit"]), "interval": told, "proven": _proven(row)}


def _signed(value: float, unit: str) -> str:
    """Return a difference with its sign: +¥1,234, −0.8 points."""
    size = _points(abs(value)) if unit == "share" else _amount(abs(value))
    if not any(digit in size for digit in "123456789"):
        return size
    return f"{'−' if value < 0 else '+'}{size}"


def _amount(size: float) -> str:
    return f"¥{size:,.0f}" if size >= 99.5 else f"¥{size:,.2f}"


def _points(size: float) -> str:
    return f"{100 * size:.1f}{words.NBSP}pt"


def figures(view: SimulationView) -> dict[str, Any]:
    """Return the contract's figures, a column a run, means over its seeds, with their definitions."""
    seeds = [view.of_seeds(run) for run in view.runs]
    told: dict[str, Mapping[str, Any]] = {}
    for row in (row for rows in seeds for row in rows):
        for name, kpi in row["kpis"].items():
            told.setdefault(name, kpi)
    return {
        "names": [run_head(run) for run in view.runs],
        "rows": [
            {
                "name": name,
                "label": KPI_LABELS.get(name, name),
                "definition": kpi["definition"],
                "target": words.goal(kpi["target"], kpi["unit"]) if kpi.get("target") is not None else "",
                "cells": [_kpi_cell(rows, name, kpi["unit"]) for rows in seeds],
                "note": next((r["kpis"][name]["note"] for rows in seeds for r in rows if _unknown(r, name)), ""),
            }
            for name, kpi in told.items()
        ],
    }


def _unknown(row: Mapping[str, Any], name: str) -> bool:
    return name in row["kpis"] and row["kpis"][name]["value"] is None


def _kpi_cell(rows: Sequence[Mapping[str, Any]], name: str, unit: str) -> str:
    values = [row["kpis"][name]["value"] for row in rows if name in row["kpis"]]
    known = [value for value in values if value is not None]
    return words.figure(sum(known) / len(known), unit) if known else "not known"
