"""Render the report: sections make the words and charts, the template places them, one file comes out."""

import re
from importlib import resources

import jinja2
from markupsafe import Markup, escape

from vmi.reports import words
from vmi.reports.sections.ageing import ageing
from vmi.reports.sections.agenda import agenda
from vmi.reports.sections.health import health
from vmi.reports.sections.outlook import outlook
from vmi.reports.sections.places import places, reach
from vmi.reports.sections.sites import sites
from vmi.reports.sections.tonight import tonight
from vmi.reports.sections.verdict import LABELS, verdict
from vmi.reports.view import ReportView

TEMPLATE, STYLE = "report.html.j2", "report.css"
ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def render(view: ReportView) -> str:
    """Return the report of a plan as one HTML document that needs no network and no script.

    The same view gives the same bytes: there is no clock, and every number is formatted to fixed digits.
    """
    view = view.typed()
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole_dates"] = _whole_dates
    return environment.get_template(TEMPLATE).render(
        # The style sheet is ours, not data: it goes in as it stands.
        style=Markup(_read(STYLE)),
        plan_id=view.plan_id,
        as_of=words.day(view.as_of),
        weekday=f"{view.as_of:%A}",
        timezone=view.timezone,
        engine_version=view.engine_version,
        kpi_days=view.kpi_days,
        verdict=verdict(view),
        agenda=agenda(view),
        tonight=tonight(view),
        sites=sites(view),
        ageing=ageing(view),
        outlook=outlook(view),
        places=places(view),
        reach=reach(view),
        health=health(view),
        definitions=[
            {"name": m.name, "label": LABELS.get(m.name, m.name), "definition": m.definition, "window": m.window}
            for m in view.measures.values()
        ],
    )


def _whole_dates(sentence: str) -> Markup:
    """Keep the dates in a sentence from being broken over two lines."""
    return Markup(ISO_DATE.sub(r'<span class="whole">\g<0></span>', str(escape(sentence))))


def _read(name: str) -> str:
    return resources.files("vmi.reports").joinpath(name).read_text(encoding="utf-8")
