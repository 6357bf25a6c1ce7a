"""Cities made of others in memory: some facts times a factor, some told. What each of the lenses then answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from conftest import ROOT

from caminos.city.facts import Fact, known_fact
from caminos.city.new import made_city
from caminos.city.package import City, read_city
from caminos.city.places import find_place
from caminos.city.settings import Target
from caminos.city.vocabulary import Term, vocabulary
from caminos.model.axes import QUINTILES, labels
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, role
from caminos.planning import lenses
from caminos.planning.assessment import Assessment, assess, single_cases
from caminos.planning.city_model import CityModel

START = 2026
EXTENSIVE = (
    *("person", "household", "vehicle", "lamp", "tree", "km2", "km", "m2", "ha", "USD", "MW"),
    *("MWh", "TJ", "t", "t CO2e", "m3", "km vehicle"),
)
INTENSIVE = (
    *("share", "index", "m", "mm", "delta_degC", "h", "day", "delta_degC day", "1", "ratio"),
    *("t CO2e/MWh", "delta_degC/yr", "m2/person", "m2/household", "person/household", "kWh/m3", "ug/m3"),
    *("t/person", "USD/person", "USD/kWh", "USD/household"),
)


def is_extensive(term: Term) -> bool:
    """Whether a fact is twice as much in a city twice as large: a count, a mass, an area, energy or money."""
    unit = term.unit.removesuffix("/yr")
    if unit not in EXTENSIVE + INTENSIVE:
        raise AssertionError(f"say whether {term.unit} ({term.name}) grows with the city")
    return unit in EXTENSIVE


# cities


@cache
def city_of(name: str) -> City:
    """One of the cities of the suite, by name."""
    if name in ("porto-alegre", "guadalajara"):
        return read_city(ROOT / "cities" / name)
    if name == "told":
        return told_city()
    return made_city(find_place({"mendoza": "Mendoza, Argentina", "dhaka": "Dhaka, Bangladesh"}[name]))


CITIES = ("porto-alegre", "guadalajara", "mendoza", "dhaka", "told")

# what a made city is told of floods, heat and services: as in Porto Alegre, by person
AS_IN_PORTO_ALEGRE = (
    *("flood_level_recorded", "flood_threshold", "flood_protection_level", "flood_level", "flood_recorded_depth"),
    *("flooded_population", "flooded_dwellings", "flood_damage_recorded", "pluvial_risk_household_share"),
    *("population_in_risk_sectors", "annual_deaths", "heat_attributable_share", "cold_attributable_share"),
    *("heat_days", "heat_degree_days", "cold_degree_days", "air_conditioning_share", "natural_area_share", "area"),
    *("informal_settlement_population", "facility_access_share", "sewer_coverage", "wastewater_treated_share"),
    *("street_lamps", "bus_fleet", "car_fleet", "landfill_gas_collected_share", "water_production"),
)
TOLD = {
    "green_access_share": 0.6,
    "warning_coverage": 0.3,
    "heat_plan_coverage": 0.2,
    "street_lamp_led_share": 0.3,
    "electric_bus_share": 0.1,
    "local_slow_street_share": 0.2,
    "water_loss_share": 0.3,
    "water_coverage": 0.9,
    "diarrhoea_deaths": 4.0,
}


AIMS = {  # what it wants none of by 2040
    "people_in_informal_settlements": "person",
    "people_without_water": "person",
    "people_without_sewer": "person",
    "heat_deaths": "person/yr",
    "expected_annual_flooded_people": "person/yr",
    "waste_disposed_per_person": "kg/person/yr",
}


def told_city() -> City:
    """Mendoza as made, given flood facts, heat facts and coverages."""
    city, like = city_of("mendoza"), city_of("porto-alegre")
    share = city.value("population") / like.value("population")
    known = vocabulary()
    facts = [
        replace(fact, value=fact.value * factor, low=None, high=None, quality="B", year=city.base_year)
        for name in AS_IN_PORTO_ALEGRE
        for fact in newest_of(like, name)
        for factor in [share if is_extensive(known[name]) else 1.0]
    ]
    targets = tuple(Target(name=name, value=0.0, unit=unit, year=2040, source="own") for name, unit in AIMS.items())
    found = replace(city, id="told", name="Told", facts=with_facts(city, facts), targets=targets)
    return told(found, TOLD)


def newest_of(city: City, name: str) -> list[Fact]:
    """The newest known facts of one name for the whole city, one for each kind and group."""
    wanted = [fact for fact in city.facts if fact.name == name and not fact.zone and np.isfinite(fact.value)]
    found = {(fact.kind, fact.group): fact for fact in sorted(wanted, key=lambda fact: fact.year)}
    return list(found.values())


def with_facts(city: City, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """All facts of the city with these in the place of what it says of the same names."""
    new = tuple(facts)
    names = {fact.name for fact in new}
    return (*(fact for fact in city.facts if fact.name not in names), *new)


def made_fact(city: City, name: str, value: float, kind: str = "", group: str = "") -> Fact:
    """A sure fact of the city's own."""
    empty = dict.fromkeys(("zone", "low", "high", "retrieved", "licence", "note"), "")
    row = {"name": name, "kind": kind, "group": group, "year": city.base_year, "value": repr(float(value))}
    return known_fact({**empty, **row, "unit": vocabulary()[name].unit, "source": "test", "quality": "A"}, 0)


def told(city: City, values: Mapping[str, float]) -> City:
    """The city with one number in the place of whatever it says of these names."""
    return replace(city, facts=with_facts(city, [made_fact(city, *item) for item in values.items()]))


def with_rows(city: City, facts: Iterable[Fact]) -> City:
    """The city with other facts."""
    return replace(city, facts=tuple(facts))


def taken(model: CityModel, name: str) -> list[Fact]:
    """What the model takes for a fact that the city does not know: facts of the same value; none if it has none."""
    term = vocabulary()[name]
    result = model.run([term.enters_as])[term.enters_as]
    if isinstance(result, NotEstimated):
        return []
    kinds = list(labels(term.classification)) if "kind" in term.dims else [""]
    groups = list(QUINTILES) if "group" in term.dims else [""]
    cells = np.broadcast_to(result[0, 0, 0, 0], (len(groups), len(kinds)))
    return [
        made_fact(model.city, name, float(cells[row, column]), kind, group)
        for row, group in enumerate(groups)
        for column, kind in enumerate(kinds)
    ]


def _times(fact: Fact, factor: float, rest: bool) -> Fact:
    """A fact times a factor, or with what it leaves times a factor (people without)."""

    def scaled(value: float | None) -> float | None:
        return None if value is None else 1 - factor * (1 - value) if rest else factor * value

    value = scaled(fact.value)
    assert value is not None
    return replace(fact, value=value, low=scaled(fact.low), high=scaled(fact.high))


def with_burden(model: CityModel, headline: Headline, factor: float) -> City | None:
    """The city with `factor` times the facts that carry a headline, all else equal; None where it has none.

    What the city does not know is told first, as the model has it. Where twice the share is more than all, the burden
    is all.
    """
    city, moved = model.city, False
    for name in headline.burden:
        rest, name = name.startswith("-"), name.removeprefix("-")
        known = any(fact.name == name and not fact.zone and np.isfinite(fact.value) for fact in city.facts)
        own = [fact for fact in city.facts if fact.name == name] if known else taken(model, name)
        is_share = vocabulary()[name].unit == "share"
        whole = max((1 - fact.value if rest else fact.value for fact in own), default=0.0)
        most = min(factor, 1 / whole) if is_share and whole > 0 else factor
        facts = [_times(fact, most, rest) for fact in own]
        moved = moved or any(new.value != old.value for new, old in zip(facts, own, strict=True))
        city = replace(city, facts=with_facts(city, facts)) if facts else city
    return city if moved else None


def times_city(model: CityModel, factor: float) -> City:
    """A city of `factor` times everything that is counted, weighed, measured by area or paid, all else equal."""
    known, city = vocabulary(), model.city
    facts = tuple(
        _times(fact, factor, rest=False) if fact.name in known and is_extensive(known[fact.name]) else fact
        for fact in city.facts
    )
    inventory = tuple(replace(row, emissions=row.emissions * factor) for row in city.inventory)
    return replace(city, facts=facts, inventory=inventory)


# answers


@dataclass(frozen=True)
class Answer:
    """What each lens says of every action at central values: the balance by headline, welfare, and by target."""

    found: Assessment
    worth: Mapping[tuple[str, str], float]  # (headline, action)
    welfare: Mapping[str, float]
    removed: Mapping[tuple[str, str], float]  # (target, action), for a target with a shortfall
    balanced: Mapping[str, float]
    cost: Mapping[str, float]


def answer(model: CityModel) -> Answer:
    """All lenses at central values."""
    found = assess(model, single_cases(model, START), START)
    names = [action.id for action in found.actions]
    weight = model.run([role("income weight")])[role("income weight")]
    welfare = {}
    if not isinstance(weight, NotEstimated):
        welfare = dict(zip(names, found.benefit_known_by_income[:, 0] @ weight[0, 0, 0, 0, :, 0], strict=True))
    aims = lenses.aims(model, found, START)
    return Answer(
        found,
        worth={
            (headline.indicator, name): float(found.worth[row, 0, column])
            for column, headline in enumerate(found.headlines)
            for row, name in enumerate(names)
        },
        welfare={name: float(value) for name, value in welfare.items() if np.isfinite(value)},
        removed={
            (f"{aim.name} {aim.year} {aim.whose}", item.action): item.amount for aim in aims for item in aim.actions
        },
        balanced=dict(zip(names, map(float, found.effect()[:, 0]), strict=True)),
        cost=dict(zip(names, map(float, found.public_cost[:, 0]), strict=True)),
    )


@cache
def model_of(name: str) -> CityModel:
    """The model of one of the cities of the suite."""
    return CityModel(city_of(name))


@cache
def answer_of(name: str) -> Answer:
    """The answer of one of the cities of the suite, as it is."""
    return answer(model_of(name))
