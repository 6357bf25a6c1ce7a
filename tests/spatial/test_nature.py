"""Urban nature access: InVEST's results, worked examples, a direct sum, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.spatial.nature import NatureAccess, nature_access, near_green

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("nature*.toml"))
ARCHIVES = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "oracles").glob("nature_access*.npz"))
FEW = settings(max_examples=30, deadline=None, derandomize=True)
RESULTS = ("accessible", "supply_per_person", "balance_per_person")
KERNELS = ("dichotomy", "exponential", "gaussian", "density")


def small_city(seed: int, shape: tuple[int, int] = (8, 13), holes: bool = True) -> dict[str, Any]:
    """Land use with two classes of green (2, 3), and holes in land use (-1) and population (NaN)."""
    random = np.random.default_rng(seed)
    lulc = random.choice([0, 1, 2, 3], shape, p=[0.3, 0.45, 0.15, 0.1]).astype(np.int16)
    population = np.where(lulc < 2, random.lognormal(1.5, 1, shape), 0).astype(np.float32)
    if holes:
        lulc[random.random(shape) < 0.08] = -1
        lulc[0, 0] = 1
        population[random.random(shape) < 0.08] = np.nan
        population[0, 0] = 3
    return {
        "lulc": lulc, "population": population, "cell_size": 20.0, "search_radius": 55.0, "demand": 40.0,
        "green_codes": (2, 3), "nodata": -1,
    }  # fmt: skip


def weight(name: str, away: float, reach: float) -> float:
    if away > (np.ceil(reach) * 2 + 1 if name == "exponential" else reach) + 1e-9:
        return 0
    return {
        "dichotomy": 1.0,
        "exponential": np.exp(-away / reach),
        "gaussian": (np.exp(-0.5 * (away / reach) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5)),
        "density": 0.75 * (1 - (away / reach) ** 2),
    }[name]


def by_the_equations(
    *, lulc: np.ndarray, population: np.ndarray, cell_size: float, search_radius: Any, demand: float,
    green_codes: Any, nodata: float, kernel: str = "gaussian", groups: dict[str, Any] | None = None,
    population_nodata: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The model cell by cell, every cell against every other; one group of all people where there are none."""
    share_of = green_codes if isinstance(green_codes, dict) else dict.fromkeys(green_codes, 1.0)
    cells = list(np.ndindex(lulc.shape))
    known = {
        c for c in cells if lulc[c] != nodata and not np.isnan(population[c]) and population[c] != population_nodata
    }
    named = {name: np.broadcast_to(share, lulc.shape) for name, share in (groups or {"all": 1.0}).items()}

    def radius(group: str, code: int) -> float:
        if not isinstance(search_radius, dict):
            return float(search_radius) / cell_size
        return float(search_radius.get(group, search_radius.get(code))) / cell_size

    def weights(one: tuple[int, ...], other: tuple[int, ...], reach: float) -> float:
        return float(weight(kernel, np.hypot(one[0] - other[0], one[1] - other[1]), reach))

    accessible = {name: np.full(lulc.shape, np.nan) for name in named}
    supply = {name: np.full(lulc.shape, np.nan) for name in named}
    for c in known:
        for name in named:
            accessible[name][c] = supply[name][c] = 0
    for green in (c for c in known if lulc[c] in share_of):
        code, area = int(lulc[green]), share_of[int(lulc[green])] * cell_size**2
        reached = sum(
            population[c] * named[name][c] * weights(c, green, radius(name, code)) for c in known for name in named
        )
        per_person = area / reached if reached > 1 else area
        for c in known:
            for name in named:
                near = weights(c, green, radius(name, code))
                accessible[name][c] += area * near
                supply[name][c] += per_person * near
    people = {
        name: np.array([float(population[c] * named[name][c]) if c in known else 0 for c in cells]) for name in named
    }
    gap = {name: np.nan_to_num(supply[name].ravel() - demand) for name in named}
    return {
        "accessible": sum(accessible[name] * named[name] for name in named),
        "supply_per_person": sum(supply[name] * named[name] for name in named),
        "supply_by_group": supply,
        "undersupplied_by_group": {name: people[name][gap[name] < 0].sum() for name in named},
        "oversupplied_by_group": {name: people[name][gap[name] > 0].sum() for name in named},
    }


def close(result: NatureAccess, expected: dict[str, Any], by_group: bool = False) -> None:
    for name in ("accessible", "supply_per_person"):
        np.testing.assert_allclose(getattr(result, name), expected[name], rtol=1e-9, atol=1e-8, err_msg=name)
    for name in ("undersupplied", "oversupplied"):
        found, wanted = getattr(result, name), expected[f"{name}_by_group"]
        assert found == pytest.approx(sum(wanted.values()), rel=1e-9, abs=1e-9)
        if by_group:
            assert getattr(result, f"{name}_by_group") == pytest.approx(wanted, rel=1e-9, abs=1e-9)


# ---------------------------------------------------------------- what others found


@pytest.mark.skipif(not ARCHIVES, reason="the reference archives are not here")
@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
@pytest.mark.parametrize("tile", [None, 70])
def test_invest_finds_the_same_on_all_cells(path: Path, tile: int | None) -> None:
    archive = np.load(path)
    given = {name: archive[name] for name in archive if name not in RESULTS}
    result = nature_access(**given, kernel=path.stem.rpartition("_")[2], tile=tile)
    for name in ("accessible", "supply_per_person"):
        np.testing.assert_allclose(getattr(result, name), archive[name], rtol=1e-4, atol=0, err_msg=name)
    # kept by the peer as float32: where supply and demand cancel, only the error against the demand means anything
    balance = archive["balance_per_person"]
    error = np.abs(result.balance_per_person - balance) / np.maximum(np.abs(balance), archive["demand"])
    assert error.max() <= 1e-4


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    inputs, tolerance = example["inputs"], example["expected"].pop("tolerance")
    if "green_shares" in inputs:
        inputs["green_codes"] = dict(zip(inputs["green_codes"], inputs.pop("green_shares"), strict=True))
    result = nature_access(**inputs)
    for name, expected in example["expected"].items():
        if isinstance(expected, dict):
            assert getattr(result, name) == pytest.approx(expected, abs=tolerance)
        else:
            np.testing.assert_allclose(getattr(result, name), expected, rtol=0, atol=tolerance, err_msg=name)


# ---------------------------------------------------------------- a direct sum


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("radius", [7.0, 20.0, 55.0, 90.0, 4000.0])
def test_direct_sum(kernel: str, radius: float) -> None:
    """Less than a cell, not a whole number of cells, and further than the raster is long."""
    city = small_city(1) | {"search_radius": radius, "kernel": kernel}
    close(nature_access(**city), by_the_equations(**city))
    close(nature_access(**city, tile=4), by_the_equations(**city))


@pytest.mark.parametrize("kernel", KERNELS)
def test_direct_sum_with_radii_by_class_and_shares_of_green(kernel: str) -> None:
    city = small_city(2, (11, 5)) | {
        "kernel": kernel,
        "search_radius": {2: 30.0, 3: 81.0},
        "green_codes": {2: 1, 3: 0.4},
    }
    close(nature_access(**city), by_the_equations(**city))


@pytest.mark.parametrize("kernel", KERNELS)
def test_direct_sum_with_groups(kernel: str) -> None:
    city = small_city(3) | {"kernel": kernel}
    old = np.random.default_rng(3).uniform(0, 1, city["lulc"].shape)
    city["groups"] = {"old": old, "young": 1 - old}
    result = nature_access(**city)
    close(result, by_the_equations(**city), by_group=True)
    assert not result.supply_per_person_by_group
    city["search_radius"] = {"old": 25.0, "young": 60.0}
    result, expected = nature_access(**city), by_the_equations(**city)
    close(result, expected, by_group=True)
    for name in ("old", "young"):
        found = result.supply_per_person_by_group[name]
        np.testing.assert_allclose(found, expected["supply_by_group"][name], rtol=1e-9, atol=1e-8)


def test_groups_may_be_missing_where_the_population_is() -> None:
    city = small_city(4)
    old = np.where(np.isnan(city["population"]) | (city["lulc"] == -1), np.nan, 0.3)
    for radius in (55.0, {"old": 25.0, "young": 60.0}):
        given = nature_access(**city | {"groups": {"old": old, "young": 1 - old}, "search_radius": radius})
        even = nature_access(**city | {"groups": {"old": 0.3, "young": 0.7}, "search_radius": radius})
        np.testing.assert_array_equal(given.supply_per_person, even.supply_per_person)
        assert given.undersupplied_by_group == even.undersupplied_by_group


@given(
    st.integers(0, 999), st.tuples(st.integers(1, 8), st.integers(1, 8)), st.floats(5, 200), st.sampled_from(KERNELS)
)
@settings(FEW, max_examples=20)
def test_direct_sum_for_any_city(seed: int, shape: tuple[int, int], radius: float, kernel: str) -> None:
    city = small_city(seed, shape) | {"search_radius": radius, "kernel": kernel}
    close(nature_access(**city), by_the_equations(**city))


# ---------------------------------------------------------------- laws


def same(one: NatureAccess, other: NatureAccess, turn: Any = lambda raster: raster) -> None:
    for name in RESULTS:
        np.testing.assert_allclose(getattr(one, name), turn(getattr(other, name)), rtol=1e-9, atol=1e-8)
    for name in ("balance", "undersupplied", "oversupplied"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-6)


@given(st.integers(0, 999), st.integers(1, 20), st.sampled_from(KERNELS))
@FEW
def test_same_result_for_any_tile(seed: int, tile: int, kernel: str) -> None:
    city = small_city(seed) | {"kernel": kernel}
    same(nature_access(**city, tile=tile), nature_access(**city))


@given(st.integers(0, 999), st.integers(1, 3), st.booleans())
@FEW
def test_turned_and_mirrored_city(seed: int, quarters: int, mirrored: bool) -> None:
    def turn(raster: np.ndarray) -> np.ndarray:
        return np.rot90(raster[::-1] if mirrored else raster, quarters)

    city = small_city(seed)
    turned = city | {name: turn(city[name]) for name in ("lulc", "population")}
    same(nature_access(**turned), nature_access(**city), turn)


@given(st.integers(0, 999), st.sampled_from(KERNELS), st.floats(20, 120))
@FEW
def test_green_that_is_reached_is_given_out_whole(seed: int, kernel: str, radius: float) -> None:
    """Supply over all people is the area of the green that more than one person reaches."""
    city = small_city(seed, holes=False) | {"kernel": kernel, "search_radius": radius}
    city["population"] += 1  # somebody everywhere, so that every park is reached
    if kernel == "density":
        city["population"] += 1
    result = nature_access(**city)
    area = 400 * np.isin(city["lulc"], (2, 3)).sum()
    people = city["population"].astype(float)
    assert (result.supply_per_person * people).sum() == pytest.approx(area, rel=1e-9)
    assert result.balance == pytest.approx(area - 40 * people.sum(), rel=1e-9, abs=1e-6)


@given(st.integers(0, 999), st.floats(0, 200), st.booleans())
@FEW
def test_everybody_has_too_little_enough_or_more(seed: int, demand: float, by_group: bool) -> None:
    groups = {"children": 0.25, "adults": 0.75}
    city = small_city(seed) | {"demand": demand, "groups": groups}
    if by_group:
        city["search_radius"] = {"children": 21.0, "adults": 80.0}
    result = nature_access(**city)
    people = np.where(np.isnan(result.supply_per_person), 0, np.nan_to_num(city["population"].astype(float)))
    supply = {name: result.supply_per_person_by_group.get(name, result.supply_per_person) for name in groups}
    even = sum(groups[name] * people[abs(supply[name] - demand) <= 1e-9 * max(demand, 1)].sum() for name in groups)
    assert result.undersupplied + result.oversupplied + even == pytest.approx(people.sum(), rel=1e-9, abs=1e-9)
    for name in ("undersupplied", "oversupplied"):
        assert getattr(result, name) == pytest.approx(sum(getattr(result, f"{name}_by_group").values()), abs=1e-6)
    assert result.balance == pytest.approx(np.nansum(result.balance_per_person * people), rel=1e-9, abs=1e-9)


@given(st.integers(0, 999), st.floats(0.01, 100), st.sampled_from(KERNELS))
@FEW
def test_unit_of_length_does_not_matter(seed: int, factor: float, kernel: str) -> None:
    city = small_city(seed) | {"kernel": kernel}
    other = city | {"cell_size": 20 * factor, "search_radius": 55 * factor, "demand": 40 * factor**2}
    here, there = nature_access(**city), nature_access(**other)
    for name in RESULTS:
        scaled = getattr(here, name) * factor**2
        np.testing.assert_allclose(getattr(there, name), scaled, rtol=1e-9, atol=1e-8 * factor**2)
    assert there.undersupplied == pytest.approx(here.undersupplied)


@given(st.integers(0, 999), st.integers(1, 10))
@FEW
def test_more_green_never_takes_supply(seed: int, many: int) -> None:
    city = small_city(seed)
    streets = np.flatnonzero(city["lulc"] == 0)
    planted = city["lulc"].copy()
    planted.flat[np.random.default_rng(seed).permutation(streets)[:many]] = 2
    before, after = nature_access(**city), nature_access(**city | {"lulc": planted})
    assert np.nanmin(after.supply_per_person - before.supply_per_person) >= -1e-8
    assert after.undersupplied <= before.undersupplied + 1e-9


# ---------------------------------------------------------------- kinds of input


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "uint32", "int64", "float32", "float64"])
def test_kind_of_number_does_not_matter(kind: str) -> None:
    city = small_city(5)
    nodata = -1 if np.dtype(kind).kind != "u" else 77
    lulc = np.where(city["lulc"] == -1, nodata, city["lulc"]).astype(kind)
    same(nature_access(**city | {"lulc": lulc, "nodata": nodata}), nature_access(**city))


def test_codes_that_are_nan_or_negative() -> None:
    city = small_city(6)
    lulc = city["lulc"].astype(float)
    lulc[lulc == -1] = np.nan
    for nodata in (None, np.nan, -9999):
        same(nature_access(**city | {"lulc": lulc, "nodata": nodata}), nature_access(**city))
    moved = np.where(city["lulc"] == -1, -128, city["lulc"] - 50).astype(np.int8)
    same(nature_access(**city | {"lulc": moved, "nodata": -128, "green_codes": (-48, -47)}), nature_access(**city))


def test_missing_population_by_number() -> None:
    city = small_city(7)
    for missing in (-9999, -3.4028234663852886e38):
        filled = np.where(np.isnan(city["population"]), np.float32(missing), city["population"])
        same(nature_access(**city | {"population": filled}, population_nodata=missing), nature_access(**city))


def test_whole_people_and_lists() -> None:
    city = small_city(8, holes=False)
    city["population"] = np.round(city["population"])
    for people in (
        city["population"].astype(np.int16),
        city["population"].astype(np.uint8),
        city["population"].tolist(),
    ):
        same(nature_access(**city | {"population": people, "lulc": city["lulc"].tolist()}), nature_access(**city))


def test_nobody_and_no_green() -> None:
    city = small_city(9)
    result = nature_access(**city | {"green_codes": [17]})
    assert result.oversupplied == np.nanmax(result.supply_per_person) == 0
    result = nature_access(**city | {"population": np.zeros(city["lulc"].shape)})
    assert result.undersupplied == result.oversupplied == result.balance == 0


def test_inputs_stay_as_they_were() -> None:
    city = small_city(10)
    copies = {name: city[name].copy() for name in ("lulc", "population")}
    nature_access(**city)
    for name, copy in copies.items():
        np.testing.assert_array_equal(city[name], copy)


# ---------------------------------------------------------------- a green of some size nearby


@given(st.integers(0, 999), st.floats(0, 120), st.floats(0, 3000))
@FEW
def test_near_green_cell_by_cell(seed: int, distance: float, least: float) -> None:
    city = small_city(seed)
    lulc = city["lulc"]
    green = {cell for cell in np.ndindex(lulc.shape) if lulc[cell] in (2, 3)}
    large: list[tuple[int, ...]] = []
    while green:
        patch, front = [], [green.pop()]
        while front:
            patch.append(cell := front.pop())
            touching = [other for other in green if max(abs(other[0] - cell[0]), abs(other[1] - cell[1])) == 1]
            green -= set(touching)
            front += touching
        large += patch if 400 * len(patch) >= least else []
    expected = [
        np.nan
        if lulc[cell] == -1
        else float(any(20 * np.hypot(*np.subtract(cell, other)) <= distance for other in large))
        for cell in np.ndindex(lulc.shape)
    ]
    found = near_green(lulc=lulc, green_codes=(2, 3), cell_size=20, distance=distance, least_area=least, nodata=-1)
    np.testing.assert_array_equal(found.ravel(), expected)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lulc": np.ones(5, int)}, "lulc"),
        ({"lulc": np.full((8, 13), -1)}, "lulc.*nodata"),
        ({"population": np.ones((3, 3))}, "population.*shape"),
        ({"population": np.full((8, 13), -9999.0)}, "population.*population_nodata"),
        ({"population": np.full((8, 13), np.inf)}, "population"),
        ({"cell_size": 0}, "cell_size"),
        ({"cell_size": np.nan}, "cell_size"),
        ({"search_radius": 0}, "search_radius"),
        ({"search_radius": np.nan}, "search_radius"),
        ({"search_radius": {2: 300}}, "search_radius.*3"),
        ({"search_radius": {"old": 300}}, "search_radius"),
        ({"search_radius": {"old": 300}, "groups": {"old": 0.5, "young": 0.5}}, "search_radius.*young"),
        ({"demand": np.nan}, "demand"),
        ({"demand": -9}, "demand"),
        ({"green_codes": []}, "green_codes"),
        ({"green_codes": {2: 1.5}}, "green_codes"),
        ({"green_codes": {2: np.nan}}, "green_codes"),
        ({"kernel": "cone"}, "kernel"),
        ({"groups": {"old": 0.5, "young": 0.6}}, "groups"),
        ({"groups": {"old": -0.5, "young": 1.5}}, "groups"),
        ({"groups": {"old": np.nan, "young": 1}}, "groups"),
        ({"groups": {"old": np.ones((2, 2)), "young": 0}}, "groups.*shape"),
        ({"groups": {}}, "groups"),
        ({"tile": 0}, "tile"),
    ],
)  # fmt: skip
def test_bad_input_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        nature_access(**small_city(0, holes=False) | changes)


def test_radii_of_other_groups_do_not_matter() -> None:
    city = small_city(11) | {"groups": {"old": 0.5, "young": 0.5}}
    radii = {"old": 25.0, "young": 60.0}
    same(
        nature_access(**city | {"search_radius": radii | {"visitors": 500.0}}),
        nature_access(**city | {"search_radius": radii}),
    )


def test_rounding_does_not_decide_who_has_enough() -> None:
    """Everybody reaches everything: 300 cells of 49 m2 for 2,700 people, exactly the demand."""
    lulc = np.where(np.arange(900).reshape(30, 30) % 3 == 0, 2, 1)
    result = nature_access(
        lulc=lulc, population=np.full((30, 30), 3.0), cell_size=7, search_radius=1e4, demand=49 / 9, green_codes=[2],
        kernel="dichotomy",
    )  # fmt: skip
    assert (result.undersupplied, result.oversupplied) == (0, 0)


def test_radii_and_groups_as_arrays() -> None:
    city = small_city(3)
    named = nature_access(**city | {"search_radius": {2: 30.0, 3: 70.0}})
    listed = nature_access(**city | {"search_radius": np.array([30.0, 70.0])})
    np.testing.assert_array_equal(named.supply_per_person, listed.supply_per_person)
    groups = {"0": 0.25, "1": 0.75}
    by_name = nature_access(**city | {"groups": groups, "search_radius": {"0": 30.0, "1": 70.0}})
    by_number = nature_access(**city | {"groups": np.array([0.25, 0.75]), "search_radius": np.array([30.0, 70.0])})
    np.testing.assert_array_equal(by_name.supply_per_person, by_number.supply_per_person)


def test_a_long_thin_raster_takes_little_memory() -> None:
    """The kernel is bounded by each side of the raster: 4 rows of a reach of 100,000 cells."""
    result = nature_access(
        lulc=np.ones((4, 3000), int), population=np.ones((4, 3000)), cell_size=10, search_radius=1e6, demand=9,
        green_codes=[1], kernel="dichotomy",
    )  # fmt: skip
    np.testing.assert_allclose(result.supply_per_person, 100, rtol=1e-9)
