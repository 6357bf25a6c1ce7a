"""A first package from open defaults: the place, the values, the marks on them."""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from caminos.city.agreement import FATES
from caminos.city.check import check_city
from caminos.city.climates import climate, climate_at, climate_remark
from caminos.city.national import Value, national, prior
from caminos.city.new import city_waste, default_facts, known_fate, made_city, new_city
from caminos.city.package import read_city
from caminos.city.places import PlaceError, all_places, countries, find_place
from caminos.city.rules import agreements
from caminos.city.vocabulary import vocabulary
from caminos.planning.city_model import CityModel
from caminos.planning.diagnosis import diagnose

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import build_countries


@pytest.mark.parametrize(
    ("text", "name", "country"),
    [
        ("Rosario, Argentina", "Rosario", "ARG"),
        ("porto alegre, BRASIL", "Porto Alegre", "BRA"),
        ("Sao Paulo, BR", "São Paulo", "BRA"),
        ("Bogota, col", "Bogotá", "COL"),
        ("Munique, Alemanha", "Munich", "DEU"),
        ("Londres, Reino Unido", "London", "GBR"),
        ("Springfield, Illinois, USA", "Springfield", "USA"),
        ("3838583", "Rosario", "ARG"),
    ],
)
def test_places_are_found_however_they_are_written(text: str, name: str, country: str) -> None:
    place = find_place(text)
    assert (place.name, place.country) == (name, country)


def test_an_ambiguous_name_lists_its_candidates() -> None:
    with pytest.raises(PlaceError, match="places are called Springfield") as error:
        find_place("Springfield, United States")
    candidates = error.value.candidates
    assert {"Illinois", "Missouri"} <= {place.region for place in candidates}
    assert [place.population for place in candidates] == sorted((p.population for p in candidates), reverse=True)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("Rosaria, Argentina", "Rosario"), ("Xyzzy, Argentinia", "Argentina"), ("", "City, Country"), ("999", "999")],
)
def test_an_unknown_name_gets_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(PlaceError, match=hint):
        find_place(text)


def test_rosario_is_made_within_seconds_and_reads_without_errors(tmp_path: Path) -> None:
    started = time.perf_counter()
    folder = new_city("Rosario, Argentina", tmp_path / "rosario")
    assert time.perf_counter() - started < 2
    rosario = read_city(folder)
    assert rosario.region == ("Argentina", "South America", "Latin America", "Americas", "world")
    assert (rosario.currency, rosario.language) == ("ARS", "es")
    assert rosario.value("population") == find_place("Rosario, Argentina").population
    assert not [problem for problem in check_city(folder) if problem.severity == "error"]


def test_every_value_is_marked_as_a_default_with_its_range(tmp_path: Path) -> None:
    rosario = read_city(new_city("Rosario, Argentina", tmp_path / "rosario"))
    for fact in rosario.facts:
        assert fact.note.startswith("default:")
        assert fact.source
        assert fact.quality == ("B" if fact.name == "population" else "C")
        assert fact.notation or fact.low <= fact.value <= fact.high


DIRECT_FACTORS = {  # t CO2/MWh of generation as the countries' own offices publish them
    "BRA": 0.0385,  # MCTI, Sirene: mean of the interconnected system in 2023
    "USA": 0.367,  # EIA, FAQ 74: .81 lb/kWh in 2023
}


@pytest.mark.parametrize("country", DIRECT_FACTORS)
def test_the_grid_factor_is_the_direct_one(country: str) -> None:
    grid = national(country)["grid_emission_factor", ""]
    assert grid.note.startswith("direct")
    assert grid.low < DIRECT_FACTORS[country] < grid.high


def test_where_no_mix_of_fuels_is_known_the_life_cycle_intensity_says_so() -> None:
    life_cycle = [code for code in countries() if "LIFE-CYCLE" in _grid_note(code)]
    assert 0 < len(life_cycle) < 10


def test_a_grid_that_burns_nothing_has_a_factor_of_zero() -> None:
    assert national("ISL")["grid_emission_factor", ""].value == 0  # water and the earth's heat
    assert (
        CityModel(made_city(find_place("Reykjavik, Iceland"))).run(["emissions_basic"])["emissions_basic"][0, 0, 0] > 0
    )


def test_the_direct_factor_is_worked_by_hand() -> None:
    """France 2021: 5.78 TWh of coal, 9.94 of oil, 33.29 of gas in 548.68: 27.85 Mt, .0508 t/MWh.

    Water, atom, wind, sun and wood are 16.7 g/kWh of a life-cycle intensity of 60, which falls to 40: by .538.
    """
    mix = {
        "Entity": "France", "Year": "2021", "Electricity generation (TWh)": "548.68",
        "Electricity from coal (TWh)": "5.78", "Electricity from oil (TWh)": "9.94", "Electricity from gas (TWh)": "33.29",
        "Electricity from hydro (TWh)": "59.49", "Electricity from nuclear (TWh)": "379.21",
        "Electricity from wind (TWh)": "36.65", "Electricity from solar (TWh)": "14.66",
        "Electricity from bioenergy (TWh)": "9.05", "Electricity from other renewables excluding bioenergy (TWh)": "0.61",
    }  # fmt: skip
    intensity = [{"Entity": "France", "Year": year, "grams": grams} for year, grams in (("2021", "60"), ("2024", "40"))]
    names = build_countries.Names([{"country": "FRA", "name": "France", "other_names": ""}])
    (found,) = build_countries.grid_factors([mix], intensity, names)
    assert float(found["value"]) == pytest.approx(0.0508 * 0.538, rel=0.01)
    assert found["year"] == 2024
    (alone,) = build_countries.grid_factors([mix], [], names)
    assert float(alone["value"]) == pytest.approx(0.0508, rel=0.01)
    assert alone["year"] == 2021
    part = {**mix, "Electricity from gas (TWh)": ""}  # a fuel that is not told apart: no direct factor
    assert not build_countries.grid_factors([part], [], names)


def _grid_note(country: str) -> str:
    value = national(country).get(("grid_emission_factor", ""))
    return value.note if value else ""


def test_waste_comes_from_the_city_table_where_the_city_is_there(tmp_path: Path) -> None:
    rosario = read_city(new_city("Rosario, Argentina", tmp_path / "rosario"))
    food = rosario.fact("waste_composition", "food")
    assert food.value == pytest.approx(58.38 / 101.25, rel=1e-3)  # What a Waste 2.0, city table, scaled to 1
    assert "city data" in food.source
    parts = [fact for fact in rosario.facts if fact.name == "waste_composition"]
    assert {fact.kind for fact in parts} == set(vocabulary()["waste_composition"].kinds)
    assert sum(fact.value for fact in parts) == pytest.approx(1, abs=0.001)


def test_road_fuels_give_back_the_country_s_emissions() -> None:
    place = find_place("Rosario, Argentina")
    energy = {row["kind"]: row["value"] for row in default_facts(place) if row["name"] == "road_fuel_energy"}
    emissions = float(str(energy["gasoline"])) * 69.3 + float(str(energy["diesel"])) * 74.1
    per_person = national("ARG")["transport_emissions_per_person", ""].value * 0.87
    assert emissions == pytest.approx(per_person * place.population, rel=2e-3)


def test_what_no_source_gives_is_left_out_and_said(tmp_path: Path) -> None:
    folder = new_city("Rosario, Argentina", tmp_path / "rosario")
    rosario = read_city(folder)
    assert not [fact for fact in rosario.facts if fact.name in ("gini", "canopy_cover", "flood_level")]
    notes = (folder / "city.toml").read_text(encoding="utf-8").splitlines()[0]
    assert notes.startswith("notes = ")
    assert all(name in notes for name in ("gini", "canopy_cover", "flood_level", "GeoNames"))


@pytest.mark.parametrize(
    ("text", "expected", "doubted"),
    [
        ("Mendoza, Argentina", "dry temperate", False),  # 220 mm of rain a year
        ("Phoenix, US", "dry tropical", False),
        ("Lima, Peru", "dry temperate", True),
        ("Dhaka, Bangladesh", "wet tropical", False),
        ("Houston, US", "wet tropical", True),
        ("Chennai, India", "wet tropical", False),
        ("Darwin, Australia", "wet tropical", False),
        ("Porto Alegre, Brazil", "wet temperate", True),
        ("Nairobi, Kenya", "wet temperate", True),  # 1,800 m above the sea: not tropical by its latitude
        ("Quito, Ecuador", "wet temperate", False),
        ("Medellín, Colombia", "wet temperate", True),  # a cell of mountains, though Köppen has no cool month
        ("Rosario, Argentina", "wet temperate", True),
        ("Santiago, Chile", "wet temperate", False),
        ("London, GB", "wet temperate", False),
        ("Oslo, Norway", "wet temperate", False),
    ],
)
def test_the_climate_is_that_of_the_place_and_says_how_sure(
    tmp_path: Path, text: str, expected: str, doubted: bool
) -> None:
    """Dry in Köppen's group B, tropical above 20 degC (IPCC 2006, vol. 5, table 3.3), whatever the latitude."""
    folder = new_city(text, tmp_path / "city")
    assert read_city(folder).climate == expected
    lines = (folder / "city.toml").read_text(encoding="utf-8").splitlines()
    above = [line for line in lines[: lines.index(f'climate = "{expected}"')] if line.startswith("# ")]
    said = "\n".join(above[-4:])
    assert "Default from the place: Köppen" in said
    assert ("In doubt at the bound of 20 °C" in said) == doubted
    assert "how fast waste decays" in above[-1]


def test_a_place_without_a_cell_has_a_climate_by_latitude_and_says_so() -> None:
    islet = find_place("Malé, Maldives")
    assert climate_at(islet) is None
    assert climate(islet) == "wet tropical"
    assert climate(replace(islet, latitude=50.0)) == "wet temperate"
    assert "latitude" in climate_remark(islet)


def test_the_table_of_climates_covers_the_places_and_keeps_its_notice() -> None:
    """Every class is one of Köppen's five groups, every mean one of the Earth; hardly a place is without."""
    places = all_places()
    found = [known for known in map(climate_at, places) if known is not None]
    assert len(found) > 0.98 * len(places)
    assert {known.koppen[0] for known in found} == set("ABCDE")
    assert all(-20 < known.mean < 35 for known in found)
    folder = Path(__file__).parents[1] / "src/caminos/city"
    assert (folder / "climates.csv.gz").stat().st_size < 300_000
    notice = (folder / "climates.SOURCE.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2019 Todd Karin" in notice
    assert "MIT License" in notice


NEVER_DEFAULT = {
    "green_area_per_person", "green_access_share", "storm_water_retained", "expected_annual_flood_damage",
    "expected_annual_flooded_people", "heat_deaths", "cold_deaths", "heat_concentration_index",
    "people_in_risk_sectors", "fifteen_minute_access", "participants", "flood_concentration_index",
    "green_concentration_index", "people_without_green", "people_without_facilities", "natural_area",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("Rosario, Argentina", 2, 6),
        ("Nairobi, Kenya", 0.2, 1.4),
        ("Lyon, France", 2, 6.5),
        ("Chennai, India", 0.8, 2.6),
    ],
)
def test_a_new_city_has_a_first_diagnosis(tmp_path: Path, text: str, least: float, most: float) -> None:
    """Emissions per person below those of the whole country, and no headline that only the city itself can know."""
    model = CityModel(read_city(new_city(text, tmp_path / "city")))
    found = {standing.headline.indicator: standing for standing in diagnose(model, draws=0)}
    assert {name for name, standing in found.items() if not standing.estimated} == NEVER_DEFAULT
    emissions = found["emissions_per_person"]
    assert least < emissions.values[0].value < most
    assert emissions.quality == "C"
    assert 80 < found["waste_per_person"].values[0].value < 600
    assert 0.01 < found["energy_burden_of_poorest"].values[0].value < 0.3
    assert len(model.available) > 30


def test_waste_of_unknown_fate_is_not_spread_over_the_rest() -> None:
    def share(value: float) -> Value:
        return Value(value, value / 2, value, "share", "a table", 2016)

    name = "waste_treatment_share"
    mostly_lost = {(name, "recycling"): share(0.11), (name, "unaccounted_for"): share(0.89)}
    assert known_fate(mostly_lost, {}) == {}
    partly = {(name, "open_dump"): share(0.8), (name, "unaccounted_for"): share(0.2)}
    assert known_fate(partly, {}) == {}  # what is known covers less than 95 %
    uncollected = {**partly, ("waste_collection_coverage", ""): share(0.8)}
    assert known_fate(uncollected, {})[name, "open_dump"].value == pytest.approx(1)
    like_others = known_fate(partly, {(name, "recycling"): share(0.25), (name, "open_dump"): share(0.75)})
    assert like_others[name, "open_dump"].value == pytest.approx(0.8 + 0.2 * 0.75)
    assert like_others[name, "recycling"].value == pytest.approx(0.2 * 0.25)
    assert "unaccounted" in like_others[name, "recycling"].note


def test_waste_of_a_country_without_figures_is_that_of_its_income_group(tmp_path: Path) -> None:
    cairo = read_city(new_city("Cairo, Egypt", tmp_path / "cairo"))
    landfilled = cairo.fact("waste_landfilled")
    assert landfilled
    assert "mean of countries of its income" in landfilled.note
    assert landfilled.low < 0.5 * landfilled.value


def test_what_is_burnt_stands_in_a_row_of_its_own(tmp_path: Path) -> None:
    lyon = read_city(new_city("Lyon, France", tmp_path / "lyon"))
    burnt, landfilled = lyon.fact("waste_incinerated"), lyon.fact("waste_landfilled")
    assert burnt
    assert landfilled
    assert burnt.value > landfilled.value  # What a Waste: 34.7 % of France's waste is burnt


@pytest.mark.parametrize("text", ["Utrecht, Netherlands", "Reykjavik, Iceland", "Tokyo, Japan", "Dhaka, Bangladesh",
                                  "Oslo, Norway", "Nairobi, Kenya", "Porto Alegre, Brazil"])  # fmt: skip
def test_the_fates_of_a_made_city_make_up_what_it_generates(text: str) -> None:
    place = find_place(text)
    city = made_city(place)
    assert not agreements(city)
    fates = sum(city.value(name) for name in FATES)
    per_person = {**national(place.country), **city_waste(place)}["waste_per_person", ""].value
    collected = city.value("waste_collection_coverage")
    expected = per_person * (collected if collected == collected else 1) * place.population
    assert fates == pytest.approx(expected, rel=2e-3)
    assert city.value("sorting_yield") == 1


def test_road_deaths_make_up_the_rate_of_the_region(tmp_path: Path) -> None:
    rosario = read_city(new_city("Rosario, Argentina", tmp_path / "rosario"))
    deaths = [fact for fact in rosario.facts if fact.name == "road_deaths"]
    assert {fact.kind: fact.notation for fact in deaths}["rail"] == "NO"
    rate = sum(fact.value for fact in deaths) / rosario.value("population")
    assert rate == pytest.approx(prior("road_death_rate_prior", "ARG")[""].value, rel=1e-3)


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "rosario").mkdir()
    with pytest.raises(FileExistsError, match="nothing was written"):
        new_city("Rosario, Argentina", tmp_path / "rosario")
    assert list((tmp_path / "rosario").iterdir()) == []


def test_cities_of_poor_and_of_odd_data_can_be_made_too(tmp_path: Path) -> None:
    for text in (
        "Kabul, Afghanistan",
        "Pyongyang, KP",
        "Singapore, SG",
        "Nairobi, Quênia",
        "Nuuk, GL",
        "Reykjavik, IS",
    ):
        read_city(new_city(text, tmp_path / text.split(",")[0]))


def test_tables_are_tidy() -> None:
    folder = Path(__file__).parents[1] / "src/caminos/city"
    keys = set()
    with (folder / "countries.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            key = (row["country"], row["name"], row["kind"])
            assert key not in keys
            keys.add(key)
            assert row["country"] in countries()
            assert row["source"]
            assert float(row["low"] or row["value"]) <= float(row["value"]) <= float(row["high"] or row["value"]), row
    assert (folder / "places.csv.gz").stat().st_size < 1_000_000
    assert "Attribution 4.0" in (folder / "places.SOURCE.txt").read_text()
    assert all(country.region[-1] == "world" for country in countries().values())


def test_a_place_of_unknown_population_asks_for_it(tmp_path: Path) -> None:
    """GeoNames has no figure for Thomas Magena home in Kenya: a city of nobody is never made."""
    with pytest.raises(PlaceError, match="--population"):
        new_city("13631342", tmp_path / "city")
    assert not (tmp_path / "city").exists()
    assert new_city("13631342", tmp_path / "city", population=20_000).is_dir()
    assert "13631342" not in {place.id for place in all_places()}


@pytest.mark.parametrize(("name", "unknown"), [("Shanghai, China", True), ("Istanbul, Turkey", False)])
def test_landfills_of_unknown_standard_are_named_only_where_there_are_any(name, unknown):
    """The World Bank says of three fifths of China's waste that it is landfilled, and not how."""
    note = next(fact.note for fact in made_city(find_place(name)).facts if fact.name == "waste_controlled_share")
    assert ("says no more" in note) == unknown


@pytest.mark.parametrize(
    "name", ["Tokyo, Japan", "Seoul, South Korea", "Tel Aviv, Israel", "Oslo, Norway", "Auckland, New Zealand"]
)
def test_a_rich_country_that_reports_no_slums_has_not_those_of_its_continent(name):
    """The Sustainable Development Report 2025 takes members of the OECD of high income that report none to have none."""
    model = CityModel(made_city(find_place(name)))
    found = model.run(["people_in_informal_settlements", "population"])
    assert (found["people_in_informal_settlements"] < 0.02 * found["population"]).all()
