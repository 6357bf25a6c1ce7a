"""Connected habitat: worked examples, cell by cell and by shapely, laws, corridors, bad input."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, sparse

from caminos.spatial import habitat
from caminos.spatial.habitat import Connectivity, connectivity, corridor_gain, corridors, patch_connectivity

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("habitat*.toml"))
FEW = settings(max_examples=30, deadline=None, derandomize=True)
CELL = 10.0
DISTANCES = st.sampled_from([3, 10, 14.1, 14.2, 20, 22.4, 30, 50, 67.1, 500])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    tolerance = example["expected"].pop("tolerance")
    result = getattr(habitat, example["function"])(**example["inputs"])
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@st.composite
def rasters(draw: st.DrawFn) -> np.ndarray:
    """A small raster of natural cells, from almost none to half."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random.random((draw(st.integers(1, 14)), draw(st.integers(1, 14)))) < draw(
        st.sampled_from([0.03, 0.1, 0.2, 0.5])
    )


# ---------------------------------------------------------------- independent computations


def by_shapely(natural: np.ndarray, distance: float) -> tuple[list[float], float]:
    """Component areas (ha, sorted) and mesh size from polygons: cells merged, gaps measured between outlines."""
    boxes = [shapely.box(c * CELL, r * CELL, (c + 1) * CELL, (r + 1) * CELL) for r, c in np.argwhere(natural).tolist()]
    merged = shapely.get_parts(shapely.unary_union(boxes)) if boxes else []
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(merged)))
    graph.add_edges_from(
        (i, j) for i, j in combinations(range(len(merged)), 2) if merged[i].distance(merged[j]) < distance
    )
    areas = [sum(merged[i].area for i in part) / 1e4 for part in networkx.connected_components(graph)]
    return sorted(areas), sum(area**2 for area in areas) / sum(areas) if areas else 0.0


def gap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Distance between the edges of two cells, in m."""
    steps = [max(abs(a - b) - 1, 0) for a, b in zip(one, other, strict=True)]
    return CELL * float(np.hypot(*steps))


def by_walking(natural: np.ndarray, barrier: np.ndarray, distance: float) -> list[float]:
    """Component areas (ha, sorted) by the definition: near enough, and a way without barrier close to natural ground."""
    green = [tuple(cell) for cell in np.argwhere(natural & ~barrier).tolist()]
    free = [
        cell for cell in np.ndindex(*natural.shape)
        if not barrier[cell] and any(gap(cell, other) <= distance / 2 for other in green)
    ]  # fmt: skip
    ground = networkx.grid_2d_graph(*natural.shape).subgraph(free)
    region = {cell: number for number, part in enumerate(networkx.connected_components(ground)) for cell in part}
    graph = networkx.Graph()
    graph.add_nodes_from(green)
    graph.add_edges_from(
        (one, other) for one, other in combinations(green, 2)
        if gap(one, other) < distance and region[one] == region[other]
    )  # fmt: skip
    return sorted(len(part) * CELL**2 / 1e4 for part in networkx.connected_components(graph))


@given(rasters(), DISTANCES)
@FEW
def test_shapely_gives_the_same(natural: np.ndarray, distance: float) -> None:
    result = connectivity(natural=natural, cell_size=CELL, distance=distance)
    areas, mesh = by_shapely(natural, distance)
    np.testing.assert_allclose(sorted(result.component_area), areas)
    assert result.effective_mesh_size == pytest.approx(mesh)


@given(rasters(), DISTANCES, st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.4]))
@FEW
def test_walking_gives_the_same(natural: np.ndarray, distance: float, seed: int, walls: float) -> None:
    barrier = np.random.default_rng(seed).random(natural.shape) < walls
    result = connectivity(natural=natural, cell_size=CELL, distance=distance, barrier=barrier)
    np.testing.assert_allclose(sorted(result.component_area), by_walking(natural, barrier, distance))


@given(rasters(), DISTANCES)
@FEW
def test_a_road_far_away_changes_nothing(natural: np.ndarray, distance: float) -> None:
    wide = np.pad(natural, ((0, 0), (0, 60)))
    barrier = np.zeros_like(wide)
    barrier[:, -1] = True
    plain, beside = (connectivity(natural=wide, cell_size=CELL, distance=distance, barrier=b) for b in (None, barrier))
    np.testing.assert_array_equal(plain.component, beside.component)
    np.testing.assert_array_equal(plain.patch, beside.patch)


@given(rasters(), DISTANCES)
@FEW
def test_patches_by_area_and_distance_give_the_same(natural: np.ndarray, distance: float) -> None:
    raster = connectivity(natural=natural, cell_size=CELL, distance=distance)
    label, count = ndimage.label(natural, np.ones((3, 3)))
    cells = [[tuple(cell) for cell in np.argwhere(label == number + 1).tolist()] for number in range(count)]
    apart = np.array([[min(gap(a, b) for a in one for b in other) for other in cells] for one in cells])
    apart = apart.reshape(count, count)
    patches = patch_connectivity(area=raster.patch_area, separation=apart, distance=distance)
    np.testing.assert_array_equal(patches.component, raster.component)
    assert patches.effective_mesh_size == pytest.approx(raster.effective_mesh_size)
    one, other = np.nonzero((apart < distance) & ~np.eye(count, dtype=bool))
    near = sparse.coo_array((apart[one, other], (one, other)), shape=apart.shape)
    np.testing.assert_array_equal(
        patch_connectivity(area=raster.patch_area, separation=near, distance=distance).component, raster.component
    )


# ---------------------------------------------------------------- laws


def same(one: Connectivity, other: Connectivity) -> None:
    np.testing.assert_allclose(sorted(one.patch_area), sorted(other.patch_area))
    np.testing.assert_allclose(sorted(one.component_area), sorted(other.component_area))
    assert one.effective_mesh_size == pytest.approx(other.effective_mesh_size)
    assert one.unknown_area == pytest.approx(other.unknown_area)


@given(rasters(), DISTANCES, st.integers(0, 10**6))
@FEW
def test_turning_the_map_changes_nothing(natural: np.ndarray, distance: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    barrier = random.random(natural.shape) < 0.15
    land = np.where(random.random(natural.shape) < 0.05, np.nan, natural)
    here = connectivity(natural=land, cell_size=CELL, distance=distance, barrier=barrier)
    for turn in (np.rot90, np.flipud, np.transpose):
        same(here, connectivity(natural=turn(land), cell_size=CELL, distance=distance, barrier=turn(barrier)))


@given(rasters(), st.tuples(DISTANCES, DISTANCES), st.integers(0, 10**6))
@FEW
def test_a_larger_distance_never_lowers_the_mesh(
    natural: np.ndarray, distances: tuple[float, float], seed: int
) -> None:
    barrier = np.random.default_rng(seed).random(natural.shape) < 0.15
    for wall in (None, barrier):
        near, far = (
            connectivity(natural=natural, cell_size=CELL, distance=distance, barrier=wall)
            for distance in sorted(distances)
        )
        assert near.effective_mesh_size <= far.effective_mesh_size * (1 + 1e-12)


@given(rasters(), DISTANCES, st.integers(0, 10**6))
@FEW
def test_a_barrier_never_raises_the_mesh(natural: np.ndarray, distance: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    wall = random.random(natural.shape) < 0.3
    more = wall | ((random.random(natural.shape) < 0.1) & ~natural)
    # ground under the first barrier is not natural in any of the three: the question is what the cut does
    natural = natural & ~wall
    open_, cut, cut_more = (
        connectivity(natural=natural, cell_size=CELL, distance=distance, barrier=barrier)
        for barrier in (None, wall, more)
    )
    assert cut.effective_mesh_size <= open_.effective_mesh_size * (1 + 1e-12)
    assert cut_more.effective_mesh_size <= cut.effective_mesh_size * (1 + 1e-12)


@given(rasters(), DISTANCES)
@FEW
def test_areas_add_up_and_the_mesh_lies_between(natural: np.ndarray, distance: float) -> None:
    result = connectivity(natural=natural, cell_size=CELL, distance=distance)
    assert result.natural_area == pytest.approx(natural.sum() * 0.01)
    np.testing.assert_allclose(
        np.bincount(result.component, result.patch_area, len(result.component_area)), result.component_area
    )
    assert result.patch is not None
    np.testing.assert_array_equal(result.patch >= 0, natural)
    np.testing.assert_array_equal(result.component_of_cell >= 0, natural)
    if natural.any():
        assert 0 < result.coherence <= 1 + 1e-12
        assert result.effective_mesh_size <= result.natural_area * (1 + 1e-12)


# ---------------------------------------------------------------- edges


def test_less_than_the_distance_not_the_distance_itself() -> None:
    natural = np.zeros((1, 12), bool)
    natural[0, [0, 11]] = True  # ten cells between: a gap of 100 m
    assert len(connectivity(natural=natural, cell_size=10).component_area) == 2
    assert len(connectivity(natural=natural, cell_size=9.99).component_area) == 1


def test_no_natural_ground() -> None:
    result = connectivity(natural=np.zeros((3, 4)), cell_size=10)
    assert (result.natural_area, result.effective_mesh_size, len(result.component_area)) == (0, 0, 0)
    assert np.isnan(result.coherence)
    assert patch_connectivity(area=[], separation=np.zeros((0, 0))).natural_area == 0


def test_unknown_ground_is_reported_and_joins_nothing() -> None:
    land = np.array([[1, np.nan, 1], [1, np.nan, 1]])
    result = connectivity(natural=land, cell_size=10)
    assert result.unknown_area == pytest.approx(0.02)
    assert result.natural_area == pytest.approx(0.04)
    assert len(result.component_area) == 2
    land[1, 1] = 0
    assert len(connectivity(natural=land, cell_size=10).component_area) == 1


def test_trees_over_a_street_are_not_natural_ground() -> None:
    street = np.zeros((3, 5), bool)
    street[:, 2] = True
    result = connectivity(natural=np.ones((3, 5)), cell_size=10, barrier=street)
    assert result.natural_area == pytest.approx(0.12)
    assert len(result.component_area) == 2


# ---------------------------------------------------------------- corridors


@given(st.lists(st.floats(0.01, 500), min_size=1, max_size=7), st.integers(0, 10**6))
@FEW
def test_gain_of_a_corridor_is_the_mesh_after_less_that_before(areas: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    joined, added = random.random((5, len(areas))) < 0.5, random.uniform(0, 50, 5)

    def mesh(parts: list[float]) -> float:
        return sum(part**2 for part in parts) / sum(parts)

    expected = []
    for row, own in zip(joined.tolist(), added.tolist(), strict=True):
        one = own + sum(area for area, joins in zip(areas, row, strict=True) if joins)
        expected.append(mesh([one] + [area for area, joins in zip(areas, row, strict=True) if not joins]) - mesh(areas))
    np.testing.assert_allclose(corridor_gain(areas, joined, added), expected, atol=1e-9)
    np.testing.assert_allclose(corridor_gain(areas, sparse.csr_array(joined), added), expected, atol=1e-9)
    pairs = corridor_gain(areas)
    for i, j in combinations(range(len(areas)), 2):
        link = np.isin(np.arange(len(areas)), [i, j])[None]
        assert pairs[i, j] == pairs[j, i] == pytest.approx(corridor_gain(areas, link)[0])


@given(rasters(), st.integers(0, 10**6), st.booleans())
@FEW
def test_gain_of_drawn_corridors_is_that_of_planting_them(natural: np.ndarray, seed: int, streets: bool) -> None:
    random = np.random.default_rng(seed)
    barrier = (random.random(natural.shape) < 0.2) if streets else np.zeros(natural.shape, bool)
    natural = natural & ~barrier
    lines = random.integers(0, 3, natural.shape[0])[:, None] * np.ones(natural.shape, int)  # rows are 0, 1 or 2
    before = connectivity(natural=natural, cell_size=CELL, distance=1, barrier=barrier)
    found = corridors(before, lines, CELL)
    assert found.joined.shape == (lines.max(), len(before.component_area))
    there = before.component_of_cell
    for number in np.unique(lines[lines > 0]):
        touched = {
            int(there[cell]) for cell in np.ndindex(*there.shape) if there[cell] >= 0
            and np.abs(np.argwhere(lines == number) - cell).max(axis=1).min() <= 1
        }  # fmt: skip
        new = ((lines == number) & ~natural).sum() * 0.01
        rest = [area for place, area in enumerate(before.component_area) if place not in touched]
        parts = [*rest, new + sum(before.component_area[place] for place in touched)]
        after = sum(part**2 for part in parts) / sum(parts) if sum(parts) else 0
        assert found.gain[number - 1] == pytest.approx(after - before.effective_mesh_size, abs=1e-12)
        assert found.added_area[number - 1] == pytest.approx(new)


def test_a_green_bridge_over_a_motorway() -> None:
    natural = np.ones((5, 7), bool)
    motorway = np.zeros((5, 7), bool)
    motorway[:, 3] = True
    before = connectivity(natural=natural, cell_size=100, barrier=motorway)
    bridge = np.zeros((5, 7), int)
    bridge[2, 3] = 1
    gain = corridors(before, bridge, 100)
    assert before.effective_mesh_size == 15
    np.testing.assert_allclose(gain.gain, [16])  # all 31 ha in one


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"natural": np.zeros(3)}, "natural must be a raster"),
        ({"natural": np.full((2, 2), -9999)}, "other values than 0, 1 and NaN"),
        ({"cell_size": 0}, "cell_size must be a length"),
        ({"distance": -1}, "distance must be a length"),
        ({"barrier": np.zeros((3, 2))}, "rasters of one shape"),
        ({"barrier": np.full((2, 2), np.nan)}, "barrier must be true or false"),
    ],
)
def test_bad_rasters_are_said(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        connectivity(**{"natural": np.ones((2, 2)), "cell_size": 10} | given_)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"area": [1, -1]}, "area must be"),
        ({"separation": np.zeros((2, 3))}, "separation must have shape"),
        ({"separation": sparse.csr_array((3, 3))}, "separation must have shape"),
        ({"separation": [[0, np.nan], [1, 0]]}, "missing or negative"),
        ({"cut": np.zeros((3, 3), bool)}, "cut must have shape"),
    ],
)
def test_bad_patches_are_said(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        patch_connectivity(**{"area": [1, 2], "separation": np.zeros((2, 2))} | given_)


def test_bad_corridors_are_said() -> None:
    result = connectivity(natural=np.ones((2, 2)), cell_size=10)
    with pytest.raises(ValueError, match="corridor must be a raster"):
        corridors(result, np.zeros((2, 3), int), 10)
    with pytest.raises(ValueError, match="joined must have shape"):
        corridor_gain([1, 2], np.zeros((1, 3), bool))
    with pytest.raises(ValueError, match="not as a raster"):
        corridors(patch_connectivity(area=[1], separation=[[0]]), np.zeros((1, 1), int), 10)
