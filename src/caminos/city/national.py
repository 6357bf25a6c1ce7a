"""National values per person, the cities of the waste table, and what is assumed where no series exists."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caminos.city.places import countries, plain
from caminos.parameters.tables import parameter_input

BASE_YEAR = 2023  # the year to which amounts are scaled


@dataclass(frozen=True)
class Value:
    """A number with its range, unit, source and year."""

    value: float
    low: float
    high: float
    unit: str
    source: str
    year: int
    note: str = ""

    def __mul__(self, other: Value | float) -> Value:
        """Product, whose range spans both ranges; the source of the first stays, with the other's added."""
        if not isinstance(other, Value):
            return Value(
                self.value * other, self.low * other, self.high * other, self.unit, self.source, self.year, self.note
            )
        source = "; ".join(dict.fromkeys((self.source, other.source)))
        return Value(
            self.value * other.value,
            self.low * other.low,
            self.high * other.high,
            self.unit,
            source,
            self.year,
            self.note,
        )


Table = dict[tuple[str, str], Value]


def _values(rows: Iterable[dict[str, str]]) -> Table:
    found = {}
    for row in rows:
        value = float(row["value"])
        found[row["name"], row["kind"]] = Value(
            value,
            float(row["low"] or value),
            float(row["high"] or value),
            row["unit"],
            row["source"],
            int(row.get("year") or BASE_YEAR),
            row["note"],
        )
    return found


def _read(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(files("caminos.city").joinpath(name).read_text(encoding="utf-8").splitlines())


def _by_country(name: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in _read(name):
        found.setdefault(row["country"], []).append(row)
    return found


@cache
def _national_rows() -> dict[str, list[dict[str, str]]]:
    return _by_country("countries.csv")


@cache
def _waste_rows() -> dict[str, list[dict[str, str]]]:
    return _by_country("waste_cities.csv")


@cache
def national(country: str) -> Table:
    """A country's values (ISO code of three letters), by name and kind."""
    return _values(_national_rows().get(country, ()))


@cache
def assumptions() -> Table:
    """Splits that no open series gives."""
    return _values(_read("new_city_assumptions.csv"))


@cache
def prior(name: str, country: str) -> dict[str, Value]:
    """A parameter of the tables for a country, by kind: what is usual where no series of the country is at hand."""
    item = parameter_input(name, countries()[country].region, {})
    return {
        each.kind: Value(each.value, each.low, each.high, each.unit, each.source, int(each.date), each.note)
        for each in (item.records if item else ())
        if each.low is not None and each.high is not None
    }


@cache
def city_table(country: str) -> dict[str, Table]:
    """The cities of one country in What a Waste 2.0, by plain name."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in _waste_rows().get(country, ()):
        rows.setdefault(plain(row["city"]), []).append(row)
    return {name: _values(group) for name, group in rows.items()}
