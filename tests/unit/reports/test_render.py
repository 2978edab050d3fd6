"""The report as a file: whole, safe, the same every time, and readable with little or nothing to show."""

import dataclasses
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from tests.unit.reports.company import AS_OF, ZONE, company
from vmi import contract, frames
from vmi.kpi.history import KpiHistory
from vmi.kpi.lines import mark_lines
from vmi.kpi.measure import measure
from vmi.kpi.parameters import KpiParameters
from vmi.reports.render import render
from vmi.reports.view import SPACE_USE, ReportView


@pytest.fixture(scope="module")
def view() -> ReportView:
    return company()


@pytest.fixture(scope="module")
def page(view: ReportView) -> str:
    return render(view)


class _Structure(HTMLParser):
    VOID = ("meta", "br", "link", "img", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.links += [str(given[name]) for name in ("src", "href") if given.get(name)]
        self.ids += [str(given["id"])] if given.get("id") else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> _Structure:
    structure = _Structure()
    structure.feed(page)
    return structure


def nothing() -> ReportView:
    """Return the view of a company on its first evening: masters' columns, no rows anywhere."""

    def empty(name: str) -> pd.DataFrame:
        return pd.DataFrame(columns=[c.name for c in contract.INPUT[name].columns])

    history = KpiHistory(
        AS_OF,
        ZONE,
        pd.DataFrame(columns=[*(c.name for c in contract.INPUT["orders"].columns), "promise_by"]),
        empty("centres"),
        frames.COVER.empty(),
        empty("parts"),
    )
    return ReportView(
        plan_id="P-0",
        as_of=AS_OF,
        timezone=ZONE,
        engine_version="0",
        measures=measure(history, KpiParameters()),
        worklist=frames.WORKLIST.empty(),
        cover=frames.COVER.empty(),
        lines=mark_lines(history),
        replenishment=frames.REPLENISHMENT.empty(),
        returns=frames.LOT_RETURNS.empty(),
        transfers=frames.TRANSFERS.empty(),
        deliveries=frames.DELIVERIES.empty(),
        targets=frames.TARGETS.empty(),
        weekly_forecast=frames.WEEKLY_FORECAST.empty(),
        **{name: empty(name) for name in ("parts", "suppliers", "warehouses", "centres", "lanes", "stock", "inbound")},
    )


def test_the_page_is_one_well_formed_file_that_asks_nobody_for_anything(page: str) -> None:
    structure = parsed(page)
    assert structure.open == []
    assert structure.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert {link[:1] for link in structure.links} == {"#"}
    assert {link[1:] for link in structure.links} <= set(structure.ids)
    assert "url(" not in page
    assert "@import" not in page


def test_sections_stand_in_the_order_a_planner_reads_them(page: str) -> None:
    wanted = "verdict worklist tonight warehouses ageing outlook places reach health definitions"
    assert " ".join(parsed(page).ids) == wanted


def test_the_same_view_gives_the_same_bytes_whatever_the_order_of_rows(view: ReportView, page: str) -> None:
    def turned(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[::-1]

    kept_order = {"optimisations", "imports"}
    values = {f.name: getattr(view, f.name) for f in dataclasses.fields(view)}
    frames_of = {n: v for n, v in values.items() if isinstance(v, pd.DataFrame) and n not in kept_order}
    shuffled = dataclasses.replace(view, **{name: turned(frame) for name, frame in frames_of.items()})
    assert render(view) == page
    assert render(shuffled) == page


def test_chinese_names_come_through_and_markup_in_a_name_does_not(view: ReportView, page: str) -> None:
    assert "动力电池" in page
    assert "Ürümqi 乌鲁木齐" in page
    hostile = "<script>alert(1)</script>"
    named = dataclasses.replace(
        view,
        parts=view.parts.assign(name=hostile),
        worklist=view.worklist.assign(cause=hostile),
        centres=view.centres.assign(city=hostile),
        holidays=view.holidays.assign(name=hostile),
    )
    assert "<script" not in render(named)


def test_every_figure_is_shown_with_its_definition(view: ReportView, page: str) -> None:
    for name in view.measures:
        assert f"<code>{name}</code>" in page, name


def test_what_is_not_known_is_called_so_with_the_reason_and_no_nan_reaches_the_page(page: str) -> None:
    assert "there is no earlier plan to compare with" in page
    words = set(re.findall(r"[A-Za-z]+", re.sub(r"<[^>]+>", " ", page)))
    assert words.isdisjoint({"nan", "NaN", "NaT", "None", "inf"})


def test_a_first_evening_without_any_data_still_has_a_page() -> None:
    page = render(nothing())
    assert parsed(page).open == []
    for sentence in ("Nothing needs a person tonight", "No stock is on hand", "No part is stocked", "5 not known yet"):
        assert sentence in page
    words = set(re.findall(r"[A-Za-z]+", re.sub(r"<[^>]+>", " ", page)))
    assert words.isdisjoint({"nan", "NaN", "NaT", "None", "inf"})


def test_only_the_first_thirty_matters_are_on_the_page_and_the_rest_is_counted(view: ReportView, page: str) -> None:
    worklist = page[page.index('id="worklist"') : page.index('id="tonight"')]
    assert worklist.count('<td class="n">') == 2 * 30
    assert f"{len(view.worklist) - 30} more in" in worklist


def test_a_warehouse_beyond_its_capacity_is_named_in_the_title(view: ReportView) -> None:
    tiny = view.warehouses.assign(capacity_m3=view.warehouses["capacity_m3"].where(view.warehouses.index != 1, 1.0))
    assert "FW02 is the fullest" in render(dataclasses.replace(view, warehouses=tiny))


def test_room_is_shown_with_one_decimal_below_a_hundred_cubic_metres(view: ReportView) -> None:
    use = pd.DataFrame(
        [("FW02", "volume", 3.34, 1.66, 5.0), ("FW02", "hazmat", 0.52, 0.0, 1.5)],
        columns=list(SPACE_USE.columns),
    )
    sites = view.warehouses.assign(capacity_m3=5.0, hazmat_capacity_m3=1.5)
    page = render(dataclasses.replace(view, warehouses=sites, space_use=use))
    assert "FW02 is the fullest, at 100\u00a0% (5.0 of 5.0 m³)" in page
    assert "3.3 + 1.7 of 5.0" in page
    assert "0.5 of 1.5 m³" in page


def test_an_optimisation_without_a_status_leaves_the_column_out(view: ReportView, page: str) -> None:
    bare = dataclasses.replace(view, optimisations=view.optimisations.assign(status=""))
    assert "<th>Status</th>" in page
    assert "<th>Status</th>" not in render(bare)


def test_a_tile_says_met_or_missed_in_words_not_by_colour_alone(view: ReportView, page: str) -> None:
    verdicts = [m.verdict for m in view.measures.values() if m.target is not None]
    assert page.count("✓ met") == verdicts.count("met")
    assert page.count("✗ missed") == verdicts.count("missed")


FRAMES = sorted(f.name for f in dataclasses.fields(ReportView) if "DataFrame" in str(f.type))


@pytest.mark.parametrize("name", FRAMES)
def test_any_frame_may_be_empty_and_untyped(view: ReportView, name: str) -> None:
    bare = pd.DataFrame(columns=list(getattr(view, name).columns))
    page = render(dataclasses.replace(view, **{name: bare}))
    words = set(re.findall(r"[A-Za-z]+", re.sub(r"<[^>]+>", " ", page)))
    assert words.isdisjoint({"nan", "NaN", "NaT", "None", "inf"})


def test_forecast_methods_are_told_by_class_with_what_they_were_judged_by(page: str) -> None:
    table = page[page.index("<h3>Forecast methods</h3>") :]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:5]]
    assert [" ".join(row) for row in rows] == [
        "fast 118 ETS + structural models 12.3 14.0 90 % 84 % before × 1.5 2026-11-20",
        "intermittent 690 thresholds 0.0456 0.0478 91 % – 2026-11-20",
        "lumpy 4 Gamma-Poisson too few to judge alone: as all parts together 0.512 0.512 95 % in whole units –"
        " 2026-11-20",
        "new 8 Gamma-Poisson – – – – –",
    ]
    assert "lowest pinball loss" in table
