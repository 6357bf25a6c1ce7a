"""The tables of literature values: well formed, plausible, and honest about what they are."""

from __future__ import annotations

import csv
import itertools
import re
from collections import defaultdict
from pathlib import Path

import pytest

import caminos.parameters
from caminos.model.axes import classifications, labels
from caminos.model.units import dimensions
from caminos.parameters.money import in_dollars
from caminos.parameters.tables import OTHER_TABLES, parameter_input, rows

FOLDER = Path(caminos.parameters.__file__).parent
COLUMNS = [
    "name",
    "classification",
    "kind",
    "setting",
    "region",
    "year",
    "value",
    "low",
    "high",
    "unit",
    "distribution",
    "source",
    "quality",
    "note",
]
DISTRIBUTIONS = {"fixed", "uniform", "triangular", "normal", "lognormal", "dirichlet"}
SETTINGS = {
    "climate": {"dry temperate", "wet temperate", "dry tropical", "wet tropical"},
    "gwp": {"AR4", "AR5", "AR6"},
}
CITIES = {
    "Porto Alegre": (("Brazil", "South America", "Latin America", "world"), "wet temperate"),
    "elsewhere": (("world",), "wet tropical"),
    "Europe": (("France", "Western Europe", "Europe", "world"), "dry temperate"),
}


def read() -> list[tuple[str, dict[str, str]]]:
    """Every row with its file and line."""
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        if path.name in OTHER_TABLES:
            continue
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            assert reader.fieldnames == COLUMNS, path.name
            found += [(f"{path.name}:{line}", row) for line, row in enumerate(reader, 2)]
    return found


ROWS = read()


def values(name: str, region: str = "world", setting: str = "") -> dict[str, float]:
    """Values of one parameter by kind, of its newest rows."""
    chosen = [row for _, row in ROWS if (row["name"], row["region"], row["setting"]) == (name, region, setting)]
    newest = max(int(row["year"]) for row in chosen)
    return {row["kind"]: float(row["value"]) for row in chosen if int(row["year"]) == newest}


def test_keys_are_unique() -> None:
    seen: dict[tuple[str, ...], str] = {}
    for place, row in ROWS:
        key = tuple(row[column] for column in ("name", "kind", "setting", "region", "year"))
        assert key not in seen, f"{place} repeats {seen[key]}: {key}"
        seen[key] = place


def test_every_row_is_complete_and_ordered() -> None:
    for place, row in ROWS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row["name"]), place
        assert row["region"], place
        assert re.fullmatch(r"\d{4}", row["year"]), place
        assert row["source"].strip(), place
        assert row["distribution"] in DISTRIBUTIONS, place
        assert row["quality"] in {"A", "B", "C"}, place
        low, value, high = (float(row[column] or row["value"]) for column in ("low", "value", "high"))
        assert low <= value <= high, f"{place}: {low} <= {value} <= {high}"
        if row["distribution"] != "fixed":
            assert low < high, f"{place}: a distribution needs a range"


def test_what_is_recalled_says_so_and_has_a_wide_range() -> None:
    for place, row in ROWS:
        text = f"{row['note']} {row['source']}".lower()
        if row["quality"] == "C" and not place.startswith("actions.csv"):  # costs of actions say it in their source
            assert any(word in text for word in ("recalled", "assumed", "own arithmetic", "not seen", "middle of")), (
                f"{place} is C: its note must say what it is"
            )
        if row["quality"] == "C":
            assert float(row["low"]) < float(row["high"]), f"{place} is C and has no range"
        elif place.split(":")[0] not in ("actions.csv", "planning.csv") and row["source"].lower().startswith(
            "caminos, "
        ):
            raise AssertionError(f"{place}: our own assumption cannot have quality {row['quality']}")


def test_settings_are_known_and_complete() -> None:
    by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place, row in ROWS:
        if row["setting"]:
            key, _, value = row["setting"].partition("=")
            assert value in SETTINGS[key], place
            by_name[row["name"], key].add(value)
    for (name, key), found in by_name.items():
        assert found == SETTINGS[key], f"{name} lacks {key} {sorted(SETTINGS[key] - found)}"


def test_every_label_of_a_classification_is_present() -> None:
    groups: dict[tuple[str, ...], set[str]] = defaultdict(set)
    classification: dict[str, set[str]] = defaultdict(set)
    for place, row in ROWS:
        classification[row["name"]].add(row["classification"])
        if row["classification"]:
            assert row["classification"] in classifications(), place
            assert row["kind"] in labels(row["classification"]), place
            key = (row["name"], row["classification"], row["setting"], row["region"], row["year"])
            groups[key].add(row["kind"])
        else:
            assert not row["kind"], place
    for (name, kinds, *rest), found in groups.items():
        assert found == set(labels(kinds)), f"{name} {rest} lacks {sorted(set(labels(kinds)) - found)}"
    for name, found in classification.items():
        assert len(found) == 1, f"{name} is classified in several ways: {found}"


def test_regions_are_those_of_countries() -> None:
    table = FOLDER.parent / "city" / "country_names.csv"
    with table.open(encoding="utf-8", newline="") as handle:
        known = {name for row in csv.DictReader(handle) for name in row["region"].split("|")}
    for place, row in ROWS:
        assert row["region"] in known, f"{place}: no country lies in {row['region']}"


def test_units_are_known_and_the_same_for_all_rows_of_a_name() -> None:
    by_name: dict[str, object] = {}
    for place, row in ROWS:
        unit, _ = in_dollars(row["unit"], int(row["year"]))
        kind = dimensions(unit)
        assert by_name.setdefault(row["name"], kind) == kind, f"{place}: {row['unit']} is not the unit of other rows"


def test_a_denominator_of_two_words_has_brackets() -> None:
    """`t CO2e/t CH4` would be read as tonne CO2e per tonne, times methane."""
    for place, row in ROWS:
        assert not re.search(r"/(t|kg|g) [A-Z]", row["unit"]), f"{place}: write {row['unit']} with brackets"


@pytest.mark.parametrize("city", CITIES)
def test_every_parameter_has_a_value_for_every_city(city: str) -> None:
    region, climate = CITIES[city]
    for name in rows():
        found = parameter_input(name, region, {"climate": climate, "gwp": "AR5"})
        assert found is not None, f"{name} has no row for {city}"
        assert not any(map(_is_nan, found.central.ravel())), f"{name} lacks a kind for {city}"


def _is_nan(value: float) -> bool:
    return value != value


def test_compositions_sum_to_one() -> None:
    sums: dict[tuple[str, ...], float] = defaultdict(float)
    for _, row in ROWS:
        if row["name"] in ("waste_composition", "quintile_share", "flood_exposure_by_income"):
            sums[row["name"], row["region"], row["year"]] += float(row["value"])
    assert len(sums) > 5
    for key, total in sums.items():
        assert total == pytest.approx(1, abs=1e-4), key


@pytest.mark.parametrize("region", ["world", "Brazil", "South America", "Mexico", "Chile", "Colombia"])
def test_shares_of_the_waste_agree_with_its_composition(region: str) -> None:
    composition = values("waste_composition", region)
    dry = sum(composition[stream] for stream in ("paper", "plastics", "glass", "metal"))
    assert values("dry_share_of_waste", region)[""] == pytest.approx(dry, abs=1e-3)
    organic = composition["food"] + composition["garden"]
    assert values("organic_share_of_waste", region)[""] == pytest.approx(organic, abs=1e-3)


def test_no_share_leaves_its_bounds() -> None:
    signed = {"income_rank", "heat_plan_effect", "death_change_slow_street"}
    for place, row in ROWS:
        if row["unit"] == "share" and row["name"] not in signed:
            assert float(row["low"] or row["value"]) >= 0, place
            assert float(row["high"] or row["value"]) <= 1, place


def test_relative_risks_point_the_right_way() -> None:
    for place, row in ROWS:
        harm = row["name"].split("_relative_risk")[0] in ("pm25", "no2", "noise_heart")
        if row["name"].endswith(("_relative_risk", "_odds_ratio")):
            bounds = (1, 2) if harm else (0, 1)
            assert bounds[0] < float(row["value"]) < bounds[1], place
            assert bounds[0] <= float(row["low"]), place
            assert float(row["high"]) <= bounds[1], place


def test_fossil_fuels_have_factors_of_their_own() -> None:
    """One factor for petrol and diesel is the mistake of some public tools (60.6 t/TJ for both)."""
    co2 = values("road_co2_factor")
    assert co2["gasoline"] != co2["diesel"]
    for fuel in ("gasoline", "diesel", "natural_gas"):
        assert 55 <= co2[fuel] <= 80, fuel
    assert co2["natural_gas"] < co2["gasoline"] < co2["diesel"]
    assert co2["ethanol"] == co2["biodiesel"] == 0
    for sector, factor in values("stationary_fuel_emission_factor").items():
        assert 55 <= factor <= 80, sector


def test_trace_gases_are_trace() -> None:
    co2 = values("road_co2_factor")
    for fuel in ("gasoline", "diesel", "natural_gas"):
        assert 1e-4 < values("road_ch4_factor")[fuel] < 0.3
        assert 1e-4 < values("road_n2o_factor")[fuel] < 0.05
        for name, potential in (("road_ch4_factor", 28), ("road_n2o_factor", 265)):
            assert values(name)[fuel] * potential < 0.06 * co2[fuel], f"{name} of {fuel} is no trace gas"


def test_kilograms_of_co2_per_litre() -> None:
    """Petrol 2.29 and diesel 2.68 kg CO2 a litre; a wrong density gives 2.91 for diesel."""
    calorific, co2 = values("road_net_calorific_value"), values("road_co2_factor")
    assert calorific["gasoline"] * co2["gasoline"] * 0.745 == pytest.approx(2.288, abs=0.01)
    assert calorific["diesel"] * co2["diesel"] * 0.84 == pytest.approx(2.68, abs=0.01)


def test_warming_potentials() -> None:
    for report, methane, nitrous_oxide in (("AR4", 25, 298), ("AR5", 28, 265), ("AR6", 27, 273)):
        assert values("gwp_ch4", setting=f"gwp={report}")[""] == methane
        assert values("gwp_n2o", setting=f"gwp={report}")[""] == nitrous_oxide


def test_landfills() -> None:
    carbon, fraction = values("degradable_organic_carbon"), values("degradable_fraction")
    for stream in ("plastics", "glass", "metal", "rubber", "other"):
        assert carbon[stream] == fraction[stream] == 0
    for climate in SETTINGS["climate"]:
        decay = values("methane_decay_rate", setting=f"climate={climate}")
        assert decay["food"] > decay["garden"] > decay["paper"] > decay["wood"] > 0
        assert decay["food"] <= 0.4
    food = [values("methane_decay_rate", setting=f"climate={name}")["food"] for name in sorted(SETTINGS["climate"])]
    assert food == [0.06, 0.085, 0.185, 0.4]


def test_jobs_are_people_not_dozens_of_thousands() -> None:
    for region in ("world", "Brazil"):
        jobs = values("jobs_per_tonne", region)
        assert all(1 <= number * 1e4 <= 1000 for number in jobs.values())
        assert jobs["repair"] > jobs["recycling"] > jobs["composting"] > jobs["disposal"]


def test_flood_damage_rises_with_depth() -> None:
    steps = list(values("depth_step").values())
    assert steps == sorted(steps)
    for region in ("world", "Latin America", "Europe", "Africa", "Asia", "Northern America", "Oceania"):
        curve = values("depth_damage", region)
        ordered = [curve[label] for label in labels("depth_step")]
        assert ordered == sorted(ordered)
        assert (ordered[0], ordered[-1]) == (0, 1)


def test_noise_bands_are_five_decibels_apart() -> None:
    levels = list(values("noise_band_level").values())
    assert [b - a for a, b in itertools.pairwise(levels)] == [5, 5, 5, 5]
    assert sum(values("noise_exposed_share").values()) < 1


def test_money_names_its_price_year() -> None:
    for place, row in ROWS:
        if re.search(r"\b(USD|BRL|EUR)\b", row["unit"]) and row["name"] not in _OF_THE_PLAN:
            raise AssertionError(f"{place}: {row['unit']} needs a price year, as in USD2014")


_OF_THE_PLAN = {"programme_overhead"}  # in the dollars of the model


def test_energy_intensities_are_those_of_vehicles() -> None:
    car, bus, truck = (values(f"{mode}_energy_intensity")[""] * 1e6 for mode in ("car", "bus", "truck"))
    assert 1.5 < car < 4, "MJ a vehicle-km"
    assert car < truck < bus < 25
    assert 0.1 < values("electric_car_consumption")[""] * 1e3 < 0.3, "kWh a vehicle-km"
    assert 0.7 < values("electric_bus_consumption")[""] * 1e3 < 2.5


def test_conversions_are_exact() -> None:
    assert values("megawatthours_per_terajoule")[""] == pytest.approx(277.7778, abs=1e-4)
    assert values("methane_per_carbon")[""] == pytest.approx(16 / 12)
    assert values("nitrous_oxide_per_nitrogen")[""] == pytest.approx(44 / 28)
    assert values("co2_per_carbon")[""] == pytest.approx(44 / 12)
    assert values("cubic_metres_per_km2_mm")[""] == 1000
