"""Draws: one for every source of error, wide where little is known, the same in every city, costs and time included."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.actions.library import library
from caminos.city.inputs import is_default
from caminos.city.new import made_city
from caminos.city.package import City
from caminos.city.places import find_place
from caminos.city.vocabulary import vocabulary
from caminos.model import DRAWS
from caminos.model.axes import GROUP, KIND
from caminos.model.expression import names as expression_names
from caminos.model.indicator import Indicator
from caminos.model.runs import SEED
from caminos.model.uncertainty import drawn
from caminos.model.values import Column, Error, Input, NotEstimated, column_of
from caminos.parameters import tables
from caminos.parameters.errors import Family, error_of, families, members, shared
from caminos.pathways.tables import role
from caminos.planning.assessment import action_spending, assess, costs, single_cases
from caminos.planning.city_model import BASELINE, Case, Cities, CityModel, Measure

PLACES = ("Mendoza, Argentina", "Utrecht, Netherlands", "Nairobi, Kenya", "Houston, USA", "Dhaka, Bangladesh")
ROW = np.zeros(1, dtype=int)
FEW = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def made() -> list[City]:
    """Cities of defaults on four continents."""
    return [made_city(find_place(text)) for text in PLACES]


def curve(
    name: str, distribution: str, low: list[float], mid: list[float], high: list[float], unit: str = "t"
) -> Input:
    ends = (np.array(values).reshape(1, 1, 1, 1, 1, -1) for values in (mid, low, high))
    return Input(name, unit, *ends, distribution)


def steps(values: np.ndarray) -> np.ndarray:
    """Differences between neighbours along kind or, where there are none, groups."""
    return np.diff(values, axis=KIND if values.shape[KIND] > 1 else GROUP)


def one_way(*arrays: np.ndarray) -> int:
    """1 if all rise along kind, -1 if all fall, 0 otherwise."""
    moves = np.concatenate([steps(array).ravel() for array in arrays])
    if not np.isfinite(moves).all() or not moves.any():
        return 0
    return 1 if (moves >= 0).all() else -1 if (moves <= 0).all() else 0


# one draw for a source of error


def every_parameter() -> Iterator[Column]:
    """Every parameter with several kinds, in every region and setting that its rows name."""
    for name, rows in tables.rows().items():
        if not rows[0].classification:
            continue
        for region in {row.region for row in rows}:
            for setting in {row.setting for row in rows}:
                given = dict(part.split("=") for part in setting.split(";") if part)
                item = tables.parameter_input(name, (region, "world"), given)
                if item is not None and item.uncertain.size:
                    yield replace(column_of(item), error=error_of(name, item.unit))


def test_what_is_monotone_along_its_kinds_is_so_in_all_draws(porto_alegre):
    """Of every parameter, and of the facts of Porto Alegre: depth and damage, levels and their rarity, incomes."""
    facts = [c for name, c in porto_alegre.stack.inputs.items() if name in porto_alegre.inputs.own]
    seen = set()
    for column in [*every_parameter(), *facts]:
        if column.central.shape[KIND] == column.central.shape[GROUP] == 1 or column.central.shape[3] > 1:
            continue
        way = one_way(column.central, column.low, column.high)
        if not way or not column.uncertain or column.error.independent or "dirichlet" in column.distributions:
            continue
        values = drawn(column, ROW, DRAWS, SEED)
        assert (way * steps(values) >= -1e-12 * np.abs(values).max()).all(), column.name
        assert values.std(axis=1).max() > 0, column.name
        seen.add(column.name)
    assert {"depth_damage", "base_flood_level", "household_income", "air_conditioning_share"} <= seen


CURVE = st.lists(st.tuples(*[st.floats(0.01, 3)] * 3), min_size=2, max_size=6)


@given(CURVE, st.sampled_from(("triangular", "normal", "lognormal", "uniform")), st.sampled_from("ABC"), st.booleans())
@FEW
def test_any_curve_stays_a_curve(parts, distribution, quality, default):
    """Low, central and high rise from kind to kind, whatever the distribution, the quality and the family."""
    low = np.cumsum([part[0] for part in parts])
    mid = np.maximum.accumulate(low + [part[1] for part in parts])
    high = np.maximum.accumulate(mid + [part[2] for part in parts])
    column = replace(
        column_of(curve("x", distribution, low, mid, high)),
        qualities=(quality,),
        defaults=np.full((1,) * 6, default),
        error=Error(least=(0.3, 0.6), family=(("f", 0.0),), spread=(0.4, 0.8)),
    )
    values = drawn(column, ROW, 400, SEED)
    assert (steps(values) >= -1e-12 * values.max()).all()


def test_errors_of_one_table_add_up_and_those_of_several_studies_average_out():
    """Four kinds of 1 (0.5 to 1.5): with one draw their sum spreads as four times one, else as twice."""
    item = curve("table", "triangular", [0.5] * 4, [1.0] * 4, [1.5] * 4)
    together = drawn(column_of(item), ROW, 4000, SEED)
    apart = drawn(replace(column_of(item), error=Error(independent=True)), ROW, 4000, SEED)
    one = together[..., 0].std()
    assert together.sum(axis=KIND).std() == pytest.approx(4 * one)
    assert apart.sum(axis=KIND).std() == pytest.approx(2 * one, rel=0.05)


def test_flooded_people_have_the_range_of_one_draw_for_each_curve(porto_alegre):
    """An audit drew each curve once and found 610 to 4,290 people a year; apart, the draws gave 1,190 to 3,340."""
    name = "expected_annual_flooded_people"
    values = porto_alegre.run([name], draws=4 * DRAWS)[name][0, :, 0]
    low, high = np.percentile(values.reshape(len(values), -1).sum(axis=1), (5, 95))
    assert low == pytest.approx(610, rel=0.1)
    assert high == pytest.approx(4290, rel=0.1)


def test_inputs_that_share_a_source_of_error_correlate_as_stated(porto_alegre):
    """Two correlations with a common error multiply: .7 x .7 of two unit costs, .7 x .5 of a cost and a lead time."""

    def rank(name: str) -> np.ndarray:
        return np.argsort(np.argsort(porto_alegre.drawn(name, 20_000)))

    def correlation(one: str, other: str) -> float:
        between = np.corrcoef(rank(one), rank(other))[0, 1]  # of ranks, and so 6/pi asin(r/2) of that of scores
        return float(2 * np.sin(np.pi / 6 * between))

    assert correlation("deep_retrofit_cost", "street_trees_cost") == pytest.approx(0.49, abs=0.02)
    assert correlation("deep_retrofit_cost", "deep_retrofit_lead_time") == pytest.approx(0.35, abs=0.02)
    assert correlation("deep_retrofit_cost", "canopy_cooling") == pytest.approx(0.0, abs=0.03)


def test_by_chance_two_sources_of_error_hardly_correlate(porto_alegre, made):
    """With n draws a chance correlation has a standard deviation of 1/sqrt(n): among 50,000 pairs, 4.5 of them."""
    for stack in (porto_alegre.stack, CityModel(made[0]).stack):
        assert 2 / DRAWS**0.5 < stack.spurious_correlation() < 4.5 / DRAWS**0.5
    assert porto_alegre.stack.spurious_correlation(200) > 0.2


def test_the_history_of_a_fact_errs_as_the_fact(made):
    """Waste landfilled in the base year is the last of its series, in every draw."""
    inputs = CityModel(made[0]).stack.inputs
    now, past = (drawn(inputs[name], ROW, 50, SEED) for name in ("base_waste_landfilled", "past_waste_landfilled"))
    np.testing.assert_allclose(past[:, :, -1:], now)
    assert now.std() > 0


# how wide


def spread_of(column: Column) -> tuple[float, float, float]:
    """Standard deviation in logarithms and in logits, and the median of a single-valued column."""
    values = drawn(column, ROW, 4000, SEED).ravel()
    inside = values[(values > 0) & (values < 1)]
    return np.log(values).std(), np.log(inside / (1 - inside)).std() if len(inside) > 1 else np.nan, np.median(values)


@pytest.mark.parametrize(
    ("unit", "mid", "width"),
    [("t", 5.0, 0.02), ("t", 5.0, 0.3), ("share", 0.4, 0.01), ("share", 0.97, 0.02), ("t", 2, 0)],
)
@pytest.mark.parametrize("distribution", ["triangular", "lognormal", "normal", "uniform"])
def test_what_is_recalled_is_drawn_at_least_so_wide(unit, mid, width, distribution):
    """Quality C: .3 in logarithms, .6 in logits of shares, around the same median; B keeps its own range."""
    item = curve("x", distribution, [mid * (1 - width)], [mid], [min(mid * (1 + width), 1 if unit == "share" else 99)])
    column = replace(column_of(replace(item, unit=unit)), qualities=("C",), error=error_of("x", unit))
    logs, logits, median = spread_of(column)
    if unit == "share":
        assert logits > 0.59
    else:
        assert logs > 0.295
    assert median == pytest.approx(mid, rel=0.01)
    own = spread_of(replace(column, qualities=("B",)))
    assert own[0] <= logs + 1e-9
    if width < 0.1:
        assert own[0] < 0.1


def test_what_has_a_sign_or_a_zero_of_its_own_keeps_its_range(porto_alegre):
    """Growth, and levels above the zero of a gauge, are recalled too; a quantity that is nothing stays nothing."""
    for name in ("population_growth", "gdp_growth", "base_flood_level", "base_flood_protection_level", "warming_rate"):
        column = porto_alegre.stack.inputs[name]
        assert column.qualities == ("C",), name
        values = drawn(column, ROW, DRAWS, SEED)
        assert (values >= column.low - 1e-12).all(), name
        assert (values <= column.high + 1e-12).all(), name
    nothing = replace(column_of(curve("x", "triangular", [0], [0], [0])), qualities=("C",), error=error_of("x", "t"))
    assert (drawn(nothing, ROW, 100, SEED) == 0).all()


def test_what_is_positive_stays_positive_however_wide_its_range():
    """A normal distribution whose range nearly touches zero stops there."""
    item = column_of(curve("x", "normal", [0.5], [5.0], [9.5]))
    values = drawn(item, ROW, 2000, SEED)
    assert values.min() == 0
    assert np.median(values) == pytest.approx(5.0, rel=0.01)


def test_the_quality_of_each_city_reaches_its_draws(made):
    """The same figure, surveyed in one city and recalled in the next: only the second is drawn wide."""
    fact = next(fact for fact in made[0].facts if fact.name == "waste_collection_coverage")
    known = replace(fact, value=0.8, low=0.79, high=0.81, note="", source="survey")
    cities = [
        replace(city, facts=(*(f for f in city.facts if f.name != fact.name), replace(known, quality=quality)))
        for city, quality in zip(made[:2], "BC", strict=True)
    ]
    column = Cities(cities).stacks[0].inputs["base_waste_collection_coverage"]
    sure, recalled = drawn(column, np.arange(2), 2000, SEED).reshape(2, -1)
    assert np.ptp(sure) < 0.021
    assert np.log(recalled / (1 - recalled)).std() > 0.59


def test_no_draw_leaves_its_limits(porto_alegre, made):
    """No share outside 0 to 1, nothing below zero that its range does not go below, in all inputs of six cities."""
    seen = 0
    for stack in (porto_alegre.stack, *Cities(made).stacks):
        for name, column in stack.inputs.items():
            if not column.uncertain:
                continue
            rows = np.arange(len(column.central))
            values = drawn(column, rows, 300, SEED, classification=stack.graph.nodes[name].classification)
            if column.unit == "share" and not (column.high > 1).any() and not (column.low < 0).any():
                assert np.nanmin(values) >= 0, name
                assert np.nanmax(values) <= 1 + 1e-12, name
                seen += 1
            if not (column.low < 0).any():
                assert np.nanmin(values) >= 0, name
    assert seen > 200


# a city is not its country


def test_every_default_belongs_to_a_family_or_is_said_to_belong_to_none(made):
    """What made cities are given, the priors, and what stands in for a fact that is not known."""
    given = {vocabulary()[fact.name].enters_as for city in made for fact in city.facts if is_default(fact)}
    priors = {name for name, rows in tables.rows().items() if any(row.place.startswith("defaults.csv") for row in rows)}
    text = files("caminos.pathways").joinpath("defaults.csv").read_text(encoding="utf-8")
    instead = {name for row in csv.DictReader(text.splitlines()) for name in expression_names(row["expression"])}
    priors |= {name for name in instead if name in tables.rows()}
    assert given | priors <= set(members())
    assert {family for family, _sign in members().values()} == {*families(), "none"}
    assert {sign for _family, sign in members().values()} == {1.0, -1.0}


def test_the_tables_of_errors_name_what_there_is(porto_alegre):
    """Every input of them is a fact or a parameter; correlations lie between -1 and 1; all costs share an overrun."""
    known = {term.enters_as for term in vocabulary().values()} | set(tables.rows())
    assert set(shared()) <= known
    assert set(members()) <= known
    for name, row in shared().items():
        assert -1 <= row.correlation <= 1, name
        assert bool(row.error) == bool(row.correlation), name
        assert row.scale in ("", "own", "logit", "family"), name
        assert row.scale != "family" or name in members(), name
    for action in library():
        wanted = [action.capital_cost, action.lead_time, *([action.operating_cost] if action.operating_cost else [])]
        assert all(shared()[name].error == "overruns of public works" for name in wanted), action.id
    for table in ("errors", "error_families", "families"):
        text = files("caminos.parameters").joinpath(f"{table}.csv").read_text(encoding="utf-8")
        assert all((row.get("source") or row["reason"]).strip() for row in csv.DictReader(text.splitlines())), table


def width(values: np.ndarray) -> float:
    low, high = np.percentile(values, (5, 95))
    return float(high / low)


def test_an_own_fact_in_place_of_a_default_narrows_the_result(made):
    """The same electricity, fuels and range, read from the city's own meters: emissions are surer."""
    name = "emissions_basic"
    metered = ("electricity_use", "stationary_fuel_emissions")
    own = tuple(replace(fact, note="meters", quality="B") if fact.name in metered else fact for fact in made[0].facts)
    before, after = (CityModel(city).run([name], draws=DRAWS)[name][0, :, 0].ravel() for city in (
        made[0], replace(made[0], facts=own)
    ))  # fmt: skip
    assert width(after) < 0.9 * width(before)


def test_the_sizes_of_error_can_be_given(made):
    """Without families emissions are surer than with those of the table, and less so with larger ones."""
    name = "emissions_basic"
    larger = {family: Family(1.0, 1.0) for family in families()}
    none, usual, large = (
        width(CityModel(made[0], errors=errors).run([name], draws=DRAWS)[name][0, :, 0].ravel())
        for errors in ({}, None, larger)
    )
    assert none < 0.9 * usual < 0.81 * large


@pytest.mark.parametrize(("size", "expected"), [(0.5, 0.5), (0.1, 0.3), (0.0, 0.3)])
def test_the_error_of_its_family_counts_towards_what_is_recalled(size, expected):
    """A recalled default is .3 wide, or as wide as its family: the two are not added."""
    column = replace(
        column_of(curve("x", "triangular", [5], [5], [5])),
        qualities=("C",),
        defaults=np.ones((1,) * 6, dtype=bool),
        error=Error(least=(0.3, 0.6), family=(("f", 0.0),), spread=(size, size)),
    )
    assert spread_of(column)[0] == pytest.approx(expected, rel=0.02)


def test_the_error_of_a_family_is_alike_in_every_city(made):
    """With no other error than that of their family, all defaults of all cities err by the same factor."""
    cities = [
        replace(city, facts=tuple(replace(f, quality="B", low=None, high=None) for f in city.facts)) for city in made
    ]
    errors = {"energy": Family(0.5, 0.5), "waste": Family(0.25, 0.5)}
    inputs = Cities(cities, errors=errors).stacks[0].inputs
    factors = {}
    for name in ("base_electricity_use", "base_waste_landfilled", "base_road_fuel_energy"):
        column = inputs[name]
        values = drawn(column, np.arange(len(cities)), 200, SEED)
        with np.errstate(invalid="ignore"):
            factors[name] = np.log(values / column.central)
    for row in range(len(cities)):
        used = factors["base_electricity_use"][row]
        np.testing.assert_allclose(used[..., 0], factors["base_electricity_use"][0][..., 0])
    assert factors["base_electricity_use"][0, ..., 0].std() == pytest.approx(0.5, rel=0.05)
    assert factors["base_waste_landfilled"][0].std() == pytest.approx(0.25, rel=0.05)
    assert np.nanmax(np.abs(factors["base_road_fuel_energy"])) < 1e-12


def test_families_correlate_by_what_they_have_in_common(made):
    """.6 and .5 with the common error: .3 with each other."""
    errors = {"energy": Family(0.5, 0.5, 0.6), "waste": Family(0.5, 0.5, 0.5)}
    city = replace(made[0], facts=tuple(replace(f, quality="B", low=None, high=None) for f in made[0].facts))
    inputs = CityModel(city, errors=errors).stack.inputs
    energy, waste = (
        np.log(drawn(inputs[name], ROW, 20_000, SEED)[..., 0]).ravel()
        for name in ("base_electricity_use", "base_waste_landfilled")
    )
    assert np.corrcoef(energy, waste)[0, 1] == pytest.approx(0.3, abs=0.02)


def test_a_prior_of_the_region_is_a_default_and_an_own_figure_is_not(made):
    """Canopy in logits by the table's size, and no more than its own range once the city has measured it."""
    prior = CityModel(made[0]).stack.inputs["canopy_cover_prior"]
    assert prior.defaults is not None
    assert prior.defaults.all()
    fact = made[0].facts[0]
    own = replace(
        fact, name="canopy_cover_prior", kind="", value=0.2, low=0.19, high=0.21, unit="share", quality="A", note=""
    )
    mine = CityModel(replace(made[0], facts=(*made[0].facts, own))).stack.inputs["canopy_cover_prior"]
    assert np.ptp(drawn(mine, ROW, 500, SEED)) < 0.021


# costs and time


def test_costs_are_drawn_at_the_points_of_the_run(porto_alegre):
    """Each draw of the cost is the sum by hand of that draw's size, prices, lifetime, lead time and discount rate."""
    draws, action = 40, porto_alegre.actions["street_trees"]
    sizes = porto_alegre.run([action.size], draws=draws)[action.size].reshape(-1)
    sizes = np.broadcast_to(sizes[:draws] if len(sizes) > 1 else sizes, (draws,))
    of = {name: porto_alegre.drawn(name, draws) for name in (
        action.capital_cost, action.operating_cost, action.lifetime, action.lead_time, role("discount rate"),
        role("staff of a programme"),
    )}  # fmt: skip
    found = costs(porto_alegre, [Case("", (Measure(action.id, 2026),))], 2026, draws=draws)[0][0]
    for draw in range(draws):
        here = {name: float(values[draw]) for name, values in of.items()}
        works = max(round(here[action.lead_time] + action.ramp_years), 1)
        again = max(round(here[action.lifetime]), works)
        expected = 0.0
        for year in range(2026, 2051):
            rise = min(max((year - 2026 - here[action.lead_time]) / action.ramp_years, 0), 1)
            spent = sizes[draw] * here[action.capital_cost] / works * ((year - 2026) % again < works)
            spent += sizes[draw] * here[action.operating_cost] * rise**2 * (3 - 2 * rise)
            spent += here[role("staff of a programme")] / 25
            expected += spent / (1 + here[role("discount rate")]) ** (year - 2026)
        assert found[draw] == pytest.approx(expected), draw
    assert found.std() > 0.1 * found.mean()


def test_public_spending_is_drawn_too(porto_alegre):
    """What private owners lead costs the public the drawn part of it."""
    action = next(action for action in porto_alegre.available if action.implementer[:1] == ("P",))
    measure = Measure(action.id, 2026)
    whole, public = (action_spending(porto_alegre, measure, public_only=only, draws=30) for only in (False, True))
    staff = porto_alegre.drawn(role("staff of a programme"), 30) / 25
    first = list(porto_alegre.years).index(2026)
    part = (public[:, first] - staff) / (whole[:, first] - staff)
    assert part == pytest.approx(porto_alegre.drawn(role("public part of private action"), 30))
    assert part.std() > 0


def test_lead_times_move_when_an_effect_begins(porto_alegre):
    """Trees planted late in a draw stand late: their adoption follows that draw's lead time, in runs as in costs."""
    action, draws = porto_alegre.actions["street_trees"], 64
    lead = porto_alegre.drawn(action.lead_time, draws)
    curves = porto_alegre.adoption(Measure(action.id, 2026), draws)
    after = porto_alegre.years - 2026 - lead[:, None]
    assert (curves[after <= 0] == 0).all()
    assert (curves[after > 0] > 0).all()
    assert len({int(np.argmax(row > 0)) for row in curves}) > 1
    run = porto_alegre.run([action.adoption], [BASELINE, Case("trees", (Measure(action.id, 2026),))], draws=draws)
    np.testing.assert_array_equal(run[action.adoption][1, :, :, 0, 0, 0], curves)
    assert not run[action.adoption][0].any()


def test_cities_share_lead_times_of_the_literature_and_keep_their_own(made):
    """A city that knows its lead time has it in every draw; the others draw that of the table, together as alone."""
    action = next(action for action in library() if action.id == "street_trees")
    fact = made[0].facts[0]
    own = replace(fact, name=action.lead_time, kind="", value=6.0, low=6.0, high=6.0, unit="yr", quality="A", note="")
    cities = [replace(made[0], facts=(*made[0].facts, own)), made[1], made[2]]
    cases = [BASELINE, Case("trees", (Measure(action.id, 2026),))]
    part = Cities(cities).run([action.adoption], cases, draws=16)[0]
    for place, city in enumerate(cities):
        alone = CityModel(city).run([action.adoption], cases, draws=16)[action.adoption]
        found = part.of(place, 1, action.adoption)[0]
        np.testing.assert_array_equal(found, np.broadcast_to(alone[1], found.shape))
    assert (part.of(0, 1, action.adoption)[0, :, :9] == 0).all()  # 2024 to 2032
    assert part.of(1, 1, action.adoption)[0, :, 8].any()


def test_draws_in_blocks_are_those_of_one_block(porto_alegre):
    """Adoption and inputs that are kept for a run are cut into the same draws, whatever the blocks."""
    names = ["heat_deaths", "emissions_basic"]
    cases = [BASELINE, *single_cases(porto_alegre, 2026)[:3]]
    one, other = (porto_alegre.run(names, cases, draws=70, draws_at_once=at_once) for at_once in (7, 70))
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


def test_central_answers_do_not_know_of_draws(porto_alegre):
    """Asked with draws in between, central values stay what they were, and are inside the range of the draws."""
    cases = single_cases(porto_alegre, 2026)[:4]
    before = assess(porto_alegre, cases, 2026)
    between = assess(porto_alegre, cases, 2026, draws=50)
    after = assess(porto_alegre, cases, 2026)
    np.testing.assert_array_equal(before.worth, after.worth)
    np.testing.assert_array_equal(before.cost, after.cost)
    assert between.cost.shape == (len(cases), 50)
    assert (between.cost.min(axis=1) < before.cost[:, 0]).all()
    assert (between.cost.max(axis=1) > before.cost[:, 0]).all()


def test_every_indicator_survives_its_draws(made):
    """With all errors at once no indicator that is estimated loses its number in a made city."""
    model = CityModel(made[3])
    names = [name for name, node in model.graph.nodes.items() if isinstance(node, Indicator) and node.pathway]
    central, draws = model.run(names), model.run(names, draws=32)
    for name in names:
        if isinstance(central[name], NotEstimated):
            continue
        assert not isinstance(draws[name], NotEstimated), name
        known = ~np.isnan(central[name]).all(axis=1)
        assert not np.isnan(np.broadcast_to(draws[name], np.broadcast_shapes(draws[name].shape, central[name].shape)))[
            np.broadcast_to(known[:, None], np.broadcast_shapes(draws[name].shape, central[name].shape))
        ].all(), name
