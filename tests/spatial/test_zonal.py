"""Zonal statistics against clipping cell by cell, and the laws they keep."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.spatial.zonal import (
    Segments,
    class_shares,
    coverage_of_cells,
    points_in_zones,
    polygon_overlap,
    zonal_statistics,
    zonal_statistics_of_tiles,
    zone_weights,
)

FEW = settings(max_examples=30, deadline=None, derandomize=True)
NORTH_UP = (10.0, 0.0, 300.0, 0.0, -10.0, 800.0)
ROTATED = (8.0, 3.0, -50.0, 2.0, -9.0, 700.0)
SOUTH_UP = (10.0, 0.0, 300.0, 0.0, 10.0, 700.0)
ALL = ("mean", "sum", "count", "min", "max", "majority")


def cell_boxes(transform, shape):
    """The outline of every cell as a polygon, row by row."""
    a, b, c, d, e, f = transform
    boxes = []
    for row in range(shape[0]):
        for column in range(shape[1]):
            corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            boxes.append(shapely.Polygon([(a * x + b * y + c, d * x + e * y + f) for x, y in corners]))
    return np.array(boxes)


def clipped(polygons, transform, shape):
    """Share of each cell in each polygon by clipping one with the other: (zone, cell)."""
    boxes = cell_boxes(transform, shape)
    return np.array(
        [[polygon.intersection(box).area / box.area for box in boxes] for polygon in polygons]
    )  # fmt: skip


def star(seed, transform, shape, holes=True):
    """A polygon of odd form somewhere on and beside the raster, half of them with a hole."""
    rng = np.random.default_rng(seed)
    a, b, c, d, e, f = transform
    angles = np.sort(rng.uniform(0, 2 * np.pi, 14))
    x = rng.uniform(-1, shape[1] + 1) + rng.uniform(0.3, 5, 14) * np.cos(angles)
    y = rng.uniform(-1, shape[0] + 1) + rng.uniform(0.3, 5, 14) * np.sin(angles)
    whole = shapely.make_valid(shapely.Polygon(np.column_stack([a * x + b * y + c, d * x + e * y + f])))
    if holes and rng.random() < 0.5:
        whole = whole.difference(whole.centroid.buffer(rng.uniform(2, 20)))
    parts = [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon" and part.area > 1]
    return shapely.MultiPolygon(parts)


@given(
    seed=st.integers(0, 10_000),
    transform=st.sampled_from([NORTH_UP, ROTATED, SOUTH_UP]),
    shape=st.sampled_from([(1, 1), (3, 8), (9, 5)]),
)
@FEW
def test_fractions_are_those_of_clipping_every_cell(seed, transform, shape):
    zones = [star(seed, transform, shape), star(seed + 1, transform, shape)]
    shares = zone_weights(zones, transform, shape).matrix().toarray()
    np.testing.assert_allclose(shares, clipped(zones, transform, shape), atol=1e-9)


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(["f4", "f8", "u1", "i2"]))
@FEW
def test_statistics_are_those_of_clipping_every_cell(seed, kind):
    shape, rng = (7, 9), np.random.default_rng(seed)
    values = rng.integers(0, 6, shape).astype(kind)
    missing = rng.random(shape) < 0.3
    nodata = 77
    values[missing] = np.nan if kind == "f8" else nodata
    zones = [star(seed + place, NORTH_UP, shape) for place in range(3)]
    found = zonal_statistics(values, NORTH_UP, zones, ALL, nodata=nodata)
    for zone, shares in enumerate(clipped(zones, NORTH_UP, shape)):
        share, value = shares[~missing.ravel()], values.ravel()[~missing.ravel()].astype(float)
        share = np.where(share > 1e-9, share, 0)
        inside = value[share > 0]
        area = zones[zone].area / 100
        assert found["count"][zone] == pytest.approx(share.sum(), abs=1e-8)
        assert found["coverage"][zone] == pytest.approx(share.sum() / area, abs=1e-8)
        if not inside.size:
            assert all(np.isnan(found[name][zone]) for name in ("mean", "sum", "min", "max", "majority"))
            continue
        assert found["sum"][zone] == pytest.approx((share * value).sum(), rel=1e-9, abs=1e-8)
        assert found["mean"][zone] == pytest.approx(np.average(value, weights=share), rel=1e-7, abs=1e-8)
        assert (found["min"][zone], found["max"][zone]) == (inside.min(), inside.max())
        by_class = {number: share[value == number].sum() for number in np.unique(inside)}
        assert by_class[found["majority"][zone]] == pytest.approx(max(by_class.values()))


def tessellation(seed, transform, shape, zones=8):
    """Zones that cover the raster without gap or overlap."""
    rng = np.random.default_rng(seed)
    a, _b, c, _d, e, f = transform
    box = shapely.box(c, f + e * shape[0], c + a * shape[1], f)
    west, south, east, north = box.bounds
    points = np.column_stack([rng.uniform(west, east, zones), rng.uniform(south, north, zones)])
    return [part.intersection(box) for part in shapely.get_parts(shapely.voronoi_polygons(
        shapely.MultiPoint(points), extend_to=box))]  # fmt: skip


@given(seed=st.integers(0, 10_000), shape=st.sampled_from([(12, 17), (40, 3), (1, 30)]))
@FEW
def test_the_sum_over_zones_is_the_city(seed, shape):
    values = np.random.default_rng(seed).gamma(1, 100, shape).astype("f4")
    zones = tessellation(seed, NORTH_UP, shape)
    found = zonal_statistics(values, NORTH_UP, zones, ("sum", "count"))
    assert np.nansum(found["sum"]) == pytest.approx(values.sum(dtype=float), rel=1e-9)
    assert found["count"].sum() == pytest.approx(values.size, rel=1e-9)
    np.testing.assert_allclose(found["coverage"], 1, atol=1e-9)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 20))
@FEW
def test_the_same_result_for_any_tile_size(seed, size):
    shape, rng = (15, 18), np.random.default_rng(seed)
    values = rng.integers(0, 5, shape).astype("f8")
    values[rng.random(shape) < 0.2] = np.nan
    zones = [star(seed + place, NORTH_UP, shape) for place in range(4)]

    def tiles():
        a, _b, c, _d, e, f = NORTH_UP
        for row in range(0, shape[0], size):
            for column in range(0, shape[1], size):
                part = values[row : row + size, column : column + size]
                yield part, (a, 0.0, c + a * column, 0.0, e, f + e * row)

    whole = zonal_statistics(values, NORTH_UP, zones, ALL)
    cut = zonal_statistics_of_tiles(tiles(), zones, ALL)
    for name in (*ALL, "coverage"):
        np.testing.assert_allclose(cut[name], whole[name], rtol=1e-9, atol=1e-9, err_msg=name)


@given(seed=st.integers(0, 10_000))
@FEW
def test_turned_by_a_right_angle_the_result_is_the_same(seed):
    shape = (11, 6)
    values = np.random.default_rng(seed).normal(size=shape)
    zones = [star(seed + place, (1, 0, 0, 0, -1, shape[0]), shape) for place in range(3)]
    plain = zonal_statistics(values, (1, 0, 0, 0, -1, shape[0]), zones, ("sum", "min", "count"))
    # (x, y) goes to (-y, x): a quarter turn to the left
    turned = [shapely.transform(zone, lambda points: np.column_stack([-points[:, 1], points[:, 0]])) for zone in zones]
    after = zonal_statistics(np.rot90(values), (1, 0, -shape[0], 0, -1, shape[1]), turned, ("sum", "min", "count"))
    mirrored = zonal_statistics(values[::-1], (1, 0, 0, 0, 1, 0), zones, ("sum", "min", "count"))
    for name in plain:
        np.testing.assert_allclose(after[name], plain[name], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(mirrored[name], plain[name], rtol=1e-9, atol=1e-9)


def test_one_zone_over_two_cells_by_hand():
    """A square of 1 x 1 across two cells of 1 x 1: three quarters in the first, one quarter in the second."""
    found = zonal_statistics(
        np.array([[4.0, 8.0]]), (1, 0, 0, 0, -1, 1), [shapely.box(0.25, 0, 1.25, 1)], ("mean", "sum", "count")
    )
    assert found["sum"][0] == 0.75 * 4 + 0.25 * 8
    assert found["mean"][0] == 5
    assert (found["count"][0], found["coverage"][0]) == (1, 1)


def test_a_zone_on_the_grid_lines_takes_no_cell_of_its_neighbours():
    values = np.arange(25.0).reshape(5, 5)
    found = zonal_statistics(
        values, (0.1, 0, 0, 0, -0.1, 0.5), [shapely.box(0.1, 0.2, 0.3, 0.4)], ("min", "max", "count")
    )
    assert (found["min"][0], found["max"][0]) == (6, 12)
    assert found["count"][0] == pytest.approx(4, abs=1e-12)


def test_zones_in_degrees_are_brought_to_the_raster():
    from caminos.spatial.grid import DEGREES, equal_area, project

    zone = shapely.box(-51.2, -30.1, -51.19, -30.09)
    crs = equal_area([zone])
    inside = project([zone], DEGREES, crs)
    west, _south, _east, north = shapely.total_bounds(inside)
    values, transform = np.random.default_rng(0).random((60, 70)), (20, 0, west - 100, 0, -20, north + 50)
    here, there = zonal_statistics(values, transform, [zone], crs=crs), zonal_statistics(values, transform, inside)
    assert set(here) == {"mean", "sum", "count", "cells", "coverage"}
    for name in here:
        np.testing.assert_array_equal(here[name], there[name])
    assert here["cells"][0] == pytest.approx(shapely.area(inside)[0] / 400)


def test_zones_that_overlap_each_get_their_own():
    values = np.ones((4, 4))
    zones = [shapely.box(0, 0, 4, 4), shapely.box(0, 0, 4, 4), shapely.box(-5, -5, 9, 9)]
    found = zonal_statistics(values, (1, 0, 0, 0, -1, 4), zones, ("sum",))
    np.testing.assert_array_equal(found["sum"], [16, 16, 16])
    np.testing.assert_allclose(found["coverage"], [1, 1, 16 / 196])


def test_what_is_not_covered_is_not_estimated():
    values = np.full((2, 2), np.nan)
    values[0, 0] = 0.0
    zones = [shapely.box(0, 1, 1, 2), shapely.box(1, 0, 2, 1), shapely.box(7, 7, 8, 8), shapely.box(0, 0, 2, 2), None]
    found = zonal_statistics(values, (1, 0, 0, 0, -1, 2), zones, ("mean", "sum", "count"))
    np.testing.assert_array_equal(found["mean"], [0, np.nan, np.nan, 0, np.nan])
    np.testing.assert_array_equal(found["sum"], [0, np.nan, np.nan, 0, np.nan])
    np.testing.assert_array_equal(found["count"], [1, 0, 0, 1, 0])
    np.testing.assert_array_equal(found["coverage"], [1, 0, 0, 0.25, np.nan])
    strict = zonal_statistics(values, (1, 0, 0, 0, -1, 2), zones, ("sum",), minimum_coverage=0.9)
    np.testing.assert_array_equal(strict["sum"], [0, np.nan, np.nan, np.nan, np.nan])


def test_class_shares_and_equal_classes():
    values = np.array([[1, 1, 2, 9], [1, 2, 2, 9]], dtype="u1")
    zones = [shapely.box(0, 0, 3, 2), shapely.box(3, 0, 4, 2), shapely.box(1.5, 0, 4, 2)]
    classes, shares, coverage = class_shares(values, (1, 0, 0, 0, -1, 2), zones, nodata=9)
    np.testing.assert_array_equal(classes, [1, 2])
    np.testing.assert_allclose(shares, [[0.5, 0.5], [np.nan, np.nan], [0.5 / 3, 2.5 / 3]])
    np.testing.assert_allclose(coverage, [1, 0, 3 / 5])
    majority = zonal_statistics(values, (1, 0, 0, 0, -1, 2), zones, ("majority",), nodata=9)["majority"]
    np.testing.assert_array_equal(majority, [2, np.nan, 2])  # of equals the larger


@pytest.mark.parametrize("values", [
    np.array([[-5, 300, -5]], dtype="i4"), np.array([[-5, 300, -5]], dtype="f4"),
    np.array([[-5, 10**9, -5]], dtype="i8"), np.array([[True, False, True]]),
])  # fmt: skip
def test_classes_of_any_number_type(values):
    majority = zonal_statistics(values, (1, 0, 0, 0, -1, 1), [shapely.box(0, 0, 3, 1)], ("majority",))["majority"]
    assert majority[0] == values[0, 0]


def test_float32_values_are_summed_in_double_precision():
    values = np.full((600, 600), 16777216.0, dtype="f4")
    values[:, ::2] = 1
    found = zonal_statistics(values, (1, 0, 0, 0, -1, 600), [shapely.box(0, 0, 600, 600)], ("sum",))
    assert found["sum"][0] == 300 * 600 * 16777217.0


def test_many_zones_are_cut_in_blocks(monkeypatch):
    zones = tessellation(3, NORTH_UP, (20, 20), 30)
    whole = zone_weights(zones, NORTH_UP, (20, 20)).matrix().toarray()
    monkeypatch.setattr("caminos.spatial.zonal.MAXIMUM_PIECES", 50)
    monkeypatch.setattr("caminos.spatial.zonal.BLOCK_CELLS", 40)
    monkeypatch.setattr("caminos.spatial.zonal.CLASS_BLOCK_CELLS", 30)
    weights = zone_weights(zones, NORTH_UP, (20, 20))
    np.testing.assert_allclose(weights.matrix().toarray(), whole, atol=1e-12)
    values = np.random.default_rng(1).integers(0, 4, (20, 20)).astype("f4")
    values[3:6] = np.nan
    found = weights.statistics(values, ALL)
    known = whole * ~np.isnan(values.ravel())
    np.testing.assert_allclose(found["sum"], known @ np.nan_to_num(values.ravel()), rtol=1e-9)
    classes, cells = weights.class_cells(values)
    np.testing.assert_allclose(cells.sum(axis=1), known.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(cells[:, 1], known @ (values.ravel() == classes[1]), atol=1e-9)


@pytest.mark.parametrize(("change", "word"), [
    ({"values": np.ones(4)}, "values"),
    ({"transform": (1, 1, 0, 1, 1, 0)}, "transform"),
    ({"statistics": ("median",)}, "median"),
    ({"polygons": [shapely.Point(1, 1)]}, "not a polygon"),
    ({"polygons": [shapely.box(0, 0, 1, 1), shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])]}, "crosses itself"),
])  # fmt: skip
def test_bad_input_is_said(change, word):
    arguments = {
        "values": np.ones((2, 2)), "transform": (1, 0, 0, 0, -1, 2), "polygons": [shapely.box(0, 0, 1, 1)],
        "statistics": ("mean",), **change,
    }  # fmt: skip
    with pytest.raises(ValueError, match=word):
        zonal_statistics(**arguments)


def test_another_raster_must_have_the_same_cells():
    weights = zone_weights([shapely.box(0, 0, 1, 1)], NORTH_UP, (3, 3))
    with pytest.raises(ValueError, match="one grid"):
        weights.statistics(np.ones((3, 4)))


def test_the_same_as_exactextract():
    """exactextract keeps fractions in single precision (6e-8), hence the tolerance."""
    extract = pytest.importorskip("exactextract")
    from exactextract.raster import NumPyRasterSource

    shape, rng = (40, 50), np.random.default_rng(5)
    values = rng.gamma(2, 10, shape)
    zones = [star(place, (1, 0, 0, 0, -1, 40), shape) for place in range(20)]
    zones = [zone for zone in zones if zone.intersects(shapely.box(0, 0, 50, 40))]
    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(zone))} for zone in zones
    ]
    names = ["sum", "mean", "count", "min", "max", "majority"]
    theirs = extract.exact_extract(NumPyRasterSource(values, 0, 0, 50, 40), features, names)
    ours = zonal_statistics(values, (1, 0, 0, 0, -1, 40), zones, names)
    for name in names:
        expected = [feature["properties"][name] for feature in theirs]
        np.testing.assert_allclose(ours[name], expected, rtol=2e-6, err_msg=name)


def test_coverage_of_cells_is_the_share_inside_an_outline():
    zone = star(11, (1, 0, 0, 0, 1, 0), (8, 8), holes=False).geoms[0]
    x, y = np.array(zone.exterior.coords).T
    turn = 1.0 if zone.exterior.is_ccw else -1.0
    outline = Segments(x[:-1], y[:-1], x[1:], y[1:], np.arange(len(x) - 1))
    found = coverage_of_cells(outline, np.full(len(x) - 1, -turn), (8, 8))
    np.testing.assert_allclose(found.ravel(), clipped([zone], (1, 0, 0, 0, 1, 0), (8, 8))[0], atol=1e-9)


# between two sets of zones


@given(seed=st.integers(0, 10_000))
@FEW
def test_people_moved_to_other_zones_are_people_kept(seed):
    shape, rng = (20, 20), np.random.default_rng(seed)
    source, target = tessellation(seed, NORTH_UP, shape, 6), tessellation(seed + 1, NORTH_UP, shape, 9)
    people = rng.gamma(1, 1000, len(source))
    overlap = polygon_overlap(source, target)
    moved, coverage = overlap.sums(people)
    assert moved.sum() == pytest.approx(people.sum(), rel=1e-9)
    np.testing.assert_allclose(coverage, 1, rtol=1e-9)
    np.testing.assert_allclose(overlap.kept, 1, rtol=1e-9)
    means, _coverage = overlap.means(people)
    assert (means >= people.min() - 1e-9).all()
    assert (means <= people.max() + 1e-9).all()
    by_hand = [
        sum(value * one.intersection(other).area / one.area for value, one in zip(people, source, strict=True))
        for other in target
    ]
    np.testing.assert_allclose(moved, by_hand, rtol=1e-9)


def test_overlap_keeps_missing_missing():
    source = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    target = [shapely.box(0, 0, 0.5, 1), shapely.box(0.5, 0, 2, 1), shapely.box(1.5, 0, 2, 1), shapely.box(5, 5, 6, 6)]
    overlap = polygon_overlap(source, target)
    sums, coverage = overlap.sums(np.array([10.0, np.nan]))
    np.testing.assert_allclose(sums, [5, 5, np.nan, np.nan])
    np.testing.assert_allclose(coverage, [1, 1 / 3, 0, 0])
    means, _coverage = overlap.means(np.array([10.0, np.nan]))
    np.testing.assert_allclose(means, [10, 10, np.nan, np.nan])
    with pytest.raises(ValueError, match="one for each"):
        overlap.sums(np.ones(3))
    with pytest.raises(ValueError, match="target"):
        polygon_overlap(source, [None])


def test_points_belong_to_one_zone():
    zones = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    points = np.array([[0.5, 0.5], [1.0, 0.5], [1.5, 0.5], [9, 9], [np.nan, 0]])
    np.testing.assert_array_equal(points_in_zones(points, zones), [0, 0, 1, -1, -1])
    np.testing.assert_array_equal(points_in_zones(shapely.points(points[:3]), zones), [0, 0, 1])
