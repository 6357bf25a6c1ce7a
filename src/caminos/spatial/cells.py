"""CellLayer: places with figures of their own (hexagons of a grid), their columns, and sums of them by zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from caminos.i18n import _
from caminos.problems import ERROR, Problem, nearest


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


def read_cells(
    path: Path, name: str, key: str, missing: dict[str, float], units: dict[str, str], empty: float | None = None,
    city: tuple[float, float, float, float] | None = None,
) -> tuple[CellLayer | None, list[Problem]]:  # fmt: skip
    """A table with an H3 index a row, in the column `key`; the other columns of numbers become columns of the cells.

    `missing` gives, by column, the number that stands for "not known" in the file; `units` what columns are in.
    Empty fields are not known, unless `empty` says what they mean. `city`: west, south, east and north in degrees, to
    find a table of another place.
    """
    from caminos.maps.vectors import read_hexagons

    vectors, problems = read_hexagons(path, key, city=city)
    if vectors is None:
        return None, problems
    problems += unknown_columns(path.name, vectors.properties, (*missing, *units))
    ids = tuple(vectors.properties[key].tolist())
    columns = number_columns(vectors.properties, name, missing, units, empty)
    return CellLayer(name, ids, vectors.geometries, columns), problems


def unknown_columns(file: str, properties: Iterable[str], names: Iterable[str]) -> list[Problem]:
    """Names of columns that a file does not have."""
    known = list(properties)
    fix = _("Columns are: {known}.", known=", ".join(known))
    return [
        Problem(ERROR, file, 1, name, _("There is no column {column}.", column=repr(name)), fix)
        for name in names
        if name not in known
    ]


def number_columns(
    properties: dict[str, np.ndarray], layer: str, missing: dict[str, float], units: dict[str, str],
    empty: float | None = None,
) -> dict[str, Column]:  # fmt: skip
    """The properties that are numbers, as columns; NaN where the file says so."""
    columns = {}
    for name, given in properties.items():
        if np.issubdtype(given.dtype, np.number):
            values = np.asarray(given, float)
            if empty is not None:
                values = np.where(np.isnan(values), empty, values)
            if name in missing:
                values = np.where(values == missing[name], np.nan, values)
            columns[name] = Column(values, frozenset((layer,)), unit=units.get(name, ""))
    return columns


def column_of(cells: CellLayer, name: str, section: str) -> Column:
    """A column by name; raises LayerError that says which there are."""
    if name in cells.columns:
        return cells.columns[name]
    from caminos.maps.recipe import RECIPE, LayerError

    message = _("Layer {layer} has no column {column}.", layer=cells.name, column=repr(name))
    near = nearest(name, cells.columns)
    fix = _("Did you mean {near}?", near=near) if near else _("Columns are: {known}.", known=", ".join(cells.columns))
    raise LayerError([Problem(ERROR, RECIPE, None, section, message, fix)])


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
