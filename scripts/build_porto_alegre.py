"""Builds the example city cities/porto-alegre from the shared data folder.

    python scripts/build_porto_alegre.py [--shared ../shared] [--out cities/porto-alegre]

Built: facts.csv, facts-cc-by-sa.csv (the facts under a share-alike licence), zones.geojson,
inventory.csv. Written by hand, kept beside them and checked against the data here: city.toml,
aliases.csv, SOURCE.md. Which source figure becomes which fact, by which factor and with which note,
stands in porto_alegre_facts.csv; what needs more than a factor is computed below, its sources and notes
standing in porto_alegre_computed.csv. The same data give the same bytes (the outlines in zones.geojson
with the same GEOS only); nothing is written unless all is right.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from math import log, nan
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import mapping, shape

from caminos.city.inventory import gpc
from caminos.city.package import FACT_COLUMNS, INVENTORY_COLUMNS
from caminos.city.settings import NET_REDUCTION, SETTINGS, Settings, read_settings
from caminos.city.vocabulary import vocabulary
from caminos.files import table_text, write_atomic
from caminos.model.axes import labels
from caminos.problems import ERROR

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "cities" / "porto-alegre"
SHARED = HERE.parent.parent / "shared"
HAND_WRITTEN = ("city.toml", "aliases.csv", "SOURCE.md", "layers.toml")
Row = dict[str, str]
Key = tuple[str, ...]


class SourceError(ValueError):
    """The shared data are not what this script was written for."""


# ---------------------------------------------------------------- tables


def read_csv(path: Path) -> list[Row]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(value: float, digits: int = 10) -> str:
    """A number with at most `digits` significant digits, without exponent."""
    text = format(Decimal(f"{value:.{digits}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def product(text: str) -> float:
    """The value of a factor such as 1/69.3 or 0.27*0.789*27.0e-6; 1 if empty."""
    result = 1.0
    for sign, part in re.findall(r"([*/]?)([^*/]+)", text):
        result = result / float(part) if sign == "/" else result * float(part)
    return result


@cache
def computed_table() -> dict[str, Row]:
    """Name, unit, quality, source, licence and note of each computed fact."""
    return {row["key"]: row for row in read_csv(HERE / "porto_alegre_computed.csv")}


def fact(key: str, year: int, value: float, texts: dict[str, str] | None = None, **fields: float | str | None) -> Row:
    """One computed row of facts.csv; `texts` fill the {places} of its source and note."""
    described = computed_table()[key]
    row = {column: described.get(column, "") for column in FACT_COLUMNS}
    row["source"], row["note"] = (row[column].format(**(texts or {})) for column in ("source", "note"))
    row |= {"year": str(year), "value": number(value)}
    for column, given in fields.items():
        row[column] = number(given) if isinstance(given, float) else str(given or "")
    return row


# ---------------------------------------------------------------- what is shared


@dataclass(frozen=True)
class Shared:
    """The shared folder, read once."""

    facts: dict[Key, Row]
    neighbourhoods: dict[str, Row]
    inventory: list[Row]
    profile: dict[str, Any]
    polygons: dict[str, Any]
    settlements: list[Any]
    hexagons: list[Row]


def read_shared(folder: Path) -> Shared:
    """Everything that the package is built from."""
    city, country = folder / "data" / "porto-alegre", folder / "data" / "brazil-inventories"
    facts = {}
    for row in read_csv(city / "facts.csv") + read_csv(city / "facts_more.csv"):
        facts[tuple(row[column] for column in ("name", "zone", "group", "kind", "year"))] = row
    profiles = json.loads((country / "city_data.json").read_text(encoding="utf-8"))
    return Shared(
        facts=facts,
        neighbourhoods={row["neighbourhood_name"]: row for row in read_csv(city / "neighbourhoods.csv")},
        inventory=read_csv(country / "inventory-BR POA-2022.csv"),
        profile=next(profile for profile in profiles if profile["locode"] == "BR POA"),
        polygons=merged_polygons(city / "porto_alegre_neighbourhoods.geojson"),
        settlements=[outline for _, outline in features(city / "poa_informal_settlements.geojson")],
        hexagons=read_csv(city / "poa_hexgrid.csv"),
    )


def features(path: Path) -> list[tuple[dict[str, Any], Any]]:
    """Properties and geometry of each feature of a GeoJSON file."""
    found = json.loads(path.read_text(encoding="utf-8"))["features"]
    return [(feature["properties"], shape(feature["geometry"])) for feature in found]


def merged_polygons(path: Path) -> dict[str, Any]:
    """One geometry per neighbourhood name, in the order of the names.

    Five neighbourhoods have two features in the source: separate pieces of land with the same
    figures repeated. They become one zone of two parts, and their figures count once.
    """
    parts: dict[str, list[Any]] = {}
    for properties, geometry in features(path):
        parts.setdefault(properties["neighbourhood_name"], []).append(geometry)
    return {name: shapely.union_all(parts[name]) for name in sorted(parts)}


def slug(name: str) -> str:
    """A zone id from a name: lower case, no accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-")


# ---------------------------------------------------------------- facts that a table row gives


def source_value(key: str, shared: Shared) -> tuple[float, float | None, float | None, Row]:
    """Value, low, high and row of a source named as name|zone|group|kind|year.

    "a + b" adds two of them and "a / b" divides (then without a range). inventory|REF is the sum of
    that reference's rows in t CO2e; inventory|REF|co2|N is the CO2 of the one row with N kg of it.
    """
    for sign in (" / ", " + "):
        if sign in key:
            first, second = (source_value(part, shared) for part in key.split(sign))
            value = first[0] / second[0] if sign == " / " else first[0] + second[0]
            return value, None, None, first[3]
    parts = tuple(key.split("|"))
    if parts[0] == "inventory":
        return inventory_value(parts[1:], shared.inventory), None, None, {}
    if parts not in shared.facts:
        raise SourceError(f"no source figure {key}")
    row = shared.facts[parts]
    low, high = (float(row[column]) if row[column] else None for column in ("low", "high"))
    return float(row["value"]), low, high, row


def inventory_value(parts: Sequence[str], inventory: list[Row]) -> float:
    """Emissions in t CO2e of a reference, or the CO2 in t of its one row with that many kg."""
    rows = [row for row in inventory if row["GPC Reference Number"] == parts[0]]
    if len(parts) > 1:
        rows = [row for row in rows if row["CO2 Emissions"] == parts[2]]
        if len(rows) != 1:
            raise SourceError(f"no single inventory row {parts}")
        return float(rows[0]["CO2 Emissions"]) / 1000
    if not rows or any(row["Notation Key"] for row in rows):
        raise SourceError(f"no inventory figure {parts}")
    return sum(float(row["Total Emissions"]) for row in rows)


INVENTORY_SOURCE = "CityCatalyst GPC inventory BR POA 2022"


def table_facts(shared: Shared, zone_ids: dict[str, str]) -> list[Row]:
    """The facts of porto_alegre_facts.csv.

    A value, range, quality, source or note that stands there prevails; what is empty comes from the
    source figure, times the factor; "-" drops a bound; `expect` is a text that the source's note holds.
    """
    return [table_fact(row, shared, zone_ids) for row in read_csv(HERE / "porto_alegre_facts.csv")]


def table_fact(row: Row, shared: Shared, zone_ids: dict[str, str]) -> Row:
    """One row of the table as a fact."""
    scale = product(row["factor"])
    value, low, high, source = source_value(row["from"], shared) if row["from"] else (0.0, None, None, {})
    if row["expect"] not in source.get("note", ""):
        raise SourceError(f"{row['name']}: the source's note no longer says {row['expect']!r}")
    result = dict.fromkeys(FACT_COLUMNS, "")
    result.update({column: row[column] for column in FACT_COLUMNS})
    result["zone"] = zone_id(row["zone"], zone_ids) if row["zone"] else ""
    result["value"] = row["value"] or number(value * scale, 7 if row["factor"] else 10)
    for column, bound in (("low", low), ("high", high)):
        if row[column] == "-" or row["value"] in ("NE", "NO", "IE"):
            result[column] = ""
        elif not row[column] and bound is not None and not (row["value"] and row["from"]):
            result[column] = number(bound * scale, 7 if row["factor"] else 10)
    result["quality"] = row["quality"] or source.get("quality", "")
    result["source"] = plain_source(row["source"] or source.get("source", "")) or INVENTORY_SOURCE
    result["note"] = row["note"] or source.get("note", "")
    return result


def plain_source(text: str) -> str:
    """A citation without the names of files that are not in the package."""
    return re.sub(r"[;,]? *data/[^ ;,]+( [\w-]+\.csv)?( and [^ ;,]+)?( \(v\d+[^)]*\))?", "", text).strip(" ;,")


def zone_id(name: str, zone_ids: dict[str, str]) -> str:
    """The id of a zone named in a source, through its name or an explicit alias."""
    if name not in zone_ids:
        raise SourceError(f"zone {name!r} is neither a zone's name nor in aliases.csv")
    return zone_ids[name]


# ---------------------------------------------------------------- facts that are computed


def city_facts(shared: Shared) -> list[Row]:
    """Facts of the whole city that need more than a factor."""
    return [population_growth(shared), *heat_facts(shared), *flood_levels(shared), *incomes(shared)]


def population_growth(shared: Shared) -> Row:
    """Mean logarithmic growth between the two censuses, carried on."""
    people = {year: source_value(f"population|city|||{year}", shared)[0] for year in (2010, 2022)}
    growth = log(people[2022] / people[2010]) / 12
    return fact("population_growth", 2022, round(growth, 5), low=-0.009, high=0.002)


def heat_facts(shared: Shared) -> list[Row]:
    """Degree-days above and below the temperature of least mortality.

    The source gives the sums above 23 and 24 degrees and the mean temperature; between the two the
    sum is taken as linear (the true, convex curve lies up to 2 below the chord). Then
    cold = heat - 365 (mean - threshold), for the mean of all days is the threshold plus heat less cold.
    """
    threshold, low, high, _ = source_value("minimum_mortality_temperature|metropolitan_region|||2008", shared)
    note = source_value("cooling_degree_days|metropolitan_region|||2008", shared)[3]["note"]
    found = re.search(r"mean ([\d.]+) vs .*base 23: (\d+); base 24: (\d+)", note)
    if not found or low is None or high is None:
        raise SourceError("the degree-days above 23 and 24 are no longer in the note")
    mean, above23, above24 = map(float, found.groups())

    def heat(base: float) -> float:
        return round(above23 + (above24 - above23) * (base - 23), 1)

    def cold(base: float) -> float:
        return round(heat(base) - 365 * (mean - base), 1)

    return [
        fact("heat_degree_days", 2008, heat(threshold), low=heat(high), high=heat(low)),
        fact("cold_degree_days", 2008, cold(threshold), low=cold(low), high=cold(high)),
    ]


FLOOD_RECORD = (1941, 2024)  # years of the list of recorded floods
NORMAL_HIGH_LEVEL = 1.0  # m; on normal days 0.6 to 1.0 (GZH 9 May 2024)


def flood_peaks(shared: Shared) -> dict[int, float]:
    """Recorded peaks at gauge Cais Maua C6 by year, highest first."""
    peaks = {int(row["year"]): float(row["level"]) for row in read_csv(HERE / "porto_alegre_flood_peaks.csv")}
    for key, row in shared.facts.items():
        if key[:2] == ("flood_level", "guaiba_cais_maua_c6"):
            peaks[int(row["year"])] = float(row["value"])
    return dict(sorted(peaks.items(), key=lambda peak: -peak[1]))


def flood_levels(shared: Shared) -> list[Row]:
    """A prior of gauge level by return period, from the recorded peaks.

    The peaks of 1941-2024 get return periods by rank (Weibull: years + 1 over rank), the flood of 2024
    its recalled 200 (100-500) years; level is a straight line in the logarithm of the return period by
    least squares. Below the lowest recorded flood the line runs from it to the normal high level at one
    year. The range is that of the guess for 2024, widened by the largest residual.
    """
    peaks = flood_peaks(shared)
    levels = np.array(list(peaks.values()))
    years = FLOOD_RECORD[1] - FLOOD_RECORD[0] + 1
    by_rank = np.array([(years + 1) / rank for rank in range(1, len(peaks) + 1)])
    central, shortest, longest, _ = source_value("flood_return_period|city|||2024", shared)
    if next(iter(peaks)) != FLOOD_RECORD[1] or shortest is None or longest is None:
        raise SourceError("the flood of 2024 is no longer the highest, or its return period has no range")

    def line(period_2024: float) -> tuple[float, float]:
        slope, start = np.polyfit(np.log(np.append(period_2024, by_rank[1:])), levels, 1)
        return float(slope), float(start)

    def level(period: float, fitted: tuple[float, float]) -> float:
        if period < by_rank[-1]:
            rise = float(levels[-1]) - NORMAL_HIGH_LEVEL
            return NORMAL_HIGH_LEVEL + rise * log(period) / log(by_rank[-1])
        return fitted[1] + fitted[0] * log(period)

    slope, start = line(central)
    residual = float(np.max(np.abs(start + slope * np.log(np.append(central, by_rank[1:])) - levels)))
    texts = {
        "peaks": ", ".join(f"{year} {peaks[year]:.2f}" for year in sorted(peaks)),
        "residual": f"{peaks[1941] - start - slope * log(by_rank[1]):.1f}",
    }
    rows = []
    for label in labels("return_period"):
        period = float(label.removeprefix("rp"))
        values = [level(period, line(guess)) for guess in (central, shortest, longest)]
        low, high = max(NORMAL_HIGH_LEVEL, min(values) - residual), max(values) + residual
        rows.append(
            fact("flood_level", FLOOD_RECORD[1], round(values[0], 2), texts, kind=label, low=round(low, 2),
                 high=round(high, 2))
        )  # fmt: skip
    return rows


PRICES_2010_2024 = 2.23  # consumer prices (IPCA), Aug 2010 to mid 2024; recalled by year
REAL_GROWTH = 1.1  # most that real incomes may have grown since 2010; assumed


def incomes(shared: Shared) -> list[Row]:
    """Mean income a head by quintile: 2010 from limits known exactly, 2024 from these by prices.

    In a quintile the mean lies between what it is if all have the lower limit of their bracket and if all
    have the upper; the middle is taken. The two poverty lines cut the poorest fifth further. The richest
    fifth closes the known mean of all. Turned into dollars at the rate of 2010 the incomes would be nearly
    three times too high beside prices of today, for the real has lost most of its value since; the rows of
    2024 carry them to the prices of that year. Their range goes from the mean of the metropolitan region,
    which is poorer than the city, to a real growth of a tenth.
    """
    name = "income_quintile_limit|city|{}||2010"
    limits = [source_value(name.format(f"q{i}_upper_limit"), shared)[0] for i in (1, 2, 3, 4)]
    mean = source_value("mean_household_income_per_head|city|||2010", shared)[0]
    region = source_value("mean_household_income_per_head|metropolitan_region|||2024", shared)[0]
    extreme = source_value("extreme_poverty_rate|city|||2010", shared)[0]
    poor = source_value("poverty_rate|city||absolute_line_R$140|2010", shared)[0]
    brackets = [(extreme, 0.0, 70.0), (poor - extreme, 70.0, 140.0), (0.2 - poor, 140.0, limits[0])]
    low = [sum(share * bottom for share, bottom, _ in brackets) / 0.2, *limits[:3]]
    high = [sum(share * top for share, _, top in brackets) / 0.2, *limits[1:]]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    values = [*middle, 5 * mean - sum(middle)]
    lows, highs = [*low, 5 * mean - sum(high)], [*high, 5 * mean - sum(low)]
    rows = []
    for group, value, bottom, top in zip(labels("quintile"), values, lows, highs, strict=True):
        year = [12 * bottom, 12 * value, 12 * top]
        now = [year[0] * region / mean, year[1] * PRICES_2010_2024, year[2] * PRICES_2010_2024 * REAL_GROWTH]
        rows += [
            fact(key, number_of_year, round(given[1], digits), group=group, low=round(given[0], digits),
                 high=round(given[2], digits))
            for key, number_of_year, given, digits in (
                ("household_income_2010", 2010, year, 1), ("household_income_2024", 2024, now, -1))
        ]  # fmt: skip
    return rows


# ---------------------------------------------------------------- facts by zone


@cache
def _metres() -> Transformer:
    return Transformer.from_crs(4326, 31982, always_xy=True)


def metric(geometry: Any) -> Any:
    """A geometry in metres (SIRGAS 2000 / UTM 22S)."""
    return shapely.transform(geometry, lambda x, y: _metres().transform(x, y), interleaved=False)


CELL = 110.2 / 1227  # km2 of a hexagon


@dataclass(frozen=True)
class Grid:
    """The hexagons: people, and the zone in which the centre of each lies (-1: none)."""

    people: np.ndarray
    zone: np.ndarray


def read_grid(shared: Shared) -> Grid:
    """People of each hexagon. Five cells in the lake, without people, have empty fields: nothing is there."""
    columns = {column: np.array([float(row[column] or 0) for row in shared.hexagons])
               for column in ("lon", "lat", "population")}  # fmt: skip
    x, y = _metres().transform(columns["lon"], columns["lat"])
    tree = shapely.STRtree([metric(polygon) for polygon in shared.polygons.values()])
    points, polygons = tree.query(shapely.points(x, y), predicate="intersects")
    zone = np.full(len(x), -1)
    zone[points] = polygons
    return Grid(columns["population"], zone)


def zone_facts(shared: Shared) -> list[Row]:
    """Facts by zone: census, area, informal settlements. What people reach is made of maps by layers.toml."""
    grid = read_grid(shared)
    rows = []
    settlements = shapely.union_all([shapely.make_valid(metric(outline)) for outline in shared.settlements])
    for place, (name, polygon) in enumerate(shared.polygons.items()):
        zone, land = slug(name), metric(polygon)
        area = land.area / 1e6
        informal = land.intersection(settlements).area / land.area
        rows.append(fact("area", 2016, round(area, 4), zone=zone))
        rows.append(fact("informal_settlement_share", 2022, round(informal, 4), zone=zone))
        if name not in shared.neighbourhoods:
            continue  # one of the 19 neighbourhoods made after 2010: not estimated
        census, inside = shared.neighbourhoods[name], grid.zone == place
        in_grid = float(grid.people[inside].sum())
        rows += census_facts(zone, census, in_grid, float(inside.sum()) * CELL / area)
    return rows


def census_facts(zone: str, census: Row, in_grid: float, grid_share: float) -> list[Row]:
    """Facts of one neighbourhood from the 2010 census.

    Where the hexagons cover the zone and hold a quarter more or fewer people than the neighbourhood of
    2010 had, the border has moved; both counts are then the range of the population.
    """
    counted = float(census["population_2010"])
    low: float | None = None
    high: float | None = None
    grid_note = ""
    if grid_share >= 0.8 and not 0.8 <= in_grid / counted <= 1.25:
        low, high = min(counted, in_grid), max(counted, in_grid)
        grid_note = f" Hexagons of the same census hold {in_grid:.0f} people inside them."
    return [
        fact("population", 2010, counted, {"grid_note": grid_note}, zone=zone, low=low, high=high),
        fact("households", 2010, float(census["households_2010"]), zone=zone),
        fact("poverty_rate", 2010, float(census["poverty_rate"]), zone=zone),
        *(
            fact("households_by_income_band", 2010, float(census[f"households_{band}"]), zone=zone, kind=band)
            for band in labels("income_band")
        ),
    ]


def income_band_totals(rows: Iterable[Row]) -> list[Row]:
    """The bands of the city as far as neighbourhoods have data."""
    sums = dict.fromkeys(labels("income_band"), 0.0)
    for row in rows:
        if row["name"] == "households_by_income_band":
            sums[row["kind"]] += float(row["value"])
    return [fact("households_by_income_band_city", 2010, value, kind=band) for band, value in sums.items()]


# ---------------------------------------------------------------- the files

SHARE_ALIKE = "facts-cc-by-sa.csv"


def facts_texts(shared: Shared, zone_ids: dict[str, str]) -> dict[str, str]:
    """The tables of facts by file name, each in the order of the vocabulary, then zone, group, kind and year.

    What derives from a source under CC BY-SA stands in a file of its own, so that its licence binds no other row.
    """
    by_zone = zone_facts(shared)
    rows = table_facts(shared, zone_ids) + city_facts(shared) + by_zone + income_band_totals(by_zone)
    order = {name: place for place, name in enumerate(vocabulary())}
    kinds = {name: {kind: i for i, kind in enumerate(term.kinds)} for name, term in vocabulary().items()}

    def place(row: Row) -> tuple[int, str, str, int, int]:
        name = row["name"]
        if name not in order:
            raise SourceError(f"{name} is not in the vocabulary")
        return order[name], row["zone"], row["group"], kinds[name].get(row["kind"], -1), int(row["year"])

    rows.sort(key=place)
    by_file: dict[str, list[Row]] = {"facts.csv": [], SHARE_ALIKE: []}
    for row in rows:
        by_file[SHARE_ALIKE if row["licence"].startswith("CC BY-SA") else "facts.csv"].append(row)
    return {name: table_text(FACT_COLUMNS, chosen) for name, chosen in by_file.items()}


SIMPLIFY = 5e-5  # degrees, about 5 m
DECIMALS = 5  # about 1 m


def zones_text(polygons: dict[str, Any]) -> str:
    """zones.geojson: neighbours simplified together so that no gap or overlap opens between them.

    Another version of GEOS may choose other points of an outline, so the file says which one made it.
    """
    simple = shapely.coverage_simplify(list(polygons.values()), SIMPLIFY)
    lines = []
    for name, geometry in zip(polygons, simple, strict=True):
        rounded = shapely.orient_polygons(shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS)))
        if not rounded.is_valid:
            raise SourceError(f"zone {name} crosses itself after simplification")
        properties = {"id": slug(name), "name": name}
        feature = {"type": "Feature", "properties": properties, "geometry": mapping(rounded)}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    made_with = f"GEOS {shapely.geos_version_string}"
    return f'{{"type":"FeatureCollection","made_with":"{made_with}","features":[\n' + ",\n".join(lines) + "\n]}\n"


PUBLISHERS = {
    "Sistema de Estimativa de Emissão de Gases do Efeito Estufa": "SEEG (Observatorio do Clima)",
    "Empresa de Pesquisa Energética": "EPE",
    "SINIR": "SINIR",
    "SNIS": "SNIS",
}


def inventory_notes(reference: str, case: str) -> list[str]:
    """What is to be said of a reference that is present, absent or has the key RN."""
    rows = read_csv(HERE / "porto_alegre_inventory_notes.csv")
    return [row["note"] for row in rows if row["case"] == case and fnmatchcase(reference, row["reference"])]


def inventory_text(rows: list[Row]) -> str:
    """inventory.csv: the published rows, and one row not estimated for each reference that is absent."""
    entries = [inventory_entry(row) for row in rows]
    present = {entry["reference"] for entry in entries}
    for reference in gpc():
        notes = inventory_notes(reference, "absent")
        if notes and reference not in present:
            entries.append({"reference": reference, "notation_key": "NE", "note": " ".join(notes)})
    order = {reference: place for place, reference in enumerate(gpc())}
    entries.sort(key=lambda entry: order[entry["reference"]])
    return table_text(INVENTORY_COLUMNS, [dict.fromkeys(INVENTORY_COLUMNS, "") | entry for entry in entries])


def inventory_entry(row: Row) -> Row:
    """One row of the export; gases are turned from kg into t CO2e."""
    reference, key = row["GPC Reference Number"], row["Notation Key"]
    entry = {"reference": reference, "subsector": row["Subsector name"]}
    if key:
        notes = inventory_notes(reference, key)
        if not notes or row["Total Emissions"]:
            raise SourceError(f"unknown key {key} at {reference}")
        return {**entry, "notation_key": "NE", "note": " ".join(notes)}
    gases = {gas.casefold(): row[f"{gas} Emissions"] for gas in ("CO2", "CH4", "N2O")}
    return {
        **entry,
        **{gas: number(float(kilograms) / 1000) for gas, kilograms in gases.items() if kilograms},
        "emissions": row["Total Emissions"],
        "unit": "t CO2e",
        "source": f"{PUBLISHERS[row['Data source name']]} via CityCatalyst, 2022",
        "quality": "B",
        "note": " ".join(inventory_notes(reference, "present")),
    }


# ---------------------------------------------------------------- what is written by hand


def zone_names(polygons: dict[str, Any], aliases: list[Row]) -> dict[str, str]:
    """Zone id by name and by alias."""
    ids = {name: slug(name) for name in polygons}
    if len(set(ids.values())) != len(ids):
        raise SourceError("two neighbourhoods have the same id")
    for row in aliases:
        if row["zone"] not in ids.values():
            raise SourceError(f"alias {row['alias']!r} leads to no zone")
        ids[row["alias"]] = row["zone"]
    return ids


def check_settings(settings: Settings, shared: Shared) -> None:
    """Whether the totals in city.toml are those of the data; raises SourceError if not."""
    published = {
        "stationary": shared.profile["stationaryEnergyEmissions"],
        "transport": shared.profile["transportationEmissions"],
        "waste": shared.profile["wasteEmissions"],
        "land": shared.profile["landUseEmissions"],
    }
    totals = settings.inventory_totals.given() if settings.inventory_totals else {}
    for sector, value in published.items():
        if not abs(totals.get(sector, nan) - value) <= 1e-6:
            raise SourceError(f"city.toml: inventory_totals.{sector} is not the published {value}")
    if settings.profile is None or settings.profile.area != shared.profile["area"]:
        raise SourceError(f"city.toml: profile.area is not the published {shared.profile['area']}")
    for entry in settings.own_inventories:
        value = source_value(f"ghg_emissions|city||city_inventory|{entry.year}", shared)[0]
        if entry.total != value:
            raise SourceError(f"city.toml: the own inventory of {entry.year} is not {value}")
    for target in settings.targets:
        if target.name != NET_REDUCTION:
            continue
        value = source_value(f"ghg_reduction_target|city||climate_plan|{target.year}", shared)[0]
        if target.value != value:
            raise SourceError(f"city.toml: the net reduction to {target.year} is not {value}")


def own_settings() -> Settings:
    """city.toml as it stands; raises SourceError if it has errors."""
    settings, problems = read_settings(PACKAGE / SETTINGS)
    errors = [str(problem) for problem in problems if problem.severity == ERROR]
    if settings is None or errors:
        raise SourceError("\n".join(errors))
    return settings


def build(shared_folder: Path, out: Path) -> None:
    """Write the whole package into `out`; nothing is touched if anything is wrong."""
    shared = read_shared(shared_folder)
    hand = {name: (PACKAGE / name).read_bytes() for name in HAND_WRITTEN}
    check_settings(own_settings(), shared)
    zone_ids = zone_names(shared.polygons, read_csv(PACKAGE / "aliases.csv"))
    contents: dict[str, str | bytes] = {
        **hand,
        **facts_texts(shared, zone_ids),
        "zones.geojson": zones_text(shared.polygons),
        "inventory.csv": inventory_text(shared.inventory),
    }
    for name, content in contents.items():
        if name not in HAND_WRITTEN or out.resolve() != PACKAGE:
            write_atomic(out / name, content)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build the example city Porto Alegre from the shared data.")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds data/")
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder to write")
    arguments = parser.parse_args()
    try:
        build(arguments.shared, arguments.out)
    except (SourceError, FileNotFoundError) as error:
        parser.exit(1, f"build_porto_alegre: {error}\n")


if __name__ == "__main__":
    main()
