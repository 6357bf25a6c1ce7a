"""A city as data: the folder on disk and the object made of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from math import nan
from os.path import lexists  # a link to nothing is an error too
from pathlib import Path
from typing import Any

from caminos.city.facts import FACT_COLUMNS, FACTS, Fact, fact_files, read_facts
from caminos.city.inventory import INVENTORY_COLUMNS, InventoryRow, read_inventory
from caminos.city.plausible import implausible
from caminos.city.zones import ALIASES, ZONES, Zone, read_aliases, read_zones
from caminos.i18n import _
from caminos.problems import ERROR, WARNING, CityError, Problem

__all__ = [
    "FACT_COLUMNS", "INVENTORY_COLUMNS", "City", "CityError", "Fact", "InventoryRow", "Problem", "Zone",
    "load", "read_city",
]  # fmt: skip

GWP_SETS = ("AR4", "AR5", "AR6")
CLIMATES = ("dry temperate", "wet temperate", "dry tropical", "wet tropical")
_TEXT_SETTINGS = ("id", "name", "country", "currency", "language")


@dataclass(frozen=True)
class City:
    """One jurisdiction with its own figures; `settings` is all of city.toml."""

    path: Path
    id: str
    name: str
    country: str
    region: tuple[str, ...]
    climate: str
    currency: str
    language: str
    base_year: int
    gwp: str
    targets: dict[str, Any]
    facts: tuple[Fact, ...] = ()
    zones: tuple[Zone, ...] = ()
    inventory: tuple[InventoryRow, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def fact(self, name: str, kind: str = "", zone: str = "", group: str = "") -> Fact | None:
        """The newest fact of that name, not later than this year; None if there is none."""
        today = date.today().year
        found = [
            fact
            for fact in self.facts
            if (fact.name, fact.kind, fact.zone, fact.group) == (name, kind, zone, group) and fact.year <= today
        ]
        return max(found, key=lambda fact: fact.year, default=None)

    def value(self, name: str, kind: str = "", zone: str = "", group: str = "") -> float:
        """The newest value of that name in the vocabulary's unit; nan if it is not estimated."""
        fact = self.fact(name, kind, zone, group)
        return nan if fact is None else fact.value


def read_city(path: str | Path) -> City:
    """The city in the folder `path`; raises CityError with every error if it has any."""
    city, problems = load(path)
    errors = [problem for problem in problems if problem.severity == ERROR]
    if errors or city is None:
        raise CityError(errors)
    return city


def load(path: str | Path) -> tuple[City | None, list[Problem]]:
    """The city, as far as it can be read, and every problem of its files; never raises on bad input.

    The city is None only when there is no readable city.toml; then the other files are still checked.
    """
    folder = Path(path)
    if not folder.is_dir():
        message = _("There is no folder {folder}.", folder=folder)
        return None, [Problem(ERROR, str(folder), None, "", message, _("Give the folder that holds city.toml."))]
    settings, problems = _read_settings(folder / "city.toml")
    zones: tuple[Zone, ...] = ()
    aliases: dict[str, str] = {}
    zones_readable = True
    if lexists(folder / ZONES):
        zones, found = read_zones(folder / ZONES)
        problems += found
        zones_readable = not any(problem.severity == ERROR for problem in found)
    else:
        zones_readable = False
    if lexists(folder / ALIASES):
        aliases, found = read_aliases(folder / ALIASES, {zone.id: zone for zone in zones})
        problems += found if zones_readable else []
    facts, found = read_facts(fact_files(folder), zones, aliases, zones_readable)
    problems += found
    by_zone = sum(1 for fact in facts if fact.zone)
    if by_zone and not (folder / ZONES).is_file():
        message = _("There is no zones.geojson: {count} facts by zone are not used.", count=by_zone)
        fix = _("Add zones.geojson in WGS84 with the properties id and name, or leave those facts out.")
        problems.append(Problem(WARNING, ZONES, None, "", message, fix))
    if not (folder / FACTS).is_file():
        message = _("There is no file facts.csv.")
        fix = _("A city needs at least its population: {columns}", columns=",".join(FACT_COLUMNS))
        problems.append(Problem(ERROR, FACTS, None, "", message, fix))
    inventory: tuple[InventoryRow, ...] = ()
    if lexists(folder / "inventory.csv"):
        inventory, found = read_inventory(folder / "inventory.csv")
        problems += found
    country = str(settings.get("country", "")) if settings else ""
    problems += implausible(facts, country)
    if settings is None:
        return None, problems
    city = City(
        path=folder,
        id=str(settings.get("id", "")),
        name=str(settings.get("name", "")),
        country=str(settings.get("country", "")),
        region=_texts(settings.get("region")),
        climate=str(settings.get("climate", "")),
        currency=str(settings.get("currency", "")),
        language=str(settings.get("language", "")),
        base_year=settings["base_year"] if isinstance(settings.get("base_year"), int) else 0,
        gwp=str(settings.get("gwp", "")),
        targets=settings["targets"] if isinstance(settings.get("targets"), dict) else {},
        facts=facts,
        zones=zones,
        inventory=inventory,
        settings=settings,
    )
    return city, problems


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list) else ()


def _read_settings(path: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The content of city.toml and what is wrong with it; None if it cannot be read at all."""
    if not path.is_file():
        message = _("There is no file city.toml.")
        fix = _('Make a package with: caminos new "City, Country"')
        return None, [Problem(ERROR, path.name, None, "", message, fix)]
    try:
        settings = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        message = _("The file cannot be read: {error}", error=error)
        return None, [Problem(ERROR, path.name, None, "", message, _("Check that you may read it."))]
    except UnicodeDecodeError:
        message = _("The file is not UTF-8.")
        return None, [Problem(ERROR, path.name, None, "", message, _("Save it as UTF-8."))]
    except tomllib.TOMLDecodeError as error:
        message = _("This is not valid TOML: {error}", error=error)
        fix = _('Texts stand in quotation marks: name = "Porto Alegre"; decimals have a point.')
        return None, [Problem(ERROR, path.name, _line_in(str(error)), "", message, fix)]
    return settings, _setting_problems(path.name, settings)


def _line_in(message: str) -> int | None:
    words = message.replace(",", " ").split()
    return int(words[words.index("line") + 1]) if "line" in words else None


def _setting_problems(name: str, settings: dict[str, Any]) -> list[Problem]:
    found: list[tuple[str, str, str]] = []
    for key in _TEXT_SETTINGS:
        if not isinstance(settings.get(key), str) or not settings[key].strip():
            found.append((key, _("{key} is missing or not a text.", key=key), f'{key} = "…"'))
    country = settings.get("country")
    if isinstance(country, str) and country and not (len(country) == 3 and country.isalpha() and country.isupper()):
        found.append(("country", _("{value} is not an ISO code of three letters.", value=repr(country)), '"BRA"'))
    if settings.get("climate", "") not in ("", *CLIMATES):
        message = _("climate must be one of {known}.", known=", ".join(CLIMATES))
        found.append(("climate", message, f'climate = "{CLIMATES[0]}"'))
    if not _texts(settings.get("region")):
        fix = 'region = ["Brazil", "South America", "Latin America", "world"]'
        found.append(("region", _("region must be a list from narrow to wide."), fix))
    year = settings.get("base_year")
    if not isinstance(year, int) or isinstance(year, bool) or not 1990 <= year <= date.today().year:
        message = _("base_year must be a year from 1990 to {today}.", today=date.today().year)
        found.append(("base_year", message, "base_year = 2022"))
    if settings.get("gwp") not in GWP_SETS:
        message = _("gwp must be one of {known}.", known=", ".join(GWP_SETS))
        found.append(("gwp", message, 'gwp = "AR5"'))
    targets = settings.get("targets", {})
    if not isinstance(targets, dict):
        found.append(("targets", _("targets must be a table."), "[targets]"))
    else:
        for key, target in targets.items():
            if not isinstance(target, dict) or not isinstance(target.get("value"), int | float):
                message = _("Target {name} has no number.", name=key)
                fix = f'{key} = {{value = 0.5, unit = "share", year = 2030, source = "…"}}'
                found.append((f"targets.{key}", message, fix))
    return [Problem(ERROR, name, None, column, message, fix) for column, message, fix in found]
