"""city.toml: what a city says of itself beside its figures. The classes below are its schema (docs/city-toml.md).

Annotations are read as they stand here, so that they are not postponed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any

from caminos.actions.library import levers
from caminos.city.facts import QUALITIES, UNIT
from caminos.city.vocabulary import terms
from caminos.i18n import LANGUAGES, _
from caminos.model.units import UnitError, factor
from caminos.parameters.money import PRICE_YEAR, MoneyError, in_dollars
from caminos.pathways.tables import headlines
from caminos.problems import ERROR, Problem
from caminos.schema import MOST_FAULTS, Fault, Form, Key, fields, plain, read_fields
from caminos.toml import read_toml, toml_text

SETTINGS = "city.toml"
GWP_SETS = ("AR4", "AR5", "AR6")
CLIMATES = ("dry temperate", "wet temperate", "dry tropical", "wet tropical")
EMISSIONS, AREA = "t CO2e", "km2"  # units of sums of emissions and of areas
NET_REDUCTION = "net_emissions_reduction"  # a target that is neither a headline nor a lever
MOST_REDUCED = 2.0  # net emissions lower by twice what they were: as much taken up as was once emitted
TARGET_NAMES = "docs/city-toml.md"  # where the names of targets are listed
FIRST_YEAR, LAST_YEAR = 1970, 2100  # of inventories and of targets

IDENTITY = Form(r"[a-z0-9][a-z0-9_-]{0,99}", lambda: _("a name of a-z, 0-9, - and _"))
COUNTRY = Form("[A-Z]{3}", lambda: _("an ISO code of three letters"))
CURRENCY = Form("[A-Z]{3}", lambda: _("a currency code of three letters"))
BLANK: dict[str, Any] = {"text": "", "whole": 0, "texts": ()}  # what stands for a key that cannot be read
UNIT_FORM = Form(UNIT.pattern, lambda: _("a unit"))


def _known_facts() -> Iterator[str]:
    return iter(terms())


def _quality() -> Key:
    return Key("A seen in the source, B secondary, C recalled or assumed", "B", among=lambda: QUALITIES)


def _source() -> Key:
    return Key("where the figure stands, so that anyone finds it", "Climate action plan, 2024", expected=True)


def _note(example: str) -> Key:
    return Key("what a reader must know of it", example, lines=True)


@dataclass(frozen=True, kw_only=True)
class Zoning:
    """What the zones of the map are."""

    label: Annotated[str, Key("what one zone is called", "neighbourhood")] = ""
    note: Annotated[str, _note("94 neighbourhoods in borders of 2016.")] = ""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The area that a published profile gives, held against the facts and the map by `caminos check`."""

    area: Annotated[float, Key("area of the jurisdiction", 495.39, least=0.01, most=1e12)]
    unit: Annotated[str, Key(f"unit of the area; `{AREA}` if left out", AREA, form=UNIT_FORM)] = AREA
    source: Annotated[str, _source()] = ""
    note: Annotated[str, _note("Without the lake.")] = ""

    @property
    def square_kilometres(self) -> float:
        """The area in km2."""
        return self.area * factor(self.unit, AREA)

    def faults(self) -> list[Fault]:
        """The unit must be one of area."""
        return _unit_faults(self.unit, AREA)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the city wants to reach, by when: one headline, one lever, or its net emissions."""

    name: Annotated[
        str,
        Key("what is aimed at", "canopy_cover", among=lambda: target_units(), listed=TARGET_NAMES),
    ]
    value: Annotated[float, Key("what is to be reached, in `unit`", 0.3)]
    unit: Annotated[str, Key("unit of the value; it converts to that of the name", "share", form=UNIT_FORM)]
    year: Annotated[int, Key("by when", 2040, least=FIRST_YEAR, most=LAST_YEAR)]
    base_year: Annotated[
        int | None, Key("year against which it is measured, where it is a change", 2019, least=FIRST_YEAR, past=True)
    ] = None
    binding: Annotated[bool, Key("whether law or council has made it binding", True)] = False
    quality: Annotated[str, _quality()] = ""
    source: Annotated[str, _source()] = ""
    note: Annotated[str, _note("Adopted in 2023.")] = ""

    @staticmethod
    def examples(given: dict[str, Any]) -> dict[str, Any]:
        """The unit of what a target names."""
        name = given.get("name")
        return {"unit": target_units()[name]} if isinstance(name, str) and name in target_units() else {}

    @property
    def amount(self) -> float:
        """The value in the unit of what the target names; money of the target's base year, else of 2023."""
        return self.value * self._factor()

    def _factor(self) -> float:
        unit, money = in_dollars(self.unit, self.base_year or PRICE_YEAR)
        return factor(unit, target_units()[self.name]) * money

    def faults(self) -> list[Fault]:
        """The unit must convert to that of the name; a share is no percentage."""
        unit = target_units()[self.name]
        try:
            amount = self.amount
        except (UnitError, MoneyError):
            return [_unit_fault(self.unit, unit)]
        most = MOST_REDUCED if self.name == NET_REDUCTION else 1.0
        if unit == "share" and not 0 <= amount <= most:
            message = _("{name} is a share of {value}.", name=self.name, value=f"{amount:g}")
            fix = _('Write 30 percent as value = 0.3 with unit = "share", or as value = 30 with unit = "percent".')
            return [Fault("value", message, fix)]
        return []


@dataclass(frozen=True, kw_only=True)
class Sectors:
    """Emissions by sector of the GPC."""

    stationary: Annotated[float | None, Key("stationary energy (I)", 318470.4)] = None
    transport: Annotated[float | None, Key("transport (II)", 1169883.4)] = None
    waste: Annotated[float | None, Key("waste and wastewater (III)", 680581.0)] = None
    ippu: Annotated[float | None, Key("industrial processes and product use (IV)", 12000.0)] = None
    land: Annotated[float | None, Key("agriculture, forestry and other land use (V)", -1546.7)] = None
    other: Annotated[float | None, Key("other emissions outside the city (VI)", 5000.0)] = None

    def of(self, sector: str) -> float:
        """The emissions of one sector; not a number where they are not given."""
        value: float | None = getattr(self, sector, None)
        return nan if value is None else value

    def given(self) -> dict[str, float]:
        """Emissions of the sectors that are given."""
        return {field.name: self.of(field.name) for field in fields(Sectors) if not isnan(self.of(field.name))}


@dataclass(frozen=True, kw_only=True)
class InventoryTotals(Sectors):
    """Sums by sector that were published with inventory.csv: its rows must add up to them."""

    year: Annotated[int | None, Key("year of the inventory", 2022, least=FIRST_YEAR, past=True)] = None
    unit: Annotated[str, Key(f"unit of the sums; `{EMISSIONS}` if left out", EMISSIONS, form=UNIT_FORM)] = EMISSIONS
    source: Annotated[str, _source()] = ""
    note: Annotated[str, _note("Industrial processes are not estimated.")] = ""

    def tonnes(self) -> dict[str, float]:
        """The published sums in t CO2e, by sector."""
        return {sector: value * factor(self.unit, EMISSIONS) for sector, value in self.given().items()}

    def faults(self) -> list[Fault]:
        """The unit must be one of emissions."""
        return _unit_faults(self.unit, EMISSIONS)


@dataclass(frozen=True, kw_only=True)
class OwnInventory:
    """An inventory of the city's own, shown beside the published one, in t CO2e."""

    year: Annotated[int, Key("year of the inventory", 2019, least=FIRST_YEAR, past=True)]
    total: Annotated[float | None, Key(f"all emissions, {EMISSIONS}", 2373000.0)] = None
    quality: Annotated[str, _quality()] = ""
    source: Annotated[str, _source()] = ""
    note: Annotated[str, _note("BASIC+; printed in thousands.")] = ""
    sectors: Annotated[Sectors | None, Key(f"emissions by sector, {EMISSIONS}")] = None


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """A sentence that stands beside every number that rests on one of some facts."""

    facts: Annotated[
        tuple[str, ...],
        Key("names of facts", ["canopy_cover"], among=_known_facts, listed="city/vocabulary.csv"),
    ]
    text: Annotated[str, Key("what must be read beside such a number", "Measured in the centre only.", lines=True)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All of city.toml."""

    id: Annotated[str, Key("name of the city in files", "porto-alegre", form=IDENTITY)]
    name: Annotated[str, Key("name of the city as people write it", "Porto Alegre")]
    country: Annotated[str, Key("ISO 3166 code of the country", "BRA", form=COUNTRY)]
    region: Annotated[
        tuple[str, ...],
        Key(
            "regions from narrow to wide: the literature's values are chosen by them",
            ["Brazil", "South America", "Latin America", "world"],
        ),
    ]
    climate: Annotated[
        str, Key("climate zone of the IPCC: how fast waste decays", "wet temperate", among=lambda: CLIMATES)
    ] = ""
    currency: Annotated[str, Key("ISO 4217 code of the currency", "BRL", form=CURRENCY)]
    language: Annotated[str, Key("language of the city's pages", "pt", among=lambda: LANGUAGES)]
    base_year: Annotated[int, Key("first year of the model", 2022, least=1990, past=True)]
    gwp: Annotated[str, Key("assessment report of the global warming potentials", "AR5", among=lambda: GWP_SETS)]
    notes: Annotated[str, Key("how this folder came about", "Made from open defaults.", lines=True)] = ""
    zoning: Annotated[Zoning | None, Key("what the zones of the map are", word="zones")] = None
    profile: Annotated[Profile | None, Key("the area that a published profile gives")] = None
    targets: Annotated[
        tuple[Target, ...],
        Key("what the city wants to reach, and by when", named="name", unique=("name", "year")),
    ] = ()
    inventory_totals: Annotated[InventoryTotals | None, Key("published sums of inventory.csv")] = None
    own_inventories: Annotated[tuple[OwnInventory, ...], Key("inventories of the city's own", unique=("year",))] = ()
    caveats: Annotated[tuple[Caveat, ...], Key("sentences beside numbers")] = ()

    def faults(self) -> list[Fault]:
        """Without the world most values of the literature hold for no city."""
        if "world" in self.region:
            return []
        fix = _("For example: {text}", text='region = ["Brazil", "South America", "Latin America", "world"]')
        return [Fault("region", _("region does not end with world: most of the literature would not hold."), fix)]

    def target(self, name: str) -> Target | None:
        """The target of that name for the latest year; None if the city has none."""
        return max((item for item in self.targets if item.name == name), key=lambda item: item.year, default=None)


@cache
def target_units() -> dict[str, str]:
    """The names that a target may have, with the unit of each: headlines, levers and the cut of net emissions."""
    from caminos.pathways.library import indicators  # all pathways: only a city with targets needs them

    computed = {item.name: item.unit for item in indicators()}
    moved = {lever.name: lever.unit for lever in levers()}
    headed = {item.indicator: computed[item.indicator] for item in headlines() if item.indicator in computed}
    return {**headed, **moved, NET_REDUCTION: "share"}


def _unit_fault(given: str, wanted: str) -> Fault:
    message = _("{given} does not convert to {unit}.", given=repr(given), unit=wanted)
    return Fault("unit", message, _("For example: {text}", text=f'unit = "{wanted}"'))


def _unit_faults(given: str, wanted: str) -> list[Fault]:
    try:
        factor(given, wanted)
    except UnitError:
        return [_unit_fault(given, wanted)]
    return []


def read_settings(path: Path) -> tuple[Settings | None, list[Problem]]:
    """city.toml and everything wrong with it; None if it cannot be read at all.

    Beside errors the settings are those that could be read, the rest empty: enough to check the other files.
    """
    if not path.is_file():
        message = _("There is no file city.toml.")
        fix = _('Make a package with: caminos new "City, Country"')
        return None, [Problem(ERROR, path.name, None, "", message, fix)]
    given, problems = read_toml(path)
    if given is None:
        return None, problems
    values, faults = read_fields(Settings, given)
    if not any(fault.severity == ERROR for fault in faults):
        faults += Settings(**values).faults()
    first = sorted(faults, key=lambda fault: fault.severity != ERROR)[:MOST_FAULTS]
    blank = {field.name: BLANK[field.kind] for field in fields(Settings) if field.required}
    found = [Problem(fault.severity, path.name, None, fault.path, fault.message, fault.fix) for fault in first]
    return Settings(**{**blank, **values}), found


def settings_toml(settings: Settings, remarks: dict[str, str] | None = None) -> str:
    """Settings as the text of city.toml, notes first; `remarks` stand above their keys."""
    values = plain(settings)
    notes = {"notes": values.pop("notes")} if settings.notes else {}
    return toml_text({**notes, **values}, remarks)
