"""Air temperature from land cover: InVEST's results, worked examples, a direct sum, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.spatial import cooling
from caminos.spatial.cooling import urban_cooling

EXAMPLES = sorted(
    path for name in ("cooling", "wbgt") for path in (Path(__file__).parent / "examples").glob(f"{name}*")
)
ARCHIVES = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "oracles").glob("urban_cooling*.npz"))
FEW = settings(max_examples=30, deadline=None, derandomize=True)
RESULTS = ("cc", "hm", "t_air", "wbgt")
COLUMNS = ("lucode", "kc", "green_area", "shade", "albedo", "building_intensity")
TABLE = np.array([
    [1, 0.2, 0, 0.05, 0.2, 0.9],
    [2, 0.5, 0, 0.3, 0.15, 0.4],
    [3, 0.9, 1, 0.7, 0.2, 0.0],
    [4, 0.7, 1, 0.2, 0.2, 0.05],
    [5, 1.0, 0, 0.0, 0.1, 0.0],
])  # fmt: skip


def small_city(seed: int, shape: tuple[int, int] = (9, 14), holes: bool = True) -> dict[str, Any]:
    """Land use with patches of green, and holes in land use (-1) and evapotranspiration (NaN)."""
    random = np.random.default_rng(seed)
    lulc = random.choice([1, 2, 3, 4, 5], shape, p=[0.35, 0.3, 0.15, 0.1, 0.1]).astype(np.int16)
    eto = random.uniform(3, 6, shape).astype(np.float32)
    if holes:
        lulc[random.random(shape) < 0.1] = -1
        lulc[0, 0] = 1
        eto[random.random(shape) < 0.05] = np.nan
        eto[0, 0] = 4
    return {
        "lulc": lulc, "eto": eto, "nodata": -1, "cell_size": 60.0, "cooling_distance": 190.0, "average_radius": 135.0,
        "reference_temperature": 24.0, "uhi_max": 3.5, "relative_humidity": 45.0, "table_columns": COLUMNS,
        "table": TABLE,
    }  # fmt: skip


def by_the_equations(
    *, lulc: np.ndarray, eto: np.ndarray, nodata: float, cell_size: float, cooling_distance: float,
    average_radius: float, reference_temperature: float, uhi_max: float, relative_humidity: float,
    table_columns: Any, table: np.ndarray, method: str = "factors", whole_cells: bool = True,
) -> dict[str, np.ndarray]:  # fmt: skip
    """The model cell by cell, every cell against every other."""
    rows = {row[0]: dict(zip(table_columns, row, strict=True)) for row in table}
    cc, green = np.full(lulc.shape, np.nan), np.zeros(lulc.shape)
    for cell in np.ndindex(lulc.shape):
        if lulc[cell] == nodata or np.isnan(lulc[cell]):
            continue
        row = rows[lulc[cell]]
        green[cell] = row["green_area"]
        if method == "factors":
            cc[cell] = 0.6 * row["shade"] + 0.2 * row["albedo"] + 0.2 * row["kc"] * eto[cell] / np.nanmax(eto)
        else:
            cc[cell] = 1 - row["building_intensity"]
    known = ~np.isnan(cc)
    cooled, mixed = cooling_distance / cell_size, average_radius / cell_size
    if whole_cells:
        cooled, mixed = max(np.round(cooled), 1), max(np.round(mixed), 1)
    i, j = np.indices(lulc.shape)
    far = int(cooled) + 1
    disk = sum(np.hypot(a, b) <= cooled for a in range(-far, far + 1) for b in range(-far, far + 1))

    hm, t_air = np.full(lulc.shape, np.nan), np.full(lulc.shape, np.nan)
    for cell in np.argwhere(known):
        away = np.hypot(i - cell[0], j - cell[1])
        weight = np.where(known & (away <= 5 * cooled), np.exp(-away / cooled), 0)
        park = np.nansum(weight * green * cc) / weight.sum()
        near = known & (away <= cooled)
        hectares = green[near].sum() / near.sum() * disk * cell_size**2 / 1e4
        own = cc[tuple(cell)]
        hm[tuple(cell)] = own if own >= park or hectares < 2 - 1e-9 else park
    air = reference_temperature + (1 - hm) * uhi_max
    for cell in np.argwhere(known):
        away = np.hypot(i - cell[0], j - cell[1])
        weight = np.where(known & (away <= 5 * mixed), np.exp(-away / mixed), 0)
        t_air[tuple(cell)] = np.nansum(weight * air) / weight.sum()
    vapour = relative_humidity / 100 * 6.105 * np.exp(17.27 * t_air / (237.7 + t_air))
    return {"cc": cc, "hm": hm, "t_air": t_air, "wbgt": 0.567 * t_air + 0.393 * vapour + 3.94}


def close(result: Any, expected: dict[str, np.ndarray]) -> None:
    """hm and cc to 1e-6, temperatures to 2e-5 °C (float32), missing in the same cells."""
    for name in RESULTS:
        atol = 2e-6 if name in ("cc", "hm") else 2e-5
        np.testing.assert_allclose(getattr(result, name), expected[name], rtol=0, atol=atol, err_msg=name)


# ---------------------------------------------------------------- what others found


@pytest.mark.skipif(not ARCHIVES, reason="the reference archives are not here")
@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
@pytest.mark.parametrize("tile", [None, 70])
def test_invest_finds_the_same_on_all_cells(path: Path, tile: int | None) -> None:
    archive = np.load(path)
    given = {name: archive[name] for name in archive if name not in RESULTS}
    result = urban_cooling(**given, method=path.stem.rpartition("_")[2], tile=tile)
    for name, atol in (("cc", 1e-6), ("hm", 1e-6), ("t_air", 1e-4), ("wbgt", 1e-4)):
        np.testing.assert_allclose(getattr(result, name), archive[name], rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    tolerance = example["expected"].pop("tolerance")
    result = getattr(cooling, example["function"])(**example["inputs"])
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# ---------------------------------------------------------------- a direct sum


@pytest.mark.parametrize("method", ["factors", "intensity"])
@pytest.mark.parametrize("whole_cells", [True, False])
@pytest.mark.parametrize("tile", [None, 5])
def test_direct_sum(method: str, whole_cells: bool, tile: int | None) -> None:
    for seed, shape in enumerate([(9, 14), (17, 6), (1, 12), (8, 1)]):
        city = small_city(seed, shape)
        if method == "intensity":  # evapotranspiration plays no part, nor do its gaps
            expected = by_the_equations(**city, method=method, whole_cells=whole_cells)
            city["eto"] = 1.0
        else:
            expected = by_the_equations(**city, method=method, whole_cells=whole_cells)
        close(urban_cooling(**city, method=method, whole_cells=whole_cells, tile=tile), expected)


@pytest.mark.parametrize(
    ("cooling_distance", "average_radius"), [(30.0, 20.0), (60.0, 5000.0), (3000.0, 90.0), (219.0, 301.0)]
)
@pytest.mark.parametrize("whole_cells", [True, False])
def test_direct_sum_for_other_distances(cooling_distance: float, average_radius: float, whole_cells: bool) -> None:
    """Less than a cell, further than the raster is long, and not a whole number of cells."""
    city = small_city(3) | {"cooling_distance": cooling_distance, "average_radius": average_radius}
    close(urban_cooling(**city, whole_cells=whole_cells), by_the_equations(**city, whole_cells=whole_cells))


@given(st.integers(0, 999), st.tuples(st.integers(1, 11), st.integers(1, 11)), st.floats(0.4, 6), st.floats(0.4, 6))
@FEW
def test_direct_sum_for_any_city(seed: int, shape: tuple[int, int], cooled: float, mixed: float) -> None:
    city = small_city(seed, shape) | {"cooling_distance": 60 * cooled, "average_radius": 60 * mixed}
    close(urban_cooling(**city, whole_cells=False), by_the_equations(**city, whole_cells=False))


def test_parks_decide_in_the_cities_tried() -> None:
    """Without it the direct sums would prove nothing about parks."""
    result = by_the_equations(**small_city(0))
    cooled = np.sum(result["hm"] > result["cc"] + 1e-6)
    assert 5 < cooled < 100


# ---------------------------------------------------------------- laws


@given(st.integers(0, 999), st.integers(1, 20), st.booleans())
@FEW
def test_same_result_for_any_tile(seed: int, tile: int, holes: bool) -> None:
    city = small_city(seed, holes=holes)
    whole, tiled = urban_cooling(**city), urban_cooling(**city, tile=tile)
    for name in RESULTS:
        np.testing.assert_allclose(getattr(tiled, name), getattr(whole, name), rtol=0, atol=1e-5)


@given(st.integers(0, 999), st.integers(1, 3), st.booleans())
@FEW
def test_turned_and_mirrored_city(seed: int, quarters: int, mirrored: bool) -> None:
    def turn(raster: np.ndarray) -> np.ndarray:
        return np.rot90(raster[::-1] if mirrored else raster, quarters)

    city = small_city(seed)
    here, there = urban_cooling(**city), urban_cooling(**city | {name: turn(city[name]) for name in ("lulc", "eto")})
    for name in RESULTS:
        np.testing.assert_allclose(getattr(there, name), turn(getattr(here, name)), rtol=0, atol=1e-5)


@given(st.integers(0, 999), st.integers(1, 5), st.floats(0, 0.5))
@FEW
def test_more_shade_never_warms(seed: int, code: int, more: float) -> None:
    city = small_city(seed)
    shadier = TABLE.copy()
    shadier[shadier[:, 0] == code, 3] += more
    before, after = urban_cooling(**city), urban_cooling(**city | {"table": shadier})
    for name in ("t_air", "wbgt"):
        assert np.nanmax(getattr(after, name) - getattr(before, name)) <= 1e-5
    assert np.nanmin(after.hm - before.hm) >= -1e-6


@given(st.integers(0, 999), st.integers(1, 30))
@FEW
def test_trees_in_place_of_streets_never_warm(seed: int, many: int) -> None:
    city = small_city(seed)
    streets = np.flatnonzero(city["lulc"] == 1)
    planted = city["lulc"].copy()
    planted.flat[np.random.default_rng(seed).permutation(streets)[:many]] = 3
    before, after = urban_cooling(**city).t_air, urban_cooling(**city | {"lulc": planted}).t_air
    assert np.nanmax(after - before) <= 1e-5


@given(st.integers(0, 999), st.floats(10, 2000), st.floats(10, 2000), st.floats(0, 9))
@FEW
def test_results_stay_in_bounds(seed: int, cooled: float, mixed: float, heat: float) -> None:
    city = small_city(seed) | {"cooling_distance": cooled, "average_radius": mixed, "uhi_max": heat}
    result = urban_cooling(**city)
    known = ~np.isnan(result.cc)
    assert known.any()
    assert all(np.array_equal(known, ~np.isnan(getattr(result, name))) for name in RESULTS)
    assert (result.hm[known] >= result.cc[known]).all()
    assert 0 <= result.hm[known].min() <= result.hm[known].max() <= 1
    assert 24 - 1e-5 <= result.t_air[known].min() <= result.t_air[known].max() <= 24 + heat + 1e-5


@given(st.integers(0, 999), st.floats(0.1, 100))
@FEW
def test_unit_of_evapotranspiration_does_not_matter(seed: int, factor: float) -> None:
    city = small_city(seed)
    here, there = urban_cooling(**city), urban_cooling(**city | {"eto": city["eto"] * factor})
    np.testing.assert_allclose(there.t_air, here.t_air, rtol=0, atol=1e-5)


def test_two_hectares_are_enough_and_less_are_not() -> None:
    """Cells of 1 ha: the middle sees one green cell, then exactly two."""
    lulc = np.ones((9, 9), np.int16)
    lulc[4, 5] = 3
    table = TABLE * [1, 0, 1, 1, 0, 1]
    table[0, 3] = 0  # streets have no capacity of their own
    city = small_city(0) | {"eto": 1.0, "cell_size": 100.0, "cooling_distance": 400.0, "table": table}
    assert urban_cooling(**city | {"lulc": lulc}).hm[4, 4] == 0
    lulc[4, 3] = 3
    assert urban_cooling(**city | {"lulc": lulc}).hm[4, 4] > 0


# ---------------------------------------------------------------- kinds of input


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"])
def test_kind_of_number_does_not_matter(kind: str) -> None:
    city = small_city(5)
    nodata = -1 if np.dtype(kind).kind != "u" else 77
    expected = urban_cooling(**city)
    lulc = np.where(city["lulc"] == -1, nodata, city["lulc"]).astype(kind)
    close(urban_cooling(**city | {"lulc": lulc, "nodata": nodata}), {name: getattr(expected, name) for name in RESULTS})


def test_codes_that_are_nan_negative_or_far_apart() -> None:
    city = small_city(6)
    expected = urban_cooling(**city)
    expected = {name: getattr(expected, name) for name in RESULTS}
    lulc = city["lulc"].astype(float)
    lulc[lulc == -1] = np.nan
    for nodata in (None, np.nan, -9999.0):
        close(urban_cooling(**city | {"lulc": lulc, "nodata": nodata}), expected)
    for kind, shift, nodata in (("int8", -100, -128), ("int32", -5, -(2**31)), ("float64", -3, np.nan)):
        moved = np.where(city["lulc"] == -1, nodata, city["lulc"] + float(shift)).astype(kind)
        table = TABLE + np.array([shift, 0, 0, 0, 0, 0])
        close(urban_cooling(**city | {"lulc": moved, "nodata": nodata, "table": table}), expected)
    far = np.where(city["lulc"] == 5, 2_000_000_000, city["lulc"].astype(np.int64))
    table = np.where(TABLE == 5, 2_000_000_000, TABLE)[::-1]
    close(urban_cooling(**city | {"lulc": far, "table": table}), expected)


@pytest.mark.parametrize("nodata", [-9999, 1e30, -3.4028234663852886e38, np.float64(-9999), np.int64(70000)])
def test_nodata_that_the_codes_cannot_hold(nodata: Any) -> None:
    city = small_city(7, holes=False)
    city["lulc"] = city["lulc"].astype(np.uint8)
    expected = urban_cooling(**city | {"nodata": None})
    close(urban_cooling(**city | {"nodata": nodata}), {name: getattr(expected, name) for name in RESULTS})


def test_lists_whole_numbers_and_one_number_of_evapotranspiration() -> None:
    city = small_city(8, holes=False)
    city["eto"] = np.full(city["lulc"].shape, 5.0)
    expected = urban_cooling(**city)
    expected = {name: getattr(expected, name) for name in RESULTS}
    for eto in (5, 5.0, city["eto"].astype(int), city["eto"].tolist()):
        close(urban_cooling(**city | {"eto": eto, "lulc": city["lulc"].tolist()}), expected)


def test_missing_evapotranspiration_by_number() -> None:
    city = small_city(9)
    expected = urban_cooling(**city)
    filled = np.where(np.isnan(city["eto"]), np.float32(-9999), city["eto"])
    found = urban_cooling(**city | {"eto": filled}, eto_nodata=-9999)
    close(found, {name: getattr(expected, name) for name in RESULTS})


def test_a_gap_is_not_a_zero() -> None:
    """A hole in the middle of a city of one kind leaves all other cells as they are."""
    lulc = np.ones((7, 7), int)
    lulc[2:5, 2:5] = 0
    city = small_city(0) | {"lulc": lulc, "eto": 1.0, "nodata": 0}
    result = urban_cooling(**city)
    assert np.isnan(result.t_air[lulc == 0]).all()
    np.testing.assert_allclose(result.t_air[lulc == 1], 24 + (1 - 0.11) * 3.5, atol=1e-5)


def test_inputs_stay_as_they_were() -> None:
    city = small_city(10)
    copies = {name: city[name].copy() for name in ("lulc", "eto", "table")}
    urban_cooling(**city)
    for name, copy in copies.items():
        np.testing.assert_array_equal(city[name], copy)


def test_only_what_is_asked_for() -> None:
    city = small_city(11)
    every = urban_cooling(**city)
    for names in (("t_air",), ("hm",), ("cc", "wbgt"), ("hm", "t_air")):
        found = urban_cooling(**city, outputs=names)
        for name in RESULTS:
            if name in names:
                np.testing.assert_array_equal(getattr(found, name), getattr(every, name))
            else:
                assert getattr(found, name) is None
    assert urban_cooling(**city | {"relative_humidity": None}).wbgt is None


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lulc": np.ones(5, int)}, "lulc"),
        ({"lulc": np.ones((0, 3), int)}, "lulc"),
        ({"lulc": np.full((9, 14), 9)}, "lulc.* 9"),
        ({"lulc": np.full((9, 14), -1)}, "lulc.*nodata"),
        ({"lulc": np.full((9, 14), np.nan), "nodata": None}, "lulc.*nodata"),
        ({"eto": np.ones((3, 3))}, "eto.*shape"),
        ({"eto": np.full((9, 14), -9999.0)}, "eto"),
        ({"eto": np.where(np.arange(14) == 3, -9999.0, np.ones((9, 14)))}, "eto.*eto_nodata"),
        ({"eto": np.full((9, 14), np.nan)}, "eto"),
        ({"eto": np.where(np.arange(14) == 3, np.inf, np.ones((9, 14)))}, "eto"),
        ({"eto": 0.0}, "eto"),
        ({"eto": -4.0}, "eto"),
        ({"eto": np.nan}, "eto"),
        ({"cell_size": 0}, "cell_size"),
        ({"cell_size": np.nan}, "cell_size"),
        ({"cooling_distance": -450}, "cooling_distance"),
        ({"cooling_distance": np.inf}, "cooling_distance"),
        ({"average_radius": 0}, "average_radius"),
        ({"reference_temperature": np.nan}, "reference_temperature"),
        ({"uhi_max": np.nan}, "uhi_max"),
        ({"relative_humidity": 130}, "relative_humidity"),
        ({"relative_humidity": None, "outputs": ("wbgt",)}, "relative_humidity"),
        ({"outputs": ("temperature",)}, "outputs"),
        ({"method": "magic"}, "method"),
        ({"weights": (1, 0)}, "weights"),
        ({"weights": (1, 0, -1)}, "weights"),
        ({"table": TABLE[:, :3]}, "table"),
        ({"table": np.vstack([TABLE, TABLE[:1]])}, "table"),
        ({"table": TABLE * [1, 1, 2, 1, 1, 1]}, "table.*green_area"),
        ({"table": np.where(TABLE == 0.0, np.nan, TABLE)}, "table.*green_area"),
        ({"table_columns": ("lucode", "kc", "green", "shade", "albedo", "b")}, "table.*green_area"),
        ({"table_columns": ("lucode", "kc", "green_area", "shadow", "albedo", "b")}, "table.*shade"),
        ({"tile": 0}, "tile"),
    ],
)  # fmt: skip
def test_bad_input_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        urban_cooling(**small_city(0) | changes)


@pytest.mark.parametrize("humidity", [-1, 101, np.nan])
def test_humidity_out_of_range(humidity: float) -> None:
    with pytest.raises(ValueError, match="relative_humidity"):
        cooling.wet_bulb_globe_temperature(25, humidity)


def test_unknown_work() -> None:
    with pytest.raises(ValueError, match="work"):
        cooling.lost_work_share(30, "easy")


def test_lost_work_comes_with_the_temperatures_when_asked_for() -> None:
    """Air of 36 °C everywhere at 40 %: WBGT 33.6 °C, above all thresholds (see the worked examples)."""
    found = urban_cooling(
        lulc=np.ones((3, 4), int), eto=1.0, cell_size=10, cooling_distance=20, average_radius=20,
        reference_temperature=34, uhi_max=2, relative_humidity=40, table_columns=["lucode", "green_area", "kc", "shade", "albedo"],
        table=[[1, 0, 0, 0, 0]], outputs=("light_work_lost", "heavy_work_lost"),
    )  # fmt: skip
    assert found.t_air is None
    assert found.light_work_lost is not None
    assert found.heavy_work_lost is not None
    assert (found.light_work_lost == 0.75).all()
    assert (found.heavy_work_lost == 0.75).all()


def test_a_known_island_among_holes_is_exact() -> None:
    """A cell far from all others that are known has its own temperature: the large sums elsewhere must not show."""
    random = np.random.default_rng(5)
    lulc = np.full((700, 700), -1)
    lulc[:400, :400] = random.choice([1, 2], (400, 400))
    lulc[699, 699] = 1
    city = {
        "lulc": lulc, "eto": 1.0, "nodata": -1, "cell_size": 10, "cooling_distance": 450, "average_radius": 450,
        "reference_temperature": 25, "uhi_max": 5, "table_columns": ["lucode", "green_area", "kc", "shade", "albedo"],
        "table": [[1, 0, 0.5, 0.1, 0.2], [2, 1, 1.0, 0.8, 0.15]],
    }  # fmt: skip
    found = urban_cooling(**city)
    capacity = 0.6 * 0.1 + 0.2 * 0.2 + 0.2 * 0.5
    assert found.t_air is not None
    assert found.t_air[699, 699] == pytest.approx(25 + (1 - capacity) * 5, abs=1e-5)
    np.testing.assert_allclose(urban_cooling(**city, tile=150).t_air, found.t_air, atol=1e-5)
