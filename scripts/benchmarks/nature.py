"""Benchmarks of nature access: a Gaussian of 300 m, cells of 10 m, as InVEST was measured."""

from __future__ import annotations

from typing import Any

from benchmarks.common import timed
from benchmarks.cooling import city
from caminos.spatial.nature import nature_access

INVEST_2000 = 10.3  # s; the least of 10.3 to 11.5 s


def inputs(side: int) -> dict[str, Any]:
    """What `nature_access` takes, with lawns and trees as green."""
    made = city(side)
    return {
        "lulc": made["lulc"], "population": made["population"], "cell_size": 10.0, "search_radius": 300.0,
        "demand": 25.0, "green_codes": (4, 5),
    }  # fmt: skip


def measured(side: int, runs: int) -> dict[str, Any]:
    given = inputs(side)
    # seven Fourier transforms in float64 take two thirds to three quarters of the time
    found: dict[str, Any] = timed(lambda: nature_access(**given), runs=runs)
    return found | {"rows": side, "columns": side, "bound_by": "arithmetic"}


CASES = {
    "nature_access_500": (lambda: measured(500, 7), None, None),
    "nature_access_2000": (lambda: measured(2000, 5), 1.0, INVEST_2000),
    "nature_access_5000": (lambda: measured(5000, 2), None, None),
}
