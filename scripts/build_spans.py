"""Write the spans into src/caminos/pathways/headlines.csv: from which level to which a headline is judged anywhere.

`safe` is a level set by WHO, an SDG, the IPCC or law; `worst` about the 97.5th percentile of observed places
(the 2.5th where higher is better), as the SDG Index sets its bounds; `median` the observed median place.

Texts, and figures that were published as they stand: spans_rows.csv beside this script.
Observed places carried over from public pages: spans_places.csv. All else is computed here from the folder given
by --shared. A figure computed here must be blank in spans_rows.csv, so that nothing stands twice.
Run: python scripts/build_spans.py --shared ../shared
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/caminos/pathways/headlines.csv"
COLUMNS = {  # of headlines.csv, by those of spans_rows.csv
    "per": "per",
    "safe": "safe",
    "median": "median",
    "worst": "worst",
    "unit": "span_unit",
    "observed": "observed",
    "safe_source": "safe_source",
    "source": "span_source",
    "quality": "span_quality",
    "note": "span_note",
}
HIGHER_IS_BETTER = {"canopy_cover", "natural_area", "waste_recovery_rate"}

LARGE = 50_000  # people: smaller places report resorts, refineries and offices, not cities
PLAUSIBLE = (0.2, 200)  # t CO2e a head and year: outside, totals or people are in another unit (kt, thousands)
TREATMENTS = (
    "advanced_thermal_treatment",
    "anaerobic_digestion",
    "compost",
    "controlled_landfill",
    "incineration",
    "landfill_unspecified",
    "open_dump",
    "other",
    "recycling",
    "sanitary_landfill_landfill_gas_system",
    "unaccounted_for",
    "waterways_marine",
)
RECOVERED = ("recycling", "compost", "anaerobic_digestion")
DUMPED = ("open_dump", "waterways_marine")
# BOD in kg a head and year, IPCC 2019, vol. 5, table 6.4: as in the table of parameters, `bod_per_person`.
BOD = {"United States": 31.025, "Brazil": 18.25, "Europe": 21.9, "Africa": 13.505, "world": 14.6}
# Names that Our World in Data spells otherwise than our list of countries.
SPELLINGS = {
    "Cote d'Ivoire": "Côte d'Ivoire",
    "Democratic Republic of Congo": "Congo - Kinshasa",
    "Timor": "Timor-Leste",
    "Faeroe Islands": "Faroe Islands",
    "United States Virgin Islands": "U.S. Virgin Islands",
}
LITRES_A_DAY = 0.36525  # m3 a year
WATER_LOST = 0.3  # share of what is put into networks: world, recalled from Liemberger & Wyatt 2019
DOLLARS_2005 = 304.7 / 195.3  # of 2023: consumer prices of the United States, annual means
# Hallegatte 2013: 6 billion dollars a year in 136 coastal cities, 43 % of it in four.
COASTAL_LOSS, OF_FOUR = 6e9, 0.43
FOUR = (("Guangzhou", "China"), *((city, "United States") for city in ("Miami", "New York", "New Orleans")))
# EM-DAT 1990-2022 (WHO Bulletin 2024): losses by floods of the world in dollars, years.
FLOOD_LOSS, FLOOD_YEARS = 1.3e12, range(1990, 2023)
# WRI Aqueduct 2015: people flooded by rivers a year, four fifths of them in 15 countries.
RIVER_FLOODED, OF_FIFTEEN = 21e6, 0.8
FIFTEEN = (
    "India",
    "Bangladesh",
    "China",
    "Vietnam",
    "Pakistan",
    "Indonesia",
    "Egypt",
    "Myanmar",
    "Afghanistan",
    "Nigeria",
    "Brazil",
    "Thailand",
    "Democratic Republic of Congo",
    "Iraq",
    "Cambodia",
)
# Deaths a year per 100,000 people by the causes that other_avoidable_deaths adds up: median and worst places.
AVOIDABLE = {
    "cold": (74 * 8.52 / 9.43, 129.0),  # Zhao 2021, world; Masselot 2023, first version, mean of 854 cities
    "pm25": (120.0, 196.0),  # Lelieveld 2020: world; East Asia, the worst region
    "road noise": (100_000 * 3_600 / 123_966_346, 100_000 * 3_600 / 123_966_346 * 0.87 / 0.48),  # Khomenko 2022
    "roads": (15.7, 33.7),  # WHO 2016, between ranks 68 and 102 of 175; bound of the SDG Index
    "diarrhoea": (2.4, 80.0),  # WHO 2016, recalled: the worst five are Chad, Somalia, CAR, Sierra Leone, Niger
}


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str | None) -> float | None:
    """A number, or None for blanks and words."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of the places lie, linear between neighbours."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


def short(value: float) -> str:
    """Two significant digits and a half are what such a distribution gives."""
    return f"{float(f'{value:.3g}'):g}"


def places(name: str) -> list[float]:
    """Observed places of spans_places.csv."""
    return [float(row["value"]) for row in read(HERE / "spans_places.csv") if row["indicator"] == name]


def first(row: dict[str, str], *starts: str) -> float | None:
    """The first number of the columns whose names begin so."""
    for start in starts:
        for column, text in row.items():
            if column.lower().startswith(start) and (value := number(text)):
                return value
    return None


def emissions_per_person(data: Path) -> list[float]:
    """Total of scopes 1 and 2 (BASIC where given) of cities that report to CDP, the last report of each."""
    last: dict[str, float] = {}
    for name in ("2018_City-wide", "2019_City-wide", "2020_-_City-Wide", "2021_City-wide"):
        for row in read(data / f"cdp-cities/{name}_Emissions.csv"):
            direct, indirect = first(row, "total scope 1"), first(row, "total scope 2")
            both = direct + indirect if direct and indirect else None
            total, people = first(row, "total basic emissions") or both, first(row, "population")
            if total and people and people >= LARGE and PLAUSIBLE[0] <= total / people <= PLAUSIBLE[1]:
                last[row["Account Number"]] = total / people
    return list(last.values())


def waste(data: Path) -> dict[str, list[float]]:
    """Kilograms a head and year of the cities of What a Waste whose treatments cover what they generate."""
    found: dict[str, list[float]] = {"disposed": [], "uncontrolled": [], "recovered": []}
    for row in read(data / "waste/waw2_city_level.csv"):
        people = number(row["population_population_number_of_people"])
        generated = number(row["total_msw_total_msw_generated_tons_year"])
        shares = {name: number(row[f"waste_treatment_{name}_percent"]) or 0 for name in TREATMENTS}
        covered = sum(shares.values())
        if not people or not generated or not 95 <= covered <= 105:
            continue
        collected = first(
            row,
            "waste_collection_coverage_total_percent_of_waste",
            "waste_collection_coverage_total_percent_of_population",
            "waste_collection_coverage_total_percent_of_households",
        )
        recovered, dumped = (sum(shares[name] for name in names) / covered for names in (RECOVERED, DUMPED))
        a_head = generated / people * 1000
        found["recovered"].append(recovered)
        found["disposed"].append(a_head * (1 - recovered))
        found["uncontrolled"].append(a_head * max(dumped, 1 - (100 if collected is None else collected) / 100))
    return found


def wash(data: Path, column: str) -> dict[str, float]:
    """Share of urban people without a service, by country, in the last year reported from 2015 on."""
    last: dict[str, float] = {}
    for row in read(data / "country-series/Water and Sanitation (WHO WASH, 2021).csv"):
        if int(row["Year"]) >= 2015 and (value := number(row[column])) is not None and row["Entity"] in regions():
            last[row["Entity"]] = 1 - value / 100
    return last


def regions() -> dict[str, list[str]]:
    """The chain of regions of each country by its English name."""
    names = read(HERE.parent / "src/caminos/city/country_names.csv")
    spelt = {row["name"]: [row["name"], *row["region"].split("|")] for row in names}
    spelt |= {other: spelt[name] for other, name in SPELLINGS.items()}
    return spelt | {other: spelt[row["name"]] for row in names for other in row["other_names"].split("|") if other}


def organics_discharged(data: Path) -> list[float]:
    """BOD of the urban people whose wastewater is not safely managed."""
    chains = regions()
    return [
        share * next(BOD[region] for region in chains[country] if region in BOD)
        for country, share in wash(data, "san_sm_urban").items()
    ]


def people(data: Path, year: int) -> dict[str, float]:
    """People of countries, and of the world, by Our World in Data."""
    rows = read(data / "country-series/owid-co2-data_1751-2018.csv")
    return {row["country"]: value for row in rows if row["year"] == str(year) and (value := number(row["population"]))}


def four_coastal_cities(data: Path) -> float:
    """People of Guangzhou, Miami, New York and New Orleans in 2005."""
    rows = read(data / "world-cities/wup-2018/agglomerations_300k_thousands.csv")
    found = [
        float(row["2005"]) * 1000
        for name, country in FOUR
        for row in rows
        if row["city"].startswith(name) and row["country"].startswith(country)
    ]
    if len(found) != len(FOUR):
        raise ValueError(f"{len(found)} agglomerations in place of {len(FOUR)}")
    return sum(found)


def flood_damage(data: Path) -> dict[str, float]:
    """World mean by EM-DAT, and the mean of the four worst of 136 coastal cities, in dollars of 2023."""
    world = [people(data, min(year, 2018))["World"] for year in FLOOD_YEARS]
    return {
        "median": FLOOD_LOSS / sum(world),
        "worst": COASTAL_LOSS * OF_FOUR / four_coastal_cities(data) * DOLLARS_2005,
    }


def flooded_people(data: Path) -> dict[str, float]:
    """People of 100,000 whom rivers flood a year outside the 15 countries with most of them."""
    counted = people(data, 2015)
    rest = counted["World"] - sum(counted[country] for country in FIFTEEN)
    return {"median": RIVER_FLOODED * (1 - OF_FIFTEEN) / rest * 100_000}


def avoidable_deaths() -> dict[str, float]:
    """Medians add up; no place is worst by every cause, so the distances to the worst add up in squares."""
    middle = sum(median for median, _ in AVOIDABLE.values())
    return {
        "median": middle,
        "worst": middle + math.sqrt(sum((worst - median) ** 2 for median, worst in AVOIDABLE.values())),
    }


def distributions(data: Path) -> dict[str, list[float]]:
    """Observed places by indicator."""
    wastes = waste(data)
    open_space = read(data / "world-cities/unhabitat-open-space/sdg_11_7_1_open_space.csv")
    green = read(data / "world-cities/unhabitat-open-space/green_area_1990_2020.csv")
    pm25 = {
        row["Entity"]: float(row["pm25_exposure"]) for row in read(data / "country-series/pm25-exposure-world-bank.csv")
    }
    return {
        "emissions_per_person": emissions_per_person(data),
        "natural_area": [v / 100 for row in green if (v := number(row["green_share_pct_2020"])) is not None],
        "people_without_green": [
            1 - value / 100
            for row in open_space
            if "UN-Habitat" in row["source"] and (value := number(row["open_space_access_pct"])) is not None
        ],
        "organics_discharged": organics_discharged(data),
        "waste_disposed_per_person": wastes["disposed"],
        "waste_uncontrolled_per_person": wastes["uncontrolled"],
        "waste_recovery_rate": wastes["recovered"],
        "water_produced": [value * LITRES_A_DAY / (1 - WATER_LOST) for value in places("water_delivered_per_person")],
        "people_in_informal_settlements": places("people_in_informal_settlements"),
        "people_without_water": list(wash(data, "wat_sm_urban").values()),
        "people_without_sewer": list(wash(data, "san_sm_urban").values()),
        "pm25_concentration": [value for country, value in pm25.items() if country in regions()],
    }


def computed(data: Path) -> dict[str, dict[str, float]]:
    """Median, worst and number of places by indicator."""
    found: dict[str, dict[str, float]] = {
        name: {
            "median": percentile(values, 0.5),
            "worst": percentile(values, 0.025 if name in HIGHER_IS_BETTER else 0.975),
            "places": len(values),
        }
        for name, values in distributions(data).items()
    }
    heat = places("heat_deaths_of_the_worst_country")
    single: dict[str, Callable[[], dict[str, float]]] = {
        "expected_annual_flood_damage": lambda: flood_damage(data),
        "expected_annual_flooded_people": lambda: flooded_people(data),
        "other_avoidable_deaths": avoidable_deaths,
        "heat_deaths": lambda: {"worst": sum(heat) / len(heat)},
    }
    return found | {name: make() for name, make in single.items()}


def build(shared: Path, target: Path) -> None:
    """Write the spans; ValueError where a figure stands both in the rows and here, or in neither."""
    values = computed(shared / "data")
    rows = read(HERE / "spans_rows.csv")
    for row in rows:
        mine = values.pop(row["indicator"], {})
        for column in ("median", "worst"):
            if (column in mine) == bool(row[column]):
                raise ValueError(f"{row['indicator']}: {column} must stand in spans_rows.csv or be computed, not both")
            if column in mine:
                row[column] = short(mine[column])
        row["observed"] = row["observed"].format(places=f"{mine.get('places', 0):.0f}")
    if values:
        raise ValueError(f"no row in spans_rows.csv: {', '.join(values)}")
    spans = {row["indicator"]: row for row in rows}
    table = read(TARGET)
    for line in table:
        span = spans.pop(line["indicator"], {})
        line |= {column: span.get(name, "") for name, column in COLUMNS.items()}
    if spans:
        raise ValueError(f"no headline: {', '.join(spans)}")
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    build(parser.parse_args().shared, TARGET)
