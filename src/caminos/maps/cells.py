"""Tables of cells read, and the columns that layers hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from caminos.i18n import _
from caminos.maps.recipe import RECIPE, LayerError
from caminos.maps.vectors import read_hexagons
from caminos.problems import ERROR, Problem, nearest
from caminos.spatial.cells import CellLayer, Column


def read_cells(
    path: Path,
    name: str,
    key: str,
    missing: dict[str, float],
    units: dict[str, str],
    empty: float | None = None,
    city: tuple[float, float, float, float] | None = None,
) -> tuple[CellLayer | None, list[Problem]]:
    """A table with an H3 index a row, in the column `key`; the other columns of numbers become columns of the cells.

    `missing` gives, by column, the number that stands for "not known" in the file; `units` what columns are in.
    Empty fields are not known, unless `empty` says what they mean. `city`: west, south, east and north in degrees, to
    find a table of another place.
    """
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
    properties: dict[str, np.ndarray],
    layer: str,
    missing: dict[str, float],
    units: dict[str, str],
    empty: float | None = None,
) -> dict[str, Column]:
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
    message = _("Layer {layer} has no column {column}.", layer=cells.name, column=repr(name))
    near = nearest(name, cells.columns)
    fix = _("Did you mean {near}?", near=near) if near else _("Columns are: {known}.", known=", ".join(cells.columns))
    raise LayerError([Problem(ERROR, RECIPE, None, section, message, fix)])
