"""A masked array, as rasterio gives one, is missing where it is masked: never the value under the mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shapely import box

from caminos.spatial import connectivity, nature_access, runoff, stormwater, urban_cooling
from caminos.spatial.zonal import zonal_statistics

HOLE = np.array([[False, True], [False, False]])


def cooled(lulc: Any, eto: Any = 1.0) -> np.ndarray:
    found = urban_cooling(
        lulc=lulc, eto=eto, cell_size=10, cooling_distance=20, average_radius=20, reference_temperature=20, uhi_max=3,
        table_columns=["lucode", "green_area", "kc", "shade", "albedo"], table=[[1, 0, 0.5, 0.2, 0.2], [2, 1, 1, 0.8, 0.1]],
        outputs=("t_air",),
    ).t_air  # fmt: skip
    assert found is not None
    return found


def reached(lulc: Any, population: Any) -> np.ndarray:
    return nature_access(
        lulc=lulc, population=population, cell_size=10, search_radius=30, demand=5, green_codes=[2]
    ).supply_per_person


CODES = np.array([[1, 2], [2, 1]], np.uint8)
PEOPLE = np.array([[3, 9], [2, 4]])


@pytest.mark.parametrize(
    "result",
    [
        lambda: cooled(np.ma.array(CODES, mask=HOLE)),
        lambda: cooled(CODES, np.ma.array(np.full((2, 2), 5.0), mask=HOLE)),
        lambda: reached(np.ma.array(CODES, mask=HOLE), PEOPLE),
        lambda: reached(CODES, np.ma.array(PEOPLE, mask=HOLE)),
        lambda: runoff(precipitation=50.0, curve_number=np.ma.array([[80, 98], [70, 60]], mask=HOLE)).runoff,
        lambda: (
            stormwater(
                precipitation=1000.0, runoff_coefficient=np.ma.array(np.full((2, 2), 0.5), mask=HOLE), cell_size=10
            ).runoff_volume
        ),
    ],
    ids=["cooling", "cooling eto", "nature", "nature people", "runoff", "stormwater"],
)
def test_masked_cells_are_missing(result: Any) -> None:
    assert (np.isnan(result()) == HOLE).all()


def test_masked_cells_are_in_no_patch_and_in_no_zone() -> None:
    natural = np.ma.array(np.ones((2, 2), bool), mask=HOLE)
    found = connectivity(natural=natural, cell_size=100)
    assert (found.natural_area, found.unknown_area) == (3, 1)
    values = np.ma.array([[1, 9], [1, 1]], mask=HOLE)
    assert zonal_statistics(values, (1, 0, 0, 0, -1, 2), [box(0, 0, 2, 2)], ("mean",))["mean"] == [1]


def test_a_mask_without_masked_cells_changes_nothing() -> None:
    assert (cooled(np.ma.array(CODES)) == cooled(CODES)).all()
