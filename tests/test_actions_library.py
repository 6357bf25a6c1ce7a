"""How adoption moves levers: the S-curve, growth over a lag, the three modes, groups and kinds, and a city's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from city_files import city
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.actions.library import (
    SIZE,
    Action,
    ActionError,
    Effect,
    city_actions,
    grown,
    lever_nodes,
    library,
    read_actions,
    size_nodes,
)
from caminos.city.package import CityError, read_city
from caminos.model.axes import QUINTILES, labels
from caminos.model.indicator import Indicator, ModelError
from caminos.model.values import NotEstimated
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure

FEW = settings(max_examples=40, deadline=None, derandomize=True)
ACTIONS = (
    "id,number,name,pathway,size_unit,potential,capital_cost,operating_cost,lifetime,lead_time,ramp_years,"
    "minimum_scale,implementer,needs,excludes,serves,note\n"
)
EFFECTS = "action,lever,kind,group,mode,amount,lag,note\n"
OWN = (
    "river_trees,101,River trees,nature,tree,plantable_trees_per_km2 * base_urban_area,street_trees_cost,"
    "street_trees_operating_cost,street_trees_lifetime,street_trees_lead_time,5,0.1,M,,,SDG 11,own\n"
)
OWN_EFFECT = (
    "river_trees,canopy_added,,,add,size * tree_crown_area / (base_urban_area * square_metres_per_km2),"
    "tree_growth_lag,own\n"
)
GROUPED = "river_trees,cooling_centre_share,,q1,add,cooling_centre_use,,own\n"
KINDS = "river_trees,facility_access_share,clinic,,toward,compact_access_gain,,own\n"
CLEAR = (ActionError, ModelError, CityError)  # what the commands turn into a message


def cell(value: float) -> np.ndarray:
    return np.full((1,) * 6, value)


def years(*values: float) -> np.ndarray:
    return np.array(values, dtype=float).reshape(1, 1, -1, 1, 1, 1)


def action(name: str, *effects: tuple[str, str, str, str, str]) -> Action:
    """An action whose effects are (lever, mode, amount, group, kind), several labels parted by blanks."""
    made = tuple(
        Effect(name, lever, tuple(kind.split()), tuple(group.split()), mode, amount, "")
        for lever, mode, amount, group, kind in effects
    )
    return replace(library()[0], id=name, effects=made)


def lever(name: str, *actions: Action) -> Indicator:
    return next(node for node in lever_nodes(actions) if node.name == name)


def value(node: Indicator, **given: float | np.ndarray) -> np.ndarray:
    """The value of a node; sizes that are not given are of one unit."""
    sizes = {name: 1.0 for name in node.arguments if name.startswith(SIZE)}
    arrays = {name: cell(item) if isinstance(item, int | float) else item for name, item in (sizes | given).items()}
    return np.asarray(node.function(**arrays))


# adoption


def test_adoption_is_an_s_curve_after_the_lead_time(porto_alegre):
    """Nothing before the lead time is over, half at half of the ramp, the whole scale after it: 3x² - 2x³."""
    chosen = porto_alegre.actions["electric_buses"]
    lead, start = porto_alegre.lead_time(chosen), 2026
    curve = porto_alegre.adoption(Measure(chosen.id, start, 0.8))
    for year, adopted in zip(porto_alegre.years, curve, strict=True):
        x = min(max((year - start - lead) / chosen.ramp_years, 0), 1)
        assert adopted == pytest.approx(0.8 * (3 * x**2 - 2 * x**3))
    assert curve[: 2026 - 2022 + 1].max() == 0
    assert curve[-1] == pytest.approx(0.8)
    assert (np.diff(curve) >= 0).all()
    middle = np.flatnonzero(porto_alegre.years == start + lead + chosen.ramp_years / 2)
    assert curve[middle] == pytest.approx(0.4)


def test_a_later_start_is_the_same_curve_later(porto_alegre):
    early, late = (porto_alegre.adoption(Measure("street_trees", start)) for start in (2026, 2030))
    assert np.array_equal(early[:-4], late[4:])


def test_an_action_that_is_not_in_a_case_is_not_adopted(porto_alegre):
    cases = [BASELINE, Case("", (Measure("street_trees", 2026),))]
    found = porto_alegre.run([action.adoption for action in porto_alegre.actions.values()], cases)
    assert found["adoption_of_street_trees"][0].max() == 0
    assert found["adoption_of_street_trees"][1].max() == 1
    assert all(array.max() == 0 for name, array in found.items() if name != "adoption_of_street_trees")


# growth over a lag


def test_what_is_planted_at_once_grows_in_a_straight_line():
    """All planted in the second year; the lag of four years: a quarter more each year."""
    calendar = years(2030, 2031, 2032, 2033, 2034, 2035, 2036)
    adoption = years(0, 1, 1, 1, 1, 1, 1)
    assert grown(adoption, cell(4.0), calendar).ravel() == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1, 1])


def test_each_year_s_planting_grows_from_its_own_year():
    """Half planted in 2031, half in 2032, lag of two years, by hand: 0, 0, 0.25, 0.75, 1."""
    calendar, adoption = years(2030, 2031, 2032, 2033, 2034), years(0, 0.5, 1, 1, 1)
    assert grown(adoption, cell(2.0), calendar).ravel() == pytest.approx([0, 0, 0.25, 0.75, 1])


@given(
    steps=st.lists(st.floats(0, 0.2), min_size=2, max_size=20),
    lag=st.floats(0.5, 40),
    first=st.integers(1990, 2030),
)
@FEW
def test_growth_never_outruns_adoption_and_never_shrinks(steps, lag, first):
    adoption = years(*np.minimum(np.cumsum(steps), 1))
    calendar = years(*range(first, first + len(steps)))
    result = grown(adoption, cell(lag), calendar)
    assert (result <= adoption + 1e-12).all()
    assert (np.diff(result.ravel()) >= -1e-12).all()


def test_growth_goes_by_case_and_draw():
    calendar = years(2030, 2031, 2032)
    adoption = np.concatenate([years(0, 0, 0), years(1, 1, 1)])
    lags = np.array([1.0, 2.0]).reshape(1, 2, 1, 1, 1, 1)
    result = grown(adoption, lags, calendar)
    assert result.shape == (2, 2, 3, 1, 1, 1)
    assert result[0].max() == 0
    assert result[1, 0].ravel().tolist() == [0, 1, 1]
    assert result[1, 1].ravel().tolist() == [0, 0.5, 1]


def test_young_street_trees_shade_less_than_grown_ones(porto_alegre):
    """In the year when the last tree is planted, the canopy is still far from full."""
    case = Case("", (Measure("street_trees", 2022),))
    canopy = porto_alegre.run(["canopy_added"], [case])["canopy_added"].ravel()
    adopted = porto_alegre.adoption(case.measures[0])
    done = int(np.argmax(adopted >= 1))
    assert 0 < done < len(canopy) - 1
    assert 0 < canopy[done] < 0.9 * canopy[-1]


# modes


def test_add_reduce_and_toward_by_hand():
    """water_loss_share starts at 0.4 and may not fall below 0.03; sewer_coverage starts at 0.6 and may rise to 1."""
    less = lever("water_loss_share", action("a", ("water_loss_share", "reduce", "cut", "", "")))
    assert value(less, base_water_loss_share=0.4, cut=0.25, adoption_of_a=1).item() == pytest.approx(0.3)
    assert value(less, base_water_loss_share=0.4, cut=0.25, adoption_of_a=0.5).item() == pytest.approx(0.35)
    near = lever("sewer_coverage", action("a", ("sewer_coverage", "toward", "gain", "", "")))
    assert value(near, base_sewer_coverage=0.6, gain=0.5, adoption_of_a=1).item() == pytest.approx(0.8)
    assert value(near, base_sewer_coverage=0.6, gain=0.5, adoption_of_a=0.5).item() == pytest.approx(0.7)
    more = lever("sewer_coverage", action("a", ("sewer_coverage", "add", "gain", "", "")))
    assert value(more, base_sewer_coverage=0.6, gain=0.3, adoption_of_a=0.5).item() == pytest.approx(0.75)
    assert value(more, base_sewer_coverage=0.6, gain=0.9, adoption_of_a=1).item() == 1, "a share ends at all"


def test_toward_goes_to_the_maximum_of_the_lever_and_not_to_one():
    """Landfills never collect more than 0.9 of their gas: half way from 0.3 is 0.6."""
    name = "landfill_gas_collected_share"
    node = lever(name, action("a", (name, "toward", "gain", "", "")))
    assert value(node, base_landfill_gas_collected_share=0.3, gain=0.5, adoption_of_a=1).item() == pytest.approx(0.6)
    assert value(node, base_landfill_gas_collected_share=0.3, gain=1.0, adoption_of_a=1).item() == pytest.approx(0.9)


@given(start=st.floats(0.03, 0.9), one=st.floats(0, 1), two=st.floats(0, 1), adopted=st.floats(0, 1))
@FEW
def test_reductions_combine_by_multiplication_in_any_order(start, one, two, adopted):
    first = action("a", ("water_loss_share", "reduce", "one", "", ""))
    second = action("b", ("water_loss_share", "reduce", "two", "", ""))
    given = {"base_water_loss_share": start, "one": one, "two": two, "adoption_of_a": 1, "adoption_of_b": adopted}
    expected = max(start * (1 - one) * (1 - two * adopted), 0.03)  # the lever's minimum
    for order in ((first, second), (second, first)):
        assert value(lever("water_loss_share", *order), **given).item() == pytest.approx(expected)


@given(start=st.floats(0, 1), gains=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@FEW
def test_two_that_go_toward_never_pass_the_end_and_together_close_more_than_each(start, gains):
    """1 - (1 - start)(1 - a)(1 - b)."""
    both = (
        action("a", ("sewer_coverage", "toward", "one", "", "")),
        action("b", ("sewer_coverage", "toward", "two", "", "")),
    )
    node = lever("sewer_coverage", *both)
    given = {"base_sewer_coverage": start, "one": gains[0], "two": gains[1], "adoption_of_a": 1, "adoption_of_b": 1}
    result = value(node, **given).item()
    assert result == pytest.approx(1 - (1 - start) * (1 - gains[0]) * (1 - gains[1]))
    assert result <= 1


def test_savings_of_retrofits_and_codes_combine_by_multiplication(porto_alegre):
    """1 - (1 - homes)(1 - code): two measures of a half each leave a quarter."""
    evaluation = porto_alegre.evaluation()
    for name, item in (
        ("homes_retrofitted_share", np.ones((1, 1, 1, 1, 5, 1))),
        ("deep_retrofit_saving", cell(0.5)),
        ("home_heating_energy_share", cell(0.75)),
        ("home_cooling_energy_share", cell(0.25)),
        ("new_building_code_share", cell(1.0)),
        ("new_building_saving", cell(0.5)),
    ):
        evaluation.set(name, item)
    saving = evaluation.get("building_energy_saving")[..., labels("sector").index("residential")]
    assert saving.max() == saving.min() == pytest.approx(0.75)


# groups and kinds


def test_an_effect_on_one_group_leaves_the_others_alone():
    node = lever("cooling_centre_share", action("a", ("cooling_centre_share", "add", "use", "q1 q3", "")))
    result = value(node, use=0.2, adoption_of_a=1)
    assert dict(zip(QUINTILES, result.ravel(), strict=True)) == pytest.approx(
        {"q1": 0.2, "q2": 0, "q3": 0.2, "q4": 0, "q5": 0}
    )


def test_groups_are_not_reduced_nor_moved_toward_where_they_are_not_meant():
    name = "homes_retrofitted_share"
    half = action("a", (name, "add", "start", "", ""))
    node = lever(name, half, action("b", (name, "toward", "gain", "q2", "")))
    result = value(node, start=0.4, gain=0.5, adoption_of_a=1, adoption_of_b=1).ravel()
    assert result == pytest.approx([0.4, 0.7, 0.4, 0.4, 0.4])


def test_an_effect_on_one_kind_leaves_the_others_alone():
    name = "facility_access_share"
    facilities = labels("facility")
    node = lever(name, action("a", (name, "toward", "gain", "", "clinic")))
    start = np.full((1, 1, 1, 1, 1, len(facilities)), 0.4)
    result = value(node, base_facility_access_share=start, gain=0.5, adoption_of_a=1).ravel()
    expected = {facility: 0.7 if facility == "clinic" else 0.4 for facility in facilities}
    assert dict(zip(facilities, result, strict=True)) == pytest.approx(expected)


def test_low_income_retrofits_reach_the_two_poorest_quintiles_only(porto_alegre):
    case = Case("", (Measure("low_income_retrofit", 2022),))
    last = porto_alegre.run(["homes_retrofitted_share"], [case])["homes_retrofitted_share"][0, 0, -1, 0, :, 0]
    assert (last[:2] > 0).all()
    assert last[2:].tolist() == [0, 0, 0]
    burden = porto_alegre.run(["energy_burden"], [BASELINE, case])["energy_burden"][:, 0, -1, 0, :, 0]
    assert (burden[1, :2] < burden[0, :2]).all()
    assert burden[1, 2:] == pytest.approx(burden[0, 2:])


def test_a_lever_without_actions_stays_at_its_baseline():
    assert value(lever("sewer_coverage"), base_sewer_coverage=0.6).item() == 0.6
    assert value(lever("canopy_added")).item() == 0
    assert lever("sewer_coverage").arguments == ("base_sewer_coverage",)


def test_an_observed_share_beyond_the_end_of_a_lever_is_not_pulled_back():
    """A city that recovers 0.95 of its dry recyclables does so without any action, whatever the lever's maximum."""
    node = lever("dry_recycling_share", action("a", ("dry_recycling_share", "add", "gain", "", "")))
    result = value(node, base_dry_recycling_share=0.95, gain=0.2, adoption_of_a=0)
    assert result.item() == pytest.approx(0.95)


def test_an_action_that_cannot_be_estimated_moves_nothing_and_says_why(porto_alegre):
    """Without lamps nobody knows how many to replace: the case is the baseline, in the same model."""
    facts = tuple(fact for fact in porto_alegre.city.facts if fact.name != "street_lamps")
    model = CityModel(replace(porto_alegre.city, facts=facts))
    lamps = Case("lamps", (Measure("led_street_lights", 2026),))
    assert model.unavailable["led_street_lights"] == ("base_street_lamps",)
    found = model.run(["emissions_per_person", "size_of_led_street_lights"], [BASELINE, lamps])
    assert found["size_of_led_street_lights"].missing == ("base_street_lamps",)
    emissions = found["emissions_per_person"]
    assert np.array_equal(emissions[0], emissions[-1])
    moved = porto_alegre.run(["emissions_per_person"], [BASELINE, lamps])["emissions_per_person"]
    assert not np.array_equal(moved[0], moved[-1])


def test_sizes_are_expressions_over_facts_and_priors(porto_alegre):
    """18,042 lamps of 103,099 are not LED yet (82.5 % are); buses that are not electric: 1,120 less 12."""
    assert {node.role for node in size_nodes(library())} == {"size"}
    sizes = porto_alegre.run(["size_of_led_street_lights", "size_of_electric_buses"])
    assert sizes["size_of_led_street_lights"].item() == pytest.approx(103_099 * 0.175)
    assert sizes["size_of_electric_buses"].item() == 1_108


# a city's own actions


def own(folder: Path, actions: str | bytes = OWN, effects: str | bytes = OWN_EFFECT) -> Path:
    """A small city with an action of its own; tables without their first line, or whole as bytes."""
    made = city(folder / "aldea")
    (made / "actions").mkdir()
    for name, head, text in (("actions", ACTIONS, actions), ("effects", EFFECTS, effects)):
        data = text if isinstance(text, bytes) else (head + text).encode()
        (made / "actions" / f"{name}.csv").write_bytes(data)
    return made


def test_a_city_adds_actions_without_code(tmp_path):
    model = CityModel(read_city(own(tmp_path)))
    assert len(model.actions) == len(library()) + 1
    assert "river_trees" in {item.id for item in model.available}
    case = Case("", (Measure("river_trees", 2026),))
    canopy = model.run(["canopy_added"], [BASELINE, case])["canopy_added"]
    assert canopy[1, 0, -1].item() > canopy[0, 0, -1].item() == 0


def test_effects_on_groups_and_kinds_of_a_city_s_own_action(tmp_path):
    """What the faulty tables below are spoiled from is right itself."""
    model = CityModel(read_city(own(tmp_path, effects=GROUPED + KINDS)))
    assert "river_trees" in {item.id for item in model.available}


def test_a_city_replaces_an_action_of_the_library_by_its_id(tmp_path):
    folder = own(
        tmp_path, OWN.replace("river_trees", "street_trees"), OWN_EFFECT.replace("river_trees", "street_trees")
    )
    found = [item for item in city_actions(folder) if item.id == "street_trees"]
    assert [item.name for item in found] == ["River trees"]
    assert len(city_actions(folder)) == len(library())


def test_an_action_without_its_fact_is_shown_and_not_ranked(tmp_path):
    own_action = OWN.replace("plantable_trees_per_km2 * base_urban_area", "base_street_trees")
    model = CityModel(read_city(own(tmp_path, own_action)))
    assert model.unavailable["river_trees"] == ("base_street_trees",)
    assert "river_trees" not in {item.id for item in model.available}
    canopy = model.run(["canopy_added"], [BASELINE])["canopy_added"]
    assert not isinstance(canopy, NotEstimated), "the lever works for the other actions"


NOT_TABLES = [
    pytest.param(OWN.replace(",101,", ",first,"), OWN_EFFECT, "number", id="number"),
    pytest.param(OWN.replace(",5,0.1,", ",soon,0.1,"), OWN_EFFECT, "ramp_years", id="ramp"),
    pytest.param(OWN.replace(",5,0.1,", ",0,0.1,"), OWN_EFFECT, "ramp_years", id="no ramp"),
    pytest.param(OWN.replace(",5,0.1,", ",5,1.5,"), OWN_EFFECT, "minimum_scale", id="more than all"),
    pytest.param(OWN[:60], OWN_EFFECT, "actions.csv", id="truncated"),
    pytest.param(OWN + OWN, OWN_EFFECT, "river_trees", id="twice"),
    pytest.param(OWN, OWN_EFFECT.replace("canopy_added", "canopy_aded"), "canopy_aded", id="lever"),
    pytest.param(OWN, OWN_EFFECT.replace(",add,", ",adds,"), "mode", id="mode"),
    pytest.param(OWN, OWN_EFFECT.replace("river_trees", "river_tree"), "river_tree", id="action of an effect"),
    pytest.param(OWN, GROUPED.replace(",q1,", ",q9,"), "q9", id="group"),
    pytest.param(OWN, KINDS.replace(",clinic,", ",clinics,"), "clinics", id="kind"),
    pytest.param(OWN.replace(",M,,,", ",M,street_tree,,"), OWN_EFFECT, "street_tree", id="needs"),
    pytest.param(OWN.replace(",M,,,", ",M,,street_tree,"), OWN_EFFECT, "street_tree", id="excludes"),
    pytest.param(OWN.replace(",nature,", ",natural,"), OWN_EFFECT, "natural", id="pathway"),
    pytest.param(OWN.replace("street_trees_cost", "street_tree_cost"), OWN_EFFECT, "street_tree_cost", id="cost"),
    pytest.param(OWN.replace("street_trees_cost", ""), OWN_EFFECT, "capital_cost", id="no cost"),
    pytest.param(OWN.replace("plantable_trees_per_km2", "plantable_treees"), OWN_EFFECT, "plantable_treees", id="name"),
    pytest.param(OWN.replace("plantable_trees_per_km2", "trees("), OWN_EFFECT, "trees(", id="expression"),
    pytest.param(OWN.replace(",tree,", ",kW,"), OWN_EFFECT, "river_trees", id="unit of the size"),
    pytest.param(OWN, OWN_EFFECT.replace("(base_urban_area", "(base_area * base_urban_area"), "canopy_added", id="unit"),
    pytest.param(OWN, OWN_EFFECT.replace("tree_growth_lag", "tree_grow_lag"), "tree_grow_lag", id="lag"),
]  # fmt: skip


@pytest.mark.parametrize(("actions", "effects", "word"), NOT_TABLES)
def test_a_faulty_table_of_actions_is_a_clear_error(tmp_path, actions, effects, word):
    """Every fault is said before anything is computed, and named."""
    with pytest.raises(CLEAR) as caught:
        CityModel(read_city(own(tmp_path, actions, effects)))
    assert word in str(caught.value)


def spoiled() -> Iterator[object]:
    latin = (ACTIONS + OWN.replace("River trees", "Árvores do rio")).encode("latin-1")
    yield pytest.param(latin, "UTF-8", id="latin-1")
    yield pytest.param((ACTIONS.replace("potential,", "") + OWN).encode(), "potential", id="column missing")
    yield pytest.param(b"", "actions.csv", id="empty")
    yield pytest.param((ACTIONS + OWN).replace(",", ";").encode(), "actions.csv", id="semicolons")


@pytest.mark.parametrize(("table", "word"), spoiled())
def test_a_spoiled_table_of_actions_is_a_clear_error(tmp_path, table, word):
    with pytest.raises(CLEAR, match=word):
        CityModel(read_city(own(tmp_path, table)))


def test_the_row_of_a_fault_is_named():
    with pytest.raises(ActionError, match=r"effects\.csv:3"):
        read_actions(ACTIONS + OWN, EFFECTS + OWN_EFFECT + OWN_EFFECT.replace("canopy_added", "canopy"))
    with pytest.raises(ActionError, match=r"actions\.csv:3"):
        read_actions(ACTIONS + OWN + OWN.replace(",5,0.1,", ",soon,0.1,"), EFFECTS + OWN_EFFECT)


def test_a_number_of_the_library_is_not_given_to_another_action(tmp_path):
    made = own(tmp_path, OWN.replace("river_trees,101,", "river_trees,3,"))
    with pytest.raises(ActionError, match="the number 3 is that of"):
        CityModel(read_city(made))
