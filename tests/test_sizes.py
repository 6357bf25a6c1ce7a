"""What an action does follows from what its size buys, and its size from what is left of the problem."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import pytest

from caminos.actions.library import lever_nodes, levers, library
from caminos.city.facts import known_fact
from caminos.city.new import made_city
from caminos.city.package import City
from caminos.city.places import find_place
from caminos.model import expression
from caminos.model.values import NotEstimated
from caminos.pathways.tables import headlines
from caminos.planning.assessment import action_spending, assess, single_cases
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.entry import entry
from caminos.planning.unmoved import why_unmoved

WHOLE_CITY = "rule for the whole city:"
START = 2026
LEVERS = {lever.name: lever for lever in levers()}
FLOODS = {  # a made city's own facts of floods: 5,000 homes at a gauge with known levels
    "flooded_population": (15_000, "person"),
    "flooded_dwellings": (5_000, "household"),
    "flood_threshold": (2.0, "m"),
    "flood_level_recorded": (4.0, "m"),
    "flood_protection_level": (2.5, "m"),
    "flood_recorded_depth": (1.0, "m"),
    "dwelling_area": (60, "m2/household"),
}
LEVELS = {"rp2": 1.8, "rp5": 2.3, "rp10": 2.8, "rp25": 3.3, "rp50": 3.7, "rp100": 4.0, "rp200": 4.3, "rp500": 4.7}


def with_facts(city: City, given: Mapping[str, tuple[float, str]]) -> City:
    """The city with these values in place of what it had."""
    rows = [
        known_fact(
            dict.fromkeys(("zone", "group", "kind", "low", "high", "retrieved", "licence", "note"), "")
            | {"name": name, "year": 2022, "value": value, "unit": unit, "source": "own count", "quality": "A"},
            1000 + line,
        )
        for line, (name, (value, unit)) in enumerate(given.items())
    ]
    kept = tuple(fact for fact in city.facts if fact.name not in given)
    return replace(city, facts=kept + tuple(rows))


@cache
def made(place: str) -> City:
    return made_city(find_place(place))


def model_of(city: City, **given: tuple[float, str]) -> CityModel:
    return CityModel(with_facts(city, given))


def moved(model: CityModel, action: str, sizes: float | None = None) -> dict[str, np.ndarray]:
    """By how much an action at full scale moves its levers by 2050; with a factor on its size, given by hand."""
    chosen = model.actions[action]
    names = list(dict.fromkeys(effect.lever for effect in chosen.effects))
    cases = [BASELINE, Case(action, (Measure(action, int(model.years[0])),))]
    evaluation = model.evaluation(cases)
    if sizes is not None:
        evaluation.set(chosen.size, np.asarray(evaluation.get(chosen.size)) * sizes)
    found = {name: evaluation.get(name) for name in names}
    return {
        name: (value[-1] - value[0])[0, -1]
        for name, value in found.items()
        if not isinstance(value, NotEstimated)  # of a lever of which nothing is known nothing is moved
    }


# the table


def test_every_effect_holds_the_size_or_is_a_rule_for_the_whole_city():
    text = files("caminos.actions").joinpath("effects.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    whole = {action.id for action in library() if action.minimum_scale == 1}
    for row in rows:
        if "size" in expression.names(row["amount"]):
            assert not row["note"].startswith(WHOLE_CITY), row
            continue
        assert row["note"].startswith(WHOLE_CITY), row
        assert len(row["note"]) > len(WHOLE_CITY) + 5, row
        assert row["action"] in whole, (row, "a rule is taken as a whole or not at all")


# the numbers


@pytest.mark.parametrize("action", [action.id for action in library()])
def test_levers_follow_the_size(porto_alegre, action):
    """Half the size moves half, a tenth a tenth; nothing moves nothing; more moves more, or the lever is at its end."""
    full = moved(porto_alegre, action)
    rules = {
        effect.lever for effect in porto_alegre.actions[action].effects if "size" not in expression.names(effect.amount)
    }
    for name, change in moved(porto_alegre, action, 0.0).items():
        assert not change.any(), name
    for part in (0.5, 0.1):
        for name, change in moved(porto_alegre, action, part).items():
            if name in rules:
                continue
            at_end = name == "water_coverage"  # 99 % have it: the whole size is more than the rest needs
            assert at_end or change == pytest.approx(part * full[name], rel=1e-9), name
            assert (np.abs(change) <= np.abs(full[name]) + 1e-12).all()
    for name, change in moved(porto_alegre, action, 1e9).items():
        assert np.isfinite(change).all(), name
        assert (np.abs(change) >= np.abs(full[name]) - 1e-12).all(), name


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    ("action", "fact", "lever", "part"),
    [
        ("early_warning", "warning_coverage", "warning_coverage", "warning_reach"),
        ("heat_action_plan", "heat_plan_coverage", "heat_plan_coverage", "heat_plan_reach"),
    ],
)
def test_what_is_left_to_reach_is_what_is_bought(action, fact, lever, part, share):
    """A fixed part of the people not yet reached: 1 - coverage; their number is the size, and costs follow it."""
    model = model_of(made("Mendoza, Argentina"), **{fact: (share, "share")})
    reach = float(model.inputs[part].central.item())
    assert moved(model, action)[lever].item() == pytest.approx((1 - share) * reach)
    people = model.city.value("population")
    assert model.sizes()[action].item() == pytest.approx((1 - share) * people)


def test_upgrading_follows_the_people_who_live_in_settlements():
    """20, 300, 3,000, 30,000 of 114,893 people: sewers, water and safe ground in proportion to them, not to the city."""
    city = made("Mendoza, Argentina")
    each = {}
    for people in (20, 300, 3_000, 30_000):
        model = model_of(city, informal_settlement_population=(people, "person"))
        change = moved(model, "settlement_upgrading")
        each[people] = {
            name: change[name].item() / people for name in change if name != "informal_people_upgraded_share"
        }
        covered = float(model.run(["base_sewer_coverage"])["base_sewer_coverage"].item())
        upgraded = float(model.inputs["upgradable_settlement_share"].central.item())
        odds = float(model.inputs["settlement_without_sewer_odds"].central.item()) * (1 - covered) / covered
        without = odds / (1 + odds)
        population = city.value("population")
        assert change["sewer_coverage"].item() == pytest.approx(people * upgraded * without / population)
    assert "sewer_coverage" in each[20]
    for people in (300, 3_000, 30_000):
        for name, per_person in each[people].items():
            if name != "water_coverage":  # nearly all have water: the rest is soon served
                assert per_person == pytest.approx(each[20][name]), name


def test_no_more_are_connected_than_lack_a_sewer():
    model = model_of(
        made("Mendoza, Argentina"),
        informal_settlement_population=(110_000, "person"),
        sewer_coverage=(0.97, "share"),
    )
    last = model.run(["sewer_coverage"], [Case("", (Measure("settlement_upgrading", 2023),))])["sewer_coverage"]
    assert last.max() == 1


EXHAUSTED = [
    ("settlement_upgrading", "informal_settlement_population", 0, "person"),
    ("early_warning", "warning_coverage", 1, "share"),
    ("heat_action_plan", "heat_plan_coverage", 1, "share"),
    ("slow_streets", "local_slow_street_share", 1, "share"),
    ("cycle_network", "cycle_network_length", 90_000, "km"),
    ("landfill_gas", "landfill_gas_collected_share", 0.95, "share"),
    ("water_loss_control", "water_loss_share", 0, "share"),
    ("infrastructure_hardening", "outage_hours", 0, "h/yr"),
]


@pytest.mark.parametrize(("action", "fact", "value", "unit"), EXHAUSTED)
def test_where_nothing_is_left_it_is_said_and_never_ranked(action, fact, value, unit):
    """A remedy already in place, or a problem that is not there: no effect, no cost, no rank, no NaN."""
    model = model_of(made("Mendoza, Argentina"), **{fact: (value, unit)})
    assert action in model.nothing_to_do
    assert action not in model.unavailable
    assert action not in {item.id for item in model.available}
    assert model.nothing_to_do[action].startswith("nothing to do here")
    for name, change in moved(model, action).items():
        assert not change.any(), name
    if not model.sizes()[action].any():
        assert not action_spending(model, Measure(action, START)).any()
    case = Case(action, (Measure(action, START),))
    scored = assess(model, [case], START)
    assert not scored.worth.any()
    assert np.isfinite(scored.cost).all()


def test_the_entry_point_lists_what_is_needless_with_its_reason():
    model = model_of(made("Mendoza, Argentina"), informal_settlement_population=(0, "person"))
    found = entry(model, START)
    assert "settlement_upgrading" not in {ranked.action for ranked in found.ranking}
    assert "nothing to do here" in found.nothing_to_do["settlement_upgrading"]
    assert "0" in found.nothing_to_do["settlement_upgrading"]
    assert all(np.isfinite((ranked.worth, ranked.cost, ranked.loss)).all() for ranked in found.ranking)


def test_programmes_of_some_size_still_need_their_staff(porto_alegre):
    for case in single_cases(porto_alegre, START):
        assert action_spending(porto_alegre, case.measures[0])[0, -1] > 0


@pytest.mark.parametrize("fact", ["flooded_dwellings", "flooded_population", "informal_settlement_population"])
def test_a_share_of_nothing_is_nothing_and_not_nan(porto_alegre, fact):
    """0/0 in an effect (homes treated over homes flooded) leaves every lever a number, with all actions together."""
    unit = "household" if fact == "flooded_dwellings" else "person"
    model = model_of(porto_alegre.city, **{fact: (0, unit)})
    everything = Case("all", tuple(Measure(action, START) for action in model.actions))
    names = [name for name in LEVERS if name in model.graph.nodes]
    for name, value in model.run(names, [BASELINE, everything]).items():
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), name


def test_an_amount_without_end_stays_within_its_lever():
    """Roofs over no sealed ground: what is divided by nothing goes to the end of the lever, and begins at its start."""
    node = next(item for item in lever_nodes(library()) if item.name == "impervious_drained_share")
    adoption = np.array([0.0, 0.5, 1.0]).reshape(1, 1, 3, 1, 1, 1)
    given = {name: np.ones((1,) * 6) for name in node.arguments} | {"base_impervious_share": np.zeros((1,) * 6)}
    given |= {name: np.zeros((1,) * 6) for name in node.arguments if name.startswith("adoption_of_")}
    with np.errstate(divide="ignore"):
        result = node.function(**given | {"adoption_of_green_roofs": adoption})
    assert result.ravel().tolist() == [0, 1, 1]


# what cannot be judged


def test_what_keeps_an_action_from_its_headlines_is_named():
    """Nothing is known of the floods of a made city: warning moves no loss, and these are the facts that would tell."""
    model = CityModel(made("Mendoza, Argentina"))
    outcomes = ["expected_annual_flood_damage", "expected_annual_flooded_people", "road_deaths"]
    missing = why_unmoved(model, model.actions["early_warning"], outcomes)
    assert {"base_flooded_dwellings", "base_flood_level", "pluvial_risk_household_share"} <= set(missing)
    assert "base_flooded_population" not in missing, "warnings keep nobody dry"
    assert why_unmoved(model, model.actions["slow_streets"], outcomes) == ()
    assert why_unmoved(model, model.actions["early_warning"], ["road_deaths"]) == ()


def test_a_step_that_is_left_out_of_an_estimated_headline_is_named_too():
    """Deaths are estimated without those by diarrhoea; sewers would move them if anybody had counted them."""
    model = CityModel(made("Mendoza, Argentina"))
    assert isinstance(model.run(["other_avoidable_deaths"])["other_avoidable_deaths"], np.ndarray)
    missing = why_unmoved(model, model.actions["settlement_upgrading"], ["other_avoidable_deaths"])
    assert "base_diarrhoea_deaths" in missing


def test_where_all_is_known_nothing_is_missing(porto_alegre):
    names = [headline.indicator for headline in headlines()]
    assert why_unmoved(porto_alegre, porto_alegre.actions["early_warning"], names) == ()


# a remedy in place, and a made city with facts of its own


@pytest.mark.parametrize("own", [False, True])
def test_loss_avoided_falls_strictly_with_the_people_already_warned(porto_alegre, own):
    """95, 70, 40, 5 % are left to warn: what warnings save is in proportion, and nothing at 100 %."""
    city = with_facts(made("Mendoza, Argentina"), FLOODS) if own else porto_alegre.city
    if own:
        city = with_levels(city)
    saved = []
    for share in (0.05, 0.3, 0.6, 0.95, 1.0):
        model = model_of(city, warning_coverage=(share, "share"))
        cases = [BASELINE, Case("", (Measure("early_warning", START),))]
        damage = model.run(["expected_annual_flood_damage"], cases)["expected_annual_flood_damage"]
        saved.append((damage[0] - damage[-1])[0, -1].item())
    assert saved[0] > saved[1] > saved[2] > saved[3] > saved[4] == 0
    assert saved[0] / saved[3] == pytest.approx(19)


def with_levels(city: City) -> City:
    """The city with flood levels by return period."""
    rows = [
        known_fact(
            dict.fromkeys(("zone", "group", "low", "high", "retrieved", "licence", "note"), "")
            | {"name": "flood_level", "kind": kind, "year": 2022, "value": value, "unit": "m"}
            | {"source": "own gauge", "quality": "A"},
            2000 + line,
        )
        for line, (kind, value) in enumerate(LEVELS.items())
    ]
    return replace(city, facts=city.facts + tuple(rows))


# numbers that the audit mended


def test_a_retrofit_saves_on_heat_and_cold_alone(porto_alegre):
    """By hand: .4 of the poorest homes x .25 x (.18 + .12) = 3 % of their bills; a European home saves .25 x .785."""
    cases = [BASELINE, Case("", (Measure("low_income_retrofit", START),))]
    burden = porto_alegre.run(["energy_burden"], cases)["energy_burden"][:, 0, -1, 0, 0, 0]
    assert burden[1] / burden[0] - 1 == pytest.approx(-0.4 * 0.25 * 0.3, abs=1e-4)
    assert -0.04 < burden[1] / burden[0] - 1 < -0.02
    shares = {}
    for place in ("Oslo, Norway", "Mendoza, Argentina", "Dhaka, Bangladesh"):
        inputs = CityModel(made(place)).inputs
        shares[place] = sum(
            float(inputs[name].central.item()) for name in ("home_heating_energy_share", "home_cooling_energy_share")
        )
    assert shares["Oslo, Norway"] == pytest.approx(0.785)
    assert shares["Oslo, Norway"] > shares["Mendoza, Argentina"] > shares["Dhaka, Bangladesh"]


def test_slow_streets_save_a_tenth_of_a_city_s_road_deaths(porto_alegre):
    """-37 % on local streets, which have 25 to 35 % of the deaths: -9 to -13 % of the city's."""
    cases = [BASELINE, Case("", (Measure("slow_streets", START),))]
    deaths = porto_alegre.run(["road_deaths"], cases)["road_deaths"][:, 0, -1].ravel()
    assert -0.15 < deaths[1] / deaths[0] - 1 < -0.09
    half = model_of(porto_alegre.city, local_slow_street_share=(0.525, "share"))
    fewer = half.run(["road_deaths"], cases)["road_deaths"][:, 0, -1].ravel()
    ratio = (fewer[1] / fewer[0] - 1) / (deaths[1] / deaths[0] - 1)
    assert ratio == pytest.approx((1 - 0.525) / (1 - 0.05), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "share"),
    [("Mogadishu, Somalia", 0.1), ("Manaus, Brazil", 0.1), ("Houston, United States", 0.8), ("Oslo, Norway", 0.8)],
)
def test_heat_pumps_replace_no_cooking_where_nobody_heats(name, share):
    """In the tropics the fuel of homes is for cooking: three homes in ten with a heat pump save little of it."""
    model = CityModel(made_city(find_place(name)))
    cases = [BASELINE, Case("heat_pumps", (Measure("heat_pumps", 2026),))]
    replaced = model.run(["heat_pump_share"], cases)["heat_pump_share"]
    assert replaced[1].max() == pytest.approx(0.3 * share)
