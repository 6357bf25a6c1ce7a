"""Benchmarks of expected impact: 50,000 places and 1,000 events, as CLIMADA was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.common import timed
from caminos.spatial.impact import expected_impact

POINTS, EVENTS = 50_000, 1_000
CLIMADA_SPARSE, CLIMADA_DENSE = 0.18, 1.0  # s; the least of 1.0 to 1.4 s


def hazard_of(density: float, events: int = EVENTS) -> csr_array:
    """Random intensities up to 5 at a share of the places in each event, as a CSR matrix with 32-bit indices."""
    random = np.random.default_rng(0)
    indices = [np.flatnonzero(random.random(POINTS) < density).astype(np.int32) for _event in range(events)]
    ends = np.cumsum([0, *map(len, indices)], dtype=np.int32)
    return csr_array((random.uniform(0, 5, ends[-1]), np.concatenate(indices), ends), shape=(events, POINTS))


def city(events: int = EVENTS) -> dict[str, Any]:
    """Values, frequencies and three damage functions of five knots."""
    random = np.random.default_rng(1)
    return {
        "value": random.lognormal(12, 1, POINTS), "frequency": random.uniform(0, 0.02, events),
        "function": random.integers(1, 4, POINTS), "function_intensity": [0, 0.5, 1, 2, 4],
        "function_damage": np.outer([0.8, 1, 1.2], [0, 0.1, 0.25, 0.5, 0.8]),
    }  # fmt: skip


def measured(density: float, form: Callable[[csr_array], dict[str, Any]], events: int = EVENTS) -> dict[str, Any]:
    """Time of a whole run, with nothing kept from the run before."""
    hazard, rest = hazard_of(density, events), city(events)
    given = form(hazard)

    def run() -> object:
        if isinstance(given["intensity"], csr_array):  # a new matrix on the same memory: its checks count too
            parts = hazard.data, hazard.indices, hazard.indptr
            return expected_impact(**rest, intensity=csr_array(parts, shape=hazard.shape))
        return expected_impact(**rest, **given)

    # about 10 ns for each intensity, in some 15 passes over blocks that stay in the cache; the input is read
    # once at 12 bytes an intensity, a tenth of what memory could deliver: arithmetic (look-ups in small tables)
    return timed(run) | {"points": POINTS, "events": events, "intensities": hazard.nnz, "bound_by": "arithmetic"}


def matrix(hazard: csr_array) -> dict[str, Any]:
    return {"intensity": hazard}


def triples(hazard: csr_array) -> dict[str, Any]:
    event, point = hazard.tocoo().coords
    return {"event": event, "point": point, "intensity": hazard.data}


def array(hazard: csr_array) -> dict[str, Any]:
    return {"intensity": hazard.toarray()}


CASES = {
    "expected_impact_5_percent": (lambda: measured(0.05, matrix), 0.06, CLIMADA_SPARSE),
    "expected_impact_30_percent": (lambda: measured(0.3, matrix), 0.4, CLIMADA_DENSE),
    "expected_impact_5_percent_as_list": (lambda: measured(0.05, triples), None, None),
    "expected_impact_30_percent_as_list": (lambda: measured(0.3, triples), None, None),
    "expected_impact_30_percent_as_array": (lambda: measured(0.3, array), None, None),
    "expected_impact_5_percent_4000_events": (lambda: measured(0.05, matrix, 4_000), None, None),
}
