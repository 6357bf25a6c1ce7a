"""layers.toml: which maps a city hands over, what is computed on them, and which facts are made of it.

    [layers.hexagons]            a map: `read` says of what form, `file` which file
    [[compute]]                  a model on maps: makes columns of cells, or a raster
    [[fact]]                     a column or raster -> rows of facts, for zones and the whole city

The keys of every section are in the tables below; a key that is not there is an error.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

from caminos.city.facts import QUALITIES
from caminos.city.vocabulary import vocabulary
from caminos.i18n import _
from caminos.problems import ERROR, CityError, Problem, nearest
from caminos.toml import read_toml

RECIPE = "layers.toml"
# what describes a map's origin; it is handed on to every fact made of it
ORIGIN = ("source", "licence", "quality", "year", "retrieved", "note")
# the keys by form of map; those with * must be there
LAYER_KEYS = {
    "cells": ("*file", "*id", "missing", "units", "empty"),
    "polygons": ("*file", "layer", "missing"),
    "raster": ("*file", "nodata", "kind", "range", "unit"),
    "streets": ("*file",),
    "timetable": ("*files", "*date"),
    "table": ("*file",),
}
MODEL_KEYS = {
    "reach": ("*cells", "*streets", "timetable", "*count", "*minutes", "depart", "speed"),
    "urban_cooling": (
        "*name",
        "*land_cover",
        "*table",
        "*evapotranspiration",
        "*cooling_distance",
        "*average_radius",
        "*uhi_max",
        "reference_temperature",
        "method",
    ),
    "nature_access": ("*name", "*land_cover", "*population", "*green_codes", "*search_radius", "*demand", "kernel"),
    "near_green": ("*name", "*land_cover", "*green_codes", "distance", "least_area"),
    "runoff": ("*name", "*land_cover", "*table", "*precipitation"),
    "flood_depth": ("*name", "*elevation", "*level", "water", "windows", "slope"),
    "exposed": ("*name", "*cells", "*raster", "*above"),
}
# the keys of every fact, and those by what it is made of: cells, polygons or a raster
# (spread = [0.7, 1.3]: its range as multiples of the value, where no model gives one)
FACT_KEYS = ("*name", "kind", "kinds", "least_cover", "year", "quality", "note", "scope", "unit", "spread")
FACT_KEYS_ON = {
    "cells": ("*column", "statistic", "weight", "at_least", "at_most", "of_total"),
    "polygons": ("*column", "at_least", "at_most"),
    "raster": ("statistic", "weight", "at_least", "at_most", "classes"),
}
CONDITIONS = ("at_least", "at_most", "of_total", "classes")  # one of them at most
ZONES_KEYS = ("*cells", "*weight", "resolution")
GRID_KEYS = ("cell_size",)
SPEED_KEYS = ("value", "low", "high")
STATISTICS = ("sum", "mean")
SCOPES = ("city", "zones")
NUMBERS = (
    "cooling_distance",
    "average_radius",
    "uhi_max",
    "reference_temperature",
    "search_radius",
    "demand",
    "distance",
    "least_area",
    "precipitation",
    "level",
    "slope",
    "above",
    "at_least",
    "at_most",
    "least_cover",
    "cell_size",
    "resolution",
    "empty",
    "value",
    "low",
    "high",
)
NUMBER_LISTS = ("minutes", "green_codes", "windows", "classes", "range", "spread")
TEXT_LISTS = ("files", "depart", "kinds")
NUMBER_TABLES, TEXT_TABLES = ("missing", "speed"), ("units", "count")
FREE = ("year", "retrieved")  # numbers, texts or days
# the forms of map that a key may name; a raster may be made by a step before
FORMS = {
    "cells": "cells",
    "polygons": "polygons",
    "raster": "raster",
    "streets": "streets",
    "timetable": "timetable",
    "table": "table",
    "land_cover": "raster",
    "population": "raster",
    "elevation": "raster",
    "water": "raster",
    "evapotranspiration": "raster",
    "weight": "raster",
}


class LayerError(CityError):
    """Maps that cannot be used; `problems` holds every reason."""


@contextmanager
def told(section: str, file: str = RECIPE) -> Iterator[None]:
    """What an array function or a reader says of its input, as a problem of that section of the recipe."""
    try:
        yield
    except CityError:
        raise
    except (ValueError, OverflowError, RecursionError, csv.Error) as error:
        raise LayerError([Problem(ERROR, file, None, section, str(error), "")]) from error


@dataclass(frozen=True)
class Layer:
    """A map that the city hands over; `options` are the keys of its form."""

    name: str
    read: str
    options: dict[str, Any]
    origin: dict[str, str]
    bundle: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, inside the folder of sources."""
        return tuple(self.options["files"]) if "files" in self.options else (self.options["file"],)


@dataclass(frozen=True)
class Step:
    """One model to run on maps."""

    model: str
    options: dict[str, Any]


@dataclass(frozen=True)
class FactRule:
    """How rows of facts are made of a column of cells or polygons, or of a raster."""

    name: str
    kind: str
    on: str  # cells, polygons or raster
    layer: str
    column: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """All of layers.toml."""

    layers: dict[str, Layer]
    steps: tuple[Step, ...] = ()
    facts: tuple[FactRule, ...] = ()
    zones: dict[str, Any] = field(default_factory=dict)
    grid: dict[str, Any] = field(default_factory=dict)


def read_recipe(folder: Path) -> tuple[Recipe | None, list[Problem]]:
    """The recipe of a city folder and everything wrong with it; None if it cannot be read."""
    if not (folder / RECIPE).is_file():
        message = _("There is no file {file}.", file=RECIPE)
        return None, [_problem("", message, _("It says which maps to read; docs/maps.md shows how to write it."))]
    given, problems = read_toml(folder / RECIPE)
    if given is None:
        return None, problems
    problems += _key_problems("", given, ("layers", "compute", "fact", "zones", "grid"))
    for section, keys in (("zones", ZONES_KEYS), ("grid", GRID_KEYS)):
        if section in given:
            problems += _key_problems(section, _tables(given, section, problems), keys)
    layers = {name: _layer(name, entry, problems) for name, entry in _tables(given, "layers", problems).items()}
    steps = [_step(place, entry, problems) for place, entry in enumerate(_entries(given, "compute", problems), 1)]
    rules = [
        rule
        for place, entry in enumerate(_entries(given, "fact", problems), 1)
        for rule in _rules(place, entry, problems)
    ]
    if any(problem.severity == ERROR for problem in problems):
        return None, problems
    found = Recipe(
        {name: layer for name, layer in layers.items() if layer},
        tuple(step for step in steps if step),
        tuple(rules),
        dict(given.get("zones", {})),
        dict(given.get("grid", {})),
    )
    problems += _unknown_layers(found)
    return (None if problems else found), problems


def _layer(name: str, entry: Any, problems: list[Problem]) -> Layer | None:
    section = f"layers.{name}"
    form = entry.get("read") if isinstance(entry, dict) else None
    if not isinstance(form, str) or form not in LAYER_KEYS:
        message = _("{section} does not say what form of map it is.", section=section)
        problems.append(_problem(section, message, _("read = one of: {known}.", known=", ".join(LAYER_KEYS))))
        return None
    found = _key_problems(section, entry, ("read", "bundle", *ORIGIN, *LAYER_KEYS[form]))
    found += [
        _problem(f"{section}.{key}", _("{key} is missing.", key=key), _("Every map says where it comes from."))
        for key in ("source", "licence", "quality", "year")
        if form != "table" and key not in entry
    ]
    found += _choice(section, entry, "quality", QUALITIES)
    problems += found
    if found:
        return None
    origin = {key: str(entry.get(key, "")) for key in ORIGIN}
    options = {key: value for key, value in entry.items() if key not in ("read", "bundle", *ORIGIN)}
    return Layer(name, form, options, origin, bool(entry.get("bundle", True)))


def _step(place: int, entry: Any, problems: list[Problem]) -> Step | None:
    section = f"compute {place}"
    model = entry.get("model") if isinstance(entry, dict) else None
    if not isinstance(model, str) or model not in MODEL_KEYS:
        message = _("{section} names no model.", section=section)
        problems.append(_problem(section, message, _("model = one of: {known}.", known=", ".join(MODEL_KEYS))))
        return None
    found = _key_problems(section, entry, ("model", *MODEL_KEYS[model]))
    if isinstance(entry.get("speed"), dict):
        found += _key_problems(f"{section}.speed", entry["speed"], SPEED_KEYS)
    problems += found
    return None if found else Step(model, {key: value for key, value in entry.items() if key != "model"})


def _rules(place: int, entry: Any, problems: list[Problem]) -> list[FactRule]:
    """The rules of one entry: one, or one for each of its kinds."""
    section = f"fact {place}"
    entry = entry if isinstance(entry, dict) else {}
    on = [key for key in FACT_KEYS_ON if key in entry]
    own = FACT_KEYS_ON[on[0]] if len(on) == 1 else [key for keys in FACT_KEYS_ON.values() for key in keys]
    found = _key_problems(section, entry, (*FACT_KEYS, *on, *(own if len(on) == 1 else _optional(own))))
    name = str(entry.get("name", ""))
    term = vocabulary().get(name)
    if term is None:
        message = _("{name} is not a known name.", name=repr(name))
        fix = _("Did you mean {near}?", near=near) if (near := nearest(name, vocabulary())) else ""
        found.append(_problem(section, message, fix or _("The names allowed stand in city/vocabulary.csv.")))
    if len(on) != 1:
        message = _("{section} must be made of one of cells, polygons or raster.", section=section)
        found.append(_problem(section, message, _('Name the layer, for example cells = "hexagons".')))
    for key, known in (("statistic", STATISTICS), ("scope", SCOPES), ("quality", QUALITIES)):
        found += _choice(section, entry, key, known)
    spread = entry.get("spread")
    if isinstance(spread, list) and not (len(spread) == 2 and _is_spread(*spread)):
        message = _("{key} is {value}.", key="spread", value=spread)
        found.append(_problem(f"{section}.spread", message, _("Give multiples of the value such as [0.7, 1.3].")))
    if len(conditions := [key for key in CONDITIONS if key in entry]) > 1:
        message = _("{keys} cannot stand together.", keys=", ".join(conditions))
        found.append(_problem(section, message, _("Keep one.")))
    kinds = entry.get("kinds") or [entry.get("kind", "")]
    if term is not None and not found:
        for kind in kinds:
            if kind not in (term.kinds or ("",)):
                message = _("{label} is not a kind of {name}.", label=repr(kind), name=name)
                found.append(_problem(section, message, _("One of: {known}.", known=", ".join(term.kinds) or "–")))
    problems += found
    if found:
        return []
    column = str(entry.get("column", ""))
    taken = ("name", "kind", "kinds", "column", on[0])
    options = {key: value for key, value in entry.items() if key not in taken}
    return [FactRule(name, kind, on[0], entry[on[0]], column.replace("{kind}", kind), options) for kind in kinds]


def _unknown_layers(recipe: Recipe) -> list[Problem]:
    """Layers that a step, a rule or the zones name and nobody defines or makes before, or of another form."""
    forms = {name: layer.read for name, layer in recipe.layers.items()}
    later = {step.options["name"] for step in recipe.steps if "name" in step.options and step.model != "exposed"}
    problems: list[Problem] = []

    def look(section: str, key: str, name: Any) -> None:
        if not isinstance(name, str) or forms.get(name) == FORMS[key]:
            return
        if name in forms:
            message = _("{name} is a map of the form {form}.", name=repr(name), form=forms[name])
            fix = _("{key} must be of the form {form}.", key=key, form=FORMS[key])
        elif name in later:
            message = _("{name} is computed later.", name=repr(name))
            fix = _("Put the [[compute]] that makes it first.")
        else:
            message = _("There is no layer {name}.", name=repr(name))
            near = nearest(name, {*forms, *later})
            fix = _("Did you mean {near}?", near=near) if near else _("Define it as [layers.{name}].", name=name)
        problems.append(_problem(section, message, fix))

    if "cells" in recipe.zones:
        look("zones", "cells", recipe.zones["cells"])
    taken = set(forms)
    for step in recipe.steps:
        section = f"compute {step.model}"
        for key in FORMS:
            if key in step.options:
                look(section, key, step.options[key])
        if (made := step.options.get("name")) is not None:
            if made in taken:
                message = _("The name {name} is taken.", name=repr(made))
                problems.append(_problem(section, message, _("Give every map and every result a name of its own.")))
            taken.add(made)
            if step.model != "exposed":  # that makes a column of cells
                forms.setdefault(made, "raster")
    for rule in recipe.facts:
        look(f"fact {rule.name}", rule.on, rule.layer)
        if rule.on == "raster" and "weight" in rule.options:
            look(f"fact {rule.name}", "weight", rule.options["weight"])
    return problems


def _tables(given: dict[str, Any], key: str, problems: list[Problem]) -> dict[str, Any]:
    value = given.get(key, {})
    if isinstance(value, dict):
        return value
    problems.append(_problem(key, _("{key} is not a table.", key=key), _("Write [{key}.name].", key=key)))
    return {}


def _entries(given: dict[str, Any], key: str, problems: list[Problem]) -> list[Any]:
    value = given.get(key, [])
    if isinstance(value, list):
        return value
    problems.append(_problem(key, _("{key} is not a list.", key=key), _("Write [[{key}]].", key=key)))
    return []


def _key_problems(section: str, entry: dict[str, Any], keys: tuple[str, ...]) -> list[Problem]:
    """Keys that are not known, keys that are missing, and values that are not of the form that a key takes."""
    known = [key.removeprefix("*") for key in keys]
    problems = []
    for key, value in entry.items():
        place = f"{section}.{key}".lstrip(".")
        if key not in known:
            near = nearest(key, known)
            fix = _("Did you mean {near}?", near=near) if near else _("One of: {known}.", known=", ".join(known))
            problems.append(_problem(place, _("{key} is not a key here.", key=key), fix))
        elif section and (wanted := _misfit(key, value)):
            message = _("{key} is {value}.", key=key, value=repr(value) if not isinstance(value, date) else value)
            problems.append(_problem(place, message, _("Give {wanted}.", wanted=wanted)))
    for key in keys:
        if key.startswith("*") and key[1:] not in entry:
            fix = _("Keys: {known}.", known=", ".join(known))
            problems.append(_problem(section, _("{key} is missing.", key=key[1:]), fix))
    return problems


def _misfit(key: str, value: Any) -> str:
    """What should stand there instead; empty if the value fits its key."""

    def each(test: Callable[[Any], bool], kind: type) -> bool:
        members = value.values() if isinstance(value, dict) else value
        return isinstance(value, kind) and bool(value) and all(test(member) for member in members)

    if key in NUMBERS:
        return "" if _is_number(value) else _("a number")
    if key in NUMBER_LISTS:
        return "" if each(_is_number, list) else _("a list of numbers")
    if key in TEXT_LISTS:
        return "" if each(_is_text, list) else _("a list of texts")
    if key in NUMBER_TABLES:
        return "" if each(_is_number, dict) else _("a table of numbers")
    if key in TEXT_TABLES:
        return "" if each(_is_text, dict) else _("a table of texts")
    if key == "nodata":
        return "" if _is_number(value) or value == "none" else _('a number, or "none"')
    if key == "evapotranspiration":
        return "" if _is_number(value) or _is_text(value) else _("a number, or the name of a raster")
    if key == "date":
        return "" if isinstance(value, date) else _("a day without quotation marks, such as 2019-05-14")
    if key == "bundle":
        return "" if isinstance(value, bool) else _("true or false")
    if key in FREE:
        return "" if isinstance(value, str | int | date) and not isinstance(value, bool) else _("a year")
    return "" if isinstance(value, str) else _("a text")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_spread(low: Any, high: Any) -> bool:
    return _is_number(low) and _is_number(high) and 0 <= low <= 1 <= high


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _choice(section: str, entry: dict[str, Any], key: str, known: tuple[str, ...]) -> list[Problem]:
    """A text that is not one of those known."""
    value = entry.get(key)
    if not isinstance(value, str) or value in known:
        return []
    message = _("{key} is {value}.", key=key, value=repr(value))
    return [_problem(f"{section}.{key}", message, _("One of: {known}.", known=", ".join(known)))]


def _optional(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.removeprefix("*") for key in keys))


def _problem(section: str, message: str, fix: str) -> Problem:
    return Problem(ERROR, RECIPE, None, section, message, fix)
