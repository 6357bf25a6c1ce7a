"""What lies in each zone: statistics of rasters by exact cell fractions, and transfer between two sets of zones.

Method. By Green's theorem the share of a cell that a polygon covers is a sum over the outline alone: an edge that
rises by dy within a cell covers dy x (distance from the edge to the cell's right side) of that cell and dy of
every cell to the right. The outline is therefore cut at the grid lines; cells that it crosses get their exact
share, and the cells between two crossings lie wholly inside or outside and are kept as one span of a row. A sum
over a zone is then the sum of its spans and of its edge cells: each cell of the raster is read once.

Source: the geometry is elementary; the same definition of "exact" as in exactextract (Baston), which keeps
fractions in single precision where these are in double.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caminos.i18n import _
from caminos.spatial.missing import with_nan

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STATISTICS = ("mean", "sum", "count", "min", "max", "majority")
USUAL = ("mean", "sum", "count")
FRACTION_FLOOR = 1e-12  # of a cell: below this a fraction is the rounding of zero
MAXIMUM_PIECES = 4_000_000  # pieces of outline cut at once: bounds memory to about 0.4 GB
BLOCK_CELLS = 262_144  # cells summed at once: 2 MB of float64, which stays in the processor's cache
CLASS_BLOCK_CELLS = 4_000_000


class Segments(NamedTuple):
    """Straight pieces from (x0, y0) to (x1, y1) in cells; `parent` is the segment that each was cut from."""

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    parent: Integers

    def take(self, keep: NDArray[Any]) -> Segments:
        """The pieces that `keep` selects."""
        return Segments(*(part[keep] for part in self))


class ClassCells(NamedTuple):
    """Cells of each class in each zone: `classes` (class,), `cells` (zone, class), fractions included."""

    classes: NDArray[Any]
    cells: Floats


@dataclass(frozen=True)
class ZoneWeights:
    """Which share of which cell lies in which zone: prepared once, used for any raster of the same grid.

    A span is a run of whole cells within one row, from `span_start` to before `span_stop` (places in the raster
    read row by row); an edge cell lies in the zone by `edge_fraction` of its area. `area` is that of the zone in
    cells, with the part outside the raster.
    """

    shape: tuple[int, int]
    area: Floats
    span_zone: Integers
    span_start: Integers
    span_stop: Integers
    edge_zone: Integers
    edge_cell: Integers
    edge_fraction: Floats

    @property
    def zones(self) -> int:
        """How many zones."""
        return len(self.area)

    def matrix(self) -> Any:
        """The same as a sparse matrix (zones x cells) for linear algebra: `matrix() @ values.ravel()` is the sum."""
        from scipy.sparse import csr_array

        cells, zone = _expand(self.span_start, self.span_stop, self.span_zone)
        rows = np.concatenate([zone, self.edge_zone])
        columns = np.concatenate([cells, self.edge_cell])
        shares = np.concatenate([np.ones(len(cells)), self.edge_fraction])
        return csr_array((shares, (rows, columns)), shape=(self.zones, self.shape[0] * self.shape[1]))

    def statistics(
        self,
        values: NDArray[Any],
        statistics: Sequence[str] = USUAL,
        nodata: float | None = None,
        minimum_coverage: float = 0.0,
    ) -> dict[str, NDArray[Any]]:
        """As `zonal_statistics`, for one more raster on the same grid."""
        total = _Totals(self.area, tuple(statistics))
        total.add(self, values, nodata)
        return total.result(minimum_coverage)

    def class_cells(self, values: NDArray[Any], nodata: float | None = None) -> ClassCells:
        """Cells of each class by zone; missing cells belong to no class. Divide by their sum for shares."""
        return _class_cells(self, values, nodata)


def zone_weights(
    polygons: Sequence[Any] | NDArray[Any], transform: Sequence[float], shape: tuple[int, int]
) -> ZoneWeights:
    """Exact cell fractions of `polygons` (shapely, in the raster's projection) on a grid.

    `transform` is the affine map from (column, row) to coordinates: x = a col + b row + c, y = d col + e row + f
    (first six numbers; rotated and south-up rasters included). Polygons may overlap each other and reach beyond
    the raster; an empty one or None has no cells. Raises ValueError for anything else than valid polygons.
    """
    import shapely

    rows, columns = _checked_shape(shape)
    geometries = np.asarray(polygons, dtype=object).reshape(-1)
    geometries = np.where(shapely.is_missing(geometries), shapely.Polygon(), geometries)
    wrong = ~np.isin(shapely.get_type_id(geometries), (3, 6)) & ~shapely.is_empty(geometries)
    if wrong.any():
        raise ValueError(_("polygons: number {place} is not a polygon; a zone is an area.", place=int(wrong.argmax())))
    _check_valid("polygons", geometries)
    a, b, c, d, e, f = _six(transform)
    size = abs(a * e - b * d)
    outline = _outline(geometries, (a, b, c, d, e, f))
    parts = [_fractions(*block, rows, columns) for block in _blocks_of_zones(outline, len(geometries))]
    cells = _Fractions(*(np.concatenate(same) for same in zip(_NOTHING, *parts, strict=True)))
    order = np.argsort(cells.span_start, kind="stable")
    return ZoneWeights(
        (rows, columns),
        np.asarray(shapely.area(geometries), dtype=np.float64) / size,
        cells.span_zone[order],
        cells.span_start[order],
        cells.span_stop[order],
        cells.edge_zone,
        cells.edge_cell,
        cells.edge_fraction,
    )


def zonal_statistics(
    values: NDArray[Any],
    transform: Sequence[float],
    polygons: Sequence[Any] | NDArray[Any],
    statistics: Sequence[str] = USUAL,
    nodata: float | None = None,
    minimum_coverage: float = 0.0,
    crs: str | None = None,
) -> dict[str, NDArray[Any]]:
    """Statistics of a raster by zone, weighing each cell by the share of it that lies in the zone.

    `values` (rows, columns): NaN and `nodata` are missing and never count as zero. `polygons` in the raster's
    projection; or in degrees, if that projection is given as `crs`. Of the cells with a value, with fraction w and value v:
    count = sum w; sum = sum w v; mean = sum w v / sum w; min, max over cells with w > 0; majority: the value with
    the largest sum of w (of equals the largest value).
    Returns one array (zone,) for each of `statistics`, `cells`, the zone's area in cells, and `coverage`, the share
    of it that has values. A zone of which less than `minimum_coverage` or nothing is covered is NaN (its count stays): a sum
    over a part of a zone is never handed on as that of the whole unless the caller asks for it.
    Assumes cells of equal area: use an equal-area grid.
    Raises ValueError for statistics unknown, arrays not of two dimensions, and polygons that cross themselves.
    """
    values = _two_dimensional(values)
    if crs is not None:
        from caminos.spatial.grid import DEGREES, project

        polygons = project(polygons, DEGREES, crs)
    return zone_weights(polygons, transform, values.shape).statistics(values, statistics, nodata, minimum_coverage)


def zonal_statistics_of_tiles(
    tiles: Iterable[tuple[NDArray[Any], Sequence[float]]],
    polygons: Sequence[Any] | NDArray[Any],
    statistics: Sequence[str] = USUAL,
    nodata: float | None = None,
    minimum_coverage: float = 0.0,
) -> dict[str, NDArray[Any]]:
    """As `zonal_statistics` for a raster larger than memory, handed over as tiles (values, transform).

    Tiles must not overlap and have cells of one size; the result does not depend on how the raster is cut.
    """
    total: _Totals | None = None
    for values, transform in tiles:
        values = _two_dimensional(values)
        weights = zone_weights(polygons, transform, values.shape)
        if total is None:
            total = _Totals(weights.area, tuple(statistics))
        elif not np.allclose(weights.area, total.area, rtol=1e-9, atol=0, equal_nan=True):
            raise ValueError(_("tiles: cells differ in size from tile to tile; cut one raster into tiles."))
        total.add(weights, values, nodata)
    if total is None:
        raise ValueError(_("tiles: there is none; hand over at least one tile."))
    return total.result(minimum_coverage)


def class_shares(
    values: NDArray[Any],
    transform: Sequence[float],
    polygons: Sequence[Any] | NDArray[Any],
    nodata: float | None = None,
) -> tuple[NDArray[Any], Floats, Floats]:
    """Shares of land-cover classes by zone: classes (class,), shares (zone, class), coverage (zone,).

    Shares are of the covered part of the zone and sum to 1; NaN where nothing is covered.
    """
    weights = zone_weights(polygons, transform, _two_dimensional(values).shape)
    classes, cells = weights.class_cells(values, nodata)
    count = cells.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return classes, cells / count[:, np.newaxis], np.minimum(count / weights.area, 1.0)


@dataclass(frozen=True)
class Overlap:
    """The ground that two sets of zones share: `area` is a sparse matrix (targets x sources).

    Coverage above 1 says that sources overlap each other: `sums` then counts their people twice.
    """

    area: Any
    source_area: Floats
    target_area: Floats

    def sums(self, values: NDArray[Any]) -> tuple[Floats, Floats]:
        """Amounts (people, jobs) of the sources dealt out to the targets by area; and the targets' coverage.

        Assumes an amount is spread evenly over its source zone. What lies in the overlap is kept: where the targets
        cover every source once, the total is the same. NaN where no source with a value lies below.
        """
        given, known = self._known(values)
        density = np.divide(given, self.source_area, out=np.zeros_like(given), where=self.source_area > 0)
        covered = self.area @ known.astype(np.float64)
        return np.where(covered > 0, self.area @ density, np.nan), self._coverage(covered)

    def means(self, values: NDArray[Any]) -> tuple[Floats, Floats]:
        """Area-weighted means (a temperature, a share) of the sources in the targets; and the targets' coverage."""
        given, known = self._known(values)
        covered = self.area @ known.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.area @ given / np.where(covered > 0, covered, np.nan), self._coverage(covered)

    @property
    def kept(self) -> Floats:
        """Share of each source that lies in some target: below 1, part of its people is lost."""
        inside = np.asarray(self.area.sum(axis=0), dtype=np.float64).reshape(-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return inside / self.source_area

    def _known(self, values: NDArray[Any]) -> tuple[Floats, NDArray[np.bool_]]:
        given = np.asarray(values, dtype=np.float64)
        if given.shape != self.source_area.shape:
            message = _(
                "values: {given} numbers for {sources} source zones; give one for each.",
                given=given.size,
                sources=len(self.source_area),
            )
            raise ValueError(message)
        known = ~np.isnan(given)
        return np.where(known, given, 0.0), known

    def _coverage(self, covered: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(covered / self.target_area, dtype=np.float64)


def polygon_overlap(source: Sequence[Any] | NDArray[Any], target: Sequence[Any] | NDArray[Any]) -> Overlap:
    """The area that each target polygon shares with each source polygon, both in one equal-area projection."""
    import shapely
    from scipy.sparse import csr_array

    sources, targets = (np.asarray(each, dtype=object).reshape(-1) for each in (source, target))
    for name, polygons in (("source", sources), ("target", targets)):
        _check_valid(name, polygons)
    of_target, of_source = shapely.STRtree(sources).query(targets, predicate="intersects")
    area = shapely.area(shapely.intersection(targets[of_target], sources[of_source]))
    matrix = csr_array((area, (of_target, of_source)), shape=(len(targets), len(sources)))
    return Overlap(matrix, shapely.area(sources), shapely.area(targets))


def points_in_zones(points: NDArray[Any], polygons: Sequence[Any] | NDArray[Any]) -> Integers:
    """The zone of each point (place in `polygons`), −1 where none; a point on a border belongs to the first.

    `points` (point, 2) as x, y, or shapely points, in the projection of the polygons. Every point counts once.
    """
    import shapely

    given = np.asarray(points)
    geometries = given if given.dtype == object else shapely.points(given.reshape(-1, 2))
    zones = np.asarray(polygons, dtype=object).reshape(-1)
    point, zone = shapely.STRtree(zones).query(geometries, predicate="intersects")
    found = np.full(len(geometries), len(zones), dtype=np.int64)
    np.minimum.at(found, point, zone)
    return np.where(found == len(zones), -1, found)


def coverage_of_cells(segments: Segments, weight: Floats, shape: tuple[int, int]) -> Floats:
    """Sum over outlines of weight x share of each cell that lies to the right of its rising edges: (rows, columns).

    With the closed outline of one polygon and its turning sense as weight this is the share of each cell inside it;
    with the borders between many cells and the step of a density as weight, the amount that falls in each cell.
    Coordinates in cells; what lies outside the grid is left out.
    """
    rows, columns = shape
    pieces, row, column = _cut_to_cells(segments, rows, columns)
    rise = (pieces.y1 - pieces.y0) * weight[pieces.parent]
    inside = rise * (column + 1 - (pieces.x0 + pieces.x1) / 2)
    place = row * (columns + 1) + np.maximum(column, 0)
    size = rows * (columns + 1)
    before = column < 0  # left of the grid: the whole of the first cell lies to the right
    partial = np.bincount(place, np.where(before, 0.0, inside), size)
    # from the cell after the edge on; for an edge left of the grid from the first cell on
    step = np.bincount(place + np.where(before | (column >= columns), 0, 1), rise, size + 1)[:size]
    result: Floats = partial.reshape(rows, -1) + step.reshape(rows, -1).cumsum(axis=1)
    return result[:, :columns]


def _checked_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(_("shape: {shape} is not rows and columns of at least one cell.", shape=shape))
    return int(shape[0]), int(shape[1])


def _six(transform: Sequence[float]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(number) for number in tuple(transform)[:6])
    if not np.isfinite([a, b, c, d, e, f]).all() or a * e - b * d == 0:
        raise ValueError(_("transform: cells have no area; give a, b, c, d, e, f of the affine map."))
    return a, b, c, d, e, f


def _two_dimensional(values: NDArray[Any]) -> NDArray[Any]:
    values = with_nan(values)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(_("values: rows and columns are wanted, not shape {shape}.", shape=values.shape))
    return values


def _check_valid(name: str, polygons: NDArray[Any]) -> None:
    import shapely

    wrong = ~shapely.is_valid(polygons)
    if wrong.any():
        place = int(wrong.argmax())
        message = _(
            "{name}: polygon {place} is missing or crosses itself; repair it (shapely.make_valid).",
            name=name,
            place=place,
        )
        raise ValueError(message)


class _Fractions(NamedTuple):
    """The fields of `ZoneWeights` of the same names, for some of the zones."""

    span_zone: Integers
    span_start: Integers
    span_stop: Integers
    edge_zone: Integers
    edge_cell: Integers
    edge_fraction: Floats


_NOTHING = _Fractions(*(np.empty(0, dtype=np.int64),) * 5, np.empty(0))


class _Outline(NamedTuple):
    """Edges of all polygons in cells, with the zone of each and the sign that makes area positive."""

    edges: Segments
    zone: Integers
    sign: Floats


def _outline(geometries: NDArray[Any], transform: tuple[float, float, float, float, float, float]) -> _Outline:
    import shapely

    parts, zone_of_part = shapely.get_parts(geometries, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if not np.isfinite(points).all():
        raise ValueError(_("polygons: a coordinate is not a number; repair or remove the zone."))
    a, b, c, d, e, f = transform
    determinant = a * e - b * d
    x = (e * (points[:, 0] - c) - b * (points[:, 1] - f)) / determinant
    y = (a * (points[:, 1] - f) - d * (points[:, 0] - c)) / determinant
    start = np.flatnonzero(ring[1:] == ring[:-1])
    of_ring = ring[start]
    edges = Segments(x[start], y[start], x[start + 1], y[start + 1], of_ring)
    hole = np.zeros(len(rings), dtype=bool)
    hole[1:] = part_of_ring[1:] == part_of_ring[:-1]
    # measured from the ring's own corner: far from the origin the area would drown in rounding
    first = np.searchsorted(of_ring, np.arange(len(rings)))
    corner = edges.x0[first] if len(rings) else np.empty(0)
    middle = (edges.x0 + edges.x1) / 2 - corner[of_ring]
    area = np.bincount(of_ring, -(edges.y1 - edges.y0) * middle, len(rings))
    sign = np.where(hole, -1.0, 1.0) * np.sign(area)
    return _Outline(edges, zone_of_part[part_of_ring][of_ring].astype(np.int64), sign[of_ring])


def _blocks_of_zones(outline: _Outline, zones: int) -> Iterator[tuple[Segments, Integers, Floats]]:
    """The outline in blocks of whole zones whose pieces fit in memory."""
    edges = outline.edges
    if not len(edges.x0):
        return
    pieces = 2 + np.abs(edges.x1 - edges.x0) + np.abs(edges.y1 - edges.y0)
    block = np.floor(np.cumsum(np.bincount(outline.zone, pieces, zones)) / MAXIMUM_PIECES)
    cuts = np.flatnonzero(np.diff(block[outline.zone])) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(edges.x0)], strict=True):
        here = slice(start, stop)
        yield edges.take(here), outline.zone[here], outline.sign[here]  # type: ignore[arg-type]


def _cut(segments: Segments, lines: int) -> Segments:
    """The segments cut where x is one of the whole numbers 0 to `lines`; the ends of pieces lie exactly there."""
    x0, y0, x1, y1, _parent = segments
    first = np.clip(np.floor(np.minimum(x0, x1)) + 1, 0, lines + 1)
    last = np.clip(np.ceil(np.maximum(x0, x1)) - 1, -1, lines)
    cuts = np.maximum(last - first + 1, 0).astype(np.int64)
    parent = np.repeat(np.arange(len(x0)), cuts + 1)
    end = np.cumsum(cuts + 1) - 1
    start = end - cuts
    number = np.arange(len(parent)) - start[parent]
    rising = x1 >= x0
    line = np.where(rising, first, last)[parent] + np.where(rising, 1, -1)[parent] * number
    slope = np.divide(y1 - y0, x1 - x0, out=np.zeros_like(x0), where=x1 != x0)
    stop_y = y0[parent] + (line - x0[parent]) * slope[parent]
    line[end], stop_y[end] = x1, y1
    start_x, start_y = np.empty_like(line), np.empty_like(stop_y)
    start_x[1:], start_y[1:] = line[:-1], stop_y[:-1]
    start_x[start], start_y[start] = x0, y0
    return Segments(start_x, start_y, line, stop_y, parent)


def _cut_to_cells(segments: Segments, rows: int, columns: int) -> tuple[Segments, Integers, Integers]:
    """Pieces that each lie in one cell, with its row and column; column −1 and `columns` are beside the grid."""
    across = Segments(segments.y0, segments.x0, segments.y1, segments.x1, segments.parent)
    by_row = _cut(across, rows)
    row = np.floor((by_row.x0 + by_row.x1) / 2)
    inside = (row >= 0) & (row < rows)
    by_row, row = by_row.take(inside), row[inside].astype(np.int64)
    pieces = _cut(Segments(by_row.y0, by_row.x0, by_row.y1, by_row.x1, by_row.parent), columns)
    column = np.clip(np.floor((pieces.x0 + pieces.x1) / 2), -1, columns).astype(np.int64)
    of_piece = pieces.parent
    return pieces._replace(parent=by_row.parent[of_piece]), row[of_piece], column


def _fractions(edges: Segments, zone: Integers, sign: Floats, rows: int, columns: int) -> _Fractions:
    """Spans and edge cells of some zones."""
    pieces, row, column = _cut_to_cells(edges, rows, columns)
    wide = columns + 2  # one more on either side for what lies beside the grid
    key = (zone[pieces.parent] * rows + row) * wide + column + 1
    if not len(key):
        return _NOTHING
    rise = (pieces.y1 - pieces.y0) * sign[pieces.parent]
    inside = rise * (column + 1 - (pieces.x0 + pieces.x1) / 2)
    order = np.argsort(key, kind="stable")
    key = key[order]
    group = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    key = key[group]
    rise, inside = np.add.reduceat(rise[order], group), np.add.reduceat(inside[order], group)
    winding = np.cumsum(rise)  # comes back to zero at the end of each row of each zone
    fraction = inside + winding - rise
    line, column = np.divmod(key, wide)
    zone, row = np.divmod(line, rows)
    column -= 1
    start = row * columns + column + 1
    gap = np.concatenate([(line[1:] == line[:-1]) & (column[1:] - column[:-1] > 1), [False]])
    stop = np.concatenate([start[1:] - 1, [0]])
    here = (column >= 0) & (column < columns)
    span = gap & (winding > 0.5)
    edge = here & (fraction > FRACTION_FLOOR)
    share = np.where(fraction > 1 - FRACTION_FLOOR, 1.0, fraction)
    return _Fractions(zone[span], start[span], stop[span], zone[edge], start[edge] - 1, share[edge])


def _expand(start: Integers, stop: Integers, label: Integers) -> tuple[Integers, Integers]:
    """Every cell of the spans and its label."""
    length = stop - start
    offset = start - (np.cumsum(length) - length)
    return np.repeat(offset, length) + np.arange(length.sum()), np.repeat(label, length)


def _missing(values: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    return missing if nodata is None or np.isnan(nodata) else missing | (values == nodata)


@dataclass
class _Totals:
    """Sums by zone over the tiles seen so far."""

    area: Floats
    statistics: tuple[str, ...]
    total: Floats = field(init=False)
    count: Floats = field(init=False)
    least: Floats = field(init=False)
    greatest: Floats = field(init=False)
    classes: list[ClassCells] = field(default_factory=list)

    def __post_init__(self) -> None:
        unknown = [name for name in self.statistics if name not in STATISTICS]
        if unknown:
            raise ValueError(
                _(
                    "statistics: {name} is not one of {known}.",
                    name=repr(unknown[0]),
                    known=", ".join(STATISTICS),
                )
            )
        zones = len(self.area)
        self.total, self.count = np.zeros(zones), np.zeros(zones)
        self.least, self.greatest = np.full(zones, np.inf), np.full(zones, -np.inf)

    def add(self, weights: ZoneWeights, values: NDArray[Any], nodata: float | None) -> None:
        """One more tile."""
        values = _two_dimensional(values)
        if values.shape != weights.shape:
            raise ValueError(
                _(
                    "values: shape {given} is not that of the zone weights, {wanted}; bring layers to one grid.",
                    given=values.shape,
                    wanted=weights.shape,
                )
            )
        extremes = bool({"min", "max"} & set(self.statistics))
        self._add_spans(weights, values, nodata, extremes)
        self._add_edges(weights, values, nodata, extremes)
        if "majority" in self.statistics:
            self.classes.append(_class_cells(weights, values, nodata))

    def _add_spans(self, weights: ZoneWeights, values: NDArray[Any], nodata: float | None, extremes: bool) -> None:
        rows, columns = weights.shape
        flat = np.ascontiguousarray(values).reshape(-1)
        block = max(BLOCK_CELLS // columns, 1) * columns
        places = np.arange(0, rows * columns, block)
        cuts = np.searchsorted(weights.span_start, [*places, rows * columns])
        sums, counts = np.zeros(len(weights.span_zone)), (weights.span_stop - weights.span_start).astype(np.float64)
        least, greatest = (np.zeros(len(sums)), np.zeros(len(sums))) if extremes else (sums, sums)
        for place, first, last in zip(places, cuts[:-1], cuts[1:], strict=True):
            if first == last:
                continue
            here = slice(first, last)
            # one cell more than the block, so that a span may end where the block does
            cells = np.zeros(block + 1)
            part = flat[place : place + block]
            cells[: len(part)] = part
            ends = np.empty(2 * (last - first), dtype=np.int64)
            ends[::2], ends[1::2] = weights.span_start[here] - place, weights.span_stop[here] - place
            missing = _missing(part, nodata)
            holes = bool(missing.any())
            if extremes:
                for result, function, neutral in ((least, np.minimum, np.inf), (greatest, np.maximum, -np.inf)):
                    if holes:
                        cells[: len(part)][missing] = neutral
                    result[here] = function.reduceat(cells, ends)[::2]
            if holes:
                cells[: len(part)][missing] = 0.0
                known = np.zeros(block + 1)
                known[: len(part)] = ~missing
                counts[here] = np.add.reduceat(known, ends)[::2]
            sums[here] = np.add.reduceat(cells, ends)[::2]
        zones = len(self.area)
        self.total += np.bincount(weights.span_zone, sums, zones)
        self.count += np.bincount(weights.span_zone, counts, zones)
        if extremes:
            np.minimum.at(self.least, weights.span_zone, least)
            np.maximum.at(self.greatest, weights.span_zone, greatest)

    def _add_edges(self, weights: ZoneWeights, values: NDArray[Any], nodata: float | None, extremes: bool) -> None:
        at_edge = values.reshape(-1)[weights.edge_cell]
        known = ~_missing(at_edge, nodata)
        zone, share = weights.edge_zone[known], weights.edge_fraction[known]
        cells = at_edge[known].astype(np.float64)
        zones = len(self.area)
        self.total += np.bincount(zone, share * cells, zones)
        self.count += np.bincount(zone, share, zones)
        if extremes:
            np.minimum.at(self.least, zone, cells)
            np.maximum.at(self.greatest, zone, cells)

    def result(self, minimum_coverage: float) -> dict[str, NDArray[Any]]:
        """The statistics asked for, and the coverage."""
        with np.errstate(invalid="ignore", divide="ignore"):
            coverage = np.minimum(self.count / self.area, 1.0)
            covered = (self.count > 0) & (coverage >= minimum_coverage)
            found: dict[str, NDArray[Any]] = {
                "mean": self.total / self.count,
                "sum": self.total,
                "min": self.least,
                "max": self.greatest,
            }
        if "majority" in self.statistics:
            found["majority"] = _majority(self.classes, len(self.area))
        chosen = {name: np.where(covered, found[name], np.nan) for name in self.statistics if name != "count"}
        if "count" in self.statistics:
            chosen["count"] = self.count
        return {**{name: chosen[name] for name in self.statistics}, "cells": self.area, "coverage": coverage}


def _class_cells(weights: ZoneWeights, values: NDArray[Any], nodata: float | None) -> ClassCells:
    flat = np.ascontiguousarray(_two_dimensional(values)).reshape(-1)
    if values.shape != weights.shape:
        raise ValueError(_("values: shape {given} is not that of the zone weights.", given=values.shape))
    missing = _missing(flat, nodata)
    classes = _classes(flat, missing)
    code = _codes(flat, classes)
    kinds = len(classes)
    code[missing] = kinds  # a class of its own, dropped in the end
    size = weights.zones * (kinds + 1)
    at_edge = weights.edge_zone * (kinds + 1) + code[weights.edge_cell]
    cells: Floats = np.bincount(at_edge, weights.edge_fraction, size).astype(np.float64)
    length = np.cumsum(weights.span_stop - weights.span_start)
    block = np.floor(length / CLASS_BLOCK_CELLS)
    cuts = np.flatnonzero(np.diff(block)) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(length)], strict=True):
        here = slice(start, stop)
        place, zone = _expand(weights.span_start[here], weights.span_stop[here], weights.span_zone[here])
        cells += np.bincount(zone * (kinds + 1) + code[place], minlength=size)
    return ClassCells(classes, cells.reshape(weights.zones, kinds + 1)[:, :kinds])


def _classes(flat: NDArray[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """Every value that occurs, in order."""
    known = flat[~missing] if missing.any() else flat
    if known.dtype.kind in "iu" and known.size and int(known.max()) - int(known.min()) < 65_536:
        low = int(known.min())
        counted = np.bincount((known.astype(np.int64) - low) if low else known)
        return (np.flatnonzero(counted) + low).astype(flat.dtype)
    return np.unique(known)


def _codes(flat: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int32]:
    """The place of each value in `classes`; 0 for those not in it (the missing)."""
    if flat.dtype.kind in "iu" and len(classes) and int(classes[-1]) - int(classes[0]) < 65_536:
        low = int(classes[0])
        table = np.zeros(int(classes[-1]) - low + 1, dtype=np.int32)
        table[classes.astype(np.int64) - low] = np.arange(len(classes))
        return table[np.clip(flat.astype(np.int64) - low, 0, len(table) - 1)]
    place = np.searchsorted(classes, flat)
    return np.minimum(place, max(len(classes) - 1, 0)).astype(np.int32)


def _majority(tiles: list[ClassCells], zones: int) -> Floats:
    """The class with the most cells; of equals the largest value."""
    classes = np.unique(np.concatenate([tile.classes for tile in tiles]))
    cells = np.zeros((zones, len(classes)))
    for tile in tiles:
        cells[:, np.searchsorted(classes, tile.classes)] += tile.cells
    if not len(classes):
        return np.full(zones, np.nan)
    last = len(classes) - 1 - cells[:, ::-1].argmax(axis=1)
    majority: Floats = classes[last].astype(np.float64)
    return majority
