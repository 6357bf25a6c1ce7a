"""Floods over the terrain: worked examples, laws, an independent priority flood, bad input."""

from __future__ import annotations

import heapq
import importlib.util
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from caminos.spatial import flood
from caminos.spatial.flood import (
    datum_shift,
    filled_depressions,
    flood_depth,
    flood_depth_by_return_period,
    ground_filter,
    spill_level,
)
from caminos.spatial.impact import expected_impact

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("flood*.toml"))
FEW = settings(max_examples=40, deadline=None, derandomize=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    tolerance = example["expected"].pop("tolerance")
    inputs = {name: np.array(value) if isinstance(value, list) else value for name, value in example["inputs"].items()}
    if example["function"] in ("filled_depressions", "ground_filter"):
        given = (inputs.pop("elevation"), *([inputs.pop("cell_size")] if "cell_size" in inputs else []))
    else:
        given = (inputs.pop("level"),) if example["function"] == "datum_shift" else ()
    result = getattr(flood, example["function"])(*given, **inputs)
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# ---------------------------------------------------------------- an independent computation


def priority_flood(elevation: np.ndarray, outlet: np.ndarray, neighbours: int, start: float = -np.inf) -> np.ndarray:
    """Spill levels cell by cell with a heap (Barnes et al. 2014); outlets are open from `start` or their height on."""
    rows, columns = elevation.shape
    closed = np.where(np.isnan(elevation), np.inf, elevation)
    level = np.where(outlet, np.maximum(start, closed) if start > -np.inf else -np.inf, np.inf)
    heap = [(float(level[row, column]), int(row), int(column)) for row, column in zip(*np.nonzero(outlet), strict=True)]
    heapq.heapify(heap)
    while heap:
        at, row, column = heapq.heappop(heap)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                to, along = row + down, column + right
                if (neighbours == 4 and down and right) or not (0 <= to < rows and 0 <= along < columns):
                    continue
                if (reached := max(at, closed[to, along])) < level[to, along]:
                    level[to, along] = reached
                    heapq.heappush(heap, (reached, to, along))
    level = np.maximum(level, elevation)
    level[np.isnan(elevation)] = np.nan
    return level


@st.composite
def cities(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Terrain in whole or broken metres with holes, some water, and the number of neighbours."""
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    whole = draw(st.booleans())
    heights = st.integers(-3, 6).map(float) if whole else st.floats(-3, 6, width=32)
    elevation = draw(arrays(float, shape, elements=heights))
    hole = draw(arrays(bool, shape, elements=st.sampled_from((False, False, False, False, True))))
    water = draw(arrays(bool, shape, elements=st.sampled_from((False, False, False, False, False, True))))
    hole.flat[0] = False
    water.flat[draw(st.integers(0, water.size - 1))] = True
    return np.where(hole, np.nan, elevation), water, draw(st.sampled_from((4, 8)))


def dug(depth: np.ndarray) -> np.ndarray:
    """Depth with 0 where it is not known, to compare."""
    return np.nan_to_num(depth)


@given(cities())
@settings(FEW, max_examples=200)
def test_spill_level_is_that_of_a_priority_flood(city: tuple[np.ndarray, np.ndarray, int]) -> None:
    elevation, water, neighbours = city
    found = spill_level(elevation=elevation, water=water, neighbours=neighbours)
    np.testing.assert_array_equal(found, priority_flood(elevation, water, neighbours))


@given(cities(), st.floats(-4, 7))
@FEW
def test_wet_cells_are_those_that_spill_below_the_level(city: tuple[np.ndarray, np.ndarray, int], level: float) -> None:
    elevation, water, neighbours = city
    depth = flood_depth(elevation=elevation, water=water, level=level, neighbours=neighbours)
    with np.errstate(invalid="ignore"):
        wet = priority_flood(elevation, water, neighbours) < level
    np.testing.assert_array_equal(depth, np.where(np.isnan(elevation), np.nan, np.where(wet, level - elevation, 0)))


@pytest.mark.parametrize("size", [31, 64])
def test_larger_terrain_with_long_ways(size: int) -> None:
    """A spiral corridor: the way in is as long as half the cells."""
    maze = np.full((size, size), 9.0)
    row, column, down, right = 0, 0, 0, 1
    for _step in range(size * size):
        maze[row, column] = 1 + (row + column) % 3
        ahead, beyond = (row + down, column + right), (row + 2 * down, column + 2 * right)
        inside = 0 <= ahead[0] < size and 0 <= ahead[1] < size
        free = not (0 <= beyond[0] < size and 0 <= beyond[1] < size) or maze[beyond] == 9
        if not (inside and free and maze[ahead] == 9):
            down, right = right, -down
            ahead, beyond = (row + down, column + right), (row + 2 * down, column + 2 * right)
            if not (0 <= ahead[0] < size and 0 <= ahead[1] < size) or maze[ahead] != 9:
                break
            if 0 <= beyond[0] < size and 0 <= beyond[1] < size and maze[beyond] != 9:
                break
        row, column = ahead
    water = np.zeros(maze.shape, dtype=bool)
    water[0, 0] = True
    spill = spill_level(elevation=maze, water=water, neighbours=4)
    np.testing.assert_array_equal(spill, priority_flood(maze, water, 4))
    assert (flood_depth(elevation=maze, water=water, level=4, neighbours=4) > 0).sum() == (maze < 9).sum()


# ---------------------------------------------------------------- laws


@given(cities(), st.floats(-4, 7), st.floats(0, 3))
@FEW
def test_a_higher_level_dries_no_cell(city: tuple[np.ndarray, np.ndarray, int], level: float, rise: float) -> None:
    elevation, water, neighbours = city
    low, high = flood_depth(elevation=elevation, water=water, level=[level, level + rise], neighbours=neighbours)
    assert (dug(low) >= 0).all()
    assert (dug(high) >= dug(low)).all()
    one = flood_depth(elevation=elevation, water=water, level=level + rise, neighbours=neighbours)
    np.testing.assert_array_equal(one, high)


@given(cities(), st.floats(-4, 7))
@FEW
def test_only_low_ground_floods(city: tuple[np.ndarray, np.ndarray, int], level: float) -> None:
    elevation, water, neighbours = city
    depth = flood_depth(elevation=elevation, water=water, level=level, neighbours=neighbours)
    with np.errstate(invalid="ignore"):
        bathtub = np.where(elevation < level, level - elevation, 0)
    np.testing.assert_array_equal(np.isnan(depth), np.isnan(elevation))
    assert (dug(depth) <= bathtub).all()
    wider = flood_depth(elevation=elevation, water=water, level=level, neighbours=8)
    assert (dug(wider) >= dug(depth)).all()


@given(cities(), st.floats(-4, 7), st.integers(0, 3))
@FEW
def test_turning_the_map_turns_the_result(city: tuple[np.ndarray, np.ndarray, int], level: float, turns: int) -> None:
    elevation, water, neighbours = city
    turned, moved = np.rot90(elevation, turns), np.rot90(water, turns)
    for mirrored in (np.asarray, np.fliplr):
        depth = flood_depth(elevation=elevation, water=water, level=level, neighbours=neighbours)
        other = flood_depth(elevation=mirrored(turned), water=mirrored(moved), level=level, neighbours=neighbours)
        np.testing.assert_array_equal(other, mirrored(np.rot90(depth, turns)))
        pond = filled_depressions(elevation, neighbours=neighbours)
        other = filled_depressions(mirrored(turned), neighbours=neighbours)
        np.testing.assert_array_equal(other, mirrored(np.rot90(pond, turns)))


@given(cities(), st.floats(-4, 7), st.floats(0, 5), st.integers(0, 80))
@FEW
def test_a_higher_barrier_wets_nothing_more(
    city: tuple[np.ndarray, np.ndarray, int], level: float, rise: float, place: int
) -> None:
    elevation, water, neighbours = city
    barrier = np.full(elevation.shape, np.nan)
    barrier.flat[place % barrier.size] = level - 1
    barrier[:, barrier.shape[1] // 2] = level - 0.5
    if not (water & np.isnan(barrier)).any():
        return
    low = flood_depth(elevation=elevation, water=water, level=level, barrier=barrier, neighbours=neighbours)
    high = flood_depth(elevation=elevation, water=water, level=level, barrier=barrier + rise, neighbours=neighbours)
    none = flood_depth(elevation=elevation, water=water, level=level, neighbours=neighbours)
    assert (dug(high) <= dug(low)).all()
    bare = np.isnan(barrier)
    assert (dug(low)[bare] <= dug(none)[bare]).all()


@given(cities())
@FEW
def test_filled_ground_fills_no_further(city: tuple[np.ndarray, np.ndarray, int]) -> None:
    elevation, outlet, neighbours = city
    pond = filled_depressions(elevation, outlet=outlet, neighbours=neighbours)
    assert (dug(pond) >= 0).all()
    np.testing.assert_array_equal(np.isnan(pond), np.isnan(elevation))
    again = filled_depressions(elevation + pond, outlet=outlet, neighbours=neighbours)
    np.testing.assert_allclose(dug(again), 0, atol=1e-9)
    assert (dug(pond) <= dug(filled_depressions(elevation, neighbours=neighbours))).all()


@given(cities())
@FEW
def test_ponds_are_those_of_a_priority_flood_from_the_edge(city: tuple[np.ndarray, np.ndarray, int]) -> None:
    elevation, _water, neighbours = city
    wide = np.pad(elevation, 1, constant_values=np.nan)
    outlet = np.zeros(elevation.shape, dtype=bool)
    for down, right in ((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if neighbours == 8 or not (a and b)):
        outlet |= np.isnan(np.roll(wide, (down, right), axis=(0, 1))[1:-1, 1:-1])
    outlet &= ~np.isnan(elevation)
    expected = priority_flood(elevation, outlet, neighbours, start=-1e9) - elevation
    np.testing.assert_array_equal(filled_depressions(elevation, neighbours=neighbours), expected)


@given(cities(), st.floats(-2, 5), st.floats(0, 0.2))
@FEW
def test_bare_ground_is_below_the_surface(city: tuple[np.ndarray, np.ndarray, int], shift: float, slope: float) -> None:
    elevation, _water, _neighbours = city
    arguments: dict[str, Any] = {"windows": (31, 51, 130), "slope": slope}
    found = ground_filter(elevation, 10, **arguments)
    kept = ~found.changed & ~np.isnan(elevation)
    np.testing.assert_array_equal(found.ground[kept], elevation[kept])
    assert (found.ground[found.changed] < elevation[found.changed]).all()
    np.testing.assert_array_equal(np.isnan(found.ground), np.isnan(elevation))
    turned = ground_filter(np.rot90(elevation), 10, **arguments)
    np.testing.assert_array_equal(turned.ground, np.rot90(found.ground))
    lifted = ground_filter(elevation + np.round(shift), 10, **arguments)
    close = lifted.changed == found.changed  # a difference at the threshold may fall to either side
    np.testing.assert_allclose(lifted.ground[close], found.ground[close] + np.round(shift), atol=1e-9)


def test_bare_ground_by_hand_on_a_line() -> None:
    """Opening of a row: the lowest of each window of cells, then the highest of the lowest."""
    row = [3.0, 3.0, 9.0, 9.0, 3.0, 3.5, 4.0, 12.0, 12.0, 12.0, 5.0, 5.0]
    surface, changed, ground = row, [False] * 12, list(row)
    before = 10.0
    for cells in (3, 5):
        half = cells // 2
        low = [min(surface[max(0, i - half) : i + half + 1]) for i in range(12)]
        opened = [max(low[max(0, i - half) : i + half + 1]) for i in range(12)]
        threshold = min(0.02 * (10.0 * cells - before) + 0.3, 3.0)
        for i in range(12):
            if surface[i] - opened[i] > threshold:
                ground[i], changed[i] = opened[i], True
        surface, before = opened, 10.0 * cells
    found = ground_filter([row], (10, 10), windows=(30, 50), slope=0.02)
    np.testing.assert_allclose(found.ground, [ground], atol=1e-12)
    np.testing.assert_array_equal(found.changed, [changed])
    assert changed == [False, False, True, True, False, False, False, True, True, True, False, False]


def test_windows_of_oblong_cells_and_missing_ones() -> None:
    surface = np.full((3, 9), 2.0)
    surface[1, 3:5] = 9
    surface[1, 4] = np.nan
    found = ground_filter(surface, (20, 10), windows=(60,), slope=0)
    assert found.changed.sum() == 1
    assert np.isnan(found.ground[1, 4])
    assert found.ground[1, 3] == 2


def test_return_periods_are_sorted_and_surfaces_are_taken() -> None:
    elevation, water = np.arange(6.0).reshape(2, 3), np.eye(2, 3, dtype=bool)
    by_number = flood_depth_by_return_period(elevation=elevation, water=water, return_period=[200, 20], level=[6, 3])
    by_surface = flood_depth_by_return_period(
        elevation=elevation, water=water, return_period=[20, 200], level=[np.full((2, 3), 3.0), np.full((2, 3), 6.0)]
    )
    np.testing.assert_array_equal(by_number.return_period, [20, 200])
    np.testing.assert_array_equal(by_number.depth, by_surface.depth)
    assert by_number.depth.shape == (2, 6)


def test_depth_by_return_period_gives_expected_impact() -> None:
    """A line by hand: depth 1 m at 10 years and 3 m at 100; damage is a tenth of the value a metre."""
    maps = flood_depth_by_return_period(
        elevation=[[0, 1, np.nan]], water=[[1, 0, 0]], return_period=[100, 10], level=[4, 2]
    )
    value = np.array([0, 1000, 5])[maps.cell]
    impact = expected_impact(
        intensity=maps.depth, map_return_period=maps.return_period, value=value, function=[1, 1],
        function_intensity=[0, 10], function_damage=[[0, 1]],
    )  # fmt: skip
    np.testing.assert_allclose(impact.impact_by_event, [100, 300])
    # between 1/10 and 1/100 a year the impact is linear; beyond the rarest it stays
    np.testing.assert_allclose(impact.aggregate, (0.1 - 0.01) * (100 + 300) / 2 + 0.01 * 300)


def test_water_needs_no_elevation_and_unknown_ground_is_not_dry() -> None:
    elevation = np.array([[np.nan, 1.0, np.nan, 1.0]])
    depth = flood_depth(elevation=elevation, water=[[1, 0, 0, 0]], level=2)
    np.testing.assert_array_equal(depth, [[np.nan, 1, np.nan, 0]])
    declared = flood_depth(elevation=[[-9999, 1, -9999, 1]], water=[[1, 0, 0, 0]], level=2, nodata=-9999)
    np.testing.assert_array_equal(depth, declared)
    masked = np.ma.masked_equal(np.array([[-9999, 1, -9999, 1]]), -9999)
    np.testing.assert_array_equal(depth, flood_depth(elevation=masked, water=[[1, 0, 0, 0]], level=2))
    assert np.isposinf(spill_level(elevation=elevation, water=[[1, 0, 0, 0]])[0, 3])


def test_inputs_are_not_changed() -> None:
    elevation = np.array([[0.0, 9.0, 1.0], [-9999, 2.0, 3.0]])
    barrier = np.array([[np.nan, np.nan, 5.0], [np.nan] * 3])
    before = elevation.copy()
    flood_depth(elevation=elevation, water=before == 0, level=4, barrier=barrier, nodata=-9999)
    filled_depressions(elevation, nodata=-9999)
    ground_filter(elevation, 10, windows=(30,), slope=0.1, nodata=-9999)
    np.testing.assert_array_equal(elevation, before)
    assert np.isnan(barrier).sum() == 5


# ---------------------------------------------------------------- bad input

GROUND = np.array([[0.0, 1.0], [2.0, 3.0]])
LAKE = GROUND == 0
HOLES = np.array([[-9999.0, 1.0], [2.0, 3.0]])
FLOODS: list[tuple[dict[str, Any], str]] = [
    ({"water": np.zeros((2, 2), dtype=bool)}, "water: no cell is marked"),
    ({"water": LAKE[:1]}, r"water: the shape \(1, 2\) is not that of elevation"),
    ({"water": np.full((2, 2), np.nan)}, "water: true or false"),
    ({"elevation": np.full((2, 2), np.nan)}, "elevation: no cell has a value"),
    ({"elevation": GROUND[0]}, "elevation: rows and columns"),
    ({"elevation": np.zeros((0, 2))}, "elevation: rows and columns"),
    ({"elevation": HOLES}, "Pass nodata=-9999"),
    ({"elevation": np.where(LAKE, 32767, GROUND)}, "Pass nodata=32767"),
    ({"elevation": np.where(LAKE, np.inf, GROUND)}, "Pass nodata=inf"),
    ({"elevation": np.where(LAKE, 0, GROUND + 1500)}, "Is 0 nodata"),
    ({"level": np.nan}, "level: it is missing"),
    ({"level": [1, np.inf]}, "level: it is missing"),
    ({"level": []}, "level: it is missing"),
    ({"level": np.full((2, 2), np.nan)}, "level: it is missing"),
    ({"level": np.ones((3, 2))}, "level: a number, several numbers, or surfaces"),
    ({"barrier": np.ones((1, 2))}, r"barrier: the shape \(1, 2\)"),
    ({"barrier": np.ones((2, 2))}, "water: no cell is marked"),
    ({"barrier": HOLES}, "barrier: crests below -500"),
    ({"neighbours": 6}, "neighbours: 6 is neither"),
]


@pytest.mark.parametrize(("wrong", "message"), FLOODS)
def test_bad_input_is_said(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flood_depth(**{"elevation": GROUND, "water": LAKE, "level": 1.5, **wrong})


@pytest.mark.parametrize(
    ("periods", "levels", "message"),
    [
        ([10, 100], [1], "one level is needed"),
        ([10, 10], [1, 2], "each given once"),
        ([0, 10], [1, 2], "above 0"),
        ([10, np.nan], [1, 2], "must be known"),
        ([100, 10], [1, 2], "stands lower"),
    ],
)
def test_bad_return_periods_are_said(periods: list[float], levels: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flood_depth_by_return_period(elevation=GROUND, water=LAKE, return_period=periods, level=levels)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"windows": (20,)}, "less than three cells"),
        ({"windows": ()}, "windows: widths"),
        ({"windows": (50, 30)}, "from small to large"),
        ({"slope": -1}, "slope: one number"),
        ({"slope": (0.1, 0.2)}, "slope: one number"),
        ({"cell_size": 0}, "cell_size: metres"),
        ({"cell_size": (1, 2, 3)}, "cell_size: metres"),
        ({"initial_difference": 4}, "initial_difference"),
        ({"elevation": HOLES}, "Pass nodata=-9999"),
    ],
)
def test_bad_filters_are_said(wrong: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"elevation": GROUND, "cell_size": 10, "windows": (30,), "slope": 0.1, **wrong}
    with pytest.raises(ValueError, match=message):
        ground_filter(arguments.pop("elevation"), arguments.pop("cell_size"), **arguments)


def test_an_unknown_zero_is_not_zero() -> None:
    with pytest.raises(ValueError, match="both must be known"):
        datum_shift(5.37, gauge_zero=np.nan, terrain_zero=0)


# ---------------------------------------------------------------- a real city

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
STUDY = Path(__file__).resolve().parents[2] / "scripts" / "flood_porto_alegre.py"


@pytest.mark.skipif(not (SHARED / "data" / "porto-alegre").is_dir(), reason="the shared data folder is not here")
def test_porto_alegre_as_reported() -> None:
    """The figure of the shared facts comes out, and the corrected model is as far from the record as the docs say."""
    pytest.importorskip("rasterio")
    pytest.importorskip("h3")
    specification = importlib.util.spec_from_file_location("flood_porto_alegre", STUDY)
    assert specification
    assert specification.loader
    study = importlib.util.module_from_spec(specification)
    sys.modules["flood_porto_alegre"] = study
    specification.loader.exec_module(study)
    place = study.read(SHARED)
    facts = (SHARED / "data" / "porto-alegre" / "facts.csv").read_text(encoding="utf-8").splitlines()
    fact = next(line for line in facts if line.startswith("population_below_flood_level")).split(",")
    by_centre, of_land, exact = study.reproduced(place).values()
    assert [round(by_centre), round(of_land)] == [int(fact[5]), int(fact[7])] == [16009, 15882]
    assert exact == pytest.approx(of_land, rel=0.005)
    assert place.people.sum() == pytest.approx(812935)
    record = sum(place.recorded[zone] for zone in study.COMPARED)
    assert record == 27569
    found = {
        name: sum(by_zone[zone] for zone in study.COMPARED) for name, (_all, by_zone) in study.compare(place).items()
    }
    assert found["middle, connected, 4.95 m"] < 0.01 * record
    assert max(found.values()) < 0.5 * record
