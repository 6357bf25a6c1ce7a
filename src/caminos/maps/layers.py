"""From maps to facts: what layers.toml says, done over a folder of files. Needs `pip install caminos[geo]`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path

import numpy as np

from caminos.city.facts import FACT_COLUMNS, NO_PEOPLE, QUALITIES
from caminos.city.package import load
from caminos.city.vocabulary import vocabulary
from caminos.files import table_text, write_set
from caminos.i18n import _
from caminos.maps.cells import column_of
from caminos.maps.reading import READERS
from caminos.maps.recipe import RECIPE, FactRule, LayerError, read_recipe, told
from caminos.maps.steps import MODELS
from caminos.maps.study import Progress, Study, Surface, ZoneLayer
from caminos.problems import ERROR, WARNING, CityError, Problem
from caminos.spatial.cells import CellLayer, Column, Sums, aggregate, zone_of_cells
from caminos.spatial.grid import DEGREES, equal_area, project

Row = dict[str, object]
SHARE_ALIKE = ("odbl", "cc by sa", "gpl")  # licences that bind what is derived
PLAIN_FILE = "facts-maps.csv"
PEOPLE = vocabulary()["population"].unit
WEAKEST = QUALITIES[-1]
DIGITS = 4


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
    return Study(city, recipe, sources, READERS, MODELS, cache, progress, bundled)


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
    rule: FactRule,
    zone: str,
    place: int,
    sums: Sums,
    ends: tuple[Sums | None, Sums | None],
    origin: Row,
    least: float,
    whole: float | None,
) -> list[Row]:
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
            "name": rule.name,
            "zone": zone,
            "group": "",
            "kind": rule.kind,
            "year": origin["year"],
            "value": _short(value),
            "unit": origin["unit"],
            "low": low,
            "high": high,
            "source": origin["source"],
            "quality": origin["quality"],
            "retrieved": origin["retrieved"],
            "licence": origin["licence"],
            "note": origin["note"],
        }
    ]


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
    files = {
        name: table_text(FACT_COLUMNS, [row for row in rows if file_of(row) == name])
        for name in sorted({file_of(row) for row in rows})
    }
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
