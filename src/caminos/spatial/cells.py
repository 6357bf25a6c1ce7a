"""Cells: places with figures of their own (hexagons of a grid), their columns, and sums of them by zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Column:
    """A figure for each cell, NaN where it is not known; `low` and `high` its range; `layers` what it rests on."""

    value: np.ndarray
    layers: frozenset[str]
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    method: str = ""
    unit: str = ""


@dataclass(frozen=True)
class CellLayer:
    """CellLayer of one layer: ids, polygons in degrees and columns by name."""

    name: str
    ids: tuple[str, ...]
    polygons: np.ndarray
    columns: dict[str, Column] = field(default_factory=dict)

    @property
    def lon(self) -> np.ndarray:
        """Longitudes of the centres in degrees."""
        return self._centres()[0]

    @property
    def lat(self) -> np.ndarray:
        """Latitudes of the centres in degrees."""
        return self._centres()[1]

    def _centres(self) -> tuple[np.ndarray, np.ndarray]:
        import shapely

        centres = shapely.centroid(self.polygons)
        return shapely.get_x(centres), shapely.get_y(centres)


def zone_of_cells(cells: CellLayer, zones: Sequence[Any]) -> np.ndarray:
    """Place in `zones` (polygons in degrees) of the zone that holds each cell's centre; -1 for none."""
    import shapely

    tree = shapely.STRtree(list(zones))
    points, found = tree.query(shapely.points(cells.lon, cells.lat), predicate="intersects")
    zone = np.full(len(cells.ids), -1)
    zone[points[::-1]] = found[::-1]  # on a border the first zone
    return zone


@dataclass(frozen=True)
class Sums:
    """A statistic by zone: values (NaN where nothing is known), and the weight known and in all."""

    value: np.ndarray
    known: np.ndarray
    whole: np.ndarray


def aggregate(values: np.ndarray, weight: np.ndarray | None, zone: np.ndarray, count: int, statistic: str) -> Sums:
    """Sum, or mean by weight, of cells by zone 0 … count-1; cells without a value count in neither.

    With a weight, the sum is that of value times weight. CellLayer of zone -1 are left out.
    """
    inside = zone >= 0
    load = np.ones_like(values) if weight is None else np.nan_to_num(weight)
    known = inside & ~np.isnan(values)

    def total(of: np.ndarray, among: np.ndarray) -> np.ndarray:
        return np.bincount(zone[among], of[among], minlength=count)

    there, whole = total(load, known), total(load, inside)
    added = total(load * np.nan_to_num(values), known)
    value = np.full(count, np.nan)
    np.divide(added, there if statistic == "mean" else 1, out=value, where=there > 0)
    return Sums(value, there, whole)
