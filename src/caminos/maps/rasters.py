"""Rasters as cities hand them over: checked, said what is wrong, and brought to the city's own grid.

Three kinds are resampled each in the way that fits it:
- continuous (temperature, elevation, canopy share): bilinear; the mean where the grid is coarser than the raster
- categorical (land cover): the nearest class; the most frequent where the grid is coarser
- count (people): dealt out by the exact area of each source cell in each grid cell, so that the total is kept
The first two are warped by GDAL in blocks at fixed places of the grid, because GDAL approximates positions within a
block (to 1/8 of a cell): the result is thus the same for any tile size.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from caminos.i18n import _, number
from caminos.maps.files import OFFLINE, RASTERS, refused
from caminos.problems import ERROR, WARNING, CityError, Problem
from caminos.spatial.grid import DEGREES, Bounds, Grid, elsewhere, project, project_bounds, project_points
from caminos.spatial.zonal import Segments, coverage_of_cells, zone_weights

Kind = Literal["continuous", "categorical", "count"]
Nodata = float | Literal["none"] | None
Progress = Callable[[str, int, int], None]

KINDS = ("continuous", "categorical", "count")
NO_CLASS = -(2**31)  # stands for missing in categorical rasters
LARGEST_CLASS = 2**31 - 1
BLOCK = 256  # cells; blocks lie at fixed places of the grid
SAMPLE = 2048  # rows and columns at most that the checks look at
MAXIMUM_CELLS = 500_000_000  # 2 GB of float32
LARGEST_RASTER = 10_000_000_000  # cells of all bands: a country at 10 m
LARGEST_BLOCK = 250_000_000  # cells that a file stores in one piece, which is read as one
MAXIMUM_PIECES = 2_000_000
SENTINELS = (-999.0, -9999.0, -99999.0, -32767.0, -32768.0, -2147483647.0, -2147483648.0)
ABSURD = 1e19  # no city measures this: -3.4e38, 1e20 and such stand for missing
SPIKE = 20  # times as frequent as any other value
BLOCK_SHARE = 0.005  # of the cells in one patch of a single value
BLOCK_CELLS = 4
ISOLATED = 0.1  # of the range of the other values
COVERED = 1e-9  # of a cell
COMPLETE = 0.999  # of a zone: less is said
METRES_PER_DEGREE = 111_320.0
LONGEST_CELL_IN_DEGREES = 1.0
SHORTEST_CELL_IN_METRES = 0.5


@dataclass(frozen=True)
class Raster:
    """Values in rows and columns: float32 (continuous) or float64 (count) with NaN, int32 (categorical) with
    `nodata` where missing. `transform` is the affine map (a, b, c, d, e, f) from column and row to `crs`; rows run
    from north to south."""

    values: NDArray[Any]
    transform: tuple[float, float, float, float, float, float]
    crs: str
    kind: Kind
    nodata: float
    unit: str = ""

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value."""
        return np.asarray(np.isnan(self.values) if self.values.dtype.kind == "f" else self.values == self.nodata)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right and top in `crs`."""
        return _bounds(self.transform, *self.values.shape)


def check_raster(
    path: Path,
    grid: Grid | None = None,
    *,
    kind: Kind = "continuous",
    nodata: Nodata = None,
    expected_range: tuple[float, float] | None = None,
    crs: str | None = None,
    band: int = 1,
) -> list[Problem]:
    """What is wrong with a raster file; arguments as of `read_raster`. Never raises on bad content.

    A raster of more than 2048 x 2048 cells is looked at in a sample of that many.
    """
    problems: list[Problem] = []
    with _opened(path, kind, nodata, crs, band, problems) as source:
        if source is not None:
            problems += _check(source, grid, expected_range)
    return problems


def read_raster(
    path: Path,
    grid: Grid | None = None,
    *,
    kind: Kind = "continuous",
    nodata: Nodata = None,
    expected_range: tuple[float, float] | None = None,
    crs: str | None = None,
    band: int = 1,
    progress: Progress | None = None,
) -> tuple[Raster | None, list[Problem]]:
    """A raster on `grid` (or on its own cells without one) and what is wrong with it; None if it cannot be trusted.

    `kind`: continuous, categorical or count, see above. `nodata`: the value that stands for missing where the file
    does not declare it, or "none" if every value is a measurement. `expected_range`: least and greatest value that
    can be. `crs`: the projection, where the file has none. Scale and offset that the file declares are applied.
    A suspected but undeclared missing value is an error, not a guess: the caller decides by `nodata`.
    """
    problems: list[Problem] = []
    raster = None
    with _opened(path, kind, nodata, crs, band, problems) as source:
        if source is not None:
            problems += [*_check(source, grid, expected_range), *_memory(source, grid)]
            if not _errors(problems):
                raster = _as_it_is(source) if grid is None else _on_grid(source, grid, progress)
    return (None if _errors(problems) else raster), problems


def tiles(
    path: Path,
    grid: Grid,
    size: int = 4096,
    *,
    kind: Kind = "continuous",
    nodata: Nodata = None,
    expected_range: tuple[float, float] | None = None,
    crs: str | None = None,
    band: int = 1,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, slice, Raster]]:
    """A raster larger than memory in tiles of the grid: rows, columns and values of each; the same for any `size`.

    Other arguments as of `read_raster`. Raises CityError with every problem if the file cannot be trusted.
    """
    problems = check_raster(path, grid, kind=kind, nodata=nodata, expected_range=expected_range, crs=crs, band=band)
    parts = list(grid.tiles(size))
    with _opened(path, kind, nodata, crs, band, problems) as source:
        if source is not None and not _errors(problems):
            for done, (rows, columns) in enumerate(parts):
                if progress:
                    progress(_("Reading {file}", file=source.name), done, len(parts))
                yield rows, columns, _on_grid(source, grid.part(rows, columns), None)
    if errors := _errors(problems):
        raise CityError(errors)


def check_cover(
    raster: Raster, zones: Sequence[Any] | NDArray[Any], ids: Sequence[str], file: str
) -> tuple[NDArray[np.float64], list[Problem]]:
    """The share of each zone (shapely, degrees) that has values, and the problems of zones without or with few."""
    weights = zone_weights(project(zones, DEGREES, raster.crs), raster.transform, _shape(raster.values))
    known = weights.statistics(raster.values, ("count",), raster.nodata)["coverage"]
    coverage = np.nan_to_num(np.asarray(known, dtype=np.float64))
    bare, partial = coverage <= 0, (coverage > 0) & (coverage < COMPLETE)
    if bare.all():
        message = _("No zone has a value of this layer.")
        fix = _("Check that it is of this city and that its missing value is right.")
        return coverage, [Problem(ERROR, file, None, "", message, fix)]
    problems = []
    if bare.any():
        message = _(
            "{count} of {all} zones have no value of this layer: {zones}.",
            count=int(bare.sum()),
            all=len(coverage),
            zones=_some([str(name) for name, out in zip(ids, bare, strict=True) if out]),
        )
        fix = _("They stay not estimated; a layer of the whole city would fill them.")
        problems.append(Problem(WARNING, file, None, "", message, fix))
    if partial.any():
        message = _(
            "{count} of {all} zones are covered in part (least {share} %): {zones}.",
            count=int(partial.sum()),
            all=len(coverage),
            share=number(100 * float(coverage[partial].min())),
            zones=_some([str(name) for name, out in zip(ids, partial, strict=True) if out]),
        )
        problems.append(Problem(WARNING, file, None, "", message, _("Their figures are of the covered part.")))
    return coverage, problems


def common_cells(rasters: Mapping[str, Raster]) -> tuple[NDArray[np.bool_] | None, list[Problem]]:
    """Where every one of several layers (by file) has a value; and the problems of layers that do not fit together.

    Layers on different cells are an error (None); layers of different extent a warning with what is lost.
    """
    if not rasters:
        raise ValueError(_("rasters: there is none; hand over at least one."))
    (first, one), *others = rasters.items()
    problems = []
    for name, other in others:
        if other.crs != one.crs or other.values.shape != one.values.shape or other.transform != one.transform:
            message = _("Its cells are not those of {other}.", other=first)
            fix = _("Read both onto one grid.")
            problems.append(Problem(ERROR, name, None, "", message, fix))
    if problems:
        return None, problems
    known = {name: ~raster.missing for name, raster in rasters.items()}
    common = np.logical_and.reduce(list(known.values()))
    widest = np.logical_or.reduce(list(known.values())).sum()
    if not common.any():
        message = _("There is no cell that all layers cover.")
        return common, [Problem(ERROR, ", ".join(rasters), None, "", message, _("Get layers of one extent."))]
    for name, cells in known.items():
        if (share := cells.sum() / widest) < COMPLETE:
            message = _("The layer covers {share} % of the cells that others have.", share=number(100 * float(share)))
            fix = _("Cells without a value in every layer stay not estimated.")
            problems.append(Problem(WARNING, name, None, "", message, fix))
    return common, problems


def undeclared_missing(
    values: NDArray[Any], known: NDArray[np.bool_], kind: Kind, expected_range: tuple[float, float] | None = None
) -> list[tuple[str, float, float]]:
    """Values that seem to stand for missing without being declared: (severity, value, share of cells).

    `values` as stored, `known` where they are not declared missing. Found are the customary codes (−9999, −32768,
    ±3.4e38 ...); and 0 and the ends of the integer type, if they lie apart from all other values, are far more
    frequent than any other, or fill a patch. A bound of `expected_range` may be that frequent (no trees), unless it
    lies apart, which is a warning. Zero people or a class 0 are no error: of classes a patch is a warning.
    """
    given = values[known]
    if not given.size:
        return []
    low, high = expected_range or (np.nan, np.nan)
    codes = [value for value in SENTINELS if (given == value).any() and not low <= value <= high]
    if given.dtype.kind == "f":
        absurd = given[np.abs(given) >= ABSURD]
        codes += [float(value) for value in np.unique(absurd)[:3]]
    found = [(ERROR, value, float((given == value).mean())) for value in codes]
    known = known & ~np.isin(values, np.array(codes, dtype=given.dtype))
    given = values[known]
    ends = []
    if given.dtype.kind in "iu":
        limits = np.iinfo(given.dtype)
        ends = [float(limits.max), *([float(limits.min)] if limits.min < 0 else [])]
    for value in (0.0, *ends):
        if kind == "count" and value == 0:
            continue
        here = known & (values == value)
        share = float(here.sum() / max(given.size, 1))
        if not 0 < share < 1:
            continue
        patch = _largest_patch(here)
        if kind == "categorical":
            if patch:
                found.append((WARNING, value, share))
            continue
        apart = _lies_apart(value, given)
        frequent = _is_spike(value, given)
        if value in (low, high):
            suspected = WARNING if apart else None
        else:
            suspected = ERROR if apart or frequent or patch else None
        if suspected:
            found.append((suspected, value, share))
    return found


@dataclass(frozen=True)
class _Source:
    """An open raster file with what the caller said of it."""

    dataset: Any
    name: str
    crs: str
    kind: Kind
    nodata: Nodata
    band: int

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        return tuple(self.dataset.transform)[:6]

    @property
    def unit(self) -> str:
        return str(self.dataset.units[self.band - 1] or "")

    @property
    def dtype(self) -> Any:
        return {"continuous": np.float32, "categorical": np.int32, "count": np.float64}[self.kind]

    @property
    def missing_value(self) -> float:
        return NO_CLASS if self.kind == "categorical" else np.nan

    @property
    def scale(self) -> tuple[float, float]:
        """Factor and offset that bring stored numbers to values."""
        return float(self.dataset.scales[self.band - 1]), float(self.dataset.offsets[self.band - 1])

    def read(self, window: Any = None, **options: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Numbers as stored and where they are not declared missing."""
        if self.nodata is None:
            masked = self.dataset.read(self.band, window=window, masked=True, **options)
            values, known = masked.data, ~np.ma.getmaskarray(masked)
        else:
            values = self.dataset.read(self.band, window=window, **options)
            known = np.ones(values.shape, dtype=bool)
            if self.nodata != "none":
                known = values != self.nodata
        if values.dtype.kind == "f":
            known = known & ~np.isnan(values)
        return values, known

    def values(self, window: Any = None) -> NDArray[Any]:
        """Values with scale and offset, missing ones as NaN or NO_CLASS."""
        stored, known = self.read(window)
        factor, offset = self.scale
        if self.kind == "categorical":
            classes = np.where(known, stored, 0).astype(np.int32)
            classes[~known] = NO_CLASS
            return classes
        with np.errstate(invalid="ignore", over="ignore"):  # what is cast or overflows here is missing anyway
            values = stored.astype(np.float64)
            if (factor, offset) != (1.0, 0.0):
                values = values * factor + offset
            return np.where(known, values, np.nan).astype(self.dtype)


@contextmanager
def _opened(
    path: Path, kind: Kind, nodata: Nodata, crs: str | None, band: int, problems: list[Problem]
) -> Iterator[_Source | None]:
    """The open file, or None; why it cannot be opened, or read to the end, is added to `problems`."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if kind not in KINDS:
        raise ValueError(_("kind: {kind} is not one of {known}.", kind=repr(kind), known=", ".join(KINDS)))
    path = Path(path)

    def error(message: str, fix: str) -> None:
        problems.append(Problem(ERROR, path.name, None, "", message, fix))

    if problem := refused(path, RASTERS):
        problems.append(problem)
        yield None
        return
    with warnings.catch_warnings(), rasterio.Env(**OFFLINE):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:  # overviews may hold averages
            dataset = rasterio.open(path.absolute(), driver=RASTERS[path.suffix.lower()].driver, OVERVIEW_LEVEL="NONE")
        except RasterioError:
            fix = _("Export it as GeoTIFF; if it is one, copy it again.")
            error(_("This is not a raster that can be read, or it is cut off."), fix)
            dataset = None
    if dataset is None or not (_can_be_placed(dataset, crs, band, error) and _is_bearable(dataset, error)):
        yield None
        return
    with dataset, rasterio.Env(**OFFLINE):
        if dataset.count > 1 and band == 1:
            message = _("The file has {count} bands; the first is read.", count=dataset.count)
            fix = _("Choose another if it is not the one.")
            problems.append(Problem(WARNING, path.name, None, "", message, fix))
        try:
            yield _Source(dataset, path.name, crs or dataset.crs.to_wkt(), kind, nodata, band)
        except RasterioError as failure:
            message = _("Part of the raster cannot be read: {error}", error=failure)
            error(message, _("The file is damaged or cut off: copy it again."))


def _can_be_placed(dataset: Any, crs: str | None, band: int, error: Callable[[str, str], None]) -> bool:
    if not 1 <= band <= dataset.count:
        message = _("There is no band {band}: the file has {count}.", band=band, count=dataset.count)
        error(message, _("Choose a band."))
    elif crs is None and dataset.crs is None:
        fix = _("Assign the projection that the data were made in (in QGIS: Assign projection); do not guess it.")
        error(_("The raster has no projection."), fix)
    elif dataset.transform.is_identity:
        fix = _("Get the file with its georeference (GeoTIFF, or with its world file).")
        error(_("The raster is not georeferenced: it does not say where its cells lie."), fix)
    else:
        return True
    return False


def _is_bearable(dataset: Any, error: Callable[[str, str], None]) -> bool:
    """Whether a raster, and each block in which it is stored, can be read in memory and time that anyone has."""
    cells = dataset.width * dataset.height * dataset.count
    block = max(rows * columns for rows, columns in dataset.block_shapes)
    if cells <= LARGEST_RASTER and block <= LARGEST_BLOCK:
        return True
    message = _(
        "The raster has {cells} cells, in blocks of {block}; more than {most} are not read, nor blocks of more than {largest}.",
        cells=number(cells),
        block=number(block),
        most=number(LARGEST_RASTER),
        largest=number(LARGEST_BLOCK),
    )
    error(message, _("Cut it to the city first, and save it in tiles."))
    return False


def frame_of(path: Path) -> tuple[Bounds, str]:
    """Left, bottom, right and top of a raster file, and its projection; raises CityError if it cannot be read."""
    problems: list[Problem] = []
    with _opened(path, "continuous", None, None, 1, problems) as source:
        if source is not None:
            return tuple(source.dataset.bounds), source.crs
    raise CityError(problems)


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == ERROR]


def _check(source: _Source, grid: Grid | None, expected_range: tuple[float, float] | None) -> list[Problem]:
    """Place, orientation and values of an open raster."""
    if wrong := _wrong_unit_of_place(source):
        return [wrong]
    problems = []
    a, b, _c, d, e, _f = source.transform
    if b == d == 0 and (e > 0 or a < 0):
        message = _("Rows run from south to north.") if e > 0 else _("Columns run from east to west.")
        fix = _("They were turned; check on a map that nothing is upside down.")
        problems.append(Problem(WARNING, source.name, None, "", message, fix))
    if grid is not None:
        here = project_bounds(_bounds(source.transform, *source.dataset.shape), source.crs, DEGREES)
        there = project_bounds(grid.bounds, grid.crs, DEGREES)
        if not np.isfinite(here).all():
            message = _("Its coordinates do not exist in its projection.")
            fix = _("The projection is wrong: assign the one that the data were made in.")
            return [Problem(ERROR, source.name, None, "", message, fix)]
        if far := elsewhere(source.name, here, there):
            return [far]
    return [*problems, *_check_values(source, expected_range)]


def _check_values(source: _Source, expected_range: tuple[float, float] | None) -> list[Problem]:
    rows, columns = source.dataset.shape
    stored, known = source.read(out_shape=(min(rows, SAMPLE), min(columns, SAMPLE)))
    problems: list[Problem] = []

    def problem(severity: str, message: str, fix: str) -> None:
        problems.append(Problem(severity, source.name, None, "", message, fix))

    if not known.any():
        problem(ERROR, _("No cell has a value."), _("Check the missing value that the file declares."))
        return problems
    declared = source.dataset.nodatavals[source.band - 1] if source.nodata is None else source.nodata
    if stored.dtype.kind == "f":
        nan = float(np.isnan(stored).mean())
        if nan and (declared is None or declared == "none" or not np.isnan(float(declared))):
            message = _(
                "{share} % of the cells are NaN, undeclared; they are read as missing.", share=number(100 * nan)
            )
            problem(WARNING, message, _("Declare NaN as the missing value of the file."))
    if source.nodata != "none":
        for severity, value, share in undeclared_missing(stored, known, source.kind, _stored(expected_range, source)):
            message = _(
                "{value} stands in {share} % of the cells and seems to mean missing, but is not declared.",
                value=f"{value:.9g}",
                share=number(100 * share),
            )
            fix = _(
                "Declare nodata: {value} in the file (gdal_edit.py -a_nodata {value}) or on reading; if it is a "
                'measured value, say nodata "none".',
                value=f"{value:.9g}",
            )
            problem(severity, message, fix)
            known = known & (stored != value) if severity == ERROR else known
    factor, offset = source.scale
    values = stored[known].astype(np.float64) * factor + offset
    if source.kind == "categorical" and ((values != np.rint(values)) | (np.abs(values) > LARGEST_CLASS)).any():
        message = _("Classes are not whole numbers of up to {largest}.", largest=LARGEST_CLASS)
        problem(ERROR, message, _("Read the layer as continuous, or give its classes smaller numbers."))
    if source.kind == "count" and (values < 0).any():
        message = _("Counts below zero, such as {value}.", value=number(float(values.min())))
        problem(ERROR, message, _("Declare the missing value, or correct them."))
    if expected_range is not None and values.size:
        low, high = expected_range
        outside = (values < low) | (values > high)
        if outside.any():
            message = _(
                "Values from {least} to {greatest}; {share} % lie outside of {low} to {high}.",
                least=number(float(values.min())),
                greatest=number(float(values.max())),
                share=number(100 * float(outside.mean())),
                low=number(low),
                high=number(high),
            )
            problem(ERROR, message, _("Check the unit and the missing value."))
    return problems


def _stored(expected_range: tuple[float, float] | None, source: _Source) -> tuple[float, float] | None:
    """The range in the numbers that the file stores."""
    factor, offset = source.scale
    if expected_range is None or factor == 0:
        return None
    ends = sorted((end - offset) / factor for end in expected_range)
    return ends[0], ends[1]


def _wrong_unit_of_place(source: _Source) -> Problem | None:
    """Degrees taken for metres, or metres for degrees."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        system = CRS.from_user_input(source.crs)
    except CRSError:
        message = _("The projection cannot be understood.")
        return Problem(ERROR, source.name, None, "", message, _("Assign a known one, such as EPSG:4326."))
    bounds = _bounds(source.transform, *source.dataset.shape)
    a, b, _c, d, e, _f = source.transform
    cell = max(np.hypot(a, d), np.hypot(b, e))
    west, south, east, north = bounds
    within = max(-west, east) <= 360 and max(-south, north) <= 90.5
    if system.is_geographic and (not within or cell > LONGEST_CELL_IN_DEGREES):
        message = _(
            "Metres taken for degrees: the projection is in degrees, but cells are {cell} wide, from {west} to {east}.",
            cell=number(cell),
            west=f"{west:.7g}",
            east=f"{east:.7g}",
        )
    elif not system.is_geographic and within and cell <= SHORTEST_CELL_IN_METRES:
        message = _(
            "Degrees taken for metres: the projection is in metres, but cells are {cell} wide, from {west} to {east}.",
            cell=f"{cell:.3g}",
            west=f"{west:.7g}",
            east=f"{east:.7g}",
        )
    else:
        return None
    fix = _("Assign the projection that the data were made in (in QGIS: Assign projection).")
    return Problem(ERROR, source.name, None, "", message, fix)


def _memory(source: _Source, grid: Grid | None) -> list[Problem]:
    rows, columns = grid.shape if grid is not None else source.dataset.shape
    if rows * columns <= MAXIMUM_CELLS:
        return []
    message = _(
        "{rows} x {columns} cells need {size} GB of memory.",
        rows=rows,
        columns=columns,
        size=number(rows * columns * np.dtype(source.dtype).itemsize / 1e9),
    )
    return [Problem(ERROR, source.name, None, "", message, _("Choose larger cells, or read it by tiles."))]


def _is_spike(value: float, given: NDArray[Any]) -> bool:
    """Whether a value is far more frequent than any other."""
    found, count = np.unique(given, return_counts=True)
    others = count[found != value]
    return bool(others.size and count[found == value][0] > SPIKE * others.max())


def _lies_apart(value: float, given: NDArray[Any]) -> bool:
    """Whether all other values are far from this one."""
    others = given[given != value].astype(np.float64)
    least, greatest = others.min(), others.max()
    gap = least - value if value < least else value - greatest
    return bool(greatest > least and gap > ISOLATED * (greatest - least))


def _largest_patch(here: NDArray[np.bool_]) -> bool:
    """Whether cells that touch by their sides fill a patch worth a word."""
    from scipy.ndimage import label

    patches, count = label(here)
    if not count:
        return False
    largest = np.bincount(patches[here]).max()
    return bool(largest >= max(BLOCK_CELLS, BLOCK_SHARE * here.size))


def _bounds(transform: Sequence[float], rows: int, columns: int) -> Bounds:
    a, b, c, d, e, f = transform
    column, row = np.array([0, columns, 0, columns]), np.array([0, 0, rows, rows])
    x, y = a * column + b * row + c, d * column + e * row + f
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _shape(values: NDArray[Any]) -> tuple[int, int]:
    return int(values.shape[0]), int(values.shape[1])


def _some(names: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else _("{names} and {more} more", names=shown, more=len(names) - limit)


def _as_it_is(source: _Source) -> Raster:
    """The whole raster on its own cells, with rows from north to south and columns from west to east."""
    values = source.values()
    a, b, c, d, e, f = source.transform
    rows, columns = _shape(values)
    if b == d == 0:
        if e > 0:
            values, f, e = values[::-1], f + rows * e, -e
        if a < 0:
            values, c, a = values[:, ::-1], c + columns * a, -a
    return Raster(
        np.ascontiguousarray(values), (a, b, c, d, e, f), source.crs, source.kind, source.missing_value, source.unit
    )


def _on_grid(source: _Source, grid: Grid, progress: Progress | None) -> Raster:
    if source.kind == "count":
        values: NDArray[Any] = _counts(source, grid, progress)
    else:
        values = np.full(grid.shape, source.missing_value, dtype=source.dtype)
        blocks = list(_blocks(grid))
        for done, (rows, columns, block) in enumerate(blocks):
            if progress and done % 16 == 0:
                progress(_("Reading {file}", file=source.name), done, len(blocks))
            row, column = _inside(rows, grid.shape[0]), _inside(columns, grid.shape[1])
            warped = _warped(source, block)[row.start - rows.start :, column.start - columns.start :]
            values[row, column] = warped[: row.stop - row.start, : column.stop - column.start]
    if progress:
        progress(_("Reading {file}", file=source.name), 1, 1)
    return Raster(values, grid.transform, grid.crs, source.kind, source.missing_value, source.unit)


def _blocks(grid: Grid) -> Iterator[tuple[slice, slice, Grid]]:
    """Blocks at fixed places that cover the grid: rows and columns in the grid (they may reach beyond), and the block."""
    size = grid.cell_size
    first_row, first_column = round(-grid.top / size), round(grid.left / size)
    rest_x, rest_y = grid.left - first_column * size, grid.top + first_row * size
    for row in range(first_row // BLOCK, (first_row + grid.shape[0] - 1) // BLOCK + 1):
        for column in range(first_column // BLOCK, (first_column + grid.shape[1] - 1) // BLOCK + 1):
            block = Grid(grid.crs, column * BLOCK * size + rest_x, rest_y - row * BLOCK * size, size, (BLOCK, BLOCK))
            start_row, start_column = row * BLOCK - first_row, column * BLOCK - first_column
            yield slice(start_row, start_row + BLOCK), slice(start_column, start_column + BLOCK), block


def _inside(part: slice, length: int) -> slice:
    return slice(max(part.start, 0), min(part.stop, length))


def _cell_in_metres(source: _Source) -> float:
    from pyproj import CRS

    a, b, _c, d, e, f = source.transform
    cell = float(np.sqrt(abs(a * e - b * d)))
    system = CRS.from_user_input(source.crs)
    if system.is_geographic:
        latitude = f + e * source.dataset.shape[0] / 2
        return cell * METRES_PER_DEGREE * float(np.sqrt(np.cos(np.radians(latitude))))
    return cell * float(system.axis_info[0].unit_conversion_factor)


def _window(source: _Source, grid: Grid, margin: int) -> Any:
    """The part of the file that lies below the grid, with some cells around; None if there is none."""
    from rasterio.windows import Window

    a, b, c, d, e, f = source.transform
    west, south, east, north = project_bounds(grid.bounds, grid.crs, source.crs)
    if not np.isfinite([west, south, east, north]).all():
        return Window(0, 0, source.dataset.width, source.dataset.height)
    x, y = np.array([west, east, west, east]) - c, np.array([south, south, north, north]) - f
    determinant = a * e - b * d
    column, row = (e * x - b * y) / determinant, (a * y - d * x) / determinant
    rows, columns = source.dataset.shape
    first_row, last_row = max(int(np.floor(row.min())) - margin, 0), min(int(np.ceil(row.max())) + margin, rows)
    first_column = max(int(np.floor(column.min())) - margin, 0)
    last_column = min(int(np.ceil(column.max())) + margin, columns)
    if first_row >= last_row or first_column >= last_column:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _warped(source: _Source, block: Grid) -> NDArray[Any]:
    """A continuous or categorical raster on the cells of a block."""
    from rasterio.enums import Resampling
    from rasterio.transform import Affine
    from rasterio.warp import reproject

    result = np.full(block.shape, source.missing_value, dtype=source.dtype)
    ratio = block.cell_size / _cell_in_metres(source)
    window = _window(source, block, int(2 * max(ratio, 1)) + 3)
    if window is None:
        return result
    a, b, c, d, e, f = source.transform
    row, column = window.row_off, window.col_off
    coarser = ratio > 1.5 if source.kind == "continuous" else ratio > 1.0
    fine, coarse = (
        (Resampling.nearest, Resampling.mode)
        if source.kind == "categorical"
        else (Resampling.bilinear, Resampling.average)
    )
    reproject(
        source.values(window),
        result,
        src_transform=Affine(a, b, c + a * column + b * row, d, e, f + d * column + e * row),
        src_crs=source.crs,
        src_nodata=source.missing_value,
        dst_transform=Affine(*block.transform),
        dst_crs=block.crs,
        dst_nodata=source.missing_value,
        resampling=coarse if coarser else fine,
    )
    return result


def _counts(source: _Source, grid: Grid, progress: Progress | None) -> NDArray[np.float64]:
    """Counts dealt out to the grid: sum over source cells of count x (shared area / area of the source cell).

    The density is constant within a source cell, so the field is known by its steps across the borders between
    cells; `coverage_of_cells` adds them up exactly. NaN where no source cell with a value lies.
    """
    window = _window(source, grid, 2)
    people, covered = np.zeros(grid.shape), np.zeros(grid.shape)
    if window is None:
        return np.full(grid.shape, np.nan)
    values = source.values(window)
    rows, columns = _shape(values)
    per_cell = 2 + 2 * _cell_in_metres(source) / grid.cell_size
    strip = max(int(MAXIMUM_PIECES / (2 * columns * per_cell)), 1)
    for first in range(0, rows, strip):
        if progress:
            progress(_("Reading {file}", file=source.name), first, rows)
        part = values[first : first + strip]
        column, row = _corners(source, window.row_off + first, window.col_off, _shape(part), grid)
        _deal_out(part, column, row, people, covered)
    # what is left where densities cancel is rounding, not people
    people[np.abs(people) <= 1e-12 * np.abs(people).max()] = 0.0
    return np.where(covered > COVERED, np.maximum(people, 0.0), np.nan)


def _corners(
    source: _Source, first_row: int, first_column: int, shape: tuple[int, int], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column and row in the grid of the corners of source cells, (rows + 1, columns + 1)."""
    a, b, c, d, e, f = source.transform
    row, column = np.indices((shape[0] + 1, shape[1] + 1), dtype=np.float64)
    row, column = row + first_row, column + first_column
    x, y = project_points(a * column + b * row + c, d * column + e * row + f, source.crs, grid.crs)
    return (x - grid.left) / grid.cell_size, (grid.top - y) / grid.cell_size


def _deal_out(
    values: NDArray[Any],
    column: NDArray[np.float64],
    row: NDArray[np.float64],
    people: NDArray[np.float64],
    covered: NDArray[np.float64],
) -> None:
    """Add the counts of some source cells and the ground they cover to the grid."""
    sound = np.isfinite(column) & np.isfinite(row)
    known = ~np.isnan(values) & sound[:-1, :-1] & sound[1:, :-1] & sound[:-1, 1:] & sound[1:, 1:]
    if not known.any():
        return
    column, row = np.where(sound, column, 0.0), np.where(sound, row, 0.0)
    first = int(np.clip(np.floor(row.min()), 0, people.shape[0]))
    last = int(np.clip(np.ceil(row.max()), 0, people.shape[0]))
    if first == last:
        return
    row = row - first
    # twice the signed area of each cell's outline; its sign is the sense in which it turns
    area = -0.5 * (
        (column[1:, 1:] - column[:-1, :-1]) * (row[1:, :-1] - row[:-1, 1:])
        - (column[1:, :-1] - column[:-1, 1:]) * (row[1:, 1:] - row[:-1, :-1])
    )
    density = np.divide(values, area, out=np.zeros(area.shape), where=known & (area != 0))
    for field, total in ((density, people), (np.where(known, np.sign(area), 0.0), covered)):
        total[first:last] += _from_steps(field, column, row, (last - first, people.shape[1]))


def _from_steps(
    field: NDArray[np.float64], column: NDArray[np.float64], row: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Integral over each grid cell of a field that is constant within each source cell."""
    across = np.diff(np.pad(field, ((1, 1), (0, 0))), axis=0)  # over the upper border of each row of cells
    along = -np.diff(np.pad(field, ((0, 0), (1, 1))), axis=1)
    above, beside = across != 0, along != 0
    segments = Segments(
        np.concatenate([column[:, :-1][above], column[:-1][beside]]),
        np.concatenate([row[:, :-1][above], row[:-1][beside]]),
        np.concatenate([column[:, 1:][above], column[1:][beside]]),
        np.concatenate([row[:, 1:][above], row[1:][beside]]),
        np.arange(int(above.sum() + beside.sum())),
    )
    return coverage_of_cells(segments, np.concatenate([across[above], along[beside]]), shape)
