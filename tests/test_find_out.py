"""What to find out first: a way for every fact that can be named, and which facts decide a ranking, by hand."""

from __future__ import annotations

import csv
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest

from caminos.city.new import made_city
from caminos.city.places import find_place
from caminos.city.vocabulary import vocabulary
from caminos.model.values import NotEstimated
from caminos.pages.entry import to_find_out, to_light, way
from caminos.planning.assessment import assess, single_cases
from caminos.planning.city_model import CityModel
from caminos.planning.find_out import FindOut, candidates, facts_by_node, facts_of, find_out, ways_to_find_out
from caminos.words import DASH

LONGEST = 240
MADE = ("Mendoza, Argentina", "Dhaka, Bangladesh", "Phoenix, United States")


# the table of ways


def rows() -> list[dict[str, str]]:
    text = files("caminos.planning").joinpath("ways_to_find_out.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_fact_of_the_table_is_in_the_vocabulary_once():
    names = [row["fact"] for row in rows()]
    assert sorted(set(names) - set(vocabulary())) == []
    assert len(names) == len(set(names)) == len(ways_to_find_out())


def test_texts_are_short_whole_and_their_own():
    for row in rows():
        assert 40 <= len(row["how"]) <= LONGEST, row["fact"]
        assert row["how"].endswith("."), row["fact"]
        assert row["who"], row["fact"]
        assert row["source"], row["fact"]
        assert not any("http" in text or "www." in text for text in row.values()), row["fact"]
        assert 1 <= int(row["days"]) <= 260, row["fact"]  # a day to a year of work
    assert len({row["how"] for row in rows()}) == len(rows())


def test_a_fact_by_kind_says_by_which_kinds():
    """A way that ends with one figure where a figure for each band, stream or year is wanted would mislead."""
    words = {
        "noise_exposed_share": "each Lden band",
        "waste_composition": "each stream",
        "flood_level": "2, 5, 10, 25, 50, 100, 200 and 500 years",
        "road_deaths": "by what the victim used",
        "road_fuel_energy": "by fuel",
        "electricity_use": "homes; commerce and public services; industry; farms",
        "household_income": "each fifth",
        "air_conditioning_share": "by fifth",
    }
    for fact, said in words.items():
        assert said in ways_to_find_out()[fact].how


def test_every_fact_that_can_be_named_has_a_way(porto_alegre):
    models = [porto_alegre, *(CityModel(made_city(find_place(place))) for place in MADE)]
    for model in models:
        named = facts_of(candidates(model))
        assert named
        assert [fact for fact in named if fact not in ways_to_find_out()] == [], model.city.name


def test_every_fact_that_a_dark_pathway_lacks_has_a_way():
    for place in MADE:
        model = CityModel(made_city(find_place(place)))
        dark = assess(model, single_cases(model, 2026), 2026).dark
        assert dark, place  # no map of floods is known of a made city
        lacking = facts_of(node for missing in dark.values() for node in missing)
        assert lacking
        assert [fact for fact in lacking if fact not in ways_to_find_out()] == [], place


def test_a_fact_is_found_by_each_of_its_nodes_and_named_once():
    nodes = ("base_flooded_population", "zone_flooded_population", "past_waste_landfilled", "base_heat_days", "no_fact")
    assert facts_of((*nodes, "base_flooded_population")) == ("flooded_population", "waste_landfilled", "heat_days")


# which facts decide


DRAWS = 4001
RANKS = np.linspace(-1, 1, DRAWS)  # of the fact that decides: -1, -0.9995 … 1


def order(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(RANKS)


def fact(values: np.ndarray) -> np.ndarray:
    """A result: one row, a value a draw."""
    return values.reshape(1, -1, 1, 1, 1, 1)


def test_the_fact_that_decides_is_found_and_no_other():
    """A spares 0.20025 + x, B nothing: A leads, but B in the draws with x below -0.20025, which are 1600 of 4001."""
    x = order(1)
    loss = np.stack([0.20025 + x, np.zeros(DRAWS)])
    drawn = {"base_gdp": fact(np.exp(3 * x)), "base_population": fact(order(2)), "heat_no": NotEstimated(("area",))}
    assert find_out(drawn, loss, top=1) == (FindOut("gdp", 1600 / DRAWS, 1600 / DRAWS),)


def test_who_is_first_may_change_while_the_first_few_stay():
    """With C far behind both are always the first two: the set never changes, its first in 1600 of 4001."""
    x = order(1)
    loss = np.stack([0.20025 + x, np.zeros(DRAWS), np.full(DRAWS, -9.0)])
    assert find_out({"base_gdp": fact(x)}, loss, top=2) == (FindOut("gdp", 0.0, 1600 / DRAWS),)


def test_the_one_that_changes_more_often_comes_first():
    """A spares 0.20025 + 2x + y, B nothing: B leads where x is below -0.100125, 1800 of 4001, or y below -0.20025, 1600."""
    x, y = order(1), order(2)
    loss = np.stack([0.20025 + 2 * x + y, np.zeros(DRAWS)])
    found = find_out({"base_population": fact(y), "base_gdp": fact(x)}, loss, top=1)
    assert [item.fact for item in found] == ["gdp", "population"]
    assert [item.changes_first for item in found] == pytest.approx([1800 / DRAWS, 1600 / DRAWS], rel=0.1)


@pytest.mark.parametrize("values", [np.zeros(DRAWS), np.ones(1)], ids=["the same in all draws", "not drawn"])
def test_a_fact_without_a_range_decides_nothing(values):
    loss = np.stack([0.20025 + order(1), np.zeros(DRAWS)])
    assert find_out({"base_gdp": fact(values)}, loss, top=1) == ()


def test_too_few_draws_say_nothing():
    x = np.linspace(-1, 1, 49)
    assert find_out({"base_gdp": fact(x)}, np.stack([0.1 + x, 0 * x]), top=1) == ()


NEAR = 400  # draws in which chance alone moves a ranking whose first are all but equal


def test_the_fact_that_decides_is_found_among_equals():
    """A spares 0.0005 + x, B nothing: B leads below -0.0005, 1999 of 4001; chance has next to no part in it."""
    x = order(1)
    (found,) = find_out({"base_gdp": fact(x)}, np.stack([0.0005 + x, np.zeros(DRAWS)]), top=1)
    assert found.changes_first == pytest.approx(1999 / DRAWS, rel=0.05)


def test_facts_of_no_effect_are_not_named_even_among_equals():
    """Five actions with the same mean and noise of their own: by chance any fact seems to change who is first."""
    random = np.random.default_rng(7)
    loss = random.normal(size=(5, NEAR))
    nodes = list(facts_by_node())[:100]
    named = sum(len(find_out({node: fact(random.normal(size=NEAR))}, loss, top=2)) for node in nodes)
    assert named <= 3  # each may be named by two measures, each in one of a thousand: 0.2 expected


# on the page


def test_what_lights_a_dark_pathway_is_listed_once_with_its_way():
    dark = {
        "resilient": ("base_flooded_population", "design_storm_depth"),
        "nature": ("zone_canopy_cover", "design_storm_depth", "base_canopy_cover"),
    }
    table = to_light(SimpleNamespace(dark=dark))
    assert [row.id for row in table.rows] == ["flooded_population", "design_storm_depth", "canopy_cover"]
    for row in table.rows:
        assert row.cells[1].text == ways_to_find_out()[row.id].how
    assert table.rows[0].cells[1].note == "Civil protection; about 5 working days"
    assert table.rows[1].cells[1].note == "Drainage department; about a working day"
    assert to_light(SimpleNamespace(dark={})).rows == ()


def test_the_facts_to_find_out_stand_with_their_ways():
    found = SimpleNamespace(ranking=("any",), find_out=(FindOut("gdp", 0.3, 0.1),), draws=100)
    (row,) = to_find_out(found).rows
    assert row.cells[1].value == 0.3
    assert row.cells[3].text.startswith("Gross product of the municipality")
    assert row.cells[3].note == "Statistics office; about a working day"


def test_a_fact_without_a_way_has_a_dash():
    assert "protected_area_share" not in ways_to_find_out()
    assert way("protected_area_share").text == DASH


def test_that_no_fact_stands_out_is_said_only_where_it_was_looked_for():
    none = SimpleNamespace(ranking=("any",), find_out=(), draws=100)
    assert "No single fact stands out" in to_find_out(none).lines[0].text
    assert to_find_out(SimpleNamespace(ranking=("any",), find_out=(), draws=0)).rows == ()
