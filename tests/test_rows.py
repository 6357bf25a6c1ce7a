"""Many cities at once: a stack of cities equals the single runs, reasons included."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from caminos.city.new import new_city
from caminos.city.package import City, read_city
from caminos.city.vocabulary import parameter_terms, vocabulary
from caminos.model import runs
from caminos.model.axes import QUINTILES, known_sum
from caminos.model.graph import build
from caminos.model.indicator import Indicator, Source, from_function, indicator
from caminos.model.possible import ImpossibleError
from caminos.model.runs import Moves, Rows, Run, _joined_draws
from caminos.model.values import Column, Inputs, NotEstimated, Partly, result_of
from caminos.pathways.tables import headlines
from caminos.planning.city_model import BASELINE, Case, Cities, CityModel, Measure
from caminos.planning.many import low_median_high

PLACES = (
    "Mendoza, Argentina",
    "Utrecht, Netherlands",
    "Nairobi, Kenya",
    "Porto Velho, Brazil",
    "Houston, USA",
    "Hanoi, Vietnam",
)
HEADLINES = [headline.indicator for headline in headlines()]
CASES = (
    BASELINE,
    Case("trees", (Measure("street_trees", 2026),)),
    Case(
        "two", (Measure("landfill_gas", 2028, 0.5), Measure("led_street_lights", 2026), Measure("early_warning", 2027))
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> list[City]:
    """Six made cities on five continents, every second of which lacks another fact, and one that overrides a parameter."""
    folder = tmp_path_factory.mktemp("made")
    cities = [read_city(new_city(text, folder / str(place))) for place, text in enumerate(PLACES)]
    lacking = ("waste_landfilled", "gdp", "population_growth")
    for place, name in zip(range(0, len(cities), 2), lacking, strict=True):
        facts = tuple(fact for fact in cities[place].facts if fact.name != name)
        cities[place] = replace(cities[place], facts=facts)
    own = replace(cities[1].facts[0], name="canopy_cover", kind="", value=0.31, low=0.28, high=0.35, unit="share")
    parameter = replace(own, name="canopy_cooling", value=2.0, low=1.0, high=3.0, unit="delta_degC")
    cities[1] = replace(cities[1], facts=(*cities[1].facts, own, parameter))
    return cities


def single(city: City, names: list[str], draws: int) -> dict:
    return CityModel(city).answers(names, CASES, draws=draws)


def same(one, other) -> bool:
    if isinstance(one, NotEstimated) or isinstance(other, NotEstimated):
        return type(one) is type(other) and one == other
    return bool(np.allclose(*np.broadcast_arrays(one, other), rtol=1e-12, atol=0, equal_nan=True))


@pytest.mark.parametrize("draws", [0, 40])
def test_stacked_equals_single(made, draws):
    """Every indicator of every city under every case, numbers and reasons, central and drawn."""
    graph = CityModel(made[0]).stack.graph
    names = [name for name, node in graph.nodes.items() if isinstance(node, Indicator)] if not draws else HEADLINES
    parts = Cities(made).run(names, CASES, draws=draws)
    missing = numbers = 0
    for part in parts:
        for place, id in enumerate(part.cities):
            city = next(city for city in made if city.id == id)
            alone = single(city, names, draws)
            for case in range(len(CASES)):
                for name in names:
                    expected, found = result_of(alone[name], case), part.of(place, case, name)
                    assert same(expected, found), (city.id, CASES[case].name, name, expected, found)
                    missing += isinstance(found, NotEstimated)
                    numbers += not isinstance(found, NotEstimated)
    assert missing > 100
    assert numbers > 400


def test_each_row_keeps_its_own_reason(made):
    part = Cities(made).run(["emissions_per_person"])[0]
    reasons = {id: part.of(place, 0, "emissions_per_person") for place, id in enumerate(part.cities)}
    assert isinstance(reasons["utrecht"], np.ndarray)
    assert reasons["mendoza"] == CityModel(made[0]).run(["emissions_per_person"])["emissions_per_person"]
    assert len({str(value) for value in reasons.values() if isinstance(value, NotEstimated)}) >= 2


def test_the_same_source_of_error_is_alike_in_every_city(made):
    """Draws of the literature are equal by name; a city that lacks a fact draws all others as before."""
    whole, lacking = CityModel(read_city_again(made[1])), CityModel(made[1])
    names = ["road_co2", "heat_deaths"]
    for name in names:
        one, other = (model.run([name], draws=16)[name] for model in (whole, lacking))
        if not isinstance(one, NotEstimated):
            np.testing.assert_array_equal(one, other)


def read_city_again(city: City) -> City:
    """The city without a fact that neither of the two indicators needs."""
    return replace(city, facts=tuple(fact for fact in city.facts if fact.name != "water_coverage"))


def test_a_city_among_others_is_the_city_itself(made):
    cities = Cities(made)
    assert list(cities) == [city.id for city in made]
    alone, among = CityModel(made[1]), cities[made[1].id]
    assert same(
        alone.run(["emissions_per_person"])["emissions_per_person"],
        among.run(["emissions_per_person"])["emissions_per_person"],
    )
    assert among.city is made[1]


def test_an_own_fact_prevails_over_the_default_in_its_row_alone(made):
    """Utrecht says its canopy; the others take the prior, and explain says which it was."""
    from caminos.planning.explanation import explain

    assert explain(CityModel(made[1]), "base_canopy_cover", draws=0)["role"] == "fact"
    assert explain(CityModel(made[0]), "base_canopy_cover", draws=0)["role"] == "default"
    part = Cities(made).run(["canopy_cover"])[0]
    values = [float(part.of(place, 0, "canopy_cover").ravel()[0]) for place in range(len(made))]
    assert values[1] == pytest.approx(0.31)
    assert all(value != values[1] for value in values[:1] + values[2:])


def test_cities_with_zones_are_stacks_of_their_own(made, porto_alegre):
    parts = Cities([*made, porto_alegre.city]).run(["canopy_cover"])
    assert sorted(len(part.cities) for part in parts) == [1, len(made)]


def test_two_cities_of_one_id_are_refused(made):
    with pytest.raises(ValueError, match="same id"):
        Cities([made[0], made[0]])


def test_percentiles_are_those_of_all_draws(made):
    def ends(values: np.ndarray) -> np.ndarray:
        return np.percentile(values, (5, 95), axis=1, method="nearest").swapaxes(0, 1)

    kept = Cities(made).run(["emissions_per_person"], draws=60, keep=ends)[0]
    whole = Cities(made).run(["emissions_per_person"], draws=60)[0]
    for place in range(len(made)):
        one, other = kept.of(place, 0, "emissions_per_person"), whole.of(place, 0, "emissions_per_person")
        assert same(one, other if isinstance(other, NotEstimated) else ends(other))


@pytest.mark.parametrize("place", [0, 1])
def test_a_block_of_one_city_draws_as_the_city_alone(made, place):
    """Two cities whose waste is drawn in two ways, so many draws that each is a block of its own."""
    part_of_waste = tuple(f for f in made[0].facts if (f.name, f.kind) != ("waste_composition", "food"))
    cities = [replace(made[0], facts=part_of_waste), made[3]]
    cases = CASES[:2]
    draws = runs.VALUES_AT_ONCE // len(cases)
    names = ["waste_composition", "waste_recovery_rate"]
    stacked = Cities(cities).run(names, cases, draws=draws, keep=low_median_high)[0]
    alone = CityModel(cities[place]).run(names, cases, draws=draws)
    for name in names:
        expected = result_of(alone[name], 1)
        expected = expected if isinstance(expected, NotEstimated) else low_median_high(expected)
        assert same(expected, stacked.of(place, 1, name)), name


@indicator(unit="t/yr", source="test", optional="other")
def both_parts(waste, streams, other):
    """Whatever is known of the parts."""
    return known_sum(waste / streams, other)


@indicator(unit="t/yr", source="test")
def twice(both_parts):
    """Twice of it."""
    return 2 * both_parts


def test_what_is_no_number_in_one_city_alone_says_why_there():
    """All cities lack an optional part, and the second has no number for the rest: it says what it lacks, as alone."""
    sources = [Source("waste", "t/yr", "fact"), Source("streams", "ratio", "fact"), Source("other", "t/yr", "fact")]
    graph = build([*sources, from_function(both_parts), from_function(twice)], check=False)

    def column(name: str, *values: float) -> Column:
        array = np.array(values).reshape(-1, 1, 1, 1, 1, 1)
        return Column(name, "", array, array, array, ("fixed",) * len(values), np.ones(len(values), bool), place)

    place = np.arange(2)
    inputs = Inputs(waste=column("waste", 6.0, 0.0), streams=column("streams", 2.0, 0.0))
    other = NotEstimated(("other",))
    inputs["other"] = replace(column("other", np.nan, np.nan), known=np.zeros(2, bool))
    found = Run(graph, inputs, {}, Rows.product(2, 1)).compute(["both_parts", "twice"])
    for name, value in (("both_parts", 3.0), ("twice", 6.0)):
        assert result_of(found[name], 0).item() == value
        assert result_of(found[name], 1) == other


@pytest.mark.parametrize("cases", [2, 5])
def test_what_is_no_number_under_one_case_alone_says_why_there(cases):
    """One city that lacks an optional part, whose last case has no number for the rest: it says so as if asked alone."""
    sources = [Source("waste", "t/yr", "fact"), Source("streams", "ratio", "lever"), Source("other", "t/yr", "fact")]
    graph = build([*sources, from_function(both_parts), from_function(twice)], check=False)

    def row(name: str, *values: float) -> Column:
        array = np.array(values).reshape(-1, 1, 1, 1, 1, 1)
        return Column(name, "", array, array, array, ("fixed",) * len(values), np.ones(len(values), bool))

    places = np.minimum(np.arange(cases), 1) * (np.arange(cases) == cases - 1)
    inputs = Inputs(waste=row("waste", 0.0))

    def asked(place: np.ndarray) -> dict:
        moved = Moves(streams=replace(row("streams", 2.0, 0.0), place=place, by_row=True))
        return Run(graph, inputs, moved, Rows.product(1, len(place))).compute(["both_parts", "twice"])

    together = asked(places)
    for case in range(cases):
        alone = asked(places[case : case + 1])
        for name in ("both_parts", "twice"):
            assert same(result_of(together[name], case), alone[name]), (case, name)
    assert result_of(together["twice"], cases - 1) == NotEstimated(("other",))
    assert result_of(together["twice"], 0).item() == 0


def test_where_no_city_knows_the_lead_time_an_action_moves_nothing(made):
    """A city in a region for which the literature says nothing, alone and among others like it."""
    nowhere = [replace(city, region=("Atlantis",)) for city in made[:2]]
    found = Cities(nowhere).run(["population"], CASES)[0]
    assert same(found.of(1, 1, "population"), found.of(1, 0, "population"))
    assert same(found.of(1, 1, "population"), result_of(single(nowhere[1], ["population"], 0)["population"], 1))


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 2),  # which city
        st.sampled_from(("drop", "NE", "NO", "no range", "no kind", "own", "parameter")),
        st.integers(0, 10_000),  # which fact, by place
        st.floats(0.05, 0.95),
    ),
    max_size=24,
)


def changed(city: City, what: str, place: int, value: float) -> City:
    """The city with one fact fewer, unknown, in part, or one of its own more."""
    facts = [fact for fact in city.facts if fact.name != "population"]
    fact = facts[place % len(facts)]
    if what in ("own", "parameter"):
        known = vocabulary() if what == "own" else parameter_terms()
        names = sorted(name for name, term in known.items() if term.unit == "share" and name != "population")
        term = known[names[place % len(names)]]
        kind, group = (term.kinds or ("",))[-1], QUINTILES[0] if "group" in term.dims else ""
        more = replace(
            fact,
            name=term.name,
            kind=kind,
            group=group,
            value=value,
            unit="share",
            low=value / 2,
            high=1.0,
            notation="",
        )
        return replace(city, facts=(*city.facts, more))
    unknown = {"NE": nan, "NO": 0.0}
    instead = {
        "drop": lambda: [other for other in city.facts if other.name != fact.name],
        "no kind": lambda: [other for other in city.facts if other is not fact],
        "no range": lambda: [replace(other, low=None, high=None) if other is fact else other for other in city.facts],
    }
    noted = replace(fact, value=unknown.get(what, 0.0), notation=what, low=None, high=None)
    found = instead[what]() if what in instead else [noted if other is fact else other for other in city.facts]
    return replace(city, facts=tuple(found))


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, draws=st.sampled_from((0, 5)), at_once=st.sampled_from((2, 16, 2048)))
def test_cities_of_any_facts_are_answered_together_as_alone(made, monkeypatch, changes, draws, at_once):
    """Whatever some of them lack or say of their own: numbers and reasons, central and drawn, in blocks of any size."""
    cities = list(made[3:])
    for place, what, which, value in changes:
        cities[place] = changed(cities[place], what, which, value)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "VALUES_AT_ONCE", at_once)
        try:
            parts = Cities(cities).run(HEADLINES, CASES, draws=draws)
        except ImpossibleError:  # shares that are more than a whole: the check refuses such a city
            reject()
    for part in parts:
        for place, city in enumerate(part.cities):
            model = CityModel(next(item for item in cities if item.id == city))
            for number, case in enumerate(CASES):
                alone = model.run(HEADLINES, [case], draws=draws)
                for name in HEADLINES:
                    found = part.of(place, number, name)
                    assert same(alone[name], found), (city, case.name, name, alone[name], found)


def test_a_row_with_a_number_in_some_draws_keeps_it():
    """Two blocks of two draws: the first city has no number in the first block only, the second in neither."""
    one, two = NotEstimated(("a",)), NotEstimated(("b",))
    cell = np.arange(4.0).reshape(2, 2, 1, 1, 1, 1)
    first = Partly(cell * np.nan, (one, two), np.array([1, 2]))
    second = Partly(np.where(np.array([True, False]).reshape(2, 1, 1, 1, 1, 1), cell, np.nan), (two,), np.array([0, 1]))
    whole = _joined_draws([first, second], [slice(0, 2), slice(2, 4)])
    assert result_of(whole, 1) == two
    np.testing.assert_array_equal(result_of(whole, 0).ravel(), [np.nan, np.nan, 0, 1])
