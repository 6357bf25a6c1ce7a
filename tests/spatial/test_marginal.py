"""What a hectare does in each zone: cells and hectares really turned, the whole city run again, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from caminos.spatial.cooling import urban_cooling
from caminos.spatial.marginal import cooling_gradient, marginal_effect, nature_access_gradient, runoff_gradient
from caminos.spatial.nature import nature_access
from caminos.spatial.water import runoff

FEW = settings(max_examples=15, deadline=None, derandomize=True)
COLUMNS = ("lucode", "green_area", "kc", "shade", "albedo", "building_intensity")
# streets, gardens, lawn, trees
TABLE = np.array([
    [1, 0, 0.2, 0.02, 0.15, 0.95], [2, 0, 0.5, 0.2, 0.2, 0.6], [3, 1, 0.8, 0.1, 0.2, 0.05], [4, 1, 1.0, 0.85, 0.16, 0.0],
])  # fmt: skip
TREES = 4
SIDE, BLOCK = 120, 40


def small_city(seed: int, shape: tuple[int, int] = (7, 9), cell_size: float = 80.0) -> dict[str, Any]:
    """Land use at random with holes (-1), and people with holes (NaN)."""
    random = np.random.default_rng(seed)
    lulc = random.choice([1, 2, 3, 4], shape, p=[0.35, 0.25, 0.2, 0.2]).astype(np.int16)
    lulc[random.random(shape) < 0.08] = -1
    lulc[0, 0] = 1
    population = random.lognormal(1, 1, shape)
    population[random.random(shape) < 0.08] = np.nan
    population[0, 0] = 3
    return {"lulc": lulc, "population": population, "cell_size": cell_size, "nodata": -1}


def large_city(seed: int) -> dict[str, Any]:
    """Quarters, parks and groups of trees in patches, streets every 100 m; cells of 10 m."""
    random = np.random.default_rng(seed)

    def patches(cells: float) -> np.ndarray:
        smooth = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE)), cells)
        return smooth / smooth.std()

    lulc = np.where(patches(20) > 0, 1, 2)
    parks = patches(5)
    lulc[parks > 1.3] = 3
    lulc[(parks > 1.3) & (patches(3) > 0)] = TREES
    lulc[::10] = lulc[:, ::10] = 1
    return {"lulc": lulc, "population": random.lognormal(0, 0.5, (SIDE, SIDE)), "cell_size": 10.0, "nodata": -1}


def cooling_inputs(city: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: city[name] for name in ("lulc", "cell_size", "nodata")} | {
        "eto": 5.0, "cooling_distance": 200.0, "average_radius": 240.0, "uhi_max": 4.0, "table_columns": COLUMNS,
        "table": TABLE,
    } | more  # fmt: skip


def mean_air(city: dict[str, Any], lulc: np.ndarray, by_people: bool, **more: Any) -> float:
    """Mean air temperature less the country's, of people or of cells."""
    air = urban_cooling(**cooling_inputs(city, **more) | {"lulc": lulc}, reference_temperature=0.0, outputs=("t_air",))
    known = ~np.isnan(air.t_air) & (~np.isnan(city["population"]) | (not by_people))
    weights = city["population"][known] if by_people else None
    return float(np.average(air.t_air[known].astype(float), weights=weights))


def with_cells(lulc: np.ndarray, cells: Any, code: int) -> np.ndarray:
    changed = lulc.copy()
    changed.flat[cells] = code
    return changed


def blocks() -> np.ndarray:
    row, column = np.indices((SIDE, SIDE))
    return row // BLOCK * (SIDE // BLOCK) + column // BLOCK


def hectares_of(zone: np.ndarray, can: np.ndarray) -> dict[int, np.ndarray]:
    """A hectare of cells spread evenly over those that can be turned, by zone."""
    cells = {int(number): np.flatnonzero((zone == number) & can) for number in np.unique(zone)}
    return {n: of[np.linspace(0, len(of) - 1, 100).astype(int)] for n, of in cells.items() if len(of) >= 100}


# ---------------------------------------------------------------- by zone


def test_effects_by_zone() -> None:
    gradient = np.array([[1.0, 2.0, np.nan], [4.0, 10.0, 7.0]])
    zone = np.array([[0, 0, 0], [3, 3, -1]])
    result = marginal_effect(gradient=gradient, zone=zone, cell_size=50)
    np.testing.assert_allclose(result.effect, [4 * 1.5, np.nan, np.nan, 4 * 7])  # four cells are a hectare
    np.testing.assert_allclose(result.hectares, [0.5, 0, 0, 0.5])
    result = marginal_effect(
        gradient=gradient, zone=zone, cell_size=50, convertible=[[1, 0, 1], [0, 0, 1]], zones=5
    )  # fmt: skip
    np.testing.assert_allclose(result.effect, [4, np.nan, np.nan, np.nan, np.nan])
    with_gaps = np.where(zone < 0, np.nan, zone)
    same = marginal_effect(gradient=gradient, zone=with_gaps, cell_size=50)
    np.testing.assert_allclose(same.effect, [6, np.nan, np.nan, 28])


def test_damage_avoided_by_giving_land_back_to_the_river() -> None:
    damage = np.array([[0.0, 200.0, 600.0]])  # a year, by cell of 20 m
    result = marginal_effect(gradient=-damage, zone=np.zeros((1, 3), int), cell_size=20)
    assert result.effect[0] == pytest.approx(-25 * 800 / 3)


@given(st.integers(0, 99), st.integers(1, 8))
@FEW
def test_zones_together_are_the_city(seed: int, zones: int) -> None:
    random = np.random.default_rng(seed)
    gradient = np.where(random.random((9, 11)) < 0.2, np.nan, random.normal(size=(9, 11)))
    zone = random.integers(0, zones, (9, 11))
    parts = marginal_effect(gradient=gradient, zone=zone, cell_size=30, zones=zones)
    whole = marginal_effect(gradient=gradient, zone=np.zeros_like(zone), cell_size=30)
    assert np.nansum(parts.effect * parts.hectares) == pytest.approx(whole.effect[0] * whole.hectares[0])


# ---------------------------------------------------------------- air


@pytest.mark.parametrize("by_people", [True, False])
@pytest.mark.parametrize("method", ["factors", "intensity"])
@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_one_cell_turned_changes_the_air_by_its_gradient(by_people: bool, method: str, code: int) -> None:
    """Exact but where the cell changes whether parks rule in others; all have several lawns of 4 ha near."""
    lengths = {"method": method, "cooling_distance": 600.0, "average_radius": 500.0}
    compared = 0
    for seed in range(2):
        city = small_city(seed, cell_size=200.0)
        lulc = city["lulc"]
        lulc[1::3, 1::3] = 3
        people = {"population": city["population"]} if by_people else {}
        gradient = cooling_gradient(**cooling_inputs(city, **lengths), **people, new_code=code)
        assert np.array_equal(np.isnan(gradient), (lulc == -1) | (lulc == code))

        def ruled(of: np.ndarray, city: dict[str, Any] = city) -> np.ndarray:
            found = urban_cooling(**cooling_inputs(city, **lengths) | {"lulc": of}, reference_temperature=0.0)
            return np.asarray(found.hm > found.cc)

        before, rule = mean_air(city, lulc, by_people, **lengths), ruled(lulc)
        assert 0 < rule.sum() < rule.size
        for cell in np.flatnonzero(~np.isnan(gradient)):
            turned = with_cells(lulc, cell, code)
            others = ruled(turned) != rule
            others.flat[cell] = False
            if not others.any():
                compared += 1
                change = mean_air(city, turned, by_people, **lengths) - before
                assert change == pytest.approx(gradient.flat[cell], abs=2e-6)
    assert compared > 0


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("method", ["factors", "intensity"])
@pytest.mark.parametrize(("code", "places"), [(TREES, (1, 2)), (1, (3, TREES))], ids=["planted", "paved"])
def test_a_hectare_in_each_zone(seed: int, method: str, code: int, places: tuple[int, ...]) -> None:
    """Against turning 100 cells of the zone and running the city again: what changes which parks rule is second order."""
    city = large_city(seed)
    given = cooling_inputs(city, method=method)
    gradient = cooling_gradient(**given, population=city["population"], new_code=code)
    zone, can = blocks(), np.isin(city["lulc"], places)
    effect = marginal_effect(gradient=gradient, zone=zone, cell_size=10, convertible=can).effect
    before = mean_air(city, city["lulc"], True, method=method)
    found = {
        number: mean_air(city, with_cells(city["lulc"], cells, code), True, method=method) - before
        for number, cells in hectares_of(zone, can).items()
    }
    estimated, changes = effect[list(found)], np.array(list(found.values()))
    assert len(changes) >= 4
    assert (np.sign(changes) == (-1 if code == TREES else 1)).all()
    error = np.abs(estimated / changes - 1)
    assert np.median(error) < 0.05
    assert error.max() < 0.2


@given(st.integers(0, 99))
@FEW
def test_trees_never_warm_the_mean_air(seed: int) -> None:
    gradient = cooling_gradient(**cooling_inputs(small_city(seed)), new_code=TREES)
    assert np.nanmax(gradient) <= 1e-9


def test_turned_city_has_the_turned_gradient() -> None:
    city = small_city(4)
    turned = {name: np.rot90(city[name]) for name in ("lulc", "population")}
    here = cooling_gradient(**cooling_inputs(city), population=city["population"], new_code=TREES)
    there = cooling_gradient(
        **cooling_inputs(city | turned), population=turned["population"], new_code=TREES, tile=3
    )  # fmt: skip
    np.testing.assert_allclose(there, np.rot90(here), rtol=0, atol=1e-6)


# ---------------------------------------------------------------- nature


def nature_inputs(city: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: city[name] for name in ("lulc", "population", "cell_size", "nodata")} | {
        "search_radius": 200.0, "demand": 1500.0, "green_codes": {3: 0.5, 4: 1.0},
    } | more  # fmt: skip


def figure(objective: str, inputs: dict[str, Any], lulc: np.ndarray) -> float:
    access = nature_access(**inputs | {"lulc": lulc})
    shares = inputs.get("groups") or {"all": 1.0}
    people = np.nan_to_num(np.where(np.isnan(access.supply_per_person), 0, inputs["population"]))
    total = 0.0
    for name, share in shares.items():
        supply = np.nan_to_num(access.supply_per_person_by_group.get(name, access.supply_per_person))
        if objective == "supply":
            total += (people * share * supply).sum() / people.sum()
        elif objective == "shortfall":
            total += (people * share * np.maximum(inputs["demand"] - supply, 0)).sum()
    return access.undersupplied if objective == "undersupplied" else float(total)


WAYS = [
    {},
    {"kernel": "dichotomy"},
    {"kernel": "exponential", "search_radius": {3: 100.0, 4: 250.0}},
    {"groups": {"old": 0.3, "young": 0.7}},
    {"groups": {"old": 0.3, "young": 0.7}, "search_radius": {"old": 100.0, "young": 250.0}},
    {"groups": {"old": 0.3, "young": 0.7}, "search_radius": {"old": 170.0, "young": 170.0}},
]


@pytest.mark.parametrize("more", WAYS)
@pytest.mark.parametrize("code", [1, 3, 4])
def test_one_cell_turned_changes_supply_by_its_gradient(more: dict[str, Any], code: int) -> None:
    city = small_city(5)
    inputs = nature_inputs(city, **more)
    gradient = nature_access_gradient(**inputs, new_code=code, objective="supply")
    before = figure("supply", inputs, city["lulc"])
    missing = (city["lulc"] == -1) | np.isnan(city["population"])
    assert np.array_equal(np.isnan(gradient), missing | (city["lulc"] == code))
    for cell in np.flatnonzero(~np.isnan(gradient)):
        change = figure("supply", inputs, with_cells(city["lulc"], cell, code)) - before
        assert gradient.flat[cell] == pytest.approx(change, rel=1e-9, abs=1e-9 * before)


@pytest.mark.parametrize("more", WAYS)
def test_one_cell_turned_changes_the_shortfall_by_its_gradient(more: dict[str, Any]) -> None:
    """Exact while nobody comes to have enough; with a share of green of 1/1000 of a cell nobody does."""
    city = small_city(6)
    inputs = nature_inputs(city, **more) | {"green_codes": {3: 1.0, 4: 0.9, 2: 0.001}}
    if "search_radius" in more and "groups" not in more:
        inputs["search_radius"] = inputs["search_radius"] | {2: 150.0}
    gradient = nature_access_gradient(**inputs, new_code=2, objective="shortfall")
    before = figure("shortfall", inputs, city["lulc"])
    streets = np.flatnonzero((city["lulc"] == 1) & ~np.isnan(gradient))
    for cell in streets:
        change = figure("shortfall", inputs, with_cells(city["lulc"], cell, 2)) - before
        assert gradient.flat[cell] == pytest.approx(change, rel=1e-6, abs=1e-6)
    assert gradient.flat[streets].max() <= 0
    assert gradient.flat[streets].min() < 0


def test_a_hectare_of_trees_for_those_who_lack_green() -> None:
    """Of supply to rounding; of the shortfall somewhat too much; of the count of people only roughly."""
    city = large_city(2)
    inputs = nature_inputs(city, search_radius=300.0, demand=10.0)
    zone, can = blocks(), np.isin(city["lulc"], (1, 2))
    hectares = hectares_of(zone, can)
    effects = {}
    for objective in ("supply", "shortfall", "undersupplied"):
        gradient = nature_access_gradient(**inputs, new_code=TREES, objective=objective)
        effect = marginal_effect(gradient=gradient, zone=zone, cell_size=10, convertible=can).effect
        before = figure(objective, inputs, city["lulc"])
        found = [figure(objective, inputs, with_cells(city["lulc"], of, TREES)) - before for of in hectares.values()]
        effects[objective] = effect[list(hectares)], np.array(found)
    estimated, found = effects["supply"]
    np.testing.assert_allclose(estimated, found, rtol=1e-9)
    estimated, found = effects["shortfall"]
    assert 1 < estimated.sum() / found.sum() < 1.2
    assert np.abs(estimated / found - 1).max() < 0.3
    estimated, found = effects["undersupplied"]
    assert abs(estimated.sum() / found.sum() - 1) < 0.35


# ---------------------------------------------------------------- water


def test_runoff_is_that_of_each_cell() -> None:
    number = np.array([[98.0, 90.0, np.nan], [70.0, 85.0, 61.0]])
    woods = np.array([[55.0, 70.0, 55.0], [55.0, 77.0, 70.0]])
    gradient = runoff_gradient(precipitation=80, curve_number=number, new_curve_number=woods, cell_size=20)
    before, after = (runoff(precipitation=80, curve_number=of, cell_size=20) for of in (number, woods))
    np.testing.assert_allclose(gradient, after.retention_volume - before.retention_volume)
    result = marginal_effect(gradient=gradient, zone=[[0, 0, 0], [1, 1, 1]], cell_size=20)
    # science page: 74.10 and 20.29 mm run off at 98 and 70: 10 m3 of each mm on a hectare
    alone = runoff_gradient(precipitation=80, curve_number=[[98]], new_curve_number=70, cell_size=100)
    assert alone[0, 0] == pytest.approx(538.1, abs=0.1)
    assert result.effect[0] == pytest.approx(25 * gradient[0, :2].mean())


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"zone": np.zeros((2, 2), int)}, "zone.*shape"),
        ({"zone": np.full((7, 9), 0.5)}, "zone"),
        ({"zone": np.full((7, 9), "a")}, "zone"),
        ({"zone": np.full((7, 9), 4), "zones": 4}, "zone.*4"),
        ({"convertible": np.ones((2, 2), bool)}, "convertible.*shape"),
        ({"cell_size": 0}, "cell_size"),
    ],
)  # fmt: skip
def test_bad_zones_are_named(changes: dict[str, Any], named: str) -> None:
    inputs = {"gradient": np.ones((7, 9)), "zone": np.zeros((7, 9), int), "cell_size": 10.0}
    with pytest.raises(ValueError, match=f"(?s){named}"):
        marginal_effect(**inputs | changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"new_code": 9}, "new_code"),
        ({"population": np.zeros((7, 9))}, "population"),
        ({"population": np.ones((2, 2))}, "population.*shape"),
        ({"uhi_max": np.nan}, "uhi_max"),
        ({"eto": 0}, "eto"),
        ({"cooling_distance": 0}, "cooling_distance"),
        ({"table": TABLE[:2]}, "lulc"),
    ],
)  # fmt: skip
def test_bad_cooling_input_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        cooling_gradient(**cooling_inputs(small_city(0)) | {"new_code": 4} | changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"objective": "happiness"}, "objective"),
        ({"objective": "undersupplied", "band": 0}, "band"),
        ({"objective": "undersupplied", "demand": 0}, "band"),
        ({"demand": np.nan}, "demand"),
        ({"kernel": "cone"}, "kernel"),
        ({"population": np.ones((2, 2))}, "population.*shape"),
    ],
)  # fmt: skip
def test_bad_nature_input_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        nature_access_gradient(**nature_inputs(small_city(0)) | {"new_code": 4} | changes)
