"""What must happen to an answer when a city is told something else: no expected number, only how answers compare."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from caminos.actions import library
from caminos.actions.library import ACTION_COLUMNS, EFFECT_COLUMNS
from caminos.city.facts import FACT_COLUMNS
from caminos.city.inventory import INVENTORY_COLUMNS
from caminos.city.new import default_facts, settings_text
from caminos.city.package import City, read_city
from caminos.city.places import find_place
from caminos.city.vocabulary import vocabulary
from caminos.files import table_text
from caminos.model.indicator import PATHWAYS
from caminos.parameters.tables import parameter_input
from caminos.pathways import tables
from caminos.pathways.tables import outcomes, role
from caminos.planning import lenses
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Entry, balance, entry, scores, weight_draws
from conftest import ROOT, SHARED
from variants import (
    CITIES,
    START,
    Answer,
    answer,
    answer_of,
    city_of,
    is_extensive,
    made_fact,
    model_of,
    newest_of,
    times_city,
    told,
    with_burden,
    with_facts,
)

SAME = 1e-9  # relative
NOTHING = 1e-9  # times a burden: what is left of it when it is gone
GONE = 1e-6  # part of a worth that may be left of it then
LEAST = 1e-9  # worth below which an action moves nothing


@pytest.fixture(autouse=True)
def every_action_of_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lens of targets lists all actions here, not only those that remove most."""
    monkeypatch.setattr(lenses, "MOST_ACTIONS", 1000)
    monkeypatch.setattr(lenses, "LEAST_REMOVED", 0.0)


# 1 burden: half of it never makes a remedy worth more, twice of it never less, none of it makes it worth nothing

HALF, DOUBLE, NONE = "half", "double", "none"
FACTORS = {HALF: 0.5, DOUBLE: 2.0, NONE: NOTHING}
BALANCE, WELFARE, TARGETS = "balance", "welfare", "targets"

# the least part of a burden that can be where another fact than none is left: no less can be used than is reused, and
# well before that the outcome is at its safe level, below which it counts no more
LEAST_PART = {"material_use": 0.2}

# outcomes that no count of people, tonnes or hectares carries: a share of the ground, the same at any size of city
INTENSITIES = {
    "canopy_cover": "crown cover is itself the share of ground that is covered",
    "natural_area": "natural cover is itself the share of the land",
}

Key = tuple[str, str, str]  # lens, outcome whose burden is changed, action
Violation = tuple[str, str, str, str]  # with the change

WATERING = "what the action itself uses: trees are watered, and pumping takes electricity"
SEWAGE = "sewage and its methane follow people, not energy or waste"
POWER_OF_BUSES = "electric buses take power by the km that they run, a fact of its own, not by the fuel that is sold"
MORE_BUSES = "more riders need more buses, which take fuel and power by the km that they run, a fact of its own"
PUMPED_HEAT = (
    "the power that heat pumps take follows the fuel burnt, what they spare the price of fuel, facts of their own"
)
EXCEPTIONS: dict[Violation, str] = {
    **{
        (BALANCE, "emissions_per_person", action, NONE): WATERING
        for action in ("street_trees", "neighbourhood_parks", "urban_forest", "ecological_corridors")
    },
    (BALANCE, "emissions_per_person", "settlement_upgrading", NONE): SEWAGE,
    **{
        (BALANCE, "emissions_per_person", action, NONE): POWER_OF_BUSES
        for action in ("rooftop_solar", "green_power_contract", "walkable_streets", "electric_buses")
    },
    **{(BALANCE, "emissions_per_person", "bus_rapid_transit", change): MORE_BUSES for change in FACTORS},
    **{(WELFARE, "emissions_per_person", "heat_pumps", change): PUMPED_HEAT for change in (HALF, DOUBLE)},
}


def violates(change: str, before: float, after: float) -> bool:
    """Whether a worth moves the wrong way."""
    if change == HALF:
        return not after <= before * (1 + SAME)
    if change == DOUBLE:
        return not after >= before * (1 - SAME)
    return not abs(after) <= GONE * before


@cache
def burdens(name: str) -> tuple[dict[Violation, float], frozenset[Key], tuple[str, ...]]:
    """What goes wrong in one city when burdens are changed, as worth after over before; what moved; wrong ranks."""
    model, before = model_of(name), answer_of(name)
    wrong: dict[Violation, float] = {}
    moved: set[Key] = set()
    ranks: list[str] = []
    for headline in before.found.headlines:
        for change, factor in FACTORS.items():
            part = max(factor, LEAST_PART.get(headline.indicator, 0.0)) if change == NONE else factor
            city = with_burden(model, headline, part)
            if city is None:
                continue
            after = answer(CityModel(city))
            for key, old, new in pairs(headline.indicator, before, after):
                if violates(change, old, new) and not (change == NONE and key[0] != BALANCE):
                    wrong[*key, change] = new / old
                elif abs(new - old) > SAME * old:
                    moved.add(key)
            ranks += [f"{headline.indicator} {change}: {fault}" for fault in overtaken(change, before, after)]
    return wrong, frozenset(moved), tuple(ranks)


def pairs(indicator: str, before: Answer, after: Answer) -> Iterator[tuple[Key, float, float]]:
    """What remedies are worth before and after, each lens apart; what is no longer judged is worth nothing.

    An outcome that is no longer estimated at all is no number, which fails.
    """
    unknown = float("nan") if indicator in after.found.not_scored else 0.0
    for (outcome, action), value in before.worth.items():
        if outcome == indicator and value > LEAST:
            yield (BALANCE, indicator, action), value, after.worth.get((outcome, action), unknown)
    whole = sum(map(abs, before.welfare.values()))
    for action, value in before.welfare.items():
        if value > LEAST * whole:
            yield (WELFARE, indicator, action), value, after.welfare.get(action, 0.0)
    for (target, action), value in before.removed.items():
        if value > 0:
            yield (TARGETS, indicator, f"{action} for {target}"), value, after.removed.get((target, action), 0.0)


@pytest.mark.parametrize("name", CITIES)
def test_worth_follows_the_burden(name: str):
    """At fixed people and other facts, each lens apart."""
    wrong, moved, _ranks = burdens(name)
    surprises = {violation: round(ratio, 6) for violation, ratio in wrong.items() if violation not in EXCEPTIONS}
    assert not surprises, surprises
    assert moved


def test_every_burden_counts_and_every_exception_is_needed():
    """An outcome whose burden moves no action in any city has not been tried."""
    counted: dict[str, int] = dict.fromkeys((headline.indicator for headline in outcomes()), 0)
    failed: set[Violation] = set()
    for name in CITIES:
        wrong, moved, _ranks = burdens(name)
        failed |= set(wrong)
        for lens, outcome, _action in moved:
            counted[outcome] += lens == BALANCE
    without = {outcome for outcome, count in counted.items() if not count}
    assert without == set(INTENSITIES)
    assert {headline.indicator for headline in outcomes() if not headline.burden} == set(INTENSITIES)
    assert set(EXCEPTIONS) - failed == set()


# 2 the rank at a budget that pays for everything


def rank_of(found: Answer) -> dict[str, int]:
    """The place of every action where the budget pays for all: what is lost without each is what it is worth."""
    counts = balance(found.found.headlines)
    unlimited = scores(found.found, np.inf, counts)
    enough = scores(found.found, float(found.found.public_cost.sum()) * (1 + SAME), counts)
    for scored in (unlimited, enough):
        assert scored.loss == pytest.approx(np.maximum(scored.worth, 0.0), rel=1e-6, abs=1e-12)
    assert np.array_equal(unlimited.place, enough.place)
    return dict(zip(found.balanced, map(int, unlimited.place[:, 0]), strict=True))


def overtaken(change: str, before: Answer, after: Answer) -> list[str]:
    """Remedies whose worth moved as it should and that passed, or were passed by, one whose worth stayed the wrong way.

    Less of a burden never brings its remedy before an action that it does not concern, more of it never behind one.
    """
    if change == NONE:
        return []
    sign = 1 if change == HALF else -1
    ranks = rank_of(before), rank_of(after)
    common = [name for name in before.balanced if name in after.balanced]
    move = {name: sign * (after.balanced[name] - before.balanced[name]) for name in common}
    remedies = [name for name in common if move[name] < -SAME * abs(before.balanced[name])]
    others = [name for name in common if abs(move[name]) <= 1e-12 * abs(before.balanced[name])]
    return [
        f"{remedy} and {other}"
        for remedy in remedies
        for other in others
        if sign * (ranks[0][remedy] - ranks[0][other]) > 0 > sign * (ranks[1][remedy] - ranks[1][other])
    ]


@pytest.mark.parametrize("name", CITIES)
def test_the_rank_follows_the_burden_where_the_budget_pays_for_everything(name: str):
    assert not burdens(name)[2]


# 3 coverage already in place: what is there need not be built


ALL = ""  # the worth in the balance of all pathways
RISING = (0.0, 0.2, 0.5, 0.8, 0.95)
TO_NINE_TENTHS = (0.0, 0.2, 0.5, 0.8, 0.88)  # no collection reaches more of a stream
FALLING = (0.6, 0.4, 0.2, 0.1, 0.05)


def share(fact: str) -> Callable[[City, float], City]:
    """Tells the city that a share is in place."""
    return lambda city, part: told(city, {fact: part})


def share_of(fact: str, whole: str) -> Callable[[City, float], City]:
    """Tells the city that a share of another fact is in place."""
    return lambda city, part: told(city, {fact: part * city.value(whole)})


def of_the_network(city: City, part: float) -> City:
    """Tells the city that a part of a whole network of cycle lanes is there."""
    model = CityModel(city)
    whole = model.inputs["cycle_network_density"].central.item() * value_of(model, "base_urban_area")
    return told(city, {"cycle_network_length": part * whole})


def value_of(model: CityModel, node: str) -> float:
    """A single number of the base year."""
    return float(model.run([node])[node].reshape(-1)[0])


def of_the_roofs(city: City, part: float) -> City:
    """Tells the city that a part of what its roofs can hold is there."""
    each = CityModel(city).inputs["solar_capacity_of_roofs_per_person"].central.item()
    return told(city, {"rooftop_solar_capacity": part * each * city.value("population")})


def of_the_gas(city: City, part: float) -> City:
    """Tells the city that a part of the gas that can be collected is."""
    most = CityModel(city).inputs["landfill_gas_collectable_share"].central.item()
    return told(city, {"landfill_gas_collected_share": part * most})


def every_kind(fact: str) -> Callable[[City, float], City]:
    """Tells the city one share for every kind of which it knows one."""

    def tell(city: City, part: float) -> City:
        own = newest_of(city, fact)
        return replace(city, facts=with_facts(city, [made_fact(city, fact, part, one.kind) for one in own]))

    return tell


def recovered(fact: str, held_by: str) -> Callable[[City, float], City]:
    """Tells the city that a share of some streams is recovered, of the same waste in all, the rest in landfills."""

    def tell(city: City, part: float) -> City:
        whole, held = 100_000.0, value_of(CityModel(city), held_by)
        known = {name: 0.0 for name in ("waste_sorted", "waste_composted", "waste_digested", "waste_incinerated")}
        rest = {"waste_otherwise_treated": 0.0, "waste_collected": whole, "sorting_yield": 1.0}
        return told(city, known | rest | {"waste_landfilled": whole * (1 - part * held), fact: whole * part * held})

    return tell


ORGANICS = recovered("waste_composted", "organic_share_of_waste")
DRY = recovered("waste_sorted", "dry_share_of_waste")
COVERAGES: dict[str, tuple[str, str, Callable[[City, float], City], Sequence[float], float]] = {
    # what is told: action, outcome by which it is judged, how it is told, shares in place, and when nothing is left
    "warnings": ("early_warning", ALL, share("warning_coverage"), RISING, 1.0),
    "heat plans": ("heat_action_plan", ALL, share("heat_plan_coverage"), RISING, 1.0),
    "lamps": ("led_street_lights", ALL, share("street_lamp_led_share"), RISING, 1.0),
    "electric buses": ("electric_buses", ALL, share_of("electric_bus_fleet", "bus_fleet"), RISING, 1.0),
    "slow streets": ("slow_streets", ALL, share("local_slow_street_share"), RISING, 1.0),
    "cycle lanes": ("cycle_network", ALL, of_the_network, RISING, 1.0),
    "losses of water": ("water_loss_control", "water_produced", share("water_loss_share"), FALLING, 0.0),
    "landfill gas": ("landfill_gas", "emissions_per_person", of_the_gas, RISING, 1.0),
    "organics": ("organics_collection", ALL, ORGANICS, TO_NINE_TENTHS, 1.0),
    "recyclables": ("recycling", ALL, DRY, TO_NINE_TENTHS, 1.0),
    "sewers": ("settlement_upgrading", "people_without_sewer", share("sewer_coverage"), RISING, 1.0),
    "sewage": ("settlement_upgrading", "organics_discharged", share("sewer_coverage"), RISING, 1.0),
    "water": ("settlement_upgrading", "people_without_water", share("water_coverage"), RISING, 1.0),
    "parks": ("neighbourhood_parks", "people_without_green", share("green_access_share"), RISING, 1.0),
    "walking": ("walkable_streets", "people_without_facilities", every_kind("facility_access_share"), RISING, 1.0),
    "zoning": ("compact_zoning", "people_without_facilities", every_kind("facility_access_share"), RISING, 1.0),
    "controlled landfills": (
        *("landfill_gas", "waste_uncontrolled_per_person", share("waste_controlled_share")),
        *(RISING, 1.0),
    ),
    "solar roofs": ("rooftop_solar", ALL, of_the_roofs, RISING, 1.0),
}


def worth_of(city: City, action: str, outcome: str) -> float:
    """What an action is worth in the balance or by one outcome; nothing where nothing is left to do."""
    model = CityModel(city)
    found = answer(model)
    if action in model.nothing_to_do:
        return 0.0
    assert action not in model.unavailable, model.unavailable[action]
    return found.balanced[action] if outcome == ALL else found.worth[outcome, action]


@pytest.mark.parametrize("name", ["porto-alegre", "told"])
@pytest.mark.parametrize("coverage", COVERAGES)
def test_worth_falls_with_what_is_in_place(name: str, coverage: str):
    action, outcome, tell, parts, whole = COVERAGES[coverage]
    city = city_of(name)
    found = [worth_of(tell(city, part), action, outcome) for part in parts]
    assert all(more > less * (1 + SAME) > 0 for more, less in zip(found, found[1:], strict=False)), found
    assert worth_of(tell(city, whole), action, outcome) == pytest.approx(0, abs=1e-12)
