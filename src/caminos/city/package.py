"""A city as data: the folder on disk and the object made of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from os.path import lexists  # a link to nothing is an error too
from pathlib import Path

from caminos.city.facts import FACT_COLUMNS, FACTS, Fact, fact_files, newest, read_facts
from caminos.city.inventory import INVENTORY_COLUMNS, InventoryRow, read_inventory
from caminos.city.plausible import implausible
from caminos.city.settings import SETTINGS, Settings, Target, read_settings
from caminos.city.zones import ALIASES, ZONES, Zone, read_aliases, read_zones
from caminos.i18n import _
from caminos.problems import ERROR, WARNING, CityError, Problem

__all__ = [
    "FACT_COLUMNS",
    "INVENTORY_COLUMNS",
    "City",
    "CityError",
    "Fact",
    "InventoryRow",
    "Problem",
    "Settings",
    "Target",
    "Zone",
    "load",
    "newest",
    "read_city",
]


@dataclass(frozen=True, kw_only=True)
class City(Settings):
    """One jurisdiction with its own figures: its settings, and what stands in the other files of its folder."""

    path: Path
    facts: tuple[Fact, ...] = ()
    zones: tuple[Zone, ...] = ()
    inventory: tuple[InventoryRow, ...] = ()

    def __repr__(self) -> str:
        """Who it is and how much is known of it, not all of it."""
        known = f"{len(self.facts)} facts, {len(self.zones)} zones, {len(self.inventory)} inventory rows"
        return f"<City {self.id}: {self.name}, {self.country}, base year {self.base_year}, {known}>"

    def fact(self, name: str, kind: str = "", zone: str = "", group: str = "") -> Fact | None:
        """The newest fact of that name, not later than this year; None if there is none."""
        wanted = (name, kind, zone, group)
        found = newest(fact for fact in self.facts if (fact.name, fact.kind, fact.zone, fact.group) == wanted)
        return found[0] if found else None

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
    settings, problems = read_settings(folder / SETTINGS)
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
    problems += implausible(facts, settings.country if settings else "")
    if settings is None:
        return None, problems
    return City(path=folder, facts=facts, zones=zones, inventory=inventory, **vars(settings)), problems
