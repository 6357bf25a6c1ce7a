"""The city's own equal-area map: projection, grid of cells, and squares or hexagons for a city without zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caminos.i18n import _, number
from caminos.problems import ERROR, WARNING, Problem

Bounds = tuple[float, float, float, float]  # west, south, east, north

DEGREES = "EPSG:4326"
LARGEST_SPAN = 20.0  # degrees; a city or region, not a continent
LONGEST_EDGE = 0.01  # degrees, about 1 km: the bend of a straight line under projection stays below 2 cm
LONGEST_EDGE_IN_METRES = 1000.0
BORDER_POINTS = 21  # points along each side of a box that is brought to another projection


class Cells(NamedTuple):
    """Made-up zones: an id and a polygon in degrees (shapely) for each."""

    ids: tuple[str, ...]
    polygons: NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """Square cells of `cell_size` (m) in projection `crs`; `left`, `top` is the outer corner of the first cell."""

    crs: str
    left: float
    top: float
    cell_size: float
    shape: tuple[int, int]

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """a, b, c, d, e, f of x = a column + b row + c, y = d column + e row + f."""
        return (self.cell_size, 0.0, self.left, 0.0, -self.cell_size, self.top)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right and top in metres."""
        rows, columns = self.shape
        return (self.left, self.top - rows * self.cell_size, self.left + columns * self.cell_size, self.top)

    @property
    def cell_area(self) -> float:
        """Area of one cell in m2."""
        return self.cell_size**2

    def part(self, rows: slice, columns: slice) -> Grid:
        """The grid of some rows and columns of this one."""
        first_row, last_row, _step = rows.indices(self.shape[0])
        first_column, last_column, _step = columns.indices(self.shape[1])
        return Grid(
            self.crs,
            self.left + first_column * self.cell_size,
            self.top - first_row * self.cell_size,
            self.cell_size,
            (last_row - first_row, last_column - first_column),
        )

    def tiles(self, size: int) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of tiles of at most `size` x `size` cells that together are the grid."""
        if size < 1:
            raise ValueError(_("size: a tile of {size} cells; give 1 or more.", size=size))
        rows, columns = self.shape
        for row in range(0, rows, size):
            for column in range(0, columns, size):
                yield slice(row, min(row + size, rows)), slice(column, min(column + size, columns))


def equal_area(zones: Sequence[Any] | NDArray[Any] | Bounds) -> str:
    """The city's own projection: Lambert's azimuthal equal-area one, centred on its zones or bounds in degrees.

    Areas are exact (WGS84 ellipsoid); distances and angles are off by (distance from the centre / 2R)², below
    0.01 % within 100 km. The centre is rounded to 0.01 degrees, so that a redrawn border keeps the projection.
    Raises ValueError for coordinates that are not degrees and for an extent wider than 20 degrees.
    Source: Snyder, Map projections: a working manual (1987), ch. 24.
    """
    west, south, east, north = bounds_of(zones)
    return f"+proj=laea +lat_0={(south + north) / 2:.2f} +lon_0={(west + east) / 2:.2f} +datum=WGS84 +units=m +no_defs"


def grid_over(
    zones: Sequence[Any] | NDArray[Any] | Bounds, cell_size: float, crs: str | None = None, margin: float = 0.0
) -> Grid:
    """The grid that covers zones (shapely, degrees) or bounds (degrees), with `margin` metres around them.

    Corners are whole multiples of the cell size, so that grids of one city and size lie on each other.
    """
    if not (np.isfinite(cell_size) and cell_size > 0):
        raise ValueError(_("cell_size: {size} m; give a length above 0.", size=cell_size))
    if not margin >= 0:
        raise ValueError(_("margin: {margin} m; give 0 or more.", margin=margin))
    cell_size = float(cell_size)
    crs = crs or equal_area(zones)
    left, bottom, right, top = project_bounds(bounds_of(zones), DEGREES, crs)
    if not _is_bounds(zones):
        import shapely

        left, bottom, right, top = shapely.total_bounds(project(_array(zones), DEGREES, crs))
    first_column, first_row = (int(np.floor((low - margin) / cell_size)) for low in (left, -top))
    last_column, last_row = (int(np.ceil((high + margin) / cell_size)) for high in (right, -bottom))
    shape = (max(last_row - first_row, 1), max(last_column - first_column, 1))
    return Grid(crs, first_column * cell_size, -first_row * cell_size, cell_size, shape)


def bounds_of(zones: Sequence[Any] | NDArray[Any] | Bounds) -> Bounds:
    """West, south, east and north of zones (shapely, degrees) or of bounds, checked."""
    if _is_bounds(zones):
        west, south, east, north = (float(side) for side in zones)
    else:
        import shapely

        geometries = _array(zones)
        around = shapely.total_bounds(geometries) if len(geometries) else [np.nan] * 4
        west, south, east, north = (float(side) for side in around)
    if not np.isfinite([west, south, east, north]).all():
        raise ValueError(_("zones: there is none with an outline; give polygons in degrees."))
    if max(-west, east) > 180 or max(-south, north) > 90 or west > east or south > north:
        shown = ", ".join(f"{side:.6g}" for side in (west, south, east, north))
        message = _("zones: bounds {bounds} are not west, south, east and north in degrees.", bounds=shown)
        raise ValueError(message)
    if max(east - west, north - south) > LARGEST_SPAN:
        message = _(
            "zones: they span {span} degrees, more than a city or region; a coordinate may be wrong.",
            span=f"{max(east - west, north - south):.3g}",
        )
        raise ValueError(message)
    return west, south, east, north


def project(geometries: Sequence[Any] | NDArray[Any], source: str, target: str) -> NDArray[Any]:
    """Geometries brought from one projection to another; edges beyond 1 km get points so that they bend."""
    import shapely

    given = _array(geometries)
    if _same(source, target):
        return given
    degrees = _projection(source).is_geographic
    given = shapely.segmentize(given, LONGEST_EDGE if degrees else LONGEST_EDGE_IN_METRES)
    transformer = _transformer(source, target)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(given, move), dtype=object)


def project_points(x: NDArray[Any], y: NDArray[Any], source: str, target: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coordinates brought from one projection to another; x is east or longitude. Infinite where undefined."""
    if _same(source, target):
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    moved_x, moved_y = _transformer(source, target).transform(x, y)
    return np.asarray(moved_x), np.asarray(moved_y)


def project_bounds(bounds: Bounds, source: str, target: str) -> Bounds:
    """The box around a box in another projection; infinite if it cannot be brought there."""
    left, bottom, right, top = bounds
    along = np.linspace(0, 1, BORDER_POINTS)
    x = np.concatenate([left + (right - left) * along] * 2 + [np.full(BORDER_POINTS, side) for side in (left, right)])
    y = np.concatenate([np.full(BORDER_POINTS, side) for side in (bottom, top)] + [bottom + (top - bottom) * along] * 2)
    moved_x, moved_y = project_points(x, y, source, target)
    return float(moved_x.min()), float(moved_y.min()), float(moved_x.max()), float(moved_y.max())


def elsewhere(file: str, bounds: Bounds, city: Bounds) -> Problem | None:
    """The problem of a layer (bounds in degrees) that does not touch the city; says if its axes are swapped."""
    if _touch(bounds, city):
        return None
    west, south, east, north = bounds
    if _touch((south, west, north, east), city):
        message = _("The axes are swapped: latitude stands where longitude belongs.")
        return Problem(ERROR, file, None, "geometry", message, _("Export it with longitude (x) before latitude (y)."))
    kilometres = _gap(bounds, city) / 1000
    message = _("The layer lies elsewhere: {distance} km from the city.", distance=number(kilometres))
    return Problem(ERROR, file, None, "geometry", message, _("Check its projection and that it is of this city."))


def square_cells(bounds: Sequence[Any] | NDArray[Any] | Bounds, size: float) -> Cells:
    """Squares of `size` metres over bounds or zones (degrees), in the city's equal-area projection.

    Squares that no zone touches are left out. Ids are the square's row and column from the north-west: "12-3".
    """
    import shapely

    grid = grid_over(bounds, size)
    rows, columns = grid.shape
    row, column = (part.reshape(-1) for part in np.indices((rows, columns)))
    left, top = grid.left + column * size, grid.top - row * size
    squares = shapely.box(left, top - size, left + size, top)
    if not _is_bounds(bounds):
        tree = shapely.STRtree(squares)
        keep = np.unique(tree.query(project(bounds, DEGREES, grid.crs), predicate="intersects")[1])
        squares, row, column = squares[keep], row[keep], column[keep]
    ids = tuple(f"{one + 1}-{other + 1}" for one, other in zip(row.tolist(), column.tolist(), strict=True))
    return Cells(ids, project(squares, grid.crs, DEGREES))


def hexagons(boundary: Any, size: float | None = None, resolution: int | None = None) -> Cells:
    """H3 hexagons that touch the boundary (a shapely polygon or several, degrees).

    Either `resolution` (0 to 15) or `size`, the length of an edge in metres, to which the nearest resolution is
    taken (resolution 9: 201 m, 10.5 ha). Ids are H3 indexes. Hexagons are not of exactly one area: within a city
    they differ by about 1 %. Source: h3geo.org, tables of cell statistics.
    """
    import h3
    import shapely

    if (size is None) == (resolution is None):
        raise ValueError(_("hexagons: give either size or resolution."))
    if size is not None:
        if not (np.isfinite(size) and size > 0):
            raise ValueError(_("size: {size} m; give a length above 0.", size=size))
        edges = [h3.average_hexagon_edge_length(level, unit="m") for level in range(16)]
        resolution = int(np.abs(np.log(np.array(edges) / size)).argmin())
    if not isinstance(resolution, int) or not 0 <= resolution <= 15:
        raise ValueError(_("resolution: {resolution} is not a whole number from 0 to 15.", resolution=resolution))
    bounds_of([boundary] if hasattr(boundary, "geom_type") else boundary)
    whole = shapely.unary_union(_array(boundary))
    # H3 gives cells whose centre lies inside: their neighbours and those of the outline may touch it too
    edge = h3.average_hexagon_edge_length(resolution, unit="km") / 111.32
    seeds = {h3.latlng_to_cell(y, x, resolution) for x, y in shapely.get_coordinates(shapely.segmentize(whole, edge))}
    for part in shapely.get_parts(whole):
        seeds |= set(h3.geo_to_cells(part, resolution))
    around = sorted({near for seed in seeds for near in h3.grid_disk(seed, 1)})
    polygons = _h3_polygons(around)
    shapely.prepare(whole)
    keep = shapely.intersects(whole, polygons)
    return Cells(tuple(cell for cell, kept in zip(around, keep.tolist(), strict=True) if kept), polygons[keep])


def hexagon_polygons(ids: Sequence[str], file: str = "") -> tuple[NDArray[Any], list[Problem]]:
    """The polygons (degrees) of H3 indexes, in their order; None and a problem where an index is wrong.

    Also found: an index given twice, and indexes of several resolutions, whose hexagons overlap.
    """
    import h3

    problems = []
    given = [str(cell).strip() for cell in ids]
    valid = np.array([h3.is_valid_cell(cell) for cell in given], dtype=bool)
    fix = _("Take the index from the source again; a spreadsheet may have turned it into a number.")
    for place in np.flatnonzero(~valid).tolist()[:5]:
        message = _("{id} is not an H3 index.", id=repr(given[place]))
        problems.append(Problem(ERROR, file, place + 1, "id", message, fix))
    if (~valid).sum() > 5:
        message = _("{count} ids in all are not H3 indexes.", count=int((~valid).sum()))
        problems.append(Problem(ERROR, file, None, "id", message, fix))
    known = [cell for cell, good in zip(given, valid.tolist(), strict=True) if good]
    if len(set(known)) < len(known):
        found, count = np.unique(np.array(known), return_counts=True)
        twice = found[count > 1].tolist()
        message = _("{count} hexagons stand twice, such as {id}.", count=len(twice), id=twice[0])
        problems.append(Problem(ERROR, file, None, "id", message, _("Keep one row for each hexagon.")))
    levels = sorted({h3.get_resolution(cell) for cell in known})
    if len(levels) > 1:
        shown = ", ".join(str(level) for level in levels)
        message = _("Hexagons of resolutions {levels} are mixed and may overlap.", levels=shown)
        problems.append(Problem(WARNING, file, None, "id", message, _("Keep hexagons of one resolution.")))
    polygons = np.full(len(given), None, dtype=object)
    polygons[valid] = _h3_polygons(known)
    return polygons, problems


def _h3_polygons(cells: Sequence[str]) -> NDArray[Any]:
    import h3
    import shapely

    outlines = [h3.cell_to_boundary(cell) for cell in cells]  # latitude first
    points = np.array([point for outline in outlines for point in outline], dtype=np.float64).reshape(-1, 2)
    ring = np.repeat(np.arange(len(cells)), [len(outline) for outline in outlines])
    polygons = shapely.polygons(shapely.linearrings(points[:, ::-1], indices=ring)) if len(cells) else np.empty(0)
    return np.asarray(polygons, dtype=object).reshape(-1)


def _is_bounds(zones: Any) -> bool:
    """Four numbers, not four zones."""
    return isinstance(zones, tuple | list | np.ndarray) and len(zones) == 4 and np.asarray(zones).dtype.kind in "if"


def _array(geometries: Any) -> NDArray[Any]:
    if hasattr(geometries, "geom_type"):
        geometries = [geometries]
    return np.asarray(list(geometries), dtype=object).reshape(-1)


def _touch(one: Bounds, other: Bounds) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _gap(one: Bounds, other: Bounds) -> float:
    """Metres between the nearest points of two boxes in degrees."""
    from pyproj import Geod

    def nearest(low: float, high: float, other_low: float, other_high: float) -> tuple[float, float]:
        """A coordinate of each that lies nearest to the other."""
        middle = min(max((max(low, other_low) + min(high, other_high)) / 2, low), high)
        return middle, min(max(middle, other_low), other_high)

    first_x, second_x = nearest(one[0], one[2], other[0], other[2])
    first_y, second_y = nearest(one[1], one[3], other[1], other[3])
    *_azimuths, distance = Geod(ellps="WGS84").inv(first_x, first_y, second_x, second_y)
    return float(distance)


@lru_cache(maxsize=64)
def _projection(crs: str) -> Any:
    from pyproj import CRS

    return CRS.from_user_input(crs)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(_projection(source), _projection(target), always_xy=True)


@lru_cache(maxsize=256)
def _same(source: str, target: str) -> bool:
    return source == target or bool(_projection(source).equals(_projection(target), ignore_axis_order=True))
