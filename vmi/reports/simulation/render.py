"""Render a simulation's page: sections make words and charts, the template places them, one file comes out."""

from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from vmi.reports import palette, words
from vmi.reports.simulation.costs import costs
from vmi.reports.simulation.frontier import frontier
from vmi.reports.simulation.service import service
from vmi.reports.simulation.stock import stock
from vmi.reports.simulation.tables import comparison, figures, models
from vmi.reports.simulation.view import SimulationView

TEMPLATE = "simulation.html.j2"
STYLES = (("vmi.reports", "report.css"), ("vmi.reports.simulation", "simulation.css"))
ANSWERS = {
    "yes": ("✓", palette.GOOD),
    "partly": ("◐", "#8f5f0c"),
    "no": ("✗", palette.BAD),
    "not known": ("–", palette.MUTED),
}


def render_simulation(view: SimulationView) -> str:
    """Return the report of a simulation as one HTML document that needs no network and no script.

    The same view gives the same bytes. A single run has no comparison and no frontier; they are left out.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _read("vmi.reports.simulation", name)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        # The style sheets are ours, not data: they go in as they stand.
        style=Markup("".join(_read(*style) for style in STYLES)),
        head=_head(view),
        verdict=_verdict(view),
        models=models(view),
        service=service(view),
        stock=stock(view),
        costs=costs(view),
        frontier=frontier(view),
        comparison=comparison(view) if view.content["comparison"] else None,
        figures=figures(view),
    )


def _head(view: SimulationView) -> dict[str, Any]:
    content, about = view.content, view.about
    seeds = sorted({row["seed"] for row in content["runs"]})
    policies = list(dict.fromkeys(run.policy for run in view.runs))
    scenarios = [run.scenario for run in view.runs if run.scenario]
    span = content["first_night"]
    if content["last_night"] != content["first_night"]:
        span += f" to {content['last_night']}"
    facts = [
        f"demand: {about['demand']}" if about.get("demand") else "",
        f"after {words.counted(about['warm_up'], 'night')} of warm-up" if about.get("warm_up") else "",
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}",
        f"engine {about['engine_version']}" if about.get("engine_version") else "",
    ]
    return {
        "span": span,
        "nights": words.counted(content["nights"], "night"),
        "facts": " · ".join(fact for fact in facts if fact),
        "policies": ", ".join(policies),
        "scenarios": ", ".join(dict.fromkeys(scenarios)),
        "notes": list(about.get("notes", ())),
        "many": len(view.runs) > 1,
    }


def _verdict(view: SimulationView) -> dict[str, Any]:
    told = view.content["verdict"]
    asked = [
        {**question, "mark": ANSWERS[question["answer"]][0], "colour": ANSWERS[question["answer"]][1]}
        for question in told["preconditions"]
    ]
    words_said = {"sentences": told["sentences"], "cautions": told["cautions"]}
    return {"title": told["headline"], **words_said, "preconditions": asked}


def _read(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
