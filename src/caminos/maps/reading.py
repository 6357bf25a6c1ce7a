"""The layers of a recipe read, by form of map."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from caminos.city.tables import read_text
from caminos.maps.cells import number_columns, read_cells, unknown_columns
from caminos.maps.files import TABLES, refused
from caminos.maps.recipe import Layer
from caminos.maps.study import Reader, Study, Surface, city_grid
from caminos.spatial.cells import CellLayer


def _read_cells(study: Study, layer: Layer) -> CellLayer:
    path = study.path(layer, layer.options["file"])
    missing, units = layer.options.get("missing", {}), layer.options.get("units", {})
    cells, problems = read_cells(
        path, layer.name, layer.options["id"], missing, units, layer.options.get("empty"), study.bounds
    )
    study.take(problems)
    assert cells is not None
    return cells


def _read_polygons(study: Study, layer: Layer) -> CellLayer:
    from caminos.maps.vectors import read_vectors

    path = study.path(layer, layer.options["file"])
    vectors, problems = read_vectors(path, layer=layer.options.get("layer"), city=study.bounds)
    study.take(problems)
    assert vectors is not None
    missing = layer.options.get("missing", {})
    study.take(unknown_columns(vectors.file, vectors.properties, missing))
    columns = number_columns(vectors.properties, layer.name, missing, {})
    ids = tuple(str(place) for place in range(len(vectors)))
    return CellLayer(layer.name, ids, vectors.geometries, columns)


def _read_raster(study: Study, layer: Layer) -> Surface:
    from caminos.maps.rasters import read_raster

    grid, options = city_grid(study), layer.options
    limits = options.get("range")
    raster, problems = read_raster(
        study.path(layer, options["file"]),
        grid,
        kind=options.get("kind", "continuous"),
        nodata=options.get("nodata"),
        expected_range=tuple(limits) if limits else None,
        progress=study.progress,
    )
    study.take(problems)
    assert raster is not None
    values = np.where(raster.missing, np.nan, raster.values) if raster.missing.any() else raster.values
    return Surface(values, grid, frozenset((layer.name,)), str(options.get("unit", "")))


def _read_streets(study: Study, layer: Layer) -> Any:
    from caminos.maps.streets import read_streets

    streets, problems = read_streets(study.path(layer, layer.options["file"]))
    study.take(problems)
    return streets


def _read_timetable(study: Study, layer: Layer) -> Any:
    from caminos.maps.timetables import read_timetable

    paths = [study.path(layer, file) for file in layer.files]
    timetable, problems = read_timetable(paths, layer.options["date"])
    study.take(problems)
    return timetable


def _read_table(study: Study, layer: Layer) -> Any:
    path = study.path(layer, layer.options["file"])
    study.take([problem] if (problem := refused(path, TABLES)) else [])
    text, problems = read_text(path)
    study.take(problems)
    return list(csv.DictReader(io.StringIO(text, newline="")))


READERS: dict[str, Reader] = {
    "cells": _read_cells,
    "polygons": _read_polygons,
    "raster": _read_raster,
    "streets": _read_streets,
    "timetable": _read_timetable,
    "table": _read_table,
}
