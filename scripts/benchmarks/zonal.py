"""Zonal statistics of 16 million cells by 1,600 zones, beside exactextract in the same run; and reading of rasters.

Zones tile the raster: a lattice of 40 x 40 with corners moved at random and 16 wiggly pieces to each side, so that
zones have 64 points and are not aligned with the cells. Values are random float32.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import timed
from caminos.spatial.zonal import zonal_statistics, zone_weights

RUNS = 5
SIZE, ZONES = 4000, 1600


def zones_over(size: int, zones: int, pieces: int = 16) -> np.ndarray:
    """Zones that cover a raster of size x size cells once."""
    import shapely

    side = round(zones**0.5)
    random, step = np.random.default_rng(1), size / side
    corners = np.stack(np.meshgrid(np.arange(side + 1) * step, np.arange(side + 1) * step), -1)
    corners[1:-1, 1:-1] += random.uniform(-0.2, 0.2, (side - 1, side - 1, 2)) * step
    along = np.linspace(0, 1, pieces + 1)[:, np.newaxis]

    def border(one: np.ndarray, other: np.ndarray, outer: bool) -> np.ndarray:
        line = one + (other - one) * along
        if not outer:
            line[1:-1] += random.normal(0, 0.008 * step, (pieces - 1, 2))
        return line

    across = {
        (i, j): border(corners[i, j], corners[i, j + 1], i in (0, side)) for i in range(side + 1) for j in range(side)
    }
    down = {
        (i, j): border(corners[i, j], corners[i + 1, j], j in (0, side)) for i in range(side) for j in range(side + 1)
    }
    rings = [
        np.concatenate([across[i, j][:-1], down[i, j + 1][:-1], across[i + 1, j][:0:-1], down[i, j][::-1]])
        for i in range(side)
        for j in range(side)
    ]
    return shapely.make_valid(shapely.polygons(np.array(rings)))


def raster(size: int) -> np.ndarray:
    """Random values."""
    return np.random.default_rng(0).gamma(2, 10, (size, size)).astype(np.float32)


def transform(size: int) -> tuple[float, ...]:
    """Cells of one unit, north up."""
    return (1.0, 0.0, 0.0, 0.0, -1.0, float(size))


def exactextract_seconds(size: int, zones: int) -> dict[str, float]:
    """exactextract's mean of the same raster and zones, both in memory, its features made beforehand."""
    import json

    import shapely
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    source = NumPyRasterSource(raster(size), 0, 0, size, size)
    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(zone))}
        for zone in zones_over(size, zones)
    ]
    return timed(lambda: exact_extract(source, features, ["mean"]), runs=3)


def mean_by_zone(size: int, zones: int, peer: bool = False) -> dict[str, Any]:
    """From polygons and array to means, nothing prepared."""
    values, polygons = raster(size), zones_over(size, zones)
    found: dict[str, Any] = dict(timed(lambda: zonal_statistics(values, transform(size), polygons, ("mean",)), RUNS))
    if peer:  # in a process of its own, so that peak memory is ours alone
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            theirs = pool.submit(exactextract_seconds, size, zones).result()["median_s"]
        found |= {"exactextract_s": theirs, "exactextract_ratio": theirs / found["median_s"]}
    # four fifths go into cutting the outlines, whose cost follows the length of borders and not the cells: some 30
    # passes over arrays of a million pieces and a sort, at a fifth of the rate of a plain copy
    return found | {"cells": size * size, "zones": zones, "bound_by": "arithmetic"}


def prepared(statistics: tuple[str, ...], classes: int = 0) -> dict[str, Any]:
    """One more raster of the same grid, zones prepared."""
    values = raster(SIZE) if not classes else np.random.default_rng(0).integers(0, classes, (SIZE, SIZE), np.uint8)
    weights = zone_weights(zones_over(SIZE, ZONES), transform(SIZE), (SIZE, SIZE))
    found = timed(lambda: weights.statistics(values, statistics), RUNS)
    # each cell is read once from memory (64 MB in 0.03 s, a tenth of the bandwidth), turned to float64 and added
    return dict(found) | {"cells": SIZE * SIZE, "zones": ZONES, "bound_by": "arithmetic"}


def read(kind: str, size: int, cell: float) -> dict[str, Any]:
    """A GeoTIFF in UTM on to the equal-area grid, checks included."""
    import rasterio
    from rasterio.transform import from_origin

    from caminos.maps.rasters import read_raster
    from caminos.spatial.grid import Grid

    grid = Grid(
        "+proj=laea +lat_0=-30.10 +lon_0=-51.21 +datum=WGS84 +units=m +no_defs",
        -size * cell / 2, size * cell / 2, cell, (size, size),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.tif"
        place = from_origin(479_760 - size * cell / 2, 6_669_950 + size * cell / 2, cell, cell)
        profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "float32"}
        with rasterio.open(path, "w", crs="EPSG:32722", transform=place, **profile) as dataset:
            dataset.write(raster(size), 1)
        found = timed(lambda: read_raster(path, grid, kind=kind), runs=3)  # type: ignore[arg-type]
    # the file lies in the system's cache; GDAL's interpolation, or cutting two borders a cell for counts
    return dict(found) | {"cells": size * size, "bound_by": "arithmetic"}


def cached() -> dict[str, Any]:
    """A second run with the same 64 MB file: hashed, and its 1,600 results read."""
    from caminos.spatial.cache import kept

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.npy"
        np.save(path, raster(SIZE))
        found = timed(lambda: kept(Path(folder), "mean", [path], {}, "1", lambda: {"mean": np.zeros(ZONES)}), RUNS)
    # blake2b runs over 64 MB at about 1 GB/s; the results take less than a millisecond
    return dict(found) | {"bytes": SIZE * SIZE * 4, "bound_by": "arithmetic"}


CASES: dict[str, tuple[Callable[[], dict[str, Any]], float | None, float | None]] = {
    "zonal_1000_100": (lambda: mean_by_zone(1000, 100), None, None),
    "zonal_2000_400": (lambda: mean_by_zone(2000, 400), None, None),
    "zonal_4000_1600": (lambda: mean_by_zone(SIZE, ZONES, peer=True), 1.0, None),
    "zonal_10000_1600": (lambda: mean_by_zone(10_000, ZONES), None, None),
    "zonal_4000_22500": (lambda: mean_by_zone(SIZE, 22_500), None, None),
    "zonal_prepared": (lambda: prepared(("mean",)), None, None),
    "zonal_prepared_extremes": (lambda: prepared(("mean", "sum", "count", "min", "max")), None, None),
    "zonal_prepared_majority": (lambda: prepared(("majority",), classes=12), None, None),
    "raster_read_continuous_4000": (lambda: read("continuous", 4000, 10.0), None, None),
    "raster_read_count_500": (lambda: read("count", 500, 100.0), None, None),
    "cache_second_run": (cached, None, None),
}
