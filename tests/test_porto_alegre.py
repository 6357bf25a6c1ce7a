"""The bundled example city: what it ships, and that its data rebuild it."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from collections import Counter
from math import fsum, isnan
from pathlib import Path
from types import ModuleType

import pytest
import shapely

from caminos.city.check import check_city
from caminos.city.inventory import gpc
from caminos.city.package import City, load, read_city
from caminos.city.zones import read_zones

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "cities" / "porto-alegre"
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="module")
def city() -> City:
    return read_city(PACKAGE)


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    path = REPOSITORY / "scripts" / "build_porto_alegre.py"
    spec = importlib.util.spec_from_file_location("build_porto_alegre", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_package_reads_without_error() -> None:
    city, problems = load(PACKAGE)
    assert {problem.severity for problem in problems} <= {"warning"}
    assert all("trip_mode_share" in problem.message for problem in problems)  # recalled shares add up to 0.98
    assert city is not None
    assert (city.id, city.country, city.base_year, city.gwp) == ("porto-alegre", "BRA", 2022, "AR5")


def test_inventory_adds_up_to_the_published_totals(city: City) -> None:
    totals = {
        sector: fsum(
            row.emissions
            for row in city.inventory
            if gpc()[row.reference].sector == sector and not isnan(row.emissions)
        )
        for sector in ("stationary", "transport", "waste", "land")
    }
    published = {"stationary": 318470.413, "transport": 1169883.372, "waste": 680580.997, "land": -1546.654}
    assert totals == pytest.approx(published, abs=5e-4)
    for sector, value in published.items():
        assert city.inventory_totals.of(sector) == value


def test_inventory_gases_add_up_to_each_row(city: City) -> None:
    for row in city.inventory:
        if not isnan(row.emissions):
            gases = fsum(gas or 0 for gas in (row.co2, row.ch4, row.n2o))
            assert gases == pytest.approx(row.emissions, rel=1e-4)  # the export rounds the gases of waste


def test_rows_without_a_figure_are_not_estimated_with_a_reason(city: City) -> None:
    empty = [row for row in city.inventory if row.notation]
    assert {row.notation for row in empty} == {"NE"}
    assert all(row.note for row in empty)
    assert all(isnan(row.emissions) for row in empty)
    reasons = {row.reference: row.note for row in empty}
    assert reasons["II.2.1"].startswith("RN in the export")
    assert reasons["I.3.2"].startswith("Row absent")
    assert {row.reference for row in city.inventory} == set(gpc())


def test_zones_are_the_94_neighbourhoods_without_overlap(city: City) -> None:
    assert len(city.zones) == 94
    assert {"menino-deus", "montserrat", "humaita"} <= {zone.id for zone in city.zones}
    union = shapely.union_all([zone.geometry for zone in city.zones]).area
    assert fsum(zone.geometry.area for zone in city.zones) == pytest.approx(union, rel=1e-6)
    assert fsum(zone.area for zone in city.zones) == pytest.approx(495.0, rel=2e-3)
    pieces = {zone.id for zone in city.zones if len(shapely.get_parts(zone.geometry)) == 2}
    assert pieces == {"arquipelago", "belem-novo", "boa-vista-do-sul", "extrema", "vila-conceicao"}
    assert (PACKAGE / "zones.geojson").stat().st_size < 300_000


KEY_FACTS = (
    # name, kind, group, year, value, quality
    ("population", "", "", 2022, 1332845, "A"),
    ("area", "", "", 2022, 495.39, "A"),
    ("grid_emission_factor", "", "", 2023, 0.0385, "B"),
    ("grid_emission_factor", "", "", 2022, 0.0426, "C"),
    ("grid_loss_share", "", "", 2022, 0.1577, "B"),
    ("stationary_fuel_emissions", "industry", "", 2022, 9045.634, "B"),
    ("road_fuel_energy", "gasoline", "", 2022, 578252.445 / 69.3, "B"),
    ("road_fuel_energy", "diesel", "", 2022, 281756.297 / 74.1, "B"),
    ("road_fuel_energy", "ethanol", "", 2022, 2001.6, "B"),
    ("waste_landfilled", "", "", 2022, 468469.6, "A"),
    ("sewer_coverage", "", "", 2021, 0.9162, "A"),
    ("flooded_population", "", "", 2024, 157701, "B"),
    ("flood_protection_level", "", "", 2024, 5.0, "C"),
    ("flood_recorded_depth", "", "", 2024, 1.5, "C"),
    ("heat_attributable_share", "", "", 2008, 0.0132, "B"),
    ("heat_degree_days", "", "", 2008, 118.2, "B"),
    ("cold_degree_days", "", "", 2008, 118.2 + 365 * (23.8 - 19.36), "B"),
    ("poverty_rate", "", "", 2010, 0.122, "B"),
)


@pytest.mark.parametrize(("name", "kind", "group", "year", "value", "quality"), KEY_FACTS)
def test_key_facts(city: City, name: str, kind: str, group: str, year: int, value: float, quality: str) -> None:
    found = [
        fact
        for fact in city.facts
        if (fact.name, fact.zone, fact.kind, fact.group, fact.year) == (name, "", kind, group, year)
    ]
    assert len(found) == 1
    assert found[0].value == pytest.approx(value, rel=1e-4)
    assert found[0].quality == quality


def test_every_fact_says_where_it_comes_from(city: City) -> None:
    for fact in city.facts:
        assert fact.source
        assert fact.licence
        assert fact.quality in "ABC"
        assert fact.notation or fact.quality != "C" or (fact.low is not None and fact.high is not None)
        assert not fact.notation or fact.note
        assert "data/" not in fact.source
        assert not fact.source.startswith("same")


def test_floods_are_known_for_the_city_and_five_neighbourhoods_only(city: City) -> None:
    zones = {fact.zone for fact in city.facts if fact.name == "flooded_population"}
    assert zones == {"", "sarandi", "menino-deus", "farrapos", "humaita", "cidade-baixa"}


def test_flood_levels_rise_with_the_return_period(city: City) -> None:
    levels = [fact for fact in city.facts if fact.name == "flood_level"]
    assert [fact.kind for fact in levels] == ["rp2", "rp5", "rp10", "rp25", "rp50", "rp100", "rp200", "rp500"]
    for column in ("low", "value", "high"):
        values = [getattr(fact, column) for fact in levels]
        assert values == sorted(values)
    hundred = levels[5]
    assert hundred.quality == "C"
    assert (hundred.low or 0) < 4.76 < (hundred.high or 0)


def test_census_shares_of_2000_and_quintiles_by_zone_are_not_used(city: City) -> None:
    by_zone = Counter(fact.name for fact in city.facts if fact.zone)
    assert by_zone["sewer_coverage"] == by_zone["water_coverage"] == by_zone["household_income"] == 0
    assert by_zone["population"] == by_zone["poverty_rate"] == 75
    assert by_zone["households_by_income_band"] == 6 * 75
    people = fsum(fact.value for fact in city.facts if fact.name == "population" and fact.zone)
    assert people == 1_234_788


def test_income_means_lie_within_their_limits_and_close_the_mean(city: City) -> None:
    incomes = [fact for fact in city.facts if fact.name == "household_income" and fact.year == 2010]
    assert fsum(float(fact.given_value) for fact in incomes) / 5 / 12 == pytest.approx(1758.27, rel=1e-4)
    for fact in incomes:
        assert fact.low is not None
        assert fact.high is not None
        assert fact.low < fact.value < fact.high


def test_own_inventory_stands_beside_the_published_one(city: City) -> None:
    own = {entry.year: entry for entry in city.own_inventories}
    assert own[2019].total == 2_373_000
    assert sum(own[2019].sectors.given().values()) == pytest.approx(own[2019].total, rel=1e-3)


def test_targets_are_those_of_the_city_s_plan(city: City) -> None:
    assert [(item.name, item.year, item.value) for item in city.targets] == [
        ("net_emissions_reduction", 2030, 0.33),
        ("net_emissions_reduction", 2040, 0.48),
        ("net_emissions_reduction", 2050, 1.0),
        ("emissions_per_person", 2050, 0.0),
        ("electric_bus_share", 2050, 1.0),
    ]
    assert city.target("net_emissions_reduction") == city.targets[2]
    assert city.target("canopy_cover") is None


def test_share_alike_figures_stand_in_files_of_their_own(city: City) -> None:
    files = {"CC BY-SA": "facts-cc-by-sa.csv", "ODbL": "facts-odbl-1-0.csv"}
    for licence, file in files.items():
        assert {fact.file for fact in city.facts if licence in fact.licence} == {file}
    free = [fact for fact in city.facts if not any(licence in fact.licence for licence in files)]
    assert {fact.file for fact in free} == {"facts.csv"}
    terms = (PACKAGE / "SOURCE.md").read_text(encoding="utf-8")
    assert "by-sa/4.0" in terms
    assert all(f"`{name}`" in terms for name in ("facts-cc-by-sa.csv", "facts-odbl-1-0.csv", "inventory.csv"))
    assert "opendatacommons.org/licenses/odbl" in terms
    with (PACKAGE / "facts.csv").open(encoding="utf-8", newline="") as stream:
        assert not [row for row in csv.DictReader(stream) if "SEEG" in row["licence"]]


def test_the_wrong_area_of_the_published_profile_is_reported() -> None:
    wrong = [problem for problem in check_city(PACKAGE) if problem.column == "area"]
    assert [(problem.file, problem.severity) for problem in wrong] == [("city.toml", "warning")]
    assert "665" in wrong[0].message
    assert "495.4" in wrong[0].message


def test_shared_data_rebuild_the_same_bytes(builder: ModuleType, tmp_path: Path) -> None:
    """Outlines only with the same GEOS: another one may choose other points of them."""
    if not (SHARED / "data" / "porto-alegre").is_dir():
        pytest.skip("the shared data folder is not here")
    builder.build(SHARED, tmp_path / "porto-alegre")
    built = {path.name: path for path in (tmp_path / "porto-alegre").iterdir()}
    tables = ("facts.csv", "facts-cc-by-sa.csv", "inventory.csv")
    assert set(built) == {*builder.HAND_WRITTEN, *tables, "zones.geojson"}
    shipped = PACKAGE / "zones.geojson"
    same_geos = json.loads(shipped.read_text(encoding="utf-8"))["made_with"] == f"GEOS {shapely.geos_version_string}"
    for name, path in built.items():
        if name != "zones.geojson" or same_geos:
            assert path.read_bytes() == (PACKAGE / name).read_bytes(), name
    areas = [{zone.id: zone.area for zone in read_zones(path)[0]} for path in (built["zones.geojson"], shipped)]
    assert areas[0] == pytest.approx(areas[1], rel=1e-3)


def test_builder_fails_on_a_missing_folder_and_writes_nothing(builder: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        builder.build(tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_numbers_and_factors_of_the_builder(builder: ModuleType) -> None:
    assert builder.number(13600000000.0) == "13600000000"
    assert builder.number(0.00004) == "0.00004"
    assert builder.product("0.1/0.9*0.88") == pytest.approx(0.1 / 0.9 * 0.88)
    assert builder.product("") == 1
    assert builder.slug("Mont’Serrat") == "montserrat"
    assert builder.slug("Belém Novo") == "belem-novo"
