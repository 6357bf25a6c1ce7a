"""One city's recipe over a folder of maps: its layers as they are read and made, its zones and its grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from caminos.city.package import City
from caminos.city.zones import ZONES
from caminos.files import FileError
from caminos.i18n import _
from caminos.maps.cells import column_of
from caminos.maps.files import found_in
from caminos.maps.recipe import RECIPE, Layer, LayerError, Recipe, told
from caminos.problems import ERROR, Problem
from caminos.spatial.cells import CellLayer
from caminos.spatial.grid import Bounds, Grid, bounds_of, grid_over, hexagon_polygons

Progress = Callable[[str, int, int], None]
CELL_SIZE = 30.0  # m, unless [grid] says otherwise


@dataclass(frozen=True)
class ZoneLayer:
    """The parts of the city that facts are made for."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    polygons: tuple[Any, ...]


@dataclass(frozen=True)
class Surface:
    """A raster on the city's grid: read or computed; NaN where it is not known."""

    values: np.ndarray
    grid: Grid
    layers: frozenset[str]
    unit: str = ""
    method: str = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, east, south and north in metres."""
        left, bottom, right, top = self.grid.bounds
        return left, right, bottom, top


Reader = Callable[["Study", Layer], Any]
Model = Callable[["Study", dict[str, Any]], None]


@dataclass
class Study:
    """One city's recipe over one folder of maps; layers are read once, when first asked for.

    `readers` and `models` are what reads a form of map and what a step of the recipe does, by name.
    """

    city: City
    recipe: Recipe
    sources: Path
    readers: Mapping[str, Reader]
    models: Mapping[str, Model]
    cache: Path | None = None
    progress: Progress | None = None
    bundled: bool = False
    problems: list[Problem] = field(default_factory=list)
    _read: dict[str, Any] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)
    _zones: ZoneLayer | None = None

    def path(self, layer: Layer, file: str) -> Path:
        """Where a file of a layer lies: in the folder of maps, else in the city's own folder `layers`."""
        for folder in (self.sources, self.city.path / "layers", self.city.path):
            try:
                if (found := found_in(folder, file)) is not None:
                    return found
            except FileError as error:
                fix = _("Put a copy into the folder of maps, and name it without a path.")
                raise LayerError([Problem(ERROR, RECIPE, None, f"layers.{layer.name}.file", str(error), fix)]) from None
        message = _("There is no file {file} for layer {layer}.", file=file, layer=repr(layer.name))
        fix = _("Put it into {folder}, or give the folder that holds it with --from.", folder=self.sources)
        raise LayerError([Problem(ERROR, file, None, "", message, fix)])

    def layer(self, name: str) -> Any:
        """A layer as read, or as made by a step."""
        if name not in self._read:
            layer = self.recipe.layers[name]
            self.say(_("reading {name}", name=name), 0, 0)
            with told(f"layers.{name}"):
                self._read[name] = self.readers[layer.read](self, layer)
        return self._read[name]

    def cells(self, name: str) -> CellLayer:
        """CellLayer with the columns that steps have made so far."""
        found: CellLayer = self.layer(name)
        return found

    def made(self, name: str, thing: Any) -> None:
        """Keep what a step made under its name."""
        self._read[name] = thing

    def say(self, text: str, done: int, total: int) -> None:
        """Progress, where somebody watches."""
        if self.progress:
            self.progress(text, done, total)

    def take(self, problems: Iterable[Problem]) -> None:
        """Keep warnings; an error ends the work with everything found so far."""
        self.problems += problems
        if any(problem.severity == ERROR for problem in self.problems):
            raise LayerError(self.problems)

    def run(self, wanted: str = "") -> None:
        """Do the steps of the recipe that have not been done: all, or those that make `wanted` or its columns."""
        needed = {wanted}
        for step in reversed(self.recipe.steps):
            if needed & {step.options.get("name"), step.options.get("cells")}:
                needed |= {value for value in step.options.values() if isinstance(value, str)}
        for place, step in enumerate(self.recipe.steps):
            makes = {step.options.get("name"), step.options.get("cells")}
            if place not in self._done and (not wanted or makes & needed):
                with told(f"compute {step.model}"):
                    self.models[step.model](self, step.options)
                self._done.add(place)

    @property
    def bounds(self) -> Bounds | None:
        """West, south, east and north of the city's zones, if it has some of its own: maps that lie elsewhere are wrong."""
        zones = self.city.zones
        return bounds_of([zone.geometry for zone in zones]) if zones and not self.recipe.zones else None

    @property
    def zones(self) -> ZoneLayer:
        """The city's zones, or those that the recipe makes of cells; a LayerError where there are none."""
        if self._zones is None:
            if "cells" in self.recipe.zones:
                cells = self.cells(self.recipe.zones["cells"])
                with told("zones"):
                    self._zones = zones_of_cells(cells, self.recipe.zones)
            else:
                zones = self.city.zones
                self._zones = ZoneLayer(
                    tuple(zone.id for zone in zones),
                    tuple(zone.name for zone in zones),
                    tuple(zone.geometry for zone in zones),
                )
        if not self._zones.ids:
            fix = _("Add {file}, or make zones of hexagons by a section [zones] (docs/maps.md).", file=ZONES)
            raise LayerError([Problem(ERROR, ZONES, None, "", _("The city has no zones."), fix)])
        return self._zones


def zones_of_cells(cells: CellLayer, options: dict[str, Any]) -> ZoneLayer:
    """Zones that are the coarser H3 hexagons round cells that hold at least one of `weight` (a person) together."""
    import h3

    weight = np.nan_to_num(column_of(cells, options.get("weight", ""), "zones").value)
    resolution = int(options.get("resolution", 7))
    load: dict[str, float] = {}
    for cell, part in zip(cells.ids, weight.tolist(), strict=True):
        parent = h3.cell_to_parent(cell, resolution)
        load[parent] = load.get(parent, 0.0) + part
    parents = sorted(parent for parent, held in load.items() if held >= 1)
    polygons, _problems = hexagon_polygons(parents)
    return ZoneLayer(tuple(parents), tuple(parents), tuple(polygons))


def city_grid(study: Study) -> Grid:
    """The equal-area grid of the city's rasters."""
    return grid_over(list(study.zones.polygons), float(study.recipe.grid.get("cell_size", CELL_SIZE)))
