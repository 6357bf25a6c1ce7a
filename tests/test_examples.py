"""Worked examples from the literature: one TOML file each, which a person who does not program can read and write.

indicator = "landfill_emissions"        # or function = "caminos.pathways.….name" for a function of arrays
source = "where the numbers are published, or how they were computed"
[inputs]
gwp_ch4 = 28                            # in the unit that the model uses for this name
landfill_methane = { value = 5547.6, unit = "t CH4/yr" }   # or in a unit that converts to it
curve_number = { kind = [98, 90] }      # several values along an axis: kind, group, year or zone
road_fuel_energy = { kind = { diesel = 43 } }              # by label; labels not named are 0
tonnes_per_kilogram = "parameter"       # the literature value of the model (settings: see below)
[settings]                              # only for inputs that are "parameter"
region = ["Brazil", "world"]
climate = "wet temperate"
[expected]
value = 155332.8                        # or { year = [ … ] }, { kind = { … } } and so on
unit = "t CO2e/yr"
tolerance = 0.1                         # in that unit
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import caminos.pathways
from caminos.actions.library import levers
from caminos.city.vocabulary import vocabulary
from caminos.model.axes import AXES, GROUP, KIND, YEAR, ZONE, labels
from caminos.model.indicator import Indicator, collect
from caminos.model.units import factor
from caminos.parameters.tables import parameter_input, rows, source_node

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.toml"))
PLACES = {"year": YEAR, "zone": ZONE, "group": GROUP, "kind": KIND}
CALENDAR = ("calendar_year", "base_year", "past_year")


@cache
def indicators() -> dict[str, Indicator]:
    """Every indicator of the pathways by name."""
    found = pkgutil.walk_packages(caminos.pathways.__path__, "caminos.pathways.")
    return {item.name: item for item in collect(importlib.import_module(module.name) for module in found)}


@cache
def declared(name: str) -> tuple[str, str]:
    """Unit and classification that the model uses for an argument."""
    if name in indicators():
        return indicators()[name].unit, indicators()[name].classification
    if name in rows():
        node = source_node(name)
        return node.unit, node.classification
    for lever in levers():
        if name in (lever.name, f"base_{lever.name}"):
            return lever.unit, lever.classification
    plain = name.removeprefix("base_").removeprefix("zone_").removeprefix("past_")
    for word in (name, plain):
        if word in vocabulary():
            return vocabulary()[word].unit, vocabulary()[word].classification
    return ("yr" if name in CALENDAR else ""), ""


def array(given: Any, name: str, unit: str, classification: str) -> np.ndarray:
    """An entry of a file as an array of six axes in `unit`."""
    scale = 1.0
    if isinstance(given, dict) and "unit" in given:
        scale = factor(given["unit"], unit)
        given = given["value"]
    if not isinstance(given, dict):
        return np.full((1,) * len(AXES), float(given)) * scale
    ((axis, values),) = given.items()
    if isinstance(values, dict):
        known = labels(classification)
        assert set(values) <= set(known), (
            f"{name}: {sorted(set(values) - set(known))} are no labels of {classification}"
        )
        values = [values.get(label, 0.0) for label in known]
    shape = [1] * len(AXES)
    shape[PLACES[axis]] = len(values)
    return np.array(values, dtype=float).reshape(shape) * scale


def from_tables(name: str, settings: dict[str, Any]) -> np.ndarray:
    """The literature value of a parameter."""
    chosen = {key: value for key, value in settings.items() if key != "region"}
    found = parameter_input(name, tuple(settings.get("region", ["world"])), chosen)
    assert found is not None, f"{name} has no row for {settings}"
    return found.central


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    assert example["source"].strip(), "every example says where its numbers come from"
    settings = example.get("settings", {})
    if "indicator" in example:
        item = indicators()[example["indicator"]]
        function, unit, classification, names = item.function, item.unit, item.classification, item.arguments
    else:
        module, _, function_name = example["function"].rpartition(".")
        function = getattr(importlib.import_module(module), function_name)
        unit, classification = example["expected"]["unit"], ""
        names = tuple(example["inputs"])
    assert set(names) == set(example["inputs"]), f"inputs must be {sorted(names)}"
    given = {
        name: from_tables(name, settings) if entry == "parameter" else array(entry, name, *declared(name))
        for name, entry in example["inputs"].items()
    }
    expected = example["expected"]
    scale = factor(expected["unit"], unit)
    wanted = array(expected["value"], "expected", unit, classification) * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        result = function(**given)
    assert result.shape == wanted.shape, "an axis is left that the expected value does not have"
    np.testing.assert_allclose(result, wanted, rtol=0, atol=expected["tolerance"] * abs(scale))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 25
