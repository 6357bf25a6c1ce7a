"""The commands from end to end: help, JSON, languages, exit codes, and what they say to bad input."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from city_files import FACTS, SETTINGS, city, fact, square
from page_reading import numbers, parts, row_of, table, value_of

from caminos.actions.library import library
from caminos.command import cli
from caminos.i18n import use_language
from caminos.planning.city_model import CityModel

ROOT = Path(__file__).parents[1]
COMMANDS = ("new", "check", "diagnose", "entry", "connect", "plan", "run", "compare", "explain", "get", "layers", "map",
            "report", "example", "demo")  # fmt: skip
PA = "porto-alegre"
KEPT = {"street_trees", "heat_action_plan", "flood_protection", "flood_retreat", "early_warning"}


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture(scope="module")
def small(porto_alegre) -> CityModel:
    """Porto Alegre with five actions to choose from, so that planning takes no time."""
    return only(porto_alegre, KEPT)


def only(model: CityModel, kept: set[str]) -> CityModel:
    made = CityModel(model.city)
    made.unavailable |= {name: ("left out",) for name in made.actions if name not in kept}
    return made


@pytest.fixture
def call(small, monkeypatch, capsys, tmp_path) -> Iterator[Call]:
    """The real command in this process: any exception but an exit would be a traceback."""
    read = cli.open_model
    monkeypatch.setattr(cli, "open_model", lambda name: small if name == PA else read(name))
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["caminos", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    yield run
    use_language("en")


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def flat(text: str) -> str:
    """Text without line breaks, which depend on the width of the screen."""
    return " ".join(text.split())


# help


@pytest.mark.parametrize("language", ["en", "es", "pt"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_three_languages(call, command, language):
    said = call(command, "--help", "--lang", language)
    assert said.code == 0
    assert said.err == ""
    assert f"caminos {command}" in said.out
    assert "--json" in said.out
    word = {"en": "Print JSON", "es": "Imprime|Imprimir|Muestra|Escribe", "pt": "Imprime|Imprimir|Mostra|Escreve"}
    assert re.search(word[language], flat(said.out.replace("│", " "))), said.out


def test_the_help_lists_every_command_and_the_exit_codes(call):
    said = call("--help")
    assert said.code == 0
    assert all(re.search(rf"\b{command}\b", said.out) for command in COMMANDS)
    assert all(f" {code} " in said.out for code in range(4))
    assert set(COMMANDS) <= set(re.findall(r"\w+", call().out)), "no command: help"
    spanish = call("--lang", "es", "--help")
    assert spanish.code == 0, "the language may be said before the command"
    assert "Planificación" in spanish.out


# JSON


def the_json(said: Said) -> object:
    assert said.code == 0, said.err
    return json.loads(said.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_check_as_json(call):
    page = the_json(call("check", PA, "--json"))
    found = table(page, "problems")
    assert set(found[0]["cells"]) == {"severity", "place", "message"}
    assert all(row["cells"]["severity"]["id"] != "error" for row in found)
    assert numbers(page)["errors"]["value"] == 0
    assert numbers(page)["warnings"]["value"] == len(found)


def test_diagnose_as_json(call):
    found = the_json(call("diagnose", PA, "--json", "--draws", 16))
    assert (found["part"], found["id"], found["city"], found["language"]) == ("page", "diagnosis", PA, "en")
    canopy = row_of(found, "headlines_nature", "canopy_cover")
    assert canopy["now"]["value"] == pytest.approx(0.22)
    assert canopy["now"]["unit"] == "share"
    assert canopy["now"]["explain"] == {"name": "canopy_cover", "year": 2022}
    assert {row["id"] for row in table(found, "lacking_nature")} == {"green_access_share", "people_without_green"}
    missing = {row["cells"]["id"]["text"] for row in table(found, "missing")}
    assert "green_access_share" in missing, "as facts.csv has it"


def test_entry_as_json(call):
    found = the_json(call("entry", PA, "--json"))
    ranking = table(found, "ranking")
    assert {row["id"] for row in ranking} == KEPT
    assert [row["cells"]["rank"]["value"] for row in ranking] == [1, 2, 3, 4, 5]
    assert len(table(found, "not_ranked")) == len(library()) - len(KEPT)


def test_connect_as_json(call):
    cells = [cell for row in table(the_json(call("connect", PA, "--json")), "matrix") for cell in row["cells"].values()]
    assert len([cell for cell in cells if "value" in cell]) == 25
    found = the_json(call("connect", PA, 20, "--json", "--draws", 16))
    deaths = row_of(found, "changes", "heat_deaths")
    assert [year for year in deaths if year.isdigit()] == ["2030", "2040", "2050"]
    assert all(deaths[year]["value"] < 0 for year in ("2040", "2050"))
    assert deaths["2050"]["explain"] == {"name": "heat_deaths", "year": 2050, "case": "street_trees"}
    assert deaths["better"]["tone"] == "good"
    assert deaths["better"]["value"] > 0.9
    assert deaths["better"]["form"] == "draws"


def test_two_actions_as_json(call):
    found = the_json(call("connect", PA, 20, "heat_action_plan", "--json", "--draws", 16))
    deaths = row_of(found, "interaction", "heat_deaths")
    alone = deaths["first"]["value"] + deaths["second"]["value"]
    assert deaths["interaction"]["value"] == pytest.approx(deaths["both"]["value"] - alone)
    assert deaths["interaction"]["unit"] == "person/yr"
    assert "explain" not in deaths["interaction"], "it is no node of the model"
    assert deaths["both"]["low"] < deaths["both"]["value"] < deaths["both"]["high"]


def test_plan_as_json_and_as_a_file(call, tmp_path):
    found = the_json(call("plan", PA, "--budget", "6e6", "--json", "--out", tmp_path / "deep" / "plan.toml"))
    measures = table(found, "measures")
    assert {row["id"] for row in measures} <= KEPT
    (spending,) = [part for part in parts(found) if part["id"] == "spending"]
    assert max(spending["series"][0]["values"]) <= 6e6 * (1 + 1e-6)
    assert spending["limit"] == 6e6
    assert next(part["lines"] for part in parts(found) if part["id"] == "weak_inputs")
    text = (tmp_path / "deep" / "plan.toml").read_text(encoding="utf-8")
    assert len(tomllib.loads(text)["measures"]) == len(measures)


def test_explain_as_json(call):
    found = the_json(call("explain", PA, "heat_deaths", "--year", 2040, "--json", "--draws", 16))
    (value,) = table(found, "values")
    assert value["cells"]["value"]["unit"] == "person/yr"
    assert [part["lines"][0]["text"] for part in parts(found) if part["id"] == "equation"]
    assert {row["id"] for row in table(found, "inputs")} == {"heat_deaths_by_group"}
    fact_ = the_json(call("explain", PA, "base_canopy_cover", "--json", "--draws", 0))
    record = table(fact_, "records")[0]["cells"]
    assert record["source"]["text"]
    assert record["row"]["text"].startswith("facts.csv:")


def test_get_as_json(call):
    found = value_of(the_json(call("get", PA, "canopy_cover", "--year", 2030, "--json", "--draws", 64)))
    assert (found["value"], found["unit"], found["year"]) == (pytest.approx(0.22), "share", 2030)
    assert found["low"] < 0.22 < found["high"]
    quintiles = table(the_json(call("get", PA, "energy_burden", "--json", "--draws", 0)), "values")
    assert [row["cells"]["value"]["group"] for row in quintiles] == ["q1", "q2", "q3", "q4", "q5"]
    shaded = value_of(the_json(call("get", PA, "canopy_cover", "--action", "street_trees", "--json", "--draws", 0)))
    assert shaded["value"] > 0.23
    assert shaded["explain"]["case"] == "street_trees"


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("base_population", ("--year", 2030), "year"),
        ("base_population", ("--group", "q1"), "group"),
        ("canopy_cover", ("--zone", "centro-historico"), "zone"),
        ("heat_deaths", ("--kind", "food"), "kind"),
    ],
)
def test_a_number_that_does_not_differ_answers_for_any_and_says_so(call, name, options, what):
    plain = value_of(the_json(call("get", PA, name, "--json", "--draws", 0)))
    said = call("get", PA, name, *options, "--draws", 0)
    assert said.code == 0
    assert re.search(rf"does not differ by {what}: the number holds for any", flat(said.out))
    asked = value_of(the_json(call("get", PA, name, *options, "--json", "--draws", 0)))
    assert asked["value"] == plain["value"]
    assert what not in asked or what == "year"
    assert call("explain", PA, name, *options, "--draws", 0).code == 0


def test_an_infinite_year_is_valid_json(call, tmp_path):
    """A budget that lasts beyond 2050 has no year: JSON has no infinity."""
    said = call("diagnose", city(tmp_path / "aldea"), "--json", "--draws", 0)
    the_json(said)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("get", PA, "canopi_cover"), 1),
        (("get", "atlantis", "canopy_cover"), 2),
        (("plan", PA), 2),
        (("get", PA, "canopy_cover", "--year", "soon"), 2),
        (("frobnicate",), 2),
        (("get", PA, "canopy_cover", "--lang", "xx"), 2),
    ],
    ids=str,
)
def test_an_error_under_json_is_json(call, asked, code):
    said = call(*asked, "--json")
    assert (said.code, said.err) == (code, "")
    found = json.loads(said.out)
    assert set(found) == {"error"}
    assert found["error"]["code"] == code
    assert found["error"]["message"]
    assert found["error"]["problems"] == []


def test_the_problems_of_a_city_stand_in_the_error(call, tmp_path):
    folder = city(tmp_path / "aldea")
    latin(folder)
    said = call("diagnose", folder, "--json")
    assert said.code == 1
    problems = json.loads(said.out)["error"]["problems"]
    assert {"severity", "file", "row", "column", "message", "fix"} == set(problems[0])
    assert problems[0]["file"] == "facts.csv"


def test_report_and_demo_write_their_files_and_say_where(call, tmp_path):
    found = the_json(call("report", PA, "--budget", "8e6", "--out", tmp_path / "out", "--json"))
    names = {"plan.toml", "results.parquet", "report.html"}
    assert {row["id"] for row in table(found, "files")} == names
    assert set(files(tmp_path / "out" / PA)) == names
    page = (tmp_path / "out" / PA / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") or page.startswith("<!doctype html>")
    assert "Porto Alegre" in page
    said = call("demo", "--out", tmp_path / "again", "--lang", "pt")
    assert said.code == 0
    assert set(files(tmp_path / "again" / PA)) == names
    assert 'lang="pt"' in (tmp_path / "again" / PA / "report.html").read_text(encoding="utf-8")
    for name in names:
        assert name in said.out.replace("\n", "")


def test_new_as_json(call, tmp_path):
    found = the_json(call("new", "Rosario, Argentina", "--out", tmp_path / "rosario", "--json"))
    assert {row["id"] for row in table(found, "files")} >= {"city.toml", "facts.csv"}
    assert (tmp_path / "rosario" / "facts.csv").is_file()


def test_new_with_a_population_of_ones_own(call, tmp_path):
    """Twice the people: twice what is scaled per person; the place's own figures stay."""

    def made(folder, *more):
        assert call("new", "Rosario, Argentina", "--out", tmp_path / folder, *more).code == 0
        with (tmp_path / folder / "facts.csv").open(encoding="utf-8", newline="") as stream:
            return {(row["name"], row["kind"]): row for row in csv.DictReader(stream)}

    plain = made("plain")
    people = int(plain["population", ""]["value"])
    assert "GeoNames" in plain["population", ""]["source"]
    double = made("double", "--population", 2 * people)
    assert set(double) == set(plain)
    own = double["population", ""]
    assert int(own["value"]) == 2 * people
    assert float(own["low"]) <= 2 * people <= float(own["high"])
    assert "GeoNames" not in own["source"]
    assert "census" in own["note"]
    assert float(double["gdp", ""]["value"]) == pytest.approx(2 * float(plain["gdp", ""]["value"]), rel=1e-3)
    assert double["pm25_concentration", ""] == plain["pm25_concentration", ""]
    assert call("check", tmp_path / "double").code == 0
    for wrong in ("0", "-5", "many", "1.5"):
        said = call("new", "Rosario, Argentina", "--out", tmp_path / "wrong", "--population", wrong)
        assert said.code == 2
        assert "--population" in said.err
    assert not (tmp_path / "wrong").exists()


# maps; those of a made-up city with every form of map stand in tests/spatial


def test_a_fact_of_the_example_is_drawn_by_its_id(call, tmp_path):
    pytest.importorskip("matplotlib")
    listed = {row["id"] for row in table(the_json(call("map", PA, "--json")), "layers")}
    assert {"population", "job_reach_share:transit_45"} <= listed
    found = the_json(call("map", PA, "job_reach_share:transit_45", "--out", tmp_path / "[b] jobs.png", "--json"))
    drawn = {name: cell["value"] for name, cell in numbers(found).items()}
    assert numbers(found)["least"]["unit"] == "share"
    assert 0 < drawn["known"] < drawn["of"] == 94
    assert 0 <= drawn["least"] < drawn["most"] <= 1
    assert set(files(tmp_path)) == {"[b] jobs.png", "[b] jobs.csv"}
    said = call("map", PA, "population", "--out", tmp_path / "[b] people.png")
    assert "[b] people.png" in " ".join(said.out.split()), "brackets are letters"


def test_maps_of_a_city_that_has_none(call, tmp_path):
    folder = city(tmp_path / "aldea")
    before = files(tmp_path)
    for language, words in (("en", "no file layers.toml"), ("es", "layers.toml"), ("pt", "layers.toml")):
        said = call("layers", folder, "--lang", language)
        assert said.code == 1
        assert words in said.err
        assert said.out == ""
    said = call("map", folder, "population")
    assert said.code == 1
    assert "population is not known by zone in Aldea" in said.err
    said = call("map", folder, "populaton")
    assert said.code == 2
    assert "Did you mean population" in said.err
    assert call("map", folder).code == 0
    assert not [part for part in parts(the_json(call("map", folder, "--json"))) if part["part"] == "table"]
    assert files(tmp_path) == before


# what people read


def test_the_diagnosis_prints_every_pathway_in_the_language_asked_for(call):
    for language, words in (
        ("en", ("Low-emission", "not estimated", "people/year")),
        ("es", ("no estimado", "personas/año")),
        ("pt", ("não estimado", "pessoas/ano")),
    ):
        said = call("diagnose", PA, "--draws", 0, "--lang", language)
        assert said.code == 0
        assert all(word.casefold() in flat(said.out).casefold() for word in words), language


def test_the_plan_prints_the_estimate_beside_the_model(call):
    said = call("plan", PA, "--budget", "8e6", "--no-sensitivity")
    assert said.code == 0
    found = re.search(
        r"expects ([\d.]+)%, the full model says ([\d.]+)% \(difference (\S+) percentage points\)", flat(said.out)
    )
    assert found
    assert 0 < float(found[2]) < 100


def test_a_number_is_printed_with_unit_range_and_caveat(call):
    said = call("get", PA, "heat_deaths", "--year", "2040", "--draws", "64")
    assert re.search(r"Heat deaths .*2040 \d+ people/year C \d+ to \d+", flat(said.out))


def test_numbers_are_written_as_the_language_does(call):
    """1,332,845 people to three significant digits, with the decimal sign of the language."""
    for language, written in (("en", "1.33 million"), ("es", "1,33 millones"), ("pt", "1,33 milhões")):
        assert written in call("get", PA, "base_population", "--draws", 0, "--lang", language).out


def test_the_environment_chooses_the_language_where_the_command_does_not(call, monkeypatch):
    monkeypatch.setenv("LANG", "es_AR.UTF-8")
    assert "No hay nada llamado" in call("get", PA, "canopi_cover").err
    assert "There is nothing called" in call("get", PA, "canopi_cover", "--lang", "en").err
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert "There is nothing called" in call("get", PA, "canopi_cover").err


# exit codes and messages


WRONG = [
    # what is asked, exit code, what is said in English, in Spanish, in Portuguese
    (("get", "atlantis", "canopy_cover"), 2, "no city 'atlantis'.*porto-alegre", "No existe la ciudad", "cidade"),
    (("get", PA, "canopi_cover"), 1, "Did you mean canopy_cover", "No hay nada llamado", "Não há nada chamado"),
    (("get", PA, "canopy_cover", "--year", 1999), 1, "2022 to 2050", "No existe el año 1999", "2022 a 2050"),
    (("get", PA, "energy_burden", "--group", "q9"), 1, "no group q9.*q1, q2, q3, q4, q5", "No existe", "q9"),
    (("get", PA, "canopy_cover", "--action", "street_tree"), 1, "Did you mean street_trees", "acción", "ação"),
    (("explain", PA, "canopi_cover"), 1, "Did you mean canopy_cover", "No hay nada llamado", "Não há nada chamado"),
    (("connect", PA, "street_tree"), 1, "Did you mean street_trees", "No existe la acción", "ação"),
    (("connect", PA, "street_trees", "heat_action_pla"), 1, "Did you mean heat_action_plan", "No existe", "ação"),
    (("connect", PA, "999"), 1, "no action '999'", "No existe la acción", "ação"),
    (("connect", PA, "cool_roofs"), 1, "missing: left out", "no se puede estimar", "não pode ser estimad"),
    (("plan", PA, "--budget", "5"), 1, "pays for no action", "presupuesto anual", "orçamento"),
    (("plan", PA, "--budget", "0"), 1, "above zero", "mayor que cero", "zero"),
    (("plan", PA, "--budget", "lots"), 2, "is not a budget", "no es un presupuesto", "orçamento"),
    (("plan", PA, "--budget", "5e6 XYZ2024"), 2, "no exchange rates for XYZ", "XYZ", "XYZ"),
    (("plan", PA, "--budget", "5e6 BRL1950"), 2, "BRL for 1950", "1950", "1950"),
    (("plan", PA, "--budget", "8e6", "--weights", "1,2"), 1, "five weights", "cinco pesos", "cinco pesos"),
    (("plan", PA, "--budget", "8e6", "--weights", "a,b"), 2, "not a list of five numbers", "cinco números", "cinco"),
    (("plan", PA, "--budget", "8e6", "--start", 2050), 1, "2022 to 2038", "2038", "2038"),
    (("plan", PA, "--budget", "8e6", "--floor", 2), 1, "between 0 and 1", "entre 0 y 1", "entre 0 e 1"),
    (("entry", PA, "--weights", "1,2,3"), 1, "five weights", "cinco pesos", "cinco pesos"),
    (("entry", PA, "--weights", "0,0,0,0,0"), 1, "five weights", "cinco pesos", "cinco pesos"),
    (("entry", PA, "--start", 2060), 1, "2022", "2022", "2022"),
    (("connect", PA, "street_trees", "--start", 2060), 1, "2022", "2022", "2022"),
    (("get", PA, "canopy_cover", "--action", "street_trees", "--start", 1900), 1, "2022", "2022", "2022"),
    (("new", "Atlantis, Nowhere"), 1, "Atlantis|Nowhere", "Atlantis|Nowhere", "Atlantis|Nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code", "english", "spanish", "portuguese"), WRONG, ids=[str(row[0]) for row in WRONG]
)
def test_what_cannot_be_answered_is_said_in_a_sentence(call, tmp_path, asked, code, english, spanish, portuguese):
    for language, words in (("en", english), ("es", spanish), ("pt", portuguese)):
        said = call(*asked, "--lang", language)
        assert said.code == code
        assert re.search(words, flat(said.err)), (language, said.err)
        assert "Traceback" not in said.err
        assert "Error:" not in said.err, "a sentence, not the name of an exception"
        assert said.out == ""
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "asked",
    [
        ("fly", PA), ("get", PA), ("get",), ("plan", PA), ("get", PA, "canopy_cover", "--year", "soon"),
        ("get", PA, "canopy_cover", "--draws", "-1"), ("get", PA, "canopy_cover", "--colour", "red"),
        ("get", PA, "canopy_cover", "--lang", "xx"), ("get", PA, "canopy_cover", "--lang=xx"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_read_ends_with_two(call, asked):
    said = call(*asked)
    assert said.code == 2
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_what_is_not_estimated_ends_with_three_and_its_reason(call):
    said = call("get", PA, "green_access_share")
    assert said.code == 3
    assert "not estimated: there is no value for green access share" in flat(said.out)
    said = call("get", PA, "green_access_share", "--json", "--lang", "es")
    assert said.code == 3
    found = value_of(json.loads(said.out))
    assert found["value"] is None
    assert found["reason"]
    explained = call("explain", PA, "green_access_share")
    assert explained.code in (0, 3)
    assert "green_access_share" in explained.out, "the id that facts.csv wants"


def test_money_is_written_as_the_language_does_in_messages_too(call):
    said = call("plan", PA, "--budget", "12345", "--lang", "es")
    assert "12.345 USD" in said.err


def prices() -> dict[tuple[str, int], float]:
    with (ROOT / "src" / "caminos" / "parameters" / "money.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["series"], int(row["year"])): float(row["value"]) for row in csv.DictReader(stream)}


def test_a_budget_in_another_currency_is_dollars_of_2023():
    """270 million reais of 2024: through the mean rate of 2024 and US prices."""
    table = prices()
    inflation = table["us_cpi", 2023] / table["us_cpi", 2024]
    assert cli.read_budget("270e6 BRL2024") == pytest.approx(270e6 / table["BRL", 2024] * inflation)
    assert cli.read_budget("50e6 usd2024") == pytest.approx(50e6 * inflation)
    assert cli.read_budget("50e6") == 50e6


# bad input: a message, no traceback, nothing overwritten


IN_METRES = json.dumps(
    {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::31982"}},
        "features": [square("norte", 480_000.0, 6_680_000.0, 1000)],
    }
)


def truncated(folder: Path) -> None:
    text = (folder / "facts.csv").read_bytes()
    (folder / "facts.csv").write_bytes(text[:-25])


def latin(folder: Path) -> None:
    text = (folder / "facts.csv").read_text(encoding="utf-8").replace("Census", "Estimação do município")
    (folder / "facts.csv").write_bytes(text.encode("latin-1"))


def semicolons(folder: Path) -> None:
    text = (folder / "facts.csv").read_text(encoding="utf-8")
    (folder / "facts.csv").write_text(text.replace(",", ";"), encoding="utf-8")


def projected(folder: Path) -> None:
    (folder / "zones.geojson").write_text(IN_METRES, encoding="utf-8")


def no_facts(folder: Path) -> None:
    (folder / "facts.csv").unlink()


def no_settings(folder: Path) -> None:
    (folder / "city.toml").unlink()


def latin_actions(folder: Path) -> None:
    (folder / "actions").mkdir()
    header = "id,number,name,pathway,size_unit,potential,capital_cost,operating_cost,lifetime,lead_time,ramp_years\n"
    (folder / "actions" / "actions.csv").write_bytes((header + "árvores,1,Árvores\n").encode("latin-1"))
    (folder / "actions" / "effects.csv").write_bytes(b"action,lever,kind,group,mode,amount,lag,note\n")


SPOILED = [
    (truncated, "facts.csv:4", "facts.csv"),
    (latin, "not UTF-8", "UTF-8"),
    (semicolons, "separated by", "separa"),
    (projected, "projection|WGS|EPSG", "proyección|WGS|EPSG"),
    (no_facts, "no file facts.csv", "facts.csv"),
    (no_settings, "no file city.toml", "city.toml"),
    (latin_actions, "actions.csv", "actions.csv"),
]
OPENING = (
    ("check",), ("diagnose",), ("entry",), ("connect",), ("connect", "street_trees"),
    ("connect", "street_trees", "cool_roofs"),
    ("plan", "--budget", "1e6", "--out", "plan.toml"), ("explain", "canopy_cover"), ("get", "canopy_cover"),
    ("report", "--budget", "1e6", "--out", "out"),
)  # fmt: skip


@pytest.mark.parametrize(("spoil", "english", "spanish"), SPOILED, ids=[row[0].__name__ for row in SPOILED])
def test_a_spoiled_city_is_explained_by_every_command(call, tmp_path, spoil, english, spanish):
    folder = city(tmp_path / "aldea")
    spoil(folder)
    before = files(tmp_path)
    for command, *rest in OPENING:
        said = call(command, folder, *rest)
        assert said.code == 1, (command, said)
        assert re.search(english, flat(said.out + said.err)), (command, said)
        assert "Traceback" not in said.err
    if spoil is not latin_actions:  # maps know no actions
        (folder / "layers.toml").write_text("", encoding="utf-8")
        for command in (("map",), ("map", "population"), ("layers",)):
            said = call(command[0], folder, *command[1:])
            assert said.code == 1, (command, said)
            assert re.search(english, flat(said.err)), (command, said)
            assert "Traceback" not in said.err
        (folder / "layers.toml").unlink()
    said = call("diagnose", folder, "--lang", "es")
    assert re.search(spanish, flat(said.err))
    assert files(tmp_path) == before, "nothing is written, nothing overwritten"


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_city_without_inventory_and_zones_is_diagnosed(call, tmp_path, language):
    said = call("diagnose", city(tmp_path / "aldea"), "--draws", 0, "--lang", language)
    assert said.code == 0
    assert "Aldea" in said.out
    assert "nan" not in re.findall(r"\b\w+\b", said.out)


def test_a_zone_of_a_city_without_zones_is_not_answered(call, tmp_path):
    folder = city(tmp_path / "aldea")
    said = call("get", folder, "canopy_cover", "--zone", "norte", "--draws", 0)
    assert said.code == 1
    assert "zone" in said.err


@pytest.mark.parametrize("names", [("norte", "sur"), ("norte",)], ids=len)
def test_a_number_by_zone_is_asked_for_by_its_id(call, tmp_path, names):
    """A city of one zone has zones as well."""
    people = 1_000_000 // len(names)
    folder = city(
        tmp_path / "aldea", facts=[*FACTS, *(fact("population", people, "person", zone=name) for name in names)]
    )
    places = [square(name, -51.2 + 0.02 * place, -30.0) for place, name in enumerate(names)]
    (folder / "zones.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": places}), encoding="utf-8"
    )
    found = value_of(the_json(call("get", folder, "zone_population", "--zone", "norte", "--draws", 0, "--json")))
    assert (found["zone"], found["value"]) == ("norte", people)


def test_an_action_without_its_data_says_what_is_missing(call, tmp_path):
    folder = city(tmp_path / "aldea")
    said = call("connect", folder, "flood_protection")
    assert said.code == 1
    assert "missing: flooded_population." in said.err
    assert "facts.csv" in said.err
    said = call("connect", folder, "30", "--lang", "es")
    assert "no se puede estimar en Aldea" in flat(said.err)


def test_a_city_of_which_next_to_nothing_is_known_gets_no_traceback(call, tmp_path):
    """Only its area: no population, so no headline and no action can be estimated."""
    folder = city(tmp_path / "vacía", facts=[fact("area", 100, "km2")])
    before = files(tmp_path)
    for command, *rest in OPENING:
        said = call(command, folder, *rest)
        assert said.code in (0, 1, 3), (command, said)
        assert (said.out + said.err).strip(), command
    assert files(tmp_path) == before
    assert "population" in call("plan", folder, "--budget", "1e6").err


def test_a_plan_whose_benefits_have_no_price_is_printed(call, porto_alegre, monkeypatch):
    """Reused building material spares residents nothing that is counted in money."""
    monkeypatch.setattr(cli, "open_model", lambda _name: only(porto_alegre, {"circular_construction"}))
    said = call("plan", PA, "--budget", "50e6", "--no-sensitivity")
    assert said.code in (0, 1)
    assert flat(said.out + said.err)


@pytest.mark.parametrize("name", ["Santa Fe [del Mar]", "Villa [/b]", "[red]Roja"])
def test_brackets_in_the_name_of_a_city_are_letters(call, tmp_path, name):
    folder = city(tmp_path / "aldea", settings=SETTINGS.replace('"Aldea"', json.dumps(name)))
    for command in (("diagnose", "--draws", 0), ("plan", "--budget", "1e6", "--no-sensitivity")):
        said = call(command[0], folder, *command[1:])
        assert said.code == 0
        assert name in said.out


def test_brackets_in_the_path_of_a_new_city_are_letters(call, tmp_path):
    said = call("new", "Rosario, Argentina", "--out", tmp_path / "[2026]" / "[b]rosario")
    assert said.code == 0
    assert (tmp_path / "[2026]" / "[b]rosario" / "city.toml").is_file()
    assert "[2026]/[b]rosario" in said.out.replace("\n", "")


UNWRITABLE = [
    ("plan", PA, "--budget", "8e6", "--no-sensitivity", "--out", "file/plan.toml"),
    ("plan", PA, "--budget", "8e6", "--no-sensitivity", "--out", "folder"),
    ("report", PA, "--budget", "8e6", "--out", "file"),
    ("new", "Rosario, Argentina", "--out", "file/rosario"),
    ("new", "Rosario, Argentina", "--out", "file"),
    ("new", "Rosario, Argentina", "--out", "folder"),
]


@pytest.mark.parametrize("asked", UNWRITABLE, ids=str)
def test_what_cannot_be_written_is_said_and_nothing_is_overwritten(call, tmp_path, asked):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine", encoding="utf-8")
    before = files(tmp_path)
    said = call(*asked)
    assert said.code == 1
    assert re.search("file|folder", said.err)
    assert "Traceback" not in said.err
    assert files(tmp_path) == before


def test_a_failed_plan_leaves_the_old_one_where_it_is(call, tmp_path):
    (tmp_path / "plan.toml").write_text("old", encoding="utf-8")
    assert call("plan", PA, "--budget", "5", "--out", "plan.toml").code == 1
    assert (tmp_path / "plan.toml").read_text(encoding="utf-8") == "old"
    assert call("plan", PA, "--budget", "8e6", "--no-sensitivity", "--out", "plan.toml").code == 0
    assert "street_trees" in (tmp_path / "plan.toml").read_text(encoding="utf-8") or "early" in (
        tmp_path / "plan.toml"
    ).read_text(encoding="utf-8")


# the real command


def real(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    source = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "caminos", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=60,
        encoding="utf-8", env={**os.environ, "PYTHONPATH": source, "LANG": "C.UTF-8", "LC_ALL": "", "COLUMNS": "120"},
    )  # fmt: skip


def test_the_real_command(tmp_path):
    """Help, a number, a missing number, a spoiled city: exit codes and streams as a shell sees them."""
    help_ = real("--help", cwd=tmp_path)
    assert (help_.returncode, help_.stderr) == (0, "")
    assert "diagnose" in help_.stdout
    number = real("get", PA, "canopy_cover", "--json", "--draws", "16", cwd=tmp_path)
    assert (number.returncode, number.stderr) == (0, "")
    assert value_of(json.loads(number.stdout))["value"] == pytest.approx(0.22)
    missing = real("get", PA, "green_access_share", "--lang", "pt", cwd=tmp_path)
    assert missing.returncode == 3
    assert "não estimado" in missing.stdout
    folder = city(tmp_path / "aldea")
    latin(folder)
    spoiled = real("diagnose", folder, "--lang", "es", cwd=tmp_path)
    assert spoiled.returncode == 1
    assert spoiled.stdout == ""
    assert "El archivo no está en UTF-8" in spoiled.stderr
    assert "Traceback" not in spoiled.stderr


def test_the_command_that_a_page_suggests_works(call, tmp_path, monkeypatch):
    """Whatever the folder of the city is called."""
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.chdir(tmp_path)
    city(tmp_path / "la aldea")
    said = call("diagnose", "la aldea", "--draws", 0)
    asked = next(line for line in said.out.splitlines() if "caminos explain" in line)
    words = shlex.split(asked[asked.index("caminos explain") :])
    assert words[2] == "la aldea"
    assert call(*words[1:], "--draws", 0).code in (0, 3)


def test_the_page_of_a_check_with_errors_is_json_too(call, tmp_path):
    folder = city(tmp_path / "aldea")
    latin(folder)
    said = call("check", folder, "--json")
    assert (said.code, said.err) == (1, "")
    page = json.loads(said.out)
    assert numbers(page)["errors"]["value"] >= 1
    assert table(page, "problems")[0]["cells"]["severity"]["id"] == "error"
