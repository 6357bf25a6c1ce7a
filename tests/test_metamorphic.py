"""What must happen to an answer when a city is told something else: no expected number, only how answers compare."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
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

from caminos.actions import library
from caminos.actions.library import ACTION_COLUMNS, EFFECT_COLUMNS
from caminos.city.facts import FACT_COLUMNS
from caminos.city.new import default_facts, settings_text
from caminos.city.package import City, read_city
from caminos.city.places import find_place
from caminos.city.vocabulary import vocabulary
from caminos.files import table_text
from caminos.model.indicator import PATHWAYS
from caminos.pages.entry import verdict
from caminos.pathways import tables
from caminos.pathways.tables import outcomes, role
from caminos.planning import lenses
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Entry, balance, entry, scores, weight_draws, yearly_budget

SAME = 1e-9  # relative
NOTHING = 1e-9  # times a burden: what is left of it when it is gone
GONE = 1e-6  # part of a worth that may be left of it then
LEAST_OF_TARGET = 1e-6  # part of what the best action removes of a target
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


def on_the_outcome(key: Key) -> bool:
    """Whether a target is on the outcome itself."""
    return f" for {key[1]} " in key[2]


def excused(violation: Violation) -> bool:
    """Whether there is a physical reason; what holds for an outcome holds for a target on it."""
    *key, change = violation
    action = violation[2].partition(" for ")[0]
    same = (BALANCE, violation[1], action, change)
    return violation in EXCEPTIONS or (on_the_outcome((key[0], key[1], key[2])) and same in EXCEPTIONS)


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
                # without one burden welfare keeps what others leave of it, and so does a target that another carries
                others = key[0] == WELFARE or (key[0] == TARGETS and not on_the_outcome(key))
                if violates(change, old, new) and not (change == NONE and others):
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
    largest: dict[str, float] = {}
    for (target, _action), value in before.removed.items():
        largest[target] = max(value, largest.get(target, 0.0))
    for (target, action), value in before.removed.items():
        if value > LEAST_OF_TARGET * largest[target]:  # less is what is left of the difference of large numbers
            yield (TARGETS, indicator, f"{action} for {target}"), value, after.removed.get((target, action), 0.0)


def test_worth_and_rank_follow_the_burden():
    """At fixed people and other facts, each lens apart; the rank where the budget pays for everything.

    All cities in one test, since an outcome whose burden moves no action in any of them has not been tried, and an
    exception that none of them needs is none.
    """
    surprises: dict[str, dict[Violation, float]] = {}
    counted: dict[str, int] = dict.fromkeys((headline.indicator for headline in outcomes()), 0)
    needed: set[Violation] = set()
    ranks: dict[str, tuple[str, ...]] = {}
    for name in CITIES:
        wrong, moved, ranks[name] = burdens(name)
        surprises[name] = {violation: ratio for violation, ratio in wrong.items() if not excused(violation)}
        needed |= set(wrong)
        for lens, outcome, _action in moved:
            counted[outcome] += lens == BALANCE
    assert not any(surprises.values()), surprises
    assert not any(ranks.values()), ranks
    assert {outcome for outcome, count in counted.items() if not count} == set(INTENSITIES)
    assert {headline.indicator for headline in outcomes() if not headline.burden} == set(INTENSITIES)
    assert set(EXCEPTIONS) - needed == set()


@pytest.mark.parametrize("name", CITIES)
def test_without_any_burden_nothing_spares_people_anything(name: str):
    """Welfare in money sums over outcomes: it goes to nothing where all their burdens do."""
    city, before = city_of(name), answer_of(name)
    for headline in before.found.headlines:
        part = max(NOTHING, LEAST_PART.get(headline.indicator, 0.0))
        city = with_burden(CityModel(city), headline, part) or city
    after = answer(CityModel(city))
    largest = max(before.welfare.values())
    assert largest > 0
    assert {action: value for action, value in after.welfare.items() if abs(value) > GONE * largest} == {}


DONE_TO = {"settlement_upgrading": "informal_settlement_population", "led_street_lights": "street_lamps"}


@pytest.mark.parametrize("name", ["porto-alegre", "told"])
@pytest.mark.parametrize("action", DONE_TO)
def test_an_action_is_worth_what_it_is_done_to(name: str, action: str):
    """In proportion, by every outcome that it moves: twenty people of settlements are not all who lack a sewer."""
    city, fact = city_of(name), DONE_TO[action]
    whole = value_of(CityModel(city), vocabulary()[fact].name_of(""))
    few, fewer = (answer(CityModel(told(city, {fact: whole * part}))) for part in (1e-3, 1e-4))
    moved = [outcome for outcome, other in few.worth if other == action and few.worth[outcome, action] > LEAST]
    assert moved
    assert [few.worth[outcome, action] for outcome in moved] == pytest.approx(
        [10 * fewer.worth[outcome, action] for outcome in moved], rel=1e-3
    )
    assert few.balanced[action] < 1e-2 * answer_of(name).balanced[action]


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
        known = dict.fromkeys(("waste_sorted", "waste_composted", "waste_digested", "waste_incinerated"), 0.0)
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
    "electric cars": ("ev_charging", ALL, share("electric_car_share"), (0.0, 0.2, 0.4, 0.6, 0.7), 1.0),
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
        *("controlled_disposal", "waste_uncontrolled_per_person", share("waste_controlled_share")),
        *(RISING, 1.0),
    ),
    "collection": (
        *("waste_collection", "waste_uncontrolled_per_person", share("waste_collection_coverage")),
        *((0.1, *RISING[1:]), 1.0),
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
    assert all(more > less * (1 + SAME) > 0 for more, less in pairwise(found)), found
    assert worth_of(tell(city, whole), action, outcome) == pytest.approx(0, abs=1e-12)


# 4 twice the city: the same answer, and twice the money


def without_staff(city: City) -> CityModel:
    """The model without the staff that every programme needs, whatever its size: all other costs scale with it."""
    name = role("staff of a programme")
    item = CityModel(city).inputs[name]
    return CityModel(city, {name: replace(item, central=0 * item.central, low=0 * item.low, high=0 * item.high)})


@pytest.mark.parametrize("name", CITIES)
def test_a_city_twice_as_large_gets_the_same_answer_and_twice_the_money(name: str):
    model = without_staff(city_of(name))
    before, after = answer(model), answer(without_staff(times_city(model, 2)))
    assert list(after.balanced) == list(before.balanced)
    assert after.found.headlines == before.found.headlines
    assert after.worth == pytest.approx(before.worth, rel=SAME, abs=1e-15)
    assert after.found.base == pytest.approx(before.found.base, rel=SAME)
    for twice, once in (
        (after.cost, before.cost),
        (after.welfare, before.welfare),
    ):
        assert twice == pytest.approx({name: 2 * value for name, value in once.items()}, rel=1e-8, abs=1e-3)
    assert after.found.benefit == pytest.approx(2 * before.found.benefit, rel=1e-8, abs=1e-3)
    assert after.found.climate_benefit == pytest.approx(2 * before.found.climate_benefit, rel=1e-8, abs=1e-3)
    budgets = [yearly_budget(found.found.model).amount for found in (before, after)]
    assert budgets[1] == pytest.approx(2 * budgets[0])
    losses = [
        scores(one.found, money, balance(one.found.headlines))
        for one, money in zip((before, after), budgets, strict=True)
    ]
    assert losses[1].loss == pytest.approx(losses[0].loss, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", CITIES)
def test_staff_is_the_only_cost_that_does_not_grow_with_the_city(name: str):
    with_staff, twice = answer_of(name), answer(CityModel(times_city(model_of(name), 2)))
    bare, bare_twice = answer(without_staff(city_of(name))), answer(without_staff(times_city(model_of(name), 2)))
    staff = {action: with_staff.cost[action] - bare.cost[action] for action in bare.cost}
    assert min(staff.values()) > 0
    assert max(staff.values()) == pytest.approx(min(staff.values()))
    assert {action: twice.cost[action] - bare_twice.cost[action] for action in bare.cost} == pytest.approx(staff)


def test_every_fact_is_told_to_grow_with_the_city_or_not():
    grows = {name for name, term in vocabulary().items() if is_extensive(term)}
    assert {"population", "gdp", "municipal_budget", "waste_landfilled", "urban_area", "road_deaths"} <= grows
    assert not {"household_size", "water_coverage", "flood_level", "household_income", "heat_days"} & grows


# 5 what moves nothing changes nothing


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[list[dict[str, str]]], list]], None]]:
    """Puts other rows in the place of those of headlines.csv, until the test ends."""
    kept = tables._rows
    caches = (tables.headlines, tables.outcomes, tables.shares_of_pathway)

    def clear() -> None:
        for cached in caches:
            cached.cache_clear()

    def change(rows: Callable[[list[dict[str, str]]], list]) -> None:
        monkeypatch.setattr(tables, "_rows", lambda name: rows(kept(name)) if name == "headlines.csv" else kept(name))
        clear()

    yield change
    monkeypatch.undo()
    clear()


IDLE_WEIGHT = 5.0


def idle_headline(columns: Iterable[str], weight: float) -> dict[str, str]:
    """A headline of the resilient pathway that no action moves: one person for each that lives in the city."""
    row = dict.fromkeys(columns, "")
    numbers = {"weight": str(weight), "scale": "1", "safe": "0", "median": "1", "worst": "2"}
    return row | numbers | {"indicator": "population", "pathway": "resilient", "direction": "lower", "per": "person"}


def places_of(found: Entry) -> dict[str, int]:
    return {item.action: item.rank for item in found.ranking}


def test_a_headline_of_no_weight_changes_nothing(table):
    before = entry(model_of("told"), START, draws=64)
    table(lambda rows: [idle_headline(rows[0], 0), *rows])
    assert entry(model_of("told"), START, draws=64).ranking == before.ranking


@pytest.mark.parametrize("name", ["porto-alegre", "told"])
def test_a_headline_that_moves_nothing_scales_its_pathway(table, name: str):
    """By the weight of the others over that of all: known beforehand; other pathways stay, and the order inside."""
    before = answer_of(name).found.by_pathway
    whole = sum(item.weight for item in outcomes() if item.pathway == "resilient")
    table(lambda rows: [*rows, idle_headline(rows[0], IDLE_WEIGHT)])
    after = answer(CityModel(city_of(name))).found.by_pathway
    factor = np.ones(len(PATHWAYS))
    factor[PATHWAYS.index("resilient")] = whole / (whole + IDLE_WEIGHT)
    assert after == pytest.approx(before * factor, rel=SAME, abs=1e-15)
    own = PATHWAYS.index("resilient")
    inside = [np.argsort(-item[:, 0, own].round(15), kind="stable") for item in (before, after)]
    assert np.array_equal(*inside)


IDLE = {
    "id": "posters",
    "number": "9001",
    "name": "Posters",
    "pathway": "equitable",
    "size_unit": "person",
    "potential": "base_population",
    "capital_cost": "participatory_budget_cost",
    "lifetime": "participatory_budget_lifetime",
    "lead_time": "participatory_budget_lead_time",
    "ramp_years": "3",
    "minimum_scale": "0.1",
    "implementer": "M",
}


def test_an_action_that_moves_no_outcome_changes_nothing(tmp_path: Path):
    """It is listed with its reason and has no rank."""
    effect = {"action": "posters", "lever": "participants", "mode": "add", "amount": "size * participation_gain"}
    folder = tmp_path / "actions"
    folder.mkdir()
    (folder / "actions.csv").write_text(table_text(ACTION_COLUMNS, [IDLE]), encoding="utf-8")
    (folder / "effects.csv").write_text(table_text(EFFECT_COLUMNS, [effect]), encoding="utf-8")
    before = entry(model_of("told"), START, draws=64)
    model = CityModel(replace(city_of("told"), path=tmp_path))
    assert "posters" in model.actions
    after = entry(model, START, draws=64)
    assert after.ranking == before.ranking
    assert "posters" not in places_of(after)
    assert "posters" in after.nothing_to_do or "posters" in after.not_judged


# 6 units, names, order of rows


OTHER_UNITS = {
    "t/yr": ("kg/yr", 1e3),
    "t CO2e/yr": ("kt CO2e/yr", 1e-3),
    "MWh/yr": ("GWh/yr", 1e-3),
    "TJ/yr": ("GJ/yr", 1e3),
    "person": ("hundred_thousand_people", 1e-5),
    "share": ("percent", 100.0),
    "km2": ("ha", 100.0),
    "m": ("mm", 1e3),
    "m3/yr": ("ML/yr", 1e-3),
}


def written(folder: Path, city: City, units: Mapping[str, tuple[str, float]]) -> City:
    """The city written to a folder, in these units, and read again."""

    def cell(value: float | None, factor: float) -> str:
        return "" if value is None else repr(value * factor)

    rows = []
    for fact in city.facts:
        unit, factor = units.get(fact.unit, (fact.unit, 1.0))
        numbers = {name: cell(getattr(fact, name), factor) for name in ("value", "low", "high")}
        numbers |= {"value": fact.notation} if fact.notation else {}
        rows.append({name: getattr(fact, name) for name in FACT_COLUMNS} | numbers | {"unit": unit})
    place = find_place("Mendoza, Argentina")
    folder.mkdir()
    (folder / "city.toml").write_text(settings_text(place, default_facts(place)), encoding="utf-8")
    (folder / "facts.csv").write_text(table_text(FACT_COLUMNS, rows), encoding="utf-8")
    return read_city(folder)


def test_units_change_nothing(tmp_path: Path):
    plain = answer(CityModel(written(tmp_path / "plain", city_of("told"), {})))
    other = written(tmp_path / "other", city_of("told"), OTHER_UNITS)
    assert {fact.given_unit for fact in other.facts} >= {"kg/yr", "GWh/yr", "percent", "hundred_thousand_people", "mm"}
    found = answer(CityModel(other))
    assert found.worth == pytest.approx(plain.worth, rel=SAME, abs=1e-15)
    assert found.welfare == pytest.approx(plain.welfare, rel=SAME, abs=1e-6)
    assert found.removed == pytest.approx(plain.removed, rel=SAME, abs=1e-12)
    assert found.cost == pytest.approx(plain.cost, rel=SAME)


def alike(one: Entry, other: Entry) -> None:
    """The same ranking, shares and numbers but for the last digits of sums."""
    assert places_of(one) == places_of(other)
    for name in ("worth", "worth_low", "worth_high", "loss", "first", "first_three", "first_five", "public_cost"):
        assert [getattr(item, name) for item in one.ranking] == pytest.approx(
            [getattr(item, name) for item in other.ranking], rel=1e-7, abs=1e-12
        ), name
    assert (one.verdict, one.leaders, set(one.dark)) == (other.verdict, other.leaders, set(other.dark))


def test_names_and_the_order_of_facts_change_nothing():
    city = city_of("told")
    before = entry(CityModel(city), START, draws=64)
    named = replace(city, id="another", name="Another")
    turned = replace(city, facts=city.facts[::-1])
    assert entry(CityModel(named), START, draws=64).ranking == before.ranking
    alike(entry(CityModel(turned), START, draws=64), before)


def test_the_order_of_headlines_changes_nothing(table):
    before = entry(model_of("told"), START, draws=64)
    table(lambda rows: rows[::-1])
    alike(entry(CityModel(city_of("told")), START, draws=64), before)


def test_the_order_of_actions_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    before = entry(model_of("told"), START, draws=64)
    turned = tuple(replace(action, effects=action.effects[::-1]) for action in library.library()[::-1])
    monkeypatch.setattr(library, "library", lambda: turned)
    model = CityModel(city_of("told"))
    assert next(iter(model.actions)) == turned[0].id
    alike(entry(model, START, draws=64), before)


# 7 cities that were handed over


FAULTS = SHARED / "faults"
handed = pytest.mark.skipif(not FAULTS.is_dir(), reason="the shared faults are not here")
RICH = 1e12  # USD a year: pays for everything


def rows_of(fault: str) -> list[str]:
    """The lines of rows.csv of a fault, without the header."""
    return (FAULTS / fault / "rows.csv").read_text(encoding="utf-8").splitlines()[1:]


def with_line(folder: Path, line: str, base: Path = FAULTS / "base" / "mendoza") -> Path:
    """A copy of a city in which a line takes the place of that of the same fact, or is appended."""
    shutil.copytree(base, folder)
    path = folder / "facts.csv"
    lines = path.read_text(encoding="utf-8").rstrip("\n").splitlines()
    name = line.partition(",")[0]
    kept = [item for item in lines if not item.startswith(f"{name},,")]
    path.write_text("\n".join([*kept, line]) + "\n", encoding="utf-8")
    return folder


def by_command(folder: Path, *options: str) -> dict[str, dict]:
    """The rows of the ranking that `caminos entry CITY --json` prints, all of them by action."""
    command = [sys.executable, "-m", "caminos", "entry", str(folder), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    page = json.loads(done.stdout)
    return {row["id"]: row["cells"] for part in page["parts"] if part["id"] == "ranking" for row in part["rows"]}


@handed
def test_the_handed_case_of_the_size_of_settlements(tmp_path: Path):
    """20 to 60,000 of 114,893 people: worth near in proportion, the rank never worse, not of the first ten with 20."""
    lines = rows_of("settlement-size")
    people = [float(line.split(",")[5]) for line in lines]
    assert people == [20, 300, 3_000, 30_000, 60_000]
    found = []
    for line, number in zip(lines, people, strict=True):
        folder = with_line(tmp_path / f"{number:.0f}", line)
        answered = entry(CityModel(read_city(folder)), START, budget=RICH, draws=0)
        found.append(next(item for item in answered.ranking if item.action == "settlement_upgrading"))
    worth = [item.worth for item in found]
    assert worth == sorted(worth)
    ranks = [item.rank for item in found]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > 10
    assert worth[-1] / worth[0] == pytest.approx(60_000 / 20, rel=0.25)
    printed = by_command(tmp_path / "60000", "--budget", str(RICH), "--draws", "0")["settlement_upgrading"]
    assert printed["rank"]["value"] == ranks[-1]
    assert printed["worth"]["value"] == pytest.approx(worth[-1])
    nobody = with_line(tmp_path / "0", lines[0].replace(",20,", ",0,"))
    answered = entry(CityModel(read_city(nobody)), START, budget=RICH, draws=0)
    assert "settlement_upgrading" in answered.nothing_to_do
    assert "settlement_upgrading" not in places_of(answered)


@handed
def test_the_handed_case_of_the_coverage_of_warnings(tmp_path: Path):
    """In Porto Alegre worth falls as 95, 70, 40, 5 % are left to warn; in Mendoza it cannot be judged."""
    lines = rows_of("warning-coverage")
    covered = [float(line.split(",")[5]) / 100 for line in lines]
    assert covered == [0.05, 0.3, 0.6, 0.95]
    found = []
    for line, share in zip(lines, covered, strict=True):
        folder = with_line(tmp_path / f"poa-{share}", line, ROOT / "cities" / "porto-alegre")
        answered = entry(CityModel(read_city(folder)), START, draws=0)
        found.append(next(item for item in answered.ranking if item.action == "early_warning"))
        mendoza = entry(CityModel(read_city(with_line(tmp_path / f"mendoza-{share}", line))), START, draws=0)
        assert "early_warning" not in places_of(mendoza)
        assert set(mendoza.not_judged["early_warning"]) >= {"base_flooded_dwellings", "base_flood_level"}
    worth = [item.worth for item in found]
    assert worth == sorted(set(worth), reverse=True)
    assert worth == pytest.approx([worth[0] * (1 - share) / (1 - covered[0]) for share in covered], rel=0.02)
    assert found[-1].rank > 5
    everybody = with_line(tmp_path / "poa-1", lines[0].replace(",5,", ",100,"), ROOT / "cities" / "porto-alegre")
    assert "early_warning" in entry(CityModel(read_city(everybody)), START, draws=0).nothing_to_do


# 8 draws


@cache
def drawn_entry(name: str, weights: tuple[float, ...] | None = None) -> Entry:
    return entry(CityModel(city_of(name)), START, weights=weights, draws=128)


@pytest.mark.parametrize("name", ["porto-alegre", "told"])
def test_shares_of_the_draws_are_shares(name: str):
    ranking = drawn_entry(name).ranking
    for item in ranking:
        assert 0 <= item.first <= item.first_three <= item.first_five <= 1
    assert sum(item.first for item in ranking) == pytest.approx(1)
    assert sum(item.first_three for item in ranking) == pytest.approx(3)
    assert sum(item.first_five for item in ranking) == pytest.approx(5)


@pytest.mark.parametrize("name", ["porto-alegre", "told"])
def test_without_draws_nothing_is_said_of_how_sure_it_is(name: str):
    model = CityModel(city_of(name))
    found = entry(model, START, draws=0)
    assert not found.robust
    lines = " ".join(line.text for line in verdict(model, found).lines)
    assert "draws" in lines
    assert "leads in" not in lines
    assert "robust" not in lines


def test_the_same_question_has_the_same_answer():
    again = entry(CityModel(city_of("told")), START, draws=128)
    assert again.ranking == drawn_entry("told").ranking
    assert again.find_out == drawn_entry("told").find_out


def test_given_weights_fix_the_pathways_and_open_ones_are_even_on_the_simplex():
    """Headlines are drawn around their weights either way, so that the sum of a pathway is what was given."""
    draws = 512
    given = weight_draws(outcomes(), (1, 2, 3, 4, 0), draws)
    drawn = weight_draws(outcomes(), None, draws)
    for place, pathway in enumerate(PATHWAYS):
        own = [row for row, item in enumerate(outcomes()) if item.pathway == pathway]
        assert given[own].sum(axis=0) == pytest.approx((place + 1) % 5 / 10)
        assert drawn[own].sum(axis=0).mean() == pytest.approx(0.2, abs=0.02)
        assert np.ptp(given[own], axis=1).max() > 0 or place == 4
    assert drawn.sum(axis=0) == pytest.approx(1)


def test_weight_on_one_pathway_ranks_by_it_alone():
    alone = drawn_entry("told", (0, 0, 1, 0, 0))
    assert all(item.worth == pytest.approx(item.by_pathway["circular"]) for item in alone.ranking)
