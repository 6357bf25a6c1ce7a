"""What the commands `layers` and `map` print and write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from caminos.city.package import City, CityError, read_city
from caminos.city.vocabulary import vocabulary
from caminos.command.console import USAGE, Stop, answer, watched
from caminos.files import table_text, write_atomic
from caminos.i18n import _
from caminos.pages.maps import drawn, layers, map_list
from caminos.pages.names import kind_name
from caminos.problems import nearest

if TYPE_CHECKING:
    from caminos.maps.draw import Picture
    from caminos.maps.study import Progress, Study

GEO = ("h3", "matplotlib", "osmium", "pyogrio", "rasterio")


def show_layers(folder: Path, source: Path, target: Path, cache: Path | None, as_json: bool) -> None:
    """Make facts of maps and write them into the folder `target`."""
    from caminos.maps.layers import write_layers

    with geo_libraries(), watched(_("maps")) as progress:
        study = opened(folder, source, cache, progress)
        written = write_layers(study, target)
    answer(layers(study.city, target, written, study.problems), as_json)


def show_map(folder: Path, layer: str, source: Path, out: Path | None, cache: Path | None, as_json: bool) -> None:
    """Draw one layer, or list what can be drawn."""
    with geo_libraries(), watched(_("map")) as progress:
        if not layer:
            page = map_list(_city(folder), drawable(folder))
        else:
            picture, table = picture_of(folder, layer, source, cache, progress)
            path = out or Path("out") / folder.name / "maps" / f"{layer.replace(':', '-')}.png"
            if path.suffix not in (".png", ".svg"):
                raise Stop(_("{file}: the picture must end in .png or .svg.", file=path), USAGE)
            from caminos.maps.draw import draw

            draw(picture, path)
            write_atomic(path.with_suffix(".csv"), table)
            page = drawn(_city(folder), layer, path, picture.values, picture.unit)
    answer(page, as_json)


def drawable(folder: Path) -> list[tuple[str, str]]:
    """Names of everything that can be drawn of a city, with its meaning."""
    from caminos.maps.recipe import RECIPE, LayerError, read_recipe

    city = _city(folder)
    found = {}
    for fact in city.facts:
        if fact.zone:
            name = f"{fact.name}:{fact.kind}" if fact.kind else fact.name
            found[name] = _(vocabulary()[fact.name].meaning) if fact.name in vocabulary() else ""
    rows = sorted(found.items())
    recipe, problems = read_recipe(folder) if (folder / RECIPE).exists() else (None, [])
    if problems:
        raise LayerError(problems)
    if recipe:
        for name, layer in recipe.layers.items():
            if layer.read in ("cells", "polygons"):
                rows.append((f"{name}:…", _("a column of the layer {name} or one computed on it", name=name)))
            elif layer.read == "raster":
                rows.append((name, layer.origin["source"]))
        for step in recipe.steps:
            if "name" in step.options and step.model != "exposed":
                rows.append((step.options["name"], _("computed: {model}", model=step.model)))
    return rows


def picture_of(
    folder: Path, layer: str, source: Path, cache: Path | None, progress: Progress | None
) -> tuple[Picture, str]:
    """The picture of a fact by zone, a column of cells or a raster, and its table."""
    from caminos.maps.recipe import RECIPE

    city = _city(folder)
    name, _colon, part = layer.partition(":")
    if name in vocabulary():
        return _fact_picture(city, name, part)
    if not (folder / RECIPE).exists():
        raise _nothing(name, vocabulary(), folder)
    study = opened(folder, source, cache, progress)
    made = {step.options["name"] for step in study.recipe.steps if "name" in step.options and step.model != "exposed"}
    known = [*study.recipe.layers, *made]
    if name not in known:
        raise _nothing(name, [*known, *vocabulary()], folder)
    study.run(name)
    return _layer_picture(study, name, part)


def _nothing(name: str, known: Iterable[str], folder: Path) -> Stop:
    near = nearest(name, known)
    hint = _("Did you mean {near}?", near=near) if near else ""
    message = _("There is nothing to draw under the name {name}.", name=repr(name))
    listed = _("`caminos map {city}` lists what there is.", city=folder.name)
    return Stop(" ".join(text for text in (message, hint, listed) if text), USAGE)


def _fact_picture(city: City, name: str, kind: str) -> tuple[Picture, str]:
    from caminos.maps.draw import Picture

    term = vocabulary()[name]
    kinds = sorted({fact.kind for fact in city.facts if fact.name == name and fact.zone})
    if kind not in kinds:
        if not kinds:
            raise Stop(_("{name} is not known by zone in {city}.", name=name, city=city.name))
        options = ", ".join(f"{name}:{known}" for known in kinds)
        raise Stop(_("{name} needs a kind: {known}.", name=name, known=options), USAGE)
    facts = [city.fact(name, kind, zone.id) for zone in city.zones]
    values = np.array([np.nan if fact is None else fact.value for fact in facts])
    sources = list(dict.fromkeys(f"{fact.source} ({fact.year})" for fact in facts if fact))
    source = "; ".join(sources[:2]) + (" …" if len(sources) > 2 else "")
    title = f"{city.name}: {_(term.meaning)}" + (f" ({kind_name(kind)})" if kind else "")
    rows = [
        {
            "zone": zone.id,
            "name": zone.name,
            "value": fact.value if fact and fact.value == fact.value else "NE",
            "unit": term.unit,
            "low": _blank(fact.low if fact else None),
            "high": _blank(fact.high if fact else None),
        }
        for zone, fact in zip(city.zones, facts, strict=True)
    ]
    table = table_text(("zone", "name", "value", "unit", "low", "high"), rows)
    return Picture(title, term.unit, source, values, [zone.geometry for zone in city.zones]), table


def _blank(value: float | None) -> object:
    return "" if value is None else value


def _layer_picture(study: Study, name: str, column: str) -> tuple[Picture, str]:
    from caminos.maps.cells import column_of
    from caminos.maps.draw import Picture
    from caminos.maps.study import Surface
    from caminos.spatial.cells import CellLayer

    layer = study.layer(name)
    outlines = list(study.zones.polygons) if study.city.zones else []
    if isinstance(layer, CellLayer):
        if not column:
            known = ", ".join(f"{name}:{each}" for each in layer.columns)
            raise Stop(_("{name} needs a column: {known}.", name=name, known=known), USAGE)
        found = column_of(layer, column, name)
        source = _sources(study, found.layers)
        title = f"{study.city.name}: {column.replace('_', ' ')}"
        rows = [
            {"cell": cell, "value": "NE" if np.isnan(value) else f"{value:.6g}"}
            for cell, value in zip(layer.ids, found.value, strict=True)
        ]
        table = table_text(("cell", "value", "unit"), [{**row, "unit": found.unit} for row in rows])
        picture = Picture(
            title, found.unit, source, found.value, list(layer.polygons), outlines=outlines, note=found.method
        )
        return picture, table
    if not isinstance(layer, Surface):
        raise Stop(_("{name} is not a map of values.", name=name), USAGE)
    values = layer.values
    known = values[np.isfinite(values)]
    figures = {"cells": values.size, "known": known.size}
    if known.size:
        quantiles = np.percentile(known, (0, 5, 25, 50, 75, 95, 100))
        figures |= dict(zip(("least", "5 %", "25 %", "median", "75 %", "95 %", "most"), quantiles, strict=True))
    table = table_text(
        ("figure", "value"), [{"figure": key, "value": f"{value:.6g}"} for key, value in figures.items()]
    )
    title = f"{study.city.name}: {name.replace('_', ' ')}"
    source = _sources(study, layer.layers)
    picture = Picture(
        title, layer.unit, source, values, extent=layer.extent, crs=layer.grid.crs, outlines=outlines, note=layer.method
    )
    return picture, table


def _sources(study: Study, layers: frozenset[str]) -> str:
    named = (study.recipe.layers[name].origin["source"] for name in sorted(layers) if name in study.recipe.layers)
    return "; ".join(dict.fromkeys(named))


def opened(folder: Path, source: Path, cache: Path | None, progress: Progress | None) -> Study:
    """The study of a city; a city with errors stops with all of them."""
    from caminos.maps.layers import open_study

    if not source.is_dir():
        raise Stop(_("There is no folder {folder}.", folder=source), USAGE)
    try:
        return open_study(folder, source, cache, progress)
    except CityError as error:
        raise Stop(str(error)) from None


def _city(folder: Path) -> City:
    try:
        return read_city(folder)
    except CityError as error:
        raise Stop(str(error)) from None


@contextmanager
def geo_libraries() -> Iterator[None]:
    """Say what to install where a library of the extra is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in GEO:
            raise
        message = _("Maps need the library {library}, which is not installed.", library=error.name)
        raise Stop(f"{message} {_('Run: pip install {extra}', extra=repr('caminos[geo]'))}") from None
