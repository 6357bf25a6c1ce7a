"""The front door from Python: the same answers as the terminal, under the names that people read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import caminos
from caminos import analyst
from caminos.actions.library import library
from caminos.analyst import OpenCity, shown
from caminos.command import cli
from caminos.i18n import LANGUAGES, speaking, use_language
from caminos.pages.number import number
from caminos.planning import many
from caminos.planning.city_model import CityModel
from caminos.planning.names import folded, name_of, node_named

ROOT = Path(__file__).parents[1]
PEOPLE = 1_332_845  # IBGE, Censo 2022
TREES = caminos.Case("trees", [caminos.Measure("street_trees", 2026)])
BASELINE = caminos.Case("baseline")


@pytest.fixture(scope="module")
def city(porto_alegre) -> OpenCity:
    return OpenCity(porto_alegre)


@pytest.fixture(scope="module")
def guadalajara() -> OpenCity:
    return caminos.open("guadalajara")


@pytest.fixture(scope="module")
def results(city):
    targets = ["heat_deaths", "transport_energy", "green_access_share", "carbon_budget_exhaustion_year"]
    return city.run([BASELINE, TREES], targets, draws=16)


def terminal(monkeypatch, capsys, *words: str) -> str:
    """What the command prints."""
    monkeypatch.setattr(sys, "argv", ["caminos", *words])
    with pytest.raises(SystemExit):
        cli.main()
    use_language("en")
    return capsys.readouterr().out


# the door itself


def test_importing_costs_nothing():
    code = "import sys, caminos; caminos.CaminosError; print('numpy' in sys.modules, 'caminos.analyst' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_everything_offered_is_there_and_nothing_else():
    assert {"open", "Cities", "Case", "Measure", "diagnose", "entry", "connect", "plan", "explain", "compare"} <= set(
        dir(caminos)
    )
    assert all(getattr(caminos, name) for name in caminos.__all__)
    with pytest.raises(AttributeError, match="shut"):
        caminos.shut  # noqa: B018


def test_a_clone_that_is_not_installed_has_a_version_too(monkeypatch):
    from importlib import metadata

    def missing(_name: str) -> str:
        raise metadata.PackageNotFoundError

    assert caminos.__version__
    monkeypatch.setattr(metadata, "version", missing)
    assert caminos._version().startswith("0+")


def test_types_ship():
    assert (Path(caminos.__file__).parent / "py.typed").is_file()


# the same answers as at the terminal


@pytest.mark.parametrize(
    ("words", "ask"),
    [
        (["get", "porto-alegre", "Heat deaths", "--year", "2050"], lambda c: c.get("Heat deaths", year=2050)),
        (
            ["explain", "porto-alegre", "canopy_cover", "--year", "2030"],
            lambda c: c.explain("canopy_cover", year=2030),
        ),
        (
            ["get", "porto-alegre", "heat_deaths", "--year", "2050", "--action", "street_trees"],
            lambda c: c.get("heat_deaths", year=2050, case=replace_name(TREES, "street_trees")),
        ),
        (["connect", "porto-alegre", "20", "--draws", "8"], lambda c: c.connect(20, draws=8)),
        (
            ["connect", "porto-alegre", "20", "cool_roofs", "--draws", "8"],
            lambda c: c.connect(20, "Cool roofs and pavements", draws=8),
        ),
        (["diagnose", "porto-alegre", "--draws", "8"], lambda c: c.diagnose(draws=8)),
    ],
)
def test_an_answer_is_that_of_the_terminal(city, monkeypatch, capsys, words, ask):
    printed = terminal(monkeypatch, capsys, *words, "--json")
    assert json.loads(json.dumps(ask(city).to_json())) == json.loads(printed)


def replace_name(case: caminos.Case, name: str) -> caminos.Case:
    return replace(case, name=name)


def test_plans_of_files_and_cases_compare_as_at_the_terminal(city, monkeypatch, capsys, tmp_path):
    text = '[[measures]]\naction = "street_trees"\nstart = 2026\n'
    (tmp_path / "trees.toml").write_text(text, encoding="utf-8")
    (tmp_path / "roofs.toml").write_text(text.replace("street_trees", "cool_roofs"), encoding="utf-8")
    files = [str(tmp_path / name) for name in ("trees.toml", "roofs.toml")]
    roofs = caminos.Case("roofs", [caminos.Measure("cool_roofs", 2026)])
    printed = json.loads(terminal(monkeypatch, capsys, "compare", "porto-alegre", *files, "--draws", "8", "--json"))
    assert json.loads(json.dumps(city.compare([TREES, roofs], draws=8).to_json())) == printed
    alone = json.loads(
        terminal(monkeypatch, capsys, "run", "porto-alegre", "--plan", files[0], "--draws", "8", "--json")
    )
    assert json.loads(json.dumps(city.compare(files[0], draws=8).to_json())) == alone


def test_a_plan_is_compared_and_run_by_its_page(city):
    model = CityModel(city.city)
    kept = {"street_trees", "heat_action_plan", "early_warning"}
    model.unavailable |= {name: ("left out",) for name in model.actions if name not in kept}
    few = OpenCity(model)
    page = few.plan("8e6 USD2023", sensitivity=False)
    assert {measure.action for measure in page.answer.measures} <= kept
    assert page.answer.budget == 8e6
    assert few.compare(page, draws=0).id == "run"
    with pytest.raises(caminos.CaminosError, match="holds no plan"):
        few.compare(few.get("population"))
    with pytest.raises(caminos.CaminosError, match="not a budget"):
        few.plan("much")


# names


def test_the_people_of_the_census_under_every_name(city):
    for name in ("population", "Population", "Población", "POPULACAO", "base_population"):
        value = city.get(name, draws=0, **({} if name.startswith("base") else {"year": 2022}))
        assert [cell.value for cell in value.cells() if cell.is_number] == [PEOPLE], name
    assert city.run(targets="Población", draws=0).values("população")[0, 0] == PEOPLE


@pytest.mark.parametrize(
    "action",
    [
        "street_trees",
        "20",
        "Street trees, low-canopy streets first",
        "Árboles de calle, primero donde hay menos copa",
        "arvores de rua primeiro onde ha menos copa",
    ],
)
def test_an_action_is_known_by_id_number_and_name(city, action):
    case = city.case(caminos.Case("x", [caminos.Measure(action, 2026)]))
    assert case.measures == (caminos.Measure("street_trees", 2026),)


def test_a_name_of_the_screen_leads_back_to_what_it_names(city):
    """In every language; of a fact and the trajectory that begins with it, to the trajectory."""
    nodes = tuple(city.model.graph.nodes)
    for spoken in LANGUAGES:
        with speaking(spoken):
            for node in nodes:
                found = node_named(name_of(node), nodes)
                assert folded(name_of(found)) == folded(name_of(node)), (spoken, node, found)
    assert node_named("PM2.5 deaths", nodes) == "pm25_deaths"
    assert node_named("Canopy cover", nodes) == "canopy_cover"


def test_a_name_of_one_language_means_nothing_else_in_another(city):
    nodes = tuple(city.model.graph.nodes)
    names = {}
    for spoken in LANGUAGES:
        with speaking(spoken):
            names[spoken] = {folded(name_of(node)): node_named(name_of(node), nodes) for node in nodes}
    for one in LANGUAGES:
        for other in LANGUAGES:
            both = names[one].keys() & names[other].keys()
            assert {name: names[one][name] for name in both} == {name: names[other][name] for name in both}


def test_wrong_names_are_answered_with_the_nearest(city, results):
    for wrong in (
        lambda: city.get("heat deths"),
        lambda: city.run(targets="Heat deths"),
        lambda: city.explain("Muertes por calr"),
        lambda: results["heat_deths"],
    ):
        with pytest.raises(caminos.CaminosError, match=r"Did you mean heat_deaths") as found:
            wrong()
        assert isinstance(found.value, KeyError)
        assert not str(found.value).startswith("'")
    with pytest.raises(caminos.CaminosError, match="Did you mean street_trees"):
        city.connect("Street treees")
    with pytest.raises(caminos.CaminosError, match="porto-alegre"):
        caminos.open("atlantis")
    assert "nothing" not in results
    assert results.get("nothing") is None


def test_everything_wrong_with_a_case_is_said_at_once(city):
    wrong = caminos.Case("odd", [caminos.Measure("street_tree", 1990, 4.0)])
    with pytest.raises(caminos.CaminosError) as found:
        city.run(wrong)
    assert "street_trees" in str(found.value)
    assert "2022" in str(found.value)
    assert "scale" in str(found.value)


def test_measures_are_taken_from_lists_and_stay_as_they_were():
    given = [caminos.Measure("street_trees", 2026)]
    case = caminos.Case("trees", given)
    given.clear()
    assert case == TREES
    assert hash(case) == hash(TREES)


# results


def test_results_are_those_of_the_answers(city, results):
    for case in (BASELINE, TREES):
        page = number(city.model, "heat_deaths", 2040, case=case, draws=16)
        cell = next(cell for cell in page.cells() if cell.is_number)
        assert results["Heat deaths"].at(case=case.name, year=2040) == (cell.value, cell.low, cell.high)
    assert results["heat_deaths"].unit == "person/yr"
    with pytest.raises(caminos.CaminosError, match="needs a year"):
        results["heat_deaths"].at(case="trees")
    with pytest.raises(caminos.CaminosError, match="does not differ by zone"):
        results["heat_deaths"].at(case="trees", year=2040, zone="centro")


def test_without_draws_there_is_no_range(city):
    value, low, high = city.run(targets="heat_deaths", draws=0)["heat_deaths"].at(year=2040)
    assert value > 0
    assert np.isnan(low)
    assert np.isnan(high)


def test_the_table_is_tidy(city, results):
    pd = pytest.importorskip("pandas")
    frame = results.to_frame()
    assert list(frame.columns) == [
        "name", "case", "city", "year", "zone", "group", "kind", "value", "low", "high", "unit", "missing"
    ]  # fmt: skip
    assert not frame.duplicated(["name", "case", "city", "year", "zone", "group", "kind"]).any()
    row = frame[
        (frame.name == "transport_energy") & (frame.case == "trees") & (frame.year == 2030) & (frame.kind == "bus")
    ]
    assert (row.value.item(), row.low.item(), row.high.item()) == results["transport_energy"].at(
        case="trees", year=2030, kind="bus"
    )
    lacking = frame[frame.name == "green_access_share"]
    assert len(lacking) == 2, "one row for each case that is not estimated"
    assert lacking.value.isna().all()
    assert lacking.year.isna().all()
    assert set(lacking.missing) == {"base_green_access_share"}
    assert (frame[frame.value.notna()].missing == "").all()
    assert set(frame.city) == {"porto-alegre"}
    assert frame[frame.name == "carbon_budget_exhaustion_year"].year.isna().all()
    assert pd.api.types.is_integer_dtype(frame.year)


def test_the_dataset_holds_draws_under_their_labels(results):
    xr = pytest.importorskip("xarray")
    data = results.to_xarray()
    assert data["heat_deaths"].dims == ("case", "draw", "year")
    assert data["heat_deaths"].attrs["units"] == "person/yr"
    assert data["green_access_share"].attrs["missing"] == "base_green_access_share"
    assert data["heat_deaths"].sel(case="trees", year=2050).shape == (16,)
    numbers = results["transport_energy"]
    own = numbers.to_xarray(central=True)
    assert (
        own.sel(case="baseline", year=2030, kind="bus").item() == numbers.at(case="baseline", year=2030, kind="bus")[0]
    )
    assert tuple(own.kind.values) == numbers.axes["kind"]
    assert data["city"].item() == "porto-alegre"
    assert xr.Dataset.from_dict(data.to_dict()).identical(data)


def test_draws_are_the_same_for_every_case(results):
    draws = results["heat_deaths"].draws
    assert draws.shape == (2, 16, 29)
    assert (draws[1, :, -1] < draws[0, :, -1]).all(), "trees cool in every draw"


@pytest.mark.parametrize("library", ["pandas", "xarray"])
def test_a_library_that_is_missing_is_named(results, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(caminos.CaminosError, match=f"pip install {library}"):
        results.to_frame() if library == "pandas" else results.to_xarray()


# many cities


def test_cities_together_are_as_each_alone(city, guadalajara):
    together = caminos.Cities(["porto-alegre", ROOT / "cities" / "guadalajara"])
    targets = ["heat_deaths", "emissions_per_person", "transport_energy"]
    found = together.run([BASELINE, TREES], targets, draws=8)
    for one in (city, guadalajara):
        alone = one.run([BASELINE, TREES], targets, draws=8)
        for name in targets:
            for case in ("baseline", "trees"):
                place = {"case": case, "year": 2040} | ({"kind": "bus"} if name == "transport_energy" else {})
                expected = alone[name].at(**place)
                assert found[name].at(city=one.city.id, **place) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert found["heat_deaths"].missing[("guadalajara", "trees")] == ("base_heat_degree_days", "base_heat_days")
    assert list(together) == ["porto-alegre", "guadalajara"]
    assert together["guadalajara"].city.country == "MEX"
    with pytest.raises(KeyError, match="Did you mean guadalajara"):
        together["guadalahara"]


def test_very_many_cities_are_answered_in_blocks_and_one_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    """The same numbers as together; a block holds one city here."""
    (tmp_path / "city.toml").write_text("", encoding="utf-8")
    sources = ["porto-alegre", "guadalajara"]
    together = caminos.Cities(sources).run([BASELINE, TREES], ["emissions_per_person", "heat_deaths"], draws=8)
    monkeypatch.setattr(analyst, "AT_ONCE", 1)
    monkeypatch.setattr(many, "AT_ONCE", 1)
    blocks = caminos.Cities([*sources, tmp_path]).run(
        [BASELINE, TREES], ["Emissions per person", "heat_deaths"], draws=8, processes=1
    )
    assert set(blocks.unread) == {str(tmp_path)}
    assert blocks.cities == together.cities
    for name in together:
        one, other = together[name], blocks[name]
        for what in ("values", "low", "high"):
            np.testing.assert_allclose(getattr(one, what), getattr(other, what), rtol=1e-12)
        assert one.axes == other.axes
        assert one.missing == other.missing


def test_cities_are_one_table(guadalajara):
    pytest.importorskip("pandas")
    frame = caminos.Cities(["porto-alegre", "guadalajara"]).run(targets="heat_deaths").to_frame()
    assert frame[(frame.city == "porto-alegre") & (frame.year == 2040)].value.notna().all()
    assert frame[frame.city == "guadalajara"].missing.tolist() == ["base_heat_degree_days, base_heat_days"]


# what is shown


def test_lists_are_whole_in_their_table_and_short_on_the_screen(city):
    for listed in (city.headlines, city.indicators, city.facts, city.parameters, city.actions, city.levers):
        assert 100 < len(repr(listed)) < 10_000
        assert len(listed._repr_html_()) < 60_000
        assert max(map(len, repr(listed).splitlines())) <= 80
    assert len(city.actions.rows) == len(library())
    assert len(city.facts.rows) == len(city.city.facts)
    pytest.importorskip("pandas")
    facts = city.facts.to_frame()
    people = facts[(facts["name"] == "population") & (facts.zone == "") & (facts.year == 2022)]
    assert people.value.tolist() == [PEOPLE]
    assert people.unit.tolist() == ["person"]


def test_big_things_have_short_names(city, results):
    for thing in (city, city.city, city.model, results, results["heat_deaths"], caminos.Cities(["porto-alegre"])):
        assert len(repr(thing)) < 250, type(thing)
    assert "Porto Alegre" in repr(city.model)
    assert "BRA" in repr(city.city)
    assert "2022" in repr(city)


def test_a_page_in_a_notebook_is_a_harmless_part_with_its_own_style(city):
    evil = OpenCity(CityModel(replace(city.city, name='<script>alert("x")</script>\x1b[31m')))
    page = evil.connect("street_trees", draws=0)
    html = page._repr_html_()
    assert html.startswith('<div class="caminos"')
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in repr(page)
    style = html.split("<style>")[1].split("</style>")[0]
    assert style.startswith(".caminos {")
    assert ":root" not in style
    assert "\nbody" not in style
    depth = np.cumsum([(letter == "{") - (letter == "}") for letter in style.strip()])
    assert depth[-1] == 0
    assert (depth[style.index("{") : -1] > 0).all(), "nothing stands outside"


def test_a_page_prints_as_at_the_terminal(city, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    printed = terminal(monkeypatch, capsys, "get", "porto-alegre", "heat_deaths", "--year", "2050")
    assert repr(city.get("heat_deaths", year=2050)) == printed.rstrip("\n")


def test_the_tables_of_a_page_are_reached_by_id(city):
    page = city.diagnose(draws=0)
    assert page["headlines_nature"].rows
    with pytest.raises(KeyError, match="headlines_nature"):
        page["headline"]
    assert shown(page).parts == page.parts


def test_the_language_in_use_is_that_of_the_answer(city):
    with speaking("es"):
        assert "Muertes por calor" in repr(city.get("Heat deaths", year=2050))


def test_a_name_of_the_screen_works_at_the_terminal(monkeypatch, capsys):
    printed = terminal(monkeypatch, capsys, "get", "porto-alegre", "muertes por calor", "--year", "2050", "--json")
    assert json.loads(printed)["parts"][0]["rows"][0]["cells"]["value"]["explain"]["name"] == "heat_deaths"


def test_nothing_to_compare_is_said(city):
    """No case and no plan is an error in words; one name is one city, not its letters."""
    for ask in (lambda: city.run([]), lambda: city.run("street trees"), lambda: city.compare([])):
        with pytest.raises(caminos.CaminosError, match="Give one"):
            ask()
    assert len(caminos.Cities("porto-alegre")) == 1


@pytest.mark.parametrize("wrong", [2.5, -3, "many"])
def test_draws_that_are_no_count_are_refused_in_a_sentence(city, wrong):
    for ask in (city.diagnose, lambda draws: city.run(draws=draws), lambda draws: city.get("heat_deaths", draws=draws)):
        with pytest.raises(caminos.CaminosError, match="draws"):
            ask(draws=wrong)


@pytest.mark.parametrize("wrong", [3, ["heat_deaths", 3]])
def test_targets_that_are_no_names_are_refused_in_a_sentence(city, wrong):
    with pytest.raises(caminos.CaminosError, match="nothing called"):
        city.run(targets=wrong)
