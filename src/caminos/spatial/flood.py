"""Water over the terrain: depth of river, lake or sea by level, ponds of a cloudburst, the ground under roofs and trees.

A still water surface is laid over the terrain and only ground that is joined to the water gets wet. There
is no flow, no duration and no pumping in it: it tells what lies low enough and open enough to be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from caminos.i18n import _

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LOWEST_LAND, HIGHEST_LAND = -500.0, 9000.0  # m: the Dead Sea's shore is near -430 m, Everest 8,849 m
NODATA_GAP = 100.0  # m: zeros this far from every other elevation are holes, not the sea
STEPS = {
    4: ((-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)),
    8: ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1)),
}  # from a cell to itself and its neighbours, in the order in which cells are stored


@dataclass(frozen=True)
class FloodMaps:
    """Depths (m) by return period (years, rising): `depth` has shape (return period, cell).

    `cell` is the place of each cell in the raster read row by row; cells of unknown elevation are left out.
    """

    return_period: Floats
    depth: Floats
    cell: NDArray[np.int64]


@dataclass(frozen=True)
class BareGround:
    """Estimated `ground` (m), and the cells that were `changed` to get it."""

    ground: Floats
    changed: Mask


def flood_depth(
    *,
    elevation: ArrayLike,
    water: ArrayLike,
    level: ArrayLike,
    barrier: ArrayLike | None = None,
    nodata: float | None = None,
    neighbours: int = 8,
) -> Floats:
    """Depth of water over the terrain when a river, a lake or the sea stands at a level.

    depth = max(0, level - elevation) where the cell is wet, 0 where it is dry. A cell is wet if a path of
    neighbouring cells, each with elevation < level, joins it to a cell of `water`: a hollow behind high ground
    stays dry (in a plain "bathtub" it would be wet). Water that only reaches a crest does not pass it.

    elevation: m, shape (rows, columns); NaN or `nodata` where it is not known. Nothing is known of how water
        passes such cells: they are taken as closed and their depth is NaN.
    water: cells of the river, lake or sea, boolean or 0/1, of the same shape. They need no elevation and are
        open at any level.
    level: m above the zero of `elevation` (see `datum_shift`): one number; several, shape (levels,); one
        surface, shape (rows, columns), as of a river that falls along its course; or several surfaces.
    barrier: crest of dikes and walls in m, NaN where there is none. Ground below a crest is raised to it, and
        depth on it counts from the crest; a cell that is water and barrier is barrier. Ground of unknown
        elevation stays unknown, and closed.
    neighbours: 8 (water passes between two cells that touch at a corner) or 4. With 8, a wall one cell wide
        has to be drawn without corner-only joints (all cells that the line touches) or it leaks.

    Returns m, shape (rows, columns), or (levels, rows, columns) when there are several levels.

    Limits: a still surface at its peak everywhere, so it is an upper bound where a flood is short or has a
    narrow way in, and says nothing of water that comes up through drains; terrain with roofs and trees is too
    high and floods too little. ValueError if shapes differ, there is no water, nothing is known of the
    elevation, a level is missing, or elevations look like a missing value that was not declared.
    Source: connectivity of the eight or four neighbours as in Poulter and Halpin 2008 (IJGIS 22:167).
    """
    terrain, source = _terrain(elevation, water, barrier, nodata)
    levels, many = _levels(level, terrain)
    shape = _structure(neighbours)
    places, missing = np.flatnonzero(source), np.isnan(terrain)
    depth = np.empty((len(levels), *terrain.shape))
    for surface, found in zip(levels, depth, strict=True):
        with np.errstate(invalid="ignore"):
            np.subtract(surface, terrain, out=found)
            open_cells = (found > 0) | source
        number, count = ndimage.label(open_cells, structure=shape, output=np.int32)
        joined = np.zeros(count + 1, dtype=bool)
        joined[number.ravel()[places]] = True
        with np.errstate(invalid="ignore"):
            found[~joined[number] | (found < 0)] = 0
        found[missing] = np.nan
    return depth if many else depth[0]


def flood_depth_by_return_period(
    *,
    elevation: ArrayLike,
    water: ArrayLike,
    return_period: ArrayLike,
    level: ArrayLike,
    barrier: ArrayLike | None = None,
    nodata: float | None = None,
    neighbours: int = 8,
) -> FloodMaps:
    """Depth maps at the water level of each return period, for `expected_impact`.

    return_period: years, shape (maps,), any order, no two alike. level: m at each of them, shape (maps,), or a
    surface for each, shape (maps, rows, columns). The rest is as in `flood_depth`.

    Returns the maps by rising return period, for the cells whose elevation is known: `depth` is intensity,
    `return_period` map_return_period and value.ravel()[cell] the value of `expected_impact`; what stands on
    unknown ground is not in it. ValueError besides those of `flood_depth`: a return period that is missing,
    not positive or given twice, a rarer flood with a lower level.
    """
    period = np.asarray(return_period, dtype=float)
    surface = np.asarray(level, dtype=float)
    if period.ndim != 1 or surface.ndim not in (1, 3) or len(surface) != len(period):
        message = _(
            "level: one level is needed for each return period; shapes are {level} and {period}.",
            level=surface.shape,
            period=period.shape,
        )
        raise ValueError(message)
    if not (period > 0).all() or not np.isfinite(period).all() or len(np.unique(period)) < len(period):
        raise ValueError(_("return_period: years must be known, above 0 and each given once."))
    order = np.argsort(period)
    with np.errstate(invalid="ignore"):
        falls = (np.diff(surface[order], axis=0) < 0).any()
    if falls:
        raise ValueError(
            _("level: a rarer flood stands lower than a more frequent one. Check the order of the levels.")
        )
    depth = flood_depth(
        elevation=elevation, water=water, level=surface[order], barrier=barrier, nodata=nodata, neighbours=neighbours
    )
    depth = depth.reshape(len(depth), -1)
    cell = np.flatnonzero(~np.isnan(depth[0]))
    return FloodMaps(period[order], depth[:, cell], cell)


def spill_level(
    *,
    elevation: ArrayLike,
    water: ArrayLike,
    barrier: ArrayLike | None = None,
    nodata: float | None = None,
    neighbours: int = 8,
) -> Floats:
    """The level (m) that river, lake or sea must exceed to reach each cell.

    spill = min over paths from the water to the cell of the highest elevation on the path, the cell included
    and the water cell not: the minimax path. `flood_depth` wets exactly the cells with spill < level. Water
    cells have their own elevation, cells shut in by missing ones infinity, cells of unknown elevation NaN.
    Arguments, shapes and errors are those of `flood_depth`.

    Method: each cell runs down to a local minimum; between the basins of these minima only the lowest pass
    counts; ways of least highest pass are those of the minimum spanning tree of basins (Hu 1961, Oper. Res.
    9:898; basins as in Cordonnier et al. 2019, Earth Surf. Dynam. 7:549). The time is that of a few sweeps
    over the raster, whatever the number of levels.
    """
    terrain, source = _terrain(elevation, water, barrier, nodata)
    return _spill(terrain, np.where(source, -np.inf, terrain), source, neighbours)


def filled_depressions(
    elevation: ArrayLike,
    *,
    outlet: ArrayLike | None = None,
    nodata: float | None = None,
    neighbours: int = 8,
) -> Floats:
    """Depth of the ponds that a cloudburst leaves when every depression fills until it spills.

    depth = spill - elevation, where spill is the least, over paths to an outlet, of the highest elevation on
    the path, both ends included. Outlets are the edge of the raster, cells beside missing ones and cells of
    `outlet` (rivers, drains; boolean, of the same shape); they never pond. elevation: m, shape (rows,
    columns), NaN or `nodata` where not known. Returns m of the same shape, NaN where not known; filling a
    filled terrain adds nothing.

    Limits: how deep a pond can get, not how fast it does; neither rain volume nor soil nor sewers are in it.
    Noise of the terrain makes ponds of its own (with integer metres: of 1 m), bridges and roofs make dams.
    ValueError as in `flood_depth`.
    """
    terrain = _known(elevation, nodata)
    ends = _beside_missing(terrain, neighbours)
    if outlet is not None:
        ends |= _mask(outlet, terrain.shape, "outlet") & ~np.isnan(terrain)
    return _spill(terrain, terrain, ends, neighbours) - terrain


def ground_filter(
    elevation: ArrayLike,
    cell_size: float | tuple[float, float],
    *,
    windows: Sequence[float],
    slope: float | Sequence[float],
    initial_difference: float = 0.3,
    largest_difference: float = 3.0,
    nodata: float | None = None,
) -> BareGround:
    """The bare ground under a surface model with roofs and trees: the progressive morphological filter.

    For each window w_k, from small to large, the surface is opened (the lowest of each window, then the
    highest of those): what is narrower than the window is cut off. A cell that the cut lowers by more than
    dh_k = min(slope_k (w_k - w_{k-1}) + initial_difference, largest_difference) is an object and takes the
    opened height; the opened surface is what the next window starts from. Before the first window w is one
    cell.

    elevation: m, shape (rows, columns); NaN or `nodata` where not known, left out of every window.
    cell_size: m, one number or (height, width). windows: widths in m, rising, each at least three cells;
    the largest odd number of cells that fits is used. slope: m per m of the terrain itself, one number or one
    for each window. initial_difference, largest_difference: m, the noise of the model and the least height of
    a building.

    Limits: it cannot tell a hill, a dike or a railway bank narrower than the window from a building, and
    lowers them too (give dikes again as `barrier`); a block wider than the window stays. It needs cells that
    see the ground between objects: with cells of about 30 m roofs, trees and streets are mixed in each, the
    lowest cell of a window is still too high, and noise is taken for ground: the result is then biased and
    not a terrain model. Values are never above the surface given.
    ValueError if sizes or windows make no sense, or as in `flood_depth`. Source: Zhang et al. 2003 (IEEE
    TGRS 41:872), on cells instead of points.
    """
    terrain = _known(elevation, nodata)
    widths = _windows(windows, cell_size)
    slopes = np.asarray(slope, dtype=float)
    if slopes.shape not in ((), (len(widths),)) or not (slopes >= 0).all():
        raise ValueError(_("slope: one number of 0 or more is needed, or one for each window."))
    if not 0 <= initial_difference <= largest_difference:
        raise ValueError(_("initial_difference: it must lie between 0 and largest_difference."))
    missing = np.isnan(terrain)
    surface, ground = terrain, terrain.copy()
    changed = np.zeros(terrain.shape, dtype=bool)
    before = float(np.max(cell_size))
    for width, steep, cells in zip(windows, np.broadcast_to(slopes, len(widths)), widths, strict=True):
        opened = _opened(surface, missing, cells)
        threshold = min(float(steep) * (width - before) + initial_difference, largest_difference)
        with np.errstate(invalid="ignore"):
            objects = surface - opened > threshold
        ground[objects] = opened[objects]
        changed |= objects
        surface, before = opened, width
    return BareGround(ground, changed)


def datum_shift(level: ArrayLike, *, gauge_zero: float, terrain_zero: float) -> Floats:
    """A water level read at a gauge, in metres above the zero of the terrain.

    level on the terrain = level + gauge_zero - terrain_zero, where both zeros are heights (m) above one
    reference such as a national datum or mean sea level. They have no default: a zero that is not known is
    not 0, and mistaking it moves the shore. ValueError if a zero is missing. Any shape.
    """
    if not np.isfinite(gauge_zero) or not np.isfinite(terrain_zero):
        raise ValueError(_("gauge_zero, terrain_zero: both must be known. Look them up; do not put 0 for unknown."))
    return np.asarray(level, dtype=float) + gauge_zero - terrain_zero


# ---------------------------------------------------------------- checks


def _known(elevation: ArrayLike, nodata: float | None) -> Floats:
    """Elevations with NaN where they are missing; an error where a missing value was not declared."""
    given: Any = elevation
    terrain = np.array(given.filled(np.nan) if _masked_floats(given) else given, dtype=float)
    if isinstance(given, np.ma.MaskedArray):
        terrain[np.ma.getmaskarray(given)] = np.nan
    if terrain.ndim != 2 or not terrain.size:
        raise ValueError(_("elevation: rows and columns are needed; the shape is {shape}.", shape=terrain.shape))
    if nodata is not None:
        terrain[terrain == nodata] = np.nan
    known = terrain[~np.isnan(terrain)]
    if not known.size:
        raise ValueError(_("elevation: no cell has a value. Check nodata and the extent of the layer."))
    lowest, highest = float(known.min()), float(known.max())
    if lowest < LOWEST_LAND or highest > HIGHEST_LAND:
        odd = f"{lowest if lowest < LOWEST_LAND else highest:g}"
        raise ValueError(
            _("elevation: {value} m is no height of land. Is {value} nodata? Pass nodata={value}.", value=odd)
        )
    if lowest == 0 < highest or highest == 0 > lowest:
        nearest = float(np.abs(known[known != 0]).min())
        if nearest >= NODATA_GAP:
            message = _(
                "elevation: 0 m stands beside heights of {value} m and more. Is 0 nodata? Pass nodata=0.",
                value=f"{nearest:g}",
            )
            raise ValueError(message)
    return terrain


def _masked_floats(given: Any) -> bool:
    return isinstance(given, np.ma.MaskedArray) and np.issubdtype(given.dtype, np.floating)


def _mask(given: ArrayLike, shape: tuple[int, ...], name: str) -> Mask:
    """A boolean mask of the shape of the elevation."""
    mask = np.asarray(given)
    if mask.shape != shape:
        message = _(
            "{name}: the shape {given} is not that of elevation, {shape}. Bring both to one grid.",
            name=name,
            given=mask.shape,
            shape=shape,
        )
        raise ValueError(message)
    if mask.dtype != bool and not ((mask == 0) | (mask == 1)).all():
        raise ValueError(_("{name}: true or false (1 or 0) is needed in every cell.", name=name))
    return mask.astype(bool)


def _terrain(
    elevation: ArrayLike, water: ArrayLike, barrier: ArrayLike | None, nodata: float | None
) -> tuple[Floats, Mask]:
    """Elevation with barriers burnt in, and the cells of water that no barrier stands on."""
    terrain = _known(elevation, nodata)
    source = _mask(water, terrain.shape, "water")
    if barrier is not None:
        crest = np.asarray(barrier, dtype=float)
        if crest.shape != terrain.shape:
            message = _(
                "{name}: the shape {given} is not that of elevation, {shape}. Bring both to one grid.",
                name="barrier",
                given=crest.shape,
                shape=terrain.shape,
            )
            raise ValueError(message)
        if (crest < LOWEST_LAND).any():
            raise ValueError(_("barrier: crests below {value} m. Put NaN where there is none.", value=LOWEST_LAND))
        # a wall in water is ground of known height; one on unknown ground leaves it unknown and closed
        walled = ~np.isnan(crest)
        terrain[walled] = np.where(source & np.isnan(terrain), crest, np.maximum(terrain, crest))[walled]
        source &= ~walled
    if not source.any():
        raise ValueError(_("water: no cell is marked. Mark the cells of the river, lake or sea."))
    return terrain, source


def _levels(level: ArrayLike, terrain: Floats) -> tuple[list[Floats], bool]:
    """Each level as a number or a surface, and whether there are several."""
    given = np.asarray(level, dtype=float)
    if given.ndim > 3 or (given.ndim > 1 and given.shape[-2:] != terrain.shape):
        message = _(
            "level: a number, several numbers, or surfaces of the shape {shape} are needed, not {given}.",
            shape=terrain.shape,
            given=given.shape,
        )
        raise ValueError(message)
    missing = ~np.isfinite(given)
    if given.ndim > 1:
        missing &= ~np.isnan(terrain)
    if missing.any() or not given.size:
        raise ValueError(_("level: it is missing or not finite. A level is needed for every cell with an elevation."))
    many = given.ndim in (1, 3)
    return list(given if many else given[None]), many


def _structure(neighbours: int) -> Mask:
    if neighbours not in STEPS:
        raise ValueError(_("neighbours: {value} is neither 4 nor 8.", value=neighbours))
    return np.asarray(ndimage.generate_binary_structure(2, 1 if neighbours == 4 else 2))


def _windows(windows: Sequence[float], cell_size: float | tuple[float, float]) -> list[tuple[int, int]]:
    """Each window in odd numbers of cells (high, wide)."""
    size = np.asarray(cell_size, dtype=float)
    if size.shape not in ((), (2,)) or not (np.isfinite(size) & (size > 0)).all():
        raise ValueError(_("cell_size: metres above 0 are needed, one number or (height, width)."))
    widths = np.asarray(windows, dtype=float)
    if widths.ndim != 1 or not widths.size or not np.isfinite(widths).all() or not (np.diff(widths) > 0).all():
        raise ValueError(_("windows: widths in metres are needed, from small to large."))
    if widths[0] < 3 * size.max() * (1 - 1e-9):
        message = _(
            "windows: {width} m is less than three cells of {size} m.", width=f"{widths[0]:g}", size=f"{size.max():g}"
        )
        raise ValueError(message)
    cells = np.floor(widths[:, None] / np.broadcast_to(size, (2,)) * (1 + 1e-9)).astype(int)
    return [(int(high), int(wide)) for high, wide in cells - (cells % 2 == 0)]


# ---------------------------------------------------------------- computation


def _opened(surface: Floats, missing: Mask, cells: tuple[int, int]) -> Floats:
    """The morphological opening of a surface; missing cells and those beyond the edge are left out."""
    eroded = ndimage.minimum_filter(np.where(missing, np.inf, surface), size=cells, mode="constant", cval=np.inf)
    opened = np.asarray(ndimage.maximum_filter(eroded, size=cells, mode="constant", cval=-np.inf))
    opened[missing] = np.nan
    return opened


def _beside_missing(terrain: Floats, neighbours: int) -> Mask:
    """Known cells on the edge of the raster or beside a missing cell."""
    known = ~np.isnan(terrain)
    inner = ndimage.binary_erosion(known, structure=_structure(neighbours), border_value=0)
    return np.asarray(known & ~inner)


def _spill(terrain: Floats, height: Floats, outlet: Mask, neighbours: int) -> Floats:
    """The minimax of `height` on ways from the outlets, and at least the terrain's own elevation."""
    _structure(neighbours)
    missing = np.isnan(terrain)
    height = np.where(np.isnan(height), np.inf, height)
    basin, count = _basins(height, neighbours)
    first, second, crest = _passes(height, basin, count, outlet, neighbours)
    spill = np.maximum(_least_highest_pass(first, second, crest, count)[basin], terrain)
    spill[missing] = np.nan
    return spill


def _basins(height: Floats, neighbours: int) -> tuple[NDArray[np.int32], int]:
    """The number of the local minimum that each cell runs down to, and how many there are.

    Each cell points to the lowest of itself and its neighbours, the first stored among equals; as that is a
    strict order there are no circles. Pointers are then doubled until all end at a minimum.
    """
    rows, columns = height.shape
    framed = np.pad(height, 1, constant_values=np.inf)
    lowest = np.full(height.shape, np.inf)
    step = np.full(height.shape, STEPS[neighbours].index((0, 0)), dtype=np.int8)
    for place, (down, right) in enumerate(STEPS[neighbours]):
        beside = framed[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        np.copyto(step, place, where=beside < lowest)
        np.minimum(lowest, beside, out=lowest)
    kind = np.int32 if height.size < 2**31 else np.int64
    cell: NDArray[Any] = np.arange(height.size, dtype=kind)
    to_neighbour = np.array([down * columns + right for down, right in STEPS[neighbours]], dtype=kind)
    root = cell + to_neighbour[step.ravel()]
    while not np.array_equal(further := root[root], root):
        root = further
    minimum = np.flatnonzero(root == cell)
    number = np.empty(height.size, dtype=np.int32)
    number[minimum] = np.arange(len(minimum))
    return number[root].reshape(height.shape), len(minimum)


def _passes(
    height: Floats, basin: NDArray[np.int32], count: int, outlet: Mask, neighbours: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Pairs of neighbouring basins and their lowest pass; the outside, number `count`, is beside every outlet."""
    rows, columns = height.shape
    pairs = [basin[outlet].astype(np.int64) * (count + 1) + count]
    crests = [height[outlet]]
    for down, right in STEPS[neighbours][len(STEPS[neighbours]) // 2 + 1 :]:
        here = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
        there = (slice(down, rows), slice(max(0, right), columns - max(0, -right)))
        border = np.nonzero(basin[here] != basin[there])
        one, two = basin[here][border], basin[there][border]
        pairs.append(np.minimum(one, two).astype(np.int64) * (count + 1) + np.maximum(one, two))
        crests.append(np.maximum(height[here][border], height[there][border]))
    pair, crest = np.concatenate(pairs), np.concatenate(crests)
    order = np.argsort(pair, kind="stable")
    pair, crest = pair[order], crest[order]
    start = np.flatnonzero(np.diff(pair, prepend=-1))
    least = np.minimum.reduceat(crest, start)
    passable = least < np.inf
    both = pair[start][passable]
    return both // (count + 1), both % (count + 1), least[passable]


def _least_highest_pass(first: NDArray[np.int64], second: NDArray[np.int64], crest: Floats, count: int) -> Floats:
    """The highest pass on the best way from each basin to the outside; infinity where there is no way."""
    # weights are ranks from 1 on, as the tree would lose passes of height 0
    order = np.argsort(crest, kind="stable")
    shape = (count + 1, count + 1)
    ends = (first[order].astype(np.int32), second[order].astype(np.int32))  # all that csgraph takes before SciPy 1.17
    graph = coo_array((np.arange(1.0, len(order) + 1), ends), shape=shape)
    tree = minimum_spanning_tree(csr_array(graph))
    _order, parent = breadth_first_order(tree, count, directed=False, return_predecessors=True)
    reached = parent >= 0
    reached[count] = True
    parent = np.where(parent < 0, np.arange(count + 1), parent)
    edge = tree.tocoo()
    child = np.where(parent[edge.row] == edge.col, edge.row, edge.col)
    level: Floats = np.full(count + 1, -np.inf)
    level[child] = crest[order][edge.data.astype(np.int64) - 1]
    level[~reached] = np.inf
    # each basin takes over the highest pass of its parent's way, two, four, eight … steps up at a time
    while (parent != parent[parent]).any():
        level = np.maximum(level, level[parent])
        parent = parent[parent]
    return level[:count]
