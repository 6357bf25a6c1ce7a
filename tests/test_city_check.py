"""`caminos check`: every mistake is found in one pass and said with place and remedy."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from city_files import FACTS, SETTINGS, city, fact, found, row, square

from caminos import i18n
from caminos.city.check import check_city
from caminos.city.package import FACT_COLUMNS
from caminos.files import table_text
from caminos.i18n import use_language

HEADER = ",".join(FACT_COLUMNS)


def test_a_valid_city_has_no_errors_and_says_what_is_not_there(tmp_path: Path) -> None:
    problems = check_city(city(tmp_path / "aldea"))
    assert {problem.severity for problem in problems} == {"not checkable"}
    assert {problem.file for problem in problems} >= {"inventory.csv", "zones.geojson"}


@pytest.mark.parametrize(
    ("given", "column", "words"),
    [
        (fact("populaton", 5, "person"), "name", ["populaton", "population"]),
        (fact("", 5, "person"), "name", ["empty"]),
        (fact("gini", "0,5", "share"), "value", ["decimal comma", "0.5"]),
        (fact("gdp", "1.234.567,8", "BRL/yr"), "value", ["thousands separator", "1234567.8"]),
        (fact("gdp", "1,234,567", "BRL/yr"), "value", ["thousands separator", "1234567"]),
        (fact("gdp", "1 234 567", "BRL/yr"), "value", ["thousands separator", "1234567"]),
        (fact("gini", "48%", "share"), "value", ["percentage", "48", "percent"]),
        (fact("gini", "", "share"), "value", ["empty", "NE"]),
        (fact("gini", "RN", "share"), "value", ["RN", "not a GPC notation key"]),
        (fact("gini", "abc def", "share"), "value", ["not a number"]),
        (fact("gini", "nan", "share"), "value", ["not a number"]),
        (fact("gini", 48, "share"), "value", ["0.48", "percent"]),
        (fact("households", -5, "household"), "value", ["negative"]),
        (fact("gini", 0.5, ""), "unit", ["missing", "share"]),
        (fact("gini", 0.5, "kg"), "unit", ["does not fit", "share"]),
        (fact("households", 5, "dwellings"), "unit", ["not known", "household"]),
        (fact("gdp", 5, "JPY/yr"), "unit", ["exchange rates", "JPY"]),
        (fact("gdp", 5, "EUR/yr", year=1990), "unit", ["EUR", "1990"]),
        (fact("gini", 0.5, "2**9**9**9"), "unit", ["not known"]),
        (fact("waste_composition", 0.5, "share", kind="fod"), "kind", ["fod", "food"]),
        (fact("waste_composition", 0.5, "share"), "kind", ["needs a kind"]),
        (fact("gini", 0.5, "share", kind="food"), "kind", ["has no kinds"]),
        (fact("gini", 0.5, "share", group="q1"), "group", ["income group"]),
        (fact("air_conditioning_share", 0.5, "share", group="q9"), "group", ["q1"]),
        (fact("gini", 0.5, "share", zone="norte"), "zone", ["whole city"]),
        (fact("gini", 0.5, "share", year=1850), "year", ["1850"]),
        (fact("gini", 0.5, "share", year="last"), "year", ["not a year"]),
        (fact("gini", 0.5, "share", year=2090), "year", ["future"]),
        (fact("gini", 0.5, "share", low=0.6), "low", ["below low"]),
        (fact("gini", 0.5, "share", high=0.4), "high", ["above high"]),
        (fact("gini", 0.5, "share", low=0.9, high=0.1), "low", ["above high"]),
        (fact("gini", 0.5, "share", quality="C"), "low", ["Quality C", "range"]),
        (fact("gini", 0.5, "share", quality="high"), "quality", ["A, B or C"]),
        (fact("gini", 0.5, "share", source=""), "source", ["source is missing"]),
        (fact("population", 7, "person"), "name", ["line 2"]),
    ],
)
def test_each_mistake_in_a_row_is_named(
    tmp_path: Path, given: dict[str, object], column: str, words: list[str]
) -> None:
    problems = found(city(tmp_path / "aldea", [*FACTS, given]), *words, severity="error")
    assert [(problem.file, problem.row, problem.column) for problem in problems] == [("facts.csv", 5, column)]
    assert problems[0].fix


def test_a_projection_may_lie_in_the_future(tmp_path: Path) -> None:
    given = fact("population", 2e6, "person", year=2040, note="projection: national institute")
    assert not found(city(tmp_path / "aldea", [*FACTS, given]), severity="error")


def test_all_mistakes_are_found_in_one_pass(tmp_path: Path) -> None:
    wrong = [
        fact("gini", "0,5", "share", source=""),
        fact("nonsense", "", "furlong", quality="Z"),
        fact("gdp", 1, "kg"),
    ]
    problems = [p for p in check_city(city(tmp_path / "aldea", [*FACTS, *wrong])) if p.severity == "error"]
    assert {(problem.row, problem.column) for problem in problems} == {
        (5, "value"), (5, "source"), (6, "name"), (6, "value"), (6, "quality"), (7, "unit"),
    }  # fmt: skip


# --- the file itself ----------------------------------------------------------------------------------------


def test_a_truncated_table_says_so(tmp_path: Path) -> None:
    text = table_text(FACT_COLUMNS, FACTS)
    (problem,) = found(city(tmp_path / "aldea", text[: text.rindex(",2022") + 5]), "fields instead of 14")
    assert problem.row == 4
    assert "cut off" in problem.fix


def test_a_table_cut_off_inside_a_quoted_text(tmp_path: Path) -> None:
    text = f'{HEADER}\npopulation,,,,2022,5000,person,,,"Census of the'
    assert found(city(tmp_path / "aldea", text), "quotation mark")


def test_a_missing_column_is_reported_once_and_not_for_each_row(tmp_path: Path) -> None:
    columns = [name for name in FACT_COLUMNS if name != "source"]
    lines = table_text(FACT_COLUMNS, [{k: v for k, v in each.items() if k != "source"} for each in FACTS])
    text = lines.replace(HEADER, ",".join(columns))
    problems = [p for p in check_city(city(tmp_path / "aldea", text)) if p.column == "source"]
    assert len(problems) == 1
    assert HEADER in problems[0].fix


def test_latin_1_is_recognised(tmp_path: Path) -> None:
    text = table_text(FACT_COLUMNS, [*FACTS, fact("gini", 0.5, "share", source="Prefeitura de São Paulo")])
    (problem,) = found(city(tmp_path / "aldea", text.encode("latin-1")), "Latin-1", "UTF-8")
    assert problem.row == 5
    assert "São Paulo" in problem.message


def test_a_spreadsheet_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    text = table_text(FACT_COLUMNS, [*FACTS, fact("gini", "0,5", "share")]).replace('"', "").replace("0,5", "0#5")
    folder = city(tmp_path / "aldea", ("\ufeff" + text.replace(",", ";").replace("#", ",")).encode())
    assert found(folder, "not by commas", "Spanish and Portuguese", severity="error")
    assert found(folder, "byte order mark", severity="warning")
    assert found(folder, "decimal comma", severity="error")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfea\x00", b"\x00\x00", HEADER.encode()])
def test_an_empty_or_binary_table_is_no_traceback(tmp_path: Path, content: bytes) -> None:
    check_city(city(tmp_path / "aldea", content))


def test_settings_that_are_not_toml(tmp_path: Path) -> None:
    folder = city(tmp_path / "aldea", [*FACTS, fact("gini", "0,5", "share")], SETTINGS + "name = Aldea\n")
    (problem,) = found(folder, "not valid TOML")
    assert problem.row == 10
    assert found(folder, "decimal comma"), "the tables are checked all the same"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ('country = "BRA"', 'country = "Brazil"', "country"),
        ('gwp = "AR5"', 'gwp = "SAR"', "gwp"),
        ("base_year = 2022", 'base_year = "2022"', "base_year"),
        ('region = ["Brazil", "South America", "Latin America", "world"]', 'region = "Brazil"', "region"),
        ('climate = "wet temperate"', 'climate = "rainy"', "climate"),
        ('name = "Aldea"', "", "name"),
        ('gwp = "AR5"', 'gwp = "AR5"\ntargets = {canopy_cover = 0.3}', "targets.canopy_cover"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, old: str, new: str, column: str) -> None:
    problems = [p for p in check_city(city(tmp_path / "aldea", settings=SETTINGS.replace(old, new))) if p.row is None]
    assert [problem.column for problem in problems if problem.severity == "error"] == [column]


# --- the map ------------------------------------------------------------------------------------------------


def with_zones(tmp_path: Path, *features: object, **other: object) -> Path:
    folder = city(tmp_path / "aldea", [*FACTS, *other.get("facts", [])])  # type: ignore[misc]
    layer = {"type": "FeatureCollection", "features": list(features)}
    (folder / "zones.geojson").write_text(json.dumps(layer))
    return folder


def test_zones_that_overlap_and_zones_that_touch(tmp_path: Path) -> None:
    one, two, beside = square("one", -51, -30), square("two", -50.995, -30), square("beside", -51.01, -30)
    problems = found(with_zones(tmp_path, one, two, beside), "overlap", severity="error")
    assert len(problems) == 1
    assert "50 %" in problems[0].message


def test_a_zone_that_crosses_itself(tmp_path: Path) -> None:
    bow = square("bow", -51, -30)
    bow["geometry"]["coordinates"][0][1:3] = reversed(bow["geometry"]["coordinates"][0][1:3])  # type: ignore[index]
    assert found(with_zones(tmp_path, bow), "crosses itself", "Fix geometries", severity="error")


def test_a_layer_in_another_projection(tmp_path: Path) -> None:
    metres = square("one", 478000, 6677000, 1000)
    (problem,) = found(with_zones(tmp_path, metres), "projected system", severity="error")
    assert "WGS84" in problem.fix


def test_a_map_that_lies_elsewhere_or_has_its_axes_swapped(tmp_path: Path) -> None:
    folder = with_zones(tmp_path, square("one", -51.23, -30.03))
    named = SETTINGS.replace("Aldea", "Porto Alegre")
    (folder / "city.toml").write_text(named)
    assert not found(folder, "km from")
    (folder / "zones.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [square("o", -30, -51)]})
    )
    assert found(folder, "km from Porto Alegre", "swapped", severity="warning")
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [square("o", 2, 48)]}))
    assert found(folder, "km from Porto Alegre", "another place", severity="warning")


def test_ids_that_are_missing_or_doubled_or_do_not_match(tmp_path: Path) -> None:
    nameless = square("x", -51.2, -30)
    nameless["properties"] = {}
    folder = with_zones(
        tmp_path, square("norte", -51, -30), square("norte", -51.1, -30), nameless,
    )  # fmt: skip
    assert found(folder, "stands twice")
    assert found(folder, "no property id")
    folder = with_zones(tmp_path, square("norte", -51, -30), facts=[fact("canopy_cover", 0.2, "share", zone="nort")])
    assert found(folder, "nort", "Nearest: norte", severity="error")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"type": "FeatureCollection"}', '{"type": "FeatureCollection", "features": [null, 3, {}]}',
     '{"type":"FeatureCollection","crs":3,"features":[{"properties":[],"geometry":{"type":"Polygon","coordinates":7}}]}',
     '{"type":"FeatureCollection","features":[{"properties":{"id":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}'],
)  # fmt: skip
def test_a_layer_that_is_no_layer(tmp_path: Path, text: str) -> None:
    folder = city(tmp_path / "aldea")
    (folder / "zones.geojson").write_text(text)
    assert [p for p in check_city(folder) if p.file == "zones.geojson" and p.severity == "error"]


# --- numbers that cannot be right ---------------------------------------------------------------------------


def parts(name: str, **shares: float) -> list[dict[str, object]]:
    return [fact(name, value, "share", kind=kind) for kind, value in shares.items()]


def test_shares_that_do_not_add_up(tmp_path: Path) -> None:
    noise = parts("noise_exposed_share", lden_55_59=0.5, lden_60_64=0.4, lden_65_69=0.3)
    assert found(city(tmp_path / "a", [*FACTS, *noise]), "add up to 1.2", severity="error")
    trips = parts("trip_mode_share", car=0.6, bus=0.6)
    assert found(city(tmp_path / "b", [*FACTS, *trips]), "add up to 1.2", severity="error")
    some = parts("trip_mode_share", car=0.3, bus=0.3)
    assert found(city(tmp_path / "c", [*FACTS, *some]), "add up to 0.6", "walking", severity="warning")
    fair = parts("trip_mode_share", car=0.6, bus=0.4)
    assert not found(city(tmp_path / "d", [*FACTS, *fair]), "add up")


def test_kilograms_given_for_tonnes(tmp_path: Path) -> None:
    people, area = fact("population", 10000, "person"), fact("area", 10, "km2")
    (problem,) = found(
        city(tmp_path / "aldea", [people, area, fact("waste_landfilled", 3.8e6, "t/yr")]), "waste per person"
    )
    assert problem.severity == "error"
    assert (problem.row, problem.column) == (4, "value")
    assert "1,000 times the usual" in problem.fix
    assert "kg/yr" in problem.fix


def test_kilowatt_hours_given_for_megawatt_hours(tmp_path: Path) -> None:
    use = fact("electricity_use", 2.5e8, "MWh/yr", kind="residential")
    people = fact("population", 100000, "person")
    assert found(city(tmp_path / "aldea", [people, use]), "kWh/yr meant", severity="error")


def test_a_part_larger_than_the_whole(tmp_path: Path) -> None:
    flooded = fact("flooded_population", 1.5e6, "person")
    assert found(city(tmp_path / "aldea", [*FACTS, flooded]), "larger than the whole", severity="error")


def test_zones_that_do_not_add_up_to_the_city(tmp_path: Path) -> None:
    inside = [fact("population", 3e5, "person", zone="norte"), fact("population", 2e5, "person", zone="sur")]
    folder = with_zones(tmp_path, square("norte", -51, -30), square("sur", -51.1, -30), facts=inside)
    assert found(folder, "add up to 50 % of the city", severity="warning")


# --- rules between inventory, facts and map -----------------------------------------------------------------


def with_inventory(tmp_path: Path, *rows: dict[str, object], facts: list[dict[str, object]] | None = None,
                   settings: str = SETTINGS) -> Path:  # fmt: skip
    return city(tmp_path / "aldea", [*FACTS, *(facts or [])], settings, [*rows])


@pytest.mark.parametrize(
    ("losses", "words"),
    [(18.72, []), (1.577, ["Exactly 10 times too small"]), (60.0, ["3.2 times too large"])],
)
def test_grid_losses(tmp_path: Path, losses: float, words: list[str]) -> None:
    folder = with_inventory(
        tmp_path, row("I.1.2", 100), row("I.1.3", losses), facts=[fact("grid_loss_share", 15.77, "percent")]
    )
    problems = found(folder, "grid energy in I.1.3")
    assert bool(problems) == bool(words)
    assert all(word in problems[0].fix for word in words)


def test_a_rule_without_its_input_names_what_is_missing(tmp_path: Path) -> None:
    folder = with_inventory(tmp_path, row("I.1.2", 100), row("I.1.3", 1), row("III.1.2", 100), row("III.2.1", 5))
    for words in (["grid_loss_share"], ["waste_composted"], ["waste_composition"], ["[inventory_totals]"]):
        assert found(folder, *words, severity="not checkable")


@pytest.mark.parametrize(("tonnes_co2e", "times"), [(175.6, ""), (439.0, "2.5 times")])
def test_composting_per_tonne(tmp_path: Path, tonnes_co2e: float, times: str) -> None:
    folder = with_inventory(tmp_path, row("III.2.1", tonnes_co2e), facts=[fact("waste_composted", 1000, "t/yr")])
    problems = found(folder, "Composting emits")
    assert bool(problems) == bool(times)
    assert all("wet" in problem.fix and times in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("kilograms", "share", "words"),
    [(43.2, 0.35, "no recovery was assumed"), (25, 0.35, ""), (43.2, 0.0, ""), (300, 0.35, "this waste can give")],
)
def test_landfill_methane_per_tonne(tmp_path: Path, kilograms: float, share: float, words: str) -> None:
    composition = parts(
        "waste_composition", food=0.534, paper=0.176, plastics=0.175, glass=0.04, metal=0.022, other=0.053
    )
    gas = fact("landfill_gas_collected_share", share, "share")
    rows = row("III.1.2", kilograms * 400 * 28, ch4=kilograms * 400 * 28)
    problems = found(with_inventory(tmp_path, rows, facts=[*composition, gas]), "kg CH4 per tonne")
    assert [words in str(problem) for problem in problems] == ([True] if words else [])


def test_losses_without_the_energy_that_was_lost(tmp_path: Path) -> None:
    folder = with_inventory(tmp_path, row("I.3.3", 370), row("I.3.2", "", notation_key="NE", note="not published"))
    (problem,) = found(folder, "I.3.2 has no number")
    assert (problem.severity, problem.row) == ("warning", 2)


def test_published_totals(tmp_path: Path) -> None:
    totals = '[inventory_totals]\nunit = "t CO2e"\nstationary = 150.0\ntransport = 70.0\n'
    folder = with_inventory(
        tmp_path, row("I.1.1", 100), row("I.1.1", 50), row("II.1.1", 60), settings=SETTINGS + totals
    )
    (problem,) = found(folder, "published are")
    assert "transport" in problem.message
    assert "-10" in problem.fix


def test_area_in_profile_fact_and_map(tmp_path: Path) -> None:
    folder = with_zones(tmp_path, square("all", -51, -30, 0.0967))
    (folder / "city.toml").write_text(SETTINGS + "[profile]\narea = 665.0\n")
    problems = found(folder, "km2", severity="warning")
    assert any("the profile gives 665" in problem.message for problem in problems)
    assert not any("the sum of the zones gives" in problem.message for problem in problems)


def test_inventory_rows_that_are_wrong(tmp_path: Path) -> None:
    folder = with_inventory(
        tmp_path, row("I.63", 1), row("I.1.1", ""), row("I.1.2", "", notation_key="RN", note="?"), row("II.1.1", -5),
        row("III.1.1", 5, unit="kg"), row("II.2.1", 100, co2=5),
    )  # fmt: skip
    for words in (["I.63"], ["empty", "NE"], ["RN"], ["Negative"], ["'kg'"]):
        assert found(folder, *words, severity="error")
    assert found(folder, "II.2.1 add up to 5", severity="warning")


def test_no_mistake_ends_in_a_traceback(tmp_path: Path) -> None:
    """Files spoiled at random: cut, doubled, with bytes changed."""
    random.seed(20260101)
    original = Path(__file__).parents[1] / "cities/porto-alegre"
    names = ["city.toml", "facts.csv", "facts-cc-by-sa.csv", "inventory.csv", "zones.geojson", "aliases.csv"]
    contents = {name: (original / name).read_bytes()[:6000] for name in names}
    for turn in range(40):
        folder = tmp_path / str(turn)
        folder.mkdir()
        for name, content in contents.items():
            spoiled = bytearray(content)
            for _ in range(random.randrange(6)):
                spoiled[random.randrange(len(spoiled))] = random.randrange(256)
            (folder / name).write_bytes(bytes(spoiled)[: random.randrange(len(spoiled)) + 1])
        check_city(folder)


# --- in other languages -------------------------------------------------------------------------------------


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    use_language(request.param)
    yield request.param
    use_language("en")


def spoiled_city(tmp_path: Path) -> Path:
    """A city with faults of many kinds in every file."""
    wrong = [
        fact("populaton", 5, "person"), fact("gini", "0,5", "share"), fact("gini", 48, "share"),
        fact("gdp", "1.234.567,8", "BRL/yr"), fact("households", 5, "dwellings"), fact("gdp", 5, "JPY/yr"),
        fact("waste_composition", 0.5, "share", kind="fod"), fact("canopy_cover", 0.5, "share", zone="centro"),
        fact("livestock_emissions", "NE", ""), fact("gini", 0.5, "share", year=2090), FACTS[0],
        fact("electricity_use", 2.5e10, "kWh/yr", kind="residential"), fact("flooded_population", 5e6, "person"),
    ]  # fmt: skip
    rows = [row("I.63", 1), row("I.1.2", 100), row("I.1.3", 0.1), row("II.2.1", 100, co2=5), row("III.1.2", 1e9)]
    folder = city(tmp_path / "aldea", [*FACTS, *wrong], SETTINGS.replace("AR5", "SAR"), rows)
    (folder / "facts-odbl.csv").write_text(HEADER.replace("source", "fuente"))
    layer = {"type": "FeatureCollection", "features": [square("o", 2, 48), square("o", 2.001, 48)]}
    (folder / "zones.geojson").write_text(json.dumps(layer))
    return folder


@pytest.mark.parametrize("language", ["es", "pt"], indirect=True)
@pytest.mark.parametrize("translations", ["those that ship", "none"])
def test_faults_are_said_in_every_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, translations: str
) -> None:
    """Every fault is found whatever the language; a text without translation appears in English, filled in."""
    if translations == "none":
        monkeypatch.setattr(i18n, "catalogue", lambda _name: {})
    said = check_city(spoiled_city(tmp_path))
    assert not [problem for problem in said if "{" in problem.message + problem.fix]
    use_language("en")
    english = check_city(tmp_path / "aldea")
    assert [(p.severity, p.file, p.row, p.column) for p in said] == [
        (p.severity, p.file, p.row, p.column) for p in english
    ]
    if translations == "none":
        messages = {problem.message for problem in said}
        assert "'populaton' is not a known name." in messages
