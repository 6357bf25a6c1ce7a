"""Laws that hold whatever the numbers: balances, monotony, units, missing facts, order and blocks of draws."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from caminos.actions.library import levers, library
from caminos.city.new import made_city
from caminos.city.package import City, read_city
from caminos.city.places import find_place
from caminos.model.axes import QUINTILES, labels
from caminos.model.evaluation import Evaluation
from caminos.model.indicator import Indicator
from caminos.model.values import NotEstimated
from caminos.pathways.low_emission.waste import landfill_methane_generated
from caminos.pathways.resilient.floods import flooded_people
from caminos.pathways.tables import headlines
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.diagnosis import unknown
from caminos.planning.graph import assemble
from caminos.planning.results import value_at

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cities" / "porto-alegre"
HEADLINES = [headline.indicator for headline in headlines()]
LEVERS = {lever.name: lever for lever in levers()}
FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MONEY = re.compile(r"\b(BRL|USD)(\d{4})?\b")


def cell(value: float) -> np.ndarray:
    return np.full((1,) * 6, value)


def by_kind(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float).reshape(1, 1, 1, 1, 1, -1)


def two(low: float, high: float) -> np.ndarray:
    """Two cases side by side."""
    return np.array([low, high]).reshape(2, 1, 1, 1, 1, 1)


def moved(model: CityModel, **values: np.ndarray) -> Evaluation:
    """The baseline with some nodes set by hand."""
    evaluation = model.evaluation()
    for name, value in values.items():
        evaluation.set(name, value)
    return evaluation


def share(maximum: float = 1.0) -> st.SearchStrategy[float]:
    return st.floats(0, maximum)


def ordered(maximum: float = 1.0) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(share(maximum), share(maximum)).map(lambda pair: (min(pair), max(pair)))


# balances


FATES = ("composted", "digested", "recycled", "burnt", "otherwise_treated", "landfilled", "uncollected")
WASTE_FACTS = ("landfilled", "sorted", "composted", "digested", "incinerated", "otherwise_treated")


@pytest.fixture(scope="module")
def utrecht() -> CityModel:
    """A city with waste of every fate: made from the defaults of a country that burns half of it."""
    return CityModel(made_city(find_place("Utrecht, Netherlands")))


@given(
    prevented=share(0.9), organics=share(), dry=share(), coverage=share(),
    tonnes=st.lists(st.just(0.0) | st.floats(1, 1e7), min_size=6, max_size=6),
)  # fmt: skip
@FEW
def test_waste_of_every_stream_goes_somewhere(utrecht, prevented, organics, dry, coverage, tonnes):
    """Generated = landfilled + composted + digested + recycled + burnt + other fates + uncollected, by stream.

    What sorting rejects is in landfills and plants, where a city weighs it.
    """
    facts = {f"base_waste_{name}": cell(value) for name, value in zip(WASTE_FACTS, tonnes, strict=True)}
    evaluation = moved(
        utrecht, waste_prevented_share=cell(prevented), organics_collected_share=cell(organics),
        dry_recycling_share=cell(dry), waste_collection_coverage=cell(coverage), **facts,
    )  # fmt: skip
    generated, composition = evaluation.get("waste_generated"), evaluation.get("waste_composition")
    parts = {way: evaluation.get(f"waste_{way}_by_stream") for way in FATES}
    np.testing.assert_allclose(sum(parts.values()), generated * composition, rtol=1e-9, atol=1e-6)
    assert all((part >= 0).all() for part in parts.values())
    whole = sum(evaluation.get(f"waste_{way}") for way in FATES)
    np.testing.assert_allclose(whole, generated, rtol=1e-9, atol=1e-6)
    recovered = evaluation.get("waste_recovery_rate")
    assert ((recovered >= 0) & (recovered <= 1 + 1e-9)).all()
    disposed = evaluation.get("waste_disposed_per_person") * evaluation.get("population") / 1000
    np.testing.assert_allclose(disposed + recovered * generated, generated, rtol=1e-9, atol=1e-6)
    # only food and garden waste rots into compost, only paper, plastics, glass and metal is recycled
    streams = list(labels("waste_stream"))
    compostable, recyclable = ("food", "garden"), ("paper", "plastics", "glass", "metal")
    for place, stream in enumerate(streams):
        for way in ("composted", "digested"):
            assert (parts[way][..., place].max() > 0) <= (stream in compostable)
        assert (parts["recycled"][..., place].max() > 0) <= (stream in recyclable)


@given(tonnes=st.lists(st.just(0.0) | st.floats(1, 1e7), min_size=6, max_size=6), coverage=st.floats(0.05, 1))
@FEW
def test_what_a_city_counts_is_what_its_fates_are_in_the_base_year(utrecht, tonnes, coverage):
    """Every fact comes out again as the fate that it is, as long as the streams hold what is recovered."""
    facts = dict(zip(WASTE_FACTS, tonnes, strict=True))
    collected = sum(tonnes)
    given = {f"base_waste_{name}": cell(value) for name, value in facts.items()}
    base = {"population_growth": cell(0), "gdp_growth": cell(0), "base_waste_collection_coverage": cell(coverage)}
    evaluation = moved(utrecht, **given, **base, base_sorting_yield=cell(1))
    organic, dry = (float(evaluation.get(f"{kind}_share_of_waste").ravel()[0]) for kind in ("organic", "dry"))
    held = facts["composted"] + facts["digested"] <= organic * collected and facts["sorted"] <= dry * collected
    assume(held)

    def first(name: str) -> float:
        return float(evaluation.get(name)[0, 0, 0].ravel()[0])

    for fact, fate in zip(WASTE_FACTS, ("landfilled", "recycled", "composted", "digested", "burnt",
                                        "otherwise_treated"), strict=True):  # fmt: skip
        assert first(f"waste_{fate}") == pytest.approx(facts[fact], rel=1e-9, abs=1e-6)
    assert first("waste_uncollected") == pytest.approx(collected / coverage - collected, rel=1e-9, abs=1e-6)


def test_the_waste_balance_closes_in_every_draw(porto_alegre, utrecht):
    names = ["waste_generated", *(f"waste_{way}" for way in FATES)]
    for model in (porto_alegre, utrecht):
        case = Case("all", tuple(Measure(action.id, 2026) for action in model.available))
        drawn = model.run(names, [BASELINE, case], draws=50)
        whole = sum(drawn[name] for name in names[1:])
        np.testing.assert_allclose(whole, np.broadcast_to(drawn["waste_generated"], whole.shape), rtol=1e-9)
        assert all((drawn[name] >= 0).all() for name in names)


def test_a_true_zero_of_waste_is_a_zero(utrecht):
    """A city that landfills nothing, and never did, has no methane of landfills; nothing else is blamed for it."""
    nothing = {f"base_waste_{name}": cell(0) for name in WASTE_FACTS}
    evaluation = moved(utrecht, past_waste_landfilled=np.zeros((1, 1, 50, 1, 1, 1)), **nothing)
    for name in ("waste_landfilled", "landfill_methane", "landfill_emissions", "incineration_emissions"):
        assert (evaluation.get(name) == 0).all(), name
    by_subsector = evaluation.get("emissions_by_subsector")
    assert (by_subsector[..., labels("gpc").index("III.1")] == 0).all()
    # what was buried before goes on decaying
    old = moved(utrecht, past_waste_landfilled=np.full((1, 1, 50, 1, 1, 1), 1e5), **nothing).get("landfill_methane")
    assert (old[0, 0, :, 0, 0, 0] > 0).all()
    assert (np.diff(old[0, 0, :, 0, 0, 0]) < 0).all()


LONG = 700  # years: with a decay rate of 0.05 nothing is left
METHANE_FRACTION, METHANE_PER_CARBON = 0.5, 16 / 12


@given(
    rates=st.lists(st.floats(0.05, 0.4), min_size=11, max_size=11),
    stock=st.floats(0, 1e6),
    deposits=st.lists(st.floats(0, 1e5), min_size=1, max_size=30),
)
@FEW
def test_landfills_give_off_over_time_what_was_put_into_them(rates, stock, deposits):
    """Sum over all later years = (stock + later deposits) x F x 16/12, and each year follows the recursion by hand."""
    kinds = len(labels("waste_stream"))
    rates = (rates * kinds)[:kinds]
    put = np.zeros(LONG)
    put[1 : 1 + len(deposits)] = deposits  # the deposit of the first year is in the stock already
    along = put.reshape(1, 1, -1, 1, 1, 1) * np.ones(kinds)
    made = landfill_methane_generated(
        along, by_kind([stock] * kinds), by_kind(rates), np.arange(LONG, dtype=float).reshape(1, 1, -1, 1, 1, 1),
        cell(1.0), cell(METHANE_FRACTION), cell(METHANE_PER_CARBON),
    )  # fmt: skip
    committed = (stock + sum(deposits)) * METHANE_FRACTION * METHANE_PER_CARBON
    np.testing.assert_allclose(made[0, 0, 1:, 0, 0, :].sum(axis=0), committed, rtol=1e-9)
    left, rate = stock, rates[0]
    for year in range(1, 40):
        decomposed = left * (1 - np.exp(-rate))
        expected = decomposed * METHANE_FRACTION * METHANE_PER_CARBON
        assert made[0, 0, year, 0, 0, 0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
        left = left - decomposed + put[year]


# monotony: two cases, the second with more of one thing


def rises(model: CityModel, target: str, **values: np.ndarray) -> np.ndarray:
    """Change of the target from the first to the second case."""
    result = moved(model, **values).get(target)
    assert not isinstance(result, NotEstimated), result
    return np.asarray(result[-1] - result[0])


def slack(model: CityModel, target: str) -> float:
    """Rounding of one target."""
    return 1e-12 * float(np.nanmax(np.abs(model.run([target])[target])))


@given(pair=ordered(0.9))
@FEW
def test_more_gas_collected_never_means_more_methane(porto_alegre, pair):
    collected = two(*pair)
    assert (rises(porto_alegre, "landfill_methane", landfill_gas_collected_share=collected) <= 0).all()
    assert (rises(porto_alegre, "emissions_per_person", landfill_gas_collected_share=collected) <= 0).all()
    assert (rises(porto_alegre, "landfill_gas_energy", landfill_gas_collected_share=collected) >= 0).all()


@pytest.mark.parametrize(
    "lever",
    ["homes_retrofitted_share", "service_buildings_retrofitted_share", "new_building_code_share", "cool_roof_share"],
)
@given(pair=ordered())
@settings(FEW, max_examples=8)
def test_savings_in_buildings_never_raise_energy(porto_alegre, lever, pair):
    values = two(*pair) * (np.ones((1, 1, 1, 1, 5, 1)) if "group" in LEVERS[lever].dims else 1)
    for target in ("electricity_use", "stationary_fuel_energy", "fossil_energy_per_person", "emissions_per_person"):
        assert (np.nan_to_num(rises(porto_alegre, target, **{lever: values})) <= slack(porto_alegre, target)).all()
    assert (rises(porto_alegre, "energy_burden", **{lever: values}) <= slack(porto_alegre, "energy_burden")).all()


@given(pair=ordered(0.8))
@FEW
def test_more_canopy_never_warms_nor_kills_by_heat(porto_alegre, pair):
    canopy = two(*pair)
    assert (rises(porto_alegre, "air_temperature_lowered", canopy_added=canopy) >= 0).all()
    assert (rises(porto_alegre, "heat_deaths_by_group", canopy_added=canopy) <= 0).all()
    assert (rises(porto_alegre, "cold_deaths", canopy_added=canopy) >= 0).all(), "the trade-off has the other sign"
    assert (rises(porto_alegre, "tree_carbon_stored", canopy_added=canopy) >= 0).all()
    island = float(porto_alegre.inputs["urban_heat_island"].central.item())
    cooled = moved(porto_alegre, canopy_added=canopy).get("air_temperature_lowered")
    assert cooled.max() <= island, "a city is never cooled by more than its heat island"


@given(level=st.floats(0, 8), rise=st.floats(0, 4))
@FEW
def test_higher_protection_never_floods_more(porto_alegre, level, rise):
    wall = two(level, level + rise)
    for target in ("flooded_people", "expected_annual_flooded_people", "river_flood_damage"):
        changed = rises(porto_alegre, target, flood_protection_level=wall)
        assert (changed <= slack(porto_alegre, target)).all()


@given(level=st.floats(0, 12), rise=st.floats(0, 4), wall=st.floats(0, 8), exponent=st.floats(0.5, 3))
@FEW
def test_a_higher_flood_never_hits_fewer(porto_alegre, level, rise, wall, exponent):
    values = {
        "flood_level": two(level, level + rise),
        "flood_protection_level": cell(wall),
        "flood_exposure_exponent": cell(exponent),
    }
    for target in ("flooded_people", "flood_damage"):
        assert (rises(porto_alegre, target, **values) >= -1e-9 * slack(porto_alegre, target)).all()


def test_a_rarer_flood_hits_no_fewer_than_a_more_frequent_one(porto_alegre):
    drawn = porto_alegre.run(["flooded_people", "flood_damage", "protection_failure"], draws=0)
    for name, value in drawn.items():
        assert (np.diff(value, axis=-1) >= 0).all(), name
    assert drawn["flooded_people"][..., -1].min() > 0


def test_people_behind_a_wall_that_holds_are_dry():
    """A level ten spreads below the crest: practically nobody; ten above: everybody that the level reaches."""
    failure = 1 / (1 + np.exp([10.0, -10.0]))
    people = [
        float(flooded_people(cell(1000.0), cell(1.0), cell(item), cell(0.0), cell(1.0)).item()) for item in failure
    ]
    assert people[0] < 0.1
    assert people[1] > 999.9


@given(pair=ordered())
@FEW
def test_more_sewers_never_mean_more_deaths_by_diarrhoea(porto_alegre, pair):
    deaths = {"base_diarrhoea_deaths": cell(30.0)}  # Porto Alegre gives no figure: any will do
    changed = rises(porto_alegre, "diarrhoea_deaths", sewer_coverage=two(*pair), **deaths)
    assert (changed <= 1e-12).all()
    at_observed = moved(porto_alegre, **deaths).get("diarrhoea_deaths")
    assert at_observed[0, 0, 0].item() == pytest.approx(30.0)


@given(pair=ordered(0.9))
@FEW
def test_fewer_losses_never_need_more_water(porto_alegre, pair):
    assert (rises(porto_alegre, "water_produced", water_loss_share=two(*pair)) >= 0).all()


# shares and quantities under any combination of actions


SHARES = [
    name for name, lever in LEVERS.items() if lever.unit == "share"
] + ["canopy_cover", "natural_area", "waste_recovery_rate", "waste_landfill_rate", "waste_collected_and_controlled",
     "energy_burden", "fifteen_minute_access", "household_energy_saving", "building_energy_saving",
     "grid_supply_share", "renewable_energy_share", "protection_failure", "heat_attributable_share_by_group",
     "critical_load_backed", "sewage_path_share", "canopy_gap"]  # fmt: skip
NEVER_NEGATIVE = [
    "electricity_use", "stationary_fuel_energy", "road_fuel_energy", "car_distance", "bus_distance", "truck_distance",
    "water_produced", "waste_landfilled_by_stream", "waste_generated", "flooded_people", "flood_damage", "heat_deaths",
    "cold_deaths", "road_deaths_by_mode", "pm25_concentration", "pm25_deaths", "landfill_methane_generated",
    "people_in_risk_sectors", "people_in_informal_settlements", "critical_outage_hours", "storm_water_retained",
    "outage_hours", "green_area_per_person", "natural_area_restored",
]  # fmt: skip


@given(data=st.data())
@settings(FEW, max_examples=12)
def test_shares_stay_between_nothing_and_all_for_any_combination_of_actions(porto_alegre, data):
    ids = [action.id for action in porto_alegre.available]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True, min_size=1))
    measures = [Measure(name, data.draw(st.integers(2022, 2045)), data.draw(st.floats(0, 1))) for name in chosen]
    everything = Case("all", tuple(Measure(name, 2022) for name in ids))
    cases = [BASELINE, Case("some", tuple(measures)), everything]
    for draws in (0, 8):
        for name, value in porto_alegre.run([*SHARES, *NEVER_NEGATIVE], cases, draws=draws).items():
            if isinstance(value, NotEstimated):
                assert name == "green_access_share"  # the one that Porto Alegre has no figure for
                continue
            assert np.nanmin(value) >= -1e-9, name
            if name in SHARES:
                assert np.nanmax(value) <= 1 + 1e-12, name


# order, blocks, cases


CASES = [
    BASELINE,
    Case("trees", (Measure("street_trees", 2026),)),
    Case("wall", (Measure("flood_protection", 2028, 0.5),)),
    Case("both", (Measure("street_trees", 2030, 0.3), Measure("heat_action_plan", 2026))),
]


@given(order=st.permutations(range(len(CASES))), draws=st.sampled_from([0, 5]))
@settings(FEW, max_examples=8)
def test_the_order_of_cases_does_not_matter(porto_alegre, order, draws):
    straight = porto_alegre.run(HEADLINES, CASES, draws=draws)
    shuffled = porto_alegre.run(HEADLINES, [CASES[place] for place in order], draws=draws)
    for name in HEADLINES:
        if isinstance(straight[name], NotEstimated):
            assert straight[name] == shuffled[name]
            continue
        wanted = straight[name][list(order)] if straight[name].shape[0] > 1 else straight[name]
        assert np.array_equal(wanted, shuffled[name], equal_nan=True), name


def test_a_case_among_others_is_the_same_as_alone(porto_alegre):
    together = porto_alegre.run(HEADLINES, CASES)
    for place, case in enumerate(CASES):
        alone = porto_alegre.run(HEADLINES, [case])
        for name in HEADLINES:
            if not isinstance(alone[name], NotEstimated):
                value = together[name][place : place + 1] if together[name].shape[0] > 1 else together[name]
                assert np.array_equal(*np.broadcast_arrays(value, alone[name]), equal_nan=True), (case.name, name)


@pytest.mark.parametrize("block", [1, 7, 10, 63, 64])
def test_blocks_of_draws_do_not_change_results(porto_alegre, block):
    """64 draws; 7 and 63 leave a last block of one draw."""
    names = [
        "heat_deaths",
        "expected_annual_flooded_people",
        "emissions_per_person",
        "waste_generated",
        "energy_burden",
    ]
    whole = porto_alegre.run(names, CASES[:2], draws=64, draws_at_once=1000)
    parts = porto_alegre.run(names, CASES[:2], draws=64, draws_at_once=block)
    for name in names:
        assert whole[name].shape[1] == 64, name
        assert parts[name].shape == whole[name].shape, name
        assert np.array_equal(whole[name], parts[name], equal_nan=True), name


def test_blocks_of_ends_do_not_change_results(porto_alegre):
    """33 values along the draw axis, as 16 weak inputs at both ends make: one more than a block holds."""
    central = porto_alegre.inputs["canopy_cooling"].central
    values = {"canopy_cooling": central * np.linspace(0.5, 1.5, 33).reshape(1, 33, 1, 1, 1, 1)}
    parts = porto_alegre.run(["heat_deaths"], CASES[:2], values=values, draws_at_once=32)["heat_deaths"]
    whole = porto_alegre.run(["heat_deaths"], CASES[:2], values=values, draws_at_once=64)["heat_deaths"]
    assert parts.shape == whole.shape == (2, 33, len(porto_alegre.years), 1, 1, 1)
    assert np.array_equal(parts, whole)


def test_inputs_given_by_hand_hold_in_draws_too(porto_alegre):
    """A value that replaces an input replaces it in a Monte Carlo run as well, or both at once are refused."""
    none, target = {"canopy_cooling": cell(0.0)}, "air_temperature_lowered"
    try:
        lowered = porto_alegre.run([target], [CASES[1]], draws=8, values=none)[target]
    except ValueError:
        return
    assert np.abs(lowered).max() == 0, "trees that do not cool have cooled"


# units


SAME = (  # a unit, another of the same dimension, and how many of the other make one
    ("GWh", "MWh", 1e3), ("MWh", "kWh", 1e3), ("TJ/", "GJ/", 1e3), ("t/", "kg/", 1e3), ("t CO2e/yr", "kg CO2e/yr", 1e3),
)  # fmt: skip


def rates() -> dict[int, float]:
    """Reais for a dollar by year, straight from the table."""
    with (ROOT / "src" / "caminos" / "parameters" / "money.csv").open(encoding="utf-8", newline="") as stream:
        return {int(row["year"]): float(row["value"]) for row in csv.DictReader(stream) if row["series"] == "BRL"}


def other_unit(row: dict[str, str], reais: dict[int, float]) -> tuple[str, float]:
    """The row's unit written differently, and the factor for its numbers."""
    unit, factor = row["unit"], 1.0
    for source, target, many in SAME:
        if unit.startswith(source):
            return unit.replace(source, target, 1), many
    match = MONEY.search(unit)
    if match and match[1] == "BRL":
        year = int(match[2] or row["year"])
        return unit.replace(match[0], f"USD{year}"), factor / reais[year]
    return unit, factor


@pytest.fixture(scope="module")
def in_other_units(tmp_path_factory) -> tuple[CityModel, int]:
    """Porto Alegre with every fact that allows it in another unit of the same dimension."""
    folder = tmp_path_factory.mktemp("units") / "porto-alegre"
    shutil.copytree(PACKAGE, folder)
    reais, changed = rates(), 0
    for path in folder.glob("facts*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for row in rows:
            unit, factor = other_unit(row, reais)
            changed += unit != row["unit"]
            row["unit"] = unit
            for column in ("value", "low", "high"):
                if row[column].lstrip("-")[:1].isdigit():
                    row[column] = repr(float(row[column]) * factor)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return CityModel(read_city(folder)), changed


def test_the_unit_in_which_a_fact_is_given_does_not_matter(porto_alegre, in_other_units):
    other, changed = in_other_units
    assert changed > 50
    for name, item in porto_alegre.inputs.items():
        for part in ("central", "low", "high"):
            ours, theirs = getattr(item, part), getattr(other.inputs[name], part)
            np.testing.assert_allclose(theirs, ours, rtol=1e-9, err_msg=f"{name} {part}")
    case = Case("all", tuple(Measure(action.id, 2026) for action in porto_alegre.available))
    mine, others = porto_alegre.run(HEADLINES, [BASELINE, case]), other.run(HEADLINES, [BASELINE, case])
    for name in HEADLINES:
        if isinstance(mine[name], NotEstimated):
            assert mine[name] == others[name]
        else:
            np.testing.assert_allclose(others[name], mine[name], rtol=1e-9, atol=1e-12, err_msg=name)


# what is missing


def spellings(name: str) -> set[str]:
    """The names under which a fact enters the graph."""
    return {name, "base_" + name, "zone_" + name, "past_" + name}


def facts_in_use() -> dict[str, set[tuple[str, str]]]:
    """Every fact of Porto Alegre that some indicator takes, with its groups and kinds that have a number."""
    consumers = assemble(library()).consumers
    found: dict[str, set[tuple[str, str]]] = {}
    for path in PACKAGE.glob("facts*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if any(consumers.get(node) for node in spellings(row["name"])):
                    known = found.setdefault(row["name"], set())
                    if (row["group"] or row["kind"]) and row["value"][0].isdigit():
                        known.add((row["group"], row["kind"]))
    return dict(sorted(found.items()))


IN_USE = facts_in_use()


@pytest.fixture(scope="module")
def whole(porto_alegre) -> dict[str, object]:
    """Every indicator of Porto Alegre."""
    names = [name for name, node in porto_alegre.graph.nodes.items() if isinstance(node, Indicator) and node.pathway]
    return porto_alegre.run(names)


def without(city: City, name: str, label: tuple[str, str] | None = None) -> CityModel:
    """The model of the city without a fact, or without one group or kind of it."""
    facts = (
        fact for fact in city.facts if fact.name != name or (label is not None and (fact.group, fact.kind) != label)
    )
    return CityModel(replace(city, facts=tuple(facts)))


def lost_cells(before: np.ndarray, after: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Cells that were a number and are none now."""
    yield from map(tuple, np.argwhere(np.isfinite(before) & np.isnan(after)))


def became_zero(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a number (and not the rounding of a difference) became zero."""
    return bool((np.isfinite(before) & (np.abs(before) > 1e-6) & (after == 0)).any())


def reason_at(model: CityModel, name: str, value: np.ndarray, at: tuple[int, ...]) -> str:
    """The reason that is printed for one cell."""
    node = model.graph.nodes[name]
    _case, _draw, year, zone, group, kind = at
    return value_at(
        model, node, value, None, int(model.years[year]) if value.shape[2] > 1 else None,
        model.city.zones[zone].id if value.shape[3] > 1 else "", QUINTILES[group] if value.shape[4] > 1 else "",
        labels(node.classification)[kind] if value.shape[5] > 1 else "",
    ).reason  # fmt: skip


@pytest.mark.parametrize("name", IN_USE)
def test_a_fact_taken_away_is_named_and_never_zero(porto_alegre, whole, name):
    """Without a fact a number is the same, or follows from a default that is shown, or is none and names the fact."""
    own = spellings(name)
    model = without(porto_alegre.city, name)
    after = model.run(list(whole))
    shown = own & ({item for item, _meaning in unknown(model)} | set(model.inputs))
    for target, before in whole.items():
        value = after[target]
        if isinstance(before, NotEstimated):
            continue
        if isinstance(value, NotEstimated):
            assert set(value.missing) & own, (target, value.missing)
            continue
        before, value = np.broadcast_arrays(before, value)
        by_default = any(model.graph.nodes[node].role == "default" for node in own & set(model.graph.nodes))
        assert by_default or not became_zero(before, value), f"{target} became zero"
        for at in lost_cells(before, value):
            assert any(item in reason_at(model, target, after[target], at) for item in own), (target, at)
            break
        else:
            same = np.isclose(before, value, rtol=1e-9, atol=1e-6, equal_nan=True)
            assert same.all() or shown, f"{target} changed and nothing says that {name} is missing"


@pytest.mark.parametrize("name", [name for name, known in IN_USE.items() if known])
def test_a_kind_of_a_fact_taken_away_is_never_zero(porto_alegre, whole, name):
    """A fuel, a sector or an income group without a figure is not one that does not occur."""
    zeros = set()
    for label in sorted(IN_USE[name]):
        after = without(porto_alegre.city, name, label).run(list(whole))
        for target, before in whole.items():
            value = after[target]
            if not isinstance(before, NotEstimated) and not isinstance(value, NotEstimated):
                before, value = np.broadcast_arrays(before, value)
                if became_zero(before, value):
                    zeros.add(("/".join(filter(None, label)), target))
    assert not zeros


def test_emissions_that_are_not_known_use_up_no_known_budget():
    """Unknown is not "not before 2050": the year is no number where the sum of emissions is none."""
    from caminos.pathways.low_emission.inventory import carbon_budget_exhaustion_year

    years = np.arange(2025.0, 2029.0).reshape(1, 1, -1, 1, 1, 1)
    one = np.ones((1,) * 6)
    for emitted, expected in ((one, np.inf), (8 * one, 2026.0), (np.nan * one, np.nan)):
        found = carbon_budget_exhaustion_year(emitted, 10 * one, years, 2025 * one, one)
        np.testing.assert_array_equal(found.ravel(), [expected])
