"""Benchmarks of marginal effects: a hectare of trees in each of 500 zones of 2000 × 2000 cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import cooling, nature
from benchmarks.common import timed
from caminos.spatial.cooling import urban_cooling
from caminos.spatial.marginal import cooling_gradient, marginal_effect, nature_access_gradient
from caminos.spatial.nature import nature_access

SIDE, ZONES, TREES = 2000, 500, 5
FULL_RUNS = 5  # aim: the cost of so many runs of the whole city
RUN = 0.4  # s of one such run on the machine of the published figures, for the aim in seconds


def zones() -> np.ndarray:
    """Rectangles of about 80 ha, 20 rows of 25."""
    row, column = np.indices((SIDE, SIDE), dtype=np.int32)
    return row * 20 // SIDE * 25 + column * 25 // SIDE


def measured(gradient: Callable[[], Any], run: Callable[[], Any], lulc: np.ndarray) -> dict[str, Any]:
    zone, can = zones(), np.isin(lulc, (1, 2, 3))

    def every_zone() -> object:
        return marginal_effect(gradient=gradient(), zone=zone, cell_size=10.0, convertible=can)

    # Fourier transforms take two thirds of the time, as in the runs themselves; the zones themselves some 60 ms
    found: dict[str, Any] = timed(every_zone, runs=3)
    whole = timed(run, runs=3)
    shape = {"rows": SIDE, "columns": SIDE, "zones": ZONES, "full_run_s": whole["median_s"]}
    return found | shape | {"full_runs": found["median_s"] / whole["median_s"], "bound_by": "arithmetic"}


def cooled() -> dict[str, Any]:
    given = cooling.inputs(SIDE)
    people = cooling.city(SIDE)["population"]
    forward = {name: value for name, value in given.items() if name != "reference_temperature"}
    return measured(
        lambda: cooling_gradient(**forward, new_code=TREES, population=people),
        lambda: urban_cooling(**given), given["lulc"],
    )  # fmt: skip


def reached() -> dict[str, Any]:
    given = nature.inputs(SIDE)
    return measured(
        lambda: nature_access_gradient(**given, new_code=TREES), lambda: nature_access(**given), given["lulc"]
    )


CASES = {
    "marginal_cooling_500_zones": (cooled, FULL_RUNS * RUN, None),
    "marginal_nature_500_zones": (reached, FULL_RUNS * RUN, None),
}
