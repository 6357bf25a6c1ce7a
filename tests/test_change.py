"""Changes and interactions: differences drawn in pairs, how often they are better, and two actions together."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caminos.city.package import read_city
from caminos.model.axes import KIND, pick
from caminos.model.values import NotEstimated, Partly
from caminos.pages.interaction import interaction_page
from caminos.pages.page import Sentences, Table, show
from caminos.pages.what_if import run as what_if
from caminos.pathways.tables import headlines
from caminos.planning.change import beyond_sum, change_of, difference, probability_better
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.connect import Interaction, Together, interaction, last_change
from caminos.planning.files import Asked
from caminos.planning.results import QuestionError

ROOT = Path(__file__).parents[1]
NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.just(nan) | st.sampled_from((inf, -inf)), min_size=1, max_size=30)


# differences


def test_infinity_less_infinity_is_no_change_and_no_number_is_none():
    after = np.array([inf, -inf, inf, 3.0, nan, 3.0, nan, inf])
    before = np.array([inf, -inf, 3.0, inf, 3.0, nan, nan, -inf])
    np.testing.assert_array_equal(difference(after, before), [0, 0, inf, -inf, nan, nan, nan, inf])


def test_two_effects_that_multiply_overlap():
    """100 less 20 % is 80, less half is 50, less both is 40: the sum of 20 and 50 would have left 30."""
    both, first, second, neither = (np.array([value]) for value in (40.0, 80.0, 50.0, 100.0))
    assert beyond_sum(both, first, second, neither) == pytest.approx(10)


def test_what_lies_beyond_the_last_year_has_no_size():
    """A budget that lasts beyond 2050 with either or both, or with both alone, is no number of years more."""
    both, first = np.array([inf, inf, inf, 2044.0]), np.array([inf, inf, 2040.0, 2040.0])
    second, neither = np.array([inf, 2041.0, 2041.0, 2041.0]), np.array([inf, 2038.0, 2038.0, 2038.0])
    np.testing.assert_array_equal(beyond_sum(both, first, second, neither), [0, nan, nan, 1])


# how often a change is for the better


@given(NUMBERS)
def test_lower_and_higher_share_the_known_draws_between_them(values):
    differences = np.array(values)
    lower, higher = (probability_better(differences, direction) for direction in ("lower", "higher"))
    if np.isnan(differences).all():
        assert isnan(lower)
        assert isnan(higher)
    else:
        assert lower + higher == pytest.approx(1)
        assert 0 <= lower <= 1


@given(NUMBERS, st.integers(0, 20))
def test_draws_without_a_number_change_no_probability(values, more):
    differences = np.array(values)
    longer = np.concatenate([differences, np.full(more, nan)])
    np.testing.assert_equal(probability_better(longer, "lower"), probability_better(differences, "lower"))


def test_ties_count_half_and_unknown_draws_are_told(porto_alegre):
    """Four known draws, of which two are better and one is a tie: 2.5 of 4; the fifth is not passed as no change."""
    node = porto_alegre.graph.nodes["heat_deaths"]
    found = change_of(node, "lower", 2050, 200.0, -1.0, np.array([-3.0, -1.0, 0.0, nan, 2.0]))
    assert found.probability_better == pytest.approx(2.5 / 4)
    assert found.known == pytest.approx(4 / 5)
    assert (found.low, found.high) == (-3.0, 2.0)
    assert found.better is True


def test_a_difference_by_rounding_is_a_tie(porto_alegre):
    node = porto_alegre.graph.nodes["heat_deaths"]
    assert change_of(node, "lower", 2050, 200.0, 0.0, np.full(9, 1e-12)).probability_better == 0.5


def test_without_draws_or_direction_there_is_no_probability(porto_alegre):
    node = porto_alegre.graph.nodes["heat_deaths"]
    assert isnan(change_of(node, "lower", 2050, 200.0, -1.0).probability_better)
    assert isnan(change_of(node, "", 2050, 200.0, -1.0, np.array([-1.0, -2.0])).probability_better)


def test_a_budget_that_no_longer_lasts_is_worse(porto_alegre):
    """From never to 2045: the change has a direction though the value without it has no size."""
    node = porto_alegre.graph.nodes["carbon_budget_exhaustion_year"]
    found = change_of(node, "higher", 2050, inf, -inf, np.array([-inf, 0.0, -inf, -inf]))
    assert found.better is False
    assert found.probability_better == pytest.approx(0.5 / 4)


def test_a_case_that_leaves_a_headline_without_a_number_names_what_is_missing(porto_alegre):
    headline = next(item for item in headlines() if item.indicator == "heat_deaths")
    values = np.array([200.0, nan]).reshape(2, 1, 1, 1, 1, 1) * np.ones((1, 1, len(porto_alegre.years), 1, 1, 1))
    lacking = Partly(values, (NotEstimated(("age_share",)),), np.array([0, 1]))
    found = last_change(porto_alegre, headline, lacking, values, 1)
    assert isnan(found.value)
    assert found.missing == ("age_share",)
    assert found.better is None
    assert isnan(found.probability_better)
    assert found.known == 0


def test_the_range_of_a_change_is_that_of_the_pairs(porto_alegre):
    """By hand from the same draws without and with: far narrower than the two ranges apart."""
    case = Case("trees", (Measure("street_trees", 2026),))
    drawn = porto_alegre.run(["canopy_cover"], [BASELINE, case], draws=64)["canopy_cover"][:, :, -1, 0, 0, 0]
    pairs = np.sort(drawn[1] - drawn[0])
    page = what_if(porto_alegre, Asked("trees", 2026, case.measures), 64)
    rows = next(part for part in page.walk() if isinstance(part, Table) and part.id == "changes").rows
    cell = next(row for row in rows if row.id == "canopy_cover").cells[1]
    assert cell.low == pytest.approx(pairs[round(0.05 * 63)])
    assert cell.high == pytest.approx(pairs[round(0.95 * 63)])
    assert cell.high - cell.low < np.ptp(np.percentile(drawn[1], (5, 95)))


# two actions


def of(found: Interaction, name: str) -> Together:
    return next(item for item in found.together if item.first.indicator == name)


def extra(model: CityModel, first: str, second: str, name: str) -> float:
    item = of(interaction(model, first, second, 2026, draws=0), name)
    assert item.both is not None
    assert item.beyond_sum is not None
    assert item.beyond_sum.value == pytest.approx(item.both.value - item.first.value - item.second.value, rel=1e-6)
    return item.beyond_sum.value


def one(model: CityModel, name: str, *actions: str) -> float:
    """A node in the last year with these actions, in all its kinds together."""
    case = Case("case", [Measure(action, 2026) for action in actions])
    return float(model.run([name], [case])[name][:, :, -1:].sum())


def test_trees_and_cool_roofs_saturate(porto_alegre):
    """T = U (1 − exp(−x / U)): what both do together falls short of the sum by T(A) T(B) / U."""
    trees, roofs = (one(porto_alegre, "air_temperature_lowered", name) for name in ("street_trees", "cool_roofs"))
    island = one(porto_alegre, "urban_heat_island")
    found = extra(porto_alegre, "street_trees", "cool_roofs", "air_temperature_lowered")
    assert found == pytest.approx(-trees * roofs / island, rel=1e-6)


def test_organics_leave_less_methane_to_collect(porto_alegre):
    """Methane made, less by organics, times the share that escapes, less by gas collection."""
    made = one(porto_alegre, "landfill_methane_generated", "organics_collection")
    fewer = made - one(porto_alegre, "landfill_methane_generated")
    collected = one(porto_alegre, "landfill_gas_collected_share", "landfill_gas")
    more = collected - one(porto_alegre, "landfill_gas_collected_share")
    rest = (
        (1 - one(porto_alegre, "landfill_oxidation")) * one(porto_alegre, "gwp_ch4") / one(porto_alegre, "population")
    )
    found = extra(porto_alegre, "landfill_gas", "organics_collection", "emissions_per_person")
    assert found == pytest.approx(-fewer * more * rest, rel=1e-6)
    assert found > 0


def test_electric_buses_gain_by_a_cleaner_grid(porto_alegre):
    """Emissions of electricity are (use − local) × grid factor × (1 − green share): the two changes multiply."""
    use = one(porto_alegre, "transport_electricity", "electric_buses") - one(porto_alegre, "transport_electricity")
    green = one(porto_alegre, "green_supply_share", "green_power_contract") - one(porto_alegre, "green_supply_share")
    factor = one(porto_alegre, "grid_emission_factor") / one(porto_alegre, "population")
    found = extra(porto_alegre, "electric_buses", "green_power_contract", "emissions_per_person")
    assert found == pytest.approx(-use * green * factor, rel=1e-6)
    assert found < 0


def test_a_retrofit_leaves_less_fuel_for_heat_pumps_to_replace(porto_alegre):
    """Fuel saved by the retrofit times the share of heat pumps is saved once, and needs no electricity either."""
    name = "stationary_fuel_energy_before_heat_pumps"
    before, after = (
        porto_alegre.run([name], [Case("case", [Measure(action, 2026) for action in actions])])[name][:, :, -1:]
        for actions in ((), ("low_income_retrofit",))
    )
    saved = float(pick(before - after, "sector", "residential").item())
    pumps = one(porto_alegre, "heat_pump_share", "heat_pumps") - one(porto_alegre, "heat_pump_share")
    fuel = porto_alegre.run(["stationary_fuel_emission_factor"])["stationary_fuel_emission_factor"]
    fuel_factor = float((pick(fuel, "sector", "residential") if fuel.shape[KIND] > 1 else fuel)[0, 0, -1].item())
    power = one(porto_alegre, "megawatthours_per_terajoule") / one(porto_alegre, "heat_pump_performance")
    factor = one(porto_alegre, "grid_emission_factor") * (1 - one(porto_alegre, "green_supply_share"))
    found = extra(porto_alegre, "low_income_retrofit", "heat_pumps", "emissions_per_person")
    expected = saved * pumps * (fuel_factor - power * factor) / one(porto_alegre, "population")
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_order_of_the_two_does_not_matter(porto_alegre):
    one_way, other = (interaction(porto_alegre, *pair, 2026, draws=16) for pair in (("20", "27"), ("27", "20")))
    for item, turned in zip(one_way.together, other.together, strict=True):
        assert item.first == turned.second
        assert item.beyond_sum is not None
        assert turned.beyond_sum is not None
        assert item.beyond_sum.value == pytest.approx(turned.beyond_sum.value, rel=1e-6, abs=1e-9 * abs(item.base))
        assert item.adds_up == turned.adds_up


def test_where_two_actions_share_no_equation_they_simply_add_up(porto_alegre):
    found = interaction(porto_alegre, "participatory_budget", "water_loss_control", 2026, draws=16)
    assert {"participants", "water_loss_share"} <= {item.first.indicator for item in found.together}
    assert all(item.adds_up for item in found.together)
    page = interaction_page(porto_alegre, found, 16)
    said = next(part for part in page.parts if isinstance(part, Sentences) and part.id == "verdict")
    assert [line.text for line in said.lines] == ["They simply add up in every headline that they move."]
    assert not any(part.id == "interaction" for part in page.walk())


def test_the_page_shows_each_alone_both_and_what_is_beyond_the_sum(porto_alegre):
    found = interaction(porto_alegre, "street_trees", "cool_roofs", 2026, draws=32)
    page = interaction_page(porto_alegre, found, 32)
    tables = {part.id: part for part in page.walk() if isinstance(part, Table)}
    row = next(row for row in tables["interaction"].rows if row.id == "air_temperature_lowered")
    first, second, both, beyond, better = row.cells[1:]
    assert beyond.value == pytest.approx(both.value - first.value - second.value)
    assert beyond.low < beyond.value < beyond.high < 0
    assert show(better).text == "0% of draws"
    assert better.note == "worse than their sum"
    assert {row.id for row in tables["values"].rows} == {item.first.indicator for item in found.together}
    share = next(row for row in tables["relative_table"].rows if row.id == "heat_deaths").cells[1].value
    deaths = of(found, "heat_deaths")
    assert deaths.beyond_sum is not None
    assert share == pytest.approx(deaths.beyond_sum.value / deaths.base)


def told(model: CityModel, first: str, second: str) -> tuple[Interaction, list[str]]:
    found = interaction(model, first, second, 2026, draws=0)
    page = interaction_page(model, found, 0)
    return found, [
        line.text
        for part in page.parts
        if isinstance(part, Sentences) and part.id == "conditions"
        for line in part.lines
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_what_two_actions_exclude_and_need_is_said(turned):
    model = CityModel(read_city(ROOT / "cities" / "porto-alegre"))
    pair = ("cool_roofs", "street_trees") if turned else ("street_trees", "cool_roofs")
    trees, roofs = model.actions["street_trees"], model.actions["cool_roofs"]
    model.actions = {
        **model.actions,
        "street_trees": replace(trees, excludes=("cool_roofs",)),
        "cool_roofs": replace(roofs, needs=("early_warning",)),
    }
    found, said = told(model, *pair)
    assert found.excluding == (("street_trees", "cool_roofs"),)
    assert found.needing == (("cool_roofs", "early_warning"),)
    assert any("excludes Cool roofs and pavements: they cannot both be carried out" in text for text in said)
    assert any("needs Multi-hazard early warning, which is in none of these figures" in text for text in said)
    assert found.together
    assert all(item.both is None and item.beyond_sum is None for item in found.together)
    assert all(item.first.value or item.second.value for item in found.together)


def test_that_nothing_is_excluded_or_needed_is_said(porto_alegre):
    _found, said = told(porto_alegre, "street_trees", "cool_roofs")
    assert said == ["Neither excludes or needs another action."]


def test_one_that_needs_the_other_is_said(porto_alegre):
    found, said = told(porto_alegre, "bus_rapid_transit", "congestion_charge")
    assert found.needing == (("congestion_charge", "bus_rapid_transit"),)
    assert len(said) == 1
    assert "it cannot be begun alone" in said[0]


def test_one_action_twice_is_a_question_without_answer(porto_alegre):
    with pytest.raises(QuestionError, match="two different actions"):
        interaction(porto_alegre, "20", "Street trees, low-canopy streets first", 2026)
