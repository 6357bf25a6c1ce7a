"""The report: self-contained, the same for the same input, in three languages, honest about what is missing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from math import inf, isfinite, nan
from pathlib import Path

import numpy as np
import pytest
import shapely

from caminos import words
from caminos.city.package import read_city
from caminos.i18n import use_language
from caminos.model.indicator import PATHWAYS
from caminos.pages import connections, names, zones
from caminos.pages import entry as entry_pages
from caminos.pages.headlines import Line, Trajectory, way_text
from caminos.pages.report import report
from caminos.pathways.tables import headlines
from caminos.planning.assessment import Flip
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Entry, entry
from caminos.planning.portfolio import Plan, plan
from caminos.reports import charts
from caminos.reports.report import html, write_report

PACKAGE = Path(__file__).resolve().parent.parent / "cities" / "porto-alegre"
DRAWS = 16


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(scope="module")
def model() -> CityModel:
    return CityModel(read_city(PACKAGE))


@pytest.fixture(scope="module")
def planned(model: CityModel) -> Plan:
    return plan(model, 50e6, 2026, sensitivity=False)


@pytest.fixture(scope="module")
def ranking(model: CityModel) -> Entry:
    return entry(model, 2026)


@pytest.fixture(scope="module")
def page(model: CityModel, planned: Plan, ranking: Entry) -> str:
    use_language("en")
    return html(report(model, planned, DRAWS, ranking, "2026-02-03"))


class Outline(HTMLParser):
    """What a page is made of: headings in order, ids, links, images, and tags that were not closed."""

    VOID = ("meta", "br", "input", "img", "link", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.broken: list[str] = []
        self.feed(text)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given.get("href")))
        if given.get("role") == "img":
            self.images.append(given)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)


def test_the_page_is_well_formed(page: str) -> None:
    outline = Outline(page)
    assert outline.broken == []
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(outline.headings))
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)
    assert '<html lang="en">' in page


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(page: str) -> None:
    loading = re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["'](?!#)[^"']*""", page)
    assert loading == []
    assert not re.search(r"<script|@import|url\((?!#)|\son\w+=|javascript:", page)


def test_a_policy_forbids_everything_but_the_one_style_sheet(page: str) -> None:
    """The hash is that of the style between its tags; no element has a style of its own, which the policy would drop."""
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "script-src" not in rules
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(styles) == 1
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_every_chart_has_a_text_and_every_table_its_heads(page: str) -> None:
    outline = Outline(page)
    assert len(outline.images) > 25
    assert all(str(image.get("aria-label")).strip() for image in outline.images)
    drawn = [given for tag, given in outline.tags if tag == "svg"]
    assert all(given.get("role") == "img" or given.get("aria-hidden") == "true" for given in drawn)
    assert page.count("<table") == page.count("<thead")
    assert all(given.get("scope") in ("col", "row") for tag, given in outline.tags if tag == "th")


def test_no_number_is_printed_that_is_none(page: str) -> None:
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|None|NaN)\b", text)
    assert "{" not in text


def test_all_parts_are_there(page: str, model: CityModel, planned: Plan) -> None:
    for name in (
        "brief",
        "glance",
        "entry",
        "connections",
        "trajectories",
        "plan",
        "benefit",
        "worse",
        "maps",
        "inventory",
        "unknown",
        "method",
        "sources",
    ):
        assert f'<section aria-labelledby="{name}"' in page or f'aria-labelledby="{name}"' in page
    for pathway in PATHWAYS:
        assert page.count(words.pathway_name(pathway)) > 1
    for measure in planned.measures:
        assert model.actions[measure.action].name.replace("'", "&#39;") in page
    for headline in headlines():
        assert names.name_of(headline.indicator) in page


def test_the_same_input_gives_the_same_bytes(page: str, planned: Plan, ranking: Entry) -> None:
    again = CityModel(read_city(PACKAGE))
    assert html(report(again, planned, DRAWS, ranking, "2026-02-03")) == page


def test_the_report_speaks_three_languages(model: CityModel, planned: Plan, ranking: Entry, tmp_path: Path) -> None:
    heads = {"es": "Los cinco caminos de un vistazo", "pt": "Os cinco caminhos em um relance"}
    for language, head in heads.items():
        use_language(language)
        path = write_report(model, planned, tmp_path / language, DRAWS, ranking)
        text = path.read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in text
        assert head in text
        assert "At a glance" not in text
        assert "Heat deaths" not in text
        assert Outline(text).broken == []


def test_a_city_without_plan_zones_and_inventory_has_a_report(model: CityModel, ranking: Entry) -> None:
    city = replace(model.city, zones=(), inventory=(), facts=tuple(fact for fact in model.city.facts if not fact.zone))
    bare = CityModel(city)
    text = html(report(bare, None, 0))
    assert 'id="maps"' not in text
    assert 'id="plan"' not in text
    assert Outline(text).broken == []


# numbers and words


def test_money_stands_in_dollars_and_in_the_currency_of_the_city() -> None:
    assert names.money(60e6, "USD") == "USD\u00a060\u00a0million"
    assert names.money(60e6, "BRL") == "USD\u00a060\u00a0million (BRL\u00a0300\u00a0million)"
    assert names.money(1234.0, "XXX") == "USD\u00a01,230"
    assert words.dollars(nan) == "–"


def test_changes_that_round_to_nothing_are_not_shown_as_nothing() -> None:
    assert words.signed_percent(0.0) == "0%"
    assert words.signed_percent(-4e-6) == "≈0%"
    assert words.signed_percent(0.123) == "+12%"
    assert words.signed_percent(-0.0012) == "−0.12%"
    assert words.signed_percent(nan) == "–"


def test_years_shares_and_units_are_readable() -> None:
    assert words.shown(2043.4, "yr") == "2043"
    assert words.shown(inf, "yr") == "after 2050"
    assert words.shown(0.256, "share", 100.0) == "25.6%"
    assert words.unit_name("t CO2e/person/yr") == "t CO₂e/person/year"
    assert words.unit_name("person/yr") == "people/year"
    assert words.unit_name("kg/person/yr") == "kg/person/year"
    assert names.name_of("base_pm25_concentration") == "PM2.5 concentration"
    assert names.name_of("street_trees_cost") == "Street trees, low-canopy streets first: cost"


def line(direction: str, target: float, mid: list[float], planned: list[float]) -> Line:
    """A headline made up for a test."""
    headline = replace(headlines()[0], direction=direction)
    cases = tuple(Trajectory(*(np.array(x),) * 3) for x in (mid, planned))
    return Line(headline, "t", (2022, 2050), ("baseline", "plan"), cases, target, "B", 0, 1, (), True)


def test_the_way_to_the_target_is_counted_from_today() -> None:
    half = line("lower", 0.0, [10.0, 12.0], [10.0, 5.0])
    assert half.way(0) == pytest.approx(-0.2)
    assert half.way(1) == pytest.approx(0.5)
    assert way_text(half) == "50% of the way with the plan; away from the target without it"
    met = line("higher", 1.0, [1.0, 1.0], [1.0, 0.9])
    assert met.met_now
    assert met.met(0)
    assert met.worse(1) == pytest.approx(0.1)
    assert way_text(met) == "target lost with the plan; target met without it"
    assert not line("lower", 0.0, [10.0, 12.0], [10.0, 12.0]).worse(1)


def test_what_weak_inputs_change_is_said_in_words(model: CityModel) -> None:
    both = {"taken": ("cool_roofs", "heat_pumps"), "dropped": ("led_street_lights",), "gain": 0.02}
    flips = [
        Flip("base_flood_level", "low", taken=("slow_streets",), gain=0.01),
        Flip("slow_streets_cost", "high", **both),
        Flip("slow_streets_cost", "low", **both),
    ]
    grouped = entry_pages.grouped(model, flips)
    assert [len(inputs) for _change, inputs in grouped] == [2, 1]
    change, inputs = grouped[0]
    assert change == (
        "The plan drops LED street lights; the plan takes Cool roofs and pavements, Heat pumps; it then spares 2% more."
    )
    assert inputs == ["30 km/h zones: cost (high end)", "30 km/h zones: cost (low end)"]


def test_the_strongest_chain_ends_at_the_headline_and_begins_at_the_action(model: CityModel) -> None:
    from caminos.planning.connect import connect

    found = connect(model, "street_trees", 2026, draws=0)
    shown = connections.chains(model, found)
    assert len(shown) >= 3
    for chain in shown:
        links = [(row.cells[0].text, row.cells[1].text) for row in chain.table.rows]
        assert links[0][0] == "Street trees, low-canopy streets first"
        assert links[-1][1] == chain.title
        assert all(one[1] == other[0] for one, other in itertools.pairwise(links))


def test_maps_show_no_zone_that_is_not_estimated(model: CityModel) -> None:
    for layer in zones.layers(model):
        assert layer.values
        assert all(0 <= value <= 1 for value in layer.values.values())
    flood = next(layer for layer in zones.layers(model) if "flooded" in layer.title)
    assert set(flood.beyond) == {"humaita"}
    assert len(flood.values) == 4


# charts


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_contrast_on_white() -> None:
    for colour in (*charts.COLOURS.values(), charts.GREY, "#545b66", "#1f55b5", "#00694b", "#a13d00"):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def test_ticks_cover_the_range_with_round_numbers() -> None:
    assert charts.ticks(0, 57) == [0, 20, 40, 60]
    assert charts.ticks(-0.15, 0)[0] <= -0.15
    assert charts.ticks(3, 3)[-1] >= 3
    for low, high in ((0, 1e-3), (0.2, 0.3), (-5, 1e6)):
        marks = charts.ticks(low, high)
        assert marks[0] <= low
        assert marks[-1] >= high
        assert len(marks) <= 8


def test_labels_do_not_cover_each_other() -> None:
    places = charts.apart([50, 51, 52, 180], 15, 10, 180)
    assert all(after - before >= 15 for before, after in itertools.pairwise(sorted(places)))
    assert max(places) <= 180


def test_classes_of_a_map_hold_every_value() -> None:
    values = [0.0, 0.0, 0.0, 0.02, 0.05, 0.4, 0.7]
    cuts = charts.breaks(values)
    assert cuts[0] == 0
    assert cuts[-1] >= 0.7
    assert charts.class_of(nan, cuts) is None
    assert [charts.class_of(value, cuts) for value in (0.0, 0.7)] == [0, len(cuts) - 1]
    assert charts.breaks([]) == []


def test_a_zone_keeps_its_place_and_its_hole() -> None:
    ring = shapely.box(0, 0, 2, 1).difference(shapely.box(0.5, 0.25, 1, 0.75))
    drawn = charts.outlines({"a": ring, "b": shapely.box(2, 0, 3, 1)})
    assert drawn.paths["a"].count("M") == 2
    assert drawn.centres["a"][0] < drawn.centres["b"][0]
    assert isfinite(drawn.height)
