"""Cities' own inventories of three public sets as one tidy table, for the benchmark of ranges (benchmarks/coverage.py).

Brazil   GPC inventories of 36 municipalities for 2022, by sector (brazil-inventories)
CDP      what cities reported to CDP from 2016 to 2021: scope 1, scope 2 and BASIC totals (cdp-cities)
Nangini  scope 1 of 343 cities (Nangini et al. 2019, Scientific Data 6:180280; nangini-cities)

They stand in ../shared/data and are used for tests and benchmarks only: nothing of them is in the package but the
sizes of error that were computed from them.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from caminos.city.places import Place, all_places, find_country, places_by_name, plain

LEAST, MOST = 0.05, 60.0  # t CO2e per head: outside, a total is in another unit or of another extent
TIMES_COUNTRY = 20.0  # a total so many times above or below the country's emissions per head is in another unit
FEWEST_PEOPLE = 5_000
NEAR = 60.0  # km: farther than this from the coordinates given, a place of that name is another
AT_HAND = 25.0  # km within which the largest place is taken where none carries the name
ALIKE = 4.0  # a place without coordinates is the one meant if its people are within this factor
EARTH = 6371.0  # km

BASIC, SCOPE_1, SCOPE_2 = "BASIC", "scope 1", "scope 2"
STATIONARY, TRANSPORT, WASTE = "stationary", "transport", "waste"
TOTALS = (BASIC, SCOPE_1)
SECTORS = (STATIONARY, TRANSPORT, WASTE)

COUNTRIES = {  # names of the sets that are none of the package's
    "taiwan, greater china": "TWN", "republic of korea": "KOR", "state of palestine": "PSE",
    "united kingdom of great britain and northern ireland": "GBR", "united states of america": "USA",
    "china, hong kong special administrative region": "HKG", "democratic republic of the congo": "COD",
    "united republic of tanzania": "TZA", "bolivia (plurinational state of)": "BOL", "czech republic": "CZE",
    "venezuela (bolivarian republic of)": "VEN", "iran (islamic republic of)": "IRN", "viet nam": "VNM",
    "russian federation": "RUS", "republic of moldova": "MDA",
}  # fmt: skip
_OFFICE = re.compile(
    r"^(?:the )?(?:city and county|municipality of the metropolitan district|metropolitan municipality|city council|"
    r"(?:capital )?city|municipality|town|village|township|metropolitan government|local authority|greater|county|"
    r"district|region|comune|commune|ville|camara municipal|concelho|ayuntamiento|gobierno municipal|municipio|"
    r"municipalidad|alcaldia|gobierno autonomo descentralizado|prefeitura(?: municipal)?|gemeente|stadt|"
    r"landeshauptstadt|provincial government)"
    r" (?:of |de |da |do |di |d'|van )?(?:la ciudad de )?"
)
_OFFICE_BEHIND = re.compile(
    r" (?:city|kommune|kommun|municipality|municipal corporation|city council|city government|metropolitan government|"
    r"city corporation|municipal government|municipal council|district council|shire council|county council|regency|shire|"
    r"town council|council|township|county|metropolitan municipality|metropolitan city|stad|kaupunki|special city|"
    r"d\.?c\.?|distrito capital)$"
)


@dataclass(frozen=True)
class Observation:
    """What one city says of itself: tonnes of CO2e of one year, what they cover, and the people they belong to."""

    source: str
    city: str
    place: Place
    year: int
    what: str
    tonnes: float
    people: float

    @property
    def country(self) -> str:
        """ISO code of three letters."""
        return self.place.country

    @property
    def per_head(self) -> float:
        """t CO2e per person."""
        return self.tonnes / self.people


@dataclass(frozen=True)
class Reported:
    """A row of a set before its place is known."""

    source: str
    city: str
    country: str
    where: tuple[float, float] | None
    year: int
    what: str
    tonnes: float
    people: float
    hint: str = ""


# numbers and names


def number(text: str | None) -> float | None:
    """A number above zero; None for blanks, words, zero and less."""
    try:
        value = float((text or "").replace(",", "").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def year_of(text: str) -> int | None:
    """The last year that a text names: an accounting period belongs to the year in which it ends."""
    found = [int(year) for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)]
    return max(found) if found else None


def coordinates(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of "(lat, lon)" or "POINT (lon lat)"."""
    numbers = [float(each) for each in re.findall(r"-?\d+\.?\d*", text or "")]
    if len(numbers) != 2 or not any(numbers):
        return None
    latitude, longitude = reversed(numbers) if "POINT" in text else numbers
    return (latitude, longitude) if abs(latitude) <= 90 else None


def names_of(city: str) -> list[str]:
    """Spellings under which a place may stand: without the office before or behind it, the part before a comma."""
    whole = plain(re.sub(r"\(.*?\)", "", city)).strip(" .")
    found = [whole]
    for part in (whole.split(",")[0], whole.split(" - ")[0], whole.split("/")[0]):
        short = _OFFICE_BEHIND.sub("", _OFFICE.sub("", part).strip()).strip(" -")
        found += [part.strip(), short, _OFFICE_BEHIND.sub("", short)]
    return [name for name in dict.fromkeys(found) if name]


@cache
def country_of(name: str) -> str:
    """The code of a country by its name in a set; "" where it is unknown."""
    found = COUNTRIES.get(plain(name))
    country = find_country(name)
    return found or (country.country if country else "")


# places


def distance(place: Place, where: tuple[float, float]) -> float:
    """Kilometres along the great circle."""
    (a, b), (c, d) = ((math.radians(x) for x in pair) for pair in ((place.latitude, place.longitude), where))
    inside = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, inside)))


@cache
def _of_country(country: str) -> tuple[Place, ...]:
    return tuple(place for place in all_places() if place.country == country)


def match(city: str, country: str, people: float, where: tuple[float, float] | None = None) -> Place | None:
    """The place that a set means: of that name and near the coordinates; else of that name and alike in people; else
    the largest at hand; else None. (Coordinates are often swapped, or lack a sign.)
    """
    named = [place for name in names_of(city) for place in places_by_name().get((country, name), ())]
    near = [place for place in named if where and distance(place, where) <= NEAR]
    if where and near:
        return min(near, key=lambda place: distance(place, where))
    alike = [place for place in named if abs(math.log(place.population / people)) <= math.log(ALIKE)]
    if alike:
        return min(alike, key=lambda place: abs(math.log(place.population / people)))
    at_hand = [place for place in _of_country(country) if where and distance(place, where) <= AT_HAND]
    return max(at_hand, key=lambda place: place.population, default=None)


# the three sets


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows, without blanks and marks around the names of columns."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [
            {key.replace("\u200b", "").strip(): (value or "").strip() for key, value in row.items() if key}
            for row in csv.DictReader(stream)
        ]


GPC_SECTOR = {"I": STATIONARY, "II": TRANSPORT, "III": WASTE}
OUTSIDE_BASIC = ("I.4.4", "III.1.3", "III.2.3", "III.3.3", "III.4.3")  # waste and power that came from elsewhere


def gpc_sums(entries: Iterable[dict[str, str]]) -> dict[str, float]:
    """BASIC, scope 1 and sectors of a GPC inventory: scopes 1 and 2 of energy and transport, waste of the city."""
    sums: dict[str, float] = {}
    for entry in entries:
        reference, tonnes = entry["GPC Reference Number"], number(entry["Total Emissions"])
        sector, _, rest = reference.partition(".")
        if sector not in GPC_SECTOR or tonnes is None or reference in OUTSIDE_BASIC:
            continue
        scope = rest.rpartition(".")[2]
        own_waste = sector == "III"
        if not own_waste and scope == "3":
            continue
        kinds = [BASIC, GPC_SECTOR[sector], *([SCOPE_1] if scope == "1" else [])]
        kinds += [SCOPE_2] if scope == "2" and not own_waste else []
        for kind in kinds:
            sums[kind] = sums.get(kind, 0.0) + tonnes
    return sums


def brazil(folder: Path) -> Iterator[Reported]:
    """The GPC inventories of Brazil: BASIC and its three sectors."""
    for city in json.loads((folder / "city_data.json").read_text(encoding="utf-8")):
        path = folder / f"inventory-{city['locode']}-2022.csv"
        if not path.exists():
            continue
        sums = gpc_sums(rows(path))
        people = float(city["populationSize"])
        for what in (BASIC, *SECTORS):
            if what in sums:
                yield Reported("Brazil", city["name"], "BRA", None, 2022, what, sums[what], people)


CDP_FILES = {
    2016: "2016_-_Citywide_GHG_Emissions.csv",
    2017: "2017_-_Cities_Community_Wide_Emissions.csv",
    2018: "2018_City-wide_Emissions.csv",
    2019: "2019_City-wide_Emissions.csv",
    2020: "2020_-_City-Wide_Emissions.csv",
    2021: "2021_City-wide_Emissions.csv",
}
SAME_EXTENT = ("Smaller", "Partial", "Larger")  # beginnings of boundaries that are not the city's


def _column(row: dict[str, str], *starts: str) -> str:
    """The first column with a value whose name begins so, whatever the case."""
    return next(
        (value for start in starts for key, value in row.items() if value and key.casefold().startswith(start)), ""
    )


def cdp_sums(row: dict[str, str]) -> dict[str, float]:
    """BASIC (or scopes 1 and 2) and scope 1 of one answer, grid power that the city feeds in left out."""
    inner = "for total emissions (excluding"
    scopes = {}
    for scope, whole, begins in (
        (SCOPE_1, "total scope 1 emissions", "direct emissions"),
        (SCOPE_2, "total scope 2 emissions", "indirect emissions"),
    ):
        part = next(
            (value for key, value in row.items() if key.casefold().startswith(begins) and inner in key.casefold()), ""
        )
        value = number(part) or number(_column(row, whole))
        if value is not None:
            scopes[scope] = value
    given = number(_column(row, "total basic emissions", "total city-wide emissions", "total emissions (metric"))
    both = scopes.get(SCOPE_1, 0.0) + scopes.get(SCOPE_2, 0.0) if len(scopes) == 2 else None
    total = given or both
    return {**({BASIC: total} if total else {}), **scopes}


def cdp(folder: Path) -> Iterator[Reported]:
    """Answers to CDP: BASIC total, scope 1 and scope 2; an inventory of another extent than the city is left out."""
    for reported, name in CDP_FILES.items():
        for row in rows(folder / name):
            city = _column(row, "city short name") or row.get("City") or row.get("City Name") or row["Organization"]
            extent = _column(row, "inventory boundary")
            year = year_of(_column(row, "accounting year", "measurement year")) or 0
            people = number(row.get("Population") or row.get("Current Population"))
            if not people or extent.startswith(SAME_EXTENT) or not 1990 <= year <= reported:
                continue
            where = coordinates(row.get("City Location", ""))
            for what, tonnes in cdp_sums(row).items():
                yield Reported("CDP", city, country_of(row["Country"]), where, year, what, tonnes, people)


def nangini(folder: Path) -> Iterator[Reported]:
    """Scope 1 of Nangini et al.; those that its authors flag as inconsistent (D and E) are left out."""
    for row in rows(folder / "D_FINAL.csv"):
        tonnes, year = number(row["Scope-1 GHG emissions [tCO2 or tCO2-eq]"]), year_of(row["Year of emission"])
        of_set = {"CDP": "Population (CDP)", "PKU": "Urban population (PKU)", "carbonn": "Population (carbonn)"}
        people = number(row[of_set[row["Scope-1 source dataset"]]]) or number(row["Population (others)"])
        latitude, longitude = row["Latitude (others) [degrees]"], row["Longitude (others) [degrees]"]
        if tonnes and year and people and row["Emissions Quality Flag (CDP)"] not in ("D", "E"):
            where = (float(latitude), float(longitude))
            yield Reported(
                "Nangini", row["City name"], country_of(row["Country"]), where, year, SCOPE_1, tonnes, people
            )


# from rows to observations


@dataclass(frozen=True)
class Kept:
    """Observations that stayed, and how many were dropped for which reason."""

    observations: tuple[Observation, ...]
    dropped: Counter[str]


def observed(reported: Iterable[Reported], national: Callable[[str], float | None]) -> Kept:
    """Observations with their place: plain errors of unit dropped, then the latest year of each city and source.

    `national` gives a country's emissions per head (t CO2e, all sectors). A total outside 0.05 to 60 t per head, or
    more than 20 times above or below it, is taken to be in another unit; sectors are dropped with their city's total.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str, str], Observation] = {}
    for row in reported:
        if row.people < FEWEST_PEOPLE:
            dropped["fewer than 5,000 people"] += 1
            continue
        per_head, mean = row.tonnes / row.people, national(row.country)
        if mean is None:
            dropped["no national figure"] += 1
            continue
        if row.what in TOTALS and not (
            LEAST <= per_head <= MOST and mean / TIMES_COUNTRY <= per_head <= mean * TIMES_COUNTRY
        ):
            dropped["another unit"] += 1
            continue
        place = match(row.city, row.country, row.people, row.where)
        if place is None:
            dropped["no place"] += 1
            continue
        key = (row.source, place.id, row.what)
        if key in found:
            dropped["an older year"] += 1
            if found[key].year > row.year:
                continue
        found[key] = Observation(row.source, row.city, place, row.year, row.what, row.tonnes, row.people)
    return Kept(tuple(found.values()), dropped)


def three_sets(data: Path) -> Iterator[Reported]:
    """Every row of the three sets."""
    yield from brazil(data / "brazil-inventories")
    yield from cdp(data / "cdp-cities")
    yield from nangini(data / "nangini-cities")
