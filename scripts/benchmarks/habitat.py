"""Benchmarks of habitat connectivity: natural ground in patches or scattered, with and without streets."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks.common import timed
from caminos.spatial.habitat import connectivity, corridors

CELL = 10.0  # m
BLOCK = 150  # cells from street to street


def patches(size: int) -> np.ndarray:
    """A fifth of the city in patches of some hectares."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((size, size)), 8)
    return np.asarray(noise > np.quantile(noise, 0.8))


def scattered(size: int) -> np.ndarray:
    """A fifth of the cells, each by chance: the most patches there can be."""
    return np.asarray(np.random.default_rng(0).random((size, size)) < 0.2)


def streets(size: int) -> np.ndarray:
    """Broad streets in a grid."""
    grid = np.zeros((size, size), bool)
    grid[::BLOCK] = grid[:, ::BLOCK] = True
    return grid


def measured(natural: np.ndarray, barrier: np.ndarray | None, distance: float = 100.0) -> dict[str, Any]:
    result = connectivity(natural=natural, cell_size=CELL, distance=distance, barrier=barrier)
    found = timed(lambda: connectivity(natural=natural, cell_size=CELL, distance=distance, barrier=barrier), 5)
    sizes = {"cells": natural.size, "patches": len(result.patch_area), "components": len(result.component_area)}
    # with streets half of the time is the distance to natural ground, the rest labels and searches in sorted
    # rims; twice the side takes some five times as long, far below the rate of memory: arithmetic
    return found | sizes | {"bound_by": "arithmetic"}


def bridges(size: int, count: int = 500) -> dict[str, Any]:
    """Gains of many candidate corridors at once."""
    random = np.random.default_rng(1)
    result = connectivity(natural=patches(size), cell_size=CELL, barrier=streets(size))
    candidates = np.zeros((size, size), np.int32)
    for number, (row, column) in enumerate(random.integers(0, size - 60, (count, 2)), start=1):
        candidates[row : row + 2, column : column + 60] = number
    # two passes over the raster to find the corridors and to label components, then some 60,000 cells: memory
    return timed(lambda: corridors(result, candidates, CELL), 5) | {"corridors": count, "bound_by": "memory"}


CASES = {
    "connectivity_2000_patches": (lambda: measured(patches(2000), None), None, None),
    "connectivity_2000_patches_streets": (lambda: measured(patches(2000), streets(2000)), None, None),
    "connectivity_2000_scattered_streets": (lambda: measured(scattered(2000), streets(2000)), None, None),
    "connectivity_4000_patches_streets": (lambda: measured(patches(4000), streets(4000)), None, None),
    "connectivity_2000_500_m": (lambda: measured(patches(2000), None, 500.0), None, None),
    "corridors_2000": (lambda: bridges(2000), None, None),
}
