"""The world's places of 15,000 people or more, and its countries, found by the names people type."""

from __future__ import annotations

import csv
import gzip
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caminos.i18n import _, language
from caminos.i18n import number as number_text
from caminos.problems import CaminosError, nearest

SMALLEST = 15_000  # people of a place in the table

_APOSTROPHES = dict.fromkeys("’‘ʻ", "'")
_LETTERS = str.maketrans(
    _APOSTROPHES | {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "ə": "e", "ħ": "h"}
)


class PlaceError(CaminosError):
    """A place that is not known, or a name that several places carry (`candidates`)."""

    def __init__(self, message: str, candidates: tuple[Place, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


@dataclass(frozen=True)
class Place:
    """A place of GeoNames; `region` is the largest place of its province (a state in the United States).

    `own_population` says that the population was given and is not that of GeoNames.
    """

    id: str
    name: str
    country: str
    region: str
    latitude: float
    longitude: float
    population: int
    own_population: bool = False


@dataclass(frozen=True)
class Country:
    """A country: ISO codes, names, its chain of regions from narrow to wide, currency and language."""

    country: str
    iso2: str
    name: str
    name_es: str
    name_pt: str
    other_names: tuple[str, ...]
    region: tuple[str, ...]
    currency: str
    language: str
    income: str

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name and code by which it may be asked for."""
        return (self.country, self.iso2, self.name, self.name_es, self.name_pt, *self.other_names)


def plain(name: str) -> str:
    """A name without accents, case and doubled blanks, for comparing."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


@cache
def countries() -> dict[str, Country]:
    """All countries by ISO code of three letters."""
    text = files("caminos.city").joinpath("country_names.csv").read_text(encoding="utf-8")
    return {
        row["country"]: Country(
            country=row["country"],
            iso2=row["iso2"],
            name=row["name"],
            name_es=row["name_es"],
            name_pt=row["name_pt"],
            other_names=tuple(filter(None, row["other_names"].split("|"))),
            region=tuple(row["region"].split("|")),
            currency=row["currency"],
            language=row["language"],
            income=row["income"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def find_country(name: str) -> Country | None:
    """The country of that code or name, in English, Spanish or Portuguese; None if there is none."""
    wanted = plain(name)
    return next((country for country in countries().values() if wanted in map(plain, country.all_names)), None)


@cache
def _table() -> str:
    packed = files("caminos.city").joinpath("places.csv.gz").read_bytes()
    return gzip.decompress(packed).decode("utf-8")


def _rows() -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(_table()))


@cache
def _by_iso2() -> dict[str, str]:
    return {country.iso2: country.country for country in countries().values()}


@cache
def all_places() -> tuple[Place, ...]:
    """Every place of the world that has 15,000 people or more; the few of unknown population are left out."""
    return tuple(place for place in map(_place, _rows()) if place.population > 0)


@cache
def places_by_name() -> dict[tuple[str, str], tuple[Place, ...]]:
    """Every place under its country's code and each of its names, without accents and case: to look up many at once.

    Places whose own name it is stand before those of which it is a name in another language.
    """
    own: dict[tuple[str, str], list[Place]] = {}
    other: dict[tuple[str, str], list[Place]] = {}
    for row in _rows():
        place = _place(row)
        if place.population <= 0:
            continue
        own.setdefault((place.country, plain(place.name)), []).append(place)
        for name in filter(None, row["other_names"].split("|")):
            other.setdefault((place.country, plain(name)), []).append(place)
    keys = dict.fromkeys([*own, *other])
    return {key: tuple(dict.fromkeys([*own.get(key, ()), *other.get(key, ())])) for key in keys}


def _place(row: dict[str, str]) -> Place:
    return Place(
        row["id"],
        row["name"],
        _by_iso2()[row["country"]],
        row["region"],
        float(row["latitude"]),
        float(row["longitude"]),
        int(row["population"]),
    )


def find_place(text: str) -> Place:
    """The one place meant by "Rosario, Argentina", "Springfield, Illinois, US" or a GeoNames number.

    Raises PlaceError, with the nearest names or the candidates, if there is none or more than one.
    """
    parts = [part.strip() for part in text.replace("(", ",").replace(")", "").split(",") if part.strip()]
    if not parts:
        raise PlaceError(_('Say which place: "City, Country".'))
    if len(parts) == 1 and parts[0].isdigit():
        return _by_number(parts[0])
    country = find_country(parts[-1]) if len(parts) > 1 else None
    hints = parts[1:-1] if country else parts[1:]
    named = search(parts[0], country)
    found = [place for place in named if _lies_in(place, hints)]
    if len(found) == 1:
        return found[0]
    if found:
        message = _("{count} places are called {name}.", count=len(found), name=parts[0])
        raise PlaceError(message, tuple(found))
    if named:
        message = _("None of the places called {name} lies in {where}.", name=parts[0], where=", ".join(hints))
        raise PlaceError(message, tuple(named))
    raise PlaceError(_not_found(parts, country))


def search(name: str, country: Country | None = None) -> list[Place]:
    """Places of that name, largest first; names in other languages count if no place has it as its own."""
    wanted = plain(name)
    own, other = [], []
    for row in _rows():
        if country and row["country"] != country.iso2:
            continue
        if plain(row["name"]) == wanted:
            own.append(_place(row))
        elif row["other_names"] and not own and wanted in map(plain, row["other_names"].split("|")):
            other.append(_place(row))
    return sorted(own or other, key=lambda place: (-place.population, place.id))


def _by_number(number: str) -> Place:
    for row in _rows():
        if row["id"] == number:
            return _place(row)
    raise PlaceError(
        _(
            "No place of {least} people or more has the GeoNames number {number}.",
            least=number_text(SMALLEST),
            number=number,
        )
    )


def _lies_in(place: Place, hints: list[str]) -> bool:
    names = {plain(place.region), plain(countries()[place.country].name)}
    return all(plain(hint) in names for hint in hints)


def _not_found(parts: list[str], country: Country | None) -> str:
    if len(parts) > 1 and not country and not search(parts[0]):
        known = [name for each in countries().values() for name in (each.name, each.name_es, each.name_pt)]
        near = nearest(parts[-1], known)
        message = _("No country is called {name}.", name=parts[-1])
        return f"{message} {_('Did you mean {near}?', near=near)}" if near else message
    first = plain(parts[0])[:1]
    names = {
        row["name"]
        for row in _rows()
        if (row["country"] == country.iso2 if country else plain(row["name"])[:1] == first)
    }
    near = _nearest_plain(parts[0], names)
    where = _("in {country}", country=_in_language(country)) if country else _("in the table")
    message = _(
        "No place of {least} people or more {where} is called {name}.",
        least=number_text(SMALLEST),
        where=where,
        name=", ".join(parts),
    )
    return f"{message} {_('Did you mean {near}?', near=near)}" if near else message


def _in_language(country: Country) -> str:
    return {"es": country.name_es, "pt": country.name_pt}.get(language(), country.name)


def _nearest_plain(name: str, names: set[str]) -> str:
    by_plain = {plain(each): each for each in sorted(names)}
    matches = nearest(plain(name), by_plain)
    return ", ".join(by_plain[match] for match in matches.split(", ") if match in by_plain)
