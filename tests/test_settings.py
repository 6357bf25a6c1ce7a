"""city.toml: one schema, every key with every wrong value, targets in both forms, and files that no reader survives."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from city_files import FACTS, SETTINGS, city, fact, found, row
from conftest import ROOT, SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caminos.city.check import check_city
from caminos.city.facts import newest
from caminos.city.inventory import gpc
from caminos.city.new import identity, new_city
from caminos.city.package import CityError, load, read_city
from caminos.city.places import _place, _rows
from caminos.city.settings import Sectors, Settings, Target, read_settings, settings_toml, target_units
from caminos.i18n import use_language
from caminos.maps.recipe import read_recipe
from caminos.schema import Field, fields, meant_number, plain
from caminos.toml import LARGEST_FILE, parse_toml, toml_text

sys.path.insert(0, str(ROOT / "scripts"))
import settings_reference

FEW = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WHOLE = settings_reference.example(Settings)
CHARACTERS = "A\x1b[31mB\nC"


def settings_of(folder: Path, text: str) -> tuple[Settings | None, dict[str, tuple[str, str]]]:
    """city.toml as read, and its errors by path."""
    (folder / "city.toml").write_text(text, encoding="utf-8")
    read, problems = read_settings(folder / "city.toml")
    return read, {p.column: (p.message, p.fix) for p in problems if p.severity == "error"}


# the schema


def test_the_page_is_that_of_the_schema():
    assert (ROOT / "docs" / "city-toml.md").read_text(encoding="utf-8") == settings_reference.reference()


def test_the_examples_of_the_schema_are_right_and_written_as_read(tmp_path):
    text = toml_text(WHOLE)
    read, problems = read_settings(city(tmp_path / "aldea", settings=text) / "city.toml")
    assert problems == []
    assert read is not None
    assert plain(read).keys() == WHOLE.keys()
    written = settings_toml(read, {"climate": "a remark\nof two lines"})
    assert "\n# a remark\n# of two lines\nclimate = " in written
    (tmp_path / "aldea" / "city.toml").write_text(written, encoding="utf-8")
    assert read_settings(tmp_path / "aldea" / "city.toml") == (read, [])


def test_sectors_are_those_of_the_protocol():
    assert {field.name for field in fields(Sectors)} == {reference.sector for reference in gpc().values()}


# every key, every wrong value

WRONG: dict[str, list[Any]] = {
    "text": [5, 0.5, True, [], ["a"], {"a": 1}, date(2022, 1, 1), "", "  ", CHARACTERS, 10**400],
    "whole": ["2022", 2022.5, 2022.0, True, [2022], {"a": 1}, date(2022, 1, 1), 0, -1, 10**6, 10**400, float("nan")],
    "number": ["0,5", "1,607,000", "", True, [1.0], {"a": 1}, date(2022, 1, 1), float("nan"), float("inf"), 10**400],
    "flag": ["true", 1, 0.0, [True], {"a": True}, date(2022, 1, 1)],
    "texts": ["a", 3, True, [], {"a": "b"}, [1], [""], [["a"]], [{"a": "b"}], ["a", CHARACTERS]],
    "table": ["a", 3, True, [], [{}], date(2022, 1, 1), {"unknown": 1}],
    "tables": ["a", 3, True, {"unknown": 1}, [1], [[]], [{"unknown": 1}], date(2022, 1, 1)],
}


def every(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every key of the schema with its path."""
    for field in fields(schema):
        yield (*path, field.word), field
        if field.inner:
            yield from every(field.inner, (*path, field.word))


def changed(table: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of a table with another value at a path; None takes the key away."""
    if isinstance(table, list):
        return [changed(table[0], path, value)]
    word, *rest = path
    if rest:
        return {**table, word: changed(table[word], tuple(rest), value)}
    return {key: item for key, item in {**table, word: value}.items() if item is not None}


@pytest.mark.parametrize(("path", "field"), [pytest.param(*each, id=".".join(each[0])) for each in every(Settings)])
def test_every_key_with_every_wrong_value_is_one_error_at_its_path(tmp_path, path, field):
    for value in WRONG[field.kind]:
        if field.key.lines and value == CHARACTERS:
            value = "bell \x07"
        _read, errors = settings_of(tmp_path, toml_text(changed(WHOLE, path, value)))
        assert errors, value
        place = ".".join(path)
        assert all(error.startswith(place) for error in errors), (value, errors)
        for message, fix in errors.values():
            assert message, value
            assert fix, value
            assert "\x1b" not in message + fix
            assert len(message) < 400


@pytest.mark.parametrize(("path", "field"), [pytest.param(*each, id=".".join(each[0])) for each in every(Settings)])
def test_a_missing_key_is_an_error_if_it_must_be_there(tmp_path, path, field):
    read, errors = settings_of(tmp_path, toml_text(changed(WHOLE, path, None)))
    assert list(errors) == ([".".join(path)] if field.required else [])
    assert read is not None


def test_a_key_nobody_knows_is_named_with_the_nearest(tmp_path):
    _read, errors = settings_of(tmp_path, SETTINGS + 'zoness = 1\n[profile]\narea = 3.5\nhight = 3\n["a\\u001b"]\n')
    assert errors["zoness"] == ("zoness is not a key here.", "Did you mean zones?")
    assert "One of: area, unit, source, note." in errors["profile.hight"][1]
    assert errors["'a\\x1b'"][0] == "'a\\x1b' is not a key here."


def test_a_file_of_very_many_faults_is_soon_refused(tmp_path):
    for content in ("".join(f"a{place} = 1\n" for place in range(50_000)), "[[targets]]\n" * 20_000):
        _read, problems = read_settings(city(tmp_path / "aldea", settings=content) / "city.toml")
        assert 0 < len(problems) <= 100
        assert problems[0].severity == "error"


# the faults that once passed the check, through the real commands

FAULTS: list[tuple[str, str, str]] = [
    ("city-id-with-path", "city.toml:id", r"'\.\./\.\./evil'.* a-z, 0-9, - and _"),
    ("city-id-with-quote", "city.toml:id", r"a-z, 0-9, - and _"),
    ("city-name-with-control-characters", "city.toml:name", r"control character"),
    ("own-inventory-without-year", "city.toml:own_inventories.year", r"yr is not a key.* year is missing"),
    ("caveat-facts-a-number", "city.toml:caveats.facts", r'a list of texts belongs here.*facts = \["canopy_cover"\]'),
    ("target-unit-a-number", "city.toml:targets.emissions_per_person.unit", r'a text .*"t CO2e/person/yr"'),
    (
        "totals-as-text",
        "city.toml:own_inventories.sectors.transport",
        r"inventory_totals.transport.* 1169883.* 1607000",
    ),
    (
        "targets-misspelt",
        "city.toml:targets.emisiones_por_persona",
        r"Did you mean emissions_per_person.*year is missing",
    ),
    ("toml-nested-2000", "city.toml", r"nested too deeply"),
    ("toml-integer-5000-digits", "city.toml", r"too many digits"),
]
MADE = {"toml-nested-2000": "x = " + "[" * 2000 + "]" * 2000, "toml-integer-5000-digits": "[xx]\nx = " + "9" * 5000}


@pytest.fixture
def call(monkeypatch, capsys, tmp_path) -> Iterator[Callable[..., tuple[int, str]]]:
    """The real command in this process: its exit code and all it said; another exception is a traceback."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "400")

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["caminos", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("caminos", run_name="__main__")
        said = capsys.readouterr()
        return int(ended.value.code or 0), re.sub(r"\s+", " ", said.out + said.err)

    yield run
    use_language("en")


def refused(call: Callable[..., tuple[int, str]], folder: Path, place: str, words: str) -> None:
    """`check` names the fault at its place, and no other command reads the city."""
    before = sorted(path for path in folder.parent.rglob("*") if path.is_file())
    for command in (
        ("check", folder),
        ("diagnose", folder),
        ("plan", folder, "--budget", "1e6", "--out", "plan.toml"),
        ("report", folder, "--budget", "1e6", "--out", "out"),
    ):
        code, said = call(*command)
        assert code == 1, (command, said)
        assert place in said, said
        assert re.search(words, said), said
        assert "\x1b" not in said
    assert sorted(path for path in folder.parent.rglob("*") if path.is_file()) == before


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared faults are not here")
@pytest.mark.parametrize(("name", "place", "words"), FAULTS, ids=[each[0] for each in FAULTS])
def test_a_fault_seen_in_the_field_is_refused_by_every_command(call, tmp_path, name, place, words):
    faults, folder = SHARED / "faults", tmp_path / "city"
    bases = ("mendoza-own",) if name == "targets-misspelt" else ("rosario", "rosario-full")
    for source in (*(faults / "base" / base for base in bases), faults / name):
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
    with (folder / "city.toml").open("a", encoding="utf-8") as stream:
        stream.write(MADE.get(name, ""))
    refused(call, folder, place, words)


TARGET = '[[targets]]\nname = "canopy_cover"\nvalue = 0.3\nunit = "share"\nyear = 2040\nsource = "plan"\n'
MORE_FAULTS = [
    (SETTINGS.replace('"aldea"', '"/etc/aldea"'), "city.toml:id", "a-z, 0-9"),
    (SETTINGS.replace('"aldea"', '"con\\"x"'), "city.toml:id", "a-z, 0-9"),
    (SETTINGS.replace('"aldea"', '".."'), "city.toml:id", "a-z, 0-9"),
    (SETTINGS.replace('"Aldea"', '"Al\\u202edea"'), "city.toml:name", "control character"),
    (SETTINGS + "[[own_inventories]]\nyear = '2019'\n", "city.toml:own_inventories.year", "Write: year = 2019"),
    (SETTINGS + '[[caveats]]\nfacts = "canopy_cover"\ntext = "x"\n', "city.toml:caveats.facts", "a list of texts"),
    (SETTINGS + '[[caveats]]\nfacts = ["canopi_cover"]\ntext = "x"\n', "city.toml:caveats.facts", "mean canopy_cover"),
    (SETTINGS + TARGET.replace('"share"', '"m"'), "city.toml:targets.unit", "does not convert to share"),
    (SETTINGS + TARGET.replace("0.3", "30"), "city.toml:targets.value", "percent"),
    (SETTINGS + TARGET.replace("2040", "40"), "city.toml:targets.year", "from 1970 to 2100"),
    (SETTINGS + TARGET + TARGET, "city.toml:targets", "canopy_cover, 2040 stands twice"),
    (SETTINGS + TARGET + TARGET.replace("canopy_cover", "canopy"), "city.toml:targets[2]", "canopy_cover"),
    (SETTINGS + "x" + ".x" * 900 + " = 1\n", "city.toml:x", "x is not a key here"),
    (SETTINGS + "x" + ".x" * 20000 + " = 1\n", "city.toml", "nested too deeply"),
    (SETTINGS + "[x" + '."x"' * 20000 + "]\n", "city.toml", "nested too deeply"),
    (SETTINGS + "x = {x" + ".x" * 20000 + " = 1}\n", "city.toml", "nested too deeply"),
    (SETTINGS + "x = 0x" + "f" * 5000 + "\n", "city.toml:x", "x is not a key here"),
    (SETTINGS.replace("2022", "0x" + "f" * 5000), "city.toml:base_year", "more than 15 digits"),
    (SETTINGS + "x = " + "{a = " * 900 + "1" + "}" * 900, "city.toml", "nested too deeply"),
]


@pytest.mark.parametrize(("text", "place", "words"), MORE_FAULTS, ids=range(len(MORE_FAULTS)))
def test_faults_of_the_same_kinds_are_refused_too(call, tmp_path, text, place, words):
    code, said = call("check", city(tmp_path / "aldea", settings=text))
    assert code == 1
    assert place in said
    assert re.search(words, said), said
    with pytest.raises(CityError, match=words):
        read_city(tmp_path / "aldea")


def test_a_refused_city_leaves_nothing_behind(call, tmp_path):
    refused(
        call,
        city(tmp_path / "in" / "aldea", settings=SETTINGS.replace('"aldea"', '"../../evil"')),
        "city.toml:id",
        "a-z, 0-9",
    )


def test_maps_are_read_by_the_same_reader_of_toml(tmp_path):
    for spoiled, words in MADE.items():
        (tmp_path / "layers.toml").write_text(words, encoding="utf-8")
        recipe, (problem,) = read_recipe(tmp_path)
        assert recipe is None
        assert problem.file == "layers.toml"
        assert ("nested" in problem.message) == ("nested" in spoiled)


def test_a_file_that_is_no_text_or_no_page_is_one_problem(tmp_path):
    folder = city(tmp_path / "aldea")
    for content, words in (
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x00", "not valid TOML"),
        (b"x = 1\n" * LARGEST_FILE, "more than 1 MB are not read"),
        (b"x = 1\nx = " + b"1_" * 5000 + b"1\n", "too many digits"),
    ):
        (folder / "city.toml").write_bytes(content)
        (problem,) = [problem for problem in check_city(folder) if problem.severity == "error"]
        assert words in problem.message


def test_the_line_of_a_number_of_too_many_digits_is_named():
    _table, (problem,) = parse_toml("a = 1\n\nb = " + "1_" * 4300 + "1\n", "plan.toml")
    assert (problem.file, problem.row) == ("plan.toml", 3)


# no input raises

SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.times(),
    st.text(max_size=8),
    st.sampled_from(["canopy_cover", "share", "t CO2e", "km2", "9**9", "BRL2020/yr", CHARACTERS]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
PATHS = [path for path, _field in every(Settings)]


@FEW
@given(data=st.data())
def test_whatever_toml_holds_the_check_says_and_reading_agrees(tmp_path, data):
    table = WHOLE
    for path in data.draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4)):
        try:
            table = changed(table, path, data.draw(VALUES))
        except (TypeError, KeyError, IndexError):
            continue  # a change before took the table away
    if data.draw(st.booleans()):
        table = {**table, **data.draw(st.dictionaries(st.text(max_size=8), VALUES, max_size=3))}
    folder = city(tmp_path / "aldea", FACTS, toml_text(table))
    errors = [problem for problem in check_city(folder) if problem.severity == "error"]
    if errors:
        with pytest.raises(CityError):
            read_city(folder)
    else:
        read = read_city(folder)
        assert all(isfinite(target.amount) for target in read.targets)
        (folder / "city.toml").write_text(settings_toml(read), encoding="utf-8")
        assert read_city(folder) == read


@FEW
@given(text=st.text(alphabet='[]{}"=.\n#ab1_-:TZ\\u', max_size=60))
def test_no_text_raises(text):
    table, problems = parse_toml(text, "city.toml")
    assert (table is None) == (len(problems) == 1)


# targets


def test_a_target_stands_by_its_name_or_in_a_list_of_several_years(tmp_path):
    one, errors = settings_of(tmp_path, SETTINGS + TARGET.replace("[[targets]]\nname = ", "[targets.canopy_cover]\n#"))
    assert not errors
    several, errors = settings_of(tmp_path, SETTINGS + TARGET.replace("2040", "2030").replace("0.3", "0.25") + TARGET)
    assert not errors
    wanted = Target(name="canopy_cover", value=0.3, unit="share", year=2040, source="plan")
    assert one.targets == (wanted,)
    assert [(target.year, target.value) for target in several.targets] == [(2030, 0.25), (2040, 0.3)]
    assert several.target("canopy_cover") == wanted
    assert several.target("heat_deaths") is None


def test_the_latest_year_is_the_target_in_whatever_order(tmp_path):
    read, _errors = settings_of(tmp_path, SETTINGS + TARGET + TARGET.replace("2040", "2030"))
    assert read.target("canopy_cover").year == 2040


@pytest.mark.parametrize(
    ("name", "value", "unit", "amount"),
    [
        ("canopy_cover", 30, "percent", 0.3),
        ("emissions_per_person", 500, "kg CO2e/person/yr", 0.5),
        ("natural_area_restored", 2, "km2", 200.0),
        ("net_emissions_reduction", 1.1, "share", 1.1),
        ("expected_annual_flood_damage", 3e6, "USD2023/yr", 3e6),
    ],
)
def test_a_target_counts_in_the_unit_of_what_it_names(tmp_path, name, value, unit, amount):
    text = f'[targets.{name}]\nvalue = {value}\nunit = "{unit}"\nyear = 2050\nsource = "plan"\n'
    read, errors = settings_of(tmp_path, SETTINGS + text)
    assert not errors
    assert read.targets[0].amount == pytest.approx(amount)


def test_money_of_a_target_is_that_of_its_year(tmp_path):
    text = '[targets.expected_annual_flood_damage]\nvalue = 1e6\nunit = "BRL2022/yr"\nyear = 2050\nsource = "plan"\n'
    read, errors = settings_of(tmp_path, SETTINGS + text)
    assert not errors
    facts = [fact("municipal_budget", 1e6, "BRL2022/yr")]
    folder = city(tmp_path / "aldea", [*FACTS, *facts])
    assert read.targets[0].amount == pytest.approx(read_city(folder).value("municipal_budget"))


def test_a_target_without_source_is_read_and_said(tmp_path):
    folder = city(tmp_path / "aldea", settings=SETTINGS + TARGET.replace('source = "plan"\n', ""))
    (problem,) = found(folder, "source is missing")
    assert (problem.severity, problem.column) == ("warning", "targets.source")
    assert read_city(folder).targets[0].source == ""


def test_names_of_targets_are_headlines_levers_and_net_emissions():
    names = target_units()
    assert names["emissions_per_person"] == "t CO2e/person/yr"  # a headline
    assert names["electric_bus_share"] == "share"  # a lever
    assert names["green_access_share"] == "share"  # both
    assert "population" not in names


# the rules that use settings


def test_the_area_of_a_profile_is_compared_in_its_unit(tmp_path):
    for area, unit, wrong in ((10_000, "ha", False), (66_500, "ha", True), (100, "km2", False)):
        text = f'{SETTINGS}[profile]\narea = {area}\nunit = "{unit}"\nsource = "x"\n'
        folder = city(tmp_path / f"{area}{unit}", settings=text)  # the fact area is 100 km2
        assert bool(found(folder, "the profile gives 665")) == wrong
        assert not found(folder, severity="error")


def test_published_sums_are_compared_in_their_unit(tmp_path):
    for value, wrong in ((0.15, False), (0.16, True)):
        text = f'{SETTINGS}[inventory_totals]\nunit = "kt CO2e"\nstationary = {value}\nsource = "x"\n'
        folder = city(tmp_path / f"{value}", settings=text, inventory=[row("I.1.1", 100), row("I.1.1", 50)])
        assert bool(found(folder, "published are 160")) == wrong


def test_a_city_with_wrong_settings_is_checked_as_far_as_it_can_be_read(tmp_path):
    folder = city(tmp_path / "aldea", [*FACTS, fact("gini", "0,5", "share")], SETTINGS.replace('"BRL"', "7"))
    read, problems = load(folder)
    assert (read.name, read.currency) == ("Aldea", "")
    assert {problem.column for problem in problems if problem.severity == "error"} == {"currency", "value"}


# facts


def test_the_newest_fact_is_chosen_for_each_kind_and_never_from_the_future(tmp_path):
    given_facts = [
        fact("electricity_use", 5, "TWh/yr", kind="residential", year=2015),
        fact("electricity_use", 6, "TWh/yr", kind="residential", year=2020),
        fact("electricity_use", 7, "TWh/yr", kind="commercial", year=2018),
        fact("electricity_use", 8, "TWh/yr", kind="commercial", year=date.today().year + 5, note="projection: x"),
    ]
    read = read_city(city(tmp_path / "aldea", [*FACTS, *given_facts]))
    chosen = {item.kind: item.value for item in newest(read.facts) if item.name == "electricity_use"}
    assert chosen == {"residential": 6e6, "commercial": 7e6}
    assert read.value("electricity_use", "residential") == 6e6
    assert len([item for item in newest(read.facts) if item.name == "population"]) == 1


# numbers in texts


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1,607,000", "1607000"),
        ("1.607.000", "1607000"),
        ("1 607 000", "1607000"),
        ("1,607,000.5", "1607000.5"),
        ("1.607.000,5", "1607000.5"),
        ("1.607,5", "1607.5"),
        ("2019", "2019"),
        ("0,33", "0.33"),
        ("12,5", "12.5"),
        ("-1546,654321", "-1546.654321"),
        ("1.607", None),
        ("1,607", None),
        ("5 %", None),
        ("about 5", None),
        ("", None),
        ("9" * 5000, None),
        ("nan", None),
        ("0,330", "0.330"),
    ],
)
def test_a_number_is_suggested_only_where_it_is_beyond_doubt(text, meant):
    assert meant_number(text) == meant


# made cities


def test_the_id_of_every_place_is_an_id():
    ids = [identity(_place(each)) for each in _rows()]
    assert len(ids) > 30_000
    assert not [each for each in ids if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", each)]


def test_a_made_city_is_toml_with_its_remarks(tmp_path):
    text = (new_city("Rosario, Argentina", tmp_path / "rosario") / "city.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["id"] == "rosario"
    lines = text.splitlines()
    assert lines[lines.index('climate = "wet temperate"') - 1].startswith("# It decides")


def test_a_chain_of_regions_without_the_world_is_an_error(tmp_path):
    """No row of the literature would hold: everything would be not estimated, and nothing would say why."""
    text = SETTINGS.replace(', "world"]', "]")
    assert text != SETTINGS
    found = [problem for problem in check_city(city(tmp_path / "town", settings=text)) if problem.severity == "error"]
    assert [problem.column for problem in found] == ["region"]
