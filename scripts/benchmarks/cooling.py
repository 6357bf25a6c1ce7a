"""Benchmarks of urban cooling: parks cool within 450 m, air mixes within 500 m, cells of 10 m, as InVEST was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks.common import timed
from caminos.spatial.cooling import urban_cooling

INVEST_2000 = 15.0  # s; the least of 15 to 19 s
PATTERN = 1000  # cells along a side of the pattern that is repeated
COLUMNS = ("lucode", "green_area", "kc", "shade", "albedo")
# dense, houses with gardens, street, lawn, trees, water
TABLE = np.array([
    [1, 0, 0.2, 0.03, 0.18], [2, 0, 0.5, 0.25, 0.20], [3, 0, 0.1, 0.02, 0.12],
    [4, 1, 0.8, 0.10, 0.22], [5, 1, 1.0, 0.85, 0.16], [6, 0, 1.1, 0.00, 0.08],
])  # fmt: skip


def city(side: int, columns: int | None = None) -> dict[str, Any]:
    """A made-up city: quarters, parks, a lake and gardens in patches, streets every 100 m, people by quarter."""
    random = np.random.default_rng(0)

    def patches(metres: float) -> np.ndarray:
        smooth = ndimage.gaussian_filter(random.standard_normal((PATTERN, PATTERN)), metres / 10, mode="wrap")
        return np.asarray((smooth / smooth.std()).astype(np.float32))

    dense, parks, trees = patches(600), patches(80), patches(30)
    lulc = np.where(dense > 0.2, 1, 2).astype(np.int8)
    lulc[(parks > 1.2) | (dense < -1.7)] = 4
    lulc[(lulc == 4) & (trees > 0)] = 5
    lulc[(lulc == 2) & (trees > 1.8)] = 5  # groups of trees among the gardens
    lulc[dense > 2.4] = 6
    built = lulc <= 2
    lulc[::10][built[::10]] = 3
    lulc[:, ::10][built[:, ::10]] = 3
    people = np.where(lulc == 1, 1.5, np.where(lulc == 2, 0.5, 0)) * np.exp(0.3 * trees)
    repeats = -(-side // PATTERN), -(-(columns or side) // PATTERN)
    rasters = {"lulc": lulc, "eto": 5 + 0.3 * dense, "population": people.astype(np.float32)}
    return {name: np.tile(raster, repeats)[:side, : columns or side] for name, raster in rasters.items()}


def inputs(side: int) -> dict[str, Any]:
    """What `urban_cooling` takes, without people."""
    made = city(side)
    return {
        "lulc": made["lulc"], "eto": made["eto"], "cell_size": 10.0, "cooling_distance": 450.0,
        "average_radius": 500.0, "reference_temperature": 25.0, "uhi_max": 4.0, "table_columns": COLUMNS,
        "table": TABLE,
    }  # fmt: skip


def measured(side: int, runs: int) -> dict[str, Any]:
    given = inputs(side)
    # nine Fourier transforms of a block of 2250² take two thirds of the time, 20 ms each on two cores, while a pass
    # over the block in float32 takes 1 ms: arithmetic
    found: dict[str, Any] = timed(lambda: urban_cooling(**given, outputs=("t_air",)), runs=runs)
    return found | {"rows": side, "columns": side, "bound_by": "arithmetic"}


CASES = {
    "urban_cooling_500": (lambda: measured(500, 7), None, None),
    "urban_cooling_2000": (lambda: measured(2000, 5), 1.0, INVEST_2000),
    "urban_cooling_5000": (lambda: measured(5000, 2), None, None),
    "urban_cooling_10000": (lambda: measured(10_000, 1), None, None),
}
