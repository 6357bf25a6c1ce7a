"""Reading cities' own inventories, finding their places, and fitting sizes of error: on made rows, and on real ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from caminos.city.new import made_city
from caminos.city.places import Place, find_place
from caminos.model.axes import labels
from caminos.parameters.errors import families
from caminos.planning.city_model import BASELINE, Cities, CityModel

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import city_inventories
from benchmarks import coverage
from city_inventories import BASIC, SCOPE_1, SCOPE_2, STATIONARY, TRANSPORT, WASTE, Reported

ROSARIO = find_place("Rosario, Argentina")


# reading


def gpc_row(reference: str, tonnes: str) -> dict[str, str]:
    return {"GPC Reference Number": reference, "Total Emissions": tonnes}


def test_a_gpc_inventory_is_summed_as_basic() -> None:
    """By hand: scopes 1 and 2 of energy and roads, all the city's own waste; losses, flights and land stay out."""
    entries = [
        gpc_row(reference, tonnes)
        for reference, tonnes in (
            ("I.1.1", "100"), ("I.1.2", "50"), ("I.1.3", "7"), ("I.4.4", "900"), ("II.1.1", "200"), ("II.4.3", "80"),
            ("III.1.1", "30"), ("III.1.2", "20"), ("III.1.3", "999"), ("IV.1", "5"), ("V.1", "5"), ("I.6.1", ""),
        )
    ]  # fmt: skip
    assert city_inventories.gpc_sums(entries) == {
        BASIC: 400, STATIONARY: 150, TRANSPORT: 200, WASTE: 50, SCOPE_1: 330, SCOPE_2: 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "sums"),
    [
        ({"Total City-wide Emissions (metric tonnes CO2e)": "900", "Total Scope 1 Emissions (metric tonnes CO2e)": "600"},
         {BASIC: 900, SCOPE_1: 600}),
        ({"TOTAL Scope 1 Emissions (metric tonnes CO2e)": "600", "TOTAL Scope 2 emissions (metric tonnes CO2e)": "200"},
         {BASIC: 800, SCOPE_1: 600, SCOPE_2: 200}),
        # power that the city feeds into the grid is left out where it is told apart
        ({"TOTAL Scope 1 Emissions (metric tonnes CO2e)": "600",
          "Direct emissions (metric tonnes CO2e) for Total emissions (excluding generation of grid-supplied energy)": "400",
          "TOTAL BASIC Emissions (GPC)": "Not Applicable"},
         {SCOPE_1: 400}),
    ],
)  # fmt: skip
def test_answers_to_cdp_of_every_year_are_read_alike(row: dict[str, str], sums: dict[str, float]) -> None:
    assert city_inventories.cdp_sums(row) == sums


def test_years_and_coordinates_as_they_are_written() -> None:
    assert city_inventories.year_of("2013-07-01 - 2014-06-30") == 2014
    assert city_inventories.year_of("12/31/2013 12:00:00 AM") == 2013
    assert city_inventories.year_of("-") is None
    assert city_inventories.coordinates("(-10.25, -48.32)") == (-10.25, -48.32)
    assert city_inventories.coordinates("POINT (-48.32 -10.25)") == (-10.25, -48.32)
    assert city_inventories.coordinates("POINT (0 0)") is None


# places


@pytest.mark.parametrize(
    ("city", "country", "people", "where", "name"),
    [
        ("Prefeitura de Palmas", "BRA", 272_726, None, "Palmas"),
        ("City of Portland, OR", "USA", 650_000, None, "Portland"),  # the alike of two
        ("City of Portland, ME", "USA", 66_000, None, "Portland"),
        ("Odense Kommune", "DNK", 200_000, None, "Odense"),
        ("Cambridge", "USA", 110_000, (95.6, -93.3), "Cambridge"),  # coordinates of nowhere
        ("Firenze", "ITA", 380_000, (43.77, 11.25), "Florence"),
    ],
)
def test_a_city_is_found_by_name_coordinates_and_people(
    city: str, country: str, people: float, where: tuple[float, float] | None, name: str
) -> None:
    found = city_inventories.match(city, country, people, where)
    assert found is not None
    assert (found.country, found.name) == (country, name)
    assert max(found.population / people, people / found.population) < city_inventories.ALIKE


def test_a_namesake_of_another_size_is_nobody() -> None:
    assert city_inventories.match("Rosario", "ARG", 20_000_000) is None
    assert city_inventories.match("Nowhere at all", "ARG", 1_000_000) is None


# rules


def reported(per_head: float, year: int = 2015, what: str = BASIC, people: float = 1_000_000) -> Reported:
    return Reported("made", "Rosario", "ARG", None, year, what, per_head * people, people)


def test_wrong_units_are_dropped_and_the_latest_year_stays() -> None:
    rows = [
        reported(4, 2010), reported(5, 2016), reported(4.5, 2014), reported(0.004), reported(4000), reported(0.2, people=4000),
    ]  # fmt: skip
    kept = city_inventories.observed(rows, {"ARG": 8.0}.get)
    assert [(each.year, each.per_head) for each in kept.observations] == [(2016, 5)]
    assert kept.dropped == {"another unit": 2, "an older year": 2, "fewer than 5,000 people": 1}


def test_a_total_far_from_its_country_is_in_another_unit() -> None:
    """50 t a head is possible; not where the country emits 2."""
    assert city_inventories.observed([reported(50)], {"ARG": 15.0}.get).observations
    assert not city_inventories.observed([reported(50)], {"ARG": 2.0}.get).observations


# the model beside them


def test_the_parts_are_the_whole_of_basic() -> None:
    """What the benchmark adds up is the model's own BASIC, in the base year and per head."""
    (parts,) = coverage.per_head([ROSARIO], 0).values()
    basic = CityModel(made_city(ROSARIO)).run(["emissions_basic"])["emissions_basic"]
    assert parts.sum() == pytest.approx(float(basic[0, 0, 0, 0, 0, 0]) / ROSARIO.population)
    assert {coverage.part_of(row) for row in labels("gpc")} == {"", *coverage.PARTS}


def test_families_multiply_their_parts_in_draws() -> None:
    """The fit's shortcut is the mechanism: with sizes and common part as given, the model draws what is computed."""
    sizes = coverage.Sizes({"energy": 0.7, "transport": 0.5, "waste": 0.4}, 0.8)
    draws = 64
    (own,) = coverage.per_head([ROSARIO], draws, coverage.alone()).values()
    known = coverage.factors(
        coverage.Sizes(dict.fromkeys(coverage.FITTED, coverage.ALONE.logarithms), coverage.ALONE.common), draws
    )
    (drawn,) = coverage.per_head([ROSARIO], draws, sizes.errors()).values()
    exact = [coverage.PARTS.index(part) for part in ("fuel", "electricity", "transport", "wastewater")]
    expected = own / known * coverage.factors(sizes, draws)
    assert drawn[:, exact] == pytest.approx(expected[:, exact], rel=0.005)  # biofuel of none keeps its own range


def test_the_range_of_a_default_is_drawn_once_by_its_family() -> None:
    """A default's judged range and its family's error are one error: its draws have the size of the family alone."""
    size = families()["transport"].logarithms
    stack = Cities([made_city(ROSARIO)]).stacks[0]
    fuel = stack.ask([BASELINE], draws=1000).evaluation().get("base_road_fuel_energy")
    diesel = fuel[0, :, 0, 0, 0, labels("fuel").index("diesel")]
    assert np.std(np.log(diesel)) == pytest.approx(size, rel=0.05)
    assert np.median(diesel) == pytest.approx(stack.inputs["base_road_fuel_energy"].central[0, 0, 0, 0, 0, 2], rel=0.05)


# the fit, on made cities


def made_cases(size: float, seed: int, countries: int = 12) -> Iterator[coverage.Case]:
    """Cities whose totals lie around the model's with an error of this size; the model has no other."""
    own = np.broadcast_to(np.array([1.0, 1.0, 1.0, 0.5, 0.0]), (coverage.DRAWS, 5))
    cities = 40 * countries
    scores = ndtri((np.random.default_rng(seed).permutation(cities) + 0.5) / cities)
    for number, score in enumerate(scores):
        place = Place(str(number), "x", f"C{number % countries}", "", 0, 0, 100_000)
        for what in (BASIC, SCOPE_1):
            central = own[0, coverage.parts_of(what)].sum()
            tonnes = central * np.exp(size * score) * 1e5
            yield coverage.Case(city_inventories.Observation("made", "x", place, 2015, what, tonnes, 1e5), central, own)


@pytest.mark.parametrize("size", [0.3, 0.6])
def test_the_fit_finds_the_size_that_was_put_in(size: float) -> None:
    """85 % of a lognormal total inside the 5-95 % range: the range is that of 1.44 / 1.645 of the error."""
    some = list(made_cases(size, 1, countries=6))
    sizes = coverage.fitted(some)
    drawn = coverage.totals(some, sizes)
    assert coverage.held(some, drawn).mean() == pytest.approx(coverage.AIM, abs=0.01)
    assert coverage.spread(np.log(drawn[0])) == pytest.approx(size * 1.44 / 1.645, rel=0.1)


def test_a_city_does_not_teach_its_own_country() -> None:
    some = list(made_cases(0.5, 2))
    for left_out in coverage.folds(some):
        assert not set(left_out) & {
            case.observation.country for case in some if case.observation.country not in left_out
        }
    assert sorted(country for fold in coverage.folds(some) for country in fold) == sorted(f"C{n}" for n in range(12))


# real cities


def test_ranges_hold_a_sample_of_real_cities() -> None:
    """With the sizes that are shipped, 80 to 95 % of a sample of BASIC totals."""
    if not coverage.DATA.is_dir():
        pytest.skip("needs ../shared")
    kept = coverage.all_observations()
    assert len({each.place.id for each in kept.observations}) > 500
    assert kept.dropped["another unit"] > 50
    some = [each for each in kept.observations if each.what == BASIC and each.source == "CDP"][::4]
    drawn = coverage.per_head((each.place for each in some), 200)
    ends = {number: np.quantile(values.sum(axis=1), coverage.RANGE) for number, values in drawn.items()}
    inside = [
        ends[each.place.id][0] <= each.per_head <= ends[each.place.id][1] for each in some if each.place.id in ends
    ]
    assert len(inside) > 90
    assert 0.8 <= np.mean(inside) <= 0.95
