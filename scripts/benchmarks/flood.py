"""Floods over the terrain: ten water levels, spill levels and ponds, the ground filter; no peer measured.

The terrain is a random surface whose power falls with the square of the wavelength (smooth, like land) or not
at all (noise, the worst case: a ninth of the cells are pits).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.common import timed
from caminos.spatial.flood import filled_depressions, flood_depth, ground_filter, spill_level

LEVELS = np.linspace(10, 70, 10)
RUNS = 5


def terrain(size: int, falling: float = 2.0) -> np.ndarray:
    """Heights of 0 to 100 m on size x size cells; white noise if `falling` is 0."""
    random = np.random.default_rng(1)
    if not falling:
        return random.uniform(0, 100, (size, size))
    wave = np.hypot(np.fft.rfftfreq(size)[None, :], np.fft.fftfreq(size)[:, None])
    wave[0, 0] = 1
    surface = np.fft.irfft2(wave**-falling * np.exp(2j * np.pi * random.random(wave.shape)), (size, size))
    return np.asarray(100 * (surface - surface.min()) / np.ptp(surface))


def measured(work: Callable[[np.ndarray], object], size: int, falling: float, **more: Any) -> dict[str, Any]:
    """Time of `work` on a terrain, with its size."""
    ground = terrain(size, falling)
    return {**timed(lambda: work(ground), RUNS), "cells": size * size, **more}


def ten_levels(size: int) -> dict[str, Any]:
    # some 60 bytes a cell and level are moved, at a fifth to a third of the rate of a plain copy; a third to
    # a half of the time is labelling, a chain of comparisons: arithmetic
    return measured(
        lambda ground: flood_depth(elevation=ground, water=ground < 5, level=LEVELS),
        size, 2.0, levels=len(LEVELS), bound_by="arithmetic",
    )  # fmt: skip


def spill(size: int, falling: float) -> dict[str, Any]:
    # pointers followed to places far apart, and a sort of the passes: four times the cells take five times
    # as long once they no longer fit the cache: memory, by random access
    return measured(
        lambda ground: spill_level(elevation=ground, water=ground < 5),
        size, falling, terrain="noise" if not falling else "smooth", bound_by="memory",
    )  # fmt: skip


def ponds(size: int) -> dict[str, Any]:
    # as spill levels
    return measured(filled_depressions, size, 2.0, bound_by="memory")


def bare_ground(size: int) -> dict[str, Any]:
    # running minima and maxima along rows and columns, three windows; independent of their width: arithmetic
    return measured(
        lambda ground: ground_filter(ground, 10, windows=(50, 110, 210), slope=0.02), size, 2.0, bound_by="arithmetic"
    )


CASES = {
    "flood_depth_2000_10_levels": (lambda: ten_levels(2000), None, None),
    "flood_depth_4000_10_levels": (lambda: ten_levels(4000), None, None),
    "spill_level_2000": (lambda: spill(2000, 2.0), None, None),
    "spill_level_2000_noise": (lambda: spill(2000, 0), None, None),
    "spill_level_4000": (lambda: spill(4000, 2.0), None, None),
    "filled_depressions_2000": (lambda: ponds(2000), None, None),
    "ground_filter_2000": (lambda: bare_ground(2000), None, None),
}
