"""Pages: one answer to a question, the same on the terminal, in the report and as JSON."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from math import inf, isnan, nan
from pathlib import Path
from time import perf_counter

import pytest
from city_files import city
from page_reading import parts as json_parts

from caminos import words
from caminos.city.package import read_city
from caminos.command.terminal import page_lines, wrap
from caminos.i18n import use_language
from caminos.model.indicator import PATHWAYS
from caminos.pages.connections import connections
from caminos.pages.diagnosis import diagnosis
from caminos.pages.entry import cards, entry, targets, verdict
from caminos.pages.entry import ranking as ranking_table
from caminos.pages.explanation import explanation
from caminos.pages.headlines import lines, way_cell
from caminos.pages.interaction import interaction
from caminos.pages.matrix import matrix
from caminos.pages.number import number
from caminos.pages.page import Cell, Chart, Page, Row, Sentence, Sentences, Table, lay, show, table
from caminos.pages.plan import plan_page
from caminos.pages.report import report
from caminos.pages.summary import summary
from caminos.pages.what_if import comparison, run
from caminos.pages.zones import zones
from caminos.planning.assessment import PlanError
from caminos.planning.city_model import Case, CityModel, Measure
from caminos.planning.diagnosis import diagnose
from caminos.planning.entry import Entry
from caminos.planning.entry import entry as rank
from caminos.planning.files import Asked, find_plan, plan_text, read_plan
from caminos.planning.portfolio import Plan, plan
from caminos.planning.results import ask
from caminos.problems import CaminosError
from caminos.reports.report import html

ROOT = Path(__file__).parents[1]
DRAWS = 8
KEPT = {"street_trees", "heat_action_plan", "flood_protection", "early_warning"}
TREES = Asked("trees", 2026, (Measure("street_trees", 2026),))
WARNING = Asked("warning", 2027, (Measure("early_warning", 2027, 0.5),))


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(scope="module")
def small() -> CityModel:
    """Porto Alegre with four actions to choose from, so that planning takes no time."""
    made = CityModel(read_city(ROOT / "cities" / "porto-alegre"))
    made.unavailable |= {name: ("left out",) for name in made.actions if name not in KEPT}
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> CityModel:
    """A made city of which little is known: people, money, area."""
    return CityModel(read_city(city(tmp_path_factory.mktemp("made") / "aldea")))


@pytest.fixture(scope="module")
def ranking(small: CityModel) -> Entry:
    return rank(small, 2026)


@pytest.fixture(scope="module")
def planned(small: CityModel) -> Plan:
    return plan(small, 8e6, 2026)


CITED = ("sources_table", "inputs", "records", "unreported", "spans")  # as the source says it
Ask = Callable[[CityModel, Entry, Plan], Page]
QUESTIONS: dict[str, Ask] = {
    "diagnosis": lambda model, _entry, _plan: diagnosis(model, DRAWS),
    "entry": lambda model, _entry, _plan: entry(model, 2026),
    "connections": lambda model, _entry, _plan: connections(model, "street_trees", 2026, DRAWS),
    "interaction": lambda model, _entry, _plan: interaction(model, "street_trees", "heat_action_plan", 2026, DRAWS),
    "matrix": lambda model, _entry, _plan: matrix(model, 2026),
    "plan": lambda model, _entry, found: plan_page(model, found),
    "number": lambda model, _entry, _plan: number(model, "energy_burden", draws=DRAWS),
    "by kind": lambda model, _entry, _plan: number(model, "emissions_by_sector", draws=DRAWS),
    "missing": lambda model, _entry, _plan: number(model, "green_access_share", draws=DRAWS),
    "explanation": lambda model, _entry, _plan: explanation(model, "heat_deaths", 2040, draws=DRAWS),
    "run": lambda model, _entry, _plan: run(model, TREES, DRAWS),
    "comparison": lambda model, _entry, _plan: comparison(model, [TREES, WARNING], DRAWS),
    "summary": lambda model, found, plan: summary(model, found, plan, [Path("out/plan.toml")], DRAWS),
    "report": lambda model, found, plan: report(model, plan, DRAWS, found),
}


@pytest.fixture(scope="module")
def pages(small: CityModel, ranking: Entry, planned: Plan) -> dict[str, Page]:
    """The page of every question."""
    use_language("en")
    return {name: ask_(small, ranking, planned) for name, ask_ in QUESTIONS.items()}


def names(page: Page) -> set[str]:
    """Every name, head and title of a page."""
    found = {page.title}
    for part in page.walk():
        found.add(part.title)
        if isinstance(part, Table):
            found |= {column.head for column in part.columns}
            found |= {cell.text for row in part.rows for cell in row.cells if cell.id and not cell.is_number}
    return found - {""}


# on the terminal


@pytest.mark.parametrize("wide", [80, 120])
@pytest.mark.parametrize("language", ["en", "es", "pt"])
@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "report"])
def test_nothing_is_wider_than_the_screen_and_nothing_is_cut(small, ranking, planned, question, language, wide):
    """Every word of every cell stands on the screen, whole numbers on one line."""
    use_language(language)
    page = QUESTIONS[question](small, ranking, planned)
    shown = [line.text for line in page_lines(page, wide)]
    assert max(map(len, shown)) <= wide
    assert not any("…" in line for line in shown)
    assert not any(re.search(r"\b(nan|inf|None)\b", line) for line in shown)
    text = "\n".join(shown)
    for part in (part for part in page.walk() if isinstance(part, Table) and not folded(page, part)):
        for row, cells in zip(part.rows, lay(part).rows, strict=True):
            for cell, item in zip(row.cells, cells, strict=True):
                if cell.is_number:
                    assert item.text.replace(words.NO_BREAK, " ") in text
                    assert item.range.replace(words.NO_BREAK, " ") in text, "a range is not broken"


def folded(page: Page, wanted: Table) -> bool:
    """Whether a table lies in a part that the terminal leaves to JSON and report."""
    for part in page.parts:
        inside = part is wanted or (isinstance(part, Chart) and part.table is wanted)
        within = isinstance(part, Page) and any(inner is wanted for inner in part.walk())
        if inside:
            return part.folded
        if within and isinstance(part, Page):
            return part.folded or folded(part, wanted)
    raise AssertionError("no such table")


def test_people_read_no_ids(pages):
    """Units and names are words; what must be typed (facts.csv, equations) stands in a column that says so."""
    for question, page in pages.items():
        for part in (part for part in page.walk() if isinstance(part, Table) and part.id not in CITED):
            typed = [place for place, column in enumerate(part.columns) if column.id in ("id", "layer")]
            for row in lay(part).rows:
                said = [
                    f"{item.amount} {item.range} {item.note}" for place, item in enumerate(row) if place not in typed
                ]
                found = [text for text in said if re.search(r"\b[a-z0-9]+_[a-z0-9_]+|person/yr|/yr\b", text)]
                assert found == [], (question, part.id)


def test_a_word_longer_than_a_line_is_broken_and_nothing_lost():
    assert wrap("a verylongwordindeed b", 8) == ["a", "verylong", "wordinde", "ed b"]
    assert "".join(wrap("x" * 50, 7)) == "x" * 50


def test_a_word_without_end_is_broken_in_no_time():
    """A name of 100,000 letters passes the check; no page may wait minutes for it."""
    began = perf_counter()
    found = wrap("x" * 100_000, 80)
    assert perf_counter() - began < 5
    assert "".join(found) == "x" * 100_000
    assert wrap("漢字", 1) == ["漢", "字"]


def test_a_table_that_is_too_wide_puts_each_row_on_lines_of_its_own():
    cells = [Cell(value=123456.0 + place, low=1e5, high=2e5, unit="person") for place in range(8)]
    wide = table([("name", "Name"), *((str(place), f"Column {place}") for place in range(8))], [[Cell("Row"), *cells]])
    shown = [line.text for line in page_lines(Page("Title", (wide,)), 80)]
    assert max(map(len, shown)) <= 80
    assert [line for line in shown if "Column 7" in line] == ["  Column 7: 123,000 people (100,000 to 200,000)"]


def test_a_row_on_lines_of_its_own_keeps_the_note_and_the_unit_of_its_name():
    """A number whose unit is left out is a wrong number: a note beside the name must not push the unit away."""
    heads = [("name", "Name"), *((str(place), f"Column {place}") for place in range(8))]
    cells = [Cell(value=2.34e8, low=1.23e8, high=3.45e8, unit="t CO2e/yr") for _place in range(8)]
    made = table(heads, [[Cell("Emissions", note="law of 2020"), *cells]], units="row")
    shown = [line.text for line in page_lines(Page("Title", (made,)), 80)]
    assert "Emissions (law of 2020; million t CO₂e/year)" in shown
    assert "  Column 7: 234 (123 to 345)" in shown


def test_a_unit_begins_on_the_line_of_the_word_before_it():
    assert wrap("t CO₂e/person/year", 10) == ["t CO₂e/", "person/", "year"]


def test_the_ranking_stands_in_columns_on_a_screen_of_80(small, ranking):
    """Place, action, worth, sureness, cost and reach of an action are compared down a column, not row by row."""
    for language in ("en", "es", "pt"):
        use_language(language)
        part = ranking_table(small, ranking)
        shown = [line.text for line in page_lines(Page("", (part,)), 80)]
        heads = [column.head for column in part.columns]
        assert not [line for line in shown if line.startswith(f"  {heads[2]}: ")]


def test_without_draws_nothing_says_how_sure_a_place_is(small):
    """One run is not a share of draws: 100% and 0% would be plausible and wrong."""
    page = entry(small, 2026, draws=0)
    found = {part.id: part for part in page.walk() if isinstance(part, Table)}
    for name, columns in (("ranking", ["first_five"]), ("sureness", ["first", "first_three", "first_five"])):
        places = [place for place, column in enumerate(found[name].columns) if column.id in columns]
        assert len(places) == len(columns)
        shown = {row.cells[place].value for row in found[name].rows for place in places}
        assert all(value is not None and isnan(value) for value in shown)
    drawn = entry(small, 2026, draws=50)
    (part,) = [part for part in drawn.walk() if part.id == "ranking"]
    assert isinstance(part, Table)
    five = [column.id for column in part.columns].index("first_five")
    assert all(0 <= (row.cells[five].value or 0.0) <= 1 for row in part.rows)
    said = [line.text for card in cards(small, rank(small, 2026, draws=0)) for line in sentences_of(card)]
    assert said
    assert not [text for text in said if "draws" in text]


def sentences_of(page: Page) -> list[Sentence]:
    return [line for part in page.walk() if isinstance(part, Sentences) for line in part.lines]


def test_a_headline_without_a_target_shows_no_way_to_one(small):
    """A bar and a goal line beside a dash would be a target that nobody set."""
    for line in lines(small, [TREES.case], 0):
        cell = way_cell(line)
        assert (cell.mark is None) == (not line.estimated or isnan(line.target)), line.name
        if cell.mark is None:
            assert cell.text == words.DASH


def test_a_distance_between_shares_is_in_percentage_points(small, ranking):
    """8 % of a shortfall and 8 percentage points are two things."""
    part = targets(small, ranking)
    assert isinstance(part, Table)
    columns = [column.id for column in part.columns]
    shares = [row for row in part.rows if row.cells[columns.index("shortfall")].unit == "share"]
    assert shares
    for row in shares:
        assert show(row.cells[columns.index("shortfall")]).unit == "percentage points"
        assert "%" in show(row.cells[columns.index("value")]).text


def test_what_a_city_left_out_of_its_facts_is_said_before_it_decides(small, bare, ranking):
    """A first place without one figure of the city's own says so in the verdict."""
    said = "No figure of the city's own stands behind this"
    assert not [line for line in verdict(small, ranking).lines if line.text.startswith(said)]
    assert isinstance(ranking, Entry)
    without = tuple(
        replace(item, why=tuple(replace(contrast, facts=()) for contrast in item.why)) for item in ranking.ranking
    )
    found = replace(ranking, ranking=without, verdict="first")
    assert [line for line in verdict(small, found).lines if line.text.startswith(said)]


def test_small_print_keeps_its_words_and_breaks_units_after_a_stroke():
    assert wrap("CO₂e/persona/año", 14) == ["CO₂e/persona/", "año"]
    note = f"2027{words.NO_BREAK}·{words.NO_BREAK}2030"
    heads = [("action", "Action"), *((str(place), "Column") for place in range(4))]
    cells = [Cell(value=123456.0 + place, low=1e5, high=2e5, unit="person", note="") for place in range(3)]
    row = [Cell("Street trees where there is little canopy"), Cell("2026", note=note), *cells]
    shown = [line.text for line in page_lines(Page("Title", (table(heads, [row]),)), 100)]
    assert any("2027 · 2030" in line for line in shown)


def test_a_table_in_which_words_would_stand_as_a_pillar_puts_each_row_on_lines_of_its_own():
    row = [Cell("name_of_an_input_with_a_long_id"), Cell("value"), Cell("word " * 120)]
    made = table([("id", "Id"), ("value", "Value"), ("source", "Source")], [row])
    shown = [line.text for line in page_lines(Page("Title", (made,)), 80)]
    assert "  Value: value" in shown


# in the report


def test_what_is_folded_on_the_terminal_is_folded_in_the_report():
    """Long lists of sentences are opened by whoever wants them."""
    names = Sentences(
        (Sentence("heat deaths, cold deaths"),), "Moved by less than 0.1%: 2 headlines", "unmoved", folded=True
    )
    document = html(Page("Title", (Page("Inner", (names,), "inner"),)))
    assert re.search(r"<details><summary>Moved by less than[^<]*</summary>.*heat deaths", document, re.DOTALL)
    shown = "\n".join(line.text for line in page_lines(Page("Title", (names,)), 80))
    assert "heat deaths" not in shown
    assert "2 headlines" in shown


def test_a_number_on_a_narrow_screen_keeps_the_unit_of_its_column():
    """There the head of the table is gone, and each number stands beside its own label."""
    rows = [[Cell("Shade"), Cell(value=3.28e9, unit="USD")], [Cell("Water"), Cell(value=5.05e8, unit="USD")]]
    document = html(Page("Title", (table([("action", "Action"), ("spared", "Welfare")], rows, units="column"),)))
    assert 'data-label="Welfare (million USD)"' in document


def test_every_name_on_a_page_stands_in_its_html(pages):
    for question, page in pages.items():
        text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html(page))).split())
        missing = [name for name in names(page) if " ".join(name.split()) not in text]
        assert missing == [], question


def test_the_report_says_what_the_terminal_says(pages):
    """A headline has one name, and one number, wherever it is shown."""
    terminal = "\n".join(line.text for line in page_lines(pages["diagnosis"], 120))
    text = unescape(re.sub(r"<[^>]+>", " ", html(pages["report"])))
    shared = {
        cell.text for cell in pages["diagnosis"].cells() if cell.id in {line.id for line in _headline_rows(pages)}
    }
    assert len(shared) > 35
    for name in shared:
        assert name in text
        assert all(word in terminal for word in name.split())
    assert "Pm25" not in terminal + text
    assert "PM2.5 concentration" in text


def _headline_rows(pages: dict[str, Page]) -> list[Row]:
    tables = [part for part in pages["diagnosis"].walk() if isinstance(part, Table) and "headlines_" in part.id]
    return [row for part in tables for row in part.rows]


# as JSON


def test_json_is_plain_and_complete(pages):
    for question, page in pages.items():
        found = json.loads(json.dumps(page.to_json(), allow_nan=False))
        assert (found["schema"], found["language"], found["part"]) == (1, "en", "page"), question
        cells = [
            cell
            for part in json_parts(found)
            if part["part"] == "table"
            for row in part["rows"]
            for cell in row["cells"].values()
        ]
        assert len([cell for cell in cells if "value" in cell]) == len(
            [
                cell
                for part in page.walk()
                if isinstance(part, Table)
                for row in part.rows
                for cell in row.cells
                if cell.is_number
            ]
        )
        for part in json_parts(found):
            if part["part"] == "table":
                assert all(set(row["cells"]) == {column["id"] for column in part["columns"]} for row in part["rows"])


def test_the_schema_of_the_docs_knows_every_key(pages):
    """docs/pages.md names every key that stands in the JSON of some page, and each of the cell's keys is used."""
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`([a-z_]+)`", text))
    keys: set[str] = set()
    cell_keys: set[str] = set()

    def walk(item: object, cells: bool = False) -> None:
        if isinstance(item, dict):
            (cell_keys if cells else keys).update(item)
            for key, value in item.items():
                if key == "cells":
                    for cell in value.values():
                        walk(cell, cells=True)
                elif key == "numbers":
                    for cell in value:
                        walk(cell, cells=True)
                elif key not in ("explain", "mark"):
                    walk(value)
        elif isinstance(item, list):
            for each in item:
                walk(each)

    for page in pages.values():
        walk(page.to_json())
    assert keys | cell_keys <= known
    of_cells = text[text.index("A cell leaves out") : text.index("The shapes of a map")]
    named = {
        key for row in re.findall(r"^\| (`.*?) \|", of_cells, re.MULTILINE) for key in re.findall(r"`([a-z]+)`", row)
    }
    assert named >= cell_keys
    assert named <= cell_keys, "no key is named that no page has"


def test_a_number_knows_the_question_that_explains_it(small, pages):
    """What `explain` answers is the number of the cell."""
    asked = 0
    for page in ("diagnosis", "number", "plan"):
        for cell in list(pages[page].cells())[:60]:
            question = cell.question
            if not question or cell.form or isnan(cell.value) or question.get("case"):
                continue
            values = ask(small, question.pop("name"), draws=0, **question)
            assert sum(value.value for value in values) == pytest.approx(cell.value), cell
            asked += 1
    assert asked > 25


def test_every_number_of_a_headline_carries_its_question(pages):
    for page in pages.values():
        for part in (
            part for part in page.walk() if isinstance(part, Table) and part.id.startswith(("headlines", "glance"))
        ):
            for row in part.rows:
                numbers = [
                    cell
                    for cell, column in zip(row.cells, part.columns, strict=True)
                    if cell.is_number and "target" not in column.id
                ]
                assert numbers
                assert all(cell.question["name"] == row.id for cell in numbers)


# what the pages say


def test_the_page_and_the_library_reduce_a_headline_alike(small):
    """`diagnose` of planning and the lines of the pages give the same numbers and ranges."""
    by_name = {line.headline.indicator: line for line in lines(small, draws=DRAWS)}
    compared = 0
    for standing in diagnose(small, DRAWS):
        line = by_name[standing.headline.indicator]
        if not line.estimated:
            continue
        last = standing.values[-1]
        assert line.cases[0].at(-1)[0] == pytest.approx(last.value, nan_ok=True)
        assert line.target == pytest.approx(standing.target, nan_ok=True)
        assert (line.quality, line.caveats) == (standing.quality, standing.caveats)
        compared += 1
    assert compared > 35


def test_a_city_of_which_little_is_known_says_so_on_every_page(bare):
    """No zero and no dash stands for what is not estimated; each says what it lacks."""
    page = diagnosis(bare, 0)
    missing = [cell for cell in page.cells() if cell.is_number and isnan(cell.value) and cell.node]
    lacking = [part for part in page.walk() if isinstance(part, Table) and part.id.startswith("lacking_")]
    assert sum(len(part.rows) for part in lacking) > 10
    assert all(row.cells[1].text for part in lacking for row in part.rows)
    assert all(cell.text for cell in missing)
    answer = number(bare, "heat_deaths", draws=0)
    assert not [cell for cell in answer.cells() if cell.is_number and not isnan(cell.value)]
    (reason,) = {cell.reason for cell in answer.cells() if cell.is_number}
    assert reason.startswith("not estimated: there is no value for ")
    assert zones(bare) is None
    document = html(report(bare, None, 0))
    assert "not estimated" in document
    assert all(words.pathway_name(pathway) in document for pathway in PATHWAYS)


def test_what_if_shows_what_a_plan_moves_and_names_the_rest(pages, small):
    page = pages["run"]
    moved = next(part for part in page.walk() if part.id == "moved")
    assert isinstance(moved, Table)
    assert {"canopy_cover", "heat_deaths"} <= {row.id for row in moved.rows}
    rest = next(part for part in page.walk() if part.id == "unmoved")
    assert isinstance(rest, Sentences)
    assert "waste recovery rate" in rest.lines[0].text
    value = ask(small, "canopy_cover", case=TREES.case, draws=0)[0].value
    canopy = next(row for row in moved.rows if row.id == "canopy_cover")
    assert canopy.cells[2].value == pytest.approx(value)


@pytest.mark.parametrize("question", ["run", "plan", "comparison", "report"])
def test_what_a_plan_changes_has_a_range_and_says_how_often_it_is_better(pages, question):
    changed = next(part for part in pages[question].walk() if part.id == "changes")
    assert isinstance(changed, Table)
    assert {"canopy_cover", "heat_deaths"} <= {row.id for row in changed.rows}
    deaths = next(row for row in changed.rows if row.id == "heat_deaths")
    change, better = deaths.cells[1:3]
    assert change.value is not None
    assert change.low <= change.high <= 0
    assert change.low < change.value < 0, "the range is that of the difference"
    assert (better.form, better.tone, better.value) == ("draws", "good", 1.0)
    assert show(better).text == "100% of draws"


def test_the_widest_reach_is_told_only_where_it_is_wider(small):
    """An action that moves as many pathways as a leader does has not the wider reach."""
    found = rank(small, 2026, draws=0)
    leader, other = found.ranking[0], found.ranking[-1]
    for reach, said in ((leader.reach, False), (leader.reach + 1, True)):
        ranking = (*found.ranking[:-1], replace(other, reach=reach))
        told = replace(found, ranking=ranking, widest=other.action, leaders=(leader.action,))
        assert any("Widest reach" in line.text for line in verdict(small, told).lines) is said


def test_plans_of_the_same_name_stay_apart(small):
    page = comparison(small, [TREES, Asked("trees", 2030, (Measure("street_trees", 2030),))], 0)
    totals = next(part for part in page.walk() if part.id == "totals")
    assert isinstance(totals, Table)
    assert [column.head for column in totals.columns[1:]] == ["trees (1)", "trees (2)"]


# numbers


def test_numbers_of_a_row_share_their_scale():
    row = [Cell("Money"), Cell(value=2.5e6, unit="USD/yr"), Cell(value=4e5, unit="USD/yr", low=1e5, high=9e5)]
    laid = lay(table([("a", ""), ("b", ""), ("c", "")], [row], units="row"))
    assert laid.row_units == ("million USD/year",)
    assert [item.amount for item in laid.rows[0]] == ["Money", "2.5", "0.4"]
    assert laid.rows[0][2].range == "0.1 to 0.9"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(value=0.0123, unit="share", form="change"), "+1.23\u00a0percentage points"),
        (Cell(value=-3.0, unit="yr", form="change"), "−3\u00a0years"),
        (Cell(value=2043.4, unit="yr"), "2043"),
        (Cell(value=inf, unit="yr"), "after 2050"),
        (Cell(value=nan, unit="person", text="not estimated", reason="why"), "not estimated"),
        (Cell(value=5e7, unit="USD"), "USD\u00a050\u00a0million"),
        (Cell(value=0.001, form="ratio"), "0"),
        (Cell(value=0.313, form="part"), "31.3%"),
        (Cell(value=0.082, unit="share", form="points"), "8.2\u00a0percentage points"),
        (Cell(value=537000.0, unit="USD"), "USD\u00a0537,000"),
        (Cell(value=-0.0004, unit="share", form="relative"), "≈0%"),
        (Cell(value=0.5, unit="1/yr"), "0.5\u00a0per year"),
    ],
)
def test_a_number_is_written_in_one_way(cell, text):
    assert show(cell).amount == text


def test_units_read_as_words_in_every_language(small):
    """No unit of the model is shown as an id: every name in it is a word or a symbol of the SI."""
    units = {node.unit for node in small.graph.nodes.values()} | {action.size_unit for action in small.actions.values()}
    ids = (
        r"\b(person|yr|household|vehicle|charger|delta_degC|degC|hundred_thousand_people|CO2e?|CH4|N2O|m2|m3|km2|ug)\b"
    )
    for unit in units:
        assert not re.search(
            ids.replace("person|", "").replace("household|vehicle|charger|", ""), words.unit_name(unit)
        ), unit
    for language in ("es", "pt"):
        use_language(language)
        assert [words.unit_name(unit) for unit in units if re.search(ids, words.unit_name(unit))] == []
    use_language("es")
    assert words.unit_name("person/yr") == "personas/año"


# plans as files


def test_a_plan_that_was_written_is_read_as_it_was(small, planned):
    found = read_plan(small, plan_text(small, planned), "plan.toml", "plan")
    assert found.start == planned.start
    assert [(m.action, m.start) for m in found.measures] == [(m.action, m.start) for m in planned.measures]
    assert [m.scale for m in found.measures] == pytest.approx([m.scale for m in planned.measures])


WRONG_PLANS = [
    ("", ["plan.toml: a plan needs one [[measures]] or more."]),
    ("measures = 3", ["a plan needs one [[measures]]"]),
    ("measures = [1]", ["measures 1: this must be a table"]),
    ("= 3", ["plan.toml: this is not TOML"]),
    ("a = " + "[" * 5000, ["this is not TOML"]),
    ("a = " + "9" * 5000, ["this is not TOML"]),
    ("titel = 'x'\n[[measures]]\naction = 'street_trees'\nstart = 2026", ["there is no setting titel"]),
    ("name = 3\n[[measures]]\naction = 'street_trees'\nstart = 2026", ["name must be a text"]),
    ("start = 1999\n[[measures]]\naction = 'street_trees'\nstart = 2026", ["start: the first year must be"]),
    (
        "[[measures]]\naction = 'stret_trees'\nstart = true\nscale = 2\nwhere = 'x'",
        ["measures 1", "Did you mean street_trees", "first year must be", "scale must be", "no setting where"],
    ),
    ("[[measures]]\naction = 'street_trees'\nstart = 2051", ["first year must be a whole number from 2022 to 2049"]),
    ("[[measures]]\naction = 'street_trees'\nstart = 2026\nscale = nan", ["scale must be a number above 0"]),
    ("[[measures]]\naction = 'street_trees'\nstart = 2026\nscale = 1e-9", ["needs a scale of at least"]),
    ("[[measures]]\nstart = 2026", ["There is no action"]),
    ("[[measures]]\naction = 'cool_roofs'\nstart = 2026", ["missing: left out"]),
    ("[[measures]]\naction = 'street_trees'\nstart = 2026\n" * 2, ["the scales of street_trees add up to more than 1"]),
]


@pytest.mark.parametrize(("text", "said"), WRONG_PLANS, ids=range(len(WRONG_PLANS)))
def test_a_plan_that_is_wrong_is_refused_with_every_fault(small, text, said):
    with pytest.raises(PlanError) as refused:
        read_plan(small, text, "plan.toml", "plan")
    assert all(part in str(refused.value) for part in said), refused.value
    assert all("plan.toml" in line for line in str(refused.value).splitlines())


def test_actions_that_need_or_exclude_each_other_are_said(small):
    """As actions.csv has it: each that needs another is refused without it."""
    whole = CityModel(small.city)
    needy = next(action for action in whole.available if action.needs)
    whole.actions["street_trees"] = replace(whole.actions["street_trees"], excludes=("early_warning",))
    with pytest.raises(PlanError, match=f"{needy.id} needs {needy.needs[0]}"):
        read_plan(whole, f"[[measures]]\naction = '{needy.id}'\nstart = 2026", "plan.toml", "plan")
    both = "".join(f"[[measures]]\naction = '{name}'\nstart = 2026\n" for name in ("street_trees", "early_warning"))
    with pytest.raises(PlanError, match="street_trees excludes early_warning"):
        read_plan(whole, both, "plan.toml", "plan")


def test_a_plan_of_the_city_is_found_by_its_name(tmp_path):
    folder = tmp_path / "porto"
    shutil.copytree(ROOT / "cities" / "porto-alegre", folder)
    model = CityModel(read_city(folder))
    action = model.available[0].id
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / "first.toml").write_text(f"[[measures]]\naction = '{action}'\nstart = 2027\n", encoding="utf-8")
    found = find_plan(model, "first")
    assert (found.name, found.start, found.case) == ("first", 2027, Case("first", (Measure(action, 2027),)))
    assert find_plan(model, str(folder / "plans" / "first.toml")) == found
    for name in ("second", "../plans/first", "/etc/passwd.toml", ""):
        with pytest.raises(PlanError, match=r"There is no plan .*first"):
            find_plan(model, name)


# plans with conditions


def test_what_is_required_is_in_the_plan_and_what_is_excluded_is_not(small, planned):
    free = {measure.action for measure in planned.measures}
    dropped = min(free)
    wanted = next((name for name in KEPT if name not in free), "street_trees")
    found = plan(small, 8e6, 2026, sensitivity=False, require=[wanted], exclude=[dropped])
    taken = {measure.action: measure.scale for measure in found.measures}
    assert wanted in taken
    assert taken[wanted] >= small.actions[wanted].minimum_scale - 1e-4
    assert dropped not in taken
    assert max(found.public_spending) <= 8e6 * (1 + 1e-6)
    assert found.objective <= planned.objective + 1e-6, "conditions never make the best plan better"
    assert (found.required, found.excluded) == ((wanted,), (dropped,))
    again = read_plan(small, plan_text(small, found), "plan.toml", "plan")
    assert {measure.action for measure in again.measures} == set(taken)
    shown = [line.text for line in page_lines(plan_page(small, found), 80)]
    assert any(line.startswith("Required: ") for line in shown)


def test_an_action_is_required_by_its_number_too(small):
    number_of = small.actions["street_trees"].number
    found = plan(small, 8e6, 2026, sensitivity=False, require=[str(number_of)])
    assert "street_trees" in {measure.action for measure in found.measures}


@pytest.mark.parametrize(
    ("budget", "require", "exclude", "said"),
    [
        (8e6, ["stret_trees"], [], "Did you mean street_trees"),
        (8e6, [], ["stret_trees"], "Did you mean street_trees"),
        (8e6, ["cool_roofs"], [], "cannot be estimated"),
        (8e6, ["street_trees"], ["street_trees"], "both required and excluded"),
        (8e6, [], sorted(KEPT), "Every action that can be estimated is excluded"),
        (1e5, ["flood_protection"], [], r"holds all that is required: Flood walls"),
    ],
)
def test_conditions_that_cannot_be_met_are_said(small, budget, require, exclude, said):
    with pytest.raises(CaminosError, match=said):
        plan(small, budget, 2026, sensitivity=False, require=require, exclude=exclude)


def test_a_headline_known_in_part_names_the_figure_that_lacks_a_kind(small):
    """A reason leads somewhere: to the fact that is known for some fuels only, not back to the headline."""
    facts = tuple(
        replace(fact, value=nan, notation="NE") if (fact.name, fact.kind) == ("road_fuel_energy", "gasoline") else fact
        for fact in small.city.facts
    )
    found = {line.headline.indicator: line for line in lines(CityModel(replace(small.city, facts=facts)), draws=0)}
    assert found["transport_energy"].missing == ("base_road_fuel_energy",)
    assert "base_road_fuel_energy" in found["carbon_budget_exhaustion_year"].missing
