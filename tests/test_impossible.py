"""No impossible number: an error that names the facts, and none over made cities of all continents."""

from __future__ import annotations

import pickle
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caminos.city.new import made_city
from caminos.city.package import City
from caminos.city.places import all_places, find_place
from caminos.city.rules import agreements
from caminos.model.indicator import Indicator
from caminos.model.possible import ImpossibleError, check, first_impossible, nearest_facts
from caminos.model.values import NotEstimated, values_of
from caminos.planning.city_model import BASELINE, Case, Cities, CityModel, Measure
from caminos.planning.many import run_many
from caminos.problems import ERROR

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from benchmarks import impossible

CONTINENTS = ("Africa", "Americas", "Asia", "Europe", "Oceania")


def node(unit: str, signed: bool = False) -> Indicator:
    return Indicator("thing", unit, function=lambda: None, arguments=(), signed=signed)


def cells(*values: float) -> np.ndarray:
    return np.array(values, dtype=float).reshape(1, 1, -1, 1, 1, 1)


@pytest.mark.parametrize(
    ("unit", "signed", "values", "wrong"),
    [
        ("t/yr", False, (1, 0, 2), None),
        ("t/yr", False, (1, -0.5, 2), 1),
        ("t/yr", True, (1, -0.5, 2), None),
        ("t/yr", False, (1e9, -1e-3, 0), None),  # the rounding of a sum
        ("person", False, (float("nan"), float("nan"), -1), 2),
        ("share", False, (0, 1, 0.5), None),
        ("share", False, (0, 1.01, 0.5), 1),
        ("share", False, (0, 0.5, -0.01), 2),
        ("ratio", False, (0, 7, float("inf")), None),
    ],
)
def test_what_a_number_can_be(unit, signed, values, wrong) -> None:
    place = first_impossible(node(unit, signed), cells(*values))
    assert (place if place is None else place[2]) == wrong


def test_an_impossible_number_names_the_node_the_year_and_the_facts(porto_alegre) -> None:
    years = porto_alegre.years
    values = np.ones((1, 1, len(years), 1, 1, 1))
    values[0, 0, 4] = -3
    with pytest.raises(ImpossibleError) as caught:
        check(porto_alegre.graph, "waste_landfilled", values, years)
    text = str(caught.value)
    for part in ("Waste landfilled", str(years[4]), "-3", "waste_landfilled", "waste_composition"):
        assert part in text
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.node, again.row, again.year) == (text, "waste_landfilled", 0, years[4])
    assert "waste_composted" in nearest_facts(porto_alegre.graph, "base_organics_collected_share")


def test_a_run_raises_it_and_many_cities_go_on_without_the_one() -> None:
    places = [find_place(name) for name in ("Rosario, Argentina", "Nairobi, Kenya", "Lyon, France")]
    fine = [made_city(place) for place in places]
    facts = tuple(
        replace(fact, value=-50.0, low=None, high=None) if fact.name == "road_deaths" else fact
        for fact in fine[1].facts
    )
    wrong = replace(fine[1], facts=facts)
    with pytest.raises(ImpossibleError, match="road_deaths"):
        CityModel(wrong).run(["road_deaths"])
    for draws in (0, 10):
        found = run_many([fine[0], wrong, fine[2]], ["road_deaths"], draws=draws, processes=1)
        assert list(found.unread) == [wrong.id]
        assert isinstance(found.unread[wrong.id], ImpossibleError)
        assert [city for part in found.parts for city in part.cities] == [fine[0].id, fine[2].id]


def test_made_cities_of_all_continents_have_no_impossible_number() -> None:
    draw = random.Random(7)
    from caminos.city.places import countries

    places = all_places()
    chosen = [
        place
        for continent in CONTINENTS
        for place in draw.sample([p for p in places if continent in countries()[p.country].region], 3)
    ]
    cities = Cities([made_city(place) for place in chosen])
    assert impossible.impossible(cities, impossible.cases(2), 0) == {}
    assert impossible.impossible(cities, impossible.cases(1)[::3], 8) == {}


def test_nobody_spends_more_on_energy_than_there_is() -> None:
    """In the poorest countries the fuel that is assumed costs more than a household of the poorest fifth has."""
    poor = [place for place in all_places() if place.country in ("BDI", "COD")][:6]
    for draws in (0, 24):
        for part in Cities([made_city(place) for place in poor]).run(["energy_burden"], draws=draws):
            values = values_of(part.results["energy_burden"])
            assert np.nanmax(values) <= 1
            assert np.nanmin(values) > 0


# facts that cannot all be true


def with_values(city: City, **values: float) -> City:
    """The city with some of its facts set."""
    facts = tuple(
        replace(fact, value=values[fact.name], low=None, high=None, notation="") if fact.name in values else fact
        for fact in city.facts
    )
    return replace(city, facts=facts)


@pytest.fixture(scope="module")
def utrecht() -> City:
    return made_city(find_place("Utrecht, Netherlands"))


@pytest.mark.parametrize(
    ("fact", "other", "agreement", "lost", "kept"),
    [
        ("waste_composted", "waste_composition", "agreement_of_waste_composted_and_waste_composition",
         ("waste_composted", "waste_landfilled", "landfill_methane"), ("waste_generated", "waste_recycled")),
        ("waste_sorted", "waste_composition", "agreement_of_waste_sorted_and_waste_composition",
         ("waste_recycled", "waste_landfilled"), ("waste_generated", "waste_composted")),
    ],
)  # fmt: skip
def test_more_recovered_than_there_is_is_a_conflict_of_two_facts(utrecht, fact, other, agreement, lost, kept) -> None:
    assert agreements(utrecht) == []
    wrong = with_values(utrecht, **{fact: 3 * utrecht.value(fact)})
    (problem,) = agreements(wrong)
    assert problem.severity == ERROR
    assert fact in problem.message
    assert other in problem.message
    for draws in (0, 4):
        found = CityModel(wrong).run([*lost, *kept], draws=draws)
        for name in lost:
            assert found[name] == NotEstimated((agreement,)), name
        for name in kept:
            assert (found[name] > 0).all()
    # among many cities only that one is not estimated, and a plan does not bring it back
    both = Cities([utrecht, replace(wrong, id="wrong")]).run(lost, [BASELINE, Case("x", [Measure("recycling", 2026)])])
    for part in both:
        for name in lost:
            for case in (0, 1):
                assert not isinstance(part.of(0, case, name), NotEstimated)
                assert agreement in part.of(1, case, name).missing


@pytest.mark.parametrize(("times", "agrees"), [(0.9, False), (1.0, True), (1.04, True), (1.1, False)])
def test_the_fate_of_nearly_all_that_is_collected_must_be_known(utrecht, times, agrees) -> None:
    """Under 95 % of the tonnes that a city collects the fates say too little, and beyond them too much."""
    tonnes = sum(
        utrecht.value(name)
        for name in ("waste_landfilled", "waste_sorted", "waste_composted", "waste_digested", "waste_incinerated",
                     "waste_otherwise_treated")
    )  # fmt: skip
    some = next(fact for fact in utrecht.facts if fact.name == "waste_landfilled")
    total = replace(some, name="waste_collected", value=tonnes / times, low=None, high=None)
    city = replace(utrecht, facts=(*utrecht.facts, total))
    assert (agreements(city) == []) == agrees
    found = CityModel(city).run(["waste_per_person", "landfill_emissions", "emissions_per_person"])
    for name, result in found.items():
        assert isinstance(result, NotEstimated) != agrees, name
        if not agrees:
            assert "agreement_of_waste_fates_and_waste_collected" in result.missing


def test_incineration_that_is_not_told_is_asked_for_where_it_is_common(utrecht) -> None:
    def without(city: City) -> CityModel:
        return CityModel(replace(city, facts=tuple(f for f in city.facts if f.name != "waste_incinerated")))

    missing = without(utrecht).run(["waste_per_person"])["waste_per_person"]
    assert missing == NotEstimated(("base_waste_incinerated",))
    rosario = made_city(find_place("Rosario, Argentina"))
    assert (without(rosario).run(["waste_per_person"])["waste_per_person"] > 300).all()


@pytest.mark.parametrize("share", [0.93, 0.97, 1.0])
def test_a_city_that_is_nearly_all_nature_restores_no_more_than_there_is(porto_alegre, share) -> None:
    """Municipalities in rain forest: what actions restore ends where all land is natural, in every draw."""
    model = CityModel(with_values(porto_alegre.city, natural_area_share=share))
    cases = [BASELINE, Case("all", [Measure(action.id, 2026) for action in model.available])]
    for draws in (0, 100):
        found = values_of(model.run(["natural_area"], cases, draws=draws)["natural_area"])
        assert found.max() <= 1
        assert (found[1] >= found[0]).all()
        assert found[1].max() == 1 or (share < 0.97 and not draws)
