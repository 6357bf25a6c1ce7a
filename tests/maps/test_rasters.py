"""Rasters that cities might hand over: read right, or said what is wrong; never a traceback, never a quiet wrong map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

rasterio = pytest.importorskip("rasterio")
from rasterio.transform import Affine, from_origin  # noqa: E402

from caminos.maps.rasters import (  # noqa: E402
    check_cover,
    check_raster,
    common_cells,
    read_raster,
    tiles,
    undeclared_missing,
)
from caminos.problems import ERROR, WARNING, CityError  # noqa: E402
from caminos.spatial.grid import DEGREES, Grid, equal_area, grid_over, project  # noqa: E402
from caminos.spatial.zonal import zonal_statistics  # noqa: E402

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FEW = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
UTM = "EPSG:32722"
LEFT, TOP = 480_000.0, 6_680_000.0  # south of Porto Alegre, in UTM zone 22 south
TRANSFORM = from_origin(LEFT, TOP, 30, 30)
CITY = (-51.21, -30.05, -51.19, -30.03)


def write(path, values, crs=UTM, transform=TRANSFORM, **profile):
    rows, columns = values.shape[-2:]
    profile = {"driver": "GTiff", "dtype": values.dtype.name, "count": 1, **profile}
    with rasterio.open(path, "w", width=columns, height=rows, crs=crs, transform=transform, **profile) as dataset:
        dataset.write(values if values.ndim == 3 else values[np.newaxis])
    return path


def field(rows=60, columns=70, seed=0):
    """Heights from 10 to 60 m, as a smooth hill with some noise."""
    y, x = np.mgrid[:rows, :columns]
    noise = np.random.default_rng(seed).uniform(0, 2, (rows, columns))
    return (10 + 48 * np.exp(-((x - 30) ** 2 + (y - 20) ** 2) / 600) + noise).astype("f4")


def utm_grid(rows=60, columns=70, size=30.0, left=LEFT, top=TOP):
    return Grid(UTM, left, top, size, (rows, columns))


def only(problems, severity=ERROR):
    """The one problem there is; it names the file and says what to do."""
    assert [problem.severity for problem in problems] == [severity], [str(problem) for problem in problems]
    assert problems[0].file
    assert problems[0].message
    assert problems[0].fix
    return problems[0].message


# bad input


def test_a_sound_raster_has_no_problem(tmp_path):
    path = write(tmp_path / "height.tif", field())
    raster, problems = read_raster(path)
    assert problems == []
    np.testing.assert_array_equal(raster.values, field())
    assert raster.transform == tuple(TRANSFORM)[:6]
    assert not raster.missing.any()


def test_missing_file(tmp_path):
    raster, problems = read_raster(tmp_path / "none.tif")
    assert raster is None
    assert "no such file" in only(problems)


@pytest.mark.parametrize("content", [b"", b"not a raster", b"II*\0\x08\0\0\0"])
def test_not_a_raster(tmp_path, content):
    path = tmp_path / "text.tif"
    path.write_bytes(content)
    raster, problems = read_raster(path)
    assert raster is None
    assert ("not a raster" if content.startswith(b"II*") else "not what its ending .tif says") in only(problems)


def test_a_file_cut_off(tmp_path):
    path = write(tmp_path / "half.tif", np.random.default_rng(0).random((300, 300)))
    path.write_bytes(path.read_bytes()[:300_000])
    for grid in (None, utm_grid()):
        raster, problems = read_raster(path, grid)
        assert raster is None
        assert only(problems)


def test_no_projection(tmp_path):
    path = write(tmp_path / "bare.tif", field(), crs=None)
    raster, problems = read_raster(path)
    assert raster is None
    assert "no projection" in only(problems)
    told, problems = read_raster(path, crs=UTM)
    assert problems == []
    assert told.crs == UTM


def test_not_georeferenced(tmp_path):
    path = write(tmp_path / "picture.tif", field(), transform=Affine.identity())
    assert "not georeferenced" in only(read_raster(path)[1])


@pytest.mark.parametrize(("value", "kind"), [
    (-9999.0, "f4"), (-9999.0, "i2"), (-32768.0, "i2"), (-3.4028234663852886e38, "f4"), (1e20, "f8"), (0.0, "f4"),
    (0.0, "u1"), (255.0, "u1"), (65535.0, "u2"), (-99999.0, "f8"),
])  # fmt: skip
def test_missing_values_not_declared(tmp_path, value, kind):
    values = field().astype(kind)
    values[:9, :40] = value
    path = write(tmp_path / "height.tif", values)
    raster, problems = read_raster(path)
    assert raster is None
    assert "not declared" in only(problems)
    told, problems = read_raster(path, nodata=value)
    assert problems == []
    assert told.missing.sum() == 9 * 40
    np.testing.assert_array_equal(told.missing[:9, :40], True)
    declared, problems = read_raster(write(tmp_path / "said.tif", values, nodata=value))
    assert problems == []
    np.testing.assert_array_equal(declared.missing, told.missing)
    measured, problems = read_raster(path, nodata="none")
    assert problems == []
    assert not measured.missing.any()


def test_undeclared_nan_is_missing_and_said(tmp_path):
    values = field()
    values[:9, :40] = np.nan
    raster, problems = read_raster(write(tmp_path / "height.tif", values))
    assert "NaN" in only(problems, WARNING)
    assert raster.missing.sum() == 360
    raster, problems = read_raster(write(tmp_path / "said.tif", values, nodata=np.nan))
    assert problems == []


def test_another_code_than_the_declared_one(tmp_path):
    values = field()
    values[:3], values[3:6] = -9999, -32768
    assert "-32768" in only(read_raster(write(tmp_path / "two.tif", values, nodata=-9999))[1])


def test_zero_where_zero_can_be(tmp_path):
    canopy = np.where(field() > 30, field(), 0).astype("f4")
    path = write(tmp_path / "canopy.tif", canopy)
    assert "0 stands in" in only(read_raster(path)[1])
    flat = np.clip(field() - 15, 0, None)  # no gap between 0 and the rest
    path = write(tmp_path / "share.tif", flat)
    assert "0 stands in" in only(read_raster(path)[1])
    assert read_raster(path, expected_range=(0, 100))[1] == []
    people = write(tmp_path / "people.tif", flat)
    assert read_raster(people, kind="count")[1] == []


def test_a_few_zeros_among_others_are_values():
    scattered = np.random.default_rng(0).integers(0, 50, (50, 50)).astype("i2")
    assert undeclared_missing(scattered, np.ones((50, 50), bool), "continuous") == []
    assert undeclared_missing(np.zeros((5, 5)), np.ones((5, 5), bool), "continuous") == []
    assert undeclared_missing(scattered, np.zeros((50, 50), bool), "continuous") == []


def test_class_zero_in_a_patch_is_asked_about(tmp_path):
    classes = np.random.default_rng(0).integers(1, 5, (40, 40)).astype("u1")
    classes[:10] = 0
    path = write(tmp_path / "cover.tif", classes)
    raster, problems = read_raster(path, kind="categorical")
    assert "0 stands in 25 %" in only(problems, WARNING)
    np.testing.assert_array_equal(raster.values, classes)
    told, problems = read_raster(path, kind="categorical", nodata=0)
    assert problems == []
    assert told.missing.sum() == 400


def test_rows_from_south_to_north_are_turned(tmp_path):
    turned = Affine(30, 0, LEFT, 0, 30, TOP - 60 * 30)
    path = write(tmp_path / "flipped.tif", field()[::-1], transform=turned)
    raster, problems = read_raster(path)
    assert "south to north" in only(problems, WARNING)
    np.testing.assert_array_equal(raster.values, field())
    assert raster.transform == tuple(TRANSFORM)[:6]
    on_grid, problems = read_raster(path, utm_grid())
    only(problems, WARNING)
    np.testing.assert_allclose(on_grid.values, field(), rtol=1e-5)


def test_columns_from_east_to_west_are_turned(tmp_path):
    turned = Affine(-30, 0, LEFT + 70 * 30, 0, -30, TOP)
    raster, problems = read_raster(write(tmp_path / "mirror.tif", field()[:, ::-1], transform=turned))
    assert "east to west" in only(problems, WARNING)
    np.testing.assert_array_equal(raster.values, field())


def test_degrees_taken_for_metres(tmp_path):
    path = write(tmp_path / "degrees.tif", field(), transform=from_origin(-51.2, -30.0, 0.0003, 0.0003))
    assert "Degrees taken for metres" in only(read_raster(path)[1])


@pytest.mark.parametrize("transform", [TRANSFORM, from_origin(0, 50, 30, 30)])
def test_metres_taken_for_degrees(tmp_path, transform):
    path = write(tmp_path / "metres.tif", field(), crs="EPSG:4326", transform=transform)
    assert "Metres taken for degrees" in only(read_raster(path)[1])


def test_a_layer_elsewhere(tmp_path):
    path = write(tmp_path / "far.tif", field(), transform=from_origin(LEFT, TOP + 200_000, 30, 30))
    raster, problems = read_raster(path, grid_over(CITY, 100))
    assert raster is None
    assert "20" in only(problems)
    assert "km from the city" in problems[0].message


def test_a_layer_with_axes_swapped(tmp_path):
    path = write(tmp_path / "swap.tif", field(), crs="EPSG:4326", transform=from_origin(-30.05, -51.19, 3e-4, 3e-4))
    assert "axes are swapped" in only(read_raster(path, grid_over(CITY, 100))[1])


def test_values_out_of_range(tmp_path):
    kelvin = write(tmp_path / "kelvin.tif", field() + 273)
    raster, problems = read_raster(kelvin, expected_range=(-30, 70))
    assert raster is None
    assert "lie outside of -30 to 70" in only(problems)


def test_no_value_at_all(tmp_path):
    path = write(tmp_path / "empty.tif", np.full((5, 5), -9999, "f4"), nodata=-9999)
    assert "No cell has a value" in only(read_raster(path)[1])


def test_counts_below_zero_and_classes_with_fractions(tmp_path):
    people = field()
    people[5, 5] = -3
    assert "below zero" in only(read_raster(write(tmp_path / "people.tif", people), kind="count")[1])
    assert "whole numbers" in only(read_raster(tmp_path / "people.tif", kind="categorical")[1])


def test_bands(tmp_path):
    path = write(tmp_path / "bands.tif", np.stack([field(), field(seed=1)]), count=2)
    raster, problems = read_raster(path)
    assert "2 bands" in only(problems, WARNING)
    np.testing.assert_array_equal(raster.values, field())
    np.testing.assert_array_equal(read_raster(path, band=2)[0].values, field(seed=1))
    assert "no band 3" in only(read_raster(path, band=3)[1])


def test_more_cells_than_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("caminos.maps.rasters.MAXIMUM_CELLS", 1000)
    path = write(tmp_path / "big.tif", field())
    assert "memory" in only(read_raster(path)[1])
    assert check_raster(path) == []
    assert len(list(tiles(path, utm_grid(), 30))) == 2 * 3


def test_scale_offset_unit_and_mask_of_the_file_are_honoured(tmp_path):
    path = write(tmp_path / "scaled.tif", np.arange(100, 400, dtype="i2").reshape(15, 20))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (0.1,), (-5.0,), ("degree_Celsius",)
        mask = np.full((15, 20), 255, "u1")
        mask[0] = 0
        dataset.write_mask(mask)
    raster, problems = read_raster(path, expected_range=(0, 40))
    assert problems == []
    assert raster.unit == "degree_Celsius"
    assert np.isnan(raster.values[0]).all()
    np.testing.assert_allclose(raster.values[1:].ravel(), np.arange(120, 400) * 0.1 - 5, rtol=1e-6)
    assert "outside" in only(read_raster(path, expected_range=(100, 400))[1])


def test_an_unknown_kind_is_an_error_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="kind"):
        read_raster(tmp_path / "x.tif", kind="numbers")


# onto the city's own grid


def test_on_its_own_grid_nothing_changes(tmp_path):
    path = write(tmp_path / "height.tif", field())
    raster, _problems = read_raster(path, utm_grid())
    np.testing.assert_allclose(raster.values, field(), rtol=1e-6)
    people, _problems = read_raster(path, utm_grid(), kind="count")
    np.testing.assert_allclose(people.values, field(), rtol=1e-9)
    classes = field().astype("u1")
    cover, _problems = read_raster(write(tmp_path / "cover.tif", classes), utm_grid(), kind="categorical")
    np.testing.assert_array_equal(cover.values, classes)


def test_a_plane_stays_a_plane_and_the_rest_stays_missing(tmp_path):
    y, x = np.mgrid[:200, :200]
    path = write(tmp_path / "plane.tif", (20 + 0.1 * x + 0.2 * y).astype("f4"))
    crs = equal_area(CITY)
    corner = project([shapely.Point(LEFT + 3000, TOP - 3000)], UTM, crs)[0]
    grid = Grid(crs, corner.x - 4500, corner.y + 4500, 50, (180, 180))
    raster, problems = read_raster(path, grid)
    assert problems == []
    rows, columns = np.indices(grid.shape) + 0.5
    points = np.column_stack([(grid.left + columns * 50).ravel(), (grid.top - rows * 50).ravel()])
    back = shapely.get_coordinates(project(shapely.points(points), crs, UTM))
    expected = 20 + 0.1 * ((back[:, 0] - LEFT) / 30 - 0.5) + 0.2 * ((TOP - back[:, 1]) / 30 - 0.5)
    inside = (np.abs(back[:, 0] - LEFT - 3000) < 2900) & (np.abs(back[:, 1] - TOP + 3000) < 2900)
    outside = (np.abs(back[:, 0] - LEFT - 3000) > 3100) | (np.abs(back[:, 1] - TOP + 3000) > 3100)
    np.testing.assert_allclose(raster.values.ravel()[inside], expected[inside], atol=0.05)  # 1/8 of a cell
    assert np.isnan(raster.values.ravel()[outside]).all()


@pytest.mark.parametrize("size", [7.0, 30.0, 170.0, 2000.0])
@pytest.mark.parametrize("crs", [UTM, "EPSG:4326"])
def test_reprojection_keeps_people(tmp_path, size, crs):
    people = np.random.default_rng(2).gamma(0.3, 40, (50, 60)).astype("f4")
    people[people < 5] = 0
    transform = TRANSFORM if crs == UTM else from_origin(-51.21, -30.02, 0.0009, 0.0009)
    path = write(tmp_path / "people.tif", people, crs=crs, transform=transform)
    city = (-51.25, -30.1, -51.13, -29.99)
    raster, problems = read_raster(path, grid_over(city, size), kind="count")
    assert problems == []
    assert np.nansum(raster.values) == pytest.approx(people.sum(dtype=float), rel=1e-9)
    assert (raster.values[~raster.missing] >= 0).all()


@given(seed=st.integers(0, 1000), size=st.floats(11, 90), south_up=st.booleans())
@FEW
def test_people_on_the_grid_are_those_of_clipped_cells(tmp_path, seed, size, south_up):
    """Against an independent way: the exact share of each source cell as a zone over the grid's cells."""
    rng = np.random.default_rng(seed)
    people = rng.gamma(1, 10, (6, 5))
    people[rng.random((6, 5)) < 0.2] = -1
    transform = Affine(30, 0, LEFT, 0, 30, TOP - 180) if south_up else TRANSFORM
    path = write(tmp_path / f"{seed}.tif", people, transform=transform, nodata=-1)
    west, north = rng.uniform(-30, 60), rng.uniform(-60, 30)
    crs = equal_area(CITY)
    corner = shapely.get_coordinates(project([shapely.Point(LEFT, TOP)], UTM, crs))[0]
    grid = Grid(crs, corner[0] + west, corner[1] + north, size, (5, 4))
    raster, _problems = read_raster(path, grid, kind="count")
    expected, covered = np.zeros(grid.shape), np.zeros(grid.shape)
    for (row, column), value in np.ndenumerate(people):
        if value < 0:
            continue
        x, y = np.array([0, 1, 1, 0]) + column, np.array([0, 0, 1, 1]) + row
        corners = shapely.Polygon(np.column_stack([transform.c + transform.a * x, transform.f + transform.e * y]))
        cell = project([corners], UTM, crs)[0]
        for (i, j), _zero in np.ndenumerate(expected):
            left, top = grid.left + j * size, grid.top - i * size
            share = cell.intersection(shapely.box(left, top - size, left + size, top)).area
            expected[i, j] += value * share / cell.area
            covered[i, j] += share
    np.testing.assert_allclose(np.nan_to_num(raster.values), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(raster.missing, covered < 1e-6 * size**2)


@given(
    size=st.integers(1, 60),
    kind=st.sampled_from(["continuous", "categorical", "count"]),
    cell=st.sampled_from([20, 47, 130]),
)
@FEW
def test_the_same_result_for_any_tile_size(tmp_path, size, kind, cell):
    values = field(100, 120).astype("u1" if kind == "categorical" else "f4")
    values[40:60, 50:80] = 200 if kind == "categorical" else -9999
    path = write(tmp_path / f"{kind}.tif", values, nodata=200 if kind == "categorical" else -9999)
    grid = grid_over((-51.21, -30.035, -51.185, -30.02), cell)
    whole, problems = read_raster(path, grid, kind=kind)
    assert problems == []
    assert 0 < whole.missing.mean() < 1
    size = max(size, max(grid.shape) // 5)
    seen = np.zeros(grid.shape, int)
    for rows, columns, tile in tiles(path, grid, size, kind=kind):
        seen[rows, columns] += 1
        if kind == "count":
            np.testing.assert_allclose(tile.values, whole.values[rows, columns], rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_array_equal(tile.values, whole.values[rows, columns])
    assert (seen == 1).all()


def test_coarser_cells_hold_means_and_majorities(tmp_path):
    values = np.arange(36.0, dtype="f4").reshape(6, 6) + 10
    path = write(tmp_path / "fine.tif", values)
    raster, _problems = read_raster(path, utm_grid(2, 2, 90.0))
    np.testing.assert_allclose(raster.values, values.reshape(2, 3, 2, 3).mean(axis=(1, 3)), rtol=1e-6)
    classes = np.array([[1, 1, 2, 2], [1, 3, 2, 4]], "u1")
    cover, _problems = read_raster(write(tmp_path / "c.tif", classes), utm_grid(1, 2, 60.0), kind="categorical")
    np.testing.assert_array_equal(cover.values, [[1, 2]])


def test_tiles_of_a_bad_file_say_why(tmp_path):
    path = write(tmp_path / "bare.tif", field(), crs=None)
    with pytest.raises(CityError, match="no projection"):
        list(tiles(path, utm_grid()))


def test_progress_is_shown(tmp_path):
    path, shown = write(tmp_path / "height.tif", field()), []
    read_raster(path, utm_grid(), progress=lambda text, done, total: shown.append((text, done, total)))
    assert "height.tif" in shown[0][0]
    assert shown[-1][1] == shown[-1][2]


# layers and zones


def test_cover_of_zones_is_said(tmp_path):
    raster, _problems = read_raster(write(tmp_path / "height.tif", field()))
    west, south, east, north = LEFT, TOP - 1800, LEFT + 2100, TOP
    inside = shapely.box(west + 100, south + 100, west + 500, north - 100)
    half = shapely.box(east - 400, south + 100, east + 400, north - 100)
    beyond = shapely.box(east + 500, south, east + 900, north)
    zones = project([inside, half, beyond], UTM, DEGREES)
    coverage, problems = check_cover(raster, zones, ["a", "b", "c"], "height.tif")
    np.testing.assert_allclose(coverage, [1, 0.5, 0], atol=1e-4)
    assert [problem.severity for problem in problems] == [WARNING, WARNING]
    assert "have no value of this layer: c" in problems[0].message
    assert "covered in part (least 50 %): b" in problems[1].message
    _coverage, problems = check_cover(raster, zones[2:], ["c"], "height.tif")
    assert "No zone" in only(problems)
    means = zonal_statistics(raster.values, raster.transform, project(zones, DEGREES, UTM), ("mean",))["mean"]
    assert np.isnan(means[2])


def test_layers_of_different_extent(tmp_path):
    grid = utm_grid()
    whole, _problems = read_raster(write(tmp_path / "height.tif", field()), grid)
    part, _problems = read_raster(write(tmp_path / "canopy.tif", field()[:, :35]), grid)
    common, problems = common_cells({"height.tif": whole, "canopy.tif": part})
    assert "covers 50" in only(problems, WARNING) or "covers 5" in problems[0].message
    assert problems[0].file == "canopy.tif"
    np.testing.assert_array_equal(common, ~part.missing)
    other, _problems = read_raster(write(tmp_path / "coarse.tif", field()), utm_grid(30, 35, 60.0))
    common, problems = common_cells({"height.tif": whole, "coarse.tif": other})
    assert common is None
    assert "not those of height.tif" in only(problems)
    assert common_cells({"height.tif": whole})[1] == []


def test_the_elevation_of_porto_alegre_does_not_declare_its_missing_value():
    path = SHARED / "porto-alegre" / "poa_elevation.tif"
    if not path.exists():
        pytest.skip("the shared data are not here")
    raster, problems = read_raster(path)
    assert raster is None
    assert "0 stands in 11.8 % of the cells" in only(problems)
    told, problems = read_raster(path, nodata=0)
    assert problems == []
    assert told.missing.mean() == pytest.approx(0.1177, abs=1e-4)
