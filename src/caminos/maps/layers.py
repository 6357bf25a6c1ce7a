"""From maps to facts: what layers.toml says, done over a folder of files. Needs `pip install caminos[geo]`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np

from caminos.city.facts import FACT_COLUMNS, NO_PEOPLE, QUALITIES
from caminos.city.package import City, load
from caminos.city.tables import read_text
from caminos.city.vocabulary import vocabulary
from caminos.city.zones import ZONES
from caminos.files import FileError, table_text, write_set
from caminos.i18n import _
from caminos.maps.cells import column_of, number_columns, read_cells, unknown_columns
from caminos.maps.files import TABLES, found_in, refused
from caminos.maps.recipe import RECIPE, FactRule, Layer, LayerError, Recipe, read_recipe, told
from caminos.problems import ERROR, WARNING, CityError, Problem
from caminos.spatial.cells import CellLayer, Column, Sums, aggregate, zone_of_cells
from caminos.spatial.grid import DEGREES, Bounds, Grid, bounds_of, equal_area, hexagon_polygons, project

Progress = Callable[[str, int, int], None]
Row = dict[str, object]
SHARE_ALIKE = ("odbl", "cc by sa", "gpl")  # licences that bind what is derived
PLAIN_FILE = "facts-maps.csv"
PEOPLE = vocabulary()["population"].unit
WEAKEST = QUALITIES[-1]
DIGITS = 4


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


@dataclass
class Study:
    """One city's recipe over one folder of maps; layers are read once, when first asked for."""

    city: City
    recipe: Recipe
    sources: Path
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
                self._read[name] = READERS[layer.read](self, layer)
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
        from caminos.maps.steps import MODELS

        needed = {wanted}
        for step in reversed(self.recipe.steps):
            if needed & {step.options.get("name"), step.options.get("cells")}:
                needed |= {value for value in step.options.values() if isinstance(value, str)}
        for place, step in enumerate(self.recipe.steps):
            makes = {step.options.get("name"), step.options.get("cells")}
            if place not in self._done and (not wanted or makes & needed):
                with told(f"compute {step.model}"):
                    MODELS[step.model](self, step.options)
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


def open_study(
    folder: Path, sources: Path, cache: Path | None = None, progress: Progress | None = None, bundled: bool = False
) -> Study:
    """The study of a city folder; raises CityError or LayerError with every problem.

    `bundled` leaves out the facts that rest on layers whose licence keeps them out of a package.
    """
    recipe, problems = read_recipe(folder)
    if recipe is None:
        raise LayerError(problems)
    city, found = load(folder)
    made = {"zone"} if "cells" in recipe.zones else set()
    if any(rule.name == "population" for rule in recipe.facts):
        made.add(NO_PEOPLE)
    errors = [item for item in found if item.severity == ERROR and item.column not in made]
    if city is None or errors:
        raise CityError(errors)
    return Study(city, recipe, sources, cache, progress, bundled)


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


# ---------------------------------------------------------------- reading, by form of map


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
    from caminos.maps.steps import city_grid

    grid, options = city_grid(study), layer.options
    limits = options.get("range")
    raster, problems = read_raster(
        study.path(layer, options["file"]), grid, kind=options.get("kind", "continuous"), nodata=options.get("nodata"),
        expected_range=tuple(limits) if limits else None, progress=study.progress,
    )  # fmt: skip
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


READERS: dict[str, Callable[[Study, Layer], Any]] = {
    "cells": _read_cells,
    "polygons": _read_polygons,
    "raster": _read_raster,
    "streets": _read_streets,
    "timetable": _read_timetable,
    "table": _read_table,
}


# ---------------------------------------------------------------- facts


@dataclass(frozen=True)
class Figures:
    """A statistic for each zone and for the whole, with its range, the layers it rests on and how it was made."""

    zones: Sums
    city: Sums
    low: tuple[Sums, Sums] | None
    high: tuple[Sums, Sums] | None
    layers: frozenset[str]
    method: str
    of_people: bool = False  # weighted by people


def figures(study: Study, rule: FactRule) -> Figures:
    """What a rule makes of its layer."""
    if rule.on == "raster":
        return _raster_figures(study, rule)
    cells = study.cells(rule.layer)
    section = f"fact {rule.name}"
    column = column_of(cells, rule.column, section)
    weight_name = rule.options.get("weight", "")
    weight = column_of(cells, weight_name, section) if weight_name else None
    if rule.on == "polygons":
        return _polygon_figures(study, rule, cells, column)
    zones = study.zones
    zone = zone_of_cells(cells, zones.polygons)
    city = np.where(zone < 0, -1, 0)  # cells beyond all zones are not of the city
    load = None if weight is None else not_negative(weight.value, weight_name, section)
    statistic = rule.options.get("statistic", "mean")

    def both(values: np.ndarray) -> tuple[Sums, Sums]:
        turned = _transform(values, rule, cells)
        return (
            aggregate(turned, load, zone, len(zones.ids), statistic),
            aggregate(turned, load, city, 1, statistic),
        )

    by_zone, whole = both(column.value)
    layers = column.layers | (weight.layers if weight else frozenset())
    method = " ".join(part for part in (column.method, _condition(rule)) if part)
    low = None if column.low is None else both(column.low)
    high = None if column.high is None else both(column.high)
    return Figures(by_zone, whole, low, high, layers, method, weight is not None and weight.unit == PEOPLE)


def not_negative(values: np.ndarray, name: str, section: str) -> np.ndarray:
    """Weights as they are; fewer than no people would make shares and means that look right and are wrong."""
    below = int((values < 0).sum())
    if below:
        message = _("{name} is below 0 in {count} cells: correct them.", name=name, count=below)
        fix = _("If it stands for missing, say so with missing or nodata.")
        raise LayerError([Problem(ERROR, RECIPE, None, section, message, fix)])
    return values


def _transform(values: np.ndarray, rule: FactRule, cells: CellLayer | None = None) -> np.ndarray:
    """A share of cells that meet a condition, or a share of a total; NaN stays NaN."""
    for key, meets in (("at_least", np.greater_equal), ("at_most", np.less_equal)):
        if key in rule.options:
            return np.where(np.isnan(values), np.nan, meets(values, rule.options[key]).astype(float))
    if "of_total" in rule.options and cells is not None:
        whole = float(np.nansum(column_of(cells, rule.options["of_total"], f"fact {rule.name}").value))
        return np.asarray(values / whole)
    return values


def _condition(rule: FactRule) -> str:
    """In words for the note: which cells count."""
    parts = []
    column = rule.column or rule.layer
    if "classes" in rule.options:
        parts.append(f"Share of classes {', '.join(str(code) for code in rule.options['classes'])}.")
    if "at_least" in rule.options:
        parts.append(f"Share with {column} of {rule.options['at_least']:,} or more.")
    if "at_most" in rule.options:
        parts.append(f"Share with {column} of {rule.options['at_most']:,} or less.")
    if "weight" in rule.options:
        parts.append(f"Weighted by {rule.options['weight']}.")
    return " ".join(parts)


def _polygon_figures(study: Study, rule: FactRule, cells: CellLayer, column: Column) -> Figures:
    """Mean of polygons over each zone, by the area that they share; the city is the mean of its zones by area."""
    from caminos.spatial.zonal import polygon_overlap

    zones = study.zones
    crs = equal_area(zones.polygons)
    shared = polygon_overlap(project(cells.polygons, DEGREES, crs), project(zones.polygons, DEGREES, crs))
    means, coverage = shared.means(_transform(column.value, rule, cells))
    # polygons that overlap each other would cover a zone more than once
    known = np.nan_to_num(np.minimum(coverage, 1) * shared.target_area)
    there = known.sum()
    mean = np.nansum(means * known) / there if there else np.nan
    whole = Sums(np.array([mean]), np.array([there]), np.array([shared.target_area.sum()]))
    by_zone = Sums(means, known, shared.target_area)
    return Figures(by_zone, whole, None, None, column.layers, "Mean by shared area.")


def _raster_figures(study: Study, rule: FactRule) -> Figures:
    """Mean or sum of a raster over each zone, by exact shares of cells."""
    from caminos.spatial.zonal import zonal_statistics

    surface: Surface = study.layer(rule.layer)
    outlines = project(study.zones.polygons, DEGREES, surface.grid.crs)
    values = surface.values
    if "classes" in rule.options:
        values = np.where(np.isnan(values), np.nan, np.isin(values, rule.options["classes"]))
    values = _transform(values, rule)
    layers = surface.layers
    whole = np.array([outline.area for outline in outlines]) / surface.grid.cell_area
    load = np.ones(values.shape)
    if "weight" in rule.options:
        weight: Surface = study.layer(rule.options["weight"])
        load = np.nan_to_num(not_negative(weight.values, rule.options["weight"], f"fact {rule.name}"))
        layers = layers | weight.layers

    def total(of: np.ndarray) -> np.ndarray:
        """Sum in each zone, 0 where nothing is known."""
        found = zonal_statistics(of, surface.grid.transform, outlines, ("sum",))
        return np.asarray(np.nan_to_num(found["sum"]))

    known = total(np.where(np.isnan(values), np.nan, load))
    if "weight" in rule.options:
        whole = total(load)
    sums = np.where(known > 0, total(values * load), np.nan)
    means = np.divide(sums, known, out=np.full(len(known), np.nan), where=known > 0)
    summed = rule.options.get("statistic", "mean") == "sum"
    city = np.nan if not known.sum() else float(np.nansum(sums)) / (1.0 if summed else float(known.sum()))
    everywhere = Sums(np.array([city]), np.array([known.sum()]), np.array([whole.sum()]))
    method = " ".join(
        part for part in (surface.method or "Cells of the map by exact shares.", _condition(rule)) if part
    )
    people = "weight" in rule.options and weight.unit == PEOPLE
    return Figures(Sums(sums if summed else means, known, whole), everywhere, None, None, layers, method, people)


def rows_of(study: Study, rule: FactRule) -> list[Row]:
    """Rows of facts that a rule makes: each zone that is covered well enough, and the whole."""
    if study.bundled and _kept_out(study, frozenset((rule.layer,))):
        return []
    with told(f"fact {rule.name}"):
        found = figures(study, rule)
    if study.bundled and _kept_out(study, found.layers):
        return []
    term = vocabulary()[rule.name]
    scope = rule.options.get("scope", "")
    least = float(rule.options.get("least_cover", 0.5))
    zones = study.zones
    origin = _origin(study, rule, found)
    # figures of people are compared with the zone's own people, unless these are made here as well
    compare = found.of_people and all(other.name != "population" for other in study.recipe.facts)
    rows = []
    if scope != "zones":
        rows += _row(rule, "", 0, found.city, _ends(found, 1), origin, least, None)
    if scope != "city" and "zone" in term.dims:
        for place, identity in enumerate(zones.ids):
            people = study.city.fact("population", zone=identity) if compare else None
            whole = people.value if people else None
            rows += _row(rule, identity, place, found.zones, _ends(found, 0), origin, least, whole)
    return rows


def _ends(found: Figures, which: int) -> tuple[Sums | None, Sums | None]:
    return (found.low[which] if found.low else None, found.high[which] if found.high else None)


def _row(
    rule: FactRule, zone: str, place: int, sums: Sums, ends: tuple[Sums | None, Sums | None], origin: Row,
    least: float, whole: float | None,
) -> list[Row]:  # fmt: skip
    """The row of one place; none where too little of it is known."""
    value, known = float(sums.value[place]), float(sums.known[place])
    everything = max(float(sums.whole[place]), whole or 0.0)
    if np.isnan(value) or not everything or known < least * everything:
        return []
    bounds = [float(end.value[place]) for end in ends if end is not None]
    if not bounds and "spread" in rule.options:
        term = vocabulary()[rule.name]
        bounds = [min(max(value * share, term.minimum), term.maximum) for share in rule.options["spread"]]
    bounds = [*bounds, value] if bounds and np.isfinite(bounds).all() else []
    if not bounds and origin["quality"] == WEAKEST:
        message = _("{name} has quality {quality} and no range.", name=rule.name, quality=WEAKEST)
        fix = _("Say how far it may be off, as multiples of the value: spread = [0.7, 1.3].")
        raise LayerError([Problem(ERROR, RECIPE, None, f"fact {rule.name}", message, fix)])
    low, high = (_short(min(bounds)), _short(max(bounds))) if bounds else ("", "")
    return [
        {
            "name": rule.name, "zone": zone, "group": "", "kind": rule.kind, "year": origin["year"],
            "value": _short(value), "unit": origin["unit"], "low": low, "high": high, "source": origin["source"],
            "quality": origin["quality"], "retrieved": origin["retrieved"], "licence": origin["licence"],
            "note": origin["note"],
        }
    ]  # fmt: skip


def _short(value: float) -> str:
    """A number to four significant digits, without exponent; rounded parts of a million keep shares short."""
    if value == 0:
        return "0"
    digits = max(0, DIGITS - 1 - floor(log10(abs(value))))
    return f"{round(value, digits):.{min(digits, 6)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def _origin(study: Study, rule: FactRule, found: Figures) -> Row:
    """Where a fact comes from: all layers that it rests on, the weakest quality, the licences that bind it."""
    layers = [study.recipe.layers[name] for name in sorted(found.layers) if name in study.recipe.layers]

    def joined(key: str) -> str:
        return "; ".join(dict.fromkeys(layer.origin[key] for layer in layers if layer.origin[key]))

    binding = [layer.origin["licence"] for layer in layers if _binds(layer.origin["licence"])]
    notes = " ".join(part for part in (found.method, str(rule.options.get("note", ""))) if part)
    return {
        "source": joined("source"),
        "licence": "; ".join(dict.fromkeys(binding)) or joined("licence"),
        "quality": rule.options.get("quality") or max((layer.origin["quality"] for layer in layers), default="C"),
        "year": rule.options.get("year") or max((layer.origin["year"] for layer in layers), default=""),
        "retrieved": max((layer.origin["retrieved"] for layer in layers), default=""),
        "unit": rule.options.get("unit") or vocabulary()[rule.name].unit,
        "note": notes,
    }


def _binds(licence: str) -> bool:
    words = licence.casefold().replace("-", " ").replace("_", " ")  # also as SPDX writes them: CC-BY-SA-4.0
    return any(name in words for name in SHARE_ALIKE)


def _kept_out(study: Study, layers: frozenset[str]) -> bool:
    """Whether one of the layers may not ship in a package."""
    return any(not study.recipe.layers[name].bundle for name in layers if name in study.recipe.layers)


def file_of(row: Row) -> str:
    """The table that a row stands in: what a share-alike licence binds has a file of its own."""
    licence = str(row["licence"])
    if not _binds(licence):
        return PLAIN_FILE
    words = "".join(letter if letter.isalnum() else "-" for letter in licence.casefold()).strip("-")
    return f"facts-{words}.csv"


def contents_of(study: Study) -> dict[str, str]:
    """The files that the recipe makes: tables of facts by licence, and zones if it makes them."""
    study.run()
    rows = [row for rule in study.recipe.facts for row in rows_of(study, rule)]
    keys = [tuple(str(row[key]) for key in ("name", "zone", "kind", "year")) for row in rows]
    if twice := sorted(key[0] for key in set(keys) if keys.count(key) > 1):
        message = _("{name} is made twice, of one kind and year.", name=twice[0])
        raise LayerError([Problem(ERROR, RECIPE, None, f"fact {twice[0]}", message, _("Keep one."))])
    order = {name: place for place, name in enumerate(vocabulary())}
    rows.sort(key=lambda row: (order[str(row["name"])], str(row["zone"]), str(row["kind"]), str(row["year"])))
    files = {name: table_text(FACT_COLUMNS, [row for row in rows if file_of(row) == name])
             for name in sorted({file_of(row) for row in rows})}  # fmt: skip
    if "cells" in study.recipe.zones:
        files["zones.geojson"] = zones_text(study.zones)
    if not rows:
        message = _("The recipe makes no fact: the maps cover too little of the city or its zones.")
        study.problems.append(Problem(WARNING, RECIPE, None, "", message, _("Check that they are maps of this city.")))
    return files


def zones_text(zones: ZoneLayer) -> str:
    """zones.geojson of zones made here; six decimals are a tenth of a metre."""
    import shapely

    features = [
        {
            "type": "Feature",
            "properties": {"id": identity, "name": name},
            "geometry": json.loads(shapely.to_geojson(shapely.set_precision(polygon, 1e-6))),
        }
        for identity, name, polygon in zip(zones.ids, zones.names, zones.polygons, strict=True)
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def write_layers(study: Study, out: Path) -> dict[str, int]:
    """Write what the recipe makes into the folder `out`; returns the rows of each file."""
    files = contents_of(study)
    write_set(out, files)
    return {name: text.count("\n") - 1 for name, text in files.items() if name.endswith(".csv")}
