"""The city's own projection and grid, squares and hexagons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from caminos.spatial.grid import (
    DEGREES,
    Grid,
    bounds_of,
    elsewhere,
    equal_area,
    grid_over,
    hexagon_polygons,
    hexagons,
    project,
    project_bounds,
    square_cells,
)

FEW = settings(max_examples=30, deadline=None, derandomize=True)
PORTO_ALEGRE = (-51.27, -30.27, -51.01, -29.93)
L_SHAPE = shapely.union(shapely.box(-51.27, -30.2, -51.2, -30.0), shapely.box(-51.27, -30.2, -51.05, -30.17))
cities = st.tuples(st.floats(-175, 170), st.floats(-65, 65))


def geodesic_area(polygon):
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.segmentize(polygon, 0.001))[0])


@given(place=cities, size=st.floats(0.01, 1))
@FEW
def test_areas_are_those_of_the_ellipsoid(place, size):
    x, y = place
    zone = shapely.box(x, y, x + size, y + size)
    crs = equal_area([zone])
    # a parallel is no geodesic: both outlines get points close by
    flat = shapely.area(project([shapely.segmentize(zone, 0.001)], DEGREES, crs))[0]
    assert flat == pytest.approx(geodesic_area(zone), rel=1e-6)


@given(place=cities, size=st.floats(5, 3000))
@FEW
def test_a_grid_covers_its_zones_with_whole_cells(place, size):
    x, y = place
    zone = shapely.Point(x, y).buffer(0.05)
    grid = grid_over([zone], size)
    inside = project([zone], DEGREES, grid.crs)[0]
    left, bottom, right, top = grid.bounds
    assert shapely.box(left, bottom, right, top).buffer(1e-6).covers(inside)
    assert (left / size, top / size) == (pytest.approx(round(left / size)), pytest.approx(round(top / size)))
    lean = inside.bounds
    assert max(lean[0] - left, right - lean[2], lean[1] - bottom, top - lean[3]) <= size * (1 + 1e-9)


def test_margin_part_and_tiles():
    grid = grid_over(PORTO_ALEGRE, 100)
    wide = grid_over(PORTO_ALEGRE, 100, margin=450)
    assert wide.bounds[0] <= grid.bounds[0] - 400
    seen = np.zeros(grid.shape, int)
    for rows, columns in grid.tiles(97):
        seen[rows, columns] += 1
        part = grid.part(rows, columns)
        assert part.shape == seen[rows, columns].shape
        assert part.left == grid.left + columns.start * 100
        assert part.top == grid.top - rows.start * 100
    assert (seen == 1).all()
    assert grid.cell_area == 10_000
    assert grid.transform == (100, 0, grid.left, 0, -100, grid.top)


def test_projecting_there_and_back():
    crs = equal_area(PORTO_ALEGRE)
    back = project(project([L_SHAPE], DEGREES, crs), crs, DEGREES)[0]
    assert shapely.hausdorff_distance(back, L_SHAPE) < 1e-7
    assert project([L_SHAPE], DEGREES, "OGC:CRS84")[0] is L_SHAPE
    west, south, east, north = project_bounds(project_bounds(PORTO_ALEGRE, DEGREES, crs), crs, DEGREES)
    assert shapely.box(west, south, east, north).covers(shapely.box(*PORTO_ALEGRE))


@pytest.mark.parametrize(("zones", "word"), [
    ((480_000.0, 6_670_000.0, 490_000.0, 6_680_000.0), "degrees"),
    ((-51.0, -30.0, -52.0, -29.0), "degrees"),
    ((-80.0, -30.0, -40.0, -10.0), "span"),
    ((np.nan, 0.0, 1.0, 1.0), "none with an outline"),
    ([], "none with an outline"),
    ([shapely.Polygon()], "none with an outline"),
])  # fmt: skip
def test_bad_extents_are_said(zones, word):
    with pytest.raises(ValueError, match=word):
        equal_area(zones)


@pytest.mark.parametrize("arguments", [{"cell_size": 0}, {"cell_size": np.nan}, {"cell_size": 10, "margin": -1}])
def test_bad_cells_are_said(arguments):
    with pytest.raises(ValueError, match=r"cell_size|margin"):
        grid_over(PORTO_ALEGRE, **arguments)


def test_four_zones_are_not_bounds():
    zones = square_cells(PORTO_ALEGRE, 20_000).polygons
    assert len(zones) == 4
    assert bounds_of(zones)[0] < -51.27


def test_squares_are_equal_and_cover_the_city_once():
    crs = equal_area([L_SHAPE])
    squares = square_cells([L_SHAPE], 1500)
    assert len(set(squares.ids)) == len(squares.ids) == len(squares.polygons)
    flat = project(squares.polygons, DEGREES, crs)
    np.testing.assert_allclose(shapely.area(flat), 1500**2, rtol=1e-5)
    whole = shapely.unary_union(flat)
    assert whole.buffer(1).covers(project([L_SHAPE], DEGREES, crs)[0])
    assert whole.area == pytest.approx(1500**2 * len(flat), rel=1e-5)
    assert len(squares.ids) < len(square_cells(bounds_of([L_SHAPE]), 1500).ids)


def test_hexagons_cover_the_city_once():
    cells = hexagons(L_SHAPE, resolution=8)
    assert shapely.intersects(L_SHAPE, cells.polygons).all()
    whole = shapely.unary_union(cells.polygons)
    assert shapely.area(cells.polygons).sum() == pytest.approx(whole.area, rel=1e-9)
    assert whole.covers(L_SHAPE)
    crs = equal_area([L_SHAPE])
    areas = shapely.area(project(cells.polygons, DEGREES, crs))
    assert areas.max() / areas.min() < 1.02
    again, problems = hexagon_polygons(cells.ids)
    assert problems == []
    assert shapely.equals(again, cells.polygons).all()


@pytest.mark.parametrize("shape", [
    shapely.Point(-51.2, -30).buffer(1e-5), shapely.LineString([(-51.2, -30), (-51.0, -30.1)]).buffer(1e-5),
])  # fmt: skip
def test_a_city_smaller_than_its_hexagons_has_some(shape):
    cells = hexagons([shape], resolution=7)
    assert shapely.unary_union(cells.polygons).covers(shape)


def test_hexagons_by_size():
    assert set(hexagons(L_SHAPE, size=500).ids) == set(hexagons(L_SHAPE, resolution=8).ids)
    for wrong in ({}, {"size": 100, "resolution": 9}, {"size": -1}, {"resolution": 16}):
        with pytest.raises(ValueError, match=r"size|resolution"):
            hexagons(L_SHAPE, **wrong)


def test_wrong_hexagon_ids_are_said():
    polygons, problems = hexagon_polygons(["89a901291abffff", "abc", "89a901291abffff", "88a901291bfffff"], "hex.csv")
    assert polygons[1] is None
    assert [problem.severity for problem in problems] == ["error", "error", "warning"]
    assert "'abc' is not an H3 index" in problems[0].message
    assert "stand twice" in problems[1].message
    assert "resolutions 8, 9" in problems[2].message
    assert all(problem.file == "hex.csv" and problem.fix for problem in problems)
    _polygons, problems = hexagon_polygons(["x"] * 9)
    assert "9 ids in all" in problems[-1].message
    polygons, problems = hexagon_polygons([])
    assert (len(polygons), problems) == (0, [])


def test_distance_of_a_layer_elsewhere():
    problem = elsewhere("a.tif", (-51.2, -29.0, -51.1, -28.9), PORTO_ALEGRE)
    # 0.93 degrees of latitude
    _azimuth, _back, metres = Geod(ellps="WGS84").inv(-51.15, -29.93, -51.15, -29.0)
    assert f"{metres / 1000:.0f} km" in problem.message
    assert elsewhere("a.tif", (-51.2, -30.0, -51.1, -29.0), PORTO_ALEGRE) is None


def test_a_grid_of_another_projection():
    grid = Grid("EPSG:32722", 480_000.0, 6_680_000.0, 30.0, (10, 20))
    assert grid.bounds == (480_000, 6_679_700, 480_600, 6_680_000)
