"""The page of a simulation: whole, safe, the same every time, readable with one night and with a dozen runs."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.made_outcomes import company_of_policies, made, with_nights
from vmi.reports.simulation.render import render_simulation
from vmi.reports.simulation.view import SimulationView
from vmi.simulate.outcome import COST_KINDS, Outcome
from vmi.simulate.summary import content, nights

ABOUT = {"demand": "replayed history", "warm_up": 28, "engine_version": "1", "notes": ["Parts sampled."]}


def view_of(outcomes: list[Outcome], **about: object) -> SimulationView:
    return SimulationView(content(outcomes, {**ABOUT, **about}, 0.95), nights(outcomes))


def page_of(outcomes: list[Outcome], **about: object) -> str:
    return render_simulation(view_of(outcomes, **about))


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(company_of_policies(3, 60))


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
    assert structure.open == []
    return structure


def words_of(page: str) -> str:
    body = page[page.index("<body>") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\xa0", " ")


def test_the_page_is_one_well_formed_file_that_asks_nobody_for_anything(page: str) -> None:
    structure = parsed(page)
    assert structure.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert {link[:1] for link in structure.links} == {"#"}
    assert {link[1:] for link in structure.links} <= set(structure.ids)
    assert "url(" not in page
    assert "@import" not in page


def test_the_verdict_comes_first_and_the_definitions_last(page: str) -> None:
    wanted = "verdict models service stock costs frontier differences figures definitions"
    assert " ".join(parsed(page).ids) == wanted


def test_every_chart_is_sound_has_a_title_and_a_description_and_stays_inside(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(charts) == 2 + 7 + 1 + 1
    for chart in charts:
        root = ElementTree.fromstring(chart)
        names = [child.tag.rpartition("}")[2] for child in root]
        assert names[:2] == ["title", "desc"]
        width, height = (float(root.attrib[side]) for side in ("width", "height"))
        for shape in root.iter():
            for name, limit in (("x", width), ("x1", width), ("cx", width), ("y", height), ("y1", height)):
                assert -1 <= float(shape.attrib.get(name, 0)) <= limit + 1
            assert "nan" not in shape.attrib.get("d", "")


def test_one_policy_has_no_comparison_and_no_frontier() -> None:
    alone = page_of([made(seed=seed, nights=9) for seed in (1, 2)])
    assert " ".join(parsed(alone).ids) == "verdict models service stock costs figures definitions"
    assert "No other policy was run" in alone


@pytest.mark.parametrize("length", [1, 6, 8, 400])
def test_any_number_of_nights_is_drawn(length: int) -> None:
    text = page_of([made("a", nights=length), made("b", nights=length)])
    parsed(text)
    assert "nan" not in words_of(text).lower().split()
    assert len(text) < 150_000


def test_a_dozen_runs_of_ten_seeds_fit() -> None:
    runs = [made("vmi", f"contract.return_window_days={30 * k}", s, 14) for k in range(12) for s in range(10)]
    text = page_of(runs)
    parsed(text)
    assert text.count("<svg") == 2 + 12 + 1 + 1
    assert "vmi, return_window_days=300" in text


def test_what_stands_in_names_and_notes_is_escaped() -> None:
    text = page_of(
        [made("<b>x</b>", "<script>1</script>"), made("y", "<script>1</script>")],
        notes=["<img src=x>"],
        policies={"y": "<i>z</i>"},
    )
    assert "<script" not in text
    assert "<img" not in text
    assert "<i>z" not in text
    assert "&lt;script&gt;" in text


def test_the_same_runs_give_the_same_bytes(page: str) -> None:
    runs = company_of_policies(3, 60)
    turned = [replace(o, nights=o.nights.iloc[::-1]) for o in sorted(runs, key=lambda o: -o.seed)]
    assert page_of(turned) == page


def test_what_is_not_known_is_said_so() -> None:
    silent = with_nights(made(nights=2), same_day_ordered=0, same_day_on_time=0, lines_due=0, lines_on_time=0)
    text = words_of(page_of([replace(silent, facts={})]))
    assert "Not known: none fell due." in text
    assert "Can customers wait? – Not known" in text
    assert "of lines on time: not known" in text


def test_nothing_held_and_nothing_spent_is_a_page_too() -> None:
    none = {f"{kind}_cny": 0.0 for kind in COST_KINDS} | {"total_cny": 0.0, "stock_cny": 0.0}
    ages = {f"stock_{age}_cny": 0.0 for age in ("0_30", "31_60", "61_90", "over_90")}
    text = words_of(page_of([with_nights(made(p, nights=3), **none, **ages) for p in ("a", "b")]))
    assert "No stock was held" in text
    assert "a costs nothing" in text


def test_differences_that_are_not_proven_are_not_bold() -> None:
    same = [with_nights(made(p, seed=s, nights=7), stock_cny=100.0 + s) for p in ("a", "b") for s in (1, 2)]
    cells = re.findall(r'<td class="n">(.*?)</td>', page_of(same).split('id="differences"')[1])
    assert '<span class="unsure">¥0.00</span><small>¥0.00 to ¥0.00</small>' in cells


def test_the_batch_means_of_one_seed_are_named_with_what_they_leave_out() -> None:
    text = words_of(page_of([made("a", nights=28), made("b", nights=28)]))
    assert "One seed: the randomness of days only, from 4 whole weeks (batch means; Law 2015, chapter 9)." in text


def test_replayed_orders_are_named_wherever_something_is_called_proven() -> None:
    runs = [made(p, seed=s, nights=7, dearer=d) for p, d in (("a", 1.0), ("b", 2.0)) for s in (1, 2, 3)]
    same = words_of(page_of([with_nights(o, lines_ordered=100) for o in runs]))
    assert "1 of 1 difference in cost a night is proven, for these orders only" in same
    assert "Every seed has the same orders: the luck of trucks and lanes alone, proven for these orders only." in same
    assert "± half the interval, which holds the luck of trucks and lanes alone" in same
    assert "Every seed has the same orders, so that the intervals" in same
    drawn = words_of(page_of(runs))
    assert "is proven" in drawn
    assert "these orders" not in drawn


def test_what_must_be_known_first_stands_in_the_verdict() -> None:
    cold = made(nights=3)
    cold = replace(cold, facts={**cold.facts, "warm_up_nights": 0, "closing_stock_cny": 200_000.0})
    section = words_of(page_of([cold])).split("Could it work")[0]
    assert "Before you believe it There was no warm-up" in section
    assert "(vmi −33 %)" in section
    assert "Before you believe it" not in words_of(page_of([made(nights=3)]))


def test_the_cost_table_adds_up_to_what_the_nights_say() -> None:
    outcome = made(nights=10)
    text = words_of(page_of([outcome]))
    assert f"All kinds ¥{outcome.nights['total_cny'].mean():,.0f}" in text
    assert f"Platform fee, apart ¥{outcome.nights['platform_fee_cny'].mean():,.0f}" in text


def test_nights_as_text_are_read_as_days() -> None:
    view = view_of([made(nights=8)])
    as_text = view.nights.assign(night=pd.to_datetime(view.nights["night"]).dt.strftime("%Y-%m-%d"))
    assert render_simulation(SimulationView(view.content, as_text)) == render_simulation(view)
    assert np.datetime64("2026-09-07") == view.runs[0].nights["night"].iloc[0]
